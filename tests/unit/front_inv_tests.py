# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_front: what an invalidation removes, what it costs, walks it overtakes."""

from __future__ import annotations

import cocotb

from tests.unit.front_bench import CFG, Bench
from tests.unit.front_world import PAGE_BITS, S2, S12, VA, Leaf, by_va, half_page


async def _remap(bench: Bench, leaf: Leaf, **inv: int) -> int:
    """Remap and invalidate; cycles of the invalidation."""
    bench.world.remap(leaf)
    inval = await bench.inv(**inv)
    return inval.done - inval.offered + 1


@cocotb.test(timeout_time=400, timeout_unit="us")
async def test_front_inv_scope(dut) -> None:
    """TAG-005..009, TAG-017, TAG-021: each form removes what it names and leaves the rest."""
    bench = await Bench(dut).start()
    world = bench.world
    ctxs = {
        "a": world.context(1, vmid=4, asid=1), "b": world.context(2, vmid=4, asid=2),
        "v": world.context(3, vmid=5, asid=1), "s2": world.context(4, stage=S2, vmid=4),
        "n": world.context(5, stage=S12, vmid=4, asid=1),
        "k": world.context(6, vmid=4, asid=3, aset=1),
    }  # fmt: skip
    home = {name: VA + (0x3000 if name in "vk" else 0) for name in ctxs}  # four to a set
    for name, ctx in ctxs.items():
        world.map(ctx, home[name])
    world.map(ctxs["a"], VA + 0x1000, ng=0)  # global, ASET 0
    forms = {
        "a b v n k g": dict(s1=1),
        "a b n k g": dict(s1=1, vmidv=1, vmid=4),
        "a b v n k g ": dict(s1=1, vmidv=1, vmid=5, vmw=1),
        "s2": dict(s2=1, vmidv=1, vmid=4),
        "a b n k g s2": dict(s1=1, s2=1, vmidv=1, vmid=4),
        "a n": dict(s1=1, vmidv=1, vmid=4, asidv=1, asid=1),
        "k": dict(s1=1, vmidv=1, vmid=4, asidv=1, asid=3),
        "": dict(s1=1, vmidv=1, vmid=4, asidv=1, asid=3, asetkeep=1),
        "a b n": by_va(ctxs["a"], VA),
        "b": by_va(ctxs["a"], VA, asidv=1, asid=2),
        "g": by_va(ctxs["a"], VA + 0x1000, asidv=1, asid=2),
        "s2 ": dict(s2=1, vmidv=1, vmid=4, vav=1, vpn=half_page(VA)),
        " ": by_va(ctxs["a"], VA + 0x2000),
        "g ": by_va(ctxs["a"], VA + 0x1000, range=1, end=half_page(VA + 0x2000)),
    }

    async def missing() -> set[str]:
        lost = {n for n, ctx in ctxs.items() if await bench.walks_for(ctx, home[n])}
        return lost | ({"g"} if await bench.walks_for(ctxs["a"], VA + 0x1000) else set())

    await missing()
    if bench.ways < 4:
        return  # four entries lie in one set
    for names, inv in forms.items():
        assert await missing() == set(), "all are there"
        await bench.inv(**inv)
        got = await missing()
        assert got == set(names.split()), f"{inv}: removed {got}, not {names}"


@cocotb.test(timeout_time=400, timeout_unit="us")
async def test_front_inv_cost(dut) -> None:
    """D14, TAG-022: an address takes 8 cycles at most, unless a block lies there in fragments."""
    bench = await Bench(dut).start()
    world = bench.world
    ctx = world.context(1)
    # each in its own set
    leaves = [world.map(ctx, (s + 1) << 40 | s << PAGE_BITS[s], s) for s in range(6)]
    for n, leaf in enumerate(leaves):
        va = leaf.base << 12
        assert await bench.walks_for(ctx, va) == 1
        cost = await _remap(bench, leaf, **by_va(ctx, va + 0x800))
        assert await bench.walks_for(ctx, va) == 1, "the old entry is gone"
        for other in leaves[:n]:
            assert await bench.walks_for(ctx, other.base << 12) == 0, "others stay"
        cocotb.log.info("%d sizes: INV by address takes %d cycles", n + 1, cost)
        assert cost <= 8
    # a 2M block of stage 1 in pieces of 4K: any address of it reaches all of them
    block = 1 << 45
    pieces = [world.map(ctx, block + (i << 12), s1size=3) for i in (0, 1, 300, 511)]
    for piece in pieces:
        assert await bench.walks_for(ctx, piece.base << 12) == 1
        world.remap(piece)
    inval = await bench.inv(**by_va(ctx, block + (77 << 12)))
    assert inval.done - inval.offered <= bench.sets + 6
    for piece in pieces:
        assert await bench.walks_for(ctx, piece.base << 12) == 1, "every fragment is gone"
    # without fragments it is short again
    await bench.inv(**by_va(ctx, block))
    inval = await bench.inv(**by_va(ctx, block))
    assert inval.done - inval.offered + 1 <= 8


@cocotb.test(timeout_time=400, timeout_unit="us")
async def test_front_inv_config(dut) -> None:
    """CMD-018, CMD-021, CMD-026: CFGI drops what it names, and nothing of the TLB."""
    bench = await Bench(dut).start()
    world = bench.world
    ctxs = [world.context(sid, asid=sid) for sid in (8, 9, 12)]
    at = {ctx.sid: VA + (ctx.sid << 12) for ctx in ctxs}  # each in its own set
    for ctx in ctxs:
        world.map(ctx, at[ctx.sid])
        await bench.ask(ctx, at[ctx.sid])
    fits = bench.configs >= 3
    for inv, hit in ((dict(sid=9), (9,)), (dict(sid=9, sidmask=3), (8, 9)),
                     (dict(sid=9, cdv=1), (9,)), (dict(sid=9, cdv=1, ssid=1), ()),
                     (dict(sidmask=0xFFFF), (8, 9, 12))):  # fmt: skip
        for ctx in ctxs:
            ctx.overrides.append({"shcfg": len(ctx.overrides) % 4})
        await bench.inv(cfg=1, **inv)
        for ctx in ctxs:
            req = await bench.ask(ctx, at[ctx.sid])
            if fits:
                assert req.walks == int(ctx.sid in hit), f"{inv}: {req}"
    # the TLB is still warm: bring configurations back without translations
    if fits:
        await bench.inv(cfg=1, sidmask=0xFFFF)
        for ctx in ctxs:
            await bench.ask(ctx, at[ctx.sid], kind=CFG)
            assert await bench.walks_for(ctx, at[ctx.sid]) == 0
    # a configuration that is found in the very cycle of its invalidation
    ctx, bench.latency = ctxs[0], (3, 3)
    for gap in list(range(14)) * 3:
        await bench.inv(cfg=1, sid=ctx.sid)
        bench.send(ctx, VA, kind=CFG, slot=bench.slots)
        await bench.wait(gap)
        ctx.overrides.append({"shcfg": len(ctx.overrides) % 4})
        await bench.inv(cfg=1, sid=ctx.sid)
        await bench.idle()
        await bench.ask(ctx, at[ctx.sid])  # compared with the newest


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_front_overtaken(dut) -> None:
    """D18: an overtaken walk answers once, fills nothing, is joined by nobody."""
    bench = await Bench(dut).start()
    world = bench.world
    ctx = world.context(1)
    leaf = world.map(ctx, VA)
    bench.latency = (3, 3)
    bench.hold = True
    owner = bench.send(ctx, VA, slot=0)
    await bench.wait(10)
    waiter = bench.send(ctx, VA, tbu=bench.tbus - 1, slot=1)
    await bench.wait(10)
    assert len(bench.started) == 1
    world.remap(leaf)
    await bench.inv(source=1, **by_va(ctx, VA))
    late = bench.send(ctx, VA + 8, slot=2)
    await bench.wait(10)
    assert len(bench.started) == 2, "a new walk beside the overtaken one"
    bench.hold = False
    await bench.idle()
    assert owner.how == "ONCE" and waiter.how == late.how == "OK"
    assert owner.ent["ppn"] == leaf.frames[0] and late.ent["ppn"] == leaf.frames[1]
    # alone: nobody else puts a new entry over what it might have left
    world.remap(leaf)
    await bench.inv(**by_va(ctx, VA))
    bench.hold = True
    owner = bench.send(ctx, VA, slot=0)
    await bench.wait(12)
    world.remap(leaf)
    await bench.inv(**by_va(ctx, VA))
    bench.hold = False
    await bench.idle()
    assert owner.how == "ONCE" and owner.ent["ppn"] == leaf.frames[-2]
    assert await bench.walks_for(ctx, VA) == 1, "nothing was kept"
    # a result that is being offered when the invalidation comes
    for gap in range(12):
        world.remap(leaf)
        await bench.inv(**by_va(ctx, VA))
        req = bench.send(ctx, VA, slot=0)
        await bench.wait(gap)
        world.remap(leaf)
        await bench.inv(**by_va(ctx, VA))
        await bench.idle()
        assert req.how in ("OK", "ONCE")
        again = await bench.ask(ctx, VA)
        assert again.ent["ppn"] == leaf.frames[-1]
