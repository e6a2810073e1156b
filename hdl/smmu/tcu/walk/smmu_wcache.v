// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_wcache
// Purpose: A walker cache: tags (smmu_wtags) and one payload word per entry.
//          Used for the walk caches of both stages and the stage 2 leaf cache.
// Spec   : D7 (stage 1 payloads are IPAs when nested), TAG-018, TAG-020
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : lu_*  key, compared in the cycle; lu_take_i reads the payload
//          fill_* one entry, written at the edge
// Out    : hit_o level_o data_o   the cycle after lu_take_i
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_walk_if.vh"

module smmu_wcache #(
    parameter ENTRIES = 16,
    parameter STAGE2  = 0,
    parameter SPAN    = 0,
    parameter DATA_W  = 40
) (
    input  wire              clk_i,
    input  wire              rst_ni,

    input  wire              lu_valid_i,
    input  wire              lu_take_i,
    input  wire [`WK_W-1:0]  lu_key_i,
    output reg               hit_o,
    output reg  [1:0]        level_o,
    output wire [DATA_W-1:0] data_o,

    input  wire              op_valid_i,    // key of a fill that may come in the next cycle
    input  wire [`WK_W-1:0]  op_key_i,
    input  wire              fill_valid_i,
    input  wire [`WK_W-1:0]  fill_key_i,
    input  wire [1:0]        fill_level_i,
    input  wire [DATA_W-1:0] fill_data_i,

    input  wire              winv_near_i,
    input  wire              winv_valid_i,
    input  wire [`INV_W-1:0] winv_msg_i
);
    localparam IDX_W = (ENTRIES > 1) ? $clog2(ENTRIES) : 1;

    wire             lu_hit;
    wire [IDX_W-1:0] lu_idx, al_idx;
    wire [1:0]       lu_level;
    /* verilator lint_off UNUSEDSIGNAL */ // of interest to lines only
    wire [ENTRIES*2-1:0] levels;
    wire                 al_go;
    /* verilator lint_on UNUSEDSIGNAL */

    smmu_wtags #(.ENTRIES(ENTRIES), .IDX_W(IDX_W), .STAGE2(STAGE2), .SPAN(SPAN)) u_tags (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .lu_valid_i(lu_valid_i), .lu_key_i(lu_key_i), .lu_hit_o(lu_hit), .lu_idx_o(lu_idx),
        .lu_level_o(lu_level), .levels_o(levels), .usable_i({ENTRIES{1'b1}}),
        .op_valid_i(op_valid_i), .op_key_i(op_key_i),
        .al_valid_i(fill_valid_i), .al_spare_i(1'b0), .al_live_i(1'b1), .al_key_i(fill_key_i),
        .al_level_i(fill_level_i), .al_go_o(al_go), .al_idx_o(al_idx),
        .busy_i({ENTRIES{1'b0}}), .live_i({ENTRIES{1'b0}}),
        .winv_near_i(winv_near_i), .winv_valid_i(winv_valid_i), .winv_msg_i(winv_msg_i));

    always @(posedge clk_i) begin
        if (!rst_ni)        hit_o <= 1'b0;
        else if (lu_take_i) hit_o <= lu_hit;
        if (lu_take_i)      level_o <= lu_level;
    end

    util_ram_1r1w #(.WIDTH(DATA_W), .DEPTH(ENTRIES), .ADDR_W(IDX_W)) u_data (
        .clk_i(clk_i),
        .rd_en_i(lu_take_i), .rd_addr_i(lu_idx), .rd_data_o(data_o),
        .wr_en_i(fill_valid_i), .wr_addr_i(al_idx), .wr_data_i(fill_data_i));
endmodule
`default_nettype wire
