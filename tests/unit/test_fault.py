# SPDX-License-Identifier: Apache-2.0
"""Builds smmu_fault in four sizes and runs its tests."""

from __future__ import annotations

import pytest

from sim import runner

# TBUs, slots of each, entries of the stall table
SIZES = {"one": (1, 8, 1), "tiny": (1, 8, 4), "odd": (3, 10, 5), "default": (2, 32, 16)}


@pytest.mark.parametrize("size", SIZES)
def test_fault(size: str) -> None:
    """FLT-*, STL-*, RES-*, EVQ-001..017: records, stalls, parked slots, their commands."""
    names = ("NUM_TBU", "TBU_SLOTS", "STALL_MAX")
    built = runner.build(
        "smmu_fault", config=None, params=dict(zip(names, SIZES[size], strict=True))
    )
    runner.run(built, module="tests.unit.fault_tests,tests.unit.fault_entry_tests")
