# SPDX-License-Identifier: Apache-2.0
"""One VM with a passed-through accelerator on a host, and the Linux in it.

Several may share a host; each has an accelerator of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from tb.models import accel
from tb.models.audit import PAGE, AuditView
from tb.models.cpu import Cpu
from tb.models.hardware import QUEUES
from tb.models.host import uapi
from tb.models.host.accel import reset_function
from tb.models.host.machine import Host
from tb.models.host.smmu import NestedDomain
from tb.models.host.stage2 import Stage2Table
from tb.models.host.vfio import VfioContainer, VfioDevice
from tb.models.kvm import Kvm
from tb.models.linux.accel import AccelDriver
from tb.models.linux.kernel import Kernel
from tb.models.linux.os import LinuxWithSva
from tb.models.linux.pages import GuestPages
from tb.models.linux.smmu import GuestSmmu
from tb.models.linux.sva import Sva, SvaIommu
from tb.models.qemu import machine as mach
from tb.models.qemu.vfio_device import VfioPassThrough
from tb.models.qemu.vsmmu import Vsmmu


@dataclass(frozen=True)
class StackConfig:
    """Identities and sizes of the VM; they differ from the physical ones on purpose."""

    device: int = 0  # which accelerator, or function of it, of the hardware
    vsid: int = 0x0020  # the guest's StreamID of it
    vmid: int = 0x0005
    ram_pages: int = 2048
    vcpus: int = 2
    pasid_bits_limit: int = 20
    name: str = ""  # tells the address spaces of several VMs apart
    broadcast: bool = False  # the guest's TLBIs reach the SMMU


class Stack:
    """Hypervisor, VMM and guest of one VM."""

    def __init__(self, host: Host, config: StackConfig | None = None) -> None:
        self.host = host
        self.plat = plat = host.plat
        self.config = cfg = config or StackConfig()
        self.slot = host.hw.config.accels[cfg.device]
        self.kvm = Kvm(plat, host.memory, host.audit, cfg.vmid)
        for _ in range(cfg.vcpus):
            self.kvm.create_vcpu()
        self.machine = mach.Machine(plat, host.memory, self.kvm, cfg.ram_pages)

    async def boot(self) -> None:
        """VM with the pass-through device, then the guest and its drivers."""
        await self.boot_vm()
        await self.boot_guest()

    async def boot_vm(self) -> None:
        """Guest RAM pinned and mapped, device attached with stage 2, vSMMU realized."""
        cfg, plat = self.config, self.plat
        self.machine.create_ram()
        evtq_irqfd = plat.event("vsmmu-evtq-irqfd")
        self.kvm.irqfd(evtq_irqfd, mach.GSI_SMMU_EVTQ)
        self.vsmmu = Vsmmu(plat, self.machine, evtq_irqfd, btm=cfg.broadcast)
        self.machine.add_device(mach.SMMU_GPA, mach.SMMU_SIZE, self.vsmmu.mmio)
        self._map_registers()
        await self.pass_through()

    async def pass_through(self) -> None:
        """VFIO container of 2020: all RAM pinned and mapped, the relay behind the vSMMU."""
        await self._open_container()
        await self.map_ram()
        self.relay = VfioPassThrough(
            self.plat,
            self.machine,
            self.vsmmu,
            self.container,
            self.vfio,
            self.config.vsid,
            self.host.timeline,
        )

    async def _open_container(self) -> None:
        """The device in a VFIO container, with a stage 2 that is empty yet."""
        cfg, plat, host = self.config, self.plat, self.host
        stage2 = Stage2Table(host.memory, "host:smmu-stage2")
        self.domain = NestedDomain(cfg.vmid, stage2, self.slot.sid)
        await host.smmu.attach(self.domain)
        self.container = VfioContainer(
            plat, host.memory, host.smmu, self.domain, self.machine.vmm, cfg.pasid_bits_limit
        )
        self.vfio = VfioDevice(plat, host.memory, host.smmu, self.container)

    def _map_registers(self) -> None:
        """The accelerator's window: what its user may map, and a trap for the rest."""
        self.machine.map_bar(self.slot.areas())
        if self.slot.queues < QUEUES:
            self.machine.add_device(mach.ACCEL_GPA, accel.WINDOW_BYTES, self._unmapped_registers)

    async def _unmapped_registers(self, offset: int, write: bool, value: int) -> int:
        """What a function's user may not map: the identity can be read, nothing written."""
        if write or offset not in (accel.GlobalReg.ID, accel.GlobalReg.PARAMS):
            return 0
        word = await self.plat.mmio_read32(self.slot.base + offset)
        return word if offset == accel.GlobalReg.ID else word & ~0xFF | self.slot.queues

    async def map_ram(self) -> None:
        """Pin and map all guest RAM for the device."""
        cfg = self.config
        ram = uapi.DmaMap(vaddr=mach.RAM_HVA, iova=mach.RAM_GPA, size=cfg.ram_pages * PAGE)
        await self.container.ioctl(uapi.IOMMU_MAP_DMA, ram.pack())

    async def boot_guest(self) -> None:
        """Guest kernel, its SMMU driver, SVA, the accelerator's driver."""
        plat, cfg, host = self.plat, self.config, self.host
        cpu = self._boot_kernel()
        self.guest_smmu = GuestSmmu(
            plat, self.kernel, cpu, mach.SMMU_GPA, host.timeline, use_btm=cfg.broadcast
        )
        self.guest_smmu.observed_sid = self.slot.sid
        await self.guest_smmu.start(self.kvm.guest_line(mach.GSI_SMMU_EVTQ))
        await self.guest_smmu.attach_device(cfg.vsid)
        await self._boot_accel(self.guest_smmu)

    def _boot_kernel(self) -> Cpu:
        """The guest kernel; returns its boot CPU."""
        cfg, host = self.config, self.host
        view = AuditView(host.audit, self.machine.pa)
        pages = GuestPages(view, mach.RAM_GPA, cfg.ram_pages, host.rng)
        cpus = list(self.kvm.vcpus)
        self.kernel = Kernel(self.plat, cpus, pages, view, host.hw if cfg.broadcast else None)
        self.kernel.boot()
        return cpus[0]

    async def _boot_accel(self, iommu: SvaIommu) -> None:
        """SVA and the accelerator's driver: from here on processes can be made."""
        plat, cfg = self.plat, self.config
        self.sva = Sva(plat, self.kernel, iommu)
        self.driver = AccelDriver(plat, self.kernel, self.sva, mach.ACCEL_GPA, cfg.vsid)
        await self.driver.probe(self.kernel.cpus[0])
        self.os = LinuxWithSva(
            self.kernel, self.sva, self.driver, self.host.probe, self.slot.sid,
            first_queue=self.slot.first_queue, name=cfg.name,
        )  # fmt: skip

    async def kill(self) -> None:
        """The VMM dies at once: its threads and CPUs stop, the host takes the device back."""
        await self.machine.bql.acquire()  # and nobody gives it back
        for vcpu in self.kvm.vcpus:
            self.plat.spawn(vcpu.lock.acquire(), "killed-vcpu")
        await self.host.smmu.release(self.domain)
        await reset_function(self.plat, self.slot)
