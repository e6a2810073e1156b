# SPDX-License-Identifier: Apache-2.0
"""Compares two regressions of the history, result by result: state and simulated time.

    python -m sim.regress.compare [RUN RUN]

Default: the last one, and the one before it with the same list and seeds. Shows that a simulation
depends on its seed alone, not on where it ran. Exit code 1 when any result differs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sim.options import OptionError, close_to
from sim.regress import state, store


def pair(names: list[str], file: Path) -> tuple[store.Past, store.Past]:
    """The two that are meant; OptionError when there are none."""
    known = {past.id: past for past in store.runs(file)}
    if len(names) not in (0, 2):
        raise OptionError("name two regressions, or none for the last two of one list")
    for name in names:
        if name not in known:
            raise OptionError(f"no regression {name}; close: {close_to(name, list(known))}")
    if names:
        return known[names[0]], known[names[1]]
    last = [*known.values()][-1:]
    same = [past for past in known.values() if last and past not in last
            and (past.title, past.seeds) == (last[0].title, last[0].seeds)]  # fmt: skip
    if not same:
        raise OptionError("no two regressions of one list and the same seeds (SEED=n picks them)")
    return same[-1], last[0]


def main(names: list[str], file: Path = state.FOLDER / store.FILE) -> int:
    """Compare and print."""
    try:
        one, two = pair(names, file)
        first, second = store.results(one.id, file), store.results(two.id, file)
    except OptionError as err:
        print(f"compare: {err}", file=sys.stderr)
        return 2
    equal = differ = 0
    for key in sorted({*first, *second}):
        if first.get(key) == second.get(key):
            equal += 1
            continue
        differ += 1
        (node, inner, sim, config, _), seed = key
        sides = (first.get(key), second.get(key))
        told = [f"{side[0]} at {side[1]:.0f} ns" if side else "not run" for side in sides]
        name = f"{node}/{inner}" if inner else node
        print(f"{name} SIM={sim} CONFIG={config} SEED={seed}: {told[0]}, {told[1]}")
    for past in (one, two):
        print(f"{past.id}: {past.title} EXECUTOR={past.executor}, seeds {past.seeds}")
    print(f"{equal} results equal, {differ} differ")
    return 1 if differ or not equal else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
