// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_dvm_decode
// Purpose: Meaning of one complete DVM message: nothing, a Sync, or the INV that
//          a TLBI of the Non-secure EL1&0 regime stands for.
// Spec   : AMBA DVM messages; TAG-005, TAG-007..012, TAG-015..017, DVM-001..018
// Clock  : none, purely combinational
// In     : p1_i ext1_i  first or only part and its ACVMIDEXT;  p2_i ext2_i  second part
//          two_i        there is a second part
// Out    : sync_o  tlbi_o  inv_o (valid with tlbi_o)
// Limits : a range without granule counts in 64 KB pages, the widest reading
// Tests  : tests/unit/test_dvm.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"

module smmu_dvm_decode (
    input  wire [47:0]       p1_i,
    input  wire [3:0]        ext1_i,
    input  wire [47:0]       p2_i,
    input  wire [3:0]        ext2_i,
    input  wire              two_i,
    input  wire [2:0]        vmw_i,

    output wire              sync_o,
    output wire              tlbi_o,
    output reg  [`INV_W-1:0] inv_o
);
    localparam [1:0] SEC_NS   = 2'd3;
    localparam [1:0] STAGE_S1 = 2'd1, STAGE_S2 = 2'd2, STAGE_GPT = 2'd3;

    wire [2:0] kind  = p1_i[`DVM1_DVMTYPE_LSB +: 3];
    wire [1:0] stage = p1_i[`DVM1_STAGE_LSB +: 2];
    wire       vmidv = p1_i[`DVM1_VMIDV_LSB];
    wire       asidv = p1_i[`DVM1_ASIDV_LSB];

    assign sync_o = (kind == `DVMTYPE_SYNC);
    // other worlds, EL2 (Hyp=0), EL3 and granule protection have no entries here (DVM-009, DVM-010)
    assign tlbi_o = (kind == `DVMTYPE_TLBI) && (p1_i[`DVM1_EXCEPTION_LSB +: 2] == `DVMEL_GUEST)
                 && (p1_i[`DVM1_SECURITY_LSB +: 2] == SEC_NS) && (stage != STAGE_GPT);

    // ---- scope ------------------------------------------------------------------------
    // A stage that is not given: an address or an ASID is one of stage 1, else both (table 10.5)
    wire s2_only = (stage == STAGE_S2);
    wire both    = (stage != STAGE_S1) && !s2_only && !two_i && !asidv;

    wire [15:0] vmid = {two_i ? ext2_i : p1_i[`DVM1_VMID_HI_LSB +: 4], ext1_i,
                        p1_i[`DVM1_VMID_LO_LSB +: 8]};
    wire [15:0] asid = {p1_i[`DVM1_ASID_HI_LSB +: 8], p1_i[`DVM1_ASID_LO_LSB +: 8]};

    // ---- address ------------------------------------------------------------------------
    // VA[56:49] carry no more than the half: VA[63:56] counts as VA[55] (DVM-016)
    wire        half = p1_i[`DVM1_VA_56_53_LSB + 2] && !s2_only;
    wire [35:0] page = {p1_i[`DVM1_VA_48_45_LSB +: 3], p2_i[`DVM2_VA_44_41_LSB +: 4],
                        p2_i[`DVM2_VA_40_LSB], p2_i[`DVM2_VA_39_12_LSB +: 28]};
    wire        rng  = p1_i[`DVM1_RANGE_LSB];
    wire [1:0]  tg   = p2_i[`DVM2_TG_LSB +: 2];
    // no granule, no level; 16 KB tables have no leaf at level 1 (DVM-015)
    wire [1:0]  hint = p2_i[`DVM2_TTL_LSB +: 2];
    wire [1:0]  ttl  = (tg == 2'd0 || (tg == 2'd2 && hint == 2'd1)) ? 2'd0 : hint;

    wire [4:0]  num  = {p2_i[`DVM2_NUM_4_LSB], p2_i[`DVM2_NUM_3_LSB], p2_i[`DVM2_NUM_2_0_LSB +: 3]};
    wire [2:0]  gran = (tg == 2'd1) ? 3'd0 : (tg == 2'd2) ? 3'd2 : 3'd4;    // log2 of 4 KB pages
    reg  [4:0]  pow;                                                       // 5 * SCALE + 1
    always @(*)
        case (p2_i[`DVM2_SCALE_LSB +: 2])
            2'd0:    pow = 5'd1;
            2'd1:    pow = 5'd6;
            2'd2:    pow = 5'd11;
            default: pow = 5'd16;
        endcase

    wire [36:0] span  = {31'd0, {1'b0, num} + 6'd1} << (pow + {2'd0, gran});
    wire [35:0] first = rng ? page & (36'hf_ffff_ffff << gran) : page;
    wire [36:0] end_x = {1'b0, first} + span - 37'd1;
    wire [35:0] last  = end_x[36] ? 36'hf_ffff_ffff : end_x[35:0];          // stays in its half

    always @(*) begin
        inv_o = {`INV_W{1'b0}};
        inv_o[`INV_S1_LSB]           = !s2_only;
        inv_o[`INV_S2_LSB]           = s2_only || both;
        inv_o[`INV_VMIDV_LSB]        = vmidv;
        inv_o[`INV_VMID_LSB +: 16]   = vmid;
        inv_o[`INV_VMW_LSB +: 3]     = (vmw_i > 3'd4) ? 3'd0 : vmw_i;       // TAG-017
        inv_o[`INV_ASIDV_LSB]        = asidv && !s2_only;
        inv_o[`INV_ASID_LSB +: 16]   = asid;
        inv_o[`INV_ASETKEEP_LSB]     = asidv && !s2_only;                   // TAG-009
        inv_o[`INV_VAV_LSB]          = two_i;
        if (two_i) begin
            inv_o[`INV_VPN_LSB +: 37] = {half, first};
            inv_o[`INV_RANGE_LSB]     = rng;
            inv_o[`INV_END_LSB +: 37] = {half, rng ? last : first};
            inv_o[`INV_LEAF_LSB]      = p1_i[`DVM1_LEAF_LSB];
            inv_o[`INV_TG_LSB +: 2]   = tg;
            inv_o[`INV_TTL_LSB +: 2]  = ttl;
        end
    end

    wire unused_ok = &{1'b0, p1_i, p2_i};
endmodule

`default_nettype wire
