# SPDX-License-Identifier: Apache-2.0
"""What a test did to the device, in order.

``Transcript`` is filled by ``recorder`` inside a simulation; ``lowering`` makes a case of it. What
a case cannot express is named by :meth:`Transcript.leave_out` or :meth:`Transcript.check_not`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tb.models.fields import EVTREC, EventRecord
from tb.replay.format import RECORD_SIZE

LINE = 64  # bytes: memory is kept line by line


# ---- entries -----------------------------------------------------------------------------------
@dataclass
class Entry:
    """One thing the test did; ``before`` is the number of entries before it."""

    before: int = field(default=0, init=False)

    stimulus = True  # the SMMU may answer with something new


@dataclass
class Write(Entry):
    """A register write."""

    reg: int
    value: int


@dataclass
class Read(Entry):
    """A register read and what it returned."""

    reg: int
    value: int

    stimulus = False


@dataclass
class Poke(Entry):
    """Software wrote memory."""

    pa: int
    data: bytes


@dataclass
class Commands(Entry):
    """CMDQ_PROD moved over these commands."""

    commands: list[bytes]


@dataclass
class Idle(Entry):
    """CMDQ_CONS had reached ``prod``."""

    prod: int
    mask: int

    stimulus = False


@dataclass
class Drain(Entry):
    """EVENTQ_CONS moved over records; ``flag`` is a changed OVACKFLG and the whole value."""

    flag: int | None = None

    stimulus = False


@dataclass
class Dma(Entry):
    """A device transaction; ``end`` is the position of the entry before which it had ended."""

    is_write: bool
    sid: int
    ssid: int | None
    addr: int
    length: int
    data: bytes | None = None
    priv: bool = False
    inst: bool = False
    end: int | None = None
    resp: str | None = None  # None: not answered
    read: bytes | None = None
    pa: int | None = None
    checked: bool = True  # False: the answer is of a kind no case can expect

    @property
    def faulted(self) -> bool:
        """It was not translated: this takes a record, if any."""
        return self.resp != "OKAY"


@dataclass
class Record:
    """An event record; a sequential run has it after ``before`` entries."""

    data: bytes
    before: int
    beside: tuple[Dma, ...] = ()  # transactions since the last other stimulus
    taken: bool = False  # software has moved EVENTQ_CONS over it
    told: bool = False  # an `events` step has it
    resumed: bool = False

    @property
    def stall(self) -> bool:
        """It has a STAG to be resumed by."""
        return bool(EVTREC.get(self.data, "stall"))

    @property
    def key(self) -> dict[str, int | None]:
        """What ``resume`` finds it by."""
        fields = EventRecord.unpack(self.data)
        ssid = fields.substreamid if fields.ssv else None
        return {"sid": fields.streamid, "ssid": ssid, "addr": fields.inputaddr}

    @property
    def mask(self) -> bytes:
        """Everything but the STAG, which every device chooses for itself."""
        every = (1 << 8 * RECORD_SIZE) - 1
        return (every & ~(EVTREC.mask("stag") if self.stall else 0)).to_bytes(RECORD_SIZE, "little")


# ---- the log -----------------------------------------------------------------------------------
class Transcript:
    """The log of one test since its last reset."""

    def __init__(self) -> None:
        self.left_out: dict[str, None] = {}
        self.unchecked: dict[str, None] = {}
        self.clear()

    def clear(self) -> None:
        """A reset: what came before has no effect any more."""
        self.log: list[Entry] = []
        self.records: list[Record] = []
        self.flying: list[tuple[Dma, Any]] = []
        self.beside: list[Dma] = []  # transactions since the last other stimulus
        self.latest = 0  # entries up to the last stimulus but memory
        self.started = False
        self.image: dict[int, bytes] = {}  # frame address: its bytes at the first stimulus
        self.used: set[int] = set()  # lines any bus master read or wrote
        self.made: set[int] = set()  # bytes the bus masters wrote and nobody else after them
        self.queues: set[tuple[int, int]] = set()  # (from, to) that steps write themselves
        self.error_above = False

    def leave_out(self, what: str) -> None:
        """Name something that was done to the device and is not in the case."""
        self.left_out[what] = None

    def check_not(self, what: str) -> None:
        """Name something the test may have looked at and the case does not."""
        self.unchecked[what] = None

    def in_queue(self, pa: int) -> bool:
        """Is this memory of a queue that steps write or compare?"""
        return any(start <= pa < end for start, end in self.queues)

    def add(self, entry: Entry) -> None:
        """Append an entry."""
        entry.before = len(self.log)
        if entry.stimulus:
            self.started = True
            self.land()
            if not isinstance(entry, Poke):
                self.beside.clear()
                self.latest = len(self.log) + 1
        self.log.append(entry)

    def fly(self, dma: Dma, txn: Any) -> None:
        """Append a transaction that has just been posted."""
        dma.before = len(self.log)
        self.started = True
        self.log.append(dma)
        self.latest = len(self.log)
        self.beside.append(dma)
        self.flying.append((dma, txn))

    def land(self) -> None:
        """Transactions that have ended by now ended before the next entry."""
        still = []
        for dma, txn in self.flying:
            if txn.finished:
                dma.end = len(self.log)
            else:
                still.append((dma, txn))
        self.flying = still

    def record(self, data: bytes) -> None:
        """The SMMU wrote an event record."""
        self.records.append(Record(data, self.latest, tuple(self.beside)))

    def place(self) -> None:
        """Put each record behind its transaction: a replay has one transaction after the other."""
        free = {id(entry): entry for entry in self.log if isinstance(entry, Dma)}
        for record in self.records:
            fields = EventRecord.unpack(record.data)
            own = [d for d in record.beside if id(d) in free and (record.stall or d.faulted)]
            # PnU and InD are those of the STE where it overrides them
            found = [d for d in own if _of(d, fields)] or [d for d in own if _of(d, fields, False)]
            if found:
                record.before = found[0].before + 1
                del free[id(found[0])]

    def images(self) -> Iterator[dict[str, Any]]:
        """Used lines that were not zero at the first stimulus, neighbours together."""
        found: dict[int, bytes] = {}
        for line in sorted(self.used):
            frame = self.image.get(line & -0x1000)
            if frame is None or self.in_queue(line):
                continue
            data = frame[line & 0xFFF : (line & 0xFFF) + LINE]
            if any(data):
                found[line] = data
        for pa, data in joined(found.items()):
            if len(set(data)) == 1:
                yield {"pa": hex(pa), "fill": hex(data[0]), "len": hex(len(data))}
            else:
                yield {"pa": hex(pa), "hex": data.hex()}


def _of(dma: Dma, fields: Any, exact: bool = True) -> bool:
    """Can this be the transaction an event record tells of?"""
    told = {"streamid": dma.sid, "ssv": int(dma.ssid is not None), "inputaddr": dma.addr,
            "rnw": int(not dma.is_write)}  # fmt: skip
    if exact:
        told |= {"pnu": int(dma.priv), "ind": int(dma.inst and not dma.is_write)}
    if fields.get("ssv") in (None, 1):
        told["substreamid"] = dma.ssid or 0
    return all(fields.get(name) in (None, value) for name, value in told.items())


def joined(pieces: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Neighbouring pieces of memory in ascending order as one."""
    start, data = 0, b""
    for pa, piece in pieces:
        if data and pa == start + len(data):
            data += piece
            continue
        if data:
            yield start, data
        start, data = pa, piece
    if data:
        yield start, data
