# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_walker against the reference model (architecture D4-D8, D15, D18)."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import FallingEdge

from sim import runner
from tb.models.fields import S1Dss, S1Fmt
from tb.models.smmu_ref import Transaction
from tb.models.vmsa import Stage1Leaf, Stage2Leaf, TableBits
from tests.unit import messages as msg
from tests.unit.walker_bench import CFG, UUT, Bench
from tests.unit.walker_scene import Context, Scene, Stream, all_granules

VA = 0x12_3456_7000


def _rng() -> random.Random:
    return random.Random(cocotb.RANDOM_SEED)


def _slots() -> int:
    return runner.current_params()["WALK_SLOTS"]


async def _bench(dut, scene: Scene, rng: random.Random) -> Bench:
    bench = Bench(dut, scene, rng, slots=_slots())
    await bench.start()
    return bench


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_walker_smoke(dut) -> None:
    """TRN-001, D5: a stage 1 walk; each AR one cycle after the beat it depends on."""
    rng = _rng()
    scene = Scene(rng)
    stream = scene.stream(3)
    context = scene.context(stream)
    scene.map(stream, context, VA)
    bench = await _bench(dut, scene, rng)
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


def _nested(scene: Scene, stride: int = 0) -> tuple[Stream, Context]:
    space = scene.stage2(7, input_bits=48, start_level=0, stride=stride)
    stream = scene.stream(5, stage2=space)
    return stream, scene.context(stream)


async def _count(dut, stride: int, limit: int) -> None:
    rng = _rng()
    scene = Scene(rng)
    stream, context = _nested(scene, stride)
    base = VA & -0x10000
    for page in (32, 0, 1, 8):  # the first one makes the tables
        scene.map(stream, context, base + 0x1000 * page)
    bench = await _bench(dut, scene, rng)
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


# ---- random ------------------------------------------------------------------------------------


def _random_leaf1(rng: random.Random) -> Stage1Leaf:
    flags = {name: rng.random() < 0.15 for name in ("uxn", "pxn", "contiguous", "dbm")}
    return Stage1Leaf(
        writable=rng.random() < 0.8, user=rng.random() < 0.8, attr_index=rng.randrange(8),
        sh=rng.randrange(4), af=rng.random() < 0.93, ng=rng.random() < 0.5, **flags,
    )  # fmt: skip


def _random_leaf2(rng: random.Random) -> Stage2Leaf:
    return Stage2Leaf(
        readable=rng.random() < 0.9, writable=rng.random() < 0.8, mem_attr=rng.randrange(16),
        sh=rng.randrange(4), af=rng.random() < 0.93, xn=rng.choice([0, 0, 1, 2, 3]),
    )  # fmt: skip


def _random_contexts(scene: Scene, rng: random.Random, stream: Stream, ssids: list[int]) -> None:
    for ssid in ssids:
        granule = rng.choice(all_granules())
        context = scene.context(
            stream, ssid, asid=rng.randrange(1 << 16), granule=granule,
            input_bits=rng.randint(25, 48), upper=rng.random() < 0.5,
            ips=rng.choice([5, 5, 5, 6, 4]), wxn=rng.randrange(2), pan=rng.randrange(2),
            had0=rng.randrange(2), had1=rng.randrange(2), affd=rng.random() < 0.2,
            tbi0=rng.randrange(2), tbi1=rng.randrange(2), s=rng.random() < 0.3,
            r=rng.randrange(2), a=rng.randrange(2),
        )  # fmt: skip
        tree = context.tree
        high = -1 << tree.input_bits if tree.upper else 0
        for _ in range(6):
            va = (rng.getrandbits(tree.input_bits) | high) & ((1 << 64) - 1)
            level = rng.choice([lv for lv in granule.leaf_levels if lv >= tree.start_level])
            near = [va ^ bit for bit in (0, granule.leaf_size(level), 2 * granule.leaf_size(level))]
            bits = TableBits(
                ap_table=rng.choice([0, 0, 1, 2]), uxn_table=rng.random() < 0.2,
                pxn_table=rng.random() < 0.2,
            )  # fmt: skip
            for at in near:
                try:
                    scene.map(
                        stream, context, at, level, _random_leaf1(rng), _random_leaf2(rng), bits
                    )
                except ValueError:
                    continue  # outside the tree, or below a block


def _random_scene(rng: random.Random, errors: bool) -> Scene:
    scene = Scene(rng, two_level=rng.random() < 0.5, split=rng.choice([6, 8, 10]))
    overrides = lambda: {  # noqa: E731
        "instcfg": rng.choice([0, 0, 2, 3]), "privcfg": rng.choice([0, 0, 2, 3]),
        "mtcfg": rng.randrange(2), "memattr": rng.randrange(16), "alloccfg": rng.randrange(16),
        "shcfg": rng.randrange(4), "s2affd": rng.random() < 0.2, "s2ptw": rng.random() < 0.2,
    }  # fmt: skip
    scene.bypass(1, **overrides())
    scene._add(Stream(2, {"v": 1, "config": rng.randrange(4)}))
    scene._add(Stream(3, {"v": 0, "config": 4}))
    for sid in range(4, 12):
        stage1 = rng.random() < 0.75
        stage2 = None
        if not stage1 or rng.random() < 0.6:
            granule = rng.choice(all_granules())
            stage2 = scene.stage2(
                sid, granule, input_bits=rng.randint(36, 48) if granule.shift > 12
                else rng.randint(32, 48),
            )  # fmt: skip
            stage2.next_ipa = 0x10_0000
        cdmax = rng.choice([0, 1, 8, 12]) if stage1 else 0
        fmt = rng.choice([S1Fmt.LINEAR, S1Fmt.L2_4K, S1Fmt.L2_64K])
        extra = overrides()
        if stage2:
            extra |= {"s2s": rng.random() < 0.3, "s2r": rng.randrange(2),
                      "s2ir0": rng.randrange(4), "s2or0": rng.randrange(4),
                      "s2sh0": rng.randrange(4)}  # fmt: skip
        if stage1:
            extra |= {"s1cir": rng.randrange(4), "s1cor": rng.randrange(4),
                      "s1csh": rng.randrange(4)}  # fmt: skip
        stream = scene.stream(
            sid, stage1=stage1, stage2=stage2, vmid=sid, cdmax=cdmax, fmt=fmt,
            dss=rng.choice(list(S1Dss)), **extra,
        )  # fmt: skip
        if stage1:
            ssids = [0] if not cdmax else sorted({0, 1, rng.randrange(1 << cdmax)})
            _random_contexts(scene, rng, stream, ssids)
        elif stage2:
            tree = stage2.tree
            for _ in range(8):
                level = rng.choice(
                    [lv for lv in tree.granule.leaf_levels if lv >= tree.start_level]
                )
                size = tree.granule.leaf_size(level)
                ipa = rng.getrandbits(tree.input_bits) & -size
                try:
                    tree.map(ipa, rng.getrandbits(48) & -size, size, _random_leaf2(rng),
                             level=level)  # fmt: skip
                except ValueError:
                    continue
                stream.ipas.append((ipa, size))
    if errors:
        for start in rng.sample(scene._starts[1:], min(6, len(scene._starts) - 1)):
            scene.errors(start + 16 * rng.randrange(8))
    return scene


def _random_txn(rng: random.Random, scene: Scene) -> Transaction:
    stream = rng.choice(scene.streams)
    sid = stream.sid if rng.random() < 0.95 else rng.randrange(1 << 16)
    ssid = None
    if stream.substreams and rng.random() < 0.8:
        ssid = rng.choice(list(stream.contexts)) if rng.random() < 0.9 else rng.getrandbits(20)
    elif rng.random() < 0.05:
        ssid = rng.randrange(4)
    context = stream.contexts.get(ssid or 0)
    pages = context.pages if context else stream.ipas
    if pages and rng.random() < 0.93:
        base, size = rng.choice(pages)
        addr = base + (rng.randrange(size) if rng.random() < 0.5 else rng.randrange(4096))
        if context and rng.random() < 0.1:
            addr ^= rng.getrandbits(8) << 56
    else:
        addr = rng.getrandbits(rng.choice([12, 30, 40, 48, 64]))
    return Transaction(
        sid, addr & ((1 << 64) - 1), rng.random() < 0.6, ssid, priv=rng.random() < 0.4,
        inst=rng.random() < 0.3, cache=rng.choice([0, 1, 2, 3, 6, 7, 10, 11, 14, 15]),
        domain=rng.randrange(4), no_stall=rng.random() < 0.2,
    )  # fmt: skip


def _random_inv(rng: random.Random, scene: Scene) -> dict[str, int]:
    """Any invalidation; more often than not one that matches something."""
    stream = rng.choice(scene.streams)
    if rng.random() < 0.3:
        return {"cfg": 1, "sid": stream.sid, "sidmask": rng.choice([0, 0, 3, 0xFFFF])}
    context = rng.choice(list(stream.contexts.values()) or [None])
    inv = {"s1": rng.randrange(2), "s2": rng.randrange(2), "vmidv": rng.random() < 0.8,
           "vmid": stream.sid, "vmw": rng.choice([0, 0, 2])}  # fmt: skip
    if context and rng.random() < 0.5:
        inv |= {"asidv": 1, "asid": context.asid}
    if context and context.pages and rng.random() < 0.5:
        base, _ = rng.choice(context.pages)
        vpn = (base >> 55 & 1) << 36 | (base >> 12 & ((1 << 36) - 1))
        inv |= {"vav": 1, "vpn": vpn, "end": vpn, "range": rng.randrange(2),
                "leaf": rng.randrange(2)}  # fmt: skip
    return {name: int(value) for name, value in inv.items()}


async def _storm(bench: Bench, rng: random.Random, scene: Scene) -> None:
    while True:
        for _ in range(rng.randrange(1, 60)):
            await FallingEdge(bench.dut.clk_i)
        bench.winv.append(msg.pack("INV", **_random_inv(rng, scene)))


async def _random(dut, count: int, *, errors: bool, slow: bool, storm: bool = False) -> None:
    rng = _rng()
    scene = _random_scene(rng, errors)
    bench = await _bench(dut, scene, rng)
    bench.use_config = rng.random() < 0.6
    bench.latency = rng.choice([(1, 1), (1, 12), (10, 40)])
    if slow:
        bench.ready = {name: rng.choice([0.2, 0.5, 0.9]) for name in bench.ready}
    kinds = {"OK": 0, "FLT": 0}
    task = cocotb.start_soon(_storm(bench, rng, scene)) if storm else None
    for _ in range(count // 40):
        walks = [
            bench.send(_random_txn(rng, scene), CFG if rng.random() < 0.05 else 0, rng.randrange(4))
            for _ in range(40)
        ]
        await bench.idle()
        assert sorted(w.slot for w in walks) == sorted(bench.wfree), "one release per walk"
        bench.wfree.clear()
        for walk in walks:
            kinds["OK" if walk.ent else "FLT"] += 1
        await bench.check()
    if task is not None:
        task.cancel()
    cocotb.log.info("results %s", kinds)
    assert kinds["OK"] > count // 20 and kinds["FLT"] > count // 20, "the scene is too one-sided"


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def test_walker_random(dut) -> None:
    """TRN-001..041, VM1-*, VM2-*, NST-*: random streams and requests, many at once."""
    await _random(dut, 400, errors=False, slow=False)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def test_walker_random_slow(dut) -> None:
    """The same with every interface holding back at times."""
    await _random(dut, 240, errors=False, slow=True)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def test_walker_random_errors(dut) -> None:
    """TRN-011, TRN-024, TRN-041, D15: external aborts at random places."""
    await _random(dut, 240, errors=True, slow=False)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def test_walker_random_storm(dut) -> None:
    """D8, D18: invalidations at any time change no result and stop no walk."""
    await _random(dut, 240, errors=False, slow=False, storm=True)


# ---- faults at each step -------------------------------------------------------------------------


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_error_each_fetch(dut) -> None:
    """TRN-002, TRN-037, TRN-038: an abort of each read of a nested walk in turn."""
    rng = _rng()
    scene = Scene(rng, two_level=True)
    space = scene.stage2(7, input_bits=40)
    stream = scene.stream(5, stage2=space, cdmax=8, fmt=S1Fmt.L2_4K)
    context = scene.context(stream, 9)
    scene.map(stream, context, VA)
    bench = await _bench(dut, scene, rng)
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


# ---- invalidation ----------------------------------------------------------------------------


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def test_walker_overtaken(dut) -> None:
    """D8, D18, UPD-010: a walk overtaken at any time answers once and installs nothing."""
    rng = _rng()
    scene = Scene(rng)
    stream, context = _nested(scene)
    scene.map(stream, context, VA)
    bench = await _bench(dut, scene, rng)
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


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def test_walker_remap(dut) -> None:
    """TAG-020, VM1-033: tables change, TLBI, walks see the new ones; absent ones need none."""
    rng = _rng()
    scene = Scene(rng)
    stream, context = _nested(scene)
    pages = [VA + 0x1000 * i for i in range(12)]
    mapped: set[int] = set()
    bench = await _bench(dut, scene, rng)
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
    rng = _rng()
    scene = Scene(rng)
    stream, context = _nested(scene)
    base = VA & -0x8000
    scene.map(stream, context, base)
    scene.map(stream, context, base + 0x2000)
    scene.map(stream, context, base + 0x4000, leaf=Stage1Leaf(af=False))
    bench = await _bench(dut, scene, rng)
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
    rng = _rng()
    scene = Scene(rng)
    stream, context = _nested(scene)
    scene.map(stream, context, VA)
    bench = await _bench(dut, scene, rng)
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


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_shared_line(dut) -> None:
    """D4: many walks in one line at once: one read of it, the others wait and are woken."""
    rng = _rng()
    scene = Scene(rng)
    stream, context = _nested(scene)
    base = VA & -0x8000
    for i in range(8):
        scene.map(stream, context, base + 0x1000 * i)
    bench = await _bench(dut, scene, rng)
    bench.latency = (8, 8)
    # sharing shows only while the lines are held: the bench forbids two reads of one at once
    for _ in range(3):
        for i in rng.sample(range(8), 8):
            bench.send(Transaction(5, base + 0x1000 * i, True))
        await bench.idle()
        await bench.check()
        await bench.invalidate(s1=1, s2=1)
        bench.use_config = True


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_fault_turns(dut) -> None:
    """D10: faults of one TBU do not delay those of another; ok never waits for flt."""
    rng = _rng()
    scene = Scene(rng)
    stream = scene.stream(3)
    context = scene.context(stream)
    scene.map(stream, context, VA)
    bench = await _bench(dut, scene, rng)
    bench.ready["flt"] = 0.0
    for i in range(min(2, _slots() - 1)):
        bench.send(Transaction(3, VA + 0x10_0000 + 0x1000 * i, True), tbu=0)
    if _slots() > 2:
        good = bench.send(Transaction(3, VA, True), tbu=1)
        for _ in range(200):
            await FallingEdge(dut.clk_i)
        assert good.ent is not None, "a translation waited for a blocked fault"
    bench.ready["flt"] = 1.0
    await bench.idle()
    await bench.check()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_kinds(dut) -> None:
    """FLT-018: F_UUT before any read; D2: a configuration request stops after the CD."""
    rng = _rng()
    scene = Scene(rng)
    stream = scene.stream(3)
    context = scene.context(stream, s=1)
    scene.map(stream, context, VA)
    bench = await _bench(dut, scene, rng)
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
    rng = _rng()
    scene = Scene(rng)
    walks = []
    for sid, bits in ((4, 40), (5, 41), (6, 42), (7, 31), (8, 32)):
        stream = scene.stream(sid)
        context = scene.context(stream, input_bits=bits, asid=sid)
        for va in (0x1000, (1 << bits) - 0x1000):
            scene.map(stream, context, va)
            walks.append(Transaction(sid, va, True))
    bench = await _bench(dut, scene, rng)
    for txn in walks * 2:
        bench.send(txn)
    await bench.idle()
    await bench.check()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_walker_blocks_all_sizes(dut) -> None:
    """TRN-050, NST-013: every pair of stage 1 and stage 2 leaf sizes."""
    rng = _rng()
    scene = Scene(rng)
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
    bench = await _bench(dut, scene, rng)
    for txn in bench_walks:
        bench.send(txn)
    await bench.idle(60000)
    assert all(w.ent for w in bench.finished)
    await bench.check()
