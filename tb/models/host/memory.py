# SPDX-License-Identifier: Apache-2.0
"""Host physical pages: allocation, and the kernel's own view of memory.

Two regions.  Contiguous allocations (queues, stream table) come from the start of RAM, single
pages from all over the rest in seeded random order.  The first region deliberately covers the
guest's physical address range: an address that misses its stage-2 step lands in host kernel
data, where the audit sees it.
"""

from __future__ import annotations

import random

from tb.models.audit import PAGE, Audit
from tb.models.platform import MemoryLike


class HostMemory:
    """Page allocator (linux.pages.PageAllocator) and accessors of the host kernel."""

    name = "host"

    RAM_BASE = 0x4000_0000
    CONTIG_END = 0x4800_0000
    RAM_END = 0x8000_0000

    def __init__(self, memory: MemoryLike, audit: Audit, rng: random.Random) -> None:
        self.ram = (self.RAM_BASE, self.RAM_END)
        self._memory = memory
        self.audit = audit
        self._rng = rng
        self._next = self.RAM_BASE
        self._used: set[int] = set()

    # ---- allocation ---------------------------------------------------------------------
    def alloc_contiguous(self, size: int, owner: str, align: int = PAGE) -> int:
        """Reserve ``size`` bytes at an ``align``-aligned address, whole pages, zeroed."""
        base = (self._next + align - 1) & ~(align - 1)
        pages = (size + PAGE - 1) // PAGE
        self._next = base + pages * PAGE
        if self._next > self.CONTIG_END:
            raise MemoryError("contiguous region exhausted")
        self.audit.own(base, owner, pages)
        return base

    def alloc_page(self, owner: str) -> int:
        """Reserve one page anywhere in the scattered region."""
        first, last = self.CONTIG_END // PAGE, self.RAM_END // PAGE - 1
        while True:
            ppn = self._rng.randint(first, last)
            if ppn not in self._used:
                break
        self._used.add(ppn)
        self.audit.own(ppn * PAGE, owner)
        return ppn * PAGE

    def free_page(self, addr: int) -> None:
        """Give a page back to the scattered region."""
        self._used.remove(addr // PAGE)
        self.audit.own(addr, "host:free")

    # ---- access -------------------------------------------------------------------------
    def read(self, pa: int, n: int) -> bytes:
        """Kernel load; a bus error is a bug of the model."""
        data, ok = self._memory.read(pa, n, who="host")
        if not ok:
            raise RuntimeError(f"host kernel: external abort reading 0x{pa:x}")
        return bytes(data)

    def write(self, pa: int, data: bytes) -> None:
        """Kernel store."""
        if not self._memory.write(pa, data, who="host"):
            raise RuntimeError(f"host kernel: external abort writing 0x{pa:x}")

    def read32(self, pa: int) -> int:
        return int.from_bytes(self.read(pa, 4), "little")

    def write32(self, pa: int, value: int) -> None:
        self.write(pa, value.to_bytes(4, "little"))

    def read64(self, pa: int) -> int:
        return int.from_bytes(self.read(pa, 8), "little")

    def write64(self, pa: int, value: int) -> None:
        self.write(pa, value.to_bytes(8, "little"))
