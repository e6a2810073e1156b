# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of what may never wait for a client."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_deadlock() -> None:
    """D3, D8, D9, D17: CMD_SYNC completes whatever clients and the event queue do."""
    runner.run(smmu_bench.build(), module="tests.smmu.deadlock_tests")
