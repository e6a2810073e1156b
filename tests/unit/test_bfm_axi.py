# SPDX-License-Identifier: Apache-2.0
"""Builds the AXI transactors back to back and runs their tests."""

from __future__ import annotations

import pytest

from sim import runner


@pytest.mark.parametrize("data_w", [64, 128])
def test_bfm_axi(data_w: int) -> None:
    """Master, memory, monitor and checker agree with a shadow memory."""
    built = runner.build("tb_bfm_axi", config=None, params={"DATA_W": data_w})
    runner.run(built, module="tests.unit.bfm_axi_tests")
