// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : util_rr_pick
// Purpose: Round-robin choice among requesters: the search starts one above the
//          requester that was taken last.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : req_i  one bit per requester;  take_i  the choice is used this cycle
// Out    : valid_o  somebody asks;  pick_o  its number, valid with valid_o
// Limits : a requester that keeps asking is served after at most N-1 takes
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none

module util_rr_pick #(
    parameter N      = 8,   // requesters
    parameter PICK_W = 3    // width of the choice, at least clog2(N) and at least 1
) (
    input  wire              clk_i,
    input  wire              rst_ni,
    input  wire [N-1:0]      req_i,
    input  wire              take_i,
    output wire              valid_o,
    output wire [PICK_W-1:0] pick_o
);
    reg [PICK_W-1:0] last_q;

    integer          i;
    reg              above_hit;
    reg [PICK_W-1:0] above;     // lowest requester above last_q
    reg [PICK_W-1:0] lowest;    // lowest requester of all

    // Two priority picks instead of a rotator: N may be any number.
    always @(*) begin
        above_hit = 1'b0;
        above     = {PICK_W{1'b0}};
        lowest    = {PICK_W{1'b0}};
        i         = 0;
        if (|req_i) begin
            for (i = N - 1; i >= 0; i = i - 1) begin
                if (req_i[i]) begin
                    lowest = i[PICK_W-1:0];
                    if (i[PICK_W-1:0] > last_q) begin
                        above_hit = 1'b1;
                        above     = i[PICK_W-1:0];
                    end
                end
            end
        end
    end

    assign valid_o = |req_i;
    assign pick_o  = above_hit ? above : lowest;

    always @(posedge clk_i) begin
        if (!rst_ni)                last_q <= {PICK_W{1'b0}};
        else if (take_i && valid_o) last_q <= pick_o;
    end
endmodule

`default_nettype wire
