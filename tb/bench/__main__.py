# SPDX-License-Identifier: Apache-2.0
"""``python -m tb.bench``: measure the RTL against its bars.

Prints one line a row and writes sim/build/bench.json and bench.html; all rows of ``default`` also
make docs/performance.md and docs/simulation-speed.md anew. Exit codes: 0 every bar is met, 1 a bar
is missed or a bench failed, 2 the request cannot be served. CONFIG picks the configuration; the
bars are those of ``default``. Rows of simulation speed (tb/bench/speed) always run ``default``.
``--check`` only says whether docs/performance.md is stale (exit 1).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sim import runner
from sim.options import BUILD_ROOT, OptionError, from_env
from tb.bench import report, table
from tb.bench.derive import derive
from tb.bench.figures import VARIABLE
from tb.bench.speed import page as speed_page
from tb.bench.speed import run as speed
from tb.bench.table import Row

RESULT = BUILD_ROOT / "bench.json"
TOP = "tb_smmu"
SEED = 1  # figures are compared from run to run: always the same traffic
# METER adds the meters, RAM_WORDS the data memory (4 MB), MST_SLOT_W the ring of 256 targets.
BUILD = {"METER": 1, "RAM_WORDS": 1 << 18, "MST_SLOT_W": 8}

Params = tuple[tuple[str, int], ...]
Figures = dict[str, dict[str, float]]


def plan(rows: Iterable[Row]) -> dict[Params, dict[str, list[str]]]:
    """Tests to run: by replaced parameters, then by module."""
    runs: dict[Params, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        for params in row.builds.values():
            tests = runs[tuple(sorted(params.items()))][row.module]
            if row.test not in tests:
                tests.append(row.test)
    return runs


def measure(params: Params, modules: Mapping[str, list[str]]) -> tuple[Figures, list[str]]:
    """Build once and run the tests; figures by row, and what went wrong."""
    build = runner.build(TOP, params=BUILD | dict(params), fast=True, waves=False)
    found: Figures = {}
    errors = []
    for module, tests in modules.items():
        path = build.folder / f"figures-{module}.json"
        path.unlink(missing_ok=True)
        try:
            runner.run(build, f"tb.bench.{module}", tests=tests, seed=SEED,
                       env={VARIABLE: str(path), "TEST": ""})  # fmt: skip
        except runner.SimulationError as error:
            errors.append(str(error))
        if path.is_file():
            found |= json.loads(path.read_text())
    return found, errors


def run(rows: Sequence[Row]) -> tuple[Figures, list[str]]:
    """Figures of every row, after all its builds."""
    results: dict[Params, Figures] = {}
    errors: list[str] = []
    for params, modules in plan(rows).items():
        results[params], problems = measure(params, modules)
        errors += problems
    figures = {}
    for row in rows:
        runs = {
            name: results[tuple(sorted(params.items()))].get(row.key, {})
            for name, params in row.builds.items()
        }
        figures[row.key] = derive(row.key, runs)
    return figures, errors


def plain(row: Row, figures: Figures) -> Any:
    """A plain number for a row of one figure, else a number per name."""
    values = figures[row.key]
    return next(iter(values.values())) if len(row.bars) == 1 and values else values


def write_result(rows: Sequence[Row], figures: Figures) -> None:
    """bench.json: figures of the RTL and of its simulation, all bars and verdicts."""
    found = {part: {r.key: plain(r, figures) for r in rows if (r.module == speed.MODULE) is of_sim}
             for part, of_sim in (("rtl", False), ("sim", True))}  # fmt: skip
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({
        "config": from_env().config,
        **found,
        "bars": {row.key: row.bar_text for row in rows},
        "verdicts": {row.key: row.verdict(figures[row.key]) for row in rows},
    }, indent=1) + "\n")  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m tb.bench", description=__doc__)
    parser.add_argument("--only", default="", help="row, or regular expression of rows")
    parser.add_argument("--check", action="store_true", help="is docs/performance.md stale?")
    options = parser.parse_args(argv)
    if options.check:
        print(report.stale() or "docs/performance.md tells of this tree")
        return 1 if report.stale() else 0
    try:
        rows = table.select(table.load() | table.load(speed.BARS), options.only)
        of_rtl = [row for row in rows if row.module != speed.MODULE]
        of_sim = [row for row in rows if row.module == speed.MODULE]
        figures, errors = run(of_rtl)
        if of_sim:
            found, problems = speed.measure(of_sim)
            figures |= found
            errors += problems
    except (OptionError, runner.BuildError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    write_result(rows, figures)
    RESULT.with_suffix(".html").write_text(report.page(rows, figures))
    if not options.only and not errors and from_env().config == report.CONFIG:
        report.PAGE.write_text(report.markdown(of_rtl, figures))
        speed_page.PAGE.write_text(speed_page.markdown(of_sim, figures))
    for text in errors:
        print(text, file=sys.stderr)
    print("\n".join(table.lines(rows, figures)))
    missed = [row.key for row in rows if row.verdict(figures[row.key]) != "ok"]
    print(f"{len(rows) - len(missed)} of {len(rows)} rows meet their bar")
    return 1 if missed or errors else 0


if __name__ == "__main__":
    sys.exit(main())
