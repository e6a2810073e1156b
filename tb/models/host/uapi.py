# SPDX-License-Identifier: Apache-2.0
"""Byte layouts of the VFIO nesting uapi of 2020 (facts section 8), as the tree v5.6 used them.

Only layouts and numbers; behaviour is in ``vfio.py``.  Every structure crosses the ioctl or the
region as bytes, so both sides meet only here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

VFIO_BASE = 100
TYPE1_NESTING_IOMMU = 6
IOMMU_MAP_DMA = VFIO_BASE + 13
IOMMU_UNMAP_DMA = VFIO_BASE + 14
IOMMU_SET_PASID_TABLE = VFIO_BASE + 22
IOMMU_CACHE_INVALIDATE = VFIO_BASE + 23
IOMMU_SET_MSI_BINDING = VFIO_BASE + 24
REGION_TYPE_NESTED = 2
REGION_SUBTYPE_DMA_FAULT = 1
REGION_SUBTYPE_DMA_FAULT_RESPONSE = 2
IRQ_SUBTYPE_DMA_FAULT = 1

EINVAL, ENOENT, EEXIST, ENOSPC, ENOTTY = 22, 2, 17, 28, 25

PASID_CONFIG_TRANSLATE, PASID_CONFIG_BYPASS, PASID_CONFIG_ABORT = 1, 2, 3
PASID_TABLE_SET, PASID_TABLE_UNSET = 1, 2
FORMAT_SMMUV3 = 1

CACHE_IOTLB, CACHE_DEV_IOTLB, CACHE_PASID = 1, 2, 4
GRANU_DOMAIN, GRANU_PASID, GRANU_ADDR = 0, 1, 2
INV_PASID, INV_ARCHID, INV_LEAF = 1, 2, 4

FAULT_UNRECOVERABLE, FAULT_PAGE_REQUEST = 1, 2
PERM_READ, PERM_WRITE, PERM_EXEC, PERM_PRIV = 1, 2, 4, 8
PRQ_PASID_VALID, PRQ_LAST, PRQ_PRIV_DATA = 1, 2, 4
UNRECOV_PASID, UNRECOV_ADDR, UNRECOV_FETCH = 1, 2, 4
(
    REASON_UNKNOWN,
    REASON_PASID_FETCH,
    REASON_BAD_PASID_ENTRY,
    REASON_PASID_INVALID,
    REASON_WALK_EABT,
    REASON_PTE_FETCH,
    REASON_PERMISSION,
    REASON_ACCESS,
    REASON_OOR_ADDRESS,
) = range(9)

RESP_SUCCESS, RESP_INVALID, RESP_FAILURE = 0, 1, 2


class UapiError(OSError):
    """An ioctl or region access that failed with ``errno``."""

    def __init__(self, errno: int, why: str) -> None:
        super().__init__(errno, why)


@dataclass
class DmaMap:
    """VFIO_IOMMU_MAP_DMA: {argsz, flags, vaddr, iova, size}."""

    vaddr: int
    iova: int
    size: int
    flags: int = 3  # read, write
    FORMAT = struct.Struct("<IIQQQ")

    def pack(self) -> bytes:
        return self.FORMAT.pack(self.FORMAT.size, self.flags, self.vaddr, self.iova, self.size)

    @classmethod
    def unpack(cls, raw: bytes) -> DmaMap:
        _, flags, vaddr, iova, size = cls.FORMAT.unpack(raw)
        return cls(vaddr, iova, size, flags)


@dataclass
class DmaUnmap:
    """VFIO_IOMMU_UNMAP_DMA: {argsz, flags, iova, size}."""

    iova: int
    size: int
    flags: int = 0
    FORMAT = struct.Struct("<IIQQ")

    def pack(self) -> bytes:
        return self.FORMAT.pack(self.FORMAT.size, self.flags, self.iova, self.size)

    @classmethod
    def unpack(cls, raw: bytes) -> DmaUnmap:
        _, flags, iova, size = cls.FORMAT.unpack(raw)
        return cls(iova, size, flags)


@dataclass
class PasidTable:
    """VFIO_IOMMU_SET_PASID_TABLE, 40 bytes (facts 8.2)."""

    flags: int = PASID_TABLE_SET
    config: int = PASID_CONFIG_ABORT
    base_ptr: int = 0
    pasid_bits: int = 0
    s1fmt: int = 0
    s1dss: int = 0
    FORMAT = struct.Struct("<IIIIQBB6xIBB2x")

    def pack(self) -> bytes:
        return self.FORMAT.pack(
            self.FORMAT.size,
            self.flags,
            1,
            FORMAT_SMMUV3,
            self.base_ptr,
            self.pasid_bits,
            self.config,
            1,
            self.s1fmt,
            self.s1dss,
        )

    @classmethod
    def unpack(cls, raw: bytes) -> PasidTable:
        argsz, flags, ver, fmt, base, bits, config, sver, s1fmt, s1dss = cls.FORMAT.unpack(raw)
        if argsz < cls.FORMAT.size or (ver, fmt, sver) != (1, FORMAT_SMMUV3, 1):
            raise UapiError(EINVAL, "SET_PASID_TABLE: size, version or format")
        return cls(flags, config, base, bits, s1fmt, s1dss)


@dataclass
class CacheInvalidate:
    """VFIO_IOMMU_CACHE_INVALIDATE: header plus the wider of the two unions (facts 8.3)."""

    cache: int
    granularity: int
    flags: int = 0
    archid: int = 0
    pasid: int = 0
    addr: int = 0
    granule_size: int = 0
    nb_granules: int = 0
    FORMAT = struct.Struct("<IIIBB2xIIQQQQ")

    def pack(self) -> bytes:
        return self.FORMAT.pack(
            self.FORMAT.size,
            0,
            1,
            self.cache,
            self.granularity,
            self.flags,
            self.archid,
            self.pasid,
            self.addr,
            self.granule_size,
            self.nb_granules,
        )

    @classmethod
    def unpack(cls, raw: bytes) -> CacheInvalidate:
        argsz, _, version, *rest = cls.FORMAT.unpack(raw)
        if argsz < cls.FORMAT.size or version != 1:
            raise UapiError(EINVAL, "CACHE_INVALIDATE: size or version")
        return cls(*rest)


@dataclass
class MsiBinding:
    """VFIO_IOMMU_SET_MSI_BINDING: {argsz, flags, iova, gpa, size} (facts 8.4)."""

    iova: int
    gpa: int
    size: int
    flags: int = 1
    FORMAT = struct.Struct("<IIQQQ")

    def pack(self) -> bytes:
        return self.FORMAT.pack(self.FORMAT.size, self.flags, self.iova, self.gpa, self.size)

    @classmethod
    def unpack(cls, raw: bytes) -> MsiBinding:
        _, flags, iova, gpa, size = cls.FORMAT.unpack(raw)
        return cls(iova, gpa, size, flags)


@dataclass
class IommuFault:
    """struct iommu_fault, 64 bytes; one class for both union arms (facts 8.5)."""

    type: int
    flags: int = 0
    pasid: int = 0
    addr: int = 0
    perm: int = 0
    grpid: int = 0  # page request
    reason: int = 0  # unrecoverable
    fetch_addr: int = 0  # unrecoverable
    private: int = 0  # page request: private_data[0]
    SIZE = 64
    _UNRECOV = struct.Struct("<IIIIIIQQ24x")
    _REQUEST = struct.Struct("<IIIIIIQQQ16x")

    def pack(self) -> bytes:
        if self.type == FAULT_PAGE_REQUEST:
            return self._REQUEST.pack(
                self.type,
                0,
                self.flags,
                self.pasid,
                self.grpid,
                self.perm,
                self.addr,
                self.private,
                0,
            )
        return self._UNRECOV.pack(
            self.type,
            0,
            self.reason,
            self.flags,
            self.pasid,
            self.perm,
            self.addr,
            self.fetch_addr,
        )

    @classmethod
    def unpack(cls, raw: bytes) -> IommuFault:
        if raw[0] == FAULT_PAGE_REQUEST:
            _, _, flags, pasid, grpid, perm, addr, private, _ = cls._REQUEST.unpack(raw)
            return cls(FAULT_PAGE_REQUEST, flags, pasid, addr, perm, grpid, private=private)
        _, _, reason, flags, pasid, perm, addr, fetch = cls._UNRECOV.unpack(raw)
        return cls(FAULT_UNRECOVERABLE, flags, pasid, addr, perm, 0, reason, fetch)


@dataclass
class PageResponse:
    """struct iommu_page_response, 20 bytes in a 24-byte slot (facts 8.6)."""

    pasid: int
    grpid: int
    code: int
    flags: int = PRQ_PASID_VALID
    SIZE = 24
    FORMAT = struct.Struct("<IIIII4x")

    def pack(self) -> bytes:
        return self.FORMAT.pack(1, self.flags, self.pasid, self.grpid, self.code)

    @classmethod
    def unpack(cls, raw: bytes) -> PageResponse:
        version, flags, pasid, grpid, code = cls.FORMAT.unpack(raw)
        if version != 1:
            raise UapiError(EINVAL, "page response: version")
        return cls(pasid, grpid, code, flags)
