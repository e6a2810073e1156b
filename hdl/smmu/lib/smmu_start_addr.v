// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_start_addr
// Purpose: Address of the descriptor in the start table of a stage, and how much
//          of its 64-byte line lies in that table.
// Spec   : VM1-003..006, VM2-005; line rule D15
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
    input  wire [5:0]  txsz_i,
    output wire [47:0] pa_o,
    output wire [1:0]  beats_o      // 16-byte beats of the line inside the table, minus 1
);
    // Bits below 2^(64-TxSZ). What the start level indexes of them is the index, and as many bits
    // of the table's address are zero: no arithmetic.
    reg  [63:0] below;
    integer     k;
    always @(*) begin
        below = 64'd0;
        for (k = 12; k < 48; k = k + 1) below[k] = ({26'd0, txsz_i} < 64 - k);
    end
    wire [63:0] addr = {16'd0, addr_i};

    // concatenated stage 2 start tables give up to four more bits, so 17 at most
    reg [16:0] index, mask;
    always @(*)
        case ({gran_i, level_i})
            4'b00_00: {index, mask} = {addr[39 +: 17], below[39 +: 17]};
            4'b00_01: {index, mask} = {addr[30 +: 17], below[30 +: 17]};
            4'b00_10: {index, mask} = {addr[21 +: 17], below[21 +: 17]};
            4'b00_11: {index, mask} = {addr[12 +: 17], below[12 +: 17]};
            4'b01_00: {index, mask} = {addr[47 +: 17], below[47 +: 17]};
            4'b01_01: {index, mask} = {addr[36 +: 17], below[36 +: 17]};
            4'b01_10: {index, mask} = {addr[25 +: 17], below[25 +: 17]};
            4'b01_11: {index, mask} = {addr[14 +: 17], below[14 +: 17]};
            4'b10_10: {index, mask} = {addr[29 +: 17], below[29 +: 17]};
            4'b10_11: {index, mask} = {addr[16 +: 17], below[16 +: 17]};
            default:  {index, mask} = {addr[42 +: 17], below[42 +: 17]};
        endcase

    assign pa_o    = (base_i & ~{28'b0, mask, 3'b111}) | {28'b0, index & mask, 3'b000};
    assign beats_o = mask[2] ? 2'd3 : {1'b0, mask[1]};

    wire unused_ok = &{1'b0, below[11:0], addr[11:0]};
endmodule
`default_nettype wire
