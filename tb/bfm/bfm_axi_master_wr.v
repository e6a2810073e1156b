// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_axi_master_wr
// Purpose: Write half of the AXI4 master transactor. Python posts descriptors
//          and data rows; AW and W run independently (W may lead or lag), B
//          ends a burst.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low (posted
//          and open bursts are dropped).
// Python : desc_mem[n % slots], dat_mem[slot*32 + row], post_cnt (written);
//          u_col.* (completions, no data)
//          cfg_*  ready/valid probabilities (n/256), holds, seed
//          w_release  one bit per slot: W goes on past the held beat
//          gen_*  traffic generator: gen_go counts starts; descriptors are the
//                 first gen_len rows of desc_mem; gen_cnt bursts are issued
// Limits : while the generator runs nothing is posted, and what was open before
//          gets no answer. The generator writes full beats. BREADY does not
//          depend on BVALID.
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_axi_master_wr #(
    parameter ID_W   = 8,
    parameter DATA_W = 128,
    parameter SLOT_W = 6
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,
    input  wire [`BFM_CYC_W-1:0] cycle_i,

    output wire [`BFM_AX_W-1:0]  aw_vec_o,
    output wire                  aw_valid_o,
    input  wire                  aw_ready_i,
    output wire [DATA_W-1:0]     w_data_o,
    output wire [DATA_W/8-1:0]   w_strb_o,
    output wire                  w_last_o,
    output wire                  w_valid_o,
    input  wire                  w_ready_i,
    input  wire [ID_W-1:0]       b_id_i,
    input  wire [1:0]            b_resp_i,
    input  wire                  b_valid_i,
    output wire                  b_ready_o
);

    localparam SLOTS  = 1 << SLOT_W;
    localparam BEATS  = `BFM_ROW_BEATS;
    localparam STRB_W = DATA_W / 8;
    localparam STRB_B = BEATS * DATA_W;        // strobes sit above the data
    localparam WORD_W = BEATS * (DATA_W + STRB_W);

    // ---- written by Python ----------------------------------------------------
    reg [`BFM_DS_W-1:0] desc_mem [0:SLOTS-1] /* verilator public_flat_rd */;
    reg [WORD_W-1:0]    dat_mem  [0:32*SLOTS-1] /* verilator public_flat_rd */;
    reg [SLOTS-1:0] w_release /* verilator public_flat_rw */;
    reg [31:0] post_cnt     /* verilator public_flat_rw */;
    reg [31:0] cfg_seed     /* verilator public_flat_rw */;
    reg [8:0]  cfg_ax_level /* verilator public_flat_rw */;
    reg [8:0]  cfg_w_level  /* verilator public_flat_rw */;
    reg        cfg_hold_w   /* verilator public_flat_rw */;
    reg [8:0]  cfg_rsp_level/* verilator public_flat_rw */;
    reg        cfg_hold_ax  /* verilator public_flat_rw */;
    reg        cfg_hold_rsp /* verilator public_flat_rw */;
    reg [15:0] cfg_max_open /* verilator public_flat_rw */;
    reg [31:0] gen_go       /* verilator public_flat_rw */;
    reg [31:0] gen_cnt      /* verilator public_flat_rw */;
    reg [15:0] gen_len      /* verilator public_flat_rw */;

    // ---- read by Python ---------------------------------------------------------
    reg [31:0] gen_done_q   /* verilator public_flat_rd */;
    reg [31:0] gen_err_q    /* verilator public_flat_rd */;
    reg [31:0] ax_cnt_q     /* verilator public_flat_rd */;   // AW handshakes
    reg [31:0] beat_cnt_q   /* verilator public_flat_rd */;   // W beats
    reg [31:0] rsp_cnt_q    /* verilator public_flat_rd */;   // bursts ended
    reg [`BFM_CYC_W-1:0] gen_first_q /* verilator public_flat_rd */;
    reg [`BFM_CYC_W-1:0] gen_last_ax_q /* verilator public_flat_rd */;
    reg [`BFM_CYC_W-1:0] gen_last_q  /* verilator public_flat_rd */;

    // ---- descriptor source --------------------------------------------------------
    reg [31:0]           take_q;       // descriptors taken
    reg                  gen_run_q;
    reg                  gen_new_q;    // no AW handshake of this run yet
    reg [31:0]           gen_go_q, gen_left_q;
    reg [15:0]           gen_idx_q;
    reg                  valid_q;
    reg [`BFM_AX_W-1:0]  vec_q;
    reg [15:0]           wait_q;
    reg                  armed_q;      // the delay of the head descriptor is running
    reg [15:0]           open_q;       // bursts taken and not ended
    reg [15:0]           gen_base_q;   // of them open when the generator started
    reg [31:0]           posted_q;     // what Python wrote, as of the last edge (bfm_throttle)
    reg [15:0]           max_open_q;
    reg [SLOTS-1:0]      release_q;

    // ---- W engine state -------------------------------------------------------------
    reg [31:0]           wtake_q;      // bursts whose last beat was offered
    reg [31:0]           aw_seq_q;     // bursts whose AW was taken
    reg [31:0]           wleft_q;      // generator bursts whose W is not yet offered
    reg [15:0]           widx_q;
    reg [7:0]            wbeat_q;
    reg                  warmed_q;
    reg [15:0]           wwait_q;
    reg                  wvalid_q, wlast_q;
    reg [DATA_W-1:0]     wdata_q;
    reg [STRB_W-1:0]     wstrb_q;
    reg [SLOT_W-1:0]     wslot_q;
    integer i;

    initial begin
        wtake_q = 0;  aw_seq_q = 0;  wleft_q = 0;  widx_q = 0;  wbeat_q = 0;  warmed_q = 1'b0;
        wwait_q = 0;  wvalid_q = 1'b0;  wlast_q = 1'b0;  wdata_q = 0;  wstrb_q = 0;  wslot_q = 0;
        cfg_w_level = 9'd256;  cfg_hold_w = 1'b0;  w_release = 0;
        for (i = 0; i < 32 * SLOTS; i = i + 1) dat_mem[i] = {WORD_W{1'b0}};
        post_cnt = 0;  cfg_seed = 32'd1;  cfg_ax_level = 9'd256;  cfg_rsp_level = 9'd256;
        cfg_hold_ax = 1'b0;  cfg_hold_rsp = 1'b0;  cfg_max_open = 16'hffff;
        gen_go = 0;  gen_cnt = 0;  gen_len = 16'd1;
        posted_q = 0;  max_open_q = 16'hffff;  release_q = 0;
        gen_done_q = 0;  gen_err_q = 0;  ax_cnt_q = 0;  beat_cnt_q = 0;  rsp_cnt_q = 0;
        gen_first_q = 0;  gen_last_ax_q = 0;  gen_last_q = 0;
        take_q = 0;  gen_run_q = 1'b0;  gen_new_q = 1'b0;  gen_go_q = 0;  gen_left_q = 0;
        gen_idx_q = 0;  gen_base_q = 0;  valid_q = 1'b0;  vec_q = {`BFM_AX_W{1'b0}};  wait_q = 0;
        armed_q = 1'b0;  open_q = 0;
        for (i = 0; i < SLOTS; i = i + 1) desc_mem[i] = {`BFM_DS_W{1'b0}};
    end

    wire ax_go, w_go, rsp_go;
    /* verilator lint_off PINCONNECTEMPTY */
    bfm_throttle #(.LANE(32'd21)) u_ax_go (
        .clk_i(clk_i), .rst_ni(rst_ni), .seed_i(cfg_seed), .level_i(cfg_ax_level),
        .hold_i(cfg_hold_ax), .go_o(ax_go), .rnd_o());
    bfm_throttle #(.LANE(32'd23)) u_w_go (
        .clk_i(clk_i), .rst_ni(rst_ni), .seed_i(cfg_seed), .level_i(cfg_w_level),
        .hold_i(cfg_hold_w), .go_o(w_go), .rnd_o());
    bfm_throttle #(.LANE(32'd22)) u_rsp_go (
        .clk_i(clk_i), .rst_ni(rst_ni), .seed_i(cfg_seed), .level_i(cfg_rsp_level),
        .hold_i(cfg_hold_rsp), .go_o(rsp_go), .rnd_o());
    /* verilator lint_on PINCONNECTEMPTY */

    wire                 have  = gen_run_q ? (gen_left_q != 0) : (take_q != posted_q);
    wire [SLOT_W-1:0]    index = gen_run_q ? gen_idx_q[SLOT_W-1:0] : take_q[SLOT_W-1:0];
    /* verilator lint_off UNUSEDSIGNAL */   // W has fields of its own
    wire [`BFM_DS_W-1:0] desc  = desc_mem[index];
    /* verilator lint_on UNUSEDSIGNAL */
    wire [15:0]          delay = desc[`BFM_DS_DELAY];
    wire                 room  = !valid_q || aw_ready_i;
    wire                 ripe  = armed_q ? (wait_q == 16'd0) : (delay == 16'd0);
    wire                 take  = have && room && ripe && ax_go && open_q < max_open_q;
    wire                 ax_hs = valid_q && aw_ready_i;
    wire                 b_hs  = b_valid_i && b_ready_o;
    wire                 w_hs  = wvalid_q && w_ready_i;

    assign aw_vec_o   = vec_q;
    assign aw_valid_o = valid_q;
    assign w_data_o   = wdata_q;
    assign w_strb_o   = wstrb_q;
    assign w_last_o   = wlast_q;
    assign w_valid_o  = wvalid_q;
    assign b_ready_o  = rsp_go;

    always @(posedge clk_i) begin
        posted_q   <= post_cnt;
        max_open_q <= cfg_max_open;
        release_q  <= w_release;
        if (!rst_ni) begin
            valid_q   <= 1'b0;
            take_q    <= post_cnt;
            armed_q   <= 1'b0;
            open_q    <= 16'd0;
            gen_run_q <= 1'b0;
            gen_go_q  <= gen_go;
            gen_done_q <= gen_go;      // a run that reset ends is over
        end else begin
            if (ax_hs) valid_q <= 1'b0;
            if (take) begin
                valid_q <= !desc[`BFM_DS_NOAX];
                vec_q   <= desc[`BFM_DS_AX];
                armed_q <= 1'b0;
                if (gen_run_q) begin
                    gen_left_q <= gen_left_q - 32'd1;
                    gen_idx_q  <= (gen_idx_q + 16'd1 == gen_len) ? 16'd0 : gen_idx_q + 16'd1;
                end else begin
                    take_q <= take_q + 32'd1;
                end
            end else if (have && room && !armed_q) begin
                armed_q <= 1'b1;
                wait_q  <= (delay == 16'd0) ? 16'd0 : delay - 16'd1;
            end else if (armed_q && wait_q != 16'd0) begin
                wait_q <= wait_q - 16'd1;
            end
            open_q <= open_q + {15'd0, take} - {15'd0, b_hs};

            if (ax_hs) ax_cnt_q   <= ax_cnt_q + 32'd1;
            if (w_hs)  beat_cnt_q <= beat_cnt_q + 32'd1;
            if (b_hs)  rsp_cnt_q  <= rsp_cnt_q + 32'd1;

            // ---- traffic generator ----------------------------------------------------
            gen_go_q <= gen_go;
            if (gen_go_q != gen_go) begin
                gen_run_q  <= 1'b1;
                gen_new_q  <= 1'b1;
                gen_left_q <= gen_cnt;
                gen_idx_q  <= 16'd0;
                gen_err_q  <= 32'd0;
                gen_base_q <= open_q;
            end else if (gen_run_q) begin
                if (ax_hs) begin
                    gen_new_q     <= 1'b0;
                    gen_last_ax_q <= cycle_i;
                    if (gen_new_q) gen_first_q <= cycle_i;
                end
                if (b_hs && b_resp_i[1]) gen_err_q <= gen_err_q + 32'd1;
                if (b_hs) gen_last_q <= cycle_i;
                if (gen_left_q == 0 && open_q == gen_base_q) begin
                    gen_run_q  <= 1'b0;
                    gen_done_q <= gen_done_q + 32'd1;
                end
            end
        end
    end

    // ---- W channel: same descriptors, its own place in the ring ------------------------
    wire                 whave   = gen_run_q ? (wleft_q != 0) : (wtake_q != posted_q);
    wire [SLOT_W-1:0]    windex  = gen_run_q ? widx_q[SLOT_W-1:0] : wtake_q[SLOT_W-1:0];
    /* verilator lint_off UNUSEDSIGNAL */   // W needs a few fields only
    wire [`BFM_DS_W-1:0] wdesc   = desc_mem[windex];
    /* verilator lint_on UNUSEDSIGNAL */
    wire [15:0]          wdelay  = wdesc[`BFM_DS_WDELAY];
    wire [SLOT_W-1:0]    wslot   = wdesc[`BFM_DS_SLOT_LSB +: SLOT_W];
    wire                 wroom   = !wvalid_q || w_ready_i;
    wire                 wripe   = warmed_q ? (wwait_q == 16'd0) : (wdelay == 16'd0);
    wire                 wheld   = wdesc[`BFM_DS_WHOLD] && wbeat_q == wdesc[`BFM_DS_HOLDAT] &&
                                   !release_q[wslot];
    wire [31:0]          awlead  = aw_seq_q - wtake_q;   // negative while W leads
    wire                 wlate   = wdesc[`BFM_DS_WAFTER] && !gen_run_q &&
                                   (awlead[31] || awlead == 32'd0);
    wire                 wload   = whave && wroom && wripe && w_go && !wheld && !wlate;
    wire                 wlast   = wbeat_q == wdesc[`BFM_AX_LEN];
    wire [SLOT_W+4:0]    wrow    = {wslot, wbeat_q[7:3]};
    wire [WORD_W-1:0]    wword   = dat_mem[wrow];

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            wvalid_q <= 1'b0;
            wtake_q  <= post_cnt;
            aw_seq_q <= post_cnt;
            wbeat_q  <= 8'd0;
            warmed_q <= 1'b0;
            wleft_q  <= 32'd0;
        end else begin
            if (ax_hs && !gen_run_q) aw_seq_q <= aw_seq_q + 32'd1;
            if (w_hs) wvalid_q <= 1'b0;
            if (wload) begin
                wvalid_q <= 1'b1;
                wlast_q  <= wlast;
                wslot_q  <= wslot;
                wdata_q  <= gen_run_q ? {(DATA_W/32){cycle_i[31:0]}}
                                      : wword[wbeat_q[2:0]*DATA_W +: DATA_W];
                wstrb_q  <= gen_run_q ? {STRB_W{1'b1}}
                                      : wword[STRB_B + wbeat_q[2:0]*STRB_W +: STRB_W];
                wbeat_q  <= wlast ? 8'd0 : wbeat_q + 8'd1;
                warmed_q <= !wlast;
                if (wlast) begin
                    if (gen_run_q) begin
                        wleft_q <= wleft_q - 32'd1;
                        widx_q  <= (widx_q + 16'd1 == gen_len) ? 16'd0 : widx_q + 16'd1;
                    end else begin
                        wtake_q <= wtake_q + 32'd1;
                    end
                end
            end else if (whave && wroom && !warmed_q) begin
                warmed_q <= 1'b1;
                wwait_q  <= (wdelay == 16'd0) ? 16'd0 : wdelay - 16'd1;
            end else if (warmed_q && wwait_q != 16'd0) begin
                wwait_q <= wwait_q - 16'd1;
            end
            if (gen_go_q != gen_go) begin
                wleft_q <= gen_cnt;
                widx_q  <= 16'd0;
            end
        end
    end

    // ---- responses ------------------------------------------------------------------
    wire [ID_W-1:0]   push_id   = desc[`BFM_AX_ID_LSB +: ID_W];
    wire [SLOT_W-1:0] push_slot = desc[`BFM_DS_SLOT_LSB +: SLOT_W];
    reg  [SLOT_W-1:0] slot_q;          // slot of the burst offered on AW

    initial slot_q = {SLOT_W{1'b0}};
    always @(posedge clk_i) if (take) slot_q <= push_slot;

    /* verilator lint_off PINCONNECTEMPTY */
    bfm_collect #(.ID_W(ID_W), .DATA_W(8), .SLOT_W(SLOT_W), .IS_READ(0), .ROW_W(0)) u_col (
        .clk_i       (clk_i),
        .rst_ni      (rst_ni),
        .cycle_i     (cycle_i),
        .push_i      (take && !gen_run_q),
        .push_id_i   (push_id),
        .push_slot_i (push_slot),
        .addr_i      (ax_hs && !gen_run_q),
        .addr_slot_i (slot_q),
        .mark_i      (w_hs && wlast_q && !gen_run_q),
        .mark_slot_i (wslot_q),
        .rsp_i       (b_hs && !gen_run_q),
        .rsp_id_i    (b_id_i),
        .rsp_data_i  (8'd0),
        .rsp_resp_i  (b_resp_i),
        .rsp_last_i  (1'b1),
        .done_o      (),
        .done_slot_o ()
    );
    /* verilator lint_on PINCONNECTEMPTY */

endmodule

`default_nettype wire
