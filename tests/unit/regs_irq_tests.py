# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_regs: global errors, interrupt wires and MSIs."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from tb.models.fields import Gerror
from tests.unit.regs_bench import EVTQ, GERR, Bench, Msi

GERROR_IRQEN, EVENTQ_IRQEN = 1, 4
PINS = {
    Gerror.CMDQ_ERR: "gerr_cmdq_i",
    Gerror.EVENTQ_ABT_ERR: "gerr_evtq_i",
    Gerror.MSI_CMDQ_ABT_ERR: "gerr_msi_cmdq_i",
    Gerror.MSI_EVENTQ_ABT_ERR: "gerr_msi_evtq_i",
    Gerror.MSI_GERROR_ABT_ERR: "gerr_msi_gerr_i",
}
ACTIVE = {Gerror.CMDQ_ERR: "gerr_cmdq_active_o", Gerror.EVENTQ_ABT_ERR: "gerr_evtq_active_o"}
# IRQ_CTRL bit, register prefix, trigger, MSI port, wire
SOURCES = (
    (EVENTQ_IRQEN, "EVENTQ", "irq_evtq_i", EVTQ, "irq_evtq_o"),
    (GERROR_IRQEN, "GERROR", "gerr_msi_cmdq_i", GERR, "irq_gerr_o"),
)


async def _ack(bench: Bench) -> None:
    """Acknowledge every error."""
    await bench.write("GERRORN", await bench.read("GERROR"))


async def _configure(bench: Bench, name: str, addr: int) -> Msi:
    """Random MSI settings; what the writer must be given."""
    data, attr, sh = bench.rng.getrandbits(32), bench.rng.getrandbits(4), bench.rng.getrandbits(2)
    await bench.write(f"{name}_IRQ_CFG0", addr)
    await bench.write(f"{name}_IRQ_CFG1", data)
    await bench.write(f"{name}_IRQ_CFG2", sh << 4 | attr)
    return Msi(addr, data, attr, sh)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_regs_gerror(dut: Any) -> None:
    """GER-001..003, REG-016: three occurrences, acknowledge, one more: toggles on 1st and 4th."""
    bench = await Bench(dut).start()
    want = 0
    for bit, pin in PINS.items():
        for _ in range(2):
            want ^= bit
            for _ in range(3):
                await bench.pulse(pin)
                await bench.check("GERROR", want)
            if bit in ACTIVE:
                assert bench.get(ACTIVE[bit])
            await _ack(bench)
            await bench.check("GERROR", want)
            await bench.check("GERRORN", want)
            if bit in ACTIVE:
                assert not bench.get(ACTIVE[bit])
    await bench.write("GERROR", 0x1FF)
    await bench.check("GERROR", want)
    await bench.write("GERRORN", 0xFFFFFFFF)
    await bench.check("GERRORN", 0x1B5)
    assert not any(bench.blocks.pulses.values()), "no interrupt is enabled"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_regs_gerrorn_misuse(dut: Any) -> None:
    """GER-004, REG-041: toggling an inactive bit makes it active, quietly, until toggled back."""
    bench = await Bench(dut).start()
    await bench.write("IRQ_CTRL", GERROR_IRQEN)
    for bit in PINS:
        await bench.write("GERRORN", bit)
        await bench.check("GERROR", 0)
        if bit in ACTIVE:
            assert bench.get(ACTIVE[bit])
        await bench.pulse(PINS[bit])  # counts as a repeat
        await bench.check("GERROR", 0)
        await bench.write("GERRORN", 0)
        if bit in ACTIVE:
            assert not bench.get(ACTIVE[bit])
    assert not any(bench.blocks.pulses.values())


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_regs_gerror_irq(dut: Any) -> None:
    """GER-011, IRQ-004: every activation interrupts but that of bit 7; pairs may share one."""
    bench = await Bench(dut).start()
    msi = await _configure(bench, "GERROR", 0x8000_1234_5678)
    await bench.write("IRQ_CTRL", GERROR_IRQEN)
    msis, pulses = bench.blocks.msis[GERR], bench.blocks.pulses
    for bit, pin in PINS.items():
        await bench.pulse(pin)
        await bench.pulse(pin)
        loud = bit != Gerror.MSI_GERROR_ABT_ERR
        assert pulses["irq_gerr_o"] == loud and msis == [msi] * loud, bit.name
        await _ack(bench)
        msis.clear()
        pulses.clear()
    await bench.pulse(*PINS.values())
    await bench.check("GERROR", 0)  # every bit toggled back
    assert pulses["irq_gerr_o"] == 1 and msis == [msi]
    await _ack(bench)
    # the bit is there in the cycle of the wire and of the request
    bench.blocks.now["gerr_cmdq_i"] += 1
    for _ in range(8):
        await RisingEdge(dut.clk_i)
        if bench.get("irq_gerr_o") or bench.get("msi_valid_o"):
            assert bench.get("gerr_cmdq_active_o")
    assert pulses["irq_gerr_o"] == 2


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_regs_irq_ctrl(dut: Any) -> None:
    """IRQ-002, IRQ-008, IRQ-009, REG-015, REG-042, REG-043: enable, wire, MSI, nothing stale."""
    bench = await Bench(dut).start()
    blocks = bench.blocks
    for bit, name, trigger, port, wire in SOURCES:
        msi = await _configure(bench, name, 0xFEDC_0000_0000)  # not 0
        await bench.pulse(trigger)  # disabled: nothing, and nothing later
        await bench.write("IRQ_CTRL", bit)
        await bench.settle()
        await bench.check("IRQ_CTRLACK", bit)
        assert not blocks.pulses[wire] and not blocks.msis[port]
        await _ack(bench)
        await bench.pulse(trigger)
        assert blocks.pulses[wire] == 1 and blocks.msis[port] == [msi]
        await _ack(bench)
        await bench.write("IRQ_CTRL", 0)
        await bench.check("IRQ_CTRLACK", 0)
        await bench.pulse(trigger)
        await _ack(bench)
        await _configure(bench, name, 0)
        await bench.write("IRQ_CTRL", 0xFFFFFFFF)
        await bench.check("IRQ_CTRL", 5)
        await bench.check("IRQ_CTRLACK", 5)
        await bench.pulse(trigger)
        assert blocks.pulses[wire] == 2, "ADDR=0 keeps the wire"
        assert blocks.msis[port] == [msi], "ADDR=0 suppresses the MSI"
        await bench.write("IRQ_CTRL", 0)
    assert not blocks.pulses["irq_cmd_sync_o"]
    await bench.pulse("irq_sync_i")  # CMD-030: without any enable
    assert blocks.pulses["irq_cmd_sync_o"] == 1 and not blocks.pulses["irq_priq_o"]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_regs_msi_coalesce(dut: Any) -> None:
    """IRQ-013, IRQ-014: triggers during an MSI give one more; the other source does not wait."""
    bench = await Bench(dut).start()
    blocks = bench.blocks
    wants = [await _configure(bench, name, 0x1000 + 8 * port) for _, name, _, port, _ in SOURCES]
    await bench.write("IRQ_CTRL", 5)
    for where in ("msi", "b"):
        for _, _, trigger, port, wire in SOURCES:
            other = 1 - port
            for record in (*blocks.msis, blocks.pulses):
                record.clear()
            bench.hold(f"{where}{port}")
            for _ in range(4):
                await _ack(bench)
                await bench.pulse(trigger)
            await _ack(bench)
            await bench.pulse(SOURCES[other][2])
            assert blocks.pulses[wire] == 4, "every trigger has its pulse"
            assert blocks.msis[other] == [wants[other]], "one source must not block the other"
            await bench.release(f"{where}{port}")
            assert blocks.msis[port] == [wants[port]] * 2
            await _ack(bench)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_regs_irq_disable(dut: Any) -> None:
    """IRQ-010, GER-010, GER-012, REG-036: ACK falls after B and GERROR; then the new settings."""
    bench = await Bench(dut).start()
    blocks = bench.blocks
    for bit, name, trigger, port, wire in SOURCES:
        error = Gerror.MSI_GERROR_ABT_ERR if port == GERR else Gerror.MSI_EVENTQ_ABT_ERR
        for abort in (False, True):
            for where in ("msi", "b"):
                blocks.msis[port].clear()
                old = await _configure(bench, name, 0x2000)
                await bench.write("IRQ_CTRL", bit)
                bench.hold(f"{where}{port}")
                blocks.abort[port] = abort
                await bench.pulse(trigger)
                await _ack(bench)
                await bench.pulse(trigger)  # one more is due, and forgotten
                await _ack(bench)
                await bench.write("IRQ_CTRL", 0)
                await bench.settle()
                await bench.write("IRQ_CTRL", bit)  # ignored: the update is open
                await bench.check("IRQ_CTRL", 0)
                await bench.check("IRQ_CTRLACK", bit)
                pulses = blocks.pulses[wire]
                await bench.pulse(trigger)  # not enabled any more
                assert blocks.pulses[wire] == pulses
                await _ack(bench)
                before = await bench.read("GERROR")
                blocks.held.clear()
                while await bench.read("IRQ_CTRLACK"):
                    pass
                await bench.check("GERROR", before ^ (error if abort else 0))
                await bench.settle()
                assert blocks.msis[port] == [old]
                await _ack(bench)
                new = await _configure(bench, name, 0x3000)
                await bench.write("IRQ_CTRL", bit)
                await bench.settle()
                blocks.abort[port] = False
                await bench.pulse(trigger)
                assert blocks.msis[port] == [old, new]
                await _ack(bench)
                await bench.write("IRQ_CTRL", 0)
                await bench.settle()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_regs_msi_abort_loop(dut: Any) -> None:
    """GER-010, GER-011: an abort disables nothing, and that of the GERROR MSI does not loop."""
    bench = await Bench(dut).start()
    blocks = bench.blocks
    for _, name, _, _, _ in SOURCES:
        await _configure(bench, name, 0x4000)
    await bench.write("IRQ_CTRL", 5)
    blocks.abort = [True, True]
    both = int(Gerror.MSI_EVENTQ_ABT_ERR | Gerror.MSI_GERROR_ABT_ERR)
    for n in range(1, 4):
        await bench.pulse("irq_evtq_i")
        await bench.settle()
        await bench.check("GERROR", both, "one toggle each")
        assert len(blocks.msis[EVTQ]) == n, "an unacknowledged abort must not stop MSIs"
        assert len(blocks.msis[GERR]) == 1, "the abort was announced once"
    await _ack(bench)
    await bench.pulse("irq_evtq_i")
    await bench.settle()
    await bench.check("GERROR", 0)
    assert len(blocks.msis[GERR]) == 2
