# SPDX-License-Identifier: Apache-2.0
"""A whole machine of stand-in hardware in virtual time: scenarios without a simulator."""

from __future__ import annotations

from typing import Any

from tb.models import accel
from tb.models.costs import CostTable, load_costs
from tb.models.hardware import VF_SID, Hardware, HardwareConfig
from tb.models.maintenance import Message
from tb.models.memory import Memory
from tb.models.qemu.machine import SMMU_SIZE
from tb.models.scenarios import load
from tb.models.scenarios.base import Scenario, execute
from tb.models.smmu_ref import SmmuConfig
from tb.models.standin.accel import AccelStandin
from tb.models.standin.smmu import SmmuStandin
from tb.models.virtual_time import VirtualPlatform

SYNC_CYCLES = 60  # Sync to DVM Complete
ENDLESS = 1 << 62


class StandinMachine(Hardware):
    """Platform, stand-in SMMU and accelerators."""

    def __init__(
        self,
        seed: int,
        config: HardwareConfig | None = None,
        smmu: SmmuConfig | None = None,
        costs: CostTable | None = None,
        jitter_pct: int = 10,
    ) -> None:
        self.seed = seed
        self.config = cfg = config or HardwareConfig()
        self.memory = Memory()
        self.plat: VirtualPlatform = VirtualPlatform(
            self.memory, costs or load_costs(), seed, jitter_pct
        )
        self.smmu = SmmuStandin(self.plat, self.memory, smmu)
        self.plat.add_device(cfg.smmu_base, SMMU_SIZE, self.smmu)
        slot = cfg.accels[0]
        self.accel = AccelStandin(self.plat, self.smmu, slot.sid)
        self.plat.add_device(slot.base, accel.WINDOW_BYTES, self.accel)

    def run(self, coro: Any) -> Any:
        """Run a coroutine to its end in virtual time."""
        return self.plat.run(coro)

    def play(self, name: str, size: str = "small", defect: str = "") -> dict[str, Any]:
        """Run a scenario by name; UnknownScenarioError for a name, size or defect not there."""
        return self.play_scenario(load(name)(self, size, defect))

    def play_scenario(self, scenario: Scenario) -> dict[str, Any]:
        """Run a scenario that was made on this machine."""
        result = self.plat.run(execute(scenario), limit=ENDLESS)  # it has a watchdog of its own
        self.plat.close()
        return result

    # ---- hardware -----------------------------------------------------------------------
    def _second_stream(self, queues: range) -> None:
        for queue in queues:
            self.accel.sids[queue] = VF_SID

    def post(self, message: Message) -> None:
        self.plat.counters["dvm-messages"] += 1
        self.smmu.dvm(message)

    async def complete(self) -> None:
        await self.plat.delay(SYNC_CYCLES, "hardware")

    async def unfinished(self) -> list[str]:
        lost = self.accel.issued - self.accel.answered
        return [f"{lost} transactions were never answered"] if lost else []

    def walks(self) -> int:
        return self.smmu.misses
