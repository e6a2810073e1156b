# SPDX-License-Identifier: Apache-2.0
"""Builds each AXI transactor as a top and runs it against cocotbext-axi."""

from __future__ import annotations

from sim import runner


def test_bfm_master_cross() -> None:
    """Our master and a foreign memory understand each other."""
    built = runner.build("bfm_axi_master", config=None, params={"ID_W": 4})
    runner.run(built, module="tests.unit.bfm_cross_tests", tests="master_and_other_ram")


def test_bfm_memory_cross() -> None:
    """Our memory and a foreign master understand each other."""
    built = runner.build("bfm_axi_mem", config=None, params={"ID_W": 4})
    runner.run(built, module="tests.unit.bfm_cross_tests", tests="memory_and_other_master")
