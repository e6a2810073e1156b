# SPDX-License-Identifier: Apache-2.0
"""Granules, levels and start levels of VMSAv8-64 tables (architecture section 3).

Sizes are bytes, widths are bits.  48-bit addresses, no small tables, no 52-bit extension.
"""

from __future__ import annotations

from dataclasses import dataclass

LAST_LEVEL = 3
ADDRESS_BITS = 48


@dataclass(frozen=True)
class Granule:
    """One translation granule.

    ``shift`` is log2 of the page size; ``block_levels`` are the levels that may hold a block;
    ``contiguous`` gives the number of entries of a contiguous group per leaf level; ``tg0``,
    ``tg1`` and ``tlbi_tg`` are its codes in CD.TG0/STE.S2TG, CD.TG1 and TLBI commands.
    """

    name: str
    shift: int
    block_levels: tuple[int, ...]
    contiguous: dict[int, int]
    tg0: int
    tg1: int
    tlbi_tg: int

    def __hash__(self) -> int:
        return self.shift

    @property
    def size(self) -> int:
        """Page size in bytes, which is also the size of a full table."""
        return 1 << self.shift

    @property
    def bits(self) -> int:
        """Index bits of one full table."""
        return self.shift - 3

    @property
    def leaf_levels(self) -> tuple[int, ...]:
        """Levels that may hold a block or a page, biggest first."""
        return (*self.block_levels, LAST_LEVEL)

    def level_shift(self, level: int) -> int:
        """Number of input address bits below the index of ``level`` (log2 of its leaf size)."""
        return self.shift + self.bits * (LAST_LEVEL - level)

    def leaf_size(self, level: int) -> int:
        """Bytes that one leaf of ``level`` maps."""
        return 1 << self.level_shift(level)

    def start_level(self, input_bits: int) -> int:
        """Stage 1 start level for an input address of ``input_bits`` bits."""
        levels = -(-(input_bits - self.shift) // self.bits)
        return LAST_LEVEL + 1 - levels

    def index(self, address: int, level: int, start_level: int, input_bits: int) -> int:
        """Index of ``address`` in its table of ``level``; the start table may be any size."""
        top = input_bits if level == start_level else self.level_shift(level - 1)
        low = self.level_shift(level)
        return (address >> low) & ((1 << max(top - low, 0)) - 1)

    def start_table_bytes(self, start_level: int, input_bits: int) -> int:
        """Size of the start table, or of all concatenated start tables together."""
        return 8 << max(input_bits - self.level_shift(start_level), 0)

    def s2_start_level(self, sl0: int) -> int | None:
        """Stage 2 start level that STE.S2SL0 (or VTCR.SL0) stands for; None when reserved."""
        first = 2 if self.shift == 12 else LAST_LEVEL
        level = first - sl0
        # Code 3 means level 3 (small tables) or level 0 (52 bits): neither is built.
        return level if sl0 < 3 else None

    def s2_sl0(self, start_level: int) -> int:
        """Inverse of :meth:`s2_start_level`."""
        return (2 if self.shift == 12 else LAST_LEVEL) - start_level

    def s2_default_start(self, input_bits: int) -> int:
        """Lowest number of levels that reaches ``input_bits``, using up to 16 start tables."""
        level = self.start_level(input_bits)
        while level < LAST_LEVEL and input_bits - self.level_shift(level + 1) <= self.bits + 4:
            level += 1
        # The 4K granule cannot start at level 3, and no granule but 4K can start at level 0.
        return min(level, 2) if self.shift == 12 else max(level, 1)


GRANULE_4K = Granule("4K", 12, (1, 2), {1: 16, 2: 16, 3: 16}, tg0=0, tg1=2, tlbi_tg=1)
GRANULE_16K = Granule("16K", 14, (2,), {2: 32, 3: 128}, tg0=2, tg1=1, tlbi_tg=2)
GRANULE_64K = Granule("64K", 16, (2,), {2: 32, 3: 32}, tg0=1, tg1=3, tlbi_tg=3)

GRANULES = {g.shift: g for g in (GRANULE_4K, GRANULE_16K, GRANULE_64K)}


def granule_of_tg0(code: int) -> Granule | None:
    """Granule of a CD.TG0 or STE.S2TG code; None when reserved."""
    return next((g for g in GRANULES.values() if g.tg0 == code), None)


def granule_of_tg1(code: int) -> Granule | None:
    """Granule of a CD.TG1 code; None when reserved."""
    return next((g for g in GRANULES.values() if g.tg1 == code), None)
