# SPDX-License-Identifier: Apache-2.0
"""A Linux kernel: boot, pages, TLB maintenance; the same code for the host and for a guest.

Kernel code reaches memory through a CPU's EL1 linear map; on a virtual CPU every kernel load and
store takes stage 2 of the machine model too.
"""

from __future__ import annotations

from typing import Protocol

from tb.models.audit import PAGE, AuditView
from tb.models.cpu import Cpu
from tb.models.linux.pages import PageAllocator
from tb.models.maintenance import Message
from tb.models.platform import Platform

BLOCK = 2 << 20
LINEAR_ATTR = (3 << 8) | (1 << 10) | 0b01  # inner shareable, AF, block; EL1 read/write, global
XN = 0b11 << 53
# pages from which on Linux invalidates the ASID instead (its CPUs have no TLBI by range here)
MAX_DVM_OPS = 512


class Interconnect(Protocol):
    """Where broadcast maintenance of the CPUs goes."""

    def post(self, message: Message) -> None:
        """Send one message, in order."""

    async def complete(self) -> None:
        """Return when every Sync posted so far has completed at all listeners."""


class Kernel:
    """One Linux: of the host on its CPUs, or of a guest on its virtual CPUs."""

    def __init__(
        self,
        plat: Platform,
        cpus: list[Cpu],
        pages: PageAllocator,
        audit: AuditView,
        interconnect: Interconnect | None = None,
    ) -> None:
        self.plat = plat
        self.cpus = cpus
        self.pages = pages
        self.name = pages.name
        self.audit = audit
        self.anon_refs: dict[int, int] = {}  # anonymous page -> address spaces that map it
        self.memory_used = plat.event(f"{self.name}-memory-used")  # an anonymous page was taken
        self.swap: dict[int, bytes] = {}
        self._slots = 0
        self._interconnect = interconnect
        if interconnect is not None:
            for cpu in cpus:
                cpu.broadcast.append(interconnect.post)

    # ---- boot ---------------------------------------------------------------------------
    def boot(self) -> None:
        """Build the linear map with the MMU off and switch it on."""
        cpu = self.cpus[0]
        base, end = self.pages.ram
        l0, l1, l2 = (self._boot_page(cpu) for _ in range(3))
        index = [(base >> shift) & 0x1FF for shift in (39, 30)]
        cpu.store_physical(l0 + 8 * index[0], (l1 | 0b11).to_bytes(8, "little"))
        cpu.store_physical(l1 + 8 * index[1], (l2 | 0b11).to_bytes(8, "little"))
        for block in range(base & ~(BLOCK - 1), end, BLOCK):
            desc = block | LINEAR_ATTR | XN
            cpu.store_physical(l2 + 8 * ((block >> 21) & 0x1FF), desc.to_bytes(8, "little"))
        for each in self.cpus:
            each.ttbr1 = l0

    def _boot_page(self, cpu: Cpu) -> int:
        page = self.pages.alloc_contiguous(PAGE, f"{self.name}:kernel-pgtable")
        cpu.store_physical(page, bytes(PAGE))
        return page

    # ---- pages --------------------------------------------------------------------------
    def alloc_page(self, owner: str) -> int:
        """One page; ``owner`` without a colon is a table or the like of this kernel."""
        return self.pages.alloc_page(owner if ":" in owner else f"{self.name}:{owner}")

    def alloc_zeroed(self, size: int, what: str, align: int = PAGE) -> int:
        """Contiguous memory of this kernel for a device, whole pages, zeroed."""
        base = self.pages.alloc_contiguous(size, f"{self.name}:{what}", align)
        self.cpus[0].kwrite(base, bytes((size + PAGE - 1) // PAGE * PAGE))
        return base

    def free_page(self, addr: int) -> None:
        """Give a page back; poisoned, so that stale use of its contents shows."""
        self.cpus[0].kwrite(addr, b"\xde\xad\xbe\xef" * (PAGE // 4))
        self.pages.free_page(addr)

    def swap_out(self, data: bytes) -> int:
        """Keep a page's contents in a slot of the swap device; returns its number, never 0."""
        self._slots += 1
        self.swap[self._slots] = data
        return self._slots

    def page_cache(self, data: bytes) -> list[int]:
        """File contents in pages of their own, for private mappings."""
        pages = []
        for at in range(0, len(data), PAGE):
            page = self.alloc_page("pagecache")
            self.cpus[0].kwrite(page, data[at : at + PAGE])
            pages.append(page)
        return pages

    # ---- TLB maintenance ----------------------------------------------------------------
    async def tlbi_va(self, cpu: Cpu, asid: int, va: int, pages: int = 1) -> None:
        """TLBI VAE1IS + DSB: broadcast to the CPUs of this VM; the whole ASID for many pages."""
        if pages >= MAX_DVM_OPS:
            await self.tlbi_asid(cpu, asid)
            return
        for index in range(pages):
            for each in self.cpus:
                each.tlbi_va(asid, va + index * PAGE)
            cpu.maintenance.tlbi("VAE1IS", asid=asid, addr=va + index * PAGE)
        if pages > 1:
            await cpu.kernel("tlbi-more", pages - 1)
        await self._barrier(cpu)

    async def tlbi_asid(self, cpu: Cpu, asid: int) -> None:
        """TLBI ASIDE1IS + DSB."""
        for each in self.cpus:
            each.tlbi_asid(asid)
        cpu.maintenance.tlbi("ASIDE1IS", asid=asid)
        await self._barrier(cpu)

    async def _barrier(self, cpu: Cpu) -> None:
        """DSB ISH: returns when every listener of the interconnect has completed the Sync."""
        cpu.maintenance.dsb("ISH")
        if self._interconnect is not None:
            await self._interconnect.complete()
        await cpu.kernel("tlbi")


class PidAllocator:
    """Smallest free number first; used for ASIDs and PASIDs (0 is kept back)."""

    def __init__(self, first: int, last: int) -> None:
        self._free = list(range(first, last + 1))

    def alloc(self) -> int:
        return self._free.pop(0)

    def free(self, number: int) -> None:
        """Numbers come back at the end, so reuse is as late as possible."""
        self._free.append(number)
