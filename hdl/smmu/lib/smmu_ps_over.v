// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_ps_over
// Purpose: Does an address reach beyond an output size? Code 0..5 = 32, 36, 40, 42, 44, 48 bits.
// Spec   : IDR5.OAS coding; TRN-032, TRN-033
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_ps_over (
    input  wire [51:0] addr_i,      // address bits [51:0]
    input  wire [2:0]  ps_i,
    output reg         over_o
);
    always @(*)
        case (ps_i)
            3'd0:    over_o = |addr_i[51:32];
            3'd1:    over_o = |addr_i[51:36];
            3'd2:    over_o = |addr_i[51:40];
            3'd3:    over_o = |addr_i[51:42];
            3'd4:    over_o = |addr_i[51:44];
            default: over_o = |addr_i[51:48];
        endcase
    wire unused_ok = &{1'b0, addr_i[31:0]};
endmodule
`default_nettype wire
