// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_rights
// Purpose: What an entry allows each kind of access, after its overrides of
//          privilege and instruction: one bit a kind.
// Spec   : VM1-017, ATT-015, ATT-016
// Clock  : none, purely combinational
// Out    : read_o   by {instruction, privileged} of the request;  write_o  by privileged
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"

module smmu_tbu_rights (
    /* verilator lint_off UNUSEDSIGNAL */ // permissions and overrides only
    input  wire [`ENT_W-1:0] ent_i,
    /* verilator lint_on UNUSEDSIGNAL */
    output wire [3:0]        read_o,
    output wire [1:0]        write_o
);
    wire [5:0] ok;              // 0..3 reads, 4..5 writes

    genvar k;
    generate
        for (k = 0; k < 6; k = k + 1) begin : g_kind
            localparam [0:0] READ = (k < 4), INST = (k / 2 == 1), PRIV = (k % 2 == 1);
            wire priv, inst;
            smmu_req_ovr u_ovr (
                .instcfg_i(ent_i[`ENT_INSTCFG_LSB +: 2]), .privcfg_i(ent_i[`ENT_PRIVCFG_LSB +: 2]),
                .rnw_i(READ), .priv_i(PRIV), .inst_i(INST), .priv_o(priv), .inst_o(inst));
            smmu_perm_ok u_perm (
                .perm_i(ent_i[`ENT_UR_LSB +: 6]), .rnw_i(READ), .priv_i(priv), .inst_i(inst),
                .ok_o(ok[k]));
        end
    endgenerate

    assign {write_o, read_o} = ok;
endmodule

`default_nettype wire
