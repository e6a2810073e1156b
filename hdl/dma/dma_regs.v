// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : dma_regs
// Purpose: Programming port: AXI4-Lite slave, choice of the page, the global
//          page, and the interrupt wire.
// Spec   : docs/dma.md, "Registers"; architecture.md section 2
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : s_axil_*;  q_rd_data_i  read data of every queue;  q_irq_i, q_busy_i
// Out    : q_wr_*  write pulse, one-hot per queue;  irq_o
// Limits : what is not there reads zero and ignores writes
// Tests  : tests/unit/test_dma.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "dma_defs.vh"

module dma_regs #(
    parameter NUM_QUEUES = 8,
    parameter QUEUE_W    = 3,
    parameter LANE_W     = 4,
    parameter MAX_BURST  = 16,
    parameter MAX_OUT    = 4,
    parameter SID_W      = 16
) (
    input  wire                      clk_i,
    input  wire                      rst_ni,

    input  wire                      s_axil_awvalid,
    output wire                      s_axil_awready,
    input  wire [`DMA_ADDR_W-1:0]    s_axil_awaddr,
    input  wire                      s_axil_wvalid,
    output wire                      s_axil_wready,
    input  wire [31:0]               s_axil_wdata,
    input  wire [3:0]                s_axil_wstrb,
    output wire                      s_axil_bvalid,
    input  wire                      s_axil_bready,
    output wire [1:0]                s_axil_bresp,
    input  wire                      s_axil_arvalid,
    output wire                      s_axil_arready,
    input  wire [`DMA_ADDR_W-1:0]    s_axil_araddr,
    output wire                      s_axil_rvalid,
    input  wire                      s_axil_rready,
    output wire [31:0]               s_axil_rdata,
    output wire [1:0]                s_axil_rresp,

    input  wire [SID_W-1:0]          sid_i,
    output wire [3:0]                rd_limit_o,
    output wire [3:0]                wr_limit_o,

    output wire [NUM_QUEUES-1:0]     q_wr_priv_o,
    output wire [NUM_QUEUES-1:0]     q_wr_user_o,
    output wire [11:0]               q_wr_reg_o,
    output wire [31:0]               q_wr_data_o,
    output wire                      q_rd_priv_o,
    output wire [11:0]               q_rd_reg_o,
    input  wire [NUM_QUEUES*32-1:0]  q_rd_data_i,
    input  wire [NUM_QUEUES-1:0]     q_irq_i,
    input  wire [NUM_QUEUES-1:0]     q_busy_i,
    output wire                      irq_o
);
    wire                   wr_valid;
    wire [`DMA_ADDR_W-1:0] wr_addr;
    wire [`DMA_ADDR_W-1:0] rd_addr;
    reg  [31:0]            rd_data;

    dma_axil #(.S_ADDR_W(`DMA_ADDR_W)) u_axil (
        .clk_i          (clk_i),
        .rst_ni         (rst_ni),
        .s_axil_awvalid (s_axil_awvalid),
        .s_axil_awready (s_axil_awready),
        .s_axil_awaddr  (s_axil_awaddr),
        .s_axil_wvalid  (s_axil_wvalid),
        .s_axil_wready  (s_axil_wready),
        .s_axil_wdata   (s_axil_wdata),
        .s_axil_wstrb   (s_axil_wstrb),
        .s_axil_bvalid  (s_axil_bvalid),
        .s_axil_bready  (s_axil_bready),
        .s_axil_bresp   (s_axil_bresp),
        .s_axil_arvalid (s_axil_arvalid),
        .s_axil_arready (s_axil_arready),
        .s_axil_araddr  (s_axil_araddr),
        .s_axil_rvalid  (s_axil_rvalid),
        .s_axil_rready  (s_axil_rready),
        .s_axil_rdata   (s_axil_rdata),
        .s_axil_rresp   (s_axil_rresp),
        .wr_valid_o     (wr_valid),
        .wr_addr_o      (wr_addr),
        .wr_data_o      (q_wr_data_o),
        .rd_addr_o      (rd_addr),
        .rd_data_i      (rd_data)
    );

    // ---- page choice --------------------------------------------------------------
    wire [1:0] wr_page = wr_addr[19:18];
    wire [5:0] wr_num  = wr_addr[17:12];
    wire [1:0] rd_page = rd_addr[19:18];
    wire [5:0] rd_num  = rd_addr[17:12];
    wire       wr_glob = wr_valid && (wr_page == `DMA_PAGE_GLOBAL) && (wr_num == 6'd0);

    assign q_wr_reg_o  = wr_addr[11:0];
    assign q_rd_reg_o  = rd_addr[11:0];
    assign q_rd_priv_o = (rd_page == `DMA_PAGE_PRIV);

    genvar g;
    generate
        for (g = 0; g < NUM_QUEUES; g = g + 1) begin : g_queue
            assign q_wr_priv_o[g] = wr_valid && (wr_page == `DMA_PAGE_PRIV) && (wr_num == g);
            assign q_wr_user_o[g] = wr_valid && (wr_page == `DMA_PAGE_USER) && (wr_num == g);
        end
    endgenerate

    // ---- outstanding bursts per queue and direction ---------------------------------
    // Lets software keep all queues' stalled bursts within the stall pool of the
    // SMMU port (architecture.md D2); zero would stop the engine and is read as one.
    reg [3:0] rd_limit_q;
    reg [3:0] wr_limit_q;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            rd_limit_q <= MAX_OUT[3:0];
            wr_limit_q <= MAX_OUT[3:0];
        end else if (wr_glob && (wr_addr[11:0] == `DMA_REG_LIMIT)) begin
            rd_limit_q <= (q_wr_data_o[3:0]  == 4'd0) ? 4'd1 : q_wr_data_o[3:0];
            wr_limit_q <= (q_wr_data_o[11:8] == 4'd0) ? 4'd1 : q_wr_data_o[11:8];
        end
    end
    assign rd_limit_o = rd_limit_q;
    assign wr_limit_o = wr_limit_q;

    // ---- reads ------------------------------------------------------------------------
    wire [63:0] irq_all;
    wire [63:0] busy_all;
    generate
        for (g = 0; g < 64; g = g + 1) begin : g_summary
            if (g < NUM_QUEUES) begin : g_there
                assign irq_all[g]  = q_irq_i[g];
                assign busy_all[g] = q_busy_i[g];
            end else begin : g_absent
                assign irq_all[g]  = 1'b0;
                assign busy_all[g] = 1'b0;
            end
        end
    endgenerate

    wire [31:0] rd_queue = q_rd_data_i[rd_num[QUEUE_W-1:0]*32 +: 32];

    always @(*) begin
        rd_data = 32'd0;
        if (rd_page == `DMA_PAGE_GLOBAL) begin
            if (rd_num == 6'd0) begin
                case (rd_addr[11:0])
                    `DMA_REG_ID:      rd_data = `DMA_ID_VALUE;
                    `DMA_REG_PARAMS:  rd_data = {8'd0, MAX_BURST[7:0], 4'd0, LANE_W[3:0],
                                                 NUM_QUEUES[7:0]};
                    `DMA_REG_SID:     rd_data = {{(32-SID_W){1'b0}}, sid_i};
                    `DMA_REG_LIMIT:   rd_data = {20'd0, wr_limit_q, 4'd0, rd_limit_q};
                    `DMA_REG_INT_LO:  rd_data = irq_all[31:0];
                    `DMA_REG_INT_HI:  rd_data = irq_all[63:32];
                    `DMA_REG_BUSY_LO: rd_data = busy_all[31:0];
                    `DMA_REG_BUSY_HI: rd_data = busy_all[63:32];
                    default: ;
                endcase
            end
        end else if ((rd_page != 2'd3) && ({26'd0, rd_num} < NUM_QUEUES)) begin
            rd_data = rd_queue;
        end
    end

    assign irq_o = |q_irq_i;
endmodule

`default_nettype wire
