# SPDX-License-Identifier: Apache-2.0
"""Error injection: external aborts on what the SMMU fetches, and structures that are illegal."""

from __future__ import annotations

from collections import Counter

from tb.agents.axi_memory import AxiMemoryItem
from tb.bfm.burst import SLVERR
from tb.models.fields import Cmd, Event
from tb.sequences.base import SmmuSequence
from tb.sequences.registers import ItemSequence
from tb.sequences.tables import BuildTables


class _Provoke(SmmuSequence):
    """After it: ``events``, the records seen, by name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.events: Counter[str] = Counter()

    async def cold(self) -> None:
        """Nothing is cached."""
        await self.prog.command(Cmd.cfgi_all(), Cmd.tlbi_nsnh_all())
        await self.prog.sync()
        if self.sequencer.scoreboard is not None:
            self.sequencer.scoreboard.settle(self.bench.cycle)

    async def refused(self, sid: int, addr: int, ssid: int | None, event: Event) -> None:
        """A read ends with SLVERR and one record of ``event``."""
        txn = await self.answered(self.bench.read(addr, 16, sid=sid, ssid=ssid))
        assert txn.resp == SLVERR, f"{self.get_name()}: {event.name}: answered {txn.resp}"
        (record,) = await self.prog.events(at_least=1)
        assert record.type == event, f"{self.get_name()}: {record}, not {event.name}"
        self.events[event.name] += 1


class WalkErrors(_Provoke):
    """External aborts on the walk port: on the STE, on a CD and on each level of the tables.

    tables   with stage 1, from :class:`BuildTables`; everything works again afterwards
    """

    def __init__(self, tables: BuildTables, name: str = "walk_errors") -> None:
        super().__init__(name)
        self.tables = tables

    def spots(self) -> list[tuple[int, Event]]:
        """Physical address and the event an abort there gives."""
        tables, stream = self.tables, self.tables.stream
        below = stream.ipa(0)
        spots = [(self.prog.layout.strtab + 64 * tables.sid, Event.F_STE_FETCH),
                 (stream.cds, Event.F_CD_FETCH)]  # fmt: skip
        for base, _ in tables.spaces[0].tables:
            spots.append((base - below, Event.F_WALK_EABT))
        return spots

    async def body(self) -> None:
        tables = self.tables
        addr = tables.base
        for at, event in self.spots():
            error = AxiMemoryItem(error=(at, tables.page if event is Event.F_WALK_EABT else 64))
            await ItemSequence(error).start(self.sequencer.walk)
            await self.cold()
            await self.refused(tables.sid, addr, None, event)
            await ItemSequence(AxiMemoryItem(remove=error.placed)).start(self.sequencer.walk)
        await self.cold()
        assert (await self.answered(self.bench.read(addr, 16, sid=tables.sid))).ok


class BadStructures(_Provoke):
    """STEs and CDs the architecture refuses, and StreamIDs and SubstreamIDs without one.

    sid   of a stream of its own; must be inside the stream table
    """

    def __init__(self, sid: int = 0x70, name: str = "bad_structures") -> None:
        super().__init__(name)
        self.tables = BuildTables(sid, ssids=2)

    async def body(self) -> None:
        tables = self.tables
        await tables.start(self.sequencer)
        stream, sid, va = tables.stream, tables.sid, tables.base
        good = dict(stream.fields)
        for fields in ({"v": 0}, {"s1cdmax": 31}):
            stream.write(**fields)
            await self.cold()
            await self.refused(sid, va, None, Event.C_BAD_STE)
            stream.write(**{name: good.get(name, 0) for name in fields})
        stream.write(s1dss=0)
        await self.cold()
        await self.refused(sid, va, None, Event.F_STREAM_DISABLED)
        stream.write(s1dss=2)
        for fields, usual in (({"v": 0}, {"v": 1}), ({"aa64": 0}, {"aa64": 1})):
            stream.rewrite_cd(1, **fields)
            await self.cold()
            await self.refused(sid, va, 1, Event.C_BAD_CD)
            stream.rewrite_cd(1, **usual)
        await self.cold()
        await self.refused(sid, va, 1 << 10, Event.C_BAD_SUBSTREAMID)
        await self.refused(1 << self.prog.layout.sid_log2, va, None, Event.C_BAD_STREAMID)
        assert (await self.answered(self.bench.read(va, 16, sid=sid, ssid=1))).ok
