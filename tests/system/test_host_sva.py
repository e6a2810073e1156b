# SPDX-License-Identifier: Apache-2.0
"""SVA without a VM on the RTL: invalidation by commands, and by broadcast."""

from __future__ import annotations

import pytest

from sim.runner import build, run


@pytest.mark.parametrize("name", ["host-sva", "host-sva-dvm"])
def test_host_sva_rtl(name):
    """CPU and SMMU walk one and the same page table."""
    env = {"SCENARIO": name}
    run(build("tb_system"), "tb.system.scenario_tests", tests=["scenario"], env=env)
