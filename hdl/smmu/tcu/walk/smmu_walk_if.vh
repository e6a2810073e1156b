// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Header : smmu_walk_if
// Purpose: Records inside the walker: request word, walk state, lookup key,
//          read request. Picked with `X_LSB +: `X_W.
// Rules  : D5, D6 (stage and level are state), D7 (nested pointers are IPAs)
//-----------------------------------------------------------------------------
`ifndef SMMU_WALK_IF_VH
`define SMMU_WALK_IF_VH

// RQ: what the front gave, written once when the slot is taken
`define RQ_UP_LSB       0
`define RQ_UP_W         `UP_W
`define RQ_TBU_LSB      (`RQ_UP_LSB + `RQ_UP_W)
`define RQ_TBU_W        3
`define RQ_HIT_LSB      (`RQ_TBU_LSB + `RQ_TBU_W)   // configuration came along
`define RQ_S1_LSB       (`RQ_HIT_LSB + 1)
`define RQ_S2_LSB       (`RQ_S1_LSB + 1)
`define RQ_ABORT_LSB    (`RQ_S2_LSB + 1)
`define RQ_W            (`RQ_ABORT_LSB + 1)

// WS: walk state, rewritten by every step
`define WS_PHASE_LSB    0                           // PH_*: what the current address is for
`define WS_PHASE_W      3
`define WS_S2ACT_LSB    (`WS_PHASE_LSB + `WS_PHASE_W)   // stage 2 is translating ADR
`define WS_SAVED_LSB    (`WS_S2ACT_LSB + 1)         // a descriptor address is known: ADR (stage 1) or RA (stage 2)
`define WS_FULL_LSB     (`WS_SAVED_LSB + 1)         // the line read covers all 64 bytes
`define WS_LVL1_LSB     (`WS_FULL_LSB + 1)          // level of the stage 1 table in use
`define WS_LVL1_W       2
`define WS_LVL2_LSB     (`WS_LVL1_LSB + `WS_LVL1_W)
`define WS_LVL2_W       2
`define WS_ADR_LSB      (`WS_LVL2_LSB + `WS_LVL2_W) // address to be read or forwarded: IPA while stage 2 has yet to translate it
`define WS_ADR_W        48
`define WS_RA_LSB       (`WS_ADR_LSB + `WS_ADR_W)   // PA of the last read (FetchAddr)
`define WS_RA_W         48
`define WS_HIER_LSB     (`WS_RA_LSB + `WS_RA_W)     // accumulated {UXNTable, PXNTable, APTable}
`define WS_HIER_W       4
`define WS_PERM_LSB     (`WS_HIER_LSB + `WS_HIER_W) // {px, pw, pr, ux, uw, ur}
`define WS_PERM_W       6
`define WS_MATTR_LSB    (`WS_PERM_LSB + `WS_PERM_W)
`define WS_MATTR_W      8
`define WS_SH_LSB       (`WS_MATTR_LSB + `WS_MATTR_W)
`define WS_SH_W         2
`define WS_NG_LSB       (`WS_SH_LSB + `WS_SH_W)
`define WS_S1SIZE_LSB   (`WS_NG_LSB + 1)            // SZ_* of the stage 1 leaf
`define WS_S1SIZE_W     3
`define WS_SIZE_LSB     (`WS_S1SIZE_LSB + `WS_S1SIZE_W) // SZ_* of the result
`define WS_SIZE_W       3
`define WS_S1EN_LSB     (`WS_SIZE_LSB + `WS_SIZE_W)
`define WS_S2EN_LSB     (`WS_S1EN_LSB + 1)
`define WS_STEOK_LSB    (`WS_S2EN_LSB + 1)          // STE words are in and legal
`define WS_CDOK_LSB     (`WS_STEOK_LSB + 1)         // CD words are in and legal
`define WS_EVT_LSB      (`WS_CDOK_LSB + 1)          // fault: event code
`define WS_EVT_W        8
`define WS_FS2_LSB      (`WS_EVT_LSB + `WS_EVT_W)   // fault: stage 2
`define WS_FCLS_LSB     (`WS_FS2_LSB + 1)           // fault: CLASS
`define WS_FCLS_W       2
`define WS_FFIX_LSB     (`WS_FCLS_LSB + `WS_FCLS_W) // fault: not configurable though its event is (FLT-008)
`define WS_S2ADR_LSB    (`WS_FFIX_LSB + 1)          // S2ACT again, to choose addresses: one flip-flop cannot drive all
`define WS_W            (`WS_S2ADR_LSB + 1)

// phases: purpose of the current address
`define PH_STE1         3'd0    // level 1 stream table descriptor
`define PH_STE          3'd1
`define PH_CD1          3'd2    // level 1 CD table descriptor
`define PH_CD           3'd3
`define PH_S1           3'd4    // stage 1 descriptor
`define PH_OUT          3'd5    // the client's own address

// fault classes
`define CLS_CD          2'd0
`define CLS_TT          2'd1
`define CLS_IN          2'd2

// WK: key of a cache lookup or fill
`define WK_ADDR_LSB     0                           // {half, address[47:12]}
`define WK_ADDR_W       37
`define WK_VMID_LSB     (`WK_ADDR_LSB + `WK_ADDR_W)
`define WK_ASID_LSB     (`WK_VMID_LSB + 16)         // 0 in the stage 2 caches
`define WK_NEST_LSB     (`WK_ASID_LSB + 16)         // pointers are IPAs: never shared with stage 1 only
`define WK_GRAN_LSB     (`WK_NEST_LSB + 1)
`define WK_W            (`WK_GRAN_LSB + 2)

// GEO: geometry of a stage, beside its CD (of the half of the slot's address) or STE
`define GEO_GRAN_LSB    0                           // 0 4K, 1 16K, 2 64K
`define GEO_START_LSB   2                           // start level
`define GEO_MASK_LSB    4                           // index bits that the start table has
`define GEO_MASK_W      17                          // concatenated tables: four more than others
`define GEO_W           21

// kinds of reads: what the beats are for
`define RD_LINE         2'd0    // 64-byte table line, critical beat first
`define RD_WORD         2'd1    // one descriptor of 8 bytes
`define RD_STE          2'd2    // 64 bytes, used when all are in
`define RD_CD           2'd3

// AQ: a read request on its way to the port
`define AQ_ID_LSB       0
`define AQ_ADDR_LSB     6
`define AQ_LEN_LSB      54                          // beats - 1, 2 bits
`define AQ_WORD_LSB     56                          // 8-byte beat
`define AQ_WRAP_LSB     57
`define AQ_CACHE_LSB    58
`define AQ_DOMAIN_LSB   62
`define AQ_W            64

`endif
