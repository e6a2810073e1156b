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

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    // one word, any, is marked as it comes in; it waits here or leaves at once
    (* anyseq *) wire f_mark;
    wire f_take = in_valid_i && in_ready_o;
    wire f_give = out_valid_o && out_ready_i;
    reg              f_live_q = 1'b0;
    reg [WIDTH-1:0]  f_data_q;
    always @(posedge clk_i) begin
        if (!rst_ni)                f_live_q <= 1'b0;
        else if (f_take && f_mark)  f_live_q <= !f_give;
        else if (f_give)            f_live_q <= 1'b0;
        if (f_take && f_mark)       f_data_q <= in_data_i;
    end

    // P1: nothing is taken while a word is held
    always @(*) if (f_on) assert (!(in_ready_o && held_q));
    // P2: nothing is lost, doubled or changed: in and out in the same cycle, or held
    always @(*) if (f_on) begin
        if (f_take) assert (out_valid_o && out_data_o == in_data_i);
        if (f_live_q) assert (held_q && out_valid_o && out_data_o == f_data_q);
    end
    always @(posedge clk_i) if (f_on && $past(rst_ni))
        assert (held_q == $past(out_valid_o && !out_ready_i));
    // P3: an offered word stays until it is taken, if the sender holds his
    always @(posedge clk_i) if (f_on && $past(rst_ni && out_valid_o && !out_ready_i))
        assert (out_valid_o && out_data_o == $past(out_data_o));

    always @(*) if (f_on) begin
        // C1: a word that was held leaves
        cover (f_live_q && f_give && f_data_q != 0);
        // C2: a word passes straight through
        cover (f_take && f_give && !held_q);
    end
`endif
endmodule

`default_nettype wire
