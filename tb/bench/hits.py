# SPDX-License-Identifier: Apache-2.0
"""Hit latency and rate (architecture D1, D2, D3).

10,000 single beats per run, random pages of a working set of half the uTLB, W offered with its AW;
once with all IDs in turn and once with one ID: the worse of the two is the figure.
"""

from __future__ import annotations

from typing import Any

import cocotb

from tb.bench.figures import record
from tb.bench.scene import LIMIT_MS, PAGE, Scene, Space
from tb.bfm.axi_master import Traffic

COUNT = 10_000
BURSTS = 2_000  # of 8 beats
LONG_WALK = 6_000  # cycles; a miss stays out for the whole run
UNMAPPED = 0x7000_0000_0000
STALL_SID, STALL_IDS = 9, 192  # IDs from here are not used by the hits beside them


async def warm_space(scene: Scene, **options: Any) -> tuple[Space, list[int]]:
    """A space and half a uTLB of its pages, all in the uTLB of TBU 0."""
    space = Space(scene, **options)
    pages = space.pages(scene.param("UTLB_ENTRIES") // 2)
    await scene.warm(space, pages)
    return space, pages


async def both_directions(
    scene: Scene,
    targets: list[dict[str, int]],
    *,
    tbu: int = 0,
    beats: int = 1,
    count: int = COUNT,
    beside: bool = False,
) -> tuple[Traffic, Traffic]:
    """The generator in both directions at once; no transaction may fail."""
    master = scene.masters[tbu]
    tasks = [
        cocotb.start_soon(master.generate(targets, count, is_write=way, beats=beats, beside=beside))
        for way in (False, True)
    ]
    read, write = [await task for task in tasks]
    assert not read.errors and not write.errors, "hits were answered with errors"
    return read, write


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def hit_latency(dut: Any) -> None:
    """hit_latency_read, hit_latency_write; longer writes are reported."""
    scene = await Scene.start(dut)
    space, pages = await warm_space(scene)
    for is_write, meter in ((False, scene.read_meters[0]), (True, scene.write_meters[0])):
        worst = 0
        for ids in (None, [5]):
            await scene.clear_meters()
            run = await scene.master.generate(
                scene.targets(space, pages, ids=ids), COUNT, is_write=is_write
            )
            assert run.errors == 0 and meter.left == COUNT
            worst = max(worst, meter.latency_max)
        record("hit_latency_write" if is_write else "hit_latency_read", cycles=worst)
    over = 0
    for beats in (2, 4, 8, 16):
        await scene.clear_meters()
        for _ in range(8):
            data = bytes(16 * beats)
            assert (await scene.master.write(scene.rng.choice(pages), data, **space.side)).ok
        over = max(over, scene.write_meters[0].latency_max - beats)
    record("hit_latency_write", over_beats=over)
    await scene.finish()


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def hit_rate(dut: Any) -> None:
    """hit_rate_read, hit_rate_write, hit_rate_both."""
    scene = await Scene.start(dut)
    space, pages = await warm_space(scene)
    rates: dict[str, list[float]] = {"read": [], "write": [], "both_r": [], "both_w": []}
    for ids in (None, [5]):
        targets = scene.targets(space, pages, ids=ids)
        for name, is_write in (("read", False), ("write", True)):
            run = await scene.master.generate(targets, COUNT, is_write=is_write)
            assert run.errors == 0
            rates[name].append(run.bursts_per_cycle)
        read, write = await both_directions(scene, targets)
        rates["both_r"].append(read.bursts_per_cycle)
        rates["both_w"].append(write.bursts_per_cycle)
    record("hit_rate_read", per_cycle=min(rates["read"]))
    record("hit_rate_write", per_cycle=min(rates["write"]))
    record("hit_rate_both", read=min(rates["both_r"]), write=min(rates["both_w"]))
    await scene.finish()


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def beat_rate(dut: Any) -> None:
    """beat_rate_read, beat_rate_write: bursts of 8 beats, both directions at once."""
    scene = await Scene.start(dut)
    space, pages = await warm_space(scene)
    reads, writes = [], []
    for ids in (None, [5]):
        runs = await both_directions(scene, scene.targets(space, pages, ids=ids, beats=8), beats=8,
                           count=BURSTS)  # fmt: skip
        for run, rates in zip(runs, (reads, writes), strict=True):
            rates.append(8 * BURSTS / (run.last - run.first + 1))
    record("beat_rate_read", per_cycle=min(reads))
    record("beat_rate_write", per_cycle=min(writes))
    await scene.finish()


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def hit_latency_behind_miss(dut: Any) -> None:
    """Hits of other IDs while a read and a write of the same TBU wait for their walks."""
    scene = await Scene.start(dut)
    space, pages = await warm_space(scene)
    misses = [pages[-1] + 64 * PAGE, pages[-1] + 128 * PAGE]
    for va in misses:
        space.map(va)
    scene.walk_latency(LONG_WALK)
    out = scene.reads
    late = [
        scene.master.read(misses[0], 16, id=STALL_IDS, **space.side),
        scene.master.write(misses[1], bytes(16), id=STALL_IDS + 1, **space.side),
    ]
    await scene.bench.cycles(100)
    assert scene.reads > out, "no walk is outstanding"
    await scene.clear_meters()
    targets = scene.targets(space, pages, ids=range(STALL_IDS))
    await both_directions(scene, targets, count=LONG_WALK // 2, beside=True)
    assert not any(txn.finished for txn in late), "the misses ended too early"
    meters = scene.read_meters[0], scene.write_meters[0]
    record("hit_latency_behind_miss", read=meters[0].latency_max, write=meters[1].latency_max)
    scene.walk_latency(1)
    for txn in late:
        assert (await txn).ok
    await scene.finish()


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def hit_rate_under_stall(dut: Any) -> None:
    """STALL_MAX transactions stalled on the port, half of them 16-beat writes."""
    scene = await Scene.start(dut)
    space, pages = await warm_space(scene)
    # its own stream, so that a stalled ID says nothing about the others
    faulty = Space(scene, sid=STALL_SID, vmid=STALL_SID, s=1)
    count = scene.param("STALL_MAX")
    for k in range(count):
        va = UNMAPPED + k * PAGE
        if k % 2:
            scene.master.write(va, bytes(256), id=STALL_IDS + k, **faulty.side)
        else:
            scene.master.read(va, 16, id=STALL_IDS + k, **faulty.side)
    records = await scene.prog.events(count, keep=True)
    assert all(event["stall"] for event in records), records[0]
    worst: list[list[float]] = [[], []]
    for ids in (range(STALL_IDS), [5]):
        runs = await both_directions(scene, scene.targets(space, pages, ids=ids), beside=True)
        for run, rates in zip(runs, worst, strict=True):
            rates.append(run.bursts_per_cycle)
    record("hit_rate_under_stall", read=min(worst[0]), write=min(worst[1]))
    scene.check()  # the stalled transactions end with the reset of the next bench
