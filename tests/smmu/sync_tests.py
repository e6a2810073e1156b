# SPDX-License-Identifier: Apache-2.0
"""CMD_SYNC in the whole SMMU: what it waits for, what it never waits for, in which order."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.bfm.dvm import sync as dvm_sync
from tb.bfm.dvm import tlbi as dvm_tlbi
from tb.env.smmu_bench import BenchConfig
from tb.models.fields import Cerror, Cmd, Gerror
from tests.smmu.queue_scene import HOLE, MSI, MSI_IDS, PAGE, STEP, VA, Scene, told

SID, OTHER, THIRD = 0x21, 0x22, 0x23
ALL = Cmd.tlbi_nh_all()


def _hold_downstream(s: Scene) -> None:
    s.bench.mems[0].filters.append(lambda request: "hold")


def _release_downstream(s: Scene) -> None:
    s.bench.mems[0].filters.clear()
    s.bench.mems[0].release_all()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def without_a_sync_nothing_waits(dut: Any) -> None:
    """CMD-012, QUE-012: TLBI and CFGI are consumed while their completion is impossible."""
    s = await Scene.start(dut)
    s.stream(SID)
    assert (await s.read(VA, SID)).ok
    _hold_downstream(s)
    txn = s.bench.write(VA, bytes(8), sid=SID)
    await s.until(lambda: len(s.bench.mems[0].held) == 1, "the write downstream")
    start = s.bench.cycle
    await s.issue(*[ALL] * 16, Cmd.cfgi_all(), Cmd.cfgi_ste(sid=SID))
    await s.consumed()
    assert s.bench.cycle - start < 2000 and not txn.finished
    # the SYNC is what waits
    first = await s.issue(Cmd.sync())
    await s.quiet(1000)
    assert await s.cons() == first and not txn.finished
    _release_downstream(s)
    await s.consumed()
    assert (await s.done(txn)).ok
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def commands_behind_a_sync_wait(dut: Any) -> None:
    """CMD-034, QUE-012: what follows a SYNC is neither consumed nor effective before it ends."""
    s = await Scene.start(dut)
    two, third = s.two_faced(OTHER), s.two_faced(THIRD)
    s.stream(SID)
    assert (await s.read(VA, SID)).ok
    assert (await two.face(), await third.face()) == ("A", "A")
    _hold_downstream(s)
    txn = s.bench.write(VA + 0x100, bytes(8), sid=SID)
    await s.until(lambda: len(s.bench.mems[0].held) == 1, "the write downstream")
    s.bench.mems[0].filters.clear()  # what comes later is answered
    two.by_ste("B")
    misses = s.bench.misses()
    first = await s.issue(
        Cmd.tlbi_nh_asid(asid=0), Cmd.sync(), Cmd.tlbi_nh_asid(asid=2 * THIRD),
        Cmd.cfgi_ste(sid=OTHER, leaf=1), Cmd.sync(),
    )  # fmt: skip
    await s.quiet(1500)
    assert await s.cons() == s.after(first)
    assert await two.face() == "A", "CFGI behind the SYNC had an effect"
    assert await third.face() == "A" and s.bench.misses() == misses, "TLBI had an effect"
    s.bench.mems[0].release_all()
    await s.consumed()
    assert await two.face() == "B"
    misses = s.bench.misses()
    assert await third.face() == "A" and s.bench.misses() > misses
    assert (await s.done(txn)).ok
    await s.finish()


async def _waits_for(s: Scene, what: str, *invalidation: bytes, **traffic: Any) -> None:
    """A SYNC after ``invalidation`` ends after the responses of ``traffic`` and not before."""
    for write in (False, True):
        _hold_downstream(s)
        if write:
            txn = s.bench.write(VA, bytes(8), **traffic)
        else:
            txn = s.bench.read(VA, 8, **traffic)
        await s.until(lambda: len(s.bench.mems[0].held) == 1, f"{what} downstream")
        await s.issue(*invalidation, Cmd.sync())
        sync = s.before(s.prod)
        await s.quiet(1500)
        assert await s.cons() == sync, f"the SYNC passed {what}"
        _release_downstream(s)
        await s.consumed()
        assert (await s.done(txn)).ok


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def sync_waits_for_users_of_what_went(dut: Any) -> None:
    """CMD-035, CMD-036: TLBI and CFGI of every kind, of translated and bypassed streams."""
    s = await Scene.start(dut)
    s.stream(SID, asid=3)
    stream = s.prog.stream(OTHER, cdmax=1)
    stream.space(1, asid=4).map(VA, PAGE, STEP)
    s.prog.stream(THIRD, s1=False)
    for command in (
        Cmd.tlbi_nh_va(asid=3, addr=VA), Cmd.tlbi_nh_asid(asid=3), ALL, Cmd.cfgi_ste(sid=SID),
        Cmd.cfgi_cd(sid=SID), Cmd.cfgi_cd_all(sid=SID), Cmd.cfgi_all(),
    ):  # fmt: skip
        await _waits_for(s, command.hex(), command, sid=SID)
    for command in (Cmd.cfgi_cd(sid=OTHER, ssid=1, leaf=1), Cmd.cfgi_ste(sid=OTHER, leaf=1)):
        await _waits_for(s, command.hex(), command, sid=OTHER, ssid=1)
    for command in (Cmd.cfgi_ste(sid=THIRD), Cmd.cfgi_ste_range(sid=THIRD, range=2)):
        await _waits_for(s, command.hex(), command, sid=THIRD)
    # a client that withholds W data or takes no R and B does not count (D3, D17)
    master = s.bench.masters[0]
    master.hold("r"), master.hold("b")
    txns = [s.bench.read(VA, 8, sid=SID, id=1), s.bench.write(VA, bytes(8), sid=SID, id=2)]
    late = s.bench.write(VA, bytes(32), sid=SID, id=3, w_hold=1)
    await s.quiet(300)
    await s.run(Cmd.tlbi_nh_all(), Cmd.cfgi_all())
    assert not any(txn.finished for txn in (*txns, late))
    master.hold("r", False), master.hold("b", False)
    master.release(late)
    for txn in (*txns, late):
        assert (await s.done(txn)).ok
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def records_are_there_when_a_sync_ends(dut: Any) -> None:
    """CMD-037, EVQ-005, EVQ-026: aborts a client has seen are in the queue when SYNC completes."""
    s = await Scene.start(dut)
    s.stream(SID)
    for latency in (1, 30, 300):
        s.bench.ptw.configure(write_latency=latency)
        for count in (1, 3, 7):
            addresses = await s.faults(count, SID)
            await s.run()
            records = await s.prog.events()
            assert [r.inputaddr for r in records] == addresses, latency
            await s.quiet(2 * latency + 100)
            assert not await s.prog.events(), "a record came after the SYNC"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def unwritable_records_never_appear(dut: Any) -> None:
    """CMD-038, CMD-039, EVQ-031: a full queue: aborts vanish, stalls show the new state only."""
    s = await Scene.start(dut, eventq_log2=1)
    s.stream(SID)
    space = s.prog.stream(OTHER).space(s=1, asid=9)
    await s.faults(5, SID)
    stalled = [s.bench.read(HOLE + k * STEP, 8, sid=OTHER, id=1 + k) for k in range(2)]
    await s.quiet(1000)
    assert not any(txn.finished for txn in stalled)
    # the first gets a page, the second one that only the privileged may read
    space.map(HOLE, PAGE, STEP)
    await s.run(Cmd.tlbi_nh_all())
    prod = await s.prog.read("EVENTQ_PROD")
    assert prod.ovflg == 1, "no overflow for the aborts that were dropped"
    records = await s.prog.events()
    assert [r.inputaddr for r in records] == [HOLE, HOLE + STEP] and not records[0].stall
    assert (await s.done(stalled[0])).ok, "the repaired stall was not retried"
    (record,) = await s.prog.events(at_least=1)
    assert record.stall and record.inputaddr == HOLE + STEP
    await s.quiet(1000)
    assert not await s.prog.events(), "a record of what was discarded"
    await s.run(Cmd.resume(sid=OTHER, stag=record.stag, ab=1))
    assert not (await s.done(stalled[1])).ok
    assert (await s.prog.read("EVENTQ_PROD")).ovflg == 1
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def no_stale_record_after_a_sync(dut: Any) -> None:
    """EVQ-031, EVQ-036, CMD-050: a fault storm while a page comes and goes, by command and DVM."""
    s = await Scene.start(
        dut, eventq_log2=7, regs={"CR2": {"recinvsid": 1, "ptm": 0}},
        cfg=BenchConfig(fast_registers=True, jitter=8),
    )  # fmt: skip
    space = s.stream(SID, asid=3)
    s.bench.ptw.configure(write_latency=150, write_jitter=100)
    total = 0
    for lap in range(12):
        txns = [s.bench.read(HOLE, 8, sid=SID, id=k % 4) for k in range(12)]
        await s.bench.cycles(s.bench.rng.randrange(200))
        space.map(HOLE, PAGE, STEP)
        if lap % 2:
            done = s.bench.ptw.dvm_completes
            await s.bench.dvm.send(dvm_tlbi(vmid=0, asid=3, addr=HOLE))
            s.bench.dvm.post(dvm_sync())
            await s.until(lambda n=done: s.bench.ptw.dvm_completes > n, "DVM Complete")
            await s.run()
        else:
            await s.run(Cmd.tlbi_nh_va(asid=3, addr=HOLE))
        records = await s.prog.events()
        failed = [txn for txn in txns if txn.finished and not txn.ok]
        assert len(records) >= len(failed), "a record is missing after the SYNC"
        mark = s.bench.cycle
        more = [s.bench.read(HOLE, 8, sid=SID, id=k % 4) for k in range(4)]
        for txn in (*txns, *more):
            await s.done(txn)
        assert all(txn.ok for txn in more), "a new read faulted"
        await s.quiet(600)
        late = await s.prog.events()
        assert not late, f"{len(late)} stale records after cycle {mark}"
        assert len(records) == sum(not txn.ok for txn in txns)
        total += len(records)
        space.unmap(HOLE, STEP)
        await s.run(Cmd.tlbi_nh_all())
    assert total > 12, "hardly a fault"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def no_stale_configuration_record(dut: Any) -> None:
    """EVQ-031: the same for an STE and a CD that become valid: no C_BAD_* after CFGI and SYNC."""
    s = await Scene.start(dut, eventq_log2=7)
    s.stream(SID, asid=3)
    ste = s.prog.layout.strtab + 64 * SID
    cd = s.memory.peek64(ste) & 0xFFFF_FFFF_FFC0
    s.bench.ptw.configure(write_latency=150, write_jitter=100)
    total = 0
    for lap in range(12):
        at, kind = ((ste, 0x04), (cd, 0x0A))[lap % 2]
        image = s.memory.peek(at, 64)
        s.memory.poke(at, bytes(64))
        await s.run(Cmd.cfgi_ste(sid=SID, leaf=1))
        txns = [s.bench.read(VA, 8, sid=SID, id=k % 4) for k in range(12)]
        await s.bench.cycles(s.bench.rng.randrange(200))
        s.memory.poke(at, image)
        await s.run((Cmd.cfgi_ste, Cmd.cfgi_cd)[lap % 2](sid=SID, leaf=1))
        records = await s.prog.events()
        more = [s.bench.read(VA, 8, sid=SID, id=k % 4) for k in range(4)]
        for txn in (*txns, *more):
            await s.done(txn)
        assert all(txn.ok for txn in more), "a new read faulted"
        await s.quiet(600)
        assert not await s.prog.events(), f"lap {lap}: a stale record"
        assert len(records) == sum(not txn.ok for txn in txns)
        assert {r.type for r in records} <= {kind}
        total += len(records)
    assert total > 12, "hardly a fault"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def dvm_repairs_unrecorded_stalls(dut: Any) -> None:
    """EVQ-036, CMD-050, CMD-042: after DVM TLBI and Sync no record tells of the old tables.

    The event queue is full: the stalls are unrecorded, and CMD_SYNC does not wait for them.
    """
    s = await Scene.start(dut, eventq_log2=0, regs={"CR2": {"recinvsid": 1, "ptm": 0}})
    s.bench.ptw.configure(write_latency=200)
    s.stream(SID)
    space = s.prog.stream(OTHER).space(s=1, asid=9)
    await s.faults(2, SID)
    stalled = [s.bench.read(HOLE + k * STEP, 8, sid=OTHER, id=k) for k in range(3)]
    await s.quiet(1000)
    space.map(HOLE, PAGE, 2 * STEP)
    done = s.bench.ptw.dvm_completes
    await s.bench.dvm.send(dvm_tlbi(vmid=0, asid=9))
    s.bench.dvm.post(dvm_sync())
    await s.until(lambda: s.bench.ptw.dvm_completes > done, "DVM Complete")
    assert await s.prog.sync(4000) < 4000
    (first,) = await s.prog.events()
    assert first.inputaddr == HOLE and not first.stall
    for txn in stalled[:2]:
        assert (await s.done(txn)).ok
    (record,) = await s.prog.events(at_least=1)
    assert record.stall and record.inputaddr == HOLE + 2 * STEP
    await s.run(Cmd.resume(sid=OTHER, stag=record.stag, ab=1))
    assert not (await s.done(stalled[2])).ok and not await s.prog.events()
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def stalls_and_broadcasts_hold_no_sync(dut: Any) -> None:
    """CMD-042: recorded stalls and an unfinished DVM sequence do not delay a SYNC."""
    s = await Scene.start(dut, regs={"CR2": {"recinvsid": 1, "ptm": 0}})
    space = s.prog.stream(SID).space(s=1, asid=9)
    count = min(3, s.bench.params["STALL_MAX"])
    stalled = [s.bench.read(HOLE + k * STEP, 8, sid=SID, id=k) for k in range(count)]
    records = await s.prog.events(at_least=count)
    s.bench.dvm.post(dvm_tlbi(vmid=0, asid=9)[:1])
    half = dvm_tlbi(vmid=0, asid=9, addr=VA)
    s.bench.dvm.post(half[:1])  # its second part does not come yet
    await s.run(Cmd.tlbi_nh_asid(asid=9))
    assert not any(txn.finished for txn in stalled)
    s.bench.dvm.post(half[1:])
    space.map(HOLE, PAGE, count * STEP)
    await s.run(*(Cmd.resume(sid=SID, stag=r.stag, ac=1) for r in records))
    for txn in stalled:
        assert (await s.done(txn)).ok
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def sync_signals(dut: Any) -> None:
    """CMD-028..033, IRQ-012, QUE-013: CS by MSIAddress, with every interrupt enable 0 and 1."""
    s = await Scene.start(dut)
    for irq_ctrl in (0, 5):
        await s.put("IRQ_CTRL", irq_ctrl)
        for cs in range(3):
            for field, at in ((0, None), (MSI, MSI), (1 << 55, 0), (1 << 55 | MSI, MSI)):
                seen, pulses = len(s.log), s.bench.irqs["cmd_sync"]
                s.memory.poke32(MSI, 0)
                s.memory.poke32(0, 0)
                await s.run(Cmd.sync(cs=cs, msiaddr=field, msidata=0xCAFE_F00D, msiattr=15))
                await s.quiet(100)
                loud = cs == 1
                assert s.bench.irqs["cmd_sync"] == pulses + loud, (cs, hex(field))
                want = [at] if loud and at is not None else []
                assert [m.addr for m in s.msis(seen)] == want, (cs, hex(field))
                if want:
                    assert s.memory.peek32(at) == 0xCAFE_F00D
    # CS=3 after a TLBI: the TLBI is consumed, the SYNC is not
    seen, pulses = len(s.log), s.bench.irqs["cmd_sync"]
    first = await s.issue(ALL, Cmd.sync(cs=3, msiaddr=MSI, msidata=1))
    await s.fails_at(s.after(first), Cerror.ILL)
    await s.quiet(100)
    assert not s.msis(seen) and s.bench.irqs["cmd_sync"] == pulses
    await s.repair(s.after(first))
    await s.consumed()
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def sync_fields_walk(dut: Any) -> None:
    """CMD-027, CMD-029, IRQ-005: a walking one through MSIAddress and MSIData of a SYNC."""
    s = await Scene.start(dut)
    writes: list[Any] = []
    s.bench.monitor(s.bench.walk_probe, "ptw_axi", lambda t: t.is_write and writes.append(t))
    cases = [(1 << bit, 1) for bit in range(2, s.bench.model_config.oas)]
    cases += [(MSI, 1 << bit) for bit in range(32)]
    cases += [(MSI + 4 * lane, 0xA5A5_5A5A) for lane in range(16)]
    for addr, data in cases:
        writes.clear()
        s.memory.poke(addr & ~15, b"\x77" * 16)
        await s.run(told(addr, data))
        await s.until(lambda: len(writes) == 1, f"the MSI to {addr:#x}")
        (txn,) = writes
        assert (txn.addr, txn.beats, txn.ax["size"], txn.id) == (addr, 1, 2, MSI_IDS[0])
        assert txn.byte_mask == 0xF and int.from_bytes(txn.data, "little") == data
        assert txn.ax["prot"] == 0b011, "Non-secure privileged data"
        image = bytearray(b"\x77" * 16)
        image[addr % 16 : addr % 16 + 4] = data.to_bytes(4, "little")
        assert s.memory.peek(addr & ~15, 16) == image, "a neighbour was written"
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def cons_before_the_signal(dut: Any) -> None:
    """CMD-040, QUE-011, IRQ-004, REG-022: at the pulse and at the MSI CONS is past the SYNC."""
    s = await Scene.start(dut, cfg=BenchConfig(fast_registers=True, jitter=5))
    for n in range(20):
        s.memory.poke32(MSI, 0)
        pulses = s.bench.irqs["cmd_sync"]
        await s.issue(*[ALL] * s.bench.rng.randrange(4), told(MSI), ALL, Cmd.sync())
        sync = s.before(s.prod, 3)
        if n % 2:
            assert await s.bench.irq("cmd_sync", pulses, 4000), "no pulse"
        else:
            await s.until(lambda: s.memory.peek32(MSI) == 1, "the MSI")
        cons = await s.cons()
        past = [s.after(sync, k) for k in (1, 2, 3)]
        assert cons in past, f"CONS {cons}: told before it passed SYNC {sync}"
        await s.consumed()
    # RD reaches PROD without a SYNC too
    await s.issue(*[ALL] * 60)
    await s.consumed()
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def syncs_wait_for_the_msi_before(dut: Any) -> None:
    """CMD-041, IRQ-011, GER-010, GER-012: B of the first MSI, good or bad, then the second SYNC.

    The error bit is there when the second SYNC completes, though the GERROR MSI is stuck.
    """
    s = await Scene.start(dut)
    held: list[Any] = []
    s.bench.ptw.filters.append(
        lambda r: held.append(r) or "hold" if r.id in MSI_IDS and r.is_write else None
    )
    await s.prog.write("IRQ_CTRL")
    await s.prog.write("GERROR_IRQ_CFG0", addr=MSI + 0x100)
    await s.prog.write("IRQ_CTRL", gerror_irqen=1)
    for bad in (False, True):
        gerror = await s.get("GERROR")
        held.clear()
        first = await s.issue(told(MSI), ALL, told(MSI + 4))
        await s.until(lambda: len(held) == 1, "the first MSI")
        await s.quiet()
        assert await s.cons() == s.after(first, 2), "the second SYNC did not wait for B"
        held[0].answer(2 if bad else None)
        await s.consumed()
        want = gerror ^ (Gerror.MSI_CMDQ_ABT_ERR if bad else 0)
        await s.expect("GERROR", want)
        await s.until(lambda n=2 + bad: len(held) == n, "the second MSI, and that of GERROR")
        assert {r.addr for r in held[1:]} == {MSI + 4} | ({MSI + 0x100} if bad else set())
        for request in held[1:]:
            request.answer()
        await s.acknowledge()
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def msi_into_its_own_slot(dut: Any) -> None:
    """QUE-009, QUE-007: Linux's MSI polling: each SYNC clears its own slot; laps, each once."""
    s = await Scene.start(dut, cmdq_log2=3)
    for lap in range(6):
        seen, first = len(s.log), s.prod
        slots = [s.slot(s.after(first, k)) for k in range(6)]
        batch = [ALL, told(slots[1], 0), ALL, told(slots[3], 0), told(slots[4], 0), ALL]
        await s.issue(*batch)
        await s.consumed()
        await s.until(lambda n=seen: len(s.msis(n)) == 3, "three MSIs")
        await s.quiet(100)
        assert [m.addr for m in s.msis(seen)] == [slots[1], slots[3], slots[4]], lap
        for k, command in enumerate(batch):
            now = s.memory.peek(slots[k], 16)
            cleared = k in (1, 3, 4)
            assert now == (bytes(4) + command[4:] if cleared else command), (lap, k)
        assert len(s.command_reads(seen)) and not await s.active()
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def every_msi_once_in_order(dut: Any) -> None:
    """QUE-007, QUE-005, IRQ-013: unique MSIs over many laps, memory out of order."""
    s = await Scene.start(
        dut, cmdq_log2=4, cfg=BenchConfig(fast_registers=True, throttle=True, jitter=20, seed=3)
    )
    overwritten: list[int] = []  # what each MSI replaces
    s.memory.on_change.append(
        lambda pa, old: overwritten.append(int.from_bytes(old, "little")) if pa == MSI else None
    )
    count, issued = 200, 0
    while issued < count:
        room = 16 - ((s.prod - await s.cons()) & 31)
        batch = [told(MSI, issued + k) for k in range(min(room, count - issued))]
        if batch:
            await s.issue(*batch)
            issued += len(batch)
        await s.bench.cycles(s.bench.rng.choice((1, 30, 200)))
    await s.consumed()
    await s.until(lambda: len(s.msis()) == count, "all MSIs")
    assert [*overwritten[1:], s.memory.peek32(MSI)] == list(range(count))
    assert s.bench.irqs["cmd_sync"] == count
    await s.finish()
