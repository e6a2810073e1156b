# SPDX-License-Identifier: Apache-2.0
"""What a virtual sequence has in hand: every sequencer, the register model, the program."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from pyuvm import uvm_sequencer

from tb.env.program import Layout, SmmuProgram
from tb.env.smmu_bench import SmmuBench
from tb.sequences.registers import SequencerIo

if TYPE_CHECKING:
    from tb.env.ral import SmmuRegBlock
    from tb.env.scoreboard import SmmuScoreboard
    from tb.env.smmu_cfg import SmmuEnvCfg


DATA = 0x4800_0000  # the scoreboard takes what is below for tables


class SmmuVirtualSequencer(uvm_sequencer):
    """Filled in by the environment's connect phase.

    regs, devices[i], memories[i], walk, dvm   sequencers of the active agents
    ral          register model
    scoreboard   for ``settle`` after an invalidation under traffic; None without one
    bench, prog  there once the run phase has begun
    """

    cfg: SmmuEnvCfg
    regs: uvm_sequencer
    devices: list[uvm_sequencer]
    memories: list[uvm_sequencer]
    walk: uvm_sequencer
    dvm: uvm_sequencer
    ral: SmmuRegBlock
    scoreboard: SmmuScoreboard | None

    _prog: SmmuProgram | None = None
    _data: int = DATA

    def data_frames(self, size: int, alignment: int = 0x1000) -> int:
        """Physical memory for data of devices, apart from all tables."""
        at = -(-self._data // alignment) * alignment
        self._data = at + size
        return at

    def build_phase(self) -> None:
        self.cfg = self.cdb_get("cfg")
        self.rng = random.Random(self.cfg.seed)

    @property
    def bench(self) -> SmmuBench:
        """Time, memory, counters."""
        return self.cfg.port.bench

    @property
    def prog(self) -> SmmuProgram:
        """The one driver of this SMMU: register accesses go through the AXI4-Lite agent."""
        if self._prog is None:
            io = SequencerIo(self.regs, self.bench)
            # room for a record of every burst in flight: none is dropped (EVQ-020)
            self._prog = SmmuProgram(io, self.bench.memory, Layout(eventq_log2=8))
        return self._prog
