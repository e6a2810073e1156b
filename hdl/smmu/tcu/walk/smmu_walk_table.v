// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_walk_table
// Purpose: The table part of a step, the same logic for both stages (D6): take a
//          descriptor (read, or held in a cache), judge it, and give the address
//          of the next descriptor or the output address.
// Spec   : TRN-001 steps 15-20, TRN-028..041, VM1-*, VM2-*, NST-007..009
// Clock  : none, purely combinational
// In     : s2_i  the walk is in stage 2;  rd_i  descriptor from a read, else from
//          a lookup (lk_*);  context words
// Out    : have_o  there is a descriptor to judge (a held one only when it is free
//          of faults: others count as absent, TAG-018)
//          inval_o addrsz_o table_o leaf_o access_o   what it is
//          tgt_*   descriptor to read next, when table_o or !have_o
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"
`include "smmu_walk_if.vh"

module smmu_walk_table #(
    parameter OAS = 48                      // 40, 42, 44, 48
) (
    input  wire             s2_i,           // stage 2 is at work
    input  wire             s2_adr_i,       // the same, for addresses: one wire would carry too much
    input  wire             rd_i,
    input  wire [63:0]      rd_desc_i,
    input  wire [63:0]      va_i,
    input  wire [255:0]     ste_i,
    input  wire [255:0]     cd_i,
    input  wire [`GEO_W-1:0] geo1_i,        // decoded from CD and STE when they were written
    input  wire [`GEO_W-1:0] geo2_i,
    input  wire [`WS_W-1:0] ws_i,

    input  wire             lk_wc_hit_i,    // table pointer held
    input  wire [1:0]       lk_wc_level_i,
    input  wire [3:0]       lk_wc_hier_i,
    input  wire [35:0]      lk_wc_base_i,
    input  wire             lk_desc_hit_i,  // descriptor held
    input  wire [1:0]       lk_desc_level_i,
    input  wire [3:0]       lk_desc_hier_i,
    input  wire [63:0]      lk_desc_i,

    // stage 1 range and half
    output wire             va_ok_o,
    output wire             half_o,
    // stage 2 range
    output wire             ipa_ok_o,
    output wire [1:0]       gran_o,         // of the stage
    // the descriptor
    output wire             have_o,
    output wire [63:0]      desc_o,
    output wire [1:0]       level_o,
    output wire             inval_o,
    output wire             addrsz_o,
    output wire             table_o,
    output wire             leaf_o,
    output wire             access_o,       // F_ACCESS
    output wire [3:0]       hier_o,         // accumulated, this descriptor included
    output wire [3:0]       hier_up_o,      // accumulated above it
    output wire [5:0]       perm_o,         // of this stage's leaf
    output wire [2:0]       size_o,
    output wire [47:0]      next_o,         // table it points to
    output wire [47:0]      out_o,          // leaf: output address with its offset
    // where to go on
    output wire [47:0]      tgt_addr_o,
    output wire [47:0]      tgt_hash_o,     // of the lines it can be of: out_o, below desc_o, neither
    output wire             down_o,         // below desc_o
    output wire [1:0]       tgt_level_o,
    output wire [1:0]       tgt_beats_o,    // 16-byte beats of the line, minus 1
    output wire [3:0]       tgt_hier_o,
    // read attributes of tables
    output wire [5:0]       walk1_attr_o,   // {irgn, orgn, sh}
    output wire [5:0]       walk2_attr_o
);
`include "smmu_walk_hash.vh"

    wire [47:0] adr = ws_i[`WS_ADR_LSB +: 48];

    // ---- geometry of both stages ----------------------------------------------------
    // what everything else waits for comes decoded
    wire [1:0]  start1 = geo1_i[`GEO_START_LSB +: 2];
    wire [1:0]  start2 = geo2_i[`GEO_START_LSB +: 2];
    wire [`GEO_MASK_W-1:0] mask1 = geo1_i[`GEO_MASK_LSB +: `GEO_MASK_W];
    wire [`GEO_MASK_W-1:0] mask2 = geo2_i[`GEO_MASK_LSB +: `GEO_MASK_W];
    assign gran_o = s2_i ? geo2_i[`GEO_GRAN_LSB +: 2] : geo1_i[`GEO_GRAN_LSB +: 2];

    wire [47:0] base1, base2;
    wire        had;
    /* verilator lint_off UNUSEDSIGNAL */ // the result stage reads it from the CD
    wire        tbi;
    // as in geo1_i, geo2_i
    wire [1:0]  gran1, gran2, level1, level2;
    wire [5:0]  txsz1, txsz2;
    /* verilator lint_on UNUSEDSIGNAL */
    smmu_va_check u_va (
        .cd_i(cd_i), .va_i(va_i), .ok_o(va_ok_o), .half_o(half_o), .tbi_o(tbi), .gran_o(gran1),
        .txsz_o(txsz1), .level_o(level1), .base_o(base1), .had_o(had),
        .irgn_o(walk1_attr_o[5:4]), .orgn_o(walk1_attr_o[3:2]), .sh_o(walk1_attr_o[1:0]));
    smmu_s2_start u_s2 (
        .ste_i(ste_i), .ipa_i(adr), .ok_o(ipa_ok_o), .gran_o(gran2),
        .txsz_o(txsz2), .level_o(level2), .base_o(base2),
        .irgn_o(walk2_attr_o[5:4]), .orgn_o(walk2_attr_o[3:2]), .sh_o(walk2_attr_o[1:0]));

    // ---- the descriptor -----------------------------------------------------------
    assign desc_o  = rd_i ? rd_desc_i : lk_desc_i;
    assign level_o = !rd_i ? lk_desc_level_i
                   : s2_i  ? ws_i[`WS_LVL2_LSB +: 2] : ws_i[`WS_LVL1_LSB +: 2];

    wire [2:0] ps_code = s2_i ? ste_i[`STE_S2PS_LSB +: 3] : cd_i[`CD_IPS_LSB +: 3];
    wire [2:0] ps;
    smmu_ps_min #(.OAS(OAS)) u_ps (.a_i(ps_code), .ps_o(ps));

    wire af;
    smmu_desc u_desc (
        .desc_i(desc_o), .gran_i(gran_o), .level_i(level_o), .ps_i(ps),
        .invalid_o(inval_o), .addrsz_o(addrsz_o), .table_o(table_o), .leaf_o(leaf_o), .af_o(af),
        .next_o(next_o), .size_o(size_o));
    assign access_o = !af && !(s2_i ? ste_i[`STE_S2AFFD_LSB] : cd_i[`CD_AFFD_LSB]);
    // a held table descriptor is worth taking only if it leads deeper than the walk cache
    wire   held_leaf  = leaf_o && !access_o;
    wire   held_table = table_o && !(lk_wc_hit_i && lk_wc_level_i > level_o);
    assign have_o   = rd_i || (lk_desc_hit_i && !addrsz_o && (held_leaf || held_table));

    // HADx: hierarchical bits count as zero (VM1-023)
    wire [3:0] hier_up = !rd_i ? lk_desc_hier_i : ws_i[`WS_HIER_LSB +: 4];
    wire [3:0] hier_me = {desc_o[`PTE_TABLE_UXNTABLE_LSB], desc_o[`PTE_TABLE_PXNTABLE_LSB],
                          desc_o[`PTE_TABLE_APTABLE_LSB +: 2]};
    assign hier_up_o = s2_i || had ? 4'd0 : hier_up;
    assign hier_o = s2_i || had ? 4'd0 : hier_up | (table_o ? hier_me : 4'd0);

    wire [5:0] perm1, perm2;        // of a leaf: it has no hierarchical bits of its own
    smmu_perm_s1 u_perm1 (
        .desc_i(desc_o), .hier_i(hier_up_o), .wxn_i(cd_i[`CD_WXN_LSB]), .pan_i(cd_i[`CD_PAN_LSB]),
        .perm_o(perm1));
    smmu_perm_s2 u_perm2 (.desc_i(desc_o), .perm_o(perm2));
    assign perm_o = s2_i ? perm2 : perm1;

    wire [35:0] inside;             // pages inside the leaf
    smmu_page_low u_size (.size_i(size_o), .low_o(inside));
    wire [47:0] in = s2_adr_i ? adr : va_i[47:0];
    assign out_o = next_o | (in & {inside, 12'hfff});

    // ---- the next descriptor ------------------------------------------------------
    // Every address it can be is made from the context alone; what was read or found chooses.
    wire [1:0]  start = s2_adr_i ? start2 : start1;
    wire [12:0] index1, index2, index3;
    smmu_table_index u_index (
        .addr_i(in), .gran_i(gran_o), .index1_o(index1), .index2_o(index2), .index3_o(index3));
    wire [47:0] start_pa;
    smmu_start_addr u_start (
        .base_i(s2_adr_i ? base2 : base1), .addr_i(in), .gran_i(gran_o), .level_i(start),
        .mask_i(s2_adr_i ? mask2 : mask1), .pa_o(start_pa));
    // only as much of a line as lies in the start table (D15)
    wire [1:0] beats1 = mask1[2] ? 2'd3 : {1'b0, mask1[1]};
    wire [1:0] beats2 = mask2[2] ? 2'd3 : {1'b0, mask2[1]};

    wire down  = have_o && table_o;
    // After a stage 2 leaf the next read is the stage 1 descriptor at its output: only the length
    // of its line is asked for.
    wire found = have_o && leaf_o;
    wire saved = ws_i[`WS_SAVED_LSB];
    wire [1:0] lvl1 = ws_i[`WS_LVL1_LSB +: 2];

    // where to go on when nothing was found
    wire [1:0] else_level = saved       ? (s2_adr_i ? ws_i[`WS_LVL2_LSB +: 2] : lvl1)
                          : lk_wc_hit_i ? lk_wc_level_i : start;
    assign tgt_level_o = down ? level_o + 2'd1 : else_level;

    // tables of the start level are reached from TTB only, never through a cache
    reg [12:0] index_down, index_wc;
    always @(*) begin
        case (level_o)
            2'd0:    index_down = index1;
            2'd1:    index_down = index2;
            default: index_down = index3;
        endcase
        case (lk_wc_level_i)
            2'd1:    index_wc = index1;
            2'd2:    index_wc = index2;
            default: index_wc = index3;
        endcase
    end
    wire [47:0] below = {desc_o[47:16], desc_o[15:14] & {2{!gran_o[1]}},
                         desc_o[13:12] & {2{gran_o == 2'd0}}, 12'd0};
    wire [47:0] down_addr = below | {32'd0, index_down, 3'd0};
    wire [47:0] else_addr = saved       ? (s2_adr_i ? ws_i[`WS_RA_LSB +: 48] : adr)
                          : lk_wc_hit_i ? {lk_wc_base_i, 12'd0} | {32'd0, index_wc, 3'd0}
                          :               start_pa;
    assign tgt_addr_o = down ? down_addr : else_addr;
    // compared before it is known which: what chooses comes last
    assign tgt_hash_o = {f_line_hash(out_o), f_line_hash(down_addr), f_line_hash(else_addr)};
    assign down_o     = down;

    assign tgt_beats_o = down           ? 2'd3
                       : s2_i && !found ? ((else_level == start2) ? beats2 : 2'd3)
                       : s2_i           ? ((lvl1 == start1) ? beats1 : 2'd3)
                       :                  ((else_level == start1) ? beats1 : 2'd3);
    assign tgt_hier_o = down        ? hier_o
                      : saved       ? ws_i[`WS_HIER_LSB +: 4]
                      : lk_wc_hit_i && !had ? lk_wc_hier_i : 4'd0;

    wire unused_ok = &{1'b0, ws_i};
endmodule
`default_nettype wire
