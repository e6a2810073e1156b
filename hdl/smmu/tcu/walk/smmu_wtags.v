// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_wtags
// Purpose: Tags of one walker cache: look up, allocate, invalidate in one cycle.
//          An entry covers the span of a table (SPAN 0), of one leaf (1) or of
//          a line of eight descriptors (2) of its level and granule.
// Spec   : IHI 0070 3.17; TAG-001..005, TAG-017, TAG-020, TAG-022; D7, D8
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : lu_*  key looked up, combinational answer; the deepest level wins
//          al_*  allocate: same key and level first, then a free entry, then in turn
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
    output wire [2:0]         lu_sub_o,

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
    localparam KW = `WK_W;

    reg [ENTRIES-1:0]    valid_q;
    reg [ENTRIES*KW-1:0] key_q;
    reg [ENTRIES*2-1:0]  level_q;

    // Page-number bits below one descriptor of a level, less those of the span.
    function [5:0] f_low;
        input [1:0] gran;
        input [1:0] level;
        begin
            case ({gran, (SPAN == 0) ? level - 2'd1 : level})
                4'b00_00: f_low = 6'd27;
                4'b00_01: f_low = 6'd18;
                4'b00_10: f_low = 6'd9;
                4'b00_11: f_low = 6'd0;
                4'b01_00: f_low = 6'd35;
                4'b01_01: f_low = 6'd24;
                4'b01_10: f_low = 6'd13;
                4'b01_11: f_low = 6'd2;
                4'b10_01: f_low = 6'd30;
                4'b10_10: f_low = 6'd17;
                4'b10_11: f_low = 6'd4;
                default:  f_low = 6'd30;    // 64K has no level 0
            endcase
        end
    endfunction

    // No mask ends inside one of these groups of page-number bits: a group is compared once, and
    // the mask chooses among groups.  Bits inside a span are in none.
    function [10:0] f_differ;
        input [36:0] a;
        input [36:0] b;
        reg   [36:0] d;
        begin
            d = (a ^ b) >> ((SPAN == 2) ? 3 : 0);
            f_differ = {|d[36:35], |d[34:30], |d[29:27], |d[26:24], |d[23:18], d[17],
                        |d[16:13], |d[12:9], |d[8:4], |d[3:2], |d[1:0]};
        end
    endfunction

    // Groups that an entry compares.
    function [10:0] f_keep;
        input [1:0] gran;
        input [1:0] level;
        begin
            case (f_low(gran, level))
                6'd0:    f_keep = 11'h7ff;
                6'd2:    f_keep = 11'h7fe;
                6'd4:    f_keep = 11'h7fc;
                6'd9:    f_keep = 11'h7f8;
                6'd13:   f_keep = 11'h7f0;
                6'd17:   f_keep = 11'h7e0;
                6'd18:   f_keep = 11'h7c0;
                6'd24:   f_keep = 11'h780;
                6'd27:   f_keep = 11'h700;
                6'd30:   f_keep = 11'h600;
                default: f_keep = 11'h400;
            endcase
        end
    endfunction

    // ---- look up ----------------------------------------------------------------
    wire [1:0]  lu_gran = lu_key_i[`WK_GRAN_LSB +: 2];
    wire [36:0] lu_addr = lu_key_i[`WK_ADDR_LSB +: 37];

    integer           i;
    reg [1:0]         lv;
    reg [ENTRIES-1:0] match, at_1, at_2, at_3, best;
    always @(*) begin
        lu_idx_o = {IDX_W{1'b0}};
        lv       = 2'd0;
        match    = {ENTRIES{1'b0}};
        at_1     = {ENTRIES{1'b0}};
        at_2     = {ENTRIES{1'b0}};
        at_3     = {ENTRIES{1'b0}};
        for (i = 0; i < ENTRIES; i = i + 1) begin
            lv       = level_q[i*2 +: 2];
            // a match has the granule of the key; level 0 compares as much as level 1
            match[i] = lu_valid_i && valid_q[i]
                    && key_q[i*KW + `WK_VMID_LSB +: KW - `WK_VMID_LSB]
                        == lu_key_i[KW-1:`WK_VMID_LSB]
                    && (f_differ(key_q[i*KW +: 37], lu_addr)
                        & f_keep(key_q[i*KW + `WK_GRAN_LSB +: 2], (lv == 2'd0) ? 2'd1 : lv))
                        == 11'd0;
            at_1[i]  = match[i] && lv == 2'd1;
            at_2[i]  = match[i] && lv == 2'd2;
            at_3[i]  = match[i] && lv == 2'd3;
        end
        lu_hit_o   = |match;
        lu_level_o = (|at_3) ? 2'd3 : (|at_2) ? 2'd2 : (|at_1) ? 2'd1 : 2'd0;
        best       = (|at_3) ? at_3 : (|at_2) ? at_2 : (|at_1) ? at_1 : match;
        for (i = ENTRIES - 1; i >= 0; i = i - 1)
            if (best[i]) lu_idx_o = i[IDX_W-1:0];
    end

    wire [36:0] lu_down = lu_addr >> f_low(lu_gran, lu_level_o);
    assign lu_sub_o = lu_down[2:0];

    // ---- allocate ---------------------------------------------------------------
    // An entry of the same key and level is replaced: there is never a double hit.
    integer         j;
    reg             same_hit, free_hit;
    reg [IDX_W-1:0] same, free;
    reg [IDX_W-1:0] turn_q;
    always @(*) begin
        same_hit = 1'b0;
        free_hit = 1'b0;
        same     = {IDX_W{1'b0}};
        free     = {IDX_W{1'b0}};
        j        = 0;
        if (al_valid_i) begin
            for (j = 0; j < ENTRIES; j = j + 1) begin
                if (!valid_q[j] && !busy_i[j] && !free_hit) begin
                    free_hit = 1'b1;
                    free     = j[IDX_W-1:0];
                end
                if (valid_q[j] && level_q[j*2 +: 2] == al_level_i
                    && key_q[j*KW + `WK_VMID_LSB +: KW - `WK_VMID_LSB]
                        == al_key_i[KW-1:`WK_VMID_LSB]
                    && (f_differ(key_q[j*KW +: 37], al_key_i[36:0])
                        & f_keep(key_q[j*KW + `WK_GRAN_LSB +: 2], level_q[j*2 +: 2]))
                        == 11'd0) begin
                    same_hit = 1'b1;
                    same     = j[IDX_W-1:0];
                end
            end
        end
    end
    assign room_o   = |(~valid_q & ~busy_i);
    assign al_idx_o = same_hit ? same : free_hit ? free : turn_q;

    localparam [31:0] LAST = ENTRIES - 1;
    always @(posedge clk_i) begin
        if (!rst_ni) turn_q <= {IDX_W{1'b0}};
        else if (al_valid_i && !same_hit && !free_hit)
            turn_q <= (turn_q == LAST[IDX_W-1:0]) ? {IDX_W{1'b0}} : turn_q + 1'b1;
    end

    // ---- invalidate -------------------------------------------------------------
    wire        inv_stage = (STAGE2 != 0) ? winv_msg_i[`INV_S2_LSB] : winv_msg_i[`INV_S1_LSB];
    wire        inv_va    = winv_msg_i[`INV_VAV_LSB];
    // leaf-only forms may leave table entries (TAG-020)
    wire        inv_here  = winv_valid_i && !winv_msg_i[`INV_CFG_LSB] && inv_stage
                         && !((SPAN == 0) && inv_va && winv_msg_i[`INV_LEAF_LSB]);
    wire        inv_asid  = (STAGE2 == 0) && winv_msg_i[`INV_ASIDV_LSB] && !inv_va;
    wire        inv_one   = inv_va && !winv_msg_i[`INV_RANGE_LSB];
    wire [15:0] vmid_mask = winv_msg_i[`INV_VMIDV_LSB]
                          ? 16'hffff << winv_msg_i[`INV_VMW_LSB +: `INV_VMW_W] : 16'd0;

    integer           k;
    reg [ENTRIES-1:0] gone;
    always @(*) begin
        gone = {ENTRIES{1'b0}};
        k    = 0;
        if (inv_here) begin
            for (k = 0; k < ENTRIES; k = k + 1)
                gone[k] = ((key_q[k*KW + `WK_VMID_LSB +: 16]
                            ^ winv_msg_i[`INV_VMID_LSB +: 16]) & vmid_mask) == 16'd0
                       && !(inv_asid && key_q[k*KW + `WK_ASID_LSB +: 16]
                                        != winv_msg_i[`INV_ASID_LSB +: 16])
                       && !(inv_one && (f_differ(key_q[k*KW +: 37],
                                                 winv_msg_i[`INV_VPN_LSB +: 37])
                                        & f_keep(key_q[k*KW + `WK_GRAN_LSB +: 2],
                                                 level_q[k*2 +: 2])) != 11'd0);
        end
    end

    // ---- entries ----------------------------------------------------------------
    genvar g;
    generate
        for (g = 0; g < ENTRIES; g = g + 1) begin : g_entry
            localparam [31:0] ME = g;
            wire mine = al_valid_i && al_idx_o == ME[IDX_W-1:0];
            always @(posedge clk_i) begin
                if (!rst_ni)        valid_q[g] <= 1'b0;
                else if (mine)      valid_q[g] <= al_live_i;
                else if (gone[g])   valid_q[g] <= 1'b0;
                else if (live_i[g]) valid_q[g] <= 1'b1;
                if (mine) begin
                    key_q[g*KW +: KW] <= al_key_i;
                    level_q[g*2 +: 2] <= al_level_i;
                end
            end
        end
    endgenerate

    wire unused_ok = &{1'b0, winv_msg_i, lu_down[36:3], LAST};
endmodule
`default_nettype wire
