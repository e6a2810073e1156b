// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_pending
// Purpose: Requests that wait for a walk slot or for the walk they merged on; RAM + state.
// Spec   : rules D4, D12
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : put_*    pulse: {tbu, slot} waits; put_merged_i: on walk put_widx_i, else for any slot
//          wfree_*  pulse: that walk is released, its waiters become replayable
//          room_i   a walk slot is free: the others are replayable, TBUs in turn
// Out    : rp_*     request to replay, held until rp_ready_i; then the entry is free
// Limits : a put that merges in the cycle its walk is released is replayed
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
    output wire              rp_valid_o,
    input  wire              rp_ready_i,
    output wire [TBU_W-1:0]  rp_tbu_o,
    output wire [`UP_W-1:0]  rp_msg_o
);
    localparam N     = (1 << (TBU_W + SLOT_W));
    localparam IDX_W = TBU_W + SLOT_W;

    reg [N-1:0]   merged_q, wait_q, replay_q;
    reg [N*6-1:0] widx_q;

    wire [IDX_W-1:0] put_idx  = {put_tbu_i, put_msg_i[`UP_SLOT_LSB +: SLOT_W]};
    wire             put_done = wfree_valid_i && wfree_idx_i == put_widx_i;

    // one entry per TBU, replays first, then TBUs in turn
    reg [NUM_TBU-1:0]        ask;
    reg [NUM_TBU*SLOT_W-1:0] slot;
    integer t, s;
    always @(*) begin
        ask  = {NUM_TBU{1'b0}};
        slot = {(NUM_TBU*SLOT_W){1'b0}};
        for (t = 0; t < NUM_TBU; t = t + 1)
            for (s = SLOTS - 1; s >= 0; s = s - 1)
                if (replay_q[t*(1<<SLOT_W)+s] || (!(|replay_q) && room_i && wait_q[t*(1<<SLOT_W)+s])) begin
                    ask[t] = 1'b1;
                    slot[t*SLOT_W +: SLOT_W] = s[SLOT_W-1:0];
                end
    end

    reg              busy_q;
    reg [TBU_W-1:0]  tbu_q;
    wire             any;
    wire [TBU_W-1:0] pick;
    wire             go  = any && !busy_q;
    wire [IDX_W-1:0] idx = {pick, slot[pick*SLOT_W +: SLOT_W]};
    util_rr_pick #(.N(NUM_TBU), .PICK_W(TBU_W)) u_pick (
        .clk_i(clk_i), .rst_ni(rst_ni), .req_i(ask), .take_i(go), .valid_o(any), .pick_o(pick));

    util_ram_1r1w #(.WIDTH(`UP_W), .DEPTH(N), .ADDR_W(IDX_W)) u_ram (
        .clk_i(clk_i), .rd_en_i(go), .rd_addr_i(idx), .rd_data_o(rp_msg_o),
        .wr_en_i(put_valid_i), .wr_addr_i(put_idx), .wr_data_i(put_msg_i));

    assign rp_valid_o = busy_q;
    assign rp_tbu_o   = tbu_q;

    integer n;
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            merged_q <= {N{1'b0}};
            wait_q   <= {N{1'b0}};
            replay_q <= {N{1'b0}};
            busy_q   <= 1'b0;
        end else begin
            busy_q <= go || (busy_q && !rp_ready_i);
            for (n = 0; n < N; n = n + 1)
                if (wfree_valid_i && merged_q[n] && widx_q[n*6 +: 6] == wfree_idx_i) begin
                    merged_q[n] <= 1'b0;
                    replay_q[n] <= 1'b1;
                end
            if (go) begin
                wait_q[idx]   <= 1'b0;
                replay_q[idx] <= 1'b0;
            end
            if (put_valid_i) begin
                merged_q[put_idx] <= put_merged_i && !put_done;
                replay_q[put_idx] <= put_merged_i && put_done;
                wait_q[put_idx]   <= !put_merged_i;
            end
        end
        if (go)          tbu_q <= pick;
        if (put_valid_i) widx_q[put_idx*6 +: 6] <= put_widx_i;
    end
endmodule
`default_nettype wire
