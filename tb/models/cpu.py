# SPDX-License-Identifier: Apache-2.0
"""CPUs: EL0/EL1 accesses through an MMU with a TLB (architecture section 3).

Code is Python that loads and stores through a :class:`Cpu` of the host (stage 1 only) or a
:class:`Vcpu` of a VM (both stages).  The tables are real ones in physical memory (4 KB granule,
ARM D8): stage 1 from TTBR0 (user) or TTBR1 (kernel linear map), stage 2 from the tables that KVM
builds.  The TLB is tagged {VMID, ASID or global, page} and is only ever emptied by TLBI, so stale
use shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tb.models.audit import Audit, Space
from tb.models.maintenance import Maintenance, Message
from tb.models.platform import MemoryLike, Mutex, Platform

PAGE = 4096
ADDR_MASK = 0x0000_FFFF_FFFF_F000
KERNEL_BASE = 0xFFFF_0000_0000_0000  # linear map: virtual = KERNEL_BASE + guest physical

# stage-1 descriptor bits (ARM D8.3)
PTE_VALID, PTE_TABLE_OR_PAGE = 1 << 0, 1 << 1
PTE_USER, PTE_RDONLY = 1 << 6, 1 << 7
PTE_AF, PTE_NG = 1 << 10, 1 << 11
# stage-2 descriptor bits
S2_READ, S2_WRITE = 1 << 6, 1 << 7


class MmuFault(Exception):
    """A translation that failed: ``stage`` 1 goes to the guest kernel, 2 to the hypervisor."""

    def __init__(self, stage: int, addr: int, write: bool, kind: str, ipa: int = 0) -> None:
        super().__init__(f"stage {stage} {kind} fault at 0x{addr:x} ({'W' if write else 'R'})")
        self.stage, self.addr, self.write, self.kind, self.ipa = stage, addr, write, kind, ipa


@dataclass(frozen=True)
class Leaf:
    """Result of one stage: base address of the block or page, its size, the descriptor."""

    base: int
    size: int
    desc: int


def walk(read64: Callable[[int], int], table: int, addr: int, start: int) -> Leaf | None:
    """Walk 4 KB-granule tables from level ``start``; None when no valid leaf is found."""
    for level in range(start, 4):
        shift = 12 + 9 * (3 - level)
        # the start table of stage 2 may be concatenated, so its index is not masked to 9 bits
        index = addr >> shift if level == start else (addr >> shift) & 0x1FF
        if level == start and start == 0:
            index &= 0x1FF
        desc = read64(table + 8 * index)
        if not desc & PTE_VALID:
            return None
        leaf = bool(desc & PTE_TABLE_OR_PAGE) == (level == 3)
        if leaf:
            size = 1 << shift
            return Leaf(desc & ADDR_MASK & ~(size - 1), size, desc)
        if level == 3:
            return None
        table = desc & ADDR_MASK
    return None


@dataclass(frozen=True)
class TlbEntry:
    """One combined translation of 4 KB."""

    pa: int
    user: bool
    write: bool


@dataclass(frozen=True)
class CpuIdentity:
    """What ID_AA64MMFR0 and the kernel's configuration say: bits of PA, VA and ASID.

    A VMM gives its guest no wider PARange than the IPA space of the VM.
    """

    parange_bits: int = 44
    va_bits: int = 48
    asid_bits: int = 16


class Cpu:
    """One CPU of the host: one context at a time runs on it, stage 1 alone translates."""

    level = "host"  # whose kernel runs here: prefix of the kernel's steps in the cost table

    def __init__(
        self, plat: Platform, memory: MemoryLike, audit: Audit, index: int, vmid: int = 0
    ) -> None:
        self.plat = plat
        self.index = index
        self.identity = CpuIdentity()
        self.vmid = vmid
        self.ttbr1 = 0
        self.lock = Mutex(plat, f"{self.level}-cpu{index}")
        self.tlb: dict[tuple[int, int | None, int], TlbEntry] = {}
        self.broadcast: list[Callable[[Message], None]] = []  # who listens on the interconnect
        self.maintenance = Maintenance(vmid, self._send)
        self.el = 1  # exception level of the latest access
        self._memory = memory
        self._audit = audit

    # ---- running ------------------------------------------------------------------------
    async def run(self, item: str, times: int = 1) -> None:
        """Let code of this CPU spend a named cost; one at a time."""
        async with self.lock:
            await self.plat.spend(item, times)

    async def kernel(self, step: str, times: int = 1) -> None:
        """A step of the kernel that runs on this CPU."""
        await self.run(f"{self.level}-{step}", times)

    # ---- TLB maintenance (ARM D8.17); called for every CPU by the kernel ------
    def tlbi_va(self, asid: int, va: int) -> None:
        """TLBI VAE1: one page of one ASID, or global."""
        self.tlb.pop((self.vmid, asid, va >> 12), None)
        self.tlb.pop((self.vmid, None, va >> 12), None)

    def tlbi_asid(self, asid: int) -> None:
        """TLBI ASIDE1: all non-global entries of one ASID."""
        for key in [k for k in self.tlb if k[0] == self.vmid and k[1] == asid]:
            del self.tlb[key]

    def _send(self, message: Message) -> None:
        for listener in self.broadcast:
            listener(message)

    # ---- translation --------------------------------------------------------------------
    def _read64(self, pa: int) -> int:
        data, ok = self._memory.read(pa, 8, who="cpu")
        if not ok:
            raise RuntimeError(f"external abort on a table walk at 0x{pa:x}")
        return int.from_bytes(data, "little")

    def stage2(self, ipa: int, write: bool) -> tuple[int, int]:
        """Physical address behind the output of stage 1, and the size that holds for."""
        return ipa, 1 << 48

    def translate(self, ttbr0: int, asid: int, va: int, write: bool, user: bool) -> int:
        """Virtual to host physical; ``ttbr0`` is the guest physical address of the tables."""
        self.el = 0 if user else 1
        key_va = va >> 12
        entry = self.tlb.get((self.vmid, asid, key_va)) or self.tlb.get((self.vmid, None, key_va))
        if entry is None:
            entry = self._fill(ttbr0, asid, va, write)
        if user and not entry.user:
            raise MmuFault(1, va, write, "permission")
        if write and not entry.write:
            raise MmuFault(1, va, write, "permission")
        return entry.pa + (va & (PAGE - 1))

    def _fill(self, ttbr0: int, asid: int, va: int, write: bool) -> TlbEntry:
        table = self.ttbr1 if va >> 63 else ttbr0
        masked = va & 0x0000_FFFF_FFFF_FFFF
        leaf = walk(self._read_descriptor, table, masked, 0)
        if leaf is None or not leaf.desc & PTE_AF:
            raise MmuFault(1, va, write, "translation")
        ipa = leaf.base + (masked & (leaf.size - 1))
        may_write = not leaf.desc & PTE_RDONLY
        pa, _ = self.stage2(ipa & ~(PAGE - 1), write and may_write)
        entry = TlbEntry(pa, bool(leaf.desc & PTE_USER), may_write)
        tag = asid if leaf.desc & PTE_NG else None
        self.tlb[self.vmid, tag, va >> 12] = entry
        return entry

    def _read_descriptor(self, ipa: int) -> int:
        """Stage-1 descriptor through stage 2; a table that is not memory is no MMIO."""
        try:
            return self._read64(self.stage2(ipa, False)[0])
        except MmuFault as fault:
            raise MmuFault(2, ipa, False, "walk", fault.ipa) from None

    # ---- EL1 accesses: the kernel's linear map never takes a stage-1 fault ---------------
    def kread(self, ipa: int, n: int) -> bytes:
        """EL1 load from guest physical ``ipa`` through the linear map."""
        out = bytearray()
        for at, size in _pages(ipa, n):
            pa = self.translate(0, 0, KERNEL_BASE + at, False, False)
            data, ok = self._memory.read(pa, size, who="cpu")
            if not ok:
                raise RuntimeError(f"external abort on an EL1 read at 0x{pa:x}")
            out += data
        return bytes(out)

    def kwrite(self, ipa: int, data: bytes) -> None:
        """EL1 store to guest physical ``ipa`` through the linear map."""
        done = 0
        for at, size in _pages(ipa, len(data)):
            pa = self.translate(0, 0, KERNEL_BASE + at, True, False)
            if not self._memory.write(pa, data[done : done + size], who="cpu"):
                raise RuntimeError(f"external abort on an EL1 write at 0x{pa:x}")
            done += size

    def store_physical(self, ipa: int, data: bytes) -> None:
        """EL1 store with the stage-1 MMU still off: how boot code builds the first tables."""
        pa, _ = self.stage2(ipa, True)
        self._memory.write(pa, data, who="cpu")

    # ---- EL0 accesses: MmuFault of stage 1 is for the kernel's abort handler --------------
    def user_read(self, space: Space, ttbr0: int, asid: int, va: int, n: int) -> bytes:
        """EL0 load; must not cross a page."""
        pa = self.translate(ttbr0, asid, va, False, True)
        self._audit.device(space, f"el0:{space}", False, pa, n)
        return self._memory.read(pa, n, who=f"el0:{space}")[0]

    def user_write(self, space: Space, ttbr0: int, asid: int, va: int, data: bytes) -> None:
        """EL0 store; must not cross a page."""
        pa = self.translate(ttbr0, asid, va, True, True)
        self._audit.device(space, f"el0:{space}", True, pa, len(data))
        self._memory.write(pa, data, who=f"el0:{space}")

    async def user_mmio_write32(self, ttbr0: int, asid: int, va: int, value: int) -> None:
        """EL0 store to a device page that the kernel mapped into the process."""
        await self._user_device(ttbr0, asid, va, True, value)

    async def user_mmio_read32(self, ttbr0: int, asid: int, va: int) -> int:
        """EL0 load from a device page that the kernel mapped into the process."""
        return await self._user_device(ttbr0, asid, va, False, 0)

    async def _user_device(self, ttbr0: int, asid: int, va: int, write: bool, value: int) -> int:
        pa = self.translate(ttbr0, asid, va, write, True)
        async with self.lock:
            return await self._bus(pa, write, value)

    # ---- device registers ---------------------------------------------------------------
    async def mmio_read32(self, addr: int) -> int:
        """EL1 (or mapped EL0) load of a device register."""
        return int(await self._device(addr, False, 0))

    async def mmio_write32(self, addr: int, value: int) -> None:
        """EL1 (or mapped EL0) store to a device register."""
        await self._device(addr, True, value)

    async def _device(self, addr: int, write: bool, value: int) -> int:
        async with self.lock:
            return await self._bus(addr, write, value)

    async def _bus(self, pa: int, write: bool, value: int) -> int:
        if write:
            await self.plat.mmio_write32(pa, value)
            return 0
        return await self.plat.mmio_read32(pa)


class Vcpu(Cpu):
    """One virtual CPU of a VM; an access that stage 2 does not map is an exit."""

    level = "guest"

    def __init__(
        self,
        plat: Platform,
        memory: MemoryLike,
        audit: Audit,
        index: int,
        vmid: int,
        vttbr: int,
        s2_fault: Callable[[int], bool],
        mmio: Callable[[Vcpu, int, bool, int], object],
    ) -> None:
        super().__init__(plat, memory, audit, index, vmid)
        self.vttbr = vttbr
        self._s2_fault = s2_fault
        self._mmio = mmio
        self.far = 0  # virtual address of the latest access that left the guest
        self._debt = 0  # stage-2 faults taken by accesses that do not wait themselves

    async def run(self, item: str, times: int = 1) -> None:
        """As for any CPU; what the hypervisor did for earlier accesses is paid for first."""
        async with self.lock:
            debt, self._debt = self._debt, 0
            for _ in range(debt):
                await self.plat.spend("kvm-s2-fault")
            await self.plat.spend(item, times)

    def prefault(self, start: int, end: int) -> None:
        """Have stage 2 there for a range before the guest runs (KVM_PRE_FAULT_MEMORY)."""
        debt = self._debt
        for ipa in range(start, end, PAGE):
            self.stage2(ipa, True)
        self._debt = debt

    def stage2(self, ipa: int, write: bool) -> tuple[int, int]:
        """Guest physical to host physical, with the size of the leaf; raises at stage 2."""
        for attempt in range(2):
            leaf = walk(self._read64, self.vttbr, ipa, 1)
            if leaf is not None and leaf.desc & (S2_WRITE if write else S2_READ):
                return leaf.base + (ipa & (leaf.size - 1)), leaf.size
            if attempt or not self._s2_fault(ipa):
                break
            self._debt += 1
        raise MmuFault(2, ipa, write, "translation", ipa)

    async def _device(self, addr: int, write: bool, value: int) -> int:
        """Registers are either mapped through stage 2, or trapped."""
        async with self.lock:
            self.el = 1
            try:
                pa, _ = self.stage2(addr, write)
            except MmuFault:
                self.far = KERNEL_BASE + addr
                return int(await self._mmio(self, addr, write, value))
            return await self._bus(pa, write, value)

    async def _user_device(self, ttbr0: int, asid: int, va: int, write: bool, value: int) -> int:
        try:
            return await super()._user_device(ttbr0, asid, va, write, value)
        except MmuFault as fault:
            if fault.stage == 1 or fault.kind == "walk":
                raise
            ipa = fault.ipa | va % PAGE
        async with self.lock:
            self.far = va
            return int(await self._mmio(self, ipa, write, value))


def _pages(addr: int, n: int) -> list[tuple[int, int]]:
    """Split a range at page boundaries: (address, size) pieces."""
    out = []
    while n > 0:
        size = min(n, PAGE - addr % PAGE)
        out.append((addr, size))
        addr, n = addr + size, n - size
    return out
