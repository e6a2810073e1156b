# SPDX-License-Identifier: Apache-2.0
"""Which event records belong to which answers, and whether the queue is filled in order."""

from __future__ import annotations

from collections import defaultdict

from tb.models.fields import EventRecord
from tb.models.smmu_ref.queues import RECORD_SIZE, advance, slot_address

Choice = set[bytes | None]


class EventMatch:
    """Answers that want a record, and records seen.

    ``wanted``  alternatives of each local answer; None among them: perhaps no record
    ``seen``    records written that are no stall records
    """

    def __init__(self) -> None:
        self.wanted: list[Choice] = []
        self.seen: list[bytes] = []

    def _pairs(self) -> tuple[list[Choice], dict[int, int]]:
        # those that must have one first: what is paired stays so
        choices = sorted(self.wanted, key=lambda choice: (None in choice, len(choice)))
        return choices, pair_up(choices, self.seen)

    def missing(self) -> list[str]:
        """Answers whose record has not been written."""
        choices, pairs = self._pairs()
        return [
            " or ".join(str(EventRecord.unpack(record)) for record in choice if record)
            for index, choice in enumerate(choices)
            if index not in pairs and None not in choice
        ]

    def settle(self) -> tuple[int, list[str]]:
        """Every answer has one of its records and no record is left: (pairs, what is wrong)."""
        wrong = [f"missing event {text}" for text in self.missing()]
        _, pairs = self._pairs()
        used = set(pairs.values())
        wrong += [
            f"unexpected event {EventRecord.unpack(record)}"
            for index, record in enumerate(self.seen)
            if index not in used
        ]
        self.wanted, self.seen = [], []
        return len(used), wrong


class SlotOrder:
    """Records go to consecutive slots of the event queue (EVQ-027): their order is that of PROD."""

    def __init__(self) -> None:
        self.index: int | None = None  # of the next record; None: whatever comes first

    def forget(self) -> None:
        """Software moved PROD or the queue, or a write was refused: start over."""
        self.index = None

    def check(self, addr: int, base: int, log2: int) -> str:
        """A record was sent to ``addr``; what is wrong, empty when nothing is."""
        slot = (addr - slot_address(base, log2, 0, RECORD_SIZE)) // RECORD_SIZE
        expected, size = self.index, 1 << log2
        self.index = advance(log2, slot) % size
        if expected is not None and slot != expected:
            return f"event record in slot {slot}, the next free one is {expected} (EVQ-027)"
        return ""


def pair_up(choices: list[Choice], records: list[bytes]) -> dict[int, int]:
    """A largest matching of answers to records, as {index of answer: index of record}."""
    places: dict[bytes, list[int]] = defaultdict(list)
    for index, record in enumerate(records):
        places[record].append(index)
    owner: dict[int, int] = {}

    def place(answer: int, tried: set[int]) -> bool:
        for record in choices[answer]:
            for at in places.get(record, ()):
                if at not in tried:
                    tried.add(at)
                    if at not in owner or place(owner[at], tried):
                        owner[at] = answer
                        return True
        return False

    for answer in range(len(choices)):
        place(answer, set())
    return {answer: at for at, answer in owner.items()}
