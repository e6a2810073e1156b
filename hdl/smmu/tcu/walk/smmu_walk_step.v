// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_walk_step
// Purpose: One step of a walk: from an event and the slot's context to the next
//          action (read, look up, end) and the next walk state.
// Spec   : IHI 0070 15.1: TRN-001 in its order; TRN-002, TRN-037..039; FLT-006..008
// Clock  : none, purely combinational
// In     : ev_new_i  slot just taken;  ev_redo_i  a lookup has to be made (again)
//          ev_look_i  result of a lookup;  ev_read_i  beat(s) of a read are in
// Out    : do_read_o rd_*  do_look_o look_*  do_ok_o  do_flt_o   exactly one of them
//          cf_valid_o  configuration found legal;  fill_*  what may be cached
// Limits : filling is gated outside by the overtaken flag (D18)
// Tests  : tests/unit/test_walker.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"
`include "smmu_walk_if.vh"

module smmu_walk_step #(
    parameter OAS = 48              // 40, 42, 44, 48
) (
    input  wire             ev_new_i,
    input  wire             ev_redo_i,
    input  wire             ev_look_i,
    input  wire             ev_read_i,
    input  wire             rd_err_i,       // any beat used had an error
    input  wire [127:0]     rd_data_i,
    input  wire [`RQ_W-1:0] rq_i,
    input  wire [255:0]     ste_i,
    input  wire [255:0]     cd_i,
    input  wire [`WS_W-1:0] ws_i,

    input  wire             s1_wc_hit_i,
    input  wire [1:0]       s1_wc_level_i,
    input  wire [3:0]       s1_wc_hier_i,
    input  wire [35:0]      s1_wc_base_i,
    input  wire             s1_ln_hit_i,
    input  wire [1:0]       s1_ln_level_i,
    input  wire [3:0]       s1_ln_hier_i,
    input  wire [63:0]      s1_ln_desc_i,
    input  wire             s2_wc_hit_i,
    input  wire [1:0]       s2_wc_level_i,
    input  wire [35:0]      s2_wc_base_i,
    input  wire             s2_lc_hit_i,
    input  wire [1:0]       s2_lc_level_i,
    input  wire [63:0]      s2_lc_desc_i,
    input  wire             s2_ln_hit_i,
    input  wire [1:0]       s2_ln_level_i,
    input  wire [63:0]      s2_ln_desc_i,

    input  wire [47:0]      strtab_base_i,
    input  wire             strtab_2lvl_i,
    input  wire [4:0]       strtab_split_i,
    input  wire [5:0]       strtab_log2_i,
    input  wire [1:0]       table_sh_i,
    input  wire [1:0]       table_oc_i,
    input  wire [1:0]       table_ic_i,
    input  wire             strtab_ra_i,

    output reg              do_read_o,
    output reg              do_look_o,
    output reg              do_ok_o,
    output reg              do_flt_o,
    output reg  [`WS_W-1:0] ws_o,

    output reg  [1:0]       rd_kind_o,
    output wire [47:0]      rd_addr_o,
    output wire [1:0]       rd_beats_o,     // of a line, minus 1
    output wire [3:0]       rd_cache_o,
    output wire [1:0]       rd_domain_o,

    output wire             look_s2_o,
    output wire [`WK_W-1:0] look_key_o,

    output reg              cf_valid_o,
    output reg              cf_abort_o,
    output wire             cf_s1_o,
    output wire             cf_s2_o,
    output wire             know_ste_o,     // VMID of ste_i counts from now on
    output wire             know_cd_o,      // ASID of cd_i counts from now on

    output wire [`WK_W-1:0] fill_key_o,
    output wire [1:0]       fill_level_o,   // of the descriptor
    output wire [1:0]       fill_wc_level_o, // of the table it points to
    output wire             fill_spare_o,   // a line for a free place only
    output wire [3:0]       fill_hier_o,
    output wire [3:0]       fill_ln_hier_o,
    output wire [35:0]      fill_base_o,
    output wire [63:0]      fill_desc_o,
    output reg              fill_s1_wc_o,
    output reg              fill_s2_wc_o,
    output reg              fill_s2_lc_o,
    output reg              fill_s1_ln_o,
    output reg              fill_s2_ln_o
);
    // ---- context ------------------------------------------------------------------
    wire [`UP_W-1:0] up    = rq_i[`RQ_UP_LSB +: `UP_W];
    wire [1:0]       kind  = up[`UP_KIND_LSB +: 2];
    wire [63:0]      va    = up[`UP_VA_LSB +: 64];
    wire             rnw   = up[`UP_RNW_LSB];
    wire [2:0]       phase = ws_i[`WS_PHASE_LSB +: 3];
    wire             s2act = ws_i[`WS_S2ACT_LSB];
    wire [63:0]      word  = ws_i[`WS_RA_LSB + 3] ? rd_data_i[127:64] : rd_data_i[63:0];

    wire        sid_ok, span_ok, l2_over, sub_bad, disabled, s1_on, s2_on, cd_2lvl, l1cd_bad;
    wire [47:0] st_addr, ste2_addr, cd_addr, cd2_addr;
    smmu_walk_cfg #(.OAS(OAS)) u_cfg (
        .up_i(up), .ste_i(ste_i), .word_i(word),
        .strtab_base_i(strtab_base_i), .strtab_2lvl_i(strtab_2lvl_i),
        .strtab_split_i(strtab_split_i), .strtab_log2_i(strtab_log2_i),
        .sid_ok_o(sid_ok), .st_addr_o(st_addr), .span_ok_o(span_ok), .l2_over_o(l2_over),
        .ste2_addr_o(ste2_addr), .sub_bad_o(sub_bad), .disabled_o(disabled), .s1_on_o(s1_on),
        .s2_on_o(s2_on), .cd_2lvl_o(cd_2lvl), .cd_addr_o(cd_addr), .l1cd_bad_o(l1cd_bad),
        .cd2_addr_o(cd2_addr));

    wire ste_ok, cd_ok;
    smmu_ste_check #(.OAS(OAS)) u_ste (.ste_i(ste_i), .ok_o(ste_ok));
    smmu_cd_check  #(.OAS(OAS)) u_cd  (.ste_i(ste_i), .cd_i(cd_i), .ok_o(cd_ok));

    wire        va_ok, half, ipa_ok, have, inval, addrsz, is_table, leaf, access;
    wire [1:0]  gran1, gran2, level, tgt_level, tgt_beats;
    wire [63:0] desc;
    wire [3:0]  hier, hier_up, tgt_hier;
    wire [5:0]  perm, walk1_attr, walk2_attr;
    wire [2:0]  size;
    wire [47:0] next, out, tgt_addr;
    smmu_walk_table #(.OAS(OAS)) u_table (
        .s2_i(s2act), .rd_i(ev_read_i), .rd_desc_i(word), .va_i(va), .ste_i(ste_i), .cd_i(cd_i),
        .ws_i(ws_i),
        .lk_wc_hit_i(s2act ? s2_wc_hit_i : s1_wc_hit_i),
        .lk_wc_level_i(s2act ? s2_wc_level_i : s1_wc_level_i), .lk_wc_hier_i(s1_wc_hier_i),
        .lk_wc_base_i(s2act ? s2_wc_base_i : s1_wc_base_i),
        .lk_desc_hit_i(s2act ? s2_lc_hit_i || s2_ln_hit_i : s1_ln_hit_i),
        .lk_desc_level_i(!s2act ? s1_ln_level_i : s2_lc_hit_i ? s2_lc_level_i : s2_ln_level_i),
        .lk_desc_hier_i(s1_ln_hier_i),
        .lk_desc_i(!s2act ? s1_ln_desc_i : s2_lc_hit_i ? s2_lc_desc_i : s2_ln_desc_i),
        .va_ok_o(va_ok), .half_o(half), .gran1_o(gran1), .ipa_ok_o(ipa_ok), .gran2_o(gran2),
        .have_o(have), .desc_o(desc), .level_o(level), .inval_o(inval), .addrsz_o(addrsz),
        .table_o(is_table), .leaf_o(leaf), .access_o(access), .hier_o(hier), .hier_up_o(hier_up), .perm_o(perm),
        .size_o(size), .next_o(next), .out_o(out),
        .tgt_addr_o(tgt_addr), .tgt_level_o(tgt_level), .tgt_beats_o(tgt_beats),
        .tgt_hier_o(tgt_hier), .walk1_attr_o(walk1_attr), .walk2_attr_o(walk2_attr));

    // ---- what the leaf allows -------------------------------------------------------
    wire priv_x, inst_x, perm_ok;
    smmu_req_ovr u_ovr (
        .instcfg_i(ste_i[`STE_INSTCFG_LSB +: 2]), .privcfg_i(ste_i[`STE_PRIVCFG_LSB +: 2]),
        .rnw_i(rnw), .priv_i(up[`UP_PRIV_LSB]), .inst_i(up[`UP_INST_LSB]),
        .priv_o(priv_x), .inst_o(inst_x));
    smmu_perm_ok u_perm (
        .perm_i(perm), .rnw_i(rnw), .priv_i(priv_x), .inst_i(inst_x), .ok_o(perm_ok));
    // CD and stage 1 table reads: data reads, whatever the client does (NST-009, FLT-016)
    wire s2_dev;
    smmu_s2_device u_dev (.memattr_i(desc[`PTE_S2_MEMATTR_LSB +: 4]), .device_o(s2_dev));
    wire walk_ok = perm[0] && !(ste_i[`STE_S2PTW_LSB] && s2_dev);

    // ---- attributes of the leaf -----------------------------------------------------
    wire [63:0] mair    = {cd_i[`CD_MAIR1_LSB +: 32], cd_i[`CD_MAIR0_LSB +: 32]};
    wire [2:0]  mair_ix = desc[`PTE_S1_ATTRINDX_LSB +: 3];
    wire [7:0]  mattr12;
    wire [1:0]  sh12;
    smmu_attr_s12 u_s12 (
        .s1_mattr_i(ws_i[`WS_MATTR_LSB +: 8]), .s1_sh_i(ws_i[`WS_SH_LSB +: 2]),
        .s2_memattr_i(desc[`PTE_S2_MEMATTR_LSB +: 4]), .s2_sh_i(desc[`PTE_S2_SH_LSB +: 2]),
        .mattr_o(mattr12), .sh_o(sh12));

    // ---- the step -------------------------------------------------------------------
    // blocks may stand beside a table descriptor of this level
    wire [1:0] gran = s2act ? gran2 : gran1;
    wire leaf_level = (level == 2'd2) || (level == 2'd1 && gran == 2'd0);

    wire s2_leaf_rd = (phase == `PH_OUT) ? perm_ok : walk_ok;
    wire [1:0] s2_class = (phase == `PH_OUT) ? `CLS_IN : (phase == `PH_S1) ? `CLS_TT : `CLS_CD;
    wire [2:0] s1size   = ws_i[`WS_S1SIZE_LSB +: 3];
    wire       s1en     = ws_i[`WS_S1EN_LSB];
    wire       s2en     = ws_i[`WS_S2EN_LSB];

    wire at_table = ev_look_i || (ev_read_i && (s2act || phase == `PH_S1));
    // may be cached (TAG-018)
    wire fit_leaf  = have && leaf && !addrsz && !access;
    wire fit_table = have && is_table && !addrsz;
    wire fit_line  = ev_read_i && !rd_err_i && (fit_leaf || fit_table) && ws_i[`WS_FULL_LSB];

    reg        enter;               // configuration is known: start translating
    reg        enter_s1, enter_s2;
    reg        begin_s2;            // ws_o holds an address that stage 2 has to translate
    reg        flt_s2, flt_fix;
    reg [1:0]  flt_cls;
    reg [7:0]  flt_evt;
    reg [1:0]  attr_from;           // 0 CR1, 1 STE.S1C*, 2 CD, 3 STE.S2*

    // the address of a read, if there is one: faults have no say in it
    assign rd_addr_o = ev_new_i                        ? st_addr
                     : (phase == `PH_STE1)             ? ste2_addr
                     : (phase == `PH_STE)              ? cd_addr
                     : (phase == `PH_CD1 && !s2act)    ? cd2_addr
                     : (have && leaf)                  ? out : tgt_addr;

    always @(*) begin
        do_read_o  = 1'b0;
        do_look_o  = 1'b0;
        do_ok_o    = 1'b0;
        do_flt_o   = 1'b0;
        ws_o       = ws_i;
        rd_kind_o  = `RD_LINE;
        attr_from  = 2'd0;
        cf_valid_o = 1'b0;
        cf_abort_o = 1'b0;
        enter      = 1'b0;
        enter_s1   = 1'b0;
        enter_s2   = 1'b0;
        begin_s2   = 1'b0;
        flt_evt    = `EVT_NONE;
        flt_s2     = 1'b0;
        flt_fix    = 1'b0;
        flt_cls    = `CLS_CD;
        fill_s1_wc_o = 1'b0;
        fill_s2_wc_o = 1'b0;
        fill_s2_lc_o = 1'b0;
        fill_s1_ln_o = 1'b0;
        fill_s2_ln_o = 1'b0;

        if (ev_new_i) begin
            ws_o = {`WS_W{1'b0}};
            if (kind == `UP_K_UUT) begin
                do_flt_o = 1'b1;
                flt_evt  = `EVT_F_UUT;
            end else if (rq_i[`RQ_HIT_LSB]) begin
                ws_o[`WS_STEOK_LSB] = 1'b1;
                ws_o[`WS_CDOK_LSB]  = rq_i[`RQ_S1_LSB];
                do_flt_o = rq_i[`RQ_ABORT_LSB];
                enter    = !rq_i[`RQ_ABORT_LSB];
                enter_s1 = rq_i[`RQ_S1_LSB];
                enter_s2 = rq_i[`RQ_S2_LSB];
            end else if (!sid_ok) begin
                do_flt_o = 1'b1;
                flt_evt  = `EVT_C_BAD_STREAMID;
            end else begin
                ws_o[`WS_PHASE_LSB +: 3] = strtab_2lvl_i ? `PH_STE1 : `PH_STE;
                do_read_o = 1'b1;
                rd_kind_o = strtab_2lvl_i ? `RD_WORD : `RD_STE;
            end
        end

        if (ev_redo_i) do_look_o = 1'b1;

        // ---- stream table: steps 3-10 ----
        if (ev_read_i && phase == `PH_STE1) begin
            rd_kind_o = `RD_STE;
            ws_o[`WS_PHASE_LSB +: 3] = `PH_STE;
            if (rd_err_i) begin
                do_flt_o = 1'b1;
                flt_evt  = `EVT_F_STE_FETCH;
            end else if (!span_ok) begin
                do_flt_o = 1'b1;
                flt_evt  = `EVT_C_BAD_STREAMID;
            end else if (l2_over) begin         // no read is issued (STR-011)
                do_flt_o = 1'b1;
                flt_evt  = `EVT_F_STE_FETCH;
                ws_o[`WS_RA_LSB +: 48] = ste2_addr;
            end else begin
                do_read_o = 1'b1;
            end
        end
        if (ev_read_i && phase == `PH_STE) begin
            if (rd_err_i) begin
                do_flt_o = 1'b1;
                flt_evt  = `EVT_F_STE_FETCH;
            end else if (!ste_ok) begin
                do_flt_o = 1'b1;
                flt_evt  = `EVT_C_BAD_STE;
            end else if (!ste_i[`STE_CONFIG_LSB + 2]) begin
                do_flt_o   = 1'b1;              // Config=0xx: silent (STE-005)
                cf_valid_o = 1'b1;
                cf_abort_o = 1'b1;
            end else begin
                ws_o[`WS_STEOK_LSB] = 1'b1;
                ws_o[`WS_S2EN_LSB]  = s2_on;
                if (sub_bad || disabled) begin
                    do_flt_o = 1'b1;
                    flt_evt  = sub_bad ? `EVT_C_BAD_SUBSTREAMID : `EVT_F_STREAM_DISABLED;
                end else if (!s1_on) begin
                    cf_valid_o = 1'b1;
                    enter      = 1'b1;
                    enter_s2   = s2_on;
                end else begin
                    ws_o[`WS_PHASE_LSB +: 3] = cd_2lvl ? `PH_CD1 : `PH_CD;
                    ws_o[`WS_ADR_LSB +: 48]  = cd_addr;
                    begin_s2  = s2_on;
                    do_read_o = !s2_on;
                    rd_kind_o = cd_2lvl ? `RD_WORD : `RD_CD;
                    attr_from = 2'd1;
                end
            end
        end

        // ---- CD: steps 12-14 ----
        if (ev_read_i && !s2act && phase == `PH_CD1) begin
            ws_o[`WS_PHASE_LSB +: 3] = `PH_CD;
            ws_o[`WS_ADR_LSB +: 48]  = cd2_addr;
            rd_kind_o = `RD_CD;
            attr_from = 2'd1;
            if (rd_err_i || l1cd_bad) begin
                do_flt_o = 1'b1;
                flt_evt  = rd_err_i ? `EVT_F_CD_FETCH : `EVT_C_BAD_SUBSTREAMID;
            end else begin
                begin_s2  = s2en;
                do_read_o = !s2en;
            end
        end
        if (ev_read_i && !s2act && phase == `PH_CD) begin
            if (rd_err_i || !cd_ok) begin
                do_flt_o = 1'b1;
                flt_evt  = rd_err_i ? `EVT_F_CD_FETCH : `EVT_C_BAD_CD;
            end else begin
                ws_o[`WS_CDOK_LSB] = 1'b1;
                cf_valid_o = 1'b1;
                enter      = 1'b1;
                enter_s1   = 1'b1;
                enter_s2   = s2en;
            end
        end

        // ---- steps 11 and 15: the input address ----
        if (enter) begin
            ws_o[`WS_S1EN_LSB] = enter_s1;
            ws_o[`WS_S2EN_LSB] = enter_s2;
            if (kind == `UP_K_CFG) begin
                do_ok_o = 1'b1;
            end else if (enter_s1) begin
                ws_o[`WS_PHASE_LSB +: 3] = `PH_S1;
                do_look_o = va_ok;
                do_flt_o  = !va_ok;
                flt_evt   = `EVT_F_TRANSLATION;
                flt_cls   = `CLS_IN;
            end else begin
                ws_o[`WS_PHASE_LSB +: 3] = `PH_OUT;
                ws_o[`WS_ADR_LSB +: 48]  = va[47:0];
                if (|va[63:OAS]) begin          // outside every control bit (FLT-008)
                    do_flt_o = 1'b1;
                    flt_evt  = `EVT_F_ADDR_SIZE;
                    flt_cls  = `CLS_IN;
                    flt_fix  = 1'b1;
                end else begin
                    ws_o[`WS_PERM_LSB +: 6] = 6'h3f;
                    ws_o[`WS_SIZE_LSB +: 3] = `SZ_ALL;
                    begin_s2 = enter_s2;
                    do_ok_o  = !enter_s2;
                end
            end
        end

        // ---- steps 16-20: tables ----
        if (at_table) begin
            ws_o[`WS_SAVED_LSB] = 1'b0;
            if (s2act && ev_look_i && !ipa_ok) begin
                do_flt_o = 1'b1;
                flt_evt  = `EVT_F_TRANSLATION;
                flt_s2   = 1'b1;
                flt_cls  = s2_class;
            end else if (ev_read_i && rd_err_i) begin
                do_flt_o = 1'b1;
                flt_evt  = `EVT_F_WALK_EABT;
                flt_s2   = s2act;
                flt_cls  = s2act ? s2_class : `CLS_TT;
            end else if (have && (inval || addrsz || (leaf && access)
                               || (leaf && !(s2act ? s2_leaf_rd : perm_ok)))) begin
                do_flt_o = 1'b1;
                flt_evt  = inval  ? `EVT_F_TRANSLATION : addrsz ? `EVT_F_ADDR_SIZE
                         : access ? `EVT_F_ACCESS : `EVT_F_PERMISSION;
                flt_s2   = s2act;
                flt_cls  = s2act ? s2_class : `CLS_IN;      // FLT-007
            end else if (have && leaf && !s2act) begin
                ws_o[`WS_PHASE_LSB +: 3]  = `PH_OUT;
                ws_o[`WS_ADR_LSB +: 48]   = out;
                ws_o[`WS_PERM_LSB +: 6]   = perm;
                ws_o[`WS_MATTR_LSB +: 8]  = mair[{mair_ix, 3'd0} +: 8];
                ws_o[`WS_SH_LSB +: 2]     = desc[`PTE_S1_SH_LSB +: 2];
                ws_o[`WS_NG_LSB]          = desc[`PTE_S1_NG_LSB];
                ws_o[`WS_S1SIZE_LSB +: 3] = size;
                ws_o[`WS_SIZE_LSB +: 3]   = size;
                begin_s2 = s2en;
                do_ok_o  = !s2en;
            end else if (have && leaf && phase == `PH_OUT) begin
                ws_o[`WS_ADR_LSB +: 48]   = out;
                ws_o[`WS_PERM_LSB +: 6]   = perm & ws_i[`WS_PERM_LSB +: 6];
                ws_o[`WS_MATTR_LSB +: 8]  = s1en ? mattr12 : {4'd0, desc[`PTE_S2_MEMATTR_LSB +: 4]};
                ws_o[`WS_SH_LSB +: 2]     = s1en ? sh12 : desc[`PTE_S2_SH_LSB +: 2];
                ws_o[`WS_S1SIZE_LSB +: 3] = s1en ? s1size : size;
                // never more than the smaller leaf (NST-013)
                ws_o[`WS_SIZE_LSB +: 3]   = (s1en && s1size < size) ? s1size : size;
                do_ok_o = 1'b1;
            end else if (have && leaf) begin
                // the page of a CD, L1CD or stage 1 table is found: read it
                ws_o[`WS_S2ACT_LSB] = 1'b0;
                do_read_o = 1'b1;
                rd_kind_o = (phase == `PH_CD1) ? `RD_WORD : (phase == `PH_CD) ? `RD_CD : `RD_LINE;
                attr_from = (phase == `PH_S1) ? 2'd2 : 2'd1;
            end else begin
                // on to the next table, of this stage
                if (s2act) begin
                    ws_o[`WS_LVL2_LSB +: 2] = tgt_level;
                end else begin
                    ws_o[`WS_LVL1_LSB +: 2] = tgt_level;
                    ws_o[`WS_HIER_LSB +: 4] = tgt_hier;
                    ws_o[`WS_ADR_LSB +: 48] = tgt_addr;
                end
                begin_s2  = !s2act && s2en;
                do_read_o = s2act || !s2en;
                attr_from = s2act ? 2'd3 : 2'd2;
                fill_s1_wc_o = have && !s2act;
                fill_s2_wc_o = have && s2act;
            end
            fill_s2_lc_o = s2act && fit_leaf && phase != `PH_OUT && !(ev_look_i && s2_lc_hit_i)
                        && ipa_ok && !(ev_read_i && rd_err_i);
            // a line whose critical descriptor is a table takes no other line's place, and
            // counts where its neighbours may be leaves
            fill_s1_ln_o = !s2act && fit_line && (leaf || leaf_level);
            fill_s2_ln_o = s2act && fit_line && (leaf || leaf_level);
        end

        if (begin_s2) begin
            ws_o[`WS_S2ACT_LSB] = 1'b1;
            ws_o[`WS_SAVED_LSB] = 1'b0;
            do_look_o = 1'b1;
        end
        if (do_read_o) begin
            ws_o[`WS_RA_LSB +: 48] = rd_addr_o;
            // if the line is on its way in another slot, this is where to go on (D4)
            ws_o[`WS_SAVED_LSB]    = (rd_kind_o == `RD_LINE);
            ws_o[`WS_FULL_LSB]     = (rd_kind_o == `RD_LINE) && tgt_beats == 2'd3;
        end
        if (do_flt_o) begin
            ws_o[`WS_EVT_LSB +: 8]  = flt_evt;
            ws_o[`WS_FS2_LSB]       = flt_s2;
            ws_o[`WS_FCLS_LSB +: 2] = flt_cls;
            ws_o[`WS_FFIX_LSB]      = flt_fix;
            // a configuration-only request learns whether the stream can stall, no more
            if (kind == `UP_K_CFG) begin
                do_flt_o = 1'b0;
                do_ok_o  = 1'b1;
            end
        end
    end
    assign rd_beats_o = tgt_beats;

    // ---- configuration cache fill ---------------------------------------------------
    assign cf_s1_o    = !cf_abort_o && phase == `PH_CD;
    assign cf_s2_o    = !cf_abort_o && ste_i[`STE_CONFIG_LSB + 1];
    assign know_ste_o = ev_read_i && phase == `PH_STE && ws_o[`WS_STEOK_LSB];
    assign know_cd_o  = ev_read_i && phase == `PH_CD && !s2act && ws_o[`WS_CDOK_LSB];

    // ---- keys -----------------------------------------------------------------------
    assign look_s2_o = ws_o[`WS_S2ACT_LSB];
    wire [15:0] vmid = ste_i[`STE_S2VMID_LSB +: 16];
    wire [15:0] asid = cd_i[`CD_ASID_LSB +: 16];
    assign look_key_o = look_s2_o
        ? {gran2, 1'b0, 16'd0, vmid, 1'b0, ws_o[`WS_ADR_LSB + 12 +: 36]}
        : {gran1, ws_o[`WS_S2EN_LSB], asid, vmid, half, va[47:12]};
    assign fill_key_o = s2act
        ? {gran2, 1'b0, 16'd0, vmid, 1'b0, ws_i[`WS_ADR_LSB + 12 +: 36]}
        : {gran1, s2en, asid, vmid, half, va[47:12]};
    assign fill_wc_level_o = tgt_level;
    assign fill_level_o    = level;
    assign fill_spare_o    = is_table;
    // the line of a table descriptor keeps what was gathered above it
    assign fill_hier_o     = hier;
    assign fill_ln_hier_o  = is_table ? hier_up : hier;
    assign fill_base_o  = next[47:12];
    assign fill_desc_o  = desc;

    // ---- attributes of the read (ATT-029..031, NST-011) -----------------------------
    reg       iwb, owb, ra, wa;
    reg [1:0] sh;
    always @(*) begin
        case (attr_from)
            2'd0: begin             // CR1: 01 is write-back, 11 acts as 00
                iwb = (table_ic_i == 2'd1);
                owb = (table_oc_i == 2'd1);
                sh  = table_sh_i;
                ra  = strtab_ra_i;
                wa  = strtab_ra_i;
            end
            2'd1: begin             // 01 and 11 are write-back, 11 does not allocate
                iwb = ste_i[`STE_S1CIR_LSB];
                owb = ste_i[`STE_S1COR_LSB];
                sh  = ste_i[`STE_S1CSH_LSB +: 2];
                ra  = ste_i[`STE_S1COR_LSB +: 2] != 2'd3;
                wa  = ste_i[`STE_S1COR_LSB +: 2] != 2'd3;
            end
            default: begin
                iwb = attr_from[0] ? walk2_attr[4] : walk1_attr[4];
                owb = attr_from[0] ? walk2_attr[2] : walk1_attr[2];
                sh  = attr_from[0] ? walk2_attr[1:0] : walk1_attr[1:0];
                ra  = 1'b1;
                wa  = (attr_from[0] ? walk2_attr[3:2] : walk1_attr[3:2]) == 2'd1;
            end
        endcase
    end
    smmu_walk_attr u_attr (
        .iwb_i(iwb), .owb_i(owb), .sh_i(sh), .ra_i(ra), .wa_i(wa),
        .s2_en_i(s2act && (attr_from == 2'd1 || attr_from == 2'd2)),
        .s2_memattr_i(desc[`PTE_S2_MEMATTR_LSB +: 4]), .s2_sh_i(desc[`PTE_S2_SH_LSB +: 2]),
        .cache_o(rd_cache_o), .domain_o(rd_domain_o));

    wire unused_ok = &{1'b0, rq_i[`RQ_TBU_LSB +: 3], walk1_attr[5], walk2_attr[5],
                         next[11:0]};
endmodule
`default_nettype wire
