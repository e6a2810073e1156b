# SPDX-License-Identifier: Apache-2.0
"""Bytes of a burst against the lanes of the bus, and one transaction as an object.

``payload`` is always the bytes a burst moves, in transfer order; ``bus`` is the beats side by side
in one integer (beat 0 lowest), as they travel on the data pins.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple

from cocotb.triggers import Event

from tb.bfm.layout import ROW_BEATS, beat_address, completion, unpack_ax

FIXED, INCR, WRAP = 0, 1, 2
OKAY, EXOKAY, SLVERR, DECERR = 0, 1, 2, 3


class Shape(NamedTuple):
    """Where the bytes of a burst lie; ``size`` is log2 bytes a beat, ``lanes`` bus bytes."""

    addr: int
    beats: int
    size: int
    burst: int
    lanes: int

    @classmethod
    def of(cls, vector: int, lanes: int) -> Shape:
        """The burst of an address channel vector (tb/bfm/layout.py)."""
        return cls(vector & 0xFFFF_FFFF_FFFF_FFFF, (vector >> 64 & 0xFF) + 1, vector >> 72 & 7,
                   vector >> 75 & 3, lanes)  # fmt: skip

    @property
    def linear(self) -> bool:
        """INCR with beats as wide as the bus: the payload is one run of the bus integer."""
        return self.burst == INCR and (1 << self.size) == self.lanes

    def spans(self) -> list[tuple[int, int, int]]:
        """(address, bytes, lowest lane) of each beat."""
        result = []
        for beat in range(self.beats):
            at = beat_address(self.addr, self.beats, self.size, self.burst, beat)
            count = (1 << self.size) - (at & ((1 << self.size) - 1))
            result.append((at, count, at % self.lanes))
        return result

    @property
    def nbytes(self) -> int:
        """Bytes the whole burst moves."""
        if self.linear:
            return self.beats * self.lanes - self.addr % self.lanes
        return sum(count for _, count, _ in self.spans())

    def to_bus(self, payload: bytes) -> int:
        """The payload on its lanes; lanes the burst does not use are zero."""
        if self.linear:
            return int.from_bytes(payload, "little") << (8 * (self.addr % self.lanes))
        bus = done = 0
        for beat, (_, count, lane) in enumerate(self.spans()):
            chunk = int.from_bytes(payload[done : done + count], "little")
            bus |= chunk << (8 * (beat * self.lanes + lane))
            done += count
        return bus

    def to_strobes(self, mask: int) -> int:
        """A mask of payload bytes (bit 0: first byte) as the strobes of the beats side by side."""
        if self.linear:
            return mask << (self.addr % self.lanes)
        strobes = done = 0
        for beat, (_, count, lane) in enumerate(self.spans()):
            strobes |= ((mask >> done) & ((1 << count) - 1)) << (beat * self.lanes + lane)
            done += count
        return strobes

    def from_bus(self, bus: int) -> bytes:
        """The payload out of the beats."""
        if self.linear:
            return bus.to_bytes(self.beats * self.lanes, "little")[self.addr % self.lanes :]
        out = bytearray()
        for beat, (_, count, lane) in enumerate(self.spans()):
            chunk = (bus >> (8 * (beat * self.lanes + lane))) & ((1 << (8 * count)) - 1)
            out += chunk.to_bytes(count, "little")
        return bytes(out)

    def from_strobes(self, strobes: int) -> int:
        """Mask of payload bytes out of the strobes of the beats."""
        if self.linear:
            return strobes >> (self.addr % self.lanes)
        mask = done = 0
        for beat, (_, count, lane) in enumerate(self.spans()):
            mask |= ((strobes >> (beat * self.lanes + lane)) & ((1 << count) - 1)) << done
            done += count
        return mask


def rows_of(bus: int, upper: int, beats: int, data_w: int, upper_w: int) -> list[int]:
    """Memory rows of a burst: eight beats of ``data_w`` bits, above them eight of ``upper_w``."""
    low, high = ROW_BEATS * data_w, ROW_BEATS * upper_w
    if beats <= ROW_BEATS:
        return [bus | upper << low]
    low_mask, high_mask = (1 << low) - 1, (1 << high) - 1
    return [
        ((bus >> (k * low)) & low_mask) | (((upper >> (k * high)) & high_mask) << low)
        for k in range((beats + ROW_BEATS - 1) // ROW_BEATS)
    ]


def from_rows(rows: list[int], beats: int, data_w: int, upper_w: int) -> tuple[int, int]:
    """(bus, upper) out of memory rows; what lies above the last beat is cut off."""
    low, high = ROW_BEATS * data_w, ROW_BEATS * upper_w
    low_mask = (1 << low) - 1
    if beats == ROW_BEATS:
        return rows[0] & low_mask, rows[0] >> low
    bus = upper = 0
    for k, row in enumerate(rows):
        bus |= (row & low_mask) << (k * low)
        upper |= (row >> low) << (k * high)
    return bus & ((1 << (beats * data_w)) - 1), upper & ((1 << (beats * upper_w)) - 1)


class AxiTxn:
    """One AXI burst, posted to a master or seen by a monitor. ``await txn`` waits for its end.

    Stamps are cycle numbers (rising edges since the start of the run): ``t_post`` the transactor
    took it, ``t_addr`` address handshake, ``t_first`` first R beat or last W beat, ``t_last`` last
    R beat or B. What few look at is worked out when somebody does.
    """

    bus = 0
    strobes = 0
    resp = OKAY
    resps = 0
    error = ""
    slot = -1
    finished = False  # the last response is in
    _row = -1  # completion word of the transactor
    _done: Event | None = None  # nobody waits

    def __init__(self, is_write: bool, shape: Shape, ax: dict[str, int] | int, *, tag: Any = None,
                 length: int | None = None) -> None:  # fmt: skip
        """``ax``: fields of the address channel, or its vector."""
        self.is_write, self.shape, self.tag, self.length = is_write, shape, tag, length
        self._ax = ax

    def __repr__(self) -> str:
        stamps = f"t_post={self.t_post} t_addr={self.t_addr} t_last={self.t_last}"
        what = "write" if self.is_write else "read"
        return (f"AxiTxn({what} {self.shape} ax={self.ax} resp={self.resp} {stamps}"
                f" error={self.error!r} tag={self.tag!r})")  # fmt: skip

    def end(self, row: int) -> int:
        """Note a completion word and the time it tells; number of beats. Data comes before."""
        self._row = row
        self.resp = row >> 8 & 3
        return row >> 10 & 0x1FF

    def finish(self) -> None:
        """Let who waits go on."""
        self.finished = True
        if self._done is not None:
            self._done.set()

    @property
    def done(self) -> Event:
        """Set when the last response is in."""
        if self._done is None:
            self._done = Event()
            if self.finished:
                self._done.set()
        return self._done

    def _stamp(self, index: int) -> int:
        return -1 if self._row < 0 else completion(self._row)[index]

    @property
    def t_post(self) -> int:
        """Cycle in which the transactor took it; -1 while it is open, as all stamps."""
        return self._stamp(3)

    @property
    def t_addr(self) -> int:
        """Cycle of the address handshake."""
        return self._stamp(4)

    @property
    def t_first(self) -> int:
        """Cycle of the first R beat or the last W beat."""
        return self._stamp(5)

    @property
    def t_last(self) -> int:
        """Cycle of the last R beat or of B."""
        return self._stamp(6)

    @property
    def ax(self) -> dict[str, int]:
        """Fields of the address channel: those given to a master, all that a monitor sees."""
        if isinstance(self._ax, int):
            self._ax = unpack_ax(self._ax)
        return self._ax

    @property
    def addr(self) -> int:
        """Start address."""
        return self.shape.addr

    @property
    def id(self) -> int:
        """AXI ID."""
        return self.ax.get("id", 0)

    @property
    def beats(self) -> int:
        """Number of beats."""
        return self.shape.beats

    @property
    def data(self) -> bytes:
        """The bytes moved, in transfer order; as many as the poster asked for, else whole beats."""
        return self.shape.from_bus(self.bus)[: self.length]

    @property
    def byte_mask(self) -> int:
        """Which bytes of :attr:`data` a write strobes (bit 0: the first)."""
        return self.shape.from_strobes(self.strobes)

    @property
    def ok(self) -> bool:
        """Answered without SLVERR or DECERR and without a protocol error."""
        return not self.error and self.resp < SLVERR

    def beat_resps(self) -> list[int]:
        """Response of each R beat (one entry, B, for a write)."""
        if self.is_write:
            return [self.resp]
        return [(self.resps >> (2 * k)) & 3 for k in range(self.beats)]

    async def wait(self) -> AxiTxn:
        """Wait for the end and return the transaction."""
        if not self.finished:
            await self.done.wait()
        return self

    def __await__(self) -> Generator[Any, None, AxiTxn]:
        return self.wait().__await__()
