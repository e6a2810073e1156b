// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_walk_attr
// Purpose: AxCACHE and AxDOMAIN of an SMMU access, combined with stage 2 when nested.
// Spec   : IHI 0070 13.8; MEM-002..006, ATT-003, ATT-004, ATT-029..031
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_walk_attr (
    input  wire       iwb_i,        // inner write-back
    input  wire       owb_i,        // outer write-back
    input  wire [1:0] sh_i,         // 0 NSH, 1 acts as NSH, 2 OSH, 3 ISH
    input  wire       ra_i,
    input  wire       wa_i,
    input  wire       s2_en_i,
    input  wire [3:0] s2_memattr_i,
    input  wire [1:0] s2_sh_i,
    output wire [3:0] cache_o,
    output wire [1:0] domain_o      // 0 NSH, 1 ISH, 2 OSH, 3 Sys
);
    wire s2_dev;
    smmu_s2_device u_dev (.memattr_i(s2_memattr_i), .device_o(s2_dev));
    wire device  = s2_en_i && s2_dev;
    wire ngnrne  = (s2_memattr_i[3:2] != 2'b00) || (s2_memattr_i[1:0] == 2'b00);
    wire wb      = iwb_i && owb_i && !(s2_en_i && s2_memattr_i != 4'b1111);
    wire osh     = (sh_i == 2'd2) || (s2_en_i && s2_sh_i == 2'd2);
    wire ish     = (sh_i == 2'd3) || (s2_en_i && s2_sh_i == 2'd3);

    // read without hints is 1011 (write-back, no read-allocate)
    assign cache_o  = device ? (ngnrne ? 4'b0000 : 4'b0001)
                    : !wb    ? 4'b0011
                    :          {wa_i || !ra_i, ra_i, 2'b11};
    assign domain_o = !wb ? 2'd3 : osh ? 2'd2 : ish ? 2'd1 : 2'd0;
endmodule
`default_nettype wire
