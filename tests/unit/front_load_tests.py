# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_front under load: storms, messages beside requests, everything at random."""

from __future__ import annotations

import cocotb
from cocotb.triggers import FallingEdge

from tests.unit import messages as msg
from tests.unit.front_bench import CFG, DN_KIND, UUT, Bench
from tests.unit.front_world import (
    BYP,
    HIGH,
    PAGE_BITS,
    READ_ONLY,
    S2,
    S12,
    VA,
    half_page,
)

# ---- invalidations without end ---------------------------------------------------------------


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_front_inv_storm(dut) -> None:
    """D18: back-to-back invalidations of both sources starve neither lookups nor walks."""
    bench = await Bench(dut).start()
    world = bench.world
    ctx = world.context(1)
    world.map(ctx, VA)
    for _ in range(30):
        bench.post_inv(0, s1=1)
        bench.post_inv(1, s1=1, vmidv=1, vmid=ctx.vmid)
    reqs = [bench.send(ctx, VA, slot=i) for i in range(4)]
    while not all(r.answered for r in reqs):
        await FallingEdge(dut.clk_i)
        assert any(bench.invals), "the storm was over first"
    await bench.idle(20000)
    order = [i.source for i in bench.ended]
    assert abs(order[:20].count(0) - 10) <= 1, f"sources in turn: {order}"


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_front_inv_load(dut) -> None:
    """D12: hits without end do not delay an INV; between two INVs several hits get through."""
    bench = await Bench(dut).start()
    world = bench.world
    ctx = world.context(1, vmid=3)
    world.map(ctx, VA)
    await bench.ask(ctx, VA)

    def load(count: int) -> list:
        return [bench.send(ctx, VA + i, tbu=t, slot=i)
                for t in range(bench.tbus) for i in range(count)]  # fmt: skip

    reqs = load(bench.slots)
    await bench.wait(5)
    inval = await bench.inv(s1=1, vmidv=1, vmid=9, vav=1, vpn=half_page(VA))
    assert inval.done - inval.offered <= 12
    assert any(r.answered is None for r in reqs) or bench.slots < 16, "no load was left"
    await bench.idle()
    for _ in range(40):
        bench.post_inv(0, s2=1)
    reqs = load(8)
    while not all(r.answered for r in reqs):
        await FallingEdge(dut.clk_i)
    assert len(bench.ended) <= 1 + len(reqs) // 2, f"{len(bench.ended)} INV for {len(reqs)} hits"
    await bench.idle(20000)


# ---- messages ----------------------------------------------------------------------------------


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_front_sync_and_control(dut) -> None:
    """D12, D17: SYNC answers pass waiting requests and sweeps; control messages all get out."""
    bench = await Bench(dut).start()
    world = bench.world
    ctx = world.context(1)
    for i in range(4):
        world.map(ctx, VA + 0x1000 * i)
        await bench.ask(ctx, VA + 0x1000 * i)
    bench.post_inv(0, s1=1)
    await bench.wait(3)
    began = bench.cycle
    for tbu in range(bench.tbus):
        bench.send_sync(tbu, tbu % 3)
    for n, kind in enumerate(("SYNC", "MODE", "RETRY")):
        for _ in range(5):
            word = msg.pack("DN", kind=DN_KIND[kind], slot=n)
            bench.ctl[n].append(((1 << bench.tbus) - 1, word))
    await bench.idle()
    if bench.sets > 2:
        assert all(c - began <= 8 for c, _, _ in bench.sdone), "SYNC waits for the sweep"
    assert {(t, g) for _, t, g in bench.sdone} == {(t, t % 3) for t in range(bench.tbus)}
    kinds = [k for _, _, k in bench.dn]
    assert [kinds.count(k) for k in ("SYNC", "MODE", "RETRY")] == [5, 5, 5]


# ---- everything at once --------------------------------------------------------------------------


async def _random(dut, rounds: int, storms: bool) -> None:
    bench = await Bench(dut).start()
    world, rng = bench.world, bench.rng
    bench.latency, bench.p_ready, bench.p_up = (3, 40), 0.8, 0.9
    ctxs = [
        world.context(1, vmid=1, asid=1), world.context(2, vmid=1, asid=2),
        world.context(3, 4, vmid=1, asid=1, canstall=True), world.context(5, stage=S2, vmid=1),
        world.context(6, 0, stage=S12, vmid=2, asid=1, tbi=True), world.context(7, stage=BYP),
        world.context(8, stage=BYP, abort=True), world.context(9, vmid=3, asid=9, aset=1),
    ]  # fmt: skip
    leaves = []
    sizes = rng.sample(range(7), 3)  # every further one costs each lookup a cycle
    for ctx in ctxs:
        for n in range(8 if ctx.stage else 0):
            size = rng.choice(sizes)
            va = (n + 1) << 40 | rng.getrandbits(40) | (HIGH if ctx.stage != S2 and n % 2 else 0)
            if world.find(ctx, va):
                continue
            s1size = min(6, size + rng.randrange(3)) if ctx.stage == S12 else size
            perm = rng.choice([0x3F, 0x3F, READ_ONLY])
            leaf = world.map(ctx, va, size, s1size=s1size, perm=perm, ng=int(rng.random() < 0.7))
            leaves.append((ctx, leaf, va))

    def request() -> None:
        tbu = rng.randrange(bench.tbus)
        ctx, leaf, va = rng.choice(leaves)
        if rng.random() < 0.1:
            ctx = rng.choice(ctxs)
        va ^= rng.getrandbits(min(PAGE_BITS[leaf.size], 14))
        if rng.random() < 0.05:
            va ^= 1 << rng.randrange(49, 64)
        kind = rng.choice([UUT] + [CFG] * 3 + [0] * 26)
        slots = range(bench.slots, bench.slots + 2) if kind == CFG else range(bench.slots)
        free = [s for s in slots if (tbu, s) not in bench.open]
        if free:
            rnw, priv, inst = (rng.random() < p for p in (0.6, 0.5, 0.2))
            slot = rng.choice(free)
            bench.send(ctx, va, tbu, slot, kind, rnw=rnw, priv=priv, inst=inst)

    def invalidate() -> None:
        ctx, leaf, va = rng.choice(leaves)
        roll = rng.random()
        if roll < 0.3:
            ctx.overrides.append({"shcfg": rng.randrange(4), "memattr": rng.randrange(16)})
            inv = {"cfg": 1, "sid": ctx.sid, "sidmask": rng.choice([0, 0, 3, 0xFFFF])}
        else:
            world.remap(leaf)
            inv = {"s1": int(ctx.stage != S2), "s2": int(ctx.stage == S2 or roll > 0.9)}
            if roll < 0.95:
                inv |= {"vmidv": 1, "vmid": ctx.vmid}
            if roll < 0.7:
                inv |= {"vav": 1, "vpn": half_page(va)}
            if roll < 0.4:
                inv |= {"range": 1, "end": min(inv["vpn"] | 0xFFF, (1 << 37) - 1)}
            elif roll < 0.6 and ctx.stage != S2:
                inv |= {"asidv": 1, "asid": ctx.asid}
        bench.post_inv(rng.randrange(2), **inv)

    for _ in range(rounds):
        for _ in range(rng.randrange(6)):
            request()
        if rng.random() < (0.06 if storms else 0.01) and not all(bench.invals):
            invalidate()
        bench.hold = rng.random() < (0.8 if bench.hold else 0.02)
        await bench.wait(rng.randrange(8))
    bench.hold = False
    await bench.idle(40000)
    kinds = [r.how for r in bench.done]
    cocotb.log.info(
        "%d answers, %d walks, %d INV, %s", len(kinds), len(bench.started), len(bench.ended),
        {k: kinds.count(k) for k in sorted(set(kinds))},
    )  # fmt: skip
    assert len(kinds) > 100
    assert storms or len(bench.started) < len(kinds) or bench.sets < 4, "nothing ever hits"


@cocotb.test(timeout_time=3000, timeout_unit="us")
async def test_front_random(dut) -> None:
    """D4, D12: random contexts, sizes and accesses; each answer equals the world."""
    await _random(dut, 1200, storms=False)


@cocotb.test(timeout_time=3000, timeout_unit="us")
async def test_front_random_storm(dut) -> None:
    """D8, D18: the same among remaps and invalidations: no kept answer is older than its INV."""
    await _random(dut, 1200, storms=True)
