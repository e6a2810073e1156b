# SPDX-License-Identifier: Apache-2.0
"""Python side of tb_pulse_count: how often each wire of a group was 1 (interrupts, PMU events)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cocotb.triggers import Event

from sim.blackbox import MissingError
from tb.bfm.mailbox import Unit, drain


class PulseCounts:
    """Counts by name since this object was made.

    With ``wake`` Python runs at each pulse, ``changed`` fires and ``observers`` are told the names
    of the wires; without, counts cost nothing.
    """

    def __init__(self, handle: Any, names: Sequence[str], wake: bool = False,
                 absent: Mapping[str, str] | None = None) -> None:  # fmt: skip
        """``absent``: pin by name of the wires that the design lacks; MissingError tells it."""
        self._absent = absent or {}
        unit = Unit(handle)
        self._words = unit.words("count_mem")
        self._last = unit.words("last_mem")
        self._index = {name: i for i, name in enumerate(names)}
        self._base = {name: self._words.get(i) for name, i in self._index.items()}
        self._count = unit.reg("any_cnt_q")
        self._start = self._count.get()
        self.changed = Event()
        self.observers: list[Callable[[list[str]], None]] = []
        self._told = self.all() if wake else {}
        if wake:
            drain(self._count, self._pulse)

    def __getitem__(self, name: str) -> int:
        if pin := self._absent.get(name):
            raise MissingError(f"has no pin {pin}")
        return self._words.get(self._index[name]) - self._base[name]

    def last(self, name: str) -> int:
        """Cycle (rising edges since the start of the run) of the latest pulse."""
        return self._last.get(self._index[name])

    @property
    def total(self) -> int:
        """Cycles in which any wire was 1."""
        return self._count.get() - self._start

    def all(self) -> dict[str, int]:
        """Every count."""
        return {name: self[name] for name in self._index if name not in self._absent}

    def _pulse(self, number: int) -> None:
        del number
        if self.observers:
            now = self.all()
            wires = [name for name in now if now[name] != self._told[name]]
            self._told = now
            for observer in self.observers:
                observer(wires)
        self.changed.set()
        self.changed.clear()
