// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_page_low
// Purpose: Page number bits [47:12] that lie inside an entry of a size.
// Clock  : none, purely combinational
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"

module smmu_page_low (
    input  wire [2:0]  size_i,      // SZ_*
    output reg  [35:0] low_o
);
    always @(*)
        case (size_i)
            `SZ_4K:   low_o = 36'd0;
            `SZ_16K:  low_o = 36'h3;
            `SZ_64K:  low_o = 36'hf;
            `SZ_2M:   low_o = 36'h1ff;
            `SZ_32M:  low_o = 36'h1fff;
            `SZ_512M: low_o = 36'h1ffff;
            `SZ_1G:   low_o = 36'h3ffff;
            default:  low_o = {36{1'b1}};
        endcase
endmodule

`default_nettype wire
