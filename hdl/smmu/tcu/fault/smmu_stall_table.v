// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_stall_table
// Purpose: Recorded stalls by STAG = {generation, slot}: take, publish, lose, read, free.
// Spec   : STL-002..004, STL-007, STL-008, STL-017, STL-032..034
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : take_i    enter the free STAG stag_o (only with free_o)
//          pub_*     its record is visible       lost_*  its record was lost
//          drop_i    free slot rd_slot_i
//          off_i     free everything; generations are kept (STL-034)
// Out    : rd_*_o    entry rd_slot_i, combinational; all zero when it is free
//          lost_o    some entry has lost its record, the lowest is lost_slot_o
// Limits : STALL_MAX 1..256 (STAG[7:0])
// Tests  : tests/unit/test_fault.py
//-----------------------------------------------------------------------------
`default_nettype none

module smmu_stall_table #(
    parameter STALL_MAX = 8     // entries, IDR5.STALL_MAX
) (
    input  wire        clk_i,
    input  wire        rst_ni,

    output reg         free_o,
    output wire [15:0] stag_o,
    input  wire        take_i,
    input  wire [2:0]  tbu_i,
    input  wire [7:0]  slot_i,
    input  wire [15:0] sid_i,

    input  wire        pub_valid_i,
    input  wire [15:0] pub_stag_i,
    input  wire        lost_valid_i,
    input  wire [15:0] lost_stag_i,
    output reg         lost_o,
    output reg  [7:0]  lost_slot_o,

    input  wire [7:0]  rd_slot_i,
    output reg         rd_valid_o,
    output reg         rd_pub_o,
    output reg  [7:0]  rd_gen_o,
    output reg  [2:0]  rd_tbu_o,
    output reg  [7:0]  rd_tslot_o,
    output reg  [15:0] rd_sid_o,
    input  wire        drop_i,

    input  wire        off_i
);
    localparam OWNER_W = 27;    // {tbu, slot, sid}

    generate if (STALL_MAX < 1 || STALL_MAX > 256) begin : g_range      // STL-033
        stall_max_must_be_1_to_256 u_range ();
    end endgenerate

    reg [STALL_MAX-1:0]         valid_q, pub_q, lost_q;
    reg [STALL_MAX*8-1:0]       gen_q;          // of the present or last use
    reg [STALL_MAX*OWNER_W-1:0] owner_q;
    reg [7:0]                   pick, pick_gen;
    integer i, j;

    assign stag_o = {pick_gen, pick};

    always @(*) begin
        free_o      = 1'b0;
        pick        = 8'd0;
        pick_gen    = 8'd0;
        lost_o      = 1'b0;
        lost_slot_o = 8'd0;
        rd_valid_o  = 1'b0;
        rd_pub_o    = 1'b0;
        rd_gen_o    = 8'd0;
        {rd_tbu_o, rd_tslot_o, rd_sid_o} = {OWNER_W{1'b0}};
        for (i = STALL_MAX - 1; i >= 0; i = i - 1) begin
            if (!valid_q[i]) begin
                free_o   = 1'b1;
                pick     = i[7:0];
                pick_gen = gen_q[i*8 +: 8] + 8'd1;
            end
            if (lost_q[i]) begin
                lost_o      = 1'b1;
                lost_slot_o = i[7:0];
            end
            if (valid_q[i] && rd_slot_i == i[7:0]) begin
                rd_valid_o = 1'b1;
                rd_pub_o   = pub_q[i];
                rd_gen_o   = gen_q[i*8 +: 8];
                {rd_tbu_o, rd_tslot_o, rd_sid_o} = owner_q[i*OWNER_W +: OWNER_W];
            end
        end
    end

    always @(posedge clk_i) begin
        for (j = 0; j < STALL_MAX; j = j + 1) begin
            // the generation keeps a late answer away from the next user of the slot
            if (pub_valid_i && pub_stag_i == {gen_q[j*8 +: 8], j[7:0]})   pub_q[j]  <= valid_q[j];
            if (lost_valid_i && lost_stag_i == {gen_q[j*8 +: 8], j[7:0]}) lost_q[j] <= valid_q[j];
            if (drop_i && rd_slot_i == j[7:0]) begin
                valid_q[j] <= 1'b0;
                pub_q[j]   <= 1'b0;
                lost_q[j]  <= 1'b0;
            end
            if (take_i && pick == j[7:0]) begin
                valid_q[j] <= 1'b1;
                gen_q[j*8 +: 8] <= pick_gen;
                owner_q[j*OWNER_W +: OWNER_W] <= {tbu_i, slot_i, sid_i};
            end
        end
        if (off_i || !rst_ni) begin
            valid_q <= {STALL_MAX{1'b0}};
            pub_q   <= {STALL_MAX{1'b0}};
            lost_q  <= {STALL_MAX{1'b0}};
        end
        if (!rst_ni) gen_q <= {STALL_MAX*8{1'b0}};
    end

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    // a slot is taken only while one is free, and a used one is dropped
    always @(*) if (f_on) begin
        assume (!take_i || free_o);
        assume (!drop_i || rd_valid_o);
    end

    // One slot, any, and the STAG it was given at some use; f_uses_q counts its uses since.
    (* anyconst *) wire [7:0] f_slot;
    always @(*) assume (f_slot < STALL_MAX);
    (* anyseq *) wire f_mark;
    wire        f_take = take_i && pick == f_slot;
    wire        f_free = (drop_i && rd_slot_i == f_slot) || off_i;
    reg         f_live_q = 1'b0, f_marked_q = 1'b0;
    reg         f_pub_q, f_lost_q;
    reg  [7:0]  f_gen_q, f_mark_gen_q, f_uses_q;
    reg  [26:0] f_who_q;
    wire        f_named = f_live_q && f_gen_q == pub_stag_i[15:8] && f_slot == pub_stag_i[7:0];
    wire        f_missed = f_live_q && f_gen_q == lost_stag_i[15:8] && f_slot == lost_stag_i[7:0];
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            f_live_q   <= 1'b0;
            f_marked_q <= 1'b0;
            f_gen_q    <= 8'd0;
        end else begin
            f_live_q <= (f_take && !off_i) || (f_live_q && !f_free);
            if (f_take) begin
                f_gen_q  <= stag_o[15:8];
                f_who_q  <= {tbu_i, slot_i, sid_i};
                f_uses_q <= f_uses_q + 1'b1;
                if (f_mark && !f_marked_q) begin
                    f_marked_q   <= 1'b1;
                    f_mark_gen_q <= stag_o[15:8];
                    f_uses_q     <= 8'd0;
                end
                if (&f_uses_q) f_marked_q <= 1'b0;      // 256 uses later it may come again
            end
        end
        f_pub_q  <= rst_ni && !off_i && !f_take && !f_free && (f_pub_q || (pub_valid_i && f_named));
        f_lost_q <= rst_ni && !off_i && !f_take && !f_free
                    && (f_lost_q || (lost_valid_i && f_missed));
    end

    // P1: only a free slot is given, and free_o tells whether there is one (STL-002, STL-033)
    always @(*) if (f_on) begin
        assert (free_o == !(&valid_q));
        if (free_o) assert (pick < STALL_MAX && !valid_q[pick]);
        if (free_o && f_live_q) assert (pick != f_slot);
    end
    // P2: a STAG stays taken until it is dropped or all are (STL-004)
    always @(*) if (f_on) assert (valid_q[f_slot] == f_live_q);
    // P3: the 255 uses of a slot after a use all have another STAG, also over off_i
    // (STL-003, STL-034)
    always @(*) if (f_on) begin
        assert (gen_q[f_slot*8 +: 8] == f_gen_q);
        if (f_marked_q) assert (f_gen_q == f_mark_gen_q + f_uses_q);
        if (f_marked_q && f_take && !(&f_uses_q)) assert (stag_o[15:8] != f_mark_gen_q);
    end
    // P4: what is read is what was entered (RES-011)
    always @(*) if (f_on) begin
        if (f_live_q) assert (owner_q[f_slot*OWNER_W +: OWNER_W] == f_who_q);
        if (rd_slot_i == f_slot) begin
            assert (rd_valid_o == f_live_q);
            if (f_live_q)
                assert ({rd_tbu_o, rd_tslot_o, rd_sid_o} == f_who_q && rd_gen_o == f_gen_q);
        end
    end
    // P5: only the very STAG of a present use marks an entry published or lost (STL-007, STL-008)
    always @(*) if (f_on) begin
        if (rd_slot_i == f_slot && rd_valid_o) assert (rd_pub_o == f_pub_q);
        assert (pub_q[f_slot] == f_pub_q);
        assert (lost_q[f_slot] == f_lost_q);
        if (f_pub_q || f_lost_q) assert (f_live_q);
        if (lost_o) assert (lost_slot_o < STALL_MAX && lost_q[lost_slot_o]);
    end

    always @(*) if (f_on) begin
        // C1: full, and a published entry of the slot is dropped
        cover (!free_o && f_free && f_pub_q && drop_i && !off_i);
        // C2: the slot is used again after its marked use
        cover (f_marked_q && f_take && f_uses_q == 8'd1);
        // C3: an answer for an older use is ignored
        cover (f_live_q && pub_valid_i && pub_stag_i == {f_mark_gen_q, f_slot} && !f_named
               && f_marked_q);
        // C4: everything is freed while an entry is lost
        cover (off_i && lost_o);
    end
`endif
endmodule

`default_nettype wire
