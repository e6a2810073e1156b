# SPDX-License-Identifier: Apache-2.0
"""`make mutants`: plant one defect at a time in a copy of the tree; its named test must fail, or
its named row of `make bench` must miss its bar.

    python -m sim.mutants [--only NAME]

The list is tests/mutants/mutants.yaml, the defects are the patches beside it. A mutant whose test
passes SURVIVED; a patch that does not apply, a copy that does not build and a run without end are
an ERROR. Both end with exit code 1. The working tree is never touched.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from sim import runner
from sim.options import BUILD_ROOT, ROOT, OptionError, close_to

FOLDER = ROOT / "tests" / "mutants"
LISTING = FOLDER / "mutants.yaml"
COPIED = ("hdl", "tb", "sim", "tests", "pyproject.toml", "requirements.lock")
CONFIG = "tiny"  # builds fastest, has every feature (D22)
TIMEOUT_S = 3600  # of a busy machine that builds; tests end earlier, by limits of their own


@dataclass(frozen=True)
class Mutant:
    """One planted defect: what it breaks and the test, or the bench row, that must notice."""

    name: str
    breaks: str
    test: str = ""
    bench: str = ""

    @property
    def patch(self) -> Path:
        """The unified diff that plants it."""
        return FOLDER / f"{self.name}.patch"


def mutants(only: str | None = None) -> list[Mutant]:
    """The listed mutants, or the one named; OptionError for a broken list or an unknown name."""
    try:
        rows = yaml.safe_load(LISTING.read_text())["mutants"]
        found = [Mutant(name, **row) for name, row in rows.items()]
        if lost := [m.name for m in found if bool(m.test) == bool(m.bench)]:
            raise TypeError(f"{lost[0]}: a test or a bench")
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as err:
        raise OptionError(f"{LISTING.relative_to(ROOT)}: not a list of mutants ({err!r})") from err
    if only:
        names = [m.name for m in found]
        if only not in names:
            raise OptionError(f"no mutant {only}; close: {close_to(only, names)}")
        found = [m for m in found if m.name == only]
    return found


def _copy(target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            skip = shutil.ignore_patterns("__pycache__", "build")
            shutil.copytree(source, target / name, ignore=skip)
        else:
            shutil.copy2(source, target / name)


def run(mutant: Mutant) -> tuple[str, str]:
    """(KILLED | SURVIVED | ERROR, why) of one mutant."""
    tree = BUILD_ROOT / "mutants" / mutant.name
    _copy(tree)
    patched = subprocess.run(
        ["patch", "-p1", "-s", "--no-backup-if-mismatch", "-i", str(mutant.patch)],
        cwd=tree, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if patched.returncode:
        why = (patched.stdout + patched.stderr).strip().splitlines() or ["patch failed"]
        return "ERROR", f"{mutant.patch.relative_to(ROOT)}: {why[0]}"
    log = tree / "test.log"
    if mutant.bench:
        config, command = "default", ["-m", "tb.bench", "--only", f"^{mutant.bench}$"]
    else:
        name = mutant.test.split("/")[0]
        config, command = CONFIG, ["-m", "pytest", "-q", "-x", "-k", name, "tests/smmu"]
    env = runner.tool_env() | {"TEST": mutant.test, "CONFIG": config, "PYTHONPATH": str(tree)}
    with log.open("w") as out:
        try:
            code = subprocess.run(
                [sys.executable, *command], cwd=tree, env=dict(os.environ) | env, stdout=out,
                stderr=subprocess.STDOUT, timeout=TIMEOUT_S, check=False,
            ).returncode  # fmt: skip
        except subprocess.TimeoutExpired:
            return "ERROR", f"no end after {TIMEOUT_S} s, see {log.relative_to(ROOT)}"
    return _verdict(mutant, code, log)


def _verdict(mutant: Mutant, code: int, log: Path) -> tuple[str, str]:
    """What the exit code and the log of its test or bench say of a mutant."""
    text = log.read_text()
    if mutant.bench:
        line = next((ln for ln in text.splitlines() if ln.startswith(f"{mutant.bench} ")), "")
        if code == 0 and line.endswith("ok"):
            return "SURVIVED", f"{mutant.bench} meets its bar"
        if code == 1 and line:
            return "KILLED", f"{' '.join(line.split())}"
    else:
        if code == 0 and " passed" in text:
            return "SURVIVED", f"{mutant.test} passed"
        if code == 1 and "SimulationError" in text:
            return "KILLED", f"{mutant.test} failed"
    return "ERROR", f"ended with code {code}, see {log.relative_to(ROOT)}"


def main() -> int:
    """Run the list, one line each."""
    parser = argparse.ArgumentParser(prog="python -m sim.mutants", description=__doc__)
    parser.add_argument("--only", default=os.environ.get("ONLY") or None)
    args = parser.parse_args()
    try:
        chosen = mutants(args.only)
    except OptionError as err:
        print(f"mutants: {err}", file=sys.stderr)
        return 2
    bad = 0
    for mutant in chosen:
        start = time.monotonic()
        verdict, why = run(mutant)
        bad += verdict != "KILLED"
        print(f"{verdict:<8} {mutant.name}: {why} ({time.monotonic() - start:.0f} s)", flush=True)
    print(f"{len(chosen) - bad} of {len(chosen)} mutants killed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
