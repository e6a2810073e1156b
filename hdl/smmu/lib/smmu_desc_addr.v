// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_desc_addr
// Purpose: Address of a table descriptor, and how much of its 64-byte line lies in the table.
// Spec   : VM1-003..006, VM2-005; line rule D15
// Clock  : none, purely combinational
// Tests  : tests/unit/test_lib.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_desc_addr (
    input  wire [47:0] base_i,      // table base (start table: any alignment)
    input  wire [47:0] addr_i,      // input address of the stage
    input  wire [1:0]  gran_i,
    input  wire [1:0]  level_i,
    input  wire        start_i,     // start level: index bits follow TxSZ
    input  wire [5:0]  txsz_i,
    output wire [47:0] pa_o,
    output wire [1:0]  beats_o      // 16-byte beats of the line inside the table, minus 1
);
    wire [5:0] shift;
    wire [3:0] full_bits;
    smmu_level_shift u_shift (.gran_i(gran_i), .level_i(level_i), .shift_o(shift), .bits_o(full_bits));

    // concatenated stage 2 start tables give up to four more bits, so 17 at most
    wire [5:0]  start_bits = 6'd63 - txsz_i - shift + 6'd1;
    wire [5:0]  bits       = start_i ? start_bits : {2'b0, full_bits};
    wire [16:0] mask       = ~({17{1'b1}} << bits);
    wire [47:0] index_full = addr_i >> shift;
    wire [16:0] index      = index_full[16:0] & mask;

    assign pa_o    = (base_i & ~{28'b0, mask, 3'b111}) | {28'b0, index, 3'b000};
    assign beats_o = (bits >= 6'd3) ? 2'd3 : (bits == 6'd2) ? 2'd1 : 2'd0;

    wire unused_ok = &{1'b0, index_full[47:17]};
endmodule
`default_nettype wire
