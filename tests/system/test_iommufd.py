# SPDX-License-Identifier: Apache-2.0
"""The main job with iommufd on the RTL."""

from __future__ import annotations

from sim.runner import build, run


def test_iommufd_rtl():
    """vSTE, raw commands in batches, fault queue and vEVENTQ."""
    env = {"SCENARIO": "iommufd"}
    run(build("tb_system"), "tb.system.scenario_tests", tests=["scenario"], env=env)
