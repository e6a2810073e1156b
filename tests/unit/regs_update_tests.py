# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_regs: updates of CR0 and GBPA, and the MODE messages they send."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.models.fields import REG
from tests.unit.regs_bench import Bench, Mode

SMMUEN, EVENTQEN, CMDQEN = 1, 4, 8
UPDATE, ABORT, SHCFG_IN = 1 << 31, 1 << 20, 1 << 12
GBPA_BITS = 0x001F3F1F


def _gbpa(bench: Bench) -> int:
    """Reset value of GBPA in this build."""
    return SHCFG_IN | (ABORT if bench.config.gbpa_abort else 0)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_regs_smmuen_on(dut: Any) -> None:
    """INI-012, D11: SMMUEN 0 -> 1 waits for the reset sweep, then for all TBUs."""
    bench = await Bench(dut).start()
    modes = bench.blocks.modes
    bench.hold("tcu", "mode", "done")
    await bench.set_cr0(smmuen=1)
    await bench.check_cr0(SMMUEN, 0, "during the sweep")
    assert not bench.get("mode_valid_o")
    await bench.release("tcu")
    assert bench.get("mode_valid_o") and not modes
    await bench.release("mode")
    assert modes == [Mode(smmuen=1, gbpa=_gbpa(bench), off=0)]
    await bench.check_cr0(SMMUEN, 0, "before the TBUs are done")
    assert not bench.get("smmuen_o")
    bench.hold("walk")  # walks of the new mode do not matter
    await bench.release("done")
    await bench.check_cr0(SMMUEN, SMMUEN)
    assert bench.get("smmuen_o") and len(modes) == 1


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_regs_smmuen_off(dut: Any) -> None:
    """INI-013, STL-017, D20: 1 -> 0 pulses smmuen_off with MODE, waits for TBUs, then for walks."""
    bench = await Bench(dut).start()
    modes = bench.blocks.modes
    await bench.set_cr0(smmuen=1)
    for order in (("done", "walk"), ("walk", "done")):
        modes.clear()
        bench.hold("mode", "done", "walk")
        await bench.set_cr0(smmuen=0)
        assert not modes and bench.get("mode_valid_o") and not bench.get("smmuen_off_o")
        await bench.release("mode")
        assert modes == [Mode(smmuen=0, gbpa=_gbpa(bench), off=1)]
        for name in order:
            await bench.check_cr0(0, SMMUEN, f"before {name}")
            assert bench.get("smmuen_o")
            await bench.release(name)
        await bench.check_cr0(0, 0)
        assert not bench.get("smmuen_o") and len(modes) == 1
        await bench.set_cr0(smmuen=1)
        assert modes[1:] == [Mode(smmuen=1, gbpa=_gbpa(bench), off=0)]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_regs_rewrite(dut: Any) -> None:
    """INI-010, INI-011, REG-036, REG-037: an open field keeps its first value, others move on."""
    bench = await Bench(dut).start()
    both = SMMUEN | CMDQEN | EVENTQEN
    await bench.set_cr0(smmuen=1, cmdqen=1, eventqen=1)
    bench.hold("done", "cmdq", "evtq")
    await bench.write("CR0", 0)
    for value in (both, 3 << 6 | both, 2 << 6 | SMMUEN, 0x1CD):
        await bench.write("CR0", value)
        await bench.settle()
        await bench.check_cr0(value & 7 << 6, both | value & 7 << 6, "while all are open")
    await bench.write("CR0", 1 << 6)
    await bench.release("cmdq")
    await bench.check_cr0(1 << 6, SMMUEN | EVENTQEN | 1 << 6)
    await bench.write("CR0", 1 << 6 | CMDQEN)
    await bench.settle()
    await bench.check_cr0(1 << 6 | CMDQEN, both | 1 << 6)
    await bench.release("evtq")
    await bench.check_cr0(1 << 6 | CMDQEN, SMMUEN | CMDQEN | 1 << 6)
    await bench.release("done")
    await bench.check_cr0(1 << 6 | CMDQEN, CMDQEN | 1 << 6)
    # the value it has, again: no side effect
    modes = len(bench.blocks.modes)
    await bench.write("CR0", 1 << 6 | CMDQEN)
    await bench.settle()
    await bench.check_cr0(1 << 6 | CMDQEN, CMDQEN | 1 << 6)
    assert len(bench.blocks.modes) == modes


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_regs_queue_enables(dut: Any) -> None:
    """REG-038, REG-039, EVQ-030, CMD-002, EVQ-019: a queue runs from its ACK to its disabling."""
    bench = await Bench(dut).start()
    for field, bit, busy, pin in (
        ("cmdqen", CMDQEN, "cmdq", "cmdq_en_o"),
        ("eventqen", EVENTQEN, "evtq", "evtq_en_o"),
    ):
        for _ in range(2):
            await bench.check_cr0(0, 0)
            assert not bench.get(pin)
            bench.hold(busy)  # what is half-way does not matter for enabling
            await bench.set_cr0(**{field: 1})
            await bench.check_cr0(bit, bit)
            assert bench.get(pin)
            await bench.set_cr0(**{field: 0})
            await bench.check_cr0(0, bit, "while busy")
            assert not bench.get(pin), "must stop at once"
            await bench.release(busy)
            await bench.check_cr0(0, 0)
    assert not bench.blocks.modes


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_regs_gbpa(dut: Any) -> None:
    """INI-008, INI-009, REG-040: one write with Update; readback at once; the rest is ignored."""
    bench = await Bench(dut).start()
    modes, first = bench.blocks.modes, _gbpa(bench)
    await bench.write("GBPA", GBPA_BITS)  # no Update
    await bench.check("GBPA", first)
    bench.hold("done")
    new = bench.rng.getrandbits(31) & GBPA_BITS
    await bench.write("GBPA", UPDATE | new | 0x7FE0_C0E0)  # reserved bits are dropped
    await bench.check("GBPA", UPDATE | new)
    await bench.settle()
    for other in (UPDATE | ~new & GBPA_BITS, ~new & GBPA_BITS, 0):
        await bench.write("GBPA", other)
        await bench.check("GBPA", UPDATE | new, "while the update is open")
    await bench.settle()
    assert modes == [Mode(smmuen=0, gbpa=new, off=0)]
    bench.hold("walk")
    await bench.release("done")
    await bench.check("GBPA", new)
    await bench.settle()
    assert len(modes) == 1
    await bench.check_cr0(0, 0)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_regs_gbpa_and_smmuen(dut: Any) -> None:
    """D20: a MODE on offer keeps its image; a GBPA written meanwhile gets one of its own."""
    bench = await Bench(dut).start()
    modes, first = bench.blocks.modes, _gbpa(bench)
    one, two, three = (UPDATE | n << 8 | ABORT for n in (1, 2, 3))
    # written while a MODE for SMMUEN is on offer
    await bench.set_cr0(smmuen=1)
    modes.clear()
    bench.hold("mode", "done")
    await bench.set_cr0(smmuen=0)
    await bench.write("GBPA", one)
    await bench.settle()  # the bench checks that the offer stays as it is
    await bench.check("GBPA", one)
    await bench.release("mode")
    await bench.check("GBPA", one)
    await bench.check_cr0(0, SMMUEN)
    await bench.release("done")
    await bench.check("GBPA", one & ~UPDATE)
    await bench.check_cr0(0, 0)
    assert modes == [Mode(0, first, 1), Mode(0, one & ~UPDATE, 0)]
    # SMMUEN written while a MODE for GBPA runs: CR0 waits for its own
    modes.clear()
    bench.hold("done")
    await bench.write("GBPA", two)
    await bench.settle()
    await bench.set_cr0(smmuen=1)
    assert modes == [Mode(0, two & ~UPDATE, 0)]
    await bench.check_cr0(SMMUEN, 0)
    await bench.release("done")
    await bench.check("GBPA", two & ~UPDATE)
    await bench.check_cr0(SMMUEN, SMMUEN)
    assert modes[1:] == [Mode(1, two & ~UPDATE, 0)]
    # both before a message can go: one message serves both
    modes.clear()
    await bench.set_cr0(smmuen=0)
    modes.clear()
    bench.hold("tcu")
    await bench.set_cr0(smmuen=1)
    bench.hold("done")
    await bench.write("GBPA", three)
    await bench.settle()
    await bench.release("tcu")
    assert modes == [Mode(0, three & ~UPDATE, 0)]
    await bench.release("done")
    assert modes[1:] == [Mode(1, three & ~UPDATE, 0)]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_regs_gbpa_while_on(dut: Any) -> None:
    """INI-008, INI-010: with SMMUEN=1 nothing uses GBPA: Update ends although nothing drains."""
    bench = await Bench(dut).start()
    modes = bench.blocks.modes
    await bench.set_cr0(smmuen=1)
    modes.clear()
    bench.hold("mode", "done", "walk")  # a stalled transaction would hold up a MODE for ever
    for n in range(4):
        await bench.write("GBPA", UPDATE | n)
        await bench.settle()
        await bench.check("GBPA", n)
    assert not bench.get("mode_valid_o") and not modes
    await bench.set_cr0(smmuen=0)
    await bench.release("mode", "done", "walk")
    assert modes == [Mode(0, 3, 1)], "the MODE that clears SMMUEN carries the last GBPA"


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def test_regs_update_random(dut: Any) -> None:
    """INI-008..014, REG-037, D20: random writes and delays; the TBUs end where CR0 and GBPA do."""
    bench = await Bench(dut).start()
    rng, blocks = bench.rng, bench.blocks
    names = ("mode", "done", "walk", "cmdq", "evtq", "tcu")
    for _ in range(150):
        for _ in range(rng.randrange(1, 8)):
            blocks.held ^= {rng.choice(names)}
            if rng.getrandbits(1):
                await bench.write("CR0", rng.getrandbits(9))
            else:
                await bench.write("GBPA", UPDATE | rng.getrandbits(31))
            await bench.cycles(rng.choice((0, 1, 3, 10)))
        blocks.held.clear()
        await bench.settle()
        cr0, gbpa = await bench.read("CR0"), await bench.read("GBPA")
        await bench.check("CR0ACK", cr0, "in bounded time")
        assert not gbpa & UPDATE, "in bounded time"
        assert bench.get("smmuen_o") == cr0 & 1
        if blocks.modes:
            last = blocks.modes[-1]
            assert last.smmuen == cr0 & 1
            assert cr0 & 1 or last.gbpa == gbpa
    state = 0
    for mode in blocks.modes:
        assert mode.off == (state and not mode.smmuen), "smmuen_off_o goes with 1 -> 0 alone"
        assert not (state and mode.smmuen), "no message while SMMUEN stays 1"
        state = mode.smmuen
    assert len(blocks.modes) > 20 and REG.CR0.offset == 0x20
