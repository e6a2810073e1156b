// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Header : smmu_front
// Purpose: Records inside the TCU front. Picked with `X_LSB +: `X_W.
// Rules  : D14 (what an entry of the main TLB is tagged with)
//-----------------------------------------------------------------------------
`ifndef SMMU_FRONT_VH
`define SMMU_FRONT_VH

// TE: entry of the main TLB: {VA[55], VA[47:12]}, then the fields of ENT from SIZE to SH as they
// are. The stream and its overrides are not kept: streams with one VMID and ASID share an entry.
`define TE_VPN_LSB      0
`define TE_VPN_W        37
`define TE_ENT_LSB      (`TE_VPN_LSB + `TE_VPN_W)
`define TE_ENT_W        (`ENT_INSTCFG_LSB - `ENT_SIZE_LSB)
`define TE_W            (`TE_ENT_LSB + `TE_ENT_W)
`define TE_OF(ENT_LSB)  (ENT_LSB - `ENT_SIZE_LSB + `TE_ENT_LSB)
`define TE_SIZE_LSB     `TE_OF(`ENT_SIZE_LSB)
`define TE_S1SIZE_LSB   `TE_OF(`ENT_S1SIZE_LSB)
`define TE_STAGE_LSB    `TE_OF(`ENT_STAGE_LSB)
`define TE_VMID_LSB     `TE_OF(`ENT_VMID_LSB)
`define TE_ASID_LSB     `TE_OF(`ENT_ASID_LSB)
`define TE_NG_LSB       `TE_OF(`ENT_NG_LSB)
`define TE_ASET_LSB     `TE_OF(`ENT_ASET_LSB)
`define TE_PERM_LSB     `TE_OF(`ENT_UR_LSB)

// LQ: a request on its way through the lookup
`define LQ_UP_LSB       0
`define LQ_TBU_LSB      (`LQ_UP_LSB + `UP_W)
`define LQ_TBU_W        3
`define LQ_ASIDE_LSB    (`LQ_TBU_LSB + `LQ_TBU_W)   // it waited for a walk slot: it may take one
`define LQ_W            (`LQ_ASIDE_LSB + 1)

`endif
