# SPDX-License-Identifier: Apache-2.0
"""`make synth SWEEP=1`: how the area grows with each parameter that sets a size.

    python -m sim.sweep [--only PARAMETER] [--check]

Changes one parameter of `tiny` at a time and counts LUT4, flip-flops (Yosys for ECP5, hierarchy
kept, as in sim/synth_flow.py) and RAM bits of the whole SMMU. A module is mapped once for each set
of its own parameters: what a point does not change is not mapped again, and stays in
sim/build/sweep, by a digest of the sources, so that a run that was stopped goes on.

Writes docs/sweep.json, docs/sweep.svg and the section of docs/performance.md that shows them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from dataclasses import replace
from typing import Any

from sim import runner, sources, sweep_page
from sim import synth_flow as flow
from sim.options import BUILD_ROOT, ROOT, OptionError, close_to

TOP, BASE = "smmu_top", "tiny"
FOLDER = BUILD_ROOT / "sweep"
RESULT = BUILD_ROOT / "sweep.json"
POINTS = {
    "TBU_SLOTS": (8, 16, 32, 64),
    "UTLB_ENTRIES": (4, 8, 16, 32),
    "WALK_SLOTS": (1, 2, 4, 8, 16),
    "TLB_SETS": (64, 128, 256, 512),
    "TLB_WAYS": (1, 2, 4, 8),
    "NUM_TBU": (1, 2, 4),
}
Cells = dict[str, dict[str, int]]  # derived module: LUT4 and flip-flops of its own


def digest() -> str:
    """16 hex digits over the RTL and the script that maps it."""
    found = hashlib.sha256(f"{flow.COARSE}{flow.LUTS}".encode())
    files = sources.closure(TOP)
    for path in sorted({*files, *sources.headers_of(files)}):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]


def points(only: str = "") -> list[tuple[str, int]]:
    """(parameter, value) of every point; OptionError for an unknown parameter."""
    if only and only not in POINTS:
        raise OptionError(f"no sweep of {only}; close: {close_to(only, list(POINTS))}")
    return [(name, value) for name, values in POINTS.items() if only in ("", name)
            for value in values]  # fmt: skip


def design(name: str, value: int) -> flow.Design:
    """The base with one parameter changed."""
    base = flow.of_tree(TOP, BASE, FOLDER / digest())
    return replace(base, params=base.params | {name: value})


def hierarchies(designs: list[flow.Design]) -> list[dict[str, Any]]:
    """Modules of each design, derived but not elaborated."""
    files = [d.out(f"tree{k}.json") for k, d in enumerate(designs)]
    script = flow.sources_of(designs[0]) + "design -save sources\n"
    for d, file in zip(designs, files, strict=True):
        # processes cannot be written, and elaborating them takes most of the time
        script += f"design -load sources\n{flow.hierarchy(d)}delete */p:*\n"
        script += f"write_json {flow.in_tree(file)}\n"
    flow.yosys(designs[0], "hierarchies", script, files)
    trees = [json.loads(file.read_text())["modules"] for file in files]
    for file in files:
        file.unlink()  # 10 MB each
    return trees


def map_new(d: flow.Design, modules: dict[str, Any], known: Cells) -> Cells:
    """Own cells of the modules that are not known yet."""
    inside = flow.instances(modules, d.top)
    boxes = [name for name in inside if name in known]
    left, stat = d.out("left.il"), d.out("cells.json")
    script = f"{flow.read(d, boxes)}{flow.COARSE}{flow.ecp5(d.top, left, stat)}"
    flow.yosys(d, "cells", script, [stat])
    mapped = json.loads(stat.read_text())["modules"]
    cells = {name.lstrip("\\"): row["num_cells_by_type"] for name, row in mapped.items()}
    return {
        name: {"lut4": cells[key].get("LUT4", 0), "ff": cells[key].get("TRELLIS_FF", 0)}
        for name in inside
        if name not in known and (key := name.lstrip("\\")) in cells
    }


def total(d: flow.Design, modules: dict[str, Any], cells: Cells) -> dict[str, int]:
    """LUT4, flip-flops and RAM bits of the whole design."""
    shapes, found = flow.ram_shapes(modules), {"lut4": 0, "ff": 0, "ram_bits": 0}
    for name, times in flow.instances(modules, d.top).items():
        for column in ("lut4", "ff"):
            found[column] += times * cells.get(name, {}).get(column, 0)
        width, depth, _ = shapes.get(name, (0, 0, 0))
        found["ram_bits"] += times * width * depth
    return found


def run(chosen: list[tuple[str, int]]) -> dict[str, Any]:
    """Measure the points; FlowError when a tool fails."""
    designs = [design(name, value) for name, value in chosen]
    store = designs[0].folder / "known.json"
    cells: Cells = json.loads(store.read_text()) if store.is_file() else {}
    rows = []
    for (name, value), d, modules in zip(chosen, designs, hierarchies(designs), strict=True):
        start = time.monotonic()
        cells.pop(d.top, None)  # it has the same name with any parameters
        new = map_new(d, modules, cells)
        cells |= new
        store.write_text(json.dumps(cells))
        row = {"parameter": name, "value": value, **total(d, modules, cells)}
        rows.append(row)
        cost = f"{row['lut4']} LUT4, {row['ff']} FF, {row['ram_bits']} RAM bits"
        took = f"{len(new)} modules mapped, {time.monotonic() - start:.0f} s"
        print(f"{name} {value}: {cost} ({took})", flush=True)
    base = runner.config_params(BASE)
    return {"rtl": digest(), "base": {n: base[n] for n in POINTS}, "points": rows}


def main() -> int:
    """Run the sweep and write what the page shows."""
    parser = argparse.ArgumentParser(prog="python -m sim.sweep", description=__doc__)
    parser.add_argument("--only", default="", help="only this parameter; writes no page")
    parser.add_argument("--check", action="store_true", help="do the committed areas tell of it?")
    args = parser.parse_args()
    if args.check:
        stale = sweep_page.stale(digest())
        print(stale or "docs/sweep.json tells of this RTL")
        return 1 if stale else 0
    start = time.monotonic()
    try:
        result = run(points(args.only))
    except OptionError as err:
        print(f"sweep: {err}", file=sys.stderr)
        return 2
    except flow.FlowError as err:
        print(f"sweep: {err}", file=sys.stderr)
        return 1
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    if not args.only:
        sweep_page.write(result)
        for path in (sweep_page.DATA, sweep_page.PLOT, sweep_page.PAGE):
            print(f"wrote {path.relative_to(ROOT)}")
    print(f"result: {RESULT.relative_to(ROOT)} ({time.monotonic() - start:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
