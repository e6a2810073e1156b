// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Header : smmu_inv_hit
// Purpose: Does an invalidation of translations reach an entry whose address or range
//          it hits or not? TAG-004, TAG-005.
//          A function, to be included inside a module: loops over entries call it.
//-----------------------------------------------------------------------------
function automatic inv_hit;
    /* verilator lint_off UNUSEDSIGNAL */ // the address and the stream are compared by the caller
    input [`INV_W-1:0] inv;
    /* verilator lint_on UNUSEDSIGNAL */
    input [1:0]        stage;   // STG_*
    input [15:0]       vmid;
    input [15:0]       asid;
    input              ng;
    input              aset;
    input              va_hit;  // the address or range of inv does
    reg   [15:0]       vmid_mask;
    reg                stage_hit, vmid_hit, asid_eq, asid_hit;
    begin
        stage_hit = (stage == `STG_S2)  ? inv[`INV_S2_LSB]
                  : (stage == `STG_BYP) ? 1'b0 : inv[`INV_S1_LSB];
        vmid_mask = inv[`INV_VMIDV_LSB] ? 16'hffff << inv[`INV_VMW_LSB +: `INV_VMW_W] : 16'd0;
        vmid_hit  = ((vmid ^ inv[`INV_VMID_LSB +: 16]) & vmid_mask) == 16'd0;
        // by VA a global entry matches any ASID; by ASID alone it is kept (TAG-005)
        asid_eq   = ng && asid == inv[`INV_ASID_LSB +: 16];
        asid_hit  = !inv[`INV_ASIDV_LSB]
                 || ((asid_eq || (inv[`INV_VAV_LSB] && !ng))
                     && !(inv[`INV_ASETKEEP_LSB] && aset));
        inv_hit = !inv[`INV_CFG_LSB] && stage_hit && vmid_hit && asid_hit
                 && (va_hit || !inv[`INV_VAV_LSB]);
    end
endfunction
