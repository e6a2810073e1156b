# SPDX-License-Identifier: Apache-2.0
"""The VMM's side of the pass-through device: guest commands to VFIO, faults to the guest.

The relay keeps what the architecture needs and the 2020 tree dropped: SubstreamID, direction,
privilege and stall tag of every fault reach the guest, and the guest's CMD_RESUME reaches the
host as a page response (facts 8.6: the hook existed, nothing called it).
"""

from __future__ import annotations

from dataclasses import dataclass

from tb.models.fields import COMMANDS, EventRecord, Op
from tb.models.fields import Event as Evt
from tb.models.host import uapi
from tb.models.host.vfio import VfioContainer, VfioDevice
from tb.models.layout import Record
from tb.models.platform import Event, Platform
from tb.models.qemu.machine import Machine
from tb.models.qemu.vsmmu import SSID_BITS, Vsmmu
from tb.models.timeline import Timeline

PAGE_SHIFT = 12
CLASS_IN, CLASS_TT = 2, 1

# back from the uapi's reason to the architected event (inverse of facts 8.5)
EVENTS = {
    uapi.REASON_PASID_INVALID: Evt.C_BAD_SUBSTREAMID,
    uapi.REASON_PASID_FETCH: Evt.F_CD_FETCH,
    uapi.REASON_BAD_PASID_ENTRY: Evt.C_BAD_CD,
    uapi.REASON_WALK_EABT: Evt.F_WALK_EABT,
    uapi.REASON_PTE_FETCH: Evt.F_TRANSLATION,
    uapi.REASON_OOR_ADDRESS: Evt.F_ADDR_SIZE,
    uapi.REASON_ACCESS: Evt.F_ACCESS,
    uapi.REASON_PERMISSION: Evt.F_PERMISSION,
}


@dataclass
class PendingFault:
    """A page request given to the guest and not yet answered."""

    pasid: int
    flags: int


def cache_invalidate(op: int, cmd: Record) -> uapi.CacheInvalidate:
    """One guest command as the uapi of 2020 says it."""
    match op:
        case Op.CFGI_CD:
            return uapi.CacheInvalidate(
                uapi.CACHE_PASID, uapi.GRANU_PASID, flags=uapi.INV_PASID, pasid=cmd.substreamid
            )
        case Op.CFGI_CD_ALL:
            return uapi.CacheInvalidate(uapi.CACHE_PASID, uapi.GRANU_DOMAIN, flags=uapi.INV_PASID)
        case Op.TLBI_NH_ASID:
            return uapi.CacheInvalidate(
                uapi.CACHE_IOTLB, uapi.GRANU_PASID, flags=uapi.INV_ARCHID, archid=cmd.asid
            )
        case Op.TLBI_NH_VA:
            return uapi.CacheInvalidate(
                uapi.CACHE_IOTLB,
                uapi.GRANU_ADDR,
                flags=uapi.INV_ARCHID | (uapi.INV_LEAF if cmd.leaf else 0),
                archid=cmd.asid,
                addr=cmd.addr,
                granule_size=1 << PAGE_SHIFT,
                nb_granules=(cmd.num + 1) << cmd.scale if cmd.tg else 1,
            )
    return uapi.CacheInvalidate(uapi.CACHE_IOTLB, uapi.GRANU_DOMAIN)


def perm_fields(perm: int) -> dict[str, int]:
    """RnW, InD and PnU of an event record."""
    return {
        "rnw": int(not perm & uapi.PERM_WRITE),
        "ind": int(bool(perm & uapi.PERM_EXEC)),
        "pnu": int(bool(perm & uapi.PERM_PRIV)),
    }


def stall_record(vsid: int, kind: int, stag: int, addr: int, perm: int, pasid: int | None) -> bytes:
    """The architected record of a stall, as the guest's driver expects it."""
    return EventRecord.pack(
        kind,
        streamid=vsid,
        ssv=int(pasid is not None),
        substreamid=pasid or 0,
        stag=stag,
        stall=1,
        inputaddr=addr,
        **{"class": CLASS_IN},
        **perm_fields(perm),
    )


class VfioPassThrough:
    """Backend of the virtual SMMU for one device with virtual StreamID ``vsid``."""

    def __init__(
        self,
        plat: Platform,
        machine: Machine,
        vsmmu: Vsmmu,
        container: VfioContainer,
        device: VfioDevice,
        vsid: int,
        timeline: Timeline,
    ) -> None:
        self.plat = plat
        self.machine = machine
        self.vsmmu = vsmmu
        self.container = container
        self.device = device
        self.vsid = vsid
        self.timeline = timeline
        self.pending: dict[int, PendingFault] = {}  # by group id, which is the STAG
        self._table: bytes | None = None
        self._fault_ring = device.mmap(uapi.REGION_SUBTYPE_DMA_FAULT)
        self._response_ring = device.mmap(uapi.REGION_SUBTYPE_DMA_FAULT_RESPONSE)
        self._response_head = 0
        vsmmu.backend = self
        eventfd = plat.event("vfio-fault-eventfd")
        device.set_irqs(uapi.IRQ_SUBTYPE_DMA_FAULT, eventfd)
        plat.spawn(self._fault_handler(eventfd), "qemu-fault-handler")

    async def _ioctl(self, request: int, raw: bytes) -> None:
        await self.plat.spend("qemu-ioctl")
        await self.container.ioctl(request, raw)

    # ---- commands of the guest ----------------------------------------------------------
    async def set_stage1(self, vsid: int, ste: Record | None, enabled: bool) -> None:
        """Guest STE to SET_PASID_TABLE (facts 8.7)."""
        if vsid != self.vsid:
            return
        table = uapi.PasidTable(config=uapi.PASID_CONFIG_ABORT)
        if not enabled:
            table.config = uapi.PASID_CONFIG_BYPASS
        elif Vsmmu.translates(ste):
            assert ste is not None
            table = uapi.PasidTable(
                config=uapi.PASID_CONFIG_TRANSLATE,
                base_ptr=ste.s1contextptr,
                pasid_bits=min(ste.s1cdmax, SSID_BITS),
                s1fmt=ste.s1fmt,
                s1dss=ste.s1dss,
            )
        elif ste is not None:
            table.config = uapi.PASID_CONFIG_BYPASS
        raw = table.pack()
        if raw == self._table:
            return
        if self._table is not None and table.config == uapi.PASID_CONFIG_TRANSLATE:
            unset = uapi.PasidTable(flags=uapi.PASID_TABLE_UNSET)
            await self._ioctl(uapi.IOMMU_SET_PASID_TABLE, unset.pack())
        self._table = raw
        await self._ioctl(uapi.IOMMU_SET_PASID_TABLE, raw)

    BATCH = 1  # CACHE_INVALIDATE carries one invalidation

    async def invalidate(self, commands: list[bytes]) -> int:
        """Guest commands to CACHE_INVALIDATE (facts 8.3)."""
        for raw in commands:
            cmd = COMMANDS[raw[0]].unpack(raw)
            if raw[0] not in (Op.CFGI_CD, Op.CFGI_CD_ALL) or cmd.streamid == self.vsid:
                await self._ioctl(uapi.IOMMU_CACHE_INVALIDATE, cache_invalidate(raw[0], cmd).pack())
        return len(commands)

    async def page_response(self, vsid: int, stag: int, retry: bool, abort: bool) -> None:
        """Guest CMD_RESUME to a page response; an unknown pair has no effect (RES rules)."""
        if vsid != self.vsid or stag not in self.pending:
            return
        fault = self.pending.pop(stag)
        self.timeline.hop(stag, "qemu_resume")
        code = uapi.RESP_SUCCESS if retry else uapi.RESP_INVALID
        await self.put_response(uapi.PageResponse(fault.pasid, stag, code, fault.flags & 1))
        self.timeline.hop(stag, "vfio_response")

    async def put_response(self, response: uapi.PageResponse) -> None:
        """Put one entry into the response ring and tell the kernel."""
        slot = self._response_ring + self._response_head * uapi.PageResponse.SIZE
        self.machine.memory.write(slot, response.pack())
        entries = self.device.pread32(uapi.REGION_SUBTYPE_DMA_FAULT_RESPONSE, 8)
        self._response_head = (self._response_head + 1) % entries
        await self.plat.spend("qemu-ioctl")
        self.device.pwrite32(uapi.REGION_SUBTYPE_DMA_FAULT_RESPONSE, 0, self._response_head)

    async def terminate_all(self, vsid: int) -> None:
        """Guest CMD_STALL_TERM: answer every outstanding request with failure."""
        for stag in list(self.pending):
            await self.page_response(vsid, stag, False, True)

    # ---- faults of the device -----------------------------------------------------------
    async def _fault_handler(self, eventfd: Event) -> None:
        """Main loop handler of the fault eventfd."""
        region = uapi.REGION_SUBTYPE_DMA_FAULT
        while True:
            await eventfd.wait()
            eventfd.clear()
            await self.plat.spend("qemu-fd-wake")
            async with self.machine.bql:
                head = self.device.pread32(region, VfioDevice.HEAD)
                tail = self.device.pread32(region, VfioDevice.TAIL)
                entries = self.device.pread32(region, VfioDevice.NB_ENTRIES)
                while tail != head:
                    at = self._fault_ring + tail * uapi.IommuFault.SIZE
                    raw = self.machine.memory.read(at, uapi.IommuFault.SIZE)
                    await self.plat.spend("qemu-fault-entry")
                    await self._inject(uapi.IommuFault.unpack(raw))
                    tail = (tail + 1) % entries
                self.device.pwrite32(region, 0, tail)
                if self.device.pread32(region, VfioDevice.HEAD) != tail:
                    eventfd.set()  # more arrived while these were handled

    async def _inject(self, fault: uapi.IommuFault) -> None:
        if fault.type == uapi.FAULT_PAGE_REQUEST:
            await self._inject_stall(fault)
        else:
            await self._inject_unrecoverable(fault)

    async def _inject_stall(self, fault: uapi.IommuFault) -> None:
        self.timeline.hop(fault.grpid, "qemu_relay")
        self.pending[fault.grpid] = PendingFault(fault.pasid, fault.flags)
        kind = fault.private if fault.flags & uapi.PRQ_PRIV_DATA else Evt.F_TRANSLATION
        pasid = fault.pasid if fault.flags & uapi.PRQ_PASID_VALID else None
        stag = fault.grpid
        raw = stall_record(self.vsid, kind, stag, fault.addr, fault.perm, pasid)
        await self.vsmmu.record(raw, True, lambda: self.timeline.hop(stag, "guest_event"))

    async def _inject_unrecoverable(self, fault: uapi.IommuFault) -> None:
        kind = EVENTS.get(fault.reason)
        if kind is None:
            return
        values: dict[str, int] = {"streamid": self.vsid, "substreamid": fault.pasid}
        names = EventRecord.names(kind)
        if "ssv" in names:
            values["ssv"] = int(bool(fault.flags & uapi.UNRECOV_PASID))
        if "inputaddr" in names:
            values["inputaddr"] = fault.addr
            values.update(perm_fields(fault.perm))
            values["class"] = CLASS_TT if kind == Evt.F_WALK_EABT else CLASS_IN
        await self.vsmmu.record(EventRecord.pack(kind, **values), False)
