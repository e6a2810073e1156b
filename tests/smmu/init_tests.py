# SPDX-License-Identifier: Apache-2.0
"""Reset, bring-up, bypass and SMMUEN of the whole SMMU (INI-001..019, REG-013, REG-040)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import cocotb

from tb.bfm.axi_mem import MemRequest
from tb.bfm.burst import AxiTxn
from tb.bfm.dvm import sync as dvm_sync
from tb.bfm.dvm import tlbi as dvm_tlbi
from tb.env.smmu_bench import BenchConfig
from tb.models.fields import REG, Cmd
from tb.models.smmu_ref import SmmuRef, Transaction
from tb.models.vmsa import PageTable
from tests.smmu.queue_scene import COMMAND_ID, HOLE, MSI, PAGE, PAGE_B, STEP, VA, Scene, told

SID, OTHER, THIRD = 0x21, 0x22, 0x23
UPDATE, ABORT, SHCFG_IN = 1 << 31, 1 << 20, 1 << 12
WORD = 0xFFFFFFFF
ON = {"smmuen": 1, "cmdqen": 1, "eventqen": 1}
QUEUES = {"cmdqen": 1, "eventqen": 1}


async def gbpa(s: Scene, value: int) -> None:
    """One update of GBPA, waited for."""
    await s.put("GBPA", UPDATE | value)
    await s.prog.until("GBPA", UPDATE, 0)


class Downstream:
    """What left on m_axi of TBU 0."""

    def __init__(self, s: Scene) -> None:
        self.bursts: list[AxiTxn] = []
        s.bench.monitor(
            s.bench.memory_probes[0], "tbu0_m_axi", lambda txn: None,
            on_address=self.bursts.append,
        )  # fmt: skip

    def take(self) -> list[AxiTxn]:
        """All since the last call."""
        taken, self.bursts[:] = list(self.bursts), []
        return taken


class Flood:
    """Continuous reads of one address on several IDs, each judged when it ends."""

    def __init__(self, s: Scene, addr: int, judge: Callable[[AxiTxn, int], None], **side: Any):
        self.s, self.addr, self.judge, self.side = s, addr, judge, side
        self.stop, self.count = False, 0
        self.task = cocotb.start_soon(self._run())

    async def _run(self) -> None:
        while not self.stop:
            posted = self.s.bench.cycle
            txns = [self.s.bench.read(self.addr, 8, id=k, **self.side) for k in range(4)]
            for txn in txns:
                await self.s.done(txn)
                self.judge(txn, posted)
                self.count += 1

    async def end(self) -> None:
        """No more; the last ones have been judged."""
        self.stop = True
        await self.task
        assert self.count > 20, "hardly any traffic"


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def reset_in_mid_traffic(dut: Any) -> None:
    """INI-001, INI-002, INI-003: idle ports, reset values, empty caches; bypass at once."""
    s = await Scene.start(dut, run=False)
    s.memory.poke(PAGE, b"bypass 0")
    assert (await s.read(PAGE, SID)).data == b"bypass 0", "traffic before any register write"
    await s.expect("GBPA", SHCFG_IN)
    for lap in range(3):
        await s.prog.start()
        two = s.two_faced(SID)
        space = s.stream(OTHER, asid=5)
        assert await two.face() == "A"
        s.memory.poke(PAGE, b"old page")
        assert (await s.read(VA, OTHER)).data == b"old page"
        s.bench.ptw.configure(latency=40, write_latency=40)
        for k in range(4):
            s.bench.read(HOLE + k * STEP, 8, sid=OTHER, id=k)
            s.bench.write(VA + 8 * k, bytes(8), sid=SID, id=k)
        await s.issue(*[Cmd.tlbi_s2_ipa(addr=0)] * 8, told(MSI), Cmd.raw(0xFF))
        await s.bench.cycles(20 + 37 * lap)
        await s.bench.reset()
        irqs, seen = s.bench.irqs.all(), len(s.log)
        down = [mem.reads + mem.writes for mem in s.bench.mems]
        for reg in (r for r in REG if r.milestone == 1):
            want = {"GBPA": SHCFG_IN, "CR2": 4}.get(reg.name, 0)
            if reg.name not in ("IIDR",) and not reg.name.startswith(
                ("IDR", "AIDR", "PIDR", "CIDR")
            ):
                await s.expect(reg.name, want, f"lap {lap}")
        await s.quiet()
        assert s.bench.irqs.all() == irqs and len(s.log) == seen, "something left after the reset"
        assert [mem.reads + mem.writes for mem in s.bench.mems] == down
        # changed without any invalidation, then enabled
        two.by_ste("B")
        s.memory.poke(PAGE_B, b"B" * 8)
        space.map(VA, PAGE_B, STEP)
        s.bench.ptw.configure(latency=4, write_latency=4)
        await s.prog.start()
        assert await two.face() == "B", "configuration kept over reset"
        assert (await s.read(VA, OTHER)).data == b"B" * 8, "translation kept over reset"
        await s.bench.reset()
    s.memory.poke(PAGE, b"bypass 1")
    assert (await s.read(PAGE, SID)).data == b"bypass 1"
    s.bench.check()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def bypass_attributes(dut: Any) -> None:
    """INI-005, REG-014: every override of GBPA, SSV 0 and 1, both directions, as the model.

    The address passes unchanged and nothing is read for it, whatever AGBPA was told.
    """
    s = await Scene.start(dut, run=False)
    model = SmmuRef(s.memory, s.bench.model_config)
    down, rng = Downstream(s), s.bench.rng
    await s.put("AGBPA", WORD)
    fields = {"memattr": 4, "mtcfg": 1, "alloccfg": 4, "shcfg": 2, "privcfg": 2, "instcfg": 2}
    sweep = [(name, value) for name, width in fields.items() for value in range(1 << width)]
    for name, value in sweep * 2:
        chosen = {n: rng.getrandbits(w) for n, w in fields.items()} | {name: value}
        if name == "memattr":
            chosen["mtcfg"] = 1
        await gbpa(s, image := REG["GBPA"].value(**chosen))
        model.write32(REG["GBPA"].offset, UPDATE | image)
        for write, ssid in product((False, True), (None, 0x12345)):
            side = {"cache": rng.choice((0, 1, 2, 3, 6, 7, 10, 11, 14, 15)),
                    "domain": rng.randrange(3), "priv": bool(rng.getrandbits(1)),
                    "inst": bool(rng.getrandbits(1))}  # fmt: skip
            if side["cache"] < 4:
                side["domain"] = 3
            addr = PAGE + 8 * rng.randrange(512)
            txn = Transaction(sid=SID, ssid=ssid, addr=addr, rnw=not write, length=8, **side)
            want = model.predict(txn)
            if write:
                got = s.bench.write(addr, bytes(8), sid=SID, ssid=ssid, **side)
            else:
                got = s.bench.read(addr, 8, sid=SID, ssid=ssid, **side)
            assert (await s.done(got)).ok
            (burst,) = down.take()
            attrs = (burst.ax["cache"], burst.ax["domain"], burst.ax["prot"])
            expected = (want.attrs.cache, want.attrs.domain, want.attrs.prot)
            assert burst.addr == addr == want.pa
            assert attrs == expected, f"GBPA {chosen}, {txn}: {attrs}, not {expected}"
    assert not s.log, "the walk port was used"
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def bypass_and_abort(dut: Any) -> None:
    """INI-006, INI-007, INI-009, REG-040: ABORT, addresses beyond OAS; no event; Update rules."""
    s = await Scene.start(dut, run=False)
    lay = s.prog.layout
    await s.prog.write("CMDQ_BASE", addr=lay.cmdq, log2size=lay.cmdq_log2)
    await s.prog.write("EVENTQ_BASE", addr=lay.eventq, log2size=lay.eventq_log2)
    await s.prog.enable(**QUEUES)
    rng = s.bench.rng
    top = 1 << s.bench.model_config.oas
    for addr, good in ((top - 8, True), (top, False), (0xFF << 56, False)):
        assert (await s.read(addr, SID)).ok == good, hex(addr)
        assert (await s.done(s.bench.write(addr, bytes(8), sid=SID))).ok == good, hex(addr)
    await gbpa(s, ABORT | SHCFG_IN)
    down = s.bench.mems[0].reads
    for _ in range(40):
        sid, addr = rng.getrandbits(16), rng.getrandbits(47) & ~7
        ssid = rng.choice((None, rng.getrandbits(20)))
        tbu = rng.randrange(s.bench.tbus)
        if rng.getrandbits(1):
            txn = s.bench.read(addr, 8, sid=sid, ssid=ssid, tbu=tbu)
        else:
            txn = s.bench.write(addr, bytes(8), sid=sid, ssid=ssid, tbu=tbu)
        assert not (await s.done(txn)).ok
    assert s.bench.mems[0].reads == down
    await s.run()
    await s.expect("EVENTQ_PROD", 0, "INI-006")
    # without Update, and while one is open
    await s.put("GBPA", SHCFG_IN)
    await s.expect("GBPA", ABORT | SHCFG_IN, "a write without Update")
    assert not (await s.read(PAGE, SID)).ok
    await gbpa(s, SHCFG_IN)
    mem = s.bench.mems[0]
    mem.filters.append(lambda request: "hold")
    old = s.bench.read(PAGE, 8, sid=SID)
    await s.until(lambda: mem.held, "a read under the old value")
    await s.put("GBPA", UPDATE | ABORT | SHCFG_IN)
    await s.expect("GBPA", UPDATE | ABORT | SHCFG_IN, "at once")
    for value in (UPDATE | SHCFG_IN, SHCFG_IN, WORD):
        await s.put("GBPA", value)
        await s.quiet(50)
        await s.expect("GBPA", UPDATE | ABORT | SHCFG_IN, "Update is open")
    mem.filters.clear()
    mem.release_all()
    await s.prog.until("GBPA", UPDATE, 0)
    await s.expect("GBPA", ABORT | SHCFG_IN)
    assert (await s.done(old)).ok and not (await s.read(PAGE, SID)).ok
    await s.expect("EVENTQ_PROD", 0)
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def gbpa_under_traffic(dut: Any) -> None:
    """INI-008, REG-040: wholly old or wholly new; after Update=0 new alone."""
    s = await Scene.start(dut, run=False)
    down = Downstream(s)
    s.memory.poke(PAGE, b"\x5a" * 8)
    images = [
        REG["GBPA"].value(shcfg=1, privcfg=2, instcfg=2, mtcfg=1, memattr=0b0101),
        REG["GBPA"].value(shcfg=2, privcfg=3, instcfg=3, mtcfg=1, memattr=0b1111),
        ABORT | SHCFG_IN,
    ]
    pure: dict[int, tuple[int, ...] | None] = {}
    for value in images:
        await gbpa(s, value)
        down.take()
        txn = await s.read(PAGE, SID)
        bursts = down.take()
        pure[value] = (
            tuple(bursts[0].ax[n] for n in ("cache", "domain", "prot")) if bursts else None
        )
        assert txn.ok == (value != images[2]) == bool(bursts)
    assert all(a != b for a, b in zip(pure[images[0]], pure[images[1]], strict=True)), pure
    allowed, since = set(images), 0
    ended: list[tuple[bool, int]] = []
    flood = Flood(s, PAGE, lambda txn, posted: ended.append((txn.ok, posted)), sid=SID)
    for n in range(24):
        value = images[n % 3]
        allowed.add(value)
        await s.bench.cycles(s.bench.rng.randrange(80))
        await gbpa(s, value)
        since = s.bench.cycle
        seen = {tuple(b.ax[n] for n in ("cache", "domain", "prot")) for b in down.take()}
        assert seen <= {pure[v] for v in allowed}, f"mixed attributes: {seen}"
        allowed = {value}
        await s.bench.cycles(60)
        late = [ok for ok, posted in ended if posted > since]
        assert late and all(ok == (pure[value] is not None) for ok in late), f"step {n}"
        ended.clear()
    await flood.end()
    await s.finish()


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


class Driver:
    """Bring-up in a given order, from any state, with nothing assumed (INI-018)."""

    def __init__(self, s: Scene) -> None:
        self.s = s

    async def disable(self) -> None:
        """Earlier software may have left everything on."""
        await gbpa(self.s, ABORT | SHCFG_IN)
        await self.s.prog.enable()

    async def tables(self) -> None:
        s, lay = self.s, self.s.prog.layout
        await s.put("CR1", 0xD75)
        await s.prog.write("CR2", recinvsid=1, ptm=1)
        await s.prog.write("STRTAB_BASE", addr=lay.strtab, ra=1)
        await s.prog.write("STRTAB_BASE_CFG", log2size=lay.sid_log2)

    async def command_queue(self) -> None:
        s, lay = self.s, self.s.prog.layout
        await s.prog.write("CMDQ_BASE", addr=lay.cmdq, log2size=lay.cmdq_log2, ra=1)
        await s.put("CMDQ_PROD", 0)
        await s.put("CMDQ_CONS", 0)
        s.prod = 0

    async def event_queue(self) -> None:
        s, lay = self.s, self.s.prog.layout
        await s.prog.write("EVENTQ_BASE", addr=lay.eventq, log2size=lay.eventq_log2, wa=1)
        await s.put("EVENTQ_PROD", 0)
        await s.put("EVENTQ_CONS", 0)

    async def clean(self) -> None:
        await self.s.run(Cmd.cfgi_all())
        await self.s.run(Cmd.tlbi_nsnh_all())

    async def interrupts(self) -> None:
        s = self.s
        await s.put("IRQ_CTRL", 0)
        await s.prog.until("IRQ_CTRLACK", WORD, 0)
        for name in ("GERROR", "EVENTQ"):
            await s.put(f"{name}_IRQ_CFG0", 0)
        await s.put("IRQ_CTRL", 5)
        await s.prog.until("IRQ_CTRLACK", WORD, 5)

    async def linux(self) -> None:
        """arm_smmu_device_reset."""
        await self.disable()
        await self.tables()
        await self.command_queue()
        await self.s.prog.enable(cmdqen=1)
        await self.clean()
        await self.event_queue()
        await self.s.prog.enable(**QUEUES)
        await self.interrupts()
        await self.s.prog.enable(**ON)

    async def manual(self) -> None:
        """The order of IHI 0070 3.11: both queues before the invalidations."""
        await self.disable()
        await self.interrupts()
        await self.command_queue()
        await self.event_queue()
        await self.tables()
        await self.s.prog.enable(**QUEUES)
        await self.clean()
        await self.s.prog.enable(**ON)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def bring_up_orders(dut: Any) -> None:
    """INI-018, INI-012: Linux's order and that of the manual, from reset and from a running SMMU.

    No error, all ACKs, then 1000 random translations.
    """
    s = await Scene.start(dut, run=False)
    driver, rng = Driver(s), s.bench.rng
    pages, frames = 32, [PAGE + STEP * k for k in range(32)]
    for frame in frames:
        s.memory.poke64(frame, frame)
    for n, order in enumerate((driver.linux, driver.manual, driver.linux, driver.manual)):
        await order()
        where: dict[tuple[int, int], int] = {}
        spaces: dict[int, PageTable] = {}
        for sid, s2 in ((SID, False), (OTHER, True)):
            stream = s.prog.stream(sid, s2=s2, s2vmid=n)
            stream.lend(PAGE, pages * STEP)
            spaces[sid] = stream.space(asid=n)
            for page in range(pages):
                where[sid, page] = frame = rng.choice(frames)
                spaces[sid].map(VA + page * STEP, stream.ipa(frame), STEP)
        await s.run(Cmd.cfgi_all())
        for _ in range(25):
            batch = [(rng.choice((SID, OTHER)), rng.randrange(pages)) for _ in range(10)]
            txns = [s.bench.read(VA + page * STEP, 8, sid=sid, id=k % 4)
                    for k, (sid, page) in enumerate(batch)]  # fmt: skip
            for key, txn in zip(batch, txns, strict=True):
                assert (await s.done(txn)).ok, f"order {n}: {txn}"
                assert int.from_bytes(txn.data, "little") == where[key], f"order {n}: {key}"
        assert not await s.active() and not await s.prog.events()
        if n == 1:
            # the SMMU has no Hyp: a command of its order that Linux leaves out is illegal
            bad = await s.issue(Cmd.tlbi_el2_all())
            await s.fails_at(bad, 1)
            await s.repair(bad)
            await s.consumed()
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def all_caches_emptied(dut: Any) -> None:
    """INI-019: CFGI_ALL, TLBI_NSNH_ALL, SYNC: no cached state of any kind is used afterwards."""
    s = await Scene.start(dut)
    kinds = {SID: (True, False), OTHER: (True, True), THIRD: (False, True)}
    frames = {"old": PAGE, "new": PAGE_B}
    for face, frame in frames.items():
        for k in range(8):
            s.memory.poke(frame + k * STEP, face.encode().ljust(8))

    def build(face: str) -> None:
        """All structures and tables afresh, in other memory than before."""
        for sid, (s1, s2) in kinds.items():
            stream = s.prog.stream(sid, s1=s1, s2=s2, cdmax=1 if s1 else 0, s2vmid=sid)
            if s2:
                stream.lend(frames[face], 8 * STEP)
            if s1:
                for ssid in (0, 1):
                    space = stream.space(ssid, asid=sid)
                    space.map(VA, stream.ipa(frames[face]), 8 * STEP)
            else:
                stream.stage2.map(VA, frames[face], 8 * STEP)

    async def uses(face: str) -> bool:
        answers = set()
        for sid, (s1, _) in kinds.items():
            for k in range(8):
                txn = await s.read(VA + k * STEP, sid, 1 if s1 else None)
                answers.add(txn.data.strip() if txn.ok else b"fault")
        return answers == {face.encode()}

    build("old")
    assert await uses("old")
    build("new")
    assert await uses("old"), "hardly anything was cached: the test shows nothing"
    await s.run(Cmd.cfgi_all(), Cmd.tlbi_nsnh_all())
    assert await uses("new")
    assert not await s.prog.events()
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def cr2_in_force(dut: Any) -> None:
    """INI-012, INI-020: CR2 and STRTAB written while off are used from the ACK on."""
    s = await Scene.start(dut, cfg=BenchConfig(fast_registers=True))
    moved = 0x4060_0000
    for recinvsid in (0, 1, 0):
        await s.prog.enable(**QUEUES)
        await s.prog.write("CR2", recinvsid=recinvsid, ptm=1)
        s.stream(SID)
        ste = s.memory.peek(s.prog.layout.strtab + 64 * SID, 64)
        s.memory.poke(s.prog.layout.strtab + 64 * SID, bytes(64))
        moved += 0x1_0000
        s.memory.poke(moved + 64 * SID, ste)
        await s.prog.write("STRTAB_BASE", addr=moved)
        await s.prog.enable(**ON)
        await s.run(Cmd.cfgi_all())
        assert not (await s.read(VA, 0x200)).ok
        await s.run()
        assert len(await s.prog.events()) == recinvsid
        assert (await s.read(VA, SID)).ok
    await s.finish()
