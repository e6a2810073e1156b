# SPDX-License-Identifier: Apache-2.0
"""What a design behind DUT= claims, and which tests of the suite it is spared.

The design is asked once per build: a simulation of tb/env/discovery.py reads its ID registers. A
test is left out, with the reason, when it needs more than is claimed or told (sim/blackbox.yaml,
``needs``), or when it asks for a pin or a capacity that the design lacks (``MissingError``).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sim import selection
from sim.options import ROOT
from sim.results import CaseResult

if TYPE_CHECKING:
    from sim.runner import Build

FILE = ROOT / "sim" / "blackbox.yaml"
FOLDER = "tests/smmu/"  # of the suite
DISCOVERY = "tb.env.discovery"
SKIPPED_VARIABLE = "DUT_SKIPPED"  # file of a pytest session that collects what was left out
CLAIMS_VARIABLE = "DUT_CLAIMS"  # file the discovery writes and other runs read
CLAIMS = "identity.json"  # its name, beside a build
ABSENT_VARIABLE = "DUT_ABSENT"  # optional pins the design lacks; not set for our RTL
NOTHING = "no test is left"  # note of a run in which every test was left out
_MISSING = "the design "  # begins the message of a MissingError
# claims that are parameters of the bench too
PARAMETERS = {
    "sidsize": "SID_W",
    "ssidsize": "SSID_W",
    "oas": "OAS",
    "cmdqs": "CMDQS",
    "eventqs": "EVENTQS",
    "stall_max": "STALL_MAX",
}
Claims = Mapping[str, int]


class MissingError(Exception):
    """A test asked for what the design behind DUT= does not have: it is left out.

    ``what`` goes on after "the design": "has no pin irq_priq".
    """

    def __init__(self, what: str) -> None:
        super().__init__(_MISSING + what)


class Told(dict[str, int]):
    """Parameters a design tells; asking for another one is a MissingError."""

    def __missing__(self, name: str) -> int:
        raise MissingError(f"does not tell -G{name}=n")


def absent_pins() -> frozenset[str] | None:
    """Inside a simulation: optional pins the design lacks; None for our RTL."""
    names = os.environ.get(ABSENT_VARIABLE)
    return None if names is None else frozenset(names.split())


@dataclass(frozen=True)
class Suite:
    """sim/blackbox.yaml."""

    functions: Sequence[str]  # of pytest, below tests/smmu
    needs: Mapping[str, Mapping[str, int]]


def load(file: Path = FILE) -> Suite:
    """The file. ValueError when its keys are not those of ``Suite``."""
    data = yaml.safe_load(file.read_text())
    if set(data) != {"functions", "needs"}:
        raise ValueError(f"{file.name}: functions and needs, not {', '.join(data)}")
    return Suite(data["functions"], data["needs"] or {})


def as_told(params: dict[str, int]) -> dict[str, int]:
    """Parameters that refuse to be asked for more when the design in simulation is not ours."""
    return params if absent_pins() is None else Told(params)


def in_suite(cases: Sequence[selection.PytestCase]) -> list[selection.PytestCase]:
    """Those of ``cases`` that a design of DUT= runs; all of them without DUT=."""
    if not os.environ.get("DUT", "").strip():
        return list(cases)
    functions = load().functions
    return [case for case in cases if case.path.startswith(FOLDER) and case.name in functions]


def claims_of(folder: Path, discover: Callable[..., Any]) -> dict[str, int]:
    """Fields of the ID registers of the build in `folder`, read by ``discover`` the first time."""
    file = folder / CLAIMS
    if not file.is_file():
        discover(env={"TEST": ""})
    return json.loads(file.read_text())["fields"]


def claimed_registers() -> dict[str, int]:
    """Inside a simulation: the ID registers as the discovery read them; none of our RTL."""
    file = os.environ.get(CLAIMS_VARIABLE)
    return json.loads(Path(file).read_text())["registers"] if file else {}


def as_claimed(
    build: Build, module: str, chosen: Sequence[str], discover: Callable[..., Any]
) -> tuple[dict[str, int], list[str], list[CaseResult]]:
    """Parameters that hold for the design, tests that can run, and results of those left out."""
    told, claims = build.dut.told(build.params), claims_of(build.folder, discover)
    names = [name for name in _names(module) if not chosen or name.partition(".")[2] in chosen]
    spared = left_out(names, {name.lower(): value for name, value in told.items()} | claims)
    results = [CaseResult(n.partition(".")[2], "skipped", 0, 0, why) for n, why in spared.items()]
    left = [n.partition(".")[2] for n in names if n not in spared]
    claimed = {name: claims[claim] for claim, name in PARAMETERS.items()}
    return {**told, **claimed}, left, results


def variables(build: Build) -> dict[str, str]:
    """What a simulation of a design of DUT= knows of it."""
    claims = {CLAIMS_VARIABLE: str(build.folder / CLAIMS)}
    return {ABSENT_VARIABLE: " ".join(build.dut.absent)} | claims


def _names(module: str) -> list[str]:
    """The tests of cocotb modules, separated by commas, as sim/blackbox.yaml names them."""
    return [f"{m.rpartition('.')[2]}.{test}" for m in module.split(",")
            for test in selection.cocotb_tests(m)]  # fmt: skip


def without_missing(cases: Iterable[CaseResult], module: str, notes: list[str]) -> list[CaseResult]:
    """The results, those of tests that ended with a MissingError made `skipped` and told.

    ``notes`` of the run get NOTHING when no other is there.
    """
    names = {name.partition(".")[2]: name for name in _names(module)}
    found, results = {}, []
    for case in cases:
        if case.status == "failed" and case.message.startswith(_MISSING):
            case = replace(case, status="skipped")
            test = case.name.partition("/")[0]
            found[names.get(test, test)] = case.message
        results.append(case)
    _tell(found)
    if results and all(case.status == "skipped" for case in results):
        notes.append(NOTHING)
    return results


def left_out(tests: Iterable[str], claims: Claims, suite: Suite | None = None) -> dict[str, str]:
    """Reason by test for those of ``tests`` ("module.test", the last part of the module's path).

    They are told in the summary of a pytest session too.
    """
    suite = suite or load()
    found = {}
    for test in tests:
        module = test.partition(".")[0]
        for name in (module, test):
            for claim, least in suite.needs.get(name, {}).items():
                if (have := claims.get(claim, 0)) < least:
                    found[test] = f"needs {claim} {least}, the design claims {have}"
    _tell(found)
    return found


def _tell(found: Mapping[str, str]) -> None:
    """For the summary of a pytest session: reasons by test."""
    if found and (path := os.environ.get(SKIPPED_VARIABLE)):
        with open(path, "a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            handle.write("".join(f"SKIPPED {name}: {why}\n" for name, why in found.items()))
