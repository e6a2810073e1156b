# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_evtq; the rules that hold in every cycle are in evtq_bench."""

from __future__ import annotations

from itertools import product

import cocotb
from cocotb.triggers import Timer

from tb.models.smmu_ref.attributes import bus_cache, of_cr1_fields
from tests.unit.evtq_bench import FLIGHT, Bench

TIMEOUT = dict(timeout_time=5, timeout_unit="ms")


@cocotb.test(**TIMEOUT)
async def test_evtq_smoke(dut) -> None:
    """EVQ-001, EVQ-026, EVQ-027, IRQ-003: records in order, one interrupt, stalls published."""
    b = await Bench(dut).start()
    sent = b.send(5, stall=0.5)
    await b.drained()
    assert b.published == sent and len(b.irqs) == 1
    assert [b.memory[b.address(i)] for i in range(5)] == [r.data for r in sent]
    b.consume()
    await b.step()
    b.send(1)
    await b.drained()
    assert len(b.irqs) == 2 and b.overflows == 0


@cocotb.test(**TIMEOUT)
async def test_evtq_rings(dut) -> None:
    """QUE-001..003, QUE-016: sizes 1..64, any start index, many laps, a consumer of any speed."""
    b = await Bench(dut).start()
    for log2 in (0, 1, 2, 3, 6):
        for index in (0, (1 << log2) - 1, b.rng.getrandbits(log2 + 1)):
            await b.place(log2=log2, base=b.rng.getrandbits(48), index=index)
            b.published, b.dropped = [], []
            sent = b.send(3 << log2)
            while not b.quiet:
                await b.step()
                if b.rng.random() < 0.3:
                    b.consume(b.rng.randint(0, b.used))
            assert sorted(map(id, b.published + b.dropped)) == sorted(map(id, sent))
            assert len(b.published) >= b.entries


@cocotb.test(**TIMEOUT)
async def test_evtq_overflow(dut) -> None:
    """EVQ-019..021, EVQ-023, EVQ-025: one toggle per acknowledged period; delivery goes on."""
    b = await Bench(dut).start(log2=2)
    for _ in range(3):
        b.consume()
        await b.step()
        b.overflows, b.published, b.dropped = 0, [], []
        sent = b.send(b.entries)
        await b.drained()
        assert b.published == sent and b.overflows == 0
        b.send(1)
        await b.drained()
        assert b.overflows == 1 and len(b.dropped) == 1
        b.send(10)
        await b.drained()
        assert b.overflows == 1 and len(b.dropped) == 11
        # space without an acknowledgement: records again, the next drop is not told
        b.consume(1, ack=False)
        await b.step()
        b.send(2)
        await b.drained()
        assert b.overflows == 1 and len(b.published) == 5
        # space and acknowledgement in one write: the next drop is told
        b.consume(1)
        await b.step()
        b.send(2)
        await b.drained()
        assert b.overflows == 2 and len(b.published) == 6


@cocotb.test(**TIMEOUT)
async def test_evtq_overflow_races(dut) -> None:
    """EVQ-024: drops against slow writes and CONS moves in every cycle (judged by the bench)."""
    b = await Bench(dut).start(log2=1)
    for wait, latency in product(range(16), (1, 7)):
        b.latency = (latency, latency)
        b.send(5)
        await b.step(wait)
        b.consume(min(1, b.used), ack=bool(wait & 1))
        await b.step(2)
        b.consume()
        await b.drained()
        b.consume()
    assert b.overflows > 8


@cocotb.test(**TIMEOUT)
async def test_evtq_stalls_never_overflow(dut) -> None:
    """EVQ-021, D19: a stall record waits outside; a full queue is no overflow for it."""
    b = await Bench(dut).start(log2=2)
    sent = b.send(9, stall=1.0)
    await b.drained()
    assert b.published == sent[:4] and b.parked == sent[4:]
    assert b.overflows == 0 and not b.dropped
    b.drive("ev_valid_i", 1)
    b.drive("ev_stall_i", 1)
    await Timer(1, "ps")
    assert dut.ev_ready_o.value == 0, "a stall record is never dropped"
    b.drive("ev_valid_i", 0)
    b.consume()
    await b.step()
    again = b.send(3, stall=1.0)
    await b.drained()
    assert b.published[4:] == again


@cocotb.test(**TIMEOUT)
async def test_evtq_disabled(dut) -> None:
    """EVQ-021, EVQ-030: records of a disabled queue vanish without overflow or write."""
    b = await Bench(dut).start(log2=2)
    b.send(4)
    await b.drained()
    await b.disable()
    b.send(3)
    await b.drained()
    assert len(b.dropped) == 3 and b.overflows == 0 and len(b.published) == 4


@cocotb.test(**TIMEOUT)
async def test_evtq_disable_in_flight(dut) -> None:
    """EVQ-030, GER-012: EVENTQEN=0 with 1..4 writes out, good or aborted: all shown, then idle."""
    b = await Bench(dut).start(log2=5)
    for count, bad, gerr in product(range(1, FLIGHT + 1), (False, True), (1, 4)):
        b.latency, b.gerr_latency = (15, 15), gerr
        b.aborts = 1.0 if bad else 0.0
        b.published, b.lost = [], []
        sent = b.send(count)
        for _ in range(100):
            if len(b.taken) and not b.todo and not b.offering:
                break
            await b.step()
        b.send(2)  # too late
        await b.disable()
        assert (b.lost if bad else b.published) == sent
        assert b.error_active == bad
        prod = b.prod
        await b.step(40)
        assert b.prod == prod and len(b.dropped) >= 2
        b.aborts = 0.0
        b.acknowledge()
        b.consume()
        await b.step(5)
        b.en = 1
    assert b.overflows == 0


@cocotb.test(**TIMEOUT)
async def test_evtq_aborts(dut) -> None:
    """EVQ-028, GER-009, STL-032: each of 1..4 writes in flight aborts, queue empty or not.

    PROD stops at the aborted entry, later ones are lost, delivery resumes there after GERRORN.
    """
    b = await Bench(dut).start(log2=2)
    cases = [(n, k) for n in range(1, FLIGHT + 1) for k in range(n)]
    for (count, place), before, gerr in product(cases, (0, 1), (1, 3)):
        if before + count > b.entries:
            continue
        b.consume()
        await b.step()
        b.latency, b.gerr_latency = (9, 9), gerr
        b.send(before)
        await b.drained()
        b.irqs, b.published, b.lost, b.parked, b.dropped = [], [], [], [], []
        b.abort_at = {b.responses + place}
        b.overflows, b.gerrs = 0, 0
        first = b.prod
        sent = b.send(count, stall=0.5)
        await b.until_error()
        await b.drained()
        assert b.published == sent[:place] and b.lost == sent[place:] and b.gerrs == 1
        assert b.prod == (first + place) & b.mask
        assert len(b.irqs) == int(before == 0 and place > 0)
        # nothing is written or told while the error is active
        b.send(3)
        await b.drained()
        assert len(b.dropped) == 3 and b.overflows == 0
        b.acknowledge()
        await b.step(gerr + 1)
        (next_one,) = b.send(1)
        await b.drained()
        assert b.published[-1] is next_one and b.prod == (first + place + 1) & b.mask


@cocotb.test(**TIMEOUT)
async def test_evtq_error_by_software(dut) -> None:
    """GER-004: GERRORN toggled without an error stops delivery until it is toggled back."""
    b = await Bench(dut).start()
    b.latency = (5, 5)
    for wait in range(12):
        b.published, b.dropped, b.parked = [], [], []
        b.send(4)
        await b.step(wait)
        b.gerrorn ^= 1
        await b.step()
        b.send(1)
        await b.drained()
        kept = len(b.published)
        assert kept + len(b.dropped) == 5 and b.dropped
        b.gerrorn ^= 1
        await b.step(2)
        b.send(1)
        await b.drained()
        assert len(b.published) == kept + 1 and b.gerrs == 0
        b.consume()


@cocotb.test(**TIMEOUT)
async def test_evtq_full_and_error(dut) -> None:
    """EVQ-022: a drop from a full queue with an active error is told only after the error."""
    b = await Bench(dut).start(log2=1)
    b.send(2)
    await b.drained()
    b.gerrorn ^= 1
    await b.step()
    b.send(2)
    await b.drained()
    assert len(b.dropped) == 2 and b.overflows == 0
    b.gerrorn ^= 1
    await b.step()
    b.send(2)
    await b.drained()
    assert len(b.dropped) == 4 and b.overflows == 1


@cocotb.test(**TIMEOUT)
async def test_evtq_wakeup(dut) -> None:
    """IRQ-016: CONS := empty in every cycle around a publication: PROD or an interrupt tells."""
    b = await Bench(dut).start(log2=3)
    b.latency = (6, 6)
    for offset in range(16):
        b.consume()
        await b.step(2)
        b.send(1)
        await b.drained()
        seen = b.prod  # what the consumer has read so far
        b.irqs = []
        b.send(1)
        await b.step(offset)
        b.cons = seen  # the CONS write; PROD is read in the cycle after it takes effect
        await b.step()
        found = int(dut.prod_o.value) != seen
        await b.drained()
        assert found or b.irqs, f"wake-up lost at offset {offset}"


@cocotb.test(**TIMEOUT)
async def test_evtq_inconsistent(dut) -> None:
    """QUE-004: CONS ahead of PROD counts as full: drops and overflow, no write."""
    b = await Bench(dut).start(log2=3, index=11)
    good, wrong = b.cons, (b.cons + 3) & b.mask
    b.cons = wrong
    await b.step()
    b.send(3)
    await b.drained()
    assert not b.taken and b.overflows == 1
    b.cons, b.ovack = good, b.ovflg
    await b.step()
    b.send(3)
    await b.drained()
    assert len(b.published) == 3


@cocotb.test(**TIMEOUT)
async def test_evtq_prod_write(dut) -> None:
    """EVENTQ_PROD is written while disabled: WR and OVFLG; bits above the wrap bit read 0."""
    b = await Bench(dut).start(log2=3)
    await b.disable()
    await b.write_prod(0xFFF5, ovflg=1)
    assert int(dut.prod_o.value) == 0x5 and dut.ovflg_o.value == 1
    b.cons, b.ovack, b.en = 0x5, 1, 1
    b.send(9)
    await b.drained()
    assert len(b.published) == 8 and b.overflows == 1


@cocotb.test(**TIMEOUT)
async def test_evtq_attributes(dut) -> None:
    """ATT-029..031, MEM-004: AWCACHE and AWDOMAIN of event writes for all codes."""
    await Bench(dut).start()
    for inner, outer, sh, hint in product(range(4), range(4), range(4), range(2)):
        dut.queue_ic_i.value, dut.queue_oc_i.value = inner, outer
        dut.queue_sh_i.value, dut.wa_i.value = sh, hint
        await Timer(1, "ps")
        want = bus_cache(of_cr1_fields(inner, outer, sh, hint), False)
        got = int(dut.w_cache_o.value), int(dut.w_domain_o.value)
        assert got == want, (inner, outer, sh, hint)


@cocotb.test(**TIMEOUT)
async def test_evtq_speed(dut) -> None:
    """EVQ-034, EVQ-035: 128 records, latency 200: four in flight all the time, none lost."""
    b = await Bench(dut).start(log2=7)
    b.latency = (200, 200)
    sent = b.send(128)
    start = b.cycle
    await b.drained(limit=20000)
    took = b.cycle - start
    dut._log.info("128 records, latency 200: %d cycles", took)
    assert b.published == sent and b.overflows == 0
    assert took < 128 * 200 / FLIGHT * 1.1


@cocotb.test(**TIMEOUT)
async def test_evtq_random(dut) -> None:
    """EVQ-019..035: records, stalls, aborts, disables, a slow port and a lazy consumer."""
    b = await Bench(dut).start(log2=2)
    rng = b.rng
    sent = 0
    for _ in range(60):
        b.w_ready, b.offer = rng.choice((1.0, 0.3)), rng.choice((1.0, 0.4))
        b.latency = (1, rng.choice((1, 5, 25)))
        b.gerr_latency = rng.randint(1, 4)
        b.aborts = rng.choice((0.0, 0.0, 0.2))
        count = rng.randint(1, 12)
        b.send(count, stall=rng.choice((0.0, 0.5)))
        sent += count
        for _ in range(rng.randint(5, 60)):
            await b.step()
            if rng.random() < 0.1:
                b.consume(rng.randint(0, b.used), ack=rng.random() < 0.5)
            if b.error_active and rng.random() < 0.1:
                b.acknowledge()
        if rng.random() < 0.2:
            await b.disable()
            b.en = 1
    await b.drained()
    ends = b.published, b.lost, b.dropped, b.parked
    assert sum(map(len, ends)) == sent and all(ends)
    assert b.overflows and b.gerrs and len(b.irqs) > 1
