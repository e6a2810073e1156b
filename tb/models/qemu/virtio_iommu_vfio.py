# SPDX-License-Identifier: Apache-2.0
"""Passed-through endpoints of the virtio IOMMU: requests of the guest become VFIO calls.

A mapping of the endpoint's domain is pinned and mapped for the device, an unmapping goes the same
way; VFIO always had that.  With the proposed extensions the guest's CD table is used by the SMMU
in place, and page requests travel to the guest and back.
"""

from __future__ import annotations

from tb.models.audit import PAGE
from tb.models.host import uapi
from tb.models.host.vfio import VfioContainer, VfioDevice
from tb.models.platform import Platform
from tb.models.qemu.machine import RAM_GPA, RAM_HVA, Machine
from tb.models.qemu.vfio_device import PendingFault, VfioPassThrough
from tb.models.qemu.virtio_endpoint import Endpoint, Mapping, Refused
from tb.models.qemu.virtio_iommu import VirtioIommu
from tb.models.timeline import Timeline
from tb.models.virtio import iommu
from tb.models.virtio.iommu import FaultFlag, MapFlag, Property, Reason, Request, Status

GRANULARITY = {
    iommu.INV_DOMAIN: uapi.GRANU_DOMAIN,
    iommu.INV_PASID: uapi.GRANU_PASID,
    iommu.INV_VA: uapi.GRANU_ADDR,
}
PASID_BITS, ASID_BITS, OUTPUT_BITS = 16, 16, 39

REASONS = {
    uapi.REASON_WALK_EABT: Reason.WALK_EABT,
    uapi.REASON_PTE_FETCH: Reason.PTE_FETCH,
    uapi.REASON_PERMISSION: Reason.PERMISSION,
    uapi.REASON_ACCESS: Reason.ACCESS,
    uapi.REASON_OOR_ADDRESS: Reason.OOR_ADDRESS,
}


class VfioEndpoint(VfioPassThrough, Endpoint):
    """A passed-through device: mapped by the guest's requests, or translated by its tables."""

    def __init__(
        self,
        plat: Platform,
        machine: Machine,
        viommu: VirtioIommu,
        container: VfioContainer,
        device: VfioDevice,
        number: int,
        timeline: Timeline,
    ) -> None:
        self.viommu = viommu
        super().__init__(plat, machine, viommu, container, device, number, timeline)
        viommu.endpoints[number] = self

    # ---- mappings -------------------------------------------------------------------------
    async def map(self, mapping: Mapping) -> None:
        """Guest physical to an address of the VMM, which VFIO pins and maps."""
        dma = uapi.DmaMap(
            vaddr=RAM_HVA + mapping.phys - RAM_GPA,
            iova=mapping.start,
            size=mapping.end - mapping.start + 1,
            flags=mapping.flags & (MapFlag.READ | MapFlag.WRITE),
        )
        await self._ioctl(uapi.IOMMU_MAP_DMA, dma.pack())

    async def unmap(self, mapping: Mapping) -> None:
        """Returns when the device cannot reach the pages any more."""
        dma = uapi.DmaUnmap(mapping.start, mapping.end - mapping.start + 1)
        await self._ioctl(uapi.IOMMU_UNMAP_DMA, dma.pack())

    # ---- tables of the guest --------------------------------------------------------------
    def properties(self) -> list[tuple[Property, tuple[int, ...]]]:
        """What the guest must know to build the tables."""
        config = self.viommu.config
        return [
            (Property.PAGE_SIZE_MASK, (config.page_size_mask,)),
            (Property.INPUT_RANGE, (config.input_start, (1 << 48) - 1)),
            (Property.OUTPUT_SIZE, (OUTPUT_BITS,)),
            (Property.PASID_SIZE, (PASID_BITS,)),
            (Property.PAGE_TABLE_FMT, (iommu.FORMAT_LPAE, ASID_BITS, 0)),
            (Property.PASID_TABLE_FMT, (iommu.FORMAT_SMMUV3, ASID_BITS, 0)),
        ]

    def check_table(self, request: Request) -> None:
        """As many PASID bits as PROBE told, at most."""
        if request.s1cdmax > PASID_BITS:
            raise Refused(Status.RANGE, f"{request.s1cdmax} PASID bits")

    async def attach_table(self, request: Request) -> None:
        """All of RAM for stage 2, the guest's CD table to SET_PASID_TABLE."""
        ram = uapi.DmaMap(vaddr=RAM_HVA, iova=RAM_GPA, size=self.machine.ram_pages * PAGE)
        await self._ioctl(uapi.IOMMU_MAP_DMA, ram.pack())
        table = uapi.PasidTable(
            config=uapi.PASID_CONFIG_TRANSLATE,
            base_ptr=request.s1contextptr,
            pasid_bits=request.s1cdmax,
            s1fmt=request.s1fmt,
            s1dss=request.s1dss,
        )
        await self._ioctl(uapi.IOMMU_SET_PASID_TABLE, table.pack())

    async def detach_table(self) -> None:
        """Back to mappings, of which there are none yet."""
        table = uapi.PasidTable(flags=uapi.PASID_TABLE_UNSET, config=uapi.PASID_CONFIG_BYPASS)
        await self._ioctl(uapi.IOMMU_SET_PASID_TABLE, table.pack())
        size = self.machine.ram_pages * PAGE
        await self._ioctl(uapi.IOMMU_UNMAP_DMA, uapi.DmaUnmap(RAM_GPA, size).pack())

    async def invalidate_caches(self, request: Request) -> None:
        """INVALIDATE by type and granularity to CACHE_INVALIDATE."""
        kinds, granularity = request.inv_type, request.inv_gran
        if not kinds & (iommu.INV_IOTLB | iommu.INV_CACHE_PASID) or granularity not in GRANULARITY:
            raise Refused(Status.INVAL, f"type {kinds}, granularity {granularity}")
        if kinds & iommu.INV_IOTLB and granularity != iommu.INV_DOMAIN:
            if not request.flags & iommu.INV_FLAG_ARCHID:
                raise Refused(Status.INVAL, "no ASID")
        leaf = uapi.INV_LEAF if request.flags & iommu.INV_FLAG_LEAF else 0
        if kinds & iommu.INV_CACHE_PASID:
            whole = granularity == iommu.INV_DOMAIN
            granu = uapi.GRANU_DOMAIN if whole else uapi.GRANU_PASID
            await self._cache_invalidate(
                uapi.CacheInvalidate(
                    uapi.CACHE_PASID, granu, flags=uapi.INV_PASID, pasid=request.pasid
                )
            )
        if kinds & iommu.INV_IOTLB:
            await self._cache_invalidate(
                uapi.CacheInvalidate(
                    uapi.CACHE_IOTLB,
                    GRANULARITY[granularity],
                    flags=uapi.INV_ARCHID | leaf,
                    archid=request.archid,
                    addr=request.virt_start,
                    granule_size=1 << request.granule,
                    nb_granules=request.nr_pages,
                )
            )

    async def _cache_invalidate(self, inv: uapi.CacheInvalidate) -> None:
        await self._ioctl(uapi.IOMMU_CACHE_INVALIDATE, inv.pack())

    async def respond(self, request: Request) -> None:
        """PAGE_RESP to a page response; one nobody waits for is refused."""
        if request.grpid not in self.pending:
            raise Refused(Status.NOENT, f"group {request.grpid}")
        success = request.resp_code == uapi.RESP_SUCCESS
        await self.page_response(self.vsid, request.grpid, success, not success)

    # ---- faults of the device -------------------------------------------------------------
    async def _inject(self, fault: uapi.IommuFault) -> None:
        await self.plat.spend("qemu-event-write")
        stall = fault.type == uapi.FAULT_PAGE_REQUEST
        reason = Reason.PTE_FETCH if stall else REASONS.get(fault.reason, Reason.UNKNOWN)
        validity = 0
        if stall:
            self.timeline.hop(fault.grpid, "qemu_relay")
            self.pending[fault.grpid] = PendingFault(fault.pasid, fault.flags)
            valid = fault.flags & uapi.PRQ_PASID_VALID
            validity = iommu.PRQ_LAST | (iommu.PRQ_PASID_VALID if valid else 0)
        elif fault.flags & uapi.UNRECOV_PASID:
            validity = iommu.UNRECOV_PASID
        addressed = stall or fault.flags & uapi.UNRECOV_ADDR
        event = iommu.TableEvent(
            reason,
            iommu.FAULT_PAGE_REQUEST if stall else iommu.FAULT_UNRECOVERABLE,
            FaultFlag(fault.perm) | (FaultFlag.ADDRESS if addressed else FaultFlag(0)),
            validity,
            self.vsid,
            fault.pasid,
            fault.grpid,
            fault.addr,
        )
        if not stall:
            self.viommu.report(event.pack())
            return
        self.viommu.report(event.pack(), lambda: self.timeline.hop(fault.grpid, "guest_event"))
