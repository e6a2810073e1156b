// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_va_extend
// Purpose: A client address of VA_W bits as the 64-bit input address: below 49
//          bits zero-extended (TTB1 is out of reach), else sign-extended.
// Spec   : IHI 0070 3.4.1; TRN-048
// Clock  : none, purely combinational
// Tests  : tests/smmu/test_variants.py
//-----------------------------------------------------------------------------
`default_nettype none

module smmu_va_extend #(
    parameter VA_W = 64         // 32..64
) (
    input  wire [VA_W-1:0] addr_i,
    output wire [63:0]     va_o
);
    generate
        if (VA_W < 32 || VA_W > 64) begin : g_range
            va_w_must_be_32_to_64 u_range ();
        end else if (VA_W == 64) begin : g_whole
            assign va_o = addr_i;
        end else if (VA_W < 49) begin : g_zero
            assign va_o = {{(64-VA_W){1'b0}}, addr_i};
        end else begin : g_sign
            assign va_o = {{(64-VA_W){addr_i[VA_W-1]}}, addr_i};
        end
    endgenerate
endmodule

`default_nettype wire
