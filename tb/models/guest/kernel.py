# SPDX-License-Identifier: Apache-2.0
"""The guest kernel: boot, page allocator, interrupts, processes.

Kernel code reaches memory through a virtual CPU's EL1 linear map, so every kernel load and
store takes stage 2 of the machine model too.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tb.models.audit import PAGE, Audit
from tb.models.cpu import Vcpu
from tb.models.kvm import Kvm
from tb.models.platform import Event, Platform

BLOCK = 2 << 20
LINEAR_ATTR = (3 << 8) | (1 << 10) | 0b01  # inner shareable, AF, block; EL1 read/write, global
XN = 0b11 << 53


class GuestKernel:
    """One guest operating system on the virtual CPUs of a VM."""

    def __init__(
        self,
        plat: Platform,
        kvm: Kvm,
        audit: Audit,
        ram_base: int,
        ram_pages: int,
        rng: random.Random,
    ) -> None:
        self.plat = plat
        self.kvm = kvm
        self.audit = audit
        self.vcpus: list[Vcpu] = kvm.vcpus
        self._ram_base = ram_base
        self._ram_end = ram_base + ram_pages * PAGE
        # contiguous allocations grow from the start; single pages come from the rest, shuffled
        self._next = ram_base
        self._split = ram_base + ram_pages * PAGE // 4
        self._free = list(range(self._split, self._ram_end, PAGE))
        rng.shuffle(self._free)
        self._handlers: list[str] = []

    # ---- boot ---------------------------------------------------------------------------
    def boot(self) -> None:
        """Build the linear map with the MMU off and switch it on."""
        cpu = self.vcpus[0]
        l0, l1, l2 = (self._boot_page(cpu) for _ in range(3))
        index = [(self._ram_base >> shift) & 0x1FF for shift in (39, 30)]
        cpu.store_physical(l0 + 8 * index[0], (l1 | 0b11).to_bytes(8, "little"))
        cpu.store_physical(l1 + 8 * index[1], (l2 | 0b11).to_bytes(8, "little"))
        for block in range(self._ram_base & ~(BLOCK - 1), self._ram_end, BLOCK):
            desc = block | LINEAR_ATTR | XN
            cpu.store_physical(l2 + 8 * ((block >> 21) & 0x1FF), desc.to_bytes(8, "little"))
        for vcpu in self.vcpus:
            vcpu.ttbr1 = l0

    def _boot_page(self, cpu: Vcpu) -> int:
        page = self.alloc_contiguous(PAGE, PAGE, "guest:kernel-pgtable", cpu=None)
        cpu.store_physical(page, bytes(PAGE))
        return page

    # ---- pages --------------------------------------------------------------------------
    def alloc_contiguous(self, size: int, align: int, owner: str, cpu: Vcpu | None = None) -> int:
        """Contiguous guest physical memory (their host pages are scattered all the same)."""
        base = (self._next + align - 1) & ~(align - 1)
        self._next = base + (size + PAGE - 1) // PAGE * PAGE
        if self._next > self._split:
            raise MemoryError("guest: contiguous region exhausted")
        for ipa in range(base, self._next, PAGE):
            self.audit.own_ipa(ipa, owner)
        if cpu is not None:
            cpu.kwrite(base, bytes(self._next - base))
        return base

    def alloc_page(self, owner: str) -> int:
        """One guest physical page; contents are whatever the last owner left."""
        if not self._free:
            raise MemoryError("guest: out of memory")
        ipa = self._free.pop()
        self.audit.own_ipa(ipa, owner)
        return ipa

    def free_page(self, ipa: int) -> None:
        """Give a page back; poisoned, so that stale use of its contents shows."""
        self.vcpus[0].kwrite(ipa, b"\xde\xad\xbe\xef" * (PAGE // 4))
        self.audit.own_ipa(ipa, "guest:free")
        self._free.insert(0, ipa)

    # ---- interrupts ---------------------------------------------------------------------
    def line(self, gsi: int) -> Event:
        """The interrupt as the guest's controller shows it."""
        return self.kvm.guest_line(gsi)

    # ---- TLB maintenance ----------------------------------------------------------------
    async def tlbi_va(self, cpu: Vcpu, asid: int, va: int, pages: int = 1) -> None:
        """TLBI VAE1IS + DSB: broadcast to the CPUs of this VM."""
        for index in range(pages):
            for vcpu in self.vcpus:
                vcpu.tlbi_va(asid, va + index * PAGE)
            cpu.maintenance.tlbi("VAE1IS", asid=asid, addr=va + index * PAGE)
        cpu.maintenance.dsb("ISH")
        await cpu.run("guest-tlbi")

    async def tlbi_asid(self, cpu: Vcpu, asid: int) -> None:
        """TLBI ASIDE1IS + DSB."""
        for vcpu in self.vcpus:
            vcpu.tlbi_asid(asid)
        cpu.maintenance.tlbi("ASIDE1IS", asid=asid)
        cpu.maintenance.dsb("ISH")
        await cpu.run("guest-tlbi")


class PidAllocator:
    """Smallest free number first; used for ASIDs and PASIDs (0 is kept back)."""

    def __init__(self, first: int, last: int, on_free: Callable[[int], None] | None = None) -> None:
        self._free = list(range(first, last + 1))
        self._on_free = on_free

    def alloc(self) -> int:
        return self._free.pop(0)

    def free(self, number: int) -> None:
        """Numbers come back at the end, so reuse is as late as possible."""
        self._free.append(number)
        if self._on_free:
            self._on_free(number)
