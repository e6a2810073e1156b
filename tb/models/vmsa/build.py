# SPDX-License-Identifier: Apache-2.0
"""Builds VMSAv8-64 tables in simulated memory (architecture section 3).

A :class:`PageTable` is one tree: half of a stage 1 address space, or a stage 2.  The tables of
a guest live at intermediate addresses; ``to_pa`` then tells where those really are, so that the
tree holds guest addresses while its bytes land in host pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tb.models.memory import Memory
from tb.models.vmsa.descriptors import (
    Stage1Leaf,
    Stage2Leaf,
    TableBits,
    stage1_leaf,
    stage2_leaf,
    table_descriptor,
)
from tb.models.vmsa.geometry import LAST_LEVEL, Granule

_ADDRESS_MASK = (1 << 48) - 1


class PageTable:
    """One translation table tree.

    Args:
        memory: where the descriptors are stored.
        granule: translation granule.
        stage: 1 or 2.
        input_bits: width of the input address in bits (64 - TxSZ).
        alloc: ``alloc(size, alignment) -> address`` of zeroed table memory.
        start_level: start level; by default the one stage 1 requires, or for stage 2 the
            deepest that up to 16 concatenated tables allow.
        upper: True for a TTB1 tree, whose addresses have all bits above ``input_bits`` set.
        to_pa: physical address of a table address (identity by default).
    """

    def __init__(
        self,
        memory: Memory,
        granule: Granule,
        *,
        stage: int,
        input_bits: int,
        alloc: Callable[[int, int], int],
        start_level: int | None = None,
        upper: bool = False,
        to_pa: Callable[[int], int] | None = None,
    ) -> None:
        self.memory = memory
        self.granule = granule
        self.stage = stage
        self.input_bits = input_bits
        self.upper = upper
        self._alloc = alloc
        self._to_pa = to_pa or (lambda address: address)
        if start_level is None:
            chooser = granule.start_level if stage == 1 else granule.s2_default_start
            start_level = chooser(input_bits)
        self.start_level = start_level
        size = granule.start_table_bytes(start_level, input_bits)
        self.base = alloc(size, max(size, 64))
        self.tables: list[tuple[int, int]] = [(self.base, size)]

    # ---- fields for a CD or an STE -------------------------------------------------------
    @property
    def tsz(self) -> int:
        """Value of TxSZ or S2T0SZ."""
        return 64 - self.input_bits

    @property
    def sl0(self) -> int:
        """Value of S2SL0."""
        return self.granule.s2_sl0(self.start_level)

    # ---- descriptors ---------------------------------------------------------------------
    def entry_address(self, ia: int, level: int) -> int | None:
        """Address of the descriptor of ``ia`` at ``level``; None when the path ends above."""
        table = self.base
        for step in range(self.start_level, level):
            descriptor = self._load(self._entry(table, ia, step))
            if descriptor & 3 != 3:
                return None
            table = self._next_table(descriptor)
        return self._entry(table, ia, level)

    def get(self, ia: int, level: int) -> int | None:
        """Descriptor of ``ia`` at ``level``, or None when there is no such table."""
        entry = self.entry_address(ia, level)
        return None if entry is None else self._load(entry)

    def put(self, ia: int, level: int, descriptor: int, bits: TableBits | None = None) -> int:
        """Store a raw descriptor, making the tables above it; returns its table address."""
        self._check_input(ia)
        table = self.base
        for step in range(self.start_level, level):
            table = self._descend(table, ia, step, bits)
        entry = self._entry(table, ia, level)
        self._store(entry, descriptor)
        return entry

    def leaf_of(self, ia: int) -> tuple[int, int] | None:
        """``(level, descriptor)`` of the leaf that maps ``ia``, or None."""
        table = self.base
        for level in range(self.start_level, LAST_LEVEL + 1):
            descriptor = self._load(self._entry(table, ia, level))
            if not descriptor & 1:
                return None
            if level == LAST_LEVEL or not descriptor & 2:
                return level, descriptor
            table = self._next_table(descriptor)
        return None

    # ---- mappings ------------------------------------------------------------------------
    def map(
        self,
        ia: int,
        oa: int,
        size: int,
        leaf: Stage1Leaf | Stage2Leaf | None = None,
        *,
        level: int | None = None,
        bits: TableBits | None = None,
    ) -> None:
        """Map ``size`` bytes; the biggest leaves that fit are used unless ``level`` is given."""
        page = self.granule.size
        if (ia | oa | size) & (page - 1):
            raise ValueError(f"mapping 0x{ia:x}+0x{size:x} -> 0x{oa:x} is not page aligned")
        done = 0
        while done < size:
            at = level if level is not None else self._best_level(ia + done, oa + done, size - done)
            self.put(ia + done, at, self.encode(oa + done, at, leaf), bits)
            done += self.granule.leaf_size(at)

    def encode(self, oa: int, level: int, leaf: Stage1Leaf | Stage2Leaf | None = None) -> int:
        """Leaf descriptor of this tree's stage."""
        if self.stage == 1:
            return stage1_leaf(self.granule, level, oa, leaf or Stage1Leaf())
        return stage2_leaf(self.granule, level, oa, leaf or Stage2Leaf())

    def unmap(self, ia: int, size: int) -> list[tuple[int, int]]:
        """Remove leaves over the range (blocks partly hit are split); returns what went."""
        gone: list[tuple[int, int]] = []
        done = 0
        while done < size:
            found = self.leaf_of(ia + done)
            if found is None:
                done += self.granule.size - ((ia + done) & (self.granule.size - 1))
                continue
            level, descriptor = found
            span = self.granule.leaf_size(level)
            if (ia + done) & (span - 1) or size - done < span:
                self.split(ia + done)
                continue
            self.put(ia + done, level, 0)
            gone.append((ia + done, descriptor & _ADDRESS_MASK & -span))
            done += span
        return gone

    def split(self, ia: int) -> None:
        """Replace the block that maps ``ia`` by a table of leaves one level down."""
        found = self.leaf_of(ia)
        if found is None or found[0] == LAST_LEVEL:
            raise ValueError(f"no block maps 0x{ia:x}")
        level, descriptor = found
        span, step = self.granule.leaf_size(level), self.granule.leaf_size(level + 1)
        keep = descriptor & ~(_ADDRESS_MASK & -span) & ~0b11
        base = descriptor & _ADDRESS_MASK & -span
        table = self._new_table()
        kind = 0b11 if level + 1 == LAST_LEVEL else 0b01
        for index in range(span // step):
            self._store(table + 8 * index, base + index * step | keep | kind)
        self._store(self.entry_address(ia, level), table_descriptor(table))

    def leaves(self) -> Iterator[tuple[int, int, int]]:
        """All ``(input address, level, descriptor)`` of the tree, ascending."""
        high = -(1 << self.input_bits) & 0xFFFF_FFFF_FFFF_FFFF if self.upper else 0
        count = self.granule.start_table_bytes(self.start_level, self.input_bits) // 8
        yield from self._leaves(self.base, self.start_level, count, high)

    # ---- internals -----------------------------------------------------------------------
    def _leaves(self, table: int, level: int, count: int, ia: int) -> Iterator:
        for index in range(count):
            descriptor = self._load(table + 8 * index)
            here = ia + (index << self.granule.level_shift(level))
            if not descriptor & 1:
                continue
            if level == LAST_LEVEL or not descriptor & 2:
                yield here, level, descriptor
            else:
                table_size = 1 << self.granule.bits
                yield from self._leaves(self._next_table(descriptor), level + 1, table_size, here)

    def _check_input(self, ia: int) -> None:
        high = ia >> self.input_bits
        if high != ((1 << (64 - self.input_bits)) - 1 if self.upper else 0):
            raise ValueError(f"input address 0x{ia:x} is outside this {self.input_bits}-bit tree")

    def _best_level(self, ia: int, oa: int, left: int) -> int:
        for level in self.granule.leaf_levels:
            span = self.granule.leaf_size(level)
            if level >= self.start_level and not (ia | oa) & (span - 1) and left >= span:
                return level
        return LAST_LEVEL

    def _descend(self, table: int, ia: int, level: int, bits: TableBits | None) -> int:
        entry = self._entry(table, ia, level)
        descriptor = self._load(entry)
        if descriptor & 3 == 3:
            if bits is not None:
                self._store(entry, descriptor | bits.bits())
            return self._next_table(descriptor)
        if descriptor & 1:
            raise ValueError(f"a level {level} block already maps 0x{ia:x}")
        new = self._new_table()
        self._store(entry, table_descriptor(new, bits))
        return new

    def _new_table(self) -> int:
        size = self.granule.size
        table = self._alloc(size, size)
        self.tables.append((table, size))
        return table

    def _entry(self, table: int, ia: int, level: int) -> int:
        return table + 8 * self.granule.index(ia, level, self.start_level, self.input_bits)

    def _next_table(self, descriptor: int) -> int:
        return descriptor & _ADDRESS_MASK & -self.granule.size

    def _load(self, address: int) -> int:
        return self.memory.peek64(self._to_pa(address))

    def _store(self, address: int, value: int) -> None:
        self.memory.poke64(self._to_pa(address), value)
