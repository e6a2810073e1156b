// SPDX-License-Identifier: Apache-2.0
//-----------------------------------------------------------------------------
// Constants of the accelerator: register offsets, descriptor and status codes.
// tb/models/accel.py holds the same names; tests/unit/test_dma.py compares both.
// Explanation: docs/dma.md
//-----------------------------------------------------------------------------
`ifndef DMA_DEFS_VH
`define DMA_DEFS_VH

// ---- address map of the AXI4-Lite slave (byte addresses, 1 MB) ---------------
// [19:18] selects the kind of page, [17:12] the queue, [11:0] the register.
`define DMA_ADDR_W          20
`define DMA_PAGE_GLOBAL     2'd0
`define DMA_PAGE_PRIV       2'd1
`define DMA_PAGE_USER       2'd2

// ---- global page (privileged) -------------------------------------------------
`define DMA_REG_ID          12'h000
`define DMA_REG_PARAMS      12'h004
`define DMA_REG_SID         12'h008
`define DMA_REG_LIMIT       12'h00C
`define DMA_REG_INT_LO      12'h010
`define DMA_REG_INT_HI      12'h014
`define DMA_REG_BUSY_LO     12'h018
`define DMA_REG_BUSY_HI     12'h01C

// ---- privileged page of a queue -----------------------------------------------
`define DMA_REG_CTRL        12'h000
`define DMA_REG_PASID       12'h004
`define DMA_REG_RING_LO     12'h008
`define DMA_REG_RING_HI     12'h00C
`define DMA_REG_RING_LOG2   12'h010
`define DMA_REG_INT_PEND    12'h014

// ---- user page of a queue (all readable in the privileged page as well) ---------
`define DMA_REG_DOORBELL    12'h040
`define DMA_REG_HEAD        12'h044
`define DMA_REG_STATUS      12'h048
`define DMA_REG_ACK         12'h04C
`define DMA_REG_ERR_LO      12'h050
`define DMA_REG_ERR_HI      12'h054
`define DMA_REG_DONE_COUNT  12'h058

// ---- register values ------------------------------------------------------------
`define DMA_ID_VALUE        32'h53444D01
`define DMA_RING_LOG2_MAX   4'd15

// ---- descriptor -------------------------------------------------------------------
`define DMA_OP_NOP          8'h00
`define DMA_OP_COPY         8'h01
`define DMA_OP_FILL         8'h02
`define DMA_FLAG_CPL        0
`define DMA_FLAG_IRQ        1

// ---- completion status codes ---------------------------------------------------------
`define DMA_ST_NONE         8'h00
`define DMA_ST_OK           8'h01
`define DMA_ST_READ         8'h10
`define DMA_ST_WRITE        8'h11
`define DMA_ST_FETCH        8'h12
`define DMA_ST_CPL          8'h13
`define DMA_ST_BAD_DESC     8'h20
`define DMA_ST_BAD_CPL      8'h21

`endif
