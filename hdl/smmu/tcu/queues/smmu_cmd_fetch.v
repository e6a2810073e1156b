// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_cmd_fetch
// Purpose: Read commands ahead of their execution, in bursts of up to a 64-byte
//          line that stay inside CONS..PROD-1, and hand them out in order.
// Spec   : IHI 0070 3.5.1, 3.21.2; CMD-003, QUE-001..010, QUE-015
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : run_i       commands may be read and executed
//          execute_i   a command taken from here has not moved cons_i yet
// Out    : cmd_*       oldest command; cmd_err_o: its beat was an external abort
//          busy_o      an address is offered or beats are to come
// Memory : ar_*, r_*   beats come in order (one AXI ID), always taken
// Limits : 8 commands held or under way. What was read ahead is dropped and read
//          again when run_i falls, when the indices become inconsistent (QUE-004)
//          or when PROD moves back over it (QUE-010).
// Tests  : tests/unit/test_cmdq.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"

module smmu_cmd_fetch (
    input  wire              clk_i,
    input  wire              rst_ni,
    input  wire              run_i,
    input  wire              execute_i,
    input  wire [47:0]       base_i,
    input  wire [4:0]        log2_i,
    input  wire [19:0]       prod_i,
    input  wire [19:0]       cons_i,
    output wire              cmd_valid_o,
    input  wire              cmd_ready_i,
    output wire [`CMD_W-1:0] cmd_o,
    output wire              cmd_err_o,
    output wire              busy_o,
    output wire              ar_valid_o,
    input  wire              ar_ready_i,
    output wire [47:0]       ar_addr_o,
    output wire [7:0]        ar_len_o,
    input  wire              r_valid_i,
    input  wire [127:0]      r_data_i,
    input  wire              r_err_i
);
    localparam [3:0] DEPTH = 4'd8;          // commands held or under way
    localparam [3:0] BURST = 4'd4;          // commands of a line

    reg         drop_q;                     // discard all and start again at CONS
    reg  [19:0] next_q;                     // index of the next command to read
    reg  [3:0]  held_q;                     // places of the FIFO promised or full
    reg  [3:0]  come_q;                     // beats still to come
    reg         ar_q;
    reg  [47:0] addr_q;
    reg  [1:0]  len_q;

    // ---- ring arithmetic: index and wrap bit, log2_i + 1 bits ------------------------
    wire [19:0] size   = 20'd1 << log2_i;
    wire [19:0] imask  = size - 20'd1;
    wire [19:0] wmask  = {imask[18:0], 1'b1};
    wire [19:0] used   = (prod_i - cons_i) & wmask;
    wire [19:0] ahead  = (next_q - cons_i) & wmask;     // read, or being executed
    wire [19:0] left   = (prod_i - next_q) & wmask;
    wire        sane   = used <= size;
    wire        usable = run_i && sane && ahead <= used;

    // ---- next burst: not past PROD, the line or the ring -------------------------------
    wire [1:0]  line  = ~next_q[1:0] & imask[1:0];
    wire [1:0]  len   = (left <= {18'd0, line}) ? left[1:0] - 2'd1 : line;
    wire [3:0]  beats = {2'd0, len} + 4'd1;
    wire        issue = usable && !drop_q && !ar_q && left != 20'd0 && held_q <= DEPTH - BURST;

    wire        some, take;
    wire        restart = drop_q && run_i && sane && !execute_i && !busy_o && !some;

    assign cmd_valid_o = some && usable && !drop_q;
    assign take        = cmd_valid_o && cmd_ready_i;
    assign busy_o      = ar_q || come_q != 4'd0;
    assign ar_valid_o  = ar_q;
    assign ar_addr_o   = addr_q;
    assign ar_len_o    = {6'd0, len_q};

    util_fifo #(.WIDTH(`CMD_W + 1), .DEPTH(8), .ADDR_W(3)) u_fifo (
        .clk_i      (clk_i),
        .rst_ni     (rst_ni),
        .wr_valid_i (r_valid_i),
        .wr_data_i  ({r_err_i, r_data_i}),
        .rd_valid_o (some),
        .rd_ready_i (take || drop_q),
        .rd_data_o  ({cmd_err_o, cmd_o})
    );

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            drop_q <= 1'b1;
            next_q <= 20'd0;
            held_q <= 4'd0;
            come_q <= 4'd0;
            ar_q   <= 1'b0;
        end else begin
            drop_q <= !usable || (drop_q && !restart);
            held_q <= drop_q ? 4'd0 : held_q + (issue ? beats : 4'd0) - {3'd0, take};
            come_q <= come_q + (issue ? beats : 4'd0) - {3'd0, r_valid_i};
            ar_q   <= issue || (ar_q && !ar_ready_i);
            if (drop_q)     next_q <= cons_i & wmask;
            else if (issue) next_q <= (next_q + {16'd0, beats}) & wmask;
        end
        if (issue) begin
            len_q  <= len;
            // the smallest queue is still aligned to 32 bytes (QUE-003)
            addr_q <= (base_i & ~{24'd0, imask | 20'd1, 4'hf}) | {24'd0, next_q & imask, 4'd0};
        end
    end
endmodule

`default_nettype wire
