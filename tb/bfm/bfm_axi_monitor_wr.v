// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_axi_monitor_wr
// Purpose: Watch AW, W and B and hand whole write bursts to Python. W may be
//          ahead of AW. Drives nothing.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low (open
//          bursts are dropped).
// Python : ax_cnt_q, ax_mem[n % slots] = slot of the n-th AW handshake;
//          vec_mem[slot], dat_mem[slot*32 + row] (data, strobes above it);
//          u_col.* (completions);  lost_cnt_q  bursts that found no slot
// Limits : as bfm_axi_monitor_rd
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_axi_monitor_wr #(
    parameter ID_W   = 8,
    parameter DATA_W = 128,
    parameter SLOT_W = 7
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,
    input  wire [`BFM_CYC_W-1:0] cycle_i,
    input  wire [`BFM_AX_W-1:0]  aw_vec_i,
    input  wire                  aw_hs_i,
    input  wire [DATA_W-1:0]     w_data_i,
    input  wire [DATA_W/8-1:0]   w_strb_i,
    input  wire                  w_last_i,
    input  wire                  w_hs_i,
    input  wire [ID_W-1:0]       b_id_i,
    input  wire [1:0]            b_resp_i,
    input  wire                  b_hs_i
);

    localparam SLOTS  = 1 << SLOT_W;
    localparam BEATS  = `BFM_ROW_BEATS;
    localparam STRB_W = DATA_W / 8;
    localparam STRB_B = BEATS * DATA_W;
    localparam WORD_W = BEATS * (DATA_W + STRB_W);

    reg [WORD_W-1:0]    dat_mem [0:32*SLOTS-1] /* verilator public_flat_rd */;
    reg [`BFM_AX_W-1:0] vec_mem [0:SLOTS-1]    /* verilator public_flat_rd */;
    reg [SLOT_W-1:0]    ax_mem  [0:SLOTS-1]    /* verilator public_flat_rd */;
    reg [31:0]          ax_cnt_q               /* verilator public_flat_rd */;
    reg [31:0]          lost_cnt_q             /* verilator public_flat_rd */;

    reg [SLOT_W-1:0] free_mem  [0:SLOTS-1];
    reg [SLOT_W:0]   get_q, put_q;
    reg [SLOT_W-1:0] order_mem [0:SLOTS-1];    // slot of the n-th burst, AW or W first
    reg [31:0]       aw_n_q, w_n_q;            // AW handshakes, W bursts ended
    reg [8:0]        beat_q;
    integer i;

    initial begin
        ax_cnt_q = 0;  lost_cnt_q = 0;  get_q = 0;  put_q = SLOTS[SLOT_W:0];
        aw_n_q = 0;  w_n_q = 0;  beat_q = 9'd0;
        for (i = 0; i < 32 * SLOTS; i = i + 1) dat_mem[i] = {WORD_W{1'b0}};
        for (i = 0; i < SLOTS; i = i + 1) begin
            vec_mem[i]   = {`BFM_AX_W{1'b0}};
            ax_mem[i]    = 0;
            free_mem[i]  = i[SLOT_W-1:0];
            order_mem[i] = 0;
        end
    end

    // bursts that have a slot: every AW seen, and every W burst begun
    wire [31:0]       w_begun = w_n_q + {31'd0, beat_q != 9'd0};
    wire [31:0]       ahead   = w_begun - aw_n_q;            // > 0: W leads
    wire              w_leads = !ahead[31] && ahead != 32'd0;
    wire              aw_new  = aw_hs_i && !w_leads;
    wire [31:0]       behind  = aw_n_q - w_n_q;              // > 0: AW leads
    wire              w_new   = w_hs_i && beat_q == 9'd0 && (behind[31] || behind == 32'd0);
    wire              get     = aw_new || w_new;             // both: the same burst
    wire [SLOT_W-1:0] fresh   = free_mem[get_q[SLOT_W-1:0]];
    wire [SLOT_W-1:0] aw_slot = aw_new ? fresh : order_mem[aw_n_q[SLOT_W-1:0]];
    wire [SLOT_W-1:0] w_slot  = w_new  ? fresh : order_mem[w_n_q[SLOT_W-1:0]];
    wire              room    = get_q != put_q;
    wire [SLOT_W+4:0] w_row   = {w_slot, beat_q[7:3]};
    wire [ID_W-1:0]   id      = aw_vec_i[`BFM_AX_ID_LSB +: ID_W];
    wire              done;
    wire [SLOT_W-1:0] done_slot;

    bfm_collect #(.ID_W(ID_W), .DATA_W(8), .SLOT_W(SLOT_W), .IS_READ(0), .ROW_W(0)) u_col (
        .clk_i       (clk_i),
        .rst_ni      (rst_ni),
        .cycle_i     (cycle_i),
        .push_i      (aw_hs_i && rst_ni),
        .push_id_i   (id),
        .push_slot_i (aw_slot),
        .addr_i      (aw_hs_i),
        .addr_slot_i (aw_slot),
        .mark_i      (w_hs_i && w_last_i),
        .mark_slot_i (w_slot),
        .rsp_i       (b_hs_i && rst_ni),
        .rsp_id_i    (b_id_i),
        .rsp_data_i  (8'd0),
        .rsp_resp_i  (b_resp_i),
        .rsp_last_i  (1'b1),
        .done_o      (done),
        .done_slot_o (done_slot)
    );

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            get_q  <= 0;
            put_q  <= SLOTS[SLOT_W:0];
            aw_n_q <= 32'd0;
            w_n_q  <= 32'd0;
            beat_q <= 9'd0;
            for (i = 0; i < SLOTS; i = i + 1) free_mem[i] <= i[SLOT_W-1:0];
        end else begin
            if (get) begin
                get_q <= get_q + 1'b1;
                order_mem[aw_new ? aw_n_q[SLOT_W-1:0] : w_n_q[SLOT_W-1:0]] <= fresh;
                if (!room) lost_cnt_q <= lost_cnt_q + 32'd1;
            end
            if (aw_hs_i) begin
                aw_n_q           <= aw_n_q + 32'd1;
                vec_mem[aw_slot] <= aw_vec_i;
                ax_mem[ax_cnt_q[SLOT_W-1:0]] <= aw_slot;
                ax_cnt_q         <= ax_cnt_q + 32'd1;
            end
            if (w_hs_i) begin
                if (!beat_q[8]) begin
                    dat_mem[w_row][beat_q[2:0]*DATA_W +: DATA_W]          <= w_data_i;
                    dat_mem[w_row][STRB_B + beat_q[2:0]*STRB_W +: STRB_W] <= w_strb_i;
                end
                beat_q <= w_last_i ? 9'd0 : (&beat_q) ? beat_q : beat_q + 9'd1;
                if (w_last_i) w_n_q <= w_n_q + 32'd1;
            end
            if (done) begin
                free_mem[put_q[SLOT_W-1:0]] <= done_slot;
                put_q <= put_q + 1'b1;
            end
        end
    end

endmodule

`default_nettype wire
