# SPDX-License-Identifier: Apache-2.0
"""Kernel DMA: an accelerator queue that the kernel keeps for itself, on mapped pages.

Nothing faults in here: whatever the device touches was mapped before (the DMA API of Linux).
"""

from __future__ import annotations

from dataclasses import dataclass

from tb.models import accel
from tb.models.audit import PAGE
from tb.models.cpu import Cpu
from tb.models.linux.accel import RING_LOG2, AccelDriver
from tb.models.linux.virtio_iommu import DmaDomain, GuestVirtioIommu


@dataclass
class Buffer:
    """Kernel pages that the device may use from ``iova`` on."""

    pages: list[int]
    iova: int

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.pages) * PAGE


class KernelQueue:
    """One queue of the accelerator in a DMA domain."""

    def __init__(
        self, driver: AccelDriver, iommu: GuestVirtioIommu, domain: DmaDomain, queue: int
    ) -> None:
        self.driver = driver
        self.iommu = iommu
        self.domain = domain
        self.queue = queue

    async def open(self, cpu: Cpu) -> None:
        """Map ring and completion record, program the queue."""
        self.control = await self.alloc(cpu, 2)
        self.ring = accel.Ring(self.control.iova, RING_LOG2)
        await self.driver.open_queue(cpu, self.queue, self.ring.base, None)

    async def alloc(self, cpu: Cpu, pages: int, write: bool = True) -> Buffer:
        """Fresh pages, mapped for the device."""
        for step in ("page-alloc", "page-clear"):
            await cpu.kernel(step, pages)
        got = [self.driver.kernel.alloc_page("dma") for _ in range(pages)]
        for page in got:
            cpu.kwrite(page, bytes(PAGE))
        return Buffer(got, await self.iommu.map(cpu, self.domain, got, write))

    async def release(self, cpu: Cpu, buffer: Buffer) -> None:
        """Unmap, then give the pages back."""
        await self.iommu.unmap(cpu, self.domain, buffer.iova)
        for page in buffer.pages:
            self.driver.kernel.free_page(page)

    def store(self, cpu: Cpu, buffer: Buffer, data: bytes) -> None:
        """Fill the start of a buffer."""
        for index in range(0, len(data), PAGE):
            cpu.kwrite(buffer.pages[index // PAGE], data[index : index + PAGE])

    def load(self, cpu: Cpu, buffer: Buffer) -> bytes:
        """All bytes of a buffer."""
        return b"".join(cpu.kread(page, PAGE) for page in buffer.pages)

    async def _register(self, cpu: Cpu, reg: accel.UserReg, value: int) -> None:
        await cpu.mmio_write32(self.driver.base + accel.priv_reg(self.queue, reg), value)

    async def copy(
        self, cpu: Cpu, src: int, dst: int, length: int, limit: int = 5_000
    ) -> accel.Completion:
        """Copy between I/O virtual addresses and wait for the record; TimeoutError without one."""
        await self.post(cpu, src, dst, length)
        for _ in range(limit):
            record = await self.completion(cpu)
            if record.done:
                return record
            await cpu.run("user-poll")
        raise TimeoutError(f"kernel queue {self.queue}: no completion")

    async def post(self, cpu: Cpu, src: int, dst: int, length: int) -> None:
        """Start a copy; one at a time, because there is one completion record."""
        cpu.kwrite(self.control.pages[1], bytes(accel.CPL_BYTES))
        desc = accel.copy(src, dst, length, cpl=self.control.iova + PAGE, cookie=src)
        slot = self.ring.post() - self.ring.base
        cpu.kwrite(self.control.pages[0] + slot, desc.pack())
        await self._register(cpu, accel.UserReg.DOORBELL, self.ring.tail)

    async def completion(self, cpu: Cpu) -> accel.Completion:
        """The record as it is now; a queue that halted on an error goes on when it is done."""
        record = accel.Completion.unpack(cpu.kread(self.control.pages[1], accel.CPL_BYTES))
        if record.done:
            self.ring.retire(record.index + 1)
            if not record.ok:
                await self._register(cpu, accel.UserReg.ACK, 1)
        return record

    async def refused(self, cpu: Cpu, limit: int = 2_000) -> bool:
        """Ring the doorbell with nothing mapped: does the fetch of the descriptor fail?"""
        self.ring.post()
        await self._register(cpu, accel.UserReg.DOORBELL, self.ring.tail)
        for _ in range(limit):
            status = await self.driver.status(cpu, self.queue)
            if status.halted:
                return status.status == accel.Status.FETCH
            await cpu.run("user-poll")
        return False
