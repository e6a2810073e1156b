# SPDX-License-Identifier: Apache-2.0
"""A machine that lacks something, and the names TEST= understands."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim import cli, environment, options, selection
from sim.options import OptionError


def test_missing_package_gives_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing may be installed, one line says what to type."""
    monkeypatch.setattr(environment, "_command", lambda name: False)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(environment.MissingError) as caught:
        environment.ensure_packages(["icarus", "verilator"])
    text = str(caught.value)
    assert text.endswith("type: sudo apt-get install -y iverilog g++ make perl")
    assert "\n" not in text


def test_missing_package_is_installed_for_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root gets the lists first, then what is missing and the optional extras."""
    calls: list[list[str]] = []
    present = {"apt-get"}

    def apt(args: list[str]) -> bool:
        calls.append(args)
        if args[0] == "install":
            present.update({"iverilog", "vvp"})
        return True

    monkeypatch.setattr(environment, "_command", lambda name: name in present)
    monkeypatch.setattr(environment, "_apt", apt)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    environment.ensure_packages(["icarus"])
    assert calls == [
        ["update"],
        ["install", "-y", "--no-install-recommends", "iverilog", "ccache"],
    ]


def test_selection_by_function_inner_name_and_both() -> None:
    """Function names are exact; what is part of several names selects them all."""

    def chosen(text: str) -> set[str]:
        return {case.name for case in selection.select_cases(text)}

    assert chosen("test_util_ram") == {"test_util_ram"}
    assert chosen("test_util_ram[8-16-4]") == {"test_util_ram"}
    assert chosen("test_util_ram_no_x") == {"test_util_ram"}
    assert chosen("test_util_ram/test_util_ram_no_x") == {"test_util_ram"}
    assert "test_util_ram" in chosen("smoke")
    assert chosen("sim/test_environment") >= {"test_selection_by_function_inner_name_and_both"}


def test_selection_inside_a_module() -> None:
    """The name of the pytest function leaves all its cocotb tests in."""
    # In pieces: the whole name as one string would join this function to that module.
    names = selection.cocotb_tests(".".join(["tests", "unit", "util_ram_tests"]))
    assert selection.select_inner("test_util_ram", names) == []
    assert selection.select_inner("test_util_ram/test_util_ram_no_x", names) == [
        "test_util_ram_no_x"
    ]
    assert selection.select_inner("smoke|no_x", names) == [
        "test_util_ram_smoke",
        "test_util_ram_no_x",
    ]


def test_selection_names_close_matches() -> None:
    with pytest.raises(OptionError, match=r"TEST=test_util_rum: no such test; close: test_util_"):
        selection.select_cases("test_util_rum")


def test_clean_spares_the_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The history of regressions is not made again by building again."""
    monkeypatch.setattr(cli, "BUILD_ROOT", tmp_path / "build")
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    kept = tmp_path / "build" / "regress" / "history.sqlite"
    for name in ("setup.lock", "verilator/x/done", "regress/index.html", "regress/runs/1/run.json"):
        path = tmp_path / "build" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    kept.touch()
    assert cli.target_clean() == 0
    assert [path for path in (tmp_path / "build").rglob("*") if path.is_file()] == [kept]
    kept.unlink()
    assert cli.target_clean() == 0 and not (tmp_path / "build").exists()


def test_only_the_test_of_the_page_asks_for_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make test` of a stranger must not install one."""
    for test, wanted in (("", False), ("test_dashboard", True), ("tests/sim", False)):
        monkeypatch.setenv("TEST", test)
        assert ("browser" in cli._needs(options.from_env())) == wanted
