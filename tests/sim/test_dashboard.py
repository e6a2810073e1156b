# SPDX-License-Identifier: Apache-2.0
"""The page of a regression in a real headless Chromium; also makes the pictures of docs/.

    PICTURES=1 make test TEST=test_dashboard     writes docs/dashboard*.png

The regression shown is made up: names and features are those of the test plan, results are not.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from sim import history
from sim.options import pictures_wanted
from sim.regress import page, run, state, store
from sim.regress.job import LOG, Job, Verdict
from tb.tools.plan_file import cases_named, read_plan
from tests.sim.browser import opened

SEEDS = [0, 17, 4711]
EVERY = 6  # test of the plan is taken
FAILING = 23  # every so manyth fails with the last seed
RUNS = 6
COVERAGE = {"summary": {"line": 99.12, "functional": 97.5}, "bars": {"line": 98, "functional": 98}}


@dataclass(frozen=True)
class Made:
    """A page, and what must be seen on it."""

    file: Path
    regression: state.Regression
    tests: list[history.Record]

    def count(self, **wanted: str) -> int:
        """Results with these values."""
        return sum(
            all(str(getattr(test, name)) == value for name, value in wanted.items())
            for test in self.tests
        )


def _names() -> list[tuple[str, str, str]]:
    """(file, function, cocotb test) of the tests of the plan."""
    points = [name for point in read_plan().testpoints for name in point.tests]
    found = [(case.path, case.name, inner) for name in points for case, inner in cases_named(name)]
    return list(dict.fromkeys(found))


def _record(job: Job, name: tuple[str, str, str], rng: random.Random, bad: bool) -> history.Record:
    path, function, inner = name
    return history.Record(
        f"{path}::{function}", inner, job.sim, job.config, job.seed,
        "failed" if bad else "passed", rng.uniform(0.1, 9.0), rng.randrange(1000, 90000),
        "AssertionError: made up: got 0x4000, want 0x4040" if bad else "",
    )  # fmt: skip


def _outcome(regression: state.Regression, job: Job, names: list[tuple[str, str, str]],
             fails: bool) -> state.Outcome:  # fmt: skip
    folder = regression.folder_of(job)
    folder.mkdir(parents=True)
    rng = random.Random(job.seed)
    records = []
    log = f"made up\n{job.repro}\n"
    for number, name in enumerate(names):
        bad = fails and job.seed == SEEDS[-1] and number % FAILING == 5
        records.append(_record(job, name, rng, bad))
        if number == 0:  # one that was recorded
            for file in ("sim.log", "waves.fst"):
                (folder / file).touch()
            records[0] = replace(records[0], log=str(folder / "sim.log"))
        if bad:
            log += f"REPRO: make test TEST={name[1]}/{name[2]} SEED={job.seed}\n"
    (folder / LOG).write_text(log)
    ended = Verdict("failed" if log.count("REPRO") > 1 else "passed", 60.0 + job.seed % 50)
    return state.Outcome(job, folder, ended, records)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The last of several regressions; it and one in the middle have failures."""
    place = tmp_path_factory.mktemp("dashboard")
    names = _names()
    jobs = [Job("tests/smmu", "tests/smmu/x.py", "verilator", config, seed, 1, 60.0)
            for config in ("tiny", "default") for seed in SEEDS]  # fmt: skip
    for number in range(RUNS):
        tree = f"{0x1D2C3B4A59 + number * 0x1234567:010x}"
        day = f"202611{20 + number}-010000"
        regression = state.Regression(day, "nightly", 4, SEEDS, {}, tree, jobs, place)
        fails = number in (2, RUNS - 1)
        outcomes = [_outcome(regression, job, names[::EVERY], fails) for job in jobs]
        counts = run.count(outcomes)
        executor = "slurm" if number % 2 else "local"
        store.save(regression, outcomes, counts, executor, place / store.FILE)
    (place / "junit.xml").write_text("<testsuites/>")
    coverage = place / "cov.json"
    coverage.write_text(json.dumps(COVERAGE))
    tests = [test for outcome in outcomes for test in outcome.tests]
    with pytest.MonkeyPatch.context() as patch:
        passed = [_record(jobs[0], name, random.Random(1), False) for name in names]
        patch.setattr(page.history, "latest", lambda: passed + tests)
        file = page.write(regression, outcomes, counts, 0, place / store.FILE, coverage)
    return Made(file, regression, tests)


@pytest.fixture(scope="module")
def browser_page(made: Made) -> Iterator[Page]:
    """The page in Chromium; errors of its script and requests elsewhere fail the test."""
    with opened(made.file) as shown:
        yield shown


def _shown(browser_page: Page) -> int:
    """Rows to be seen; the page says the same number."""
    rows = browser_page.locator("#results tbody tr:visible").count()
    assert browser_page.locator("#shown").inner_text() == str(rows)
    return rows


def _screenshot(browser_page: Page, name: str, tmp_path: Path) -> None:
    folder = pictures_wanted() or tmp_path
    browser_page.screenshot(path=folder / name)
    assert (folder / name).stat().st_size > 10_000


def test_dashboard_shows_all(browser_page: Page, made: Made, tmp_path: Path) -> None:
    """Sums, features, seeds, history, coverage and plan; every link leads to a file."""
    shown = browser_page
    assert shown.locator("#passed").inner_text() == str(made.count(state="passed"))
    assert shown.locator("#failed").inner_text() == str(made.count(state="failed")) != "0"
    assert _shown(shown) == len(made.tests)
    heads = shown.locator("#grid th").all_inner_texts()
    assert heads == ["feature", *map(str, SEEDS)]
    assert "stalls" in shown.locator("#grid td:first-child").all_inner_texts()
    assert shown.locator("#history tr").count() == RUNS + 1
    assert shown.locator("#plan tr").count() == len(read_plan().catalogue.features) + 1
    tiles = shown.locator(".tile").all_inner_texts()
    assert any("99.1 %" in tile for tile in tiles)
    assert "97.5 %" in shown.locator(".tile.bad", has_text="functional").inner_text()
    links = set(shown.eval_on_selector_all("a", "all => all.map(a => a.getAttribute('href'))"))
    assert len(links) > len(SEEDS)
    assert all((made.file.parent / link).is_file() for link in links)
    assert shown.locator("#results a", has_text="waves").count() == len(made.regression.jobs)
    _screenshot(shown, "dashboard.png", tmp_path)


def test_dashboard_filters_and_searches(browser_page: Page, made: Made, tmp_path: Path) -> None:
    """Every filter, alone and with others; the address holds them."""
    shown = browser_page
    shown.select_option("[name=seed]", str(SEEDS[1]))
    assert _shown(shown) == made.count(seed=str(SEEDS[1]))
    shown.select_option("[name=build]", "verilator tiny")
    assert _shown(shown) == made.count(seed=str(SEEDS[1]), config="tiny")
    shown.click("text=clear")
    shown.wait_for_function("rows.every(row => !row.tr.hidden)")
    assert _shown(shown) == len(made.tests)

    shown.fill("[name=q]", "no test has this name")
    assert _shown(shown) == 0
    some = made.tests[0].inner
    shown.fill("[name=q]", f"{some} tiny")
    assert _shown(shown) == len([t for t in made.tests if t.inner == some and t.config == "tiny"])
    shown.fill("[name=q]", "")

    shown.select_option("[name=state]", "failed")
    assert _shown(shown) == made.count(state="failed")
    repro = shown.locator("#results tbody tr:visible code").first.inner_text()
    assert repro.startswith("make test TEST=") and f"SEED={SEEDS[-1]}" in repro
    assert shown.locator("#results tbody tr:visible i.failed").count() > 0
    shown.locator("#filters").scroll_into_view_if_needed()
    shown.evaluate("document.getElementById('filters').scrollIntoView()")
    _screenshot(shown, "dashboard-failed.png", tmp_path)

    # A reader who gets the address sees the same.
    address = shown.url
    assert address.endswith("#state=failed")
    shown.goto("about:blank")
    shown.goto(address)
    assert _shown(shown) == made.count(state="failed")


def test_dashboard_cell_selects_feature_and_seed(browser_page: Page, made: Made) -> None:
    """A click on a cell of the table of features shows its results."""
    shown = browser_page
    shown.goto("about:blank")
    shown.goto(made.file.as_uri())
    cell = shown.locator(f"button.cell[data-feature='stalls'][data-seed='{SEEDS[0]}']")
    number = int(cell.inner_text())
    cell.click()
    shown.wait_for_function("location.hash.includes('feature=stalls')")
    assert 0 < _shown(shown) == number < len(made.tests)


def test_dashboard_of_an_interrupted_regression(made: Made) -> None:
    """It says how to go on; without coverage and plan it still is a page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "read_plan", _broken_plan)
        database = made.file.parent / store.FILE
        target = made.file.parent / "interrupted"
        target.mkdir()
        regression = state.Regression("20261201-000000", "<b>", 1, [0], {}, "x", [], target)
        text = page.write(regression, [], run.count([]), 3, database, target / "none").read_text()
    assert "3 runs left: make regress RESUME=1" in text
    assert "made up mistake" in text and "make cov" in text
    assert "Regression &lt;b&gt;" in text and "<b>" not in text.partition("</title>")[0]


def _broken_plan() -> None:
    raise page.SpecError("rules.yaml: made up mistake")
