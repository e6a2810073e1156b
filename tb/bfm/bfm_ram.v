// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_ram
// Purpose: One window of memory shared by several bfm_axi_mem ports, for runs
//          that must not enter Python per burst.
// Clock  : clk_i.  No reset: contents start as zero.
// In/Out : port p is slice p of every vector; reads are combinational,
//          writes happen at the edge, a higher port wins
// Python : mem[word] (tb/bfm/axi_mem.py loads a Memory into it), BASE, WORDS
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none

module bfm_ram #(
    parameter        PORT_N = 1,
    parameter        RAM_W  = 128,
    parameter        WORDS  = 1 << 18,                 // 4 MB of 128-bit words
    parameter [63:0] BASE   = 64'h0000_0000_4000_0000
) (
    input  wire                      clk_i,
    input  wire [PORT_N*64-1:0]      rd_addr_i,
    output wire [PORT_N*RAM_W-1:0]   rd_data_o,
    output wire [PORT_N-1:0]         rd_ok_o,
    input  wire [PORT_N-1:0]         wr_en_i,
    input  wire [PORT_N*64-1:0]      wr_addr_i,
    input  wire [PORT_N*RAM_W-1:0]   wr_data_i,
    input  wire [PORT_N*RAM_W/8-1:0] wr_strb_i,
    output wire [PORT_N-1:0]         wr_ok_o
);

    localparam [63:0] BYTES  = RAM_W / 8;
    localparam [63:0] SPAN   = WORDS * (RAM_W / 8);
    localparam        STRB_W = RAM_W / 8;

    reg [RAM_W-1:0] mem [0:WORDS-1] /* verilator public_flat_rd */;
    integer i;
    initial for (i = 0; i < WORDS; i = i + 1) mem[i] = {RAM_W{1'b0}};

    genvar p;
    generate
        for (p = 0; p < PORT_N; p = p + 1) begin : g_port
            wire [63:0] rd_off  = rd_addr_i[64*p +: 64] - BASE;
            wire [63:0] wr_off  = wr_addr_i[64*p +: 64] - BASE;
            wire        rd_ok   = rd_off < SPAN;
            /* verilator lint_off UNUSEDSIGNAL */   // WORDS may need fewer bits
            wire [31:0] rd_word = rd_ok ? rd_off[31:0] / BYTES[31:0] : 32'd0;
            wire [31:0] wr_word = wr_off[31:0] / BYTES[31:0];
            /* verilator lint_on UNUSEDSIGNAL */

            assign rd_ok_o[p] = rd_ok;
            assign wr_ok_o[p] = wr_off < SPAN;
            assign rd_data_o[RAM_W*p +: RAM_W] = mem[rd_word];

            wire [STRB_W-1:0] strb = wr_strb_i[STRB_W*p +: STRB_W];
            wire [RAM_W-1:0]  data = wr_data_i[RAM_W*p +: RAM_W];
            integer b;
            always @(posedge clk_i)
                if (wr_en_i[p] && wr_ok_o[p])
                    for (b = 0; b < STRB_W; b = b + 1)
                        if (strb[b]) mem[wr_word][8*b +: 8] <= data[8*b +: 8];
        end
    endgenerate

endmodule

`default_nettype wire
