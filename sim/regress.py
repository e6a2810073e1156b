# SPDX-License-Identifier: Apache-2.0
"""`make regress`: the lists of sim/regress.yaml, each entry under several seeds.

One pytest process per simulator, configuration and seed; its output goes to a file of
sim/build/regress. Seed 0 is always in, the others are picked and so are new every night. Every
failing test is printed with the line that repeats it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from sim import figures, runner, selection
from sim.options import (
    BUILD_ROOT,
    ROOT,
    SIMULATORS,
    OptionError,
    close_to,
    config_names,
    from_env,
    pick_seed,
    repro_line,
)

LISTS_FILE = ROOT / "sim" / "regress.yaml"
LOG_DIR = BUILD_ROOT / "regress"


@dataclass(frozen=True)
class Entry:
    """One line of a list."""

    test: str
    sims: tuple[str, ...]
    configs: tuple[str, ...]
    seeds: int | None
    scale: int


@dataclass(frozen=True)
class Job:
    """One pytest process."""

    test: str
    sim: str
    config: str
    seed: int
    scale: int

    @property
    def log(self) -> Path:
        name = re.sub(r"\W+", "_", self.test) or "all"
        scaled = f"-x{self.scale}" if self.scale > 1 else ""
        return LOG_DIR / f"{name}-{self.sim}-{self.config}-s{self.seed}{scaled}.log"

    @property
    def figures(self) -> Path:
        """Where its tests leave their figures."""
        return self.log.with_suffix(".figures")


@dataclass(frozen=True)
class Verdict:
    """How a process ended; `repro` holds a command for each failing test."""

    job: Job
    ok: bool
    wall_s: float
    repro: tuple[str, ...]


def read_list(name: str, seen: tuple[str, ...] = ()) -> list[Entry]:
    """Entries of a list, those of lists inside it included."""
    lists = yaml.safe_load(LISTS_FILE.read_text())["lists"]
    if name not in lists:
        raise OptionError(f"LIST={name}: no such list; close: {close_to(name, list(lists))}")
    if name in seen:
        raise OptionError(f"{LISTS_FILE.name}: list {name} takes in itself")
    entries: list[Entry] = []
    for raw in lists[name]:
        if "list" in raw:
            entries += read_list(raw["list"], (*seen, name))
            continue
        unknown = {*raw} - {"test", "sims", "configs", "seeds", "scale"}
        unknown |= {*raw["sims"]} - {*SIMULATORS} | {*raw["configs"]} - {*config_names()}
        if unknown:
            raise OptionError(f"{LISTS_FILE.name}: {name}: unknown {', '.join(sorted(unknown))}")
        sims, configs = tuple(raw["sims"]), tuple(raw["configs"])
        scale = raw.get("scale", 1)
        entries.append(Entry(raw["test"], sims, configs, raw.get("seeds"), scale))
    return entries


def plan_jobs(entries: list[Entry], seeds: list[int], scale: int = 1) -> Iterator[Job]:
    """Every process of the entries; one whose test does not exist yet is named and left out."""
    for entry in entries:
        try:
            selection.select_cases(entry.test)
        except OptionError:
            print(f"regress: SKIPPED: no test for {entry.test!r} in this tree")
            continue
        for sim in entry.sims:
            for config in entry.configs:
                for seed in seeds[: entry.seeds]:
                    yield Job(entry.test, sim, config, seed, entry.scale * scale)


def run_job(job: Job) -> Verdict:
    """One pytest process over the selected tests."""
    start = time.monotonic()
    variables = {
        "TEST": job.test,
        "SIM": job.sim,
        "CONFIG": job.config,
        "SEED": str(job.seed),
        "SCALE": str(job.scale),
        "WAVES": "0",
        figures.VARIABLE: str(job.figures),
    }
    job.figures.unlink(missing_ok=True)
    nodes = sorted({case.node for case in selection.select_cases(job.test)})
    with open(job.log, "w") as out:
        code = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *nodes],
            cwd=ROOT,
            env=runner.tool_env() | variables,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    text = job.log.read_text(errors="replace")
    repro = tuple(dict.fromkeys(re.findall(r"REPRO: (make .*)", text)))
    if code and not repro:
        line = repro_line(job.test, job.seed, job.sim, job.config).removeprefix("REPRO: ")
        repro = (line + (f" SCALE={job.scale}" if job.scale > 1 else ""),)
    verdict = Verdict(job, code == 0, time.monotonic() - start, repro)
    print(
        f"{'ok    ' if verdict.ok else 'FAILED'} {job.test or 'all'} SIM={job.sim} "
        f"CONFIG={job.config} SEED={job.seed}"
        f"{f' SCALE={job.scale}' if job.scale > 1 else ''} ({verdict.wall_s:.0f} s)",
        flush=True,
    )
    return verdict


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable, "").strip() or str(default)
    if not text.isdigit() or int(text) < 1:
        raise OptionError(f"{variable}={text}: not a number above 0")
    return int(text)


def main() -> int:
    """Run the list of LIST."""
    try:
        name = os.environ.get("LIST", "").strip() or "nightly"
        seeds = [0, *(pick_seed() for _ in range(_number("SEEDS", 5) - 1))]
        jobs = list(plan_jobs(read_list(name), seeds, from_env().scale))
        workers = _number("JOBS", min(4, os.cpu_count() or 1))
    except OptionError as err:
        print(f"regress: {err}", file=sys.stderr)
        return 2
    LOG_DIR.mkdir(parents=True, exist_ok=True)
    print(f"regress: list {name}, {len(jobs)} runs, seeds {' '.join(map(str, seeds))}", flush=True)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        verdicts = list(pool.map(run_job, jobs))
    bad = [v for v in verdicts if not v.ok]
    for verdict in bad:
        print(f"---- {verdict.job.log.relative_to(ROOT)}")
        for line in verdict.repro:
            print(f"REPRO: {line}")
    for figure, counts in figures.total(*(job.figures for job in jobs)).items():
        print(figures.line(figure, counts))
    print(f"regress: {len(verdicts) - len(bad)} passed, {len(bad)} failed")
    return 1 if bad or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
