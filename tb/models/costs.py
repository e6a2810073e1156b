# SPDX-License-Identifier: Apache-2.0
"""Software cost table: named steps of software in cycles of the SMMU clock.

The figures and the source of each live in ``costs.yaml`` beside this file (architecture
section 3); the models only name steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

TABLE = Path(__file__).with_name("costs.yaml")
# steps of the section ``kernel`` are the same code in the host and in a guest
KERNELS = {"guest-": "guest-kernel", "host-": "host-kernel"}


@dataclass(frozen=True)
class Cost:
    """One step: ``cycles`` of the SMMU clock, the layer it is booked to, where it is from."""

    name: str
    cycles: int
    layer: str
    source: str


class CostTable:
    """Read-only mapping from step name to :class:`Cost`."""

    def __init__(self, clock_mhz: int, costs: dict[str, Cost]) -> None:
        self.clock_mhz = clock_mhz
        self._costs = costs

    def __getitem__(self, name: str) -> Cost:
        try:
            return self._costs[name]
        except KeyError:
            raise KeyError(f"step {name!r} is not in {TABLE.name}") from None

    def __iter__(self):
        return iter(self._costs.values())

    @property
    def layers(self) -> list[str]:
        """Layer names in the order in which they first appear."""
        return list(dict.fromkeys(cost.layer for cost in self))


def load_costs(path: Path = TABLE) -> CostTable:
    """Read and check the table; a malformed one raises ValueError that names the entry."""
    doc = yaml.safe_load(path.read_text())
    clock = doc.get("clock_mhz")
    if not isinstance(clock, int) or clock <= 0:
        raise ValueError(f"{path.name}: clock_mhz must be a positive integer")
    sources = doc.get("sources", {})
    costs: dict[str, Cost] = {}
    for layer, items in doc["layers"].items():
        for name, entry in items.items():
            cycles, source = entry.get("cycles"), entry.get("source")
            if not isinstance(cycles, int) or cycles <= 0:
                raise ValueError(f"{path.name}: layers.{layer}.{name}.cycles must be positive")
            if source not in sources:
                raise ValueError(f"{path.name}: layers.{layer}.{name}.source is not in sources")
            booked = KERNELS if layer == "kernel" else {"": layer}
            for prefix, to in booked.items():
                if prefix + name in costs:
                    raise ValueError(f"{path.name}: step {prefix + name} appears twice")
                costs[prefix + name] = Cost(prefix + name, cycles, to, sources[source])
    return CostTable(clock, costs)
