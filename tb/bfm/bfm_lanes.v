// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_lanes
// Purpose: Byte lanes one beat of a burst may use.
// In     : vec_i, beat_i     Out: lanes_o     (combinational)
// Tests  : tests/unit/test_bfm_checker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_lanes #(
    parameter DATA_W = 128
) (
    input  wire [`BFM_AX_W-1:0] vec_i,
    input  wire [7:0]           beat_i,
    output wire [DATA_W/8-1:0]  lanes_o
);

    localparam BYTES = DATA_W / 8;

    /* verilator lint_off UNUSEDSIGNAL */   // lanes are low bits
    wire [63:0] addr;
    /* verilator lint_on UNUSEDSIGNAL */
    bfm_beat_addr u_addr (.vec_i(vec_i), .beat_i(beat_i), .addr_o(addr));

    // from the address to the end of its size-aligned container
    wire [2:0]  size = vec_i[`BFM_AX_SIZE];
    wire [31:0] low  = addr[31:0] & (BYTES - 1);
    wire [31:0] top  = ((low >> size) + 32'd1) << size;

    genvar b;
    generate
        for (b = 0; b < BYTES; b = b + 1) begin : g_lane
            assign lanes_o[b] = b >= low && b < top;
        end
    endgenerate

endmodule

`default_nettype wire
