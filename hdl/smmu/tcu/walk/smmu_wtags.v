// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_wtags
// Purpose: Tags of one walker cache: look up, allocate, invalidate in one cycle.
//          An entry covers the span of a table (SPAN 0), of one leaf (1) or of
//          a line of eight descriptors (2) of its level and granule.
// Spec   : IHI 0070 3.17; TAG-001..005, TAG-017, TAG-020, TAG-022; D7, D8
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : lu_*  key looked up, combinational answer; the deepest level wins
//          al_*  allocate: same key and level first, then a free entry, then in turn;
//          never with winv_*, whose comparison it shares
//          live_i[n]  entry n becomes valid;  busy_i[n]  entry n is not free
//          winv_* invalidation, judged against every tag at once
// Out    : lu_hit_o lu_idx_o lu_level_o lu_sub_o (descriptor inside a line), al_idx_o
// Limits : invalidation is conservative: a range drops all of its VMID and ASID,
//          an address drops it for every ASID (kernel tables are shared)
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_walk_if.vh"

module smmu_wtags #(
    parameter ENTRIES = 16,
    parameter IDX_W   = 4,  // at least clog2(ENTRIES) and at least 1
    parameter STAGE2  = 0,  // 1: invalidated as stage 2 data, no ASID
    parameter SPAN    = 0   // 0 table pointer, 1 leaf, 2 line of eight
) (
    input  wire               clk_i,
    input  wire               rst_ni,

    input  wire               lu_valid_i,
    input  wire [`WK_W-1:0]   lu_key_i,
    output reg                lu_hit_o,
    output reg  [IDX_W-1:0]   lu_idx_o,
    output reg  [1:0]         lu_level_o,
    output reg  [2:0]         lu_sub_o,

    input  wire               al_valid_i,
    input  wire               al_live_i,    // valid at once
    input  wire [`WK_W-1:0]   al_key_i,
    input  wire [1:0]         al_level_i,
    output wire [IDX_W-1:0]   al_idx_o,
    output wire               room_o,       // some entry is free
    input  wire [ENTRIES-1:0] busy_i,
    input  wire [ENTRIES-1:0] live_i,

    input  wire               winv_valid_i,
    input  wire [`INV_W-1:0]  winv_msg_i
);
    // ---- the second comparison: of an invalidation, else of what is allocated -------
    wire        inv_stage = (STAGE2 != 0) ? winv_msg_i[`INV_S2_LSB] : winv_msg_i[`INV_S1_LSB];
    wire        inv_va    = winv_msg_i[`INV_VAV_LSB];
    // leaf-only forms may leave table entries (TAG-020)
    wire        inv_here  = winv_valid_i && !winv_msg_i[`INV_CFG_LSB] && inv_stage
                         && !((SPAN == 0) && inv_va && winv_msg_i[`INV_LEAF_LSB]);
    wire        inv_asid  = winv_msg_i[`INV_ASIDV_LSB] && !inv_va;
    wire        inv_one   = inv_va && !winv_msg_i[`INV_RANGE_LSB];
    wire [15:0] inv_vmid  = winv_msg_i[`INV_VMIDV_LSB]
                          ? 16'hffff << winv_msg_i[`INV_VMW_LSB +: `INV_VMW_W] : 16'd0;

    wire [36:0] op_addr = winv_valid_i ? winv_msg_i[`INV_VPN_LSB +: 37]
                                       : al_key_i[`WK_ADDR_LSB +: 37];
    wire [15:0] op_vmid = winv_valid_i ? winv_msg_i[`INV_VMID_LSB +: 16]
                                       : al_key_i[`WK_VMID_LSB +: 16];
    wire [15:0] op_asid = winv_valid_i ? winv_msg_i[`INV_ASID_LSB +: 16]
                                       : al_key_i[`WK_ASID_LSB +: 16];
    wire [15:0] op_vmid_mask = winv_valid_i ? inv_vmid : 16'hffff;
    wire        op_any_asid  = winv_valid_i && !inv_asid;
    wire        op_any_addr  = winv_valid_i && !inv_one;

    // ---- entries --------------------------------------------------------------------
    wire [ENTRIES-1:0]   valid, match, same, mine;
    wire [ENTRIES*2-1:0] level;
    genvar g;
    generate
        for (g = 0; g < ENTRIES; g = g + 1) begin : g_tag
            localparam [31:0] ME = g;
            assign mine[g] = al_valid_i && al_idx_o == ME[IDX_W-1:0];
            smmu_wtag #(.STAGE2(STAGE2), .SPAN(SPAN)) u_tag (
                .clk_i(clk_i), .rst_ni(rst_ni),
                .lu_key_i(lu_key_i), .al_key_i(al_key_i), .al_level_i(al_level_i),
                .op_addr_i(op_addr), .op_vmid_i(op_vmid), .op_asid_i(op_asid),
                .op_vmid_mask_i(op_vmid_mask), .op_any_asid_i(op_any_asid),
                .op_any_addr_i(op_any_addr),
                .inv_i(inv_here), .mine_i(mine[g]), .al_live_i(al_live_i), .live_i(live_i[g]),
                .valid_o(valid[g]), .level_o(level[g*2 +: 2]), .hit_o(match[g]),
                .same_o(same[g]));
        end
    endgenerate

    // ---- look up: the deepest level wins --------------------------------------------
    integer           i;
    reg [ENTRIES-1:0] at_1, at_2, at_3, best;
    always @(*) begin
        for (i = 0; i < ENTRIES; i = i + 1) begin
            at_1[i] = match[i] && level[i*2 +: 2] == 2'd1;
            at_2[i] = match[i] && level[i*2 +: 2] == 2'd2;
            at_3[i] = match[i] && level[i*2 +: 2] == 2'd3;
        end
        lu_hit_o   = lu_valid_i && (|match);
        lu_level_o = (|at_3) ? 2'd3 : (|at_2) ? 2'd2 : (|at_1) ? 2'd1 : 2'd0;
        best       = (|at_3) ? at_3 : (|at_2) ? at_2 : (|at_1) ? at_1 : match;
        lu_idx_o   = {IDX_W{1'b0}};
        for (i = ENTRIES - 1; i >= 0; i = i - 1)
            if (best[i]) lu_idx_o = i[IDX_W-1:0];
    end

    // page-number bits that choose one of the eight descriptors of a line
    wire [36:0] lu_addr = lu_key_i[`WK_ADDR_LSB +: 37];
    always @(*)
        case ({lu_key_i[`WK_GRAN_LSB +: 2], lu_level_o})
            4'b00_00: lu_sub_o = lu_addr[29:27];
            4'b00_01: lu_sub_o = lu_addr[20:18];
            4'b00_10: lu_sub_o = lu_addr[11:9];
            4'b00_11: lu_sub_o = lu_addr[2:0];
            4'b01_00: lu_sub_o = {1'b0, lu_addr[36:35]};
            4'b01_01: lu_sub_o = lu_addr[26:24];
            4'b01_10: lu_sub_o = lu_addr[15:13];
            4'b01_11: lu_sub_o = lu_addr[4:2];
            4'b10_10: lu_sub_o = lu_addr[19:17];
            4'b10_11: lu_sub_o = lu_addr[6:4];
            default:  lu_sub_o = lu_addr[32:30];    // 64K has no level 0
        endcase

    // ---- allocate -------------------------------------------------------------------
    // An entry of the same key and level is replaced. Two of them can only be lines whose bursts
    // were under way together, read through different tables: the first one hits.
    integer         j;
    reg [IDX_W-1:0] same_idx, free_idx;
    reg [IDX_W-1:0] turn_q;
    wire [ENTRIES-1:0] free = ~valid & ~busy_i;
    always @(*) begin
        same_idx = {IDX_W{1'b0}};
        free_idx = {IDX_W{1'b0}};
        for (j = ENTRIES - 1; j >= 0; j = j - 1) begin
            if (same[j]) same_idx = j[IDX_W-1:0];
            if (free[j]) free_idx = j[IDX_W-1:0];
        end
    end
    assign room_o   = |free;
    assign al_idx_o = (|same) ? same_idx : room_o ? free_idx : turn_q;

    localparam [31:0] LAST = ENTRIES - 1;
    always @(posedge clk_i) begin
        if (!rst_ni) turn_q <= {IDX_W{1'b0}};
        else if (al_valid_i && !(|same) && !room_o)
            turn_q <= (turn_q == LAST[IDX_W-1:0]) ? {IDX_W{1'b0}} : turn_q + 1'b1;
    end

    wire unused_ok = &{1'b0, winv_msg_i, LAST, lu_key_i, lu_addr};
endmodule
`default_nettype wire
