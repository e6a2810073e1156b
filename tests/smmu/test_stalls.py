# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of stalled transactions (STL-*, RES-*)."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_stalls() -> None:
    """Stall, record, retry, terminate; queues that are full; streams and the SMMU turned off."""
    runner.run(
        smmu_bench.build(),
        module="tests.smmu.resume_tests,tests.smmu.retry_tests,"
        "tests.smmu.stall_queue_tests,tests.smmu.stall_end_tests,tests.smmu.starvation_tests",
    )
