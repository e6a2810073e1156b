// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_inv_match
// Purpose: Does a TLB invalidation reach an entry?
// Spec   : IHI 0070 4.4; TAG-005..009, TAG-017, TAG-022, TLB-011..026
// Clock  : none, purely combinational
// Tests  : tests/unit/test_lib.py
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
    input  wire [36:0] vpn_i,       // {half, address[47:12]}
    input  wire [2:0]  size_i,      // SZ_*; pass the stage 1 leaf size to reach all fragments of a block
    output wire        hit_o
);
    wire stage_hit = (stage_i == `STG_S2)  ? inv_i[`INV_S2_LSB]
                   : (stage_i == `STG_BYP) ? 1'b0 : inv_i[`INV_S1_LSB];

    wire [15:0] vmid_diff = (vmid_i ^ inv_i[`INV_VMID_LSB +: 16]) >> inv_i[`INV_VMW_LSB +: `INV_VMW_W];
    wire vmid_hit = !inv_i[`INV_VMIDV_LSB] || vmid_diff == 16'd0;

    // by VA a global entry matches any ASID; by ASID alone it is kept (TAG-005)
    wire asid_eq  = ng_i && asid_i == inv_i[`INV_ASID_LSB +: 16];
    wire asid_hit = !inv_i[`INV_ASIDV_LSB]
                 || ((asid_eq || (inv_i[`INV_VAV_LSB] && !ng_i))
                     && !(inv_i[`INV_ASETKEEP_LSB] && aset_i));

    reg [36:0] low;                 // pages inside the entry
    always @(*)
        case (size_i)
            `SZ_4K:   low = 37'd0;
            `SZ_16K:  low = 37'h3;
            `SZ_64K:  low = 37'hf;
            `SZ_2M:   low = 37'h1ff;
            `SZ_32M:  low = 37'h1fff;
            `SZ_512M: low = 37'h1ffff;
            `SZ_1G:   low = 37'h3ffff;
            default:  low = {37{1'b1}};
        endcase
    wire [36:0] start   = inv_i[`INV_VPN_LSB +: `INV_VPN_W];
    wire [36:0] last    = inv_i[`INV_END_LSB +: `INV_END_W];
    wire        one_hit = ((vpn_i ^ start) & ~low) == 37'd0;
    wire        rng_hit = (vpn_i & ~low) <= last && (vpn_i | low) >= start;
    wire        va_hit  = !inv_i[`INV_VAV_LSB] || (inv_i[`INV_RANGE_LSB] ? rng_hit : one_hit);

    assign hit_o = !inv_i[`INV_CFG_LSB] && stage_hit && vmid_hit && asid_hit && va_hit;

    wire unused_ok = &{1'b0, inv_i};
endmodule
`default_nettype wire
