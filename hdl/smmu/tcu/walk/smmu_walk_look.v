// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_walk_look
// Purpose: One cache lookup at a time: key register, compare in all caches of
//          the stage, payload the cycle after the event pipeline takes it.
// Spec   : D5 (at most three cycles more than a plain step), D7
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : req_*   key of a step that needs the caches (refused while !req_ready_o)
//          take_i  the result is used in the next cycle
//          fill_*  what a step found: table pointer, table page, line
//          bt_*    later beats of line bursts
// Out    : k_valid_o k_slot_o   a lookup waits to be taken
//          s1_* s2_*   results, in the cycle after take_i
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_walk_if.vh"

module smmu_walk_look #(
    parameter WC_ENTRIES   = 16,
    parameter S2LC_ENTRIES = 16,
    parameter LINE_ENTRIES = 16,
    parameter SW           = 3      // width of a slot number
) (
    input  wire              clk_i,
    input  wire              rst_ni,

    input  wire              req_valid_i,
    output wire              req_ready_o,
    input  wire [SW-1:0]     req_slot_i,
    input  wire              req_s2_i,
    input  wire [`WK_W-1:0]  req_s1_key_i,
    input  wire [`WK_W-1:0]  req_s2_key_i,

    output wire              k_valid_o,
    output reg  [SW-1:0]     k_slot_o,
    input  wire              take_i,

    output wire              s1_wc_hit_o,
    output wire [1:0]        s1_wc_level_o,
    output wire [3:0]        s1_wc_hier_o,
    output wire [35:0]       s1_wc_base_o,
    output wire              s1_ln_hit_o,
    output wire [1:0]        s1_ln_level_o,
    output wire [3:0]        s1_ln_hier_o,
    output wire [63:0]       s1_ln_desc_o,
    output wire              s2_wc_hit_o,
    output wire [1:0]        s2_wc_level_o,
    output wire [35:0]       s2_wc_base_o,
    output wire              s2_lc_hit_o,
    output wire [1:0]        s2_lc_level_o,
    output wire [63:0]       s2_lc_desc_o,
    output wire              s2_ln_hit_o,
    output wire [1:0]        s2_ln_level_o,
    output wire [63:0]       s2_ln_desc_o,

    input  wire              fill_step_i,   // something may be filled
    input  wire [`WK_W-1:0]  fill_s1_key_i,
    input  wire [`WK_W-1:0]  fill_s2_key_i,
    input  wire [1:0]        fill_level_i,  // of the descriptor
    input  wire [1:0]        fill_wc_level_i, // of the table it points to
    input  wire              fill_spare_i,  // a line for a free place only
    input  wire [3:0]        fill_hier_i,
    input  wire [3:0]        fill_ln_hier_i,
    input  wire [35:0]       fill_base_i,
    input  wire [63:0]       fill_desc_i,
    input  wire              fill_s1_wc_i,
    input  wire              fill_s2_wc_i,
    input  wire              fill_s2_lc_i,
    input  wire              fill_s1_ln_i,
    input  wire              fill_s2_ln_i,
    input  wire [5:0]        fill_slot_i,
    input  wire [1:0]        fill_beat_i,

    input  wire              bt_valid_i,
    input  wire [5:0]        bt_slot_i,
    input  wire              bt_err_i,
    input  wire              bt_last_i,
    input  wire              bt_kill_i,
    input  wire [127:0]      beat_data_i,

    input  wire              winv_near_i,
    input  wire              winv_valid_i,
    input  wire [`INV_W-1:0] winv_msg_i
);
    reg              lu_s1_q, lu_s2_q;      // one of them, or none
    reg [`WK_W-1:0]  k_s1_key_q, k_s2_key_q;

    assign k_valid_o   = lu_s1_q || lu_s2_q;
    assign req_ready_o = !k_valid_o || take_i;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            lu_s1_q <= 1'b0;
            lu_s2_q <= 1'b0;
        end else if (req_ready_o) begin
            lu_s1_q <= req_valid_i && !req_s2_i;
            lu_s2_q <= req_valid_i && req_s2_i;
        end
        if (req_ready_o) begin      // whether there is one comes late
            k_slot_o   <= req_slot_i;
            k_s1_key_q <= req_s1_key_i;
            k_s2_key_q <= req_s2_key_i;
        end
    end

    // ---- fills: a register behind the step, which is long enough without them -----------
    // What meets an invalidation here is dropped, for whatever tag: the caches compare it with the
    // same comparators (D8).
    reg [`WK_W-1:0] f_s1_key_q, f_s2_key_q;
    reg [1:0]       f_level_q, f_wc_level_q, f_beat_q;
    reg [3:0]       f_hier_q, f_ln_hier_q;
    reg [35:0]      f_base_q;
    reg [63:0]      f_desc_q;
    reg [5:0]       f_slot_q, bt_slot_q;
    reg [4:0]       f_valid_q;          // s2 line, s1 line, s2 leaf, s2 table, s1 table
    reg             f_spare_q, bt_valid_q, bt_err_q, bt_last_q, bt_kill_q;
    reg [127:0]     beat_q;
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            f_valid_q  <= 5'd0;
            bt_valid_q <= 1'b0;
        end else begin
            f_valid_q  <= {fill_s2_ln_i, fill_s1_ln_i, fill_s2_lc_i, fill_s2_wc_i, fill_s1_wc_i};
            bt_valid_q <= bt_valid_i;
        end
        f_s1_key_q   <= fill_s1_key_i;
        f_s2_key_q   <= fill_s2_key_i;
        f_level_q    <= fill_level_i;
        f_wc_level_q <= fill_wc_level_i;
        f_spare_q    <= fill_spare_i;
        f_hier_q     <= fill_hier_i;
        f_ln_hier_q  <= fill_ln_hier_i;
        f_base_q     <= fill_base_i;
        f_desc_q     <= fill_desc_i;
        f_slot_q     <= fill_slot_i;
        f_beat_q     <= fill_beat_i;
        bt_slot_q    <= bt_slot_i;
        bt_err_q     <= bt_err_i;
        bt_last_q    <= bt_last_i;
        bt_kill_q    <= bt_kill_i;
        beat_q       <= beat_data_i;
    end
    wire [4:0] f_valid = f_valid_q & {5{!winv_valid_i}};
    wire       bt_kill = bt_kill_q || winv_valid_i;

    wire take_s1 = take_i && lu_s1_q;
    wire take_s2 = take_i && lu_s2_q;

    smmu_wcache #(.ENTRIES(WC_ENTRIES), .STAGE2(0), .SPAN(0), .DATA_W(40)) u_s1_wc (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .lu_valid_i(lu_s1_q), .lu_take_i(take_s1), .lu_key_i(k_s1_key_q),
        .hit_o(s1_wc_hit_o), .level_o(s1_wc_level_o), .data_o({s1_wc_hier_o, s1_wc_base_o}),
        .op_valid_i(fill_step_i), .op_key_i(fill_s1_key_i),
        .fill_valid_i(f_valid[0]), .fill_key_i(f_s1_key_q), .fill_level_i(f_wc_level_q),
        .fill_data_i({f_hier_q, f_base_q}),
        .winv_near_i(winv_near_i), .winv_valid_i(winv_valid_i), .winv_msg_i(winv_msg_i));

    smmu_wcache #(.ENTRIES(WC_ENTRIES), .STAGE2(1), .SPAN(0), .DATA_W(36)) u_s2_wc (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .lu_valid_i(lu_s2_q), .lu_take_i(take_s2), .lu_key_i(k_s2_key_q),
        .hit_o(s2_wc_hit_o), .level_o(s2_wc_level_o), .data_o(s2_wc_base_o),
        .op_valid_i(fill_step_i), .op_key_i(fill_s2_key_i),
        .fill_valid_i(f_valid[1]), .fill_key_i(f_s2_key_q), .fill_level_i(f_wc_level_q),
        .fill_data_i(f_base_q),
        .winv_near_i(winv_near_i), .winv_valid_i(winv_valid_i), .winv_msg_i(winv_msg_i));

    smmu_wcache #(.ENTRIES(S2LC_ENTRIES), .STAGE2(1), .SPAN(1), .DATA_W(64)) u_s2_lc (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .lu_valid_i(lu_s2_q), .lu_take_i(take_s2), .lu_key_i(k_s2_key_q),
        .hit_o(s2_lc_hit_o), .level_o(s2_lc_level_o), .data_o(s2_lc_desc_o),
        .op_valid_i(fill_step_i), .op_key_i(fill_s2_key_i),
        .fill_valid_i(f_valid[2]), .fill_key_i(f_s2_key_q), .fill_level_i(f_level_q),
        .fill_data_i(f_desc_q),
        .winv_near_i(winv_near_i), .winv_valid_i(winv_valid_i), .winv_msg_i(winv_msg_i));

    smmu_wlines #(.ENTRIES(LINE_ENTRIES), .STAGE2(0)) u_s1_ln (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .lu_valid_i(lu_s1_q), .lu_take_i(take_s1), .lu_key_i(k_s1_key_q),
        .hit_o(s1_ln_hit_o), .level_o(s1_ln_level_o), .hier_o(s1_ln_hier_o),
        .desc_o(s1_ln_desc_o),
        .op_valid_i(fill_step_i), .op_key_i(fill_s1_key_i),
        .al_valid_i(f_valid[3]), .al_spare_i(f_spare_q), .al_slot_i(f_slot_q),
        .al_key_i(f_s1_key_q),
        .al_level_i(f_level_q), .al_hier_i(f_ln_hier_q), .al_beat_i(f_beat_q),
        .bt_valid_i(bt_valid_q), .bt_slot_i(bt_slot_q), .bt_err_i(bt_err_q),
        .bt_last_i(bt_last_q), .bt_kill_i(bt_kill), .beat_data_i(beat_q),
        .winv_near_i(winv_near_i), .winv_valid_i(winv_valid_i), .winv_msg_i(winv_msg_i));

    /* verilator lint_off UNUSEDSIGNAL */ // stage 2 has no hierarchical bits
    wire [3:0] s2_ln_hier;
    /* verilator lint_on UNUSEDSIGNAL */
    smmu_wlines #(.ENTRIES(LINE_ENTRIES), .STAGE2(1)) u_s2_ln (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .lu_valid_i(lu_s2_q), .lu_take_i(take_s2), .lu_key_i(k_s2_key_q),
        .hit_o(s2_ln_hit_o), .level_o(s2_ln_level_o), .hier_o(s2_ln_hier),
        .desc_o(s2_ln_desc_o),
        .op_valid_i(fill_step_i), .op_key_i(fill_s2_key_i),
        .al_valid_i(f_valid[4]), .al_spare_i(f_spare_q), .al_slot_i(f_slot_q),
        .al_key_i(f_s2_key_q),
        .al_level_i(f_level_q), .al_hier_i(4'd0), .al_beat_i(f_beat_q),
        .bt_valid_i(bt_valid_q), .bt_slot_i(bt_slot_q), .bt_err_i(bt_err_q),
        .bt_last_i(bt_last_q), .bt_kill_i(bt_kill), .beat_data_i(beat_q),
        .winv_near_i(winv_near_i), .winv_valid_i(winv_valid_i), .winv_msg_i(winv_msg_i));
endmodule
`default_nettype wire
