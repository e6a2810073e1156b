// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : tb_axil_port
// Purpose: Lets Python make a register access with one wake-up instead of one
//          per clock; accesses driven on the pins pass through.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : p_*   the bench's pins (tb/bfm/axil.py)
// Out    : m_*   to the SMMU
// Python : req_mem[0], then req_cnt + 1; done_cnt_q wakes, rsp_q = {resp, data}
//          (tb/env/register_port.py). A poll reads again until the bits of mask
//          are (differs: are not) those of data, or limit cycles have passed.
// Limits : the two ways are not used at the same time
// Tests  : tests/smmu, make replay
//-----------------------------------------------------------------------------
`default_nettype none

module tb_axil_port (
    input  wire        clk_i,
    input  wire        rst_ni,

    input  wire        p_awvalid,
    input  wire [16:0] p_awaddr,
    input  wire        p_wvalid,
    input  wire [31:0] p_wdata,
    input  wire [3:0]  p_wstrb,
    input  wire        p_bready,
    input  wire        p_arvalid,
    input  wire [16:0] p_araddr,
    input  wire        p_rready,

    output wire        m_awvalid,
    output wire [16:0] m_awaddr,
    output wire        m_wvalid,
    output wire [31:0] m_wdata,
    output wire [3:0]  m_wstrb,
    output wire        m_bready,
    output wire        m_arvalid,
    output wire [16:0] m_araddr,
    output wire        m_rready,
    input  wire        m_awready,
    input  wire        m_wready,
    input  wire        m_bvalid,
    input  wire [1:0]  m_bresp,
    input  wire        m_arready,
    input  wire        m_rvalid,
    input  wire [31:0] m_rdata,
    input  wire [1:0]  m_rresp
);

    // ---- written by Python ------------------------------------------------------------
    // {limit[19:0], mask[31:0], differs, poll, write, address[16:0], data[31:0]}
    reg [103:0] req_mem [0:0] /* verilator public_flat_rd */;
    reg [31:0]  req_cnt       /* verilator public_flat_rw */;

    // ---- read by Python ---------------------------------------------------------------
    reg [31:0] done_cnt_q /* verilator public_flat_rd */;
    reg [33:0] rsp_q      /* verilator public_flat_rd */;

    reg        busy_q, aw_q, w_q, ar_q;
    reg [19:0] spent_q;        // cycles of this access

    reg [103:0] req_q;          // what Python wrote, as of the last edge (bfm_throttle says why)
    reg [31:0]  asked_q;

    initial begin
        req_mem[0] = 104'd0;  req_cnt = 32'd0;  req_q = 104'd0;  asked_q = 32'd0;  done_cnt_q = 32'd0;  rsp_q = 34'd0;
        busy_q = 1'b0;  aw_q = 1'b0;  w_q = 1'b0;  ar_q = 1'b0;  spent_q = 20'd0;
    end

    wire       start = !busy_q && rst_ni && (asked_q != done_cnt_q);
    wire       ours  = busy_q || start;
    wire       aw    = busy_q ? aw_q : start && req_q[49];
    wire       w     = busy_q ? w_q  : start && req_q[49];
    wire       ar    = busy_q ? ar_q : start && !req_q[49];
    wire       b_hs  = m_bvalid && m_bready;
    wire       r_hs  = m_rvalid && m_rready;
    wire       same  = ((m_rdata ^ req_q[31:0]) & req_q[83:52]) == 32'd0;
    wire       again = req_q[50] && same == req_q[51] && m_rresp == 2'd0 && spent_q < req_q[103:84];
    wire       ended = ours && (req_q[49] ? b_hs : r_hs && !again);

    always @(posedge clk_i) begin
        req_q   <= req_mem[0];
        asked_q <= req_cnt;
        if (!rst_ni) begin
            // an access under way is forgotten, and counted so that nobody waits for it
            done_cnt_q <= req_cnt;
            busy_q     <= 1'b0;
            aw_q       <= 1'b0;
            w_q        <= 1'b0;
            ar_q       <= 1'b0;
            spent_q    <= 20'd0;
        end else begin
            busy_q <= ours && !ended;
            aw_q   <= aw && !m_awready;
            w_q    <= w  && !m_wready;
            ar_q   <= (ar && !m_arready) || (ours && !req_q[49] && r_hs && again);
            spent_q <= ended ? 20'd0 : spent_q + {19'd0, ours};
            if (ended) begin
                done_cnt_q <= done_cnt_q + 32'd1;
                rsp_q      <= req_q[49] ? {m_bresp, 32'd0} : {m_rresp, m_rdata};
            end
        end
    end

    assign m_awvalid = ours ? aw : p_awvalid;
    assign m_wvalid  = ours ? w  : p_wvalid;
    assign m_arvalid = ours ? ar : p_arvalid;
    assign m_bready  = ours || p_bready;
    assign m_rready  = ours || p_rready;
    assign m_awaddr  = ours ? req_q[48:32] : p_awaddr;
    assign m_araddr  = ours ? req_q[48:32] : p_araddr;
    assign m_wdata   = ours ? req_q[31:0]  : p_wdata;
    assign m_wstrb   = ours ? 4'hf       : p_wstrb;

endmodule

`default_nettype wire
