// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : other_slice
// Purpose: Register slice of one channel: every output is a flip-flop, two
//          entries keep the rate of one a cycle.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Tests  : tests/smmu/test_dut.py
//-----------------------------------------------------------------------------
`default_nettype none

module other_slice #(
    parameter W = 8
) (
    input  wire         clk_i,
    input  wire         rst_ni,
    input  wire         in_valid_i,
    output wire         in_ready_o,
    input  wire [W-1:0] in_data_i,
    output wire         out_valid_o,
    input  wire         out_ready_i,
    output wire [W-1:0] out_data_o
);

    reg         first_q, second_q;      // entry in use; the first one is offered
    reg [W-1:0] first_data_q, second_data_q;

    wire take = in_valid_i && in_ready_o;
    wire give = first_q && out_ready_i;

    assign in_ready_o  = !second_q;
    assign out_valid_o = first_q;
    assign out_data_o  = first_data_q;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            first_q  <= 1'b0;
            second_q <= 1'b0;
        end else begin
            first_q  <= take || second_q || (first_q && !give);
            second_q <= (take || second_q) && first_q && !give;
        end
        if (give || !first_q) first_data_q <= second_q ? second_data_q : in_data_i;
        if (take) second_data_q <= in_data_i;
    end

endmodule

`default_nettype wire
