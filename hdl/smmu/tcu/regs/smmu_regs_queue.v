// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_regs_queue
// Purpose: Registers of the command and event queues, with their guards.
//          CMDQ_CONS and EVENTQ_PROD live in the queue blocks: writes go there.
// Spec   : QUE-002, QUE-003, QUE-006, REG-020..025, EVQ-025, INI-020, MEM-009
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : register bus;  *_0_i  guards: enable and acknowledgement are 0
//          cmdq_cons_i, cmdq_err_code_i, evtq_prod_i, evtq_ovflg_i  of the blocks,
//          index bits above the wrap bit already 0
// Out    : cmdq_*, evtq_*  capped size, aligned base, software's index
//          *_wr_o  with *_wdata_o: a guarded index write, as the register image
// Limits : page 0 has no alias of EVENTQ_PROD and EVENTQ_CONS (REG-031)
// Tests  : tests/unit/test_regs.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"

module smmu_regs_queue #(
    parameter CMDQS   = 8,      // log2 of the largest command queue
    parameter EVENTQS = 8,      // log2 of the largest event queue
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
    input  wire        cmdqen_0_i,
    input  wire        evtqen_0_i,

    // ---- command queue -----------------------------------------------------------------------
    output wire [47:0] cmdq_base_o,
    output wire [4:0]  cmdq_log2_o,
    output wire        cmdq_ra_o,
    output wire [19:0] cmdq_prod_o,
    output reg         cmdq_prod_kick_o,
    output wire        cmdq_cons_wr_o,
    output wire [31:0] cmdq_cons_wdata_o,
    input  wire [19:0] cmdq_cons_i,
    input  wire [6:0]  cmdq_err_code_i,

    // ---- event queue -------------------------------------------------------------------------
    output wire [47:0] evtq_base_o,
    output wire [4:0]  evtq_log2_o,
    output wire        evtq_wa_o,
    output wire        evtq_prod_wr_o,
    output wire [31:0] evtq_prod_wdata_o,
    output wire [19:0] evtq_cons_o,
    output wire        evtq_ovack_o,
    input  wire [19:0] evtq_prod_i,
    input  wire        evtq_ovflg_i
);
    localparam [63:0] ABOVE      = 64'hffff_ffff_ffff ^ (64'hffff_ffff_ffff >> (48 - OAS));
    localparam [63:0] CBASE_MASK = `CMDQ_BASE_WMASK & ~ABOVE;
    localparam [63:0] EBASE_MASK = `EVENTQ_BASE_WMASK & ~ABOVE;
    localparam [4:0]  CMDQ_MAX   = CMDQS[4:0];
    localparam [4:0]  EVTQ_MAX   = EVENTQS[4:0];

    reg  [63:0] cbase_q, ebase_q;
    reg  [31:0] cprod_q, econs_q;

    wire [31:0] waddr = {15'd0, waddr_i};
    wire [31:0] ccons, eprod;       // images of the registers kept by the blocks

    // ---- write ---------------------------------------------------------------------------------
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            cbase_q          <= `CMDQ_BASE_RESET;
            cprod_q          <= `CMDQ_PROD_RESET;
            ebase_q          <= `EVENTQ_BASE_RESET;
            econs_q          <= `EVENTQ_CONS_RESET;
            cmdq_prod_kick_o <= 1'b0;
        end else begin
            cmdq_prod_kick_o <= wr_i && (waddr == `REG_CMDQ_PROD);
            if (wr_i) begin
                case (waddr)
                    `REG_CMDQ_BASE:           if (cmdqen_0_i) cbase_q[31:0] <= wdata_i & CBASE_MASK[31:0];
                    `REG_CMDQ_BASE + 32'd4:   if (cmdqen_0_i) cbase_q[63:32] <= wdata_i & CBASE_MASK[63:32];
                    `REG_CMDQ_PROD:           cprod_q <= wdata_i & `CMDQ_PROD_WMASK;
                    `REG_EVENTQ_BASE:         if (evtqen_0_i) ebase_q[31:0] <= wdata_i & EBASE_MASK[31:0];
                    `REG_EVENTQ_BASE + 32'd4: if (evtqen_0_i) ebase_q[63:32] <= wdata_i & EBASE_MASK[63:32];
                    `REG_EVENTQ_CONS:         econs_q <= wdata_i & `EVENTQ_CONS_WMASK;
                    default: ;
                endcase
            end
        end
    end

    // A write of CMDQ_CONS leaves ERR as it is (REG-022).
    assign cmdq_cons_wr_o    = wr_i && cmdqen_0_i && (waddr == `REG_CMDQ_CONS);
    assign cmdq_cons_wdata_o = (ccons & ~`CMDQ_CONS_WMASK) | (wdata_i & `CMDQ_CONS_WMASK);
    assign evtq_prod_wr_o    = wr_i && evtqen_0_i && (waddr == `REG_EVENTQ_PROD);
    assign evtq_prod_wdata_o = wdata_i & `EVENTQ_PROD_WMASK;

    // ---- read ----------------------------------------------------------------------------------
    assign ccons = {1'b0, cmdq_err_code_i, 4'd0, cmdq_cons_i};
    assign eprod = {evtq_ovflg_i, 11'd0, evtq_prod_i};

    always @(*) begin
        case ({15'd0, raddr_i})
            `REG_CMDQ_BASE:           rdata_o = cbase_q[31:0];
            `REG_CMDQ_BASE + 32'd4:   rdata_o = cbase_q[63:32];
            `REG_CMDQ_PROD:           rdata_o = cprod_q;
            `REG_CMDQ_CONS:           rdata_o = ccons;
            `REG_EVENTQ_BASE:         rdata_o = ebase_q[31:0];
            `REG_EVENTQ_BASE + 32'd4: rdata_o = ebase_q[63:32];
            `REG_EVENTQ_PROD:         rdata_o = eprod;
            `REG_EVENTQ_CONS:         rdata_o = econs_q;
            default:                  rdata_o = 32'd0;
        endcase
    end

    // ---- size: capped for use, read back as written (QUE-003) -----------------------------------
    wire [4:0] clog2 = cbase_q[`CMDQ_BASE_LOG2SIZE_LSB +: `CMDQ_BASE_LOG2SIZE_W];
    wire [4:0] elog2 = ebase_q[`EVENTQ_BASE_LOG2SIZE_LSB +: `EVENTQ_BASE_LOG2SIZE_W];

    assign cmdq_log2_o = (clog2 > CMDQ_MAX) ? CMDQ_MAX : clog2;
    assign evtq_log2_o = (elog2 > EVTQ_MAX) ? EVTQ_MAX : elog2;

    // ---- base: aligned down to the bytes of the queue, at least 32 (QUE-003) --------------------
    // An entry has 16 bytes here and 32 there; ADDR[4:0] is 0 as LOG2SIZE lies in these bits.
    wire [47:0] cmdq_low = (48'd16 << cmdq_log2_o) - 48'd1;
    wire [47:0] evtq_low = (48'd32 << evtq_log2_o) - 48'd1;

    assign cmdq_base_o = {cbase_q[47:5], 5'd0} & ~cmdq_low;
    assign evtq_base_o = {ebase_q[47:5], 5'd0} & ~evtq_low;

    // ---- further fields --------------------------------------------------------------------------
    assign cmdq_ra_o    = cbase_q[`CMDQ_BASE_RA_LSB];
    assign cmdq_prod_o  = cprod_q[`CMDQ_PROD_WR_LSB +: `CMDQ_PROD_WR_W];
    assign evtq_wa_o    = ebase_q[`EVENTQ_BASE_WA_LSB];
    assign evtq_cons_o  = econs_q[`EVENTQ_CONS_RD_LSB +: `EVENTQ_CONS_RD_W];
    assign evtq_ovack_o = econs_q[`EVENTQ_CONS_OVACKFLG_LSB];
endmodule

`default_nettype wire
