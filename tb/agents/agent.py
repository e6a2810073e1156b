# SPDX-License-Identifier: Apache-2.0
"""What all agents have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pyuvm import (
    uvm_active_passive_enum,
    uvm_agent,
    uvm_analysis_port,
    uvm_driver,
    uvm_monitor,
    uvm_sequence_item,
    uvm_sequencer,
)

from tb.agents.port import BenchPort
from tb.env.smmu_bench import SmmuBench

UVM_ACTIVE = uvm_active_passive_enum.UVM_ACTIVE
UVM_PASSIVE = uvm_active_passive_enum.UVM_PASSIVE


@dataclass
class AgentCfg:
    """Where the bench comes from, and whether the agent drives (``UVM_PASSIVE``: it watches)."""

    port: BenchPort
    is_active: uvm_active_passive_enum = UVM_ACTIVE


class SmmuDriver(uvm_driver):
    """Takes items one after the other; a subclass says what to do with one."""

    def build_phase(self) -> None:
        self.cfg: AgentCfg = self.cdb_get("cfg")

    async def run_phase(self) -> None:
        bench = await self.cfg.port.ready()
        while True:
            item = await self.seq_item_port.get_next_item()
            await self.drive(bench, item)
            self.logger.debug("%s", item)
            self.seq_item_port.item_done()

    async def drive(self, bench: SmmuBench, item: uvm_sequence_item) -> None:
        """Put one item on the pins."""
        raise NotImplementedError


class SmmuMonitor(uvm_monitor):
    """``ap`` publishes what was seen; a subclass listens on a probe."""

    def build_phase(self) -> None:
        self.cfg: Any = self.cdb_get("cfg")
        self.ap = uvm_analysis_port("ap", self)

    async def run_phase(self) -> None:
        self.listen(await self.cfg.port.ready())

    def listen(self, bench: SmmuBench) -> None:
        """Have what is seen on the pins published."""
        raise NotImplementedError


class SmmuAgent(uvm_agent):
    """``monitor``; when active also ``sequencer`` (else None) and ``driver``."""

    MONITOR: ClassVar[type[SmmuMonitor]]
    DRIVER: ClassVar[type[SmmuDriver] | None] = None

    def build_phase(self) -> None:
        super().build_phase()
        self.cfg: AgentCfg = self.cdb_get("cfg")
        self.is_active = self.cfg.is_active
        self.monitor = self.MONITOR.create("monitor", self)
        self.sequencer: uvm_sequencer | None = None
        if self.active() and self.DRIVER is not None:
            self.sequencer = uvm_sequencer.create("sequencer", self)
            self.driver = self.DRIVER.create("driver", self)

    def connect_phase(self) -> None:
        if self.sequencer is not None:
            self.driver.seq_item_port.connect(self.sequencer.seq_item_export)
