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
    input  wire [`GEO_W-1:0] geo1_i,
    input  wire [`GEO_W-1:0] geo2_i,
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

    output wire [1:0]       rd_kind_o,
    output wire [47:0]      rd_addr_o,
    output wire [47:0]      rd_hash_o,      // of the lines it can be of; which: rd_pick_o
    output wire [1:0]       rd_pick_o,
    output wire [1:0]       rd_beats_o,     // of a line, minus 1
    output wire [3:0]       rd_cache_o,
    output wire [1:0]       rd_domain_o,

    output wire             look_s2_o,
    output wire [`WK_W-1:0] look_s1_key_o,
    output wire [`WK_W-1:0] look_s2_key_o,

    output reg              cf_valid_o,
    output reg              cf_abort_o,
    output wire             cf_s1_o,
    output wire             cf_s2_o,
    output wire             know_ste_o,     // VMID of ste_i counts from now on
    output wire             know_cd_o,      // ASID of cd_i counts from now on

    output wire [`WK_W-1:0] fill_s1_key_o,
    output wire [`WK_W-1:0] fill_s2_key_o,
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
    wire             s2adr = ws_i[`WS_S2ADR_LSB];   // the same
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

    wire        va_ok, half, ipa_ok, have, inval, addrsz, is_table, leaf, access, down;
    wire [1:0]  gran1 = geo1_i[`GEO_GRAN_LSB +: 2];
    wire [1:0]  gran2 = geo2_i[`GEO_GRAN_LSB +: 2];
    wire [1:0]  gran, level, tgt_level;
    wire [63:0] desc;
    wire [3:0]  hier, hier_up, tgt_hier;
    wire [5:0]  perm, walk1_attr, walk2_attr;
    wire [2:0]  size;
    wire [47:0] next, out, tgt_addr;
    smmu_walk_table #(.OAS(OAS)) u_table (
        .s2_i(s2act), .s2_adr_i(s2adr), .rd_i(ev_read_i), .rd_desc_i(word),
        .va_i(va), .ste_i(ste_i), .cd_i(cd_i),
        .geo1_i(geo1_i), .geo2_i(geo2_i), .ws_i(ws_i),
        .lk_wc_hit_i(s2adr ? s2_wc_hit_i : s1_wc_hit_i),
        .lk_wc_level_i(s2adr ? s2_wc_level_i : s1_wc_level_i), .lk_wc_hier_i(s1_wc_hier_i),
        .lk_wc_base_i(s2adr ? s2_wc_base_i : s1_wc_base_i),
        .lk_desc_hit_i(s2act ? s2_lc_hit_i || s2_ln_hit_i : s1_ln_hit_i),
        .lk_desc_level_i(!s2act ? s1_ln_level_i : s2_lc_hit_i ? s2_lc_level_i : s2_ln_level_i),
        .lk_desc_hier_i(s1_ln_hier_i),
        .lk_desc_i(!s2adr ? s1_ln_desc_i : s2_lc_hit_i ? s2_lc_desc_i : s2_ln_desc_i),
        .va_ok_o(va_ok), .half_o(half), .ipa_ok_o(ipa_ok), .gran_o(gran),
        .have_o(have), .desc_o(desc), .level_o(level), .inval_o(inval), .addrsz_o(addrsz),
        .table_o(is_table), .leaf_o(leaf), .access_o(access), .hier_o(hier), .hier_up_o(hier_up),
        .perm_o(perm), .size_o(size), .next_o(next), .out_o(out),
        .tgt_addr_o(tgt_addr), .tgt_hash_o(rd_hash_o), .down_o(down), .tgt_level_o(tgt_level),
        .tgt_beats_o(rd_beats_o), .tgt_hier_o(tgt_hier),
        .walk1_attr_o(walk1_attr), .walk2_attr_o(walk2_attr));

    // ---- the read, if there is one ----------------------------------------------------
    wire found = have && leaf;
    smmu_walk_read u_read (
        .ev_new_i(ev_new_i), .phase_i(phase), .s2act_i(s2act), .found_i(found),
        .strtab_2lvl_i(strtab_2lvl_i), .cd_2lvl_i(cd_2lvl), .st_addr_i(st_addr),
        .ste2_addr_i(ste2_addr), .cd_addr_i(cd_addr), .cd2_addr_i(cd2_addr), .out_i(out),
        .tgt_addr_i(tgt_addr),
        .table_sh_i(table_sh_i), .table_oc_i(table_oc_i), .table_ic_i(table_ic_i),
        .strtab_ra_i(strtab_ra_i), .ste_i(ste_i), .walk1_attr_i(walk1_attr),
        .walk2_attr_i(walk2_attr), .s2_memattr_i(desc[`PTE_S2_MEMATTR_LSB +: 4]),
        .s2_sh_i(desc[`PTE_S2_SH_LSB +: 2]),
        .rd_kind_o(rd_kind_o), .rd_addr_o(rd_addr_o),
        .rd_cache_o(rd_cache_o), .rd_domain_o(rd_domain_o));

    assign rd_pick_o = {found, down};

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
    wire leaf_level = (level == 2'd2) || (level == 2'd1 && gran == 2'd0);

    wire s2_leaf_rd = (phase == `PH_OUT) ? perm_ok : walk_ok;
    wire [1:0] s2_class = (phase == `PH_OUT) ? `CLS_IN : (phase == `PH_S1) ? `CLS_TT : `CLS_CD;
    wire [2:0] s1size   = ws_i[`WS_S1SIZE_LSB +: 3];
    wire       s1en     = ws_i[`WS_S1EN_LSB];
    wire       s2en     = ws_i[`WS_S2EN_LSB];

    wire at_table = ev_look_i || (ev_read_i && (s2act || phase == `PH_S1));
    // may be cached (TAG-018)
    wire fit_leaf  = found && !addrsz && !access;
    wire fit_table = have && is_table && !addrsz;
    wire fit_line  = ev_read_i && !rd_err_i && (fit_leaf || fit_table) && ws_i[`WS_FULL_LSB];

    reg        enter;               // configuration is known: start translating
    reg        enter_s1, enter_s2;
    reg        begin_s2;            // ws_o holds an address that stage 2 has to translate
    reg        flt_s2, flt_fix;
    reg [1:0]  flt_cls;
    reg [7:0]  flt_evt;

    wire [35:0] page = ws_i[`WS_ADR_LSB + 12 +: 36];
    // what stage 2 translates next: the client's address, or where the next read would go
    wire        pass     = ev_new_i || (phase == `PH_STE && !s1_on);
    wire [47:0] next_adr = pass ? va[47:0] : rd_addr_o;

    // What may be written whether or not the step faults, or makes the read, is: after a fault only
    // the record's fields count, and the address of a read only after one.
    always @(*) begin
        do_read_o  = 1'b0;
        do_look_o  = 1'b0;
        do_ok_o    = 1'b0;
        do_flt_o   = 1'b0;
        ws_o       = ws_i;
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
            end
        end

        if (ev_redo_i) begin
            do_look_o = 1'b1;
        end else begin
            if (!(ev_read_i && rd_err_i)) ws_o[`WS_RA_LSB +: 48] = rd_addr_o;
            // stage 2 keeps the IPA that it translates
            if (!at_table || !s2act) ws_o[`WS_ADR_LSB +: 48] = next_adr;
            // if the line is on its way in another slot, this is where to go on (D4)
            ws_o[`WS_SAVED_LSB] = at_table && (s2act || !s2en) && rd_kind_o == `RD_LINE;
            ws_o[`WS_FULL_LSB]  = rd_kind_o == `RD_LINE && rd_beats_o == 2'd3;
        end

        // ---- stream table: steps 3-10 ----
        if (ev_read_i && phase == `PH_STE1) begin
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
                    begin_s2  = s2_on;
                    do_read_o = !s2_on;
                end
            end
        end

        // ---- CD: steps 12-14 ----
        if (ev_read_i && !s2act && phase == `PH_CD1) begin
            ws_o[`WS_PHASE_LSB +: 3] = `PH_CD;
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
                ws_o[`WS_PERM_LSB +: 6]  = 6'h3f;
                ws_o[`WS_SIZE_LSB +: 3]  = `SZ_ALL;
                if (|va[63:OAS]) begin          // outside every control bit (FLT-008)
                    do_flt_o = 1'b1;
                    flt_evt  = `EVT_F_ADDR_SIZE;
                    flt_cls  = `CLS_IN;
                    flt_fix  = 1'b1;
                end else begin
                    begin_s2 = enter_s2;
                    do_ok_o  = !enter_s2;
                end
            end
        end

        // ---- steps 16-20: tables ----
        if (at_table) begin
            if (s2act) begin
                if (found && phase != `PH_OUT) ws_o[`WS_S2ACT_LSB] = 1'b0;
                ws_o[`WS_LVL2_LSB +: 2] = tgt_level;
            end else begin
                ws_o[`WS_LVL1_LSB +: 2] = tgt_level;
                ws_o[`WS_HIER_LSB +: 4] = tgt_hier;
            end
            if (found && !s2act) begin
                ws_o[`WS_PHASE_LSB +: 3]  = `PH_OUT;
                ws_o[`WS_PERM_LSB +: 6]   = perm;
                ws_o[`WS_MATTR_LSB +: 8]  = mair[{mair_ix, 3'd0} +: 8];
                ws_o[`WS_SH_LSB +: 2]     = desc[`PTE_S1_SH_LSB +: 2];
                ws_o[`WS_NG_LSB]          = desc[`PTE_S1_NG_LSB];
                ws_o[`WS_S1SIZE_LSB +: 3] = size;
                ws_o[`WS_SIZE_LSB +: 3]   = size;
            end
            if (found && s2act && phase == `PH_OUT) begin
                ws_o[`WS_PERM_LSB +: 6]   = perm & ws_i[`WS_PERM_LSB +: 6];
                ws_o[`WS_MATTR_LSB +: 8]  = s1en ? mattr12 : {4'd0, desc[`PTE_S2_MEMATTR_LSB +: 4]};
                ws_o[`WS_SH_LSB +: 2]     = s1en ? sh12 : desc[`PTE_S2_SH_LSB +: 2];
                ws_o[`WS_S1SIZE_LSB +: 3] = s1en ? s1size : size;
                // never more than the smaller leaf (NST-013)
                ws_o[`WS_SIZE_LSB +: 3]   = (s1en && s1size < size) ? s1size : size;
            end
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
            end else if (found && !s2act) begin
                begin_s2 = s2en;
                do_ok_o  = !s2en;
            end else if (found && phase == `PH_OUT) begin
                ws_o[`WS_ADR_LSB +: 48] = out;
                do_ok_o = 1'b1;
            end else if (found) begin
                // the page of a CD, L1CD or stage 1 table is found: read it
                do_read_o = 1'b1;
            end else begin
                // on to the next table, of this stage
                begin_s2  = !s2act && s2en;
                do_read_o = s2act || !s2en;
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
            do_look_o = 1'b1;
        end
        ws_o[`WS_EVT_LSB +: 8]  = flt_evt;
        ws_o[`WS_FS2_LSB]       = flt_s2;
        ws_o[`WS_FCLS_LSB +: 2] = flt_cls;
        ws_o[`WS_FFIX_LSB]      = flt_fix;
        ws_o[`WS_S2ADR_LSB]     = ws_o[`WS_S2ACT_LSB];
        // a configuration-only request learns whether the stream can stall, no more
        if (do_flt_o && kind == `UP_K_CFG) begin
            do_flt_o = 1'b0;
            do_ok_o  = 1'b1;
        end
    end

    // ---- configuration cache fill ---------------------------------------------------
    assign cf_s1_o    = !cf_abort_o && phase == `PH_CD;
    assign cf_s2_o    = !cf_abort_o && ste_i[`STE_CONFIG_LSB + 1];
    assign know_ste_o = ev_read_i && phase == `PH_STE && ws_o[`WS_STEOK_LSB];
    assign know_cd_o  = ev_read_i && phase == `PH_CD && !s2act && ws_o[`WS_CDOK_LSB];

    // ---- keys -----------------------------------------------------------------------
    // a lookup begins a stage, or makes the refused one again
    assign look_s2_o = ev_redo_i ? s2act : ev_new_i ? !rq_i[`RQ_S1_LSB] : phase != `PH_CD;
    wire        look_nest = ev_new_i ? rq_i[`RQ_S2_LSB] : s2en;
    wire [35:0] look_page = ev_redo_i ? page : next_adr[47:12];
    wire [15:0] vmid = ste_i[`STE_S2VMID_LSB +: 16];
    wire [15:0] asid = cd_i[`CD_ASID_LSB +: 16];
    assign look_s1_key_o = {gran1, look_nest, asid, vmid, half, va[47:12]};
    assign look_s2_key_o = {gran2, 1'b0, 16'd0, vmid, 1'b0, look_page};
    assign fill_s1_key_o = {gran1, s2en, asid, vmid, half, va[47:12]};
    assign fill_s2_key_o = {gran2, 1'b0, 16'd0, vmid, 1'b0, page};
    assign fill_wc_level_o = tgt_level;
    assign fill_level_o    = level;
    assign fill_spare_o    = is_table;
    // the line of a table descriptor keeps what was gathered above it
    assign fill_hier_o     = hier;
    assign fill_ln_hier_o  = is_table ? hier_up : hier;
    assign fill_base_o  = next[47:12];
    assign fill_desc_o  = desc;

    wire unused_ok = &{1'b0, rq_i[`RQ_TBU_LSB +: 3], next[11:0]};
endmodule
`default_nettype wire
