# SPDX-License-Identifier: Apache-2.0
"""Builds smmu_ptw_port with smmu_msi on it and runs their tests."""

from __future__ import annotations

from sim import runner, sources

BENCH = sources.ROOT / "tests" / "unit" / "ptw_bench.v"


def test_ptw_port() -> None:
    """D21, IRQ-005..007, IRQ-013, MEM-005, MEM-010: the port of the SMMU and its MSIs."""
    files = [str(path) for path in sources.closure("ptw_bench", extra=[BENCH])]
    built = runner.build("ptw_bench", config=None, sources=files)
    runner.run(built, module="tests.unit.ptw_port_tests")
