# SPDX-License-Identifier: Apache-2.0
"""Compares every transaction and every event record with the reference model.

The model sees the same memory and the same register writes as the SMMU, and is only asked what
would happen (``SmmuRef.predict``): it keeps no queue and no stall of its own. A burst is judged
when the device has its answer: result, output address and attributes, data, its place among the
bursts of its AXI ID, its stall (``stall_watch``) and its event record (``event_match``). Interrupts
need a cause (``irq_watch``).

Until an invalidation has completed, what any version of the tables since then gives is right
(TLB-038): a test that changes tables under traffic calls :meth:`SmmuScoreboard.settle` after each
invalidation, and changes one thing between two calls.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from cocotb.triggers import Event
from pyuvm import uvm_component, uvm_scoreboard, uvm_subscriber

from tb.agents.axi_device import AxiDeviceBurst
from tb.agents.axi_memory import AxiMemoryBurst
from tb.agents.irq import IrqItem
from tb.agents.port import BenchPort
from tb.bfm.axil_monitor import AxilAccess
from tb.bfm.burst import SLVERR, AxiTxn
from tb.env.event_match import EventMatch, SlotOrder
from tb.env.irq_watch import IrqWatch
from tb.env.observed import transaction_of
from tb.env.stall_watch import TERMINATED, Stall, StallWatch, Where
from tb.models.fields import EVTREC, REG, EventRecord
from tb.models.smmu_ref import Kind, Outcome, SmmuRef
from tb.models.smmu_ref.history import MemoryHistory
from tb.models.smmu_ref.queues import COMMAND_SIZE, RECORD_SIZE, holds

TABLES = (0x4010_0000, 0x4800_0000)  # memory whose changes are versions of the tables
# Fields of the address channel that pass unchanged.
PASSED = ("len", "size", "burst", "qos", "id")
# Registers whose writes may move the event queue or what is in it.
EVENTQ_REGISTERS = frozenset(REG[name].offset for name in ("CR0", "EVENTQ_PROD", "GERRORN")) | {
    REG["EVENTQ_BASE"].offset, REG["EVENTQ_BASE"].offset + 4
}  # fmt: skip
Line = deque[AxiTxn]


@dataclass
class ScoreboardCfg:
    """``distort`` changes predictions before the comparison, to show that it bites."""

    port: BenchPort
    distort: Callable[[Outcome], Outcome] | None = None


class TableHistory(MemoryHistory):
    """Changes of tables and structures; data of devices is no version of anything."""

    def _changed(self, pa: int, before: bytes) -> None:
        if TABLES[0] <= pa < TABLES[1]:
            super()._changed(pa, before)


class _Inlet(uvm_subscriber):
    """Calls a method of the scoreboard for each item."""

    def __init__(self, name: str, parent: uvm_component, handler: Callable[[Any], None]) -> None:
        super().__init__(name, parent)
        self._handler = handler

    def write(self, item: Any) -> None:
        """Take an item."""
        self._handler(item)


class SmmuScoreboard(uvm_scoreboard):
    """Inlets: ``regs``; ``started`` and ``ended`` of device ports; ``sent`` of m_axi; ``writes``
    (addresses) and ``walks`` (ended bursts) of the walk port; ``irqs``."""

    def build_phase(self) -> None:
        self.cfg: ScoreboardCfg = self.cdb_get("cfg")
        self.regs = _Inlet("regs", self, self._register)
        self.started = _Inlet("started", self, self._start)
        self.ended = _Inlet("ended", self, self._queue)
        self.sent = _Inlet("sent", self, self._sent)
        self.walks = _Inlet("walks", self, self._walk)
        self.writes = _Inlet("writes", self, self._write)
        self.irqs = _Inlet("irqs", self, self._irq)
        self.model: SmmuRef | None = None
        self.history: TableHistory | None = None
        self._forget()
        self.checked: Counter[str] = Counter()
        self.errors: list[str] = []
        self._answers = Event()

    def _forget(self) -> None:
        """Nothing is open, nothing is stalled, no record is due."""
        self.settled = 0
        self.open: dict[int, list[AxiDeviceBurst]] = defaultdict(list)
        self.downstream: dict[tuple[int, bool, int], Line] = defaultdict(deque)
        self.events = EventMatch()
        self.slots = SlotOrder()
        self.causes = IrqWatch()
        self.stalls = StallWatch(0)
        self.doubts: list[tuple[tuple[Where, int, int, int], str]] = []  # stall records
        self._done: deque[AxiDeviceBurst] = deque()

    def reset(self) -> None:
        """The SMMU was reset: its caches are empty, what was open is gone, records too."""
        self._forget()
        self.model.reset()
        self.stalls.limit = self.model.config.stall_max
        self.settled = self.cfg.port.bench.cycle

    async def run_phase(self) -> None:
        bench = await self.cfg.port.ready()
        config = replace(bench.model_config, auto_run=False)
        self.model = SmmuRef(bench.memory, config)
        self.history = TableHistory(bench.memory, lambda: bench.cycle)
        self.stalls.limit = config.stall_max
        bench.on_reset.append(self.reset)
        while True:
            self._answers.clear()
            await self._answers.wait()
            # a cycle later everything of the time step of an answer has been published
            await bench.cycles(1)
            self._judge_ended()

    # ---- inlets --------------------------------------------------------------------------
    def _register(self, access: AxilAccess) -> None:
        if access.resp:
            self._error(f"register 0x{access.addr:x} answered {access.resp} (REG-033)")
        if not access.write or access.strobe != 0xF:
            return
        was = self.model.regs.cr0.smmuen
        self.model.write32(access.addr, access.data)
        if access.addr in EVENTQ_REGISTERS:
            self.slots.forget()
        if was and not self.model.regs.cr0.smmuen:
            self._terminate(None)

    def _start(self, burst: AxiDeviceBurst) -> None:
        self.open[burst.tbu].append(burst)
        burst.notes["since"] = self.settled

    def _queue(self, burst: AxiDeviceBurst) -> None:
        burst.notes["outcomes"] = self._predict(burst)
        self._done.append(burst)
        self._answers.set()

    def _sent(self, burst: AxiMemoryBurst) -> None:
        txn = burst.txn
        self.downstream[burst.tbu, txn.is_write, txn.id].append(txn)

    def _event_slot(self, txn: AxiTxn) -> bool:
        """Whether a write of the walk port goes to the event queue."""
        regs = self.model.regs
        base, log2 = regs.eventq_base.addr, regs.eventq_log2
        return txn.is_write and holds(base, log2, RECORD_SIZE, txn.addr)

    def _write(self, burst: AxiMemoryBurst) -> None:
        """An address left the walk port."""
        if self._event_slot(burst.txn):
            regs = self.model.regs
            self.causes.record()
            wrong = self.slots.check(burst.txn.addr, regs.eventq_base.addr, regs.eventq_log2)
            if wrong:
                self._error(wrong)

    def _walk(self, burst: AxiMemoryBurst) -> None:
        """A burst of the walk port has ended."""
        txn = burst.txn
        if not txn.is_write:
            self._commands(txn)
            return
        if not self._event_slot(txn):
            return
        if txn.resp >= SLVERR:
            self.slots.forget()
            return
        record = txn.data[:RECORD_SIZE]
        if len(record) != RECORD_SIZE:
            self._error(f"event write of {len(record)} bytes at 0x{txn.addr:x} (EVQ-001)")
        elif EventRecord.unpack(record).get("stall"):
            self._stall(record)
        else:
            self.events.seen.append(record)

    def _commands(self, txn: AxiTxn) -> None:
        """Commands that say what becomes of stalls, as they are fetched."""
        regs = self.model.regs
        base, log2 = regs.cmdq_base.addr, regs.cmdq_log2
        if not txn.ok or not holds(base, log2, COMMAND_SIZE, txn.addr):
            return
        for at in range(0, len(txn.data) - COMMAND_SIZE + 1, COMMAND_SIZE):
            data = txn.data[at : at + COMMAND_SIZE]
            self.causes.command(data)
            sid = self.stalls.command(data)
            if sid is not None:
                self._terminate(sid)
        self._settle_doubts()
        self._answers.set()

    def _irq(self, pulse: IrqItem) -> None:
        regs = self.model.regs
        wrong = self.causes.pulse(pulse.wire, bool(regs.irq_ctrl.gerror_irqen))
        if wrong:
            self._error(f"cycle {pulse.cycle}: {wrong}")
        self.checked["interrupt"] += 1

    def _terminate(self, sid: int | None) -> None:
        """All that stalls, of all streams or of one, recorded or not, ends with abort."""
        self.stalls.terminate(sid)
        for burst in self._open():
            if sid in (None, burst.txn.ax["sid"]):
                burst.notes["terminated"] = True

    # ---- prediction ----------------------------------------------------------------------
    def settle(self, since: int) -> None:
        """Table changes before cycle ``since`` are visible to every burst that starts now."""
        self.settled = since
        oldest = min((burst.notes["since"] for burst in self._open()), default=since)
        self.history.forget(min(oldest, since))

    def _predict(self, burst: AxiDeviceBurst) -> list[Outcome]:
        """Every outcome that is right now, that of the present tables first."""
        strapped = self.cfg.port.bench.cfg.nostall >> burst.tbu & 1
        transaction = transaction_of(burst.txn, bool(strapped))
        outcomes = self.history.allowed(self.model, transaction, burst.notes["since"])
        return [self.cfg.distort(o) for o in outcomes] if self.cfg.distort else outcomes

    # ---- judgement -----------------------------------------------------------------------
    def _open(self) -> list[AxiDeviceBurst]:
        return [burst for line in self.open.values() for burst in line]

    def _open_at(self, where: Where) -> int:
        return sum(_where(burst) == where for burst in self._open())

    def _stall(self, record: bytes) -> None:
        """A stall record belongs to a burst that is open now (FLT-022)."""
        plain, decoded = EVTREC.set(record, stag=0), EventRecord.unpack(record)
        where = decoded.streamid, decoded.inputaddr
        for burst in self._open():
            if _where(burst) == where and any(o.event == plain for o in self._predict(burst)):
                self.checked["stall record"] += 1
                here = [b for b in self._open() if _where(b) == where]
                ended = sum(bool(b.notes.get("terminated")) for b in here)
                written = where, decoded.stag, len(here), ended
                if self.stalls.recorded(*written):
                    self.doubts.append((written, str(decoded)))
                return
        self._error(f"unexpected stall record {decoded}")

    def _settle_doubts(self) -> None:
        """Records that were wrong by the commands known then, by those known now.

        A command is known when its read burst ends; the SMMU acts on it at its beat.
        """
        doubts, self.doubts = self.doubts, []
        for written, decoded in doubts:
            if wrong := self.stalls.recorded(*written):
                self._error(f"{wrong}: {decoded}")

    def _judge_ended(self, rest: bool = False) -> None:
        """In the order of their ends; one whose command is not known yet holds up the others."""
        while self._done and (rest or self._ways(self._done[0])):
            self._judge(self._done.popleft())

    def _judge(self, burst: AxiDeviceBurst) -> None:
        line = self.open[burst.tbu]
        same_id = [b for b in line if _channel(b.txn) == _channel(burst.txn)]
        if same_id[0] is not burst:
            older = _text(same_id[0].txn)
            self._error(f"tbu{burst.tbu} {_text(burst.txn)} was answered before {older}")
        where, endings = _where(burst), self._ways(burst)
        line.remove(burst)
        reasons = [self._differs(burst, outcome) for _, outcome in endings]
        if all(reasons):
            self._mismatch(burst, endings, reasons)
            return
        fitting = [end for end, reason in zip(endings, reasons, strict=True) if not reason]
        stall, outcome = fitting[0]
        if outcome.kind is Kind.OK:
            self._line(burst).popleft()
        else:
            # a terminated stall has had its record
            self.events.wanted.append({o.event for _, o in fitting})
        self.stalls.ended(stall, outcome, where, self._open_at(where))
        self.checked[outcome.kind.value] += 1

    def _ways(self, burst: AxiDeviceBurst) -> list[tuple[Stall | None, Outcome]]:
        """All a burst may end with now, translations spelled out."""
        where = _where(burst)
        found: list[tuple[Stall | None, Outcome]] = []
        for stall, outcome in self.stalls.endings(where, self._open_at(where)):
            found += [
                (stall, o) for o in (burst.notes["outcomes"] if outcome is None else [outcome])
            ]
        if burst.notes.get("terminated"):
            found.append((None, TERMINATED["abort"]))
        # a burst that was sent is never taken for one answered locally, and one that software
        # answered not for another to the same place
        return sorted(found, key=lambda end: (end[1].kind is not Kind.OK, end[0] is None))

    def _mismatch(self, burst: AxiDeviceBurst, endings: list[tuple[Stall | None, Outcome]],
                  reasons: list[str]) -> None:  # fmt: skip
        said = "; ".join(f"{r}: {o}" for r, (_, o) in zip(reasons, endings, strict=True))
        if not endings:
            said = f"answered while {self.stalls.of(_where(burst))[0]} (STL-001)"
        since, txn = burst.notes["since"], burst.txn
        when = f"cycles {txn.t_addr}..{txn.t_last}, tables since {since}"
        self._error(f"tbu{burst.tbu} {_text(txn)} ({when}): {said}")
        # drop what this burst seems to have sent, so that one error is one
        line = self._line(burst)
        if line and (line[0].addr ^ txn.addr) & 0xFFF == 0 and txn.resp < SLVERR:
            line.popleft()

    def _line(self, burst: AxiDeviceBurst) -> Line:
        return self.downstream[burst.tbu, burst.txn.is_write, burst.txn.id]

    def _differs(self, burst: AxiDeviceBurst, want: Outcome) -> str:
        """Why the answer is not ``want``; empty when it is."""
        txn = burst.txn
        if want.kind is Kind.OK:
            return self._differs_sent(txn, self._line(burst), want)
        if want.kind is Kind.STALL:
            return "ended though it should stall"
        if want.kind is Kind.ABORT:
            return "" if txn.resp == SLVERR else f"answered {txn.resp}, not SLVERR"
        if txn.resp >= SLVERR:
            return f"answered {txn.resp}, not OKAY"
        return "read data is not zero" if not txn.is_write and any(txn.data) else ""

    def _differs_sent(self, txn: AxiTxn, line: Line, want: Outcome) -> str:
        """The same for a burst that was sent: the oldest of its ID downstream is its own."""
        if not line:
            return "nothing was sent downstream"
        wrong = self._differs_ok(txn, line[0], want)
        if wrong and any(not self._differs_ok(txn, later, want) for later in list(line)[1:]):
            return f"left after a younger burst of its AXI ID ({_text(line[0])})"
        return wrong

    def _differs_ok(self, txn: AxiTxn, down: AxiTxn, want: Outcome) -> str:
        got = {"pa": down.addr, **{name: down.ax[name] for name in PASSED}, "sid": down.ax["sid"]}
        expected = {"pa": want.pa, **{name: txn.ax[name] for name in PASSED}, "sid": txn.ax["sid"]}
        attrs = want.attrs
        for name in ("cache", "domain", "prot", "lock"):
            got[name], expected[name] = down.ax[name], int(getattr(attrs, name))
        wrong = [name for name in got if got[name] != expected[name]]
        if wrong:
            return ", ".join(f"{n} 0x{got[n]:x} not 0x{expected[n]:x}" for n in wrong)
        if down.resp != txn.resp:
            return f"answered {txn.resp}, memory said {down.resp}"
        if (down.bus, down.strobes) != (txn.bus, txn.strobes) and txn.resp < SLVERR:
            return "data differs between device and memory"
        return ""

    def _error(self, text: str) -> None:
        self.errors.append(text)
        self.logger.error(text)

    # ---- end -----------------------------------------------------------------------------
    def unfinished(self) -> list[str]:
        """What is open, one text each: bursts without an answer, records not yet written."""
        left = []
        for burst in self._open():
            known = self.stalls.of(_where(burst))
            state = f", {known[0]}" if known else ""
            left.append(f"tbu{burst.tbu} {_text(burst.txn)} has no answer{state}")
        return left + [f"missing event {text}" for text in self.events.missing()]

    def check_phase(self) -> None:
        # raised, not asserted: one line, without the values pytest would add to it
        if self.checked.total() == self.checked["interrupt"] and not self.errors:
            raise AssertionError("the scoreboard compared nothing")
        self._judge_ended(rest=True)
        for text in self.unfinished()[: len(self._open())]:
            self._error(text)
        stray = [txn for line in self.downstream.values() for txn in line]
        if stray:
            self._error(f"{len(stray)} bursts downstream nobody asked for: {_text(stray[0])}")
        self.match_events()
        if self.errors:
            raise AssertionError(f"{len(self.errors)} mismatches, first: {self.errors[0]}")

    def match_events(self) -> None:
        """Every local answer has one of its events (None: no event), and no event is left.

        Long tests call it now and then, with nothing open and every record in memory.
        """
        self._judge_ended(rest=True)
        self._settle_doubts()
        pairs, wrong = self.events.settle()
        self.checked["event"] += pairs
        for text in wrong:
            self._error(text)

    def report_phase(self) -> None:
        ends = {f"stall ended by {how}": n for how, n in self.stalls.ends.items()}
        self.logger.info("compared: %s", dict(self.checked) | ends)


def _where(burst: AxiDeviceBurst) -> Where:
    """What a stall record tells of a burst."""
    return burst.txn.ax["sid"], burst.txn.addr


def _channel(txn: AxiTxn) -> tuple[bool, int]:
    """Bursts of one channel are answered in order (AXI A5.3)."""
    return txn.is_write, txn.id


def _text(txn: AxiTxn) -> str:
    ax = txn.ax
    ssid = f".0x{ax['ssid']:x}" if ax.get("ssidv") else ""
    return (
        f"{'write' if txn.is_write else 'read'} sid=0x{ax['sid']:x}{ssid} "
        f"0x{txn.addr:x} {txn.beats} beats id={txn.id}"
    )
