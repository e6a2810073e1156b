# SPDX-License-Identifier: Apache-2.0
"""SVA on the host, no virtualization: the CPU and the SMMU walk one and the same page table.

Invalidation is either software's (the mmu notifier issues commands) or the interconnect's (the
TLBI of the CPU reaches the SMMU, CR2.PTM = 0).
"""

from __future__ import annotations

from tb.models.audit import AuditView
from tb.models.cpu import Cpu
from tb.models.linux.accel import AccelDriver
from tb.models.linux.kernel import Kernel
from tb.models.linux.os import LinuxWithSva
from tb.models.linux.sva import Sva
from tb.models.scenarios import defects
from tb.models.scenarios.sva_job import SvaJob
from tb.models.timeline import HOST_PATH

CPUS = 2


class HostSva(SvaJob):
    """Software invalidation: commands for every change of a page table."""

    name = "host-sva"
    path = HOST_PATH
    defects = {
        "drop-notifier": "the mmu notifier forgets the SMMU",
        "lose-page-response": "the kernel loses the answer to one page request",
        "mix-pasid": "the second process's CD points at the first one's page table",
    }

    async def boot_os(self) -> LinuxWithSva:
        host, plat = self.host, self.plat
        cpus = [Cpu(plat, self.hw.memory, host.audit, index) for index in range(CPUS)]
        interconnect = self.hw if self.use_btm else None
        kernel = Kernel(plat, cpus, host.memory, AuditView(host.audit), interconnect)
        kernel.boot()
        slot = self.hw.config.accels[0]
        await host.smmu.attach_device(slot.sid)
        sva = Sva(plat, kernel, host.smmu)
        driver = AccelDriver(plat, kernel, sva, slot.base, slot.sid)
        await driver.probe(cpus[0])
        self.plant(sva)
        return LinuxWithSva(kernel, sva, driver, host.probe, slot.sid)

    def plant(self, sva: Sva) -> None:
        """Break what the defect says."""
        match self.defect:
            case "drop-notifier":
                defects.drop_notifier(sva)
            case "lose-page-response":
                defects.lose_resume(sva.smmu)
            case "mix-pasid":
                defects.mix_pasid(sva)

    def _check_counts(self) -> None:
        super()._check_counts()
        counters = self.plat.counters
        self.check(counters["host-smmu-tlbi"] > 0, "no TLB invalidation command")
        self.check(counters["dvm-messages"] == 0, "a broadcast without DVM")


class HostSvaDvm(HostSva):
    """Broadcast invalidation: not one TLBI command, whatever happens to the page tables."""

    name = "host-sva-dvm"
    use_btm = True
    defects = {
        "drop-broadcast": "the interconnect loses TLBI messages",
        "lose-page-response": HostSva.defects["lose-page-response"],
        "mix-pasid": HostSva.defects["mix-pasid"],
    }

    def plant(self, sva: Sva) -> None:
        super().plant(sva)
        if self.defect == "drop-broadcast":
            defects.drop_broadcast(sva.kernel)

    def _check_counts(self) -> None:
        SvaJob._check_counts(self)
        self.check_broadcast_only(at_reset=1)
