# SPDX-License-Identifier: Apache-2.0
"""Split virtqueues in guest memory: descriptor table, available ring, used ring.

Both sides work on the bytes in memory only, each through its own port: the driver through a
virtual CPU's linear map, the device through the VMM's view of guest RAM.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Protocol

DESC = struct.Struct("<QIHH")  # addr, len, flags, next
USED = struct.Struct("<II")  # id, len
F_NEXT, F_WRITE, F_INDIRECT = 1, 2, 4
INDEX_MASK = 0xFFFF

Buffer = tuple[int, int]  # guest physical address, bytes


class RingError(ValueError):
    """The driver put something into the ring that the device cannot follow."""


class MemoryPort(Protocol):
    """Guest memory as one side sees it."""

    def read(self, ipa: int, n: int) -> bytes: ...

    def write(self, ipa: int, data: bytes) -> None: ...


@dataclass(frozen=True)
class RingLayout:
    """Guest physical addresses of the three parts; ``size`` is a power of two."""

    size: int
    desc: int
    avail: int
    used: int

    @classmethod
    def within(cls, base: int, size: int) -> RingLayout:
        """The parts one after the other, aligned to 16, 2 and 4 bytes."""
        avail = base + size * DESC.size
        used = (avail + 6 + 2 * size + 3) & ~3
        return cls(size, base, avail, used)

    @staticmethod
    def bytes(size: int) -> int:
        """Room that :meth:`within` takes at most."""
        return size * DESC.size + 6 + 2 * size + 3 + 6 + USED.size * size


def _read16(port: MemoryPort, at: int) -> int:
    return int.from_bytes(port.read(at, 2), "little")


class DriverQueue:
    """The driver's side: makes buffers available, takes used ones back."""

    def __init__(self, port: MemoryPort, layout: RingLayout) -> None:
        self._port = port
        self._ring = layout
        self._free = list(range(layout.size))
        self._chains: dict[int, list[int]] = {}
        self._avail = self._seen = 0

    def add(self, readable: list[Buffer], writable: list[Buffer]) -> int:
        """Chain the buffers, device-readable ones first; returns the head's index."""
        buffers = [(b, 0) for b in readable] + [(b, F_WRITE) for b in writable]
        if not buffers or len(buffers) > len(self._free):
            raise RingError(f"{len(buffers)} buffers, {len(self._free)} descriptors free")
        ids = [self._free.pop(0) for _ in buffers]
        for place, ((addr, length), flags) in enumerate(buffers):
            last = place == len(ids) - 1
            raw = DESC.pack(
                addr, length, flags | (0 if last else F_NEXT), 0 if last else ids[place + 1]
            )
            self._port.write(self._ring.desc + ids[place] * DESC.size, raw)
        head = ids[0]
        self._chains[head] = ids
        slot = self._ring.avail + 4 + 2 * (self._avail % self._ring.size)
        self._port.write(slot, head.to_bytes(2, "little"))
        self._avail = (self._avail + 1) & INDEX_MASK
        # the index is written last: until then the device does not see the entry
        self._port.write(self._ring.avail + 2, self._avail.to_bytes(2, "little"))
        return head

    def take(self) -> tuple[int, int] | None:
        """Next used chain as (head, bytes written by the device), None when there is none."""
        if self._seen == _read16(self._port, self._ring.used + 2):
            return None
        at = self._ring.used + 4 + USED.size * (self._seen % self._ring.size)
        head, length = USED.unpack(self._port.read(at, USED.size))
        self._seen = (self._seen + 1) & INDEX_MASK
        self._free += self._chains.pop(head)
        return head, length


@dataclass(frozen=True)
class Chain:
    """One available chain, as the device took it."""

    head: int
    readable: tuple[Buffer, ...]
    writable: tuple[Buffer, ...]


class DeviceQueue:
    """The device's side: takes available chains, returns them used."""

    def __init__(self, port: MemoryPort, layout: RingLayout) -> None:
        self._port = port
        self._ring = layout
        self._next = self._used = 0

    def pop(self) -> Chain | None:
        """Next available chain; RingError for an index or a chain that cannot be."""
        ring = self._ring
        ahead = (_read16(self._port, ring.avail + 2) - self._next) & INDEX_MASK
        if not ahead:
            return None
        if ahead > ring.size:
            raise RingError(f"{ahead} chains available in a ring of {ring.size}")
        head = _read16(self._port, ring.avail + 4 + 2 * (self._next % ring.size))
        self._next = (self._next + 1) & INDEX_MASK
        readable: list[Buffer] = []
        writable: list[Buffer] = []
        index = head
        for _ in range(ring.size):
            if index >= ring.size:
                raise RingError(f"descriptor {index} in a ring of {ring.size}")
            raw = self._port.read(ring.desc + index * DESC.size, DESC.size)
            addr, length, flags, following = DESC.unpack(raw)
            if flags & F_INDIRECT:
                raise RingError("indirect descriptor, which was not negotiated")
            if flags & F_WRITE:
                writable.append((addr, length))
            elif writable:
                raise RingError("readable buffer behind a writable one")
            else:
                readable.append((addr, length))
            if not flags & F_NEXT:
                return Chain(head, tuple(readable), tuple(writable))
            index = following
        raise RingError("descriptor chain without an end")

    def push(self, chain: Chain, written: int) -> None:
        """Give the chain back with the number of bytes written into it."""
        at = self._ring.used + 4 + USED.size * (self._used % self._ring.size)
        self._port.write(at, USED.pack(chain.head, written))
        self._used = (self._used + 1) & INDEX_MASK
        self._port.write(self._ring.used + 2, self._used.to_bytes(2, "little"))


def gather(port: MemoryPort, buffers: tuple[Buffer, ...]) -> bytes:
    """All bytes of the buffers, in order."""
    return b"".join(port.read(addr, length) for addr, length in buffers)


def scatter(port: MemoryPort, buffers: tuple[Buffer, ...], data: bytes) -> int:
    """Spread ``data`` over the buffers; returns how much fitted."""
    done = 0
    for addr, length in buffers:
        part = data[done : done + length]
        if part:
            port.write(addr, part)
        done += len(part)
    return done
