# SPDX-License-Identifier: Apache-2.0
"""Builds the probes alone and breaks every rule of AXI4, AXI4-Lite and DVM on their pins."""

from __future__ import annotations

import pytest

from sim import runner


def test_bfm_checker() -> None:
    """The protocol checker accepts legal corner cases and finds each violation."""
    runner.run(runner.build("bfm_axi_tap", config=None), module="tests.unit.bfm_checker_tests")


@pytest.mark.parametrize("probe", ["bfm_axil_probe", "bfm_dvm_probe"])
def test_bfm_small_checker(probe: str) -> None:
    """The same for AXI4-Lite and for DVM."""
    runner.run(runner.build(probe, config=None), module="tests.unit.bfm_small_checker_tests")
