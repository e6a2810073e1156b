# SPDX-License-Identifier: Apache-2.0
"""The VMM side of the pass-through device with iommufd: guest STEs and raw commands to the kernel.

Invalidations are read from the guest's queue in batches and forwarded as written.  Page requests
come from the fault queue and go back as responses; what upstream leaves out, the guest's
CMD_RESUME, finds its cookie here by the stall tag (facts 7.9).  Other events come from the vEVENTQ
with the guest's StreamID already in them.
"""

from __future__ import annotations

from dataclasses import dataclass

from tb.models.fields import STE, SteConfig
from tb.models.fields import Event as Evt
from tb.models.host import iommufd_uapi as fd
from tb.models.host.iommufd import FaultQueue, Iommufd, Veventq
from tb.models.host.iommufd_smmuv3 import WORDS
from tb.models.host.uapi import UapiError
from tb.models.layout import Record
from tb.models.platform import Platform
from tb.models.qemu import machine as mach
from tb.models.qemu.machine import Machine
from tb.models.qemu.vfio_device import stall_record
from tb.models.qemu.vsmmu import Vsmmu
from tb.models.timeline import Timeline

BUFFER_HVA = 0x7E00_0000_0000  # what the VMM lets argument pointers point at
EVENTQ_DEPTH = 256


@dataclass
class Tables:
    """Page tables that the VMM keeps: stage 2, and a guest that bypasses or aborts."""

    parent: int
    bypass: int
    abort: int
    nested: int | None = None


class IommufdPassThrough:
    """Backend of the virtual SMMU for one device with virtual StreamID ``vsid``."""

    BATCH = 64

    def __init__(
        self,
        plat: Platform,
        machine: Machine,
        vsmmu: Vsmmu,
        iommufd: Iommufd,
        sid: int,
        vsid: int,
        timeline: Timeline,
    ) -> None:
        self.plat = plat
        self.machine = machine
        self.vsmmu = vsmmu
        self.iommufd = iommufd
        self.vsid = vsid
        self.timeline = timeline
        self.pending: dict[int, int] = {}  # STAG -> cookie
        self._sid = sid
        self._attached = 0
        machine.vmm.pages[BUFFER_HVA // mach.PAGE] = machine.memory.alloc_page("host:vmm")

    # ---- set-up -------------------------------------------------------------------------
    async def realize(self) -> None:
        """Everything up to a device behind stage 2 with a vIOMMU, before the guest runs."""
        ram = self.machine.ram_pages * mach.PAGE
        self.dev_id = self.iommufd.bind(self._sid)
        await self._check_hardware()
        ioas = (await self._call(fd.IoasAlloc())).out_ioas_id
        access = fd.MAP_FIXED | fd.MAP_READ | fd.MAP_WRITE
        await self._call(
            fd.IoasMap(access, ioas, user_va=mach.RAM_HVA, length=ram, iova=mach.RAM_GPA)
        )
        parent = await self._call(fd.HwptAlloc(fd.ALLOC_NEST_PARENT, self.dev_id, ioas))
        viommu = fd.ViommuAlloc(
            type=fd.VIOMMU_ARM_SMMUV3, dev_id=self.dev_id, hwpt_id=parent.out_hwpt_id
        )
        self.viommu = (await self._call(viommu)).out_viommu_id
        await self._call(fd.VdeviceAlloc(self.viommu, self.dev_id, virt_id=self.vsid))
        events = fd.VeventqAlloc(0, self.viommu, fd.VEVENTQ_ARM_SMMUV3, EVENTQ_DEPTH)
        self.events: Veventq = self.iommufd.file((await self._call(events)).out_veventq_fd)
        faults = await self._call(fd.FaultQueueAlloc())
        self._fault_id = faults.out_fault_id
        self.faults: FaultQueue = self.iommufd.file(faults.out_fault_fd)
        self.tables = Tables(
            parent.out_hwpt_id,
            await self._nested(fd.VirtualSte(*_words(v=1, config=int(SteConfig.BYPASS)))),
            await self._nested(fd.VirtualSte(*_words(v=1, config=int(SteConfig.ABORT)))),
        )
        await self._attach(self.tables.bypass)
        self.vsmmu.backend = self
        self.plat.spawn(self._fault_handler(), "qemu-fault-handler")
        self.plat.spawn(self._event_handler(), "qemu-event-handler")

    async def _check_hardware(self) -> None:
        size = fd.SmmuInfo.FORMAT.size
        info = await self._call(fd.GetHwInfo(0, self.dev_id, size, BUFFER_HVA))
        raw = self.machine.memory.read(self.machine.vmm.pa(BUFFER_HVA), size)
        ids = fd.SmmuInfo.unpack(raw)
        if info.out_data_type != fd.HW_INFO_ARM_SMMUV3 or ids.idr0 & 3 != 3:
            raise UapiError(fd.EOPNOTSUPP, "the device is not behind an SMMUv3 with both stages")

    async def _call(self, argument: fd.Argument, data: bytes = b"") -> fd.Argument:
        """One ioctl; ``data`` is put where the argument's pointer points."""
        if data:
            self.machine.memory.write(self.machine.vmm.pa(BUFFER_HVA), data)
        await self.plat.spend("qemu-ioctl")
        return type(argument).unpack(await self.iommufd.ioctl(argument.NUMBER, argument.pack()))

    async def _nested(self, words: fd.VirtualSte) -> int:
        raw = words.pack()
        argument = fd.HwptAlloc(
            fd.FAULT_ID_VALID,
            self.dev_id,
            self.viommu,
            data_type=fd.HWPT_DATA_ARM_SMMUV3,
            data_len=len(raw),
            data_uptr=BUFFER_HVA,
            fault_id=self._fault_id,
        )
        return (await self._call(argument, raw)).out_hwpt_id

    async def _attach(self, table: int) -> None:
        if table != self._attached:
            await self.plat.spend("qemu-ioctl")
            await self.iommufd.attach(self.dev_id, table)
            self._attached = table

    # ---- commands of the guest ----------------------------------------------------------
    async def set_stage1(self, vsid: int, ste: Record | None, enabled: bool) -> None:
        """Attach what the guest's STE says, as the two words that are the guest's."""
        if vsid != self.vsid:
            return
        old = self.tables.nested
        if not enabled:
            await self._attach(self.tables.bypass)
        elif Vsmmu.translates(ste):
            assert ste is not None
            words = fd.VirtualSte(*_words(**{name: ste[name] for name in WORDS}))
            self.tables.nested = await self._nested(words)
            await self._attach(self.tables.nested)
        else:
            await self._attach(self.tables.abort if ste is None else self.tables.bypass)
        if old is not None and old != self._attached:
            await self._call(fd.Destroy(old))
            self.tables.nested = None if self.tables.nested == old else self.tables.nested

    async def invalidate(self, commands: list[bytes]) -> int:
        """A batch, as the guest wrote it; how many the kernel took."""
        self.plat.counters["invalidation-batches"] += 1
        self.plat.counters["invalidations-batched"] += len(commands)
        raw = b"".join(commands)
        argument = fd.HwptInvalidate(
            self.viommu, BUFFER_HVA, fd.INVALIDATE_ARM_SMMUV3, 16, len(commands)
        )
        try:
            return (await self._call(argument, raw)).entry_num
        except UapiError as error:
            return fd.HwptInvalidate.unpack(error.args[2]).entry_num

    async def page_response(self, vsid: int, stag: int, retry: bool, abort: bool) -> None:
        """Guest CMD_RESUME to a response; an unknown pair has no effect (RES rules)."""
        if vsid != self.vsid or stag not in self.pending:
            return
        self.timeline.hop(stag, "qemu_resume")
        code = fd.RESPONSE_SUCCESS if retry else fd.RESPONSE_INVALID
        response = fd.PageResponse(self.pending.pop(stag), code)
        await self.plat.spend("qemu-ioctl")
        self.timeline.hop(stag, "fault_response")
        await self.iommufd.respond(self.faults, response.pack())

    async def terminate_all(self, vsid: int) -> None:
        """Guest CMD_STALL_TERM: answer every outstanding request with failure."""
        for stag in list(self.pending):
            await self.page_response(vsid, stag, False, True)

    # ---- from the kernel ----------------------------------------------------------------
    async def _fault_handler(self) -> None:
        """Main loop handler of the fault queue's descriptor."""
        queue = self.faults
        while True:
            await queue.readable.wait()
            queue.readable.clear()
            await self.plat.spend("qemu-fd-wake")
            async with self.machine.bql:
                while queue.queue:
                    await self.plat.spend("qemu-ioctl")  # read()
                    raw = queue.queue.popleft().pack()
                    self.plat.counters["bytes-copied"] += len(raw)
                    await self.plat.spend("qemu-fault-entry")
                    await self._inject(fd.PageFault.unpack(raw))

    async def _inject(self, fault: fd.PageFault) -> None:
        stag = fault.grpid
        self.timeline.hop(stag, "qemu_relay")
        self.pending[stag] = fault.cookie
        pasid = fault.pasid if fault.flags & fd.PGFAULT_PASID_VALID else None
        # the uapi does not say which fault it was; a driver pages in for any of them
        raw = stall_record(self.vsid, Evt.F_TRANSLATION, stag, fault.addr, fault.perm, pasid)
        await self.vsmmu.record(raw, True, lambda: self.timeline.hop(stag, "guest_event"))

    async def _event_handler(self) -> None:
        """Main loop handler of the vEVENTQ's descriptor."""
        queue, expected = self.events, 0
        while True:
            await queue.readable.wait()
            queue.readable.clear()
            await self.plat.spend("qemu-fd-wake")
            async with self.machine.bql:
                while queue.queue:
                    await self.plat.spend("qemu-ioctl")
                    raw = queue.queue.popleft()
                    self.plat.counters["bytes-copied"] += len(raw)
                    header = fd.VeventHeader.unpack(raw[:8])
                    if header.sequence != expected:
                        self.plat.counters["vevents-lost"] += header.sequence - expected
                    expected = header.sequence + 1
                    await self.vsmmu.record(raw[8:], False)


def _words(**fields: int) -> tuple[int, int]:
    """Words 0 and 1 of an STE."""
    raw = STE.pack(**fields)
    return int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:16], "little")
