# SPDX-License-Identifier: Apache-2.0
"""SVA on a virtio IOMMU with the proposed extensions (facts 9.2): no virtual SMMU anywhere.

The guest builds SMMUv3 context descriptors, as the endpoint's PROBE properties ask for, and
hands the table over with one request.  From then on it sends INVALIDATE and PAGE_RESP where the
SMMU driver would write commands.  Page requests are stalls here; the proposal had PRI in mind.
"""

from __future__ import annotations

from dataclasses import dataclass

from tb.models.arm_smmu_v3 import SmmuIo
from tb.models.cpu import Cpu, CpuIdentity
from tb.models.fields import S1Dss, S1Fmt
from tb.models.linux.cd_table import CdTables
from tb.models.linux.kernel import Kernel
from tb.models.linux.smmu import GuestSmmuIo, StallHandler
from tb.models.linux.virtio_iommu import GuestVirtioIommu
from tb.models.platform import Platform
from tb.models.timeline import Timeline
from tb.models.virtio import iommu
from tb.models.virtio.iommu import FaultFlag, Feature, Property, Type

GRANULE = 12


@dataclass(frozen=True)
class PageRequest:
    """A page request with the names of the SMMU's event record."""

    streamid: int
    ssv: int
    substreamid: int
    stag: int
    inputaddr: int
    rnw: int


class GuestVirtioSva(GuestVirtioIommu):
    """The driver with page tables, as :class:`~tb.models.linux.sva.Sva` needs it."""

    WANTED = GuestVirtioIommu.WANTED | Feature.ATTACH_TABLE

    def __init__(self, plat: Platform, kernel: Kernel, base: int, timeline: Timeline) -> None:
        super().__init__(plat, kernel, base)
        self.name = "guest-viommu"
        self.level = "guest"
        self.broadcast = False  # TLBIs of the CPUs do not reach the SMMU
        self.timeline = timeline
        self.observed_sid: int | None = None  # physical StreamID, for the timeline only
        self.stall_handler: StallHandler | None = None
        self.io: SmmuIo = self.io_on(kernel.cpus[0])
        self.tables = CdTables(self._invalidate_cd)
        self.properties: dict[Property, tuple[int, ...]] = {}
        self._domain = 0

    def io_on(self, cpu: Cpu) -> SmmuIo:
        """Access path of code that runs on ``cpu``; there are no SMMU registers behind it."""
        return GuestSmmuIo(self.kernel, cpu, self.device.base)

    @staticmethod
    def _cpu(io: SmmuIo) -> Cpu:
        assert isinstance(io, GuestSmmuIo)
        return io.cpu

    # ---- set-up -------------------------------------------------------------------------
    async def attach_device(self, cpu: Cpu, endpoint: int, domain: int) -> None:
        """PROBE, then a two-level CD table; traffic without a PASID is refused."""
        self.properties = dict(await self.probe(cpu, endpoint))
        if self.properties.get(Property.PASID_TABLE_FMT, (0,))[0] != iommu.FORMAT_SMMUV3:
            raise RuntimeError(f"endpoint {endpoint} takes no SMMUv3 PASID table")
        bits = self.properties[Property.PASID_SIZE][0]
        self._domain = domain
        await self.request(
            cpu,
            Type.ATTACH_TABLE,
            domain=domain,
            endpoint=endpoint,
            format=iommu.FORMAT_SMMUV3,
            s1fmt=int(S1Fmt.L2_64K),
            s1dss=int(S1Dss.TERMINATE),
            s1contextptr=self.tables.add(endpoint, bits, self.io_on(cpu)),
            s1cdmax=bits,
        )

    def sva_supported(self, cpu: CpuIdentity) -> bool:
        """May processes of this CPU be bound? By the properties of :meth:`attach_device`."""
        props = self.properties
        return (
            bool(props[Property.PAGE_SIZE_MASK][0] >> GRANULE & 1)
            and props[Property.INPUT_RANGE][1] >= (1 << cpu.va_bits) - 1
            and props[Property.PASID_TABLE_FMT][1] >= cpu.asid_bits
        )

    # ---- what the SMMU driver does with commands ------------------------------------------
    async def write_cd(self, sid: int, ssid: int, io: SmmuIo, **fields: int) -> None:
        """Write one context descriptor; no fields at all clears it."""
        await self.tables.write(sid, ssid, io, **fields)

    async def _invalidate(self, cpu: Cpu, **fields: int) -> None:
        await self.request(cpu, Type.INVALIDATE, domain=self._domain, **fields)

    async def _invalidate_cd(self, sid: int, ssid: int, leaf: bool, io: SmmuIo) -> None:
        await self._invalidate(
            self._cpu(io),
            inv_gran=iommu.INV_PASID,
            inv_type=iommu.INV_CACHE_PASID,
            flags=iommu.INV_FLAG_PASID | (iommu.INV_FLAG_LEAF if leaf else 0),
            pasid=ssid,
        )

    async def invalidate_va(self, asid: int, va: int, pages: int, io: SmmuIo) -> None:
        """Device TLB of a range; returns when the invalidation completed."""
        await self._invalidate(
            self._cpu(io),
            inv_gran=iommu.INV_VA,
            inv_type=iommu.INV_IOTLB,
            flags=iommu.INV_FLAG_ARCHID,
            archid=asid,
            virt_start=va,
            nr_pages=pages,
            granule=GRANULE,
        )

    async def invalidate_asid(self, asid: int, io: SmmuIo) -> None:
        """Device TLB of a whole address space."""
        await self._invalidate(
            self._cpu(io),
            inv_gran=iommu.INV_PASID,
            inv_type=iommu.INV_IOTLB,
            flags=iommu.INV_FLAG_ARCHID,
            archid=asid,
        )

    async def respond(self, sid: int, stag: int, code: int, io: SmmuIo) -> None:
        """Answer a page request with PAGE_RESP; the codes are those of the kernel."""
        self.timeline.hop(stag, "guest_resume")
        await self.request(
            self._cpu(io),
            Type.PAGE_RESP,
            domain=self._domain,
            endpoint=sid,
            grpid=stag,
            resp_code=code,
        )

    # ---- events -------------------------------------------------------------------------
    def on_irq(self) -> None:
        self.timeline.guest_irq(self.observed_sid)

    async def on_event(self, raw: bytes) -> None:
        """A page request goes to SVA; anything else is logged."""
        if len(raw) == iommu.FaultEvent.FORMAT.size:
            await super().on_event(raw)
            return
        event = iommu.TableEvent.unpack(raw)
        if event.kind == iommu.FAULT_PAGE_REQUEST:
            self.timeline.hop(event.grpid, "guest_thread")
            if self.stall_handler is not None:
                await self.stall_handler(
                    PageRequest(
                        event.endpoint,
                        event.validity & iommu.PRQ_PASID_VALID,
                        event.pasid,
                        event.grpid,
                        event.address,
                        int(not event.flags & FaultFlag.WRITE),
                    )
                )
            return
        self.reported.append(
            f"{event.reason.name} endpoint {event.endpoint} pasid {event.pasid} "
            f"address 0x{event.address:x}"
        )
