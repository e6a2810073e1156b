# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_fault: who gets the last entry of the event queue (STL-030)."""

from __future__ import annotations

import cocotb

from tests.unit.fault_bench import HOLD_MAX, MODEL, OTHER, SID, Bench, Slot


async def _one_parked(dut) -> tuple[Bench, Slot]:
    """The queue is full, one slot is parked and told to retry when an entry is free."""
    bench = await Bench(dut, cocotb.RANDOM_SEED).start()
    bench.space = 0
    old = bench.free_slot()
    bench.stall(old, SID)
    await bench.settle()
    assert old.state == "park"
    return bench, old


async def _storm(bench: Bench, cycles: int, until=lambda: False, width: int = 3) -> None:
    """Terminate faults without end, `width` slots at a time."""
    for _ in range(cycles):
        if until():
            return
        busy = len(bench.faults) + (bench.case is not None)
        if busy < width and (slot := bench.free_slot()):
            bench.post(bench.make(slot, bench.rng.choice((*MODEL, *OTHER))))
        await bench.step()


async def _quiet(bench: Bench) -> None:
    """The queue is full, so what is left of a storm goes without a record."""
    bench.space = 0
    await bench.settle()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_fault_last_entry(dut) -> None:
    """STL-030: terminate faults leave the last entry to the slot that was woken for it."""
    bench, old = await _one_parked(dut)
    bench.space = 1
    await bench.run(lambda: old.state == "think", 30)
    await _storm(bench, 500)
    assert not bench.records and len(bench.sent_back) > 10
    bench.stall(old, SID)
    await bench.run(lambda: old.state == "stall", 100)
    assert [case.stall for case in bench.records] == [True]
    # two entries are free: one of them is anybody's
    await _quiet(bench)
    other = bench.free_slot()
    bench.stall(other, SID)
    await bench.settle()
    bench.resume(old.stag, SID, retry=False)
    bench.space = 2
    await bench.run(lambda: other.state == "think", 300)
    case = bench.post(bench.make(bench.free_slot(), MODEL[0]))
    await bench.run(lambda: case.answer != "", 20)
    assert bench.records[-1] is case
    await _quiet(bench)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_fault_last_entry_returned(dut) -> None:
    """STL-030, FLT-021: it is free again when the woken slot has an answer, or after HOLD_MAX."""
    for answer in (True, False):
        bench, old = await _one_parked(dut)
        bench.space = 1
        await bench.run(lambda b=bench, s=old: s.state == "think", 30)
        await _storm(bench, 200)
        assert not bench.records and bench.sent_back
        start = bench.now
        if answer:
            bench.succeed(old)
        await _storm(bench, HOLD_MAX + 100, lambda b=bench: bool(b.records))
        took = bench.now - start
        assert bench.records and (took < 40 if answer else took > HOLD_MAX - 400), took
        await _quiet(bench)
        dut.rst_ni.value = 0


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_fault_entry_owed(dut) -> None:
    """STL-030: a slot woken while a terminate fault comes first has the entry after that one."""
    bench, old = await _one_parked(dut)
    bench.space = 1
    await bench.run(lambda: old.state == "think", 30)
    await _storm(bench, 200)
    bench.stall(old, SID)
    await bench.run(lambda: old.state == "stall", 100)
    bench.resume(old.stag, SID, retry=False)
    await _quiet(bench)
    late = bench.free_slot()
    bench.stall(late, SID)
    await bench.settle()
    bench.space = 1
    await bench.run(lambda: late.state == "think", 30)
    await _storm(bench, 200)
    bench.space = 1
    await _storm(bench, 200)
    bench.stall(late, SID)
    await bench.run(lambda: late.state == "stall", 100)
    assert [case.stall for case in bench.records] == [True, False, True]
    await _quiet(bench)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_fault_entries_in_turn(dut) -> None:
    """STL-030, D10: stall and terminate records share the entries that software frees."""
    bench = await Bench(dut, cocotb.RANDOM_SEED).start()
    bench.space = 0
    back: list[tuple[int, Slot]] = []
    bench.on_retry = lambda slot: back.append((bench.now + 90, slot))
    parked = list(bench.slots.values())[: bench.stall_max]
    for slot in parked:
        bench.stall(slot, SID)
    await bench.settle()
    left = len(parked)
    while left:
        assert len(bench.records) <= 2 * len(parked), "starved"
        bench.space += 1
        for _ in range(400):
            while back and back[0][0] <= bench.now:
                bench.stall(back.pop(0)[1], SID)
            await _storm(bench, 1)
        left = sum(slot.state != "stall" for slot in parked)
    stalls = [case.stall for case in bench.records]
    assert stalls[0] and "TT" not in "".join("ST"[not s] for s in stalls), stalls
    assert bench.stall_max == 1 or not all(stalls), "terminate faults starve"
    await _quiet(bench)
