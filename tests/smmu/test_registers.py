# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of registers, reset and bring-up."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench


def test_registers() -> None:
    """REG-*: values, masks, guards and updates on the pins."""
    runner.run(smmu_bench.build(), module="tests.smmu.register_tests")


def test_init() -> None:
    """INI-*: reset, bring-up, bypass, SMMUEN under traffic."""
    runner.run(
        smmu_bench.build(),
        module="tests.smmu.init_tests,tests.smmu.bypass_tests,tests.smmu.smmuen_tests",
    )


def test_abort_from_reset() -> None:
    """INI-002: the build that aborts until software has written GBPA."""
    built = smmu_bench.build(params={"GBPA_ABORT": 1})
    runner.run(built, module="tests.smmu.abort_reset_tests")
