# SPDX-License-Identifier: Apache-2.0
"""The main job on the RTL (what `make sim` runs), as a test."""

from __future__ import annotations

import pytest

from sim.options import ROOT
from sim.runner import build, run


@pytest.mark.skipif(
    not (ROOT / "hdl/smmu/smmu_top.v").is_file(), reason="hdl/smmu/smmu_top.v is not there yet"
)
def test_main_job_rtl():
    """Two guest processes share the accelerator through nested translation and stalls."""
    run(build("tb_system"), "tb.system.main_job", tests=["main_job"])
