# SPDX-License-Identifier: Apache-2.0
"""iommufd in the host kernel: objects of one VM, and what they do to the physical SMMU.

Every ioctl takes and gives the bytes of its structure; what a VMM may not do is refused as the
uapi says (facts 7.9, 8.8).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tb.models.audit import PAGE
from tb.models.fields import REG, SteConfig
from tb.models.host import iommufd_uapi as fd
from tb.models.host import uapi
from tb.models.host.iommufd_smmuv3 import IDR0_ATS, guest_event, host_command, virtual_ste
from tb.models.host.memory import HostMemory
from tb.models.host.smmu import HostSmmu, NestedDomain
from tb.models.host.stage2 import Stage2Table
from tb.models.host.uapi import UapiError
from tb.models.host.vfio import VmmAddressSpace
from tb.models.platform import Event, Platform


@dataclass
class Ioas:
    """User memory by IOVA; ``tables`` are the page tables that show it."""

    tables: list[Hwpt] = field(default_factory=list)
    areas: list[tuple[int, int, int, bool]] = field(default_factory=list)


@dataclass
class Hwpt:
    """A nest parent: stage 2."""

    ioas: Ioas
    stage2: Stage2Table


@dataclass
class FaultQueue:
    """Page requests to user space; ``cookies`` are those it has read or may read."""

    readable: Event
    queue: deque[fd.PageFault] = field(default_factory=deque)
    cookies: dict[int, tuple[NestedDomain, int]] = field(default_factory=dict)
    given: int = 0


@dataclass
class NestedHwpt:
    """A guest's stage 1: two words of its STE."""

    viommu: Viommu
    ste: dict[str, int]
    faults: FaultQueue | None


@dataclass
class Viommu:
    """The VM's slice of the SMMU."""

    parent: Hwpt
    vmid: int
    devices: dict[int, Device] = field(default_factory=dict)  # by the guest's StreamID
    events: Veventq | None = None


@dataclass
class Veventq:
    """Events with the guest's StreamID; a full queue loses them and says so."""

    depth: int
    readable: Event
    queue: deque[bytes] = field(default_factory=deque)
    sequence: int = 0
    lost: bool = False


@dataclass
class Device:
    """A bound device and what it is attached to."""

    sid: int
    domain: NestedDomain | None = None
    attached: object = None


class Iommufd:
    """One file descriptor of /dev/iommu."""

    def __init__(
        self,
        plat: Platform,
        memory: HostMemory,
        smmu: HostSmmu,
        vmm: VmmAddressSpace,
        alloc_vmid: Callable[[], int],
    ) -> None:
        self.plat = plat
        self.smmu = smmu
        self._memory = memory
        self._vmm = vmm
        self._alloc_vmid = alloc_vmid
        self._objects: dict[int, object] = {}
        self._next = 1
        self._calls: dict[int, tuple[type, Callable[..., Awaitable[None]]]] = {
            cls.NUMBER: (cls, handler)
            for cls, handler in (
                (fd.Destroy, self._destroy),
                (fd.IoasAlloc, self._ioas_alloc),
                (fd.IoasMap, self._ioas_map),
                (fd.HwptAlloc, self._hwpt_alloc),
                (fd.GetHwInfo, self._get_hw_info),
                (fd.HwptInvalidate, self._invalidate),
                (fd.FaultQueueAlloc, self._fault_alloc),
                (fd.ViommuAlloc, self._viommu_alloc),
                (fd.VdeviceAlloc, self._vdevice_alloc),
                (fd.VeventqAlloc, self._veventq_alloc),
            )
        }

    async def ioctl(self, number: int, raw: bytes) -> bytes:
        """One ioctl; returns the structure with its results, UapiError when refused.

        HWPT_INVALIDATE reports through the structure how many entries were handled even when it
        fails; the error then carries the bytes as its third argument.
        """
        self.plat.counters["ioctls"] += 1
        self.plat.counters["bytes-copied"] += len(raw)
        await self.plat.spend("host-ioctl")
        if number not in self._calls:
            raise UapiError(uapi.ENOTTY, f"iommufd ioctl 0x{number:x}")
        kind, handler = self._calls[number]
        argument = kind.unpack(raw)
        try:
            await handler(argument)
        except UapiError as error:
            error.args = (*error.args[:2], argument.pack())
            raise
        return argument.pack()

    # ---- objects ------------------------------------------------------------------------
    def _add(self, item: object) -> int:
        number, self._next = self._next, self._next + 1
        self._objects[number] = item
        return number

    def _get(self, number: int, kind: type, what: str) -> object:
        item = self._objects.get(number)
        if item is None or not isinstance(item, kind):
            raise UapiError(fd.ENOENT, f"{what}: object {number} is no {kind.__name__}")
        return item

    def file(self, number: int) -> FaultQueue | Veventq:
        """The queue behind a file descriptor that an ioctl returned (here: its object's number)."""
        return self._get(number, FaultQueue | Veventq, "read")  # type: ignore[arg-type,return-value]

    async def _destroy(self, arg: fd.Destroy) -> None:
        item = self._get(arg.id, object, "DESTROY")
        users = [d for d in self._objects.values() if isinstance(d, Device) and d.attached is item]
        if users or isinstance(item, Device | Viommu | Hwpt | Ioas):
            raise UapiError(fd.EBUSY, f"DESTROY: object {arg.id} is in use")
        del self._objects[arg.id]

    def _from_user(self, pointer: int, length: int) -> bytes:
        out = bytearray()
        while length:
            n = min(length, PAGE - pointer % PAGE)
            out += self._memory.read(self._user(pointer), n)
            pointer, length = pointer + n, length - n
        self.plat.counters["bytes-copied"] += len(out)
        return bytes(out)

    def _user(self, pointer: int) -> int:
        if pointer // PAGE not in self._vmm.pages:
            raise UapiError(fd.EFAULT, f"user pointer 0x{pointer:x}")
        return self._vmm.pa(pointer)

    # ---- address spaces and page tables -------------------------------------------------
    async def _ioas_alloc(self, arg: fd.IoasAlloc) -> None:
        arg.out_ioas_id = self._add(Ioas())

    async def _ioas_map(self, arg: fd.IoasMap) -> None:
        ioas = self._get(arg.ioas_id, Ioas, "IOAS_MAP")
        if (arg.user_va | arg.length | arg.iova) % PAGE or not arg.length:
            raise UapiError(uapi.EINVAL, "IOAS_MAP: not in whole pages")
        for offset in range(0, arg.length, PAGE):
            self._user(arg.user_va + offset)  # pinned: stage 2 never faults
        area = (arg.iova, arg.user_va, arg.length, bool(arg.flags & fd.MAP_WRITE))
        ioas.areas.append(area)
        for table in ioas.tables:
            self._show(table, area)

    def _show(self, table: Hwpt, area: tuple[int, int, int, bool]) -> None:
        iova, user_va, length, write = area
        for offset in range(0, length, PAGE):
            table.stage2.map_page(iova + offset, self._vmm.pa(user_va + offset), write=write)

    async def _hwpt_alloc(self, arg: fd.HwptAlloc) -> None:
        self._get(arg.dev_id, Device, "HWPT_ALLOC")
        if arg.flags & ~(fd.ALLOC_NEST_PARENT | fd.FAULT_ID_VALID):
            raise UapiError(fd.EOPNOTSUPP, "HWPT_ALLOC: flags")
        under = self._objects.get(arg.pt_id)
        if isinstance(under, Ioas):
            if arg.data_type != fd.HWPT_DATA_NONE or not arg.flags & fd.ALLOC_NEST_PARENT:
                raise UapiError(fd.EOPNOTSUPP, "HWPT_ALLOC: only nest parents over an IOAS")
            table = Hwpt(under, Stage2Table(self._memory, "host:smmu-stage2"))
            under.tables.append(table)
            for area in under.areas:
                self._show(table, area)
            arg.out_hwpt_id = self._add(table)
            return
        if not isinstance(under, Viommu):
            raise UapiError(uapi.EINVAL, "HWPT_ALLOC: a nested table needs a vIOMMU")
        if arg.data_type != fd.HWPT_DATA_ARM_SMMUV3 or arg.flags & fd.ALLOC_NEST_PARENT:
            raise UapiError(fd.EOPNOTSUPP, "HWPT_ALLOC: data type or flags of a nested table")
        faults = None
        if arg.flags & fd.FAULT_ID_VALID:
            faults = self._get(arg.fault_id, FaultQueue, "HWPT_ALLOC")
        ste = virtual_ste(fd.VirtualSte.unpack(self._from_user(arg.data_uptr, arg.data_len)))
        arg.out_hwpt_id = self._add(NestedHwpt(under, ste, faults))

    async def _get_hw_info(self, arg: fd.GetHwInfo) -> None:
        self._get(arg.dev_id, Device, "GET_HW_INFO")
        names = ("IDR0", "IDR1", "IDR2", "IDR3", "IDR4", "IDR5", "IIDR", "AIDR")
        ids = [await self.smmu.io.read32(REG[name].offset) for name in names]
        raw = fd.SmmuInfo(0, 0, *ids).pack()
        if arg.data_len < len(raw):
            raise UapiError(uapi.EINVAL, "GET_HW_INFO: buffer too small")
        self._memory.write(self._user(arg.data_uptr), raw)
        arg.data_len, arg.out_data_type = len(raw), fd.HW_INFO_ARM_SMMUV3
        arg.out_max_pasid_log2 = self.smmu.ssid_bits

    # ---- the VM's slice of the SMMU ------------------------------------------------------
    async def _viommu_alloc(self, arg: fd.ViommuAlloc) -> None:
        self._get(arg.dev_id, Device, "VIOMMU_ALLOC")
        if arg.flags or arg.type != fd.VIOMMU_ARM_SMMUV3:
            raise UapiError(fd.EOPNOTSUPP, "VIOMMU_ALLOC: flags or type")
        parent = self._objects.get(arg.hwpt_id)
        if not isinstance(parent, Hwpt):
            raise UapiError(uapi.EINVAL, "VIOMMU_ALLOC: not a nest parent")
        arg.out_viommu_id = self._add(Viommu(parent, self._alloc_vmid()))

    async def _vdevice_alloc(self, arg: fd.VdeviceAlloc) -> None:
        viommu = self._get(arg.viommu_id, Viommu, "VDEVICE_ALLOC")
        device = self._get(arg.dev_id, Device, "VDEVICE_ALLOC")
        if arg.virt_id >> 32 or arg.virt_id in viommu.devices or device in viommu.devices.values():
            raise UapiError(uapi.EINVAL, f"VDEVICE_ALLOC: virtual id 0x{arg.virt_id:x}")
        viommu.devices[arg.virt_id] = device
        arg.out_vdevice_id = self._add((viommu, arg.virt_id))

    async def _veventq_alloc(self, arg: fd.VeventqAlloc) -> None:
        viommu = self._get(arg.viommu_id, Viommu, "VEVENTQ_ALLOC")
        if arg.flags or arg.type != fd.VEVENTQ_ARM_SMMUV3:
            raise UapiError(fd.EOPNOTSUPP, "VEVENTQ_ALLOC: flags or type")
        if not arg.depth or viommu.events is not None:
            raise UapiError(uapi.EINVAL, "VEVENTQ_ALLOC: depth 0, or there is one already")
        viommu.events = Veventq(arg.depth, self.plat.event("veventq"))
        arg.out_veventq_id = arg.out_veventq_fd = self._add(viommu.events)

    async def _fault_alloc(self, arg: fd.FaultQueueAlloc) -> None:
        queue = FaultQueue(self.plat.event("fault-queue"))
        arg.out_fault_id = arg.out_fault_fd = self._add(queue)

    async def _invalidate(self, arg: fd.HwptInvalidate) -> None:
        viommu = self._objects.get(arg.hwpt_id)
        count, arg.entry_num = arg.entry_num, 0
        if not isinstance(viommu, Viommu) or arg.data_type != fd.INVALIDATE_ARM_SMMUV3:
            raise UapiError(uapi.EINVAL, "HWPT_INVALIDATE: not a vIOMMU, or the data type")
        if arg.entry_len != 16:
            raise UapiError(uapi.EINVAL, f"HWPT_INVALIDATE: entries of {arg.entry_len} bytes")
        raw = self._from_user(arg.data_uptr, 16 * count)
        sids = {virt_id: device.sid for virt_id, device in viommu.devices.items()}
        ats = bool(self.smmu.idr0 & IDR0_ATS)
        commands: list[bytes] = []
        refused: UapiError | None = None
        for index in range(count):
            try:
                commands.append(host_command(raw[16 * index :][:16], viommu.vmid, sids, ats))
            except UapiError as error:
                refused = error
                break
        await self.smmu.forward(commands)
        arg.entry_num = len(commands)
        if refused is not None:
            raise refused

    # ---- VFIO's part --------------------------------------------------------------------
    def bind(self, sid: int) -> int:
        """VFIO_DEVICE_BIND_IOMMUFD; returns the device's object number."""
        return self._add(Device(sid))

    async def attach(self, dev_id: int, pt_id: int) -> None:
        """VFIO_DEVICE_ATTACH_IOMMUFD_PT, also from one table to another."""
        await self.plat.spend("host-ioctl")
        device = self._get(dev_id, Device, "ATTACH")
        table = self._objects.get(pt_id)
        if isinstance(table, Hwpt):
            device.domain = NestedDomain(self._alloc_vmid(), table.stage2, device.sid)
            await self.smmu.attach(device.domain)
        elif isinstance(table, NestedHwpt):
            await self._attach_nested(device, table)
        else:
            raise UapiError(uapi.EINVAL, f"ATTACH: object {pt_id} is no page table")
        device.attached = table

    async def _attach_nested(self, device: Device, table: NestedHwpt) -> None:
        viommu = table.viommu
        if device not in viommu.devices.values():
            raise UapiError(uapi.EINVAL, "ATTACH: the device has no vDEVICE")
        domain = NestedDomain(viommu.vmid, viommu.parent.stage2, device.sid)
        domain.handler = lambda fault: self._page_request(domain, device, table, fault)
        domain.raw_events = lambda raw: self._vevent(device, viommu, raw)
        device.domain = self.smmu.domains[device.sid] = domain
        ste = dict(table.ste)
        config = ste.pop("config") if ste.pop("v") else int(SteConfig.ABORT)
        if config == SteConfig.S1:
            await self.smmu.nest(domain, mev=1, **ste)
        elif config == SteConfig.BYPASS:
            await self.smmu.attach(domain)
        else:
            await self.smmu.abort_stream(device.sid)

    # ---- faults and events --------------------------------------------------------------
    async def _page_request(
        self, domain: NestedDomain, device: Device, table: NestedHwpt, fault: uapi.IommuFault
    ) -> None:
        queue = table.faults
        if queue is None:
            raise UapiError(uapi.EINVAL, "no fault queue")
        queue.given += 1
        queue.cookies[queue.given] = (domain, fault.grpid)
        dev_id = next(number for number, item in self._objects.items() if item is device)
        flags = fd.PGFAULT_LAST | (
            fd.PGFAULT_PASID_VALID if fault.flags & uapi.PRQ_PASID_VALID else 0
        )
        queue.queue.append(
            fd.PageFault(
                flags, dev_id, fault.pasid, fault.grpid, fault.perm, 0, fault.addr, 0, queue.given
            )
        )
        self.plat.counters["faults-relayed"] += 1
        self.smmu.timeline.hop(fault.grpid, "fault_queue")
        queue.readable.set()

    async def _vevent(self, device: Device, viommu: Viommu, raw: bytes) -> None:
        events = viommu.events
        if events is None:
            return
        virt_id = next(number for number, item in viommu.devices.items() if item is device)
        if len(events.queue) >= events.depth:
            events.lost = True
            events.sequence += 1
            return
        header = fd.VeventHeader(fd.VEVENT_LOST if events.lost else 0, events.sequence)
        events.queue.append(header.pack() + guest_event(raw, virt_id))
        events.sequence, events.lost = events.sequence + 1, False
        events.readable.set()

    async def respond(self, queue: FaultQueue, raw: bytes) -> None:
        """write() of a page response to the fault queue's descriptor."""
        await self.plat.spend("host-ioctl")
        response = fd.PageResponse.unpack(raw)
        self.plat.counters["bytes-copied"] += len(raw)
        if response.code not in (fd.RESPONSE_SUCCESS, fd.RESPONSE_INVALID):
            raise UapiError(uapi.EINVAL, f"page response: code {response.code}")
        if response.cookie not in queue.cookies:
            raise UapiError(uapi.EINVAL, f"page response: cookie {response.cookie}")
        domain, grpid = queue.cookies.pop(response.cookie)
        self.plat.counters["page-responses"] += 1
        await self.smmu.respond(domain.sid, grpid, response.code)
