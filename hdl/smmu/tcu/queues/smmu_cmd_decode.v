// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_cmd_decode
// Purpose: What one command is: its class, whether it is legal, and the INV
//          message of a CFGI or TLBI. Fields a message does not use are zero.
// Spec   : IHI 0070 4.1.3, 4.3, 4.4; CMD-004..009, CMD-013..025, TLB-001..028
// Clock  : none, purely combinational
// Out    : ill_o      CERROR_ILL, wins over everything else (CMD-008)
//          noop_o     consumed without an effect
//          inv_o, resume_o, term_o, sync_o  at most one, and none with noop_o
// Limits : IDR0.Hyp, ATS and PRI are 0; a TLBI address counts as {VA[55], VA[47:12]}
// Tests  : tests/unit/test_cmdq.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"

module smmu_cmd_decode (
    input  wire [`CMD_W-1:0] cmd_i,
    input  wire [2:0]        vmw_i,         // CR0.VMW
    output wire              ill_o,
    output wire              noop_o,
    output wire              inv_o,
    output wire              resume_o,
    output wire              term_o,
    output wire              sync_o,
    output reg  [`INV_W-1:0] inv_msg_o
);
    // ---- class ----------------------------------------------------------------
    wire [7:0] op       = cmd_i[`CMD_OPCODE_LSB +: `CMD_OPCODE_W];
    wire       prefetch = op == `OP_PREFETCH_CONFIG || op == `OP_PREFETCH_ADDR;
    wire       cfgi_rng = op == `OP_CFGI_STE_RANGE;
    wire       cfgi_cd  = op == `OP_CFGI_CD;
    wire       cfgi_cds = op == `OP_CFGI_CD_ALL;
    wire       cfgi     = op == `OP_CFGI_STE || cfgi_rng || cfgi_cd || cfgi_cds;
    wire       nh_va    = op == `OP_TLBI_NH_VA;
    wire       s2_ipa   = op == `OP_TLBI_S2_IPA;
    wire       nsnh     = op == `OP_TLBI_NSNH_ALL;
    wire       by_addr  = nh_va || s2_ipa || op == `OP_TLBI_NH_VAA;
    wire       by_asid  = nh_va || op == `OP_TLBI_NH_ASID;
    wire       both     = nsnh || op == `OP_TLBI_S12_VMALL;     // stages
    wire       tlbi     = by_addr || by_asid || both || op == `OP_TLBI_NH_ALL;
    wire       resume   = op == `OP_RESUME;
    wire       term     = op == `OP_STALL_TERM;
    wire       sync     = op == `OP_SYNC;
    wire       streamy  = cfgi || prefetch || resume || term;   // has SSec and StreamID

    // ---- StreamIDs: what the block of a range leaves of bits 31:16 must be 0 (CMD-013) --------
    wire [31:0] sid     = cmd_i[`CMD_STREAMID_LSB +: `CMD_STREAMID_W];
    wire [4:0]  range   = cmd_i[`CMD_CFGI_RANGE_LSB +: `CMD_CFGI_RANGE_W];
    wire [31:0] sidmask = cfgi_rng ? ~(32'hffff_fffe << range) : 32'd0;
    wire        far     = streamy && |(sid[31:16] & ~sidmask[31:16]);

    // ---- addresses, in 4 KB pages --------------------------------------------------------------
    wire [1:0]  tg      = cmd_i[`CMD_TLBI_TG_LSB +: `CMD_TLBI_TG_W];
    wire [1:0]  ttl_raw = cmd_i[`CMD_TLBI_TTL_LSB +: `CMD_TLBI_TTL_W];
    wire [4:0]  num     = cmd_i[`CMD_TLBI_NUM_LSB +: `CMD_TLBI_NUM_W];
    wire [4:0]  scale   = cmd_i[`CMD_TLBI_SCALE_LSB +: `CMD_TLBI_SCALE_W];
    wire        ranged  = by_addr && tg != `TLBITG_NONE;
    // 16 KB has no blocks at level 1: the hint counts as none (TLB-007); without TG it is not used
    wire [1:0]  ttl     = (!ranged || (tg == `TLBITG_G16K && ttl_raw == 2'd1)) ? 2'd0 : ttl_raw;
    wire        empty   = ranged && num == 5'd0 && scale == 5'd0 && ttl == 2'd0;    // TLB-008

    wire [2:0]  gran_sh = (tg == `TLBITG_G64K) ? 3'd4 : (tg == `TLBITG_G16K) ? 3'd2 : 3'd0;
    reg  [4:0]  blk_sh;                         // block of the level hint, else the granule
    always @(*) begin
        case ({tg, ttl})
            {`TLBITG_G4K,  2'd1}: blk_sh = 5'd18;
            {`TLBITG_G4K,  2'd2}: blk_sh = 5'd9;
            {`TLBITG_G16K, 2'd2}: blk_sh = 5'd13;
            {`TLBITG_G64K, 2'd1}: blk_sh = 5'd30;
            {`TLBITG_G64K, 2'd2}: blk_sh = 5'd17;
            default:               blk_sh = {2'd0, gran_sh};
        endcase
    end

    // (NUM+1) * 2^SCALE granules are at most 2^40 pages: 41 bits hold every sum (TLB-004), and an
    // end beyond the half stops at its top (TLB-005). The range begins at the aligned start (TLB-010).
    wire [35:0] page    = cmd_i[`CMD_TLBI_ADDRESS_LSB +: 36];           // [47:12]
    wire [35:0] start   = ranged ? page & (36'hf_ffff_ffff << blk_sh) : page;
    wire [40:0] span    = {35'd0, {1'b0, num} + 6'd1} << ({1'b0, scale} + {3'd0, gran_sh});
    wire [40:0] last    = {5'd0, start} + span - 41'd1;
    wire [35:0] stop    = (last[40:36] != 5'd0) ? 36'hf_ffff_ffff : last[35:0];
    wire        half    = cmd_i[`CMD_TLBI_ADDRESS_LSB + 43] && !s2_ipa; // VA[55]; IPAs have no halves

    // ---- verdict -------------------------------------------------------------------------------
    wire secure = streamy && cmd_i[`CMD_SSEC_LSB];                      // CMD-007
    wire bad_cs = sync && cmd_i[`CMD_SYNC_CS_LSB +: `CMD_SYNC_CS_W] == 2'd3;
    wire known  = streamy || tlbi || sync;

    assign ill_o    = !known || secure || bad_cs || empty;
    assign noop_o   = prefetch || far;
    assign inv_o    = (cfgi && !far) || tlbi;
    assign resume_o = resume && !far;
    assign term_o   = term && !far;
    assign sync_o   = sync;

    // ---- INV -----------------------------------------------------------------------------------
    wire vmid_v = tlbi && !nsnh;
    always @(*) begin
        inv_msg_o = {`INV_W{1'b0}};
        inv_msg_o[`INV_CFG_LSB] = cfgi;
        if (cfgi) begin
            inv_msg_o[`INV_SID_LSB     +: `INV_SID_W]     = sid[15:0];
            inv_msg_o[`INV_SIDMASK_LSB +: `INV_SIDMASK_W] = sidmask[15:0];
        end
        if (cfgi_cd) begin
            inv_msg_o[`INV_CDV_LSB] = 1'b1;
            inv_msg_o[`INV_SSID_LSB +: `INV_SSID_W] = cmd_i[`CMD_SUBSTREAMID_LSB +: `CMD_SUBSTREAMID_W];
        end
        inv_msg_o[`INV_CDALL_LSB] = cfgi_cds;
        inv_msg_o[`INV_S1_LSB]    = tlbi && !s2_ipa;
        inv_msg_o[`INV_S2_LSB]    = s2_ipa || both;
        if (vmid_v) begin
            inv_msg_o[`INV_VMIDV_LSB] = 1'b1;
            inv_msg_o[`INV_VMID_LSB +: `INV_VMID_W] = cmd_i[`CMD_TLBI_VMID_LSB +: `CMD_TLBI_VMID_W];
            inv_msg_o[`INV_VMW_LSB  +: `INV_VMW_W]  = (vmw_i > 3'd4) ? 3'd0 : vmw_i;    // TLB-023
        end
        if (by_asid) begin
            inv_msg_o[`INV_ASIDV_LSB] = 1'b1;
            inv_msg_o[`INV_ASID_LSB +: `INV_ASID_W] = cmd_i[`CMD_TLBI_ASID_LSB +: `CMD_TLBI_ASID_W];
        end
        if (by_addr) begin
            inv_msg_o[`INV_VAV_LSB] = 1'b1;
            inv_msg_o[`INV_VPN_LSB +: `INV_VPN_W] = {half, start};
            inv_msg_o[`INV_LEAF_LSB] = cmd_i[`CMD_TLBI_LEAF_LSB];
            inv_msg_o[`INV_TG_LSB  +: `INV_TG_W]  = tg;
            inv_msg_o[`INV_TTL_LSB +: `INV_TTL_W] = ttl;
        end
        if (ranged) begin
            inv_msg_o[`INV_RANGE_LSB] = 1'b1;
            inv_msg_o[`INV_END_LSB +: `INV_END_W] = {half, stop};
        end
    end

    wire unused_ok = &{1'b0, cmd_i};
endmodule

`default_nettype wire
