// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_desc
// Purpose: Decode one VMSAv8-64 descriptor of either stage: type, output, size, faults.
// Spec   : ARM D8.3; TRN-032..034, TRN-040, VM1-007..013, VM2-008..010
// Clock  : none, purely combinational
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"
module smmu_desc (
    input  wire [63:0] desc_i,
    input  wire [1:0]  gran_i,
    input  wire [1:0]  level_i,
    input  wire [2:0]  ps_i,        // effective output size code
    output wire        invalid_o,   // F_TRANSLATION
    output wire        addrsz_o,    // F_ADDR_SIZE (after invalid)
    output wire        table_o,
    output wire        leaf_o,
    output wire        af_o,
    output wire [47:0] next_o,      // next table or output base
    output reg  [2:0]  size_o       // SZ_* of a leaf
);
    wire valid    = desc_i[0];
    wire type_bit = desc_i[1];
    wire last     = (level_i == 2'd3);
    // blocks: 4K levels 1 and 2, 16K and 64K level 2 only
    wire block_ok = (level_i == 2'd2) || (gran_i == 2'd0 && level_i == 2'd1);

    assign table_o   = valid && type_bit && !last;
    assign leaf_o    = valid && (last ? type_bit : !type_bit && block_ok);
    assign invalid_o = !table_o && !leaf_o;
    assign af_o      = desc_i[10];

    reg [47:0] keep;                // address bits that count
    always @(*) begin
        keep   = 48'hffff_ffff_f000;
        size_o = `SZ_4K;
        case (gran_i)
            2'd0: begin
                if (leaf_o && level_i == 2'd1) begin keep = 48'hffff_c000_0000; size_o = `SZ_1G; end
                if (leaf_o && level_i == 2'd2) begin keep = 48'hffff_ffe0_0000; size_o = `SZ_2M; end
            end
            2'd1: begin
                keep   = 48'hffff_ffff_c000;
                size_o = `SZ_16K;
                if (leaf_o && level_i == 2'd2) begin keep = 48'hffff_fe00_0000; size_o = `SZ_32M; end
            end
            default: begin
                keep   = 48'hffff_ffff_0000;
                size_o = `SZ_64K;
                if (leaf_o && level_i == 2'd2) begin keep = 48'hffff_e000_0000; size_o = `SZ_512M; end
            end
        endcase
    end
    assign next_o = desc_i[47:0] & keep;

    wire over;
    // no block is so large that it would hide an address bit that counts here
    smmu_ps_over u_over (.addr_i({4'b0, desc_i[47:12], 12'd0}), .ps_i(ps_i), .over_o(over));
    // with 64K granules bits [15:12] are address bits above 48 (TRN-034)
    assign addrsz_o = over || (gran_i == 2'd2 && desc_i[15:12] != 4'd0);

    wire unused_ok = &{1'b0, desc_i};
endmodule
`default_nettype wire
