// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_msi
// Purpose: Turn the MSI requests of three sources (0 command queue, 1 event
//          queue, 2 GERROR) into single 32-bit writes.
// Spec   : IHI 0070 3.18; IRQ-005, IRQ-006, IRQ-010, IRQ-013, ATT-032
// Clock  : clk_i, one domain.  Reset: rst_ni, synchronous, active low.
// In     : req_*   one bit or slice a source
// Out    : done_o  pulse for every response; err_o with it when the write aborted
// Memory : w_*     one beat; w_src_o names the source and selects the AXI ID, so
//                  that a slow response holds up its own source only (IRQ-013)
//          b_*     b_src_i is the source answered; responses in any order
// Limits : one write in flight per source: a source's MSIs keep their order
// Tests  : tests/unit/test_ptw_port.py
//-----------------------------------------------------------------------------
`default_nettype none

module smmu_msi (
    input  wire         clk_i,
    input  wire         rst_ni,
    // sources
    input  wire [2:0]   req_valid_i,
    output wire [2:0]   req_ready_o,
    input  wire [143:0] req_addr_i,
    input  wire [95:0]  req_data_i,
    input  wire [11:0]  req_attr_i,     // MemAttr
    input  wire [5:0]   req_sh_i,
    output wire [2:0]   done_o,
    output wire [2:0]   err_o,
    // writes
    output wire         w_valid_o,
    input  wire         w_ready_i,
    output wire [1:0]   w_src_o,
    output wire [47:0]  w_addr_o,
    output wire         w_len_o,
    output wire [255:0] w_data_o,
    output wire [31:0]  w_strb_o,
    output wire [3:0]   w_cache_o,
    output wire [1:0]   w_domain_o,
    input  wire         b_valid_i,
    input  wire [1:0]   b_src_i,
    input  wire [1:0]   b_resp_i
);
    reg  [2:0]  busy_q;                 // the source has a write here or in flight
    reg         valid_q;                // a write waits for the port
    reg  [1:0]  src_q;
    reg  [47:2] addr_q;                 // ADDR[1:0] do not exist
    reg  [31:0] data_q;
    reg  [3:0]  attr_q;
    reg  [1:0]  sh_q;

    wire        any;
    wire [1:0]  pick;
    wire        take = any && (!valid_q || w_ready_i);

    util_rr_pick #(.N(3), .PICK_W(2)) u_pick (
        .clk_i   (clk_i),
        .rst_ni  (rst_ni),
        .req_i   (req_valid_i & ~busy_q),
        .take_i  (take),
        .valid_o (any),
        .pick_o  (pick)
    );

    assign req_ready_o = take ? 3'b001 << pick : 3'b000;
    assign done_o      = b_valid_i ? busy_q & (3'b001 << b_src_i) : 3'b000;
    assign err_o       = b_resp_i[1] ? done_o : 3'b000;

    always @(posedge clk_i) begin
        if (!rst_ni) begin
            busy_q  <= 3'b000;
            valid_q <= 1'b0;
        end else begin
            busy_q  <= (busy_q & ~done_o) | req_ready_o;
            valid_q <= take || (valid_q && !w_ready_i);
        end
        if (take) begin
            src_q  <= pick;
            addr_q <= req_addr_i[pick*48 + 2 +: 46];
            data_q <= req_data_i[pick*32 +: 32];
            attr_q <= req_attr_i[pick*4 +: 4];
            sh_q   <= req_sh_i[pick*2 +: 2];
        end
    end

    assign w_valid_o = valid_q;
    assign w_src_o   = src_q;
    assign w_addr_o  = {addr_q, 2'b00};
    assign w_len_o   = 1'b0;
    assign w_data_o  = {8{data_q}};
    assign w_strb_o  = {16'd0, 16'h000f << {addr_q[3:2], 2'b00}};

    // MemAttr has the coding of a stage 2 descriptor (IRQ-006)
    smmu_walk_attr u_attr (
        .iwb_i        (1'b1),
        .owb_i        (1'b1),
        .sh_i         (sh_q),
        .ra_i         (1'b1),
        .wa_i         (1'b1),
        .s2_en_i      (1'b1),
        .s2_memattr_i (attr_q),
        .s2_sh_i      (2'd0),
        .cache_o      (w_cache_o),
        .domain_o     (w_domain_o)
    );

    wire unused_ok = &{1'b0, req_addr_i[97:96], req_addr_i[49:48], req_addr_i[1:0], b_resp_i[0]};
endmodule

`default_nettype wire
