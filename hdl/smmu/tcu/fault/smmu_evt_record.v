// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_evt_record
// Purpose: Build the 256-bit event record of one fault; what a type does not
//          define stays zero (FLT-025).
// Spec   : IHI 0070 7.3; EVQ-001..017, FLT-015, FLT-017, FLT-025
// Clock  : none, purely combinational
// In     : msg_i flt_i  the request and its fault    stall_i stag_i  it stalls as stag_i
// Out    : rec_o        the record as it lies in memory, byte 0 lowest
// Tests  : tests/unit/test_fault.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"

module smmu_evt_record (
    input  wire [`UP_W-1:0]  msg_i,
    input  wire [`FLT_W-1:0] flt_i,
    input  wire              stall_i,
    input  wire [15:0]       stag_i,
    output reg  [255:0]      rec_o
);
    localparam [1:0] CLASS_TT = 2'd1;

    wire [7:0] evt   = flt_i[`FLT_EVT_LSB +: 8];
    wire [1:0] cls   = flt_i[`FLT_CLASS_LSB +: 2];
    wire       ssv   = msg_i[`UP_SSV_LSB];
    wire       rnw   = msg_i[`UP_RNW_LSB];
    wire       s2    = flt_i[`FLT_S2_LSB];

    // ---- which types have what ----------------------------------------------------------
    wire uut     = (evt == `EVT_F_UUT);
    wire eabt    = (evt == `EVT_F_WALK_EABT);
    wire xlat    = (evt == `EVT_F_TRANSLATION) || (evt == `EVT_F_ADDR_SIZE)
                || (evt == `EVT_F_ACCESS) || (evt == `EVT_F_PERMISSION);
    wire fetch   = eabt || (evt == `EVT_F_STE_FETCH) || (evt == `EVT_F_CD_FETCH);
    wire no_ssid = (evt == `EVT_F_STREAM_DISABLED);                             // EVQ-008
    wire no_ssv  = no_ssid || (evt == `EVT_C_BAD_SUBSTREAMID);                  // EVQ-010

    always @(*) begin
        rec_o = 256'b0;
        rec_o[`EVTREC_TYPE_LSB +: 8]      = evt;
        rec_o[`EVTREC_STREAMID_LSB +: 32] = {16'b0, msg_i[`UP_SID_LSB +: 16]};
        rec_o[`EVTREC_SSV_LSB]            = ssv && !no_ssv;
        if (ssv && !no_ssid) rec_o[`EVTREC_SUBSTREAMID_LSB +: 20] = msg_i[`UP_SSID_LSB +: 20];

        if (uut || eabt || xlat) begin
            rec_o[`EVTREC_INPUTADDR_LSB +: 64] = msg_i[`UP_VA_LSB +: 64];       // as presented
            rec_o[`EVTREC_RNW_LSB] = rnw;
            // the client's access, whatever the class (FLT-015); overrides are unknown to
            // F_UUT (FLT-017); every write is data
            rec_o[`EVTREC_PNU_LSB] = uut ? msg_i[`UP_PRIV_LSB] : flt_i[`FLT_PRIVX_LSB];
            rec_o[`EVTREC_IND_LSB] = rnw && (uut ? msg_i[`UP_INST_LSB] : flt_i[`FLT_INSTX_LSB]);
        end
        if (eabt || xlat) begin
            rec_o[`EVTREC_S2_LSB]         = s2;
            rec_o[`EVTREC_CLASS_LSB +: 2] = cls;
        end
        if (fetch) rec_o[`EVTREC_FETCHADDR_LSB +: 45] = flt_i[`FLT_FETCH_LSB + 3 +: 45];
        if (xlat && s2) rec_o[`EVTREC_IPA_LSB +: 36] = flt_i[`FLT_IPA_LSB +: 36];
        // without hardware update of flags a walk only reads (FLT-015)
        if (evt == `EVT_F_PERMISSION && cls == CLASS_TT) rec_o[`EVTREC_TTRNW_LSB] = 1'b1;
        if (xlat && stall_i) begin
            rec_o[`EVTREC_STALL_LSB]      = 1'b1;
            rec_o[`EVTREC_STAG_LSB +: 16] = stag_i;
        end
    end

    wire unused_ok = &{1'b0, msg_i, flt_i};
endmodule

`default_nettype wire
