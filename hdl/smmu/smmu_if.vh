// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Header : smmu_if
// Purpose: Internal messages between TBU, TCU and its blocks: one vector each,
//          picked with `X_LSB +: `X_W. Architectural fields are in smmu_defs.vh.
// Rules  : D12 (one ordered stream each way), D13 (what an entry holds)
//-----------------------------------------------------------------------------
`ifndef SMMU_IF_VH
`define SMMU_IF_VH

// UP: TBU to TCU: one request. Also the form in which the TCU carries a request to its walk.
`define UP_KIND_LSB         0
`define UP_KIND_W           2                                     // UP_K_*
`define UP_SLOT_LSB         (`UP_KIND_LSB + `UP_KIND_W)
`define UP_SLOT_W           8                                     // TBU slot; TBU_SLOTS / TBU_SLOTS+1 name the read / write input register (UP_K_CFG only); SYNC tag for UP_K_SYNC
`define UP_SID_LSB          (`UP_SLOT_LSB + `UP_SLOT_W)
`define UP_SID_W            16                                    // StreamID
`define UP_SSV_LSB          (`UP_SID_LSB + `UP_SID_W)
`define UP_SSV_W            1                                     // SubstreamID valid
`define UP_SSID_LSB         (`UP_SSV_LSB + `UP_SSV_W)
`define UP_SSID_W           20                                    // SubstreamID
`define UP_VA_LSB           (`UP_SSID_LSB + `UP_SSID_W)
`define UP_VA_W             64                                    // input address as presented
`define UP_RNW_LSB          (`UP_VA_LSB + `UP_VA_W)
`define UP_RNW_W            1                                     // 1 read
`define UP_PRIV_LSB         (`UP_RNW_LSB + `UP_RNW_W)
`define UP_PRIV_W           1                                     // incoming AxPROT[0]
`define UP_INST_LSB         (`UP_PRIV_LSB + `UP_PRIV_W)
`define UP_INST_W           1                                     // incoming AxPROT[2]
`define UP_NOSTALL_LSB      (`UP_INST_LSB + `UP_INST_W)
`define UP_NOSTALL_W        1                                     // port or AxMMUFLOW cannot stall (FLT-026)
`define UP_W                (`UP_NOSTALL_LSB + `UP_NOSTALL_W)

// ENT: A translation: what a uTLB entry holds and what an OK answer carries (D13).
`define ENT_SID_LSB         0
`define ENT_SID_W           16                                    // StreamID
`define ENT_SSV_LSB         (`ENT_SID_LSB + `ENT_SID_W)
`define ENT_SSV_W           1                                     // SubstreamID valid
`define ENT_SSID_LSB        (`ENT_SSV_LSB + `ENT_SSV_W)
`define ENT_SSID_W          20                                    // SubstreamID
`define ENT_VPN_LSB         (`ENT_SSID_LSB + `ENT_SSID_W)
`define ENT_VPN_W           52                                    // input address [63:12]
`define ENT_TBI_LSB         (`ENT_VPN_LSB + `ENT_VPN_W)
`define ENT_TBI_W           1                                     // VA[63:56] ignored in the compare
`define ENT_SIZE_LSB        (`ENT_TBI_LSB + `ENT_TBI_W)
`define ENT_SIZE_W          3                                     // SZ_*: size of this entry
`define ENT_S1SIZE_LSB      (`ENT_SIZE_LSB + `ENT_SIZE_W)
`define ENT_S1SIZE_W        3                                     // SZ_*: size of the stage 1 leaf it came from (fragments, TAG-022)
`define ENT_STAGE_LSB       (`ENT_S1SIZE_LSB + `ENT_S1SIZE_W)
`define ENT_STAGE_W         2                                     // STG_*: stages performed
`define ENT_VMID_LSB        (`ENT_STAGE_LSB + `ENT_STAGE_W)
`define ENT_VMID_W          16
`define ENT_ASID_LSB        (`ENT_VMID_LSB + `ENT_VMID_W)
`define ENT_ASID_W          16
`define ENT_NG_LSB          (`ENT_ASID_LSB + `ENT_ASID_W)
`define ENT_NG_W            1                                     // 1 not global
`define ENT_ASET_LSB        (`ENT_NG_LSB + `ENT_NG_W)
`define ENT_ASET_W          1
`define ENT_PPN_LSB         (`ENT_ASET_LSB + `ENT_ASET_W)
`define ENT_PPN_W           36                                    // output address [47:12]
`define ENT_UR_LSB          (`ENT_PPN_LSB + `ENT_PPN_W)
`define ENT_UR_W            1                                     // unprivileged read, both stages
`define ENT_UW_LSB          (`ENT_UR_LSB + `ENT_UR_W)
`define ENT_UW_W            1
`define ENT_UX_LSB          (`ENT_UW_LSB + `ENT_UW_W)
`define ENT_UX_W            1
`define ENT_PR_LSB          (`ENT_UX_LSB + `ENT_UX_W)
`define ENT_PR_W            1                                     // privileged read
`define ENT_PW_LSB          (`ENT_PR_LSB + `ENT_PR_W)
`define ENT_PW_W            1
`define ENT_PX_LSB          (`ENT_PW_LSB + `ENT_PW_W)
`define ENT_PX_W            1
`define ENT_MATTR_LSB       (`ENT_PX_LSB + `ENT_PX_W)
`define ENT_MATTR_W         8                                     // STG_S1/STG_S12: MAIR byte after stage 2 combination; STG_S2: stage 2 MemAttr in [3:0]
`define ENT_SH_LSB          (`ENT_MATTR_LSB + `ENT_MATTR_W)
`define ENT_SH_W            2                                     // descriptor shareability, combined
`define ENT_INSTCFG_LSB     (`ENT_SH_LSB + `ENT_SH_W)
`define ENT_INSTCFG_W       2                                     // STE override
`define ENT_PRIVCFG_LSB     (`ENT_INSTCFG_LSB + `ENT_INSTCFG_W)
`define ENT_PRIVCFG_W       2
`define ENT_MTCFG_LSB       (`ENT_PRIVCFG_LSB + `ENT_PRIVCFG_W)
`define ENT_MTCFG_W         1
`define ENT_MEMATTR_LSB     (`ENT_MTCFG_LSB + `ENT_MTCFG_W)
`define ENT_MEMATTR_W       4
`define ENT_ALLOCCFG_LSB    (`ENT_MEMATTR_LSB + `ENT_MEMATTR_W)
`define ENT_ALLOCCFG_W      4
`define ENT_SHCFG_LSB       (`ENT_ALLOCCFG_LSB + `ENT_ALLOCCFG_W)
`define ENT_SHCFG_W         2
`define ENT_CANSTALL_LSB    (`ENT_SHCFG_LSB + `ENT_SHCFG_W)
`define ENT_CANSTALL_W      1                                     // stream can stall (D2)
`define ENT_W               (`ENT_CANSTALL_LSB + `ENT_CANSTALL_W)

// INV: One invalidation, broadcast at a barrier of the lookup pipeline.
`define INV_CFG_LSB         0
`define INV_CFG_W           1                                     // 1 configuration (SID*, SSID*), 0 TLB
`define INV_SID_LSB         (`INV_CFG_LSB + `INV_CFG_W)
`define INV_SID_W           16
`define INV_SIDMASK_LSB     (`INV_SID_LSB + `INV_SID_W)
`define INV_SIDMASK_W       16                                    // 1 = bit not compared
`define INV_CDV_LSB         (`INV_SIDMASK_LSB + `INV_SIDMASK_W)
`define INV_CDV_W           1                                     // only the CD of SSID (CMD-021: SSV=0 users of CD 0 count as 0)
`define INV_SSID_LSB        (`INV_CDV_LSB + `INV_CDV_W)
`define INV_SSID_W          20
`define INV_CDALL_LSB       (`INV_SSID_LSB + `INV_SSID_W)
`define INV_CDALL_W         1                                     // only CDs of SID (uTLB and config cache drop the whole stream all the same)
`define INV_S1_LSB          (`INV_CDALL_LSB + `INV_CDALL_W)
`define INV_S1_W            1                                     // reaches stage 1 and combined entries, stage 1 walk data
`define INV_S2_LSB          (`INV_S1_LSB + `INV_S1_W)
`define INV_S2_W            1                                     // reaches stage 2-only entries, stage 2 walk data
`define INV_VMIDV_LSB       (`INV_S2_LSB + `INV_S2_W)
`define INV_VMIDV_W         1                                     // VMID compared
`define INV_VMID_LSB        (`INV_VMIDV_LSB + `INV_VMIDV_W)
`define INV_VMID_W          16
`define INV_VMW_LSB         (`INV_VMID_LSB + `INV_VMID_W)
`define INV_VMW_W           3                                     // number of VMID low bits not compared
`define INV_ASIDV_LSB       (`INV_VMW_LSB + `INV_VMW_W)
`define INV_ASIDV_W         1                                     // ASID compared; with VAV global entries match too, without VAV they are kept (TAG-005)
`define INV_ASID_LSB        (`INV_ASIDV_LSB + `INV_ASIDV_W)
`define INV_ASID_W          16
`define INV_ASETKEEP_LSB    (`INV_ASID_LSB + `INV_ASID_W)
`define INV_ASETKEEP_W      1                                     // broadcast with ASID: entries with ASET=1 survive (TAG-009)
`define INV_VAV_LSB         (`INV_ASETKEEP_LSB + `INV_ASETKEEP_W)
`define INV_VAV_W           1                                     // address compared
`define INV_VPN_LSB         (`INV_VAV_LSB + `INV_VAV_W)
`define INV_VPN_W           37                                    // start: {VA[55], VA[47:12]}; for stage 2 {0, IPA[47:12]}
`define INV_RANGE_LSB       (`INV_VPN_LSB + `INV_VPN_W)
`define INV_RANGE_W         1                                     // [VPN, END] instead of a single address
`define INV_END_LSB         (`INV_RANGE_LSB + `INV_RANGE_W)
`define INV_END_W           37                                    // last page of the range, inclusive
`define INV_LEAF_LSB        (`INV_END_LSB + `INV_END_W)
`define INV_LEAF_W          1                                     // last level only
`define INV_TG_LSB          (`INV_LEAF_LSB + `INV_LEAF_W)
`define INV_TG_W            2                                     // TLBI encoding 1/2/3 = 4K/16K/64K, 0 any
`define INV_TTL_LSB         (`INV_TG_LSB + `INV_TG_W)
`define INV_TTL_W           2                                     // level hint, 0 any
`define INV_W               (`INV_TTL_LSB + `INV_TTL_W)

// FLT: A walk that did not end in a translation.
`define FLT_EVT_LSB         0
`define FLT_EVT_W           8                                     // event code; EVT_NONE = silent
`define FLT_S2_LSB          (`FLT_EVT_LSB + `FLT_EVT_W)
`define FLT_S2_W            1                                     // stage 2 fault
`define FLT_CLASS_LSB       (`FLT_S2_LSB + `FLT_S2_W)
`define FLT_CLASS_W         2                                     // 0 CD 1 TT 2 IN
`define FLT_IPA_LSB         (`FLT_CLASS_LSB + `FLT_CLASS_W)
`define FLT_IPA_W           36                                    // [47:12] of the IPA, 0 unless S2
`define FLT_FETCH_LSB       (`FLT_IPA_LSB + `FLT_IPA_W)
`define FLT_FETCH_W         48                                    // FetchAddr, 0 unless the event has one
`define FLT_STALL_LSB       (`FLT_FETCH_LSB + `FLT_FETCH_W)
`define FLT_STALL_W         1                                     // stall model applies
`define FLT_RECORD_LSB      (`FLT_STALL_LSB + `FLT_STALL_W)
`define FLT_RECORD_W        1                                     // terminate model: write a record
`define FLT_RAZWI_LSB       (`FLT_RECORD_LSB + `FLT_RECORD_W)
`define FLT_RAZWI_W         1                                     // terminate model: RAZ/WI, else abort
`define FLT_PRIVX_LSB       (`FLT_RAZWI_LSB + `FLT_RAZWI_W)
`define FLT_PRIVX_W         1                                     // privilege after overrides
`define FLT_INSTX_LSB       (`FLT_PRIVX_LSB + `FLT_PRIVX_W)
`define FLT_INSTX_W         1                                     // instruction after overrides (0 for writes)
`define FLT_CANSTALL_LSB    (`FLT_INSTX_LSB + `FLT_INSTX_W)
`define FLT_CANSTALL_W      1
`define FLT_W               (`FLT_CANSTALL_LSB + `FLT_CANSTALL_W)

// DN: TCU to TBU: one message, never refused. The body is an ENT, an INV or a mode.
`define DN_KIND_LSB         0
`define DN_KIND_W           4                                     // DN_K_*
`define DN_SLOT_LSB         (`DN_KIND_LSB + `DN_KIND_W)
`define DN_SLOT_W           8                                     // slot answered; SYNC tag for DN_K_SYNC and DN_K_MODE
`define DN_CANSTALL_LSB     (`DN_SLOT_LSB + `DN_SLOT_W)
`define DN_CANSTALL_W       1                                     // with every answer
`define DN_BODY_LSB         (`DN_CANSTALL_LSB + `DN_CANSTALL_W)
`define DN_BODY_W           `ENT_W                                // ENT, INV or MODE
`define DN_W                (`DN_BODY_LSB + `DN_BODY_W)

// MODE: Body of DN_K_MODE.
`define MODE_SMMUEN_LSB     0
`define MODE_SMMUEN_W       1
`define MODE_GBPA_LSB       (`MODE_SMMUEN_LSB + `MODE_SMMUEN_W)
`define MODE_GBPA_W         32                                    // GBPA register image (ABORT, overrides)
`define MODE_W              (`MODE_GBPA_LSB + `MODE_GBPA_W)

// CFG: Configuration of one {SID, SSV, SSID}: raw structure words, already checked legal.
`define CFG_STE_LSB         0
`define CFG_STE_W           256                                   // STE dw0..dw3
`define CFG_CD_LSB          (`CFG_STE_LSB + `CFG_STE_W)
`define CFG_CD_W            256                                   // CD dw0..dw3, valid when S1
`define CFG_S1_LSB          (`CFG_CD_LSB + `CFG_CD_W)
`define CFG_S1_W            1                                     // stage 1 is performed
`define CFG_S2_LSB          (`CFG_S1_LSB + `CFG_S1_W)
`define CFG_S2_W            1                                     // stage 2 is performed
`define CFG_ABORT_LSB       (`CFG_S2_LSB + `CFG_S2_W)
`define CFG_ABORT_W         1                                     // STE.Config=0xx: abort silently
`define CFG_W               (`CFG_ABORT_LSB + `CFG_ABORT_W)

// up message kinds
`define UP_K_XLAT   2'd0   // translate
`define UP_K_CFG    2'd1   // configuration only: may this stream stall?
`define UP_K_SYNC   2'd2   // a SYNC or MODE is done; tag in UP_SLOT
`define UP_K_UUT    2'd3   // record F_UUT and answer ABORT (FLT-018)

// down message kinds
`define DN_K_OK     4'd0   // body ENT: fill the uTLB, the slot looks up again
`define DN_K_ONCE   4'd1   // body ENT: use at once or ask again, never fill (D18)
`define DN_K_ABORT  4'd2
`define DN_K_RAZWI  4'd3
`define DN_K_STALL  4'd4   // recorded, wait for RETRY / TABORT / TRAZWI
`define DN_K_PARK   4'd5   // not recorded, wait for RETRY
`define DN_K_RETRY  4'd6   // CMD_RESUME(Retry), wake of a parked slot, or a terminate fault that must come again: ask again
`define DN_K_TABORT 4'd7   // terminate a stalled or parked slot with abort
`define DN_K_TRAZWI 4'd8   // terminate a stalled slot with RAZ/WI
`define DN_K_CFG    4'd9   // answer to UP_K_CFG: CANSTALL only
`define DN_K_INV    4'd10  // body INV
`define DN_K_SYNC   4'd11  // start a new epoch, answer when older ones are empty
`define DN_K_MODE   4'd12  // body MODE, then as SYNC including waiting slots (D20)

// SYNC tags (DN_SLOT of SYNC / MODE, UP_SLOT of SYNC)
`define TAG_CMD     2'd0
`define TAG_DVM     2'd1
`define TAG_MODE    2'd2

// stages performed
`define STG_BYP     2'd0
`define STG_S1      2'd1
`define STG_S2      2'd2
`define STG_S12     2'd3

// entry sizes
`define SZ_4K       3'd0
`define SZ_16K      3'd1
`define SZ_64K      3'd2
`define SZ_2M       3'd3
`define SZ_32M      3'd4
`define SZ_512M     3'd5
`define SZ_1G       3'd6
`define SZ_ALL      3'd7   // bypass: any address below 2^48

`endif
