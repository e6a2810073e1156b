// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_axi_master_rd
// Purpose: Read half of the AXI4 master transactor. Python posts descriptors;
//          this module drives AR, throttles R and collects whole bursts.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low (posted
//          and open bursts are dropped).
// Python : desc_mem[n % slots], post_cnt (written); u_col.* (completions)
//          cfg_*  ready/valid probabilities (n/256), holds, seed
//          gen_*  traffic generator: gen_go counts starts; descriptors are the
//                 first gen_len rows of desc_mem; gen_cnt bursts are issued
// Limits : while the generator runs nothing is posted, and what was open before
//          gets no answer. RREADY does not depend on RVALID.
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_axi_master_rd #(
    parameter ID_W   = 8,
    parameter DATA_W = 128,
    parameter SLOT_W = 6
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,
    input  wire [`BFM_CYC_W-1:0] cycle_i,

    output wire [`BFM_AX_W-1:0]  ar_vec_o,
    output wire                  ar_valid_o,
    input  wire                  ar_ready_i,
    input  wire [ID_W-1:0]       r_id_i,
    input  wire [DATA_W-1:0]     r_data_i,
    input  wire [1:0]            r_resp_i,
    input  wire                  r_last_i,
    input  wire                  r_valid_i,
    output wire                  r_ready_o
);

    localparam SLOTS = 1 << SLOT_W;

    // ---- written by Python ----------------------------------------------------
    reg [`BFM_DS_W-1:0] desc_mem [0:SLOTS-1] /* verilator public_flat_rd */;
    reg [31:0] post_cnt     /* verilator public_flat_rw */;
    reg [31:0] cfg_seed     /* verilator public_flat_rw */;
    reg [8:0]  cfg_ax_level /* verilator public_flat_rw */;
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
    reg [31:0] ax_cnt_q     /* verilator public_flat_rd */;   // AR handshakes
    reg [31:0] beat_cnt_q   /* verilator public_flat_rd */;   // R beats
    reg [31:0] rsp_cnt_q    /* verilator public_flat_rd */;   // bursts ended
    reg [`BFM_CYC_W-1:0] gen_first_q /* verilator public_flat_rd */;
    reg [`BFM_CYC_W-1:0] gen_last_ax_q /* verilator public_flat_rd */;
    reg [`BFM_CYC_W-1:0] gen_last_q  /* verilator public_flat_rd */;

    // ---- descriptor source --------------------------------------------------------
    reg [31:0]           take_q;       // descriptors taken
    reg                  gen_run_q;
    reg                  gen_new_q;    // no AR handshake of this run yet
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
    integer i;

    initial begin
        post_cnt = 0;  cfg_seed = 32'd1;  cfg_ax_level = 9'd256;  cfg_rsp_level = 9'd256;
        cfg_hold_ax = 1'b0;  cfg_hold_rsp = 1'b0;  cfg_max_open = 16'hffff;
        gen_go = 0;  gen_cnt = 0;  gen_len = 16'd1;
        posted_q = 0;  max_open_q = 16'hffff;
        gen_done_q = 0;  gen_err_q = 0;  ax_cnt_q = 0;  beat_cnt_q = 0;  rsp_cnt_q = 0;
        gen_first_q = 0;  gen_last_ax_q = 0;  gen_last_q = 0;
        take_q = 0;  gen_run_q = 1'b0;  gen_new_q = 1'b0;  gen_go_q = 0;  gen_left_q = 0;
        gen_idx_q = 0;  gen_base_q = 0;  valid_q = 1'b0;  vec_q = {`BFM_AX_W{1'b0}};  wait_q = 0;
        armed_q = 1'b0;  open_q = 0;
        for (i = 0; i < SLOTS; i = i + 1) desc_mem[i] = {`BFM_DS_W{1'b0}};
    end

    wire ax_go, rsp_go;
    /* verilator lint_off PINCONNECTEMPTY */
    bfm_throttle #(.LANE(32'd11)) u_ax_go (
        .clk_i(clk_i), .rst_ni(rst_ni), .seed_i(cfg_seed), .level_i(cfg_ax_level),
        .hold_i(cfg_hold_ax), .go_o(ax_go), .rnd_o());
    bfm_throttle #(.LANE(32'd12)) u_rsp_go (
        .clk_i(clk_i), .rst_ni(rst_ni), .seed_i(cfg_seed), .level_i(cfg_rsp_level),
        .hold_i(cfg_hold_rsp), .go_o(rsp_go), .rnd_o());
    /* verilator lint_on PINCONNECTEMPTY */

    wire                 have  = gen_run_q ? (gen_left_q != 0) : (take_q != posted_q);
    wire [SLOT_W-1:0]    index = gen_run_q ? gen_idx_q[SLOT_W-1:0] : take_q[SLOT_W-1:0];
    /* verilator lint_off UNUSEDSIGNAL */   // W has fields of its own
    wire [`BFM_DS_W-1:0] desc  = desc_mem[index];
    /* verilator lint_on UNUSEDSIGNAL */
    wire [15:0]          delay = desc[`BFM_DS_DELAY];
    wire                 room  = !valid_q || ar_ready_i;
    wire                 ripe  = armed_q ? (wait_q == 16'd0) : (delay == 16'd0);
    wire                 take  = have && room && ripe && ax_go && open_q < max_open_q;
    wire                 ax_hs = valid_q && ar_ready_i;
    wire                 r_hs  = r_valid_i && r_ready_o;
    wire                 r_end = r_hs && r_last_i;

    assign ar_vec_o   = vec_q;
    assign ar_valid_o = valid_q;
    assign r_ready_o  = rsp_go;

    always @(posedge clk_i) begin
        posted_q   <= post_cnt;
        max_open_q <= cfg_max_open;
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
            open_q <= open_q + {15'd0, take} - {15'd0, r_end};

            if (ax_hs) ax_cnt_q   <= ax_cnt_q + 32'd1;
            if (r_hs)  beat_cnt_q <= beat_cnt_q + 32'd1;
            if (r_end) rsp_cnt_q  <= rsp_cnt_q + 32'd1;

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
                if (r_hs && r_resp_i[1]) gen_err_q <= gen_err_q + 32'd1;
                if (r_end) gen_last_q <= cycle_i;
                if (gen_left_q == 0 && open_q == gen_base_q) begin
                    gen_run_q  <= 1'b0;
                    gen_done_q <= gen_done_q + 32'd1;
                end
            end
        end
    end

    // ---- responses ------------------------------------------------------------------
    wire [ID_W-1:0]   push_id   = desc[`BFM_AX_ID_LSB +: ID_W];
    wire [SLOT_W-1:0] push_slot = desc[`BFM_DS_SLOT_LSB +: SLOT_W];
    reg  [SLOT_W-1:0] slot_q;          // slot of the burst offered on AR

    initial slot_q = {SLOT_W{1'b0}};
    always @(posedge clk_i) if (take) slot_q <= push_slot;

    /* verilator lint_off PINCONNECTEMPTY */
    bfm_collect #(.ID_W(ID_W), .DATA_W(DATA_W), .SLOT_W(SLOT_W), .IS_READ(1)) u_col (
        .clk_i       (clk_i),
        .rst_ni      (rst_ni),
        .cycle_i     (cycle_i),
        .push_i      (take && !gen_run_q),
        .push_id_i   (push_id),
        .push_slot_i (push_slot),
        .addr_i      (ax_hs && !gen_run_q),
        .addr_slot_i (slot_q),
        .mark_i      (1'b0),
        .mark_slot_i ({SLOT_W{1'b0}}),
        .rsp_i       (r_hs && !gen_run_q),
        .rsp_id_i    (r_id_i),
        .rsp_data_i  (r_data_i),
        .rsp_resp_i  (r_resp_i),
        .rsp_last_i  (r_last_i),
        .done_o      (),
        .done_slot_o ()
    );
    /* verilator lint_on PINCONNECTEMPTY */

endmodule

`default_nettype wire
