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
    parameter N       = 6           // sources
) (
    input  wire                 clk_i,
    input  wire                 rst_ni,
    input  wire [N-1:0]         src_valid_i,
    output wire [N-1:0]         src_ready_o,
    input  wire [N*NUM_TBU-1:0] src_mask_i,
    input  wire [N*`DN_W-1:0]   src_msg_i,
    output reg  [NUM_TBU-1:0]   dn_valid_o,
    output reg  [`DN_W-1:0]     dn_msg_o
);
    util_rr_grant #(.N(N)) u_grant (
        .clk_i(clk_i), .rst_ni(rst_ni), .req_i(src_valid_i), .take_i(1'b1),
        .grant_o(src_ready_o));

    integer           i;
    reg [NUM_TBU-1:0] mask;
    reg [`DN_W-1:0]   msg;
    always @(*) begin
        mask = {NUM_TBU{1'b0}};
        msg  = {`DN_W{1'b0}};
        for (i = 0; i < N; i = i + 1) begin
            mask = mask | (src_mask_i[i*NUM_TBU +: NUM_TBU] & {NUM_TBU{src_ready_o[i]}});
            msg  = msg | (src_msg_i[i*`DN_W +: `DN_W] & {`DN_W{src_ready_o[i]}});
        end
    end

    always @(posedge clk_i) begin
        dn_valid_o <= rst_ni ? mask : {NUM_TBU{1'b0}};
        dn_msg_o   <= msg;
    end
endmodule
`default_nettype wire
