// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_epoch
// Purpose: Epochs, SYNC and MODE: answers a tag once everything that left before
//          it has had its response; keeps the two mode registers.
// Spec   : D17, D20; INI-002, INI-013, INI-014, STL-013
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : dn_sync_i, dn_mode_i  pulses, with dn_tag_i and the MODE body
//          iss_i, done_*         transactions that leave / are over, per direction
//          mode_used_i           who was taken under mode register 0 / 1 and may
//                                still need a translation
// Out    : epoch_o, mode_sel_o (current register), mode_o (both), off_o
//          sync_*                UP_K_SYNC to be sent
// Stalls : nobody
// Limits : one outstanding SYNC per tag, as three tags and four epochs need: the
//          epoch entered is empty, or else all three tags would be waiting
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"

module smmu_tbu_epoch #(
    parameter CNT_W      = 12,  // counts all transactions in flight of both directions
    parameter GBPA_ABORT = 0    // reset value of GBPA.ABORT (INI-002)
) (
    input  wire                 clk_i,
    input  wire                 rst_ni,

    input  wire                 dn_sync_i,
    input  wire                 dn_mode_i,
    input  wire [1:0]           dn_tag_i,
    input  wire [`MODE_W-1:0]   dn_mode_body_i,

    input  wire [1:0]           iss_i,
    input  wire [1:0]           done_i,
    input  wire [3:0]           done_epoch_i,   // read in the low half
    input  wire [1:0]           mode_used_i,

    output wire [1:0]           epoch_o,
    output wire                 mode_sel_o,
    output wire [2*`MODE_W-1:0] mode_o,
    output wire                 off_o,          // SMMUEN is 0

    output wire                 sync_valid_o,
    output wire [1:0]           sync_tag_o,
    input  wire                 sync_grant_i
);
    localparam [31:0] GBPA_RST = `GBPA_RESET | ((GBPA_ABORT != 0) ? 32'd1 << `GBPA_ABORT_LSB : 32'd0);
    localparam [`MODE_W-1:0] MODE_RESET = {GBPA_RST, 1'b0};

    // ---- counters ----------------------------------------------------------------------
    reg  [1:0] epoch_q;
    wire [3:0] used;

    // Both count a cycle later, as they come late; an epoch is in use meanwhile.
    reg  [1:0] iss_q, iss_epoch_q, done_q;
    reg  [3:0] done_epoch_q;
    always @(posedge clk_i) begin
        iss_q        <= iss_i & {2{rst_ni}};
        iss_epoch_q  <= epoch_q;
        done_q       <= done_i & {2{rst_ni}};
        done_epoch_q <= done_epoch_i;
    end

    genvar g;
    generate
        for (g = 0; g < 4; g = g + 1) begin : g_epoch
            reg  [CNT_W-1:0] count_q;
            wire here = (iss_epoch_q == g[1:0]);
            wire [CNT_W-1:0] more = {{(CNT_W-1){1'b0}}, iss_q[0] && here}
                                  + {{(CNT_W-1){1'b0}}, iss_q[1] && here};
            wire [CNT_W-1:0] less = {{(CNT_W-1){1'b0}}, done_q[0] && done_epoch_q[1:0] == g[1:0]}
                                  + {{(CNT_W-1){1'b0}}, done_q[1] && done_epoch_q[3:2] == g[1:0]};
            always @(posedge clk_i)
                if (!rst_ni) count_q <= {CNT_W{1'b0}};
                else         count_q <= count_q + more - less;
            assign used[g] = |count_q || (here && |iss_q);
        end
    endgenerate

    wire next = dn_sync_i || dn_mode_i;
    always @(posedge clk_i)
        if (!rst_ni)   epoch_q <= 2'd0;
        else if (next) epoch_q <= epoch_q + 2'd1;

    // ---- mode ------------------------------------------------------------------------------
    reg               sel_q;
    reg [`MODE_W-1:0] mode0_q, mode1_q;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            sel_q   <= 1'b0;
            mode0_q <= MODE_RESET;
            mode1_q <= MODE_RESET;
        end else if (dn_mode_i) begin
            sel_q <= !sel_q;
            if (sel_q) mode0_q <= dn_mode_body_i;
            else       mode1_q <= dn_mode_body_i;
        end
    end

    // ---- tags ---------------------------------------------------------------------------------
    wire [2:0] ready, take;
    generate
        for (g = 0; g < 3; g = g + 1) begin : g_tag
            reg       open_q, slots_q;      // slots_q: wait for the old mode, too
            reg [3:0] wait_q;               // epochs not seen empty yet
            wire      mine = next && (dn_tag_i == g[1:0]);
            wire      old  = mode_used_i[!sel_q];

            assign ready[g] = open_q && wait_q == 4'd0 && !(slots_q && old);
            always @(posedge clk_i) begin
                if (!rst_ni) begin
                    open_q  <= 1'b0;
                    slots_q <= 1'b0;
                    wait_q  <= 4'd0;
                end else if (mine) begin
                    open_q  <= 1'b1;
                    slots_q <= dn_mode_i;
                    // all but the epoch entered, which may be used again meanwhile
                    wait_q  <= ~(4'd1 << (epoch_q + 2'd1));
                end else begin
                    if (take[g]) open_q <= 1'b0;
                    wait_q <= wait_q & used;
                end
            end
        end
    endgenerate

    assign sync_valid_o = |ready;
    assign sync_tag_o   = ready[0] ? `TAG_CMD : ready[1] ? `TAG_DVM : `TAG_MODE;
    assign take         = {ready[2] && !ready[1] && !ready[0], ready[1] && !ready[0], ready[0]}
                        & {3{sync_grant_i}};

    assign epoch_o    = epoch_q;
    assign mode_sel_o = sel_q;
    assign mode_o     = {mode1_q, mode0_q};
    assign off_o      = !(sel_q ? mode1_q[`MODE_SMMUEN_LSB] : mode0_q[`MODE_SMMUEN_LSB]);
endmodule

`default_nettype wire
