// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_pending
// Purpose: Requests that missed and wait: merged ones for the walk they joined,
//          the others aside for a walk slot. A RAM and three flags a request.
// Spec   : rules D4 (waiters are replayed), D12 (aside), D10 (TBUs in turn)
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : put_*    pulse: request {tbu, slot} waits; put_merged_i: for walk put_widx_i
//          wfree_*  pulse: that walk is released, its waiters become replayable
//          room_i free_i  a walk slot can be taken, number of free ones
//          back_i   pulse: a replay with rp_aside_o has met its fate
// Out    : rp_*     request to replay, held until rp_ready_i; its place is free then
//          aside_o  somebody waits for a walk slot: others may not take one
// Stalls : never refuses a put: a TBU slot has one request at a time
// Limits : TBUs in turn, then the slots of a TBU in turn; as many aside ones are on
//          their way as walk slots are free
// Tests  : tests/unit/test_front.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"

module smmu_pending #(
    parameter NUM_TBU = 2,
    parameter TBU_W   = 1,          // at least clog2(NUM_TBU), at least 1
    parameter SLOTS   = 34,         // per TBU, TBU_SLOTS + 2
    parameter SLOT_W  = 6           // clog2(SLOTS)
) (
    input  wire              clk_i,
    input  wire              rst_ni,

    input  wire              put_valid_i,
    input  wire [TBU_W-1:0]  put_tbu_i,
    input  wire [`UP_W-1:0]  put_msg_i,
    input  wire              put_merged_i,
    input  wire [5:0]        put_widx_i,

    input  wire              wfree_valid_i,
    input  wire [5:0]        wfree_idx_i,
    input  wire              room_i,
    input  wire [6:0]        free_i,
    input  wire              back_i,
    output wire              aside_o,

    output wire              rp_valid_o,
    input  wire              rp_ready_i,
    output wire [TBU_W-1:0]  rp_tbu_o,
    output wire              rp_aside_o,
    output wire [`UP_W-1:0]  rp_msg_o
);
    localparam IDX_W = TBU_W + SLOT_W;
    localparam PITCH = 1 << SLOT_W;
    localparam N     = 1 << IDX_W;

    wire [N-1:0] aside, replay;         // waits for a walk slot; to be replayed

    wire [IDX_W-1:0] put_idx  = {put_tbu_i, put_msg_i[`UP_SLOT_LSB +: SLOT_W]};
    wire             put_done = wfree_valid_i && wfree_idx_i == put_widx_i;

    // ---- choice ---------------------------------------------------------------------
    // One hot all the way: a number is needed for the RAM only.
    reg  [6:0]               fly_q;     // aside ones on their way
    reg                      room_q;    // one more may go
    wire [N-1:0]             can  = replay | (aside & {N{room_q}});
    wire [N-1:0]             pick;      // each TBU's choice
    wire [(1<<TBU_W)-1:0]    turn;      // whose TBU's goes
    wire [NUM_TBU-1:0]       ask, old;
    reg                      busy_q, was_aside_q;
    reg  [TBU_W-1:0]         tbu_q;
    wire                     any  = |ask;
    wire                     go   = any && (!busy_q || rp_ready_i);
    wire                     from_aside = !(|(old & turn[NUM_TBU-1:0]));

    genvar t;
    generate
        for (t = 0; t < (1 << TBU_W); t = t + 1) begin : g_tbu
            if (t < NUM_TBU) begin : g_used
                assign ask[t] = |can[t*PITCH +: SLOTS];
                assign old[t] = |(pick[t*PITCH +: SLOTS] & replay[t*PITCH +: SLOTS]);
                util_rr_grant #(.N(SLOTS)) u_slot (
                    .clk_i(clk_i), .rst_ni(rst_ni), .req_i(can[t*PITCH +: SLOTS]),
                    .take_i(go && turn[t]), .grant_o(pick[t*PITCH +: SLOTS]));
                if (SLOTS < PITCH) begin : g_pad
                    assign pick[t*PITCH+SLOTS +: PITCH-SLOTS] = {(PITCH-SLOTS){1'b0}};
                end
            end else begin : g_none
                assign pick[t*PITCH +: PITCH] = {PITCH{1'b0}};
                assign turn[t] = 1'b0;
            end
        end
    endgenerate
    util_rr_grant #(.N(NUM_TBU)) u_tbu (
        .clk_i(clk_i), .rst_ni(rst_ni), .req_i(ask), .take_i(go),
        .grant_o(turn[NUM_TBU-1:0]));

    integer          i;
    reg [IDX_W-1:0]  idx;
    always @(*) begin
        idx = {IDX_W{1'b0}};
        i   = 0;
        if (any)
            for (i = 0; i < N; i = i + 1)
                if (pick[i] && turn[i/PITCH]) idx = idx | i[IDX_W-1:0];
    end

    util_ram_1r1w #(.WIDTH(`UP_W), .DEPTH(N), .ADDR_W(IDX_W), .BLOCK(1)) u_ram (
        .clk_i(clk_i), .rd_en_i(go), .rd_addr_i(idx), .rd_data_o(rp_msg_o),
        .wr_en_i(put_valid_i), .wr_addr_i(put_idx), .wr_data_i(put_msg_i));

    assign rp_valid_o = busy_q;
    assign rp_tbu_o   = tbu_q;
    assign rp_aside_o = was_aside_q;
    assign aside_o    = (|aside) || fly_q != 7'd0;

    wire unused_ok = &{1'b0, can};      // slots that are not there

    // ---- a place for each slot there is ------------------------------------------------
    genvar n;
    generate
        for (n = 0; n < N; n = n + 1) begin : g_place
            localparam [31:0] ME = n;
            if (n / PITCH < NUM_TBU && n % PITCH < SLOTS) begin : g_used
                reg       merged_q, aside_q, replay_q;
                reg [5:0] widx_q;
                wire put  = put_valid_i && put_idx == ME[IDX_W-1:0];
                wire take = go && turn[n/PITCH] && pick[n];
                wire wake = merged_q && wfree_valid_i && widx_q == wfree_idx_i;
                always @(posedge clk_i) begin
                    if (!rst_ni) begin
                        merged_q <= 1'b0;
                        aside_q  <= 1'b0;
                        replay_q <= 1'b0;
                    end else if (put) begin
                        merged_q <= put_merged_i && !put_done;
                        replay_q <= put_merged_i && put_done;
                        aside_q  <= !put_merged_i;
                    end else begin
                        if (wake)      merged_q <= 1'b0;
                        if (take)      aside_q  <= 1'b0;
                        if (take)      replay_q <= 1'b0;
                        else if (wake) replay_q <= 1'b1;
                    end
                    if (put) widx_q <= put_widx_i;
                end
                assign aside[n]  = aside_q;
                assign replay[n] = replay_q;
            end else begin : g_none
                assign aside[n]  = 1'b0;
                assign replay[n] = 1'b0;
            end
        end
    endgenerate

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            busy_q <= 1'b0;
            fly_q  <= 7'd0;
            room_q <= 1'b0;
        end else begin
            busy_q <= any || (busy_q && !rp_ready_i);
            fly_q  <= go && from_aside ? fly_q + {6'd0, !back_i} : fly_q - {6'd0, back_i};
            // one that is back may have taken its slot in this cycle
            room_q <= room_i && (go && from_aside ? free_i > fly_q + 7'd1 : free_i > fly_q);
        end
        if (go) begin
            tbu_q       <= idx[IDX_W-1 -: TBU_W];
            was_aside_q <= from_aside;
        end
    end
endmodule
`default_nettype wire
