# SPDX-License-Identifier: Apache-2.0
"""Faults: how soon they are recorded and retried, and whom they do not disturb (D2, D9, D10)."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.task import Task

from tb.bench.figures import record
from tb.bench.hits import both_directions, warm_space
from tb.bench.scene import LIMIT_MS, PAGE, Scene, Space
from tb.bench.tlb import Commands
from tb.bfm.burst import AxiTxn
from tb.models.fields import Cmd, EventRecord
from tb.models.smmu_ref.queues import used

ID_COMMANDS, ID_EVENTS, FIRST_OTHER_ID = 0x40, 0x42, 0x40
STORM_SID, LONE_SID = 20, 21
STORM_PAGES, STORM_COUNT = 64, 40_000
COUNT = 10_000
RING = 256
STORM_SHARE = 16  # one target in this many faults, when both share a port
STORM_IDS = 128  # AXI IDs from here are the storm's


class WalkPort:
    """What went over the walk port: reads by walks, commands and event records."""

    def __init__(self, scene: Scene) -> None:
        self.reads: list[AxiTxn] = []
        self.commands: list[AxiTxn] = []
        self.records: list[AxiTxn] = []
        scene.bench.monitor(scene.bench.walk_probe, "ptw_axi", self._seen)

    def _seen(self, txn: AxiTxn) -> None:
        if txn.is_write:
            if txn.id == ID_EVENTS:
                self.records.append(txn)
        elif txn.id < FIRST_OTHER_ID:
            self.reads.append(txn)
        elif txn.id == ID_COMMANDS:
            self.commands.append(txn)

    def clear(self) -> None:
        """Forget what was seen."""
        for log in (self.reads, self.commands, self.records):
            log.clear()


async def _near_miss(scene: Scene, space: Space, page: int) -> int:
    """An unmapped page whose tables are there and warm; its VA."""
    space.map(page)
    await scene.warm(space, [page])
    return page + 64 * PAGE


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def fault_to_record(dut: Any) -> None:
    """R beat with the faulting descriptor to AW of the record; terminated and stalled."""
    scene = await Scene.start(dut)
    port = WalkPort(scene)
    for name, stall in (("terminate", 0), ("stall", 1)):
        space = Space(scene, sid=LONE_SID + stall, vmid=LONE_SID + stall, s=stall)
        va = await _near_miss(scene, space, 0x40_0000_0000)
        cycles = []
        for k in range(4):
            port.clear()
            scene.master.read(va + k * 64 * PAGE, 16, id=k, **space.side)
            await scene.bench.cycles(400)
            assert len(port.records) == 1 and port.reads
            found = max(txn.t_first for txn in port.reads)
            cycles.append(port.records[0].t_addr - found)
        record("fault_to_record", **{name: max(cycles)})


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def resume_to_retry(dut: Any) -> None:
    """R beat of a lone CMD_RESUME to the first table AR of the retry, L = 1, idle."""
    scene = await Scene.start(dut)
    port, commands = WalkPort(scene), Commands(scene)
    space = Space(scene, sid=LONE_SID, vmid=LONE_SID, s=1)
    first = await _near_miss(scene, space, 0x40_0000_0000)
    cycles = []
    for k in range(4):
        va = first + 64 * k * PAGE
        txn = scene.master.read(va, 16, id=k, **space.side)
        (event,) = await scene.prog.events(1)
        space.map(va)
        await scene.bench.cycles(100)
        port.clear()
        await commands.ring([Cmd.resume(sid=LONE_SID, stag=event.stag, ac=1)])
        assert (await txn).ok
        fetch, retry = port.commands[-1], min(t.t_addr for t in port.reads)
        cycles.append(retry - fetch.t_first)
    record("resume_to_retry", cycles=max(cycles))
    await scene.finish()


# ---- storms -----------------------------------------------------------------------------------


class EventReader:
    """Empties the event queue as fast as the register port allows; when PROD moved, and how far."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.log2 = scene.prog.layout.eventq_log2
        self.published: list[int] = []  # cycle at which record n was first seen covered by PROD
        self.task: Task[None] = cocotb.start_soon(self._run())

    async def _run(self) -> None:
        prog, seen = self.scene.prog, 0
        while True:
            prod = (await prog.read("EVENTQ_PROD")).wr
            self.published += [self.scene.bench.cycle] * used(self.log2, prod, seen)
            if prod != seen:
                await prog.write("EVENTQ_CONS", rd=prod)
            seen = prod


def _sid(txn: AxiTxn) -> int:
    """StreamID of an event record on its way to memory."""
    return EventRecord.unpack(txn.data).streamid


def _storm(space: Space, count: int = RING) -> list[dict[str, int]]:
    """Targets that all fault; every ID of the storm in turn."""
    return [
        {"addr": 0x7000_0000_0000 + k % STORM_PAGES * PAGE, "id": STORM_IDS + k % STORM_IDS,
         **space.side}
        for k in range(count)
    ]  # fmt: skip


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def storm_on_other_port(dut: Any) -> None:
    """storm_isolation (a) and (c): TBU 0 streams faults, TBU 1 hits, then has one fault."""
    scene = await Scene.start(dut)
    storm = Space(scene, sid=STORM_SID, vmid=STORM_SID)
    space, pages = await warm_space(scene)
    await scene.warm(space, pages, tbu=1)
    lone = Space(scene, sid=LONE_SID, vmid=LONE_SID)
    lone_va = await _near_miss(scene, lone, 0x40_0000_0000)
    port, reader = WalkPort(scene), EventReader(scene)
    raging = cocotb.start_soon(scene.master.generate(_storm(storm), STORM_COUNT))
    await scene.bench.cycles(1000)
    runs = await both_directions(scene, scene.targets(space, pages), tbu=1)
    record("storm_isolation_port", read=runs[0].bursts_per_cycle, write=runs[1].bursts_per_cycle)

    line = lone.entry_pa(lone_va) & -64
    port.reads.clear()
    await scene.masters[1].read(lone_va, 16, **lone.side)
    await scene.bench.cycles(1000)
    assert not raging.done(), "the storm ended too early"
    found = min(txn.t_first for txn in port.reads if txn.addr & -64 == line)
    own = next(n for n, txn in enumerate(port.records) if _sid(txn) == LONE_SID)
    before = sum(txn.t_addr <= found for txn in port.records)
    times = [txn.t_addr for txn in port.records]
    each = (times[-1] - times[0]) / (len(times) - 1)  # of a record of the storm
    over = reader.published[own] - found - 4 * each
    record("storm_isolation_record", place=own - before + 1, over=over, each=each)
    reader.task.cancel()
    scene.check()  # the storm ends with the reset of the next bench


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def storm_on_same_port(dut: Any) -> None:
    """storm_isolation (b): one transaction in STORM_SHARE of the port faults, the others hit."""
    scene = await Scene.start(dut)
    storm = Space(scene, sid=STORM_SID, vmid=STORM_SID)
    space, pages = await warm_space(scene)
    reader = EventReader(scene)
    targets = scene.targets(space, pages, ids=range(STORM_IDS))
    targets[::STORM_SHARE] = _storm(storm, RING // STORM_SHARE)
    meter = scene.read_meters[0]
    meter.watch(space.sid)
    await scene.clear_meters()
    run = await scene.master.generate(targets, COUNT)
    record("storm_isolation_stream", accepted=meter.acceptance, faults=run.errors,
           cycles_per_fault=(run.last - run.first) / max(run.errors, 1))  # fmt: skip
    assert run.errors == -(-COUNT // STORM_SHARE)
    reader.task.cancel()
    await scene.finish()


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def two_tbu_scaling(dut: Any) -> None:
    """Hit rates of both TBUs at once over that of one alone."""
    scene = await Scene.start(dut)
    space, pages = await warm_space(scene)
    await scene.warm(space, pages, tbu=1)
    targets = scene.targets(space, pages)
    alone = (await scene.master.generate(targets, COUNT)).bursts_per_cycle
    tasks = [cocotb.start_soon(m.generate(targets, COUNT)) for m in scene.masters[:2]]
    both = [await task for task in tasks]
    record("two_tbu_scaling", times=sum(run.bursts_per_cycle for run in both) / alone)
    await scene.finish()
