# SPDX-License-Identifier: Apache-2.0
"""CPU basics with the RTL below: no device access, but its host's driver brings the SMMU up."""

from __future__ import annotations

from sim.runner import build, run


def test_cpu_basics_rtl():
    """Guest code on a virtual CPU, packets through an emulated device."""
    env = {"SCENARIO": "cpu-basics", "SIZE": "small"}
    run(build("tb_system"), "tb.system.scenario_tests", tests=["scenario"], env=env)
