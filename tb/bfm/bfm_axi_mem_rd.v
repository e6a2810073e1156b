// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_axi_mem_rd
// Purpose: Read half of the memory transactor: takes AR, has Python (or bfm_ram)
//          fetch the burst, and returns R beats with exact latency.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Python : u_sched.* (requests), vec_mem[slot] (address channel), arr_mem[slot]
//          (cycle of the handshake), dat_mem[slot*32 + row] (written: eight
//          beats of data, responses above them)
//          cfg_lat   cycles from the AR handshake to the first R beat, >= 1;
//          cfg_jit   up to this many more, drawn per burst
//          cfg_ooo, cfg_ilv   chance n/256 of another order, of interleaving
// Limits : with cfg_lat 1 Python must answer in the time step it is asked.
//          R valid rises with a late answer, between clock edges.
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_axi_mem_rd #(
    parameter ID_W   = 8,
    parameter DATA_W = 128,
    parameter SLOT_W = 6,
    parameter RAM_W  = 128
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,
    input  wire [`BFM_CYC_W-1:0] cycle_i,

    input  wire [`BFM_AX_W-1:0]  ar_vec_i,
    input  wire                  ar_valid_i,
    output wire                  ar_ready_o,
    output wire [ID_W-1:0]       r_id_o,
    output wire [DATA_W-1:0]     r_data_o,
    output wire [1:0]            r_resp_o,
    output wire                  r_last_o,
    output wire                  r_valid_o,
    input  wire                  r_ready_i,

    output wire [63:0]           ram_rd_addr_o,
    input  wire [RAM_W-1:0]      ram_rd_data_i,
    input  wire                  ram_rd_ok_i
);

    localparam SLOTS  = 1 << SLOT_W;
    localparam BEATS  = `BFM_ROW_BEATS;
    localparam RESP_B = BEATS * DATA_W;        // responses sit above the data
    localparam WORD_W = BEATS * (DATA_W + 2);

    // ---- written by Python ------------------------------------------------------
    reg [WORD_W-1:0] dat_mem [0:32*SLOTS-1] /* verilator public_flat_rw */;
    reg [31:0] cfg_seed      /* verilator public_flat_rw */;
    reg [8:0]  cfg_ax_level  /* verilator public_flat_rw */;   // ARREADY
    reg [8:0]  cfg_rsp_level /* verilator public_flat_rw */;   // RVALID
    reg [8:0]  cfg_ooo       /* verilator public_flat_rw */;
    reg [8:0]  cfg_ilv       /* verilator public_flat_rw */;
    reg [15:0] cfg_lat       /* verilator public_flat_rw */;
    reg [15:0] cfg_jit       /* verilator public_flat_rw */;
    reg        cfg_late      /* verilator public_flat_rw */;
    reg        cfg_ram       /* verilator public_flat_rw */;
    reg        cfg_hold_ax   /* verilator public_flat_rw */;
    reg        cfg_hold_rsp  /* verilator public_flat_rw */;
    reg [15:0] cfg_id_mask   /* verilator public_flat_rw */;   // which bursts id_cnt_q counts
    reg [15:0] cfg_id_match  /* verilator public_flat_rw */;

    // ---- read by Python -----------------------------------------------------------
    reg [`BFM_AX_W-1:0]  vec_mem [0:SLOTS-1] /* verilator public_flat_rd */;
    reg [`BFM_CYC_W-1:0] arr_mem [0:SLOTS-1] /* verilator public_flat_rd */;
    reg [31:0] ax_cnt_q      /* verilator public_flat_rd */;   // AR handshakes
    reg [31:0] id_cnt_q      /* verilator public_flat_rd */;   // those of chosen IDs
    reg [31:0] beat_cnt_q    /* verilator public_flat_rd */;   // R beats

    reg [7:0]  beat_mem [0:SLOTS-1];
    reg        gate_q;                         // this cycle may offer a beat
    reg [8:0]  ooo_q, ilv_q;                   // what Python wrote, as of the last edge
    reg [15:0] lat_q, jit_q;                   // (bfm_throttle says why)
    reg        late_q, ram_q;
    integer i;

    initial begin
        cfg_seed = 32'd2;  cfg_ax_level = 9'd256;  cfg_rsp_level = 9'd256;  cfg_ooo = 9'd0;
        cfg_ilv = 9'd0;  cfg_lat = 16'd4;  cfg_jit = 16'd0;  cfg_late = 1'b0;  cfg_ram = 1'b0;
        cfg_hold_ax = 1'b0;  cfg_hold_rsp = 1'b0;  cfg_id_mask = 0;  cfg_id_match = 0;
        ax_cnt_q = 0;  id_cnt_q = 0;  beat_cnt_q = 0;  gate_q = 1'b1;
        ooo_q = 9'd0;  ilv_q = 9'd0;  lat_q = 16'd4;  jit_q = 16'd0;  late_q = 1'b0;  ram_q = 1'b0;
        for (i = 0; i < 32 * SLOTS; i = i + 1) dat_mem[i] = {WORD_W{1'b0}};
        for (i = 0; i < SLOTS; i = i + 1) begin
            vec_mem[i]  = {`BFM_AX_W{1'b0}};
            arr_mem[i]  = 0;
            beat_mem[i] = 8'd0;
        end
    end

    wire        ax_go, rsp_go;
    /* verilator lint_off UNUSEDSIGNAL */   // a part of each word is used
    wire [31:0] ax_rnd, rsp_rnd;
    /* verilator lint_on UNUSEDSIGNAL */
    bfm_throttle #(.LANE(32'd31)) u_ax_go (
        .clk_i(clk_i), .rst_ni(rst_ni), .seed_i(cfg_seed), .level_i(cfg_ax_level),
        .hold_i(cfg_hold_ax), .go_o(ax_go), .rnd_o(ax_rnd));
    bfm_throttle #(.LANE(32'd32)) u_rsp_go (
        .clk_i(clk_i), .rst_ni(rst_ni), .seed_i(cfg_seed), .level_i(cfg_rsp_level),
        .hold_i(cfg_hold_rsp), .go_o(rsp_go), .rnd_o(rsp_rnd));

    // ---- address channel ------------------------------------------------------------
    wire                  full, act, here;
    wire [SLOT_W-1:0]     tail, slot;
    wire [ID_W-1:0]       id;
    wire [15:0]           ar_id  = ar_vec_i[`BFM_AX_ID];
    wire                  ax_hs  = ar_valid_i && ar_ready_o;
    wire                  r_hs   = r_valid_o && r_ready_i;
    // upper random bits: the low ones already decide ARREADY
    /* verilator lint_off UNUSEDSIGNAL */   // scaling keeps the top
    wire [32:0]           jitter = {17'd0, ax_rnd[31:16]} * ({17'd0, jit_q} + 33'd1);
    /* verilator lint_on UNUSEDSIGNAL */
    wire [15:0]           extra  = jitter[31:16];
    wire [15:0]           least  = (lat_q == 16'd0) ? 16'd0 : lat_q - 16'd1;
    wire [`BFM_CYC_W-1:0] due    = cycle_i + {24'd0, least} + {24'd0, extra};

    assign ar_ready_o = ax_go && !full;

    /* verilator lint_off PINCONNECTEMPTY */
    bfm_resp_sched #(.ID_W(ID_W), .SLOT_W(SLOT_W)) u_sched (
        .clk_i       (clk_i),
        .rst_ni      (rst_ni),
        .cycle_i     (cycle_i),
        .level_ooo_i (ooo_q),
        .late_i      (late_q),
        .local_i     (ram_q),
        .rnd_i       (rsp_rnd),
        .push_i      (ax_hs),
        .push_id_i   (ar_id[ID_W-1:0]),
        .push_due_i  (due),
        .tail_slot_o (tail),
        .head_o      (),
        .full_o      (full),
        .take_i      (r_hs),
        .last_i      (r_last_o),
        .again_i     ({1'b0, ax_rnd[7:0]} < ilv_q),
        .act_o       (act),
        .here_o      (here),
        .slot_o      (slot),
        .id_o        (id)
    );
    /* verilator lint_on PINCONNECTEMPTY */

    // ---- data channel -----------------------------------------------------------------
    wire [`BFM_AX_W-1:0] vec   = vec_mem[slot];
    wire [7:0]           beat  = beat_mem[slot];
    wire [SLOT_W+4:0]    row   = {slot, beat[7:3]};
    wire [WORD_W-1:0]    word  = dat_mem[row];
    wire [63:0]          addr;
    localparam LANE_W = DATA_W / 8;
    wire [31:0]          lane  = (addr[31:0] / LANE_W) % (RAM_W / DATA_W);
    /* verilator lint_off UNUSEDSIGNAL */   // the lanes above are not ours
    wire [RAM_W-1:0]     ram_word = ram_rd_data_i >> (lane * DATA_W);
    /* verilator lint_on UNUSEDSIGNAL */

    bfm_beat_addr u_addr (
        .vec_i  (vec),
        .beat_i (beat),
        .addr_o (addr)
    );

    assign ram_rd_addr_o = addr;
    assign r_id_o    = id;
    assign r_last_o  = beat == vec[`BFM_AX_LEN];
    assign r_data_o  = ram_q ? ram_word[DATA_W-1:0]
                               : word[beat[2:0]*DATA_W +: DATA_W];
    // a DVM Complete travels on AR and reads nothing
    assign r_resp_o  = ram_q ? ((ram_rd_ok_i || vec[`BFM_AX_SNOOP] != 4'd0) ? 2'd0 : 2'd3)
                               : word[RESP_B + beat[2:0]*2 +: 2];
    assign r_valid_o = act && here && gate_q;

    always @(posedge clk_i) begin
        {ooo_q, ilv_q, lat_q, jit_q, late_q, ram_q} <=
            {cfg_ooo, cfg_ilv, cfg_lat, cfg_jit, cfg_late, cfg_ram};
        if (!rst_ni) begin
            gate_q <= 1'b0;
        end else begin
            gate_q <= (r_valid_o && !r_ready_i) || rsp_go;
            if (r_hs) begin
                beat_mem[slot] <= beat + 8'd1;
                beat_cnt_q     <= beat_cnt_q + 32'd1;
            end
            if (ax_hs) begin
                vec_mem[tail]  <= ar_vec_i;
                arr_mem[tail]  <= cycle_i;
                beat_mem[tail] <= 8'd0;
                ax_cnt_q       <= ax_cnt_q + 32'd1;
                if ((ar_id & cfg_id_mask) == cfg_id_match) id_cnt_q <= id_cnt_q + 32'd1;
            end
        end
    end

endmodule

`default_nettype wire
