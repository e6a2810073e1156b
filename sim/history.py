# SPDX-License-Identifier: Apache-2.0
"""The latest result of every test: one JSON line a result, appended by every pytest process.

pytest functions are recorded by tests/conftest.py, the cocotb tests inside them by sim/runner.py;
`make plan` reads them. A run of `make regress` also keeps its own, in the file of RESULTS.
Standard library only.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from sim.options import BUILD_ROOT

VARIABLE = "RESULTS"
FILE = BUILD_ROOT / "results.jsonl"
MAX_BYTES = 4 << 20  # then only the latest of each key stays

# passed, failed, skipped, and for a pytest function also
# error    it failed outside its simulations: nothing is known of the cocotb tests inside
# partial  no failure, but TEST= left out some of its cocotb tests
STATES = ("passed", "failed", "skipped", "error", "partial")


@dataclass(frozen=True)
class Record:
    """One result: of a pytest node with its [parameters], or of a cocotb test `inner` of it.

    wall_s is real time, sim_ns simulated time; message says in one line why it failed; log is the
    simulator's, relative to the root.
    """

    node: str
    inner: str
    sim: str
    config: str
    seed: int
    state: str
    wall_s: float = 0.0
    sim_ns: float = 0.0
    message: str = ""
    log: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What a later result replaces."""
        return self.node, self.inner, self.sim, self.config


def record(results: Iterable[Record], file: Path | None = None) -> None:
    """Append; safe with any number of processes."""
    lines = "".join(json.dumps(asdict(result)) + "\n" for result in results)
    if not lines:
        return
    _append(file or FILE, lines)
    own = os.environ.get(VARIABLE)
    if own and not file:
        _append(Path(own), lines)


def _append(path: Path, lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        handle.write(lines)
        handle.flush()
        if handle.tell() > MAX_BYTES:
            handle.seek(0)
            kept = _latest(handle)
            handle.truncate(0)
            handle.write("".join(json.dumps(asdict(result)) + "\n" for result in kept))


def latest(file: Path | None = None) -> list[Record]:
    """The result that counts of every key, in the order of their first mention."""
    path = file or FILE
    if not path.is_file():
        return []
    with open(path) as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        return _latest(handle)


def _latest(lines: Iterable[str]) -> list[Record]:
    found: dict[tuple[str, str, str, str], Record] = {}
    for line in lines:
        try:
            result = Record(**json.loads(line))
        except (ValueError, TypeError):
            continue  # cut short by a full disk, or of an older form
        before = found.get(result.key)
        if result.state == "partial" and before and before.state == "passed":
            continue
        found[result.key] = result
    return list(found.values())
