# SPDX-License-Identifier: Apache-2.0
"""The platform of the software models inside a simulator (architecture section 3).

Register accesses go over the AXI4-Lite pins, one at a time per port; tasks are the simulator's
coroutines.  Time is counted in cycles of the clock: those simulated, plus those skipped while
the hardware was quiet and all software slept.  A skip moves nothing but the cycle count, so the
order of everything that happens stays as it would be.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import cocotb
from cocotb.triggers import Event, RisingEdge, Timer
from cocotb.utils import get_sim_time

from tb.models.costs import CostTable
from tb.models.memory import Memory
from tb.models.platform import Mutex, Platform

STRIDE = 32  # cycles between two looks at the hardware while software sleeps
SHORT = 128  # sleeps up to this many cycles are simulated to the cycle


class RegisterPort(Protocol):
    """A register driver (tb/bfm/axil.py)."""

    async def read32(self, address: int) -> int: ...

    async def write32(self, address: int, value: int) -> None: ...


class SimEvent:
    """Sticky event on a simulator event."""

    def __init__(self) -> None:
        self._event = Event()

    def set(self) -> None:
        self._event.set()

    def clear(self) -> None:
        self._event.clear()

    def is_set(self) -> bool:
        return self._event.is_set()

    async def wait(self) -> None:
        if not self._event.is_set():
            await self._event.wait()


class SimTask:
    """A task of the simulator's scheduler; an exception in it fails the test."""

    def __init__(self, coro: Coroutine[Any, Any, Any]) -> None:
        self._task = cocotb.start_soon(coro)

    def done(self) -> bool:
        return self._task.done()

    async def join(self) -> Any:
        return await self._task


class SimPlatform(Platform):
    """Platform on a running simulation; ``period_ps`` is the clock period."""

    def __init__(
        self,
        memory: Memory,
        costs: CostTable,
        period_ps: int,
        seed: int = 0,
        jitter_pct: int = 10,
    ) -> None:
        super().__init__(memory, costs, seed, jitter_pct)
        self._period_ps = period_ps
        self._ports: list[tuple[int, int, RegisterPort, Mutex]] = []
        self._sleepers: list[tuple[int, int, SimEvent]] = []  # by (cycle, order of going)
        self._order = 0
        self._governor: SimTask | None = None
        self._awake = 0  # tasks in a register access or a short sleep: no skip now
        self.quiet: Callable[[], bool] = lambda: False
        self.skipped = 0

    @property
    def now(self) -> int:
        return round(get_sim_time("ps")) // self._period_ps + self.skipped

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Software waits for the hardware in here: no cycle is skipped."""
        self._awake += 1
        yield
        self._awake -= 1

    # ---- sleeping -----------------------------------------------------------------------
    async def _sleep(self, cycles: int) -> None:
        if cycles <= SHORT:
            with self.awake():
                await Timer(cycles * self._period_ps, "ps")
            return
        alarm = SimEvent()
        self._order += 1
        heapq.heappush(self._sleepers, (self.now + cycles, self._order, alarm))
        if self._governor is None:
            self._governor = SimTask(self._govern())
        await alarm.wait()

    async def _govern(self) -> None:
        """Wake sleepers in time; skip what nobody needs simulated."""
        while self._sleepers:
            left = self._sleepers[0][0] - self.now
            if left <= 0:
                heapq.heappop(self._sleepers)[2].set()
                left = 1  # let what was woken go to sleep again, or act, before any skip
            elif not self._awake and self.quiet():
                self.skipped += left
                continue
            await Timer(min(left, STRIDE) * self._period_ps, "ps")
        self._governor = None

    def event(self, name: str = "") -> SimEvent:
        return SimEvent()

    def _start(self, coro: Coroutine[Any, Any, Any], name: str) -> SimTask:
        return SimTask(coro)

    # ---- pins ---------------------------------------------------------------------------
    def add_port(self, base: int, size: int, port: RegisterPort) -> None:
        """Map a register port at physical ``base``."""
        self._ports.append((base, size, port, Mutex(self, f"port-{base:x}")))

    def watch_irq(self, pin: Any, line: str) -> None:
        """Every rising edge of an interrupt wire sets the line's event."""

        async def watch() -> None:
            event = self.irq_line(line)
            while True:
                await RisingEdge(pin)
                event.set()

        self.spawn(watch(), f"irq-{line}")

    def _find(self, pa: int) -> tuple[RegisterPort, Mutex, int]:
        for base, size, port, lock in self._ports:
            if base <= pa < base + size:
                return port, lock, pa - base
        raise LookupError(f"no device at physical address 0x{pa:x}")

    async def _bus_read32(self, pa: int) -> int:
        port, lock, offset = self._find(pa)
        async with lock:
            with self.awake():
                return await port.read32(offset)

    async def _bus_write32(self, pa: int, value: int) -> None:
        port, lock, offset = self._find(pa)
        async with lock:
            with self.awake():
                await port.write32(offset, value)
