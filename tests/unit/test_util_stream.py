# SPDX-License-Identifier: Apache-2.0
"""Builds the stream blocks of hdl/util and runs their tests."""

from __future__ import annotations

import pytest

from sim import runner

FIFO = [(8, 4, 2), (5, 5, 3), (1, 16, 4)]  # width, depth, address bits


@pytest.mark.parametrize("top", ["util_skid", "util_reg2"])
def test_util_stream(top: str) -> None:
    """D1: registers between pins and the inside lose nothing and no cycle."""
    runner.run(
        runner.build(top, config=None, params={"WIDTH": 9}), module="tests.unit.util_stream_tests"
    )


@pytest.mark.parametrize("top", ["util_fifo", "util_fifo_ram"])
@pytest.mark.parametrize(("width", "depth", "addr_w"), FIFO)
def test_util_fifo(top: str, width: int, depth: int, addr_w: int) -> None:
    """D11: FIFOs of any depth, also one that is no power of two."""
    params = {"WIDTH": width, "DEPTH": depth, "ADDR_W": addr_w}
    runner.run(runner.build(top, config=None, params=params), module="tests.unit.util_stream_tests")
