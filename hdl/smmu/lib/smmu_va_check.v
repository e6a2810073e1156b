// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_va_check
// Purpose: Stage 1: choose the table half, check the VA range and EPDx, give the walk's start.
// Spec   : IHI 0070 3.4.1, CD; TRN-028, TRN-030, TRN-031, VM1-001..006
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
module smmu_va_check (
    input  wire [255:0] cd_i,       // CD dw0..dw3
    input  wire [63:0]  va_i,
    output wire         ok_o,       // in range and walks enabled for this half
    output wire         half_o,     // 1: TTB1
    output wire         tbi_o,
    output wire [1:0]   gran_o,     // 0 4K, 1 16K, 2 64K
    output wire [5:0]   txsz_o,
    output wire [1:0]   level_o,    // start level
    output wire [47:0]  base_o,     // start table, not yet aligned (smmu_desc_addr aligns)
    output wire         had_o,
    output wire [1:0]   irgn_o,
    output wire [1:0]   orgn_o,
    output wire [1:0]   sh_o
);
    assign half_o = va_i[55];

    wire [1:0] tg0 = cd_i[`CD_TG0_LSB +: `CD_TG0_W];
    wire [1:0] tg1 = cd_i[`CD_TG1_LSB +: `CD_TG1_W];
    // the two halves code the granule differently (CD-007)
    wire [1:0] gran0 = (tg0 == 2'd0) ? 2'd0 : (tg0 == 2'd2) ? 2'd1 : 2'd2;
    wire [1:0] gran1 = (tg1 == 2'd2) ? 2'd0 : (tg1 == 2'd1) ? 2'd1 : 2'd2;

    assign gran_o = half_o ? gran1 : gran0;
    assign txsz_o = half_o ? cd_i[`CD_T1SZ_LSB +: `CD_T1SZ_W] : cd_i[`CD_T0SZ_LSB +: `CD_T0SZ_W];
    assign tbi_o  = half_o ? cd_i[`CD_TBI1_LSB] : cd_i[`CD_TBI0_LSB];
    assign had_o  = half_o ? cd_i[`CD_HAD1_LSB] : cd_i[`CD_HAD0_LSB];
    assign irgn_o = half_o ? cd_i[`CD_IR1_LSB +: 2] : cd_i[`CD_IR0_LSB +: 2];
    assign orgn_o = half_o ? cd_i[`CD_OR1_LSB +: 2] : cd_i[`CD_OR0_LSB +: 2];
    assign sh_o   = half_o ? cd_i[`CD_SH1_LSB +: 2] : cd_i[`CD_SH0_LSB +: 2];
    assign base_o = half_o ? {cd_i[`CD_TTB1_LSB +: 44], 4'b0} : {cd_i[`CD_TTB0_LSB +: 44], 4'b0};

    wire        epd   = half_o ? cd_i[`CD_EPD1_LSB] : cd_i[`CD_EPD0_LSB];
    wire [63:0] sign  = {va_i[63:56] & {8{!tbi_o}}, va_i[55:0]}
                      ^ {{8{half_o & !tbi_o}}, {56{half_o}}};
    reg  [63:0] above;
    integer     k;
    always @(*)
        for (k = 0; k < 64; k = k + 1) above[k] = sign[k] && ({26'd0, txsz_o} >= 64 - k);
    assign ok_o = !epd && (above == 64'd0);

    reg [1:0] level;
    always @(*)
        case (gran_o)
            2'd0:    level = (txsz_o <= 6'd24) ? 2'd0 : (txsz_o <= 6'd33) ? 2'd1 : 2'd2;
            2'd1:    level = (txsz_o <= 6'd16) ? 2'd0 : (txsz_o <= 6'd27) ? 2'd1
                           : (txsz_o <= 6'd38) ? 2'd2 : 2'd3;
            default: level = (txsz_o <= 6'd21) ? 2'd1 : (txsz_o <= 6'd34) ? 2'd2 : 2'd3;
        endcase
    assign level_o = level;

    wire unused_ok = &{1'b0, cd_i};
endmodule
`default_nettype wire
