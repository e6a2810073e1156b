# SPDX-License-Identifier: Apache-2.0
"""Stage-2 translation tables (VMSAv8-64, 4 KB granule, 39-bit IPA, start at level 1).

Used twice, as on a real host: by KVM for the CPUs and by the SMMU driver for the device.  The
two are separate tables with the same contents and the same VMID (facts 7.8: broadcast
invalidation of a guest needs equal VMIDs).
"""

from __future__ import annotations

from tb.models.audit import PAGE
from tb.models.cpu import ADDR_MASK
from tb.models.host.memory import HostMemory

IPA_BITS = 39
T0SZ = 64 - IPA_BITS
SL0_LEVEL1 = 1  # 4 KB granule: S2SL0=1 starts at level 1 (facts 4.4)

VALID_PAGE = 0b11
VALID_TABLE = 0b11
AF = 1 << 10
SH_INNER = 3 << 8
READ, WRITE = 1 << 6, 1 << 7
MEMATTR_WB = 0xF << 2
MEMATTR_DEVICE = 0x1 << 2  # Device-nGnRE
XN = 0b10 << 53


class Stage2Table:
    """One stage-2 address space of a VM."""

    def __init__(self, memory: HostMemory, owner: str) -> None:
        self._memory = memory
        self._owner = owner
        self.root = memory.alloc_page(owner)
        self.mapped = 0

    def _slot(self, ipa: int, make: bool) -> int | None:
        """Physical address of the level-3 descriptor of ``ipa``."""
        table = self.root
        for level in (1, 2):
            at = table + 8 * ((ipa >> (12 + 9 * (3 - level))) & 0x1FF)
            desc = self._memory.read64(at)
            if not desc & 1:
                if not make:
                    return None
                desc = self._memory.alloc_page(self._owner) | VALID_TABLE
                self._memory.write64(at, desc)
            table = desc & ADDR_MASK
        return table + 8 * ((ipa >> 12) & 0x1FF)

    def map_page(self, ipa: int, pa: int, *, write: bool = True, device: bool = False) -> None:
        """Map one page; ``ipa`` must lie in the address space."""
        if ipa >> IPA_BITS or ipa % PAGE or pa % PAGE:
            raise ValueError(f"stage 2: cannot map 0x{ipa:x} to 0x{pa:x}")
        desc = pa | AF | READ | VALID_PAGE | (WRITE if write else 0)
        desc |= (MEMATTR_DEVICE | XN) if device else (MEMATTR_WB | SH_INNER)
        slot = self._slot(ipa, True)
        assert slot is not None
        self._memory.write64(slot, desc)
        self.mapped += 1

    def unmap_page(self, ipa: int) -> None:
        """Remove one page; the caller invalidates."""
        slot = self._slot(ipa, False)
        if slot is not None and self._memory.read64(slot) & 1:
            self._memory.write64(slot, 0)
            self.mapped -= 1

    def lookup(self, ipa: int) -> int | None:
        """Physical address behind ``ipa`` or None."""
        slot = self._slot(ipa, False)
        desc = self._memory.read64(slot) if slot is not None else 0
        return (desc & ADDR_MASK) | (ipa & (PAGE - 1)) if desc & 1 else None
