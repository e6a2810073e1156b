# SPDX-License-Identifier: Apache-2.0
"""``python -m tb.compare`` (`make compare`): the schemes side by side.

Writes index.html and compare.json; with PICTURES=1 also what docs/vsva.md shows.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

from sim.options import BUILD_ROOT, pictures_wanted, shown
from sim.runner import BuildError, SimulationError
from tb.compare import docs, page, result, rtl
from tb.compare.measure import MAIN_COUNTS, SCHEMES, SIZES
from tb.compare.schemes import MeasureError

OUTPUT = BUILD_ROOT / "compare"
LARGEST = 4096


def sizes(text: str) -> list[int]:
    """Numbers of pages out of an option; ValueError says what is wrong."""
    words = text.replace(",", " ").split()
    if not words or not all(w.isdigit() and 1 <= int(w) <= LARGEST for w in words):
        raise ValueError(f"PAGES={text}: not numbers from 1 to {LARGEST}")
    return sorted({int(word) for word in words})


def summary(found: dict) -> str:
    """The largest size as a text."""
    pages = found["sizes"][-1]
    head = ["operation", "scheme", "cycles", *MAIN_COUNTS, "ratio"]
    rows = [[str(row[key]) for key in head] for row in found["rows"] if row["pages"] == pages]
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
    return "\n".join([
        f"{pages} pages; ratio: cycles with all software costs doubled",
        *("  ".join(f"{cell:>{w}}" for cell, w in zip(line, widths, strict=True))
          for line in [head, *rows]),
    ])  # fmt: skip


def write(found: dict, folder: Path) -> Path:
    """The page and its data; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compare.json").write_text(json.dumps(found, indent=1) + "\n")
    target = folder / "index.html"
    target.write_text(page.page(found))
    return target


def main(argv: list[str] | None = None) -> int:
    """Exit 0 when every scheme did its work, 2 for a wrong option."""
    parser = argparse.ArgumentParser(prog="python -m tb.compare", description=__doc__)
    parser.add_argument("--costs", type=Path, help="figures in place of those of costs.yaml")
    parser.add_argument("--pages", default=",".join(map(str, SIZES)), help="sizes, e.g. 1,16")
    parser.add_argument("--rtl", action="store_true", help="compare the counts with the RTL's")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    args = parser.parse_args(argv)
    start = time.monotonic()
    try:
        wanted = sizes(args.pages)
        if pictures_wanted() and (args.costs or wanted != list(SIZES)):
            raise ValueError("PICTURES=1: docs/ shows all sizes with the costs of the tree")
        jobs = min(2, os.cpu_count() or 1)
        found = result.run(wanted, args.costs, jobs)
        if args.rtl:
            found["rtl"] = rtl.check(rtl.PAGES)
    except (MeasureError, BuildError, SimulationError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 1
    except ValueError as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    target = write(found, args.output)
    print(summary(found))
    print(f"{len(SCHEMES)} schemes in {time.monotonic() - start:.0f} s; report: {shown(target)}")
    if pictures_wanted():
        docs.write(found)
    wrong = [row for row in found["rtl"] or [] if row["differs"]]
    for row in wrong:
        print(f"RTL, {row['scheme']}, {row['operation']}: {row['differs']}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
