// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : tb_system
// Purpose: The machine of `make sim`: accelerator behind TBU 0 of the SMMU, and
//          memory transactors behind the translated port and the walk port.
// Spec   : docs/software-stack.md; architecture.md sections 2 and 5
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : smmu_axil_*, dma_axil_*  register accesses of the host's CPUs
//          vf_queues_i  queues of the accelerator's second function
// Out    : irq_*  interrupt wires
// Python : tb/system/bench.py
// Limits : TBUs other than 0 are quiet
// Tests  : tests/system, make sim
//-----------------------------------------------------------------------------
`default_nettype none

module tb_system #(
    parameter NUM_TBU      = 2,
    parameter DATA_W       = 128,
    parameter ID_W         = 8,
    parameter TBU_SLOTS    = 32,
    parameter TBU_RSVD     = 4,
    parameter UTLB_ENTRIES = 32,
    parameter TLB_SETS     = 256,
    parameter TLB_WAYS     = 4,
    parameter WALK_SLOTS   = 8,
    parameter WC_ENTRIES   = 64,
    parameter S2LC_ENTRIES = 64,
    parameter LINE_ENTRIES = 16,
    parameter STALL_MAX    = 16,
    parameter WBUF_BEATS   = 2048,
    parameter RBUF_BEATS   = 512,
    parameter CMDQS        = 8,
    parameter EVENTQS      = 8,
    parameter SID_W        = 16,
    parameter SSID_W       = 20,
    parameter NUM_QUEUES   = 8,
    parameter DEVICE_SID   = 16'h0311,
    parameter VF_SID       = 16'h0312
) (
    input  wire        clk_i,
    input  wire        rst_ni,
    input  wire [NUM_QUEUES-1:0] vf_queues_i,   // these queues send VF_SID

    // registers of the SMMU (two 64 KB pages) and of the accelerator (1 MB)

    input  wire        smmu_axil_awvalid,
    output wire        smmu_axil_awready,
    input  wire [16:0] smmu_axil_awaddr,
    input  wire [2:0]  smmu_axil_awprot,
    input  wire        smmu_axil_wvalid,
    output wire        smmu_axil_wready,
    input  wire [31:0] smmu_axil_wdata,
    input  wire [3:0]  smmu_axil_wstrb,
    output wire        smmu_axil_bvalid,
    input  wire        smmu_axil_bready,
    output wire [1:0]  smmu_axil_bresp,
    input  wire        smmu_axil_arvalid,
    output wire        smmu_axil_arready,
    input  wire [16:0] smmu_axil_araddr,
    input  wire [2:0]  smmu_axil_arprot,
    output wire        smmu_axil_rvalid,
    input  wire        smmu_axil_rready,
    output wire [31:0] smmu_axil_rdata,
    output wire [1:0]  smmu_axil_rresp,

    input  wire        dma_axil_awvalid,
    output wire        dma_axil_awready,
    input  wire [19:0] dma_axil_awaddr,
    input  wire [2:0]  dma_axil_awprot,
    input  wire        dma_axil_wvalid,
    output wire        dma_axil_wready,
    input  wire [31:0] dma_axil_wdata,
    input  wire [3:0]  dma_axil_wstrb,
    output wire        dma_axil_bvalid,
    input  wire        dma_axil_bready,
    output wire [1:0]  dma_axil_bresp,
    input  wire        dma_axil_arvalid,
    output wire        dma_axil_arready,
    input  wire [19:0] dma_axil_araddr,
    input  wire [2:0]  dma_axil_arprot,
    output wire        dma_axil_rvalid,
    input  wire        dma_axil_rready,
    output wire [31:0] dma_axil_rdata,
    output wire [1:0]  dma_axil_rresp,

    output wire        irq_evtq,
    output wire        irq_gerr,
    output wire        irq_cmd_sync,
    output wire        irq_priq,
    output wire        irq_dma,
    output wire        quiet_o       // no handshake for longer than any silent operation
);
    // ---- both sides of all TBUs: 0 carries the accelerator, the others are quiet ----------
    wire [NUM_TBU-1:0] s_awvalid, s_awready, m_awvalid, m_awready;
    wire [NUM_TBU*ID_W-1:0] s_awid;
    wire [NUM_TBU*64-1:0] s_awaddr;
    wire [NUM_TBU*8-1:0] s_awlen;
    wire [NUM_TBU*3-1:0] s_awsize;
    wire [NUM_TBU*2-1:0] s_awburst;
    wire [NUM_TBU-1:0] s_awlock;
    wire [NUM_TBU*4-1:0] s_awcache;
    wire [NUM_TBU*3-1:0] s_awprot;
    wire [NUM_TBU*4-1:0] s_awqos;
    wire [NUM_TBU*2-1:0] s_awdomain;
    wire [NUM_TBU*SID_W-1:0] s_awmmusid;
    wire [NUM_TBU-1:0] s_awmmussidv;
    wire [NUM_TBU*SSID_W-1:0] s_awmmussid;
    wire [NUM_TBU*2-1:0] s_awmmusecsid, s_awmmuflow;
    wire [NUM_TBU*ID_W-1:0] m_awid;
    wire [NUM_TBU*48-1:0] m_awaddr;
    wire [NUM_TBU*8-1:0] m_awlen;
    wire [NUM_TBU*3-1:0] m_awsize;
    wire [NUM_TBU*2-1:0] m_awburst;
    wire [NUM_TBU-1:0] m_awlock;
    wire [NUM_TBU*4-1:0] m_awcache;
    wire [NUM_TBU*3-1:0] m_awprot;
    wire [NUM_TBU*4-1:0] m_awqos;
    wire [NUM_TBU*2-1:0] m_awdomain;
    wire [NUM_TBU*SID_W-1:0] m_awsid;
    wire [NUM_TBU-1:0] s_arvalid, s_arready, m_arvalid, m_arready;
    wire [NUM_TBU*ID_W-1:0] s_arid;
    wire [NUM_TBU*64-1:0] s_araddr;
    wire [NUM_TBU*8-1:0] s_arlen;
    wire [NUM_TBU*3-1:0] s_arsize;
    wire [NUM_TBU*2-1:0] s_arburst;
    wire [NUM_TBU-1:0] s_arlock;
    wire [NUM_TBU*4-1:0] s_arcache;
    wire [NUM_TBU*3-1:0] s_arprot;
    wire [NUM_TBU*4-1:0] s_arqos;
    wire [NUM_TBU*2-1:0] s_ardomain;
    wire [NUM_TBU*SID_W-1:0] s_armmusid;
    wire [NUM_TBU-1:0] s_armmussidv;
    wire [NUM_TBU*SSID_W-1:0] s_armmussid;
    wire [NUM_TBU*2-1:0] s_armmusecsid, s_armmuflow;
    wire [NUM_TBU*ID_W-1:0] m_arid;
    wire [NUM_TBU*48-1:0] m_araddr;
    wire [NUM_TBU*8-1:0] m_arlen;
    wire [NUM_TBU*3-1:0] m_arsize;
    wire [NUM_TBU*2-1:0] m_arburst;
    wire [NUM_TBU-1:0] m_arlock;
    wire [NUM_TBU*4-1:0] m_arcache;
    wire [NUM_TBU*3-1:0] m_arprot;
    wire [NUM_TBU*4-1:0] m_arqos;
    wire [NUM_TBU*2-1:0] m_ardomain;
    wire [NUM_TBU*SID_W-1:0] m_arsid;
    wire [NUM_TBU*6-1:0] s_awatop;
    wire [NUM_TBU-1:0] s_wvalid, s_wready, s_wlast, s_bvalid, s_bready;
    wire [NUM_TBU-1:0] s_rvalid, s_rready, s_rlast;
    wire [NUM_TBU*DATA_W-1:0] s_wdata, s_rdata;
    wire [NUM_TBU*DATA_W/8-1:0] s_wstrb;
    wire [NUM_TBU*ID_W-1:0] s_bid, s_rid;
    wire [NUM_TBU*2-1:0] s_bresp, s_rresp;
    wire [NUM_TBU-1:0] m_wvalid, m_wready, m_wlast, m_bvalid, m_bready;
    wire [NUM_TBU-1:0] m_rvalid, m_rready, m_rlast;
    wire [NUM_TBU*DATA_W-1:0] m_wdata, m_rdata;
    wire [NUM_TBU*DATA_W/8-1:0] m_wstrb;
    wire [NUM_TBU*ID_W-1:0] m_bid, m_rid;
    wire [NUM_TBU*2-1:0] m_bresp, m_rresp;

    // ---- accelerator to TBU 0 -------------------------------------------------------
    wire [SID_W-1:0] dma_awmmusid, dma_armmusid;

    // the accelerator is Non-secure only and drives one bit
    assign s_awmmusecsid[1] = 1'b0;
    assign s_armmusecsid[1] = 1'b0;

    // outputs nobody needs here are left open
    /* verilator lint_off PINCONNECTEMPTY */
    dma_top #(
        .NUM_QUEUES (NUM_QUEUES), .DATA_W (DATA_W), .ID_W (ID_W), .SID_W (SID_W),
        .SSID_W (SSID_W)
    ) u_dma (
        .clk_i (clk_i), .rst_ni (rst_ni), .sid_i (DEVICE_SID[SID_W-1:0]),
        .s_axil_awvalid (dma_axil_awvalid), .s_axil_awready (dma_axil_awready),
        .s_axil_awaddr (dma_axil_awaddr), .s_axil_awprot (dma_axil_awprot),
        .s_axil_wvalid (dma_axil_wvalid), .s_axil_wready (dma_axil_wready),
        .s_axil_wdata (dma_axil_wdata), .s_axil_wstrb (dma_axil_wstrb),
        .s_axil_bvalid (dma_axil_bvalid), .s_axil_bready (dma_axil_bready),
        .s_axil_bresp (dma_axil_bresp), .s_axil_arvalid (dma_axil_arvalid),
        .s_axil_arready (dma_axil_arready), .s_axil_araddr (dma_axil_araddr),
        .s_axil_arprot (dma_axil_arprot), .s_axil_rvalid (dma_axil_rvalid),
        .s_axil_rready (dma_axil_rready), .s_axil_rdata (dma_axil_rdata),
        .s_axil_rresp (dma_axil_rresp), .m_axi_awvalid (s_awvalid[0]),
        .m_axi_awready (s_awready[0]), .m_axi_awid (s_awid[ID_W-1:0]),
        .m_axi_awaddr (s_awaddr[63:0]), .m_axi_awlen (s_awlen[7:0]), .m_axi_awsize (s_awsize[2:0]),
        .m_axi_awburst (s_awburst[1:0]), .m_axi_awlock (s_awlock[0]),
        .m_axi_awcache (s_awcache[3:0]), .m_axi_awprot (s_awprot[2:0]), .m_axi_awqos (s_awqos[3:0]),
        .m_axi_awdomain (s_awdomain[1:0]), .m_axi_awmmusid (dma_awmmusid),
        .m_axi_awmmussidv (s_awmmussidv[0]), .m_axi_awmmussid (s_awmmussid[SSID_W-1:0]),
        .m_axi_awmmusecsid (s_awmmusecsid[0]), .m_axi_awmmuflow (s_awmmuflow[1:0]),
        .m_axi_arvalid (s_arvalid[0]), .m_axi_arready (s_arready[0]),
        .m_axi_arid (s_arid[ID_W-1:0]), .m_axi_araddr (s_araddr[63:0]), .m_axi_arlen (s_arlen[7:0]),
        .m_axi_arsize (s_arsize[2:0]), .m_axi_arburst (s_arburst[1:0]), .m_axi_arlock (s_arlock[0]),
        .m_axi_arcache (s_arcache[3:0]), .m_axi_arprot (s_arprot[2:0]), .m_axi_arqos (s_arqos[3:0]),
        .m_axi_ardomain (s_ardomain[1:0]), .m_axi_armmusid (dma_armmusid),
        .m_axi_armmussidv (s_armmussidv[0]), .m_axi_armmussid (s_armmussid[SSID_W-1:0]),
        .m_axi_armmusecsid (s_armmusecsid[0]), .m_axi_armmuflow (s_armmuflow[1:0]),
        .m_axi_awatop (s_awatop[5:0]), .m_axi_wvalid (s_wvalid[0]), .m_axi_wready (s_wready[0]),
        .m_axi_wdata (s_wdata[DATA_W-1:0]), .m_axi_wstrb (s_wstrb[DATA_W/8-1:0]),
        .m_axi_wlast (s_wlast[0]), .m_axi_bvalid (s_bvalid[0]), .m_axi_bready (s_bready[0]),
        .m_axi_bid (s_bid[ID_W-1:0]), .m_axi_bresp (s_bresp[1:0]), .m_axi_rvalid (s_rvalid[0]),
        .m_axi_rready (s_rready[0]), .m_axi_rid (s_rid[ID_W-1:0]),
        .m_axi_rdata (s_rdata[DATA_W-1:0]), .m_axi_rresp (s_rresp[1:0]), .m_axi_rlast (s_rlast[0]),
        .irq_o (irq_dma), .irq_queue_o ()
    );
    /* verilator lint_on PINCONNECTEMPTY */

    // ---- a second function of the accelerator: StreamID by queue, which is the AXI ID ------
    localparam QUEUE_W = $clog2(NUM_QUEUES);

    wire aw_vf = vf_queues_i[s_awid[QUEUE_W-1:0]];
    wire ar_vf = vf_queues_i[s_arid[QUEUE_W-1:0]];
    assign s_awmmusid[SID_W-1:0] = aw_vf ? VF_SID[SID_W-1:0] : dma_awmmusid;
    assign s_armmusid[SID_W-1:0] = ar_vf ? VF_SID[SID_W-1:0] : dma_armmusid;

    wire [7:0] pmu_tcu;

    genvar g;
    generate
        for (g = 1; g < NUM_TBU; g = g + 1) begin : g_quiet
            assign s_awvalid[g] = 1'b0;
            assign s_awid[g*ID_W +: ID_W] = {ID_W{1'b0}};
            assign s_awaddr[g*64 +: 64] = {64{1'b0}};
            assign s_awlen[g*8 +: 8] = {8{1'b0}};
            assign s_awsize[g*3 +: 3] = {3{1'b0}};
            assign s_awburst[g*2 +: 2] = {2{1'b0}};
            assign s_awlock[g] = 1'b0;
            assign s_awcache[g*4 +: 4] = {4{1'b0}};
            assign s_awprot[g*3 +: 3] = {3{1'b0}};
            assign s_awqos[g*4 +: 4] = {4{1'b0}};
            assign s_awdomain[g*2 +: 2] = {2{1'b0}};
            assign s_awmmusid[g*SID_W +: SID_W] = {SID_W{1'b0}};
            assign s_awmmussidv[g] = 1'b0;
            assign s_awmmussid[g*SSID_W +: SSID_W] = {SSID_W{1'b0}};
            assign s_awmmusecsid[g*2 +: 2] = {2{1'b0}};
            assign s_awmmuflow[g*2 +: 2] = {2{1'b0}};
            assign s_arvalid[g] = 1'b0;
            assign s_arid[g*ID_W +: ID_W] = {ID_W{1'b0}};
            assign s_araddr[g*64 +: 64] = {64{1'b0}};
            assign s_arlen[g*8 +: 8] = {8{1'b0}};
            assign s_arsize[g*3 +: 3] = {3{1'b0}};
            assign s_arburst[g*2 +: 2] = {2{1'b0}};
            assign s_arlock[g] = 1'b0;
            assign s_arcache[g*4 +: 4] = {4{1'b0}};
            assign s_arprot[g*3 +: 3] = {3{1'b0}};
            assign s_arqos[g*4 +: 4] = {4{1'b0}};
            assign s_ardomain[g*2 +: 2] = {2{1'b0}};
            assign s_armmusid[g*SID_W +: SID_W] = {SID_W{1'b0}};
            assign s_armmussidv[g] = 1'b0;
            assign s_armmussid[g*SSID_W +: SSID_W] = {SSID_W{1'b0}};
            assign s_armmusecsid[g*2 +: 2] = {2{1'b0}};
            assign s_armmuflow[g*2 +: 2] = {2{1'b0}};
            assign s_awatop[g*6 +: 6] = {6{1'b0}};
            assign s_wvalid[g] = 1'b0;
            assign s_wdata[g*DATA_W +: DATA_W] = {DATA_W{1'b0}};
            assign s_wstrb[g*(DATA_W/8) +: (DATA_W/8)] = {(DATA_W/8){1'b0}};
            assign s_wlast[g] = 1'b0;
            assign s_bready[g] = 1'b0;
            assign s_rready[g] = 1'b0;
            assign m_awready[g] = 1'b0;
            assign m_arready[g] = 1'b0;
            assign m_wready[g] = 1'b0;
            assign m_bvalid[g] = 1'b0;
            assign m_bid[g*ID_W +: ID_W] = {ID_W{1'b0}};
            assign m_bresp[g*2 +: 2] = {2{1'b0}};
            assign m_rvalid[g] = 1'b0;
            assign m_rid[g*ID_W +: ID_W] = {ID_W{1'b0}};
            assign m_rdata[g*DATA_W +: DATA_W] = {DATA_W{1'b0}};
            assign m_rresp[g*2 +: 2] = {2{1'b0}};
            assign m_rlast[g] = 1'b0;
        end
    endgenerate


    wire ptw_awvalid, ptw_awready;
    wire [7:0] ptw_awid;
    wire [47:0] ptw_awaddr;
    wire [7:0] ptw_awlen;
    wire [2:0] ptw_awsize;
    wire [1:0] ptw_awburst;
    wire ptw_awlock;
    wire [3:0] ptw_awcache;
    wire [2:0] ptw_awprot;
    wire [3:0] ptw_awqos;
    wire [1:0] ptw_awdomain;
    wire ptw_arvalid, ptw_arready;
    wire [7:0] ptw_arid;
    wire [47:0] ptw_araddr;
    wire [7:0] ptw_arlen;
    wire [2:0] ptw_arsize;
    wire [1:0] ptw_arburst;
    wire ptw_arlock;
    wire [3:0] ptw_arcache;
    wire [2:0] ptw_arprot;
    wire [3:0] ptw_arqos;
    wire [1:0] ptw_ardomain;
    wire [31:0] ptw_awsid;
    wire [3:0] ptw_arsnoop;
    wire ptw_wvalid, ptw_wready, ptw_wlast, ptw_bvalid, ptw_bready;
    wire ptw_rvalid, ptw_rready, ptw_rlast;
    wire [127:0] ptw_wdata, ptw_rdata;
    wire [15:0] ptw_wstrb;
    wire [7:0] ptw_bid, ptw_rid;
    wire [1:0] ptw_bresp, ptw_rresp;
    wire dvm_acvalid, dvm_acready, dvm_crvalid, dvm_crready, dvm_syscoreq, dvm_syscoack;
    wire [47:0] dvm_acaddr;
    wire [3:0] dvm_acvmidext, dvm_acsnoop;
    wire [2:0] dvm_acprot;
    wire [4:0] dvm_crresp;

    // outputs nobody needs here are left open
    /* verilator lint_off PINCONNECTEMPTY */
    smmu_top #(
        .NUM_TBU (NUM_TBU), .DATA_W (DATA_W), .ID_W (ID_W), .TBU_SLOTS (TBU_SLOTS),
        .TBU_RSVD (TBU_RSVD), .UTLB_ENTRIES (UTLB_ENTRIES), .TLB_SETS (TLB_SETS),
        .TLB_WAYS (TLB_WAYS), .WALK_SLOTS (WALK_SLOTS), .WC_ENTRIES (WC_ENTRIES),
        .S2LC_ENTRIES (S2LC_ENTRIES), .LINE_ENTRIES (LINE_ENTRIES), .STALL_MAX (STALL_MAX),
        .WBUF_BEATS (WBUF_BEATS), .RBUF_BEATS (RBUF_BEATS), .CMDQS (CMDQS),
        .EVENTQS (EVENTQS)
    ) u_smmu (
        .clk_i (clk_i), .rst_ni (rst_ni), .s_axi_awvalid (s_awvalid), .s_axi_awready (s_awready),
        .s_axi_awid (s_awid), .s_axi_awaddr (s_awaddr), .s_axi_awlen (s_awlen),
        .s_axi_awsize (s_awsize), .s_axi_awburst (s_awburst), .s_axi_awlock (s_awlock),
        .s_axi_awcache (s_awcache), .s_axi_awprot (s_awprot), .s_axi_awqos (s_awqos),
        .s_axi_awdomain (s_awdomain), .s_axi_awmmusid (s_awmmusid),
        .s_axi_awmmussidv (s_awmmussidv), .s_axi_awmmussid (s_awmmussid),
        .s_axi_awmmusecsid (s_awmmusecsid), .s_axi_awmmuflow (s_awmmuflow),
        .s_axi_awatop (s_awatop), .s_axi_arvalid (s_arvalid), .s_axi_arready (s_arready),
        .s_axi_arid (s_arid), .s_axi_araddr (s_araddr), .s_axi_arlen (s_arlen),
        .s_axi_arsize (s_arsize), .s_axi_arburst (s_arburst), .s_axi_arlock (s_arlock),
        .s_axi_arcache (s_arcache), .s_axi_arprot (s_arprot), .s_axi_arqos (s_arqos),
        .s_axi_ardomain (s_ardomain), .s_axi_armmusid (s_armmusid),
        .s_axi_armmussidv (s_armmussidv), .s_axi_armmussid (s_armmussid),
        .s_axi_armmusecsid (s_armmusecsid), .s_axi_armmuflow (s_armmuflow),
        .s_axi_wvalid (s_wvalid), .s_axi_wready (s_wready), .s_axi_wdata (s_wdata),
        .s_axi_wstrb (s_wstrb), .s_axi_wlast (s_wlast), .s_axi_bvalid (s_bvalid),
        .s_axi_bready (s_bready), .s_axi_bid (s_bid), .s_axi_bresp (s_bresp),
        .s_axi_rvalid (s_rvalid), .s_axi_rready (s_rready), .s_axi_rid (s_rid),
        .s_axi_rdata (s_rdata), .s_axi_rresp (s_rresp), .s_axi_rlast (s_rlast),
        .m_axi_awvalid (m_awvalid), .m_axi_awready (m_awready), .m_axi_awid (m_awid),
        .m_axi_awaddr (m_awaddr), .m_axi_awlen (m_awlen), .m_axi_awsize (m_awsize),
        .m_axi_awburst (m_awburst), .m_axi_awlock (m_awlock), .m_axi_awcache (m_awcache),
        .m_axi_awprot (m_awprot), .m_axi_awqos (m_awqos), .m_axi_awdomain (m_awdomain),
        .m_axi_awsid (m_awsid), .m_axi_arvalid (m_arvalid), .m_axi_arready (m_arready),
        .m_axi_arid (m_arid), .m_axi_araddr (m_araddr), .m_axi_arlen (m_arlen),
        .m_axi_arsize (m_arsize), .m_axi_arburst (m_arburst), .m_axi_arlock (m_arlock),
        .m_axi_arcache (m_arcache), .m_axi_arprot (m_arprot), .m_axi_arqos (m_arqos),
        .m_axi_ardomain (m_ardomain), .m_axi_arsid (m_arsid), .m_axi_awatop (),
        .m_axi_wvalid (m_wvalid), .m_axi_wready (m_wready), .m_axi_wdata (m_wdata),
        .m_axi_wstrb (m_wstrb), .m_axi_wlast (m_wlast), .m_axi_bvalid (m_bvalid),
        .m_axi_bready (m_bready), .m_axi_bid (m_bid), .m_axi_bresp (m_bresp),
        .m_axi_rvalid (m_rvalid), .m_axi_rready (m_rready), .m_axi_rid (m_rid),
        .m_axi_rdata (m_rdata), .m_axi_rresp (m_rresp), .m_axi_rlast (m_rlast),
        .nostall_i ({NUM_TBU{1'b0}}), .ptw_axi_awvalid (ptw_awvalid),
        .ptw_axi_awready (ptw_awready), .ptw_axi_awid (ptw_awid), .ptw_axi_awaddr (ptw_awaddr),
        .ptw_axi_awlen (ptw_awlen), .ptw_axi_awsize (ptw_awsize), .ptw_axi_awburst (ptw_awburst),
        .ptw_axi_awlock (ptw_awlock), .ptw_axi_awcache (ptw_awcache),
        .ptw_axi_awprot (ptw_awprot), .ptw_axi_awqos (ptw_awqos),
        .ptw_axi_awdomain (ptw_awdomain), .ptw_axi_arvalid (ptw_arvalid),
        .ptw_axi_arready (ptw_arready), .ptw_axi_arid (ptw_arid), .ptw_axi_araddr (ptw_araddr),
        .ptw_axi_arlen (ptw_arlen), .ptw_axi_arsize (ptw_arsize), .ptw_axi_arburst (ptw_arburst),
        .ptw_axi_arlock (ptw_arlock), .ptw_axi_arcache (ptw_arcache),
        .ptw_axi_arprot (ptw_arprot), .ptw_axi_arqos (ptw_arqos),
        .ptw_axi_ardomain (ptw_ardomain), .ptw_axi_awsid (ptw_awsid),
        .ptw_axi_arsnoop (ptw_arsnoop), .ptw_axi_wvalid (ptw_wvalid),
        .ptw_axi_wready (ptw_wready), .ptw_axi_wdata (ptw_wdata), .ptw_axi_wstrb (ptw_wstrb),
        .ptw_axi_wlast (ptw_wlast), .ptw_axi_bvalid (ptw_bvalid), .ptw_axi_bready (ptw_bready),
        .ptw_axi_bid (ptw_bid), .ptw_axi_bresp (ptw_bresp), .ptw_axi_rvalid (ptw_rvalid),
        .ptw_axi_rready (ptw_rready), .ptw_axi_rid (ptw_rid), .ptw_axi_rdata (ptw_rdata),
        .ptw_axi_rresp (ptw_rresp), .ptw_axi_rlast (ptw_rlast),
        .s_axil_awvalid (smmu_axil_awvalid), .s_axil_awready (smmu_axil_awready),
        .s_axil_awaddr (smmu_axil_awaddr), .s_axil_awprot (smmu_axil_awprot),
        .s_axil_wvalid (smmu_axil_wvalid), .s_axil_wready (smmu_axil_wready),
        .s_axil_wdata (smmu_axil_wdata), .s_axil_wstrb (smmu_axil_wstrb),
        .s_axil_bvalid (smmu_axil_bvalid), .s_axil_bready (smmu_axil_bready),
        .s_axil_bresp (smmu_axil_bresp), .s_axil_arvalid (smmu_axil_arvalid),
        .s_axil_arready (smmu_axil_arready), .s_axil_araddr (smmu_axil_araddr),
        .s_axil_arprot (smmu_axil_arprot), .s_axil_rvalid (smmu_axil_rvalid),
        .s_axil_rready (smmu_axil_rready), .s_axil_rdata (smmu_axil_rdata),
        .s_axil_rresp (smmu_axil_rresp), .dvm_acvalid (dvm_acvalid),
        .dvm_acready (dvm_acready), .dvm_acaddr (dvm_acaddr), .dvm_acvmidext (dvm_acvmidext),
        .dvm_acsnoop (dvm_acsnoop), .dvm_acprot (dvm_acprot), .dvm_crvalid (dvm_crvalid),
        .dvm_crready (dvm_crready), .dvm_crresp (dvm_crresp), .dvm_syscoreq (dvm_syscoreq),
        .dvm_syscoack (dvm_syscoack), .irq_evtq (irq_evtq),
        .irq_priq (irq_priq), .irq_cmd_sync (irq_cmd_sync), .irq_gerr (irq_gerr),
        .pmu_tbu_event (),
        .pmu_tcu_event (pmu_tcu)
    );
    /* verilator lint_on PINCONNECTEMPTY */

    // ---- memory: one Python object behind two transactors ---------------------------------
    // outputs nobody needs here are left open
    /* verilator lint_off PINCONNECTEMPTY */
    bfm_axi_mem #(.DATA_W(DATA_W), .ID_W(ID_W), .SID_W(SID_W)) u_mem (
        .clk_i (clk_i), .rst_ni (rst_ni), .s_axi_awvalid (m_awvalid[0]),
        .s_axi_awready (m_awready[0]), .s_axi_awid (m_awid[ID_W-1:0]),
        .s_axi_awaddr (m_awaddr[47:0]), .s_axi_awlen (m_awlen[7:0]), .s_axi_awsize (m_awsize[2:0]),
        .s_axi_awburst (m_awburst[1:0]), .s_axi_awlock (m_awlock[0]),
        .s_axi_awcache (m_awcache[3:0]), .s_axi_awprot (m_awprot[2:0]), .s_axi_awqos (m_awqos[3:0]),
        .s_axi_awdomain (m_awdomain[1:0]), .s_axi_arvalid (m_arvalid[0]),
        .s_axi_arready (m_arready[0]), .s_axi_arid (m_arid[ID_W-1:0]),
        .s_axi_araddr (m_araddr[47:0]), .s_axi_arlen (m_arlen[7:0]), .s_axi_arsize (m_arsize[2:0]),
        .s_axi_arburst (m_arburst[1:0]), .s_axi_arlock (m_arlock[0]),
        .s_axi_arcache (m_arcache[3:0]), .s_axi_arprot (m_arprot[2:0]), .s_axi_arqos (m_arqos[3:0]),
        .s_axi_ardomain (m_ardomain[1:0]), .s_axi_awsid (m_awsid[SID_W-1:0]),
        .s_axi_arsid (m_arsid[SID_W-1:0]), .s_axi_arsnoop (4'd0), .s_axi_wvalid (m_wvalid[0]),
        .s_axi_wready (m_wready[0]), .s_axi_wdata (m_wdata[DATA_W-1:0]),
        .s_axi_wstrb (m_wstrb[DATA_W/8-1:0]), .s_axi_wlast (m_wlast[0]),
        .s_axi_bvalid (m_bvalid[0]), .s_axi_bready (m_bready[0]), .s_axi_bid (m_bid[ID_W-1:0]),
        .s_axi_bresp (m_bresp[1:0]), .s_axi_rvalid (m_rvalid[0]), .s_axi_rready (m_rready[0]),
        .s_axi_rid (m_rid[ID_W-1:0]), .s_axi_rdata (m_rdata[DATA_W-1:0]),
        .s_axi_rresp (m_rresp[1:0]), .s_axi_rlast (m_rlast[0]), .ram_rd_addr_o (),
        .ram_rd_data_i (128'd0), .ram_rd_ok_i (1'b0), .ram_wr_en_o (), .ram_wr_addr_o (),
        .ram_wr_data_o (), .ram_wr_strb_o (), .ram_wr_ok_i (1'b0)
    );
    /* verilator lint_on PINCONNECTEMPTY */

    // outputs nobody needs here are left open
    /* verilator lint_off PINCONNECTEMPTY */
    bfm_axi_mem #(.DATA_W(128), .ID_W(8), .SID_W(32)) u_ptw_mem (
        .clk_i (clk_i), .rst_ni (rst_ni), .s_axi_awvalid (ptw_awvalid),
        .s_axi_awready (ptw_awready), .s_axi_awid (ptw_awid), .s_axi_awaddr (ptw_awaddr),
        .s_axi_awlen (ptw_awlen), .s_axi_awsize (ptw_awsize), .s_axi_awburst (ptw_awburst),
        .s_axi_awlock (ptw_awlock), .s_axi_awcache (ptw_awcache), .s_axi_awprot (ptw_awprot),
        .s_axi_awqos (ptw_awqos), .s_axi_awdomain (ptw_awdomain), .s_axi_arvalid (ptw_arvalid),
        .s_axi_arready (ptw_arready), .s_axi_arid (ptw_arid), .s_axi_araddr (ptw_araddr),
        .s_axi_arlen (ptw_arlen), .s_axi_arsize (ptw_arsize), .s_axi_arburst (ptw_arburst),
        .s_axi_arlock (ptw_arlock), .s_axi_arcache (ptw_arcache), .s_axi_arprot (ptw_arprot),
        .s_axi_arqos (ptw_arqos), .s_axi_ardomain (ptw_ardomain), .s_axi_awsid (ptw_awsid),
        .s_axi_arsid (32'd0), .s_axi_arsnoop (ptw_arsnoop), .s_axi_wvalid (ptw_wvalid),
        .s_axi_wready (ptw_wready), .s_axi_wdata (ptw_wdata), .s_axi_wstrb (ptw_wstrb),
        .s_axi_wlast (ptw_wlast), .s_axi_bvalid (ptw_bvalid), .s_axi_bready (ptw_bready),
        .s_axi_bid (ptw_bid), .s_axi_bresp (ptw_bresp), .s_axi_rvalid (ptw_rvalid),
        .s_axi_rready (ptw_rready), .s_axi_rid (ptw_rid), .s_axi_rdata (ptw_rdata),
        .s_axi_rresp (ptw_rresp), .s_axi_rlast (ptw_rlast), .ram_rd_addr_o (),
        .ram_rd_data_i (128'd0), .ram_rd_ok_i (1'b0), .ram_wr_en_o (), .ram_wr_addr_o (),
        .ram_wr_data_o (), .ram_wr_strb_o (),
        .ram_wr_ok_i (1'b0)
    );
    /* verilator lint_on PINCONNECTEMPTY */

    // ---- interconnect: broadcast TLB maintenance of the CPUs -------------------------------
    localparam [3:0] DVM_COMPLETE = 4'he;      // ARSNOOP

    bfm_dvm u_dvm (
        .clk_i (clk_i), .rst_ni (rst_ni), .dvm_acvalid (dvm_acvalid), .dvm_acready (dvm_acready),
        .dvm_acaddr (dvm_acaddr), .dvm_acvmidext (dvm_acvmidext), .dvm_acsnoop (dvm_acsnoop),
        .dvm_acprot (dvm_acprot), .dvm_crvalid (dvm_crvalid), .dvm_crready (dvm_crready),
        .dvm_crresp (dvm_crresp), .dvm_syscoreq (dvm_syscoreq), .dvm_syscoack (dvm_syscoack),
        .dvm_complete (ptw_arvalid && ptw_arready && ptw_arsnoop == DVM_COMPLETE)
    );

    tb_pulse_count #(.WIDTH(8)) u_pmu (.clk_i (clk_i), .pulse_i (pmu_tcu));

    // ---- quiet: software that sleeps may skip these cycles --------------------------------
    // the longest silent operation is an invalidation that sweeps the TLB, one set a cycle
    localparam [31:0] QUIET_CYCLES = TLB_SETS + 256;

    wire moving = (s_arvalid[0] && s_arready[0]) || (s_awvalid[0] && s_awready[0]) ||
                  (s_wvalid[0] && s_wready[0]) || (s_bvalid[0] && s_bready[0]) ||
                  (s_rvalid[0] && s_rready[0]) || (|(m_arvalid & m_arready)) ||
                  (|(m_awvalid & m_awready)) || (|(m_wvalid & m_wready)) ||
                  (|(m_rvalid & m_rready)) || (|(m_bvalid & m_bready)) ||
                  (ptw_arvalid && ptw_arready) || (ptw_awvalid && ptw_awready) ||
                  (ptw_wvalid && ptw_wready) || (ptw_rvalid && ptw_rready) ||
                  (ptw_bvalid && ptw_bready) || dvm_acvalid || dvm_crvalid ||
                  smmu_axil_bvalid || smmu_axil_rvalid ||
                  dma_axil_bvalid || dma_axil_rvalid || irq_evtq || irq_gerr || irq_cmd_sync;

    reg [15:0] still_q;
    always @(posedge clk_i) begin
        if (!rst_ni || moving)              still_q <= 16'd0;
        else if (still_q != QUIET_CYCLES[15:0])   still_q <= still_q + 16'd1;
    end
    assign quiet_o = (still_q == QUIET_CYCLES[15:0]);

    // only TBU 0 of the packed vectors has a client and a memory
    wire unused_ok = &{1'b0, s_awvalid, s_awready, m_awvalid, m_awready, s_awid, s_awaddr, s_awlen,
        s_awsize, s_awburst, s_awlock, s_awcache, s_awprot, s_awqos, s_awdomain, s_awmmusid,
        s_awmmussidv, s_awmmussid, s_awmmusecsid, s_awmmuflow, m_awid, m_awaddr, m_awlen, m_awsize,
        m_awburst, m_awlock, m_awcache, m_awprot, m_awqos, m_awdomain, m_awsid, s_arvalid,
        s_arready, m_arvalid, m_arready, s_arid, s_araddr, s_arlen, s_arsize, s_arburst, s_arlock,
        s_arcache, s_arprot, s_arqos, s_ardomain, s_armmusid, s_armmussidv, s_armmussid,
        s_armmusecsid, s_armmuflow, m_arid, m_araddr, m_arlen, m_arsize, m_arburst, m_arlock,
        m_arcache, m_arprot, m_arqos, m_ardomain, m_arsid, s_awatop, s_wvalid, s_wready, s_wlast,
        s_bvalid, s_bready, s_rvalid, s_rready, s_rlast, s_wdata, s_rdata, s_wstrb, s_bid, s_rid,
        s_bresp, s_rresp, m_wvalid, m_wready, m_wlast, m_bvalid, m_bready, m_rvalid, m_rready,
        m_rlast, m_wdata, m_rdata, m_wstrb, m_bid, m_rid, m_bresp, m_rresp};

endmodule

`default_nettype wire
