// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_cmd_fetch
// Purpose: Read commands ahead of their execution, in bursts of up to a 64-byte
//          line that stay inside CONS..PROD-1, and hand them out in order.
// Spec   : IHI 0070 3.5.1, 3.21.2; CMD-003, QUE-001..010, QUE-015
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : run_i       commands may be read and executed
//          execute_i   a command taken from here has not moved cons_i yet
// Out    : cmd_*       oldest command; cmd_err_o: its beat was an external abort
//          busy_o      an address is offered or beats are to come
// Memory : ar_*, r_*   beats come in order (one AXI ID), always taken
// Limits : log2_i and base_i stand still for two cycles before run_i.
//          8 commands held or under way. What was read ahead is dropped and read
//          again when run_i falls, when the indices become inconsistent (QUE-004)
//          or when PROD moves back over it (QUE-010).
// Tests  : tests/unit/test_cmdq.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"

module smmu_cmd_fetch (
    input  wire              clk_i,
    input  wire              rst_ni,
    input  wire              run_i,
    input  wire              execute_i,
    input  wire [47:0]       base_i,
    input  wire [4:0]        log2_i,
    input  wire [19:0]       prod_i,
    input  wire [19:0]       cons_i,
    output wire              cmd_valid_o,
    input  wire              cmd_ready_i,
    output wire [`CMD_W-1:0] cmd_o,
    output wire              cmd_err_o,
    output wire              busy_o,
    output wire              ar_valid_o,
    input  wire              ar_ready_i,
    output wire [47:0]       ar_addr_o,
    output wire [7:0]        ar_len_o,
    input  wire              r_valid_i,
    input  wire [127:0]      r_data_i,
    input  wire              r_err_i
);
    localparam [3:0] DEPTH = 4'd8;          // commands held or under way
    localparam [3:0] BURST = 4'd4;          // commands of a line

    reg         drop_q;                     // discard all and start again at CONS
    reg  [19:0] next_q;                     // index of the next command to read
    reg  [3:0]  come_q;                     // beats still to come
    reg  [3:0]  held_q;                     // words in the FIFO
    reg         ar_q;
    reg  [47:0] addr_q;
    reg  [1:0]  len_q;

    // ---- ring arithmetic: index and wrap bit, log2_i + 1 bits ------------------------
    reg  [19:0] size_q, imask_q, wmask_q;   // the size changes only while the queue is off
    reg  [19:0] prod_q;
    reg         sane_q, fits_q;             // what is used fits the ring; what is ahead fits it

    // Of PROD as it will be: commands that are read and executed meanwhile change neither.
    wire [19:0] used = (prod_i - cons_i) & wmask_q;
    wire [19:0] ahead = (next_q - cons_i) & wmask_q;    // read, or being executed
    wire [19:0] left = (prod_q - next_q) & wmask_q;
    wire        usable = run_i && sane_q && fits_q;

    always @(posedge clk_i) begin
        size_q  <= 20'd1 << log2_i;
        imask_q <= ~(20'hf_ffff << log2_i);
        wmask_q <= ~(20'hf_fffe << log2_i);
        prod_q  <= prod_i;
        sane_q  <= (used & size_q) == 20'd0 || (used & imask_q) == 20'd0;
        fits_q  <= ahead <= used;
    end

    // ---- next burst: not past PROD, the line or the ring -------------------------------
    wire [1:0]  line  = ~next_q[1:0] & imask_q[1:0];
    wire [1:0]  len   = (left <= {18'd0, line}) ? left[1:0] - 2'd1 : line;
    wire [3:0]  beats = {2'd0, len} + 4'd1;
    wire        issue = usable && !drop_q && !ar_q && left != 20'd0
                     && come_q + held_q <= DEPTH - BURST;

    wire        some, take;
    wire        restart = drop_q && run_i && sane_q && !execute_i && !busy_o
                        && held_q == 4'd0;

    assign cmd_valid_o = some && usable && !drop_q;
    assign take        = cmd_valid_o && cmd_ready_i;
    assign busy_o      = ar_q || come_q != 4'd0;
    assign ar_valid_o  = ar_q;
    assign ar_addr_o   = addr_q;
    assign ar_len_o    = {6'd0, len_q};

    util_fifo_ram #(.WIDTH(`CMD_W + 1), .DEPTH(8), .ADDR_W(3)) u_fifo (
        .clk_i      (clk_i),
        .rst_ni     (rst_ni),
        .wr_valid_i (r_valid_i),
        .wr_data_i  ({r_err_i, r_data_i}),
        .rd_valid_o (some),
        .rd_ready_i (take || drop_q),
        .rd_data_o  ({cmd_err_o, cmd_o})
    );

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            drop_q <= 1'b1;
            next_q <= 20'd0;
            held_q <= 4'd0;
            come_q <= 4'd0;
            ar_q   <= 1'b0;
        end else begin
            drop_q <= !usable || (drop_q && !restart);
            held_q <= held_q + {3'd0, r_valid_i} - {3'd0, some && (take || drop_q)};
            come_q <= come_q + (issue ? beats : 4'd0) - {3'd0, r_valid_i};
            ar_q   <= issue || (ar_q && !ar_ready_i);
            if (drop_q)     next_q <= cons_i & wmask_q;
            else if (issue) next_q <= (next_q + {16'd0, beats}) & wmask_q;
        end
        if (issue) begin
            len_q  <= len;
            // the smallest queue is still aligned to 32 bytes (QUE-003)
            addr_q <= (base_i & ~{24'd0, imask_q | 20'd1, 4'hf})
                    | {24'd0, next_q & imask_q, 4'd0};
        end
    end

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    // ---- what smmu_cmdq keeps to -----------------------------------------------------------------
    // A command taken is executed, then CONS moves by one; the next may be taken with that step.
    // PROD may move anywhere at any time.
    (* anyseq *) wire f_done;
    (* hierconn *) wire [3:0] \u_fifo.count_q ;
    (* hierconn *) wire       \u_fifo.mid_valid_q , \u_fifo.out_valid_q ;
    wire [4:0] f_count = {1'b0, \u_fifo.count_q } + {4'd0, \u_fifo.mid_valid_q }
                       + {4'd0, \u_fifo.out_valid_q };
    wire [3:0] f_asked = ar_q ? {2'd0, len_q} + 4'd1 : 4'd0;     // beats of an AR not taken
    reg        f_exec_q = 1'b0;
    wire       f_step   = f_exec_q && f_done;
    wire       f_quiet  = !run_i && !busy_o && !f_exec_q;
    always @(posedge clk_i) f_exec_q <= rst_ni && (take || (f_exec_q && !f_done));
    always @(*) begin
        assume (log2_i <= 5'd19);
        if (f_on) begin
            assume (execute_i == f_exec_q);
            assume (!cmd_ready_i || !f_exec_q || f_done);
            assume (!r_valid_i || come_q > f_asked);
        end
    end
    reg  [4:0] f_log2_q, f_log2_qq;
    always @(posedge clk_i) {f_log2_qq, f_log2_q} <= {f_log2_q, log2_i};
    always @(posedge clk_i) if (f_on) begin
        if (!$past(rst_ni) || $past(f_quiet)) assume (run_i == 1'b0 || drop_q);
        else begin
            assume (log2_i == $past(log2_i) && base_i == $past(base_i));
            assume (cons_i == ($past(f_step) ? ($past(cons_i) + 20'd1) & wmask_q : $past(cons_i)));
        end
        if (run_i) assume (log2_i == f_log2_q && f_log2_q == f_log2_qq && base_i == $past(base_i));
        if (!f_quiet) assume (f_log2_q == f_log2_qq);
    end
    // PROD counts from the cycle after it came
    wire [19:0] f_used = (prod_q - cons_i) & wmask_q;
    wire        f_good = f_used <= size_q && ahead <= f_used;
    always @(*) if (f_on) begin
        assert (size_q == 20'd1 << f_log2_q);
        assert (imask_q == size_q - 20'd1 && wmask_q == {imask_q[18:0], 1'b1});
    end

    // P1: a burst is read only for commands between CONS and PROD (QUE-005, CMD-003)
    always @(*) if (f_on && issue) begin
        assert (left != 20'd0 && {16'd0, beats} <= left);
        assert (ahead + {16'd0, beats} <= f_used && f_used <= size_q);
    end
    // P2: it stays inside the ring and one line of four
    wire [1:0] f_place = addr_q[5:4];
    always @(posedge clk_i) if (f_on && $past(rst_ni && issue)) begin
        assert (ar_valid_o && {1'b0, f_place} + {1'b0, len_q} <= 3'd3);
        assert ((ar_addr_o & ~{24'd0, imask_q | 20'd1, 4'hf})
                == ($past(base_i) & ~{24'd0, imask_q | 20'd1, 4'hf}));
        assert ((ar_addr_o[23:4] & imask_q) == ($past(next_q) & imask_q));
        assert ({1'b0, ar_addr_o[23:4] & imask_q} + {19'd0, len_q} < {1'b0, size_q});
    end
    // P3: every beat asked for has a place
    always @(*) if (f_on) begin
        assert ({2'd0, come_q} + {1'b0, f_count} <= 6'd8);
        assert (come_q >= f_asked);
        assert ({1'b0, held_q} == f_count);
    end
    // P4: the command offered is the one at CONS, or the next while that is executed (QUE-007)
    wire [19:0] f_oldest = (next_q - {16'd0, come_q} - {15'd0, f_count}) & wmask_q;
    always @(*) if (f_on && !drop_q) assert (f_oldest == ((cons_i + {19'd0, f_exec_q}) & wmask_q));
    always @(*) if (f_on && !drop_q)
        assert ({15'd0, f_count} + {16'd0, come_q} + {19'd0, f_exec_q} <= size_q);
    // P5: after it has stopped, nothing read before is offered (QUE-008)
    reg f_old_q = 1'b0;             // beats asked for before the stop are in the FIFO or to come
    always @(posedge clk_i) f_old_q <= rst_ni && (f_old_q || !run_i) && (busy_o || held_q != 4'd0);
    always @(*) if (f_on && f_old_q) assert (!cmd_valid_o && drop_q);
    // P6: an offered read is held until it is taken
    always @(posedge clk_i) if (f_on && $past(rst_ni && ar_valid_o && !ar_ready_i))
        assert (ar_valid_o && ar_addr_o == $past(ar_addr_o) && ar_len_o == $past(ar_len_o));
    // P7: whatever lies between CONS and PROD is read as soon as there is room for a burst
    always @(*) if (f_on && usable && !drop_q && !ar_q)
        if (next_q != (prod_q & wmask_q) && {1'b0, come_q} + f_count <= 5'd4) assert (issue);
    always @(posedge clk_i) if (f_on && run_i && f_good && !drop_q && $past(rst_ni && !drop_q))
        if (cons_i == $past(cons_i) && next_q == $past(next_q)) assert (usable);
    always @(*) if (f_on && !drop_q) assert ((next_q & ~wmask_q) == 20'd0);

    always @(*) if (f_on) begin
        // C1: a command is taken from a full ring of four that has wrapped
        cover (take && log2_i == 5'd2 && f_used == size_q && (cons_i & imask_q) == imask_q);
        // C2: beats are dropped after a stop
        cover (drop_q && r_valid_i);
        // C3: eight commands held
        cover (f_count == 5'd8);
    end
`endif
endmodule

`default_nettype wire
