# SPDX-License-Identifier: Apache-2.0
"""Rows of the benches: their bars, their verdicts, their lines. No simulator needed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from sim.options import OptionError, close_to

BARS = Path(__file__).with_name("bars.yaml")
KEYS = {"is", "bound", "peers", "test", "unit", "figures", "builds"}
HEAD = ("row", "figure", "bar", "verdict")


@dataclass(frozen=True)
class Bar:
    """What one figure must reach; no limit at all: reported only."""

    least: float | None = None
    most: float | None = None

    def holds(self, value: float) -> bool:
        """Whether a figure reaches the bar."""
        if self.least is not None and value < self.least:
            return False
        return self.most is None or value <= self.most

    def __str__(self) -> str:
        parts = [
            f"{sign} {limit:g}"
            for sign, limit in (("≥", self.least), ("≤", self.most))
            if limit is not None
        ]
        return " ".join(parts) or "-"


@dataclass(frozen=True)
class Row:
    """One row of bars.yaml."""

    key: str
    module: str
    test: str
    unit: str
    bars: Mapping[str, Bar]
    builds: Mapping[str, Mapping[str, int]]
    what: str
    bound: str
    peers: Mapping[str, str]

    @property
    def bar_text(self) -> str:
        """All bars; said once when they are the same."""
        texts = [str(bar) for bar in self.bars.values()]
        if len(set(texts)) == 1:
            return texts[0] + (" each" if len(texts) > 1 else "")
        return ", ".join(f"{name} {text}" for name, text in zip(self.bars, texts, strict=True))

    def figure_text(self, figures: Mapping[str, float] | None, digits: int = 4) -> str:
        """The figures as measured, fractions with so many digits."""
        if not figures:
            return "not measured"
        one = len(self.bars) == 1
        parts = [
            f"{'' if one else name + ' '}{_number(figures[name], digits)}"
            for name in self.bars
            if name in figures
        ]
        return f"{', '.join(parts)} {self.unit}"

    def verdict(self, figures: Mapping[str, float] | None) -> str:
        """``ok``, ``MISSED`` (a bar) or ``FAILED`` (a judged figure was not measured)."""
        judged = [n for n, bar in self.bars.items() if bar != Bar()]
        if not figures or any(name not in figures for name in judged):
            return "FAILED"
        return "ok" if all(self.bars[n].holds(figures[n]) for n in judged) else "MISSED"


def _number(value: float, digits: int) -> str:
    return (
        f"{value:.{digits}f}"
        if isinstance(value, float) and value != int(value)
        else f"{value:.0f}"
    )


def load(path: Path = BARS) -> dict[str, Row]:
    """Every row. ValueError names what is wrong with the file."""
    rows = {}
    for key, item in yaml.safe_load(path.read_text()).items():
        if unknown := set(item) - KEYS:
            raise ValueError(f"{path.name}: {key}: unknown {', '.join(sorted(unknown))}")
        module, _, test = item["test"].partition("/")
        bars = {}
        for name, limits in item["figures"].items():
            limits = limits or {}
            if set(limits) - {"min", "max"}:
                raise ValueError(f"{path.name}: {key}: {name}: only min and max")
            bars[name] = Bar(limits.get("min"), limits.get("max"))
        builds = item.get("builds") or {"": {}}
        rows[key] = Row(key, module, test, item["unit"], bars, builds,
                        item["is"], item["bound"], item.get("peers", {}))  # fmt: skip
    return rows


def select(rows: Mapping[str, Row], wanted: str) -> list[Row]:
    """Rows of a name or of a regular expression; all for an empty one."""
    if wanted in rows:
        return [rows[wanted]]
    try:
        pattern = re.compile(wanted)
    except re.error as error:
        raise OptionError(f"ONLY={wanted}: not a regular expression ({error})") from None
    found = [row for key, row in rows.items() if pattern.search(key)]
    if not found:
        raise OptionError(f"ONLY={wanted}: no such bench; like it: {close_to(wanted, list(rows))}")
    return found


def lines(rows: Sequence[Row], figures: Mapping[str, Mapping[str, float]]) -> list[str]:
    """One line a row, columns aligned, under a head line."""
    cells = [HEAD] + [
        (r.key, r.figure_text(figures.get(r.key)), r.bar_text, r.verdict(figures.get(r.key)))
        for r in rows
    ]
    widths = [max(len(row[k]) for row in cells) for k in range(3)]
    return [
        "  ".join([*(text.ljust(w) for text, w in zip(row, widths, strict=False)), row[3]])
        for row in cells
    ]
