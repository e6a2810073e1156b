// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_resp_sched
// Purpose: Decide which outstanding burst of the memory transactor answers
//          next: latency, order per ID, out-of-order and interleaved answers,
//          and the mailbox that asks Python once per burst.
// Clock  : clk_i.  Reset: rst_ni, synchronous, active low (forgets all).
// In     : push_*     a burst arrived; it may answer from cycle push_due_i on
//          level_ooo_i  chance (n/256) that the search starts at a random slot;
//                     0 = strictly in order of arrival
//          late_i     1: Python is asked when the answer is due, not on arrival
//          local_i    1: Python is not asked (answers come from bfm_ram)
//          take_i, last_i, again_i   a beat was taken; the last; choose anew
// Out    : act_o, slot_o  the burst that answers (slot chosen at a clock edge);
//          here_o     its answer has arrived from Python
//          tail_slot_o  slot the next push gets;  full_o
// Python : req_mem[n % slots] = {generation, slot}, req_cnt_q wakes;
//          rsp_gen (written): slot bit equal to its generation = answered
// Limits : a slot that is never answered holds the window open: at most
//          2**SLOT_W - 1 younger bursts pass it.
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_resp_sched #(
    parameter ID_W   = 8,
    parameter SLOT_W = 6
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,
    input  wire [`BFM_CYC_W-1:0] cycle_i,
    input  wire [8:0]            level_ooo_i,
    input  wire                  late_i,
    input  wire                  local_i,
    /* verilator lint_off UNUSEDSIGNAL */   // the user keeps the low bits
    input  wire [31:0]           rnd_i,
    /* verilator lint_on UNUSEDSIGNAL */

    input  wire                  push_i,
    input  wire [ID_W-1:0]       push_id_i,
    input  wire [`BFM_CYC_W-1:0] push_due_i,
    output wire [SLOT_W-1:0]     tail_slot_o,
    output wire [SLOT_W:0]       head_o,       // oldest slot not yet free, with wrap bit
    output wire                  full_o,

    input  wire                  take_i,
    input  wire                  last_i,
    input  wire                  again_i,
    output wire                  act_o,
    output wire                  here_o,
    output wire [SLOT_W-1:0]     slot_o,
    output wire [ID_W-1:0]       id_o
);

    localparam SLOTS = 1 << SLOT_W;

    reg [SLOT_W:0]  req_mem [0:SLOTS-1] /* verilator public_flat_rd */;
    reg [31:0]      req_cnt_q           /* verilator public_flat_rd */;
    reg [SLOTS-1:0] rsp_gen             /* verilator public_flat_rw */;

    reg [SLOTS-1:0]      gen_q;         // generation of the burst in a slot
    reg [SLOTS-1:0]      done_q;
    reg [SLOTS-1:0]      posted_q;      // Python was asked
    reg [`BFM_CYC_W-1:0] due_q [0:SLOTS-1];
    reg [ID_W-1:0]       id_q  [0:SLOTS-1];
    reg [SLOT_W:0]       head_q, tail_q, live_q;
    reg                  act_q;
    reg [SLOT_W-1:0]     slot_q;
    integer i;

    initial begin
        req_cnt_q = 0;  rsp_gen = 0;  gen_q = 0;  done_q = 0;  posted_q = 0;
        head_q = 0;  tail_q = 0;  live_q = 0;  act_q = 1'b0;  slot_q = 0;
        for (i = 0; i < SLOTS; i = i + 1) begin
            req_mem[i] = 0;
            due_q[i]   = 0;
            id_q[i]    = 0;
        end
    end

    wire [SLOTS-1:0]  oldest;
    wire [SLOTS-1:0]  here = local_i ? {SLOTS{1'b1}} : ~(rsp_gen ^ gen_q);
    wire              fin  = take_i && last_i;
    wire              next_valid, alone;
    wire [SLOT_W-1:0] next_slot;
    wire [SLOT_W:0]   count = tail_q - head_q;
    wire [SLOT_W-1:0] tail  = tail_q[SLOT_W-1:0];

    /* verilator lint_off PINCONNECTEMPTY */
    bfm_idlist #(.ID_W(ID_W), .SLOT_W(SLOT_W)) u_list (
        .clk_i       (clk_i),
        .rst_ni      (rst_ni),
        .push_i      (push_i),
        .push_id_i   (push_id_i),
        .push_slot_i (tail),
        .pop_i       (fin),
        .pop_id_i    (id_o),
        .look_id_i   (id_o),
        .look_live_o (),
        .look_slot_o (),
        .next_valid_o(next_valid),
        .next_slot_o (next_slot),
        .oldest_o    (oldest),
        .alone_o     (alone)
    );
    /* verilator lint_on PINCONNECTEMPTY */

    assign tail_slot_o = tail;
    assign head_o      = head_q;
    assign full_o      = count == SLOTS[SLOT_W:0];
    assign act_o       = act_q;
    assign slot_o      = slot_q;
    assign id_o        = id_q[slot_q];
    assign here_o      = here[slot_q];

    // {found, slot}: the first burst that may answer, searched from `start`.
    // A burst not yet asked for (late_i) is due but not here; it may be chosen.
    function [SLOT_W:0] choose;
        input [SLOT_W:0] start;
        input            ooo;
        reg   [SLOT_W:0]   n;
        reg   [SLOT_W:0]   off;
        reg   [SLOT_W-1:0] s;
        reg                stop;
        begin
            choose = 0;
            stop   = 1'b0;
            n      = 0;
            while (!stop && n < count) begin
                off = start + n;
                if (off >= count) off = off - count;
                s = head_q[SLOT_W-1:0] + off[SLOT_W-1:0];
                if (!done_q[s] && !(fin && s == slot_q)) begin
                    if (due_q[s] <= cycle_i && (here[s] || !posted_q[s]) &&
                        (oldest[s] || (fin && next_valid && next_slot == s))) begin
                        choose = {1'b1, s};
                        stop   = 1'b1;
                    end else if (!ooo) begin
                        stop = 1'b1;
                    end
                end
                n = n + 1'b1;
            end
        end
    endfunction

    wire                 ooo    = level_ooo_i != 9'd0;
    wire                 shake  = {1'b0, rnd_i[23:16]} < level_ooo_i;
    /* verilator lint_off UNUSEDSIGNAL */   // scaling keeps the top
    wire [SLOT_W+8:0]    scaled = {8'd0, count} * {{(SLOT_W+1){1'b0}}, rnd_i[31:24]};
    /* verilator lint_on UNUSEDSIGNAL */
    wire [SLOT_W:0]      start  = shake ? scaled[SLOT_W+8:8] : {(SLOT_W+1){1'b0}};
    wire                 choose_now = !act_q || !here[slot_q] || (take_i && (last_i || again_i));
    // latency 1: a burst may be chosen at the very edge that accepts it
    wire                 direct = push_i && push_due_i <= cycle_i &&
                                  (ooo ? alone : (live_q == {{SLOT_W{1'b0}}, fin}));

    // blocking assignments: temporaries of this block only, read after they are written
    /* verilator lint_off BLKSEQ */
    reg              found;
    reg [SLOT_W-1:0] pick;
    always @(posedge clk_i) begin
        found = 1'b0;
        pick  = slot_q;
        if (!rst_ni) begin
            head_q   <= 0;
            tail_q   <= 0;
            live_q   <= 0;
            act_q    <= 1'b0;
            done_q   <= 0;
            posted_q <= 0;
            // an answer owed to a burst before the reset must not look like one after it
            gen_q    <= rsp_gen;
        end else begin
            if (push_i) begin
                tail_q         <= tail_q + 1'b1;
                gen_q[tail]    <= !gen_q[tail];
                due_q[tail]    <= push_due_i;
                id_q[tail]     <= push_id_i;
                done_q[tail]   <= 1'b0;
                posted_q[tail] <= !late_i || local_i;
            end
            if (fin) done_q[slot_q] <= 1'b1;
            live_q <= live_q + {{SLOT_W{1'b0}}, push_i} - {{SLOT_W{1'b0}}, fin};
            if (head_q != tail_q && done_q[head_q[SLOT_W-1:0]]) head_q <= head_q + 1'b1;

            if (choose_now) begin
                {found, pick} = choose(start, ooo);
                if (!found && direct) begin
                    found = 1'b1;
                    pick  = tail;
                end
                act_q  <= found;
                slot_q <= pick;
            end

            if (!late_i && push_i && !local_i) begin
                req_mem[req_cnt_q[SLOT_W-1:0]] <= {!gen_q[tail], tail};
                req_cnt_q <= req_cnt_q + 32'd1;
            end else if (late_i && !local_i && choose_now && found &&
                         ((push_i && pick == tail) || !posted_q[pick])) begin
                req_mem[req_cnt_q[SLOT_W-1:0]] <=
                    {gen_q[pick] ^ (push_i && pick == tail), pick};
                req_cnt_q      <= req_cnt_q + 32'd1;
                posted_q[pick] <= 1'b1;
            end
        end
    end
    /* verilator lint_on BLKSEQ */

endmodule

`default_nettype wire
