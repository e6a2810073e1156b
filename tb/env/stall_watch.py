# SPDX-License-Identifier: Apache-2.0
"""The state of every stalled burst: recorded, answered by software, ended.

Fed by the scoreboard with what passes on the pins: stall records written, commands fetched,
CR0 writes, bursts that end. Two bursts of one stream to one address cannot be told apart by their
records; what is allowed for one of them is then allowed for the other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tb.models.fields import COMMANDS, Op
from tb.models.layout import Record
from tb.models.smmu_ref import Kind, Outcome

Where = tuple[int, int]  # StreamID, input address

RETRY, ABORT, RAZWI = "retry", "abort", "RAZ/WI"
TERMINATED = {
    ABORT: Outcome(Kind.ABORT, steps=("CMD_RESUME or CMD_STALL_TERM, abort",)),
    RAZWI: Outcome(Kind.RAZWI, steps=("CMD_RESUME, RAZ/WI",)),
}


@dataclass(eq=False)
class Stall:
    """One stall record; ``verdicts`` are what commands have said of it since.

    A ``late`` one was on its way when CMD_STALL_TERM ended its burst, or is that of another burst
    to the same place.
    """

    where: Where
    stag: int
    verdicts: set[str] = field(default_factory=set)
    late: bool = False

    def __str__(self) -> str:
        said = f"answered by {' or '.join(sorted(self.verdicts))}" if self.verdicts else (
            "no CMD_RESUME fetched"
        )  # fmt: skip
        return f"stalled with STAG 0x{self.stag:04x}, {said}"


class StallWatch:
    """``limit`` is IDR5.STALL_MAX."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.stalls: list[Stall] = []
        self.ends: Counter[str] = Counter()

    @property
    def live(self) -> list[Stall]:
        """Those no command has answered."""
        return [stall for stall in self.stalls if not stall.verdicts]

    def of(self, where: Where) -> list[Stall]:
        """Stalls of bursts to one place."""
        return [stall for stall in self.stalls if stall.where == where]

    # ---- what passes on the pins -------------------------------------------------------------
    def recorded(self, where: Where, stag: int, open_bursts: int, terminated: int = 0) -> str:
        """A stall record was written while ``open_bursts`` bursts to there were open.

        CMD_STALL_TERM was said of ``terminated`` of them. What is wrong with the record, which
        is not taken then; empty when nothing is.
        """
        live = self.live
        for stall in live:
            if (stall.where[0], stall.stag) == (where[0], stag):
                return f"STAG 0x{stag:04x} of a live stall is used again (STL-002, STL-004)"
        known, over = self.of(where), None
        if len(known) >= open_bursts:
            # a retried burst that stalls again has a new record (STL-010, STL-011)
            over = next((stall for stall in known if stall.late or RETRY in stall.verdicts), None)
            if over is None:
                return "a second record of a stall nobody has answered (STL-027)"
        late = terminated > sum(ABORT in stall.verdicts for stall in known)
        if len(live) + (not late) > self.limit:
            return f"{len(live) + 1} stall records unanswered, STALL_MAX is {self.limit} (STL-022)"
        if over is not None:
            self.stalls.remove(over)
        self.stalls.append(Stall(where, stag, {ABORT} if late else set(), late))
        return ""

    def command(self, data: bytes) -> int | None:
        """A command was fetched; the StreamID whose stalls all end when it is CMD_STALL_TERM."""
        if data[0] == Op.RESUME:
            self._resume(COMMANDS[Op.RESUME].unpack(data))
        elif data[0] == Op.STALL_TERM:
            sid = COMMANDS[Op.STALL_TERM].unpack(data).streamid
            self.terminate(sid)
            return sid
        return None

    def _resume(self, fields: Record) -> None:
        verdict = RETRY if fields.ac else ABORT if fields.ab else RAZWI
        for stall in self.stalls:
            if (stall.where[0], stall.stag) == (fields.streamid, fields.stag):
                stall.verdicts.add(verdict)

    def terminate(self, sid: int | None = None) -> None:
        """Every stall, or those of a stream, ends with abort (STL-014, STL-017)."""
        for stall in self.stalls:
            if sid in (None, stall.where[0]):
                stall.verdicts.add(ABORT)

    # ---- how a burst may end -----------------------------------------------------------------
    def endings(self, where: Where, open_bursts: int) -> list[tuple[Stall | None, Outcome | None]]:
        """Ways in which a burst to there may end now: (stall it ends, how).

        An outcome of None is that of a translation: it never stalled, or was retried.
        """
        known = self.of(where)
        found: list[tuple[Stall | None, Outcome | None]] = []
        for stall in known:
            if RETRY in stall.verdicts:
                found.append((stall, None))
            found += [(stall, TERMINATED[v]) for v in (ABORT, RAZWI) if v in stall.verdicts]
        if sum(not stall.late for stall in known) < open_bursts:
            found.insert(0, (None, None))
        return found

    def ended(self, stall: Stall | None, outcome: Outcome, where: Where, open_bursts: int) -> None:
        """A burst to there ended, and with it this stall; ``open_bursts`` are left."""
        if stall is not None:
            self.stalls.remove(stall)
            forced = outcome in TERMINATED.values()
            self.ends[outcome.kind.value.lower() if forced else RETRY] += 1
        if not open_bursts:
            self.stalls = [s for s in self.stalls if s.where != where or not s.late]
