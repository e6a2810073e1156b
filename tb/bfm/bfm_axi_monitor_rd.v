// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : bfm_axi_monitor_rd
// Purpose: Watch AR and R and hand whole read bursts to Python. Drives nothing.
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low (open
//          bursts are dropped).
// Python : ax_cnt_q, ax_mem[n % slots] = slot of the n-th AR handshake;
//          vec_mem[slot]; u_col.* (completions and data)
//          lost_cnt_q  bursts not seen because all slots were open
// Limits : 2**SLOT_W - 1 open bursts. Python must drain in the time step it is
//          woken (it does: tb/bfm/axi_monitor.py).
// Tests  : tests/unit/test_bfm_axi.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "bfm_defs.vh"

module bfm_axi_monitor_rd #(
    parameter ID_W   = 8,
    parameter DATA_W = 128,
    parameter SLOT_W = 7
) (
    input  wire                  clk_i,
    input  wire                  rst_ni,
    input  wire [`BFM_CYC_W-1:0] cycle_i,
    input  wire [`BFM_AX_W-1:0]  ar_vec_i,
    input  wire                  ar_hs_i,
    input  wire [ID_W-1:0]       r_id_i,
    input  wire [DATA_W-1:0]     r_data_i,
    input  wire [1:0]            r_resp_i,
    input  wire                  r_last_i,
    input  wire                  r_hs_i
);

    localparam SLOTS = 1 << SLOT_W;

    reg [`BFM_AX_W-1:0] vec_mem [0:SLOTS-1] /* verilator public_flat_rd */;
    reg [SLOT_W-1:0]    ax_mem  [0:SLOTS-1] /* verilator public_flat_rd */;
    reg [31:0]          ax_cnt_q            /* verilator public_flat_rd */;
    reg [31:0]          lost_cnt_q          /* verilator public_flat_rd */;

    // free slots, oldest freed first: what Python has not read yet lives longest
    reg [SLOT_W-1:0] free_mem [0:SLOTS-1];
    reg [SLOT_W:0]   get_q, put_q;
    integer i;

    initial begin
        ax_cnt_q = 0;  lost_cnt_q = 0;  get_q = 0;  put_q = SLOTS[SLOT_W:0];
        for (i = 0; i < SLOTS; i = i + 1) begin
            vec_mem[i]  = {`BFM_AX_W{1'b0}};
            ax_mem[i]   = 0;
            free_mem[i] = i[SLOT_W-1:0];
        end
    end

    wire [SLOT_W-1:0] slot = free_mem[get_q[SLOT_W-1:0]];
    wire              room = get_q != put_q;
    wire              push = ar_hs_i && room;
    wire [ID_W-1:0]   id   = ar_vec_i[`BFM_AX_ID_LSB +: ID_W];
    wire              done;
    wire [SLOT_W-1:0] done_slot;

    bfm_collect #(.ID_W(ID_W), .DATA_W(DATA_W), .SLOT_W(SLOT_W), .IS_READ(1)) u_col (
        .clk_i       (clk_i),
        .rst_ni      (rst_ni),
        .cycle_i     (cycle_i),
        .push_i      (push),
        .push_id_i   (id),
        .push_slot_i (slot),
        .addr_i      (push),
        .addr_slot_i (slot),
        .mark_i      (1'b0),
        .mark_slot_i ({SLOT_W{1'b0}}),
        .rsp_i       (r_hs_i && rst_ni),
        .rsp_id_i    (r_id_i),
        .rsp_data_i  (r_data_i),
        .rsp_resp_i  (r_resp_i),
        .rsp_last_i  (r_last_i),
        .done_o      (done),
        .done_slot_o (done_slot)
    );

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            get_q <= 0;
            put_q <= SLOTS[SLOT_W:0];
            for (i = 0; i < SLOTS; i = i + 1) free_mem[i] <= i[SLOT_W-1:0];
        end else begin
            if (push) begin
                get_q         <= get_q + 1'b1;
                vec_mem[slot] <= ar_vec_i;
                ax_mem[ax_cnt_q[SLOT_W-1:0]] <= slot;
                ax_cnt_q      <= ax_cnt_q + 32'd1;
            end
            if (ar_hs_i && !room) lost_cnt_q <= lost_cnt_q + 32'd1;
            if (done) begin
                free_mem[put_q[SLOT_W-1:0]] <= done_slot;
                put_q <= put_q + 1'b1;
            end
        end
    end

endmodule

`default_nettype wire
