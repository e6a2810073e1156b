// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_start_addr
// Purpose: Address of the descriptor in the start table of a stage.
// Spec   : VM1-003..006, VM2-005
// Clock  : none, purely combinational
// Limits : the input address is in the range of TxSZ
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_start_addr (
    input  wire [47:0] base_i,      // TTB: any alignment
    input  wire [47:0] addr_i,      // input address of the stage
    input  wire [1:0]  gran_i,      // 0 4K, 1 16K, 2 64K
    input  wire [1:0]  level_i,     // start level
    input  wire [16:0] mask_i,      // index bits that the table has (smmu_start_mask)
    output wire [47:0] pa_o
);
    wire [63:0] addr = {16'd0, addr_i};

    reg [16:0] index;
    always @(*)
        case ({gran_i, level_i})
            4'b00_00: index = addr[39 +: 17];
            4'b00_01: index = addr[30 +: 17];
            4'b00_10: index = addr[21 +: 17];
            4'b00_11: index = addr[12 +: 17];
            4'b01_00: index = addr[47 +: 17];
            4'b01_01: index = addr[36 +: 17];
            4'b01_10: index = addr[25 +: 17];
            4'b01_11: index = addr[14 +: 17];
            4'b10_10: index = addr[29 +: 17];
            4'b10_11: index = addr[16 +: 17];
            default:  index = addr[42 +: 17];
        endcase

    // as many bits of the table's address are zero as its index has: no arithmetic
    assign pa_o = (base_i & ~{28'b0, mask_i, 3'b111}) | {28'b0, index & mask_i, 3'b000};

    wire unused_ok = &{1'b0, addr[11:0]};
endmodule
`default_nettype wire
