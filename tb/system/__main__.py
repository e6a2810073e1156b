# SPDX-License-Identifier: Apache-2.0
"""``python -m tb.system``: build the machine, run a scenario, print and write the report.

Options come from the environment as everywhere (SIM, CONFIG, SEED, WAVES), and SCENARIO, SIZE and
DEFECT say what runs. ``--model`` runs on stand-in hardware without a simulator.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from sim.options import BUILD_ROOT, OptionError, from_env, repro_line
from sim.runner import BuildError, RunResult, SimulationError, build, run
from tb.models import report
from tb.models.costs import load_costs
from tb.models.scenarios import MAIN, UnknownScenarioError, check, listing
from tb.models.standin.machine import StandinMachine

OUTPUT = BUILD_ROOT / "sim"


def folder(scenario: str) -> Path:
    """Where the files of a scenario go; the main job's are the ones on top."""
    return OUTPUT if scenario == MAIN else OUTPUT / scenario


def _on_rtl(what: dict[str, str], seed: int, output: Path) -> tuple[dict[str, Any] | None, str]:
    """Result of the simulation, and what went wrong outside of it."""
    raw = output / "raw.json"
    for name in ("raw.json", "result.json", "report.html", "trace.json"):
        (output / name).unlink(missing_ok=True)  # a failed run must not leave the last one's
    try:
        design = build("tb_system")
        done: RunResult = run(
            design,
            "tb.system.scenario_tests",
            tests=["scenario"],
            seed=seed,
            env=what | {"SCENARIO_RESULT": str(raw)},
            check=False,
        )
    except (BuildError, SimulationError) as err:
        return None, str(err)
    if raw.is_file():
        return json.loads(raw.read_text()), ""
    why = "; ".join(case.message for case in done.failed) or "it wrote no result"
    return None, f"the simulation failed: {why}; see {done.log.relative_to(BUILD_ROOT.parents[1])}"


def main(argv: list[str] | None = None) -> int:
    """Exit 0 when everything was checked and right."""
    parser = argparse.ArgumentParser(prog="python -m tb.system", description=__doc__)
    parser.add_argument("--model", action="store_true", help="stand-in hardware, no simulator")
    args = parser.parse_args(argv)
    what = {
        "SCENARIO": os.environ.get("SCENARIO", "").strip() or MAIN,
        "SIZE": os.environ.get("SIZE", "").strip() or "small",
        "DEFECT": os.environ.get("DEFECT", "").strip(),
    }
    if what["SCENARIO"] == "list":
        print(listing())
        return 0
    check(what["SCENARIO"], what["SIZE"], what["DEFECT"])
    options = from_env()
    seed = options.seed_or_picked
    output = folder(what["SCENARIO"])
    output.mkdir(parents=True, exist_ok=True)
    if args.model:
        result, problem = StandinMachine(seed).play(*what.values()), ""
    else:
        result, problem = _on_rtl(what, seed, output)
    again = repro_line("", seed, options.sim, options.config, target="sim")
    again += "".join(f" {name}={value}" for name, value in what.items() if value)
    if result is None:
        print(problem, file=sys.stderr)
        print(again)
        return 1
    report.write(result, output, [(c.name, c.layer, c.cycles, c.source) for c in load_costs()])
    print(report.text(result))
    print(f"report: {(output / 'report.html').relative_to(BUILD_ROOT.parents[1])}")
    if result["errors"]:
        print("FAIL")
        print(again)
        return 1
    print("PASS")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OptionError, UnknownScenarioError) as err:
        print(f"sim: {err}", file=sys.stderr)
        sys.exit(2)
