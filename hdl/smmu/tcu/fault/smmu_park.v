// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_park
// Purpose: Slots that wait to stall, oldest first, and the decision when one of
//          them may try again.
// Spec   : STL-018, STL-019, STL-021, STL-023, D9, D19
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : push_i pop_i   enter push_who_i, leave head_who_o ({tbu, slot, sid})
//          wake_i         the slot that is popped has been told to retry
//          room_i         a STAG is free and the event queue is writable
//          more_i         pulse: a STAG became free
//          seen_i         pulse: the stall fault of {seen_tbu_i, seen_slot_i} is decided
// Out    : wake_o         the head should be told to retry now
//          may_record_o   {seen_tbu_i, seen_slot_i} may take a STAG, if there is room
// Stalls : nobody; push never overflows: a slot is here once or not at all
// Tests  : tests/unit/test_fault.py
//
// How many are woken: one slot tries at a time. The next one follows when the
// woken slot's fault is decided, when a STAG is freed or the queue becomes
// writable, and, since a slot that succeeds is never seen here again, WAKE_GAP
// cycles later. Room is tested as a level, so no slot is forgotten.
// Who gets the place: a fault that was not woken parks behind the waiting ones,
// and for WAKE_GAP cycles behind the woken one, so that new faults cannot starve
// an old one. A woken slot that finds no place parks again, last in the line.
//-----------------------------------------------------------------------------
`default_nettype none

module smmu_park #(
    parameter NUM_TBU   = 2,
    parameter TBU_SLOTS = 32,
    parameter WAKE_GAP  = 128   // cycles from a wake to the next without news, 1..65535
) (
    input  wire        clk_i,
    input  wire        rst_ni,

    input  wire        push_i,
    input  wire [26:0] push_who_i,
    output wire        head_valid_o,
    output wire [26:0] head_who_o,
    input  wire        pop_i,
    output wire [15:0] count_o,
    input  wire        off_i,

    input  wire        room_i,
    input  wire        more_i,
    output wire        wake_o,
    input  wire        wake_i,

    input  wire        seen_i,
    input  wire [2:0]  seen_tbu_i,
    input  wire [7:0]  seen_slot_i,
    output wire        may_record_o
);
    localparam SLOT_W = (TBU_SLOTS > 1) ? $clog2(TBU_SLOTS) : 1;
    localparam TBU_W  = (NUM_TBU > 1) ? $clog2(NUM_TBU) : 1;
    localparam WHO_W  = TBU_W + SLOT_W;
    localparam [15:0] GAP_LOAD = WAKE_GAP[15:0];

    // ---- the line ---------------------------------------------------------------------
    // SMMUEN 1 to 0 empties it: the TBUs abort these slots themselves (STL-017)
    wire keep_n = rst_ni && !off_i;

    util_fifo_ram #(.WIDTH(27), .DEPTH(1 << WHO_W), .ADDR_W(WHO_W)) u_line (
        .clk_i(clk_i), .rst_ni(keep_n),
        .wr_valid_i(push_i), .wr_data_i(push_who_i),
        .rd_valid_o(head_valid_o), .rd_ready_i(pop_i), .rd_data_o(head_who_o));

    reg [15:0] count_q;
    assign count_o = count_q;
    wire none = (count_q == 16'd0);

    // ---- who has been woken -------------------------------------------------------------
    reg  [(1<<WHO_W)-1:0] woken_q;
    wire [WHO_W-1:0] seen_idx = {seen_tbu_i[TBU_W-1:0], seen_slot_i[SLOT_W-1:0]};
    wire [WHO_W-1:0] head_idx = {head_who_o[24 +: TBU_W], head_who_o[16 +: SLOT_W]};
    wire             woken    = woken_q[seen_idx];
    wire             arrived  = seen_i && woken;

    // ---- when the next one ----------------------------------------------------------------
    reg  [15:0] gap_q;
    reg         room_q;
    wire        news  = arrived || more_i || (room_i && !room_q);
    wire        quiet = (gap_q == 16'd0);

    assign wake_o       = head_valid_o && room_i && quiet;
    assign may_record_o = woken || (none && quiet);

    always @(posedge clk_i) begin
        if (!keep_n) begin
            count_q <= 16'd0;
            woken_q <= {(1<<WHO_W){1'b0}};
            gap_q   <= 16'd0;
            room_q  <= 1'b0;
        end else begin
            room_q <= room_i;
            if (push_i && !pop_i)                 count_q <= count_q + 16'd1;
            if (pop_i && head_valid_o && !push_i) count_q <= count_q - 16'd1;
            if (seen_i) woken_q[seen_idx] <= 1'b0;
            if (wake_i) woken_q[head_idx] <= 1'b1;
            if (wake_i)      gap_q <= GAP_LOAD;
            else if (news)   gap_q <= 16'd0;
            else if (!quiet) gap_q <= gap_q - 16'd1;
        end
    end

    wire unused_ok = &{1'b0, seen_tbu_i, seen_slot_i};
endmodule

`default_nettype wire
