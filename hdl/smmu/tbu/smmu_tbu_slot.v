// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_slot
// Purpose: One slot: a transaction that waits for its order, its write data, an
//          answer, or software. It never holds a translation (D16).
// Spec   : D2, D16, D18..D20; STL-001, STL-010, STL-017
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : offer_i   S1 may take it, with what alloc_* tell: all but the state is kept at once
//          alloc_i   S1 takes it, which comes late
//          dn_*      a message for this slot, in the order of the DN stream
//          rp_*      replay: taken, missed (ask again)
//          older_left_i  an older one of its direction and ID leaves
//          dc_i      its last write beat comes in;  free_i  it leaves
// Out    : state bits, who it is, what it wants
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_tbu.vh"

module smmu_tbu_slot #(
    parameter ID_W  = 8,
    parameter CNT_W = 6     // counts the slots before it
) (
    input  wire             clk_i,
    input  wire             rst_ni,

    input  wire             offer_i,
    input  wire             alloc_i,
    input  wire [2:0]       alloc_state_i,
    input  wire             alloc_write_i,
    input  wire [ID_W-1:0]  alloc_id_i,
    input  wire [CNT_W-1:0] alloc_ahead_i,
    input  wire             alloc_cs_i,
    input  wire             alloc_dc_i,
    input  wire             alloc_mode_i,

    input  wire             dn_i,
    input  wire [3:0]       dn_kind_i,
    input  wire             dn_cs_i,
    input  wire             off_i,          // SMMUEN is 0: nothing may stall any more
    input  wire             cfg_inv_i,      // what is known of the stream may be old

    input  wire             ask_take_i,
    input  wire             rp_i,           // it is in replay
    input  wire             rp_ask_i,
    input  wire             rp_same_i,      // the one in replay has this direction and ID
    input  wire             older_left_i,
    input  wire             dc_i,
    input  wire             free_i,

    output wire             valid_o,
    output wire             write_o,
    output wire [ID_W-1:0]  id_o,
    output wire             mode_o,
    output wire             cs_o,           // can stall, or waits behind one that can
    output wire             cs_known_o,     // cs_o came with an answer
    output wire             local_o,        // the answer will be given here
    output wire             razwi_o,
    output wire             want_ask_o,
    output wire             want_rp_o,      // may be looked up now
    output wire             want_next_o,    // may be, once the one in replay has left
    output wire             want_once_o,    // could use what an OK carries now
    output wire             want_loc_o
);
    reg [2:0]       state_q;
    reg             write_q, mode_q;
    reg [ID_W-1:0]  id_q;
    reg [CNT_W-1:0] ahead_q;
    reg             cs_q, cs_known_q, dc_q;

    // ---- state -----------------------------------------------------------------------
    wire waits = (state_q == `TS_STALL) || (state_q == `TS_PARK);
    wire ok    = dn_i && (dn_kind_i == `DN_K_OK) && (state_q == `TS_WAIT);

    wire used  = offer_i || valid_o;

    always @(posedge clk_i) begin
        if (!rst_ni) state_q <= `TS_FREE;
        else if (alloc_i) state_q <= alloc_state_i;
        else if (valid_o) begin             // a free slot keeps what it has
            if (dn_i) begin
                if (state_q == `TS_WAIT)
                    case (dn_kind_i)
                        `DN_K_OK, `DN_K_ONCE: state_q <= `TS_LOOK;
                        `DN_K_ABORT:          state_q <= `TS_ABORT;
                        `DN_K_RAZWI:          state_q <= `TS_RAZWI;
                        `DN_K_STALL:          state_q <= `TS_STALL;
                        `DN_K_PARK:           state_q <= `TS_PARK;
                        `DN_K_RETRY:          state_q <= `TS_ASK;       // STL-030
                        default: ;
                    endcase
                else if (waits)
                    case (dn_kind_i)
                        `DN_K_RETRY:          state_q <= `TS_ASK;
                        `DN_K_TABORT:         state_q <= `TS_ABORT;
                        `DN_K_TRAZWI:         state_q <= `TS_RAZWI;
                        default: ;
                    endcase
            end

            // SMMUEN 1 to 0 ends every stall, also one that begins later (STL-017)
            if (waits && off_i) state_q <= `TS_ABORT;

            if (ask_take_i) state_q <= `TS_WAIT;
            if (rp_ask_i)   state_q <= `TS_ASK;
            if (free_i)     state_q <= `TS_FREE;
        end
    end

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            cs_q    <= 1'b0;
            dc_q    <= 1'b0;
            write_q <= 1'b0;
            mode_q  <= 1'b0;
            ahead_q <= {CNT_W{1'b0}};
        end else if (used) begin
            if (offer_i)   cs_q <= alloc_cs_i;
            else if (dn_i) cs_q <= dn_cs_i;
            if (offer_i)   dc_q <= alloc_dc_i;
            else if (dc_i) dc_q <= 1'b1;
            if (offer_i) begin
                write_q <= alloc_write_i;
                mode_q  <= alloc_mode_i;
                ahead_q <= alloc_ahead_i;
            end else if (older_left_i) ahead_q <= ahead_q - 1'b1;
        end
        if (used) begin
            if (offer_i) id_q <= alloc_id_i;
            // OK-once may come from a configuration that is no longer valid, and RETRY, TABORT and
            // TRAZWI say nothing new about it
            if (offer_i || cfg_inv_i) cs_known_q <= 1'b0;
            else if (dn_i && !waits)  cs_known_q <= (dn_kind_i != `DN_K_ONCE);
        end
    end

    // ---- what it wants -----------------------------------------------------------------
    wire complete = !write_q || dc_q || dc_i;
    wire first    = (ahead_q == {CNT_W{1'b0}});
    wire second   = (ahead_q == {{(CNT_W-1){1'b0}}, 1'b1});
    // one that is in replay already uses the translation its OK carries
    wire looks    = ((state_q == `TS_LOOK) || ok) && !rp_i;

    assign valid_o     = (state_q != `TS_FREE);
    assign write_o     = write_q;
    assign id_o        = id_q;
    assign mode_o      = mode_q;
    assign cs_o        = cs_q;
    assign cs_known_o  = cs_known_q;
    assign local_o     = (state_q == `TS_ABORT) || (state_q == `TS_RAZWI);
    assign razwi_o     = (state_q == `TS_RAZWI);
    assign want_ask_o  = (state_q == `TS_ASK);
    assign want_rp_o   = looks && complete && first;
    assign want_next_o = looks && complete && second && rp_same_i;
    assign want_once_o = (state_q == `TS_WAIT) && complete && first;
    assign want_loc_o  = local_o && first && (!write_q || dc_q);

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    // what smmu_tbu_slots and the path keep to: a slot is taken while free, and put back or asked
    // again only from the replay it was taken for
    always @(*) if (f_on) begin
        assume (!alloc_i || offer_i);
        assume (!offer_i || state_q == `TS_FREE);
        assume (!offer_i || !(free_i || rp_ask_i || rp_i || dn_i));
        assume (!alloc_i || alloc_state_i == `TS_ASK || alloc_state_i == `TS_WAIT
                || alloc_state_i == `TS_LOOK || alloc_state_i == `TS_ABORT);
        assume (!ask_take_i || want_ask_o);
        assume (!rp_ask_i || rp_i);
        assume (!(rp_ask_i && free_i));
    end

    // The slot was granted a translation since it last asked: an OK or OK-once, or a hit as it
    // came (then it looks up itself).
    reg f_granted_q = 1'b0;
    wire f_grant = dn_i && state_q == `TS_WAIT && (dn_kind_i == `DN_K_OK || dn_kind_i == `DN_K_ONCE);
    always @(posedge clk_i)
        if (!rst_ni)      f_granted_q <= 1'b0;
        else if (alloc_i) f_granted_q <= (alloc_state_i == `TS_LOOK);
        else if (rp_ask_i || free_i) f_granted_q <= 1'b0;
        else if (f_grant) f_granted_q <= 1'b1;

    // P1: only a slot that was granted a translation is looked up, or one whose grant comes now
    always @(*) if (f_on) begin
        if (state_q == `TS_LOOK) assert (f_granted_q);
        if (want_rp_o || want_next_o) assert (f_granted_q || f_grant);
        if (want_once_o) assert (state_q == `TS_WAIT);
    end
    // P2: a slot that stalls, is parked or is answered here asks nothing and is not looked up (D16)
    always @(*) if (f_on && (waits || local_o))
        assert (!want_ask_o && !want_rp_o && !want_next_o && !want_once_o);
    // P3: a stalled or parked slot goes on only by RETRY, TABORT, TRAZWI or SMMUEN=0 (STL-001)
    always @(posedge clk_i) if (f_on && $past(rst_ni && waits && !free_i && !rp_ask_i)
                                && state_q != $past(state_q))
        assert ($past(off_i || (dn_i && (dn_kind_i == `DN_K_RETRY || dn_kind_i == `DN_K_TABORT
                                         || dn_kind_i == `DN_K_TRAZWI))));
    // P4: a retried slot asks before anything else, with the state of then (STL-010)
    always @(posedge clk_i) if (f_on && $past(rst_ni && waits && dn_i && dn_kind_i == `DN_K_RETRY
                                              && !off_i && !free_i && !rp_ask_i))
        assert (want_ask_o && !want_rp_o);
    // P5: a write is answered or looked up only with all its data (D3)
    always @(*) if (f_on && write_q && !dc_q && !dc_i)
        assert (!want_rp_o && !want_next_o && !want_once_o && !want_loc_o);
    // P6: only the first of its direction and ID, or the second behind the one in replay
    always @(*) if (f_on) begin
        if (want_rp_o || want_once_o || want_loc_o) assert (ahead_q == 0);
        if (want_next_o) assert (ahead_q == 1 && rp_same_i);
    end

    always @(*) if (f_on) begin
        // C1: stalled, retried, granted, looked up
        cover (want_rp_o && f_retry_q);
        // C2: a stalled slot is ended by SMMUEN=0
        cover (waits && off_i);
        // C3: OK finds it first and complete
        cover (f_grant && want_rp_o);
        // C4: second in line
        cover (want_next_o);
    end
    reg f_retry_q;
    always @(posedge clk_i)
        f_retry_q <= rst_ni && !alloc_i
                  && (f_retry_q || (state_q == `TS_STALL && dn_i && dn_kind_i == `DN_K_RETRY));
`endif
endmodule

`default_nettype wire
