# SPDX-License-Identifier: Apache-2.0
"""Fast access to the registers and memories of a transactor.

The transactors exchange whole bursts with Python through plain registers. Reading one through
``handle.value`` builds a ``LogicArray`` that would be turned into an integer at once; reading the
simulator's bit string directly takes half the time, which is most of the cost of a burst. This is
the only file that does so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cocotb
from cocotb.handle import SimHandleBase
from cocotb.task import Task
from cocotb.triggers import ReadWrite, ValueChange
from cocotb.utils import get_sim_time


class Register:
    """One register of a transactor, written by only one side."""

    __slots__ = ("_read", "handle")

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self._read = handle._handle.get_signal_val_binstr

    def get(self) -> int:
        """Its value now. ValueError when it holds X."""
        return int(self._read(), 2)

    def set(self, value: int) -> None:
        """Deposit a value; it is visible before the next clock edge."""
        self.handle.value = value


class Words:
    """A Verilog memory; element handles are looked up once."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._cells: dict[int, Register] = {}

    def _cell(self, index: int) -> Register:
        cell = self._cells.get(index)
        if cell is None:
            cell = self._cells[index] = Register(self._handle[index])
        return cell

    def __len__(self) -> int:
        return len(self._handle)

    def get(self, index: int) -> int:
        """Word ``index``."""
        return self._cell(index).get()

    def set(self, index: int, value: int) -> None:
        """Deposit word ``index``."""
        self._cell(index).set(value)


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


def drain(count: Register, work: Callable[[int], None], name: str) -> Task[None]:
    """Call ``work(n)`` once for each step n of a counter the transactor increments.

    Python wakes once per clock edge on which the counter moved, waits until the registers of that
    edge have all settled, and works off everything that is new.
    """
    seen = count.get()

    async def pump() -> None:
        nonlocal seen
        changed = ValueChange(count.handle)
        while True:
            await changed
            await ReadWrite()
            now = count.get()
            while seen != now:
                work(seen)
                seen = (seen + 1) & 0xFFFFFFFF

    return cocotb.start_soon(pump())


def percent(value: float) -> int:
    """A probability in percent as the n/256 the transactors take."""
    if not 0 <= value <= 100:
        raise ValueError(f"{value} is not a percentage")
    return round(value * 256 / 100)
