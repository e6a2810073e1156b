# SPDX-License-Identifier: Apache-2.0
"""Agent of the DVM channels: broadcast invalidation from an interconnect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyuvm import uvm_sequence_item

from tb.agents.agent import AgentCfg, SmmuAgent, SmmuDriver, SmmuMonitor
from tb.bfm.dvm import Message, Part
from tb.bfm.dvm_monitor import DvmMonitor as DvmProbeMonitor
from tb.env.smmu_bench import SmmuBench


@dataclass
class DvmCfg(AgentCfg):
    """``limit`` bounds, in cycles, the wait of an item for its DVM Complete."""

    limit: int = 60_000


class DvmItem(uvm_sequence_item):
    """One message (``tb.bfm.dvm``: tlbi, sync, other).

    The driver does not wait for the responses: after ``finish_item`` the message is posted and
    ``message`` is it, to be awaited by whoever needs them. Only with ``complete`` the item ends
    with the DVM Complete of its Sync, which follows all messages before it.
    """

    def __init__(self, name: str = "message", *, parts: Sequence[Part] = (),
                 complete: bool = False) -> None:  # fmt: skip
        super().__init__(name)
        self.parts, self.complete = list(parts), complete
        self.message: Message | None = None

    def __str__(self) -> str:
        return "dvm " + " ".join(f"0x{part.addr:012x}" for part in self.parts)


class DvmDriver(SmmuDriver):
    """Posts messages as they come; they leave in that order."""

    cfg: DvmCfg

    async def drive(self, bench: SmmuBench, item: DvmItem) -> None:
        before, end = bench.ptw.dvm_completes, bench.cycle + self.cfg.limit
        item.message = bench.dvm.post(item.parts)
        while item.complete and bench.ptw.dvm_completes == before:
            assert bench.cycle < end, f"{item}: no DVM Complete"
            await bench.within(bench.ptw.dvm_complete, 100)


class DvmMonitor(SmmuMonitor):
    """Publishes every ``Message`` when its last part has its CR, whoever sent it."""

    def listen(self, bench: SmmuBench) -> None:
        probe = DvmProbeMonitor(bench.dvm_probe, self.ap.write, "dvm")
        self.open = probe.open  # messages without their last CR
        bench.on_reset.append(probe.reset)


class DvmAgent(SmmuAgent):
    """The DVM port."""

    MONITOR, DRIVER = DvmMonitor, DvmDriver
