# SPDX-License-Identifier: Apache-2.0
"""Reads what a design claims out of its ID registers (sim/blackbox.py runs this once per build)."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import cocotb

from sim.blackbox import CLAIMS_VARIABLE
from tb.env.smmu_bench import BenchConfig, SmmuBench
from tb.models.fields import REG

SIZES = (32, 36, 40, 42, 44, 48, 52, 56)  # bits, by IDR5.OAS
FEATURES = ("IDR0", "IDR1", "IDR3", "IDR5")
CONSTANT = re.compile(r"IDR\d|A?IDR|IIDR|[PC]IDR\d")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def claims(dut: Any) -> None:
    """Fields of IDR0, IDR1, IDR3 and IDR5 by name in lower case, OAS in bits; all ID registers."""
    bench = await SmmuBench.start(dut, BenchConfig())
    names = [reg.name for reg in REG if CONSTANT.fullmatch(reg.name)]
    registers = {name: await bench.read32(REG[name].offset) for name in names}
    fields: dict[str, int] = {}
    for name in FEATURES:
        fields |= REG[name].unpack(registers[name])
    fields["oas"] = SIZES[fields["oas"]]
    claims = {"fields": fields, "registers": registers}
    Path(os.environ[CLAIMS_VARIABLE]).write_text(json.dumps(claims))
