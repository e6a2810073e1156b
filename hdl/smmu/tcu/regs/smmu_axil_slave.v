// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_axil_slave
// Purpose: AXI4-Lite slave of the register file: one-cycle writes of whole
//          words and combinational reads.
// Spec   : REG-032, REG-033
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : s_axil_*;  rdata_i  value of raddr_o in the same cycle
// Out    : wr_o  one cycle with waddr_o and wdata_o;  raddr_o
// Stalls : the master, by one access in flight per direction; reads and writes
//          never wait for each other
// Limits : a partial write has no effect and answers OKAY (REG-033); addresses go
//          out with all bits, so that an unaligned one matches no register
// Tests  : tests/unit/test_regs.py
//-----------------------------------------------------------------------------
`default_nettype none

module smmu_axil_slave (
    input  wire        clk_i,
    input  wire        rst_ni,

    input  wire        s_axil_awvalid,
    output wire        s_axil_awready,
    input  wire [16:0] s_axil_awaddr,
    input  wire        s_axil_wvalid,
    output wire        s_axil_wready,
    input  wire [31:0] s_axil_wdata,
    input  wire [3:0]  s_axil_wstrb,
    output wire        s_axil_bvalid,
    input  wire        s_axil_bready,
    output wire [1:0]  s_axil_bresp,
    input  wire        s_axil_arvalid,
    output wire        s_axil_arready,
    input  wire [16:0] s_axil_araddr,
    output wire        s_axil_rvalid,
    input  wire        s_axil_rready,
    output wire [31:0] s_axil_rdata,
    output wire [1:0]  s_axil_rresp,

    output wire        wr_o,
    output wire [16:0] waddr_o,
    output wire [31:0] wdata_o,
    output wire [16:0] raddr_o,
    input  wire [31:0] rdata_i
);
    localparam [1:0] RESP_OKAY = 2'b00;

    // ---- write: address and data come in any order, the answer follows the effect ----------
    reg         aw_q, w_q, b_q;     // address held, data held, answer offered
    reg  [16:0] awaddr_q;
    reg  [31:0] wdata_q;
    reg  [3:0]  wstrb_q;

    wire        aw_take = s_axil_awvalid && s_axil_awready;
    wire        w_take  = s_axil_wvalid && s_axil_wready;
    wire        act     = aw_q && w_q && !b_q;

    assign s_axil_awready = !aw_q;
    assign s_axil_wready  = !w_q;
    assign s_axil_bvalid  = b_q;
    assign s_axil_bresp   = RESP_OKAY;

    assign wr_o    = act && (wstrb_q == 4'b1111);
    assign waddr_o = awaddr_q;
    assign wdata_o = wdata_q;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            aw_q <= 1'b0;
            w_q  <= 1'b0;
            b_q  <= 1'b0;
        end else begin
            aw_q <= (aw_q && !act) || aw_take;
            w_q  <= (w_q && !act) || w_take;
            b_q  <= (b_q && !s_axil_bready) || act;
        end
        if (aw_take) awaddr_q <= s_axil_awaddr;
        if (w_take) begin
            wdata_q <= s_axil_wdata;
            wstrb_q <= s_axil_wstrb;
        end
    end

    // ---- read: the word is taken in the cycle after the address ------------------------------
    reg         ar_q, r_q;          // address held, answer offered
    reg  [16:0] araddr_q;
    reg  [31:0] rdata_q;

    wire        ar_take = s_axil_arvalid && s_axil_arready;

    assign s_axil_arready = !ar_q && !r_q;
    assign s_axil_rvalid  = r_q;
    assign s_axil_rdata   = rdata_q;
    assign s_axil_rresp   = RESP_OKAY;

    assign raddr_o = araddr_q;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            ar_q <= 1'b0;
            r_q  <= 1'b0;
        end else begin
            ar_q <= ar_take;
            r_q  <= (r_q && !s_axil_rready) || ar_q;
        end
        if (ar_take) araddr_q <= s_axil_araddr;
        if (ar_q)    rdata_q  <= rdata_i;
    end
endmodule

`default_nettype wire
