// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_utlb
// Purpose: Fully associative micro TLB: a lookup of each direction, a fill or an
//          invalidation every cycle.
// Spec   : D13; configuration and translation are one compare
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : lu_ctx_i, lu_vpn_i  lookups, read in the low half, write above
//          lu_use_i            the hit counts as a use (replacement)
//          up_*  fill;  fl_*  invalidation: never in the same cycle (one DN message)
// Out    : lu_hit_o, lu_ent_o, lu_low_o    combinational
// Stalls : nobody
// Limits : replacement is not-recently-used
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_tbu.vh"

module smmu_tbu_utlb #(
    parameter UTLB_ENTRIES = 32
) (
    input  wire                clk_i,
    input  wire                rst_ni,

    input  wire [2*`CTX_W-1:0] lu_ctx_i,
    input  wire [2*52-1:0]     lu_vpn_i,
    input  wire [1:0]          lu_use_i,
    output wire [1:0]          lu_hit_o,
    output wire [2*`ENT_W-1:0] lu_ent_o,
    output wire [2*36-1:0]     lu_low_o,

    input  wire                up_valid_i,
    input  wire [`ENT_W-1:0]   up_ent_i,
    input  wire                fl_valid_i,
    input  wire [`INV_W-1:0]   fl_inv_i
);
    localparam N     = UTLB_ENTRIES;
    localparam IDX_W = $clog2(N);

    wire [N-1:0]        valid, overlap, hit_rd, hit_wr;
    wire [N*`ENT_W-1:0] ents;
    wire [N*36-1:0]     lows;

    // ---- fill: a bypass entry covers all addresses below 2^48 -----------------------
    wire [2:0]  up_size = up_ent_i[`ENT_SIZE_LSB +: `ENT_SIZE_W];
    wire [35:0] up_low;
    smmu_tbu_size u_size (.size_i(up_size), .low_o(up_low));

    reg [`ENT_W-1:0] up_ent;
    always @(*) begin
        up_ent = up_ent_i;
        if (up_size == `SZ_ALL) begin
            up_ent[`ENT_VPN_LSB +: `ENT_VPN_W] = 52'd0;
            up_ent[`ENT_TBI_LSB]               = 1'b0;
        end
    end

    // ---- victim: an overlapped entry, else a free one, else one not used lately -----
    reg  [N-1:0] used_q;
    wire [N-1:0] hits = (hit_rd & {N{lu_use_i[0]}}) | (hit_wr & {N{lu_use_i[1]}});
    wire [N-1:0] pool = (|overlap) ? overlap : (~&valid) ? ~valid : ~used_q;

    reg [N-1:0] here;
    integer     i;
    always @(*) begin
        here = {N{1'b0}};
        for (i = N - 1; i >= 0; i = i - 1)
            if (pool[i]) begin
                here    = {N{1'b0}};
                here[i] = 1'b1;
            end
    end

    wire [N-1:0] used_d = used_q | hits | (here & {N{up_valid_i}});
    always @(posedge clk_i) begin
        if (!rst_ni) used_q <= {N{1'b0}};
        else         used_q <= (&used_d) ? (hits | (here & {N{up_valid_i}})) : used_d;
    end

    // ---- entries ---------------------------------------------------------------------
    genvar g;
    generate
        for (g = 0; g < N; g = g + 1) begin : g_entry
            smmu_tbu_utlb_entry u_entry (
                .clk_i(clk_i), .rst_ni(rst_ni),
                .lu_ctx_i(lu_ctx_i), .lu_vpn_i(lu_vpn_i), .hit_o({hit_wr[g], hit_rd[g]}),
                .up_valid_i(up_valid_i), .up_here_i(here[g]), .up_ent_i(up_ent),
                .up_low_i(up_low), .overlap_o(overlap[g]),
                .fl_valid_i(fl_valid_i), .fl_inv_i(fl_inv_i),
                .valid_o(valid[g]), .ent_o(ents[g*`ENT_W +: `ENT_W]), .low_o(lows[g*36 +: 36]));
        end
    endgenerate

    // ---- one entry by priority, never two combined -------------------------------------
    reg [IDX_W-1:0] idx_rd, idx_wr;
    always @(*) begin
        idx_rd = {IDX_W{1'b0}};
        idx_wr = {IDX_W{1'b0}};
        for (i = N - 1; i >= 0; i = i - 1) begin
            if (hit_rd[i]) idx_rd = i[IDX_W-1:0];
            if (hit_wr[i]) idx_wr = i[IDX_W-1:0];
        end
    end

    assign lu_hit_o = {|hit_wr, |hit_rd};
    assign lu_ent_o = {ents[idx_wr*`ENT_W +: `ENT_W], ents[idx_rd*`ENT_W +: `ENT_W]};
    assign lu_low_o = {lows[idx_wr*36 +: 36], lows[idx_rd*36 +: 36]};
endmodule

`default_nettype wire
