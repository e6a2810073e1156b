# SPDX-License-Identifier: Apache-2.0
"""`make cov`: coverage of hdl/smmu, code and function, over the tests of its blocks and the whole.

    python -m sim.cov [--report]

Runs the tests of PARTS with Verilator's coverage and with the points of tb/env/coverage.py, merges
what they leave and writes sim/build/cov/index.html and cov.json. Exit code 1 when a test failed, a
bar of BARS is missed, an uncovered line of hdl/smmu has no waiver in sim/cov_waivers.yaml, or a
waiver is stale. --report judges again what the last run left.

A line is covered when everything that begins on it was taken in some run (every arm of an `if` or
`case` counts on its own line); a toggle point is one bit of one signal, rising or falling.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import yaml
from cocotb_coverage.coverage import merge_coverage

from sim import coverage_data, runner
from sim.cov_report import page
from sim.options import ROOT, OptionError, from_env
from tb.env.coverage_rules import by_rule

FOLDER = coverage_data.FOLDER
FUNCTIONAL = FOLDER / "functional"
WAIVERS = ROOT / "sim" / "cov_waivers.yaml"
SOURCES = "hdl/smmu/"
BARS = {"line": 98.0, "functional": 98.0}
# (tests, configuration, what is counted); toggles cost most, one whole build has them. The tiny
# configuration has every feature (D22) and reaches every line.
PARTS = (
    ("tests/unit", "tiny", "line"),
    ("tests/smmu", "tiny", "toggle"),
)
LEFT_OUT = "not bfm and not dma"  # blocks that are not of hdl/smmu


@dataclass(frozen=True)
class Waiver:
    """Lines that no test reaches, and why that is right; ``line`` is a regular expression."""

    file: str
    line: str
    reason: str


@dataclass
class Source:
    """Coverage of one file: by line, by toggle point and by arm of a `?:`."""

    lines: dict[int, bool] = field(default_factory=dict)
    toggles: dict[str, bool] = field(default_factory=dict)
    branches: dict[str, bool] = field(default_factory=dict)


@dataclass
class Result:
    """All that is judged and shown."""

    files: dict[str, Source]
    functional: dict[str, dict[str, int]]
    waived: dict[tuple[str, int], str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def percent(self, kind: str) -> float:
        """Share of what was hit, of `line`, `toggle`, `branch` or `functional`."""
        if kind == "functional":
            flags = [hits > 0 for bins in self.functional.values() for hits in bins.values()]
        else:
            parts = {"line": "lines", "toggle": "toggles", "branch": "branches"}
            flags = [
                hit
                for source in self.files.values()
                for hit in getattr(source, parts[kind]).values()
            ]
        return 100.0 * sum(flags) / len(flags) if flags else 0.0


# ---- running ----------------------------------------------------------------------------------


def run_tests(seed: int) -> list[str]:
    """The parts one after the other; those that failed."""
    shutil.rmtree(coverage_data.DATA, ignore_errors=True)
    shutil.rmtree(FUNCTIONAL, ignore_errors=True)
    FUNCTIONAL.mkdir(parents=True)
    jobs = os.environ.get("JOBS", "").strip() or str(min(4, os.cpu_count() or 1))
    bad = []
    for tests, config, counted in PARTS:
        start = time.monotonic()
        log = FOLDER / f"{tests.replace('/', '_')}-{config}.log"
        variables = {
            coverage_data.VARIABLE: counted,
            "FUNCTIONAL_COVERAGE": str(FUNCTIONAL),
            "SIM": "verilator", "CONFIG": config, "SEED": str(seed), "TEST": "",
        }  # fmt: skip
        command = [sys.executable, "-m", "pytest", "-q", "-k", LEFT_OUT, tests]
        command += ["-n", jobs, "--dist", "worksteal"] if jobs != "1" else []
        with log.open("w") as out:
            code = subprocess.run(
                command, cwd=ROOT, env=runner.tool_env() | variables, stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, check=False,
            ).returncode  # fmt: skip
        told = "ok    " if code == 0 else "FAILED"
        print(f"{told} {tests} CONFIG={config} ({time.monotonic() - start:.0f} s)", flush=True)
        if code:
            bad.append(f"{tests} on {config} failed, see {log.relative_to(ROOT)}")
    return bad


# ---- merging ----------------------------------------------------------------------------------


def code_coverage(points: Mapping[coverage_data.Point, bool]) -> dict[str, Source]:
    """By file of hdl/smmu; parameters make several builds of one file, any of them counts."""
    files: dict[str, Source] = defaultdict(Source)
    for point, hit in points.items():
        if not point.file.startswith(SOURCES):
            continue
        source = files[point.file]
        if point.kind == "toggle":
            source.toggles[point.what] = source.toggles.get(point.what, False) or hit
        elif point.kind == "branch":
            name = f"{point.line}:{point.column} {point.what}"
            source.branches[name] = source.branches.get(name, False) or hit
        else:
            for line in point.lines or (point.line,):
                source.lines[line] = source.lines.get(line, True) and hit
    return dict(sorted(files.items()))


def functional_coverage() -> dict[str, dict[str, int]]:
    """Hits by point and bin; OptionError when no run has left any."""
    found = sorted(map(str, FUNCTIONAL.glob("*.xml")))
    if not found:
        where = FUNCTIONAL.relative_to(ROOT) if FUNCTIONAL.is_relative_to(ROOT) else FUNCTIONAL
        raise OptionError(
            f"no functional coverage in {where}: no bench of the whole SMMU ran to its end; "
            "`make cov` runs them"
        )
    target = FOLDER / "functional.xml"
    merge_coverage(lambda text: None, str(target), *found)
    points: dict[str, dict[str, int]] = {}
    for element in ElementTree.parse(target).getroot().iter():
        bins = {b.get("bin", ""): int(b.get("hits", 0)) for b in element if b.get("bin")}
        if bins:
            points[element.get("abs_name", "").removeprefix("top.smmu.")] = bins
    if not any(hits for bins in points.values() for hits in bins.values()):
        raise OptionError(f"the functional coverage of {len(found)} runs is empty: nothing was hit")
    return points


# ---- judging ----------------------------------------------------------------------------------


def read_waivers(path: Path = WAIVERS) -> list[Waiver]:
    """The list; OptionError when it is none."""
    try:
        rows = yaml.safe_load(path.read_text())["waivers"] or []
        found = [Waiver(**row) for row in rows]
        for waiver in found:
            re.compile(waiver.line)
            if not waiver.reason.strip():
                raise TypeError(f"{waiver.file}: no reason")
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, re.error) as err:
        raise OptionError(f"{path.name}: not a list of waivers ({err!r})") from err
    return found


def judge(result: Result, waivers: list[Waiver]) -> None:
    """Fill in what is waived and what is wrong."""
    used: set[Waiver] = set()
    for name, source in result.files.items():
        text = (ROOT / name).read_text().splitlines()
        for number in sorted(n for n, hit in source.lines.items() if not hit):
            line = text[number - 1].strip()
            fitting = [w for w in waivers if w.file == name and re.search(w.line, line)]
            if fitting:
                used.add(fitting[0])
                result.waived[name, number] = fitting[0].reason
            else:
                result.problems.append(f"{name}:{number}: not covered: {line}")
    result.problems += [
        f"{WAIVERS.name}: stale: {w.file}: {w.line}" for w in waivers if w not in used
    ]
    for kind, bar in BARS.items():
        if result.percent(kind) < bar:
            result.problems.append(f"{kind} {result.percent(kind):.2f} % is below {bar:.0f} %")


def tell(result: Result) -> None:
    """Numbers and holes."""
    for kind in ("line", "branch", "toggle", "functional"):
        print(f"{kind:<10} {result.percent(kind):6.2f} %")
    for name, bins in result.functional.items():
        if holes := [b for b, hits in bins.items() if not hits]:
            print(f"hole: {name}: {', '.join(holes)}")
    for (name, number), reason in result.waived.items():
        print(f"waived: {name}:{number}: {reason}")
    for problem in result.problems:
        print(f"cov: {problem}")


def write(result: Result) -> None:
    """index.html and cov.json."""
    kinds = ("line", "branch", "toggle", "functional")
    summary = {kind: round(result.percent(kind), 2) for kind in kinds}
    (FOLDER / "cov.json").write_text(json.dumps({
        "summary": summary, "bars": BARS, "problems": result.problems,
        "files": {
            name: {
                "uncovered": sorted(n for n, hit in s.lines.items() if not hit),
                "lines": len(s.lines), "toggles": len(s.toggles),
                "toggles_hit": sum(s.toggles.values()), "branches": len(s.branches),
                "branches_hit": sum(s.branches.values()),
            }
            for name, s in result.files.items()
        },
        "functional": result.functional,
        "rules": {rule: {"hit": hit, "cases": total}
                  for rule, (hit, total) in by_rule(result.functional).items()},
        "waived": [{"file": f, "line": n, "reason": r} for (f, n), r in result.waived.items()],
    }, indent=1))  # fmt: skip
    (FOLDER / "index.html").write_text(page(result, summary))


def main() -> int:
    """Run, merge, judge, write."""
    parser = argparse.ArgumentParser(prog="python -m sim.cov", description=__doc__)
    parser.add_argument("--report", action="store_true")
    args = parser.parse_args()
    try:
        waivers = read_waivers()
        options = from_env()
    except OptionError as err:
        print(f"cov: {err}", file=sys.stderr)
        return 2
    bad = [] if args.report else run_tests(options.seed or 0)
    try:
        functional = functional_coverage()
        points = coverage_data.merged()
        if not points:
            raise OptionError("no code coverage: no run left any; `make cov` makes some")
    except OptionError as err:
        print(f"cov: {err}", file=sys.stderr)
        return 2
    result = Result(code_coverage(points), functional, problems=bad)
    judge(result, waivers)
    write(result)
    tell(result)
    print(f"report: {(FOLDER / 'index.html').relative_to(ROOT)}")
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
