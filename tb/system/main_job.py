# SPDX-License-Identifier: Apache-2.0
"""cocotb test of the main job: the software stack on the RTL.

The result goes to the file named by ``MAIN_JOB_RESULT`` (JSON); the caller prints the report.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import cocotb

from tb.models.main_job import MainJob, collect
from tb.system.bench import SystemBench

LIMIT_CYCLES = 5_000_000


@cocotb.test(timeout_time=LIMIT_CYCLES, timeout_unit="ns")
async def main_job(dut) -> None:
    """Two guest processes share the accelerator; every first touch is a stall that resolves."""
    seed = int(os.environ.get("COCOTB_RANDOM_SEED", "0"))
    bench = SystemBench(dut, seed)
    await bench.start()
    await bench.stack.boot()
    job = MainJob(bench.stack, seed)
    findings = await job.run()
    findings.errors += await bench.unfinished()
    bench.plat.counters["smmu-walks"] = bench.pmu["tlb_miss"]
    result = collect(bench.stack, findings, seed)
    result["skipped_cycles"] = bench.plat.skipped
    if path := os.environ.get("MAIN_JOB_RESULT"):
        Path(path).write_text(json.dumps(result))
    assert not result["errors"], "\n".join(result["errors"])
    assert result["stalls_resolved"] >= 24, f"{result['stalls_resolved']} stalls resolved"
    assert result["stalls_aborted"] >= 1, "no stall was aborted"
