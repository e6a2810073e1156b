// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : util_pick_hold
// Purpose: A register behind a choice among requesters, so that who uses it does not
//          wait for the choosing: the next one is chosen while this one is held.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : valid_i pick_i  choice among requesters that are not in held_o
//          take_i  the held one is used this cycle
// Out    : load_o  the choice is taken over;  valid_o pick_o  the held one
//          held_o  the same, one bit per requester
// Limits : a requester goes on asking until it is used
// Tests  : proved with smmu_walk_slots
//-----------------------------------------------------------------------------
`default_nettype none

module util_pick_hold #(
    parameter N      = 8,   // requesters
    parameter PICK_W = 3    // width of the choice, at least clog2(N) and at least 1
) (
    input  wire              clk_i,
    input  wire              rst_ni,
    input  wire              valid_i,
    input  wire [PICK_W-1:0] pick_i,
    output wire              load_o,
    output reg  [N-1:0]      held_o,
    input  wire              take_i,
    output reg               valid_o,
    output reg  [PICK_W-1:0] pick_o
);
    wire room = !valid_o || take_i;
    assign load_o = room && valid_i;

    integer i;
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            valid_o <= 1'b0;
            held_o  <= {N{1'b0}};
        end else if (room) begin
            valid_o <= valid_i;
            for (i = 0; i < N; i = i + 1)
                held_o[i] <= valid_i && pick_i == i[PICK_W-1:0];
        end
        if (room) pick_o <= pick_i;
    end
endmodule

`default_nettype wire
