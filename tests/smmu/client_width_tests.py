# SPDX-License-Identifier: Apache-2.0
"""Device ports of 32 to 64 address bits: zero- or sign-extended input addresses (TRN-048)."""

from __future__ import annotations

from typing import Any

import cocotb

from sim import runner
from tb.models.fields import Event
from tests.smmu.case_scene import DATA, PAGE, VA, Case, CaseScene, abort, ok, stage1
from tests.smmu.cd_tests import UPPER, Contexts

MASK = (1 << 64) - 1
SIGNED_FROM = 49  # bits of a port that reaches TTB1
HOLE = VA + 0x10_0000  # not mapped in either half
NO_PAGE = abort(**stage1(Event.F_TRANSLATION))
TOO_LARGE = abort(**stage1(Event.F_ADDR_SIZE))


def width_of_build() -> int:
    """Address bits of a device port of this build."""
    return runner.current_params().get("VA_W", 64)


def extended(addr: int) -> int:
    """The input address that the pins for ``addr`` stand for."""
    bits = width_of_build()
    low = addr & (1 << bits) - 1
    if bits >= SIGNED_FROM and low >> bits - 1:
        return low | MASK & -(1 << bits)
    return low


def case(name: str, sid: int, addr: int, want: Any, **options: Any) -> Case:
    """A row whose InputAddr is the extended address; the pins carry the low bits of it."""
    return Case(name, sid, extended(addr), want, **options)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def both_halves_of_stage_1(dut: Any) -> None:
    """TRN-048: TTB0 and TTB1, TBI on and off: who translates, and InputAddr of who does not."""
    s = await CaseScene.start(dut)
    bits = width_of_build()
    signed = bits >= SIGNED_FROM
    c = Contexts(s)
    rows = []
    for tbi in (0, 1):
        sid = c.sid({"tbi0": tbi, "tbi1": tbi})
        for write in (False, True):
            name, side = f"{bits} bits, TBI {tbi}", {"write": write}
            rows.append(case(f"{name}, TTB0", sid, VA, ok(DATA), **side))
            rows.append(case(f"{name}, TTB0 hole", sid, HOLE, NO_PAGE, **side))
            # pins with every upper bit set: the upper half from 49 bits on, else far up in TTB0
            want = ok(DATA + PAGE) if signed else ok(DATA) if bits < 49 else NO_PAGE
            rows.append(case(f"{name}, TTB1", sid, UPPER | VA, want, **side))
            high = UPPER | 1 << 47 | VA
            rows.append(case(f"{name}, all ones above", sid, high if bits > 47 else
                             (1 << bits - 1) | VA, NO_PAGE, **side))  # fmt: skip
            rows.append(case(f"{name}, TTB1 hole", sid, UPPER | HOLE, NO_PAGE, **side))
            if bits > 50:  # bits between the table's range and the top byte
                rows.append(case(f"{name}, bit 48", sid, 1 << 48 | VA, NO_PAGE, **side))
            if bits > 56:  # a tag in the top byte, of both signs, and in both halves
                for tag in (1 << 56, 1 << bits - 1):
                    tagged = ok(DATA) if tbi else NO_PAGE
                    rows.append(case(f"{name}, tag", sid, tag | VA, tagged, **side))
                    tagged = ok(DATA + PAGE) if tbi else NO_PAGE
                    rows.append(case(f"{name}, tag above", sid, UPPER ^ tag | VA, tagged, **side))
    halves = {extended(row.addr) >> 55 & 1 for row in rows}
    assert halves == ({0, 1} if signed else {0}), "TTB1 reached from a narrow port"
    assert all(row.addr < 1 << 48 for row in rows) or signed
    for turn in range(2):  # the second time from the TLBs
        await s.run([Case(f"{r.name}, {turn}", r.sid, r.addr, r.want, write=r.write)
                     for r in rows], cold=False)  # fmt: skip
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def streams_without_stage_1(dut: Any) -> None:
    """TRN-048: bypass, stage 2 and GBPA take a negative address as beyond the OAS."""
    s = await CaseScene.start(dut)
    bits, oas = width_of_build(), s.model.config.oas
    s.stream(4, s1=False)
    tree = s.prog.tree(stage=2, input_bits=40)
    tree.map(VA, DATA, PAGE)
    s.prog.stream(6, s1=False, s2=tree, s2vmid=6)
    c = Contexts(s)
    skipped = s.clone(c.stream, 7, s1dss=1, s1cdmax=1)
    negative = extended(1 << min(bits, oas + 1 if bits > oas else bits) - 1 | VA)
    top = extended(MASK & ~0xFFF_FFFF | VA)
    beyond = [a for a in {negative, top, extended(UPPER | VA)} if a >> oas]
    assert bool(beyond) == (bits > oas), f"{bits} bits"
    inside = [a for a in (VA, extended(1 << min(bits, oas) - 1 | VA)) if not a >> oas]
    rows = []
    for write in (False, True):
        for sid in (4, skipped):
            rows += [Case(f"{sid}, inside", sid, a, ok(a), write=write) for a in inside]
        rows.append(Case("stage 2, inside", 6, VA, ok(DATA), write=write))
        rows += [Case(f"{sid}, beyond", sid, a, TOO_LARGE, write=write)
                 for sid in (4, 6, skipped) for a in beyond]  # fmt: skip
    await s.run(rows, cold=False)
    await s.prog.enable(cmdqen=1, eventqen=1)
    await s.run([*(Case("GBPA, inside", 4, a, ok(a)) for a in inside),
                 *(Case("GBPA, beyond", 4, a, abort()) for a in beyond)], cold=False)  # fmt: skip
    await s.finish()
