// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_front_intake
// Purpose: Requests into the lookup: TBUs in turn, alternating with replays.
//          SYNC answers of the TBUs branch off here.
// Spec   : rules D10, D12, D17
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : up_*     per TBU;  rp_*  request to replay
// Out    : sdone_*  pulse: a UP_K_SYNC arrived;  rq_*  LQ record, in the cycle it comes
// Stalls : rq_ready_i stalls requests and replays, never SYNC answers
// Tests  : tests/unit/test_front.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_front.vh"

module smmu_front_intake #(
    parameter NUM_TBU = 2,
    parameter TBU_W   = 1           // at least clog2(NUM_TBU), at least 1
) (
    input  wire                     clk_i,
    input  wire                     rst_ni,

    input  wire [NUM_TBU-1:0]       up_valid_i,
    output wire [NUM_TBU-1:0]       up_ready_o,
    input  wire [NUM_TBU*`UP_W-1:0] up_msg_i,

    input  wire                     rp_valid_i,
    output wire                     rp_ready_o,
    input  wire [TBU_W-1:0]         rp_tbu_i,
    input  wire                     rp_aside_i,
    input  wire [`UP_W-1:0]         rp_msg_i,

    output reg                      sdone_valid_o,
    output reg  [2:0]               sdone_tbu_o,
    output reg  [1:0]               sdone_tag_o,

    output wire                     rq_valid_o,
    input  wire                     rq_ready_i,
    output wire [`LQ_W-1:0]         rq_msg_o
);
    wire [NUM_TBU-1:0] is_sync, take_rq, take_sync;
    wire               rq_any, sync_any, room;
    wire [TBU_W-1:0]   rq_tbu, sync_tbu;
    reg                replay_q;    // the last one in was a replay

    wire replay = rp_valid_i && !(rq_any && replay_q);
    wire fresh  = rq_any && !replay;
    assign rp_ready_o = replay && room;

    genvar t;
    generate
        for (t = 0; t < NUM_TBU; t = t + 1) begin : g_tbu
            localparam [31:0] ME = t;
            assign is_sync[t]   = up_msg_i[t*`UP_W + `UP_KIND_LSB +: 2] == `UP_K_SYNC;
            assign take_sync[t] = sync_any && sync_tbu == ME[TBU_W-1:0];
            assign take_rq[t]   = fresh && room && rq_tbu == ME[TBU_W-1:0];
        end
    endgenerate
    assign up_ready_o = take_sync | take_rq;

    util_rr_pick #(.N(NUM_TBU), .PICK_W(TBU_W)) u_rq (
        .clk_i(clk_i), .rst_ni(rst_ni), .req_i(up_valid_i & ~is_sync), .take_i(fresh && room),
        .valid_o(rq_any), .pick_o(rq_tbu));
    util_rr_pick #(.N(NUM_TBU), .PICK_W(TBU_W)) u_sync (
        .clk_i(clk_i), .rst_ni(rst_ni), .req_i(up_valid_i & is_sync), .take_i(1'b1),
        .valid_o(sync_any), .pick_o(sync_tbu));

    wire [2:0] rq_tbu3 = {{(3-TBU_W){1'b0}}, rq_tbu};
    wire [2:0] rp_tbu3 = {{(3-TBU_W){1'b0}}, rp_tbu_i};
    util_skid #(.WIDTH(`LQ_W)) u_skid (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .in_valid_i(replay || fresh), .in_ready_o(room),
        .in_data_i(replay ? {rp_aside_i, rp_tbu3, rp_msg_i}
                          : {1'b0, rq_tbu3, up_msg_i[rq_tbu*`UP_W +: `UP_W]}),
        .out_valid_o(rq_valid_o), .out_ready_i(rq_ready_i), .out_data_o(rq_msg_o));

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            replay_q      <= 1'b0;
            sdone_valid_o <= 1'b0;
        end else begin
            sdone_valid_o <= sync_any;
            if (room && (replay || fresh)) replay_q <= replay;
        end
        sdone_tbu_o <= {{(3-TBU_W){1'b0}}, sync_tbu};
        sdone_tag_o <= up_msg_i[sync_tbu*`UP_W + `UP_SLOT_LSB +: 2];
    end
endmodule
`default_nettype wire
