// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : dma_wr_port
// Purpose: Let all queues share the AXI write channels. A burst is granted whole;
//          its beats are read from the data buffer, moved to the destination's
//          byte lanes and sent without a gap.
// Spec   : docs/dma.md, "Byte realigner"; architecture.md section 2, D3
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : req_*    one burst per queue, all its data is in the engine
//          gen_data_i  beat of the served queue that is not from the buffer
//          buf_rd_data_i  buffer beat, one cycle after buf_rd_en_o
// Out    : m_axi_aw*, m_axi_w*;  free_*  one buffer beat is free again
//          b_*      a response, one-hot valid per queue
// Stalls : waits for AWREADY and WREADY only, never for a queue
// Limits : one beat a cycle; one more cycle per burst whose source and
//          destination differ in byte lanes
// Tests  : tests/unit/test_dma.py
//-----------------------------------------------------------------------------
`default_nettype none

module dma_wr_port #(
    parameter NUM_QUEUES = 8,
    parameter QUEUE_W    = 3,
    parameter DATA_W     = 128,
    parameter LANE_W     = 4,
    parameter BUF_W      = 6,
    parameter ID_W       = 8,
    parameter SSID_W     = 20,
    // width of one job record, in the order of its unpacking below
    parameter JOB_W      = 95
) (
    input  wire                         clk_i,
    input  wire                         rst_ni,

    input  wire [NUM_QUEUES-1:0]        req_valid_i,
    input  wire [NUM_QUEUES*JOB_W-1:0]  req_job_i,
    input  wire [NUM_QUEUES*SSID_W-1:0] req_ssid_i,
    input  wire [NUM_QUEUES-1:0]        req_ssidv_i,
    output wire [NUM_QUEUES-1:0]        req_grant_o,

    output wire [4-LANE_W:0]            gen_beat_o,
    input  wire [NUM_QUEUES*DATA_W-1:0] gen_data_i,

    output wire                         buf_rd_en_o,
    output wire [QUEUE_W+BUF_W-1:0]     buf_rd_addr_o,
    input  wire [DATA_W-1:0]            buf_rd_data_i,
    output wire [NUM_QUEUES-1:0]        free_valid_o,

    output wire                         m_axi_awvalid,
    input  wire                         m_axi_awready,
    output wire [ID_W-1:0]              m_axi_awid,
    output wire [63:0]                  m_axi_awaddr,
    output wire [7:0]                   m_axi_awlen,
    output wire [SSID_W-1:0]            m_axi_awmmussid,
    output wire                         m_axi_awmmussidv,
    output wire                         m_axi_wvalid,
    input  wire                         m_axi_wready,
    output wire [DATA_W-1:0]            m_axi_wdata,
    output wire [DATA_W/8-1:0]          m_axi_wstrb,
    output wire                         m_axi_wlast,
    input  wire                         m_axi_bvalid,
    output wire                         m_axi_bready,
    input  wire [ID_W-1:0]              m_axi_bid,
    input  wire [1:0]                   m_axi_bresp,

    output wire [NUM_QUEUES-1:0]        b_valid_o,
    output wire [1:0]                   b_resp_o
);
    localparam LANES = DATA_W / 8;
    localparam [4-LANE_W:0] GEN_ONE = 1;

    // ---- grant: AW register and job register load together -----------------------
    wire               pick_valid;
    wire [QUEUE_W-1:0] pick;
    wire               job_free;
    reg                aw_valid_q;
    wire               take = pick_valid && job_free && (!aw_valid_q || m_axi_awready);

    util_rr_pick #(.N(NUM_QUEUES), .PICK_W(QUEUE_W)) u_pick (
        .clk_i   (clk_i),
        .rst_ni  (rst_ni),
        .req_i   (req_valid_i),
        .take_i  (take),
        .valid_o (pick_valid),
        .pick_o  (pick)
    );

    wire [63:0]        new_addr;
    wire [7:0]         new_len;
    wire [BUF_W-1:0]   new_ptr;
    wire [LANE_W:0]    new_shift;
    wire               new_first;
    wire [LANE_W-1:0]  new_head;
    wire               new_last;
    wire [LANE_W-1:0]  new_tail;
    wire               new_gen;
    assign {new_addr, new_len, new_ptr, new_shift, new_first, new_head,
            new_last, new_tail, new_gen} = req_job_i[pick*JOB_W +: JOB_W];

    // ---- AW -----------------------------------------------------------------------
    reg [QUEUE_W-1:0]  aw_queue_q;
    reg [63:0]         aw_addr_q;
    reg [7:0]          aw_len_q;
    reg [SSID_W-1:0]   aw_ssid_q;
    reg                aw_ssidv_q;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            aw_valid_q <= 1'b0;
            aw_queue_q <= {QUEUE_W{1'b0}};
            aw_addr_q  <= 64'd0;
            aw_len_q   <= 8'd0;
            aw_ssid_q  <= {SSID_W{1'b0}};
            aw_ssidv_q <= 1'b0;
        end else if (take) begin
            aw_valid_q <= 1'b1;
            aw_queue_q <= pick;
            aw_addr_q  <= new_addr;
            aw_len_q   <= new_len;
            aw_ssid_q  <= req_ssid_i[pick*SSID_W +: SSID_W];
            aw_ssidv_q <= req_ssidv_i[pick];
        end else if (m_axi_awready) begin
            aw_valid_q <= 1'b0;
        end
    end

    assign m_axi_awvalid    = aw_valid_q;
    assign m_axi_awid       = {{(ID_W-QUEUE_W){1'b0}}, aw_queue_q};
    assign m_axi_awaddr     = aw_addr_q;
    assign m_axi_awlen      = aw_len_q;
    assign m_axi_awmmussid  = aw_ssid_q;
    assign m_axi_awmmussidv = aw_ssidv_q;

    // ---- stage 0: one buffer read a cycle --------------------------------------------
    // the whole pipe moves together, so a refused W beat freezes it as it stands
    reg                w_valid_q;
    wire               advance = !w_valid_q || m_axi_wready;

    reg                job_valid_q;
    reg [QUEUE_W-1:0]  job_queue_q;
    reg [7:0]          job_left_q;     // beats after the one being read
    reg [4-LANE_W:0]   job_beat_q;     // number of the beat, for generated data
    reg [BUF_W-1:0]    job_ptr_q;
    reg [LANE_W:0]     job_shift_q;
    reg                job_head_en_q;  // the beat being read starts the range
    reg [LANE_W-1:0]   job_head_q;
    reg                job_tail_en_q;  // the burst ends the range
    reg [LANE_W-1:0]   job_tail_q;
    reg                job_gen_q;
    reg                job_pre_q;      // fetch the beat before, it feeds the low lanes

    wire               beat_last = (job_left_q == 8'd0);
    wire               issue     = advance && job_valid_q && !job_pre_q;
    assign             job_free  = !job_valid_q || (issue && beat_last);

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            job_valid_q   <= 1'b0;
            job_pre_q     <= 1'b0;
            job_queue_q   <= {QUEUE_W{1'b0}};
            job_left_q    <= 8'd0;
            job_beat_q    <= {(5-LANE_W){1'b0}};
            job_ptr_q     <= {BUF_W{1'b0}};
            job_shift_q   <= {(LANE_W+1){1'b0}};
            job_head_en_q <= 1'b0;
            job_head_q    <= {LANE_W{1'b0}};
            job_tail_en_q <= 1'b0;
            job_tail_q    <= {LANE_W{1'b0}};
            job_gen_q     <= 1'b0;
        end else if (take) begin
            job_valid_q   <= 1'b1;
            // shift LANES: every lane comes from the beat itself
            job_pre_q     <= !new_shift[LANE_W];
            job_queue_q   <= pick;
            job_left_q    <= new_len;
            job_beat_q    <= {(5-LANE_W){1'b0}};
            job_ptr_q     <= new_ptr;
            job_shift_q   <= new_shift;
            job_head_en_q <= new_first;
            job_head_q    <= new_head;
            job_tail_en_q <= new_last;
            job_tail_q    <= new_tail;
            job_gen_q     <= new_gen;
        end else if (advance && job_pre_q) begin
            job_pre_q     <= 1'b0;
        end else if (issue) begin
            job_valid_q   <= !beat_last;
            job_left_q    <= job_left_q - 8'd1;
            job_beat_q    <= job_beat_q + GEN_ONE;
            job_ptr_q     <= job_ptr_q + {{(BUF_W-1){1'b0}}, 1'b1};
            job_head_en_q <= 1'b0;
        end
    end

    assign buf_rd_en_o   = advance;
    assign buf_rd_addr_o = {job_queue_q,
                            job_pre_q ? job_ptr_q - {{(BUF_W-1){1'b0}}, 1'b1} : job_ptr_q};
    assign gen_beat_o    = job_beat_q;

    // ---- stage 1: the beat is at the buffer's output -----------------------------------
    reg                s1_load_q;      // a beat, or the one before the first
    reg                s1_valid_q;     // a beat that is sent
    reg                s1_last_q;
    reg [LANES-1:0]    s1_strb_q;
    reg [LANE_W:0]     s1_shift_q;
    reg                s1_gen_q;
    reg [DATA_W-1:0]   s1_data_q;

    wire [LANES-1:0]   head_strb = job_head_en_q ? {LANES{1'b1}} << job_head_q
                                                 : {LANES{1'b1}};
    wire [LANES-1:0]   tail_strb = (job_tail_en_q && beat_last)
                                   ? ~({LANES{1'b1}} << job_tail_q << 1)
                                   : {LANES{1'b1}};

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            s1_load_q  <= 1'b0;
            s1_valid_q <= 1'b0;
            s1_last_q  <= 1'b0;
            s1_strb_q  <= {LANES{1'b0}};
            s1_shift_q <= {(LANE_W+1){1'b0}};
            s1_gen_q   <= 1'b0;
            s1_data_q  <= {DATA_W{1'b0}};
        end else if (advance) begin
            s1_load_q  <= job_valid_q;
            s1_valid_q <= issue;
            s1_last_q  <= beat_last;
            s1_strb_q  <= head_strb & tail_strb;
            s1_shift_q <= job_shift_q;
            s1_gen_q   <= job_gen_q;
            s1_data_q  <= gen_data_i[job_queue_q*DATA_W +: DATA_W];
        end
    end

    // ---- stage 2: realign; lanes without a strobe are cleared, so that the bytes of --
    // ---- one process are never seen on the bus in a burst of another ------------------
    reg [DATA_W-1:0]   w_data_q;
    reg [LANES-1:0]    w_strb_q;
    reg                w_last_q;
    reg [DATA_W-1:0]   prev_q;

    wire [DATA_W-1:0]   beat    = s1_gen_q ? s1_data_q : buf_rd_data_i;
    wire [2*DATA_W-1:0] pair    = {beat, prev_q};
    wire [DATA_W-1:0]   aligned = pair[{s1_shift_q, 3'b000} +: DATA_W];

    wire [DATA_W-1:0]   strb_mask;
    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : g_lane
            assign strb_mask[8*l +: 8] = {8{s1_strb_q[l]}};
        end
    endgenerate

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            w_valid_q <= 1'b0;
            w_data_q  <= {DATA_W{1'b0}};
            w_strb_q  <= {LANES{1'b0}};
            w_last_q  <= 1'b0;
            prev_q    <= {DATA_W{1'b0}};
        end else if (advance) begin
            w_valid_q <= s1_valid_q;
            if (s1_valid_q) begin
                w_data_q <= aligned & strb_mask;
                w_strb_q <= s1_strb_q;
                w_last_q <= s1_last_q;
            end
            if (s1_load_q)
                prev_q   <= beat;
        end
    end

    assign m_axi_wvalid = w_valid_q;
    assign m_axi_wdata  = w_data_q;
    assign m_axi_wstrb  = w_strb_q;
    assign m_axi_wlast  = w_last_q;

    // ---- B ---------------------------------------------------------------------------
    reg                b_valid_q;
    reg [QUEUE_W-1:0]  b_queue_q;
    reg [1:0]          b_resp_q;

    // an ID that no queue owns cannot be an answer to this engine
    wire bid_known = ({{(32-ID_W){1'b0}}, m_axi_bid} < NUM_QUEUES);

    always @(posedge clk_i) begin
        if (!rst_ni) b_valid_q <= 1'b0;
        else         b_valid_q <= m_axi_bvalid && bid_known;
        b_queue_q <= m_axi_bid[QUEUE_W-1:0];
        b_resp_q  <= m_axi_bresp;
    end

    assign m_axi_bready = 1'b1;
    assign b_resp_o     = b_resp_q;

    genvar g;
    generate
        for (g = 0; g < NUM_QUEUES; g = g + 1) begin : g_queue
            assign req_grant_o[g]  = take && (pick == g[QUEUE_W-1:0]);
            assign free_valid_o[g] = issue && !job_gen_q && (job_queue_q == g[QUEUE_W-1:0]);
            assign b_valid_o[g]    = b_valid_q && (b_queue_q == g[QUEUE_W-1:0]);
        end
    endgenerate
endmodule

`default_nettype wire
