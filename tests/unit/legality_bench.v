// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : legality_bench
// Purpose: LANES copies of smmu_ste_check and smmu_cd_check side by side, so that one
//          step of the simulator judges LANES structures.
// Clock  : none, purely combinational
// Tests  : tests/unit/test_legality.py
//-----------------------------------------------------------------------------
`default_nettype none

module legality_bench #(
    parameter LANES = 64,
    parameter OAS   = 48
) (
    input  wire [LANES*256-1:0] ste_i,      // STE dw0..dw3 of each lane
    input  wire [LANES*256-1:0] cd_i,       // CD dw0..dw3, reached through that STE
    output wire [LANES-1:0]     ste_ok_o,
    output wire [LANES-1:0]     cd_ok_o
);
    genvar g;
    generate for (g = 0; g < LANES; g = g + 1) begin : g_lane
        smmu_ste_check #(.OAS(OAS)) u_ste (.ste_i(ste_i[g*256 +: 256]), .ok_o(ste_ok_o[g]));
        smmu_cd_check  #(.OAS(OAS)) u_cd  (.ste_i(ste_i[g*256 +: 256]), .cd_i(cd_i[g*256 +: 256]),
                              .ok_o(cd_ok_o[g]));
    end endgenerate
endmodule

`default_nettype wire
