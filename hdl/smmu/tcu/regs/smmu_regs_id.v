// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_regs_id
// Purpose: Identification registers: what this build can do (IDR), and who made
//          it (IIDR, AIDR, PIDR, CIDR).
// Spec   : REG-001..007, REG-028, REG-046, INI-004; scope.md, milestone 1
// Clock  : none, constants behind a read address
// In     : raddr_i;  Out: rdata_o, 0 for any other address
// Limits : IDR2, IDR4 and PIDR5..7 are 0 and need no entry
// Tests  : tests/unit/test_regs.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"

module smmu_regs_id #(
    parameter CMDQS      = 8,       // log2 of the largest command queue
    parameter EVENTQS    = 8,       // log2 of the largest event queue
    parameter STALL_MAX  = 16,      // stalled transactions
    parameter OPT_DVM    = 1,       // 1: broadcast invalidation is received
    parameter OPT_COHACC = 1,       // 1: the walk port is coherent
    parameter OAS        = 48       // output address bits: 40, 42, 44, 48
) (
    input  wire [16:0] raddr_i,
    output reg  [31:0] rdata_o
);
    // Reset values of the header are those of the default build; what depends on the build goes on top.
    localparam [31:0] NO_BTM    = (OPT_DVM != 0)    ? 32'd0 : 32'd1 << `IDR0_BTM_LSB;
    localparam [31:0] NO_COHACC = (OPT_COHACC != 0) ? 32'd0 : 32'd1 << `IDR0_COHACC_LSB;
    localparam [31:0] IDR0      = `IDR0_RESET & ~(NO_BTM | NO_COHACC);

    localparam [31:0] QS_MASK   = 32'h1f << `IDR1_CMDQS_LSB | 32'h1f << `IDR1_EVENTQS_LSB;
    localparam [31:0] IDR1      = (`IDR1_RESET & ~QS_MASK)
                                | (CMDQS << `IDR1_CMDQS_LSB) | (EVENTQS << `IDR1_EVENTQS_LSB);

    localparam [31:0] MAX_MASK  = 32'hffff << `IDR5_STALL_MAX_LSB;
    localparam [31:0] OAS_MASK  = 32'h7 << `IDR5_OAS_LSB;
    localparam [31:0] OAS_CODE  = (OAS >= 48) ? 32'd5 : (OAS >= 44) ? 32'd4 : (OAS >= 42) ? 32'd3 : 32'd2;
    localparam [31:0] IDR5      = (`IDR5_RESET & ~(MAX_MASK | OAS_MASK))
                                | (STALL_MAX << `IDR5_STALL_MAX_LSB) | (OAS_CODE << `IDR5_OAS_LSB);

    always @(*) begin
        case ({15'd0, raddr_i})
            `REG_IDR0:  rdata_o = IDR0;
            `REG_IDR1:  rdata_o = IDR1;
            `REG_IDR3:  rdata_o = `IDR3_RESET;
            `REG_IDR5:  rdata_o = IDR5;
            `REG_IIDR:  rdata_o = `IIDR_RESET;
            `REG_AIDR:  rdata_o = `AIDR_RESET;
            `REG_PIDR0: rdata_o = `PIDR0_RESET;
            `REG_PIDR1: rdata_o = `PIDR1_RESET;
            `REG_PIDR2: rdata_o = `PIDR2_RESET;
            `REG_PIDR3: rdata_o = `PIDR3_RESET;
            `REG_PIDR4: rdata_o = `PIDR4_RESET;
            `REG_CIDR0: rdata_o = `CIDR0_RESET;
            `REG_CIDR1: rdata_o = `CIDR1_RESET;
            `REG_CIDR2: rdata_o = `CIDR2_RESET;
            `REG_CIDR3: rdata_o = `CIDR3_RESET;
            default:    rdata_o = 32'd0;
        endcase
    end
endmodule

`default_nettype wire
