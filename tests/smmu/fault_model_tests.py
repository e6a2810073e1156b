# SPDX-License-Identifier: Apache-2.0
"""What becomes of a fault: abort, RAZ/WI or stall, recorded or not (FLT-001..008, CD-014..019,
STE-034, NST-002..006)."""

from __future__ import annotations

from itertools import product
from typing import Any

import cocotb

from tb.models.fields import Event, FaultClass
from tb.models.vmsa import Stage2Leaf
from tests.smmu.case_scene import Case, CaseScene, Want, abort, ok, razwi, stage1, stage2, stall
from tests.smmu.fault_rig import IPA_OFFSET, MODEL, STRUCTURE_PAGES, VA, Rig

FIRST = 0x10
BEATS = (1, 2, 7, 16)


class Rigs:
    """New rigs, one StreamID after the other."""

    def __init__(self, scene: CaseScene) -> None:
        self.scene, self.sid = scene, FIRST

    def new(self, **options: Any) -> Rig:
        """The next one."""
        self.sid += 1
        return Rig(self.scene, self.sid, **options)


async def run_mixed(s: CaseScene, rows: list[Case]) -> None:
    """Run rows; those that stall a few at a time, each checked to wait and ended with abort."""
    plain = [row for row in rows if row.want.kind.value != "STALL"]
    waiting = [row for row in rows if row.want.kind.value == "STALL"]
    await s.run(plain)
    step = min(s.bench.params["STALL_MAX"], s.ids, 4)
    for first in range(0, len(waiting), step):
        some = waiting[first : first + step]
        await s.run(some, cold=False)
        for row in some:
            assert not row.txn.finished, f"{row.name}: answered while stalled (STL-001)"
        stags = {row.record.stag for row in some}
        assert len(stags) == len(some), f"a STAG twice: {stags} (STL-002)"
        await s.end_stalls(some)


def stage1_want(event: Event, a: int, r: int, s: int) -> Want:
    """CD.{A,R,S} (CD-014..018)."""
    record = stage1(event)
    if s:
        return stall(**record)
    quiet = {} if not r else record
    return abort(**quiet) if a else razwi(**quiet)


def stage2_want(record: dict[str, Any], s2r: int, s2s: int) -> Want:
    """STE.{S2R,S2S} (STE-034)."""
    if s2s:
        return stall(**record)
    return abort(**record) if s2r else abort()


@cocotb.test(timeout_time=40, timeout_unit="ms")
async def stage1_flags(dut: Any) -> None:
    """CD-014..018, FLT-002, FLT-003, FLT-010: A x R x S x fault type x direction x length."""
    s = await CaseScene.start(dut)
    rigs, rows = Rigs(s), []
    lanes = s.bench.masters[0].lanes
    for number, (event, a, r, st, how) in enumerate(
        product(MODEL, (0, 1), (0, 1), (0, 1), ("read", "write", "fetch"))
    ):
        rig = rigs.new(s2=False, two_level=bool(number & 1), cd={"a": a, "r": r, "s": st})
        write = how == "write"
        rig.stage1_fault(event, write=write)
        if event is Event.F_PERMISSION and how == "fetch":
            rig.leaf(uxn=True)
        name = f"{event.name} A={a} R={r} S={st}, {how}"
        options = {"write": write, "inst": how == "fetch"}
        beats = BEATS[number % len(BEATS)] if how != "fetch" else 1
        rows.append(rig.case(name, stage1_want(event, a, r, st), nbytes=beats * lanes, **options))
    await run_mixed(s, rows)
    await s.finish()


@cocotb.test(timeout_time=40, timeout_unit="ms")
async def stage1_faults_in_tables(dut: Any) -> None:
    """FLT-007, NST-007, TRN-039: a stage 1 fault at any level has CLASS=IN; nothing goes on."""
    s = await CaseScene.start(dut)
    rigs, rows = Rigs(s), []
    for s2, level, event in product((False, True), range(4), MODEL[:2]):
        rig = rigs.new(s2=s2)
        rig.stage1_fault(event, level)
        reads = rig.reads()
        walks = [k for k, what in enumerate(reads) if what == "S1"]
        want = abort(**stage1(event), fetches=reads[: walks[level] + 1])
        rows.append(rig.case(f"{event.name} at level {level}, nested {s2}", want))
    for s2, event in product((False, True), MODEL[2:]):
        rig = rigs.new(s2=s2)
        rig.stage1_fault(event)
        if s2:
            rig.stage2_fault("DATA", Event.F_TRANSLATION)
        reads = rig.reads()
        last = len(reads) - reads[::-1].index("S1")
        rows.append(rig.case(f"{event.name}, nested {s2}",
                             abort(**stage1(event), fetches=reads[:last])))  # fmt: skip
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=60, timeout_unit="ms")
async def stage2_flags(dut: Any) -> None:
    """STE-034, FLT-004, FLT-006, FLT-015, NST-002, NST-004: S2R x S2S x type x page, CD flags 0."""
    s = await CaseScene.start(dut)
    rigs, rows = Rigs(s), []
    for number, (page, event, s2r, s2s) in enumerate(
        product((*STRUCTURE_PAGES, "DATA"), MODEL, (0, 1), (0, 1))
    ):
        write = bool(number & 1)
        rig = rigs.new(cd={"a": 0, "r": 0, "s": 0}, ste={"s2r": s2r, "s2s": s2s})
        rig.stage2_fault(page, event, write=write and page == "DATA")
        want = stage2_want(rig.stage2_record(page, event), s2r, s2s)
        name = f"{event.name} at {page}, S2R={s2r} S2S={s2s}"
        rows.append(rig.case(name, want, write=write, priv=bool(number & 2)))
    for event, s2r, s2s, write in product(MODEL, (0, 1), (0, 1), (False, True)):
        rig = rigs.new(s1=False, ste={"s2r": s2r, "s2s": s2s})
        rig.stage2_fault("DATA", event, write=write)
        want = stage2_want(rig.stage2_record("DATA", event), s2r, s2s)
        rows.append(rig.case(f"{event.name}, stage 2 only, {s2r}{s2s}", want, write=write))
    await run_mixed(s, rows)
    await s.finish()


@cocotb.test(timeout_time=60, timeout_unit="ms")
async def each_stage_by_its_own_flags(dut: Any) -> None:
    """FLT-005, NST-006: terminate and stall of either stage; the other stage's flags do nothing."""
    s = await CaseScene.start(dut)
    rigs, rows = Rigs(s), []
    for st, s2s, event, where in product((0, 1), (0, 1), MODEL, ("1", "CD", "S1.2", "DATA")):
        for a, r, s2r in ((1, 1, 1), (0, 1, 0), (1, 0, 1)):
            rig = rigs.new(cd={"a": a, "r": r, "s": st}, ste={"s2r": s2r, "s2s": s2s})
            if where == "1":
                rig.stage1_fault(event)
                want = stage1_want(event, a, r, st)
            else:
                rig.stage2_fault(where, event)
                want = stage2_want(rig.stage2_record(where, event), s2r, s2s)
            flags = f"A={a} R={r} S={st} S2R={s2r} S2S={s2s}"
            rows.append(rig.case(f"{event.name} at {where}, {flags}", want))
            if st or s2s:
                break
    await run_mixed(s, rows)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def others_always_abort(dut: Any) -> None:
    """FLT-001, CD-019, TRN-024: no other cause stalls or gives RAZ/WI, whatever the flags say."""
    s = await CaseScene.start(dut)
    rigs, rows = Rigs(s), []
    flags = {"cd": {"a": 0, "r": 0, "s": 1}, "ste": {"s2r": 0, "s2s": 1}}

    def row(name: str, rig: Rig, want: Want, **options: Any) -> None:
        rows.append(rig.case(f"{name}, write {options.get('write', False)}", want, **options))

    for write in (False, True):
        rig = rigs.new(**flags)
        lanes = s.bench.masters[0].lanes
        row("burst over 4 KB", rig, abort(Event.F_UUT, ()), write=write, addr=VA + 0x1000 - lanes,
            nbytes=2 * lanes)  # fmt: skip
        row("out of range", rigs.new(**flags), abort(Event.C_BAD_STREAMID, ()), write=write)
        rows[-1].sid |= 0x8000
        rig = rigs.new(**flags)
        s.memory.add_error(rig.ste_at + 32, 16)
        row("STE fetch", rig, abort(Event.F_STE_FETCH, fetchaddr=rig.ste_at), write=write)
        rig = rigs.new(**flags)
        rig.write_ste(s2tg=3)
        row("STE", rig, abort(Event.C_BAD_STE), write=write)
        rig = rigs.new(**flags)
        row("SubstreamID", rig, abort(Event.C_BAD_SUBSTREAMID), write=write, ssid=300)
        rig = rigs.new(**flags)
        rig.write_ste(s1dss=0)
        row("disabled", rig, abort(Event.F_STREAM_DISABLED), write=write, ssid=None)
        for name, at in (("L1CD", "entry_at"), ("CD", "cd_at")):
            for s2 in (False, True):
                rig = rigs.new(s2=s2, **flags)
                where = getattr(rig, at)
                s.memory.add_error(where, 8, response="DECERR" if write else "SLVERR")
                row(f"{name} fetch", rig, abort(Event.F_CD_FETCH, fetchaddr=where), write=write)
        rig = rigs.new(**flags)
        rig.write_cd(v=0)
        row("CD", rig, abort(Event.C_BAD_CD), write=write)
        rig = rigs.new(**flags)
        s.memory.poke(rig.entry_at, bytes(8))
        row("L1CD", rig, abort(Event.C_BAD_SUBSTREAMID), write=write)
        rig = rigs.new(**flags)
        where = rig.entry(2)
        s.memory.add_error(where, 8)
        want = abort(Event.F_WALK_EABT, s2=0, fetchaddr=where, **{"class": int(FaultClass.TT)})
        row("stage 1 descriptor", rig, want, write=write)
        rig = rigs.new(s1=False, **{"ste": flags["ste"]})
        want = abort(**stage1(Event.F_ADDR_SIZE), fetches=("STE",))
        row("stage 1 bypassed", rig, want, write=write, addr=1 << 50)
    await s.run(rows)
    await s.tables(addr=s.prog.layout.strtab, log2size=s.prog.layout.sid_log2, recinvsid=0)
    silent = [Case("out of range", 0x8001, VA, abort(None, ()), 3, write)
              for write in (False, True)]  # fmt: skip
    await s.run(silent)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def aborted_walks(dut: Any) -> None:
    """TRN-041, TRN-024: every read of a nested walk aborted in turn: S2, CLASS, FetchAddr."""
    s = await CaseScene.start(dut)
    rig = Rigs(s).new(cd={"a": 0, "r": 0, "s": 1}, ste={"s2r": 0, "s2s": 1})
    good = rig.case("good", ok(rig.data | 0x100, rig.reads()))
    await s.one(good, cold=True)
    reads = good.outcome.fetches
    purpose = FaultClass.IN
    wanted: list[tuple[int, Want]] = []
    for fetch in reversed(reads):
        if fetch.what == "S2":
            fields = {"s2": 1, "class": int(purpose), "fetchaddr": fetch.pa}
            wanted.append((fetch.pa, abort(Event.F_WALK_EABT, **fields)))
        elif fetch.what == "S1":
            purpose = FaultClass.TT
            fields = {"s2": 0, "class": int(purpose), "fetchaddr": fetch.pa}
            wanted.append((fetch.pa, abort(Event.F_WALK_EABT, **fields)))
        else:
            purpose = FaultClass.CD
            event = Event.F_STE_FETCH if fetch.what == "STE" else Event.F_CD_FETCH
            wanted.append((fetch.pa, abort(event, fetchaddr=fetch.pa)))
    # of reads of one descriptor, or of the same bus beat, the first one meets the abort
    first = {pa & -16: (pa, want) for pa, want in wanted}
    assert len(first) >= 10, "too few reads"
    for pa, want in first.values():
        error = s.memory.add_error(pa, 8)
        await s.forget()
        for write in (False, True):
            await s.one(rig.case(f"abort at 0x{pa:x}", want, write=write))
        s.memory.remove_error(error)
    await s.forget()
    await s.one(rig.case("good again", ok(rig.data | 0x100)))
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def structure_pages_of_stage_2(dut: Any) -> None:
    """NST-009, STE-030, STE-031, FLT-016: S2AP, XN, S2PTW, S2AFFD at each structure page."""
    s = await CaseScene.start(dut)
    rigs, rows = Rigs(s), []
    for page, readable, writable, xn in product(STRUCTURE_PAGES, (0, 1), (0, 1), range(4)):
        rig = rigs.new()
        rig.stage2_leaf(page, readable=bool(readable), writable=bool(writable), xn=xn)
        want = ok(rig.data | 0x100)
        if not readable:
            want = abort(**rig.stage2_record(page, Event.F_PERMISSION))
        name = f"{page} S2AP={writable}{readable} XN={xn}"
        rows.append(rig.case(name, want, write=xn == 1, priv=xn == 3, inst=xn == 2))
    await s.run(rows)
    await s.forget()
    rigs, rows = Rigs(s), []
    for page, mem_attr, s2ptw in product((*STRUCTURE_PAGES, "DATA"), (0, 1, 2, 3, 5, 15), (0, 1)):
        rig = rigs.new(ste={"s2ptw": s2ptw})
        rig.stage2_leaf(page, mem_attr=mem_attr)
        want = ok(rig.data | 0x100)
        if s2ptw and mem_attr < 4 and page != "DATA":
            want = abort(**rig.stage2_record(page, Event.F_PERMISSION))
        rows.append(rig.case(f"{page} MemAttr {mem_attr}, S2PTW {s2ptw}", want))
    for s2ptw in (0, 1):
        rig = rigs.new(s1=False, ste={"s2ptw": s2ptw})
        rig.stage2.map(VA, rig.data, 0x1000, Stage2Leaf(mem_attr=0))
        rows.append(rig.case(f"stage 2 only, Device, S2PTW {s2ptw}", ok(rig.data | 0x100)))
    await s.run(rows, tables=True)
    await s.forget()
    rigs, rows = Rigs(s), []
    for page, s2affd in product((*STRUCTURE_PAGES, "DATA"), (0, 1)):
        rig = rigs.new(ste={"s2affd": s2affd})
        rig.stage2_leaf(page, af=False)
        want = ok(rig.data | 0x100)
        if not s2affd:
            want = abort(**rig.stage2_record(page, Event.F_ACCESS))
        rows.append(rig.case(f"{page} AF=0, S2AFFD {s2affd}", want))
    await s.run(rows)
    # with S2AFFD the entry may be kept: a second access needs no table
    await s.run([rig for rig in _again(rows) if rig.want.event is None], cold=False)
    await s.finish()


def _again(rows: list[Case]) -> list[Case]:
    return [Case(f"{r.name}, again", r.sid, r.addr, r.want, r.ssid, r.write) for r in rows]


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def blocks_over_pages(dut: Any) -> None:
    """NST-005, NST-010: the IPA of the record is the stage 1 output; ranges of both stages."""
    s = await CaseScene.start(dut)
    rigs, rows = Rigs(s), []
    two_mb = 1 << 21
    for event in MODEL:
        rig = rigs.new()
        out = IPA_OFFSET | 0x4000_0000
        block = VA & -two_mb
        rig.tree.put(block, 2, rig.tree.encode(out, 2))
        rig.stage2.map(out, rig.data, 0x1000)
        for page in (1, 2, 77, 511):
            at = out + 0x1000 * page
            rig.stage2.map(at, rig.data, 0x1000)
            good = rig.stage2.get(at, 3)
            broken = {
                Event.F_TRANSLATION: 0, Event.F_ADDR_SIZE: good | 1 << 45,
                Event.F_ACCESS: good & ~(1 << 10), Event.F_PERMISSION: good & ~(1 << 6),
            }  # fmt: skip
            rig.stage2.put(at, 3, broken[event])
            extra = {"ttrnw": 0} if event is Event.F_PERMISSION else {}
            want = abort(**stage2(event, FaultClass.IN, at, **extra))
            addr = block + 0x1000 * page + 0x8
            rows.append(rig.case(f"{event.name} at page {page}", want, addr=addr))
        rows.append(rig.case("page 0", ok(rig.data | 8), addr=block + 8))
    # IPA inside IPS but beyond S2T0SZ, and beyond IPS
    for level in (1, 2, 3):
        for inside in (True, False):
            rig = rigs.new()
            bit = 1 << 41 if inside else 1 << 44
            at = rig.entry(level)
            s.memory.poke64(at, s.memory.peek64(at) | bit)
            if inside:
                cls = FaultClass.IN if level == 3 else FaultClass.TT
                target = s.memory.peek64(at) & (1 << 48) - 0x1000
                index = 0 if level == 3 else 8 * (VA >> 12 + 9 * (2 - level) & 511)
                want = abort(**stage2(Event.F_TRANSLATION, cls, target + index))
            else:
                reads = rig.reads()
                stops = [k for k, what in enumerate(reads) if what == "S1"]
                want = abort(**stage1(Event.F_ADDR_SIZE), fetches=reads[: stops[level] + 1])
            rows.append(rig.case(f"level {level} output, bit {bit:x}", want))
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def permissions_of_both_stages(dut: Any) -> None:
    """NST-008: every pair of stage 1 and stage 2 permissions; stage 1 denies first."""
    s = await CaseScene.start(dut)
    rigs, rows = Rigs(s), []
    for user, writable, s2r, s2w in product((0, 1), (0, 1), (0, 1), (0, 1)):
        rig = rigs.new()
        rig.leaf(user=bool(user), writable=bool(writable))
        rig.stage2_leaf("DATA", readable=bool(s2r), writable=bool(s2w))
        for priv, write in product((False, True), (False, True)):
            first = (user or priv) and (writable or not write)
            second = s2w if write else s2r
            if not first:
                want = abort(**stage1(Event.F_PERMISSION))
            elif not second:
                want = abort(**rig.stage2_record("DATA", Event.F_PERMISSION))
            else:
                want = ok(rig.data | 0x100)
            name = f"AP user {user} write {writable}, S2AP {s2w}{s2r}"
            rows.append(rig.case(name, want, priv=priv, write=write))
    await s.run(rows)
    await s.finish()
