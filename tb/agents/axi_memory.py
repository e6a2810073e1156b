# SPDX-License-Identifier: Apache-2.0
"""Agent of a memory port: m_axi of a TBU, or the walk port ptw_axi.

The SMMU is the master here. An active agent serves it: the transactor answers from the bench's
memory, and the driver changes how (latency, order, errors), one item a change. A passive agent
only watches, whoever serves the port.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyuvm import uvm_analysis_port, uvm_sequence_item

from tb.agents.agent import AgentCfg, SmmuAgent, SmmuDriver, SmmuMonitor
from tb.bfm.axi_mem import AxiMemory
from tb.bfm.burst import AxiTxn
from tb.env.smmu_bench import SmmuBench
from tb.models.memory import ErrorRange

WALK_PORT = -1


@dataclass
class AxiMemoryCfg(AgentCfg):
    """Which port: the number of a TBU, or ``WALK_PORT``."""

    tbu: int = 0


class AxiMemoryItem(uvm_sequence_item):
    """How the port answers from now on.

    timing    keywords of ``AxiMemory.configure``: latency, jitter, out_of_order, rates ...
    error     (address, bytes) answered with ``response`` on this port only; ``placed`` is then
              the handle that ``remove`` of a later item takes back
    """

    def __init__(self, name: str = "service", *, error: tuple[int, int] | None = None,
                 response: str = "SLVERR", remove: ErrorRange | None = None,
                 **timing: Any) -> None:  # fmt: skip
        super().__init__(name)
        self.error, self.response, self.remove, self.timing = error, response, remove, timing
        self.placed: ErrorRange | None = None

    def __str__(self) -> str:
        at = "" if self.error is None else f" {self.response} at 0x{self.error[0]:x}"
        return f"memory {self.timing}{at}{' error removed' if self.remove else ''}"


class AxiMemoryDriver(SmmuDriver):
    """Applies an item at once."""

    cfg: AxiMemoryCfg

    def port(self, bench: SmmuBench) -> AxiMemory:
        """The transactor of this port."""
        return bench.ptw if self.cfg.tbu == WALK_PORT else bench.mems[self.cfg.tbu]

    async def drive(self, bench: SmmuBench, item: AxiMemoryItem) -> None:
        port = self.port(bench)
        if item.timing:
            port.configure(**item.timing)
        if item.error is not None:
            base, length = item.error
            item.placed = bench.memory.add_error(
                base, length, response=item.response, who=port.who
            )  # fmt: skip
        if item.remove is not None:
            bench.memory.remove_error(item.remove)


@dataclass(eq=False)
class AxiMemoryBurst:
    """One burst the SMMU sent."""

    tbu: int
    txn: AxiTxn


class AxiMemoryMonitor(SmmuMonitor):
    """``address_ap`` and ``ap`` publish a burst at its address handshake and at its end."""

    cfg: AxiMemoryCfg

    def build_phase(self) -> None:
        super().build_phase()
        self.address_ap = uvm_analysis_port("address_ap", self)

    def listen(self, bench: SmmuBench) -> None:
        tbu = self.cfg.tbu
        walk = tbu == WALK_PORT
        bench.monitor(
            bench.walk_probe if walk else bench.memory_probes[tbu],
            "ptw_axi" if walk else f"tbu{tbu}_m_axi",
            lambda txn: self.ap.write(AxiMemoryBurst(tbu, txn)),
            on_address=lambda txn: self.address_ap.write(AxiMemoryBurst(tbu, txn)),
        )


class AxiMemoryAgent(SmmuAgent):
    """The memory behind one port."""

    MONITOR, DRIVER = AxiMemoryMonitor, AxiMemoryDriver
