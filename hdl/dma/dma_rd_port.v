// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : dma_rd_port
// Purpose: Let all queues share the AXI read channels: round robin on AR, a
//          registered R beat sorted back by its ID (the queue number).
// Spec   : architecture.md section 2
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : req_*  one burst offered per queue;  m_axi_r*
// Out    : m_axi_ar*;  r_*  the beat, one-hot valid per queue
// Stalls : AR waits for ARREADY and holds the other queues' AR meanwhile;
//          R is always taken, as room was reserved before AR
// Limits : one AR a cycle, one R beat a cycle
// Tests  : tests/unit/test_dma.py
//-----------------------------------------------------------------------------
`default_nettype none

module dma_rd_port #(
    parameter NUM_QUEUES = 8,
    parameter QUEUE_W    = 3,
    parameter DATA_W     = 128,
    parameter ID_W       = 8,
    parameter SSID_W     = 20
) (
    input  wire                         clk_i,
    input  wire                         rst_ni,

    input  wire [NUM_QUEUES-1:0]        req_valid_i,
    input  wire [NUM_QUEUES*64-1:0]     req_addr_i,
    input  wire [NUM_QUEUES*8-1:0]      req_len_i,
    input  wire [NUM_QUEUES*SSID_W-1:0] req_ssid_i,
    input  wire [NUM_QUEUES-1:0]        req_ssidv_i,
    output wire [NUM_QUEUES-1:0]        req_grant_o,

    output wire                         m_axi_arvalid,
    input  wire                         m_axi_arready,
    output wire [ID_W-1:0]              m_axi_arid,
    output wire [63:0]                  m_axi_araddr,
    output wire [7:0]                   m_axi_arlen,
    output wire [SSID_W-1:0]            m_axi_armmussid,
    output wire                         m_axi_armmussidv,

    input  wire                         m_axi_rvalid,
    output wire                         m_axi_rready,
    input  wire [ID_W-1:0]              m_axi_rid,
    input  wire [DATA_W-1:0]            m_axi_rdata,
    input  wire [1:0]                   m_axi_rresp,
    input  wire                         m_axi_rlast,

    output wire [NUM_QUEUES-1:0]        r_valid_o,
    output wire [QUEUE_W-1:0]           r_queue_o,
    output wire [DATA_W-1:0]            r_data_o,
    output wire [1:0]                   r_resp_o,
    output wire                         r_last_o
);
    // ---- AR ---------------------------------------------------------------------
    reg                ar_valid_q;
    reg [QUEUE_W-1:0]  ar_queue_q;
    reg [63:0]         ar_addr_q;
    reg [7:0]          ar_len_q;
    reg [SSID_W-1:0]   ar_ssid_q;
    reg                ar_ssidv_q;

    wire               pick_valid;
    wire [QUEUE_W-1:0] pick;
    wire               take = pick_valid && (!ar_valid_q || m_axi_arready);

    util_rr_pick #(.N(NUM_QUEUES), .PICK_W(QUEUE_W)) u_pick (
        .clk_i   (clk_i),
        .rst_ni  (rst_ni),
        .req_i   (req_valid_i),
        .take_i  (take),
        .valid_o (pick_valid),
        .pick_o  (pick)
    );

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            ar_valid_q <= 1'b0;
            ar_queue_q <= {QUEUE_W{1'b0}};
            ar_addr_q  <= 64'd0;
            ar_len_q   <= 8'd0;
            ar_ssid_q  <= {SSID_W{1'b0}};
            ar_ssidv_q <= 1'b0;
        end else if (take) begin
            ar_valid_q <= 1'b1;
            ar_queue_q <= pick;
            ar_addr_q  <= req_addr_i[pick*64 +: 64];
            ar_len_q   <= req_len_i[pick*8 +: 8];
            ar_ssid_q  <= req_ssid_i[pick*SSID_W +: SSID_W];
            ar_ssidv_q <= req_ssidv_i[pick];
        end else if (m_axi_arready) begin
            ar_valid_q <= 1'b0;
        end
    end

    assign m_axi_arvalid    = ar_valid_q;
    assign m_axi_arid       = {{(ID_W-QUEUE_W){1'b0}}, ar_queue_q};
    assign m_axi_araddr     = ar_addr_q;
    assign m_axi_arlen      = ar_len_q;
    assign m_axi_armmussid  = ar_ssid_q;
    assign m_axi_armmussidv = ar_ssidv_q;

    // ---- R ----------------------------------------------------------------------
    reg                r_valid_q;
    reg [QUEUE_W-1:0]  r_queue_q;
    reg [DATA_W-1:0]   r_data_q;
    reg [1:0]          r_resp_q;
    reg                r_last_q;

    // an ID that no queue owns cannot be an answer to this engine
    wire rid_known = ({{(32-ID_W){1'b0}}, m_axi_rid} < NUM_QUEUES);

    always @(posedge clk_i) begin
        if (!rst_ni) r_valid_q <= 1'b0;
        else         r_valid_q <= m_axi_rvalid && rid_known;
        r_queue_q <= m_axi_rid[QUEUE_W-1:0];
        r_data_q  <= m_axi_rdata;
        r_resp_q  <= m_axi_rresp;
        r_last_q  <= m_axi_rlast;
    end

    assign m_axi_rready = 1'b1;
    assign r_queue_o    = r_queue_q;
    assign r_data_o     = r_data_q;
    assign r_resp_o     = r_resp_q;
    assign r_last_o     = r_last_q;

    genvar g;
    generate
        for (g = 0; g < NUM_QUEUES; g = g + 1) begin : g_queue
            assign req_grant_o[g] = take && (pick == g[QUEUE_W-1:0]);
            assign r_valid_o[g]   = r_valid_q && (r_queue_q == g[QUEUE_W-1:0]);
        end
    endgenerate
endmodule

`default_nettype wire
