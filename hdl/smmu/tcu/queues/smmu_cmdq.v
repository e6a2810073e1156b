// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_cmdq
// Purpose: Command queue: execute commands one after another and move CONS when
//          the effect is there; CMD_SYNC with its interrupt and MSI; errors.
// Spec   : IHI 0070 4.1, 4.7.3, 7.1; CMD-*, QUE-006..014, GER-005..008, IRQ-011,
//          IRQ-012; D17
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : en_i         CR0.CMDQEN; cons_wr_i only while it and idle_o allow (REG-*)
//          err_active_i GERROR.CMDQ_ERR is active, any time after gerr_cmdq_o
// Out    : gerr_cmdq_o  high until err_active_i is: one cycle with smmu_irq
//          err_code_o   valid before gerr_cmdq_o
//          inv_*, res_*, sterm_*, csync_*   ready or done: completely executed
//          msi_*        stable until taken, then msi_done_i or msi_err_i
//          idle_o       no read out and CONS final when en_i is low (QUE-014)
// Limits : one command at a time; reading ahead is in smmu_cmd_fetch
// Tests  : tests/unit/test_cmdq.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"

module smmu_cmdq #(
    parameter OAS = 48      // an MSI address is cut to it (CMD-031)
) (
    input  wire              clk_i,
    input  wire              rst_ni,
    // registers
    input  wire              en_i,
    input  wire [47:0]       base_i,
    input  wire [4:0]        log2_i,        // capped already (QUE-003)
    input  wire              ra_i,
    input  wire [1:0]        queue_sh_i,
    input  wire [1:0]        queue_oc_i,
    input  wire [1:0]        queue_ic_i,
    input  wire [19:0]       prod_i,
    input  wire              prod_kick_i,   // not needed: the indices are compared all the time
    input  wire              cons_wr_i,
    input  wire [31:0]       cons_wdata_i,
    output wire [19:0]       cons_o,
    output wire [6:0]        err_code_o,
    input  wire              err_active_i,
    output wire              gerr_cmdq_o,
    output wire              idle_o,
    // effects
    output wire              inv_valid_o,
    input  wire              inv_ready_i,
    output wire [`INV_W-1:0] inv_msg_o,
    input  wire [2:0]        vmw_i,
    output wire              res_valid_o,
    input  wire              res_ready_i,
    output wire [31:0]       res_sid_o,
    output wire [15:0]       res_stag_o,
    output wire              res_ac_o,
    output wire              res_ab_o,
    output wire              sterm_valid_o,
    input  wire              sterm_ready_i,
    output wire [31:0]       sterm_sid_o,
    output wire              csync_req_o,
    input  wire              csync_done_i,
    // completion of CMD_SYNC
    output wire              msi_valid_o,
    input  wire              msi_ready_i,
    output wire [47:0]       msi_addr_o,
    output wire [31:0]       msi_data_o,
    output wire [3:0]        msi_attr_o,
    output wire [1:0]        msi_sh_o,
    input  wire              msi_done_i,
    input  wire              msi_err_i,
    output wire              gerr_msi_o,    // pulse
    output wire              irq_sync_o,    // pulse
    // command reads
    output wire              ar_valid_o,
    input  wire              ar_ready_i,
    output wire [47:0]       ar_addr_o,
    output wire [7:0]        ar_len_o,
    output wire [3:0]        ar_cache_o,
    output wire [1:0]        ar_domain_o,
    input  wire              r_valid_i,
    input  wire [127:0]      r_data_i,
    input  wire [1:0]        r_resp_i,
    input  wire              r_last_i       // not needed: beats are counted
);
    localparam [2:0] ST_NEXT  = 3'd0,       // waiting for a command
                     ST_CHECK = 3'd1,       // decoded, judged
                     ST_INV   = 3'd2,       // waiting for the invalidation
                     ST_RES   = 3'd3,       // waiting for the fault unit: CMD_RESUME
                     ST_TERM  = 3'd4,       // waiting for the fault unit: CMD_STALL_TERM
                     ST_SYNC  = 3'd5,       // waiting for smmu_sync
                     ST_MSI   = 3'd6,       // waiting for the MSI of an earlier CMD_SYNC
                     ST_ERR   = 3'd7;       // waiting for CMDQ_ERR to be seen

    reg  [2:0]         state_q, state_d;
    reg  [`CMD_W-1:0]  cmd_q;               // being executed
    reg                abort_q;             // its read aborted
    reg  [`INV_W-1:0]  inv_q;
    reg  [19:0]        cons_q;
    reg  [6:0]         code_q;
    reg                irq_q;
    reg                msi_q, msi_out_q;    // offered; offered or on its way
    reg  [47:0]        msi_addr_q;
    reg  [31:0]        msi_data_q;
    reg  [3:0]         msi_attr_q;
    reg  [1:0]         msi_sh_q;

    // ---- commands, read ahead ---------------------------------------------------------
    wire               next_valid, next_abort, fetch_busy;
    wire [`CMD_W-1:0]  next_cmd;
    reg                done;                // the effect is there: CONS moves
    wire               take = next_valid && (state_q == ST_NEXT || done);

    smmu_cmd_fetch u_cmd_fetch (
        .clk_i       (clk_i),
        .rst_ni      (rst_ni),
        .run_i       (en_i && !err_active_i),
        .execute_i   (state_q != ST_NEXT),
        .base_i      (base_i),
        .log2_i      (log2_i),
        .prod_i      (prod_i),
        .cons_i      (cons_q),
        .cmd_valid_o (next_valid),
        .cmd_ready_i (take),
        .cmd_o       (next_cmd),
        .cmd_err_o   (next_abort),
        .busy_o      (fetch_busy),
        .ar_valid_o  (ar_valid_o),
        .ar_ready_i  (ar_ready_i),
        .ar_addr_o   (ar_addr_o),
        .ar_len_o    (ar_len_o),
        .r_valid_i   (r_valid_i),
        .r_data_i    (r_data_i),
        .r_err_i     (r_resp_i[1])
    );

    // the hint is both allocate bits or none (ATT-031)
    smmu_walk_attr u_attr (
        .iwb_i        (queue_ic_i == 2'd1),
        .owb_i        (queue_oc_i == 2'd1),
        .sh_i         (queue_sh_i),
        .ra_i         (ra_i),
        .wa_i         (ra_i),
        .s2_en_i      (1'b0),
        .s2_memattr_i (4'd0),
        .s2_sh_i      (2'd0),
        .cache_o      (ar_cache_o),
        .domain_o     (ar_domain_o)
    );

    // ---- decode -------------------------------------------------------------------------
    wire               ill, noop, is_inv, is_resume, is_term, is_sync;
    wire [`INV_W-1:0]  inv_msg;

    smmu_cmd_decode u_cmd_decode (
        .cmd_i     (cmd_q),
        .vmw_i     (vmw_i),
        .ill_o     (ill),
        .noop_o    (noop),
        .inv_o     (is_inv),
        .resume_o  (is_resume),
        .term_o    (is_term),
        .sync_o    (is_sync),
        .inv_msg_o (inv_msg)
    );

    localparam [47:0] OAS_MASK = 48'hffff_ffff_ffff >> (48 - OAS);

    wire        sync_irq = cmd_q[`CMD_SYNC_CS_LSB +: `CMD_SYNC_CS_W] == `SYNCCS_IRQ;
    wire [53:0] sync_msi = cmd_q[`CMD_SYNC_MSIADDRESS_LSB +: `CMD_SYNC_MSIADDRESS_W];

    // ---- execution ----------------------------------------------------------------------
    wire fault    = state_q == ST_CHECK && (abort_q || ill);
    wire synced   = done && state_q == ST_MSI;
    // the address counts as a whole, also above the output size (CMD-031)
    wire send_msi = synced && sync_irq && sync_msi != 54'd0;

    always @(*) begin
        state_d = state_q;
        done    = 1'b0;
        case (state_q)
            ST_CHECK: begin
                if (fault)          state_d = ST_ERR;
                else if (is_inv)    state_d = ST_INV;
                else if (is_resume) state_d = ST_RES;
                else if (is_term)   state_d = ST_TERM;
                else if (is_sync)   state_d = ST_SYNC;
                else                done    = noop;
            end
            ST_INV:  done = inv_ready_i;
            ST_RES:  done = res_ready_i;
            ST_TERM: done = sterm_ready_i;
            ST_SYNC: if (csync_done_i) state_d = ST_MSI;
            // an earlier MSI is visible, or its abort is in GERROR, before this SYNC is (CMD-041)
            ST_MSI:  done = !msi_out_q;
            // However late the register file shows the error, what was read ahead is dropped then;
            // a GERRORN write in between cannot lose it.
            ST_ERR:  if (err_active_i) state_d = ST_NEXT;
            default: ;
        endcase
        if (done) state_d = ST_NEXT;
    end

    wire [19:0] wmask = ~(20'hf_fffe << log2_i);

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            state_q   <= ST_NEXT;
            cons_q    <= 20'd0;
            code_q    <= `CERROR_NONE;
            irq_q     <= 1'b0;
            msi_q     <= 1'b0;
            msi_out_q <= 1'b0;
        end else begin
            state_q   <= take ? ST_CHECK : state_d;
            irq_q     <= synced && sync_irq;
            msi_q     <= send_msi || (msi_q && !msi_ready_i);
            msi_out_q <= send_msi || (msi_out_q && !msi_done_i && !msi_err_i);
            if (cons_wr_i) begin
                cons_q <= cons_wdata_i[19:0];
                code_q <= cons_wdata_i[30:24];
            end else begin
                if (done)  cons_q <= (cons_q + 20'd1) & wmask;
                if (fault) code_q <= abort_q ? `CERROR_ABT : `CERROR_ILL;
            end
        end
        if (take)                {abort_q, cmd_q} <= {next_abort, next_cmd};
        if (state_q == ST_CHECK) inv_q <= inv_msg;
        if (synced) begin
            msi_addr_q <= {sync_msi[45:0], 2'b00} & OAS_MASK;
            msi_data_q <= cmd_q[`CMD_SYNC_MSIDATA_LSB +: `CMD_SYNC_MSIDATA_W];
            msi_attr_q <= cmd_q[`CMD_SYNC_MSIATTR_LSB +: `CMD_SYNC_MSIATTR_W];
            msi_sh_q   <= cmd_q[`CMD_SYNC_MSH_LSB +: `CMD_SYNC_MSH_W];
        end
    end

    // ---- outputs ------------------------------------------------------------------------
    assign cons_o        = cons_q & wmask;
    assign err_code_o    = code_q;
    assign gerr_cmdq_o   = state_q == ST_ERR && !err_active_i;
    assign idle_o        = state_q == ST_NEXT && !take && !fetch_busy;
    assign inv_valid_o   = state_q == ST_INV;
    assign inv_msg_o     = inv_q;
    assign res_valid_o   = state_q == ST_RES;
    assign res_sid_o     = cmd_q[`CMD_STREAMID_LSB +: `CMD_STREAMID_W];
    assign res_stag_o    = cmd_q[`CMD_RESUME_STAG_LSB +: `CMD_RESUME_STAG_W];
    assign res_ac_o      = cmd_q[`CMD_RESUME_AC_LSB];
    assign res_ab_o      = cmd_q[`CMD_RESUME_AB_LSB];
    assign sterm_valid_o = state_q == ST_TERM;
    assign sterm_sid_o   = cmd_q[`CMD_STREAMID_LSB +: `CMD_STREAMID_W];
    assign csync_req_o   = state_q == ST_SYNC;
    assign msi_valid_o   = msi_q;
    assign msi_addr_o    = msi_addr_q;
    assign msi_data_o    = msi_data_q;
    assign msi_attr_o    = msi_attr_q;
    assign msi_sh_o      = msi_sh_q;
    assign gerr_msi_o    = msi_err_i;
    assign irq_sync_o    = irq_q;

    wire unused_ok = &{1'b0, cmd_q, sync_msi[53:46], cons_wdata_i[31], cons_wdata_i[23:20],
                       prod_kick_i, r_last_i, r_resp_i[0]};

`ifdef FORMAL
    // Proof: tests/formal/proofs.yaml. f_ names exist for it only.
    reg f_past_q = 1'b0;
    always @(posedge clk_i) f_past_q <= 1'b1;
    always @(*) if (!f_past_q) assume (!rst_ni);
    wire f_on = f_past_q && rst_ni;

    // the register is written only while the queue is off and idle
    // an MSI is answered after it was taken
    always @(*) if (f_on) begin
        assume (!cons_wr_i || (!en_i && idle_o));
        assume (!(msi_done_i || msi_err_i) || (msi_out_q && !msi_q));
    end

    // P1: CONS moves by one, when the effect of its command is there (QUE-001, CMD-010)
    always @(posedge clk_i) if (f_on && $past(rst_ni && !cons_wr_i) && cons_q != $past(cons_q)) begin
        assert (cons_q == $past((cons_q + 20'd1) & wmask));
        assert ($past((inv_valid_o && inv_ready_i) || (res_valid_o && res_ready_i)
                      || (sterm_valid_o && sterm_ready_i) || (state_q == ST_MSI && !msi_out_q)
                      || (state_q == ST_CHECK && noop && !ill && !abort_q)));
    end
    // P2: a command in error stops at its index until the error is seen
    always @(posedge clk_i) if (f_on && $past(rst_ni) && $past(fault || (state_q == ST_ERR))) begin
        if (!$past(cons_wr_i)) assert (cons_q == $past(cons_q));
        if ($past(fault)) assert (gerr_cmdq_o || err_active_i);
        if ($past(fault)) assert (err_code_o != `CERROR_NONE);
    end
    // P3: one effect at a time, held and unchanged until it is done
    always @(*) if (f_on)
        assert ({2'd0, inv_valid_o} + {2'd0, res_valid_o} + {2'd0, sterm_valid_o}
                + {2'd0, csync_req_o} <= 3'd1);
    always @(posedge clk_i) if (f_on && $past(rst_ni)) begin
        if ($past(inv_valid_o && !inv_ready_i))
            assert (inv_valid_o && inv_msg_o == $past(inv_msg_o));
        if ($past(res_valid_o && !res_ready_i))
            assert (res_valid_o && res_sid_o == $past(res_sid_o) && res_stag_o == $past(res_stag_o)
                    && res_ac_o == $past(res_ac_o) && res_ab_o == $past(res_ab_o));
        if ($past(sterm_valid_o && !sterm_ready_i))
            assert (sterm_valid_o && sterm_sid_o == $past(sterm_sid_o));
        if ($past(csync_req_o && !csync_done_i)) assert (csync_req_o);
    end
    // P4: CMD_SYNC completes only after smmu_sync, and after the MSI of the one before (CMD-041)
    always @(posedge clk_i) if (f_on && $past(rst_ni)) begin
        if (state_q == ST_MSI && $past(state_q) != ST_MSI) assert ($past(csync_req_o && csync_done_i));
        if ($past(synced)) assert (!$past(msi_out_q));
    end
    // P5: an offered MSI is held; a second one never overtakes it
    always @(*) if (f_on) assert (msi_out_q || !msi_q);
    always @(posedge clk_i) if (f_on && $past(rst_ni && msi_valid_o && !msi_ready_i))
        assert (msi_valid_o && msi_addr_o == $past(msi_addr_o) && msi_data_o == $past(msi_data_o));

    always @(*) if (f_on) begin
        // C1: an invalidation has been executed and the next command is taken at once
        cover (state_q == ST_INV && done && take);
        // C2: an illegal command
        cover (gerr_cmdq_o && err_code_o == `CERROR_ILL);
        // C3: a CMD_SYNC waits for the MSI of an earlier one
        cover (state_q == ST_MSI && msi_out_q);
        // C4: a RESUME is done
        cover (res_valid_o && res_ready_i);
    end
`endif
endmodule

`default_nettype wire
