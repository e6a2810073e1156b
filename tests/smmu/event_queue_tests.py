# SPDX-License-Identifier: Apache-2.0
"""The event queue of the whole SMMU: full, failing, slow, disabled (EVQ-019..036, QUE)."""

from __future__ import annotations

from itertools import product
from typing import Any

import cocotb

from tb.bfm.axi_mem import MemRequest
from tb.bfm.burst import AxiTxn
from tb.models.fields import REG, Cmd, Gerror
from tests.smmu.queue_scene import EVENT_ID, HOLE, PAGE, STEP, Scene

SID, STALLER = 0x21, 0x22
ABT = Gerror.EVENTQ_ABT_ERR
ON = {"cmdqen": 1, "eventqen": 1, "smmuen": 1}


async def _prod(s: Scene) -> int:
    return (await s.prog.read("EVENTQ_PROD")).wr


def _hold_events(s: Scene) -> list[MemRequest]:
    """Event writes get no answer until the test gives one; the list of them."""
    held: list[MemRequest] = []

    def check(request: MemRequest) -> str | None:
        if request.is_write and request.id == EVENT_ID:
            held.append(request)
            return "hold"
        return None

    s.bench.ptw.filters.append(check)
    return held


def _flood(s: Scene, count: int, sid: int = SID, tbu: int = 0) -> list[AxiTxn]:
    """Faulting reads on as many IDs as there are slots for, all at once."""
    ids = min(8, s.bench.params["TBU_SLOTS"] - 2)
    return [s.bench.read(HOLE + STEP * (k % 64), 8, sid=sid, id=k % ids, tbu=tbu)
            for k in range(count)]  # fmt: skip


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def writable_in_one_state_of_eight(dut: Any) -> None:
    """EVQ-019, EVQ-021, EVQ-022, GER-004: EVENTQEN, full, EVENTQ_ABT_ERR: one of eight records.

    OVFLG toggles for a full queue that is enabled and has no error, and in no other state.
    """
    s = await Scene.start(dut, eventq_log2=0)
    s.stream(SID)
    for enabled, full, error in product((1, 0), (0, 1), (0, 1)):
        what = f"EVENTQEN={enabled} full={full} error={error}"
        await s.prog.enable(**ON)
        if full:
            await s.faults(1, SID)
            await s.run()
        prod = await s.get("EVENTQ_PROD")
        if error:
            await s.put("GERRORN", await s.get("GERROR") ^ ABT)
        await s.prog.enable(cmdqen=1, smmuen=1, eventqen=enabled)
        seen = len(s.log)
        await s.faults(1, SID)
        await s.run()
        good = bool(enabled) and not full and not error
        lost = bool(enabled) and bool(full) and not error
        assert len(s.event_writes(seen)) == good, what
        want = prod ^ (1 if good else 0) ^ (1 << 31 if lost else 0)
        if good:
            want = prod + 1 & 1 | prod & 1 << 31
        await s.expect("EVENTQ_PROD", want, what)
        # back to an empty queue, overflow acknowledged
        await s.put("GERRORN", await s.get("GERROR"))
        await s.prog.enable(**ON)
        await s.put("EVENTQ_CONS", await s.get("EVENTQ_PROD"))
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def one_overflow_per_period(dut: Any) -> None:
    """EVQ-020, EVQ-023, EVQ-025, EVQ-021, REG-025: drops, delivery after space, acknowledgement."""
    s = await Scene.start(dut, eventq_log2=1)
    s.stream(SID)
    flags = REG["EVENTQ_PROD"]

    async def state() -> tuple[int, int]:
        await s.run()
        prod = flags.unpack(await s.get("EVENTQ_PROD"))
        return prod.wr, prod.ovflg

    assert await state() == (0, 0)
    await s.faults(2, SID)
    assert await state() == (2, 0), "full, nothing dropped yet"
    await s.faults(1, SID)
    assert await state() == (2, 1), "the first drop"
    await s.faults(10, SID)
    assert await state() == (2, 1), "ten more"
    # space without an acknowledgement: records again; another overflow is invisible
    await s.prog.write("EVENTQ_CONS", rd=1, ovackflg=0)
    await s.faults(2, SID)
    assert await state() == (3, 1)
    # space and acknowledgement in one write; then the next drop is told
    await s.prog.write("EVENTQ_CONS", rd=3, ovackflg=1)
    await s.faults(2, SID)
    assert await state() == (1, 1)
    await s.faults(1, SID)
    assert await state() == (1, 0), "a drop of the next period"
    await s.prog.write("EVENTQ_CONS", rd=1, ovackflg=0)
    # stall records are no overflow
    s.prog.stream(STALLER).space(s=1, asid=9)
    stalled = [s.bench.read(HOLE + k * STEP, 8, sid=STALLER, id=k) for k in range(4)]
    await s.quiet(1000)
    assert await state() == (3, 0)
    for _ in range(2):
        for stall in await s.prog.events(at_least=2):
            await s.run(Cmd.resume(sid=STALLER, stag=stall.stag, ab=1))
    for txn in stalled:
        assert not (await s.done(txn)).ok
    assert (await state())[1] == 0
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def prod_follows_the_responses(dut: Any) -> None:
    """EVQ-026, EVQ-005, QUE-005, IRQ-004: PROD and interrupt only when a record is visible."""
    s = await Scene.start(dut)
    s.stream(SID)
    held = _hold_events(s)
    for lap in range(3):
        prod, irqs = await _prod(s), s.bench.irqs["evtq"]
        txns = _flood(s, 4)
        for txn in txns:
            await s.done(txn)
        await s.until(lambda: len(held) >= 2, "two event writes at once")
        await s.quiet(300)
        assert await _prod(s) == prod and s.bench.irqs["evtq"] == irqs, "before B"
        for n in range(1, 5):
            await s.until(lambda k=n: len(held) >= k, f"event write {n}")
            held[n - 1].answer()
            await s.quiet(60)
            assert await _prod(s) == prod + n, f"lap {lap}, response {n}"
            assert s.bench.irqs["evtq"] == irqs + 1
            records = await s.prog.events(keep=True)
            assert len(records) == n and all(r.type == 0x10 and r.sid == SID for r in records)
        held.clear()
        await s.prog.events()
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def slots_in_sequence(dut: Any) -> None:
    """EVQ-027, EVQ-029, QUE-001, QUE-002, REG-023: each slot once a lap, only when free.

    Every size up to the capped ones, misaligned bases, a lazy consumer, junk above the wrap bit.
    """
    s = await Scene.start(dut)
    s.stream(SID)
    rng, lay, largest = s.bench.rng, s.prog.layout, s.bench.params["EVENTQS"]
    for written in (0, 1, 2, 3, largest, largest + 1, 15, 31):
        await s.prog.enable(cmdqen=1, smmuen=1)
        lay.eventq_log2 = log2 = min(written, largest)
        lay.eventq = rng.randrange(0x4600_0000, 0x4700_0000) & ~31
        base = REG["EVENTQ_BASE"].value(addr=lay.eventq, log2size=written)
        await s.put("EVENTQ_BASE", base)
        await s.expect("EVENTQ_BASE", base, "read back as written")
        mask = (2 << log2) - 1
        start = rng.getrandbits(log2 + 1) if log2 <= 3 else mask - 3  # near the wrap
        await s.put("EVENTQ_PROD", start)
        await s.put("EVENTQ_CONS", start)
        await s.prog.enable(**ON)
        seen, taken = len(s.log), 0
        for _ in range(8 if log2 > 3 else 6 << log2):
            await s.faults(1, SID)
            await s.run()
            used = (await _prod(s) - start - taken) & mask
            assert used <= 1 << log2
            if used == 1 << log2 or rng.random() < 0.3:
                taken += rng.randint(1, used)
                cons = (start + taken) & mask
                await s.put(
                    "EVENTQ_CONS", rng.getrandbits(19 - log2) << (log2 + 1) & 0xFFFFF | cons
                )
        writes = [b.addr for b in s.event_writes(seen)]
        aligned = lay.eventq & -(32 << log2)
        want = [aligned + 32 * ((start + n) & ((1 << log2) - 1)) for n in range(len(writes))]
        assert writes == want and len(writes) == (8 if log2 > 3 else 6 << log2), f"size {written}"
        assert await _prod(s) == (start + len(writes)) & mask
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def aborted_event_writes(dut: Any) -> None:
    """EVQ-028, GER-009, GER-001: PROD stops at entry k; later ones go; delivery resumes at k."""
    s = await Scene.start(dut, eventq_log2=3)
    s.stream(SID)
    for before, place, response in product((0, 2), range(3), (2, 3)):
        what = f"{before} entries before, response {response} to entry {place} of 3"
        await s.prog.events()
        await s.faults(before, SID)
        await s.run()
        held = _hold_events(s)
        start, irqs, gerror = await _prod(s), s.bench.irqs["evtq"], await s.get("GERROR")
        txns = _flood(s, 3)
        for txn in txns:
            await s.done(txn)
        await s.until(lambda h=held: len(h) >= 3, "three event writes")
        for n, request in enumerate(held):
            request.answer(response if n == place else None)
        await s.until_active(ABT)
        end = (start + place) & 15
        assert await _prod(s) == end, what
        assert await s.get("GERROR") == gerror ^ ABT, what
        assert s.bench.irqs["evtq"] == irqs + (before == 0 and place > 0), what
        # nothing is written while the error is active
        s.bench.ptw.filters.clear()
        seen = len(s.log)
        await s.faults(3, SID)
        await s.run()
        assert not s.event_writes(seen) and await _prod(s) == end, what
        await s.expect("GERROR", gerror ^ ABT, "repeats are not counted")
        await s.acknowledge()
        records = await s.prog.events(keep=True)
        assert len(records) == before + place, what
        (addr,) = await s.faults(1, SID, HOLE + 0x80 * STEP)
        await s.run()
        assert [r.inputaddr for r in (await s.prog.events())[before + place :]] == [addr], what
        (write,) = s.event_writes(seen)
        assert write.addr == s.prog.layout.eventq + 32 * (end & 7), what
        prod = await s.prog.read("EVENTQ_PROD")
        assert prod.ovflg == 0, "EVQ-022"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def disabled_in_flight(dut: Any) -> None:
    """EVQ-030, GER-012, REG-024: EVENTQEN=0 waits for committed records and their abort.

    The GERROR interrupt it must not wait for is stuck; PROD is not writable before the ACK.
    """
    s = await Scene.start(dut, eventq_log2=3)
    s.stream(SID)
    await s.prog.write("IRQ_CTRL")
    await s.prog.write("GERROR_IRQ_CFG0", addr=0x4900_0000)
    await s.prog.write("IRQ_CTRL", gerror_irqen=1)
    held = _hold_events(s)
    s.bench.ptw.filters.append(lambda r: "hold" if r.is_write and r.id != EVENT_ID else None)
    s.bench.ptw.configure(out_of_order=100)  # a stuck interrupt holds no other response
    mask = REG["CR0ACK"].mask("eventqen")
    for count, bad in product((1, 2, 4), (False, True)):
        await s.put("EVENTQ_CONS", await _prod(s))
        start, gerror = await _prod(s), await s.get("GERROR")
        txns = _flood(s, count)
        for txn in txns:
            await s.done(txn)
        await s.until(lambda n=count: len(held) == n, f"{count} event writes")
        await s.prog.io.write32(REG["CR0"].offset, REG["CR0"].value(cmdqen=1, smmuen=1))
        late = _flood(s, 3)  # too late to be recorded
        await s.quiet(300)
        assert await s.get("CR0ACK") & mask, "ACK before the responses"
        await s.put("EVENTQ_PROD", 0x80000005)
        assert await _prod(s) == start, "PROD is not writable before the ACK"
        for request in held:
            request.answer(2 if bad else None)
        await s.prog.until("CR0ACK", mask, 0, 2000)
        for txn in late:
            await s.done(txn)
        prod = await s.get("EVENTQ_PROD")
        assert prod == (start if bad else start + count & 15)
        await s.expect("GERROR", gerror ^ (ABT if bad else 0))
        await s.quiet()
        await s.expect("EVENTQ_PROD", prod, "after the ACK")
        assert len(held) == count, "written after the ACK"
        held.clear()
        # writable now; then back
        await s.put("EVENTQ_PROD", 0x80000005)
        await s.expect("EVENTQ_PROD", 0x80000005)
        await s.put("EVENTQ_PROD", prod)
        await s.acknowledge()
        await s.prog.enable(**ON)
    s.bench.ptw.filters.clear()
    s.bench.ptw.release_all()
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def identical_faults_are_not_merged(dut: Any) -> None:
    """EVQ-032: N identical faults give N records, with STE.MEV 0 and 1."""
    s = await Scene.start(dut)
    for mev in (0, 1):
        stream = s.prog.stream(SID + mev, mev=mev)
        stream.space(asid=SID + mev)
        txns = [s.bench.read(HOLE, 8, sid=SID + mev, id=k % 4) for k in range(24)]
        for txn in txns:
            assert not (await s.done(txn)).ok
        await s.run()
        records = await s.prog.events()
        assert len(records) == 24 and len({tuple(r.values()) for r in records}) == 1
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def records_outlive_smmuen(dut: Any) -> None:
    """EVQ-033, INI-006, INI-013: old records arrive after SMMUEN=0; bypass and abort write none."""
    s = await Scene.start(dut)
    s.stream(SID)
    held = _hold_events(s)
    txns = _flood(s, 4)
    for txn in txns:
        await s.done(txn)
    await s.until(lambda: len(held) == 4, "four event writes")
    await s.prog.enable(cmdqen=1, eventqen=1)
    assert await _prod(s) == 0
    assert (await s.read(PAGE, SID)).ok
    assert not (await s.read(1 << 48, SID)).ok
    await s.put("GBPA", 1 << 31 | 1 << 20)
    await s.prog.until("GBPA", 1 << 31, 0)
    assert not (await s.read(PAGE, SID)).ok
    for request in held:
        request.answer()
    records = await s.prog.events(at_least=4)
    assert len(records) == 4 and len(held) == 4
    await s.run()
    assert not await s.prog.events()
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def no_record_is_lost_and_all_are_fast(dut: Any) -> None:
    """EVQ-034, EVQ-035: faults without end on all ports, event memory 200 cycles away.

    As many records as faults, no overflow, in far less than a round trip each.
    """
    s = await Scene.start(dut, eventq_log2=8)
    s.stream(SID)
    s.bench.ptw.configure(write_latency=200)
    count = 128
    start = s.bench.cycle
    txns: list[AxiTxn] = []
    for tbu in range(s.bench.tbus):
        txns += _flood(s, count // s.bench.tbus, tbu=tbu)
    for txn in txns:
        assert not (await s.done(txn, 60_000)).ok
    await s.run()
    took = s.bench.cycle - start
    records = await s.prog.events()
    assert len(records) == len(txns) == count
    assert not (await s.prog.read("EVENTQ_PROD")).ovflg
    assert took < count * 200 / 3, f"{took} cycles"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def enabled_with_entries(dut: Any) -> None:
    """QUE-016, QUE-004, IRQ-009: enabled full: drops once, stalls wait; no interrupt for old ones.

    Indices that make no sense count as full.
    """
    s = await Scene.start(dut, eventq_log2=2)
    s.stream(SID)
    space = s.prog.stream(STALLER).space(s=1, asid=9)
    for prod, cons, room in ((5, 5, 4), (1, 5, 0), (6, 3, 1), (5, 7, 0), (0, 1, 0)):
        await s.prog.enable(cmdqen=1, smmuen=1)
        await s.put("EVENTQ_PROD", prod)
        await s.put("EVENTQ_CONS", cons)
        irqs = s.bench.irqs["evtq"]
        await s.prog.enable(**ON)
        await s.quiet(100)
        assert s.bench.irqs["evtq"] == irqs, "an interrupt for entries from before"
        seen = len(s.log)
        await s.faults(room, SID)
        await s.run()
        await s.expect("EVENTQ_PROD", prod + room & 7, f"PROD {prod} CONS {cons}")
        assert s.bench.irqs["evtq"] == irqs + (room == 4)
        await s.faults(2, SID)
        stalled = s.bench.read(HOLE, 8, sid=STALLER)
        await s.quiet()
        await s.expect("EVENTQ_PROD", 1 << 31 | prod + room & 7, "one overflow")
        assert len(s.event_writes(seen)) == room and not stalled.finished
        # room: the stall is recorded
        wr = prod + room & 7
        await s.put("EVENTQ_CONS", 1 << 31 | wr)
        (record,) = await s.prog.events(at_least=1)
        assert record.stall and record.inputaddr == HOLE
        await s.run(Cmd.resume(sid=STALLER, stag=record.stag, ab=1))
        assert not (await s.done(stalled)).ok and space.leaf_of(HOLE) is None
    await s.finish()
