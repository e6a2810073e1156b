# SPDX-License-Identifier: Apache-2.0
"""Time of hit bursts on the whole bench (tb_smmu): plain cocotb, and through the UVM device agent.

The agent is the one of the environment: sequence, sequencer, driver and monitor, with nobody at the
monitor's ports. The Python memory is behind the port, as in every test.
"""

from __future__ import annotations

from typing import Any

import cocotb
import pyuvm
from pyuvm import uvm_sequence, uvm_test

from tb.agents.axi_device import (
    AxiDeviceAgent,
    AxiDeviceBatch,
    AxiDeviceCfg,
    AxiDeviceItem,
)
from tb.agents.port import BenchPort
from tb.bench.speed.ours import drive
from tb.bench.speed.scene import BYTES, SID, SSID, lay_out
from tb.bench.speed.watch import BURSTS, IDS, WARM, Watch
from tb.env.program import SmmuProgram
from tb.env.smmu_bench import BenchConfig, SmmuBench

LIMIT = {"timeout_time": 20, "timeout_unit": "ms"}


async def start() -> tuple[SmmuBench, list[int]]:
    """The bench with the scene of the loop, its pages warm; VAs of the bursts."""
    how = BenchConfig(seed=1, latency=4, fast_registers=True)
    bench = await SmmuBench.start(cocotb.top, how)
    prog = SmmuProgram(bench, bench.memory)
    targets = lay_out(prog)
    await prog.start()
    await drive(bench.masters[0], targets, WARM)
    return bench, targets


@cocotb.test(**LIMIT)
async def whole_bench(dut: Any) -> None:
    """What UVM is compared with."""
    bench, targets = await start()
    with Watch("bench", bench) as watch:
        await drive(bench.masters[0], targets, BURSTS)
    watch.record()
    await bench.finish()


class Bursts(uvm_sequence):
    """``count`` bursts, every other one a write, ``each`` in an item; waits for all answers."""

    def __init__(self, targets: list[int], count: int, each: int) -> None:
        super().__init__("bursts")
        self.targets, self.count, self.each = targets, count, each

    async def body(self) -> None:
        made = [self._burst(k) for k in range(self.count)]
        for first in range(0, self.count, self.each):
            group = made[first : first + self.each]
            item = group[0] if self.each == 1 else AxiDeviceBatch(group)
            await self.start_item(item)
            await self.finish_item(item)
        for burst in reversed(made):
            assert (await burst.txn).ok

    def _burst(self, k: int) -> AxiDeviceItem:
        data = bytes(BYTES) if k % 2 else None
        return AxiDeviceItem(sid=SID, ssid=SSID, addr=self.targets[k // 2 % len(self.targets)],
                          length=BYTES, data=data, id=k // 2 % IDS)  # fmt: skip


class SpeedTest(uvm_test):
    """One device agent on TBU 0; subclasses say how many bursts an item has."""

    name, each = "", 1

    def build_phase(self) -> None:
        self.port = BenchPort()
        cfg = AxiDeviceCfg(self.port)
        self.cdb_set("cfg", cfg, "device")
        self.cdb_set("cfg", cfg, "device.*")
        self.device = AxiDeviceAgent.create("device", self)

    async def run_phase(self) -> None:
        self.raise_objection()
        bench, targets = await start()
        self.port.open(bench)
        await bench.cycles(2)
        with Watch(self.name, bench) as watch:
            await Bursts(targets, BURSTS, self.each).start(self.device.sequencer)
        watch.record()
        await bench.finish()
        self.drop_objection()


@pyuvm.test(**LIMIT)
class OneBurstAnItem(SpeedTest):
    """Every burst through the item handshake."""

    name = "uvm_one"


@pyuvm.test(**LIMIT)
class SixteenBurstsAnItem(SpeedTest):
    """Sixteen bursts a handshake."""

    name, each = "uvm_sixteen", 16
