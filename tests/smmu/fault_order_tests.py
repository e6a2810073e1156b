# SPDX-License-Identifier: Apache-2.0
"""Which of several defects is reported (TRN-001..003, TRN-034, TRN-037..040)."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import cocotb

from tb.models.fields import L1CD, L1STD, STE, Event, FaultClass
from tb.models.memory import ErrorRange
from tb.models.vmsa import GRANULES, PageTable
from tests.smmu.case_scene import PAGE, VA, Case, CaseScene, Want, abort, ok, stage1, stage2
from tests.smmu.fault_rig import MODEL, SIZE_BIT, SSID, Rig
from tests.smmu.fault_rig import VA as RIG_VA

SPLIT = 6
STRTAB = 0x5_0000_0000
ARRAYS = 0x5_1000_0000


class FarRig(Rig):
    """A rig in a two-level stream table; its L1STD lies in a bus beat of its own."""

    def __init__(self, scene: CaseScene, number: int, **options: Any) -> None:
        self.l1_index = 2 * number
        super().__init__(scene, (self.l1_index << SPLIT) + 5, **options)
        self.memory.poke(self.l1_at, L1STD.pack(span=SPLIT + 1, l2ptr=ARRAYS + 0x1000 * number))
        self.txn: dict[str, Any] = {}
        self.errors: list[ErrorRange] = []

    @property
    def l1_at(self) -> int:
        """Address of the L1STD."""
        return STRTAB + 8 * self.l1_index

    @property
    def ste_at(self) -> int:
        """Address of the STE."""
        return ARRAYS + 0x1000 * (self.l1_index // 2) + 64 * 5


@dataclass(frozen=True)
class Defect:
    """``apply`` breaks a rig, ``want`` says what comes of it alone; ``step`` of TRN-001."""

    step: float
    name: str
    apply: Callable[[FarRig], None]
    want: Callable[[FarRig], Want]
    needs: str = ""  # a property of the transaction others contradict


def _ssid(rig: FarRig, ssid: int | None) -> None:
    rig.txn["ssid"] = ssid


def _poke(rig: FarRig, at: int, data: bytes) -> None:
    rig.memory.poke(at, data)


def _error(rig: FarRig, at: int) -> None:
    rig.errors.append(rig.memory.add_error(at, 8))


def _event(event: Event, **fields: int) -> Callable[[FarRig], Want]:
    return lambda rig: abort(event, **fields)


def _s2(step: float, page: str, event: Event) -> Defect:
    return Defect(
        step,
        f"{event.name} at {page}",
        lambda rig: rig.stage2_fault(page, event),
        lambda rig: abort(**rig.stage2_record(page, event)),
        f"stage 2 of {page}",
    )


def _s1(step: float, level: int, event: Event) -> Defect:
    return Defect(
        step,
        f"{event.name} at level {level}",
        lambda rig: rig.stage1_fault(event, level),
        lambda rig: abort(**stage1(event)),
        f"stage 1 level {level}" if event not in MODEL[2:] else event.name,
    )


def _walk_abort(step: float, level: int) -> Defect:
    return Defect(
        step,
        f"abort of level {level}",
        lambda rig: _error(rig, rig.entry(level)),
        lambda rig: abort(
            Event.F_WALK_EABT, s2=0, fetchaddr=rig.entry(level), **{"class": int(FaultClass.TT)}
        ),
        f"abort {level}",
    )


DEFECTS = [
    Defect(3, "L1STD abort", lambda r: _error(r, r.l1_at),
           lambda r: abort(Event.F_STE_FETCH, fetchaddr=r.l1_at)),
    Defect(4, "Span 0", lambda r: _poke(r, r.l1_at, bytes(8)), _event(Event.C_BAD_STREAMID)),
    Defect(5, "STE abort", lambda r: _error(r, r.ste_at + 48),
           lambda r: abort(Event.F_STE_FETCH, fetchaddr=r.ste_at)),
    Defect(6, "STE.V=0", lambda r: r.write_ste(v=0), _event(Event.C_BAD_STE), "STE.V"),
    Defect(7, "Config 0", lambda r: r.write_ste(config=0), lambda r: abort(), "Config"),
    Defect(8, "STE illegal", lambda r: r.write_ste(s2endi=1), _event(Event.C_BAD_STE)),
    Defect(9, "SubstreamID 300", lambda r: _ssid(r, 300), _event(Event.C_BAD_SUBSTREAMID), "ssid"),
    Defect(10, "SubstreamID 0, S1DSS 2", lambda r: _ssid(r, 0), _event(Event.F_STREAM_DISABLED),
           "ssid"),
    _s2(12.1, "L1CD", Event.F_TRANSLATION),
    _s2(12.1, "L1CD", Event.F_ACCESS),
    Defect(12.2, "L1CD abort", lambda r: _error(r, r.entry_at),
           lambda r: abort(Event.F_CD_FETCH, fetchaddr=r.entry_at)),
    Defect(12.3, "L1CD.V=0", lambda r: _poke(r, r.entry_at, L1CD.pack(v=0, l2ptr=r.cd_at & -PAGE)),
           _event(Event.C_BAD_SUBSTREAMID)),
    _s2(13.1, "CD", Event.F_ADDR_SIZE),
    _s2(13.1, "CD", Event.F_PERMISSION),
    Defect(13.2, "CD abort", lambda r: _error(r, r.cd_at + 16),
           lambda r: abort(Event.F_CD_FETCH, fetchaddr=r.cd_at)),
    Defect(14, "CD.V=0", lambda r: r.write_cd(v=0), _event(Event.C_BAD_CD)),
    Defect(15, "VA out of range", lambda r: r.txn.update(addr=RIG_VA | 1 << 52),
           lambda r: abort(**stage1(Event.F_TRANSLATION))),
    *(defect for level in range(4) for defect in (
        _s2(16 + level / 10, f"S1.{level}", MODEL[level]),
        _walk_abort(16.01 + level / 10, level),
        _s1(16.02 + level / 10, level, MODEL[level & 1]),
    )),
    _s1(17.1, 3, Event.F_ACCESS),
    _s1(17.2, 3, Event.F_PERMISSION),
    _s2(20, "DATA", Event.F_TRANSLATION),
]  # fmt: skip


def together(rig: FarRig, *defects: Defect) -> bool:
    """Apply defects, the later first so that addresses can still be found; False: impossible."""
    needs = [d.needs for d in defects if d.needs]
    if len(set(needs)) != len(needs):
        return False
    for defect in sorted(defects, key=lambda d: -d.step):
        defect.apply(rig)
    return True


async def far_scene(dut: Any) -> CaseScene:
    """A two-level stream table with room for all rows."""
    s = await CaseScene.start(dut)
    await s.tables(addr=STRTAB, fmt=1, split=SPLIT, log2size=16)
    return s


@cocotb.test(timeout_time=60, timeout_unit="ms")
async def pairs(dut: Any) -> None:
    """TRN-002, TRN-037, TRN-038, NST-002, NST-007: every two defects: one event, of the earlier."""
    s = await far_scene(dut)
    rows, rigs = [], []
    limit = 1 << 16 - SPLIT - 1
    singles = [(defect,) for defect in DEFECTS]
    for group in [*singles, *combinations(DEFECTS, 2)]:
        if len(rigs) == limit:
            await s.run(rows, cold=False)
            await s.forget()
            for error in (error for rig in rigs for error in rig.errors):
                s.memory.remove_error(error)
            rows, rigs = [], []
        rig = FarRig(s, len(rigs))
        first = min(group, key=lambda d: d.step)
        # addresses in the record are those of the intact rig
        want = first.want(rig)
        if not together(rig, *group):
            continue
        rigs.append(rig)
        name = " + ".join(defect.name for defect in group)
        for write in (False, True):
            if write and any("F_PERMISSION" in d.name for d in group):
                continue
            rows.append(rig.case(name, want, write=write, **rig.txn))
    await s.run(rows, cold=False)
    assert s.checked > 600, f"only {s.checked} rows"
    await s.finish()


@cocotb.test(timeout_time=60, timeout_unit="ms")
async def random_defects(dut: Any) -> None:
    """TRN-001, TRN-003: 0 to 4 defects, any Config, S1DSS, bursts of all lengths; one event."""
    s = await far_scene(dut)
    rng = random.Random(cocotb.RANDOM_SEED)
    rows = []
    lanes = s.bench.masters[0].lanes
    for number in range(300):
        s1, s2 = rng.choice(((True, True), (True, True), (True, False), (False, True)))
        flags = {"a": rng.randrange(2), "r": rng.randrange(2)}
        two_level = rng.random() < 0.7
        ste = {"s2r": rng.randrange(2)} if s2 else {}
        rig = FarRig(s, number, s1=s1, s2=s2, two_level=two_level, cd=flags, ste=ste)
        if s1 and two_level:
            rig.write_ste(s1dss=rng.randrange(4))
            rig.ssid = rng.choice((SSID, SSID, SSID, None, 0, 1))
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3, 4))):
            defect = rng.choice(DEFECTS)
            try:
                defect.apply(rig)
            except (AttributeError, TypeError, KeyError, ValueError):
                continue  # this rig has no such structure
        for _ in range(2):
            beats = rng.choice((1, 1, 2, 8, 64, 256))
            beats = min(beats, 4096 // lanes)
            addr = RIG_VA if beats * lanes > 2048 else RIG_VA | rng.randrange(256) * 8
            options = {"addr": addr, "nbytes": max(beats * lanes, 8), **rig.txn}
            rows.append(
                rig.case(f"row {number}", None, write=rng.random() < 0.5, priv=rng.random() < 0.3,
                         **options)
            )  # fmt: skip
    await s.run(rows, batch=48, cold=False)
    kinds = {row.outcome.kind for row in rows}
    assert len(kinds) >= 3, f"too one-sided: {kinds}"
    await s.tables(addr=STRTAB, fmt=1, split=SPLIT, log2size=16)
    await s.prog.enable(cmdqen=1, eventqen=1)
    off = [Case("SMMUEN=0", row.sid, VA, ok(VA, ())) for row in rows[:20]]
    uut = [Case("SMMUEN=0, over 4 KB", 9, VA + PAGE - 2 * lanes, abort(Event.F_UUT, ()),
                nbytes=4 * lanes)]  # fmt: skip
    await s.run([*off, *uut])
    await s.finish()


def reserved(granule: Any, level: int) -> list[int]:
    """Low bits of descriptors that are invalid at a level (TRN-040)."""
    kinds = [0b00, 0b10]
    if level not in granule.block_levels:
        kinds.append(0b01)
    return kinds


@cocotb.test(timeout_time=40, timeout_unit="ms")
async def reserved_descriptors(dut: Any) -> None:
    """TRN-040, TRN-034: reserved encodings, bits [15:12] at 64 KB; mapping later needs no TLBI."""
    s = await CaseScene.start(dut)
    rows, repairs, sid = [], [], 0x100
    for granule, stage in product(GRANULES.values(), (1, 2)):
        bits = 48 if stage == 1 else 44
        start = granule.start_level(bits) if stage == 1 else granule.s2_default_start(bits)
        for level in range(start, 4):
            kinds = [("low", kind) for kind in reserved(granule, level)]
            if granule.shift == 16:
                kinds += [("address", bit) for bit in range(12, 16)]
                if level in granule.block_levels:
                    kinds += [("block", bit) for bit in range(12, 16)]
            for what, value in kinds:
                sid += 1
                tree = PageTable(
                    s.memory, granule, stage=stage, input_bits=bits, alloc=s.prog.alloc
                )
                page = 0x6000_0000
                tree.map(0x1_2345_0000, page, granule.size)
                if what == "block":
                    size = granule.leaf_size(level)
                    tree.map(0x1_2345_0000 & -size, page & -size, size, level=level)
                    page = page & -size | 0x1_2345_0000 & size - 1
                good = tree.get(0x1_2345_0000, level)
                broken = good & ~3 | value if what == "low" else good | 1 << value
                event = Event.F_TRANSLATION if what == "low" else Event.F_ADDR_SIZE
                entry = tree.entry_address(0x1_2345_0000, level)
                s.memory.poke64(entry, broken)
                addr = 0x1_2345_0000
                if stage == 1:
                    stream = s.stream(sid, mapped=False)
                    stream.rewrite_cd(0, ttb0=tree.base, tg0=granule.tg0, t0sz=tree.tsz)
                    want = abort(**stage1(event))
                else:
                    template = s.stream(sid, s1=False, s2=True, mapped=False)
                    template.write(s2ttb=tree.base, s2tg=granule.tg0, s2t0sz=tree.tsz,
                                   s2sl0=tree.sl0, s2vmid=sid)  # fmt: skip
                    want = abort(**stage2(event, FaultClass.IN, addr))
                name = f"stage {stage}, {granule.name}, level {level}, {what} {value}"
                rows.append(Case(name, sid, addr, want))
                repairs.append((entry, good, page))
    await s.run(rows)
    for entry, good, _ in repairs:
        s.memory.poke64(entry, good)
    again = [Case(f"{row.name}, repaired", row.sid, row.addr, ok(page))
             for row, (_, _, page) in zip(rows, repairs, strict=True)]  # fmt: skip
    await s.run(again, cold=False)
    await s.finish()


@cocotb.test(timeout_time=40, timeout_unit="ms")
async def one_stage_order(dut: Any) -> None:
    """TRN-037: all pairs of defects at each level, stage 1 alone and stage 2 alone."""
    s = await CaseScene.start(dut)
    rows, sid = [], 0x100
    order = ["abort", Event.F_TRANSLATION, Event.F_ADDR_SIZE, Event.F_ACCESS, Event.F_PERMISSION]
    for stage in (1, 2):
        for level in range(4):
            some = order if level == 3 else order[:3]
            for pair in combinations(some, 2):
                sid += 1
                rig = Rig(s, sid, s1=stage == 1, s2=stage == 2, two_level=False)
                tree = rig.tree or rig.stage2
                if level < tree.start_level:
                    continue
                entry = tree.entry_address(RIG_VA, level)
                good = s.memory.peek64(entry)
                value = good
                if Event.F_TRANSLATION in pair:
                    value &= ~1
                if Event.F_ADDR_SIZE in pair:
                    value |= SIZE_BIT
                if Event.F_ACCESS in pair:
                    value &= ~(1 << 10)
                if Event.F_PERMISSION in pair:
                    value &= ~(1 << 6)
                s.memory.poke64(entry, value)
                if "abort" in pair:
                    s.memory.add_error(entry, 8)
                    fields = {"s2": stage - 1, "fetchaddr": entry}
                    cls = FaultClass.TT if stage == 1 else FaultClass.IN
                    want = abort(Event.F_WALK_EABT, **fields, **{"class": int(cls)})
                elif stage == 1:
                    want = abort(**stage1(pair[0]))
                else:
                    want = abort(**rig.stage2_record("DATA", pair[0]))
                rows.append(rig.case(f"stage {stage}, level {level}, {pair}", want))
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=40, timeout_unit="ms")
async def nested_order(dut: Any) -> None:
    """TRN-038, TRN-039, NST-007: stage 2 defect at table k, stage 1 defect at level j, all j, k."""
    s = await CaseScene.start(dut)
    rows, sid = [], 0x100
    pages = [f"S1.{level}" for level in range(4)] + ["DATA"]
    for page, level in product(pages, range(4)):
        for event in MODEL if level == 3 else MODEL[:2]:
            sid += 1
            rig = Rig(s, sid)
            second = rig.stage2_record(page, Event.F_TRANSLATION)
            rig.stage2_fault(page, Event.F_TRANSLATION)
            rig.stage1_fault(event, level)
            number = 4 if page == "DATA" else int(page[3:])
            want = abort(**second) if number <= level else abort(**stage1(event))
            reads = rig.reads()
            stops = [k for k, what in enumerate(reads) if what == "S1"]
            if number > level:
                # the IPA of a faulty descriptor is not given to stage 2
                want = abort(**stage1(event), fetches=reads[: stops[level] + 1])
            rows.append(rig.case(f"stage 2 at {page}, {event.name} at level {level}", want))
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def one_record_a_burst(dut: Any) -> None:
    """TRN-003: bursts of 1 to 256 beats into a fault leave one record each."""
    s = await CaseScene.start(dut)
    lanes = s.bench.masters[0].lanes
    stream = s.stream(0x30)
    rows = []
    for beats in (1, 2, 3, 8, 31, 64, 128, 256):
        if beats * lanes > PAGE:
            continue
        for write in (False, True):
            for addr, want in ((VA, ok(0x6000_0000)), (VA + PAGE, abort(**stage1(MODEL[0])))):
                case = Case(f"{beats} beats", stream.sid, addr, want, write=write,
                            nbytes=max(8, beats * lanes))  # fmt: skip
                rows.append(case)
    await s.run(rows)
    ste = STE.pack(v=0)
    s.memory.poke(s.ste_address(0x31), ste)
    await s.run([Case("bad STE", 0x31, VA, abort(Event.C_BAD_STE), nbytes=64 * lanes)])
    await s.finish()
