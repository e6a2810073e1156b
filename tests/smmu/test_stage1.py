# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the stage 1 tests."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_stage1() -> None:
    """VM1-001..013, VM1-025: geometry, types and addresses of stage 1."""
    runner.run(smmu_bench.build(), module="tests.smmu.stage1_tests")


def test_stage1_permission() -> None:
    """VM1-014..024, VM1-026: what stage 1 allows."""
    runner.run(smmu_bench.build(), module="tests.smmu.stage1_permission_tests")
