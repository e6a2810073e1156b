# SPDX-License-Identifier: Apache-2.0
"""The results of a regression as JUnit XML: a suite a run, a case a test."""

from __future__ import annotations

from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from sim import history
from sim.options import shown
from sim.regress.job import LOG
from sim.regress.state import Outcome

FILE = "junit.xml"
TAIL_LINES = 40  # of the log of a run that did not end well


def write(outcomes: list[Outcome], path: Path) -> None:
    """One file of one run in its folder, or of all."""
    xml = JUnitXml()
    for outcome in outcomes:
        xml.add_testsuite(suite(outcome))
    xml.update_statistics()
    temporary = path.with_name(f"{path.name}.part")
    xml.write(str(temporary), pretty=True)
    temporary.replace(path)


def suite(outcome: Outcome) -> TestSuite:
    """One run; where the run itself failed, an error of its own stands for it."""
    job = outcome.job
    result = TestSuite(job.words)
    for name, value in (("SIM", job.sim), ("CONFIG", job.config), ("SEED", str(job.seed))):
        result.add_property(name, value)
    for record in outcome.tests:
        result.add_testcase(_case(record))
    if outcome.lost:
        case = TestCase("run", job.file, outcome.verdict.wall_s if outcome.verdict else 0)
        case.result = [Error(outcome.lost, "run")]
        case.system_out = _clean(f"{tail(outcome.folder / LOG)}\n{job.repro}")
        result.add_testcase(case)
    return result


def _case(record: history.Record) -> TestCase:
    name = record.node.rpartition("::")[2]
    case = TestCase(f"{name}/{record.inner}" if record.inner else name,
                    record.node.partition("::")[0], record.wall_s)  # fmt: skip
    kinds = {"failed": Failure, "error": Error, "skipped": Skipped}
    if kind := kinds.get(record.state):
        case.result = [kind(_clean(record.message) or record.state)]
    if record.log:
        case.system_out = f"log: {record.log}"
    return case


def tail(log: Path) -> str:
    """The end of a log."""
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else ["no log"]
    return "\n".join([f"log: {shown(log)}", *lines[-TAIL_LINES:]])


def _clean(text: str) -> str:
    """XML knows no control characters."""
    return "".join(c for c in text if c >= " " or c in "\n\t")
