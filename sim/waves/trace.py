# SPDX-License-Identifier: Apache-2.0
"""A recorded simulation: variables by name, their changes, the scopes of a module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pywellen

from sim.options import OptionError, shown
from sim.waves import names

# (time in units of the file, value); None where bits are unknown
Changes = list[tuple[int, int | None]]
Texts = list[tuple[int, str]]


class Trace:
    """An FST of a top; ``unit_s`` is the time unit in seconds."""

    def __init__(self, path: Path, top: str) -> None:
        try:
            self._waveform = pywellen.Waveform(str(path))
        except Exception as err:  # the library has no class of its own for this
            raise OptionError(f"{shown(path)}: no waves can be read: {err}") from err
        self.path, self.top = path, top
        self._vars = {v.full_name: v for v in self._waveform.all_vars()}
        scale = self._waveform.timescale
        self.unit_s = scale.factor * 10.0 ** (scale.unit.to_exponent() or 0)

    def __contains__(self, name: str) -> bool:
        return name in self._vars

    @property
    def variables(self) -> list[str]:
        """Full names."""
        return list(self._vars)

    def _var(self, name: str) -> pywellen.Var:
        if name not in self._vars:
            raise OptionError(f"{name} is not recorded")
        return self._vars[name]

    def width(self, name: str) -> int:
        """Bits of a variable."""
        return int(self._var(name).length or 1)

    def changes(self, name: str) -> Changes:
        """All changes of a variable, the first at the begin."""
        signal = self._var(name).signal
        return [(time, value if isinstance(value, int) else None)
                for time, value in (signal[i] for i in range(len(signal)))]  # fmt: skip

    def scopes(self, module: str) -> list[str]:
        """Scopes of a module, in their order."""
        scopes = dict.fromkeys(name.rpartition(".")[0] for name in self._vars)
        found = [
            scope
            for scope in scopes
            if scope.startswith(self.top) and names.module_of(scope, self.top) == module
        ]
        # generate blocks and functions inside belong to the scope above
        return [scope for scope in found if scope.rpartition(".")[0] not in found]


def combine(parts: Sequence[Changes], text: Callable[..., str]) -> Texts:
    """What ``text`` makes of several variables, whenever one of them changes."""
    now: list[int | None] = [None] * len(parts)
    steps = sorted((time, i, value) for i, part in enumerate(parts) for time, value in _known(part))
    result: Texts = []
    for at, (time, i, value) in enumerate(steps):
        now[i] = None if value < 0 else value
        if at + 1 < len(steps) and steps[at + 1][0] == time:
            continue
        told = text(*now)
        if not result or result[-1][1] != told:
            result.append((time, told))
    return result


def _known(part: Changes) -> Iterable[tuple[int, int]]:
    return ((time, -1 if value is None else value) for time, value in part)


def at(texts: Texts, time: int) -> str:
    """The value at a time."""
    value = texts[0][1] if texts else ""
    for when, told in texts:
        if when > time:
            break
        value = told
    return value
