# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU with other widths and pins and runs the tests of these.

The base is the tiny configuration, and the simulator is Icarus where there is one: it builds a
variant in a few seconds, Verilator takes longer than all tests of a variant. Widths and pins do
not change what the simulators could disagree about.
"""

from __future__ import annotations

import shutil

import pytest

from sim import runner
from tb.env import smmu_bench

SIZE, WIDTH = "tests.smmu.output_size_tests", "tests.smmu.client_width_tests"
PINS, LINUX = "tests.smmu.client_pins_tests", "tests.smmu.linux_sva_tests"
TWO_PORTS = {"NUM_TBU": 2, "NO_AXDOMAIN": 0b01, "NO_AXPROT": 0b10}
# name: parameters over those of tiny, and what is run
VARIANTS = {
    "oas40": ({"OAS": 40, "VA_W": 56, "STALL_MAX": 1}, (SIZE, WIDTH)),
    "oas42": ({"OAS": 42, "VA_W": 60, "STALL_MAX": 6}, (SIZE, WIDTH)),
    "oas44": ({"OAS": 44, "VA_W": 49}, (SIZE, WIDTH, LINUX)),
    "va40": ({"VA_W": 40, **TWO_PORTS}, (WIDTH, PINS)),
    "va48": ({"VA_W": 48}, (WIDTH,)),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants(variant: str) -> None:
    """VM2-004, TRN-048, ATT-002, REG-046: sizes, widths and pins other than the usual ones."""
    params, modules = VARIANTS[variant]
    sim = "icarus" if shutil.which("iverilog") else None
    runner.run(smmu_bench.build(sim=sim, config="tiny", params=params), module=",".join(modules))


@pytest.mark.parametrize(
    ("params", "rule"),
    [
        ({"STALL_MAX": 7}, "stall_max_must_be_at_most_tbu_slots_less_tbu_rsvd"),
        ({"OAS": 46}, "oas_must_be_40_42_44_or_48"),
    ],
)
def test_variants_refused(params: dict[str, int], rule: str) -> None:
    """D2, D22: parameters that do not fit together stop the build, which names the rule."""
    with pytest.raises(runner.BuildError, match=rule):
        smmu_bench.build(config="tiny", params=params)
