# SPDX-License-Identifier: Apache-2.0
"""The environment itself: passive beside a plain bench, overrides, drain, what it must notice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import cocotb
import pyuvm
from pyuvm import uvm_factory

from tb.agents.agent import UVM_PASSIVE
from tb.agents.axi_device import (
    AxiDeviceBurst,
    AxiDeviceDriver,
    AxiDeviceItem,
    AxiDeviceMonitor,
)
from tb.agents.axi_memory import AxiMemoryItem, AxiMemoryMonitor
from tb.agents.dvm import DvmItem
from tb.bfm.dvm import sync, tlbi
from tb.env.passive import PassiveWatch
from tb.env.program import SmmuProgram
from tb.env.smmu_bench import BenchConfig, SmmuBench
from tb.env.smmu_cfg import SmmuEnvCfg
from tb.env.smmu_test import SmmuTest
from tb.models.fields import Cmd
from tb.sequences.bringup import BringUp
from tb.sequences.dma import DmaMix
from tb.sequences.reg_model import RegResetSequence
from tb.sequences.registers import ItemSequence
from tb.sequences.tables import BuildTables
from tb.sequences.traffic import Target

SID, STALL_SID = 0x05, 0x16
VA, DATA, PAGE = 0x40_0000, 0x4800_0000, 0x1000
BYPASS = Target(SID, None, DATA, 0x4000)


# ---- passive ---------------------------------------------------------------------------------
async def plain_bench(bench: SmmuBench) -> None:
    """A test without UVM: translations, faults, a stall resumed, a DVM message."""
    prog = SmmuProgram(bench, bench.memory)
    space = prog.stream(SID).space(asid=3)
    space.map(VA, DATA, 4 * PAGE)
    stalling = prog.stream(STALL_SID).space(s=1)
    await prog.start()
    for k in range(6):
        txn = bench.read(VA + k * PAGE, 64, sid=SID, id=k)
        await txn
        assert txn.ok == (k < 4)
    stalled = bench.write(VA, b"waits for its page", sid=STALL_SID)
    while not (records := [r for r in await prog.events() if r.get("stall")]):
        await bench.cycles(20)
    stalling.map(VA, DATA, PAGE)
    await prog.command(Cmd.resume(sid=STALL_SID, stag=records[0].stag, ac=1, ab=0))
    assert (await stalled).ok
    await bench.dvm.send(tlbi(vmid=0, asid=3))


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def passive_environment_watches(dut: Any) -> None:
    """Monitors and scoreboard follow a bench somebody else drives; nothing of the env drives."""
    bench = await SmmuBench.start(dut, BenchConfig(seed=cocotb.RANDOM_SEED & 0x7FFFFFFF))
    watch = await PassiveWatch.start(bench)
    env = watch.env
    agents = [env.regs, env.dvm, env.walk, env.irqs, *env.devices, *env.memories]
    assert all(a.get_is_active() == UVM_PASSIVE and a.sequencer is None for a in agents)
    heard: list[Any] = []
    env.dvm.monitor.ap.connect(_Heard(heard).analysis_export)
    await plain_bench(bench)
    await watch.finish()
    compared = env.scoreboard.checked
    assert compared["OK"] == 5 and compared["event"] == 2 and compared["stall record"] == 1
    assert env.scoreboard.stalls.ends == {"retry": 1}
    assert len(heard) == 1 and env.irqs.monitor.counts["evtq"]


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def passive_environment_judges(dut: Any) -> None:
    """A table change without an invalidation, said to be settled: the scoreboard differs."""
    bench = await SmmuBench.start(dut)
    watch = await PassiveWatch.start(bench)
    await plain_bench(bench)
    # what the scoreboard is told is settled is not: the SMMU still holds the old page
    bench.memory.poke(0x4010_0000 + 64 * SID, bytes(64))
    watch.env.scoreboard.settle(bench.cycle + 1)
    await bench.cycles(2)
    await bench.read(VA, 64, sid=SID)
    try:
        await watch.finish()
    except AssertionError as error:
        text = str(error)
        assert "1 mismatches, first: tbu0 read sid=0x5" in text and "\n" not in text, text
    else:
        raise AssertionError("a wrong prediction went unnoticed")


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def broken_scoreboard_is_one_line(dut: Any) -> None:
    """A model wrong by one page: one line with the count, the first burst and the reason."""
    bench = await SmmuBench.start(dut)
    watch = await PassiveWatch.start(bench)
    watch.env.cfg.scoreboard.distort = lambda outcome: replace(outcome, pa=outcome.pa ^ PAGE)
    for k in range(3):
        await bench.read(DATA + 64 * k, 16, sid=SID)
    try:
        await watch.finish()
    except AssertionError as error:
        line = str(error)
    else:
        raise AssertionError("a wrong prediction went unnoticed")
    assert line.startswith("3 mismatches, first: tbu0 read sid=0x5 0x48000000") and "\n" not in line
    assert "pa 0x48000000 not 0x48001000" in line, line


class _Heard(pyuvm.uvm_subscriber):
    """Keeps what a monitor publishes; made outside of the tree."""

    def __init__(self, items: list[Any]) -> None:
        super().__init__("heard", pyuvm.uvm_root())
        self.items = items

    def write(self, item: Any) -> None:
        """Keep an item."""
        self.items.append(item)


# ---- factory ---------------------------------------------------------------------------------
class PrivilegedItem(AxiDeviceItem):
    """A burst that is privileged whatever the sequence says."""

    def set(self, **fields: Any) -> None:
        super().set(**fields | {"priv": True})


class CountingDriver(AxiDeviceDriver):
    """Counts the items of all its instances."""

    items: ClassVar[int] = 0

    async def drive(self, bench: SmmuBench, item: AxiDeviceItem) -> None:
        type(self).items += 1
        await super().drive(bench, item)


@pyuvm.test(timeout_time=2, timeout_unit="ms")
class FactoryOverrides(SmmuTest):
    """An item overridden by type and a driver by instance; no sequence and no agent changes."""

    def build_phase(self) -> None:
        uvm_factory().set_type_override_by_type(AxiDeviceItem, PrivilegedItem)
        path = f"{self.get_full_name()}.env.device0.driver"
        uvm_factory().set_inst_override_by_type(AxiDeviceDriver, CountingDriver, path)
        super().build_phase()

    async def scenario(self) -> None:
        CountingDriver.items = 0
        seen: list[AxiDeviceBurst] = []
        self.env.devices[0].monitor.ap.connect(_Heard(seen).analysis_export)
        await self.drive([BYPASS], 6, privileged=False)
        kinds = [type(device.driver) for device in self.env.devices]
        assert kinds[0] is CountingDriver and CountingDriver not in kinds[1:]
        assert CountingDriver.items == len(seen) == 6
        assert all(burst.txn.ax["prot"] & 1 for burst in seen), "an item was not overridden"


# ---- every agent drives ----------------------------------------------------------------------
@pyuvm.test(timeout_time=2, timeout_unit="ms")
class EveryAgentDrives(SmmuTest):
    """Items through the virtual sequencer: a memory error and its removal, a DVM Sync."""

    async def scenario(self) -> None:
        seqr = self.env.sequencer
        error = AxiMemoryItem(error=(DATA, 64), response="DECERR", latency=9)
        await ItemSequence(error).start(seqr.memories[0])
        bad = self.bench.read(DATA, 16, sid=SID)
        await bad
        assert bad.resp == 3 and bad.t_last - bad.t_addr >= 9
        await ItemSequence(AxiMemoryItem(remove=error.placed)).start(seqr.memories[0])
        assert (await self.bench.read(DATA, 16, sid=SID)).ok
        message = DvmItem(parts=sync(), complete=True)
        before = self.bench.ptw.dvm_completes
        await ItemSequence(message).start(seqr.dvm)
        assert message.message.resps and self.bench.ptw.dvm_completes == before + 1


# ---- end of test -----------------------------------------------------------------------------
@pyuvm.test(timeout_time=4, timeout_unit="ms")
class DrainNamesWhatIsOpen(SmmuTest):
    """A stall nobody resumes: the end is bounded, and says which burst waits for what."""

    def adjust(self, cfg: SmmuEnvCfg) -> None:
        cfg.drain_cycles = 1500

    async def scenario(self) -> None:
        self.prog.stream(STALL_SID).space(s=1)
        await self.prog.start()
        txn = self.bench.write(VA, bytes(16), sid=STALL_SID, id=7)
        start = self.bench.cycle
        try:
            await self.env.drain()
        except AssertionError as error:
            text = str(error)
        else:
            raise AssertionError("drained with a stall open")
        assert self.bench.cycle - start < 2000
        assert "\n" not in text
        for part in ("not drained after 1500 cycles", f"0x{VA:x}", "id=7", "no CMD_RESUME"):
            assert part in text, text
        (record,) = await self.prog.events(at_least=1)
        resume = Cmd.resume(sid=STALL_SID, stag=record.stag, ac=0, ab=1)
        await self.prog.command(resume)
        await txn


class SwappingMonitor(AxiDeviceMonitor):
    """Publishes the ends of two bursts the wrong way round."""

    def build_phase(self) -> None:
        super().build_phase()
        self.kept: list[AxiDeviceBurst] = []
        publish = self.ap.write

        def swap(burst: AxiDeviceBurst) -> None:
            self.kept.append(burst)
            if len(self.kept) == 2:
                for late in reversed(self.kept):
                    publish(late)

        self.ap.write = swap


@pyuvm.test(timeout_time=2, timeout_unit="ms")
class AnswersOutOfOrder(SmmuTest):
    """Two answers of one AXI ID swapped on the way to the scoreboard: it names the order."""

    def build_phase(self) -> None:
        uvm_factory().set_type_override_by_type(AxiDeviceMonitor, SwappingMonitor)
        super().build_phase()

    async def scenario(self) -> None:
        for k in range(2):
            self.bench.read(DATA + k * 64, 16, sid=SID, id=3)
        await self.bench.cycles(400)
        errors = self.env.scoreboard.errors
        assert errors and "was answered before" in errors[0], errors
        errors.clear()
        self.env.scoreboard.downstream.clear()


class DeafMonitor(AxiMemoryMonitor):
    """Sees nothing the SMMU reads: no command reaches the scoreboard."""

    def build_phase(self) -> None:
        super().build_phase()
        publish = self.ap.write
        self.ap.write = lambda burst: publish(burst) if burst.txn.is_write else None


@pyuvm.test(timeout_time=2, timeout_unit="ms")
class AnswerWhileStalled(SmmuTest):
    """STL-001: a stalled burst that ends though, as far as was seen, no command said so."""

    def build_phase(self) -> None:
        uvm_factory().set_type_override_by_type(AxiMemoryMonitor, DeafMonitor)
        super().build_phase()

    async def scenario(self) -> None:
        self.prog.stream(STALL_SID).space(s=1)
        await self.prog.start()
        txn = self.bench.read(VA, 16, sid=STALL_SID)
        (record,) = await self.prog.events(at_least=1)
        await self.prog.command(Cmd.resume(sid=STALL_SID, stag=record.stag, ac=0, ab=0))
        await txn
        await self.bench.cycles(3)
        self.env.scoreboard.match_events()  # no command comes any more
        errors = self.env.scoreboard.errors
        assert len(errors) == 1 and "no CMD_RESUME fetched (STL-001)" in errors[0], errors
        errors.clear()


# ---- reset in mid-run ------------------------------------------------------------------------
@pyuvm.test(timeout_time=4, timeout_unit="ms")
class ResetInMidRun(SmmuTest):
    """REG-035: what is open at a reset is forgotten; registers are as after power-on."""

    async def scenario(self) -> None:
        tables = BuildTables(STALL_SID, stall=True, holes=2)
        for sequence in (tables, BringUp(), DmaMix(tables.targets, 4, privileged=False)):
            await self.run(sequence)
        before = self.env.scoreboard.checked.total()
        self.bench.write(tables.hole_targets[0].base, bytes(16), sid=STALL_SID)
        await self.prog.events(at_least=1)
        self.bench.read(VA, 64, sid=STALL_SID)
        await self.bench.reset()
        assert self.env.unfinished() == []
        resets = RegResetSequence()
        await self.run(resets)
        assert not resets.wrong, resets.wrong
        await self.run(BringUp())
        await self.run(DmaMix(tables.targets, 4, privileged=False))
        assert self.env.scoreboard.checked.total() > before
