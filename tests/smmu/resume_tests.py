# SPDX-License-Identifier: Apache-2.0
"""CMD_RESUME: retry, abort and RAZ/WI of recorded stalls (RES-001..016, STL-001..011)."""

from __future__ import annotations

import random
from typing import Any

import cocotb

from tb.bfm.burst import FIXED, INCR, OKAY, SLVERR, WRAP
from tb.models.fields import Cerror, Cmd, Event, Gerror
from tests.smmu.case_scene import DATA, PAGE, VA
from tests.smmu.fault_rig import VA as RIG_VA
from tests.smmu.fault_rig import Rig
from tests.smmu.stall_scene import HOLE, OTHER, PLAIN, QUIET, STALLER, StallScene, is_fault

LONG = 10_000  # cycles


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def terminate_any_burst(dut: Any) -> None:
    """STL-006, RES-007, RES-008: Ab x INCR, WRAP, FIXED x length x width x CD.A."""
    s = await StallScene.start(dut)
    lanes = s.bench.masters[0].lanes
    wide = lanes.bit_length() - 1
    shapes = [(INCR, beats, size) for beats in (1, 2, 16) for size in (0, wide)]
    shapes += [(INCR, PAGE // lanes if lanes > 16 else 256, wide)]
    shapes += [(WRAP, beats, size) for beats in (2, 8, 16) for size in (1, wide)]
    shapes += [(FIXED, 4, wide)]
    s.sent.clear()
    for number, (burst, beats, size) in enumerate(shapes):
        a = number & 1
        s.streams[STALLER].rewrite_cd(0, a=a)
        await s.changed()
        for rows in s.groups(((False, 0), (True, 0), (False, 1), (True, 1))):
            txns = []
            for write, ab in rows:
                addr = HOLE + PAGE * len(txns)
                side = {"sid": STALLER, "id": len(txns), "burst": burst, "size": size,
                        "beats": beats}  # fmt: skip
                if write:
                    count = beats << size
                    txns.append((s.bench.write(addr, s.pattern(addr, count), **side), ab))
                else:
                    txns.append((s.bench.masters[0].read(addr, None, ssid=0, ssidv=0, **side), ab))
            records = {record.inputaddr: record for record in await s.stalls(len(txns))}
            for txn, ab in txns:
                await s.answer(records[txn.addr], ac=0, ab=ab)
            await s.ended(*(txn for txn, _ in txns))
            for txn, ab in txns:
                name = f"burst {burst}, {beats} beats of {1 << size}, A={a}, Ab={ab}"
                want = [SLVERR if ab else OKAY] * len(txn.beat_resps())
                assert not txn.error and txn.beat_resps() == want, f"{name}: {txn.beat_resps()}"
                assert txn.is_write or not any(txn.data), f"{name}: data"
    assert not s.sent, "a terminated burst went downstream"
    await s.no_events()
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def terminate_stage_2(dut: Any) -> None:
    """STL-006, RES-009: RAZ/WI and abort of stalls of stage 2, classes IN, TT and CD."""
    s = await StallScene.start(dut)
    number = 0
    for page in ("CD", "L1CD", "S1.0", "S1.3", "DATA"):
        for a in (0, 1):
            rig = Rig(s, 0x100 + number, cd={"a": a, "r": 0}, ste={"s2s": 1, "s2r": 0})
            number += 1
            rig.stage2_fault(page, Event.F_TRANSLATION)
            for ab in (0, 1):
                for write in (False, True):
                    txn = s.access(RIG_VA, sid=rig.sid, write=write, ssid=rig.ssid)
                    (record,) = await s.stalls(1, sid=rig.sid)
                    is_fault(record, Event.F_TRANSLATION, s2=1)
                    await s.answer(record, ac=0, ab=ab)
                    await s.ended(txn)
                    assert txn.resp == (SLVERR if ab else OKAY), f"{page} A={a} Ab={ab}: {txn}"
                    assert write or not any(txn.data)
    await s.no_events()
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def only_its_own_stall(dut: Any) -> None:
    """RES-001, RES-010, RES-011, STL-007: every other StreamID or STAG does nothing, no CERROR."""
    s = await StallScene.start(dut)
    first = s.access(HOLE, axi_id=1)
    (one,) = await s.stalls(1)
    second = s.access(HOLE, sid=OTHER, axi_id=2)
    (two,) = await s.stalls(1, sid=OTHER)
    s.page(HOLE)
    s.page(HOLE, DATA + PAGE, sid=OTHER)
    wrong = [(STALLER ^ 1 << bit, one.stag) for bit in range(32)]
    wrong += [(STALLER, one.stag ^ 1 << bit) for bit in range(16)]
    wrong += [(STALLER, two.stag), (OTHER, one.stag), (STALLER, 0xFFFF), (0, 0), (PLAIN, one.stag)]
    # the pair of the other stall is no stranger
    wrong = [pair for pair in wrong if pair not in ((STALLER, one.stag), (OTHER, two.stag))]
    for ac, ab in ((1, 0), (1, 1), (0, 0), (0, 1)):
        for sid, stag in wrong:
            await s.prog.command(Cmd.resume(sid=sid, stag=stag, ac=ac, ab=ab))
        await s.prog.sync()
    await s.waits(first, second)
    await s.error_free()
    await s.answer(two)
    await s.ended(second)
    await s.waits(first, cycles=300)
    await s.answer(one)
    await s.ended(first)
    assert first.ok and second.ok
    # nothing is stalled any more: all of these are no-ops
    for sid, stag in [*wrong[:4], (STALLER, one.stag), (OTHER, two.stag)]:
        await s.prog.command(Cmd.resume(sid=sid, stag=stag, ac=0, ab=1))
    await s.no_events()
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def secure_commands_are_illegal(dut: Any) -> None:
    """STL-009: SSec=1 in RESUME and STALL_TERM is CERROR_ILL, stalls stay."""
    s = await StallScene.start(dut)
    txn = s.access(HOLE)
    (record,) = await s.stalls(1)
    for bad in (
        Cmd.resume(ssec=1, sid=STALLER, stag=record.stag, ac=0, ab=1),
        Cmd.stall_term(ssec=1, sid=STALLER),
    ):
        await s.prog.command(bad)
        await s.prog.until("GERROR", int(Gerror.CMDQ_ERR), int(Gerror.CMDQ_ERR ^ _toggled(s)))
        cons = await s.prog.read("CMDQ_CONS")
        assert cons.err == Cerror.ILL and cons.rd == s.prog._prod - 1
        await s.waits(txn, cycles=500)
        # software replaces the command and acknowledges
        log2 = s.prog.layout.cmdq_log2
        at = s.prog.layout.cmdq + 16 * (cons.rd & (1 << log2) - 1)
        s.memory.poke(at, Cmd.sync(cs=0))
        await s.prog.write("GERRORN", cmdq_err=1 - _toggled(s))
        s.toggled = 1 - _toggled(s)
        await s.prog.sync()
    await s.answer(record, ac=0, ab=1)
    await s.ended(txn)
    await s.finish()


def _toggled(s: StallScene) -> int:
    """Value of GERROR.CMDQ_ERR and GERRORN.CMDQ_ERR while no error is active."""
    return getattr(s, "toggled", 0)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def second_answers(dut: Any) -> None:
    """STL-008, RES-013: of two answers to one record only the first counts."""
    s = await StallScene.start(dut)
    pairs = [((0, 0), (1, 0)), ((0, 0), (0, 1)), ((0, 1), (0, 0)), ((1, 0), (0, 1))]
    for number, ((ac, ab), (ac2, ab2)) in enumerate(pairs):
        addr = HOLE + PAGE * number
        txn = s.access(addr)
        (record,) = await s.stalls(1)
        s.page(addr)
        await s.prog.command(
            Cmd.resume(sid=STALLER, stag=record.stag, ac=ac, ab=ab),
            Cmd.resume(sid=STALLER, stag=record.stag, ac=ac2, ab=ab2),
            Cmd.stall_term(sid=STALLER) if number & 1 and not ac else Cmd.sync(cs=0),
        )
        await s.ended(txn)
        want = OKAY if ac or not ab else SLVERR
        assert txn.resp == want, f"{pairs[number]}: {txn.resp}"
        assert ac or ab or not any(txn.data)
        await s.no_events()
    await s.error_free()
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def bounded_after_consumption(dut: Any) -> None:
    """STL-028, RES-016: acted on soon, without a SYNC; queue full and CMDQ off change nothing."""
    s = await StallScene.start(dut, eventq_log2=2)
    for full in (False, True):
        for ac, ab in ((1, 0), (0, 0), (0, 1)):
            txn = s.access(HOLE)
            (record,) = await s.stalls(1)
            s.page(HOLE)
            if full:
                await s.fill_queue()
            await s.answer(record, ac=ac, ab=ab)
            if full:
                await s.prog.until("CMDQ_CONS", 0x7F, s.prog._prod)
                await s.prog.enable(smmuen=1, eventqen=1)
            else:
                assert await s.prog.sync(limit=3000) < 3000
            await s.ended(txn, limit=1500)
            assert txn.resp == (SLVERR if ab else OKAY)
            await s.prog.enable(smmuen=1, eventqen=1, cmdqen=1)
            await s.prog.events()
            s.streams[STALLER].spaces[0].unmap(HOLE, PAGE)
            await s.prog.command(Cmd.tlbi_nh_all(vmid=0))
            await s.prog.sync()
    prod, _ = await s.indexes()
    await s.prog.write("EVENTQ_CONS", rd=prod.wr, ovackflg=prod.ovflg)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def stale_tags(dut: Any) -> None:
    """STL-003, STL-004, RES-015: 300 stalls; answers up to 255 uses old never reach a new one."""
    s = await StallScene.start(dut, eventq_log2=3)
    rng = random.Random(cocotb.RANDOM_SEED)
    used: list[int] = []
    per_slot: dict[int, list[int]] = {}
    for number in range(300):
        txn = s.access(HOLE + PAGE * (number % 7), axi_id=number % s.ids)
        (record,) = await s.stalls(1)
        slot, generation = record.stag & 0xFF, record.stag >> 8
        before = per_slot.setdefault(slot, [])
        assert slot < s.stall_max, f"slot {slot}"
        if before:
            assert generation == before[-1] + 1 & 0xFF, "one generation a use (STL-003)"
        before.append(generation)
        # at most 255 uses of the slot old
        recent = [slot | g << 8 for g in before[-256:-1]]
        for stag in rng.sample(recent, min(2, len(recent))):
            ac, ab = rng.choice(((1, 0), (0, 0), (0, 1)))
            await s.prog.command(Cmd.resume(sid=STALLER, stag=stag, ac=ac, ab=ab))
        await s.prog.sync()
        assert not txn.finished, f"stall {number} answered by an old STAG"
        assert not await s.prog.events()
        await s.answer(record, ac=0, ab=1)
        await s.ended(txn)
        assert txn.resp == SLVERR
        used.append(record.stag)
    assert max(len(line) for line in per_slot.values()) > 256 or s.stall_max > 1
    await s.no_events()
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def saturated(dut: Any) -> None:
    """STL-002, STL-004, STL-033, RES-012, RES-015: many streams, random answers, queue wraps."""
    s = await StallScene.start(dut, eventq_log2=3)
    rng = random.Random(cocotb.RANDOM_SEED)
    for sid in range(0x40, 0x44):
        s.streams[sid] = s.stream(sid, cd={"s": 1})
    live: dict[tuple[int, int], Any] = {}
    todo = 120
    open_txns: list[Any] = []
    number = 0
    start = s.cycle
    while todo or live or open_txns:
        assert s.cycle - start < 400_000, "nothing moves"
        open_txns = [txn for txn in open_txns if not txn.finished]
        while todo and len(open_txns) < s.room:
            sid = rng.randrange(0x40, 0x44)
            addr = HOLE + PAGE * rng.randrange(64)
            tbu = rng.randrange(s.bench.tbus)
            open_txns.append(s.access(addr, sid=sid, write=rng.random() < 0.5, tbu=tbu,
                                      axi_id=number % s.ids))  # fmt: skip
            number += 1
            todo -= 1
        for record in await s.prog.events():
            key = record.streamid, record.stag
            assert record.get("stall") and key not in live, f"{key} is live already (RES-015)"
            assert all(record.stag & 0xFF != stag & 0xFF for _, stag in live), "slot in use"
            live[key] = record
            assert len(live) <= s.stall_max, "more than STALL_MAX (STL-033)"
        if live and rng.random() < 0.6:
            key = rng.choice(list(live))
            record = live.pop(key)
            await s.answer(record, ac=int(rng.random() < 0.3), ab=rng.getrandbits(1))
        await s.bench.cycles(rng.randrange(1, 60))
    await s.no_events()
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def answers_in_any_order(dut: Any) -> None:
    """STL-024, STL-025, RES-012: order per AXI ID; other IDs pass; any order of answers."""
    s = await StallScene.start(dut)
    s.memory.poke(DATA, bytes(range(64)))
    for write in (False, True):
        head = s.access(HOLE, axi_id=3, write=write)
        (first,) = await s.stalls(1)
        same = s.access(VA, axi_id=3, write=write)
        passer = s.access(VA, axi_id=4, write=write)
        await s.ended(passer)
        assert passer.ok, "another AXI ID did not pass (STL-024)"
        await s.waits(head, same, cycles=300)
        await s.answer(first, ac=0, ab=1)
        await s.ended(head, same)
        assert head.resp == SLVERR and same.ok and head.t_last < same.t_last
    # stalls of several IDs, ended youngest first with different actions
    count = min(s.stall_max, 4)
    txns = [s.access(HOLE + PAGE * k, axi_id=5 + k) for k in range(count)]
    records = {r.inputaddr: r for r in await s.stalls(count)}
    s.page(HOLE + PAGE, DATA)
    actions = [(0, 1), (1, 0), (0, 0), (0, 1)]
    for k in reversed(range(count)):
        ac, ab = actions[k]
        await s.answer(records[HOLE + PAGE * k], ac=ac, ab=ab)
        await s.ended(txns[k])
        assert txns[k].resp == (SLVERR if ab else OKAY)
        assert not any(txn.finished for txn in txns[:k]), "an unanswered stall has ended"
    # one AXI ID: the younger of two is resumed first where the SMMU records it
    pair = [s.access(HOLE, axi_id=9), s.access(HOLE + 7 * PAGE, axi_id=9)]
    await s.bench.cycles(QUIET)
    known = {r.inputaddr: r for r in await s.prog.events(at_least=1)}
    s.page(HOLE + 7 * PAGE, DATA)
    young = known.get(HOLE + 7 * PAGE)
    if young is not None:
        await s.answer(young)
        await s.waits(*pair, cycles=300)
    await s.answer(known[HOLE], ac=0, ab=0)
    await s.ended(*pair)
    assert pair[0].resp == OKAY and not any(pair[0].data)
    assert pair[1].ok and pair[1].data == bytes(range(16)) and pair[0].t_last < pair[1].t_last
    await s.no_events()
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def no_merging_of_records(dut: Any) -> None:
    """STL-026: identical faults of one page have a record, a STAG and an answer each."""
    s = await StallScene.start(dut)
    count = min(8, s.room, s.ids)
    txns = [s.access(HOLE, axi_id=k) for k in range(count)]
    seen: list[int] = []
    for k in range(0, count, s.stall_max):
        some = await s.stalls(min(s.stall_max, count - k))
        await s.waits(*(t for t in txns if not t.finished), cycles=QUIET)
        assert all(one.inputaddr == HOLE for one in some)
        done = sum(t.finished for t in txns)
        for n, one in enumerate(some):
            assert one.stag not in seen
            seen.append(one.stag)
            if k + s.stall_max < count or n + 1 <= len(some):
                await s.answer(one, ac=0, ab=1)
        for _ in range(200):
            if sum(t.finished for t in txns) == done + len(some):
                break
            await s.bench.cycles(50)
        assert sum(t.finished for t in txns) == done + len(some), "an answer each"
    assert len(seen) == count
    await s.no_events()
    await s.finish()
