# SPDX-License-Identifier: Apache-2.0
"""Stream tables: where an STE is looked for, and which StreamIDs have none (STR-*, TRN-005..012).

Every STE bypasses, so a stream that is found is one whose burst leaves unchanged.
"""

from __future__ import annotations

from typing import Any

import cocotb

from tb.models.fields import L1STD, REG, STE, Event, SteConfig
from tests.smmu.case_scene import DATA, Case, CaseScene, abort, ok

SID_BITS = 16
BASE = 0x5_4000_0000  # of stream tables; far from all else
L2 = 0x7_0000_0000
POISON = 64  # bytes beside a table that answer with an error
BYPASS = STE.pack(v=1, config=SteConfig.BYPASS, shcfg=1)
SPLITS = (6, 8, 10)


def found(name: str, sid: int, two_level: bool = False) -> Case:
    """A row whose STE is found."""
    return Case(name, sid, DATA, ok(DATA, (*(("L1STD",) if two_level else ()), "STE")))


def missing(name: str, sid: int, recinvsid: int, reads: tuple[str, ...] = ()) -> Case:
    """A row whose StreamID is not valid (EVQ-004)."""
    event = Event.C_BAD_STREAMID if recinvsid else None
    return Case(name, sid, DATA, abort(event, reads))


def some_sids(size: int) -> list[int]:
    """StreamIDs at the edges of a table of ``size`` STEs."""
    return sorted({0, size // 2, max(size - 2, 0), size - 1} & set(range(1 << SID_BITS)))


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def linear_table(dut: Any) -> None:
    """STR-001, STR-002, STR-003, STR-012, TRN-006, TRN-007: base, index and range, literal size."""
    s = await CaseScene.start(dut, begin=False)
    await s.prog.start()
    widest = 1 << SID_BITS
    for number, log2 in enumerate((0, 1, 5, 8, 15, 16, 17, 20, 31, 63)):
        recinvsid = number & 1
        fmt = (0, 2, 3)[number % 3]
        mask = (64 << log2) - 1
        base = (BASE | 5 << 36) & ~mask
        junk = mask & 0x3_FFC0
        size = min(1 << log2, widest)
        for sid in some_sids(size):
            s.memory.poke(base + 64 * sid, BYPASS)
        poison = [s.memory.add_error(base + 64 * size, POISON)]
        if base:
            poison.append(s.memory.add_error(base - POISON, POISON))
        for recorded in (recinvsid, 1 - recinvsid):
            await s.tables(addr=base | junk, fmt=fmt, log2size=log2, recinvsid=recorded)
            cfg = REG["STRTAB_BASE_CFG"].unpack(await s.read32(REG["STRTAB_BASE_CFG"].offset))
            assert cfg.log2size == log2, "the literal LOG2SIZE reads back (TRN-006)"
            rows = [found(f"log2 {log2}, fmt {fmt}", sid) for sid in some_sids(size)]
            beyond = {size, size + 1, widest - 1} if size < widest else set()
            rows += [missing(f"log2 {log2}, beyond", sid, recorded) for sid in sorted(beyond)]
            await s.run(rows)
        for error in poison:
            s.memory.remove_error(error)
    await s.finish()


async def _two_level(s: CaseScene, split: int, log2: int, recinvsid: int = 1) -> None:
    """A two-level table whose L1STDs and arrays lie as the architecture says."""
    actual = split if split in SPLITS else 6
    l1_bytes = 8 << max(log2 - actual, 0)
    align = max(l1_bytes, 64)
    base = BASE & -align
    sids = some_sids(min(1 << log2, 1 << SID_BITS))
    for sid in sids:
        array = L2 + (sid >> actual) * (64 << actual)
        # L2Ptr with low bits set: hardware aligns it to the array (STR-007)
        low = (64 << actual) - 64
        s.memory.poke(base + 8 * (sid >> actual), L1STD.pack(span=actual + 1, l2ptr=array | low))
        s.memory.poke(array + 64 * (sid & ((1 << actual) - 1)), BYPASS)
    await s.tables(addr=base | (align - 64), fmt=1, split=split, log2size=log2, recinvsid=recinvsid)
    rows = [found(f"split {split}, log2 {log2}", sid, True) for sid in sids]
    for sid in {1 << log2, (1 << SID_BITS) - 1}:
        if 1 << log2 <= sid < 1 << SID_BITS:
            rows.append(missing(f"split {split}, log2 {log2}, beyond", sid, recinvsid))
    await s.run(rows)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def two_level_table(dut: Any) -> None:
    """STR-004, STR-005, STR-006, TRN-008, TRN-010: every SPLIT, small and large tables."""
    s = await CaseScene.start(dut)
    for split in SPLITS:
        for log2 in (0, 4, split - 1, split, split + 1, 12, 16, 20):
            await _two_level(s, split, log2, recinvsid=log2 & 1)
    for split in range(32):
        if split not in SPLITS:
            await _two_level(s, split, 9)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def spans(dut: Any) -> None:
    """STR-007..010, TRN-008, TRN-009: every Span at every SPLIT, StreamIDs at its edges."""
    s = await CaseScene.start(dut)
    for split in SPLITS:
        for recinvsid in (0, 1):
            rows = []
            for span in range(32):
                first = span << split  # the StreamIDs of one L1STD
                count = 1 << (span - 1) if 1 <= span <= split + 1 else 0
                array = L2 + span * (64 << 10)
                low = max(64 * count - 64, 0) | 0x40 * (span & 1) * (count > 1)
                entry = L1STD.pack(span=span, l2ptr=array | low)
                s.memory.poke(BASE + 8 * span, entry)
                for index in sorted({0, count - 1, count, (1 << split) - 1}):
                    if not 0 <= index < 1 << split:
                        continue
                    name = f"split {split}, span {span}, index {index}"
                    if index < count:
                        s.memory.poke(array + 64 * index, BYPASS)
                        rows.append(found(name, first + index, True))
                    else:
                        rows.append(missing(name, first + index, recinvsid, ("L1STD",)))
            await s.tables(addr=BASE, fmt=1, split=split, log2size=16, recinvsid=recinvsid)
            await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def one_level_1_descriptor(dut: Any) -> None:
    """TRN-010, STR-006: LOG2SIZE 4 below SPLIT 6: StreamID 15 is in, 16 and 63 are not."""
    s = await CaseScene.start(dut)
    s.memory.poke(BASE, L1STD.pack(span=7, l2ptr=L2))
    s.memory.poke(L2, BYPASS * 64)
    await s.tables(addr=BASE, fmt=1, split=6, log2size=4)
    await s.run([found("15", 15, True), missing("16", 16, 1), missing("63", 63, 1)])
    for log2 in range(6, 11):
        sids = (0, (1 << log2) - 1, 1 << log2)
        s.memory.poke(BASE, L1STD.pack(span=11, l2ptr=L2))
        s.memory.poke(L2, BYPASS * 1024)
        await s.tables(addr=BASE, fmt=1, split=10, log2size=log2)
        rows = [found(f"log2 {log2}", sid, True) for sid in sids[:2]]
        await s.run([*rows, missing(f"log2 {log2}, beyond", sids[2], 1)])
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def aborted_fetches(dut: Any) -> None:
    """TRN-011, STE-042: an abort of an L1STD or of any STE beat; it is not remembered."""
    s = await CaseScene.start(dut)
    await s.tables(addr=BASE, fmt=1, split=8, log2size=16)
    step = 0
    for response in ("SLVERR", "DECERR"):
        for beat in (None, 0, 16, 32, 48):
            sid = step << 8 | 5
            entry, array = BASE + 8 * step, L2 + 0x10000 * step
            step += 1
            s.memory.poke(entry, L1STD.pack(span=9, l2ptr=array))
            s.memory.poke(array + 5 * 64, BYPASS)
            # the neighbours of an L1STD share its 16-byte beat: the error covers it alone
            at = entry if beat is None else array + 5 * 64 + beat
            where = entry if beat is None else array + 5 * 64
            error = s.memory.add_error(at, 8, response=response)
            reads = ("L1STD",) if beat is None else ("L1STD", "STE")
            name = f"{response} at {'L1STD' if beat is None else f'STE byte {beat}'}"
            want = abort(Event.F_STE_FETCH, reads, fetchaddr=where)
            await s.one(Case(name, sid, DATA, want), cold=True)
            s.memory.remove_error(error)
            # no CFGI: a failed fetch is never kept
            await s.one(Case(f"{name}, then good memory", sid, DATA, ok(DATA)))
            assert any(r.addr == where for r in s.reads), f"{name}: not fetched again"
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def level_2_pointer_beyond_oas(dut: Any) -> None:
    """TRN-012, STR-011: L2Ptr above OAS gives F_STE_FETCH and no read."""
    s = await CaseScene.start(dut)
    await s.tables(addr=BASE, fmt=1, split=8, log2size=16)
    rows = []
    oas = s.model.config.oas
    for bit in range(oas, 56):
        sid = (bit - oas) << 8 | 7
        array = L2 | 1 << bit
        s.memory.poke(BASE + 8 * (sid >> 8), L1STD.pack(span=9, l2ptr=array))
        want = abort(Event.F_STE_FETCH, ("L1STD",), fetchaddr=L2 + 7 * 64)
        rows.append(Case(f"L2Ptr bit {bit}", sid, DATA, want))
    await s.run(rows)
    base = REG["STRTAB_BASE"]
    await s.prog.enable(cmdqen=1, eventqen=1)
    await s.write32(base.offset + 4, 0xFFFFFF)
    high = await s.read32(base.offset + 4)
    assert high & 0xFFFFFF == (1 << (oas - 32)) - 1, f"STRTAB_BASE keeps 0x{high:x} (TRN-012)"
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def widths_of_identifiers(dut: Any) -> None:
    """TRN-005: SIDSIZE and SSIDSIZE are the widths of the pins; records carry all bits."""
    s = await CaseScene.start(dut, sid_log2=16, strtab=0x4_0000_0000)
    idr1 = await s.prog.read("IDR1")
    assert idr1.sidsize == len(dut.s_armmusid) // s.bench.tbus == SID_BITS
    assert idr1.ssidsize == len(dut.s_armmussid) // s.bench.tbus
    assert (await s.prog.read("IDR0")).st_level == 1, "SIDSIZE >= 7 (TRN-005)"
    rows = [Case("STE.V=0", sid, DATA, abort(Event.C_BAD_STE, ("STE",)), ssid=ssid)
            for sid in (0xFFFF, 0xAAAA, 0x5555) for ssid in (None, 0xFFFFF, 0x5AA55)]  # fmt: skip
    for row in rows:
        await s.one(row)
    s.stream(0x1234, s1=False)
    await s.run([Case("bypass", 0x1234, DATA, ok(DATA, ("STE",)))])
    await s.finish()
