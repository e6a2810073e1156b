# SPDX-License-Identifier: Apache-2.0
"""tb_speed without its device: clock, memories, registers, and the scene of the loop set up."""

from __future__ import annotations

from typing import Any

from cocotb.triggers import ClockCycles

from tb.bench.speed.scene import lay_out
from tb.bfm.axi_mem import AxiMemory
from tb.bfm.axil import AxilMaster
from tb.bfm.clock import apply_reset
from tb.bfm.mailbox import Unit
from tb.env.program import SmmuProgram
from tb.models.memory import Memory


class Rig:
    """Everything but the device; ``targets`` are the VAs of its bursts."""

    def __init__(self, dut: Any) -> None:
        """Call after ``tb.bfm.clock.begin``."""
        self.dut = dut
        self.memory = Memory()
        data, walks = (AxiMemory(handle, self.memory) for handle in (dut.u_mem, dut.u_ptw_mem))
        data.configure(ram=True, latency=4, write_latency=4)
        walks.configure(latency=4)
        self._count = Unit(dut.u_mem).reg("cycle_q")
        port = AxilMaster(dut, "s_axil", dut.clk_i)
        self.read32, self.write32 = port.read32, port.write32
        self.targets: list[int] = []

    async def start(self) -> None:
        """End the reset and enable the SMMU."""
        await apply_reset(self.dut.clk_i, self.dut.rst_ni)
        prog = SmmuProgram(self, self.memory)
        self.targets = lay_out(prog)
        await prog.start()

    @property
    def cycle(self) -> int:
        """Rising edges so far."""
        return self._count.get()

    async def cycles(self, count: int) -> None:
        """Let clock cycles pass."""
        await ClockCycles(self.dut.clk_i, count)
