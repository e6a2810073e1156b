// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_perm_s2
// Purpose: Permissions of a stage 2 leaf: {px, pw, pr, ux, uw, ur}.
// Spec   : ARM D8.4.2; VM2-011, VM2-012
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_perm_s2 (
    input  wire [63:0] desc_i,
    output wire [5:0]  perm_o
);
    wire       r  = desc_i[6];
    wire       w  = desc_i[7];
    wire [1:0] xn = desc_i[54:53];
    wire       ux = (xn == 2'b00) || (xn == 2'b01);
    wire       px = (xn == 2'b00) || (xn == 2'b11);
    assign perm_o = {px, w, r, ux, w, r};

    wire unused_ok = &{1'b0, desc_i};
endmodule
`default_nettype wire
