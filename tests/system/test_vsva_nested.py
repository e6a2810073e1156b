# SPDX-License-Identifier: Apache-2.0
"""The main job (what `make sim` runs) on the RTL, small."""

from __future__ import annotations

from sim.runner import build, run


def test_vsva_nested_rtl():
    """Guest processes share the accelerator through nested translation and stalls."""
    env = {"SCENARIO": "vsva-nested", "SIZE": "small"}
    run(build("tb_system"), "tb.system.scenario_tests", tests=["scenario"], env=env)
