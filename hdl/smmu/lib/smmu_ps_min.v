// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_ps_min
// Purpose: Cap an IPS / S2PS code to the OAS (codes 101, 110 and 111 all mean 48).
// Spec   : CD.IPS, STE.S2PS; CD-011, STE-027
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_ps_min #(
    parameter OAS = 48          // 40, 42, 44, 48
) (
    input  wire [2:0] a_i,
    output wire [2:0] ps_o
);
    localparam [2:0] MAX = (OAS >= 48) ? 3'd5 : (OAS >= 44) ? 3'd4 : (OAS >= 42) ? 3'd3 : 3'd2;

    assign ps_o = (a_i > MAX) ? MAX : a_i;
endmodule
`default_nettype wire
