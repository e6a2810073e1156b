# SPDX-License-Identifier: Apache-2.0
"""Stall and terminate records compete for the entries of a full event queue (STL-030)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cocotb

from tb.bfm.burst import OKAY, SLVERR, AxiTxn
from tests.smmu.case_scene import PAGE
from tests.smmu.stall_queue_tests import drain
from tests.smmu.stall_scene import HOLE, PLAIN, STALLER, StallScene

WIDTH = 8  # terminating accesses that are always on their way
UUT = PAGE - 8  # offset of a burst that crosses a page (FLT-018)


class Storm:
    """Terminating accesses without end, on AXI IDs of their own."""

    def __init__(self, s: StallScene, first_id: int, offset: int = 0) -> None:
        self.s, self.first, self.offset = s, first_id, offset
        self.open: list[AxiTxn] = []
        self.count = 0

    def blow(self) -> None:
        """Replace those that have ended."""
        for txn in self.open:
            assert not txn.finished or txn.resp == SLVERR, txn
        self.open = [txn for txn in self.open if not txn.finished]
        free = self.s.room + 1 - self.first  # the reserved slots are for them alone
        while len(self.open) < min(WIDTH, max(2, free)):
            axi_id = self.first + self.count % (self.s.ids - self.first)
            page = HOLE + PAGE * (self.count % 64) + self.offset
            self.open.append(self.s.access(page, sid=PLAIN, axi_id=axi_id))
            self.count += 1

    async def entry(self, cycles: int = 120) -> None:
        """Software frees an entry; the storm goes on."""
        await self.s.free(1)
        for _ in range(cycles // 20):
            self.blow()
            await self.s.bench.cycles(20)


async def records(s: StallScene, storm: Storm, limit: int,
                  done: Callable[[list[Any]], bool]) -> list[Any]:  # fmt: skip
    """Every record published while entries are freed one by one, at half the rate of records."""
    found: list[Any] = []
    for _ in range(limit):
        before, _ = await s.indexes()
        await storm.entry()
        after, _ = await s.indexes()
        mask = (2 << s.prog.layout.eventq_log2) - 1
        count = after.wr - before.wr & mask
        if count:
            found += (await s.prog.events(keep=True))[-count:]
        if done(found):
            return found
    raise AssertionError(f"not within {limit} entries: {found}")


async def finish(s: StallScene, storm: Storm, stalled: list[AxiTxn], found: list[Any]) -> None:
    """The storm is over, the stalls found are aborted, everything ends."""
    await s.answer([r for r in found if r.get("stall")], ac=0, ab=1)
    await drain(s)
    await s.ended(*stalled, *storm.open)
    prod, _ = await s.indexes()
    await s.prog.write("EVENTQ_CONS", rd=prod.wr, ovackflg=prod.ovflg)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def terminate_records_do_not_starve_stalls(dut: Any) -> None:
    """STL-030: an endless stream of terminate faults, a slow consumer, one stall, then several."""
    for offset in (0, UUT):
        for count in (1, 3):
            s = await StallScene.start(dut, eventq_log2=2)
            await s.fill_queue()
            storm = Storm(s, first_id=count, offset=offset)
            stalled = [s.access(HOLE + PAGE * k, axi_id=k) for k in range(count)]
            storm.blow()
            await s.waits(*stalled, cycles=600)
            want = min(count, s.stall_max)
            found = await records(
                s, storm, 2 * want + 1,
                lambda some, n=want: sum(bool(r.get("stall")) for r in some) == n,
            )  # fmt: skip
            kinds = "".join("S" if r.get("stall") else "t" for r in found)
            assert "tt" not in kinds, f"a stall waited for two terminate records: {kinds}"
            assert {r.streamid for r in found if r.get("stall")} == {STALLER}
            # the converse: neither do the stalls take every entry
            assert want == 1 or "SSS" not in kinds, f"terminate records starve: {kinds}"
            assert storm.count > WIDTH, "no storm: terminate faults were not answered"
            await finish(s, storm, stalled, found)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def the_entry_is_free_again_after_success(dut: Any) -> None:
    """STL-030, FLT-021: a woken slot that now succeeds gives its entry to the terminate faults."""
    s = await StallScene.start(dut, eventq_log2=2)
    await s.fill_queue()
    storm = Storm(s, first_id=1)
    stalled = s.access(HOLE, axi_id=0)
    await s.waits(stalled)
    s.page(HOLE)
    storm.blow()
    found = await records(s, storm, 2, bool)
    await s.ended(stalled)
    assert stalled.resp == OKAY
    assert not any(r.get("stall") for r in found), found
    await finish(s, storm, [stalled], found)
