# SPDX-License-Identifier: Apache-2.0
"""The counts of the stand-in hardware against those of the RTL, scheme by scheme.

Cycles and memory reads differ, because the RTL has pipelines, queues and caches of tables, which
the stand-in has not; whatever software decides must be equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sim.runner import build, run
from tb.compare.measure import COUNTS, SCHEMES, SEED, on_standin
from tb.compare.result import Rows
from tb.models.costs import load_costs

PAGES = 4
EQUAL = [name for name in COUNTS if name != "memory_reads"]


def on_rtl(name: str, pages: int) -> Rows:
    """A scheme on the RTL; BuildError or SimulationError when that fails."""
    with TemporaryDirectory() as folder:
        raw = Path(folder) / "rows.json"
        env = {
            "COMPARE_SCHEME": name,
            "COMPARE_PAGES": str(pages),
            "COMPARE_RESULT": str(raw),
        }
        run(build("tb_system"), "tb.compare.rtl_tests", tests=["compare"], seed=SEED, env=env)
        return json.loads(raw.read_text())


def differences(name: str, pages: int, standin: Rows, rtl: Rows) -> list[dict[str, Any]]:
    """One row for each operation: both cycles, and the counts that are not equal."""
    out = []
    for operation, row in rtl.items():
        ours = standin[operation]
        wrong = [f"{c}: {row[c]}, not {ours[c]}" for c in EQUAL if row[c] != ours[c]]
        out.append(
            {
                "scheme": name,
                "operation": operation,
                "pages": pages,
                "cycles": row["cycles"],
                "standin_cycles": ours["cycles"],
                "memory_reads": row["memory_reads"],
                "standin_memory_reads": ours["memory_reads"],
                "differs": "; ".join(wrong),
            }
        )
    return out


def check(pages: int, names: Iterable[str] = SCHEMES) -> list[dict[str, Any]]:
    """Schemes in turn on the RTL against stand-in hardware, both with the costs of the tree."""
    costs = load_costs()
    return [
        row
        for name in names
        for row in differences(name, pages, on_standin(name, pages, costs), on_rtl(name, pages))
    ]
