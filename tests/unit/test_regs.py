# SPDX-License-Identifier: Apache-2.0
"""Builds smmu_regs in three shapes and runs its tests; checks that bad parameters are refused."""

from __future__ import annotations

import pytest

from sim import runner

BUILDS = {
    "default": {"CMDQS": 8, "EVENTQS": 8, "STALL_MAX": 16},
    "most": {"CMDQS": 19, "EVENTQS": 19, "STALL_MAX": 256, "GBPA_ABORT": 1},
    "least": {"CMDQS": 0, "EVENTQS": 0, "STALL_MAX": 1, "OPT_DVM": 0, "OPT_COHACC": 0},
}
MODULES = (
    "tests.unit.regs_tests,tests.unit.regs_update_tests,"
    "tests.unit.regs_irq_tests,tests.unit.regs_model_tests"
)


@pytest.mark.parametrize("build", BUILDS)
def test_regs(build: str) -> None:
    """REG-*, INI-*, GER-*, IRQ-*: the register file in every shape of its identification."""
    built = runner.build("smmu_regs", config=None, params=BUILDS[build])
    runner.run(built, module=MODULES)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("CMDQS", 20, "smmu_regs_cmdqs_must_be_0_to_19"),
        ("EVENTQS", -1, "smmu_regs_eventqs_must_be_0_to_19"),
        ("STALL_MAX", 257, "smmu_regs_stall_max_must_be_1_to_256"),
        ("GBPA_ABORT", 2, "smmu_regs_gbpa_abort_must_be_0_or_1"),
        ("OPT_DVM", 3, "smmu_regs_opt_must_be_0_or_1"),
    ],
)
def test_regs_parameter_rules(name: str, value: int, rule: str) -> None:
    """D11: a parameter out of range stops the build, and the message names the rule."""
    with pytest.raises(runner.BuildError, match=rule):
        runner.build("smmu_regs", config=None, params={name: value})
