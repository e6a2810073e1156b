# SPDX-License-Identifier: Apache-2.0
"""The front door behind the Makefile: checks the options, sets the machine up, starts the program.

    python3 -m sim.cli test|sim|compare|replay|bench|lint|waves|regress|cov|gen|venv|clean

Options come from the environment: SIM, CONFIG, TEST, SEED, SCALE, WAVES, DUT, TOP, RECORD, CASES,
SHRINK, ONLY, JOBS, SEEDS, RESUME, EXECUTOR, PICTURES, LIST, PNR, STRICT, SWEEP, SCENARIO, SIZE,
DEFECT, COSTS, PAGES, RTL.
Standard library only. Exit codes: 0 all is well, 1 something failed, 2 the request cannot be
served (one line says why).
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from sim import dut, environment, options, selection
from sim.options import BUILD_ROOT, ROOT, OptionError, Options
from tb.models import scenarios

FAILED, REFUSED = 1, 2


# Brings 100 MB of packages along: the whole of `make test` goes without, and says so.
BROWSER_TESTS = "tests/sim/test_dashboard.py"


def _needs(opts: Options) -> list[str]:
    browser = opts.test and {c.path for c in selection.select_cases(opts.test)} == {BROWSER_TESTS}
    waves = opts.waves and opts.sim == "verilator"
    return [opts.sim, *(["fst"] if waves else []), *(["browser"] if browser else [])]


def _prepare(needs: list[str]) -> None:
    environment.ensure_packages(needs)
    environment.ensure_venv()


def _python(*args: str, **variables: str) -> int:
    """Run the virtualenv's Python from the root; its exit code is ours."""
    env = dict(os.environ, PATH=environment.tool_path(), **variables)
    command = [str(environment.PYTHON), *args]
    try:
        return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    except KeyboardInterrupt:
        return 130


def _program(module: str, needs: list[str], *args: str, opts: Options | None = None) -> int:
    """Run `python -m module`; refuse with one line when the tree has no such program."""
    base = ROOT.joinpath(*module.split("."))
    if not (base.with_suffix(".py").is_file() or (base / "__main__.py").is_file()):
        raise OptionError(f"{base.relative_to(ROOT)} is not in this tree yet")
    _prepare(needs)
    return _python("-m", module, *args, **(_variables(opts) if opts else {}))


def _variables(opts: Options) -> dict[str, str]:
    """The checked options for a program; SEED is printed when it was picked here."""
    seed = opts.seed_or_picked
    if opts.seed is None:
        print(f"SEED={seed} (picked)", flush=True)
    return {
        "SIM": opts.sim,
        "CONFIG": opts.config,
        "SEED": str(seed),
        "WAVES": str(int(opts.waves)),
    }


def _jobs(count: int) -> list[str]:
    """pytest-xdist's arguments; one process when there is little to do."""
    asked = os.environ.get("JOBS", "").strip()
    if asked and not asked.isdigit():
        raise OptionError(f"JOBS={asked}: not a number")
    jobs = int(asked) if asked else min(4, os.cpu_count() or 1)
    return ["-n", str(jobs), "--dist", "worksteal"] if jobs > 1 and count > 1 else []


def target_test(waves: bool = False) -> int:
    """pytest over tests/, or what TEST selects."""
    opts = options.from_env()
    dut.from_env(check_pins=False)
    cases = selection.select_cases(opts.test)
    if not cases:
        raise OptionError("tests/ holds no test yet")
    if waves and not opts.test:
        raise OptionError("waves needs TEST=<name of a test>")
    opts = dataclasses.replace(opts, waves=waves or opts.waves)
    record = _record(opts, cases)
    _prepare(_needs(opts))
    nodes = sorted({case.node for case in cases}) if opts.test else ["tests"]
    variables = _variables(opts) | record
    # With waves the runner's own lines matter: they name the files.
    parallel = ["-s"] if opts.waves else _jobs(len(cases))
    code = _python("-m", "pytest", "-q", *parallel, *nodes, **variables)
    if code:
        line = options.repro_line(opts.test, int(variables["SEED"]), opts.sim, opts.config)
        print(f"whole run again: {line.removeprefix('REPRO: ')}")
    if record and not _recorded(record["RECORD"], opts):
        return FAILED
    return FAILED if code else 0


def _record(opts: Options, cases: list[selection.PytestCase]) -> dict[str, str]:
    """RECORD=file for the simulation, its file removed; empty when nothing is to be recorded."""
    file = os.environ.get("RECORD", "").strip()
    if not file:
        return {}
    path = Path(file).resolve()
    if path.is_dir() or not path.parent.is_dir():
        raise OptionError(f"RECORD={file}: not a file in a folder that exists")
    found = [(case, name) for case in cases
             for name in selection.select_inner(opts.test, case.inner) or case.inner]  # fmt: skip
    if not opts.test or len(found) != 1:
        raise OptionError(f"RECORD needs a TEST=function/cocotb_test that selects one cocotb test; "
                          f"TEST={opts.test} selects {len(found)}")  # fmt: skip
    path.unlink(missing_ok=True)
    return {"RECORD": str(path), "RECORD_TEST": found[0][1]}


def _recorded(file: str, opts: Options) -> bool:
    """Tell what was recorded; False when the test left no case."""
    path = Path(file)
    if not path.is_file():
        print(f"test: nothing recorded: {opts.test} did not start the bench of the whole SMMU",
              file=sys.stderr)  # fmt: skip
        return False
    case = json.loads(path.read_text())
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    print(f"recorded {shown}: {len(case['steps'])} steps, {len(case['memory'])} memory regions")
    if left_out := case.get("partial"):
        print(f"partial, not in the recording: {'; '.join(left_out)}")
    if unchecked := case.get("unchecked"):
        print(f"not compared by the recording: {'; '.join(unchecked)}")
    return True


def target_waves() -> int:
    """One test again with an FST and what its viewers need."""
    return target_test(waves=True)


def target_sim() -> int:
    """One scenario of the software stack, SCENARIO; without it the main job."""
    opts = options.from_env()
    name = os.environ.get("SCENARIO", "").strip() or scenarios.MAIN
    if name == "list":
        print(scenarios.listing())
        return 0
    if name not in scenarios.SCENARIOS:
        raise OptionError(f"SCENARIO={name}: not one of {', '.join(scenarios.SCENARIOS)}")
    size = os.environ.get("SIZE", "").strip() or "small"
    if size not in scenarios.SIZES:
        raise OptionError(f"SIZE={size}: not one of {', '.join(scenarios.SIZES)}")
    return _program("tb.system", _needs(opts), opts=opts)


def target_compare() -> int:
    """The schemes of the software stack side by side, on stand-in hardware."""
    opts = options.from_env()
    costs, pages = (os.environ.get(name, "").strip() for name in ("COSTS", "PAGES"))
    rtl = os.environ.get("RTL", "").strip() or "0"
    if rtl not in ("0", "1"):
        raise OptionError(f"RTL={rtl}: not one of 0, 1")
    args = ["--costs", str(Path(costs).resolve())] if costs else []
    args += ["--pages", pages] if pages else []
    return _program("tb.compare", *([_needs(opts), *args, "--rtl"] if rtl == "1" else [[], *args]))


def target_replay() -> int:
    """Replay cases on the RTL and on the reference model."""
    opts = options.from_env()
    cases = os.environ.get("CASES", "").strip()
    if not cases:
        raise OptionError("replay needs CASES=<file or folder>")
    if not Path(cases).exists():
        raise OptionError(f"CASES={cases}: no such file or folder")
    shrink = os.environ.get("SHRINK", "").strip() or "0"
    if shrink not in ("0", "1"):
        raise OptionError(f"SHRINK={shrink}: not one of 0, 1")
    args = [str(Path(cases).resolve()), "--sim", opts.sim, "--config", opts.config]
    args += ["--shrink"] if shrink == "1" else []
    return _program("tb.replay", _needs(opts), *args, opts=opts)


def target_bench() -> int:
    """Speed and latency figures."""
    opts = options.from_env()
    only = os.environ.get("ONLY", "").strip()
    args = ["--only", only] if only else []
    return _program("tb.bench", _needs(opts), *args, opts=opts)


def target_mutants() -> int:
    """The planted defects of tests/mutants, or the one of ONLY."""
    return _program("sim.mutants", _needs(options.from_env()))


def target_regress() -> int:
    """The lists of sim/regress.yaml under several seeds."""
    opts = options.from_env()
    if dut.from_env(check_pins=False) and not opts.test:
        os.environ["LIST"] = os.environ.get("LIST", "").strip() or "blackbox"
    needs = {*_needs(opts), *options.SIMULATORS}  # lists run on both
    if os.environ.get("LIST", "").strip() == "all":
        needs.add("browser")
    return _program("sim.regress", sorted(needs))


def target_cov() -> int:
    """Coverage of hdl/smmu."""
    opts = options.from_env()
    if opts.sim != "verilator":
        raise OptionError(f"SIM={opts.sim}: coverage is Verilator's")
    _jobs(1)  # refuses a JOBS that is no number
    return _program("sim.cov", ["verilator"])


def target_lint() -> int:
    """Every static check."""
    return _program("sim.lint", ["icarus", "verilator"])


def target_gen() -> int:
    """Regenerate the generated files."""
    return _program("tb.tools.gen", [])


def target_plan() -> int:
    """State of the test plan."""
    return _program("tb.tools.check_plan", [])


def target_synth() -> int:
    """Synthesis report of CONFIG, or of every configuration."""
    pnr = os.environ.get("PNR", "").strip() or "1"
    if pnr not in ("0", "1"):
        raise OptionError(f"PNR={pnr}: not one of 0, 1")
    sweep = os.environ.get("SWEEP", "").strip() or "0"
    if sweep not in ("0", "1"):
        raise OptionError(f"SWEEP={sweep}: not one of 0, 1")
    if sweep == "1":
        return _program("sim.sweep", [])
    config = os.environ.get("CONFIG", "").strip()
    args = ["--config", options.from_env().config] if config else []
    return _program("sim.synth", ["osu018"], *args, *([] if pnr == "1" else ["--no-pnr"]))


def target_formal() -> int:
    """Proofs."""
    return _program("sim.formal", [])


def target_venv() -> int:
    """Only the setup."""
    opts = options.from_env()
    _prepare(_needs(opts))
    return 0


def target_clean() -> int:
    """Everything the targets made; the virtualenv and the history of regressions stay."""
    kept = BUILD_ROOT / "regress" / "history.sqlite"
    for path in (*BUILD_ROOT.glob("*"), *kept.parent.glob("*")):
        if path.is_file() and path != kept:
            path.unlink()
        elif path.is_dir() and path not in kept.parents:
            shutil.rmtree(path, ignore_errors=True)
    if kept.is_file():
        print(f"kept {options.shown(kept)}")
    else:
        shutil.rmtree(BUILD_ROOT, ignore_errors=True)
    caches = [c for top in ("sim", "tb", "tests") for c in (ROOT / top).rglob("__pycache__")]
    for cache in [*caches, ROOT / ".ruff_cache"]:
        shutil.rmtree(cache, ignore_errors=True)
    return 0


TARGETS = {n.removeprefix("target_"): f for n, f in globals().items() if n.startswith("target_")}


def main(argv: list[str]) -> int:
    """Run one target."""
    name = argv[1] if len(argv) > 1 else ""
    try:
        if name not in TARGETS:
            raise OptionError(f"unknown target {name!r}: one of {', '.join(TARGETS)}")
        return TARGETS[name]()
    except (OptionError, environment.MissingError) as err:
        print(f"{name}: {err}", file=sys.stderr)
        return REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv))
