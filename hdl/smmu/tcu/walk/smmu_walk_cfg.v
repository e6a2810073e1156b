// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_walk_cfg
// Purpose: Addresses and checks of the configuration part of a walk: stream
//          table, SubstreamID rules, CD table.
// Spec   : TRN-001 steps 2-4, 9-13; STR-001..018, TRN-006..010, TRN-015..023
// Clock  : none, purely combinational
// In     : request, STE words, the 8-byte word of a level 1 descriptor
// Out    : one group per step of TRN-001, each meaningful in its phase only
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"

module smmu_walk_cfg #(
    parameter OAS = 48              // 40, 42, 44, 48
) (
    input  wire [`UP_W-1:0] up_i,
    input  wire [255:0]     ste_i,
    input  wire [63:0]      word_i,

    input  wire [47:0]      strtab_base_i,
    input  wire             strtab_2lvl_i,
    input  wire [4:0]       strtab_split_i,
    input  wire [5:0]       strtab_log2_i,

    // StreamID
    output wire             sid_ok_o,       // inside LOG2SIZE
    output wire [47:0]      st_addr_o,      // STE, or L1STD of a 2-level table
    // L1STD in word_i
    output wire             span_ok_o,
    output wire             l2_over_o,      // L2Ptr beyond OAS
    output wire [47:0]      ste2_addr_o,
    // STE in ste_i
    output wire             sub_bad_o,      // C_BAD_SUBSTREAMID
    output wire             disabled_o,     // F_STREAM_DISABLED (after sub_bad)
    output wire             s1_on_o,        // stage 1 is performed
    output wire             s2_on_o,
    output wire             cd_2lvl_o,
    output wire [47:0]      cd_addr_o,      // CD, or L1CD of a 2-level table
    // L1CD in word_i
    output wire             l1cd_bad_o,     // C_BAD_SUBSTREAMID
    output wire [47:0]      cd2_addr_o
);
    localparam [47:0] OAS_MASK = 48'hffff_ffff_ffff >> (48 - OAS);

    wire [15:0] sid  = up_i[`UP_SID_LSB +: 16];
    wire        ssv  = up_i[`UP_SSV_LSB];
    wire [19:0] ssid = up_i[`UP_SSID_LSB +: 20];

    // ---- stream table -------------------------------------------------------------
    // The literal LOG2SIZE aligns the base, the capped one limits the range (STR-002).
    wire [4:0]  log2_eff = (strtab_log2_i > 6'd16) ? 5'd16 : strtab_log2_i[4:0];
    wire [16:0] sid_over = {1'b0, sid} >> log2_eff;
    assign sid_ok_o = (sid_over == 17'd0);

    // other SPLIT codes act as 6 (STR-005)
    wire [3:0]  split    = (strtab_split_i == 5'd8) ? 4'd8 : (strtab_split_i == 5'd10) ? 4'd10 : 4'd6;
    wire [5:0]  l1_log2  = (strtab_log2_i > {2'd0, split}) ? strtab_log2_i - {2'd0, split} : 6'd0;
    wire [47:0] lin_low  = ~(48'hffff_ffff_ffc0 << strtab_log2_i);
    wire [47:0] l1_low   = ~(48'hffff_ffff_fff8 << l1_log2) | 48'h3f;
    wire [15:0] l1_index = sid >> split;
    assign st_addr_o = strtab_2lvl_i ? (strtab_base_i & ~l1_low)  | {29'd0, l1_index, 3'd0}
                                     : (strtab_base_i & ~lin_low) | {26'd0, sid, 6'd0};

    wire [4:0]  span     = word_i[`L1STD_SPAN_LSB +: 5];
    wire [4:0]  span_m1  = span - 5'd1;
    wire [9:0]  l2_index = sid[9:0] & ((10'd1 << split) - 10'd1);   // split 10: all bits
    wire [9:0]  l2_above = l2_index >> span_m1;
    wire [47:0] l2_low   = ~(48'hffff_ffff_ffc0 << span_m1);
    assign span_ok_o   = span != 5'd0 && span <= {1'b0, split} + 5'd1 && l2_above == 10'd0;
    assign l2_over_o   = |word_i[55:OAS];
    // what F_STE_FETCH tells of it ends at the OAS (TRN-012)
    assign ste2_addr_o = ({word_i[47:6], 6'd0} & OAS_MASK & ~l2_low) | {32'd0, l2_index, 6'd0};

    // ---- SubstreamID --------------------------------------------------------------
    wire [1:0]  cfg_f = ste_i[`STE_CONFIG_LSB +: 2];
    wire [1:0]  dss   = ste_i[`STE_S1DSS_LSB +: 2];
    wire [4:0]  cdmax = ste_i[`STE_S1CDMAX_LSB +: 5];
    wire        table_f  = cfg_f[0] && cdmax != 5'd0;
    wire [19:0] ssid_over = ssid >> cdmax;
    assign sub_bad_o  = ssv && (!table_f || ssid_over != 20'd0);
    assign disabled_o = table_f && ((!ssv && (dss == 2'd0 || dss == 2'd3))
                                 || (ssv && ssid == 20'd0 && dss == `S1DSS_SSID0));
    assign s1_on_o    = cfg_f[0] && !(table_f && !ssv && dss == `S1DSS_BYPASS);
    assign s2_on_o    = cfg_f[1];

    // ---- CD table -----------------------------------------------------------------
    wire [1:0]  fmt      = ste_i[`STE_S1FMT_LSB +: 2];
    wire [47:0] ptr      = {ste_i[47:6], 6'd0};
    wire [19:0] index    = ssv ? ssid : 20'd0;      // S1DSS=10: CD 0 (TRN-018)
    wire        wide     = (fmt == `S1FMT_L2_64K);
    assign cd_2lvl_o     = cdmax != 5'd0 && (wide || fmt == `S1FMT_L2_4K);
    wire [4:0]  cd_split = wide ? 5'd10 : 5'd6;
    wire [4:0]  cl1_log2 = (cdmax > cd_split) ? cdmax - cd_split : 5'd0;
    // alignment bits below the table size are forced to zero (TRN-020)
    wire [47:0] clin_low = ~(48'hffff_ffff_ffc0 << cdmax);
    wire [47:0] cl1_low  = ~(48'hffff_ffff_fff8 << cl1_log2) | 48'h3f;
    wire [19:0] cl1_index = index >> cd_split;
    assign cd_addr_o = cd_2lvl_o ? (ptr & ~cl1_low)  | {25'd0, cl1_index, 3'd0}
                                 : (ptr & ~clin_low) | {22'd0, index, 6'd0};

    // L2Ptr beyond OAS is C_BAD_SUBSTREAMID with stage 2 too (TRN-022)
    assign l1cd_bad_o = !word_i[`L1CD_V_LSB] || |word_i[55:OAS];
    assign cd2_addr_o = wide ? {word_i[47:16], index[9:0], 6'd0}
                             : {word_i[47:12], index[5:0], 6'd0};

    wire unused_ok = &{1'b0, up_i, ste_i, word_i};
endmodule
`default_nettype wire
