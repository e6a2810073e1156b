// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_cfg_cache
// Purpose: Configuration cache: CAM on {SID, SSV, SSID}, CFG in a RAM.
// Spec   : IHI 0070 4.3; CMD-018, CMD-021; rule D7
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : lk_*   lookup;  cf_*  pulse: fill;  inv_*  pulse: drop by SID and mask,
//            with inv_cdv_i the users of one CD (SSV=0 counts as SubstreamID 0)
// Out    : hit_o, cfg_o  the cycle after lk_valid_i, held until the next lookup
// Limits : an entry written or dropped in the cycle of its lookup misses
// Tests  : tests/unit/test_front.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"

module smmu_cfg_cache #(
    parameter ENTRIES = 8,
    parameter IDX_W   = 3           // at least clog2(ENTRIES), at least 1
) (
    input  wire              clk_i,
    input  wire              rst_ni,

    input  wire              lk_valid_i,
    input  wire [15:0]       lk_sid_i,
    input  wire              lk_ssv_i,
    input  wire [19:0]       lk_ssid_i,
    output wire              hit_o,
    output wire [`CFG_W-1:0] cfg_o,

    input  wire              cf_valid_i,
    input  wire [15:0]       cf_sid_i,
    input  wire              cf_ssv_i,
    input  wire [19:0]       cf_ssid_i,
    input  wire [`CFG_W-1:0] cf_cfg_i,

    input  wire              inv_valid_i,
    input  wire [15:0]       inv_sid_i,
    input  wire [15:0]       inv_mask_i,    // 1: bit not compared
    input  wire              inv_cdv_i,
    input  wire [19:0]       inv_ssid_i
);
    reg [ENTRIES-1:0]    valid_q;
    reg [ENTRIES*37-1:0] tag_q;             // {SID, SSV, SSID}
    reg [IDX_W-1:0]      turn_q;

    // an SSID of 0 is kept without SSV, and not looked at
    wire [36:0] cf_tag = {cf_sid_i, cf_ssv_i, cf_ssv_i ? cf_ssid_i : 20'd0};

    reg [ENTRIES-1:0] drop, hit, same;      // one hot: no two entries have one tag
    reg               any_free;
    reg [IDX_W-1:0]   hit_idx, same_idx, free_idx;
    wire [IDX_W-1:0]  new_idx = any_free ? free_idx : turn_q;
    wire [IDX_W-1:0]  cf_idx  = (|same) ? same_idx : new_idx;
    // a fill that meets its own invalidation is stale: nothing is written
    wire fill = cf_valid_i
             && !(inv_valid_i && ((cf_sid_i ^ inv_sid_i) & ~inv_mask_i) == 16'd0);
    integer i;
    always @(*) begin
        any_free = 1'b0;
        hit_idx  = {IDX_W{1'b0}};
        same_idx = {IDX_W{1'b0}};
        free_idx = {IDX_W{1'b0}};
        for (i = ENTRIES - 1; i >= 0; i = i - 1) begin
            drop[i] = inv_valid_i
                   && ((tag_q[i*37+21 +: 16] ^ inv_sid_i) & ~inv_mask_i) == 16'd0
                   && (!inv_cdv_i || tag_q[i*37 +: 20] == inv_ssid_i);
            hit[i]  = valid_q[i] && tag_q[i*37+20 +: 17] == {lk_sid_i, lk_ssv_i}
                   && (!lk_ssv_i || tag_q[i*37 +: 20] == lk_ssid_i);
            same[i] = valid_q[i] && tag_q[i*37+20 +: 17] == {cf_sid_i, cf_ssv_i}
                   && (!cf_ssv_i || tag_q[i*37 +: 20] == cf_ssid_i);
            if (hit[i])  hit_idx  = hit_idx | i[IDX_W-1:0];
            if (same[i]) same_idx = same_idx | i[IDX_W-1:0];
            if (!valid_q[i]) begin
                any_free = 1'b1;
                free_idx = i[IDX_W-1:0];
            end
        end
    end

    util_ram_1r1w #(.WIDTH(`CFG_W), .DEPTH(ENTRIES), .ADDR_W(IDX_W), .BLOCK(1)) u_ram (
        .clk_i(clk_i), .rd_en_i(lk_valid_i), .rd_addr_i(hit_idx), .rd_data_o(cfg_o),
        .wr_en_i(fill), .wr_addr_i(cf_idx), .wr_data_i(cf_cfg_i));

    // whether a fill was of the entry found is seen a cycle later: its index comes late
    reg             hit_q, clash_q;
    reg [IDX_W-1:0] hit_idx_q, cf_idx_q;
    assign hit_o = hit_q && !(clash_q && cf_idx_q == hit_idx_q);

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            valid_q <= {ENTRIES{1'b0}};
            turn_q  <= {IDX_W{1'b0}};
            hit_q   <= 1'b0;
            clash_q <= 1'b0;
        end else begin
            valid_q <= valid_q & ~drop;
            if (fill) begin
                valid_q[cf_idx] <= 1'b1;
                turn_q <= ({{(32-IDX_W){1'b0}}, turn_q} == ENTRIES - 1) ? {IDX_W{1'b0}} : turn_q + 1'b1;
            end
            if (lk_valid_i) begin
                hit_q   <= |(hit & ~drop);
                clash_q <= fill;
            end
        end
        if (lk_valid_i) {hit_idx_q, cf_idx_q} <= {hit_idx, cf_idx};
    end

    // entry by entry: an index times 37 would become a multiplier and shifters
    genvar g;
    generate
        for (g = 0; g < ENTRIES; g = g + 1) begin : g_tag
            localparam [31:0] ME = g;
            always @(posedge clk_i)
                if (fill && cf_idx == ME[IDX_W-1:0]) tag_q[g*37 +: 37] <= cf_tag;
        end
    endgenerate
endmodule
`default_nettype wire
