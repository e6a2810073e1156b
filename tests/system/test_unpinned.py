# SPDX-License-Identifier: Apache-2.0
"""The main job on unpinned memory on the RTL: stage-2 faults stall and are repaired."""

from __future__ import annotations

from sim.runner import build, run


def test_unpinned_rtl():
    """Faults of both stages, in table walks as well as in data accesses."""
    env = {"SCENARIO": "unpinned"}
    run(build("tb_system"), "tb.system.scenario_tests", tests=["scenario"], env=env)
