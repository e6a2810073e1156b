# SPDX-License-Identifier: Apache-2.0
"""Stalled transactions and their tags (rules STL-002..004, STL-022, STL-033, STL-034)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tb.models.smmu_ref.types import Kind, Outcome, Transaction


@dataclass(eq=False)
class Ticket:
    """One transaction on its way; ``outcome`` is its latest state.

    ``history`` has one outcome per pass (a retried stall passes again).  ``on_done`` is called
    once, when the transaction is answered.
    """

    txn: Transaction
    outcome: Outcome
    on_done: Callable[[Ticket], None] | None = None
    history: list[Outcome] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """The client has its answer."""
        return self.outcome.kind is not Kind.STALL

    @property
    def parked(self) -> bool:
        """It must stall but has no record yet (STL-019, STL-023)."""
        return not self.done and self.outcome.stag is None

    def settle(self, outcome: Outcome) -> None:
        """Take the outcome of a pass."""
        self.outcome = outcome
        self.history.append(outcome)
        if self.done and self.on_done is not None:
            self.on_done(self)


class StallTable:
    """Slots of recorded stalls.  STAG = {generation, slot}, 8 bits each (STL-003).

    Generation counts survive SMMUEN changes, so an old tag is never mistaken (STL-034).
    """

    def __init__(self, size: int) -> None:
        if not 1 <= size <= 256:
            raise ValueError(f"STALL_MAX {size} is not in 1..256 (STL-033)")
        self._generation = [0] * size
        self._slots: list[Ticket | None] = [None] * size

    def __len__(self) -> int:
        return sum(ticket is not None for ticket in self._slots)

    @property
    def full(self) -> bool:
        """No slot is free."""
        return None not in self._slots

    def next_stag(self) -> tuple[int, int]:
        """``(slot, STAG)`` the next stall will get; nothing changes."""
        slot = self._slots.index(None)
        return slot, (self._generation[slot] + 1 & 0xFF) << 8 | slot

    def hold(self, slot: int, ticket: Ticket) -> None:
        """Take the slot for a stall whose record is written."""
        self._generation[slot] = self._generation[slot] + 1 & 0xFF
        self._slots[slot] = ticket

    def take(self, sid: int, stag: int) -> Ticket | None:
        """Free and return the stall that both numbers name, if there is one (RES-011)."""
        slot = stag & 0xFF
        ticket = self._slots[slot] if slot < len(self._slots) else None
        if ticket is None or ticket.txn.sid != sid or ticket.outcome.stag != stag:
            return None
        self._slots[slot] = None
        return ticket

    def take_all(self, sid: int | None = None) -> list[Ticket]:
        """Free and return every stall, or those of one stream."""
        gone = []
        for slot, ticket in enumerate(self._slots):
            if ticket is not None and sid in (None, ticket.txn.sid):
                self._slots[slot] = None
                gone.append(ticket)
        return gone
