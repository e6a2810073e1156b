// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_axi_mem
// Purpose: AXI4 memory transactor: the far side of m_axi and ptw_axi. Contents
//          are one Python object (tb/models/memory.py) asked once per burst, or
//          a bfm_ram for benches that must not enter Python (cfg_ram = 1).
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Pins   : s_axi_*, named as the master pins that drive them
// Out    : ram_*   to one port of bfm_ram; tie the inputs to zero without one
// Python : u_rd.*, u_wr.*, g_probe.u_probe.*   (tb/bfm/axi_mem.py)
// Limits : DATA_W <= RAM_W. Atomics are not served.
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_axi_mem #(
    parameter DATA_W = 128,
    parameter ADDR_W = 48,
    parameter ID_W   = 8,
    parameter SID_W  = 32,
    parameter SLOT_W = 6,      // log2 of bursts open per direction
    parameter RAM_W  = 128,    // data width of the shared bfm_ram
    parameter PROBE  = 1       // 1: monitor and protocol checker inside
) (
    input  wire                 clk_i,
    input  wire                 rst_ni,

    input wire  [ID_W-1:0]      s_axi_awid,
    input wire  [ADDR_W-1:0]    s_axi_awaddr,
    input wire  [7:0]           s_axi_awlen,
    input wire  [2:0]           s_axi_awsize,
    input wire  [1:0]           s_axi_awburst,
    input wire                  s_axi_awlock,
    input wire  [3:0]           s_axi_awcache,
    input wire  [2:0]           s_axi_awprot,
    input wire  [3:0]           s_axi_awqos,
    input wire  [1:0]           s_axi_awdomain,
    input wire  [SID_W-1:0]     s_axi_awsid,
    input wire                  s_axi_awvalid,
    output wire                 s_axi_awready,

    input wire  [DATA_W-1:0]    s_axi_wdata /* verilator public_flat_rd */,
    input wire  [DATA_W/8-1:0]  s_axi_wstrb,
    input wire                  s_axi_wlast,
    input wire                  s_axi_wvalid,
    output wire                 s_axi_wready,
    output wire [ID_W-1:0]      s_axi_bid,
    output wire [1:0]           s_axi_bresp,
    output wire                 s_axi_bvalid,
    input wire                  s_axi_bready,

    input wire  [ID_W-1:0]      s_axi_arid,
    input wire  [ADDR_W-1:0]    s_axi_araddr,
    input wire  [7:0]           s_axi_arlen,
    input wire  [2:0]           s_axi_arsize,
    input wire  [1:0]           s_axi_arburst,
    input wire                  s_axi_arlock,
    input wire  [3:0]           s_axi_arcache,
    input wire  [2:0]           s_axi_arprot,
    input wire  [3:0]           s_axi_arqos,
    input wire  [1:0]           s_axi_ardomain,
    input wire  [SID_W-1:0]     s_axi_arsid,
    input wire  [3:0]           s_axi_arsnoop,
    input wire                  s_axi_arvalid,
    output wire                 s_axi_arready,

    output wire [ID_W-1:0]      s_axi_rid,
    output wire [DATA_W-1:0]    s_axi_rdata,
    output wire [1:0]           s_axi_rresp,
    output wire                 s_axi_rlast,
    output wire                 s_axi_rvalid,
    input wire                  s_axi_rready,

    output wire [63:0]          ram_rd_addr_o,
    input  wire [RAM_W-1:0]     ram_rd_data_i,
    input  wire                 ram_rd_ok_i,
    output wire                 ram_wr_en_o,
    output wire [63:0]          ram_wr_addr_o,
    output wire [RAM_W-1:0]     ram_wr_data_o,
    output wire [RAM_W/8-1:0]   ram_wr_strb_o,
    input  wire                 ram_wr_ok_i
);

    reg [`BFM_CYC_W-1:0] cycle_q /* verilator public_flat_rd */;
    initial cycle_q = {`BFM_CYC_W{1'b0}};
    always @(posedge clk_i) cycle_q <= cycle_q + 1'b1;

    reg [`BFM_AX_W-1:0] aw_vec, ar_vec;

    always @(*) begin
        aw_vec = {`BFM_AX_W{1'b0}};
        aw_vec[91 +: ID_W]             = s_axi_awid;
        aw_vec[0 +: ADDR_W]            = s_axi_awaddr;
        aw_vec[`BFM_AX_LEN]            = s_axi_awlen;
        aw_vec[`BFM_AX_SIZE]           = s_axi_awsize;
        aw_vec[`BFM_AX_BURST]          = s_axi_awburst;
        aw_vec[`BFM_AX_LOCK]           = s_axi_awlock;
        aw_vec[`BFM_AX_CACHE]          = s_axi_awcache;
        aw_vec[`BFM_AX_PROT]           = s_axi_awprot;
        aw_vec[`BFM_AX_QOS]            = s_axi_awqos;
        aw_vec[`BFM_AX_DOMAIN]         = s_axi_awdomain;
        aw_vec[107 +: SID_W]           = s_axi_awsid;
    end

    always @(*) begin
        ar_vec = {`BFM_AX_W{1'b0}};
        ar_vec[91 +: ID_W]             = s_axi_arid;
        ar_vec[0 +: ADDR_W]            = s_axi_araddr;
        ar_vec[`BFM_AX_LEN]            = s_axi_arlen;
        ar_vec[`BFM_AX_SIZE]           = s_axi_arsize;
        ar_vec[`BFM_AX_BURST]          = s_axi_arburst;
        ar_vec[`BFM_AX_LOCK]           = s_axi_arlock;
        ar_vec[`BFM_AX_CACHE]          = s_axi_arcache;
        ar_vec[`BFM_AX_PROT]           = s_axi_arprot;
        ar_vec[`BFM_AX_QOS]            = s_axi_arqos;
        ar_vec[`BFM_AX_DOMAIN]         = s_axi_ardomain;
        ar_vec[107 +: SID_W]           = s_axi_arsid;
        ar_vec[`BFM_AX_SNOOP]          = s_axi_arsnoop;
    end

    bfm_axi_mem_rd #(.ID_W(ID_W), .DATA_W(DATA_W), .SLOT_W(SLOT_W), .RAM_W(RAM_W)) u_rd (
        .clk_i         (clk_i),
        .rst_ni        (rst_ni),
        .cycle_i       (cycle_q),
        .ar_vec_i      (ar_vec),
        .ar_valid_i    (s_axi_arvalid),
        .ar_ready_o    (s_axi_arready),
        .r_id_o        (s_axi_rid),
        .r_data_o      (s_axi_rdata),
        .r_resp_o      (s_axi_rresp),
        .r_last_o      (s_axi_rlast),
        .r_valid_o     (s_axi_rvalid),
        .r_ready_i     (s_axi_rready),
        .ram_rd_addr_o (ram_rd_addr_o),
        .ram_rd_data_i (ram_rd_data_i),
        .ram_rd_ok_i   (ram_rd_ok_i)
    );

    bfm_axi_mem_wr #(.ID_W(ID_W), .DATA_W(DATA_W), .SLOT_W(SLOT_W), .RAM_W(RAM_W)) u_wr (
        .clk_i         (clk_i),
        .rst_ni        (rst_ni),
        .cycle_i       (cycle_q),
        .aw_vec_i      (aw_vec),
        .aw_valid_i    (s_axi_awvalid),
        .aw_ready_o    (s_axi_awready),
        .w_data_i      (s_axi_wdata),
        .w_strb_i      (s_axi_wstrb),
        .w_last_i      (s_axi_wlast),
        .w_valid_i     (s_axi_wvalid),
        .w_ready_o     (s_axi_wready),
        .b_id_o        (s_axi_bid),
        .b_resp_o      (s_axi_bresp),
        .b_valid_o     (s_axi_bvalid),
        .b_ready_i     (s_axi_bready),
        .ram_wr_en_o   (ram_wr_en_o),
        .ram_wr_addr_o (ram_wr_addr_o),
        .ram_wr_data_o (ram_wr_data_o),
        .ram_wr_strb_o (ram_wr_strb_o),
        .ram_wr_ok_i   (ram_wr_ok_i)
    );

    generate
        if (PROBE != 0) begin : g_probe
            bfm_axi_probe #(.ID_W(ID_W), .DATA_W(DATA_W)) u_probe (
                .clk_i      (clk_i),
                .rst_ni     (rst_ni),
                .cycle_i    (cycle_q),
                .aw_vec_i   (aw_vec),
                .aw_valid_i (s_axi_awvalid),
                .aw_ready_i (s_axi_awready),
                .w_data_i   (s_axi_wdata),
                .w_strb_i   (s_axi_wstrb),
                .w_last_i   (s_axi_wlast),
                .w_valid_i  (s_axi_wvalid),
                .w_ready_i  (s_axi_wready),
                .b_id_i     (s_axi_bid),
                .b_resp_i   (s_axi_bresp),
                .b_valid_i  (s_axi_bvalid),
                .b_ready_i  (s_axi_bready),
                .ar_vec_i   (ar_vec),
                .ar_valid_i (s_axi_arvalid),
                .ar_ready_i (s_axi_arready),
                .r_id_i     (s_axi_rid),
                .r_data_i   (s_axi_rdata),
                .r_resp_i   (s_axi_rresp),
                .r_last_i   (s_axi_rlast),
                .r_valid_i  (s_axi_rvalid),
                .r_ready_i  (s_axi_rready)
            );
        end
    endgenerate

endmodule

`default_nettype wire
