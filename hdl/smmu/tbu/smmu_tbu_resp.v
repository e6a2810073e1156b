// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_resp
// Purpose: Response buffer of one direction: whatever comes from the memory side
//          is taken at once, because room was set aside when the request left.
//          Local answers go through the same buffer, so order is natural.
// Spec   : D16, D17 (nothing of a SYNC depends on the client)
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : m_*      memory side beats;  loc_*  local beats
//          rsv_*    a request leaves and needs rsv_len_i + 1 places
// Out    : rsv_room_o  there is room for it;  m_taken_o  a memory beat arrives
//          s_*      to the client, registered
// Stalls : the client stalls requests (rsv_room_o) and local beats, never m_*;
//          a local beat takes every second place at most
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none

module smmu_tbu_resp #(
    parameter WIDTH = 8,    // bits of a beat
    parameter BEATS = 512   // places
) (
    input  wire             clk_i,
    input  wire             rst_ni,

    input  wire             m_valid_i,
    output wire             m_ready_o,
    input  wire [WIDTH-1:0] m_data_i,
    output wire             m_taken_o,
    output wire [WIDTH-1:0] m_taken_data_o,

    input  wire             loc_valid_i,
    output wire             loc_grant_o,
    input  wire [WIDTH-1:0] loc_data_i,

    input  wire             rsv_valid_i,
    input  wire [7:0]       rsv_len_i,
    output wire             rsv_room_o,

    output wire             s_valid_o,
    input  wire             s_ready_i,
    output wire [WIDTH-1:0] s_data_o
);
    localparam ADDR_W = $clog2(BEATS);
    localparam CNT_W  = (ADDR_W < 8 ? 8 : ADDR_W) + 2;

    // ---- places without an owner; a local beat has the first claim -------------------------
    reg  [CNT_W-1:0] room_q;
    wire [CNT_W-1:0] need = {{(CNT_W-8){1'b0}}, rsv_len_i} + 1'b1;
    wire [CNT_W-1:0] loc1 = {{(CNT_W-1){1'b0}}, loc_valid_i};
    wire             left = s_valid_o && s_ready_i;
    wire             loc_ok = loc_valid_i && (room_q != {CNT_W{1'b0}});

    assign rsv_room_o = room_q >= need + loc1;

    // with and without a request that leaves, which comes late
    wire [CNT_W-1:0] stay = room_q + {{(CNT_W-1){1'b0}}, left} - {{(CNT_W-1){1'b0}}, loc_grant_o};
    wire [CNT_W-1:0] rest = stay - need;
    always @(posedge clk_i)
        if (!rst_ni) room_q <= BEATS[CNT_W-1:0];
        else         room_q <= rsv_valid_i ? rest : stay;

    // ---- one beat a cycle into the buffer, in turn ---------------------------------------
    wire             skid_valid, m_take;
    wire [WIDTH-1:0] skid;
    reg              loc_turn_q;

    util_skid #(.WIDTH(WIDTH)) u_skid (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .in_valid_i(m_valid_i), .in_ready_o(m_ready_o), .in_data_i(m_data_i),
        .out_valid_o(skid_valid), .out_ready_i(m_take), .out_data_o(skid));

    assign loc_grant_o    = loc_ok && (!skid_valid || loc_turn_q);
    assign m_take         = skid_valid && !loc_grant_o;
    assign m_taken_o      = m_take;
    assign m_taken_data_o = skid;

    always @(posedge clk_i)
        if (!rst_ni)                     loc_turn_q <= 1'b0;
        else if (m_take || loc_grant_o)  loc_turn_q <= m_take;

    util_fifo_ram #(.WIDTH(WIDTH), .DEPTH(BEATS), .ADDR_W(ADDR_W)) u_fifo (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .wr_valid_i(m_take || loc_grant_o), .wr_data_i(loc_grant_o ? loc_data_i : skid),
        .rd_valid_o(s_valid_o), .rd_ready_i(s_ready_i), .rd_data_o(s_data_o));
endmodule

`default_nettype wire
