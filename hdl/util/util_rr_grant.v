// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : util_rr_grant
// Purpose: Round-robin choice among requesters as a one-hot grant: the search
//          starts one above the requester that was taken last.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : req_i  one bit per requester;  take_i  the choice is used this cycle
// Out    : grant_o  one of req_i, zero if nobody asks
// Limits : a requester that keeps asking is served after at most N-1 takes
// Tests  : proved with util_rr_pick, which adds the number
//-----------------------------------------------------------------------------
`default_nettype none

module util_rr_grant #(
    parameter N = 8             // requesters
) (
    input  wire         clk_i,
    input  wire         rst_ni,
    input  wire [N-1:0] req_i,
    input  wire         take_i,
    output wire [N-1:0] grant_o
);
    reg [N-1:0] after_q;        // above the one taken last

    // Two priority picks instead of a rotator: N may be any number.
    wire [N-1:0] above = req_i & after_q;
    reg  [N-1:0] first_above, first;
    reg          seen_above, seen;
    integer      i;
    always @(*) begin
        first_above = {N{1'b0}};
        first       = {N{1'b0}};
        seen_above  = 1'b0;
        seen        = 1'b0;
        i           = 0;
        if (|req_i)                 // nobody asks most of the time: nothing to choose
            for (i = 0; i < N; i = i + 1) begin
                first_above[i] = above[i] && !seen_above;
                first[i]       = req_i[i] && !seen;
                seen_above     = seen_above || above[i];
                seen           = seen || req_i[i];
            end
    end
    assign grant_o = (|above) ? first_above : first;

    reg [N-1:0] after_d;
    reg         taken;
    integer     k;
    always @(*) begin
        after_d = after_q;
        taken   = 1'b0;
        k       = 0;
        if (take_i && (|req_i))
            for (k = 0; k < N; k = k + 1) begin
                after_d[k] = taken;
                taken      = taken || grant_o[k];
            end
    end

    always @(posedge clk_i)
        if (!rst_ni) after_q <= {N{1'b1}} << 1;
        else         after_q <= after_d;
endmodule

`default_nettype wire
