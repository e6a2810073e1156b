# SPDX-License-Identifier: Apache-2.0
"""vSVA by nested translation on the RTL: the main job, and the same with broadcast."""

from __future__ import annotations

import pytest

from sim.runner import build, run


@pytest.mark.parametrize("name", ["vsva-nested", "vsva-nested-dvm"])
def test_vsva_nested_rtl(name):
    """Guest processes share the accelerator through nested translation and stalls."""
    env = {"SCENARIO": name}
    run(build("tb_system"), "tb.system.scenario_tests", tests=["scenario"], env=env)
