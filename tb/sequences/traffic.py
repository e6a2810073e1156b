# SPDX-License-Identifier: Apache-2.0
"""Device traffic: random bursts over streams and address spaces."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyuvm import uvm_sequence

from tb.agents.axi_device import AxiDeviceItem
from tb.bfm.burst import FIXED, INCR, WRAP, AxiTxn
from tb.env.program import SmmuProgram
from tb.models.fields import Cmd
from tb.models.layout import Record

PAGE = 4096
FLOW_NO_STALL = 2
ATOMIC_STORE = 0b010000


@dataclass(frozen=True)
class Target:
    """Where bursts may go: a context and a range of its addresses."""

    sid: int
    ssid: int | None
    base: int
    size: int


class RandomTraffic(uvm_sequence):
    """``count`` bursts inside 4 KB pages of ``targets``; ``txns`` are theirs, in order.

    ``ids`` AXI IDs are used, ``max_beats`` bounds the bursts, ``privileged`` adds privileged and
    instruction accesses.
    """

    def __init__(self, rng: random.Random, targets: Sequence[Target], count: int, *, ids: int = 8,
                 lanes: int = 8, max_beats: int = 8, writes: float = 0.5,
                 privileged: bool = True) -> None:  # fmt: skip
        super().__init__("random_traffic")
        self.rng, self.targets, self.count = rng, targets, count
        self.ids, self.lanes, self.max_beats = ids, lanes, max_beats
        self.writes, self.privileged = writes, privileged
        self.txns: list[AxiTxn] = []

    async def body(self) -> None:
        for _ in range(self.count):
            item = self.burst()
            await self.start_item(item)
            await self.finish_item(item)
            self.txns.append(item.txn)

    def burst(self) -> AxiDeviceItem:
        """A random burst."""
        rng = self.rng
        target = rng.choice(self.targets)
        addr = target.base + rng.randrange(target.size)
        length = rng.randint(1, self.max_beats * self.lanes - addr % self.lanes)
        length = min(length, PAGE - addr % PAGE)
        options = {
            "id": rng.randrange(self.ids),
            "cache": rng.choice((0b0000, 0b0010, 0b0011, 0b1111, 0b0111, 0b1011)),
            "domain": rng.choice((0, 1, 2, 3)),
            "qos": rng.randrange(16),
        }
        if options["cache"] < 0b0100:
            options["domain"] = 3  # Device and Non-cacheable are System shareable (AXI table)
        if self.privileged:
            options |= {"priv": rng.random() < 0.3, "inst": rng.random() < 0.2}
        data = rng.randbytes(length) if rng.random() < self.writes else None
        return AxiDeviceItem.make(
            sid=target.sid, ssid=target.ssid, addr=addr, length=length, data=data, **options
        )


class WildTraffic(RandomTraffic):
    """The same and what is rare: other shapes, attributes, orders of channels, and mistakes."""

    def burst(self) -> AxiDeviceItem:
        """A random burst."""
        rng, item = self.rng, super().burst()
        options, odd = item.options, rng.random()
        if odd < 0.1:
            self._shape(item)
        elif odd < 0.13:
            self._mistake(item)
        elif odd < 0.18:
            options["flow"] = rng.choice((1, FLOW_NO_STALL))
        elif odd < 0.22:
            # a single beat: legal for an exclusive whatever its size
            item.addr &= -self.lanes
            item.length = self.lanes
            item.data = item.data and rng.randbytes(self.lanes)
            options["lock"] = 1
        if rng.random() < 0.3:
            options["delay"] = rng.randrange(20)
        if item.data is not None and rng.random() < 0.3:
            options["w_delay"] = rng.randrange(40)
            options["strb"] = rng.getrandbits(len(item.data))
        if rng.random() < 0.05:
            item.addr ^= rng.getrandbits(8) << 56
        return item

    def _shape(self, item: AxiDeviceItem) -> None:
        """Narrow, FIXED or WRAP, inside the page."""
        rng, options = self.rng, item.options
        size = rng.randrange(self.lanes.bit_length())
        burst = rng.choice((FIXED, INCR, WRAP))
        beats = rng.choice((2, 4, 8)) if burst == WRAP else rng.randint(1, 8)
        item.addr &= -(8 << size)
        item.length = beats << size
        item.data = item.data and rng.randbytes(item.length)
        options |= {"size": size, "burst": burst, "beats": beats}

    def _mistake(self, item: AxiDeviceItem) -> None:
        """What no translation is made for, or for nobody."""
        rng, options = self.rng, item.options
        kind = rng.randrange(4)
        if kind == 0:
            options["secsid"] = 1
        elif kind == 1:
            item.ssid = rng.randrange(1 << 20)
        elif kind == 2:
            # across 4 KB
            item.addr = item.addr & -PAGE | PAGE - self.lanes
            item.length = 3 * self.lanes
            item.data = item.data and rng.randbytes(item.length)
        else:
            # an atomic without read data
            item.addr &= -8
            item.data = rng.randbytes(8)
            options["atop"] = ATOMIC_STORE


class Resolver:
    """Answers stalls like a page fault handler: ``decide(record)`` maps, and says what to send."""

    def __init__(self, prog: SmmuProgram, decide: Callable[[Record], tuple[int, int]]) -> None:
        self.prog, self.decide = prog, decide
        self.resolved = 0

    async def turn(self) -> int:
        """Take the records there are, resume their stalls; number of records taken."""
        records = await self.prog.events()
        for record in records:
            if record.get("stall"):
                retry, abort = self.decide(record)
                command = Cmd.resume(sid=record.streamid, stag=record.stag, ac=retry, ab=abort)
                await self.prog.command(command)
                self.resolved += 1
        return len(records)
