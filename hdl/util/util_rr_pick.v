// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : util_rr_pick
// Purpose: Round-robin choice among requesters: the search starts one above the
//          requester that was taken last.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : req_i  one bit per requester;  take_i  the choice is used this cycle
// Out    : valid_o  somebody asks;  pick_o  its number, valid with valid_o
// Limits : a requester that keeps asking is served after at most N-1 takes
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none

module util_rr_pick #(
    parameter N      = 8,   // requesters
    parameter PICK_W = 3    // width of the choice, at least clog2(N) and at least 1
) (
    input  wire              clk_i,
    input  wire              rst_ni,
    input  wire [N-1:0]      req_i,
    input  wire              take_i,
    output wire              valid_o,
    output wire [PICK_W-1:0] pick_o
);
    wire [N-1:0] grant;
    util_rr_grant #(.N(N)) u_grant (
        .clk_i(clk_i), .rst_ni(rst_ni), .req_i(req_i), .take_i(take_i), .grant_o(grant));

    integer          i;
    reg [PICK_W-1:0] pick;
    always @(*) begin
        pick = {PICK_W{1'b0}};
        i    = 0;
        if (|req_i)
            for (i = 0; i < N; i = i + 1) if (grant[i]) pick = pick | i[PICK_W-1:0];
    end
    assign valid_o = |req_i;
    assign pick_o  = pick;

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    localparam [PICK_W:0] F_N = N[PICK_W:0];

    // the requester taken last, of which the grant keeps what lies above
    (* hierconn *) wire [N-1:0] \u_grant.after_q ;
    reg [PICK_W-1:0] last_q;
    always @(posedge clk_i)
        if (!rst_ni)                last_q <= {PICK_W{1'b0}};
        else if (take_i && valid_o) last_q <= pick_o;
    always @(*) if (f_on) assert (\u_grant.after_q == ({N{1'b1}} << 1) << last_q);

    // how often others were taken while f_who kept asking
    (* anyconst *) wire [PICK_W-1:0] f_who;
    always @(*) assume (f_who < F_N);
    reg  [PICK_W:0] f_lost_q;
    wire [PICK_W:0] f_gap = (f_who > last_q) ? f_who - last_q - 1'b1
                                             : f_who + F_N - last_q - 1'b1;
    always @(posedge clk_i) begin
        if (!rst_ni || !req_i[f_who])  f_lost_q <= 0;
        else if (take_i && valid_o)    f_lost_q <= (pick_o == f_who) ? 0 : f_lost_q + 1'b1;
    end

    // P1: the choice is one that asks
    always @(*) if (f_on) begin
        assert (valid_o == |req_i);
        if (valid_o) assert (pick_o < F_N && req_i[pick_o]);
    end
    // P2: one that keeps asking is served after at most N-1 takes of others
    always @(*) if (f_on) begin
        assert (last_q < F_N && f_lost_q < F_N);
        assert (f_lost_q + f_gap < F_N);
        if (f_lost_q == F_N - 1'b1 && req_i[f_who]) assert (pick_o == f_who);
    end

    always @(*) if (f_on) begin
        // C1: the longest wait ends
        cover (f_lost_q == F_N - 1'b1 && take_i && pick_o == f_who);
    end
`endif
endmodule

`default_nettype wire
