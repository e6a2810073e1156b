# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the invalidation tests."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_invalidation_scope() -> None:
    """TLB-014..028, TAG-001..006: who is removed by which command."""
    runner.run(smmu_bench.build(), module="tests.smmu.invalidation_scope_tests")


def test_invalidation_range() -> None:
    """TLB-001..013, DVM-014, DVM-015, TAG-016, TAG-022: which addresses a command reaches."""
    runner.run(smmu_bench.build(), module="tests.smmu.invalidation_range_tests")


def test_invalidation_walk() -> None:
    """TLB-019, TLB-020, TLB-024, TLB-025, TLB-033..036, TAG-018..026: what walks leave behind."""
    runner.run(smmu_bench.build(), module="tests.smmu.invalidation_walk_tests")
