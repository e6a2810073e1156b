// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : util_fifo
// Purpose: Small FIFO of flip-flops; the oldest word is always on rd_data_o.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : wr_valid_i, wr_data_i    never refused: the writer counts the room
//          rd_ready_i               drop the oldest word
// Out    : rd_valid_o, rd_data_o    from the cycle after the write
// Limits : a write to a full FIFO is lost; meant for a few hundred bits
// Tests  : tests/unit/test_util_stream.py
//-----------------------------------------------------------------------------
`default_nettype none

module util_fifo #(
    parameter WIDTH  = 8,   // bits of a word
    parameter DEPTH  = 4,   // words
    parameter ADDR_W = 2    // at least clog2(DEPTH)
) (
    input  wire             clk_i,
    input  wire             rst_ni,

    input  wire             wr_valid_i,
    input  wire [WIDTH-1:0] wr_data_i,

    output wire             rd_valid_o,
    input  wire             rd_ready_i,
    output wire [WIDTH-1:0] rd_data_o
);
    localparam [ADDR_W-1:0] LAST = DEPTH[ADDR_W-1:0] - 1'b1;

    reg [DEPTH*WIDTH-1:0] mem_q;
    reg [ADDR_W-1:0]      wr_ptr_q, rd_ptr_q;
    reg [ADDR_W:0]        count_q;

    wire drop = rd_valid_o && rd_ready_i;

    assign rd_valid_o = (count_q != {(ADDR_W+1){1'b0}});

    // Word by word and bit by bit: an index times WIDTH would become a multiplier and shifters.
    localparam WORDS = 1 << ADDR_W;
    genvar g, b;
    generate
        for (g = 0; g < DEPTH; g = g + 1) begin : g_word
            localparam [31:0] ME = g;
            always @(posedge clk_i)
                if (wr_valid_i && wr_ptr_q == ME[ADDR_W-1:0]) mem_q[g*WIDTH +: WIDTH] <= wr_data_i;
        end
        for (b = 0; b < WIDTH; b = b + 1) begin : g_bit
            wire [WORDS-1:0] column;
            for (g = 0; g < WORDS; g = g + 1) begin : g_column
                if (g < DEPTH) begin : g_kept
                    assign column[g] = mem_q[g*WIDTH + b];
                end else begin : g_none
                    assign column[g] = 1'b0;
                end
            end
            assign rd_data_o[b] = column[rd_ptr_q];
        end
    endgenerate

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            wr_ptr_q <= {ADDR_W{1'b0}};
            rd_ptr_q <= {ADDR_W{1'b0}};
            count_q  <= {(ADDR_W+1){1'b0}};
        end else begin
            if (wr_valid_i) wr_ptr_q <= (wr_ptr_q == LAST) ? {ADDR_W{1'b0}} : wr_ptr_q + 1'b1;
            if (drop)       rd_ptr_q <= (rd_ptr_q == LAST) ? {ADDR_W{1'b0}} : rd_ptr_q + 1'b1;
            if (wr_valid_i != drop)
                count_q <= wr_valid_i ? count_q + 1'b1 : count_q - 1'b1;
        end
    end
endmodule

`default_nettype wire
