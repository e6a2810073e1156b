# SPDX-License-Identifier: Apache-2.0
"""What docs/ shows of the comparison: of today's form, whatever its figures are."""

from __future__ import annotations

import json

from tb.compare import __main__ as program
from tb.compare import docs, measure, plots
from tests.models.test_compare import compared


def test_docs_are_of_this_code():
    """Pictures and tables of docs/ are what today's code makes of the figures in the tree."""
    assert docs.stale() == []


def test_docs_have_what_is_measured():
    """No scheme, operation, size or figure is missing from the figures in the tree."""
    kept = json.loads(docs.DATA.read_text())
    found = compared()
    assert kept["sizes"] == list(measure.SIZES) and kept["overlay"] is None
    for name in ("schemes", "operations", "figures", "missing"):
        assert kept[name] == found[name], f"{name} changed: make compare PICTURES=1"
    assert {tuple(row) for row in kept["rows"]} == {tuple(row) for row in found["rows"]}
    assert set(docs.MARK.findall(docs.PAGE.read_text())) == set(docs.SECTIONS)


def test_stale_docs_are_noticed(monkeypatch):
    """A picture drawn otherwise, a table with another column."""
    monkeypatch.setattr(plots, "LINE_COLORS", plots.LINE_COLORS[::-1])
    monkeypatch.setitem(docs.SECTIONS, "counts", lambda _: "| other |\n")
    old = {line.split()[0] for line in docs.stale()}
    assert {"vsva-fault.svg", "vsva-unmap.svg", "vsva.md"} <= old
    assert "vsva.json" not in old


def test_pictures_want_everything(monkeypatch, capsys):
    """docs/ must not get the figures of other costs or fewer sizes."""
    monkeypatch.setenv("PICTURES", "1")
    assert program.main(["--pages", "1,16"]) == 2
    assert capsys.readouterr().err.startswith("compare: PICTURES=1: docs/ shows all sizes")
