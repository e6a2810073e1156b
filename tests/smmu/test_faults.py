# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of faults and their order (FLT-*, NST-*, TRN-*)."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_faults() -> None:
    """What becomes of each fault, and which of several is reported."""
    runner.run(
        smmu_bench.build(),
        module="tests.smmu.fault_model_tests,tests.smmu.fault_order_tests",
    )
