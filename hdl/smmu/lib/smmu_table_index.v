// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_table_index
// Purpose: Index of an input address in a full table, for the levels that another
//          table can lead to: the level chooses last, when it is known.
// Spec   : VMSAv8-64 geometry; VM1-003..005
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_table_index (
    input  wire [47:0] addr_i,
    input  wire [1:0]  gran_i,      // 0 4K, 1 16K, 2 64K
    output reg  [12:0] index1_o,    // levels 1, 2, 3
    output reg  [12:0] index2_o,
    output reg  [12:0] index3_o
);
    always @(*)
        case (gran_i)
            2'd0: begin
                index1_o = {4'd0, addr_i[38:30]};
                index2_o = {4'd0, addr_i[29:21]};
                index3_o = {4'd0, addr_i[20:12]};
            end
            2'd1: begin
                index1_o = {2'd0, addr_i[46:36]};
                index2_o = {2'd0, addr_i[35:25]};
                index3_o = {2'd0, addr_i[24:14]};
            end
            default: begin
                index1_o = 13'd0;           // 64K: level 1 is a start level
                index2_o = addr_i[41:29];
                index3_o = addr_i[28:16];
            end
        endcase

    wire unused_ok = &{1'b0, addr_i};
endmodule
`default_nettype wire
