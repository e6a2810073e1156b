# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of global errors and interrupts."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_interrupts() -> None:
    """GER-*, IRQ-*: errors, wires and MSIs of every source."""
    runner.run(smmu_bench.build(), module="tests.smmu.gerror_tests,tests.smmu.interrupt_tests")
