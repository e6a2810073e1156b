# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of its UVM environment."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_smmu_env() -> None:
    """Passive mode, factory overrides, drain, and errors the scoreboard must notice."""
    runner.run(smmu_bench.build(), module="tests.smmu.env_tests")
