# SPDX-License-Identifier: Apache-2.0
"""Builds smmu_front in three sizes and runs its tests."""

from __future__ import annotations

import pytest

from sim import runner

MODULES = "tests.unit.front_tests,tests.unit.front_inv_tests,tests.unit.front_load_tests"

SIZES = {
    "tiny": {"NUM_TBU": 1, "TBU_SLOTS": 8, "TLB_SETS": 64, "TLB_WAYS": 2, "WALK_SLOTS": 2,
             "CFG_ENTRIES": 8},
    "default": {"NUM_TBU": 2, "TBU_SLOTS": 32, "TLB_SETS": 64, "TLB_WAYS": 4, "WALK_SLOTS": 8,
                "CFG_ENTRIES": 16},
    "odd": {"NUM_TBU": 3, "TBU_SLOTS": 20, "TLB_SETS": 2, "TLB_WAYS": 1, "WALK_SLOTS": 5,
            "CFG_ENTRIES": 1},
}  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def test_front(size: str) -> None:
    """D4, D7, D8, D12, D14, D18: the front against a walker of a few lines of Python."""
    built = runner.build("smmu_front", config=None, params=SIZES[size])
    # caches of one entry are for correctness under replacement, not for counting walks
    tests = r"random|sync|reset|merge_late" if size == "odd" else None
    runner.run(built, module=MODULES, tests=tests)
