# SPDX-License-Identifier: Apache-2.0
"""Streams that stall, their records and what software does with them, over :class:`CaseScene`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from tb.bfm.burst import AxiTxn
from tb.bfm.dvm import sync as dvm_sync
from tb.models.fields import REG, Cmd, Event
from tb.models.layout import Record
from tests.smmu.case_scene import DATA, LIMIT, PAGE, VA, CaseScene

HOLE = VA + 0x10_0000  # pages from here on are not mapped
STALLER, OTHER, PLAIN = 0x11, 0x12, 0x22
_Item = TypeVar("_Item")
QUIET = 1500  # cycles in which something that may happen would have happened


class StallScene(CaseScene):
    """STALLER and OTHER stall at stage 1, PLAIN aborts; page VA is mapped in all of them."""

    @classmethod
    async def start(cls, dut: Any, *, streams: bool = True, **layout: Any) -> StallScene:
        """As :meth:`CaseScene.start`, with the streams."""
        scene = await super().start(dut, **layout)
        if streams:
            scene.streams = {
                sid: scene.stream(sid, cd={"s": int(sid != PLAIN)})
                for sid in (STALLER, OTHER, PLAIN)
            }
            for stream in scene.streams.values():
                stream.rewrite_cd(0, a=1, r=1)
        return scene

    @property
    def stall_max(self) -> int:
        """Stalls that may be recorded at a time."""
        return self.bench.params["STALL_MAX"]

    def groups(self, items: Sequence[_Item], most: int = 4) -> list[Sequence[_Item]]:
        """``items`` in order, in groups that can all be recorded at a time."""
        size = min(self.stall_max, most)
        return [items[k : k + size] for k in range(0, len(items), size)]

    @property
    def room(self) -> int:
        """Transactions of stalling streams that one port takes (D2)."""
        return self.bench.params["TBU_SLOTS"] - self.bench.params["TBU_RSVD"]

    # ---- transactions --------------------------------------------------------------------
    def access(self, addr: int, *, sid: int = STALLER, write: bool = False, axi_id: int = 0,
               nbytes: int = 16, **options: Any) -> AxiTxn:  # fmt: skip
        """Post a burst; a write carries a pattern of its address."""
        side = {"sid": sid, "id": axi_id, **options}
        if write:
            return self.bench.write(addr, self.pattern(addr, nbytes), **side)
        return self.bench.read(addr, nbytes, **side)

    @staticmethod
    def pattern(addr: int, nbytes: int) -> bytes:
        """The bytes a write to ``addr`` carries."""
        return bytes((addr >> 12) + k & 0xFF for k in range(nbytes))

    async def ended(self, *txns: AxiTxn, limit: int = LIMIT) -> None:
        """Every transaction has its answer."""
        for txn in txns:
            assert await self.bench.within(txn.done, limit), f"no answer to {txn}"

    async def waits(self, *txns: AxiTxn, cycles: int = QUIET) -> None:
        """None of them is answered, and no record comes."""
        before = (await self.prog.read("EVENTQ_PROD")).wr
        await self.bench.cycles(cycles)
        for txn in txns:
            assert not txn.finished, f"answered although it must wait: {txn}"
        assert (await self.prog.read("EVENTQ_PROD")).wr == before, "a record nobody asked for"

    async def stalls(self, count: int, *, sid: int = STALLER) -> list[Record]:
        """``count`` stall records, with STAGs of their own."""
        records = await self.prog.events(at_least=count)
        assert len(records) == count, f"{len(records)} records, {count} expected"
        for record in records:
            assert record.get("stall") and record.streamid == sid, record
        assert len({record.stag for record in records}) == count, "a STAG twice (STL-002)"
        return records

    async def no_events(self) -> None:
        """After a CMD_SYNC there is no record."""
        await self.prog.sync()
        left = await self.prog.events()
        assert not left, f"records nobody asked for: {left}"

    # ---- software ------------------------------------------------------------------------
    def page(self, addr: int = HOLE, to: int = DATA, *, sid: int = STALLER, **leaf: Any) -> None:
        """Map one page of a stream at stage 1."""
        self.map(self.streams[sid], addr & -PAGE, to, **leaf)

    async def answer(self, record: Record | Iterable[Record], *, ac: int = 1,
                     ab: int = 0) -> None:  # fmt: skip
        """CMD_RESUME for a record or several."""
        some = [record] if isinstance(record, Record) else list(record)
        await self.prog.command(
            *(Cmd.resume(sid=one.streamid, stag=one.stag, ac=ac, ab=ab) for one in some)
        )

    async def changed(self, sid: int = STALLER) -> None:
        """CFGI_STE and SYNC, as after a change of an STE or CD."""
        await self.prog.command(Cmd.cfgi_ste(sid=sid, leaf=1))
        await self.prog.sync()

    async def dvm_sync(self, limit: int = 6000) -> None:
        """A DVM Sync ends with a DVM Complete."""
        before = self.bench.ptw.dvm_completes
        await self.bench.dvm.send(dvm_sync())
        for _ in range(limit // 50):
            if self.bench.ptw.dvm_completes > before:
                return
            await self.bench.cycles(50)
        raise AssertionError("no DVM Complete")

    async def fill_queue(self) -> int:
        """The event queue is full of records of PLAIN, on the last AXI ID; their number."""
        size = 1 << self.prog.layout.eventq_log2
        for number in range(size):
            txn = self.access(HOLE + PAGE * number, sid=PLAIN, axi_id=self.ids - 1)
            await self.ended(txn)
        await self.prog.sync()
        prod, cons = await self.indexes()
        assert prod.wr ^ cons.rd == size, "the queue is not full"
        return size

    async def indexes(self) -> tuple[Record, Record]:
        """EVENTQ_PROD and EVENTQ_CONS."""
        return await self.prog.read("EVENTQ_PROD"), await self.prog.read("EVENTQ_CONS")

    async def free(self, count: int = 1) -> None:
        """Take records out of the queue without looking."""
        log2 = self.prog.layout.eventq_log2
        prod, cons = await self.indexes()
        rd = cons.rd + count & (2 << log2) - 1
        await self.prog.write("EVENTQ_CONS", rd=rd, ovackflg=prod.ovflg)

    async def last_record(self, skip: int = 0) -> Record:
        """The youngest record in the queue, or one before it."""
        return (await self.prog.events(keep=True))[-1 - skip]

    async def error_free(self) -> None:
        """No GERROR is active."""
        gerror = await self.read32(REG["GERROR"].offset)
        assert gerror == await self.read32(REG["GERRORN"].offset), f"GERROR 0x{gerror:x}"


def is_fault(record: Record, event: Event, **fields: int) -> None:
    """A record is of this event with these fields."""
    assert record.type == event, f"{record}, not {event.name}"
    for name, value in fields.items():
        assert record[name] == value, f"{name} of {record} is not 0x{value:x}"
