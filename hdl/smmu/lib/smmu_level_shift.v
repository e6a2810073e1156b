// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_level_shift
// Purpose: Lowest input-address bit that a table level indexes.
// Spec   : VMSAv8-64 geometry; VM1-003..005
// Clock  : none, purely combinational
// Tests  : tests/unit/test_lib.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_level_shift (
    input  wire [1:0] gran_i,       // 0 4K, 1 16K, 2 64K
    input  wire [1:0] level_i,
    output reg  [5:0] shift_o,
    output reg  [3:0] bits_o        // index bits of a full table
);
    always @(*) begin
        bits_o = (gran_i == 2'd0) ? 4'd9 : (gran_i == 2'd1) ? 4'd11 : 4'd13;
        case ({gran_i, level_i})
            4'b00_00: shift_o = 6'd39;
            4'b00_01: shift_o = 6'd30;
            4'b00_10: shift_o = 6'd21;
            4'b00_11: shift_o = 6'd12;
            4'b01_00: shift_o = 6'd47;
            4'b01_01: shift_o = 6'd36;
            4'b01_10: shift_o = 6'd25;
            4'b01_11: shift_o = 6'd14;
            4'b10_01: shift_o = 6'd42;
            4'b10_10: shift_o = 6'd29;
            4'b10_11: shift_o = 6'd16;
            default:  shift_o = 6'd42;  // 64K has no level 0
        endcase
    end
endmodule
`default_nettype wire
