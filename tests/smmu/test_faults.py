# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of faults and their order (FLT-*, NST-*, TRN-*)."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_faults() -> None:
    """What becomes of each fault, which of several is reported, what clients see."""
    runner.run(
        smmu_bench.build(),
        module="tests.smmu.fault_model_tests,tests.smmu.fault_order_tests,"
        "tests.smmu.client_fault_tests",
    )
