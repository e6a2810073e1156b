# SPDX-License-Identifier: Apache-2.0
"""Agent of the interrupt wires. They are outputs of the SMMU: there is nothing to drive."""

from __future__ import annotations

from dataclasses import dataclass

from pyuvm import uvm_sequence_item

from tb.agents.agent import AgentCfg, SmmuAgent, SmmuMonitor
from tb.env.smmu_bench import IRQS, SmmuBench


@dataclass
class IrqCfg(AgentCfg):
    """Nothing beyond what every agent has."""


class IrqItem(uvm_sequence_item):
    """One pulse: the name of the wire, and the cycle."""

    def __init__(self, name: str = "irq", *, wire: str = "", cycle: int = 0) -> None:
        super().__init__(name)
        self.wire, self.cycle = wire, cycle

    def __str__(self) -> str:
        return f"irq {self.wire} at {self.cycle}"


class IrqMonitor(SmmuMonitor):
    """Publishes an :class:`IrqItem` per pulse; ``counts`` has the pulses of each wire."""

    def listen(self, bench: SmmuBench) -> None:
        self.counts = dict.fromkeys(IRQS, 0)
        bench.irqs.observers.append(lambda wires: self._pulses(bench, wires))

    def _pulses(self, bench: SmmuBench, wires: list[str]) -> None:
        for wire in wires:
            self.counts[wire] += 1
            self.ap.write(IrqItem(wire=wire, cycle=bench.irqs.last(wire)))


class IrqAgent(SmmuAgent):
    """The interrupt wires."""

    MONITOR = IrqMonitor
