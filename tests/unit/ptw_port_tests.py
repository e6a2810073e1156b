# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_ptw_port and smmu_msi; the rules of every cycle are in ptw_port_bench."""

from __future__ import annotations

from itertools import product

import cocotb

from tb.models.smmu_ref.attributes import bus_cache, of_memattr
from tests.unit.ptw_port_bench import ID_EVTQ, ID_MSI, MSI_DEVID, Bench

TIMEOUT = dict(timeout_time=5, timeout_unit="ms")
# CMD_SYNC.MSH and IRQ_CFG2.SH as of_memattr takes them: 0 NSH (1 acts as 0), 2 OSH, 3 ISH
SHAREABILITY = {0: 0, 1: 0, 2: 2, 3: 1}


def fill(b: Bench, count: int) -> None:
    """Requests of every client."""
    for i in range(count):
        b.walk()
        b.command()
        b.event()
        b.msi(i % 3)
        if i % 4 == 0:
            b.complete()


@cocotb.test(**TIMEOUT)
async def test_ptw_port_smoke(dut) -> None:
    """D21: each client alone; a walk's read is on the pins in the cycle in which it is offered,
    one of a queue in the next."""
    b = await Bench(dut).start()
    for request, cycles in ((b.walk, 1), (b.command, 2), (b.complete, 2)):
        request()
        await b.step(cycles)
        assert not any(b.reads.values()) and not any(b.due.values()), "AR pins are registered"
        await b.drained()
    b.event()
    b.event(beats=1)
    for src in range(3):
        b.msi(src)
    await b.drained()
    assert len(b.written) == 5 and b.done == [1, 1, 1] and b.answered["event"] == 2


@cocotb.test(**TIMEOUT)
async def test_ptw_port_turns(dut) -> None:
    """D21: with every client asking all the time, walks have every second turn, the queues share
    the others; writes take turns."""
    b = await Bench(dut).start()
    for _ in range(30):
        b.walk()
        b.command()
        b.complete()
    await b.drained()
    for at in range(4, 52, 4):
        assert sorted(b.turns[at : at + 4]) == ["cmdq", "dvmc", "walk", "walk"], b.turns
    b.turns = []
    for i in range(12):
        b.event()
        b.msi(i % 3)
    await b.drained()
    ids = [w.id for w in b.written]
    assert [i == ID_EVTQ for i in ids].index(False) <= 2
    for at in range(2, 10):
        assert {i == ID_EVTQ for i in ids[at : at + 3]} == {True, False}, ids


@cocotb.test(**TIMEOUT)
async def test_ptw_port_full_rate(dut) -> None:
    """D5: one read a cycle, one write a cycle of its data."""
    b = await Bench(dut).start()
    for _ in range(40):
        b.walk()
    await b.step(40)
    assert not b.reads["walk"]
    await b.drained()
    for _ in range(20):
        b.event()
    await b.step(42)
    assert len(b.written) >= 20
    await b.drained()


@cocotb.test(**TIMEOUT)
async def test_ptw_port_blocked_writes(dut) -> None:
    """MEM-010, D21: AW, W or B blocked for long: no read waits for them."""
    b = await Bench(dut).start()
    for blocked in ("aw", "w", "b"):
        b.ready[blocked] = 0.0
        before = b.answered["r"]
        for _ in range(4):
            b.event()
        b.msi(0)
        for _ in range(20):
            b.walk()
            b.command()
        await b.step(150)
        assert not any(b.reads.values()) and not any(b.open_r.values())
        assert b.answered["r"] > before
        b.ready[blocked] = 1.0
        await b.drained()


@cocotb.test(**TIMEOUT)
async def test_ptw_port_blocked_reads(dut) -> None:
    """D21: AR or R blocked for long: no write waits for them."""
    b = await Bench(dut).start()
    for blocked in ("ar", "r"):
        b.ready[blocked] = 0.0
        b.walk()
        b.command()
        wrote = len(b.written)
        for src in range(3):
            b.event()
            b.msi(src)
        await b.step(60)
        assert len(b.written) == wrote + 6 and not any(b.in_flight)
        b.ready[blocked] = 1.0
        await b.drained()


@cocotb.test(**TIMEOUT)
async def test_ptw_port_aw_and_w(dut) -> None:
    """AXI4 A3.3: neither of AW and W waits for the other's ready."""
    b = await Bench(dut).start()
    for first, second in (("aw", "w"), ("w", "aw")):
        b.ready[second] = 0.0
        b.event()
        await b.step(12)
        assert (len(b.order_w), len(b.early_w)) == ((1, 0) if first == "aw" else (0, 1))
        b.ready[second] = 1.0
        await b.drained()


@cocotb.test(**TIMEOUT)
async def test_ptw_port_back_pressure(dut) -> None:
    """D21, GER-010: every channel slow in every combination; nothing lost, changed or reordered."""
    b = await Bench(dut).start()
    b.abort = 0.3
    for slow in product((1.0, 0.25), repeat=5):
        b.ready = dict(zip(("ar", "r", "aw", "w", "b"), slow, strict=True))
        fill(b, 5)
        await b.drained()
    assert len(b.written) == 32 * 10 and sum(b.done) == 32 * 5 and all(b.err)


@cocotb.test(**TIMEOUT)
async def test_ptw_port_msi_attributes(dut) -> None:
    """IRQ-006, CMD-029, ATT-032, MEM-006: all MemAttr and SH codes as the model has them."""
    b = await Bench(dut).start()
    for attr, sh in product(range(16), range(4)):
        b.msi(b.rng.randrange(3), attr=attr, sh=sh)
        await b.drained()
        write = b.written[-1]
        want = bus_cache(of_memattr(attr, SHAREABILITY[sh]), False)
        assert (write.cache, write.domain) == want, (attr, sh)


@cocotb.test(**TIMEOUT)
async def test_ptw_port_msi_write(dut) -> None:
    """IRQ-005, IRQ-007: one aligned word at every offset, DeviceID of the SMMU, ID per source."""
    b = await Bench(dut).start()
    for src, low in product(range(3), range(0, 64)):
        b.msi(src, addr=0x1234_5678_0000 + low)
        await b.drained()
        write = b.written[-1]
        assert write.addr == 0x1234_5678_0000 + (low & ~3) and write.id == ID_MSI + src
        assert write.sid == MSI_DEVID and write.sid >> 16


@cocotb.test(**TIMEOUT)
async def test_ptw_port_msi_sources(dut) -> None:
    """IRQ-013, IRQ-010: the response of one source missing: the others go on, it waits alone."""
    b = await Bench(dut).start()
    for slow in range(3):
        b.hold_b = {ID_MSI + slow}
        before = list(b.done)
        for src in range(3):
            for _ in range(4):
                b.msi(src)
            b.event()
        await b.step(120)
        assert [b.done[s] - before[s] for s in range(3)] == [
            0 if s == slow else 4 for s in range(3)
        ]
        assert b.in_flight[slow] == 1 and len(b.msis[slow]) == 3 and not b.events
        b.hold_b = set()
        await b.drained()
        assert b.done[slow] - before[slow] == 4


@cocotb.test(**TIMEOUT)
async def test_ptw_port_random(dut) -> None:
    """D21: all clients, all channels, aborts, responses held back, for long."""
    b = await Bench(dut).start()
    rng = b.rng
    for _ in range(40):
        b.ready = {name: rng.choice((1.0, 0.6, 0.1)) for name in b.ready}
        b.abort = rng.choice((0.0, 0.5))
        b.hold_b = set(rng.sample(range(ID_EVTQ, ID_MSI + 3), rng.randrange(3)))
        fill(b, rng.randrange(6))
        await b.step(rng.randrange(60))
    b.ready, b.hold_b = dict.fromkeys(b.ready, 1.0), set()
    await b.drained()
    assert b.answered["event"] and all(b.done) and all(b.err)
