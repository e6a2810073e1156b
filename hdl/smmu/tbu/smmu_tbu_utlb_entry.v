// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_utlb_entry
// Purpose: One uTLB entry: holds a translation, compares it with two lookups,
//          with an invalidation and with the translation about to be filled.
// Spec   : D13; CMD-018 (dropped by CFGI of its stream), TAG-022 (fragments)
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : lu_*     context and VA of the read (0) and write (1) lookup
//          up_ent_i translation to fill;  up_here_i  into this entry
//          up_valid_i  a fill happens: an overlapping entry goes away
//          fl_*     invalidation
// Out    : hit_o, overlap_o (not in a cycle of fl_*), valid_o, ent_o
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_tbu.vh"

module smmu_tbu_utlb_entry (
    input  wire                clk_i,
    input  wire                rst_ni,

    input  wire [2*`CTX_W-1:0] lu_ctx_i,
    input  wire [2*52-1:0]     lu_vpn_i,
    output wire [1:0]          hit_o,

    input  wire                up_valid_i,
    input  wire                up_here_i,
    input  wire [`ENT_W-1:0]   up_ent_i,
    output wire                overlap_o,

    input  wire                fl_valid_i,
    input  wire [`INV_W-1:0]   fl_inv_i,

    output wire                valid_o,
    output wire [`ENT_W-1:0]   ent_o
);
    reg              valid_q;
    reg [`ENT_W-1:0] ent_q;

    wire [`CTX_W-1:0] ctx  = ent_q[`ENT_SID_LSB +: `CTX_W];
    wire [51:0]       vpn  = ent_q[`ENT_VPN_LSB +: `ENT_VPN_W];
    wire              tbi  = ent_q[`ENT_TBI_LSB];
    wire [2:0]        size = ent_q[`ENT_SIZE_LSB +: `ENT_SIZE_W];

    // ---- look up: VPN is {VA[63:56], VA[55:48], VA[47:12]} -------------------------
    genvar p;
    generate
        for (p = 0; p < 2; p = p + 1) begin : g_port
            wire [51:0] lu_vpn = lu_vpn_i[p*52 +: 52];
            wire        page;
            smmu_page_match u_page (
                .a_i(lu_vpn[35:0]), .b_i(vpn[35:0]), .size_i(size), .same_o(page));
            assign hit_o[p] = valid_q && (lu_ctx_i[p*`CTX_W +: `CTX_W] == ctx) && page &&
                              (tbi || lu_vpn[51:44] == vpn[51:44]) && lu_vpn[43:36] == vpn[43:36];
        end
    endgenerate

    // ---- one more comparison of the page: of an invalidation, else of a fill -------
    // An invalidation reaches all fragments of a block of stage 1.
    wire [51:0] up_vpn  = up_ent_i[`ENT_VPN_LSB +: `ENT_VPN_W];
    wire [2:0]  up_size = up_ent_i[`ENT_SIZE_LSB +: `ENT_SIZE_W];
    wire [2:0]  s1size  = ent_q[`ENT_S1SIZE_LSB +: `ENT_S1SIZE_W];
    wire [2:0]  other   = fl_valid_i ? s1size : up_size;
    wire        op_page;
    smmu_page_match u_op_page (
        .a_i(fl_valid_i ? fl_inv_i[`INV_VPN_LSB +: 36] : up_vpn[35:0]), .b_i(vpn[35:0]),
        .size_i((other > size) ? other : size), .same_o(op_page));

    // ---- overlap with a fill: one covers the other (no two entries may hit) --------
    wire up_tbi = tbi || up_ent_i[`ENT_TBI_LSB];
    assign overlap_o = valid_q && (up_ent_i[`ENT_SID_LSB +: `CTX_W] == ctx) && op_page &&
                       (up_tbi || up_vpn[51:44] == vpn[51:44]) && up_vpn[43:36] == vpn[43:36];

    // ---- invalidation: a range drops all of its VMID and ASID ----------------------
    wire va_hit = fl_inv_i[`INV_RANGE_LSB]
               || (op_page && vpn[43] == fl_inv_i[`INV_VPN_LSB + 36]);
    wire tlb_hit;
    smmu_inv_match u_match (
        .inv_i(fl_inv_i), .stage_i(ent_q[`ENT_STAGE_LSB +: `ENT_STAGE_W]),
        .vmid_i(ent_q[`ENT_VMID_LSB +: `ENT_VMID_W]), .asid_i(ent_q[`ENT_ASID_LSB +: `ENT_ASID_W]),
        .ng_i(ent_q[`ENT_NG_LSB]), .aset_i(ent_q[`ENT_ASET_LSB]), .va_hit_i(va_hit),
        .hit_o(tlb_hit));

    wire [15:0] sid_diff = ent_q[`ENT_SID_LSB +: `ENT_SID_W] ^ fl_inv_i[`INV_SID_LSB +: `INV_SID_W];
    wire        cfg_hit  = (sid_diff & ~fl_inv_i[`INV_SIDMASK_LSB +: `INV_SIDMASK_W]) == 16'd0;
    wire        drop     = fl_valid_i && (fl_inv_i[`INV_CFG_LSB] ? cfg_hit : tlb_hit);

    always @(posedge clk_i) begin
        if (!rst_ni)                                       valid_q <= 1'b0;
        else if (up_valid_i && up_here_i)                  valid_q <= 1'b1;
        else if (drop || (up_valid_i && overlap_o))        valid_q <= 1'b0;
        if (up_valid_i && up_here_i) ent_q <= up_ent_i;
    end

    assign valid_o = valid_q;
    assign ent_o   = ent_q;
endmodule

`default_nettype wire
