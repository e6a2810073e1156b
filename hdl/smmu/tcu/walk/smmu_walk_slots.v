// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_walk_slots
// Purpose: Flip-flop state of the walk slots: free, ready, waiting for a line,
//          finished, overtaken; and the choice of the next one to run.
// Spec   : D4 (waiters of a line), D8 and D18 (overtaken), D10 (faults in turn
//          over TBUs), D17
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : new_*   slot pick_o is taken;  run_take_i ok_take_i flt_take_i  choice used
//          set_*   outcome of the step of slot step_slot_i
//          in_*    the last beat of a burst of that slot is in
//          ok_free_i flt_free_i  slot answered
// Out    : run_* ok_* flt_*  candidates;  dead_o  overtaken, this cycle included
// Limits : a TLB invalidation matches a slot once its VMID is known: before that
//          it has read nothing through a table
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"

module smmu_walk_slots #(
    parameter WALK_SLOTS = 8,
    parameter SW         = 3
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,

    output wire                  free_valid_o,
    output wire [SW-1:0]         free_slot_o,
    input  wire                  new_valid_i,
    input  wire [2:0]            new_tbu_i,
    input  wire [15:0]           new_sid_i,
    input  wire                  new_vk_i,      // VMID known
    input  wire                  new_ak_i,      // ASID known
    input  wire [15:0]           new_vmid_i,
    input  wire [15:0]           new_asid_i,

    output wire                  run_valid_o,
    output wire                  run_fresh_o,
    output wire [SW-1:0]         run_slot_o,
    input  wire                  run_take_i,
    output wire                  ok_valid_o,
    output wire [SW-1:0]         ok_slot_o,
    input  wire                  ok_take_i,
    output wire                  flt_valid_o,
    output wire [SW-1:0]         flt_slot_o,
    input  wire                  flt_take_i,

    input  wire [SW-1:0]         step_slot_i,
    input  wire                  set_again_i,   // look up again: it was refused, or a line came in
    input  wire                  set_wait_i,    // for a line of wait_slot_i
    input  wire [SW-1:0]         wait_slot_i,
    input  wire                  set_ok_i,
    input  wire                  set_flt_i,
    input  wire                  know_ste_i,
    input  wire [15:0]           know_vmid_i,
    input  wire                  know_cd_i,
    input  wire [15:0]           know_asid_i,

    input  wire                  in_valid_i,
    input  wire [SW-1:0]         in_slot_i,
    input  wire [WALK_SLOTS-1:0] idle_i,

    input  wire                  ok_free_i,
    input  wire [SW-1:0]         ok_free_slot_i,
    input  wire                  flt_free_i,
    input  wire [SW-1:0]         flt_free_slot_i,
    output wire [WALK_SLOTS-1:0] busy_o,
    output wire [WALK_SLOTS-1:0] overtaken_o,
    output wire [WALK_SLOTS-1:0] dead_o,
    output wire                  wfree_valid_o,
    output wire [SW-1:0]         wfree_slot_o,

    input  wire                  winv_valid_i,
    input  wire [`INV_W-1:0]     winv_msg_i
);
    reg [WALK_SLOTS-1:0]    busy_q;     // taken, not answered
    reg [WALK_SLOTS-1:0]    tell_q;     // answered, its release is not told yet
    reg [WALK_SLOTS-1:0]    ready_q, fresh_q, wait_q, ok_q, flt_q, ovt_q, vk_q, ak_q;
    reg [WALK_SLOTS*SW-1:0] waitfor_q;
    reg [WALK_SLOTS*3-1:0]  tbu_q;
    reg [WALK_SLOTS*16-1:0] sid_q, vmid_q, asid_q;

    assign busy_o      = busy_q;
    assign overtaken_o = ovt_q;

    // ---- free slots -----------------------------------------------------------------
    // A slot whose line is still coming in is not free: its beats carry its number.
    // The lowest one, so that the slots in use stay few: then the turn of a fault comes round
    // soon, however many others are sent back and come again (D10).
    wire                  free_load;
    wire [WALK_SLOTS-1:0] free_held;
    wire [WALK_SLOTS-1:0] free     = ~(busy_q | tell_q | free_held) & idle_i;
    wire [WALK_SLOTS-1:0] free_low = free & (~free + 1'b1);
    integer               f;
    reg [SW-1:0]          free_pick;
    always @(*) begin
        free_pick = {SW{1'b0}};
        for (f = 0; f < WALK_SLOTS; f = f + 1) if (free_low[f]) free_pick = free_pick | f[SW-1:0];
    end
    util_pick_hold #(.N(WALK_SLOTS), .PICK_W(SW)) u_free_hold (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(|free), .pick_i(free_pick),
        .load_o(free_load), .held_o(free_held),
        .take_i(new_valid_i), .valid_o(free_valid_o), .pick_o(free_slot_o));

    // ---- candidates -----------------------------------------------------------------
    util_rr_pick #(.N(WALK_SLOTS), .PICK_W(SW)) u_run (
        .clk_i(clk_i), .rst_ni(rst_ni), .req_i(ready_q),
        .take_i(run_take_i), .valid_o(run_valid_o), .pick_o(run_slot_o));
    assign run_fresh_o = fresh_q[run_slot_o];

    util_rr_pick #(.N(WALK_SLOTS), .PICK_W(SW)) u_ok (
        .clk_i(clk_i), .rst_ni(rst_ni), .req_i(ok_q),
        .take_i(ok_take_i), .valid_o(ok_valid_o), .pick_o(ok_slot_o));

    // faults: TBUs in turn, then the slots of that TBU in turn (D10)
    wire                  flt_any, flt_load, flt_one;
    wire [SW-1:0]         flt_pick;
    wire [WALK_SLOTS-1:0] flt_held;
    wire [WALK_SLOTS-1:0] flt_left = flt_q & ~flt_held;
    integer              i;
    reg [7:0]            flt_tbus;
    reg [WALK_SLOTS-1:0] flt_mine;
    wire [2:0]           flt_tbu;
    always @(*) begin
        flt_tbus = 8'd0;
        i        = 0;
        if (|flt_left)
            for (i = 0; i < WALK_SLOTS; i = i + 1)
                if (flt_left[i]) flt_tbus[tbu_q[i*3 +: 3]] = 1'b1;
    end
    util_rr_pick #(.N(8), .PICK_W(3)) u_flt_tbu (
        .clk_i(clk_i), .rst_ni(rst_ni), .req_i(flt_tbus),
        .take_i(flt_load), .valid_o(flt_any), .pick_o(flt_tbu));
    integer j;
    always @(*) begin
        flt_mine = {WALK_SLOTS{1'b0}};
        j        = 0;
        if (|flt_left)
            for (j = 0; j < WALK_SLOTS; j = j + 1)
                flt_mine[j] = flt_left[j] && tbu_q[j*3 +: 3] == flt_tbu;
    end
    util_rr_pick #(.N(WALK_SLOTS), .PICK_W(SW)) u_flt (
        .clk_i(clk_i), .rst_ni(rst_ni), .req_i(flt_mine),
        .take_i(flt_load), .valid_o(flt_one), .pick_o(flt_pick));
    util_pick_hold #(.N(WALK_SLOTS), .PICK_W(SW)) u_flt_hold (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(flt_any), .pick_i(flt_pick),
        .load_o(flt_load), .held_o(flt_held),
        .take_i(flt_take_i), .valid_o(flt_valid_o), .pick_o(flt_slot_o));

    // ---- releases -------------------------------------------------------------------
    util_rr_pick #(.N(WALK_SLOTS), .PICK_W(SW)) u_tell (
        .clk_i(clk_i), .rst_ni(rst_ni), .req_i(tell_q),
        .take_i(1'b1), .valid_o(wfree_valid_o), .pick_o(wfree_slot_o));

    // ---- overtaken ------------------------------------------------------------------
    wire [15:0] sid_mask  = ~winv_msg_i[`INV_SIDMASK_LSB +: 16];
    wire [15:0] vmid_mask = winv_msg_i[`INV_VMIDV_LSB]
                          ? 16'hffff << winv_msg_i[`INV_VMW_LSB +: `INV_VMW_W] : 16'd0;
    // an address reaches global entries of every ASID
    wire        by_asid   = winv_msg_i[`INV_ASIDV_LSB] && !winv_msg_i[`INV_VAV_LSB];
    integer              k;
    reg [WALK_SLOTS-1:0] hit;
    always @(*) begin
        hit = {WALK_SLOTS{1'b0}};
        k   = 0;
        if (winv_valid_i) begin
            for (k = 0; k < WALK_SLOTS; k = k + 1)
                hit[k] = winv_msg_i[`INV_CFG_LSB]
                    ? ((sid_q[k*16 +: 16] ^ winv_msg_i[`INV_SID_LSB +: 16]) & sid_mask) == 16'd0
                    : vk_q[k]
                      && ((vmid_q[k*16 +: 16] ^ winv_msg_i[`INV_VMID_LSB +: 16]) & vmid_mask)
                         == 16'd0
                      && !(by_asid && ak_q[k]
                           && asid_q[k*16 +: 16] != winv_msg_i[`INV_ASID_LSB +: 16]);
        end
    end
    assign dead_o = ovt_q | hit;

    // ---- state ----------------------------------------------------------------------
    genvar g;
    generate
        for (g = 0; g < WALK_SLOTS; g = g + 1) begin : g_slot
            localparam [31:0] ME = g;
            wire born  = new_valid_i && free_slot_o == ME[SW-1:0];
            wire step  = step_slot_i == ME[SW-1:0];
            wire wake  = wait_q[g] && in_valid_i && in_slot_i == waitfor_q[g*SW +: SW];
            wire freed = (ok_free_i && ok_free_slot_i == ME[SW-1:0])
                      || (flt_free_i && flt_free_slot_i == ME[SW-1:0]);
            always @(posedge clk_i) begin
                if (!rst_ni) begin
                    busy_q[g]  <= 1'b0;
                    tell_q[g]  <= 1'b0;
                    ready_q[g] <= 1'b0;
                    fresh_q[g] <= 1'b0;
                    wait_q[g]  <= 1'b0;
                    ok_q[g]    <= 1'b0;
                    flt_q[g]   <= 1'b0;
                    ovt_q[g]   <= 1'b0;
                    vk_q[g]    <= 1'b0;
                    ak_q[g]    <= 1'b0;
                end else begin
                    if (born)       busy_q[g] <= 1'b1;
                    else if (freed) busy_q[g] <= 1'b0;

                    if (freed) tell_q[g] <= 1'b1;
                    else if (wfree_slot_o == ME[SW-1:0]) tell_q[g] <= 1'b0;

                    if (born || wake || (step && set_again_i)) ready_q[g] <= 1'b1;
                    else if (run_take_i && run_slot_o == ME[SW-1:0]) ready_q[g] <= 1'b0;

                    if (born) fresh_q[g] <= 1'b1;
                    else if (run_take_i && run_slot_o == ME[SW-1:0]) fresh_q[g] <= 1'b0;

                    if (step && set_wait_i) wait_q[g] <= 1'b1;
                    else if (wake)          wait_q[g] <= 1'b0;

                    if (step && set_ok_i) ok_q[g] <= 1'b1;
                    else if (ok_take_i && ok_slot_o == ME[SW-1:0]) ok_q[g] <= 1'b0;

                    if (step && set_flt_i) flt_q[g] <= 1'b1;
                    else if (flt_take_i && flt_slot_o == ME[SW-1:0]) flt_q[g] <= 1'b0;

                    // a walk taken in the cycle of an invalidation may hold old configuration
                    if (born)        ovt_q[g] <= winv_valid_i;
                    else if (hit[g]) ovt_q[g] <= 1'b1;

                    if (born)                    vk_q[g] <= new_vk_i;
                    else if (step && know_ste_i) vk_q[g] <= 1'b1;
                    if (born)                    ak_q[g] <= new_ak_i;
                    else if (step && know_cd_i)  ak_q[g] <= 1'b1;
                end
                if (born) begin
                    tbu_q[g*3 +: 3]   <= new_tbu_i;
                    sid_q[g*16 +: 16] <= new_sid_i;
                end
                if (born)                    vmid_q[g*16 +: 16] <= new_vmid_i;
                else if (step && know_ste_i) vmid_q[g*16 +: 16] <= know_vmid_i;
                if (born)                    asid_q[g*16 +: 16] <= new_asid_i;
                else if (step && know_cd_i)  asid_q[g*16 +: 16] <= know_asid_i;
                if (step && set_wait_i)      waitfor_q[g*SW +: SW] <= wait_slot_i;
            end
        end
    endgenerate

    wire unused_ok = &{1'b0, winv_msg_i, flt_one, free_load};

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    // ---- one slot, any, and what it was taken for ---------------------------------------------
    (* anyconst *) wire [SW-1:0] f_slot;
    always @(*) assume (f_slot < WALK_SLOTS);
    wire f_born  = new_valid_i && free_slot_o == f_slot;
    wire f_freed = (ok_free_i && ok_free_slot_i == f_slot)
                || (flt_free_i && flt_free_slot_i == f_slot);
    wire f_step  = step_slot_i == f_slot;
    // a slot is taken while one is free, and answered once
    always @(*) if (f_on) begin
        assume (!new_valid_i || free_valid_o);
        assume (!f_freed || busy_q[f_slot]);
    end
    // nothing becomes outstanding for a slot without a walk (smmu_walk_bursts)
    always @(posedge clk_i)
        if (f_on && $past(rst_ni && idle_i[f_slot] && !busy_q[f_slot])) assume (idle_i[f_slot]);

    reg        f_used_q = 1'b0, f_vk_q, f_ak_q, f_ovt_q = 1'b0, f_busy_q = 1'b0, f_owed_q = 1'b0;
    reg [15:0] f_sid_q, f_vmid_q, f_asid_q;
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            f_used_q <= 1'b0;
            f_ovt_q  <= 1'b0;
            f_busy_q <= 1'b0;
            f_owed_q <= 1'b0;
        end else begin
            if (f_born) begin
                f_used_q <= 1'b1;
                f_busy_q <= 1'b1;
                f_vk_q   <= new_vk_i;
                f_ak_q   <= new_ak_i;
                f_sid_q  <= new_sid_i;
                f_vmid_q <= new_vmid_i;
                f_asid_q <= new_asid_i;
                f_ovt_q  <= winv_valid_i;
            end else begin
                if (f_reached) f_ovt_q <= 1'b1;
                if (f_freed)   f_busy_q <= 1'b0;
                if (f_step && know_ste_i) {f_vk_q, f_vmid_q} <= {1'b1, know_vmid_i};
                if (f_step && know_cd_i)  {f_ak_q, f_asid_q} <= {1'b1, know_asid_i};
            end
            if (f_freed) f_owed_q <= 1'b1;
            else if (wfree_valid_o && wfree_slot_o == f_slot) f_owed_q <= 1'b0;
        end
    end

    // the invalidation of this cycle is meant for it: SID, or VMID and ASID as far as known (D18)
    wire [15:0] f_vmid_diff = f_vmid_q ^ winv_msg_i[`INV_VMID_LSB +: 16];
    wire        f_vmid_same = !winv_msg_i[`INV_VMIDV_LSB]
                           || (f_vmid_diff >> winv_msg_i[`INV_VMW_LSB +: `INV_VMW_W]) == 16'd0;
    wire        f_asid_same = !winv_msg_i[`INV_ASIDV_LSB] || winv_msg_i[`INV_VAV_LSB] || !f_ak_q
                           || f_asid_q == winv_msg_i[`INV_ASID_LSB +: 16];
    wire        f_sid_same  = ((f_sid_q ^ winv_msg_i[`INV_SID_LSB +: 16])
                               & ~winv_msg_i[`INV_SIDMASK_LSB +: 16]) == 16'd0;
    wire        f_reached   = f_used_q && winv_valid_i
                           && (winv_msg_i[`INV_CFG_LSB] ? f_sid_same
                                                        : f_vk_q && f_vmid_same && f_asid_same);

    // P1: from the cycle of an invalidation that reaches it until it is taken anew, a walk is
    // known as overtaken, also while the rest of its line comes in (D8, D18)
    always @(*) if (f_on) begin
        if (f_ovt_q || f_reached) assert (dead_o[f_slot]);
        if (f_ovt_q) assert (overtaken_o[f_slot]);
        if (f_used_q)
            assert (vk_q[f_slot] == f_vk_q && ak_q[f_slot] == f_ak_q
                    && sid_q[f_slot*16 +: 16] == f_sid_q && vmid_q[f_slot*16 +: 16] == f_vmid_q
                    && asid_q[f_slot*16 +: 16] == f_asid_q);
    end
    // P2: nothing else makes a walk count as overtaken
    always @(*) if (f_on && f_used_q && dead_o[f_slot]) assert (f_ovt_q || f_reached);
    // P3: only a slot without walk, untold release or outstanding read is given
    always @(*) if (f_on) begin
        if (free_valid_o && free_slot_o == f_slot)
            assert (!busy_q[f_slot] && !tell_q[f_slot] && idle_i[f_slot]);
        assert (free_held[f_slot] == (free_valid_o && free_slot_o == f_slot));
        assert (busy_q[f_slot] == f_busy_q);
    end
    // P4: each walk that ends is told released once
    always @(*) if (f_on) begin
        assert (tell_q[f_slot] == f_owed_q);
        if (wfree_valid_o && wfree_slot_o == f_slot) assert (f_owed_q && !f_busy_q);
        assert (!(f_owed_q && f_busy_q));
    end

    always @(*) if (f_on) begin
        // C1: overtaken by its ASID, answered, and taken anew
        cover (f_born && f_asid_hit_q);
        // C2: an invalidation passes a walk of another VMID
        cover (winv_valid_i && !winv_msg_i[`INV_CFG_LSB] && f_busy_q && f_vk_q && !f_reached);
        // C3: overtaken by its StreamID before anything else is known
        cover (f_reached && winv_msg_i[`INV_CFG_LSB] && !f_vk_q && f_busy_q);
    end
    reg f_asid_hit_q;
    always @(posedge clk_i)
        f_asid_hit_q <= rst_ni && !f_born
                     && (f_asid_hit_q || (f_reached && !winv_msg_i[`INV_CFG_LSB] && f_ak_q
                                          && winv_msg_i[`INV_ASIDV_LSB] && f_busy_q));
`endif
endmodule
`default_nettype wire
