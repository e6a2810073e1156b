# SPDX-License-Identifier: Apache-2.0
"""The virtio IOMMU device in the VMM: domains, mappings, translation, events (facts 9.1, 9.2).

An endpoint is a device of the VM behind this IOMMU.  What an attach, a mapping or a table means
for it is the business of its :class:`Endpoint`: an emulated device asks :meth:`translate` at
every access, a passed-through one turns mappings into VFIO calls (``virtio_iommu_vfio.py``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from tb.models.host.uapi import UapiError
from tb.models.platform import Event, Platform
from tb.models.qemu.machine import Machine
from tb.models.qemu.virtio_endpoint import Domain, Endpoint, Mapping, Refused
from tb.models.virtio import iommu
from tb.models.virtio.iommu import Feature, MapFlag, Request, Status, Type
from tb.models.virtio.mmio import MmioTransport
from tb.models.virtio.ring import Chain, gather, scatter

VIOMMU_GPA, VIOMMU_SIZE, GSI_VIOMMU = 0x0A10_0000, 0x1000, 91
MAX_MAPPINGS = 1 << 16
PAGE = 4096
BYPASS_AT = 36  # in the configuration space


class VirtioIommu:
    """Request and event queue, domains, translation for emulated endpoints."""

    STANDARD = (
        Feature.INPUT_RANGE
        | Feature.DOMAIN_RANGE
        | Feature.MAP_UNMAP
        | Feature.PROBE
        | Feature.BYPASS_CONFIG
    )

    def __init__(
        self,
        plat: Platform,
        machine: Machine,
        irq: Event,
        features: Feature = STANDARD,
        config: iommu.Config | None = None,
    ) -> None:
        self.plat = plat
        self.machine = machine
        self.config = config or iommu.Config()
        self.transport = MmioTransport(
            plat, machine, irq, iommu.DEVICE_ID, features, self.config.pack(), self._notify
        )
        self.endpoints: dict[int, Endpoint] = {}
        self.domains: dict[int, Domain] = {}
        self.attached: dict[int, int] = {}  # endpoint -> domain
        self._iotlb: dict[tuple[int, int, bool], int] = {}
        # events that wait for a buffer of the driver: page requests only
        self._waiting: deque[tuple[bytes, Callable[[], None]]] = deque()
        machine.add_device(VIOMMU_GPA, VIOMMU_SIZE, self.transport.mmio)

    # ---- request queue ------------------------------------------------------------------
    async def _notify(self, index: int) -> None:
        queue = self.transport.queues[index]
        if index == iommu.VQ_EVENT:
            self._flush_events()
            return
        while (chain := queue.pop()) is not None:
            await self.plat.spend("qemu-command")
            self.plat.counters["viommu-requests"] += 1
            queue.push(chain, await self._answer(chain))

    async def _answer(self, chain: Chain) -> int:
        """Run one request; returns the bytes written, 0 for a type nobody knows."""
        raw = gather(self.machine, chain.readable)
        room = sum(length for _, length in chain.writable)
        if room < iommu.TAIL_BYTES or not raw or raw[0] not in iter(Type):
            return 0
        body = b""
        status = Status.OK
        try:
            request = self._parse(raw)
            self.plat.counters[f"viommu-{request.type.name}"] += 1
            if request.type == Type.PROBE:
                body = self._probe(request, room - iommu.TAIL_BYTES)
            else:
                await self._execute(request)
        except Refused as refusal:
            status = refusal.status
        except UapiError:
            status = Status.DEVERR
        body = body.ljust(self._body_bytes(raw[0], room), b"\0")
        return scatter(self.machine, chain.writable, body + bytes([status, 0, 0, 0]))

    @staticmethod
    def _body_bytes(kind: int, room: int) -> int:
        """The tail is behind the properties of PROBE, and first in all other answers."""
        return room - iommu.TAIL_BYTES if kind == Type.PROBE else 0

    def _parse(self, raw: bytes) -> Request:
        try:
            request = Request.unpack(raw)
        except ValueError as error:
            raise Refused(Status.IOERR, str(error)) from None
        driver = self.transport.driver_features
        needs = {
            Type.MAP: Feature.MAP_UNMAP,
            Type.UNMAP: Feature.MAP_UNMAP,
            Type.PROBE: Feature.PROBE,
            Type.ATTACH_TABLE: Feature.ATTACH_TABLE,
            Type.INVALIDATE: Feature.ATTACH_TABLE,
            Type.PAGE_RESP: Feature.ATTACH_TABLE,
        }.get(request.type, Feature(0))
        if needs & ~driver:
            raise Refused(Status.UNSUPP, f"{request.type.name} was not negotiated")
        if request.fields.get("reserved"):
            raise Refused(Status.INVAL, "reserved field is not zero")
        return request

    async def _execute(self, request: Request) -> None:
        match request.type:
            case Type.ATTACH:
                await self._attach(request)
            case Type.DETACH:
                await self._detach_request(request)
            case Type.MAP:
                await self._map(request)
            case Type.UNMAP:
                await self._unmap(request)
            case Type.ATTACH_TABLE:
                await self._attach_table(request)
            case Type.INVALIDATE:
                for endpoint in self._domain(request.domain).endpoints:
                    await self.endpoints[endpoint].invalidate_caches(request)
            case Type.PAGE_RESP:
                self._member(request)
                await self.endpoints[request.endpoint].respond(request)

    def _probe(self, request: Request, room: int) -> bytes:
        endpoint = self._endpoint(request.endpoint)
        if room < self.config.probe_size:
            raise Refused(Status.INVAL, f"{room} bytes for the properties")
        return iommu.pack_properties(endpoint.properties(), self.config.probe_size)

    # ---- domains ------------------------------------------------------------------------
    def _endpoint(self, number: int) -> Endpoint:
        if number not in self.endpoints:
            raise Refused(Status.NOENT, f"endpoint {number}")
        return self.endpoints[number]

    def _domain(self, number: int) -> Domain:
        if number not in self.domains:
            raise Refused(Status.NOENT, f"domain {number}")
        return self.domains[number]

    def _member(self, request: Request) -> Domain:
        self._endpoint(request.endpoint)
        domain = self._domain(request.domain)
        if request.endpoint not in domain.endpoints:
            raise Refused(Status.INVAL, f"endpoint {request.endpoint} is not in the domain")
        return domain

    async def _enter(self, request: Request, bypass: bool, table: bool) -> Domain:
        """Attach: what the endpoint was attached to before is left first."""
        self._endpoint(request.endpoint)
        if not self.config.domain_start <= request.domain <= self.config.domain_end:
            raise Refused(Status.RANGE, f"domain {request.domain}")
        domain = self.domains.get(request.domain)
        if domain is not None and (domain.bypass, domain.table) != (bypass, table):
            raise Refused(Status.INVAL, "the domain is of another kind")
        if request.endpoint in self.attached:
            await self._leave(request.endpoint)
        domain = self.domains.setdefault(request.domain, Domain(bypass, table))
        domain.endpoints.add(request.endpoint)
        self.attached[request.endpoint] = request.domain
        return domain

    async def _attach(self, request: Request) -> None:
        allowed = iommu.ATTACH_BYPASS if self._negotiated(Feature.BYPASS_CONFIG) else 0
        if request.flags & ~allowed:
            raise Refused(Status.INVAL, f"flags 0x{request.flags:x}")
        domain = await self._enter(request, bool(request.flags & iommu.ATTACH_BYPASS), False)
        for mapping in domain.mappings.values():
            await self.endpoints[request.endpoint].map(mapping)

    async def _attach_table(self, request: Request) -> None:
        if request.format != iommu.FORMAT_SMMUV3:
            raise Refused(Status.UNSUPP, f"table format {request.format}")
        self._endpoint(request.endpoint).check_table(request)
        await self._enter(request, False, True)
        await self.endpoints[request.endpoint].attach_table(request)

    async def _detach_request(self, request: Request) -> None:
        self._member(request)
        await self._leave(request.endpoint)

    async def _leave(self, number: int) -> None:
        domain_number = self.attached.pop(number)
        domain = self.domains[domain_number]
        domain.endpoints.discard(number)
        for mapping in domain.mappings.values():
            await self.endpoints[number].unmap(mapping)
        if domain.table:
            await self.endpoints[number].detach_table()
        self._forget(lambda endpoint, page: endpoint == number)
        if not domain.endpoints:
            del self.domains[domain_number]

    # ---- mappings -----------------------------------------------------------------------
    def _negotiated(self, feature: Feature) -> bool:
        return bool(self.transport.driver_features & feature)

    def _mappable(self, request: Request) -> Domain:
        domain = self._domain(request.domain)
        if domain.bypass or domain.table:
            raise Refused(Status.INVAL, "the domain has no mappings")
        return domain

    async def _map(self, request: Request) -> None:
        domain = self._mappable(request)
        first, last = request.virt_start, request.virt_end
        granule = self.config.page_size_mask & -self.config.page_size_mask
        known = int(MapFlag.READ | MapFlag.WRITE)
        if self._negotiated(Feature.MMIO):
            known |= int(MapFlag.MMIO)
        if request.flags & ~known or first > last:
            raise Refused(Status.INVAL, f"flags 0x{request.flags:x} or an empty range")
        if (first | request.phys_start | last + 1) & (granule - 1):
            raise Refused(Status.RANGE, "not aligned to the granule")
        if first < self.config.input_start or last > self.config.input_end:
            raise Refused(Status.RANGE, f"0x{first:x} to 0x{last:x} is outside of the input range")
        if any(m.start <= last and first <= m.end for m in domain.mappings.values()):
            raise Refused(Status.INVAL, "overlaps a mapping")
        for number in domain.endpoints:
            if any(lo <= last and first <= hi for _, lo, hi in self.endpoints[number].reserved):
                raise Refused(Status.INVAL, "overlaps a reserved region")
        if len(domain.mappings) >= MAX_MAPPINGS:
            raise Refused(Status.NOMEM, "too many mappings")
        if not request.flags & MapFlag.MMIO:
            self._check_ram(request.phys_start, last - first + 1)
        mapping = Mapping(first, last, request.phys_start, request.flags)
        done: list[Endpoint] = []
        try:
            for number in domain.endpoints:
                await self.endpoints[number].map(mapping)
                done.append(self.endpoints[number])
        except UapiError:
            for endpoint in done:
                await endpoint.unmap(mapping)
            raise
        domain.mappings[first] = mapping

    def _check_ram(self, phys: int, size: int) -> None:
        try:
            self.machine.pa(phys)
            self.machine.pa(phys + size - 1)
        except LookupError as error:
            raise Refused(Status.FAULT, str(error)) from None

    async def _unmap(self, request: Request) -> None:
        domain = self._mappable(request)
        first, last = request.virt_start, request.virt_end
        gone = [m for m in domain.mappings.values() if m.start <= last and first <= m.end]
        if any(m.start < first or m.end > last for m in gone):
            raise Refused(Status.RANGE, "would split a mapping")
        for mapping in gone:
            del domain.mappings[mapping.start]
            for number in domain.endpoints:
                await self.endpoints[number].unmap(mapping)
        ends = domain.endpoints
        self._forget(lambda endpoint, page: endpoint in ends and first <= page <= last)

    # ---- translation for emulated devices -------------------------------------------------
    def _forget(self, match: Callable[[int, int], bool]) -> None:
        for key in [k for k in self._iotlb if match(k[0], k[1])]:
            del self._iotlb[key]

    async def translate(self, endpoint: int, iova: int, write: bool) -> int | None:
        """Guest physical address for one access of an emulated device; None after a fault."""
        key = (endpoint, iova & ~(PAGE - 1), write)
        page = self._iotlb.get(key)
        if page is not None:
            return page | iova % PAGE
        await self.plat.spend("qemu-command")
        self.plat.counters["viommu-walks"] += 1
        domain = self.domains.get(self.attached.get(endpoint, -1))
        if domain.bypass if domain else self.transport.config[BYPASS_AT]:
            return iova
        mapping = domain.find(iova) if domain else None
        wanted = MapFlag.WRITE if write else MapFlag.READ
        if mapping is None or not mapping.flags & wanted:
            reason = iommu.Reason.DOMAIN if domain is None else iommu.Reason.MAPPING
            flags = iommu.FaultFlag(int(wanted)) | iommu.FaultFlag.ADDRESS
            self.report(iommu.FaultEvent(reason, flags, endpoint, iova).pack())
            return None
        phys = mapping.phys + (iova - mapping.start)
        self._iotlb[key] = phys & ~(PAGE - 1)
        return phys

    # ---- event queue --------------------------------------------------------------------
    def report(self, raw: bytes, queued: Callable[[], None] | None = None) -> None:
        """Give an event to the driver.

        With ``queued`` the event waits for a buffer of the driver and the function is called
        when it has one; without, an event that finds no buffer is lost, as the standard allows.
        """
        if queued is not None and (self._waiting or not self._write_event(raw)):
            self._waiting.append((raw, queued))
        elif queued is not None:
            queued()
        elif not self._write_event(raw):
            self.plat.counters["viommu-events-lost"] += 1

    def _write_event(self, raw: bytes) -> bool:
        queue = self.transport.queues.get(iommu.VQ_EVENT)
        chain = queue.pop() if queue else None
        if queue is None or chain is None:
            return False
        queue.push(chain, scatter(self.machine, chain.writable, raw))
        self.plat.counters["viommu-events"] += 1
        self.transport.interrupt()
        return True

    def _flush_events(self) -> None:
        while self._waiting and self._write_event(self._waiting[0][0]):
            self._waiting.popleft()[1]()
