# SPDX-License-Identifier: Apache-2.0
"""Global errors of the whole SMMU, each provoked by its real cause (GER-001..012, REG-016)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import cocotb

from tb.bfm.axi_mem import MemRequest
from tb.models.fields import Cerror, Cmd, Gerror
from tests.smmu.queue_scene import HOLE, MSI, MSI_IDS, STEP, VA, Scene, told

SID = 0x21
BAD_SYNC, BAD_EVENT, BAD_GERROR = MSI + 0x1000, MSI + 0x2000, MSI + 0x3000
GOOD = MSI
IMPLEMENTED = (
    Gerror.CMDQ_ERR | Gerror.EVENTQ_ABT_ERR | Gerror.MSI_CMDQ_ABT_ERR
    | Gerror.MSI_EVENTQ_ABT_ERR | Gerror.MSI_GERROR_ABT_ERR
)  # fmt: skip


class Causes:
    """Makes an error of a kind happen, and waits until the SMMU has seen it."""

    def __init__(self, s: Scene) -> None:
        self.s = s
        s.stream(SID)
        for at in (BAD_SYNC, BAD_EVENT, BAD_GERROR):
            s.memory.add_error(at, 4096, reads=False)
        self.of: dict[Gerror, Callable[[], Awaitable[None]]] = {
            Gerror.CMDQ_ERR: self.command,
            Gerror.EVENTQ_ABT_ERR: self.event,
            Gerror.MSI_CMDQ_ABT_ERR: self.sync_msi,
            Gerror.MSI_EVENTQ_ABT_ERR: self.event_msi,
            Gerror.MSI_GERROR_ABT_ERR: self.gerror_msi,
        }

    async def msi(self, source: str, addr: int, enables: int) -> None:
        """Point the MSI of a source somewhere, then set IRQ_CTRL."""
        await self.s.put("IRQ_CTRL", 0)
        await self.s.prog.until("IRQ_CTRLACK", 0xFFFFFFFF, 0)
        await self.s.put(f"{source}_IRQ_CFG0", addr)
        await self.s.put("IRQ_CTRL", enables)
        await self.s.prog.until("IRQ_CTRLACK", 0xFFFFFFFF, enables)

    async def command(self) -> None:
        s = self.s
        if await s.active() & Gerror.CMDQ_ERR:
            # the queue is stopped: another cause needs it to run
            index = await s.cons()
            s.memory.poke(s.slot(index), Cmd.raw(0xFE))
            await s.quiet(60)
            return
        index = await s.issue(Cmd.raw(0xFF))
        await s.fails_at(index, Cerror.ILL)

    async def event(self) -> None:
        s = self.s
        s.event_error((await s.prog.read("EVENTQ_PROD")).wr)
        await s.faults(1, SID)
        await s.until_active(Gerror.EVENTQ_ABT_ERR)
        await s.quiet(60)

    async def sync_msi(self) -> None:
        seen = len(self.s.log)
        await self.s.run(told(BAD_SYNC), Cmd.sync())
        assert len(self.s.msis(seen)) >= 1, "an unacknowledged abort stopped MSIs"

    async def event_msi(self) -> None:
        s = self.s
        await s.prog.events()
        seen = len(s.log)
        await s.faults(1, SID)
        await s.until(lambda: any(m.addr == BAD_EVENT for m in s.msis(seen)), "the event MSI")
        await s.quiet(60)

    async def gerror_msi(self) -> None:
        """Another error is needed to make the GERROR source send."""
        s = self.s
        seen = len(s.log)
        await s.run(told(BAD_SYNC), Cmd.sync())
        await s.until(lambda: any(m.addr == BAD_GERROR for m in s.msis(seen)), "the GERROR MSI")
        await s.quiet(60)
        await s.put("GERRORN", await s.get("GERRORN") ^ Gerror.MSI_CMDQ_ABT_ERR)


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def one_toggle_per_activation(dut: Any) -> None:
    """GER-001, GER-002, GER-003, GER-010, GER-011, REG-016: 3 occurrences, acknowledge, one more.

    The GERROR wire pulses at each activation, but not at that of bit 7; MSIs go on being sent.
    """
    s = await Scene.start(dut)
    await s.expect("GERROR", 0)
    await s.expect("GERRORN", 0)
    causes = Causes(s)
    for bit, cause in causes.of.items():
        targets = {
            Gerror.MSI_EVENTQ_ABT_ERR: ("EVENTQ", BAD_EVENT, 5),
            Gerror.MSI_GERROR_ABT_ERR: ("GERROR", BAD_GERROR, 1),
        }
        await causes.msi(*targets.get(bit, ("EVENTQ", 0, 1)))
        for _ in range(2):
            start = await s.get("GERROR")
            repeats = 1 if bit in (Gerror.EVENTQ_ABT_ERR,) else 3
            for n in range(repeats):
                pulses = s.bench.irqs["gerr"]
                await cause()
                now = await s.get("GERROR") ^ start
                own = bit | (Gerror.MSI_CMDQ_ABT_ERR if bit == Gerror.MSI_GERROR_ABT_ERR else 0)
                assert now & bit == bit, f"{bit.name}: not toggled, occurrence {n + 1}"
                assert not now & ~own, f"{bit.name}: others toggled: {now:#x}"
                loud = n == 0 or bit == Gerror.MSI_GERROR_ABT_ERR
                assert s.bench.irqs["gerr"] == pulses + loud, f"{bit.name}, occurrence {n + 1}"
            if bit == Gerror.CMDQ_ERR:
                await s.repair(await s.cons())
                await s.consumed()
            else:
                await s.acknowledge()
            assert not await s.active()
    # GERROR is read-only; GERRORN keeps the implemented bits and SFM_ERR, all others read 0
    gerror = await s.get("GERROR")
    await s.put("GERROR", 0xFFFFFFFF)
    await s.expect("GERROR", gerror)
    await s.put("GERRORN", 0xFFFFFFFF)
    await s.expect("GERRORN", IMPLEMENTED | Gerror.SFM_ERR)
    await s.put("GERRORN", gerror)
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def repeated_event_aborts(dut: Any) -> None:
    """GER-001, GER-009, GER-012: after an abort nothing is written until acknowledged."""
    s = await Scene.start(dut)
    causes = Causes(s)
    for _ in range(3):
        gerror, prod = await s.get("GERROR"), await s.get("EVENTQ_PROD")
        await causes.event()
        seen = len(s.log)
        await s.faults(3, SID)
        await s.run()
        assert not s.event_writes(seen)
        await s.expect("GERROR", gerror ^ Gerror.EVENTQ_ABT_ERR)
        await s.expect("EVENTQ_PROD", prod)
        await s.acknowledge()
    (addr,) = await s.faults(1, SID)
    (record,) = await s.prog.events(at_least=1)
    assert record.inputaddr == addr
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def gerrorn_misuse(dut: Any) -> None:
    """GER-004, REG-041: an inactive bit toggled is active by XOR, silently; nothing gets lost."""
    s = await Scene.start(dut)
    s.stream(SID)
    await s.put("IRQ_CTRL", 5)
    for bit in IMPLEMENTED:
        pulses = s.bench.irqs["gerr"]
        await s.put("GERRORN", bit)
        assert await s.active() == bit
        await s.expect("GERROR", 0)
        seen, cons = len(s.log), await s.cons()
        s.memory.poke32(MSI, 0)
        await s.issue(told(MSI))
        await s.faults(1, SID)
        await s.quiet(300)
        halted = bit == Gerror.CMDQ_ERR
        assert (await s.cons() == cons) == halted, bit.name
        assert bool(s.command_reads(seen)) != halted
        assert len(s.event_writes(seen)) == (bit != Gerror.EVENTQ_ABT_ERR), bit.name
        await s.put("GERRORN", 0)
        await s.consumed()
        await s.until(lambda: s.memory.peek32(MSI) == 1, "the MSI of the SYNC")
        await s.expect("GERROR", 0)
        assert s.bench.irqs["gerr"] == pulses, f"{bit.name}: an interrupt"
        await s.prog.events()
    await s.faults(1, SID)
    assert len(await s.prog.events(at_least=1)) == 1
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def reason_before_the_error(dut: Any) -> None:
    """GER-005: whenever CMDQ_ERR reads active, CONS has the reason and names the command.

    Polled at the rate of the bus, at every position of the ring.
    """
    s = await Scene.start(dut, cmdq_log2=3)
    for place in range(8):
        first = s.prod
        batch = [Cmd.tlbi_nh_all()] * 8
        batch[place] = Cmd.raw(0x3F)
        await s.issue(*batch)
        bad = s.after(first, place)
        for _ in range(2000):
            active = await s.active()
            cons = await s.prog.read("CMDQ_CONS")
            if active:
                assert (cons.rd, cons.err) == (bad, Cerror.ILL), f"position {place}: {cons}"
                break
        assert active, "no error"
        await s.quiet(100)
        await s.fails_at(bad, Cerror.ILL)
        await s.repair(bad)
        await s.consumed()
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def interrupts_of_errors(dut: Any) -> None:
    """GER-011, GER-010, IRQ-001, IRQ-013: shared or not, one after the last; no loop of bit 7."""
    s = await Scene.start(dut)
    causes = Causes(s)
    await s.put("IRQ_CTRL", 0)
    await s.prog.write("GERROR_IRQ_CFG1", data=0x77)
    await causes.msi("GERROR", GOOD, 5)
    # two at once: at least one interrupt after the last activation
    for lap in range(4):
        s.memory.poke32(GOOD, 0)
        pulses = s.bench.irqs["gerr"]
        s.event_error((await s.prog.read("EVENTQ_PROD")).wr)
        fault = s.bench.read(HOLE + STEP * lap, 8, sid=SID, delay=20 + 6 * lap)
        bad = await s.issue(Cmd.raw(0xFF))
        await s.done(fault)
        await s.until_active(Gerror.EVENTQ_ABT_ERR)
        await s.until_active(Gerror.CMDQ_ERR)
        await s.until(lambda: s.memory.peek32(GOOD) == 0x77, "the MSI")
        assert 1 <= s.bench.irqs["gerr"] - pulses <= 2
        await s.repair(bad)
        await s.consumed()
    # the GERROR MSI itself aborts: bit 7, no interrupt of its own, no second MSI
    await causes.msi("GERROR", BAD_GERROR, 5)
    for n in range(3):
        seen, pulses = len(s.log), s.bench.irqs["gerr"]
        await s.run(told(BAD_SYNC), Cmd.sync())
        await s.until_active(Gerror.MSI_GERROR_ABT_ERR)
        await s.quiet()
        sent = [m.addr for m in s.msis(seen)]
        assert sent == [BAD_SYNC, BAD_GERROR], f"lap {n}: {sent}"
        assert s.bench.irqs["gerr"] == pulses + 1
        await s.put("GERRORN", await s.get("GERRORN") ^ Gerror.MSI_CMDQ_ABT_ERR)
    await s.acknowledge()
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def disabling_waits_for_the_bit(dut: Any) -> None:
    """GER-012, IRQ-010, IRQ-013: IRQEN 1 -> 0 waits for B and the error bit of its own MSI alone.

    The GERROR MSI is stuck all the time; traffic, commands and events go on.
    """
    s = await Scene.start(dut)
    causes = Causes(s)
    s.bench.ptw.configure(out_of_order=100)
    await s.prog.write("EVENTQ_IRQ_CFG1", data=1)
    await s.put("IRQ_CTRL", 0)
    await s.prog.write("GERROR_IRQ_CFG0", addr=GOOD + 0x40)
    await causes.msi("EVENTQ", GOOD, 5)
    held: list[MemRequest] = []

    def stuck(request: MemRequest) -> str | None:
        if request.is_write and request.id in MSI_IDS and request.addr in (GOOD, GOOD + 0x40):
            held.append(request)
            return "hold"
        return None

    s.bench.ptw.filters.append(stuck)
    # an error whose MSI never gets its response
    await s.run(told(BAD_SYNC), Cmd.sync())
    await s.until(lambda: len(held) == 1, "the GERROR MSI")
    for bad in (False, True):
        gerror = await s.get("GERROR")
        await s.prog.events()
        await s.faults(1, SID)
        await s.until(lambda: held[-1].addr == GOOD, "the event MSI")
        assert (await s.read(VA, SID)).ok
        await s.put("IRQ_CTRL", 1)
        await s.quiet(300)
        assert await s.get("IRQ_CTRLACK") == 5, "ACK before B"
        held[-1].answer(3 if bad else None)
        await s.prog.until("IRQ_CTRLACK", 0xFFFFFFFF, 1, 2000)
        await s.expect("GERROR", gerror ^ (Gerror.MSI_EVENTQ_ABT_ERR if bad else 0))
        await s.prog.events()
        seen = len(s.log)
        await s.faults(1, SID)
        await s.run(told(GOOD + 0x80))
        await s.quiet(200)
        assert [m.addr for m in s.msis(seen)] == [GOOD + 0x80], "sent although disabled"
        # the new settings are used when enabled again
        new = GOOD + 0x100 + 4 * bad
        await s.prog.write("EVENTQ_IRQ_CFG0", addr=new)
        await s.prog.write("EVENTQ_IRQ_CFG1", data=0xBEEF)
        await s.put("IRQ_CTRL", 5)
        await s.prog.until("IRQ_CTRLACK", 0xFFFFFFFF, 5)
        await s.prog.events()
        await s.faults(1, SID)
        await s.until(lambda at=new: s.memory.peek32(at) == 0xBEEF, "the MSI to the new address")
        await s.put("IRQ_CTRL", 1)
        await s.prog.until("IRQ_CTRLACK", 0xFFFFFFFF, 1)
        await s.prog.write("EVENTQ_IRQ_CFG0", addr=GOOD)
        await s.put("IRQ_CTRL", 5)
        await s.prog.until("IRQ_CTRLACK", 0xFFFFFFFF, 5)
    assert not held[0].answered
    # the GERROR source itself: disabled only after B
    await s.put("IRQ_CTRL", 4)
    await s.quiet(300)
    assert await s.get("IRQ_CTRLACK") == 5
    s.bench.ptw.filters.clear()
    held[0].answer()
    await s.prog.until("IRQ_CTRLACK", 0xFFFFFFFF, 4, 2000)
    await s.finish()
