// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_utlb
// Purpose: Fully associative micro TLB: a lookup of each direction, a fill or an
//          invalidation every cycle.
// Spec   : D13; configuration and translation are one compare
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : lu_valid_i, lu_ctx_i, lu_vpn_i  lookups, read in the low half, write above
//          lu_kind_i           {instruction, privileged} of the request
//          lu_use_i            the hit counts as a use (replacement)
//          up_*  fill;  fl_*  invalidation: never in the same cycle (one DN message)
// Out    : combinational: lu_hit_o;  lu_may_o  and what hits allows the access;  lu_cs_o  and
//          its stream can stall;  lu_ent_o  what hits, else 0
// Stalls : nobody
// Limits : replacement is not-recently-used
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_tbu.vh"

module smmu_tbu_utlb #(
    parameter UTLB_ENTRIES = 32,
    parameter OAS          = 48     // 40, 42, 44, 48
) (
    input  wire                clk_i,
    input  wire                rst_ni,

    input  wire [1:0]          lu_valid_i,
    input  wire [2*`CTX_W-1:0] lu_ctx_i,
    input  wire [2*52-1:0]     lu_vpn_i,
    input  wire [3:0]          lu_kind_i,
    input  wire [1:0]          lu_use_i,
    output wire [1:0]          lu_hit_o,
    output wire [1:0]          lu_may_o,
    output wire [1:0]          lu_cs_o,
    output wire [2*`ENT_W-1:0] lu_ent_o,

    input  wire                up_valid_i,
    input  wire [`ENT_W-1:0]   up_ent_i,
    input  wire                fl_valid_i,
    input  wire [`INV_W-1:0]   fl_inv_i
);
    localparam N = UTLB_ENTRIES;

    `include "smmu_same_page.vh"
    `include "smmu_inv_hit.vh"

    reg [N-1:0]        valid_q;
    reg [N*`ENT_W-1:0] ents_q;

    // What decides whether a transaction goes stands beside the entries in columns, worked out at
    // the fill: the answer need not wait for the entry to be chosen.
    reg [4*N-1:0] read_q;       // by {instruction, privileged}
    reg [2*N-1:0] write_q;      // by privileged
    reg [N-1:0]   cs_q, all_q;

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

    wire [3:0] up_read;
    wire [1:0] up_write;
    smmu_tbu_rights u_rights (.ent_i(up_ent_i), .read_o(up_read), .write_o(up_write));

    // ---- look up, one direction each, in the cycles in which there is something to ----
    // VPN is {VA[63:56], VA[55:48], VA[47:12]}.
    genvar p;
    generate
        for (p = 0; p < 2; p = p + 1) begin : g_port
            integer                   e;
            reg [`ENT_S1SIZE_LSB-1:0] ent;      // what is compared of an entry
            reg [51:0]                vpn;
            reg [N-1:0]               match;
            reg [`ENT_W-1:0]          hit_ent;
            always @(*) begin
                ent     = {`ENT_S1SIZE_LSB{1'b0}};
                vpn     = lu_vpn_i[p*52 +: 52];
                match   = {N{1'b0}};
                hit_ent = {`ENT_W{1'b0}};
                e       = 0;
                if (lu_valid_i[p])
                    for (e = 0; e < N; e = e + 1) begin
                        ent      = ents_q[e*`ENT_W +: `ENT_S1SIZE_LSB];
                        match[e] = valid_q[e]
                                && lu_ctx_i[p*`CTX_W +: `CTX_W] == ent[`ENT_SID_LSB +: `CTX_W]
                                && same_page(vpn[35:0], ent[`ENT_VPN_LSB +: 36],
                                               ent[`ENT_SIZE_LSB +: `ENT_SIZE_W])
                                && (ent[`ENT_TBI_LSB]
                                    || vpn[51:44] == ent[`ENT_VPN_LSB + 44 +: 8])
                                && vpn[43:36] == ent[`ENT_VPN_LSB + 36 +: 8];
                        // one at most (P1): no priority stands before the choice
                        if (match[e]) hit_ent = hit_ent | ents_q[e*`ENT_W +: `ENT_W];
                    end
            end

            wire         inst    = lu_kind_i[2*p + 1];
            wire         priv    = lu_kind_i[2*p];
            wire [N-1:0] read    = inst ? (priv ? read_q[3*N +: N] : read_q[2*N +: N])
                                        : (priv ? read_q[N +: N]   : read_q[0 +: N]);
            wire [N-1:0] write   = priv ? write_q[N +: N] : write_q[0 +: N];
            wire [N-1:0] allowed = (p == 0) ? read : write;
            wire [N-1:0] beyond;
            if (OAS < 48) begin : g_oas     // a bypass entry ends at the OAS (TRN-026)
                assign beyond = all_q & {N{|lu_vpn_i[p*52+OAS-12 +: 48-OAS]}};
            end else begin : g_all
                assign beyond = {N{1'b0}};
            end

            assign lu_hit_o[p] = |match;
            assign lu_may_o[p] = |(match & allowed & ~beyond);
            assign lu_cs_o[p]  = |(match & cs_q);
            assign lu_ent_o[p*`ENT_W +: `ENT_W] = hit_ent;
        end
    endgenerate
    wire [N-1:0] hit_rd = g_port[0].match;
    wire [N-1:0] hit_wr = g_port[1].match;

    // ---- fill or invalidation: one more comparison of the page -------------------------
    // An overlap with a fill: one covers the other (no two entries may hit). An invalidation
    // reaches all fragments of a block of stage 1; a range drops all of its VMID and ASID.
    integer                o;
    reg [`ENT_PPN_LSB-1:0] op;
    reg [2:0]              op_size, op_other;
    reg                    op_page, op_va;
    reg [N-1:0]            overlap, drop;
    always @(*) begin
        op       = {`ENT_PPN_LSB{1'b0}};
        op_size  = 3'd0;
        op_other = 3'd0;
        op_page  = 1'b0;
        op_va    = 1'b0;
        overlap  = {N{1'b0}};
        drop     = {N{1'b0}};
        o        = 0;
        if (up_valid_i || fl_valid_i)
            for (o = 0; o < N; o = o + 1) begin
                op       = ents_q[o*`ENT_W +: `ENT_PPN_LSB];
                op_size  = op[`ENT_SIZE_LSB +: `ENT_SIZE_W];
                op_other = fl_valid_i ? op[`ENT_S1SIZE_LSB +: `ENT_S1SIZE_W] : up_size;
                // of a fill as it comes: SZ_ALL asks for no bit of these
                op_page  = same_page(fl_valid_i ? fl_inv_i[`INV_VPN_LSB +: 36]
                                                  : up_ent_i[`ENT_VPN_LSB +: 36],
                                       op[`ENT_VPN_LSB +: 36],
                                       (op_other > op_size) ? op_other : op_size);
                overlap[o] = valid_q[o] && up_ent[`ENT_SID_LSB +: `CTX_W]
                                           == op[`ENT_SID_LSB +: `CTX_W] && op_page
                          && (op[`ENT_TBI_LSB] || up_ent[`ENT_TBI_LSB]
                              || up_ent[`ENT_VPN_LSB + 44 +: 8] == op[`ENT_VPN_LSB + 44 +: 8])
                          && up_ent[`ENT_VPN_LSB + 36 +: 8] == op[`ENT_VPN_LSB + 36 +: 8];
                op_va   = fl_inv_i[`INV_RANGE_LSB]
                       || (op_page && op[`ENT_VPN_LSB + 43] == fl_inv_i[`INV_VPN_LSB + 36]);
                drop[o] = fl_valid_i
                       && (fl_inv_i[`INV_CFG_LSB]
                           ? ((op[`ENT_SID_LSB +: 16] ^ fl_inv_i[`INV_SID_LSB +: 16])
                              & ~fl_inv_i[`INV_SIDMASK_LSB +: 16]) == 16'd0
                           : inv_hit(fl_inv_i, op[`ENT_STAGE_LSB +: `ENT_STAGE_W],
                                       op[`ENT_VMID_LSB +: `ENT_VMID_W],
                                       op[`ENT_ASID_LSB +: `ENT_ASID_W],
                                       op[`ENT_NG_LSB], op[`ENT_ASET_LSB], op_va));
            end
    end

    // ---- victim: an overlapped entry, else a free one, else one not used lately -----
    // That a transaction leaves comes late: what it used is put together a cycle later.
    reg  [N-1:0] used_q, hit_rd_q, hit_wr_q, here_q;
    reg  [1:0]   use_q;
    wire [N-1:0] last   = (hit_rd_q & {N{use_q[0]}}) | (hit_wr_q & {N{use_q[1]}}) | here_q;
    wire [N-1:0] lately = used_q | last;
    wire [N-1:0] used   = (&lately) ? last : lately;
    wire [N-1:0] pool   = (~&valid_q) ? ~valid_q : ~used;

    // the lowest of each; which of the two comes last, with the compares
    reg [N-1:0] again, victim;
    reg         seen_again, seen_victim;
    integer     i;
    always @(*) begin
        again       = {N{1'b0}};
        victim      = {N{1'b0}};
        seen_again  = 1'b0;
        seen_victim = 1'b0;
        i           = 0;
        if (up_valid_i)
            for (i = 0; i < N; i = i + 1) begin
                again[i]    = overlap[i] && !seen_again;
                victim[i]   = pool[i] && !seen_victim;
                seen_again  = seen_again || overlap[i];
                seen_victim = seen_victim || pool[i];
            end
    end
    wire [N-1:0] here = (|overlap) ? again : victim;    // the entry filled; 0 without a fill

    integer      w, c;
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            used_q  <= {N{1'b0}};
            use_q   <= 2'd0;
            here_q  <= {N{1'b0}};
            valid_q <= {N{1'b0}};
        end else begin
            used_q  <= used;
            use_q   <= lu_use_i;
            here_q  <= here;
            valid_q <= here | (valid_q & ~drop & ~(overlap & {N{up_valid_i}}));
        end
        hit_rd_q <= hit_rd;
        hit_wr_q <= hit_wr;
        if (up_valid_i)
            for (w = 0; w < N; w = w + 1)
                if (here[w]) begin
                    ents_q[w*`ENT_W +: `ENT_W] <= up_ent;
                    cs_q[w]                    <= up_ent[`ENT_CANSTALL_LSB];
                    all_q[w]                   <= (up_size == `SZ_ALL);
                    for (c = 0; c < 4; c = c + 1) read_q[c*N + w]  <= up_read[c];
                    for (c = 0; c < 2; c = c + 1) write_q[c*N + w] <= up_write[c];
                end
    end

    wire unused_ok = &{1'b0, all_q, g_port[0].write, g_port[1].read};

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
            f_match[f_i] = valid_q[f_i] && f_covers(ents_q[f_i*`ENT_W +: `ENT_W]);

    // the permission an access needs, judged apart
    function f_allows;
        input [`ENT_W-1:0] ent;
        input              read, inst, priv;
        reg                as_priv, as_inst;
        reg   [2:0]        set;         // {x, w, r}
        begin
            as_priv  = ent[`ENT_PRIVCFG_LSB + 1] ? ent[`ENT_PRIVCFG_LSB] : priv;
            as_inst  = ent[`ENT_INSTCFG_LSB + 1] ? ent[`ENT_INSTCFG_LSB] : inst;
            set      = as_priv ? ent[`ENT_PR_LSB +: 3] : ent[`ENT_UR_LSB +: 3];
            f_allows = !read ? set[1] : as_inst ? set[2] : set[0];
        end
    endfunction

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
                assert (f_known_q && ents_q[f_g*`ENT_W +: `ENT_W] == f_last_q);
            // what stands beside it is of that translation, too
            always @(*) if (f_on && f_match[f_g])
                assert (cs_q[f_g] == f_last_q[`ENT_CANSTALL_LSB]
                        && {read_q[3*N+f_g], read_q[2*N+f_g], read_q[N+f_g], read_q[f_g]}
                           == {f_allows(f_last_q, 1'b1, 1'b1, 1'b1),
                               f_allows(f_last_q, 1'b1, 1'b1, 1'b0),
                               f_allows(f_last_q, 1'b1, 1'b0, 1'b1),
                               f_allows(f_last_q, 1'b1, 1'b0, 1'b0)}
                        && {write_q[N+f_g], write_q[f_g]}
                           == {f_allows(f_last_q, 1'b0, 1'b0, 1'b1),
                               f_allows(f_last_q, 1'b0, 1'b0, 1'b0)});
        end
    endgenerate
    // P3: a lookup hits exactly an entry that covers its context and address, gets that one, and
    // what it is told beside it is of that one; without a hit it gets nothing
    generate
        for (f_g = 0; f_g < 2; f_g = f_g + 1) begin : g_f_port
            wire [`ENT_W-1:0] got  = lu_ent_o[f_g*`ENT_W +: `ENT_W];
            wire              mine = lu_ctx_i[f_g*`CTX_W +: `CTX_W] == f_ctx
                                  && lu_vpn_i[f_g*52 +: 52] == f_vpn;
            always @(*) if (f_on && mine) begin
                assert (lu_hit_o[f_g] == (lu_valid_i[f_g] && |f_match));
                if (lu_hit_o[f_g])
                    assert (f_known_q && got == f_last_q
                            && lu_cs_o[f_g] == f_last_q[`ENT_CANSTALL_LSB]
                            && lu_may_o[f_g] == f_allows(f_last_q, f_g == 0, lu_kind_i[2*f_g + 1],
                                                         lu_kind_i[2*f_g]));
                else
                    assert (got == {`ENT_W{1'b0}} && !lu_may_o[f_g]);
            end
        end
    endgenerate

    always @(*) if (f_on) begin
        // C1: a block replaces a page
        cover (f_fill && |f_match && up_size == `SZ_2M && f_last_q[`ENT_SIZE_LSB +: 3] == `SZ_4K);
        // C2: dropped by CFGI
        cover (f_cfgi && |f_match && fl_inv_i[`INV_SIDMASK_LSB +: 16] == 16'd0);
        // C3: pushed out: known, but no entry left
        cover (f_known_q && &valid_q && f_match == {N{1'b0}});
        // C4: hit by both directions at once
        cover (&lu_hit_o && |f_match && lu_ctx_i == {f_ctx, f_ctx} && lu_vpn_i == {f_vpn, f_vpn});
    end
`endif
endmodule

`default_nettype wire
