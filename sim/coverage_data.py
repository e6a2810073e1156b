# SPDX-License-Identifier: Apache-2.0
"""Code coverage as simulations leave it: Verilator's coverage.dat, made small at once.

The points of a build (lines, branches, toggles) are the same in every run. The first run writes
them beside the build; of each run only a bitmap stays, under sim/build/cov/data.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sim.options import BUILD_ROOT, ROOT, OptionError

FOLDER = BUILD_ROOT / "cov"
DATA = FOLDER / "data"
VARIABLE = "HDL_COVERAGE"  # below `make cov`: line, or toggle for both
ARGS = {"": [], "line": ["--coverage-line"], "toggle": ["--coverage-line", "--coverage-toggle"]}
_POINT = re.compile(rb"^C '(.*)' (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Point:
    """Something a run may do: ``kind`` line, branch or toggle; ``lines`` it covers in the file."""

    file: str
    line: int
    column: int
    kind: str
    what: str
    lines: tuple[int, ...]


def args() -> list[str]:
    """What Verilator is told; nothing outside `make cov`."""
    return ARGS[os.environ.get(VARIABLE, "")]


def keep(dat: Path, build: Path) -> None:
    """Turn the file of a run into a bitmap; nothing when the simulator wrote none."""
    if not dat.is_file():
        return
    rows = sorted(_POINT.findall(dat.read_bytes()))
    dat.unlink()
    listing = build / "points"
    text = b"\n".join(name for name, _ in rows)
    if not listing.is_file():
        temporary = listing.with_name(f"points-{os.getpid()}")
        temporary.write_bytes(text)
        temporary.replace(listing)
    assert listing.read_bytes() == text, f"{build.name}: the points of two runs differ"
    bits = int("".join("1" if count != b"0" else "0" for _, count in reversed(rows)) or "0", 2)
    DATA.mkdir(parents=True, exist_ok=True)
    path = DATA / f"{build.name}-{os.getpid()}-{time.monotonic_ns()}.json"
    path.write_text(json.dumps({"build": str(build.relative_to(ROOT)), "hit": f"{bits:x}"}))


def merged() -> dict[Point, bool]:
    """Every point of every build with a run, and whether any run hit it."""
    hits: dict[str, int] = {}
    for path in sorted(DATA.glob("*.json")):
        row = json.loads(path.read_text())
        hits[row["build"]] = hits.get(row["build"], 0) | int(row["hit"], 16)
    found: dict[Point, bool] = {}
    for build, bits in hits.items():
        flags, listing = f"{bits:b}"[::-1], ROOT / build / "points"
        if not listing.is_file():
            raise OptionError(f"{build} is gone: run the tests again")
        for number, name in enumerate(listing.read_bytes().split(b"\n")):
            point = _decode(name)
            hit = number < len(flags) and flags[number] == "1"
            found[point] = found.get(point, False) or hit
    return found


def _decode(name: bytes) -> Point:
    pairs = (part.split("\x02", 1) for part in name.decode().split("\x01") if part)
    values = dict(pair for pair in pairs if len(pair) == 2)
    file = Path(values["f"])
    rel = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
    lines = tuple(_lines(values.get("S", "")))
    return Point(
        rel.as_posix(), int(values["l"]), int(values["n"]), values["t"], values["o"], lines
    )


def _lines(text: str) -> Iterator[int]:
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
