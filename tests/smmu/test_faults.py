# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of faults and their order (FLT-*, NST-*, TRN-*)."""

from __future__ import annotations

import yaml

from sim import runner, sources
from tb.env import smmu_bench

CLIENT_PORTS = ("s_axi",)


def test_no_maintenance_from_clients() -> None:
    """FLT-019: no client port can express DVM messages or barriers (AxSNOOP, AxBAR, AC, CR)."""
    pins = yaml.safe_load((sources.ROOT / "hdl" / "smmu" / "smmu_pins.yaml").read_text())
    bundles = {bundle["name"]: bundle["pins"] for bundle in pins["bundles"]}
    for name in CLIENT_PORTS:
        names = {pin["name"] for pin in bundles[name]}
        assert {"araddr", "awaddr"} <= names
        assert not [n for n in names if n.endswith(("snoop", "bar")) or n.startswith(("ac", "cr"))]


def test_faults() -> None:
    """What becomes of each fault, which of several is reported, what clients see."""
    runner.run(
        smmu_bench.build(),
        module="tests.smmu.fault_model_tests,tests.smmu.fault_order_tests,"
        "tests.smmu.client_fault_tests",
    )
