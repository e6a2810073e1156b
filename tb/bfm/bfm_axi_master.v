// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_axi_master
// Purpose: AXI4 master transactor with the SMMU sidebands: the device side of
//          a TBU. Python posts whole bursts and is woken by whole answers.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Pins   : m_axi_*, named as the slave pins they drive
// Python : u_rd.*, u_wr.*, u_probe.*   (tb/bfm/axi_master.py)
// Limits : ID_W <= 16, DATA_W a power of two >= 32, 2**SLOT_W bursts a direction.
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_axi_master #(
    parameter DATA_W = 128,
    parameter ADDR_W = 64,
    parameter ID_W   = 8,
    parameter SID_W  = 16,
    parameter SSID_W = 20,
    parameter SLOT_W = 6,      // log2 of bursts posted or open, per direction
    parameter PROBE  = 1       // 1: monitor and protocol checker inside
) (
    input  wire                 clk_i,
    input  wire                 rst_ni,

    output wire [ID_W-1:0]      m_axi_awid /* verilator public_flat_rd */,
    output wire [ADDR_W-1:0]    m_axi_awaddr,
    output wire [7:0]           m_axi_awlen,
    output wire [2:0]           m_axi_awsize,
    output wire [1:0]           m_axi_awburst,
    output wire                 m_axi_awlock,
    output wire [3:0]           m_axi_awcache,
    output wire [2:0]           m_axi_awprot,
    output wire [3:0]           m_axi_awqos,
    output wire [1:0]           m_axi_awdomain,
    output wire [SID_W-1:0]     m_axi_awmmusid,
    output wire [SSID_W-1:0]    m_axi_awmmussid,
    output wire                 m_axi_awmmussidv,
    output wire [1:0]           m_axi_awmmusecsid,
    output wire [1:0]           m_axi_awmmuflow,
    output wire [5:0]           m_axi_awatop,
    output wire                 m_axi_awvalid,
    input wire                  m_axi_awready,

    output wire [DATA_W-1:0]    m_axi_wdata /* verilator public_flat_rd */,
    output wire [DATA_W/8-1:0]  m_axi_wstrb,
    output wire                 m_axi_wlast,
    output wire                 m_axi_wvalid,
    input wire                  m_axi_wready,
    input wire  [ID_W-1:0]      m_axi_bid,
    input wire  [1:0]           m_axi_bresp,
    input wire                  m_axi_bvalid,
    output wire                 m_axi_bready,

    output wire [ID_W-1:0]      m_axi_arid,
    output wire [ADDR_W-1:0]    m_axi_araddr,
    output wire [7:0]           m_axi_arlen,
    output wire [2:0]           m_axi_arsize,
    output wire [1:0]           m_axi_arburst,
    output wire                 m_axi_arlock,
    output wire [3:0]           m_axi_arcache,
    output wire [2:0]           m_axi_arprot,
    output wire [3:0]           m_axi_arqos,
    output wire [1:0]           m_axi_ardomain,
    output wire [SID_W-1:0]     m_axi_armmusid,
    output wire [SSID_W-1:0]    m_axi_armmussid,
    output wire                 m_axi_armmussidv,
    output wire [1:0]           m_axi_armmusecsid,
    output wire [1:0]           m_axi_armmuflow,
    output wire                 m_axi_arvalid,
    input wire                  m_axi_arready,

    input wire  [ID_W-1:0]      m_axi_rid,
    input wire  [DATA_W-1:0]    m_axi_rdata,
    input wire  [1:0]           m_axi_rresp,
    input wire                  m_axi_rlast,
    input wire                  m_axi_rvalid,
    output wire                 m_axi_rready
);

    reg [`BFM_CYC_W-1:0] cycle_q /* verilator public_flat_rd */;
    initial cycle_q = {`BFM_CYC_W{1'b0}};
    always @(posedge clk_i) cycle_q <= cycle_q + 1'b1;

    wire [`BFM_AX_W-1:0] aw_vec, ar_vec;

    assign m_axi_awid         = aw_vec[91 +: ID_W];
    assign m_axi_awaddr       = aw_vec[0 +: ADDR_W];
    assign m_axi_awlen        = aw_vec[`BFM_AX_LEN];
    assign m_axi_awsize       = aw_vec[`BFM_AX_SIZE];
    assign m_axi_awburst      = aw_vec[`BFM_AX_BURST];
    assign m_axi_awlock       = aw_vec[`BFM_AX_LOCK];
    assign m_axi_awcache      = aw_vec[`BFM_AX_CACHE];
    assign m_axi_awprot       = aw_vec[`BFM_AX_PROT];
    assign m_axi_awqos        = aw_vec[`BFM_AX_QOS];
    assign m_axi_awdomain     = aw_vec[`BFM_AX_DOMAIN];
    assign m_axi_awmmusid     = aw_vec[107 +: SID_W];
    assign m_axi_awmmussid    = aw_vec[139 +: SSID_W];
    assign m_axi_awmmussidv   = aw_vec[`BFM_AX_SSIDV];
    assign m_axi_awmmusecsid  = aw_vec[`BFM_AX_SECSID];
    assign m_axi_awmmuflow    = aw_vec[`BFM_AX_FLOW];
    assign m_axi_awatop       = aw_vec[`BFM_AX_ATOP];

    assign m_axi_arid         = ar_vec[91 +: ID_W];
    assign m_axi_araddr       = ar_vec[0 +: ADDR_W];
    assign m_axi_arlen        = ar_vec[`BFM_AX_LEN];
    assign m_axi_arsize       = ar_vec[`BFM_AX_SIZE];
    assign m_axi_arburst      = ar_vec[`BFM_AX_BURST];
    assign m_axi_arlock       = ar_vec[`BFM_AX_LOCK];
    assign m_axi_arcache      = ar_vec[`BFM_AX_CACHE];
    assign m_axi_arprot       = ar_vec[`BFM_AX_PROT];
    assign m_axi_arqos        = ar_vec[`BFM_AX_QOS];
    assign m_axi_ardomain     = ar_vec[`BFM_AX_DOMAIN];
    assign m_axi_armmusid     = ar_vec[107 +: SID_W];
    assign m_axi_armmussid    = ar_vec[139 +: SSID_W];
    assign m_axi_armmussidv   = ar_vec[`BFM_AX_SSIDV];
    assign m_axi_armmusecsid  = ar_vec[`BFM_AX_SECSID];
    assign m_axi_armmuflow    = ar_vec[`BFM_AX_FLOW];

    bfm_axi_master_wr #(.ID_W(ID_W), .DATA_W(DATA_W), .SLOT_W(SLOT_W)) u_wr (
        .clk_i      (clk_i),
        .rst_ni     (rst_ni),
        .cycle_i    (cycle_q),
        .aw_vec_o   (aw_vec),
        .aw_valid_o (m_axi_awvalid),
        .aw_ready_i (m_axi_awready),
        .w_data_o   (m_axi_wdata),
        .w_strb_o   (m_axi_wstrb),
        .w_last_o   (m_axi_wlast),
        .w_valid_o  (m_axi_wvalid),
        .w_ready_i  (m_axi_wready),
        .b_id_i     (m_axi_bid),
        .b_resp_i   (m_axi_bresp),
        .b_valid_i  (m_axi_bvalid),
        .b_ready_o  (m_axi_bready)
    );

    bfm_axi_master_rd #(.ID_W(ID_W), .DATA_W(DATA_W), .SLOT_W(SLOT_W)) u_rd (
        .clk_i      (clk_i),
        .rst_ni     (rst_ni),
        .cycle_i    (cycle_q),
        .ar_vec_o   (ar_vec),
        .ar_valid_o (m_axi_arvalid),
        .ar_ready_i (m_axi_arready),
        .r_id_i     (m_axi_rid),
        .r_data_i   (m_axi_rdata),
        .r_resp_i   (m_axi_rresp),
        .r_last_i   (m_axi_rlast),
        .r_valid_i  (m_axi_rvalid),
        .r_ready_o  (m_axi_rready)
    );

    generate
        if (PROBE != 0) begin : g_probe
            bfm_axi_probe #(.ID_W(ID_W), .DATA_W(DATA_W)) u_probe (
                .clk_i      (clk_i),
                .rst_ni     (rst_ni),
                .cycle_i    (cycle_q),
                .aw_vec_i   (aw_vec),
                .aw_valid_i (m_axi_awvalid),
                .aw_ready_i (m_axi_awready),
                .w_data_i   (m_axi_wdata),
                .w_strb_i   (m_axi_wstrb),
                .w_last_i   (m_axi_wlast),
                .w_valid_i  (m_axi_wvalid),
                .w_ready_i  (m_axi_wready),
                .b_id_i     (m_axi_bid),
                .b_resp_i   (m_axi_bresp),
                .b_valid_i  (m_axi_bvalid),
                .b_ready_i  (m_axi_bready),
                .ar_vec_i   (ar_vec),
                .ar_valid_i (m_axi_arvalid),
                .ar_ready_i (m_axi_arready),
                .r_id_i     (m_axi_rid),
                .r_data_i   (m_axi_rdata),
                .r_resp_i   (m_axi_rresp),
                .r_last_i   (m_axi_rlast),
                .r_valid_i  (m_axi_rvalid),
                .r_ready_i  (m_axi_rready)
            );
        end
    endgenerate

endmodule

`default_nettype wire
