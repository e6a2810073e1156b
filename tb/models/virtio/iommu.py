# SPDX-License-Identifier: Apache-2.0
"""Layouts of the virtio IOMMU device: configuration, requests, properties, events.

Standard: device 23, features 0 to 6, request types 1 to 5 (facts 9.1).  Proposed in 2021 and
never merged: request types 6 to 8, PROBE properties 2 to 7, the 48-byte event (facts 9.2).  Ours:

* the feature bit of the proposal, because its bit 6 means BYPASS_CONFIG by now;
* fault reasons of the proposal are used for the device's own faults only where it names them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

DEVICE_ID = 23
VQ_REQUEST, VQ_EVENT = 0, 1


class Feature(IntFlag):
    """Feature bits; ATTACH_TABLE is a bit of our own choice."""

    INPUT_RANGE = 1 << 0
    DOMAIN_RANGE = 1 << 1
    MAP_UNMAP = 1 << 2
    BYPASS = 1 << 3
    PROBE = 1 << 4
    MMIO = 1 << 5
    BYPASS_CONFIG = 1 << 6
    ATTACH_TABLE = 1 << 56


class Type(IntEnum):
    """Request types."""

    ATTACH = 1
    DETACH = 2
    MAP = 3
    UNMAP = 4
    PROBE = 5
    ATTACH_TABLE = 6
    INVALIDATE = 7
    PAGE_RESP = 8


class Status(IntEnum):
    """Request status in the tail."""

    OK = 0
    IOERR = 1
    UNSUPP = 2
    DEVERR = 3
    INVAL = 4
    RANGE = 5
    NOENT = 6
    FAULT = 7
    NOMEM = 8


class MapFlag(IntFlag):
    """Flags of MAP."""

    READ = 1
    WRITE = 2
    MMIO = 4


ATTACH_BYPASS = 1
TAIL_BYTES = 4


@dataclass(frozen=True)
class Config:
    """Configuration space, 40 bytes."""

    page_size_mask: int = ~0xFFF & (1 << 64) - 1
    input_start: int = 0
    input_end: int = (1 << 39) - 1
    domain_start: int = 0
    domain_end: int = 0xFFFF
    probe_size: int = 512
    bypass: int = 0
    FORMAT = struct.Struct("<QQQIIIB3x")

    def pack(self) -> bytes:
        return self.FORMAT.pack(
            self.page_size_mask, self.input_start, self.input_end, self.domain_start,
            self.domain_end, self.probe_size, self.bypass,
        )  # fmt: skip

    @classmethod
    def unpack(cls, raw: bytes) -> Config:
        return cls(*cls.FORMAT.unpack(raw))


@dataclass(frozen=True)
class Request:
    """One request without its tail: ``fields`` by the names of :data:`REQUESTS`."""

    type: Type
    fields: dict[str, int] = field(default_factory=dict)

    def pack(self) -> bytes:
        """Device-readable part; names that are not given are zero."""
        form, names = REQUESTS[self.type]
        unknown = set(self.fields) - set(names)
        if unknown:
            raise ValueError(f"{self.type.name} has no {', '.join(sorted(unknown))}")
        return form.pack(int(self.type), *(self.fields.get(name, 0) for name in names))

    @classmethod
    def unpack(cls, raw: bytes) -> Request:
        """From at least as many bytes as the type has; ValueError for fewer, or a bad type."""
        kind = Type(raw[0])
        form, names = REQUESTS[kind]
        if len(raw) < form.size:
            raise ValueError(f"{kind.name} of {len(raw)} bytes")
        return cls(kind, dict(zip(names, form.unpack(raw[: form.size])[1:], strict=True)))

    def __getattr__(self, name: str) -> int:
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(name) from None


# type: (layout from the first byte on, names of what follows the type byte)
REQUESTS: dict[Type, tuple[struct.Struct, tuple[str, ...]]] = {
    Type.ATTACH: (struct.Struct("<B3xIIII"), ("domain", "endpoint", "flags", "reserved")),
    Type.DETACH: (struct.Struct("<B3xIIQ"), ("domain", "endpoint", "reserved")),
    Type.MAP: (
        struct.Struct("<B3xIQQQI"),
        ("domain", "virt_start", "virt_end", "phys_start", "flags"),
    ),
    Type.UNMAP: (struct.Struct("<B3xIQQI"), ("domain", "virt_start", "virt_end", "reserved")),
    Type.PROBE: (struct.Struct("<B3xI64x"), ("endpoint",)),
    # the SMMUv3 PASID table variant of the proposal, up to byte 75
    Type.ATTACH_TABLE: (
        struct.Struct("<B3xIIHBBQI48x"),
        ("domain", "endpoint", "format", "s1fmt", "s1dss", "s1contextptr", "s1cdmax"),
    ),
    Type.INVALIDATE: (
        struct.Struct("<B3xHHH2xII4xQQQB11x"),
        ("inv_gran", "inv_type", "flags", "domain", "pasid", "archid", "virt_start",
         "nr_pages", "granule"),
    ),
    Type.PAGE_RESP: (
        struct.Struct("<B3xIIIIIHB9x"),
        ("domain", "endpoint", "flags", "pasid", "grpid", "resp_code", "pasid_valid"),
    ),
}  # fmt: skip

# fields of the proposal
FORMAT_LPAE, FORMAT_SMMUV3 = 1, 2
INV_DOMAIN, INV_PASID, INV_VA = 1, 2, 4
INV_IOTLB, INV_DEV_IOTLB, INV_CACHE_PASID = 1, 2, 4
INV_FLAG_PASID, INV_FLAG_ARCHID, INV_FLAG_LEAF = 1, 2, 4
RESP_PASID_VALID = 1


class Property(IntEnum):
    """PROBE property types; 2 to 7 are proposed."""

    END = 0
    RESV_MEM = 1
    PAGE_SIZE_MASK = 2
    INPUT_RANGE = 3
    OUTPUT_SIZE = 4
    PASID_SIZE = 5
    PAGE_TABLE_FMT = 6
    PASID_TABLE_FMT = 7


RESV_RESERVED, RESV_MSI = 0, 1
_PROPERTIES = {
    Property.RESV_MEM: struct.Struct("<B3xQQ"),  # subtype, start, end
    Property.PAGE_SIZE_MASK: struct.Struct("<4xQ"),
    Property.INPUT_RANGE: struct.Struct("<4xQQ"),
    Property.OUTPUT_SIZE: struct.Struct("<B3x"),
    Property.PASID_SIZE: struct.Struct("<B3x"),
    Property.PAGE_TABLE_FMT: struct.Struct("<HHI4x"),  # format, ASID bits, flags
    Property.PASID_TABLE_FMT: struct.Struct("<HHI4x"),
}


def pack_properties(items: list[tuple[Property, tuple[int, ...]]], size: int) -> bytes:
    """PROBE answer of ``size`` bytes, ended by a zero type; ValueError when it does not fit."""
    raw = b"".join(
        struct.pack("<HH", kind, _PROPERTIES[kind].size) + _PROPERTIES[kind].pack(*values)
        for kind, values in items
    )
    if len(raw) > size:
        raise ValueError(f"{len(raw)} bytes of properties, probe_size is {size}")
    return raw.ljust(size, b"\0")


def unpack_properties(raw: bytes) -> list[tuple[Property, tuple[int, ...]]]:
    """Properties up to the end mark; types nobody knows are skipped by their length."""
    found, at = [], 0
    while at + 4 <= len(raw):
        kind, length = struct.unpack_from("<HH", raw, at)
        kind &= 0xFFF
        if kind == Property.END:
            break
        if kind in _PROPERTIES:
            found.append((Property(kind), _PROPERTIES[Property(kind)].unpack_from(raw, at + 4)))
        at += 4 + length
    return found


class Reason(IntEnum):
    """Fault reasons; 3 to 7 are proposed."""

    UNKNOWN = 0
    DOMAIN = 1
    MAPPING = 2
    WALK_EABT = 3
    PTE_FETCH = 4
    PERMISSION = 5
    ACCESS = 6
    OOR_ADDRESS = 7


class FaultFlag(IntFlag):
    """Access and validity bits of an event; PRIV is proposed."""

    READ = 1
    WRITE = 2
    EXEC = 4
    PRIV = 8
    ADDRESS = 256


@dataclass(frozen=True)
class FaultEvent:
    """The standard event, 24 bytes."""

    reason: Reason
    flags: FaultFlag
    endpoint: int
    address: int
    FORMAT = struct.Struct("<B3xII4xQ")

    def pack(self) -> bytes:
        return self.FORMAT.pack(self.reason, self.flags, self.endpoint, self.address)

    @classmethod
    def unpack(cls, raw: bytes) -> FaultEvent:
        reason, flags, endpoint, address = cls.FORMAT.unpack(raw[: cls.FORMAT.size])
        return cls(Reason(reason), FaultFlag(flags), endpoint, address)


FAULT_UNRECOVERABLE, FAULT_PAGE_REQUEST = 1, 2
PRQ_PASID_VALID, PRQ_LAST = 1, 2
UNRECOV_PASID, UNRECOV_ADDR = 1, 2


@dataclass(frozen=True)
class TableEvent:
    """The proposed event of April 2021, 48 bytes: what ATTACH_TABLE endpoints report."""

    reason: Reason
    kind: int  # FAULT_UNRECOVERABLE or FAULT_PAGE_REQUEST
    flags: FaultFlag
    validity: int
    endpoint: int
    pasid: int
    grpid: int
    address: int
    FORMAT = struct.Struct("<B3xH2xIIIII4xQ8x")

    def pack(self) -> bytes:
        return self.FORMAT.pack(
            self.reason, self.kind, self.flags, self.validity, self.endpoint, self.pasid,
            self.grpid, self.address,
        )  # fmt: skip

    @classmethod
    def unpack(cls, raw: bytes) -> TableEvent:
        reason, kind, flags, *rest = cls.FORMAT.unpack(raw[: cls.FORMAT.size])
        return cls(Reason(reason), kind, FaultFlag(flags), *rest)
