// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_front_answer
// Purpose: The answer to a request that was found in the caches.
// Spec   : TRN-004, TRN-026..030, STE-005, ATT-015, ATT-016; rules D2, D13, D14
// Clock  : none, purely combinational
// In     : msg_i request, cfg_* its configuration, tlb_* its translation (TE)
// Out    : msg_o  DN answer
// Limits : all that can fail has been judged by the lookup
// Tests  : tests/unit/test_front.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"
`include "smmu_front.vh"

module smmu_front_answer (
    input  wire [`UP_W-1:0]  msg_i,
    input  wire [`CFG_W-1:0] cfg_i,
    input  wire [`TE_W-1:0]  tlb_rec_i,
    output reg  [`DN_W-1:0]  msg_o
);
    wire [1:0]   kind = msg_i[`UP_KIND_LSB +: 2];
    wire [63:0]  va   = msg_i[`UP_VA_LSB +: 64];
    wire [255:0] ste  = cfg_i[`CFG_STE_LSB +: 256];
    wire [255:0] cd   = cfg_i[`CFG_CD_LSB +: 256];
    wire         s1   = cfg_i[`CFG_S1_LSB];
    wire         s2   = cfg_i[`CFG_S2_LSB];
    wire         off  = cfg_i[`CFG_ABORT_LSB];

    wire        tbi  = va[55] ? cd[`CD_TBI1_LSB] : cd[`CD_TBI0_LSB];

    wire bypass   = !s1 && !s2;
    wire is_cfg   = kind == `UP_K_CFG;
    wire is_ok    = !is_cfg && !off;                // off: STE.Config=0xx, silent (STE-005)
    wire canstall = !off && ((s2 && ste[`STE_S2S_LSB]) || (s1 && cd[`CD_S_LSB]));

    reg [`ENT_W-1:0] ent;
    always @(*) begin
        ent = {`ENT_W{1'b0}};
        if (bypass) begin
            ent[`ENT_SIZE_LSB +: 3]  = `SZ_ALL;
            ent[`ENT_STAGE_LSB +: 2] = `STG_BYP;
            ent[`ENT_VMID_LSB +: 16] = ste[`STE_S2VMID_LSB +: 16];
            ent[`ENT_PPN_LSB +: 36]  = va[47:12];
            ent[`ENT_UR_LSB +: 6]    = 6'h3f;
        end else begin
            ent[`ENT_SIZE_LSB +: `TE_ENT_W] = tlb_rec_i[`TE_ENT_LSB +: `TE_ENT_W];
        end
        ent[`ENT_SID_LSB +: 16]     = msg_i[`UP_SID_LSB +: 16];
        ent[`ENT_SSV_LSB]           = msg_i[`UP_SSV_LSB];
        ent[`ENT_SSID_LSB +: 20]    = msg_i[`UP_SSID_LSB +: 20];
        ent[`ENT_VPN_LSB +: 52]     = va[63:12];
        ent[`ENT_TBI_LSB]           = s1 && tbi;
        ent[`ENT_INSTCFG_LSB +: 2]  = ste[`STE_INSTCFG_LSB +: 2];
        ent[`ENT_PRIVCFG_LSB +: 2]  = ste[`STE_PRIVCFG_LSB +: 2];
        ent[`ENT_MTCFG_LSB]         = ste[`STE_MTCFG_LSB];
        ent[`ENT_MEMATTR_LSB +: 4]  = ste[`STE_MEMATTR_LSB +: 4];
        ent[`ENT_ALLOCCFG_LSB +: 4] = ste[`STE_ALLOCCFG_LSB +: 4];
        ent[`ENT_SHCFG_LSB +: 2]    = ste[`STE_SHCFG_LSB +: 2];
        ent[`ENT_CANSTALL_LSB]      = canstall;
    end

    always @(*) begin
        msg_o = {`DN_W{1'b0}};
        msg_o[`DN_KIND_LSB +: 4] = is_cfg ? `DN_K_CFG : off ? `DN_K_ABORT : `DN_K_OK;
        msg_o[`DN_SLOT_LSB +: 8] = msg_i[`UP_SLOT_LSB +: 8];
        msg_o[`DN_CANSTALL_LSB]  = canstall;
        if (is_ok) msg_o[`DN_BODY_LSB +: `ENT_W] = ent;
    end

    wire unused_ok = &{1'b0, ste, cd, cfg_i, msg_i, tlb_rec_i, va[11:0]};
endmodule
`default_nettype wire
