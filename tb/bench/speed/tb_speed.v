// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : tb_speed
// Purpose: The SMMU of the default configuration with one device: what it costs
//          to drive it from Python. OURS = 1: our transactor; OURS = 0: a model
//          of another author on the pins of TBU 0. All else is the same.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : tbu0_s_axi_*  the device of OURS = 0;  s_axil_*  register accesses
// Python : tb/bench/speed (u_mem, u_ptw_mem, g_ours.u_mst)
// Limits : TBU 1, DVM and interrupts are not used
// Tests  : make bench ONLY=host_overhead
//-----------------------------------------------------------------------------
`default_nettype none

module tb_speed #(
    parameter OURS      = 0,
    parameter RAM_WORDS = 1 << 18   // 128-bit words of bfm_ram, from 0x40000000
) (
    input  wire          clk_i,
    input  wire          rst_ni,
    input  wire          s_axil_awvalid,
    output wire          s_axil_awready,
    input  wire [16:0]   s_axil_awaddr,
    input  wire [2:0]    s_axil_awprot,
    input  wire          s_axil_wvalid,
    output wire          s_axil_wready,
    input  wire [31:0]   s_axil_wdata,
    input  wire [3:0]    s_axil_wstrb,
    output wire          s_axil_bvalid,
    input  wire          s_axil_bready,
    output wire [1:0]    s_axil_bresp,
    input  wire          s_axil_arvalid,
    output wire          s_axil_arready,
    input  wire [16:0]   s_axil_araddr,
    input  wire [2:0]    s_axil_arprot,
    output wire          s_axil_rvalid,
    input  wire          s_axil_rready,
    output wire [31:0]   s_axil_rdata,
    output wire [1:0]    s_axil_rresp,
    /* verilator lint_off UNUSEDSIGNAL */   // with OURS = 1
    input  wire          tbu0_s_axi_awvalid,
    output wire          tbu0_s_axi_awready,
    input  wire [7:0]    tbu0_s_axi_awid,
    input  wire [63:0]   tbu0_s_axi_awaddr,
    input  wire [7:0]    tbu0_s_axi_awlen,
    input  wire [2:0]    tbu0_s_axi_awsize,
    input  wire [1:0]    tbu0_s_axi_awburst,
    input  wire          tbu0_s_axi_awlock,
    input  wire [3:0]    tbu0_s_axi_awcache,
    input  wire [2:0]    tbu0_s_axi_awprot,
    input  wire [3:0]    tbu0_s_axi_awqos,
    input  wire [1:0]    tbu0_s_axi_awdomain,
    input  wire [15:0]   tbu0_s_axi_awmmusid,
    input  wire          tbu0_s_axi_awmmussidv,
    input  wire [19:0]   tbu0_s_axi_awmmussid,
    input  wire [1:0]    tbu0_s_axi_awmmusecsid,
    input  wire [1:0]    tbu0_s_axi_awmmuflow,
    input  wire [5:0]    tbu0_s_axi_awatop,
    input  wire          tbu0_s_axi_wvalid,
    output wire          tbu0_s_axi_wready,
    input  wire [127:0]  tbu0_s_axi_wdata,
    input  wire [15:0]   tbu0_s_axi_wstrb,
    input  wire          tbu0_s_axi_wlast,
    output wire          tbu0_s_axi_bvalid,
    input  wire          tbu0_s_axi_bready,
    output wire [7:0]    tbu0_s_axi_bid,
    output wire [1:0]    tbu0_s_axi_bresp,
    input  wire          tbu0_s_axi_arvalid,
    output wire          tbu0_s_axi_arready,
    input  wire [7:0]    tbu0_s_axi_arid,
    input  wire [63:0]   tbu0_s_axi_araddr,
    input  wire [7:0]    tbu0_s_axi_arlen,
    input  wire [2:0]    tbu0_s_axi_arsize,
    input  wire [1:0]    tbu0_s_axi_arburst,
    input  wire          tbu0_s_axi_arlock,
    input  wire [3:0]    tbu0_s_axi_arcache,
    input  wire [2:0]    tbu0_s_axi_arprot,
    input  wire [3:0]    tbu0_s_axi_arqos,
    input  wire [1:0]    tbu0_s_axi_ardomain,
    input  wire [15:0]   tbu0_s_axi_armmusid,
    input  wire          tbu0_s_axi_armmussidv,
    input  wire [19:0]   tbu0_s_axi_armmussid,
    input  wire [1:0]    tbu0_s_axi_armmusecsid,
    input  wire [1:0]    tbu0_s_axi_armmuflow,
    output wire          tbu0_s_axi_rvalid,
    input  wire          tbu0_s_axi_rready,
    output wire [7:0]    tbu0_s_axi_rid,
    output wire [127:0]  tbu0_s_axi_rdata,
    output wire [1:0]    tbu0_s_axi_rresp,
    output wire          tbu0_s_axi_rlast
    /* verilator lint_on UNUSEDSIGNAL */
);
    wire [2*64-1:0]  ram_rd_addr, ram_wr_addr;
    wire [2*128-1:0] ram_rd_data, ram_wr_data;
    wire [2*16-1:0]  ram_wr_strb;
    wire [1:0]       ram_rd_ok, ram_wr_ok, ram_wr_en;

    wire
        ptw_axi_awvalid, ptw_axi_awready, ptw_axi_awlock, ptw_axi_wvalid, ptw_axi_wready,
        ptw_axi_wlast, ptw_axi_bvalid, ptw_axi_bready, ptw_axi_arvalid, ptw_axi_arready,
        ptw_axi_arlock, ptw_axi_rvalid, ptw_axi_rready, ptw_axi_rlast, tbu0_m_axi_awvalid,
        tbu0_m_axi_awready, tbu0_m_axi_awlock, tbu0_m_axi_wvalid, tbu0_m_axi_wready,
        tbu0_m_axi_wlast, tbu0_m_axi_bvalid, tbu0_m_axi_bready, tbu0_m_axi_arvalid,
        tbu0_m_axi_arready, tbu0_m_axi_arlock, tbu0_m_axi_rvalid, tbu0_m_axi_rready,
        tbu0_m_axi_rlast, d_awvalid, d_awready, d_awlock, d_awmmussidv, d_wvalid, d_wready,
        d_wlast, d_bvalid, d_bready, d_arvalid, d_arready, d_arlock, d_armmussidv, d_rvalid,
        d_rready, d_rlast;
    wire [7:0]
        ptw_axi_awid, ptw_axi_awlen, ptw_axi_bid, ptw_axi_arid, ptw_axi_arlen, ptw_axi_rid,
        tbu0_m_axi_awid, tbu0_m_axi_awlen, tbu0_m_axi_bid, tbu0_m_axi_arid, tbu0_m_axi_arlen,
        tbu0_m_axi_rid, d_awid, d_awlen, d_bid, d_arid, d_arlen, d_rid;
    wire [47:0]
        ptw_axi_awaddr, ptw_axi_araddr, tbu0_m_axi_awaddr, tbu0_m_axi_araddr;
    wire [2:0]
        ptw_axi_awsize, ptw_axi_awprot, ptw_axi_arsize, ptw_axi_arprot, tbu0_m_axi_awsize,
        tbu0_m_axi_awprot, tbu0_m_axi_arsize, tbu0_m_axi_arprot, d_awsize, d_awprot, d_arsize,
        d_arprot;
    wire [1:0]
        ptw_axi_awburst, ptw_axi_awdomain, ptw_axi_bresp, ptw_axi_arburst, ptw_axi_ardomain,
        ptw_axi_rresp, tbu0_m_axi_awburst, tbu0_m_axi_awdomain, tbu0_m_axi_bresp,
        tbu0_m_axi_arburst, tbu0_m_axi_ardomain, tbu0_m_axi_rresp, d_awburst, d_awdomain,
        d_awmmusecsid, d_awmmuflow, d_bresp, d_arburst, d_ardomain, d_armmusecsid, d_armmuflow,
        d_rresp;
    wire [3:0]
        ptw_axi_awcache, ptw_axi_awqos, ptw_axi_arcache, ptw_axi_arqos, ptw_axi_arsnoop,
        tbu0_m_axi_awcache, tbu0_m_axi_awqos, tbu0_m_axi_arcache, tbu0_m_axi_arqos, d_awcache,
        d_awqos, d_arcache, d_arqos;
    wire [31:0]
        ptw_axi_awsid;
    wire [127:0]
        ptw_axi_wdata, ptw_axi_rdata, tbu0_m_axi_wdata, tbu0_m_axi_rdata, d_wdata, d_rdata;
    wire [15:0]
        ptw_axi_wstrb, tbu0_m_axi_awsid, tbu0_m_axi_wstrb, tbu0_m_axi_arsid, d_awmmusid, d_wstrb,
        d_armmusid;
    wire [63:0]
        d_awaddr, d_araddr;
    wire [19:0]
        d_awmmussid, d_armmussid;
    wire [5:0]
        d_awatop;

    /* verilator lint_off PINCONNECTEMPTY */
    smmu_wrap_default u_smmu (
        .clk_i (clk_i), .rst_ni (rst_ni), .ptw_axi_awvalid (ptw_axi_awvalid),
        .ptw_axi_awready (ptw_axi_awready), .ptw_axi_awid (ptw_axi_awid),
        .ptw_axi_awaddr (ptw_axi_awaddr), .ptw_axi_awlen (ptw_axi_awlen),
        .ptw_axi_awsize (ptw_axi_awsize), .ptw_axi_awburst (ptw_axi_awburst),
        .ptw_axi_awlock (ptw_axi_awlock), .ptw_axi_awcache (ptw_axi_awcache),
        .ptw_axi_awprot (ptw_axi_awprot), .ptw_axi_awqos (ptw_axi_awqos),
        .ptw_axi_awdomain (ptw_axi_awdomain), .ptw_axi_awsid (ptw_axi_awsid),
        .ptw_axi_wvalid (ptw_axi_wvalid), .ptw_axi_wready (ptw_axi_wready),
        .ptw_axi_wdata (ptw_axi_wdata), .ptw_axi_wstrb (ptw_axi_wstrb),
        .ptw_axi_wlast (ptw_axi_wlast), .ptw_axi_bvalid (ptw_axi_bvalid),
        .ptw_axi_bready (ptw_axi_bready), .ptw_axi_bid (ptw_axi_bid),
        .ptw_axi_bresp (ptw_axi_bresp), .ptw_axi_arvalid (ptw_axi_arvalid),
        .ptw_axi_arready (ptw_axi_arready), .ptw_axi_arid (ptw_axi_arid),
        .ptw_axi_araddr (ptw_axi_araddr), .ptw_axi_arlen (ptw_axi_arlen),
        .ptw_axi_arsize (ptw_axi_arsize), .ptw_axi_arburst (ptw_axi_arburst),
        .ptw_axi_arlock (ptw_axi_arlock), .ptw_axi_arcache (ptw_axi_arcache),
        .ptw_axi_arprot (ptw_axi_arprot), .ptw_axi_arqos (ptw_axi_arqos),
        .ptw_axi_ardomain (ptw_axi_ardomain), .ptw_axi_arsnoop (ptw_axi_arsnoop),
        .ptw_axi_rvalid (ptw_axi_rvalid), .ptw_axi_rready (ptw_axi_rready),
        .ptw_axi_rid (ptw_axi_rid), .ptw_axi_rdata (ptw_axi_rdata),
        .ptw_axi_rresp (ptw_axi_rresp), .ptw_axi_rlast (ptw_axi_rlast),
        .s_axil_awvalid (s_axil_awvalid), .s_axil_awready (s_axil_awready),
        .s_axil_awaddr (s_axil_awaddr), .s_axil_awprot (s_axil_awprot),
        .s_axil_wvalid (s_axil_wvalid), .s_axil_wready (s_axil_wready),
        .s_axil_wdata (s_axil_wdata), .s_axil_wstrb (s_axil_wstrb),
        .s_axil_bvalid (s_axil_bvalid), .s_axil_bready (s_axil_bready),
        .s_axil_bresp (s_axil_bresp), .s_axil_arvalid (s_axil_arvalid),
        .s_axil_arready (s_axil_arready), .s_axil_araddr (s_axil_araddr),
        .s_axil_arprot (s_axil_arprot), .s_axil_rvalid (s_axil_rvalid),
        .s_axil_rready (s_axil_rready), .s_axil_rdata (s_axil_rdata),
        .s_axil_rresp (s_axil_rresp), .dvm_acvalid (1'd0), .dvm_acready (), .dvm_acaddr (48'd0),
        .dvm_acvmidext (4'd0), .dvm_acsnoop (4'd0), .dvm_acprot (3'd0), .dvm_crvalid (),
        .dvm_crready (1'b1), .dvm_crresp (), .dvm_syscoreq (), .dvm_syscoack (1'd0), .irq_evtq (),
        .irq_priq (), .irq_cmd_sync (), .irq_gerr (), .pmu_tcu_event (),
        .tbu0_s_axi_awvalid (d_awvalid), .tbu0_s_axi_awready (d_awready),
        .tbu0_s_axi_awid (d_awid), .tbu0_s_axi_awaddr (d_awaddr), .tbu0_s_axi_awlen (d_awlen),
        .tbu0_s_axi_awsize (d_awsize), .tbu0_s_axi_awburst (d_awburst),
        .tbu0_s_axi_awlock (d_awlock), .tbu0_s_axi_awcache (d_awcache),
        .tbu0_s_axi_awprot (d_awprot), .tbu0_s_axi_awqos (d_awqos),
        .tbu0_s_axi_awdomain (d_awdomain), .tbu0_s_axi_awmmusid (d_awmmusid),
        .tbu0_s_axi_awmmussidv (d_awmmussidv), .tbu0_s_axi_awmmussid (d_awmmussid),
        .tbu0_s_axi_awmmusecsid (d_awmmusecsid), .tbu0_s_axi_awmmuflow (d_awmmuflow),
        .tbu0_s_axi_awatop (d_awatop), .tbu0_s_axi_wvalid (d_wvalid),
        .tbu0_s_axi_wready (d_wready), .tbu0_s_axi_wdata (d_wdata), .tbu0_s_axi_wstrb (d_wstrb),
        .tbu0_s_axi_wlast (d_wlast), .tbu0_s_axi_bvalid (d_bvalid), .tbu0_s_axi_bready (d_bready),
        .tbu0_s_axi_bid (d_bid), .tbu0_s_axi_bresp (d_bresp), .tbu0_s_axi_arvalid (d_arvalid),
        .tbu0_s_axi_arready (d_arready), .tbu0_s_axi_arid (d_arid), .tbu0_s_axi_araddr (d_araddr),
        .tbu0_s_axi_arlen (d_arlen), .tbu0_s_axi_arsize (d_arsize),
        .tbu0_s_axi_arburst (d_arburst), .tbu0_s_axi_arlock (d_arlock),
        .tbu0_s_axi_arcache (d_arcache), .tbu0_s_axi_arprot (d_arprot),
        .tbu0_s_axi_arqos (d_arqos), .tbu0_s_axi_ardomain (d_ardomain),
        .tbu0_s_axi_armmusid (d_armmusid), .tbu0_s_axi_armmussidv (d_armmussidv),
        .tbu0_s_axi_armmussid (d_armmussid), .tbu0_s_axi_armmusecsid (d_armmusecsid),
        .tbu0_s_axi_armmuflow (d_armmuflow), .tbu0_s_axi_rvalid (d_rvalid),
        .tbu0_s_axi_rready (d_rready), .tbu0_s_axi_rid (d_rid), .tbu0_s_axi_rdata (d_rdata),
        .tbu0_s_axi_rresp (d_rresp), .tbu0_s_axi_rlast (d_rlast),
        .tbu0_m_axi_awvalid (tbu0_m_axi_awvalid), .tbu0_m_axi_awready (tbu0_m_axi_awready),
        .tbu0_m_axi_awid (tbu0_m_axi_awid), .tbu0_m_axi_awaddr (tbu0_m_axi_awaddr),
        .tbu0_m_axi_awlen (tbu0_m_axi_awlen), .tbu0_m_axi_awsize (tbu0_m_axi_awsize),
        .tbu0_m_axi_awburst (tbu0_m_axi_awburst), .tbu0_m_axi_awlock (tbu0_m_axi_awlock),
        .tbu0_m_axi_awcache (tbu0_m_axi_awcache), .tbu0_m_axi_awprot (tbu0_m_axi_awprot),
        .tbu0_m_axi_awqos (tbu0_m_axi_awqos), .tbu0_m_axi_awdomain (tbu0_m_axi_awdomain),
        .tbu0_m_axi_awsid (tbu0_m_axi_awsid), .tbu0_m_axi_awatop (),
        .tbu0_m_axi_wvalid (tbu0_m_axi_wvalid), .tbu0_m_axi_wready (tbu0_m_axi_wready),
        .tbu0_m_axi_wdata (tbu0_m_axi_wdata), .tbu0_m_axi_wstrb (tbu0_m_axi_wstrb),
        .tbu0_m_axi_wlast (tbu0_m_axi_wlast), .tbu0_m_axi_bvalid (tbu0_m_axi_bvalid),
        .tbu0_m_axi_bready (tbu0_m_axi_bready), .tbu0_m_axi_bid (tbu0_m_axi_bid),
        .tbu0_m_axi_bresp (tbu0_m_axi_bresp), .tbu0_m_axi_arvalid (tbu0_m_axi_arvalid),
        .tbu0_m_axi_arready (tbu0_m_axi_arready), .tbu0_m_axi_arid (tbu0_m_axi_arid),
        .tbu0_m_axi_araddr (tbu0_m_axi_araddr), .tbu0_m_axi_arlen (tbu0_m_axi_arlen),
        .tbu0_m_axi_arsize (tbu0_m_axi_arsize), .tbu0_m_axi_arburst (tbu0_m_axi_arburst),
        .tbu0_m_axi_arlock (tbu0_m_axi_arlock), .tbu0_m_axi_arcache (tbu0_m_axi_arcache),
        .tbu0_m_axi_arprot (tbu0_m_axi_arprot), .tbu0_m_axi_arqos (tbu0_m_axi_arqos),
        .tbu0_m_axi_ardomain (tbu0_m_axi_ardomain), .tbu0_m_axi_arsid (tbu0_m_axi_arsid),
        .tbu0_m_axi_rvalid (tbu0_m_axi_rvalid), .tbu0_m_axi_rready (tbu0_m_axi_rready),
        .tbu0_m_axi_rid (tbu0_m_axi_rid), .tbu0_m_axi_rdata (tbu0_m_axi_rdata),
        .tbu0_m_axi_rresp (tbu0_m_axi_rresp), .tbu0_m_axi_rlast (tbu0_m_axi_rlast),
        .tbu0_nostall_i (1'd0), .tbu0_pmu_tbu_event (), .tbu1_s_axi_awvalid (1'd0),
        .tbu1_s_axi_awready (), .tbu1_s_axi_awid (8'd0), .tbu1_s_axi_awaddr (64'd0),
        .tbu1_s_axi_awlen (8'd0), .tbu1_s_axi_awsize (3'd0), .tbu1_s_axi_awburst (2'd0),
        .tbu1_s_axi_awlock (1'd0), .tbu1_s_axi_awcache (4'd0), .tbu1_s_axi_awprot (3'd0),
        .tbu1_s_axi_awqos (4'd0), .tbu1_s_axi_awdomain (2'd0), .tbu1_s_axi_awmmusid (16'd0),
        .tbu1_s_axi_awmmussidv (1'd0), .tbu1_s_axi_awmmussid (20'd0),
        .tbu1_s_axi_awmmusecsid (2'd0), .tbu1_s_axi_awmmuflow (2'd0), .tbu1_s_axi_awatop (6'd0),
        .tbu1_s_axi_wvalid (1'd0), .tbu1_s_axi_wready (), .tbu1_s_axi_wdata (128'd0),
        .tbu1_s_axi_wstrb (16'd0), .tbu1_s_axi_wlast (1'd0), .tbu1_s_axi_bvalid (),
        .tbu1_s_axi_bready (1'b1), .tbu1_s_axi_bid (), .tbu1_s_axi_bresp (),
        .tbu1_s_axi_arvalid (1'd0), .tbu1_s_axi_arready (), .tbu1_s_axi_arid (8'd0),
        .tbu1_s_axi_araddr (64'd0), .tbu1_s_axi_arlen (8'd0), .tbu1_s_axi_arsize (3'd0),
        .tbu1_s_axi_arburst (2'd0), .tbu1_s_axi_arlock (1'd0), .tbu1_s_axi_arcache (4'd0),
        .tbu1_s_axi_arprot (3'd0), .tbu1_s_axi_arqos (4'd0), .tbu1_s_axi_ardomain (2'd0),
        .tbu1_s_axi_armmusid (16'd0), .tbu1_s_axi_armmussidv (1'd0),
        .tbu1_s_axi_armmussid (20'd0), .tbu1_s_axi_armmusecsid (2'd0),
        .tbu1_s_axi_armmuflow (2'd0), .tbu1_s_axi_rvalid (), .tbu1_s_axi_rready (1'b1),
        .tbu1_s_axi_rid (), .tbu1_s_axi_rdata (), .tbu1_s_axi_rresp (), .tbu1_s_axi_rlast (),
        .tbu1_m_axi_awvalid (), .tbu1_m_axi_awready (1'b1), .tbu1_m_axi_awid (),
        .tbu1_m_axi_awaddr (), .tbu1_m_axi_awlen (), .tbu1_m_axi_awsize (),
        .tbu1_m_axi_awburst (), .tbu1_m_axi_awlock (), .tbu1_m_axi_awcache (),
        .tbu1_m_axi_awprot (), .tbu1_m_axi_awqos (), .tbu1_m_axi_awdomain (),
        .tbu1_m_axi_awsid (), .tbu1_m_axi_awatop (), .tbu1_m_axi_wvalid (),
        .tbu1_m_axi_wready (1'b1), .tbu1_m_axi_wdata (), .tbu1_m_axi_wstrb (),
        .tbu1_m_axi_wlast (), .tbu1_m_axi_bvalid (1'd0), .tbu1_m_axi_bready (),
        .tbu1_m_axi_bid (8'd0), .tbu1_m_axi_bresp (2'd0), .tbu1_m_axi_arvalid (),
        .tbu1_m_axi_arready (1'b1), .tbu1_m_axi_arid (), .tbu1_m_axi_araddr (),
        .tbu1_m_axi_arlen (), .tbu1_m_axi_arsize (), .tbu1_m_axi_arburst (),
        .tbu1_m_axi_arlock (), .tbu1_m_axi_arcache (), .tbu1_m_axi_arprot (),
        .tbu1_m_axi_arqos (), .tbu1_m_axi_ardomain (), .tbu1_m_axi_arsid (),
        .tbu1_m_axi_rvalid (1'd0), .tbu1_m_axi_rready (), .tbu1_m_axi_rid (8'd0),
        .tbu1_m_axi_rdata (128'd0), .tbu1_m_axi_rresp (2'd0), .tbu1_m_axi_rlast (1'd0),
        .tbu1_nostall_i (1'd0), .tbu1_pmu_tbu_event ()
    );
    /* verilator lint_on PINCONNECTEMPTY */

    generate
        if (OURS != 0) begin : g_ours
            bfm_axi_master #(.DATA_W(128), .ID_W(8)) u_mst (
                .clk_i (clk_i), .rst_ni (rst_ni), .m_axi_awid (d_awid), .m_axi_awaddr (d_awaddr),
                .m_axi_awlen (d_awlen), .m_axi_awsize (d_awsize), .m_axi_awburst (d_awburst),
                .m_axi_awlock (d_awlock), .m_axi_awcache (d_awcache), .m_axi_awprot (d_awprot),
                .m_axi_awqos (d_awqos), .m_axi_awdomain (d_awdomain),
                .m_axi_awmmusid (d_awmmusid), .m_axi_awmmussid (d_awmmussid),
                .m_axi_awmmussidv (d_awmmussidv), .m_axi_awmmusecsid (d_awmmusecsid),
                .m_axi_awmmuflow (d_awmmuflow), .m_axi_awatop (d_awatop),
                .m_axi_awvalid (d_awvalid), .m_axi_awready (d_awready), .m_axi_wdata (d_wdata),
                .m_axi_wstrb (d_wstrb), .m_axi_wlast (d_wlast), .m_axi_wvalid (d_wvalid),
                .m_axi_wready (d_wready), .m_axi_bid (d_bid), .m_axi_bresp (d_bresp),
                .m_axi_bvalid (d_bvalid), .m_axi_bready (d_bready), .m_axi_arid (d_arid),
                .m_axi_araddr (d_araddr), .m_axi_arlen (d_arlen), .m_axi_arsize (d_arsize),
                .m_axi_arburst (d_arburst), .m_axi_arlock (d_arlock), .m_axi_arcache (d_arcache),
                .m_axi_arprot (d_arprot), .m_axi_arqos (d_arqos), .m_axi_ardomain (d_ardomain),
                .m_axi_armmusid (d_armmusid), .m_axi_armmussid (d_armmussid),
                .m_axi_armmussidv (d_armmussidv), .m_axi_armmusecsid (d_armmusecsid),
                .m_axi_armmuflow (d_armmuflow), .m_axi_arvalid (d_arvalid),
                .m_axi_arready (d_arready), .m_axi_rid (d_rid), .m_axi_rdata (d_rdata),
                .m_axi_rresp (d_rresp), .m_axi_rlast (d_rlast), .m_axi_rvalid (d_rvalid),
                .m_axi_rready (d_rready)
            );
        end else begin : g_pins
            assign d_awvalid = tbu0_s_axi_awvalid;
            assign d_awid = tbu0_s_axi_awid;
            assign d_awaddr = tbu0_s_axi_awaddr;
            assign d_awlen = tbu0_s_axi_awlen;
            assign d_awsize = tbu0_s_axi_awsize;
            assign d_awburst = tbu0_s_axi_awburst;
            assign d_awlock = tbu0_s_axi_awlock;
            assign d_awcache = tbu0_s_axi_awcache;
            assign d_awprot = tbu0_s_axi_awprot;
            assign d_awqos = tbu0_s_axi_awqos;
            assign d_awdomain = tbu0_s_axi_awdomain;
            assign d_awmmusid = tbu0_s_axi_awmmusid;
            assign d_awmmussidv = tbu0_s_axi_awmmussidv;
            assign d_awmmussid = tbu0_s_axi_awmmussid;
            assign d_awmmusecsid = tbu0_s_axi_awmmusecsid;
            assign d_awmmuflow = tbu0_s_axi_awmmuflow;
            assign d_awatop = tbu0_s_axi_awatop;
            assign d_wvalid = tbu0_s_axi_wvalid;
            assign d_wdata = tbu0_s_axi_wdata;
            assign d_wstrb = tbu0_s_axi_wstrb;
            assign d_wlast = tbu0_s_axi_wlast;
            assign d_bready = tbu0_s_axi_bready;
            assign d_arvalid = tbu0_s_axi_arvalid;
            assign d_arid = tbu0_s_axi_arid;
            assign d_araddr = tbu0_s_axi_araddr;
            assign d_arlen = tbu0_s_axi_arlen;
            assign d_arsize = tbu0_s_axi_arsize;
            assign d_arburst = tbu0_s_axi_arburst;
            assign d_arlock = tbu0_s_axi_arlock;
            assign d_arcache = tbu0_s_axi_arcache;
            assign d_arprot = tbu0_s_axi_arprot;
            assign d_arqos = tbu0_s_axi_arqos;
            assign d_ardomain = tbu0_s_axi_ardomain;
            assign d_armmusid = tbu0_s_axi_armmusid;
            assign d_armmussidv = tbu0_s_axi_armmussidv;
            assign d_armmussid = tbu0_s_axi_armmussid;
            assign d_armmusecsid = tbu0_s_axi_armmusecsid;
            assign d_armmuflow = tbu0_s_axi_armmuflow;
            assign d_rready = tbu0_s_axi_rready;
            // what bfm_axi_master has inside: monitor and checker
            bfm_axi_tap #(.ADDR_W(64)) u_tap (
                .clk_i (clk_i), .rst_ni (rst_ni), .axi_awid (d_awid), .axi_awaddr (d_awaddr),
                .axi_awlen (d_awlen), .axi_awsize (d_awsize), .axi_awburst (d_awburst),
                .axi_awlock (d_awlock), .axi_awcache (d_awcache), .axi_awprot (d_awprot),
                .axi_awqos (d_awqos), .axi_awdomain (d_awdomain), .axi_awmmusid (d_awmmusid),
                .axi_awmmussid (d_awmmussid), .axi_awmmussidv (d_awmmussidv),
                .axi_awmmusecsid (d_awmmusecsid), .axi_awmmuflow (d_awmmuflow),
                .axi_awatop (d_awatop), .axi_awvalid (d_awvalid), .axi_awready (d_awready),
                .axi_wdata (d_wdata), .axi_wstrb (d_wstrb), .axi_wlast (d_wlast),
                .axi_wvalid (d_wvalid), .axi_wready (d_wready), .axi_bid (d_bid),
                .axi_bresp (d_bresp), .axi_bvalid (d_bvalid), .axi_bready (d_bready),
                .axi_arid (d_arid), .axi_araddr (d_araddr), .axi_arlen (d_arlen),
                .axi_arsize (d_arsize), .axi_arburst (d_arburst), .axi_arlock (d_arlock),
                .axi_arcache (d_arcache), .axi_arprot (d_arprot), .axi_arqos (d_arqos),
                .axi_ardomain (d_ardomain), .axi_armmusid (d_armmusid),
                .axi_armmussid (d_armmussid), .axi_armmussidv (d_armmussidv),
                .axi_armmusecsid (d_armmusecsid), .axi_armmuflow (d_armmuflow),
                .axi_arsnoop (4'd0), .axi_arvalid (d_arvalid), .axi_arready (d_arready),
                .axi_rid (d_rid), .axi_rdata (d_rdata), .axi_rresp (d_rresp),
                .axi_rlast (d_rlast), .axi_rvalid (d_rvalid), .axi_rready (d_rready)
            );
        end
    endgenerate

    assign tbu0_s_axi_awready = d_awready;
    assign tbu0_s_axi_wready = d_wready;
    assign tbu0_s_axi_bvalid = d_bvalid;
    assign tbu0_s_axi_bid = d_bid;
    assign tbu0_s_axi_bresp = d_bresp;
    assign tbu0_s_axi_arready = d_arready;
    assign tbu0_s_axi_rvalid = d_rvalid;
    assign tbu0_s_axi_rid = d_rid;
    assign tbu0_s_axi_rdata = d_rdata;
    assign tbu0_s_axi_rresp = d_rresp;
    assign tbu0_s_axi_rlast = d_rlast;

    bfm_axi_mem #(.DATA_W(128), .ID_W(8), .SID_W(16)) u_mem (
        .clk_i (clk_i), .rst_ni (rst_ni), .s_axi_awid (tbu0_m_axi_awid),
        .s_axi_awaddr (tbu0_m_axi_awaddr), .s_axi_awlen (tbu0_m_axi_awlen),
        .s_axi_awsize (tbu0_m_axi_awsize), .s_axi_awburst (tbu0_m_axi_awburst),
        .s_axi_awlock (tbu0_m_axi_awlock), .s_axi_awcache (tbu0_m_axi_awcache),
        .s_axi_awprot (tbu0_m_axi_awprot), .s_axi_awqos (tbu0_m_axi_awqos),
        .s_axi_awdomain (tbu0_m_axi_awdomain), .s_axi_awsid (tbu0_m_axi_awsid),
        .s_axi_awvalid (tbu0_m_axi_awvalid), .s_axi_awready (tbu0_m_axi_awready),
        .s_axi_wdata (tbu0_m_axi_wdata), .s_axi_wstrb (tbu0_m_axi_wstrb),
        .s_axi_wlast (tbu0_m_axi_wlast), .s_axi_wvalid (tbu0_m_axi_wvalid),
        .s_axi_wready (tbu0_m_axi_wready), .s_axi_bid (tbu0_m_axi_bid),
        .s_axi_bresp (tbu0_m_axi_bresp), .s_axi_bvalid (tbu0_m_axi_bvalid),
        .s_axi_bready (tbu0_m_axi_bready), .s_axi_arid (tbu0_m_axi_arid),
        .s_axi_araddr (tbu0_m_axi_araddr), .s_axi_arlen (tbu0_m_axi_arlen),
        .s_axi_arsize (tbu0_m_axi_arsize), .s_axi_arburst (tbu0_m_axi_arburst),
        .s_axi_arlock (tbu0_m_axi_arlock), .s_axi_arcache (tbu0_m_axi_arcache),
        .s_axi_arprot (tbu0_m_axi_arprot), .s_axi_arqos (tbu0_m_axi_arqos),
        .s_axi_ardomain (tbu0_m_axi_ardomain), .s_axi_arsid (tbu0_m_axi_arsid),
        .s_axi_arsnoop (4'd0), .s_axi_arvalid (tbu0_m_axi_arvalid),
        .s_axi_arready (tbu0_m_axi_arready), .s_axi_rid (tbu0_m_axi_rid),
        .s_axi_rdata (tbu0_m_axi_rdata), .s_axi_rresp (tbu0_m_axi_rresp),
        .s_axi_rlast (tbu0_m_axi_rlast), .s_axi_rvalid (tbu0_m_axi_rvalid),
        .s_axi_rready (tbu0_m_axi_rready), .ram_rd_addr_o (ram_rd_addr[0*64 +: 64]),
        .ram_rd_data_i (ram_rd_data[0*128 +: 128]), .ram_wr_addr_o (ram_wr_addr[0*64 +: 64]),
        .ram_wr_data_o (ram_wr_data[0*128 +: 128]), .ram_wr_strb_o (ram_wr_strb[0*16 +: 16]),
        .ram_rd_ok_i (ram_rd_ok[0]), .ram_wr_en_o (ram_wr_en[0]), .ram_wr_ok_i (ram_wr_ok[0])
    );

    bfm_axi_mem #(.DATA_W(128), .ID_W(8), .SID_W(32)) u_ptw_mem (
        .clk_i (clk_i), .rst_ni (rst_ni), .s_axi_awid (ptw_axi_awid),
        .s_axi_awaddr (ptw_axi_awaddr), .s_axi_awlen (ptw_axi_awlen),
        .s_axi_awsize (ptw_axi_awsize), .s_axi_awburst (ptw_axi_awburst),
        .s_axi_awlock (ptw_axi_awlock), .s_axi_awcache (ptw_axi_awcache),
        .s_axi_awprot (ptw_axi_awprot), .s_axi_awqos (ptw_axi_awqos),
        .s_axi_awdomain (ptw_axi_awdomain), .s_axi_awsid (ptw_axi_awsid),
        .s_axi_awvalid (ptw_axi_awvalid), .s_axi_awready (ptw_axi_awready),
        .s_axi_wdata (ptw_axi_wdata), .s_axi_wstrb (ptw_axi_wstrb), .s_axi_wlast (ptw_axi_wlast),
        .s_axi_wvalid (ptw_axi_wvalid), .s_axi_wready (ptw_axi_wready), .s_axi_bid (ptw_axi_bid),
        .s_axi_bresp (ptw_axi_bresp), .s_axi_bvalid (ptw_axi_bvalid),
        .s_axi_bready (ptw_axi_bready), .s_axi_arid (ptw_axi_arid),
        .s_axi_araddr (ptw_axi_araddr), .s_axi_arlen (ptw_axi_arlen),
        .s_axi_arsize (ptw_axi_arsize), .s_axi_arburst (ptw_axi_arburst),
        .s_axi_arlock (ptw_axi_arlock), .s_axi_arcache (ptw_axi_arcache),
        .s_axi_arprot (ptw_axi_arprot), .s_axi_arqos (ptw_axi_arqos),
        .s_axi_ardomain (ptw_axi_ardomain), .s_axi_arsid (32'd0),
        .s_axi_arsnoop (ptw_axi_arsnoop), .s_axi_arvalid (ptw_axi_arvalid),
        .s_axi_arready (ptw_axi_arready), .s_axi_rid (ptw_axi_rid), .s_axi_rdata (ptw_axi_rdata),
        .s_axi_rresp (ptw_axi_rresp), .s_axi_rlast (ptw_axi_rlast),
        .s_axi_rvalid (ptw_axi_rvalid), .s_axi_rready (ptw_axi_rready),
        .ram_rd_addr_o (ram_rd_addr[1*64 +: 64]), .ram_rd_data_i (ram_rd_data[1*128 +: 128]),
        .ram_wr_addr_o (ram_wr_addr[1*64 +: 64]), .ram_wr_data_o (ram_wr_data[1*128 +: 128]),
        .ram_wr_strb_o (ram_wr_strb[1*16 +: 16]), .ram_rd_ok_i (ram_rd_ok[1]),
        .ram_wr_en_o (ram_wr_en[1]), .ram_wr_ok_i (ram_wr_ok[1])
    );

    bfm_ram #(.PORT_N(2), .WORDS(RAM_WORDS)) u_ram (
        .clk_i (clk_i), .rd_addr_i (ram_rd_addr), .rd_data_o (ram_rd_data), .rd_ok_o (ram_rd_ok),
        .wr_en_i (ram_wr_en), .wr_addr_i (ram_wr_addr), .wr_data_i (ram_wr_data),
        .wr_strb_i (ram_wr_strb), .wr_ok_o (ram_wr_ok)
    );

endmodule

`default_nettype wire
