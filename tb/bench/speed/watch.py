# SPDX-License-Identifier: Apache-2.0
"""Time of a stretch of a simulation, with nothing else in it."""

from __future__ import annotations

import gc
import time
from types import TracebackType
from typing import Protocol

from tb.bench.figures import record

BURSTS = 4_000
WARM = 64  # bursts before the watch runs
IDS = 16


class Cycles(Protocol):
    """What counts clock cycles."""

    @property
    def cycle(self) -> int:
        """Rising edges so far."""
        ...


class Watch:
    """Seconds of this process (``cpu``) and on the wall, and cycles, of a ``with`` block."""

    def __init__(self, name: str, clock: Cycles) -> None:
        self.name, self.clock = name, clock
        self.cpu = self.wall = 0.0
        self.cycles = 0

    def __enter__(self) -> Watch:
        gc.collect()
        self.cycles = -self.clock.cycle
        self.cpu, self.wall = -time.process_time(), -time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self.cpu += time.process_time()
        self.wall += time.perf_counter()
        self.cycles += self.clock.cycle

    def record(self, bursts: int = BURSTS) -> None:
        """Hand the figures out."""
        record(self.name, cpu=self.cpu, wall=self.wall, cycles=self.cycles, bursts=bursts)
