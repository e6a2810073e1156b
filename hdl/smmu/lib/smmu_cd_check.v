// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_cd_check
// Purpose: Is a CD valid and legal, given the STE that led to it?
// Spec   : IHI 0070 5.4.2; CD-002..012, CD-020, TRN-025
// Clock  : none, purely combinational
// Tests  : tests/unit/test_legality.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
module smmu_cd_check #(
    parameter OAS = 48              // 40, 42, 44, 48
) (
    input  wire [255:0] ste_i,
    input  wire [255:0] cd_i,
    output wire         ok_o
);
    wire epd0 = cd_i[`CD_EPD0_LSB];
    wire epd1 = cd_i[`CD_EPD1_LSB];

    wire [2:0] ps;
    wire       over0, over1;
    smmu_ps_min  #(.OAS(OAS)) u_ps (.a_i(cd_i[`CD_IPS_LSB +: `CD_IPS_W]), .ps_o(ps));
    smmu_ps_over u_over0 (.addr_i({cd_i[`CD_TTB0_LSB +: 48], 4'b0}), .ps_i(ps), .over_o(over0));
    smmu_ps_over u_over1 (.addr_i({cd_i[`CD_TTB1_LSB +: 48], 4'b0}), .ps_i(ps), .over_o(over1));

    wire [5:0] t0sz  = cd_i[`CD_T0SZ_LSB +: `CD_T0SZ_W];
    wire [5:0] t1sz  = cd_i[`CD_T1SZ_LSB +: `CD_T1SZ_W];
    wire       half0 = t0sz < 6'd16 || t0sz > 6'd39 || cd_i[`CD_TG0_LSB +: 2] == 2'd3 || over0;
    wire       half1 = t1sz < 6'd16 || t1sz > 6'd39 || cd_i[`CD_TG1_LSB +: 2] == 2'd0 || over1;

    assign ok_o = cd_i[`CD_V_LSB] && cd_i[`CD_AA64_LSB]
               && !(cd_i[`CD_S_LSB] && ste_i[`STE_S1STALLD_LSB])
               && !cd_i[`CD_HA_LSB] && !cd_i[`CD_HD_LSB]
               && !(cd_i[`CD_ENDI_LSB] && !(epd0 && epd1))
               && !(half0 && !epd0) && !(half1 && !epd1);

    wire unused_ok = &{1'b0, ste_i, cd_i};
endmodule
`default_nettype wire
