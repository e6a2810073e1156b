// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_rule_log
// Purpose: What a protocol checker found: counts, names by bit, first lines in
//          the log. The one place Python reads a verdict from.
// Clock  : clk_i, one domain.
// In     : bad_i   one bit per rule, 1 in a cycle that breaks it
// Python : cfg_off (written): rules switched off; err_cnt_q, err_mask_q (all
//          rules broken), err_rule_q (first of them)   (tb/bfm/checker.py)
// Tests  : tests/unit/test_bfm_checker.py
//-----------------------------------------------------------------------------
`default_nettype none

module bfm_rule_log (
    input  wire        clk_i,
    input  wire [31:0] bad_i
);

    reg [31:0] cfg_off     /* verilator public_flat_rw */;
    reg [31:0] off_q;      // as of the last edge (bfm_throttle says why)
    reg [31:0] err_cnt_q   /* verilator public_flat_rd */;
    reg [31:0] err_mask_q  /* verilator public_flat_rd */;
    reg [7:0]  err_rule_q  /* verilator public_flat_rd */;

    initial begin
        cfg_off = 32'd0;  off_q = 32'd0;  err_cnt_q = 32'd0;  err_mask_q = 32'd0;  err_rule_q = 8'hff;
    end

    function [7:0] lowest;
        input [31:0] mask;
        integer      k;
        begin
            lowest = 8'hff;
            for (k = 31; k >= 0; k = k - 1) if (mask[k]) lowest = k[7:0];
        end
    endfunction

    wire [31:0] found = bad_i & ~off_q;

    always @(posedge clk_i) off_q <= cfg_off;

    always @(posedge clk_i)
        if (found != 32'd0) begin
            err_cnt_q  <= err_cnt_q + 32'd1;
            err_mask_q <= err_mask_q | found;
            if (err_rule_q == 8'hff) err_rule_q <= lowest(found);
            if (err_cnt_q < 32'd16)
                $display("PROTOCOL %m rule %0d (mask %0h) at %0t", lowest(found), found, $time);
        end

endmodule

`default_nettype wire
