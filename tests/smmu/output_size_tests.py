# SPDX-License-Identifier: Apache-2.0
"""Builds of 40, 42, 44 and 48 output address bits: what lies beyond the OAS (VM2-004, REG-005)."""

from __future__ import annotations

from typing import Any

import cocotb

from sim import runner
from sim.blackbox import claimed_registers
from tb.models.fields import REG, Cmd, Event, FaultClass
from tb.models.vmsa import GRANULES, PageTable
from tests.smmu.case_scene import DATA, PAGE, VA, Case, CaseScene, abort, ok, stage1, stage2
from tests.smmu.cd_tests import Contexts
from tests.smmu.stage2_tests import LEGAL, geometry

SIZES = {0: 32, 1: 36, 2: 40, 3: 42, 4: 44, 5: 48, 6: 48, 7: 48}  # bits of an IPS or S2PS code
CODES = {40: 2, 42: 3, 44: 4, 48: 5}  # IDR5.OAS
# VM2-004: (page shift, S2SL0) whose start level needs so many output address bits
LEAST = {(12, 2): 44, (14, 2): 42, (16, 2): 44}
BAD_STE = abort(Event.C_BAD_STE, ("STE",))
BAD_CD = abort(Event.C_BAD_CD, ("STE", "CD"))
MSI_DATA = 0x5A5A_0001


def oas_of_build() -> int:
    """Output address bits of this build."""
    return runner.current_params().get("OAS", 48)


def legal(page_shift: int, sl0: int, t0sz: int) -> bool:
    """Legal by VM2-001..003, the range of STE-024 and the limit of VM2-004."""
    oas = oas_of_build()
    _, shapes = LEGAL[page_shift].get(sl0, (0, {}))
    return t0sz in shapes and t0sz >= 64 - oas and oas >= LEAST.get((page_shift, sl0), 0)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def start_levels_of_this_oas(dut: Any) -> None:
    """VM2-004, STE-024: S2SL0 times S2T0SZ around every limit: first read, or C_BAD_STE."""
    for granule in GRANULES.values():
        edges = {15, 16, 40, 63 - oas_of_build(), 64 - oas_of_build()}
        for _, shapes in LEGAL[granule.shift].values():
            edges |= {min(shapes) - 1, min(shapes), max(shapes), max(shapes) + 1}
        await geometry(dut, granule, sorted(edges), legal)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def longest_walks_translate(dut: Any) -> None:
    """VM2-004: 4K level 0, 16K and 64K level 1 with T0SZ 20..24: translated, or C_BAD_STE."""
    s = await CaseScene.start(dut)
    oas, rows, good = oas_of_build(), [], set()
    for granule in GRANULES.values():
        for sl0 in (2, 1):
            level, shapes = LEGAL[granule.shift][sl0]
            for t0sz in sorted(set(shapes) & {20, 22, 24}):
                tree = s.prog.tree(granule, stage=2, input_bits=64 - t0sz, start_level=level)
                page = VA & -granule.size
                tree.map(page, DATA, granule.size)
                sid = 0x100 + len(rows)
                s.prog.stream(sid, s1=False, s2=tree, s2vmid=sid)
                can = legal(granule.shift, sl0, t0sz)
                name = f"{granule.name} SL0={sl0} T0SZ={t0sz}, OAS {oas}"
                rows.append(Case(name, sid, page | 0x80, ok(DATA | 0x80) if can else BAD_STE))
                if can and sl0 == 2:
                    good.add(granule.shift)
    longest = {40: set(), 42: {14}, 44: {12, 14, 16}, 48: {12, 14, 16}}[oas]
    assert good == longest, f"page shifts with the longest walk: {good}"
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def inputs_without_stage_1(dut: Any) -> None:
    """TRN-026, TRN-027, INI-007: below and above the OAS, first seen and with warm caches."""
    s = await CaseScene.start(dut)
    top = 1 << oas_of_build()
    s.stream(4, s1=False)
    tree = s.prog.tree(stage=2, input_bits=oas_of_build())
    tree.map(top - PAGE, DATA, PAGE)
    s.prog.stream(5, s1=False, s2=tree, s2vmid=5)
    above = [a for bit in range(oas_of_build(), 49) for a in (1 << bit, 1 << bit | VA)]
    above = [a for a in above if a < 1 << min(48, runner.current_params().get("VA_W", 64))]
    too_large = abort(**stage1(Event.F_ADDR_SIZE))
    for turn in ("cold", "warm"):
        rows = []
        for write in (False, True):
            rows.append(Case(f"bypass inside, {turn}", 4, top - 8, ok(top - 8), write=write))
            rows.append(Case(f"stage 2 inside, {turn}", 5, top - 8, ok(DATA + 0xFF8), write=write))
            for sid in (4, 5):
                rows += [Case(f"{sid} above, {turn}", sid, a, too_large, write=write)
                         for a in above]  # fmt: skip
        await s.run(rows, cold=False)
    # GBPA: silently, and without a record (INI-007)
    await s.prog.enable(cmdqen=1, eventqen=1)
    rows = [Case("GBPA inside", 4, top - 8, ok(top - 8))]
    rows += [Case("GBPA above", 4, a, abort()) for a in above]
    await s.run(rows, cold=False)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def pointers_beyond_the_oas(dut: Any) -> None:
    """TRN-012, TRN-021, TRN-022, TRN-033: L2Ptr, S1ContextPtr, L1CD.L2Ptr, TTB0, S2TTB."""
    s = await CaseScene.start(dut)
    oas = oas_of_build()
    c = Contexts(s)
    rows = [Case("as it is", c.sid({}), VA, ok(DATA))]
    for bit in (bit for bit in sorted({oas, 47, 48, 51}) if bit >= oas):
        far = 1 << bit
        for config in (5, 7):
            sid = c.sid({}, config=config, s2aa64=1, s2t0sz=25, s2sl0=1, s2ps=5,
                        s2ttb=c.stream.cds)  # fmt: skip
            at = s.memory.peek64(s.ste_address(sid))
            s.memory.poke64(s.ste_address(sid), at | far)
            rows.append(Case(f"S1ContextPtr bit {bit}, Config {config}", sid, VA, BAD_STE))
        rows.append(Case(f"TTB0 bit {bit}", c.sid({"ttb0": c.lower.base | far}), VA, BAD_CD))
        tree = s.prog.tree(stage=2, input_bits=39)
        sid = 0x60 + bit - oas
        s.prog.stream(sid, s1=False, s2=tree, s2ttb=tree.base | far)
        rows.append(Case(f"S2TTB bit {bit}", sid, VA, BAD_STE))
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def second_level_pointers(dut: Any) -> None:
    """TRN-012, TRN-022: L1STD and L1CD pointers beyond the OAS: nothing is read there."""
    s = await CaseScene.start(dut)
    oas, rows = oas_of_build(), []
    bits = [bit for bit in sorted({oas, 47, 48, 55}) if bit >= oas]
    l1 = s.prog.alloc(0x1000, 0x1000)
    for number, bit in enumerate(bits):
        s.memory.poke64(l1 + 8 * (8 + number), 1 << bit | s.prog.layout.strtab | 7)
        fetch = s.prog.layout.strtab | (1 << bit) & (1 << oas) - 1
        want = abort(Event.F_STE_FETCH, ("L1STD",), fetchaddr=fetch)
        rows.append(Case(f"L1STD.L2Ptr bit {bit}", (8 + number) << 6, VA, want))
    await s.tables(addr=l1, fmt=1, split=6, log2size=12)
    await s.run(rows)
    await s.tables(addr=s.prog.layout.strtab, log2size=12)
    l1cd = s.prog.alloc(0x1000, 0x1000)
    stream = s.stream(9, mapped=False)
    sid = s.clone(stream, 10, s1contextptr=l1cd, s1cdmax=10, s1fmt=1)
    rows = []
    for number, bit in enumerate(bits):
        s.memory.poke64(l1cd + 8 * number, 1 << bit | stream.cds & -0x1000 | 1)
        ssid = 64 * number
        want = abort(Event.C_BAD_SUBSTREAMID, ("STE", "L1CD"))
        rows.append(Case(f"L1CD.L2Ptr bit {bit}", sid, VA, want, ssid=ssid or 1))
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def capped_output_sizes(dut: Any) -> None:
    """CD-011, STE-027, TRN-032, TRN-033: IPS and S2PS codes above the OAS act as the OAS."""
    s = await CaseScene.start(dut)
    oas, rows = oas_of_build(), []
    c = Contexts(s)
    for code, size in SIZES.items():
        bits = min(size, oas)
        for bit in {bits - 1, bits} - {48}:
            page = 1 << bit | (DATA if bit != 31 else 0)
            tree = c.tree(39)
            entry = tree.map(VA, 0x1000, PAGE) or tree.entry_address(VA, 3)
            s.memory.poke64(entry, s.memory.peek64(entry) & ~0xFFFF_FFFF_F000 | page)
            sid = c.sid({"t0sz": 25, "ttb0": tree.base, "ips": code})
            fault = bit >= bits
            want = abort(**stage1(Event.F_ADDR_SIZE)) if fault else ok(page)
            rows.append(Case(f"IPS {code}, bit {bit}", sid, VA, want))
            two: PageTable = s.prog.tree(stage=2, input_bits=39)
            two.map(VA, 0x1000, PAGE)
            entry = two.entry_address(VA, 3)
            s.memory.poke64(entry, s.memory.peek64(entry) & ~0xFFFF_FFFF_F000 | page)
            sid = 0x40 + len(rows)
            s.prog.stream(sid, s1=False, s2=two, s2ps=code, s2vmid=sid)
            fields = stage2(Event.F_ADDR_SIZE, FaultClass.IN, VA)
            rows.append(Case(f"S2PS {code}, bit {bit}", sid, VA,
                             abort(**fields) if fault else ok(page)))  # fmt: skip
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def registers_and_msi(dut: Any) -> None:
    """REG-005, REG-046, MEM-009, CMD-031: IDR5, base registers, a truncated MSI address."""
    s = await CaseScene.start(dut, begin=False)
    oas = oas_of_build()
    want = runner.current_params()["STALL_MAX"] << 16 | 0x70 | CODES[oas]
    want = claimed_registers().get("IDR5", want)
    got = await s.read32(REG["IDR5"].offset)
    assert got == want, f"IDR5 0x{got:08x}, not 0x{want:08x}"
    await s.write32(REG["IDR5"].offset, 0xFFFF_FFFF)
    assert await s.read32(REG["IDR5"].offset) == want, "IDR5 can be written"
    for name in ("STRTAB_BASE", "CMDQ_BASE", "EVENTQ_BASE", "EVENTQ_IRQ_CFG0", "GERROR_IRQ_CFG0"):
        at = REG[name].offset
        await s.write32(at, 0xFFFF_FFFF)
        await s.write32(at + 4, 0xFFFF_FFFF)
        high = await s.read32(at + 4) & 0x00FF_FFFF
        assert high == (1 << oas - 32) - 1, f"{name}: address bits 0x{high:06x} above 32 (MEM-009)"
    await s.prog.start()
    place = 0x5000_0000
    command = Cmd.sync(cs=1, msiaddr=1 << oas | place, msidata=MSI_DATA, msh=3, msiattr=0xF)
    if oas < 52:
        await s.prog.command(command)
        await s.prog.sync()
        got = int.from_bytes(s.memory.peek(place, 4), "little")
        assert got == MSI_DATA, f"0x{got:x} at the truncated MSI address (CMD-031)"
    await s.finish()
