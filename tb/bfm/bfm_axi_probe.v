// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_axi_probe
// Purpose: Monitor and protocol checker of one AXI4 bus, address channels given
//          as vectors (bfm_defs.vh). Lives inside every transactor and tap.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Tests  : tests/unit/test_bfm_axi.py, tests/unit/test_bfm_checker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_axi_probe #(
    parameter ID_W   = 8,
    parameter DATA_W = 128
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,
    input  wire [`BFM_CYC_W-1:0] cycle_i,
    input  wire [`BFM_AX_W-1:0]  aw_vec_i,
    input  wire                  aw_valid_i,
    input  wire                  aw_ready_i,
    input  wire [DATA_W-1:0]     w_data_i,
    input  wire [DATA_W/8-1:0]   w_strb_i,
    input  wire                  w_last_i,
    input  wire                  w_valid_i,
    input  wire                  w_ready_i,
    input  wire [ID_W-1:0]       b_id_i,
    input  wire [1:0]            b_resp_i,
    input  wire                  b_valid_i,
    input  wire                  b_ready_i,
    input  wire [`BFM_AX_W-1:0]  ar_vec_i,
    input  wire                  ar_valid_i,
    input  wire                  ar_ready_i,
    input  wire [ID_W-1:0]       r_id_i,
    input  wire [DATA_W-1:0]     r_data_i /* verilator public_flat_rd */,
    input  wire [1:0]            r_resp_i,
    input  wire                  r_last_i,
    input  wire                  r_valid_i,
    input  wire                  r_ready_i
);

    bfm_axi_monitor_rd #(.ID_W(ID_W), .DATA_W(DATA_W)) u_mon_rd (
        .clk_i    (clk_i),
        .rst_ni   (rst_ni),
        .cycle_i  (cycle_i),
        .ar_vec_i (ar_vec_i),
        .ar_hs_i  (ar_valid_i && ar_ready_i),
        .r_id_i   (r_id_i),
        .r_data_i (r_data_i),
        .r_resp_i (r_resp_i),
        .r_last_i (r_last_i),
        .r_hs_i   (r_valid_i && r_ready_i)
    );

    bfm_axi_monitor_wr #(.ID_W(ID_W), .DATA_W(DATA_W)) u_mon_wr (
        .clk_i    (clk_i),
        .rst_ni   (rst_ni),
        .cycle_i  (cycle_i),
        .aw_vec_i (aw_vec_i),
        .aw_hs_i  (aw_valid_i && aw_ready_i),
        .w_data_i (w_data_i),
        .w_strb_i (w_strb_i),
        .w_last_i (w_last_i),
        .w_hs_i   (w_valid_i && w_ready_i),
        .b_id_i   (b_id_i),
        .b_resp_i (b_resp_i),
        .b_hs_i   (b_valid_i && b_ready_i)
    );

    bfm_axi_checker #(.ID_W(ID_W), .DATA_W(DATA_W)) u_check (
        .clk_i      (clk_i),
        .rst_ni     (rst_ni),
        .aw_vec_i   (aw_vec_i),
        .aw_valid_i (aw_valid_i),
        .aw_ready_i (aw_ready_i),
        .w_data_i   (w_data_i),
        .w_strb_i   (w_strb_i),
        .w_last_i   (w_last_i),
        .w_valid_i  (w_valid_i),
        .w_ready_i  (w_ready_i),
        .b_id_i     (b_id_i),
        .b_resp_i   (b_resp_i),
        .b_valid_i  (b_valid_i),
        .b_ready_i  (b_ready_i),
        .ar_vec_i   (ar_vec_i),
        .ar_valid_i (ar_valid_i),
        .ar_ready_i (ar_ready_i),
        .r_id_i     (r_id_i),
        .r_data_i   (r_data_i),
        .r_resp_i   (r_resp_i),
        .r_last_i   (r_last_i),
        .r_valid_i  (r_valid_i),
        .r_ready_i  (r_ready_i)
    );

endmodule

`default_nettype wire
