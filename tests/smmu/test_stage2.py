# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the stage 2 tests."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_stage2() -> None:
    """VM2-001..010, VM2-014, VM2-016: geometry, types and addresses of stage 2."""
    runner.run(smmu_bench.build(), module="tests.smmu.stage2_tests")


def test_stage2_permission() -> None:
    """VM2-008, VM2-011..013: what stage 2 allows; all pairs of page sizes."""
    runner.run(smmu_bench.build(), module="tests.smmu.stage2_permission_tests")
