// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Module : smmu_tbu_xlate
// Purpose: From a request and the entry found for it: may it go, and how does it
//          look on the memory side?
// Spec   : D13; INI-005..007 and ATT-006..008 (GBPA), ATT-015..025, ATT-033
// Clock  : none, purely combinational
// In     : req_i     AX of the request;  mode_i  the two mode registers
//          utlb_*    result of the lookup: the access may go, and the entry that hits, else 0
//          once_i    use once_ent_i instead (OK-once, D18): then nothing is looked up
// Out    : smmuen_o  mode of the request;  gabort_o  mode 0: aborts
//          look_o    asks the uTLB;  go_o  translated (or bypassed) and allowed
//          axo_o     the translated request
// Tests  : tests/unit/test_tbu.py
//-----------------------------------------------------------------------------
`default_nettype none
`include "smmu_defs.vh"
`include "smmu_if.vh"
`include "smmu_tbu.vh"

module smmu_tbu_xlate #(
    parameter WRITE = 0,    // 1: the write path
    parameter OAS   = 48    // 40, 42, 44, 48
) (
    input  wire [`AX_W-1:0]      req_i,
    input  wire [2*`MODE_W-1:0]  mode_i,
    input  wire                  utlb_may_i,
    input  wire [`ENT_W-1:0]     utlb_ent_i,
    input  wire                  once_i,
    input  wire [`ENT_W-1:0]     once_ent_i,

    output wire                  smmuen_o,
    output wire                  gabort_o,
    output wire                  look_o,
    output wire                  go_o,
    output wire [`AXO_W-1:0]     axo_o
);
    localparam RNW = (WRITE == 0);

    // ---- mode of the request ---------------------------------------------------------
    wire [`MODE_W-1:0] mode = req_i[`AX_MODE_LSB] ? mode_i[`MODE_W +: `MODE_W]
                                                  : mode_i[0 +: `MODE_W];
    wire [31:0]        gbpa = mode[`MODE_GBPA_LSB +: `MODE_GBPA_W];
    wire [63:0]        va   = req_i[`AX_ADDR_LSB +: `AX_ADDR_W];

    assign smmuen_o = mode[`MODE_SMMUEN_LSB];
    assign gabort_o = !smmuen_o && (gbpa[`GBPA_ABORT_LSB] || |va[63:OAS]);

    assign look_o   = smmuen_o && !once_i;

    // ---- permission: the uTLB judges its own ----------------------------------------------
    wire [2:0] prot = req_i[`AX_PROT_LSB +: `AX_PROT_W];
    wire [3:0] once_read;
    wire [1:0] once_write;
    smmu_tbu_rights u_once (.ent_i(once_ent_i), .read_o(once_read), .write_o(once_write));
    wire       once_may = RNW ? once_read[{prot[2], prot[0]}] : once_write[prot[0]];

    // what the uTLB tells comes last, and is 0 when it was not asked
    assign go_o = !smmuen_o || (once_i && once_may) || utlb_may_i;

    // ---- the entry: GBPA bypass is one more kind of entry ------------------------------
    reg [`ENT_W-1:0] gent;
    always @(*) begin
        gent = {`ENT_W{1'b0}};
        gent[`ENT_STAGE_LSB    +: `ENT_STAGE_W]    = `STG_BYP;
        gent[`ENT_SIZE_LSB     +: `ENT_SIZE_W]     = `SZ_ALL;
        gent[`ENT_INSTCFG_LSB  +: `ENT_INSTCFG_W]  = gbpa[`GBPA_INSTCFG_LSB  +: `GBPA_INSTCFG_W];
        gent[`ENT_PRIVCFG_LSB  +: `ENT_PRIVCFG_W]  = gbpa[`GBPA_PRIVCFG_LSB  +: `GBPA_PRIVCFG_W];
        gent[`ENT_MTCFG_LSB    +: `ENT_MTCFG_W]    = gbpa[`GBPA_MTCFG_LSB    +: `GBPA_MTCFG_W];
        gent[`ENT_MEMATTR_LSB  +: `ENT_MEMATTR_W]  = gbpa[`GBPA_MEMATTR_LSB  +: `GBPA_MEMATTR_W];
        gent[`ENT_ALLOCCFG_LSB +: `ENT_ALLOCCFG_W] = gbpa[`GBPA_ALLOCCFG_LSB +: `GBPA_ALLOCCFG_W];
        gent[`ENT_SHCFG_LSB    +: `ENT_SHCFG_W]    = gbpa[`GBPA_SHCFG_LSB    +: `GBPA_SHCFG_W];
    end

    wire [`ENT_W-1:0] known = !smmuen_o ? gent : once_i ? once_ent_i : {`ENT_W{1'b0}};
    wire [`ENT_W-1:0] ent   = known | utlb_ent_i;

    // ---- the request as it leaves -----------------------------------------------------
    wire [3:0]  cache;
    wire [1:0]  domain;
    wire [2:0]  prot_out;
    wire        lock;
    wire [35:0] low;
    smmu_page_low u_size (.size_i(ent[`ENT_SIZE_LSB +: `ENT_SIZE_W]), .low_o(low));
    wire [35:0] page = (ent[`ENT_PPN_LSB +: `ENT_PPN_W] & ~low) | (va[47:12] & low);

    smmu_attr_out u_attr (
        .ent_i(ent), .cache_i(req_i[`AX_CACHE_LSB +: `AX_CACHE_W]),
        .domain_i(req_i[`AX_DOMAIN_LSB +: `AX_DOMAIN_W]), .prot_i(prot),
        .lock_i(req_i[`AX_LOCK_LSB]), .write_i(!RNW),
        .cache_o(cache), .domain_o(domain), .prot_o(prot_out), .lock_o(lock));

    assign axo_o = {req_i[`AX_SID_LSB +: `AX_SID_W], domain, req_i[`AX_QOS_LSB +: `AX_QOS_W],
                    prot_out, cache, lock, req_i[`AX_BURST_LSB +: `AX_BURST_W],
                    req_i[`AX_SIZE_LSB +: `AX_SIZE_W], req_i[`AX_LEN_LSB +: `AX_LEN_W],
                    page, va[11:0]};

    wire unused_ok = &{1'b0, req_i, gbpa, ent};
endmodule

`default_nettype wire
