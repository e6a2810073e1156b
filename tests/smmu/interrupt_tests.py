# SPDX-License-Identifier: Apache-2.0
"""Interrupt wires and MSIs of the whole SMMU (IRQ-001..016)."""

from __future__ import annotations

from itertools import product
from typing import Any

import cocotb

from tb.bfm.burst import AxiTxn
from tb.env.smmu_bench import BenchConfig
from tb.models.fields import REG, Cmd
from tb.models.smmu_ref.attributes import ISH, NSH, OSH, bus_cache, of_memattr
from tb.models.smmu_ref.queues import advance
from tests.smmu.queue_scene import EVENT_ID, HOLE, MSI, MSI_IDS, STEP, VA, Scene, told

SID = 0x21
SHAREABILITY = {0: NSH, 1: NSH, 2: OSH, 3: ISH}  # SH=01 acts as 00 (IRQ-006)
SOURCES = ("SYNC", "EVENTQ", "GERROR")
WIRES = {"SYNC": "cmd_sync", "EVENTQ": "evtq", "GERROR": "gerr"}
ENABLE = {"EVENTQ": 4, "GERROR": 1}


class Sources:
    """The three sources: how each is set up and triggered."""

    def __init__(self, s: Scene) -> None:
        self.s = s
        s.stream(SID)
        self.msi = {name: (0, 0, 0, 0) for name in SOURCES}

    async def ctrl(self, value: int) -> None:
        """Write IRQ_CTRL and wait for its acknowledgement."""
        await self.s.put("IRQ_CTRL", value)
        await self.s.prog.until("IRQ_CTRLACK", 0xFFFFFFFF, value)

    async def setup(self, name: str, addr: int, data: int = 1, attr: int = 15, sh: int = 0) -> None:
        """Where and how the MSI of a source goes; its enable is on afterwards."""
        self.msi[name] = (addr, data, attr, sh)
        if name == "SYNC":
            return
        now = await self.s.get("IRQ_CTRL")
        await self.ctrl(now & ~ENABLE[name])
        await self.s.prog.write(f"{name}_IRQ_CFG0", addr=addr)
        await self.s.prog.write(f"{name}_IRQ_CFG1", data=data)
        await self.s.prog.write(f"{name}_IRQ_CFG2", memattr=attr, sh=sh)
        await self.ctrl(now | ENABLE[name])

    async def trigger(self, name: str) -> None:
        """One trigger of one source."""
        s = self.s
        if name == "SYNC":
            addr, data, attr, sh = self.msi[name]
            await s.run(Cmd.sync(cs=1, msiaddr=addr, msidata=data, msiattr=attr, msh=sh))
        elif name == "EVENTQ":
            await s.prog.events()
            await s.faults(1, SID)
            await s.run()
        else:
            bad = await s.issue(Cmd.raw(0xFF))
            await s.until_active(1)
            await s.repair(bad)
            await s.consumed()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def wires_and_messages(dut: Any) -> None:
    """IRQ-001, IRQ-002, IRQ-012, REG-043: a pulse always, an MSI for a non-zero ADDR alone."""
    s = await Scene.start(dut)
    src = Sources(s)
    await src.ctrl(5)
    for name, addr in product(SOURCES, (0, MSI, 4)):
        await src.setup(name, addr, data=0x1234)
        if addr:
            s.memory.poke32(addr, 0)
        before, seen = s.bench.irqs.all(), len(s.log)
        await src.trigger(name)
        await s.quiet(200)
        pulses = {wire: n - before[wire] for wire, n in s.bench.irqs.all().items()}
        assert pulses == {w: int(w == WIRES[name]) for w in pulses}, (name, pulses)
        msis = s.msis(seen)
        assert [m.addr for m in msis] == ([addr] if addr else []), name
        if addr:
            assert s.memory.peek32(addr) == 0x1234
    # all together
    for n, name in enumerate(SOURCES):
        await src.setup(name, MSI + 16 * n, data=n + 1)
    before, seen = s.bench.irqs.all(), len(s.log)
    await s.prog.events()
    fault = s.bench.read(HOLE, 8, sid=SID)
    bad = s.after(await s.issue(told(MSI, 1), Cmd.raw(0xFF)))
    await s.done(fault)
    await s.until_active(1)
    await s.until(lambda: len(s.msis(seen)) == 3, "three MSIs")
    assert {m.addr for m in s.msis(seen)} == {MSI, MSI + 16, MSI + 32}
    assert {m.id for m in s.msis(seen)} == set(MSI_IDS)
    pulses = {wire: n - before[wire] for wire, n in s.bench.irqs.all().items()}
    assert pulses == {"evtq": 1, "gerr": 1, "cmd_sync": 1, "priq": 0}
    await s.repair(bad)
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def event_interrupt_from_empty_only(dut: Any) -> None:
    """IRQ-003: 3 records, consume all, 1, consume part, 1: exactly two notifications."""
    s = await Scene.start(dut)
    src = Sources(s)
    await src.setup("EVENTQ", MSI)
    seen = len(s.log)

    async def records(count: int) -> tuple[int, int]:
        await s.faults(count, SID)
        await s.run()
        await s.quiet(100)
        return s.bench.irqs["evtq"], len(s.msis(seen))

    assert await records(3) == (1, 1)
    await s.prog.events()
    assert await records(1) == (2, 2)
    await s.faults(1, SID)
    await s.run()
    cons = (await s.prog.read("EVENTQ_CONS")).rd
    await s.prog.write("EVENTQ_CONS", rd=advance(s.prog.layout.eventq_log2, cons))
    assert await records(1) == (2, 2), "part of the queue was left"
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def news_before_the_interrupt(dut: Any) -> None:
    """IRQ-004: the first register read after the wire, or at the MSI, shows what it tells of."""
    s = await Scene.start(dut, cfg=BenchConfig(fast_registers=True, jitter=12))
    src = Sources(s)
    for n, name in enumerate(("EVENTQ", "GERROR") * 4):
        await src.setup(name, MSI if n > 3 else 0)
        await s.prog.events()
        prod, gerror = await s.get("EVENTQ_PROD"), await s.get("GERROR")
        wire, pulses, seen = WIRES[name], s.bench.irqs[WIRES[name]], len(s.log)
        if name == "EVENTQ":
            s.bench.read(HOLE, 8, sid=SID)
        else:
            bad = await s.issue(Cmd.raw(0xFF))
        if n > 3:
            await s.until(lambda k=seen: s.msis(k), "the MSI")
        else:
            assert await s.bench.irq(wire, pulses, 4000), f"no pulse of {wire}"
        if name == "EVENTQ":
            assert await s.get("EVENTQ_PROD") != prod, "PROD behind the interrupt"
            assert len(await s.prog.events()) == 1
        else:
            assert await s.get("GERROR") != gerror, "GERROR behind the interrupt"
            await s.repair(bad)
            await s.consumed()
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def message_format(dut: Any) -> None:
    """IRQ-005, IRQ-006, CMD-029, REG-017, REG-026: every MemAttr and SH of each source.

    One beat of four bytes on the addressed lane; attributes by the table; no other byte changes.
    """
    s = await Scene.start(dut)
    src = Sources(s)
    writes: list[AxiTxn] = []
    s.bench.monitor(
        s.bench.walk_probe, "ptw_axi",
        lambda txn: writes.append(txn) if txn.is_write and txn.id != EVENT_ID else None,
    )  # fmt: skip
    for name in SOURCES:
        for n, (attr, sh) in enumerate(product(range(16), range(4))):
            addr, data = MSI + 4 * (n % 16), s.bench.rng.getrandbits(32)
            line = s.bench.rng.randbytes(64)
            s.memory.poke(MSI, line)
            await src.setup(name, addr, data, attr, sh)
            writes.clear()
            await src.trigger(name)
            await s.until(lambda: writes, f"the MSI of {name}")
            await s.quiet(20)
            (txn,) = writes
            what = f"{name} MemAttr {attr:04b} SH {sh:02b} at {addr:#x}"
            assert (txn.addr, txn.beats, txn.ax["size"]) == (addr, 1, 2), what
            assert txn.byte_mask == 0xF and txn.ax["prot"] == 0b011, what
            assert txn.data == data.to_bytes(4, "little"), what
            want = bus_cache(of_memattr(attr, SHAREABILITY[sh]), False)
            assert (txn.ax["cache"], txn.ax["domain"]) == want, what
            if attr in (0b0000, 0b0100, 0b1000, 0b1100):
                assert txn.ax["cache"] == 0 and txn.ax["domain"] == 3, what
            image = bytearray(line)
            image[4 * (n % 16) : 4 * (n % 16) + 4] = data.to_bytes(4, "little")
            assert s.memory.peek(MSI, 64) == image, what
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def device_id(dut: Any) -> None:
    """IRQ-007: MSIs carry an ID no client can have; client traffic keeps its StreamID."""
    s = await Scene.start(dut)
    src = Sources(s)
    for name in SOURCES:
        await src.setup(name, MSI)
        await src.trigger(name)
    await s.quiet(100)
    ids = {m.ax["sid"] for m in s.msis()}
    assert len(ids) == 1 and ids.pop() >> 16, "the DeviceID is a StreamID"
    seen: list[Any] = []
    for mem in s.bench.mems:
        mem.observers.append(seen.append)
    for sid in (0x01, 0x5A, 0xFF):
        s.stream(sid, asid=sid)
        assert (await s.read(VA, sid)).ok
        assert (await s.done(s.bench.write(VA, bytes(8), sid=sid))).ok
        assert [r.ax["sid"] for r in seen] == [sid, sid]
        seen.clear()
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def settings_are_guarded(dut: Any) -> None:
    """IRQ-008, REG-015, REG-017, REG-026: CFG0..2 accept writes only with enable and ACK 0."""
    s = await Scene.start(dut)
    src = Sources(s)
    s.bench.ptw.configure(out_of_order=100)
    held: list[Any] = []
    s.bench.ptw.filters.append(
        lambda r: held.append(r) or "hold" if r.is_write and r.id in MSI_IDS else None
    )
    regs = {name: [REG[f"{name}_IRQ_CFG{n}"] for n in range(3)] for name in ENABLE}
    full = {"CFG0": s.bench.model_config.oas_mask & ~3, "CFG1": 0xFFFF_FFFF, "CFG2": 0x3F}

    async def probe(name: str, accepts: bool, where: str) -> None:
        for reg in regs[name]:
            old = await s.get(reg.name)
            mask = full[reg.name[-4:]]
            value = s.bench.rng.getrandbits(reg.width) | 1 << 63 & (1 << reg.width) - 1
            await s.put(reg.name, value)
            want = value & mask if accepts else old
            await s.expect(reg.name, want, where)

    for name, bit in ENABLE.items():
        await src.ctrl(0)
        await probe(name, True, f"{name} off")
        for value in (0, 0xFFFFFFFF):
            await s.put(f"{name}_IRQ_CFG0", value)
        await s.prog.write(f"{name}_IRQ_CFG0", addr=MSI)
        await src.ctrl(bit)
        await s.expect("IRQ_CTRL", bit)
        await probe(name, False, f"{name} on")
        other = next(x for x in ENABLE if x != name)
        await probe(other, True, f"{other} off while {name} is on")
        await src.trigger(name)
        await s.until(lambda: held, "the MSI")
        await s.put("IRQ_CTRL", 0)
        await s.quiet(200)
        await s.expect("IRQ_CTRLACK", bit, "while the MSI has no response")
        await probe(name, False, f"{name} going off")
        held.pop().answer()
        await s.prog.until("IRQ_CTRLACK", 0xFFFFFFFF, 0)
        await probe(name, True, f"{name} off again")
    await src.ctrl(0)
    await s.put("IRQ_CTRL", 0xFFFFFFFF)
    await s.expect("IRQ_CTRL", 5)
    await s.prog.until("IRQ_CTRLACK", 0xFFFFFFFF, 5)
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def nothing_from_before_the_enable(dut: Any) -> None:
    """IRQ-009, IRQ-010, REG-042: an occurrence while disabled is not told when enabled."""
    s = await Scene.start(dut)
    src = Sources(s)
    for name, bit in ENABLE.items():
        await src.setup(name, MSI, data=7)
        await src.ctrl(0)
        wire = WIRES[name]
        pulses, seen = s.bench.irqs[wire], len(s.log)
        if name == "EVENTQ":
            await s.prog.events()
            await s.faults(1, SID)
        else:
            bad = await s.issue(Cmd.raw(0xFF))
            await s.until_active(1)
        await s.quiet(200)
        await src.ctrl(bit)
        await s.quiet()
        assert s.bench.irqs[wire] == pulses and not s.msis(seen), f"{name}: a stale notification"
        if name == "GERROR":
            await s.repair(bad)
            await s.consumed()
        await src.trigger(name)
        await s.until(lambda k=seen: len(s.msis(k)) == 1, "the MSI of a new occurrence")
        assert s.bench.irqs[wire] == pulses + 1
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def a_stuck_target_holds_nobody_else(dut: Any) -> None:
    """IRQ-013, IRQ-014: each source's MSI stuck in turn: the others and traffic go on.

    Triggers meanwhile are told once the target is free; a source never reorders its own.
    """
    s = await Scene.start(dut)
    src = Sources(s)
    s.bench.ptw.configure(out_of_order=100)
    for n, name in enumerate(SOURCES):
        await src.setup(name, MSI + 0x100 * n, data=n + 1)
    for name in ("EVENTQ", "GERROR"):
        addr = src.msi[name][0]
        held: list[Any] = []
        s.bench.ptw.filters.append(
            lambda r, at=addr, h=held: (
                h.append(r) or "hold" if r.is_write and r.addr == at else None
            )
        )
        await src.trigger(name)
        await s.until(lambda h=held: h, f"the MSI of {name}")
        others = [x for x in SOURCES if x != name]
        for other in others:
            seen = len(s.log)
            await src.trigger(other)
            at = src.msi[other][0]
            await s.until(
                lambda k=seen, a=at: any(m.addr == a for m in s.msis(k)),
                f"{other} while {name} is stuck",
            )
        assert (await s.read(VA, SID)).ok and (
            await s.done(s.bench.write(VA, bytes(8), sid=SID))
        ).ok
        # triggers of the stuck source: at least one notification after the last
        for _ in range(3):
            await src.trigger(name)
        await s.quiet(100)
        assert len(held) == 1, "a second MSI before the response of the first"
        seen = len(s.log)
        s.bench.ptw.filters.clear()
        held[0].answer()
        await s.until(lambda k=seen, a=addr: any(m.addr == a for m in s.msis(k)), "the next MSI")
        await s.quiet(200)
        assert len([m for m in s.msis(seen) if m.addr == addr]) == 1, (
            "coalesced triggers told twice"
        )
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def no_wake_up_is_lost(dut: Any) -> None:
    """IRQ-016, IRQ-014: Linux's consumer against a record published at every offset.

    Write CONS to empty, read PROD: equal means sleep, and then an interrupt must come.
    """
    s = await Scene.start(dut)
    src = Sources(s)
    slept = woken = found = 0
    # how long a record takes: offsets lie around that
    await s.faults(1, SID)
    await s.run()
    start, prod = s.bench.cycle, await s.get("EVENTQ_PROD")
    s.bench.read(HOLE + STEP, 8, sid=SID)
    while await s.get("EVENTQ_PROD") == prod:
        pass
    around = s.bench.cycle - start + 16
    await s.prog.events()
    for how in ("wire", "msi"):
        await src.setup("EVENTQ", MSI if how == "msi" else 0)
        for offset in range(64):
            await s.faults(1, SID)
            await s.run()
            prod = await s.get("EVENTQ_PROD")
            pulses, seen = s.bench.irqs["evtq"], len(s.log)
            txn = s.bench.read(HOLE + STEP, 8, sid=SID, delay=offset)
            await s.bench.cycles(around)
            await s.put("EVENTQ_CONS", prod)
            now = await s.get("EVENTQ_PROD")
            if now == prod:
                slept += 1
                if how == "wire":
                    assert await s.bench.irq("evtq", pulses, 3000), f"lost at offset {offset}"
                else:
                    await s.until(lambda k=seen: s.msis(k), f"a wake-up at offset {offset}", 3000)
                woken += 1
                now = await s.get("EVENTQ_PROD")
            else:
                found += 1
            assert now != prod
            await s.done(txn)
            await s.prog.events()
    assert slept == woken > 10 and found > 10, (slept, found)
    await s.finish()
