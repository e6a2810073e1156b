# SPDX-License-Identifier: Apache-2.0
"""CD fields: which values are ILLEGAL, which are ignored, what the others do (CD-*, TRN-025)."""

from __future__ import annotations

import random
from typing import Any

import cocotb

from tb.env.program import MAIR_WB, Stream
from tb.models.fields import CD, Event
from tb.models.vmsa import GRANULES, PageTable, Stage1Leaf
from tests.smmu.case_scene import DATA, VA, Case, CaseScene, Want, abort, ok, razwi, stage1

FIRST = 0x100
UPPER = 0xFFFF_0000_0000_0000  # base of the TTB1 half of the template
BAD_CD = abort(Event.C_BAD_CD, ("STE", "CD"))
NO_WALK = abort(**stage1(Event.F_TRANSLATION), fetches=("STE", "CD"))
SIZES = {0: 32, 1: 36, 2: 40, 3: 42, 4: 44, 5: 48, 6: 48, 7: 48}  # bits of an IPS code
USED = ("t0sz", "tg0", "ir0", "or0", "sh0", "epd0", "endi", "t1sz", "tg1", "ir1", "or1", "sh1",
        "epd1", "v", "ips", "affd", "wxn", "tbi0", "tbi1", "pan", "aa64", "hd", "ha", "s", "r",
        "a", "aset", "asid", "had0", "ttb0", "had1", "ttb1", "mair0", "mair1")  # fmt: skip
IGNORED = ("uwxn", "nscfg0", "nscfg1", "e0pd0", "e0pd1", "haft", "pnch", "epan", "hwu0", "aie",
           "ds", "pie", "hwu1", "impdef", "partid", "pmg", "piiu", "piip")  # fmt: skip


class Contexts:
    """A stream whose CD has both halves, and copies of it with one field changed."""

    def __init__(self, scene: CaseScene, s2: bool = False) -> None:
        self.scene = scene
        self.stream: Stream = scene.stream(5, s2=s2, mapped=False)
        self.lower = self.stream.spaces[0]
        self.upper = self.tree(48, upper=True)
        self.lower.map(VA, self.stream.ipa(DATA), 0x1000)
        self.upper.map(UPPER | VA, self.stream.ipa(DATA + 0x1000), 0x1000)
        self.stream.lend(DATA, 0x2000)
        self.fields = {
            "v": 1, "aa64": 1, "ips": 5, "r": 1, "a": 1, "mair0": MAIR_WB,
            "t0sz": 16, "tg0": 0, "ttb0": self.lower.base,
            "t1sz": 16, "tg1": 2, "ttb1": self.upper.base,
        }  # fmt: skip
        self.next_sid = FIRST

    def tree(self, input_bits: int, tg0: int = 0, upper: bool = False) -> PageTable:
        """A stage 1 tree."""
        granule = next(g for g in GRANULES.values() if g.tg0 == tg0)
        return self.scene.prog.tree(
            granule, input_bits=input_bits, upper=upper, to_ipa=self.stream.ipa
        )

    def sid(self, changes: dict[str, int], raw: int = 0, **ste: int) -> int:
        """A StreamID whose CD has these fields, ``raw`` bits flipped; its ASID is its own."""
        sid, self.next_sid = self.next_sid, self.next_sid + 1
        at = self.scene.prog.alloc(64, 64)
        data = CD.pack(**{**self.fields, "asid": sid, **changes})
        flipped = int.from_bytes(data, "little") ^ raw
        self.scene.memory.poke(at, flipped.to_bytes(64, "little"))
        return self.scene.clone(self.stream, sid, s1contextptr=self.stream.ipa(at), **ste)

    def rows(self, name: str, changes: dict[str, int], low: Want | None, high: Want | None,
             raw: int = 0, **ste: int) -> list[Case]:  # fmt: skip
        """An access to each half with a CD."""
        lower = Case(f"{name}, TTB0", self.sid(changes, raw, **ste), VA, low)
        upper = Case(f"{name}, TTB1", self.sid(changes, raw, **ste), UPPER | VA, high)
        return [lower, upper]


GOOD = (ok(DATA), ok(DATA + 0x1000))


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def cd_illegal_fields(dut: Any) -> None:
    """CD-002, CD-004..008, CD-010, CD-012, TRN-025, TRN-033: values that make a CD ILLEGAL."""
    s = await CaseScene.start(dut)
    c = Contexts(s)
    rows = c.rows("as it is", {}, *GOOD)

    def bad(name: str, **changes: int) -> None:
        rows.extend(c.rows(name, changes, BAD_CD, BAD_CD))

    rng = random.Random(cocotb.RANDOM_SEED)
    for number in range(8):
        noise = CD.unpack(rng.randbytes(64))
        bad(f"V=0, noise {number}", **{**noise, "v": 0})
    bad("AA64 0", aa64=0)
    bad("AA64 0 with a TxSZ of LPAE", aa64=0, t0sz=0, t1sz=0)
    bad("HA", ha=1)
    bad("HD", hd=1)
    bad("HA and HD", ha=1, hd=1)
    bad("ENDI", endi=1)
    for value in (*range(16), *range(40, 64)):
        bad(f"T0SZ {value}", t0sz=value)
        bad(f"T1SZ {value}", t1sz=value)
    bad("TG0 3", tg0=3)
    bad("TG1 0", tg1=0)
    for code, size in SIZES.items():
        for bit in range(size, 52):
            bad(f"IPS {code}, TTB0 bit {bit}", ips=code, ttb0=1 << bit)
            bad(f"IPS {code}, TTB1 bit {bit}", ips=code, ttb1=1 << bit)
    # what a disabled half holds is not looked at (ENDI only when both are)
    for field in ({"t0sz": 0}, {"t0sz": 63}, {"tg0": 3}, {"ttb0": 1 << 50}):
        rows += c.rows(f"EPD0 and {field}", {"epd0": 1, **field}, NO_WALK, GOOD[1])
    for field in ({"t1sz": 0}, {"t1sz": 63}, {"tg1": 0}, {"ttb1": 1 << 50}):
        rows += c.rows(f"EPD1 and {field}", {"epd1": 1, **field}, GOOD[0], NO_WALK)
    bad("ENDI with EPD0", endi=1, epd0=1)
    bad("ENDI with EPD1", endi=1, epd1=1)
    rows += c.rows("ENDI, both disabled", {"endi": 1, "epd0": 1, "epd1": 1}, NO_WALK, NO_WALK)
    for bit in (*range(116, 120), *range(180, 184)):
        rows += c.rows(f"bit {bit}, reserved", {}, *GOOD, raw=1 << bit)
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def stall_and_s1stalld(dut: Any) -> None:
    """CD-020, STE-017, FLT-020: CD.S=1 is ILLEGAL through S1STALLD=1 and only through it."""
    s = await CaseScene.start(dut)
    c = Contexts(s)
    rows = c.rows("S1STALLD, S=0", {}, *GOOD, s1stalld=1)
    rows += c.rows("S1STALLD, S=1", {"s": 1}, BAD_CD, BAD_CD, s1stalld=1)
    rows += c.rows("S=1 alone", {"s": 1}, *GOOD)
    s.stream(6, s1=False, s2=True)
    sid = s.clone(s.stream(7, s1=False, s2=True), FIRST - 1, s1stalld=1)
    rows.append(Case("stage 2 only", sid, VA, ok(DATA)))
    # one CD shared by two STEs, interleaved traffic
    shared = c.sid({"s": 1})
    pointer = s.memory.peek(s.ste_address(shared), 64)
    fields = c.stream.fields | {
        "s1contextptr": int.from_bytes(pointer[:8], "little") & (1 << 48) - 64
    }
    c.stream.fields = fields
    strict = s.clone(c.stream, c.next_sid, s1stalld=1)
    for _ in range(4):
        rows += [Case("shared, allowed", shared, VA, ok(DATA)),
                 Case("shared, forbidden", strict, VA, BAD_CD)]  # fmt: skip
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=30, timeout_unit="ms")
async def sizes_and_granules(dut: Any) -> None:
    """CD-005, CD-007, CD-008, TRN-031, STE-026: every TxSZ, granule and half; bases are aligned."""
    s = await CaseScene.start(dut)
    c = Contexts(s)
    rows = []
    for tg0, tg1, shift in ((0, 2, 12), (1, 3, 16), (2, 1, 14)):
        for tsz in range(16, 40):
            for upper in (False, True):
                tree = c.tree(64 - tsz, tg0, upper)
                base = 0xFFFF_FFFF_FFFF_FFFF & -(1 << 64 - tsz) if upper else 0
                # the last page: every index bit of the start table is one
                va = base | (1 << 64 - tsz) - (1 << shift)
                tree.map(va, DATA, 1 << shift)
                size = tree.granule.start_table_bytes(tree.start_level, 64 - tsz)
                low = (size - 1) & ~0xF
                if upper:
                    changes = {"t1sz": tsz, "tg1": tg1, "ttb1": tree.base | low}
                else:
                    changes = {"t0sz": tsz, "tg0": tg0, "ttb0": tree.base | low}
                name = f"TTB{int(upper)}, granule {1 << shift}, TxSZ {tsz}"
                reads = ("STE", "CD", *["S1"] * (4 - tree.start_level))
                rows.append(Case(name, c.sid(changes), va | 0x18, ok(DATA | 0x18, reads)))
    await s.run(rows, tables=True)
    await s.finish()


@cocotb.test(timeout_time=30, timeout_unit="ms")
async def cd_every_bit(dut: Any) -> None:
    """CD-001: each of the 512 bits of a good CD flipped; only bits of the map have an effect."""
    s = await CaseScene.start(dut)
    c = Contexts(s)
    used: set[int] = set()
    for name in USED:
        item = CD.field(name)
        used |= set(range(item.lsb, item.lsb + item.width))
    used -= {*range(116, 120), *range(180, 184)}
    rows, base = [], c.rows("as it is", {}, *GOOD)
    for bit in range(512):
        # an ASID of its own, which one of another row is not turned into
        asid = {"asid": 0xC000 if 48 <= bit < 64 else 0x400 + bit}
        want = (None, None) if bit in used else GOOD
        rows += c.rows(f"bit {bit} flipped", asid, *want, raw=1 << bit)
    await s.run([*base, *rows])
    plain = {str(row.outcome.attrs): row for row in base}
    for bit in range(512):
        if bit not in used:
            assert all(str(row.outcome.attrs) in plain for row in rows[2 * bit : 2 * bit + 2]), bit
    differ = {bit for bit in range(512) for row in rows[2 * bit : 2 * bit + 2]
              if row.outcome.kind is not base[0].outcome.kind}  # fmt: skip
    assert len(differ) > 40, f"hardly any bit matters: {differ}"
    await s.finish()


@cocotb.test(timeout_time=30, timeout_unit="ms")
async def output_size(dut: Any) -> None:
    """CD-011, TRN-032, TRN-035: effective IPS at table and leaf descriptors, all codes."""
    s = await CaseScene.start(dut)
    c = Contexts(s)
    rows = []
    repairs: list[tuple[Case, int, int, int]] = []
    fault = abort(**stage1(Event.F_ADDR_SIZE))
    for code, size in SIZES.items():
        inside = (1 << size) - 0x1000 | 0x8000_0000
        tree = c.tree(39)
        tree.map(VA, inside & (1 << size) - 1 & ~0xFFF, 0x1000)
        row = {"t0sz": 25, "ttb0": tree.base, "ips": code}
        low = inside & (1 << size) - 1 & ~0xFFF
        rows.append(Case(f"IPS {code}, inside", c.sid(row), VA | 0x234, ok(low | 0x234)))
        if size == 48:
            continue
        for level in (1, 2, 3):
            bad = c.tree(39)
            bad.map(VA, DATA, 0x1000)
            good = bad.get(VA, level)
            entry = bad.entry_address(VA, level)
            s.memory.poke64(entry, good | 1 << size)
            row = {"t0sz": 25, "ttb0": bad.base, "ips": code}
            name = f"IPS {code}, level {level} with bit {size}"
            rows.append(Case(name, c.sid(row), VA, fault))
            repairs.append((rows[-1], entry, good, DATA))
            rows.append(Case(f"{name}, A=0 R=0", c.sid(row | {"a": 0, "r": 0}), VA, razwi()))
        block = c.tree(39)
        good = block.encode(0, 2)
        entry = block.put(VA, 2, good | 1 << size)
        name = f"IPS {code}, block with bit {size}"
        rows.append(Case(name, c.sid({"t0sz": 25, "ttb0": block.base, "ips": code}), VA, fault))
        repairs.append((rows[-1], entry, good, VA))
    await s.run(rows)
    # none of the faulting entries was kept: repaired descriptors need no invalidation
    for _, entry, good, _ in repairs:
        s.memory.poke64(entry, good)
    again = [Case(f"{row.name}, repaired", row.sid, VA, ok(pa)) for row, _, _, pa in repairs]
    await s.run(again, cold=False)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def cd_ignored_fields(dut: Any) -> None:
    """CD-024, CD-025: AMAIR and the fields of absent features, all ones and noise."""
    s = await CaseScene.start(dut)
    c = Contexts(s)
    rng = random.Random(cocotb.RANDOM_SEED)
    rows = c.rows("plain", {}, *GOOD)
    names = (*IGNORED, "amair0", "amair1")
    for name in names:
        rows += c.rows(f"{name} all ones", {name: (1 << CD.field(name).width) - 1}, *GOOD)
    for number in range(16):
        noise = {name: rng.getrandbits(CD.field(name).width) for name in names}
        rows += c.rows(f"noise {number}", noise, *GOOD)
    await s.run(rows)
    assert len({str(row.outcome.attrs) for row in rows}) == 1
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def asid_bits(dut: Any) -> None:
    """CD-021: 16 ASIDs that differ in one bit each, and 0: each has its own page, warm too."""
    s = await CaseScene.start(dut)
    c = Contexts(s)
    rows = []
    for number, asid in enumerate([0, *(1 << bit for bit in range(16))]):
        tree = c.tree(39)
        page = DATA + 0x1000 * number
        tree.map(VA, page, 0x1000)
        sid = c.sid({"asid": asid, "t0sz": 25, "ttb0": tree.base})
        rows.append(Case(f"ASID 0x{asid:x}", sid, VA, ok(page)))
    await s.run(rows)
    again = [Case(f"{row.name} again", row.sid, VA, row.want) for row in rows]
    await s.run(again, cold=False)
    await s.finish()


def canonical(byte: int) -> int:
    """The defined MAIR byte a reserved one stands for (CD-023)."""
    high, low = byte >> 4, byte & 0xF
    if high == 0:
        return low & 0b1100
    return high << 4 | (low or 0b0011)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def mair_bytes(dut: Any) -> None:
    """CD-022, CD-023: AttrIndx selects the byte; all 256 codes, reserved ones like defined ones."""
    s = await CaseScene.start(dut)
    c = Contexts(s)
    rows = []
    for byte in range(256):
        index = byte % 8
        tree = c.tree(30)
        tree.map(VA, DATA, 0x1000, Stage1Leaf(attr_index=index, sh=byte >> 3 & 3))
        for code in (byte, canonical(byte)):
            # the seven other bytes would give something else
            other = 0x00 if code >> 4 else 0xFF
            mair = int.from_bytes([code if k == index else other for k in range(8)], "little")
            fields = {
                "t0sz": 34,
                "ttb0": tree.base,
                "mair0": mair & 0xFFFFFFFF,
                "mair1": mair >> 32,
            }
            options = {"options": {"cache": 0xF, "domain": 1}}
            name = f"MAIR byte {index} 0x{code:02x} for 0x{byte:02x}"
            rows.append(Case(name, c.sid(fields), VA, ok(DATA), **options))
    await s.run(rows)
    for first, second in zip(rows[::2], rows[1::2], strict=True):
        assert first.outcome.attrs == second.outcome.attrs, first.name
    kinds = {str(row.outcome.attrs) for row in rows}
    assert len(kinds) >= 8, f"all MAIR codes look alike: {kinds}"
    await s.finish()
