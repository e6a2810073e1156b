# SPDX-License-Identifier: Apache-2.0
"""A running SMMU whose every access is compared with the reference model as it ends.

scene = await WalkScene.start(dut)
space = scene.prog.stream(SID).space()
space.map(VA, PAGE, 0x1000)
seen = await scene.access(VA, SID, write=True)
assert seen.pa == PAGE and seen.walks == 1

The model is told every register write and reads the same memory. What a rule demands is asserted
by the test on top; ``judge=False`` leaves the model out where stale translations are legal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from tb.bfm import dvm
from tb.bfm.axi_mem import MemRequest
from tb.bfm.burst import OKAY, SLVERR, AxiTxn
from tb.env.program import HangError, Layout, SmmuProgram, Stream
from tb.env.smmu_bench import BenchConfig, SmmuBench, has_pin
from tb.models.fields import REG, Cerror, Cmd, EventRecord
from tb.models.layout import Record
from tb.models.smmu_ref import Kind, Outcome, SmmuRef, Transaction
from tb.models.smmu_ref.attributes import bus_cache
from tb.models.smmu_ref.queues import COMMAND_SIZE, slot_address
from tb.models.vmsa import GRANULE_4K, Granule, PageTable

LIMIT = 20_000  # cycles; any single access and any SYNC ends far below
LINE = 64  # bytes of a fetch; it holds one kind of structure
SMMU_PROT = 0b011  # data, Non-secure, privileged
WALK_ID_MASK = 0xC0  # IDs of walks are below 0x40
COUNTED = has_pin("pmu_tcu_event")  # whether walks are counted, or known by their reads only
PINS = ("cache", "domain", "prot", "lock")


@dataclass
class Seen:
    """What an access did; ``pa`` is None when nothing left on m_axi."""

    resp: int
    pa: int | None
    pins: dict[str, int]
    record: Record | None
    walks: int  # misses of the main TLB; without the PMU pins 1 when a walk read
    fetches: list[MemRequest] = field(default_factory=list)  # reads of walks, in order
    data: bytes = b""

    @property
    def ok(self) -> bool:
        """Answered OKAY or EXOKAY."""
        return self.resp < SLVERR

    @property
    def what(self) -> str:
        """``OK``, or the name of the event recorded."""
        if self.ok:
            return "OK"
        return "abort" if self.record is None else self.record.record_name

    @property
    def bus(self) -> tuple[int, int]:
        """(AxCACHE, AxDOMAIN) downstream."""
        return self.pins["cache"], self.pins["domain"]


@dataclass(frozen=True)
class Probe:
    """One translation a scope test watches.

    The configuration cache of a small SMMU may hold fewer streams than a test watches. An access
    to ``anchor`` brings the configuration back first, so that only a missing translation walks.
    """

    addr: int
    sid: int
    ssid: int | None = None
    anchor: int | None = None


class WalkScene:
    """Bench, program and reference model; is the program's register port too."""

    def __init__(self, bench: SmmuBench, layout: Layout) -> None:
        self.bench = bench
        self.prog = SmmuProgram(self, bench.memory, layout)
        self.ref = SmmuRef(bench.memory, replace(bench.model_config, auto_run=False))
        self.down: list[list[MemRequest]] = [[] for _ in bench.mems]
        self.walk_reads: list[MemRequest] = []
        self.port_reads: list[MemRequest] = []  # everything read on the walk port
        self.port_writes: list[MemRequest] = []
        self.prots: set[int] = set()  # AxPROT seen on the walk port
        self._again: Callable[[], Awaitable[Any]] | None = None  # the latest invalidation
        for port, seen in zip(bench.mems, self.down, strict=True):
            port.observers.append(seen.append)
        bench.ptw.observers.append(self._walk_port)

    @classmethod
    async def start(cls, dut: Any, *, latency: int = 2, run: bool = True, ptm: int = 0,
                    regs: dict[str, dict[str, int]] | None = None,
                    cr0: dict[str, int] | None = None, nostall: int = 0,
                    **layout: int) -> WalkScene:  # fmt: skip
        """From reset to SMMUEN=1 (``run``); ``regs`` are written before enabling."""
        cfg = BenchConfig(latency=latency, fast_registers=True, nostall=nostall)
        bench = await SmmuBench.start(dut, cfg)
        all_regs = {"CR2": {"recinvsid": 1, "ptm": ptm}} | (regs or {})
        scene = cls(bench, Layout(regs=all_regs, **{"sid_log2": 10} | layout))
        if run:
            await scene.prog.start(**cr0 or {})
        return scene

    def _walk_port(self, request: MemRequest) -> None:
        self.prots.add(request.ax["prot"])
        if request.is_write:
            self.port_writes.append(request)
            return
        self.port_reads.append(request)
        if not request.id & WALK_ID_MASK:
            self.walk_reads.append(request)

    # ---- register port of the program ------------------------------------------------------
    @property
    def cycle(self) -> int:
        """Clock cycles since the start."""
        return self.bench.cycle

    async def cycles(self, count: int) -> None:
        """Let cycles pass."""
        await self.bench.cycles(count)

    async def read32(self, offset: int) -> int:
        """Register read."""
        return await self.bench.read32(offset)

    async def write32(self, offset: int, value: int) -> None:
        """Register write, of the model too."""
        await self.bench.write32(offset, value)
        self.ref.write32(offset, value)

    # ---- trees -----------------------------------------------------------------------------
    def upper_half(self, stream: Stream, ssid: int = 0, *, granule: Granule = GRANULE_4K,
                   input_bits: int = 48, **cd: int) -> PageTable:  # fmt: skip
        """A TTB1 tree of a CD that exists."""
        tree = self.prog.tree(granule, input_bits=input_bits, to_ipa=stream.ipa, upper=True)
        stream.rewrite_cd(
            ssid, t1sz=tree.tsz, tg1=granule.tg1, ttb1=tree.base, epd1=0, **cd
        )  # fmt: skip
        return tree

    # ---- accesses --------------------------------------------------------------------------
    def predict(self, txn: AxiTxn) -> Outcome:
        """What the model says of a burst now."""
        ax = txn.ax
        return self.ref.predict(
            Transaction(
                sid=ax["sid"],
                ssid=ax["ssid"] if ax["ssidv"] else None,
                addr=txn.addr,
                rnw=not txn.is_write,
                length=txn.shape.nbytes,
                priv=bool(ax["prot"] & 1),
                inst=bool(ax["prot"] & 4),
                cache=ax["cache"],
                domain=ax["domain"],
                lock=bool(ax.get("lock", 0)),
                secsid=ax.get("secsid", 0),
                atop=ax.get("atop", 0),
                no_stall=ax.get("flow", 0) == 2,
            )
        )

    def post(self, addr: int, sid: int, *, write: bool = False, data: bytes = bytes(16),
             **pins: Any) -> AxiTxn:  # fmt: skip
        """Start an access of 16 bytes."""
        if write:
            return self.bench.write(addr, data, sid=sid, **pins)
        return self.bench.read(addr, len(data), sid=sid, **pins)

    async def access(self, addr: int, sid: int, *, write: bool = False, judge: bool = True,
                     tbu: int = 0, **pins: Any) -> Seen:  # fmt: skip
        """One access to its end, its record taken out of the queue."""
        walks, reads = self.bench.misses(), len(self.walk_reads)
        left = len(self.down[tbu])
        txn = self.post(addr, sid, write=write, tbu=tbu, **pins)
        want = self.predict(txn) if judge else None
        assert await self.bench.within(txn.done, LIMIT), f"no answer to {txn}"
        sent = [request for request in self.down[tbu][left:] if request.id == txn.id]
        assert len(sent) <= 1, f"{len(sent)} bursts left for one"
        record = await self._record(txn, want)
        walks = self.bench.misses() - walks
        if not COUNTED:
            walks = int(walks > 0)
        seen = Seen(
            resp=txn.resp,
            pa=sent[0].addr if sent else None,
            pins={name: sent[0].ax[name] for name in PINS} if sent else {},
            record=record,
            walks=walks,
            fetches=self.walk_reads[reads:],
            data=txn.data if not write else b"",
        )
        if want is not None:
            self._compare(txn, seen, want)
        return seen

    async def _record(self, txn: AxiTxn, want: Outcome | None) -> Record | None:
        if txn.resp != SLVERR or (want is not None and want.event is None):
            return None
        (record,) = await self.prog.events(at_least=1, limit=LIMIT)
        return record

    @staticmethod
    def _compare(txn: AxiTxn, seen: Seen, want: Outcome) -> None:
        where = f"{'write' if txn.is_write else 'read'} {txn.ax} 0x{txn.addr:x}, model: {want}"
        for fetch in seen.fetches:
            same = [f for f in want.fetches if f.pa & -LINE == fetch.addr & -LINE]
            assert same, f"read 0x{fetch.addr:x}, which the translation does not need: {where}"
            pins = fetch.ax["cache"], fetch.ax["domain"]
            legal = [bus_cache(f.attr, rnw=True) for f in same]
            assert pins in legal, f"{same[0].what} 0x{fetch.addr:x}: {pins} not {legal}: {where}"
        if want.kind is Kind.OK:
            assert seen.ok, f"answered {seen.resp} {seen.record}: {where}"
            assert seen.pa == want.pa, f"left at 0x{seen.pa or 0:x}, {seen.walks} walks: {where}"
            expected = {name: int(getattr(want.attrs, name)) for name in PINS}
            assert seen.pins == expected, f"{seen.pins} not {expected}: {where}"
            return
        assert seen.pa is None, f"left at 0x{seen.pa:x}: {where}"
        assert seen.resp == (SLVERR if want.kind is Kind.ABORT else OKAY), f"{seen.resp}: {where}"
        if want.event is not None:
            expected = EventRecord.unpack(want.event)
            assert seen.record == expected, f"recorded {seen.record}: {where}"

    # ---- who walks ---------------------------------------------------------------------------
    async def missing(self, probes: dict[str, Probe]) -> set[str]:
        """Names of the probes whose translation had to walk; all must translate.

        Without the PMU pins a walk is known by its reads, which a table line that another walk has
        brought may spare it. So the latest invalidation is repeated for each probe alone; of what
        went without one (for want of room) nothing is said then.
        """
        again, self._again = self._again, None
        lost = set()
        for name, probe in probes.items():
            walks = await self._walks(name, probe)
            if not COUNTED:
                walks = False
                if again:
                    await again()
                    walks = await self._walks(name, probe)
            if walks:
                lost.add(name)
        self._again = None
        return lost

    async def _walks(self, name: Any, probe: Probe) -> bool:
        if probe.anchor is not None:
            assert (await self.access(probe.anchor, probe.sid, ssid=probe.ssid)).ok
        seen = await self.access(probe.addr, probe.sid, ssid=probe.ssid)
        assert seen.ok, f"{name}: {seen.what} {seen.record}"
        return bool(seen.walks)

    async def warm(self, probes: dict[str, Probe]) -> None:
        """Every probe translates without a walk from here on."""
        await self.missing(probes)
        left = await self.missing(probes)
        assert not left, f"{left} do not stay: choose other addresses"

    # ---- invalidations -----------------------------------------------------------------------
    async def invalidate(self, *commands: bytes) -> int:
        """Commands and CMD_SYNC; cycles the SYNC took."""
        self._again = partial(self.invalidate, *commands)
        await self.prog.command(*commands)
        return await self.prog.sync()

    async def forget(self) -> None:
        """Nothing is cached afterwards."""
        await self.invalidate(Cmd.cfgi_all(), Cmd.tlbi_nsnh_all())

    async def refused(self, command: bytes) -> None:
        """The command stops the queue with CERROR_ILL; it is replaced by a harmless one."""
        at = self.prog.layout.cmdq, self.prog.layout.cmdq_log2, (await self.prog.read("CMDQ_PROD"))
        await self.prog.command(command)
        await self.prog.until("GERROR", 1, 1 ^ (await self.prog.read("GERRORN")).cmdq_err)
        cons = await self.prog.read("CMDQ_CONS")
        assert cons.err == Cerror.ILL, f"ERR={cons.err} for {command.hex()}"
        assert cons.rd == at[2].wr, "CONS stays on the command"
        self.bench.memory.poke(
            slot_address(at[0], at[1], cons.rd, COMMAND_SIZE), Cmd.prefetch_config()
        )
        gerror = await self.read32(REG["GERROR"].offset)
        await self.write32(REG["GERRORN"].offset, gerror)
        await self.prog.sync()

    async def set_gbpa(self, **fields: int) -> None:
        """Write GBPA and wait until the update is done."""
        await self.prog.write("GBPA", update=1, **fields)
        await self.prog.until("GBPA", 1 << 31, 0)

    async def broadcast(self, *messages: Sequence[dvm.Part]) -> int:
        """DVM messages and a Sync, until its Complete; cycles it took."""
        self._again = partial(self.broadcast, *messages)
        start, before = self.cycle, self.bench.ptw.dvm_completes
        for message in (*messages, dvm.sync()):
            self.bench.dvm.post(message)
        await self.completed(before + 1)
        return self.cycle - start

    async def completed(self, count: int) -> None:
        """Wait until so many DVM Completes have been sent."""
        limit = self.cycle + LIMIT
        while self.bench.ptw.dvm_completes < count:
            if self.cycle > limit:
                raise HangError(f"{self.bench.ptw.dvm_completes} DVM Completes, not {count}")
            await self.cycles(5)

    async def finish(self) -> None:
        """No record is left that nobody asked about, no bus rule broken."""
        left = await self.prog.events()
        assert not left, f"records nobody expected: {[str(r) for r in left]}"
        assert self.prots <= {SMMU_PROT}, f"AxPROT of SMMU accesses: {self.prots}"
        await self.bench.finish()


def ends(base: int, size: int) -> Iterable[int]:
    """First and last 16 bytes of a piece of memory."""
    return base, base + size - 16
