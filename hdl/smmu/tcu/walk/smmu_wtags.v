// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_wtags
// Purpose: Tags of one walker cache: look up, allocate, invalidate in one cycle.
//          An entry covers the span of a table (SPAN 0), of one leaf (1) or of
//          a line of eight descriptors (2) of its level and granule.
// Spec   : IHI 0070 3.17; TAG-001..005, TAG-017, TAG-020, TAG-022; D7, D8
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : lu_*  key looked up, combinational answer; the deepest level wins
//          op_*  key of what al_* may allocate in the next cycle: compared a cycle ahead
//          al_*  allocate: same key and level first, then a free entry, then in turn;
//          never with winv_*, whose comparison it shares
//          live_i[n]  entry n becomes valid;  busy_i[n]  entry n is not free;
//          usable_i[n]  entry n may hit, as far as its level (levels_o) tells
//          winv_* invalidation, judged against every tag at once; winv_near_i in the cycle
//          before it, or earlier: winv_msg_i is what will come
// Out    : lu_hit_o lu_idx_o lu_level_o, al_go_o al_idx_o
// Limits : invalidation is conservative: a range drops all of its VMID and ASID,
//          an address drops it for every ASID (kernel tables are shared); what is
//          allocated in the cycle before is dropped, whatever its tag
//          Two entries may have the same key and level: of allocations in cycles on end,
//          of one behind winv_near_i, of lines under way together. The first one hits.
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
    output wire               lu_hit_o,
    output wire [IDX_W-1:0]   lu_idx_o,
    output wire [1:0]         lu_level_o,
    output wire [ENTRIES*2-1:0] levels_o,
    input  wire [ENTRIES-1:0] usable_i,     // entries that may hit

    input  wire               op_valid_i,
    input  wire [`WK_W-1:0]   op_key_i,

    input  wire               al_valid_i,
    input  wire               al_spare_i,   // only if an entry is free
    input  wire               al_live_i,    // valid at once
    input  wire [`WK_W-1:0]   al_key_i,
    input  wire [1:0]         al_level_i,
    output wire               al_go_o,      // allocated
    output wire [IDX_W-1:0]   al_idx_o,
    input  wire [ENTRIES-1:0] busy_i,
    input  wire [ENTRIES-1:0] live_i,

    input  wire               winv_near_i,
    input  wire               winv_valid_i,
    input  wire [`INV_W-1:0]  winv_msg_i
);
    // ---- the second comparison: of an invalidation that is near, else of what may be allocated ----
    wire        inv_stage = (STAGE2 != 0) ? winv_msg_i[`INV_S2_LSB] : winv_msg_i[`INV_S1_LSB];
    wire        inv_va    = winv_msg_i[`INV_VAV_LSB];
    // leaf-only forms may leave table entries (TAG-020)
    wire        inv_here  = winv_valid_i && !winv_msg_i[`INV_CFG_LSB] && inv_stage
                         && !((SPAN == 0) && inv_va && winv_msg_i[`INV_LEAF_LSB]);
    wire        inv_asid  = winv_msg_i[`INV_ASIDV_LSB] && !inv_va;
    wire        inv_one   = inv_va && !winv_msg_i[`INV_RANGE_LSB];
    wire [15:0] inv_vmid  = winv_msg_i[`INV_VMIDV_LSB]
                          ? 16'hffff << winv_msg_i[`INV_VMW_LSB +: `INV_VMW_W] : 16'd0;

    wire [36:0] op_addr = winv_near_i ? winv_msg_i[`INV_VPN_LSB +: 37]
                                      : op_key_i[`WK_ADDR_LSB +: 37];
    wire [15:0] op_vmid = winv_near_i ? winv_msg_i[`INV_VMID_LSB +: 16]
                                      : op_key_i[`WK_VMID_LSB +: 16];
    wire [15:0] op_asid = winv_near_i ? winv_msg_i[`INV_ASID_LSB +: 16]
                                      : op_key_i[`WK_ASID_LSB +: 16];
    wire [15:0] op_vmid_mask = winv_near_i ? inv_vmid : 16'hffff;
    wire        op_any_asid  = winv_near_i && !inv_asid;
    wire        op_any_addr  = winv_near_i && !inv_one;

    // ---- does an entry cover an address? ----------------------------------------------
    // Page-number bits fall into groups between the places at which some level of some granule
    // begins: an entry compares whole groups, from the one its level begins with.
    localparam GROUPS = 11;
    function automatic [GROUPS-1:0] differ;     // groups in which two addresses differ
        input [36:0] diff;
        reg [36:0]   d;
        begin
            d      = (SPAN == 2) ? diff >> 3 : diff;
            differ = {|d[36:35], |d[34:30], |d[29:27], |d[26:24], |d[23:18], d[17],
                      |d[16:13], |d[12:9], |d[8:4], |d[3:2], |d[1:0]};
        end
    endfunction
    function automatic [GROUPS-1:0] compared;   // groups that an entry compares
        input [1:0] gran;
        input [1:0] level;
        reg [1:0]   at;
        begin
            at = (SPAN == 0) ? level - 2'd1 : level;
            case ({gran, at})
                4'b00_00: compared = 11'b111_0000_0000;     // from bit 27
                4'b00_01: compared = 11'b111_1100_0000;     // 18
                4'b00_10: compared = 11'b111_1111_1000;     // 9
                4'b00_11: compared = 11'b111_1111_1111;     // 0
                4'b01_00: compared = 11'b100_0000_0000;     // 35
                4'b01_01: compared = 11'b111_1000_0000;     // 24
                4'b01_10: compared = 11'b111_1111_0000;     // 13
                4'b01_11: compared = 11'b111_1111_1110;     // 2
                4'b10_01: compared = 11'b110_0000_0000;     // 30
                4'b10_10: compared = 11'b111_1110_0000;     // 17
                4'b10_11: compared = 11'b111_1111_1100;     // 4
                default:  compared = 11'b110_0000_0000;     // 64K has no level 0
            endcase
        end
    endfunction

    // ---- the entries: each is compared in cycles of a lookup, and ahead of allocation and invalidation
    reg [ENTRIES-1:0]        valid_q;
    reg [ENTRIES*`WK_W-1:0]  key_q;
    reg [ENTRIES*2-1:0]      level_q;
    reg [ENTRIES*GROUPS-1:0] groups_q;  // of its granule and level

    integer           i;
    reg [`WK_W-1:0]   lu_tag;
    reg [1:0]         lu_tag_level;
    reg               match;
    reg [ENTRIES-1:0] mine;             // allocated in this cycle
    reg [ENTRIES-1:0] at_0, at_1, at_2, at_3;
    always @(*) begin
        lu_tag       = {`WK_W{1'b0}};
        lu_tag_level = 2'd0;
        match        = 1'b0;
        at_0         = {ENTRIES{1'b0}};
        at_1         = {ENTRIES{1'b0}};
        at_2         = {ENTRIES{1'b0}};
        at_3         = {ENTRIES{1'b0}};
        i            = 0;
        if (lu_valid_i)
            for (i = 0; i < ENTRIES; i = i + 1) begin
                lu_tag       = key_q[i*`WK_W +: `WK_W];
                lu_tag_level = level_q[i*2 +: 2];
                match = valid_q[i] && usable_i[i]
                     && lu_tag[`WK_W-1:`WK_NEST_LSB] == lu_key_i[`WK_W-1:`WK_NEST_LSB]
                     && lu_tag[`WK_VMID_LSB +: 16] == lu_key_i[`WK_VMID_LSB +: 16]
                     && ((STAGE2 != 0)
                         || lu_tag[`WK_ASID_LSB +: 16] == lu_key_i[`WK_ASID_LSB +: 16])
                     && (differ(lu_tag[`WK_ADDR_LSB +: 37] ^ lu_key_i[`WK_ADDR_LSB +: 37])
                         & groups_q[i*GROUPS +: GROUPS]) == {GROUPS{1'b0}};
                at_0[i] = match && lu_tag_level == 2'd0;
                at_1[i] = match && lu_tag_level == 2'd1;
                at_2[i] = match && lu_tag_level == 2'd2;
                at_3[i] = match && lu_tag_level == 2'd3;
            end
    end

    // An entry keeps its tag until the next cycle, unless it is allocated in this one: it then
    // matches an invalidation and nothing else.
    reg [ENTRIES-1:0] match_q;
    reg               near_q;
    integer           j;
    always @(posedge clk_i) begin
        near_q <= winv_near_i;
        if (op_valid_i || winv_near_i)
            for (j = 0; j < ENTRIES; j = j + 1)
                match_q[j] <= mine[j] ? winv_near_i
                    : (((key_q[j*`WK_W + `WK_VMID_LSB +: 16] ^ op_vmid) & op_vmid_mask) == 16'd0
                        && ((STAGE2 != 0) || key_q[j*`WK_W + `WK_ASID_LSB +: 16] == op_asid
                            || op_any_asid)
                        && (op_any_addr
                            || (differ(key_q[j*`WK_W + `WK_ADDR_LSB +: 37] ^ op_addr)
                                & groups_q[j*GROUPS +: GROUPS]) == {GROUPS{1'b0}})
                        && (winv_near_i || key_q[j*`WK_W + `WK_NEST_LSB +: `WK_W - `WK_NEST_LSB]
                                           == op_key_i[`WK_W-1:`WK_NEST_LSB]));
    end
    wire [ENTRIES-1:0] drop = match_q & {ENTRIES{inv_here}};

    assign levels_o = level_q;

    // ---- look up: the deepest level wins --------------------------------------------
    // each level chooses its own entry; which of them counts comes last
    wire             any_0, any_1, any_2, any_3;
    wire [IDX_W-1:0] idx_0, idx_1, idx_2, idx_3;
    util_first #(.N(ENTRIES), .IDX_W(IDX_W)) u_at_0 (
        .req_i(at_0), .any_o(any_0), .idx_o(idx_0));
    util_first #(.N(ENTRIES), .IDX_W(IDX_W)) u_at_1 (
        .req_i(at_1), .any_o(any_1), .idx_o(idx_1));
    util_first #(.N(ENTRIES), .IDX_W(IDX_W)) u_at_2 (
        .req_i(at_2), .any_o(any_2), .idx_o(idx_2));
    util_first #(.N(ENTRIES), .IDX_W(IDX_W)) u_at_3 (
        .req_i(at_3), .any_o(any_3), .idx_o(idx_3));
    // what is allocated in this cycle has no word yet
    wire clash = |((at_0 | at_1 | at_2 | at_3) & mine);
    assign lu_hit_o   = (any_0 || any_1 || any_2 || any_3) && !clash;
    assign lu_level_o = any_3 ? 2'd3  : any_2 ? 2'd2  : any_1 ? 2'd1 : 2'd0;
    assign lu_idx_o   = any_3 ? idx_3 : any_2 ? idx_2 : any_1 ? idx_1 : idx_0;

    // ---- allocate -------------------------------------------------------------------
    reg [ENTRIES-1:0]  same;                // the key, and the level
    integer            k;
    always @(*) begin
        same = {ENTRIES{1'b0}};
        k    = 0;
        if (al_valid_i && !near_q)
            for (k = 0; k < ENTRIES; k = k + 1)
                same[k] = match_q[k] && valid_q[k] && level_q[k*2 +: 2] == al_level_i;
    end
    reg [IDX_W-1:0]    turn_q;
    wire               any_same, any_free;
    wire [IDX_W-1:0]   same_idx, free_idx;
    wire [ENTRIES-1:0] free = al_valid_i ? ~valid_q & ~busy_i : {ENTRIES{1'b0}};
    util_first #(.N(ENTRIES), .IDX_W(IDX_W)) u_same (
        .req_i(same), .any_o(any_same), .idx_o(same_idx));
    util_first #(.N(ENTRIES), .IDX_W(IDX_W)) u_free (
        .req_i(free), .any_o(any_free), .idx_o(free_idx));
    assign al_go_o  = al_valid_i && (any_free || !al_spare_i);
    assign al_idx_o = any_same ? same_idx : any_free ? free_idx : turn_q;

    integer            n;
    always @(*) begin
        mine = {ENTRIES{1'b0}};
        n    = 0;
        if (al_go_o)
            for (n = 0; n < ENTRIES; n = n + 1) mine[n] = al_idx_o == n[IDX_W-1:0];
    end

    localparam [31:0] LAST = ENTRIES - 1;
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            valid_q <= {ENTRIES{1'b0}};
            turn_q  <= {IDX_W{1'b0}};
        end else begin
            valid_q <= (mine & {ENTRIES{al_live_i}}) | (~mine & ~drop & (valid_q | live_i));
            if (al_go_o && !any_same && !any_free)
                turn_q <= (turn_q == LAST[IDX_W-1:0]) ? {IDX_W{1'b0}} : turn_q + 1'b1;
        end
    end

    integer            w;
    always @(posedge clk_i)
        if (al_go_o)
            for (w = 0; w < ENTRIES; w = w + 1)
                if (mine[w]) begin
                    key_q[w*`WK_W +: `WK_W] <= al_key_i;
                    level_q[w*2 +: 2]       <= al_level_i;
                    groups_q[w*GROUPS +: GROUPS] <= compared(al_key_i[`WK_GRAN_LSB +: 2], al_level_i);
                end

    wire unused_ok = &{1'b0, winv_msg_i, LAST, lu_key_i};
endmodule
`default_nettype wire
