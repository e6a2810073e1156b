// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tlb
// Purpose: Main TLB: set-associative, all page sizes in one RAM per way.
// Spec   : IHI 0070 4.4; TAG-001..009, TAG-017, TAG-022, TLB-011..026; rules D7, D14
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : lk_valid_i lk_vpn_i  look up, while lk_ready_o; the set of the first size
//          is read in this cycle; key_* must be there from the next one on
//          lk_leave_i  the lookup is over (the next may start in the same cycle)
//          fill_*  ENT, 2 cycles; replaces the same tag, a free way, else in turn
//          inv_*   pulse with a message that stays until inv_ready_o
//          *_want_i  early: its set is read, whether *_valid_i follows or not; no
//          lookup then
// Out    : lk_done_o  hit, or the last size is compared;  lk_rec_o (TE)
//          lk_perm_o  hit, and the access is allowed: judged beside the tag compare
//          inv_ready_o  last cycle of the invalidation;  ready_o  reset sweep is over
// Pipe   : read | compare. One lookup a cycle with one populated size, else one
//          size a cycle; sizes without an entry are not probed.
// Limits : fill and inv only while fill_ready_o; one of them at a time
//          an address probes its sets; anything else, longer ranges and all while
//          fragments of blocks exist, sweeps them: SETS + 1 cycles
// Tests  : tests/unit/test_front.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_front.vh"

module smmu_tlb #(
    parameter SETS  = 64,           // power of two, at least 2
    parameter SET_W = 6,            // clog2(SETS)
    parameter WAYS  = 2,
    parameter WAY_W = 1             // at least clog2(WAYS), at least 1
) (
    input  wire                clk_i,
    input  wire                rst_ni,
    output wire                ready_o,

    input  wire                lk_valid_i,
    output wire                lk_ready_o,
    input  wire [36:0]         lk_vpn_i,    // {half, address[47:12]}
    input  wire [1:0]          key_stage_i,
    input  wire [15:0]         key_vmid_i,
    input  wire [15:0]         key_asid_i,
    input  wire                key_aset_i,
    input  wire                key_rnw_i,
    input  wire                key_priv_i,  // after overrides
    input  wire                key_inst_i,
    input  wire                lk_leave_i,
    output wire                lk_done_o,
    output wire                lk_perm_o,
    output wire [`TE_W-1:0]    lk_rec_o,

    input  wire                fill_want_i,
    input  wire                fill_valid_i,
    output wire                fill_ready_o,
    input  wire [`ENT_W-1:0]   fill_ent_i,

    input  wire                inv_want_i,
    input  wire                inv_valid_i,
    output wire                inv_ready_o,
    input  wire [`INV_W-1:0]   inv_msg_i
);
    localparam CNT_W = SET_W + WAY_W + 1;
    localparam [1:0] ST_RESET = 2'd0,   // clearing the RAMs
                     ST_LOOK  = 2'd1,   // lookups; fills and invalidations begin here
                     ST_FILL  = 2'd2,   // the set of the fill is read
                     ST_INVAL = 2'd3;   // probing or sweeping

    // ---- geometry -----------------------------------------------------------------
    function [SET_W-1:0] set_of;
        input [35:0] vpn;
        input [2:0]  size;
        /* verilator lint_off UNUSEDSIGNAL */   // only the low bits are the set
        reg [35+SET_W:0] s;
        /* verilator lint_on UNUSEDSIGNAL */
        begin
            s = {{SET_W{1'b0}}, vpn};
            case (size)
                `SZ_4K:   s = s;
                `SZ_16K:  s = s >> 2;
                `SZ_64K:  s = s >> 4;
                `SZ_2M:   s = s >> 9;
                `SZ_32M:  s = s >> 13;
                `SZ_512M: s = s >> 17;
                default:  s = s >> 18;
            endcase
            set_of = s[SET_W-1:0];
        end
    endfunction

    function [2:0] lowest;
        input [6:0] s;
        lowest = s[0] ? 3'd0 : s[1] ? 3'd1 : s[2] ? 3'd2 : s[3] ? 3'd3
               : s[4] ? 3'd4 : s[5] ? 3'd5 : s[6] ? 3'd6 : 3'd7;
    endfunction

    // ---- state --------------------------------------------------------------------
    reg [1:0]         state_q;
    reg [SET_W-1:0]   set_q;        // set on the RAM outputs, or cleared by reset
    reg [SET_W-1:0]   next_q;       // next set of a sweep; 0: none left
    reg [6:0]         todo_q;       // sizes still to be read
    reg               look_q;       // a lookup is being compared
    reg               read_q;       // the RAM outputs belong to this operation
    reg               sweep_q;
    reg [2:0]         size_q;       // size whose set is on the RAM outputs
    reg [36:0]        vpn_q;
    reg [`TE_W-1:0]   fill_q;
    reg [WAY_W-1:0]   turn_q;       // way replaced next
    reg [7*CNT_W-1:0] cnt_q;        // entries of each size
    reg [CNT_W-1:0]   frag_q;       // entries smaller than their stage 1 leaf

    wire [6:0] present;
    genvar g;
    generate
        for (g = 0; g < 7; g = g + 1) begin : g_size
            assign present[g] = cnt_q[g*CNT_W +: CNT_W] != {CNT_W{1'b0}};
        end
    endgenerate

    wire        look  = state_q == ST_LOOK;
    wire        inval = state_q == ST_INVAL;
    wire        hit;
    wire [36:0] fill_vpn  = {fill_ent_i[`ENT_VPN_LSB + 43], fill_ent_i[`ENT_VPN_LSB +: 36]};
    wire [2:0]  fill_size = fill_ent_i[`ENT_SIZE_LSB +: 3];

    wire go_inv  = look && inv_valid_i;
    wire go_fill = look && !inv_valid_i && fill_valid_i;
    wire go_look = lk_valid_i && lk_ready_o;
    wire rd_inv  = look && inv_want_i;
    wire rd_fill = look && !inv_want_i && fill_want_i;
    assign fill_ready_o = look && !look_q;
    assign lk_ready_o   = look && !inv_want_i && !fill_want_i && (!look_q || todo_q == 7'd0);
    assign ready_o      = state_q != ST_RESET;

    // an address reaches all fragments of the block it lies in (TAG-022): sweep
    // a range of one page is an address
    wire pages = inv_msg_i[`INV_RANGE_LSB]
              && inv_msg_i[`INV_END_LSB +: 37] != inv_msg_i[`INV_VPN_LSB +: 37];
    wire sweep = !inv_msg_i[`INV_VAV_LSB] || pages || frag_q != {CNT_W{1'b0}};
    wire more  = sweep_q ? next_q != {SET_W{1'b0}} : todo_q != 7'd0;
    wire step  = look_q && !lk_leave_i && !hit && todo_q != 7'd0;
    assign inv_ready_o = inval && !more;

    // ---- set to read ----------------------------------------------------------------
    wire       start   = go_inv || go_look;
    // That a lookup starts is known late: both sets are there before, and it chooses.
    wire       fresh   = rd_inv || go_look;
    wire [2:0] size_1  = lowest(present);
    wire [2:0] size_n  = lowest(todo_q);
    wire [6:0] left_1  = present & (present - 7'd1);
    wire [6:0] left_n  = todo_q & (todo_q - 7'd1);
    wire [35:0] inv_vpn = inv_msg_i[`INV_VPN_LSB +: 36];
    wire [SET_W-1:0] set_look = set_of(lk_vpn_i[35:0], size_1);
    wire [SET_W-1:0] set_else = inval   ? (sweep_q ? next_q : set_of(inv_vpn, size_n))
                              : rd_inv  ? (sweep ? {SET_W{1'b0}} : set_of(inv_vpn, size_1))
                              : rd_fill ? set_of(fill_vpn[35:0], fill_size)
                                        : set_of(vpn_q[35:0], size_n);
    wire [SET_W-1:0] rd_set = go_look ? set_look : set_else;
    wire rd_en = rd_fill || (fresh && present != 7'd0) || step || (inval && more);

    // ---- ways -----------------------------------------------------------------------
    wire [WAYS-1:0]       used, tag_hit, perm, inv_hit;
    reg  [WAYS-1:0]       wr_en;
    wire [WAYS*`TE_W-1:0] rec;
    wire                  filling = state_q == ST_FILL;
    // An invalidation writes the cycle after its compare: a lookup or fill that reads that set just
    // then finds the way empty.
    reg             drop_q;
    reg [SET_W-1:0] drop_set_q;
    always @(posedge clk_i) begin
        drop_q     <= rst_ni && inval && read_q;
        drop_set_q <= set_q;
    end
    generate
        for (g = 0; g < WAYS; g = g + 1) begin : g_way
            smmu_tlb_way #(.SETS(SETS), .SET_W(SET_W)) u_way (
                .clk_i(clk_i), .rst_ni(rst_ni),
                .rd_en_i(rd_en), .rd_set_i(rd_set),
                .wr_en_i(wr_en[g]), .wr_set_i(drop_q ? drop_set_q : set_q),
                .wr_used_i(filling), .wr_rec_i(fill_q),
                .key_size_i(size_q),
                .key_vpn_i(filling ? fill_q[`TE_VPN_LSB +: 37]
                                   : {vpn_q[36] && key_stage_i != `STG_S2, vpn_q[35:0]}),
                .key_stage_i(filling ? fill_q[`TE_STAGE_LSB +: 2] : key_stage_i),
                .key_vmid_i(filling ? fill_q[`TE_VMID_LSB +: 16] : key_vmid_i),
                .key_asid_i(filling ? fill_q[`TE_ASID_LSB +: 16] : key_asid_i),
                .key_aset_i(filling ? fill_q[`TE_ASET_LSB] : key_aset_i),
                .inv_msg_i(inv_msg_i), .inv_same_i(drop_q && drop_set_q == set_q),
                .key_rnw_i(key_rnw_i), .key_priv_i(key_priv_i), .key_inst_i(key_inst_i),
                .used_o(used[g]), .hit_o(tag_hit[g]), .perm_o(perm[g]), .inv_hit_o(inv_hit[g]),
                .rec_o(rec[g*`TE_W +: `TE_W]));
        end
    endgenerate

    reg [WAY_W-1:0] hit_way, fill_way;
    integer k;
    always @(*) begin
        hit_way  = {WAY_W{1'b0}};
        fill_way = turn_q;
        for (k = WAYS - 1; k >= 0; k = k - 1) begin
            if (tag_hit[k]) hit_way  = k[WAY_W-1:0];
            if (!used[k])   fill_way = k[WAY_W-1:0];
        end
        if (|tag_hit) fill_way = hit_way;
        for (k = 0; k < WAYS; k = k + 1)
            wr_en[k] = state_q == ST_RESET || (filling && fill_way == k[WAY_W-1:0])
                    || (drop_q && inv_hit[k]);
    end

    assign hit       = look_q && read_q && (|tag_hit);
    assign lk_perm_o = look_q && read_q && (|(tag_hit & perm));
    assign lk_done_o = hit || todo_q == 7'd0;
    assign lk_rec_o  = rec[hit_way*`TE_W +: `TE_W];

    // ---- population: what is filled comes at once, what is written over goes a cycle later ----
    // (never too low: a size that counts as absent is not probed)
    reg  [WAYS-1:0]   over_q, lost_frag_q;
    wire [WAYS-1:0]   lost = over_q | (inv_hit & {WAYS{drop_q}});
    reg [3*WAYS-1:0]  lost_size_q;
    integer n;
    always @(posedge clk_i)
        for (n = 0; n < WAYS; n = n + 1) begin
            over_q[n]             <= rst_ni && filling && fill_way == n[WAY_W-1:0] && used[n];
            lost_size_q[n*3 +: 3] <= rec[n*`TE_W + `TE_SIZE_LSB +: 3];
            lost_frag_q[n]        <= rec[n*`TE_W + `TE_STAGE_LSB +: 2] != `STG_S2
                                     && rec[n*`TE_W + `TE_S1SIZE_LSB +: 3]
                                        != rec[n*`TE_W + `TE_SIZE_LSB +: 3];
        end

    reg [7*CNT_W-1:0] cnt_d;
    reg [CNT_W-1:0]   frag_d, less;
    integer           s, m;
    always @(*) begin
        less = {CNT_W{1'b0}};
        for (s = 0; s < 7; s = s + 1) begin
            less = {CNT_W{1'b0}};
            for (m = 0; m < WAYS; m = m + 1)
                less = less + {{(CNT_W-1){1'b0}}, lost[m] && lost_size_q[m*3 +: 3] == s[2:0]};
            cnt_d[s*CNT_W +: CNT_W] = cnt_q[s*CNT_W +: CNT_W] - less
                + {{(CNT_W-1){1'b0}}, filling && size_q == s[2:0]};
        end
        less = {CNT_W{1'b0}};
        for (m = 0; m < WAYS; m = m + 1)
            less = less + {{(CNT_W-1){1'b0}}, lost[m] && lost_frag_q[m]};
        frag_d = frag_q - less
            + {{(CNT_W-1){1'b0}}, filling && fill_q[`TE_STAGE_LSB +: 2] != `STG_S2
                                  && fill_q[`TE_S1SIZE_LSB +: 3] != size_q};
    end

    // ---- registers ------------------------------------------------------------------
    always @(posedge clk_i) begin
        if (!rst_ni) begin
            state_q <= ST_RESET;
            set_q   <= {SET_W{1'b0}};
            cnt_q   <= {(7*CNT_W){1'b0}};
            frag_q  <= {CNT_W{1'b0}};
            turn_q  <= {WAY_W{1'b0}};
            look_q  <= 1'b0;
            todo_q  <= 7'd0;
        end else begin
            if (look || inval) todo_q <= (go_fill || (go_inv && sweep)) ? 7'd0
                                       : (start || step || inval) ? (fresh ? left_1 : left_n)
                                                                  : todo_q;
            look_q <= go_look || (look_q && !lk_leave_i);
            cnt_q  <= cnt_d;
            frag_q <= frag_d;
            case (state_q)
                ST_RESET: begin
                    set_q <= set_q + 1'b1;
                    if (&set_q) state_q <= ST_LOOK;
                end
                ST_LOOK: begin
                    if (rd_en) set_q <= rd_set;
                    if (go_inv)       state_q <= ST_INVAL;
                    else if (go_fill) state_q <= ST_FILL;
                end
                ST_FILL: begin
                    state_q <= ST_LOOK;
                    turn_q  <= ({{(32-WAY_W){1'b0}}, turn_q} == WAYS - 1) ? {WAY_W{1'b0}}
                                                                         : turn_q + 1'b1;
                end
                default: begin
                    if (rd_en) set_q <= rd_set;
                    if (!more) state_q <= ST_LOOK;
                end
            endcase
        end
        if (start)   read_q <= present != 7'd0;
        if (go_look) vpn_q  <= lk_vpn_i;
        if (rd_en)   size_q <= rd_fill ? fill_size : fresh ? size_1 : size_n;
        if (go_fill) fill_q <= {fill_ent_i[`ENT_SIZE_LSB +: `TE_ENT_W], fill_vpn};
        if (go_inv) begin
            sweep_q <= sweep && present != 7'd0;
            next_q  <= {{(SET_W-1){1'b0}}, 1'b1};
        end else if (inval) begin
            next_q  <= next_q + 1'b1;
        end
    end

    wire unused_ok = &{1'b0, fill_ent_i};
endmodule
`default_nettype wire
