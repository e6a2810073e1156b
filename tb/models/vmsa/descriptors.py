# SPDX-License-Identifier: Apache-2.0
"""Encoders of VMSAv8-64 descriptors (architecture section 3; bit positions: facts 4.1-4.3)."""

from __future__ import annotations

from dataclasses import dataclass

from tb.models.vmsa.geometry import LAST_LEVEL, Granule

_ADDRESS_MASK = (1 << 48) - 1

SH_NON, SH_OUTER, SH_INNER = 0, 2, 3


@dataclass(frozen=True)
class Stage1Leaf:
    """Attributes of a stage 1 block or page.

    ``writable`` and ``user`` form AP[2:1]; ``attr_index`` selects a byte of MAIR; ``extra`` is
    ORed into the descriptor as it is (software bits, or bits a test wants to be junk).
    """

    writable: bool = True
    user: bool = True
    attr_index: int = 0
    sh: int = SH_INNER
    af: bool = True
    ng: bool = True
    uxn: bool = False
    pxn: bool = False
    contiguous: bool = False
    dbm: bool = False
    extra: int = 0

    def bits(self) -> int:
        """All attribute bits, without type and address."""
        return (
            self.attr_index << 2
            | int(self.user) << 6
            | int(not self.writable) << 7
            | self.sh << 8
            | int(self.af) << 10
            | int(self.ng) << 11
            | int(self.dbm) << 51
            | int(self.contiguous) << 52
            | int(self.pxn) << 53
            | int(self.uxn) << 54
            | self.extra
        )


@dataclass(frozen=True)
class Stage2Leaf:
    """Attributes of a stage 2 block or page; ``mem_attr`` 0b1111 leaves stage 1 in charge."""

    readable: bool = True
    writable: bool = True
    mem_attr: int = 0xF
    sh: int = SH_INNER
    af: bool = True
    xn: int = 0
    contiguous: bool = False
    dbm: bool = False
    extra: int = 0

    def bits(self) -> int:
        """All attribute bits, without type and address."""
        return (
            self.mem_attr << 2
            | int(self.readable) << 6
            | int(self.writable) << 7
            | self.sh << 8
            | int(self.af) << 10
            | int(self.dbm) << 51
            | int(self.contiguous) << 52
            | self.xn << 53
            | self.extra
        )


@dataclass(frozen=True)
class TableBits:
    """Hierarchical bits of a stage 1 table descriptor."""

    ap_table: int = 0
    uxn_table: bool = False
    pxn_table: bool = False
    ns_table: bool = False
    extra: int = 0

    def bits(self) -> int:
        """All bits above and besides the address."""
        return (
            self.ap_table << 61
            | int(self.uxn_table) << 60
            | int(self.pxn_table) << 59
            | int(self.ns_table) << 63
            | self.extra
        )


def _leaf(granule: Granule, level: int, address: int, bits: int) -> int:
    if address & (granule.leaf_size(level) - 1) or address & ~_ADDRESS_MASK:
        raise ValueError(
            f"0x{address:x} cannot be the output of a level {level} {granule.name} leaf"
        )
    return address | bits | (0b11 if level == LAST_LEVEL else 0b01)


def stage1_leaf(granule: Granule, level: int, address: int, leaf: Stage1Leaf) -> int:
    """Stage 1 block or page descriptor for ``level``."""
    return _leaf(granule, level, address, leaf.bits())


def stage2_leaf(granule: Granule, level: int, address: int, leaf: Stage2Leaf) -> int:
    """Stage 2 block or page descriptor for ``level``."""
    return _leaf(granule, level, address, leaf.bits())


def table_descriptor(address: int, bits: TableBits | None = None) -> int:
    """Table descriptor pointing at the next-level table at ``address``."""
    if address & 0xFFF or address & ~_ADDRESS_MASK:
        raise ValueError(f"0x{address:x} cannot be a next-level table address")
    return address | (bits.bits() if bits else 0) | 0b11
