# SPDX-License-Identifier: Apache-2.0
"""The main job with today's uapi: iommufd instead of VFIO's nesting ioctls of 2020."""

from __future__ import annotations

from tb.models.host.iommufd import Iommufd
from tb.models.qemu.iommufd_device import IommufdPassThrough
from tb.models.scenarios.vsva_nested import VsvaNested
from tb.models.stack import Stack
from tb.models.timeline import IOMMUFD_PATH


class IommufdStack(Stack):
    """A VM whose accelerator is passed through with iommufd."""

    async def pass_through(self) -> None:
        cfg, plat, host = self.config, self.plat, self.host
        self.iommufd = Iommufd(
            plat, host.memory, host.smmu, self.machine.vmm, alloc_vmid=lambda: cfg.vmid
        )
        self.relay = IommufdPassThrough(
            plat, self.machine, self.vsmmu, self.iommufd, self.slot.sid, cfg.vsid, host.timeline
        )
        await self.relay.realize()


class IommufdJob(VsvaNested):
    """Nested page table out of the guest's STE, raw commands in batches, fault queue, vEVENTQ."""

    name = "iommufd"
    title = ""
    path = IOMMUFD_PATH
    stack = IommufdStack

    def _check_counts(self) -> None:
        super()._check_counts()
        batches = self.plat.counters["invalidation-batches"]
        commands = self.plat.counters["invalidations-batched"]
        self.facts["batches"], self.facts["batched_commands"] = batches, commands
        self.check(0 < batches <= commands, f"{batches} batches for {commands} invalidations")
