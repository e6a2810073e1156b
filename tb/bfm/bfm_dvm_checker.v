// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_dvm_checker
// Purpose: Rules of the DVM snoop channels and of the coherency connection,
//          both sides.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : complete_i   a DVM Complete was taken (AR of the walk port)
// Python : u_log.*   (tb/bfm/checker.py, DVM_RULES)
// Rules  : bit number, see the localparams
// Limits : 255 parts, 255 Syncs open
// Tests  : tests/unit/test_bfm_checker.py
//-----------------------------------------------------------------------------
`default_nettype none

module bfm_dvm_checker (
    input  wire        clk_i,
    input  wire        rst_ni,
    input  wire        ac_valid_i,
    input  wire        ac_ready_i,
    input  wire [47:0] ac_addr_i,
    input  wire [3:0]  ac_vmidext_i,
    input  wire [3:0]  ac_snoop_i,
    input  wire [2:0]  ac_prot_i,
    input  wire        cr_valid_i,
    input  wire        cr_ready_i,
    input  wire [4:0]  cr_resp_i,
    input  wire        syscoreq_i,
    input  wire        syscoack_i,
    input  wire        complete_i
);

    localparam E_AC_STABLE = 0,   // VALID dropped or payload changed before READY
               E_CR_STABLE = 1,
               E_CR_NONE   = 2,   // CR for no message part
               E_AC_SNOOP  = 3,   // a snoop that is no DVM message
               E_COMPLETE  = 4,   // DVM Complete for no Sync
               E_REQ_STEP  = 5,   // SYSCOREQ moved while SYSCOACK differed from it
               E_ACK_STEP  = 6,   // SYSCOACK moved away from SYSCOREQ
               E_UNKNOWN   = 7,   // X on a handshake, or on payload while VALID
               E_RESET     = 8;   // VALID while in reset

    localparam [3:0] SNOOP_DVM = 4'hf;
    localparam [2:0] TYPE_SYNC = 3'd4;

    wire [58:0] ac_vec = {ac_prot_i, ac_snoop_i, ac_vmidext_i, ac_addr_i};
    wire        ac_hs  = ac_valid_i && ac_ready_i;
    wire        cr_hs  = cr_valid_i && cr_ready_i;

    wire [1:0] moved;
    bfm_stable #(.WIDTH(59)) u_ac (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(ac_valid_i), .ready_i(ac_ready_i),
        .payload_i(ac_vec), .bad_o(moved[E_AC_STABLE]));
    bfm_stable #(.WIDTH(5)) u_cr (
        .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(cr_valid_i), .ready_i(cr_ready_i),
        .payload_i(cr_resp_i), .bad_o(moved[E_CR_STABLE]));

    // ---- what is open --------------------------------------------------------------------------
    reg [7:0] part_q, sync_q;
    reg       second_q;                       // the next part is the second of its message
    reg       req_q, ack_q, was_rst_q;

    initial begin
        part_q = 8'd0;  sync_q = 8'd0;  second_q = 1'b0;
        req_q = 1'b0;  ack_q = 1'b0;  was_rst_q = 1'b0;
    end

    wire first = ac_hs && !second_q;
    wire sync  = first && ac_addr_i[14:12] == TYPE_SYNC;
    wire ended = complete_i && sync_q != 8'd0;

    always @(posedge clk_i) begin
        was_rst_q <= !rst_ni;
        req_q     <= syscoreq_i;
        ack_q     <= syscoack_i;
        if (!rst_ni) begin
            part_q   <= 8'd0;
            sync_q   <= 8'd0;
            second_q <= 1'b0;
        end else begin
            part_q <= part_q + {7'd0, ac_hs} - {7'd0, cr_hs && part_q != 8'd0};
            sync_q <= sync_q + {7'd0, sync} - {7'd0, ended};
            if (ac_hs) second_q <= first && ac_addr_i[0];
        end
    end

    // ---- rules ---------------------------------------------------------------------------------
    reg [31:0] bad;
    always @(*) begin
        bad             = 32'd0;
        bad[1:0]        = moved;
        bad[E_CR_NONE]  = cr_valid_i && part_q == 8'd0;
        bad[E_AC_SNOOP] = ac_valid_i && ac_snoop_i != SNOOP_DVM;
        bad[E_COMPLETE] = complete_i && sync_q == 8'd0;
        bad[E_REQ_STEP] = !was_rst_q && syscoreq_i != req_q && ack_q != req_q;
        bad[E_ACK_STEP] = !was_rst_q && syscoack_i != ack_q && ack_q == req_q;
        // a comparison with X is X: true only in a four-state simulator
        bad[E_UNKNOWN]  = (^{ac_valid_i, ac_ready_i, cr_valid_i, cr_ready_i, syscoreq_i,
                             syscoack_i, complete_i}) === 1'bx ||
                          (ac_valid_i && (^ac_vec) === 1'bx) ||
                          (cr_valid_i && (^cr_resp_i) === 1'bx);
    end
    wire rst_bad = was_rst_q && (ac_valid_i === 1'b1 || cr_valid_i === 1'b1);

    bfm_rule_log u_log (
        .clk_i (clk_i), .bad_i (rst_ni ? bad : {31'd0, rst_bad} << E_RESET)
    );

endmodule

`default_nettype wire
