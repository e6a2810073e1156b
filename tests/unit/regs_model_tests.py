# SPDX-License-Identifier: Apache-2.0
"""Differential test of smmu_regs against the register model of the reference SMMU."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.models.fields import REG, Gerror
from tb.models.smmu_ref.queues import Signals
from tb.models.smmu_ref.regs import Registers
from tests.unit.regs_bench import EVTQ, GERR, SETTLED, Bench, milestone_1

STEPS = 500
WIRES = {"gerr": "irq_gerr_o", "evtq": "irq_evtq_o"}
ERRORS = {
    Gerror.CMDQ_ERR: "gerr_cmdq_i",
    Gerror.EVENTQ_ABT_ERR: "gerr_evtq_i",
    Gerror.MSI_CMDQ_ABT_ERR: "gerr_msi_cmdq_i",
}


class _MsiMemory:
    """The memory behind the model's MSIs: notes every write, aborts on demand."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.writes: list[tuple[int, int]] = []

    def write(self, pa: int, data: bytes, strb: int | None = None, who: str = "") -> bool:
        self.writes.append((pa, int.from_bytes(data, "little")))
        # the two sources are told apart by bit 12 of their addresses
        return not self.bench.blocks.abort[EVTQ if pa & 0x1000 else GERR]


class Pair:
    """The RTL and the model, given the same and asked the same."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.rng = bench.rng
        self.model = Registers(bench.config)
        self.memory = _MsiMemory(bench)
        self.signals = Signals(self.model, self.memory)

    async def write(self, offset: int, value: int) -> None:
        await self.bench.write(offset, value)
        self.model.write32(offset, value)
        await self.bench.cycles(SETTLED)
        self.complete()

    def complete(self) -> None:
        """End the model's updates that the bench does not hold up."""
        model, held = self.model, self.bench.blocks.held
        cr0, ack = model.cr0, model.cr0ack
        done = {"vmw": cr0.vmw}
        for field, busy in (("cmdqen", "cmdq"), ("eventqen", "evtq")):
            if cr0[field] or busy not in held:
                done[field] = cr0[field]
        turns_off = ack.smmuen and not cr0.smmuen
        drained = "done" not in held and not (turns_off and "walk" in held)
        if drained or (cr0.smmuen and ack.smmuen):
            model.set_fields("GBPA", update=0)
        if drained and not (cr0.smmuen and "tcu" in held):
            done["smmuen"] = cr0.smmuen
        model.set_fields("CR0ACK", **done)
        model["IRQ_CTRLACK"] = model["IRQ_CTRL"]

    async def check(self, name: str, history: str) -> None:
        reg = REG[name]
        for offset in range(reg.offset, reg.offset + reg.width // 8, 4):
            await self.bench.check(offset, self.model.read32(offset), f"in {name} {history}")

    def check_signals(self) -> None:
        blocks = self.bench.blocks
        for name, wire in WIRES.items():
            assert blocks.pulses[wire] == self.signals.pulses[name], wire
        sent = sorted((msi.addr & ~3, msi.data) for port in blocks.msis for msi in port)
        assert sent == sorted(self.memory.writes)

    # ---- what happens ----------------------------------------------------------------------
    async def register_write(self) -> str:
        reg = self.rng.choice([r for r in milestone_1() if r.access == "RW"])
        offset = reg.offset + 4 * self.rng.randrange(reg.width // 32)
        value = self.rng.getrandbits(32)
        if reg.name == "GERRORN" and self.rng.getrandbits(2):
            value = self.model["GERROR"]
        if reg.name.endswith("IRQ_CFG0") and offset == reg.offset:
            value &= 0xE00 if self.rng.getrandbits(1) else 0  # low half 0 or in one of two pages
            value |= 0x1000 if reg.name.startswith("EVENTQ") and value else 0
        elif reg.name.endswith("IRQ_CFG0"):
            value = 0
        await self.write(offset, value)
        return f"after {reg.name}={value:#x}"

    async def stray_write(self) -> str:
        offset = self.rng.randrange(0, 0x20000, 4)
        await self.write(offset, value := self.rng.getrandbits(32))
        return f"after [{offset:#x}]={value:#x}"

    async def queue_moves(self) -> str:
        """The hardware owns an index while its queue is enabled."""
        blocks, model, rng = self.bench.blocks, self.model, self.rng
        if model.cr0ack.cmdqen:
            blocks.cons, blocks.err = rng.getrandbits(20), rng.randrange(3)
            model.set_fields("CMDQ_CONS", rd=blocks.cons, err=blocks.err)
        if model.cr0ack.eventqen:
            blocks.prod, blocks.ovflg = rng.getrandbits(20), rng.getrandbits(1)
            model.set_fields("EVENTQ_PROD", wr=blocks.prod, ovflg=blocks.ovflg)
        await self.bench.cycles(2)
        return "after the queues moved"

    async def error(self) -> str:
        bit = self.rng.choice(list(ERRORS))
        self.signals.error(bit)
        await self.bench.pulse(ERRORS[bit])
        await self.bench.cycles(2 * SETTLED)
        return f"after {bit.name}"

    async def event(self) -> str:
        self.signals.event_queue_filled()
        await self.bench.pulse("irq_evtq_i")
        await self.bench.cycles(2 * SETTLED)
        return "after the event queue filled"

    async def world(self) -> str:
        """Hold something up or let it go; MSI targets turn good or bad."""
        blocks = self.bench.blocks
        blocks.abort[self.rng.getrandbits(1)] ^= True
        names = ["done", "walk", "cmdq", "evtq", "tcu"]
        if self.model.cr0.smmuen != self.model.cr0ack.smmuen or self.model.gbpa["update"]:
            # an open MODE may be past these already, and the model cannot know
            names = [n for n in names if n in blocks.held or n not in ("done", "tcu")]
        name = self.rng.choice(names)
        blocks.held ^= {name}
        await self.bench.cycles(2 * SETTLED)
        self.complete()
        return f"after {name} {'held' if name in blocks.held else 'let go'}"


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def test_regs_model(dut: Any) -> None:
    """REG-*, INI-008..020, GER-*, IRQ-*: random accesses and happenings agree with the model."""
    bench = await Bench(dut).start()
    pair = Pair(bench)
    names = [reg.name for reg in milestone_1()]
    acts = [pair.register_write] * 6 + [pair.stray_write, pair.queue_moves, pair.error]
    acts += [pair.event, pair.world, pair.world]
    for step in range(8 * STEPS):
        if step >= STEPS and pair.memory.writes and bench.blocks.modes:
            break  # most seeds have seen an MSI and a MODE by now
        history = await bench.rng.choice(acts)()
        for name in bench.rng.sample(names, 3):
            await pair.check(name, history)
        for name in ("CR0", "CR0ACK", "GBPA", "GERROR"):
            await pair.check(name, history)
        pair.check_signals()
    for name in names:
        await pair.check(name, "at the end")
    assert pair.memory.writes and bench.blocks.modes
