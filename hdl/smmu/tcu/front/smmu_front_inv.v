// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_front_inv
// Purpose: Invalidation barrier: one INV at a time, from two sources in turn, when
//          no lookup and no fill is under way.
// Spec   : rules D8, D12 (old answers before INV, new ones after), D18
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : inv_*    0 command queue, 1 DVM; held until inv_ready_o
//          quiet_i  nothing between lookup and answer;  waiting_i  work waits
//          tlb_ready_i  the main TLB is done
// Out    : open_o   lookups may start and results be taken
//          dn_*     INV to all TBUs; tlb_go_o pulses with its grant, go_o (walker,
//          configuration cache) one cycle later: a flip-flop, so that no path leads
//          from the grant to a walk's result and back to the bus; near_o before go_o,
//          for the walker's comparisons
// Stalls : after an INV the gate stays open GAP cycles while work waits, so that an
//          invalidation storm starves nobody
// Tests  : tests/unit/test_front.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"

module smmu_front_inv #(
    parameter GAP = 8               // cycles, below 16
) (
    input  wire                clk_i,
    input  wire                rst_ni,

    input  wire [1:0]          inv_valid_i,
    output wire [1:0]          inv_ready_o,
    input  wire [2*`INV_W-1:0] inv_msg_i,

    input  wire                quiet_i,
    input  wire                waiting_i,
    output wire                open_o,

    output wire                dn_valid_o,
    input  wire                dn_ready_i,
    output wire                tlb_go_o,
    output wire                near_o,
    output wire                go_o,
    output wire [`INV_W-1:0]   msg_o,
    input  wire                tlb_ready_i
);
    localparam [1:0] ST_OPEN  = 2'd0,   // lookups run
                     ST_DRAIN = 2'd1,   // waiting for their end, then for the DN bus
                     ST_SWEEP = 2'd2;   // waiting for the main TLB

    localparam [31:0] GAP_N = GAP;

    reg  [1:0] state_q, state_d;
    reg  [3:0] gap_q;
    reg        sel_q, go_q;
    reg  [`INV_W-1:0] msg_q;
    wire       any, pick;
    wire       start = state_q == ST_OPEN && any && (gap_q == 4'd0 || !waiting_i);
    util_rr_pick #(.N(2), .PICK_W(1)) u_pick (
        .clk_i(clk_i), .rst_ni(rst_ni), .req_i(inv_valid_i), .take_i(start),
        .valid_o(any), .pick_o(pick));

    assign msg_o      = msg_q;
    assign open_o     = state_q == ST_OPEN;
    assign dn_valid_o = state_q == ST_DRAIN && quiet_i;
    assign near_o     = state_q == ST_DRAIN;
    assign go_o       = go_q;

    // configuration invalidations leave the main TLB alone (CMD-018)
    wire grant = dn_valid_o && dn_ready_i;
    wire cfg   = msg_o[`INV_CFG_LSB];
    wire done  = state_q == ST_SWEEP && (tlb_ready_i || cfg);
    assign tlb_go_o    = grant && !cfg;
    assign inv_ready_o = {done && sel_q, done && !sel_q};

    always @(*) begin
        state_d = state_q;
        case (state_q)
            ST_OPEN:  if (start) state_d = ST_DRAIN;
            ST_DRAIN: if (grant) state_d = ST_SWEEP;
            default:  if (done)  state_d = ST_OPEN;
        endcase
    end

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            state_q <= ST_OPEN;
            gap_q   <= 4'd0;
            sel_q   <= 1'b0;
            go_q    <= 1'b0;
        end else begin
            state_q <= state_d;
            go_q    <= grant;
            if (done)                          gap_q <= GAP_N[3:0];
            else if (open_o && gap_q != 4'd0)  gap_q <= gap_q - 1'b1;
            if (start)                         sel_q <= pick;
        end
        if (start) msg_q <= pick ? inv_msg_i[`INV_W +: `INV_W] : inv_msg_i[0 +: `INV_W];
    end
endmodule
`default_nettype wire
