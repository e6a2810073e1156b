# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of configuration invalidation."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_cfgi() -> None:
    """CMD-016..026: cached STEs, CDs and level-1 descriptors."""
    runner.run(smmu_bench.build(), module="tests.smmu.cfgi_tests")
