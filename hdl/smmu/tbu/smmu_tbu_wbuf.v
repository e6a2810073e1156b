// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_wbuf
// Purpose: Write data: takes beats in AW order into 16-beat chunks as soon as
//          their AW has room, whether or not it is translated; sends them in the
//          order in which requests leave.
// Spec   : D3; STL-031 (a stalled write never blocks W), FLT-009
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : s_w*     from the client: W before its AW waits
//          s1_*     the request in S1; it may take a slot (offer), goes (sure), or went a cycle
//                   ago (gone): then its one beat is here (smmu_tbu_path P6) and goes now
//          leave_*  a request leaves, from S1 (leave_s1_i) or from replay
//          disc_*   a write is answered locally: its data is dropped
//          fill_*   reset sweep: puts every chunk into the free list once
// Out    : w_now_o  S1 is one beat, and it is here: what it takes has all its data;
//          dc_*     a slot has all its data
// Stalls : beats of an AW without room wait;  m_wready_i stalls sending only
// Memory : beats, next pointer of each chunk, first chunk of each slot (two
//          readers), free list
// Limits : the length comes from AWLEN; the client's WLAST is not needed
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none

module smmu_tbu_wbuf #(
    parameter DATA_W     = 128,
    parameter WBUF_BEATS = 2048,
    parameter CHUNK_W    = 7,   // clog2(WBUF_BEATS / 16)
    parameter TBU_SLOTS  = 32,
    parameter SLOT_W     = 5    // clog2(TBU_SLOTS)
) (
    input  wire                clk_i,
    input  wire                rst_ni,

    input  wire                fill_i,
    input  wire [CHUNK_W-1:0]  fill_chunk_i,

    input  wire                s_wvalid_i,
    output wire                s_wready_o,
    input  wire [DATA_W-1:0]   s_wdata_i,
    input  wire [DATA_W/8-1:0] s_wstrb_i,

    input  wire [7:0]          s1_len_i,
    output wire                room_main_o,     // without the last 16 chunks
    output wire                room_rsvd_o,
    output wire                w_now_o,
    input  wire                s1_offer_i,
    input  wire                s1_sure_i,
    input  wire                s1_gone_i,
    input  wire [SLOT_W-1:0]   s1_slot_i,
    output wire                dc_valid_o,
    output wire [SLOT_W-1:0]   dc_slot_o,

    input  wire                rp_load_i,
    input  wire [SLOT_W-1:0]   pick_slot_i,
    input  wire                leave_i,
    input  wire                leave_s1_i,
    input  wire [7:0]          leave_len_i,

    input  wire                disc_read_i,
    input  wire [SLOT_W-1:0]   disc_slot_i,
    input  wire                disc_i,
    input  wire [7:0]          disc_len_i,

    output wire                m_wvalid_o,
    input  wire                m_wready_i,
    output wire [DATA_W-1:0]   m_wdata_o,
    output wire [DATA_W/8-1:0] m_wstrb_o,
    output wire                m_wlast_o
);
    localparam BEAT_W = DATA_W + DATA_W / 8;
    localparam CHUNKS = WBUF_BEATS / 16;
    localparam CNT_W  = CHUNK_W + 1;

    // ---- W1: one beat -----------------------------------------------------------------
    wire              skid_valid, take;
    wire [BEAT_W-1:0] skid;
    reg               w1_valid_q;
    reg  [BEAT_W-1:0] w1_q;
    wire              w1_load = !w1_valid_q || take;

    util_skid #(.WIDTH(BEAT_W)) u_skid (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .in_valid_i(s_wvalid_i), .in_ready_o(s_wready_o), .in_data_i({s_wstrb_i, s_wdata_i}),
        .out_valid_o(skid_valid), .out_ready_i(w1_load), .out_data_o(skid));

    always @(posedge clk_i) begin
        if (!rst_ni)      w1_valid_q <= 1'b0;
        else if (w1_load) w1_valid_q <= skid_valid;
        if (w1_load) w1_q <= skid;
    end

    // ---- free chunks: reserved when an AW is taken, popped when its beats come ------------
    wire               back;            // a chunk has been sent or dropped
    wire [CHUNK_W-1:0] back_chunk;
    wire               head_valid, pop;
    wire [CHUNK_W-1:0] head;
    reg  [CNT_W-1:0]   room_q;          // free and not reserved

    util_fifo_ram #(.WIDTH(CHUNK_W), .DEPTH(CHUNKS), .ADDR_W(CHUNK_W)) u_free (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .wr_valid_i(fill_i || back), .wr_data_i(fill_i ? fill_chunk_i : back_chunk),
        .rd_valid_o(head_valid), .rd_ready_i(pop), .rd_data_o(head));

    wire             s1_taken = s1_sure_i || s1_gone_i;
    wire [CNT_W-1:0] need     = {{(CNT_W-4){1'b0}}, s1_len_i[7:4]} + 1'b1;
    assign room_rsvd_o = room_q >= need;
    assign room_main_o = room_q >= need + {{(CNT_W-5){1'b0}}, 5'd16};

    // with and without S1
    wire [CNT_W-1:0] stay = room_q + {{(CNT_W-1){1'b0}}, fill_i || back};
    wire [CNT_W-1:0] rest = stay - need;
    always @(posedge clk_i)
        if (!rst_ni) room_q <= {CNT_W{1'b0}};
        else         room_q <= s1_taken ? rest : stay;

    // ---- whose beat is it? AW order; S1 itself when nobody waits -----------------------------
    wire              wait_valid, last;
    wire [7:0]        wait_len;
    wire [SLOT_W-1:0] wait_slot;

    util_fifo #(.WIDTH(8 + SLOT_W), .DEPTH(TBU_SLOTS), .ADDR_W(SLOT_W)) u_order (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .wr_valid_i(s1_taken && !w_now_o), .wr_data_i({s1_len_i, s1_slot_i}),
        .rd_valid_o(wait_valid), .rd_ready_i(take && last), .rd_data_o({wait_len, wait_slot}));

    reg  [7:0]         beat_q;
    reg  [CHUNK_W-1:0] chunk_q;
    wire               opens  = (beat_q[3:0] == 4'd0);          // first beat of a chunk
    wire [CHUNK_W-1:0] chunk  = opens ? head : chunk_q;
    wire               usable = w1_valid_q && (!opens || head_valid);

    // Whether S1 is taken matters for a first beat only: behind it somebody waits.
    wire               first     = (beat_q == 8'd0);
    wire               last_wait = (beat_q == wait_len);

    assign last    = wait_valid ? last_wait : (s1_len_i == 8'd0);
    assign take    = usable && (wait_valid || s1_taken);
    assign pop     = take && opens;
    assign w_now_o = usable && !wait_valid && (s1_len_i == 8'd0);

    assign dc_valid_o = usable && wait_valid && last_wait;
    assign dc_slot_o  = wait_slot;

    always @(posedge clk_i) begin
        if (!rst_ni)   beat_q <= 8'd0;
        else if (take) beat_q <= last ? 8'd0 : beat_q + 8'd1;
        if (usable) chunk_q <= chunk;
    end

    // ---- first chunk of each slot: for replay and for dropping -----------------------------------
    wire               first_wr   = usable && first && (wait_valid || s1_offer_i);
    wire [SLOT_W-1:0]  first_slot = wait_valid ? wait_slot : s1_slot_i;
    wire [CHUNK_W-1:0] rp_ram, disc_first;
    reg                rp_new_q;        // written in the cycle of the pick
    reg  [CHUNK_W-1:0] rp_new_chunk_q;

    util_ram_1r1w #(.WIDTH(CHUNK_W), .DEPTH(TBU_SLOTS), .ADDR_W(SLOT_W)) u_first_rp (
        .clk_i(clk_i),
        .rd_en_i(rp_load_i), .rd_addr_i(pick_slot_i), .rd_data_o(rp_ram),
        .wr_en_i(first_wr), .wr_addr_i(first_slot), .wr_data_i(head));

    util_ram_1r1w #(.WIDTH(CHUNK_W), .DEPTH(TBU_SLOTS), .ADDR_W(SLOT_W)) u_first_disc (
        .clk_i(clk_i),
        .rd_en_i(disc_read_i), .rd_addr_i(disc_slot_i), .rd_data_o(disc_first),
        .wr_en_i(first_wr), .wr_addr_i(first_slot), .wr_data_i(head));

    always @(posedge clk_i)
        if (rp_load_i) begin
            rp_new_q       <= first_wr && (first_slot == pick_slot_i);
            rp_new_chunk_q <= head;
        end

    wire [CHUNK_W-1:0] leave_first = leave_s1_i ? head : rp_new_q ? rp_new_chunk_q : rp_ram;

    // ---- beats and next pointers -------------------------------------------------------------------
    // A beat that nobody takes yet is written all the same, into a chunk that is still free; one that
    // went may be read already.
    wire                 rd_en, next_rd;
    wire [CHUNK_W+3:0]   rd_addr;
    wire [BEAT_W-1:0]    rd_beat;
    wire [CHUNK_W-1:0]   next;

    util_ram_1r1w #(.WIDTH(BEAT_W), .DEPTH(WBUF_BEATS), .ADDR_W(CHUNK_W + 4)) u_beats (
        .clk_i(clk_i),
        .rd_en_i(rd_en), .rd_addr_i(rd_addr), .rd_data_o(rd_beat),
        .wr_en_i(usable && !s1_gone_i), .wr_addr_i({chunk, beat_q[3:0]}), .wr_data_i(w1_q));

    util_ram_1r1w #(.WIDTH(CHUNK_W), .DEPTH(CHUNKS), .ADDR_W(CHUNK_W)) u_next (
        .clk_i(clk_i),
        .rd_en_i(next_rd), .rd_addr_i(rd_addr[CHUNK_W+3:4]), .rd_data_o(next),
        .wr_en_i(usable && opens && !first), .wr_addr_i(chunk_q), .wr_data_i(head));

    smmu_tbu_wsend #(.BEAT_W(BEAT_W), .CHUNKS(CHUNKS), .CHUNK_W(CHUNK_W)) u_send (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .put_valid_i(leave_i || disc_i), .put_drop_i(disc_i),
        .put_len_i(disc_i ? disc_len_i : leave_len_i),
        .put_first_i(disc_i ? disc_first : leave_first),
        .rd_en_o(rd_en), .rd_addr_o(rd_addr), .rd_beat_i(rd_beat),
        .next_rd_o(next_rd), .next_i(next),
        .back_o(back), .back_chunk_o(back_chunk),
        .m_wvalid_o(m_wvalid_o), .m_wready_i(m_wready_i),
        .m_beat_o({m_wstrb_o, m_wdata_o}), .m_wlast_o(m_wlast_o));
endmodule

`default_nettype wire
