# SPDX-License-Identifier: Apache-2.0
"""What a design behind DUT= claims, and which tests of the suite it is spared.

The design is asked once per build: a simulation of tb/env/discovery.py reads its ID registers. A
test is left out, with the reason, when it needs more than is claimed or a pin that is not there
(sim/blackbox.yaml, ``needs``), or when it looks at what only our RTL promises (``white_box``).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sim import selection
from sim.options import ROOT
from sim.results import CaseResult

FILE = ROOT / "sim" / "blackbox.yaml"
DISCOVERY = "tb.env.discovery"
SKIPPED_VARIABLE = "DUT_SKIPPED"  # file of a pytest session that collects what was left out
CLAIMS_VARIABLE = "DUT_CLAIMS"  # file the discovery writes
# claims that are parameters of the bench too
PARAMETERS = {"oas": "OAS", "cmdqs": "CMDQS", "eventqs": "EVENTQS", "stall_max": "STALL_MAX"}
Claims = Mapping[str, int]


@dataclass(frozen=True)
class Suite:
    """sim/blackbox.yaml."""

    functions: Sequence[str]  # of pytest, below tests/smmu
    white_box: Mapping[str, str]
    needs: Mapping[str, Mapping[str, int]]


def load(file: Path = FILE) -> Suite:
    """The file. ValueError when its keys are not those of ``Suite``."""
    data = yaml.safe_load(file.read_text())
    if set(data) != {"functions", "white_box", "needs"}:
        raise ValueError(f"{file.name}: functions, white_box and needs, not {', '.join(data)}")
    return Suite(data["functions"], data["white_box"] or {}, data["needs"] or {})


def claims_of(folder: Path, discover: Callable[..., Any]) -> dict[str, int]:
    """Claims of the build in `folder`; ``discover`` runs the design when they are not there."""
    file = folder / "claims.json"
    if not file.is_file():
        discover(env={CLAIMS_VARIABLE: str(file), "TEST": ""})
    return json.loads(file.read_text())


def as_claimed(
    folder: Path, module: str, chosen: Sequence[str], discover: Callable[..., Any]
) -> tuple[dict[str, int], list[str], list[CaseResult]]:
    """Parameters of the bench as claimed, tests that can run, and results of those left out."""
    claims = claims_of(folder, discover)
    names = [f"{m.rpartition('.')[2]}.{n}" for m in module.split(",")
             for n in selection.cocotb_tests(m) if not chosen or n in chosen]  # fmt: skip
    spared = left_out(names, claims)
    results = [CaseResult(n.partition(".")[2], "skipped", 0, 0, why) for n, why in spared.items()]
    left = [n.partition(".")[2] for n in names if n not in spared]
    return {name: claims[claim] for claim, name in PARAMETERS.items()}, left, results


def left_out(tests: Iterable[str], claims: Claims, suite: Suite | None = None) -> dict[str, str]:
    """Reason by test for those of ``tests`` ("module.test", the last part of the module's path).

    They are told in the summary of a pytest session too.
    """
    suite = suite or load()
    found = {}
    for test in tests:
        module = test.partition(".")[0]
        for name in (module, test):
            if why := suite.white_box.get(name):
                found[test] = f"white box: {why}"
            for claim, least in suite.needs.get(name, {}).items():
                if (have := claims.get(claim, 0)) < least:
                    found[test] = f"needs {claim} {least}, the design claims {have}"
    if found and (path := os.environ.get(SKIPPED_VARIABLE)):
        with open(path, "a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            handle.write("".join(f"SKIPPED {name}: {why}\n" for name, why in found.items()))
    return found
