# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_walker: invalidations of what it holds and of walks on their way (D8, D15, D18)."""

from __future__ import annotations

import cocotb
from cocotb.triggers import FallingEdge

from tb.models.smmu_ref import Transaction
from tb.models.vmsa import Stage1Leaf
from tests.unit.walker_bench import Bench, seeded
from tests.unit.walker_scene import VA, Scene


def line_hash(pa: int) -> int:
    """Hash by which smmu_walk_bursts compares the lines of two addresses."""
    return (pa >> 6 ^ pa >> 22 ^ pa >> 38) & 0xFFFF


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def test_walker_overtaken(dut) -> None:
    """D8, D18, UPD-010: a walk overtaken at any time answers once and installs nothing."""
    rng = seeded()
    scene = Scene(rng)
    stream, context = scene.nested()
    scene.map(stream, context, VA)
    bench = await Bench(dut, scene).start()
    bench.latency = (3, 3)
    everything = {"s1": 1, "s2": 1}
    cold = len((await bench.translate(Transaction(5, VA, True))).reads)
    invs = [
        {"cfg": 1, "sid": 5},
        {"s1": 1, "s2": 1, "vmidv": 1, "vmid": 7},
        {"s1": 1, "vmidv": 1, "vmid": 7, "asidv": 1, "asid": 1},
        {"s1": 1, "vmidv": 1, "vmid": 7, "asidv": 1, "asid": 9, "vav": 1, "vpn": 0x99},
        {"s2": 1, "vmidv": 1, "vmid": 6, "vmw": 1, "vav": 1, "vpn": 0x5},
    ]
    for delay in rng.sample(range(1, 130), 60):
        inv = rng.choice(invs + 3 * invs[:2])
        await bench.invalidate(**everything)
        bench.config.clear()
        walk = bench.send(Transaction(5, VA, True))
        for _ in range(delay):
            await FallingEdge(dut.clk_i)
        walk.met = False
        await bench.invalidate(**inv)
        await bench.idle()
        busy, filled_before = walk.met, walk.met_filled
        assert walk.ent is not None
        known = filled_before or inv.get("cfg")
        if busy and known:
            assert walk.once, f"delay {delay} {inv}: not marked"
            assert walk.filled == filled_before, "configuration installed after the invalidation"
        await bench.check([walk])
        if busy and known and not inv.get("vav") and inv.get("s2") and inv.get("s1"):
            after = await bench.translate(Transaction(5, VA, True))
            assert len(after.reads) == cold, f"{len(after.reads)} reads after, {cold} cold"
            await bench.check([after])
    # another VMID or ASID leaves a walk alone
    for inv in ({"s1": 1, "s2": 1, "vmidv": 1, "vmid": 8}, {"cfg": 1, "sid": 4},
                {"s1": 1, "vmidv": 1, "vmid": 7, "asidv": 1, "asid": 2}):  # fmt: skip
        await bench.invalidate(**everything)
        walk = bench.send(Transaction(5, VA, True))
        while not walk.filled:
            await FallingEdge(dut.clk_i)
        await bench.invalidate(**inv)
        await bench.idle()
        assert not walk.once, f"{inv} must not reach this walk"
        await bench.check([walk])


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_overtaken_each_cycle(dut) -> None:
    """D8: what a walk fills in the cycle before an invalidation, or in it, goes with it."""
    scene = Scene(seeded())
    stream, context = scene.nested()
    scene.map(stream, context, VA)
    bench = await Bench(dut, scene).start()
    bench.haste = 1.0
    txn = Transaction(5, VA, True)
    cold = len((await bench.translate(txn)).reads)
    judged, ended = 0, False
    for delay in range(1, 400):
        await bench.invalidate(s1=1, s2=1)
        walk = bench.send(txn)
        for _ in range(delay):
            await FallingEdge(dut.clk_i)
        walk.met = False
        await bench.invalidate(s1=1, s2=1)
        await bench.idle()
        ended = not walk.met
        if ended:
            break
        if walk.met_filled:
            after = await bench.translate(txn)
            assert len(after.reads) == cold, f"delay {delay}: {len(after.reads)} reads, {cold} cold"
            judged += 1
    assert ended and judged > cold, f"{judged} places of the walk"


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_inv_count_by_tag(dut) -> None:
    """TAG-020: walk data named goes, whoever walked last; that of another VMID stays."""
    scene = Scene(seeded())
    stream, context = scene.nested()
    other = scene.stream(6, stage2=scene.stage2(12, start_level=0, input_bits=48))
    scene.map(stream, context, VA)
    scene.map(other, scene.context(other, asid=9), VA + (1 << 39))
    bench = await Bench(dut, scene).start()
    bench.use_config = True
    mine, its = Transaction(5, VA, True), Transaction(6, VA + (1 << 39), True)

    async def reads(txn: Transaction) -> int:
        walk = await bench.translate(txn)
        await bench.check([walk])
        return len(walk.reads)

    named = {"vmidv": 1, "vmid": 7}
    for inv in ({"s1": 1, "s2": 1, **named}, {"s2": 1, **named},
                {"s1": 1, "asidv": 1, "asid": 1, **named},
                {"s1": 1, "asidv": 1, "asid": 1, "vav": 1, "vpn": VA >> 12, **named}):  # fmt: skip
        for txn in (mine, its):
            await reads(txn)
            assert not await reads(txn), "nothing is kept"
        await bench.invalidate(**inv)
        assert not await reads(its), f"{inv}: another VMID went"
        assert await reads(mine), f"{inv}: still there"


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_same_hash(dut) -> None:
    """D4, D8: lines of one hash, both of a walk that keeps neither: it still ends."""
    scene = Scene(seeded())
    stream, context = scene.nested()
    scene.map(stream, context, VA)
    bench = await Bench(dut, scene).start()
    space, tree, memory = stream.stage2, context.tree, scene.memory
    table = tree.entry_address(VA, 3) & -4096
    # any hash is that of some page of 256 MB
    start = scene.alloc(1 << 28, 1 << 28)
    for level in range(4):
        wanted = line_hash(space.tree.entry_address(table, 3 - level))
        inside = tree.entry_address(VA, 3) & 4095
        moved = next(pa for pa in range(start, start + (1 << 28), 4096)
                     if line_hash(pa + inside) == wanted)  # fmt: skip
        memory.poke(moved, memory.peek(space.to_pa(table), 4096))
        space.tree.map(table, moved, 4096)
        for delay in (1, 12, 30):
            await bench.invalidate(s1=1, s2=1)
            bench.config.clear()
            walk = bench.send(Transaction(5, VA, True))
            for _ in range(delay):
                await FallingEdge(dut.clk_i)
            await bench.invalidate(cfg=1, sid=5)
            await bench.idle()
            assert walk.once, "the invalidation came too late to overtake it"
            await bench.check([walk])


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def test_walker_remap(dut) -> None:
    """TAG-020, VM1-033: tables change, TLBI, walks see the new ones; absent ones need none."""
    rng = seeded()
    scene = Scene(rng)
    stream, context = scene.nested()
    pages = [VA + 0x1000 * i for i in range(12)]
    mapped: set[int] = set()
    bench = await Bench(dut, scene).start()
    bench.use_config = True
    bench.latency = (1, 6)
    for _ in range(12):
        for va in rng.sample(pages, 5):
            _, descriptor = context.tree.leaf_of(va) or (3, 0)
            if va in mapped and not descriptor >> 10 & 1:
                # so does AF=0 to AF=1
                context.tree.put(va, 3, descriptor | 1 << 10)
            elif va in mapped:
                # a global page goes whatever ASID is named (TAG-005)
                asid = 1 if descriptor >> 11 & 1 else rng.choice([1, 9])
                context.tree.unmap(va, 0x1000)
                mapped.discard(va)
                await bench.invalidate(
                    s1=1,
                    vmidv=1,
                    vmid=7,
                    asidv=1,
                    asid=asid,
                    vav=1,
                    vpn=va >> 12,
                    leaf=rng.randrange(2),
                )
            else:
                # invalid to valid needs no invalidation: never kept (TAG-018)
                scene.map(
                    stream,
                    context,
                    va,
                    leaf=Stage1Leaf(af=rng.random() < 0.6, ng=rng.random() < 0.5),
                )
                mapped.add(va)
        for va in rng.sample(pages, 8):
            bench.send(Transaction(5, va, True))
        await bench.idle()
        await bench.check()
    # stage 2 moves: by-IPA invalidation is enough for walk data (TAG-021)
    va = min(mapped)
    _, descriptor = context.tree.leaf_of(va)
    ipa = descriptor & 0xFFFF_FFFF_F000
    stream.stage2.tree.map(ipa, 0x77_0000_0000, 0x1000)
    await bench.invalidate(s2=1, vmidv=1, vmid=7, vav=1, vpn=ipa >> 12, leaf=1)
    walk = await bench.translate(Transaction(5, va, True))
    await bench.check([walk])


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_held_neighbours(dut) -> None:
    """D15, TAG-018: of a held line only what is free of faults and errors is used."""
    scene = Scene(seeded())
    stream, context = scene.nested()
    base = VA & -0x8000
    scene.map(stream, context, base)
    scene.map(stream, context, base + 0x2000)
    scene.map(stream, context, base + 0x4000, leaf=Stage1Leaf(af=False))
    bench = await Bench(dut, scene).start()
    bench.use_config = True
    tree = context.tree
    entry = stream.stage2.to_pa(tree.entry_address(base + 0x2000, 3))
    broken = scene.memory.add_error(entry & -16, 16)

    async def walk(offset: int) -> bool:
        found = await bench.translate(Transaction(5, base + offset, True))
        await bench.check([found])
        return found.ent is not None

    assert await walk(0), "an error on a neighbour beat has no effect"
    assert not await walk(0x2000)
    assert not await walk(0x4000)
    assert not await walk(0x6000)
    # none of them was kept: without any invalidation the next try sees memory
    scene.memory.remove_error(broken)
    tree.put(base + 0x4000, 3, tree.get(base + 0x4000, 3) | 1 << 10)
    scene.map(stream, context, base + 0x6000)
    for offset in (0x4000, 0x6000, 0x2000):
        assert await walk(offset), f"page at 0x{offset:x}"


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_inv_each_cache(dut) -> None:
    """TAG-020, TLB-024: a moved table or table page is found after its own invalidation."""
    scene = Scene(seeded())
    stream, context = scene.nested()
    scene.map(stream, context, VA)
    bench = await Bench(dut, scene).start()
    bench.use_config = True
    space, tree, memory = stream.stage2, context.tree, scene.memory
    address = (1 << 48) - 1 & -4096

    async def stale_then(**inv: int) -> None:
        """The old answer is kept until it is invalidated, and gone after."""
        await bench.invalidate(**{"vmidv": 1, "vmid": 7, "vav": 1, **inv})
        found = await bench.translate(Transaction(5, VA, True))
        await bench.check([found])
        assert found.ent is not None

    async def warm() -> None:
        found = await bench.translate(Transaction(5, VA, True))
        await bench.check([found])

    await warm()
    # stage 1 level 2 entry: another level 3 table (stage 1 walk cache)
    old = tree.get(VA, 2)
    fresh = space.alloc(4096, 4096)
    page = memory.peek(space.to_pa(old & address), 4096)
    memory.poke(space.to_pa(fresh), page)
    leaf_at = space.to_pa(fresh) + 8 * (VA >> 12 & 511)
    memory.poke64(leaf_at, memory.peek64(leaf_at) ^ (1 << 7))  # read-only now
    tree.put(VA, 2, fresh | 3)
    await stale_then(s1=1, asidv=1, asid=1, vpn=VA >> 12)
    # the page of that level 3 table moves (stage 2 leaf cache), its leaf becomes writable
    moved = scene.alloc(4096, 4096)
    memory.poke(moved, memory.peek(space.to_pa(fresh), 4096))
    memory.poke64(moved + 8 * (VA >> 12 & 511), memory.peek64(leaf_at) ^ (1 << 7))
    space.tree.map(fresh, moved, 4096)
    # stage 1 lines hold the old leaf: the command pair of TAG-021
    await bench.invalidate(s1=1, vmidv=1, vmid=7, vav=1, vpn=VA >> 12, leaf=1)
    await stale_then(s2=1, vpn=fresh >> 12, leaf=1)
    # stage 2 level 2 entry of the output: another level 3 table (stage 2 walk cache)
    ipa = tree.get(VA, 3) & address
    copy = scene.alloc(4096, 4096)
    memory.poke(copy, memory.peek(space.tree.get(ipa, 2) & address, 4096))
    space.tree.put(ipa, 2, copy | 3)
    space.tree.put(ipa, 3, space.tree.get(ipa, 3) ^ 1 << 40)
    await stale_then(s2=1, vpn=ipa >> 12)
