# SPDX-License-Identifier: Apache-2.0
"""cocotb test of one scenario: the software models on the RTL.

SCENARIO, SIZE and DEFECT name what runs, as for `make sim`; without SIZE a SCALE above 1 makes it
full. The result goes to the file named by
SCENARIO_RESULT (JSON); the caller prints the report.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import cocotb

from sim.options import from_env
from tb.models.scenarios import MAIN, load
from tb.models.scenarios.base import execute
from tb.system.bench import SystemBench

LIMIT_CYCLES = 10_000_000


@cocotb.test(timeout_time=LIMIT_CYCLES, timeout_unit="ns")
async def scenario(dut) -> None:
    """Whatever SCENARIO names; everything it checks is right."""
    bench = SystemBench(dut, int(os.environ.get("COCOTB_RANDOM_SEED", "0")))
    await bench.start()
    size = os.environ.get("SIZE", "") or ("full" if from_env().scale > 1 else "small")
    defect = os.environ.get("DEFECT", "")
    job = load(os.environ.get("SCENARIO", MAIN))(bench, size, defect)
    result = await execute(job)
    result["skipped_cycles"] = bench.plat.skipped
    if path := os.environ.get("SCENARIO_RESULT"):
        Path(path).write_text(json.dumps(result))
    assert not result["errors"], "\n".join(result["errors"])
