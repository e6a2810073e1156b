# SPDX-License-Identifier: Apache-2.0
"""Device traffic: random bursts over streams and address spaces."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyuvm import uvm_sequence

from tb.agents.axi_device import DeviceItem
from tb.bfm.burst import AxiTxn
from tb.env.program import SmmuProgram
from tb.models.fields import Cmd
from tb.models.layout import Record

PAGE = 4096


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

    def burst(self) -> DeviceItem:
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
        return DeviceItem(
            sid=target.sid, ssid=target.ssid, addr=addr, length=length, data=data, **options
        )


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
