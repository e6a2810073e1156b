// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : tb_bfm_axil
// Purpose: A small AXI4-Lite register file with random ready and answer times:
//          the bench of tb/bfm/axil.py, with the probe of its port. Addresses with bit 12 set answer SLVERR.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Tests  : tests/unit/test_bfm_axil.py
//-----------------------------------------------------------------------------
`default_nettype none

module tb_bfm_axil (
    input  wire        clk_i,
    input  wire        rst_ni,
    /* verilator lint_off UNUSEDSIGNAL */
    input  wire [16:0] s_axil_awaddr,
    input  wire [2:0]  s_axil_awprot,
    input  wire [16:0] s_axil_araddr,
    input  wire [2:0]  s_axil_arprot,
    /* verilator lint_on UNUSEDSIGNAL */
    input  wire        s_axil_awvalid,
    output wire        s_axil_awready,
    input  wire [31:0] s_axil_wdata,
    input  wire [3:0]  s_axil_wstrb,
    input  wire        s_axil_wvalid,
    output wire        s_axil_wready,
    output reg  [1:0]  s_axil_bresp,
    output reg         s_axil_bvalid,
    input  wire        s_axil_bready,
    input  wire        s_axil_arvalid,
    output wire        s_axil_arready,
    output reg  [31:0] s_axil_rdata,
    output reg  [1:0]  s_axil_rresp,
    output reg         s_axil_rvalid,
    input  wire        s_axil_rready
);

    wire aw_go, w_go, ar_go;
    /* verilator lint_off PINCONNECTEMPTY */
    bfm_throttle #(.LANE(32'd61)) u_aw (.clk_i(clk_i), .rst_ni(rst_ni), .seed_i(32'd1),
                                        .level_i(9'd128), .hold_i(1'b0), .go_o(aw_go), .rnd_o());
    bfm_throttle #(.LANE(32'd62)) u_w  (.clk_i(clk_i), .rst_ni(rst_ni), .seed_i(32'd1),
                                        .level_i(9'd128), .hold_i(1'b0), .go_o(w_go), .rnd_o());
    bfm_throttle #(.LANE(32'd63)) u_ar (.clk_i(clk_i), .rst_ni(rst_ni), .seed_i(32'd1),
                                        .level_i(9'd128), .hold_i(1'b0), .go_o(ar_go), .rnd_o());
    /* verilator lint_on PINCONNECTEMPTY */

    reg [31:0] mem_q [0:1023];
    reg        aw_q, w_q;
    reg [10:0] addr_q;                 // word index, and the bit that means error
    reg [31:0] data_q;
    reg [3:0]  strb_q;
    integer    i;
    initial for (i = 0; i < 1024; i = i + 1) mem_q[i] = 32'd0;

    assign s_axil_awready = aw_go && !aw_q && !s_axil_bvalid;
    assign s_axil_wready  = w_go && !w_q && !s_axil_bvalid;
    assign s_axil_arready = ar_go && !s_axil_rvalid;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            aw_q          <= 1'b0;
            w_q           <= 1'b0;
            s_axil_bvalid <= 1'b0;
            s_axil_rvalid <= 1'b0;
            s_axil_bresp  <= 2'd0;
            s_axil_rresp  <= 2'd0;
            s_axil_rdata  <= 32'd0;
        end else begin
            if (s_axil_awvalid && s_axil_awready) begin
                aw_q   <= 1'b1;
                addr_q <= s_axil_awaddr[12:2];
            end
            if (s_axil_wvalid && s_axil_wready) begin
                w_q    <= 1'b1;
                data_q <= s_axil_wdata;
                strb_q <= s_axil_wstrb;
            end
            if (s_axil_bvalid && s_axil_bready) s_axil_bvalid <= 1'b0;
            if (aw_q && w_q) begin
                aw_q          <= 1'b0;
                w_q           <= 1'b0;
                s_axil_bvalid <= 1'b1;
                s_axil_bresp  <= {addr_q[10], 1'b0};
                for (i = 0; i < 4; i = i + 1)
                    if (strb_q[i] && !addr_q[10]) mem_q[addr_q[9:0]][8*i +: 8] <= data_q[8*i +: 8];
            end
            if (s_axil_rvalid && s_axil_rready) s_axil_rvalid <= 1'b0;
            if (s_axil_arvalid && s_axil_arready) begin
                s_axil_rvalid <= 1'b1;
                s_axil_rdata  <= mem_q[s_axil_araddr[11:2]];
                s_axil_rresp  <= {s_axil_araddr[12], 1'b0};
            end
        end
    end

    bfm_axil_probe u_probe (
        .clk_i (clk_i), .rst_ni (rst_ni), .axil_awvalid (s_axil_awvalid),
        .axil_awready (s_axil_awready), .axil_awaddr (s_axil_awaddr),
        .axil_awprot (s_axil_awprot), .axil_wvalid (s_axil_wvalid),
        .axil_wready (s_axil_wready), .axil_wdata (s_axil_wdata), .axil_wstrb (s_axil_wstrb),
        .axil_bvalid (s_axil_bvalid), .axil_bready (s_axil_bready), .axil_bresp (s_axil_bresp),
        .axil_arvalid (s_axil_arvalid), .axil_arready (s_axil_arready),
        .axil_araddr (s_axil_araddr), .axil_arprot (s_axil_arprot),
        .axil_rvalid (s_axil_rvalid), .axil_rready (s_axil_rready), .axil_rdata (s_axil_rdata),
        .axil_rresp (s_axil_rresp)
    );

endmodule

`default_nettype wire
