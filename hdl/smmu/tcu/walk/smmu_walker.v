// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_walker
// Purpose: WALK_SLOTS walks at once through one step pipeline: configuration
//          fetch, stage 1, stage 2 and nested translation.
// Spec   : IHI 0070 15.1 (TRN-001); architecture D4-D8, D10, D15, D17, D18
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : wreq_*  one request, with its configuration if the front holds it
//          r_*     read data, always taken, IDs in any order
//          winv_*  invalidation: caches drop and matching walks are overtaken
// Out    : ok_* translation   flt_* fault   cf_* configuration found   wfree_* slot free
//          ar_*   reads, stable while waiting; slot number is the ID
// Pipe   : event select (context read) | step | AR. A beat at edge t has its AR in
//          the cycle after; a step that needs the caches takes two cycles more. A
//          translation is offered in the cycle after the step that ends its walk.
// Limits : WALK_SLOTS 1..64
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"
`include "smmu_walk_if.vh"

module smmu_walker #(
    parameter WALK_SLOTS   = 8,
    parameter WC_ENTRIES   = 64,    // walk cache entries of each stage
    parameter S2LC_ENTRIES = 64,    // stage 2 leaf cache: pages of tables and CDs
    parameter LINE_ENTRIES = 16,    // table lines of each stage
    parameter OAS          = 48     // 40, 42, 44, 48
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,

    // requests
    input  wire                  wreq_valid_i,
    output wire                  wreq_ready_o,
    output wire [5:0]            wreq_widx_o,
    input  wire [2:0]            wreq_tbu_i,
    input  wire [`UP_W-1:0]      wreq_msg_i,
    input  wire                  wreq_cfg_hit_i,
    input  wire [`CFG_W-1:0]     wreq_cfg_i,
    output wire [WALK_SLOTS-1:0] overtaken_o,
    output wire [WALK_SLOTS-1:0] busy_o,
    output wire                  wfree_valid_o,
    output wire [5:0]            wfree_idx_o,

    // results
    output wire                  ok_valid_o,
    input  wire                  ok_ready_i,
    output wire [2:0]            ok_tbu_o,
    output wire [`UP_W-1:0]      ok_msg_o,
    output wire [`ENT_W-1:0]     ok_ent_o,
    output wire                  ok_once_o,
    output wire                  ok_canstall_o,
    output wire                  cf_valid_o,
    output wire [15:0]           cf_sid_o,
    output wire                  cf_ssv_o,
    output wire [19:0]           cf_ssid_o,
    output wire [`CFG_W-1:0]     cf_cfg_o,
    output wire                  flt_valid_o,
    input  wire                  flt_ready_i,
    output wire [2:0]            flt_tbu_o,
    output wire [`UP_W-1:0]      flt_msg_o,
    output wire [`FLT_W-1:0]     flt_o,

    // invalidation
    input  wire                  winv_near_i,
    input  wire                  winv_valid_i,
    input  wire [`INV_W-1:0]     winv_msg_i,

    // memory
    output wire                  ar_valid_o,
    input  wire                  ar_ready_i,
    output wire [5:0]            ar_id_o,
    output wire [47:0]           ar_addr_o,
    output wire [7:0]            ar_len_o,
    output wire [2:0]            ar_size_o,
    output wire [1:0]            ar_burst_o,
    output wire [3:0]            ar_cache_o,
    output wire [1:0]            ar_domain_o,
    input  wire                  r_valid_i,
    input  wire [5:0]            r_id_i,
    input  wire [127:0]          r_data_i,
    input  wire [1:0]            r_resp_i,
    input  wire                  r_last_i,

    // registers
    input  wire [47:0]           strtab_base_i,
    input  wire                  strtab_2lvl_i,
    input  wire [4:0]            strtab_split_i,
    input  wire [5:0]            strtab_log2_i,
    input  wire [1:0]            table_sh_i,
    input  wire [1:0]            table_oc_i,
    input  wire [1:0]            table_ic_i,
    input  wire                  strtab_ra_i,
    input  wire                  recinvsid_i
);
    generate
        if (WALK_SLOTS < 1 || WALK_SLOTS > 64) begin : g_check_slots
            smmu_walker_walk_slots_must_be_1_to_64 u_broken_rule ();
        end
    endgenerate

    localparam SW = (WALK_SLOTS > 1) ? $clog2(WALK_SLOTS) : 1;

    // ---- events -----------------------------------------------------------------------
    wire          r_step, k_valid, run_valid, run_fresh, fin_ok_valid, fin_flt_valid;
    wire [SW-1:0] k_slot, run_slot, fin_ok_slot, fin_flt_slot;
    wire          ok_load, flt_load, ok_now;
    // a result register must be empty: whether it is taken in this cycle comes too late to ask
    wire ok_room  = !ok_load && !ok_valid_o;
    wire flt_room = !flt_load && !flt_valid_o;

    // Beats cannot wait, lookups hold a pipeline register, the rest waits in flip-flops.
    wire take_look = k_valid && !r_step;
    wire take_flt  = !r_step && !k_valid && fin_flt_valid && flt_room;
    wire take_ok   = !r_step && !k_valid && !take_flt && fin_ok_valid && ok_room;
    wire take_run  = !r_step && !k_valid && !take_flt && !take_ok && run_valid;

    wire          ev_take = r_step || take_look || take_flt || take_ok || take_run;
    wire [SW-1:0] ev_slot = r_step    ? r_id_i[SW-1:0] : take_look ? k_slot
                          : take_flt  ? fin_flt_slot   : take_ok ? fin_ok_slot : run_slot;

    // what runs in this cycle: one of them, or none
    reg          s_valid_q, s_new_q, s_redo_q, s_look_q, s_read_q, s_ok_q, s_flt_q;
    reg [SW-1:0] s_slot_q;
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            s_valid_q <= 1'b0;
            {s_new_q, s_redo_q, s_look_q, s_read_q, s_ok_q, s_flt_q} <= 6'd0;
        end else begin
            s_valid_q <= ev_take;
            s_new_q  <= take_run && run_fresh;
            s_redo_q <= take_run && !run_fresh;
            s_look_q <= take_look;
            s_read_q <= r_step;
            s_ok_q   <= take_ok;
            s_flt_q  <= take_flt;
        end
        if (ev_take) s_slot_q <= ev_slot;
    end
    wire s_walk = s_valid_q && !s_ok_q && !s_flt_q;
    assign ok_load  = s_ok_q;
    assign flt_load = s_flt_q;

    // A walk that ends goes straight to an empty result register; one that finds it taken waits
    // in flip-flops and is read again.
    wire do_ok;
    assign ok_now = s_walk && do_ok && !take_ok && !ok_valid_o;

    // ---- beats ------------------------------------------------------------------------
    wire                  b_valid, b_err, b_errs, b_first, b_last;
    wire [SW-1:0]         b_slot;
    wire [127:0]          b_data;
    wire [1:0]            b_kind, b_count;
    wire                  do_read, clash, again;
    wire [1:0]            rd_kind, rd_beats;
    wire [47:0]           rd_addr;
    wire [47:0]           rd_hash;
    wire [1:0]            rd_pick;
    wire [SW-1:0]         clash_slot;
    wire [WALK_SLOTS-1:0] idle;
    smmu_walk_bursts #(.WALK_SLOTS(WALK_SLOTS), .SW(SW)) u_bursts (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .r_valid_i(r_valid_i), .r_slot_i(r_id_i[SW-1:0]), .r_data_i(r_data_i),
        .r_err_i(r_resp_i[1]), .r_last_i(r_last_i), .r_step_o(r_step),
        .b_valid_o(b_valid), .b_slot_o(b_slot), .b_data_o(b_data), .b_err_o(b_err),
        .b_errs_o(b_errs), .b_first_o(b_first), .b_last_o(b_last), .b_kind_o(b_kind),
        .b_count_o(b_count),
        .ask_valid_i(do_read), .ask_slot_i(s_slot_q),
        .ask_own_i(s_read_q && overtaken_o[s_slot_q]), .ask_kind_i(rd_kind),
        .ask_hash_i(rd_hash), .ask_pick_i(rd_pick), .clash_o(clash), .clash_slot_o(clash_slot),
        .again_o(again), .idle_o(idle));

    // ---- contexts ---------------------------------------------------------------------
    wire          free_valid, in_ready;
    wire [SW-1:0] free_slot;
    assign wreq_ready_o = free_valid && in_ready;
    wire   accept       = wreq_valid_i && wreq_ready_o;
    assign wreq_widx_o  = {{(6-SW){1'b0}}, free_slot};

    wire [255:0]      ste, cd;
    wire [`GEO_W-1:0] geo1, geo2;
    wire [`RQ_W-1:0]  rq;
    wire [`WS_W-1:0]  ws, ws_next;
    smmu_walk_context #(.WALK_SLOTS(WALK_SLOTS), .SW(SW)) u_context (
        .clk_i(clk_i),
        .in_valid_i(accept), .in_ready_o(in_ready), .in_slot_i(free_slot),
        .in_tbu_i(wreq_tbu_i), .in_msg_i(wreq_msg_i), .in_cfg_hit_i(wreq_cfg_hit_i),
        .in_cfg_i(wreq_cfg_i),
        .b_valid_i(b_valid), .b_slot_i(b_slot), .b_kind_i(b_kind), .b_count_i(b_count),
        .b_data_i(b_data),
        .ws_valid_i(s_walk), .ws_slot_i(s_slot_q), .ws_i(ws_next),
        .rd_en_i(ev_take), .rd_slot_i(ev_slot), .ste_o(ste), .cd_o(cd), .geo1_o(geo1),
        .geo2_o(geo2), .rq_o(rq), .ws_o(ws));

    // ---- caches -----------------------------------------------------------------------
    wire             do_look, look_s2, look_ready, take_alloc;
    wire [`WK_W-1:0] look_s1_key, look_s2_key, fill_s1_key, fill_s2_key;
    wire [1:0]       fill_level;
    wire [1:0]       fill_wc_level;
    wire             fill_spare;
    wire [3:0]       fill_hier, fill_ln_hier;
    wire [35:0]      fill_base;
    wire [63:0]      fill_desc;
    wire             fill_s1_wc, fill_s2_wc, fill_s2_lc, fill_s1_ln, fill_s2_ln;
    wire             s1_wc_hit, s1_ln_hit, s2_wc_hit, s2_lc_hit, s2_ln_hit;
    wire [1:0]       s1_wc_level, s1_ln_level, s2_wc_level, s2_lc_level, s2_ln_level;
    wire [3:0]       s1_wc_hier, s1_ln_hier;
    wire [35:0]      s1_wc_base, s2_wc_base;
    wire [63:0]      s1_ln_desc, s2_lc_desc, s2_ln_desc;
    wire [WALK_SLOTS-1:0] dead;
    // An overtaken walk installs nothing, from the cycle of the invalidation on (D18); in that
    // cycle nobody does: the caches compare the invalidation.
    assign take_alloc = s_walk && !winv_valid_i && !overtaken_o[s_slot_q];
    smmu_walk_look #(
        .WC_ENTRIES(WC_ENTRIES), .S2LC_ENTRIES(S2LC_ENTRIES), .LINE_ENTRIES(LINE_ENTRIES), .SW(SW)
    ) u_look (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .req_valid_i(do_look), .req_ready_o(look_ready), .req_slot_i(s_slot_q),
        .req_s2_i(look_s2), .req_s1_key_i(look_s1_key), .req_s2_key_i(look_s2_key),
        .k_valid_o(k_valid), .k_slot_o(k_slot), .take_i(take_look),
        .s1_wc_hit_o(s1_wc_hit), .s1_wc_level_o(s1_wc_level), .s1_wc_hier_o(s1_wc_hier),
        .s1_wc_base_o(s1_wc_base), .s1_ln_hit_o(s1_ln_hit), .s1_ln_level_o(s1_ln_level),
        .s1_ln_hier_o(s1_ln_hier), .s1_ln_desc_o(s1_ln_desc),
        .s2_wc_hit_o(s2_wc_hit), .s2_wc_level_o(s2_wc_level), .s2_wc_base_o(s2_wc_base),
        .s2_lc_hit_o(s2_lc_hit), .s2_lc_level_o(s2_lc_level), .s2_lc_desc_o(s2_lc_desc),
        .s2_ln_hit_o(s2_ln_hit), .s2_ln_level_o(s2_ln_level), .s2_ln_desc_o(s2_ln_desc),
        .fill_step_i(s_walk), .fill_s1_key_i(fill_s1_key), .fill_s2_key_i(fill_s2_key),
        .fill_level_i(fill_level), .fill_wc_level_i(fill_wc_level),
        .fill_spare_i(fill_spare), .fill_hier_i(fill_hier), .fill_ln_hier_i(fill_ln_hier),
        .fill_base_i(fill_base), .fill_desc_i(fill_desc),
        .fill_s1_wc_i(fill_s1_wc && take_alloc), .fill_s2_wc_i(fill_s2_wc && take_alloc),
        .fill_s2_lc_i(fill_s2_lc && take_alloc), .fill_s1_ln_i(fill_s1_ln && take_alloc),
        .fill_s2_ln_i(fill_s2_ln && take_alloc),
        .fill_slot_i({{(6-SW){1'b0}}, s_slot_q}), .fill_beat_i(ws[`WS_RA_LSB + 4 +: 2]),
        .bt_valid_i(b_valid && b_kind == `RD_LINE && !b_first),
        .bt_slot_i({{(6-SW){1'b0}}, b_slot}), .bt_err_i(b_err), .bt_last_i(b_last),
        .bt_kill_i(dead[b_slot]), .beat_data_i(b_data),
        .winv_near_i(winv_near_i), .winv_valid_i(winv_valid_i), .winv_msg_i(winv_msg_i));

    // ---- the step -----------------------------------------------------------------------
    wire       do_flt, cf_valid, cf_abort, cf_s1, cf_s2, know_ste, know_cd;
    wire [3:0] rd_cache;
    wire [1:0] rd_domain;
    smmu_walk_step #(.OAS(OAS)) u_step (
        .ev_new_i(s_new_q), .ev_redo_i(s_redo_q), .ev_look_i(s_look_q), .ev_read_i(s_read_q),
        .rd_err_i(b_errs), .rd_data_i(b_data), .rq_i(rq), .ste_i(ste), .cd_i(cd),
        .geo1_i(geo1), .geo2_i(geo2), .ws_i(ws),
        .s1_wc_hit_i(s1_wc_hit), .s1_wc_level_i(s1_wc_level), .s1_wc_hier_i(s1_wc_hier),
        .s1_wc_base_i(s1_wc_base), .s1_ln_hit_i(s1_ln_hit), .s1_ln_level_i(s1_ln_level),
        .s1_ln_hier_i(s1_ln_hier), .s1_ln_desc_i(s1_ln_desc),
        .s2_wc_hit_i(s2_wc_hit), .s2_wc_level_i(s2_wc_level), .s2_wc_base_i(s2_wc_base),
        .s2_lc_hit_i(s2_lc_hit), .s2_lc_level_i(s2_lc_level), .s2_lc_desc_i(s2_lc_desc),
        .s2_ln_hit_i(s2_ln_hit), .s2_ln_level_i(s2_ln_level), .s2_ln_desc_i(s2_ln_desc),
        .strtab_base_i(strtab_base_i), .strtab_2lvl_i(strtab_2lvl_i),
        .strtab_split_i(strtab_split_i), .strtab_log2_i(strtab_log2_i),
        .table_sh_i(table_sh_i), .table_oc_i(table_oc_i), .table_ic_i(table_ic_i),
        .strtab_ra_i(strtab_ra_i),
        .do_read_o(do_read), .do_look_o(do_look), .do_ok_o(do_ok), .do_flt_o(do_flt),
        .ws_o(ws_next), .rd_kind_o(rd_kind), .rd_addr_o(rd_addr), .rd_hash_o(rd_hash),
        .rd_pick_o(rd_pick), .rd_beats_o(rd_beats),
        .rd_cache_o(rd_cache), .rd_domain_o(rd_domain),
        .look_s2_o(look_s2), .look_s1_key_o(look_s1_key), .look_s2_key_o(look_s2_key),
        .cf_valid_o(cf_valid), .cf_abort_o(cf_abort), .cf_s1_o(cf_s1), .cf_s2_o(cf_s2),
        .know_ste_o(know_ste), .know_cd_o(know_cd),
        .fill_s1_key_o(fill_s1_key), .fill_s2_key_o(fill_s2_key),
        .fill_level_o(fill_level), .fill_wc_level_o(fill_wc_level),
        .fill_spare_o(fill_spare), .fill_hier_o(fill_hier), .fill_ln_hier_o(fill_ln_hier),
        .fill_base_o(fill_base), .fill_desc_o(fill_desc),
        .fill_s1_wc_o(fill_s1_wc), .fill_s2_wc_o(fill_s2_wc), .fill_s2_lc_o(fill_s2_lc),
        .fill_s1_ln_o(fill_s1_ln), .fill_s2_ln_o(fill_s2_ln));

    assign cf_valid_o = cf_valid && !dead[s_slot_q];
    assign cf_sid_o   = rq[`RQ_UP_LSB + `UP_SID_LSB +: 16];
    assign cf_ssv_o   = rq[`RQ_UP_LSB + `UP_SSV_LSB];
    assign cf_ssid_o  = rq[`RQ_UP_LSB + `UP_SSID_LSB +: 20];
    assign cf_cfg_o   = {cf_abort, cf_s2, cf_s1, cd, ste};

    // ---- slots --------------------------------------------------------------------------
    wire [SW-1:0] ok_slot, flt_slot, wfree_slot;
    wire          cfg_s1 = wreq_cfg_hit_i && wreq_cfg_i[`CFG_S1_LSB];
    smmu_walk_slots #(.WALK_SLOTS(WALK_SLOTS), .SW(SW)) u_slots (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .free_valid_o(free_valid), .free_slot_o(free_slot),
        .new_valid_i(accept), .new_tbu_i(wreq_tbu_i),
        .new_sid_i(wreq_msg_i[`UP_SID_LSB +: 16]), .new_vk_i(wreq_cfg_hit_i), .new_ak_i(cfg_s1),
        .new_vmid_i(wreq_cfg_i[`CFG_STE_LSB + `STE_S2VMID_LSB +: 16]),
        .new_asid_i(wreq_cfg_i[`CFG_CD_LSB + `CD_ASID_LSB +: 16]),
        .run_valid_o(run_valid), .run_fresh_o(run_fresh), .run_slot_o(run_slot),
        .run_take_i(take_run),
        .ok_valid_o(fin_ok_valid), .ok_slot_o(fin_ok_slot), .ok_take_i(take_ok),
        .flt_valid_o(fin_flt_valid), .flt_slot_o(fin_flt_slot), .flt_take_i(take_flt),
        .step_slot_i(s_slot_q), .set_again_i((do_look && !look_ready) || again),
        .set_wait_i(do_read && clash), .wait_slot_i(clash_slot),
        .set_ok_i(do_ok && !ok_now), .set_flt_i(do_flt),
        .know_ste_i(know_ste), .know_vmid_i(ste[`STE_S2VMID_LSB +: 16]),
        .know_cd_i(know_cd), .know_asid_i(cd[`CD_ASID_LSB +: 16]),
        .in_valid_i(b_valid && b_last), .in_slot_i(b_slot), .idle_i(idle),
        .ok_free_i(ok_valid_o && ok_ready_i), .ok_free_slot_i(ok_slot),
        .flt_free_i(flt_valid_o && flt_ready_i), .flt_free_slot_i(flt_slot),
        .busy_o(busy_o), .overtaken_o(overtaken_o), .dead_o(dead),
        .wfree_valid_o(wfree_valid_o), .wfree_slot_o(wfree_slot),
        .winv_valid_i(winv_valid_i), .winv_msg_i(winv_msg_i));
    assign wfree_idx_o = {{(6-SW){1'b0}}, wfree_slot};

    // ---- results ------------------------------------------------------------------------
    smmu_walk_result #(.SW(SW)) u_result (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .ok_load_i(ok_load || ok_now), .flt_load_i(flt_load), .slot_i(s_slot_q),
        .rq_i(rq), .ste_i(ste), .cd_i(cd), .ws_i(s_walk ? ws_next : ws),
        .recinvsid_i(recinvsid_i),
        .ok_valid_o(ok_valid_o), .ok_ready_i(ok_ready_i), .ok_slot_o(ok_slot),
        .ok_tbu_o(ok_tbu_o), .ok_msg_o(ok_msg_o), .ok_ent_o(ok_ent_o),
        .ok_canstall_o(ok_canstall_o),
        .flt_valid_o(flt_valid_o), .flt_ready_i(flt_ready_i), .flt_slot_o(flt_slot),
        .flt_tbu_o(flt_tbu_o), .flt_msg_o(flt_msg_o), .flt_o(flt_o));
    // An invalidation also reaches a result that still waits: it is taken in no cycle of one.
    assign ok_once_o = overtaken_o[ok_slot];

    // ---- reads --------------------------------------------------------------------------
    wire             is_line = (rd_kind == `RD_LINE);
    wire             is_word = (rd_kind == `RD_WORD);
    wire [1:0]       rd_len  = is_line ? rd_beats : is_word ? 2'd0 : 2'd3;
    wire [`AQ_W-1:0] aq_req  = {rd_domain, rd_cache, is_line && rd_beats != 2'd0, is_word, rd_len,
                                rd_addr[47:4], rd_addr[3] && is_word, 3'd0,
                                {(6-SW){1'b0}}, s_slot_q};
    wire [`AQ_W-1:0] aq;
    smmu_walk_ar #(.DEPTH(WALK_SLOTS), .AW(SW)) u_ar (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .req_valid_i(do_read && !clash && !again), .req_msg_i(aq_req),
        .ar_valid_o(ar_valid_o), .ar_ready_i(ar_ready_i), .ar_msg_o(aq));
    assign ar_id_o     = aq[`AQ_ID_LSB +: 6];
    assign ar_addr_o   = aq[`AQ_ADDR_LSB +: 48];
    assign ar_len_o    = {6'd0, aq[`AQ_LEN_LSB +: 2]};
    assign ar_size_o   = aq[`AQ_WORD_LSB] ? 3'd3 : 3'd4;
    assign ar_burst_o  = aq[`AQ_WRAP_LSB] ? 2'd2 : 2'd1;
    assign ar_cache_o  = aq[`AQ_CACHE_LSB +: 4];
    assign ar_domain_o = aq[`AQ_DOMAIN_LSB +: 2];

    wire unused_ok = &{1'b0, r_id_i, r_resp_i[0], rd_addr[2:0]};

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    // ---- one slot, any: has an invalidation overtaken its walk? --------------------------------
    // Judged here from the request, apart from the slots' own judgement.
    (* anyconst *) wire [SW-1:0] f_slot;
    always @(*) assume (f_slot < WALK_SLOTS);
    (* hierconn *) wire [WALK_SLOTS*16-1:0] \u_slots.sid_q , \u_slots.vmid_q ;
    (* hierconn *) wire [WALK_SLOTS-1:0]    \u_slots.vk_q ;

    wire f_born = accept && free_slot == f_slot;
    reg        f_used_q = 1'b0, f_vk_q, f_ovt_q = 1'b0;
    reg [15:0] f_sid_q, f_vmid_q;
    wire f_sid_same  = ((f_sid_q ^ winv_msg_i[`INV_SID_LSB +: 16])
                        & ~winv_msg_i[`INV_SIDMASK_LSB +: 16]) == 16'd0;
    wire f_vmid_same = !winv_msg_i[`INV_VMIDV_LSB] || f_vmid_q == winv_msg_i[`INV_VMID_LSB +: 16];
    wire f_reached   = f_used_q && winv_valid_i
                    && (winv_msg_i[`INV_CFG_LSB] ? f_sid_same
                        : f_vk_q && f_vmid_same && !winv_msg_i[`INV_ASIDV_LSB]);
    always @(posedge clk_i)
        if (!rst_ni) begin
            f_used_q <= 1'b0;
            f_ovt_q  <= 1'b0;
        end else if (f_born) begin
            f_used_q <= 1'b1;
            f_ovt_q  <= 1'b0;
            f_sid_q  <= wreq_msg_i[`UP_SID_LSB +: 16];
            f_vk_q   <= wreq_cfg_hit_i;
            f_vmid_q <= wreq_cfg_i[`CFG_STE_LSB + `STE_S2VMID_LSB +: 16];
        end else begin
            if (f_reached) f_ovt_q <= 1'b1;
            if (know_ste && s_slot_q == f_slot)
                {f_vk_q, f_vmid_q} <= {1'b1, ste[`STE_S2VMID_LSB +: 16]};
        end
    wire f_dead = f_ovt_q || f_reached;
    wire f_fill = fill_s1_wc || fill_s2_wc || fill_s2_lc || fill_s1_ln || fill_s2_ln;

    // P1: a walk that an invalidation has overtaken fills no walk, leaf or line cache (D8, D18)
    always @(*) if (f_on) begin
        if (f_dead && s_slot_q == f_slot) assert (!take_alloc);
        if (f_used_q)
            assert (\u_slots.sid_q [f_slot*16 +: 16] == f_sid_q
                    && \u_slots.vmid_q [f_slot*16 +: 16] == f_vmid_q
                    && \u_slots.vk_q [f_slot] == f_vk_q);
        if (f_ovt_q) assert (overtaken_o[f_slot]);
    end
    // P2: the line its read brings, perhaps after its answer, is killed (D15)
    always @(*) if (f_on && f_dead && b_valid && b_slot == f_slot) assert (dead[b_slot]);
    // P3: it fills no configuration
    always @(*) if (f_on && f_dead && s_slot_q == f_slot) assert (!cf_valid_o);
    // P4: its translation is for one use, also when it was already offered
    always @(*) if (f_on && f_dead && ok_slot == f_slot && ok_ready_i) assert (ok_once_o);
    // the gate of smmu_front_inv is closed
    always @(*) if (f_on && winv_valid_i) assume (!ok_ready_i);

    always @(*) if (f_on) begin
        // C1: an overtaken walk comes to something that could be kept
        cover (f_ovt_q && s_walk && s_slot_q == f_slot && f_fill);
        // C2: an overtaken walk is answered
        cover (f_ovt_q && ok_valid_o && ok_ready_i && ok_slot == f_slot && ok_once_o);
        // C3: a walk not overtaken fills
        cover (f_used_q && f_fill && take_alloc && s_slot_q == f_slot);
        // C4: configuration is found and not kept
        cover (f_ovt_q && cf_valid && s_slot_q == f_slot);
    end
`endif
endmodule
`default_nettype wire
