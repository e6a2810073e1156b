// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : util_ram_1r1w
// Purpose: The one memory of the design: one read port, one write port.
// Clock  : clk_i, one domain.  No reset: contents are kept valid elsewhere.
// In     : rd_en_i, rd_addr_i   read; the word appears the cycle after
//          wr_en_i, wr_addr_i, wr_data_i   write at the clock edge
// Out    : rd_data_o            held while rd_en_i is low
// Limits : reading an address in the cycle it is written gives an undefined
//          word (architecture D11): bypass outside when it can matter.
//          DEPTH must not exceed 2**ADDR_W; an address past DEPTH reads junk.
// Tests  : tests/unit/test_util_ram.py
//-----------------------------------------------------------------------------
`default_nettype none

module util_ram_1r1w #(
    parameter WIDTH  = 8,   // bits of a word
    parameter DEPTH  = 16,  // words
    parameter ADDR_W = 4,   // bits of an address, at least clog2(DEPTH)
    /* verilator lint_off UNUSEDPARAM */ // known to synthesis only
    parameter BLOCK  = 0    // 1: a block RAM where it could be distributed RAM
    /* verilator lint_on UNUSEDPARAM */
) (
    input  wire              clk_i,

    input  wire              rd_en_i,
    input  wire [ADDR_W-1:0] rd_addr_i,
    output reg  [WIDTH-1:0]  rd_data_o,

    input  wire              wr_en_i,
    input  wire [ADDR_W-1:0] wr_addr_i,
    input  wire [WIDTH-1:0]  wr_data_i
);

    generate
        if (DEPTH > (1 << ADDR_W)) begin : g_check_depth
            util_ram_1r1w_depth_exceeds_addr_w u_broken_rule ();
        end
    endgenerate

`ifdef SYNTHESIS
    (* ram_style = (BLOCK != 0) ? "block" : "auto" *)
`endif
    reg [WIDTH-1:0] mem_q [0:DEPTH-1];

    always @(posedge clk_i) begin
        if (wr_en_i) mem_q[wr_addr_i] <= wr_data_i;
    end

`ifdef SYNTHESIS
    always @(posedge clk_i) begin
        if (rd_en_i) rd_data_o <= mem_q[rd_addr_i];
    end
`else
    // Simulation shows what silicon may show: contents at power-up and a word
    // read while it is written are noise, never X, so that a design which
    // relies on either fails under some seed instead of hiding behind X.
    localparam DRAWS = (WIDTH + 31) / 32;

    // rounded up to whole 32-bit draws: the bits above WIDTH stay unused
    /* verilator lint_off UNUSEDSIGNAL */
    reg [32*DRAWS-1:0] noise;
    /* verilator lint_on UNUSEDSIGNAL */
    integer i, k;

    initial begin
        noise = {DRAWS{32'h5eed_c0de}};
        for (i = 0; i < DEPTH; i = i + 1) begin
            for (k = 0; k < DRAWS; k = k + 1) noise[32*k +: 32] = $random;
            mem_q[i] = noise[WIDTH-1:0];
        end
        rd_data_o = noise[WIDTH-1:0];
    end

    wire collision  = wr_en_i && (wr_addr_i == rd_addr_i);
    // widened so that the compare holds for DEPTH == 2**ADDR_W too
    wire past_depth = {{(32-ADDR_W){1'b0}}, rd_addr_i} >= DEPTH;

    always @(posedge clk_i) begin
        if (rd_en_i) begin
            if (collision || past_depth) rd_data_o <= ~rd_data_o;
            else                         rd_data_o <= mem_q[rd_addr_i];
        end
    end
`endif

endmodule

`default_nettype wire
