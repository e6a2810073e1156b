# SPDX-License-Identifier: Apache-2.0
"""Page allocators: what a kernel asks for memory, and a guest's own allocator.

The host's is ``host.memory.HostMemory``; both give addresses of their kernel's level.
"""

from __future__ import annotations

import random
from typing import Protocol

from tb.models.audit import PAGE, AuditView


class PageAllocator(Protocol):
    """Memory of one kernel; owners are labels of the audit."""

    name: str  # prefix of the owner labels: "guest" or "host"
    ram: tuple[int, int]  # first address, and the one after the last

    def alloc_contiguous(self, size: int, owner: str, align: int = PAGE) -> int: ...

    def alloc_page(self, owner: str) -> int: ...

    def free_page(self, addr: int) -> None: ...


class GuestPages:
    """Guest RAM: contiguous allocations from the start, single pages shuffled over the rest."""

    name = "guest"

    def __init__(self, audit: AuditView, base: int, pages: int, rng: random.Random) -> None:
        self.audit = audit
        self.ram = (base, base + pages * PAGE)
        self._next = base
        self._split = base + pages * PAGE // 4
        self._free = list(range(self._split, self.ram[1], PAGE))
        rng.shuffle(self._free)

    def alloc_contiguous(self, size: int, owner: str, align: int = PAGE) -> int:
        """Contiguous guest physical memory (their host pages are scattered all the same)."""
        base = (self._next + align - 1) & ~(align - 1)
        self._next = base + (size + PAGE - 1) // PAGE * PAGE
        if self._next > self._split:
            raise MemoryError("guest: contiguous region exhausted")
        for ipa in range(base, self._next, PAGE):
            self.audit.own(ipa, owner)
        return base

    def alloc_page(self, owner: str) -> int:
        """One guest physical page; contents are whatever the last owner left."""
        if not self._free:
            raise MemoryError("guest: out of memory")
        ipa = self._free.pop()
        self.audit.own(ipa, owner)
        return ipa

    def free_page(self, addr: int) -> None:
        """Give a page back; it is used again as late as possible."""
        self.audit.own(addr, "guest:free")
        self._free.insert(0, addr)
