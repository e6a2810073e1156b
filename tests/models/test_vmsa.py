# SPDX-License-Identifier: Apache-2.0
"""Table builder and independent walker: VM1-003..023, VM2-001..013, NST-003."""

from __future__ import annotations

import itertools
import random

import pytest

from tb.models.memory import Memory
from tb.models.vmsa import (
    GRANULE_4K,
    GRANULE_16K,
    GRANULE_64K,
    GRANULES,
    AccessKind,
    PageTable,
    Stage1Leaf,
    Stage1Regime,
    Stage2Leaf,
    Stage2Regime,
    TableBits,
    WalkFault,
    walk_nested,
    walk_stage1,
    walk_stage2,
)

READ = AccessKind()


class Arena:
    """Bump allocator of table memory."""

    def __init__(self, base: int = 0x4000_0000) -> None:
        self.next = base

    def __call__(self, size: int, alignment: int) -> int:
        at = -(-self.next // alignment) * alignment
        self.next = at + size
        return at


def stage1(tree: PageTable, **options) -> Stage1Regime:
    fields = {"ttb": (0, 0), "tsz": (16, 16), "granule": (tree.granule,) * 2, "disabled": (1, 1)}
    half = int(tree.upper)
    for name, value in (("ttb", tree.base), ("tsz", tree.tsz), ("disabled", False)):
        pair = list(fields[name])
        pair[half] = value
        fields[name] = tuple(pair)
    return Stage1Regime(**{**fields, **options})


@pytest.mark.parametrize("granule", GRANULES.values(), ids=lambda g: g.name)
@pytest.mark.parametrize("upper", [False, True])
def test_every_size_and_leaf_level_round_trips(granule, upper):
    rng = random.Random(granule.shift)
    for input_bits in range(25, 49):
        memory = Memory()
        tree = PageTable(
            memory, granule, stage=1, input_bits=input_bits, alloc=Arena(), upper=upper
        )
        high = -(1 << input_bits) & 0xFFFF_FFFF_FFFF_FFFF if upper else 0
        for level in granule.leaf_levels:
            if level < tree.start_level:
                continue
            span = granule.leaf_size(level)
            va = high | rng.randrange(max(1 << input_bits - span.bit_length() + 1, 1)) * span
            pa = rng.randrange(1 << 47) & -span
            if tree.leaf_of(va) is not None:
                continue
            try:
                tree.map(va, pa, span, level=level)
            except ValueError as error:
                assert "block already maps" in str(error) or "outside" in str(error)
                continue
            offset = rng.randrange(span)
            got = walk_stage1(stage1(tree), va + offset, READ, memory.peek64)
            assert (got.pa, got.level, got.size) == (pa + offset, level, span)
            assert got.path[-1] == tree.entry_address(va, level)


@pytest.mark.parametrize(
    ("granule", "bits", "level"),
    [(GRANULE_4K, 48, 0), (GRANULE_4K, 39, 1), (GRANULE_4K, 30, 2), (GRANULE_16K, 48, 0)]
    + [(GRANULE_16K, 47, 1), (GRANULE_16K, 36, 2), (GRANULE_16K, 25, 3), (GRANULE_64K, 48, 1)]
    + [(GRANULE_64K, 42, 2), (GRANULE_64K, 29, 3), (GRANULE_64K, 25, 3), (GRANULE_4K, 25, 2)],
)
def test_stage1_start_levels(granule, bits, level):
    assert granule.start_level(bits) == level


@pytest.mark.parametrize(
    ("granule", "bits", "level", "tables"),
    [
        (GRANULE_4K, 40, 1, 2),
        (GRANULE_4K, 43, 1, 16),
        (GRANULE_4K, 44, 0, 1),
        (GRANULE_4K, 34, 2, 16),
    ]
    + [(GRANULE_16K, 48, 1, 2), (GRANULE_16K, 40, 2, 16), (GRANULE_16K, 29, 3, 16)]
    + [(GRANULE_64K, 46, 2, 16), (GRANULE_64K, 47, 1, 1), (GRANULE_64K, 33, 3, 16)],
)
def test_stage2_start_levels_and_concatenation(granule, bits, level, tables):
    memory = Memory()
    tree = PageTable(memory, granule, stage=2, input_bits=bits, alloc=Arena())
    assert tree.start_level == level
    full = granule.size
    assert max(granule.start_table_bytes(level, bits) // full, 1) == tables
    ipa = (1 << bits) - granule.size
    tree.map(ipa, 0x5000_0000, granule.size)
    regime = Stage2Regime(tree.base, tree.tsz, granule, granule.s2_start_level(tree.sl0))
    assert walk_stage2(regime, ipa + 5, READ, memory.peek64).pa == 0x5000_0005
    with pytest.raises(WalkFault) as caught:
        walk_stage2(regime, 1 << bits, READ, memory.peek64)
    assert (caught.value.stage, caught.value.kind) == (2, "translation")


def test_biggest_leaf_split_and_unmap():
    memory = Memory()
    tree = PageTable(memory, GRANULE_4K, stage=1, input_bits=48, alloc=Arena())
    tree.map(0x4000_0000, 0x8000_0000, (1 << 30) + (1 << 21) + 0x1000)
    assert [level for _, level, _ in tree.leaves()] == [1, 2, 3]
    gone = tree.unmap(0x4020_3000, 0x1000)
    assert gone == [(0x4020_3000, 0x8020_3000)]
    regime = stage1(tree)
    with pytest.raises(WalkFault):
        walk_stage1(regime, 0x4020_3000, READ, memory.peek64)
    for va in (0x4020_2000, 0x4020_4000, 0x4040_0000, 0x8000_0000, 0x8020_0000):
        assert walk_stage1(regime, va, READ, memory.peek64).pa == va + 0x4000_0000
    assert tree.unmap(0x9_0000_0000, 0x2000) == []


def test_stage1_permission_table():
    memory = Memory()
    for write, user, uxn, pxn, wxn, pan in itertools.product((False, True), repeat=6):
        tree = PageTable(memory, GRANULE_4K, stage=1, input_bits=30, alloc=Arena())
        tree.map(0, 0x5000_0000, 0x1000, Stage1Leaf(writable=write, user=user, uxn=uxn, pxn=pxn))
        regime = stage1(tree, wxn=wxn, pan=pan)
        for privileged, kind in itertools.product((False, True), "rwx"):
            access = AccessKind(kind == "w", privileged, kind == "x")
            if kind == "x":
                never = (pxn or (user and write)) if privileged else uxn
                want = not never and not (wxn and write and (privileged or user))
            else:
                want = (privileged or user) and (kind == "r" or write)
                want = want and not (pan and privileged and user)
            try:
                walk_stage1(regime, 0, access, memory.peek64)
                assert want
            except WalkFault as fault:
                assert not want and fault.kind == "permission"


def test_hierarchical_bits_and_their_disable():
    memory = Memory()
    tree = PageTable(memory, GRANULE_4K, stage=1, input_bits=48, alloc=Arena())
    tree.map(0, 0x5000_0000, 0x1000, Stage1Leaf(), bits=TableBits(ap_table=2, uxn_table=True))
    write, fetch = AccessKind(write=True), AccessKind(fetch=True)
    for access in (write, fetch):
        with pytest.raises(WalkFault, match="permission"):
            walk_stage1(stage1(tree), 0, access, memory.peek64)
        flat = stage1(tree, flat_permissions=(True, False))
        assert walk_stage1(flat, 0, access, memory.peek64).pa == 0x5000_0000


def test_nested_tables_live_at_guest_addresses():
    memory, offset = Memory(), 0x1_0000_0000
    host = PageTable(memory, GRANULE_4K, stage=2, input_bits=40, alloc=Arena(0x7000_0000))
    guest = PageTable(
        memory,
        GRANULE_16K,
        stage=1,
        input_bits=47,
        alloc=Arena(0x8000_0000),
        to_pa=lambda ipa: ipa + offset,
    )
    host.map(0x8000_0000, 0x8000_0000 + offset, 1 << 25, Stage2Leaf(writable=False))
    host.map(0xA000_0000, 0x1234_5000, 0x4000)
    guest.map(0x7654_0000, 0xA000_0000, 0x4000)
    second = Stage2Regime(host.base, host.tsz, GRANULE_4K, host.start_level)
    first, final = walk_nested(stage1(guest), second, 0x7654_1238, READ, memory.peek64)
    assert (first.pa, final.pa) == (0xA000_1238, 0x1234_6238)
    host.unmap(guest.entry_address(0x7654_0000, 3) & ~0xFFF, 0x1000)
    with pytest.raises(WalkFault) as caught:
        walk_nested(stage1(guest), second, 0x7654_1238, READ, memory.peek64)
    assert caught.value.for_table and caught.value.stage == 2


def test_faults_in_order():
    memory = Memory()
    tree = PageTable(memory, GRANULE_64K, stage=1, input_bits=42, alloc=Arena())
    regime = stage1(tree, out_bits=40)

    def fault(descriptor, **options) -> str:
        tree.put(0x1_0000, 3, descriptor)
        with pytest.raises(WalkFault) as caught:
            walk_stage1(
                stage1(tree, out_bits=40, **options), 0x1_0000, AccessKind(True), memory.peek64
            )
        return caught.value.kind

    assert fault(0) == fault(0x5_0001) == "translation"
    assert fault(tree.encode(1 << 40, 3)) == fault(tree.encode(0, 3) | 1 << 13) == "size"
    weak = Stage1Leaf(af=False, writable=False)
    assert fault(tree.encode(0, 3, weak)) == "access"
    assert fault(tree.encode(0, 3, weak), ignore_af=True) == "permission"
    with pytest.raises(WalkFault, match="translation"):
        walk_stage1(regime, 1 << 42, READ, memory.peek64)
    with pytest.raises(WalkFault, match="external"):
        walk_stage1(regime, 0, READ, lambda address: None)
    tagged = stage1(tree, ignore_top_byte=(True, True), out_bits=48)
    tree.put(0x1_0000, 3, tree.encode(0x77_0000, 3))
    assert walk_stage1(tagged, 0xAB00_0000_0001_0004, READ, memory.peek64).pa == 0x77_0004


def test_builder_refuses_nonsense():
    memory = Memory()
    tree = PageTable(memory, GRANULE_4K, stage=1, input_bits=39, alloc=Arena())
    for ia, oa in ((1 << 39, 0), (0x800, 0), (0, 0x10)):
        with pytest.raises(ValueError):
            tree.map(ia, oa, 0x1000)
    tree.map(0, 0, 1 << 21)
    with pytest.raises(ValueError, match="block already maps"):
        tree.map(0x1000, 0, 0x1000)
    with pytest.raises(ValueError, match="no block"):
        tree.split(0x8000_0000)
