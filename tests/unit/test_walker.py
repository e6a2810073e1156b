# SPDX-License-Identifier: Apache-2.0
"""Builds smmu_walker in four sizes and runs its tests."""

from __future__ import annotations

import pytest

from sim import runner, sources

BENCH = sources.ROOT / "tests" / "unit" / "walker_bench.v"
MODULES = "tests.unit.walker_tests,tests.unit.walker_inv_tests,tests.unit.walker_random_tests"

# slots, walk cache, stage 2 leaf cache, lines of each stage
SIZES = {
    "default": (8, 64, 64, 16),
    "small": (3, 2, 1, 1),
    "one": (1, 4, 2, 2),
    "large": (64, 256, 64, 16),
}


@pytest.mark.parametrize("size", SIZES)
def test_walker(size: str) -> None:
    """TRN-001, D4-D8, D15, D18: walks equal the reference model in every size."""
    names = ("WALK_SLOTS", "WC_ENTRIES", "S2LC_ENTRIES", "LINE_ENTRIES")
    built = runner.build(
        "walker_bench",
        config=None,
        params=dict(zip(names, SIZES[size], strict=True)),
        sources=[str(p) for p in sources.closure("walker_bench", extra=[BENCH])],
    )
    # small caches are for correctness under replacement, not for counting reads
    few = size in ("small", "one")
    tests = r"^(?!.*(count|smoke|overtaken)).*" if few else None
    runner.run(built, module=MODULES, tests=tests)
