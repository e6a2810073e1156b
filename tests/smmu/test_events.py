# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of event records and of the event queue."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_events() -> None:
    """EVQ-*: records of every type; full, failing, slow and disabled queues."""
    runner.run(
        smmu_bench.build(), module="tests.smmu.event_record_tests,tests.smmu.event_queue_tests"
    )
