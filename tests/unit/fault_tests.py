# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_fault: records, stall table, parked slots, CMD_RESUME, CMD_STALL_TERM."""

from __future__ import annotations

import cocotb

from tests.unit.fault_bench import MODEL, OTHER, SID, Bench, Slot

WAKE_GAP = 128  # smmu_park


async def _bench(dut) -> Bench:
    return await Bench(dut, cocotb.RANDOM_SEED).start()


async def _stall_all(bench: Bench, extra: int, sid: int = SID) -> list[Slot]:
    """STALL_MAX recorded stalls and `extra` parked ones (as many as there are slots)."""
    slots = list(bench.slots.values())[: bench.stall_max + extra]
    for slot in slots:
        bench.stall(slot, sid)
    await bench.settle()
    return slots


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_fault_records(dut) -> None:
    """EVQ-001..017, FLT-015, FLT-017, FLT-025: every type, bit by bit as the reference model."""
    bench = await _bench(dut)
    for _ in range(25):
        for event in (*MODEL, *OTHER):
            slot = bench.free_slot()
            case = bench.post(bench.make(slot, event, record=True, razwi=event in MODEL))
            await bench.settle()
            assert bench.records[-1] is case
    for _ in range(60):
        case = bench.stall(bench.free_slot(), sid=SID)
        await bench.settle()
        assert case.answer == "STALL" and bench.records[-1] is case
        await bench.run(lambda c=case: c.stag in bench.published)
        bench.resume(case.stag, SID, retry=False)
        await bench.settle()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_fault_dispositions(dut) -> None:
    """FLT-001..004: abort or RAZ/WI, with and without record; the silent ones write nothing."""
    bench = await _bench(dut)
    for event in (*MODEL, *OTHER, None):
        for record in (False, True):
            for razwi in (False, True):
                if event is None and record:
                    continue
                case = bench.make(bench.free_slot(), event, record=record, razwi=razwi)
                before = len(bench.records)
                bench.post(case)
                await bench.settle()
                assert case.answer == ("RAZWI" if razwi else "ABORT")
                assert len(bench.records) - before == record


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_fault_terminate_flows(dut) -> None:
    """FLT-021, FLT-022: no terminate fault waits for stalls, parked ones or queue space."""
    bench = await _bench(dut)
    await _stall_all(bench, 2)
    for space in (1 << 20, 0):
        bench.space = space
        for _ in range(20):
            case = bench.make(bench.free_slot(), bench.rng.choice((*MODEL, *OTHER)))
            bench.post(case)
            start = bench.now
            await bench.run(lambda c=case: c.answer != "")
            assert bench.now - start < 16, "delayed"
            await bench.settle()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_fault_stall_max(dut) -> None:
    """STL-022, STL-023, STL-033: STALL_MAX records; every answer lets the oldest parked one in."""
    bench = await _bench(dut)
    bench.on_retry = lambda slot: bench.stall(slot, SID) if slot.stag is None else None
    slots = await _stall_all(bench, bench.stall_max)
    parked = slots[bench.stall_max :]
    assert len(bench.records) == bench.stall_max and bench.line == parked
    for expected in parked:
        before = len(bench.records)
        stag = bench.rng.choice(list(bench.published))
        bench.resume(stag, SID, retry=False, abort=bool(bench.rng.getrandbits(1)))
        await bench.settle()
        await bench.run(lambda n=before: len(bench.records) > n, 20)
        assert (bench.records[-1].tbu, bench.records[-1].slot) == (expected.tbu, expected.slot)
        await bench.settle()
        assert len(bench.records) == before + 1


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_fault_queue_full(dut) -> None:
    """STL-018, STL-019, STL-021: no room: nothing is lost; each freed entry lets one in."""
    bench = await _bench(dut)
    bench.on_retry = lambda slot: bench.stall(slot, SID)
    bench.space = 0
    slots = list(bench.slots.values())[: bench.stall_max]
    for slot in slots:
        bench.stall(slot, SID)
    await bench.settle()
    for _ in range(3 * WAKE_GAP):
        await bench.step()
    assert not bench.records and not bench.woken and bench.line == slots
    for done, slot in enumerate(slots, 1):
        bench.space = 1
        await bench.run(lambda n=done: len(bench.records) == n, 30)
        await bench.settle()
        assert slot.state == "stall" and bench.space == 0
    # disabled, or an abort not acknowledged, is the same as full
    for name, blocked, free in (("enabled", False, True), ("err", 400, 0)):
        bench.terminate(SID)
        await bench.settle()
        bench.space = 1 << 20
        setattr(bench, name, blocked)
        slot = bench.free_slot()
        bench.stall(slot, SID)
        await bench.settle()
        assert slot.state == "park"
        setattr(bench, name, free)
        await bench.run(lambda s=slot: s.state == "stall", 30)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_fault_resume(dut) -> None:
    """RES-001..016, STL-005..008: what a RESUME does, and the many for which it does nothing."""
    bench = await _bench(dut)
    for retry in (False, True):
        for abort in (False, True):
            case = bench.stall(bench.free_slot(), SID)
            await bench.settle()
            stag = case.stag
            for bit in range(32):
                bench.resume(stag, SID ^ 1 << bit)
            for bit in range(16):
                bench.resume(stag ^ 1 << bit, SID)
            await bench.settle()
            assert stag in bench.published, "a stranger's RESUME has acted"
            hit = bench.resume(stag, SID, retry=retry, abort=abort)
            again = bench.resume(stag, SID, retry=retry)
            await bench.settle()
            slot = bench.slots[case.tbu, case.slot]
            assert hit.hit == [slot] and not again.hit
            assert slot.state == ("think" if retry else "free")
            slot.state = "free"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_fault_resume_early(dut) -> None:
    """RES-014, STL-008: a record that is not visible cannot be answered yet."""
    bench = await _bench(dut)
    bench.p_publish = 0
    case = bench.stall(bench.free_slot(), SID)
    await bench.run(lambda: case.answer == "STALL")
    early = bench.resume(case.stag, SID)
    await bench.run(lambda: early.done)
    assert not early.hit
    bench.p_publish = 100
    await bench.settle()
    late = bench.resume(case.stag, SID)
    await bench.settle()
    assert late.hit


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_fault_stall_term(dut) -> None:
    """RES-017..021, STL-014, STL-015: all of the stream, parked ones too, no other."""
    bench = await _bench(dut)
    want: dict[int, int] = {1: 0, 2: 0, 0x8001: 0}
    slots = list(bench.slots.values())[: 2 * bench.stall_max]
    for slot in slots:
        sid = bench.rng.choice(list(want))
        want[sid] += 1
        bench.stall(slot, sid)
    bench.p_publish = 10
    await bench.run(lambda: not bench.faults and bench.case is None)
    bench.enabled = False  # nothing more is recorded, so nothing is woken
    for sid, number in want.items():
        order = [s for s in bench.line if s.sid != sid]
        done = bench.terminate(sid)
        await bench.settle()
        assert len(done.hit) == number
        assert bench.line == order
    assert bench.count("free") == len(bench.slots)
    nothing = bench.terminate(1)
    wide = bench.terminate(0x10001)
    await bench.settle()
    assert nothing.done and wide.done and not nothing.hit


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_fault_lost(dut) -> None:
    """STL-032: a stall whose record was lost is translated again; TERM and SMMUEN=0 reach it."""
    bench = await _bench(dut)
    for end in ("ack", "term", "off"):
        await bench.run(lambda: bench.writable)
        bench.p_lose, bench.p_publish = 100, 0
        slots = [s for s in bench.slots.values() if s.state == "free"][: min(3, bench.stall_max)]
        for slot in slots:
            bench.stall(slot, SID)
        await bench.run(lambda: not bench.faults and bench.case is None)
        bench.p_publish = 100
        await bench.run(lambda: not bench.inflight)
        bench.p_lose, bench.on_retry = 0, lambda slot: bench.stall(slot, SID)
        assert all(slot.lost for slot in slots) and not bench.live
        if end == "ack":
            count = len(bench.records) + len(slots)
            await bench.run(lambda n=count: len(bench.records) == n, 600)
            await bench.settle()
            assert len(bench.published) == len(slots)
            for stag in list(bench.published):
                bench.resume(stag, SID, retry=False)
        elif end == "term":
            term = bench.terminate(SID)
            await bench.settle()
            assert len(term.hit) == len(slots)
        else:
            bench.switch_off()
            await bench.step()
            for _ in range(600):
                await bench.step()
            await bench.finish_off()
        await bench.settle()
        assert bench.count("free") == len(bench.slots)
        bench.woken.clear()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_fault_smmuen_off(dut) -> None:
    """STL-017, STL-034, D20: all forgotten, later stalls abort silently, generations go on."""
    bench = await _bench(dut)
    for _ in range(3):
        await _stall_all(bench, 2)
        old = dict(bench.published)
        assert len(old) == bench.stall_max
        bench.switch_off()
        await bench.step()
        late = [bench.stall(bench.free_slot(), SID) for _ in range(2)]
        written = len(bench.records)
        await bench.settle()
        assert [c.answer for c in late] == ["ABORT"] * 2 and len(bench.records) == written
        await bench.finish_off()
        await _stall_all(bench, 0)
        assert len(bench.published) == bench.stall_max
        for stag in old:
            bench.resume(stag, SID)  # of a record from before: no effect
        await bench.settle()
        assert len(bench.published) == bench.stall_max
        bench.terminate(SID)
        await bench.settle()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def test_fault_generation_wraps(dut) -> None:
    """STL-003: 600 uses of the table, never a STAG twice within 255 uses of its slot."""
    bench = await _bench(dut)
    bench.on_retry = bench.succeed
    for _ in range(600):
        case = bench.stall(bench.free_slot(), SID)
        await bench.settle()
        bench.resume(case.stag, SID)
        await bench.settle()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_fault_wake_backstop(dut) -> None:
    """D19: slots that succeed are never seen again, yet every parked one gets its turn."""
    bench = await _bench(dut)
    bench.space = 0
    slots = list(bench.slots.values())
    for slot in slots:
        bench.stall(slot, SID)
    await bench.settle()
    bench.on_retry = bench.succeed
    bench.space = 1 << 20
    await bench.run(lambda: not bench.line, len(slots) * (WAKE_GAP + 4) + 20)
    times = [t for t, _ in bench.woken]
    gaps = [b - a for a, b in zip(times, times[1:], strict=False)]
    assert not gaps or min(gaps) >= WAKE_GAP, "more than one tries at a time"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_fault_place_kept(dut) -> None:
    """D19: a new fault does not take the place that a slot was woken for."""
    bench = await _bench(dut)
    old = (await _stall_all(bench, 1))[-1]
    bench.resume(next(iter(bench.published)), SID, retry=False)
    await bench.run(lambda: old.state == "think", 30)
    new = bench.stall(bench.free_slot(), SID)
    await bench.settle()
    assert new.answer == "PARK"
    bench.stall(old, SID)
    await bench.settle()
    assert old.state == "stall"


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def test_fault_no_starvation(dut) -> None:
    """D19: a slow parked slot gets its STAG although new faults never stop."""
    bench = await _bench(dut)
    slots = await _stall_all(bench, 1)
    old = slots[-1]
    assert old.state == "park"
    back: list[tuple[int, Slot]] = []
    bench.on_retry = lambda slot: back.append((bench.now + 700, slot))
    for _ in range(12):
        bench.resume(bench.rng.choice(list(bench.published)), SID, retry=False)
        for _ in range(1000):
            while back and back[0][0] <= bench.now:
                bench.stall(back.pop(0)[1], SID)
            if not bench.faults and (slot := bench.free_slot()):
                bench.stall(slot, SID + 1)
            await bench.step()
            if old.state == "stall":
                return
        if not bench.published:
            break
        for stag, slot in list(bench.published.items()):
            bench.resume(stag, slot.sid, retry=False)
    raise AssertionError("starved")


async def _random(dut, cycles: int, *, offs: bool) -> Bench:
    bench = await _bench(dut)
    rng = bench.rng
    back: list[tuple[int, Slot]] = []
    bench.on_retry = lambda slot: back.append((bench.now + rng.randrange(300), slot))

    def fault(slot: Slot) -> None:
        if rng.randrange(3):
            bench.stall(slot, rng.randrange(4))
        else:
            event = rng.choice((*MODEL, *OTHER, None))
            record = event is not None and bool(rng.getrandbits(1))
            razwi = bool(rng.getrandbits(1))
            bench.post(bench.make(slot, event, record=record, razwi=razwi, sid=rng.randrange(4)))

    def software(draining: bool) -> None:
        if bench.published and len(bench.commands) < 3 and rng.randrange(40) < 1 + 20 * draining:
            stag, slot = rng.choice(list(bench.published.items()))
            sid, how = slot.sid, rng.getrandbits(2)
            if not draining and rng.randrange(4) == 0:
                stag, sid = stag ^ rng.getrandbits(10), rng.randrange(5)
            bench.resume(stag, sid, retry=bool(how & 1) and not draining, abort=bool(how & 2))
        if rng.randrange(600) == 0:
            bench.terminate(rng.randrange(5))

    for now in range(cycles):
        if now % 500 == 0:
            bench.p_fault, bench.p_ctl = rng.choice((5, 50, 100)), rng.choice((10, 50, 100))
            bench.p_room, bench.p_publish = rng.choice((10, 100)), rng.choice((3, 30, 100))
            bench.p_lose, bench.space = rng.choice((0, 0, 10)), rng.choice((0, 3, 1 << 20))
            bench.enabled = rng.randrange(5) > 0
        if rng.randrange(100) == 0:
            bench.space += 1
        for entry in [b for b in back if b[0] <= bench.now]:
            back.remove(entry)
            fault(entry[1]) if rng.getrandbits(1) else bench.succeed(entry[1])
        if len(bench.faults) < 4 and rng.randrange(10) == 0 and (slot := bench.free_slot()):
            fault(slot)
        software(False)
        if offs and rng.randrange(1500) == 0:
            back.clear()
            bench.switch_off()
            await bench.step()
            await bench.finish_off()
            back.clear()
        await bench.step()

    # all ends when software answers and the queue has room
    bench.space, bench.enabled, bench.p_lose = 1 << 20, True, 0
    bench.p_fault = bench.p_ctl = bench.p_room = bench.p_publish = 100
    for _ in range(len(bench.slots) * 400):
        for entry in [b for b in back if b[0] <= bench.now]:
            back.remove(entry)
            bench.succeed(entry[1])
        software(True)
        await bench.step()
        if bench.count("free") == len(bench.slots):
            break
    assert bench.count("free") == len(bench.slots), "somebody was forgotten"
    await bench.settle()
    return bench


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def test_fault_random(dut) -> None:
    """STL-*, RES-*, D9, D19: random faults, software and queue; nobody is forgotten."""
    bench = await _random(dut, 20000, offs=False)
    stalls = sum(case.stall for case in bench.records)
    assert stalls > 10 and len(bench.records) - stalls > 10, "hardly anything happened"


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def test_fault_random_off(dut) -> None:
    """STL-017, D20: the same with SMMUEN going to 0 in between."""
    await _random(dut, 15000, offs=True)
