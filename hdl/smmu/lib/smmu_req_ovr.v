// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_req_ovr
// Purpose: STE / GBPA overrides of privilege and instruction; every write is Data.
// Spec   : ATT-015, ATT-016
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_req_ovr (
    input  wire [1:0] instcfg_i,
    input  wire [1:0] privcfg_i,
    input  wire       rnw_i,
    input  wire       priv_i,
    input  wire       inst_i,
    output wire       priv_o,
    output wire       inst_o
);
    assign priv_o = privcfg_i[1] ? privcfg_i[0] : priv_i;
    assign inst_o = rnw_i && (instcfg_i[1] ? instcfg_i[0] : inst_i);
endmodule
`default_nettype wire
