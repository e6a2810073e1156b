# SPDX-License-Identifier: Apache-2.0
"""Registers of the whole SMMU on its AXI4-Lite pins: values, masks, guards, updates (REG-*)."""

from __future__ import annotations

from typing import Any

import cocotb

from sim.blackbox import claimed_registers
from tb.env.smmu_bench import BenchConfig
from tb.models.fields import REG, Cmd
from tb.models.layout import Register
from tests.smmu.queue_scene import COMMAND_ID, EVENT_ID, MSI, PAGE, VA, Scene, told

SID = 0x21
WORD = 0xFFFFFFFF
SMMUEN, EVENTQEN, CMDQEN = 1, 4, 8
PINS = BenchConfig()  # accesses of the AXI4-Lite driver, not the fast port
# REG-001..007, REG-012, REG-014, REG-028: what the rules say of this build
CONSTANT = {
    "IDR0": 0x084E303B, "IDR2": 0, "IDR3": 0x1414, "IDR4": 0, "AIDR": 1, "STATUSR": 0, "AGBPA": 0,
    "CIDR0": 0x0D, "CIDR1": 0xF0, "CIDR2": 0x05, "CIDR3": 0xB1,
}  # fmt: skip
# offset: (mask of a write while nothing is enabled, guard), page 1 above 0x10000
WRITABLE = {
    "CR1": (0xFFF, None), "CR2": (0x6, SMMUEN), "STRTAB_BASE": (0x4000_FFFF_FFFF_FFC0, SMMUEN),
    "STRTAB_BASE_CFG": (0x307FF, SMMUEN), "CMDQ_BASE": (0x4000_FFFF_FFFF_FFFF, CMDQEN),
    "EVENTQ_BASE": (0x4000_FFFF_FFFF_FFFF, EVENTQEN),
    "EVENTQ_IRQ_CFG0": (0xFFFF_FFFF_FFFC, None), "EVENTQ_IRQ_CFG1": (WORD, None),
    "EVENTQ_IRQ_CFG2": (0x3F, None), "GERROR_IRQ_CFG0": (0xFFFF_FFFF_FFFC, None),
    "GERROR_IRQ_CFG1": (WORD, None), "GERROR_IRQ_CFG2": (0x3F, None),
}  # fmt: skip
ADDRESSES = {"STRTAB_BASE", "CMDQ_BASE", "EVENTQ_BASE", "EVENTQ_IRQ_CFG0", "GERROR_IRQ_CFG0"}
TABLE, QUEUE = 0xFC0, 0x03F  # CR1
INDEXES = {"CMDQ_PROD", "CMDQ_CONS", "EVENTQ_PROD", "EVENTQ_CONS"}


def present() -> list[Register]:
    """Registers of this milestone."""
    return [reg for reg in REG if reg.milestone == 1]


def writable(s: Scene) -> dict[str, tuple[int, int | None]]:
    """WRITABLE with address bits as far as the output size (MEM-009)."""
    beyond = (1 << 48) - (1 << s.bench.model_config.oas)
    return {name: (mask & ~beyond if name in ADDRESSES else mask, guard)
            for name, (mask, guard) in WRITABLE.items()}  # fmt: skip


def offsets(reg: Register) -> range:
    """Offsets of the words of a register."""
    return range(reg.offset, reg.offset + reg.width // 8, 4)


async def snapshot(s: Scene) -> dict[str, int]:
    """All registers."""
    return {reg.name: await s.get(reg.name) for reg in present()}


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def reset_values(dut: Any) -> None:
    """REG-001..007, REG-013, REG-028, REG-035, REG-046, INI-004: identity; all else is 0."""
    s = await Scene.start(dut, run=False, cfg=PINS)
    params = s.bench.params
    want = {reg.name: 0 for reg in present()} | CONSTANT
    want["IDR1"] = 0x0C000510 | params["CMDQS"] << 21 | params["EVENTQS"] << 16
    want["IDR5"] = params["STALL_MAX"] << 16 | 0x75
    want |= {"GBPA": 0x00001000, "CR2": 4} | claimed_registers()
    got = await snapshot(s)
    own = {"IIDR", *(f"PIDR{n}" for n in range(8))}
    for name, value in got.items():
        if name not in own:
            assert value == want[name], f"{name} is {value:#x}, not {want[name]:#x}"
    if not claimed_registers():
        _own_identity(got)
    # read-only: ones and noise are ignored
    for reg in present():
        if reg.access == "RO":
            for value in (WORD, s.bench.rng.getrandbits(32), 0):
                await s.put(reg.name, value)
                await s.expect(reg.name, got[reg.name], "after a write")
    assert await snapshot(s) == got
    await s.finish()


def _own_identity(got: dict[str, int]) -> None:
    """Told twice (REG-006, REG-028), of nobody else."""
    assert not got["IIDR"] & 0x80 and got["IIDR"] & 0xFFF != 0x43B
    product, revision = got["IIDR"] >> 20, got["IIDR"] >> 12 & 0xF
    assert got["PIDR0"] | (got["PIDR1"] & 0xF) << 8 == product and got["PIDR3"] >> 4 == revision
    designer = (got["PIDR1"] >> 4, got["PIDR2"] & 7)
    assert designer[0] | designer[1] << 4 == got["IIDR"] & 0x7F and got["PIDR2"] & 8
    # INI-004: v3.1 with no feature of v3.2 that it must not lack, and none of v3.3
    idr0, idr3 = REG["IDR0"].unpack(got["IDR0"]), REG["IDR3"].unpack(got["IDR3"])
    assert (idr0.hyp, idr3.fwb, idr3.e0pd) == (0, 0, 0)


@cocotb.test(timeout_time=40, timeout_unit="ms")
async def every_other_offset(dut: Any) -> None:
    """REG-003, REG-029, REG-030, REG-031: every word outside the map: RAZ/WI, with queues running.

    All 32768 offsets on Verilator, every 16th and all low ones on Icarus.
    """
    s = await Scene.start(dut)
    s.stream(SID)
    await s.faults(2, SID)
    await s.run()
    before = await snapshot(s)
    mapped = {at for reg in present() for at in offsets(reg)}
    tried = 0
    sparse = "icarus" in cocotb.SIM_NAME.lower()
    for offset in range(0, 0x20000, 4):
        if offset in mapped or (sparse and offset & 0xFFFF >= 0x240 and offset & 0x3C):
            continue
        await s.bench.write32(offset, WORD)
        got = await s.bench.read32(offset)
        assert got == 0, f"offset {offset:#x} reads {got:#x}"
        tried += 1
    assert tried > (2000 if sparse else 32_000)
    # aliases of page 1 in page 0, and the other way round (REG-030, REG-031)
    for offset in (0xA8, 0xAC, 0xC8, 0xCC, 0x10020, 0x10064, 0x10098, 0x1009C, 0x100C8, 0x100CC):
        assert offset not in mapped
        for value in (0x3, WORD):
            await s.bench.write32(offset, value)
    assert await snapshot(s) == before
    assert len(await s.prog.events()) == 2 and (await s.read(VA, SID)).ok
    await s.faults(1, SID)
    assert len(await s.prog.events(at_least=1)) == 1
    await s.run()
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def widths_and_strobes(dut: Any) -> None:
    """REG-032, REG-033, REG-034: words, halves in both orders, pairs; parts do nothing."""
    s = await Scene.start(dut, run=False, cfg=PINS)
    axil, rng = s.bench.axil, s.bench.rng
    for name, (mask, _) in writable(s).items():
        reg = REG[name]
        words = [(at, mask >> 8 * (at - reg.offset) & WORD) for at in offsets(reg)]
        state = dict.fromkeys((at for at, _ in words), 0)
        for at, part in (words * 3)[:: rng.choice((1, -1))]:
            value = rng.getrandbits(32)
            await axil.write32(at, value)
            state[at] = value & part
            for other, _ in words:
                assert await axil.read32(other) == state[other], f"{name} at {other:#x}"
        if reg.width == 64:
            value = rng.getrandbits(64)
            await axil.write64(reg.offset, value)
            assert await axil.read64(reg.offset) == value & mask, name
        before = await s.get(name)
        for at in offsets(reg):
            for strobe in range(15):
                await axil.write32(at, WORD ^ before, strobe)
            for low in (1, 2, 3):
                await axil.write32(at + low, WORD ^ before)
                assert await axil.read32(at + low) == 0
        await s.expect(name, before, "after partial writes")
    # REG-034: a 64-bit access over two registers is two accesses, each under its own guard
    await axil.write64(REG["CR1"].offset, 6 << 32 | 0xABC)
    assert await axil.read64(REG["CR1"].offset) == 6 << 32 | 0xABC
    await axil.write64(REG["CMDQ_PROD"].offset, 1 << 32 | 1)
    assert await axil.read64(REG["CMDQ_PROD"].offset) == 1 << 32 | 1
    await axil.write64(REG["CMDQ_PROD"].offset, 0)
    await s.put("CMDQ_BASE", 0)
    await s.put("STRTAB_BASE_CFG", 0)
    await s.prog.start()
    seen = len(s.log)
    s.place(Cmd.sync())
    s.prod = 1
    await axil.write64(REG["CMDQ_PROD"].offset, 0x3F << 32 | 1)
    await s.consumed(1)
    assert s.command_reads(seen)
    cr1 = await s.get("CR1")
    await axil.write64(REG["CR1"].offset, 0)
    assert (await s.get("CR1"), await s.get("CR2")) == (cr1, 6), "guarded both"
    await s.finish()


async def probe(s: Scene, shut: int, where: str) -> None:
    """Each guarded register accepts a write if its guard is not in ``shut``, else ignores it."""
    rng = s.bench.rng
    for name, (mask, guard) in writable(s).items():
        if "IRQ_CFG" in name:
            continue
        reg = REG[name]
        old, value = await s.get(name), rng.getrandbits(reg.width)
        if name == "CR1":
            mask = (0 if shut & SMMUEN else TABLE) | (0 if shut & (CMDQEN | EVENTQEN) else QUEUE)
        elif guard is not None and guard & shut:
            mask = 0
        await s.put(name, value)
        await s.expect(name, old & ~mask | value & mask, where)
        await s.put(name, old)
        if mask:
            await s.expect(name, old, "put back")


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def guards_in_all_four_states(dut: Any) -> None:
    """INI-020, REG-010, REG-011, REG-018..020, REG-023, REG-036, REG-037, INI-010, INI-011.

    Each enable off, pending, on, pending off; a second write to the pending field is ignored,
    other fields are acknowledged meanwhile.
    """
    s = await Scene.start(dut)
    s.stream(SID)
    mem, ptw = s.bench.mems[0], s.bench.ptw
    all_on = SMMUEN | EVENTQEN | CMDQEN
    await s.expect("CR0ACK", all_on)
    await probe(s, all_on, "all on")
    ptw.configure(out_of_order=100)

    async def held(bit: int) -> Any:
        """Something that keeps an update of ``bit`` from ending; a function that lets it end."""
        if bit == SMMUEN:
            mem.filters.append(lambda request: "hold")
            on = await s.get("CR0ACK") & SMMUEN
            txn = s.bench.read(VA if on else PAGE, 8, sid=SID)
            await s.until(lambda: mem.held, "a read downstream")
        else:
            wanted = COMMAND_ID if bit == CMDQEN else EVENT_ID
            ptw.filters.append(lambda r: "hold" if r.id == wanted else None)
            txn = None
            if bit == CMDQEN:
                await s.issue(Cmd.sync())
            else:
                await s.faults(1, SID)
            await s.until(lambda: ptw.held, "an access of the queue")

        async def release() -> None:
            for port in (mem, ptw):
                port.filters.clear()
                port.release_all()
            if txn:
                await s.done(txn)

        return release

    state = all_on
    for bit in (CMDQEN, EVENTQEN, SMMUEN):
        release = await held(bit)
        await s.put("CR0", state & ~bit)
        await s.quiet(100)
        assert await s.get("CR0ACK") & bit, "acknowledged while something is in flight"
        await probe(s, state, f"{bit} going off")
        # the second write to the field is ignored, one to another field is not
        await s.put("CR0", state | 1 << 6)
        await s.quiet(100)
        await s.expect("CR0", state & ~bit | 1 << 6, "REG-036")
        await s.expect("CR0ACK", state | 1 << 6, "REG-037")
        await s.put("CR0", state & ~bit)
        await release()
        state &= ~bit
        await s.prog.until("CR0ACK", 0xFFFFFFFF, state, 2000)
        await s.expect("CR0", state)
        await probe(s, state, f"{bit} off")
    await s.put("CMDQ_CONS", s.prod)
    # SMMUEN coming on, held by a bypassed read
    release = await held(SMMUEN)
    await s.put("CR0", SMMUEN)
    await s.quiet(100)
    await s.expect("CR0ACK", 0)
    await probe(s, SMMUEN, "SMMUEN coming on")
    await s.put("CR0", 0)
    await s.expect("CR0", SMMUEN, "REG-036")
    await release()
    await s.prog.until("CR0ACK", 0xFFFFFFFF, SMMUEN, 2000)
    await probe(s, SMMUEN, "SMMUEN on")
    await s.prog.enable()
    # the queues come on; reserved and absent bits are neither stored nor acknowledged
    await s.put("CR0", WORD)
    await s.prog.until("CR0ACK", WORD, all_on | 7 << 6, 2000)
    await s.expect("CR0", all_on | 7 << 6)
    await s.put("CR0", all_on | 7 << 6)
    await s.quiet(100)
    await s.expect("CR0ACK", all_on | 7 << 6)
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def fields_are_independent(dut: Any) -> None:
    """INI-010, REG-008, REG-009: random CR0 writes: read back at once, acknowledged, no more."""
    s = await Scene.start(dut)
    s.stream(SID)
    implemented = SMMUEN | EVENTQEN | CMDQEN | 7 << 6
    for n in range(40):
        value = s.bench.rng.getrandbits(32) if n else WORD
        value = value & ~SMMUEN | (n & 8 != 8)
        await s.put("CR0", value)
        await s.expect("CR0", value & implemented, "at once")
        await s.prog.until("CR0ACK", WORD, value & implemented, 2000)
        txn = await s.read(VA if value & SMMUEN else PAGE, SID)
        assert txn.ok, f"CR0 {value:#x}"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def indexes_of_the_smmu(dut: Any) -> None:
    """REG-021, REG-022, REG-024, REG-039, QUE-002: written while disabled alone; ERR is kept."""
    s = await Scene.start(dut, cmdq_log2=3, eventq_log2=2)
    s.stream(SID)
    await s.run(Cmd.tlbi_nh_all())
    await s.faults(3, SID)
    await s.run()
    cons, prod = await s.get("CMDQ_CONS"), await s.get("EVENTQ_PROD")
    for value in (0, WORD):
        await s.put("CMDQ_CONS", value)
        await s.expect("CMDQ_CONS", cons, "CMDQEN=1")
        await s.put("EVENTQ_PROD", value)
        await s.expect("EVENTQ_PROD", prod, "EVENTQEN=1")
    # an error first: its reason survives a write of CONS
    bad = await s.issue(Cmd.raw(0xFF))
    await s.fails_at(bad, 1)
    await s.prog.enable(smmuen=1)
    for value in (0, WORD, 0xA5A5_A5A5):
        await s.put("CMDQ_CONS", value)
        await s.expect("CMDQ_CONS", 1 << 24 | value & 0xF, "RD modulo 16, ERR kept")
        await s.put("EVENTQ_PROD", value)
        await s.expect("EVENTQ_PROD", value & 0x8000_0007)
    await s.put("CMDQ_PROD", WORD)
    await s.expect("CMDQ_PROD", 0xFFFFF)
    await s.put("CMDQ_PROD", bad)
    await s.put("CMDQ_CONS", bad)
    await s.put("EVENTQ_PROD", 5)
    await s.put("EVENTQ_CONS", 5)
    await s.acknowledge()
    s.prod = bad
    await s.prog.enable(smmuen=1, cmdqen=1, eventqen=1)
    await s.run(told(MSI))
    await s.expect("CMDQ_CONS", 1 << 24 | s.prod)
    await s.faults(1, SID)
    await s.run()
    await s.expect("EVENTQ_PROD", 6)
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def disabled_at_any_moment(dut: Any) -> None:
    """REG-038, QUE-014, QUE-008: CMDQEN=0 in every phase: reads back, CONS final, resumable.

    Also while a SYNC waits for traffic, and with its MSI outstanding.
    """
    s = await Scene.start(dut, cmdq_log2=4, cfg=BenchConfig(fast_registers=True, latency=12))
    s.stream(SID)
    on = {"smmuen": 1, "eventqen": 1, "cmdqen": 1}
    for wait in range(0, 120, 3):
        s.memory.poke(MSI, bytes(64))
        first = s.prod
        await s.issue(*(told(MSI + 4 * k) if k % 3 == 0 else Cmd.tlbi_nh_all() for k in range(12)))
        await s.bench.cycles(wait + 1)
        await s.prog.enable(smmuen=1, eventqen=1)
        seen, cons = len(s.log), await s.cons()
        await s.quiet(150)
        assert not s.command_reads(seen), "a command read after the ACK"
        assert await s.cons() == cons
        done = (cons - first) & 31
        told_already = [s.memory.peek32(MSI + 4 * k) for k in range(0, 12, 3)]
        assert told_already == [int(k < done) for k in range(0, 12, 3)], f"after {wait} cycles"
        # the rest is rewritten: nothing of what was read ahead may be left
        for k in range(done, 12):
            s.memory.poke(s.slot(s.after(first, k)), told(MSI + 4 * k, 2))
        await s.prog.enable(**on)
        await s.consumed()
        if done < 12:
            await s.until(lambda: s.memory.peek32(MSI + 44) == 2, "the last MSI")
        want = [2 if k >= done else int(k % 3 == 0) for k in range(12)]
        assert [s.memory.peek32(MSI + 4 * k) for k in range(12)] == want
    # a SYNC that waits for traffic, and an MSI without response, hold no ACK for ever
    mem = s.bench.mems[0]
    mem.filters.append(lambda request: "hold")
    txn = s.bench.read(VA, 8, sid=SID)
    await s.until(lambda: mem.held, "a read downstream")
    sync = await s.issue(Cmd.tlbi_nh_all(), told(MSI + 60))
    await s.quiet(300)
    await s.put("CR0", SMMUEN | EVENTQEN)
    await s.quiet(300)
    assert await s.get("CR0ACK") & CMDQEN, "the SYNC is neither consumed nor given back"
    mem.filters.clear()
    mem.release_all()
    await s.prog.until("CR0ACK", WORD, SMMUEN | EVENTQEN)
    assert (await s.done(txn)).ok
    assert await s.cons() in (s.after(sync), s.after(sync, 2))
    await s.prog.enable(**on)
    await s.consumed()
    await s.until(lambda: s.memory.peek32(MSI + 60) == 1, "the MSI")
    held: list[Any] = []
    s.bench.ptw.filters.append(
        lambda r: held.append(r) or "hold" if r.is_write and r.id != EVENT_ID else None
    )
    await s.issue(told(MSI))
    await s.until(lambda: held, "the MSI")
    await s.consumed()
    assert await s.prog.enable(2000, smmuen=1, eventqen=1) < 2000
    held[0].answer()
    s.bench.ptw.filters.clear()
    await s.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def accesses_are_served_in_turn(dut: Any) -> None:
    """Bench: a task that reads without a pause keeps no other one from the registers."""
    s = await Scene.start(dut)
    counts = {"AIDR": 0, "IDR4": 0}

    async def reader(name: str) -> None:
        while max(counts.values()) < 20:
            await s.prog.read(name)
            counts[name] += 1

    tasks = [cocotb.start_soon(reader(name)) for name in counts]
    for task in tasks:
        await task
    assert min(counts.values()) >= 19, counts
    await s.finish()
