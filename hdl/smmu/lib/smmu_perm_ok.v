// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_perm_ok
// Purpose: Does a permission set allow an access? Instruction reads need execute only.
// Spec   : VM1-017; permissions are {px, pw, pr, ux, uw, ur}
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_perm_ok (
    input  wire [5:0] perm_i,
    input  wire       rnw_i,
    input  wire       priv_i,
    input  wire       inst_i,       // 0 for writes
    output wire       ok_o
);
    wire [2:0] set = priv_i ? perm_i[5:3] : perm_i[2:0];
    assign ok_o = !rnw_i ? set[1] : inst_i ? set[2] : set[0];
endmodule
`default_nettype wire
