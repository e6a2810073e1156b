# SPDX-License-Identifier: Apache-2.0
"""Byte layouts and numbers of the iommufd uapi (facts 8.8); behaviour is in ``iommufd.py``.

Every argument starts with its size; reserved words must be zero.  Fields of a class stand in the
order of the structure, so that packing is the same for all.
"""

from __future__ import annotations

import struct
from dataclasses import astuple, dataclass
from typing import ClassVar, Self

from tb.models.host.uapi import EINVAL, UapiError

ENOENT, EIO, EFAULT, EBUSY, EOPNOTSUPP = 2, 5, 14, 16, 95

# VFIO's part: the device joins an iommufd and is attached to one of its page tables
VFIO_DEVICE_BIND_IOMMUFD, VFIO_DEVICE_ATTACH_IOMMUFD_PT = 118, 119

ALLOC_NEST_PARENT, FAULT_ID_VALID = 1 << 0, 1 << 2
HWPT_DATA_NONE, HWPT_DATA_ARM_SMMUV3 = 0, 2
HW_INFO_ARM_SMMUV3 = 2
VIOMMU_ARM_SMMUV3 = 1
VEVENTQ_ARM_SMMUV3 = 1
INVALIDATE_ARM_SMMUV3 = 1
MAP_FIXED, MAP_WRITE, MAP_READ = 1, 2, 4
PGFAULT_PASID_VALID, PGFAULT_LAST = 1, 2
VEVENT_LOST = 1
RESPONSE_SUCCESS, RESPONSE_INVALID = 0, 1


@dataclass
class Argument:
    """Argument of one ioctl: ``size`` in front, then the fields of the class."""

    NUMBER: ClassVar[int]
    FORMAT: ClassVar[struct.Struct]

    def pack(self) -> bytes:
        """The structure as user space writes it."""
        return self.FORMAT.pack(self.FORMAT.size, *astuple(self))

    @classmethod
    def unpack(cls, raw: bytes) -> Self:
        """UapiError: EINVAL for a wrong size, EOPNOTSUPP for a reserved word that is set."""
        if len(raw) != cls.FORMAT.size or int.from_bytes(raw[:4], "little") != len(raw):
            raise UapiError(EINVAL, f"{cls.__name__}: size")
        argument = cls(*cls.FORMAT.unpack(raw)[1:])
        if any(value for name, value in vars(argument).items() if name.startswith("reserved")):
            raise UapiError(EOPNOTSUPP, f"{cls.__name__}: reserved word set")
        return argument


@dataclass
class Destroy(Argument):
    """Drop an object that nothing uses."""

    id: int = 0
    NUMBER: ClassVar[int] = 0x80
    FORMAT: ClassVar[struct.Struct] = struct.Struct("<II")


@dataclass
class IoasAlloc(Argument):
    """An address space of user memory."""

    flags: int = 0
    out_ioas_id: int = 0
    NUMBER: ClassVar[int] = 0x81
    FORMAT: ClassVar[struct.Struct] = struct.Struct("<III")


@dataclass
class IoasMap(Argument):
    """Pin user memory and map it at an IOVA."""

    flags: int = 0
    ioas_id: int = 0
    reserved: int = 0
    user_va: int = 0
    length: int = 0
    iova: int = 0
    NUMBER: ClassVar[int] = 0x85
    FORMAT: ClassVar[struct.Struct] = struct.Struct("<IIIIQQQ")


@dataclass
class HwptAlloc(Argument):
    """A page table for the hardware: a nest parent, or the guest's stage 1 on one."""

    flags: int = 0
    dev_id: int = 0
    pt_id: int = 0
    out_hwpt_id: int = 0
    reserved: int = 0
    data_type: int = 0
    data_len: int = 0
    data_uptr: int = 0
    fault_id: int = 0
    reserved2: int = 0
    NUMBER: ClassVar[int] = 0x89
    FORMAT: ClassVar[struct.Struct] = struct.Struct("<IIIIIIIIQII")


@dataclass
class GetHwInfo(Argument):
    """What the IOMMU of a device can do."""

    flags: int = 0
    dev_id: int = 0
    data_len: int = 0
    data_uptr: int = 0
    out_data_type: int = 0
    out_max_pasid_log2: int = 0
    out_capabilities: int = 0
    NUMBER: ClassVar[int] = 0x8A
    FORMAT: ClassVar[struct.Struct] = struct.Struct("<IIIIQIB3xQ")


@dataclass
class HwptInvalidate(Argument):
    """Guest commands, 16 bytes each."""

    hwpt_id: int = 0  # a vIOMMU for the SMMUv3
    data_uptr: int = 0
    data_type: int = 0
    entry_len: int = 0
    entry_num: int = 0  # back: how many were handled
    reserved: int = 0
    NUMBER: ClassVar[int] = 0x8D
    FORMAT: ClassVar[struct.Struct] = struct.Struct("<IIQIIII")


@dataclass
class FaultQueueAlloc(Argument):
    """A queue of page requests and their responses."""

    flags: int = 0
    out_fault_id: int = 0
    out_fault_fd: int = 0
    NUMBER: ClassVar[int] = 0x8E
    FORMAT: ClassVar[struct.Struct] = struct.Struct("<IIII")


@dataclass
class ViommuAlloc(Argument):
    """A slice of the physical IOMMU for one VM."""

    flags: int = 0
    type: int = 0
    dev_id: int = 0
    hwpt_id: int = 0
    out_viommu_id: int = 0
    data_len: int = 0
    reserved: int = 0
    data_uptr: int = 0
    NUMBER: ClassVar[int] = 0x90
    FORMAT: ClassVar[struct.Struct] = struct.Struct("<IIIIIIIIQ")


@dataclass
class VdeviceAlloc(Argument):
    """Ties the StreamID that the guest knows to a device."""

    viommu_id: int = 0
    dev_id: int = 0
    out_vdevice_id: int = 0
    virt_id: int = 0
    NUMBER: ClassVar[int] = 0x91
    FORMAT: ClassVar[struct.Struct] = struct.Struct("<IIIIQ")


@dataclass
class VeventqAlloc(Argument):
    """A queue of events that are no page requests."""

    flags: int = 0
    viommu_id: int = 0
    type: int = 0
    depth: int = 0
    out_veventq_id: int = 0
    out_veventq_fd: int = 0
    reserved: int = 0
    NUMBER: ClassVar[int] = 0x93
    FORMAT: ClassVar[struct.Struct] = struct.Struct("<IIIIIIII")


# ---- data behind the pointers, and what is read from and written to the queues ---------------
@dataclass
class Blob:
    """A structure without a size in front."""

    FORMAT: ClassVar[struct.Struct]

    def pack(self) -> bytes:
        return self.FORMAT.pack(*astuple(self))

    @classmethod
    def unpack(cls, raw: bytes) -> Self:
        """UapiError EINVAL for a wrong length."""
        if len(raw) != cls.FORMAT.size:
            raise UapiError(EINVAL, f"{cls.__name__}: length {len(raw)}")
        return cls(*cls.FORMAT.unpack(raw))


@dataclass
class VirtualSte(Blob):
    """Words 0 and 1 of the guest's STE."""

    word0: int = 0
    word1: int = 0
    FORMAT: ClassVar[struct.Struct] = struct.Struct("<QQ")


@dataclass
class SmmuInfo(Blob):
    """ID registers of the physical SMMU."""

    flags: int = 0
    reserved: int = 0
    idr0: int = 0
    idr1: int = 0
    idr2: int = 0
    idr3: int = 0
    idr4: int = 0
    idr5: int = 0
    iidr: int = 0
    aidr: int = 0
    FORMAT: ClassVar[struct.Struct] = struct.Struct("<10I")


@dataclass
class PageFault(Blob):
    """One page request, read from the fault queue."""

    flags: int = 0
    dev_id: int = 0
    pasid: int = 0
    grpid: int = 0
    perm: int = 0
    reserved: int = 0
    addr: int = 0
    length: int = 0
    cookie: int = 0
    FORMAT: ClassVar[struct.Struct] = struct.Struct("<IIIIIIQII")


@dataclass
class PageResponse(Blob):
    """The answer, written to the fault queue."""

    cookie: int = 0
    code: int = 0
    FORMAT: ClassVar[struct.Struct] = struct.Struct("<II")


@dataclass
class VeventHeader(Blob):
    """In front of every event read from a vEVENTQ; alone where events were lost."""

    flags: int = 0
    sequence: int = 0
    FORMAT: ClassVar[struct.Struct] = struct.Struct("<II")
