# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_walker: reads it makes, faults, kinds, sizes (architecture D2, D4, D5, D7, D15)."""

from __future__ import annotations

import cocotb
from cocotb.triggers import FallingEdge

from tb.models.fields import S1Fmt
from tb.models.smmu_ref import Transaction
from tests.unit.walker_bench import CFG, UUT, Bench, seeded
from tests.unit.walker_scene import VA, Scene, Stream, all_granules

# ---- reads -----------------------------------------------------------------------------------


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_walker_smoke(dut) -> None:
    """TRN-001, D5: a stage 1 walk; each AR one cycle after the beat it depends on."""
    scene = Scene(seeded())
    stream = scene.stream(3)
    context = scene.context(stream)
    scene.map(stream, context, VA)
    bench = await Bench(dut, scene).start()
    walk = await bench.translate(Transaction(3, VA | 0x123, True))
    await bench.check([walk])
    assert len(walk.reads) == 1 + 1 + 4, f"{len(walk.reads)} reads"
    beats = [cycle for cycle, what, _ in bench.trace if what == "R"]
    for cycle, what, _ in bench.trace[1:]:
        if what == "AR":
            before = max(c for c in beats if c < cycle)
            # the CD completes a lookup: three cycles more are allowed
            assert cycle - before in (1, 3), f"AR {cycle - before} cycles after its beat"
    again = await bench.translate(Transaction(3, VA | 0xFF8, False))
    await bench.check([again])
    assert len(again.reads) == 2, "the line is held: only STE and CD are read"


async def _count(dut, stride: int, limit: int) -> None:
    scene = Scene(seeded())
    stream, context = scene.nested(stride)
    base = VA & -0x10000
    for page in (32, 0, 1, 8):  # the first one makes the tables
        scene.map(stream, context, base + 0x1000 * page)
    bench = await Bench(dut, scene).start()
    bench.use_config = True
    cold = await bench.translate(Transaction(5, base, True))
    beats = [cycle for cycle, what, _ in bench.trace if what == "R"]
    gaps = [
        cycle - max(c for c in beats if c < cycle)
        for cycle, what, _ in bench.trace[1:]
        if what == "AR"
    ]
    # one lookup costs three cycles; a CD leads to two of them, stage 1 then stage 2
    assert max(gaps) <= 1 + 2 * 3 and sorted(gaps)[-2] <= 1 + 3, f"AR after beat: {gaps} (D5)"
    same = await bench.translate(Transaction(5, base + 0x1000, True))
    near = await bench.translate(Transaction(5, base + 0x8000, True))
    await bench.check()
    counts = [len(w.reads) for w in (cold, same, near)]
    cocotb.log.info("reads: cold %d, same line %d, neighbour %d", *counts)
    assert counts[0] <= limit, f"cold walk: {counts[0]} reads"
    assert counts[1] == 0 and counts[2] <= 2, f"reads {counts} (D7)"


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_walker_count_scattered(dut) -> None:
    """D7: a cold nested walk with tables far apart takes at most 24 reads."""
    await _count(dut, stride=0x4000_0000, limit=24)


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_walker_count_packed(dut) -> None:
    """D7: a cold nested walk with tables side by side takes at most 14 reads."""
    await _count(dut, stride=0, limit=14)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_shared_line(dut) -> None:
    """D4: many walks in one line at once: one read of it, the others wait and are woken."""
    rng = seeded()
    scene = Scene(rng)
    stream, context = scene.nested()
    base = VA & -0x8000
    for i in range(8):
        scene.map(stream, context, base + 0x1000 * i)
    bench = await Bench(dut, scene).start()
    bench.latency = (8, 8)
    # sharing shows only while the lines are held: the bench forbids two reads of one at once
    for _ in range(3):
        for i in rng.sample(range(8), 8):
            bench.send(Transaction(5, base + 0x1000 * i, True))
        await bench.idle()
        await bench.check()
        await bench.invalidate(s1=1, s2=1)
        bench.use_config = True


# ---- faults at each step -------------------------------------------------------------------------


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_error_each_fetch(dut) -> None:
    """TRN-002, TRN-037, TRN-038: an abort of each read of a nested walk in turn."""
    scene = Scene(seeded(), two_level=True)
    space = scene.stage2(7, input_bits=40)
    stream = scene.stream(5, stage2=space, cdmax=8, fmt=S1Fmt.L2_4K)
    context = scene.context(stream, 9)
    scene.map(stream, context, VA)
    bench = await Bench(dut, scene).start()
    txn = Transaction(5, VA, True, 9)
    fetches = scene.ref.predict(txn).fetches
    names = set()
    for fetch in fetches:
        broken = scene.memory.add_error(fetch.pa & -16, 16)
        await bench.invalidate(s1=1, s2=1)
        walk = await bench.translate(txn)
        names.add(fetch.what)
        await bench.check([walk])
        assert walk.flt is not None
        scene.memory.remove_error(broken)
        # nothing of the aborted read was kept
        walk = await bench.translate(txn)
        await bench.check([walk])
        assert walk.ent is not None
    assert names == {"L1STD", "STE", "L1CD", "CD", "S1", "S2"}, names


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_fault_turns(dut) -> None:
    """D10: faults of one TBU do not delay those of another; ok never waits for flt."""
    scene = Scene(seeded())
    stream = scene.stream(3)
    context = scene.context(stream)
    scene.map(stream, context, VA)
    bench = await Bench(dut, scene).start()
    bench.ready["flt"] = 0.0
    for i in range(min(2, bench.slots - 1)):
        bench.send(Transaction(3, VA + 0x10_0000 + 0x1000 * i, True), tbu=0)
    if bench.slots > 2:
        good = bench.send(Transaction(3, VA, True), tbu=1)
        for _ in range(200):
            await FallingEdge(dut.clk_i)
        assert good.ent is not None, "a translation waited for a blocked fault"
    bench.ready["flt"] = 1.0
    await bench.idle()
    await bench.check()


# ---- kinds and sizes -------------------------------------------------------------------------


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_kinds(dut) -> None:
    """FLT-018: F_UUT before any read; D2: a configuration request stops after the CD."""
    scene = Scene(seeded())
    stream = scene.stream(3)
    context = scene.context(stream, s=1)
    scene.map(stream, context, VA)
    bench = await Bench(dut, scene).start()
    bench.use_config = True
    walk = await bench.translate(Transaction(3, VA | 0xFFF, False, length=2, priv=True), UUT)
    assert not walk.reads
    await bench.check([walk])
    for reads in (2, 0):
        walk = await bench.translate(Transaction(3, VA, True), CFG)
        assert len(walk.reads) == reads and walk.canstall
        await bench.check([walk])
    silent = scene._add(Stream(9, {"v": 1, "config": 0}))
    for reads in (1, 0):
        walk = await bench.translate(Transaction(silent.sid, VA, True))
        assert len(walk.reads) == reads and walk.flt["record"] == 0
        await bench.check([walk])
        walk = await bench.translate(Transaction(silent.sid, VA, True), CFG)
        assert walk.ent is not None and not walk.canstall


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_small_start_table(dut) -> None:
    """D15: start tables of 16 and 32 bytes are never read past their end."""
    scene = Scene(seeded())
    walks = []
    for sid, bits in ((4, 40), (5, 41), (6, 42), (7, 31), (8, 32)):
        stream = scene.stream(sid)
        context = scene.context(stream, input_bits=bits, asid=sid)
        for va in (0x1000, (1 << bits) - 0x1000):
            scene.map(stream, context, va)
            walks.append(Transaction(sid, va, True))
    bench = await Bench(dut, scene).start()
    for txn in walks * 2:
        bench.send(txn)
    await bench.idle()
    await bench.check()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_blocks_all_sizes(dut) -> None:
    """TRN-050, NST-013: every pair of stage 1 and stage 2 leaf sizes."""
    scene = Scene(seeded())
    sid = 16
    bench_walks = []
    for g1 in all_granules():
        for g2 in all_granules():
            for l1 in g1.leaf_levels:
                for l2 in g2.leaf_levels:
                    space = scene.stage2(sid, g2, input_bits=44)
                    space.next_ipa = 1 << 43
                    stream = scene.stream(sid, stage2=space)
                    context = scene.context(stream, granule=g1, asid=sid)
                    size = max(g1.leaf_size(l1), g2.leaf_size(l2))
                    ipa = size * 3
                    va = g1.leaf_size(l1) * 5
                    size2 = g2.leaf_size(l2)
                    space.tree.map(ipa, size2 * 7, size2, level=l2)
                    context.tree.map(va, ipa, g1.leaf_size(l1), level=l1)
                    bench_walks.append(Transaction(sid, va + 0xABC, True))
                    sid += 1
    bench = await Bench(dut, scene).start()
    for txn in bench_walks:
        bench.send(txn)
    await bench.idle(60000)
    assert all(w.ent for w in bench.finished)
    await bench.check()
