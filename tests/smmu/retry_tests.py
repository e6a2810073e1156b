# SPDX-License-Identifier: Apache-2.0
"""Retries of recorded stalls: what is sent, what they find, what starts them (RES-002..006,
STL-001, STL-005, STL-010..012, STL-027, STL-029)."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import cocotb

from tb.bfm.burst import OKAY, SLVERR
from tb.bfm.dvm import tlbi as dvm_tlbi
from tb.models.fields import L1STD, Cmd, Event
from tests.smmu.case_scene import DATA, PAGE
from tests.smmu.fault_rig import VA as RIG_VA
from tests.smmu.fault_rig import Rig
from tests.smmu.stall_scene import HOLE, QUIET, STALLER, StallScene, is_fault

LONG = 10_000  # cycles


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def retry_replays_the_burst(dut: Any) -> None:
    """STL-001, STL-005, RES-003: held for long, then the same address, size, data and strobes."""
    s = await StallScene.start(dut)
    lanes = s.bench.masters[0].lanes
    number = 0
    for turn, rows in enumerate(s.groups(tuple(product((1, 3, 16, 256), (False, True))))):
        txns = []
        for beats, write in rows:
            beats = min(beats, PAGE // lanes)
            addr = HOLE + PAGE * number
            strb = random.Random(number).getrandbits(beats * lanes) | 1
            options = {"strb": strb} if write else {}
            txns.append((s.access(addr, write=write, axi_id=number, nbytes=beats * lanes,
                                  **options), strb))  # fmt: skip
            number += 1
        await _replay(s, txns, ab=~turn & 1)
    await s.finish()


async def _replay(s: StallScene, txns: list[Any], ab: int) -> None:
    records = await s.stalls(len(txns))
    await s.waits(*(txn for txn, _ in txns), cycles=LONG)
    s.sent.clear()
    before = {}
    for txn, _ in txns:
        page = DATA + (txn.addr - HOLE)
        before[txn.addr] = bytes((page >> 8) + 7 * k & 0xFF for k in range(txn.length))
        s.memory.poke(page, before[txn.addr])
        s.page(txn.addr, page)
    await s.answer(records, ac=1, ab=ab)
    await s.ended(*(txn for txn, _ in txns))
    sent = [(request.addr, request.shape.beats, request.shape.size) for _, request in s.sent]
    for txn, strb in txns:
        page = DATA + (txn.addr - HOLE)
        assert txn.ok and sent.count((page, txn.beats, txn.shape.size)) == 1, (txn, sent)
        got = s.memory.peek(page, txn.length)
        if not txn.is_write:
            assert txn.data == before[txn.addr], f"data of {txn}"
            continue
        want = bytes(
            new if strb >> k & 1 else old
            for k, (new, old) in enumerate(
                zip(s.pattern(txn.addr, txn.length), before[txn.addr], strict=True)
            )
        )
        assert got == want, f"data or strobes of {txn}"
    assert len(sent) == len(txns)
    await s.no_events()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def retry_that_faults_again(dut: Any) -> None:
    """STL-011, RES-004: five retries without repair, each a new record with a STAG of its own."""
    s = await StallScene.start(dut)
    txn = s.access(HOLE, write=True)
    seen = []
    for _ in range(6):
        (record,) = await s.stalls(1)
        is_fault(record, Event.F_TRANSLATION, inputaddr=HOLE, rnw=0)
        assert record.stag not in seen, "the STAG of an answered record came back at once"
        for old in seen:
            await s.prog.command(Cmd.resume(sid=STALLER, stag=old, ac=0, ab=1))
        await s.prog.sync()
        await s.waits(txn, cycles=300)
        seen.append(record.stag)
        if len(seen) < 6:
            await s.answer(record)
    s.page(HOLE)
    await s.answer(record)
    await s.ended(txn)
    assert txn.ok and s.memory.peek(DATA, 16) == s.pattern(HOLE, 16)
    await s.no_events()
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def retry_into_a_terminating_cd(dut: Any) -> None:
    """STL-010, RES-004: CD.S 1 to 0 before the retry: one more record or none, A decides."""
    s = await StallScene.start(dut)
    stream = s.streams[STALLER]
    for a, r in ((0, 0), (0, 1), (1, 0), (1, 1)):
        for write in (False, True):
            stream.rewrite_cd(0, s=1, a=a, r=r)
            await s.changed()
            txn = s.access(HOLE, write=write)
            (record,) = await s.stalls(1)
            stream.rewrite_cd(0, s=0)
            await s.changed()
            await s.answer(record)
            await s.ended(txn)
            await s.prog.sync()
            left = await s.prog.events()
            assert len(left) == r, f"A={a} R={r}: {left}"
            if r:
                is_fault(left[0], Event.F_TRANSLATION, stall=0, stag=0, rnw=int(not write))
            assert txn.resp == (SLVERR if a else OKAY), f"A={a} R={r}: {txn.resp}"
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def retry_into_other_configurations(dut: Any) -> None:
    """STL-010, RES-002, RES-005, RES-006: what a retry finds, not what the first pass found."""
    s = await StallScene.start(dut)
    stream = s.streams[STALLER]
    good_ste, good_cd = dict(stream.fields), dict(stream._cd_fields[0])
    other = s.prog.tree()
    other.map(HOLE, DATA + 2 * PAGE, PAGE)

    def restore() -> None:
        stream.fields = dict(good_ste)
        stream.write()
        stream.rewrite_cd(0, **good_cd)

    changes = [
        ("another CD", lambda: stream.rewrite_cd(0, ttb0=other.base, asid=0x77), OKAY, None),
        ("bypass", lambda: stream.write(config=4), OKAY, None),
        ("Config 0", lambda: stream.write(config=0), SLVERR, None),
        ("STE.V=0", lambda: stream.write(v=0), SLVERR, Event.C_BAD_STE),
        ("CD.V=0", lambda: stream.rewrite_cd(0, v=0), SLVERR, Event.C_BAD_CD),
        ("CD illegal", lambda: stream.rewrite_cd(0, t0sz=0), SLVERR, Event.C_BAD_CD),
        ("S1STALLD", lambda: stream.write(s1stalld=1), SLVERR, Event.C_BAD_CD),
    ]
    for name, change, resp, event in changes:
        for write in (False, True):
            s.sent.clear()
            txn = s.access(HOLE, write=write)
            (record,) = await s.stalls(1)
            change()
            await s.prog.command(Cmd.tlbi_nh_all(vmid=0))
            await s.changed()
            await s.answer(record)
            await s.ended(txn)
            assert txn.resp == resp, f"{name}: answered {txn.resp}"
            await s.prog.sync()
            left = await s.prog.events()
            assert [one.type for one in left] == ([event] if event else []), f"{name}: {left}"
            want = {"another CD": [DATA + 2 * PAGE], "bypass": [HOLE]}.get(name, [])
            assert [r.addr for _, r in s.sent] == want, f"{name}: sent {s.sent}"
            if want and write:
                assert s.memory.peek(want[0], 16) == s.pattern(HOLE, 16)
            restore()
            await s.changed()
    # the page moves to another place before the retry
    txn = s.access(HOLE)
    (record,) = await s.stalls(1)
    s.page(HOLE, DATA + 5 * PAGE)
    s.memory.poke(DATA + 5 * PAGE, b"another page now")
    await s.answer(record)
    await s.ended(txn)
    assert txn.ok and txn.data == b"another page now"
    await s.no_events()
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def retry_of_a_stream_out_of_range(dut: Any) -> None:
    """RES-005: StreamID out of its L1 span at the retry: event by RECINVSID, abort in any case."""
    s = await StallScene.start(dut)
    base = 0x5_0000_0000
    for recinvsid in (1, 0):
        entry = L1STD.pack(span=9, l2ptr=s.prog.layout.strtab)
        s.memory.poke(base, entry)
        await s.tables(addr=base, fmt=1, split=8, log2size=12, recinvsid=recinvsid)
        txn = s.access(HOLE)
        (record,) = await s.stalls(1)
        s.memory.poke(base, L1STD.pack(span=1, l2ptr=s.prog.layout.strtab))
        await s.prog.command(Cmd.cfgi_ste(sid=STALLER, leaf=0))
        await s.prog.sync()
        await s.answer(record)
        await s.ended(txn)
        assert txn.resp == SLVERR
        await s.prog.sync()
        left = await s.prog.events()
        assert [one.type for one in left] == [Event.C_BAD_STREAMID] * recinvsid
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def not_retried_without_a_command(dut: Any) -> None:
    """STL-012, STL-027: repair, every invalidation and DVM move nothing until the CMD_RESUME."""
    s = await StallScene.start(dut, regs={"CR2": {"recinvsid": 1, "ptm": 0}})
    txns = [s.access(HOLE, axi_id=1), s.access(HOLE + PAGE, write=True, axi_id=2)]
    records = await s.stalls(2)
    s.page(HOLE)
    s.page(HOLE + PAGE, DATA + PAGE)
    reads = len(s.reads)
    commands = [
        Cmd.cfgi_all(), Cmd.cfgi_ste(sid=STALLER, leaf=0), Cmd.cfgi_ste_range(sid=0, range=9),
        Cmd.cfgi_cd(sid=STALLER, leaf=1), Cmd.cfgi_cd_all(sid=STALLER), Cmd.tlbi_nh_all(vmid=0),
        Cmd.tlbi_nh_asid(vmid=0, asid=STALLER), Cmd.tlbi_nh_va(vmid=0, asid=STALLER, addr=HOLE),
        Cmd.tlbi_nh_vaa(vmid=0, addr=HOLE), Cmd.tlbi_s12_vmall(vmid=0),
        Cmd.tlbi_s2_ipa(vmid=0, addr=HOLE), Cmd.tlbi_nsnh_all(),
        Cmd.prefetch_config(sid=STALLER), Cmd.prefetch_addr(sid=STALLER, addr=HOLE),
    ]  # fmt: skip
    for command in commands:
        await s.prog.command(command)
        await s.prog.sync()
        await s.waits(*txns, cycles=200)
    for parts in (dvm_tlbi(), dvm_tlbi(vmid=0), dvm_tlbi(vmid=0, asid=STALLER),
                  dvm_tlbi(vmid=0, asid=STALLER, addr=HOLE)):  # fmt: skip
        await s.bench.dvm.send(parts)
        await s.dvm_sync()
    await s.waits(*txns, cycles=QUIET)
    assert len(s.reads) == reads, "the SMMU has read tables without a command (STL-027)"
    await s.answer(records)
    await s.ended(*txns)
    assert all(txn.ok for txn in txns)
    assert len(s.reads) > reads
    await s.finish()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def stage_2_repair_needs_no_cfgi(dut: Any) -> None:
    """STL-029: a stalled CD fetch goes on after stage 2 is mapped and RESUME alone."""
    s = await StallScene.start(dut)
    for number, page in enumerate(("L1CD", "CD", "S1.1", "DATA")):
        rig = Rig(s, 0x100 + number, ste={"s2s": 1})
        rig.stage2_fault(page, Event.F_TRANSLATION)
        txn = s.access(RIG_VA, sid=rig.sid, ssid=rig.ssid)
        (record,) = await s.stalls(1, sid=rig.sid)
        is_fault(record, Event.F_TRANSLATION, s2=1, ipa=rig.ipa(page) & -PAGE)
        rig.stage2_leaf(page)
        s.memory.poke(rig.data, b"stage 2 repaired")
        s.reads.clear()
        await s.answer(record)
        await s.ended(txn)
        assert txn.ok and txn.data == b"stage 2 repaired", page
        read = {request.addr & -64 for request in s.reads}
        if page in ("L1CD", "CD"):
            assert rig.cd_at & -64 in read, "the CD was not fetched by the retry"
    await s.no_events()
    await s.finish()
