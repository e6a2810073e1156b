# SPDX-License-Identifier: Apache-2.0
"""The counts of the comparison on the RTL are those of stand-in hardware."""

from __future__ import annotations

from tb.compare import rtl
from tb.compare.schemes import OPERATIONS


def test_compare_rtl():
    """The scheme with the longest way, two pages; `make compare RTL=1` takes all."""
    rows = rtl.check(2, ["vsva-nested"])
    assert [row["operation"] for row in rows] == list(OPERATIONS)
    assert [row["differs"] for row in rows if row["differs"]] == []
    use = next(row for row in rows if row["operation"] == "use")
    assert 0 < use["memory_reads"] <= use["standin_memory_reads"]  # tables are cached
