// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_page_match
// Purpose: Are two page numbers in the same page of a size? Both are compared in
//          groups of bits of which no size ends inside one; the size chooses.
// Clock  : none, purely combinational
// Tests  : tests/unit/test_tbu.py, tests/unit/test_front.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"

module smmu_page_match (
    input  wire [35:0] a_i,         // address[47:12]
    input  wire [35:0] b_i,
    input  wire [2:0]  size_i,      // SZ_*, which rise with the size
    output wire        same_o
);
    wire [35:0] diff   = a_i ^ b_i;
    wire [6:0]  differ = {|diff[35:18], diff[17], |diff[16:13], |diff[12:9], |diff[8:4],
                          |diff[3:2], |diff[1:0]};
    wire [6:0]  used   = {size_i < `SZ_ALL, size_i < `SZ_1G, size_i < `SZ_512M, size_i < `SZ_32M,
                          size_i < `SZ_2M, size_i < `SZ_64K, size_i < `SZ_16K};
    assign same_o = (differ & used) == 7'd0;
endmodule
`default_nettype wire
