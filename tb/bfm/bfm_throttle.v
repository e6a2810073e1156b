// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_throttle
// Purpose: One reproducible random source: a yes/no with a set probability and
//          a random word, both new every cycle. Own generator, not $random, so
//          that both simulators draw the same numbers.
// Clock  : clk_i.  Reset: rst_ni, synchronous, active low (reloads the seed).
// In     : seed_i     seed; LANE makes channels of one seed differ
//          level_i    256 = always, 0 = never, n = n/256
//          hold_i     1 = no
// Out    : go_o, rnd_o
// Note   : decided one edge ahead. What Python writes must meet a register before
//          it can reach a pin: else the simulator evaluates it as an input, with
//          all of the design behind it.
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none

module bfm_throttle #(
    parameter [31:0] LANE = 32'd1
) (
    input  wire        clk_i,
    input  wire        rst_ni,
    input  wire [31:0] seed_i,
    input  wire [8:0]  level_i,
    input  wire        hold_i,
    output wire        go_o,
    output wire [31:0] rnd_o
);

    // xorshift32; zero is its only fixed point
    function [31:0] step;
        input [31:0] x;
        reg   [31:0] y;
        begin
            y    = x ^ (x << 13);
            y    = y ^ (y >> 17);
            step = y ^ (y << 5);
        end
    endfunction

    function [31:0] start;
        input [31:0] seed;
        begin
            start = (seed + LANE) * 32'h9e37_79b1;
            if (start == 32'd0) start = 32'h1;
        end
    endfunction

    reg [31:0] seed_q, used_q;
    reg [31:0] rnd_q;
    reg        go_q;

    initial begin
        seed_q = 32'd0;
        used_q = 32'd0;
        rnd_q  = 32'h1;
        go_q   = 1'b0;
    end

    always @(posedge clk_i) begin
        seed_q <= seed_i;
        used_q <= seed_q;
        if (!rst_ni || used_q != seed_q) rnd_q <= start(seed_q);
        else                             rnd_q <= step(rnd_q);
        go_q <= !hold_i && {1'b0, rnd_q[15:8]} < level_i;
    end

    assign rnd_o = rnd_q;
    assign go_o  = go_q;

endmodule

`default_nettype wire
