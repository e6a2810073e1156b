# SPDX-License-Identifier: Apache-2.0
"""Builds smmu_sync for three sizes and runs its tests."""

from __future__ import annotations

import pytest

from sim import runner


@pytest.mark.parametrize(("tbus", "slots"), [(1, 2), (2, 8), (4, 64)])
def test_sync(tbus: int, slots: int) -> None:
    """CMD-035..042, CMD-050, D17, D20: the order of CMD_SYNC, DVM Sync and MODE."""
    params = {"NUM_TBU": tbus, "WALK_SLOTS": slots}
    built = runner.build("smmu_sync", config=None, params=params)
    runner.run(built, module="tests.unit.sync_tests")
