# SPDX-License-Identifier: Apache-2.0
"""The record of results: the latest counts, broken lines do not, many processes share a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sim import history, runner
from sim.options import ROOT
from tests import conftest

NODE = "tests/unit/test_evtq.py::test_evtq"


def _record(state: str, inner: str = "", config: str = "tiny", node: str = NODE) -> history.Record:
    return history.Record(node, inner, "verilator", config, 1, state)


def _states(file: Path) -> dict[tuple[str, str], str]:
    return {(r.inner, r.config): r.state for r in history.latest(file)}


def test_history_keeps_the_latest_of_each_key(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "results.jsonl"
    history.record([_record("failed", "a"), _record("passed", "b")], file)
    history.record([_record("passed", "a"), _record("failed", "a", "large")], file)
    assert _states(file) == {
        ("a", "tiny"): "passed",
        ("b", "tiny"): "passed",
        ("a", "large"): "failed",
    }


def test_history_partial_run_keeps_a_pass_and_replaces_a_failure(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    history.record([_record("passed"), _record("partial")], file)
    assert _states(file) == {("", "tiny"): "passed"}
    history.record([_record("error"), _record("partial")], file)
    assert _states(file) == {("", "tiny"): "partial"}


def test_history_without_file_and_with_broken_lines(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    assert history.latest(file) == []
    file.write_text('{"node": "cut sh\n{"of": "another form"}\n[1]\n')
    history.record([_record("passed")], file)
    assert _states(file) == {("", "tiny"): "passed"}


def test_history_shrinks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "results.jsonl"
    monkeypatch.setattr(history, "MAX_BYTES", 2000)
    for turn in range(50):
        history.record([_record("passed" if turn % 2 else "failed", "a")], file)
        history.record([_record("passed", f"other {turn % 3}")], file)
        assert file.stat().st_size < 2300
    assert _states(file)["a", "tiny"] == "passed" and len(_states(file)) == 4


def test_history_of_many_processes(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    code = (
        "import sys; from pathlib import Path; from sim import history as h\n"
        "h.MAX_BYTES = 20000\n"
        "for i in range(100): h.record([h.Record(sys.argv[2], str(i), 's', 'c', 0, 'passed')],"
        " Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(file)]
    running = [subprocess.Popen([*command, name], cwd=ROOT) for name in "abcd"]
    assert [process.wait(60) for process in running] == [0] * 4
    assert {(r.node, r.inner) for r in history.latest(file)} == {
        (name, str(i)) for name in "abcd" for i in range(100)
    }


def test_history_of_a_simulation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cocotb test that was asked for has a result, also when the simulator left none."""
    monkeypatch.setattr(history, "FILE", tmp_path / "results.jsonl")
    monkeypatch.delenv("TEST", raising=False)
    params = {"WIDTH": 8, "DEPTH": 16, "ADDR_W": 4}
    ram = runner.build("util_ram_1r1w", config=None, params=params, waves=False)
    for names in (["intact_params", "broken_assertion"], ["broken_crash"]):
        runner.run(ram, module="tests.sim.broken_tests", tests=names, seed=7, check=False)
    assert {(r.node.rpartition("::")[2], r.inner, r.seed, r.state) for r in history.latest()} == {
        ("test_history_of_a_simulation", "intact_params", 7, "passed"),
        ("test_history_of_a_simulation", "broken_assertion", 7, "failed"),
        ("test_history_of_a_simulation", "broken_crash", 7, "failed"),
    }


@pytest.mark.parametrize(
    ("text", "partial"),
    [
        ("", False),
        ("test_evtq", False),
        ("tests/unit", False),
        ("test_evtq/test_evtq_wakeup", True),
    ],
)
def test_history_knows_a_partial_run(text: str, partial: bool) -> None:
    assert conftest._partial(SimpleNamespace(nodeid=f"{NODE}[8]"), text) is partial
