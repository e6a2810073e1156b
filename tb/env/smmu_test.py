# SPDX-License-Identifier: Apache-2.0
"""Base class of UVM tests of the whole SMMU."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from pyuvm import uvm_test

from sim import runner
from tb.env.program import Layout, SmmuProgram
from tb.env.smmu_bench import BenchConfig, SmmuBench
from tb.env.smmu_env import EnvCfg, SmmuEnv
from tb.sequences.registers import SequencerIo
from tb.sequences.traffic import RandomTraffic, Target

ANSWER_LIMIT = 200_000  # cycles


class SmmuTest(uvm_test):
    """Builds the environment and opens the bench; subclasses have a ``scenario``."""

    throttle = False

    def build_phase(self) -> None:
        self.env_cfg = EnvCfg.for_build(runner.current_params())
        self.adjust(self.env_cfg)
        self.cdb_set("cfg", self.env_cfg, "env")
        self.env = SmmuEnv.create("env", self)
        self.rng = random.Random(cocotb.RANDOM_SEED)

    def adjust(self, cfg: EnvCfg) -> None:
        """Change the configuration of the environment."""

    async def run_phase(self) -> None:
        self.raise_objection()
        cfg = BenchConfig(seed=self.rng.getrandbits(31), throttle=self.throttle, jitter=6)
        self.bench = await SmmuBench.start(cocotb.top, cfg)
        self.env_cfg.port.open(self.bench)
        await self.bench.cycles(2)
        io = SequencerIo(self.env.regs.sequencer, self.bench)
        # room for a record of every burst of a round on every port: none is dropped (EVQ-022)
        self.prog = SmmuProgram(io, self.bench.memory, Layout(eventq_log2=8))
        await self.scenario()
        await self.bench.finish()
        await self.bench.cycles(200)  # the last records reach memory
        self.drop_objection()

    async def scenario(self) -> None:
        """What the test does."""
        raise NotImplementedError

    # ---- what scenarios share --------------------------------------------------------------
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
            assert await self.bench.within(txn.done, ANSWER_LIMIT), f"no answer: {txn}"

    def scatter(self, at: int, size: int) -> None:
        """Random bytes where devices will read."""
        self.bench.memory.poke(at, self.rng.randbytes(size))
