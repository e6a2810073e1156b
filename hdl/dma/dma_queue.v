// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : dma_queue
// Purpose: One queue: its registers beside its engine. Wiring only.
// Spec   : docs/dma.md; architecture.md section 2
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : wr_*, rd_*  registers;  r_*, b_*  beats and responses of this queue
// Out    : ar_*, job_*  bursts for the shared ports;  irq_o
// Tests  : tests/unit/test_dma.py
//-----------------------------------------------------------------------------
`default_nettype none

module dma_queue #(
    parameter DATA_W  = 128,
    parameter LANE_W  = 4,
    parameter BURST_W = 4,
    parameter BUF_W   = 6,
    parameter JOB_W   = 95,
    parameter SSID_W  = 20
) (
    input  wire              clk_i,
    input  wire              rst_ni,

    input  wire              wr_priv_i,
    input  wire              wr_user_i,
    input  wire [11:0]       wr_reg_i,
    input  wire [31:0]       wr_data_i,
    input  wire              rd_priv_i,
    input  wire [11:0]       rd_reg_i,
    output wire [31:0]       rd_data_o,
    input  wire [3:0]        rd_limit_i,
    input  wire [3:0]        wr_limit_i,
    output wire [SSID_W-1:0] ssid_o,
    output wire              ssidv_o,
    output wire              busy_o,
    output wire              irq_o,

    output wire              ar_valid_o,
    output wire [63:0]       ar_addr_o,
    output wire [7:0]        ar_len_o,
    input  wire              ar_grant_i,
    input  wire              r_valid_i,
    input  wire [DATA_W-1:0] r_data_i,
    input  wire [1:0]        r_resp_i,
    input  wire              r_last_i,
    output wire [BUF_W-1:0]  buf_wr_ptr_o,

    output wire              job_valid_o,
    output wire [JOB_W-1:0]  job_o,
    input  wire              job_grant_i,
    input  wire [4-LANE_W:0] gen_beat_i,
    output wire [DATA_W-1:0] gen_data_o,
    input  wire              free_i,
    input  wire              b_valid_i,
    input  wire [1:0]        b_resp_i
);
    wire        run, rst_req, rst_done, ack;
    wire [63:0] fetch_addr;
    wire [15:0] index;
    wire        halted, fin_valid, fin_irq, err_pulse, err_write, err_cpl;
    wire [3:0]  state;
    wire [7:0]  err_status;
    wire [1:0]  err_resp;
    wire [63:0] err_addr;

    dma_queue_regs #(.SSID_W(SSID_W)) u_regs (
        .clk_i        (clk_i),
        .rst_ni       (rst_ni),
        .wr_priv_i    (wr_priv_i),
        .wr_user_i    (wr_user_i),
        .wr_reg_i     (wr_reg_i),
        .wr_data_i    (wr_data_i),
        .rd_priv_i    (rd_priv_i),
        .rd_reg_i     (rd_reg_i),
        .rd_data_o    (rd_data_o),
        .run_o        (run),
        .reset_o      (rst_req),
        .reset_done_i (rst_done),
        .ack_o        (ack),
        .fetch_addr_o (fetch_addr),
        .index_o      (index),
        .ssid_o       (ssid_o),
        .ssidv_o      (ssidv_o),
        .busy_i       (busy_o),
        .halted_i     (halted),
        .state_i      (state),
        .fin_valid_i  (fin_valid),
        .fin_irq_i    (fin_irq),
        .err_pulse_i  (err_pulse),
        .err_status_i (err_status),
        .err_write_i  (err_write),
        .err_resp_i   (err_resp),
        .err_cpl_i    (err_cpl),
        .err_addr_i   (err_addr),
        .irq_o        (irq_o)
    );

    dma_engine #(
        .DATA_W(DATA_W), .LANE_W(LANE_W), .BURST_W(BURST_W), .BUF_W(BUF_W), .JOB_W(JOB_W)
    ) u_engine (
        .clk_i        (clk_i),
        .rst_ni       (rst_ni),
        .run_i        (run),
        .reset_i      (rst_req),
        .reset_done_o (rst_done),
        .ack_i        (ack),
        .fetch_addr_i (fetch_addr),
        .index_i      (index),
        .rd_limit_i   (rd_limit_i),
        .wr_limit_i   (wr_limit_i),
        .busy_o       (busy_o),
        .halted_o     (halted),
        .state_o      (state),
        .fin_valid_o  (fin_valid),
        .fin_irq_o    (fin_irq),
        .err_pulse_o  (err_pulse),
        .err_status_o (err_status),
        .err_write_o  (err_write),
        .err_resp_o   (err_resp),
        .err_cpl_o    (err_cpl),
        .err_addr_o   (err_addr),
        .ar_valid_o   (ar_valid_o),
        .ar_addr_o    (ar_addr_o),
        .ar_len_o     (ar_len_o),
        .ar_grant_i   (ar_grant_i),
        .r_valid_i    (r_valid_i),
        .r_data_i     (r_data_i),
        .r_resp_i     (r_resp_i),
        .r_last_i     (r_last_i),
        .buf_wr_ptr_o (buf_wr_ptr_o),
        .job_valid_o  (job_valid_o),
        .job_o        (job_o),
        .job_grant_i  (job_grant_i),
        .gen_beat_i   (gen_beat_i),
        .gen_data_o   (gen_data_o),
        .free_i       (free_i),
        .b_valid_i    (b_valid_i),
        .b_resp_i     (b_resp_i)
    );
endmodule

`default_nettype wire
