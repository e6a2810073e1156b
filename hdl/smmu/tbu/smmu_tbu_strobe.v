// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_strobe
// Purpose: What comes to the slot of a number, as one bit a slot: compared only
//          in the cycles in which it comes.
// Clock  : none, purely combinational
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none

module smmu_tbu_strobe #(
    parameter N      = 32,  // slots
    parameter SLOT_W = 5    // bits of the number
) (
    input  wire              valid_i,
    input  wire [SLOT_W-1:0] slot_i,
    output wire [N-1:0]      strobe_o
);
    integer     i;
    reg [N-1:0] strobe;
    always @(*) begin
        strobe = {N{1'b0}};
        i      = 0;
        if (valid_i)
            for (i = 0; i < N; i = i + 1) strobe[i] = (slot_i == i[SLOT_W-1:0]);
    end
    assign strobe_o = strobe;
endmodule

`default_nettype wire
