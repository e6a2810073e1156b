// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_cmdq
// Purpose: Command queue: fetch, decode, execute in order, CONS after the effect.
// Spec   : CMD-*, TLB-001..027, QUE-*, GER-005..008
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Limits : one burst of up to 4 commands in flight, 8 buffered
// Tests  : none yet
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"
module smmu_cmdq (
    input  wire clk_i, input wire rst_ni, input wire en_i,
    input  wire [47:0] base_i, input wire [4:0] log2_i, input wire ra_i,
    input  wire [1:0] queue_sh_i, input wire [1:0] queue_oc_i, input wire [1:0] queue_ic_i,
    input  wire [19:0] prod_i, input wire prod_kick_i,
    input  wire cons_wr_i, input wire [31:0] cons_wdata_i,
    output wire [19:0] cons_o, output reg [6:0] err_code_o,
    input  wire err_active_i, output reg gerr_cmdq_o, output wire idle_o,
    output wire inv_valid_o, input wire inv_ready_i, output reg [`INV_W-1:0] inv_msg_o,
    input  wire [2:0] vmw_i,
    output wire res_valid_o, input wire res_ready_i, output wire [31:0] res_sid_o,
    output wire [15:0] res_stag_o, output wire res_ac_o, output wire res_ab_o,
    output wire sterm_valid_o, input wire sterm_ready_i, output wire [31:0] sterm_sid_o,
    output wire csync_req_o, input wire csync_done_i,
    output reg  msi_valid_o, input wire msi_ready_i, output reg [47:0] msi_addr_o,
    output reg  [31:0] msi_data_o, output reg [3:0] msi_attr_o, output reg [1:0] msi_sh_o,
    input  wire msi_done_i, input wire msi_err_i, output wire gerr_msi_o, output reg irq_sync_o,
    output wire ar_valid_o, input wire ar_ready_i, output wire [47:0] ar_addr_o,
    output wire [7:0] ar_len_o, output wire [3:0] ar_cache_o, output wire [1:0] ar_domain_o,
    input  wire r_valid_i, input wire [127:0] r_data_i, input wire [1:0] r_resp_i, input wire r_last_i
);
    localparam [2:0] S_RUN = 3'd0, S_DEC = 3'd1, S_INV = 3'd2, S_RES = 3'd3, S_TERM = 3'd4,
                     S_SYNC = 3'd5, S_MSI = 3'd6;
    reg [2:0] state_q, hold_q;
    reg [128:0] buf_q [0:7];
    reg [3:0] wr_q, rd_q;
    reg [19:0] cons_q, fptr_q;
    reg ar_q, out_q, drop_q, mpend_q, bad_q;
    reg [47:0] addr_q;
    reg [1:0] len_q;
    reg [127:0] c;

    wire [19:0] size = 20'd1 << log2_i;
    wire [19:0] imask = size - 20'd1;
    wire [19:0] wmask = {imask[18:0], 1'b1};
    wire run = en_i && !err_active_i && hold_q == 3'd0;
    wire [19:0] used = (prod_i - cons_q) & wmask;
    wire [19:0] left = (prod_i - fptr_q) & wmask;
    wire [3:0] cnt = wr_q - rd_q;
    wire [1:0] line = ~fptr_q[1:0] & imask[1:0];    // to the end of the 64-byte line or ring
    wire [1:0] len = (left <= {18'd0, line}) ? left[1:0] - 2'd1 : line;
    wire fetch = run && !drop_q && !ar_q && !out_q && cnt <= 4'd4 && left != 20'd0 && used <= size;

    // ---- decode
    wire [7:0] op = c[7:0];
    wire [31:0] sid = c[63:32];
    wire ranged = op == `OP_CFGI_STE_RANGE;
    wire [31:0] smask = ranged ? ~(32'hffff_fffe << c[68:64]) : 32'd0;
    wire cfgi = op >= `OP_CFGI_STE && op <= `OP_CFGI_CD_ALL;
    wire pref = op == `OP_PREFETCH_CONFIG || op == `OP_PREFETCH_ADDR;
    wire resu = op == `OP_RESUME;
    wire term = op == `OP_STALL_TERM;
    wire sync = op == `OP_SYNC;
    wire far = |(sid[31:16] & ~smask[31:16]);
    wire nh_va = op == `OP_TLBI_NH_VA;
    wire s2ipa = op == `OP_TLBI_S2_IPA;
    wire va = nh_va || op == `OP_TLBI_NH_VAA || s2ipa;
    wire both = op == `OP_TLBI_S12_VMALL || op == `OP_TLBI_NSNH_ALL;
    wire asid = nh_va || op == `OP_TLBI_NH_ASID;
    wire tlbi = va || both || asid || op == `OP_TLBI_NH_ALL;
    wire [1:0] tg = c[75:74];
    wire [1:0] ttl = (tg == 2'd0 || (tg == 2'd2 && c[73:72] == 2'd1)) ? 2'd0 : c[73:72];
    wire rng = va && tg != 2'd0;
    wire ill = !(cfgi || pref || resu || term || sync || tlbi)
            || ((cfgi || pref || resu || term) && c[10]) || (sync && c[13:12] == 2'd3)
            || (rng && c[16:12] == 5'd0 && c[24:20] == 5'd0 && ttl == 2'd0);
    wire [5:0] g2 = (tg == 2'd3) ? 6'd4 : (tg == 2'd2) ? 6'd2 : 6'd0;
    wire [5:0] blk = (ttl == 2'd2) ? ((tg == 2'd3) ? 6'd17 : (tg == 2'd2) ? 6'd13 : 6'd9)
                   : (ttl == 2'd1) ? ((tg == 2'd3) ? 6'd30 : 6'd18) : g2;
    wire [42:0] span = {37'd0, {1'b0, c[16:12]} + 6'd1} << ({1'b0, c[24:20]} + g2);
    wire [42:0] last = {7'd0, c[111:76]} + span - 43'd1;
    wire [35:0] top = (last[42:36] != 7'd0) ? 36'hf_ffff_ffff : last[35:0];
    wire [35:0] vpn = c[111:76] & (rng ? 36'hf_ffff_ffff << blk : 36'hf_ffff_ffff);
    wire half = c[119] && !s2ipa;
    always @(*) begin
        inv_msg_o = {`INV_W{1'b0}};
        inv_msg_o[`INV_CFG_LSB] = cfgi;
        inv_msg_o[`INV_SID_LSB +: 16] = sid[15:0];
        inv_msg_o[`INV_SIDMASK_LSB +: 16] = smask[15:0];
        inv_msg_o[`INV_CDV_LSB] = op == `OP_CFGI_CD;
        inv_msg_o[`INV_SSID_LSB +: 20] = c[31:12];
        inv_msg_o[`INV_CDALL_LSB] = op == `OP_CFGI_CD_ALL;
        inv_msg_o[`INV_S1_LSB] = tlbi && !s2ipa;
        inv_msg_o[`INV_S2_LSB] = s2ipa || both;
        inv_msg_o[`INV_VMIDV_LSB] = tlbi && op != `OP_TLBI_NSNH_ALL;
        inv_msg_o[`INV_VMID_LSB +: 16] = c[47:32];
        inv_msg_o[`INV_VMW_LSB +: 3] = (vmw_i > 3'd4) ? 3'd0 : vmw_i;
        inv_msg_o[`INV_ASIDV_LSB] = asid;
        inv_msg_o[`INV_ASID_LSB +: 16] = c[63:48];
        inv_msg_o[`INV_VAV_LSB] = va;
        inv_msg_o[`INV_VPN_LSB +: 37] = {half, vpn};
        inv_msg_o[`INV_RANGE_LSB] = rng;
        inv_msg_o[`INV_END_LSB +: 37] = {half, top};
        inv_msg_o[`INV_LEAF_LSB] = va && c[64];
        inv_msg_o[`INV_TG_LSB +: 2] = va ? tg : 2'd0;
        inv_msg_o[`INV_TTL_LSB +: 2] = va ? ttl : 2'd0;
    end

    wire noop = pref || ((cfgi || resu || term) && far);
    wire err = state_q == S_DEC && (bad_q || ill);
    wire fin = (state_q == S_DEC && !err && noop) || (state_q == S_INV && inv_ready_i)
            || (state_q == S_RES && res_ready_i) || (state_q == S_TERM && sterm_ready_i)
            || (state_q == S_MSI && !mpend_q);
    wire load = state_q == S_RUN && run && !drop_q && cnt != 4'd0;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            state_q <= S_RUN; hold_q <= 3'd0; wr_q <= 4'd0; rd_q <= 4'd0; cons_q <= 20'd0;
            fptr_q <= 20'd0; ar_q <= 1'b0; out_q <= 1'b0; drop_q <= 1'b1; mpend_q <= 1'b0;
            err_code_o <= 7'd0; gerr_cmdq_o <= 1'b0; irq_sync_o <= 1'b0; msi_valid_o <= 1'b0;
        end else begin
            gerr_cmdq_o <= err;
            irq_sync_o <= 1'b0;
            if (hold_q != 3'd0) hold_q <= hold_q - 3'd1;
            if (fetch) begin ar_q <= 1'b1; fptr_q <= (fptr_q + {18'd0, len} + 20'd1) & wmask; end
            if (ar_q && ar_ready_i) begin ar_q <= 1'b0; out_q <= 1'b1; end
            if (r_valid_i && r_last_i) out_q <= 1'b0;
            if (r_valid_i && !drop_q) wr_q <= wr_q + 4'd1;
            if (load) begin rd_q <= rd_q + 4'd1; state_q <= S_DEC; end
            if (state_q == S_DEC) state_q <= (err || noop) ? S_RUN : sync ? S_SYNC : resu ? S_RES
                                           : term ? S_TERM : S_INV;
            if (state_q == S_SYNC && csync_done_i) state_q <= S_MSI;
            if (fin) begin cons_q <= (cons_q + 20'd1) & wmask; state_q <= S_RUN; end
            if (msi_valid_o && msi_ready_i) msi_valid_o <= 1'b0;
            if (msi_done_i || msi_err_i) mpend_q <= 1'b0;
            if (fin && sync && c[13:12] == 2'd1) begin
                irq_sync_o <= 1'b1;
                msi_valid_o <= c[119:66] != 54'd0;
                mpend_q <= c[119:66] != 54'd0;
            end
            if (err) begin err_code_o <= bad_q ? `CERROR_ABT : `CERROR_ILL; hold_q <= 3'd4; end
            if (!run || err) drop_q <= 1'b1;
            else if (state_q == S_RUN && !ar_q && !out_q) drop_q <= 1'b0;
            if (drop_q) begin rd_q <= wr_q; fptr_q <= cons_q & wmask; end
            if (cons_wr_i) begin cons_q <= cons_wdata_i[19:0]; err_code_o <= cons_wdata_i[30:24]; end
        end
        if (r_valid_i) buf_q[wr_q[2:0]] <= {r_resp_i[1], r_data_i};
        if (load) {bad_q, c} <= buf_q[rd_q[2:0]];
        if (fetch) begin
            len_q <= len;
            addr_q <= (base_i & ~{24'd0, imask, 4'hf}) | {24'd0, fptr_q & imask, 4'd0};
        end
        if (fin && sync) begin
            msi_addr_o <= {c[111:66], 2'b00}; msi_data_o <= c[63:32];
            msi_attr_o <= c[27:24]; msi_sh_o <= c[23:22];
        end
    end
    assign cons_o = cons_q & wmask;
    assign idle_o = state_q == S_RUN && !ar_q && !out_q && !load && hold_q == 3'd0;
    assign inv_valid_o = state_q == S_INV;
    assign res_valid_o = state_q == S_RES;
    assign {res_sid_o, res_stag_o, res_ac_o, res_ab_o} = {sid, c[79:64], c[12], c[13]};
    assign sterm_valid_o = state_q == S_TERM;
    assign sterm_sid_o = sid;
    assign csync_req_o = state_q == S_SYNC;
    assign gerr_msi_o = msi_err_i;
    assign ar_valid_o = ar_q;
    assign ar_addr_o = addr_q;
    assign ar_len_o = {6'd0, len_q};
    smmu_walk_attr u_attr (.iwb_i(queue_ic_i == 2'd1), .owb_i(queue_oc_i == 2'd1),
        .sh_i(queue_sh_i), .ra_i(ra_i), .wa_i(1'b0), .s2_en_i(1'b0), .s2_memattr_i(4'd0),
        .s2_sh_i(2'd0), .cache_o(ar_cache_o), .domain_o(ar_domain_o));
    wire unused_ok = &{1'b0, c, prod_kick_i, cons_wdata_i, r_resp_i[0]};
endmodule
`default_nettype wire
