// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_dvm
// Purpose: Receive broadcast TLB maintenance: answer every part on CR, turn a TLBI
//          into an INV, a Sync into one DVM Complete.
// Spec   : AMBA DVM (AC, CR, SYSCOREQ); TAG-007..017, DVM-001..021; D8, D17
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : dvm_ac*  message parts    ptm_i  CR2.PTM: act on none    vmw_i  CR0.VMW
// Out    : inv_*    invalidation, taken when it is done everywhere
//          dsync_*  order of the transactions that used removed entries
//          dvmc_*   a DVM Complete on AR; done with its R beat
// Stalls : AC waits for INVs only, CR for nothing, neither for AR: a Sync is counted
//          and finished apart, so messages behind it go on. They cannot harm it: it
//          promises only what came before it.
// Limits : 8 parts buffered, 15 CR owed, 255 Syncs unfinished; then AC waits
// Tests  : tests/unit/test_dvm.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_if.vh"

module smmu_dvm (
    input  wire              clk_i,
    input  wire              rst_ni,

    input  wire              dvm_acvalid,
    output wire              dvm_acready,
    input  wire [47:0]       dvm_acaddr,
    input  wire [3:0]        dvm_acvmidext,
    input  wire [3:0]        dvm_acsnoop,
    input  wire [2:0]        dvm_acprot,
    output wire              dvm_crvalid,
    input  wire              dvm_crready,
    output wire [4:0]        dvm_crresp,
    output wire              dvm_syscoreq,
    input  wire              dvm_syscoack,

    input  wire              ptm_i,
    input  wire [2:0]        vmw_i,

    output wire              inv_valid_o,
    input  wire              inv_ready_i,
    output wire [`INV_W-1:0] inv_msg_o,

    output wire              dsync_req_o,
    input  wire              dsync_done_i,
    output wire              dvmc_valid_o,
    input  wire              dvmc_ready_i,
    output wire [1:0]        dvmc_domain_o,
    input  wire              dvmc_done_i
);
    localparam [3:0] SNOOP_DVM = 4'b1111;
    localparam [3:0] PARTS     = 4'd8;

    // ---- AC and CR --------------------------------------------------------------------
    // A part is answered for having arrived, whatever becomes of it (DVM-019).
    reg  [3:0] owed_q, held_q;
    wire       ac    = dvm_acvalid && dvm_acready;
    wire       cr    = dvm_crvalid && dvm_crready;
    wire       is_dvm = (dvm_acsnoop == SNOOP_DVM);
    wire       push  = ac && is_dvm;
    wire       pop;

    assign dvm_acready = (held_q != PARTS) && (owed_q != 4'd15);
    assign dvm_crvalid = (owed_q != 4'd0);
    assign dvm_crresp  = 5'd0;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            owed_q <= 4'd0;
            held_q <= 4'd0;
        end else begin
            owed_q <= owed_q + {3'd0, ac} - {3'd0, cr};
            held_q <= held_q + {3'd0, push} - {3'd0, pop};
        end
    end

    // Connected for good: TLB contents follow broadcasts from the first fill on.
    reg syscoreq_q;
    always @(posedge clk_i) syscoreq_q <= rst_ni;
    assign dvm_syscoreq = syscoreq_q;

    // ---- messages, in order ---------------------------------------------------------------
    wire        part_valid;
    wire [51:0] part;               // {vmidext, addr}

    util_fifo_ram #(.WIDTH(52), .DEPTH(8), .ADDR_W(3)) u_parts (
        .clk_i(clk_i), .rst_ni(rst_ni),
        .wr_valid_i(push), .wr_data_i({dvm_acvmidext, dvm_acaddr}),
        .rd_valid_o(part_valid), .rd_ready_i(pop), .rd_data_o(part));

    reg               two_q;        // the first of two parts is in first_q
    reg  [51:0]       first_q;
    reg               inv_q;
    reg  [`INV_W-1:0] inv_msg_q;
    reg  [7:0]        syncs_q;      // to be completed
    wire              completed;

    wire [51:0]       one = two_q ? first_q : part;
    wire              is_sync, is_tlbi;
    wire [`INV_W-1:0] inv;

    smmu_dvm_decode u_decode (
        .p1_i(one[47:0]), .ext1_i(one[51:48]), .p2_i(part[47:0]), .ext2_i(part[51:48]),
        .two_i(two_q), .vmw_i(vmw_i), .sync_o(is_sync), .tlbi_o(is_tlbi), .inv_o(inv));

    wire lone = !two_q && part[0] && !is_sync;          // its second part follows
    wire full = is_sync && (syncs_q == 8'd255);

    // A Sync is popped only when the invalidations before it are done.
    assign pop = part_valid && !inv_q && !full;

    wire sync = pop && is_sync;
    wire tlbi = pop && !lone && is_tlbi && !ptm_i;      // TAG-010

    assign inv_valid_o = inv_q;
    assign inv_msg_o   = inv_msg_q;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            two_q   <= 1'b0;
            inv_q   <= 1'b0;
            syncs_q <= 8'd0;
        end else begin
            if (pop) two_q <= lone;
            inv_q   <= tlbi || (inv_q && !inv_ready_i);
            syncs_q <= syncs_q + {7'd0, sync} - {7'd0, completed};
        end
        if (pop)  first_q   <= part;
        if (tlbi) inv_msg_q <= inv;
    end

    // ---- Sync: wait for what used removed entries, then one Complete each ---------------------
    localparam [1:0] S_IDLE = 2'd0, S_WAIT = 2'd1, S_SEND = 2'd2, S_RESP = 2'd3;
    reg [1:0] state_q, state_d;

    always @(*) begin
        state_d = state_q;
        case (state_q)
            // with PTM nothing was removed, so nothing is waited for (TAG-010)
            S_IDLE:  if (syncs_q != 8'd0) state_d = ptm_i ? S_SEND : S_WAIT;
            S_WAIT:  if (dsync_done_i) state_d = S_SEND;
            S_SEND:  if (dvmc_ready_i) state_d = S_RESP;
            default: if (dvmc_done_i)  state_d = S_IDLE;    // its ARID is free again
        endcase
    end
    always @(posedge clk_i) state_q <= rst_ni ? state_d : S_IDLE;

    assign dsync_req_o   = (state_q == S_WAIT);
    assign dvmc_valid_o  = (state_q == S_SEND);
    assign dvmc_domain_o = 2'b01;                           // Inner Shareable
    assign completed     = (state_q == S_RESP) && dvmc_done_i;

    wire unused_ok = &{1'b0, dvm_acprot, dvm_syscoack};
endmodule

`default_nettype wire
