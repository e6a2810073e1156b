# SPDX-License-Identifier: Apache-2.0
"""The guest's virtio IOMMU driver: requests, domains for kernel DMA, events (facts 9.1).

Requests are synchronous, as in Linux: the kick exits to the VMM, and the answer is in the used
ring when the guest runs again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tb.models.audit import PAGE, Space
from tb.models.cpu import Cpu
from tb.models.linux.kernel import Kernel
from tb.models.linux.virtio import VirtioDevice
from tb.models.platform import Event, Mutex, Platform
from tb.models.virtio import iommu
from tb.models.virtio.iommu import Feature, MapFlag, Property, Request, Status, Type

EVENT_BUFFERS = 16
QUEUE_SIZE = 32
ANSWER_AT = 1024  # in the request page


class RequestError(RuntimeError):
    """A request that the device refused with ``status``."""

    def __init__(self, kind: Type, status: Status) -> None:
        super().__init__(f"{kind.name}: {status.name}")
        self.status = status


@dataclass
class DmaDomain:
    """Kernel DMA: an address space of I/O virtual addresses, handed out from the bottom up."""

    number: int
    next: int = 0x1000_0000
    mapped: dict[int, list[int]] = field(default_factory=dict)  # IOVA -> guest pages

    @property
    def space(self) -> Space:
        """Name of the address space in the audit."""
        return f"domain{self.number}"


class GuestVirtioIommu:
    """Driver of one virtio IOMMU."""

    WANTED = (
        Feature.INPUT_RANGE
        | Feature.DOMAIN_RANGE
        | Feature.MAP_UNMAP
        | Feature.PROBE
        | Feature.BYPASS_CONFIG
    )

    def __init__(self, plat: Platform, kernel: Kernel, base: int) -> None:
        self.plat = plat
        self.kernel = kernel
        self.device = VirtioDevice(kernel, base)
        self.reported: list[str] = []  # faults, as the kernel log shows them
        self._lock = Mutex(plat, "viommu")

    async def start(self, cpu: Cpu, line: Event) -> None:
        """Probe the device, set up both queues, start the event thread on ``cpu``."""
        self.cpu = cpu
        dev = self.device
        await dev.negotiate(cpu, iommu.DEVICE_ID, self.WANTED)
        self.config = iommu.Config.unpack(await dev.config(cpu, iommu.Config.FORMAT.size))
        self._requests = await dev.add_queue(cpu, iommu.VQ_REQUEST, QUEUE_SIZE)
        self._events = await dev.add_queue(cpu, iommu.VQ_EVENT, EVENT_BUFFERS)
        self._page = self.kernel.alloc_zeroed(PAGE, "virtio-request")
        buffers = self.kernel.alloc_zeroed(PAGE, "virtio-event")
        self._event_at: dict[int, int] = {}
        await dev.ready(cpu)
        for index in range(EVENT_BUFFERS):
            self._give_event_buffer(buffers + index * iommu.TableEvent.FORMAT.size)
        await dev.notify(cpu, iommu.VQ_EVENT)
        self.plat.spawn(self._event_thread(cpu, line), "viommu-events")

    # ---- requests -----------------------------------------------------------------------
    async def send(self, cpu: Cpu, raw: bytes, room: int = 0) -> tuple[int, bytes]:
        """Put one request on the queue; returns (bytes written by the device, answer)."""
        async with self._lock:
            await cpu.kernel("cmdq")
            answer = room + iommu.TAIL_BYTES
            cpu.kwrite(self._page, raw)
            cpu.kwrite(self._page + ANSWER_AT, b"\xff" * answer)
            self._requests.add([(self._page, len(raw))], [(self._page + ANSWER_AT, answer)])
            await self.device.notify(cpu, iommu.VQ_REQUEST)
            used = self._requests.take()
            if used is None:
                raise TimeoutError("virtio IOMMU: a request was not answered")
            return used[1], cpu.kread(self._page + ANSWER_AT, answer)

    async def request(self, cpu: Cpu, kind: Type, room: int = 0, **fields: int) -> bytes:
        """One request to its end; returns what is before the tail, RequestError if refused."""
        written, answer = await self.send(cpu, Request(kind, fields).pack(), room)
        if not written:
            raise RequestError(kind, Status.UNSUPP)
        status = Status(answer[room])
        if status != Status.OK:
            raise RequestError(kind, status)
        return answer[:room]

    async def probe(self, cpu: Cpu, endpoint: int) -> list[tuple[Property, tuple[int, ...]]]:
        """Properties of an endpoint."""
        size = self.config.probe_size
        return iommu.unpack_properties(await self.request(cpu, Type.PROBE, size, endpoint=endpoint))

    # ---- kernel DMA ---------------------------------------------------------------------
    async def attach(self, cpu: Cpu, domain: DmaDomain, endpoint: int, flags: int = 0) -> None:
        """Put an endpoint into a domain."""
        await self.request(cpu, Type.ATTACH, domain=domain.number, endpoint=endpoint, flags=flags)

    async def detach(self, cpu: Cpu, domain: DmaDomain, endpoint: int) -> None:
        """Take an endpoint out; its domain ends with the last one, mappings and all."""
        await self.request(cpu, Type.DETACH, domain=domain.number, endpoint=endpoint)
        for iova in list(domain.mapped):
            self._retire(domain, iova)

    async def map(self, cpu: Cpu, domain: DmaDomain, pages: list[int], write: bool = True) -> int:
        """Map guest pages behind each other; returns the I/O virtual address.

        One request for each run of neighbouring pages.
        """
        iova = domain.next
        domain.next += (len(pages) + 1) * PAGE  # a hole after each: an overrun faults
        flags = MapFlag.READ | (MapFlag.WRITE if write else 0)
        domain.mapped[iova] = pages
        for page in pages:
            self.kernel.audit.grant(domain.space, page, write)
        at = iova
        for first, count in _runs(pages):
            last = at + count * PAGE - 1
            await self.request(
                cpu, Type.MAP, domain=domain.number, virt_start=at, virt_end=last,
                phys_start=first, flags=flags,
            )  # fmt: skip
            at = last + 1
        return iova

    async def unmap(self, cpu: Cpu, domain: DmaDomain, iova: int) -> None:
        """Undo one :meth:`map`; the pages may be used otherwise when this returns."""
        last = iova + len(domain.mapped[iova]) * PAGE - 1
        await self.request(cpu, Type.UNMAP, domain=domain.number, virt_start=iova, virt_end=last)
        self._retire(domain, iova)

    def _retire(self, domain: DmaDomain, iova: int) -> None:
        for page in domain.mapped.pop(iova):
            self.kernel.audit.retire(domain.space, page)

    # ---- events -------------------------------------------------------------------------
    def _give_event_buffer(self, at: int) -> None:
        head = self._events.add([], [(at, iommu.TableEvent.FORMAT.size)])
        self._event_at[head] = at

    async def _event_thread(self, cpu: Cpu, line: Event) -> None:
        while True:
            await line.wait()
            line.clear()
            self.on_irq()
            await cpu.kernel("irq-entry")
            await self.device.acknowledge(cpu)
            await cpu.kernel("thread-wake")
            while (used := self._events.take()) is not None:
                at = self._event_at.pop(used[0])
                raw = cpu.kread(at, used[1])
                self._give_event_buffer(at)
                await cpu.kernel("evtq-record")
                self.plat.counters["guest-viommu-events"] += 1
                await self.on_event(raw)
            await self.device.notify(cpu, iommu.VQ_EVENT)

    def on_irq(self) -> None:
        """Called at the interrupt, before any cost."""

    async def on_event(self, raw: bytes) -> None:
        """Log one fault of the standard form."""
        event = iommu.FaultEvent.unpack(raw)
        verb = "write" if event.flags & iommu.FaultFlag.WRITE else "read"
        self.reported.append(
            f"{event.reason.name} endpoint {event.endpoint} {verb} 0x{event.address:x}"
        )


def _runs(pages: list[int]) -> list[tuple[int, int]]:
    """Neighbouring pages together: (first page, number of pages)."""
    out: list[tuple[int, int]] = []
    for page in pages:
        if out and out[-1][0] + out[-1][1] * PAGE == page:
            out[-1] = (out[-1][0], out[-1][1] + 1)
        else:
            out.append((page, 1))
    return out
