# SPDX-License-Identifier: Apache-2.0
"""Base class of the sequences that run on the virtual sequencer."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from pyuvm import uvm_sequence

from tb.bfm.burst import AxiTxn
from tb.env.program import SmmuProgram
from tb.env.smmu_bench import SmmuBench

if TYPE_CHECKING:
    from tb.env.ral import SmmuRegBlock
    from tb.env.virtual_sequencer import SmmuVirtualSequencer

ANSWER_LIMIT = 200_000  # cycles


class SmmuSequence(uvm_sequence):
    """Short names for what the virtual sequencer has in hand, and bounded waits."""

    sequencer: SmmuVirtualSequencer

    @property
    def bench(self) -> SmmuBench:
        """Time, memory, counters."""
        return self.sequencer.bench

    @property
    def prog(self) -> SmmuProgram:
        """The one driver of the SMMU: structures, queues, registers."""
        return self.sequencer.prog

    @property
    def ral(self) -> SmmuRegBlock:
        """Register model."""
        return self.sequencer.ral

    @property
    def rng(self) -> random.Random:
        """All randomness."""
        return self.sequencer.rng

    async def answered(self, txn: AxiTxn, limit: int = ANSWER_LIMIT) -> AxiTxn:
        """The burst ended within ``limit`` cycles, stalls included; AssertionError else."""
        assert await self.bench.within(txn.done, limit), f"{self.get_name()}: no answer to {txn}"
        return txn
