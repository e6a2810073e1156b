# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs its UVM smoke tests (both simulators; Icarus wants tiny)."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_smmu_smoke() -> None:
    """Registers, bypass, stage 1, nested, faults and stalls against the reference model."""
    runner.run(smmu_bench.build(), module="tests.smmu.smoke_tests")
