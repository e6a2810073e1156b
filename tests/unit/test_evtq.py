# SPDX-License-Identifier: Apache-2.0
"""Builds smmu_evtq and runs its tests."""

from __future__ import annotations

from sim import runner


def test_evtq() -> None:
    """EVQ-019..035, QUE-*, GER-009, IRQ-003, IRQ-016: the event queue, judged in every cycle."""
    runner.run(runner.build("smmu_evtq", config=None), module="tests.unit.evtq_tests")
