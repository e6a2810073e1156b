# SPDX-License-Identifier: Apache-2.0
"""The UVM environment of the SMMU: agents on every interface, register model, scoreboard."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyuvm import uvm_env

from tb.agents.axi_device import DeviceAgent, DeviceCfg
from tb.agents.axi_memory import WALK_PORT, MemoryAgent, MemoryCfg
from tb.agents.port import BenchPort
from tb.agents.reg_agent import RegAgent, RegCfg
from tb.env.ral import SmmuRegBlock
from tb.env.scoreboard import ScoreboardCfg, SmmuScoreboard


@dataclass
class EnvCfg:
    """One configuration object per agent, all around one bench."""

    port: BenchPort
    regs: RegCfg
    devices: list[DeviceCfg]
    memories: list[MemoryCfg]
    walk: MemoryCfg
    scoreboard: ScoreboardCfg
    params: dict[str, int] = field(default_factory=dict)

    @classmethod
    def for_build(cls, params: dict[str, int]) -> EnvCfg:
        """All agents active, for a design built with these parameters."""
        port, tbus = BenchPort(), range(params.get("NUM_TBU", 2))
        return cls(
            port=port,
            regs=RegCfg(port),
            devices=[DeviceCfg(port, tbu) for tbu in tbus],
            memories=[MemoryCfg(port, tbu) for tbu in tbus],
            walk=MemoryCfg(port, WALK_PORT),
            scoreboard=ScoreboardCfg(port),
            params=params,
        )


class SmmuEnv(uvm_env):
    """``regs``, ``devices[i]``, ``memories[i]``, ``walk``, ``ral``, ``scoreboard``."""

    def build_phase(self) -> None:
        self.cfg: EnvCfg = self.cdb_get("cfg")
        cfg = self.cfg
        self._give("regs", cfg.regs)
        self.regs = RegAgent.create("regs", self)
        self.devices = []
        for device in cfg.devices:
            self._give(f"device{device.tbu}", device)
            self.devices.append(DeviceAgent.create(f"device{device.tbu}", self))
        self.memories = []
        for memory in cfg.memories:
            self._give(f"memory{memory.tbu}", memory)
            self.memories.append(MemoryAgent.create(f"memory{memory.tbu}", self))
        self._give("walk", cfg.walk)
        self.walk = MemoryAgent.create("walk", self)
        self._give("scoreboard", cfg.scoreboard)
        self.scoreboard = SmmuScoreboard.create("scoreboard", self)
        get = cfg.params.get
        self.ral = SmmuRegBlock().build_model(
            cmdqs=get("CMDQS", 8), eventqs=get("EVENTQS", 8), stall_max=get("STALL_MAX", 16)
        )

    def _give(self, name: str, cfg: object) -> None:
        """A configuration for a child and everything below it."""
        self.cdb_set("cfg", cfg, name)
        self.cdb_set("cfg", cfg, f"{name}.*")

    def connect_phase(self) -> None:
        board = self.scoreboard
        self.regs.monitor.ap.connect(board.regs.analysis_export)
        for device in self.devices:
            device.monitor.address_ap.connect(board.started.analysis_export)
            device.monitor.ap.connect(board.ended.analysis_export)
        for memory in self.memories:
            memory.monitor.address_ap.connect(board.sent.analysis_export)
        self.walk.monitor.ap.connect(board.walks.analysis_export)
        if self.regs.sequencer is not None:
            self.ral.map.set_sequencer(self.regs.sequencer, self.regs.adapter)
            self.ral.map.set_auto_predict(True)
