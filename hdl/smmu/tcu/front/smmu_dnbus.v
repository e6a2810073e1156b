// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_dnbus
// Purpose: Arbiter onto the DN bus: one message a cycle, sources in turn.
// Spec   : rules D12, D10
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : src_valid_i, src_mask_i (TBUs addressed), src_msg_i; held until src_ready_o
// Out    : dn_valid_o per TBU, dn_msg_o shared, registered, never refused
// Tests  : tests/unit/test_front.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"

module smmu_dnbus #(
    parameter NUM_TBU = 2,
    parameter N       = 6,          // sources
    parameter PICK_W  = 3           // at least clog2(N)
) (
    input  wire                 clk_i,
    input  wire                 rst_ni,
    input  wire [N-1:0]         src_valid_i,
    output reg  [N-1:0]         src_ready_o,
    input  wire [N*NUM_TBU-1:0] src_mask_i,
    input  wire [N*`DN_W-1:0]   src_msg_i,
    output reg  [NUM_TBU-1:0]   dn_valid_o,
    output reg  [`DN_W-1:0]     dn_msg_o
);
    wire              any;
    wire [PICK_W-1:0] pick;
    util_rr_pick #(.N(N), .PICK_W(PICK_W)) u_pick (
        .clk_i(clk_i), .rst_ni(rst_ni), .req_i(src_valid_i), .take_i(1'b1),
        .valid_o(any), .pick_o(pick));

    integer i;
    always @(*)
        for (i = 0; i < N; i = i + 1)
            src_ready_o[i] = any && pick == i[PICK_W-1:0];

    always @(posedge clk_i) begin
        if (!rst_ni) dn_valid_o <= {NUM_TBU{1'b0}};
        else         dn_valid_o <= any ? src_mask_i[pick*NUM_TBU +: NUM_TBU] : {NUM_TBU{1'b0}};
        if (any)     dn_msg_o   <= src_msg_i[pick*`DN_W +: `DN_W];
    end
endmodule
`default_nettype wire
