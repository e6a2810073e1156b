# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs its random tests."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_smmu_random() -> None:
    """D8, D18, TLB-038: traffic from all ports while tables and structures change."""
    runner.run(smmu_bench.build(), module="tests.smmu.random_tests")
