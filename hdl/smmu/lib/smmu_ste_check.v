// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_ste_check
// Purpose: Is an STE valid and legal under our ID registers? Config=0xx is always legal.
// Spec   : IHI 0070 5.2.2; STE-002..041, TRN-013, TRN-014, TRN-021, VM2-001..004
// Clock  : none, purely combinational
// Tests  : tests/unit/test_legality.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
module smmu_ste_check #(
    parameter OAS = 48              // 40, 42, 44, 48
) (
    input  wire [255:0] ste_i,      // STE dw0..dw3
    output wire         ok_o
);
    wire       v      = ste_i[`STE_V_LSB];
    wire [2:0] config_f = ste_i[`STE_CONFIG_LSB +: `STE_CONFIG_W];
    wire       s1     = config_f[2] && config_f[0];
    wire       s2     = config_f[2] && config_f[1];

    // ---- stage 1 ---------------------------------------------------------------
    wire s1_bad = ste_i[`STE_S1CDMAX_LSB +: `STE_S1CDMAX_W] > 5'd20
               || |ste_i[55:OAS];   // S1ContextPtr at or above OAS (TRN-021, STE-041)

    // ---- stage 2 ---------------------------------------------------------------
    wire [1:0] tg   = ste_i[`STE_S2TG_LSB   +: `STE_S2TG_W];
    wire [1:0] sl0  = ste_i[`STE_S2SL0_LSB  +: `STE_S2SL0_W];
    wire [5:0] t0sz = ste_i[`STE_S2T0SZ_LSB +: `STE_S2T0SZ_W];
    // the IPA has OAS bits at most (STE-024), and the longest walks need a wide OAS (VM2-004)
    localparam MIN  = 64 - OAS;
    localparam LO41 = (MIN > 21) ? MIN : 21;
    localparam LO40 = (OAS < 44) ? 63 : MIN;
    localparam LO61 = (OAS < 42) ? 63 : MIN;
    localparam LO52 = (MIN > 18) ? MIN : 18;
    localparam LO51 = (OAS < 44) ? 63 : MIN;
    reg  [5:0] lo, hi;              // legal S2T0SZ for this granule and start level
    always @(*)
        case ({tg, sl0})
            4'b00_00: begin lo = 6'd30;     hi = 6'd39; end     // 4K, level 2
            4'b00_01: begin lo = LO41[5:0]; hi = 6'd33; end     //     level 1
            4'b00_10: begin lo = LO40[5:0]; hi = 6'd24; end     //     level 0
            4'b10_00: begin lo = 6'd35;     hi = 6'd39; end     // 16K, level 3
            4'b10_01: begin lo = 6'd24;     hi = 6'd38; end     //     level 2
            4'b10_10: begin lo = LO61[5:0]; hi = 6'd27; end     //     level 1
            4'b01_00: begin lo = 6'd31;     hi = 6'd39; end     // 64K, level 3
            4'b01_01: begin lo = LO52[5:0]; hi = 6'd34; end     //     level 2
            4'b01_10: begin lo = LO51[5:0]; hi = 6'd21; end     //     level 1
            default:  begin lo = 6'd63;     hi = 6'd0;  end     // reserved
        endcase

    wire [2:0] ps;
    wire       ttb_over;
    smmu_ps_min  #(.OAS(OAS)) u_ps (.a_i(ste_i[`STE_S2PS_LSB +: `STE_S2PS_W]), .ps_o(ps));
    smmu_ps_over u_over (.addr_i({ste_i[`STE_S2TTB_LSB +: 48], 4'b0}), .ps_i(ps), .over_o(ttb_over));

    wire s2_bad = !ste_i[`STE_S2AA64_LSB] || ste_i[`STE_S2ENDI_LSB]
               || ste_i[`STE_S2HA_LSB] || ste_i[`STE_S2HD_LSB]
               || t0sz < lo || t0sz > hi || ttb_over;

    assign ok_o = v && !(s1 && s1_bad) && !(s2 && s2_bad);

    wire unused_ok = &{1'b0, ste_i};
endmodule
`default_nettype wire
