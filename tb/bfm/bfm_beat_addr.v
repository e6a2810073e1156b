// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_beat_addr
// Purpose: Address of one beat of an AXI burst (FIXED, INCR, WRAP).
// In     : vec_i, beat_i      Out: addr_o    (combinational)
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_beat_addr (
    /* verilator lint_off UNUSEDSIGNAL */
    input  wire [`BFM_AX_W-1:0] vec_i,      // only the address fields matter
    /* verilator lint_on UNUSEDSIGNAL */
    input  wire [7:0]           beat_i,
    output wire [63:0]          addr_o
);

    wire [63:0] addr  = vec_i[`BFM_AX_ADDR];
    wire [2:0]  size  = vec_i[`BFM_AX_SIZE];
    wire [1:0]  burst = vec_i[`BFM_AX_BURST];
    wire [7:0]  len   = vec_i[`BFM_AX_LEN];

    wire [63:0] step    = {56'd0, beat_i} << size;
    wire [63:0] aligned = (addr >> size) << size;
    wire [63:0] linear  = (beat_i == 8'd0) ? addr : aligned + step;
    wire [63:0] wrap    = (({56'd0, len} + 64'd1) << size) - 64'd1;   // container mask

    assign addr_o = (burst == 2'd0) ? addr :
                    (burst == 2'd2) ? ((addr & ~wrap) | ((addr + step) & wrap)) : linear;

endmodule

`default_nettype wire
