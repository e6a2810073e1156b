# SPDX-License-Identifier: Apache-2.0
"""Main TLB: hits behind uTLB misses, and its invalidation (architecture D7, D14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cocotb

from tb.bench.figures import record
from tb.bench.hits import both_directions, warm_space
from tb.bench.scene import LIMIT_MS, PAGE, RAM_BASE, Scene, Space
from tb.models.fields import Cmd, SyncCs, TlbiTg
from tb.models.smmu_ref.queues import COMMAND_SIZE, advance, slot_address, used
from tb.models.vmsa import GRANULE_4K, GRANULE_16K, GRANULE_64K, Granule, PageTable, Stage2Leaf

COUNT = 10_000
FIRST_SIZED_SID = 11
# Every leaf size of the architecture: granule and level.
SIZES: tuple[tuple[Granule, int], ...] = (
    (GRANULE_4K, 3), (GRANULE_4K, 2), (GRANULE_4K, 1), (GRANULE_16K, 3), (GRANULE_16K, 2),
    (GRANULE_64K, 3), (GRANULE_64K, 2),
)  # fmt: skip
OTHER_VMID, OTHER_ASID = 77, 77  # nothing is cached under these
SETTLE = 8  # commands before a step of CONS counts


class Sized:
    """One leaf of one size in a stage 1 of its own; its VA reaches the data memory."""

    def __init__(self, scene: Scene, index: int, granule: Granule, level: int) -> None:
        self.sid = FIRST_SIZED_SID + index
        tree = scene.prog.stream(self.sid).space(granule=granule, asid=self.sid)
        self.size = granule.leaf_size(level)
        self.va = (index + 1) << 40
        tree.map(self.va, RAM_BASE & -self.size, self.size, level=level)
        self.va += RAM_BASE % self.size

    @property
    def side(self) -> dict[str, int]:
        """Sidebands of the stream."""
        return {"sid": self.sid, "ssid": 0, "ssidv": 0}


async def _every_size(scene: Scene) -> list[Sized]:
    """One entry of every size in the main TLB."""
    leaves = [Sized(scene, k, granule, level) for k, (granule, level) in enumerate(SIZES)]
    for leaf in leaves:
        assert (await scene.master.read(leaf.va, 16, **leaf.side)).ok
    return leaves


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def hits(dut: Any) -> None:
    """tlb_hit_latency, tlb_hit_rate: four times as many pages as the uTLB holds."""
    scene = await Scene.start(dut)
    space = Space(scene)
    pages = space.pages(4 * scene.param("UTLB_ENTRIES"))
    await scene.warm(space, pages)

    async def worst(touch: Callable[[int], Any]) -> int:
        """Highest latency of touching every page in turn, one at a time."""
        await scene.clear_meters()
        before = scene.reads
        for k, va in enumerate(pages):
            assert (await scene.master.read(va, 16, **space.side)).ok
            await touch(k)
        assert scene.reads == before, "the main TLB missed"
        return scene.read_meters[0].latency_max

    async def nothing(k: int) -> None:
        del k

    record("tlb_hit_latency", pages_4k=await worst(nothing))
    ring = [{"addr": pages[k % len(pages)], "id": k, **space.side} for k in range(256)]
    run = await scene.master.generate(ring, COUNT)
    assert run.errors == 0
    record("tlb_hit_rate", per_cycle=COUNT / (run.last - run.first + 1))

    leaves = await _every_size(scene)

    async def one_size(k: int) -> None:
        if k % len(SIZES) == 0:  # far enough apart to have left the uTLB
            leaf = leaves[k // len(SIZES) % len(SIZES)]
            assert (await scene.master.read(leaf.va, 16, **leaf.side)).ok

    record("tlb_hit_latency", any_size=await worst(one_size))
    await scene.finish()


# ---- commands -------------------------------------------------------------------------------


class Commands:
    """A command queue filled by the block, and CONS read as fast as the register port allows."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.prog = scene, scene.prog
        self.log2 = self.prog.layout.cmdq_log2
        self.prod = 0

    async def ring(self, commands: list[bytes]) -> None:
        """Append commands; one PROD write for all."""
        layout, memory = self.prog.layout, self.scene.bench.memory
        for data in commands:
            memory.poke(slot_address(layout.cmdq, self.log2, self.prod, COMMAND_SIZE), data)
            self.prod = advance(self.log2, self.prod)
        await self.prog.write("CMDQ_PROD", wr=self.prod)

    async def left(self) -> int:
        """Commands not consumed."""
        cons = (await self.prog.read("CMDQ_CONS")).rd
        return used(self.log2, self.prod, cons)

    async def mean_step(self, commands: list[bytes], settle: int = SETTLE) -> float:
        """Cycles CONS needs for a command on average, after the first ``settle``."""
        count = len(commands)
        await self.ring(commands)
        first = last = (0, 0)
        while (left := await self.left()) > 0:
            now, done = self.scene.bench.cycle, count - left
            if done >= settle:
                # a sample right behind a step is the most exact: keep where CONS moved
                if not first[0]:
                    first = (now, done)
                elif done > last[1]:
                    last = (now, done)
        assert last[1] > first[1], "CONS moved faster than it can be read"
        return (last[0] - first[0]) / (last[1] - first[1])


class Flood:
    """Commands back to back until :meth:`stop`; the queue never runs empty."""

    def __init__(self, commands: Commands, make: Callable[[], bytes]) -> None:
        self.commands, self.make = commands, make
        self.given = 0
        self._on = True
        self._task = cocotb.start_soon(self._run())

    async def _run(self) -> None:
        half = 1 << (self.commands.log2 - 1)
        while self._on:
            if await self.commands.left() < half:
                await self.commands.ring([self.make() for _ in range(half)])
                self.given += half

    async def done(self) -> int:
        """Commands consumed so far."""
        return self.given - await self.commands.left()

    async def stop(self) -> None:
        """Give no more commands and wait for the last one."""
        self._on = False
        await self._task
        while await self.commands.left():
            await self.commands.scene.bench.cycles(100)


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def invalidation_by_address(dut: Any) -> None:
    """tlbi_va_cycles: every size present once, no fragments, no traffic."""
    scene = await Scene.start(dut)
    await _every_size(scene)
    commands = Commands(scene)
    forms = {
        "leaf": {"leaf": 1},
        "tg_ttl": {"leaf": 1, "tg": TlbiTg.G4K, "ttl": 3},
        "any_level": {"leaf": 0},
    }
    for name, fields in forms.items():
        burst = [
            Cmd.tlbi_nh_va(asid=OTHER_ASID, addr=(1 << 44) + k * PAGE, **fields) for k in range(64)
        ]
        record("tlbi_va_cycles", **{name: await commands.mean_step(burst)})
    await scene.finish()


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def invalidation_by_sweep(dut: Any) -> None:
    """tlbi_sweep_cycles: cycles over TLB_SETS of what has to look at every set."""
    scene = await Scene.start(dut)
    await _every_size(scene)
    commands = Commands(scene)
    sets = scene.param("TLB_SETS")
    forms = {
        "asid": Cmd.tlbi_nh_asid(asid=OTHER_ASID),
        "all": Cmd.tlbi_nh_all(vmid=OTHER_VMID),
        # 2^36 bytes: (15 + 1) x 2^20 pages of 4 KB
        "range": Cmd.tlbi_nh_va(asid=OTHER_ASID, tg=TlbiTg.G4K, num=15, scale=20, addr=1 << 44),
    }
    for name, command in forms.items():
        cycles = await commands.mean_step([command] * 16, settle=2)
        record("tlbi_sweep_cycles", **{name: cycles - sets})
    await _fragment(scene)
    command = Cmd.tlbi_nh_va(asid=OTHER_ASID, addr=1 << 44, leaf=1)
    cycles = await commands.mean_step([command] * 16, settle=2)
    assert cycles > sets / 2, "no fragment of a block is in the TLB"
    record("tlbi_sweep_cycles", va_fragments=cycles - sets)
    await scene.finish()


async def _fragment(scene: Scene) -> None:
    """A 4 KB entry of a 2 MB block of stage 1: stage 2 maps by the page."""
    space = Space(scene)
    va = ipa = 0x60_0000_0000
    space.tree.map(va, ipa, 2 << 20, level=2)
    assert isinstance(space.stage2, PageTable)
    space.stage2.map(ipa, scene.frame(), PAGE, Stage2Leaf(), level=3)
    assert (await scene.master.read(va, 16, **space.side)).ok


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def hits_under_invalidation(dut: Any) -> None:
    """hit_rate_under_tlbi: back-to-back invalidations of another VMID beside hits."""
    scene = await Scene.start(dut)
    space, pages = await warm_space(scene)
    commands = Commands(scene)
    forms = {
        "va": lambda: Cmd.tlbi_nh_va(vmid=OTHER_VMID, asid=OTHER_ASID, addr=1 << 44, leaf=1),
        "asid": lambda: Cmd.tlbi_nh_asid(vmid=OTHER_VMID, asid=OTHER_ASID),
    }
    for name, make in forms.items():
        flood = Flood(commands, make)
        await scene.bench.cycles(200)
        before = await flood.done()
        runs = await both_directions(scene, scene.targets(space, pages))
        done = await flood.done() - before
        await flood.stop()
        record("hit_rate_under_tlbi", **{name: min(run.bursts_per_cycle for run in runs),
                                         f"{name}_commands": done})  # fmt: skip
    await scene.finish()


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def sync_idle(dut: Any) -> None:
    """sync_idle_cycles: CMDQ_PROD accepted to irq_cmd_sync, nothing else going on."""
    scene = await Scene.start(dut)
    await warm_space(scene)
    bench, commands = scene.bench, Commands(scene)
    cycles = []
    for _ in range(4):
        await bench.cycles(50)
        seen = bench.irqs["cmd_sync"]
        await commands.ring([Cmd.sync(cs=SyncCs.IRQ)])
        assert await bench.irq("cmd_sync", seen, 1000), "no interrupt"
        cycles.append(bench.irqs.last("cmd_sync") - scene.register_written())
    record("sync_idle_cycles", cycles=max(cycles))
    await scene.finish()
