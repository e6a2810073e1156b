// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Header : smmu_tbu
// Purpose: Vectors and codes that only the blocks of the TBU share.
// Rules  : D2, D16 (slot states), D20 (the mode is sampled once, at ingress)
//-----------------------------------------------------------------------------
`ifndef SMMU_TBU_VH
`define SMMU_TBU_VH

// AX: one client address request; the AXI ID of ID_W bits stands above it
`define AX_ADDR_LSB         0
`define AX_ADDR_W           64
`define AX_LEN_LSB          (`AX_ADDR_LSB + `AX_ADDR_W)
`define AX_LEN_W            8
`define AX_SIZE_LSB         (`AX_LEN_LSB + `AX_LEN_W)
`define AX_SIZE_W           3
`define AX_BURST_LSB        (`AX_SIZE_LSB + `AX_SIZE_W)
`define AX_BURST_W          2
`define AX_LOCK_LSB         (`AX_BURST_LSB + `AX_BURST_W)
`define AX_LOCK_W           1
`define AX_CACHE_LSB        (`AX_LOCK_LSB + `AX_LOCK_W)
`define AX_CACHE_W          4
`define AX_PROT_LSB         (`AX_CACHE_LSB + `AX_CACHE_W)
`define AX_PROT_W           3
`define AX_QOS_LSB          (`AX_PROT_LSB + `AX_PROT_W)
`define AX_QOS_W            4
`define AX_DOMAIN_LSB       (`AX_QOS_LSB + `AX_QOS_W)
`define AX_DOMAIN_W         2
`define AX_SID_LSB          (`AX_DOMAIN_LSB + `AX_DOMAIN_W)
`define AX_SID_W            16
`define AX_SSV_LSB          (`AX_SID_LSB + `AX_SID_W)
`define AX_SSV_W            1
`define AX_SSID_LSB         (`AX_SSV_LSB + `AX_SSV_W)
`define AX_SSID_W           20
`define AX_NOSTALL_LSB      (`AX_SSID_LSB + `AX_SSID_W)
`define AX_NOSTALL_W        1               // port or AxMMUFLOW cannot stall (FLT-026)
`define AX_SECBAD_LSB       (`AX_NOSTALL_LSB + `AX_NOSTALL_W)
`define AX_SECBAD_W         1               // not a Non-secure stream (ATT-040)
`define AX_UUT_LSB          (`AX_SECBAD_LSB + `AX_SECBAD_W)
`define AX_UUT_W            1               // unsupported transaction (FLT-018)
`define AX_ATOMR_LSB        (`AX_UUT_LSB + `AX_UUT_W)
`define AX_ATOMR_W          2               // atomic: [0] has R beats, [1] half as many as W
`define AX_MODE_LSB         (`AX_ATOMR_LSB + `AX_ATOMR_W)
`define AX_MODE_W           1               // which of the two mode registers was current
`define AX_W                (`AX_MODE_LSB + `AX_MODE_W)

// CTX: the context {SSID, SSV, SID} of a stream, as in UP and ENT from their SID up
`define CTX_W               37

// AXO: one translated address request, {sid, domain, qos, prot, cache, lock, burst, size, len, addr};
// the AXI ID stands above it
`define AXO_W               (16 + 2 + 4 + 3 + 4 + 1 + 2 + 3 + 8 + 48)

// slot states
`define TS_FREE             3'd0
`define TS_ASK              3'd1            // must send UP
`define TS_WAIT             3'd2            // asked
`define TS_LOOK             3'd3            // translation believed in the uTLB
`define TS_STALL            3'd4            // recorded: waits for RETRY or TERM
`define TS_PARK             3'd5            // not recorded: waits for RETRY or TERM
`define TS_ABORT            3'd6            // local answer: SLVERR
`define TS_RAZWI            3'd7            // local answer: zero data, OKAY

`endif
