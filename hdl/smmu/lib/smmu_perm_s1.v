// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_perm_s1
// Purpose: Permissions of a stage 1 leaf: {px, pw, pr, ux, uw, ur}.
// Spec   : ARM D8.4.1; VM1-016..023
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_perm_s1 (
    input  wire [63:0] desc_i,
    input  wire [3:0]  hier_i,      // accumulated {UXNTable, PXNTable, APTable[1:0]}
    input  wire        wxn_i,
    input  wire        pan_i,
    output wire [5:0]  perm_o
);
    wire ap_user = desc_i[6] && !hier_i[0];
    wire ap_ro   = desc_i[7] || hier_i[1];
    wire uxn     = desc_i[54] || hier_i[3];
    wire pxn     = desc_i[53] || hier_i[2];

    wire ur = ap_user;
    wire uw = ap_user && !ap_ro;
    wire pw = !ap_ro;
    // PAN takes privileged data access away where a user may read (VM1-020)
    wire pan_deny = pan_i && ur;
    wire ux = !uxn && !(wxn_i && uw);
    wire px = !pxn && !uw && !(wxn_i && pw);

    assign perm_o = {px, pw && !pan_deny, !pan_deny, ux, uw, ur};

    wire unused_ok = &{1'b0, desc_i};
endmodule
`default_nettype wire
