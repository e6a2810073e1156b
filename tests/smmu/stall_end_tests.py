# SPDX-License-Identifier: Apache-2.0
"""Stalls that end otherwise: CMD_STALL_TERM, a stream shut down, SMMUEN=0, CMD_SYNC beside them
(STL-012..017, STL-034, RES-017..022)."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.bfm.burst import SLVERR
from tb.bfm.dvm import tlbi as dvm_tlbi
from tb.models.fields import Cmd
from tests.smmu.case_scene import DATA, PAGE
from tests.smmu.stall_queue_tests import drain, unrecorded
from tests.smmu.stall_scene import HOLE, OTHER, PLAIN, QUIET, STALLER, StallScene

THIRD = 0x13


async def term(s: StallScene, sid: int) -> None:
    """CMD_STALL_TERM and a CMD_SYNC."""
    await s.prog.command(Cmd.stall_term(sid=sid))
    await s.prog.sync()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def terminates_one_stream(dut: Any) -> None:
    """STL-014, RES-017, RES-018, RES-020: recorded and unrecorded stalls of A; B is untouched."""
    s = await StallScene.start(dut)
    top = s.stall_max
    half = top // 2
    mine = [s.access(HOLE + PAGE * k, axi_id=k) for k in range(half)]
    records = await s.stalls(half)
    theirs = [s.access(HOLE + PAGE * k, sid=OTHER, axi_id=half + k) for k in range(top - half)]
    kept = await s.stalls(top - half, sid=OTHER)
    extra = min(2, s.room - top)
    parked = [s.access(HOLE + PAGE * (20 + k), axi_id=top + k) for k in range(extra)]
    await s.waits(*mine, *theirs, *parked)
    # nothing of THIRD or PLAIN is stalled
    for sid in (THIRD, PLAIN, STALLER | 0x10000, STALLER | 0x8000_0000):
        await term(s, sid)
    await s.waits(*mine, *theirs, *parked)
    s.streams[STALLER].write(config=0)
    await s.changed()
    await term(s, STALLER)
    await s.ended(*mine, *parked)
    assert all(txn.resp == SLVERR for txn in (*mine, *parked))
    await s.waits(*theirs)
    # answers to records that STALL_TERM has ended are no-ops
    await s.answer(records)
    await s.no_events()
    await s.error_free()
    # a stall after the command is not reached by it
    s.streams[STALLER].write(config=5)
    await s.changed()
    late = s.access(HOLE, axi_id=0)
    (record,) = await s.stalls(1)
    await s.waits(late, *theirs, cycles=400)
    await s.answer(record, ac=0, ab=0)
    await s.ended(late)
    assert late.ok and not any(late.data)
    await s.answer(kept, ac=0, ab=1)
    await s.ended(*theirs)
    await s.no_events()
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def tags_are_free_again(dut: Any) -> None:
    """RES-019, STL-014: STALL_TERM of a stream that holds all STAGs lets another have them all."""
    s = await StallScene.start(dut)
    for sid, other in ((STALLER, OTHER), (OTHER, STALLER)):
        txns = [s.access(HOLE + PAGE * k, sid=sid, axi_id=k % s.ids) for k in range(s.stall_max)]
        await s.stalls(s.stall_max, sid=sid)
        await term(s, sid)
        await s.ended(*txns)
        assert all(txn.resp == SLVERR for txn in txns)
        txns = [s.access(HOLE + PAGE * k, sid=other, axi_id=k % s.ids) for k in range(s.stall_max)]
        records = await s.stalls(s.stall_max, sid=other)
        await s.answer(records, ac=0, ab=1)
        await s.ended(*txns)
    await s.no_events()
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def while_the_stream_still_stalls(dut: Any) -> None:
    """STL-015, RES-021: without a change of the STE the snapshot is aborted, new ones stall."""
    s = await StallScene.start(dut, eventq_log2=2)
    recorded = s.access(HOLE + 9 * PAGE, axi_id=9)
    await s.stalls(1)
    pending = await unrecorded(s, 2)
    await term(s, STALLER)
    await s.ended(recorded, *pending)
    assert all(txn.resp == SLVERR for txn in (recorded, *pending))
    log2 = 1 << s.prog.layout.eventq_log2
    await s.free(log2)
    await s.waits()
    # a continuous faulting stream, STALL_TERM in between
    seen = 0
    for turn in range(6):
        txns = [s.access(HOLE + PAGE * k, axi_id=k) for k in range(3)]
        await s.bench.cycles(20 * turn)
        await s.prog.command(Cmd.stall_term(sid=STALLER))
        found = await drain(s)
        assert all(record.get("stall") for record in found)
        seen += len(found)
        await s.ended(*txns)
        assert all(txn.resp == SLVERR for txn in txns)
    assert seen, "every stall was caught: the test does not overlap anything"
    await s.no_events()
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def shutdown_of_a_stream(dut: Any) -> None:
    """STL-016, RES-022: Config=0, CFGI, SYNC, STALL_TERM: no stall record of it after the SYNC."""
    for full in (False, True):
        for delay in (0, 7, 40, 90, 150, 400):
            s = await StallScene.start(dut, eventq_log2=2)
            if full:
                await s.fill_queue()
            txns = [s.access(HOLE + PAGE * k, axi_id=k) for k in range(min(4, s.room))]
            await s.bench.cycles(delay + 1)
            s.streams[STALLER].write(config=0)
            await s.changed()
            before, _ = await s.indexes()
            if full and delay & 1:
                await s.free(2)  # before STALL_TERM
                await s.bench.cycles(300)
            await term(s, STALLER)
            await s.ended(*txns)
            if full:
                await s.free(1 if delay & 1 else 3)
            await s.bench.cycles(400)
            await s.prog.sync()
            after, _ = await s.indexes()
            assert after.wr == before.wr, f"a record after the shutdown, full {full}, {delay}"
            assert all(txn.resp == SLVERR for txn in txns), f"full {full}, {delay}"
            await s.prog.events()
            await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def smmu_switched_off(dut: Any) -> None:
    """STL-017, STL-034: SMMUEN=0 aborts all, recorded or not; old answers reach nothing new."""
    for count, full in ((0, False), (1, False), (2, True), (99, False), (99, True)):
        s = await StallScene.start(dut, eventq_log2=2 if full else 6)
        number = min(count, s.room, s.ids)
        if full:
            txns = await unrecorded(s, number)
            old = []
        else:
            txns = [s.access(HOLE + PAGE * k, axi_id=k, write=bool(k & 1)) for k in range(number)]
            old = await s.stalls(min(number, s.stall_max)) if number else []
        await s.waits(*txns, cycles=600)
        before, _ = await s.indexes()
        await s.prog.enable(cmdqen=1, eventqen=1)
        await s.ended(*txns)
        assert all(txn.resp == SLVERR for txn in txns), "not aborted (STL-017)"
        # GBPA.ABORT=0: what comes now bypasses, also of a stream that would stall
        bypassed = s.access(DATA + 64, axi_id=1)
        await s.ended(bypassed)
        assert bypassed.ok and s.sent[-1][1].addr == DATA + 64
        # commands for them have no effect and are no error
        await s.answer(old)
        await s.answer(old, ac=0, ab=1)
        await term(s, STALLER)
        if full:
            await s.free(4)
        await s.bench.cycles(QUIET)
        after, _ = await s.indexes()
        assert after.wr == before.wr, "a record of an aborted stall"
        await s.prog.enable(smmuen=1, cmdqen=1, eventqen=1)
        new = [s.access(HOLE + PAGE * k, axi_id=k) for k in range(min(s.stall_max, s.ids))]
        records = await s.stalls(len(new))
        assert not {r.stag for r in records} & {r.stag for r in old}, "an old STAG (STL-034)"
        for ac, ab in ((1, 0), (0, 0), (0, 1)):
            await s.answer(old, ac=ac, ab=ab)
        await s.prog.sync()
        await s.waits(*new)
        await s.error_free()
        await s.answer(records, ac=0, ab=1)
        await s.ended(*new)
        await s.no_events()
        await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def nothing_stalls_any_more_after_off(dut: Any) -> None:
    """STL-017: faults in flight while SMMUEN falls end: no stall survives, CR0ACK comes."""
    for delay in (1, 20, 40, 60, 80, 120, 200):
        s = await StallScene.start(dut)
        txns = [s.access(HOLE + PAGE * k, axi_id=k) for k in range(min(6, s.ids))]
        await s.bench.cycles(delay)
        await s.prog.enable(cmdqen=1, eventqen=1)
        await s.ended(*txns)
        records = await s.prog.events()
        assert all(record.get("stall") for record in records)
        assert all(txn.resp == SLVERR or s.sent for txn in txns)
        await s.bench.cycles(QUIET)
        await s.no_events()
        await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def synchronization_passes_stalls(dut: Any) -> None:
    """STL-013, STL-028: CMD_SYNC and DVM Sync with all places stalled, queue empty or full."""
    s = await StallScene.start(dut, eventq_log2=2, regs={"CR2": {"recinvsid": 1, "ptm": 0}})
    for full in (False, True):
        if full:
            await s.fill_queue()
        txns = [s.access(HOLE + PAGE * k, axi_id=k % (s.ids - 1)) for k in range(s.room)]
        await s.bench.cycles(3000)
        for command in (Cmd.cfgi_all(), Cmd.tlbi_nsnh_all(), Cmd.cfgi_ste(sid=STALLER, leaf=1)):
            await s.prog.command(command)
            took = await s.prog.sync(limit=6000)
            assert took < 6000
        for parts in (dvm_tlbi(), dvm_tlbi(vmid=0), dvm_tlbi(vmid=0, asid=STALLER, addr=HOLE)):
            await s.bench.dvm.send(parts)
            await s.dvm_sync()
        assert not any(txn.finished for txn in txns)
        await s.prog.command(Cmd.stall_term(sid=STALLER))
        await drain(s)
        await s.ended(*txns)
        prod, _ = await s.indexes()
        await s.prog.write("EVENTQ_CONS", rd=prod.wr, ovackflg=prod.ovflg)
    await s.finish()
