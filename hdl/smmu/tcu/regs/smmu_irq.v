// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_irq
// Purpose: Global errors and interrupts: GERROR toggles, GERRORN, IRQ_CTRL with
//          its acknowledgement, the event queue and GERROR sources, the wires.
// Spec   : GER-001..004, GER-010..012, IRQ-001..010, REG-015..017, REG-026,
//          REG-036, REG-041..043, CMD-030
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : register bus;  gerr_*_i  pulses: an error occurred;  irq_evtq_i  pulse:
//          the event queue became non-empty;  irq_sync_i  pulse: CMD_SYNC, CS=01
// Out    : gerr_*_active_o  levels;  irq_*_o  pulses of one cycle
//          msi_*  requests, [0] event queue, [1] GERROR
// Stalls : nobody; the sources do not wait for each other (IRQ-013)
// Limits : SFM_ERR never occurs (GER-003); no PRI queue (milestone 2)
// Tests  : tests/unit/test_regs.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"

module smmu_irq #(
    parameter OAS = 48              // output address bits: 40, 42, 44, 48
) (
    input  wire        clk_i,
    input  wire        rst_ni,

    // ---- register bus ----------------------------------------------------------------------
    input  wire        wr_i,
    input  wire [16:0] waddr_i,
    input  wire [31:0] wdata_i,
    input  wire [16:0] raddr_i,
    output reg  [31:0] rdata_o,

    // ---- occurrences -----------------------------------------------------------------------
    input  wire        gerr_cmdq_i,
    input  wire        gerr_evtq_i,
    input  wire        gerr_msi_cmdq_i,
    input  wire        gerr_msi_evtq_i,
    input  wire        gerr_msi_gerr_i,
    output wire        gerr_cmdq_active_o,
    output wire        gerr_evtq_active_o,
    input  wire        irq_evtq_i,
    input  wire        irq_sync_i,

    // ---- notifications -----------------------------------------------------------------------
    output wire [1:0]  msi_valid_o,
    input  wire [1:0]  msi_ready_i,
    input  wire [1:0]  msi_done_i,
    output wire [95:0] msi_addr_o,
    output wire [63:0] msi_data_o,
    output wire [7:0]  msi_attr_o,
    output wire [3:0]  msi_sh_o,
    output wire        irq_evtq_o,
    output wire        irq_gerr_o,
    output wire        irq_cmd_sync_o,
    output wire        irq_priq_o
);
    localparam EVTQ = 0, GERR = 1;      // sources

    wire [31:0] waddr = {15'd0, waddr_i};

    // ---- GERROR: a bit toggles only while its error is inactive (GER-001) ---------------------
    reg  [31:0] gerror_q, gerrorn_q;
    reg  [31:0] occur;
    wire [31:0] active = gerror_q ^ gerrorn_q;
    wire [31:0] rise   = occur & ~active;
    // GER-011: an abort of the GERROR MSI itself raises no interrupt
    wire [31:0] silent = 32'd1 << `GERROR_MSI_GERROR_ABT_ERR_LSB;

    always @(*) begin
        occur = 32'd0;
        occur[`GERROR_CMDQ_ERR_LSB]           = gerr_cmdq_i;
        occur[`GERROR_EVENTQ_ABT_ERR_LSB]     = gerr_evtq_i;
        occur[`GERROR_MSI_CMDQ_ABT_ERR_LSB]   = gerr_msi_cmdq_i;
        occur[`GERROR_MSI_EVENTQ_ABT_ERR_LSB] = gerr_msi_evtq_i;
        occur[`GERROR_MSI_GERROR_ABT_ERR_LSB] = gerr_msi_gerr_i;
    end

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            gerror_q  <= `GERROR_RESET;
            gerrorn_q <= `GERRORN_RESET;
        end else begin
            gerror_q <= gerror_q ^ rise;
            if (wr_i && waddr == `REG_GERRORN) gerrorn_q <= wdata_i & `GERRORN_WMASK;
        end
    end

    assign gerr_cmdq_active_o = active[`GERROR_CMDQ_ERR_LSB];
    assign gerr_evtq_active_o = active[`GERROR_EVENTQ_ABT_ERR_LSB];

    // ---- IRQ_CTRL: a bit is taken only when its last update is acknowledged (REG-036) ---------
    reg  [31:0] ctrl_q, ack;
    wire [1:0]  en, acked;
    wire [31:0] take = `IRQ_CTRL_WMASK & ~(ctrl_q ^ ack);

    assign en[EVTQ] = ctrl_q[`IRQ_CTRL_EVENTQ_IRQEN_LSB];
    assign en[GERR] = ctrl_q[`IRQ_CTRL_GERROR_IRQEN_LSB];

    always @(*) begin
        ack = 32'd0;
        ack[`IRQ_CTRLACK_EVENTQ_IRQEN_LSB] = acked[EVTQ];
        ack[`IRQ_CTRLACK_GERROR_IRQEN_LSB] = acked[GERR];
    end

    always @(posedge clk_i) begin
        if (!rst_ni)                             ctrl_q <= `IRQ_CTRL_RESET;
        else if (wr_i && waddr == `REG_IRQ_CTRL) ctrl_q <= (ctrl_q & ~take) | (wdata_i & take);
    end

    // ---- sources -------------------------------------------------------------------------------
    wire [1:0]   trig, pulse, cfg0_lo_wr, cfg0_hi_wr, cfg1_wr, cfg2_wr;
    wire [127:0] cfg0;
    wire [63:0]  cfg1, cfg2;

    assign trig[EVTQ] = irq_evtq_i;
    assign trig[GERR] = |(rise & ~silent);

    assign cfg0_lo_wr[EVTQ] = wr_i && waddr == `REG_EVENTQ_IRQ_CFG0;
    assign cfg0_hi_wr[EVTQ] = wr_i && waddr == `REG_EVENTQ_IRQ_CFG0 + 32'd4;
    assign cfg1_wr[EVTQ]    = wr_i && waddr == `REG_EVENTQ_IRQ_CFG1;
    assign cfg2_wr[EVTQ]    = wr_i && waddr == `REG_EVENTQ_IRQ_CFG2;
    assign cfg0_lo_wr[GERR] = wr_i && waddr == `REG_GERROR_IRQ_CFG0;
    assign cfg0_hi_wr[GERR] = wr_i && waddr == `REG_GERROR_IRQ_CFG0 + 32'd4;
    assign cfg1_wr[GERR]    = wr_i && waddr == `REG_GERROR_IRQ_CFG1;
    assign cfg2_wr[GERR]    = wr_i && waddr == `REG_GERROR_IRQ_CFG2;

    genvar g;
    generate
        for (g = 0; g < 2; g = g + 1) begin : g_source
            smmu_irq_source #(.OAS(OAS)) u_source (
                .clk_i        (clk_i),
                .rst_ni       (rst_ni),
                .cfg0_lo_wr_i (cfg0_lo_wr[g]),
                .cfg0_hi_wr_i (cfg0_hi_wr[g]),
                .cfg1_wr_i    (cfg1_wr[g]),
                .cfg2_wr_i    (cfg2_wr[g]),
                .wdata_i      (wdata_i),
                .cfg0_o       (cfg0[g*64 +: 64]),
                .cfg1_o       (cfg1[g*32 +: 32]),
                .cfg2_o       (cfg2[g*32 +: 32]),
                .en_i         (en[g]),
                .ack_o        (acked[g]),
                .trig_i       (trig[g]),
                .wire_o       (pulse[g]),
                .msi_valid_o  (msi_valid_o[g]),
                .msi_ready_i  (msi_ready_i[g]),
                .msi_done_i   (msi_done_i[g]),
                .msi_addr_o   (msi_addr_o[g*48 +: 48]),
                .msi_data_o   (msi_data_o[g*32 +: 32]),
                .msi_attr_o   (msi_attr_o[g*4 +: 4]),
                .msi_sh_o     (msi_sh_o[g*2 +: 2])
            );
        end
    endgenerate

    // ---- wires: CMD_SYNC has no enable (CMD-030) -----------------------------------------------
    reg sync_q;

    always @(posedge clk_i) begin
        if (!rst_ni) sync_q <= 1'b0;
        else         sync_q <= irq_sync_i;
    end

    assign irq_evtq_o     = pulse[EVTQ];
    assign irq_gerr_o     = pulse[GERR];
    assign irq_cmd_sync_o = sync_q;
    assign irq_priq_o     = 1'b0;

    // ---- read ----------------------------------------------------------------------------------
    always @(*) begin
        case ({15'd0, raddr_i})
            `REG_IRQ_CTRL:                rdata_o = ctrl_q;
            `REG_IRQ_CTRLACK:             rdata_o = ack;
            `REG_GERROR:                  rdata_o = gerror_q;
            `REG_GERRORN:                 rdata_o = gerrorn_q;
            `REG_GERROR_IRQ_CFG0:         rdata_o = cfg0[GERR*64 +: 32];
            `REG_GERROR_IRQ_CFG0 + 32'd4: rdata_o = cfg0[GERR*64+32 +: 32];
            `REG_GERROR_IRQ_CFG1:         rdata_o = cfg1[GERR*32 +: 32];
            `REG_GERROR_IRQ_CFG2:         rdata_o = cfg2[GERR*32 +: 32];
            `REG_EVENTQ_IRQ_CFG0:         rdata_o = cfg0[EVTQ*64 +: 32];
            `REG_EVENTQ_IRQ_CFG0 + 32'd4: rdata_o = cfg0[EVTQ*64+32 +: 32];
            `REG_EVENTQ_IRQ_CFG1:         rdata_o = cfg1[EVTQ*32 +: 32];
            `REG_EVENTQ_IRQ_CFG2:         rdata_o = cfg2[EVTQ*32 +: 32];
            default:                      rdata_o = 32'd0;
        endcase
    end
endmodule

`default_nettype wire
