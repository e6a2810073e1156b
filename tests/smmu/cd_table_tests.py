# SPDX-License-Identifier: Apache-2.0
"""CD tables: where a CD is looked for, and which SubstreamIDs have none (STR-013..018, TRN-004,
TRN-015..023, STE-009..016)."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.env.program import MAIR_WB, Stream
from tb.models.fields import CD, L1CD, Event, FaultClass
from tests.smmu.case_scene import (
    DATA,
    VA,
    Case,
    CaseScene,
    abort,
    ok,
    stage1,
    stage2,
)

FIRST = 0x100
TABLES = 0x30_0000_0000  # PAs of CD tables, and the IPAs nested streams know them by
TABLES_IPA = 0x20_0000_0000
GB = 1 << 30
LAST_SSID = (1 << 20) - 1
DISABLED = abort(Event.F_STREAM_DISABLED, ("STE",))
NO_SUBSTREAM = abort(Event.C_BAD_SUBSTREAMID, ("STE",))
TERMINATE, BYPASS, SSID0, RESERVED = range(4)  # S1DSS


class CdTables:
    """A stage 1 and a nested stream, and copies of them with CD tables of any shape."""

    def __init__(self, scene: CaseScene) -> None:
        self.scene = scene
        self.streams = {5: scene.stream(5), 7: scene.stream(7, s2=True)}
        nested = self.streams[7]
        nested.stage2.map(TABLES_IPA, TABLES, GB)
        nested.stage2.map(VA, DATA + 0x1000, 0x1000)  # what a bypassed stage 1 leads to
        self.next_sid, self.next_table = FIRST, 0

    def table(self, align: int) -> int:
        """Offset in the window of an aligned table."""
        at = -(-self.next_table // align) * align
        self.next_table = at + align
        assert self.next_table <= GB
        return at

    def cd(self, config: int, offset: int, **changes: int) -> None:
        """A good CD at an offset of the window."""
        tree = self.streams[config].spaces[0]
        fields = {
            "v": 1, "aa64": 1, "ips": 5, "epd1": 1, "r": 1, "a": 1, "mair0": MAIR_WB,
            "t0sz": tree.tsz, "ttb0": tree.base, "asid": self.next_sid,
        }  # fmt: skip
        self.scene.memory.poke(TABLES + offset, CD.pack(**{**fields, **changes}))

    def pointer(self, config: int, offset: int) -> int:
        """What the stream calls an offset of the window."""
        return offset + (TABLES if config == 5 else TABLES_IPA)

    def sid(self, config: int, **ste: int) -> int:
        """A new StreamID."""
        sid, self.next_sid = self.next_sid, self.next_sid + 1
        return self.scene.clone(self.streams[config], sid, **ste)

    def shape(self, config: int, fmt: int, cdmax: int, ssids: list[int], junk: bool,
              dss: int = SSID0, first: int = 0) -> tuple[int, dict[int, int]]:  # fmt: skip
        """(StreamID, CD offset of each SubstreamID) of a table; ``junk`` sets RES0 bits."""
        split = {1: 6, 2: 10}.get(fmt) if cdmax else None
        offsets: dict[int, int] = {}
        if split is None:
            size = 64 << cdmax
            base = self.table(size)
            for ssid in ssids:
                offsets[ssid] = base + 64 * ssid
        else:
            size = max(8 << max(cdmax - split, 0), 64)
            base = self.table(size)
            level2: dict[int, int] = {}
            for ssid in ssids:
                index = ssid >> split
                if index not in level2:
                    at = level2[index] = self.table(64 << split)
                    low = 0xF000 if junk and split == 10 else 0
                    entry = L1CD.pack(v=1, l2ptr=self.pointer(config, at) | low)
                    self.scene.memory.poke(TABLES + base + 8 * index, entry)
                offsets[ssid] = level2[index] + 64 * (ssid & (1 << split) - 1)
        for offset in offsets.values():
            self.cd(config, offset)
        low = size - 64 if junk else 0
        sid = self.sid(config, s1contextptr=self.pointer(config, base) | low, s1cdmax=cdmax,
                       s1fmt=fmt, s1dss=dss)  # fmt: skip
        return sid, offsets


def fetched(case: Case, what: str) -> list[int]:
    """Addresses of the reads of one kind of structure."""
    return [fetch.pa for fetch in case.outcome.fetches if fetch.what == what]


@cocotb.test(timeout_time=40, timeout_unit="ms")
async def every_shape(dut: Any) -> None:
    """STR-013..016, TRN-015, TRN-019, TRN-020, STE-012, NST-001: S1Fmt x S1CDMax x SubstreamID."""
    s = await CaseScene.start(dut)
    for config in (5, 7):
        for fmt in range(4):
            t = CdTables(s)
            rows, places = [], []
            for cdmax in range(21):
                count = 1 << cdmax
                ssids = sorted({0, 1, count // 2, count - 2, count - 1} & set(range(count)))
                sid, offsets = t.shape(config, fmt, cdmax, ssids, junk=bool(cdmax & 1))
                name = f"config {config}, S1Fmt {fmt}, S1CDMax {cdmax}"
                two_level = fmt in (1, 2) and cdmax > 0
                rows.append(Case(f"{name}, no SubstreamID", sid, VA, ok(DATA)))
                places.append((TABLES + offsets[0], two_level))
                for ssid in ssids if cdmax else ():
                    # SubstreamID 0 is not usable with S1DSS=2 (STE-015)
                    want = ok(DATA) if ssid else DISABLED
                    rows.append(Case(f"{name}, SubstreamID {ssid}", sid, VA, want, ssid))
                    places.append((TABLES + offsets[ssid], two_level) if ssid else None)
                for ssid in {0 if not cdmax else count, count + 1, LAST_SSID}:
                    if ssid <= LAST_SSID and (ssid >= count or not cdmax):
                        row = Case(f"{name}, beyond", sid, VA, NO_SUBSTREAM, ssid)
                        rows.append(row)
                        places.append(None)
            await s.run(rows)
            for row, place in zip(rows, places, strict=True):
                wanted = [] if place is None else [place[0]]
                assert fetched(row, "CD") == wanted, row.name
                if place is not None:
                    assert len(fetched(row, "L1CD")) == int(place[1]), row.name
            await s.forget()
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def level_1_invalid(dut: Any) -> None:
    """STR-017, STR-018, TRN-022, TRN-023: L1CD.V=0, L2Ptr beyond OAS; no read of a CD."""
    s = await CaseScene.start(dut)
    t = CdTables(s)
    rows = []
    oas = s.model.config.oas
    for config in (5, 7):
        for fmt, split in ((1, 6), (2, 10)):
            entries = [("V=0, garbage", L1CD.pack(v=0, l2ptr=0xABCD_F000)), ("V=0, zero", bytes(8)),
                       ("all ones but V", (2**64 - 2).to_bytes(8, "little"))]  # fmt: skip
            entries += [(f"L2Ptr bit {bit}", L1CD.pack(v=1, l2ptr=1 << bit | TABLES))
                        for bit in range(oas, 56)]  # fmt: skip
            for name, entry in entries:
                base = t.table(64 << 4)
                for index in range(4):
                    s.memory.poke(TABLES + base + 8 * index, entry)
                sid = t.sid(config, s1contextptr=t.pointer(config, base), s1cdmax=split + 2,
                            s1fmt=fmt, s1dss=SSID0)  # fmt: skip
                steps = ("STE", "L1CD") if config == 5 else None
                want = abort(Event.C_BAD_SUBSTREAMID, steps)
                where = f"config {config}, S1Fmt {fmt}, {name}"
                rows.append(Case(where, sid, VA, want))
                rows.append(Case(f"{where}, SubstreamID", sid, VA, want, (3 << split) + 5))
    await s.run(rows)
    assert not any(fetched(row, "CD") for row in rows)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def default_substream(dut: Any) -> None:
    """STE-010, STE-013..015, TRN-004, TRN-016..018, NST-015: S1DSS x {none, 0, 1} x Config."""
    s = await CaseScene.start(dut)
    t = CdTables(s)
    rows = []
    for config in (5, 7):
        bypassed = ok(VA, ("STE",)) if config == 5 else ok(DATA + 0x1000)
        for fmt in range(4):
            for dss in range(4):
                name = f"config {config}, S1Fmt {fmt}, S1DSS {dss}"
                sid, _ = t.shape(config, fmt, 3, [0, 1], junk=False, dss=dss)
                none = {BYPASS: bypassed, SSID0: ok(DATA)}.get(dss, DISABLED)
                zero = DISABLED if dss == SSID0 else ok(DATA)
                for write in (False, True):
                    rows += [Case(f"{name}, none", sid, VA, none, None, write),
                             Case(f"{name}, 0", sid, VA, zero, 0, write),
                             Case(f"{name}, 1", sid, VA, ok(DATA), 1, write)]  # fmt: skip
                single, _ = t.shape(config, fmt, 0, [0], junk=False, dss=dss)
                rows += [Case(f"{name}, S1CDMax 0", single, VA, ok(DATA)),
                         Case(f"{name}, S1CDMax 0, 0", single, VA, NO_SUBSTREAM, 0),
                         Case(f"{name}, S1CDMax 0, 9", single, VA, NO_SUBSTREAM, 9)]  # fmt: skip
    await s.run(rows)
    for row in rows:
        stage_2_only = row.outcome.pa in (VA, DATA + 0x1000)
        assert not (stage_2_only and fetched(row, "CD")), f"{row.name}: CD read (TRN-017)"
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def substreams_without_stage_1(dut: Any) -> None:
    """STE-009, TRN-015: a SubstreamID on Config 100 and 110 is an error, 0 too."""
    s = await CaseScene.start(dut)
    s.stream(4, s1=False)
    s.stream(6, s1=False, s2=True)
    rows = []
    for sid, good in ((4, ok(VA)), (6, ok(DATA))):
        rows.append(Case(f"config {sid}", sid, VA, good))
        for ssid in (0, 1, 77, LAST_SSID):
            for write in (False, True):
                rows.append(Case(f"config {sid}, {ssid}", sid, VA, NO_SUBSTREAM, ssid, write))
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def bypass_needs_no_table(dut: Any) -> None:
    """STE-014, TRN-017, TRN-027, TRN-029, FLT-008: S1DSS=1 over an aborting table; large inputs."""
    s = await CaseScene.start(dut)
    t = CdTables(s)
    rows = []
    broken = t.table(0x1000)
    s.memory.add_error(TABLES + broken, 0x1000)
    too_large = abort(**stage1(Event.F_ADDR_SIZE), fetches=("STE",))
    for config in (5, 7):
        for s2s in (0, 1) if config == 7 else (0,):
            sid = t.sid(config, s1contextptr=t.pointer(config, broken), s1cdmax=2, s1dss=BYPASS,
                        s2s=s2s, s2r=0)  # fmt: skip
            name = f"config {config}, S2S {s2s}"
            good = ok(VA) if config == 5 else ok(DATA + 0x1000)
            rows += [Case(name, sid, VA, good), Case(name, sid, VA, good, write=True)]
            for addr in (1 << 48, 1 << 55 | VA, 1 << 63 | VA, 0xFF << 56 | VA):
                rows.append(Case(f"{name}, 0x{addr:x}", sid, addr, too_large))
                rows.append(Case(f"{name}, 0x{addr:x}", sid, addr, too_large, write=True))
            fetch = abort(Event.F_CD_FETCH, fetchaddr=TABLES + broken + 64)
            rows.append(Case(f"{name}, SubstreamID", sid, VA, fetch, 1))
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def substream_selects_stage_1_only(dut: Any) -> None:
    """TRN-004, TRN-018: SubstreamIDs have their own trees over one stage 2; records say which."""
    s = await CaseScene.start(dut)
    stream: Stream = s.stream(7, s2=True, cdmax=3, s1dss=SSID0, s2r=1, mapped=False)
    rows = []
    for ssid in range(8):
        if ssid:
            stream.space(ssid, asid=0x100 + ssid)
        page = DATA + 0x1000 * ssid
        s.map(stream, VA, page, ssid)
    hole = VA + 0x1000
    lost = DATA + 0x10_0000  # an IPA page that stage 2 does not have
    for ssid in (None, 1, 2, 3, 4, 5, 6, 7):
        index = ssid or 0
        stream.spaces[index].map(VA + 0x2000, stream.ipa(lost), 0x1000)
        for write in (False, True):
            rows.append(Case("own page", 7, VA, ok(DATA + 0x1000 * index), ssid, write))
            gone = abort(**stage1(Event.F_TRANSLATION))
            rows.append(Case("unmapped", 7, hole, gone, ssid, write))
            unbacked = abort(**stage2(Event.F_TRANSLATION, FaultClass.IN, stream.ipa(lost)))
            rows.append(Case("not in stage 2", 7, VA + 0x2000, unbacked, ssid, write))
    await s.run(rows)
    s.bench.rng.shuffle(rows)
    again = [Case(r.name, r.sid, r.addr, r.want, r.ssid, r.write) for r in rows]
    await s.run(again, cold=False)
    await s.finish()
