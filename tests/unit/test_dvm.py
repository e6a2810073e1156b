# SPDX-License-Identifier: Apache-2.0
"""Builds smmu_dvm and runs its tests."""

from __future__ import annotations

from sim import runner


def test_dvm() -> None:
    """DVM-001..021, TAG-007..017: broadcast maintenance from AC to CR, INV and Complete."""
    runner.run(runner.build("smmu_dvm", config=None), module="tests.unit.dvm_tests")
