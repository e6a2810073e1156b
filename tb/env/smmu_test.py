# SPDX-License-Identifier: Apache-2.0
"""Base classes of UVM tests of the whole SMMU."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import cocotb
from pyuvm import uvm_sequence, uvm_test

from sim import runner
from tb.agents.dvm import DvmItem
from tb.bfm.dvm import Part, sync
from tb.env.smmu_bench import SmmuBench
from tb.env.smmu_cfg import SmmuEnvCfg
from tb.env.smmu_env import SmmuEnv
from tb.sequences.dma import answered
from tb.sequences.registers import ItemSequence
from tb.sequences.traffic import RandomTraffic, Target


class SmmuTest(uvm_test):
    """Builds the environment and opens the bench; subclasses have a ``scenario``."""

    def build_phase(self) -> None:
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.cfg = SmmuEnvCfg.for_build(runner.current_params(), seed=self.rng.getrandbits(31))
        self.cfg.bench.jitter = 6
        self.adjust(self.cfg)
        self.cdb_set("cfg", self.cfg, "env")
        self.env = SmmuEnv.create("env", self)

    def adjust(self, cfg: SmmuEnvCfg) -> None:
        """Change the configuration of the environment."""

    async def run_phase(self) -> None:
        self.raise_objection("scenario")
        self.bench = await SmmuBench.start(cocotb.top, self.cfg.bench)
        self.cfg.port.open(self.bench)
        await self.bench.cycles(2)
        self.prog = self.env.sequencer.prog
        await self.scenario()
        await self.env.drain()
        self.drop_objection("scenario")

    async def scenario(self) -> None:
        """What the test does."""
        raise NotImplementedError

    # ---- what scenarios share --------------------------------------------------------------
    async def run(self, sequence: uvm_sequence) -> None:
        """A virtual sequence, from start to end."""
        await sequence.start(self.env.sequencer)

    async def run_all(self, *sequences: uvm_sequence) -> None:
        """Virtual sequences side by side, until all have ended."""
        tasks = [cocotb.start_soon(self.run(sequence)) for sequence in sequences]
        for task in tasks:
            await task

    def traffic(self, targets: list[Target], count: int, **options: Any) -> RandomTraffic:
        """Random bursts that fit this build."""
        lanes = self.bench.masters[0].lanes
        return RandomTraffic(self.rng, targets, count, lanes=lanes, **options)

    async def drive(self, targets: list[Target], count: int, **options: Any) -> None:
        """Bursts on all device ports at once, all answered."""
        sequences = [self.traffic(targets, count, **options) for _ in self.env.devices]
        for device, sequence in zip(self.env.devices, sequences, strict=True):
            await sequence.start(device.sequencer)
        for txn in (txn for sequence in sequences for txn in sequence.txns):
            await answered(self.bench, txn)

    async def broadcast(self, *messages: Sequence[Part]) -> None:
        """DVM messages through their agent, then a Sync until its DVM Complete."""
        for parts in messages:
            await ItemSequence(DvmItem(parts=parts)).start(self.env.dvm.sequencer)
        item = DvmItem(parts=sync(), complete=True)
        await ItemSequence(item).start(self.env.dvm.sequencer)

    def scatter(self, at: int, size: int) -> None:
        """Random bytes where devices will read."""
        self.bench.memory.poke(at, self.rng.randbytes(size))
