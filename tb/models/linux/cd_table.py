# SPDX-License-Identifier: Apache-2.0
"""Two-level context descriptor tables in a kernel's memory, and the CD of a shared address space.

Whoever invalidates is told by a callback: the SMMU driver with commands, the virtio IOMMU driver
with requests.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tb.models.arm_smmu_v3 import SmmuIo, replace_entry
from tb.models.fields import CD, L1CD

CD_BYTES = 64
LEAF_BITS = 10  # 1024 CDs in a 64 KB leaf (S1Fmt 2)
MAIR0, MAIR1 = 0x0044_FFFF, 0x0000_0004  # normal WB, WB tagged, NC, nGnRnE; nGnRE

# (StreamID, SubstreamID, leaf entry only, access path of the caller)
Invalidate = Callable[[int, int, bool, SmmuIo], Awaitable[None]]


class CdTables:
    """The tables of all streams of one driver."""

    def __init__(self, invalidate: Invalidate) -> None:
        self._invalidate = invalidate
        self._roots: dict[int, int] = {}  # StreamID -> L1CD table
        self._leaves: dict[tuple[int, int], int] = {}

    def add(self, sid: int, ssid_bits: int, io: SmmuIo) -> int:
        """Allocate the first level for a stream; returns its address."""
        size = 8 << max(ssid_bits - LEAF_BITS, 0)
        self._roots[sid] = table = io.alloc(size, size, "cdtable")
        return table

    def __contains__(self, sid: int) -> bool:
        return sid in self._roots

    def root(self, sid: int) -> int:
        """Address of a stream's first level."""
        return self._roots[sid]

    async def _address(self, sid: int, ssid: int, io: SmmuIo) -> int:
        index = ssid >> LEAF_BITS
        if (sid, index) not in self._leaves:
            size = CD_BYTES << LEAF_BITS
            leaf = io.alloc(size, size, "cdtable-leaf")
            self._leaves[sid, index] = leaf
            io.store(self._roots[sid] + 8 * index, L1CD.pack(v=1, l2ptr=leaf))
            await self._invalidate(sid, ssid, False, io)
        return self._leaves[sid, index] + (ssid & ((1 << LEAF_BITS) - 1)) * CD_BYTES

    async def write(self, sid: int, ssid: int, io: SmmuIo, **fields: int) -> None:
        """Write one context descriptor; no fields at all clears it."""
        addr = await self._address(sid, ssid, io)
        image = CD.pack(**fields)
        await replace_entry(io, addr, image, lambda: self._invalidate(sid, ssid, True, io))


def sva_cd(pgd: int, asid: int) -> dict[str, int]:
    """Fields of a CD that shares a process page table (facts 7.5)."""
    return {
        "v": 1,
        "t0sz": 16,
        "tg0": 0,
        "ir0": 1,
        "or0": 1,
        "sh0": 3,
        "epd1": 1,
        "ips": 4,
        "aa64": 1,
        "s": 1,
        "r": 1,
        "a": 1,
        "aset": 0,  # the ASID is shared with the CPU
        "asid": asid,
        "ttb0": pgd,
        "mair0": MAIR0,
        "mair1": MAIR1,
    }
