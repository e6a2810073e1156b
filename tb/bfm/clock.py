# SPDX-License-Identifier: Apache-2.0
"""Clock and reset of a bench.

The simulator drives the clock pin of the top (GPI implementation): an edge costs no Python, and
both simulators then sample alike.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from typing import Any

from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge

PERIOD_NS = 10
# Objects a simulation makes are bursts and what belongs to them, hardly ever in cycles: looking for
# cycles at Python's own pace is a tenth of what Python does.
COLLECT = (50_000, 20, 50)


def start_clock(clk: Any, period_ns: float = PERIOD_NS) -> Clock:
    """Start a free-running clock on a pin of the top."""
    clock = Clock(clk, period_ns, unit="ns", impl="gpi")
    clock.start()
    return clock


async def apply_reset(clk: Any, rst_n: Any, cycles: int = 4,
                      on_reset: Iterable[Callable[[], None]] = ()) -> None:  # fmt: skip
    """Hold reset for ``cycles`` rising edges; ``on_reset`` runs while it is active.

    The pin moves on falling edges, so no flip-flop can see it change at its own edge.
    """
    rst_n.value = 0
    await ClockCycles(clk, cycles)
    for forget in on_reset:
        forget()
    await FallingEdge(clk)
    rst_n.value = 1
    await ClockCycles(clk, 1)


async def begin(dut: Any, period_ns: float = PERIOD_NS) -> Clock:
    """Start the clock of a top with ``clk_i`` and ``rst_ni`` and stay in reset.

    Returns after a clock edge: the initial blocks of the transactors have run, so their Python
    sides can be made now. :func:`apply_reset` ends the reset.
    """
    # what imports left behind is never garbage: the collector need not walk it every few bursts
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)
    dut.rst_ni.value = 0
    clock = start_clock(dut.clk_i, period_ns)
    await ClockCycles(dut.clk_i, 2)
    return clock
