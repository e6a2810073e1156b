// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_front_merge
// Purpose: What each walk slot is walking for, so that a miss can join it: a walk
//          of the same page or, with unknown configuration, any walk that fetches it.
// Spec   : rules D4 (one walk per context and page), D18 (never join a walk that an
//          invalidation has overtaken)
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : msg_i cfg_hit_i  request looked up, and written for slot widx_i with take_i
//          overtaken_i  per walk slot;  wfree_*  pulse: slot released
// Out    : hit_o widx_o  walk to join;  free_o  number of free walk slots
// Limits : F_UUT requests join nothing; configuration requests join those of their
//          stream only, they need no page
// Tests  : tests/unit/test_front.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"

module smmu_front_merge #(
    parameter WALK_SLOTS = 8
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,

    input  wire [`UP_W-1:0]      msg_i,
    input  wire                  cfg_hit_i,     // its configuration is known
    output wire                  hit_o,
    output reg  [5:0]            widx_o,

    input  wire                  take_i,
    input  wire [5:0]            widx_i,
    input  wire [WALK_SLOTS-1:0] overtaken_i,
    input  wire                  wfree_valid_i,
    input  wire [5:0]            wfree_idx_i,
    output wire [6:0]            free_o
);
    localparam VPN_W   = 52;
    localparam SSV_LSB = 20 + VPN_W;
    localparam KEY_W   = 1 + 16 + 1 + SSV_LSB;

    wire [1:0]  kind = msg_i[`UP_KIND_LSB +: 2];
    wire        ssv  = msg_i[`UP_SSV_LSB];
    wire        page = kind == `UP_K_XLAT;
    wire        may_join = page || kind == `UP_K_CFG;
    wire [KEY_W-1:0] key = {page, msg_i[`UP_SID_LSB +: 16], ssv, msg_i[`UP_SSID_LSB +: 20],
                            msg_i[`UP_VA_LSB + 12 +: 52]};

    reg [WALK_SLOTS-1:0]       busy_q, join_q, fetch_q;
    reg [WALK_SLOTS*KEY_W-1:0] key_q;
    reg [6:0]                  free_q;
    wire [WALK_SLOTS-1:0]      same;

    genvar g;
    generate
        for (g = 0; g < WALK_SLOTS; g = g + 1) begin : g_slot
            localparam [5:0] ME = g;
            wire [KEY_W-1:0] diff = key_q[g*KEY_W +: KEY_W] ^ key;
            // SSID and page count only where there is one; with the configuration unknown to both,
            // the page does not matter
            assign same[g] = busy_q[g] && join_q[g] && !overtaken_i[g]
                          && diff[KEY_W-1:SSV_LSB] == {(KEY_W-SSV_LSB){1'b0}}
                          && (!ssv || diff[SSV_LSB-1:VPN_W] == {(SSV_LSB-VPN_W){1'b0}})
                          && (!page || diff[VPN_W-1:0] == {VPN_W{1'b0}}
                              || (fetch_q[g] && !cfg_hit_i));
            wire born = take_i && widx_i == ME;
            always @(posedge clk_i) begin
                if (!rst_ni)   busy_q[g] <= 1'b0;
                else if (born) busy_q[g] <= 1'b1;
                else if (wfree_valid_i && wfree_idx_i == ME) busy_q[g] <= 1'b0;
                if (born) begin
                    join_q[g]                 <= may_join;
                    fetch_q[g]                <= !cfg_hit_i;
                    key_q[g*KEY_W +: KEY_W]   <= key;
                end
            end
        end
    endgenerate

    integer i;
    always @(*) begin
        widx_o = 6'd0;
        for (i = 0; i < WALK_SLOTS; i = i + 1)
            if (same[i]) widx_o = i[5:0];
    end
    assign hit_o  = may_join && (|same);
    assign free_o = free_q;

    localparam [31:0] ALL = WALK_SLOTS;
    always @(posedge clk_i)
        if (!rst_ni) free_q <= ALL[6:0];
        else         free_q <= free_q - {6'd0, take_i} + {6'd0, wfree_valid_i};

    wire unused_ok = &{1'b0, msg_i};
endmodule
`default_nettype wire
