# SPDX-License-Identifier: Apache-2.0
"""Fast access to the registers and memories of a transactor, and wake-ups when its counters move.

The transactors exchange whole bursts with Python through plain registers. Reading one through
``handle.value`` builds a ``LogicArray`` that would be turned into an integer at once, writing one
goes through checks of type, phase and sign: most of the cost of a burst. On Verilator values lie
in the memory of this process, two-state and little endian (sim/verilator_main.cpp says where):
they are read and written there. A transactor looks at what Python writes at the next clock edge,
so the design need not be evaluated for it. Elsewhere the simulator's own calls do both.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from typing import Any

import cocotb
from cocotb import simulator
from cocotb.handle import SimHandleBase
from cocotb.triggers import Event, ReadWrite
from cocotb.utils import get_sim_time

_lookup = getattr(ctypes.CDLL(None), "transactor_storage", None)
if _lookup is not None:
    _lookup.restype = ctypes.c_void_p
    _lookup.argtypes = [ctypes.c_char_p, ctypes.c_char_p]


def _storage(handle: Any, words: int, width: int) -> memoryview | None:
    """The bytes of ``words`` words of ``width`` bits, where the simulator keeps them."""
    if _lookup is None:
        return None
    scope, _, name = handle._path.rpartition(".")
    address = _lookup(scope.encode(), name.encode())
    if not address:
        return None
    return memoryview((ctypes.c_ubyte * (words * _stride(width))).from_address(address)).cast("B")


def _stride(width: int) -> int:
    """Bytes Verilator gives a word: 1, 2, 4, 8, then a multiple of 4."""
    if width > 64:
        return -(-width // 32) * 4
    return next(size for size in (1, 2, 4, 8) if width <= 8 * size)


class Register:
    """One register of a transactor, written by only one side."""

    __slots__ = ("_bits", "_stored", "_width", "get", "handle")

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self._bits = handle._handle.get_signal_val_binstr
        self._width = len(handle)
        self.get: Callable[[], int] = self._get  # its value now; ValueError when it holds X
        self._stored = stored = _storage(handle, 1, self._width)
        if stored is not None:
            self.get = partial(int.from_bytes, stored, "little")
            assert self.get() == self._get(), f"{handle._path} lies elsewhere"

    def _get(self) -> int:
        return int(self._bits(), 2)

    def set(self, value: int) -> None:
        """Deposit a value; it is visible before the next clock edge. ValueError: does not fit."""
        if value >> self._width:
            raise ValueError(f"{value:#x} does not fit {self._width} bits of {self.handle._path}")
        if self._stored is not None:
            self._stored[:] = value.to_bytes(len(self._stored), "little")
        else:
            self.handle.value = value


class Words:
    """A Verilog memory whose words nobody looks at before a register is written or after."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._count = len(handle)
        self._cells: dict[int, Register] = {}
        self._width = len(handle[handle.range.left])
        self._stride = _stride(self._width)
        self._stored = _storage(handle, self._count, self._width)

    def _cell(self, index: int) -> Register:
        cell = self._cells.get(index)
        if cell is None:
            cell = self._cells[index] = Register(self._handle[index])
        return cell

    def __len__(self) -> int:
        return self._count

    def get(self, index: int) -> int:
        """Word ``index``."""
        if self._stored is None:
            return self._cell(index).get()
        at = index * self._stride
        return int.from_bytes(self._stored[at : at + self._stride], "little")

    def set(self, index: int, value: int) -> None:
        """Write word ``index``. ValueError: does not fit."""
        if self._stored is None:
            self._cell(index).set(value)
            return
        if value >> self._width:
            raise ValueError(f"{value:#x} does not fit {self._width} bits of {self._handle._path}")
        at = index * self._stride
        self._stored[at : at + self._stride] = value.to_bytes(self._stride, "little")


class Unit:
    """Registers and memories of one Verilog module by name, cached."""

    def __init__(self, handle: SimHandleBase) -> None:
        if get_sim_time() == 0:
            # the initial blocks of the transactors may not have run: counters read as noise
            raise RuntimeError("await tb.bfm.clock.begin() before making transactors")
        self.handle = handle
        self._registers: dict[str, Register] = {}
        self._words: dict[str, Words] = {}

    def reg(self, name: str) -> Register:
        """The register ``name``."""
        if name not in self._registers:
            self._registers[name] = Register(getattr(self.handle, name))
        return self._registers[name]

    def words(self, name: str) -> Words:
        """The memory ``name``."""
        if name not in self._words:
            self._words[name] = Words(getattr(self.handle, name))
        return self._words[name]


class _Counter:
    """A counter of a transactor, and what to do for each of its steps."""

    def __init__(self, register: Register, work: Callable[[int], None], rank: int) -> None:
        self.register, self.work, self.rank = register, work, rank
        self.seen = register.get()
        self.callback: Any = None  # while the simulator watches it

    def catch_up(self) -> None:
        """Work off everything that is new."""
        now = self.register.get()
        while self.seen != now:
            self.work(self.seen)
            self.seen = (self.seen + 1) & 0xFFFFFFFF


class _Counters:
    """All counters of one test.

    Plain callbacks of the simulator, no task of their own: Python runs once for a time step in
    which any counter moved, when the registers of that step have all settled, and works them off
    in the order they were made. Only then do tasks go on that waited for what has ended. The wait
    is needed on Verilator too: without it who waits for one transactor would go on before the
    others have been read.
    """

    def __init__(self) -> None:
        self._all: list[_Counter] = []
        self._moved: list[_Counter] = []
        self._ended = False
        self._life = cocotb.start_soon(self._live())

    async def _live(self) -> None:
        try:
            await Event().wait()
        finally:  # the test has ended
            self._ended = True

    @property
    def over(self) -> bool:
        """The test these counters belong to has ended."""
        return self._life.done()

    def add(self, register: Register, work: Callable[[int], None]) -> None:
        """Watch one more."""
        counter = _Counter(register, work, len(self._all))
        self._all.append(counter)
        self._watch(counter)

    def close(self) -> None:
        """Watch nothing any more."""
        for counter in self._all:
            if counter.callback is not None:
                counter.callback.deregister()
        self._all = []

    def _watch(self, counter: _Counter) -> None:
        counter.callback = simulator.register_value_change_callback(
            counter.register.handle._handle, self._notice, simulator.VALUE_CHANGE, counter
        )

    def _notice(self, counter: _Counter) -> None:
        counter.callback = None
        if not self._moved:
            ReadWrite()._register(self._settled)
        self._moved.append(counter)

    def _settled(self) -> None:
        moved, self._moved = self._moved, []
        if self._ended:
            return
        if len(moved) > 1:
            moved.sort(key=lambda counter: counter.rank)
        try:
            for counter in moved:
                self._watch(counter)
                counter.catch_up()
        except Exception as error:  # an error of the test, which only a task can tell it
            cocotb.start_soon(_fail(error))


_counters: _Counters | None = None


async def _fail(error: Exception) -> None:
    raise error


def drain(count: Register, work: Callable[[int], None]) -> None:
    """Call ``work(n)`` once for each step n of a counter the transactor increments."""
    global _counters
    if _counters is not None and _counters.over:
        _counters.close()
        _counters = None
    if _counters is None:
        _counters = _Counters()
    _counters.add(count, work)


def percent(value: float) -> int:
    """A probability in percent as the n/256 the transactors take."""
    if not 0 <= value <= 100:
        raise ValueError(f"{value} is not a percentage")
    return round(value * 256 / 100)
