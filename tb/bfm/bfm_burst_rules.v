// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_burst_rules
// Purpose: Is the address channel of this burst legal AXI4?
// In     : vec_i          Out: bad_o     (combinational)
// Rules  : size fits the bus; INCR does not cross 4 KB; FIXED has 16 beats at
//          most; WRAP has 2, 4, 8 or 16 aligned beats; no reserved burst or
//          AxCACHE code; exclusives are a power of two up to 128 bytes, aligned,
//          16 beats at most.
// Tests  : tests/unit/test_bfm_checker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_burst_rules #(
    parameter DATA_W = 128
) (
    /* verilator lint_off UNUSEDSIGNAL */
    input  wire [`BFM_AX_W-1:0] vec_i,      // sidebands have no rule here
    /* verilator lint_on UNUSEDSIGNAL */
    output wire                 bad_o
);

    wire [15:0] addr  = vec_i[15:0];        // BFM_AX_ADDR: the page offset is enough
    wire [7:0]  len   = vec_i[`BFM_AX_LEN];
    wire [2:0]  size  = vec_i[`BFM_AX_SIZE];
    wire [1:0]  burst = vec_i[`BFM_AX_BURST];
    wire        lock  = vec_i[`BFM_AX_LOCK];
    /* verilator lint_off UNUSEDSIGNAL */   // the bufferable bit is free
    wire [3:0]  cache = vec_i[`BFM_AX_CACHE];
    /* verilator lint_on UNUSEDSIGNAL */

    wire [15:0] bytes   = ({8'd0, len} + 16'd1) << size;
    wire [15:0] beat    = 16'd1 << size;
    wire [15:0] start   = {4'd0, addr[11:0]} & ~(beat - 16'd1);
    wire        wide    = {16'd0, beat} > (DATA_W / 8);
    wire        crosses = burst == 2'd1 && (start + bytes) > 16'd4096;
    wire        fixed   = burst == 2'd0 && len > 8'd15;
    wire        wrap    = burst == 2'd2 &&
                          (!(len == 8'd1 || len == 8'd3 || len == 8'd7 || len == 8'd15) ||
                           (addr & (beat - 16'd1)) != 16'd0);
    wire        code    = cache[3:2] != 2'd0 && !cache[1];
    wire        excl    = lock && ((bytes & (bytes - 16'd1)) != 16'd0 || bytes > 16'd128 ||
                          len > 8'd15 || (addr & (bytes - 16'd1)) != 16'd0);

    assign bad_o = wide || crosses || fixed || wrap || code || excl || burst == 2'd3;

endmodule

`default_nettype wire
