// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_slots
// Purpose: The pool of slots both directions share: who may take one, who is
//          before whom, who is replayed, asks, or is answered locally next.
// Spec   : D2 (pools), D16 (order per direction and ID), FLT-022, STL-023, STL-024
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : two-element vectors: element 0 read path, element 1 write path
//          s1_*      the transaction in S1, without regard to room
//          offer_*   it may take a slot: the slot has all of it but the state already
//          next_*    an answer of the DN stream, a cycle early;  dn_*  the same, registered
//          rp_*      replay stage;  loc_*  local answer unit;  dc_*  write data
// Out    : can_*_o   S1 may take a slot now
// Stalls : S1, by can_*_o
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_tbu.vh"

module smmu_tbu_slots #(
    parameter ID_W      = 8,
    parameter TBU_SLOTS = 32,
    parameter TBU_RSVD  = 4,
    parameter SLOT_W    = 5     // clog2(TBU_SLOTS)
) (
    input  wire                   clk_i,
    input  wire                   rst_ni,

    // ---- S1 --------------------------------------------------------------------------
    input  wire [2*ID_W-1:0]      s1_id_i,
    output wire [1:0]             s1_same_o,        // older ones of this ID wait here
    output wire [1:0]             s1_same_cs_o,     // and one of them can stall
    output wire [1:0]             can_main_o,       // without the reserve
    output wire [1:0]             can_rsvd_o,
    output wire                   low_o,            // only the reserved slots are left
    input  wire [1:0]             offer_i,
    input  wire [1:0]             alloc_i,          // it does
    input  wire [5:0]             alloc_state_i,
    input  wire [1:0]             alloc_cs_i,       // not known not to stall
    input  wire                   alloc_dc_i,       // the write taken has all its data
    input  wire [1:0]             alloc_mode_i,
    output wire [2*SLOT_W-1:0]    alloc_slot_o,

    // ---- DN --------------------------------------------------------------------------
    input  wire                   next_valid_i,     // an answer for a slot
    input  wire                   next_ok_i,        // an OK or OK-once
    input  wire [7:0]             next_slot_i,
    input  wire [3:0]             dn_kind_i,
    input  wire                   dn_cs_i,
    input  wire                   off_i,
    input  wire                   cfg_inv_i,

    // ---- replay ----------------------------------------------------------------------
    output wire [1:0]             pick_valid_o,
    output wire [1:0]             pick_next_o,      // only if the one in replay leaves
    output wire [1:0]             pick_once_o,
    output wire [2*SLOT_W-1:0]    pick_slot_o,
    input  wire [1:0]             pick_load_i,      // taken, or passed over
    input  wire [1:0]             rp_valid_i,
    input  wire [2*SLOT_W-1:0]    rp_slot_i,
    input  wire [2*ID_W-1:0]      rp_id_i,
    input  wire [1:0]             rp_leave_i,
    input  wire [1:0]             rp_ask_i,

    // ---- local answers ---------------------------------------------------------------
    output wire [1:0]             loc_valid_o,
    output wire [2*SLOT_W-1:0]    loc_pick_o,
    input  wire [1:0]             loc_take_i,
    input  wire [2*SLOT_W-1:0]    loc_slot_i,
    output wire [2*ID_W-1:0]      loc_slot_id_o,
    input  wire [2*ID_W-1:0]      loc_id_i,
    input  wire [1:0]             loc_free_i,
    output wire [1:0]             loc_razwi_o,
    output wire [1:0]             loc_cs_o,
    output wire [1:0]             loc_cs_known_o,

    // ---- UP --------------------------------------------------------------------------
    output wire                   ask_valid_o,
    output wire [SLOT_W-1:0]      ask_slot_o,
    output wire                   ask_write_o,
    input  wire                   ask_take_i,

    // ---- write data, mode ------------------------------------------------------------
    input  wire                   dc_valid_i,
    input  wire [SLOT_W-1:0]      dc_slot_i,
    output wire [1:0]             mode_used_o       // a slot that may still translate was taken under this mode
);
    localparam N     = TBU_SLOTS;
    localparam CNT_W = SLOT_W + 1;

    wire [N-1:0]      valid, is_wr, mode, cs, cs_known, is_loc, is_razwi;
    wire [N-1:0]      want_ask, want_rp, want_next, want_once, want_loc;
    wire [N*ID_W-1:0] ids;

    wire [2*N-1:0] of_dir = {valid & is_wr, valid & ~is_wr};
    wire           some   = |valid;     // most of the time none: then nothing is compared

    // ---- free slots: reads from the bottom, writes from the top ------------------------
    reg  [CNT_W-1:0]  free_cnt;
    reg  [SLOT_W-1:0] free_lo, free_hi;
    reg               turn_q;       // whose claim counts first this cycle
    integer           i;

    always @(*) begin
        free_cnt = {CNT_W{1'b0}};
        free_lo  = {SLOT_W{1'b0}};
        free_hi  = {SLOT_W{1'b0}};
        for (i = 0; i < N; i = i + 1)
            if (!valid[i]) begin
                free_cnt = free_cnt + 1'b1;
                free_hi  = i[SLOT_W-1:0];
            end
        for (i = N - 1; i >= 0; i = i - 1)
            if (!valid[i]) free_lo = i[SLOT_W-1:0];
    end

    always @(posedge clk_i)
        if (!rst_ni) turn_q <= 1'b0;
        else         turn_q <= !turn_q;

    assign low_o        = (free_cnt <= TBU_RSVD[CNT_W-1:0]);
    assign alloc_slot_o = {free_hi, free_lo};

    // ---- DN: whose answer is there next cycle, and now ----------------------------------
    wire [N-1:0] next_here;
    reg  [N-1:0] dn_here_q;
    smmu_tbu_strobe #(.N(N), .SLOT_W(8)) u_next (
        .valid_i(next_valid_i), .slot_i(next_slot_i), .strobe_o(next_here));
    always @(posedge clk_i)
        if (!rst_ni) dn_here_q <= {N{1'b0}};
        else         dn_here_q <= next_here;

    // ---- per direction ----------------------------------------------------------------
    // What comes to a slot: reads in the low half, writes above. Whether S1 takes one and whether
    // the one in replay leaves come late: each meets a number that is decoded.
    wire [2*N-1:0]     offered, in_rp, loc_free;
    wire [N-1:0]       leave;       // slots freed now
    wire [2*CNT_W-1:0] ahead;       // older ones a newcomer finds

    genvar d, s;
    generate
        for (d = 0; d < 2; d = d + 1) begin : g_dir
            wire [N-1:0]      mine     = of_dir[d*N +: N];
            wire [ID_W-1:0]   s1_id    = s1_id_i[d*ID_W +: ID_W];
            wire [SLOT_W-1:0] rp_slot  = rp_slot_i[d*SLOT_W +: SLOT_W];
            wire [SLOT_W-1:0] loc_slot = loc_slot_i[d*SLOT_W +: SLOT_W];

            // room, less what the other direction may take this cycle; whether it does comes
            // too late to ask
            wire              other = d == 0 ? turn_q : !turn_q;
            wire [CNT_W-1:0]  room  = free_cnt - {{(CNT_W-1){1'b0}}, other && |free_cnt};
            assign can_main_o[d] = (room > TBU_RSVD[CNT_W-1:0]);
            assign can_rsvd_o[d] = (room != {CNT_W{1'b0}});

            // who stands before a newcomer
            integer       k;
            reg [N-1:0]   same;
            always @(*) begin
                same = {N{1'b0}};
                k    = 0;
                if (some)
                    for (k = 0; k < N; k = k + 1)
                        same[k] = mine[k] && (ids[k*ID_W +: ID_W] == s1_id);
            end

            // what comes to which slot
            smmu_tbu_strobe #(.N(N), .SLOT_W(SLOT_W)) u_offered (
                .valid_i(offer_i[d]), .slot_i(alloc_slot_o[d*SLOT_W +: SLOT_W]),
                .strobe_o(offered[d*N +: N]));
            smmu_tbu_strobe #(.N(N), .SLOT_W(SLOT_W)) u_in_rp (
                .valid_i(rp_valid_i[d]), .slot_i(rp_slot), .strobe_o(in_rp[d*N +: N]));
            smmu_tbu_strobe #(.N(N), .SLOT_W(SLOT_W)) u_loc_free (
                .valid_i(loc_free_i[d]), .slot_i(loc_slot), .strobe_o(loc_free[d*N +: N]));

            assign s1_same_o[d]    = |same;
            assign s1_same_cs_o[d] = |(same & cs);

            reg [CNT_W-1:0] count;
            integer         c;
            always @(*) begin
                count = {CNT_W{1'b0}};
                c     = 0;
                if (|same)
                    for (c = 0; c < N; c = c + 1)
                        if (same[c]) count = count + 1'b1;
            end

            // less those that leave now; whether the one in replay does comes late
            wire [CNT_W-1:0] stay = count - {{(CNT_W-1){1'b0}}, loc_free_i[d] && same[loc_slot]};
            wire [CNT_W-1:0] rest = stay - {{(CNT_W-1){1'b0}}, same[rp_slot]};
            assign ahead[d*CNT_W +: CNT_W] = rp_leave_i[d] ? rest : stay;

            // replay: an OK comes first, what it carries is there for one cycle only
            wire              pick_valid;
            wire [SLOT_W-1:0] pick;
            wire [N-1:0]      once_hit = next_here & {N{next_ok_i}} & want_once & mine;
            wire [N-1:0]      want     = mine & (want_rp | want_next);

            util_rr_pick #(.N(N), .PICK_W(SLOT_W)) u_replay (
                .clk_i(clk_i), .rst_ni(rst_ni), .req_i(want),
                .take_i(pick_load_i[d] && !pick_once_o[d]), .valid_o(pick_valid), .pick_o(pick));

            assign pick_once_o[d]  = |once_hit;
            assign pick_valid_o[d] = pick_valid || pick_once_o[d];
            assign pick_next_o[d]  = !pick_once_o[d] && want_next[pick];
            assign pick_slot_o[d*SLOT_W +: SLOT_W] = pick_once_o[d] ? next_slot_i[SLOT_W-1:0] : pick;

            // local answers
            wire [SLOT_W-1:0] loc_pick;
            util_rr_pick #(.N(N), .PICK_W(SLOT_W)) u_local (
                .clk_i(clk_i), .rst_ni(rst_ni), .req_i(mine & want_loc),
                .take_i(loc_take_i[d]), .valid_o(loc_valid_o[d]), .pick_o(loc_pick));
            assign loc_pick_o[d*SLOT_W +: SLOT_W]  = loc_pick;
            assign loc_slot_id_o[d*ID_W +: ID_W]   = ids[loc_slot*ID_W +: ID_W];
            assign loc_razwi_o[d]                  = is_razwi[loc_slot];
            assign loc_cs_o[d]                     = cs[loc_slot];
            assign loc_cs_known_o[d]               = cs_known[loc_slot];

            assign mode_used_o[d] = |(valid & ~is_loc & (d ? mode : ~mode));
        end
    endgenerate

    // ---- UP -----------------------------------------------------------------------------
    util_rr_pick #(.N(N), .PICK_W(SLOT_W)) u_ask (
        .clk_i(clk_i), .rst_ni(rst_ni), .req_i(want_ask),
        .take_i(ask_take_i), .valid_o(ask_valid_o), .pick_o(ask_slot_o));
    assign ask_write_o = is_wr[ask_slot_o];

    // ---- what comes to a slot whatever its direction --------------------------------------
    wire [N-1:0] ask_take, dc_here;
    smmu_tbu_strobe #(.N(N), .SLOT_W(SLOT_W)) u_ask_take (
        .valid_i(ask_take_i), .slot_i(ask_slot_o), .strobe_o(ask_take));
    smmu_tbu_strobe #(.N(N), .SLOT_W(SLOT_W)) u_dc (
        .valid_i(dc_valid_i), .slot_i(dc_slot_i), .strobe_o(dc_here));

    // ---- what leaves or is in replay, for those behind it: IDs ------------------------------
    integer        r;
    reg [N-1:0]    rp_same, older_left;
    always @(*) begin
        rp_same = {N{1'b0}};
        r       = 0;
        if (some && |rp_valid_i)
            for (r = 0; r < N; r = r + 1)
                rp_same[r] = valid[r] && (is_wr[r] ? rp_valid_i[1] : rp_valid_i[0])
                          && (is_wr[r] ? rp_id_i[ID_W +: ID_W] : rp_id_i[0 +: ID_W])
                             == ids[r*ID_W +: ID_W];
    end
    integer        y;
    always @(*) begin
        older_left = {N{1'b0}};
        y          = 0;
        if (|rp_leave_i || |loc_free_i)
            for (y = 0; y < N; y = y + 1)
                older_left[y] = is_wr[y]
                    ? (rp_leave_i[1] && rp_same[y]) ||
                      (loc_free_i[1] && loc_id_i[ID_W +: ID_W] == ids[y*ID_W +: ID_W])
                    : (rp_leave_i[0] && rp_same[y]) ||
                      (loc_free_i[0] && loc_id_i[0 +: ID_W] == ids[y*ID_W +: ID_W]);
    end

    // ---- the slots ----------------------------------------------------------------------
    generate
        for (s = 0; s < N; s = s + 1) begin : g_slot
            // of its own direction
            wire own_rp  = valid[s] && (is_wr[s] ? in_rp[N+s]    : in_rp[s]);
            wire own_loc = valid[s] && (is_wr[s] ? loc_free[N+s] : loc_free[s]);
            wire at_top  = offered[N+s];
            assign leave[s] = own_loc || (own_rp && rp_leave_i[is_wr[s]]);
            smmu_tbu_slot #(.ID_W(ID_W), .CNT_W(CNT_W)) u_slot (
                .clk_i(clk_i), .rst_ni(rst_ni),
                .offer_i(at_top || offered[s]),
                .alloc_i((at_top && alloc_i[1]) || (offered[s] && alloc_i[0])),
                .alloc_state_i(at_top ? alloc_state_i[5:3] : alloc_state_i[2:0]),
                .alloc_write_i(at_top),
                .alloc_id_i(at_top ? s1_id_i[ID_W +: ID_W] : s1_id_i[0 +: ID_W]),
                .alloc_ahead_i(at_top ? ahead[CNT_W +: CNT_W] : ahead[0 +: CNT_W]),
                .alloc_cs_i(at_top ? alloc_cs_i[1] : alloc_cs_i[0]),
                .alloc_dc_i(alloc_dc_i),
                .alloc_mode_i(at_top ? alloc_mode_i[1] : alloc_mode_i[0]),
                .dn_i(dn_here_q[s]), .dn_kind_i(dn_kind_i), .dn_cs_i(dn_cs_i),
                .off_i(off_i), .cfg_inv_i(cfg_inv_i),
                .ask_take_i(ask_take[s]),
                .rp_i(own_rp), .rp_ask_i(own_rp && rp_ask_i[is_wr[s]]),
                .rp_same_i(rp_same[s]), .older_left_i(older_left[s]),
                .dc_i(valid[s] && dc_here[s]), .free_i(leave[s]),
                .valid_o(valid[s]), .write_o(is_wr[s]), .id_o(ids[s*ID_W +: ID_W]),
                .mode_o(mode[s]), .cs_o(cs[s]), .cs_known_o(cs_known[s]),
                .local_o(is_loc[s]), .razwi_o(is_razwi[s]),
                .want_ask_o(want_ask[s]), .want_rp_o(want_rp[s]), .want_next_o(want_next[s]),
                .want_once_o(want_once[s]), .want_loc_o(want_loc[s]));
        end
    endgenerate

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    // ---- three slots; the stages around them as smmu_tbu_path and smmu_tbu_local are -----------
    localparam F_N = 3;
    (* hierconn *) wire [CNT_W-1:0] \g_slot[0].u_slot.ahead_q , \g_slot[1].u_slot.ahead_q ,
                                    \g_slot[2].u_slot.ahead_q ;
    (* hierconn *) wire [2:0] \g_slot[0].u_slot.state_q , \g_slot[1].u_slot.state_q ,
                              \g_slot[2].u_slot.state_q ;
    wire [F_N*CNT_W-1:0] f_ahead = {\g_slot[2].u_slot.ahead_q , \g_slot[1].u_slot.ahead_q ,
                                    \g_slot[0].u_slot.ahead_q };
    wire [F_N*3-1:0] f_state = {\g_slot[2].u_slot.state_q , \g_slot[1].u_slot.state_q ,
                                \g_slot[0].u_slot.state_q };
    wire [F_N-1:0] f_inrp = {g_slot[2].own_rp, g_slot[1].own_rp, g_slot[0].own_rp};

    reg              f_dn_q = 1'b0, f_once_q = 1'b0;    // an answer, an OK or OK-once comes now
    reg [7:0]        f_once_slot_q;
    wire [N-1:0]     f_new = {N{alloc_i[0]}} & ({{(N-1){1'b0}}, 1'b1} << free_lo)
                           | {N{alloc_i[1]}} & ({{(N-1){1'b0}}, 1'b1} << free_hi);
    wire [N-1:0]     f_leave = leave;
    always @(posedge clk_i) begin
        f_dn_q        <= rst_ni && next_valid_i;
        f_once_q      <= rst_ni && next_ok_i;
        f_once_slot_q <= next_slot_i;
    end
    always @(*) begin
        assume (!ask_take_i || ask_valid_o);
        if (f_on) begin
            assume (!next_ok_i || next_valid_i);
            assume (!f_dn_q || (dn_kind_i == `DN_K_OK || dn_kind_i == `DN_K_ONCE) == f_once_q);
            // one answer a request
            assume (!(next_ok_i && f_dn_q && f_once_slot_q == next_slot_i));
        end else assume (!next_valid_i && !next_ok_i);
    end

    genvar f_d;
    generate
        for (f_d = 0; f_d < 2; f_d = f_d + 1) begin : g_formal
            // replay stage
            reg              valid_q = 1'b0, rp_once_q;
            reg [SLOT_W-1:0] slot_q;
            wire done = rp_leave_i[f_d] || rp_ask_i[f_d] || (valid_q && rp_once_q);
            wire load = !valid_q || done;
            always @(posedge clk_i) begin
                if (!rst_ni)   valid_q <= 1'b0;
                else if (load) valid_q <= pick_valid_o[f_d] && (!pick_next_o[f_d] || rp_leave_i[f_d]);
                if (load) begin
                    slot_q    <= pick_slot_o[f_d*SLOT_W +: SLOT_W];
                    rp_once_q <= pick_once_o[f_d];
                end
            end
            always @(*) begin
                assume (rp_valid_i[f_d] == valid_q);
                assume (rp_slot_i[f_d*SLOT_W +: SLOT_W] == slot_q);
                if (valid_q && slot_q < F_N)
                    assume (rp_id_i[f_d*ID_W +: ID_W] == ids[slot_q*ID_W +: ID_W]);
                assume (pick_load_i[f_d] == load);
                assume ({1'b0, rp_leave_i[f_d]} + {1'b0, rp_ask_i[f_d]} <= {1'b0, valid_q});
                assume (!rp_ask_i[f_d] || !rp_once_q);
            end
            // local answers: a slot is looked at, then given up or answered
            reg              busy_q = 1'b0;
            reg [SLOT_W-1:0] loc_q;
            reg [ID_W-1:0]   id_q;
            (* anyseq *) wire give_up;
            always @(posedge clk_i) begin
                if (!rst_ni)      busy_q <= 1'b0;
                else if (!busy_q) busy_q <= loc_valid_o[f_d];
                else              busy_q <= !loc_free_i[f_d] && !give_up;
                if (!busy_q) begin
                    loc_q <= loc_pick_o[f_d*SLOT_W +: SLOT_W];
                    id_q  <= ids[loc_pick_o[f_d*SLOT_W +: SLOT_W]*ID_W +: ID_W];
                end
            end
            always @(*) begin
                assume (loc_take_i[f_d] == !busy_q);
                assume (loc_slot_i[f_d*SLOT_W +: SLOT_W] == loc_q);
                assume (!loc_free_i[f_d] || loc_id_i[f_d*ID_W +: ID_W] == id_q);
                assume (!loc_free_i[f_d] || (busy_q && !give_up));
                assume (!alloc_i[f_d] || (alloc_cs_i[f_d] ? can_main_o[f_d] : can_rsvd_o[f_d]));
                assume (!alloc_i[f_d] || offer_i[f_d]);
                assume (!offer_i[f_d] || can_rsvd_o[f_d]);
                assume (alloc_state_i[f_d*3 +: 3] == `TS_ASK || alloc_state_i[f_d*3 +: 3] == `TS_WAIT
                        || alloc_state_i[f_d*3 +: 3] == `TS_LOOK
                        || alloc_state_i[f_d*3 +: 3] == `TS_ABORT);
            end
            // P1: what is in replay, or being answered, is in use, first of its direction and ID
            always @(*) if (f_on) begin
                if (valid_q) begin
                    assert (slot_q < F_N && valid[slot_q] && is_wr[slot_q] == f_d);
                    assert (f_ahead[slot_q*CNT_W +: CNT_W] == 0 && f_inrp[slot_q]);
                    assert (f_state[slot_q*3 +: 3] == `TS_LOOK
                            || (f_state[slot_q*3 +: 3] == `TS_WAIT && rp_once_q && f_once_q
                                && f_once_slot_q == slot_q));
                end
                if (busy_q) begin
                    assert (loc_q < F_N && valid[loc_q] && is_wr[loc_q] == f_d && is_loc[loc_q]);
                    assert (f_ahead[loc_q*CNT_W +: CNT_W] == 0 && ids[loc_q*ID_W +: ID_W] == id_q);
                end
            end
        end
    endgenerate
    wire [2*SLOT_W-1:0] f_rpslot = {g_formal[1].slot_q, g_formal[0].slot_q};
    wire [1:0] f_rpval = {g_formal[1].valid_q, g_formal[0].valid_q};

    // ---- who is older: kept apart from the counts -----------------------------------------------
    reg [F_N*F_N-1:0] f_older_q = 0;        // [a*F_N + b]: b stands before a
    reg [F_N-1:0]     f_main_q = 0;         // took a slot that is not of the reserve
    reg [1:0]         f_main_cnt;
    genvar f_a, f_b;
    generate
        for (f_a = 0; f_a < F_N; f_a = f_a + 1) begin : g_f_a
            wire              wr = alloc_i[1] && free_hi == f_a;
            wire [F_N-1:0]    row = f_older_q[f_a*F_N +: F_N];
            wire [ID_W-1:0]   id = wr ? s1_id_i[ID_W +: ID_W] : s1_id_i[0 +: ID_W];
            for (f_b = 0; f_b < F_N; f_b = f_b + 1) begin : g_f_b
                always @(posedge clk_i)
                    if (!rst_ni) f_older_q[f_a*F_N + f_b] <= 1'b0;
                    else if (f_new[f_a])
                        f_older_q[f_a*F_N + f_b] <= valid[f_b] && !f_leave[f_b]
                                                 && is_wr[f_b] == wr
                                                 && ids[f_b*ID_W +: ID_W] == id;
                    else if (f_leave[f_b]) f_older_q[f_a*F_N + f_b] <= 1'b0;
                always @(*) if (f_on) begin
                    if (row[f_b])
                        assert (valid[f_b] && valid[f_a] && is_wr[f_a] == is_wr[f_b] && f_a != f_b
                                && ids[f_a*ID_W +: ID_W] == ids[f_b*ID_W +: ID_W]
                                && !f_older_q[f_b*F_N + f_a]);
                    if (valid[f_a] && valid[f_b] && f_a != f_b && is_wr[f_a] == is_wr[f_b]
                        && ids[f_a*ID_W +: ID_W] == ids[f_b*ID_W +: ID_W])
                        assert (row[f_b] || f_older_q[f_b*F_N + f_a]);
                end
            end
            // P2: ahead_q counts the older slots of its direction and ID (D16, STL-024)
            always @(*) if (f_on && valid[f_a])
                assert (f_ahead[f_a*CNT_W +: CNT_W] == {2'd0, row[0]} + {2'd0, row[1]}
                                                      + {2'd0, row[2]});
            // P3: a slot leaves only when no older one of its direction and ID is left
            always @(*) if (f_on && f_leave[f_a]) assert (row == 0);
            always @(*) if (f_on && f_inrp[f_a] && valid[f_a])
                assert (f_rpval[is_wr[f_a]] && f_rpslot[is_wr[f_a]*SLOT_W +: SLOT_W] == f_a);
            always @(posedge clk_i)
                if (!rst_ni)         f_main_q[f_a] <= 1'b0;
                else if (f_new[f_a]) f_main_q[f_a] <= wr ? alloc_cs_i[1] : alloc_cs_i[0];
                else if (f_leave[f_a]) f_main_q[f_a] <= 1'b0;
            always @(*) if (f_on && f_main_q[f_a]) assert (valid[f_a]);
        end
    endgenerate
    // P4: a slot taken is a free one, and both directions never take the same
    always @(*) if (f_on) begin
        if (alloc_i[0]) assert (!valid[free_lo]);
        if (alloc_i[1]) assert (!valid[free_hi]);
        if (&alloc_i)   assert (free_lo != free_hi);
    end
    // P5: those that may stall leave the reserve to the others (D2, FLT-022)
    always @(*) begin
        f_main_cnt = {1'b0, f_main_q[0]} + {1'b0, f_main_q[1]} + {1'b0, f_main_q[2]};
        if (f_on) assert (f_main_cnt <= F_N - TBU_RSVD);
    end

    always @(*) if (f_on) begin
        // C1: a slot leaves, the next of its ID is in replay behind it
        cover (rp_leave_i[0] && pick_valid_o[0] && pick_next_o[0]);
        // C2: a younger one of another ID leaves while one stalls
        cover (f_state[0 +: 3] == `TS_STALL && rp_leave_i[0] && f_ahead[0 +: CNT_W] == 0);
        // C3: a local answer leaves, one of its ID waits behind it
        cover (loc_free_i[1] && |f_older_q[0 +: F_N*F_N]);
        // C4: all slots taken, the last one from the reserve
        cover (&valid && f_main_cnt == F_N - TBU_RSVD);
    end
`endif
endmodule

`default_nettype wire
