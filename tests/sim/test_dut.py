# SPDX-License-Identifier: Apache-2.0
"""DUT= and TOP=: one line for each mistake, the shim, and what a design is spared. No simulator."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim import blackbox, dut, selection, sources
from sim.options import ROOT, OptionError
from sim.regress.lists import plan_jobs, read_list
from sim.results import CaseResult

PAGE = ROOT / "docs" / "dut-contract.md"


def _design(folder: Path, without: str = "", lines: tuple[str, ...] = ()) -> Path:
    """A file list of a module `mine` with every pin but those matching ``without``."""
    ports = [f"{'input' if p.is_input else 'output'} wire {p.name}" for p in dut.pins()
             if not (without and re.fullmatch(without, p.name))]  # fmt: skip
    (folder / "mine.v").write_text(f"module mine #(parameter ID_W = 4) (\n{', '.join(ports)});\n")
    (folder / "mine.f").write_text("\n".join(["mine.v  // the top", *lines]) + "\n")
    return folder / "mine.f"


def test_pins_are_those_of_smmu_top() -> None:
    """The shim has the ports and parameters of smmu_top."""
    assert {p.name for p in dut.pins()} == set(sources.ports_of(dut.OURS))
    assert list(sources.parameter_defaults(dut.OURS)) == sources.parameters_of(dut.OURS)


def test_shim(tmp_path: Path) -> None:
    """What is there is joined, what is optional and missing is idle, parameters are passed on."""
    design = dut.load(_design(tmp_path, "pmu_.*|nostall_i", ("-GNUM_TBU=1",)), "mine")
    text = dut.shim(design)
    assert "mine #(.ID_W (ID_W)) u_dut" in text and design.fixed == {"NUM_TBU": 1}
    assert "assign pmu_tcu_event = {(8){1'b0}};" in text
    assert ".nostall_i (" not in text and ".irq_gerr (irq_gerr)" in text


@pytest.mark.parametrize(
    ("without", "lines", "top", "message"),
    [
        ("m_axi_arid|irq_gerr", (), "mine", "TOP=mine: has no pin m_axi_arid and 1 more"),
        ("", (), "mime", "TOP=mime: no such module in .*; close: mine"),
        ("", ("other.v",), "mine", "line 2: other.v: no such file"),
        ("", ("+incdir+none",), "mine", "line 2: none: no such folder"),
        ("", ("-y lib",), "mine", "line 2: -y lib: only files"),
        ("", ("-GTBUS=2",), "mine", "-GTBUS: not a parameter of the bench"),
    ],
)
def test_mistakes(tmp_path: Path, without: str, lines: tuple[str, ...], top: str,
                  message: str) -> None:  # fmt: skip
    """One line says what is wrong."""
    with pytest.raises(OptionError, match=message) as caught:
        dut.load(_design(tmp_path, without, lines), top)
    assert "\n" not in str(caught.value)


def test_only_one_of_the_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """DUT and TOP go together."""
    monkeypatch.setenv("DUT", "x.f")
    monkeypatch.delenv("TOP", raising=False)
    with pytest.raises(OptionError, match=r"DUT=x\.f: needs TOP"):
        dut.from_env()
    monkeypatch.setenv("TOP", "mine")
    with pytest.raises(OptionError, match=r"DUT=x\.f: no such file"):
        dut.from_env()
    monkeypatch.delenv("DUT")
    with pytest.raises(OptionError, match="TOP=mine: needs DUT"):
        dut.from_env()


def test_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim that is too small leaves a test out, with its reason."""
    monkeypatch.delenv(blackbox.SKIPPED_VARIABLE, raising=False)
    suite = blackbox.Suite([], {"stage1_tests": {"oas": 48}, "guard_tests.counts": {"btm": 1}})
    tests = ["stage1_tests.descriptor_types", "guard_tests.counts", "guard_tests.others"]
    assert blackbox.left_out(tests, {"oas": 44}, suite) == {
        "stage1_tests.descriptor_types": "needs oas 48, the design claims 44",
        "guard_tests.counts": "needs btm 1, the design claims 0",
    }
    assert blackbox.left_out(tests[:1], {"oas": 48}, suite) == {}


def test_what_a_test_asks_for_in_vain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A pin or a capacity that is not there makes its test `skipped`, any other failure stays."""
    told = tmp_path / "skipped.txt"
    monkeypatch.setenv(blackbox.SKIPPED_VARIABLE, str(told))
    design = dut.load(_design(tmp_path, "pmu_.*", ("-GTLB_SETS=8",)), "mine")
    assert set(design.absent) == {"pmu_tbu_event", "pmu_tcu_event"}
    given = {"ID_W": 4, "TLB_SETS": 8, "WALK_SLOTS": 2}
    assert design.told(given) == {"ID_W": 4, "TLB_SETS": 8}
    with pytest.raises(blackbox.MissingError) as missing:
        _ = blackbox.Told(design.told(given))["WALK_SLOTS"]
    cases = [CaseResult("exclusives", "failed", 0, 0, str(missing.value)),
             CaseResult("other_security_states", "failed", 0, 0, "1 != 2"),
             CaseResult("slave_errors_pass", "passed", 0, 0)]  # fmt: skip
    got = blackbox.without_missing(cases, "tests.smmu.client_port_tests", notes := [])
    assert not notes
    assert [case.status for case in got] == ["skipped", "failed", "passed"]
    line = "SKIPPED client_port_tests.exclusives: the design does not tell -GWALK_SLOTS=n\n"
    assert told.read_text() == line


def test_regression_of_the_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    """With DUT= the list holds files of the suite only; each has a function of it."""
    entries = read_list("blackbox")
    files = {job.file for job in plan_jobs(entries, [0])}
    monkeypatch.setenv("DUT", "mine.f")
    suite = {job.file for job in plan_jobs(entries, [0])}
    functions = set(blackbox.load().functions)
    smmu = [case for case in selection.all_cases() if case.path.startswith("tests/smmu/")]
    assert suite < files
    assert suite == {case.path for case in smmu if case.name in functions}


def test_suite_names_tests_that_are_there() -> None:
    """sim/blackbox.yaml: every function, module and test exists."""
    suite = blackbox.load()
    cases = {case.name: case for case in selection.all_cases()}
    assert set(suite.functions) <= set(cases)
    for name in suite.needs:
        module, _, test = name.partition(".")
        known = selection.cocotb_tests(f"tests.smmu.{module}")
        assert known and (not test or test in known), name


def test_page_names_the_optional_pins() -> None:
    """docs/dut-contract.md lists what may be missing."""
    optional = {p.name for p in dut.pins() if dut.OPTIONAL.fullmatch(p.name)}
    told = PAGE.read_text().partition("<!-- optional pins -->")[2].partition("<!-- end -->")[0]
    assert set(re.findall(r"`(\w+)`", told)) == optional
