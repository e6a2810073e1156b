// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_regs
// Purpose: Register file: storage, guards, read mux; CR0 and interrupts inside.
// Spec   : REG-001..046, QUE-003, INI-020
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Tests  : none yet
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"
module smmu_regs #(
    parameter CMDQS = 8, parameter EVENTQS = 8, parameter STALL_MAX = 16, parameter GBPA_ABORT = 0
) (
    input  wire        clk_i, input wire rst_ni,
    input  wire        s_axil_awvalid, output wire s_axil_awready, input wire [16:0] s_axil_awaddr,
    input  wire        s_axil_wvalid, output wire s_axil_wready, input wire [31:0] s_axil_wdata, input wire [3:0] s_axil_wstrb,
    output wire        s_axil_bvalid, input wire s_axil_bready, output wire [1:0] s_axil_bresp,
    input  wire        s_axil_arvalid, output wire s_axil_arready, input wire [16:0] s_axil_araddr,
    output wire        s_axil_rvalid, input wire s_axil_rready, output wire [31:0] s_axil_rdata, output wire [1:0] s_axil_rresp,
    output wire        smmuen_o, output wire [2:0] vmw_o, output wire recinvsid_o, output wire ptm_o,
    output wire [47:0] strtab_base_o, output wire strtab_2lvl_o, output wire [4:0] strtab_split_o,
    output wire [5:0]  strtab_log2_o, output wire strtab_ra_o,
    output wire [1:0]  table_sh_o, output wire [1:0] table_oc_o, output wire [1:0] table_ic_o,
    output wire [1:0]  queue_sh_o, output wire [1:0] queue_oc_o, output wire [1:0] queue_ic_o,
    output wire        cmdq_en_o, output wire [47:0] cmdq_base_o, output wire [4:0] cmdq_log2_o, output wire cmdq_ra_o,
    output wire [19:0] cmdq_prod_o, output reg cmdq_prod_kick_o, output wire cmdq_cons_wr_o, output wire [31:0] cmdq_cons_wdata_o,
    input  wire [19:0] cmdq_cons_i, input wire [6:0] cmdq_err_code_i, input wire cmdq_idle_i,
    output wire        evtq_en_o, output wire [47:0] evtq_base_o, output wire [4:0] evtq_log2_o, output wire evtq_wa_o,
    output wire        evtq_prod_wr_o, output wire [31:0] evtq_prod_wdata_o, output wire [19:0] evtq_cons_o, output wire evtq_ovack_o,
    input  wire [19:0] evtq_prod_i, input wire evtq_ovflg_i, input wire evtq_idle_i,
    output wire        mode_valid_o, input wire mode_ready_i, output wire [`DN_W-1:0] mode_msg_o, input wire mode_done_i,
    output wire        smmuen_off_o, input wire walk_idle_i, input wire tcu_ready_i,
    input  wire        gerr_cmdq_i, input wire gerr_evtq_i, input wire gerr_msi_cmdq_i, input wire gerr_msi_evtq_i, input wire gerr_msi_gerr_i,
    output wire        gerr_cmdq_active_o, output wire gerr_evtq_active_o,
    output wire [1:0]  msi_valid_o, input wire [1:0] msi_ready_i, input wire [1:0] msi_done_i,   // 0 event queue, 1 GERROR
    output wire [95:0] msi_addr_o, output wire [63:0] msi_data_o, output wire [7:0] msi_attr_o, output wire [3:0] msi_sh_o,
    input  wire        irq_evtq_i, input wire irq_sync_i,
    output wire        irq_evtq_o, output wire irq_gerr_o, output wire irq_cmd_sync_o, output wire irq_priq_o
);
    wire wr; wire [16:0] waddr, raddr; wire [31:0] wd; reg [31:0] rd;
    smmu_axil_slave u_axil (.clk_i(clk_i), .rst_ni(rst_ni),
        .s_axil_awvalid(s_axil_awvalid), .s_axil_awready(s_axil_awready), .s_axil_awaddr(s_axil_awaddr),
        .s_axil_wvalid(s_axil_wvalid), .s_axil_wready(s_axil_wready), .s_axil_wdata(s_axil_wdata), .s_axil_wstrb(s_axil_wstrb),
        .s_axil_bvalid(s_axil_bvalid), .s_axil_bready(s_axil_bready), .s_axil_bresp(s_axil_bresp),
        .s_axil_arvalid(s_axil_arvalid), .s_axil_arready(s_axil_arready), .s_axil_araddr(s_axil_araddr),
        .s_axil_rvalid(s_axil_rvalid), .s_axil_rready(s_axil_rready), .s_axil_rdata(s_axil_rdata), .s_axil_rresp(s_axil_rresp),
        .wr_o(wr), .waddr_o(waddr), .wdata_o(wd), .raddr_o(raddr), .rdata_i(rd));
    wire [31:0] wa = {15'd0, waddr}, ra = {15'd0, raddr};
    wire [31:0] cr0, ack, gbpa, ctrl, ctrlack, gerror, gerrorn;
    reg [31:0] cr1_q, cr2_q, scfg_q, prod_q, econs_q, gd_q, g2_q, ed_q, e2_q;
    reg [63:0] strtab_q, cbase_q, ebase_q, ga_q, ea_q;
    wire s_ok = !cr0[0] && !ack[0], c_ok = !cr0[3] && !ack[3], e_ok = !cr0[2] && !ack[2];
    wire gi_ok = !ctrl[0] && !ctrlack[0], ei_ok = !ctrl[2] && !ctrlack[2];
    wire [31:0] cr1_m = `CR1_WMASK & {20'd0, {6{s_ok}}, {6{c_ok && e_ok}}};
    smmu_cr0 #(.GBPA_ABORT(GBPA_ABORT)) u_cr0 (.clk_i(clk_i), .rst_ni(rst_ni), .cr0_wr_i(wr && wa == `REG_CR0),
        .gbpa_wr_i(wr && wa == `REG_GBPA), .wdata_i(wd), .cr0_o(cr0), .cr0ack_o(ack), .gbpa_o(gbpa),
        .cmdq_idle_i(cmdq_idle_i), .evtq_idle_i(evtq_idle_i), .tcu_ready_i(tcu_ready_i), .walk_idle_i(walk_idle_i),
        .smmuen_off_o(smmuen_off_o), .mode_valid_o(mode_valid_o), .mode_ready_i(mode_ready_i), .mode_msg_o(mode_msg_o), .mode_done_i(mode_done_i));
    smmu_irq u_irq (.clk_i(clk_i), .rst_ni(rst_ni), .ctrl_wr_i(wr && wa == `REG_IRQ_CTRL), .gerrorn_wr_i(wr && wa == `REG_GERRORN),
        .wdata_i(wd), .ctrl_o(ctrl), .ctrlack_o(ctrlack), .gerror_o(gerror), .gerrorn_o(gerrorn),
        .gerr_cmdq_i(gerr_cmdq_i), .gerr_evtq_i(gerr_evtq_i), .gerr_msi_cmdq_i(gerr_msi_cmdq_i), .gerr_msi_evtq_i(gerr_msi_evtq_i),
        .gerr_msi_gerr_i(gerr_msi_gerr_i), .irq_evtq_i(irq_evtq_i), .irq_sync_i(irq_sync_i), .addr_nz_i({|ga_q, |ea_q}),
        .msi_valid_o(msi_valid_o), .msi_ready_i(msi_ready_i), .msi_done_i(msi_done_i),
        .irq_evtq_o(irq_evtq_o), .irq_gerr_o(irq_gerr_o), .irq_cmd_sync_o(irq_cmd_sync_o), .irq_priq_o(irq_priq_o));
    wire [63:0] lo = {32'd0, wd}, hi = {wd, 32'd0};
    localparam [63:0] HI = 64'hffff_ffff_0000_0000, LO = 64'h0000_0000_ffff_ffff;
    always @(posedge clk_i) begin
        cmdq_prod_kick_o <= rst_ni && wr && wa == `REG_CMDQ_PROD;
        if (!rst_ni) begin
            cr1_q <= `CR1_RESET; cr2_q <= `CR2_RESET; scfg_q <= 32'd0; prod_q <= 32'd0; econs_q <= 32'd0;
            gd_q <= 32'd0; g2_q <= 32'd0; ed_q <= 32'd0; e2_q <= 32'd0;
            strtab_q <= 64'd0; cbase_q <= 64'd0; ebase_q <= 64'd0; ga_q <= 64'd0; ea_q <= 64'd0;
        end else if (wr) case (wa)
            `REG_CR1: cr1_q <= (cr1_q & ~cr1_m) | (wd & cr1_m);
            `REG_CR2: if (s_ok) cr2_q <= wd & `CR2_WMASK;
            `REG_STRTAB_BASE_CFG: if (s_ok) scfg_q <= wd & `STRTAB_BASE_CFG_WMASK;
            `REG_STRTAB_BASE: if (s_ok) strtab_q <= ((strtab_q & HI) | lo) & `STRTAB_BASE_WMASK;
            `REG_STRTAB_BASE + 4: if (s_ok) strtab_q <= ((strtab_q & LO) | hi) & `STRTAB_BASE_WMASK;
            `REG_CMDQ_BASE: if (c_ok) cbase_q <= ((cbase_q & HI) | lo) & `CMDQ_BASE_WMASK;
            `REG_CMDQ_BASE + 4: if (c_ok) cbase_q <= ((cbase_q & LO) | hi) & `CMDQ_BASE_WMASK;
            `REG_CMDQ_PROD: prod_q <= wd & `CMDQ_PROD_WMASK;
            `REG_EVENTQ_BASE: if (e_ok) ebase_q <= ((ebase_q & HI) | lo) & `EVENTQ_BASE_WMASK;
            `REG_EVENTQ_BASE + 4: if (e_ok) ebase_q <= ((ebase_q & LO) | hi) & `EVENTQ_BASE_WMASK;
            `REG_EVENTQ_CONS: econs_q <= wd & `EVENTQ_CONS_WMASK;
            `REG_GERROR_IRQ_CFG0: if (gi_ok) ga_q <= ((ga_q & HI) | lo) & `GERROR_IRQ_CFG0_WMASK;
            `REG_GERROR_IRQ_CFG0 + 4: if (gi_ok) ga_q <= ((ga_q & LO) | hi) & `GERROR_IRQ_CFG0_WMASK;
            `REG_GERROR_IRQ_CFG1: if (gi_ok) gd_q <= wd;
            `REG_GERROR_IRQ_CFG2: if (gi_ok) g2_q <= wd & `GERROR_IRQ_CFG2_WMASK;
            `REG_EVENTQ_IRQ_CFG0: if (ei_ok) ea_q <= ((ea_q & HI) | lo) & `EVENTQ_IRQ_CFG0_WMASK;
            `REG_EVENTQ_IRQ_CFG0 + 4: if (ei_ok) ea_q <= ((ea_q & LO) | hi) & `EVENTQ_IRQ_CFG0_WMASK;
            `REG_EVENTQ_IRQ_CFG1: if (ei_ok) ed_q <= wd;
            `REG_EVENTQ_IRQ_CFG2: if (ei_ok) e2_q <= wd & `EVENTQ_IRQ_CFG2_WMASK;
            default: ;
        endcase
    end
    localparam [31:0] IDR1 = (`IDR1_RESET & 32'hfc00_ffff) | (CMDQS << 21) | (EVENTQS << 16);
    localparam [31:0] IDR5 = (`IDR5_RESET & 32'h0000_ffff) | (STALL_MAX << 16);
    always @(*) begin
        rd = 32'd0;
        case (ra)
            `REG_IDR0: rd = `IDR0_RESET;   `REG_IDR1: rd = IDR1;  `REG_IDR3: rd = `IDR3_RESET;  `REG_IDR5: rd = IDR5;
            `REG_IIDR: rd = `IIDR_RESET;   `REG_AIDR: rd = `AIDR_RESET;
            `REG_CR0: rd = cr0;  `REG_CR0ACK: rd = ack;  `REG_CR1: rd = cr1_q;  `REG_CR2: rd = cr2_q;  `REG_GBPA: rd = gbpa;
            `REG_IRQ_CTRL: rd = ctrl;  `REG_IRQ_CTRLACK: rd = ctrlack;  `REG_GERROR: rd = gerror;  `REG_GERRORN: rd = gerrorn;
            `REG_GERROR_IRQ_CFG0: rd = ga_q[31:0];  `REG_GERROR_IRQ_CFG0 + 4: rd = ga_q[63:32];
            `REG_GERROR_IRQ_CFG1: rd = gd_q;  `REG_GERROR_IRQ_CFG2: rd = g2_q;
            `REG_STRTAB_BASE: rd = strtab_q[31:0];  `REG_STRTAB_BASE + 4: rd = strtab_q[63:32];  `REG_STRTAB_BASE_CFG: rd = scfg_q;
            `REG_CMDQ_BASE: rd = cbase_q[31:0];  `REG_CMDQ_BASE + 4: rd = cbase_q[63:32];
            `REG_CMDQ_PROD: rd = prod_q;  `REG_CMDQ_CONS: rd = {1'b0, cmdq_err_code_i, 4'd0, cmdq_cons_i};
            `REG_EVENTQ_BASE: rd = ebase_q[31:0];  `REG_EVENTQ_BASE + 4: rd = ebase_q[63:32];
            `REG_EVENTQ_IRQ_CFG0: rd = ea_q[31:0];  `REG_EVENTQ_IRQ_CFG0 + 4: rd = ea_q[63:32];
            `REG_EVENTQ_IRQ_CFG1: rd = ed_q;  `REG_EVENTQ_IRQ_CFG2: rd = e2_q;
            `REG_EVENTQ_PROD: rd = {evtq_ovflg_i, 11'd0, evtq_prod_i};  `REG_EVENTQ_CONS: rd = econs_q;
            `REG_PIDR0: rd = `PIDR0_RESET;  `REG_PIDR1: rd = `PIDR1_RESET;  `REG_PIDR2: rd = `PIDR2_RESET;  `REG_PIDR3: rd = `PIDR3_RESET;
            `REG_PIDR4: rd = `PIDR4_RESET;  `REG_CIDR0: rd = `CIDR0_RESET;  `REG_CIDR1: rd = `CIDR1_RESET;
            `REG_CIDR2: rd = `CIDR2_RESET;  `REG_CIDR3: rd = `CIDR3_RESET;
            default: rd = 32'd0;
        endcase
    end
    localparam [4:0] CQ = CMDQS[4:0], EQ = EVENTQS[4:0];
    assign smmuen_o = ack[0];  assign vmw_o = ack[8:6];  assign recinvsid_o = cr2_q[1];  assign ptm_o = cr2_q[2];
    assign strtab_base_o = strtab_q[47:0];  assign strtab_ra_o = strtab_q[62];  assign strtab_2lvl_o = scfg_q[17:16] == 2'd1;
    assign strtab_split_o = scfg_q[10:6];  assign strtab_log2_o = scfg_q[5:0];
    assign {table_sh_o, table_oc_o, table_ic_o, queue_sh_o, queue_oc_o, queue_ic_o} = cr1_q[11:0];
    assign cmdq_en_o = cr0[3];  assign cmdq_log2_o = (cbase_q[4:0] > CQ) ? CQ : cbase_q[4:0];  assign cmdq_ra_o = cbase_q[62];
    assign evtq_en_o = cr0[2];  assign evtq_log2_o = (ebase_q[4:0] > EQ) ? EQ : ebase_q[4:0];  assign evtq_wa_o = ebase_q[62];
    assign cmdq_base_o = {cbase_q[47:5], 5'd0} & ~((48'd16 << cmdq_log2_o) - 48'd1);
    assign evtq_base_o = {ebase_q[47:5], 5'd0} & ~((48'd32 << evtq_log2_o) - 48'd1);
    assign cmdq_prod_o = prod_q[19:0];  assign cmdq_cons_wr_o = wr && wa == `REG_CMDQ_CONS && c_ok;  assign cmdq_cons_wdata_o = wd;
    assign evtq_prod_wr_o = wr && wa == `REG_EVENTQ_PROD && e_ok;  assign evtq_prod_wdata_o = wd;
    assign evtq_cons_o = econs_q[19:0];  assign evtq_ovack_o = econs_q[31];
    assign gerr_cmdq_active_o = gerror[0] ^ gerrorn[0];  assign gerr_evtq_active_o = gerror[2] ^ gerrorn[2];
    assign msi_addr_o = {ga_q[47:0], ea_q[47:0]};  assign msi_data_o = {gd_q, ed_q};
    assign msi_attr_o = {g2_q[3:0], e2_q[3:0]};  assign msi_sh_o = {g2_q[5:4], e2_q[5:4]};
endmodule

`default_nettype wire
