// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_walk_context
// Purpose: The contexts of the walk slots, in RAM: STE, CD and what is decoded of
//          them, request, walk state.
// Spec   : D5 (slot contexts in RAM)
// Clock  : clk_i, one domain.  No reset: a slot is written before it is read.
// In     : in_*  a slot is taken, perhaps with its configuration
//          b_*   beats of STE and CD    ws_*  a step's new state
//          rd_*  slot whose context is read, for the next cycle
// Out    : in_ready_o  no beat needs the write port
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"
`include "smmu_walk_if.vh"

module smmu_walk_context #(
    parameter WALK_SLOTS = 8,
    parameter SW         = 3
) (
    input  wire              clk_i,

    input  wire              in_valid_i,    // only with in_ready_o
    output wire              in_ready_o,
    input  wire [SW-1:0]     in_slot_i,
    input  wire [2:0]        in_tbu_i,
    input  wire [`UP_W-1:0]  in_msg_i,
    input  wire              in_cfg_hit_i,
    input  wire [`CFG_W-1:0] in_cfg_i,

    input  wire              b_valid_i,
    input  wire [SW-1:0]     b_slot_i,
    input  wire [1:0]        b_kind_i,
    input  wire [1:0]        b_count_i,
    input  wire [127:0]      b_data_i,

    input  wire              ws_valid_i,
    input  wire [SW-1:0]     ws_slot_i,
    input  wire [`WS_W-1:0]  ws_i,

    input  wire              rd_en_i,
    input  wire [SW-1:0]     rd_slot_i,
    output wire [255:0]      ste_o,
    output wire [255:0]      cd_o,
    output wire [`GEO_W-1:0] geo1_o,
    output wire [`GEO_W-1:0] geo2_o,
    output wire [`RQ_W-1:0]  rq_o,
    output wire [`WS_W-1:0]  ws_o
);
    // Words 0..3 of STE and CD: two beats each; beats 2 and 3 hold nothing we use.
    wire keep_ste = b_valid_i && b_kind_i == `RD_STE && !b_count_i[1];
    wire keep_cd  = b_valid_i && b_kind_i == `RD_CD && !b_count_i[1];
    // one write port: a structure beat goes first, else it is the newcomer's; whether one comes is late
    wire          of_beat  = keep_ste || keep_cd;
    wire          in_cfg   = in_valid_i && in_cfg_hit_i;
    wire [SW-1:0] cfg_slot = of_beat ? b_slot_i : in_slot_i;
    assign in_ready_o = !of_beat;

    wire [255:0] ste_wr = of_beat ? {b_data_i, b_data_i} : in_cfg_i[`CFG_STE_LSB +: 256];
    wire [255:0] cd_wr  = of_beat ? {b_data_i, b_data_i} : in_cfg_i[`CFG_CD_LSB +: 256];
    wire [1:0]   ste_en, cd_en;             // one a beat
    genvar h;
    generate
        for (h = 0; h < 2; h = h + 1) begin : g_half
            localparam [31:0] ME = h;
            assign ste_en[h] = in_cfg || (keep_ste && b_count_i[0] == ME[0]);
            assign cd_en[h]  = in_cfg || (keep_cd && b_count_i[0] == ME[0]);
            util_ram_1r1w #(.WIDTH(128), .DEPTH(WALK_SLOTS), .ADDR_W(SW)) u_ste (
                .clk_i(clk_i),
                .rd_en_i(rd_en_i), .rd_addr_i(rd_slot_i), .rd_data_o(ste_o[h*128 +: 128]),
                .wr_en_i(ste_en[h]), .wr_addr_i(cfg_slot), .wr_data_i(ste_wr[h*128 +: 128]));
            util_ram_1r1w #(.WIDTH(128), .DEPTH(WALK_SLOTS), .ADDR_W(SW)) u_cd (
                .clk_i(clk_i),
                .rd_en_i(rd_en_i), .rd_addr_i(rd_slot_i), .rd_data_o(cd_o[h*128 +: 128]),
                .wr_en_i(cd_en[h]), .wr_addr_i(cfg_slot), .wr_data_i(cd_wr[h*128 +: 128]));
        end
    endgenerate

    // The geometry is decoded where CD and STE are written; which half of the CD counts is known
    // since the slot was taken.
    wire                  in_half = in_msg_i[`UP_VA_LSB + 55];
    reg  [WALK_SLOTS-1:0] half_q;
    wire [`GEO_W-1:0]     geo1_wr, geo2_wr;
    always @(posedge clk_i) if (in_valid_i) half_q[in_slot_i] <= in_half;
    smmu_walk_geo u_geo (
        .cd_i(cd_wr[127:0]), .half_i(of_beat ? half_q[b_slot_i] : in_half),
        .ste_i(ste_wr[255:128]), .geo1_o(geo1_wr), .geo2_o(geo2_wr));
    util_ram_1r1w #(.WIDTH(`GEO_W), .DEPTH(WALK_SLOTS), .ADDR_W(SW)) u_geo1 (
        .clk_i(clk_i),
        .rd_en_i(rd_en_i), .rd_addr_i(rd_slot_i), .rd_data_o(geo1_o),
        .wr_en_i(cd_en[0]), .wr_addr_i(cfg_slot), .wr_data_i(geo1_wr));
    util_ram_1r1w #(.WIDTH(`GEO_W), .DEPTH(WALK_SLOTS), .ADDR_W(SW)) u_geo2 (
        .clk_i(clk_i),
        .rd_en_i(rd_en_i), .rd_addr_i(rd_slot_i), .rd_data_o(geo2_o),
        .wr_en_i(ste_en[1]), .wr_addr_i(cfg_slot), .wr_data_i(geo2_wr));

    util_ram_1r1w #(.WIDTH(`RQ_W), .DEPTH(WALK_SLOTS), .ADDR_W(SW)) u_rq (
        .clk_i(clk_i),
        .rd_en_i(rd_en_i), .rd_addr_i(rd_slot_i), .rd_data_o(rq_o),
        .wr_en_i(in_valid_i), .wr_addr_i(in_slot_i),
        .wr_data_i({in_cfg_i[`CFG_ABORT_LSB], in_cfg_i[`CFG_S2_LSB], in_cfg_i[`CFG_S1_LSB],
                    in_cfg_hit_i, in_tbu_i, in_msg_i}));
    util_ram_1r1w #(.WIDTH(`WS_W), .DEPTH(WALK_SLOTS), .ADDR_W(SW)) u_ws (
        .clk_i(clk_i),
        .rd_en_i(rd_en_i), .rd_addr_i(rd_slot_i), .rd_data_o(ws_o),
        .wr_en_i(ws_valid_i), .wr_addr_i(ws_slot_i), .wr_data_i(ws_i));
endmodule
`default_nettype wire
