# SPDX-License-Identifier: Apache-2.0
"""Time, events and bus access as the software models see them (architecture section 3).

The models never know what advances time.  Everything they wait for goes through a
:class:`Platform`: delays in cycles of the SMMU clock, events, tasks, and 32-bit accesses to
physical device registers.  ``virtual_time.VirtualPlatform`` runs them with no simulator;
``tb/system`` supplies the one that awaits simulator triggers.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from tb.models.costs import CostTable

UNTRACED = ("user", "bus")  # polling, and what the bus shows itself
STEPS_KEPT = 30_000  # of a run, for its trace


class MemoryLike(Protocol):
    """The part of ``tb.models.memory.Memory`` that the software stack uses."""

    def read(self, pa: int, n: int, who: str = "") -> tuple[bytes, bool]: ...

    def write(self, pa: int, data: bytes, strb: Any = None, who: str = "") -> bool: ...


class Event(Protocol):
    """A sticky flag: ``wait`` returns at once while it is set."""

    def set(self) -> None: ...

    def clear(self) -> None: ...

    def is_set(self) -> bool: ...

    def wait(self) -> Awaitable[Any]: ...


class Task(Protocol):
    """A running coroutine."""

    def join(self) -> Awaitable[Any]: ...

    def done(self) -> bool: ...


class Platform(ABC):
    """What one machine offers to software: time, cores to run on, memory and registers.

    ``ledger`` adds up the cycles spent per software layer; ``counters`` counts occurrences
    (exits, commands, events) under free names.  ``jitter_pct`` spreads every software cost by
    a seeded plus or minus so that runs of different seeds interleave differently.
    """

    def __init__(
        self,
        memory: MemoryLike,
        costs: CostTable,
        seed: int = 0,
        jitter_pct: int = 10,
    ) -> None:
        self.memory = memory
        self.costs = costs
        self.rng = random.Random(seed)
        self.jitter_pct = jitter_pct
        self.ledger: Counter[str] = Counter()
        self.counters: Counter[str] = Counter()
        self.irq: dict[str, Event] = {}
        self.steps: list[tuple[str, str, int, int]] = []  # layer, step, from, to; see STEPS_KEPT
        self._crashes: tuple[type[Exception], ...] = ()
        self._on_crash: Callable[[Exception], None] = lambda error: None

    # ---- what an implementation supplies ------------------------------------------------
    @property
    @abstractmethod
    def now(self) -> int:
        """Present time in cycles of the SMMU clock."""

    @abstractmethod
    async def _sleep(self, cycles: int) -> None:
        """Let ``cycles`` clock cycles pass."""

    @abstractmethod
    def event(self, name: str = "") -> Event:
        """Make a new event, initially clear."""

    @abstractmethod
    def _start(self, coro: Coroutine[Any, Any, Any], name: str) -> Task:
        """Run ``coro`` beside the caller; an exception in it ends the whole run."""

    @abstractmethod
    async def _bus_read32(self, pa: int) -> int:
        """Read one 32-bit device register over the bus."""

    @abstractmethod
    async def _bus_write32(self, pa: int, value: int) -> None:
        """Write one 32-bit device register over the bus."""

    # ---- tasks --------------------------------------------------------------------------
    def spawn(self, coro: Coroutine[Any, Any, Any], name: str = "") -> Task:
        """Run ``coro`` beside the caller; an exception ends the run unless it is caught."""
        return self._start(self._guarded(coro) if self._crashes else coro, name)

    def catch(
        self, kinds: tuple[type[Exception], ...], handler: Callable[[Exception], None]
    ) -> None:
        """From now on a task that ends with one of ``kinds`` calls ``handler`` and stays open."""
        self._crashes, self._on_crash = kinds, handler

    async def _guarded(self, coro: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await coro
        except self._crashes as error:
            self._on_crash(error)
            await self.event("crashed").wait()  # nobody may take this task for finished

    # ---- what the models use ------------------------------------------------------------
    async def delay(self, cycles: int, layer: str = "idle") -> None:
        """Spend ``cycles`` and book them to ``layer``."""
        if cycles > 0:
            self.ledger[layer] += cycles
            await self._sleep(cycles)

    async def spend(self, item: str, times: int = 1) -> None:
        """Spend the cost of a named software step from the cost table."""
        cost = self.costs[item]
        spread = cost.cycles * self.jitter_pct // 100
        cycles = cost.cycles * times
        if spread:
            cycles += self.rng.randint(-spread, spread)
        start = self.now
        await self.delay(max(cycles, 1), cost.layer)
        if cost.layer not in UNTRACED and len(self.steps) < STEPS_KEPT:
            self.steps.append((cost.layer, item, start, self.now))

    async def mmio_read32(self, pa: int) -> int:
        """Read a physical device register; waits for the bus."""
        self.counters["mmio-read"] += 1
        return await self._bus_read32(pa)

    async def mmio_write32(self, pa: int, value: int) -> None:
        """Write a physical device register; waits for the bus."""
        self.counters["mmio-write"] += 1
        await self._bus_write32(pa, value & 0xFFFF_FFFF)

    async def mmio_write64(self, pa: int, value: int) -> None:
        """Write a 64-bit register as two halves, high half first.

        Queue and table bases take effect through an enable written later, so the order of the
        halves is free; high first keeps an armed low half from being seen alone.
        """
        await self.mmio_write32(pa + 4, value >> 32)
        await self.mmio_write32(pa, value)

    def irq_line(self, name: str) -> Event:
        """The event of one interrupt wire, made on first use."""
        if name not in self.irq:
            self.irq[name] = self.event(f"irq:{name}")
        return self.irq[name]


class Mutex:
    """First come, first served lock on top of platform events."""

    def __init__(self, plat: Platform, name: str = "") -> None:
        self._plat = plat
        self._name = name
        self._held = False
        self._queue: deque[Event] = deque()

    async def acquire(self) -> None:
        if not self._held:
            self._held = True
            return
        turn = self._plat.event(f"mutex:{self._name}")
        self._queue.append(turn)
        await turn.wait()  # the lock is handed over still held

    def release(self) -> None:
        if self._queue:
            self._queue.popleft().set()
        else:
            self._held = False

    async def __aenter__(self) -> Mutex:
        await self.acquire()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.release()


class Channel:
    """Unbounded first in, first out hand-over between tasks."""

    def __init__(self, plat: Platform, name: str = "") -> None:
        self._items: deque[Any] = deque()
        self._ready = plat.event(f"channel:{name}")
        self._busy = 0
        self._idle = plat.event(f"channel-idle:{name}")
        self._idle.set()

    def put(self, item: Any) -> None:
        self._items.append(item)
        self._idle.clear()
        self._ready.set()

    async def get(self) -> Any:
        """Take the oldest item; call :meth:`done` when it is dealt with."""
        while not self._items:
            self._ready.clear()
            await self._ready.wait()
        self._busy += 1
        return self._items.popleft()

    def done(self) -> None:
        """The item last taken is dealt with."""
        self._busy -= 1
        if not self._items and not self._busy:
            self._idle.set()

    async def drain(self) -> None:
        """Wait until everything put so far is dealt with (``flush_workqueue``)."""
        await self._idle.wait()

    def __len__(self) -> int:
        return len(self._items)
