// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : util_skid
// Purpose: Input skid: the ready given to the sender is a flip-flop, the payload
//          passes straight through while nothing is held.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : in_valid_i, in_data_i    sender (a pin);  out_ready_i  receiver
// Out    : in_ready_o (registered), out_valid_o, out_data_o
// Stalls : the receiver stalls the sender one cycle later; adds no latency
// Tests  : tests/unit/test_util_stream.py
//-----------------------------------------------------------------------------
`default_nettype none

module util_skid #(
    parameter WIDTH = 8     // bits of the payload
) (
    input  wire             clk_i,
    input  wire             rst_ni,

    input  wire             in_valid_i,
    output reg              in_ready_o,
    input  wire [WIDTH-1:0] in_data_i,

    output wire             out_valid_o,
    input  wire             out_ready_i,
    output wire [WIDTH-1:0] out_data_o
);
    reg             held_q;
    reg [WIDTH-1:0] data_q;

    assign out_valid_o = held_q || (in_valid_i && in_ready_o);
    assign out_data_o  = held_q ? data_q : in_data_i;

    wire held_d = out_valid_o && !out_ready_i;

    // in_ready_o is low in reset, hence not simply !held_q
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            held_q     <= 1'b0;
            in_ready_o <= 1'b0;
        end else begin
            held_q     <= held_d;
            in_ready_o <= !held_d;
        end
        if (!held_q) data_q <= in_data_i;
    end
endmodule

`default_nettype wire
