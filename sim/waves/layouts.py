# SPDX-License-Identifier: Apache-2.0
"""What a wave viewer needs to show states by name, beside a recorded simulation.

waves.gtkw               GTKWave: states, walks and stalls as text
waves.sucl, .surfer/     Surfer, started in that folder: commands, and the names of states
states/                  GTKWave's names of states
life.vcd                 the lives of transactions (sim/waves/life.py) as text, for either viewer
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from sim.waves import life, names
from sim.waves.names import Table
from sim.waves.trace import Trace

GTKWAVE, SURFER, COMMANDS, LIVES = "waves.gtkw", ".surfer/mappings", "waves.sucl", "life.vcd"
NAMES = "states"
# GTKWave's flags of a row: hexadecimal, binary, a heading; with a file of names
HEX, BIN, HEADING, NAMED = 0x22, 0x28, 0x200, 0x2000
# bits of a walk slot and of a stall entry, the leftmost first, and what they make
WALK_TEXTS = ((life.FREE, "0...."), ("fault", "1...1"), ("done", "1..1."), ("waits", "1.1.."),
              ("ready", "11..."), ("reads", "1...."))  # fmt: skip
STALL_TEXTS = ((life.FREE, "0.."), ("lost", "1.1"), ("published", "11."), ("taken", "1.."))


@dataclass(frozen=True)
class Row:
    """A row of a layout: variables (of one bit each where there are several) and their names."""

    label: str
    variables: tuple[str, ...]
    bit: int | None = None
    table: Table | None = None


def _bits_table(name: str, texts: tuple[tuple[str, str], ...]) -> Table:
    """Every value of some bits: the first pattern that fits names it."""
    width = len(texts[0][1])
    found = []
    for value in range(1 << width):
        bits = f"{value:0{width}b}"
        told = next(t for t, p in texts if all(a in (".", b) for a, b in zip(p, bits, strict=True)))
        found.append((value, told))
    return Table(name, width, tuple(found))


def rows(trace: Trace) -> dict[str, list[Row]]:
    """The rows of a layout by heading; empty for a design without states."""
    slots = names.states("smmu_tbu_slot")
    found: dict[str, list[Row]] = {"TBU slots": [], "walk slots": [], "stall table": []}
    for scope in trace.scopes("smmu_tbu_slot"):
        label = " ".join(part for part in scope.split(".") if part.startswith(("g_tbu", "g_slot")))
        found["TBU slots"].append(Row(label, (f"{scope}.state_q",), table=slots))
    for heading, module, bits, texts in (
        ("walk slots", "smmu_walk_slots", life.WALK_BITS, WALK_TEXTS),
        ("stall table", "smmu_stall_table", life.STALL_BITS, STALL_TEXTS),
    ):
        table = _bits_table(module, texts)
        for scope in trace.scopes(module):
            variables = tuple(f"{scope}.{name}" for name in bits)
            for index in range(trace.width(variables[0])):
                label = f"{heading.split()[0]} {index}"
                found[heading].append(Row(label, variables, index, table))
    found["state machines"] = [
        Row(" ".join(scope.split(".")[-2:]), (variable,), table=table)
        for variable in trace.variables
        if variable.endswith(".state_q") and variable.startswith(trace.top)
        for scope in [variable.rpartition(".")[0]]
        for table in [names.states(names.module_of(scope, trace.top))]
        if table and table != slots
    ]
    return {heading: some for heading, some in found.items() if some}


def write(trace: Trace) -> list[Path]:
    """All files beside the waves; those that were written."""
    layout = rows(trace)
    if not layout:
        return []
    folder = trace.path.parent
    tables = {row.table.name: row.table for some in layout.values() for row in some if row.table}
    for name, table in tables.items():
        _put(
            folder / NAMES / name,
            (f"{value:0{table.width}b} {text}" for value, text in table.texts),
        )
        head = [f"Name = {name}", f"Bits = {table.width}"]
        _put(folder / SURFER / name, [*head, *(f"{value} {text}" for value, text in table.texts)])
    _put(folder / GTKWAVE, _gtkwave(trace, layout))
    _put(folder / COMMANDS, _surfer(trace, layout))
    _put(folder / LIVES, _lives(life.tracks(trace), trace.unit_s))
    return [folder / name for name in (GTKWAVE, COMMANDS, LIVES)]


def _put(path: Path, lines: Iterator[str] | list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, ""]))


def _gtkwave(trace: Trace, layout: dict[str, list[Row]]) -> Iterator[str]:
    def full(name: str) -> str:
        width = trace.width(name)
        return f"{name}[{width - 1}:0]" if width > 1 else name

    yield f'[dumpfile] "{trace.path}"'
    yield "[size] 1600 900"
    # the zoom at which a window of this size shows the whole run, as GTKWave itself saves it
    length = max(time for time, _ in trace.changes(f"{trace.top}.clk_i"))
    yield f"*{-math.log2(max(length, 13) / 6.5):.2f} -1 -1"
    yield "[sst_expanded] 0"
    yield f"@{HEX:x}"
    yield full(f"{trace.top}.clk_i")
    for heading, some in layout.items():
        yield f"@{HEADING:x}"
        yield f"-{heading}"
        for row in some:
            yield f"@{(HEX if row.table is None else BIN | NAMED):x}"
            if row.table:
                yield f"^1 {trace.path.parent / NAMES / row.table.name}"
            if row.bit is None:
                yield f"+{{{row.label}}} {full(row.variables[0])}"
            else:
                # (n) is the nth bit from the left
                parts = [f"({trace.width(name) - 1 - row.bit}){full(name)}"
                         if trace.width(name) > 1 else name for name in row.variables]  # fmt: skip
                yield f"#{{{row.label}}} {' '.join(parts)}"


def _surfer(trace: Trace, layout: dict[str, list[Row]]) -> Iterator[str]:
    yield f"variable_add {trace.top}.clk_i"
    for heading, some in layout.items():
        yield f'divider_add "{heading}"'
        for name in dict.fromkeys(name for row in some for name in row.variables):
            yield f"variable_add {name}"
            named = next((r.table for r in some if r.variables == (name,) and r.table), None)
            yield f"item_set_format {named.name if named else 'Binary'}"
    yield "zoom_fit"


def _lives(tracks: list[life.Track], unit_s: float) -> Iterator[str]:
    """A VCD whose variables are strings."""
    yield f"$timescale {round(unit_s / 1e-12)} ps $end"
    yield "$scope module life $end"
    codes = ["".join(pair) for pair in product(map(chr, range(33, 127)), repeat=2)]
    group = ""
    for track, code in zip(tracks, codes, strict=False):
        if track.group != group:
            if group:
                yield "$upscope $end"
            yield f"$scope module {track.group.replace(' ', '_')} $end"
            group = track.group
        yield f"$var string 1 {code} {track.name.replace(' ', '_')} $end"
    yield "$upscope $end"
    yield "$upscope $end"
    yield "$enddefinitions $end"
    now = -1
    changes = sorted((time, code, text) for track, code in zip(tracks, codes, strict=False)
                     for time, text in track.texts)  # fmt: skip
    for time, code, text in changes:
        if time != now:
            yield f"#{time}"
            now = time
        yield f"s{text.replace(' ', '_')} {code}"
