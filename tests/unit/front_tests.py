# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_front: lookups, misses, and what reset leaves."""

from __future__ import annotations

import cocotb
from cocotb.triggers import FallingEdge

from tests.unit.front_bench import CFG, UUT, Bench
from tests.unit.front_world import (
    BYP,
    HIGH,
    PAGE_BITS,
    READ_ONLY,
    S1,
    S2,
    S12,
    VA,
    by_va,
)

# ---- lookups ---------------------------------------------------------------------------------


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_front_smoke(dut) -> None:
    """D7, D13: a miss walks and fills, the next one hits within 12 cycles of its request."""
    bench = await Bench(dut).start()
    ctx = bench.world.context(3, 5, vmid=7, asid=9, overrides=[{"alloccfg": 9, "shcfg": 2}])
    bench.world.map(ctx, VA)
    first = await bench.ask(ctx, VA | 0x123)
    assert (first.how, first.walks) == ("OK", 1)
    again = await bench.ask(ctx, VA | 0xFF8, tbu=bench.tbus - 1, rnw=False)
    assert (again.how, again.walks) == ("OK", 0)
    cocotb.log.info("hit: %d cycles from UP to DN", again.answered - again.sent)
    assert again.answered - again.sent <= 12


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_front_throughput(dut) -> None:
    """D14: hits of one page size follow each other at one every two cycles or better."""
    bench = await Bench(dut).start()
    ctx = bench.world.context(1)
    pages = [VA + 0x1000 * i for i in range(min(16, bench.slots))]
    for va in pages:
        bench.world.map(ctx, va)
        await bench.ask(ctx, va)
    reqs = [
        bench.send(ctx, bench.rng.choice(pages), tbu=t)
        for _ in range(min(24, bench.slots))
        for t in range(bench.tbus)
    ]
    await bench.idle()
    assert not any(r.walks for r in reqs)
    span = max(r.answered for r in reqs) - min(r.answered for r in reqs) + 1
    cocotb.log.info("%d hits in %d cycles", len(reqs), span)
    assert span <= 2 * len(reqs)
    if bench.tbus > 1:  # TBUs in turn
        order = [r.tbu for r in sorted(reqs, key=lambda r: r.answered)]
        half = len(reqs) // 2
        assert abs(order[:half].count(0) - half / bench.tbus) <= 2, f"unfair: {order}"


@cocotb.test(timeout_time=400, timeout_unit="us")
async def test_front_sizes(dut) -> None:
    """D14: every page size, both halves, stage 1, stage 2 and combined; none serves another."""
    bench = await Bench(dut).start()
    world, rng = bench.world, bench.rng
    ctxs = [
        world.context(1, vmid=1, asid=1, tbi=True),
        world.context(2, stage=S2, vmid=1),
        world.context(3, stage=S12, vmid=1, asid=1),
    ]
    for ctx in ctxs:
        for size, bits in enumerate(PAGE_BITS):
            base = (size + 1) << 40 | rng.getrandbits(40)
            if ctx.stage != S2 and size % 2:
                base |= HIGH
            world.map(ctx, base, size)
            assert await bench.walks_for(ctx, base) == 1, f"size {size}"
            for _ in range(3):
                va = base ^ rng.getrandbits(bits)
                if ctx.tbi:
                    va ^= rng.getrandbits(8) << 56
                assert await bench.walks_for(ctx, va, rnw=bool(rng.getrandbits(1))) == 0, f"{size}"
            if ctx.tbi:  # the same page, another top byte: another ENT.VPN, the same entry
                assert await bench.walks_for(ctx, base ^ 0xA5 << 56) == 0


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_front_tags(dut) -> None:
    """TAG-001..004: VMID, ASID, ASET and global decide who may use an entry."""
    bench = await Bench(dut).start()
    world = bench.world
    owner = world.context(1, vmid=1, asid=1)
    shared = world.context(2, vmid=1, asid=1)  # another stream, same tags: shares
    others = [
        world.context(3, vmid=2, asid=1),
        world.context(4, vmid=1, asid=2),
        world.context(5, vmid=1, asid=2, aset=1),
        world.context(6, stage=S12, vmid=1, asid=1),
    ]
    world.map(owner, VA)
    assert await bench.walks_for(owner, VA) == 1
    assert (await bench.ask(shared, VA, kind=CFG)).how == "CFG"  # brings its configuration
    assert await bench.walks_for(shared, VA) == 0
    for ctx in others:
        assert (await bench.ask(ctx, VA)).how == "ABORT", "nothing is mapped there"
    common = VA + 0x10_0000
    leaf = world.map(owner, common, ng=0)
    assert await bench.walks_for(owner, common) == 1
    assert await bench.walks_for(others[1], common) == 0, "global: any ASID"
    for ctx in (others[0], others[2], others[3]):  # VMID, ASET, stage
        assert (await bench.ask(ctx, common)).how == "ABORT"
    await bench.inv(**by_va(owner, leaf, asidv=1, asid=77))
    assert await bench.walks_for(others[1], common) == 1, "by address a global entry goes"


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_front_config(dut) -> None:
    """STE-005, TRN-026..030, D2: bypass, abort, can-stall answers and range errors."""
    bench = await Bench(dut).start()
    world = bench.world
    bypass = world.context(1, stage=BYP, overrides=[{"mtcfg": 1, "memattr": 5, "privcfg": 2}])
    off = world.context(2, stage=BYP, abort=True)
    ste2 = world.context(3, stage=S2, vmid=4, canstall=True)
    high = world.context(4, stage=S1, asid=6, epd1=True, canstall=True)
    for ctx in (bypass, off, ste2, high):
        for walks in (1, 0):  # cold, then from the configuration cache
            if walks == 0 and bench.configs < 4:
                await bench.ask(ctx, 0, kind=CFG)
            req = await bench.ask(ctx, VA, kind=CFG)
            if ctx is off and walks:
                assert req.how == "CFG", "a fault of the walk says: cannot stall"
            assert req.how == "CFG" and req.walks <= walks, f"{req}"
        world.map(ctx, VA) if ctx.stage else None
        how = "ABORT" if ctx is off else "OK"
        assert (await bench.ask(ctx, VA)).how == how
        again = await bench.ask(ctx, VA, rnw=False)
        assert (again.how, again.walks) == (how, 0)
        # outside: bypass and stage 2 have 48 bits, the upper half of the last one is disabled
        bad = await bench.ask(ctx, VA | (HIGH if ctx is high else 1 << 48))
        assert (bad.how, bad.walks) == ("ABORT", 0 if ctx is off else 1)
    uut = await bench.ask(bypass, VA, kind=UUT)
    assert (uut.how, uut.walks) == ("ABORT", 1), "F_UUT is recorded by the walker"
    missing = world.contexts.pop((4, None))
    await bench.inv(cfg=1, sid=4)
    req = await bench.ask(missing, VA, kind=CFG)
    assert req.how == "CFG" and req.walks == 1


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_front_permission(dut) -> None:
    """ATT-015, ATT-016: judged after the overrides; an entry that forbids goes to the walker."""
    bench = await Bench(dut).start()
    world = bench.world
    plain = world.context(1, asid=1)
    forced = world.context(2, asid=1, overrides=[{"privcfg": 3, "instcfg": 2}])
    world.map(plain, VA, perm=0b011001)  # privileged read and write, unprivileged read
    for ctx, how, walks in ((plain, "ABORT", 1), (forced, "OK", 0)):
        await bench.ask(ctx, VA, kind=CFG)
        await bench.ask(ctx, VA)
        req = await bench.ask(ctx, VA, rnw=False)  # unprivileged write
        assert (req.how, req.walks) == (how, walks), f"{req}"
        req = await bench.ask(ctx, VA, inst=True)
        assert (req.how, req.walks) == (how, walks), f"{req}"
    assert (await bench.ask(plain, VA, rnw=False, priv=True)).how == "OK"


# ---- misses ----------------------------------------------------------------------------------


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_front_merge(dut) -> None:
    """D4: one walk for many; waiters share the translation, not the fault."""
    bench = await Bench(dut).start()
    world = bench.world
    ctx = world.context(1, 2)
    world.map(ctx, VA, perm=READ_ONLY)
    bench.hold = True
    many = [bench.send(ctx, VA + i, tbu=i % bench.tbus, slot=i) for i in range(6)]
    writes = [bench.send(ctx, VA, tbu=0, slot=6 + i, rnw=False) for i in range(2)]
    await bench.wait(30)
    assert len(bench.started) == 1, "one walk for the page"
    bench.hold = False
    await bench.idle()
    assert [r.how for r in many] == ["OK"] * 6
    assert [r.how for r in writes] == ["ABORT"] * 2
    assert sum(r.walks for r in many) == 1
    assert [r.walks for r in writes] == [1, 1], "each fault is found by its own walk"
    # configuration only: one walk for the stream
    await bench.inv(cfg=1, sidmask=0xFFFF)
    bench.hold, before = True, len(bench.started)
    asked = [bench.send(ctx, VA, tbu=t, slot=bench.slots + i, kind=CFG)
             for t in range(bench.tbus) for i in (0, 1)]  # fmt: skip
    await bench.wait(20)
    bench.hold = False
    await bench.idle()
    assert [r.how for r in asked] == ["CFG"] * len(asked)
    assert len(bench.started) == before + 1


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_front_merge_late(dut) -> None:
    """D4: whoever comes while a walk ends is not forgotten, at any distance."""
    bench = await Bench(dut).start()
    ctx = bench.world.context(1)
    bench.latency, bench.p_tell = (3, 3), 1.0
    for gap in range(24):
        va = VA + (gap << 12)
        bench.world.map(ctx, va, perm=READ_ONLY)
        first = bench.send(ctx, va, slot=0, rnw=bool(gap % 2))
        await bench.wait(gap)
        second = bench.send(ctx, va, tbu=bench.tbus - 1, slot=1)
        await bench.idle(200)
        assert (first.how, second.how) == ("OK" if gap % 2 else "ABORT", "OK")


@cocotb.test(timeout_time=400, timeout_unit="us")
async def test_front_aside(dut) -> None:
    """D12, D10: with all walk slots taken misses wait aside, hits pass, nobody starves."""
    bench = await Bench(dut).start()
    world = bench.world
    ctx = world.context(1)
    warm = VA - 0x1000
    world.map(ctx, warm)
    await bench.ask(ctx, warm)
    bench.hold = True
    misses = []
    for i in range(bench.slots - 2):
        world.map(ctx, VA + 0x1000 * i)
        misses += [bench.send(ctx, VA + 0x1000 * i + 8 * t, tbu=t, slot=i)
                   for t in range(bench.tbus)]  # fmt: skip
    await bench.wait(6 * len(misses))
    assert len(bench.started) == 1 + bench.walk_slots
    hit = bench.send(ctx, warm, tbu=0, slot=bench.slots - 1)
    await bench.wait(15)
    assert hit.how == "OK" and hit.walks == 0, "a hit passes those that wait"
    bench.hold = False
    bench.p_ready = 0.5
    await bench.idle()
    assert all(r.how == "OK" for r in misses)
    if bench.sets > 2:
        assert len(bench.started) == bench.slots - 1, "one walk for each page"
    first = sorted(misses, key=lambda r: r.answered)[: len(misses) // 2]
    for tbu in range(bench.tbus):
        share = sum(r.tbu == tbu for r in first)
        assert share >= len(first) // bench.tbus // 2, f"TBU {tbu}: {share} of {len(first)}"
    await _check_turn(bench, ctx)
    await _check_rotation(bench, ctx)


async def _check_turn(bench: Bench, ctx) -> None:
    """Who waits aside gets the next walk slot, however many newcomers miss in the meantime."""
    count = bench.walk_slots + bench.slots // 2
    for i in range(count + 1):
        bench.world.map(ctx, 2 * VA + 0x1000 * i)
    bench.hold, bench.p_ready, before = True, 1.0, len(bench.started)
    for i in range(bench.walk_slots):
        bench.send(ctx, 2 * VA + 0x1000 * i, slot=i)
    await bench.wait(8 * bench.walk_slots)
    assert len(bench.started) == before + bench.walk_slots
    old = bench.send(ctx, 2 * VA + 0x1000 * count, slot=bench.slots - 1)
    await bench.wait(10)
    bench.hold = False
    for i in range(bench.walk_slots, min(count, bench.slots - 1)):
        bench.send(ctx, 2 * VA + 0x1000 * i, tbu=bench.tbus - 1, slot=i)
    await bench.idle()
    assert bench.started[before + bench.walk_slots] is old


async def _check_rotation(bench: Bench, ctx) -> None:
    """Slots of low numbers that miss again and again do not keep a high one waiting."""
    bench.latency = (20, 20)
    low, page = range(min(bench.walk_slots + 4, bench.slots - 1)), 3 * VA
    high, sent, limit = None, 0, 4 * bench.slots
    while high is None or high.answered is None:
        for slot in low:
            if (0, slot) not in bench.open:
                page, sent = page + 0x1000, sent + 1
                bench.world.map(ctx, page)
                bench.send(ctx, page, slot=slot)
        if high is None and sent > len(low):
            bench.world.map(ctx, VA - 0x5000)
            high = bench.send(ctx, VA - 0x5000, slot=bench.slots - 1)
        await bench.wait(1)
        assert sent < limit, f"slot {bench.slots - 1} starves"
    await bench.idle()


# ---- reset -----------------------------------------------------------------------------------


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_front_reset_sweep(dut) -> None:
    """D11: what the RAMs hold at power-up never hits, in any set."""
    bench = await Bench(dut).start()
    world = bench.world
    for ctx in (world.context(1), world.context(2, stage=S2), world.context(3, stage=S12)):
        await bench.ask(ctx, 0, kind=CFG)
        leaves = [world.map(ctx, 0x1000 * i) for i in range(min(bench.sets, 16))]
        for leaf in leaves:
            assert await bench.walks_for(ctx, leaf.base << 12) == 1
    # reset again, full of entries
    dut.rst_ni.value = 0
    await bench.wait(3)
    dut.rst_ni.value = 1
    while not int(dut.tcu_ready_o.value):
        await FallingEdge(dut.clk_i)
    for ctx in list(world.contexts.values()):
        assert await bench.walks_for(ctx, 0x1000) == 1
