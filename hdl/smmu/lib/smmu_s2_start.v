// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_s2_start
// Purpose: Stage 2: check the IPA range and give the walk's start.
// Spec   : IHI 0070 STE.S2T0SZ/S2SL0/S2TG; VM2-001..006
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
module smmu_s2_start (
    input  wire [255:0] ste_i,      // STE dw0..dw3
    input  wire [47:0]  ipa_i,
    output wire         ok_o,       // IPA below 2^(64-S2T0SZ)
    output wire [1:0]   gran_o,
    output wire [5:0]   txsz_o,
    output wire [1:0]   level_o,
    output wire [47:0]  base_o,     // start table, not yet aligned (smmu_desc_addr aligns)
    output wire [1:0]   irgn_o,
    output wire [1:0]   orgn_o,
    output wire [1:0]   sh_o
);
    wire [1:0] tg  = ste_i[`STE_S2TG_LSB +: `STE_S2TG_W];
    wire [1:0] sl0 = ste_i[`STE_S2SL0_LSB +: `STE_S2SL0_W];

    assign gran_o  = (tg == 2'd0) ? 2'd0 : (tg == 2'd2) ? 2'd1 : 2'd2;
    assign txsz_o  = ste_i[`STE_S2T0SZ_LSB +: `STE_S2T0SZ_W];
    assign level_o = (gran_o == 2'd0) ? 2'd2 - sl0 : 2'd3 - sl0;
    assign base_o  = {ste_i[`STE_S2TTB_LSB +: 44], 4'b0};
    assign irgn_o  = ste_i[`STE_S2IR0_LSB +: 2];
    assign orgn_o  = ste_i[`STE_S2OR0_LSB +: 2];
    assign sh_o    = ste_i[`STE_S2SH0_LSB +: 2];

    reg [47:0] above;
    integer    k;
    always @(*)
        for (k = 0; k < 48; k = k + 1) above[k] = ipa_i[k] && ({26'd0, txsz_o} >= 64 - k);
    assign ok_o = (above == 48'd0);

    wire unused_ok = &{1'b0, ste_i};
endmodule
`default_nettype wire
