// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : tb_bfm_axi
// Purpose: Master transactor wired to memory transactor: the bench of the
//          transactors themselves.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none

module tb_bfm_axi #(
    parameter DATA_W = 128,
    parameter ID_W   = 4,
    parameter PROBE  = 1
) (
    input wire clk_i,
    input wire rst_ni
);

    /* verilator lint_off UNUSEDSIGNAL */
    wire [ID_W-1:0]     axi_awid;
    wire [63:0]         axi_awaddr;
    wire [7:0]          axi_awlen;
    wire [2:0]          axi_awsize;
    wire [1:0]          axi_awburst;
    wire                axi_awlock;
    wire [3:0]          axi_awcache;
    wire [2:0]          axi_awprot;
    wire [3:0]          axi_awqos;
    wire [1:0]          axi_awdomain;
    wire [15:0]         axi_awmmusid;
    wire [19:0]         axi_awmmussid;
    wire                axi_awmmussidv;
    wire [1:0]          axi_awmmusecsid;
    wire [1:0]          axi_awmmuflow;
    wire [5:0]          axi_awatop;
    wire                axi_awvalid;
    wire                axi_awready;
    wire [ID_W-1:0]     axi_arid;
    wire [63:0]         axi_araddr;
    wire [7:0]          axi_arlen;
    wire [2:0]          axi_arsize;
    wire [1:0]          axi_arburst;
    wire                axi_arlock;
    wire [3:0]          axi_arcache;
    wire [2:0]          axi_arprot;
    wire [3:0]          axi_arqos;
    wire [1:0]          axi_ardomain;
    wire [15:0]         axi_armmusid;
    wire [19:0]         axi_armmussid;
    wire                axi_armmussidv;
    wire [1:0]          axi_armmusecsid;
    wire [1:0]          axi_armmuflow;
    wire                axi_arvalid;
    wire                axi_arready;
    wire [DATA_W-1:0]   axi_wdata;
    wire [DATA_W/8-1:0] axi_wstrb;
    wire                axi_wlast;
    wire                axi_wvalid;
    wire                axi_wready;
    wire [ID_W-1:0]     axi_bid;
    wire [1:0]          axi_bresp;
    wire                axi_bvalid;
    wire                axi_bready;
    wire [ID_W-1:0]     axi_rid;
    wire [DATA_W-1:0]   axi_rdata;
    wire [1:0]          axi_rresp;
    wire                axi_rlast;
    wire                axi_rvalid;
    wire                axi_rready;
    /* verilator lint_on UNUSEDSIGNAL */

    bfm_axi_master #(.DATA_W(DATA_W), .ID_W(ID_W), .PROBE(PROBE)) u_mst (
        .clk_i  (clk_i),
        .rst_ni (rst_ni),
        .m_axi_awid      (axi_awid),
        .m_axi_awaddr    (axi_awaddr),
        .m_axi_awlen     (axi_awlen),
        .m_axi_awsize    (axi_awsize),
        .m_axi_awburst   (axi_awburst),
        .m_axi_awlock    (axi_awlock),
        .m_axi_awcache   (axi_awcache),
        .m_axi_awprot    (axi_awprot),
        .m_axi_awqos     (axi_awqos),
        .m_axi_awdomain  (axi_awdomain),
        .m_axi_awmmusid  (axi_awmmusid),
        .m_axi_awmmussid (axi_awmmussid),
        .m_axi_awmmussidv (axi_awmmussidv),
        .m_axi_awmmusecsid (axi_awmmusecsid),
        .m_axi_awmmuflow (axi_awmmuflow),
        .m_axi_awatop    (axi_awatop),
        .m_axi_awvalid   (axi_awvalid),
        .m_axi_awready   (axi_awready),
        .m_axi_arid      (axi_arid),
        .m_axi_araddr    (axi_araddr),
        .m_axi_arlen     (axi_arlen),
        .m_axi_arsize    (axi_arsize),
        .m_axi_arburst   (axi_arburst),
        .m_axi_arlock    (axi_arlock),
        .m_axi_arcache   (axi_arcache),
        .m_axi_arprot    (axi_arprot),
        .m_axi_arqos     (axi_arqos),
        .m_axi_ardomain  (axi_ardomain),
        .m_axi_armmusid  (axi_armmusid),
        .m_axi_armmussid (axi_armmussid),
        .m_axi_armmussidv (axi_armmussidv),
        .m_axi_armmusecsid (axi_armmusecsid),
        .m_axi_armmuflow (axi_armmuflow),
        .m_axi_arvalid   (axi_arvalid),
        .m_axi_arready   (axi_arready),
        .m_axi_wdata     (axi_wdata),
        .m_axi_wstrb     (axi_wstrb),
        .m_axi_wlast     (axi_wlast),
        .m_axi_wvalid    (axi_wvalid),
        .m_axi_wready    (axi_wready),
        .m_axi_bid       (axi_bid),
        .m_axi_bresp     (axi_bresp),
        .m_axi_bvalid    (axi_bvalid),
        .m_axi_bready    (axi_bready),
        .m_axi_rid       (axi_rid),
        .m_axi_rdata     (axi_rdata),
        .m_axi_rresp     (axi_rresp),
        .m_axi_rlast     (axi_rlast),
        .m_axi_rvalid    (axi_rvalid),
        .m_axi_rready    (axi_rready)
    );

    wire [63:0]  ram_rd_addr, ram_wr_addr;
    wire [127:0] ram_rd_data, ram_wr_data;
    wire [15:0]  ram_wr_strb;
    wire         ram_rd_ok, ram_wr_en, ram_wr_ok;

    bfm_axi_mem #(.DATA_W(DATA_W), .ADDR_W(64), .ID_W(ID_W), .SID_W(16), .PROBE(0)) u_mem (
        .clk_i         (clk_i),
        .rst_ni        (rst_ni),
        .s_axi_awid    (axi_awid),
        .s_axi_awaddr  (axi_awaddr),
        .s_axi_awlen   (axi_awlen),
        .s_axi_awsize  (axi_awsize),
        .s_axi_awburst (axi_awburst),
        .s_axi_awlock  (axi_awlock),
        .s_axi_awcache (axi_awcache),
        .s_axi_awprot  (axi_awprot),
        .s_axi_awqos   (axi_awqos),
        .s_axi_awdomain(axi_awdomain),
        .s_axi_awvalid (axi_awvalid),
        .s_axi_awready (axi_awready),
        .s_axi_arid    (axi_arid),
        .s_axi_araddr  (axi_araddr),
        .s_axi_arlen   (axi_arlen),
        .s_axi_arsize  (axi_arsize),
        .s_axi_arburst (axi_arburst),
        .s_axi_arlock  (axi_arlock),
        .s_axi_arcache (axi_arcache),
        .s_axi_arprot  (axi_arprot),
        .s_axi_arqos   (axi_arqos),
        .s_axi_ardomain(axi_ardomain),
        .s_axi_arvalid (axi_arvalid),
        .s_axi_arready (axi_arready),
        .s_axi_wdata   (axi_wdata),
        .s_axi_wstrb   (axi_wstrb),
        .s_axi_wlast   (axi_wlast),
        .s_axi_wvalid  (axi_wvalid),
        .s_axi_wready  (axi_wready),
        .s_axi_bid     (axi_bid),
        .s_axi_bresp   (axi_bresp),
        .s_axi_bvalid  (axi_bvalid),
        .s_axi_bready  (axi_bready),
        .s_axi_rid     (axi_rid),
        .s_axi_rdata   (axi_rdata),
        .s_axi_rresp   (axi_rresp),
        .s_axi_rlast   (axi_rlast),
        .s_axi_rvalid  (axi_rvalid),
        .s_axi_rready  (axi_rready),
        .s_axi_awsid   (axi_awmmusid),
        .s_axi_arsid   (axi_armmusid),
        .s_axi_arsnoop ((axi_arqos == 4'hf) ? 4'he : 4'h0),   // QoS 15 plays a DVM Complete
        .ram_rd_addr_o (ram_rd_addr),
        .ram_rd_data_i (ram_rd_data),
        .ram_rd_ok_i   (ram_rd_ok),
        .ram_wr_en_o   (ram_wr_en),
        .ram_wr_addr_o (ram_wr_addr),
        .ram_wr_data_o (ram_wr_data),
        .ram_wr_strb_o (ram_wr_strb),
        .ram_wr_ok_i   (ram_wr_ok)
    );

    bfm_ram #(.PORT_N(1), .RAM_W(128), .WORDS(4096)) u_ram (
        .clk_i     (clk_i),
        .rd_addr_i (ram_rd_addr),
        .rd_data_o (ram_rd_data),
        .rd_ok_o   (ram_rd_ok),
        .wr_en_i   (ram_wr_en),
        .wr_addr_i (ram_wr_addr),
        .wr_data_i (ram_wr_data),
        .wr_strb_i (ram_wr_strb),
        .wr_ok_o   (ram_wr_ok)
    );

endmodule

`default_nettype wire
