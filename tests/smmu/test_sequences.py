# SPDX-License-Identifier: Apache-2.0
"""The sequence library: its own tests, and the text of docs/sequences.md run as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from sim import runner
from sim.options import BUILD_ROOT, ROOT
from tb.env import smmu_bench
from tests.files import write_shared

DOCUMENT = ROOT / "docs" / "sequences.md"
README = ROOT / "tb" / "README.md"
README_TEST = """\
@pyuvm.test(timeout_time=5, timeout_unit="ms")
class ReadmeTest(SmmuTest):
    async def scenario(self) -> None:
        tables = BuildTables(0x05, ssids=2)
        for sequence in (tables, BringUp(), ReadEverything(tables.targets)):
            await self.run(sequence)
"""
TEN_LINES = 10  # of a test, its decorator and its class line included


def test_sequences() -> None:
    """Kinds, orders and patterns of the library."""
    runner.run(smmu_bench.build(), module="tests.smmu.sequence_tests")


def blocks(document: Path) -> list[str]:
    """The Python texts of a document, in order."""
    return re.findall(r"^```python\n(.*?)^```$", document.read_text(), re.M | re.S)


def test_documented_sequences() -> None:
    """Every test of docs/sequences.md, and the sequence of tb/README.md, run as they stand."""
    imports, *tests = blocks(DOCUMENT)
    names = [re.search(r"^class (\w+)\(SmmuTest\):$", text, re.M)[1] for text in tests]
    assert len(tests) == DOCUMENT.read_text().count("\n## "), "a section without its test"
    assert all(text.count("\n") <= TEN_LINES for text in tests), "longer than ten lines"
    texts = [imports, *tests, *blocks(README), README_TEST]
    folder = BUILD_ROOT / "docs"
    write_shared(folder / "documented_sequences.py", "\n\n".join(texts))
    path = {"PYTHONPATH": f"{folder}:{ROOT}"}
    result = runner.run(smmu_bench.build(), module="documented_sequences", env=path)
    assert sorted(case.name for case in result.cases) == sorted([*names, "ReadmeTest"])
