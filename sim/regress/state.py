# SPDX-License-Identifier: Apache-2.0
"""What a regression keeps on disk, so that it can be resumed, shown and compared.

sim/build/regress/runs/<id>/run.json says what was asked for; jobs/<name> below it belongs to one
run. The folder of the regression before goes when a new one starts.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sim import history
from sim.options import BUILD_ROOT, ROOT, OptionError
from sim.regress.job import FAILED, KILLED, Job, Verdict, read_tests, read_verdict, write_json

FOLDER = BUILD_ROOT / "regress"
RUN_FILE = "run.json"


@dataclass(frozen=True)
class Regression:
    """A regression: ``asked`` are the variables it was started with, ``commit`` the tree it saw."""

    id: str
    title: str  # name of the list, or TEST=..
    seed: int
    seeds: list[int]
    asked: dict[str, str]
    commit: str
    jobs: list[Job] = field(repr=False)
    place: Path = field(repr=False)

    @property
    def folder(self) -> Path:
        """Where all of it is kept."""
        return self.place / "runs" / self.id

    def folder_of(self, job: Job) -> Path:
        """Where one run is kept."""
        return self.folder / "jobs" / job.name

    def outcome(self, job: Job) -> Outcome:
        """What is known of a run now."""
        folder = self.folder_of(job)
        return Outcome(job, folder, read_verdict(folder), read_tests(folder))

    def left(self) -> list[Job]:
        """Runs that have not come to their end; one that was killed has not."""
        verdicts = ((job, read_verdict(self.folder_of(job))) for job in self.jobs)
        return [job for job, verdict in verdicts if verdict is None or verdict.state == KILLED]


@dataclass(frozen=True)
class Outcome:
    """A run as far as it came."""

    job: Job
    folder: Path
    verdict: Verdict | None
    tests: list[history.Record]

    @property
    def failed(self) -> list[history.Record]:
        """Tests that failed."""
        return [test for test in self.tests if test.state in ("failed", "error")]

    @property
    def ok(self) -> bool:
        """True when it came to a good end."""
        return bool(self.verdict) and self.verdict.state == "passed" and not self.failed

    @property
    def lost(self) -> str:
        """Why the run itself, not one of its tests, counts as a failure; else empty."""
        if self.verdict is None:
            return "killed: the worker ended without a result"
        if self.verdict.state == FAILED:
            return "" if self.failed else self.verdict.note or "pytest failed outside its tests"
        return "" if self.verdict.state == "passed" else self.verdict.note


def commit() -> str:
    """The commit of the tree, with + when files differ from it; `unknown` without git."""

    def git(*args: str) -> str:
        done = subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(done.stderr)
        return done.stdout.strip()

    try:
        return git("rev-parse", "--short=10", "HEAD") + (
            "+" if git("status", "--porcelain") else ""
        )
    except OSError:
        return "unknown"


def begin(title: str, seed: int, seeds: list[int], jobs: list[Job], asked: Mapping[str, str],
          place: Path) -> Regression:  # fmt: skip
    """A new regression on disk; those before go."""
    shutil.rmtree(place / "runs", ignore_errors=True)
    name = time.strftime("%Y%m%d-%H%M%S")
    regression = Regression(name, title, seed, seeds, dict(asked), commit(), jobs, place)
    regression.folder.mkdir(parents=True)
    data = {k: v for k, v in asdict(regression).items() if k not in ("id", "place")}
    write_json(regression.folder / RUN_FILE, data)
    return regression


def latest(place: Path) -> Regression:
    """The regression on disk; OptionError when there is none."""
    found = sorted(place.glob(f"runs/*/{RUN_FILE}"))
    if not found:
        raise OptionError("RESUME=1: no regression to resume; start one without it")
    data = json.loads(found[-1].read_text())
    data["jobs"] = [Job(**job) for job in data["jobs"]]
    return Regression(id=found[-1].parent.name, place=place, **data)


@contextlib.contextmanager
def alone(place: Path) -> Iterator[None]:
    """One regression of a tree at a time."""
    place.mkdir(parents=True, exist_ok=True)
    with open(place / "lock", "a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise OptionError(
                f"another regression runs in this tree (process {handle.read().strip()})"
            ) from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield
