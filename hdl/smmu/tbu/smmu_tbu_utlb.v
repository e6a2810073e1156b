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
// Out    : lu_hit_o, lu_ent_o  combinational
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

    input  wire                up_valid_i,
    input  wire [`ENT_W-1:0]   up_ent_i,
    input  wire                fl_valid_i,
    input  wire [`INV_W-1:0]   fl_inv_i
);
    localparam N     = UTLB_ENTRIES;
    localparam IDX_W = $clog2(N);

    wire [N-1:0]        valid, overlap, hit_rd, hit_wr;
    wire [N*`ENT_W-1:0] ents;

    // ---- fill: a bypass entry covers all addresses below 2^48 -----------------------
    wire [2:0] up_size = up_ent_i[`ENT_SIZE_LSB +: `ENT_SIZE_W];
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
                .overlap_o(overlap[g]),
                .fl_valid_i(fl_valid_i), .fl_inv_i(fl_inv_i),
                .valid_o(valid[g]), .ent_o(ents[g*`ENT_W +: `ENT_W]));
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

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    // never both: one DN message
    always @(*) if (f_on) assume (!(up_valid_i && fl_valid_i));

    // ---- one transaction, any ------------------------------------------------------------------
    (* anyconst *) wire [`CTX_W-1:0] f_ctx;
    (* anyconst *) wire [51:0]       f_vpn;

    // does a translation cover it? judged apart from the entries, by size
    function f_covers;
        input [`ENT_W-1:0] ent;
        reg [51:0] diff;
        begin
            diff = ent[`ENT_VPN_LSB +: 52] ^ f_vpn;
            if (ent[`ENT_TBI_LSB]) diff[51:44] = 8'd0;
            case (ent[`ENT_SIZE_LSB +: 3])
                `SZ_16K:  diff[1:0]  = 2'd0;
                `SZ_64K:  diff[3:0]  = 4'd0;
                `SZ_2M:   diff[8:0]  = 9'd0;
                `SZ_32M:  diff[12:0] = 13'd0;
                `SZ_512M: diff[16:0] = 17'd0;
                `SZ_1G:   diff[17:0] = 18'd0;
                `SZ_ALL:  diff[35:0] = 36'd0;
                default: ;
            endcase
            f_covers = ent[`ENT_SID_LSB +: `CTX_W] == f_ctx && diff == 52'd0;
        end
    endfunction

    reg [N-1:0] f_match;
    integer     f_i;
    always @(*)
        for (f_i = 0; f_i < N; f_i = f_i + 1)
            f_match[f_i] = valid[f_i] && f_covers(ents[f_i*`ENT_W +: `ENT_W]);

    // the last translation given for it, unless dropped since
    wire f_fill = up_valid_i && f_covers(up_ent);
    wire f_cfgi = fl_valid_i && fl_inv_i[`INV_CFG_LSB]
               && ((f_ctx[15:0] ^ fl_inv_i[`INV_SID_LSB +: 16])
                   & ~fl_inv_i[`INV_SIDMASK_LSB +: 16]) == 16'd0;
    wire f_tlbi = fl_valid_i && !fl_inv_i[`INV_CFG_LSB] && fl_inv_i[`INV_S1_LSB]
               && fl_inv_i[`INV_S2_LSB] && !fl_inv_i[`INV_VMIDV_LSB] && !fl_inv_i[`INV_ASIDV_LSB]
               && !fl_inv_i[`INV_VAV_LSB] && f_last_q[`ENT_STAGE_LSB +: 2] != `STG_BYP;
    reg              f_known_q = 1'b0;
    reg [`ENT_W-1:0] f_last_q;
    always @(posedge clk_i) begin
        if (!rst_ni)               f_known_q <= 1'b0;
        else if (f_fill)           f_known_q <= 1'b1;
        else if (f_cfgi || f_tlbi) f_known_q <= 1'b0;
        if (f_fill) f_last_q <= up_ent;
    end

    // P1: no transaction hits two entries (D13)
    always @(*) if (f_on) assert ((f_match & (f_match - 1'b1)) == {N{1'b0}});
    // P2: the only entry it may hit is the last translation given for it, none after a CFGI of its
    // stream or a TLBI of everything (D12, D18, CMD-018)
    genvar f_g;
    generate
        for (f_g = 0; f_g < N; f_g = f_g + 1) begin : g_formal
            always @(*) if (f_on && f_match[f_g])
                assert (f_known_q && ents[f_g*`ENT_W +: `ENT_W] == f_last_q);
        end
    endgenerate
    // P3: a lookup hits exactly an entry that covers its context and address, and gets that one
    always @(*) if (f_on) begin
        if (lu_ctx_i[0 +: `CTX_W] == f_ctx && lu_vpn_i[0 +: 52] == f_vpn) begin
            assert (lu_hit_o[0] == |f_match);
            if (lu_hit_o[0]) assert (f_known_q && lu_ent_o[0 +: `ENT_W] == f_last_q);
        end
        if (lu_ctx_i[`CTX_W +: `CTX_W] == f_ctx && lu_vpn_i[52 +: 52] == f_vpn) begin
            assert (lu_hit_o[1] == |f_match);
            if (lu_hit_o[1]) assert (f_known_q && lu_ent_o[`ENT_W +: `ENT_W] == f_last_q);
        end
    end

    always @(*) if (f_on) begin
        // C1: a block replaces a page
        cover (f_fill && |f_match && up_size == `SZ_2M && f_last_q[`ENT_SIZE_LSB +: 3] == `SZ_4K);
        // C2: dropped by CFGI
        cover (f_cfgi && |f_match && fl_inv_i[`INV_SIDMASK_LSB +: 16] == 16'd0);
        // C3: pushed out: known, but no entry left
        cover (f_known_q && &valid && f_match == {N{1'b0}});
        // C4: hit by both directions at once
        cover (&lu_hit_o && |f_match && lu_ctx_i == {f_ctx, f_ctx} && lu_vpn_i == {f_vpn, f_vpn});
    end
`endif
endmodule

`default_nettype wire
