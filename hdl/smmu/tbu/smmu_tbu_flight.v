// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_flight
// Purpose: Counts the transactions of one direction in flight, per AXI ID and
//          epoch: tells to which epoch a response belongs (the oldest of its ID
//          that is open) and whether anything of an ID is outstanding.
// Spec   : D16 (local answers wait), D17 (epochs)
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : iss_*    a request leaves;  rsp_*  its last beat is back
//          epoch_i  the current one: epochs are used in cyclic order
//          q_id_i   question;  the answer q_busy_o comes the cycle after
//          clear_*  reset sweep
// Out    : done_*   one of this epoch is over, the cycle after rsp_*
// Memory : words of four counters modulo 2**CNT_W. Leaving and returning each
//          own one word array, so each RAM has one writer; in flight is the
//          difference. Copies give every reader its port.
// Limits : at most 2**CNT_W - 1 in flight per ID; a request is seen by questions
//          asked two cycles after it left
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none

module smmu_tbu_flight #(
    parameter ID_W  = 8,
    parameter CNT_W = 10
) (
    input  wire            clk_i,
    input  wire            rst_ni,

    input  wire            clear_i,
    input  wire [ID_W-1:0] clear_id_i,

    input  wire [1:0]      epoch_i,
    input  wire            iss_valid_i,
    input  wire [ID_W-1:0] iss_id_i,
    input  wire            rsp_valid_i,
    input  wire [ID_W-1:0] rsp_id_i,
    output wire            done_valid_o,
    output wire [1:0]      done_epoch_o,

    input  wire [ID_W-1:0] q_id_i,
    output wire            q_busy_o
);
    localparam WORD_W = 4 * CNT_W;
    localparam IDS    = 1 << ID_W;

    function [WORD_W-1:0] add1;     // one more in epoch e
        input [WORD_W-1:0] word;
        input [1:0]        e;
        integer            k;
        begin
            // e comes late: it chooses among sums
            for (k = 0; k < 4; k = k + 1)
                add1[k*CNT_W +: CNT_W] = (e == k[1:0]) ? word[k*CNT_W +: CNT_W] + 1'b1
                                                       : word[k*CNT_W +: CNT_W];
        end
    endfunction

    // ---- second stages: what was asked of the RAMs, and the last writes ----------------------
    reg              iss_q, rsp_q;
    reg  [ID_W-1:0]  iss_id_q, rsp_id_q, q_id_q;
    reg  [1:0]       iss_epoch_q;

    reg              out_wr_q, back_wr_q;           // a write ended with the last edge
    reg  [ID_W-1:0]  out_id_q, back_id_q;
    reg  [WORD_W-1:0] out_word_q, back_word_q;

    wire              out_wr, back_wr;
    wire [ID_W-1:0]   out_id, back_id;
    wire [WORD_W-1:0] out_word, back_word;

    // ---- RAMs: left (three readers), returned (two) ---------------------------------------
    wire [WORD_W-1:0] ram_i, ram_r, ram_q, ram_b, ram_bq;

    util_ram_1r1w #(.WIDTH(WORD_W), .DEPTH(IDS), .ADDR_W(ID_W)) u_out_iss (
        .clk_i(clk_i), .rd_en_i(1'b1), .rd_addr_i(iss_id_i), .rd_data_o(ram_i),
        .wr_en_i(out_wr), .wr_addr_i(out_id), .wr_data_i(out_word));
    util_ram_1r1w #(.WIDTH(WORD_W), .DEPTH(IDS), .ADDR_W(ID_W)) u_out_rsp (
        .clk_i(clk_i), .rd_en_i(1'b1), .rd_addr_i(rsp_id_i), .rd_data_o(ram_r),
        .wr_en_i(out_wr), .wr_addr_i(out_id), .wr_data_i(out_word));
    util_ram_1r1w #(.WIDTH(WORD_W), .DEPTH(IDS), .ADDR_W(ID_W)) u_out_ask (
        .clk_i(clk_i), .rd_en_i(1'b1), .rd_addr_i(q_id_i), .rd_data_o(ram_q),
        .wr_en_i(out_wr), .wr_addr_i(out_id), .wr_data_i(out_word));
    util_ram_1r1w #(.WIDTH(WORD_W), .DEPTH(IDS), .ADDR_W(ID_W)) u_back_rsp (
        .clk_i(clk_i), .rd_en_i(1'b1), .rd_addr_i(rsp_id_i), .rd_data_o(ram_b),
        .wr_en_i(back_wr), .wr_addr_i(back_id), .wr_data_i(back_word));
    util_ram_1r1w #(.WIDTH(WORD_W), .DEPTH(IDS), .ADDR_W(ID_W)) u_back_ask (
        .clk_i(clk_i), .rd_en_i(1'b1), .rd_addr_i(q_id_i), .rd_data_o(ram_bq),
        .wr_en_i(back_wr), .wr_addr_i(back_id), .wr_data_i(back_word));

    // A word written with the very edge that read it comes from the last write instead.
    wire [WORD_W-1:0] out_i  = (out_wr_q  && out_id_q  == iss_id_q) ? out_word_q  : ram_i;
    wire [WORD_W-1:0] out_r  = (out_wr_q  && out_id_q  == rsp_id_q) ? out_word_q  : ram_r;
    wire [WORD_W-1:0] out_a  = (out_wr_q  && out_id_q  == q_id_q)   ? out_word_q  : ram_q;
    wire [WORD_W-1:0] back_r = (back_wr_q && back_id_q == rsp_id_q) ? back_word_q : ram_b;
    wire [WORD_W-1:0] back_a = (back_wr_q && back_id_q == q_id_q)   ? back_word_q : ram_bq;

    // ---- a response ends the oldest open one: the epochs after the current are older ----------
    wire [3:0] open;
    genvar e;
    generate
        for (e = 0; e < 4; e = e + 1) begin : g_open
            assign open[e] = out_r[e*CNT_W +: CNT_W] != back_r[e*CNT_W +: CNT_W];
        end
    endgenerate

    wire [1:0] e1 = epoch_i + 2'd1, e2 = epoch_i + 2'd2, e3 = epoch_i + 2'd3;
    assign done_epoch_o = open[e1] ? e1 : open[e2] ? e2 : open[e3] ? e3 : epoch_i;
    assign done_valid_o = rsp_q && |open;
    assign q_busy_o     = (out_a != back_a);

    // ---- writes -----------------------------------------------------------------------------
    assign out_wr    = clear_i || iss_q;
    assign out_id    = clear_i ? clear_id_i : iss_id_q;
    assign out_word  = clear_i ? {WORD_W{1'b0}} : add1(out_i, iss_epoch_q);
    assign back_wr   = clear_i || done_valid_o;
    assign back_id   = clear_i ? clear_id_i : rsp_id_q;
    assign back_word = clear_i ? {WORD_W{1'b0}} : add1(back_r, done_epoch_o);

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            iss_q     <= 1'b0;
            rsp_q     <= 1'b0;
            out_wr_q  <= 1'b0;
            back_wr_q <= 1'b0;
        end else begin
            iss_q     <= iss_valid_i;
            rsp_q     <= rsp_valid_i;
            out_wr_q  <= out_wr;
            back_wr_q <= back_wr;
        end
        iss_id_q    <= iss_id_i;
        iss_epoch_q <= epoch_i;
        rsp_id_q    <= rsp_id_i;
        q_id_q      <= q_id_i;
        out_id_q    <= out_id;
        out_word_q  <= out_word;
        back_id_q   <= back_id;
        back_word_q <= back_word;
    end
endmodule

`default_nettype wire
