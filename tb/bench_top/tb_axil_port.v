// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : tb_axil_port
// Purpose: Lets Python make a register access with one wake-up instead of one
//          per clock; accesses driven on the pins pass through.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : p_*   the bench's pins (tb/bfm/axil.py)
// Out    : m_*   to the SMMU
// Python : req = {write, address[16:0], data[31:0]}, then req_cnt + 1;
//          done_cnt_q wakes, rsp_q = {resp, data}   (tb/env/register_port.py)
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
    reg [49:0] req        /* verilator public_flat_rw */;
    reg [31:0] req_cnt    /* verilator public_flat_rw */;

    // ---- read by Python ---------------------------------------------------------------
    reg [31:0] done_cnt_q /* verilator public_flat_rd */;
    reg [33:0] rsp_q      /* verilator public_flat_rd */;

    reg        busy_q, aw_q, w_q, ar_q;

    initial begin
        req = 50'd0;  req_cnt = 32'd0;  done_cnt_q = 32'd0;  rsp_q = 34'd0;
        busy_q = 1'b0;  aw_q = 1'b0;  w_q = 1'b0;  ar_q = 1'b0;
    end

    wire       start = !busy_q && (req_cnt != done_cnt_q);
    wire       b_hs  = m_bvalid && m_bready;
    wire       r_hs  = m_rvalid && m_rready;
    wire       ended = busy_q && (req[49] ? b_hs : r_hs);

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            // an access under way is forgotten, and counted so that nobody waits for it
            done_cnt_q <= req_cnt;
            busy_q     <= 1'b0;
            aw_q       <= 1'b0;
            w_q        <= 1'b0;
            ar_q       <= 1'b0;
        end else begin
            busy_q <= start || (busy_q && !ended);
            aw_q   <= (start && req[49])  || (aw_q && !m_awready);
            w_q    <= (start && req[49])  || (w_q && !m_wready);
            ar_q   <= (start && !req[49]) || (ar_q && !m_arready);
            if (ended) begin
                done_cnt_q <= done_cnt_q + 32'd1;
                rsp_q      <= req[49] ? {m_bresp, 32'd0} : {m_rresp, m_rdata};
            end
        end
    end

    assign m_awvalid = busy_q ? aw_q : p_awvalid;
    assign m_wvalid  = busy_q ? w_q  : p_wvalid;
    assign m_arvalid = busy_q ? ar_q : p_arvalid;
    assign m_bready  = busy_q || p_bready;
    assign m_rready  = busy_q || p_rready;
    assign m_awaddr  = busy_q ? req[48:32] : p_awaddr;
    assign m_araddr  = busy_q ? req[48:32] : p_araddr;
    assign m_wdata   = busy_q ? req[31:0]  : p_wdata;
    assign m_wstrb   = busy_q ? 4'hf       : p_wstrb;

endmodule

`default_nettype wire
