# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and compares it with the reference model; SCALE makes it longer."""

from __future__ import annotations

from sim import runner
from sim.options import from_env
from tb.env import smmu_bench

SECONDS = 120  # of wall time at scale 1, at most


def test_smmu_differential() -> None:
    """FLT-014, TAG-008: random rounds end as the reference model says."""
    build = smmu_bench.build()
    limit = max(runner.DEFAULT_TIMEOUT_S, SECONDS * from_env().scale)
    runner.run(build, module="tests.smmu.differential_tests", timeout_s=limit)
