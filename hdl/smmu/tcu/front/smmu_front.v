// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_front
// Purpose: The only path by which translations reach TBUs: requests are looked up
//          in the configuration cache and the main TLB, answered, or handed to the
//          walker; results and invalidations pass here, in one order for all.
// Spec   : rules D4, D7, D8, D12, D14, D18; TRN-001 steps 1, 11, 15
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : up_*    requests and SYNC answers of the TBUs
//          ok_*    finished walk: fills the main TLB and answers, in one cycle
//          cf_*    pulse: configuration found;  wfree_*  pulse: walk slot released
//          inv_*   invalidation, held until done;  ctl_*  other messages for TBUs
// Out    : dn_*    messages to the TBUs;  wreq_*  misses to the walker
//          winv_*  pulse: the invalidation, in the cycle of its DN message
//          sdone_* pulse;  tcu_ready_o  the reset sweep is over
// Pipe   : intake | read configuration and first TLB set | compare | verdict | DN.
//          One request a cycle with one page size in the TLB.
// Stalls : a result stops new lookups until it is in; an invalidation does until it
//          is done. Misses never stop anybody: they wait in smmu_pending.
// Limits : NUM_TBU 1..8, TBU_SLOTS at most 254, WALK_SLOTS 1..64
// Tests  : tests/unit/test_front.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"
`include "smmu_front.vh"

module smmu_front #(
    parameter NUM_TBU     = 2,
    parameter TBU_SLOTS   = 32,
    parameter TLB_SETS    = 256,    // power of two
    parameter TLB_WAYS    = 4,
    parameter WALK_SLOTS  = 8,
    parameter CFG_ENTRIES = 16,
    parameter OAS         = 48      // 40, 42, 44, 48
) (
    input  wire                     clk_i,
    input  wire                     rst_ni,
    output wire                     tcu_ready_o,

    // TBUs
    input  wire [NUM_TBU-1:0]       up_valid_i,
    output wire [NUM_TBU-1:0]       up_ready_o,
    input  wire [NUM_TBU*`UP_W-1:0] up_msg_i,
    output wire [NUM_TBU-1:0]       dn_valid_o,
    output wire [`DN_W-1:0]         dn_msg_o,
    output wire                     sdone_valid_o,
    output wire [2:0]               sdone_tbu_o,
    output wire [1:0]               sdone_tag_o,

    // walker
    output wire                     wreq_valid_o,
    input  wire                     wreq_ready_i,
    input  wire [5:0]               wreq_widx_i,
    output wire [2:0]               wreq_tbu_o,
    output wire [`UP_W-1:0]         wreq_msg_o,
    output wire                     wreq_cfg_hit_o,
    output wire [`CFG_W-1:0]        wreq_cfg_o,
    input  wire [WALK_SLOTS-1:0]    walk_overtaken_i,
    input  wire                     wfree_valid_i,
    input  wire [5:0]               wfree_idx_i,
    input  wire                     ok_valid_i,
    output wire                     ok_ready_o,
    input  wire [2:0]               ok_tbu_i,
    input  wire [`UP_W-1:0]         ok_msg_i,
    input  wire [`ENT_W-1:0]        ok_ent_i,
    input  wire                     ok_once_i,
    input  wire                     ok_canstall_i,
    input  wire                     cf_valid_i,
    input  wire [15:0]              cf_sid_i,
    input  wire                     cf_ssv_i,
    input  wire [19:0]              cf_ssid_i,
    input  wire [`CFG_W-1:0]        cf_cfg_i,

    // invalidation: 0 command queue, 1 DVM
    input  wire [1:0]               inv_valid_i,
    output wire [1:0]               inv_ready_o,
    input  wire [2*`INV_W-1:0]      inv_msg_i,
    output wire                     winv_near_o,
    output wire                     winv_valid_o,
    output wire [`INV_W-1:0]        winv_msg_o,

    // onto the DN bus: 0 sync, 1 mode, 2 fault
    input  wire [2:0]               ctl_valid_i,
    output wire [2:0]               ctl_ready_o,
    input  wire [3*NUM_TBU-1:0]     ctl_mask_i,
    input  wire [3*`DN_W-1:0]       ctl_msg_i
);
    generate
        if (NUM_TBU < 1 || NUM_TBU > 8) begin : g_check_tbu
            smmu_front_num_tbu_must_be_1_to_8 u_broken_rule ();
        end
        if (TBU_SLOTS < 1 || TBU_SLOTS > 254) begin : g_check_slots
            smmu_front_tbu_slots_must_be_1_to_254 u_broken_rule ();
        end
        if (WALK_SLOTS < 1 || WALK_SLOTS > 64) begin : g_check_walk
            smmu_front_walk_slots_must_be_1_to_64 u_broken_rule ();
        end
        if (TLB_SETS < 2 || (TLB_SETS & (TLB_SETS - 1)) != 0) begin : g_check_sets
            smmu_front_tlb_sets_must_be_a_power_of_two u_broken_rule ();
        end
    endgenerate

    localparam TBU_W  = (NUM_TBU > 1) ? $clog2(NUM_TBU) : 1;
    localparam SLOT_W = $clog2(TBU_SLOTS + 2);
    localparam SET_W  = $clog2(TLB_SETS);
    localparam WAY_W  = (TLB_WAYS > 1) ? $clog2(TLB_WAYS) : 1;
    localparam CFG_IW = (CFG_ENTRIES > 1) ? $clog2(CFG_ENTRIES) : 1;

    // ---- intake -----------------------------------------------------------------------
    wire             rp_valid, rp_ready, rp_aside;
    wire [TBU_W-1:0] rp_tbu;
    wire [`UP_W-1:0] rp_msg;
    wire             a_valid, launch;
    wire [`LQ_W-1:0] a_rq;
    smmu_front_intake #(.NUM_TBU(NUM_TBU), .TBU_W(TBU_W)) u_intake (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .up_valid_i(up_valid_i), .up_ready_o(up_ready_o), .up_msg_i(up_msg_i),
        .rp_valid_i(rp_valid), .rp_ready_o(rp_ready), .rp_tbu_i(rp_tbu),
        .rp_aside_i(rp_aside), .rp_msg_i(rp_msg),
        .sdone_valid_o(sdone_valid_o), .sdone_tbu_o(sdone_tbu_o), .sdone_tag_o(sdone_tag_o),
        .rq_valid_o(a_valid), .rq_ready_i(launch), .rq_msg_o(a_rq));
    wire [`UP_W-1:0] a_msg = a_rq[`LQ_UP_LSB +: `UP_W];
    wire [63:0]      a_va  = a_msg[`UP_VA_LSB +: 64];

    // ---- order: results, invalidations, lookups -----------------------------------------
    // A result that is kept needs the TLB for two cycles, so new lookups wait. One that was
    // overtaken is used once and never kept (D18); bypass is built from the configuration.
    wire open;
    wire ok_xlat = ok_msg_i[`UP_KIND_LSB +: 2] == `UP_K_XLAT;
    wire ok_keep = ok_xlat && !ok_once_i && ok_ent_i[`ENT_STAGE_LSB +: 2] != `STG_BYP
                && ok_ent_i[`ENT_SIZE_LSB +: 3] != `SZ_ALL;
    wire ok_grant, fill_ready;
    wire ok_ask  = open && ok_valid_i && (!ok_keep || fill_ready);
    assign ok_ready_o = ok_grant;

    reg  b_valid_q, c_valid_q;
    wire c_ready, tlb_ready;
    assign launch = a_valid && open && !(ok_valid_i && ok_keep) && tlb_ready
                 && (!b_valid_q || c_ready);

    wire inv_ask, inv_grant, inv_tlb, inv_go, inv_done;
    wire [`INV_W-1:0] inv;
    smmu_front_inv u_inv (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .inv_valid_i(inv_valid_i), .inv_ready_o(inv_ready_o), .inv_msg_i(inv_msg_i),
        .quiet_i(fill_ready && !c_valid_q), .waiting_i(a_valid || ok_valid_i), .open_o(open),
        .dn_valid_o(inv_ask), .dn_ready_i(inv_grant), .tlb_go_o(inv_tlb), .near_o(winv_near_o),
        .go_o(inv_go), .msg_o(inv), .tlb_ready_i(inv_done));
    assign winv_valid_o = inv_go;
    assign winv_msg_o   = inv;

    // ---- read: configuration, first TLB set ---------------------------------------------
    wire              b_cfg_hit;
    wire [`CFG_W-1:0] b_cfg;
    smmu_cfg_cache #(.ENTRIES(CFG_ENTRIES), .IDX_W(CFG_IW)) u_cfg (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .lk_valid_i(launch), .lk_sid_i(a_msg[`UP_SID_LSB +: 16]), .lk_ssv_i(a_msg[`UP_SSV_LSB]),
        .lk_ssid_i(a_msg[`UP_SSID_LSB +: 20]), .hit_o(b_cfg_hit), .cfg_o(b_cfg),
        .cf_valid_i(cf_valid_i), .cf_sid_i(cf_sid_i), .cf_ssv_i(cf_ssv_i),
        .cf_ssid_i(cf_ssid_i), .cf_cfg_i(cf_cfg_i),
        .inv_valid_i(inv_go && inv[`INV_CFG_LSB]), .inv_sid_i(inv[`INV_SID_LSB +: 16]),
        .inv_mask_i(inv[`INV_SIDMASK_LSB +: 16]), .inv_cdv_i(inv[`INV_CDV_LSB]),
        .inv_ssid_i(inv[`INV_SSID_LSB +: 20]));

    reg  [`LQ_W-1:0] b_rq_q;
    wire [`UP_W-1:0] b_msg = b_rq_q[`LQ_UP_LSB +: `UP_W];
    wire             b_priv, b_inst;
    wire             b_tlb_done, b_tlb_perm, b_leave;
    wire [`TE_W-1:0] b_rec;
    wire [255:0]     b_cd = b_cfg[`CFG_CD_LSB +: 256];
    wire [255:0]     b_ste = b_cfg[`CFG_STE_LSB +: 256];
    smmu_req_ovr u_ovr (
        .instcfg_i(b_ste[`STE_INSTCFG_LSB +: 2]), .privcfg_i(b_ste[`STE_PRIVCFG_LSB +: 2]),
        .rnw_i(b_msg[`UP_RNW_LSB]), .priv_i(b_msg[`UP_PRIV_LSB]), .inst_i(b_msg[`UP_INST_LSB]),
        .priv_o(b_priv), .inst_o(b_inst));
    smmu_tlb #(.SETS(TLB_SETS), .SET_W(SET_W), .WAYS(TLB_WAYS), .WAY_W(WAY_W)) u_tlb (
        .clk_i(clk_i), .rst_ni(rst_ni), .ready_o(tcu_ready_o),
        .lk_valid_i(launch), .lk_ready_o(tlb_ready), .lk_vpn_i({a_va[55], a_va[47:12]}),
        .key_stage_i({b_cfg[`CFG_S2_LSB], b_cfg[`CFG_S1_LSB]}),
        .key_vmid_i(b_cfg[`CFG_STE_LSB + `STE_S2VMID_LSB +: 16]),
        .key_asid_i(b_cd[`CD_ASID_LSB +: 16]), .key_aset_i(b_cd[`CD_ASET_LSB]),
        .key_rnw_i(b_msg[`UP_RNW_LSB]), .key_priv_i(b_priv), .key_inst_i(b_inst),
        .lk_leave_i(b_leave), .lk_done_o(b_tlb_done), .lk_perm_o(b_tlb_perm), .lk_rec_o(b_rec),
        .fill_want_i(ok_ask && ok_keep), .fill_valid_i(ok_grant && ok_keep),
        .fill_ready_o(fill_ready), .fill_ent_i(ok_ent_i),
        .inv_want_i(inv_ask), .inv_valid_i(inv_tlb), .inv_ready_o(inv_done), .inv_msg_i(inv));

    // ---- compare --------------------------------------------------------------------------
    wire b_search = b_msg[`UP_KIND_LSB +: 2] == `UP_K_XLAT && b_cfg_hit
                 && !b_cfg[`CFG_ABORT_LSB] && (b_cfg[`CFG_S1_LSB] || b_cfg[`CFG_S2_LSB]);
    assign b_leave = b_valid_q && c_ready && (!b_search || b_tlb_done);

    wire        b_va_ok, va_half, va_tbi, va_had;
    wire [1:0]  va_gran, va_level, va_irgn, va_orgn, va_sh;
    wire [5:0]  va_txsz;
    wire [47:0] va_base;
    smmu_va_check u_va (
        .cd_i(b_cd), .va_i(b_msg[`UP_VA_LSB +: 64]), .ok_o(b_va_ok),
        .half_o(va_half), .tbi_o(va_tbi), .gran_o(va_gran), .txsz_o(va_txsz), .level_o(va_level),
        .base_o(va_base), .had_o(va_had), .irgn_o(va_irgn), .orgn_o(va_orgn), .sh_o(va_sh));

    // The verdict is made here, for it holds up the next lookup. Without stage 1 the top bits are
    // address: beyond the OAS is a fault (TRN-026, 027, 029). A hit without permission, like any
    // fault, is a miss: the walker finds out why.
    wire [1:0] b_kind  = b_msg[`UP_KIND_LSB +: 2];
    wire       b_range = b_cfg[`CFG_S1_LSB] ? b_va_ok : !(|b_msg[`UP_VA_LSB + OAS +: 64 - OAS]);
    wire       b_hit   = b_cfg_hit && (b_kind == `UP_K_CFG || (b_kind == `UP_K_XLAT
                         && (b_cfg[`CFG_ABORT_LSB] || (b_range && (b_tlb_perm || !b_search)))));

    // ---- verdict --------------------------------------------------------------------------
    reg [`LQ_W-1:0]  c_rq_q;
    reg              c_cfg_hit_q, c_hit_q;
    reg [`CFG_W-1:0] c_cfg_q;
    reg [`TE_W-1:0]  c_rec_q;
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            b_valid_q <= 1'b0;
            c_valid_q <= 1'b0;
        end else begin
            b_valid_q <= launch || (b_valid_q && !b_leave);
            c_valid_q <= b_leave || (c_valid_q && !c_ready);
        end
        if (launch) b_rq_q <= a_rq;
        if (b_valid_q && c_ready) begin     // valid with b_leave, which comes late
            c_rq_q      <= b_rq_q;
            c_cfg_hit_q <= b_cfg_hit;
            c_cfg_q     <= b_cfg;
            c_hit_q     <= b_hit;
            c_rec_q     <= b_rec;
        end
    end

    wire [`UP_W-1:0] c_msg   = c_rq_q[`LQ_UP_LSB +: `UP_W];
    wire [2:0]       c_tbu   = c_rq_q[`LQ_TBU_LSB +: 3];
    wire             c_aside = c_rq_q[`LQ_ASIDE_LSB];
    wire             c_grant;
    wire [`DN_W-1:0] c_ans;
    smmu_front_answer u_answer (
        .msg_i(c_msg), .cfg_i(c_cfg_q), .tlb_rec_i(c_rec_q), .msg_o(c_ans));
    wire c_miss = c_valid_q && !c_hit_q;
    wire c_ask  = c_valid_q && c_hit_q;
    assign c_ready = !c_valid_q || !c_hit_q || c_grant;

    // ---- misses: join a walk, start one, or wait aside ----------------------------------------
    wire       joins, aside;
    wire [5:0] join_widx;
    wire [6:0] walks_free;
    wire       walk = wreq_valid_o && wreq_ready_i;
    smmu_front_merge #(.WALK_SLOTS(WALK_SLOTS)) u_merge (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .msg_i(c_msg), .cfg_hit_i(c_cfg_hit_q), .hit_o(joins), .widx_o(join_widx),
        .take_i(walk), .widx_i(wreq_widx_i), .overtaken_i(walk_overtaken_i),
        .wfree_valid_i(wfree_valid_i), .wfree_idx_i(wfree_idx_i), .free_o(walks_free));

    // whoever waits aside goes before a newcomer
    assign wreq_valid_o   = c_miss && !joins && (c_aside || !aside);
    assign wreq_tbu_o     = c_tbu;
    assign wreq_msg_o     = c_msg;
    assign wreq_cfg_hit_o = c_cfg_hit_q;
    assign wreq_cfg_o     = c_cfg_q;

    smmu_pending #(
        .NUM_TBU(NUM_TBU), .TBU_W(TBU_W), .SLOTS(TBU_SLOTS + 2), .SLOT_W(SLOT_W)
    ) u_pending (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .put_valid_i(c_miss && !walk), .put_tbu_i(c_tbu[TBU_W-1:0]), .put_msg_i(c_msg),
        .put_merged_i(joins), .put_widx_i(join_widx),
        .wfree_valid_i(wfree_valid_i), .wfree_idx_i(wfree_idx_i),
        .room_i(wreq_ready_i), .free_i(walks_free), .back_i(c_valid_q && c_ready && c_aside),
        .aside_o(aside),
        .rp_valid_o(rp_valid), .rp_ready_i(rp_ready), .rp_tbu_o(rp_tbu), .rp_aside_o(rp_aside),
        .rp_msg_o(rp_msg));

    // ---- DN bus ---------------------------------------------------------------------------
    reg [`DN_W-1:0] ok_msg, inv_msg;
    always @(*) begin
        ok_msg = {`DN_W{1'b0}};
        ok_msg[`DN_KIND_LSB +: 4] = !ok_xlat ? `DN_K_CFG : ok_once_i ? `DN_K_ONCE : `DN_K_OK;
        ok_msg[`DN_SLOT_LSB +: 8] = ok_msg_i[`UP_SLOT_LSB +: 8];
        ok_msg[`DN_CANSTALL_LSB]  = ok_canstall_i;
        if (ok_xlat) ok_msg[`DN_BODY_LSB +: `ENT_W] = ok_ent_i;
        inv_msg = {`DN_W{1'b0}};
        inv_msg[`DN_KIND_LSB +: 4]      = `DN_K_INV;
        inv_msg[`DN_BODY_LSB +: `INV_W] = inv;
    end

    localparam [NUM_TBU-1:0] ONE = 1;
    smmu_dnbus #(.NUM_TBU(NUM_TBU), .N(6)) u_dn (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .src_valid_i({ctl_valid_i, inv_ask, c_ask, ok_ask}),
        .src_ready_o({ctl_ready_o, inv_grant, c_grant, ok_grant}),
        .src_mask_i({ctl_mask_i, {NUM_TBU{1'b1}}, ONE << c_tbu, ONE << ok_tbu_i}),
        .src_msg_i({ctl_msg_i, inv_msg, c_ans, ok_msg}),
        .dn_valid_o(dn_valid_o), .dn_msg_o(dn_msg_o));

    wire unused_ok = &{1'b0, a_va, a_msg, ok_msg_i, c_rq_q, b_cd, b_ste, b_msg, va_half, va_tbi,
                       va_had, va_gran, va_level, va_irgn, va_orgn, va_sh, va_txsz, va_base};
endmodule
`default_nettype wire
