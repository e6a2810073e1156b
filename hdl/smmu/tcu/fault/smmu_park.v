// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_park
// Purpose: Slots that wait to stall, oldest first, the decision when one of them
//          may try again, and the last entry of the event queue held for it.
// Spec   : STL-018, STL-019, STL-021, STL-023, STL-030, D9, D19
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : push_i pop_i   enter push_who_i, leave head_who_o ({tbu, slot, sid})
//          wake_i         the slot that is popped has been told to retry
//          room_i         a STAG is free and the event queue is writable
//          more_i         pulse: a STAG became free
//          seen_i         pulse: the stall fault of {seen_tbu_i, seen_slot_i} is decided
//          last_i         the event queue has one free entry
//          dn_*           an answer to a TBU slot is on its way
//          back_i used_i  pulses: a terminate fault was sent back, or took an entry
// Out    : wake_o         the head should be told to retry now
//          may_record_o   {seen_tbu_i, seen_slot_i} may take a STAG, if there is room
//          keep_o         a terminate fault of {seen_tbu_i, seen_slot_i} must come again
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
// Terminate faults: while a slot is about to be woken, or woken and not answered,
// they may not take the last entry; HOLD_MAX cycles at most, and one that was sent
// back meanwhile has an entry before the next wake holds one.
//-----------------------------------------------------------------------------
`default_nettype none

module smmu_park #(
    parameter NUM_TBU   = 2,
    parameter TBU_SLOTS = 32,
    parameter WAKE_GAP  = 128,  // cycles from a wake to the next without news, 1..65535
    parameter HOLD_MAX  = 8191  // cycles an entry is held for a woken slot, 1..8191
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
    output wire        may_record_o,

    input  wire        last_i,
    input  wire [NUM_TBU-1:0] dn_valid_i,
    input  wire [7:0]  dn_slot_i,
    input  wire        back_i,
    input  wire        used_i,
    output wire        keep_o
);
    localparam SLOT_W = (TBU_SLOTS > 1) ? $clog2(TBU_SLOTS) : 1;
    localparam TBU_W  = (NUM_TBU > 1) ? $clog2(NUM_TBU) : 1;
    localparam WHO_W  = TBU_W + SLOT_W;
    localparam [15:0] GAP_LOAD = WAKE_GAP[15:0];
    localparam [12:0] HOLD_LOAD = HOLD_MAX[12:0];

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

    // ---- the last entry ---------------------------------------------------------------------
    reg  [WHO_W-1:0] hold_who_q;            // whom it is held for
    reg  [12:0]      hold_q;                // cycles left
    reg              owed_q;                // a terminate fault comes first
    reg              pays_q;                // ... before the entry is held again
    wire [8:0]       dn_valid = {{(9-NUM_TBU){1'b0}}, dn_valid_i} >> hold_who_q[SLOT_W +: TBU_W];
    wire             hold     = (hold_q != 13'd0);
    wire             answered = dn_valid[0] && dn_slot_i[SLOT_W-1:0] == hold_who_q[0 +: SLOT_W];

    assign keep_o = last_i && (hold ? !pays_q && seen_idx != hold_who_q : wake_o && !owed_q);

    always @(posedge clk_i) begin
        if (!keep_n) begin
            hold_q <= 13'd0;
            owed_q <= 1'b0;
            pays_q <= 1'b0;
        end else begin
            if (wake_i && !hold) hold_q <= HOLD_LOAD;
            else if (answered)   hold_q <= 13'd0;
            else if (hold)       hold_q <= hold_q - 13'd1;
            owed_q <= (back_i && hold) || (owed_q && !used_i);
            pays_q <= (wake_i && !hold ? owed_q : pays_q) && !used_i;
        end
        if (wake_i && !hold) hold_who_q <= head_idx;
    end

    assign wake_o       = head_valid_o && room_i && quiet && !(hold && last_i);
    assign may_record_o = woken || (none && quiet && !hold);

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

    wire unused_ok = &{1'b0, seen_tbu_i, seen_slot_i, dn_slot_i, dn_valid};
endmodule

`default_nettype wire
