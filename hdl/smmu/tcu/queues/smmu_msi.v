// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_msi
// Purpose: Turn MSI requests of three sources (0 cmdq, 1 evtq, 2 gerror) into 32-bit writes.
// Spec   : IRQ-005, IRQ-006, IRQ-013, ATT-032
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// Out    : done_o pulses for every response, err_o with it when the write aborted
// Limits : one write in flight per source; responses return in order (one AXI ID)
// Tests  : none yet
//-----------------------------------------------------------------------------
`default_nettype none
module smmu_msi (
    input  wire         clk_i,
    input  wire         rst_ni,
    input  wire [2:0]   req_valid_i,
    output wire [2:0]   req_ready_o,
    input  wire [143:0] req_addr_i,
    input  wire [95:0]  req_data_i,
    input  wire [11:0]  req_attr_i,
    input  wire [5:0]   req_sh_i,
    output wire [2:0]   done_o,
    output wire [2:0]   err_o,
    output wire         w_valid_o,
    input  wire         w_ready_i,
    output wire [47:0]  w_addr_o,
    output wire         w_len_o,
    output wire [255:0] w_data_o,
    output wire [31:0]  w_strb_o,
    output wire [3:0]   w_cache_o,
    output wire [1:0]   w_domain_o,
    input  wire         b_valid_i,
    input  wire [1:0]   b_resp_i
);
    reg  [2:0]  busy_q;             // source has a write in flight
    reg  [5:0]  order_q;            // sources in flight, oldest in [1:0]
    reg  [1:0]  count_q;
    reg         valid_q;            // write waiting for the port
    reg  [47:0] addr_q;
    reg  [31:0] data_q;
    reg  [3:0]  attr_q;
    reg  [1:0]  sh_q;

    wire        any;
    wire [1:0]  pick;
    wire        take   = any && (!valid_q || w_ready_i);
    wire [2:0]  onehot = 3'b001 << pick;
    wire [2:0]  oldest = 3'b001 << order_q[1:0];
    wire        resp   = b_valid_i && count_q != 2'd0;

    util_rr_pick #(.N(3), .PICK_W(2)) u_pick (.clk_i(clk_i), .rst_ni(rst_ni),
        .req_i(req_valid_i & ~busy_q), .take_i(take), .valid_o(any), .pick_o(pick));

    assign req_ready_o = take ? onehot : 3'b000;
    assign done_o      = resp ? oldest : 3'b000;
    assign err_o       = (resp && b_resp_i[1]) ? oldest : 3'b000;

    wire [5:0] order_pop = resp ? {2'b00, order_q[5:2]} : order_q;
    wire [1:0] count_pop = count_q - {1'b0, resp};

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            busy_q  <= 3'b000;
            order_q <= 6'd0;
            count_q <= 2'd0;
            valid_q <= 1'b0;
        end else begin
            busy_q  <= (busy_q & ~done_o) | req_ready_o;
            order_q <= order_pop;
            count_q <= count_pop + {1'b0, take};
            if (take) begin
                case (count_pop)
                    2'd0:    order_q[1:0] <= pick;
                    2'd1:    order_q[3:2] <= pick;
                    default: order_q[5:4] <= pick;
                endcase
            end
            valid_q <= take || (valid_q && !w_ready_i);
        end
        if (take) begin
            addr_q <= req_addr_i[pick*48 +: 48];
            data_q <= req_data_i[pick*32 +: 32];
            attr_q <= req_attr_i[pick*4 +: 4];
            sh_q   <= req_sh_i[pick*2 +: 2];
        end
    end

    assign w_valid_o = valid_q;
    assign w_addr_o  = {addr_q[47:2], 2'b00};
    assign w_len_o   = 1'b0;
    assign w_data_o  = {8{data_q}};
    assign w_strb_o  = {16'd0, 16'h000f << {addr_q[3:2], 2'b00}};

    // the MemAttr coding is that of a stage 2 attribute
    smmu_walk_attr u_attr (.iwb_i(1'b1), .owb_i(1'b1), .sh_i(sh_q), .ra_i(1'b1), .wa_i(1'b1),
        .s2_en_i(1'b1), .s2_memattr_i(attr_q), .s2_sh_i(2'd0),
        .cache_o(w_cache_o), .domain_o(w_domain_o));

    wire unused_ok = &{1'b0, addr_q[1:0], b_resp_i[0]};
endmodule
`default_nettype wire
