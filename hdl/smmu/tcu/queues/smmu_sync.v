// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_sync
// Purpose: Order of CMD_SYNC and DVM Sync: walks busy at the start released, faults idle,
//          event records accepted so far done (CMD only), SYNC answered by all TBUs.
// Spec   : CMD-035..042, CMD-050; D17
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : ?sync_req_i is a level, to fall in the cycle after its ?sync_done_o pulse
// Limits : one CMD and one DVM sync at a time, independent of each other
// Tests  : none yet
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
module smmu_sync #(
    parameter NUM_TBU    = 2,
    parameter WALK_SLOTS = 16
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,
    input  wire                  csync_req_i,
    output wire                  csync_done_o,
    input  wire                  dsync_req_i,
    output wire                  dsync_done_o,
    output wire                  ctl_valid_o,
    input  wire                  ctl_ready_i,
    output wire [`DN_W-1:0]      ctl_msg_o,
    input  wire                  sdone_valid_i,
    input  wire [2:0]            sdone_tbu_i,
    input  wire [1:0]            sdone_tag_i,
    output wire                  mode_done_o,
    input  wire [WALK_SLOTS-1:0] walk_busy_i,
    input  wire                  wfree_valid_i,
    input  wire [5:0]            wfree_idx_i,
    input  wire                  flt_idle_i,
    input  wire [15:0]           acc_cnt_i,
    input  wire [15:0]           done_cnt_i
);
    localparam [2:0] S_IDLE = 3'd0, S_WALK = 3'd1, S_FLT = 3'd2, S_EVT = 3'd3,
                     S_SEND = 3'd4, S_ANS = 3'd5, S_DONE = 3'd6;

    wire [63:0]           freed_all = {63'd0, wfree_valid_i} << wfree_idx_i;
    wire [7:0]            tbu_all   = 8'd1 << sdone_tbu_i;
    wire [WALK_SLOTS-1:0] live      = walk_busy_i & ~freed_all[WALK_SLOTS-1:0];
    wire [NUM_TBU-1:0]    tbu       = tbu_all[NUM_TBU-1:0];
    wire [1:0]            req       = {dsync_req_i, csync_req_i};
    wire [1:0]            send, done;
    reg                   lock_q, lock_dvm_q;   // keeps a refused message stable
    wire                  pick_dvm  = lock_q ? lock_dvm_q : !send[0];
    wire [1:0]            sent      = ctl_ready_i ? {send[1] && pick_dvm, send[0] && !pick_dvm} : 2'b00;

    genvar g;
    generate for (g = 0; g < 2; g = g + 1) begin : g_sync   // 0 command, 1 DVM
        reg  [2:0]            state_q;
        reg  [WALK_SLOTS-1:0] walks_q;
        reg  [NUM_TBU-1:0]    wait_q;
        reg  [15:0]           snap_q;
        wire [15:0]           ahead   = done_cnt_i - snap_q;   // negative: not there yet
        wire [1:0]            tag     = (g == 0) ? `TAG_CMD : `TAG_DVM;
        wire                  answer  = sdone_valid_i && sdone_tag_i == tag;
        wire                  unused_ok = &{1'b0, ahead[14:0]};
        assign send[g] = state_q == S_SEND;
        assign done[g] = state_q == S_DONE;

        always @(posedge clk_i) begin
            if (!rst_ni) begin
                state_q <= S_IDLE;
            end else begin
                case (state_q)
                    S_IDLE: if (req[g]) state_q <= S_WALK;
                    S_WALK: if (walks_q == {WALK_SLOTS{1'b0}}) state_q <= S_FLT;
                    S_FLT:  if (flt_idle_i) state_q <= (g == 0) ? S_EVT : S_SEND;
                    S_EVT:  if (!ahead[15]) state_q <= S_SEND;
                    S_SEND: if (sent[g]) state_q <= S_ANS;
                    S_ANS:  if (wait_q == {NUM_TBU{1'b0}}) state_q <= S_DONE;
                    default: state_q <= S_IDLE;
                endcase
            end
            walks_q <= (state_q == S_IDLE) ? live : walks_q & live;
            if (state_q == S_FLT) snap_q <= acc_cnt_i;
            if (state_q == S_SEND) wait_q <= {NUM_TBU{1'b1}};
            else if (answer)       wait_q <= wait_q & ~tbu;
        end
    end endgenerate

    assign csync_done_o = done[0];
    assign dsync_done_o = done[1];

    assign ctl_valid_o = |send;
    assign ctl_msg_o   = {{`DN_BODY_W{1'b0}}, 1'b0, 6'd0, pick_dvm ? `TAG_DVM : `TAG_CMD, `DN_K_SYNC};

    // ---- MODE: the registers send it, the answers are collected here
    reg  [NUM_TBU-1:0] mode_q;
    assign mode_done_o = &mode_q;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            lock_q     <= 1'b0;
            lock_dvm_q <= 1'b0;
            mode_q     <= {NUM_TBU{1'b0}};
        end else begin
            lock_q     <= ctl_valid_o && !ctl_ready_i;
            lock_dvm_q <= pick_dvm;
            mode_q     <= (mode_done_o ? {NUM_TBU{1'b0}} : mode_q)
                        | ((sdone_valid_i && sdone_tag_i == `TAG_MODE) ? tbu : {NUM_TBU{1'b0}});
        end
    end

    wire unused_ok = &{1'b0, freed_all, tbu_all};
endmodule
`default_nettype wire
