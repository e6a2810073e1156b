// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : tb_meter
// Purpose: Measures one direction of one TBU at its pins, without Python:
//          cycles from an address handshake upstream to the cycle in which the
//          address is first valid downstream, and how often an offered address
//          was taken.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : s_*  upstream address channel;  m_*  downstream address channel
// Python : clear (written: a change forgets everything), watch_sid (written);
//          all *_q   (tb/bench/meter.py)
// Limits : transactions of one ID leave in order and none is answered locally,
//          else latencies of that ID are wrong; 64 waiting per ID
// Tests  : tests/unit/test_meter.py
//-----------------------------------------------------------------------------
`default_nettype none

module tb_meter #(
    parameter ID_W = 8
) (
    input  wire            clk_i,
    input  wire            rst_ni,
    input  wire            s_valid_i,
    input  wire            s_ready_i,
    input  wire [ID_W-1:0] s_id_i,
    input  wire [15:0]     s_sid_i,
    input  wire            m_valid_i,
    input  wire            m_ready_i,
    input  wire [ID_W-1:0] m_id_i
);
    localparam IDS  = 1 << ID_W;
    localparam ROOM = 6;                       // log2 of the stamps kept per ID

    reg [31:0] clear       /* verilator public_flat_rw */;
    reg [15:0] watch_sid   /* verilator public_flat_rw */;

    reg [31:0] in_cnt_q    /* verilator public_flat_rd */;   // handshakes upstream
    reg [31:0] out_cnt_q   /* verilator public_flat_rd */;   // addresses downstream
    reg [31:0] lat_min_q   /* verilator public_flat_rd */;
    reg [31:0] lat_max_q   /* verilator public_flat_rd */;
    reg [39:0] lat_sum_q   /* verilator public_flat_rd */;
    reg [39:0] in_first_q  /* verilator public_flat_rd */;   // cycles of handshakes upstream
    reg [39:0] in_last_q   /* verilator public_flat_rd */;
    reg [39:0] out_first_q /* verilator public_flat_rd */;   // first valid downstream
    reg [39:0] out_last_q  /* verilator public_flat_rd */;
    reg [31:0] offer_cnt_q /* verilator public_flat_rd */;   // cycles watch_sid was offered
    reg [31:0] take_cnt_q  /* verilator public_flat_rd */;   // and taken

    reg [31:0]     clear_q;
    reg [39:0]     cycle_q;
    reg            shown_q;                    // the address downstream was there before
    reg [39:0]     stamp_mem [0:(IDS << ROOM)-1];
    reg [ROOM-1:0] wr_mem [0:IDS-1];
    reg [ROOM-1:0] rd_mem [0:IDS-1];
    integer i;

    initial begin
        clear = 32'd0;  watch_sid = 16'd0;  clear_q = 32'd0;  cycle_q = 40'd0;  shown_q = 1'b0;
        in_cnt_q = 0;  out_cnt_q = 0;  lat_min_q = 32'hffff_ffff;  lat_max_q = 0;  lat_sum_q = 0;
        in_first_q = 0;  in_last_q = 0;  out_first_q = 0;  out_last_q = 0;
        offer_cnt_q = 0;  take_cnt_q = 0;
        for (i = 0; i < (IDS << ROOM); i = i + 1) stamp_mem[i] = 40'd0;
        for (i = 0; i < IDS; i = i + 1) begin
            wr_mem[i] = {ROOM{1'b0}};
            rd_mem[i] = {ROOM{1'b0}};
        end
    end

    wire            s_hs   = s_valid_i && s_ready_i;
    wire            m_new  = m_valid_i && !shown_q;
    wire [ROOM-1:0] rd     = rd_mem[m_id_i];
    wire            known  = rd != wr_mem[m_id_i];
    wire [39:0]     lat    = cycle_q - stamp_mem[{m_id_i, rd}];
    wire            watch  = s_valid_i && s_sid_i == watch_sid;

    always @(posedge clk_i) begin
        cycle_q <= cycle_q + 40'd1;
        clear_q <= clear;
        shown_q <= rst_ni && m_valid_i && !m_ready_i;
        if (!rst_ni || clear_q != clear) begin
            in_cnt_q    <= 32'd0;
            out_cnt_q   <= 32'd0;
            lat_min_q   <= 32'hffff_ffff;
            lat_max_q   <= 32'd0;
            lat_sum_q   <= 40'd0;
            offer_cnt_q <= 32'd0;
            take_cnt_q  <= 32'd0;
            for (i = 0; i < IDS; i = i + 1) begin
                wr_mem[i] <= {ROOM{1'b0}};
                rd_mem[i] <= {ROOM{1'b0}};
            end
        end else begin
            if (s_hs) begin
                in_cnt_q  <= in_cnt_q + 32'd1;
                in_last_q <= cycle_q;
                if (in_cnt_q == 32'd0) in_first_q <= cycle_q;
                stamp_mem[{s_id_i, wr_mem[s_id_i]}] <= cycle_q;
                wr_mem[s_id_i] <= wr_mem[s_id_i] + 1'b1;
            end
            if (m_new) begin
                out_cnt_q  <= out_cnt_q + 32'd1;
                out_last_q <= cycle_q;
                if (out_cnt_q == 32'd0) out_first_q <= cycle_q;
            end
            if (m_new && known) begin
                rd_mem[m_id_i] <= rd + 1'b1;
                lat_sum_q      <= lat_sum_q + lat;
                if (lat[31:0] < lat_min_q) lat_min_q <= lat[31:0];
                if (lat[31:0] > lat_max_q) lat_max_q <= lat[31:0];
            end
            if (watch) offer_cnt_q <= offer_cnt_q + 32'd1;
            if (watch && s_ready_i) take_cnt_q <= take_cnt_q + 32'd1;
        end
    end

endmodule

`default_nettype wire
