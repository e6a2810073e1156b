# SPDX-License-Identifier: Apache-2.0
"""Builds smmu_tbu in two configurations and runs its tests."""

from __future__ import annotations

import pytest

from sim import runner


@pytest.mark.parametrize("config", ["tiny", "default"])
@pytest.mark.parametrize("part", ["tests.unit.tbu_tests", "tests.unit.tbu_sync_tests"])
def test_tbu(config: str, part: str) -> None:
    """D1-D3, D8, D12, D13, D16-D20: the TBU against a TCU of a few lines of Python."""
    built = runner.build("smmu_tbu", config=config)
    runner.run(built, module=part)
