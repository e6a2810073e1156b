# SPDX-License-Identifier: Apache-2.0
"""Builds the AXI4-Lite bench and runs its tests."""

from __future__ import annotations

from sim import runner


def test_bfm_axil() -> None:
    """The cocotb-bus register driver works on this simulator."""
    runner.run(runner.build("tb_bfm_axil", config=None), module="tests.unit.bfm_axil_tests")
