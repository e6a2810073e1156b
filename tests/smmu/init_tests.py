# SPDX-License-Identifier: Apache-2.0
"""Reset and bring-up of the whole SMMU (INI-001..003, INI-012, INI-018..020)."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.env.smmu_bench import BenchConfig
from tb.models.fields import REG, Cmd
from tb.models.vmsa import PageTable
from tests.smmu.enable_scene import ABORT, ON, OTHER, QUEUES, SHCFG_IN, SID, THIRD, WORD, gbpa
from tests.smmu.queue_scene import HOLE, MSI, PAGE, PAGE_B, STEP, VA, Scene, told


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
