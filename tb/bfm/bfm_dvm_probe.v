// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_dvm_probe
// Purpose: Monitor and protocol checker of the DVM channels. Lives inside
//          bfm_dvm; serves alone beside an interconnect that is not ours.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Python : rec_mem[n % 64] = {cycle, is_cr, part or CR response}, rec_cnt_q
//          wakes   (tb/bfm/dvm_monitor.py); u_check
// Tests  : tests/unit/test_bfm_dvm.py, tests/unit/test_bfm_checker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_dvm_probe (
    input  wire        clk_i,
    input  wire        rst_ni,
    input  wire        dvm_acvalid,
    input  wire        dvm_acready,
    input  wire [47:0] dvm_acaddr,
    input  wire [3:0]  dvm_acvmidext,
    input  wire [3:0]  dvm_acsnoop,
    input  wire [2:0]  dvm_acprot,
    input  wire        dvm_crvalid,
    input  wire        dvm_crready,
    input  wire [4:0]  dvm_crresp,
    input  wire        dvm_syscoreq,
    input  wire        dvm_syscoack,
    input  wire        dvm_complete
);

    localparam PART_W = 59;
    localparam REC_W  = `BFM_CYC_W + 1 + PART_W;

    reg [REC_W-1:0]      rec_mem [0:63] /* verilator public_flat_rd */;
    reg [31:0]           rec_cnt_q      /* verilator public_flat_rd */;
    reg [`BFM_CYC_W-1:0] cycle_q;
    integer i;

    initial begin
        rec_cnt_q = 32'd0;
        cycle_q   = 0;
        for (i = 0; i < 64; i = i + 1) rec_mem[i] = {REC_W{1'b0}};
    end

    wire [PART_W-1:0] part = {dvm_acprot, dvm_acsnoop, dvm_acvmidext, dvm_acaddr};
    wire              ac_hs = dvm_acvalid && dvm_acready;
    wire              cr_hs = dvm_crvalid && dvm_crready;

    // a part and a response may pass in one cycle: the part goes first
    wire [5:0] at_ac = rec_cnt_q[5:0];
    wire [5:0] at_cr = rec_cnt_q[5:0] + {5'd0, ac_hs};

    always @(posedge clk_i) begin
        cycle_q <= cycle_q + 1'b1;
        if (rst_ni) begin
            if (ac_hs) rec_mem[at_ac] <= {cycle_q, 1'b0, part};
            if (cr_hs) rec_mem[at_cr] <= {cycle_q, 1'b1, {PART_W-5{1'b0}}, dvm_crresp};
            rec_cnt_q <= rec_cnt_q + {31'd0, ac_hs} + {31'd0, cr_hs};
        end
    end

    bfm_dvm_checker u_check (
        .clk_i (clk_i), .rst_ni (rst_ni), .ac_valid_i (dvm_acvalid), .ac_ready_i (dvm_acready),
        .ac_addr_i (dvm_acaddr), .ac_vmidext_i (dvm_acvmidext), .ac_snoop_i (dvm_acsnoop),
        .ac_prot_i (dvm_acprot), .cr_valid_i (dvm_crvalid), .cr_ready_i (dvm_crready),
        .cr_resp_i (dvm_crresp), .syscoreq_i (dvm_syscoreq), .syscoack_i (dvm_syscoack),
        .complete_i (dvm_complete)
    );

endmodule

`default_nettype wire
