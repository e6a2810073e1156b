# SPDX-License-Identifier: Apache-2.0
"""CMD_SYNC, DVM Sync and other streams go on whatever a client withholds (D3, D8, D9, D17).

Every test brings the SMMU into the state in which something waits, proves that it does wait, and
then measures how long synchronization takes. A hang is a ``HangError``, not a timeout of the run.
"""

from __future__ import annotations

import os
from typing import Any

import cocotb

from tb.bfm.burst import AxiTxn
from tb.bfm.dvm import sync as dvm_sync
from tb.bfm.dvm import tlbi
from tb.env.program import Layout, SmmuProgram, Stream
from tb.env.smmu_bench import BenchConfig, SmmuBench
from tb.models.fields import Cmd
from tb.models.vmsa import PageTable

SEED = int(os.environ.get("COCOTB_RANDOM_SEED", "0"))
STALLER, PLAIN = 0x11, 0x22
VA, PAGE = 0x10_0000, 0x4800_0000
MAPPED = 16  # pages from VA on; what follows is unmapped
HOLE = VA + MAPPED * 0x1000
SYNC_LIMIT = 4000  # cycles; the longest sweep and a page of walks are far below


class Scene:
    """A running SMMU with one stream that stalls and one that aborts, both with MAPPED pages."""

    def __init__(self, bench: SmmuBench, layout: Layout) -> None:
        self.bench = bench
        self.last_id = (1 << bench.masters[0].id_w) - 1
        self.prog = SmmuProgram(bench, bench.memory, layout)
        self.staller, self.stall_space = self._stream(STALLER, s=1)
        self.plain, self.plain_space = self._stream(PLAIN, s=0)

    def _stream(self, sid: int, **cd: int) -> tuple[Stream, PageTable]:
        stream = self.prog.stream(sid)
        space = stream.space(asid=sid, **cd)
        space.map(VA, PAGE, MAPPED * 0x1000)
        return stream, space

    @classmethod
    async def start(cls, dut: Any, **layout: int) -> Scene:
        bench = await SmmuBench.start(dut, BenchConfig(seed=SEED))
        # with PTM=1 a DVM Sync would be answered without any order among the TBUs
        scene = cls(bench, Layout(**layout, regs={"CR2": {"recinvsid": 1, "ptm": 0}}))
        await scene.prog.start()
        return scene

    async def expect_sync(self) -> int:
        """Both kinds of synchronization complete; cycles CMD_SYNC took."""
        await self.prog.command(Cmd.tlbi_nh_all(), Cmd.cfgi_all())
        took = await self.prog.sync(SYNC_LIMIT)
        before = self.bench.ptw.dvm_completes
        await self.bench.dvm.send(tlbi())
        await self.bench.dvm.send(dvm_sync())
        for _ in range(SYNC_LIMIT // 50):
            if self.bench.ptw.dvm_completes > before:
                break
            await self.bench.cycles(50)
        assert self.bench.ptw.dvm_completes > before, "no DVM Complete"
        return took

    async def plain_traffic(self) -> None:
        """Another stream reads and writes, on an AXI ID nothing waits on."""
        axi_id = self.last_id
        data = self.bench.rng.randbytes(64)
        write = self.bench.write(VA + 0x40, data, sid=PLAIN, id=axi_id)
        assert await self.bench.within(write.done, SYNC_LIMIT) and write.ok, write
        read = self.bench.read(VA + 0x40, 64, sid=PLAIN, id=axi_id)
        assert await self.bench.within(read.done, SYNC_LIMIT) and read.ok, read
        assert read.data == data == self.bench.memory.peek(PAGE + 0x40, 64)

    async def resume_all(self, records: list[Any]) -> None:
        """Map the hole and retry every stall."""
        pages = {record.inputaddr & ~0xFFF for record in records}
        for page in pages:
            self.stall_space.map(page, PAGE, 0x1000)
        for record in records:
            await self.prog.command(Cmd.resume(sid=STALLER, stag=record.stag, ac=1, ab=0))

    async def finish(self) -> None:
        await self.bench.finish()


def waiting(*txns: AxiTxn) -> None:
    """The state a test is about is really there."""
    for txn in txns:
        assert not txn.finished, f"ended although it should wait: {txn}"


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def write_data_behind_a_stalled_read(dut: Any) -> None:
    """D3, D17: W data a client withholds until its stalled read is answered holds no SYNC."""
    s = await Scene.start(dut)
    warm = await s.bench.write(VA, bytes(64), sid=STALLER, id=2)
    assert warm.ok
    read = s.bench.read(HOLE, 16, sid=STALLER, id=1)
    write = s.bench.write(VA, b"\x5a" * 64, sid=STALLER, id=2, w_hold=1)
    (record,) = await s.prog.events(at_least=1)
    assert record.stall and record.inputaddr == HOLE
    waiting(read, write)
    await s.expect_sync()
    waiting(read, write)
    # a synchronization must not have let the write out before its data either (D3)
    assert s.bench.memory.peek(PAGE, 64) == bytes(64)
    await s.resume_all([record])
    assert (await read).ok
    s.bench.masters[0].release(write)
    assert (await write).ok
    assert s.bench.memory.peek(PAGE, 64) == b"\x5a" * 64
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def write_data_withheld_on_a_miss(dut: Any) -> None:
    """D3, D16: the same when the write has to walk, and an invalidation comes in between."""
    s = await Scene.start(dut)
    writes = [
        s.bench.write(VA + 0x1000 * k, bytes([k + 1]) * 32, sid=PLAIN, id=k, w_hold=0)
        for k in range(2)
    ]
    await s.bench.cycles(400)
    waiting(*writes)
    await s.expect_sync()
    waiting(*writes)
    # moved after the SYNC: the write must use the new page (D16: a waiting slot holds nothing)
    s.plain_space.map(VA, PAGE + 0x10_0000, 0x1000)
    await s.expect_sync()
    for write in writes:
        s.bench.masters[0].release(write)
    for write in writes:
        assert (await write).ok
    assert s.bench.memory.peek(PAGE + 0x10_0000, 32) == b"\x01" * 32
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def responses_not_taken(dut: Any) -> None:
    """D17: a client that takes neither R nor B holds no SYNC."""
    s = await Scene.start(dut)
    master = s.bench.masters[0]
    await s.plain_traffic()
    master.hold("r")
    master.hold("b")
    ids = 4
    txns = [s.bench.read(VA + 64 * k, 64, sid=PLAIN, id=k % ids) for k in range(8)]
    txns += [s.bench.write(VA + 64 * k, bytes(64), sid=PLAIN, id=k % ids) for k in range(8)]
    txns.append(s.bench.read(HOLE, 64, sid=PLAIN, id=ids))  # local abort, also not taken
    await s.bench.cycles(600)
    waiting(*txns)
    await s.expect_sync()
    waiting(*txns)
    master.hold("r", False)
    master.hold("b", False)
    for txn in txns[:-1]:
        assert (await txn).ok
    assert not (await txns[-1]).ok
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def read_buffer_full(dut: Any) -> None:
    """D17: reads beyond RBUF_BEATS wait at the SMMU, not in flight, while R is not taken."""
    s = await Scene.start(dut)
    await s.plain_traffic()
    master = s.bench.masters[0]
    master.hold("r")
    beats = s.bench.params["RBUF_BEATS"]
    burst = min(64, 4096 // master.lanes)
    many = beats // burst + 4
    txns = [
        s.bench.read(VA + 0x1000 * (k % MAPPED), beats=burst, nbytes=None, sid=PLAIN, id=k % 4)
        for k in range(many)
    ]
    await s.bench.cycles(3000)
    waiting(*txns)
    await s.expect_sync()
    master.hold("r", False)
    for txn in txns:
        assert (await txn).ok
    await s.finish()


async def fill_stall_table(s: Scene) -> tuple[list[AxiTxn], list[Any]]:
    """STALL_MAX reads that stall, each recorded, and two more that cannot be."""
    limit = s.bench.params["STALL_MAX"]
    txns = []
    for k in range(limit):
        side = {"sid": STALLER, "id": k % (s.last_id - 1)}
        addr = HOLE + 0x1000 * k
        if k % 2:
            txns.append(s.bench.write(addr, bytes([k]) * 16, **side))
        else:
            txns.append(s.bench.read(addr, 16, **side))
    # only the oldest of an ID and direction can stall
    distinct = len({(txn.is_write, txn.id) for txn in txns})
    records = await s.prog.events(at_least=min(limit, distinct))
    return txns, records


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def stall_table_full(dut: Any) -> None:
    """D2, D9, D17: with STALL_MAX recorded stalls SYNC completes and other streams pass."""
    s = await Scene.start(dut)
    txns, records = await fill_stall_table(s)
    limit = s.bench.params["STALL_MAX"]
    assert len(records) == limit and all(r.stall for r in records)
    assert len({r.stag for r in records}) == limit, "a STAG was given twice (STL-002)"
    await s.expect_sync()
    await s.plain_traffic()
    waiting(*txns)
    # one more has no STAG: parked without a record, and holds nothing either (D19)
    slots = s.bench.params["TBU_SLOTS"] - s.bench.params["TBU_RSVD"]
    parked = []
    if limit < slots:
        parked.append(s.bench.read(HOLE + 0x40_0000, 16, sid=STALLER, id=s.last_id - 1))
        await s.bench.cycles(1000)
        assert not await s.prog.events(), "recorded beyond STALL_MAX"
        await s.expect_sync()
        await s.plain_traffic()
    await s.resume_all(records)
    for txn in txns:
        assert (await txn).ok, txn
    if parked:
        woken = await s.prog.events(at_least=1)
        assert woken[0].inputaddr == HOLE + 0x40_0000
        await s.resume_all(woken)
        assert (await parked[0]).ok
    await s.expect_sync()
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def event_queue_full(dut: Any) -> None:
    """CMD-037, CMD-038, D9: a full event queue drops records of aborts, parks stalls."""
    s = await Scene.start(dut, eventq_log2=1)
    for k in range(4):
        read = s.bench.read(HOLE + 0x1000 * k, 16, sid=PLAIN, id=1)
        assert await s.bench.within(read.done, SYNC_LIMIT) and not read.ok, read
    stalled = [s.bench.read(HOLE + 0x1000 * k, 16, sid=STALLER, id=2 + k) for k in range(3)]
    await s.bench.cycles(1500)
    waiting(*stalled)
    await s.expect_sync()
    await s.plain_traffic()
    waiting(*stalled)
    records = await s.prog.events(at_least=2)
    prod = await s.prog.read("EVENTQ_PROD")
    cons = await s.prog.read("EVENTQ_CONS")
    assert prod.ovflg != cons.ovackflg, "no overflow although records were dropped (EVQ-022)"
    assert [r.stall for r in records[:2]] == [0, 0]
    await s.prog.write("EVENTQ_CONS", rd=cons.rd, ovackflg=prod.ovflg)
    # the stalls were not lost (STL-018): they are recorded as there is room
    stalls = [r for r in records if r.stall]
    while len(stalls) < len(stalled):
        stalls += [r for r in await s.prog.events(at_least=1) if r.stall]
    await s.resume_all(stalls)
    for txn in stalled:
        assert await s.bench.within(txn.done, 20_000) and txn.ok, txn
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def downstream_answers_late(dut: Any) -> None:
    """D8: the converse: SYNC does wait for transactions translated before it."""
    s = await Scene.start(dut)
    await s.plain_traffic()
    mem = s.bench.mems[0]
    mem.filters.append(lambda request: "hold")
    read = s.bench.read(VA, 16, sid=PLAIN, id=3)
    write = s.bench.write(VA + 0x40, bytes(16), sid=PLAIN, id=4)
    await s.bench.cycles(100)
    assert len(mem.held) == 2
    await s.prog.command(Cmd.tlbi_nh_all(), Cmd.sync(cs=0))
    await s.bench.cycles(2000)
    done = (await s.prog.read("CMDQ_CONS")).rd
    assert done == s.prog._prod - 1, "SYNC passed transactions in flight (CMD-036)"
    mem.filters.clear()
    mem.release_all()
    assert (await read).ok and (await write).ok
    await s.prog.sync(SYNC_LIMIT)
    await s.finish()
