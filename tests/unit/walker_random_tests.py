# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_walker: random streams and requests, answers equal to the reference model."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import FallingEdge

from tb.models.fields import S1Dss, S1Fmt
from tb.models.smmu_ref import Transaction
from tb.models.vmsa import Stage1Leaf, Stage2Leaf, TableBits
from tests.unit import messages as msg
from tests.unit.walker_bench import CFG, Bench, seeded
from tests.unit.walker_scene import Scene, Stream, all_granules


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
    rng = seeded()
    scene = _random_scene(rng, errors)
    bench = await Bench(dut, scene).start()
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
