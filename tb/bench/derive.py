# SPDX-License-Identifier: Apache-2.0
"""Figures made of several builds: ``runs[build name]`` holds what each simulation recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Runs = Mapping[str, Mapping[str, float]]


def _random_miss_speedup(runs: Runs) -> dict[str, float]:
    one = runs["w1"]
    return {
        "walks_8": one["cycles"] / runs["w8"]["cycles"],
        "walks_16": one["cycles"] / runs["w16"]["cycles"],
        "cycles_per_miss": one["cycles"] / one["misses"],
    }


DERIVED: dict[str, Callable[[Runs], dict[str, float]]] = {
    "random_miss_speedup": _random_miss_speedup,
}


def derive(row: str, runs: Runs) -> dict[str, float]:
    """The row's figures; empty when a build it needs measured nothing."""
    if row not in DERIVED:
        return dict(next(iter(runs.values()), {}))
    try:
        return DERIVED[row](runs)
    except KeyError:
        return {}
