// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_stable
// Purpose: One valid/ready channel: what is offered stays, unchanged, until it
//          is taken (AXI A3.2.1).
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Out    : bad_o   VALID was dropped, or the payload changed, before READY
// Tests  : tests/unit/test_bfm_checker.py
//-----------------------------------------------------------------------------
`default_nettype none

module bfm_stable #(
    parameter WIDTH = 1
) (
    input  wire             clk_i,
    input  wire             rst_ni,
    input  wire             valid_i,
    input  wire             ready_i,
    input  wire [WIDTH-1:0] payload_i,
    output wire             bad_o
);

    reg             wait_q;
    reg [WIDTH-1:0] old_q;

    initial begin
        wait_q = 1'b0;
        old_q  = {WIDTH{1'b0}};
    end

    always @(posedge clk_i) begin
        wait_q <= rst_ni && valid_i && !ready_i;
        old_q  <= payload_i;
    end

    assign bad_o = wait_q && (!valid_i || payload_i != old_q);

endmodule

`default_nettype wire
