# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of stream tables, STEs and CDs (STR-*, STE-*, CD-*)."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_structures() -> None:
    """Where STEs and CDs lie, which are legal, and what their fields do."""
    runner.run(
        smmu_bench.build(),
        module="tests.smmu.stream_table_tests,tests.smmu.ste_tests,"
        "tests.smmu.cd_tests,tests.smmu.cd_table_tests,tests.smmu.address_tests,"
        "tests.smmu.config_update_tests,tests.smmu.walk_attr_tests",
    )
