// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : util_fifo_ram
// Purpose: FIFO in a RAM with a registered output that is bypassed into while
//          empty: one cycle through, one word a cycle in and out.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : wr_valid_i, wr_data_i    never refused: the writer counts the room
//          rd_ready_i               the word on rd_data_o is taken
// Out    : rd_valid_o, rd_data_o    registered
// Memory : DEPTH words in util_ram_1r1w, two more in the output stages
// Tests  : tests/unit/test_util_stream.py
//-----------------------------------------------------------------------------
`default_nettype none

module util_fifo_ram #(
    parameter WIDTH  = 8,   // bits of a word
    parameter DEPTH  = 16,  // words in the RAM
    parameter ADDR_W = 4    // at least clog2(DEPTH)
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

    // words in the RAM that a read may fetch: written at an earlier clock edge
    reg [ADDR_W:0]   count_q;
    reg [ADDR_W-1:0] wr_ptr_q, rd_ptr_q;
    reg              mid_valid_q;       // the RAM output holds a word
    reg              out_valid_q;
    reg [WIDTH-1:0]  out_q;

    wire [WIDTH-1:0] mid;

    wire out_free = !out_valid_q || rd_ready_i;
    wire stored   = (count_q != {(ADDR_W+1){1'b0}});
    wire direct   = wr_valid_i && !stored && !mid_valid_q && out_free;
    wire ram_wr   = wr_valid_i && !direct;
    wire ram_rd   = stored && (!mid_valid_q || out_free);

    // what goes direct is written, too, and overwritten: rd_ready_i comes late
    util_ram_1r1w #(.WIDTH(WIDTH), .DEPTH(DEPTH), .ADDR_W(ADDR_W), .BLOCK(1)) u_ram (
        .clk_i(clk_i),
        .rd_en_i(ram_rd), .rd_addr_i(rd_ptr_q), .rd_data_o(mid),
        .wr_en_i(wr_valid_i), .wr_addr_i(wr_ptr_q), .wr_data_i(wr_data_i));

    assign rd_valid_o = out_valid_q;
    assign rd_data_o  = out_q;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            count_q     <= {(ADDR_W+1){1'b0}};
            wr_ptr_q    <= {ADDR_W{1'b0}};
            rd_ptr_q    <= {ADDR_W{1'b0}};
            mid_valid_q <= 1'b0;
            out_valid_q <= 1'b0;
        end else begin
            if (ram_wr) wr_ptr_q <= (wr_ptr_q == LAST) ? {ADDR_W{1'b0}} : wr_ptr_q + 1'b1;
            if (ram_rd) rd_ptr_q <= (rd_ptr_q == LAST) ? {ADDR_W{1'b0}} : rd_ptr_q + 1'b1;
            if (ram_wr != ram_rd) count_q <= ram_wr ? count_q + 1'b1 : count_q - 1'b1;
            mid_valid_q <= ram_rd || (mid_valid_q && !out_free);
            if (out_free) out_valid_q <= mid_valid_q || direct;
        end
        if (out_free) out_q <= mid_valid_q ? mid : wr_data_i;
    end

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    localparam [ADDR_W:0] F_DEPTH = DEPTH[ADDR_W:0];

    // the writer counts the room
    always @(*) if (f_on) assume (!wr_valid_i || count_q < F_DEPTH);

    // one word, any, is marked as it comes in; f_ahead_q words leave before it
    (* anyseq *) wire f_mark;
    reg              f_live_q = 1'b0;
    reg [WIDTH-1:0]  f_data_q;
    reg [ADDR_W+1:0] f_ahead_q;
    wire             f_drop = rd_valid_o && rd_ready_i;
    wire [ADDR_W+1:0] f_held = count_q + mid_valid_q + out_valid_q;
    wire             f_put = wr_valid_i && f_mark && !f_live_q;
    wire             f_out = f_live_q && f_drop && f_ahead_q == 0;
    always @(posedge clk_i) begin
        if (!rst_ni)    f_live_q <= 1'b0;
        else if (f_put) f_live_q <= 1'b1;
        else if (f_out) f_live_q <= 1'b0;
        if (f_put) begin
            f_data_q  <= wr_data_i;
            f_ahead_q <= f_held - f_drop;
        end else if (f_drop) f_ahead_q <= f_ahead_q - 1'b1;
    end

    // P1: pointers and count agree and never leave the RAM
    always @(*) if (f_on) begin
        assert (count_q <= F_DEPTH && rd_ptr_q <= LAST && wr_ptr_q <= LAST);
        assert (wr_ptr_q == ((rd_ptr_q + count_q >= F_DEPTH) ? rd_ptr_q + count_q - F_DEPTH
                                                             : rd_ptr_q + count_q));
    end
    // P2: the RAM is never read at the address it is written (D11)
    always @(*) if (f_on) assert (!(ram_rd && ram_wr && rd_ptr_q == wr_ptr_q));
    // P3: a word comes out behind those that went in before it, unchanged
    always @(*) if (f_on && f_live_q) begin
        assert (f_ahead_q < f_held);
        if (f_ahead_q == 0 && rd_valid_o) assert (rd_data_o == f_data_q);
    end
    // P4: an offered word stays until it is taken
    always @(posedge clk_i) if (f_on && $past(rst_ni && rd_valid_o && !rd_ready_i))
        assert (rd_valid_o && rd_data_o == $past(rd_data_o));
    // P5: as many are held as came in and did not leave: none is doubled
    reg [ADDR_W+1:0] f_count_q;
    always @(posedge clk_i) f_count_q <= rst_ni ? f_count_q + wr_valid_i - f_drop : 0;
    always @(*) if (f_on) assert (f_count_q == f_held);

    always @(*) if (f_on) begin
        // C1: the marked word leaves after it has been in the RAM
        cover (f_out && rd_ptr_q == LAST && f_data_q != 0);
        // C2: all places full
        cover (count_q == F_DEPTH && mid_valid_q && out_valid_q);
    end
`endif
endmodule

`default_nettype wire
