# SPDX-License-Identifier: Apache-2.0
"""``python -m tb.system``: build the machine, run the main job, print and write the report.

Options come from the environment as everywhere (SIM, CONFIG, SEED, WAVES). ``--model`` runs on
stand-in hardware without a simulator.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from sim.options import BUILD_ROOT, OptionError, from_env, repro_line
from sim.runner import BuildError, RunResult, SimulationError, build, run
from tb.models import report
from tb.models.costs import load_costs
from tb.models.standin.machine import StandinMachine

OUTPUT = BUILD_ROOT / "sim"


def _on_rtl(seed: int, output: Path) -> tuple[dict[str, Any] | None, str]:
    """Result of the simulation, and what went wrong outside of it."""
    raw = output / "raw.json"
    for old in (raw, output / "result.json", output / "report.html"):
        old.unlink(missing_ok=True)  # a run that fails must not leave the last one's figures
    try:
        design = build("tb_system")
        done: RunResult = run(
            design,
            "tb.system.main_job",
            tests=["main_job"],
            seed=seed,
            env={"MAIN_JOB_RESULT": str(raw)},
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
    options = from_env()
    seed = options.seed_or_picked
    OUTPUT.mkdir(parents=True, exist_ok=True)
    if args.model:
        result, problem = StandinMachine(seed).main_job(), ""
    else:
        result, problem = _on_rtl(seed, OUTPUT)
    if result is None:
        print(problem, file=sys.stderr)
        print(repro_line("", seed, options.sim, options.config, target="sim"))
        return 1
    costs = [(c.name, c.layer, c.cycles, c.source) for c in load_costs()]
    report.write(result, OUTPUT, costs)
    print(report.text(result))
    print(f"report: {(OUTPUT / 'report.html').relative_to(BUILD_ROOT.parents[1])}")
    enough = result["stalls_resolved"] >= 24 and result["stalls_aborted"] >= 1
    if result["errors"] or not enough:
        print("FAIL")
        print(repro_line("", seed, options.sim, options.config, target="sim"))
        return 1
    print("PASS")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OptionError as err:
        sys.exit(f"error: {err}")
