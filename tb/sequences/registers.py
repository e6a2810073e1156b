# SPDX-License-Identifier: Apache-2.0
"""Register accesses through the register agent's sequencer."""

from __future__ import annotations

from pyuvm import uvm_sequence, uvm_sequence_item, uvm_sequencer

from tb.agents.axi_lite import AxiLiteItem
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
