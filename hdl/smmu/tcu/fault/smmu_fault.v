// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_fault
// Purpose: What becomes of a fault: answer only, record and answer, stall, park;
//          CMD_RESUME, CMD_STALL_TERM and the retry of parked slots.
// Spec   : FLT-001..004, FLT-021, FLT-026, STL-*, RES-*; D9, D10, D17, D19, D20
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : flt_*    one fault, held until flt_ready_o; all of it is handed over then
//          res_*    CMD_RESUME     sterm_*  CMD_STALL_TERM     (never both)
//          ev_last_i     one entry is free    pub_* lost_*  fate of a stall record
//          dn_*          what is sent to the TBUs, to learn of the answer to a woken slot
//          smmuen_i      CR0ACK.SMMUEN    smmuen_off_i  pulse: the TBUs end all stalls
//          smmuen_end_i  that pulse is to come or is there
// Out    : ctl_*    answers to TBU slots    ev_*  records    flt_idle_o  no fault half-way
// Stalls : a record waits for the event queue (bounded: no room means dropped or
//          parked), an answer for ctl. A terminate fault that wants the entry held for
//          a woken slot does not wait: its slot asks again, in bounded time (STL-030).
//          One thing at a time, sources in turn, so that the STALL or PARK answer of a slot
//          always precedes its RETRY or TABORT.
// Tests  : tests/unit/test_fault.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"

module smmu_fault #(
    parameter NUM_TBU   = 2,
    parameter TBU_SLOTS = 32,
    parameter STALL_MAX = 8     // 1..256
) (
    input  wire               clk_i,
    input  wire               rst_ni,

    input  wire               flt_valid_i,
    output wire               flt_ready_o,
    input  wire [2:0]         flt_tbu_i,
    input  wire [`UP_W-1:0]   flt_msg_i,
    input  wire [`FLT_W-1:0]  flt_i,
    output wire               flt_idle_o,

    output wire               ctl_valid_o,
    input  wire               ctl_ready_i,
    output wire [NUM_TBU-1:0] ctl_mask_o,
    output wire [`DN_W-1:0]   ctl_msg_o,

    output wire               ev_valid_o,
    input  wire               ev_ready_i,
    input  wire               ev_writable_i,
    input  wire               ev_last_i,
    output wire [255:0]       ev_rec_o,
    output wire               ev_stall_o,
    output wire [15:0]        ev_stag_o,
    input  wire               pub_valid_i,
    input  wire [15:0]        pub_stag_i,
    input  wire               lost_valid_i,
    input  wire [15:0]        lost_stag_i,

    input  wire               res_valid_i,
    output wire               res_ready_o,
    input  wire [31:0]        res_sid_i,
    input  wire [15:0]        res_stag_i,
    input  wire               res_ac_i,
    input  wire               res_ab_i,
    input  wire               sterm_valid_i,
    output wire               sterm_ready_o,
    input  wire [31:0]        sterm_sid_i,

    input  wire [NUM_TBU-1:0] dn_valid_i,
    input  wire [`DN_BODY_LSB-1:0] dn_head_i,

    input  wire               smmuen_i,
    input  wire               smmuen_end_i,
    input  wire               smmuen_off_i
);
    localparam [2:0] S_IDLE = 3'd0,     // take the next source
                     S_FLT  = 3'd1,     // decide a fault, offer its record
                     S_RES  = 3'd2,     // compare a RESUME with the table
                     S_TERM = 3'd3,     // STALL_TERM: the table, an entry a cycle
                     S_ROT  = 3'd4,     // STALL_TERM: the parked ones, round once
                     S_LOST = 3'd5,     // a lost record: its slot becomes parked
                     S_SEND = 3'd6,     // one message waits for ctl
                     S_MISS = 3'd7;     // a RESUME names no stall: it is done
    localparam [2:0] FOR_FLT = 3'd0, FOR_RES = 3'd1, FOR_TERM = 3'd2, FOR_ROT = 3'd3,
                     FOR_WAKE = 3'd4;   // what S_SEND is done for
    localparam [1:0] SRC_FLT = 2'd0, SRC_CMD = 2'd1, SRC_LOST = 2'd2, SRC_WAKE = 2'd3;
    localparam LAST_INT = STALL_MAX - 1;
    localparam [7:0] LAST = LAST_INT[7:0];

    reg [2:0]  state_q, state_d;
    reg [2:0]  for_q;
    reg [7:0]  idx_q;                   // table entry looked at
    reg [15:0] rot_q;                   // parked ones still to look at
    reg        ending_q;                // SMMUEN 1 to 0 has begun, its old work is not done
    reg        off_q;                   // it has begun in the cycle before

    // ---- the fault --------------------------------------------------------------------
    wire [7:0]  flt_slot = flt_msg_i[`UP_SLOT_LSB +: 8];
    wire [15:0] flt_sid  = flt_msg_i[`UP_SID_LSB +: 16];
    wire        stall    = flt_i[`FLT_STALL_LSB];
    // nothing stalls any more, and no record is written for it (STL-017, D20)
    wire        ending   = smmuen_end_i || ending_q;
    // it must come again: the last entry is held (STL-030)
    wire        keep;
    wire        back = !stall && flt_i[`FLT_RECORD_LSB] && keep && ev_writable_i && !ending;

    wire        stag_free, may_record;
    wire [15:0] stag;
    wire        may_stall = stag_free && ev_writable_i && may_record;
    wire        deciding  = (state_q == S_FLT);
    wire        offer     = stall ? !ending && may_stall : flt_i[`FLT_RECORD_LSB] && !back;
    wire        parks     = deciding && stall && !ending && !may_stall;
    wire        takes     = deciding && stall && offer && ev_ready_i;
    wire        decided   = deciding && (!offer || ev_ready_i);

    assign ev_valid_o = deciding && offer;
    assign ev_stall_o = stall;
    assign ev_stag_o  = stag;

    smmu_evt_record u_record (
        .msg_i(flt_msg_i), .flt_i(flt_i), .stall_i(stall), .stag_i(stag), .rec_o(ev_rec_o));

    reg [3:0] flt_kind;
    always @(*) begin
        flt_kind = back ? `DN_K_RETRY : flt_i[`FLT_RAZWI_LSB] ? `DN_K_RAZWI : `DN_K_ABORT;
        if (stall) flt_kind = ending ? `DN_K_ABORT : may_stall ? `DN_K_STALL : `DN_K_PARK;
    end

    // ---- recorded stalls ----------------------------------------------------------------
    wire        lost, rd_valid, rd_pub;
    wire [7:0]  lost_slot, rd_gen, rd_tslot;
    wire [2:0]  rd_tbu;
    wire [15:0] rd_sid;
    wire        drop;

    smmu_stall_table #(.STALL_MAX(STALL_MAX)) u_table (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .free_o(stag_free), .stag_o(stag),
        .take_i(takes), .tbu_i(flt_tbu_i), .slot_i(flt_slot), .sid_i(flt_sid),
        .pub_valid_i(pub_valid_i), .pub_stag_i(pub_stag_i),
        .lost_valid_i(lost_valid_i), .lost_stag_i(lost_stag_i),
        .lost_o(lost), .lost_slot_o(lost_slot),
        .rd_slot_i(idx_q), .rd_valid_o(rd_valid), .rd_pub_o(rd_pub), .rd_gen_o(rd_gen),
        .rd_tbu_o(rd_tbu), .rd_tslot_o(rd_tslot), .rd_sid_o(rd_sid),
        .drop_i(drop), .off_i(smmuen_off_i));

    // all bits count: another stream or an older use of the slot is no match (STL-007, RES-011)
    wire res_hit  = rd_valid && rd_pub && rd_gen == res_stag_i[15:8] && res_sid_i == {16'd0, rd_sid};
    wire term_hit = rd_valid && sterm_sid_i == {16'd0, rd_sid};

    // ---- parked slots ---------------------------------------------------------------------
    wire        head_valid, wake_due;
    wire [26:0] head;
    wire [15:0] parked;
    wire        wake, turn, sent;
    wire        rot_hit  = sterm_sid_i == {16'd0, head[15:0]};
    wire        rot_pass = (state_q == S_ROT) && (rot_q != 16'd0) && head_valid && !rot_hit;
    wire        rot_drop = sent && (for_q == FOR_ROT);
    wire        unlose   = (state_q == S_LOST) && rd_valid;

    // all that ends the question of a slot
    wire [3:0] dn_kind   = dn_head_i[`DN_KIND_LSB +: `DN_KIND_W];
    wire       dn_answer = (dn_kind == `DN_K_OK) || (dn_kind == `DN_K_ONCE)
                        || (dn_kind == `DN_K_ABORT) || (dn_kind == `DN_K_RAZWI)
                        || (dn_kind == `DN_K_STALL) || (dn_kind == `DN_K_PARK);

    reg [26:0] push_who;
    always @(*) begin
        push_who = {flt_tbu_i, flt_slot, flt_sid};
        if (unlose)   push_who = {rd_tbu, rd_tslot, rd_sid};
        if (rot_pass) push_who = head;
    end

    smmu_park #(.NUM_TBU(NUM_TBU), .TBU_SLOTS(TBU_SLOTS)) u_park (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .push_i(parks || unlose || rot_pass), .push_who_i(push_who),
        .head_valid_o(head_valid), .head_who_o(head),
        .pop_i(wake || rot_pass || rot_drop), .count_o(parked), .off_i(smmuen_off_i),
        .room_i(stag_free && ev_writable_i), .more_i(drop), .wake_o(wake_due), .wake_i(wake),
        .seen_i(decided && stall), .seen_tbu_i(flt_tbu_i), .seen_slot_i(flt_slot),
        .may_record_o(may_record), .last_i(ev_last_i),
        .dn_valid_i(dn_valid_i & {NUM_TBU{dn_answer}}),
        .dn_slot_i(dn_head_i[`DN_SLOT_LSB +: `DN_SLOT_W]), .back_i(deciding && back),
        .used_i(ev_valid_o && ev_ready_i && ev_writable_i && !stall), .keep_o(keep));

    // ---- whose turn -------------------------------------------------------------------------
    wire [1:0] src;
    util_rr_pick #(.N(4), .PICK_W(2)) u_turn (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .req_i({wake_due, lost, res_valid_i || sterm_valid_i, flt_valid_i}),
        .take_i(state_q == S_IDLE), .valid_o(turn), .pick_o(src));

    wire start = (state_q == S_IDLE) && turn;

    // A retry or a termination that has not left when the TBUs end all stalls is void: it must
    // not reach a later user of the slot. (Not by smmuen_off_i itself, which is a grant of ctl.)
    wire stale = off_q && (for_q != FOR_FLT);

    assign sent = (state_q == S_SEND) && (ctl_ready_i || stale);
    assign wake = start && (src == SRC_WAKE);
    assign drop = (sent && (for_q == FOR_RES || for_q == FOR_TERM)) || (state_q == S_LOST);

    assign flt_ready_o   = sent && (for_q == FOR_FLT);
    assign res_ready_o   = (sent && (for_q == FOR_RES)) || (state_q == S_MISS);
    assign sterm_ready_o = (state_q == S_ROT) && (rot_q == 16'd0);
    assign flt_idle_o    = !deciding && !(state_q == S_SEND && for_q == FOR_FLT);

    wire term_next = (state_q == S_TERM && !term_hit) || (sent && for_q == FOR_TERM);
    wire term_last = (idx_q == LAST);

    always @(*) begin
        state_d = state_q;
        case (state_q)
            S_IDLE:
                if (turn)
                    case (src)
                        SRC_FLT:  state_d = S_FLT;
                        SRC_CMD:  state_d = res_valid_i ? S_RES : S_TERM;
                        SRC_LOST: state_d = S_LOST;
                        default:  state_d = S_SEND;
                    endcase
            S_FLT:  if (decided) state_d = S_SEND;
            S_RES:  state_d = res_hit ? S_SEND : S_MISS;
            S_TERM: if (term_hit) state_d = S_SEND;
            S_ROT:
                if (rot_q == 16'd0)             state_d = S_IDLE;
                else if (head_valid && rot_hit) state_d = S_SEND;
            S_SEND:
                if (sent)
                    case (for_q)
                        FOR_TERM: state_d = S_TERM;
                        FOR_ROT:  state_d = S_ROT;
                        default:  state_d = S_IDLE;
                    endcase
            default: state_d = S_IDLE;
        endcase
        if (term_next && term_last) state_d = S_ROT;
    end

    // ---- the message ------------------------------------------------------------------------
    reg [3:0] kind_q;
    reg [2:0] tbu_q;
    reg [7:0] slot_q;
    reg       cs_q;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            state_q  <= S_IDLE;
            ending_q <= 1'b0;
            off_q    <= 1'b0;
        end else begin
            state_q  <= state_d;
            ending_q <= smmuen_off_i || (ending_q && smmuen_i);
            off_q    <= smmuen_off_i;
        end

        if (start)
            idx_q <= (src == SRC_LOST) ? lost_slot : res_valid_i ? res_stag_i[7:0] : 8'd0;
        else if (term_next)
            idx_q <= idx_q + 8'd1;

        if (smmuen_off_i)                                 rot_q <= 16'd0;
        else if (term_next)                               rot_q <= parked;
        else if ((rot_pass || rot_drop) && rot_q != 16'd0) rot_q <= rot_q - 16'd1;

        // all that is resumed, terminated or woken belongs to a stream that can stall (D2)
        case (state_q)
            S_IDLE:  {for_q, kind_q, cs_q, tbu_q, slot_q} <=
                         {FOR_WAKE, `DN_K_RETRY, 1'b1, head[26:16]};
            S_FLT:   {for_q, kind_q, cs_q, tbu_q, slot_q} <=
                         {FOR_FLT, flt_kind, flt_i[`FLT_CANSTALL_LSB], flt_tbu_i, flt_slot};
            S_RES:   {for_q, kind_q, cs_q, tbu_q, slot_q} <=
                         {FOR_RES, res_ac_i ? `DN_K_RETRY : res_ab_i ? `DN_K_TABORT : `DN_K_TRAZWI,
                          1'b1, rd_tbu, rd_tslot};
            S_TERM:  {for_q, kind_q, cs_q, tbu_q, slot_q} <=
                         {FOR_TERM, `DN_K_TABORT, 1'b1, rd_tbu, rd_tslot};
            S_ROT:   {for_q, kind_q, cs_q, tbu_q, slot_q} <=
                         {FOR_ROT, `DN_K_TABORT, 1'b1, head[26:16]};
            default: ;
        endcase
    end

    wire [7:0] tbu_all = 8'd1 << tbu_q;
    assign ctl_valid_o = (state_q == S_SEND) && !stale;
    assign ctl_mask_o  = tbu_all[NUM_TBU-1:0];
    assign ctl_msg_o   = {{`DN_BODY_W{1'b0}}, cs_q, slot_q, kind_q};

    wire unused_ok = &{1'b0, tbu_all, dn_head_i};

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    // ---- what the users keep to ------------------------------------------------------------------
    // Requests are held until they are done; a stall record is taken only while it has an entry
    // (smmu_evtq P1); the fate of a record is told after it was taken.
    always @(*) if (f_on) begin
        assume (!(res_valid_i && sterm_valid_i));
        assume (!smmuen_off_i || smmuen_end_i);
        assume (!(ev_ready_i && ev_stall_o && !ev_writable_i));
    end
    always @(posedge clk_i) if (f_on && $past(rst_ni)) begin
        if ($past(flt_valid_i && !flt_ready_o))
            assume (flt_valid_i && flt_tbu_i == $past(flt_tbu_i) && flt_msg_i == $past(flt_msg_i)
                    && flt_i == $past(flt_i));
        if ($past(res_valid_i && !res_ready_o))
            assume (res_valid_i && res_sid_i == $past(res_sid_i) && res_stag_i == $past(res_stag_i)
                    && res_ac_i == $past(res_ac_i) && res_ab_i == $past(res_ab_i));
        if ($past(sterm_valid_i && !sterm_ready_o))
            assume (sterm_valid_i && sterm_sid_i == $past(sterm_sid_i));
    end

    // ---- one STAG slot, any: what was recorded for it, seen at the ports ---------------------------
    (* anyconst *) wire [7:0] f_slot;
    always @(*) assume (f_slot < STALL_MAX);
    wire        f_rec  = ev_valid_o && ev_ready_i && ev_stall_o;
    wire        f_take = f_rec && ev_stag_o[7:0] == f_slot;
    reg         f_live_q = 1'b0, f_pub_q = 1'b0;
    reg  [7:0]  f_gen_q, f_tslot_q;
    reg  [2:0]  f_tbu_q;
    reg  [15:0] f_sid_q;
    wire        f_sent = ctl_valid_o && ctl_ready_i;
    wire [3:0]  f_kind = ctl_msg_o[`DN_KIND_LSB +: 4];
    wire        f_mine = f_live_q && f_pub_q && res_stag_i == {f_gen_q, f_slot};
    wire        f_match = f_mine && res_sid_i == {16'd0, f_sid_q};
    wire        f_resume = state_q == S_SEND && for_q == FOR_RES;
    wire        f_freed = (drop && idx_q == f_slot) || smmuen_off_i;
    always @(posedge clk_i) begin
        if (!rst_ni) f_live_q <= 1'b0;
        else         f_live_q <= (f_take && !smmuen_off_i) || (f_live_q && !f_freed);
        f_pub_q <= rst_ni && !f_freed && !f_take
                && (f_pub_q || (f_live_q && pub_valid_i && pub_stag_i == {f_gen_q, f_slot}));
        if (f_take) begin
            f_gen_q   <= ev_stag_o[15:8];
            f_tbu_q   <= flt_tbu_i;
            f_tslot_q <= flt_msg_i[`UP_SLOT_LSB +: 8];
            f_sid_q   <= flt_msg_i[`UP_SID_LSB +: 16];
        end
    end

    // P1: RESUME reaches a stall only with its STAG and its StreamID, once its record is visible,
    // and then the very slot that stalled (STL-007, STL-008, RES-011)
    always @(*) if (f_on && ctl_valid_o && for_q == FOR_RES && idx_q == f_slot && !off_q) begin
        assert (f_match);
        assert (ctl_msg_o[`DN_SLOT_LSB +: 8] == f_tslot_q);
        assert (ctl_mask_o == (8'd1 << f_tbu_q) % (1 << NUM_TBU));
        assert (f_kind == (res_ac_i ? `DN_K_RETRY : res_ab_i ? `DN_K_TABORT : `DN_K_TRAZWI));
    end
    // P2: a RESUME that matches is never ignored
    always @(posedge clk_i) if (f_on && $past(rst_ni && state_q == S_RES && f_match))
        assert (f_resume && idx_q == f_slot);
    // P3: a STAG in use is not given again (STL-002, STL-004)
    always @(*) if (f_on && f_rec && f_live_q) assert (ev_stag_o[7:0] != f_slot);
    // P4: STALL is answered exactly when its record was taken in that decision (D19)
    reg f_recorded_q;
    always @(posedge clk_i) if (deciding && decided) f_recorded_q <= f_rec;
    always @(*) if (f_on && state_q == S_SEND && for_q == FOR_FLT)
        assert ((kind_q == `DN_K_STALL) == f_recorded_q);
    // P5: the answer to a fault goes to the slot that asked
    always @(*) if (f_on && ctl_valid_o && for_q == FOR_FLT) begin
        assert (flt_valid_i && ctl_msg_o[`DN_SLOT_LSB +: 8] == flt_msg_i[`UP_SLOT_LSB +: 8]);
        assert (ctl_mask_o == (8'd1 << flt_tbu_i) % (1 << NUM_TBU));
    end
    // P6: nothing is recorded as a stall, and none begins, while SMMUEN goes to 0 (STL-017)
    always @(*) if (f_on && smmuen_off_i) assert (!(ev_valid_o && ev_stall_o));
    // P7: an offered answer is held until it is taken, unless SMMUEN=0 voids it
    always @(posedge clk_i) if (f_on && $past(rst_ni && ctl_valid_o && !ctl_ready_i))
        assert ((ctl_valid_o && ctl_msg_o == $past(ctl_msg_o) && ctl_mask_o == $past(ctl_mask_o))
                || off_q);
    // P8: all that is held by the table is what was seen at the ports
    (* hierconn *) wire [STALL_MAX-1:0]    \u_table.valid_q , \u_table.pub_q ;
    (* hierconn *) wire [STALL_MAX*8-1:0]  \u_table.gen_q ;
    (* hierconn *) wire [STALL_MAX*27-1:0] \u_table.owner_q ;
    always @(*) if (f_on) begin
        assert (\u_table.valid_q [f_slot] == f_live_q);
        assert (\u_table.pub_q [f_slot] == f_pub_q);
        if (f_live_q)
            assert (\u_table.gen_q [f_slot*8 +: 8] == f_gen_q
                    && \u_table.owner_q [f_slot*27 +: 27] == {f_tbu_q, f_tslot_q, f_sid_q});
        assert (!f_pub_q || f_live_q);
        assert (flt_idle_o || flt_valid_i);
        if (state_q == S_RES || state_q == S_MISS || f_resume) assert (res_valid_i);
        if ((f_resume || state_q == S_RES)) assert (idx_q == res_stag_i[7:0]);
    end

    always @(*) if (f_on) begin
        // C1: a stall is recorded, published, and resumed with retry
        cover (f_sent && for_q == FOR_RES && f_kind == `DN_K_RETRY && idx_q == f_slot);
        // C2: the STAG of a live stall with another StreamID
        cover (state_q == S_MISS && f_mine && !f_match && res_ready_o);
        // C3: a RESUME before the record is visible
        cover (state_q == S_MISS && f_live_q && !f_pub_q && res_stag_i == {f_gen_q, f_slot}
               && res_sid_i == {16'd0, f_sid_q} && res_ready_o);
        // C4: a stall is parked for want of a STAG
        cover (f_sent && f_kind == `DN_K_PARK && !stag_free);
        // C5: a lost record becomes parked
        cover (unlose && idx_q == f_slot);
        // C6: STALL_TERM ends a recorded stall
        cover (f_sent && for_q == FOR_TERM && idx_q == f_slot);
    end
`endif
endmodule

`default_nettype wire
