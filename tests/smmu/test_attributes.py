# SPDX-License-Identifier: Apache-2.0
"""Builds the whole SMMU and runs the tests of memory attributes and of the client port."""

from __future__ import annotations

import re

from sim import runner
from sim.options import ROOT
from tb.env import smmu_bench


def test_attributes() -> None:
    """ATT-001..027: what AxCACHE, AxDOMAIN and AxPROT of a client transaction become."""
    runner.run(smmu_bench.build(), module="tests.smmu.attributes_tests,tests.smmu.pcie_tests")


def test_client_port() -> None:
    """ATT-033..041, MEM-008: what a client may send, and what comes back."""
    runner.run(smmu_bench.build(), module="tests.smmu.client_port_tests")


def test_walk_attributes() -> None:
    """MEM-001..010, ATT-018, ATT-029..032: the SMMU's own accesses."""
    runner.run(smmu_bench.build(), module="tests.smmu.walk_attributes_tests")


def test_client_port_pins() -> None:
    """MEM-008, ATT-035: the client port is AXI4: no pin for CMO, stash, DVM or barrier opcodes."""
    text = (ROOT / "hdl" / "smmu" / "smmu_top.v").read_text()
    pins = re.findall(r"^\s*(?:input|output)\b.*?\b(s_axi_a[rw]\w+)", text, re.MULTILINE)
    assert {"s_axi_araddr", "s_axi_awaddr", "s_axi_awatop", "s_axi_ardomain"} <= set(pins)
    foreign = [pin for pin in pins if re.search(r"snoop|bar$|cmo|stash", pin)]
    assert not foreign, f"{foreign}"
