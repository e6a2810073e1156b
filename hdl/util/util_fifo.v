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
    reg [WIDTH-1:0]       head_q;       // the oldest word once more: no choice stands behind it
    reg [ADDR_W-1:0]      wr_ptr_q, rd_ptr_q;
    reg [ADDR_W:0]        count_q;

    wire                  drop    = rd_valid_o && rd_ready_i;
    wire [ADDR_W-1:0]     rd_next = (rd_ptr_q == LAST) ? {ADDR_W{1'b0}} : rd_ptr_q + 1'b1;
    wire                  single  = (count_q == {{ADDR_W{1'b0}}, 1'b1});

    assign rd_valid_o = (count_q != {(ADDR_W+1){1'b0}});

    // Word by word and bit by bit: an index times WIDTH would become a multiplier and shifters.
    integer w;
    always @(posedge clk_i)
        if (wr_valid_i)
            for (w = 0; w < DEPTH; w = w + 1)
                if (wr_ptr_q == w[ADDR_W-1:0]) mem_q[w*WIDTH +: WIDTH] <= wr_data_i;

    localparam WORDS = 1 << ADDR_W;
    integer           r, b;
    reg [WORDS-1:0]   column;
    reg [WIDTH-1:0]   second;           // the word behind the oldest
    always @(*) begin
        column = {WORDS{1'b0}};
        second = {WIDTH{1'b0}};
        b      = 0;
        r      = 0;
        if (rd_valid_o && !single)              // else there is no word to choose
            for (b = 0; b < WIDTH; b = b + 1) begin
                for (r = 0; r < DEPTH; r = r + 1) column[r] = mem_q[r*WIDTH + b];
                second[b] = column[rd_next];
            end
    end

    always @(posedge clk_i)
        if (!rd_valid_o || (drop && single)) head_q <= wr_data_i;   // if there is one
        else if (drop)                       head_q <= second;
    assign rd_data_o = head_q;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            wr_ptr_q <= {ADDR_W{1'b0}};
            rd_ptr_q <= {ADDR_W{1'b0}};
            count_q  <= {(ADDR_W+1){1'b0}};
        end else begin
            if (wr_valid_i) wr_ptr_q <= (wr_ptr_q == LAST) ? {ADDR_W{1'b0}} : wr_ptr_q + 1'b1;
            if (drop)       rd_ptr_q <= rd_next;
            if (wr_valid_i != drop)
                count_q <= wr_valid_i ? count_q + 1'b1 : count_q - 1'b1;
        end
    end

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    localparam [ADDR_W:0] F_DEPTH = DEPTH[ADDR_W:0];

    // the writer counts the room
    always @(*) if (f_on) assume (!wr_valid_i || count_q < F_DEPTH || drop);

    // one word, any, is marked as it comes in; f_ahead_q words leave before it
    (* anyseq *) wire f_mark;
    reg              f_live_q = 1'b0;
    reg [WIDTH-1:0]  f_data_q;
    reg [ADDR_W:0]   f_ahead_q;
    wire             f_put = wr_valid_i && f_mark && !f_live_q;
    wire             f_out = f_live_q && drop && f_ahead_q == 0;
    wire [ADDR_W:0]  f_sum = rd_ptr_q + f_ahead_q;
    wire [ADDR_W:0]  f_at  = (f_sum >= F_DEPTH) ? f_sum - F_DEPTH : f_sum;
    always @(posedge clk_i) begin
        if (!rst_ni)    f_live_q <= 1'b0;
        else if (f_put) f_live_q <= 1'b1;
        else if (f_out) f_live_q <= 1'b0;
        if (f_put) begin
            f_data_q  <= wr_data_i;
            f_ahead_q <= count_q - drop;
        end else if (drop) f_ahead_q <= f_ahead_q - 1'b1;
    end

    // P1: pointers and count agree, and never leave the memory
    always @(*) if (f_on) begin
        assert (count_q <= F_DEPTH && rd_ptr_q <= LAST && wr_ptr_q <= LAST);
        assert (wr_ptr_q == ((rd_ptr_q + count_q >= F_DEPTH) ? rd_ptr_q + count_q - F_DEPTH
                                                             : rd_ptr_q + count_q));
    end
    // P2: a word comes out behind those that went in before it, unchanged
    always @(*) if (f_on && f_live_q) begin
        assert (f_ahead_q < count_q);
        assert (mem_q[f_at*WIDTH +: WIDTH] == f_data_q);
        if (f_ahead_q == 0) assert (rd_valid_o && rd_data_o == f_data_q);
    end
    always @(*) if (f_on && rd_valid_o) assert (head_q == mem_q[rd_ptr_q*WIDTH +: WIDTH]);
    // P3: an offered word stays until it is taken
    always @(posedge clk_i) if (f_on && $past(rst_ni && rd_valid_o && !rd_ready_i))
        assert (rd_valid_o && rd_data_o == $past(rd_data_o));
    // P4: as many are held as came in and did not leave: none is doubled
    reg [ADDR_W:0] f_count_q;
    always @(posedge clk_i) f_count_q <= rst_ni ? f_count_q + wr_valid_i - drop : 0;
    always @(*) if (f_on) assert (f_count_q == count_q);

    always @(*) if (f_on) begin
        // C1: the marked word leaves a FIFO that has been wrapped around
        cover (f_out && rd_ptr_q == LAST && f_data_q != 0);
        // C2: full, with a word in and out at once
        cover (count_q == F_DEPTH && wr_valid_i && drop);
    end
`endif
endmodule

`default_nettype wire
