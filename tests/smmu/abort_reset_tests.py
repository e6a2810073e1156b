# SPDX-License-Identifier: Apache-2.0
"""The build whose GBPA.ABORT is 1 after reset (INI-002, REG-013)."""

from __future__ import annotations

from typing import Any

import cocotb

from tests.smmu.queue_scene import PAGE, Scene


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def aborts_from_reset(dut: Any) -> None:
    """INI-002, REG-013: everything aborts before any register write, until one GBPA update."""
    s = await Scene.start(dut, run=False)
    for _ in range(2):
        for tbu in range(s.bench.tbus):
            for k in range(4):
                read = s.bench.read(PAGE + 64 * k, 8, sid=k, tbu=tbu, id=k)
                write = s.bench.write(PAGE + 64 * k, bytes(8), sid=k, ssid=k, tbu=tbu, id=k)
                assert not (await s.done(read)).ok and not (await s.done(write)).ok
        assert not s.bench.mems[0].reads + s.bench.mems[0].writes
        await s.expect("GBPA", 0x00101000)
        await s.bench.reset()
    await s.put("GBPA", 0x80001000)
    await s.prog.until("GBPA", 1 << 31, 0)
    await s.expect("GBPA", 0x00001000)
    for tbu in range(s.bench.tbus):
        assert (await s.read(PAGE, 1, tbu=tbu)).ok
    assert not s.log
    await s.finish()
