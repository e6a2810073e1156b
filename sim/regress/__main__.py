# SPDX-License-Identifier: Apache-2.0
"""`make regress`: runs a list of sim/regress.yaml, or the tests of TEST, under several seeds.

    python -m sim.regress

Options come from the environment: LIST or TEST, SEEDS, SEED, SCALE, SIM, CONFIG, WAVES, JOBS,
RESUME, EXECUTOR. Seed 0 is always in; the others follow from SEED, which is picked and printed, so
that they are new every night and can be had again. Exit codes: 0 all passed, 1 something failed,
2 the request cannot be served (one line says why), 130 interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from sim.options import OptionError, from_env
from sim.regress import run, state
from sim.regress.executors import EXECUTORS, LocalExecutor
from sim.regress.lists import Entry, pick_seeds, plan_jobs, read_list

ASKED = ("LIST", "TEST", "SEEDS", "SEED", "SCALE", "SIM", "CONFIG", "WAVES", "DUT", "TOP")
DEFAULT_LIST = "nightly"
DEFAULT_SEEDS = 2  # nightly: about 25 minutes on two cores
MAX_SEEDS = 10_000


def _text(variable: str, default: str = "") -> str:
    return os.environ.get(variable, "").strip() or default


def _number(variable: str, default: int, most: int) -> int:
    text = _text(variable, str(default))
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise OptionError(f"{variable}={text}: not a number from 1 to {most}")
    return int(text)


def new(place: Path) -> state.Regression:
    """What the variables ask for, on disk."""
    options = from_env()
    seed = options.seed_or_picked
    count = _number("SEEDS", DEFAULT_SEEDS, MAX_SEEDS)
    if options.test:
        if _text("LIST"):
            raise OptionError("LIST and TEST exclude each other")
        title = f"TEST={options.test}"
        entries = [Entry(options.test, (options.sim,), (options.config,))]
    else:
        title = _text("LIST", DEFAULT_LIST)
        entries = read_list(title)
    jobs = [
        job
        for job in plan_jobs(entries, pick_seeds(count, seed), options.scale, options.waves)
        if job.sim == _text("SIM", job.sim) and job.config == _text("CONFIG", job.config)
    ]
    if not jobs:
        raise OptionError(f"{title}: no run with SIM={options.sim} CONFIG={options.config}")
    seeds = list(dict.fromkeys(job.seed for job in jobs))
    return state.begin(title, seed, seeds, jobs, {name: _text(name) for name in ASKED}, place)


def resumed(place: Path) -> state.Regression:
    """The one on disk, unless the variables ask for another one."""
    found = state.latest(place)
    for name in ASKED:
        before, now = found.asked.get(name, ""), _text(name)
        if now and now != before:
            was = f"{name}={before}" if before else f"no {name}"
            raise OptionError(f"RESUME=1: the regression on disk was started with {was}, "
                              f"not {name}={now}")  # fmt: skip
    if found.commit != state.commit():
        print(f"regress: note: started at commit {found.commit}, goes on at {state.commit()}")
    return found


def main(place: Path = state.FOLDER) -> int:
    """Run, report; all that is kept goes below ``place``."""
    try:
        resume = _text("RESUME", "0")
        if resume not in ("0", "1"):
            raise OptionError(f"RESUME={resume}: not one of 0, 1")
        name = _text("EXECUTOR", "local")
        if name not in EXECUTORS:
            raise OptionError(f"EXECUTOR={name}: not one of {', '.join(EXECUTORS)}")
        EXECUTORS[name].check()
        at_once = _number("JOBS", EXECUTORS[name].at_once, 10_000)
        with state.alone(place):
            regression = resumed(place) if resume == "1" else new(place)
            return _run(regression, EXECUTORS[name](regression.folder / "submitit"), at_once)
    except OptionError as err:
        print(f"regress: {err}", file=sys.stderr)
        return 2


def _run(regression: state.Regression, executor: LocalExecutor, at_once: int) -> int:
    left = len(regression.left())
    kept = len(regression.jobs) - left
    told = f"{left} runs{f', {kept} kept' if kept else ''}"
    seeds = " ".join(map(str, regression.seeds))
    print(f"regress: {regression.title}, {told}, SEED={regression.seed}, seeds {seeds}", flush=True)
    # A runner that is asked to end stops its runs as one that is interrupted does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run.run_all(regression, executor, at_once)
    except KeyboardInterrupt:
        left = run.interrupted(regression, executor.name)
        print(f"\nregress: interrupted, {left} runs left; go on with: make regress RESUME=1",
              file=sys.stderr)  # fmt: skip
        return 130
    return 0 if run.report(regression, executor.name) else 1


if __name__ == "__main__":
    sys.exit(main())
