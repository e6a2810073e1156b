// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_stall_table
// Purpose: Recorded stalls by STAG = {generation, slot}: take, publish, look up, free.
// Spec   : STL-002..004, STL-007, STL-008, STL-017, STL-033, STL-034
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : take_i    enter the free STAG (only with free_o)
//          pub_*     the record is visible     drop_i  free slot rd_slot_i
//          off_i     free everything, generations are kept
// Out    : rd_*_o    entry rd_slot_i, combinational
// Tests  : none yet
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_stall_table #(
    parameter STALL_MAX = 8      // 1..256
) (
    input  wire        clk_i,
    input  wire        rst_ni,
    output reg         free_o,
    output wire [15:0] stag_o,
    input  wire        take_i,
    input  wire [2:0]  tbu_i,
    input  wire [7:0]  slot_i,
    input  wire [15:0] sid_i,
    input  wire        pub_valid_i,
    input  wire [15:0] pub_stag_i,
    input  wire [7:0]  rd_slot_i,
    output reg         rd_valid_o,
    output reg         rd_pub_o,
    output reg  [7:0]  rd_gen_o,
    output reg  [2:0]  rd_tbu_o,
    output reg  [7:0]  rd_tslot_o,
    output reg  [15:0] rd_sid_o,
    input  wire        drop_i,
    input  wire        off_i
);
    reg [STALL_MAX-1:0]    valid_q, pub_q;
    reg [STALL_MAX*8-1:0]  gen_q;
    reg [STALL_MAX*27-1:0] data_q;
    reg [7:0]              pick, gen;
    integer i, j;

    assign stag_o = {gen, pick};
    always @(*) begin
        free_o = 1'b0; pick = 8'd0; gen = 8'd0;
        rd_valid_o = 1'b0; rd_pub_o = 1'b0; rd_gen_o = 8'd0;
        {rd_tbu_o, rd_tslot_o, rd_sid_o} = 27'd0;
        for (i = STALL_MAX-1; i >= 0; i = i - 1) begin
            if (!valid_q[i]) begin free_o = 1'b1; pick = i[7:0]; gen = gen_q[i*8 +: 8]; end
            if (rd_slot_i == i[7:0]) begin
                rd_valid_o = valid_q[i]; rd_pub_o = pub_q[i]; rd_gen_o = gen_q[i*8 +: 8] - 8'd1;
                {rd_tbu_o, rd_tslot_o, rd_sid_o} = data_q[i*27 +: 27];
            end
        end
    end
    always @(posedge clk_i) begin
        for (j = 0; j < STALL_MAX; j = j + 1) begin
            if (pub_valid_i && pub_stag_i == {gen_q[j*8 +: 8] - 8'd1, j[7:0]}) pub_q[j] <= valid_q[j];
            if (drop_i && rd_slot_i == j[7:0]) begin valid_q[j] <= 1'b0; pub_q[j] <= 1'b0; end
            if (take_i && pick == j[7:0]) begin
                valid_q[j] <= 1'b1; pub_q[j] <= 1'b0;
                gen_q[j*8 +: 8]    <= gen_q[j*8 +: 8] + 8'd1;
                data_q[j*27 +: 27] <= {tbu_i, slot_i, sid_i};
            end
        end
        if (off_i) begin valid_q <= {STALL_MAX{1'b0}}; pub_q <= {STALL_MAX{1'b0}}; end
        if (!rst_ni) begin
            valid_q <= {STALL_MAX{1'b0}}; pub_q <= {STALL_MAX{1'b0}};
            gen_q   <= {STALL_MAX*8{1'b0}};
        end
    end
endmodule
`default_nettype wire
