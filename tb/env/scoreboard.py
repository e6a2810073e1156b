# SPDX-License-Identifier: Apache-2.0
"""Compares every transaction and every event record with the reference model.

The model sees the same memory and the same register writes as the SMMU, and is only asked what
would happen (``SmmuRef.predict``): it keeps no queue and no stall of its own. A burst is judged
when the device has its answer. Until an invalidation has completed, what any version of the
tables since then gives is right (TLB-038): a test that changes tables under traffic calls
:meth:`SmmuScoreboard.settle` after each invalidation, and changes one thing between two calls.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from cocotb.triggers import Event
from pyuvm import uvm_component, uvm_scoreboard, uvm_subscriber

from tb.agents.axi_device import DeviceBurst
from tb.agents.axi_memory import MemoryBurst
from tb.agents.port import BenchPort
from tb.agents.reg_agent import RegAccess
from tb.bfm.burst import SLVERR, AxiTxn
from tb.env.observed import transaction_of
from tb.models.fields import EVTREC, EventRecord
from tb.models.smmu_ref import Kind, Outcome, SmmuRef
from tb.models.smmu_ref.history import MemoryHistory
from tb.models.smmu_ref.queues import RECORD_SIZE

EVENT_WRITE_ID = 0x42
TABLES = (0x4010_0000, 0x4800_0000)  # memory whose changes are versions of the tables
# Fields of the address channel that pass unchanged.
PASSED = ("len", "size", "burst", "qos", "id")


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
    """Inlets: ``regs``, ``started`` and ``ended`` (device), ``sent`` (m_axi), ``walks``."""

    def build_phase(self) -> None:
        self.cfg: ScoreboardCfg = self.cdb_get("cfg")
        self.regs = _Inlet("regs", self, self._register)
        self.started = _Inlet("started", self, self._start)
        self.ended = _Inlet("ended", self, self._queue)
        self.sent = _Inlet("sent", self, self._sent)
        self.walks = _Inlet("walks", self, self._walk)
        self.model: SmmuRef | None = None
        self.history: TableHistory | None = None
        self.settled = 0
        self.open: dict[int, list[DeviceBurst]] = defaultdict(list)
        self.downstream: dict[tuple[int, bool, int], deque[AxiTxn]] = defaultdict(deque)
        self.wanted: list[set[bytes | None]] = []  # alternatives of each local answer
        self.seen: list[bytes] = []
        self.checked: Counter[str] = Counter()
        self.errors: list[str] = []
        self._done: deque[DeviceBurst] = deque()
        self._answers = Event()

    async def run_phase(self) -> None:
        bench = await self.cfg.port.ready()
        config = replace(bench.model_config, auto_run=False)
        self.model = SmmuRef(bench.memory, config)
        self.history = TableHistory(bench.memory, lambda: bench.cycle)
        while True:
            self._answers.clear()
            await self._answers.wait()
            # a cycle later everything of the time step of an answer has been published
            await bench.cycles(1)
            while self._done:
                self._judge(self._done.popleft())

    # ---- inlets --------------------------------------------------------------------------
    def _register(self, access: RegAccess) -> None:
        if access.resp:
            self._error(f"register 0x{access.addr:x} answered {access.resp} (REG-033)")
        if access.write and access.strobe == 0xF:
            self.model.write32(access.addr, access.data)

    def _start(self, burst: DeviceBurst) -> None:
        self.open[burst.tbu].append(burst)
        burst.notes["since"] = self.settled

    def _queue(self, burst: DeviceBurst) -> None:
        burst.notes["outcomes"] = self._predict(burst)
        self._done.append(burst)
        self._answers.set()

    def _sent(self, burst: MemoryBurst) -> None:
        txn = burst.txn
        self.downstream[burst.tbu, txn.is_write, txn.id].append(txn)

    def _walk(self, burst: MemoryBurst) -> None:
        txn = burst.txn
        if not txn.is_write or txn.id != EVENT_WRITE_ID:
            return
        record = txn.data[:RECORD_SIZE]
        if len(record) != RECORD_SIZE:
            self._error(f"event write of {len(record)} bytes at 0x{txn.addr:x} (EVQ-001)")
        elif EventRecord.unpack(record).get("stall"):
            self._stall(record)
        else:
            self.seen.append(record)

    # ---- prediction ----------------------------------------------------------------------
    def settle(self, since: int) -> None:
        """Table changes before cycle ``since`` are visible to every burst that starts now."""
        self.settled = since
        oldest = min((b.notes["since"] for line in self.open.values() for b in line), default=since)
        self.history.forget(min(oldest, since))

    def _predict(self, burst: DeviceBurst) -> list[Outcome]:
        """Every outcome that is right now, that of the present tables first."""
        strapped = self.cfg.port.bench.cfg.nostall >> burst.tbu & 1
        transaction = transaction_of(burst.txn, bool(strapped))
        outcomes = self.history.allowed(self.model, transaction, burst.notes["since"])
        return [self.cfg.distort(o) for o in outcomes] if self.cfg.distort else outcomes

    # ---- judgement -----------------------------------------------------------------------
    def _stall(self, record: bytes) -> None:
        """A stall record belongs to a burst that is open now (FLT-022)."""
        plain, decoded = EVTREC.set(record, stag=0), EventRecord.unpack(record)
        for bursts in self.open.values():
            for burst in bursts:
                txn = burst.txn
                if (txn.ax["sid"], txn.addr) != (decoded.streamid, decoded.inputaddr):
                    continue
                if any(outcome.event == plain for outcome in self._predict(burst)):
                    burst.notes["stalled"] = True
                    self.checked["stall record"] += 1
                    return
        self._error(f"unexpected stall record {decoded}")

    def _judge(self, burst: DeviceBurst) -> None:
        self.open[burst.tbu].remove(burst)
        # a burst that was sent is never taken for one answered locally
        outcomes = sorted(burst.notes["outcomes"], key=lambda o: o.kind is not Kind.OK)
        reasons = [self._differs(burst, outcome) for outcome in outcomes]
        if all(reasons):
            said = "; ".join(f"{r}: {o}" for r, o in zip(reasons, outcomes, strict=True))
            since, txn = burst.notes["since"], burst.txn
            when = f"cycles {txn.t_addr}..{txn.t_last}, tables since {since}"
            self._error(f"tbu{burst.tbu} {_text(txn)} ({when}): {said}")
            self._resync(burst)
            return
        outcome = outcomes[reasons.index("")]
        self._consume(burst, outcome)
        right = [o for o, reason in zip(outcomes, reasons, strict=True) if not reason]
        if outcome.kind is not Kind.OK:
            # the record of a stall has been seen already
            self.wanted.append({None if o.kind is Kind.STALL else o.event for o in right})
        self.checked[outcome.kind.value] += 1

    def _line(self, burst: DeviceBurst) -> deque[AxiTxn]:
        return self.downstream[burst.tbu, burst.txn.is_write, burst.txn.id]

    def _resync(self, burst: DeviceBurst) -> None:
        """After a mismatch: drop what this burst seems to have sent, so that one error is one."""
        line = self._line(burst)
        if line and (line[0].addr ^ burst.txn.addr) & 0xFFF == 0 and burst.txn.resp < SLVERR:
            line.popleft()

    def _consume(self, burst: DeviceBurst, outcome: Outcome) -> None:
        if outcome.kind is Kind.OK:
            self._line(burst).popleft()

    def _differs(self, burst: DeviceBurst, want: Outcome) -> str:
        """Why the answer is not ``want``; empty when it is."""
        txn = burst.txn
        if want.kind is Kind.OK:
            line = self._line(burst)
            return self._differs_ok(txn, line[0], want) if line else "nothing was sent downstream"
        silent = not txn.is_write and any(txn.data)
        if want.kind is Kind.ABORT:
            return "" if txn.resp == SLVERR else f"answered {txn.resp}, not SLVERR"
        if want.kind is Kind.STALL and not burst.notes.get("stalled"):
            return "ended though it should stall"
        if want.kind is Kind.STALL and txn.resp == SLVERR:
            return ""  # resumed with abort (STL-011)
        if txn.resp >= SLVERR:
            return f"answered {txn.resp}, not OKAY"
        return "read data is not zero" if silent else ""

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
    def check_phase(self) -> None:
        assert self.checked.total(), "the scoreboard compared nothing"
        left = [_text(b.txn) for bursts in self.open.values() for b in bursts]
        if left:
            self._error(f"{len(left)} bursts without an answer: {left[0]}")
        stray = [txn for line in self.downstream.values() for txn in line]
        if stray:
            self._error(f"{len(stray)} bursts downstream nobody asked for: {_text(stray[0])}")
        self.match_events()
        assert not self.errors, f"{len(self.errors)} mismatches, first: {self.errors[0]}"

    def match_events(self) -> None:
        """Every local answer has one of its events (None: no event), and no event is left.

        Long tests call it now and then, with nothing open and every record in memory.
        """
        # those that must have one first: what is paired stays so
        choices = sorted(self.wanted, key=lambda choice: (None in choice, len(choice)))
        pairs = pair_up(choices, self.seen)
        used = set(pairs.values())
        for index, choice in enumerate(choices):
            if index not in pairs and None not in choice:
                names = " or ".join(str(EventRecord.unpack(record)) for record in choice)
                self._error(f"missing event {names}")
        for index, record in enumerate(self.seen):
            if index not in used:
                self._error(f"unexpected event {EventRecord.unpack(record)}")
        self.checked["event"] += len(used)
        self.wanted, self.seen = [], []

    def report_phase(self) -> None:
        self.logger.info("compared: %s", dict(self.checked))


def pair_up(choices: list[set[bytes | None]], records: list[bytes]) -> dict[int, int]:
    """A largest matching of answers to records, as {index of answer: index of record}."""
    places: dict[bytes, list[int]] = defaultdict(list)
    for index, record in enumerate(records):
        places[record].append(index)
    owner: dict[int, int] = {}

    def place(answer: int, tried: set[int]) -> bool:
        for record in choices[answer]:
            for at in places.get(record, ()):
                if at not in tried:
                    tried.add(at)
                    if at not in owner or place(owner[at], tried):
                        owner[at] = answer
                        return True
        return False

    for answer in range(len(choices)):
        place(answer, set())
    return {answer: at for at, answer in owner.items()}


def _text(txn: AxiTxn) -> str:
    ax = txn.ax
    ssid = f".0x{ax['ssid']:x}" if ax.get("ssidv") else ""
    return (
        f"{'write' if txn.is_write else 'read'} sid=0x{ax['sid']:x}{ssid} "
        f"0x{txn.addr:x} {txn.beats} beats id={txn.id}"
    )
