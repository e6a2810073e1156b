// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tlb_way
// Purpose: One way of the main TLB: its RAM, and the set read last compared with
//          a lookup (or a fill) and with an invalidation.
// Spec   : TAG-003..005, TAG-022, TAG-024; rule D14
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : rd_*  wr_*  RAM ports;  key_*  what is looked for;  inv_msg_i
//          inv_same_i  the set read last is the one inv_hit_o speaks of
// Out    : the cycle after rd_en_i, held: used_o valid, hit_o tag equals the key,
//          perm_o access allowed, rec_o TE;  one cycle later: inv_hit_o the invalidation reaches it
// Limits : a set that is written while it is read shows the way as empty: the
//          only such write is that of an invalidation
// Tests  : tests/unit/test_front.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_front.vh"

module smmu_tlb_way #(
    parameter SETS  = 64,
    parameter SET_W = 6
) (
    input  wire              clk_i,
    input  wire              rst_ni,

    input  wire              rd_en_i,
    input  wire [SET_W-1:0]  rd_set_i,
    input  wire              wr_en_i,
    input  wire [SET_W-1:0]  wr_set_i,
    input  wire              wr_used_i,
    input  wire [`TE_W-1:0]  wr_rec_i,

    input  wire [2:0]        key_size_i,
    input  wire [36:0]       key_vpn_i,
    input  wire [1:0]        key_stage_i,
    input  wire [15:0]       key_vmid_i,
    input  wire [15:0]       key_asid_i,
    input  wire              key_aset_i,
    input  wire              key_rnw_i,
    input  wire              key_priv_i,
    input  wire              key_inst_i,
    input  wire [`INV_W-1:0] inv_msg_i,
    input  wire              inv_same_i,

    output wire              used_o,
    output wire              hit_o,
    output wire              perm_o,
    output wire              inv_hit_o,
    output wire [`TE_W-1:0]  rec_o
);
    `include "smmu_same_page.vh"
    `include "smmu_page_above.vh"
    `include "smmu_inv_hit.vh"

    reg              gone_q;        // a write met the read, if it was of the same set
    reg [SET_W-1:0]  rd_set_q, wr_set_q;
    wire used;
    util_ram_1r1w #(.WIDTH(`TE_W + 1), .DEPTH(SETS), .ADDR_W(SET_W), .BLOCK(1)) u_ram (
        .clk_i(clk_i),
        .rd_en_i(rd_en_i), .rd_addr_i(rd_set_i), .rd_data_o({used, rec_o}),
        .wr_en_i(wr_en_i), .wr_addr_i(wr_set_i), .wr_data_i({wr_used_i, wr_rec_i}));

    always @(posedge clk_i) begin
        if (!rst_ni)      gone_q <= 1'b0;
        else if (rd_en_i) gone_q <= wr_en_i;
        if (rd_en_i) {rd_set_q, wr_set_q} <= {rd_set_i, wr_set_i};
    end

    assign used_o = used && !(gone_q && wr_set_q == rd_set_q);

    wire [36:0] vpn    = rec_o[`TE_VPN_LSB +: 37];
    wire [2:0]  size   = rec_o[`TE_SIZE_LSB +: 3];
    wire [2:0]  s1size = rec_o[`TE_S1SIZE_LSB +: 3];
    wire [1:0]  stage  = rec_o[`TE_STAGE_LSB +: 2];
    wire [15:0] vmid   = rec_o[`TE_VMID_LSB +: 16];
    wire [15:0] asid   = rec_o[`TE_ASID_LSB +: 16];
    wire        ng     = rec_o[`TE_NG_LSB];
    wire        aset   = rec_o[`TE_ASET_LSB];
    wire        s2only = stage == `STG_S2;

    // a global entry serves every ASID of its VMID and ASET (TAG-004)
    wire asid_hit = s2only || (ng ? asid == key_asid_i : aset == key_aset_i);
    wire page_hit = same_page(key_vpn_i[35:0], vpn[35:0], key_size_i);
    assign hit_o = used_o && size == key_size_i && stage == key_stage_i && vmid == key_vmid_i
                && asid_hit && page_hit && vpn[36] == key_vpn_i[36];

    smmu_perm_ok u_perm (
        .perm_i(rec_o[`TE_PERM_LSB +: 6]), .rnw_i(key_rnw_i), .priv_i(key_priv_i),
        .inst_i(key_inst_i), .ok_o(perm_o));

    // ---- invalidation: all fragments of a block of stage 1 --------------------------
    wire [2:0]  inv_size = s2only ? size : s1size;
    wire [36:0] start    = inv_msg_i[`INV_VPN_LSB +: 37];
    wire [36:0] last     = inv_msg_i[`INV_END_LSB +: 37];
    wire one_page = same_page(start[35:0], vpn[35:0], inv_size) && vpn[36] == start[36];
    wire tag_hit  = inv_hit(inv_msg_i, stage, vmid, asid, ng, aset, 1'b1);
    reg  va_hit;
    always @(*) begin
        va_hit = one_page || !inv_msg_i[`INV_VAV_LSB];
        if (inv_msg_i[`INV_VAV_LSB] && inv_msg_i[`INV_RANGE_LSB])
            va_hit = !page_above(vpn, last, inv_size) && !page_above(start, vpn, inv_size);
    end
    reg tag_hit_q, va_hit_q;        // the address takes longest: joined a cycle later
    always @(posedge clk_i) begin
        tag_hit_q <= used_o && tag_hit && !(inv_same_i && inv_hit_o);   // dropped once
        va_hit_q  <= va_hit;
    end
    assign inv_hit_o = tag_hit_q && va_hit_q;
endmodule
`default_nettype wire
