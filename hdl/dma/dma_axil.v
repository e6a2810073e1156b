// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : dma_axil
// Purpose: AXI4-Lite slave in front of the registers: one write and one read at a
//          time, independent of each other.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : s_axil_*;  rd_data_i  value of rd_addr_o in the same cycle
// Out    : wr_*  one-cycle write pulse
// Limits : only whole 32-bit writes; another WSTRB has no effect and gets SLVERR
// Tests  : tests/unit/test_dma.py
//-----------------------------------------------------------------------------
`default_nettype none

module dma_axil #(
    parameter S_ADDR_W = 20
) (
    input  wire                clk_i,
    input  wire                rst_ni,

    input  wire                s_axil_awvalid,
    output wire                s_axil_awready,
    input  wire [S_ADDR_W-1:0] s_axil_awaddr,
    input  wire                s_axil_wvalid,
    output wire                s_axil_wready,
    input  wire [31:0]         s_axil_wdata,
    input  wire [3:0]          s_axil_wstrb,
    output wire                s_axil_bvalid,
    input  wire                s_axil_bready,
    output wire [1:0]          s_axil_bresp,
    input  wire                s_axil_arvalid,
    output wire                s_axil_arready,
    input  wire [S_ADDR_W-1:0] s_axil_araddr,
    output wire                s_axil_rvalid,
    input  wire                s_axil_rready,
    output wire [31:0]         s_axil_rdata,
    output wire [1:0]          s_axil_rresp,

    output wire                wr_valid_o,
    output wire [S_ADDR_W-1:0] wr_addr_o,
    output wire [31:0]         wr_data_o,
    output wire [S_ADDR_W-1:0] rd_addr_o,
    input  wire [31:0]         rd_data_i
);
    localparam [1:0] RESP_OKAY   = 2'b00,
                     RESP_SLVERR = 2'b10;

    // ---- write: address and data are taken together ------------------------------
    reg         b_valid_q;
    reg  [1:0]  b_resp_q;

    wire        wr_take = s_axil_awvalid && s_axil_wvalid && (!b_valid_q || s_axil_bready);
    wire        whole   = (s_axil_wstrb == 4'hF);

    assign s_axil_awready = wr_take;
    assign s_axil_wready  = wr_take;
    assign s_axil_bvalid  = b_valid_q;
    assign s_axil_bresp   = b_resp_q;
    assign wr_valid_o     = wr_take && whole;
    assign wr_addr_o      = s_axil_awaddr;
    assign wr_data_o      = s_axil_wdata;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            b_valid_q <= 1'b0;
            b_resp_q  <= RESP_OKAY;
        end else if (wr_take) begin
            b_valid_q <= 1'b1;
            b_resp_q  <= whole ? RESP_OKAY : RESP_SLVERR;
        end else if (s_axil_bready) begin
            b_valid_q <= 1'b0;
        end
    end

    // ---- read ------------------------------------------------------------------------
    reg         r_valid_q;
    reg  [31:0] r_data_q;

    wire        rd_take = s_axil_arvalid && (!r_valid_q || s_axil_rready);

    assign s_axil_arready = rd_take;
    assign s_axil_rvalid  = r_valid_q;
    assign s_axil_rdata   = r_data_q;
    assign s_axil_rresp   = RESP_OKAY;
    assign rd_addr_o      = s_axil_araddr;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            r_valid_q <= 1'b0;
            r_data_q  <= 32'd0;
        end else if (rd_take) begin
            r_valid_q <= 1'b1;
            r_data_q  <= rd_data_i;
        end else if (s_axil_rready) begin
            r_valid_q <= 1'b0;
        end
    end
endmodule

`default_nettype wire
