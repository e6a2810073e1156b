# SPDX-License-Identifier: Apache-2.0
"""A passive environment beside a bench that somebody else drives.

watch = await PassiveWatch.start(bench)  # monitors and scoreboard, no driver
...                                      # drive the bench by any means
await watch.finish()                     # nothing open, everything compared, no rule broken
"""

from __future__ import annotations

from typing import ClassVar

import cocotb
from cocotb.task import Task
from cocotb.triggers import Event
from pyuvm import uvm_root, uvm_test

from tb.agents.agent import UVM_PASSIVE
from tb.env.smmu_bench import SmmuBench
from tb.env.smmu_cfg import SmmuEnvCfg
from tb.env.smmu_env import SmmuEnv


class SmmuPassiveTest(uvm_test):
    """Holds the run phase open until it is told to stop."""

    bench: ClassVar[SmmuBench]

    def build_phase(self) -> None:
        self.stop = Event()
        self.cfg = SmmuEnvCfg.for_build(self.bench.params, UVM_PASSIVE)
        self.cfg.port.open(self.bench)
        self.cdb_set("cfg", self.cfg, "env")
        self.env = SmmuEnv.create("env", self)

    async def run_phase(self) -> None:
        self.raise_objection("watching")
        await self.stop.wait()
        await self.env.drain()
        self.drop_objection("watching")


class PassiveWatch:
    """Made by :meth:`start`; ``env`` is the environment."""

    def __init__(self, task: Task[None], test: SmmuPassiveTest) -> None:
        self._task, self._test = task, test
        self.env = test.env

    @classmethod
    async def start(cls, bench: SmmuBench) -> PassiveWatch:
        """Listen from the next clock edge on: before the first register is written."""
        test = type("SmmuPassiveTest", (SmmuPassiveTest,), {"bench": bench})
        task = cocotb.start_soon(uvm_root().run_test(test))
        await bench.cycles(1)
        return cls(task, uvm_root().uvm_test_top)

    async def finish(self) -> None:
        """Wait until nothing is open, then check; AssertionError for what is wrong."""
        self._test.stop.set()
        await self._task
