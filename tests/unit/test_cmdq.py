# SPDX-License-Identifier: Apache-2.0
"""Builds smmu_cmdq and runs its tests."""

from __future__ import annotations

from sim import runner


def test_cmdq() -> None:
    """CMD-*, QUE-*, TLB-001..028, GER-005..008: the command queue against a Python decode."""
    runner.run(runner.build("smmu_cmdq", config=None), module="tests.unit.cmdq_tests")
