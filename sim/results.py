# SPDX-License-Identifier: Apache-2.0
"""What a simulation left behind: cocotb's results file, and a failure told to its reader."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

LOG_TAIL_LINES = 40
FAILURE_LINES = 25  # of the log, from the line that says a test failed
MAX_FAILURES_SHOWN = 3


@dataclass(frozen=True)
class CaseResult:
    """One cocotb test: status is passed, failed or skipped; times in ns and in seconds."""

    name: str
    status: str
    sim_ns: float
    wall_s: float
    message: str = ""


@dataclass(frozen=True)
class RunResult:
    """One simulator process."""

    cases: list[CaseResult]
    exit_code: int
    seed: int
    folder: Path
    log: Path
    waves: Path | None
    repro: str
    notes: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[CaseResult]:
        """Tests that failed."""
        return [c for c in self.cases if c.status == "failed"]

    @property
    def ok(self) -> bool:
        """True when at least one test ran, none failed and the simulator ended cleanly."""
        ran = any(c.status == "passed" for c in self.cases)
        return ran and not self.failed and self.exit_code == 0 and not self.notes


def read_results(path: Path) -> list[CaseResult]:
    """Outcome of every test of a results file; none when the simulator wrote no file."""
    if not path.is_file():
        return []
    cases = []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        bad = next((t for k in ("failure", "error") if (t := case.find(k)) is not None), None)
        skipped = case.find("skipped") is not None
        status = "failed" if bad is not None else "skipped" if skipped else "passed"
        message = "" if bad is None else bad.get("message") or bad.get("error_msg") or ""
        more = {p.get("name"): p.get("value", "") for p in case.iter("property")}
        cases.append(CaseResult(
            case.get("name", "?"), status, float(more.get("sim_time_duration", 0)),
            float(case.get("time", 0)), message,
        ))  # fmt: skip
    return cases


def recover_results(log: Path, module: str) -> list[CaseResult]:
    """Outcome of the tests that began, from the log of a simulator that wrote no results file.

    The one that ran last has failed. ``module`` holds the cocotb modules, separated by commas.
    """
    lines = log.read_text(errors="replace") if log.is_file() else ""
    prefix = "|".join(re.escape(name) for name in module.split(","))
    cases = []
    for name in re.findall(rf" running (?:{prefix})\.(.+) \(\d+/\d+\)$", lines, re.MULTILINE):
        end = rf" (?:{prefix})\.{re.escape(name)} (passed|failed|skipped)\b"
        told = re.search(end, lines)
        missing = "the simulator ended while it ran"
        status, message = (told[1], "") if told else ("failed", missing)
        cases.append(CaseResult(name, status, 0, 0, message))
    return cases


def _excerpt(log: Path, failed: list[CaseResult]) -> str:
    """The log around the first failures; its end when no failure stands in it."""
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    parts = []
    for case in failed[:MAX_FAILURES_SHOWN]:
        mark = f".{case.name} failed"
        start = next((i for i, line in enumerate(lines) if line.rstrip().endswith(mark)), None)
        if start is not None:
            # What came just before often says why.
            parts.append("\n".join(lines[max(0, start - 5) : start + FAILURE_LINES]))
    return "\n...\n".join(parts) or "\n".join(lines[-LOG_TAIL_LINES:])


def explain(result: RunResult) -> str:
    """A failure as the reader needs it: what, the end of the log, where, and how to repeat it."""
    lines = [f"{c.name}: {c.message}".rstrip(": ") for c in result.failed]
    lines += result.notes
    if result.exit_code and not result.failed:
        lines.append(f"the simulator ended with code {result.exit_code}")
    return "\n".join([
        "; ".join(lines), f"--- from the log {'-' * 49}", _excerpt(result.log, result.failed),
        "-" * 66,
        f"log: {result.log}", f"seed: {result.seed}",
        *([f"waves: {result.waves}"] if result.waves else []), result.repro,
    ])  # fmt: skip
