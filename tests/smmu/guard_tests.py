# SPDX-License-Identifier: Apache-2.0
"""One short test for each defect of tests/mutants: what must never happen, provoked on purpose."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.env.program import Layout, SmmuProgram
from tb.env.smmu_bench import BenchConfig, SmmuBench
from tb.models.fields import Cmd

SID, OTHER = 0x21, 0x22
VA, PAGE = 0x10_0000, 0x4800_0000
STEP = 0x1000
LIMIT = 20_000  # cycles
WALK_IDS = (0xC0, 0x00)  # mask, match: reads of walks, not of commands


class Scene:
    """A running SMMU; streams are made by the tests."""

    def __init__(self, bench: SmmuBench, layout: Layout) -> None:
        self.bench = bench
        self.prog = SmmuProgram(bench, bench.memory, layout)

    @classmethod
    async def start(cls, dut: Any, latency: int = 4, **layout: int) -> Scene:
        bench = await SmmuBench.start(dut, BenchConfig(latency=latency))
        bench.ptw.count_ids(*WALK_IDS)
        scene = cls(bench, Layout(**layout))
        await scene.prog.start()
        return scene

    async def read(self, addr: int, sid: int) -> Any:
        """A finished read of 16 bytes."""
        txn = self.bench.read(addr, 16, sid=sid)
        assert await self.bench.within(txn.done, LIMIT), f"no answer to {txn}"
        return txn


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def cd_fetch_goes_through_stage_2(dut: Any) -> None:
    """NST-001: S1ContextPtr of a nested stream is an IPA; nothing lies at that address raw."""
    s = await Scene.start(dut)
    stream = s.prog.stream(SID, s2=True, cdmax=2)
    stream.space(ssid=1).map(VA, stream.ipa(PAGE), STEP)
    stream.lend(PAGE, STEP)
    s.bench.memory.poke(PAGE, b"nested stream ok")
    txn = s.bench.read(VA, 16, sid=SID, ssid=1)
    assert (await txn).ok and txn.data == b"nested stream ok"
    assert not await s.prog.events()
    await s.bench.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def resume_needs_its_stream(dut: Any) -> None:
    """RES-011: the STAG of a live stall with another StreamID has no effect."""
    s = await Scene.start(dut)
    space = s.prog.stream(SID).space(s=1)
    txn = s.bench.read(VA, 16, sid=SID)
    (record,) = await s.prog.events(at_least=1)
    assert record.stall
    space.map(VA, PAGE, STEP)
    await s.prog.command(Cmd.resume(sid=OTHER, stag=record.stag, ac=1, ab=0))
    await s.prog.sync()
    await s.bench.cycles(2000)
    assert not txn.finished, "resumed by a CMD_RESUME of another stream"
    await s.prog.command(Cmd.resume(sid=SID, stag=record.stag, ac=1, ab=0))
    assert (await txn).ok
    await s.bench.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def tlbi_by_asid_spares_other_asids(dut: Any) -> None:
    """TLB-015, TLB-038: NH_ASID removes its ASID, and keeps the entries of another."""
    s = await Scene.start(dut)
    for sid, asid in ((SID, 1), (OTHER, 2)):
        s.prog.stream(sid).space(asid=asid).map(VA, PAGE, STEP)
        assert (await s.read(VA, sid)).ok
    await s.prog.command(Cmd.tlbi_nh_asid(vmid=0, asid=1))
    await s.prog.sync()
    # walks, not their reads: a held table line may spare a walk its reads (D15)
    before = s.bench.misses()
    assert (await s.read(VA, OTHER)).ok
    assert s.bench.misses() == before, "ASID 2 was invalidated with ASID 1"
    assert (await s.read(VA, SID)).ok
    assert s.bench.misses() > before, "ASID 1 was not invalidated"
    await s.bench.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def no_stall_record_is_lost(dut: Any) -> None:
    """STL-018: stalls that meet a full event queue are recorded when there is room."""
    s = await Scene.start(dut, eventq_log2=0)
    space = s.prog.stream(SID).space(s=1)
    count = min(4, s.bench.params["STALL_MAX"])
    txns = [s.bench.read(VA + k * STEP, 16, sid=SID, id=k) for k in range(count)]
    await s.bench.cycles(2000)
    records = []
    while len(records) < count:
        records += await s.prog.events(at_least=1)
    assert sorted(r.inputaddr for r in records) == [VA + k * STEP for k in range(count)]
    space.map(VA, PAGE, count * STEP)
    for record in records:
        await s.prog.command(Cmd.resume(sid=SID, stag=record.stag, ac=1, ab=0))
    for txn in txns:
        assert (await txn).ok
    await s.bench.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def overtaken_walk_installs_nothing(dut: Any) -> None:
    """D8, UPD-010: a walk that a TLBI overtook leaves no translation behind."""
    s = await Scene.start(dut)
    space = s.prog.stream(SID).space(asid=1)
    space.map(VA, PAGE, 64 * STEP)
    assert (await s.read(VA, SID)).ok  # configuration and upper levels are cached
    target = VA + 32 * STEP  # another table line
    before = s.bench.ptw.chosen_reads
    s.bench.ptw.configure(latency=3000, out_of_order=100)  # commands may pass the walk
    txn = s.bench.read(target, 16, sid=SID)
    while s.bench.ptw.chosen_reads == before:
        await s.bench.cycles(1)
    s.bench.ptw.configure(latency=4)
    # the descriptor has been read in memory and is on its way
    space.unmap(target, STEP)
    space.map(target, PAGE + 0x10_0000, STEP)
    s.bench.memory.poke(PAGE + 0x10_0000, b"the new page wins")
    await s.prog.command(Cmd.tlbi_nh_va(vmid=0, asid=1, addr=target, leaf=1))
    while (await s.prog.read("CMDQ_CONS")).rd != (await s.prog.read("CMDQ_PROD")).wr:
        await s.bench.cycles(10)
    assert not txn.finished, "the walk ended before the TLBI"
    await s.prog.sync()
    assert (await txn).ok
    after = await s.read(target, SID)
    assert after.ok and after.data == b"the new page win", after.data
    await s.bench.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def write_address_waits_for_its_data(dut: Any) -> None:
    """D3: no AW leaves before its last W beat is in, however well its address translates."""
    s = await Scene.start(dut)
    s.prog.stream(SID).space().map(VA, PAGE, STEP)
    addresses: list[Any] = []
    s.bench.monitor(
        s.bench.memory_probes[0], "tbu0_m_axi", lambda txn: None, on_address=addresses.append
    )
    assert (await s.bench.write(VA, bytes(64), sid=SID)).ok
    seen = len([a for a in addresses if a.is_write])
    assert seen == 1
    held = s.bench.write(VA, b"\xa5" * 64, sid=SID, w_hold=2)
    await s.bench.cycles(300)
    assert len([a for a in addresses if a.is_write]) == seen, "AW left before its data"
    s.bench.masters[0].release(held)
    assert (await held).ok
    await s.bench.finish()
