// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : dma_engine
// Purpose: One queue at work: fetches a descriptor, runs its copy or fill,
//          writes the completion record. Nothing here is shared with another
//          queue, so a queue whose transactions are stalled delays itself only.
// Spec   : docs/dma.md, "Life of a descriptor"; architecture.md section 2
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : run_i  a descriptor waits at fetch_addr_i and may be started
//          reset_i  give up what runs, drain, answer reset_done_o
//          ack_i    the driver has seen the error; go on
//          r_*, b_* beats and responses of this queue
// Out    : ar_*, job_*  bursts;  fin_*  one descriptor has ended;  err_*  why it halted
// Stalls : never stalls a shared port; waits for its own responses for ever
// Limits : one descriptor at a time per queue; overlapping ranges are not ordered
// Tests  : tests/unit/test_dma.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "dma_defs.vh"

module dma_engine #(
    parameter DATA_W  = 128,
    parameter LANE_W  = 4,
    parameter BURST_W = 4,
    parameter BUF_W   = 6,
    parameter JOB_W   = 95
) (
    input  wire               clk_i,
    input  wire               rst_ni,

    input  wire               run_i,
    input  wire               reset_i,
    output wire               reset_done_o,
    input  wire               ack_i,
    input  wire [63:0]        fetch_addr_i,
    input  wire [15:0]        index_i,
    input  wire [3:0]         rd_limit_i,
    input  wire [3:0]         wr_limit_i,

    output wire               busy_o,
    output wire               halted_o,
    output wire [3:0]         state_o,
    output wire               fin_valid_o,
    output wire               fin_irq_o,
    output wire               err_pulse_o,
    output wire [7:0]         err_status_o,
    output wire               err_write_o,
    output wire [1:0]         err_resp_o,
    output wire               err_cpl_o,
    output wire [63:0]        err_addr_o,

    output wire               ar_valid_o,
    output wire [63:0]        ar_addr_o,
    output wire [7:0]         ar_len_o,
    input  wire               ar_grant_i,
    input  wire               r_valid_i,
    input  wire [DATA_W-1:0]  r_data_i,
    input  wire [1:0]         r_resp_i,
    input  wire               r_last_i,
    output wire [BUF_W-1:0]   buf_wr_ptr_o,

    output wire               job_valid_o,
    output wire [JOB_W-1:0]   job_o,
    input  wire               job_grant_i,
    input  wire [4-LANE_W:0]  gen_beat_i,
    output wire [DATA_W-1:0]  gen_data_o,
    input  wire               free_i,
    input  wire               b_valid_i,
    input  wire [1:0]         b_resp_i
);
    // 2^32 bytes and two partial beats
    localparam BEATS_W   = 33 - LANE_W + 1;
    localparam BLOCK_W   = LANE_W + BURST_W;
    localparam DESC_BEATS = 64 >> LANE_W;
    localparam CPL_BEATS  = 32 >> LANE_W;

    // ---- state ------------------------------------------------------------------
    localparam [3:0] ST_IDLE  = 4'd0,   // waiting for work
                     ST_FETCH = 4'd1,   // descriptor read outstanding
                     ST_CHECK = 4'd2,   // descriptor is in, one cycle
                     ST_MOVE  = 4'd3,   // copy or fill runs or drains
                     ST_REPLY = 4'd4,   // completion record offered, one cycle
                     ST_WBACK = 4'd5,   // completion record outstanding
                     ST_CLOSE = 4'd6,   // head moves on, one cycle
                     ST_HALT  = 4'd7;   // error, waiting for the driver
    reg [3:0]  state_q, state_d;

    // ---- descriptor -----------------------------------------------------------------
    reg [31:0] ctl_q;                   // opcode, flags
    reg [31:0] len_q;
    reg [63:0] src_q;                   // source address, or the pattern of a fill
    reg [63:0] dst_q;
    reg [63:0] cpl_q;
    reg [63:0] cookie_q;

    wire [7:0]  op       = ctl_q[7:0];
    wire        want_cpl = ctl_q[16 + `DMA_FLAG_CPL];
    wire        want_irq = ctl_q[16 + `DMA_FLAG_IRQ];
    wire        is_fill  = (op == `DMA_OP_FILL);

    // ---- outcome ------------------------------------------------------------------------
    reg [7:0]  status_q,  status_d;     // DMA_ST_NONE while all is well
    reg        write_q,   write_d;
    reg [1:0]  resp_q,    resp_d;
    reg        cplerr_q,  cplerr_d;
    reg [63:0] fault_q,   fault_d;
    reg [32:0] bytes_q,   bytes_d;      // written and acknowledged, from the start
    reg        gap_q,     gap_d;        // a write failed: what follows does not count
    reg        acked_q,   acked_d;      // the driver saw the record before its B came back

    wire       failed   = (status_q != `DMA_ST_NONE);
    wire       r_err    = r_valid_i && r_resp_i[1];
    wire       b_err    = b_valid_i && b_resp_i[1];

    // ---- ranges in beats ------------------------------------------------------------------
    wire [LANE_W-1:0]  src_off   = is_fill ? {LANE_W{1'b0}} : src_q[LANE_W-1:0];
    wire [LANE_W-1:0]  dst_off   = dst_q[LANE_W-1:0];
    wire [33:0]        src_end   = {2'b00, len_q} + {{(34-LANE_W){1'b0}}, src_q[LANE_W-1:0]} +
                                   {{(34-LANE_W){1'b0}}, {LANE_W{1'b1}}};
    wire [33:0]        dst_end   = {2'b00, len_q} + {{(34-LANE_W){1'b0}}, dst_off} +
                                   {{(34-LANE_W){1'b0}}, {LANE_W{1'b1}}};
    wire               unused_src_end = &{1'b0, src_end[LANE_W-1:0]};
    wire [LANE_W-1:0]  dst_tail  = dst_end[LANE_W-1:0];   // (dst + len - 1) mod lanes
    // lead: output beat k ends with bytes of source beat k, else of beat k + 1
    wire               lead      = (src_off <= dst_off);
    wire [LANE_W:0]    shift     = {lead, src_off} - {1'b0, dst_off};

    // ---- the two movers -----------------------------------------------------------------------
    reg                rd_start, wr_start;
    reg                halt_movers;
    wire               rd_done, wr_done;
    wire [63:0]        rx_addr, ack_addr;
    wire [BLOCK_W:0]   ack_bytes;

    wire               in_fetch = (state_q == ST_IDLE);
    wire               in_reply = (state_q == ST_REPLY);
    wire [63:0]        rd_addr  = in_fetch ? fetch_addr_i : src_q;
    wire [BEATS_W-1:0] rd_beats = in_fetch ? DESC_BEATS[BEATS_W-1:0] : src_end[33:LANE_W];
    wire [63:0]        wr_addr  = in_reply ? cpl_q : dst_q;
    wire [BEATS_W-1:0] wr_beats = in_reply ? CPL_BEATS[BEATS_W-1:0] : dst_end[33:LANE_W];
    wire [LANE_W-1:0]  wr_tail  = in_reply ? {LANE_W{1'b1}} : dst_tail;
    wire [LANE_W:0]    wr_shift = in_reply ? {1'b1, {LANE_W{1'b0}}} : shift;
    wire               wr_lead  = in_reply || lead;
    wire               wr_gen   = in_reply || is_fill;

    dma_reader #(
        .LANE_W(LANE_W), .BURST_W(BURST_W), .BUF_W(BUF_W), .BEATS_W(BEATS_W)
    ) u_reader (
        .clk_i         (clk_i),
        .rst_ni        (rst_ni),
        .limit_i       (rd_limit_i),
        .start_i       (rd_start),
        .start_addr_i  (rd_addr),
        .start_beats_i (rd_beats),
        .stop_i        (halt_movers),
        .done_o        (rd_done),
        .rx_addr_o     (rx_addr),
        .ar_valid_o    (ar_valid_o),
        .ar_addr_o     (ar_addr_o),
        .ar_len_o      (ar_len_o),
        .ar_grant_i    (ar_grant_i),
        .r_valid_i     (r_valid_i),
        .r_last_i      (r_last_i),
        .free_i        (free_i)
    );

    wire [63:0]        job_addr;
    wire [7:0]         job_len;
    wire [BUF_W-1:0]   job_ptr;
    wire [LANE_W:0]    job_shift;
    wire [LANE_W-1:0]  job_head, job_tail;
    wire               job_first, job_last, job_gen;

    dma_writer #(
        .LANE_W(LANE_W), .BURST_W(BURST_W), .BUF_W(BUF_W), .BEATS_W(BEATS_W)
    ) u_writer (
        .clk_i         (clk_i),
        .rst_ni        (rst_ni),
        .limit_i       (wr_limit_i),
        .start_i       (wr_start),
        .start_addr_i  (wr_addr),
        .start_beats_i (wr_beats),
        .start_end_i   (wr_tail),
        .start_shift_i (wr_shift),
        .start_lead_i  (wr_lead),
        .start_gen_i   (wr_gen),
        .stop_i        (halt_movers),
        .done_o        (wr_done),
        .ack_addr_o    (ack_addr),
        .ack_bytes_o   (ack_bytes),
        .src_beat_i    (r_valid_i && (state_q == ST_MOVE)),
        .src_done_i    (rd_done),
        .job_valid_o   (job_valid_o),
        .job_addr_o    (job_addr),
        .job_len_o     (job_len),
        .job_ptr_o     (job_ptr),
        .job_shift_o   (job_shift),
        .job_first_o   (job_first),
        .job_head_o    (job_head),
        .job_last_o    (job_last),
        .job_tail_o    (job_tail),
        .job_gen_o     (job_gen),
        .job_grant_i   (job_grant_i),
        .b_valid_i     (b_valid_i)
    );

    assign job_o = {job_addr, job_len, job_ptr, job_shift, job_first, job_head,
                    job_last, job_tail, job_gen};

    // ---- next state (defaults first) -------------------------------------------------------------
    wire bad_desc = (op > `DMA_OP_FILL) || (ctl_q[15:8] != 8'd0) || (ctl_q[31:18] != 14'd0);
    wire bad_cpl  = want_cpl && (cpl_q[4:0] != 5'd0);
    wire no_move  = (op == `DMA_OP_NOP) || (len_q == 32'd0);

    always @(*) begin
        state_d     = state_q;
        status_d    = status_q;
        write_d     = write_q;
        resp_d      = resp_q;
        cplerr_d    = cplerr_q;
        fault_d     = fault_q;
        bytes_d     = bytes_q;
        gap_d       = gap_q;
        acked_d     = acked_q;
        rd_start    = 1'b0;
        wr_start    = 1'b0;
        halt_movers = failed || reset_i;

        case (state_q)
            ST_IDLE: begin
                status_d    = `DMA_ST_NONE;
                write_d     = 1'b0;
                resp_d      = 2'b00;
                cplerr_d    = 1'b0;
                fault_d     = 64'd0;
                bytes_d     = 33'd0;
                gap_d       = 1'b0;
                acked_d     = 1'b0;
                halt_movers = 1'b0;
                if (run_i && !reset_i) begin
                    rd_start = 1'b1;
                    state_d  = ST_FETCH;
                end
            end

            ST_FETCH: begin
                if (r_err && !failed) begin
                    status_d = `DMA_ST_FETCH;
                    resp_d   = r_resp_i;
                    fault_d  = rx_addr;
                end
                if (rd_done)
                    state_d = reset_i ? ST_IDLE : failed ? ST_CLOSE : ST_CHECK;
            end

            ST_CHECK: begin
                status_d = bad_desc ? `DMA_ST_BAD_DESC :
                           bad_cpl  ? `DMA_ST_BAD_CPL  : `DMA_ST_NONE;
                // neither flags nor address of a bad one are to be trusted
                if (bad_desc || bad_cpl)
                    state_d = ST_CLOSE;
                else if (no_move)
                    state_d = ST_REPLY;
                else begin
                    rd_start = !is_fill;
                    wr_start = 1'b1;
                    state_d  = ST_MOVE;
                end
            end

            ST_MOVE: begin
                gap_d = gap_q || b_err;
                if (b_valid_i && !b_err && !gap_q)
                    bytes_d = bytes_q + {{(32-BLOCK_W){1'b0}}, ack_bytes};
                // the first error wins; a write is older than a read seen with it
                if (b_err && !failed) begin
                    status_d = `DMA_ST_WRITE;
                    write_d  = 1'b1;
                    resp_d   = b_resp_i;
                    fault_d  = ack_addr;
                end else if (r_err && !failed) begin
                    status_d = `DMA_ST_READ;
                    resp_d   = r_resp_i;
                    fault_d  = rx_addr;
                end
                if (rd_done && wr_done)
                    state_d = reset_i ? ST_IDLE : ST_REPLY;
            end

            ST_REPLY: begin
                halt_movers = 1'b0;
                wr_start    = want_cpl && !reset_i;
                state_d     = reset_i ? ST_IDLE : want_cpl ? ST_WBACK : ST_CLOSE;
            end

            ST_WBACK: begin
                // the record of a failed descriptor is still to be sent
                halt_movers = reset_i;
                // memory shows the record to software before the engine has its answer
                acked_d     = acked_q || (ack_i && failed);
                if (b_err) begin
                    cplerr_d = 1'b1;
                    if (!failed) begin
                        status_d = `DMA_ST_CPL;
                        write_d  = 1'b1;
                        resp_d   = b_resp_i;
                        fault_d  = ack_addr;
                    end
                end
                if (wr_done)
                    state_d = reset_i ? ST_IDLE : ST_CLOSE;
            end

            // a record that did not arrive cannot have been what was acknowledged
            ST_CLOSE: state_d = failed && (cplerr_q || !(acked_q || ack_i)) ? ST_HALT : ST_IDLE;

            ST_HALT: if (ack_i || reset_i) state_d = ST_IDLE;

            default: state_d = ST_IDLE;
        endcase
    end

    // ---- registers ------------------------------------------------------------------------------
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            state_q  <= ST_IDLE;
            status_q <= `DMA_ST_NONE;
            write_q  <= 1'b0;
            resp_q   <= 2'b00;
            cplerr_q <= 1'b0;
            fault_q  <= 64'd0;
            bytes_q  <= 33'd0;
            gap_q    <= 1'b0;
            acked_q  <= 1'b0;
        end else begin
            state_q  <= state_d;
            status_q <= status_d;
            write_q  <= write_d;
            resp_q   <= resp_d;
            cplerr_q <= cplerr_d;
            fault_q  <= fault_d;
            bytes_q  <= bytes_d;
            gap_q    <= gap_d;
            acked_q  <= acked_d;
        end
    end

    // ---- descriptor capture: word w is in beat w / WORDS ------------------------------------------
    localparam WORDS = DATA_W / 64;

    wire       take = r_valid_i && (state_q == ST_FETCH);
    wire [5:0] hit;
    genvar     w;
    generate
        for (w = 0; w < 6; w = w + 1) begin : g_word
            localparam BEAT = w / WORDS;
            assign hit[w] = take && (rx_addr[5:LANE_W] == BEAT[5-LANE_W:0]);
        end
    endgenerate

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            ctl_q    <= 32'd0;
            len_q    <= 32'd0;
            src_q    <= 64'd0;
            dst_q    <= 64'd0;
            cpl_q    <= 64'd0;
            cookie_q <= 64'd0;
        end else begin
            if (hit[0]) {len_q, ctl_q} <= r_data_i[63:0];
            if (hit[1]) src_q          <= r_data_i[64*(1 % WORDS) +: 64];
            if (hit[2]) dst_q          <= r_data_i[64*(2 % WORDS) +: 64];
            // a fill has no source: its pattern takes the place
            if (hit[3] && is_fill)
                src_q                  <= r_data_i[64*(3 % WORDS) +: 64];
            if (hit[4]) cpl_q          <= r_data_i[64*(4 % WORDS) +: 64];
            if (hit[5]) cookie_q       <= r_data_i[64*(5 % WORDS) +: 64];
        end
    end

    // ---- data that does not come from the buffer ------------------------------------------------
    wire         in_cpl = (state_q == ST_WBACK);
    wire [32:0]  moved  = failed ? bytes_q : {1'b0, (op == `DMA_OP_NOP) ? 32'd0 : len_q};
    // the status word is the last of the record: who sees it, sees all
    wire [255:0] record = {index_i, 13'd0, resp_q, write_q, 16'd0, op,
                           failed ? status_q : `DMA_ST_OK,
                           fault_q, {31'd0, moved}, cookie_q};
    assign gen_data_o = in_cpl ? record[{gen_beat_i, {(LANE_W+3){1'b0}}} +: DATA_W]
                               : {(DATA_W/64){src_q}};

    // ---- buffer write pointer ---------------------------------------------------------------------
    reg [BUF_W-1:0] buf_ptr_q;
    always @(posedge clk_i) begin
        if (!rst_ni)        buf_ptr_q <= {BUF_W{1'b0}};
        else if (rd_start)  buf_ptr_q <= {BUF_W{1'b0}};
        else if (r_valid_i) buf_ptr_q <= buf_ptr_q + {{(BUF_W-1){1'b0}}, 1'b1};
    end
    assign buf_wr_ptr_o = buf_ptr_q;

    // ---- Moore outputs ---------------------------------------------------------------------------
    assign busy_o       = (state_q != ST_IDLE) && (state_q != ST_HALT);
    assign halted_o     = (state_q == ST_HALT);
    assign state_o      = state_q;
    assign reset_done_o = reset_i && (state_q == ST_IDLE);
    // a descriptor that could not be read stays at the head, for a second try
    assign fin_valid_o  = (state_q == ST_CLOSE) && (status_q != `DMA_ST_FETCH);
    assign fin_irq_o    = want_irq && !failed;
    assign err_pulse_o  = (state_q == ST_CLOSE) && failed;
    assign err_status_o = status_q;
    assign err_write_o  = write_q;
    assign err_resp_o   = resp_q;
    assign err_cpl_o    = cplerr_q;
    assign err_addr_o   = fault_q;
endmodule

`default_nettype wire
