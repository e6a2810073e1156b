# SPDX-License-Identifier: Apache-2.0
"""Deterministic scheduler in virtual time: runs the models with no simulator.

Tasks are plain coroutines; runnable ones are kept in a heap ordered by (cycle, order of
becoming runnable), so two runs with one seed are identical.  Idle time costs nothing.
"""

from __future__ import annotations

import heapq
import types
from collections.abc import Coroutine, Generator
from typing import Any, Protocol

from tb.models.costs import CostTable
from tb.models.platform import MemoryLike, Platform


class RegisterDevice(Protocol):
    """A device with 32-bit registers at byte offsets of its window."""

    def read32(self, offset: int) -> int: ...

    def write32(self, offset: int, value: int) -> None: ...


class DeadlockError(RuntimeError):
    """Tasks are left waiting and nothing can wake them."""


@types.coroutine
def _switch(request: Any) -> Generator[Any, Any, Any]:
    return (yield request)


class VirtualEvent:
    """Sticky event of the virtual scheduler."""

    def __init__(self, plat: VirtualPlatform, name: str) -> None:
        self._plat = plat
        self.name = name
        self._flag = False
        self._waiters: list[VirtualTask] = []

    def set(self) -> None:
        self._flag = True
        waiters, self._waiters = self._waiters, []
        for task in waiters:
            self._plat.make_ready(task, self._plat.now)

    def clear(self) -> None:
        self._flag = False

    def is_set(self) -> bool:
        return self._flag

    async def wait(self) -> None:
        if not self._flag:
            await _switch(self)

    def park(self, task: VirtualTask) -> None:
        """Called by the scheduler when ``task`` starts to wait here."""
        self._waiters.append(task)


class VirtualTask:
    """One coroutine under the virtual scheduler."""

    def __init__(self, plat: VirtualPlatform, coro: Coroutine[Any, Any, Any], name: str) -> None:
        self.coro = coro
        self.name = name
        self.result: Any = None
        self._finished = VirtualEvent(plat, f"done:{name}")

    def done(self) -> bool:
        return self._finished.is_set()

    def finish(self, result: Any) -> None:
        """Called by the scheduler when the coroutine returned."""
        self.result = result
        self._finished.set()

    async def join(self) -> Any:
        await self._finished.wait()
        return self.result


class VirtualPlatform(Platform):
    """Platform with a heap of runnable tasks and Python register devices."""

    def __init__(
        self, memory: MemoryLike, costs: CostTable, seed: int = 0, jitter_pct: int = 10
    ) -> None:
        super().__init__(memory, costs, seed, jitter_pct)
        self._now = 0
        self._order = 0
        self._heap: list[tuple[int, int, VirtualTask]] = []
        self._tasks: list[VirtualTask] = []
        self._windows: list[tuple[int, int, RegisterDevice]] = []

    @property
    def now(self) -> int:
        return self._now

    # ---- scheduling ---------------------------------------------------------------------
    def make_ready(self, task: VirtualTask, cycle: int) -> None:
        """Let ``task`` go on at ``cycle``."""
        self._order += 1
        heapq.heappush(self._heap, (cycle, self._order, task))

    def event(self, name: str = "") -> VirtualEvent:
        return VirtualEvent(self, name)

    def _start(self, coro: Coroutine[Any, Any, Any], name: str) -> VirtualTask:
        task = VirtualTask(self, coro, name)
        self._tasks.append(task)
        self.make_ready(task, self._now)
        return task

    async def _sleep(self, cycles: int) -> None:
        await _switch(cycles)

    def run(self, main: Coroutine[Any, Any, Any], limit: int = 20_000_000) -> Any:
        """Run ``main`` to its end and return its result; daemons are left where they are.

        ``limit`` is the watchdog in cycles.
        """
        task = self._start(main, "main")
        while not task.done():
            if not self._heap:
                raise DeadlockError("main waits for an event that nothing can set")
            cycle, _, ready = heapq.heappop(self._heap)
            if cycle > limit:
                raise TimeoutError(f"not finished after {limit} cycles")
            self._now = cycle
            self._step(ready)
        return task.result

    def close(self) -> None:
        """End all tasks where they are; nothing runs any more."""
        for task in self._tasks:
            task.coro.close()

    def _step(self, task: VirtualTask) -> None:
        try:
            request = task.coro.send(None)
        except StopIteration as stop:
            task.finish(stop.value)
            return
        if isinstance(request, int):
            self.make_ready(task, self._now + request)
        else:
            request.park(task)

    # ---- bus ----------------------------------------------------------------------------
    def add_device(self, base: int, size: int, device: RegisterDevice) -> None:
        """Put a register device at physical addresses ``base .. base+size-1``."""
        self._windows.append((base, size, device))

    def _find(self, pa: int) -> tuple[RegisterDevice, int]:
        for base, size, device in self._windows:
            if base <= pa < base + size:
                return device, pa - base
        raise LookupError(f"no device at physical address 0x{pa:x}")

    async def _bus_read32(self, pa: int) -> int:
        await self.spend("bus-mmio-read")
        device, offset = self._find(pa)
        return device.read32(offset)

    async def _bus_write32(self, pa: int, value: int) -> None:
        await self.spend("bus-mmio-write")
        device, offset = self._find(pa)
        device.write32(offset, value)
