// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_walk_result
// Purpose: Output registers of finished walks: the translation entry (ok) or the
//          fault and how it is to be handled (flt).
// Spec   : FLT-001..008, FLT-026, CD-014..019, STE-034, NST-013, D2, D13
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : ok_load_i flt_load_i  the context words belong to a finished walk
// Out    : ok_* flt_*  held until taken
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"
`include "smmu_walk_if.vh"

module smmu_walk_result #(
    parameter SW = 3
) (
    input  wire              clk_i,
    input  wire              rst_ni,

    input  wire              ok_load_i,
    input  wire              flt_load_i,
    input  wire [SW-1:0]     slot_i,
    input  wire [`RQ_W-1:0]  rq_i,
    input  wire [255:0]      ste_i,
    input  wire [255:0]      cd_i,
    input  wire [`WS_W-1:0]  ws_i,
    input  wire              recinvsid_i,

    output reg               ok_valid_o,
    input  wire              ok_ready_i,
    output reg  [SW-1:0]     ok_slot_o,
    output reg  [2:0]        ok_tbu_o,
    output reg  [`UP_W-1:0]  ok_msg_o,
    output reg  [`ENT_W-1:0] ok_ent_o,
    output reg               ok_canstall_o,

    output reg               flt_valid_o,
    input  wire              flt_ready_i,
    output reg  [SW-1:0]     flt_slot_o,
    output reg  [2:0]        flt_tbu_o,
    output reg  [`UP_W-1:0]  flt_msg_o,
    output reg  [`FLT_W-1:0] flt_o
);
    wire [`UP_W-1:0] up   = rq_i[`RQ_UP_LSB +: `UP_W];
    wire [2:0]       tbu  = rq_i[`RQ_TBU_LSB +: 3];
    wire [63:0]      va   = up[`UP_VA_LSB +: 64];
    wire             s1en = ws_i[`WS_S1EN_LSB];
    wire             s2en = ws_i[`WS_S2EN_LSB];
    wire             ste_known = ws_i[`WS_STEOK_LSB];
    wire             cd_known  = ws_i[`WS_CDOK_LSB];

    // Could any access of this stream stall (D2)? S=1 with S1STALLD=1 never gets here.
    wire canstall = (ste_known && ste_i[`STE_CONFIG_LSB + 1] && ste_i[`STE_S2S_LSB])
                 || (cd_known && cd_i[`CD_S_LSB]);

    // ---- translation ----------------------------------------------------------------
    wire [2:0]  size = ws_i[`WS_SIZE_LSB +: 3];
    wire [35:0] inside;             // pages inside the entry; of a bypass, the page itself
    smmu_page_low u_size (.size_i(size), .low_o(inside));

    reg [`ENT_W-1:0] ent;
    always @(*) begin
        ent = {`ENT_W{1'b0}};
        ent[`ENT_SID_LSB +: 16]     = up[`UP_SID_LSB +: 16];
        ent[`ENT_SSV_LSB]           = up[`UP_SSV_LSB];
        ent[`ENT_SSID_LSB +: 20]    = up[`UP_SSID_LSB +: 20];
        ent[`ENT_VPN_LSB +: 52]     = va[63:12];
        ent[`ENT_TBI_LSB]           = s1en && (va[55] ? cd_i[`CD_TBI1_LSB] : cd_i[`CD_TBI0_LSB]);
        ent[`ENT_SIZE_LSB +: 3]     = size;
        ent[`ENT_S1SIZE_LSB +: 3]   = ws_i[`WS_S1SIZE_LSB +: 3];
        ent[`ENT_STAGE_LSB +: 2]    = {s2en, s1en};
        ent[`ENT_VMID_LSB +: 16]    = ste_i[`STE_S2VMID_LSB +: 16];     // TAG-002
        ent[`ENT_ASID_LSB +: 16]    = s1en ? cd_i[`CD_ASID_LSB +: 16] : 16'd0;
        ent[`ENT_NG_LSB]            = s1en && ws_i[`WS_NG_LSB];
        ent[`ENT_ASET_LSB]          = s1en && cd_i[`CD_ASET_LSB];
        ent[`ENT_PPN_LSB +: 36]     = ws_i[`WS_ADR_LSB + 12 +: 36]
                                    & ~(size == `SZ_ALL ? 36'd0 : inside);
        ent[`ENT_UR_LSB +: 6]       = ws_i[`WS_PERM_LSB +: 6];
        ent[`ENT_MATTR_LSB +: 8]    = ws_i[`WS_MATTR_LSB +: 8];
        ent[`ENT_SH_LSB +: 2]       = ws_i[`WS_SH_LSB +: 2];
        ent[`ENT_INSTCFG_LSB +: 2]  = ste_i[`STE_INSTCFG_LSB +: 2];
        ent[`ENT_PRIVCFG_LSB +: 2]  = ste_i[`STE_PRIVCFG_LSB +: 2];
        ent[`ENT_MTCFG_LSB]         = ste_i[`STE_MTCFG_LSB];
        ent[`ENT_MEMATTR_LSB +: 4]  = ste_i[`STE_MEMATTR_LSB +: 4];
        ent[`ENT_ALLOCCFG_LSB +: 4] = ste_i[`STE_ALLOCCFG_LSB +: 4];
        ent[`ENT_SHCFG_LSB +: 2]    = ste_i[`STE_SHCFG_LSB +: 2];
        ent[`ENT_CANSTALL_LSB]      = canstall;
    end

    // ---- fault ----------------------------------------------------------------------
    wire [7:0] evt = ws_i[`WS_EVT_LSB +: 8];
    wire       fs2 = ws_i[`WS_FS2_LSB];
    wire       of_model = (evt == `EVT_F_TRANSLATION) || (evt == `EVT_F_ADDR_SIZE)
                       || (evt == `EVT_F_ACCESS) || (evt == `EVT_F_PERMISSION);
    wire       model    = of_model && !ws_i[`WS_FFIX_LSB];      // FLT-001, FLT-008
    // the stage that faulted decides (FLT-005)
    wire       stalls   = fs2 ? ste_i[`STE_S2S_LSB] : cd_i[`CD_S_LSB];
    wire       records  = fs2 ? ste_i[`STE_S2R_LSB] : cd_i[`CD_R_LSB];
    wire       aborts   = fs2 || cd_i[`CD_A_LSB];
    wire       fetch_ev = (evt == `EVT_F_STE_FETCH) || (evt == `EVT_F_CD_FETCH)
                       || (evt == `EVT_F_WALK_EABT);

    wire priv_x, inst_x;
    smmu_req_ovr u_ovr (
        .instcfg_i(ste_known ? ste_i[`STE_INSTCFG_LSB +: 2] : 2'd0),
        .privcfg_i(ste_known ? ste_i[`STE_PRIVCFG_LSB +: 2] : 2'd0),
        .rnw_i(up[`UP_RNW_LSB]), .priv_i(up[`UP_PRIV_LSB]), .inst_i(up[`UP_INST_LSB]),
        .priv_o(priv_x), .inst_o(inst_x));

    reg [`FLT_W-1:0] flt;
    always @(*) begin
        flt = {`FLT_W{1'b0}};
        flt[`FLT_EVT_LSB +: 8]    = evt;
        flt[`FLT_S2_LSB]          = fs2;
        flt[`FLT_CLASS_LSB +: 2]  = ws_i[`WS_FCLS_LSB +: 2];
        flt[`FLT_IPA_LSB +: 36]   = fs2 ? ws_i[`WS_ADR_LSB + 12 +: 36] : 36'd0;
        flt[`FLT_FETCH_LSB +: 48] = fetch_ev ? ws_i[`WS_RA_LSB +: 48] : 48'd0;
        // a client that cannot stall is aborted and recorded whatever R says (FLT-026)
        flt[`FLT_STALL_LSB]       = model && stalls && !up[`UP_NOSTALL_LSB];
        flt[`FLT_RECORD_LSB]      = model ? stalls || records
                                  : (evt == `EVT_C_BAD_STREAMID) ? recinvsid_i
                                  : evt != `EVT_NONE;
        flt[`FLT_RAZWI_LSB]       = model && !stalls && !aborts;
        flt[`FLT_PRIVX_LSB]       = priv_x;
        flt[`FLT_INSTX_LSB]       = inst_x;
        flt[`FLT_CANSTALL_LSB]    = canstall;
    end

    // ---- output registers -----------------------------------------------------------
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            ok_valid_o  <= 1'b0;
            flt_valid_o <= 1'b0;
        end else begin
            if (ok_load_i)        ok_valid_o  <= 1'b1;
            else if (ok_ready_i)  ok_valid_o  <= 1'b0;
            if (flt_load_i)       flt_valid_o <= 1'b1;
            else if (flt_ready_i) flt_valid_o <= 1'b0;
        end
        // what an empty register holds is of no meaning
        if (!ok_valid_o) begin
            ok_slot_o     <= slot_i;
            ok_tbu_o      <= tbu;
            ok_msg_o      <= up;
            ok_ent_o      <= ent;
            ok_canstall_o <= canstall;
        end
        if (!flt_valid_o) begin
            flt_slot_o <= slot_i;
            flt_tbu_o  <= tbu;
            flt_msg_o  <= up;
            flt_o      <= flt;
        end
    end

    wire unused_ok = &{1'b0, rq_i, ste_i, cd_i, ws_i, va[11:0]};
endmodule
`default_nettype wire
