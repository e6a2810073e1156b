// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : tb_smmu
// Purpose: The SMMU of one configuration between transactors: a device and a
//          memory per TBU, a memory on the walk port, a DVM interconnect; every
//          AXI port has the monitor and protocol checker of its transactor.
// Spec   : docs/pins.md, docs/bfm.md
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : s_axil_*   register accesses;  nostall_i   port straps
// Out    : irq_*      interrupt pulses
// Python : tb/env/smmu_bench.py (g_tbu[i].u_mst, g_tbu[i].u_mem, u_ptw_mem,
//          u_dvm, u_irq and u_pmu counters, g_meter[i])
// Limits : RAM_WORDS = 0 leaves out the memory inside the simulator, which only
//          benches that must not enter Python need
// Tests  : tests/smmu
//-----------------------------------------------------------------------------
`default_nettype none

module tb_smmu #(
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
    parameter GBPA_ABORT   = 0,
    parameter OAS          = 48,
    parameter VA_W         = 64,    // device addresses lose the bits above
    parameter NO_AXDOMAIN  = 0,
    parameter NO_AXPROT    = 0,
    parameter RAM_WORDS    = 0,     // 128-bit words of bfm_ram, from 0x40000000
    parameter MST_SLOT_W   = 6,     // log2 of bursts open, and of targets of the generator
    parameter METER        = 0      // 1: a tb_meter per TBU and direction
) (
    input  wire               clk_i,
    input  wire               rst_ni,
    input  wire [NUM_TBU-1:0] nostall_i,

    input  wire               s_axil_awvalid,
    output wire               s_axil_awready,
    input  wire [16:0]        s_axil_awaddr,
    input  wire [2:0]         s_axil_awprot,
    input  wire               s_axil_wvalid,
    output wire               s_axil_wready,
    input  wire [31:0]        s_axil_wdata,
    input  wire [3:0]         s_axil_wstrb,
    output wire               s_axil_bvalid,
    input  wire               s_axil_bready,
    output wire [1:0]         s_axil_bresp,
    input  wire               s_axil_arvalid,
    output wire               s_axil_arready,
    input  wire [16:0]        s_axil_araddr,
    input  wire [2:0]         s_axil_arprot,
    output wire               s_axil_rvalid,
    input  wire               s_axil_rready,
    output wire [31:0]        s_axil_rdata,
    output wire [1:0]         s_axil_rresp,

    output wire               irq_evtq,
    output wire               irq_gerr,
    output wire               irq_cmd_sync,
    output wire               irq_priq
);
    // ---- device side, memory side (packed, TBU 0 lowest), walk port -------------------
    wire [NUM_TBU-1:0] s_awvalid, s_awready, s_awlock, s_awmmussidv, s_arvalid, s_arready,
        s_arlock, s_armmussidv, s_wvalid, s_wready, s_wlast, s_bvalid, s_bready, s_rvalid,
        s_rready, s_rlast;
    wire [NUM_TBU*ID_W-1:0] s_awid, s_arid, s_bid, s_rid;
    wire [NUM_TBU*64-1:0] s_awaddr, s_araddr;
    wire [NUM_TBU*VA_W-1:0] c_awaddr, c_araddr;     // as wide as the port
    wire [NUM_TBU*8-1:0] s_awlen, s_arlen;
    wire [NUM_TBU*3-1:0] s_awsize, s_awprot, s_arsize, s_arprot;
    wire [NUM_TBU*2-1:0] s_awburst, s_awdomain, s_awmmusecsid, s_awmmuflow, s_arburst,
        s_ardomain, s_armmusecsid, s_armmuflow, s_bresp, s_rresp;
    wire [NUM_TBU*4-1:0] s_awcache, s_awqos, s_arcache, s_arqos;
    wire [NUM_TBU*16-1:0] s_awmmusid, s_armmusid;
    wire [NUM_TBU*20-1:0] s_awmmussid, s_armmussid;
    wire [NUM_TBU*6-1:0] s_awatop;
    wire [NUM_TBU*DATA_W-1:0] s_wdata, s_rdata;
    wire [NUM_TBU*(DATA_W/8)-1:0] s_wstrb;

    wire [NUM_TBU-1:0] m_awvalid, m_awready, m_awlock, m_arvalid, m_arready, m_arlock, m_wvalid,
        m_wready, m_wlast, m_bvalid, m_bready, m_rvalid, m_rready, m_rlast;
    wire [NUM_TBU*ID_W-1:0] m_awid, m_arid, m_bid, m_rid;
    wire [NUM_TBU*48-1:0] m_awaddr, m_araddr;
    wire [NUM_TBU*8-1:0] m_awlen, m_arlen;
    wire [NUM_TBU*3-1:0] m_awsize, m_awprot, m_arsize, m_arprot;
    wire [NUM_TBU*2-1:0] m_awburst, m_awdomain, m_arburst, m_ardomain, m_bresp, m_rresp;
    wire [NUM_TBU*4-1:0] m_awcache, m_awqos, m_arcache, m_arqos;
    wire [NUM_TBU*16-1:0] m_awsid, m_arsid;
    wire [NUM_TBU*DATA_W-1:0] m_wdata, m_rdata;
    wire [NUM_TBU*(DATA_W/8)-1:0] m_wstrb;

    wire ptw_awvalid, ptw_awready, ptw_awlock, ptw_arvalid, ptw_arready, ptw_arlock, ptw_wvalid,
        ptw_wready, ptw_wlast, ptw_bvalid, ptw_bready, ptw_rvalid, ptw_rready, ptw_rlast;
    wire [7:0] ptw_awid, ptw_awlen, ptw_arid, ptw_arlen, ptw_bid, ptw_rid;
    wire [47:0] ptw_awaddr, ptw_araddr;
    wire [2:0] ptw_awsize, ptw_awprot, ptw_arsize, ptw_arprot;
    wire [1:0] ptw_awburst, ptw_awdomain, ptw_arburst, ptw_ardomain, ptw_bresp, ptw_rresp;
    wire [3:0] ptw_awcache, ptw_awqos, ptw_arcache, ptw_arqos, ptw_arsnoop;
    wire [31:0] ptw_awsid;
    wire [127:0] ptw_wdata, ptw_rdata;
    wire [15:0] ptw_wstrb;

    wire        dvm_acvalid, dvm_acready, dvm_crvalid, dvm_crready, dvm_syscoreq, dvm_syscoack;
    wire [47:0] dvm_acaddr;
    wire [3:0]  dvm_acvmidext, dvm_acsnoop;
    wire [2:0]  dvm_acprot;
    wire [4:0]  dvm_crresp;
    wire [NUM_TBU*4-1:0] pmu_tbu;
    wire [7:0]           pmu_tcu;

    wire [NUM_TBU*6-1:0] m_awatop;

    localparam [3:0] DVM_COMPLETE = 4'he;      // ARSNOOP
    localparam PORTS = NUM_TBU + 1;   // the walk port is the highest

    /* verilator lint_off UNUSEDSIGNAL */   // without bfm_ram
    wire [PORTS*64-1:0]  ram_rd_addr, ram_wr_addr;
    wire [PORTS*128-1:0] ram_wr_data;
    wire [PORTS*16-1:0]  ram_wr_strb;
    wire [PORTS-1:0]     ram_wr_en;
    /* verilator lint_on UNUSEDSIGNAL */
    wire [PORTS*128-1:0] ram_rd_data;
    wire [PORTS-1:0]     ram_rd_ok, ram_wr_ok;

    wire        reg_awvalid, reg_wvalid, reg_bready, reg_arvalid, reg_rready;
    wire [16:0] reg_awaddr, reg_araddr;
    wire [31:0] reg_wdata;
    wire [3:0]  reg_wstrb;

    smmu_top #(
        .NUM_TBU (NUM_TBU), .DATA_W (DATA_W), .ID_W (ID_W), .TBU_SLOTS (TBU_SLOTS),
        .TBU_RSVD (TBU_RSVD), .UTLB_ENTRIES (UTLB_ENTRIES), .TLB_SETS (TLB_SETS),
        .TLB_WAYS (TLB_WAYS), .WALK_SLOTS (WALK_SLOTS), .WC_ENTRIES (WC_ENTRIES),
        .S2LC_ENTRIES (S2LC_ENTRIES), .LINE_ENTRIES (LINE_ENTRIES), .STALL_MAX (STALL_MAX),
        .WBUF_BEATS (WBUF_BEATS), .RBUF_BEATS (RBUF_BEATS), .CMDQS (CMDQS), .EVENTQS (EVENTQS),
        .GBPA_ABORT (GBPA_ABORT), .OAS (OAS), .VA_W (VA_W), .NO_AXDOMAIN (NO_AXDOMAIN),
        .NO_AXPROT (NO_AXPROT)
    ) u_smmu (
        .clk_i (clk_i), .rst_ni (rst_ni), .s_axi_awvalid (s_awvalid), .s_axi_awready (s_awready),
        .s_axi_awid (s_awid), .s_axi_awaddr (c_awaddr), .s_axi_awlen (s_awlen),
        .s_axi_awsize (s_awsize), .s_axi_awburst (s_awburst), .s_axi_awlock (s_awlock),
        .s_axi_awcache (s_awcache), .s_axi_awprot (s_awprot), .s_axi_awqos (s_awqos),
        .s_axi_awdomain (s_awdomain), .s_axi_awmmusid (s_awmmusid),
        .s_axi_awmmussidv (s_awmmussidv), .s_axi_awmmussid (s_awmmussid),
        .s_axi_awmmusecsid (s_awmmusecsid), .s_axi_awmmuflow (s_awmmuflow),
        .s_axi_awatop (s_awatop), .s_axi_arvalid (s_arvalid), .s_axi_arready (s_arready),
        .s_axi_arid (s_arid), .s_axi_araddr (c_araddr), .s_axi_arlen (s_arlen),
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
        .m_axi_ardomain (m_ardomain), .m_axi_arsid (m_arsid), .m_axi_wvalid (m_wvalid),
        .m_axi_wready (m_wready), .m_axi_wdata (m_wdata), .m_axi_wstrb (m_wstrb),
        .m_axi_wlast (m_wlast), .m_axi_bvalid (m_bvalid), .m_axi_bready (m_bready),
        .m_axi_bid (m_bid), .m_axi_bresp (m_bresp), .m_axi_rvalid (m_rvalid),
        .m_axi_rready (m_rready), .m_axi_rid (m_rid), .m_axi_rdata (m_rdata),
        .m_axi_rresp (m_rresp), .m_axi_rlast (m_rlast), .m_axi_awatop (m_awatop),
        .nostall_i (nostall_i), .ptw_axi_awvalid (ptw_awvalid), .ptw_axi_awready (ptw_awready),
        .ptw_axi_awid (ptw_awid), .ptw_axi_awaddr (ptw_awaddr), .ptw_axi_awlen (ptw_awlen),
        .ptw_axi_awsize (ptw_awsize), .ptw_axi_awburst (ptw_awburst),
        .ptw_axi_awlock (ptw_awlock), .ptw_axi_awcache (ptw_awcache),
        .ptw_axi_awprot (ptw_awprot), .ptw_axi_awqos (ptw_awqos),
        .ptw_axi_awdomain (ptw_awdomain), .ptw_axi_awsid (ptw_awsid),
        .ptw_axi_arvalid (ptw_arvalid), .ptw_axi_arready (ptw_arready), .ptw_axi_arid (ptw_arid),
        .ptw_axi_araddr (ptw_araddr), .ptw_axi_arlen (ptw_arlen), .ptw_axi_arsize (ptw_arsize),
        .ptw_axi_arburst (ptw_arburst), .ptw_axi_arlock (ptw_arlock),
        .ptw_axi_arcache (ptw_arcache), .ptw_axi_arprot (ptw_arprot), .ptw_axi_arqos (ptw_arqos),
        .ptw_axi_ardomain (ptw_ardomain), .ptw_axi_arsnoop (ptw_arsnoop),
        .ptw_axi_wvalid (ptw_wvalid), .ptw_axi_wready (ptw_wready), .ptw_axi_wdata (ptw_wdata),
        .ptw_axi_wstrb (ptw_wstrb), .ptw_axi_wlast (ptw_wlast), .ptw_axi_bvalid (ptw_bvalid),
        .ptw_axi_bready (ptw_bready), .ptw_axi_bid (ptw_bid), .ptw_axi_bresp (ptw_bresp),
        .ptw_axi_rvalid (ptw_rvalid), .ptw_axi_rready (ptw_rready), .ptw_axi_rid (ptw_rid),
        .ptw_axi_rdata (ptw_rdata), .ptw_axi_rresp (ptw_rresp), .ptw_axi_rlast (ptw_rlast),
        .s_axil_awvalid (reg_awvalid), .s_axil_awready (s_axil_awready),
        .s_axil_awaddr (reg_awaddr), .s_axil_awprot (s_axil_awprot),
        .s_axil_wvalid (reg_wvalid), .s_axil_wready (s_axil_wready),
        .s_axil_wdata (reg_wdata), .s_axil_wstrb (reg_wstrb),
        .s_axil_bvalid (s_axil_bvalid), .s_axil_bready (reg_bready),
        .s_axil_bresp (s_axil_bresp), .s_axil_arvalid (reg_arvalid),
        .s_axil_arready (s_axil_arready), .s_axil_araddr (reg_araddr),
        .s_axil_arprot (s_axil_arprot), .s_axil_rvalid (s_axil_rvalid),
        .s_axil_rready (reg_rready), .s_axil_rdata (s_axil_rdata),
        .s_axil_rresp (s_axil_rresp), .dvm_acvalid (dvm_acvalid), .dvm_acready (dvm_acready),
        .dvm_acaddr (dvm_acaddr), .dvm_acvmidext (dvm_acvmidext), .dvm_acsnoop (dvm_acsnoop),
        .dvm_acprot (dvm_acprot), .dvm_crvalid (dvm_crvalid), .dvm_crready (dvm_crready),
        .dvm_crresp (dvm_crresp), .dvm_syscoreq (dvm_syscoreq), .dvm_syscoack (dvm_syscoack),
        .irq_evtq (irq_evtq), .irq_priq (irq_priq), .irq_cmd_sync (irq_cmd_sync),
        .irq_gerr (irq_gerr), .pmu_tbu_event (pmu_tbu), .pmu_tcu_event (pmu_tcu)
    );

    // ---- one device and one memory per TBU --------------------------------------------
    genvar g;
    generate
        for (g = 0; g < NUM_TBU; g = g + 1) begin : g_tbu
            assign c_awaddr[g*VA_W +: VA_W] = s_awaddr[g*64 +: VA_W];
            assign c_araddr[g*VA_W +: VA_W] = s_araddr[g*64 +: VA_W];

            bfm_axi_master #(
                .DATA_W(DATA_W), .ID_W(ID_W), .SLOT_W(MST_SLOT_W)
            ) u_mst (
                .clk_i (clk_i), .rst_ni (rst_ni), .m_axi_awvalid (s_awvalid[g]),
                .m_axi_awready (s_awready[g]), .m_axi_awid (s_awid[g*ID_W +: ID_W]),
                .m_axi_awaddr (s_awaddr[g*64 +: 64]), .m_axi_awlen (s_awlen[g*8 +: 8]),
                .m_axi_awsize (s_awsize[g*3 +: 3]), .m_axi_awburst (s_awburst[g*2 +: 2]),
                .m_axi_awlock (s_awlock[g]), .m_axi_awcache (s_awcache[g*4 +: 4]),
                .m_axi_awprot (s_awprot[g*3 +: 3]), .m_axi_awqos (s_awqos[g*4 +: 4]),
                .m_axi_awdomain (s_awdomain[g*2 +: 2]), .m_axi_awmmusid (s_awmmusid[g*16 +: 16]),
                .m_axi_awmmussidv (s_awmmussidv[g]), .m_axi_awmmussid (s_awmmussid[g*20 +: 20]),
                .m_axi_awmmusecsid (s_awmmusecsid[g*2 +: 2]),
                .m_axi_awmmuflow (s_awmmuflow[g*2 +: 2]), .m_axi_awatop (s_awatop[g*6 +: 6]),
                .m_axi_arvalid (s_arvalid[g]), .m_axi_arready (s_arready[g]),
                .m_axi_arid (s_arid[g*ID_W +: ID_W]), .m_axi_araddr (s_araddr[g*64 +: 64]),
                .m_axi_arlen (s_arlen[g*8 +: 8]), .m_axi_arsize (s_arsize[g*3 +: 3]),
                .m_axi_arburst (s_arburst[g*2 +: 2]), .m_axi_arlock (s_arlock[g]),
                .m_axi_arcache (s_arcache[g*4 +: 4]), .m_axi_arprot (s_arprot[g*3 +: 3]),
                .m_axi_arqos (s_arqos[g*4 +: 4]), .m_axi_ardomain (s_ardomain[g*2 +: 2]),
                .m_axi_armmusid (s_armmusid[g*16 +: 16]), .m_axi_armmussidv (s_armmussidv[g]),
                .m_axi_armmussid (s_armmussid[g*20 +: 20]),
                .m_axi_armmusecsid (s_armmusecsid[g*2 +: 2]),
                .m_axi_armmuflow (s_armmuflow[g*2 +: 2]), .m_axi_wvalid (s_wvalid[g]),
                .m_axi_wready (s_wready[g]), .m_axi_wdata (s_wdata[g*DATA_W +: DATA_W]),
                .m_axi_wstrb (s_wstrb[g*(DATA_W/8) +: (DATA_W/8)]), .m_axi_wlast (s_wlast[g]),
                .m_axi_bvalid (s_bvalid[g]), .m_axi_bready (s_bready[g]),
                .m_axi_bid (s_bid[g*ID_W +: ID_W]), .m_axi_bresp (s_bresp[g*2 +: 2]),
                .m_axi_rvalid (s_rvalid[g]), .m_axi_rready (s_rready[g]),
                .m_axi_rid (s_rid[g*ID_W +: ID_W]), .m_axi_rdata (s_rdata[g*DATA_W +: DATA_W]),
                .m_axi_rresp (s_rresp[g*2 +: 2]), .m_axi_rlast (s_rlast[g])
            );

            bfm_axi_mem #(.DATA_W(DATA_W), .ID_W(ID_W), .SID_W(16)) u_mem (
                .clk_i (clk_i), .rst_ni (rst_ni), .s_axi_awvalid (m_awvalid[g]),
                .s_axi_awready (m_awready[g]), .s_axi_awid (m_awid[g*ID_W +: ID_W]),
                .s_axi_awaddr (m_awaddr[g*48 +: 48]), .s_axi_awlen (m_awlen[g*8 +: 8]),
                .s_axi_awsize (m_awsize[g*3 +: 3]), .s_axi_awburst (m_awburst[g*2 +: 2]),
                .s_axi_awlock (m_awlock[g]), .s_axi_awcache (m_awcache[g*4 +: 4]),
                .s_axi_awprot (m_awprot[g*3 +: 3]), .s_axi_awqos (m_awqos[g*4 +: 4]),
                .s_axi_awdomain (m_awdomain[g*2 +: 2]), .s_axi_awsid (m_awsid[g*16 +: 16]),
                .s_axi_arvalid (m_arvalid[g]), .s_axi_arready (m_arready[g]),
                .s_axi_arid (m_arid[g*ID_W +: ID_W]), .s_axi_araddr (m_araddr[g*48 +: 48]),
                .s_axi_arlen (m_arlen[g*8 +: 8]), .s_axi_arsize (m_arsize[g*3 +: 3]),
                .s_axi_arburst (m_arburst[g*2 +: 2]), .s_axi_arlock (m_arlock[g]),
                .s_axi_arcache (m_arcache[g*4 +: 4]), .s_axi_arprot (m_arprot[g*3 +: 3]),
                .s_axi_arqos (m_arqos[g*4 +: 4]), .s_axi_ardomain (m_ardomain[g*2 +: 2]),
                .s_axi_arsid (m_arsid[g*16 +: 16]), .s_axi_wvalid (m_wvalid[g]),
                .s_axi_wready (m_wready[g]), .s_axi_wdata (m_wdata[g*DATA_W +: DATA_W]),
                .s_axi_wstrb (m_wstrb[g*(DATA_W/8) +: (DATA_W/8)]), .s_axi_wlast (m_wlast[g]),
                .s_axi_bvalid (m_bvalid[g]), .s_axi_bready (m_bready[g]),
                .s_axi_bid (m_bid[g*ID_W +: ID_W]), .s_axi_bresp (m_bresp[g*2 +: 2]),
                .s_axi_rvalid (m_rvalid[g]), .s_axi_rready (m_rready[g]),
                .s_axi_rid (m_rid[g*ID_W +: ID_W]), .s_axi_rdata (m_rdata[g*DATA_W +: DATA_W]),
                .s_axi_rresp (m_rresp[g*2 +: 2]), .s_axi_rlast (m_rlast[g]),
                .s_axi_arsnoop (4'd0), .ram_rd_addr_o (ram_rd_addr[g*64 +: 64]),
                .ram_rd_data_i (ram_rd_data[g*128 +: 128]), .ram_rd_ok_i (ram_rd_ok[g]),
                .ram_wr_en_o (ram_wr_en[g]), .ram_wr_addr_o (ram_wr_addr[g*64 +: 64]),
                .ram_wr_data_o (ram_wr_data[g*128 +: 128]),
                .ram_wr_strb_o (ram_wr_strb[g*16 +: 16]), .ram_wr_ok_i (ram_wr_ok[g])
            );
        end
    endgenerate

    // ---- walk port and interconnect -----------------------------------------------------
    bfm_axi_mem #(.DATA_W(128), .ID_W(8), .SID_W(32)) u_ptw_mem (
        .clk_i (clk_i), .rst_ni (rst_ni), .s_axi_awvalid (ptw_awvalid),
        .s_axi_awready (ptw_awready), .s_axi_awid (ptw_awid), .s_axi_awaddr (ptw_awaddr),
        .s_axi_awlen (ptw_awlen), .s_axi_awsize (ptw_awsize), .s_axi_awburst (ptw_awburst),
        .s_axi_awlock (ptw_awlock), .s_axi_awcache (ptw_awcache), .s_axi_awprot (ptw_awprot),
        .s_axi_awqos (ptw_awqos), .s_axi_awdomain (ptw_awdomain), .s_axi_awsid (ptw_awsid),
        .s_axi_arvalid (ptw_arvalid), .s_axi_arready (ptw_arready), .s_axi_arid (ptw_arid),
        .s_axi_araddr (ptw_araddr), .s_axi_arlen (ptw_arlen), .s_axi_arsize (ptw_arsize),
        .s_axi_arburst (ptw_arburst), .s_axi_arlock (ptw_arlock), .s_axi_arcache (ptw_arcache),
        .s_axi_arprot (ptw_arprot), .s_axi_arqos (ptw_arqos), .s_axi_ardomain (ptw_ardomain),
        .s_axi_arsnoop (ptw_arsnoop), .s_axi_wvalid (ptw_wvalid), .s_axi_wready (ptw_wready),
        .s_axi_wdata (ptw_wdata), .s_axi_wstrb (ptw_wstrb), .s_axi_wlast (ptw_wlast),
        .s_axi_bvalid (ptw_bvalid), .s_axi_bready (ptw_bready), .s_axi_bid (ptw_bid),
        .s_axi_bresp (ptw_bresp), .s_axi_rvalid (ptw_rvalid), .s_axi_rready (ptw_rready),
        .s_axi_rid (ptw_rid), .s_axi_rdata (ptw_rdata), .s_axi_rresp (ptw_rresp),
        .s_axi_rlast (ptw_rlast), .s_axi_arsid (32'd0),
        .ram_rd_addr_o (ram_rd_addr[NUM_TBU*64 +: 64]),
        .ram_rd_data_i (ram_rd_data[NUM_TBU*128 +: 128]), .ram_rd_ok_i (ram_rd_ok[NUM_TBU]),
        .ram_wr_en_o (ram_wr_en[NUM_TBU]), .ram_wr_addr_o (ram_wr_addr[NUM_TBU*64 +: 64]),
        .ram_wr_data_o (ram_wr_data[NUM_TBU*128 +: 128]),
        .ram_wr_strb_o (ram_wr_strb[NUM_TBU*16 +: 16]), .ram_wr_ok_i (ram_wr_ok[NUM_TBU])
    );

    bfm_dvm u_dvm (
        .clk_i (clk_i), .rst_ni (rst_ni), .dvm_acvalid (dvm_acvalid), .dvm_acready (dvm_acready),
        .dvm_acaddr (dvm_acaddr), .dvm_acvmidext (dvm_acvmidext), .dvm_acsnoop (dvm_acsnoop),
        .dvm_acprot (dvm_acprot), .dvm_crvalid (dvm_crvalid), .dvm_crready (dvm_crready),
        .dvm_crresp (dvm_crresp), .dvm_syscoreq (dvm_syscoreq), .dvm_syscoack (dvm_syscoack),
        .dvm_complete (ptw_arvalid && ptw_arready && ptw_arsnoop == DVM_COMPLETE)
    );

    // ---- memory inside the simulator ---------------------------------------------------
    generate
        if (RAM_WORDS != 0) begin : g_ram
            bfm_ram #(.PORT_N(PORTS), .WORDS(RAM_WORDS)) u_ram (
                .clk_i (clk_i), .rd_addr_i (ram_rd_addr), .rd_data_o (ram_rd_data),
                .rd_ok_o (ram_rd_ok), .wr_en_i (ram_wr_en), .wr_addr_i (ram_wr_addr),
                .wr_data_i (ram_wr_data), .wr_strb_i (ram_wr_strb), .wr_ok_o (ram_wr_ok)
            );
        end else begin : g_no_ram
            assign ram_rd_data = {PORTS*128{1'b0}};
            assign ram_rd_ok   = {PORTS{1'b0}};
            assign ram_wr_ok   = {PORTS{1'b0}};
        end
    endgenerate

    // ---- pulses Python reads as counts ---------------------------------------------------
    tb_pulse_count #(.WIDTH(4)) u_irq (
        .clk_i (clk_i), .pulse_i ({irq_priq, irq_cmd_sync, irq_gerr, irq_evtq})
    );
    tb_pulse_count #(.WIDTH(8 + 4*NUM_TBU)) u_pmu (
        .clk_i (clk_i), .pulse_i ({pmu_tbu, pmu_tcu})
    );

    // m_axi carries no atomics (FLT-018): an AWATOP other than 0 is a bug
    wire [NUM_TBU-1:0] atop;
    genvar t;
    generate
        for (t = 0; t < NUM_TBU; t = t + 1) begin : g_atop
            assign atop[t] = |m_awatop[t*6 +: 6];
        end
    endgenerate
    tb_pulse_count #(.WIDTH(NUM_TBU)) u_atop (
        .clk_i (clk_i), .pulse_i (m_awvalid & atop)
    );

    // ---- figures ---------------------------------------------------------------------------
    generate
        if (METER != 0) begin : g_stamp
            tb_pulse_count #(.WIDTH(1)) u_axil (
                .clk_i (clk_i), .pulse_i (reg_wvalid && s_axil_wready)
            );
        end
        for (g = 0; g < NUM_TBU && METER != 0; g = g + 1) begin : g_meter
            tb_meter #(.ID_W(ID_W)) u_rd (
                .clk_i (clk_i), .rst_ni (rst_ni), .s_valid_i (s_arvalid[g]),
                .s_ready_i (s_arready[g]), .s_id_i (s_arid[g*ID_W +: ID_W]),
                .s_sid_i (s_armmusid[g*16 +: 16]), .m_valid_i (m_arvalid[g]),
                .m_ready_i (m_arready[g]), .m_id_i (m_arid[g*ID_W +: ID_W])
            );
            tb_meter #(.ID_W(ID_W)) u_wr (
                .clk_i (clk_i), .rst_ni (rst_ni), .s_valid_i (s_awvalid[g]),
                .s_ready_i (s_awready[g]), .s_id_i (s_awid[g*ID_W +: ID_W]),
                .s_sid_i (s_awmmusid[g*16 +: 16]), .m_valid_i (m_awvalid[g]),
                .m_ready_i (m_awready[g]), .m_id_i (m_awid[g*ID_W +: ID_W])
            );
        end
    endgenerate

    // ---- register accesses: on the pins, or in one step from Python ---------------------------
    tb_axil_port u_regs (
        .clk_i (clk_i), .rst_ni (rst_ni), .p_awvalid (s_axil_awvalid), .p_awaddr (s_axil_awaddr),
        .p_wvalid (s_axil_wvalid), .p_wdata (s_axil_wdata), .p_wstrb (s_axil_wstrb),
        .p_bready (s_axil_bready), .p_arvalid (s_axil_arvalid), .p_araddr (s_axil_araddr),
        .p_rready (s_axil_rready), .m_awvalid (reg_awvalid), .m_awaddr (reg_awaddr),
        .m_wvalid (reg_wvalid), .m_wdata (reg_wdata), .m_wstrb (reg_wstrb),
        .m_bready (reg_bready), .m_arvalid (reg_arvalid), .m_araddr (reg_araddr),
        .m_rready (reg_rready), .m_awready (s_axil_awready), .m_wready (s_axil_wready),
        .m_bvalid (s_axil_bvalid), .m_bresp (s_axil_bresp), .m_arready (s_axil_arready),
        .m_rvalid (s_axil_rvalid), .m_rdata (s_axil_rdata), .m_rresp (s_axil_rresp)
    );

    bfm_axil_probe u_axil_probe (
        .clk_i (clk_i), .rst_ni (rst_ni), .axil_awvalid (reg_awvalid),
        .axil_awready (s_axil_awready), .axil_awaddr (reg_awaddr), .axil_awprot (s_axil_awprot),
        .axil_wvalid (reg_wvalid), .axil_wready (s_axil_wready), .axil_wdata (reg_wdata),
        .axil_wstrb (reg_wstrb), .axil_bvalid (s_axil_bvalid), .axil_bready (reg_bready),
        .axil_bresp (s_axil_bresp), .axil_arvalid (reg_arvalid), .axil_arready (s_axil_arready),
        .axil_araddr (reg_araddr), .axil_arprot (s_axil_arprot), .axil_rvalid (s_axil_rvalid),
        .axil_rready (reg_rready), .axil_rdata (s_axil_rdata), .axil_rresp (s_axil_rresp)
    );

endmodule

`default_nettype wire
