// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_cr0
// Purpose: CR0, CR0ACK and GBPA: enables with their handshakes, and the MODE
//          message that carries SMMUEN and GBPA to the TBUs.
// Spec   : INI-001..017, REG-008, REG-009, REG-013, REG-036..040, TLB-023; D20
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : register bus;  *_idle_i  levels: nothing half-way in that block
//          tcu_ready_i  reset sweep over;  mode_done_i  pulse: all TBUs answered
// Out    : mode_*  one MODE at a time;  smmuen_off_o  pulse in the cycle in which
//          a MODE with SMMUEN 1 -> 0 is taken;  smmuen_end_o  from its offer on
//          *_en_o, smmuen_o, vmw_o  what is in force
// Stalls : nobody; software waits for CR0ACK or GBPA.Update
// Limits : GBPA_ABORT must be that of the TBUs, which leave reset with the same mode
// Tests  : tests/unit/test_regs.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"

module smmu_cr0 #(
    parameter GBPA_ABORT = 0        // reset value of GBPA.ABORT (INI-002)
) (
    input  wire             clk_i,
    input  wire             rst_ni,

    // ---- register bus ----------------------------------------------------------------------
    input  wire             wr_i,
    input  wire [16:0]      waddr_i,
    input  wire [31:0]      wdata_i,
    input  wire [16:0]      raddr_i,
    output reg  [31:0]      rdata_o,

    // ---- what is in force ------------------------------------------------------------------
    output wire             smmuen_o,
    output wire             cmdq_en_o,
    output wire             evtq_en_o,
    output wire [2:0]       vmw_o,
    output wire             smmuen_0_o,     // guards: CR0 and CR0ACK show 0
    output wire             cmdqen_0_o,
    output wire             evtqen_0_o,

    // ---- what an update waits for ------------------------------------------------------------
    input  wire             cmdq_idle_i,
    input  wire             evtq_idle_i,
    input  wire             tcu_ready_i,
    input  wire             walk_idle_i,

    // ---- MODE ----------------------------------------------------------------------------------
    output wire             smmuen_end_o,
    output wire             smmuen_off_o,
    output wire             mode_valid_o,
    input  wire             mode_ready_i,
    output reg  [`DN_W-1:0] mode_msg_o,
    input  wire             mode_done_i
);
    localparam SMMUEN   = `CR0_SMMUEN_LSB;
    localparam EVENTQEN = `CR0_EVENTQEN_LSB;
    localparam CMDQEN   = `CR0_CMDQEN_LSB;
    localparam UPDATE   = `GBPA_UPDATE_LSB;

    localparam [31:0] GBPA_RST = `GBPA_RESET | ((GBPA_ABORT != 0) ? 32'd1 << `GBPA_ABORT_LSB : 32'd0);

    reg  [31:0] cr0_q, ack_q, gbpa_q;
    wire        last;               // the running MODE is in force
    wire        gbpa_done;

    // ---- CR0: a field is taken only when its last update is acknowledged (REG-036) -------------
    // VMW has several bits and no mask of its own: its update ends before another write can come.
    wire [31:0] waddr = {15'd0, waddr_i};
    wire [31:0] take  = `CR0_WMASK & ~(cr0_q ^ ack_q);

    always @(posedge clk_i) begin
        if (!rst_ni)                        cr0_q <= `CR0_RESET;
        else if (wr_i && waddr == `REG_CR0) cr0_q <= (cr0_q & ~take) | (wdata_i & take);
    end

    // ---- CR0ACK --------------------------------------------------------------------------------
    // A queue stops at once and is acknowledged when nothing of it is half-way (REG-038, EVQ-030);
    // idle counts from the second cycle without the enable on.
    reg         cmdq_off_q, evtq_off_q;
    wire        en_run;             // SMMUEN the running MODE carries

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            ack_q      <= `CR0ACK_RESET;
            cmdq_off_q <= 1'b0;
            evtq_off_q <= 1'b0;
        end else begin
            cmdq_off_q <= !cr0_q[CMDQEN];
            evtq_off_q <= !cr0_q[EVENTQEN];
            if (cr0_q[CMDQEN] || (cmdq_off_q && cmdq_idle_i))   ack_q[CMDQEN]   <= cr0_q[CMDQEN];
            if (cr0_q[EVENTQEN] || (evtq_off_q && evtq_idle_i)) ack_q[EVENTQEN] <= cr0_q[EVENTQEN];
            if (last) ack_q[SMMUEN] <= en_run;
            ack_q[`CR0_VMW_LSB +: `CR0_VMW_W] <= cr0_q[`CR0_VMW_LSB +: `CR0_VMW_W];
        end
    end

    // TLB-023: wildcards of more than 4 bits act as none
    wire [2:0] vmw = ack_q[`CR0_VMW_LSB +: `CR0_VMW_W];
    assign vmw_o      = (vmw > 3'd4) ? 3'd0 : vmw;
    assign smmuen_o   = ack_q[SMMUEN];
    // an enable acts when it is acknowledged (CMD-002, EVQ-019) and until it is withdrawn
    assign cmdq_en_o  = cr0_q[CMDQEN] && ack_q[CMDQEN];
    assign evtq_en_o  = cr0_q[EVENTQEN] && ack_q[EVENTQEN];
    assign smmuen_0_o = !cr0_q[SMMUEN] && !ack_q[SMMUEN];
    assign cmdqen_0_o = !cr0_q[CMDQEN] && !ack_q[CMDQEN];
    assign evtqen_0_o = !cr0_q[EVENTQEN] && !ack_q[EVENTQEN];

    // ---- GBPA: changed by a write of Update=1 while Update=0, reads back at once (INI-008) -----
    always @(posedge clk_i) begin
        if (!rst_ni)
            gbpa_q <= GBPA_RST;
        else if (wr_i && waddr == `REG_GBPA && wdata_i[UPDATE] && !gbpa_q[UPDATE])
            gbpa_q <= wdata_i & `GBPA_WMASK;
        else if (gbpa_done)
            gbpa_q[UPDATE] <= 1'b0;
    end

    // ---- MODE ----------------------------------------------------------------------------------
    localparam [1:0] ST_IDLE = 2'd0,    // nothing to tell
                     ST_SEND = 2'd1,    // MODE offered
                     ST_DONE = 2'd2,    // TBUs finish what is older
                     ST_WALK = 2'd3;    // SMMUEN 1 -> 0: walks end (INI-013)

    reg  [1:0]  state_q, state_d;
    reg         en_q, en_d;             // SMMUEN of the message
    reg  [31:0] image_q, image_d;       // GBPA of the message: fixed while it is offered
    reg         update_q, update_d;     // the message carries an open GBPA update
    reg         skip;                   // the update needs no message

    wire        en_want = cr0_q[SMMUEN];
    wire        en_now  = ack_q[SMMUEN];
    // lookups must wait for the reset sweep, so SMMUEN does (D11)
    wire        en_move = (en_want != en_now) && (!en_want || tcu_ready_i);
    wire        turns_off = en_now && !en_q;

    always @(*) begin
        state_d  = state_q;
        en_d     = en_q;
        image_d  = image_q;
        update_d = update_q;
        skip     = 1'b0;

        case (state_q)
            ST_IDLE: begin
                en_d     = en_move ? en_want : en_now;
                image_d  = gbpa_q;
                update_d = gbpa_q[UPDATE];
                // While SMMUEN stays 1 nobody uses GBPA, and the MODE that clears SMMUEN carries
                // it: no message, which would wait for stalled transactions (INI-010).
                if (en_move || (update_d && !en_now)) state_d = ST_SEND;
                else                                  skip    = update_d && en_want;
            end

            ST_SEND: if (mode_ready_i) state_d = ST_DONE;

            ST_DONE: if (mode_done_i) state_d = turns_off ? ST_WALK : ST_IDLE;

            default: if (walk_idle_i) state_d = ST_IDLE;
        endcase
    end

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            state_q  <= ST_IDLE;
            en_q     <= 1'b0;
            update_q <= 1'b0;
        end else begin
            state_q  <= state_d;
            en_q     <= en_d;
            update_q <= update_d;
        end
        image_q <= image_d;
    end

    assign en_run       = en_q;
    assign last         = (state_q != ST_IDLE) && (state_d == ST_IDLE);
    assign gbpa_done    = (last && update_q) || skip;
    assign mode_valid_o = (state_q == ST_SEND);
    assign smmuen_end_o = mode_valid_o && turns_off;
    assign smmuen_off_o = smmuen_end_o && mode_ready_i;

    always @(*) begin
        mode_msg_o = {`DN_W{1'b0}};
        mode_msg_o[`DN_KIND_LSB +: `DN_KIND_W] = `DN_K_MODE;
        mode_msg_o[`DN_SLOT_LSB +: `DN_SLOT_W] = {{(`DN_SLOT_W-2){1'b0}}, `TAG_MODE};
        mode_msg_o[`DN_BODY_LSB + `MODE_SMMUEN_LSB] = en_q;
        mode_msg_o[`DN_BODY_LSB + `MODE_GBPA_LSB +: `MODE_GBPA_W] = image_q;
        mode_msg_o[`DN_BODY_LSB + `MODE_GBPA_LSB + UPDATE] = 1'b0;
    end

    // ---- read ----------------------------------------------------------------------------------
    always @(*) begin
        case ({15'd0, raddr_i})
            `REG_CR0:    rdata_o = cr0_q;
            `REG_CR0ACK: rdata_o = ack_q;
            `REG_GBPA:   rdata_o = gbpa_q;
            default:     rdata_o = 32'd0;
        endcase
    end
endmodule

`default_nettype wire
