// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu
// Purpose: Translation buffer unit of one device port: translates what hits in
//          two cycles, holds what must wait, asks the TCU, answers aborts.
// Spec   : docs/microarchitecture.md, "TBU"; D1-D3, D8, D12, D13, D16-D20
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In/out : s_axi_* untranslated, m_axi_* translated, up_* / dn_* see smmu_if.vh
// Stalls : DN is never refused; memory responses are always taken
// Limits : after reset the RAMs are swept (2**ID_W or WBUF_BEATS/16 cycles)
//          before the first transaction goes on
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_tbu.vh"

module smmu_tbu #(
    parameter DATA_W       = 128,   // data bits
    parameter ID_W         = 8,     // AXI ID bits
    parameter TBU_SLOTS    = 32,    // waiting transactions
    parameter TBU_RSVD     = 4,     // of them only for streams that do not stall
    parameter UTLB_ENTRIES = 32,
    parameter WBUF_BEATS   = 2048,  // beats of write data, in chunks of 16
    parameter RBUF_BEATS   = 512,   // beats of read data, and B responses
    parameter GBPA_ABORT   = 0,     // reset value of GBPA.ABORT (INI-002)
    parameter OAS          = 48     // output address bits: 40, 42, 44, 48
) (
    input  wire                        clk_i,
    input  wire                        rst_ni,

    // ---- client side -----------------------------------------------------------------------
    input  wire                        s_axi_awvalid,
    output wire                        s_axi_awready,
    input  wire [ID_W-1:0]             s_axi_awid,
    input  wire [63:0]                 s_axi_awaddr,
    input  wire [7:0]                  s_axi_awlen,
    input  wire [2:0]                  s_axi_awsize,
    input  wire [1:0]                  s_axi_awburst,
    input  wire                        s_axi_awlock,
    input  wire [3:0]                  s_axi_awcache,
    input  wire [2:0]                  s_axi_awprot,
    input  wire [3:0]                  s_axi_awqos,
    input  wire [1:0]                  s_axi_awdomain,
    input  wire [15:0]                 s_axi_awmmusid,
    input  wire                        s_axi_awmmussidv,
    input  wire [19:0]                 s_axi_awmmussid,
    input  wire [1:0]                  s_axi_awmmusecsid,
    input  wire [1:0]                  s_axi_awmmuflow,
    input  wire [5:0]                  s_axi_awatop,
    input  wire                        s_axi_wvalid,
    output wire                        s_axi_wready,
    input  wire [DATA_W-1:0]           s_axi_wdata,
    input  wire [DATA_W/8-1:0]         s_axi_wstrb,
    input  wire                        s_axi_wlast,
    output wire                        s_axi_bvalid,
    input  wire                        s_axi_bready,
    output wire [ID_W-1:0]             s_axi_bid,
    output wire [1:0]                  s_axi_bresp,
    input  wire                        s_axi_arvalid,
    output wire                        s_axi_arready,
    input  wire [ID_W-1:0]             s_axi_arid,
    input  wire [63:0]                 s_axi_araddr,
    input  wire [7:0]                  s_axi_arlen,
    input  wire [2:0]                  s_axi_arsize,
    input  wire [1:0]                  s_axi_arburst,
    input  wire                        s_axi_arlock,
    input  wire [3:0]                  s_axi_arcache,
    input  wire [2:0]                  s_axi_arprot,
    input  wire [3:0]                  s_axi_arqos,
    input  wire [1:0]                  s_axi_ardomain,
    input  wire [15:0]                 s_axi_armmusid,
    input  wire                        s_axi_armmussidv,
    input  wire [19:0]                 s_axi_armmussid,
    input  wire [1:0]                  s_axi_armmusecsid,
    input  wire [1:0]                  s_axi_armmuflow,
    output wire                        s_axi_rvalid,
    input  wire                        s_axi_rready,
    output wire [ID_W-1:0]             s_axi_rid,
    output wire [DATA_W-1:0]           s_axi_rdata,
    output wire [1:0]                  s_axi_rresp,
    output wire                        s_axi_rlast,

    // ---- memory side -----------------------------------------------------------------------
    output wire                        m_axi_awvalid,
    input  wire                        m_axi_awready,
    output wire [ID_W-1:0]             m_axi_awid,
    output wire [47:0]                 m_axi_awaddr,
    output wire [7:0]                  m_axi_awlen,
    output wire [2:0]                  m_axi_awsize,
    output wire [1:0]                  m_axi_awburst,
    output wire                        m_axi_awlock,
    output wire [3:0]                  m_axi_awcache,
    output wire [2:0]                  m_axi_awprot,
    output wire [3:0]                  m_axi_awqos,
    output wire [1:0]                  m_axi_awdomain,
    output wire [15:0]                 m_axi_awsid,
    output wire [5:0]                  m_axi_awatop,
    output wire                        m_axi_wvalid,
    input  wire                        m_axi_wready,
    output wire [DATA_W-1:0]           m_axi_wdata,
    output wire [DATA_W/8-1:0]         m_axi_wstrb,
    output wire                        m_axi_wlast,
    input  wire                        m_axi_bvalid,
    output wire                        m_axi_bready,
    input  wire [ID_W-1:0]             m_axi_bid,
    input  wire [1:0]                  m_axi_bresp,
    output wire                        m_axi_arvalid,
    input  wire                        m_axi_arready,
    output wire [ID_W-1:0]             m_axi_arid,
    output wire [47:0]                 m_axi_araddr,
    output wire [7:0]                  m_axi_arlen,
    output wire [2:0]                  m_axi_arsize,
    output wire [1:0]                  m_axi_arburst,
    output wire                        m_axi_arlock,
    output wire [3:0]                  m_axi_arcache,
    output wire [2:0]                  m_axi_arprot,
    output wire [3:0]                  m_axi_arqos,
    output wire [1:0]                  m_axi_ardomain,
    output wire [15:0]                 m_axi_arsid,
    input  wire                        m_axi_rvalid,
    output wire                        m_axi_rready,
    input  wire [ID_W-1:0]             m_axi_rid,
    input  wire [DATA_W-1:0]           m_axi_rdata,
    input  wire [1:0]                  m_axi_rresp,
    input  wire                        m_axi_rlast,

    // ---- strap, TCU, events ----------------------------------------------------------------
    input  wire                        nostall_i,
    output wire                        up_valid_o,
    input  wire                        up_ready_i,
    output wire [`UP_W-1:0]            up_msg_o,
    input  wire                        dn_valid_i,
    input  wire [`DN_W-1:0]            dn_msg_i,
    output wire [1:0]                  pmu_xact_o,
    output wire [1:0]                  pmu_utlb_miss_o
);
    localparam SLOT_W  = $clog2(TBU_SLOTS);
    localparam CHUNKS  = WBUF_BEATS / 16;
    localparam CHUNK_W = $clog2(CHUNKS);
    localparam REQ_W   = ID_W + `AX_W;
    localparam OUT_W   = ID_W + `AXO_W;
    localparam R_W     = ID_W + 3 + DATA_W;
    localparam B_W     = ID_W + 2;
    // in flight of one direction: bounded by the places of its response buffer
    localparam FLY_W   = $clog2(RBUF_BEATS) + 1;

    generate
        if (TBU_SLOTS > 254)                 begin : g_check_slots
            smmu_tbu_slot_number_is_8_bits u_broken_rule ();
        end
        if (TBU_RSVD < 1 || TBU_RSVD >= TBU_SLOTS) begin : g_check_rsvd
            smmu_tbu_rsvd_is_1_to_slots_less_1 u_broken_rule ();
        end
        if (WBUF_BEATS % 16 != 0 || WBUF_BEATS < 512) begin : g_check_wbuf
            smmu_tbu_wbuf_holds_two_bursts_in_chunks_of_16 u_broken_rule ();
        end
        if (RBUF_BEATS < 256)                begin : g_check_rbuf
            smmu_tbu_rbuf_holds_the_longest_burst u_broken_rule ();
        end
    endgenerate

    // ---- reset sweep: RAM counters per ID, free list of chunks ------------------------------
    localparam SWEEP_W = (ID_W > CHUNK_W ? ID_W : CHUNK_W) + 1;
    reg  [SWEEP_W-1:0] sweep_q;
    wire sweep_id    = {{(32-SWEEP_W){1'b0}}, sweep_q} < (1 << ID_W);
    wire sweep_chunk = {{(32-SWEEP_W){1'b0}}, sweep_q} < CHUNKS;
    wire open        = !sweep_id && !sweep_chunk;
    always @(posedge clk_i)
        if (!rst_ni)    sweep_q <= {SWEEP_W{1'b0}};
        else if (!open) sweep_q <= sweep_q + 1'b1;

    // ---- DN: one register, then everything happens in one cycle ------------------------------
    reg              dn_ok_q, dn_cfg_q, dn_inva_q, dn_sync_q, dn_mode_q;
    reg  [`DN_W-1:0] dn_q;

    // for the slots a cycle early: their numbers are decoded, and after OK and OK-once alike a slot
    // leaves with the entry that comes, a cycle before the uTLB has it
    wire [3:0] next_kind = dn_msg_i[`DN_KIND_LSB +: `DN_KIND_W];
    wire       next_ok   = dn_valid_i && (next_kind == `DN_K_ONCE || next_kind == `DN_K_OK);
    wire       next_answ = dn_valid_i && next_kind != `DN_K_CFG && next_kind != `DN_K_INV
                        && next_kind != `DN_K_SYNC && next_kind != `DN_K_MODE;

    always @(posedge clk_i) begin
        dn_ok_q   <= rst_ni && dn_valid_i && (next_kind == `DN_K_OK);
        dn_cfg_q  <= rst_ni && dn_valid_i && (next_kind == `DN_K_CFG);
        dn_inva_q <= rst_ni && dn_valid_i && (next_kind == `DN_K_INV);
        dn_sync_q <= rst_ni && dn_valid_i && (next_kind == `DN_K_SYNC);
        dn_mode_q <= rst_ni && dn_valid_i && (next_kind == `DN_K_MODE);
        dn_q    <= dn_msg_i;
    end

    wire [3:0]        dn_kind = dn_q[`DN_KIND_LSB +: `DN_KIND_W];
    wire [7:0]        dn_slot = dn_q[`DN_SLOT_LSB +: `DN_SLOT_W];
    wire              dn_cs   = dn_q[`DN_CANSTALL_LSB];
    wire [`ENT_W-1:0] dn_ent  = dn_q[`DN_BODY_LSB +: `ENT_W];
    wire [`INV_W-1:0] dn_inv  = dn_q[`DN_BODY_LSB +: `INV_W];

    wire cfg_inv = dn_inva_q && dn_inv[`INV_CFG_LSB];

    // ---- modes and epochs --------------------------------------------------------------------
    wire [1:0]           epoch;
    wire                 mode_sel, off;
    wire [2*`MODE_W-1:0] mode;
    wire [1:0]           leave, done;
    wire [3:0]           done_epoch;
    wire [1:0]           slots_mode, s1_valid, s1_mode;
    wire                 sync_valid, sync_grant;
    wire [1:0]           sync_tag;
    wire [1:0]           mode_used = slots_mode | {|(s1_valid & s1_mode), |(s1_valid & ~s1_mode)};

    smmu_tbu_epoch #(.CNT_W(FLY_W + 1), .GBPA_ABORT(GBPA_ABORT)) u_epoch (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .dn_sync_i(dn_sync_q), .dn_mode_i(dn_mode_q), .dn_tag_i(dn_slot[1:0]),
        .dn_mode_body_i(dn_q[`DN_BODY_LSB +: `MODE_W]),
        .iss_i(leave), .done_i(done), .done_epoch_i(done_epoch), .mode_used_i(mode_used),
        .epoch_o(epoch), .mode_sel_o(mode_sel), .mode_o(mode), .off_o(off),
        .sync_valid_o(sync_valid), .sync_tag_o(sync_tag), .sync_grant_i(sync_grant));

    // ---- between the blocks: read in the low half, write above ---------------------------------
    wire [2*REQ_W-1:0]  s1_req;
    wire [1:0]          s1_sure, s1_done, s1_gone, s1_direct;
    wire [2*`CTX_W-1:0] lu_ctx, known_ctx;
    wire [2*52-1:0]     lu_vpn;
    wire [1:0]          lu_valid, lu_use, utlb_hit, utlb_may, utlb_cs;
    wire [3:0]          lu_kind;
    wire [1:0]          known_valid, known_cs, cfg_learn;
    wire [2*`ENT_W-1:0] utlb_ent;
    wire [1:0]          same, same_cs, rsvd_ok, can_main, can_rsvd, offer, alloc;
    wire [5:0]          alloc_state;
    wire                low;
    wire [2*SLOT_W-1:0] alloc_slot, pick_slot, rp_slot, loc_pick, loc_slot;
    wire [1:0]          pick_valid, pick_next, pick_once;
    wire [1:0]          rp_load, rp_valid, rp_leave, rp_ask;
    wire [2*ID_W-1:0]   s1_id, rp_id, loc_slot_id, loc_id, leave_id;
    wire [1:0]          up_valid, up_grant;
    wire [2*`UP_W-1:0]  up_msg;
    wire [1:0]          w_now, w_room_main, w_room_rsvd;
    wire [15:0]         out_len, loc_len;
    wire [1:0]          out_room;
    wire [1:0]          ax_valid, ax_ready;
    wire [2*OUT_W-1:0]  ax;
    wire [1:0]          loc_valid, loc_take, loc_read, loc_razwi, loc_cs, loc_cs_known;
    wire [1:0]          loc_busy, loc_beat, loc_grant, loc_last, loc_free;
    wire [1:0]          atom_beat, atom_grant, atom_last;
    wire [3:0]          loc_resp;
    wire [2*ID_W-1:0]   loc_q_id;
    wire [2*`CTX_W-1:0] loc_ctx;
    wire [1:0]          rsp_valid;
    wire [2*ID_W-1:0]   rsp_id;
    wire                dc_valid, ask_valid, ask_write, ask_take;
    wire [SLOT_W-1:0]   dc_slot, ask_slot;

    // ---- ingress -----------------------------------------------------------------------------
    smmu_tbu_ingress #(.ID_W(ID_W)) u_ar (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .ax_valid_i(s_axi_arvalid), .ax_ready_o(s_axi_arready), .ax_id_i(s_axi_arid),
        .ax_addr_i(s_axi_araddr), .ax_len_i(s_axi_arlen), .ax_size_i(s_axi_arsize),
        .ax_burst_i(s_axi_arburst), .ax_lock_i(s_axi_arlock), .ax_cache_i(s_axi_arcache),
        .ax_prot_i(s_axi_arprot), .ax_qos_i(s_axi_arqos), .ax_domain_i(s_axi_ardomain),
        .ax_sid_i(s_axi_armmusid), .ax_ssidv_i(s_axi_armmussidv), .ax_ssid_i(s_axi_armmussid),
        .ax_secsid_i(s_axi_armmusecsid), .ax_flow_i(s_axi_armmuflow), .ax_atop_i(6'd0),
        .nostall_i(nostall_i), .open_i(open), .mode_i(mode_sel),
        .s1_valid_o(s1_valid[0]), .s1_req_o(s1_req[0 +: REQ_W]),
        .s1_gone_o(s1_gone[0]), .s1_sure_i(s1_sure[0]), .s1_done_i(s1_done[0]));

    smmu_tbu_ingress #(.ID_W(ID_W)) u_aw (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .ax_valid_i(s_axi_awvalid), .ax_ready_o(s_axi_awready), .ax_id_i(s_axi_awid),
        .ax_addr_i(s_axi_awaddr), .ax_len_i(s_axi_awlen), .ax_size_i(s_axi_awsize),
        .ax_burst_i(s_axi_awburst), .ax_lock_i(s_axi_awlock), .ax_cache_i(s_axi_awcache),
        .ax_prot_i(s_axi_awprot), .ax_qos_i(s_axi_awqos), .ax_domain_i(s_axi_awdomain),
        .ax_sid_i(s_axi_awmmusid), .ax_ssidv_i(s_axi_awmmussidv), .ax_ssid_i(s_axi_awmmussid),
        .ax_secsid_i(s_axi_awmmusecsid), .ax_flow_i(s_axi_awmmuflow), .ax_atop_i(s_axi_awatop),
        .nostall_i(nostall_i), .open_i(open), .mode_i(mode_sel),
        .s1_valid_o(s1_valid[1]), .s1_req_o(s1_req[REQ_W +: REQ_W]),
        .s1_gone_o(s1_gone[1]), .s1_sure_i(s1_sure[1]), .s1_done_i(s1_done[1]));

    // ---- paths, local answers, what is in flight: the same for both directions ------------------
    genvar d;
    generate
        for (d = 0; d < 2; d = d + 1) begin : g_dir
            assign s1_id[d*ID_W +: ID_W] = s1_req[d*REQ_W + `AX_W +: ID_W];
            assign s1_mode[d]            = s1_req[d*REQ_W + `AX_MODE_LSB];

            smmu_tbu_path #(
                .WRITE(d), .ID_W(ID_W), .TBU_SLOTS(TBU_SLOTS), .SLOT_W(SLOT_W), .OAS(OAS)
            ) u_path (
                .clk_i(clk_i), .rst_ni(rst_ni), .mode_i(mode),
                .s1_valid_i(s1_valid[d]), .s1_req_i(s1_req[d*REQ_W +: REQ_W]),
                .s1_sure_o(s1_sure[d]), .s1_done_o(s1_done[d]),
                .lu_ctx_o(lu_ctx[d*`CTX_W +: `CTX_W]), .lu_vpn_o(lu_vpn[d*52 +: 52]),
                .lu_valid_o(lu_valid[d]), .lu_kind_o(lu_kind[d*2 +: 2]), .lu_use_o(lu_use[d]),
                .utlb_hit_i(utlb_hit[d]), .utlb_may_i(utlb_may[d]), .utlb_cs_i(utlb_cs[d]),
                .utlb_ent_i(utlb_ent[d*`ENT_W +: `ENT_W]),
                .known_ctx_o(known_ctx[d*`CTX_W +: `CTX_W]), .known_valid_i(known_valid[d]),
                .known_cs_i(known_cs[d]), .cfg_learn_o(cfg_learn[d]),
                .dn_cfg_valid_i(dn_cfg_q && dn_slot == TBU_SLOTS[7:0] + d[7:0]),
                .dn_cfg_cs_i(dn_cs), .cfg_inv_i(cfg_inv), .once_ent_i(dn_ent),
                .same_i(same[d]), .same_cs_i(same_cs[d]),
                .rsvd_ok_o(rsvd_ok[d]), .can_main_i(can_main[d]), .can_rsvd_i(can_rsvd[d]),
                .low_i(low), .alloc_o(alloc[d]),
                .alloc_state_o(alloc_state[d*3 +: 3]),
                .alloc_slot_i(alloc_slot[d*SLOT_W +: SLOT_W]),
                .pick_valid_i(pick_valid[d]), .pick_next_i(pick_next[d]),
                .pick_once_i(pick_once[d]), .pick_slot_i(pick_slot[d*SLOT_W +: SLOT_W]),
                .rp_load_o(rp_load[d]), .rp_valid_o(rp_valid[d]),
                .rp_slot_o(rp_slot[d*SLOT_W +: SLOT_W]), .rp_id_o(rp_id[d*ID_W +: ID_W]),
                .rp_leave_o(rp_leave[d]), .rp_ask_o(rp_ask[d]),
                .up_valid_o(up_valid[d]), .up_grant_i(up_grant[d]),
                .up_msg_o(up_msg[d*`UP_W +: `UP_W]),
                .w_now_i(w_now[d]), .w_room_main_i(w_room_main[d]),
                .w_room_rsvd_i(w_room_rsvd[d]), .s1_direct_o(s1_direct[d]),
                .out_len_o(out_len[d*8 +: 8]), .out_room_i(out_room[d]),
                .leave_o(leave[d]), .leave_id_o(leave_id[d*ID_W +: ID_W]),
                .ax_valid_o(ax_valid[d]), .ax_ready_i(ax_ready[d]), .ax_o(ax[d*OUT_W +: OUT_W]),
                .pmu_miss_o(pmu_utlb_miss_o[d]));

            smmu_tbu_local #(
                .WRITE(d), .ID_W(ID_W), .TBU_SLOTS(TBU_SLOTS), .SLOT_W(SLOT_W)
            ) u_local (
                .clk_i(clk_i), .rst_ni(rst_ni),
                .offer_i(offer[d]), .offer_slot_i(alloc_slot[d*SLOT_W +: SLOT_W]),
                .offer_req_i(s1_req[d*REQ_W +: `AX_W]),
                .pick_valid_i(loc_valid[d]), .pick_slot_i(loc_pick[d*SLOT_W +: SLOT_W]),
                .pick_take_o(loc_take[d]), .slot_id_i(loc_slot_id[d*ID_W +: ID_W]),
                .q_id_o(loc_q_id[d*ID_W +: ID_W]), .q_busy_i(loc_busy[d]),
                .slot_read_o(loc_read[d]), .slot_o(loc_slot[d*SLOT_W +: SLOT_W]),
                .razwi_i(loc_razwi[d]), .beat_valid_o(loc_beat[d]),
                .beat_grant_i(loc_grant[d]), .beat_id_o(loc_id[d*ID_W +: ID_W]),
                .beat_resp_o(loc_resp[d*2 +: 2]), .beat_last_o(loc_last[d]),
                .atom_valid_o(atom_beat[d]), .atom_grant_i(atom_grant[d]),
                .atom_last_o(atom_last[d]),
                .len_o(loc_len[d*8 +: 8]), .free_o(loc_free[d]),
                .learn_ctx_o(loc_ctx[d*`CTX_W +: `CTX_W]));

            smmu_tbu_flight #(.ID_W(ID_W), .CNT_W(FLY_W)) u_flight (
                .clk_i(clk_i), .rst_ni(rst_ni),
                .clear_i(sweep_id), .clear_id_i(sweep_q[ID_W-1:0]),
                .epoch_i(epoch), .iss_valid_i(leave[d]), .iss_id_i(leave_id[d*ID_W +: ID_W]),
                .rsp_valid_i(rsp_valid[d]), .rsp_id_i(rsp_id[d*ID_W +: ID_W]),
                .done_valid_o(done[d]), .done_epoch_o(done_epoch[d*2 +: 2]),
                .q_id_i(loc_q_id[d*ID_W +: ID_W]), .q_busy_o(loc_busy[d]));
        end
    endgenerate

    assign pmu_xact_o = s1_done;

    // ---- uTLB, can-stall table ---------------------------------------------------------------
    smmu_tbu_utlb #(.UTLB_ENTRIES(UTLB_ENTRIES), .OAS(OAS)) u_utlb (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .lu_valid_i(lu_valid), .lu_ctx_i(lu_ctx), .lu_vpn_i(lu_vpn), .lu_kind_i(lu_kind),
        .lu_use_i(lu_use), .lu_hit_o(utlb_hit), .lu_may_o(utlb_may), .lu_cs_o(utlb_cs),
        .lu_ent_o(utlb_ent),
        .up_valid_i(dn_ok_q), .up_ent_i(dn_ent), .fl_valid_i(dn_inva_q), .fl_inv_i(dn_inv));

    // One is learnt a cycle. What is passed over is asked again when it matters.
    wire [1:0] loc_learn = loc_free & loc_cs_known;
    wire [`CTX_W-1:0] learn_ctx = dn_ok_q      ? dn_ent[`ENT_SID_LSB +: `CTX_W]
                                : cfg_learn[0] ? known_ctx[0 +: `CTX_W]
                                : cfg_learn[1] ? known_ctx[`CTX_W +: `CTX_W]
                                : loc_learn[0] ? loc_ctx[0 +: `CTX_W] : loc_ctx[`CTX_W +: `CTX_W];
    wire learn_cs = (dn_ok_q || |cfg_learn) ? dn_cs : loc_learn[0] ? loc_cs[0] : loc_cs[1];

    // What was true before a configuration invalidation is not learnt after it.
    reg              learn_q, learn_cs_q;
    reg [`CTX_W-1:0] learn_ctx_q;
    always @(posedge clk_i) begin
        learn_q     <= rst_ni && !cfg_inv && (dn_ok_q || |cfg_learn || |loc_learn);
        learn_ctx_q <= learn_ctx;
        learn_cs_q  <= learn_cs;
    end

    smmu_tbu_cs u_cs (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .lu_ctx_i(known_ctx), .lu_valid_o(known_valid), .lu_cs_o(known_cs),
        .up_valid_i(learn_q && !cfg_inv), .up_ctx_i(learn_ctx_q), .up_cs_i(learn_cs_q),
        .fl_valid_i(cfg_inv), .fl_sid_i(dn_inv[`INV_SID_LSB +: `INV_SID_W]),
        .fl_mask_i(dn_inv[`INV_SIDMASK_LSB +: `INV_SIDMASK_W]));

    // ---- slots -------------------------------------------------------------------------------
    // What S1 brings is kept in the slot it may take, its room known; whether it takes it comes late.
    assign offer = s1_valid & can_rsvd;

    smmu_tbu_slots #(
        .ID_W(ID_W), .TBU_SLOTS(TBU_SLOTS), .TBU_RSVD(TBU_RSVD), .SLOT_W(SLOT_W)
    ) u_slots (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .s1_id_i(s1_id), .s1_same_o(same), .s1_same_cs_o(same_cs),
        .can_main_o(can_main), .can_rsvd_o(can_rsvd), .low_o(low),
        .offer_i(offer), .alloc_i(alloc), .alloc_state_i(alloc_state), .alloc_cs_i(~rsvd_ok),
        .alloc_dc_i(w_now[1]), .alloc_mode_i(s1_mode), .alloc_slot_o(alloc_slot),
        .next_valid_i(next_answ), .next_ok_i(next_ok),
        .next_slot_i(dn_msg_i[`DN_SLOT_LSB +: `DN_SLOT_W]),
        .dn_kind_i(dn_kind), .dn_cs_i(dn_cs), .off_i(off), .cfg_inv_i(cfg_inv),
        .pick_valid_o(pick_valid), .pick_next_o(pick_next), .pick_once_o(pick_once),
        .pick_slot_o(pick_slot), .pick_load_i(rp_load),
        .rp_valid_i(rp_valid), .rp_slot_i(rp_slot), .rp_id_i(rp_id),
        .rp_leave_i(rp_leave), .rp_ask_i(rp_ask),
        .loc_valid_o(loc_valid), .loc_pick_o(loc_pick), .loc_take_i(loc_take),
        .loc_slot_i(loc_slot), .loc_slot_id_o(loc_slot_id), .loc_id_i(loc_id),
        .loc_free_i(loc_free),
        .loc_razwi_o(loc_razwi), .loc_cs_o(loc_cs), .loc_cs_known_o(loc_cs_known),
        .ask_valid_o(ask_valid), .ask_slot_o(ask_slot), .ask_write_o(ask_write),
        .ask_take_i(ask_take),
        .dc_valid_i(dc_valid), .dc_slot_i(dc_slot), .mode_used_o(slots_mode));

    smmu_tbu_ask #(.TBU_SLOTS(TBU_SLOTS), .SLOT_W(SLOT_W)) u_ask (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .sync_valid_i(sync_valid), .sync_tag_i(sync_tag), .sync_grant_o(sync_grant),
        .pick_valid_i(ask_valid), .pick_slot_i(ask_slot), .pick_write_i(ask_write),
        .pick_take_o(ask_take),
        .s1_valid_i(up_valid), .s1_msg_i(up_msg), .s1_grant_o(up_grant),
        .offer_i(offer), .offer_slot_i(alloc_slot),
        .up_valid_o(up_valid_o), .up_ready_i(up_ready_i), .up_msg_o(up_msg_o));

    // ---- write data ----------------------------------------------------------------------------
    assign w_now[0]       = 1'b1;
    assign w_room_main[0] = 1'b1;
    assign w_room_rsvd[0] = 1'b1;

    smmu_tbu_wbuf #(
        .DATA_W(DATA_W), .WBUF_BEATS(WBUF_BEATS), .CHUNK_W(CHUNK_W),
        .TBU_SLOTS(TBU_SLOTS), .SLOT_W(SLOT_W)
    ) u_wbuf (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .fill_i(sweep_chunk), .fill_chunk_i(sweep_q[CHUNK_W-1:0]),
        .s_wvalid_i(s_axi_wvalid), .s_wready_o(s_axi_wready),
        .s_wdata_i(s_axi_wdata), .s_wstrb_i(s_axi_wstrb),
        .s1_len_i(s1_req[REQ_W + `AX_LEN_LSB +: `AX_LEN_W]),
        .room_main_o(w_room_main[1]), .room_rsvd_o(w_room_rsvd[1]), .w_now_o(w_now[1]),
        .s1_offer_i(offer[1]), .s1_sure_i(s1_sure[1]), .s1_gone_i(s1_gone[1]),
        .s1_slot_i(alloc_slot[SLOT_W +: SLOT_W]),
        .dc_valid_o(dc_valid), .dc_slot_o(dc_slot),
        .rp_load_i(rp_load[1]), .pick_slot_i(pick_slot[SLOT_W +: SLOT_W]),
        .leave_i(leave[1]), .leave_s1_i(s1_direct[1]), .leave_len_i(out_len[15:8]),
        .disc_read_i(loc_read[1]), .disc_slot_i(loc_slot[SLOT_W +: SLOT_W]),
        .disc_i(loc_free[1]), .disc_len_i(loc_len[15:8]),
        .m_wvalid_o(m_axi_wvalid), .m_wready_i(m_axi_wready), .m_wdata_o(m_axi_wdata),
        .m_wstrb_o(m_axi_wstrb), .m_wlast_o(m_axi_wlast));

    // ---- responses --------------------------------------------------------------------------------
    wire [R_W-1:0] r_beat;
    wire           r_taken;
    wire [B_W-1:0] b_beat;
    wire           b_taken, b_room;

    // R beats of an aborted atomic come from the write side (FLT-018), when no read gives any
    wire           r_grant;
    wire           r_atom = atom_beat[1] && !loc_beat[0];
    assign         loc_grant[0]  = r_grant && !r_atom;
    assign         atom_grant    = {r_grant && r_atom, 1'b0};
    wire [ID_W+2:0] r_local = r_atom ? {loc_id[ID_W +: ID_W], loc_resp[3:2], atom_last[1]}
                                     : {loc_id[0 +: ID_W], loc_resp[1:0], loc_last[0]};

    smmu_tbu_resp #(.WIDTH(R_W), .BEATS(RBUF_BEATS)) u_r (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .m_valid_i(m_axi_rvalid), .m_ready_o(m_axi_rready),
        .m_data_i({m_axi_rid, m_axi_rresp, m_axi_rlast, m_axi_rdata}),
        .m_taken_o(r_taken), .m_taken_data_o(r_beat),
        .loc_valid_i(loc_beat[0] || r_atom), .loc_grant_o(r_grant),
        .loc_data_i({r_local, {DATA_W{1'b0}}}),
        .rsv_valid_i(leave[0]), .rsv_len_i(out_len[7:0]), .rsv_room_o(out_room[0]),
        .s_valid_o(s_axi_rvalid), .s_ready_i(s_axi_rready),
        .s_data_o({s_axi_rid, s_axi_rresp, s_axi_rlast, s_axi_rdata}));

    // one answer for a write, whatever its length
    smmu_tbu_resp #(.WIDTH(B_W), .BEATS(RBUF_BEATS)) u_b (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .m_valid_i(m_axi_bvalid), .m_ready_o(m_axi_bready), .m_data_i({m_axi_bid, m_axi_bresp}),
        .m_taken_o(b_taken), .m_taken_data_o(b_beat),
        .loc_valid_i(loc_beat[1]), .loc_grant_o(loc_grant[1]),
        .loc_data_i({loc_id[ID_W +: ID_W], loc_resp[3:2]}),
        .rsv_valid_i(leave[1]), .rsv_len_i(8'd0), .rsv_room_o(b_room),
        .s_valid_o(s_axi_bvalid), .s_ready_i(s_axi_bready), .s_data_o({s_axi_bid, s_axi_bresp}));

    // a dropped burst and one that leaves share the way into the send queue
    assign out_room[1] = b_room && !loc_free[1];

    assign rsp_valid = {b_taken, r_taken && r_beat[DATA_W]};
    assign rsp_id    = {b_beat[2 +: ID_W], r_beat[DATA_W + 3 +: ID_W]};

    // ---- memory side pins ---------------------------------------------------------------------------
    assign m_axi_arvalid = ax_valid[0];
    assign m_axi_awvalid = ax_valid[1];
    assign ax_ready      = {m_axi_awready, m_axi_arready};

    assign {m_axi_arid, m_axi_arsid, m_axi_ardomain, m_axi_arqos, m_axi_arprot, m_axi_arcache,
            m_axi_arlock, m_axi_arburst, m_axi_arsize, m_axi_arlen, m_axi_araddr} = ax[0 +: OUT_W];
    assign {m_axi_awid, m_axi_awsid, m_axi_awdomain, m_axi_awqos, m_axi_awprot, m_axi_awcache,
            m_axi_awlock, m_axi_awburst, m_axi_awsize, m_axi_awlen,
            m_axi_awaddr} = ax[OUT_W +: OUT_W];
    assign m_axi_awatop = 6'd0;

    wire unused_ok = &{1'b0, s_axi_wlast, dn_q, loc_len[7:0], r_beat, b_beat, s1_direct[0],
                       s1_gone[0], rp_load[0], loc_read[0], loc_last[1], atom_beat[0], atom_last[0]};
endmodule

`default_nettype wire
