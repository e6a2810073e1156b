# SPDX-License-Identifier: Apache-2.0
"""The three ways to use a virtio IOMMU, as schemes to be compared.

Without page tables of the guest there are no processes behind the device: the kernel maps pages
for it and unmaps them (the DMA API), and an access to anything else is an error.
"""

from __future__ import annotations

from abc import abstractmethod

from tb.compare.schemes import QUEUE, TOUCH, ProcessScheme, Scheme, expect
from tb.models.audit import PAGE
from tb.models.cpu import Cpu
from tb.models.hardware import Hardware
from tb.models.host.machine import Host
from tb.models.linux.dma import Buffer, KernelQueue
from tb.models.linux.os import LinuxWithSva
from tb.models.linux.virtio_iommu import DmaDomain
from tb.models.qemu import emulated_dma
from tb.models.qemu.emulated_dma import EMULATED_GPA, Reg
from tb.models.virtio_stack import EMULATED, VirtioStack

DOMAIN = 1
PATTERN = b"written by the device ".ljust(TOUCH, b".")
NO_FAULTS = {
    "fault": "the device cannot fault a page in: an access to a page that is not mapped is an error"
}


class VirtioScheme(Scheme):
    """A VM whose IOMMU is the virtio device."""

    def __init__(self, hw: Hardware, pages: int) -> None:
        super().__init__(hw, pages)
        self.host = Host(hw)
        self.stack = VirtioStack(self.host, self.vm)

    async def boot_vm(self) -> Cpu:
        """The guest up to its drivers; returns the CPU that works."""
        await self.host.boot()
        await self.stack.boot()
        self.warm_up(self.stack.kernel)
        return self.stack.kernel.cpus[0]


class KernelDmaScheme(VirtioScheme):
    """Pages of the kernel, mapped and unmapped by requests."""

    missing = NO_FAULTS
    buffer: Buffer

    async def boot(self) -> None:
        self.cpu = await self.boot_vm()
        self.domain = DmaDomain(DOMAIN)
        stack = self.stack
        self.queue = KernelQueue(stack.driver, stack.iommu, self.domain, QUEUE)
        await stack.iommu.attach(self.cpu, self.domain, self.endpoint)
        await self.prepare()

    @property
    @abstractmethod
    def endpoint(self) -> int:
        """Number of the device behind the IOMMU."""

    @abstractmethod
    async def prepare(self) -> None:
        """Source pages and whatever the device needs."""

    @abstractmethod
    async def copy(self, dst: int, length: int) -> bool:
        """Let the device write to ``dst``; False after an error."""

    async def map(self) -> None:
        self.buffer = await self.queue.alloc(self.cpu, self.pages)

    async def unmap(self) -> None:
        await self.queue.release(self.cpu, self.buffer)

    async def before(self, operation: str) -> None:
        if operation == "exit":  # there is no fault to bring the pages back
            await self.map()
            await self.use()

    async def exit(self) -> None:
        await self.stack.iommu.detach(self.cpu, self.domain, self.endpoint)
        await self.stop()
        for page in self.buffer.pages:
            self.stack.kernel.free_page(page)

    async def stop(self) -> None:
        """Take the device's queue back."""

    async def after(self, operation: str) -> None:
        cpu, buffer = self.cpu, self.buffer
        if operation == "use":
            for page in {buffer.pages[0], buffer.pages[-1]}:
                expect(cpu.kread(page, TOUCH) == PATTERN, "use: a page holds other data")
        if operation == "unmap":
            for at in {buffer.iova, buffer.iova + buffer.size - PAGE}:
                expect(not await self.copy(at, TOUCH), f"unmap: 0x{at:x} is still there")
        await super().after(operation)


class VirtioSoftwareScheme(KernelDmaScheme):
    """Every register of the emulated device is an exit; one copy is started by six of them."""

    name = "virtio-software"
    about = "an emulated device: the VMM translates its accesses by what the guest has mapped"
    endpoint = EMULATED

    async def prepare(self) -> None:
        self.stack.emulated.space = self.domain.space
        self.source = await self.queue.alloc(self.cpu, self.pages)
        for page in self.source.pages:
            self.cpu.kwrite(page, PATTERN)

    async def use(self) -> None:
        """One copy of everything: the pages of the source are translated as well."""
        expect(await self.copy(self.buffer.iova, self.buffer.size), "the copy failed")

    async def copy(self, dst: int, length: int) -> bool:
        src = self.source.iova
        words = {Reg.SRC_LO: src & 0xFFFF_FFFF, Reg.SRC_HI: src >> 32, Reg.LENGTH: length}
        words |= {Reg.DST_LO: dst & 0xFFFF_FFFF, Reg.DST_HI: dst >> 32, Reg.GO: 1}
        for reg, value in words.items():
            await self.cpu.mmio_write32(EMULATED_GPA + reg, value)
        return await self.cpu.mmio_read32(EMULATED_GPA + Reg.STATUS) == emulated_dma.OK


class VirtioMapScheme(KernelDmaScheme):
    """The accelerator's queue is the kernel's own."""

    name = "virtio-map"
    about = "MAP and UNMAP of a virtio IOMMU become VFIO calls, the SMMU translates (stage 2 only)"

    @property
    def endpoint(self) -> int:
        return self.stack.config.vsid

    async def prepare(self) -> None:
        self.stack.os.bind_space(QUEUE, self.domain.space)
        await self.queue.open(self.cpu)
        self.source = await self.queue.alloc(self.cpu, 1)
        self.queue.store(self.cpu, self.source, PATTERN)
        expect(await self.copy(self.source.iova + PAGE - TOUCH, TOUCH), "the queue does not work")

    async def use(self) -> None:
        for index in range(self.pages):
            at = self.buffer.iova + index * PAGE
            expect(await self.copy(at, TOUCH), f"page {index} was not copied to")

    async def copy(self, dst: int, length: int) -> bool:
        await self.queue.post(self.cpu, self.source.iova, dst, length)
        return (await self.landing.until(lambda: self.queue.completion(self.cpu))).ok

    async def stop(self) -> None:
        await self.queue.driver.close_queue(self.cpu, QUEUE)


class VirtioTableScheme(VirtioScheme, ProcessScheme):
    """No virtual SMMU: requests where its driver would write commands."""

    name = "virtio-table"
    about = "virtio IOMMU with the proposed extensions: the guest's tables attached, page requests"

    async def boot_os(self) -> LinuxWithSva:
        cpu = await self.boot_vm()
        await self.stack.iommu.attach_device(cpu, self.stack.config.vsid, DOMAIN)
        return self.stack.os
