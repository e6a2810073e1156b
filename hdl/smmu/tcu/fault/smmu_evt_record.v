// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_evt_record
// Purpose: Build the 256-bit event record of one fault.
// Spec   : ARM 7.3; EVQ-001..016, FLT-015, FLT-017, FLT-025
// Clock  : none, purely combinational
// Tests  : none yet
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"
module smmu_evt_record (
    /* verilator lint_off UNUSEDSIGNAL */ // not every message field is recorded
    input  wire [`UP_W-1:0]  msg_i,
    input  wire [`FLT_W-1:0] flt_i,
    /* verilator lint_on UNUSEDSIGNAL */
    input  wire              stall_i,
    input  wire [15:0]       stag_i,
    output reg  [255:0]      rec_o
);
    wire [7:0] evt   = flt_i[`FLT_EVT_LSB +: `FLT_EVT_W];
    wire uut         = (evt == `EVT_F_UUT);
    wire eabt        = (evt == `EVT_F_WALK_EABT);
    wire xlat        = (evt[7:2] == 6'h04);           // 0x10..0x13
    wire fetch       = (evt == `EVT_F_STE_FETCH) || (evt == `EVT_F_CD_FETCH) || eabt;
    wire no_ssid     = (evt == `EVT_F_STREAM_DISABLED);
    wire no_ssv      = no_ssid || (evt == `EVT_C_BAD_SUBSTREAMID);
    wire ssv         = msg_i[`UP_SSV_LSB];
    wire rnw         = msg_i[`UP_RNW_LSB];
    wire s2          = flt_i[`FLT_S2_LSB];

    always @(*) begin
        rec_o = 256'b0;
        rec_o[`EVTREC_TYPE_LSB +: 8]      = evt;
        rec_o[`EVTREC_STREAMID_LSB +: 32] = {16'b0, msg_i[`UP_SID_LSB +: 16]};
        if (!no_ssv) rec_o[`EVTREC_SSV_LSB] = ssv;
        if (!no_ssid && ssv) rec_o[`EVTREC_SUBSTREAMID_LSB +: 20] = msg_i[`UP_SSID_LSB +: 20];
        if (uut || eabt || xlat) begin
            rec_o[`EVTREC_INPUTADDR_LSB +: 64] = msg_i[`UP_VA_LSB +: 64];
            rec_o[`EVTREC_RNW_LSB] = rnw;
            rec_o[`EVTREC_PNU_LSB] = uut ? msg_i[`UP_PRIV_LSB] : flt_i[`FLT_PRIVX_LSB];
            rec_o[`EVTREC_IND_LSB] = !rnw ? 1'b0 : uut ? msg_i[`UP_INST_LSB] : flt_i[`FLT_INSTX_LSB];
        end
        if (eabt || xlat) begin
            rec_o[`EVTREC_S2_LSB]         = s2;
            rec_o[`EVTREC_CLASS_LSB +: 2] = flt_i[`FLT_CLASS_LSB +: 2];
        end
        if (fetch) rec_o[`EVTREC_FETCHADDR_LSB +: 45] = flt_i[`FLT_FETCH_LSB+3 +: 45];
        if (xlat) begin
            if (s2) rec_o[`EVTREC_IPA_LSB +: 36] = flt_i[`FLT_IPA_LSB +: 36];
            if (evt == `EVT_F_PERMISSION && s2 && flt_i[`FLT_CLASS_LSB +: 2] == 2'd1)
                rec_o[`EVTREC_TTRNW_LSB] = 1'b1;     // no HTTU: always a walk read
            if (stall_i) begin
                rec_o[`EVTREC_STALL_LSB]       = 1'b1;
                rec_o[`EVTREC_STAG_LSB +: 16]  = stag_i;
            end
        end
    end
endmodule
`default_nettype wire
