// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_wlines
// Purpose: Table lines of eight descriptors. An entry is allocated with the critical
//          beat, takes the other beats of the same burst as they come, and counts
//          when the last one is in.
// Spec   : D15; TRN-040, TAG-018. A neighbour is judged when it is used: one that
//          is invalid, AF=0 or out of range counts as absent and is read again.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : lu_*  as smmu_wcache;  al_*  allocate with the critical beat
//          bt_*  later beats of a walk slot's line burst; bt_kill_i: overtaken (D8)
// Out    : hit_o level_o hier_o desc_o   the cycle after lu_take_i
// Limits : an allocation may take the entry of a burst that is still coming in;
//          its later beats are then dropped
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_walk_if.vh"

module smmu_wlines #(
    parameter ENTRIES = 16,
    parameter STAGE2  = 0
) (
    input  wire              clk_i,
    input  wire              rst_ni,

    input  wire              lu_valid_i,
    input  wire              lu_take_i,
    input  wire [`WK_W-1:0]  lu_key_i,
    output reg               hit_o,
    output reg  [1:0]        level_o,
    output reg  [3:0]        hier_o,        // accumulated hierarchical bits above the line
    output wire [63:0]       desc_o,

    input  wire              op_valid_i,    // key of an allocation that may come in the next cycle
    input  wire [`WK_W-1:0]  op_key_i,
    input  wire              al_valid_i,
    input  wire              al_spare_i,    // only if a place is free
    input  wire [5:0]        al_slot_i,
    input  wire [`WK_W-1:0]  al_key_i,
    input  wire [1:0]        al_level_i,
    input  wire [3:0]        al_hier_i,
    input  wire [1:0]        al_beat_i,     // place of the critical beat in the line

    input  wire              bt_valid_i,    // a later beat of a line burst
    input  wire [5:0]        bt_slot_i,
    input  wire              bt_err_i,
    input  wire              bt_last_i,
    input  wire              bt_kill_i,
    input  wire [127:0]      beat_data_i,   // of al_* or bt_*, never both

    input  wire              winv_near_i,
    input  wire              winv_valid_i,
    input  wire [`INV_W-1:0] winv_msg_i
);
    localparam IDX_W = (ENTRIES > 1) ? $clog2(ENTRIES) : 1;

    reg [ENTRIES-1:0]   fill_q;             // beats are coming in
    reg [ENTRIES*6-1:0] owner_q;            // walk slot they come for
    reg [ENTRIES*2-1:0] next_q;             // place of the next beat
    reg [ENTRIES*4-1:0] good_q;             // beats without error
    reg [ENTRIES*4-1:0] hier_q;

    wire               lu_hit;
    wire [IDX_W-1:0]   lu_idx, al_idx;
    wire [1:0]         lu_level;
    reg  [2:0]         lu_sub;
    reg  [ENTRIES-1:0] usable;
    wire [ENTRIES-1:0] live;
    wire [ENTRIES*2-1:0] levels;
    wire               al_go;

    smmu_wtags #(.ENTRIES(ENTRIES), .IDX_W(IDX_W), .STAGE2(STAGE2), .SPAN(2)) u_tags (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .lu_valid_i(lu_valid_i), .lu_key_i(lu_key_i), .lu_hit_o(lu_hit), .lu_idx_o(lu_idx),
        .lu_level_o(lu_level), .levels_o(levels), .usable_i(usable),
        .op_valid_i(op_valid_i), .op_key_i(op_key_i),
        .al_valid_i(al_valid_i), .al_spare_i(al_spare_i), .al_live_i(1'b0), .al_key_i(al_key_i),
        .al_level_i(al_level_i), .al_go_o(al_go), .al_idx_o(al_idx), .busy_i(fill_q), .live_i(live),
        .winv_near_i(winv_near_i), .winv_valid_i(winv_valid_i), .winv_msg_i(winv_msg_i));

    // ---- later beats: whose entry? ----------------------------------------------
    integer           i;
    reg               bt_hit;
    reg [IDX_W-1:0]   bt_idx;
    reg [1:0]         bt_beat;
    always @(*) begin
        bt_hit  = 1'b0;
        bt_idx  = {IDX_W{1'b0}};
        bt_beat = 2'd0;
        i       = 0;
        if (bt_valid_i) begin
            for (i = 0; i < ENTRIES; i = i + 1)
                if (fill_q[i] && owner_q[i*6 +: 6] == bt_slot_i) begin
                    bt_hit  = 1'b1;
                    bt_idx  = i[IDX_W-1:0];
                    bt_beat = next_q[i*2 +: 2];
                end
        end
    end

    genvar g;
    generate
        for (g = 0; g < ENTRIES; g = g + 1) begin : g_entry
            localparam [31:0] ME = g;
            wire mine_al = al_go && al_idx == ME[IDX_W-1:0];
            wire mine_bt = bt_hit && bt_idx == ME[IDX_W-1:0];
            assign live[g] = mine_bt && bt_last_i && !bt_kill_i;
            always @(posedge clk_i) begin
                if (!rst_ni)                       fill_q[g] <= 1'b0;
                else if (mine_al)                  fill_q[g] <= 1'b1;
                else if (mine_bt && bt_last_i)     fill_q[g] <= 1'b0;
                if (mine_al) begin
                    owner_q[g*6 +: 6] <= al_slot_i;
                    next_q[g*2 +: 2]  <= al_beat_i + 2'd1;
                    good_q[g*4 +: 4]  <= 4'd1 << al_beat_i;
                    hier_q[g*4 +: 4]  <= al_hier_i;
                end else if (mine_bt) begin
                    next_q[g*2 +: 2]  <= bt_beat + 2'd1;
                    good_q[g*4 +: 4]  <= good_q[g*4 +: 4] | ({3'd0, !bt_err_i} << bt_beat);
                end
            end
        end
    endgenerate

    // ---- look up ----------------------------------------------------------------
    // page-number bits that choose one of the eight descriptors of a line
    /* verilator lint_off UNUSEDSIGNAL */ // some bits start no level
    function automatic [2:0] f_sub;
        input [1:0]  gran;
        input [1:0]  level;
        input [36:0] addr;
        /* verilator lint_on UNUSEDSIGNAL */
        case ({gran, level})
            4'b00_00: f_sub = addr[29:27];
            4'b00_01: f_sub = addr[20:18];
            4'b00_10: f_sub = addr[11:9];
            4'b00_11: f_sub = addr[2:0];
            4'b01_00: f_sub = {1'b0, addr[36:35]};
            4'b01_01: f_sub = addr[26:24];
            4'b01_10: f_sub = addr[15:13];
            4'b01_11: f_sub = addr[4:2];
            4'b10_10: f_sub = addr[19:17];
            4'b10_11: f_sub = addr[6:4];
            default:  f_sub = addr[32:30];      // 64K has no level 0
        endcase
    endfunction
    wire [36:0] lu_addr = lu_key_i[`WK_ADDR_LSB +: 37];
    wire [1:0]  lu_gran = lu_key_i[`WK_GRAN_LSB +: 2];
    // one of each level; an entry hits if it holds that of its level
    reg  [2:0]  sub_0, sub_1, sub_2, sub_3;
    reg  [1:0]  sub_beat;
    integer     e;
    always @(*) begin
        sub_0 = f_sub(lu_gran, 2'd0, lu_addr);
        sub_1 = f_sub(lu_gran, 2'd1, lu_addr);
        sub_2 = f_sub(lu_gran, 2'd2, lu_addr);
        sub_3 = f_sub(lu_gran, 2'd3, lu_addr);
        usable   = {ENTRIES{1'b0}};
        sub_beat = 2'd0;
        e        = 0;
        if (lu_valid_i)
            for (e = 0; e < ENTRIES; e = e + 1) begin
                case (levels[e*2 +: 2])
                    2'd0:    sub_beat = sub_0[2:1];
                    2'd1:    sub_beat = sub_1[2:1];
                    2'd2:    sub_beat = sub_2[2:1];
                    default: sub_beat = sub_3[2:1];
                endcase
                usable[e] = good_q[{e[IDX_W-1:0], sub_beat}];
            end
    end
    // apart: the level is that of one of them (no simulator should see a loop)
    always @(*)
        case (lu_level)
            2'd0:    lu_sub = sub_0;
            2'd1:    lu_sub = sub_1;
            2'd2:    lu_sub = sub_2;
            default: lu_sub = sub_3;
        endcase
    reg high_q;                             // descriptor in the upper half of the beat

    always @(posedge clk_i) begin
        if (!rst_ni)        hit_o <= 1'b0;
        else if (lu_take_i) hit_o <= lu_hit;
        if (lu_take_i) begin
            level_o <= lu_level;
            hier_o  <= hier_q[lu_idx*4 +: 4];
            high_q  <= lu_sub[0];
        end
    end

    wire [127:0] beat;
    util_ram_1r1w #(.WIDTH(128), .DEPTH(ENTRIES*4), .ADDR_W(IDX_W + 2)) u_data (
        .clk_i(clk_i),
        .rd_en_i(lu_take_i), .rd_addr_i({lu_idx, lu_sub[2:1]}), .rd_data_o(beat),
        .wr_en_i(al_go || bt_hit),
        .wr_addr_i(al_go ? {al_idx, al_beat_i} : {bt_idx, bt_beat}),
        .wr_data_i(beat_data_i));
    assign desc_o = high_q ? beat[127:64] : beat[63:0];

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    // beats of a burst in its order, and none of a slot that has no burst (smmu_walk_bursts);
    // al_* and bt_* share the data; al_* and winv_* a comparison, which is made a cycle ahead
    reg              f_near_q = 1'b0, f_op_q = 1'b0;
    reg [`INV_W-1:0] f_winv_q;
    reg [`WK_W-1:0]  f_key_q;
    always @(posedge clk_i) begin
        f_near_q <= rst_ni && winv_near_i;
        f_op_q   <= rst_ni && op_valid_i;
        f_winv_q <= winv_msg_i;
        f_key_q  <= op_key_i;
    end
    always @(*) if (f_on) begin
        assume (!(al_valid_i && (bt_valid_i || winv_valid_i)));
        if (winv_valid_i) assume (f_near_q && winv_msg_i == f_winv_q);
        if (al_valid_i) assume (f_op_q && al_key_i == f_key_q);
    end

    // ---- one entry, any: has the burst that fills it been overtaken? ---------------------------
    (* anyconst *) wire [IDX_W-1:0] f_ent;
    always @(*) assume (f_ent < ENTRIES);
    reg       f_dead_q = 1'b1;          // killed with its last beat, or not all in
    reg       f_used_q = 1'b0;          // has been allocated
    reg [5:0] f_slot_q;
    wire      f_al = al_go && al_idx == f_ent;
    wire      f_last = bt_hit && bt_idx == f_ent && bt_last_i;
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            f_dead_q <= 1'b1;
            f_used_q <= 1'b0;
        end else if (f_al) begin
            f_dead_q <= 1'b1;
            f_used_q <= 1'b1;
            f_slot_q <= al_slot_i;
        end else if (f_last) f_dead_q <= bt_kill_i || f_gone;
        else if (f_gone) f_dead_q <= 1'b1;
    end
    // an invalidation of everything, of any tag
    wire f_gone = winv_valid_i && !winv_msg_i[`INV_CFG_LSB] && !winv_msg_i[`INV_VMIDV_LSB]
               && !winv_msg_i[`INV_ASIDV_LSB] && !winv_msg_i[`INV_VAV_LSB]
               && winv_msg_i[(STAGE2 != 0) ? `INV_S2_LSB : `INV_S1_LSB];
    (* hierconn *) wire [ENTRIES-1:0] \u_tags.valid_q ;
    reg [IDX_W-1:0] f_idx_q;            // entry of the lookup before
    reg f_taken_q, f_dead_then_q;
    always @(posedge clk_i) begin
        f_idx_q       <= lu_idx;
        f_taken_q     <= rst_ni && lu_take_i;
        f_dead_then_q <= f_dead_q;
    end

    // P1: a line whose burst was overtaken, or is not all in, or was invalidated, never hits (D8)
    always @(*) if (f_on) begin
        if (f_taken_q && f_idx_q == f_ent && f_dead_then_q) assert (!hit_o);
        assert (!(\u_tags.valid_q [f_ent] && f_dead_q));
        if (fill_q[f_ent] || !f_dead_q) assert (f_used_q);
        if (fill_q[f_ent]) assert (f_dead_q && owner_q[f_ent*6 +: 6] == f_slot_q);
    end
    // P2: later beats go to the entry of their walk slot only
    always @(*) if (f_on && bt_hit && bt_idx == f_ent)
        assert (fill_q[f_ent] && owner_q[f_ent*6 +: 6] == bt_slot_i);
    // P3: a beat with an error, or one that never came, is never used (D15)
    reg [3:0] f_good_q;
    reg [1:0] f_next_q;
    reg [1:0] f_sub_q;
    always @(posedge clk_i) begin
        f_sub_q <= lu_sub[2:1];
        if (f_al) begin
            f_good_q <= 4'd1 << al_beat_i;
            f_next_q <= al_beat_i + 2'd1;
        end else if (bt_hit && bt_idx == f_ent) begin
            if (!bt_err_i) f_good_q[f_next_q] <= 1'b1;
            f_next_q <= f_next_q + 2'd1;
        end
    end
    reg [3:0] f_good_then_q;
    always @(posedge clk_i) f_good_then_q <= f_good_q;
    always @(*) if (f_on) begin
        if (f_used_q)
            assert (good_q[f_ent*4 +: 4] == f_good_q && next_q[f_ent*2 +: 2] == f_next_q);
        if (f_taken_q && f_idx_q == f_ent && hit_o) assert (f_good_then_q[f_sub_q]);
    end

    always @(*) if (f_on) begin
        // C1: a line hits after all its beats
        cover (hit_o && f_taken_q && f_idx_q == f_ent && &f_good_then_q);
        // C2: a burst is killed in the cycle of its last beat
        cover (f_last && bt_kill_i);
        // C3: a beat came with an error, another of the line hits
        cover (hit_o && f_taken_q && f_idx_q == f_ent && f_good_then_q == 4'b1011);
    end
`endif
endmodule
`default_nettype wire
