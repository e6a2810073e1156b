# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of broadcast invalidation."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_broadcast() -> None:
    """DVM-001..020, TAG-007..014: scope, order and completion of DVM messages."""
    runner.run(
        smmu_bench.build(), module="tests.smmu.broadcast_tests,tests.smmu.cpu_broadcast_tests"
    )
