# SPDX-License-Identifier: Apache-2.0
"""Tables of cases for the whole SMMU: one row is one transaction and what a rule says of it.

scene = await CaseScene.start(dut)
rows = [Case("what this row is", sid, va, want=abort(Event.C_BAD_STE)), ...]
await scene.run(rows)

Every row is compared in full: the response of every beat, the one burst downstream (or none), the
one event record (or none) bit by bit, and the reads of structures and tables made for it. The
reference model has to agree with the row as well, and adds the attributes of the pins.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tb.bfm.axi_mem import MemRequest
from tb.bfm.burst import OKAY, SLVERR, AxiTxn
from tb.env.program import Layout, SmmuProgram, Stream
from tb.env.smmu_bench import BenchConfig, SmmuBench
from tb.models.fields import EVTREC, REG, STE, Cmd, Event, EventRecord, FaultClass
from tb.models.layout import Record
from tb.models.smmu_ref import Kind, Outcome, SmmuRef, Transaction
from tb.models.smmu_ref.attributes import bus_cache

LIMIT = 20_000  # cycles until any transaction must have its answer
BATCH = 96  # rows in flight together; their records fit the event queue
WALKS = 0x40  # AXI IDs of the walk port below this one belong to walks
STRUCTURES = ("L1STD", "STE", "L1CD", "CD")
PAGE = 0x1000
VA = 0x10_0000
DATA = 0x6000_0000  # pages for devices; nothing is laid out there
FLOW_NO_STALL = 2


@dataclass(frozen=True)
class Want:
    """What a rule says: the kind of answer, the record, the output address, what is fetched."""

    kind: Kind
    event: Event | None = None
    fields: dict[str, int] = field(default_factory=dict)
    pa: int | None = None
    fetches: tuple[str, ...] | None = None  # kinds of structures and tables read, in order


def ok(pa: int, fetches: tuple[str, ...] | None = None) -> Want:
    """Forwarded to ``pa``."""
    return Want(Kind.OK, pa=pa, fetches=fetches)


def abort(event: Event | None = None, fetches: tuple[str, ...] | None = None,
          **fields: int) -> Want:  # fmt: skip
    """SLVERR, with a record or silently."""
    return Want(Kind.ABORT, event, fields, fetches=fetches)


def razwi(event: Event | None = None, **fields: int) -> Want:
    """OKAY without effect, with a record or silently."""
    return Want(Kind.RAZWI, event, fields)


def stall(event: Event, **fields: int) -> Want:
    """No answer, a record with Stall=1."""
    return Want(Kind.STALL, event, {"stall": 1, **fields})


def stage1(event: Event) -> dict[str, Any]:
    """Event and fields of a stage 1 fault (FLT-007)."""
    return {"event": event, "s2": 0, "class": int(FaultClass.IN)}


def stage2(event: Event, cls: FaultClass, ipa: int, **fields: int) -> dict[str, Any]:
    """Event and fields of a stage 2 fault."""
    return {"event": event, "s2": 1, "class": int(cls), "ipa": ipa & -PAGE, **fields}


@dataclass(eq=False)
class Case:
    """One row. ``want`` None: whatever the reference model says."""

    name: str
    sid: int
    addr: int = VA
    want: Want | None = None
    ssid: int | None = None
    write: bool = False
    priv: bool = False
    inst: bool = False
    nbytes: int = 8
    tbu: int = 0
    options: dict[str, Any] = field(default_factory=dict)  # of the device burst
    txn: AxiTxn | None = None
    outcome: Outcome | None = None
    record: Record | None = None  # as the SMMU wrote it

    def transaction(self, strapped: bool) -> Transaction:
        """The same for the reference model."""
        ax = self.options
        return Transaction(
            sid=self.sid, addr=self.addr, rnw=not self.write, ssid=self.ssid, priv=self.priv,
            inst=self.inst, length=self.txn.shape.nbytes if self.txn else self.nbytes,
            cache=ax.get("cache", 0b0010), domain=ax.get("domain", 3), lock=bool(ax.get("lock")),
            secsid=ax.get("secsid", 0), atop=ax.get("atop", 0),
            no_stall=strapped or ax.get("flow") == FLOW_NO_STALL,
        )  # fmt: skip

    def expected(self, want: Want) -> bytes | None:
        """The record of ``want`` for this transaction, its STAG zero (FLT-025)."""
        if want.event is None:
            return None
        values = {
            "ssv": int(self.ssid is not None), "substreamid": self.ssid or 0,
            "pnu": int(self.priv), "ind": int(self.inst and not self.write),
            "rnw": int(not self.write), "inputaddr": self.addr, **want.fields,
        }  # fmt: skip
        names = EventRecord.names(want.event)
        chosen = {name: value for name, value in values.items() if name in names}
        return EventRecord.pack(want.event, streamid=self.sid, **chosen)


class CaseScene:
    """A running SMMU whose register writes the reference model sees too."""

    def __init__(self, bench: SmmuBench, layout: Layout) -> None:
        self.bench = bench
        self.memory = bench.memory
        self.model = SmmuRef(bench.memory, replace(bench.model_config, auto_run=False))
        self.prog = SmmuProgram(self, bench.memory, layout)
        self.ids = 1 << bench.masters[0].id_w
        self.reads: list[MemRequest] = []
        self.sent: list[tuple[int, MemRequest]] = []
        bench.ptw.observers.append(self._walk)
        for number, mem in enumerate(bench.mems):
            mem.observers.append(lambda request, n=number: self.sent.append((n, request)))
        self.problems: list[str] = []
        self.checked = 0

    @classmethod
    async def start(cls, dut: Any, *, nostall: int = 0, begin: bool = True,
                    **layout: Any) -> CaseScene:  # fmt: skip
        """``layout`` as in :class:`Layout`; ``begin`` False leaves SMMUEN and the queues off."""
        bench = await SmmuBench.start(dut, BenchConfig(fast_registers=True, nostall=nostall))
        scene = cls(bench, Layout(**{"sid_log2": 12, "eventq_log2": 8, **layout}))
        if begin:
            await scene.prog.start()
        return scene

    def _walk(self, request: MemRequest) -> None:
        if not request.is_write and request.id < WALKS:
            self.reads.append(request)

    # ---- registers, for SmmuProgram ------------------------------------------------------
    @property
    def cycle(self) -> int:
        """Clock cycles since the start of the run."""
        return self.bench.cycle

    async def read32(self, offset: int) -> int:
        """Read a register."""
        return await self.bench.read32(offset)

    async def write32(self, offset: int, value: int) -> None:
        """Write a register, here and in the model."""
        self.model.write32(offset, value)
        await self.bench.write32(offset, value)

    async def cycles(self, count: int) -> None:
        """Let time pass."""
        await self.bench.cycles(count)

    # ---- software ------------------------------------------------------------------------
    async def forget(self) -> None:
        """All configuration and translations are invalid, completely."""
        await self.prog.command(Cmd.cfgi_all(), Cmd.tlbi_nsnh_all())
        await self.prog.sync()

    async def tables(self, **values: int) -> None:
        """Other stream table registers: ``addr``, ``ra``, ``fmt``, ``split``, ``log2size``."""
        base = {name: values.pop(name) for name in ("addr", "ra") if name in values}
        recinvsid = values.pop("recinvsid", 1)
        await self.prog.enable(cmdqen=1, eventqen=1)
        await self.prog.write("STRTAB_BASE", **base)
        await self.prog.write("STRTAB_BASE_CFG", **values)
        await self.prog.write("CR2", recinvsid=recinvsid, ptm=1)
        await self.forget()
        await self.prog.enable(smmuen=1, cmdqen=1, eventqen=1)

    def ste_address(self, sid: int) -> int:
        """Where the STE of ``sid`` lies in the linear table of the layout."""
        return self.prog.layout.strtab + 64 * sid

    def clone(self, stream: Stream, sid: int, **changes: int) -> int:
        """Another StreamID with the STE of ``stream``, some fields changed; returns it."""
        self.memory.poke(self.ste_address(sid), STE.pack(**stream.fields | changes))
        return sid

    def stream(self, sid: int, *, mapped: bool = True, cd: dict[str, int] | None = None,
               **options: Any) -> Stream:  # fmt: skip
        """A stream of the program; ``mapped``: page VA goes to DATA in every stage it has.

        A stream without stage 1 sees page VA as its input address too.
        """
        stream = self.prog.stream(sid, **options)
        if stream.s1:
            stream.space(asid=sid & 0xFFFF, **(cd or {}))
        if mapped:
            self.map(stream)
        return stream

    @staticmethod
    def map(stream: Stream, va: int = VA, pa: int = DATA, ssid: int = 0,
            leaf1: Any = None, leaf2: Any = None) -> None:  # fmt: skip
        """One page from ``va`` to ``pa``."""
        if stream.s1:
            stream.spaces[ssid].map(va, stream.ipa(pa), PAGE, leaf1)
            stream.lend(pa, PAGE, leaf2)
        elif stream.stage2:
            stream.stage2.map(va, pa, PAGE, leaf2)

    # ---- rows ----------------------------------------------------------------------------
    def post(self, case: Case, axi_id: int | None = None) -> AxiTxn:
        """Send the transaction of a row."""
        side = {"sid": case.sid, "ssid": case.ssid, "tbu": case.tbu, "priv": case.priv,
                "inst": case.inst, **case.options}  # fmt: skip
        if axi_id is not None:
            side.setdefault("id", axi_id)
        if case.write:
            case.txn = self.bench.write(case.addr, bytes(range(1, 9)) * (case.nbytes // 8), **side)
        else:
            case.txn = self.bench.read(case.addr, case.nbytes, **side)
        return case.txn

    async def run(self, cases: Sequence[Case], *, batch: int = BATCH, cold: bool = True,
                  tables: bool = False, fail: bool = True) -> None:  # fmt: skip
        """Run rows, a batch in flight at a time, and compare. A row that stalls ends its AXI ID.

        ``cold``: nothing of these rows is cached, so each structure the model reads has to be read;
        ``tables``: the same for the lines of translation tables.
        """
        self.reads.clear()
        for first in range(0, len(cases), batch):
            await self._batch(cases[first : first + batch])
        self._fetches(cases, cold, tables)
        self.checked += len(cases)
        if fail:
            self.conclude()

    def conclude(self) -> None:
        """AssertionError when a row differed."""
        problems, self.problems = self.problems, []
        shown = "\n  ".join(problems[:12])
        assert not problems, f"{len(problems)} of {self.checked} rows differ:\n  {shown}"

    async def one(self, case: Case, *, cold: bool = False) -> Case:
        """A single row."""
        await self.run([case], cold=cold)
        return case

    async def _batch(self, cases: Sequence[Case]) -> None:
        self.sent.clear()
        straps = self.bench.cfg.nostall
        for number, case in enumerate(cases):
            self.post(case, number % self.ids)
            case.outcome = self.model.predict(case.transaction(bool(straps >> case.tbu & 1)))
            self._agree(case)
        for case in cases:
            if case.outcome.kind is not Kind.STALL:
                done = await self.bench.within(case.txn.done, LIMIT)
                assert done, f"{case.name}: no answer to {case.txn}"
        stalls = sum(case.outcome.kind is Kind.STALL for case in cases)
        records = await self.prog.records(at_least=stalls)
        await self.prog.sync()
        records += await self.prog.records()
        self._compare(cases, records)

    def _agree(self, case: Case) -> None:
        """The row and the reference model say the same."""
        want, outcome = case.want, case.outcome
        if want is None:
            return
        event = case.expected(want)
        if (want.kind, event) != (outcome.kind, outcome.event):
            self._wrong(case, f"the model says {outcome}, the rule {_text(want.kind, event)}")
        elif want.pa is not None and want.pa != outcome.pa:
            self._wrong(case, f"the model says 0x{outcome.pa:x}, the rule 0x{want.pa:x}")
        if want.fetches is not None:
            read = tuple(fetch.what for fetch in outcome.fetches)
            if read != want.fetches:
                self._wrong(case, f"the model fetches {read}, the rule {want.fetches}")

    def _wrong(self, case: Case, text: str) -> None:
        self.problems.append(f"{case.name} (sid 0x{case.sid:x}, 0x{case.addr:x}): {text}")

    def _compare(self, cases: Sequence[Case], records: list[bytes]) -> None:
        by_sid: dict[int, list[bytes]] = defaultdict(list)
        for record in records:
            by_sid[EVTREC.get(record, "streamid")].append(record)
        sent: dict[tuple[int, int, bool, int], list[MemRequest]] = defaultdict(list)
        for tbu, request in self.sent:
            sent[tbu, request.ax["sid"], request.is_write, request.id].append(request)
        for case in cases:
            self._record(case, by_sid[case.sid])
            key = (case.tbu, case.sid, case.write, case.txn.id)
            self._answer(case, sent[key])
        for left in by_sid.values():
            self.problems += [f"record nobody asked for: {EventRecord.unpack(record)}"
                              for record in left]  # fmt: skip
        for key, left in sent.items():
            self.problems += [f"burst downstream nobody asked for: 0x{r.addr:x} {key}"
                              for r in left]  # fmt: skip

    def _record(self, case: Case, records: list[bytes]) -> None:
        """Exactly the record asked for, of this transaction, all 256 bits but the STAG."""
        event = case.outcome.event
        if event is None:
            return
        stalled = case.outcome.kind is Kind.STALL
        for record in records:
            if (EVTREC.set(record, stag=0) if stalled else record) == event:
                case.record = EventRecord.unpack(record)
                records.remove(record)
                return
        seen = "; ".join(str(EventRecord.unpack(record)) for record in records) or "none"
        self._wrong(case, f"no record {_text(case.outcome.kind, event)}; seen: {seen}")

    def _answer(self, case: Case, sent: list[MemRequest]) -> None:
        txn, outcome = case.txn, case.outcome
        if outcome.kind is Kind.STALL:
            if txn.finished:
                self._wrong(case, f"answered {txn.resp}, should stall")
            return
        if outcome.kind is Kind.OK:
            match = [r for r in sent if r.addr == outcome.pa]
            if not match:
                where = ", ".join(f"0x{r.addr:x}" for r in sent)
                self._wrong(case, f"not sent to 0x{outcome.pa:x}, but to [{where}], {txn.resp}")
                return
            sent.remove(match[0])
            down, pins = match[0].ax, outcome.attrs
            for name in ("cache", "domain", "prot", "lock"):
                if down[name] != int(getattr(pins, name)):
                    self._wrong(case, f"{name} {down[name]}, not {int(getattr(pins, name))}")
            return
        resp = SLVERR if outcome.kind is Kind.ABORT else OKAY
        if set(txn.beat_resps()) != {resp} or txn.error:
            self._wrong(case, f"answered {txn.beat_resps()} {txn.error}, not {resp}")
        if not txn.is_write and any(txn.data):
            self._wrong(case, "data in a local answer")

    def _fetches(self, cases: Iterable[Case], cold: bool, tables: bool) -> None:
        """No read that the model does not make; cold structures each in one read, attributes."""
        allowed: set[int] = set()
        lines: set[int] = set()
        due: set[tuple[int, int]] = set()
        attrs: dict[int, set[tuple[int, int]]] = defaultdict(set)
        for case in cases:
            for fetch in case.outcome.fetches:
                line = fetch.pa & -64
                allowed.add(line)
                attrs[line].add(bus_cache(fetch.attr, True))
                if fetch.what in STRUCTURES and cold:
                    due.add((fetch.pa, fetch.length))
                elif fetch.what not in STRUCTURES and tables:
                    lines.add(line)
        got: Counter[tuple[int, int]] = Counter()
        for request in self.reads:
            line = request.addr & -64
            got[request.addr, request.shape.nbytes] += 1
            if line not in allowed:
                self.problems.append(f"read of 0x{request.addr:x} that nothing asks for (STR-012)")
            elif (request.ax["cache"], request.ax["domain"]) not in attrs[line]:
                pins = (request.ax["cache"], request.ax["domain"])
                self.problems.append(
                    f"read of 0x{request.addr:x} with (cache, domain) {pins}, not {attrs[line]}"
                )
        for pa, length in due:
            if not got[pa, length]:
                self.problems.append(f"no read of {length} bytes at 0x{pa:x}")
        for line in lines - {pa & -64 for pa, _ in got}:
            self.problems.append(f"no read of the table line at 0x{line:x}")

    # ---- stalls --------------------------------------------------------------------------
    async def end_stalls(self, cases: Iterable[Case]) -> None:
        """Terminate the stalled rows with abort."""
        for case in cases:
            if case.record is not None and case.record.get("stall"):
                await self.resume(case, ac=0, ab=1)
                assert await self.bench.within(case.txn.done, LIMIT), f"{case.name}: still stalled"
                assert case.txn.resp == SLVERR, f"{case.name}: answered {case.txn.resp} (STL-006)"

    async def resume(self, case: Case, ac: int, ab: int = 0) -> None:
        """CMD_RESUME for the recorded stall of a row."""
        await self.prog.command(Cmd.resume(sid=case.sid, stag=case.record.stag, ac=ac, ab=ab))

    async def finish(self) -> None:
        """Nothing is open, no bus rule was broken, no record is left."""
        await self.prog.sync()
        left = await self.prog.events()
        assert not left, f"records nobody asked for: {left}"
        gerror = await self.read32(REG["GERROR"].offset)
        assert gerror == await self.read32(REG["GERRORN"].offset), f"GERROR 0x{gerror:x}"
        await self.bench.finish()


def _text(kind: Kind, event: bytes | None) -> str:
    return f"{kind.value} {EventRecord.unpack(event) if event is not None else 'silent'}"
