# SPDX-License-Identifier: Apache-2.0
"""Stage 2 of the whole SMMU: start levels, concatenation, input range, descriptors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import cocotb

from tb.env.program import Stream
from tb.models.vmsa import GRANULE_4K, GRANULE_16K, GRANULE_64K, GRANULES, Granule, PageTable
from tests.smmu.stage1_tests import ALL_LEAVES, BLOCKS, INDEX_LSB, PAGE, SID, SIZES
from tests.smmu.walk_scene import Seen, WalkScene, ends

TRAP = 0x10_0000_0000  # memory nobody writes: every descriptor there is invalid
ATTRS = 0x7FC  # AF, SH inner, S2AP read-write, MemAttr WB

# S2SL0 code: (first level, {T0SZ: tables}) as VM2-001..003 list them for OAS 48.
LEGAL: dict[int, dict[int, tuple[int, dict[int, int]]]] = {
    12: {
        2: (0, dict.fromkeys(range(16, 25), 1)),
        1: (1, dict.fromkeys(range(25, 34), 1) | {24: 2, 23: 4, 22: 8, 21: 16}),
        0: (2, dict.fromkeys(range(34, 40), 1) | {33: 2, 32: 4, 31: 8, 30: 16}),
    },
    14: {
        2: (1, dict.fromkeys(range(17, 28), 1) | {16: 2}),
        1: (2, dict.fromkeys(range(28, 39), 1) | {27: 2, 26: 4, 25: 8, 24: 16}),
        0: (3, {39: 1, 38: 2, 37: 4, 36: 8, 35: 16}),
    },
    16: {
        2: (1, dict.fromkeys(range(16, 22), 1)),
        1: (2, dict.fromkeys(range(22, 35), 1) | {21: 2, 20: 4, 19: 8, 18: 16}),
        0: (3, dict.fromkeys(range(35, 40), 1) | {34: 2, 33: 4, 32: 8, 31: 16}),
    },
}


def is_stage2(seen: Seen, event: str, ipa: int, kind: int = 2) -> None:
    """The fault is of stage 2, on this IPA."""
    record = seen.record
    assert seen.what == event, f"{seen.what} at IPA 0x{ipa:x}, not {event}"
    assert (record.s2, getattr(record, "class")) == (1, kind), f"{record}"
    assert record.ipa == ipa & ~0xFFF, f"{record}"


async def geometry(dut: Any, granule: Granule, t0szs: Iterable[int] = range(64),
                   legal: Callable[[int, int, int], bool] | None = None) -> None:  # fmt: skip
    """T0SZ times 4 SL0, each a stream: the first read, or C_BAD_STE and no table read.

    ``legal`` (page shift, SL0, T0SZ): further limits of a build, over those of VM2-001..003.
    """
    s = await WalkScene.start(dut)
    sid = 0
    for sl0 in range(4):
        level, shapes = LEGAL[granule.shift].get(sl0, (0, {}))
        for t0sz in t0szs:
            sid += 1
            text = f"{granule.name} SL0={sl0} T0SZ={t0sz}"
            bits = 64 - t0sz
            lsb = INDEX_LSB[granule.shift][level] or 48
            # low bits of S2TTB below the whole set of tables are ignored (VM2-005)
            size = 8 << max(bits - lsb, 0)
            junk = (size - 1) & ~0xF if t0sz in shapes else 0
            s.prog.stream(sid, s1=False, s2=s.prog.tree(stage=2, input_bits=40), s2tg=granule.tg0,
                          s2t0sz=t0sz, s2sl0=sl0, s2ttb=TRAP | junk)  # fmt: skip
            tables = shapes.get(t0sz, 0)
            if legal is not None and not legal(granule.shift, sl0, t0sz):
                tables = 0
            ipa = min((1 << min(bits, 48)) - 1, (1 << 48) - 1) & ~0xFFF
            seen = await s.access(ipa, sid)
            if not tables:
                assert seen.what == "C_BAD_STE", f"{text}: {seen.what}"
                assert len(seen.fetches) == 1, f"{text}: read {len(seen.fetches)}"
                continue
            assert tables == max(size >> granule.shift, 1), f"{text}: the table of this test"
            for number in range(tables):
                if number:
                    ipa = (number - 1) << lsb + granule.bits | 0x5000
                    seen = await s.access(ipa, sid)
                is_stage2(seen, "F_TRANSLATION", ipa)
                first = seen.fetches[-1].addr
                want = TRAP + 8 * (ipa >> lsb)
                assert first & ~0xF == want & ~0xF, f"{text}: read 0x{first:x}, not 0x{want:x}"
                assert len(seen.fetches) <= 2, f"{text}: one read of the table"
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def geometry_4k(dut: Any) -> None:
    """VM2-001, VM2-005: legal T0SZ and SL0, the first read in each concatenated table."""
    await geometry(dut, GRANULE_4K)


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def geometry_16k(dut: Any) -> None:
    """VM2-002, VM2-005: legal T0SZ and SL0, the first read in each concatenated table."""
    await geometry(dut, GRANULE_16K)


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def geometry_64k(dut: Any) -> None:
    """VM2-003, VM2-005: legal T0SZ and SL0, the first read in each concatenated table."""
    await geometry(dut, GRANULE_64K)


def only(s: WalkScene, sid: int, granule: Granule = GRANULE_4K, bits: int = 44,
         **ste: int) -> PageTable:  # fmt: skip
    """A stream with nothing but a stage 2 tree."""
    tree = s.prog.tree(granule, stage=2, input_bits=bits)
    s.prog.stream(sid, s1=False, s2=tree, s2vmid=sid, **ste)
    return tree


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def concatenated_tables_translate(dut: Any) -> None:
    """VM2-005: with 2 to 16 start tables an IPA in each of them translates."""
    s = await WalkScene.start(dut)
    sid = SID
    for granule in GRANULES.values():
        for level, shapes in LEGAL[granule.shift].values():
            for t0sz, tables in shapes.items():
                if tables == 1:
                    continue
                sid += 1
                tree = s.prog.tree(granule, stage=2, input_bits=64 - t0sz, start_level=level)
                size = 8 << (64 - t0sz - INDEX_LSB[granule.shift][level])
                s.prog.stream(sid, s1=False, s2=tree, s2vmid=sid, s2ttb=tree.base | size // 2)
                for number in range(tables):
                    ipa = number << INDEX_LSB[granule.shift][level] + granule.bits
                    ipa |= granule.size if t0sz < 39 else 0
                    tree.map(ipa, PAGE + number * granule.size, granule.size)
                    seen = await s.access(ipa + 0x80, sid)
                    want = PAGE + number * granule.size + 0x80
                    assert seen.pa == want, f"{granule.name} T0SZ={t0sz} table {number}"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def ipa_beyond_t0sz(dut: Any) -> None:
    """VM2-006: an IPA at or above the input size faults in stage 2 and reads no stage 2 table."""
    s = await WalkScene.start(dut)
    oas = s.bench.model_config.oas
    for sid, bits in ((SID, 36), (SID + 1, 40), (SID + 2, 44)):
        tree = only(s, sid, bits=bits)
        tree.map(PAGE, PAGE, 0x1000)
        assert (await s.access(PAGE, sid)).ok
        for bit in range(bits, oas):
            seen = await s.access(1 << bit, sid)
            is_stage2(seen, "F_TRANSLATION", 1 << bit)
            assert not seen.fetches, f"read for IPA bit {bit} of {bits}"
        nested = s.prog.stream(sid + 0x10, s2=s.prog.tree(stage=2, input_bits=bits))
        if bits < 40:
            continue  # stage 1 tables of this bench lie above 32 GB
        space = nested.space()
        for bit in range(bits, oas):
            space.map(0x1000 * bit, 1 << bit, 0x1000)
        space.map(0, nested.ipa(PAGE), 0x1000)
        nested.lend(PAGE, 0x1000)
        assert (await s.access(0, sid + 0x10)).ok
        for bit in range(bits, oas):
            seen = await s.access(0x1000 * bit + 8, sid + 0x10)
            is_stage2(seen, "F_TRANSLATION", 1 << bit)
            assert len(seen.fetches) <= 1, "a line of the stage 1 table at most"
            for base, size in nested.stage2.tables:
                assert not any(base <= f.addr < base + size for f in seen.fetches), f"bit {bit}"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def input_beyond_ias(dut: Any) -> None:
    """VM2-007: bits from the OAS up, stage 2 only: F_ADDR_SIZE of stage 1, never a stall."""
    s = await WalkScene.start(dut)
    for sid, s2s in ((SID, 0), (SID + 1, 1)):
        only(s, sid, s2s=s2s).map(PAGE, PAGE, 0x1000)
        assert (await s.access(PAGE, sid)).ok
        for addr in (
            *(PAGE | 1 << bit for bit in range(s.bench.model_config.oas, 64)),
            PAGE | 0xA5 << 56,
        ):
            seen = await s.access(addr, sid)
            assert seen.what == "F_ADDR_SIZE", f"0x{addr:x}: {seen.what}"
            assert (seen.record.s2, seen.record.stall) == (0, 0), f"{seen.record}"
            assert not seen.fetches and seen.record.inputaddr == addr
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def stage2_types_and_outputs(dut: Any) -> None:
    """VM2-010: types at every level, block levels, output composition as in stage 1."""
    s = await WalkScene.start(dut)
    sid = SID
    for granule in GRANULES.values():
        sid += 1
        tree = s.prog.tree(granule, stage=2, input_bits=48 if granule is GRANULE_4K else 47,
                           start_level=0 if granule is GRANULE_4K else 1)  # fmt: skip
        s.prog.stream(sid, s1=False, s2=tree, s2vmid=sid)
        number = 0
        for level in range(tree.start_level, 4):
            size = 1 << INDEX_LSB[granule.shift][level]
            for code in range(4):
                number += 1
                addr = number << (39 if granule is GRANULE_4K else 42 if level < 2 else 36)
                out = 0x400_0000_0000
                if code == 3 and level < 3:
                    tree.map(addr, PAGE & -granule.size, granule.size)
                else:
                    tree.put(addr, level, out | ATTRS | code)
                leaf = code == 3 if level == 3 else code == 1 and level in BLOCKS[granule.shift]
                text = f"{granule.name} level {level} code {code:02b}"
                seen = await s.access(addr, sid)
                if leaf:
                    for offset in (*ends(0, size), size // 2 + 0x40):
                        assert (await s.access(addr + offset, sid)).pa == out + offset, text
                elif code == 3:
                    assert seen.pa == PAGE & -granule.size, text
                else:
                    is_stage2(seen, "F_TRANSLATION", addr)
                    assert not any(f.addr >> 44 for f in seen.fetches), f"{text}: followed"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def stage2_output_junk(dut: Any) -> None:
    """VM2-010, VM2-016: RES0 address bits, nT and Contiguous of a leaf are ignored."""
    s = await WalkScene.start(dut)
    for index, (granule, level) in enumerate(ALL_LEAVES):
        sid, size = SID + index, granule.leaf_size(level)
        tree = only(s, sid, granule)
        kind = 3 if level == 3 else 1
        lowest = 16 if granule is GRANULE_64K else 12
        junk = (size - 1) & -(1 << lowest)
        base = 0x234_0000_0000
        for number, extra in enumerate((0, junk, junk | 1 << 52, 1 << 52, 0, 1 << 52)):
            # neighbours of one contiguous group point anywhere
            out = base + size * ((number * 5) % 7)
            tree.put((number + 64) * size, level, out | extra | ATTRS | kind)
            for offset in ends(0, size):
                seen = await s.access((number + 64) * size + offset, sid)
                assert seen.pa == out + offset, f"{granule.name} L{level} extra 0x{extra:x}"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def stage2_table_bits(dut: Any) -> None:
    """VM2-009: bits [63:51], [50:48] and [11:2] of a stage 2 table have no effect."""
    s = await WalkScene.start(dut)
    for index, granule in enumerate(GRANULES.values()):
        tree = only(s, SID + index, granule)
        tree.map(PAGE, PAGE, granule.size)
        for level in range(tree.start_level, 3):
            descriptor = tree.get(PAGE, level)
            for bits in (*(1 << b for b in (*range(2, 12), *range(48, 64))), 0xFFFF << 48 | 0xFFC):
                tree.put(PAGE, level, descriptor | bits)
                await s.forget()
                for write in (False, True):
                    seen = await s.access(PAGE + 0x40, SID + index, write=write)
                    assert seen.pa == PAGE + 0x40, f"{granule.name} level {level} 0x{bits:x}"
                inst = await s.access(PAGE + 0x40, SID + index, inst=True, priv=True)
                assert inst.ok
            tree.put(PAGE, level, descriptor)
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def output_beyond_s2ps(dut: Any) -> None:
    """VM2-014: an address bit at or above S2PS faults, in tables and leaves, unused."""
    s = await WalkScene.start(dut)
    for code in range(8):
        bits, sid = min(SIZES.get(code, 48), s.bench.model_config.oas), SID + code
        tree = only(s, sid, s2ps=code, s2r=1)
        cases = 0
        for bit in range(bits - 1, 48):
            page = (3, 3, 1 << bit | ATTRS)
            for level, low, value in ((2, 3, 1 << bit), (2, 1, 1 << bit | ATTRS), page):
                cases += 1
                addr = cases << 30
                tree.put(addr, level, value | low)
                seen = await s.access(addr + 0x20, sid)
                if bit < bits:
                    assert seen.what in ("OK", "F_TRANSLATION"), f"S2PS={code} bit {bit}"
                    continue
                is_stage2(seen, "F_ADDR_SIZE", addr + 0x20)
                assert not any(f.addr >> bits for f in seen.fetches), f"bit {bit} used"
    await s.finish()


def both(s: WalkScene, sid: int, tree: PageTable, **cd: int) -> tuple[Stream, PageTable]:
    """A nested stream on a stage 2 tree, and its stage 1 space."""
    stream = s.prog.stream(sid, s2=tree, s2vmid=sid)
    return stream, stream.space(asid=sid, **cd)
