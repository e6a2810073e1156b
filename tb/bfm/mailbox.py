# SPDX-License-Identifier: Apache-2.0
"""Fast access to the registers and memories of a transactor.

The transactors exchange whole bursts with Python through plain registers. Reading one through
``handle.value`` builds a ``LogicArray`` that would be turned into an integer at once, writing one
goes through checks of type, phase and sign: the simulator's own calls take half the time, which is
most of the cost of a burst. This is the only file that makes them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import cocotb
from cocotb.handle import SimHandleBase
from cocotb.task import Task
from cocotb.triggers import ReadWrite, ValueChange
from cocotb.utils import get_sim_time

# Where the simulator takes a deposit at any time (sim/runner.py knows), cocotb only passes it on.
_DIRECT = os.environ.get("COCOTB_TRUST_INERTIAL_WRITES") == "1"
_DEPOSIT = 0  # GPI's number of the action


class Register:
    """One register of a transactor, written by only one side."""

    __slots__ = ("_put", "_read", "_width", "handle")

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self._read = handle._handle.get_signal_val_binstr
        self._width = len(handle)
        short = self._width <= 32
        self._put = handle._handle.set_signal_val_int if short else self._put_bits

    def _put_bits(self, action: int, value: int) -> None:
        self.handle._handle.set_signal_val_binstr(action, f"{value:0{self._width}b}")

    def get(self) -> int:
        """Its value now. ValueError when it holds X."""
        return int(self._read(), 2)

    def set(self, value: int) -> None:
        """Deposit a value; it is visible before the next clock edge. ValueError: does not fit."""
        if not _DIRECT:
            self.handle.value = value
        elif value >> self._width:
            raise ValueError(f"{value:#x} does not fit {self._width} bits of {self.handle._path}")
        else:
            self._put(_DEPOSIT, value)


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
    edge have all settled, and works off everything that is new. The wait is needed on Verilator
    too: without it who waits for one transactor would go on before the others have been read.
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
