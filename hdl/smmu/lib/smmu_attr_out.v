// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_attr_out
// Purpose: Final AxCACHE, AxDOMAIN, AxPROT and AxLOCK of a translated client transaction.
// Spec   : IHI 0070 13.1-13.4, 16.7.5; ATT-001..025, ATT-033, MEM-006
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
module smmu_attr_out (
    input  wire [`ENT_W-1:0] ent_i,
    input  wire [3:0] cache_i,
    input  wire [1:0] domain_i,
    input  wire [2:0] prot_i,
    input  wire       lock_i,
    input  wire       write_i,
    output wire [3:0] cache_o,
    output wire [1:0] domain_o,
    output wire [2:0] prot_o,
    output wire       lock_o
);
    wire [1:0] stage    = ent_i[`ENT_STAGE_LSB +: 2];
    wire       s1       = (stage == `STG_S1) || (stage == `STG_S12);
    wire       s2_only  = (stage == `STG_S2);
    wire [7:0] mattr    = ent_i[`ENT_MATTR_LSB +: 8];
    wire [1:0] desc_sh  = ent_i[`ENT_SH_LSB +: 2];
    wire       mtcfg    = ent_i[`ENT_MTCFG_LSB];
    wire [3:0] memattr  = ent_i[`ENT_MEMATTR_LSB +: 4];
    wire [3:0] alloccfg = ent_i[`ENT_ALLOCCFG_LSB +: 4];
    wire [1:0] shcfg    = ent_i[`ENT_SHCFG_LSB +: 2];

    // ---- incoming type (ATT-001) -------------------------------------------------
    wire in_cacheable = |cache_i[3:2];
    wire in_dev       = !in_cacheable && !cache_i[1];
    wire in_wb        = in_cacheable && cache_i[0];
    wire [1:0] in_sh  = !in_cacheable ? 2'd2                       // Device and NC are OSH
                      : (domain_i == 2'd0) ? 2'd0 : (domain_i == 2'd1) ? 2'd3 : 2'd2;

    // ---- STE / GBPA overrides: type, hints, shareability (ATT-006..016) ----------
    wire ovr_dev  = (memattr[3:2] == 2'b00) || (memattr[1:0] == 2'b00);
    wire dev      = mtcfg ? ovr_dev : in_dev;
    wire ngnrne   = mtcfg ? (memattr[3:2] != 2'b00 || memattr[1:0] == 2'b00) : !cache_i[0];
    wire nc       = !dev && (mtcfg ? memattr == 4'b0101 : !in_cacheable);
    wire wb       = !dev && (mtcfg ? memattr == 4'b1111 : in_wb);
    // a non-cacheable input made cacheable has no hints of its own: RA=WA=1 (ATT-013)
    wire own_ra   = in_cacheable ? cache_i[2] : 1'b1;
    wire own_wa   = in_cacheable ? cache_i[3] : 1'b1;
    wire ra       = alloccfg[3] ? alloccfg[2] : own_ra;
    wire wa       = alloccfg[3] ? alloccfg[1] : own_wa;
    wire [1:0] sh = (dev || nc) ? 2'd2 : (shcfg == 2'd1) ? in_sh : shcfg;

    // ---- stage 1: type and shareability of the descriptor, hints of both (ATT-019, 020)
    wire s1_dev  = (mattr[7:4] == 4'd0);
    wire s1_wb   = !s1_dev && mattr[6] && mattr[7:4] != 4'b0100 && mattr[2] && mattr[3:0] != 4'b0100;
    // whether the input has hints is decided after the STE overrides
    wire has_hint = !dev && !nc;
    wire s1_ra   = mattr[5] && (!has_hint || ra);
    wire s1_wa   = mattr[4] && (!has_hint || wa);

    // ---- stage 2 only: incoming combined with the descriptor (ATT-025) -----------
    wire s2_dev    = (mattr[3:2] == 2'b00) || (mattr[1:0] == 2'b00);
    wire s2_ngnrne = (mattr[3:2] != 2'b00) || (mattr[1:0] == 2'b00);

    // ---- choose -------------------------------------------------------------------
    wire o_dev    = s1 ? s1_dev : dev || (s2_only && s2_dev);
    wire o_ngnrne = s1 ? mattr[3:2] == 2'b00
                       : (dev && ngnrne) || (s2_only && s2_dev && s2_ngnrne);
    wire o_wb     = s1 ? s1_wb : wb && !(s2_only && mattr[3:0] != 4'b1111);
    wire o_ra     = s1 ? s1_ra : ra;
    wire o_wa     = s1 ? s1_wa : wa;
    wire o_osh    = s1 ? desc_sh == 2'd2 : sh == 2'd2 || (s2_only && desc_sh == 2'd2);
    wire o_ish    = s1 ? desc_sh == 2'd3 : sh == 2'd3 || (s2_only && desc_sh == 2'd3);

    // write-back without a hint keeps one allocate bit set, the one of the other direction
    wire no_hint  = !o_ra && !o_wa;
    wire [3:0] wb_cache = {o_wa || (no_hint && !write_i), o_ra || (no_hint && write_i), 2'b11};
    assign cache_o  = o_dev ? (o_ngnrne ? 4'b0000 : 4'b0001) : !o_wb ? 4'b0011 : wb_cache;
    assign domain_o = !o_wb ? 2'd3 : o_osh ? 2'd2 : o_ish ? 2'd1 : 2'd0;

    wire priv_f, inst_f;
    smmu_req_ovr u_ovr (
        .instcfg_i(ent_i[`ENT_INSTCFG_LSB +: 2]), .privcfg_i(ent_i[`ENT_PRIVCFG_LSB +: 2]),
        .rnw_i(!write_i), .priv_i(prot_i[0]), .inst_i(prot_i[2]), .priv_o(priv_f), .inst_o(inst_f));
    assign prot_o = {inst_f, 1'b1, priv_f};

    // an exclusive to a shareable location leaves as a normal access (ATT-033)
    assign lock_o = lock_i && (domain_o == 2'd0 || domain_o == 2'd3);

    wire unused_ok = &{1'b0, ent_i, prot_i[1], alloccfg[0]};
endmodule
`default_nettype wire
