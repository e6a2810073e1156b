// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_irq_source
// Purpose: One interrupt source: its IRQ_CFG0..2, the acknowledgement of its
//          enable, the wired pulse and the MSI of each trigger.
// Spec   : IRQ-001, IRQ-002, IRQ-004..010, IRQ-013, IRQ-014, REG-017, REG-026,
//          REG-042, REG-043, GER-012, MEM-009
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : en_i    bit of IRQ_CTRL;  trig_i  pulse: something to tell
//          cfg_*_wr_i  writes of wdata_i to CFG0 low, CFG0 high, CFG1, CFG2
//          msi_done_i  pulse: the write has its response, error or not
// Out    : ack_o   bit of IRQ_CTRLACK;  wire_o  one cycle per trigger
//          msi_*   request, stable while valid
// Stalls : nobody; triggers during an MSI ask for one more (IRQ-014)
// Tests  : tests/unit/test_regs.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"

module smmu_irq_source #(
    parameter OAS = 48          // address bits from here on are not stored (MEM-009)
) (
    input  wire        clk_i,
    input  wire        rst_ni,

    input  wire        cfg0_lo_wr_i,
    input  wire        cfg0_hi_wr_i,
    input  wire        cfg1_wr_i,
    input  wire        cfg2_wr_i,
    input  wire [31:0] wdata_i,
    output wire [63:0] cfg0_o,
    output wire [31:0] cfg1_o,
    output wire [31:0] cfg2_o,

    input  wire        en_i,
    output wire        ack_o,
    input  wire        trig_i,
    output wire        wire_o,

    output wire        msi_valid_o,
    input  wire        msi_ready_i,
    input  wire        msi_done_i,
    output wire [47:0] msi_addr_o,
    output wire [31:0] msi_data_o,
    output wire [3:0]  msi_attr_o,
    output wire [1:0]  msi_sh_o
);
    // All sources have the same layout; the masks of one serve for all.
    localparam [63:0] ABOVE     = 64'hffff_ffff_ffff ^ (64'hffff_ffff_ffff >> (48 - OAS));
    localparam [63:0] CFG0_MASK = `EVENTQ_IRQ_CFG0_WMASK & ~ABOVE;
    localparam [31:0] CFG1_MASK = `EVENTQ_IRQ_CFG1_WMASK;
    localparam [31:0] CFG2_MASK = `EVENTQ_IRQ_CFG2_WMASK;

    reg ack_q;

    // ---- configuration: fixed while enable or acknowledgement is 1 (IRQ-008) -----------------
    reg [63:0] cfg0_q;
    reg [31:0] cfg1_q, cfg2_q;
    wire       open = !en_i && !ack_q;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            cfg0_q <= `EVENTQ_IRQ_CFG0_RESET;
            cfg1_q <= `EVENTQ_IRQ_CFG1_RESET;
            cfg2_q <= `EVENTQ_IRQ_CFG2_RESET;
        end else if (open) begin
            if (cfg0_lo_wr_i) cfg0_q[31:0]  <= wdata_i & CFG0_MASK[31:0];
            if (cfg0_hi_wr_i) cfg0_q[63:32] <= wdata_i & CFG0_MASK[63:32];
            if (cfg1_wr_i)    cfg1_q        <= wdata_i & CFG1_MASK;
            if (cfg2_wr_i)    cfg2_q        <= wdata_i & CFG2_MASK;
        end
    end

    assign cfg0_o = cfg0_q;
    assign cfg1_o = cfg1_q;
    assign cfg2_o = cfg2_q;

    // ---- trigger: only what happens while enabled and acknowledged counts (IRQ-009) ----------
    wire fire = trig_i && en_i && ack_q;
    wire msi  = fire && (cfg0_q != 64'd0);      // REG-043: ADDR=0 suppresses the MSI alone
    reg  wire_q;

    always @(posedge clk_i) begin
        if (!rst_ni) wire_q <= 1'b0;
        else         wire_q <= fire;
    end

    assign wire_o = wire_q;

    // ---- MSI ------------------------------------------------------------------------------------
    localparam [1:0] ST_IDLE = 2'd0,    // waiting for a trigger
                     ST_SEND = 2'd1,    // request offered
                     ST_RESP = 2'd2;    // write on its way

    reg [1:0] state_q, state_d;
    reg       more_q, more_d;           // triggered again meanwhile

    always @(*) begin
        state_d = state_q;
        more_d  = (more_q || msi) && en_i;      // disabling forgets it (IRQ-010)

        case (state_q)
            ST_IDLE: if (msi || (more_q && en_i)) begin
                state_d = ST_SEND;
                more_d  = 1'b0;
            end

            ST_SEND: if (msi_ready_i) state_d = ST_RESP;

            ST_RESP: if (msi_done_i) state_d = ST_IDLE;

            default: state_d = ST_IDLE;
        endcase
    end

    // Disabling is acknowledged only when the last MSI has its response; an abort of it is in
    // GERROR in that cycle (IRQ-010, GER-012).
    wire quiet = (state_q == ST_IDLE);

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            state_q <= ST_IDLE;
            more_q  <= 1'b0;
            ack_q   <= 1'b0;
        end else begin
            state_q <= state_d;
            more_q  <= more_d;
            if (en_i || quiet) ack_q <= en_i;
        end
    end

    assign ack_o       = ack_q;
    assign msi_valid_o = (state_q == ST_SEND);
    assign msi_addr_o  = cfg0_q[47:0];
    assign msi_data_o  = cfg1_q;
    assign msi_attr_o  = cfg2_q[`EVENTQ_IRQ_CFG2_MEMATTR_LSB +: `EVENTQ_IRQ_CFG2_MEMATTR_W];
    assign msi_sh_o    = cfg2_q[`EVENTQ_IRQ_CFG2_SH_LSB +: `EVENTQ_IRQ_CFG2_SH_W];
endmodule

`default_nettype wire
