# SPDX-License-Identifier: Apache-2.0
"""Attributes of the reads of STEs' CD tables and of translation tables (STE-016, STE-035, CD-027,
NST-011, NST-012). The expected pins are those of the reference model; NC is checked on its own."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import cocotb

from tb.models.smmu_ref.attributes import DOMAIN_SYS
from tests.smmu.case_scene import DATA, PAGE, VA, Case, CaseScene, ok
from tests.smmu.cd_tests import Contexts
from tests.smmu.fault_rig import STRUCTURE_PAGES, Rig


def pins_at(s: CaseScene, address: int) -> set[tuple[int, int]]:
    """(ARCACHE, ARDOMAIN) of the reads of a line."""
    return {(r.ax["cache"], r.ax["domain"]) for r in s.reads if r.addr & -64 == address & -64}


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def cd_fetches(dut: Any) -> None:
    """STE-016: S1CIR x S1COR x S1CSH on L1CD and CD; iNC-oNC is System shareable."""
    s = await CaseScene.start(dut)
    rows, rigs = [], []
    for number, (ir, oc, sh) in enumerate(product(range(4), range(4), range(4))):
        rig = Rig(s, 0x100 + number, s2=False)
        rig.write_ste(s1cir=ir, s1cor=oc, s1csh=sh)
        rigs.append((rig, ir, oc, sh))
        rows.append(rig.case(f"IR {ir} OR {oc} SH {sh}", ok(rig.data | 0x100)))
    await s.run(rows, tables=True)
    seen = {}
    for rig, ir, oc, sh in rigs:
        for at in (rig.cd_at, rig.entry_at):
            (pins,) = pins_at(s, at)
            if (ir, oc) == (0, 0):
                assert pins[1] == DOMAIN_SYS, f"SH {sh}: {pins} (STE-016)"
            seen[ir, oc, sh] = pins
        if sh == 1:
            assert seen[ir, oc, 1] == seen[ir, oc, 0], "SH 01 acts as Non-shareable"
    assert len(set(seen.values())) >= 6, set(seen.values())
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def stage_1_tables(dut: Any) -> None:
    """CD-027: IRx x ORx x SHx of the half in use; those of the other half have no effect."""
    s = await CaseScene.start(dut)
    c = Contexts(s)
    rows = []
    places: list[tuple[int, tuple[int, int, int]]] = []
    for half, (ir, oc, sh) in product((0, 1), product(range(4), range(4), range(4))):
        tree = c.tree(30, upper=bool(half))
        base = 0xFFFF_FFFF_FFFF_FFFF & -(1 << 30) if half else 0
        tree.map(base | VA, DATA, PAGE)
        other = {f"{name}{1 - half}": value ^ 3
                 for name, value in (("ir", ir), ("or", oc), ("sh", sh))}  # fmt: skip
        fields = {f"ir{half}": ir, f"or{half}": oc, f"sh{half}": sh, f"ttb{half}": tree.base,
                  f"t{half}sz": 34, **other}  # fmt: skip
        rows.append(Case(f"TTB{half} {ir} {oc} {sh}", c.sid(fields), base | VA, ok(DATA)))
        places.append((tree.base, (ir, oc, sh)))
    await s.run(rows, tables=True)
    seen: dict[tuple[int, int, int], set[tuple[int, int]]] = {}
    for base, key in places:
        lines = {(r.ax["cache"], r.ax["domain"]) for r in s.reads if base <= r.addr < base + PAGE}
        assert len(lines) == 1, f"{key}: {lines}"
        seen.setdefault(key, set()).update(lines)
    for (ir, oc, sh), pins in seen.items():
        assert len(pins) == 1, f"the halves differ: {ir} {oc} {sh}: {pins}"
        if sh == 1:
            assert pins == seen[ir, oc, 0], "SH 01 acts as Non-shareable (CD-027)"
    assert len({tuple(p) for p in seen.values()}) >= 5
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def stage_2_tables(dut: Any) -> None:
    """STE-035: S2IR0 x S2OR0 x S2SH0 with cold walks, stage 2 alone and nested."""
    s = await CaseScene.start(dut)
    rows, places = [], []
    for s1, (ir, oc, sh) in product((False, True), product(range(4), range(4), range(4))):
        rig = Rig(s, 0x100 + len(rows), s1=s1)
        rig.write_ste(s2ir0=ir, s2or0=oc, s2sh0=sh)
        rows.append(rig.case(f"{s1} {ir} {oc} {sh}", ok(rig.data | 0x100)))
        places.append((rig, ir, oc, sh))
    await s.run(rows, tables=True)
    kinds = set()
    for rig, ir, oc, sh in places:
        tables = rig.stage2.tables
        pins = {(r.ax["cache"], r.ax["domain"]) for r in s.reads
                if any(a <= r.addr < a + n for a, n in tables)}  # fmt: skip
        assert len(pins) == 1, f"{ir} {oc} {sh}: {pins}"
        if (ir, oc) == (0, 0):
            assert {domain for _, domain in pins} == {DOMAIN_SYS}, f"SH {sh}: {pins} (STE-035)"
        kinds |= pins
    assert len(kinds) >= 5, kinds
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def structures_through_stage_2(dut: Any) -> None:
    """NST-011: structure attributes combined with the stage 2 leaf of their page, all MemAttr."""
    s = await CaseScene.start(dut)
    rng = random.Random(cocotb.RANDOM_SEED)
    rows = []
    for number, (mem_attr, sh) in enumerate(product(range(16), range(4))):
        rig = Rig(s, 0x100 + number)
        pick = {name: rng.choice((0, 1, 2, 3)) for name in ("s1cir", "s1cor", "s1csh")}
        rig.write_ste(**pick)
        rig.write_cd(**{name: rng.choice((0, 1, 1, 2, 3)) for name in ("ir0", "or0", "sh0")})
        for page in STRUCTURE_PAGES:
            rig.stage2_leaf(page, mem_attr=(mem_attr + rng.randrange(2) * 7) % 16, sh=sh)
        rows.append(rig.case(f"MemAttr {mem_attr} SH {sh} {pick}", ok(rig.data | 0x100)))
    await s.run(rows, tables=True)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def clients_through_both_stages(dut: Any) -> None:
    """NST-012: MAIR x MemAttr x SH of both stages: combined type; hints are those of stage 1."""
    s = await CaseScene.start(dut)
    rng = random.Random(cocotb.RANDOM_SEED)
    mairs = (0x00, 0x04, 0x0C, 0x44, 0xBB, 0xF4, 0x4F, 0xFF, 0xEE, 0xDD, 0x77, 0x3F)
    rows = []
    for number, (mair, mem_attr) in enumerate(product(mairs, range(16))):
        rig = Rig(s, 0x100 + number)
        sh1, sh2 = rng.randrange(4), rng.randrange(4)
        rig.leaf(attr_index=2, sh=sh1)
        rig.write_cd(mair0=mair << 16)
        rig.stage2_leaf("DATA", mem_attr=mem_attr, sh=sh2)
        for write in (False, True):
            cache = rng.choice((0x0, 0x1, 0x2, 0x3, 0x7, 0xB, 0xF))
            options = {"options": {"cache": cache, "domain": rng.randrange(3) if cache > 3 else 3}}
            name = f"MAIR 0x{mair:02x} SH {sh1}, MemAttr {mem_attr} SH {sh2}"
            rows.append(rig.case(name, ok(rig.data | 0x100), write=write, **options))
    await s.run(rows)
    assert len({str(row.outcome.attrs) for row in rows}) >= 5
    await s.finish()
