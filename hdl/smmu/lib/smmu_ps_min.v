// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_ps_min
// Purpose: Cap an IPS / S2PS code to the 48-bit OAS (codes 101, 110, 111 all mean 48).
// Spec   : CD.IPS, STE.S2PS; CD-011, STE-027
// Clock  : none, purely combinational
// Tests  : tests/unit/test_lib.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_ps_min (
    input  wire [2:0] a_i,
    output wire [2:0] ps_o
);
    assign ps_o = (a_i > 3'd5) ? 3'd5 : a_i;
endmodule
`default_nettype wire
