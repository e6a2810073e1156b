# SPDX-License-Identifier: Apache-2.0
"""Time of hit bursts driven by our transactor, plain cocotb (tb_speed.v with OURS = 1)."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.bench.speed.rig import Rig
from tb.bench.speed.scene import BYTES, SID, SSID
from tb.bench.speed.watch import BURSTS, IDS, WARM, Watch
from tb.bfm.axi_master import AxiMaster
from tb.bfm.clock import begin


async def drive(master: AxiMaster, targets: list[int], count: int) -> None:
    """``count`` bursts, every other one a write, all answered."""
    data = bytes(BYTES)
    side = {"sid": SID, "ssid": SSID, "ssidv": 1}
    txns = []
    for k in range(count):
        va, axi_id = targets[k // 2 % len(targets)], k // 2 % IDS
        if k % 2:
            txns.append(master.write(va, data, id=axi_id, **side))
        else:
            txns.append(master.read(va, BYTES, id=axi_id, **side))
    for txn in reversed(txns):  # one wait for nearly all of them
        assert (await txn).ok


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def transactor(dut: Any) -> None:
    """T_ours."""
    await begin(dut)
    master, rig = AxiMaster(dut.g_ours.u_mst), Rig(dut)
    await rig.start()
    await drive(master, rig.targets, WARM)
    with Watch("ours", rig) as watch:
        await drive(master, rig.targets, BURSTS)
    watch.record()
