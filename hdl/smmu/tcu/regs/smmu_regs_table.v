// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_regs_table
// Purpose: CR1, CR2 and the stream table registers, with their guards.
// Spec   : INI-020, REG-010, REG-011, REG-018, REG-019, REG-035, STR-005, MEM-009
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : register bus;  *_0_i  guards: enable and acknowledgement are 0
// Out    : the fields; the walker aligns the base and caps the size (STR-002)
// Tests  : tests/unit/test_regs.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"

module smmu_regs_table #(
    parameter OPT_DVM = 1,      // 0: CR2.PTM is RES0 (REG-001)
    parameter OAS     = 48      // address bits from here on are not stored (MEM-009)
) (
    input  wire        clk_i,
    input  wire        rst_ni,

    // ---- register bus and guards -------------------------------------------------------------
    input  wire        wr_i,
    input  wire [16:0] waddr_i,
    input  wire [31:0] wdata_i,
    input  wire [16:0] raddr_i,
    output reg  [31:0] rdata_o,
    input  wire        smmuen_0_i,
    input  wire        queues_0_i,

    // ---- fields ------------------------------------------------------------------------------
    output wire [1:0]  table_sh_o,
    output wire [1:0]  table_oc_o,
    output wire [1:0]  table_ic_o,
    output wire [1:0]  queue_sh_o,
    output wire [1:0]  queue_oc_o,
    output wire [1:0]  queue_ic_o,
    output wire        recinvsid_o,
    output wire        ptm_o,
    output wire [47:0] strtab_base_o,
    output wire        strtab_ra_o,
    output wire        strtab_2lvl_o,
    output wire [4:0]  strtab_split_o,
    output wire [5:0]  strtab_log2_o
);
    localparam [31:0] PTM       = 32'd1 << `CR2_PTM_LSB;
    localparam [31:0] CR2_MASK  = `CR2_WMASK & ~((OPT_DVM != 0) ? 32'd0 : PTM);
    localparam [31:0] CR2_RST   = `CR2_RESET & ~((OPT_DVM != 0) ? 32'd0 : PTM);
    localparam [63:0] ABOVE     = 64'hffff_ffff_ffff ^ (64'hffff_ffff_ffff >> (48 - OAS));
    localparam [63:0] BASE_MASK = `STRTAB_BASE_WMASK & ~ABOVE;
    localparam [1:0]  FMT_2LVL  = 2'd1;

    // CR1: each group has its own guard (REG-010)
    localparam [31:0] CR1_TABLE = 32'h3 << `CR1_TABLE_SH_LSB | 32'h3 << `CR1_TABLE_OC_LSB
                                | 32'h3 << `CR1_TABLE_IC_LSB;
    localparam [31:0] CR1_QUEUE = 32'h3 << `CR1_QUEUE_SH_LSB | 32'h3 << `CR1_QUEUE_OC_LSB
                                | 32'h3 << `CR1_QUEUE_IC_LSB;

    reg  [31:0] cr1_q, cr2_q, cfg_q;
    reg  [63:0] base_q;

    wire [31:0] cr1_take = (smmuen_0_i ? CR1_TABLE : 32'd0) | (queues_0_i ? CR1_QUEUE : 32'd0);

    // ---- write ---------------------------------------------------------------------------------
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            cr1_q  <= `CR1_RESET;
            cr2_q  <= CR2_RST;
            cfg_q  <= `STRTAB_BASE_CFG_RESET;
            base_q <= `STRTAB_BASE_RESET;
        end else if (wr_i) begin
            case ({15'd0, waddr_i})
                `REG_CR1:                 cr1_q <= (cr1_q & ~cr1_take) | (wdata_i & cr1_take);
                `REG_CR2:                 if (smmuen_0_i) cr2_q <= wdata_i & CR2_MASK;
                `REG_STRTAB_BASE:         if (smmuen_0_i) base_q[31:0] <= wdata_i & BASE_MASK[31:0];
                `REG_STRTAB_BASE + 32'd4: if (smmuen_0_i) base_q[63:32] <= wdata_i & BASE_MASK[63:32];
                `REG_STRTAB_BASE_CFG:     if (smmuen_0_i) cfg_q <= wdata_i & `STRTAB_BASE_CFG_WMASK;
                default: ;
            endcase
        end
    end

    // ---- read ----------------------------------------------------------------------------------
    always @(*) begin
        case ({15'd0, raddr_i})
            `REG_CR1:                 rdata_o = cr1_q;
            `REG_CR2:                 rdata_o = cr2_q;
            `REG_STRTAB_BASE:         rdata_o = base_q[31:0];
            `REG_STRTAB_BASE + 32'd4: rdata_o = base_q[63:32];
            `REG_STRTAB_BASE_CFG:     rdata_o = cfg_q;
            default:                  rdata_o = 32'd0;
        endcase
    end

    // ---- fields --------------------------------------------------------------------------------
    assign table_sh_o     = cr1_q[`CR1_TABLE_SH_LSB +: `CR1_TABLE_SH_W];
    assign table_oc_o     = cr1_q[`CR1_TABLE_OC_LSB +: `CR1_TABLE_OC_W];
    assign table_ic_o     = cr1_q[`CR1_TABLE_IC_LSB +: `CR1_TABLE_IC_W];
    assign queue_sh_o     = cr1_q[`CR1_QUEUE_SH_LSB +: `CR1_QUEUE_SH_W];
    assign queue_oc_o     = cr1_q[`CR1_QUEUE_OC_LSB +: `CR1_QUEUE_OC_W];
    assign queue_ic_o     = cr1_q[`CR1_QUEUE_IC_LSB +: `CR1_QUEUE_IC_W];
    assign recinvsid_o    = cr2_q[`CR2_RECINVSID_LSB];
    assign ptm_o          = cr2_q[`CR2_PTM_LSB];
    assign strtab_base_o  = base_q[47:0];
    assign strtab_ra_o    = base_q[`STRTAB_BASE_RA_LSB];
    // STR-005: the reserved formats act as linear
    assign strtab_2lvl_o  = (cfg_q[`STRTAB_BASE_CFG_FMT_LSB +: `STRTAB_BASE_CFG_FMT_W] == FMT_2LVL);
    assign strtab_split_o = cfg_q[`STRTAB_BASE_CFG_SPLIT_LSB +: `STRTAB_BASE_CFG_SPLIT_W];
    assign strtab_log2_o  = cfg_q[`STRTAB_BASE_CFG_LOG2SIZE_LSB +: `STRTAB_BASE_CFG_LOG2SIZE_W];
endmodule

`default_nettype wire
