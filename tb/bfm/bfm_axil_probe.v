// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_axil_probe
// Purpose: Monitor and protocol checker of one AXI4-Lite port: records accesses
//          as they end, so that Python does not run once per clock.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : the pins of a port with one access in flight per direction
// Python : rec_mem[n % 64] = {cycle, resp, is_write, strb, data, address},
//          rec_cnt_q wakes   (tb/bfm/axil_monitor.py); u_check
// Tests  : tests/smmu, tests/unit/test_bfm_checker.py
//-----------------------------------------------------------------------------
`default_nettype none

module bfm_axil_probe (
    input  wire        clk_i,
    input  wire        rst_ni,
    input  wire        axil_awvalid,
    input  wire        axil_awready,
    input  wire [16:0] axil_awaddr,
    input  wire [2:0]  axil_awprot,
    input  wire        axil_wvalid,
    input  wire        axil_wready,
    input  wire [31:0] axil_wdata,
    input  wire [3:0]  axil_wstrb,
    input  wire        axil_bvalid,
    input  wire        axil_bready,
    input  wire [1:0]  axil_bresp,
    input  wire        axil_arvalid,
    input  wire        axil_arready,
    input  wire [16:0] axil_araddr,
    input  wire [2:0]  axil_arprot,
    input  wire        axil_rvalid,
    input  wire        axil_rready,
    input  wire [31:0] axil_rdata,
    input  wire [1:0]  axil_rresp
);

    localparam REC_W = 96;

    reg [REC_W-1:0] rec_mem [0:63] /* verilator public_flat_rd */;
    reg [31:0] rec_cnt_q           /* verilator public_flat_rd */;
    reg [39:0] cycle_q;

    reg [16:0] awaddr_q, araddr_q;
    reg [31:0] wdata_q;
    reg [3:0]  wstrb_q;
    integer i;

    initial begin
        rec_cnt_q = 32'd0;
        cycle_q   = 40'd0;
        for (i = 0; i < 64; i = i + 1) rec_mem[i] = {REC_W{1'b0}};
    end

    wire aw_hs = axil_awvalid && axil_awready;
    wire w_hs  = axil_wvalid && axil_wready;
    wire b_hs  = axil_bvalid && axil_bready;
    wire ar_hs = axil_arvalid && axil_arready;
    wire r_hs  = axil_rvalid && axil_rready;

    // a read and a write may end in one cycle: the write goes first
    wire [5:0] at_w = rec_cnt_q[5:0];
    wire [5:0] at_r = rec_cnt_q[5:0] + {5'd0, b_hs};

    always @(posedge clk_i) begin
        cycle_q <= cycle_q + 40'd1;
        if (aw_hs) awaddr_q <= axil_awaddr;
        if (ar_hs) araddr_q <= axil_araddr;
        if (w_hs) begin
            wdata_q <= axil_wdata;
            wstrb_q <= axil_wstrb;
        end
        if (rst_ni) begin
            if (b_hs) rec_mem[at_w] <= {cycle_q, axil_bresp, 1'b1, wstrb_q, wdata_q, awaddr_q};
            if (r_hs) rec_mem[at_r] <= {cycle_q, axil_rresp, 1'b0, 4'hf, axil_rdata, araddr_q};
            rec_cnt_q <= rec_cnt_q + {31'd0, b_hs} + {31'd0, r_hs};
        end
    end

    bfm_axil_checker u_check (
        .clk_i (clk_i), .rst_ni (rst_ni), .aw_valid_i (axil_awvalid),
        .aw_ready_i (axil_awready), .aw_addr_i (axil_awaddr), .aw_prot_i (axil_awprot),
        .w_valid_i (axil_wvalid), .w_ready_i (axil_wready), .w_data_i (axil_wdata),
        .w_strb_i (axil_wstrb), .b_valid_i (axil_bvalid), .b_ready_i (axil_bready),
        .b_resp_i (axil_bresp), .ar_valid_i (axil_arvalid), .ar_ready_i (axil_arready),
        .ar_addr_i (axil_araddr), .ar_prot_i (axil_arprot), .r_valid_i (axil_rvalid),
        .r_ready_i (axil_rready), .r_data_i (axil_rdata), .r_resp_i (axil_rresp)
    );

endmodule

`default_nettype wire
