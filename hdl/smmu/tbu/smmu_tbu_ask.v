// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_ask
// Purpose: The UP stream: SYNC answers, slots that ask, and questions straight
//          from S1 of either direction.
// Spec   : D12 (one ordered stream each way)
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : sync_*  a finished SYNC or MODE;  pick_*  a slot in ASK
//          s1_*    read path in the low half, write path above; a question that
//                  is not granted is asked again later, from the slot
//          offer_* S1 may take a slot: its message is kept here
// Out    : up_*    registered
// Stalls : up_ready_i; bounded, the TCU always drains it
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"

module smmu_tbu_ask #(
    parameter TBU_SLOTS = 32,
    parameter SLOT_W    = 5     // clog2(TBU_SLOTS)
) (
    input  wire                 clk_i,
    input  wire                 rst_ni,

    input  wire                 sync_valid_i,
    input  wire [1:0]           sync_tag_i,
    output wire                 sync_grant_o,

    input  wire                 pick_valid_i,
    input  wire [SLOT_W-1:0]    pick_slot_i,
    input  wire                 pick_write_i,
    output wire                 pick_take_o,

    input  wire [1:0]           s1_valid_i,
    input  wire [2*`UP_W-1:0]   s1_msg_i,
    output wire [1:0]           s1_grant_o,
    input  wire [1:0]           offer_i,
    input  wire [2*SLOT_W-1:0]  offer_slot_i,

    output wire                 up_valid_o,
    input  wire                 up_ready_i,
    output wire [`UP_W-1:0]     up_msg_o
);
    // ---- slot stage: the message of the slot picked comes out of its RAM --------------------
    reg  ask_valid_q, ask_write_q;
    wire ask_sent;
    wire ask_load = !ask_valid_q || ask_sent;
    wire [2*`UP_W-1:0] kept;

    assign pick_take_o = pick_valid_i && ask_load;

    genvar d;
    generate
        for (d = 0; d < 2; d = d + 1) begin : g_dir
            util_ram_1r1w #(.WIDTH(`UP_W), .DEPTH(TBU_SLOTS), .ADDR_W(SLOT_W), .BLOCK(1)) u_msg (
                .clk_i(clk_i),
                .rd_en_i(ask_load), .rd_addr_i(pick_slot_i), .rd_data_o(kept[d*`UP_W +: `UP_W]),
                .wr_en_i(offer_i[d]), .wr_addr_i(offer_slot_i[d*SLOT_W +: SLOT_W]),
                .wr_data_i(s1_msg_i[d*`UP_W +: `UP_W]));
        end
    endgenerate

    always @(posedge clk_i) begin
        if (!rst_ni)       ask_valid_q <= 1'b0;
        else if (ask_load) ask_valid_q <= pick_valid_i;
        if (ask_load) ask_write_q <= pick_write_i;
    end

    // ---- choice: older ones first; SYNC is rare, slots ask once each ----------------------------
    reg              up_valid_q;
    reg              top_q;             // a write of S1: told apart behind the register
    reg  [`UP_W-1:0] up_q, up_top_q;
    wire             free = !up_valid_q || up_ready_i;

    assign sync_grant_o  = free && sync_valid_i;
    assign ask_sent      = free && ask_valid_q && !sync_valid_i;
    wire s1_turn         = free && !sync_valid_i && !ask_valid_q;
    assign s1_grant_o    = {s1_turn && !s1_valid_i[0], s1_turn};    // if it asks, which comes late

    reg [`UP_W-1:0] sync_msg;
    always @(*) begin
        sync_msg = {`UP_W{1'b0}};
        sync_msg[`UP_KIND_LSB +: `UP_KIND_W] = `UP_K_SYNC;
        sync_msg[`UP_SLOT_LSB +: 2]          = sync_tag_i;
    end

    always @(posedge clk_i) begin
        if (!rst_ni)   up_valid_q <= 1'b0;
        else if (free) up_valid_q <= sync_valid_i || ask_valid_q || |s1_valid_i;
        if (free) begin
            top_q    <= !sync_valid_i && !ask_valid_q && !s1_valid_i[0];
            up_top_q <= s1_msg_i[`UP_W +: `UP_W];
            up_q     <= sync_valid_i ? sync_msg
                      : ask_valid_q  ? (ask_write_q ? kept[`UP_W +: `UP_W] : kept[0 +: `UP_W])
                      : s1_msg_i[0 +: `UP_W];
        end
    end

    assign up_valid_o = up_valid_q;
    assign up_msg_o   = top_q ? up_top_q : up_q;
endmodule

`default_nettype wire
