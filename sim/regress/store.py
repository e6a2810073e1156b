# SPDX-License-Identifier: Apache-2.0
"""The results of all regressions of a tree, in SQLite: what the page shows over time.

The file stays when the runs themselves go, and `make clean` spares it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sim.options import OptionError
from sim.regress.state import Outcome, Regression

FILE = "history.sqlite"
SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, title TEXT, executor TEXT, tree TEXT, seeds TEXT, wall_s REAL,
    passed INTEGER, failed INTEGER, skipped INTEGER);
CREATE TABLE IF NOT EXISTS tests (
    id INTEGER PRIMARY KEY, node TEXT, inner TEXT, sim TEXT, config TEXT, scale INTEGER,
    UNIQUE (node, inner, sim, config, scale));
CREATE TABLE IF NOT EXISTS results (
    run TEXT, test INTEGER, seed INTEGER, state TEXT, wall_s REAL, sim_ns REAL,
    PRIMARY KEY (run, test, seed)) WITHOUT ROWID;
"""

# (node, inner, SIM, CONFIG, scale)
Test = tuple[str, str, str, str, int]


@dataclass(frozen=True)
class Past:
    """A regression of the history; ``wall_s`` is the sum over its runs."""

    id: str
    title: str
    executor: str
    tree: str
    seeds: str
    wall_s: float
    passed: int
    failed: int
    skipped: int


@contextlib.contextmanager
def _open(file: Path) -> Iterator[sqlite3.Connection]:
    """The database; a file that is none is an OptionError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=30)) as database, database:
            database.executescript(SCHEMA)
            yield database
    except sqlite3.DatabaseError as err:
        raise OptionError(f"{file.name}: {err}; move the file away") from err


def save(regression: Regression, outcomes: Iterable[Outcome], counts: Counter[str], executor: str,
         file: Path) -> None:  # fmt: skip
    """Keep a regression, or what is known of it by now; what was kept of it before is replaced."""
    outcomes = list(outcomes)
    wall_s = sum(outcome.verdict.wall_s for outcome in outcomes if outcome.verdict)
    seeds = " ".join(map(str, regression.seeds))
    head = (regression.id, regression.title, executor, regression.commit, seeds, wall_s)
    numbers = (counts["passed"], counts["failed"], counts["skipped"])
    with _open(file) as database:
        database.execute("DELETE FROM results WHERE run = ?", (regression.id,))
        database.execute("REPLACE INTO runs VALUES (?,?,?,?,?,?,?,?,?)", (*head, *numbers))
        for outcome in outcomes:
            for test in outcome.tests:
                key = (test.node, test.inner, test.sim, test.config, outcome.job.scale)
                names = "(node, inner, sim, config, scale)"
                database.execute(f"INSERT OR IGNORE INTO tests {names} VALUES (?,?,?,?,?)", key)
                database.execute(
                    "REPLACE INTO results SELECT ?, id, ?, ?, ?, ? FROM tests"
                    f" WHERE {names} = (?,?,?,?,?)",
                    (regression.id, test.seed, test.state, test.wall_s, test.sim_ns, *key),
                )


def runs(file: Path) -> list[Past]:
    """All regressions, the newest last."""
    with _open(file) as database:
        return [Past(*row) for row in database.execute("SELECT * FROM runs ORDER BY id")]


def results(run: str, file: Path) -> dict[tuple[Test, int], tuple[str, float]]:
    """(state, simulated ns) of every test and seed of a regression."""
    query = (
        "SELECT node, inner, sim, config, scale, seed, state, sim_ns"
        " FROM results JOIN tests ON results.test = tests.id WHERE run = ?"
    )
    with _open(file) as database:
        return {(tuple(r[:5]), r[5]): (r[6], r[7]) for r in database.execute(query, (run,))}


def states(names: list[str], file: Path) -> dict[Test, dict[str, str]]:
    """Worst state over the seeds by test and regression, of the regressions named."""
    found: dict[Test, dict[str, str]] = defaultdict(dict)
    for name in names:
        for (test, _), (state, _) in results(name, file).items():
            bad = state in ("failed", "error")
            if bad or name not in found[test]:
                found[test][name] = "failed" if bad else state
    return found
