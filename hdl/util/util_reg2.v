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
        if (in_ready_o) next_q <= in_data_i;    // of no meaning until it counts
    end

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    // one item, any, is marked as it comes in; f_ahead_q items leave before it
    (* anyseq *) wire f_mark;
    wire f_give = out_valid_o && out_ready_i;
    wire f_put  = put && f_mark && !f_live_q;
    reg              f_live_q = 1'b0, f_ahead_q, f_second_q;
    reg [WIDTH-1:0]  f_data_q;
    always @(posedge clk_i) begin
        f_second_q <= f_live_q && f_ahead_q;
        if (!rst_ni)    f_live_q <= 1'b0;
        else if (f_put) f_live_q <= 1'b1;
        else if (f_give && !f_ahead_q) f_live_q <= 1'b0;
        if (f_put) begin
            f_data_q  <= in_data_i;
            f_ahead_q <= head_valid_q && !out_ready_i;
        end else if (f_give) f_ahead_q <= 1'b0;
    end

    // P1: the second entry is used only while the first one is
    always @(*) if (f_on) assert (head_valid_q || !next_valid_q);
    // P2: items leave in order and unchanged
    always @(*) if (f_on && f_live_q) begin
        if (f_ahead_q) assert (next_valid_q && next_q == f_data_q);
        else           assert (out_valid_o && out_data_o == f_data_q);
    end
    // P3: an offered item stays until it is taken
    always @(posedge clk_i) if (f_on && $past(rst_ni && out_valid_o && !out_ready_i))
        assert (out_valid_o && out_data_o == $past(out_data_o));
    // P4: as many are held as came in and did not leave: none is doubled
    reg [1:0] f_count_q;
    always @(posedge clk_i) f_count_q <= rst_ni ? f_count_q + {1'b0, put} - {1'b0, f_give} : 2'd0;
    always @(*) if (f_on) assert (f_count_q == {1'b0, head_valid_q} + {1'b0, next_valid_q});

    always @(*) if (f_on) begin
        // C1: the marked item was second and leaves
        cover (f_second_q && f_give && f_data_q != 0);
        // C2: both entries full
        cover (next_valid_q);
    end
`endif
endmodule

`default_nettype wire
