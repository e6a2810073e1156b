# SPDX-License-Identifier: Apache-2.0
"""One run of a regression: a pytest process, its results, its end; the same wherever it runs.

The folder of a run holds `job.log` (what pytest said), `tests.jsonl` (a line as each test ends),
`figures.jsonl`, one folder a simulation and, once the run has ended, `verdict.json`.
"""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from sim import figures, history, runner
from sim.options import ROOT, repro_line
from sim.processes import run_process

PASSED, FAILED, HUNG, KILLED = "passed", "failed", "hung", "killed"
RESULTS, LOG, VERDICT, FIGURES = "tests.jsonl", "job.log", "verdict.json", "figures.jsonl"
NOTES = {  # by exit code
    0: "",
    1: "",
    2: "pytest was interrupted",
    3: "pytest itself failed",
    4: "pytest refused its options",
    5: "no test ran",
}


@dataclass(frozen=True)
class Job:
    """What to run: TEST= within one file, for one simulator, configuration, seed and length."""

    test: str
    file: str
    sim: str
    config: str
    seed: int
    scale: int
    limit_s: float
    waves: bool = False

    @property
    def name(self) -> str:
        """Short, unique in a regression, fit for a folder."""
        named = self.file if self.test in ("", self.file) else f"{self.file}-{self.test}"
        short = re.sub(r"\W+", "_", named.removeprefix("tests/").replace(".py", ""))
        scaled = f"-x{self.scale}" if self.scale > 1 else ""
        return f"{short}-{self.sim}-{self.config}-s{self.seed}{scaled}"

    @property
    def build(self) -> str:
        """Simulator, configuration and, where it is not 1, length."""
        scaled = f" x{self.scale}" if self.scale > 1 else ""
        return f"{self.sim} {self.config}{scaled}"

    @property
    def words(self) -> str:
        """What a reader sees of it."""
        scaled = f" SCALE={self.scale}" if self.scale > 1 else ""
        part = f" {self.test}" if self.test not in ("", self.file) else ""
        return f"{self.file}{part} SIM={self.sim} CONFIG={self.config} SEED={self.seed}{scaled}"

    @property
    def repro(self) -> str:
        """The command that repeats all of it."""
        return repro_line(self.test, self.seed, self.sim, self.config, scale=self.scale)


@dataclass(frozen=True)
class Verdict:
    """How a run ended: passed, failed, hung (its time was over) or killed; ``note`` says more."""

    state: str
    wall_s: float
    note: str = ""


def read_verdict(folder: Path) -> Verdict | None:
    """The verdict of a run that has ended, else None."""
    try:
        return Verdict(**json.loads((folder / VERDICT).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def read_tests(folder: Path) -> list[history.Record]:
    """Results of the tests that have ended, in the order of their ends.

    A pytest function that passed has what failed inside it on purpose: that is left out; so is a
    function whose simulations tell more than it does.
    """
    records = history.latest(folder / RESULTS)
    states = {record.node: record.state for record in records if not record.inner}
    told = {r.node for r in records if r.inner and (r.state != "failed" or not _planted(r, states))}
    return [
        record
        for record in records
        if (record.inner and not _planted(record, states))
        or (not record.inner and (record.state == "error" or record.node not in told))
    ]


def _planted(record: history.Record, states: dict[str, str]) -> bool:
    return record.state == "failed" and states.get(record.node) in ("passed", "partial")


def execute(job: Job, folder: Path) -> Verdict:
    """Run the job, or return the verdict it has; two of one job wait for each other."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        verdict = read_verdict(folder)
        if verdict is None or verdict.state == KILLED:
            verdict = _run(job, folder)
            write_json(folder / VERDICT, asdict(verdict))
    return verdict


def write_json(path: Path, data: object) -> None:
    """All of the file or nothing of it."""
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_text(json.dumps(data, indent=1))
    temporary.replace(path)


def _run(job: Job, folder: Path) -> Verdict:
    for path in folder.iterdir():  # of an attempt that was killed
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != "lock":
            path.unlink()
    variables = {
        "TEST": job.test, "SIM": job.sim, "CONFIG": job.config, "SEED": str(job.seed),
        "SCALE": str(job.scale), "WAVES": str(int(job.waves)),
        figures.VARIABLE: str(folder / FIGURES), history.VARIABLE: str(folder / RESULTS),
        runner.RUNS_VARIABLE: str(folder),
    }  # fmt: skip
    start = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", job.file]
    env = runner.tool_env() | variables
    code, notes = run_process(command, env, ROOT, folder / LOG, job.limit_s)
    wall_s = round(time.monotonic() - start, 1)
    if notes:
        return Verdict(HUNG, wall_s, notes[0])
    if code < 0:
        return Verdict(KILLED, wall_s, f"pytest was killed by signal {-code}")
    note = NOTES.get(code, f"pytest ended with code {code} outside its tests")
    return Verdict(PASSED if code == 0 else FAILED, wall_s, note)
