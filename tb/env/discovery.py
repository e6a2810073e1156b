# SPDX-License-Identifier: Apache-2.0
"""Reads what a design claims out of its ID registers (sim/blackbox.py runs this once per build)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import cocotb

from sim.blackbox import CLAIMS_VARIABLE
from tb.env.smmu_bench import BenchConfig, SmmuBench
from tb.models.fields import REG

SIZES = (32, 36, 40, 42, 44, 48, 52, 56)  # bits, by IDR5.OAS
REGISTERS = ("IDR0", "IDR1", "IDR3", "IDR5")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def claims(dut: Any) -> None:
    """Every field of IDR0, IDR1, IDR3 and IDR5 by its name in lower case; OAS in bits."""
    bench = await SmmuBench.start(dut, BenchConfig())
    found: dict[str, int] = {}
    for name in REGISTERS:
        found |= REG[name].unpack(await bench.read32(REG[name].offset))
    found["oas"] = SIZES[found["oas"]]
    Path(os.environ[CLAIMS_VARIABLE]).write_text(json.dumps(found))
