// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : dma_reader
// Purpose: Read side of one queue: cuts a byte range into bursts, asks for them
//          only when the queue's part of the data buffer has room for the whole
//          burst, and follows the beats that come back.
// Spec   : docs/dma.md, "Bursts"; architecture.md section 2
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : start_*  a range in beats;  stop_i  ask for no more, drain
//          r_*      beats of this queue;  free_i  one buffer beat is free again
// Out    : ar_*     a burst to be granted;  rx_addr_o  address of the next beat
//          done_o   nothing left to ask for and nothing outstanding
// Stalls : nobody; a read that never comes back only keeps this queue busy
// Limits : bursts end at MAX_BURST-beat blocks, hence never cross 4 KB
// Tests  : tests/unit/test_dma.py
//-----------------------------------------------------------------------------
`default_nettype none

module dma_reader #(
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
    input  wire               stop_i,
    output wire               done_o,
    output wire [63:0]        rx_addr_o,

    output wire               ar_valid_o,
    output wire [63:0]        ar_addr_o,
    output wire [7:0]         ar_len_o,
    input  wire               ar_grant_i,

    input  wire               r_valid_i,
    input  wire               r_last_i,
    input  wire               free_i
);
    localparam [BUF_W:0] BUF_BEATS = 1 << BUF_W;

    reg [63:LANE_W]   addr_q,  addr_d;     // next beat to ask for
    reg [BEATS_W-1:0] left_q,  left_d;     // beats not asked for yet
    reg [63:0]        rx_addr_q, rx_addr_d; // next beat to arrive; exact for the first
    reg [BUF_W:0]     room_q,  room_d;     // beats of the buffer without an owner
    reg [3:0]         open_q,  open_d;     // bursts asked for, last beat missing

    // ---- burst: to the end of the block or of the range ---------------------------
    wire [BURST_W:0] to_block = {1'b1, {BURST_W{1'b0}}} -
                                {1'b0, addr_q[LANE_W +: BURST_W]};
    wire             ends     = left_q <= {{(BEATS_W-BURST_W-1){1'b0}}, to_block};
    wire [BURST_W:0] beats    = ends ? left_q[BURST_W:0] : to_block;
    wire [7:0]       beats_m1 = {{(7-BURST_W){1'b0}}, beats} - 8'd1;
    wire [BUF_W:0]   beats_b  = {{(BUF_W-BURST_W){1'b0}}, beats};

    assign ar_valid_o = (left_q != {BEATS_W{1'b0}}) && !stop_i &&
                        (room_q >= beats_b) && (open_q < limit_i);
    assign ar_addr_o  = {addr_q, {LANE_W{1'b0}}};
    assign ar_len_o   = beats_m1;
    assign done_o     = (left_q == {BEATS_W{1'b0}}) && (open_q == 4'd0);
    assign rx_addr_o  = rx_addr_q;

    always @(*) begin
        addr_d    = addr_q;
        left_d    = left_q;
        rx_addr_d = rx_addr_q;
        room_d    = room_q;
        open_d    = open_q;

        if (ar_grant_i) begin
            addr_d = addr_q + {{(64-LANE_W-BURST_W-1){1'b0}}, beats};
            left_d = left_q - {{(BEATS_W-BURST_W-1){1'b0}}, beats};
        end
        if (r_valid_i)
            rx_addr_d = {rx_addr_q[63:LANE_W] + {{(63-LANE_W){1'b0}}, 1'b1},
                         {LANE_W{1'b0}}};

        room_d = room_q - (ar_grant_i ? beats_b : {(BUF_W+1){1'b0}})
                        + {{BUF_W{1'b0}}, free_i};
        open_d = open_q + {3'd0, ar_grant_i} - {3'd0, r_valid_i && r_last_i};

        if (stop_i)
            left_d = {BEATS_W{1'b0}};

        if (start_i) begin
            addr_d    = start_addr_i[63:LANE_W];
            left_d    = start_beats_i;
            rx_addr_d = start_addr_i;
            // one beat stays behind: the realigner may need the last beat of
            // the burst before
            room_d    = BUF_BEATS - {{BUF_W{1'b0}}, 1'b1};
        end
    end

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            left_q    <= {BEATS_W{1'b0}};
            open_q    <= 4'd0;
            addr_q    <= {(64-LANE_W){1'b0}};
            rx_addr_q <= 64'd0;
            room_q    <= {(BUF_W+1){1'b0}};
        end else begin
            left_q    <= left_d;
            open_q    <= open_d;
            addr_q    <= addr_d;
            rx_addr_q <= rx_addr_d;
            room_q    <= room_d;
        end
    end
endmodule

`default_nettype wire
