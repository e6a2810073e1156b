// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : dma_writer
// Purpose: Write side of one queue: cuts a byte range into bursts and offers each
//          to the write port only when all of its data is in the engine.
// Spec   : docs/dma.md, "Bursts" and "Byte realigner"; architecture.md section 2, D3
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : start_*  a range: address, beats, offset of its last byte, how far the
//                   source bytes are to be moved, and where the data comes from
//          src_*    a source beat has arrived / all have;  b_valid_i  a response
// Out    : job_*    one burst with all the write port needs to send it
//          ack_addr_o   first byte of the oldest burst without a response
//          ack_bytes_o  bytes that burst writes
//          done_o   nothing left to send and every response in
// Stalls : nobody; a write without an answer only keeps this queue busy
// Limits : bursts end at MAX_BURST-beat blocks, hence never cross 4 KB
// Tests  : tests/unit/test_dma.py
//-----------------------------------------------------------------------------
`default_nettype none

module dma_writer #(
    // log2 of the bytes in a beat
    parameter LANE_W  = 4,
    // log2 of the beats in a block (the longest burst)
    parameter BURST_W = 4,
    // log2 of the beats in this queue's part of the buffer
    parameter BUF_W   = 6,
    // width of a beat count
    parameter BEATS_W = 30
) (
    input  wire               clk_i,
    input  wire               rst_ni,
    input  wire [3:0]         limit_i,

    input  wire               start_i,
    input  wire [63:0]        start_addr_i,
    input  wire [BEATS_W-1:0] start_beats_i,
    input  wire [LANE_W-1:0]  start_end_i,
    input  wire [LANE_W:0]    start_shift_i,
    input  wire               start_lead_i,
    input  wire               start_gen_i,
    input  wire               stop_i,
    output wire               done_o,
    output wire [63:0]        ack_addr_o,
    output wire [LANE_W+BURST_W:0] ack_bytes_o,

    input  wire               src_beat_i,
    input  wire               src_done_i,

    output wire               job_valid_o,
    output wire [63:0]        job_addr_o,
    output wire [7:0]         job_len_o,
    output wire [BUF_W-1:0]   job_ptr_o,
    output wire [LANE_W:0]    job_shift_o,
    output wire               job_first_o,
    output wire [LANE_W-1:0]  job_head_o,
    output wire               job_last_o,
    output wire [LANE_W-1:0]  job_tail_o,
    output wire               job_gen_o,
    input  wire               job_grant_i,

    input  wire               b_valid_i
);
    localparam BLOCK_W = LANE_W + BURST_W;

    reg [63:LANE_W]   addr_q,  addr_d;     // next beat to send
    reg [BEATS_W-1:0] left_q,  left_d;     // beats not handed to the port yet
    reg               first_q, first_d;    // the next burst is the first one
    reg [BUF_W-1:0]   ptr_q,   ptr_d;      // buffer beat that feeds the next beat
    reg signed [BUF_W+1:0] avail_q, avail_d; // beats from ptr_q on that are in
    reg [63:0]        ack_q,   ack_d;      // first byte without a response
    reg [3:0]         open_q,  open_d;     // bursts handed over, response missing

    reg [LANE_W-1:0]  head_q, tail_q;
    reg [LANE_W:0]    shift_q;
    reg               gen_q;

    // ---- burst: to the end of the block or of the range ---------------------------
    wire [BURST_W:0] to_block = {1'b1, {BURST_W{1'b0}}} -
                                {1'b0, addr_q[LANE_W +: BURST_W]};
    wire             ends     = left_q <= {{(BEATS_W-BURST_W-1){1'b0}}, to_block};
    wire [BURST_W:0] beats    = ends ? left_q[BURST_W:0] : to_block;
    wire [7:0]       beats_m1 = {{(7-BURST_W){1'b0}}, beats} - 8'd1;
    wire signed [BUF_W+1:0] beats_s = {{(BUF_W-BURST_W+1){1'b0}}, beats};

    // the last beat may take nothing from a further source beat, so once all
    // source beats are in, the count is no longer asked
    wire data_in = gen_q || src_done_i || (avail_q >= beats_s);

    // stop_i counts at once: a beat that came with an error is in the buffer
    assign job_valid_o = (left_q != {BEATS_W{1'b0}}) && !stop_i && data_in &&
                         (open_q < limit_i);
    assign job_addr_o  = {addr_q, {LANE_W{1'b0}}};
    assign job_len_o   = beats_m1;
    assign job_ptr_o   = ptr_q;
    assign job_shift_o = shift_q;
    assign job_first_o = first_q;
    assign job_head_o  = head_q;
    assign job_last_o  = ends;
    assign job_tail_o  = tail_q;
    assign job_gen_o   = gen_q;
    assign done_o      = (left_q == {BEATS_W{1'b0}}) && (open_q == 4'd0);

    // ---- responses of one ID come in order: only the oldest address is kept --------
    wire [BLOCK_W:0] ack_bytes = {1'b1, {BLOCK_W{1'b0}}} - {1'b0, ack_q[BLOCK_W-1:0]};
    assign ack_addr_o  = ack_q;
    assign ack_bytes_o = ack_bytes;

    always @(*) begin
        addr_d  = addr_q;
        left_d  = left_q;
        first_d = first_q;
        ptr_d   = ptr_q;
        ack_d   = ack_q;

        if (job_grant_i) begin
            addr_d  = addr_q + {{(64-LANE_W-BURST_W-1){1'b0}}, beats};
            left_d  = left_q - {{(BEATS_W-BURST_W-1){1'b0}}, beats};
            ptr_d   = ptr_q + {{(BUF_W-BURST_W-1){1'b0}}, beats};
            first_d = 1'b0;
        end
        avail_d = avail_q - (job_grant_i ? beats_s : {(BUF_W+2){1'b0}})
                          + {{(BUF_W+1){1'b0}}, src_beat_i};
        open_d  = open_q + {3'd0, job_grant_i} - {3'd0, b_valid_i};
        if (b_valid_i)
            ack_d = {ack_q[63:BLOCK_W] + {{(63-BLOCK_W){1'b0}}, 1'b1}, {BLOCK_W{1'b0}}};

        if (stop_i)
            left_d = {BEATS_W{1'b0}};

        if (start_i) begin
            addr_d  = start_addr_i[63:LANE_W];
            left_d  = start_beats_i;
            first_d = 1'b1;
            ack_d   = start_addr_i;
            // without a lead, output beat 0 already needs source beat 1
            ptr_d   = {{(BUF_W-1){1'b0}}, !start_lead_i};
            avail_d = start_lead_i ? {(BUF_W+2){1'b0}} : {(BUF_W+2){1'b1}};
        end
    end

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            left_q  <= {BEATS_W{1'b0}};
            open_q  <= 4'd0;
            addr_q  <= {(64-LANE_W){1'b0}};
            first_q <= 1'b0;
            ptr_q   <= {BUF_W{1'b0}};
            avail_q <= {(BUF_W+2){1'b0}};
            ack_q   <= 64'd0;
            head_q  <= {LANE_W{1'b0}};
            tail_q  <= {LANE_W{1'b0}};
            shift_q <= {(LANE_W+1){1'b0}};
            gen_q   <= 1'b0;
        end else begin
            left_q  <= left_d;
            open_q  <= open_d;
            addr_q  <= addr_d;
            first_q <= first_d;
            ptr_q   <= ptr_d;
            avail_q <= avail_d;
            ack_q   <= ack_d;
            if (start_i) begin
                head_q  <= start_addr_i[LANE_W-1:0];
                tail_q  <= start_end_i;
                shift_q <= start_shift_i;
                gen_q   <= start_gen_i;
            end
        end
    end
endmodule

`default_nettype wire
