# SPDX-License-Identifier: Apache-2.0
"""Builds util_ram_1r1w in three shapes and runs its tests."""

from __future__ import annotations

import pytest

from sim import runner


@pytest.mark.parametrize(("width", "depth", "addr_w"), [(8, 16, 4), (1, 2, 1), (300, 64, 6)])
def test_util_ram(width: int, depth: int, addr_w: int) -> None:
    """D11: the only memory of the design behaves the same on every simulator."""
    built = runner.build(
        "util_ram_1r1w",
        config=None,
        params={"WIDTH": width, "DEPTH": depth, "ADDR_W": addr_w},
    )
    runner.run(built, module="tests.unit.util_ram_tests")
