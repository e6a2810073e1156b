# SPDX-License-Identifier: Apache-2.0
"""What a client sees of faults and errors, and what others do not see of them (FLT-009..026)."""

from __future__ import annotations

import random
from collections import Counter
from itertools import product
from typing import Any

import cocotb

from tb.bfm.burst import DECERR, EXOKAY, OKAY, SLVERR
from tb.env.smmu_bench import has_pin
from tb.models.fields import Cerror, Cmd, Event, FaultClass, Gerror
from tb.models.vmsa import Stage1Leaf
from tests.smmu.case_scene import DATA, PAGE, VA, Case, abort, ok, razwi, stage1, stage2, stall
from tests.smmu.fault_model_tests import run_mixed
from tests.smmu.fault_rig import MODEL, Rig
from tests.smmu.stall_scene import HOLE, OTHER, PLAIN, STALLER, StallScene

LATENCY_LIMIT = 1200  # cycles for a fault with cold tables beside others


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def nothing_goes_downstream(dut: Any) -> None:
    """FLT-009, FLT-010: terminated writes of all lengths, W early, late and held; one answer."""
    s = await StallScene.start(dut)
    lanes = s.bench.masters[0].lanes
    s.streams[OTHER].rewrite_cd(0, s=0, a=0, r=0)
    s.sent.clear()
    txns = []
    lengths = sorted({1, 2, 5, 16, 64, min(256, PAGE // lanes)})
    ways = [{}, {"delay": 60}, {"w_delay": 60}, {"w_after": True}]
    for beats, way, (sid, resp) in product(lengths, ways, ((PLAIN, SLVERR), (OTHER, OKAY))):
        options = {"sid": sid, "id": len(txns) % s.ids, **way}
        txn = s.bench.write(HOLE, bytes(beats * lanes), **options)
        txns.append((txn, resp))
    held = s.bench.write(HOLE, bytes(16 * lanes), sid=PLAIN, id=0, w_hold=9)
    for beats, (sid, resp) in product(lengths, ((PLAIN, SLVERR), (OTHER, OKAY))):
        txn = s.bench.read(HOLE, beats * lanes, sid=sid, id=len(txns) % s.ids)
        txns.append((txn, resp))
    await s.bench.cycles(2000)
    assert not held.finished
    s.bench.masters[0].release(held)
    txns.append((held, SLVERR))
    for txn, resp in txns:
        await s.ended(txn)
        assert not txn.error and set(txn.beat_resps()) == {resp}, f"{txn.beat_resps()}: {txn}"
        assert txn.is_write or not any(txn.data)
    assert not s.sent, f"went downstream: {s.sent}"
    await s.prog.sync()
    records = await s.prog.events()
    assert len(records) == sum(resp == SLVERR for _, resp in txns)
    # the mechanism would have been seen
    await s.ended(s.access(VA, sid=PLAIN, write=True))
    assert len(s.sent) == 1
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def answers_of_memory_pass(dut: Any) -> None:
    """FLT-010, FLT-012: SLVERR and DECERR of memory reach the client; no event, no GERROR."""
    s = await StallScene.start(dut)
    for response, code in (("SLVERR", SLVERR), ("DECERR", DECERR)):
        for at in (DATA, DATA + 32):
            error = s.memory.add_error(at, 8, response=response)
            for write in (False, True):
                txn = s.access(VA, sid=PLAIN, write=write, nbytes=64)
                await s.ended(txn)
                lanes = txn.shape.lanes
                if write:
                    assert txn.resp == code
                else:
                    bad = (at - DATA) // lanes
                    want = [code if k == bad else OKAY for k in range(txn.beats)]
                    assert txn.beat_resps() == want, f"{response}: {txn.beat_resps()}"
            s.memory.remove_error(error)
    await s.no_events()
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def exclusives(dut: Any) -> None:
    """FLT-011: faulting exclusives get SLVERR or OKAY; EXOKAY only comes from memory."""
    s = await StallScene.start(dut)
    s.streams[OTHER].rewrite_cd(0, s=0, a=0, r=1)
    side = {"lock": 1, "cache": 3, "domain": 0}
    for sid, resp in ((PLAIN, SLVERR), (OTHER, OKAY)):
        for write in (False, True):
            txn = s.access(HOLE, sid=sid, write=write, nbytes=8, **side)
            await s.ended(txn)
            assert set(txn.beat_resps()) == {resp}, f"{sid:x} {write}: {txn.beat_resps()}"
    assert len(await s.prog.events(at_least=4)) == 4
    # a page that is not shareable keeps the exclusive (ATT-033), and memory says EXOKAY
    s.page(VA + PAGE, DATA + PAGE, sid=PLAIN, leaf1=Stage1Leaf(sh=0))
    read = s.access(VA + PAGE, sid=PLAIN, nbytes=8, **side)
    await s.ended(read)
    write = s.access(VA + PAGE, sid=PLAIN, nbytes=8, write=True, **side)
    await s.ended(write)
    assert read.beat_resps() == [EXOKAY] and write.resp == EXOKAY, (read, write)
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def record_before_the_sync(dut: Any) -> None:
    """FLT-013: a SYNC after the answer: the record is visible then, or never (queue full)."""
    s = await StallScene.start(dut, eventq_log2=2)
    s.bench.ptw.configure(write_latency=900)
    for number in range(6):
        txn = s.access(HOLE + PAGE * number, sid=PLAIN)
        await s.ended(txn)
        await s.prog.sync()
        prod, _ = await s.indexes()
        full = number >= 4
        assert prod.wr == min(number + 1, 4), f"PROD 0x{prod.wr:x} after the SYNC, {number}"
        assert prod.ovflg == int(full)
    before, _ = await s.indexes()
    await s.free(2)
    await s.bench.cycles(3000)
    after, _ = await s.indexes()
    assert after.wr == before.wr, "a dropped record came later"
    s.bench.ptw.configure(write_latency=4)
    await s.free(2)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def independent_transactions(dut: Any) -> None:
    """FLT-014: good, terminating and stalling ones mixed: each ends as it does alone."""
    s = await StallScene.start(dut)
    rng = random.Random(cocotb.RANDOM_SEED)
    sids = list(range(0x40, 0x46))
    for sid in sids:
        s.streams[sid] = s.stream(sid, cd={"a": sid & 1, "r": sid >> 1 & 1})
    s.bench.masters[0].configure(r=60, b=60, w=70)
    rows, stalled = [], []
    ids = s.ids - s.stall_max
    for number in range(200):
        sid = rng.choice(sids)
        write = rng.random() < 0.5
        good = rng.random() < 0.5
        nbytes = 8 * rng.choice((1, 2, 8, 32))
        fault = stage1(Event.F_TRANSLATION) if sid >> 1 & 1 else {}
        want = ok(DATA) if good else (abort if sid & 1 else razwi)(**fault)
        addr = VA if good else HOLE + PAGE * rng.randrange(8)
        row = Case(f"row {number}", sid, addr, want, write=write, nbytes=nbytes)
        row.options["id"] = rng.randrange(ids)
        rows.append(row)
    for number in range(s.stall_max):
        want = stall(**stage1(Event.F_TRANSLATION))
        row = Case(f"stall {number}", STALLER, HOLE + PAGE * number, want, write=bool(number & 1))
        row.options["id"] = ids + number
        stalled.append(row)
    first, second = rows[:100], rows[100:]
    await s.run([*first[:40], *stalled], batch=200)
    await s.run([*first[40:], *second], batch=100, cold=False)
    await s.end_stalls(stalled)
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def unsupported_transactions(dut: Any) -> None:
    """FLT-018, FLT-017: bursts over 4 KB and atomics: F_UUT, SMMUEN 0 and 1, ABORT 0 and 1."""
    s = await StallScene.start(dut)
    lanes = s.bench.masters[0].lanes
    # the R beats of an atomic have no AR
    s.bench.checkers[0].switch_off("AW_BURST", "AR_BURST", "R_ID")
    s.streams[PLAIN].write(privcfg=3, instcfg=3)
    await s.changed(PLAIN)

    async def check(sid: int, name: str, recorded: bool = True) -> None:
        s.reads.clear()
        s.sent.clear()
        want = []
        for write, inst in ((False, False), (True, False), (False, True)):
            addr = 0xA5 << 56 | VA + PAGE - 2 * lanes
            side = {"sid": sid, "inst": inst}
            if write:
                txn = s.bench.write(addr, bytes(4 * lanes), **side)
            else:
                txn = s.bench.read(addr, 4 * lanes, **side)
            await s.ended(txn)
            assert set(txn.beat_resps()) == {SLVERR}, f"{name}: {txn.beat_resps()}"
            want.append((addr, int(not write), int(inst)))
        # an AtomicStore is answered on B alone
        store = s.bench.write(VA, bytes(8), sid=sid, atop=0b010000, id=3)
        await s.ended(store)
        assert store.resp == SLVERR, f"{name}: {store}"
        want.append((VA, 0, 0))
        # AtomicLoad, Swap, Compare: R beats too; a Compare returns half of what it sends
        for atop, size, returned in ((0b100000, 16, 16), (0b110000, 8, 8), (0b110001, 32, 16)):
            atomic = s.bench.write(VA, bytes(size), sid=sid, atop=atop, id=5)
            beats = max(1, returned // lanes)
            data = s.bench.masters[0].read(VA, beats=beats, no_ax=True, id=5)
            await s.ended(atomic, data)
            assert atomic.resp == SLVERR and not data.error, f"{name}: {atomic} {data}"
            assert data.beat_resps() == [SLVERR] * beats, f"{name}: {data.beat_resps()}"
            want.append((VA, 0, 0))
        await s.prog.sync()
        records = await s.prog.events()
        assert len(records) == (len(want) if recorded else 0), f"{name}: {records}"
        for record, (addr, rnw, ind) in zip(records, want, strict=False):
            assert record.type == Event.F_UUT and record.inputaddr == addr, f"{name}: {record}"
            # the incoming values, not the overridden ones (FLT-017)
            got = record.rnw, record.ind, record.pnu, record.reason
            assert got == (rnw, ind, 0, 0), f"{name}: {record}"
        assert not s.reads and not s.sent, f"{name}: read or forwarded"

    await check(PLAIN, "good stream")
    await check(0x777, "no STE")
    for abort_all in (0, 1):
        await s.prog.enable(cmdqen=1, eventqen=1)
        await s.prog.write("GBPA", shcfg=1, abort=abort_all, update=1)
        await s.prog.until("GBPA", 1 << 31, 0)
        await check(PLAIN, f"SMMUEN=0, ABORT={abort_all}")
        await s.prog.enable(cmdqen=1)
        await check(PLAIN, "EVENTQEN=0", recorded=False)
        await s.prog.enable(smmuen=1, cmdqen=1, eventqen=1)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def no_delay_by_the_queue(dut: Any) -> None:
    """FLT-021: 100 terminate faults with the queue empty, full, off: same latency; OVFLG once."""
    s = await StallScene.start(dut, eventq_log2=8)
    took = {}
    for state in ("empty", "full", "off"):
        if state == "full":
            await s.prog.enable(smmuen=1, cmdqen=1)
            prod, _ = await s.indexes()
            await s.prog.write("EVENTQ_CONS", rd=prod.wr ^ 0x100)
            await s.prog.enable(smmuen=1, cmdqen=1, eventqen=1)
        elif state == "off":
            await s.prog.enable(smmuen=1, cmdqen=1)
        before, _ = await s.indexes()
        times = []
        for number in range(100):
            txn = s.access(HOLE + PAGE * (number % 5), sid=PLAIN, write=bool(number & 1))
            await s.ended(txn)
            assert txn.resp == SLVERR
            times.append(txn.t_last - txn.t_addr)
        await s.prog.sync()
        after, _ = await s.indexes()
        took[state] = max(times[5:])
        moved = after.wr - before.wr & 0x1FF
        assert moved == (100 if state == "empty" else 0), f"{state}: PROD moved by {moved}"
        assert after.ovflg ^ before.ovflg == int(state == "full"), f"{state}: OVFLG"
    for state in ("full", "off"):
        assert took[state] <= took["empty"] + 20, f"slower with the queue {state}: {took}"
    prod, _ = await s.indexes()
    await s.prog.write("EVENTQ_CONS", rd=prod.wr, ovackflg=prod.ovflg)
    await s.prog.enable(smmuen=1, cmdqen=1, eventqen=1)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def progress_without_software(dut: Any) -> None:
    """FLT-022, STL-023: all stalls in use, queue full, CMDQ_ERR: terminate streams still end."""
    s = await StallScene.start(dut, eventq_log2=2)
    await s.fill_queue()
    count = s.room
    blocked = [s.access(HOLE + PAGE * k, axi_id=k % (s.ids - 2), write=bool(k & 1))
               for k in range(count)]  # fmt: skip
    # another port takes more of them than it has places for
    for tbu in range(1, s.bench.tbus):
        blocked += [s.access(HOLE + PAGE * k, axi_id=k % s.ids, tbu=tbu) for k in range(2 * count)]
    await s.bench.cycles(3000)
    await s.prog.command(Cmd.raw(0xFF))
    await s.prog.until("GERROR", int(Gerror.CMDQ_ERR), int(Gerror.CMDQ_ERR))
    stage_2 = s.stream(0x60, s1=False, s2=True)
    nested = s.stream(0x61, s2=True, s1stalld=1)
    for number in range(24):
        kind = number % 4
        sid = (PLAIN, stage_2.sid, nested.sid, PLAIN)[kind]
        addr = VA if number % 3 else HOLE + PAGE * number
        nbytes = 8 * (1, 8, 32, 64)[number // 4 % 4]
        txn = s.access(addr, sid=sid, axi_id=s.ids - 1 - number % 2, write=bool(number & 1),
                       nbytes=nbytes)  # fmt: skip
        await s.ended(txn, limit=LATENCY_LIMIT)
        assert txn.resp == (OKAY if addr == VA else SLVERR), f"{number}: {txn}"
    assert not any(txn.finished for txn in blocked)
    cons = await s.prog.read("CMDQ_CONS")
    assert cons.err == Cerror.ILL
    # software comes back: everything ends
    at = s.prog.layout.cmdq + 16 * (cons.rd & (1 << s.prog.layout.cmdq_log2) - 1)
    s.memory.poke(at, Cmd.stall_term(sid=STALLER))
    await s.prog.write("GERRORN", cmdq_err=1)
    for _ in range(200):
        if all(txn.finished for txn in blocked):
            break
        await s.prog.events()
        await s.prog.command(Cmd.stall_term(sid=STALLER))
        await s.bench.cycles(200)
    await s.ended(*blocked)
    await s.prog.sync()
    prod, _ = await s.indexes()
    await s.prog.write("EVENTQ_CONS", rd=prod.wr, ovackflg=prod.ovflg)
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def prefetch_is_silent(dut: Any) -> None:
    """FLT-023, FLT-024: CMD_PREFETCH of anything: no event, no error; no read without a cause."""
    s = await StallScene.start(dut)
    broken = Rig(s, 0x70)
    broken.write_cd(v=0)
    s.memory.add_error(s.ste_address(0x71), 64)
    s.memory.poke(s.ste_address(0x72), bytes(64))
    s.reads.clear()
    for sid, ssid, ssv in ((0xFFFF, 0, 0), (0x70, 70, 1), (0x71, 0, 0), (0x72, 0, 0),
                           (PLAIN, 0, 0), (STALLER, 0, 0), (0xFFFF_FFFF, 0xFFFFF, 1)):  # fmt: skip
        await s.prog.command(
            Cmd.prefetch_config(sid=sid, ssid=ssid, ssv=ssv),
            Cmd.prefetch_addr(sid=sid, ssid=ssid, ssv=ssv, addr=HOLE, size=3, stride=1),
            Cmd.prefetch_addr(sid=sid, ssid=ssid, ssv=ssv, addr=1 << 50),
        )
    await s.no_events()
    await s.error_free()
    reachable = [(s.prog.layout.strtab, 64 << s.prog.layout.sid_log2), (0x4200_0000, 1 << 24)]
    for request in s.reads:
        assert any(a <= request.addr < a + n for a, n in reachable), f"0x{request.addr:x}"
    # no read at all while nothing happens
    s.reads.clear()
    await s.bench.cycles(3000)
    assert not s.reads, "a read that no transaction and no command has caused (FLT-024)"
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def no_stall_ports_and_flows(dut: Any) -> None:
    """FLT-026: a port strapped no-stall, or AxMMUFLOW=NoStall: abort and one record, R ignored."""
    for strapped in (False, True)[: 2 if has_pin("nostall_i") else 1]:
        s = await StallScene.start(dut, nostall=1 if strapped else 0)
        rows = []
        sid = 0x100
        for flow, event, (r, s2r), where in product(
            (0, 2), MODEL, ((0, 0), (1, 1)), ("1", "DATA", "S1.2", "CD")
        ):
            sid += 1
            rig = Rig(s, sid, cd={"s": 1, "a": 0, "r": r}, ste={"s2s": 1, "s2r": s2r})
            if where == "1":
                rig.stage1_fault(event)
                record = stage1(event)
            else:
                rig.stage2_fault(where, event)
                record = rig.stage2_record(where, event)
            unsafe = strapped or flow == 2
            want = abort(**record) if unsafe else stall(**record)
            name = f"strap {strapped}, flow {flow}, {event.name} at {where}, R={r}"
            rows.append(rig.case(name, want, options={"flow": flow}))
        await run_mixed(s, rows)
        await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def no_stray_bits(dut: Any) -> None:
    """FLT-025: all 256 bits of every kind of record; fields that do not apply read zero."""
    s = await StallScene.start(dut)
    rows = []
    sid = 0x100
    for ssid_case, write, priv, inst in product((False, True), (False, True), (False, True),
                                                (False, True)):  # fmt: skip
        for event in MODEL:
            sid += 1
            rig = Rig(s, sid, two_level=ssid_case)
            rig.stage1_fault(event)
            options = {"write": write, "priv": priv, "inst": inst}
            if event is Event.F_PERMISSION:
                rig.leaf(writable=False, user=False, uxn=True, pxn=True)
                if priv and not write and not inst:
                    continue
            rows.append(rig.case(f"stage 1 {event.name}", abort(**stage1(event)), **options))
            sid += 1
            rig = Rig(s, sid, two_level=ssid_case)
            rig.stage2_fault("S1.1", event)
            rows.append(rig.case(f"stage 2 {event.name}",
                                 abort(**rig.stage2_record("S1.1", event)), **options))  # fmt: skip
    sid += 1
    rig = Rig(s, sid, s1=False)
    hole = VA + (1 << 39)
    rows.append(Case("stage 2 only", sid, hole,
                     abort(**stage2(Event.F_TRANSLATION, FaultClass.IN, hole))))  # fmt: skip
    await s.run(rows)
    counts = Counter(row.outcome.record.type for row in rows)
    assert set(counts) == set(MODEL)
    await s.finish()
