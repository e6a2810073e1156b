# SPDX-License-Identifier: Apache-2.0
"""The RTL as a replay target: all cases in one simulator process (architecture section 5).

Two halves.  Outside the simulator :func:`run_on_rtl` starts it and collects the results; inside,
the cocotb test of the bench module hands its ``ReplayTarget`` to :func:`serve`.  The bench
module (``BENCH_MODULE``) knows the pins: it offers ``build(sim, config) -> sim.runner.Build``
and that cocotb test.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from tb.replay import shrink
from tb.replay.format import Case, load_case
from tb.replay.interpreter import CaseResult, run_case
from tb.replay.model_runner import ModelTarget
from tb.replay.target import ReplayTarget

BENCH_MODULE = "tb.replay.rtl_bench"
CASES_VARIABLE = "REPLAY_CASES"
RESULTS_VARIABLE = "REPLAY_RESULTS"

# Seconds for the whole run: a floor for start-up, and a generous share per case.
_BASE_TIMEOUT_S = 300.0
_CASE_TIMEOUT_S = 20.0


def run_on_rtl(
    cases: list[Case], *, sim: str | None = None, config: str | None = None, seed: str | None = None
) -> list[CaseResult]:
    """Run every case in one simulation; RuntimeError says why it cannot start."""
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        listing, results = Path(folder) / "cases.json", Path(folder) / "results.jsonl"
        listing.write_text(json.dumps([str(Path(case.source).resolve()) for case in cases]))
        results.touch()
        variables = {CASES_VARIABLE: str(listing), RESULTS_VARIABLE: str(results)}
        limit = _BASE_TIMEOUT_S + _CASE_TIMEOUT_S * len(cases)
        log = _simulate("replay", variables, limit, sim=sim, config=config, seed=seed)
        return _collect(cases, results, log)


def shrink_on_rtl(
    document: dict[str, Any], *, sim: str | None, config: str | None, seed: str | None
) -> dict[str, Any]:
    """Shrink a document on the model and the RTL: what :func:`serve_shrink` writes."""
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        source, result = Path(folder) / "case.json", Path(folder) / "result.json"
        source.write_text(json.dumps(document))
        variables = {CASES_VARIABLE: str(source), RESULTS_VARIABLE: str(result)}
        limit = _BASE_TIMEOUT_S + 2 * shrink.MAX_SECONDS
        log = _simulate("minimize", variables, limit, sim=sim, config=config, seed=seed)
        if not result.is_file():
            raise RuntimeError(f"the simulation ended without a result: {log}")
        return json.loads(result.read_text())


def _simulate(
    test: str,
    variables: dict[str, str],
    limit: float,
    *,
    sim: str | None,
    config: str | None,
    seed: str | None,
) -> str:
    """Run one cocotb test of the bench; the path of its log."""
    if importlib.util.find_spec(BENCH_MODULE) is None:
        raise RuntimeError(f"no RTL bench ({BENCH_MODULE}); --model-only runs the model alone")
    from sim import runner

    bench = importlib.import_module(BENCH_MODULE)
    try:
        built = bench.build(sim, config)
    except runner.BuildError as error:
        raise RuntimeError(str(error)) from None
    number = int(seed, 0) if seed else None
    outcome = runner.run(
        built, BENCH_MODULE, tests=[test], seed=number, env={**variables, "TEST": ""},
        timeout_s=limit, check=False,
    )  # fmt: skip
    return str(outcome.log)


def _collect(cases: list[Case], results: Path, log: str) -> list[CaseResult]:
    """Results in the order of the cases; what the simulation did not reach has failed."""
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    found = [CaseResult(**row) for row in rows]
    for case in cases[len(found) :]:
        detail = f"step=0 field=simulation got=stopped want=finished log={log}"
        found.append(CaseResult(case.name, "FAIL", detail))
    return found


async def serve(target: ReplayTarget) -> list[CaseResult]:
    """Inside the simulator: run the listed cases on ``target`` and report each as it ends."""
    paths = json.loads(Path(os.environ[CASES_VARIABLE]).read_text())
    done = []
    with open(os.environ[RESULTS_VARIABLE], "a") as out:
        for path in paths:
            result = await run_case(load_case(Path(path)), target)
            row = {"name": result.name, "status": result.status, "detail": result.detail}
            out.write(json.dumps(row) + "\n")
            out.flush()
            done.append(result)
    return done


async def serve_shrink(target: ReplayTarget, model: ModelTarget) -> None:
    """Inside the simulator: shrink the one document and write what came of it."""
    document = json.loads(Path(os.environ[CASES_VARIABLE]).read_text())
    shrinker = shrink.Shrinker(document, [model, target])
    smallest = await shrinker.run()
    Path(os.environ[RESULTS_VARIABLE]).write_text(json.dumps(shrinker.summary(smallest)))
