# SPDX-License-Identifier: Apache-2.0
"""cocotb test that measures one scheme on the RTL: COMPARE_SCHEME, COMPARE_PAGES.

The rows go to the file named by COMPARE_RESULT (JSON).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import cocotb

from tb.compare.measure import SEED, make, measure
from tb.system.bench import SystemBench

LIMIT_CYCLES = 10_000_000


@cocotb.test(timeout_time=LIMIT_CYCLES, timeout_unit="ns")
async def compare(dut) -> None:
    """Every operation did its work, and left nothing open."""
    bench = SystemBench(dut, SEED)
    await bench.start()
    bench.plat.jitter_pct = 0
    rows = await measure(
        make(os.environ["COMPARE_SCHEME"], bench, int(os.environ["COMPARE_PAGES"]))
    )
    left = await bench.unfinished()
    assert not left, "\n".join(left)
    Path(os.environ["COMPARE_RESULT"]).write_text(json.dumps(rows))
