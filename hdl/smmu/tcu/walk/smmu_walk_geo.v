// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_walk_geo
// Purpose: Geometry of both stages from the words of CD and STE, when they are
//          written: a step finds it decoded.
// Spec   : CD.TG0, TG1, T0SZ, T1SZ; STE.S2TG, S2SL0, S2T0SZ; CD-007, VM1-003..006,
//          VM2-001..006
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_walk_if.vh"

module smmu_walk_geo (
    input  wire [127:0]      cd_i,      // CD dw0, dw1
    input  wire              half_i,    // 1: TTB1
    input  wire [127:0]      ste_i,     // STE dw2, dw3
    output wire [`GEO_W-1:0] geo1_o,
    output wire [`GEO_W-1:0] geo2_o
);
    wire [1:0] gran1, gran2, start1, start2;
    wire [5:0] txsz1, txsz2;
    /* verilator lint_off UNUSEDSIGNAL */ // a step takes the rest from CD and STE themselves
    wire        ok1, ok2, half, tbi, had;
    wire [47:0] base1, base2;
    wire [5:0]  attr1, attr2;
    /* verilator lint_on UNUSEDSIGNAL */
    smmu_va_check u_va (
        .cd_i({128'd0, cd_i}), .va_i({8'd0, half_i, 55'd0}), .ok_o(ok1), .half_o(half),
        .tbi_o(tbi), .gran_o(gran1), .txsz_o(txsz1), .level_o(start1), .base_o(base1),
        .had_o(had), .irgn_o(attr1[5:4]), .orgn_o(attr1[3:2]), .sh_o(attr1[1:0]));
    smmu_s2_start u_s2 (
        .ste_i({ste_i, 128'd0}), .ipa_i(48'd0), .ok_o(ok2), .gran_o(gran2), .txsz_o(txsz2),
        .level_o(start2), .base_o(base2), .irgn_o(attr2[5:4]), .orgn_o(attr2[3:2]),
        .sh_o(attr2[1:0]));

    wire [`GEO_MASK_W-1:0] mask1, mask2;
    smmu_start_mask u_mask1 (
        .gran_i(gran1), .level_i(start1), .txsz_i(txsz1), .mask_o(mask1));
    smmu_start_mask u_mask2 (
        .gran_i(gran2), .level_i(start2), .txsz_i(txsz2), .mask_o(mask2));
    assign geo1_o = {mask1, start1, gran1};
    assign geo2_o = {mask2, start2, gran2};
endmodule
`default_nettype wire
