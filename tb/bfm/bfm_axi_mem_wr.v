// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_axi_mem_wr
// Purpose: Write half of the memory transactor: takes AW and W (in either
//          order), hands the whole burst to Python or bfm_ram, answers on B.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Python : u_sched.* (requests), vec_mem[slot], arr_mem[slot] (cycle both AW
//          and the last W beat were in), dat_mem[slot*32 + row] (eight beats of
//          data, strobes above them), rsp_mem[slot] (written: response)
//          cfg_lat   cycles from the later of AW and last W to B, >= 1
//          cfg_w_after   1: W is taken only once its AW is in
// Limits : with cfg_ram W always waits for its AW. A write becomes visible when
//          its last beat is in, B follows.
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_axi_mem_wr #(
    parameter ID_W   = 8,
    parameter DATA_W = 128,
    parameter SLOT_W = 6,
    parameter RAM_W  = 128
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,
    input  wire [`BFM_CYC_W-1:0] cycle_i,

    input  wire [`BFM_AX_W-1:0]  aw_vec_i,
    input  wire                  aw_valid_i,
    output wire                  aw_ready_o,
    input  wire [DATA_W-1:0]     w_data_i,
    input  wire [DATA_W/8-1:0]   w_strb_i,
    input  wire                  w_last_i,
    input  wire                  w_valid_i,
    output wire                  w_ready_o,
    output wire [ID_W-1:0]       b_id_o,
    output wire [1:0]            b_resp_o,
    output wire                  b_valid_o,
    input  wire                  b_ready_i,

    output wire                  ram_wr_en_o,
    output wire [63:0]           ram_wr_addr_o,
    output wire [RAM_W-1:0]      ram_wr_data_o,
    output wire [RAM_W/8-1:0]    ram_wr_strb_o,
    input  wire                  ram_wr_ok_i
);

    localparam SLOTS  = 1 << SLOT_W;
    localparam BEATS  = `BFM_ROW_BEATS;
    localparam STRB_W = DATA_W / 8;
    localparam STRB_B = BEATS * DATA_W;        // strobes sit above the data
    localparam WORD_W = BEATS * (DATA_W + STRB_W);
    localparam [SLOT_W:0] ALL = 1 << SLOT_W;

    // ---- written by Python ------------------------------------------------------
    reg [1:0]  rsp_mem [0:SLOTS-1] /* verilator public_flat_rw */;
    reg [31:0] cfg_seed      /* verilator public_flat_rw */;
    reg [8:0]  cfg_ax_level  /* verilator public_flat_rw */;   // AWREADY
    reg [8:0]  cfg_w_level   /* verilator public_flat_rw */;   // WREADY
    reg [8:0]  cfg_rsp_level /* verilator public_flat_rw */;   // BVALID
    reg [8:0]  cfg_ooo       /* verilator public_flat_rw */;
    reg [15:0] cfg_lat       /* verilator public_flat_rw */;
    reg [15:0] cfg_jit       /* verilator public_flat_rw */;
    reg        cfg_late      /* verilator public_flat_rw */;
    reg        cfg_ram       /* verilator public_flat_rw */;
    reg        cfg_w_after   /* verilator public_flat_rw */;
    reg        cfg_hold_ax   /* verilator public_flat_rw */;
    reg        cfg_hold_w    /* verilator public_flat_rw */;
    reg        cfg_hold_rsp  /* verilator public_flat_rw */;

    // ---- read by Python -----------------------------------------------------------
    reg [WORD_W-1:0]     dat_mem [0:32*SLOTS-1] /* verilator public_flat_rd */;
    reg [`BFM_AX_W-1:0]  vec_mem [0:SLOTS-1]    /* verilator public_flat_rd */;
    reg [`BFM_CYC_W-1:0] arr_mem [0:SLOTS-1]    /* verilator public_flat_rd */;
    reg [31:0] ax_cnt_q      /* verilator public_flat_rd */;   // AW handshakes
    reg [31:0] beat_cnt_q    /* verilator public_flat_rd */;   // W beats

    reg [SLOTS-1:0] bad_q;                     // some beat missed the RAM window
    reg [SLOT_W:0]  aw_q, w_q, full_q;         // slots: next AW, next W, next complete
    reg [7:0]       beat_q;
    reg             gate_q;
    reg [8:0]       ooo_q;                     // what Python wrote, as of the last edge
    reg [15:0]      lat_q, jit_q;              // (bfm_throttle says why)
    reg             late_q, ram_q, w_after_q;
    integer i;

    initial begin
        cfg_seed = 32'd3;  cfg_ax_level = 9'd256;  cfg_w_level = 9'd256;  cfg_rsp_level = 9'd256;
        cfg_ooo = 9'd0;  cfg_lat = 16'd2;  cfg_jit = 16'd0;  cfg_late = 1'b0;  cfg_ram = 1'b0;
        cfg_w_after = 1'b0;  cfg_hold_ax = 1'b0;  cfg_hold_w = 1'b0;  cfg_hold_rsp = 1'b0;
        ax_cnt_q = 0;  beat_cnt_q = 0;  bad_q = 0;  aw_q = 0;  w_q = 0;  full_q = 0;
        beat_q = 8'd0;  gate_q = 1'b1;
        ooo_q = 9'd0;  lat_q = 16'd2;  jit_q = 16'd0;  late_q = 1'b0;  ram_q = 1'b0;
        w_after_q = 1'b0;
        for (i = 0; i < 32 * SLOTS; i = i + 1) dat_mem[i] = {WORD_W{1'b0}};
        for (i = 0; i < SLOTS; i = i + 1) begin
            rsp_mem[i] = 2'd0;
            vec_mem[i] = {`BFM_AX_W{1'b0}};
            arr_mem[i] = 0;
        end
    end

    wire        ax_go, w_go, rsp_go;
    /* verilator lint_off UNUSEDSIGNAL */   // a part of each word is used
    wire [31:0] ax_rnd, rsp_rnd;
    /* verilator lint_on UNUSEDSIGNAL */
    bfm_throttle #(.LANE(32'd41)) u_ax_go (
        .clk_i(clk_i), .rst_ni(rst_ni), .seed_i(cfg_seed), .level_i(cfg_ax_level),
        .hold_i(cfg_hold_ax), .go_o(ax_go), .rnd_o(ax_rnd));
    bfm_throttle #(.LANE(32'd42)) u_rsp_go (
        .clk_i(clk_i), .rst_ni(rst_ni), .seed_i(cfg_seed), .level_i(cfg_rsp_level),
        .hold_i(cfg_hold_rsp), .go_o(rsp_go), .rnd_o(rsp_rnd));
    /* verilator lint_off PINCONNECTEMPTY */
    bfm_throttle #(.LANE(32'd43)) u_w_go (
        .clk_i(clk_i), .rst_ni(rst_ni), .seed_i(cfg_seed), .level_i(cfg_w_level),
        .hold_i(cfg_hold_w), .go_o(w_go), .rnd_o());
    /* verilator lint_on PINCONNECTEMPTY */

    // ---- AW and W fill slots in the same order, each at its own pace -----------------
    wire [SLOT_W:0]   head;
    wire [SLOT_W-1:0] aw_slot = aw_q[SLOT_W-1:0];
    wire [SLOT_W-1:0] w_slot  = w_q[SLOT_W-1:0];
    wire              w_wait  = (ram_q || w_after_q) && w_q == aw_q;
    wire              aw_hs   = aw_valid_i && aw_ready_o;
    wire              w_hs    = w_valid_i && w_ready_o;
    wire [SLOT_W+4:0] w_row   = {w_slot, beat_q[7:3]};
    wire [SLOT_W:0]   aw_next = aw_q + {{SLOT_W{1'b0}}, aw_hs};
    wire [SLOT_W:0]   w_next  = w_q + {{SLOT_W{1'b0}}, w_hs && w_last_i};
    wire              whole   = full_q != aw_next && full_q != w_next;
    wire [SLOT_W-1:0] tail    = full_q[SLOT_W-1:0];
    // the burst that completes may have its AW in this very cycle
    /* verilator lint_off UNUSEDSIGNAL */   // only the ID
    wire [`BFM_AX_W-1:0]  stored = vec_mem[tail];
    /* verilator lint_on UNUSEDSIGNAL */
    wire [ID_W-1:0]       id     = (full_q == aw_q) ? aw_vec_i[`BFM_AX_ID_LSB +: ID_W]
                                                    : stored[`BFM_AX_ID_LSB +: ID_W];
    /* verilator lint_off UNUSEDSIGNAL */   // scaling keeps the top
    wire [32:0]           jitter = {17'd0, ax_rnd[31:16]} * ({17'd0, jit_q} + 33'd1);
    /* verilator lint_on UNUSEDSIGNAL */
    wire [15:0]           extra  = jitter[31:16];
    wire [15:0]           least  = (lat_q == 16'd0) ? 16'd0 : lat_q - 16'd1;
    wire [`BFM_CYC_W-1:0] due    = cycle_i + {24'd0, least} + {24'd0, extra};

    assign aw_ready_o = ax_go && (aw_q - head) != ALL;
    assign w_ready_o  = w_go && (w_q - head) != ALL && !w_wait;

    wire              act, here;
    wire [SLOT_W-1:0] slot;
    wire              b_hs = b_valid_o && b_ready_i;

    /* verilator lint_off PINCONNECTEMPTY */
    bfm_resp_sched #(.ID_W(ID_W), .SLOT_W(SLOT_W)) u_sched (
        .clk_i       (clk_i),
        .rst_ni      (rst_ni),
        .cycle_i     (cycle_i),
        .level_ooo_i (ooo_q),
        .late_i      (late_q),
        .local_i     (ram_q),
        .rnd_i       (rsp_rnd),
        .push_i      (whole),
        .push_id_i   (id),
        .push_due_i  (due),
        .tail_slot_o (),
        .head_o      (head),
        .full_o      (),
        .take_i      (b_hs),
        .last_i      (1'b1),
        .again_i     (1'b0),
        .act_o       (act),
        .here_o      (here),
        .slot_o      (slot),
        .id_o        (b_id_o)
    );
    /* verilator lint_on PINCONNECTEMPTY */

    assign b_valid_o = act && here && gate_q;
    assign b_resp_o  = ram_q ? {2{bad_q[slot]}} : rsp_mem[slot];

    // ---- straight into the RAM -----------------------------------------------------------
    localparam LANE_W = DATA_W / 8;
    localparam LANES  = RAM_W / DATA_W;
    wire [63:0] addr;
    wire [31:0] lane = (addr[31:0] / LANE_W) % LANES;
    bfm_beat_addr u_addr (
        .vec_i  (vec_mem[w_slot]),
        .beat_i (beat_q),
        .addr_o (addr)
    );
    reg  [RAM_W/8-1:0] w_lanes;
    always @(*) begin
        w_lanes               = {(RAM_W/8){1'b0}};
        w_lanes[0 +: STRB_W]  = w_strb_i;
    end
    assign ram_wr_en_o   = ram_q && w_hs;
    assign ram_wr_addr_o = addr;
    assign ram_wr_data_o = {LANES{w_data_i}};
    assign ram_wr_strb_o = w_lanes << (lane * STRB_W);

    always @(posedge clk_i) begin
        {ooo_q, lat_q, jit_q, late_q, ram_q, w_after_q} <=
            {cfg_ooo, cfg_lat, cfg_jit, cfg_late, cfg_ram, cfg_w_after};
        if (!rst_ni) begin
            aw_q   <= 0;
            w_q    <= 0;
            full_q <= 0;
            beat_q <= 8'd0;
            gate_q <= 1'b0;
        end else begin
            gate_q <= (b_valid_o && !b_ready_i) || rsp_go;
            aw_q   <= aw_next;
            w_q    <= w_next;
            if (aw_hs) begin
                vec_mem[aw_slot] <= aw_vec_i;
                bad_q[aw_slot]   <= 1'b0;
                ax_cnt_q         <= ax_cnt_q + 32'd1;
            end
            if (w_hs) begin
                dat_mem[w_row][beat_q[2:0]*DATA_W +: DATA_W]          <= w_data_i;
                dat_mem[w_row][STRB_B + beat_q[2:0]*STRB_W +: STRB_W] <= w_strb_i;
                beat_q     <= w_last_i ? 8'd0 : beat_q + 8'd1;
                beat_cnt_q <= beat_cnt_q + 32'd1;
                if (!ram_wr_ok_i) bad_q[w_slot] <= 1'b1;
            end
            if (whole) begin
                full_q        <= full_q + 1'b1;
                arr_mem[tail] <= cycle_i;
            end
        end
    end

endmodule

`default_nettype wire
