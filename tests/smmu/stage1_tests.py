# SPDX-License-Identifier: Apache-2.0
"""Stage 1 of the whole SMMU: input ranges, start levels, descriptor types, output addresses."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.env.program import Stream
from tb.models.vmsa import GRANULE_4K, GRANULE_16K, GRANULE_64K, GRANULES, Granule
from tests.smmu.walk_scene import Seen, WalkScene, ends

SID = 0x21
VA, PAGE = 0x10_0000, 0x4800_0000
HIGH = 0xFFFF_0000_0000_0000
TOP = (1 << 48) - 1
SIZES = {0: 32, 1: 36, 2: 40, 3: 42, 4: 44, 5: 48}  # bits of an IPS or S2PS code

# First level by TxSZ, as VM1-003..005 list it.
START = {
    12: ((16, 24, 0), (25, 33, 1), (34, 39, 2)),
    14: ((16, 16, 0), (17, 27, 1), (28, 38, 2), (39, 39, 3)),
    16: ((16, 21, 1), (22, 34, 2), (35, 39, 3)),
}
# Lowest input address bit of the index of each level (VM1-003..005).
INDEX_LSB = {12: (39, 30, 21, 12), 14: (47, 36, 25, 14), 16: (None, 42, 29, 16)}
BLOCKS = {12: (1, 2), 14: (2,), 16: (2,)}  # levels that may hold a block (VM1-008)
ALL_LEAVES = [(g, level) for g in GRANULES.values() for level in (*BLOCKS[g.shift], 3)]


def first_level(granule: Granule, tsz: int) -> int:
    """Start level of VM1-003..005."""
    return next(level for low, high, level in START[granule.shift] if low <= tsz <= high)


def is_stage1(seen: Seen, event: str, addr: int) -> None:
    """The fault is of stage 1, on the input address."""
    record = seen.record
    assert seen.what == event, f"{seen.what} at 0x{addr:x}, not {event}"
    assert (record.s2, getattr(record, "class")) == (0, 2), f"{record}"
    assert record.inputaddr == addr


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def halves_use_their_own_table(dut: Any) -> None:
    """VM1-001: VA[55] selects TTB0 or TTB1, with its granule and size."""
    s = await WalkScene.start(dut)
    sid = SID
    for low in GRANULES.values():
        for high in GRANULES.values():
            sid += 1
            stream = s.prog.stream(sid)
            tree = stream.space(granule=low, input_bits=36, asid=sid)
            upper = s.upper_half(stream, granule=high, input_bits=42)
            tree.map(VA, PAGE, low.size)
            upper.map(-(1 << 42) % (1 << 64) | VA, PAGE + 0x100_0000, high.size)
            seen = await s.access(VA + low.size - 16, sid)
            assert seen.pa == PAGE + low.size - 16, f"TTB0 {low.name} with {high.name}"
            at = seen.fetches[1 + 1].addr
            assert tree.base <= at < tree.base + tree.tables[0][1], f"first read 0x{at:x}"
            top = -(1 << 42) % (1 << 64) | VA + high.size - 16
            seen = await s.access(top, sid)
            assert seen.pa == PAGE + 0x100_0000 + high.size - 16, f"TTB1 {high.name}"
            at = seen.fetches[0].addr
            assert upper.base <= at < upper.base + upper.tables[0][1], f"first read 0x{at:x}"
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def input_range_edges(dut: Any) -> None:
    """VM1-002: one wrong bit above the input size faults without a read; TBI spares [63:56]."""
    s = await WalkScene.start(dut)
    sid = SID
    for tsz in range(16, 40):
        n = 64 - tsz
        base = -(1 << n) % (1 << 64)
        for tbi in (0, 1) if tsz in (16, 25, 39) else (tsz & 1,):
            sid += 1
            stream = s.prog.stream(sid)
            stream.space(input_bits=n, asid=sid, tbi0=tbi, tbi1=tbi).map(VA, PAGE, 0x1000)
            s.upper_half(stream, input_bits=n).map(base | VA, PAGE + 0x1000, 0x1000)
            for half, pa in ((0, PAGE), (base, PAGE + 0x1000)):
                assert (await s.access(half | VA, sid)).pa == pa
                for bit in range(n, 64):
                    addr = (half | VA) ^ 1 << bit
                    seen = await s.access(addr, sid)
                    if tbi and bit >= 56:
                        assert seen.pa == pa, f"TxSZ={tsz} bit {bit}: the tag is ignored"
                        continue
                    is_stage1(seen, "F_TRANSLATION", addr)
                    assert not seen.fetches, f"TxSZ={tsz} bit {bit}: something was read"
                tagged = (half | VA) ^ 0xA5 << 56
                assert (await s.access(tagged, sid)).ok == bool(tbi)
    await s.finish()


async def _starts(dut: Any, granule: Granule) -> None:
    """Every TxSZ in both halves: the first read, the toggled index bits, junk below the base."""
    s = await WalkScene.start(dut)
    sid = 0x20
    for tsz in range(16, 40):
        n, level = 64 - tsz, first_level(granule, tsz)
        lsb = INDEX_LSB[granule.shift][level]
        size = 8 << (n - lsb)
        for upper in (False, True):
            sid += 1
            high = -(1 << n) % (1 << 64) if upper else 0
            stream = s.prog.stream(sid)
            tree = stream.space(granule=granule, input_bits=n, asid=sid)
            junk = (size - 1) & ~0xF & TOP
            if upper:
                tree = s.upper_half(stream, granule=granule, input_bits=n, epd0=1)
                stream.rewrite_cd(ttb1=tree.base | junk)
            else:
                stream.rewrite_cd(ttb0=tree.base | junk)
            assert tree.base % size == 0, "the test's own table is aligned"
            # addresses with one index bit set: for some TxSZ each bit of each level
            edge = tsz in (16, 25, 39) and upper == (tsz == 25)
            tested = [1 << bit for bit in range(granule.shift if edge else n - 1, n)]
            for index, low in enumerate([*tested, (1 << n) - granule.size, 0]):
                page = PAGE + index * 0x1_0000
                tree.map(high | low, page, granule.size)
                seen = await s.access(high | low | granule.size - 16, sid)
                assert seen.pa == page + granule.size - 16, f"TxSZ={tsz} 0x{high | low:x}"
                if index == 0:
                    (first,) = seen.fetches[2:3]
                    want = tree.base + 8 * (low >> lsb)
                    assert first.addr & ~0xF == want & ~0xF, (
                        f"{granule.name} TxSZ={tsz}: first read 0x{first.addr:x}, not 0x{want:x}"
                    )
                    assert len(seen.fetches) == 2 + 4 - level, "one read a level"
    for tsz in (0, 12, 15, 40, 48, 63):
        for upper in (False, True):
            sid += 1
            stream = s.prog.stream(sid)
            stream.space(granule=granule, asid=sid)
            if upper:
                s.upper_half(stream, granule=granule, epd0=1)
                stream.rewrite_cd(t1sz=tsz)
            else:
                stream.rewrite_cd(t0sz=tsz)
            seen = await s.access(HIGH if upper else 0, sid)
            assert seen.what == "C_BAD_CD", f"TxSZ={tsz}: {seen.what}"
            assert len(seen.fetches) == 2, "STE and CD only"
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def start_levels_4k(dut: Any) -> None:
    """VM1-003, VM1-006: first table, its index width and its base for each TxSZ."""
    await _starts(dut, GRANULE_4K)


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def start_levels_16k(dut: Any) -> None:
    """VM1-004, VM1-006: first table, its index width and its base for each TxSZ."""
    await _starts(dut, GRANULE_16K)


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def start_levels_64k(dut: Any) -> None:
    """VM1-005, VM1-006: first table, its index width and its base for each TxSZ."""
    await _starts(dut, GRANULE_64K)


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def descriptor_types(dut: Any) -> None:
    """VM1-007, VM1-008: all four codes at every level of every granule."""
    s = await WalkScene.start(dut)
    sid = SID
    for granule in GRANULES.values():
        sid += 1
        stream = s.prog.stream(sid)
        tree = stream.space(granule=granule, asid=sid)
        lsbs = INDEX_LSB[granule.shift]
        cases = 0
        for level in range(first_level(granule, 16), 4):
            for code in range(4):
                cases += 1
                # an entry of its own at the level under test and at every level above
                addr = cases << (lsbs[1] or 42) if level > 0 else (cases & 1) << lsbs[0]
                if level == 0 and granule is GRANULE_4K:
                    addr = (0x40 + cases) << lsbs[0]
                size = 1 << lsbs[level]
                out = 0x400_0000_0000 & -size
                tree.put(addr, level, out | 0xC40 | code)
                if code == 3 and level < 3:
                    tree.put(addr, level, 0)
                    tree.map(addr, PAGE, granule.size)
                leaf = code == 3 if level == 3 else code == 1 and level in BLOCKS[granule.shift]
                seen = await s.access(addr, sid)
                text = f"{granule.name} level {level} code {code:02b}"
                if leaf or (code == 3 and level < 3):
                    assert seen.pa == (out if leaf else PAGE), text
                    continue
                assert seen.what == "F_TRANSLATION", f"{text}: {seen.what}"
                is_stage1(seen, "F_TRANSLATION", addr)
                warm = await s.access(addr, sid)
                assert warm.what == "F_TRANSLATION"
                reads = [*seen.fetches, *warm.fetches]
                assert not out or not any(f.addr & -size == out for f in reads), text
                if code == 1:
                    tree.put(addr, level, 0)
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def leaf_output_addresses(dut: Any) -> None:
    """VM1-009, VM1-010: output of every leaf kind; RES0 address bits and nT are ignored."""
    s = await WalkScene.start(dut)
    sid = SID
    for granule, level in ALL_LEAVES:
        sid += 1
        tree = s.prog.stream(sid).space(granule=granule, asid=sid)
        size = 1 << INDEX_LSB[granule.shift][level]
        lowest = 16 if granule is GRANULE_64K else 12  # [15:12] count there: VM1-013
        junk = [
            0,
            (size - 1) & -(1 << lowest),
            *(1 << b for b in range(lowest, size.bit_length() - 1)),
        ]
        span = max(size, 1 << 30)
        base = 0x234_0000_0000 & -span
        for index, bits in enumerate(junk):
            addr = (index + 1) * size if level < 3 else 0x4000_0000 + index * size
            tree.put(addr, level, base | bits | 0xC40 | (3 if level == 3 else 1))
            for offset in (*ends(0, size), size // 2 + 0x40):
                seen = await s.access(addr + offset, sid)
                assert seen.pa == base + offset, f"{granule.name} L{level} junk 0x{bits:x}"
                assert seen.walks == int(offset == 0), f"{granule.name} L{level}: one entry"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def table_descriptor_bits(dut: Any) -> None:
    """VM1-011: the next-level address; [58:51], [11:2], [50:48] and bits below it are ignored."""
    s = await WalkScene.start(dut)
    sid = SID
    for granule in GRANULES.values():
        for level in range(first_level(granule, 16), 3):
            sid += 1
            tree = s.prog.stream(sid).space(granule=granule, asid=sid)
            tree.map(0, PAGE, granule.size)
            descriptor = tree.get(0, level)
            ignored = [*range(2, 12), *range(48, 59)]
            if granule is GRANULE_16K:
                ignored += [12, 13]
            for bits in (0, *(1 << bit for bit in ignored), sum(1 << bit for bit in ignored)):
                tree.put(0, level, descriptor | bits)
                await s.forget()
                seen = await s.access(0x40, sid)
                assert seen.pa == PAGE + 0x40, f"{granule.name} level {level} bits 0x{bits:x}"
                expected = [tree.entry_address(0, at) for at in range(tree.start_level, 4)]
                assert [f.addr & ~0xF for f in seen.fetches[2:]] == [e & ~0xF for e in expected]
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def output_beyond_ips(dut: Any) -> None:
    """VM1-012: an address bit at or above IPS faults in tables, blocks and pages, unused."""
    s = await WalkScene.start(dut)
    granule, sid = GRANULE_4K, SID
    for code in range(8):
        bits = min(SIZES.get(code, 48), s.bench.model_config.oas)
        sid += 1
        tree = s.prog.stream(sid).space(granule=granule, asid=sid, ips=code)
        tree.map(0, PAGE, 0x1000)
        assert (await s.access(0, sid)).ok
        cases = 0
        kinds = (("table", 0, 3), ("table", 1, 3), ("table", 2, 3), ("block", 1, 0xC41),
                 ("block", 2, 0xC41), ("page", 3, 0xC43))  # fmt: skip
        for bit in range(bits - 1, 48):
            for name, level, low in kinds:
                cases += 1
                addr = cases << 30 if level else 0x100 + bit << 39
                tree.put(addr, level, 1 << bit | low)
                seen = await s.access(addr, sid)
                if bit < bits:
                    assert seen.what in ("OK", "F_TRANSLATION"), f"IPS={code} {name} bit {bit}"
                    continue
                is_stage1(seen, "F_ADDR_SIZE", addr)
                assert not any(f.addr >> bits for f in seen.fetches), f"{name} bit {bit} used"
    await s.finish()


def _stage2_only(s: WalkScene, sid: int, granule: Granule) -> Stream:
    tree = s.prog.tree(granule, stage=2, input_bits=44)
    return s.prog.stream(sid, s1=False, s2=tree, s2vmid=sid)


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def low_address_bits_of_64k(dut: Any) -> None:
    """VM1-013: bits [15:12] of any 64K descriptor are address bits 51:48: F_ADDR_SIZE."""
    s = await WalkScene.start(dut)
    granule = GRANULE_64K
    first = s.prog.stream(SID).space(granule=granule, asid=1)
    second = _stage2_only(s, SID + 1, granule).stage2
    assert second is not None
    cases = 0
    for stage, tree in ((1, first), (2, second)):
        for bit in range(12, 16):
            for name, level, low in (("table", 2, 3), ("block", 2, 1), ("page", 3, 3)):
                cases += 1
                addr = cases << 32
                attrs = 0x400 | (0x840 if stage == 1 else 0xC0 | 0xF << 2)
                tree.put(addr, level, PAGE & -granule.leaf_size(level if low == 1 else 3) | 1 << bit
                         | attrs | low)  # fmt: skip
                seen = await s.access(addr + 0x40, SID + stage - 1)
                assert seen.what == "F_ADDR_SIZE", f"stage {stage} {name} bit {bit}: {seen.what}"
                assert seen.record.s2 == stage - 1
                assert getattr(seen.record, "class") == 2
                assert not any(f.addr >> 16 == PAGE >> 16 for f in seen.fetches), "address used"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def contiguous_and_nt_are_ignored(dut: Any) -> None:
    """VM1-025: each descriptor translates by itself; Contiguous hides no Address Size fault."""
    s = await WalkScene.start(dut)
    sid = SID
    for granule, level in ALL_LEAVES:
        sid += 1
        tree = s.prog.stream(sid).space(granule=granule, asid=sid, ips=4)
        size = granule.leaf_size(level)
        kind = 3 if level == 3 else 1
        nt = (1 << 16) if level < 3 else 0
        span = 0x1_0000_0000 if level < 3 else 1 << 30
        # consistent, then scattered, then the second entry beyond IPS
        for group, outs in enumerate(((0, 1, 2, 3), (7, 3, 9, 1), (5, None, 2, 8))):
            for index, out in enumerate(outs):
                addr = group * 0x40 * size + index * size
                pa = 1 << 45 if out is None else span + out * size
                tree.put(addr, level, pa | 1 << 52 | nt | 0xC40 | kind)
            for index, out in enumerate(outs):
                addr = group * 0x40 * size + index * size
                seen = await s.access(addr + 0x80, sid)
                if out is None:
                    is_stage1(seen, "F_ADDR_SIZE", addr + 0x80)
                else:
                    assert seen.pa == span + out * size + 0x80, f"{granule.name} L{level}"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def warm_pages_need_no_reads(dut: Any) -> None:
    """VM1-034: warm pages of all sizes: no table read; one read and one write a cycle and port."""
    s = await WalkScene.start(dut)
    probes = []
    for index, (granule, level) in enumerate(ALL_LEAVES):
        tree = s.prog.stream(SID + index).space(granule=granule, asid=index)
        size = granule.leaf_size(level)
        # more pages than a uTLB holds, each in its own set of the main TLB
        for number in range(3):
            addr = (3 * index + number + 1) * size
            tree.map(addr, 0x10_0000_0000, size, level=level)
            probes.append((addr, SID + index))
    for addr, sid in (*probes, *probes):
        assert (await s.access(addr, sid)).ok
    reads = len(s.walk_reads)
    for addr, sid in probes:
        seen = await s.access(addr + 0x40, sid)
        assert seen.ok and not seen.walks, f"0x{addr:x} walks again"
    assert len(s.walk_reads) == reads, "a warm page needed a read"
    lanes, count = s.bench.masters[0].lanes, 60
    seven = [probes[3 * index] for index in range(len(ALL_LEAVES))]
    for turn in range(2):  # the first time brings all seven into the uTLB
        txns = []
        for n in range(count):
            addr, sid = seven[n % len(seven)]
            txns += [s.post(addr, sid, write=write, data=bytes(lanes), id=n & 3)
                     for write in (False, True)]  # fmt: skip
        await s.bench.finish()
        assert all(txn.ok for txn in txns)
        for write in (False, True) if turn else ():
            stamps = sorted(txn.t_addr for txn in txns if txn.is_write == write)
            took = stamps[-1] - stamps[0]
            assert took <= count + 4, f"{count} translations in {took} cycles, write={write}"
    assert len(s.walk_reads) == reads
    await s.finish()
