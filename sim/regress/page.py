# SPDX-License-Identifier: Apache-2.0
"""sim/build/regress/index.html: a regression as one page that needs nothing from elsewhere."""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from sim import coverage_data, history
from sim.options import ROOT
from sim.regress import store
from sim.regress.job import LOG, Job
from sim.regress.state import Outcome, Regression
from tb.tools import check_plan
from tb.tools.gen_yaml import SpecError
from tb.tools.plan_file import Plan, read_plan

FILE = "index.html"
TEMPLATE = "page.html.j2"
PAST_RUNS = 30  # in the table of regressions
TREND_RUNS = 10  # in the row of a test
FOLDERS = {"models": "models", "sim": "tools", "unit": "blocks", "smmu": "whole SMMU",
           "system": "software stack"}  # fmt: skip
REPRO = re.compile(r"REPRO: (make .*)")


@dataclass(frozen=True)
class Row:
    """A result as the page shows it."""

    name: str
    features: tuple[str, ...]
    job: Job
    state: str
    wall_s: float
    message: str
    log: str
    waves: str
    repro: str
    trend: tuple[tuple[str, str], ...]  # (regression, state), oldest first


def features_by_test(plan: Plan) -> dict[str, tuple[str, ...]]:
    """The features of a test of the plan, by the areas of the rules it shows."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for point in plan.testpoints:
        for name in point.tests:
            for rule in point.rules:
                found[name][plan.catalogue.features[rule.partition("-")[0]]] = None
    return {name: tuple(features) for name, features in found.items()}


def write(regression: Regression, outcomes: Sequence[Outcome], counts: Counter[str], left: int,
          database: Path, coverage: Path = coverage_data.FOLDER / "cov.json") -> Path:  # fmt: skip
    """The page of a regression that has ended, or was interrupted with ``left`` runs to go."""
    place = regression.place
    past = store.runs(database)[-PAST_RUNS:]
    names = [run.id for run in past[-TREND_RUNS:]]
    trends = store.states(names, database)
    try:
        plan, broken = read_plan(), ""
        tests = features_by_test(plan)
    except SpecError as err:
        plan, broken, tests = None, str(err), {}
    rows = [row for outcome in outcomes for row in _rows(outcome, tests, trends, names, place)]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    text = environment.get_template(TEMPLATE).render(
        regression=regression, counts=counts, left=left, rows=rows, past=past,
        grid=_grid(rows, regression.seeds), plan=_plan(plan), broken=broken,
        coverage=_coverage(coverage, place), junit="junit.xml",
    )  # fmt: skip
    target = place / FILE
    temporary = target.with_name(f"{FILE}.part")
    temporary.write_text(text)
    temporary.replace(target)
    return target


def _rows(outcome: Outcome, tests: dict[str, tuple[str, ...]],
          trends: dict[store.Test, dict[str, str]], names: list[str],
          place: Path) -> Iterable[Row]:  # fmt: skip
    job_log = _link(outcome.folder / LOG, place)
    for test in outcome.tests:
        function = test.node.rpartition("::")[2]
        name = f"{function}/{test.inner}" if test.inner else function
        log = ROOT / test.log if test.log else None
        waves = _link(log.with_name("waves.fst"), place) if log else ""
        trend = trends.get((test.node, test.inner, test.sim, test.config, outcome.job.scale), {})
        bad = test.state in ("failed", "error")
        yield Row(
            name, _features(test, tests), outcome.job, "failed" if bad else test.state, test.wall_s,
            test.message, (_link(log, place) if log else "") or job_log, waves,
            _repro(name, outcome) if bad else "",
            tuple((run, trend[run]) for run in names if run in trend),
        )  # fmt: skip
    if outcome.lost:
        folder = _folder(outcome.job.file)
        yield Row(outcome.job.file, (folder,), outcome.job, "failed",
                  outcome.verdict.wall_s if outcome.verdict else 0.0, outcome.lost, job_log, "",
                  outcome.job.repro.removeprefix("REPRO: "), ())  # fmt: skip


def _repro(name: str, outcome: Outcome) -> str:
    """The command of the log that names the test, else that of the whole run."""
    log = outcome.folder / LOG
    lines = REPRO.findall(log.read_text(errors="replace")) if log.is_file() else []
    whole = outcome.job.repro.removeprefix("REPRO: ")
    return next((line for line in lines if name in line), whole)


def _features(test: history.Record, tests: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    function = test.node.rpartition("::")[2].partition("[")[0]
    found = (*tests.get(f"{function}/{test.inner}", ()), *tests.get(function, ()))
    return tuple(dict.fromkeys(found)) or (_folder(test.node),)


def _folder(path: str) -> str:
    """What a test without a testpoint belongs to."""
    part = path.removeprefix("tests/").partition("/")[0]
    return f"other: {FOLDERS.get(part, part)}"


def _link(target: Path, place: Path) -> str:
    """From the page to a file, empty when there is none."""
    return Path(os.path.relpath(target, place)).as_posix() if target.is_file() else ""


def _grid(rows: list[Row], seeds: list[int]) -> list[tuple[str, list[tuple[int, int, int]]]]:
    """(feature, [(seed, passed, failed)]), features in order, the others last."""
    cells: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for row in rows:
        for feature in row.features:
            cells[feature, row.job.seed][row.state] += 1
    features = sorted({feature for feature, _ in cells}, key=lambda f: (f.startswith("other:"), f))
    return [
        (feature, [
            (seed, count["passed"], count["failed"])
            for seed in seeds for count in [cells[feature, seed]]
        ])
        for feature in features
    ]  # fmt: skip


def _plan(plan: Plan | None) -> dict[str, Any] | None:
    """Rules, covered and passing, by feature and in all."""
    if plan is None:
        return None
    state = check_plan.State(plan, check_plan.Results(history.latest()))
    features = plan.catalogue.features
    return {
        "features": [(text, *state.counts(area)) for area, text in features.items()],
        "all": state.counts(),
    }


def _coverage(file: Path, place: Path) -> dict[str, Any] | None:
    """The figures of the last `make cov`; None without one."""
    try:
        data = json.loads(file.read_text())
        figures = {kind: float(value) for kind, value in data["summary"].items()}
        return {"figures": figures, "bars": dict(data["bars"]),
                "page": _link(file.with_name("index.html"), place)}  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
