// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : tb_pulse_count
// Purpose: Counts the cycles in which each bit of a vector is 1, so that Python
//          misses no pulse and runs only when there is one.
// Clock  : clk_i.  No reset: counts go on through a reset of the design.
// Python : count_mem[bit]; last_mem[bit], the cycle of its latest pulse; any_cnt_q
//          changes with any count
// Tests  : tests/smmu
//-----------------------------------------------------------------------------
`default_nettype none

module tb_pulse_count #(
    parameter WIDTH = 4
) (
    input  wire             clk_i,
    input  wire [WIDTH-1:0] pulse_i
);

    reg [31:0] count_mem [0:WIDTH-1] /* verilator public_flat_rd */;
    reg [39:0] last_mem [0:WIDTH-1]  /* verilator public_flat_rd */;
    reg [31:0] any_cnt_q             /* verilator public_flat_rd */;
    reg [39:0] cycle_q;
    integer i;

    initial begin
        any_cnt_q = 32'd0;
        cycle_q   = 40'd0;
        for (i = 0; i < WIDTH; i = i + 1) begin
            count_mem[i] = 32'd0;
            last_mem[i]  = 40'd0;
        end
    end

    always @(posedge clk_i) cycle_q <= cycle_q + 40'd1;

    always @(posedge clk_i)
        if (|pulse_i) begin
            any_cnt_q <= any_cnt_q + 32'd1;
            for (i = 0; i < WIDTH; i = i + 1)
                if (pulse_i[i] === 1'b1) begin
                    count_mem[i] <= count_mem[i] + 32'd1;
                    last_mem[i]  <= cycle_q;
                end
        end

endmodule

`default_nettype wire
