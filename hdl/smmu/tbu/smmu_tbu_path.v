// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_path
// Purpose: One direction of the data path behind S1: one lookup a cycle, for the
//          slot in replay or else for S1; what hits and may go leaves at once,
//          the rest takes a slot.
// Spec   : D1 (2 cycles), D2 (pools), D16 (order), D18 (OK-once), D20; FLT-018,
//          FLT-022, INI-014, ATT-040, ATT-041
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : s1_*   from smmu_tbu_ingress;  utlb_*  result for lu_*
//          pick_* slot to replay;  same/can/low  from smmu_tbu_slots: can without
//                 and with the reserve
//          known_* can-stall table;  dn_cfg_*  answer to UP_K_CFG
//          out_room_i  the response buffer has room for all beats
//          w_now_i     write: all data of S1 (one beat) is in
//          w_room_*    write: chunks for S1, with and without the reserve
// Out    : leave_*  this cycle a request goes to the memory side (ax_* pins a
//          cycle later);  alloc_*  S1 takes a slot;  up_*  message for the TCU
// Stalls : ax_ready_i stalls S1 and replay; without a slot, or room to leave, what hits passes
//          every second cycle; nothing else stalls what hits
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_tbu.vh"

module smmu_tbu_path #(
    parameter WRITE     = 0,    // 1: the write path
    parameter ID_W      = 8,
    parameter TBU_SLOTS = 32,
    parameter SLOT_W    = 5,    // clog2(TBU_SLOTS)
    parameter OAS       = 48    // 40, 42, 44, 48
) (
    input  wire                   clk_i,
    input  wire                   rst_ni,
    input  wire [2*`MODE_W-1:0]   mode_i,

    // ---- S1 --------------------------------------------------------------------------
    input  wire                   s1_valid_i,
    input  wire [ID_W+`AX_W-1:0]  s1_req_i,
    output wire                   s1_sure_o,        // it goes, whatever the lookup tells
    output wire                   s1_done_o,

    // ---- uTLB and can-stall table ----------------------------------------------------
    output wire [`CTX_W-1:0]      lu_ctx_o,
    output wire                   lu_valid_o,
    output wire [51:0]            lu_vpn_o,
    output wire [1:0]             lu_kind_o,        // {instruction, privileged}
    output wire                   lu_use_o,
    input  wire                   utlb_hit_i,
    input  wire                   utlb_may_i,       // and the access is allowed
    input  wire                   utlb_cs_i,        // and the stream can stall
    input  wire [`ENT_W-1:0]      utlb_ent_i,       // 0 without a hit
    output wire [`CTX_W-1:0]      known_ctx_o,
    input  wire                   known_valid_i,
    input  wire                   known_cs_i,
    output wire                   cfg_learn_o,      // dn_cfg_* speaks of known_ctx_o

    // ---- DN ----------------------------------------------------------------------------
    input  wire                   dn_cfg_valid_i,
    input  wire                   dn_cfg_cs_i,
    input  wire                   cfg_inv_i,
    input  wire [`ENT_W-1:0]      once_ent_i,       // body of the DN message

    // ---- slots -------------------------------------------------------------------------
    input  wire                   same_i,
    input  wire                   same_cs_i,
    output wire                   rsvd_ok_o,
    input  wire                   can_main_i,
    input  wire                   can_rsvd_i,
    input  wire                   low_i,
    output wire                   alloc_o,
    output wire [2:0]             alloc_state_o,
    input  wire [SLOT_W-1:0]      alloc_slot_i,

    input  wire                   pick_valid_i,
    input  wire                   pick_next_i,
    input  wire                   pick_once_i,
    input  wire [SLOT_W-1:0]      pick_slot_i,
    output wire                   rp_load_o,        // what is picked is taken, or passed over
    output wire                   rp_valid_o,
    output wire [SLOT_W-1:0]      rp_slot_o,
    output wire [ID_W-1:0]        rp_id_o,
    output wire                   rp_leave_o,
    output wire                   rp_ask_o,

    // ---- UP ----------------------------------------------------------------------------
    output wire                   up_valid_o,       // may be dropped again when not taken
    input  wire                   up_grant_i,
    output wire [`UP_W-1:0]       up_msg_o,

    // ---- write data (tied off for reads) -------------------------------------------------
    input  wire                   w_now_i,
    input  wire                   w_room_main_i,
    input  wire                   w_room_rsvd_i,
    output wire                   s1_direct_o,      // S1 leaves without a slot

    // ---- memory side ---------------------------------------------------------------------
    output wire [7:0]             out_len_o,        // of what wants to leave
    input  wire                   out_room_i,
    output wire                   leave_o,
    output wire [ID_W-1:0]        leave_id_o,
    output wire                   ax_valid_o,
    input  wire                   ax_ready_i,
    output wire [ID_W+`AXO_W-1:0] ax_o,

    output wire                   pmu_miss_o
);
    localparam        REQ_W = ID_W + `AX_W;
    localparam [31:0] S1_NO = TBU_SLOTS + WRITE;    // S1 in the slot field of UP_K_CFG
    localparam [0:0]  RNW   = (WRITE == 0);

    // ---- replay stage: the request comes out of the RAM -----------------------------------
    reg              rp_valid_q, rp_once_q;
    reg              rp_none_q;         // chooses addresses: rp_valid_q could not drive all that it chooses
    reg [SLOT_W-1:0] rp_slot_q;
    wire [REQ_W-1:0] rp_req;
    wire             room, go;
    // it stays while there is no room; whether it hits comes too late to ask
    wire             rp_load = !(rp_valid_q && !rp_once_q && !room);

    // picked behind the one in replay: only if that one really leaves
    wire pick_take = pick_valid_i && rp_load && (!pick_next_i || rp_leave_o);

    util_ram_1r1w #(.WIDTH(REQ_W), .DEPTH(TBU_SLOTS), .ADDR_W(SLOT_W)) u_req (
        .clk_i(clk_i),
        .rd_en_i(rp_load), .rd_addr_i(pick_slot_i), .rd_data_o(rp_req),
        .wr_en_i(s1_valid_i && can_rsvd_i), .wr_addr_i(alloc_slot_i), .wr_data_i(s1_req_i));

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            rp_valid_q <= 1'b0;
            rp_none_q  <= 1'b1;
        end else if (rp_load) begin
            rp_valid_q <= pick_take;
            rp_none_q  <= !pick_take;
        end
        if (rp_load) begin
            rp_slot_q <= pick_slot_i;
            rp_once_q <= pick_once_i;
        end
    end

    assign rp_load_o  = rp_load;
    assign rp_valid_o = rp_valid_q;
    assign rp_slot_o  = rp_slot_q;
    assign rp_id_o    = rp_req[REQ_W-1 -: ID_W];

    // ---- the one lookup ------------------------------------------------------------------
    reg [REQ_W-1:0]    req;
    always @(*) begin
        req = rp_valid_q ? rp_req : s1_req_i;
        req[`AX_ADDR_LSB +: `AX_ADDR_W] = rp_none_q ? s1_req_i[`AX_ADDR_LSB +: `AX_ADDR_W]
                                                    : rp_req[`AX_ADDR_LSB +: `AX_ADDR_W];
    end
    wire               smmuen, gabort, look;
    wire [`AXO_W-1:0]  axo;

    assign lu_ctx_o   = req[`AX_SID_LSB +: `CTX_W];
    assign lu_vpn_o   = req[`AX_ADDR_LSB + 12 +: 52];
    assign lu_valid_o = look && (rp_valid_q || s1_valid_i);
    assign lu_kind_o  = {req[`AX_PROT_LSB + 2], req[`AX_PROT_LSB]};
    assign lu_use_o   = leave_o;

    smmu_tbu_xlate #(.WRITE(WRITE), .OAS(OAS)) u_xlate (
        .req_i(req[`AX_W-1:0]), .mode_i(mode_i),
        .utlb_may_i(utlb_may_i), .utlb_ent_i(utlb_ent_i),
        .once_i(rp_valid_q && rp_once_q), .once_ent_i(once_ent_i),
        .smmuen_o(smmuen), .gabort_o(gabort), .look_o(look), .go_o(go), .axo_o(axo));

    // ---- replay: leave, ask again, or (with an OK, when it cannot leave now) look later -----
    wire out_ready;
    assign room = out_ready && out_room_i;

    assign rp_leave_o = rp_valid_q && leave_o;
    assign rp_ask_o   = rp_valid_q && !go && !rp_once_q && room;

    // ---- S1: what it is --------------------------------------------------------------------
    // The mode of S1 is needed also while replay has the lookup.
    wire s1_mode = s1_req_i[`AX_MODE_LSB];
    wire s1_en   = s1_mode ? mode_i[`MODE_W + `MODE_SMMUEN_LSB] : mode_i[`MODE_SMMUEN_LSB];
    wire s1_port = s1_valid_i && !rp_valid_q;

    wire s1_secbad = s1_req_i[`AX_SECBAD_LSB];
    wire s1_uut    = s1_req_i[`AX_UUT_LSB] && !s1_secbad;
    wire s1_plain  = !s1_secbad && !s1_uut;
    wire s1_abort  = s1_secbad || (s1_plain && !s1_en && gabort);   // gabort: with the port only
    wire s1_behind = same_i || !w_now_i;        // order or data keep it from leaving

    // ---- S1: leave ---------------------------------------------------------------------------
    wire s1_free = s1_port && s1_plain && !s1_abort && !s1_behind && w_room_rsvd_i && room;
    assign s1_direct_o = !rp_valid_q && leave_o;

    // ---- S1: take a slot -----------------------------------------------------------------------
    // Without the port only what needs no lookup may: it looks up when it can leave.
    wire s1_must = s1_valid_i && (s1_secbad || s1_uut ||
                   (rp_valid_q ? (s1_behind && s1_en) : (s1_abort || s1_behind)));
    wire s1_slot = s1_must || (s1_port && !go);

    reg  cfg_known_q, cfg_cs_q, cfg_sent_q, cfg_stale_q;
    wire ent_known = s1_port && s1_en && utlb_hit_i;
    wire s1_known  = known_valid_i || ent_known || cfg_known_q;

    // Known not to stall: without the lookup (safe), or by what hits and else the table (tame).
    // What is tame without room is safe in the next cycle.
    wire s1_peek   = s1_port && s1_en && !cfg_known_q;
    wire s1_table  = known_valid_i && !known_cs_i && !cfg_known_q;
    wire s1_safe   = !s1_en || !s1_plain || s1_req_i[`AX_NOSTALL_LSB]
                  || (cfg_known_q && !cfg_cs_q) || (s1_table && !s1_peek);
    wire s1_tame   = s1_peek && (utlb_hit_i ? !utlb_cs_i : s1_table);
    wire s1_learns = s1_peek && (utlb_hit_i || known_valid_i);

    // room without the reserve is room with it
    wire s1_rsvd   = w_room_rsvd_i && can_rsvd_i && !same_cs_i;
    wire s1_room   = (w_room_main_i && can_main_i) || (s1_rsvd && s1_safe);

    assign rsvd_ok_o = (s1_safe || s1_tame) && !same_cs_i;
    assign alloc_o   = s1_slot && s1_room;
    assign s1_sure_o = s1_room && (s1_must || s1_free);
    assign s1_done_o = s1_direct_o || alloc_o;

    wire s1_look = s1_plain && !s1_abort && (rp_valid_q || go);
    wire s1_asks = s1_uut || (s1_plain && !s1_abort && !rp_valid_q && !go);
    assign alloc_state_o = s1_asks ? (up_grant_i ? `TS_WAIT : `TS_ASK)
                         : s1_look ? `TS_LOOK : `TS_ABORT;

    // ---- S1: may this stream stall? Asked when only the reserve is left (D2) ---------------------
    wire cfg_ask = s1_slot && s1_plain && s1_en && !s1_known && !s1_req_i[`AX_NOSTALL_LSB] &&
                   !same_cs_i && (low_i || !w_room_main_i) && !cfg_sent_q && !alloc_o;

    // The answer may come when S1 has found room and left: then it is for nobody.
    assign cfg_learn_o = dn_cfg_valid_i && !cfg_stale_q;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            cfg_known_q <= 1'b0;
            cfg_sent_q  <= 1'b0;
            cfg_stale_q <= 1'b0;
        end else begin
            if (s1_done_o || cfg_inv_i) cfg_known_q <= 1'b0;
            else if (cfg_learn_o || s1_learns) cfg_known_q <= 1'b1;
            if (cfg_ask && up_grant_i)  cfg_sent_q <= 1'b1;
            else if (dn_cfg_valid_i)    cfg_sent_q <= 1'b0;
            if (dn_cfg_valid_i)              cfg_stale_q <= 1'b0;
            else if (s1_done_o && cfg_sent_q) cfg_stale_q <= 1'b1;
        end
        if (cfg_learn_o)    cfg_cs_q <= dn_cfg_cs_i;
        else if (s1_learns) cfg_cs_q <= utlb_hit_i ? utlb_cs_i : known_cs_i;
    end

    // ---- UP message of S1; the slots unit keeps it for asking later --------------------------------
    assign up_valid_o = cfg_ask || (alloc_o && s1_asks);
    assign up_msg_o   = {s1_req_i[`AX_NOSTALL_LSB], s1_req_i[`AX_PROT_LSB + 2],
                         s1_req_i[`AX_PROT_LSB], RNW, s1_req_i[`AX_ADDR_LSB +: `AX_ADDR_W],
                         s1_req_i[`AX_SID_LSB +: `CTX_W],
                         cfg_ask ? S1_NO[7:0] : {{(8-SLOT_W){1'b0}}, alloc_slot_i},
                         cfg_ask ? `UP_K_CFG : s1_uut ? `UP_K_UUT : `UP_K_XLAT};

    assign known_ctx_o = s1_req_i[`AX_SID_LSB +: `CTX_W];
    assign pmu_miss_o  = alloc_o && s1_asks && !s1_uut;

    // ---- out register ---------------------------------------------------------------------------
    assign out_len_o  = req[`AX_LEN_LSB +: `AX_LEN_W];
    assign leave_o    = go && (rp_valid_q ? room : s1_free);     // go comes last
    assign leave_id_o = req[REQ_W-1 -: ID_W];

    util_reg2 #(.WIDTH(ID_W + `AXO_W)) u_out (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .in_valid_i(leave_o), .in_ready_o(out_ready), .in_data_i({leave_id_o, axo}),
        .out_valid_o(ax_valid_o), .out_ready_i(ax_ready_i), .out_data_o(ax_o));

    wire unused_ok = &{1'b0, smmuen};

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    // ---- slots: one, any, and the request it was taken with -----------------------------------
    (* anyconst *) wire [SLOT_W-1:0] f_slot;
    always @(*) assume (f_slot < TBU_SLOTS);
    reg             f_live_q = 1'b0;
    reg [REQ_W-1:0] f_req_q;
    wire            f_rp   = rp_valid_q && rp_slot_q == f_slot;
    wire            f_here = alloc_o && alloc_slot_i == f_slot;
    always @(posedge clk_i) begin
        if (!rst_ni)                   f_live_q <= 1'b0;
        else if (f_here)               f_live_q <= 1'b1;
        else if (f_rp && rp_leave_o)   f_live_q <= 1'b0;
        if (f_here) f_req_q <= s1_req_i;
    end
    // smmu_tbu_slots picks slots in use that are not in replay, and never those to be aborted
    // (smmu_tbu_slot P1, P2); a free slot is given to S1
    always @(*) if (f_on) begin
        assume (!can_main_i || can_rsvd_i);
        assume (!(can_rsvd_i && alloc_slot_i == f_slot && f_live_q));
        assume (!(pick_valid_i && pick_slot_i == f_slot)
                || (f_live_q && !f_rp && !f_req_q[`AX_SECBAD_LSB] && !f_req_q[`AX_UUT_LSB]));
        assume (!pick_valid_i || pick_slot_i < TBU_SLOTS);
        assume (!pick_valid_i || !can_rsvd_i || pick_slot_i != alloc_slot_i);
    end

    // ---- the permission a transaction needs, judged apart ----------------------------------------
    wire [REQ_W-1:0]   f_req  = f_rp ? f_req_q : s1_req_i;
    wire [`MODE_W-1:0] f_mode = f_req[`AX_MODE_LSB] ? mode_i[`MODE_W +: `MODE_W]
                                                    : mode_i[0 +: `MODE_W];
    wire               f_en   = f_mode[`MODE_SMMUEN_LSB];
    wire [`ENT_W-1:0]  f_ent  = (rp_valid_q && rp_once_q) ? once_ent_i : utlb_ent_i;
    wire [1:0]         f_ic   = f_ent[`ENT_INSTCFG_LSB +: 2], f_pc = f_ent[`ENT_PRIVCFG_LSB +: 2];
    wire f_priv = f_pc[1] ? f_pc[0] : f_req[`AX_PROT_LSB];
    wire f_inst = RNW && (f_ic[1] ? f_ic[0] : f_req[`AX_PROT_LSB + 2]);
    wire [5:0] f_perm = f_ent[`ENT_UR_LSB +: 6];        // {px, pw, pr, ux, uw, ur}
    wire [2:0] f_of   = f_priv ? f_perm[5:3] : f_perm[2:0];
    wire       f_may  = !RNW ? f_of[1] : f_inst ? f_of[2] : f_of[0];
    // what smmu_tbu_utlb tells (its P3)
    always @(*) if (f_on) begin
        assume (lu_valid_o || !utlb_hit_i);
        assume (utlb_hit_i || utlb_ent_i == {`ENT_W{1'b0}});
        assume (!utlb_may_i || (utlb_hit_i && f_may));
    end
    wire f_known = f_rp || (!rp_valid_q && s1_valid_i);     // whose request it is

    // P1: nothing leaves without a translation granted to this transaction: an entry that hits its
    // own context and address, or the answer to its own request, with the permission it needs;
    // or the bypass of its own mode (D13, D16, TRN-001)
    always @(*) if (f_on && leave_o && f_known) begin
        assert (!f_req[`AX_SECBAD_LSB] && !f_req[`AX_UUT_LSB]);
        assert (lu_ctx_o == f_req[`AX_SID_LSB +: `CTX_W]);
        assert (lu_vpn_o == f_req[`AX_ADDR_LSB + 12 +: 52]);
        if (f_en) assert ((utlb_hit_i || (rp_valid_q && rp_once_q)) && f_may);
        else      assert (f_req[`AX_ADDR_LSB + 48 +: 16] == 16'd0 || rp_valid_q);
        if (!f_en && !rp_valid_q) assert (!f_mode[`MODE_GBPA_LSB + `GBPA_ABORT_LSB]);
    end
    // P2: what leaves is that very request, with the page of that entry
    always @(*) if (f_on && leave_o && f_known) begin
        assert (leave_id_o == f_req[REQ_W-1 -: ID_W]);
        assert (axo[11:0] == f_req[`AX_ADDR_LSB +: 12]);
        assert (axo[48 +: 8] == f_req[`AX_LEN_LSB +: 8]);
        assert (axo[`AXO_W-1 -: 16] == f_req[`AX_SID_LSB +: 16]);
        if (!f_en) assert (axo[47:12] == f_req[`AX_ADDR_LSB + 12 +: 36]);
        if (f_en && f_ent[`ENT_SIZE_LSB +: 3] == `SZ_4K && rp_valid_q && rp_once_q)
            assert (axo[47:12] == f_ent[`ENT_PPN_LSB +: 36]);
        if (f_en && utlb_ent_i[`ENT_SIZE_LSB +: 3] == `SZ_4K && !(rp_valid_q && rp_once_q))
            assert (axo[47:12] == f_ent[`ENT_PPN_LSB +: 36]);
    end
    // P3: S1 leaves only when no older one of its ID waits and no slot has the lookup (D16)
    always @(*) if (f_on && s1_direct_o) assert (s1_valid_i && !same_i && !rp_valid_q && w_now_i);
    // P4: an OK-once is used in the cycle it comes, or not at all (D18)
    always @(*) if (f_on && rp_valid_q && rp_once_q) assert (rp_load && !rp_ask_o);
    // P5: one address at the memory side for each that left, in order and held until it is taken
    reg  [1:0] f_out_q = 2'd0;
    (* anyseq *) wire f_mark;
    reg        f_marked_q = 1'b0, f_behind_q;
    reg  [ID_W+`AXO_W-1:0] f_ax_q;
    wire f_give = ax_valid_o && ax_ready_i;
    wire f_put  = leave_o && f_mark && !f_marked_q;
    always @(posedge clk_i) begin
        f_out_q <= rst_ni ? f_out_q + {1'b0, leave_o} - {1'b0, f_give} : 2'd0;
        if (!rst_ni)    f_marked_q <= 1'b0;
        else if (f_put) f_marked_q <= 1'b1;
        else if (f_give && !f_behind_q) f_marked_q <= 1'b0;
        if (f_put) begin
            f_ax_q     <= {leave_id_o, axo};
            f_behind_q <= (f_out_q == 2'd2) || (f_out_q == 2'd1 && !f_give);
        end else if (f_give) f_behind_q <= 1'b0;
    end
    always @(*) if (f_on) begin
        assert (f_out_q <= 2'd2 && ax_valid_o == (f_out_q != 2'd0));
        if (f_marked_q && !f_behind_q) assert (ax_valid_o && ax_o == f_ax_q);
    end
    // P6: S1 goes on when it left or took a slot, never both; always when that was sure, and else
    // not without its data
    always @(*) if (f_on) begin
        assert (!(s1_direct_o && alloc_o));
        if (s1_done_o) assert (s1_valid_i);
        if (s1_sure_o) assert (s1_done_o);
        if (s1_done_o && !s1_sure_o) assert (w_now_i);
    end
    // P7: what chooses the address chooses that of the request that leaves
    always @(*) if (f_on) assert (rp_none_q == !rp_valid_q);

    always @(*) if (f_on) begin
        // C1: a slot leaves by its own OK-once
        cover (f_rp && rp_once_q && rp_leave_o && f_en);
        // C2: a slot leaves by a hit of the uTLB
        cover (f_rp && !rp_once_q && rp_leave_o && f_en);
        // C3: S1 leaves in the cycle it comes
        cover (s1_direct_o && f_en);
        // C4: bypassed by its mode
        cover (s1_direct_o && !f_en);
        // C5: a hit without permission takes a slot and asks
        cover (alloc_o && utlb_hit_i && f_en && alloc_state_o == `TS_WAIT && s1_plain && !same_i);
    end
`endif
endmodule

`default_nettype wire
