# SPDX-License-Identifier: Apache-2.0
"""Applies TEST= to pytest's own selection, prints a REPRO line for each failure, keeps results."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sim import blackbox, dut, figures, history, selection
from sim.options import BUILD_ROOT, OptionError, from_env, pick_seed, repro_line
from sim.runner import SimulationError
from sim.selection import select_cases

MESSAGE_CHARS = 300


def pytest_configure(config: pytest.Config) -> None:
    """Check the options once and fix one seed for the whole session, workers included."""
    try:
        options, design = from_env(), dut.from_env()
        if design and not blackbox.in_suite(select_cases(options.test)):
            raise OptionError(
                f"TEST={options.test}: not of the suite for DUT= ({blackbox.FILE.name})"
            )
    except OptionError as err:
        raise pytest.UsageError(str(err)) from None
    if options.seed is None:
        os.environ["SEED"] = str(pick_seed())
    if not os.environ.get(figures.VARIABLE):
        figures.FOLDER.mkdir(parents=True, exist_ok=True)
        os.environ[figures.VARIABLE] = str(figures.FOLDER / f"{os.getpid()}.jsonl")
        config.add_cleanup(lambda: Path(os.environ[figures.VARIABLE]).unlink(missing_ok=True))

    if design and not os.environ.get(blackbox.SKIPPED_VARIABLE):
        file = BUILD_ROOT / "dut" / f"skipped-{os.getpid()}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
        os.environ[blackbox.SKIPPED_VARIABLE] = str(file)


def pytest_report_header() -> str:
    """Say what decides the run."""
    options = from_env()
    return f"SIM={options.sim} CONFIG={options.config} SEED={options.seed} TEST={options.test}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what TEST= selects; function[parameters] selects one set of parameters.

    With DUT= only functions of the black-box suite are kept.
    """
    if dut.from_env():
        suite = {case.node for case in blackbox.in_suite(selection.all_cases())}
        keep = [i for i in items if i.nodeid.split("[")[0] in suite]
        config.hook.pytest_deselected(items=[i for i in items if i not in keep])
        items[:] = keep
    text = from_env().test
    if not text:
        return
    try:
        chosen = {case.node for case in select_cases(text)}
    except OptionError as err:
        raise pytest.UsageError(str(err)) from None
    keep = [i for i in items if i.nodeid.split("[")[0] in chosen]
    outer = text.partition("/")[0]
    exact = [i for i in keep if i.name == outer]
    keep = exact or keep
    config.hook.pytest_deselected(items=[i for i in items if i not in keep])
    items[:] = keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the random tests of the session went through."""
    for name, counts in figures.total(Path(os.environ[figures.VARIABLE])).items():
        terminalreporter.write_line(figures.line(name, counts))
    if path := os.environ.get(blackbox.SKIPPED_VARIABLE):
        lines = sorted(set(Path(path).read_text().splitlines()))
        for line in [*lines, f"{len(lines)} cocotb tests left out"]:
            terminalreporter.write_line(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """A failure that is not a simulation's (which prints its own) gets a REPRO line too."""
    report = yield
    if report.failed and "REPRO: " not in str(report.longrepr):
        options = from_env()
        line = repro_line(item.name, options.seed or 0, options.sim, options.config)
        report.sections.append(("repeat", line))
    _keep(item, call, report)
    return report


def _keep(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Record the result for `make plan`; what passes has passed when its call did."""
    if report.when != "call" and report.passed:
        return
    options = from_env()
    state = report.outcome
    if state == "failed" and not (call.excinfo and call.excinfo.errisinstance(SimulationError)):
        state = "error"
    if state == "passed" and _partial(item, options.test):
        state = "partial"
    message = _one_line(call.excinfo) if call.excinfo and report.failed else ""
    history.record([
        history.Record(
            item.nodeid, "", options.sim, options.config, options.seed or 0, state,
            round(report.duration, 3), message=message,
        )
    ])  # fmt: skip


def _one_line(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    """What went wrong, short enough for a list."""
    text = excinfo.exconly(tryshort=True).strip().partition("\n")[0]
    return text[:MESSAGE_CHARS]


def _partial(item: pytest.Item, text: str) -> bool:
    """True when TEST= leaves out some of the cocotb tests the function has."""
    node = item.nodeid.split("[")[0]
    case = next((c for c in selection.all_cases() if c.node == node), None)
    chosen = selection.select_inner(text, case.inner) if case else []
    return bool(chosen) and len(chosen) < len(case.inner)
