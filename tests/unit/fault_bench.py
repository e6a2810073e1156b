# SPDX-License-Identifier: Apache-2.0
"""Surroundings of smmu_fault: walker, TBU slots, event queue and command queue (D9, D10, D19).

One ``step`` is one clock: inputs change at the falling edge, outputs are read before the rising
edge.  Every record, answer and command effect is checked when it happens.  ``Bench.slots`` is what
the TBUs believe, ``Bench.live`` what software may answer.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from sim import runner
from tb.models.fields import EVTREC, Event, FaultClass
from tb.models.smmu_ref.faults import build_record
from tb.models.smmu_ref.types import Fault, Transaction
from tests.unit import messages as msg

CLOCK_NS = 2
HOLD_MAX = 8191  # smmu_park
SID = 0x1234
MODEL = (Event.F_TRANSLATION, Event.F_ADDR_SIZE, Event.F_ACCESS, Event.F_PERMISSION)
OTHER = (
    Event.F_UUT, Event.C_BAD_STREAMID, Event.F_STE_FETCH, Event.C_BAD_STE,
    Event.F_STREAM_DISABLED, Event.C_BAD_SUBSTREAMID, Event.F_CD_FETCH, Event.C_BAD_CD,
    Event.F_WALK_EABT,
)  # fmt: skip
FETCHING = (Event.F_STE_FETCH, Event.F_CD_FETCH, Event.F_WALK_EABT)
DN = {name: msg.constant(f"DN_K_{name}") for name in
      ("ABORT", "RAZWI", "STALL", "PARK", "RETRY", "TABORT", "TRAZWI")}  # fmt: skip
KINDS = {number: name for name, number in DN.items()}
DN_OK = msg.constant("DN_K_OK")
HEAD = (1 << 13) - 1  # of a DN message: kind, slot, can-stall


@dataclass(eq=False)
class Case:
    """A fault as the walker hands it over."""

    tbu: int
    slot: int
    txn: Transaction
    fault: Fault
    priv: bool
    inst: bool
    stall: bool = False
    record: bool = False
    razwi: bool = False
    canstall: bool = False
    answer: str = ""  # set when it is given
    stag: int | None = None

    def up(self) -> int:
        """The request message."""
        t = self.txn
        return msg.pack("UP", slot=self.slot, sid=t.sid, ssv=int(t.ssv), ssid=t.ssid or 0,
                        va=t.addr, rnw=int(t.rnw), priv=int(t.priv), inst=int(t.inst))  # fmt: skip

    def flt(self) -> int:
        """The fault message; what its type does not have is noise (FLT-025)."""
        f = self.fault
        noise = random.Random(self.txn.addr)
        ipa = f.ipa >> 12 if f.stage == 2 and f.event in MODEL else noise.getrandbits(36)
        fetch = f.fetch_addr if f.event in FETCHING else noise.getrandbits(48)
        return msg.pack(
            "FLT", evt=int(f.event or 0), s2=int(f.stage == 2), **{"class": int(f.fault_class)},
            ipa=ipa, fetch=fetch, stall=int(self.stall), record=int(self.record),
            razwi=int(self.razwi), privx=int(self.priv), instx=int(self.inst),
            canstall=int(self.canstall))  # fmt: skip

    def expected(self, stag: int) -> int:
        """The record the reference model writes, as an integer."""
        uut = self.fault.event == Event.F_UUT
        session = SimpleNamespace(
            txn=self.txn,
            priv=self.txn.priv if uut else self.priv,
            inst=self.txn.instruction if uut else self.inst,
        )
        raw = build_record(session, self.fault, stall=self.stall)  # type: ignore[arg-type]
        if self.stall:
            raw = EVTREC.set(raw, stag=stag)
        return int.from_bytes(raw, "little")


@dataclass(eq=False)
class Slot:
    """A TBU slot: free, fault (asked), stall, park or think (told to retry)."""

    tbu: int
    slot: int
    state: str = "free"
    sid: int = 0
    stag: int | None = None
    lost: bool = False


@dataclass
class Command:
    """RESUME (stag given) or STALL_TERM; ``hit`` is the slot it acted on."""

    sid: int
    stag: int | None = None
    retry: bool = False
    abort: bool = False
    hit: list[Slot] = field(default_factory=list)
    done: bool = False
    may: set[bool] = field(default_factory=set)  # allowed answers to "did it act?"


class Bench:
    """See the module; the public attributes below are knobs of the test."""

    def __init__(self, dut, seed: int) -> None:
        self.dut = dut
        self.rng = random.Random(seed)
        params = runner.current_params()
        self.tbus, self.depth = params["NUM_TBU"], params["TBU_SLOTS"]
        self.stall_max = params["STALL_MAX"]
        self.slots = {(t, s): Slot(t, s) for t in range(self.tbus) for s in range(self.depth)}
        self.now = 0
        # knobs: percent per cycle
        self.p_fault = self.p_ctl = self.p_room = self.p_publish = 100
        self.p_lose = 0
        # event queue
        self.space, self.enabled, self.err = 1 << 20, True, 0
        self.inflight: deque[tuple[bool, int]] = deque()
        self.records: list[Case] = []
        # walker
        self.faults: deque[Case] = deque()
        self.case: Case | None = None
        self.accepted = False
        # stall table as software and the TBUs see it
        self.live: dict[int, Slot] = {}
        self.published: dict[int, Slot] = {}
        self.gen: dict[int, int] = {}
        self.line: list[Slot] = []  # parked, oldest first
        self.woken: list[tuple[int, Slot]] = []
        self.sent_back: list[Case] = []
        self.told: deque[tuple[int, int]] = deque()  # on their way to the TBUs: mask, head
        self.on_retry: Callable[[Slot], None] = lambda _slot: None
        # commands
        self.commands: deque[Command] = deque()
        self.command: Command | None = None
        self.off = self.off_next = False
        self.enabled_smmu = True
        self.ack_at = 0  # CR0ACK.SMMUEN is 1 from then on

    async def start(self) -> Bench:
        """Drive every input, reset."""
        d = self.dut
        for name in ("rst_ni", "flt_valid_i", "flt_tbu_i", "flt_msg_i", "flt_i", "ctl_ready_i",
                     "ev_ready_i", "ev_writable_i", "pub_valid_i", "pub_stag_i", "lost_valid_i",
                     "lost_stag_i", "res_valid_i", "res_sid_i", "res_stag_i", "res_ac_i",
                     "res_ab_i", "sterm_valid_i", "sterm_sid_i", "smmuen_end_i", "smmuen_off_i",
                     "ev_last_i", "dn_valid_i", "dn_head_i"):  # fmt: skip
            getattr(d, name).value = 0
        d.smmuen_i.value = 0
        Clock(d.clk_i, CLOCK_NS, unit="ns").start()
        for _ in range(3):
            await FallingEdge(d.clk_i)
        d.rst_ni.value = 1
        await FallingEdge(d.clk_i)
        return self

    # ---- what a test asks for ---------------------------------------------------------------

    def chance(self, percent: int) -> bool:
        """True with this probability."""
        return percent >= 100 or self.rng.randrange(100) < percent

    def make(self, slot: Slot, event: Event | None, *, stall: bool = False, record: bool = True,
             razwi: bool = False, sid: int | None = None) -> Case:  # fmt: skip
        """A fault of a slot with every other detail random."""
        rng = self.rng
        stage = rng.choice((1, 2)) if event in (*MODEL, Event.F_WALK_EABT) else 0
        cls = FaultClass(rng.randrange(3)) if stage == 2 else FaultClass.IN
        if event == Event.F_WALK_EABT and stage == 1:
            cls = FaultClass.TT
        txn = Transaction(
            sid=rng.getrandbits(16) if sid is None else sid,
            addr=rng.getrandbits(64),
            rnw=bool(rng.getrandbits(1)),
            ssid=rng.choice((None, rng.getrandbits(20))),
            priv=bool(rng.getrandbits(1)),
            inst=bool(rng.getrandbits(1)),
        )
        fault = Fault(event, "test", stage, cls)
        if stage == 2 and event in MODEL:
            fault.ipa = rng.getrandbits(36) << 12
        if event in FETCHING:
            fault.fetch_addr = rng.getrandbits(45) << 3
        return Case(slot.tbu, slot.slot, txn, fault, bool(rng.getrandbits(1)),
                    txn.rnw and bool(rng.getrandbits(1)), stall, record, razwi,
                    stall or bool(rng.getrandbits(1)))  # fmt: skip

    def post(self, case: Case) -> Case:
        """Queue a fault of a slot that waits for its answer."""
        slot = self.slots[case.tbu, case.slot]
        assert slot.state in ("free", "think"), f"{slot} has not asked"
        slot.state, slot.sid, slot.lost = "fault", case.txn.sid, False
        self.faults.append(case)
        return case

    def stall(self, slot: Slot, sid: int = 1) -> Case:
        """A stalling fault of a slot."""
        return self.post(self.make(slot, self.rng.choice(MODEL), stall=True, sid=sid))

    def free_slot(self) -> Slot | None:
        """A slot that does nothing, at random."""
        idle = [s for s in self.slots.values() if s.state == "free"]
        return self.rng.choice(idle) if idle else None

    def succeed(self, slot: Slot) -> None:
        """The retried slot gets its translation; only the messages to the TBUs tell of it."""
        assert slot.state == "think"
        slot.state = "free"
        self.told.append((1 << slot.tbu, DN_OK | slot.slot << 4))

    def resume(self, stag: int, sid: int, *, retry: bool = True, abort: bool = False) -> Command:
        """Queue a CMD_RESUME."""
        self.commands.append(Command(sid, stag, retry, abort))
        return self.commands[-1]

    def terminate(self, sid: int) -> Command:
        """Queue a CMD_STALL_TERM."""
        self.commands.append(Command(sid))
        return self.commands[-1]

    def switch_off(self) -> None:
        """SMMUEN 1 to 0 in the next cycle: the TBUs end every stall (D20)."""
        self.off_next = True
        self.ack_at = min(self.ack_at, self.now)  # it cannot begin before CR0ACK shows 1

    def count(self, state: str) -> int:
        """Slots in a state."""
        return sum(s.state == state for s in self.slots.values())

    async def run(self, until: Callable[[], bool], limit: int = 5000) -> None:
        """Step until a condition holds."""
        for _ in range(limit):
            if until():
                return
            await self.step()
        raise AssertionError(f"not reached within {limit} cycles")

    async def settle(self, limit: int = 5000) -> None:
        """Step until faults, commands and records are through."""
        await self.run(lambda: not (self.faults or self.case or self.commands or self.command
                                    or self.inflight), limit)  # fmt: skip
        for _ in range(4):
            await self.step()

    # ---- one clock -----------------------------------------------------------------------------

    @property
    def writable(self) -> bool:
        """EVQ-019."""
        return self.enabled and self.err == 0 and self.space > 0

    async def step(self) -> None:
        """One clock cycle."""
        d = self.dut
        self._drive_fault()
        self._drive_queue()
        self._drive_command()
        mask, head = self.told.popleft() if self.told else (0, 0)
        d.dn_valid_i.value, d.dn_head_i.value = mask, head
        d.ctl_ready_i.value = int(self.chance(self.p_ctl))
        self.off, self.off_next = self.off_next, False
        d.smmuen_end_i.value = int(self.off)
        d.smmuen_off_i.value = int(self.off)
        d.smmuen_i.value = int(self.now >= self.ack_at)
        await ReadOnly()
        self._record()
        self._answer()
        if self.off:
            self._forget()
        self.now += 1
        await FallingEdge(d.clk_i)

    def _drive_fault(self) -> None:
        d = self.dut
        if self.case is None and self.faults and self.chance(self.p_fault):
            self.case, self.accepted = self.faults.popleft(), False
            d.flt_tbu_i.value = self.case.tbu
            d.flt_msg_i.value = self.case.up()
            d.flt_i.value = self.case.flt()
        d.flt_valid_i.value = int(self.case is not None)

    def _drive_queue(self) -> None:
        d = self.dut
        pub = lost = None
        if self.err:
            self.err -= 1
        if self.inflight and self.chance(self.p_publish):
            stall, stag = self.inflight.popleft()
            if self.err or self.chance(self.p_lose):
                self.err, self.space = 40, self.space + 1
                lost = stag if stall else None
            else:
                pub = stag if stall else None
        d.pub_valid_i.value = int(pub is not None)
        d.pub_stag_i.value = pub or 0
        d.lost_valid_i.value = int(lost is not None)
        d.lost_stag_i.value = lost or 0
        if pub is not None and pub in self.live:
            self.published[pub] = self.live[pub]
            if self.command and self.command.stag == pub:
                self.command.may |= {True, False}  # the race of RES-014
        if lost is not None and lost in self.live:
            self.live[lost].lost = True
            del self.live[lost]
        writable = self.writable
        room = len(self.inflight) < 4 and self.chance(self.p_room)
        discard = self.case is not None and not self.case.stall and not self.inflight
        d.ev_writable_i.value = int(writable)
        d.ev_last_i.value = int(self.space == 1)
        d.ev_ready_i.value = int(room if writable else discard)

    def _drive_command(self) -> None:
        d = self.dut
        if self.command is None and self.commands:
            self.command = c = self.commands.popleft()
            d.res_stag_i.value = c.stag or 0
            d.res_sid_i.value = d.sterm_sid_i.value = c.sid
            d.res_ac_i.value, d.res_ab_i.value = int(c.retry), int(c.abort)
            if c.stag is not None:
                owner = self.published.get(c.stag)
                c.may |= {owner is not None and owner.sid == c.sid}
        c = self.command
        d.res_valid_i.value = int(c is not None and c.stag is not None)
        d.sterm_valid_i.value = int(c is not None and c.stag is None)

    # ---- what came out -----------------------------------------------------------------------

    def _record(self) -> None:
        d = self.dut
        if not d.ev_valid_o.value:
            return
        case = self.case
        assert case is not None and not self.accepted, "a record without a fault, or a second one"
        assert bool(d.ev_stall_o.value) == case.stall and (case.stall or case.record)
        if not d.ev_ready_i.value:
            return
        self.accepted = True
        stag = int(d.ev_stag_o.value)
        if case.stall:
            assert self.writable, "a stall record is never dropped (STL-018)"
            assert self.enabled_smmu, "nothing stalls any more (STL-017)"
            self._check_stag(stag)
            self.live[stag] = self.slots[case.tbu, case.slot]
            case.stag = self.live[stag].stag = stag
        got, want = int(d.ev_rec_o.value), case.expected(stag)
        assert got == want, f"{case}\n got {EVTREC.unpack(got)}\nwant {EVTREC.unpack(want)}"
        if self.writable:
            self.space -= 1
            self.records.append(case)
            self.inflight.append((case.stall, stag))

    def _check_stag(self, stag: int) -> None:
        slot, gen = stag & 0xFF, stag >> 8
        assert slot < self.stall_max, f"stag {stag:#x}"
        assert all(slot != other & 0xFF for other in self.live), "STAG in use (STL-004)"
        assert len(self.live) < self.stall_max, "more than STALL_MAX (STL-033)"
        if slot in self.gen:
            assert gen == (self.gen[slot] + 1) & 0xFF, "generation (STL-003)"
        self.gen[slot] = gen

    def _answer(self) -> None:
        d = self.dut
        flt_done = bool(d.flt_ready_o.value)
        assert d.flt_idle_o.value or self.case is not None
        res_done, term_done = bool(d.res_ready_o.value), bool(d.sterm_ready_o.value)
        sent = bool(d.ctl_valid_o.value) and bool(d.ctl_ready_i.value)
        if sent:
            word = int(d.ctl_msg_o.value)
            body = msg.unpack("DN", word)
            mask = int(d.ctl_mask_o.value)
            assert mask.bit_count() == 1 and body["body"] == 0
            slot = self.slots[mask.bit_length() - 1, body["slot"]]
            kind = KINDS[body["kind"]]
            self.told.append((mask, word & HEAD))
            if flt_done:
                self._fault_answer(slot, kind, body["canstall"])
            else:
                assert kind not in ("ABORT", "RAZWI", "STALL", "PARK"), f"{kind} ends no fault"
                assert body["canstall"] == 1
                self._command_answer(slot, kind, res_done)
        assert sent or not flt_done, "a fault ends with its answer"
        if res_done:
            self._end_command(sent)
        if term_done:
            left = [s for s in self.slots.values()
                    if s.sid == self.command.sid and s.state in ("stall", "park")]  # fmt: skip
            assert not left, f"STALL_TERM left {left}"
            self.command.done, self.command = True, None

    def _fault_answer(self, slot: Slot, kind: str, canstall: int) -> None:
        case = self.case
        assert case is not None and (slot.tbu, slot.slot) == (case.tbu, case.slot)
        assert canstall == int(case.canstall)
        if case.stall:
            if self.accepted:
                want = ("STALL",)
            else:
                # between the decision and this cycle SMMUEN may have gone to 0
                want = ("PARK",) if self.enabled_smmu else ("ABORT", "PARK")
        elif kind == "RETRY":
            self._sent_back(slot)
            return
        else:
            assert self.accepted == case.record, "record missing or not wanted"
            want = ("RAZWI",) if case.razwi else ("ABORT",)
        assert kind in want, f"{kind}, not {want}"
        case.answer = kind
        slot.state = {"STALL": "stall", "PARK": "park"}.get(kind, "free")
        if not self.enabled_smmu:
            slot.state = "free"  # the TBU ends it at once
        elif kind == "PARK":
            self.line.append(slot)
        self.case = None

    def _sent_back(self, slot: Slot) -> None:
        """A terminate fault must come again: only for the last entry, held for a woken slot."""
        case = self.case
        assert case.record and not self.accepted, "a record was written, or none is wanted"
        others = [when for when, woken in self.woken if woken is not slot]
        assert others and self.now - others[-1] < HOLD_MAX + 20, "sent back, and nobody was woken"
        self.sent_back.append(case)
        self.case = None
        self.faults.append(case)  # the slot asks again

    def _command_answer(self, slot: Slot, kind: str, res_done: bool) -> None:
        assert slot.state in ("stall", "park"), f"{kind} to {slot}"
        if res_done:
            c = self.command
            assert kind == ("RETRY" if c.retry else "TABORT" if c.abort else "TRAZWI")
            assert slot.stag == c.stag and slot.sid == c.sid, f"{c} reached {slot}"
            c.hit.append(slot)
            self._release(slot)
        elif kind == "RETRY":
            assert slot.state == "park" or slot.lost, "a recorded stall is not retried (STL-027)"
            self.woken.append((self.now, slot))
            if slot.state == "park":
                assert slot is self.line[0], "the oldest one first"
                self.line.pop(0)
        else:
            c = self.command
            assert kind == "TABORT" and c is not None and c.stag is None and slot.sid == c.sid
            c.hit.append(slot)
            if slot.state == "park":
                self.line.remove(slot)
            self._release(slot)
        slot.state = "think" if kind == "RETRY" else "free"
        if slot.state == "think":
            self.on_retry(slot)

    def _release(self, slot: Slot) -> None:
        if slot.state == "stall" and not slot.lost:
            self.live.pop(slot.stag)
            self.published.pop(slot.stag, None)

    def _end_command(self, sent: bool) -> None:
        c = self.command
        assert sent in c.may or not self.enabled_smmu, f"{c}: acted {sent}, allowed {c.may}"
        c.done, self.command = True, None

    def _forget(self) -> None:
        self.enabled_smmu = False
        for slot in self.slots.values():
            if slot.state in ("stall", "park"):
                slot.state = "free"
        self.live.clear()
        self.published.clear()
        self.line.clear()

    async def finish_off(self) -> None:
        """The older transactions end, CR0ACK falls, later SMMUEN is 1 again."""
        await self.settle()
        self.ack_at = 1 << 60
        for slot in self.slots.values():
            assert slot.state in ("free", "think"), f"{slot}"
            slot.state = "free"
        for _ in range(self.rng.randrange(1, 20)):
            await self.step()
        # new requests may reach the walker before CR0ACK shows 1
        self.enabled_smmu = True
        self.ack_at = self.now + self.rng.randrange(50)
