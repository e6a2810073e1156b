# SPDX-License-Identifier: Apache-2.0
"""Runs the whole comparison; its result is plain data, which is what compare.json holds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from tb.compare.measure import COUNTS, SCHEMES, SEED, on_standin
from tb.compare.schemes import OPERATIONS, expect
from tb.models.costs import CostTable, load_costs
from tb.models.standin.machine import StandinMachine

FACTORS = (1, 2)  # of all software costs
Rows = dict[str, dict[str, Any]]
ABOUT = {
    "cycles": "of the SMMU clock, from the start of the operation until it has returned",
    "exits": "VM exits to the VMM",
    "commands": "in the physical SMMU's command queue, CMD_SYNC included",
    "invalidations": "TLB and configuration invalidations that reach the SMMU, broadcasts included",
    "memory_reads": "of the physical SMMU: table walks, STE and CD, commands",
    "bytes_copied": "by software: guest memory, ioctl arguments, pages",
    "broadcasts": "TLBIs on the interconnect",
    "ioctls": "of the VMM to VFIO or iommufd",
    "interrupts": "injected into the guest",
    "stalls": "device transactions that waited for software",
}


def _cell(job: tuple[str, int, int, Path | None]) -> Rows:
    """One scheme at one size with its software costs times a factor; runs in a process."""
    name, pages, factor, overlay = job
    costs = load_costs(overlay=overlay)
    return on_standin(name, pages, costs if factor == 1 else costs.scaled(factor))


def run(sizes: Iterable[int], overlay: Path | None = None, jobs: int = 2) -> dict[str, Any]:
    """Measure everything at ``sizes`` pages; ValueError for a bad ``overlay`` of the costs.

    MeasureError when a scheme did not do what was measured.
    """
    costs = load_costs(overlay=overlay)
    sizes = sorted(sizes)
    cells = [(s, n, f, overlay) for n in reversed(sizes) for s in SCHEMES for f in FACTORS]
    if jobs > 1:
        with ProcessPoolExecutor(max_workers=jobs) as pool:
            measured = dict(zip(cells, pool.map(_cell, cells), strict=True))
    else:
        measured = {cell: _cell(cell) for cell in cells}
    rows = [
        _row(name, operation, pages, *(measured[name, pages, f, overlay] for f in FACTORS))
        for operation in OPERATIONS
        for name, scheme in SCHEMES.items()
        if operation not in scheme.missing
        for pages in sizes
    ]
    return compose(rows, sizes, costs, overlay.name if overlay else None)


def _row(name: str, operation: str, pages: int, once: Rows, twice: Rows) -> dict[str, Any]:
    row, other = once[operation], twice[operation]["cycles"]
    return {"scheme": name, "operation": operation, "pages": pages} | row | {
        "doubled": other,
        "ratio": round(other / row["cycles"], 3),
    }  # fmt: skip


def compose(
    rows: list[dict[str, Any]], sizes: list[int], costs: CostTable, overlay: str | None
) -> dict[str, Any]:
    """The result around its rows."""
    return {
        "hardware": "stand-in hardware in virtual time",
        "clock_mhz": costs.clock_mhz,
        "overlay": overlay,
        "sizes": sizes,
        "schemes": {name: scheme.about for name, scheme in SCHEMES.items()},
        "operations": OPERATIONS,
        "figures": {name: ABOUT[name] for name in ("cycles", *COUNTS)},
        "missing": {name: dict(s.missing) for name, s in SCHEMES.items() if s.missing},
        "rows": rows,
        "growth": growth(rows, sizes),
        "pinning": {name: _stage2_faults(name) for name in ("vsva-nested", "unpinned")},
        "costs": [[c.name, c.layer, c.cycles, c.source] for c in costs],
        "rtl": None,
    }


def _stage2_faults(scenario: str) -> dict[str, int]:
    """Faults of the device in the small job of a scenario, and how many of them were stage 2's."""
    machine = StandinMachine(SEED)
    played = machine.play(scenario)
    expect(not played["errors"], f"{scenario}: {played['errors'][:1]}")
    return {
        "faults": len(played["faults"]),
        "stage2_faults": machine.plat.counters["stage2-device-faults"],
    }


def growth(rows: list[dict[str, Any]], sizes: list[int]) -> list[dict[str, Any]]:
    """How cycles grow between the two largest sizes.

    ``per_page`` are those of one page more, ``fixed`` what is left of the largest without them,
    ``exponent`` the slope in a plot with two logarithmic axes: 0 constant, 1 linear.
    """
    if len(sizes) < 2:
        return []
    few, many = sizes[-2:]
    by_key: dict[tuple[str, str], dict[int, int]] = {}
    for row in rows:
        by_key.setdefault((row["scheme"], row["operation"]), {})[row["pages"]] = row["cycles"]
    out = []
    for (scheme, operation), cycles in by_key.items():
        per_page = (cycles[many] - cycles[few]) / (many - few)
        out.append(
            {
                "scheme": scheme,
                "operation": operation,
                "fixed": round(cycles[many] - per_page * many),
                "per_page": round(per_page, 1),
                "exponent": round(math.log(cycles[many] / cycles[few], many / few), 2),
            }
        )
    return out
