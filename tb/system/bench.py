# SPDX-License-Identifier: Apache-2.0
"""The machine of tb_system.v as the software models need it: platform, memory, interrupts.

One ``Memory`` object is behind both memory transactors; they announce themselves as ``smmu`` (walk
port) and ``dma:<queue>`` (translated port, by AXI ID), which is what the probe goes by.
"""

from __future__ import annotations

from typing import Any

from cocotb.clock import Clock

from tb.bfm.axi_mem import AxiMemory, MemRequest
from tb.bfm.axil import AxilMaster
from tb.bfm.checker import AxiChecker, DvmChecker, RuleChecker
from tb.bfm.clock import apply_reset, begin
from tb.bfm.dvm import DvmMaster, parts_of
from tb.env.pulses import PulseCounts
from tb.env.smmu_bench import PMU_TCU
from tb.models import accel
from tb.models.costs import load_costs
from tb.models.hardware import Hardware, HardwareConfig
from tb.models.maintenance import Message, SyncMessage
from tb.models.memory import Memory
from tb.models.qemu.machine import SMMU_SIZE
from tb.system.platform import SimPlatform

MEMORY_LATENCY = 40  # cycles from AR to the first beat, as the stand-in's
MEMORY_JITTER = 10


class SystemBench(Hardware):
    """Everything around the RTL of one run."""

    def __init__(self, dut: Any, seed: int) -> None:
        self.dut = dut
        self.seed = seed
        self.config = HardwareConfig()
        costs = load_costs()
        self.period_ns = 1000 / costs.clock_mhz
        self.memory = Memory()
        self.plat: SimPlatform = SimPlatform(self.memory, costs, round(self.period_ns * 1000), seed)
        self.clock: Clock | None = None
        self.ports: list[AxiMemory] = []
        self.checkers: list[RuleChecker] = []
        self.pmu: PulseCounts | None = None
        self._syncs = 0

    async def start(self) -> None:
        """Clock, reset, transactors, register ports, interrupt wires."""
        dut, cfg = self.dut, self.config
        smmu = AxilMaster(dut, "smmu_axil", dut.clk_i)
        device = AxilMaster(dut, "dma_axil", dut.clk_i)
        self.clock = await begin(dut, self.period_ns)
        data, walk = AxiMemory(dut.u_mem, self.memory), AxiMemory(dut.u_ptw_mem, self.memory)
        walk.who = "smmu"
        data.observers.append(lambda request: self._name(data, request))
        for index, port in enumerate((data, walk)):
            port.configure(
                seed=self.seed * 2 + index + 1,
                latency=MEMORY_LATENCY,
                jitter=MEMORY_JITTER,
                write_latency=MEMORY_LATENCY,
                out_of_order=25,
            )
        self.ports = [data, walk]
        self.dvm = DvmMaster(dut.u_dvm)
        self.checkers = [
            AxiChecker(dut.u_mem.g_probe.u_probe, "m_axi"),
            AxiChecker(dut.u_ptw_mem.g_probe.u_probe, "ptw_axi"),
            DvmChecker(dut.u_dvm.u_probe, "dvm"),
        ]
        self.pmu = PulseCounts(dut.u_pmu, PMU_TCU)
        dut.vf_queues_i.value = 0
        await apply_reset(dut.clk_i, dut.rst_ni, cycles=8)
        # reset is synchronous, so VALID is undefined until the first clock edge in reset
        for checker in self.checkers:
            checker.forgive()
        self.plat.quiet = lambda: bool(int(dut.quiet_o.value))
        self.plat.add_port(cfg.smmu_base, SMMU_SIZE, smmu)
        self.plat.add_port(cfg.accels[0].base, accel.WINDOW_BYTES, device)
        self.plat.watch_irq(dut.irq_evtq, "smmu-evtq")
        self.plat.watch_irq(dut.irq_gerr, "smmu-gerr")

    @staticmethod
    def _name(port: AxiMemory, request: MemRequest) -> None:
        """The accelerator's AXI ID is its queue number."""
        port.who = f"dma:{request.id}"

    def _second_stream(self, queues: range) -> None:
        self.dut.vf_queues_i.value = sum(1 << queue for queue in queues)

    # ---- interconnect -------------------------------------------------------------------
    def post(self, message: Message) -> None:
        self.plat.counters["dvm-messages"] += 1
        self._syncs += isinstance(message, SyncMessage)
        self.dvm.post(parts_of(message))

    async def complete(self) -> None:
        walk, target = self.ports[1], self._syncs
        with self.plat.awake():
            while walk.dvm_completes < target:
                await walk.dvm_complete.wait()

    def walks(self) -> int:
        return self.pmu["tlb_miss"] if self.pmu else 0

    async def unfinished(self) -> list[str]:
        plat, base = self.plat, self.config.accels[0].base
        left = []
        busy = await plat.mmio_read32(base + accel.global_reg(accel.GlobalReg.BUSY_LO))
        if busy:
            left.append(f"accelerator queues busy: 0x{busy:x}")
        if plat.irq_line("smmu-gerr").is_set():
            left.append("the SMMU signalled a global error")
        for checker in self.checkers:
            try:
                checker.check()
            except AssertionError as error:
                left.append(str(error))
        return left
