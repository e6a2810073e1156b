# SPDX-License-Identifier: Apache-2.0
"""Register accesses through the register agent's sequencer."""

from __future__ import annotations

import random

from pyuvm import uvm_sequence, uvm_sequence_item, uvm_sequencer, uvm_status_e

from tb.agents.axi_lite import AxiLiteItem
from tb.env.ral import SmmuReg, SmmuRegBlock
from tb.env.smmu_bench import SmmuBench


class ItemSequence(uvm_sequence):
    """One item."""

    def __init__(self, item: uvm_sequence_item) -> None:
        super().__init__("item")
        self.item = item

    async def body(self) -> None:
        await self.start_item(self.item)
        await self.finish_item(self.item)


class SequencerIo:
    """``tb.env.program.RegisterIo`` over a sequencer."""

    def __init__(self, sequencer: uvm_sequencer, bench: SmmuBench) -> None:
        self.sequencer, self.bench = sequencer, bench

    @property
    def cycle(self) -> int:
        """Clock cycles since the start of the run."""
        return self.bench.cycle

    async def read32(self, offset: int) -> int:
        """Register read."""
        item = AxiLiteItem(addr=offset)
        await ItemSequence(item).start(self.sequencer)
        return item.data

    async def write32(self, offset: int, value: int) -> None:
        """Register write."""
        await ItemSequence(AxiLiteItem(addr=offset, data=value, write=True)).start(self.sequencer)

    async def cycles(self, count: int) -> None:
        """Let time pass."""
        await self.bench.cycles(count)


class ResetValues(uvm_sequence):
    """REG-001: every 32-bit register reads as the register model says after reset."""

    def __init__(self, ral: SmmuRegBlock) -> None:
        super().__init__("reset_values")
        self.ral = ral
        self.wrong: list[str] = []
        self.checked = 0

    async def body(self) -> None:
        for name, reg in self.ral.regs.items():
            if reg.WIDTH == 32:
                await self._check(name, reg)

    async def _check(self, name: str, reg: SmmuReg) -> None:
        want = reg.get_mirrored_value()
        status, got = await reg.read()
        self.checked += 1
        if status != uvm_status_e.UVM_IS_OK or got != want:
            self.wrong.append(f"{name} reads 0x{got:x} after reset, not 0x{want:x}")


class WriteRead(uvm_sequence):
    """Random values into read-write registers while nothing is enabled; the mirror predicts."""

    NAMES = ("CR1", "CR2", "STRTAB_BASE_CFG", "GERROR_IRQ_CFG1", "GERROR_IRQ_CFG2",
             "EVENTQ_IRQ_CFG1", "EVENTQ_IRQ_CFG2", "CMDQ_PROD")  # fmt: skip

    def __init__(self, ral: SmmuRegBlock, rng: random.Random) -> None:
        super().__init__("write_read")
        self.ral, self.rng = ral, rng
        self.wrong: list[str] = []

    async def body(self) -> None:
        for name in self.NAMES:
            reg: SmmuReg = self.ral.regs[name]
            await reg.write(self.rng.getrandbits(32))
            want = reg.get_mirrored_value()
            _, got = await reg.read()
            if got != want:
                self.wrong.append(f"{name} reads 0x{got:x}, not 0x{want:x}")
            await reg.write(reg.get_reset())
