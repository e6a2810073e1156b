// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_s2_device
// Purpose: Is a stage 2 MemAttr a Device type? Reserved codes act as Device-nGnRnE.
// Spec   : ATT-027
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_s2_device (
    input  wire [3:0] memattr_i,
    output wire       device_o
);
    assign device_o = (memattr_i[3:2] == 2'b00) || (memattr_i[1:0] == 2'b00);
endmodule
`default_nettype wire
