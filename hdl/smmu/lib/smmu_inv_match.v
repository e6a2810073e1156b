// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_inv_match
// Purpose: Does a TLB invalidation reach an entry, given that its address does?
// Spec   : IHI 0070 4.4; TAG-005..009, TAG-017, TAG-022, TLB-011..026
// Clock  : none, purely combinational
// Tests  : tests/unit/test_tbu.py, tests/unit/test_front.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
module smmu_inv_match (
    input  wire [`INV_W-1:0] inv_i,
    input  wire [1:0]  stage_i,     // STG_*
    input  wire [15:0] vmid_i,
    input  wire [15:0] asid_i,
    input  wire        ng_i,
    input  wire        aset_i,
    input  wire        va_hit_i,    // the address or range of inv_i does
    output wire        hit_o
);
    wire stage_hit = (stage_i == `STG_S2)  ? inv_i[`INV_S2_LSB]
                   : (stage_i == `STG_BYP) ? 1'b0 : inv_i[`INV_S1_LSB];

    wire [15:0] vmid_mask = inv_i[`INV_VMIDV_LSB]
                          ? 16'hffff << inv_i[`INV_VMW_LSB +: `INV_VMW_W] : 16'd0;
    wire        vmid_hit  = ((vmid_i ^ inv_i[`INV_VMID_LSB +: 16]) & vmid_mask) == 16'd0;

    // by VA a global entry matches any ASID; by ASID alone it is kept (TAG-005)
    wire asid_eq  = ng_i && asid_i == inv_i[`INV_ASID_LSB +: 16];
    wire asid_hit = !inv_i[`INV_ASIDV_LSB]
                 || ((asid_eq || (inv_i[`INV_VAV_LSB] && !ng_i))
                     && !(inv_i[`INV_ASETKEEP_LSB] && aset_i));

    assign hit_o = !inv_i[`INV_CFG_LSB] && stage_hit && vmid_hit && asid_hit
                && (va_hit_i || !inv_i[`INV_VAV_LSB]);

    wire unused_ok = &{1'b0, inv_i};
endmodule
`default_nettype wire
