# SPDX-License-Identifier: Apache-2.0
"""Passive agent of a memory port: m_axi of a TBU, or the walk port ptw_axi.

The memory itself is a transactor with one Python object behind it; there is nothing to drive.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyuvm import uvm_agent, uvm_analysis_port, uvm_monitor

from tb.agents.port import BenchPort
from tb.bfm.burst import AxiTxn

WALK_PORT = -1


@dataclass
class MemoryCfg:
    """Which port: the number of a TBU, or ``WALK_PORT``."""

    port: BenchPort
    tbu: int = 0


@dataclass(eq=False)
class MemoryBurst:
    """One burst the SMMU sent."""

    tbu: int
    txn: AxiTxn


class MemoryMonitor(uvm_monitor):
    """``address_ap`` and ``ap`` publish a burst at its address handshake and at its end."""

    def build_phase(self) -> None:
        self.cfg: MemoryCfg = self.cdb_get("cfg")
        self.ap = uvm_analysis_port("ap", self)
        self.address_ap = uvm_analysis_port("address_ap", self)

    async def run_phase(self) -> None:
        bench = await self.cfg.port.ready()
        tbu = self.cfg.tbu
        walk = tbu == WALK_PORT
        bench.monitor(
            bench.walk_probe if walk else bench.memory_probes[tbu],
            "ptw_axi" if walk else f"tbu{tbu}_m_axi",
            lambda txn: self.ap.write(MemoryBurst(tbu, txn)),
            on_address=lambda txn: self.address_ap.write(MemoryBurst(tbu, txn)),
        )


class MemoryAgent(uvm_agent):
    """A monitor."""

    def build_phase(self) -> None:
        self.monitor = MemoryMonitor.create("monitor", self)
