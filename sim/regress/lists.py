# SPDX-License-Identifier: Apache-2.0
"""The lists of sim/regress.yaml, and the runs they ask for."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sim import blackbox, selection
from sim.options import ROOT, SEED_BITS, SIMULATORS, OptionError, close_to, config_names
from sim.regress.job import Job

LISTS_FILE = ROOT / "sim" / "regress.yaml"
KEYS = {"test", "sims", "configs", "seeds", "scale", "limit_min"}


@dataclass(frozen=True)
class Entry:
    """One line of a list; ``seeds`` is the most it wants, ``limit_min`` the minutes of one run."""

    test: str
    sims: tuple[str, ...]
    configs: tuple[str, ...]
    seeds: int | None = None
    scale: int = 1
    limit_min: int = 0  # 0: that of the file


def _load(file: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(file.read_text())
        if not (isinstance(data["lists"], dict) and int(data["limit_min"]) > 0):
            raise TypeError("lists: a mapping is wanted")
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as err:
        what = " ".join(str(err).split())
        raise OptionError(f"{file.name}: lists and limit_min are wanted ({what})") from err
    return data


def _entry(raw: dict[str, Any], where: str) -> Entry:
    try:
        wrong = (
            {*raw} - KEYS | {*raw["sims"]} - {*SIMULATORS} | {*raw["configs"]} - {*config_names()}
        )
        if wrong:
            raise OptionError(f"{where}: unknown {', '.join(sorted(map(str, wrong)))}")
        entry = Entry(raw["test"], tuple(raw["sims"]), tuple(raw["configs"]), raw.get("seeds"),
                      raw.get("scale", 1), raw.get("limit_min", 0))  # fmt: skip
    except (KeyError, TypeError) as err:
        raise OptionError(f"{where}: test, sims and configs are wanted ({err})") from None
    numbers = [entry.scale, entry.limit_min + 1, 1 if entry.seeds is None else entry.seeds]
    if not all(isinstance(number, int) and number > 0 for number in numbers):
        raise OptionError(f"{where}: seeds, scale and limit_min are numbers above 0")
    return entry


def read_list(name: str, file: Path = LISTS_FILE, seen: tuple[str, ...] = ()) -> list[Entry]:
    """Entries of a list, those of lists inside it included."""
    lists = _load(file)["lists"]
    if name not in lists:
        raise OptionError(f"LIST={name}: no such list; close: {close_to(name, list(lists))}")
    if name in seen:
        raise OptionError(f"{file.name}: list {name} takes in itself")
    entries: list[Entry] = []
    for raw in lists[name]:
        where = f"{file.name}: {name}"
        if not isinstance(raw, dict):
            raise OptionError(f"{where}: {raw}: a mapping is wanted")
        if "list" in raw:
            entries += read_list(raw["list"], file, (*seen, name))
        else:
            entries.append(_entry(raw, where))
    return entries


def pick_seeds(count: int, seed: int) -> list[int]:
    """Seed 0, and ``count - 1`` others that follow from ``seed``."""
    rng = random.Random(seed)
    return [0, *rng.sample(range(1, 1 << SEED_BITS), count - 1)]


def plan_jobs(entries: list[Entry], seeds: list[int], scale: int = 1, waves: bool = False,
              file: Path = LISTS_FILE) -> list[Job]:  # fmt: skip
    """Every run of the entries, once: a test file under a simulator, configuration and seed."""
    limit_min = int(_load(file)["limit_min"])
    jobs = [
        Job(test, path, sim, config, seed, entry.scale * scale,
            60.0 * (entry.limit_min or limit_min), waves)
        for entry in entries
        for test, path in _files(entry.test)
        for sim in entry.sims
        for config in entry.configs
        for seed in seeds[: entry.seeds]
    ]  # fmt: skip
    return list(dict.fromkeys(jobs))


def _files(test: str) -> Iterator[tuple[str, str]]:
    """(TEST, file) of every file with a test of ``test``; TEST is the file when it is all of it."""
    cases, known = map(blackbox.in_suite, (selection.select_cases(test), selection.all_cases()))
    for path in dict.fromkeys(case.path for case in cases):
        mine = [case for case in cases if case.path == path]
        whole = len(mine) == sum(case.path == path for case in known)
        named = any(selection.select_inner(test, case.inner) or case.name == test for case in mine)
        yield (path if whole and not named else test), path
