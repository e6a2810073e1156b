// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_axi_tap
// Purpose: Monitor and protocol checker on a bus that has no transactor of ours
//          at either end (the accelerator's port, a brought-in SMMU).
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Pins   : axi_* all inputs; tie sidebands that do not exist to zero
// Python : u_probe.*   (tb/bfm/axi_monitor.py, checker.py)
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_axi_tap #(
    parameter DATA_W = 128,
    parameter ADDR_W = 48,
    parameter ID_W   = 8,
    parameter SID_W  = 16,
    parameter SSID_W = 20 
) (
    input  wire                 clk_i,
    input  wire                 rst_ni,

    input wire  [ID_W-1:0]      axi_awid,
    input wire  [ADDR_W-1:0]    axi_awaddr,
    input wire  [7:0]           axi_awlen,
    input wire  [2:0]           axi_awsize,
    input wire  [1:0]           axi_awburst,
    input wire                  axi_awlock,
    input wire  [3:0]           axi_awcache,
    input wire  [2:0]           axi_awprot,
    input wire  [3:0]           axi_awqos,
    input wire  [1:0]           axi_awdomain,
    input wire  [SID_W-1:0]     axi_awmmusid,
    input wire  [SSID_W-1:0]    axi_awmmussid,
    input wire                  axi_awmmussidv,
    input wire [1:0]           axi_awmmusecsid,
    input wire  [1:0]           axi_awmmuflow,
    input wire  [5:0]           axi_awatop,
    input wire                  axi_awvalid,
    input wire                  axi_awready,

    input wire  [DATA_W-1:0]    axi_wdata,
    input wire  [DATA_W/8-1:0]  axi_wstrb,
    input wire                  axi_wlast,
    input wire                  axi_wvalid,
    input wire                  axi_wready,
    input wire  [ID_W-1:0]      axi_bid,
    input wire  [1:0]           axi_bresp,
    input wire                  axi_bvalid,
    input wire                  axi_bready,

    input wire  [ID_W-1:0]      axi_arid,
    input wire  [ADDR_W-1:0]    axi_araddr,
    input wire  [7:0]           axi_arlen,
    input wire  [2:0]           axi_arsize,
    input wire  [1:0]           axi_arburst,
    input wire                  axi_arlock,
    input wire  [3:0]           axi_arcache,
    input wire  [2:0]           axi_arprot,
    input wire  [3:0]           axi_arqos,
    input wire  [1:0]           axi_ardomain,
    input wire  [SID_W-1:0]     axi_armmusid,
    input wire  [SSID_W-1:0]    axi_armmussid,
    input wire                  axi_armmussidv,
    input wire [1:0]           axi_armmusecsid,
    input wire  [1:0]           axi_armmuflow,
    input wire  [3:0]           axi_arsnoop,
    input wire                  axi_arvalid,
    input wire                  axi_arready,

    input wire  [ID_W-1:0]      axi_rid,
    input wire  [DATA_W-1:0]    axi_rdata,
    input wire  [1:0]           axi_rresp,
    input wire                  axi_rlast,
    input wire                  axi_rvalid,
    input wire                  axi_rready
);

    reg [`BFM_CYC_W-1:0] cycle_q /* verilator public_flat_rd */;
    initial cycle_q = {`BFM_CYC_W{1'b0}};
    always @(posedge clk_i) cycle_q <= cycle_q + 1'b1;

    reg [`BFM_AX_W-1:0] aw_vec, ar_vec;

    always @(*) begin
        aw_vec = {`BFM_AX_W{1'b0}};
        aw_vec[91 +: ID_W]             = axi_awid;
        aw_vec[0 +: ADDR_W]            = axi_awaddr;
        aw_vec[`BFM_AX_LEN]            = axi_awlen;
        aw_vec[`BFM_AX_SIZE]           = axi_awsize;
        aw_vec[`BFM_AX_BURST]          = axi_awburst;
        aw_vec[`BFM_AX_LOCK]           = axi_awlock;
        aw_vec[`BFM_AX_CACHE]          = axi_awcache;
        aw_vec[`BFM_AX_PROT]           = axi_awprot;
        aw_vec[`BFM_AX_QOS]            = axi_awqos;
        aw_vec[`BFM_AX_DOMAIN]         = axi_awdomain;
        aw_vec[107 +: SID_W]           = axi_awmmusid;
        aw_vec[139 +: SSID_W]          = axi_awmmussid;
        aw_vec[`BFM_AX_SSIDV]          = axi_awmmussidv;
        aw_vec[`BFM_AX_SECSID]         = axi_awmmusecsid;
        aw_vec[`BFM_AX_FLOW]           = axi_awmmuflow;
        aw_vec[`BFM_AX_ATOP]           = axi_awatop;
    end

    always @(*) begin
        ar_vec = {`BFM_AX_W{1'b0}};
        ar_vec[91 +: ID_W]             = axi_arid;
        ar_vec[0 +: ADDR_W]            = axi_araddr;
        ar_vec[`BFM_AX_LEN]            = axi_arlen;
        ar_vec[`BFM_AX_SIZE]           = axi_arsize;
        ar_vec[`BFM_AX_BURST]          = axi_arburst;
        ar_vec[`BFM_AX_LOCK]           = axi_arlock;
        ar_vec[`BFM_AX_CACHE]          = axi_arcache;
        ar_vec[`BFM_AX_PROT]           = axi_arprot;
        ar_vec[`BFM_AX_QOS]            = axi_arqos;
        ar_vec[`BFM_AX_DOMAIN]         = axi_ardomain;
        ar_vec[107 +: SID_W]           = axi_armmusid;
        ar_vec[139 +: SSID_W]          = axi_armmussid;
        ar_vec[`BFM_AX_SSIDV]          = axi_armmussidv;
        ar_vec[`BFM_AX_SECSID]         = axi_armmusecsid;
        ar_vec[`BFM_AX_FLOW]           = axi_armmuflow;
        ar_vec[`BFM_AX_SNOOP]          = axi_arsnoop;
    end

    bfm_axi_probe #(.ID_W(ID_W), .DATA_W(DATA_W)) u_probe (
        .clk_i      (clk_i),
        .rst_ni     (rst_ni),
        .cycle_i    (cycle_q),
        .aw_vec_i   (aw_vec),
        .aw_valid_i (axi_awvalid),
        .aw_ready_i (axi_awready),
        .w_data_i   (axi_wdata),
        .w_strb_i   (axi_wstrb),
        .w_last_i   (axi_wlast),
        .w_valid_i  (axi_wvalid),
        .w_ready_i  (axi_wready),
        .b_id_i     (axi_bid),
        .b_resp_i   (axi_bresp),
        .b_valid_i  (axi_bvalid),
        .b_ready_i  (axi_bready),
        .ar_vec_i   (ar_vec),
        .ar_valid_i (axi_arvalid),
        .ar_ready_i (axi_arready),
        .r_id_i     (axi_rid),
        .r_data_i   (axi_rdata),
        .r_resp_i   (axi_rresp),
        .r_last_i   (axi_rlast),
        .r_valid_i  (axi_rvalid),
        .r_ready_i  (axi_rready)
    );

endmodule

`default_nettype wire
