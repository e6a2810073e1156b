// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : tb_axil_probe
// Purpose: Records register accesses as they end, for monitors that must not
//          run once per clock.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : the handshakes of one AXI4-Lite port with one access in flight per
//          direction (tb/bfm/axil.py)
// Python : rec_mem[n % 64] = {cycle, resp, is_write, strb, data, address},
//          rec_cnt_q wakes   (tb/agents/reg_agent.py)
// Tests  : tests/smmu
//-----------------------------------------------------------------------------
`default_nettype none

module tb_axil_probe (
    input  wire        clk_i,
    input  wire        rst_ni,
    input  wire        aw_hs_i,
    input  wire [16:0] awaddr_i,
    input  wire        w_hs_i,
    input  wire [31:0] wdata_i,
    input  wire [3:0]  wstrb_i,
    input  wire        b_hs_i,
    input  wire [1:0]  bresp_i,
    input  wire        ar_hs_i,
    input  wire [16:0] araddr_i,
    input  wire        r_hs_i,
    input  wire [31:0] rdata_i,
    input  wire [1:0]  rresp_i
);

    localparam REC_W = 96;

    reg [REC_W-1:0] rec_mem [0:63] /* verilator public_flat_rw */;
    reg [31:0] rec_cnt_q           /* verilator public_flat_rw */;
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

    // a read and a write may end in one cycle: the write goes first
    wire [5:0] at_w = rec_cnt_q[5:0];
    wire [5:0] at_r = rec_cnt_q[5:0] + {5'd0, b_hs_i};

    always @(posedge clk_i) begin
        cycle_q <= cycle_q + 40'd1;
        if (aw_hs_i) awaddr_q <= awaddr_i;
        if (ar_hs_i) araddr_q <= araddr_i;
        if (w_hs_i) begin
            wdata_q <= wdata_i;
            wstrb_q <= wstrb_i;
        end
        if (rst_ni) begin
            if (b_hs_i) rec_mem[at_w] <= {cycle_q, bresp_i, 1'b1, wstrb_q, wdata_q, awaddr_q};
            if (r_hs_i) rec_mem[at_r] <= {cycle_q, rresp_i, 1'b0, 4'hf, rdata_i, araddr_q};
            rec_cnt_q <= rec_cnt_q + {31'd0, b_hs_i} + {31'd0, r_hs_i};
        end
    end

endmodule

`default_nettype wire
