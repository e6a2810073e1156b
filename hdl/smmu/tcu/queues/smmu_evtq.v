// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_evtq
// Purpose: Event queue: write records, publish PROD after B, overflow and write aborts.
// Spec   : EVQ-001, EVQ-019..029, QUE-001..004, IRQ-003, IRQ-016
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Limits : 4 records in flight; a non-stall record offered while not writable is discarded
// Tests  : none yet
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_evtq (
    input  wire         clk_i,
    input  wire         rst_ni,
    input  wire         en_i,
    input  wire [47:0]  base_i,
    input  wire [4:0]   log2_i,
    input  wire         wa_i,
    input  wire [1:0]   queue_sh_i,
    input  wire [1:0]   queue_oc_i,
    input  wire [1:0]   queue_ic_i,
    input  wire         prod_wr_i,
    input  wire [31:0]  prod_wdata_i,
    input  wire [19:0]  cons_i,
    input  wire         ovack_i,
    output wire [19:0]  prod_o,
    output wire         ovflg_o,
    input  wire         err_active_i,
    output wire         gerr_evtq_o,
    output wire         idle_o,
    input  wire         ev_valid_i,
    output wire         ev_ready_o,
    output wire         ev_writable_o,
    input  wire [255:0] ev_rec_i,
    input  wire         ev_stall_i,
    input  wire [15:0]  ev_stag_i,
    output wire         pub_valid_o,
    output wire [15:0]  pub_stag_o,
    output wire         lost_valid_o,
    output wire [15:0]  lost_stag_o,
    output reg          irq_evtq_o,
    output wire [15:0]  acc_cnt_o,
    output wire [15:0]  done_cnt_o,
    output wire         w_valid_o,
    input  wire         w_ready_i,
    output wire [47:0]  w_addr_o,
    output wire         w_len_o,
    output wire [255:0] w_data_o,
    output wire [31:0]  w_strb_o,
    output wire [3:0]   w_cache_o,
    output wire [1:0]   w_domain_o,
    input  wire         b_valid_i,
    input  wire [1:0]   b_resp_i
);
    reg  [19:0]  prod_q, alloc_q;   // published; next entry to write
    reg          ovflg_q;
    reg  [2:0]   infl_q;
    reg  [67:0]  meta_q;            // {stall, stag} in flight, oldest low
    reg          flush_q;           // a write aborted: discard what is in flight
    reg  [2:0]   hold_q;            // until err_active_i has followed gerr_evtq_o
    reg          wv_q;
    reg  [47:0]  waddr_q;
    reg  [255:0] wdata_q;
    reg  [15:0]  acc_q, done_q;

    wire [19:0]  size  = 20'd1 << log2_i;
    wire [19:0]  imask = size - 20'd1;
    wire [19:0]  wmask = {imask[18:0], 1'b1};
    wire [19:0]  used  = (alloc_q - cons_i) & wmask;
    wire         full  = used >= size;          // inconsistent counts as full
    wire         blocked  = err_active_i || flush_q || hold_q != 3'd0;
    wire         writable = en_i && !blocked && !full;
    wire         room  = infl_q < 3'd4 && (!wv_q || w_ready_i);
    // an overflow is told only when PROD shows the queue full (EVQ-024)
    wire         discard = !writable && !ev_stall_i && infl_q == 3'd0 && !flush_q && hold_q == 3'd0;
    wire         push  = ev_valid_i && writable && room;
    wire         drop  = ev_valid_i && discard;
    wire         pop   = b_valid_i && infl_q != 3'd0;
    wire         bad   = flush_q || b_resp_i[1];
    wire         good  = pop && !bad;
    wire         last  = infl_q == 3'd0 && flush_q;

    assign ev_writable_o = writable;
    assign ev_ready_o    = (writable && room) || discard;
    assign prod_o        = prod_q & wmask;
    assign ovflg_o       = ovflg_q;
    assign gerr_evtq_o   = last;
    assign idle_o        = infl_q == 3'd0 && !flush_q && hold_q == 3'd0 && !wv_q;
    assign pub_valid_o   = good && meta_q[16];
    assign lost_valid_o  = pop && bad && meta_q[16];
    assign pub_stag_o    = meta_q[15:0];
    assign lost_stag_o   = meta_q[15:0];
    assign acc_cnt_o     = acc_q;
    assign done_cnt_o    = done_q;

    wire [67:0]  meta_pop = pop ? {17'd0, meta_q[67:17]} : meta_q;
    wire [2:0]   infl_pop = infl_q - {2'd0, pop};
    wire [47:0]  offset   = {23'd0, alloc_q & imask, 5'd0};
    wire [47:0]  bmask    = ~{23'd0, imask, 5'h1f};

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            prod_q <= 20'd0; alloc_q <= 20'd0; ovflg_q <= 1'b0;
            infl_q <= 3'd0; meta_q <= 68'd0; flush_q <= 1'b0; hold_q <= 3'd0;
            wv_q <= 1'b0; acc_q <= 16'd0; done_q <= 16'd0; irq_evtq_o <= 1'b0;
        end else begin
            infl_q <= infl_pop + {2'd0, push};
            meta_q <= meta_pop;
            if (push) meta_q[infl_pop*17 +: 17] <= {ev_stall_i, ev_stag_i};
            wv_q   <= push || (wv_q && !w_ready_i);
            acc_q  <= acc_q + {15'd0, push || drop};
            done_q <= done_q + {15'd0, pop} + {15'd0, drop};
            if (push) alloc_q <= (alloc_q + 20'd1) & wmask;
            if (good) prod_q  <= (prod_q + 20'd1) & wmask;
            irq_evtq_o <= good && ((prod_q ^ cons_i) & wmask) == 20'd0;
            if (drop && en_i && !blocked && full && ovflg_q == ovack_i) ovflg_q <= !ovflg_q;
            if (pop && b_resp_i[1]) flush_q <= 1'b1;
            if (hold_q != 3'd0) hold_q <= hold_q - 3'd1;
            if (last) begin
                flush_q <= 1'b0;
                hold_q  <= 3'd4;
                alloc_q <= prod_q;
            end
            if (prod_wr_i) begin
                prod_q  <= prod_wdata_i[19:0];
                alloc_q <= prod_wdata_i[19:0];
                ovflg_q <= prod_wdata_i[31];
            end
        end
        if (push) begin
            waddr_q <= (base_i & bmask) | offset;
            wdata_q <= ev_rec_i;
        end
    end

    assign w_valid_o = wv_q;
    assign w_addr_o  = waddr_q;
    assign w_len_o   = 1'b1;
    assign w_data_o  = wdata_q;
    assign w_strb_o  = 32'hffff_ffff;

    // a write without hint is 0111, with write-allocate 1111
    smmu_walk_attr u_attr (.iwb_i(queue_ic_i == 2'd1), .owb_i(queue_oc_i == 2'd1),
        .sh_i(queue_sh_i), .ra_i(1'b1), .wa_i(wa_i), .s2_en_i(1'b0), .s2_memattr_i(4'd0),
        .s2_sh_i(2'd0), .cache_o(w_cache_o), .domain_o(w_domain_o));

    wire unused_ok = &{1'b0, prod_wdata_i[30:20], b_resp_i[0]};
endmodule
`default_nettype wire
