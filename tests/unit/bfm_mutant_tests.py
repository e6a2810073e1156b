# SPDX-License-Identifier: Apache-2.0
"""Traffic over a transactor that breaks one rule; ends as every test does, with the checker.

These tests pass on the transactors as they are. `test_bfm_mutants` runs them on mutated ones.
"""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge

from tb.bfm import dvm
from tb.bfm.axil import AxilMaster
from tb.bfm.checker import AxiChecker, AxilChecker, DvmChecker
from tb.bfm.clock import apply_reset, begin
from tests.unit.bfm_axi_tests import Bench


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def bursts(dut: Any) -> None:
    """Reads that wait for ARREADY, and writes whose W waits for their AW."""
    b = await Bench.start(dut)
    check = AxiChecker(dut.u_mst.g_probe.u_probe, "axi", w_ahead=0)
    b.mem.configure(ar=30)
    for k in range(8):
        b.mst.read(0x4000_0000 + 0x1000 * k, 8 * b.lanes, id=k)
        b.mst.write(0x4000_0000 + 0x1000 * k, bytes(b.lanes), id=k, delay=9, w_after=True)
    await ClockCycles(dut.clk_i, 600)
    check.check()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def registers(dut: Any) -> None:
    """Register accesses one after the other."""
    port = AxilMaster(dut, "s_axil", dut.clk_i)
    await begin(dut)
    await apply_reset(dut.clk_i, dut.rst_ni)
    check = AxilChecker(dut.u_probe, "s_axil")
    check.forgive()

    async def accesses() -> None:
        for k in range(16):
            await port.write32(4 * k, k)

    work = cocotb.start_soon(accesses())  # may hang on a broken port
    await ClockCycles(dut.clk_i, 600)
    check.check()
    assert work.done()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def messages(dut: Any) -> None:
    """Messages that wait for ACREADY."""
    for pin in ("acready", "crvalid", "crresp", "syscoreq", "complete"):
        getattr(dut, f"dvm_{pin}").value = 0
    await begin(dut)
    master = dvm.DvmMaster(dut)
    await apply_reset(dut.clk_i, dut.rst_ni)
    check = DvmChecker(dut.u_probe, "dvm")
    check.forgive()
    master.post(dvm.tlbi(vmid=1, addr=0x4000))
    for ready in (0, 0, 0, 1, 0, 0, 1, 0):
        await FallingEdge(dut.clk_i)
        dut.dvm_acready.value = ready
    await ClockCycles(dut.clk_i, 2)
    check.check()
