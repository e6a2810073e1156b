# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU as it is usual and runs the tests of sizes (VM2-004, TRN-048, REG-046)."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_sizes() -> None:
    """What test_variants runs on other builds, with 48 output and 64 client address bits."""
    runner.run(
        smmu_bench.build(),
        module="tests.smmu.output_size_tests,tests.smmu.client_width_tests,"
        "tests.smmu.linux_sva_tests",
    )
