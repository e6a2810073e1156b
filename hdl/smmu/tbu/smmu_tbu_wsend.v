// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_wsend
// Purpose: Streams complete write bursts from the buffer in the order their
//          requests left; drops those that were answered locally.
// Spec   : D3 (downstream W follows downstream AW order), FLT-009
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : put_*    burst of put_len_i + 1 beats that starts in put_first_i
//          rd_beat_i, next_i   RAM outputs, the cycle after rd_en_o, next_rd_o
// Out    : m_*      registered;  back_*  a chunk is free again
// Stalls : m_wready_i; dropping takes two cycles a chunk
// Limits : at most CHUNKS bursts: each owns a chunk
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none

module smmu_tbu_wsend #(
    parameter BEAT_W  = 144,
    parameter CHUNKS  = 128,
    parameter CHUNK_W = 7       // clog2(CHUNKS)
) (
    input  wire               clk_i,
    input  wire               rst_ni,

    input  wire               put_valid_i,
    input  wire               put_drop_i,
    input  wire [7:0]         put_len_i,
    input  wire [CHUNK_W-1:0] put_first_i,

    output wire               rd_en_o,
    output wire [CHUNK_W+3:0] rd_addr_o,
    input  wire [BEAT_W-1:0]  rd_beat_i,
    output wire               next_rd_o,
    input  wire [CHUNK_W-1:0] next_i,
    output wire               back_o,
    output wire [CHUNK_W-1:0] back_chunk_o,

    output wire               m_wvalid_o,
    input  wire               m_wready_i,
    output wire [BEAT_W-1:0]  m_beat_o,
    output wire               m_wlast_o
);
    // ---- bursts in order ---------------------------------------------------------------
    reg               put_q, put_drop_q;    // that something leaves comes late
    reg [7:0]         put_len_q;
    reg [CHUNK_W-1:0] put_first_q;
    always @(posedge clk_i) begin
        if (!rst_ni) put_q <= 1'b0;
        else         put_q <= put_valid_i;
        put_drop_q  <= put_drop_i;
        put_len_q   <= put_len_i;
        put_first_q <= put_first_i;
    end

    wire               valid, drop, step, last;
    wire [7:0]         len;
    wire [CHUNK_W-1:0] first;

    util_fifo_ram #(.WIDTH(CHUNK_W + 9), .DEPTH(CHUNKS), .ADDR_W(CHUNK_W)) u_bursts (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .wr_valid_i(put_q), .wr_data_i({put_drop_q, put_len_q, put_first_q}),
        .rd_valid_o(valid), .rd_ready_i(step && last), .rd_data_o({drop, len, first}));

    // ---- one beat a cycle; dropping looks at the first and the last beat of a chunk ------
    reg  [7:0]         beat_q;
    reg  [CHUNK_W-1:0] chunk_q;
    reg                beat_valid_q, beat_last_q;   // RAM output holds a beat
    wire               out_ready;

    wire [CHUNK_W-1:0] chunk  = (beat_q == 8'd0) ? first : chunk_q;
    wire               opens  = (beat_q[3:0] == 4'd0);
    wire               closes = last || (beat_q[3:0] == 4'hf);
    wire [7:0]         tail   = {beat_q[7:4], 4'hf};
    wire [7:0]         ahead  = (tail > len) ? len : tail;

    assign last = (beat_q == len);
    assign step = valid && (drop || !beat_valid_q || out_ready);

    assign rd_en_o      = step && !drop;
    assign rd_addr_o    = {chunk, beat_q[3:0]};
    assign next_rd_o    = step && opens;
    assign back_o       = step && closes;
    assign back_chunk_o = chunk;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            beat_q       <= 8'd0;
            beat_valid_q <= 1'b0;
        end else begin
            if (step) beat_q <= last ? 8'd0 : (drop && opens) ? ahead : beat_q + 8'd1;
            beat_valid_q <= rd_en_o || (beat_valid_q && !out_ready);
        end
        if (step)    chunk_q     <= closes ? next_i : chunk;
        if (rd_en_o) beat_last_q <= last;
    end

    util_reg2 #(.WIDTH(BEAT_W + 1)) u_out (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .in_valid_i(beat_valid_q), .in_ready_o(out_ready), .in_data_i({beat_last_q, rd_beat_i}),
        .out_valid_o(m_wvalid_o), .out_ready_i(m_wready_i),
        .out_data_o({m_wlast_o, m_beat_o}));
endmodule

`default_nettype wire
