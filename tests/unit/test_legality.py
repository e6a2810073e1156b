# SPDX-License-Identifier: Apache-2.0
"""Builds the legality checks of STE and CD, and the parameter rule of the stall table."""

from __future__ import annotations

import shutil

import pytest

from sim import runner, sources

BENCH = sources.ROOT / "tests" / "unit" / "legality_bench.v"


def build(sim: str | None = None, **params: int) -> runner.Build:
    """The checks side by side."""
    files = [str(path) for path in sources.closure("legality_bench", extra=[BENCH])]
    return runner.build("legality_bench", config=None, sources=files, sim=sim, params=params)


def test_legality() -> None:
    """STE-004, CD-003: the RTL verdict is the reference's."""
    runner.run(build(), module="tests.unit.legality_tests")


@pytest.mark.parametrize("oas", [40, 42, 44])
def test_legality_of_oas(oas: int) -> None:
    """VM2-004: the same with fewer output address bits; Icarus, if it is there, builds faster."""
    sim = "icarus" if shutil.which("iverilog") else None
    runner.run(build(sim, OAS=oas, LANES=16), module="tests.unit.legality_tests")


@pytest.mark.parametrize("stall_max", [1, 2, 256])
def test_stall_max(stall_max: int) -> None:
    """STL-033: 1, 2 and 256 stalls elaborate."""
    runner.build("smmu_stall_table", config=None, params={"STALL_MAX": stall_max})


@pytest.mark.parametrize("stall_max", [0, 257])
def test_stall_max_refused(stall_max: int) -> None:
    """STL-033: 0 and 257 do not, and the message names the rule."""
    with pytest.raises(runner.BuildError, match="stall_max_must_be_1_to_256"):
        runner.build("smmu_stall_table", config=None, params={"STALL_MAX": stall_max})
