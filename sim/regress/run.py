# SPDX-License-Identifier: Apache-2.0
"""Runs what is left of a regression, a bounded number of runs at a time, and sums it up."""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

from sim import figures
from sim.options import shown
from sim.regress import junit, page, store
from sim.regress.executors import LocalExecutor
from sim.regress.job import FIGURES, KILLED, LOG, Job, read_verdict
from sim.regress.progress import Meter
from sim.regress.state import Outcome, Regression

POLL_S = 0.2


@dataclass(frozen=True)
class Running:
    """A run that was started."""

    job: Job
    handle: Any


def run_all(regression: Regression, executor: LocalExecutor, at_once: int) -> None:
    """Every run that is left; what has ended stays when this is interrupted."""
    waiting = deque(regression.left())
    total = len(regression.jobs)
    running: list[Running] = []
    with Meter(total, total - len(waiting)) as meter:
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    running.append(_start(regression, executor, waiting.popleft()))
                time.sleep(POLL_S)
                ended = [run for run in running if _ended(regression, executor, run)]
                running = [run for run in running if run not in ended]
                for run in ended:
                    meter.ended(_close(regression, executor, run))
        finally:
            executor.stop([run.handle for run in running])


def _start(regression: Regression, executor: LocalExecutor, job: Job) -> Running:
    return Running(job, executor.start(job, regression.folder_of(job)))


def _ended(regression: Regression, executor: LocalExecutor, run: Running) -> bool:
    verdict = read_verdict(regression.folder_of(run.job))
    # The verdict of a killed attempt stands there until the next one begins.
    return (verdict is not None and verdict.state != KILLED) or executor.gone(run.handle)


def _close(regression: Regression, executor: LocalExecutor, run: Running) -> Outcome:
    outcome = regression.outcome(run.job)
    if outcome.verdict is None:
        with open(outcome.folder / LOG, "a") as log:
            log.write(f"\n---- the worker\n{executor.output(run.handle)}\n")
    junit.write([outcome], outcome.folder / junit.FILE)
    return outcome


def reproduce(outcome: Outcome) -> list[str]:
    """The commands that repeat what failed: of its tests, else of the whole run."""
    log = outcome.folder / LOG
    text = log.read_text(errors="replace") if log.is_file() else ""
    lines = [] if outcome.lost else re.findall(r"REPRO: make .*", text)
    return list(dict.fromkeys(lines)) or [outcome.job.repro]


def report(regression: Regression, executor: str) -> bool:
    """Print failures and sums, write the results; True when all is well."""
    outcomes = [regression.outcome(job) for job in regression.jobs]
    for outcome in outcomes:
        if not outcome.ok:
            print(f"---- {outcome.lost or 'failed'}: {outcome.job.words}")
            print(f"log: {shown(outcome.folder / LOG)}")
            print("\n".join(reproduce(outcome)))
    paths = [outcome.folder / FIGURES for outcome in outcomes]
    for figure, counts in figures.total(*paths).items():
        print(figures.line(figure, counts))
    left_out = {f"{t.node.rpartition('::')[2]}/{t.inner}: {t.message}"
                for outcome in outcomes for t in outcome.tests if t.state == "skipped"}  # fmt: skip
    print("".join(f"SKIPPED {line}\n" for line in sorted(left_out)), end="")
    counts = keep(regression, outcomes, executor)
    print(f"results: {shown(regression.place / page.FILE)}, {junit.FILE}")
    for kind, told in (("skipped", "skipped"), ("partial", "of which TEST left out all or some")):
        if counts[kind]:
            print(f"{counts[kind]} {told}")
    print(f"{counts['passed']} passed, {counts['failed']} failed", flush=True)
    return counts["passed"] > 0 and not counts["failed"]


def keep(regression: Regression, outcomes: list[Outcome], executor: str) -> Counter[str]:
    """Write what is known by now: junit.xml, the history, the page; the sums."""
    counts = count(outcomes)
    junit.write(outcomes, regression.place / junit.FILE)
    database = regression.place / store.FILE
    store.save(regression, outcomes, counts, executor, database)
    page.write(regression, outcomes, counts, len(regression.left()), database)
    return counts


def interrupted(regression: Regression, executor: str) -> int:
    """Keep the results of the runs that have ended; how many are left."""
    outcomes = [regression.outcome(job) for job in regression.jobs]
    keep(regression, [outcome for outcome in outcomes if outcome.verdict], executor)
    return len(regression.left())


def count(outcomes: list[Outcome]) -> Counter[str]:
    """Tests by state, errors being failures; a run that failed itself is one failure more."""
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        for test in outcome.tests:
            counts["failed" if test.state == "error" else test.state] += 1
        counts["failed"] += bool(outcome.lost)
    return counts
