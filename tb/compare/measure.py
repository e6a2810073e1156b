# SPDX-License-Identifier: Apache-2.0
"""Counts what the operations of a scheme cost: counters after it, less counters before it.

Cycles end when the operation has returned; the counts also hold what it has started and what is
done some time later (an event queue's index written back, for instance).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from tb.compare.schemes import (
    OPERATIONS,
    HostSvaDvmScheme,
    HostSvaScheme,
    IommufdScheme,
    MeasureError,
    NestedDvmScheme,
    NestedScheme,
    Scheme,
    expect,
)
from tb.compare.virtio_schemes import VirtioMapScheme, VirtioSoftwareScheme, VirtioTableScheme
from tb.models.costs import CostTable
from tb.models.hardware import Hardware
from tb.models.standin.machine import ENDLESS, StandinMachine

SCHEMES: dict[str, type[Scheme]] = {
    scheme.name: scheme
    for scheme in (
        HostSvaScheme,
        HostSvaDvmScheme,
        NestedScheme,
        NestedDvmScheme,
        IommufdScheme,
        VirtioSoftwareScheme,
        VirtioMapScheme,
        VirtioTableScheme,
    )
}
SIZES = (1, 16, 256, 4096)
SEED = 1
SETTLE = 300_000  # cycles after which nothing of an operation is under way any more

# name in the result -> counters of the platform, summed
COUNTS = {
    "exits": ("kvm-exit-mmio",),
    "commands": ("host-smmu-commands",),
    "invalidations": ("host-smmu-tlbi", "host-smmu-cfgi", "dvm-tlbi"),
    "memory_reads": ("smmu-reads",),
    "bytes_copied": ("bytes-copied",),
    "broadcasts": ("dvm-tlbi",),
    "ioctls": ("ioctls",),
    "interrupts": ("kvm-irq-injected",),
    "stalls": ("stalls",),
}
MAIN_COUNTS = tuple(COUNTS)[:5]


def _now(scheme: Scheme) -> Counter[str]:
    """All counters; those of the observers too."""
    seen = Counter(scheme.plat.counters)
    seen["smmu-reads"] = scheme.host.probe.walks["smmu-reads"]
    seen["stalls"] = len(scheme.host.timeline.faults)
    return seen


async def measure(scheme: Scheme) -> dict[str, dict[str, Any]]:
    """Every operation of a scheme in turn; MeasureError when one did not do its work."""
    plat = scheme.plat
    await scheme.boot()
    rows: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        if operation in scheme.missing:
            continue
        await scheme.before(operation)
        await plat.delay(SETTLE)
        before, busy, start = _now(scheme), Counter(plat.ledger), plat.now
        await getattr(scheme, operation)()
        cycles = plat.now - start
        await plat.delay(SETTLE)
        seen = _now(scheme) - before
        busy = Counter(plat.ledger) - busy
        rows[operation] = {
            "cycles": cycles,
            **{name: sum(seen[each] for each in parts) for name, parts in COUNTS.items()},
            "busy": {name: busy[name] for name in plat.costs.layers if busy[name]},
        }
        await scheme.after(operation)
    if "fault" in rows:
        expect(rows["fault"]["stalls"] == scheme.pages, f"{rows['fault']['stalls']} stalls")
        bad = [fault for fault in scheme.host.timeline.faults if fault.outcome == "pending"]
        expect(not bad, f"stalls never answered: {bad}")
    return rows


def on_standin(name: str, pages: int, costs: CostTable) -> dict[str, dict[str, Any]]:
    """A scheme on stand-in hardware in virtual time, without jitter: one run is all runs."""
    machine = StandinMachine(SEED, costs=costs, jitter_pct=0)
    return machine.plat.run(measure(make(name, machine, pages)), limit=ENDLESS)


def make(name: str, hw: Hardware, pages: int) -> Scheme:
    """A scheme by name; MeasureError for one not there."""
    if name not in SCHEMES:
        raise MeasureError(f"no scheme {name}: one of {', '.join(SCHEMES)}")
    return SCHEMES[name](hw, pages)
