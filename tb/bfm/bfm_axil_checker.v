// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_axil_checker
// Purpose: AXI4-Lite protocol rules on one port, both sides of every handshake.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Python : u_log.*   (tb/bfm/checker.py, AXIL_RULES)
// Rules  : bit number, see the localparams
// Tests  : tests/unit/test_bfm_checker.py
//-----------------------------------------------------------------------------
`default_nettype none

module bfm_axil_checker #(
    parameter ADDR_W = 17
) (
    input  wire              clk_i,
    input  wire              rst_ni,
    input  wire              aw_valid_i,
    input  wire              aw_ready_i,
    input  wire [ADDR_W-1:0] aw_addr_i,
    input  wire [2:0]        aw_prot_i,
    input  wire              w_valid_i,
    input  wire              w_ready_i,
    input  wire [31:0]       w_data_i,
    input  wire [3:0]        w_strb_i,
    input  wire              b_valid_i,
    input  wire              b_ready_i,
    input  wire [1:0]        b_resp_i,
    input  wire              ar_valid_i,
    input  wire              ar_ready_i,
    input  wire [ADDR_W-1:0] ar_addr_i,
    input  wire [2:0]        ar_prot_i,
    input  wire              r_valid_i,
    input  wire              r_ready_i,
    input  wire [31:0]       r_data_i,
    input  wire [1:0]        r_resp_i
);

    localparam E_AW_STABLE = 0,   // VALID dropped or payload changed before READY
               E_W_STABLE  = 1,
               E_B_STABLE  = 2,
               E_AR_STABLE = 3,
               E_R_STABLE  = 4,
               E_B_NONE    = 5,   // B offered before both AW and W were taken
               E_R_NONE    = 6,   // R offered before AR was taken
               E_EXOKAY    = 7,   // AXI4-Lite has no exclusives
               E_UNKNOWN   = 8,   // X on a handshake, or on payload while VALID
               E_RESET     = 9;   // VALID while in reset

    localparam [1:0] EXOKAY = 2'b01;

    wire [ADDR_W+2:0] aw_vec = {aw_addr_i, aw_prot_i};
    wire [35:0]       w_vec  = {w_data_i, w_strb_i};
    wire [ADDR_W+2:0] ar_vec = {ar_addr_i, ar_prot_i};
    wire [33:0]       r_vec  = {r_data_i, r_resp_i};

    wire [4:0] moved;
    bfm_stable #(.WIDTH(ADDR_W + 3)) u_aw (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(aw_valid_i), .ready_i(aw_ready_i),
        .payload_i(aw_vec), .bad_o(moved[E_AW_STABLE]));
    bfm_stable #(.WIDTH(36)) u_w (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(w_valid_i), .ready_i(w_ready_i),
        .payload_i(w_vec), .bad_o(moved[E_W_STABLE]));
    bfm_stable #(.WIDTH(2)) u_b (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(b_valid_i), .ready_i(b_ready_i),
        .payload_i(b_resp_i), .bad_o(moved[E_B_STABLE]));
    bfm_stable #(.WIDTH(ADDR_W + 3)) u_ar (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(ar_valid_i), .ready_i(ar_ready_i),
        .payload_i(ar_vec), .bad_o(moved[E_AR_STABLE]));
    bfm_stable #(.WIDTH(34)) u_r (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(r_valid_i), .ready_i(r_ready_i),
        .payload_i(r_vec), .bad_o(moved[E_R_STABLE]));

    // ---- answers owed: a response may be offered from the cycle after its request -----------
    reg [7:0] aw_due_q, w_due_q, r_due_q;
    reg       was_rst_q;
    wire      b_hs = b_valid_i && b_ready_i;

    initial begin
        aw_due_q = 8'd0;  w_due_q = 8'd0;  r_due_q = 8'd0;  was_rst_q = 1'b0;
    end

    wire b_none = aw_due_q == 8'd0 || w_due_q == 8'd0;
    wire b_take = b_hs && !b_none;
    wire r_take = r_valid_i && r_ready_i && r_due_q != 8'd0;

    always @(posedge clk_i) begin
        was_rst_q <= !rst_ni;
        if (!rst_ni) begin
            aw_due_q <= 8'd0;
            w_due_q  <= 8'd0;
            r_due_q  <= 8'd0;
        end else begin
            aw_due_q <= aw_due_q + {7'd0, aw_valid_i && aw_ready_i} - {7'd0, b_take};
            w_due_q  <= w_due_q + {7'd0, w_valid_i && w_ready_i} - {7'd0, b_take};
            r_due_q  <= r_due_q + {7'd0, ar_valid_i && ar_ready_i} - {7'd0, r_take};
        end
    end

    // ---- rules -------------------------------------------------------------------------------
    reg [31:0] bad;
    always @(*) begin
        bad            = 32'd0;
        bad[4:0]       = moved;
        bad[E_B_NONE]  = b_valid_i && b_none;
        bad[E_R_NONE]  = r_valid_i && r_due_q == 8'd0;
        bad[E_EXOKAY]  = (b_valid_i && b_resp_i == EXOKAY) || (r_valid_i && r_resp_i == EXOKAY);
        // a comparison with X is X: true only in a four-state simulator
        bad[E_UNKNOWN] = (^{aw_valid_i, aw_ready_i, w_valid_i, w_ready_i, b_valid_i, b_ready_i,
                            ar_valid_i, ar_ready_i, r_valid_i, r_ready_i}) === 1'bx ||
                         (aw_valid_i && (^aw_vec) === 1'bx) ||
                         (w_valid_i && (^w_vec) === 1'bx) ||
                         (b_valid_i && (^b_resp_i) === 1'bx) ||
                         (ar_valid_i && (^ar_vec) === 1'bx) ||
                         (r_valid_i && (^r_vec) === 1'bx);
    end
    wire rst_bad = was_rst_q && (aw_valid_i === 1'b1 || w_valid_i === 1'b1 ||
                   b_valid_i === 1'b1 || ar_valid_i === 1'b1 || r_valid_i === 1'b1);

    bfm_rule_log u_log (
        .clk_i (clk_i), .bad_i (rst_ni ? bad : {31'd0, rst_bad} << E_RESET)
    );

endmodule

`default_nettype wire
