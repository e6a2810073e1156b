# SPDX-License-Identifier: Apache-2.0
"""The sequence library: its own tests, and the text of docs/sequences.md run as it stands."""

from __future__ import annotations

import re

from sim import runner
from sim.options import BUILD_ROOT, ROOT
from tb.env import smmu_bench

DOCUMENT = ROOT / "docs" / "sequences.md"
TEN_LINES = 12  # of a test, its decorator and its class line included


def test_sequences() -> None:
    """Kinds, orders and patterns of the library."""
    runner.run(smmu_bench.build(), module="tests.smmu.sequence_tests")


def blocks() -> list[str]:
    """The Python texts of the document, in order."""
    return re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text(), re.M | re.S)


def test_documented_sequences() -> None:
    """Every test of docs/sequences.md, taken from the document and run as it is."""
    imports, *tests = blocks()
    names = [re.search(r"^class (\w+)\(SmmuTest\):$", text, re.M)[1] for text in tests]
    assert len(tests) == DOCUMENT.read_text().count("\n## "), "a section without its test"
    assert all(text.count("\n") <= TEN_LINES for text in tests), "longer than ten lines"
    folder = BUILD_ROOT / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "documented_sequences.py").write_text("\n\n".join([imports, *tests]))
    path = {"PYTHONPATH": f"{folder}:{ROOT}"}
    result = runner.run(smmu_bench.build(), module="documented_sequences", env=path)
    assert sorted(case.name for case in result.cases) == sorted(names)
