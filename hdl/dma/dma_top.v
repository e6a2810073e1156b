// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : dma_top
// Purpose: Multi-queue copy and fill engine that works on virtual addresses: each
//          queue is handed to one process, with its page tables (PASID) and its
//          own register page. Wiring only.
// Spec   : docs/dma.md; architecture.md section 2
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : s_axil_*  programming, 1 MB;  sid_i  StreamID of the device (strap)
// Out    : m_axi_*   descriptors, data and completion records, all by VA
//          irq_o, irq_queue_o
// Stalls : a held AR or AW holds the other queues' AR or AW (AXI cannot refuse);
//          an accepted but unanswered burst holds its own queue only
// Limits : AXI ID = queue number; docs/dma.md lists the ranges of the parameters
// Tests  : tests/unit/test_dma.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "dma_defs.vh"

module dma_top #(
    // number of queues, 1 to 64
    parameter NUM_QUEUES = 8,
    // width of the data bus: 64 or 128
    parameter DATA_W     = 128,
    // width of an AXI ID, more than log2(NUM_QUEUES)
    parameter ID_W       = 8,
    parameter SID_W      = 16,
    parameter SSID_W     = 20,
    // longest burst in beats, a power of two, 64 bytes to 4 KB and 64 beats
    parameter MAX_BURST  = 16,
    // data buffer of one queue in beats, a power of two, at least 4 * MAX_BURST
    parameter BUF_BEATS  = 64,
    // bursts a queue may have outstanding per direction after reset, 1 to 15
    parameter MAX_OUT    = 4
) (
    input  wire                   clk_i,
    input  wire                   rst_ni,
    input  wire [SID_W-1:0]       sid_i,

    // programming
    input  wire                   s_axil_awvalid,
    output wire                   s_axil_awready,
    input  wire [`DMA_ADDR_W-1:0] s_axil_awaddr,
    input  wire [2:0]             s_axil_awprot,
    input  wire                   s_axil_wvalid,
    output wire                   s_axil_wready,
    input  wire [31:0]            s_axil_wdata,
    input  wire [3:0]             s_axil_wstrb,
    output wire                   s_axil_bvalid,
    input  wire                   s_axil_bready,
    output wire [1:0]             s_axil_bresp,
    input  wire                   s_axil_arvalid,
    output wire                   s_axil_arready,
    input  wire [`DMA_ADDR_W-1:0] s_axil_araddr,
    input  wire [2:0]             s_axil_arprot,
    output wire                   s_axil_rvalid,
    input  wire                   s_axil_rready,
    output wire [31:0]            s_axil_rdata,
    output wire [1:0]             s_axil_rresp,

    // memory, write
    output wire                   m_axi_awvalid,
    input  wire                   m_axi_awready,
    output wire [ID_W-1:0]        m_axi_awid,
    output wire [63:0]            m_axi_awaddr,
    output wire [7:0]             m_axi_awlen,
    output wire [2:0]             m_axi_awsize,
    output wire [1:0]             m_axi_awburst,
    output wire                   m_axi_awlock,
    output wire [3:0]             m_axi_awcache,
    output wire [2:0]             m_axi_awprot,
    output wire [3:0]             m_axi_awqos,
    output wire [1:0]             m_axi_awdomain,
    output wire [5:0]             m_axi_awatop,
    output wire [SID_W-1:0]       m_axi_awmmusid,
    output wire [SSID_W-1:0]      m_axi_awmmussid,
    output wire                   m_axi_awmmussidv,
    output wire                   m_axi_awmmusecsid,
    output wire [1:0]             m_axi_awmmuflow,
    output wire                   m_axi_wvalid,
    input  wire                   m_axi_wready,
    output wire [DATA_W-1:0]      m_axi_wdata,
    output wire [DATA_W/8-1:0]    m_axi_wstrb,
    output wire                   m_axi_wlast,
    input  wire                   m_axi_bvalid,
    output wire                   m_axi_bready,
    input  wire [ID_W-1:0]        m_axi_bid,
    input  wire [1:0]             m_axi_bresp,

    // memory, read
    output wire                   m_axi_arvalid,
    input  wire                   m_axi_arready,
    output wire [ID_W-1:0]        m_axi_arid,
    output wire [63:0]            m_axi_araddr,
    output wire [7:0]             m_axi_arlen,
    output wire [2:0]             m_axi_arsize,
    output wire [1:0]             m_axi_arburst,
    output wire                   m_axi_arlock,
    output wire [3:0]             m_axi_arcache,
    output wire [2:0]             m_axi_arprot,
    output wire [3:0]             m_axi_arqos,
    output wire [1:0]             m_axi_ardomain,
    output wire [SID_W-1:0]       m_axi_armmusid,
    output wire [SSID_W-1:0]      m_axi_armmussid,
    output wire                   m_axi_armmussidv,
    output wire                   m_axi_armmusecsid,
    output wire [1:0]             m_axi_armmuflow,
    input  wire                   m_axi_rvalid,
    output wire                   m_axi_rready,
    input  wire [ID_W-1:0]        m_axi_rid,
    input  wire [DATA_W-1:0]      m_axi_rdata,
    input  wire [1:0]             m_axi_rresp,
    input  wire                   m_axi_rlast,

    // interrupts, level
    output wire                   irq_o,
    output wire [NUM_QUEUES-1:0]  irq_queue_o
);
    localparam QUEUE_W = (NUM_QUEUES > 1) ? $clog2(NUM_QUEUES) : 1;
    localparam LANE_W  = $clog2(DATA_W / 8);
    localparam BURST_W = $clog2(MAX_BURST);
    localparam BUF_W   = $clog2(BUF_BEATS);
    localparam JOB_W   = 64 + 8 + BUF_W + (LANE_W + 1) + 1 + LANE_W + 1 + LANE_W + 1;

    // ---- parameter rules: a missing module names the broken one (D11) ---------------
    generate
        if (NUM_QUEUES < 1 || NUM_QUEUES > 64) begin : g_bad_num_queues
            dma_error_num_queues_must_be_1_to_64 u_error ();
        end
        if (DATA_W != 64 && DATA_W != 128) begin : g_bad_data_w
            dma_error_data_w_must_be_64_or_128 u_error ();
        end
        if (ID_W <= QUEUE_W) begin : g_bad_id_w
            dma_error_id_w_must_exceed_log2_num_queues u_error ();
        end
        if (MAX_BURST != (1 << BURST_W) || MAX_BURST > 64 || MAX_BURST * DATA_W < 512) begin : g_bad_burst
            dma_error_max_burst_must_be_a_power_of_two_of_64_bytes_to_64_beats u_error ();
        end
        if (BUF_BEATS != (1 << BUF_W) || BUF_BEATS < 4 * MAX_BURST) begin : g_bad_buf
            dma_error_buf_beats_must_be_a_power_of_two_of_4_bursts u_error ();
        end
        if (MAX_OUT < 1 || MAX_OUT > 15) begin : g_bad_out
            dma_error_max_out_must_be_1_to_15 u_error ();
        end
    endgenerate

    // ---- constant attributes -----------------------------------------------------------
    localparam [2:0] AX_SIZE   = LANE_W[2:0];
    localparam [1:0] AX_INCR   = 2'b01;
    localparam [3:0] AX_CACHE  = 4'b1111;  // write-back, as the CPUs map user memory
    localparam [2:0] AX_PROT   = 3'b010;   // unprivileged, Non-secure, data
    localparam [1:0] AX_DOMAIN = 2'b01;    // inner shareable, coherent with the CPUs
    localparam [1:0] FLOW_STALL = 2'b00;   // the SMMU may stall this device

    assign m_axi_awsize      = AX_SIZE;
    assign m_axi_awburst     = AX_INCR;
    assign m_axi_awlock      = 1'b0;
    assign m_axi_awcache     = AX_CACHE;
    assign m_axi_awprot      = AX_PROT;
    assign m_axi_awqos       = 4'd0;
    assign m_axi_awdomain    = AX_DOMAIN;
    assign m_axi_awatop      = 6'd0;
    assign m_axi_awmmusid    = sid_i;
    assign m_axi_awmmusecsid = 1'b0;
    assign m_axi_awmmuflow   = FLOW_STALL;
    assign m_axi_arsize      = AX_SIZE;
    assign m_axi_arburst     = AX_INCR;
    assign m_axi_arlock      = 1'b0;
    assign m_axi_arcache     = AX_CACHE;
    assign m_axi_arprot      = AX_PROT;
    assign m_axi_arqos       = 4'd0;
    assign m_axi_ardomain    = AX_DOMAIN;
    assign m_axi_armmusid    = sid_i;
    assign m_axi_armmusecsid = 1'b0;
    assign m_axi_armmuflow   = FLOW_STALL;

    // page protection of the CPU decides who reaches a page, not AxPROT
    wire unused_prot = &{1'b0, s_axil_awprot, s_axil_arprot};

    // ---- registers ------------------------------------------------------------------------
    wire [NUM_QUEUES-1:0]    q_wr_priv, q_wr_user, q_busy;
    wire [11:0]              q_wr_reg, q_rd_reg;
    wire [31:0]              q_wr_data;
    wire                     q_rd_priv;
    wire [NUM_QUEUES*32-1:0] q_rd_data;
    wire [3:0]               rd_limit, wr_limit;

    dma_regs #(
        .NUM_QUEUES(NUM_QUEUES), .QUEUE_W(QUEUE_W), .LANE_W(LANE_W),
        .MAX_BURST(MAX_BURST), .MAX_OUT(MAX_OUT), .SID_W(SID_W)
    ) u_regs (
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
        .sid_i          (sid_i),
        .rd_limit_o     (rd_limit),
        .wr_limit_o     (wr_limit),
        .q_wr_priv_o    (q_wr_priv),
        .q_wr_user_o    (q_wr_user),
        .q_wr_reg_o     (q_wr_reg),
        .q_wr_data_o    (q_wr_data),
        .q_rd_priv_o    (q_rd_priv),
        .q_rd_reg_o     (q_rd_reg),
        .q_rd_data_i    (q_rd_data),
        .q_irq_i        (irq_queue_o),
        .q_busy_i       (q_busy),
        .irq_o          (irq_o)
    );

    // ---- queues -------------------------------------------------------------------------------
    wire [NUM_QUEUES-1:0]        ar_valid, ar_grant, job_valid, job_grant;
    wire [NUM_QUEUES*64-1:0]     ar_addr;
    wire [NUM_QUEUES*8-1:0]      ar_len;
    wire [NUM_QUEUES*JOB_W-1:0]  job;
    wire [NUM_QUEUES*SSID_W-1:0] ssid;
    wire [NUM_QUEUES-1:0]        ssidv, r_valid, b_valid, buf_free;
    wire [QUEUE_W-1:0]           r_queue;
    wire [DATA_W-1:0]            r_data;
    wire [1:0]                   r_resp, b_resp;
    wire [4-LANE_W:0]            gen_beat;
    wire                         r_last;
    wire [NUM_QUEUES*BUF_W-1:0]  buf_ptr;
    wire [NUM_QUEUES*DATA_W-1:0] gen_data;

    genvar q;
    generate
        for (q = 0; q < NUM_QUEUES; q = q + 1) begin : g_queue
            dma_queue #(
                .DATA_W(DATA_W), .LANE_W(LANE_W), .BURST_W(BURST_W), .BUF_W(BUF_W),
                .JOB_W(JOB_W), .SSID_W(SSID_W)
            ) u_queue (
                .clk_i        (clk_i),
                .rst_ni       (rst_ni),
                .wr_priv_i    (q_wr_priv[q]),
                .wr_user_i    (q_wr_user[q]),
                .wr_reg_i     (q_wr_reg),
                .wr_data_i    (q_wr_data),
                .rd_priv_i    (q_rd_priv),
                .rd_reg_i     (q_rd_reg),
                .rd_data_o    (q_rd_data[q*32 +: 32]),
                .rd_limit_i   (rd_limit),
                .wr_limit_i   (wr_limit),
                .ssid_o       (ssid[q*SSID_W +: SSID_W]),
                .ssidv_o      (ssidv[q]),
                .busy_o       (q_busy[q]),
                .irq_o        (irq_queue_o[q]),
                .ar_valid_o   (ar_valid[q]),
                .ar_addr_o    (ar_addr[q*64 +: 64]),
                .ar_len_o     (ar_len[q*8 +: 8]),
                .ar_grant_i   (ar_grant[q]),
                .r_valid_i    (r_valid[q]),
                .r_data_i     (r_data),
                .r_resp_i     (r_resp),
                .r_last_i     (r_last),
                .buf_wr_ptr_o (buf_ptr[q*BUF_W +: BUF_W]),
                .job_valid_o  (job_valid[q]),
                .job_o        (job[q*JOB_W +: JOB_W]),
                .job_grant_i  (job_grant[q]),
                .gen_beat_i   (gen_beat),
                .gen_data_o   (gen_data[q*DATA_W +: DATA_W]),
                .free_i       (buf_free[q]),
                .b_valid_i    (b_valid[q]),
                .b_resp_i     (b_resp)
            );
        end
    endgenerate

    // ---- shared read channels -------------------------------------------------------------------
    dma_rd_port #(
        .NUM_QUEUES(NUM_QUEUES), .QUEUE_W(QUEUE_W), .DATA_W(DATA_W), .ID_W(ID_W),
        .SSID_W(SSID_W)
    ) u_rd_port (
        .clk_i            (clk_i),
        .rst_ni           (rst_ni),
        .req_valid_i      (ar_valid),
        .req_addr_i       (ar_addr),
        .req_len_i        (ar_len),
        .req_ssid_i       (ssid),
        .req_ssidv_i      (ssidv),
        .req_grant_o      (ar_grant),
        .m_axi_arvalid    (m_axi_arvalid),
        .m_axi_arready    (m_axi_arready),
        .m_axi_arid       (m_axi_arid),
        .m_axi_araddr     (m_axi_araddr),
        .m_axi_arlen      (m_axi_arlen),
        .m_axi_armmussid  (m_axi_armmussid),
        .m_axi_armmussidv (m_axi_armmussidv),
        .m_axi_rvalid     (m_axi_rvalid),
        .m_axi_rready     (m_axi_rready),
        .m_axi_rid        (m_axi_rid),
        .m_axi_rdata      (m_axi_rdata),
        .m_axi_rresp      (m_axi_rresp),
        .m_axi_rlast      (m_axi_rlast),
        .r_valid_o        (r_valid),
        .r_queue_o        (r_queue),
        .r_data_o         (r_data),
        .r_resp_o         (r_resp),
        .r_last_o         (r_last)
    );

    // ---- data buffer: one part per queue, so none can take another's room -------------------------
    wire                     buf_rd_en;
    wire [QUEUE_W+BUF_W-1:0] buf_rd_addr;
    wire [DATA_W-1:0]        buf_rd_data;

    util_ram_1r1w #(
        .WIDTH(DATA_W), .DEPTH(1 << (QUEUE_W + BUF_W)), .ADDR_W(QUEUE_W + BUF_W)
    ) u_buffer (
        .clk_i     (clk_i),
        .rd_en_i   (buf_rd_en),
        .rd_addr_i (buf_rd_addr),
        .rd_data_o (buf_rd_data),
        .wr_en_i   (|r_valid),
        .wr_addr_i ({r_queue, buf_ptr[r_queue*BUF_W +: BUF_W]}),
        .wr_data_i (r_data)
    );

    // ---- shared write channels ----------------------------------------------------------------------
    dma_wr_port #(
        .NUM_QUEUES(NUM_QUEUES), .QUEUE_W(QUEUE_W), .DATA_W(DATA_W), .LANE_W(LANE_W),
        .BUF_W(BUF_W), .ID_W(ID_W), .SSID_W(SSID_W), .JOB_W(JOB_W)
    ) u_wr_port (
        .clk_i            (clk_i),
        .rst_ni           (rst_ni),
        .req_valid_i      (job_valid),
        .req_job_i        (job),
        .req_ssid_i       (ssid),
        .req_ssidv_i      (ssidv),
        .req_grant_o      (job_grant),
        .gen_beat_o       (gen_beat),
        .gen_data_i       (gen_data),
        .buf_rd_en_o      (buf_rd_en),
        .buf_rd_addr_o    (buf_rd_addr),
        .buf_rd_data_i    (buf_rd_data),
        .free_valid_o     (buf_free),
        .m_axi_awvalid    (m_axi_awvalid),
        .m_axi_awready    (m_axi_awready),
        .m_axi_awid       (m_axi_awid),
        .m_axi_awaddr     (m_axi_awaddr),
        .m_axi_awlen      (m_axi_awlen),
        .m_axi_awmmussid  (m_axi_awmmussid),
        .m_axi_awmmussidv (m_axi_awmmussidv),
        .m_axi_wvalid     (m_axi_wvalid),
        .m_axi_wready     (m_axi_wready),
        .m_axi_wdata      (m_axi_wdata),
        .m_axi_wstrb      (m_axi_wstrb),
        .m_axi_wlast      (m_axi_wlast),
        .m_axi_bvalid     (m_axi_bvalid),
        .m_axi_bready     (m_axi_bready),
        .m_axi_bid        (m_axi_bid),
        .m_axi_bresp      (m_axi_bresp),
        .b_valid_o        (b_valid),
        .b_resp_o         (b_resp)
    );
endmodule

`default_nettype wire
