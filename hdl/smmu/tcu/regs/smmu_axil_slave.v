// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_axil_slave
// Purpose: AXI4-Lite to one-cycle register writes and combinational reads, whole words only.
// Spec   : REG-032, REG-033
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Tests  : none yet
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

    output wire        wr_o,        // one cycle; partial or unaligned writes never appear
    output wire [16:0] waddr_o,
    output wire [31:0] wdata_o,
    output wire [16:0] raddr_o,
    input  wire [31:0] rdata_i      // same cycle as raddr_o
);
    reg        aw_q, w_q, b_q, ar_q, r_q;
    reg [16:0] awaddr_q, araddr_q;
    reg [31:0] wdata_q, rdata_q;
    reg [3:0]  wstrb_q;

    wire exec = aw_q && w_q && !b_q;

    assign s_axil_awready = !aw_q;
    assign s_axil_wready  = !w_q;
    assign s_axil_bvalid  = b_q;
    assign s_axil_bresp   = 2'b00;
    assign s_axil_arready = !ar_q && !r_q;
    assign s_axil_rvalid  = r_q;
    assign s_axil_rdata   = rdata_q;
    assign s_axil_rresp   = 2'b00;

    assign wr_o    = exec && wstrb_q == 4'hf && awaddr_q[1:0] == 2'd0;
    assign waddr_o = awaddr_q;
    assign wdata_o = wdata_q;
    assign raddr_o = araddr_q;

    always @(posedge clk_i) begin
        if (s_axil_awvalid && s_axil_awready) awaddr_q <= s_axil_awaddr;
        if (s_axil_wvalid && s_axil_wready) begin
            wdata_q <= s_axil_wdata;
            wstrb_q <= s_axil_wstrb;
        end
        if (s_axil_arvalid && s_axil_arready) araddr_q <= s_axil_araddr;
        if (ar_q) rdata_q <= (araddr_q[1:0] == 2'd0) ? rdata_i : 32'd0;
        if (!rst_ni) begin
            aw_q <= 1'b0;
            w_q  <= 1'b0;
            b_q  <= 1'b0;
            ar_q <= 1'b0;
            r_q  <= 1'b0;
        end else begin
            aw_q <= exec ? 1'b0 : (aw_q || s_axil_awvalid);
            w_q  <= exec ? 1'b0 : (w_q || s_axil_wvalid);
            b_q  <= exec || (b_q && !s_axil_bready);
            ar_q <= s_axil_arvalid && s_axil_arready;
            r_q  <= ar_q || (r_q && !s_axil_rready);
        end
    end
endmodule

`default_nettype wire
