# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of CMD_SYNC."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_smmu_sync() -> None:
    """CMD-027..042, CMD-050, EVQ-031, EVQ-036: completion, order and signals."""
    runner.run(smmu_bench.build(), module="tests.smmu.sync_tests")
