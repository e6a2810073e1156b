// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tlb
// Purpose: Main TLB: set-associative, all sizes in one RAM per way.
// Spec   : IHI 0070 4.4; TAG-005..009, TAG-017, TAG-022, TLB-011..026; rules D7, D14
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : lk_*    lookup: one size a cycle; lk_done_o pulse with lk_hit_o, lk_ent_o
//          fill_*  ENT; 2 cycles; replaces the same tag, a free way, else in turn
//          inv_*   INV; held until inv_ready_o: completely done
// Out    : ready_o the reset sweep is over
// Limits : one operation at a time, invalidation first; SID, SSV, SSID of lk_ent_o are 0
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
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
    input  wire [1:0]          lk_stage_i,
    input  wire [15:0]         lk_vmid_i,
    input  wire [15:0]         lk_asid_i,
    input  wire                lk_aset_i,
    output wire                lk_done_o,
    output wire                lk_hit_o,
    output wire [`ENT_W-1:0]   lk_ent_o,

    input  wire                fill_valid_i,
    output wire                fill_ready_o,
    input  wire [`ENT_W-1:0]   fill_ent_i,

    input  wire                inv_valid_i,
    output wire                inv_ready_o,
    input  wire [`INV_W-1:0]   inv_msg_i
);
    localparam E_W   = `ENT_W - `ENT_VPN_LSB;       // without the stream
    localparam R_W   = E_W + 1;                     // valid on top
    localparam CNT_W = SET_W + WAY_W + 1;

    localparam [2:0] S_RESET = 3'd0, S_IDLE = 3'd1, S_LOOK = 3'd2, S_FILL = 3'd3,
                     S_IREAD = 3'd4, S_IWRITE = 3'd5, S_IDONE = 3'd6;

    function [SET_W-1:0] index;
        input [35:0] vpn;
        input [2:0]  size;
        /* verilator lint_off UNUSEDSIGNAL */
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
            index = s[SET_W-1:0];
        end
    endfunction

    function [36:0] inside;         // pages inside an entry
        input [2:0] size;
        case (size)
            `SZ_4K:   inside = 37'd0;
            `SZ_16K:  inside = 37'h3;
            `SZ_64K:  inside = 37'hf;
            `SZ_2M:   inside = 37'h1ff;
            `SZ_32M:  inside = 37'h1fff;
            `SZ_512M: inside = 37'h1ffff;
            default:  inside = 37'h3ffff;
        endcase
    endfunction

    reg [2:0]         state_q;
    reg [SET_W-1:0]   set_q;        // set that is read or swept
    reg [6:0]         todo_q;       // sizes still to probe
    reg               sweep_q, probed_q;
    reg [2:0]         size_q;       // size whose set is on the RAM outputs
    reg [7*CNT_W-1:0] cnt_q;
    reg [CNT_W-1:0]   frag_q;
    reg [WAY_W-1:0]   turn_q;
    reg [36:0]        vpn_q;
    reg [1:0]         stage_q;
    reg [15:0]        vmid_q, asid_q;
    reg               aset_q;
    reg [E_W-1:0]     fill_q;

    reg [6:0] present;
    reg [2:0] size;                 // next size to probe
    integer   i;
    always @(*) begin
        size = 3'd0;
        for (i = 6; i >= 0; i = i - 1) begin
            present[i] = cnt_q[i*CNT_W +: CNT_W] != {CNT_W{1'b0}};
            if (todo_q[i]) size = i[2:0];
        end
    end
    wire [6:0] rest = todo_q & (todo_q - 7'd1);

    wire idle    = state_q == S_IDLE;
    wire go_inv  = idle && inv_valid_i;
    wire go_fill = idle && !inv_valid_i && fill_valid_i;
    wire go_look = idle && !inv_valid_i && !fill_valid_i && lk_valid_i;
    assign fill_ready_o = idle && !inv_valid_i;
    assign lk_ready_o   = idle && !inv_valid_i && !fill_valid_i;
    assign inv_ready_o  = state_q == S_IDONE;
    assign ready_o      = state_q != S_RESET;

    wire [35:0] inv_vpn = inv_msg_i[`INV_VPN_LSB +: 36];
    wire [36:0] f_vpn   = {fill_ent_i[`ENT_VPN_LSB+43], fill_ent_i[`ENT_VPN_LSB +: 36]};
    wire [SET_W-1:0] rd_set = idle ? index(f_vpn[35:0], fill_ent_i[`ENT_SIZE_LSB +: 3])
                            : state_q == S_LOOK ? index(vpn_q[35:0], size)
                            : sweep_q ? set_q : index(inv_vpn, size);
    wire rd_en = go_fill || (state_q == S_LOOK && todo_q != 7'd0) || state_q == S_IREAD;

    // ways
    wire [WAYS*R_W-1:0] rd;
    wire [WAYS-1:0]     tag_hit, inv_hit, used;
    reg  [WAYS-1:0]     wr_en;
    wire [R_W-1:0]      wr_data = (state_q == S_FILL) ? {1'b1, fill_q} : {R_W{1'b0}};
    genvar w;
    generate
        for (w = 0; w < WAYS; w = w + 1) begin : g_way
            wire [`ENT_W-1:0] e    = {rd[w*R_W +: E_W], {`ENT_VPN_LSB{1'b0}}};
            wire [36:0]       vpn  = {e[`ENT_VPN_LSB+43], e[`ENT_VPN_LSB +: 36]};
            wire [1:0]        stg  = e[`ENT_STAGE_LSB +: 2];
            wire              hit;
            wire              unused_e = &{1'b0, e};
            assign used[w] = rd[w*R_W+E_W];
            assign tag_hit[w] = used[w] && e[`ENT_SIZE_LSB +: 3] == size_q && stg == stage_q
                && e[`ENT_VMID_LSB +: 16] == vmid_q
                && (stg == `STG_S2 || (e[`ENT_NG_LSB] ? e[`ENT_ASID_LSB +: 16] == asid_q
                                                      : e[`ENT_ASET_LSB] == aset_q))
                && (((stg == `STG_S2) ? {1'b0, vpn[35:0] ^ vpn_q[35:0]} : vpn ^ vpn_q)
                    & ~inside(size_q)) == 37'd0;
            smmu_inv_match u_match (
                .inv_i(inv_msg_i), .stage_i(stg),
                .vmid_i(e[`ENT_VMID_LSB +: 16]), .asid_i(e[`ENT_ASID_LSB +: 16]),
                .ng_i(e[`ENT_NG_LSB]), .aset_i(e[`ENT_ASET_LSB]),
                .vpn_i((stg == `STG_S2) ? {1'b0, vpn[35:0]} : vpn),
                .size_i((stg == `STG_S2) ? e[`ENT_SIZE_LSB +: 3] : e[`ENT_S1SIZE_LSB +: 3]),
                .hit_o(hit));
            assign inv_hit[w] = used[w] && hit;
            util_ram_1r1w #(.WIDTH(R_W), .DEPTH(SETS), .ADDR_W(SET_W)) u_ram (
                .clk_i(clk_i), .rd_en_i(rd_en), .rd_addr_i(rd_set), .rd_data_o(rd[w*R_W +: R_W]),
                .wr_en_i(wr_en[w]), .wr_addr_i(set_q), .wr_data_i(wr_data));
        end
    endgenerate

    // way of a hit, way of a fill
    reg [WAY_W-1:0] hit_way, free_way;
    integer k;
    always @(*) begin
        hit_way  = {WAY_W{1'b0}};
        free_way = turn_q;
        for (k = WAYS - 1; k >= 0; k = k - 1) begin
            if (tag_hit[k]) hit_way  = k[WAY_W-1:0];
            if (!used[k])   free_way = k[WAY_W-1:0];
        end
    end
    wire [WAY_W-1:0] fill_way = (|tag_hit) ? hit_way : free_way;

    integer m;
    always @(*)
        for (m = 0; m < WAYS; m = m + 1)
            wr_en[m] = state_q == S_RESET || (state_q == S_FILL && fill_way == m[WAY_W-1:0])
                    || (state_q == S_IWRITE && inv_hit[m]);

    wire found = probed_q && (|tag_hit);
    assign lk_hit_o  = found;
    assign lk_done_o = state_q == S_LOOK && (found || todo_q == 7'd0);
    assign lk_ent_o  = {rd[hit_way*R_W +: E_W], {`ENT_VPN_LSB{1'b0}}};

    // counters: what is written over leaves, what is filled comes
    localparam SZ_P  = `ENT_SIZE_LSB - `ENT_VPN_LSB;
    localparam S1_P  = `ENT_S1SIZE_LSB - `ENT_VPN_LSB;
    localparam STG_P = `ENT_STAGE_LSB - `ENT_VPN_LSB;
    reg [7*CNT_W-1:0] cnt;
    reg [CNT_W-1:0]   frag;
    integer n, z;
    always @(*) begin
        z    = 0;
        cnt  = cnt_q;
        frag = frag_q;
        for (n = 0; n < WAYS; n = n + 1)
            if (wr_en[n] && used[n] && state_q != S_RESET) begin
                for (z = 0; z < 7; z = z + 1)
                    if (rd[n*R_W+SZ_P +: 3] == z[2:0])
                        cnt[z*CNT_W +: CNT_W] = cnt[z*CNT_W +: CNT_W] - 1'b1;
                if (rd[n*R_W+STG_P +: 2] != `STG_S2 && rd[n*R_W+SZ_P +: 3] != rd[n*R_W+S1_P +: 3])
                    frag = frag - 1'b1;
            end
        if (state_q == S_FILL) begin
            for (z = 0; z < 7; z = z + 1)
                if (fill_q[SZ_P +: 3] == z[2:0])
                    cnt[z*CNT_W +: CNT_W] = cnt[z*CNT_W +: CNT_W] + 1'b1;
            if (fill_q[STG_P +: 2] != `STG_S2 && fill_q[SZ_P +: 3] != fill_q[S1_P +: 3])
                frag = frag + 1'b1;
        end
    end

    wire sweep = !inv_msg_i[`INV_VAV_LSB] || inv_msg_i[`INV_RANGE_LSB] || frag_q != {CNT_W{1'b0}};
    wire none  = inv_msg_i[`INV_CFG_LSB] || present == 7'd0;
    wire last  = set_q == {SET_W{1'b1}};

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            state_q <= S_RESET;
            set_q   <= {SET_W{1'b0}};
            cnt_q   <= {(7*CNT_W){1'b0}};
            frag_q  <= {CNT_W{1'b0}};
            turn_q  <= {WAY_W{1'b0}};
        end else begin
            cnt_q  <= cnt;
            frag_q <= frag;
            case (state_q)
                S_RESET: begin
                    set_q <= set_q + 1'b1;
                    if (last) state_q <= S_IDLE;
                end
                S_IDLE: begin
                    set_q <= go_inv ? {SET_W{1'b0}} : rd_set;
                    if (go_inv)       state_q <= none ? S_IDONE : S_IREAD;
                    else if (go_fill) state_q <= S_FILL;
                    else if (go_look) state_q <= S_LOOK;
                end
                S_LOOK: if (lk_done_o) state_q <= S_IDLE;
                S_FILL: begin
                    state_q <= S_IDLE;
                    turn_q  <= ({{(32-WAY_W){1'b0}}, turn_q} == WAYS - 1) ? {WAY_W{1'b0}} : turn_q + 1'b1;
                end
                S_IREAD: begin
                    state_q <= S_IWRITE;
                    set_q   <= rd_set;
                end
                S_IWRITE: begin
                    state_q <= (sweep_q ? last : todo_q == 7'd0) ? S_IDONE : S_IREAD;
                    set_q   <= set_q + 1'b1;
                end
                default: state_q <= S_IDLE;
            endcase
        end
        if (idle) begin
            sweep_q  <= sweep;
            todo_q   <= present;
            probed_q <= 1'b0;
            size_q   <= fill_ent_i[`ENT_SIZE_LSB +: 3];
            fill_q   <= fill_ent_i[`ENT_W-1:`ENT_VPN_LSB];
            vpn_q    <= fill_valid_i ? f_vpn : lk_vpn_i;
            stage_q  <= fill_valid_i ? fill_ent_i[`ENT_STAGE_LSB +: 2] : lk_stage_i;
            vmid_q   <= fill_valid_i ? fill_ent_i[`ENT_VMID_LSB +: 16] : lk_vmid_i;
            asid_q   <= fill_valid_i ? fill_ent_i[`ENT_ASID_LSB +: 16] : lk_asid_i;
            aset_q   <= fill_valid_i ? fill_ent_i[`ENT_ASET_LSB] : lk_aset_i;
        end else if (state_q == S_LOOK || state_q == S_IREAD) begin
            todo_q   <= rest;
            size_q   <= size;
            probed_q <= todo_q != 7'd0;
        end
    end

    wire unused_ok = &{1'b0, fill_ent_i};
endmodule
`default_nettype wire
