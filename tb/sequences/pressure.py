# SPDX-License-Identifier: Apache-2.0
"""Queue pressure: a full command queue, a full event queue, and everything still served."""

from __future__ import annotations

from tb.models.fields import Cmd
from tb.models.smmu_ref.queues import used
from tb.sequences.base import SmmuSequence
from tb.sequences.tables import BuildTables


class CommandPressure(SmmuSequence):
    """``count`` commands as fast as the ring takes them, a CMD_SYNC now and then and at the end.

    After it: ``full``, how often the ring was full when it was looked at.
    """

    def __init__(self, count: int = 200, name: str = "command_pressure") -> None:
        super().__init__(name)
        self.count = count
        self.full = 0

    async def body(self) -> None:
        prog = self.prog
        kinds = (Cmd.tlbi_nsnh_all(), Cmd.cfgi_all(), Cmd.tlbi_nh_asid(vmid=1, asid=1), Cmd.sync())
        # as many at once as the ring has room for: one write of PROD for all of them
        burst = 1 << prog.layout.cmdq_log2
        for start in range(0, self.count, burst):
            number = min(burst, self.count - start)
            await prog.command_burst(*(self.rng.choice(kinds) for _ in range(number)))
            prod, cons = await prog.read("CMDQ_PROD"), await prog.read("CMDQ_CONS")
            self.full += used(prog.layout.cmdq_log2, prod.wr, cons.rd) == burst
        await prog.sync()


class EventPressure(SmmuSequence):
    """More stalls than the event queue has entries; software takes one record at a time.

    tables   from ``BuildTables(.., stall=True, holes=n)``; no stall record may be lost (STL-018)

    After it: ``full`` tells whether the queue was seen full, ``served`` counts records.
    """

    def __init__(self, tables: BuildTables, stalls: int = 6, name: str = "event_pressure", *,
                 limit: int = 100_000) -> None:  # fmt: skip
        super().__init__(name)
        self.tables, self.stalls, self.limit = tables, stalls, limit
        self.full = False
        self.served = 0

    async def body(self) -> None:
        prog, bench = self.prog, self.bench
        hole = self.tables.hole_targets[0]
        txns = [
            bench.write(hole.base + 64 * n, self.rng.randbytes(16), sid=hole.sid, ssid=hole.ssid,
                        id=n & 7, tbu=n % bench.tbus)
            for n in range(self.stalls)
        ]  # fmt: skip
        end = bench.cycle + self.limit
        while not all(txn.finished for txn in txns):
            assert bench.cycle < end, f"{self.get_name()}: a stall record was lost"
            prod, cons = await prog.read("EVENTQ_PROD"), await prog.read("EVENTQ_CONS")
            log2 = prog.layout.eventq_log2
            waiting = used(log2, prod.wr, cons.rd)
            self.full |= waiting == 1 << log2
            if waiting:
                (record,) = await prog.events(at_most=1)
                resume = Cmd.resume(sid=record.streamid, stag=record.stag, ac=0, ab=1)
                await prog.command(resume)
                self.served += 1
            await bench.cycles(self.rng.choice((20, 200)))
