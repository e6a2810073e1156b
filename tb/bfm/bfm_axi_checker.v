// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_axi_checker
// Purpose: AXI4 protocol rules on one bus, both sides of every handshake.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Python : u_log.*   (tb/bfm/checker.py, AXI_RULES); cfg_w_ahead (written)
// Rules  : bit number in err_mask_q, see the localparams
// Limits : WSTRB is checked only when AW is not behind W. Atomics with read
//          data are not known here: switch E_R_ID off for them.
// Tests  : tests/unit/test_bfm_checker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_axi_checker #(
    parameter ID_W   = 8,
    parameter DATA_W = 128,
    parameter ORD_W  = 7       // log2 of bursts AW and W may be apart, and of open reads
) (
    input  wire                 clk_i,
    input  wire                 rst_ni,
    input  wire [`BFM_AX_W-1:0] aw_vec_i,
    input  wire                 aw_valid_i,
    input  wire                 aw_ready_i,
    input  wire [DATA_W-1:0]    w_data_i,
    input  wire [DATA_W/8-1:0]  w_strb_i,
    input  wire                 w_last_i,
    input  wire                 w_valid_i,
    input  wire                 w_ready_i,
    input  wire [ID_W-1:0]      b_id_i,
    input  wire [1:0]           b_resp_i,
    input  wire                 b_valid_i,
    input  wire                 b_ready_i,
    input  wire [`BFM_AX_W-1:0] ar_vec_i,
    input  wire                 ar_valid_i,
    input  wire                 ar_ready_i,
    input  wire [ID_W-1:0]      r_id_i,
    input  wire [DATA_W-1:0]    r_data_i,
    input  wire [1:0]           r_resp_i,
    input  wire                 r_last_i,
    input  wire                 r_valid_i,
    input  wire                 r_ready_i
);

    localparam E_AW_STABLE = 0,  // VALID dropped or payload changed before READY
               E_AR_STABLE = 1,
               E_W_STABLE  = 2,
               E_B_STABLE  = 3,
               E_R_STABLE  = 4,
               E_AW_BURST  = 5,  // illegal length, size, alignment, 4 KB, cache, exclusive
               E_AR_BURST  = 6,
               E_W_LAST    = 7,  // WLAST not on the beat AWLEN says
               E_R_LAST    = 8,  // RLAST not on the beat ARLEN says
               E_B_ID      = 9,  // B for no finished write of that ID
               E_R_ID      = 10, // R for no read of that ID
               E_W_STRB    = 11, // strobe outside the lanes of the beat
               E_UNKNOWN   = 12, // X on a control pin, or on payload while VALID
               E_RESET     = 13, // VALID while in reset
               E_W_AHEAD   = 14; // W more than cfg_w_ahead bursts before AW

    reg [31:0] cfg_w_ahead /* verilator public_flat_rw */;
    reg [31:0] w_ahead_q;  // as of the last edge (bfm_throttle says why)

    // ---- stability ---------------------------------------------------------------
    localparam RW = ID_W + DATA_W + 3;
    localparam WW = DATA_W + DATA_W/8 + 1;
    wire [RW-1:0]     r_vec = {r_id_i, r_data_i, r_resp_i, r_last_i};
    wire [WW-1:0]     w_vec = {w_data_i, w_strb_i, w_last_i};
    wire [ID_W+1:0]   b_vec = {b_id_i, b_resp_i};

    wire [4:0]        moved;
    bfm_stable #(.WIDTH(`BFM_AX_W)) u_aw (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(aw_valid_i), .ready_i(aw_ready_i),
        .payload_i(aw_vec_i), .bad_o(moved[E_AW_STABLE]));
    bfm_stable #(.WIDTH(`BFM_AX_W)) u_ar (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(ar_valid_i), .ready_i(ar_ready_i),
        .payload_i(ar_vec_i), .bad_o(moved[E_AR_STABLE]));
    bfm_stable #(.WIDTH(WW)) u_w (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(w_valid_i), .ready_i(w_ready_i),
        .payload_i(w_vec), .bad_o(moved[E_W_STABLE]));
    bfm_stable #(.WIDTH(ID_W + 2)) u_b (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(b_valid_i), .ready_i(b_ready_i),
        .payload_i(b_vec), .bad_o(moved[E_B_STABLE]));
    bfm_stable #(.WIDTH(RW)) u_r (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(r_valid_i), .ready_i(r_ready_i),
        .payload_i(r_vec), .bad_o(moved[E_R_STABLE]));

    // ---- open bursts ----------------------------------------------------------------
    reg [7:0]  aw_len_mem [0:(1<<ORD_W)-1];     // n-th AW
    reg [7:0]  w_len_mem  [0:(1<<ORD_W)-1];     // n-th W burst, beats - 1
    reg [ID_W-1:0] aw_id_mem [0:(1<<ORD_W)-1];
    reg [15:0] b_due_mem [0:(1<<ID_W)-1];       // finished writes without B
    reg [31:0] aw_n_q, w_n_q, pair_q;           // AWs, W bursts, both
    reg [8:0]  w_beat_q;
    reg        was_rst_q;
    integer i;

    initial begin
        cfg_w_ahead = 32'h7fffffff;
        w_ahead_q   = 32'h7fffffff;
        aw_n_q = 0;  w_n_q = 0;  pair_q = 0;  w_beat_q = 0;  was_rst_q = 1'b0;
        for (i = 0; i < (1 << ORD_W); i = i + 1) begin
            aw_len_mem[i] = 0;  w_len_mem[i] = 0;  aw_id_mem[i] = 0;
        end
        for (i = 0; i < (1 << ID_W); i = i + 1) b_due_mem[i] = 0;
    end

    wire aw_hs = aw_valid_i && aw_ready_i;
    wire ar_hs = ar_valid_i && ar_ready_i;
    wire w_hs  = w_valid_i && w_ready_i;
    wire b_hs  = b_valid_i && b_ready_i;
    wire r_hs  = r_valid_i && r_ready_i;

    wire aw_bad, ar_bad;
    bfm_burst_rules #(.DATA_W(DATA_W)) u_aw_rules (.vec_i(aw_vec_i), .bad_o(aw_bad));
    bfm_burst_rules #(.DATA_W(DATA_W)) u_ar_rules (.vec_i(ar_vec_i), .bad_o(ar_bad));

    // ---- W against AW, in order; the later of the two may be in this cycle -----------
    wire [ID_W-1:0] aw_id = aw_vec_i[`BFM_AX_ID_LSB +: ID_W];
    wire        w_end    = w_hs && w_last_i;
    wire [31:0] aw_next  = aw_n_q + {31'd0, aw_hs};
    wire [31:0] w_next   = w_n_q + {31'd0, w_end};
    wire        pair     = pair_q != aw_next && pair_q != w_next;
    wire [7:0]  pair_aw  = (pair_q == aw_n_q) ? aw_vec_i[`BFM_AX_LEN] : aw_len_mem[pair_q[ORD_W-1:0]];
    wire [7:0]  pair_w   = (pair_q == w_n_q) ? w_beat_q[7:0] : w_len_mem[pair_q[ORD_W-1:0]];
    wire [ID_W-1:0] pair_id = (pair_q == aw_n_q) ? aw_id : aw_id_mem[pair_q[ORD_W-1:0]];
    wire        w_long   = (pair_q == w_n_q) && w_beat_q[8];
    wire [31:0] w_lead   = w_next - aw_next;

    // lanes of the current W beat, when its AW is known
    reg  [`BFM_AX_W-1:0]  aw_vec_mem [0:(1<<ORD_W)-1];
    initial for (i = 0; i < (1 << ORD_W); i = i + 1) aw_vec_mem[i] = {`BFM_AX_W{1'b0}};
    wire                  w_same  = w_n_q == aw_n_q;
    wire                  w_known = w_same ? aw_hs : !(w_n_q - aw_n_q < 32'h8000_0000);
    wire [`BFM_AX_W-1:0]  w_ax    = w_same ? aw_vec_i : aw_vec_mem[w_n_q[ORD_W-1:0]];
    wire [DATA_W/8-1:0]   lanes;
    bfm_lanes #(.DATA_W(DATA_W)) u_lanes (.vec_i(w_ax), .beat_i(w_beat_q[7:0]), .lanes_o(lanes));

    // ---- R against AR -------------------------------------------------------------------
    wire       r_live;
    wire [ORD_W-1:0] r_slot;
    reg  [8:0] r_left_mem [0:(1<<ORD_W)-1];     // beats still to come
    reg  [ORD_W-1:0] free_mem [0:(1<<ORD_W)-1]; // ring of the slots without an open read
    reg  [ORD_W-1:0] free_rd_q, free_wr_q;
    initial begin
        free_rd_q = 0;
        free_wr_q = 0;
        for (i = 0; i < (1 << ORD_W); i = i + 1) begin
            r_left_mem[i] = 9'd0;
            free_mem[i]   = i[ORD_W-1:0];
        end
    end
    wire [ORD_W-1:0] ar_slot = free_mem[free_rd_q];
    wire             r_close = r_hs && r_live && r_last_i;
    wire [ID_W-1:0] ar_id = ar_vec_i[`BFM_AX_ID_LSB +: ID_W];
    wire [8:0]  r_left = r_left_mem[r_slot];

    /* verilator lint_off PINCONNECTEMPTY */
    bfm_idlist #(.ID_W(ID_W), .SLOT_W(ORD_W)) u_reads (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .push_i(ar_hs), .push_id_i(ar_id), .push_slot_i(ar_slot),
        .pop_i(r_close), .pop_id_i(r_id_i),
        .look_id_i(r_id_i), .look_live_o(r_live), .look_slot_o(r_slot),
        .next_valid_o(), .next_slot_o(), .oldest_o(), .alone_o());
    /* verilator lint_on PINCONNECTEMPTY */

    wire [15:0] b_due = b_due_mem[b_id_i];

    // ---- rules ------------------------------------------------------------------------------
    reg [31:0] bad;
    always @(*) begin
        bad              = 32'd0;
        bad[4:0]         = moved;
        bad[E_AW_BURST]  = aw_hs && aw_bad;
        bad[E_AR_BURST]  = ar_hs && ar_bad;
        bad[E_W_LAST]    = pair && (pair_aw != pair_w || w_long);
        bad[E_R_LAST]    = r_hs && r_live && (r_last_i != (r_left == 9'd1));
        bad[E_B_ID]      = b_hs && b_due == 16'd0;
        bad[E_R_ID]      = r_hs && !r_live;
        bad[E_W_STRB]    = w_hs && w_known && (w_strb_i & ~lanes) != 0;
        // a comparison with X is X: true only in a four-state simulator
        bad[E_UNKNOWN]   = (^{aw_valid_i, aw_ready_i, ar_valid_i, ar_ready_i, w_valid_i, w_ready_i,
                              b_valid_i, b_ready_i, r_valid_i, r_ready_i}) === 1'bx ||
                           (aw_valid_i && (^aw_vec_i) === 1'bx) ||
                           (ar_valid_i && (^ar_vec_i) === 1'bx) ||
                           (w_valid_i && (^w_vec) === 1'bx) ||
                           (b_valid_i && (^b_vec) === 1'bx) ||
                           (r_valid_i && (^r_vec) === 1'bx);
        bad[E_W_AHEAD]   = w_end && !w_lead[31] && w_lead > w_ahead_q;
    end
    wire rst_bad = was_rst_q && (aw_valid_i === 1'b1 || ar_valid_i === 1'b1 ||
                   w_valid_i === 1'b1 || b_valid_i === 1'b1 || r_valid_i === 1'b1);

    bfm_rule_log u_log (
        .clk_i (clk_i), .bad_i (rst_ni ? bad : {31'd0, rst_bad} << E_RESET)
    );

    always @(posedge clk_i) begin
        was_rst_q <= !rst_ni;
        w_ahead_q <= cfg_w_ahead;
        if (!rst_ni) begin
            aw_n_q   <= 0;
            w_n_q    <= 0;
            pair_q   <= 0;
            w_beat_q <= 0;
            free_rd_q <= 0;
            free_wr_q <= 0;
            if (!was_rst_q) begin
                for (i = 0; i < (1 << ID_W); i = i + 1) b_due_mem[i] <= 0;
                for (i = 0; i < (1 << ORD_W); i = i + 1) free_mem[i] <= i[ORD_W-1:0];
            end
        end else begin
            aw_n_q <= aw_next;
            w_n_q  <= w_next;
            if (aw_hs) begin
                aw_len_mem[aw_n_q[ORD_W-1:0]] <= aw_vec_i[`BFM_AX_LEN];
                aw_id_mem[aw_n_q[ORD_W-1:0]]  <= aw_id;
                aw_vec_mem[aw_n_q[ORD_W-1:0]] <= aw_vec_i;
            end
            if (w_hs) begin
                w_beat_q <= w_last_i ? 9'd0 : (&w_beat_q) ? w_beat_q : w_beat_q + 9'd1;
                if (w_last_i) w_len_mem[w_n_q[ORD_W-1:0]] <= w_beat_q[7:0];
            end
            if (pair) pair_q <= pair_q + 32'd1;
            // the pair of this cycle may not have its B in this cycle
            if (pair && !(b_hs && b_id_i == pair_id))
                b_due_mem[pair_id] <= b_due_mem[pair_id] + 16'd1;
            if (b_hs && b_due != 16'd0 && !(pair && pair_id == b_id_i))
                b_due_mem[b_id_i] <= b_due - 16'd1;
            if (ar_hs) begin
                r_left_mem[ar_slot] <= {1'b0, ar_vec_i[`BFM_AX_LEN]} + 9'd1;
                free_rd_q           <= free_rd_q + 1'b1;
            end
            if (r_hs && r_live) r_left_mem[r_slot] <= r_left - 9'd1;
            if (r_close) begin
                free_mem[free_wr_q] <= r_slot;
                free_wr_q           <= free_wr_q + 1'b1;
            end
        end
    end

endmodule

`default_nettype wire
