// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_walk_bursts
// Purpose: What every slot has asked of the memory: kind of the burst, which beat
//          comes next, which table line. A slot may ask for its next burst while
//          the rest of a line still comes in (same ID: in order), so each slot
//          has a current and a next burst.
// Spec   : D4 (one outstanding read per table line), D15
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : r_*    beat at the pins (always taken)
//          ask_*  a step reads: refused if its line is on its way (clash_o) or
//          has come in so late that the lookup before could not find it (again_o);
//          ask_own_i: it keeps nothing of what it has read, an overtaken walk
// Out    : r_step_o  the beat at the pins completes what a step waits for
//          b_*    the beat, registered; b_first_o: first of its burst
//          idle_o[n]  slot n has nothing outstanding
// Limits : lines are compared by a 16-bit hash: a false match only delays. One with a line of
//          stage 2 that brought the walk here would come again with every try, if the walk
//          keeps none of them: it is not compared with lines of its own then.
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_walk_if.vh"

module smmu_walk_bursts #(
    parameter WALK_SLOTS = 8,
    parameter SW         = 3
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,

    input  wire                  r_valid_i,
    input  wire [SW-1:0]         r_slot_i,
    input  wire [127:0]          r_data_i,
    input  wire                  r_err_i,
    input  wire                  r_last_i,
    output wire                  r_step_o,

    output reg                   b_valid_o,
    output reg  [SW-1:0]         b_slot_o,
    output reg  [127:0]          b_data_o,
    output reg                   b_err_o,       // of this beat
    output reg                   b_errs_o,      // of this burst so far
    output reg                   b_first_o,
    output reg                   b_last_o,
    output reg  [1:0]            b_kind_o,
    output reg  [1:0]            b_count_o,     // place in the burst

    input  wire                  ask_valid_i,
    input  wire [SW-1:0]         ask_slot_i,
    input  wire                  ask_own_i,     // what it has read leads it here each time
    input  wire [1:0]            ask_kind_i,
    input  wire [47:0]           ask_hash_i,    // of the lines it can be of
    input  wire [1:0]            ask_pick_i,    // 1x: the highest, 01: the middle one, 00: the lowest
    output reg                   clash_o,
    output reg  [SW-1:0]         clash_slot_o,
    output wire                  again_o,
    output wire [WALK_SLOTS-1:0] idle_o
);
    reg [WALK_SLOTS-1:0]    nx_q;       // next burst asked for, no beat yet
    reg [WALK_SLOTS-1:0]    cu_q;       // inside a burst
    reg [WALK_SLOTS*2-1:0]  nx_kind_q, cu_kind_q;
    reg [WALK_SLOTS*16-1:0] nx_hash_q, cu_hash_q;
    reg [WALK_SLOTS-1:0]    cu_errs_q;
    reg [WALK_SLOTS*2-1:0]  count_q;

    assign idle_o = ~(nx_q | cu_q);

    // ---- beats --------------------------------------------------------------------
    wire       first = !cu_q[r_slot_i];
    wire [1:0] kind  = first ? nx_kind_q[r_slot_i*2 +: 2] : cu_kind_q[r_slot_i*2 +: 2];
    wire       word_like = (kind == `RD_LINE) || (kind == `RD_WORD);
    // lines and words are used at their first beat, structures at their last one
    assign r_step_o = r_valid_i && (word_like ? first : r_last_i);
    wire       errs  = r_err_i || (!first && cu_errs_q[r_slot_i]);

    always @(posedge clk_i) begin
        if (!rst_ni) b_valid_o <= 1'b0;
        else         b_valid_o <= r_valid_i;
        if (r_valid_i) begin
            b_slot_o  <= r_slot_i;
            b_data_o  <= r_data_i;
            b_err_o   <= r_err_i;
            b_errs_o  <= errs;
            b_first_o <= first;
            b_last_o  <= r_last_i;
            b_kind_o  <= kind;
            b_count_o <= first ? 2'd0 : count_q[r_slot_i*2 +: 2];
        end
    end

    // ---- a new read -----------------------------------------------------------------
    // Every line it can be of is compared; which it is comes last.
    function automatic on_its_way;
        input [15:0] hash;
        input [47:0] asked;
        input [1:0]  pick;
        input        own;       // of stage 2, asked for by this walk
        on_its_way = pick[1] ? hash == asked[47:32] && !own : pick[0] ? hash == asked[31:16]
                                                                      : hash == asked[15:0];
    endfunction
    wire [15:0] ask_hash = ask_pick_i[1] ? ask_hash_i[47:32] : ask_pick_i[0] ? ask_hash_i[31:16]
                                                                             : ask_hash_i[15:0];
    integer i;
    reg     own;
    always @(*) begin
        clash_o      = 1'b0;
        clash_slot_o = {SW{1'b0}};
        own          = 1'b0;
        i            = 0;
        if (ask_valid_i && ask_kind_i == `RD_LINE) begin
            for (i = 0; i < WALK_SLOTS; i = i + 1) begin
                own = ask_own_i && ask_slot_i == i[SW-1:0];
                if ((nx_q[i] && nx_kind_q[i*2 +: 2] == `RD_LINE
                     && on_its_way(nx_hash_q[i*16 +: 16], ask_hash_i, ask_pick_i, own))
                    || (cu_q[i] && cu_kind_q[i*2 +: 2] == `RD_LINE
                        && on_its_way(cu_hash_q[i*16 +: 16], ask_hash_i, ask_pick_i, own))) begin
                    clash_o      = 1'b1;
                    clash_slot_o = i[SW-1:0];
                end
            end
        end
    end

    // A line counts three cycles after its last beat; a step asks one cycle after its lookup, or
    // three and more if the address of the line had to pass stage 2 first.
    localparam LATE = 7;
    reg  [LATE-1:0]    late_q;
    reg  [LATE*16-1:0] late_hash_q;
    wire [15:0] hash = first ? nx_hash_q[r_slot_i*16 +: 16] : cu_hash_q[r_slot_i*16 +: 16];
    always @(posedge clk_i) begin
        if (!rst_ni) late_q <= {LATE{1'b0}};
        else         late_q <= {late_q[LATE-2:0], r_valid_i && r_last_i && kind == `RD_LINE};
        late_hash_q <= {late_hash_q[LATE*16-17:0], hash};
    end
    integer          j;
    reg [LATE-1:0]   late;
    always @(*)
        for (j = 0; j < LATE; j = j + 1)
            late[j] = late_q[j]
                   && on_its_way(late_hash_q[j*16 +: 16], ask_hash_i, ask_pick_i, ask_own_i);
    assign again_o = ask_valid_i && ask_kind_i == `RD_LINE && !clash_o && (|late);
    wire asked = ask_valid_i && !clash_o && !again_o;

    genvar g;
    generate
        for (g = 0; g < WALK_SLOTS; g = g + 1) begin : g_slot
            localparam [31:0] ME = g;
            wire beat = r_valid_i && r_slot_i == ME[SW-1:0];
            wire ask  = asked && ask_slot_i == ME[SW-1:0];
            always @(posedge clk_i) begin
                if (!rst_ni) begin
                    nx_q[g] <= 1'b0;
                    cu_q[g] <= 1'b0;
                end else begin
                    if (ask)                nx_q[g] <= 1'b1;
                    else if (beat && first) nx_q[g] <= 1'b0;
                    if (beat)               cu_q[g] <= !r_last_i;
                end
                if (ask) begin
                    nx_kind_q[g*2 +: 2]   <= ask_kind_i;
                    nx_hash_q[g*16 +: 16] <= ask_hash;
                end
                if (beat) begin
                    cu_errs_q[g]       <= errs;
                    count_q[g*2 +: 2]  <= first ? 2'd1 : count_q[g*2 +: 2] + 2'd1;
                    if (first) begin
                        cu_kind_q[g*2 +: 2]   <= kind;
                        cu_hash_q[g*16 +: 16] <= nx_hash_q[g*16 +: 16];
                    end
                end
            end
        end
    endgenerate
endmodule
`default_nettype wire
