# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_front: lookups, misses, and the order of answers and invalidations."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import FallingEdge

from tests.unit import messages as msg
from tests.unit.front_bench import CFG, DN_KIND, UUT, Bench
from tests.unit.front_world import BYP, PAGE_BITS, S1, S2, S12, Leaf, World, half_page

VA = 0x12_3456_7000
HIGH = 0xFFFF_8000_0000_0000
READ_ONLY = 0b001001  # both privileges


async def _bench(dut, world: World | None = None) -> Bench:
    rng = random.Random(cocotb.RANDOM_SEED)
    bench = Bench(dut, world or World(), rng)
    await bench.start()
    return bench


def _by_va(ctx, leaf_or_va: Leaf | int, **more: int) -> dict[str, int]:
    page = leaf_or_va.base if isinstance(leaf_or_va, Leaf) else half_page(leaf_or_va)
    return {"s1": 1, "vmidv": 1, "vmid": ctx.vmid, "vav": 1, "vpn": page} | more


async def _walks(bench: Bench, ctx, va: int, **how) -> int:
    """Walks a request needs now."""
    req = await bench.ask(ctx, va, **how)
    assert req.how in ("OK", "ONCE"), f"{req}"
    return req.walks


# ---- lookups ---------------------------------------------------------------------------------


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_front_smoke(dut) -> None:
    """D7, D13: a miss walks and fills, the next one hits within 12 cycles of its request."""
    bench = await _bench(dut)
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
    bench = await _bench(dut)
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
    bench = await _bench(dut)
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
            assert await _walks(bench, ctx, base) == 1, f"size {size}"
            for _ in range(3):
                va = base ^ rng.getrandbits(bits)
                if ctx.tbi:
                    va ^= rng.getrandbits(8) << 56
                assert await _walks(bench, ctx, va, rnw=bool(rng.getrandbits(1))) == 0, f"{size}"
            if ctx.tbi:  # the same page, another top byte: another ENT.VPN, the same entry
                assert await _walks(bench, ctx, base ^ 0xA5 << 56) == 0


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_front_tags(dut) -> None:
    """TAG-001..004: VMID, ASID, ASET and global decide who may use an entry."""
    bench = await _bench(dut)
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
    assert await _walks(bench, owner, VA) == 1
    assert (await bench.ask(shared, VA, kind=CFG)).how == "CFG"  # brings its configuration
    assert await _walks(bench, shared, VA) == 0
    for ctx in others:
        assert (await bench.ask(ctx, VA)).how == "ABORT", "nothing is mapped there"
    common = VA + 0x10_0000
    leaf = world.map(owner, common, ng=0)
    assert await _walks(bench, owner, common) == 1
    assert await _walks(bench, others[1], common) == 0, "global: any ASID"
    for ctx in (others[0], others[2], others[3]):  # VMID, ASET, stage
        assert (await bench.ask(ctx, common)).how == "ABORT"
    await bench.inv(**_by_va(owner, leaf, asidv=1, asid=77))
    assert await _walks(bench, others[1], common) == 1, "by address a global entry goes"


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_front_config(dut) -> None:
    """STE-005, TRN-026..030, D2: bypass, abort, can-stall answers and range errors."""
    bench = await _bench(dut)
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
    bench = await _bench(dut)
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
    bench = await _bench(dut)
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
    bench = await _bench(dut)
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
    bench = await _bench(dut)
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


# ---- invalidation ------------------------------------------------------------------------------


async def _remap(bench: Bench, leaf: Leaf, **inv: int) -> int:
    """Remap and invalidate; cycles of the invalidation."""
    bench.world.remap(leaf)
    inval = await bench.inv(**inv)
    return inval.done - inval.offered + 1


@cocotb.test(timeout_time=400, timeout_unit="us")
async def test_front_inv_scope(dut) -> None:
    """TAG-005..009, TAG-017, TAG-021: each form removes what it names and leaves the rest."""
    bench = await _bench(dut)
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
        "a b n": _by_va(ctxs["a"], VA),
        "b": _by_va(ctxs["a"], VA, asidv=1, asid=2),
        "g": _by_va(ctxs["a"], VA + 0x1000, asidv=1, asid=2),
        "s2 ": dict(s2=1, vmidv=1, vmid=4, vav=1, vpn=half_page(VA)),
        " ": _by_va(ctxs["a"], VA + 0x2000),
        "g ": _by_va(ctxs["a"], VA + 0x1000, range=1, end=half_page(VA + 0x2000)),
    }

    async def missing() -> set[str]:
        lost = {n for n, ctx in ctxs.items() if await _walks(bench, ctx, home[n])}
        return lost | ({"g"} if await _walks(bench, ctxs["a"], VA + 0x1000) else set())

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
    bench = await _bench(dut)
    world = bench.world
    ctx = world.context(1)
    # each in its own set
    leaves = [world.map(ctx, (s + 1) << 40 | s << PAGE_BITS[s], s) for s in range(6)]
    for n, leaf in enumerate(leaves):
        va = leaf.base << 12
        assert await _walks(bench, ctx, va) == 1
        cost = await _remap(bench, leaf, **_by_va(ctx, va + 0x800))
        assert await _walks(bench, ctx, va) == 1, "the old entry is gone"
        for other in leaves[:n]:
            assert await _walks(bench, ctx, other.base << 12) == 0, "others stay"
        cocotb.log.info("%d sizes: INV by address takes %d cycles", n + 1, cost)
        assert cost <= 8
    # a 2M block of stage 1 in pieces of 4K: any address of it reaches all of them
    block = 1 << 45
    pieces = [world.map(ctx, block + (i << 12), s1size=3) for i in (0, 1, 300, 511)]
    for piece in pieces:
        assert await _walks(bench, ctx, piece.base << 12) == 1
        world.remap(piece)
    inval = await bench.inv(**_by_va(ctx, block + (77 << 12)))
    assert inval.done - inval.offered <= bench.sets + 6
    for piece in pieces:
        assert await _walks(bench, ctx, piece.base << 12) == 1, "every fragment is gone"
    # without fragments it is short again
    await bench.inv(**_by_va(ctx, block))
    inval = await bench.inv(**_by_va(ctx, block))
    assert inval.done - inval.offered + 1 <= 8


@cocotb.test(timeout_time=400, timeout_unit="us")
async def test_front_inv_config(dut) -> None:
    """CMD-018, CMD-021, CMD-026: CFGI drops what it names, and nothing of the TLB."""
    bench = await _bench(dut)
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
            assert await _walks(bench, ctx, at[ctx.sid]) == 0
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
    bench = await _bench(dut)
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
    await bench.inv(source=1, **_by_va(ctx, VA))
    late = bench.send(ctx, VA + 8, slot=2)
    await bench.wait(10)
    assert len(bench.started) == 2, "a new walk beside the overtaken one"
    bench.hold = False
    await bench.idle()
    assert owner.how == "ONCE" and waiter.how == late.how == "OK"
    assert owner.ent["ppn"] == leaf.frames[0] and late.ent["ppn"] == leaf.frames[1]
    # alone: nobody else puts a new entry over what it might have left
    world.remap(leaf)
    await bench.inv(**_by_va(ctx, VA))
    bench.hold = True
    owner = bench.send(ctx, VA, slot=0)
    await bench.wait(12)
    world.remap(leaf)
    await bench.inv(**_by_va(ctx, VA))
    bench.hold = False
    await bench.idle()
    assert owner.how == "ONCE" and owner.ent["ppn"] == leaf.frames[-2]
    assert await _walks(bench, ctx, VA) == 1, "nothing was kept"
    # a result that is being offered when the invalidation comes
    for gap in range(12):
        world.remap(leaf)
        await bench.inv(**_by_va(ctx, VA))
        req = bench.send(ctx, VA, slot=0)
        await bench.wait(gap)
        world.remap(leaf)
        await bench.inv(**_by_va(ctx, VA))
        await bench.idle()
        assert req.how in ("OK", "ONCE")
        again = await bench.ask(ctx, VA)
        assert again.ent["ppn"] == leaf.frames[-1]


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_front_inv_storm(dut) -> None:
    """D18: back-to-back invalidations of both sources starve neither lookups nor walks."""
    bench = await _bench(dut)
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
    bench = await _bench(dut)
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
    bench = await _bench(dut)
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


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_front_reset_sweep(dut) -> None:
    """D11: what the RAMs hold at power-up never hits, in any set."""
    bench = await _bench(dut)
    world = bench.world
    for ctx in (world.context(1), world.context(2, stage=S2), world.context(3, stage=S12)):
        await bench.ask(ctx, 0, kind=CFG)
        leaves = [world.map(ctx, 0x1000 * i) for i in range(min(bench.sets, 16))]
        for leaf in leaves:
            assert await _walks(bench, ctx, leaf.base << 12) == 1
    # reset again, full of entries
    dut.rst_ni.value = 0
    await bench.wait(3)
    dut.rst_ni.value = 1
    while not int(dut.tcu_ready_o.value):
        await FallingEdge(dut.clk_i)
    for ctx in list(world.contexts.values()):
        assert await _walks(bench, ctx, 0x1000) == 1


# ---- everything at once --------------------------------------------------------------------------


async def _random(dut, rounds: int, storms: bool) -> None:
    bench = await _bench(dut)
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
