# SPDX-License-Identifier: Apache-2.0
"""The scenarios of `make sim SCENARIO=name`: one module each, the same on stand-in and RTL.

This file is read before the virtualenv exists, so it imports the standard library only; the class
of a scenario is loaded when it is asked for.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tb.models.scenarios.base import Scenario

MAIN = "vsva-nested"
SIZES = ("small", "full")


@dataclass(frozen=True)
class Entry:
    """One line for the list, and ``module.Class`` below this package."""

    about: str
    where: str


SCENARIOS: dict[str, Entry] = {
    MAIN: Entry(
        "the main job: guest processes share a device through nested translation and stalls",
        "vsva_nested.VsvaNested",
    ),
    "host-sva": Entry(
        "no VM: CPU and SMMU share process page tables, invalidation by commands",
        "host_sva.HostSva",
    ),
    "host-sva-dvm": Entry(
        "the same with broadcast: the CPU's TLBI reaches the SMMU without commands",
        "host_sva.HostSvaDvm",
    ),
    "vsva-nested-dvm": Entry(
        "the main job with broadcast: the vCPU's TLBI reaches the SMMU, nothing is relayed",
        "vsva_nested.VsvaNestedDvm",
    ),
    "iommufd": Entry(
        "the main job with today's uapi: nested page tables, raw commands, fault queue, vEVENTQ",
        "iommufd.IommufdJob",
    ),
    "unpinned": Entry(
        "extra: memory of the VM is not pinned, stage-2 faults stall and the host repairs them",
        "unpinned.Unpinned",
    ),
    "cpu-basics": Entry(
        "a VMM, KVM and guest code on a virtual CPU; packets through an emulated device",
        "cpu_basics.CpuBasics",
    ),
    "virtio-iommu": Entry(
        "a virtio IOMMU: translation in software, VFIO maps, tables of the guest with SVA",
        "virtio_iommu.VirtioIommuScenario",
    ),
    "two-vms": Entry(
        "two VMs with equal PASIDs and ASIDs share the SMMU; one is hostile, and dies",
        "two_vms.TwoVms",
    ),
}


class UnknownScenarioError(ValueError):
    """No such scenario, size or defect; the message is the one line the user sees."""


def load(name: str) -> type[Scenario]:
    """The class of a scenario; UnknownScenarioError lists the names when there is none."""
    if name not in SCENARIOS:
        raise UnknownScenarioError(f"SCENARIO={name}: not one of {', '.join(SCENARIOS)}")
    module, _, cls = SCENARIOS[name].where.partition(".")
    return getattr(importlib.import_module(f"{__name__}.{module}"), cls)


def check(name: str, size: str, defect: str) -> None:
    """UnknownScenarioError, naming the right ones, for what is not there."""
    scenario = load(name)
    if size not in SIZES:
        raise UnknownScenarioError(f"SIZE={size}: not one of {', '.join(SIZES)}")
    if defect and defect not in scenario.defects:
        known = ", ".join(scenario.defects) or "no defects"
        raise UnknownScenarioError(f"DEFECT={defect}: {name} has {known}")


def listing() -> str:
    """Names with one line each."""
    width = max(map(len, SCENARIOS))
    return "\n".join(f"{name:<{width}}  {entry.about}" for name, entry in SCENARIOS.items())
