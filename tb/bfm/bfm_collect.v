// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_collect
// Purpose: Gather the response beats of outstanding bursts and hand each whole
//          burst to Python: data rows by slot, and one completion word.
//          Serves R (one or more beats with data) and B (one beat, no data).
// Clock  : clk_i.  Reset: rst_ni, synchronous, active low (drops open bursts).
// In     : push_*   a burst will get responses      (stamp "post")
//          addr_*   its address handshake           (stamp "address")
//          mark_*   an extra stamp: last W beat     (stamp "first", when !IS_READ)
//          rsp_*    one response beat was taken
// Python : cpl_cnt_q wakes; cpl_mem[n % slots], dat_mem[slot*ROWS + row]
//          bad_cnt_q counts responses with an ID nobody waits for.
// Limits : a slot is free again when Python has read it.
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_collect #(
    parameter ID_W    = 8,
    parameter DATA_W  = 128,
    parameter SLOT_W  = 6,
    parameter IS_READ = 1,
    parameter ROW_W   = 5      // log2 of data rows per slot
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,
    input  wire [`BFM_CYC_W-1:0] cycle_i,

    input  wire                  push_i,
    input  wire [ID_W-1:0]       push_id_i,
    input  wire [SLOT_W-1:0]     push_slot_i,
    input  wire                  addr_i,
    input  wire [SLOT_W-1:0]     addr_slot_i,
    input  wire                  mark_i,
    input  wire [SLOT_W-1:0]     mark_slot_i,

    input  wire                  rsp_i,
    input  wire [ID_W-1:0]       rsp_id_i,
    input  wire [DATA_W-1:0]     rsp_data_i,
    input  wire [1:0]            rsp_resp_i,
    input  wire                  rsp_last_i,

    output wire                  done_o,       // a burst ends in this cycle
    output wire [SLOT_W-1:0]     done_slot_o
);

    localparam SLOTS  = 1 << SLOT_W;
    localparam BEATS  = `BFM_ROW_BEATS;
    localparam RESP_B = BEATS * DATA_W;        // responses sit above the data
    localparam WORD_W = BEATS * (DATA_W + 2);

    reg [WORD_W-1:0]     dat_mem [0:(SLOTS<<ROW_W)-1] /* verilator public_flat_rd */;
    reg [`BFM_CPL_W-1:0] cpl_mem [0:SLOTS-1]          /* verilator public_flat_rd */;
    reg [31:0]           cpl_cnt_q                    /* verilator public_flat_rd */;
    reg [31:0]           bad_cnt_q                    /* verilator public_flat_rd */;

    reg [`BFM_CYC_W-1:0] post_q  [0:SLOTS-1];
    reg [`BFM_CYC_W-1:0] addr_q  [0:SLOTS-1];
    reg [`BFM_CYC_W-1:0] first_q [0:SLOTS-1];
    reg [8:0]            beat_q  [0:SLOTS-1];
    reg [1:0]            worst_q [0:SLOTS-1];
    integer i;

    initial begin
        cpl_cnt_q = 32'd0;
        bad_cnt_q = 32'd0;
        for (i = 0; i < (SLOTS << ROW_W); i = i + 1) dat_mem[i] = {WORD_W{1'b0}};
        for (i = 0; i < SLOTS; i = i + 1) begin
            cpl_mem[i] = {`BFM_CPL_W{1'b0}};
            post_q[i]  = 0;
            addr_q[i]  = 0;
            first_q[i] = 0;
            beat_q[i]  = 9'd0;
            worst_q[i] = 2'd0;
        end
    end

    wire              live;
    wire [SLOT_W-1:0] slot;

    /* verilator lint_off PINCONNECTEMPTY */
    bfm_idlist #(.ID_W(ID_W), .SLOT_W(SLOT_W)) u_list (
        .clk_i       (clk_i),
        .rst_ni      (rst_ni),
        .push_i      (push_i),
        .push_id_i   (push_id_i),
        .push_slot_i (push_slot_i),
        .pop_i       (rsp_i && live && rsp_last_i),
        .pop_id_i    (rsp_id_i),
        .look_id_i   (rsp_id_i),
        .look_live_o (live),
        .look_slot_o (slot),
        .next_valid_o(),
        .next_slot_o (),
        .oldest_o    (),
        .alone_o     ()
    );
    /* verilator lint_on PINCONNECTEMPTY */

    wire [8:0]  beat  = beat_q[slot];
    wire [1:0]  worst = (rsp_resp_i > worst_q[slot]) ? rsp_resp_i : worst_q[slot];
    /* verilator lint_off UNUSEDSIGNAL */   // fewer rows, fewer bits
    wire [31:0] row   = ({{(32-SLOT_W){1'b0}}, slot} << ROW_W) + {27'd0, beat[7:3]};
    /* verilator lint_on UNUSEDSIGNAL */
    wire [`BFM_CYC_W-1:0] first = (IS_READ != 0 && beat == 9'd0) ? cycle_i : first_q[slot];

    assign done_o      = rsp_i && live && rsp_last_i;
    assign done_slot_o = slot;

    always @(posedge clk_i) begin
        if (push_i) begin
            post_q[push_slot_i]  <= cycle_i;
            beat_q[push_slot_i]  <= 9'd0;
            worst_q[push_slot_i] <= 2'd0;
        end
        if (addr_i) addr_q[addr_slot_i] <= cycle_i;
        if (mark_i) first_q[mark_slot_i] <= cycle_i;

        if (rsp_i && live) begin
            if (IS_READ != 0 && !beat[8]) begin
                dat_mem[row][beat[2:0]*DATA_W +: DATA_W] <= rsp_data_i;
                dat_mem[row][RESP_B + beat[2:0]*2 +: 2]  <= rsp_resp_i;
            end
            first_q[slot] <= first;
            worst_q[slot] <= worst;
            if (!(&beat)) beat_q[slot] <= beat + 9'd1;
            if (rsp_last_i) begin
                cpl_mem[cpl_cnt_q[SLOT_W-1:0]] <=
                    {cycle_i, first, addr_q[slot], post_q[slot], beat + 9'd1, worst,
                     {(8-SLOT_W){1'b0}}, slot};
                cpl_cnt_q <= cpl_cnt_q + 32'd1;
            end
        end else if (rsp_i) begin
            bad_cnt_q <= bad_cnt_q + 32'd1;
            $display("BFM_ERROR %m: response with ID %0h that nobody waits for", rsp_id_i);
        end
    end

endmodule

`default_nettype wire
