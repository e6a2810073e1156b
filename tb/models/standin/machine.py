# SPDX-License-Identifier: Apache-2.0
"""A whole machine with stand-in hardware in virtual time: the main job without a simulator."""

from __future__ import annotations

from typing import Any

from tb.models import accel
from tb.models.costs import load_costs
from tb.models.main_job import MainJob, collect
from tb.models.memory import Memory
from tb.models.qemu.machine import SMMU_SIZE
from tb.models.smmu_ref import SmmuConfig
from tb.models.stack import Stack, StackConfig
from tb.models.standin.accel import AccelStandin
from tb.models.standin.smmu import SmmuStandin
from tb.models.virtual_time import VirtualPlatform


class StandinMachine:
    """Platform, stand-in SMMU and accelerator, and the software on top."""

    def __init__(
        self, seed: int, config: StackConfig | None = None, smmu: SmmuConfig | None = None
    ) -> None:
        self.seed = seed
        self.config = cfg = config or StackConfig()
        self.memory = Memory()
        self.plat = VirtualPlatform(self.memory, load_costs(), seed)
        self.smmu = SmmuStandin(self.plat, self.memory, smmu)
        self.accel = AccelStandin(self.plat, self.smmu, cfg.sid)
        self.plat.add_device(cfg.smmu_base, SMMU_SIZE, self.smmu)
        self.plat.add_device(cfg.accel_base, accel.WINDOW_BYTES, self.accel)
        self.stack = Stack(self.plat, self.memory, seed, cfg)

    def run(self, coro: Any) -> Any:
        """Run a scenario coroutine to its end in virtual time."""
        return self.plat.run(coro)

    def main_job(self) -> dict[str, Any]:
        """Boot and run the main job; returns its result."""

        async def scenario() -> dict[str, Any]:
            await self.stack.boot()
            job = MainJob(self.stack, self.seed)
            findings = await job.run()
            lost = self.accel.issued - self.accel.answered
            findings.check(lost == 0, f"{lost} transactions were never answered")
            return collect(self.stack, findings, self.seed)

        return self.run(scenario())
