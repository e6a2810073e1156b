# SPDX-License-Identifier: Apache-2.0
"""The virtio IOMMU in front of the RTL: kernel DMA through stage 2, processes with SVA."""

from __future__ import annotations

from sim.runner import build, run


def test_virtio_iommu_rtl():
    """Software translation, VFIO maps, tables of the guest."""
    env = {"SCENARIO": "virtio-iommu", "SIZE": "small"}
    run(build("tb_system"), "tb.system.scenario_tests", tests=["scenario"], env=env)
