# SPDX-License-Identifier: Apache-2.0
"""Coverage is merged and judged as it should be: holes, waivers, bars."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim import cov, coverage_data
from sim.coverage_data import Point
from sim.options import OptionError

FILE = "hdl/smmu/lib/smmu_desc.v"
ROW = (
    "C '\x01f\x02{file}\x01l\x0212\x01n\x023\x01t\x02{kind}\x01page\x02v/x\x01o\x02{what}"
    "\x01S\x02{lines}\x01h\x02top' {count}\n"
)


def row(kind: str, what: str, lines: str, count: int) -> str:
    file = coverage_data.ROOT / FILE
    return ROW.format(file=file, kind=kind, what=what, lines=lines, count=count)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(coverage_data, "DATA", tmp_path / "data")
    monkeypatch.setattr(coverage_data, "ROOT", tmp_path)
    (tmp_path / "build").mkdir()
    return tmp_path


def test_runs_are_merged(folder: Path) -> None:
    """A point counts when any run hit it; the big file of a run is gone."""
    for hit in (0, 1):
        dat = folder / "coverage.dat"
        dat.write_text(
            row("line", "if", "12-13", hit)
            + row("line", "else", "15", 0)
            + row("toggle", "a[0]:0->1", "", 1 - hit)
        )
        coverage_data.keep(dat, folder / "build")
        assert not dat.exists()
    by_what = {point.what: hit for point, hit in coverage_data.merged().items()}
    assert by_what == {"if": True, "else": False, "a[0]:0->1": True}


def test_changed_points_are_noticed(folder: Path) -> None:
    for what in ("if", "else"):
        dat = folder / "coverage.dat"
        dat.write_text(row("line", what, "12", 1))
        if what == "if":
            coverage_data.keep(dat, folder / "build")
    with pytest.raises(AssertionError, match="points of two runs differ"):
        coverage_data.keep(dat, folder / "build")


def points(*hits: bool) -> dict[Point, bool]:
    return {Point(FILE, n, 1, "line", "block", (n,)): hit for n, hit in enumerate(hits, 1)}


def result(*hits: bool, bins: dict[str, int] | None = None) -> cov.Result:
    return cov.Result(cov.code_coverage(points(*hits)), {"event": bins or {"a": 1}})


def test_uncovered_line_needs_a_waiver() -> None:
    found = result(True, False)
    cov.judge(found, [])
    assert any(p.startswith(f"{FILE}:2: not covered") for p in found.problems)
    assert any(p.startswith("line 50.00 % is below") for p in found.problems)


def test_waiver_of_a_covered_line_is_stale() -> None:
    found = result(True, True)
    cov.judge(found, [cov.Waiver(FILE, "module", "none")])
    assert found.problems == [f"{cov.WAIVERS.name}: stale: {FILE}: module"]


def test_waiver_justifies_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cov, "BARS", {"line": 40.0})
    found = result(True, False)
    text = (coverage_data.ROOT / FILE).read_text().splitlines()[1]
    cov.judge(found, [cov.Waiver(FILE, text[:10].replace("-", "."), "because")])
    assert not found.problems and found.waived == {(FILE, 2): "because"}


def test_functional_hole_is_below_the_bar() -> None:
    found = result(True, bins={"a": 3, "b": 0})
    cov.judge(found, [])
    assert found.problems == ["functional 50.00 % is below 98 %"]


@pytest.mark.parametrize(
    "text", ["waivers: [{file: a}]", "x", "waivers: [{file: a, line: '(', reason: b}]"]
)
def test_broken_waivers_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text(text)
    with pytest.raises(OptionError, match="not a list of waivers"):
        cov.read_waivers(path)


def report(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What `python -m sim.cov --report` says on its error output; it ends with code 2."""
    monkeypatch.setattr("sys.argv", ["sim.cov", "--report"])
    assert cov.main() == 2
    return capsys.readouterr().err


def test_empty_coverage_database_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No database, one without a hit, and one without code coverage beside it."""
    monkeypatch.setattr(cov, "FUNCTIONAL", tmp_path / "functional")
    monkeypatch.setattr(cov, "FOLDER", tmp_path)
    monkeypatch.setattr(coverage_data, "DATA", tmp_path / "data")
    assert "no bench of the whole SMMU ran" in (text := report(capsys, monkeypatch))
    assert text.count("\n") == 1 and "Traceback" not in text
    (tmp_path / "functional").mkdir()
    for hits in (0, 1):
        (tmp_path / "functional" / "1.xml").write_text(
            '<top abs_name="top"><smmu abs_name="top.smmu" size="1" coverage="0" '
            'cover_percentage="0"><sync abs_name="top.smmu.sync" size="1" coverage="0" '
            'cover_percentage="0" at_least="1" weight="1">'
            f'<bin0 abs_name="top.smmu.sync.bin0" bin="irq" hits="{hits}"/></sync></smmu></top>'
        )
        text = report(capsys, monkeypatch)
        assert ("nothing was hit", "no code coverage")[hits] in text and text.count("\n") == 1


def test_page_names_the_rules() -> None:
    found = result(True)
    found.functional = {"command": {"illegal": 2, "CFGI_ALL": 0}}
    text = cov.page(found, {})
    assert "illegal: 2 <small>CMD-001 CMD-004</small>" in text
    assert "<td>CMD-001<td>1 of 2" in text and "<td>CMD-020<td>0 of 1" in text


def test_page_shows_holes() -> None:
    found = result(True, False, bins={"a": 1, "b": 0})
    cov.judge(found, [])
    text = cov.page(found, {"line": 50.0})
    assert "class='miss'" in text and "<script" not in text and "b: 0" in text
