# SPDX-License-Identifier: Apache-2.0
"""Software cost table: named steps of software in cycles of the SMMU clock.

The figures and the source of each live in ``costs.yaml`` beside this file (architecture
section 3); the models only name steps.  A second file of the same form may give other figures for
some of the steps (an overlay, option COSTS).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).with_name("costs.yaml")
# steps of the section ``kernel`` are the same code in the host and in a guest
KERNELS = {"guest-": "guest-kernel", "host-": "host-kernel"}
BUS = "bus"  # the layer whose steps are hardware's, not software's


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

    def scaled(self, factor: int) -> CostTable:
        """All software steps times ``factor``; accesses on the bus stay as they are."""
        times = {cost.name: 1 if cost.layer == BUS else factor for cost in self}
        return CostTable(
            self.clock_mhz,
            {cost.name: replace(cost, cycles=cost.cycles * times[cost.name]) for cost in self},
        )


def load_costs(path: Path = TABLE, overlay: Path | None = None) -> CostTable:
    """Read and check the table, with the figures of ``overlay`` in place of its own.

    A malformed file raises ValueError that names the entry.
    """
    doc = _mapping(path)
    clock = doc.get("clock_mhz")
    if not isinstance(clock, int) or clock <= 0:
        raise ValueError(f"{path.name}: clock_mhz must be a positive integer")
    if overlay is not None:
        _lay_over(doc, overlay)
    sources = doc.get("sources", {})
    costs: dict[str, Cost] = {}
    for layer, items in doc["layers"].items():
        for name, entry in items.items():
            cycles, source = entry.get("cycles"), entry.get("source")
            where = f"{entry.get('file', path.name)}: layers.{layer}.{name}"
            if type(cycles) is not int or cycles <= 0:
                raise ValueError(f"{where}.cycles must be a positive integer")
            if source not in sources:
                raise ValueError(f"{where}.source is not in sources")
            booked = KERNELS if layer == "kernel" else {"": layer}
            for prefix, to in booked.items():
                if prefix + name in costs:
                    raise ValueError(f"{path.name}: step {prefix + name} appears twice")
                costs[prefix + name] = Cost(prefix + name, cycles, to, sources[source])
    return CostTable(clock, costs)


def _mapping(path: Path) -> dict[str, Any]:
    try:
        doc = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ValueError(f"{path.name}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(doc, dict):
        raise ValueError(f"{path.name}: no table of costs")
    return doc


def _lay_over(doc: dict[str, Any], path: Path) -> None:
    """Put the figures of the file at ``path`` into ``doc``; it can only change steps there are."""
    new = _mapping(path)
    if unknown := set(new) - {"layers", "sources"}:
        raise ValueError(f"{path.name}: {min(unknown)}: an overlay has layers and sources")
    layers, sources = new.get("layers", {}), new.get("sources", {})
    if not (isinstance(layers, dict) and isinstance(sources, dict)):
        raise ValueError(f"{path.name}: layers and sources must be tables")
    doc["sources"] |= sources | {path.name: f"given by {path.name}"}
    for layer, items in layers.items():
        if not isinstance(items, dict):
            raise ValueError(f"{path.name}: layers.{layer} must be a table of steps")
        for name, entry in items.items():
            known = doc["layers"].get(layer, {})
            if name not in known:
                steps = [f"{at}.{step}" for at, all in doc["layers"].items() for step in all]
                near = difflib.get_close_matches(f"{layer}.{name}", steps, 3) or steps
                raise ValueError(f"{path.name}: layers.{layer}.{name}: no such step; "
                                 f"there is {', '.join(near)}")  # fmt: skip
            if not isinstance(entry, dict):
                raise ValueError(f"{path.name}: layers.{layer}.{name} must be {{cycles: number}}")
            known[name] |= {"source": path.name} | entry | {"file": path.name}
