// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : util_first
// Purpose: Number of the lowest requester, by a tree of pairs: as deep as the
//          logarithm of their count, where a loop over all would be a chain.
// Clock  : none, purely combinational
// In     : req_i  one bit per requester
// Out    : any_o  somebody asks;  idx_o  its number, 0 if nobody asks
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none

module util_first #(
    parameter N     = 8,    // requesters
    parameter IDX_W = 3     // width of the number, at least clog2(N) and at least 1
) (
    input  wire [N-1:0]     req_i,
    output wire             any_o,
    output wire [IDX_W-1:0] idx_o
);
    // Node 1 is the root, node n has the children 2n and 2n+1; the leaves are the requesters.
    localparam LEAVES = 1 << IDX_W;

    reg [2*LEAVES-1:0]       any;
    reg [2*LEAVES*IDX_W-1:0] idx;
    integer n;
    always @(*) begin
        any = {2*LEAVES{1'b0}};
        idx = {2*LEAVES*IDX_W{1'b0}};
        n   = 0;
        if (|req_i) begin
            any[LEAVES +: N] = req_i;
            for (n = 0; n < LEAVES; n = n + 1) idx[(LEAVES+n)*IDX_W +: IDX_W] = n[IDX_W-1:0];
            for (n = LEAVES - 1; n > 0; n = n - 1) begin
                any[n] = any[2*n] || any[2*n+1];
                idx[n*IDX_W +: IDX_W] = any[2*n] ? idx[2*n*IDX_W +: IDX_W]
                                                 : idx[(2*n+1)*IDX_W +: IDX_W];
            end
        end
    end
    assign any_o = |req_i;
    assign idx_o = idx[IDX_W +: IDX_W];

    wire unused_ok = &{1'b0, any, idx};

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    (* anyconst *) wire [IDX_W-1:0] f_who;
    always @(*) assume (f_who < N);
    always @(*) begin
        // P1: the number is that of a requester, and none below it asks
        assert (any_o == |req_i);
        if (any_o) assert (idx_o < N && req_i[idx_o]);
        if (req_i[f_who]) assert (idx_o <= f_who);
        // C1: the last one asks alone
        cover (any_o && idx_o == N - 1);
    end
`endif
endmodule

`default_nettype wire
