# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of memory attributes and of the client port."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_attributes() -> None:
    """ATT-001..027: what AxCACHE, AxDOMAIN and AxPROT of a client transaction become."""
    runner.run(smmu_bench.build(), module="tests.smmu.attributes_tests")
