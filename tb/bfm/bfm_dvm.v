// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_dvm
// Purpose: Interconnect side of the DVM snoop channels: sends message parts on
//          AC in the order posted, takes CR, answers SYSCOREQ.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Pins   : dvm_ac*, dvm_cr*, dvm_syscoreq, dvm_syscoack
// Python : part_mem[n % 64] = {prot, snoop, vmidext, addr}, post_cnt (written);
//          cr_cnt_q wakes, cr_mem[n % 64] = {cycle, crresp};  (tb/bfm/dvm.py)
//          cfg_ac_level, cfg_cr_level (n/256), cfg_hold_cr, cfg_ack
//          u_probe.*   (tb/bfm/dvm_monitor.py, checker.py)
// Limits : 64 parts posted and unanswered. The DVM Complete that ends a Sync
//          leaves on the walk port's AR (tb/bfm/axi_mem.py); dvm_complete is its
//          handshake, for the checker.
// Tests  : tests/unit/test_bfm_dvm.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_dvm (
    input  wire        clk_i,
    input  wire        rst_ni,

    output wire        dvm_acvalid,
    input  wire        dvm_acready,
    output wire [47:0] dvm_acaddr,
    output wire [3:0]  dvm_acvmidext,
    output wire [3:0]  dvm_acsnoop,
    output wire [2:0]  dvm_acprot,
    input  wire        dvm_crvalid,
    output wire        dvm_crready,
    input  wire [4:0]  dvm_crresp,
    input  wire        dvm_syscoreq,
    output wire        dvm_syscoack,
    input  wire        dvm_complete
);

    localparam PART_W = 59;
    localparam CR_W   = `BFM_CYC_W + 5;

    // ---- written by Python --------------------------------------------------------
    reg [PART_W-1:0] part_mem [0:63] /* verilator public_flat_rd */;
    reg [31:0] post_cnt     /* verilator public_flat_rw */;
    reg [31:0] cfg_seed     /* verilator public_flat_rw */;
    reg [8:0]  cfg_ac_level /* verilator public_flat_rw */;
    reg [8:0]  cfg_cr_level /* verilator public_flat_rw */;
    reg        cfg_hold_cr  /* verilator public_flat_rw */;
    reg        cfg_ack      /* verilator public_flat_rw */;

    // ---- read by Python -------------------------------------------------------------
    reg [CR_W-1:0] cr_mem [0:63] /* verilator public_flat_rd */;
    reg [31:0] ac_cnt_q     /* verilator public_flat_rd */;
    reg [31:0] cr_cnt_q     /* verilator public_flat_rd */;
    reg [`BFM_CYC_W-1:0] cycle_q /* verilator public_flat_rd */;

    reg              valid_q;
    reg [PART_W-1:0] part_q;
    reg [31:0]       take_q;
    reg [31:0]       posted_q;  // post_cnt as of the last edge (bfm_throttle says why)
    reg              ack_q;
    integer i;

    initial begin
        post_cnt = 0;  cfg_seed = 32'd4;  cfg_ac_level = 9'd256;  cfg_cr_level = 9'd256;
        cfg_hold_cr = 1'b0;  cfg_ack = 1'b1;  ac_cnt_q = 0;  cr_cnt_q = 0;
        cycle_q = 0;  valid_q = 1'b0;  part_q = 0;  take_q = 0;  posted_q = 0;  ack_q = 1'b0;
        for (i = 0; i < 64; i = i + 1) begin
            part_mem[i] = 0;
            cr_mem[i]   = 0;
        end
    end

    wire ac_go, cr_go;
    /* verilator lint_off PINCONNECTEMPTY */
    bfm_throttle #(.LANE(32'd51)) u_ac_go (
        .clk_i(clk_i), .rst_ni(rst_ni), .seed_i(cfg_seed), .level_i(cfg_ac_level),
        .hold_i(1'b0), .go_o(ac_go), .rnd_o());
    bfm_throttle #(.LANE(32'd52)) u_cr_go (
        .clk_i(clk_i), .rst_ni(rst_ni), .seed_i(cfg_seed), .level_i(cfg_cr_level),
        .hold_i(cfg_hold_cr), .go_o(cr_go), .rnd_o());
    /* verilator lint_on PINCONNECTEMPTY */

    wire ac_hs = valid_q && dvm_acready;
    wire cr_hs = dvm_crvalid && dvm_crready;
    wire take  = (!valid_q || dvm_acready) && take_q != posted_q && ac_go;

    assign dvm_acvalid = valid_q;
    assign {dvm_acprot, dvm_acsnoop, dvm_acvmidext, dvm_acaddr} = part_q;
    assign dvm_crready  = cr_go;
    assign dvm_syscoack = ack_q;

    always @(posedge clk_i) begin
        cycle_q  <= cycle_q + 1'b1;
        posted_q <= post_cnt;
        if (!rst_ni) begin
            valid_q   <= 1'b0;
            take_q    <= post_cnt;
            ack_q     <= 1'b0;
        end else begin
            ack_q <= dvm_syscoreq && cfg_ack;
            if (ac_hs) begin
                valid_q  <= 1'b0;
                ac_cnt_q <= ac_cnt_q + 32'd1;
            end
            if (take) begin
                valid_q <= 1'b1;
                part_q  <= part_mem[take_q[5:0]];
                take_q  <= take_q + 32'd1;
            end
            if (cr_hs) begin
                cr_mem[cr_cnt_q[5:0]] <= {cycle_q, dvm_crresp};
                cr_cnt_q <= cr_cnt_q + 32'd1;
            end
        end
    end

    bfm_dvm_probe u_probe (
        .clk_i (clk_i), .rst_ni (rst_ni), .dvm_acvalid (dvm_acvalid), .dvm_acready (dvm_acready),
        .dvm_acaddr (dvm_acaddr), .dvm_acvmidext (dvm_acvmidext), .dvm_acsnoop (dvm_acsnoop),
        .dvm_acprot (dvm_acprot), .dvm_crvalid (dvm_crvalid), .dvm_crready (dvm_crready),
        .dvm_crresp (dvm_crresp), .dvm_syscoreq (dvm_syscoreq), .dvm_syscoack (dvm_syscoack),
        .dvm_complete (dvm_complete)
    );

endmodule

`default_nettype wire
