# SPDX-License-Identifier: Apache-2.0
"""Changes of STEs and CDs, what caches may keep of them, and shared TLB entries (STE-023, STE-042,
STE-043, CD-029..031, TRN-051, NST-014)."""

from __future__ import annotations

from itertools import product
from typing import Any

import cocotb

from tb.env.smmu_bench import has_pin
from tb.models.fields import CD, Cmd, Event, FaultClass
from tb.models.vmsa import Stage1Leaf, Stage2Leaf
from tests.smmu.case_scene import (
    DATA,
    PAGE,
    VA,
    Case,
    CaseScene,
    abort,
    ok,
    razwi,
    stage1,
    stage2,
    stall,
)
from tests.smmu.cd_tests import Contexts

READ_ONLY, PRIVILEGED, NO_FETCH = VA + PAGE, VA + 2 * PAGE, VA + 3 * PAGE


async def changed(s: CaseScene, sid: int) -> None:
    """CFGI_STE and SYNC."""
    await s.prog.command(Cmd.cfgi_ste(sid=sid, leaf=1))
    await s.prog.sync()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def invalid_entries_and_failed_fetches(dut: Any) -> None:
    """STE-042, CD-029: V=0 then V=1 with CFGI and SYNC; an aborted fetch is not remembered."""
    s = await CaseScene.start(dut)
    stream = s.stream(0x21, cdmax=2, s1dss=2)
    stream.space(1, asid=1).map(VA, DATA, PAGE)
    at = s.ste_address(0x21)
    cd = stream.cds + 64
    for _ in range(2):
        stream.write(v=0)
        await changed(s, 0x21)
        await s.one(Case("STE.V=0", 0x21, VA, abort(Event.C_BAD_STE)))
        stream.write(v=1)
        await changed(s, 0x21)
        await s.one(Case("STE.V=1", 0x21, VA, ok(DATA)))
        stream.rewrite_cd(1, v=0)
        await s.prog.command(Cmd.cfgi_cd(sid=0x21, ssid=1, leaf=1))
        await s.prog.sync()
        await s.one(Case("CD.V=0", 0x21, VA, abort(Event.C_BAD_CD), 1))
        await s.one(Case("the other CD", 0x21, VA, ok(DATA)))
        stream.rewrite_cd(1, v=1)
        await s.prog.command(Cmd.cfgi_cd(sid=0x21, ssid=1, leaf=1))
        await s.prog.sync()
        await s.one(Case("CD.V=1", 0x21, VA, ok(DATA), 1))
    for response, (name, where, event) in product(
        ("SLVERR", "DECERR"), (("STE", at, Event.F_STE_FETCH), ("CD", cd, Event.F_CD_FETCH))
    ):
        await changed(s, 0x21)
        error = s.memory.add_error(where + 16, 8, response=response)
        await s.one(Case(f"{name} {response}", 0x21, VA, abort(event, fetchaddr=where), 1))
        s.memory.remove_error(error)
        await s.one(Case(f"{name} good, no CFGI", 0x21, VA, ok(DATA), 1))
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def ste_fields_without_tlbi(dut: Any) -> None:
    """STE-043: overrides and S2R/S2S count after CFGI_STE and SYNC on a warm TLB."""
    s = await CaseScene.start(dut)
    sid = 0x21
    for s1, s2 in ((True, False), (False, True), (True, True)):
        sid += 1
        stream = s.stream(sid, s1=s1, s2=s2)
        good = dict(stream.fields)
        s.map(stream, PRIVILEGED, DATA + PAGE, leaf1=Stage1Leaf(user=False),
              leaf2=Stage2Leaf(xn=1))  # fmt: skip
        s.map(stream, READ_ONLY, DATA + 2 * PAGE, leaf2=Stage2Leaf(writable=False))
        changes: list[dict[str, int]] = [
            {}, {"privcfg": 3}, {"privcfg": 2}, {"instcfg": 3}, {"instcfg": 2}, {"shcfg": 0},
            {"shcfg": 2}, {"shcfg": 3}, {"mtcfg": 1, "memattr": 0}, {"mtcfg": 1, "memattr": 5},
            {"mtcfg": 1, "memattr": 15}, {"alloccfg": 8}, {"alloccfg": 0xE}, {"alloccfg": 0xA},
            {"s2r": 0}, {"s2r": 1}, {},
        ]  # fmt: skip
        seen = set()
        for change in changes:
            stream.fields = {**good, **change}
            stream.write()
            await changed(s, sid)
            misses = s.bench.misses()
            rows = []
            for addr, write, priv, inst in (
                (VA, False, False, False), (VA, True, False, False), (VA, False, True, True),
                (PRIVILEGED, False, False, False), (PRIVILEGED, False, True, False),
                (READ_ONLY, True, False, False), (READ_ONLY, False, False, False),
            ):  # fmt: skip
                options = {"options": {"cache": 0xB, "domain": 2}}
                rows.append(Case(f"{s1}{s2} {change}", sid, addr, None, None, write, priv, inst,
                                 **options))  # fmt: skip
            if s2 and not change.get("s2r", 1):
                rows[5].want = abort()
            elif s2:
                ipa = READ_ONLY if not s1 else stream.ipa(DATA + 2 * PAGE)
                p = {2: 0, 3: 1}.get(change.get("privcfg", 0), 0)
                rows[5].want = abort(**stage2(Event.F_PERMISSION, FaultClass.IN, ipa, pnu=p))
            await s.run(rows, cold=False)
            faults = sum(row.outcome.kind.value != "OK" for row in rows)
            if change and change != changes[-1]:
                again = s.bench.misses() - misses
                # only denied accesses look for the fault's stage in the tables
                if has_pin("pmu_tcu_event"):
                    assert again <= 2 * faults + 1, f"{change}: {again} misses on a warm TLB"
            seen.add(str([(r.outcome.kind, r.outcome.attrs) for r in rows]))
        assert len(seen) >= 6, "the changes make no difference"
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def fault_flags_without_tlbi(dut: Any) -> None:
    """CD-030, STE-043: A, R, S and S2R, S2S after CFGI and SYNC alone, on a denied TLB hit."""
    s = await CaseScene.start(dut)
    stream = s.stream(0x21, mapped=False)
    stream.spaces[0].map(VA, DATA, PAGE, Stage1Leaf(writable=False))
    await s.one(Case("warm", 0x21, VA, ok(DATA)))
    fault = stage1(Event.F_PERMISSION)
    for a, r in ((1, 1), (0, 1), (1, 0), (0, 0), (1, 1)):
        stream.rewrite_cd(0, a=a, r=r)
        await s.prog.command(Cmd.cfgi_cd(sid=0x21, leaf=1))
        await s.prog.sync()
        want = (abort if a else razwi)(**(fault if r else {}))
        await s.one(Case(f"A={a} R={r}", 0x21, VA, want, write=True))
        await s.one(Case("hit", 0x21, VA, ok(DATA)))
    stream.rewrite_cd(0, s=1)
    await s.prog.command(Cmd.cfgi_cd(sid=0x21, leaf=1))
    await s.prog.sync()
    row = await s.one(Case("S=1", 0x21, VA, stall(**fault), write=True))
    await s.end_stalls([row])
    second = s.stream(0x22, s1=False, s2=True, mapped=False)
    second.stage2.map(VA, DATA, PAGE, Stage2Leaf(writable=False))
    await s.one(Case("warm", 0x22, VA, ok(DATA)))
    denied = stage2(Event.F_PERMISSION, FaultClass.IN, VA)
    for s2s, s2r in ((0, 1), (1, 0), (0, 0), (1, 1), (0, 1)):
        second.write(s2s=s2s, s2r=s2r)
        await changed(s, 0x22)
        want = stall(**denied) if s2s else abort(**denied) if s2r else abort()
        row = await s.one(Case(f"S2S={s2s} S2R={s2r}", 0x22, VA, want, write=True))
        await s.end_stalls([row])
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def cd_fields_with_the_full_sequence(dut: Any) -> None:
    """CD-031: each field a TLB may keep, changed under traffic: CFGI_CD, SYNC, TLBI, SYNC."""
    s = await CaseScene.start(dut)
    c = Contexts(s)
    other = c.tree(48)
    other.map(VA, DATA + 4 * PAGE, PAGE)
    small = c.tree(39)
    small.map(VA, DATA + 5 * PAGE, PAGE)
    wide = c.tree(48, tg0=1)
    wide.map(VA & -0x10000, DATA + 0x10_0000, 0x10000)
    c.lower.map(NO_FETCH, DATA, PAGE, Stage1Leaf(af=False))
    c.lower.map(READ_ONLY, DATA, PAGE, Stage1Leaf(writable=True))
    sid = c.sid({})
    at = s.memory.peek64(s.ste_address(sid)) & (1 << 48) - 64
    base = {**c.fields, "asid": sid}
    changes: list[dict[str, int]] = [
        {"ttb0": other.base}, {"ttb0": small.base, "t0sz": 25}, {"ttb0": wide.base, "tg0": 1},
        {"mair0": 0x44}, {"mair0": 0x04}, {"ips": 0}, {"wxn": 1}, {"pan": 1}, {"affd": 1},
        {"asid": 0x1234}, {"had0": 1}, {"tbi0": 1}, {"ttb1": c.tree(48, upper=True).base},
        {"t1sz": 25}, {"epd1": 1}, {},
    ]  # fmt: skip
    seen = set()
    for change in changes:
        # traffic of the old configuration, not looked at
        noise = [s.bench.read(VA, 8, sid=sid, id=k % s.ids) for k in range(12)]
        s.memory.poke(at, CD.pack(**{**base, **change}))
        await s.prog.command(
            Cmd.cfgi_cd(sid=sid, leaf=1), Cmd.sync(cs=0), Cmd.tlbi_nh_all(vmid=0), Cmd.sync(cs=0)
        )
        await s.prog.sync()
        for txn in noise:
            await txn
        await s.prog.sync()
        await s.prog.events()
        s.sent.clear()
        rows = [
            Case(f"{change}, {addr:x}", sid, addr, None, None, write, priv, inst)
            for addr, write, priv, inst in (
                (VA, False, False, False), (VA | 0xA5 << 56, False, False, False),
                (READ_ONLY, False, False, True), (READ_ONLY, True, True, False),
                (READ_ONLY, False, True, False), (NO_FETCH, False, False, False),
                (0xFFFF_0000_0000_0000 | VA, False, False, False),
            )
        ]  # fmt: skip
        await s.run(rows, cold=False)
        seen.add(str([(r.outcome.kind, r.outcome.pa, r.outcome.attrs) for r in rows]))
    assert len(seen) >= 10, f"only {len(seen)} different behaviours"
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def vmid_of_stage_1_streams(dut: Any) -> None:
    """STE-023: same ASID and VA under VMIDs that differ in one bit; NH_* takes one VMID only."""
    s = await CaseScene.start(dut)
    vmids = [0, *(1 << bit for bit in range(16))]
    for config in ("stage 1", "stage 2", "nested", "bypass"):
        s1, s2 = config in ("stage 1", "nested"), config in ("stage 2", "nested")
        rows = []
        first = 0x100 + 0x20 * len(config)
        for number, vmid in enumerate(vmids):
            page = DATA + PAGE * number
            stream = s.stream(first + number, s1=s1, s2=s2, s2vmid=vmid, mapped=False)
            if s1:
                stream.rewrite_cd(0, asid=9)
            s.map(stream, VA, page)
            want = ok(page if s1 or s2 else VA)
            rows.append(Case(f"{config}, VMID 0x{vmid:x}", first + number, VA, want))
        await s.run(rows)
        again = [Case(row.name, row.sid, row.addr, row.want) for row in rows]
        await s.run(again, cold=False)
        if config == "stage 1":
            for commands in (Cmd.tlbi_nh_all, lambda vmid: Cmd.tlbi_nh_asid(vmid=vmid, asid=9),
                             lambda vmid: Cmd.tlbi_nh_va(vmid=vmid, asid=9, addr=VA)):  # fmt: skip
                await s.run([Case(r.name, r.sid, r.addr, r.want) for r in rows[:4]], cold=False)
                await s.prog.command(commands(vmid=2))
                await s.prog.sync()
                misses = s.bench.misses()
                await s.one(Case("VMID 1", first + 1, VA, rows[1].want))
                assert s.bench.misses() == misses, "VMID 1 went with VMID 2"
                await s.one(Case("VMID 2", first + 2, VA, rows[2].want))
                assert s.bench.misses() > misses, "VMID 2 was kept"
        await s.forget()
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def shared_entries_own_fields(dut: Any) -> None:
    """TRN-051: B hits what A filled, with its own overrides, flags and incoming attributes."""
    s = await CaseScene.start(dut)
    sid = 0x20
    for s1, s2 in ((True, False), (False, True), (True, True)):
        sid += 1
        a = s.stream(sid, s1=s1, s2=s2, s2vmid=sid)
        s.map(a, PRIVILEGED, DATA + PAGE, leaf1=Stage1Leaf(user=False), leaf2=Stage2Leaf(xn=1))
        s.map(a, READ_ONLY, DATA + 2 * PAGE, leaf1=Stage1Leaf(writable=s2),
              leaf2=Stage2Leaf(writable=not s2))  # fmt: skip
        rows = [Case("A", a.sid, addr, None, None, False, priv) for addr in
                (VA, PRIVILEGED, READ_ONLY) for priv in (False, True)]  # fmt: skip
        await s.run(rows)
        variants: list[tuple[dict[str, int], dict[str, int]]] = [
            ({"privcfg": 3}, {}), ({"privcfg": 2}, {}), ({"instcfg": 3}, {}), ({"instcfg": 2}, {}),
            ({"mtcfg": 1, "memattr": 0}, {}), ({"mtcfg": 1, "memattr": 15, "shcfg": 0}, {}),
            ({"alloccfg": 0xC}, {}), ({"shcfg": 3}, {}), ({"s2r": 0}, {}), ({}, {"a": 0}),
            ({}, {"r": 0}), ({}, {"a": 0, "r": 0}), ({"s1dss": 2}, {}), ({"s1stalld": 1}, {}),
        ]  # fmt: skip
        kinds = set()
        for number, (ste, cd) in enumerate(variants):
            b = 0x100 * (sid - 0x20) + 0x200 + number
            fields = {}
            if s1:
                at = s.prog.alloc(64, 64)
                s.memory.poke(at, CD.pack(**{**a._cd_fields[0], **cd}))
                fields = {"s1contextptr": a.ipa(at)}
            s.clone(a, b, **fields, **ste)
            rows = []
            for addr, write, priv, inst in product(
                (VA, PRIVILEGED, READ_ONLY), (False, True), (False, True), (False, True)
            ):
                options = {"options": {"cache": (0xF, 0x7, 0x3, 0xB)[number % 4], "domain": 2}}
                rows.append(
                    Case(f"B {ste} {cd}", b, addr, None, None, write, priv, inst, **options)
                )
            await s.run(rows, cold=False)
            again = [Case("A again", a.sid, VA, ok(DATA)),
                     Case("A again", a.sid, READ_ONLY, None, write=True)]  # fmt: skip
            await s.run(again, cold=False)
            kinds.add(str([(r.outcome.kind, r.outcome.attrs) for r in rows]))
        assert len(kinds) >= 7, f"{len(kinds)} kinds of B"
        # a denied hit stalls by the flags of B alone
        at = s.prog.alloc(64, 64)
        b = 0x100 * (sid - 0x20) + 0x2F0
        if s1:
            s.memory.poke(at, CD.pack(**{**a._cd_fields[0], "s": 1}))
        pointer = {"s1contextptr": a.ipa(at)} if s1 else {}
        s.clone(a, b, **pointer, s2s=int(s2))
        if s2:
            ipa = a.ipa(DATA + 2 * PAGE) if s1 else READ_ONLY
            fault = stage2(Event.F_PERMISSION, FaultClass.IN, ipa)
        else:
            fault = stage1(Event.F_PERMISSION)
        for stream, want in ((a.sid, abort(**fault)), (b, stall(**fault)), (a.sid, abort(**fault))):
            row = await s.one(Case("denied hit", stream, READ_ONLY, want, write=True))
            await s.end_stalls([row])
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def nested_tags(dut: Any) -> None:
    """NST-014: stage 2 is shared in a VMID, not across; two S2TTBs of one VMID: one of the two."""
    s = await CaseScene.start(dut)
    first = s.stream(0x21, s2=True, s2vmid=1, cdmax=3, s1dss=2)
    other = s.stream(0x22, s2=True, s2vmid=2)
    for ssid in range(1, 4):
        stream_space = first.space(ssid, asid=0x100 + ssid)
        stream_space.map(VA, first.ipa(DATA + PAGE), PAGE)
    first.lend(DATA + PAGE, PAGE)
    s.reads.clear()
    counts = []
    for ssid in (1, 2, 3):
        await s.one(Case("ASID", 0x21, VA, ok(DATA + PAGE), ssid))
        tables = first.stage2.tables
        counts.append(sum(any(a <= r.addr < a + n for a, n in tables) for r in s.reads))
    # the other ASIDs find the table pages' translations that the first has brought
    assert counts[1] < counts[0] and counts[2] < counts[0], f"stage 2 reads {counts}"
    await s.run([Case("VMID 2", 0x22, VA, ok(DATA))], cold=False)
    # the same IPA under another VMID: its own stage 2
    other.stage2.map(other.ipa(DATA), DATA + 3 * PAGE, PAGE)
    await s.prog.command(Cmd.tlbi_s12_vmall(vmid=2))
    await s.prog.sync()
    await s.run([Case("VMID 2 moved", 0x22, VA, ok(DATA + 3 * PAGE)),
                 Case("VMID 1 not", 0x21, VA, ok(DATA))], cold=False)  # fmt: skip
    # one VMID, two S2TTBs: a software error; each access gets a page of one of the trees
    s.stream(0x23, s1=False, s2=True, s2vmid=7, mapped=False).stage2.map(VA, DATA, PAGE)
    s.stream(0x24, s1=False, s2=True, s2vmid=7, mapped=False).stage2.map(VA, DATA + PAGE, PAGE)
    s.sent.clear()
    for number in range(12):
        txn = s.bench.read(VA, 8, sid=0x23 + number % 2)
        await txn
        assert txn.ok
    pages = {request.addr for _, request in s.sent}
    assert pages <= {DATA, DATA + PAGE}, f"a page of neither table: {pages}"
    await s.finish()
