// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_attr_s12
// Purpose: Combine stage 1 (MAIR byte) and stage 2 (MemAttr) memory attributes.
// Spec   : IHI 0070 13.4.3; ATT-021..024, ATT-026, ATT-027, CD-023
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_attr_s12 (
    input  wire [7:0] s1_mattr_i,   // MAIR byte
    input  wire [1:0] s1_sh_i,
    input  wire [3:0] s2_memattr_i,
    input  wire [1:0] s2_sh_i,
    output wire [7:0] mattr_o,      // MAIR byte of the combination
    output wire [1:0] sh_o          // 0 NSH, 2 OSH, 3 ISH
);
    wire s1_dev = (s1_mattr_i[7:4] == 4'd0);
    wire s2_dev;
    smmu_s2_device u_dev (.memattr_i(s2_memattr_i), .device_o(s2_dev));

    wire [1:0] s1_type  = s1_mattr_i[3:2];
    wire [1:0] s2_type  = (s2_memattr_i[3:2] == 2'b00) ? s2_memattr_i[1:0] : 2'd0;
    wire [1:0] dev_type = !s1_dev ? s2_type : !s2_dev ? s1_type
                        : (s1_type < s2_type) ? s1_type : s2_type;

    // one nibble of a MAIR byte against one cacheability field of MemAttr (1 NC, 2 WT, 3 WB)
    function [3:0] f_combine;
        input [3:0] nib;
        input [1:0] s2;
        reg nc, wt;
        begin
            nc = (nib == 4'b0100);
            wt = !nib[2];           // 00RW write-through transient, 10RW write-through
            if (nc || s2 == 2'd1)      f_combine = 4'b0100;
            else if (wt || s2 == 2'd2) f_combine = {2'b10, nib[1:0]};
            else                       f_combine = nib;
        end
    endfunction

    // high nibble non-zero with low nibble 0 acts as inner WT transient RW=11 (CD-023)
    wire [3:0] s1_inner = (s1_mattr_i[3:0] == 4'd0) ? 4'b0011 : s1_mattr_i[3:0];
    wire [3:0] outer = f_combine(s1_mattr_i[7:4], s2_memattr_i[3:2]);
    wire [3:0] inner = f_combine(s1_inner,        s2_memattr_i[1:0]);

    wire device = s1_dev || s2_dev;
    wire nc     = !device && outer == 4'b0100 && inner == 4'b0100;
    assign mattr_o = device ? {4'd0, dev_type, 2'b00} : {outer, inner};

    wire any_osh = (s1_sh_i == 2'd2) || (s2_sh_i == 2'd2);
    wire any_ish = (s1_sh_i == 2'd3) || (s2_sh_i == 2'd3);
    assign sh_o = (device || nc || any_osh) ? 2'd2 : any_ish ? 2'd3 : 2'd0;
endmodule
`default_nettype wire
