# SPDX-License-Identifier: Apache-2.0
"""Stage 1 permissions of the whole SMMU: AP, UXN, PXN, WXN, PAN, tables above, AF, DBM."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import cocotb

from tb.models.vmsa import GRANULE_4K, PageTable, Stage1Leaf, TableBits
from tests.smmu.stage1_tests import ALL_LEAVES, HIGH, PAGE, SID
from tests.smmu.walk_scene import WalkScene

ACCESSES = [("read", 0), ("read", 1), ("write", 0), ("write", 1), ("inst", 0), ("inst", 1)]
ROWS = list(product(range(4), (0, 1), (0, 1)))  # AP[2:1], UXN, PXN
SILENT_BITS = [50, 51, 52, *range(55, 64)]  # of a leaf: DBM, Contiguous, software, PBHA, RES0


@dataclass(frozen=True)
class Rights:
    """What a leaf grants after everything above it and the controls of the CD."""

    ap: int
    uxn: int
    pxn: int
    wxn: int = 0
    pan: int = 0

    def allows(self, what: str, priv: int) -> bool:
        """VM1-016..020 written as rules."""
        read_only, user = self.ap >> 1, self.ap & 1
        user_write, priv_write = user and not read_only, not read_only
        if what == "inst":
            if priv:
                never = self.pxn or user_write or (self.wxn and priv_write)
            else:
                never = self.uxn or (self.wxn and user_write)
            return not never
        if priv and self.pan and user:
            return False
        if not priv and not user:
            return False
        return what == "read" or not read_only


def leaf(ap: int, uxn: int, pxn: int, **more: Any) -> Stage1Leaf:
    """A leaf by its AP[2:1] code."""
    return Stage1Leaf(writable=ap < 2, user=bool(ap & 1), uxn=bool(uxn), pxn=bool(pxn), **more)


async def check(s: WalkScene, sid: int, addr: int, rights: Rights, where: str,
                accesses: Any = ACCESSES) -> None:  # fmt: skip
    """Every access is allowed or faults with F_PERMISSION as ``rights`` says."""
    for what, priv in accesses:
        write, inst = what == "write", what == "inst"
        seen = await s.access(addr, sid, write=write, priv=bool(priv), inst=inst)
        text = f"{where} {rights}: {what} priv={priv} gave {seen.what}"
        if rights.allows(what, priv):
            assert seen.ok, text
            continue
        assert seen.what == "F_PERMISSION", text
        record = seen.record
        got = (record.s2, record.rnw, record.pnu, record.ind, getattr(record, "class"))
        assert got == (0, int(not write), priv, int(inst), 2), f"{text}: {record}"


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def ap_uxn_pxn_wxn_pan(dut: Any) -> None:
    """VM1-016..020: all AP, UXN, PXN under WXN and PAN; UWXN and EPAN are ignored."""
    s = await WalkScene.start(dut)
    for index, (wxn, pan) in enumerate(product((0, 1), (0, 1))):
        sid = SID + index
        junk = {"uwxn": 1 - wxn, "epan": pan}
        tree = s.prog.stream(sid).space(asid=sid, wxn=wxn, pan=pan, **junk)
        for row, (ap, uxn, pxn) in enumerate(ROWS):
            addr = 0x1000 * row
            tree.map(addr, PAGE + addr, 0x1000, leaf(ap, uxn, pxn))
            await check(s, sid, addr, Rights(ap, uxn, pxn, wxn, pan), "page")
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def permissions_of_blocks(dut: Any) -> None:
    """VM1-016..018: blocks and pages of every granule hold the same permissions."""
    s = await WalkScene.start(dut)
    for index, (granule, level) in enumerate(ALL_LEAVES):
        sid = SID + index
        tree = s.prog.stream(sid).space(granule=granule, asid=sid)
        size = granule.leaf_size(level)
        for row, (ap, uxn, pxn) in enumerate(ROWS[::3]):
            addr = size * (row + 1)
            tree.map(addr, 0x10_0000_0000, size, leaf(ap, uxn, pxn), level=level)
            await check(s, sid, addr + size - 16, Rights(ap, uxn, pxn), f"{granule.name} L{level}")
    await s.finish()


def _restrict(tree: PageTable, addr: int, level: int, bits: TableBits) -> None:
    tree.put(addr, level, tree.get(addr, level) | bits.bits())


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def tables_restrict_leaves(dut: Any) -> None:
    """VM1-020..024: APTable, UXNTable, PXNTable at each level; HAD per half; NS ignored."""
    s = await WalkScene.start(dut)
    every = [(level, TableBits(ap_table=ap)) for level in range(3) for ap in range(4)]
    every += [(level, TableBits(uxn_table=True)) for level in range(3)]
    every += [(level, TableBits(pxn_table=True)) for level in range(3)]
    every += [(level, TableBits(ns_table=True)) for level in range(3)]
    accumulate = [
        [(0, TableBits(ap_table=1)), (2, TableBits(ap_table=2))],
        [(0, TableBits(uxn_table=True)), (1, TableBits(pxn_table=True, ap_table=2))],
        [(1, TableBits(ap_table=3, ns_table=True)), (2, TableBits())],
    ]
    rows = [[one] for one in every] + accumulate
    for index, (had0, had1, pan) in enumerate(
        ((0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 1))
    ):
        sid = SID + index
        stream = s.prog.stream(sid)
        lower = stream.space(asid=sid, had0=had0, had1=had1, pan=pan)
        upper = s.upper_half(stream)
        for half, tree, had in ((0, lower, had0), (HIGH, upper, had1)):
            for row, restrictions in enumerate(rows):
                addr = half | row << 39
                ns = 1 << 5 if row % 2 else 0
                tree.map(addr, PAGE, 0x1000, leaf(1, 0, 0, extra=ns))
                tree.map(addr | 0x1000, PAGE, 0x1000, leaf(2, 1, 0, extra=ns))
                table = ap_user = ap_write = uxn = pxn = 0
                for level, bits in restrictions:
                    _restrict(tree, addr, level, bits)
                    table |= bits.ap_table
                    uxn, pxn = uxn | bits.uxn_table, pxn | bits.pxn_table
                if had:
                    table = uxn = pxn = 0
                ap_user, ap_write = table & 1, table & 2
                for page, (ap, leaf_uxn) in enumerate(((1, 0), (2, 1))):
                    ap = (ap & 1 & ~ap_user) | (ap & 2) | ap_write
                    rights = Rights(ap, int(uxn or leaf_uxn), int(pxn), 0, pan)
                    where = f"HAD {had0}{had1} half {half >> 55 & 1} {restrictions}"
                    few = ACCESSES if row < len(every) and index == 0 else ACCESSES[1:5]
                    await check(s, sid, addr | page << 12, rights, where, few)
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def access_flag_comes_first(dut: Any) -> None:
    """VM1-015, HTT-002: AF=0 outranks permissions; AFFD lifts it, and the entry may be cached."""
    s = await WalkScene.start(dut)
    for affd in (0, 1):
        sid = SID + affd
        tree = s.prog.stream(sid).space(asid=sid, affd=affd)
        for index, (granule_level, ap) in enumerate(product((1, 2, 3), range(4))):
            size = GRANULE_4K.leaf_size(granule_level)
            addr = (index + 1) << 30
            tree.map(addr, 0x10_0000_0000, size, leaf(ap, 0, 0, af=False), level=granule_level)
            if affd:
                await check(s, sid, addr, Rights(ap, 0, 0), "AF=0, AFFD=1")
                continue
            for what, priv in ACCESSES:
                seen = await s.access(addr, sid, write=what == "write", priv=bool(priv),
                                      inst=what == "inst")  # fmt: skip
                assert seen.what == "F_ACCESS", f"AP={ap} {what}: {seen.what}"
                assert seen.record.s2 == 0
            # not cached: the flag set by software counts at once (HTT-002)
            tree.map(addr, 0x10_0000_0000, size, leaf(ap, 0, 0), level=granule_level)
            await check(s, sid, addr, Rights(ap, 0, 0), "AF set without TLBI")
    # AF is never looked at in tables
    tree = s.prog.stream(SID + 2).space(asid=9)
    tree.map(0, PAGE, 0x1000)
    for level in range(3):
        assert not tree.get(0, level) & 1 << 10, "the tables of the tests above have AF=0"
    assert (await s.access(0, SID + 2)).ok
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def dbm_grants_nothing(dut: Any) -> None:
    """VM1-026, HTT-001: DBM with AP[2]=1 stays read-only; no descriptor is ever written."""
    s = await WalkScene.start(dut)
    tree = s.prog.stream(SID).space()
    tree.map(0, PAGE, 0x1000, leaf(3, 0, 0, dbm=True))
    tree.map(0x1000, PAGE, 0x1000, leaf(3, 0, 0, dbm=True, af=False))
    tables = [(at, s.bench.memory.peek(at, size)) for at, size in tree.tables]
    await check(s, SID, 0, Rights(3, 0, 0), "DBM=1")
    seen = await s.access(0x1000, SID, write=True)
    assert seen.what == "F_ACCESS"
    for at, before in tables:
        assert s.bench.memory.peek(at, len(before)) == before, f"table 0x{at:x} was written"
    for bad in ({"ha": 1}, {"hd": 1}, {"ha": 1, "hd": 1}):
        s.prog.stream(SID + 1).space(**bad).map(0, PAGE, 0x1000)
        await s.forget()
        assert (await s.access(0, SID + 1)).what == "C_BAD_CD", f"{bad}"
    for bad in ({"s2ha": 1}, {"s2hd": 1}):
        s.prog.stream(SID + 2, s1=False, s2=True, **bad)
        await s.forget()
        assert (await s.access(0, SID + 2)).what == "C_BAD_STE", f"{bad}"
    await s.finish()


@cocotb.test(timeout_time=16, timeout_unit="ms")
async def leaf_bits_one_by_one(dut: Any) -> None:
    """VM1-014: which attribute bit of a leaf changes what, at every level and granule."""
    s = await WalkScene.start(dut)
    mair = 0x44FF04FF  # WB, nGnRE, WB, NC
    silent = set(SILENT_BITS)
    for index, (granule, level) in enumerate(ALL_LEAVES):
        sid = SID + index
        # a VMID each: leaves with nG=0 are among those tried
        stream = s.prog.stream(sid, s2vmid=sid)
        tree = stream.space(granule=granule, asid=sid, mair0=mair, mair1=mair)
        size = granule.leaf_size(level)
        bits = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, *silent, 53, 54]
        if level < 3:
            bits.append(16)
        for zero in (False, True):
            base = 0 if zero else sum(1 << b for b in (6, 10, 11))
            if zero:  # everything set except what would only fault: walk a zero
                base = sum(1 << b for b in bits if b not in (2, 3, 7, 53, 54))
            results = {}
            for number, bit in enumerate([None, *bits]):
                at = (number + 1 + 64 * zero) * size
                flipped = base ^ (0 if bit is None else 1 << bit)
                kind = 3 if level == 3 else 1
                tree.put(at, level, 0x40_0000_0000 | flipped | kind)
                results[bit] = [
                    (seen.what, seen.pins.get("cache"), seen.pins.get("domain"))
                    for seen in [
                        await s.access(
                            at,
                            sid,
                            write=what == "write",
                            priv=bool(priv),
                            inst=what == "inst",
                            cache=0xF,
                        )
                        for what, priv in (("read", 0), ("write", 0), ("inst", 0), ("inst", 1))
                    ]
                ]
            plain = results[None]
            text = f"{granule.name} L{level} {'zero' if zero else 'one'}"
            for bit in bits:
                whats = [r[0] for r in results[bit]]
                if bit in silent or bit in (5, 11, 16):  # NS, nG (see the scope tests), nT
                    assert results[bit] == plain, f"{text} bit {bit}: {results[bit]}"
                elif bit in (2, 3, 4, 8, 9):
                    assert whats == [r[0] for r in plain], f"{text} bit {bit} is no permission"
                elif bit == 10:
                    assert set(whats) == {"F_ACCESS"}, f"{text} AF: {whats}"
                else:
                    assert "F_PERMISSION" in whats, f"{text} bit {bit}: {whats}"
            assert results[2] != plain and results[3] == plain, f"{text}: AttrIndx 1, 2"
            assert results[9] != plain and (results[8] != plain) == zero, f"{text}: SH"
    await s.finish()
