# SPDX-License-Identifier: Apache-2.0
"""Stalls whose record must wait: event queue full, off or in error, STALL_MAX reached
(STL-008, STL-018..023, STL-031, STL-032, RES-014, RES-016)."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.bfm.burst import OKAY, SLVERR
from tb.models.fields import Cmd, Event, Gerror
from tb.models.vmsa import Stage1Leaf
from tests.smmu.case_scene import DATA, PAGE, VA
from tests.smmu.stall_scene import HOLE, OTHER, PLAIN, QUIET, STALLER, StallScene, is_fault

EVENT_WRITE_ID = 0x42
HOLD_MAX = 8191  # cycles the last entry is held for a woken stall (smmu_park)


async def unrecorded(s: StallScene, count: int, **options: Any) -> list[Any]:
    """Stalls that meet a full event queue."""
    await s.fill_queue()
    before, _ = await s.indexes()
    txns = [s.access(HOLE + PAGE * k, axi_id=k, **options) for k in range(count)]
    await s.waits(*txns)
    after, _ = await s.indexes()
    assert (after.wr, after.ovflg) == (before.wr, before.ovflg), "a stall overflowed (STL-018)"
    return txns


async def drain(s: StallScene, limit: int = 60_000) -> list[Any]:
    """Take records and abort stalls until nothing more comes for a while."""
    found, quiet, start = [], 0, s.cycle
    while quiet < 6:
        assert s.cycle - start < limit, "records without end"
        some = await s.prog.events()
        found += some
        for record in some:
            if record.get("stall"):
                await s.answer(record, ac=0, ab=1)
        quiet = 0 if some else quiet + 1
        await s.bench.cycles(250)
    return found


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def kept_while_the_queue_is_full(dut: Any) -> None:
    """STL-018, STL-019: not dropped, OVFLG stays; each freed entry lets one record in."""
    s = await StallScene.start(dut, eventq_log2=2)
    count = min(4, s.stall_max)
    txns = await unrecorded(s, count)
    for done in range(1, count + 1):
        before, _ = await s.indexes()
        await s.free(1)
        await s.prog.until("EVENTQ_PROD", 0x7, before.wr + 1 & 7)
        await s.waits(*txns)
        prod, _ = await s.indexes()
        assert not prod.ovflg, "overflow (STL-018)"
        record = await s.last_record()
        assert record.get("stall") and record.inputaddr == HOLE + PAGE * (done - 1), record
    records = [r for r in await s.prog.events() if r.get("stall")]
    assert len(records) == count
    await s.answer(records, ac=0, ab=1)
    await s.ended(*txns)
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def retried_with_the_state_of_then(dut: Any) -> None:
    """STL-019, STL-010: a stall without record finds the tables of the time it is recorded."""
    for what in ("nothing", "repaired", "no permission", "Config 0", "STE.V=0"):
        s = await StallScene.start(dut, eventq_log2=2)
        stream = s.streams[STALLER]
        (txn,) = await unrecorded(s, 1, write=True)
        if what == "repaired":
            s.page(HOLE)
        elif what == "no permission":
            s.page(HOLE, leaf1=Stage1Leaf(writable=False))
        elif what == "Config 0":
            stream.write(config=0)
        elif what == "STE.V=0":
            stream.write(v=0)
        await s.prog.command(Cmd.tlbi_nh_all(vmid=0))
        await s.changed()
        await s.waits(txn, cycles=300) if what == "nothing" else None
        await s.free(1)
        await s.bench.cycles(QUIET)
        await s.prog.sync()
        records = (await s.prog.events(keep=True))[3:]
        if what in ("nothing", "no permission"):
            event = Event.F_TRANSLATION if what == "nothing" else Event.F_PERMISSION
            (record,) = records
            is_fault(record, event, stall=1, inputaddr=HOLE)
            assert not txn.finished
            await s.answer(record, ac=0, ab=1)
        elif what == "STE.V=0":
            (record,) = records
            is_fault(record, Event.C_BAD_STE)
        else:
            assert not records, f"{what}: {records}"
        await s.ended(txn)
        assert txn.resp == (OKAY if what == "repaired" else SLVERR), f"{what}: {txn.resp}"
        if what == "repaired":
            assert s.memory.peek(DATA, 16) == s.pattern(HOLE, 16)
        await s.prog.events()
        await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def retry_may_terminate_and_lose_its_record(dut: Any) -> None:
    """STL-020: two without record, CD.S now 0: one recorded, one loses its entry to another."""
    s = await StallScene.start(dut, eventq_log2=2)
    first, second = await unrecorded(s, 2)
    s.streams[STALLER].rewrite_cd(0, s=0, a=1, r=1)
    await s.changed()
    await s.free(1)
    await s.ended(first)
    await s.prog.sync()
    is_fault(await s.last_record(), Event.F_TRANSLATION, stall=0, inputaddr=HOLE)
    await s.waits(second)
    # the retry of the second is held at its STE until its entry is free for another fault
    await s.changed()
    where = s.ste_address(STALLER)
    s.bench.ptw.configure(out_of_order=100)
    s.bench.ptw.filters.append(lambda request: "hold" if request.addr == where else None)
    await s.free(1)
    for _ in range(200):
        if s.bench.ptw.held:
            break
        await s.bench.cycles(10)
    assert s.bench.ptw.held, "not retried although the queue is writable"
    await s.bench.cycles(HOLD_MAX)
    thief = s.access(HOLE, sid=PLAIN, axi_id=s.ids - 1)
    await s.ended(thief)
    s.bench.ptw.filters.clear()
    s.bench.ptw.release_all()
    await s.ended(second)
    assert first.resp == second.resp == SLVERR
    await s.prog.sync()
    prod, cons = await s.indexes()
    assert prod.ovflg != cons.ovackflg, "the lost record was a terminate one: OVFLG (EVQ-020)"
    records = await s.prog.events(keep=True)
    assert [r.streamid for r in records[-2:]] == [STALLER, PLAIN], records
    await s.free(4)
    await s.no_events()
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def queue_switched_off(dut: Any) -> None:
    """STL-021: with EVENTQEN=0 a stalling fault waits and is recorded after the enable."""
    s = await StallScene.start(dut)
    await s.prog.enable(smmuen=1, cmdqen=1)
    txns = [s.access(HOLE, axi_id=1), s.access(HOLE + PAGE, axi_id=2, write=True)]
    await s.waits(*txns)
    await s.prog.sync()
    await s.prog.enable(smmuen=1, cmdqen=1, eventqen=1)
    records = await s.stalls(2)
    prod, cons = await s.indexes()
    assert prod.ovflg == cons.ovackflg, "overflow although nothing was lost"
    await s.answer(records, ac=0, ab=1)
    await s.ended(*txns)
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def queue_write_aborted(dut: Any) -> None:
    """STL-021, STL-032: a stall record lost to an abort, ended by ack, STALL_TERM, SMMUEN=0."""
    for end in ("ack", "term", "off", "later"):
        s = await StallScene.start(dut)
        lost: list[Any] = []

        def refuse(request: Any, lost: list[Any] = lost) -> int | None:
            if request.is_write and request.id == EVENT_WRITE_ID and not lost:
                lost.append(request)
                return SLVERR
            return None

        s.bench.ptw.filters.append(refuse)
        txn = s.access(HOLE, axi_id=1)
        await s.prog.until("GERROR", int(Gerror.EVENTQ_ABT_ERR), int(Gerror.EVENTQ_ABT_ERR))
        more = s.access(HOLE + PAGE, axi_id=2, write=True)
        before, _ = await s.indexes()
        await s.waits(txn, more)
        await s.prog.sync()
        after, _ = await s.indexes()
        assert before.wr == after.wr, "recorded while EVENTQ_ABT_ERR is active"
        if end in ("ack", "later"):
            if end == "later":
                # a terminate fault meanwhile is lost, and its client answered
                gone = s.access(HOLE, sid=PLAIN, axi_id=3)
                await s.ended(gone)
                assert gone.resp == SLVERR
            await s.prog.write("GERRORN", eventq_abt_err=1)
            records = await s.stalls(2)
            assert {r.inputaddr for r in records} == {HOLE, HOLE + PAGE}
            s.page(HOLE)
            s.page(HOLE + PAGE)
            await s.answer(records)
            await s.ended(txn, more)
            assert txn.ok and more.ok
        elif end == "term":
            await s.prog.command(Cmd.stall_term(sid=STALLER))
            await s.ended(txn, more)
            assert txn.resp == more.resp == SLVERR
            await s.prog.write("GERRORN", eventq_abt_err=1)
        else:
            await s.prog.enable(cmdqen=1, eventqen=1)
            await s.ended(txn, more)
            assert txn.resp == more.resp == SLVERR
            await s.prog.write("GERRORN", eventq_abt_err=1)
            await s.prog.enable(smmuen=1, cmdqen=1, eventqen=1)
        await s.no_events()
        # nothing was leaked: all places of the table can be used
        again = [s.access(HOLE + PAGE * (8 + k), axi_id=k, sid=OTHER) for k in range(s.stall_max)]
        if s.stall_max <= s.ids:
            records = await s.stalls(s.stall_max, sid=OTHER)
            await s.answer(records, ac=0, ab=1)
        else:
            await drain(s)
        await s.ended(*again)
        await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def beyond_stall_max(dut: Any) -> None:
    """STL-022, STL-023, STL-033, FLT-022: STALL_MAX records; each answer allows one more."""
    s = await StallScene.start(dut)
    top = s.stall_max
    extra = min(2 * top, s.room) - top
    s.page(VA, DATA, sid=PLAIN)
    txns = [
        s.access(HOLE + PAGE * k, axi_id=k % (s.ids - 1), write=bool(k & 1))
        for k in range(top + extra)
    ]
    records = await s.stalls(top)
    await s.waits(*txns)
    # terminate streams go on on another AXI ID: hits, misses, faults
    for number in range(3):
        good = s.access(VA, sid=PLAIN, axi_id=s.ids - 1, write=bool(number & 1))
        await s.ended(good, limit=2000)
        assert good.ok
        gone = s.access(HOLE, sid=PLAIN, axi_id=s.ids - 1)
        await s.ended(gone, limit=2000)
        assert gone.resp == SLVERR
    assert len(await s.prog.events(at_least=3)) == 3
    seen = {record.stag for record in records}
    live = list(records)
    for _ in range(extra):
        await s.answer(live.pop(0), ac=0, ab=1)
        (record,) = await s.stalls(1)
        assert record.stag not in {one.stag for one in live}
        assert record.stag not in seen, "a STAG came back at once"
        seen.add(record.stag)
        live.append(record)
        await s.waits(cycles=400)
    await s.answer(live, ac=0, ab=1)
    await s.ended(*txns)
    assert all(txn.resp == SLVERR for txn in txns)
    await s.no_events()
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def twice_stall_max(dut: Any) -> None:
    """STL-022, STL-023: 2*STALL_MAX faults on all ports: exactly STALL_MAX records at a time."""
    s = await StallScene.start(dut)
    top = s.stall_max
    txns = [
        s.access(HOLE + PAGE * k, axi_id=k % s.ids, write=bool(k & 1), tbu=k % s.bench.tbus)
        for k in range(2 * top)
    ]
    live = await s.stalls(top)
    await s.waits(*txns)
    for done in range(1, 2 * top + 1):
        await s.answer(live.pop(0), ac=0, ab=1)
        if done <= top:
            live += await s.stalls(1)
        await s.waits(cycles=200)
        assert sum(txn.finished for txn in txns) <= done
    await s.ended(*txns)
    assert all(txn.resp == SLVERR for txn in txns)
    await s.no_events()
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def guessed_tag(dut: Any) -> None:
    """STL-008, RES-014: no STAG can be guessed for a stall that has no record yet."""
    s = await StallScene.start(dut, eventq_log2=2)
    (txn,) = await unrecorded(s, 1)
    for stag in (*range(s.stall_max), *range(0x100, 0x100 + s.stall_max), 0xFFFF):
        for ac, ab in ((1, 0), (0, 1)):
            await s.prog.command(Cmd.resume(sid=STALLER, stag=stag, ac=ac, ab=ab))
    await s.prog.sync()
    await s.waits(txn)
    await s.free(1)
    await s.bench.cycles(QUIET)
    record = await s.last_record()
    is_fault(record, Event.F_TRANSLATION, stall=1, inputaddr=HOLE)
    s.page(HOLE)
    await s.answer(record)
    await s.ended(txn)
    assert txn.ok
    await s.prog.events()
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def long_writes_do_not_block(dut: Any) -> None:
    """STL-031, STL-001, FLT-022: stalled full-length writes, slow data; later writes pass them."""
    s = await StallScene.start(dut)
    lanes = s.bench.masters[0].lanes
    length = min(256, PAGE // lanes) * lanes
    budget = s.bench.params["WBUF_BEATS"] - 256
    count = min(s.stall_max, budget // (length // lanes), 4)
    s.bench.masters[0].configure(w=30)
    txns = [s.access(HOLE + PAGE * k, write=True, nbytes=length, axi_id=k) for k in range(count)]
    passers = [s.access(VA + 64 * k, sid=PLAIN, write=True, nbytes=64, axi_id=s.ids - 1)
               for k in range(4)]  # fmt: skip
    records = await s.stalls(count)
    await s.ended(*passers)
    assert all(txn.ok for txn in passers)
    await s.waits(*txns)
    for k in range(count):
        s.page(HOLE + PAGE * k, DATA + PAGE * (1 + k))
    await s.answer(reversed(records))
    await s.ended(*txns)
    for k, txn in enumerate(txns):
        assert txn.ok
        got = s.memory.peek(DATA + PAGE * (1 + k), length)
        assert got == s.pattern(txn.addr, length), f"data of write {k}"
    await s.no_events()
    await s.finish()
