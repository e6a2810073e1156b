# SPDX-License-Identifier: Apache-2.0
"""SMMUEN of the whole SMMU, on and off: traffic in one world, caches kept (INI-011..017)."""

from __future__ import annotations

from itertools import product
from typing import Any

import cocotb

from tb.bfm.axi_mem import MemRequest
from tb.bfm.burst import AxiTxn
from tb.bfm.dvm import sync as dvm_sync
from tb.bfm.dvm import tlbi as dvm_tlbi
from tb.models.fields import REG, Cmd
from tests.smmu.enable_scene import ON, OTHER, QUEUES, SID, THIRD, Flood
from tests.smmu.queue_scene import COMMAND_ID, MSI, PAGE, PAGE_B, STEP, VA, Scene, told


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def enabled_and_disabled_under_traffic(dut: Any) -> None:
    """INI-012, INI-013, INI-014: after each ACK one world alone; no read of tables after 1 -> 0.

    Walks are long and nested when SMMUEN goes to 0; every burst is answered once, in one world.
    """
    s = await Scene.start(dut, run=True)
    s.memory.poke(VA, b"bypassed")
    s.memory.poke(PAGE, b"paged in")
    nested = s.prog.stream(OTHER, s2=True, s2vmid=3)
    nested.lend(PAGE, 64 * STEP)
    space = nested.space(asid=4)
    space.map(VA, nested.ipa(PAGE), STEP)
    s.stream(SID, asid=2)
    await s.prog.enable(**QUEUES)
    ended: list[tuple[bytes, int]] = []

    def judge(txn: AxiTxn, posted: int) -> None:
        assert txn.ok and txn.data in (b"bypassed", b"paged in"), txn
        ended.append((txn.data, posted))

    flood = Flood(s, VA, judge, sid=SID)
    other = Flood(s, VA, judge, sid=OTHER)
    for n in range(12):
        s.bench.ptw.configure(latency=(4, 60, 250)[n % 3])
        await s.run(Cmd.tlbi_nsnh_all(), Cmd.cfgi_all())
        await s.bench.cycles(s.bench.rng.randrange(300))
        await s.prog.enable(**ON, limit=60_000)
        since = s.bench.cycle
        await s.until(
            lambda t=since: any(posted > t for _, posted in ended), "reads of the new world"
        )
        await s.bench.cycles(300)
        late = {data for data, posted in ended if posted > since}
        assert late == {b"paged in"}, f"lap {n}: {late} after SMMUEN=1"
        await s.run(Cmd.tlbi_nsnh_all(), Cmd.cfgi_all())
        await s.bench.cycles(s.bench.rng.randrange(200))
        await s.prog.enable(**QUEUES, limit=60_000)
        since, seen = s.bench.cycle, len(s.log)
        ended.clear()
        await s.bench.cycles(600)
        late = {data for data, posted in ended if posted > since}
        assert late == {b"bypassed"}, f"lap {n}: {late} after SMMUEN=0"
        assert not s.walk_reads(seen), f"lap {n}: tables are read after the ACK"
    await flood.end()
    await other.end()
    assert not await s.prog.events()
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def ack_waits_for_reads(dut: Any) -> None:
    """INI-013, INI-011: SMMUEN=0 with a nested walk without a response: no ACK before it."""
    s = await Scene.start(dut)
    nested = s.prog.stream(OTHER, s2=True, s2vmid=3)
    nested.lend(PAGE, 512 * STEP)
    space = nested.space(asid=4)
    frames = {PAGE: b"paged in", PAGE_B: b"moved on"}
    for frame, data in frames.items():
        s.memory.poke(frame, data)
    count = 0
    for which in range(40):
        frame, other = (PAGE, PAGE_B) if which % 2 else (PAGE_B, PAGE)
        space.map(VA, nested.ipa(frame), STEP)
        await s.run(Cmd.tlbi_nsnh_all(), Cmd.cfgi_all())
        reads: list[MemRequest] = []

        def hold_one(request: MemRequest, k: int = which, seen: Any = reads) -> str | None:
            if request.is_write or request.id >= COMMAND_ID:
                return None
            seen.append(request)
            return "hold" if len(seen) == k + 1 else None

        s.bench.ptw.filters.append(hold_one)
        txn = s.bench.read(VA, 8, sid=OTHER)
        await s.bench.cycles(400)
        if not s.bench.ptw.held:
            assert (await s.done(txn)).ok
            break
        count += 1
        await s.put("CR0", REG["CR0"].value(**QUEUES))
        await s.quiet(150)
        assert await s.get("CR0ACK") & 1, f"acknowledged before read {which}"
        await s.put("CR0", REG["CR0"].value(**ON))  # INI-011: ignored
        await s.expect("CR0", REG["CR0"].value(**QUEUES))
        s.bench.ptw.release_all()
        await s.prog.until("CR0ACK", 1, 0)
        await s.done(txn)
        assert txn.ok and txn.data == frames[frame], f"not finished in the old world: {txn}"
        s.bench.ptw.filters.clear()
        await s.run(Cmd.tlbi_nsnh_all(), Cmd.cfgi_all())
        seen = len(s.log)
        await s.quiet(100)
        assert not s.walk_reads(seen)
        space.map(VA, nested.ipa(other), STEP)
        await s.prog.enable(**ON)
        txn = await s.read(VA, OTHER)
        assert txn.data == frames[other], "an entry was inserted after the ACK"
    assert count > 5, "hardly any read was held"
    s.bench.ptw.filters.clear()
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def one_world_at_every_offset(dut: Any) -> None:
    """INI-014: SMMUEN toggles at every cycle around a read and a write of four beats."""
    s = await Scene.start(dut)
    s.stream(SID, asid=2)
    lanes = s.bench.masters[0].lanes
    worlds = {"bypass": 0, "paged": 0}
    for on, offset in product((True, False), range(0, 48)):
        await s.prog.enable(**(QUEUES if on else ON))
        s.memory.poke(VA, b"bypassed" + bytes(4 * lanes))
        s.memory.poke(PAGE, b"paged in" + bytes(4 * lanes))
        payload = bytes([0x80 | offset]) * (4 * lanes)
        read = s.bench.read(VA, 8, sid=SID, id=1, delay=offset)
        write = s.bench.write(VA + 0x40, payload, sid=SID, id=2, delay=offset, w_delay=offset)
        await s.put("CR0", REG["CR0"].value(**(ON if on else QUEUES)))
        await s.prog.until("CR0ACK", 1, int(on))
        for txn in (read, write):
            assert (await s.done(txn)).ok
        assert read.data in (b"bypassed", b"paged in")
        at = [s.memory.peek(base + 0x40, 4 * lanes) for base in (VA, PAGE)]
        assert sorted(at) == sorted([payload, at[1 - at.index(payload)]]), "split between worlds"
        assert at.count(payload) == 1, f"offset {offset}: written in {at.count(payload)} worlds"
        worlds["bypass" if read.data == b"bypassed" else "paged"] += 1
        for base in (VA, PAGE):
            s.memory.poke(base + 0x40, bytes(4 * lanes))
    assert min(worlds.values()) > 10, worlds
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def caches_while_off(dut: Any) -> None:
    """INI-015, INI-016, INI-017, CMD-002: kept over 1 -> 0 -> 1, filled by nothing, invalidated."""
    s = await Scene.start(dut, regs={"CR2": {"recinvsid": 1, "ptm": 0}})
    two = s.two_faced(SID)
    space = s.stream(OTHER, asid=5)
    s.memory.poke(PAGE + 0x800, b"old page")
    s.memory.poke(PAGE_B + 0x800, b"new page")

    async def page() -> bytes:
        return (await s.read(VA + 0x800, OTHER)).data

    assert await two.face() == "A" and await page() == b"old page"
    misses = s.bench.misses(), s.bench.misses("cfg_miss")
    await s.prog.enable(**QUEUES)
    space.map(VA, PAGE_B, STEP)
    two.by_ste("B")
    seen = len(s.log)
    for sid in (SID, OTHER, THIRD):
        assert (await s.read(PAGE, sid)).ok
    await s.run(Cmd.prefetch_config(sid=SID))
    assert not s.walk_reads(seen), "a structure was read with SMMUEN=0"
    await s.prog.enable(**ON)
    assert await page() == b"old page" and await two.face() == "A", "INI-016: kept"
    assert (s.bench.misses(), s.bench.misses("cfg_miss")) == misses
    # maintenance with SMMUEN=0: by command, and by DVM
    await s.prog.enable(**QUEUES)
    await s.run(Cmd.cfgi_ste(sid=SID, leaf=1), Cmd.tlbi_nh_asid(asid=5))
    await s.prog.enable(**ON)
    assert await page() == b"new page" and await two.face() == "B"
    await s.prog.enable(**QUEUES)
    space.map(VA, PAGE, STEP)
    done = s.bench.ptw.dvm_completes
    await s.bench.dvm.send(dvm_tlbi(vmid=0, asid=5))
    s.bench.dvm.post(dvm_sync())
    await s.until(lambda: s.bench.ptw.dvm_completes > done, "DVM Complete")
    await s.prog.enable(**ON)
    assert await page() == b"old page", "DVM with SMMUEN=0 had no effect"
    # INI-017: commands, errors, events, interrupts
    await s.prog.enable(**QUEUES)
    await s.run(told(MSI, 0xABCD))
    await s.until(lambda: s.memory.peek32(MSI) == 0xABCD, "the MSI")
    bad = await s.issue(Cmd.raw(0xFF))
    await s.fails_at(bad, 1)
    await s.repair(bad)
    await s.consumed()
    irqs = s.bench.irqs["evtq"]
    assert not (await s.done(s.bench.read(VA + STEP - 8, 16, sid=SID))).ok
    (record,) = await s.prog.events(at_least=1)
    assert record.type == 0x01 and s.bench.irqs["evtq"] == irqs + 1
    await s.finish()
