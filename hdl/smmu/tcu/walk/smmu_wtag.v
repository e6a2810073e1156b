// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_wtag
// Purpose: One tag of a walker cache, with the two comparisons it needs: with a
//          key looked up, and with a key allocated or an invalidation.
// Spec   : IHI 0070 3.17; TAG-001..005, TAG-017, TAG-022; D7, D8
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : lu_key_i  looked up;  al_key_i al_level_i  to be stored with mine_i
//          op_*      the other comparison: of al_key_i, or of an invalidation,
//                    which ignores VMID bits, ASID and address as told
//          live_i    the entry becomes valid
// Out    : hit_o     valid and equal to lu_key_i;  same_o  to al_key_i and level
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_walk_if.vh"

module smmu_wtag #(
    parameter STAGE2 = 0,
    parameter SPAN   = 0    // 0 table pointer, 1 leaf, 2 line of eight
) (
    input  wire               clk_i,
    input  wire               rst_ni,

    input  wire [`WK_W-1:0]   lu_key_i,
    input  wire [`WK_W-1:0]   al_key_i,
    input  wire [1:0]         al_level_i,
    input  wire [36:0]        op_addr_i,
    input  wire [15:0]        op_vmid_i,
    input  wire [15:0]        op_asid_i,
    input  wire [15:0]        op_vmid_mask_i,
    input  wire               op_any_asid_i,
    input  wire               op_any_addr_i,
    input  wire               inv_i,        // the operation is an invalidation
    input  wire               mine_i,
    input  wire               al_live_i,
    input  wire               live_i,

    output wire               valid_o,
    output wire [1:0]         level_o,
    output wire               hit_o,
    output wire               same_o
);
    reg             valid_q;
    reg [`WK_W-1:0] key_q;
    reg [1:0]       level_q;

    // Page-number bits fall into groups between the places at which some level of some granule
    // begins: an entry compares whole groups, from the one its level begins with.
    localparam GROUPS = 11;
    function [GROUPS-1:0] f_groups;
        input [36:0] diff;
        reg   [36:0] d;
        begin
            d = (SPAN == 2) ? diff >> 3 : diff;
            f_groups = {|d[36:35], |d[34:30], |d[29:27], |d[26:24], |d[23:18], d[17],
                        |d[16:13], |d[12:9], |d[8:4], |d[3:2], |d[1:0]};
        end
    endfunction

    reg [GROUPS-1:0] used;
    wire [1:0]       at = (SPAN == 0) ? level_q - 2'd1 : level_q;
    always @(*)
        case ({key_q[`WK_GRAN_LSB +: 2], at})
            4'b00_00: used = 11'b111_0000_0000;     // from bit 27
            4'b00_01: used = 11'b111_1100_0000;     // 18
            4'b00_10: used = 11'b111_1111_1000;     // 9
            4'b00_11: used = 11'b111_1111_1111;     // 0
            4'b01_00: used = 11'b100_0000_0000;     // 35
            4'b01_01: used = 11'b111_1000_0000;     // 24
            4'b01_10: used = 11'b111_1111_0000;     // 13
            4'b01_11: used = 11'b111_1111_1110;     // 2
            4'b10_01: used = 11'b110_0000_0000;     // 30
            4'b10_10: used = 11'b111_1110_0000;     // 17
            4'b10_11: used = 11'b111_1111_1100;     // 4
            default:  used = 11'b110_0000_0000;     // 64K has no level 0
        endcase

    wire [36:0] addr = key_q[`WK_ADDR_LSB +: 37];
    wire [15:0] vmid = key_q[`WK_VMID_LSB +: 16];
    wire [15:0] asid = (STAGE2 != 0) ? 16'd0 : key_q[`WK_ASID_LSB +: 16];

    // ---- look up ----------------------------------------------------------------
    wire lu_addr_eq = (f_groups(addr ^ lu_key_i[`WK_ADDR_LSB +: 37]) & used) == {GROUPS{1'b0}};
    wire lu_asid_eq = (STAGE2 != 0) || asid == lu_key_i[`WK_ASID_LSB +: 16];
    assign hit_o = valid_q && lu_addr_eq && lu_asid_eq && vmid == lu_key_i[`WK_VMID_LSB +: 16]
                && key_q[`WK_W-1:`WK_NEST_LSB] == lu_key_i[`WK_W-1:`WK_NEST_LSB];

    // ---- allocate, invalidate ---------------------------------------------------
    wire op_addr_eq = (f_groups(addr ^ op_addr_i) & used) == {GROUPS{1'b0}};
    wire op_asid_eq = (STAGE2 != 0) || asid == op_asid_i;
    wire op_eq = ((vmid ^ op_vmid_i) & op_vmid_mask_i) == 16'd0
              && (op_asid_eq || op_any_asid_i) && (op_addr_eq || op_any_addr_i);
    assign same_o = valid_q && op_eq && !inv_i && level_q == al_level_i
                 && key_q[`WK_W-1:`WK_NEST_LSB] == al_key_i[`WK_W-1:`WK_NEST_LSB];

    always @(posedge clk_i) begin
        if (!rst_ni)             valid_q <= 1'b0;
        else if (mine_i)         valid_q <= al_live_i;
        else if (inv_i && op_eq) valid_q <= 1'b0;
        else if (live_i)         valid_q <= 1'b1;
        if (mine_i) begin
            key_q   <= al_key_i;
            level_q <= al_level_i;
        end
    end

    assign valid_o = valid_q;
    assign level_o = level_q;

    wire unused_ok = &{1'b0, lu_key_i, op_asid_i, asid, key_q};
endmodule
`default_nettype wire
