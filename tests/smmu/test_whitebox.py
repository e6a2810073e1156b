# SPDX-License-Identifier: Apache-2.0
"""White-box tests: they look into the hierarchy of this RTL and run on no other."""

from __future__ import annotations

from sim import runner
from tb.env import smmu_bench
from tb.whitebox import reg_backdoor


def test_whitebox_registers() -> None:
    """Register model, front door and back door."""
    built = smmu_bench.build(public=reg_backdoor.MODULES)
    runner.run(built, module="tests.smmu.whitebox_tests")
