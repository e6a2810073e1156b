# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests that the mutants of tests/mutants must break."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_guard() -> None:
    """NST-001, RES-011, TLB-015, STL-018, UPD-010, D3: one directed test each."""
    runner.run(smmu_bench.build(), module="tests.smmu.guard_tests")
