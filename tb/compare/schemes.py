# SPDX-License-Identifier: Apache-2.0
"""What is compared: one machine with one scheme on it, and the operations to be measured.

A scheme says how the operations are done in it, nothing else: :mod:`tb.compare.measure` counts.
Each checks what it has done, so that a scheme cannot win by not working.  The machine may be
stand-in hardware or the RTL.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import ClassVar

from tb.models import accel
from tb.models.audit import PAGE
from tb.models.cpu import Vcpu
from tb.models.hardware import Hardware
from tb.models.host.machine import Host
from tb.models.linux.accel import UserProcess
from tb.models.linux.kernel import Kernel
from tb.models.linux.mm import Vma
from tb.models.linux.os import LinuxWithSva
from tb.models.maintenance import Message, TlbiMessage
from tb.models.memory import Access
from tb.models.scenarios import load
from tb.models.scenarios.sva_job import SvaJob
from tb.models.stack import StackConfig

TOUCH = 64  # bytes that the device writes into each page: one transaction, so one fault a page
SPARE_PAGES = 2048  # of the guest, beside those measured
QUEUE = 0
ABORTED = accel.Status.WRITE

OPERATIONS = {
    "map": "make fresh pages accessible to the device (processes: the CPU writes to each)",
    "use": "the device's first access to each mapped page: every translation is walked",
    "unmap": "take the pages away again; done when nothing can reach them",
    "fault": "the device's first access to each page that is not there: stall, page-in, resume",
    "exit": "process exit with the pages mapped (kernel DMA: detach), until they are free",
}


class MeasureError(RuntimeError):
    """A scheme did not do what was measured."""


def expect(ok: bool, what: str) -> None:
    """MeasureError unless ``ok``."""
    if not ok:
        raise MeasureError(what)


class Landing:
    """Sleeps until the device has written to memory: no polling, so that nothing is disturbed."""

    def __init__(self, hw: Hardware) -> None:
        self.event = hw.plat.event("landing")
        hw.memory.observers.append(self._observe)

    def _observe(self, access: Access) -> None:
        if access.is_write and access.who.startswith("dma:"):
            self.event.set()

    async def until(self, record: Callable[[], Awaitable[accel.Completion]]) -> accel.Completion:
        """The completion record, once it is done."""
        while not (seen := await record()).done:
            await self.event.wait()
            self.event.clear()
        return seen


class Scheme(ABC):
    """One way to let a device share memory; a fresh object for each measurement."""

    name: ClassVar[str]
    about: ClassVar[str]
    missing: ClassVar[dict[str, str]] = {}  # operation -> why the scheme has no such thing
    guest: ClassVar[bool] = True
    host: Host

    def __init__(self, hw: Hardware, pages: int) -> None:
        """A machine of its own for ``pages`` pages."""
        self.hw = hw
        self.plat = hw.plat
        self.pages = pages
        self.landing = Landing(hw)
        self._count_broadcasts()

    def _count_broadcasts(self) -> None:
        """Tell TLBIs from Syncs among the messages on the interconnect."""
        post, counters = self.hw.post, self.plat.counters

        def counted(message: Message) -> None:
            counters["dvm-tlbi"] += isinstance(message, TlbiMessage)
            post(message)

        self.hw.post = counted  # type: ignore[method-assign]

    @property
    def vm(self) -> StackConfig:
        """A VM with room for the pages, once each as source and as destination."""
        return StackConfig(ram_pages=SPARE_PAGES + 4 * self.pages)

    @abstractmethod
    async def boot(self) -> None:
        """Everything until the first operation."""

    def warm_up(self, kernel: Kernel) -> None:
        """All guest RAM was touched before, so stage 2 of the vCPUs is not part of any figure."""
        (vcpu, *_), ram = kernel.cpus, kernel.pages.ram
        assert isinstance(vcpu, Vcpu)
        vcpu.prefault(*ram)

    # ---- operations, in this order --------------------------------------------------------
    @abstractmethod
    async def map(self) -> None:
        """See OPERATIONS."""

    @abstractmethod
    async def use(self) -> None:
        """See OPERATIONS."""

    @abstractmethod
    async def unmap(self) -> None:
        """See OPERATIONS."""

    async def fault(self) -> None:
        """See OPERATIONS."""
        raise NotImplementedError(self.missing["fault"])

    @abstractmethod
    async def exit(self) -> None:
        """See OPERATIONS."""

    async def before(self, operation: str) -> None:  # noqa: B027  # most need nothing
        """Bring about what the operation needs; not part of the figures."""

    async def after(self, operation: str) -> None:
        """Check what the operation left behind; not part of the figures."""
        violations = self.host.audit.violations
        expect(not violations, f"after {operation}: {violations[:1]}")


class ProcessScheme(Scheme):
    """Processes share their address space with the device (SVA)."""

    process: UserProcess

    async def boot(self) -> None:
        os = await self.boot_os()
        self.process = os.spawn_process("A", QUEUE)
        await self.process.open()
        lay = self.process.layout
        self.process.mm.mmap(Vma(lay.source, 1))
        await self.process.store(lay.source, b"written by device " * 4)
        await self._touch(lay.source + PAGE - TOUCH, 1)  # its own page: the queue is warm
        self.mapped, self.fresh = lay.dest, lay.dest + 0x4000_0000

    @abstractmethod
    async def boot_os(self) -> LinuxWithSva:
        """The Linux whose process is measured."""

    async def map(self) -> None:
        self.process.mm.mmap(Vma(self.mapped, self.pages))
        for index in range(self.pages):
            await self.process.store(self.mapped + index * PAGE, b"written by the CPU")

    async def use(self) -> None:
        await self._touch(self.mapped, self.pages)

    async def unmap(self) -> None:
        await self.process.mm.munmap(self.process.cpu, self.mapped, self.pages)

    async def fault(self) -> None:
        self.process.mm.mmap(Vma(self.fresh, self.pages))
        await self._touch(self.fresh, self.pages)

    async def exit(self) -> None:
        await self.process.exit()

    async def _touch(self, va: int, pages: int) -> None:
        for index in range(pages):
            record = await self._copy(va + index * PAGE)
            expect(record.ok, f"page {index}: {record}")

    async def _copy(self, va: int) -> accel.Completion:
        p = self.process
        at = await p.post(p.layout.source, va, TOUCH, cookie=va)

        async def record() -> accel.Completion:
            return accel.Completion.unpack(await p.load(at, accel.CPL_BYTES))

        seen = await self.landing.until(record)
        p.ring.retire(seen.index + 1)
        return seen

    async def after(self, operation: str) -> None:
        p = self.process
        if operation in ("use", "fault"):
            start = self.mapped if operation == "use" else self.fresh
            for index in {0, self.pages // 2, self.pages - 1}:
                got = await p.load(start + index * PAGE, TOUCH)
                want = await p.load(p.layout.source, TOUCH)
                expect(got == want, f"{operation}: page {index} holds other data")
        if operation == "unmap":
            for index in {0, self.pages - 1}:
                record = await self._copy(self.mapped + index * PAGE)
                expect(record.status == ABORTED, f"unmap: page {index} still there: {record}")
                await p.acknowledge()
        await super().after(operation)


class ScenarioScheme(ProcessScheme):
    """As a scenario of `make sim` boots it."""

    scenario: ClassVar[str]

    def __init__(self, hw: Hardware, pages: int) -> None:
        super().__init__(hw, pages)
        job = load(self.scenario)(hw)
        assert isinstance(job, SvaJob)
        self.job = job
        self.host = job.host
        if self.guest:
            job.vm = replace(job.vm, ram_pages=self.vm.ram_pages)

    async def boot_os(self) -> LinuxWithSva:
        await self.host.boot()
        os = await self.job.boot_os()
        if self.guest:
            self.warm_up(os.kernel)
        return os


class HostSvaScheme(ScenarioScheme):
    """One page table, two TLBs that software invalidates."""

    name = scenario = "host-sva"
    about = "no VM; the SMMU walks the process's table, commands invalidate"
    guest = False


class HostSvaDvmScheme(ScenarioScheme):
    """One page table, and one instruction invalidates both TLBs."""

    name = scenario = "host-sva-dvm"
    about = "no VM; the same, but the TLBI of the CPU is broadcast to the SMMU"
    guest = False


class NestedScheme(ScenarioScheme):
    """The main job."""

    name = scenario = "vsva-nested"
    about = "guest process, nested translation; commands and faults relayed by VFIO of 2020"


class NestedDvmScheme(ScenarioScheme):
    """Faults are relayed, TLB invalidations are not."""

    name = scenario = "vsva-nested-dvm"
    about = "the same, but the TLBI of the vCPU is broadcast to the SMMU"


class IommufdScheme(ScenarioScheme):
    """The uapi of today."""

    name = scenario = "iommufd"
    about = "guest process, nested translation; relayed by iommufd, commands in batches"
