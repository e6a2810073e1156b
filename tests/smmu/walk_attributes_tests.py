# SPDX-License-Identifier: Apache-2.0
"""Attributes of the SMMU's own accesses: structures, tables, queues, MSIs (MEM-*, ATT-029..032).

``WalkScene`` compares AxCACHE and AxDOMAIN of every read of a walk with the reference model, and
AxPROT of every access of the walk port with data, Non-secure, privileged, in each test.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import cocotb

from tb.models.fields import REG, Cmd
from tb.models.vmsa import GRANULE_4K, Stage2Leaf
from tests.smmu.stage1_tests import HIGH, PAGE, SID, VA
from tests.smmu.stage2_tests import only
from tests.smmu.walk_scene import LIMIT, SMMU_PROT, WalkScene

NC = (0b0011, 3)
COMMAND_ID, EVENT_ID, MSI_ID = 0x40, 0x42, 0x43
DOMAIN = {0: 0, 1: 0, 2: 2, 3: 1}
MSI = 0x4900_0000


def cr1_pins(ic: int, oc: int, sh: int, allocate: int, read: bool) -> tuple[int, int]:
    """ATT-030, ATT-031, MEM-006 for TABLE_* and QUEUE_*."""
    if (ic, oc) != (1, 1):
        return NC
    hints = 0b1100 if allocate else 0b1000 if read else 0b0100
    return hints | 0b0011, DOMAIN[sh]


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def table_attributes(dut: Any) -> None:
    """ATT-029..031, MEM-002, MEM-004: 64 codings of CR1.TABLE_* with RA, on STE and L1STD reads."""
    s = await WalkScene.start(dut)
    for sid, (ic, oc, sh) in enumerate(product(range(4), range(4), range(4))):
        ra = sid & 1 ^ sh & 1
        await s.prog.enable()
        await s.prog.write("CR1", table_ic=ic, table_oc=oc, table_sh=sh)
        await s.prog.write("STRTAB_BASE", addr=s.prog.layout.strtab, ra=ra)
        await s.prog.enable(smmuen=1, cmdqen=1, eventqen=1)
        s.prog.stream(sid, s1=False)
        seen = await s.access(PAGE, sid)
        (fetch,) = seen.fetches
        want = cr1_pins(ic, oc, sh, ra, True)
        got = fetch.ax["cache"], fetch.ax["domain"]
        assert got == want, f"IC={ic} OC={oc} SH={sh} RA={ra}: {got}, not {want}"
    # the same registers govern level 1 of a two-level table
    await s.prog.enable()
    l1 = s.prog.alloc(0x1000, 0x1000)
    s.bench.memory.poke64(l1, s.prog.layout.strtab | 7)
    await s.prog.write("CR1", table_ic=1, table_oc=1, table_sh=2)
    await s.prog.write("STRTAB_BASE", addr=l1, ra=1)
    await s.prog.write("STRTAB_BASE_CFG", log2size=6, split=6, fmt=1)
    await s.prog.enable(smmuen=1, cmdqen=1, eventqen=1)
    await s.forget()
    seen = await s.access(PAGE, 5)
    pins = [(f.addr, f.ax["cache"], f.ax["domain"]) for f in seen.fetches]
    assert pins == [(l1, 0xF, 2), (s.prog.layout.strtab + 5 * 64, 0xF, 2)], f"{pins}"
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def queue_attributes(dut: Any) -> None:
    """ATT-029..031, MEM-002, MEM-004: 64 codings of CR1.QUEUE_* with RA and WA, both queues."""
    s = await WalkScene.start(dut)
    lay = s.prog.layout
    for number, (ic, oc, sh) in enumerate(product(range(4), range(4), range(4))):
        ra, wa = number & 1, number >> 1 & 1
        await s.prog.enable()
        await s.prog.write("CR1", queue_ic=ic, queue_oc=oc, queue_sh=sh)
        await s.prog.write("CMDQ_BASE", addr=lay.cmdq, log2size=lay.cmdq_log2, ra=ra)
        await s.prog.write("EVENTQ_BASE", addr=lay.eventq, log2size=lay.eventq_log2, wa=wa)
        await s.prog.enable(smmuen=1, cmdqen=1, eventqen=1)
        reads, writes = len(s.port_reads), len(s.port_writes)
        assert (await s.access(VA, 0x300)).what == "C_BAD_STE"
        await s.prog.sync()
        commands = [r for r in s.port_reads[reads:] if r.id == COMMAND_ID]
        events = [r for r in s.port_writes[writes:] if r.id == EVENT_ID]
        assert commands and events
        text = f"IC={ic} OC={oc} SH={sh} RA={ra} WA={wa}"
        for request, allocate, read in ((commands[0], ra, True), (events[0], wa, False)):
            got = request.ax["cache"], request.ax["domain"]
            assert got == cr1_pins(ic, oc, sh, allocate, read), f"{text}: {got}"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def every_source_its_own_attributes(dut: Any) -> None:
    """MEM-001, MEM-002, ATT-029, ATT-032: a distinct type for each kind of access, one of each."""
    cr1 = {"table_ic": 1, "table_oc": 1, "table_sh": 2, "queue_ic": 1, "queue_oc": 1}
    s = await WalkScene.start(dut, regs={"CR1": cr1})
    await s.prog.write("IRQ_CTRL")
    await s.prog.until("IRQ_CTRLACK", 0xF, 0)
    await s.prog.write("EVENTQ_IRQ_CFG0", addr=MSI)
    await s.prog.write("EVENTQ_IRQ_CFG1", data=0x1234)
    await s.prog.write("EVENTQ_IRQ_CFG2", memattr=0xF, sh=3)
    await s.prog.write("IRQ_CTRL", eventq_irqen=1)
    fields = {"s1cir": 3, "s1cor": 3, "s1csh": 3, "s2ir0": 1, "s2or0": 1, "s2sh0": 0}
    stream = s.prog.stream(SID, **fields)
    space = stream.space(ir0=1, or0=1, sh0=3)
    stream.rewrite_cd(ir1=2, or1=2, sh1=3)
    upper = s.upper_half(stream)
    space.map(VA, PAGE, 0x1000)
    upper.map(HIGH | VA, PAGE, 0x1000)
    nested = s.prog.stream(SID + 1, s2=True, **fields, s2vmid=3)
    nested.space(ir0=1, or0=1, sh0=3).map(VA, nested.ipa(PAGE), 0x1000)
    nested.lend(PAGE, 0x1000)
    first = await s.access(VA, SID)
    second = await s.access(HIGH | VA, SID)
    third = await s.access(VA, SID + 1)
    # RA=0 of STRTAB_BASE: no read-allocate, the other hint says Write-Back
    ste, cd, walk = (0b1011, 2), (0b1011, 1), (0b1111, 1)

    def pins(seen: Any) -> list[tuple[int, int]]:
        return [(f.ax["cache"], f.ax["domain"]) for f in seen.fetches]

    assert pins(first) == [ste, cd, *[walk] * 4], f"{pins(first)}"
    assert pins(second) == [NC] * 4, "TTB1 is Write-Through"
    tables = nested.stage2.tables
    for fetch, got in zip(third.fetches[1:], pins(third)[1:], strict=True):
        inside = any(base <= fetch.addr < base + size for base, size in tables)
        want = {(0b1111, 0)} if inside else {cd, walk}
        assert got in want, f"0x{fetch.addr:x}: {got}, not {want}"
    assert pins(third)[0] == ste and (0b1111, 0) in pins(third)
    seen = await s.access(VA + 0x1000, SID)  # an event and its MSI
    assert seen.what == "F_TRANSLATION"
    await s.prog.command(Cmd.sync(cs=1, msiattr=0xF, msh=2, msiaddr=MSI + 64, msidata=7))
    limit = s.cycle + LIMIT
    while s.bench.memory.peek32(MSI + 64) != 7 or not s.bench.memory.peek32(MSI):
        assert s.cycle < limit, "no MSI"
        await s.cycles(20)
    writes = {w.id & 0xFF: (w.ax["cache"], w.ax["domain"]) for w in s.port_writes
              if w.addr != MSI + 64}  # fmt: skip
    assert writes[EVENT_ID] == (0b0111, 0), "WA=0: not write-allocate"
    msis = {w.addr: (w.ax["cache"], w.ax["domain"]) for w in s.port_writes if w.addr & -256 == MSI}
    assert msis == {MSI: (0xF, 1), MSI + 64: (0xF, 2)}, f"{msis}"
    commands = {(r.ax["cache"], r.ax["domain"]) for r in s.port_reads if r.id == COMMAND_ID}
    assert commands == {(0b1011, 0)}, f"{commands}"
    snoops = {r.ax["snoop"] for r in s.port_reads}
    assert snoops == {0}, "ReadOnce class"
    s.prog._prod = (await s.prog.read("CMDQ_PROD")).wr
    await s.finish()
    assert s.prots == {SMMU_PROT}


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def walk_fields_sweep(dut: Any) -> None:
    """MEM-002, MEM-004, ATT-029: 64 codings of CD.IR/OR/SH, STE.S1C* and STE.S2*0."""
    s = await WalkScene.start(dut)
    levels = {0: "NC", 1: "WB", 2: "WT", 3: "WB"}
    for number, (inner, outer, sh) in enumerate(product(range(4), range(4), range(4))):
        sid = SID + 2 * number
        stream = s.prog.stream(sid, s1cir=inner, s1cor=outer, s1csh=sh)
        stream.space(asid=sid, ir0=outer, or0=inner, sh0=sh ^ 3).map(VA, PAGE, 0x1000)
        seen = await s.access(VA, sid)
        tree = only(s, sid + 1, s2ir0=inner, s2or0=outer, s2sh0=sh)
        tree.map(VA, PAGE, 0x1000)
        two = await s.access(VA, sid + 1)
        for fetches, share, hint in ((seen.fetches[1:2], sh, outer != 3),
                                     (seen.fetches[2:], sh ^ 3, inner == 1),
                                     (two.fetches[1:], sh, outer == 1)):  # fmt: skip
            assert fetches
            for fetch in fetches:
                got = fetch.ax["cache"], fetch.ax["domain"]
                text = f"inner {inner} outer {outer} SH {share} at 0x{fetch.addr:x}: {got}"
                if levels[inner] == levels[outer] == "WB":
                    assert got[1] == DOMAIN[share] and got[0] & 3 == 3, text
                    # read allocation: all codes but the no-allocate one of S1C*
                    assert bool(got[0] & 4) == (hint or fetch not in seen.fetches[1:2]), text
                else:
                    assert got == NC, text
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def nested_reads_combine_with_stage2(dut: Any) -> None:
    """MEM-003, MEM-005: CD and stage 1 tables on Normal and Device pages of stage 2."""
    s = await WalkScene.start(dut)
    seen_pins = set()
    sid = SID
    for code, sh in product((0xF, 0xA, 0x5, 0x7, 0x0, 0x1, 0x3), (0, 2, 3)):
        if code < 4 and sh:
            continue
        sid += 1
        tree = s.prog.tree(GRANULE_4K, stage=2, input_bits=40)
        stream = s.prog.stream(sid, s2=tree, s2vmid=sid, s1cir=1, s1cor=1, s1csh=0)
        space = stream.space(asid=sid, ir0=1, or0=1, sh0=0)
        space.map(VA, stream.ipa(PAGE), 0x1000)
        stream.lend(PAGE, 0x1000)
        # everything of stage 1 lies on pages of this type
        tree.split(stream.ipa(stream.cds))
        leaf = Stage2Leaf(mem_attr=code, sh=sh)
        pages = {at & ~0xFFF for at, _ in space.tables} | {stream.ipa(stream.cds) & ~0xFFF}
        for page in pages:
            if tree.leaf_of(page)[0] < 3:
                tree.split(page)
            tree.map(page, page - stream.ipa(0), 0x1000, leaf)
        seen = await s.access(VA, sid)
        if code < 4:
            want = (int(code != 0), 3)
        elif code == 0xF:
            want = (0xF, DOMAIN[sh])
        else:
            want = NC
        mine = [f for f in seen.fetches
                if any(f.addr & ~0xFFF == p - stream.ipa(0) for p in pages)]  # fmt: skip
        assert len(mine) == 5, f"CD and four tables, not {len(mine)}"
        for fetch in mine:
            got = fetch.ax["cache"], fetch.ax["domain"]
            assert got == want, f"MemAttr {code:04b} SH={sh} 0x{fetch.addr:x}: {got}, not {want}"
        seen_pins.add(want)
    assert len(seen_pins) == 6
    await s.finish()
    assert s.prots == {SMMU_PROT}, "Device results too are privileged data accesses"


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def bases_above_the_output_size(dut: Any) -> None:
    """MEM-009: address bits at or above OAS are not stored; CMD_SYNC.MSIAddress is masked."""
    s = await WalkScene.start(dut, run=False)
    oas = s.bench.model_config.oas
    for name in ("STRTAB_BASE", "CMDQ_BASE", "EVENTQ_BASE", "EVENTQ_IRQ_CFG0", "GERROR_IRQ_CFG0"):
        offset = REG[name].offset
        await s.write32(offset, 0xFFFFFFFF)
        await s.write32(offset + 4, 0xFFFFFFFF)
        high = await s.read32(offset + 4)
        assert high & 0xF_FFFF == (1 << oas - 32) - 1, f"{name} reads 0x{high:08x}"
        await s.write32(offset, 0)
        await s.write32(offset + 4, 0)
    await s.prog.start()
    far = MSI | 1 << oas | 0xF << 48
    await s.prog.command(Cmd.sync(cs=1, msiattr=0xF, msiaddr=far, msidata=0x55AA))
    limit = s.cycle + LIMIT
    while s.bench.memory.peek32(MSI) != 0x55AA:
        assert s.cycle < limit, "the MSI did not arrive at the masked address"
        await s.cycles(20)
    assert all(not w.addr >> oas for w in s.port_writes)
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def walks_pass_blocked_writes(dut: Any) -> None:
    """MEM-010: client writes blocked downstream until a table read completes: no deadlock."""
    s = await WalkScene.start(dut)
    s.prog.stream(SID).space().map(VA, PAGE, 0x1_0000)
    assert (await s.access(VA, SID)).ok
    for channel in ("aw", "w", "b"):
        await s.forget()
        assert (await s.access(VA, SID)).ok
        s.bench.mems[0].hold(channel)
        writes = [s.post(VA + 16 * n, SID, write=True, id=1) for n in range(4)]
        await s.cycles(50)
        walks = s.bench.misses()
        read = s.post(VA + 0x9000, SID, id=2)
        assert await s.bench.within(read.done, LIMIT) and read.ok, f"{channel} blocks walks"
        assert s.bench.misses() > walks and not any(w.finished for w in writes)
        s.bench.mems[0].hold(channel, False)
        for write in writes:
            assert await s.bench.within(write.done, LIMIT) and write.ok
    await s.finish()
