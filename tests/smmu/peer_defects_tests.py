# SPDX-License-Identifier: Apache-2.0
"""Defects measured in other open IOMMUs, each as a directed test of this one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import cocotb

from tb.bfm.dvm import tlbi
from tb.env.program import IPA_OFFSET, Stream
from tb.models.fields import CD, L1CD, Cmd
from tb.models.vmsa import GRANULE_4K
from tests.smmu.stage1_tests import PAGE, SID
from tests.smmu.walk_scene import LIMIT, WalkScene, ends

VA = 0x12_3456_7000
NEW = PAGE + 0x100_0000


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def peer_defect_1_cd_pointer_is_translated(dut: Any) -> None:
    """NST-001: right after a miss, too, no CD or L1CD is read at the raw guest address."""
    s = await WalkScene.start(dut)
    memory = s.bench.memory
    for fmt in (0, 1):
        sid = SID + fmt
        stream = s.prog.stream(sid, s2=True, s2vmid=sid, cdmax=2)
        space = stream.space(1, asid=1)
        space.map(VA, stream.ipa(PAGE), 0x1000)
        stream.lend(PAGE, 0x1000)
        pointer = stream.cds
        if fmt:
            pointer = s.prog.alloc(64, 64)
            memory.poke(pointer, L1CD.pack(v=1, l2ptr=stream.ipa(s.prog.alloc(0x1000, 0x1000))))
            table = L1CD.unpack(memory.peek(pointer, 8)).l2ptr - IPA_OFFSET
            memory.poke(table + 64, memory.peek(stream.cds + 64, 64))
            stream.write(s1fmt=1, s1contextptr=stream.ipa(pointer))
        # what lies at the same numbers in the host's memory would work, and is a trap
        evil = s.prog.tree()
        evil.map(VA, NEW, 0x1000)
        cd = CD.unpack(memory.peek(stream.cds + 64, 64))
        trap = CD.pack(**(dict(cd) | {"ttb0": evil.base}))
        raw = stream.ipa(pointer)
        memory.poke(raw + (64 if not fmt else 0), trap)
        for write in (False, True, False):
            await s.invalidate(Cmd.cfgi_ste(sid=sid))
            both = [s.post(VA + 0x40 * n, sid, write=write, ssid=1, id=n) for n in range(4)]
            for txn in both:
                assert await s.bench.within(txn.done, LIMIT) and txn.ok
            assert {d.addr & ~0xFFF for d in s.down[0]} == {PAGE}
            assert not any(r.addr & ~0xFFF == raw & ~0xFFF for r in s.port_reads), "raw address"
        assert any(r.addr & ~0x3F == pointer & ~0x3F or r.addr & ~0xFFF == pointer & ~0xFFF
                   for r in s.port_reads)  # fmt: skip
    await s.finish()


def _place_cd(s: WalkScene, stream: Stream, fmt: int, ssid: int) -> None:
    """Copy the CD of SubstreamID 0's slot to its place in a two-level table."""
    memory, split = s.bench.memory, {1: 6, 2: 10}[fmt]
    at = stream.fields["s1contextptr"] - IPA_OFFSET + 8 * (ssid >> split)
    found = L1CD.unpack(memory.peek(at, 8))
    table = found.l2ptr
    if not found.v:
        table = stream.ipa(s.prog.alloc(64 << split, 64 << split))
        memory.poke(at, L1CD.pack(v=1, l2ptr=table))
    where = table - IPA_OFFSET + 64 * (ssid & (1 << split) - 1)
    memory.poke(where, memory.peek(stream.cds, 64))


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def peer_defect_2_wide_pasid_tables_under_stage_2(dut: Any) -> None:
    """NST-001, NST-002: linear and both two-level CD tables, up to 20 bits, behind stage 2."""
    s = await WalkScene.start(dut)
    page = 0
    for number, (fmt, cdmax) in enumerate(((0, 8), (1, 7), (1, 20), (2, 11), (2, 20))):
        sid = SID + number
        stream = s.prog.stream(sid, s2=True, s2vmid=sid, cdmax=cdmax if fmt == 0 else 0)
        if fmt:
            entries = 8 << cdmax - {1: 6, 2: 10}[fmt]
            table = s.prog.alloc(entries, max(entries, 64))
            stream.write(s1fmt=fmt, s1cdmax=cdmax, s1contextptr=stream.ipa(table))
        for ssid in sorted({0, 1, 63, 64, 127, 1023, 1024, (1 << cdmax) - 1, 1 << cdmax - 1}):
            if ssid >> cdmax:
                continue
            page += 1
            space = stream.space(ssid if fmt == 0 else 0, asid=page)
            space.map(VA, stream.ipa(PAGE + 0x1000 * page), 0x1000)
            stream.lend(PAGE + 0x1000 * page, 0x1000)
            if fmt:
                _place_cd(s, stream, fmt, ssid)
            seen = await s.access(VA, sid, ssid=ssid)
            assert seen.pa == PAGE + 0x1000 * page, f"S1Fmt={fmt} CDMax={cdmax} SSID {ssid}"
        beyond = await s.access(VA, sid, ssid=1 << cdmax) if cdmax < 20 else None
        assert beyond is None or beyond.what == "C_BAD_SUBSTREAMID"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def peer_defect_3_small_pages_on_larger_blocks(dut: Any) -> None:
    """VM1-009, VM2-010: all nine pairs of 4K, 2M and 1G, both ends of the smaller leaf."""
    s = await WalkScene.start(dut)
    tree = s.prog.tree(GRANULE_4K, stage=2, input_bits=44)
    stream = s.prog.stream(SID, s2=tree)
    space = stream.space(asid=1)
    for number, (l1, l2) in enumerate(product((1, 2, 3), (1, 2, 3))):
        one, two = GRANULE_4K.leaf_size(l1), GRANULE_4K.leaf_size(l2)
        va, ipa = (number + 1) << 40, (number + 1) << 36
        inside = max(two - one, 0)  # the last small page of the larger block
        space.map(va + inside, ipa + inside, one, level=l1)
        small = min(one, two)
        for at in {inside, inside + one - small}:
            pa = (number + 1) << 36 | 0x5 << 40 | (at & -two & -small)
            if tree.leaf_of(ipa + at) is None:
                tree.map((ipa + at) & -two, pa & -two, two, level=l2)
            base = tree.leaf_of(ipa + at)[1] & (1 << 48) - 1 & -two
            for here in ends(at, small):
                seen = await s.access(va + here, SID)
                want = base | (ipa + here) & two - 1
                assert seen.pa == want, f"L{l1} on L{l2} at 0x{here:x}: 0x{seen.pa or 0:x}"
    await s.finish()


async def _race(
    s: WalkScene, sid: int, cold: list[bytes], which: int, delays: range,
    change: Callable[[int], int], invalidate: Callable[[int], Any], commands: bool = False,
) -> None:  # fmt: skip
    """Read number ``which`` of a walk answers at each delay around an invalidation.

    Memory is sampled when the read arrives: the walk carries the old descriptor while software
    changes it and invalidates. ``cold`` makes the walk read again.
    """
    ptw, late, overtaken = s.bench.ptw, 0, 0
    ptw.configure(latency=2, out_of_order=100)  # commands pass the walk
    for delay in delays:
        await s.invalidate(*cold)
        first = len(s.walk_reads)
        if which == 0:
            ptw.configure(latency=delay)
        txn = s.post(VA, sid)
        for number in range(which + 1):
            limit = s.cycle + LIMIT
            while len(s.walk_reads) == first + number:
                assert s.cycle < limit, f"read {number} of the walk does not come"
                await s.cycles(1)
            ptw.configure(latency=delay if number + 1 == which else 2)
        new = change(delay)
        before = await s.prog.read("CMDQ_CONS")
        task = cocotb.start_soon(invalidate(delay))
        while not task.done() and not txn.finished:
            if commands and await s.prog.read("CMDQ_CONS") != before:
                break
            await s.cycles(1)
        overtaken += not txn.finished
        await task
        left = len(s.down[0])
        late += not txn.finished
        assert await s.bench.within(txn.done, LIMIT) and txn.ok, f"delay {delay}: {txn}"
        for _ in range(2):
            seen = await s.access(VA, sid)
            assert seen.pa == new, f"delay {delay}: stale 0x{seen.pa or 0:x}, not 0x{new:x}"
        old = [d.addr for d in s.down[0][left:] if d.addr & ~0xFFF != new & ~0xFFF]
        assert not old, f"delay {delay}: 0x{old[0]:x} left after the Sync"
    assert not late, "a Sync ended before the walk"
    assert not commands or overtaken > 10, f"{overtaken} walks were overtaken by a command"


@cocotb.test(timeout_time=16, timeout_unit="ms")
async def peer_defect_4_walk_overtaken_by_dvm(dut: Any) -> None:
    """UPD-010, DVM-006: DVM TLBI and Sync at every cycle of a read: no stale entry after it."""
    s = await WalkScene.start(dut)
    space = s.prog.stream(SID).space(asid=1)
    space.map(VA, PAGE, 0x1000)
    assert (await s.access(VA, SID)).ok

    def change(number: int) -> int:
        space.map(VA, NEW + 0x1000 * number, 0x1000)
        return NEW + 0x1000 * number

    async def invalidate(number: int) -> None:
        forms = (tlbi(vmid=0, asid=1, addr=VA, stage=1), tlbi(vmid=0, stage=1), tlbi())
        await s.broadcast(forms[number % 3])

    cold = [Cmd.tlbi_nh_va(asid=1, addr=VA)]
    await _race(s, SID, cold, 0, range(1, 70), change, invalidate)
    cold = [Cmd.tlbi_nh_va(asid=1, addr=VA, leaf=1)]
    await _race(s, SID, cold, 0, range(1, 70), change, invalidate)
    await s.finish()


@cocotb.test(timeout_time=16, timeout_unit="ms")
async def peer_defect_4_walk_overtaken_by_command(dut: Any) -> None:
    """UPD-010, UPD-008: TLBI and CMD_SYNC at every cycle of a read, either stage changes."""
    s = await WalkScene.start(dut)
    stream = s.prog.stream(SID, s2=True, s2vmid=3)
    space = stream.space(asid=1)
    space.map(VA, stream.ipa(PAGE), 0x1000)
    stream.lend(PAGE, 0x1000)
    assert (await s.access(VA, SID)).ok
    s12, va = Cmd.tlbi_s12_vmall(vmid=3), Cmd.tlbi_nh_va(vmid=3, asid=1, addr=VA)
    page = Cmd.tlbi_s2_ipa(vmid=3, addr=stream.ipa(PAGE))

    def change_stage1(number: int) -> int:
        stream.lend(NEW + 0x1000 * number, 0x1000)
        space.map(VA, stream.ipa(NEW + 0x1000 * number), 0x1000)
        return NEW + 0x1000 * number

    def change_stage2(number: int) -> int:
        space.map(VA, stream.ipa(PAGE), 0x1000)
        stream.stage2.map(stream.ipa(PAGE), NEW + 0x1000 * number, 0x1000)
        return NEW + 0x1000 * number

    async def by_va(number: int) -> None:
        await s.invalidate(*((va,), (s12,))[number & 1])

    async def by_page(number: int) -> None:
        await s.invalidate(*((page, va), (s12,))[number & 1])

    # the descriptor of stage 1, then that of stage 2 for the page itself
    leaf = Cmd.tlbi_nh_va(vmid=3, asid=1, addr=VA, leaf=1)
    await _race(s, SID, [leaf], 0, range(1, 260, 3), change_stage1, by_va, True)
    change_stage2(0)
    await s.forget()
    assert (await s.access(VA, SID)).ok
    await _race(s, SID, [leaf, page], 1, range(1, 260, 3), change_stage2, by_page, True)
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def peer_defect_5_writes_do_not_starve(dut: Any) -> None:
    """D1: reads offered all the time leave writes their own rate, and the other way round."""
    s = await WalkScene.start(dut)
    s.prog.stream(SID).space().map(VA, PAGE, 0x4000)
    device = s.bench.masters[0]
    lanes, last = device.lanes, (1 << device.id_w) - 1
    for n in range(4):
        assert (await s.access(VA + 0x1000 * n, SID)).ok
    alone = [s.post(VA, SID, write=True, data=bytes(lanes), id=last) for _ in range(100)]
    await s.bench.finish()
    base = alone[-1].t_addr - alone[0].t_addr
    reads = [s.post(VA + 0x1000 * (n & 3), SID, data=bytes(lanes), id=n & 3) for n in range(900)]
    while reads[50].t_addr < 0:
        await s.cycles(5)
    writes = [s.post(VA, SID, write=True, data=bytes(lanes), id=last) for _ in range(100)]
    await s.bench.finish()
    took = writes[-1].t_addr - writes[0].t_addr
    during = [r for r in reads if writes[0].t_addr <= r.t_addr <= writes[-1].t_addr]
    assert len(during) > 50, f"only {len(during)} reads beside the writes"
    assert took <= 2 * base + 50, f"100 writes took {took} cycles under reads, {base} alone"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def peer_defect_6_faults_do_not_drown_others(dut: Any) -> None:
    """D10: beside a storm of faults of one stream the record of another comes soon."""
    s = await WalkScene.start(dut)
    s.prog.stream(SID).space(asid=1)
    s.prog.stream(SID + 1).space(asid=2)
    last = s.bench.tbus - 1
    records = []
    flood = s.bench.params["WALK_SLOTS"] + 32  # faults on each side of the victim's
    storm = [s.post(VA + 0x1000 * n, SID, id=n & 3) for n in range(flood)]
    while not storm[4].finished:
        await s.cycles(5)
    victim = s.post(VA, SID + 1, id=7, tbu=last)
    storm += [s.post(VA + 0x1000 * n, SID, id=n & 3) for n in range(flood)]
    while len(records) < 2 * flood + 1:
        records += await s.prog.events(at_least=1)
    await s.bench.finish()
    place = [r.streamid for r in records].index(SID + 1)
    get = s.bench.params.__getitem__
    # on a port of its own it waits for a walk slot in turn; on the same one for what was
    # accepted before it, and for the slots in front of it
    if last:
        limit = sum(t.t_last <= victim.t_addr for t in storm) + 2 * get("WALK_SLOTS") + 4
    else:
        limit = sum(t.t_addr < victim.t_addr for t in storm) + get("TBU_SLOTS")
    assert place <= limit < 2 * flood, f"its record is number {place}, at most {limit}"
    assert sum(r.streamid == SID + 1 for r in records) == 1
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def peer_defect_7_failed_fetch_is_not_repeated(dut: Any) -> None:
    """TRN-011, TRN-024: an aborted STE, L1CD or CD read is reported after one read."""
    s = await WalkScene.start(dut)
    memory = s.bench.memory
    stream = s.prog.stream(SID, cdmax=2)
    stream.space(1).map(VA, PAGE, 0x1000)
    ste = s.prog.layout.strtab + 64 * SID
    for at, size, what in ((ste, 64, "F_STE_FETCH"), (stream.cds + 64, 64, "F_CD_FETCH")):
        for offset in range(0, size, 16):
            error = memory.add_error(at + offset, 16)
            await s.forget()
            seen = await s.access(VA, SID, ssid=1)
            assert seen.what == what, f"{seen.what} at 0x{at + offset:x}"
            reads = [f for f in seen.fetches if f.addr & -64 == at]
            assert len(reads) == 1, f"{what}: {len(reads)} reads"
            memory.remove_error(error)
            again = await s.access(VA, SID, ssid=1)
            assert again.ok, "an aborted fetch is not cached"
    await s.finish()
