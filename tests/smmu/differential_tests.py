# SPDX-License-Identifier: Apache-2.0
"""The SMMU against the reference model: random streams, tables, traffic and changes, in rounds.

Each round builds new streams of every kind over random tables, sends wild traffic to all ports and
meanwhile changes leaves and structures, invalidates by commands or DVM, and resumes what stalls.
Some rounds run with the SMMU disabled. Latencies, rates of all channels and orders change too.
"""

from __future__ import annotations

import time
from collections import Counter

import cocotb
import pyuvm
from pyuvm import uvm_sequencer

from sim import figures
from sim.options import from_env
from tb.env.smmu_cfg import SmmuEnvCfg
from tb.env.smmu_test import SmmuTest
from tb.models.fields import Cmd, S1Fmt
from tb.models.memory import ErrorRange
from tb.sequences.changes import Change
from tb.sequences.dma import ANSWER_LIMIT, flood
from tb.sequences.streams import RandomWorld
from tb.sequences.traffic import WildTraffic

DATA, SIZE = 0x4800_0000, 0x10_0000
ROUNDS = 4  # at scale 1
STREAMS = 5
BURSTS = 120  # of a port in a round
OPEN_LIMIT = 10  # bursts a port has open
SYNC_LIMIT = 60_000  # cycles
SERVE_EVERY = 60  # cycles


@pyuvm.test(timeout_time=100, timeout_unit="sec")
class Differential(SmmuTest):
    """All kinds of streams under traffic, changes, invalidations, stalls and resumes."""

    def adjust(self, cfg: SmmuEnvCfg) -> None:
        cfg.bench.throttle = True

    async def scenario(self) -> None:
        started = time.monotonic()
        self.prog.layout.regs["CR2"] = {"recinvsid": 1, "ptm": 0}
        can = await self.prog.read("IDR0")
        if can.st_level:
            self.prog.layout.strtab_split = self.rng.choice((0, 6, 8))
        formats = tuple(S1Fmt) if can.cd2l else (S1Fmt.LINEAR,)
        self.world = RandomWorld(self.prog, self.rng, DATA, SIZE, formats)
        self.count: Counter[str] = Counter()
        self.scatter(DATA, SIZE)
        await self.prog.start()
        for number in range(ROUNDS * from_env().scale):
            self.number = number
            await self.round()
            if self.env.scoreboard.errors:
                break  # one mismatch brings others
        self.report(time.monotonic() - started)

    def report(self, seconds: float) -> None:
        """One line of figures."""
        board = self.env.scoreboard
        kinds = ("OK", "ABORT", "RAZWI", "STALL")
        figures.publish(
            "SMMU against smmu_ref",
            translations=sum(board.checked[kind] for kind in kinds),
            forwarded=board.checked["OK"],
            faults=board.checked["event"],
            stalls=board.checked["stall record"],
            **{kind: self.count[kind] for kind in ("retries", "terminations", "invalidations")},
            rounds=self.number + 1,
            mismatches=len(board.errors),
            seconds=seconds,
        )

    # ---- a round -------------------------------------------------------------------------
    async def round(self) -> None:
        """New streams; traffic until every port has sent its share; all events accounted for."""
        rng, bench, board = self.rng, self.bench, self.env.scoreboard
        bench.cfg.throttle = rng.random() < 0.6
        bench.cfg.latency, bench.cfg.jitter = rng.choice((1, 4, 30)), rng.choice((0, 6, 40))
        bench.configure()
        self.world.renew(STREAMS)
        errors = self.bus_errors()
        off = rng.random() < 0.1
        if off:
            await self.disable()
        await self.prog.command(Cmd.cfgi_all(), Cmd.tlbi_nsnh_all())
        await self.prog.sync(SYNC_LIMIT)
        board.settle(bench.cycle)
        self.terminate = False
        share = rng.choice((BURSTS // 3, BURSTS, 2 * BURSTS)) // len(self.env.devices) + 1
        ports = [cocotb.start_soon(self.flood(d.sequencer, share)) for d in self.env.devices]
        pace, limit = rng.choice((30, 100, 400)), bench.cycle + 40 * ANSWER_LIMIT
        calm = rng.random() < 0.1  # nothing changes: entries live long
        while not all(port.done() for port in ports):
            await self.wait(rng.randrange(1, 2 * pace))
            if not calm and not off:
                await self.apply(self.world.change())
            if not off and rng.random() < 0.2:
                await self.prog.command(*self.world.noise())
            self.terminate = bench.cycle > limit // 2
            assert bench.cycle < limit, "the traffic of a round does not end"
        for port in ports:
            await port
        await self.prog.sync(SYNC_LIMIT)
        await self.serve()
        await bench.cycles(200)  # the last records reach memory
        await self.serve()
        board.match_events()
        for error in errors:
            bench.memory.remove_error(error)
        if off:
            await self.prog.enable(smmuen=1, cmdqen=1, eventqen=1)

    def bus_errors(self) -> list[ErrorRange]:
        """Sometimes the bus answers a table, a CD or data with an error."""
        rng, memory, found = self.rng, self.bench.memory, []
        if rng.random() < 0.3 and (spots := self.world.table_words):
            at = rng.choice(spots) + 64 * rng.randrange(4)
            found.append(memory.add_error(at, 64, who="smmu"))
        if rng.random() < 0.2:
            at = DATA + rng.randrange(SIZE) & -64
            found.append(memory.add_error(at, 64, response=rng.choice(("SLVERR", "DECERR"))))
        return found

    async def disable(self) -> None:
        """SMMUEN=0 with a random GBPA."""
        rng, prog = self.rng, self.prog
        await prog.enable(cmdqen=1, eventqen=1)
        await prog.write(
            "GBPA", update=1, abort=int(rng.random() < 0.3), instcfg=rng.choice((0, 2, 3)),
            privcfg=rng.choice((0, 2, 3)), shcfg=rng.randrange(4), alloccfg=rng.getrandbits(4),
            mtcfg=rng.getrandbits(1), memattr=rng.getrandbits(4),
        )  # fmt: skip
        await prog.until("GBPA", 1 << 31, 0)

    # ---- traffic -------------------------------------------------------------------------
    async def flood(self, sequencer: uvm_sequencer, share: int) -> None:
        """Random bursts, a bounded number open."""
        rng, lanes, targets = self.rng, self.bench.masters[0].lanes, self.world.targets

        def more() -> WildTraffic | None:
            nonlocal share
            if share <= 0:
                return None
            share -= 8
            # a few places at a time, so that entries are used more than once
            near = rng.sample(targets, min(len(targets), 6))
            return WildTraffic(rng, near, 8, lanes=lanes, max_beats=rng.choice((1, 4, 16)))

        await flood(self.bench, sequencer, more, OPEN_LIMIT)

    async def wait(self, cycles: int) -> None:
        """Let time pass, serving events."""
        while cycles > 0:
            await self.bench.cycles(min(cycles, SERVE_EVERY))
            await self.serve()
            cycles -= SERVE_EVERY

    async def serve(self) -> None:
        """Resume what stalls: mostly retried."""
        for record in await self.prog.events():
            if record.get("stall"):
                retry = int(not self.terminate and self.rng.random() < 0.6)
                abort = self.rng.getrandbits(1)
                sid, stag = record.streamid, record.stag
                await self.prog.command(Cmd.resume(sid=sid, stag=stag, ac=retry, ab=abort))
                self.count["retries" if retry else "terminations"] += 1

    # ---- changes -------------------------------------------------------------------------
    async def apply(self, change: Change) -> None:
        """Make a change visible, by commands or by DVM."""
        since = self.bench.cycle
        self.logger.debug("cycle %d: %s", since, change.what)
        await self.bench.cycles(self.rng.choice((1, 2, 30)))
        if change.dvm and self.rng.random() < 0.5:
            messages = self.rng.choice(change.dvm)
            await self.broadcast(*messages)
            self.count["invalidations"] += len(messages)
        else:
            commands = self.rng.choice(change.commands)
            await self.prog.command(*commands)
            self.count["invalidations"] += len(commands)
            await self.prog.sync(SYNC_LIMIT)
        self.env.scoreboard.settle(since + 1)
