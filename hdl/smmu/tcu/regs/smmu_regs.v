// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_regs
// Purpose: Register file of the SMMU: wiring of the bus and the blocks that own
//          the registers. Each block decodes its own addresses; what none knows
//          reads 0 and ignores writes.
// Spec   : REG-001..046, INI-001, INI-020, QUE-003, GER-*, IRQ-*; D11, D20;
//          docs/registers.md
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : s_axil_*  byte address, two pages of 64 KB
// Out    : fields in force, MODE messages, MSI requests, interrupt wires
// Stalls : nobody but the AXI4-Lite master
// Tests  : tests/unit/test_regs.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"

module smmu_regs #(
    parameter CMDQS      = 8,       // log2 of the largest command queue, 0..19
    parameter EVENTQS    = 8,       // log2 of the largest event queue, 0..19
    parameter STALL_MAX  = 16,      // stalled transactions, 1..256
    parameter GBPA_ABORT = 0,       // reset value of GBPA.ABORT
    parameter OPT_DVM    = 1,       // 1: there is a DVM port
    parameter OPT_COHACC = 1,       // 1: the walk port is coherent
    parameter OAS        = 48       // output address bits: 40, 42, 44, 48
) (
    input  wire             clk_i,
    input  wire             rst_ni,

    input  wire             s_axil_awvalid,
    output wire             s_axil_awready,
    input  wire [16:0]      s_axil_awaddr,
    input  wire             s_axil_wvalid,
    output wire             s_axil_wready,
    input  wire [31:0]      s_axil_wdata,
    input  wire [3:0]       s_axil_wstrb,
    output wire             s_axil_bvalid,
    input  wire             s_axil_bready,
    output wire [1:0]       s_axil_bresp,
    input  wire             s_axil_arvalid,
    output wire             s_axil_arready,
    input  wire [16:0]      s_axil_araddr,
    output wire             s_axil_rvalid,
    input  wire             s_axil_rready,
    output wire [31:0]      s_axil_rdata,
    output wire [1:0]       s_axil_rresp,

    // ---- control, stream table ---------------------------------------------------------------
    output wire             smmuen_o,           // as acknowledged; so are the two *_en_o and vmw_o
    output wire [2:0]       vmw_o,
    output wire             recinvsid_o,
    output wire             ptm_o,
    output wire [47:0]      strtab_base_o,
    output wire             strtab_2lvl_o,
    output wire [4:0]       strtab_split_o,
    output wire [5:0]       strtab_log2_o,
    output wire             strtab_ra_o,
    output wire [1:0]       table_sh_o,
    output wire [1:0]       table_oc_o,
    output wire [1:0]       table_ic_o,
    output wire [1:0]       queue_sh_o,
    output wire [1:0]       queue_oc_o,
    output wire [1:0]       queue_ic_o,

    // ---- command queue -----------------------------------------------------------------------
    output wire             cmdq_en_o,
    output wire [47:0]      cmdq_base_o,
    output wire [4:0]       cmdq_log2_o,
    output wire             cmdq_ra_o,
    output wire [19:0]      cmdq_prod_o,
    output wire             cmdq_prod_kick_o,
    output wire             cmdq_cons_wr_o,
    output wire [31:0]      cmdq_cons_wdata_o,
    input  wire [19:0]      cmdq_cons_i,
    input  wire [6:0]       cmdq_err_code_i,
    input  wire             cmdq_idle_i,

    // ---- event queue -------------------------------------------------------------------------
    output wire             evtq_en_o,
    output wire [47:0]      evtq_base_o,
    output wire [4:0]       evtq_log2_o,
    output wire             evtq_wa_o,
    output wire             evtq_prod_wr_o,
    output wire [31:0]      evtq_prod_wdata_o,
    output wire [19:0]      evtq_cons_o,
    output wire             evtq_ovack_o,
    input  wire [19:0]      evtq_prod_i,
    input  wire             evtq_ovflg_i,
    input  wire             evtq_idle_i,

    // ---- MODE --------------------------------------------------------------------------------
    output wire             mode_valid_o,
    input  wire             mode_ready_i,
    output wire [`DN_W-1:0] mode_msg_o,
    input  wire             mode_done_i,
    output wire             smmuen_end_o,
    output wire             smmuen_off_o,
    input  wire             walk_idle_i,
    input  wire             tcu_ready_i,

    // ---- errors and interrupts; MSI ports: [0] event queue, [1] GERROR -----------------------
    input  wire             gerr_cmdq_i,
    input  wire             gerr_evtq_i,
    input  wire             gerr_msi_cmdq_i,
    input  wire             gerr_msi_evtq_i,
    input  wire             gerr_msi_gerr_i,
    output wire             gerr_cmdq_active_o,
    output wire             gerr_evtq_active_o,
    output wire [1:0]       msi_valid_o,
    input  wire [1:0]       msi_ready_i,
    input  wire [1:0]       msi_done_i,
    output wire [95:0]      msi_addr_o,
    output wire [63:0]      msi_data_o,
    output wire [7:0]       msi_attr_o,
    output wire [3:0]       msi_sh_o,
    input  wire             irq_evtq_i,
    input  wire             irq_sync_i,
    output wire             irq_evtq_o,
    output wire             irq_gerr_o,
    output wire             irq_cmd_sync_o,
    output wire             irq_priq_o
);
    // ---- parameter rules: a missing module names the broken one (D11) -------------------------
    generate
        if (CMDQS < 0 || CMDQS > 19) begin : g_check_cmdqs
            smmu_regs_cmdqs_must_be_0_to_19 u_broken_rule ();
        end
        if (EVENTQS < 0 || EVENTQS > 19) begin : g_check_eventqs
            smmu_regs_eventqs_must_be_0_to_19 u_broken_rule ();
        end
        if (STALL_MAX < 1 || STALL_MAX > 256) begin : g_check_stall_max
            smmu_regs_stall_max_must_be_1_to_256 u_broken_rule ();
        end
        if (GBPA_ABORT < 0 || GBPA_ABORT > 1) begin : g_check_gbpa_abort
            smmu_regs_gbpa_abort_must_be_0_or_1 u_broken_rule ();
        end
        if (OPT_DVM < 0 || OPT_DVM > 1 || OPT_COHACC < 0 || OPT_COHACC > 1) begin : g_check_opt
            smmu_regs_opt_must_be_0_or_1 u_broken_rule ();
        end
    endgenerate

    // ---- register bus -------------------------------------------------------------------------
    wire        wr;
    wire [16:0] waddr, raddr;
    wire [31:0] wdata;
    wire [31:0] rdata_id, rdata_cr0, rdata_table, rdata_queue, rdata_irq;

    smmu_axil_slave u_axil_slave (
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
        .wr_o           (wr),
        .waddr_o        (waddr),
        .wdata_o        (wdata),
        .raddr_o        (raddr),
        .rdata_i        (rdata_id | rdata_cr0 | rdata_table | rdata_queue | rdata_irq)
    );

    // ---- owners of the registers ----------------------------------------------------------------
    wire smmuen_0, cmdqen_0, evtqen_0;

    smmu_regs_id #(
        .CMDQS      (CMDQS),
        .EVENTQS    (EVENTQS),
        .STALL_MAX  (STALL_MAX),
        .OAS        (OAS),
        .OPT_DVM    (OPT_DVM),
        .OPT_COHACC (OPT_COHACC)
    ) u_id (
        .raddr_i (raddr),
        .rdata_o (rdata_id)
    );

    smmu_cr0 #(.GBPA_ABORT(GBPA_ABORT)) u_cr0 (
        .clk_i        (clk_i),
        .rst_ni       (rst_ni),
        .wr_i         (wr),
        .waddr_i      (waddr),
        .wdata_i      (wdata),
        .raddr_i      (raddr),
        .rdata_o      (rdata_cr0),
        .smmuen_o     (smmuen_o),
        .cmdq_en_o    (cmdq_en_o),
        .evtq_en_o    (evtq_en_o),
        .vmw_o        (vmw_o),
        .smmuen_0_o   (smmuen_0),
        .cmdqen_0_o   (cmdqen_0),
        .evtqen_0_o   (evtqen_0),
        .cmdq_idle_i  (cmdq_idle_i),
        .evtq_idle_i  (evtq_idle_i),
        .tcu_ready_i  (tcu_ready_i),
        .walk_idle_i  (walk_idle_i),
        .smmuen_end_o (smmuen_end_o),
        .smmuen_off_o (smmuen_off_o),
        .mode_valid_o (mode_valid_o),
        .mode_ready_i (mode_ready_i),
        .mode_msg_o   (mode_msg_o),
        .mode_done_i  (mode_done_i)
    );

    smmu_regs_table #(.OPT_DVM(OPT_DVM), .OAS(OAS)) u_table (
        .clk_i          (clk_i),
        .rst_ni         (rst_ni),
        .wr_i           (wr),
        .waddr_i        (waddr),
        .wdata_i        (wdata),
        .raddr_i        (raddr),
        .rdata_o        (rdata_table),
        .smmuen_0_i     (smmuen_0),
        .queues_0_i     (cmdqen_0 && evtqen_0),
        .table_sh_o     (table_sh_o),
        .table_oc_o     (table_oc_o),
        .table_ic_o     (table_ic_o),
        .queue_sh_o     (queue_sh_o),
        .queue_oc_o     (queue_oc_o),
        .queue_ic_o     (queue_ic_o),
        .recinvsid_o    (recinvsid_o),
        .ptm_o          (ptm_o),
        .strtab_base_o  (strtab_base_o),
        .strtab_ra_o    (strtab_ra_o),
        .strtab_2lvl_o  (strtab_2lvl_o),
        .strtab_split_o (strtab_split_o),
        .strtab_log2_o  (strtab_log2_o)
    );

    smmu_regs_queue #(.CMDQS(CMDQS), .EVENTQS(EVENTQS), .OAS(OAS)) u_queue (
        .clk_i             (clk_i),
        .rst_ni            (rst_ni),
        .wr_i              (wr),
        .waddr_i           (waddr),
        .wdata_i           (wdata),
        .raddr_i           (raddr),
        .rdata_o           (rdata_queue),
        .cmdqen_0_i        (cmdqen_0),
        .evtqen_0_i        (evtqen_0),
        .cmdq_base_o       (cmdq_base_o),
        .cmdq_log2_o       (cmdq_log2_o),
        .cmdq_ra_o         (cmdq_ra_o),
        .cmdq_prod_o       (cmdq_prod_o),
        .cmdq_prod_kick_o  (cmdq_prod_kick_o),
        .cmdq_cons_wr_o    (cmdq_cons_wr_o),
        .cmdq_cons_wdata_o (cmdq_cons_wdata_o),
        .cmdq_cons_i       (cmdq_cons_i),
        .cmdq_err_code_i   (cmdq_err_code_i),
        .evtq_base_o       (evtq_base_o),
        .evtq_log2_o       (evtq_log2_o),
        .evtq_wa_o         (evtq_wa_o),
        .evtq_prod_wr_o    (evtq_prod_wr_o),
        .evtq_prod_wdata_o (evtq_prod_wdata_o),
        .evtq_cons_o       (evtq_cons_o),
        .evtq_ovack_o      (evtq_ovack_o),
        .evtq_prod_i       (evtq_prod_i),
        .evtq_ovflg_i      (evtq_ovflg_i)
    );

    smmu_irq #(.OAS(OAS)) u_irq (
        .clk_i              (clk_i),
        .rst_ni             (rst_ni),
        .wr_i               (wr),
        .waddr_i            (waddr),
        .wdata_i            (wdata),
        .raddr_i            (raddr),
        .rdata_o            (rdata_irq),
        .gerr_cmdq_i        (gerr_cmdq_i),
        .gerr_evtq_i        (gerr_evtq_i),
        .gerr_msi_cmdq_i    (gerr_msi_cmdq_i),
        .gerr_msi_evtq_i    (gerr_msi_evtq_i),
        .gerr_msi_gerr_i    (gerr_msi_gerr_i),
        .gerr_cmdq_active_o (gerr_cmdq_active_o),
        .gerr_evtq_active_o (gerr_evtq_active_o),
        .irq_evtq_i         (irq_evtq_i),
        .irq_sync_i         (irq_sync_i),
        .msi_valid_o        (msi_valid_o),
        .msi_ready_i        (msi_ready_i),
        .msi_done_i         (msi_done_i),
        .msi_addr_o         (msi_addr_o),
        .msi_data_o         (msi_data_o),
        .msi_attr_o         (msi_attr_o),
        .msi_sh_o           (msi_sh_o),
        .irq_evtq_o         (irq_evtq_o),
        .irq_gerr_o         (irq_gerr_o),
        .irq_cmd_sync_o     (irq_cmd_sync_o),
        .irq_priq_o         (irq_priq_o)
    );
endmodule

`default_nettype wire
