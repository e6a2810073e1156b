# SPDX-License-Identifier: Apache-2.0
"""The whole machine put together on a platform: host, VM, guest (architecture section 3).

The platform supplies the hardware below (stand-in or RTL); everything above is made here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tb.models import accel
from tb.models.audit import PAGE, Audit
from tb.models.guest.accel import AccelDriver, UserProcess
from tb.models.guest.kernel import GuestKernel, PidAllocator
from tb.models.guest.mm import Mm
from tb.models.guest.smmu import GuestSmmu
from tb.models.guest.sva import Sva
from tb.models.host.memory import HostMemory
from tb.models.host.smmu import HostSmmu, NestedDomain
from tb.models.host.stage2 import Stage2Table
from tb.models.host.vfio import VfioContainer, VfioDevice
from tb.models.kvm import Kvm
from tb.models.memory import Memory
from tb.models.platform import Platform
from tb.models.probe import Probe
from tb.models.qemu import machine as mach
from tb.models.qemu.vfio_device import VfioPassThrough
from tb.models.qemu.vsmmu import Vsmmu
from tb.models.timeline import Timeline


@dataclass(frozen=True)
class StackConfig:
    """Addresses and sizes of the machine; identities differ per level on purpose."""

    smmu_base: int = 0x0920_0000  # physical; the guest's is elsewhere
    accel_base: int = 0x0B00_0000
    sid: int = 0x0311  # physical StreamID
    vsid: int = 0x0020  # the guest's StreamID of the same device
    vmid: int = 0x0005
    ram_pages: int = 2048
    vcpus: int = 2
    pasid_bits_limit: int = 20


class Stack:
    """All software of one run."""

    def __init__(
        self, plat: Platform, memory: Memory, seed: int, config: StackConfig | None = None
    ) -> None:
        self.plat = plat
        self.config = cfg = config or StackConfig()
        self.rng = random.Random(seed ^ 0x5EED)
        self.audit = Audit(lambda: plat.now)
        self.timeline = Timeline(lambda: plat.now)
        self.probe = Probe(plat, memory, self.audit, self.timeline)
        # host
        self.host_memory = HostMemory(memory, self.audit, self.rng)
        self.host_smmu = HostSmmu(plat, self.host_memory, cfg.smmu_base, self.timeline)
        # VM
        self.kvm = Kvm(plat, self.host_memory, self.audit, cfg.vmid)
        for _ in range(cfg.vcpus):
            self.kvm.create_vcpu()
        self.machine = mach.Machine(plat, self.host_memory, self.audit, self.kvm, cfg.ram_pages)
        self.audit.set_resolver(self.machine.pa)
        self.asids = PidAllocator(1, 0xFFFF)
        self.processes: list[UserProcess] = []

    async def boot(self) -> None:
        """Host driver, VM with the pass-through device, guest drivers."""
        await self.boot_host()
        await self.boot_vm()
        await self.boot_guest()

    async def boot_host(self) -> None:
        """Physical SMMU up, its event queue watched."""
        await self.host_smmu.start()
        self.probe.watch_event_queue(self.host_smmu.evtq)

    async def boot_vm(self) -> None:
        """Guest RAM pinned and mapped, device attached with stage 2, vSMMU realized."""
        cfg, plat = self.config, self.plat
        self.machine.create_ram()
        stage2 = Stage2Table(self.host_memory, "host:smmu-stage2")
        self.domain = NestedDomain(cfg.vmid, stage2, cfg.sid)
        await self.host_smmu.attach(self.domain)
        self.container = VfioContainer(
            plat,
            self.host_memory,
            self.host_smmu,
            self.domain,
            self.machine.vmm,
            cfg.pasid_bits_limit,
        )
        self.vfio = VfioDevice(
            plat,
            self.host_memory,
            self.host_smmu,
            self.container,
            (cfg.accel_base, accel.WINDOW_BYTES),
        )
        await self.machine.pass_through(self.container, self.vfio)
        evtq_irqfd = plat.event("vsmmu-evtq-irqfd")
        self.kvm.irqfd(evtq_irqfd, mach.GSI_SMMU_EVTQ)
        self.vsmmu = Vsmmu(plat, self.machine, evtq_irqfd)
        self.machine.add_device(mach.SMMU_GPA, mach.SMMU_SIZE, self.vsmmu.mmio)
        self.relay = VfioPassThrough(
            plat, self.machine, self.vsmmu, self.container, self.vfio, cfg.vsid, self.timeline
        )

    async def boot_guest(self) -> None:
        """Guest kernel, its SMMU driver, SVA, the accelerator's driver."""
        plat, cfg = self.plat, self.config
        self.kernel = GuestKernel(plat, self.kvm, self.audit, mach.RAM_GPA, cfg.ram_pages, self.rng)
        self.kernel.boot()
        cpu = self.kernel.vcpus[0]
        self.guest_smmu = GuestSmmu(plat, self.kernel, cpu, mach.SMMU_GPA, self.timeline)
        await self.guest_smmu.start(mach.GSI_SMMU_EVTQ)
        await self.guest_smmu.attach_device(cfg.vsid)
        self.sva = Sva(plat, self.kernel, self.guest_smmu)
        self.driver = AccelDriver(plat, self.kernel, self.sva, mach.ACCEL_GPA, cfg.vsid)
        await self.driver.probe(cpu)

    # ---- guest processes ----------------------------------------------------------------
    def spawn_process(self, name: str, queue: int) -> UserProcess:
        """A process with its own address space; PASID and ASID are the next free ones."""
        cpu = self.kernel.vcpus[len(self.processes) % len(self.kernel.vcpus)]
        mm = Mm(self.kernel, cpu, self.asids.alloc(), self.sva.pasids.alloc())
        process = UserProcess(name, self.driver, cpu, mm, queue)
        self.probe.queue_space[queue] = mm.space
        self.processes.append(process)
        return process

    def page_cache(self, data: bytes) -> list[int]:
        """File contents in guest pages, for private mappings."""
        cpu, pages = self.kernel.vcpus[0], []
        for at in range(0, len(data), PAGE):
            page = self.kernel.alloc_page("guest:pagecache")
            cpu.kwrite(page, data[at : at + PAGE])
            pages.append(page)
        return pages
