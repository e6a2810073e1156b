# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of its command queue."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_commands() -> None:
    """CMD-*, QUE-*, GER-*: fetch, legality, errors and recovery."""
    runner.run(smmu_bench.build(), module="tests.smmu.command_tests")
