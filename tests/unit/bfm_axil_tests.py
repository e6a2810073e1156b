# SPDX-License-Identifier: Apache-2.0
"""AxilMaster (cocotb-bus) against a register file with random ready times."""

from __future__ import annotations

import random
from typing import Any

import cocotb

from tb.bfm.axil import AxilMaster, AXIProtocolError
from tb.bfm.checker import AxilChecker
from tb.bfm.clock import apply_reset, begin


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def registers(dut: Any) -> None:
    """32- and 64-bit accesses, byte enables, two tasks at once, error responses."""
    rng = random.Random(cocotb.RANDOM_SEED)
    axil = AxilMaster(dut, "s_axil", dut.clk_i)
    await begin(dut)
    await apply_reset(dut.clk_i, dut.rst_ni)
    check = AxilChecker(dut.u_probe)
    check.forgive()
    await axil.write64(0x40, 0x1122334455667788)
    assert await axil.read32(0x40) == 0x55667788
    assert await axil.read64(0x40) == 0x1122334455667788
    await axil.write32(0x40, 0xAABBCCDD, strb=0b0101)
    assert await axil.read32(0x40) == 0x55BB77DD

    async def worker(base: int, words: list[int]) -> None:
        for k, word in enumerate(words):
            await axil.write32(base + 4 * k, word)
            assert await axil.read32(base + 4 * k) == word

    words = [[rng.getrandbits(32) for _ in range(30)] for _ in range(3)]
    tasks = [cocotb.start_soon(worker(0x100 * (n + 1), w)) for n, w in enumerate(words)]
    for task in tasks:
        await task
    for n, column in enumerate(words):
        for k, word in enumerate(column):
            assert await axil.read32(0x100 * (n + 1) + 4 * k) == word
    for access in (axil.read32(0x1000), axil.write32(0x1000, 1)):
        try:
            await access
        except AXIProtocolError as error:
            assert error.xresp == 2
        else:
            assert False, "an error response must raise"
    assert await axil.read64(0x40) == 0x1122334455BB77DD
    check.check()
