# SPDX-License-Identifier: Apache-2.0
"""The report of `make compare` in a real headless Chromium, against its compare.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tb.compare import __main__ as program
from tb.compare.page import COLUMNS
from tests.models.test_compare import SIZES, compared
from tests.sim.browser import opened

# data attributes and text of every cell that shows a figure
CELLS = """all => all.map(cell => ({...cell.dataset, text: cell.textContent}))"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with index.html and compare.json of 1 and 16 pages."""
    folder = tmp_path_factory.mktemp("compare")
    program.write(compared(), folder)
    return folder


@pytest.fixture(scope="module")
def shown(files: Path) -> Iterator[Page]:
    with opened(files / "index.html") as page:
        yield page


def test_figures_of_the_page_are_those_of_the_data(shown: Page, files: Path) -> None:
    """Every cell, in both directions."""
    data = json.loads((files / "compare.json").read_text())
    cells = shown.eval_on_selector_all("#figures td[data-what]", CELLS)
    seen = {(c["scheme"], c["operation"], int(c["pages"]), c["what"]): float(c["text"])
            for c in cells}  # fmt: skip
    want = {(r["scheme"], r["operation"], r["pages"], what): r[what]
            for r in data["rows"] for what in COLUMNS.values()}  # fmt: skip
    assert seen == want and len(cells) == len(want) == len(data["rows"]) * len(COLUMNS)
    grown = shown.eval_on_selector_all("#growth td[data-what]", CELLS)
    seen = {(c["scheme"], c["operation"], c["what"]): float(c["text"]) for c in grown}
    want = {(g["scheme"], g["operation"], what): g[what]
            for g in data["growth"] for what in ("fixed", "per_page", "exponent")}  # fmt: skip
    assert seen == want


def test_pictures_and_words_of_the_page(shown: Page) -> None:
    """A picture for each operation and the layers of a fault; schemes, reasons and costs told."""
    found = compared()
    pictures = shown.locator(".pictures svg.pygal-chart")
    assert pictures.count() == len(found["operations"]) + 1
    for index in range(pictures.count()):
        box = pictures.nth(index).bounding_box()
        assert box and box["width"] > 400 and box["height"] > 200
    legends = (
        shown.locator(".pictures svg.pygal-chart").first.locator(".legend text").all_text_contents()
    )
    named = {name for legend in legends for name in legend.strip().split(", ")}
    assert named == set(found["schemes"])
    assert shown.locator("#schemes tbody tr").count() == len(found["schemes"])
    assert shown.locator("#costs tbody tr").count() == len(found["costs"])
    assert shown.locator("#costs-file").inner_text() == "tb/models/costs.yaml"
    none = shown.locator("#figures td", has_text="none: ").all_inner_texts()
    assert len(none) == sum(map(len, found["missing"].values()))
    rows = shown.locator("#figures tbody tr").count()
    assert rows == len(found["rows"]) + len(none) and len(SIZES) * len(none) == 4
