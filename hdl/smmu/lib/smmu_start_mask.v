// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_start_mask
// Purpose: Index bits that the start table of a stage has.
// Spec   : VM1-003..006, VM2-005
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_start_mask (
    input  wire [1:0]  gran_i,      // 0 4K, 1 16K, 2 64K
    input  wire [1:0]  level_i,     // start level
    input  wire [5:0]  txsz_i,
    output reg  [16:0] mask_o       // concatenated stage 2 start tables: up to 17
);
    // address bits below 2^(64-TxSZ)
    reg  [63:0] below;
    integer     k;
    always @(*) begin
        below = 64'd0;
        for (k = 12; k < 48; k = k + 1) below[k] = ({26'd0, txsz_i} < 64 - k);
    end

    always @(*)
        case ({gran_i, level_i})
            4'b00_00: mask_o = below[39 +: 17];
            4'b00_01: mask_o = below[30 +: 17];
            4'b00_10: mask_o = below[21 +: 17];
            4'b00_11: mask_o = below[12 +: 17];
            4'b01_00: mask_o = below[47 +: 17];
            4'b01_01: mask_o = below[36 +: 17];
            4'b01_10: mask_o = below[25 +: 17];
            4'b01_11: mask_o = below[14 +: 17];
            4'b10_10: mask_o = below[29 +: 17];
            4'b10_11: mask_o = below[16 +: 17];
            default:  mask_o = below[42 +: 17];
        endcase

    wire unused_ok = &{1'b0, below[11:0]};
endmodule
`default_nettype wire
