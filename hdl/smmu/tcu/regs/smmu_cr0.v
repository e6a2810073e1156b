// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_cr0
// Purpose: CR0/CR0ACK handshakes, GBPA update, and the MODE message for both.
// Spec   : INI-008..013, REG-008, REG-009, REG-036..040; D20
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Tests  : none yet
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"
module smmu_cr0 #(
    parameter GBPA_ABORT = 0        // reset value of GBPA.ABORT (INI-002)
) (
    input  wire             clk_i,
    input  wire             rst_ni,
    input  wire             cr0_wr_i,
    input  wire             gbpa_wr_i,
    input  wire [31:0]      wdata_i,
    output wire [31:0]      cr0_o,
    output wire [31:0]      cr0ack_o,
    output wire [31:0]      gbpa_o,
    input  wire             cmdq_idle_i,
    input  wire             evtq_idle_i,
    input  wire             tcu_ready_i,
    input  wire             walk_idle_i,
    output wire             smmuen_off_o,   // pulse
    output wire             mode_valid_o,
    input  wire             mode_ready_i,
    output wire [`DN_W-1:0] mode_msg_o,
    input  wire             mode_done_i     // pulse
);
    localparam [1:0] ST_IDLE = 2'd0, ST_SEND = 2'd1, ST_DONE = 2'd2, ST_WALK = 2'd3;
    localparam [31:0] GBPA_RST = `GBPA_RESET | ((GBPA_ABORT != 0) ? 32'h0010_0000 : 32'h0);

    reg [31:0] cr0_q, ack_q, gbpa_q;
    reg [1:0]  state_q;
    reg        en_q, gbpa_run_q;        // what the running MODE carries
    reg        cmdq_off_q, evtq_off_q;  // enable low for a cycle: idle can be trusted

    assign cr0_o    = cr0_q;
    assign cr0ack_o = ack_q;
    assign gbpa_o   = gbpa_q;

    // a field in transition keeps its first value
    wire [31:0] busy = {23'd0, {3{cr0_q[8:6] != ack_q[8:6]}}, 2'd0, cr0_q[3:0] ^ ack_q[3:0]};
    wire [31:0] take = `CR0_WMASK & ~busy;

    wire en_move = (cr0_q[0] != ack_q[0]) && (!cr0_q[0] || tcu_ready_i);
    wire update  = gbpa_q[31];
    wire last    = (state_q == ST_DONE && mode_done_i && (en_q || !ack_q[0])) ||
                   (state_q == ST_WALK && walk_idle_i);

    assign mode_valid_o = (state_q == ST_SEND);
    assign smmuen_off_o = mode_valid_o && mode_ready_i && !en_q && ack_q[0];
    assign mode_msg_o   = {{(`DN_BODY_W-`MODE_W){1'b0}}, 1'b0, gbpa_q[30:0], en_q,
                           1'b0, 6'd0, `TAG_MODE, `DN_K_MODE};

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            cr0_q      <= `CR0_RESET;
            ack_q      <= `CR0ACK_RESET;
            gbpa_q     <= GBPA_RST;
            state_q    <= ST_IDLE;
            en_q       <= 1'b0;
            gbpa_run_q <= 1'b0;
            cmdq_off_q <= 1'b0;
            evtq_off_q <= 1'b0;
        end else begin
            if (cr0_wr_i) cr0_q <= (cr0_q & ~take) | (wdata_i & take);
            if (gbpa_wr_i && wdata_i[31] && !update) gbpa_q <= wdata_i & `GBPA_WMASK;
            cmdq_off_q <= !cr0_q[3];
            evtq_off_q <= !cr0_q[2];
            ack_q[8:6] <= cr0_q[8:6];
            if (cr0_q[3] || (cmdq_off_q && cmdq_idle_i)) ack_q[3] <= cr0_q[3];
            if (cr0_q[2] || (evtq_off_q && evtq_idle_i)) ack_q[2] <= cr0_q[2];
            case (state_q)
                ST_IDLE: if (en_move || update) begin
                    state_q    <= ST_SEND;
                    en_q       <= en_move ? cr0_q[0] : ack_q[0];
                    gbpa_run_q <= update;
                end
                ST_SEND: if (mode_ready_i) state_q <= ST_DONE;
                ST_DONE: if (mode_done_i) state_q <= last ? ST_IDLE : ST_WALK;
                default: if (walk_idle_i) state_q <= ST_IDLE;
            endcase
            // a GBPA write after the start of a MODE needs its own: the image may not change under it
            if (last) begin
                ack_q[0] <= en_q;
                if (gbpa_run_q) gbpa_q[31] <= 1'b0;
            end
        end
    end
endmodule

`default_nettype wire
