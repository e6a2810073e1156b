// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_evtq
// Purpose: Event queue: write records, publish PROD after the response, overflow
//          and write aborts.
// Spec   : IHI 0070 3.5, 7.2, 7.4; EVQ-001, EVQ-019..035, QUE-001..005, GER-009,
//          GER-012, IRQ-003, IRQ-016, STL-032
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : ev_*         a record, may be withdrawn; a stall record only while ev_writable_o is high
//          err_active_i GERROR.EVENTQ_ABT_ERR is active, any time after gerr_evtq_o
// Out    : ev_ready_o   taken: to be written, or (not writable, no stall) dropped
//          ev_writable_o a record offered now has an entry; ev_last_o: the only one free
//          pub_*        a stall record is covered by PROD from the next cycle on
//          lost_*       a stall record went down with an aborted write
//          gerr_evtq_o  high until err_active_i is: one cycle with smmu_irq
//          acc_cnt_o, done_cnt_o  records taken; of these published, lost or dropped.
//                       They end in the order taken, so done - acc tells when all
//                       taken before a moment have ended.
//          idle_o       when en_i is low: nothing is written and GERROR is up to date
// Memory : w_*, b_*     one write of two beats a record, responses in order
// Limits : 4 records in flight; log2_i, base_i and PROD stand still for two cycles before en_i
// Tests  : tests/unit/test_evtq.py
//-----------------------------------------------------------------------------
`default_nettype none

module smmu_evtq (
    input  wire         clk_i,
    input  wire         rst_ni,
    // registers
    input  wire         en_i,
    input  wire [47:0]  base_i,
    input  wire [4:0]   log2_i,         // capped already (QUE-003)
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
    // records
    input  wire         ev_valid_i,
    output wire         ev_ready_o,
    output wire         ev_writable_o,
    output wire         ev_last_o,
    input  wire [255:0] ev_rec_i,
    input  wire         ev_stall_i,
    input  wire [15:0]  ev_stag_i,
    output wire         pub_valid_o,    // pulse
    output wire [15:0]  pub_stag_o,
    output wire         lost_valid_o,   // pulse
    output wire [15:0]  lost_stag_o,
    output wire         irq_evtq_o,     // pulse: empty to non-empty, PROD shows it
    output wire [15:0]  acc_cnt_o,
    output wire [15:0]  done_cnt_o,
    // writes
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
    localparam [2:0] DEPTH  = 3'd4;         // records in flight
    localparam       META_W = 17;           // stall, STAG

    reg  [19:0]         prod_q, alloc_q;    // published; next entry to write
    reg                 ovflg_q, irq_q;
    reg  [2:0]          flight_q;
    reg  [4*META_W-1:0] meta_q;             // of the records in flight, oldest low
    reg                 flush_q;            // a write aborted: discard what is in flight
    reg                 raise_q;            // nothing is left in flight: tell GERROR
    reg                 wv_q;
    reg  [47:0]         waddr_q;
    reg  [255:0]        wdata_q;
    reg  [15:0]         acc_q, done_q;

    // ---- ring ----------------------------------------------------------------------------
    reg  [19:0] size_q, imask_q, wmask_q;   // entries; bits of an index, with the wrap bit
    reg         ovack_q;                    // as CONS of the cycle before
    reg         full_q, last_q;             // no entry is free, one is (CONS of the cycle before)
    wire        push;

    // What is used after this cycle, with and without a push. PROD moves in other ways only while
    // nothing may be written, and for one cycle more.
    wire [19:0] used_stay = (alloc_q - cons_i) & wmask_q;
    wire [19:0] used_push = (alloc_q + 20'd1 - cons_i) & wmask_q;
    // below twice the size one bit tells; inconsistent indices count as full (QUE-004)
    wire        full_stay = (used_stay & size_q) != 20'd0;
    wire        full_push = (used_push & size_q) != 20'd0;

    always @(posedge clk_i) begin
        size_q  <= 20'd1 << log2_i;
        imask_q <= ~(20'hf_ffff << log2_i);
        wmask_q <= ~(20'hf_fffe << log2_i);
        ovack_q <= ovack_i;
        full_q  <= push ? full_push : full_stay;
        last_q  <= push ? used_push == imask_q : used_stay == imask_q;
    end

    // ---- take or drop ----------------------------------------------------------------------
    wire blocked  = err_active_i || flush_q || raise_q;
    wire writable = en_i && !blocked && !full_q;
    wire room     = flight_q < DEPTH && (!wv_q || w_ready_i);
    assign push   = ev_valid_i && writable && room;
    // Dropping waits for the writes in flight: an overflow is told only when PROD shows the queue
    // full (EVQ-024), an aborted write leaves it not full, and records end in the order taken.
    wire may_drop = !writable && !ev_stall_i && flight_q == 3'd0;
    wire drop     = ev_valid_i && may_drop;
    wire overflow = drop && en_i && !blocked && ovflg_q == ovack_q;    // EVQ-020..022

    // ---- responses, oldest record first ------------------------------------------------------
    wire b_last   = flight_q == 3'd0;
    wire pop      = b_valid_i && !b_last;
    wire failed   = flush_q || b_resp_i[1];
    wire publish  = pop && !failed;
    wire stall    = meta_q[META_W-1];

    wire [4*META_W-1:0] meta_pop   = pop ? {{META_W{1'b0}}, meta_q[4*META_W-1:META_W]} : meta_q;
    wire [2:0]          flight_pop = flight_q - {2'd0, pop};

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            prod_q   <= 20'd0;
            alloc_q  <= 20'd0;
            ovflg_q  <= 1'b0;
            irq_q    <= 1'b0;
            flight_q <= 3'd0;
            flush_q  <= 1'b0;
            raise_q  <= 1'b0;
            wv_q     <= 1'b0;
            acc_q    <= 16'd0;
            done_q   <= 16'd0;
        end else begin
            flight_q <= flight_pop + {2'd0, push};
            wv_q     <= push || (wv_q && !w_ready_i);
            acc_q    <= acc_q + {15'd0, push || drop};
            done_q   <= done_q + {15'd0, pop || drop};
            // one step with PROD: a CONS write of the same cycle finds the new PROD (IRQ-016)
            irq_q    <= publish && ((prod_q ^ cons_i) & wmask_q) == 20'd0;
            flush_q  <= (pop && b_resp_i[1]) || (flush_q && !b_last);
            raise_q  <= (flush_q && b_last) || (raise_q && !err_active_i);
            if (overflow) ovflg_q <= !ovflg_q;
            if (publish)  prod_q  <= (prod_q + 20'd1) & wmask_q;
            if (flush_q && b_last) alloc_q <= prod_q;       // the aborted entry is next (EVQ-028)
            else if (push)         alloc_q <= (alloc_q + 20'd1) & wmask_q;
            if (prod_wr_i) begin
                prod_q  <= prod_wdata_i[19:0];
                alloc_q <= prod_wdata_i[19:0];
                ovflg_q <= prod_wdata_i[31];
            end
        end
        meta_q <= meta_pop;
        if (push) begin
            meta_q[flight_pop*META_W +: META_W] <= {ev_stall_i, ev_stag_i};
            waddr_q <= (base_i & ~{23'd0, imask_q, 5'h1f}) | {23'd0, alloc_q & imask_q, 5'd0};
            wdata_q <= ev_rec_i;
        end
    end

    // ---- outputs -------------------------------------------------------------------------------
    assign ev_writable_o = writable;
    assign ev_last_o     = last_q;
    assign ev_ready_o    = (writable && room) || may_drop;
    assign prod_o        = prod_q & wmask_q;
    assign ovflg_o       = ovflg_q;
    assign gerr_evtq_o   = raise_q && !err_active_i;
    assign idle_o        = b_last && !flush_q && !raise_q;
    assign pub_valid_o   = publish && stall;
    assign lost_valid_o  = pop && failed && stall;
    assign pub_stag_o    = meta_q[15:0];
    assign lost_stag_o   = meta_q[15:0];
    assign irq_evtq_o    = irq_q;
    assign acc_cnt_o     = acc_q;
    assign done_cnt_o    = done_q;
    assign w_valid_o     = wv_q;
    assign w_addr_o      = waddr_q;
    assign w_len_o       = 1'b1;
    assign w_data_o      = wdata_q;
    assign w_strb_o      = 32'hffff_ffff;

    // the hint is both allocate bits; a write-back write without is 0111 (ATT-031)
    smmu_walk_attr u_attr (
        .iwb_i        (queue_ic_i == 2'd1),
        .owb_i        (queue_oc_i == 2'd1),
        .sh_i         (queue_sh_i),
        .ra_i         (1'b1),
        .wa_i         (wa_i),
        .s2_en_i      (1'b0),
        .s2_memattr_i (4'd0),
        .s2_sh_i      (2'd0),
        .cache_o      (w_cache_o),
        .domain_o     (w_domain_o)
    );

    wire unused_ok = &{1'b0, prod_wdata_i[30:20], b_resp_i[0]};

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    // ---- what the users keep to ------------------------------------------------------------
    // The registers are stable while the queue is enabled; memory answers what it has taken;
    // software consumes what it can see.
    reg  [2:0] f_sent_q;                    // writes taken and not answered
    wire       f_w_take = w_valid_o && w_ready_i;
    always @(posedge clk_i)
        if (!rst_ni) f_sent_q <= 3'd0;
        else         f_sent_q <= f_sent_q + {2'd0, f_w_take} - {2'd0, b_valid_i};
    // The size and CONS count from the cycle after they came.
    reg  [19:0] f_cons_q;
    reg  [4:0]  f_log2_q, f_log2_qq;
    wire [19:0] f_seen = (prod_q - f_cons_q) & wmask_q;
    wire [19:0] f_used = (alloc_q - f_cons_q) & wmask_q;
    reg         f_moved_q;                  // the entry to write next has moved in another way
    reg         f_wr_q;                     // ... by a write of PROD, or reset
    always @(posedge clk_i) begin
        f_cons_q  <= cons_i;
        f_log2_q  <= log2_i;
        f_log2_qq <= f_log2_q;
        f_moved_q <= !rst_ni || prod_wr_i || (flush_q && b_last);
        f_wr_q    <= !rst_ni || prod_wr_i;
    end
    reg f_sane_q = 1'b0;                    // the indices are consistent
    always @(posedge clk_i) begin
        if (!rst_ni || prod_wr_i) f_sane_q <= 1'b0;
        else if (en_i)            f_sane_q <= f_sane_q || f_seen <= size_q;
        else if (idle_o)          f_sane_q <= 1'b0;
    end
    always @(*) begin
        assume (log2_i <= 5'd19);
        if (f_on) begin
            assume (!b_valid_i || f_sent_q != 3'd0);
            assume (!prod_wr_i || (!en_i && idle_o));
            assume (!f_wr_q || !en_i);
            assume (!err_active_i || !flush_q);     // GERROR is set by gerr_evtq_o only
        end
    end
    always @(posedge clk_i) if (f_on && $past(rst_ni)) begin
        if ($past(en_i || !idle_o) || en_i || !idle_o)
            assume (log2_i == f_log2_q && base_i == $past(base_i));
        if (en_i || !idle_o) assume (f_log2_q == f_log2_qq);
        // CONS moves towards PROD as software has read it
        if (en_i && f_seen <= size_q || f_sane_q)
            assume (((cons_i - f_cons_q) & wmask_q) <= f_seen);
        assume (!$rose(err_active_i) || $past(gerr_evtq_o));
    end

    // ---- one stall record, any, is followed: f_pos_q records end before it -------------------
    (* anyseq *) wire f_mark;
    wire        f_take = ev_valid_i && ev_ready_o;
    reg         f_live_q = 1'b0;
    reg  [15:0] f_stag_q;
    reg  [2:0]  f_pos_q;
    wire        f_put = f_take && ev_stall_i && f_mark && !f_live_q;
    wire        f_end = f_live_q && pop && f_pos_q == 3'd0;
    always @(posedge clk_i) begin
        if (!rst_ni)    f_live_q <= 1'b0;
        else if (f_put) f_live_q <= 1'b1;
        else if (f_end) f_live_q <= 1'b0;
        if (f_put) begin
            f_stag_q <= ev_stag_i;
            f_pos_q  <= flight_pop;
        end else if (pop) f_pos_q <= f_pos_q - 3'd1;
    end

    // P1: a stall record is taken only to be written, never dropped (D9, STL-018)
    always @(*) if (f_on && f_take && ev_stall_i) assert (push && ev_writable_o);
    // P2: each stall record taken is told published or lost once, with its STAG, in order (STL-032)
    always @(*) if (f_on) begin
        if (f_live_q) begin
            assert (f_pos_q < flight_q);
            assert (meta_q[f_pos_q*META_W +: META_W] == {1'b1, f_stag_q});
        end
        if (f_end) assert (pub_valid_o != lost_valid_o);
        if (f_end) assert (pub_stag_o == f_stag_q && lost_stag_o == f_stag_q);
        if (pub_valid_o || lost_valid_o) assert (pop);
    end
    // P3: no more in flight than there is room for, every answer belongs to a record
    always @(*) if (f_on) begin
        assert (flight_q <= DEPTH && f_sent_q <= DEPTH);
        assert (flight_q == f_sent_q + {2'd0, wv_q});
        if (b_valid_i) assert (!b_last);
    end
    // P4: PROD moves by one entry, only with a good answer to the oldest write (EVQ-026)
    always @(posedge clk_i) if (f_on && $past(rst_ni && !prod_wr_i)
                                && f_log2_q == f_log2_qq && prod_o != $past(prod_o)) begin
        assert (prod_o == (($past(prod_o) + 20'd1) & wmask_q));
        assert ($past(b_valid_i && !b_resp_i[1] && !flush_q));
    end
    // P5: between PROD and the next entry to write lie exactly the records in flight (QUE-001)
    always @(*) if (f_on && !flush_q) begin
        if (flight_q == 3'd0) assert (alloc_q == prod_q);
        else                  assert ((alloc_q & ~wmask_q) == 20'd0);
        assert (((alloc_q - prod_q) & wmask_q) == ({17'd0, flight_q} & wmask_q));
        if (f_sane_q) assert (f_used <= size_q && f_used == f_seen + {17'd0, flight_q});
    end
    always @(*) if (f_on) begin
        if (f_sane_q) assert (f_seen <= size_q);
        else          assert (flight_q == 3'd0);
    end
    // what is kept beside the indices fits them whenever it counts
    always @(posedge clk_i) if (f_on && $past(rst_ni)) begin
        assert (size_q == 20'd1 << f_log2_q);
        assert (imask_q == size_q - 20'd1 && wmask_q == {imask_q[18:0], 1'b1});
        if (f_log2_q == f_log2_qq && !f_moved_q) begin
            assert (full_q == (f_used >= size_q));
            assert (last_q == (f_used == imask_q));
        end
    end
    // P6: a record goes to the next entry in turn, inside the ring, never to one that software
    // has not consumed (EVQ-027, EVQ-029)
    (* anyconst *) wire [19:0] f_idx;
    always @(*) if (f_on && push && f_sane_q && ((f_idx - f_cons_q) & imask_q) < f_seen)
        assert ((f_idx & imask_q) != (alloc_q & imask_q));
    always @(posedge clk_i) if (f_on && $past(rst_ni && push)) begin
        assert (w_valid_o);
        assert ((w_addr_o & {23'd0, imask_q, 5'h1f}) == {23'd0, $past(alloc_q) & imask_q, 5'd0});
        assert ((w_addr_o & ~{23'd0, imask_q, 5'h1f})
                == ($past(base_i) & ~{23'd0, imask_q, 5'h1f}));
        assert (w_data_o == $past(ev_rec_i));
    end
    // P7: an offered write is held until it is taken
    always @(posedge clk_i) if (f_on && $past(rst_ni && w_valid_o && !w_ready_i))
        assert (w_valid_o && w_addr_o == $past(w_addr_o) && w_data_o == $past(w_data_o));
    // P8: OVFLG toggles only when a record is dropped, the flag is acknowledged and PROD shows the
    // queue full or the indices inconsistent (EVQ-020, EVQ-024)
    always @(posedge clk_i)
    if (f_on && $past(rst_ni && !prod_wr_i) && ovflg_o != $past(ovflg_o)) begin
        assert ($past(en_i && ev_valid_i && ev_ready_o && !ev_stall_i && ovflg_o == ovack_q));
        assert ($past(f_seen >= size_q));
    end
    // P9: records taken and ended differ by those in flight (what smmu_sync counts)
    always @(*) if (f_on) assert (acc_cnt_o - done_cnt_o == {13'd0, flight_q});
    // P10: all entries of the ring are usable, and with room in flight a record is taken
    always @(*) if (f_on) begin
        if (en_i && flight_q == 3'd0 && !err_active_i && !flush_q && !raise_q)
            assert (ev_writable_o == (f_seen < size_q));
        if (ev_valid_i && ev_writable_o && flight_q < DEPTH && (!wv_q || w_ready_i))
            assert (ev_ready_o && push);
    end

    always @(*) if (f_on) begin
        // C1: a stall record followed is published across the end of a ring of four
        cover (f_end && pub_valid_o && log2_i == 5'd2 && (prod_q & imask_q) == imask_q);
        // C2: a stall record followed is lost behind an aborted one
        cover (f_end && lost_valid_o && !b_resp_i[1]);
        // C3: an overflow is told
        cover (overflow && full_q && log2_i == 5'd1);
        // C4: delivery goes on after an abort
        cover (publish && f_aborted_q);
    end
    reg f_aborted_q;
    always @(posedge clk_i) f_aborted_q <= rst_ni && (f_aborted_q || raise_q);
`endif
endmodule

`default_nettype wire
