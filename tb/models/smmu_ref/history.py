# SPDX-License-Identifier: Apache-2.0
"""Earlier contents of memory, for checkers that must allow stale answers (TLB-038, UPD-003).

Until an invalidation completes, a cache may still answer from what memory held before.  A
:class:`MemoryHistory` remembers every change; ``allowed`` asks the model once per version of
memory since a point in time and gives every distinct outcome.

A device may also hold one structure old and another new.  ``allowed`` does not enumerate such
mixtures: a checker that changes several structures in one window should invalidate between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tb.models.memory import Memory
from tb.models.smmu_ref.model import SmmuRef
from tb.models.smmu_ref.types import Outcome, Transaction


@dataclass(frozen=True)
class Change:
    """``before`` is what ``pa`` held until ``time``."""

    time: int
    pa: int
    before: bytes


class OldView:
    """Memory as it was before some changes; errors are those of today."""

    def __init__(self, memory: Memory, undone: list[Change]) -> None:
        self._memory = memory
        self._undone = undone

    def peek(self, pa: int, n: int) -> bytes:
        """Contents at the time of this view; ``undone`` goes from the youngest to the oldest."""
        data = bytearray(self._memory.peek(pa, n))
        for change in self._undone:
            low, high = max(pa, change.pa), min(pa + n, change.pa + len(change.before))
            if low < high:
                data[low - pa : high - pa] = change.before[low - change.pa : high - change.pa]
        return bytes(data)

    def read(self, pa: int, n: int, who: str = "") -> tuple[bytes, bool]:
        """As the bus would answer, without leaving a trace."""
        ok = self.response_to(pa, n, False, who) == "OKAY"
        return (self.peek(pa, n) if ok else bytes(n)), ok

    def write(self, pa: int, data: bytes, strb: int | None = None, who: str = "") -> bool:
        """The past cannot be changed."""
        raise TypeError("an earlier view of memory is read-only")

    def response_to(self, pa: int, n: int, is_write: bool, who: str = "") -> str:
        """Injected errors are not part of the history."""
        return self._memory.response_to(pa, n, is_write, who)


class MemoryHistory:
    """Watches a memory; ``clock`` gives the time of a change in any unit that grows."""

    def __init__(self, memory: Memory, clock: Callable[[], int]) -> None:
        self.memory = memory
        self.clock = clock
        self.changes: list[Change] = []
        memory.on_change.append(self._changed)

    def _changed(self, pa: int, before: bytes) -> None:
        self.changes.append(Change(self.clock(), pa, before))

    def forget(self, before: int) -> None:
        """Drop changes older than ``before``: nothing may depend on them any more."""
        self.changes = [change for change in self.changes if change.time >= before]

    def views(self, since: int) -> Iterator[Memory | OldView]:
        """Memory now, then every earlier version back to ``since``."""
        yield self.memory
        undone: list[Change] = []
        for change in reversed(self.changes):
            if change.time < since:
                return
            undone.append(change)
            yield OldView(self.memory, list(undone))

    def allowed(self, smmu: SmmuRef, txn: Transaction, since: int) -> list[Outcome]:
        """Distinct outcomes over all versions since then, the present one first."""
        found: dict[tuple, Outcome] = {}
        for view in self.views(since):
            outcome = smmu.predict(txn, view)
            key = (outcome.kind, outcome.pa, outcome.attrs, outcome.event)
            found.setdefault(key, outcome)
        return list(found.values())
