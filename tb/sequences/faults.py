# SPDX-License-Identifier: Apache-2.0
"""Fault and resume patterns: a page fault handler, and bursts that need it."""

from __future__ import annotations

from collections import Counter

from tb.bfm.burst import AxiTxn
from tb.models.fields import Cmd, Event
from tb.models.layout import Record
from tb.sequences.base import SmmuSequence
from tb.sequences.tables import BuildTables

PATTERNS = ("page_in", "abort", "razwi", "mix", "reverse", "stall_term")
RETRY, ABORT, RAZWI = {"ac": 1, "ab": 0}, {"ac": 0, "ab": 1}, {"ac": 0, "ab": 0}


class FaultAndResume(SmmuSequence):
    """``count`` bursts into the holes of a stalling stream; software answers each stall.

    tables   from ``BuildTables(.., stall=True, holes=n)``
    pattern  ``page_in``: map, then retry; ``abort``, ``razwi``: terminate; ``mix``: all three;
             ``reverse``: map all, retry the youngest first; ``stall_term``: CMD_STALL_TERM

    After it: ``answers`` by kind, ``txns``.
    """

    def __init__(self, tables: BuildTables, count: int = 8, name: str = "faults", *,
                 pattern: str = "page_in", limit: int = 200_000) -> None:  # fmt: skip
        super().__init__(name)
        if pattern not in PATTERNS:
            raise ValueError(f"FaultAndResume {pattern!r}: not one of {', '.join(PATTERNS)}")
        self.tables, self.count, self.pattern, self.limit = tables, count, pattern, limit
        self.answers: Counter[str] = Counter()
        self.txns: list[AxiTxn] = []

    async def body(self) -> None:
        self._post()
        end = self.bench.cycle + self.limit
        while not all(txn.finished for txn in self.txns):
            assert self.bench.cycle < end, f"{self.get_name()}: stalled for ever"
            await self._serve([r for r in await self.prog.events() if r.get("stall")])
            await self.bench.cycles(50)

    def _post(self) -> None:
        """Bursts on all ports, each with an AXI ID of its own while they last."""
        for number in range(self.count):
            hole = self.rng.choice(self.tables.hole_targets)
            addr = hole.base + self.rng.randrange(hole.size) & -16
            side = {"sid": hole.sid, "ssid": hole.ssid, "id": number & 7,
                    "tbu": number % self.bench.tbus}  # fmt: skip
            if self.rng.random() < 0.5:
                self.txns.append(self.bench.read(addr, 16, **side))
            else:
                self.txns.append(self.bench.write(addr, self.rng.randbytes(16), **side))

    async def _serve(self, records: list[Record]) -> None:
        if self.pattern == "reverse":
            records.reverse()
        if self.pattern == "stall_term":
            if records:
                await self.prog.command(Cmd.stall_term(sid=self.tables.sid))
                self.answers["stall_term"] += 1
            return
        for record in records:
            kind = self.pattern
            if kind == "mix":
                kind = self.rng.choice(("page_in", "abort", "razwi"))
            if record.type != Event.F_TRANSLATION:
                kind = "abort"  # no page to bring in would help
            action = {"abort": ABORT, "razwi": RAZWI}.get(kind, RETRY)
            if action is RETRY:
                self._map(record)
            await self.prog.command(Cmd.resume(sid=record.streamid, stag=record.stag, **action))
            self.answers[kind] += 1

    def _map(self, record: Record) -> None:
        """What a page fault handler does; a fault holds nothing to invalidate (TLB-003)."""
        tables = self.tables
        ssid = record.substreamid if record.ssv else 0
        space, page = tables.spaces[ssid], record.inputaddr & -tables.page
        if space.leaf_of(page) is None:
            where = tables.data[ssid] + self.rng.randrange(tables.pages) * tables.page
            space.map(page, tables.stream.ipa(where), tables.page, tables.leaf)
