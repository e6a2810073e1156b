# SPDX-License-Identifier: Apache-2.0
"""The host on a piece of hardware: its memory, its SMMU driver, and the observers of the run."""

from __future__ import annotations

import random

from tb.models.audit import Audit
from tb.models.hardware import Hardware
from tb.models.host.memory import HostMemory
from tb.models.host.smmu import HostSmmu
from tb.models.probe import Probe
from tb.models.timeline import NESTED_PATH, Path, Timeline


class Host:
    """Host kernel without anything on top: VMs, processes and devices come from the scenario.

    ``path`` is the way of a fault in this scenario; ``use_btm`` lets the driver take part in the
    CPUs' broadcast TLB maintenance.
    """

    def __init__(self, hw: Hardware, path: Path = NESTED_PATH, *, use_btm: bool = False) -> None:
        self.hw = hw
        self.plat = plat = hw.plat
        self.rng = random.Random(hw.seed ^ 0x5EED)
        self.audit = Audit(lambda: plat.now)
        self.timeline = Timeline(lambda: plat.now, path)
        self.probe = Probe(plat, hw.memory, self.audit, self.timeline)
        self.memory = HostMemory(hw.memory, self.audit, self.rng)
        self.smmu = HostSmmu(plat, self.memory, hw.config.smmu_base, self.timeline, use_btm=use_btm)

    async def boot(self) -> None:
        """Physical SMMU up, its event queue watched."""
        await self.smmu.start()
        self.probe.watch_event_queue(self.smmu.evtq)
