// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_cs
// Purpose: Remembers of a few contexts {SID, SSV, SSID} whether they can stall.
// Spec   : D2 (pools): only a stream known not to stall may use the reserve
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : lu_ctx_i  read path in the low half, write path above
//          up_*      one context learnt;  fl_*  configuration invalidation
// Out    : lu_valid_o, lu_cs_o    combinational
// Limits : 8 entries, oldest replaced; what is forgotten is asked again
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_tbu.vh"

module smmu_tbu_cs (
    input  wire                clk_i,
    input  wire                rst_ni,

    input  wire [2*`CTX_W-1:0] lu_ctx_i,
    output wire [1:0]          lu_valid_o,
    output wire [1:0]          lu_cs_o,

    input  wire                up_valid_i,
    input  wire [`CTX_W-1:0]   up_ctx_i,
    input  wire                up_cs_i,

    input  wire                fl_valid_i,
    input  wire [15:0]         fl_sid_i,
    input  wire [15:0]         fl_mask_i        // 1: bit not compared
);
    localparam N = 8;

    reg [N-1:0]        valid_q, cs_q;
    reg [N*`CTX_W-1:0] ctx_q;
    reg [2:0]          next_q;      // replaced next

    wire [N-1:0] hit_rd, hit_wr, hit_up, drop;

    genvar g;
    generate
        for (g = 0; g < N; g = g + 1) begin : g_entry
            wire [`CTX_W-1:0] ctx = ctx_q[g*`CTX_W +: `CTX_W];
            assign hit_rd[g] = valid_q[g] && (ctx == lu_ctx_i[0 +: `CTX_W]);
            assign hit_wr[g] = valid_q[g] && (ctx == lu_ctx_i[`CTX_W +: `CTX_W]);
            assign hit_up[g] = valid_q[g] && (ctx == up_ctx_i);
            assign drop[g]   = fl_valid_i && ((ctx[15:0] ^ fl_sid_i) & ~fl_mask_i) == 16'd0;

            wire here = up_valid_i && (|hit_up ? hit_up[g] : next_q == g[2:0]);
            always @(posedge clk_i) begin
                if (!rst_ni)      valid_q[g] <= 1'b0;
                else if (drop[g]) valid_q[g] <= 1'b0;
                else if (here)    valid_q[g] <= 1'b1;
                if (here) begin
                    cs_q[g]                     <= up_cs_i;
                    ctx_q[g*`CTX_W +: `CTX_W]   <= up_ctx_i;
                end
            end
        end
    endgenerate

    always @(posedge clk_i)
        if (!rst_ni)                      next_q <= 3'd0;
        else if (up_valid_i && !(|hit_up)) next_q <= next_q + 1'b1;

    assign lu_valid_o = {|hit_wr, |hit_rd};
    assign lu_cs_o    = {|(hit_wr & cs_q), |(hit_rd & cs_q)};
endmodule

`default_nettype wire
