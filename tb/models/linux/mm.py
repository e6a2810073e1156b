# SPDX-License-Identifier: Apache-2.0
"""Address spaces of processes: VMAs, page tables, demand paging, copy-on-write, fork, unmap.

One page table serves the CPU and, through SVA, the device.  Every change that takes a right
away follows break-before-make: descriptor cleared, CPU TLBs invalidated, the device's TLB
invalidated through the mmu notifier, and only then is the page reused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from tb.models.audit import PAGE, Space
from tb.models.cpu import ADDR_MASK, PTE_AF, PTE_NG, PTE_RDONLY, PTE_USER, Cpu, MmuFault
from tb.models.linux.kernel import Kernel
from tb.models.platform import Mutex

TABLE_DESC = 0b11
PAGE_DESC = 0b11
SH_INNER = 3 << 8
ATTR_NORMAL = 0 << 2  # MAIR index 0
ATTR_DEVICE = 4 << 2  # MAIR index 4
XN_ALL = 0b11 << 53
SWAP_SHIFT = 12  # a page that is not there: bit 0 clear, the number of its swap slot above
USER_PAGE = PAGE_DESC | PTE_USER | PTE_AF | PTE_NG | XN_ALL


class SegmentationFault(Exception):
    """An EL0 access that the kernel cannot satisfy."""


class MmuNotifier(Protocol):
    """Secondary MMU user of an address space (the SMMU, through SVA)."""

    async def invalidate_range(self, cpu: Cpu, start: int, pages: int) -> None: ...

    async def release(self, cpu: Cpu) -> None: ...


@dataclass
class Vma:
    """One mapping: whole pages, ``backing`` pages are shared and read-only until copied."""

    start: int
    pages: int
    write: bool = True
    backing: list[int] = field(default_factory=list)  # page cache, for private file mappings
    device: int | None = None  # base of mapped device registers, as the kernel addresses them

    @property
    def end(self) -> int:
        return self.start + self.pages * PAGE


class Mm:
    """Address space of one process."""

    def __init__(
        self, kernel: Kernel, cpu: Cpu, asid: int, pasid: int | None, space: Space
    ) -> None:
        self.kernel = kernel
        self.asid = asid
        self.pasid = pasid  # None: never bound to a device
        self.space = space  # the audit's name of the address space
        self.lock = Mutex(kernel.plat, f"mm{space}")
        self.vmas: list[Vma] = []
        self.notifiers: list[MmuNotifier] = []
        self.exiting = False
        self._tables: list[int] = []
        self.pgd = self._table(cpu)

    # ---- page table ---------------------------------------------------------------------
    def _table(self, cpu: Cpu) -> int:
        page = self.kernel.alloc_page("pgtable")
        cpu.kwrite(page, bytes(PAGE))
        self._tables.append(page)
        return page

    def _slot(self, cpu: Cpu, va: int, make: bool) -> int | None:
        table = self.pgd
        for level in (0, 1, 2):
            at = table + 8 * ((va >> (12 + 9 * (3 - level))) & 0x1FF)
            desc = int.from_bytes(cpu.kread(at, 8), "little")
            if not desc & 1:
                if not make:
                    return None
                desc = self._table(cpu) | TABLE_DESC
                cpu.kwrite(at, desc.to_bytes(8, "little"))
            table = desc & ADDR_MASK
        return table + 8 * ((va >> 12) & 0x1FF)

    def pte(self, cpu: Cpu, va: int) -> int:
        """Last-level descriptor of ``va``, 0 when there is none."""
        slot = self._slot(cpu, va, False)
        return int.from_bytes(cpu.kread(slot, 8), "little") if slot else 0

    async def _set_pte(self, cpu: Cpu, va: int, ipa: int, write: bool, device: bool) -> None:
        desc = ipa | USER_PAGE | (0 if write else PTE_RDONLY)
        desc |= ATTR_DEVICE if device else (ATTR_NORMAL | SH_INNER)
        slot = self._slot(cpu, va, True)
        assert slot is not None
        if not device:
            self.kernel.audit.grant(self.space, ipa, write)
        cpu.kwrite(slot, desc.to_bytes(8, "little"))
        await cpu.kernel("pte-write")

    # ---- VMAs ---------------------------------------------------------------------------
    def find(self, va: int) -> Vma | None:
        """The mapping that holds ``va``."""
        return next((v for v in self.vmas if v.start <= va < v.end), None)

    def mmap(self, vma: Vma) -> int:
        """Add a mapping; nothing is populated. Returns its start."""
        if any(v.start < vma.end and vma.start < v.end for v in self.vmas):
            raise ValueError(f"mapping at 0x{vma.start:x} overlaps another")
        self.vmas.append(vma)
        return vma.start

    # ---- faults -------------------------------------------------------------------------
    async def handle_fault(self, cpu: Cpu, va: int, write: bool) -> bool:
        """handle_mm_fault: make ``va`` accessible; False when no mapping allows it."""
        async with self.lock:
            await cpu.kernel("fault-entry")
            vma = self.find(va)
            if self.exiting or vma is None or (write and not vma.write):
                return False
            page = va & ~(PAGE - 1)
            desc = self.pte(cpu, page)
            if vma.device is not None:
                ipa = vma.device + page - vma.start
                await self._set_pte(cpu, page, ipa, vma.write, True)
            elif not desc & 1 and desc:
                await self._swap_in(cpu, vma, page, desc >> SWAP_SHIFT)
            elif not desc & 1:
                await self._populate(cpu, vma, page, write)
            elif write and desc & PTE_RDONLY:
                await self._copy_on_write(cpu, page, desc & ADDR_MASK)
            # else: another fault on the same page was served first
            return True

    async def _populate(self, cpu: Cpu, vma: Vma, page: int, write: bool) -> None:
        kernel = self.kernel
        if vma.backing:
            shared = vma.backing[(page - vma.start) // PAGE]
            if not write:
                await self._set_pte(cpu, page, shared, False, False)
                return
            fresh = await self._anonymous(cpu)
            await self._copy_page(cpu, shared, fresh)
        else:
            fresh = await self._anonymous(cpu)
            await cpu.kernel("page-clear")
            cpu.kwrite(fresh, bytes(PAGE))
        kernel.plat.counters["mm-demand-pages"] += 1
        await self._set_pte(cpu, page, fresh, vma.write, False)

    async def _anonymous(self, cpu: Cpu) -> int:
        await cpu.kernel("page-alloc")
        ipa = self.kernel.alloc_page(f"proc:{self.space}")
        self.kernel.anon_refs[ipa] = 1
        self.kernel.memory_used.set()
        return ipa

    async def _copy_page(self, cpu: Cpu, source: int, to: int) -> None:
        await cpu.kernel("page-copy")
        cpu.kwrite(to, cpu.kread(source, PAGE))
        self.kernel.plat.counters["bytes-copied"] += PAGE

    async def _copy_on_write(self, cpu: Cpu, page: int, shared: int) -> None:
        refs = self.kernel.anon_refs
        if refs.get(shared) == 1:  # nobody else has it any more
            await self._zap(cpu, page, 1)
            await self._set_pte(cpu, page, shared, True, False)
            return
        fresh = await self._anonymous(cpu)
        await self._copy_page(cpu, shared, fresh)
        self._release_pages(await self._zap(cpu, page, 1))
        self.kernel.plat.counters["mm-cow-breaks"] += 1
        await self._set_pte(cpu, page, fresh, True, False)

    async def _swap_in(self, cpu: Cpu, vma: Vma, page: int, slot: int) -> None:
        fresh = await self._anonymous(cpu)
        await cpu.kernel("page-copy")
        cpu.kwrite(fresh, self.kernel.swap.pop(slot))
        self.kernel.plat.counters["mm-swapped-in"] += 1
        await self._set_pte(cpu, page, fresh, vma.write, False)

    # ---- moving and sharing pages -------------------------------------------------------
    async def migrate(self, cpu: Cpu, page: int) -> bool:
        """Move an anonymous page of one owner elsewhere while everybody may use it."""
        async with self.lock:
            old = self._own_page(cpu, page)
            if old is None:
                return False
            fresh = await self._anonymous(cpu)
            gone = await self._zap(cpu, page, 1)
            await self._copy_page(cpu, old, fresh)  # nobody can write to it any more
            write = bool(self.find(page).write)  # type: ignore[union-attr]
            await self._set_pte(cpu, page, fresh, write, False)
            self._release_pages(gone)
            self.kernel.plat.counters["mm-migrated"] += 1
            return True

    async def reclaim(self, cpu: Cpu, page: int) -> bool:
        """Write an anonymous page of one owner out to swap and free it."""
        async with self.lock:
            old = self._own_page(cpu, page)
            if old is None:
                return False
            gone = await self._zap(cpu, page, 1)
            await cpu.kernel("page-copy")
            number = self.kernel.swap_out(cpu.kread(old, PAGE))
            at = self._slot(cpu, page, True)
            assert at is not None
            cpu.kwrite(at, (number << SWAP_SHIFT).to_bytes(8, "little"))
            self._release_pages(gone)
            self.kernel.plat.counters["mm-reclaimed"] += 1
            return True

    def _own_page(self, cpu: Cpu, page: int) -> int | None:
        """The writable anonymous page mapped at ``page``, if it is this process's alone."""
        desc = self.pte(cpu, page)
        if self.exiting or not desc & 1 or desc & PTE_RDONLY:
            return None
        addr = desc & ADDR_MASK
        return addr if self.kernel.anon_refs.get(addr) == 1 else None

    async def fork(self, cpu: Cpu, child: Mm) -> None:
        """Give ``child`` everything by copy-on-write; mapped device registers stay behind."""
        async with self.lock:
            await cpu.kernel("syscall")
            for vma in [v for v in self.vmas if v.device is None]:
                child.vmas.append(replace(vma))
                await self._share(cpu, vma, child)
            self.kernel.plat.counters["mm-forks"] += 1

    async def _share(self, cpu: Cpu, vma: Vma, child: Mm) -> None:
        kernel, protected = self.kernel, []
        for va in range(vma.start, vma.end, PAGE):
            desc = self.pte(cpu, va)
            if desc and not desc & 1:  # swapped out: the child has a copy in swap
                slot = kernel.swap_out(kernel.swap[desc >> SWAP_SHIFT])
                at = child._slot(cpu, va, True)
                assert at is not None
                cpu.kwrite(at, (slot << SWAP_SHIFT).to_bytes(8, "little"))
            if not desc & 1:
                continue
            addr = desc & ADDR_MASK
            if addr in kernel.anon_refs:
                kernel.anon_refs[addr] += 1
            if not desc & PTE_RDONLY:
                at = self._slot(cpu, va, False)
                assert at is not None
                cpu.kwrite(at, (desc | PTE_RDONLY).to_bytes(8, "little"))
                protected.append(addr)
            await child._set_pte(cpu, va, addr, False, False)
        if protected:
            await self._invalidate(cpu, vma.start, vma.pages)
            for addr in protected:  # a late write went to the shared page, as on hardware
                kernel.audit.grant(self.space, addr, False)

    # ---- taking away --------------------------------------------------------------------
    async def _zap(self, cpu: Cpu, start: int, pages: int) -> list[int]:
        """Clear descriptors and invalidate everywhere; returns the pages that were mapped."""
        gone = []
        for va in range(start, start + pages * PAGE, PAGE):
            slot = self._slot(cpu, va, False)
            desc = int.from_bytes(cpu.kread(slot, 8), "little") if slot else 0
            if slot and desc & 1:
                cpu.kwrite(slot, bytes(8))
                gone.append(desc & ADDR_MASK)
            elif slot and desc:
                cpu.kwrite(slot, bytes(8))
                self.kernel.swap.pop(desc >> SWAP_SHIFT)
        await cpu.kernel("pte-write", max(len(gone), 1))
        if gone:
            await self._invalidate(cpu, start, pages)
            for ipa in gone:
                if ipa in self.kernel.anon_refs or self._is_backing(ipa):
                    self.kernel.audit.retire(self.space, ipa)
        return gone

    async def _invalidate(self, cpu: Cpu, start: int, pages: int) -> None:
        """Nobody uses an older translation of the range when this returns."""
        await self.kernel.tlbi_va(cpu, self.asid, start, pages)
        for notifier in self.notifiers:
            await notifier.invalidate_range(cpu, start, pages)

    def _is_backing(self, ipa: int) -> bool:
        return any(ipa in v.backing for v in self.vmas)

    async def munmap(self, cpu: Cpu, start: int, pages: int) -> None:
        """Remove pages from the end or the whole of one mapping."""
        async with self.lock:
            await cpu.kernel("syscall")
            vma = self.find(start)
            if vma is None or start + pages * PAGE != vma.end:
                raise ValueError("munmap: only the tail of a mapping can go")
            vma.pages -= pages
            gone = await self._zap(cpu, start, pages)
            if not vma.pages:
                self.vmas.remove(vma)
            self._release_pages(gone)

    def _release_pages(self, pages: list[int]) -> None:
        refs = self.kernel.anon_refs
        for ipa in pages:
            if ipa in refs:
                refs[ipa] -= 1
                if not refs[ipa]:
                    del refs[ipa]
                    self.kernel.free_page(ipa)

    async def exit(self, cpu: Cpu) -> None:
        """exit_mmap: notifiers first (the device must let go), then pages, then tables."""
        self.exiting = True
        for notifier in self.notifiers:
            await notifier.release(cpu)
        async with self.lock:
            await self.kernel.tlbi_asid(cpu, self.asid)
            mapped = list(self._mapped(cpu))
            await cpu.kernel("pte-write", max(len(mapped), 1))
            for ipa in mapped:
                self.kernel.audit.retire(self.space, ipa)
            self._release_pages(mapped)
            self._forget_swap(cpu)
            for table in self._tables:
                self.kernel.free_page(table)
            self._tables.clear()
            self.vmas.clear()

    def _forget_swap(self, cpu: Cpu) -> None:
        for vma in self.vmas:
            for va in range(vma.start, vma.end, PAGE):
                desc = self.pte(cpu, va)
                if desc and not desc & 1:
                    self.kernel.swap.pop(desc >> SWAP_SHIFT)

    def anonymous_pages(self, cpu: Cpu) -> dict[int, int]:
        """Pages that are this process's alone, by virtual address: may migrate or go to swap."""
        found = []
        for vma in self.vmas:
            if vma.device is None:
                found += range(vma.start, vma.end, PAGE)
        pages = {va: self._own_page(cpu, va) for va in found}
        return {va: page for va, page in pages.items() if page is not None}

    def _mapped(self, cpu: Cpu) -> Iterator[int]:
        for vma in self.vmas:
            if vma.device is None:
                for va in range(vma.start, vma.end, PAGE):
                    desc = self.pte(cpu, va)
                    if desc & 1:
                        yield desc & ADDR_MASK

    # ---- EL0 ----------------------------------------------------------------------------
    async def user_fault(self, cpu: Cpu, fault: MmuFault) -> None:
        """Abort handler for an EL0 access; raises SegmentationFault."""
        if fault.stage != 1:
            raise fault
        self.kernel.plat.counters["mm-cpu-faults"] += 1
        # TLBs may hold the translation that lacked the permission; ARM D8: software's duty
        if not await self.handle_fault(cpu, fault.addr, fault.write):
            raise SegmentationFault(f"process {self.space}: 0x{fault.addr:x}")
