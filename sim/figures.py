# SPDX-License-Identifier: Apache-2.0
"""Figures of tests: what random tests went through, summed over processes and runs.

A test calls ``publish``; every process appends to the file of FIGURES, which the session (`make
test`) or the run (`make regress`) names and sums up at its end. Standard library only.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from sim.options import BUILD_ROOT

VARIABLE = "FIGURES"
FOLDER = BUILD_ROOT / "figures"


def publish(name: str, **counts: float) -> None:
    """Print one line of figures and keep it for the sum; ``seconds`` makes a rate of the first."""
    print(line(name, counts), flush=True)
    if path := os.environ.get(VARIABLE):
        with open(path, "a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            handle.write(json.dumps({"name": name, "counts": counts}) + "\n")


def line(name: str, counts: Mapping[str, float]) -> str:
    """The line of figures a reader sees."""
    parts = [f"{key} {value:,}" for key, value in counts.items() if key != "seconds"]
    if seconds := counts.get("seconds"):
        parts[0] += f" ({next(iter(counts.values())) / seconds:,.0f}/s)"
    return f"figures: {name}: " + ", ".join(parts)


def total(*paths: Path) -> dict[str, Counter[str]]:
    """Sums by name over files, in the order of their first mention; a missing file counts none."""
    sums: dict[str, Counter[str]] = {}
    for path in paths:
        if path.is_file():
            for text in path.read_text().splitlines():
                row = json.loads(text)
                sums.setdefault(row["name"], Counter()).update(row["counts"])
    return sums
