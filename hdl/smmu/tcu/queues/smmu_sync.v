// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_sync
// Purpose: The order of CMD_SYNC and DVM Sync: walks busy at the start released,
//          their faults judged, event records taken so far ended (CMD_SYNC only),
//          SYNC answered by all TBUs. Nothing in it waits for a client (D17).
// Spec   : IHI 0070 4.7.3; CMD-035..042, CMD-050, EVQ-031, EVQ-036, STL-013; D17
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : csync_*, dsync_*  req is a level that falls in the cycle after done
//          walk_busy_i, wfree_*  a slot taken again after its release is a new walk
//          flt_idle_i   no fault half-way; must be high between two faults, also in
//                       a storm: a fault taken in that very cycle is a later one
//          acc_cnt_i, done_cnt_i  running counts of smmu_evtq
// Out    : ctl_*        DN_K_SYNC to all TBUs, stable until taken
//          mode_done_o  pulse: all TBUs answered TAG_MODE, which the registers sent
// Limits : one CMD_SYNC and one DVM Sync at a time, independent of each other
// Tests  : tests/unit/test_sync.py
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
    localparam [2:0] ST_IDLE = 3'd0,
                     ST_WALK = 3'd1,    // waiting for the walks of the start
                     ST_FLT  = 3'd2,    // waiting for the fault unit to be done with theirs
                     ST_EVT  = 3'd3,    // waiting for the records taken by then
                     ST_SEND = 3'd4,    // SYNC offered
                     ST_ANS  = 3'd5,    // waiting for the TBUs
                     ST_DONE = 3'd6;

    localparam CMD = 0, DVM = 1;        // the two sequences

    wire [63:0]           freed   = {63'd0, wfree_valid_i} << wfree_idx_i;
    wire [WALK_SLOTS-1:0] live    = walk_busy_i & ~freed[WALK_SLOTS-1:0];
    wire [7:0]            tbu_all = 8'd1 << sdone_tbu_i;
    wire [NUM_TBU-1:0]    tbu     = tbu_all[NUM_TBU-1:0];
    wire [1:0]            req     = {dsync_req_i, csync_req_i};
    wire [1:0]            send, sent, done;

    genvar g;
    generate for (g = 0; g < 2; g = g + 1) begin : g_sync
        reg  [2:0]            state_q;
        reg  [WALK_SLOTS-1:0] walks_q;      // of the start, not released yet
        reg  [NUM_TBU-1:0]    tbus_q;       // not answered yet
        reg  [15:0]           taken_q;      // records taken when the faults were judged
        wire [15:0]           ahead  = done_cnt_i - taken_q;        // negative: some not ended
        wire [1:0]            tag    = (g == CMD) ? `TAG_CMD : `TAG_DVM;
        wire                  answer = sdone_valid_i && sdone_tag_i == tag;

        assign send[g] = state_q == ST_SEND;
        assign done[g] = state_q == ST_DONE;

        always @(posedge clk_i) begin
            if (!rst_ni) begin
                state_q <= ST_IDLE;
            end else begin
                case (state_q)
                    ST_IDLE: if (req[g])                        state_q <= ST_WALK;
                    ST_WALK: if (walks_q == {WALK_SLOTS{1'b0}}) state_q <= ST_FLT;
                    ST_FLT:  if (flt_idle_i)                    state_q <= (g == CMD) ? ST_EVT : ST_SEND;
                    ST_EVT:  if (!ahead[15])                    state_q <= ST_SEND;
                    ST_SEND: if (sent[g])                       state_q <= ST_ANS;
                    ST_ANS:  if (tbus_q == {NUM_TBU{1'b0}})     state_q <= ST_DONE;
                    default:                                    state_q <= ST_IDLE;
                endcase
            end
            walks_q <= (state_q == ST_IDLE) ? live : walks_q & live;
            if (state_q == ST_FLT)  taken_q <= acc_cnt_i;
            if (state_q == ST_SEND) tbus_q <= {NUM_TBU{1'b1}};
            else if (answer)        tbus_q <= tbus_q & ~tbu;
        end

        wire unused_ok = &{1'b0, ahead[14:0]};
    end endgenerate

    assign csync_done_o = done[CMD];
    assign dsync_done_o = done[DVM];

    // ---- SYNC messages: a refused one stays --------------------------------------------
    reg  lock_q, lock_dvm_q;
    wire pick_dvm = lock_q ? lock_dvm_q : !send[CMD];

    assign sent        = {ctl_ready_i && pick_dvm, ctl_ready_i && !pick_dvm};
    assign ctl_valid_o = |send;
    assign ctl_msg_o   = {{`DN_BODY_W{1'b0}}, 1'b0,
                          6'd0, pick_dvm ? `TAG_DVM : `TAG_CMD, `DN_K_SYNC};

    // ---- MODE: the registers send it, the answers are collected here ---------------------
    reg  [NUM_TBU-1:0] mode_q;
    wire               mode_answer = sdone_valid_i && sdone_tag_i == `TAG_MODE;

    assign mode_done_o = &mode_q;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            lock_q <= 1'b0;
            mode_q <= {NUM_TBU{1'b0}};
        end else begin
            lock_q <= ctl_valid_o && !ctl_ready_i;
            mode_q <= (mode_done_o ? {NUM_TBU{1'b0}} : mode_q) | (mode_answer ? tbu : {NUM_TBU{1'b0}});
        end
        lock_dvm_q <= pick_dvm;
    end

    wire unused_ok = &{1'b0, freed, tbu_all};
endmodule

`default_nettype wire
