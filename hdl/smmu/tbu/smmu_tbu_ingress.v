// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_ingress
// Purpose: Takes address requests of one direction from the pins into the input
//          register S1, with what can be said about them at once.
// Spec   : FLT-018 (unsupported transactions), ATT-040, ATT-041, INI-014 (one
//          mode for the whole passage: sampled when S1 is loaded)
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : ax_*     the pins of AR or AW;  nostall_i  strap
//          open_i   0 until the reset sweeps are over
//          mode_i   which mode register is current
//          s1_sure_i  S1 goes in this cycle, whatever its lookup tells
//          s1_done_i  S1 has left or has a slot
// Out    : s1_valid_o, s1_req_o    {ID, AX}
//          s1_gone_o  it went a cycle ago without being sure: the request still stands there
// Stalls : S1 stalls the port
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_tbu.vh"

module smmu_tbu_ingress #(
    parameter ID_W = 8
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,

    input  wire                  ax_valid_i,
    output wire                  ax_ready_o,
    input  wire [ID_W-1:0]       ax_id_i,
    input  wire [63:0]           ax_addr_i,
    input  wire [7:0]            ax_len_i,
    input  wire [2:0]            ax_size_i,
    input  wire [1:0]            ax_burst_i,
    input  wire                  ax_lock_i,
    input  wire [3:0]            ax_cache_i,
    input  wire [2:0]            ax_prot_i,
    input  wire [3:0]            ax_qos_i,
    input  wire [1:0]            ax_domain_i,
    input  wire [15:0]           ax_sid_i,
    input  wire                  ax_ssidv_i,
    input  wire [19:0]           ax_ssid_i,
    input  wire [1:0]            ax_secsid_i,
    input  wire [1:0]            ax_flow_i,
    input  wire [5:0]            ax_atop_i,
    input  wire                  nostall_i,

    input  wire                  open_i,
    input  wire                  mode_i,
    output wire                  s1_valid_o,
    output wire [ID_W+`AX_W-1:0] s1_req_o,
    output wire                  s1_gone_o,
    input  wire                  s1_sure_i,
    input  wire                  s1_done_i
);
    localparam [1:0] BURST_INCR   = 2'd1;
    localparam [1:0] FLOW_NOSTALL = 2'd2;
    localparam       PIN_W        = ID_W + `AX_W - 1;      // all but the mode bit

    // ---- what the pins tell ------------------------------------------------------
    // Only INCR can cross: FIXED stays, WRAP is aligned to its size. Offset of the
    // last beat in the page, counted from the aligned start.
    wire [14:0] span    = {7'd0, ax_len_i} << ax_size_i;
    wire [11:0] start   = (ax_addr_i[11:0] >> ax_size_i) << ax_size_i;
    wire        crosses = (ax_burst_i == BURST_INCR) &&
                          (({1'b0, span} + {4'd0, start}) > 16'hfff);
    wire        uut     = crosses || (ax_atop_i != 6'd0);
    wire        secbad  = (ax_secsid_i != 2'd0);
    wire        nostall = nostall_i || (ax_flow_i == FLOW_NOSTALL);

    // AtomicLoad, Swap and Compare are answered on R too; Compare returns half of what it sends
    wire [1:0]  atomr   = {&ax_atop_i[5:4] && ax_atop_i[0], ax_atop_i[5]};

    // SSID counts only with SSV (ATT-039)
    wire [19:0] ssid = ax_ssidv_i ? ax_ssid_i : 20'd0;

    wire [PIN_W-1:0] pin = {
        ax_id_i, atomr, uut, secbad, nostall, ssid, ax_ssidv_i, ax_sid_i, ax_domain_i, ax_qos_i,
        ax_prot_i, ax_cache_i, ax_lock_i, ax_burst_i, ax_size_i, ax_len_i, ax_addr_i};

    // ---- skid and S1 -------------------------------------------------------------
    wire             skid_valid;
    wire [PIN_W-1:0] skid;
    reg              s1_valid_q, s1_gone_q, s1_mode_q;
    reg  [PIN_W-1:0] s1_q;

    // What the lookup tells comes too late to load S1 in its cycle.
    wire s1_load = open_i && (!s1_valid_q || s1_gone_q || s1_sure_i);

    util_skid #(.WIDTH(PIN_W)) u_skid (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .in_valid_i(ax_valid_i), .in_ready_o(ax_ready_o), .in_data_i(pin),
        .out_valid_o(skid_valid), .out_ready_i(s1_load), .out_data_o(skid));

    always @(posedge clk_i) begin
        if (!rst_ni)      s1_valid_q <= 1'b0;
        else if (s1_load) s1_valid_q <= skid_valid;
        s1_gone_q <= rst_ni && s1_done_i && !s1_sure_i;
        if (s1_load) begin
            s1_q      <= skid;
            s1_mode_q <= mode_i;
        end
    end

    assign s1_valid_o = s1_valid_q && !s1_gone_q;
    assign s1_gone_o  = s1_gone_q;
    assign s1_req_o   = {s1_q[PIN_W-1 -: ID_W], s1_mode_q, s1_q[`AX_W-2:0]};
endmodule

`default_nettype wire
