# SPDX-License-Identifier: Apache-2.0
"""The result of a run as plain data: cycles, counts and names, the same keys for all scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tb.models.scenarios import SCENARIOS

if TYPE_CHECKING:
    from tb.models.scenarios.base import Scenario

# name in the result -> counter of the platform
COUNTERS = {
    "commands": "host-smmu-commands",  # of the physical command queue, CMD_SYNC included
    "tlb_invalidations": "host-smmu-tlbi",
    "config_invalidations": "host-smmu-cfgi",
    "broadcasts": "dvm-messages",
    "guest_commands": "vsmmu-commands",
    "events": "host-smmu-events",
    "guest_events": "vsmmu-events",
    "virtio_requests": "viommu-requests",
    "exits": "kvm-exit-mmio",
    "stage2_cpu_faults": "kvm-stage2-fault",
    "ioctls": "ioctls",
    "faults_relayed": "faults-relayed",
    "page_responses": "page-responses",
    "guest_interrupts": "kvm-irq-injected",
    "cpu_faults": "mm-cpu-faults",
    "demand_pages": "mm-demand-pages",
    "cow_breaks": "mm-cow-breaks",
    "forks": "mm-forks",
    "migrations": "mm-migrated",
    "reclaimed": "mm-reclaimed",
    "swapped_in": "mm-swapped-in",
    "bytes_copied": "bytes-copied",  # by software: page copies, guest memory, ioctl arguments
    "dma_reads": "dma-reads",
    "dma_writes": "dma-writes",
}


def collect(scenario: Scenario) -> dict[str, Any]:
    """Everything a report needs; adds what the checkers saw to the scenario's errors."""
    host, plat = scenario.host, scenario.plat
    timeline, audit, probe = host.timeline, host.audit, host.probe
    resolved = sum(f.outcome == "resolved" for f in timeline.faults)
    aborted = sum(f.outcome == "aborted" for f in timeline.faults)
    pending = len(timeline.faults) - resolved - aborted
    scenario.check(pending == 0, f"{pending} stalls were never answered")
    for violation in audit.violations[:10]:
        scenario.errors.append(str(violation))
    counters = plat.counters
    busy = {layer: plat.ledger[layer] for layer in plat.costs.layers if plat.ledger[layer]}
    totals = {name: counters[counter] for name, counter in COUNTERS.items()}
    totals |= {
        "walks": scenario.hw.walks(),
        "smmu_reads": probe.walks["smmu-reads"],
        "smmu_writes": probe.walks["smmu-writes"],
        "mmio": counters["mmio-read"] + counters["mmio-write"],
    }
    return {
        "scenario": scenario.name,
        "title": scenario.title or scenario.name,
        "about": SCENARIOS[scenario.name].about,
        "size": scenario.size,
        "defect": scenario.defect,
        "seed": scenario.hw.seed,
        "clock_mhz": plat.costs.clock_mhz,
        "cycles": plat.now,
        "stalls_resolved": resolved,
        "stalls_aborted": aborted,
        "isolation_violations": audit.count("isolation"),
        "stale_accesses": audit.count("stale"),
        "overlapped_transactions": probe.overlapped,
        "phases": scenario.facts,
        "path": dict(timeline.path),
        "faults": [fault.as_dict() for fault in timeline.faults],
        "legs": timeline.leg_table(),
        "totals": totals,
        "fault_time_share_percent": timeline.shares(),
        "software_busy_cycles": busy,
        "accesses_by_owner": audit.by_owner(),
        "reports": scenario.reports | {"host": list(host.smmu.host_faults)},
        "steps": plat.steps,
        "errors": scenario.errors,
    }
