# SPDX-License-Identifier: Apache-2.0
"""Two VMs on the RTL: one StreamID, VMID and stage 2 each, equal PASIDs and ASIDs."""

from __future__ import annotations

from sim.runner import build, run


def test_two_vms_rtl():
    """The second VM attacks and dies; the first one does not notice."""
    env = {"SCENARIO": "two-vms", "SIZE": "small"}
    run(build("tb_system"), "tb.system.scenario_tests", tests=["scenario"], env=env)
