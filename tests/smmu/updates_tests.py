# SPDX-License-Identifier: Apache-2.0
"""Changes of structures: what may be read, what may be cached, what each CFGI refreshes."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.env.program import Stream
from tb.models.fields import CD, L1CD, L1STD, STE, Cmd
from tests.smmu.stage1_tests import PAGE, SID
from tests.smmu.stage2_tests import only
from tests.smmu.walk_scene import WalkScene

VA = 0x12_3456_7000
NEW = PAGE + 0x100_0000
TRAP = 0x6000_0000  # nobody may read here
TRAP_SIZE = 0x1000_0000


def trapped(s: WalkScene) -> list[str]:
    """Reads of memory no valid structure names."""
    return [f"0x{r.addr:x}" for r in s.port_reads if TRAP <= r.addr < TRAP + TRAP_SIZE]


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def invalid_structures_lead_nowhere(dut: Any) -> None:
    """UPD-001, UPD-017: pointers of V=0, abort, bypass and ILLEGAL structures are not followed."""
    s = await WalkScene.start(dut, run=False)
    s.prog.stream(SID).space().map(VA, PAGE, 0x1000)
    assert (await s.access(PAGE, SID)).pa == PAGE
    assert not s.port_reads, "SMMUEN=0: no structure is read"
    await s.prog.start()
    bad = {"s1contextptr": TRAP, "s1cdmax": 2, "s2ttb": TRAP + 0x10_0000, "s2t0sz": 24,
           "s2aa64": 1, "s2r": 1, "s1fmt": 1, "s1dss": 2}  # fmt: skip
    cases = [dict(bad, v=0, config=7), dict(bad, v=1, config=0), dict(bad, v=1, config=4),
             dict(bad, v=1, config=7, s2aa64=0), dict(bad, v=1, config=6, s2t0sz=63),
             dict(bad, v=1, config=5, s1cdmax=31)]  # fmt: skip
    for number, fields in enumerate(cases):
        at = s.prog.layout.strtab + 64 * (SID + 1 + number)
        s.bench.memory.poke(at, STE.pack(**fields))
        for ssid in (None, 1):
            await s.access(VA, SID + 1 + number, ssid=ssid)
    stream = s.prog.stream(0x80, cdmax=3, s1dss=1)
    for ssid, cd in enumerate(({"v": 0}, {"aa64": 0}, {"t0sz": 5}, {"epd0": 1}, {"ha": 1})):
        stream.space(ssid, **cd, **{} if "ttb0" in cd else {"ttb0": TRAP + 0x20_0000})
        seen = await s.access(VA, 0x80, ssid=ssid)
        assert not seen.ok, f"{cd}"
    # an L1CD and an L1STD that are not valid
    two = s.prog.stream(0x81, s1fmt=1, s1cdmax=8)
    s.bench.memory.poke(two.cds, L1CD.pack(v=0, l2ptr=TRAP + 0x30_0000))
    assert (await s.access(VA, 0x81, ssid=1)).what == "C_BAD_SUBSTREAMID"
    assert not trapped(s), f"{trapped(s)}"
    # positive control: a valid structure is followed there
    stream.space(5, ttb0=TRAP + 0x40_0000)
    await s.access(VA, 0x80, ssid=5)
    assert trapped(s)
    count = len(s.port_reads)
    await s.prog.enable()
    assert (await s.access(PAGE, SID)).pa == PAGE and len(s.port_reads) == count
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def nothing_beyond_the_tables(dut: Any) -> None:
    """UPD-002, UPD-006: one STE, one CD, L1 entries, small start tables: shape and end of reads."""
    guard = 0x4120_0000
    s = await WalkScene.start(dut, sid_log2=0, strtab=guard - 64)
    memory = s.bench.memory
    memory.add_error(guard, 0x1000)
    stream = s.prog.stream(0, s1contextptr=guard + 0x2000 - 64)
    memory.add_error(guard + 0x2000, 0x1000)
    tree = stream.space(input_bits=31)  # a start table of two descriptors
    memory.poke(guard + 0x2000 - 64, memory.peek(stream.cds, 64))
    small = guard + 0x4000 - 16
    memory.add_error(guard + 0x4000, 0x1000)
    tree.map(0x4000_0000, PAGE, 0x1000)
    tree.map(0, PAGE + 0x1000, 0x1000)
    memory.poke(small, memory.peek(tree.base, 16))
    cd = CD.unpack(memory.peek(stream.cds, 64))
    memory.poke(guard + 0x2000 - 64, CD.pack(**(dict(cd) | {"ttb0": small})))
    seen = await s.access(0x4000_0000, 0)
    assert seen.pa == PAGE
    # STE and CD: one burst of 64 bytes in beats of the bus; the start table: 16 bytes at most
    shapes = [(f.addr, f.shape.beats << f.shape.size) for f in seen.fetches[:3]]
    assert shapes == [(guard - 64, 64), (guard + 0x2000 - 64, 64), (small, 16)] or (
        shapes[:2] == [(guard - 64, 64), (guard + 0x2000 - 64, 64)] and shapes[2][1] <= 16
    ), f"{shapes}"
    assert all(f.shape.size >= 4 for f in seen.fetches[:2]), "beats of 128 bits"
    for fetch in seen.fetches:
        first = fetch.addr & -(fetch.shape.beats << fetch.shape.size) if (
            fetch.shape.burst == 2) else fetch.addr  # fmt: skip
        end = first + (fetch.shape.beats << fetch.shape.size)
        assert end <= guard or first >= guard, f"0x{first:x}"
    assert (await s.access(0, 0)).pa == PAGE + 0x1000
    assert (await s.access(VA, 1)).what == "C_BAD_STREAMID"
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def cd_table_over_stage_2_pages(dut: Any) -> None:
    """UPD-002: CDs beside a page boundary of stage 2: each is read in its own page only."""
    s = await WalkScene.start(dut)
    stream = s.prog.stream(SID, s2=True, cdmax=7)  # two pages of CDs
    memory = s.bench.memory
    first = stream.ipa(stream.cds)
    pages = [s.prog.alloc(0x1000, 0x1000) for _ in range(5)]
    stream.stage2.split(first)
    for number, at in enumerate((pages[3], pages[0])):  # in no order, not side by side
        stream.stage2.map(first + 0x1000 * number, at, 0x1000)
    for number, ssid in enumerate((63, 64)):
        stream.space(ssid, asid=ssid).map(VA, stream.ipa(PAGE + 0x1000 * number), 0x1000)
        stream.lend(PAGE + 0x1000 * number, 0x1000)
        cd = memory.peek(stream.cds + 64 * ssid, 64)
        memory.poke((pages[3], pages[0])[number] + 64 * (ssid & 63), cd)
    for number, ssid in enumerate((63, 64)):
        seen = await s.access(VA, SID, ssid=ssid)
        assert seen.pa == PAGE + 0x1000 * number
        mine = (pages[3], pages[0])[number] + 64 * (ssid & 63)
        reads = [f.addr for f in seen.fetches if f.addr & -0x1000 in pages]
        assert reads == [mine], f"{[hex(r) for r in reads]}"
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def level_1_entries_are_one_beat(dut: Any) -> None:
    """UPD-002, UPD-006: L1STD and L1CD are read as 8 bytes, and never past their tables."""
    s = await WalkScene.start(dut, run=False)
    memory = s.bench.memory
    l1, l2 = s.prog.alloc(0x1000, 0x1000), s.prog.alloc(64 << 6, 64 << 6)
    memory.poke(l1, L1STD.pack(span=2, l2ptr=l2))  # two STEs only
    s.prog.layout.strtab = l2
    s.prog.layout.regs["STRTAB_BASE"] = {"addr": l1}
    s.prog.layout.regs["STRTAB_BASE_CFG"] = {"log2size": 6, "split": 6, "fmt": 1}
    await s.prog.start()
    stream = s.prog.stream(1, s1fmt=1, s1cdmax=6)
    table = s.prog.alloc(64, 64)
    cds = s.prog.alloc(64 << 6, 64 << 6)
    memory.poke(table, L1CD.pack(v=1, l2ptr=cds))
    stream.write(s1contextptr=table)
    stream.space().map(VA, PAGE, 0x1000)
    memory.poke(cds + 64 * 3, memory.peek(stream.cds, 64))
    seen = await s.access(VA, 1, ssid=3)
    assert seen.pa == PAGE
    shapes = [(f.addr, f.shape.beats << f.shape.size) for f in seen.fetches[:4]]
    assert shapes == [(l1, 8), (l2 + 64, 64), (table, 8), (cds + 192, 64)], f"{shapes}"
    assert (await s.access(VA, 2)).what == "C_BAD_STREAMID", "beyond the span"
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def cached_states(dut: Any) -> None:
    """UPD-003, UPD-015: V=0 may stay until CFGI; aborted fetches and failed stage 2 never do."""
    s = await WalkScene.start(dut)
    memory = s.bench.memory
    stream = s.prog.stream(SID, s2=True, v=0)
    stream.space().map(VA, stream.ipa(PAGE), 0x1000)
    stream.lend(PAGE, 0x1000)
    assert (await s.access(VA, SID)).what == "C_BAD_STE"
    stream.write(v=1)
    early = await s.access(VA, SID, judge=False)
    assert early.what in ("OK", "C_BAD_STE")
    await s.invalidate(Cmd.cfgi_ste(sid=SID, leaf=1))
    # the CD was complete before the STE led to it: no CFGI_CD (UPD-015)
    assert (await s.access(VA, SID)).pa == PAGE
    stream.rewrite_cd(v=0)
    await s.invalidate(Cmd.cfgi_cd(sid=SID))
    assert (await s.access(VA, SID)).what == "C_BAD_CD"
    stream.rewrite_cd(v=1)
    assert (await s.access(VA, SID, judge=False)).what in ("OK", "C_BAD_CD")
    await s.invalidate(Cmd.cfgi_cd(sid=SID))
    assert (await s.access(VA, SID)).pa == PAGE
    for at, what in ((s.prog.layout.strtab + 64 * SID, "F_STE_FETCH"), (stream.cds, "F_CD_FETCH")):
        error = memory.add_error(at, 64)
        await s.invalidate(Cmd.cfgi_ste(sid=SID))
        assert (await s.access(VA, SID)).what == what
        memory.remove_error(error)
        assert (await s.access(VA, SID)).pa == PAGE, f"{what} was cached"
    page = stream.ipa(stream.cds)
    stream.stage2.split(page)
    good = stream.stage2.get(page, 3)
    stream.stage2.put(page, 3, 0)
    await s.invalidate(Cmd.cfgi_ste(sid=SID), Cmd.tlbi_s12_vmall(vmid=0))
    failed = await s.access(VA, SID)
    assert failed.what == "F_TRANSLATION" and getattr(failed.record, "class") == 0
    stream.stage2.put(page, 3, good)
    assert (await s.access(VA, SID)).pa == PAGE
    await s.finish()


def _streams(s: WalkScene) -> dict[tuple[int, int], Stream]:
    """Three neighbours with two SubstreamIDs each, reached with MT overrides and MAIR."""
    found = {}
    for sid in (SID, SID + 1, SID + 7):
        stream = s.prog.stream(sid, cdmax=1)
        for ssid in (0, 1):
            tree = stream.space(ssid, asid=sid << 1 | ssid)
            tree.map(VA, PAGE, 0x1000)
            found[sid, ssid] = stream
    return found


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def what_each_cfgi_refreshes(dut: Any) -> None:
    """UPD-004, TLB-038: STE and CD copies by StreamID and SubstreamID; shared CDs apart."""
    s = await WalkScene.start(dut)
    streams = _streams(s)
    shared = s.prog.stream(SID + 9, cdmax=1, s1contextptr=streams[SID, 0].cds)
    streams[SID + 9, 0] = streams[SID + 9, 1] = shared
    every = list({id(stream): stream for stream in streams.values()}.values())
    of = {sid: {(sid, 0), (sid, 1)} for sid, _ in streams}
    pair = of[SID] | of[SID + 1]
    rows = (
        (Cmd.cfgi_ste(sid=SID, leaf=1), of[SID], of[SID]),
        (Cmd.cfgi_ste(sid=SID + 1), of[SID + 1], of[SID + 1]),
        (Cmd.cfgi_ste(sid=SID + 9), of[SID + 9], of[SID + 9]),
        (Cmd.cfgi_ste_range(sid=SID + 2, range=1), pair, pair),  # four, aligned
        (Cmd.cfgi_all(), set(streams), set(streams)),
        (Cmd.cfgi_cd(sid=SID, ssid=1, leaf=1), set(), {(SID, 1)}),
        (Cmd.cfgi_cd(sid=SID + 9, ssid=0), set(), {(SID + 9, 0)}),
        (Cmd.cfgi_cd_all(sid=SID + 9), set(), of[SID + 9]),
    )
    for command, by_ste, by_cd in rows:
        for structure in ("STE", "CD"):
            for changed in (0, 1):
                for stream in every:
                    stream.write(privcfg=2 | (changed and structure == "STE"))
                    for ssid in (0, 1):
                        if stream is not shared:
                            stream.rewrite_cd(ssid, epd0=int(changed and structure == "CD"))
                if not changed:
                    await s.forget()
                    for sid, ssid in streams:
                        assert (await s.access(VA, sid, ssid=ssid)).ok
            await s.invalidate(command)
            for sid, ssid in streams:
                hit = (sid, ssid) in (by_ste if structure == "STE" else by_cd)
                seen = await s.access(VA, sid, ssid=ssid, judge=hit)
                where = f"{command.hex()}: {structure} of 0x{sid:x}.{ssid} is {seen.what}"
                if structure == "STE":
                    assert seen.ok and (not hit or seen.pins["prot"] & 1), where
                else:
                    assert not (hit and seen.ok), where
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def level_1_structures_are_refreshed(dut: Any) -> None:
    """UPD-004: CFGI_STE with Leaf=0 follows a moved L1STD, CFGI_CD with Leaf=0 a moved L1CD."""
    s = await WalkScene.start(dut, run=False)
    memory = s.bench.memory
    l1 = s.prog.alloc(0x1000, 0x1000)
    tables = [s.prog.alloc(64 << 6, 64 << 6) for _ in range(2)]
    s.prog.layout.regs["STRTAB_BASE"] = {"addr": l1}
    s.prog.layout.regs["STRTAB_BASE_CFG"] = {"log2size": 6, "split": 6, "fmt": 1}
    for table, memattr in zip(tables, (0, 5), strict=True):
        s.prog.layout.strtab = table
        s.prog.stream(3, s1=False, mtcfg=1, memattr=memattr)
    memory.poke(l1, L1STD.pack(span=7, l2ptr=tables[0]))
    await s.prog.start()
    assert (await s.access(PAGE, 3)).bus == (0, 3)
    memory.poke(l1, L1STD.pack(span=7, l2ptr=tables[1]))
    await s.invalidate(Cmd.cfgi_ste(sid=3, leaf=0))
    assert (await s.access(PAGE, 3)).bus == (3, 3), "the old level 2 table"
    stream = s.prog.stream(4, s1fmt=1, s1cdmax=6)
    table, cds = s.prog.alloc(64, 64), [s.prog.alloc(64 << 6, 64 << 6) for _ in range(2)]
    stream.write(s1contextptr=table)
    for number, at in enumerate(cds):
        stream.space(asid=number + 1).map(VA, PAGE + 0x1000 * number, 0x1000)
        memory.poke(at + 64 * 5, memory.peek(stream.cds, 64))
    memory.poke(table, L1CD.pack(v=1, l2ptr=cds[0]))
    assert (await s.access(VA, 4, ssid=5)).pa == PAGE
    memory.poke(table, L1CD.pack(v=1, l2ptr=cds[1]))
    await s.invalidate(Cmd.cfgi_cd(sid=4, ssid=5, leaf=0))
    assert (await s.access(VA, 4, ssid=5)).pa == PAGE + 0x1000, "the old CD table"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def fields_that_need_no_tlbi(dut: Any) -> None:
    """UPD-016: each field that TLBs do not hold acts after CFGI and SYNC, the TLB warm."""
    s = await WalkScene.start(dut)
    stream = s.prog.stream(SID, cdmax=1, s1dss=2)
    stream.space(0, asid=1).map(VA, PAGE, 0x1000)
    stream.space(1, asid=2).map(VA, NEW, 0x1000)
    only(s, SID + 1).map(VA, PAGE, 0x1000)
    base = {"config": 5, "mtcfg": 0, "memattr": 0, "alloccfg": 0, "shcfg": 1, "privcfg": 0,
            "instcfg": 0, "s1dss": 2, "s1cdmax": 1, "eats": 0}  # fmt: skip
    changes = ({"config": 0}, {"config": 4}, {"privcfg": 3}, {"privcfg": 2}, {"instcfg": 3},
               {"alloccfg": 8}, {"alloccfg": 0xE}, {"s1dss": 0}, {"s1dss": 1}, {"s1cdmax": 0},
               {"eats": 2}, {"mtcfg": 1, "memattr": 0xF}, {"shcfg": 3})  # fmt: skip
    seen_kinds = set()
    for change in changes:
        for fields in (base | change, base):
            stream.write(**fields)
            await s.invalidate(Cmd.cfgi_ste(sid=SID, leaf=1))
            for ssid in (None, 1):  # the model says what the new STE means
                seen = await s.access(VA, SID, ssid=ssid, cache=0xF)
                seen_kinds.add((seen.what, *sorted(seen.pins.items())))
    assert len(seen_kinds) >= 8, f"the changes were visible: {seen_kinds}"
    # S1ContextPtr
    other = s.prog.stream(SID + 2, cdmax=1)
    other.space(0, asid=3).map(VA, NEW + 0x5000, 0x1000)
    stream.write(**base | {"s1contextptr": other.cds})
    await s.invalidate(Cmd.cfgi_ste(sid=SID, leaf=1))
    assert (await s.access(VA, SID)).pa == NEW + 0x5000
    stream.write(s1contextptr=stream.cds)
    await s.invalidate(Cmd.cfgi_ste(sid=SID, leaf=1))
    # CD.A, CD.R: no event, or RAZ/WI
    for a, r in ((1, 0), (0, 0), (0, 1), (1, 1)):
        stream.rewrite_cd(0, a=a, r=r)
        await s.invalidate(Cmd.cfgi_cd(sid=SID, leaf=1))
        txn = s.post(VA + 0x1000, SID)
        assert await s.bench.within(txn.done, 20_000)
        assert txn.resp == (2 if a else 0), f"CD.A={a}"
        records = await s.prog.events(at_least=r)
        assert len(records) == r, f"CD.R={r}: {len(records)} records"
        assert (await s.access(VA, SID)).ok
    # CD.S: the same fault stalls, then does not
    for stall in (1, 0):
        stream.rewrite_cd(0, s=stall)
        await s.invalidate(Cmd.cfgi_cd(sid=SID, leaf=1))
        txn = s.post(VA + 0x1000, SID)
        (record,) = await s.prog.events(at_least=1)
        assert record.stall == stall
        if stall:
            assert not txn.finished
            await s.prog.command(Cmd.resume(sid=SID, stag=record.stag, ac=0, ab=1))
        assert await s.bench.within(txn.done, 20_000) and txn.resp == 2
    # S2S and S2R of a stage 2-only stream
    alone = s.prog.stream(SID + 1, s1=False, s2=s.prog.tree(stage=2, input_bits=40))
    for s2s in (1, 0):
        alone.write(s2s=s2s)
        await s.invalidate(Cmd.cfgi_ste(sid=SID + 1, leaf=1))
        txn = s.post(VA, SID + 1)
        (record,) = await s.prog.events(at_least=1)
        assert record.stall == s2s
        if s2s:
            await s.prog.command(Cmd.resume(sid=SID + 1, stag=record.stag, ac=0, ab=1))
        assert await s.bench.within(txn.done, 20_000) and txn.resp == 2
    for s2r in (0, 1):
        alone.write(s2r=s2r)
        await s.invalidate(Cmd.cfgi_ste(sid=SID + 1, leaf=1))
        seen = await s.access(VA, SID + 1)
        assert seen.what == ("F_TRANSLATION" if s2r else "abort")
    await s.finish()
