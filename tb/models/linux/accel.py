# SPDX-License-Identifier: Apache-2.0
"""The accelerator: kernel driver (queues, PASIDs) and the user-space library.

The kernel programs a queue's privileged page and maps its user page into the process; from then
on the process posts descriptors and rings the doorbell with no system call and no exit.
"""

from __future__ import annotations

from dataclasses import dataclass

from tb.models import accel
from tb.models.audit import PAGE
from tb.models.cpu import Cpu, MmuFault
from tb.models.linux.kernel import Kernel
from tb.models.linux.mm import Mm, Vma
from tb.models.linux.process import Process
from tb.models.linux.sva import Bond, Sva
from tb.models.platform import Platform

RING_LOG2 = 4


class AccelDriver:
    """Kernel driver of the passed-through accelerator."""

    def __init__(self, plat: Platform, kernel: Kernel, sva: Sva, base: int, vsid: int) -> None:
        self.plat = plat
        self.kernel = kernel
        self.sva = sva
        self.base = base
        self.vsid = vsid

    async def probe(self, cpu: Cpu) -> accel.Params:
        """Identify the device; its in a guest its registers are mapped through stage 2."""
        ident = await cpu.mmio_read32(self.base + accel.global_reg(accel.GlobalReg.ID))
        if ident != accel.ID_VALUE:
            raise RuntimeError(f"no accelerator: ID reads 0x{ident:x}")
        params = await cpu.mmio_read32(self.base + accel.global_reg(accel.GlobalReg.PARAMS))
        return accel.Params.decode(params)

    async def open_queue(self, cpu: Cpu, queue: int, ring: int, pasid: int | None) -> None:
        """Hand a queue to an address space; without a PASID to the one of the device."""
        await cpu.kernel("driver")
        for offset, value in accel.setup_writes(queue, ring=ring, ring_log2=RING_LOG2, pasid=pasid):
            await cpu.mmio_write32(self.base + offset, value)

    async def close_queue(self, cpu: Cpu, queue: int) -> None:
        """Take a queue back: returns when nothing of it is in flight any more."""
        for offset, value in accel.reset_writes(queue):
            await cpu.mmio_write32(self.base + offset, value)
        for _ in range(100_000):
            if not (await self.status(cpu, queue)).resetting:
                return
            await cpu.run("user-poll")
        raise TimeoutError(f"accelerator queue {queue} does not become quiet")

    async def status(self, cpu: Cpu, queue: int) -> accel.QueueStatus:
        """State of a queue as the kernel sees it."""
        at = self.base + accel.priv_reg(queue, accel.UserReg.STATUS)
        return accel.QueueStatus.decode(await cpu.mmio_read32(at))


@dataclass(frozen=True)
class UserLayout:
    """Where things lie in a process; both processes use the same addresses on purpose."""

    doorbell: int = 0x0000_1000_0000
    ring: int = 0x0000_2000_0000
    completions: int = 0x0000_2001_0000
    source: int = 0x0000_4000_0000
    dest: int = 0x0000_8000_0000


class UserProcess(Process):
    """A process with an accelerator queue."""

    def __init__(self, name: str, driver: AccelDriver, cpu: Cpu, mm: Mm, queue: int) -> None:
        super().__init__(name, cpu, mm)
        self.driver = driver
        self.queue = queue
        self.layout = UserLayout()
        self.ring = accel.Ring(self.layout.ring, RING_LOG2)
        self.bond: Bond | None = None

    # ---- accelerator library -------------------------------------------------------------
    async def open(self) -> None:
        """open() and mmap() of the queue: bind, program, map the doorbell page."""
        driver, layout = self.driver, self.layout
        await self.cpu.kernel("syscall")
        ring_bytes = accel.DESC_BYTES << RING_LOG2
        self.mm.mmap(Vma(layout.ring, (ring_bytes + PAGE - 1) // PAGE))
        self.mm.mmap(Vma(layout.completions, 1))
        page = driver.base + accel.user_page(self.queue)
        self.mm.mmap(Vma(layout.doorbell, 1, device=page))
        await self.store(layout.ring, bytes(ring_bytes))
        await self.store(layout.completions, bytes(PAGE))
        self.bond = await driver.sva.bind(self.cpu, driver.vsid, self.mm)
        await driver.open_queue(self.cpu, self.queue, layout.ring, self.bond.pasid)

    async def post(self, src: int, dst: int, length: int, cookie: int) -> int:
        """Post one copy and ring the doorbell; returns the completion record's address."""
        await self.cpu.run("user-work")
        at = self.layout.completions + (self.ring.tail & 15) * accel.CPL_BYTES
        await self.store(at, bytes(accel.CPL_BYTES))
        desc = accel.copy(src, dst, length, cpl=at, cookie=cookie)
        await self.store(self.ring.post(), desc.pack())
        await self._register_write(accel.UserReg.DOORBELL, self.ring.tail)
        return at

    async def wait(self, at: int, limit: int = 20_000) -> accel.Completion:
        """Poll a completion record in memory until the engine has written it."""
        for _ in range(limit):
            record = accel.Completion.unpack(await self.load(at, accel.CPL_BYTES))
            if record.done:
                self.ring.retire(record.index + 1)
                return record
            await self.cpu.run("user-poll")
        raise TimeoutError(f"{self.name}: no completion at 0x{at:x}")

    async def acknowledge(self) -> None:
        """Let a queue that halted on an error go on."""
        await self._register_write(accel.UserReg.ACK, 1)

    async def _register_write(self, reg: accel.UserReg, value: int) -> None:
        va = self.layout.doorbell + int(reg)
        while True:
            try:
                await self.cpu.user_mmio_write32(self.mm.pgd, self.mm.asid, va, value)
                return
            except MmuFault as fault:
                await self.mm.user_fault(self.cpu, fault)

    async def exit(self) -> None:
        """Process exit: address space first, then the queue and the bond (file close)."""
        await self.cpu.kernel("syscall")
        await self.mm.exit(self.cpu)
        if self.bond is not None:
            await self.driver.close_queue(self.cpu, self.queue)
            await self.driver.sva.unbind(self.cpu, self.bond)
