# SPDX-License-Identifier: Apache-2.0
"""One VM with a virtio IOMMU instead of a virtual SMMU, and the Linux in it.

Behind the IOMMU are the passed-through accelerator and an emulated DMA device.
"""

from __future__ import annotations

from tb.models.linux.virtio_sva import GuestVirtioSva
from tb.models.qemu.emulated_dma import EmulatedDma
from tb.models.qemu.virtio_iommu import GSI_VIOMMU, VIOMMU_GPA, VirtioIommu
from tb.models.qemu.virtio_iommu_vfio import VfioEndpoint
from tb.models.stack import Stack
from tb.models.virtio.iommu import Feature

EMULATED = 0x21  # endpoint of the emulated device; the accelerator's is the StackConfig's vsid


class VirtioStack(Stack):
    """Hypervisor, VMM and guest of one VM."""

    async def boot_vm(self) -> None:
        """Guest RAM, device attached to an empty stage 2, IOMMU and emulated device realized."""
        cfg, plat, host = self.config, self.plat, self.host
        self.machine.create_ram()
        await self._open_container()
        self._map_registers()
        irq = plat.event("viommu-irqfd")
        self.kvm.irqfd(irq, GSI_VIOMMU)
        features = VirtioIommu.STANDARD | Feature.ATTACH_TABLE
        self.viommu = VirtioIommu(plat, self.machine, irq, features)
        self.relay = VfioEndpoint(
            plat, self.machine, self.viommu, self.container, self.vfio, cfg.vsid, host.timeline
        )
        self.emulated = EmulatedDma(plat, self.machine, self.viommu, host.audit, EMULATED)

    async def boot_guest(self) -> None:
        """Guest kernel, its IOMMU driver, SVA, the accelerator's driver."""
        cpu = self._boot_kernel()
        self.iommu = GuestVirtioSva(self.plat, self.kernel, VIOMMU_GPA, self.host.timeline)
        await self.iommu.start(cpu, self.kvm.guest_line(GSI_VIOMMU))
        await self._boot_accel(self.iommu)
