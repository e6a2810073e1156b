// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tcu
// Purpose: The translation control unit: front, walker, fault unit, queues,
//          sync, DVM, registers and the walk port. Wiring only.
// Spec   : docs/microarchitecture.md
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Tests  : tests/smmu
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"

module smmu_tcu #(
    parameter NUM_TBU      = 2,
    parameter TBU_SLOTS    = 32,
    parameter TLB_SETS     = 256,
    parameter TLB_WAYS     = 4,
    parameter WALK_SLOTS   = 8,
    parameter WC_ENTRIES   = 64,
    parameter S2LC_ENTRIES = 64,
    parameter LINE_ENTRIES = 16,
    parameter CFG_ENTRIES  = 32,
    parameter STALL_MAX    = 16,
    parameter CMDQS        = 8,
    parameter EVENTQS      = 8,
    parameter GBPA_ABORT   = 0,
    parameter OAS          = 48
) (
    input  wire                            clk_i,
    input  wire                            rst_ni,

    // ---- TBUs ----------------------------------------------------------------
    input  wire [NUM_TBU-1:0]              up_valid_i,
    output wire [NUM_TBU-1:0]              up_ready_o,
    input  wire [NUM_TBU*`UP_W-1:0]        up_msg_i,
    output wire [NUM_TBU-1:0]              dn_valid_o,
    output wire [`DN_W-1:0]                dn_msg_o,

    // ---- pins (docs/pins.md) --------------------------------------------------
    output wire                            ptw_axi_awvalid,
    input  wire                            ptw_axi_awready,
    output wire [7:0]                      ptw_axi_awid,
    output wire [47:0]                     ptw_axi_awaddr,
    output wire [7:0]                      ptw_axi_awlen,
    output wire [2:0]                      ptw_axi_awsize,
    output wire [1:0]                      ptw_axi_awburst,
    output wire                            ptw_axi_awlock,
    output wire [3:0]                      ptw_axi_awcache,
    output wire [2:0]                      ptw_axi_awprot,
    output wire [3:0]                      ptw_axi_awqos,
    output wire [1:0]                      ptw_axi_awdomain,
    output wire [31:0]                     ptw_axi_awsid,
    output wire                            ptw_axi_wvalid,
    input  wire                            ptw_axi_wready,
    output wire [127:0]                    ptw_axi_wdata,
    output wire [15:0]                     ptw_axi_wstrb,
    output wire                            ptw_axi_wlast,
    input  wire                            ptw_axi_bvalid,
    output wire                            ptw_axi_bready,
    input  wire [7:0]                      ptw_axi_bid,
    input  wire [1:0]                      ptw_axi_bresp,
    output wire                            ptw_axi_arvalid,
    input  wire                            ptw_axi_arready,
    output wire [7:0]                      ptw_axi_arid,
    output wire [47:0]                     ptw_axi_araddr,
    output wire [7:0]                      ptw_axi_arlen,
    output wire [2:0]                      ptw_axi_arsize,
    output wire [1:0]                      ptw_axi_arburst,
    output wire                            ptw_axi_arlock,
    output wire [3:0]                      ptw_axi_arcache,
    output wire [2:0]                      ptw_axi_arprot,
    output wire [3:0]                      ptw_axi_arqos,
    output wire [1:0]                      ptw_axi_ardomain,
    output wire [3:0]                      ptw_axi_arsnoop,
    input  wire                            ptw_axi_rvalid,
    output wire                            ptw_axi_rready,
    input  wire [7:0]                      ptw_axi_rid,
    input  wire [127:0]                    ptw_axi_rdata,
    input  wire [1:0]                      ptw_axi_rresp,
    input  wire                            ptw_axi_rlast,
    input  wire                            s_axil_awvalid,
    output wire                            s_axil_awready,
    input  wire [16:0]                     s_axil_awaddr,
    input  wire [2:0]                      s_axil_awprot,
    input  wire                            s_axil_wvalid,
    output wire                            s_axil_wready,
    input  wire [31:0]                     s_axil_wdata,
    input  wire [3:0]                      s_axil_wstrb,
    output wire                            s_axil_bvalid,
    input  wire                            s_axil_bready,
    output wire [1:0]                      s_axil_bresp,
    input  wire                            s_axil_arvalid,
    output wire                            s_axil_arready,
    input  wire [16:0]                     s_axil_araddr,
    input  wire [2:0]                      s_axil_arprot,
    output wire                            s_axil_rvalid,
    input  wire                            s_axil_rready,
    output wire [31:0]                     s_axil_rdata,
    output wire [1:0]                      s_axil_rresp,
    input  wire                            dvm_acvalid,
    output wire                            dvm_acready,
    input  wire [47:0]                     dvm_acaddr,
    input  wire [3:0]                      dvm_acvmidext,
    input  wire [3:0]                      dvm_acsnoop,
    input  wire [2:0]                      dvm_acprot,
    output wire                            dvm_crvalid,
    input  wire                            dvm_crready,
    output wire [4:0]                      dvm_crresp,
    output wire                            dvm_syscoreq,
    input  wire                            dvm_syscoack,
    output wire                            irq_evtq,
    output wire                            irq_priq,
    output wire                            irq_cmd_sync,
    output wire                            irq_gerr,
    output wire [7:0]                      pmu_tcu_event_o
);

    // ---- front <-> walker ------------------------------------------------------
    wire                  wreq_valid, wreq_ready, wreq_cfg_hit;
    wire [5:0]            wreq_widx;
    wire [2:0]            wreq_tbu;
    wire [`UP_W-1:0]      wreq_msg;
    wire [`CFG_W-1:0]     wreq_cfg;
    wire [WALK_SLOTS-1:0] walk_overtaken, walk_busy;
    wire                  wfree_valid;
    wire [5:0]            wfree_idx;
    wire                  ok_valid, ok_ready, ok_once, ok_canstall;
    wire [2:0]            ok_tbu;
    wire [`UP_W-1:0]      ok_msg;
    wire [`ENT_W-1:0]     ok_ent;
    wire                  cf_valid, cf_ssv;
    wire [15:0]           cf_sid;
    wire [19:0]           cf_ssid;
    wire [`CFG_W-1:0]     cf_cfg;
    wire                  winv_near, winv_valid;
    wire [`INV_W-1:0]     winv_msg;
    wire                  flt_valid, flt_ready;
    wire [2:0]            flt_tbu;
    wire [`UP_W-1:0]      flt_msg;
    wire [`FLT_W-1:0]     flt;

    // ---- invalidation, control messages, sync -----------------------------------
    wire                  cinv_valid, cinv_ready, dinv_valid, dinv_ready;
    wire [`INV_W-1:0]     cinv_msg, dinv_msg;
    wire                  sync_ctl_valid, sync_ctl_ready, mode_valid, mode_ready, fctl_valid,
                          fctl_ready;
    wire [`DN_W-1:0]      sync_ctl_msg, mode_msg, fctl_msg;
    wire [NUM_TBU-1:0]    fctl_mask;
    wire                  sdone_valid;
    wire [2:0]            sdone_tbu;
    wire [1:0]            sdone_tag;
    wire                  csync_req, csync_done, dsync_req, dsync_done, mode_done;
    wire                  tcu_ready, flt_idle, smmuen, smmuen_end, smmuen_off;

    // ---- fault unit <-> queues --------------------------------------------------
    wire                  ev_valid, ev_ready, ev_writable, ev_last, ev_stall;
    wire [255:0]          ev_rec;
    wire [15:0]           ev_stag, pub_stag, lost_stag, acc_cnt, done_cnt;
    wire                  pub_valid, lost_valid;
    wire                  res_valid, res_ready, res_ac, res_ab, sterm_valid, sterm_ready;
    wire [31:0]           res_sid, sterm_sid;
    wire [15:0]           res_stag;

    // ---- registers ----------------------------------------------------------------
    wire [2:0]            vmw;
    wire                  recinvsid, ptm, strtab_2lvl, strtab_ra;
    wire [47:0]           strtab_base, cmdq_base, evtq_base;
    wire [4:0]            strtab_split, cmdq_log2, evtq_log2;
    wire [5:0]            strtab_log2;
    wire [1:0]            table_sh, table_oc, table_ic, queue_sh, queue_oc, queue_ic;
    wire                  cmdq_en, cmdq_ra, cmdq_prod_kick, cmdq_cons_wr, cmdq_idle;
    wire [19:0]           cmdq_prod, cmdq_cons, evtq_prod, evtq_cons;
    wire [31:0]           cmdq_cons_wdata, evtq_prod_wdata;
    wire [6:0]            cmdq_err_code;
    wire                  evtq_en, evtq_wa, evtq_prod_wr, evtq_ovack, evtq_ovflg, evtq_idle;
    wire                  gerr_cmdq, gerr_evtq, gerr_msi_cmdq, gerr_cmdq_active, gerr_evtq_active;
    wire                  evtq_pulse, sync_pulse;
    // 0 CMD_SYNC, 1 event queue, 2 GERROR
    wire [2:0]            msi_valid, msi_ready, msi_done, msi_err;
    wire [143:0]          msi_addr;
    wire [95:0]           msi_data;
    wire [11:0]           msi_attr;
    wire [5:0]            msi_sh;

    // ---- walk port -------------------------------------------------------------------
    wire                  walk_ar_valid, walk_ar_ready, walk_r_valid;
    wire [5:0]            walk_ar_id, walk_r_id;
    wire [47:0]           walk_ar_addr, cmdq_ar_addr, evtq_w_addr, msi_w_addr;
    wire [7:0]            walk_ar_len, cmdq_ar_len;
    wire [2:0]            walk_ar_size;
    wire [1:0]            walk_ar_burst, walk_ar_domain, cmdq_ar_domain, evtq_w_domain,
                          msi_w_domain;
    wire [3:0]            walk_ar_cache, cmdq_ar_cache, evtq_w_cache, msi_w_cache;
    wire                  cmdq_ar_valid, cmdq_ar_ready, cmdq_r_valid;
    wire [127:0]          r_data;
    wire [1:0]            r_resp, b_resp, dvmc_domain, msi_w_src, msi_b_src;
    wire                  r_last, dvmc_valid, dvmc_ready, dvmc_done;
    wire                  evtq_w_valid, evtq_w_ready, evtq_w_len, evtq_b_valid;
    wire                  msi_w_valid, msi_w_ready, msi_w_len, msi_b_valid;
    wire [255:0]          evtq_w_data, msi_w_data;
    wire [31:0]           evtq_w_strb, msi_w_strb;

    smmu_front #(.NUM_TBU(NUM_TBU), .TBU_SLOTS(TBU_SLOTS), .TLB_SETS(TLB_SETS), .TLB_WAYS(TLB_WAYS),
                 .WALK_SLOTS(WALK_SLOTS), .CFG_ENTRIES(CFG_ENTRIES), .OAS(OAS)) u_front (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .up_valid_i(up_valid_i), .up_ready_o(up_ready_o), .up_msg_i(up_msg_i),
        .sdone_valid_o(sdone_valid), .sdone_tbu_o(sdone_tbu), .sdone_tag_o(sdone_tag),
        .wreq_valid_o(wreq_valid), .wreq_ready_i(wreq_ready), .wreq_widx_i(wreq_widx),
        .wreq_tbu_o(wreq_tbu), .wreq_msg_o(wreq_msg), .wreq_cfg_hit_o(wreq_cfg_hit),
        .wreq_cfg_o(wreq_cfg), .walk_overtaken_i(walk_overtaken), .wfree_valid_i(wfree_valid),
        .wfree_idx_i(wfree_idx), .ok_valid_i(ok_valid), .ok_ready_o(ok_ready), .ok_tbu_i(ok_tbu),
        .ok_msg_i(ok_msg), .ok_ent_i(ok_ent), .ok_once_i(ok_once), .ok_canstall_i(ok_canstall),
        .cf_valid_i(cf_valid), .cf_sid_i(cf_sid), .cf_ssv_i(cf_ssv), .cf_ssid_i(cf_ssid),
        .cf_cfg_i(cf_cfg), .inv_valid_i({dinv_valid, cinv_valid}),
        .inv_ready_o({dinv_ready, cinv_ready}), .inv_msg_i({dinv_msg, cinv_msg}),
        .winv_near_o(winv_near), .winv_valid_o(winv_valid), .winv_msg_o(winv_msg),
        .ctl_valid_i({fctl_valid, mode_valid, sync_ctl_valid}),
        .ctl_ready_o({fctl_ready, mode_ready, sync_ctl_ready}),
        .ctl_mask_i({fctl_mask, {2*NUM_TBU{1'b1}}}), .ctl_msg_i({fctl_msg, mode_msg, sync_ctl_msg}),
        .dn_valid_o(dn_valid_o), .dn_msg_o(dn_msg_o), .tcu_ready_o(tcu_ready)
    );

    smmu_walker #(.WALK_SLOTS(WALK_SLOTS), .WC_ENTRIES(WC_ENTRIES), .S2LC_ENTRIES(S2LC_ENTRIES),
                  .LINE_ENTRIES(LINE_ENTRIES), .OAS(OAS)) u_walker (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .wreq_valid_i(wreq_valid), .wreq_ready_o(wreq_ready), .wreq_widx_o(wreq_widx),
        .wreq_tbu_i(wreq_tbu), .wreq_msg_i(wreq_msg), .wreq_cfg_hit_i(wreq_cfg_hit),
        .wreq_cfg_i(wreq_cfg), .overtaken_o(walk_overtaken), .busy_o(walk_busy),
        .wfree_valid_o(wfree_valid), .wfree_idx_o(wfree_idx),
        .ok_valid_o(ok_valid), .ok_ready_i(ok_ready), .ok_tbu_o(ok_tbu), .ok_msg_o(ok_msg),
        .ok_ent_o(ok_ent), .ok_once_o(ok_once), .ok_canstall_o(ok_canstall),
        .cf_valid_o(cf_valid), .cf_sid_o(cf_sid), .cf_ssv_o(cf_ssv), .cf_ssid_o(cf_ssid),
        .cf_cfg_o(cf_cfg), .flt_valid_o(flt_valid), .flt_ready_i(flt_ready), .flt_tbu_o(flt_tbu),
        .flt_msg_o(flt_msg), .flt_o(flt),
        .winv_near_i(winv_near), .winv_valid_i(winv_valid), .winv_msg_i(winv_msg),
        .ar_valid_o(walk_ar_valid), .ar_ready_i(walk_ar_ready), .ar_id_o(walk_ar_id),
        .ar_addr_o(walk_ar_addr), .ar_len_o(walk_ar_len), .ar_size_o(walk_ar_size),
        .ar_burst_o(walk_ar_burst), .ar_cache_o(walk_ar_cache), .ar_domain_o(walk_ar_domain),
        .r_valid_i(walk_r_valid), .r_id_i(walk_r_id), .r_data_i(r_data), .r_resp_i(r_resp),
        .r_last_i(r_last), .strtab_base_i(strtab_base), .strtab_2lvl_i(strtab_2lvl),
        .strtab_split_i(strtab_split), .strtab_log2_i(strtab_log2), .table_sh_i(table_sh),
        .table_oc_i(table_oc), .table_ic_i(table_ic),
        .strtab_ra_i(strtab_ra), .recinvsid_i(recinvsid)
    );

    smmu_fault #(.NUM_TBU(NUM_TBU), .TBU_SLOTS(TBU_SLOTS), .STALL_MAX(STALL_MAX)) u_fault (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .flt_valid_i(flt_valid), .flt_ready_o(flt_ready), .flt_tbu_i(flt_tbu), .flt_msg_i(flt_msg),
        .flt_i(flt), .ctl_valid_o(fctl_valid), .ctl_ready_i(fctl_ready), .ctl_mask_o(fctl_mask),
        .ctl_msg_o(fctl_msg), .ev_valid_o(ev_valid), .ev_ready_i(ev_ready),
        .ev_writable_i(ev_writable), .ev_last_i(ev_last), .ev_rec_o(ev_rec),
        .ev_stall_o(ev_stall), .ev_stag_o(ev_stag),
        .pub_valid_i(pub_valid), .pub_stag_i(pub_stag), .lost_valid_i(lost_valid),
        .lost_stag_i(lost_stag), .res_valid_i(res_valid), .res_ready_o(res_ready),
        .res_sid_i(res_sid), .res_stag_i(res_stag), .res_ac_i(res_ac), .res_ab_i(res_ab),
        .sterm_valid_i(sterm_valid), .sterm_ready_o(sterm_ready), .sterm_sid_i(sterm_sid),
        .dn_valid_i(dn_valid_o), .dn_head_i(dn_msg_o[`DN_BODY_LSB-1:0]),
        .smmuen_i(smmuen), .smmuen_end_i(smmuen_end), .smmuen_off_i(smmuen_off),
        .flt_idle_o(flt_idle)
    );

    smmu_cmdq #(.OAS(OAS)) u_cmdq (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .en_i(cmdq_en), .base_i(cmdq_base), .log2_i(cmdq_log2), .ra_i(cmdq_ra),
        .queue_sh_i(queue_sh), .queue_oc_i(queue_oc), .queue_ic_i(queue_ic),
        .prod_i(cmdq_prod), .prod_kick_i(cmdq_prod_kick), .cons_wr_i(cmdq_cons_wr),
        .cons_wdata_i(cmdq_cons_wdata), .cons_o(cmdq_cons), .err_code_o(cmdq_err_code),
        .err_active_i(gerr_cmdq_active), .gerr_cmdq_o(gerr_cmdq), .idle_o(cmdq_idle),
        .inv_valid_o(cinv_valid), .inv_ready_i(cinv_ready), .inv_msg_o(cinv_msg), .vmw_i(vmw),
        .res_valid_o(res_valid), .res_ready_i(res_ready), .res_sid_o(res_sid),
        .res_stag_o(res_stag), .res_ac_o(res_ac), .res_ab_o(res_ab),
        .sterm_valid_o(sterm_valid), .sterm_ready_i(sterm_ready), .sterm_sid_o(sterm_sid),
        .csync_req_o(csync_req), .csync_done_i(csync_done),
        .msi_valid_o(msi_valid[0]), .msi_ready_i(msi_ready[0]), .msi_addr_o(msi_addr[47:0]),
        .msi_data_o(msi_data[31:0]), .msi_attr_o(msi_attr[3:0]), .msi_sh_o(msi_sh[1:0]),
        .msi_done_i(msi_done[0]), .msi_err_i(msi_err[0]),
        .gerr_msi_o(gerr_msi_cmdq), .irq_sync_o(sync_pulse),
        .ar_valid_o(cmdq_ar_valid), .ar_ready_i(cmdq_ar_ready), .ar_addr_o(cmdq_ar_addr),
        .ar_len_o(cmdq_ar_len), .ar_cache_o(cmdq_ar_cache), .ar_domain_o(cmdq_ar_domain),
        .r_valid_i(cmdq_r_valid), .r_data_i(r_data), .r_resp_i(r_resp), .r_last_i(r_last)
    );

    smmu_evtq u_evtq (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .en_i(evtq_en), .base_i(evtq_base), .log2_i(evtq_log2), .wa_i(evtq_wa),
        .queue_sh_i(queue_sh), .queue_oc_i(queue_oc), .queue_ic_i(queue_ic),
        .prod_wr_i(evtq_prod_wr), .prod_wdata_i(evtq_prod_wdata), .cons_i(evtq_cons),
        .ovack_i(evtq_ovack), .prod_o(evtq_prod), .ovflg_o(evtq_ovflg),
        .err_active_i(gerr_evtq_active), .gerr_evtq_o(gerr_evtq), .idle_o(evtq_idle),
        .ev_valid_i(ev_valid), .ev_ready_o(ev_ready), .ev_writable_o(ev_writable),
        .ev_last_o(ev_last), .ev_rec_i(ev_rec), .ev_stall_i(ev_stall), .ev_stag_i(ev_stag),
        .pub_valid_o(pub_valid), .pub_stag_o(pub_stag), .lost_valid_o(lost_valid),
        .lost_stag_o(lost_stag), .irq_evtq_o(evtq_pulse), .acc_cnt_o(acc_cnt),
        .done_cnt_o(done_cnt), .w_valid_o(evtq_w_valid), .w_ready_i(evtq_w_ready),
        .w_addr_o(evtq_w_addr), .w_len_o(evtq_w_len),
        .w_data_o(evtq_w_data), .w_strb_o(evtq_w_strb), .w_cache_o(evtq_w_cache),
        .w_domain_o(evtq_w_domain), .b_valid_i(evtq_b_valid), .b_resp_i(b_resp)
    );

    smmu_msi u_msi (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .req_valid_i(msi_valid), .req_ready_o(msi_ready), .req_addr_i(msi_addr),
        .req_data_i(msi_data), .req_attr_i(msi_attr), .req_sh_i(msi_sh), .done_o(msi_done),
        .err_o(msi_err), .w_valid_o(msi_w_valid), .w_ready_i(msi_w_ready), .w_addr_o(msi_w_addr),
        .w_len_o(msi_w_len), .w_data_o(msi_w_data), .w_strb_o(msi_w_strb), .w_cache_o(msi_w_cache),
        .w_domain_o(msi_w_domain), .w_src_o(msi_w_src), .b_valid_i(msi_b_valid),
        .b_src_i(msi_b_src), .b_resp_i(b_resp)
    );

    smmu_sync #(.NUM_TBU(NUM_TBU), .WALK_SLOTS(WALK_SLOTS)) u_sync (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .csync_req_i(csync_req), .csync_done_o(csync_done), .dsync_req_i(dsync_req),
        .dsync_done_o(dsync_done), .ctl_valid_o(sync_ctl_valid), .ctl_ready_i(sync_ctl_ready),
        .ctl_msg_o(sync_ctl_msg), .sdone_valid_i(sdone_valid), .sdone_tbu_i(sdone_tbu),
        .sdone_tag_i(sdone_tag), .mode_done_o(mode_done),
        .walk_busy_i(walk_busy), .wfree_valid_i(wfree_valid), .wfree_idx_i(wfree_idx),
        .flt_idle_i(flt_idle), .acc_cnt_i(acc_cnt), .done_cnt_i(done_cnt)
    );

    smmu_dvm u_dvm (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .dvm_acvalid(dvm_acvalid),
        .dvm_acready(dvm_acready),
        .dvm_acaddr(dvm_acaddr),
        .dvm_acvmidext(dvm_acvmidext),
        .dvm_acsnoop(dvm_acsnoop),
        .dvm_acprot(dvm_acprot),
        .dvm_crvalid(dvm_crvalid),
        .dvm_crready(dvm_crready),
        .dvm_crresp(dvm_crresp),
        .dvm_syscoreq(dvm_syscoreq),
        .dvm_syscoack(dvm_syscoack),
        .ptm_i(ptm), .vmw_i(vmw),
        .inv_valid_o(dinv_valid), .inv_ready_i(dinv_ready), .inv_msg_o(dinv_msg),
        .dsync_req_o(dsync_req), .dsync_done_i(dsync_done),
        .dvmc_valid_o(dvmc_valid), .dvmc_ready_i(dvmc_ready), .dvmc_domain_o(dvmc_domain),
        .dvmc_done_i(dvmc_done)
    );

    smmu_regs #(
        .CMDQS(CMDQS), .EVENTQS(EVENTQS), .STALL_MAX(STALL_MAX), .GBPA_ABORT(GBPA_ABORT), .OAS(OAS)
    ) u_regs (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .s_axil_awvalid(s_axil_awvalid),
        .s_axil_awready(s_axil_awready),
        .s_axil_awaddr(s_axil_awaddr),
        .s_axil_wvalid(s_axil_wvalid),
        .s_axil_wready(s_axil_wready),
        .s_axil_wdata(s_axil_wdata),
        .s_axil_wstrb(s_axil_wstrb),
        .s_axil_bvalid(s_axil_bvalid),
        .s_axil_bready(s_axil_bready),
        .s_axil_bresp(s_axil_bresp),
        .s_axil_arvalid(s_axil_arvalid),
        .s_axil_arready(s_axil_arready),
        .s_axil_araddr(s_axil_araddr),
        .s_axil_rvalid(s_axil_rvalid),
        .s_axil_rready(s_axil_rready),
        .s_axil_rdata(s_axil_rdata),
        .s_axil_rresp(s_axil_rresp),
        .smmuen_o(smmuen), .vmw_o(vmw), .recinvsid_o(recinvsid), .ptm_o(ptm),
        .strtab_base_o(strtab_base), .strtab_2lvl_o(strtab_2lvl), .strtab_split_o(strtab_split),
        .strtab_log2_o(strtab_log2), .strtab_ra_o(strtab_ra),
        .table_sh_o(table_sh), .table_oc_o(table_oc), .table_ic_o(table_ic),
        .queue_sh_o(queue_sh), .queue_oc_o(queue_oc), .queue_ic_o(queue_ic),
        .cmdq_en_o(cmdq_en), .cmdq_base_o(cmdq_base), .cmdq_log2_o(cmdq_log2), .cmdq_ra_o(cmdq_ra),
        .cmdq_prod_o(cmdq_prod), .cmdq_prod_kick_o(cmdq_prod_kick),
        .cmdq_cons_wr_o(cmdq_cons_wr), .cmdq_cons_wdata_o(cmdq_cons_wdata),
        .cmdq_cons_i(cmdq_cons), .cmdq_err_code_i(cmdq_err_code), .cmdq_idle_i(cmdq_idle),
        .evtq_en_o(evtq_en), .evtq_base_o(evtq_base), .evtq_log2_o(evtq_log2), .evtq_wa_o(evtq_wa),
        .evtq_prod_wr_o(evtq_prod_wr), .evtq_prod_wdata_o(evtq_prod_wdata),
        .evtq_cons_o(evtq_cons), .evtq_ovack_o(evtq_ovack),
        .evtq_prod_i(evtq_prod), .evtq_ovflg_i(evtq_ovflg), .evtq_idle_i(evtq_idle),
        .mode_valid_o(mode_valid), .mode_ready_i(mode_ready), .mode_msg_o(mode_msg),
        .mode_done_i(mode_done), .smmuen_end_o(smmuen_end), .smmuen_off_o(smmuen_off),
        .walk_idle_i(walk_busy == {WALK_SLOTS{1'b0}}), .tcu_ready_i(tcu_ready),
        .gerr_cmdq_i(gerr_cmdq), .gerr_evtq_i(gerr_evtq), .gerr_msi_cmdq_i(gerr_msi_cmdq),
        .gerr_msi_evtq_i(msi_err[1]), .gerr_msi_gerr_i(msi_err[2]),
        .gerr_cmdq_active_o(gerr_cmdq_active), .gerr_evtq_active_o(gerr_evtq_active),
        .msi_valid_o(msi_valid[2:1]), .msi_ready_i(msi_ready[2:1]), .msi_done_i(msi_done[2:1]),
        .msi_addr_o(msi_addr[143:48]), .msi_data_o(msi_data[95:32]), .msi_attr_o(msi_attr[11:4]),
        .msi_sh_o(msi_sh[5:2]), .irq_evtq_i(evtq_pulse), .irq_sync_i(sync_pulse),
        .irq_evtq_o(irq_evtq), .irq_gerr_o(irq_gerr), .irq_cmd_sync_o(irq_cmd_sync),
        .irq_priq_o(irq_priq)
    );

    smmu_ptw_port #(.DEVID_W(32)) u_ptw_port (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .walk_ar_valid_i(walk_ar_valid), .walk_ar_ready_o(walk_ar_ready), .walk_ar_id_i(walk_ar_id),
        .walk_ar_addr_i(walk_ar_addr), .walk_ar_len_i(walk_ar_len), .walk_ar_size_i(walk_ar_size),
        .walk_ar_burst_i(walk_ar_burst), .walk_ar_cache_i(walk_ar_cache),
        .walk_ar_domain_i(walk_ar_domain), .walk_r_valid_o(walk_r_valid), .walk_r_id_o(walk_r_id),
        .cmdq_ar_valid_i(cmdq_ar_valid), .cmdq_ar_ready_o(cmdq_ar_ready),
        .cmdq_ar_addr_i(cmdq_ar_addr), .cmdq_ar_len_i(cmdq_ar_len), .cmdq_ar_cache_i(cmdq_ar_cache),
        .cmdq_ar_domain_i(cmdq_ar_domain), .cmdq_r_valid_o(cmdq_r_valid), .r_data_o(r_data),
        .r_resp_o(r_resp), .r_last_o(r_last),
        .dvmc_valid_i(dvmc_valid), .dvmc_ready_o(dvmc_ready), .dvmc_domain_i(dvmc_domain),
        .dvmc_done_o(dvmc_done), .evtq_w_valid_i(evtq_w_valid), .evtq_w_ready_o(evtq_w_ready),
        .evtq_w_addr_i(evtq_w_addr), .evtq_w_len_i(evtq_w_len), .evtq_w_data_i(evtq_w_data),
        .evtq_w_strb_i(evtq_w_strb), .evtq_w_cache_i(evtq_w_cache), .evtq_w_domain_i(evtq_w_domain),
        .evtq_b_valid_o(evtq_b_valid), .msi_w_valid_i(msi_w_valid), .msi_w_ready_o(msi_w_ready),
        .msi_w_addr_i(msi_w_addr), .msi_w_len_i(msi_w_len), .msi_w_data_i(msi_w_data),
        .msi_w_strb_i(msi_w_strb), .msi_w_cache_i(msi_w_cache), .msi_w_domain_i(msi_w_domain),
        .msi_w_src_i(msi_w_src), .msi_b_valid_o(msi_b_valid),
        .msi_b_src_o(msi_b_src), .b_resp_o(b_resp),
        .ptw_axi_awvalid(ptw_axi_awvalid),
        .ptw_axi_awready(ptw_axi_awready),
        .ptw_axi_awid(ptw_axi_awid),
        .ptw_axi_awaddr(ptw_axi_awaddr),
        .ptw_axi_awlen(ptw_axi_awlen),
        .ptw_axi_awsize(ptw_axi_awsize),
        .ptw_axi_awburst(ptw_axi_awburst),
        .ptw_axi_awlock(ptw_axi_awlock),
        .ptw_axi_awcache(ptw_axi_awcache),
        .ptw_axi_awprot(ptw_axi_awprot),
        .ptw_axi_awqos(ptw_axi_awqos),
        .ptw_axi_awdomain(ptw_axi_awdomain),
        .ptw_axi_awsid(ptw_axi_awsid),
        .ptw_axi_wvalid(ptw_axi_wvalid),
        .ptw_axi_wready(ptw_axi_wready),
        .ptw_axi_wdata(ptw_axi_wdata),
        .ptw_axi_wstrb(ptw_axi_wstrb),
        .ptw_axi_wlast(ptw_axi_wlast),
        .ptw_axi_bvalid(ptw_axi_bvalid),
        .ptw_axi_bready(ptw_axi_bready),
        .ptw_axi_bid(ptw_axi_bid),
        .ptw_axi_bresp(ptw_axi_bresp),
        .ptw_axi_arvalid(ptw_axi_arvalid),
        .ptw_axi_arready(ptw_axi_arready),
        .ptw_axi_arid(ptw_axi_arid),
        .ptw_axi_araddr(ptw_axi_araddr),
        .ptw_axi_arlen(ptw_axi_arlen),
        .ptw_axi_arsize(ptw_axi_arsize),
        .ptw_axi_arburst(ptw_axi_arburst),
        .ptw_axi_arlock(ptw_axi_arlock),
        .ptw_axi_arcache(ptw_axi_arcache),
        .ptw_axi_arprot(ptw_axi_arprot),
        .ptw_axi_arqos(ptw_axi_arqos),
        .ptw_axi_ardomain(ptw_axi_ardomain),
        .ptw_axi_arsnoop(ptw_axi_arsnoop),
        .ptw_axi_rvalid(ptw_axi_rvalid),
        .ptw_axi_rready(ptw_axi_rready),
        .ptw_axi_rid(ptw_axi_rid),
        .ptw_axi_rdata(ptw_axi_rdata),
        .ptw_axi_rresp(ptw_axi_rresp),
        .ptw_axi_rlast(ptw_axi_rlast)
    );

    // ---- event pulses, numbered as in docs/pins.md --------------------------------
    reg  [19:0] cons_q;
    always @(posedge clk_i) cons_q <= cmdq_cons;
    wire walk_ar  = walk_ar_valid && walk_ar_ready;
    // STE and CD are INCR bursts of four beats, L1STD and L1CD single words
    wire cfg_word = walk_ar_size == 3'd3 || (walk_ar_burst == 2'b01 && walk_ar_len == 8'd3);
    wire walk_new = wreq_valid && wreq_ready;
    assign pmu_tcu_event_o = {cmdq_cons != cons_q, ev_valid && ev_ready && ev_writable, pub_valid,
                              walk_ar && cfg_word, walk_ar && !cfg_word,
                              walk_new && !wreq_cfg_hit, walk_new, |(up_valid_i & up_ready_o)};

    wire unused_ok = &{1'b0, s_axil_awprot, s_axil_arprot};
endmodule
`default_nettype wire
