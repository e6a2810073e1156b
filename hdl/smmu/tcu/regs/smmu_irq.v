// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_irq
// Purpose: GERROR/GERRORN, IRQ_CTRL handshake, wires and the event and GERROR MSIs.
// Spec   : GER-001..004, GER-010, GER-011, IRQ-001..010, REG-041..043
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Tests  : none yet
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
module smmu_irq (
    input  wire         clk_i,
    input  wire         rst_ni,
    input  wire         ctrl_wr_i,
    input  wire         gerrorn_wr_i,
    input  wire [31:0]  wdata_i,
    output wire [31:0]  ctrl_o,
    output wire [31:0]  ctrlack_o,
    output wire [31:0]  gerror_o,
    output wire [31:0]  gerrorn_o,
    input  wire         gerr_cmdq_i,        // pulses
    input  wire         gerr_evtq_i,
    input  wire         gerr_msi_cmdq_i,
    input  wire         gerr_msi_evtq_i,
    input  wire         gerr_msi_gerr_i,
    input  wire         irq_evtq_i,
    input  wire         irq_sync_i,
    input  wire [1:0]   addr_nz_i,          // 0 event queue, 1 GERROR: MSI address is not zero
    output wire [1:0]   msi_valid_o,
    input  wire [1:0]   msi_ready_i,
    input  wire [1:0]   msi_done_i,         // pulses, with or without an error
    output reg          irq_evtq_o,         // pulses of one cycle
    output reg          irq_gerr_o,
    output reg          irq_cmd_sync_o,
    output wire         irq_priq_o
);
    reg [31:0] ctrl_q, ack_q, gerror_q, gerrorn_q;
    reg [1:0]  pend_q, req_q, wait_q;       // MSI wanted, offered, on its way

    assign ctrl_o      = ctrl_q;
    assign ctrlack_o   = ack_q;
    assign gerror_o    = gerror_q;
    assign gerrorn_o   = gerrorn_q;
    assign msi_valid_o = req_q;
    assign irq_priq_o  = 1'b0;

    wire [31:0] occur = {24'd0, gerr_msi_gerr_i, 1'b0, gerr_msi_evtq_i, gerr_msi_cmdq_i,
                         1'b0, gerr_evtq_i, 1'b0, gerr_cmdq_i};
    wire [31:0] rise  = occur & ~(gerror_q ^ gerrorn_q);
    wire [31:0] take  = `IRQ_CTRL_WMASK & ~(ctrl_q ^ ack_q);
    wire [1:0]  want  = {ctrl_q[0], ctrl_q[2]};
    wire [1:0]  on    = want & {ack_q[0], ack_q[2]};
    wire [1:0]  fire  = {|(rise & ~32'h80), irq_evtq_i} & on;
    wire [1:0]  done  = msi_done_i | {gerr_msi_gerr_i, gerr_msi_evtq_i};
    wire [1:0]  start = pend_q & want & ~req_q & ~wait_q;
    wire [1:0]  quiet = ~(req_q | wait_q | pend_q);

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            ctrl_q         <= `IRQ_CTRL_RESET;
            ack_q          <= `IRQ_CTRLACK_RESET;
            gerror_q       <= `GERROR_RESET;
            gerrorn_q      <= `GERRORN_RESET;
            pend_q         <= 2'd0;
            req_q          <= 2'd0;
            wait_q         <= 2'd0;
            irq_evtq_o     <= 1'b0;
            irq_gerr_o     <= 1'b0;
            irq_cmd_sync_o <= 1'b0;
        end else begin
            if (ctrl_wr_i) ctrl_q <= (ctrl_q & ~take) | (wdata_i & take);
            if (gerrorn_wr_i) gerrorn_q <= wdata_i & `GERRORN_WMASK;
            gerror_q <= gerror_q ^ rise;
            if (want[1] || quiet[1]) ack_q[0] <= ctrl_q[0];
            if (want[0] || quiet[0]) ack_q[2] <= ctrl_q[2];
            // a trigger during an MSI asks for one more; disabling forgets it
            pend_q <= ((pend_q & ~start) | (fire & addr_nz_i)) & want;
            req_q  <= (req_q & ~msi_ready_i) | start;
            wait_q <= (wait_q & ~done) | (req_q & msi_ready_i);
            irq_evtq_o     <= fire[0];
            irq_gerr_o     <= fire[1];
            irq_cmd_sync_o <= irq_sync_i;
        end
    end
endmodule

`default_nettype wire
