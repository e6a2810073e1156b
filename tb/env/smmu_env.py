# SPDX-License-Identifier: Apache-2.0
"""The UVM environment of the SMMU: agents on every interface, register model, scoreboard."""

from __future__ import annotations

from pyuvm import uvm_env

from sim.blackbox import claimed_registers
from tb.agents.axi_device import AxiDeviceAgent
from tb.agents.axi_lite import AxiLiteAgent, SmmuRegAdapter, SmmuWideFrontdoor
from tb.agents.axi_memory import AxiMemoryAgent
from tb.agents.dvm import DvmAgent
from tb.agents.irq import IrqAgent
from tb.env.ral import SmmuRegBlock
from tb.env.reg_predictor import SmmuRegPredictor
from tb.env.scoreboard import SmmuScoreboard
from tb.env.smmu_cfg import SmmuEnvCfg
from tb.env.virtual_sequencer import SmmuVirtualSequencer

DRAIN_STEP = 50  # cycles
LAST_RECORDS = 200  # cycles a record nobody waits for may still need to memory


class SmmuEnv(uvm_env):
    """``regs``, ``devices[i]``, ``memories[i]``, ``walk``, ``dvm``, ``irqs``; ``ral``,
    ``predictor``, ``scoreboard``, ``sequencer`` (virtual)."""

    def build_phase(self) -> None:
        self.cfg: SmmuEnvCfg = self.cdb_get("cfg")
        cfg = self.cfg
        self.regs = self._child(AxiLiteAgent, "regs", cfg.regs)
        self.devices = [self._child(AxiDeviceAgent, f"device{c.tbu}", c) for c in cfg.devices]
        self.memories = [self._child(AxiMemoryAgent, f"memory{c.tbu}", c) for c in cfg.memories]
        self.walk = self._child(AxiMemoryAgent, "walk", cfg.walk)
        self.dvm = self._child(DvmAgent, "dvm", cfg.dvm)
        self.irqs = self._child(IrqAgent, "irqs", cfg.irqs)
        self.predictor = self._child(SmmuRegPredictor, "predictor", cfg)
        self.sequencer = self._child(SmmuVirtualSequencer, "sequencer", cfg)
        self.scoreboard: SmmuScoreboard | None = None
        if cfg.scoreboard is not None:
            self.scoreboard = self._child(SmmuScoreboard, "scoreboard", cfg.scoreboard)
        get = cfg.params.get
        self.ral = SmmuRegBlock().build_model(
            cmdqs=get("CMDQS", 8), eventqs=get("EVENTQS", 8), stall_max=get("STALL_MAX", 16)
        )
        for name, value in claimed_registers().items():
            self.ral.regs[name].set_reset_value(value)

    def _child(self, kind: type, name: str, cfg: object) -> object:
        """A component with a configuration of its own, for itself and everything below it."""
        self.cdb_set("cfg", cfg, name)
        self.cdb_set("cfg", cfg, f"{name}.*")
        return kind.create(name, self)

    def connect_phase(self) -> None:
        seqr = self.sequencer
        seqr.regs, seqr.dvm, seqr.walk = (
            self.regs.sequencer, self.dvm.sequencer, self.walk.sequencer
        )  # fmt: skip
        seqr.devices = [agent.sequencer for agent in self.devices]
        seqr.memories = [agent.sequencer for agent in self.memories]
        seqr.ral, seqr.scoreboard = self.ral, self.scoreboard
        self.predictor.follow(self.ral)
        self.regs.monitor.ap.connect(self.predictor.analysis_export)
        if self.scoreboard is not None:
            self._watch(self.scoreboard)
        if self.regs.sequencer is not None:
            self.ral.map.set_sequencer(self.regs.sequencer, SmmuRegAdapter())
            self.ral.map.set_auto_predict(False)
            for reg in self.ral.regs.values():
                if reg.WIDTH > 32:
                    reg.set_frontdoor(SmmuWideFrontdoor())

    def _watch(self, board: SmmuScoreboard) -> None:
        self.regs.monitor.ap.connect(board.regs.analysis_export)
        for device in self.devices:
            device.monitor.address_ap.connect(board.started.analysis_export)
            device.monitor.ap.connect(board.ended.analysis_export)
        for memory in self.memories:
            memory.monitor.address_ap.connect(board.sent.analysis_export)
        self.walk.monitor.address_ap.connect(board.writes.analysis_export)
        self.walk.monitor.ap.connect(board.walks.analysis_export)
        self.irqs.monitor.ap.connect(board.irqs.analysis_export)

    # ---- end of test -----------------------------------------------------------------------
    def unfinished(self) -> list[str]:
        """What is still open on any interface, one text each."""
        bench = self.cfg.port.bench
        left = list(self.scoreboard.unfinished()) if self.scoreboard is not None else []
        if not left:
            # posted, perhaps not yet on the pins
            left = [f"{port.name}: {txn} has no answer" for port in bench.masters
                    for txn in port.open]  # fmt: skip
        return left + [f"DVM message without its CR: {m.parts}" for m in self.dvm.monitor.open]

    async def drain(self) -> None:
        """Wait until nothing is open; AssertionError that names it after ``cfg.drain_cycles``."""
        bench = self.cfg.port.bench
        end = bench.cycle + self.cfg.drain_cycles
        while left := self.unfinished():
            if bench.cycle > end:
                shown = "; ".join(left[:4]) + ("; ..." if len(left) > 4 else "")
                raise AssertionError(
                    f"not drained after {self.cfg.drain_cycles} cycles, {len(left)} open: {shown}"
                )
            await bench.cycles(DRAIN_STEP)
        await bench.cycles(LAST_RECORDS)

    def check_phase(self) -> None:
        """No rule of a bus was broken."""
        self.cfg.port.bench.check()
