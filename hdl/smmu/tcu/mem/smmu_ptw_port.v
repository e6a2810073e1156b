// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_ptw_port
// Purpose: The AXI port of the SMMU itself: walk, command and DVM Complete reads,
//          event and MSI writes, one turn each. Reads and writes share nothing.
// Spec   : IHI 0070 13.1.2, 14.3; MEM-005, MEM-010, IRQ-005, IRQ-007, IRQ-013; D21
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : walk_ar_*, cmdq_ar_*, dvmc_*   reads; to the pins in the same cycle, and
//          into one hold register when the memory does not take them at once
//          evtq_w_*, msi_w_*   a write of 1 or 2 beats; AW and W leave independently
// Out    : R and B go to the client that the ID names; both are always taken
// Limits : one write in the registers; IDs are {2'b00, walk slot}, 0x40 commands,
//          0x41 DVM Complete, 0x42 events, 0x43 + source MSIs
// Tests  : tests/unit/test_ptw_port.py
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_ptw_port #(
    parameter               DEVID_W   = 32,
    parameter [DEVID_W-1:0] MSI_DEVID = 65536   // no StreamID is: they have 16 bits (IRQ-007)
) (
    input  wire         clk_i,
    input  wire         rst_ni,
    // walker reads
    input  wire         walk_ar_valid_i,
    output wire         walk_ar_ready_o,
    input  wire [5:0]   walk_ar_id_i,
    input  wire [47:0]  walk_ar_addr_i,
    input  wire [7:0]   walk_ar_len_i,
    input  wire [2:0]   walk_ar_size_i,
    input  wire [1:0]   walk_ar_burst_i,
    input  wire [3:0]   walk_ar_cache_i,
    input  wire [1:0]   walk_ar_domain_i,
    output wire         walk_r_valid_o,
    output wire [5:0]   walk_r_id_o,
    // command reads
    input  wire         cmdq_ar_valid_i,
    output wire         cmdq_ar_ready_o,
    input  wire [47:0]  cmdq_ar_addr_i,
    input  wire [7:0]   cmdq_ar_len_i,
    input  wire [3:0]   cmdq_ar_cache_i,
    input  wire [1:0]   cmdq_ar_domain_i,
    output wire         cmdq_r_valid_o,
    // shared by both read clients
    output wire [127:0] r_data_o,
    output wire [1:0]   r_resp_o,
    output wire         r_last_o,
    // DVM Complete
    input  wire         dvmc_valid_i,
    output wire         dvmc_ready_o,
    input  wire [1:0]   dvmc_domain_i,
    output wire         dvmc_done_o,
    // event writes
    input  wire         evtq_w_valid_i,
    output wire         evtq_w_ready_o,
    input  wire [47:0]  evtq_w_addr_i,
    input  wire         evtq_w_len_i,
    input  wire [255:0] evtq_w_data_i,
    input  wire [31:0]  evtq_w_strb_i,
    input  wire [3:0]   evtq_w_cache_i,
    input  wire [1:0]   evtq_w_domain_i,
    output wire         evtq_b_valid_o,
    // MSI writes
    input  wire         msi_w_valid_i,
    output wire         msi_w_ready_o,
    input  wire [1:0]   msi_w_src_i,
    input  wire [47:0]  msi_w_addr_i,
    input  wire         msi_w_len_i,
    input  wire [255:0] msi_w_data_i,
    input  wire [31:0]  msi_w_strb_i,
    input  wire [3:0]   msi_w_cache_i,
    input  wire [1:0]   msi_w_domain_i,
    output wire         msi_b_valid_o,
    output wire [1:0]   msi_b_src_o,
    output wire [1:0]   b_resp_o,       // shared by both write clients
    // pins
    output wire               ptw_axi_awvalid,
    input  wire               ptw_axi_awready,
    output wire [7:0]         ptw_axi_awid,
    output wire [47:0]        ptw_axi_awaddr,
    output wire [7:0]         ptw_axi_awlen,
    output wire [2:0]         ptw_axi_awsize,
    output wire [1:0]         ptw_axi_awburst,
    output wire               ptw_axi_awlock,
    output wire [3:0]         ptw_axi_awcache,
    output wire [2:0]         ptw_axi_awprot,
    output wire [3:0]         ptw_axi_awqos,
    output wire [1:0]         ptw_axi_awdomain,
    output wire [DEVID_W-1:0] ptw_axi_awsid,
    output wire               ptw_axi_wvalid,
    input  wire               ptw_axi_wready,
    output wire [127:0]       ptw_axi_wdata,
    output wire [15:0]        ptw_axi_wstrb,
    output wire               ptw_axi_wlast,
    input  wire               ptw_axi_bvalid,
    output wire               ptw_axi_bready,
    input  wire [7:0]         ptw_axi_bid,
    input  wire [1:0]         ptw_axi_bresp,
    output wire               ptw_axi_arvalid,
    input  wire               ptw_axi_arready,
    output wire [7:0]         ptw_axi_arid,
    output wire [47:0]        ptw_axi_araddr,
    output wire [7:0]         ptw_axi_arlen,
    output wire [2:0]         ptw_axi_arsize,
    output wire [1:0]         ptw_axi_arburst,
    output wire               ptw_axi_arlock,
    output wire [3:0]         ptw_axi_arcache,
    output wire [2:0]         ptw_axi_arprot,
    output wire [3:0]         ptw_axi_arqos,
    output wire [1:0]         ptw_axi_ardomain,
    output wire [3:0]         ptw_axi_arsnoop,
    input  wire               ptw_axi_rvalid,
    output wire               ptw_axi_rready,
    input  wire [7:0]         ptw_axi_rid,
    input  wire [127:0]       ptw_axi_rdata,
    input  wire [1:0]         ptw_axi_rresp,
    input  wire               ptw_axi_rlast
);
    localparam [7:0] ID_CMDQ = 8'h40,
                     ID_DVMC = 8'h41,
                     ID_EVTQ = 8'h42,
                     ID_MSI  = 8'h43;           // and the two above: one a source
    localparam       AR_W    = 8 + 48 + 8 + 3 + 2 + 4 + 2 + 4;

    // ---- reads of commands and DVM Completes wait in a register ------------------------
    reg            queue_q;
    reg [AR_W-1:0] queue_ar_q;
    wire           queue_any, queue_pick, queue_turn;
    wire           queue_free = !queue_q || queue_turn;

    util_rr_pick #(.N(2), .PICK_W(1)) u_ar_pick (
        .clk_i   (clk_i),
        .rst_ni  (rst_ni),
        .req_i   ({dvmc_valid_i, cmdq_ar_valid_i}),
        .take_i  (queue_free),
        .valid_o (queue_any),
        .pick_o  (queue_pick)
    );
    assign cmdq_ar_ready_o = queue_free && !queue_pick;
    assign dvmc_ready_o    = queue_free && queue_pick;

    always @(posedge clk_i) begin
        if (!rst_ni) queue_q <= 1'b0;
        else         queue_q <= queue_any || (queue_q && !queue_turn);
        if (queue_free)
            queue_ar_q <= queue_pick
                ? {ID_DVMC, 48'd0, 8'd0, 3'd4, 2'b01, 4'b0010, dvmc_domain_i, 4'b1110}
                : {ID_CMDQ, cmdq_ar_addr_i, cmdq_ar_len_i, 3'd4, 2'b01, cmdq_ar_cache_i,
                   cmdq_ar_domain_i, 4'b0000};
    end

    // ---- reads at the pins: the cycle after one of that register belongs to the walker -----
    // Whose cycle it is never hangs on whether the walker asks: its request is the last signal to
    // come. The hold register keeps an AR that the memory did not take at once.
    reg             hold_q, after_q;
    reg  [AR_W-1:0] hold_ar_q;
    wire            ar_any = queue_turn || (walk_ar_valid_i && !hold_q);
    wire [AR_W-1:0] ar_new = queue_turn ? queue_ar_q
        : {2'b00, walk_ar_id_i, walk_ar_addr_i, walk_ar_len_i, walk_ar_size_i, walk_ar_burst_i,
           walk_ar_cache_i, walk_ar_domain_i, 4'b0000};

    assign queue_turn      = queue_q && !after_q && !hold_q;
    assign walk_ar_ready_o = !hold_q && !queue_turn;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            hold_q  <= 1'b0;
            after_q <= 1'b0;
        end else begin
            hold_q  <= (hold_q || ar_any) && !ptw_axi_arready;
            after_q <= queue_turn || (after_q && hold_q);
        end
        if (!hold_q) hold_ar_q <= ar_new;
    end

    assign ptw_axi_arvalid = hold_q || ar_any;
    assign {ptw_axi_arid, ptw_axi_araddr, ptw_axi_arlen, ptw_axi_arsize, ptw_axi_arburst,
            ptw_axi_arcache, ptw_axi_ardomain, ptw_axi_arsnoop} = hold_q ? hold_ar_q : ar_new;
    assign ptw_axi_arlock  = 1'b0;
    assign ptw_axi_arprot  = 3'b011;
    assign ptw_axi_arqos   = 4'd0;

    assign ptw_axi_rready  = 1'b1;
    assign walk_r_valid_o  = ptw_axi_rvalid && ptw_axi_rid[7:6] == 2'b00;
    assign walk_r_id_o     = ptw_axi_rid[5:0];
    assign cmdq_r_valid_o  = ptw_axi_rvalid && ptw_axi_rid == ID_CMDQ;
    assign dvmc_done_o     = ptw_axi_rvalid && ptw_axi_rid == ID_DVMC && ptw_axi_rlast;
    assign r_data_o        = ptw_axi_rdata;
    assign r_resp_o        = ptw_axi_rresp;
    assign r_last_o        = ptw_axi_rlast;

    // ---- writes: one request in registers, AW and W leave independently
    reg          aw_q, w_q, beat_q, len_q, msi_q;
    reg  [1:0]   src_q;
    reg  [47:0]  addr_q;
    reg  [255:0] data_q;
    reg  [31:0]  strb_q;
    reg  [3:0]   cache_q;
    reg  [1:0]   domain_q;
    wire         w_any, w_pick;
    wire         w_last = beat_q == len_q;
    wire         w_free = (!aw_q || ptw_axi_awready) && (!w_q || (ptw_axi_wready && w_last));

    util_rr_pick #(.N(2), .PICK_W(1)) u_w_pick (
        .clk_i   (clk_i),
        .rst_ni  (rst_ni),
        .req_i   ({msi_w_valid_i, evtq_w_valid_i}),
        .take_i  (w_free),
        .valid_o (w_any),
        .pick_o  (w_pick)
    );

    assign evtq_w_ready_o = w_free && !w_pick;
    assign msi_w_ready_o  = w_free && w_pick;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            aw_q <= 1'b0;
            w_q  <= 1'b0;
        end else begin
            if (ptw_axi_awready)          aw_q <= 1'b0;
            if (ptw_axi_wready && w_last) w_q  <= 1'b0;
            if (w_free && w_any) begin
                aw_q <= 1'b1;
                w_q  <= 1'b1;
            end
        end
        if (w_free) begin
            beat_q   <= 1'b0;
            msi_q    <= w_pick;
            src_q    <= msi_w_src_i;
            len_q    <= w_pick ? msi_w_len_i    : evtq_w_len_i;
            addr_q   <= w_pick ? msi_w_addr_i   : evtq_w_addr_i;
            data_q   <= w_pick ? msi_w_data_i   : evtq_w_data_i;
            strb_q   <= w_pick ? msi_w_strb_i   : evtq_w_strb_i;
            cache_q  <= w_pick ? msi_w_cache_i  : evtq_w_cache_i;
            domain_q <= w_pick ? msi_w_domain_i : evtq_w_domain_i;
        end else if (w_q && ptw_axi_wready) begin
            beat_q <= 1'b1;
        end
    end

    assign ptw_axi_awvalid  = aw_q;
    assign ptw_axi_awid     = msi_q ? ID_MSI + {6'd0, src_q} : ID_EVTQ;
    assign ptw_axi_awaddr   = addr_q;
    assign ptw_axi_awlen    = {7'd0, len_q};
    assign ptw_axi_awsize   = msi_q ? 3'd2 : 3'd4;
    assign ptw_axi_awburst  = 2'b01;
    assign ptw_axi_awlock   = 1'b0;
    assign ptw_axi_awcache  = cache_q;
    assign ptw_axi_awprot   = 3'b011;
    assign ptw_axi_awqos    = 4'd0;
    assign ptw_axi_awdomain = domain_q;
    assign ptw_axi_awsid    = msi_q ? MSI_DEVID : {DEVID_W{1'b0}};
    assign ptw_axi_wvalid   = w_q;
    assign ptw_axi_wdata    = beat_q ? data_q[255:128] : data_q[127:0];
    assign ptw_axi_wstrb    = beat_q ? strb_q[31:16] : strb_q[15:0];
    assign ptw_axi_wlast    = w_last;

    // ---- responses, by ID
    wire [7:0] b_src = ptw_axi_bid - ID_MSI;

    assign ptw_axi_bready   = 1'b1;
    assign evtq_b_valid_o   = ptw_axi_bvalid && ptw_axi_bid == ID_EVTQ;
    assign msi_b_valid_o    = ptw_axi_bvalid && b_src < 8'd3;
    assign msi_b_src_o      = b_src[1:0];
    assign b_resp_o         = ptw_axi_bresp;
endmodule

`default_nettype wire
