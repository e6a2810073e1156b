// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_local
// Purpose: Answers aborted and RAZ/WI transactions of one direction: SLVERR or
//          OKAY with zero data, LEN+1 beats for a read (FLT-010, FLT-011). An
//          atomic that returns data gives its R beats before its B (FLT-018).
// Spec   : D16: nothing older of the ID may be outstanding; the slot is kept
//          until the last beat is in the response buffer
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : pick_*   a slot that is first of its ID and complete
//          offer_*  S1 may take a slot: what is needed later is kept here
//          q_busy_i the cycle after q_id_o: something is in flight
// Out    : beat_*   to the response buffer;  free_o  with the last one
//          atom_*   R beats of an atomic, to the response buffer of reads
//          learn_* {SID, SSV, SSID} of the answered transaction
// Stalls : a full response buffer; an ID with something in flight gives way to
//          the next slot
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_tbu.vh"

module smmu_tbu_local #(
    parameter WRITE     = 0,    // 1: one B instead of LEN+1 beats
    parameter ID_W      = 8,
    parameter TBU_SLOTS = 32,
    parameter SLOT_W    = 5     // clog2(TBU_SLOTS)
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,

    input  wire                  offer_i,
    input  wire [SLOT_W-1:0]     offer_slot_i,
    input  wire [`AX_W-1:0]      offer_req_i,

    input  wire                  pick_valid_i,
    input  wire [SLOT_W-1:0]     pick_slot_i,
    output wire                  pick_take_o,
    output wire [ID_W-1:0]       q_id_o,
    input  wire                  q_busy_i,

    output wire                  slot_read_o,   // slot_o is read from the RAMs now
    output wire [SLOT_W-1:0]     slot_o,
    input  wire [ID_W-1:0]       slot_id_i,     // of slot_o
    input  wire                  razwi_i,       // of slot_o

    output wire                  beat_valid_o,
    input  wire                  beat_grant_i,
    output wire [ID_W-1:0]       beat_id_o,
    output wire [1:0]            beat_resp_o,
    output wire                  beat_last_o,
    output wire                  atom_valid_o,
    input  wire                  atom_grant_i,
    output wire                  atom_last_o,
    output wire [7:0]            len_o,
    output wire                  free_o,
    output wire [`CTX_W-1:0]     learn_ctx_o
);
    localparam [1:0] ST_PICK = 2'd0,    // waiting for a slot
                     ST_QUERY = 2'd1,   // asking what is in flight
                     ST_CHECK = 2'd2,   // answer of the question
                     ST_BEAT = 2'd3;    // giving beats

    localparam [1:0] RESP_OKAY = 2'd0, RESP_SLVERR = 2'd2;

    reg [1:0]        state_q, state_d;
    reg [SLOT_W-1:0] slot_q;
    reg [ID_W-1:0]   id_q;
    reg [7:0]        beat_q;
    reg              atom_done_q;       // the R beats of this atomic are in the buffer
    wire [1:0]       atomr;

    util_ram_1r1w #(.WIDTH(2 + `CTX_W + 8), .DEPTH(TBU_SLOTS), .ADDR_W(SLOT_W)) u_req (
        .clk_i(clk_i),
        .rd_en_i(slot_read_o), .rd_addr_i(slot_q), .rd_data_o({atomr, learn_ctx_o, len_o}),
        .wr_en_i(offer_i), .wr_addr_i(offer_slot_i),
        .wr_data_i({offer_req_i[`AX_ATOMR_LSB +: `AX_ATOMR_W], offer_req_i[`AX_SID_LSB +: `CTX_W],
                    offer_req_i[`AX_LEN_LSB +: `AX_LEN_W]}));

    always @(*) begin
        state_d = state_q;
        case (state_q)
            ST_PICK:  if (pick_valid_i) state_d = ST_QUERY;
            ST_QUERY: state_d = ST_CHECK;
            ST_CHECK: state_d = q_busy_i ? ST_PICK : ST_BEAT;
            default:  if (free_o) state_d = ST_PICK;
        endcase
    end

    always @(posedge clk_i) begin
        if (!rst_ni) state_q <= ST_PICK;
        else         state_q <= state_d;
        if (state_q == ST_PICK) begin
            slot_q      <= pick_slot_i;
            beat_q      <= 8'd0;
            atom_done_q <= 1'b0;
        end else begin
            if (state_q == ST_QUERY)          id_q        <= slot_id_i;
            if (beat_grant_i || atom_grant_i) beat_q      <= beat_q + 8'd1;
            if (atom_grant_i && atom_last_o)  atom_done_q <= 1'b1;
        end
    end

    wire       atom      = (WRITE != 0) && atomr[0] && !atom_done_q;
    wire [7:0] atom_last = atomr[1] ? {1'b0, len_o[7:1]} : len_o;

    assign pick_take_o  = (state_q == ST_PICK);
    assign q_id_o       = slot_id_i;
    assign slot_read_o  = (state_q == ST_CHECK);
    assign slot_o       = slot_q;
    assign beat_valid_o = (state_q == ST_BEAT) && !atom;
    assign atom_valid_o = (state_q == ST_BEAT) && atom;
    assign atom_last_o  = (beat_q == atom_last);
    assign beat_id_o    = id_q;
    assign beat_resp_o  = razwi_i ? RESP_OKAY : RESP_SLVERR;
    assign beat_last_o  = (WRITE != 0) || (beat_q == len_o);
    assign free_o       = beat_valid_o && beat_grant_i && beat_last_o;

    wire unused_ok = &{1'b0, offer_req_i};
endmodule

`default_nettype wire
