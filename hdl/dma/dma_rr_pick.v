// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : dma_rr_pick
// Purpose: Round-robin choice among the queues that ask for the shared port.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : req_i    one bit per queue;  take_i  the choice is used this cycle
// Out    : valid_o  some queue asks;  pick_o  its number, valid with valid_o
// Limits : a queue that keeps asking is served after at most N-1 others
// Tests  : tests/unit/test_dma.py
//-----------------------------------------------------------------------------
`default_nettype none

module dma_rr_pick #(
    // number of requesters
    parameter N      = 8,
    // width of the choice, at least log2(N) and at least 1
    parameter PICK_W = 3
) (
    input  wire              clk_i,
    input  wire              rst_ni,
    input  wire [N-1:0]      req_i,
    input  wire              take_i,
    output wire              valid_o,
    output reg  [PICK_W-1:0] pick_o
);
    // last_q was served last: the search starts one above it
    reg [PICK_W-1:0] last_q;

    integer            i;
    reg                hi_hit;
    reg                lo_hit;
    reg [PICK_W-1:0]   hi_pick;
    reg [PICK_W-1:0]   lo_pick;

    // Two priority picks, above last_q and over all, instead of a rotator:
    // no division by N is needed, so N may be any number.
    always @(*) begin
        hi_hit  = 1'b0;
        lo_hit  = 1'b0;
        hi_pick = {PICK_W{1'b0}};
        lo_pick = {PICK_W{1'b0}};
        for (i = N - 1; i >= 0; i = i - 1) begin
            if (req_i[i]) begin
                lo_hit  = 1'b1;
                lo_pick = i[PICK_W-1:0];
                if (i[PICK_W-1:0] > last_q) begin
                    hi_hit  = 1'b1;
                    hi_pick = i[PICK_W-1:0];
                end
            end
        end
        pick_o = hi_hit ? hi_pick : lo_pick;
    end

    assign valid_o = lo_hit;

    always @(posedge clk_i) begin
        if (!rst_ni)                last_q <= {PICK_W{1'b0}};
        else if (take_i && valid_o) last_q <= pick_o;
    end
endmodule

`default_nettype wire
