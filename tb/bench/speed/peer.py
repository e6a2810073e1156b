# SPDX-License-Identifier: Apache-2.0
"""Time of hit bursts driven by cocotbext-axi's master (tb_speed.v with OURS = 0)."""

from __future__ import annotations

import logging
from typing import Any

import cocotb
from cocotbext.axi import AxiBus, AxiMaster

from tb.bench.speed.rig import Rig
from tb.bench.speed.scene import BYTES, SID, SSID
from tb.bench.speed.watch import BURSTS, WARM, Watch
from tb.bfm.clock import begin

PREFIX = "tbu0_s_axi"
# pins this master does not know
CONSTANT = {"domain": 3, "mmusid": SID, "mmussid": SSID, "mmussidv": 1, "mmusecsid": 0,
            "mmuflow": 0}  # fmt: skip


async def drive(master: AxiMaster, targets: list[int], count: int) -> None:
    """``count`` bursts, every other one a write, all answered."""
    data = bytes(BYTES)
    done = []
    for k in range(count):
        va = targets[k // 2 % len(targets)]
        done.append(master.init_write(va, data) if k % 2 else master.init_read(va, BYTES))
    for event in reversed(done):  # one wait for nearly all of them
        await event.wait()
        assert not event.data.resp


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def other_master(dut: Any) -> None:
    """T_axi."""
    logging.getLogger(f"cocotb.{dut._name}.{PREFIX}").setLevel(logging.WARNING)
    for channel in ("aw", "ar"):
        for pin, value in CONSTANT.items():
            getattr(dut, f"{PREFIX}_{channel}{pin}").value = value
    dut.tbu0_s_axi_awatop.value = 0
    await begin(dut)
    master = AxiMaster(AxiBus.from_prefix(dut, PREFIX), dut.clk_i, dut.rst_ni, False)
    rig = Rig(dut)
    await rig.start()
    await drive(master, rig.targets, WARM)
    with Watch("peer", rig) as watch:
        await drive(master, rig.targets, BURSTS)
    watch.record()
