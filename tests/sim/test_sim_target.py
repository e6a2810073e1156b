# SPDX-License-Identifier: Apache-2.0
"""`make sim`: the list of scenarios, and names that are not on it, without a simulator."""

from __future__ import annotations

import pytest

from sim import cli
from tb.models.scenarios import SCENARIOS
from tb.system import __main__ as program


def test_list_names_every_scenario_with_one_line(monkeypatch, capsys):
    monkeypatch.setenv("SCENARIO", "list")
    assert cli.main(["cli", "sim"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(SCENARIOS)
    assert all(len(line.split()) > 3 and len(line) < 120 for line in lines)
    assert program.main([]) == 0
    assert capsys.readouterr().out.splitlines() == lines


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [("SCENARIO", "host", "host-sva"), ("SIZE", "huge", "small, full")],
)
def test_wrong_names_are_one_line_that_lists_the_right_ones(
    monkeypatch, capsys, variable, value, named
):
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(cli, "_program", lambda *args, **kwargs: pytest.fail("started"))
    assert cli.main(["cli", "sim"]) == cli.REFUSED
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{variable}={value}" in line and named in line


def test_a_run_on_stand_in_hardware_writes_what_it_found(monkeypatch, capsys, tmp_path):
    """Also one that fails: exit code, files, and the command that repeats it."""
    monkeypatch.setattr(program, "OUTPUT", tmp_path)
    monkeypatch.setattr(program, "BUILD_ROOT", tmp_path / "sim" / "build")
    for name, value in {"SCENARIO": "host-sva", "SEED": "3", "DEFECT": "mix-pasid"}.items():
        monkeypatch.setenv(name, value)
    assert program.main(["--model"]) == 1
    said = capsys.readouterr().out
    assert "FAIL" in said and "isolation" in said
    assert said.splitlines()[-1].startswith("REPRO: make sim SEED=3")
    assert said.splitlines()[-1].endswith("SCENARIO=host-sva SIZE=small DEFECT=mix-pasid")
    files = {path.name for path in (tmp_path / "host-sva").iterdir()}
    assert files == {"report.html", "result.json", "trace.json"}
