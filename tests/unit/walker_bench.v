// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : walker_bench
// Purpose: smmu_walker under test, with smmu_attr_out beside it so that the test
//          can put an entry it got on the bus as a TBU would.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"

module walker_bench #(
    parameter WALK_SLOTS   = 8,
    parameter WC_ENTRIES   = 64,
    parameter S2LC_ENTRIES = 64,
    parameter LINE_ENTRIES = 16
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,
    input  wire                  wreq_valid_i,
    output wire                  wreq_ready_o,
    output wire [5:0]            wreq_widx_o,
    input  wire [2:0]            wreq_tbu_i,
    input  wire [`UP_W-1:0]      wreq_msg_i,
    input  wire                  wreq_cfg_hit_i,
    input  wire [`CFG_W-1:0]     wreq_cfg_i,
    output wire [WALK_SLOTS-1:0] overtaken_o,
    output wire [WALK_SLOTS-1:0] busy_o,
    output wire                  wfree_valid_o,
    output wire [5:0]            wfree_idx_o,
    output wire                  ok_valid_o,
    input  wire                  ok_ready_i,
    output wire [2:0]            ok_tbu_o,
    output wire [`UP_W-1:0]      ok_msg_o,
    output wire [`ENT_W-1:0]     ok_ent_o,
    output wire                  ok_once_o,
    output wire                  ok_canstall_o,
    output wire                  cf_valid_o,
    output wire [15:0]           cf_sid_o,
    output wire                  cf_ssv_o,
    output wire [19:0]           cf_ssid_o,
    output wire [`CFG_W-1:0]     cf_cfg_o,
    output wire                  flt_valid_o,
    input  wire                  flt_ready_i,
    output wire [2:0]            flt_tbu_o,
    output wire [`UP_W-1:0]      flt_msg_o,
    output wire [`FLT_W-1:0]     flt_o,
    input  wire                  winv_near_i,
    input  wire                  winv_valid_i,
    input  wire [`INV_W-1:0]     winv_msg_i,
    output wire                  ar_valid_o,
    input  wire                  ar_ready_i,
    output wire [5:0]            ar_id_o,
    output wire [47:0]           ar_addr_o,
    output wire [7:0]            ar_len_o,
    output wire [2:0]            ar_size_o,
    output wire [1:0]            ar_burst_o,
    output wire [3:0]            ar_cache_o,
    output wire [1:0]            ar_domain_o,
    input  wire                  r_valid_i,
    input  wire [5:0]            r_id_i,
    input  wire [127:0]          r_data_i,
    input  wire [1:0]            r_resp_i,
    input  wire                  r_last_i,
    input  wire [47:0]           strtab_base_i,
    input  wire                  strtab_2lvl_i,
    input  wire [4:0]            strtab_split_i,
    input  wire [5:0]            strtab_log2_i,
    input  wire [1:0]            table_sh_i,
    input  wire [1:0]            table_oc_i,
    input  wire [1:0]            table_ic_i,
    input  wire                  strtab_ra_i,
    input  wire                  recinvsid_i,

    // an entry applied to a transaction
    input  wire [`ENT_W-1:0]     use_ent_i,
    input  wire [3:0]            use_cache_i,
    input  wire [1:0]            use_domain_i,
    input  wire [2:0]            use_prot_i,
    input  wire                  use_write_i,
    output wire [3:0]            use_cache_o,
    output wire [1:0]            use_domain_o,
    output wire [2:0]            use_prot_o,
    output wire                  use_lock_o
);
    smmu_walker #(
        .WALK_SLOTS(WALK_SLOTS), .WC_ENTRIES(WC_ENTRIES), .S2LC_ENTRIES(S2LC_ENTRIES),
        .LINE_ENTRIES(LINE_ENTRIES)
    ) u_dut (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .wreq_valid_i(wreq_valid_i), .wreq_ready_o(wreq_ready_o), .wreq_widx_o(wreq_widx_o),
        .wreq_tbu_i(wreq_tbu_i), .wreq_msg_i(wreq_msg_i), .wreq_cfg_hit_i(wreq_cfg_hit_i),
        .wreq_cfg_i(wreq_cfg_i), .overtaken_o(overtaken_o), .busy_o(busy_o),
        .wfree_valid_o(wfree_valid_o), .wfree_idx_o(wfree_idx_o),
        .ok_valid_o(ok_valid_o), .ok_ready_i(ok_ready_i), .ok_tbu_o(ok_tbu_o),
        .ok_msg_o(ok_msg_o), .ok_ent_o(ok_ent_o), .ok_once_o(ok_once_o),
        .ok_canstall_o(ok_canstall_o), .cf_valid_o(cf_valid_o), .cf_sid_o(cf_sid_o),
        .cf_ssv_o(cf_ssv_o), .cf_ssid_o(cf_ssid_o), .cf_cfg_o(cf_cfg_o),
        .flt_valid_o(flt_valid_o), .flt_ready_i(flt_ready_i), .flt_tbu_o(flt_tbu_o),
        .flt_msg_o(flt_msg_o), .flt_o(flt_o),
        .winv_near_i(winv_near_i), .winv_valid_i(winv_valid_i), .winv_msg_i(winv_msg_i),
        .ar_valid_o(ar_valid_o), .ar_ready_i(ar_ready_i), .ar_id_o(ar_id_o),
        .ar_addr_o(ar_addr_o), .ar_len_o(ar_len_o), .ar_size_o(ar_size_o),
        .ar_burst_o(ar_burst_o), .ar_cache_o(ar_cache_o), .ar_domain_o(ar_domain_o),
        .r_valid_i(r_valid_i), .r_id_i(r_id_i), .r_data_i(r_data_i), .r_resp_i(r_resp_i),
        .r_last_i(r_last_i),
        .strtab_base_i(strtab_base_i), .strtab_2lvl_i(strtab_2lvl_i),
        .strtab_split_i(strtab_split_i), .strtab_log2_i(strtab_log2_i),
        .table_sh_i(table_sh_i), .table_oc_i(table_oc_i), .table_ic_i(table_ic_i),
        .strtab_ra_i(strtab_ra_i), .recinvsid_i(recinvsid_i));

    smmu_attr_out u_use (
        .ent_i(use_ent_i), .cache_i(use_cache_i), .domain_i(use_domain_i), .prot_i(use_prot_i),
        .lock_i(1'b0), .write_i(use_write_i), .cache_o(use_cache_o), .domain_o(use_domain_o),
        .prot_o(use_prot_o), .lock_o(use_lock_o));
endmodule
`default_nettype wire
