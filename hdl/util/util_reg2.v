// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : util_reg2
// Purpose: Output register of two entries: everything that leaves, and the ready
//          given back, comes from flip-flops; one item a cycle.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : in_valid_i, in_data_i    producer;  out_ready_i  receiver (a pin)
// Out    : in_ready_o, out_valid_o, out_data_o (all registered)
// Stalls : the receiver stalls the producer one cycle later
// Tests  : tests/unit/test_util_stream.py
//-----------------------------------------------------------------------------
`default_nettype none

module util_reg2 #(
    parameter WIDTH = 8     // bits of the payload
) (
    input  wire             clk_i,
    input  wire             rst_ni,

    input  wire             in_valid_i,
    output wire             in_ready_o,
    input  wire [WIDTH-1:0] in_data_i,

    output wire             out_valid_o,
    input  wire             out_ready_i,
    output wire [WIDTH-1:0] out_data_o
);
    reg             head_valid_q, next_valid_q;
    reg [WIDTH-1:0] head_q, next_q;

    assign in_ready_o  = !next_valid_q;
    assign out_valid_o = head_valid_q;
    assign out_data_o  = head_q;

    wire put  = in_valid_i && in_ready_o;
    wire move = !head_valid_q || out_ready_i;    // the head takes a new item

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            head_valid_q <= 1'b0;
            next_valid_q <= 1'b0;
        end else begin
            if (move) head_valid_q <= next_valid_q || put;
            next_valid_q <= move ? 1'b0 : (next_valid_q || put);
        end
        if (move) head_q <= next_valid_q ? next_q : in_data_i;
        if (put)  next_q <= in_data_i;
    end
endmodule

`default_nettype wire
