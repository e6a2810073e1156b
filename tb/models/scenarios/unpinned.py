# SPDX-License-Identifier: Apache-2.0
"""The main job on a VM whose memory is not pinned: stage-2 faults stall and the host repairs them.

VFIO of 2020 pins everything, so stage 2 never faults there.  Here the device's stage 2 starts
empty (S2S = 1), the host maps a page when the device or a table walk first needs it, and takes
pages away again while the device runs.
"""

from __future__ import annotations

from tb.models.audit import PAGE
from tb.models.linux.os import LinuxWithSva
from tb.models.qemu import machine as mach
from tb.models.scenarios import defects
from tb.models.scenarios.vsva_nested import VsvaNested
from tb.models.stack import Stack
from tb.models.timeline import UNPINNED_PATH

PAUSE = 20_000  # cycles between two pages that the host takes away


class UnpinnedStack(Stack):
    """No MAP_DMA: pages come into the device's stage 2 as KVM brings them into the vCPU's."""

    async def map_ram(self) -> None:
        self.domain.page_in = self._page_in
        await self.host.smmu.attach(self.domain)  # S2S

    async def _page_in(self, ipa: int) -> bool:
        """The memory slot's page, if the address is RAM."""
        page = ipa & ~(PAGE - 1)
        await self.plat.spend("host-fault-entry")
        if not 0 <= page - mach.RAM_GPA < self.config.ram_pages * PAGE:
            return False
        if self.domain.stage2.lookup(page) is None:
            self.domain.stage2.map_page(page, self.machine.pa(page))
        await self.plat.spend("host-pte-write")
        return True


class Unpinned(VsvaNested):
    """Labelled extra: a real driver pins; the hardware need not rely on it."""

    name = "unpinned"
    title = ""
    path = UNPINNED_PATH
    stack = UnpinnedStack
    stalled_hop = "vfio_ring"  # one of stage 1
    defects = {
        "lose-stage2-fault": "the host forgets one stage-2 fault",
        "drop-invalidation-relay": VsvaNested.defects["drop-invalidation-relay"],
        "mix-pasid": VsvaNested.defects["mix-pasid"],
    }

    async def boot_os(self) -> LinuxWithSva:
        os = await super().boot_os()
        self.plat.spawn(self._balloon(), "host-balloon")
        return os

    def plant(self, stack: Stack) -> None:
        super().plant(stack)
        self.vm_stack = stack
        if self.defect == "lose-stage2-fault":
            defects.lose_resume(self.host.smmu)

    async def _balloon(self) -> None:
        """Take pages that are in use out of the device's stage 2, one by one."""
        stack = self.vm_stack
        for _ in range(self.pick(20, 60)):
            await self.plat.delay(PAUSE)
            pages = [
                ipa
                for ipa in range(mach.RAM_GPA, mach.RAM_GPA + stack.config.ram_pages * PAGE, PAGE)
                if stack.domain.stage2.lookup(ipa) is not None
            ]
            if pages:
                await self.host.smmu.unmap_stage2(stack.domain, self.rng.choice(pages))
                self.facts["pages_taken_away"] = self.facts.get("pages_taken_away", 0) + 1

    def _check_counts(self) -> None:
        super()._check_counts()
        faults = self.plat.counters["stage2-device-faults"]
        self.facts["stage2_device_faults"] = faults
        self.check(faults > self.vm_stack.domain.stage2.mapped // 2, f"{faults} stage-2 faults")
