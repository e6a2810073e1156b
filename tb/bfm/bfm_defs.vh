// SPDX-License-Identifier: Apache-2.0
// Layout of the vectors that cross between the transactors and Python (tb/bfm/layout.py mirrors it).
// Widths are the largest any configuration uses, so one layout serves every bus.
`ifndef BFM_DEFS_VH
`define BFM_DEFS_VH

// address channel of one burst, as seen on the pins
`define BFM_AX_W      176
`define BFM_AX_ADDR   0   +: 64
`define BFM_AX_LEN    64  +: 8
`define BFM_AX_SIZE   72  +: 3
`define BFM_AX_BURST  75  +: 2
`define BFM_AX_LOCK   77  +: 1
`define BFM_AX_CACHE  78  +: 4
`define BFM_AX_PROT   82  +: 3
`define BFM_AX_QOS    85  +: 4
`define BFM_AX_DOMAIN 89  +: 2
`define BFM_AX_ID     91  +: 16
`define BFM_AX_SID    107 +: 32
`define BFM_AX_SSID   139 +: 20
`define BFM_AX_SSIDV  159 +: 1
`define BFM_AX_SECSID 160 +: 2
`define BFM_AX_FLOW   162 +: 2
`define BFM_AX_ATOP   164 +: 6
`define BFM_AX_SNOOP  170 +: 4

// for fields narrower than their room
`define BFM_AX_ID_LSB   91
`define BFM_DS_SLOT_LSB 176

// descriptor of a master: the pins above plus how to drive them
`define BFM_DS_W      232
`define BFM_DS_AX     0   +: 176
`define BFM_DS_SLOT   176 +: 8
`define BFM_DS_DELAY  184 +: 16   // cycles before AxVALID
`define BFM_DS_WDELAY 200 +: 16   // cycles before the first WVALID
`define BFM_DS_HOLDAT 216 +: 8    // beat at which W waits when WHOLD is set
`define BFM_DS_WHOLD  224 +: 1
`define BFM_DS_WAFTER 225 +: 1    // W waits for the AW handshake
`define BFM_DS_NOAX   226 +: 1    // no address beat: responses of an atomic

// a row of burst data is eight beats
`define BFM_ROW_BEATS 8

`define BFM_CYC_W     40          // cycle stamps
// completion: {last, first, address, post stamps, beats, worst response, slot}
`define BFM_CPL_W     179

`endif
