// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_idlist
// Purpose: Outstanding bursts in order per AXI ID: which slot does a response
//          with this ID belong to, and is a slot the oldest of its ID.
// Clock  : clk_i.  Reset: rst_ni, synchronous, active low (forgets all).
// In     : push_*   a burst became outstanding
//          pop_*    the oldest burst of an ID ended
//          look_id_i
// Out    : look_live_o, look_slot_o   oldest burst of look_id_i
//          oldest_o      one bit per slot
//          next_*        who becomes the oldest when look_id_i is popped
//          alone_o       a push in this cycle finds its ID empty
// Limits : pop_id_i must have a burst outstanding; ID_W <= 16.
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none

module bfm_idlist #(
    parameter ID_W   = 8,
    parameter SLOT_W = 6
) (
    input  wire                   clk_i,
    input  wire                   rst_ni,

    input  wire                   push_i,
    input  wire [ID_W-1:0]        push_id_i,
    input  wire [SLOT_W-1:0]      push_slot_i,

    input  wire                   pop_i,
    input  wire [ID_W-1:0]        pop_id_i,

    input  wire [ID_W-1:0]        look_id_i,
    output wire                   look_live_o,
    output wire [SLOT_W-1:0]      look_slot_o,
    output wire                   next_valid_o,
    output wire [SLOT_W-1:0]      next_slot_o,

    output wire [(1<<SLOT_W)-1:0] oldest_o,
    output wire                   alone_o
);

    reg              live_q [0:(1<<ID_W)-1];
    reg [SLOT_W-1:0] head_q [0:(1<<ID_W)-1];
    reg [SLOT_W-1:0] tail_q [0:(1<<ID_W)-1];
    reg [SLOT_W-1:0] next_q [0:(1<<SLOT_W)-1];
    reg [(1<<SLOT_W)-1:0] more_q;      // a younger burst of the same ID exists
    reg [(1<<SLOT_W)-1:0] oldest_q;
    reg                   clean_q;     // nothing to forget
    integer i;

    initial begin
        more_q   = 0;
        oldest_q = 0;
        clean_q  = 1'b1;
        for (i = 0; i < (1 << ID_W); i = i + 1) begin
            live_q[i] = 1'b0;
            head_q[i] = 0;
            tail_q[i] = 0;
        end
        for (i = 0; i < (1 << SLOT_W); i = i + 1) next_q[i] = 0;
    end

    assign look_live_o  = live_q[look_id_i];
    assign look_slot_o  = head_q[look_id_i];
    assign next_valid_o = more_q[look_slot_o];
    assign next_slot_o  = next_q[look_slot_o];
    assign oldest_o     = oldest_q;

    wire [SLOT_W-1:0] pop_slot  = head_q[pop_id_i];
    wire              pop_more  = more_q[pop_slot];
    wire [SLOT_W-1:0] push_tail = tail_q[push_id_i];

    assign alone_o = !live_q[push_id_i] || (pop_i && pop_id_i == push_id_i && !pop_more);

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            more_q   <= 0;
            oldest_q <= 0;
            clean_q  <= 1'b1;
            if (!clean_q)
                for (i = 0; i < (1 << ID_W); i = i + 1) live_q[i] <= 1'b0;
        end else begin
            if (pop_i) begin
                oldest_q[pop_slot] <= 1'b0;
                more_q[pop_slot]   <= 1'b0;
                if (pop_more) begin
                    head_q[pop_id_i]            <= next_q[pop_slot];
                    oldest_q[next_q[pop_slot]]  <= 1'b1;
                end else begin
                    live_q[pop_id_i] <= 1'b0;
                end
            end
            // after the pop: a push into the list that just ran empty must win
            if (push_i) begin
                clean_q           <= 1'b0;
                tail_q[push_id_i] <= push_slot_i;
                if (alone_o) begin
                    live_q[push_id_i]     <= 1'b1;
                    head_q[push_id_i]     <= push_slot_i;
                    oldest_q[push_slot_i] <= 1'b1;
                end else begin
                    next_q[push_tail] <= push_slot_i;
                    more_q[push_tail] <= 1'b1;
                end
            end
        end
    end

endmodule

`default_nettype wire
