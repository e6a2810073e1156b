# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of changes of structures and tables."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_updates() -> None:
    """UPD-001..004, UPD-006, UPD-015..017: what is read, cached and refreshed."""
    runner.run(smmu_bench.build(), module="tests.smmu.updates_tests")


def test_live_updates() -> None:
    """UPD-005..014: changes under traffic, and what a SYNC waits for."""
    runner.run(smmu_bench.build(), module="tests.smmu.live_updates_tests")


def test_live_tables() -> None:
    """UPD-011, UPD-012: blocks and tables change under traffic."""
    runner.run(smmu_bench.build(), module="tests.smmu.live_tables_tests")
