# SPDX-License-Identifier: Apache-2.0
"""The SMMU of tb_smmu.v between transactors: what every test of the whole SMMU starts from.

bench = await SmmuBench.start(dut, BenchConfig(seed=7))
await bench.write32(offset, value)
read = bench.read(0x1000, 64, sid=5, ssid=3)  # posted, not waited for
assert (await read).ok
await bench.finish()  # transactions ended, no AXI rule broken

One ``Memory`` is behind all memory ports; it knows them as ``smmu`` (walk port) and ``tbu<n>``.
Times are cycles of ``clk_i``, addresses bytes. Nothing here knows what the SMMU should answer.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cocotb.triggers import ClockCycles, Event, First, RisingEdge, Timer

from sim import blackbox, runner
from tb.bfm.axi_master import AxiMaster
from tb.bfm.axi_mem import AxiMemory, MemRequest
from tb.bfm.axi_monitor import AxiMonitor
from tb.bfm.axil import AxilMaster
from tb.bfm.burst import AxiTxn
from tb.bfm.checker import AxiChecker, AxilChecker, DvmChecker, RuleChecker
from tb.bfm.clock import PERIOD_NS, apply_reset, begin
from tb.bfm.dvm import DvmMaster
from tb.env import coverage
from tb.env.pulses import PulseCounts
from tb.env.register_port import RegisterPort
from tb.models.memory import Memory
from tb.models.smmu_ref import SmmuConfig

TOP = "tb_smmu"
IRQS = ("evtq", "gerr", "cmd_sync", "priq")
PMU_TCU = (
    "tlb_lookup", "tlb_miss", "cfg_miss", "table_read", "cfg_read", "stall", "event", "command"
)  # fmt: skip
PMU_TBU = ("read", "write", "read_miss", "write_miss")
WALK_IDS = 0x40  # reads on the walk port with an ID below it are those of walks
# Bursts across 4 KB are legal for a test to send (FLT-018), and atomics answer without an AR.
DEVICE_RULES_OFF = ("AW_BURST", "AR_BURST")


@dataclass
class BenchConfig:
    """How the surroundings of the SMMU behave.

    seed       all randomness of the bench
    latency    cycles from an AR to its first R beat on all memory ports
    jitter     up to this many more, random per burst
    throttle   True: every channel of every port offers and accepts at a random rate
    nostall    port straps, one bit per TBU (FLT-026)
    fast_registers  register accesses without the AXI4-Lite driver on the pins
    w_ahead    bursts of W the SMMU may send before their AW (rule W_AHEAD); None: any number,
               which AXI allows
    """

    seed: int = 0
    latency: int = 4
    jitter: int = 0
    throttle: bool = False
    nostall: int = 0
    fast_registers: bool = False
    w_ahead: int | None = 8


class SmmuBench:
    """Clock, reset, registers, memory, devices, interconnect and checkers of one simulation."""

    def __init__(self, dut: Any, cfg: BenchConfig) -> None:
        """Use :meth:`start`; the transactors need a clock edge before they can be made."""
        self.dut, self.cfg = dut, cfg
        self.params = runner.current_params()
        self.rng = random.Random(cfg.seed)
        self.memory = Memory()
        self.clk = dut.clk_i
        count = len(dut.nostall_i)
        pins = AxilMaster(dut, "s_axil", self.clk)
        self.axil = RegisterPort(dut.u_regs) if cfg.fast_registers else pins
        handles = [dut.g_tbu[i] for i in range(count)]
        self.masters = [AxiMaster(h.u_mst, f"tbu{i}_s_axi") for i, h in enumerate(handles)]
        self.mems = [
            AxiMemory(h.u_mem, self.memory, f"tbu{i}", f"tbu{i}_m_axi")
            for i, h in enumerate(handles)
        ]
        self.ptw = AxiMemory(dut.u_ptw_mem, self.memory, "smmu", "ptw_axi")
        self._walk_reads = 0
        if not has_pin("pmu_tcu_event"):
            self.ptw.observers.append(self._count_walk_read)
        self._dvm = DvmMaster(dut.u_dvm)
        self.irqs = PulseCounts(dut.u_irq, IRQS, wake=True)
        events = dict.fromkeys(PMU_TCU, "pmu_tcu_event")
        events |= {f"tbu{i}_{n}": "pmu_tbu_event" for i in range(count) for n in PMU_TBU}
        lacking = {name: pin for name, pin in events.items() if not has_pin(pin)}
        self.pmu = PulseCounts(dut.u_pmu, list(events), absent=lacking)
        self._atops = PulseCounts(dut.u_atop, [f"tbu{i}" for i in range(count)])
        self.device_probes = [h.u_mst.g_probe.u_probe for h in handles]
        self.memory_probes = [h.u_mem.g_probe.u_probe for h in handles]
        self.walk_probe = dut.u_ptw_mem.g_probe.u_probe
        self.monitors: list[AxiMonitor] = []
        self.on_reset: list[Callable[[], None]] = []  # called while the SMMU is in reset
        self.regs_probe, self.dvm_probe = dut.u_axil_probe, dut.u_dvm.u_probe
        self.checkers: list[RuleChecker] = [
            *(AxiChecker(p, f"tbu{i}_s_axi", off=DEVICE_RULES_OFF)
              for i, p in enumerate(self.device_probes)),
            *(AxiChecker(p, f"tbu{i}_m_axi", w_ahead=cfg.w_ahead)
              for i, p in enumerate(self.memory_probes)),
            AxiChecker(self.walk_probe, "ptw_axi", w_ahead=cfg.w_ahead),
            AxilChecker(self.regs_probe, "s_axil"),
            DvmChecker(self.dvm_probe, "dvm"),
        ]  # fmt: skip
        self.coverage = coverage.Watch(self) if coverage.wanted() else None
        self.configure()

    @classmethod
    async def start(cls, dut: Any, cfg: BenchConfig | None = None) -> SmmuBench:
        """Clock, transactors, power-on reset."""
        cfg = cfg or BenchConfig()
        if cfg.nostall and not has_pin("nostall_i"):
            raise blackbox.MissingError("has no pin nostall_i")
        dut.nostall_i.value = cfg.nostall
        await begin(dut)
        bench = cls(dut, cfg)
        await apply_reset(bench.clk, dut.rst_ni)
        # reset is synchronous: before the first edge in reset VALID is not defined (AXI A3.1.2)
        for checker in bench.checkers:
            checker.forgive()
        if os.environ.get("RECORD"):
            from tb.replay import recorder

            recorder.attach(bench)
        return bench

    # ---- the design ----------------------------------------------------------------------
    def misses(self, event: str = "tlb_miss") -> int:
        """How often a cache (PMU events tlb_miss, cfg_miss) did not have what was asked for.

        Without the PMU pins: reads of walks, which after an invalidation come with each miss.
        """
        return self.pmu[event] if has_pin("pmu_tcu_event") else self._walk_reads

    def _count_walk_read(self, request: MemRequest) -> None:
        self._walk_reads += not request.is_write and request.id < WALK_IDS

    @property
    def dvm(self) -> DvmMaster:
        """The interconnect's side of the broadcast channels."""
        if not has_pin("dvm_acvalid"):
            raise blackbox.MissingError("has no pin dvm_acvalid")
        return self._dvm

    # ---- surroundings --------------------------------------------------------------------
    @property
    def ports(self) -> list[AxiMemory]:
        """All memory ports, the walk port last."""
        return [*self.mems, self.ptw]

    @property
    def tbus(self) -> int:
        """Number of device ports."""
        return len(self.masters)

    @property
    def model_config(self) -> SmmuConfig:
        """The reference model's view of this build."""
        return model_config(self.params)

    def configure(self) -> None:
        """Seeds, latencies and rates of all transactors as ``cfg`` says, drawn from ``rng``."""
        cfg, rng = self.cfg, self.rng

        def rates(*channels: str) -> dict[str, float]:
            if not cfg.throttle:
                return dict.fromkeys(channels, 100)
            return {channel: rng.choice((15, 50, 85, 100)) for channel in channels}

        for master in self.masters:
            master.configure(seed=rng.getrandbits(31) | 1, **rates("ar", "aw", "w", "r", "b"))
        for port in self.ports:
            port.configure(
                seed=rng.getrandbits(31) | 1,
                latency=cfg.latency,
                jitter=cfg.jitter,
                write_latency=cfg.latency,
                write_jitter=cfg.jitter,
                out_of_order=50 if cfg.throttle else 0,
                interleave=25 if cfg.throttle else 0,
                **rates("ar", "aw", "w", "r", "b"),
            )
        levels = {"ac": rates("ac")["ac"], "cr": rates("cr")["cr"]}
        self._dvm.configure(seed=rng.getrandbits(31) | 1, **levels)

    def monitor(self, probe: Any, name: str, callback: Callable[[AxiTxn], None],
                on_address: Callable[[AxiTxn], None] | None = None) -> AxiMonitor:  # fmt: skip
        """A monitor on one of ``device_probes``, ``memory_probes`` or ``walk_probe``."""
        mon = AxiMonitor(self.dut, name, self.clk, probe, callback=callback, on_address=on_address)
        self.monitors.append(mon)
        return mon

    async def reset(self, cycles: int = 4) -> None:
        """Reset in mid-run; open transactions are forgotten, memory and settings stay."""
        forget = [m.reset for m in (*self.masters, *self.ports, *self.monitors, self._dvm)]
        forget += self.on_reset
        if self.coverage:
            forget.append(self.coverage.reset)
        await apply_reset(self.clk, self.dut.rst_ni, cycles, on_reset=forget)

    # ---- time ----------------------------------------------------------------------------
    @property
    def cycle(self) -> int:
        """Rising edges since the start of the run; comparable with stamps of an AxiTxn."""
        return self.masters[0].cycle

    async def cycles(self, count: int) -> None:
        """Let clock cycles pass."""
        if count > 1:
            # one wake-up instead of one per edge; ends between two edges, where nothing moves
            await Timer((count - 1) * PERIOD_NS, "ns")
        await RisingEdge(self.clk)

    async def within(self, event: Event, limit: int) -> bool:
        """Wait for an event for at most ``limit`` cycles; whether it came."""
        if not event.is_set():
            await First(event.wait(), Timer(limit * PERIOD_NS, "ns"))
        return event.is_set()

    async def irq(self, name: str, seen: int, limit: int) -> bool:
        """Wait until wire ``name`` has pulsed more than ``seen`` times, ``limit`` cycles long."""
        end = self.cycle + limit
        while self.irqs[name] <= seen and self.cycle < end:
            await First(self.irqs.changed.wait(), Timer((end - self.cycle) * PERIOD_NS, "ns"))
        return self.irqs[name] > seen

    # ---- registers -----------------------------------------------------------------------
    async def read32(self, offset: int) -> int:
        """32-bit register at a byte offset from page 0."""
        return await self.axil.read32(offset)

    async def write32(self, offset: int, value: int) -> None:
        """Write a 32-bit register."""
        await self.axil.write32(offset, value)

    async def read64(self, offset: int) -> int:
        """64-bit register, low half first (REG-034)."""
        return await self.axil.read64(offset)

    async def write64(self, offset: int, value: int) -> None:
        """Write a 64-bit register, low half first (REG-034)."""
        await self.axil.write64(offset, value)

    # ---- devices -------------------------------------------------------------------------
    def read(self, addr: int, nbytes: int, *, sid: int, ssid: int | None = None, tbu: int = 0,
             priv: bool = False, inst: bool = False, **options: Any) -> AxiTxn:  # fmt: skip
        """Post a device read; ``options`` are those of ``AxiMaster.read``."""
        side = self._side(sid, ssid, priv, inst, options)
        return self.masters[tbu].read(addr, nbytes, **side)

    def write(self, addr: int, data: bytes, *, sid: int, ssid: int | None = None, tbu: int = 0,
              priv: bool = False, inst: bool = False, **options: Any) -> AxiTxn:  # fmt: skip
        """Post a device write; ``options`` are those of ``AxiMaster.write``."""
        side = self._side(sid, ssid, priv, inst, options)
        return self.masters[tbu].write(addr, data, **side)

    @staticmethod
    def _side(sid: int, ssid: int | None, priv: bool, inst: bool,
              options: dict[str, Any]) -> dict[str, Any]:  # fmt: skip
        prot = 0b010 | int(priv) | int(inst) << 2
        given = {"sid": sid, "ssid": ssid or 0, "ssidv": int(ssid is not None), "prot": prot}
        return given | options

    # ---- end of test ---------------------------------------------------------------------
    async def finish(self, limit: int = 100_000) -> None:
        """Wait for all posted transactions, then check what must hold at the end of any test."""
        for master in self.masters:
            for txn in master.open:
                assert await self.within(txn.done, limit), f"{master.name}: no answer to {txn}"
        await ClockCycles(self.clk, 3)
        self.check()

    def check(self) -> None:
        """AssertionError when a rule of a bus was broken since the first reset."""
        if self.coverage:
            coverage.save()
        for checker in self.checkers:
            checker.check()
        for monitor in self.monitors:
            assert monitor.lost == 0, f"{monitor.name}: {monitor.lost} bursts not followed"
        assert not self._atops.total, "an atomic left on m_axi (FLT-018)"


def has_pin(pin: str) -> bool:
    """False for an optional pin that the design behind DUT= lacks."""
    return pin not in (blackbox.absent_pins() or ())


def model_config(params: dict[str, int]) -> SmmuConfig:
    """The reference model's view of a design built with these parameters."""
    get = params.get
    return SmmuConfig(
        oas=get("OAS", 48),
        sid_bits=get("SID_W", 16),
        ssid_bits=get("SSID_W", 20),
        cmdqs=get("CMDQS", 8),
        eventqs=get("EVENTQS", 8),
        stall_max=get("STALL_MAX", 16),
        gbpa_abort=bool(get("GBPA_ABORT", 0)),
    )


def build(sim: str | None = None, config: str | None = None, **options: Any) -> runner.Build:
    """Compile the bench; ``config`` None takes the CONFIG variable."""
    return runner.build(TOP, config=config or runner.FROM_ENV, sim=sim, **options)
