# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of registers and of bringing it up and down."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_registers() -> None:
    """REG-*, INI-*: values, masks, guards, updates; enabling, disabling, bypass."""
    runner.run(smmu_bench.build(), module="tests.smmu.register_tests")
