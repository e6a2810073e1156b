// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_walk_read
// Purpose: The read that a step makes, if it makes one: what for, where, and with
//          which attributes. Faults have no say in it: they forbid the read, late.
// Spec   : TRN-001; MEM-002..006, ATT-029..031, NST-011
// Clock  : none, purely combinational
// In     : the event, the purpose of the current address, every address it can be
//          found_i  stage 2 has found the page of what is to be read
// Out    : rd_*  the read
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_walk_if.vh"

module smmu_walk_read (
    input  wire         ev_new_i,
    input  wire [2:0]   phase_i,        // PH_*
    input  wire         s2act_i,
    input  wire         found_i,

    // addresses and kinds of structures
    input  wire         strtab_2lvl_i,
    input  wire         cd_2lvl_i,
    input  wire [47:0]  st_addr_i,
    input  wire [47:0]  ste2_addr_i,
    input  wire [47:0]  cd_addr_i,
    input  wire [47:0]  cd2_addr_i,
    // tables: what was found, else the next descriptor
    input  wire [47:0]  out_i,
    input  wire [47:0]  tgt_addr_i,

    // attributes
    input  wire [1:0]   table_sh_i,
    input  wire [1:0]   table_oc_i,
    input  wire [1:0]   table_ic_i,
    input  wire         strtab_ra_i,
    input  wire [255:0] ste_i,
    input  wire [5:0]   walk1_attr_i,   // {irgn, orgn, sh} of stage 1 tables
    input  wire [5:0]   walk2_attr_i,
    input  wire [3:0]   s2_memattr_i,   // of the page found
    input  wire [1:0]   s2_sh_i,

    output reg  [1:0]   rd_kind_o,
    output wire [47:0]  rd_addr_o,
    output wire [3:0]   rd_cache_o,
    output wire [1:0]   rd_domain_o
);
    wire of_st  = ev_new_i || phase_i == `PH_STE1;     // a new walk has no state yet
    wire of_ste = phase_i == `PH_STE;
    wire of_cd1 = phase_i == `PH_CD1 && !s2act_i;

    assign rd_addr_o = ev_new_i             ? st_addr_i
                     : (phase_i == `PH_STE1) ? ste2_addr_i
                     : of_ste               ? cd_addr_i
                     : of_cd1               ? cd2_addr_i
                     : found_i              ? out_i : tgt_addr_i;

    always @(*)
        if (ev_new_i)
            rd_kind_o = strtab_2lvl_i ? `RD_WORD : `RD_STE;
        else
            case (phase_i)
                `PH_STE1: rd_kind_o = `RD_STE;
                `PH_STE:  rd_kind_o = cd_2lvl_i ? `RD_WORD : `RD_CD;
                `PH_CD1:  rd_kind_o = !s2act_i ? `RD_CD : found_i ? `RD_WORD : `RD_LINE;
                `PH_CD:   rd_kind_o = found_i ? `RD_CD : `RD_LINE;
                default:  rd_kind_o = `RD_LINE;
            endcase

    // ---- attributes -----------------------------------------------------------------
    // Stage 2 tables have those of the STE. What stage 2 has found is read with those of its
    // stage, combined with the page's.
    wire of_cd = of_ste || of_cd1 || (s2act_i && found_i && phase_i != `PH_S1);
    wire of_s2 = s2act_i && !found_i;

    reg       iwb, owb, ra, wa;
    reg [1:0] sh;
    always @(*)
        if (of_st) begin                // CR1: 01 is write-back, 11 acts as 00
            iwb = (table_ic_i == 2'd1);
            owb = (table_oc_i == 2'd1);
            sh  = table_sh_i;
            ra  = strtab_ra_i;
            wa  = strtab_ra_i;
        end else if (of_cd) begin       // 01 and 11 are write-back, 11 does not allocate
            iwb = ste_i[`STE_S1CIR_LSB];
            owb = ste_i[`STE_S1COR_LSB];
            sh  = ste_i[`STE_S1CSH_LSB +: 2];
            ra  = ste_i[`STE_S1COR_LSB +: 2] != 2'd3;
            wa  = ste_i[`STE_S1COR_LSB +: 2] != 2'd3;
        end else begin
            iwb = of_s2 ? walk2_attr_i[4] : walk1_attr_i[4];
            owb = of_s2 ? walk2_attr_i[2] : walk1_attr_i[2];
            sh  = of_s2 ? walk2_attr_i[1:0] : walk1_attr_i[1:0];
            ra  = 1'b1;
            wa  = (of_s2 ? walk2_attr_i[3:2] : walk1_attr_i[3:2]) == 2'd1;
        end
    smmu_walk_attr u_attr (
        .iwb_i(iwb), .owb_i(owb), .sh_i(sh), .ra_i(ra), .wa_i(wa),
        .s2_en_i(!of_st && s2act_i && found_i), .s2_memattr_i(s2_memattr_i), .s2_sh_i(s2_sh_i),
        .cache_o(rd_cache_o), .domain_o(rd_domain_o));

    wire unused_ok = &{1'b0, ste_i, walk1_attr_i[5], walk2_attr_i[5]};
endmodule
`default_nettype wire
