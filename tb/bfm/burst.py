# SPDX-License-Identifier: Apache-2.0
"""Bytes of a burst against the lanes of the bus, and one transaction as an object.

``payload`` is always the bytes a burst moves, in transfer order; ``bus`` is the beats side by side
in one integer (beat 0 lowest), as they travel on the data pins.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from cocotb.triggers import Event

from tb.bfm.layout import ROW_BEATS, beat_address

FIXED, INCR, WRAP = 0, 1, 2
OKAY, EXOKAY, SLVERR, DECERR = 0, 1, 2, 3


@dataclass(frozen=True)
class Shape:
    """Where the bytes of a burst lie; ``size`` is log2 bytes a beat, ``lanes`` bus bytes."""

    addr: int
    beats: int
    size: int
    burst: int
    lanes: int

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
    low_mask, high_mask = (1 << low) - 1, (1 << high) - 1
    return [
        ((bus >> (k * low)) & low_mask) | (((upper >> (k * high)) & high_mask) << low)
        for k in range((beats + ROW_BEATS - 1) // ROW_BEATS)
    ]


def from_rows(rows: list[int], beats: int, data_w: int, upper_w: int) -> tuple[int, int]:
    """(bus, upper) out of memory rows; what lies above the last beat is cut off."""
    low, high = ROW_BEATS * data_w, ROW_BEATS * upper_w
    low_mask = (1 << low) - 1
    bus = upper = 0
    for k, row in enumerate(rows):
        bus |= (row & low_mask) << (k * low)
        upper |= (row >> low) << (k * high)
    return bus & ((1 << (beats * data_w)) - 1), upper & ((1 << (beats * upper_w)) - 1)


@dataclass(eq=False)
class AxiTxn:
    """One AXI burst, posted to a master or seen by a monitor. ``await txn`` waits for its end.

    Stamps are cycle numbers (rising edges since the start of the run): ``t_post`` the transactor
    took it, ``t_addr`` address handshake, ``t_first`` first R beat or last W beat, ``t_last`` last
    R beat or B.
    """

    is_write: bool
    shape: Shape
    ax: dict[str, int]
    bus: int = 0
    strobes: int = 0
    resp: int = OKAY
    resps: int = 0
    error: str = ""
    t_post: int = -1
    t_addr: int = -1
    t_first: int = -1
    t_last: int = -1
    slot: int = -1
    tag: Any = None
    length: int | None = None
    done: Event = field(default_factory=Event, repr=False)

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

    @property
    def finished(self) -> bool:
        """True once the last response is in."""
        return self.done.is_set()

    def beat_resps(self) -> list[int]:
        """Response of each R beat (one entry, B, for a write)."""
        if self.is_write:
            return [self.resp]
        return [(self.resps >> (2 * k)) & 3 for k in range(self.beats)]

    async def wait(self) -> AxiTxn:
        """Wait for the end and return the transaction."""
        if not self.done.is_set():
            await self.done.wait()
        return self

    def __await__(self) -> Generator[Any, None, AxiTxn]:
        return self.wait().__await__()
