# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests named after defects of other IOMMUs."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_peer_defects() -> None:
    """NST-001, VM2-010, UPD-010, DVM-006, TRN-011: seven defects that must not be here."""
    runner.run(smmu_bench.build(), module="tests.smmu.peer_defects_tests")
