# SPDX-License-Identifier: Apache-2.0
"""cocotb tests that must be reported as failures; test_runner.py expects each of them to be."""

from __future__ import annotations

import os

import cocotb
from cocotb.triggers import Timer


@cocotb.test()
async def broken_assertion(dut) -> None:
    """A wrong value."""
    await Timer(1, unit="ns")
    assert len(dut.wr_data_i) == 0, "planted wrong expectation"


@cocotb.test(timeout_time=5, timeout_unit="ns")
async def broken_hang(dut) -> None:
    """Simulated time runs out."""
    await Timer(1, unit="ms")


@cocotb.test()
@cocotb.parametrize(again=[False, True])
async def intact_twice(dut, again: bool) -> None:
    """One test under two parameters."""
    await Timer(1, unit="ns")


@cocotb.test()
async def broken_crash(dut) -> None:
    """The simulator dies before cocotb can write its results."""
    await Timer(1, unit="ns")
    os._exit(0)


@cocotb.test()
async def broken_stuck(dut) -> None:
    """Simulated time stands still."""
    while True:
        os.sched_yield()


@cocotb.test()
async def intact_params(dut) -> None:
    """SIM_PARAMS tells the test what was built."""
    from sim.runner import current_params

    await Timer(1, unit="ns")
    assert current_params()["WIDTH"] == len(dut.wr_data_i)
