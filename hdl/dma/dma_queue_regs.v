// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : dma_queue_regs
// Purpose: Registers of one queue: the privileged page (PASID, ring, enable,
//          interrupts, reset) and the user page (doorbell, status, acknowledge).
// Spec   : docs/dma.md, "Registers"; architecture.md section 2
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : wr_*  write pulse into one of the two pages;  rd_*  page and register
//          from the engine: fin_*, err_*, busy, halted, state
// Out    : rd_data_o  same cycle;  run_o, fetch_addr_o, index_o  to the engine
// Limits : the user page cannot reach PASID, ring, enable, reset or interrupts
// Tests  : tests/unit/test_dma.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "dma_defs.vh"

module dma_queue_regs #(
    parameter SSID_W = 20
) (
    input  wire              clk_i,
    input  wire              rst_ni,

    input  wire              wr_priv_i,
    input  wire              wr_user_i,
    input  wire [11:0]       wr_reg_i,
    input  wire [31:0]       wr_data_i,
    input  wire              rd_priv_i,
    input  wire [11:0]       rd_reg_i,
    output reg  [31:0]       rd_data_o,

    output wire              run_o,
    output wire              reset_o,
    input  wire              reset_done_i,
    output wire              ack_o,
    output wire [63:0]       fetch_addr_o,
    output wire [15:0]       index_o,
    output wire [SSID_W-1:0] ssid_o,
    output wire              ssidv_o,

    input  wire              busy_i,
    input  wire              halted_i,
    input  wire [3:0]        state_i,
    input  wire              fin_valid_i,
    input  wire              fin_irq_i,
    input  wire              err_pulse_i,
    input  wire [7:0]        err_status_i,
    input  wire              err_write_i,
    input  wire [1:0]        err_resp_i,
    input  wire              err_cpl_i,
    input  wire [63:0]       err_addr_i,

    output wire              irq_o
);
    // ---- state ------------------------------------------------------------------
    reg              en_q;
    reg              ie_q;
    reg              reset_q;
    reg [SSID_W-1:0] ssid_q;
    reg              ssidv_q;
    reg [63:6]       ring_q;
    reg [3:0]        log2_q;
    reg [15:0]       head_q;
    reg [15:0]       tail_q;
    reg              dberr_q;
    reg [1:0]        pend_q;            // 0 done, 1 error
    reg [31:0]       count_q;

    // ---- writes -------------------------------------------------------------------
    wire wr_any    = wr_priv_i || wr_user_i;
    wire wr_ctrl   = wr_priv_i && (wr_reg_i == `DMA_REG_CTRL);
    wire wr_bell   = wr_any    && (wr_reg_i == `DMA_REG_DOORBELL);
    wire wr_ack    = wr_any    && (wr_reg_i == `DMA_REG_ACK) && wr_data_i[0];
    wire wr_pend   = wr_priv_i && (wr_reg_i == `DMA_REG_INT_PEND);

    // what a descriptor in work depends on may not change under it
    wire can_setup = !en_q && !busy_i && !halted_i;
    wire wr_setup  = wr_priv_i && can_setup;

    // indices run freely over 16 bits, so a full ring and an empty one differ
    wire [15:0] ring_size = 16'd1 << log2_q;
    wire [15:0] fill      = wr_data_i[15:0] - head_q;
    wire        bell_ok   = en_q && !reset_q && (fill <= ring_size);

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            en_q    <= 1'b0;
            ie_q    <= 1'b0;
            reset_q <= 1'b0;
            ssid_q  <= {SSID_W{1'b0}};
            ssidv_q <= 1'b0;
            ring_q  <= 58'd0;
            log2_q  <= 4'd0;
            head_q  <= 16'd0;
            tail_q  <= 16'd0;
            dberr_q <= 1'b0;
            pend_q  <= 2'b00;
            count_q <= 32'd0;
        end else begin
            if (wr_ctrl) begin
                en_q    <= wr_data_i[0] && !wr_data_i[2];
                ie_q    <= wr_data_i[1];
                reset_q <= reset_q || wr_data_i[2];
            end
            if (wr_setup) begin
                case (wr_reg_i)
                    `DMA_REG_PASID: begin
                        ssid_q  <= wr_data_i[SSID_W-1:0];
                        ssidv_q <= wr_data_i[31];
                    end
                    `DMA_REG_RING_LO:   ring_q[31:6]  <= wr_data_i[31:6];
                    `DMA_REG_RING_HI:   ring_q[63:32] <= wr_data_i;
                    `DMA_REG_RING_LOG2: log2_q        <= wr_data_i[3:0];
                    default: ;
                endcase
            end

            if (wr_ack)              dberr_q <= 1'b0;
            if (wr_bell && bell_ok)  tail_q  <= wr_data_i[15:0];
            if (wr_bell && !bell_ok) dberr_q <= 1'b1;

            if (fin_valid_i) begin
                head_q  <= head_q + 16'd1;
                count_q <= count_q + 32'd1;
            end

            // an event in the cycle of its acknowledgement is not lost
            pend_q <= (pend_q & ~(wr_pend ? wr_data_i[1:0] : 2'b00)) |
                      {err_pulse_i, fin_valid_i && fin_irq_i};

            if (reset_done_i) begin
                en_q    <= 1'b0;
                reset_q <= 1'b0;
                head_q  <= 16'd0;
                tail_q  <= 16'd0;
                dberr_q <= 1'b0;
                pend_q  <= 2'b00;
            end
        end
    end

    // ---- to the engine ------------------------------------------------------------
    wire [15:0] slot = head_q & (ring_size - 16'd1);

    assign run_o        = en_q && (head_q != tail_q);
    assign reset_o      = reset_q;
    assign ack_o        = wr_ack;
    assign fetch_addr_o = {ring_q, 6'd0} + {42'd0, slot, 6'd0};
    assign index_o      = head_q;
    assign ssid_o       = ssid_q;
    assign ssidv_o      = ssidv_q;
    assign irq_o        = ie_q && (pend_q != 2'b00);

    // ---- reads ----------------------------------------------------------------------
    wire [31:0] status = {4'd0, err_cpl_i, err_resp_i, err_write_i, err_status_i,
                          4'd0, state_i, 3'd0, reset_q, dberr_q, halted_i, busy_i, en_q};

    always @(*) begin
        rd_data_o = 32'd0;
        case (rd_reg_i)
            `DMA_REG_DOORBELL:   rd_data_o = {16'd0, tail_q};
            `DMA_REG_HEAD:       rd_data_o = {16'd0, head_q};
            `DMA_REG_STATUS:     rd_data_o = status;
            `DMA_REG_ERR_LO:     rd_data_o = err_addr_i[31:0];
            `DMA_REG_ERR_HI:     rd_data_o = err_addr_i[63:32];
            `DMA_REG_DONE_COUNT: rd_data_o = count_q;
            default: if (rd_priv_i) begin
                case (rd_reg_i)
                    `DMA_REG_CTRL:      rd_data_o = {29'd0, reset_q, ie_q, en_q};
                    `DMA_REG_PASID:     rd_data_o = {ssidv_q, {(31-SSID_W){1'b0}}, ssid_q};
                    `DMA_REG_RING_LO:   rd_data_o = {ring_q[31:6], 6'd0};
                    `DMA_REG_RING_HI:   rd_data_o = ring_q[63:32];
                    `DMA_REG_RING_LOG2: rd_data_o = {28'd0, log2_q};
                    `DMA_REG_INT_PEND:  rd_data_o = {30'd0, pend_q};
                    default: ;
                endcase
            end
        endcase
    end
endmodule

`default_nettype wire
