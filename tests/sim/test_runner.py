# SPDX-License-Identifier: Apache-2.0
"""Broken tests, broken sources and wrong options must be noticed, and said in one place."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sim import runner
from sim.options import ROOT, OptionError

MODULE = "tests.sim.broken_tests"
PARAMS = {"WIDTH": 8, "DEPTH": 16, "ADDR_W": 4}


@pytest.fixture
def ram(monkeypatch: pytest.MonkeyPatch) -> runner.Build:
    # What is asked for of the session must not restrict the tests planted here.
    monkeypatch.delenv("TEST", raising=False)
    return runner.build("util_ram_1r1w", config=None, params=PARAMS, waves=False)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("broken_assertion", "planted wrong expectation"),
        ("broken_hang", "broken_hang"),
        ("broken_crash", "broken_crash: the simulator ended while it ran"),
    ],
)
def test_runner_failure_is_reported(ram: runner.Build, name: str, says: str) -> None:
    with pytest.raises(runner.SimulationError) as caught:
        runner.run(ram, module=MODULE, tests=[name], seed=7)
    text = str(caught.value)
    assert says in text
    assert "sim.log" in text and "seed: 7" in text
    assert "REPRO: make test" in text and "SEED=7" in text and f"SIM={ram.sim}" in text


def test_runner_stops_a_stuck_simulator(ram: runner.Build) -> None:
    result = runner.run(ram, module=MODULE, tests=["broken_stuck"], timeout_s=3, check=False)
    assert not result.ok and "still running" in result.notes[0]


def test_runner_keeps_what_passed_before_a_crash(ram: runner.Build) -> None:
    """Without a results file the log tells; the reproduce line names the test that crashed."""
    names = ["intact_twice", "broken_crash", "intact_params"]
    result = runner.run(ram, module=MODULE, tests=names, seed=1, check=False)
    states = {case.name: case.status for case in result.cases}
    assert states == {"intact_twice/again=False": "passed", "intact_twice/again=True": "passed",
                      "broken_crash": "failed"}  # fmt: skip
    assert "/broken_crash SEED=1" in result.repro and not result.ok


def test_runner_passes_parameters(ram: runner.Build) -> None:
    result = runner.run(ram, module=MODULE, tests="intact", seed=1)
    cases = [(c.name, c.status) for c in result.cases]
    assert ("intact_params", "passed") in cases and result.ok
    assert all(case.sim_ns == 1 for case in result.cases)


def test_runner_reuses_builds(ram: runner.Build) -> None:
    log = ram.folder / "build.log"
    written = log.stat().st_mtime_ns
    again = runner.build("util_ram_1r1w", config=None, params=PARAMS, waves=False)
    assert again == ram and log.stat().st_mtime_ns == written


def test_runner_refuses_unknown_names() -> None:
    with pytest.raises(OptionError, match=r"no module util_rom_1r1w.*close: util_ram_1r1w"):
        runner.build("util_rom_1r1w")
    with pytest.raises(OptionError, match="no parameter WIDHT"):
        runner.build("util_ram_1r1w", config=None, params={"WIDHT": 1})


def test_runner_refuses_a_broken_rule() -> None:
    """Parameter rules are checked by an instance of a module nobody has (D11)."""
    with pytest.raises(runner.BuildError, match="depth_exceeds_addr_w"):
        runner.build("util_ram_1r1w", config=None, params={"DEPTH": 17, "ADDR_W": 4})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"SIM": "nosuch"}, "test: SIM=nosuch: not one of verilator, icarus"),
        ({"CONFIG": "nonsense"}, "test: CONFIG=nonsense: not one of tiny, default, large"),
        ({"SEED": "seven"}, "test: SEED=seven: not a number"),
        ({"TEST": "test_runner_reuses_bilds"}, "test_runner_reuses_builds"),
        ({"TEST": "("}, "test: TEST=(: not a regular expression"),
    ],
)
def test_front_door_refuses_in_one_line(options: dict[str, str], says: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sim.cli", "test"],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k not in ("TEST", "SEED")} | options,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1 and says in done.stderr
