# SPDX-License-Identifier: Apache-2.0
"""Random stage 1 regimes: two trees whose tables hold a few random descriptors each.

Addresses are composed of the indexes that are in use, so that most of them reach a leaf or fall
over one of the things that can be wrong on the way.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tb.models.fields import CD
from tb.models.layout import Record
from tb.models.vmsa.geometry import GRANULES, LAST_LEVEL, Granule

OUT_BITS = {0: 32, 1: 36, 2: 40, 3: 42, 4: 44, 5: 48}
TABLES_PER_LEVEL = 2
ENTRIES = 6  # descriptors of a table
ADDRESS = (1 << 48) - 1
TCR_HPD, TCR_TBI, TCR_EPD = (41, 42), (37, 38), (7, 23)
TCR_TSZ, TCR_TG = (0, 16), (14, 30)


@dataclass
class Half:
    """One tree of a regime: ``indexes`` has the used indexes of each level."""

    granule: Granule
    tsz: int
    upper: bool
    base: int = 0
    disabled: bool = False
    tbi: bool = False
    flat: bool = False
    indexes: dict[int, list[int]] = field(default_factory=dict)

    @property
    def bits(self) -> int:
        """Width of the input address."""
        return 64 - self.tsz

    @property
    def start(self) -> int:
        """Start level."""
        return self.granule.start_level(self.bits)


class RandomStage1:
    """A regime in memory: ``descriptors`` by address, ``halves`` for TTB0 and TTB1."""

    def __init__(self, rng: random.Random, tables: int) -> None:
        self.rng = rng
        self.ips = rng.choice(list(OUT_BITS))
        self.mair = rng.getrandbits(64)
        self.descriptors: dict[int, int] = {}
        self._next = tables
        self.halves = (self._half(upper=False), self._half(upper=True))

    # ---- registers -----------------------------------------------------------------------
    def cd(self, pan: bool) -> Record:
        """The regime as a CD."""
        low, high = self.halves
        return CD.unpack(CD.pack(
            v=1, aa64=1, ips=self.ips, pan=int(pan), mair0=self.mair & 0xFFFF_FFFF,
            mair1=self.mair >> 32, r=1, a=1,
            t0sz=low.tsz, tg0=low.granule.tg0, ttb0=low.base, epd0=low.disabled,
            had0=low.flat, tbi0=low.tbi,
            t1sz=high.tsz, tg1=high.granule.tg1, ttb1=high.base, epd1=high.disabled,
            had1=high.flat, tbi1=high.tbi,
        ))  # fmt: skip

    @property
    def tcr(self) -> int:
        """The regime as TCR_EL1."""
        value = self.ips << 32
        for n, half in enumerate(self.halves):
            code = half.granule.tg1 if half.upper else half.granule.tg0
            value |= half.tsz << TCR_TSZ[n] | code << TCR_TG[n] | half.disabled << TCR_EPD[n]
            value |= half.tbi << TCR_TBI[n] | half.flat << TCR_HPD[n]
        return value

    # ---- tables --------------------------------------------------------------------------
    def _alloc(self, size: int) -> int:
        at = -(-self._next // size) * size
        self._next = at + size
        return at

    def _half(self, *, upper: bool) -> Half:
        rng = self.rng
        half = Half(rng.choice(list(GRANULES.values())), rng.randint(16, 39), upper)
        half.disabled, half.tbi, half.flat = (rng.random() < p for p in (0.05, 0.4, 0.3))
        granule, start = half.granule, half.start
        top = granule.start_table_bytes(start, half.bits)
        half.base = self._alloc(max(top, 64))
        tables = {start: [half.base]}
        for level in range(start + 1, LAST_LEVEL + 1):
            tables[level] = [self._alloc(granule.size) for _ in range(TABLES_PER_LEVEL)]
        for level, places in tables.items():
            count = top // 8 if level == start else granule.size // 8
            used = rng.sample(range(count), min(count, ENTRIES))
            half.indexes[level] = used
            below = tables.get(level + 1, [])
            for place in places:
                for index in used:
                    self.descriptors[place + 8 * index] = self._descriptor(granule, level, below)
        return half

    def _descriptor(self, granule: Granule, level: int, below: list[int]) -> int:
        rng = self.rng
        kind = rng.random()
        if kind < 0.06:
            return rng.getrandbits(64) & ~1
        if level == LAST_LEVEL:
            return self._leaf(granule, level) | (1 if kind < 0.1 else 3)
        if level in granule.block_levels and kind < 0.4:
            return self._leaf(granule, level) | 1
        table = rng.choice(below) | rng.getrandbits(10) << 2 | 3
        if rng.random() < 0.6:
            table |= rng.getrandbits(5) << 59 & rng.getrandbits(64)
        return table | rng.getrandbits(7) << 52

    def _leaf(self, granule: Granule, level: int) -> int:
        rng = self.rng
        limit = (1 << OUT_BITS[self.ips]) - 1
        # address bits below the leaf's size are RES0: the CPU model ORs them into its output
        bits = rng.getrandbits(48) & limit & -granule.leaf_size(level)
        bits |= rng.getrandbits(10) << 2  # AttrIndx NS AP SH AF nG
        if rng.random() < 0.8:
            bits |= 1 << 10
        return bits | rng.getrandbits(13) << 51  # DBM, Contiguous, PXN, UXN, software

    # ---- addresses -----------------------------------------------------------------------
    def address(self) -> tuple[int, Half]:
        """A virtual address and the tree it should be looked up in."""
        rng = self.rng
        half = rng.choice(self.halves)
        granule = half.granule
        va = rng.randrange(granule.size)
        for level, used in half.indexes.items():
            index = rng.choice(used) if rng.random() < 0.97 else rng.getrandbits(13)
            va |= index << granule.level_shift(level)
        va &= (1 << half.bits) - 1
        if half.upper:
            va |= (1 << 64) - (1 << half.bits)
        odd = rng.random()
        if odd < 0.15:
            va = va & ~(0xFF << 56) | rng.getrandbits(8) << 56
        elif odd < 0.2:
            # outside the tree, without changing sides
            va ^= 1 << rng.choice([b for b in range(half.bits, 64) if b != 55])
        return va, half
