# SPDX-License-Identifier: Apache-2.0
"""Runs what the rows of simulation speed need, in turn, and derives their figures.

Times are processor time of the one simulation process: what the wall shows on a core of its own,
whatever else the machine does. Every kind of run is repeated ROUNDS times, interleaved, and the
median counts; only ratios of one call are compared with bars.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from sim import figures as published
from sim import native, runner
from sim.options import ROOT, OptionError
from tb.bench.figures import VARIABLE
from tb.bench.speed import scene
from tb.bench.speed.cases import write_cases
from tb.bench.speed.watch import BURSTS
from tb.bench.table import Row
from tb.replay.__main__ import load_all
from tb.replay.format import Case
from tb.replay.model_runner import model_config, run_on_model
from tb.replay.rtl_runner import run_on_rtl

MODULE = "speed"  # of the rows, in table.Row
BARS = Path(__file__).with_name("bars.yaml")
CONFIG = "default"
ROUNDS = 5
SEED = 1
LOOP = ROOT / "tb" / "bench" / "speed" / "loop.cpp"

Samples = dict[str, list[float]]  # seconds a burst, or what the name says
Figures = dict[str, dict[str, float]]


def _loop(samples: Samples, folder: Path) -> None:
    """The C++ loop."""
    program = native.build("smmu_wrap_default", LOOP)
    file = folder / "scene.txt"
    if not file.is_file():
        file.write_text(scene.script())
    cpu, _, cycles, bursts, _ = map(float, native.run(program, str(file), str(BURSTS)).split())
    samples["cxx"].append(cpu / bursts)
    samples["cycles_per_s"].append(cycles / cpu)


def _simulated(
    top: str, module: str, params: dict[str, int], fast: bool = True
) -> Callable[[Samples, Path], None]:
    """All tests of a module below this folder; each records a ``Watch`` under its name."""

    def run(samples: Samples, folder: Path) -> None:
        build = runner.build(top, config=CONFIG, params=params, fast=fast, waves=False)
        file = folder / f"{module}.json"
        file.unlink(missing_ok=True)
        runner.run(build, f"tb.bench.speed.{module}", seed=SEED,
                   env={VARIABLE: str(file), "TEST": ""})  # fmt: skip
        for name, found in json.loads(file.read_text()).items():
            samples[name].append(found["cpu"] / found["bursts"])

    return run


def _replay(samples: Samples, folder: Path) -> None:
    """Cases of CASES, or our own, on the model and on the RTL."""
    given = os.environ.get("CASES", "").strip()
    if given and not Path(given).exists():
        raise OptionError(f"CASES={given}: no such file or folder")
    place = Path(given) if given else write_cases(folder / "cases")
    cases, errors = load_all([place])
    if errors:
        raise OptionError(errors[0].removeprefix("ERROR "))
    for config, name in ((CONFIG, ""), ("tiny", "tiny_")):
        rate, cycles = _rate(cases, config, folder / "replay.jsonl")
        samples[f"{name}cases_per_s"].append(rate)
        samples[f"{name}cycles_per_case"].append(cycles)


def _rate(cases: list[Case], config: str, file: Path) -> tuple[float, float]:
    """(cases a second, cycles a case) of one configuration; SimulationError when a case fails."""
    start = time.process_time()
    results = run_on_model(cases, model_config(config))
    cpu = time.process_time() - start
    file.unlink(missing_ok=True)
    before = os.environ.get(published.VARIABLE)
    os.environ[published.VARIABLE] = str(file)
    try:
        results += run_on_rtl(cases, config=config, seed=str(SEED))
    finally:
        os.environ.pop(published.VARIABLE)
        if before is not None:
            os.environ[published.VARIABLE] = before
    if bad := [r.line for r in results if r.status == "FAIL"]:
        raise runner.SimulationError(f"replay: {len(bad)} cases fail, the first: {bad[0]}")
    rtl = published.total(file)["replay"]
    return len(cases) / (cpu + rtl["seconds"]), rtl["cycles"] / len(cases)


RUNS: dict[str, Callable[[Samples, Path], None]] = {
    "cxx": _loop,
    "ours": _simulated("tb_speed", "ours", {"OURS": 1}),
    "peer": _simulated("tb_speed", "peer", {"OURS": 0}),
    "uvm": _simulated("tb_smmu", "uvm", {}, fast=False),  # the build of tests and replay
    "replay": _replay,
}
DERIVED: dict[str, Callable[[dict[str, float]], dict[str, float]]] = {
    "burst_time": lambda t: {
        "ours": t["ours"] / t["cxx"],
        "whole_bench": t["bench"] / t["cxx"],
        "cocotbext_axi": t["peer"] / t["cxx"],
    },
    "host_overhead": lambda t: {"share": (t["ours"] - t["cxx"]) / (t["peer"] - t["cxx"])},
    "uvm_overhead": lambda t: {n: t[f"uvm_{n}"] / t["bench"] for n in ("one", "sixteen")},
    "loop_speed": lambda t: {"cycles_per_s": t["cycles_per_s"]},
    "replay": lambda t: {
        name: t[name] for name in ("cases_per_s", "cycles_per_case", "tiny_cases_per_s")
    },
}


def measure(rows: Sequence[Row]) -> tuple[Figures, list[str]]:
    """Figures of the rows, and what went wrong."""
    kinds = list(dict.fromkeys(kind for row in rows for kind in row.test.split(",")))
    samples: Samples = defaultdict(list)
    errors: list[str] = []
    with tempfile.TemporaryDirectory(prefix="speed-") as folder:
        for count in range(ROUNDS):
            for kind in kinds:
                if kind == "replay" and count:
                    continue  # long enough, and judged alone
                try:
                    RUNS[kind](samples, Path(folder))
                except (runner.BuildError, runner.SimulationError) as error:
                    errors.append(str(error))
            if errors:
                break
    found = {name: median(values) for name, values in samples.items()}
    figures: Figures = {}
    for row in rows:
        try:
            figures[row.key] = DERIVED[row.key](found)
        except KeyError:
            figures[row.key] = {}
    return figures, errors
