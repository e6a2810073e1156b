// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_walk_ar
// Purpose: Read requests of the steps to the port: straight through when the port
//          is free, else one hold register and a queue. Never blocks a step.
// Spec   : D5 (AR one cycle after the R beat)
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : req_*  one record AQ, always taken
// Out    : ar_*   stable while it waits
// Limits : DEPTH is the number of slots: each has at most one request waiting
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"
`include "smmu_walk_if.vh"

module smmu_walk_ar #(
    parameter DEPTH = 8,
    parameter AW    = 3     // clog2(DEPTH), at least 1
) (
    input  wire             clk_i,
    input  wire             rst_ni,
    input  wire             req_valid_i,
    input  wire [`AQ_W-1:0] req_msg_i,
    output wire             ar_valid_o,
    input  wire             ar_ready_i,
    output wire [`AQ_W-1:0] ar_msg_o
);
    localparam [31:0] LAST = DEPTH - 1;

    reg              hold_q;            // first in line, in hold_msg_q
    reg [`AQ_W-1:0]  hold_msg_q;
    reg              head_q;            // then the word at the RAM's output
    reg [AW:0]       count_q;           // words in the RAM, not yet read out
    reg [AW-1:0]     wptr_q, rptr_q;
    wire [`AQ_W-1:0] head_msg;

    wire queued  = head_q || count_q != {(AW+1){1'b0}};
    wire through = !hold_q && !queued;  // a request of this cycle meets the port

    assign ar_valid_o = hold_q || head_q || (through && req_valid_i);
    assign ar_msg_o   = hold_q ? hold_msg_q : head_q ? head_msg : req_msg_i;

    wire go_hold = req_valid_i && through && !ar_ready_i;
    wire push    = req_valid_i && !through;
    wire use_head = head_q && !hold_q && ar_ready_i;
    wire pull    = count_q != {(AW+1){1'b0}} && (!head_q || use_head);

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            hold_q  <= 1'b0;
            head_q  <= 1'b0;
            count_q <= {(AW+1){1'b0}};
            wptr_q  <= {AW{1'b0}};
            rptr_q  <= {AW{1'b0}};
        end else begin
            if (hold_q)      hold_q <= !ar_ready_i;
            else             hold_q <= go_hold;
            if (pull)          head_q <= 1'b1;
            else if (use_head) head_q <= 1'b0;
            if (push) wptr_q <= (wptr_q == LAST[AW-1:0]) ? {AW{1'b0}} : wptr_q + 1'b1;
            if (pull) rptr_q <= (rptr_q == LAST[AW-1:0]) ? {AW{1'b0}} : rptr_q + 1'b1;
            if (push && !pull)      count_q <= count_q + 1'b1;
            else if (pull && !push) count_q <= count_q - 1'b1;
        end
        if (!hold_q) hold_msg_q <= req_msg_i;
    end

    util_ram_1r1w #(.WIDTH(`AQ_W), .DEPTH(DEPTH), .ADDR_W(AW)) u_queue (
        .clk_i(clk_i),
        .rd_en_i(pull), .rd_addr_i(rptr_q), .rd_data_o(head_msg),
        // whether a request comes is late: what is written without one is written over
        .wr_en_i(!through), .wr_addr_i(wptr_q), .wr_data_i(req_msg_i));

    wire unused_ok = &{1'b0, LAST};
endmodule
`default_nettype wire
