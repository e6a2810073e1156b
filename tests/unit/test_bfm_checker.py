# SPDX-License-Identifier: Apache-2.0
"""Builds bfm_axi_tap alone and breaks every AXI rule on its pins."""

from __future__ import annotations

from sim import runner


def test_bfm_checker() -> None:
    """The protocol checker accepts legal corner cases and finds each violation."""
    runner.run(runner.build("bfm_axi_tap", config=None), module="tests.unit.bfm_checker_tests")
