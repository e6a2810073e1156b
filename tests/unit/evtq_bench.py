# SPDX-License-Identifier: Apache-2.0
"""Drives smmu_evtq: a fault unit, a memory, a consumer and the GERROR register around it.

``step`` is one clock cycle. Every rule that can be judged cycle by cycle is judged there: order
and content of the records, PROD, OVFLG, the interrupt, the counters, published and lost stalls.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly, Timer

CLOCK_NS = 2
SIZE = 32  # bytes of a record
FLIGHT = 4  # records the block keeps in flight


@dataclass
class Rec:
    """One event record as the fault unit offers it."""

    data: int
    stall: int = 0
    stag: int = 0


@dataclass
class Write:
    """A record taken, to be published or lost."""

    rec: Rec
    index: int
    due: int = -1  # cycle of its response, from when the port took it


class Bench:
    """The queue with everything around it."""

    INPUTS = (
        "rst_ni", "en_i", "base_i", "log2_i", "wa_i", "queue_sh_i", "queue_oc_i", "queue_ic_i",
        "prod_wr_i", "prod_wdata_i", "cons_i", "ovack_i", "err_active_i", "ev_valid_i", "ev_rec_i",
        "ev_stall_i", "ev_stag_i", "w_ready_i", "b_valid_i", "b_resp_i",
    )  # fmt: skip

    def __init__(self, dut) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.cycle = 0
        self.en = self.cons = self.ovack = 0
        self.counted = self.acked = 0  # EVENTQ_CONS of the cycle before: what the queue goes by
        self.base, self.log2 = 0x9000_0000, 3
        self.prod = self.ovflg = 0  # as sampled
        self.memory: dict[int, int] = {}
        # probabilities, delays in cycles
        self.w_ready = 1.0
        self.offer = 1.0
        self.latency = (1, 1)
        self.aborts = 0.0
        self.abort_at: set[int] = set()  # by number of the record taken
        self.gerr_latency = 1
        # what happened
        self.todo: deque[Rec] = deque()
        self.taken: list[Rec] = []  # to be written
        self.dropped: list[Rec] = []
        self.parked: list[Rec] = []  # stalls that met a queue not writable
        self.published: list[Rec] = []
        self.lost: list[Rec] = []
        self.irqs: list[int] = []
        self.overflows = 0
        self.gerrs = 0
        # state
        self.asked: deque[Write] = deque()  # taken, not at the port yet
        self.flight: deque[Write] = deque()  # at the port, no response yet
        self.responses = 0
        self.flush = False  # an aborted write: what is in flight is discarded
        self.abort_pending = False  # until GERROR is seen to be active
        self.alloc = 0
        self.gerror = self.gerrorn = 0
        self.active: deque[int] = deque()
        self.offering: Rec | None = None
        self.held: tuple | None = None
        self.expect_irq = self.expect_overflow = False
        self.counts = [0, 0]
        self._driven: dict[str, int] = {}

    def drive(self, name: str, value: int) -> None:
        if self._driven.get(name) != value:
            self._driven[name] = value
            getattr(self.dut, name).value = value

    # ---- software -------------------------------------------------------------------------------
    async def start(self, *, log2: int = 3, base: int = 0x9000_0000, index: int = 0) -> Bench:
        """Reset; an enabled, empty queue whose indices both are `index`."""
        for name in self.INPUTS:
            self.drive(name, 0)
        Clock(self.dut.clk_i, CLOCK_NS, unit="ns").start()
        for _ in range(4):
            await FallingEdge(self.dut.clk_i)
        self.drive("rst_ni", 1)
        await self.place(log2=log2, base=base, index=index)
        return self

    async def place(self, *, log2: int, base: int = 0x9000_0000, index: int = 0) -> None:
        """Disable, move the queue, enable."""
        await self.disable()
        self.log2, self.base = log2, base & -(SIZE << log2)
        self.drive("base_i", base)
        self.drive("log2_i", log2)
        index &= self.mask
        self.cons, self.ovack = index, 0
        self.drive("cons_i", self.cons)
        self.drive("ovack_i", self.ovack)
        await self.write_prod(index)
        self.counted, self.acked = self.cons, self.ovack
        self.en = 1

    async def write_prod(self, index: int, ovflg: int = 0) -> None:
        self.drive("prod_wr_i", 1)
        self.drive("prod_wdata_i", ovflg << 31 | index)
        self.prod = self.alloc = index & self.mask
        self.ovflg = ovflg
        await FallingEdge(self.dut.clk_i)
        self.drive("prod_wr_i", 0)
        await FallingEdge(self.dut.clk_i)

    async def disable(self, limit: int = 2000) -> None:
        """EVENTQEN 1 -> 0 as smmu_cr0 does it: idle counts from the second cycle on."""
        self.en = 0
        await self.step(2)
        for _ in range(limit):
            if self.dut.idle_o.value == 1:
                await self.step()
                return
            await self.step()
        raise AssertionError("never idle")

    @property
    def mask(self) -> int:
        return (2 << self.log2) - 1

    @property
    def entries(self) -> int:
        return 1 << self.log2

    @property
    def used(self) -> int:
        return (self.prod - self.cons) & self.mask

    def address(self, index: int) -> int:
        return self.base + (index & (self.entries - 1)) * SIZE

    def record(self, stall: int = 0) -> Rec:
        rng = self.rng
        return Rec(rng.getrandbits(256), stall, rng.getrandbits(16))

    def send(self, count: int = 1, stall: float = 0.0) -> list[Rec]:
        """Queue records at the fault unit."""
        new = [self.record(int(self.rng.random() < stall)) for _ in range(count)]
        self.todo += new
        return new

    def consume(self, count: int | None = None, *, ack: bool = True) -> None:
        """Move CONS, and acknowledge an overflow, in one write (EVQ-025)."""
        self.cons = (self.cons + (self.used if count is None else count)) & self.mask
        if ack:
            self.ovack = self.ovflg

    def acknowledge(self) -> None:
        self.gerrorn = self.gerror

    @property
    def error_active(self) -> bool:
        return bool(self.active) and bool(self.active[0])

    @property
    def quiet(self) -> bool:
        return not (self.todo or self.offering or self.asked or self.flight)

    async def drained(self, limit: int = 5000) -> None:
        """Until every record sent has ended."""
        for _ in range(limit):
            if self.quiet:
                await self.step(2)
                return
            await self.step()
        raise AssertionError(f"{len(self.todo)} records wait, {len(self.flight)} in flight")

    async def until_error(self, limit: int = 2000) -> None:
        """Until EVENTQ_ABT_ERR reads as active."""
        for _ in range(limit):
            if self.error_active:
                return
            await self.step()
        raise AssertionError("no error")

    # ---- one cycle ------------------------------------------------------------------------------
    async def step(self, count: int = 1) -> None:
        for _ in range(count):
            await self._step()

    async def _step(self) -> None:
        dut, rng = self.dut, self.rng
        self.drive("en_i", self.en)
        self.drive("cons_i", self.cons)
        self.drive("ovack_i", self.ovack)
        self.active.append(int(self.gerror != self.gerrorn))
        while len(self.active) > self.gerr_latency:
            self.active.popleft()
        self.drive("err_active_i", self.active[0])
        ready = int(self.w_ready >= 1 or rng.random() < self.w_ready)
        self.drive("w_ready_i", ready)
        head = self.flight[0] if self.flight and self.flight[0].due <= self.cycle else None
        bad = False
        if head:
            bad = self.responses in self.abort_at or rng.random() < self.aborts
            self.drive("b_resp_i", rng.choice((2, 3)) if bad else 0)
        self.drive("b_valid_i", int(head is not None))
        await self._offer()
        await ReadOnly()
        busy = bool(self.flight or self.asked or self.abort_pending)
        assert dut.idle_o.value == int(not busy), "idle (EVQ-030, GER-012)"
        self._sample_registers()
        self._sample_record()
        self._sample_write(ready)
        self._sample_response(head, bad)
        self._sample_error()
        assert int(dut.acc_cnt_o.value) == self.counts[0] & 0xFFFF
        assert int(dut.done_cnt_o.value) == self.counts[1] & 0xFFFF
        self._count()
        self.counted, self.acked = self.cons, self.ovack
        await FallingEdge(dut.clk_i)
        self.cycle += 1

    async def _offer(self) -> None:
        """A fault unit: stalls only while the queue is writable, else they are parked."""
        if self.offering is None and self.todo and self.rng.random() < self.offer:
            self.offering = self.todo.popleft()
            self.drive("ev_rec_i", self.offering.data)
            self.drive("ev_stall_i", self.offering.stall)
            self.drive("ev_stag_i", self.offering.stag)
        if self.offering and self.offering.stall:
            await Timer(1, "ps")
            if self.dut.ev_writable_o.value == 0:
                self.parked.append(self.offering)
                self.offering = None
        self.drive("ev_valid_i", int(self.offering is not None))

    def _sample_registers(self) -> None:
        """PROD, OVFLG and the interrupt as the cycle before predicts them."""
        dut = self.dut
        assert int(dut.prod_o.value) == self.prod, "PROD"
        if self.expect_overflow:
            self.ovflg ^= 1
            self.overflows += 1
        assert int(dut.ovflg_o.value) == self.ovflg, "OVFLG"
        assert int(dut.irq_evtq_o.value) == int(self.expect_irq), "interrupt (IRQ-003)"
        if self.expect_irq:
            self.irqs.append(self.cycle)
        self.expect_irq = self.expect_overflow = False
        self.ends = 0

    def _writable(self) -> bool:
        full = (self.alloc - self.counted) & self.mask >= self.entries
        blocked = self.error_active or self.flush or self.abort_pending
        return bool(self.en) and not full and not blocked

    def _sample_record(self) -> None:
        dut = self.dut
        writable = self._writable()
        assert int(dut.ev_writable_o.value) == int(writable), "writable (EVQ-019)"
        self.accepted = self.offering is not None and dut.ev_ready_o.value == 1
        if not self.accepted:
            return
        rec, self.offering = self.offering, None
        if writable:
            # committed: it has an entry nobody else has (EVQ-026, EVQ-027)
            self.taken.append(rec)
            self.asked.append(Write(rec, self.alloc))
            self.alloc = (self.alloc + 1) & self.mask
            return
        assert not rec.stall, "a stall record was dropped"
        self.dropped.append(rec)
        self.ends += 1
        if self.en and not (self.error_active or self.flush or self.abort_pending):
            # EVQ-024: software can read the queue as full in the cycle of the drop
            shown = (self.prod - self.counted) & self.mask
            assert shown >= self.entries, "dropped before PROD showed the queue full"
            self.expect_overflow = self.ovflg == self.acked

    def _sample_write(self, ready: int) -> None:
        dut = self.dut
        valid = dut.w_valid_o.value == 1
        if not valid:
            assert self.held is None, "write withdrawn"
            return
        value = int(dut.w_addr_o.value), int(dut.w_data_o.value)
        assert self.held in (None, value), "write changed while it waited"
        self.held = None if ready else value
        write = self.asked[0]
        assert value == (self.address(write.index), write.rec.data), "address or data (EVQ-001)"
        assert dut.w_len_o.value == 1 and int(dut.w_strb_o.value) == 0xFFFF_FFFF
        if ready:
            self.asked.popleft()
            write.due = self.cycle + self.rng.randint(*self.latency)
            self.flight.append(write)
            assert len(self.flight) <= FLIGHT

    def _sample_response(self, head: Write | None, bad: bool) -> None:
        dut = self.dut
        pub, lost = dut.pub_valid_o.value == 1, dut.lost_valid_o.value == 1
        if head is None:
            assert not pub and not lost
            return
        self.flight.popleft()
        self.responses += 1
        self.ends += 1
        self.flush = self.flush or bad
        stall = bool(head.rec.stall)
        assert (pub, lost) == (stall and not self.flush, stall and self.flush), "pub, lost"
        if stall:
            stag = dut.lost_stag_o if self.flush else dut.pub_stag_o
            assert int(stag.value) == head.rec.stag
        if self.flush:
            self.lost.append(head.rec)
            self.abort_pending = True
            return
        self.memory[self.address(head.index)] = head.rec.data
        self.published.append(head.rec)
        self.expect_irq = self.used == 0
        assert self.prod == head.index
        self.prod = (self.prod + 1) & self.mask

    def _sample_error(self) -> None:
        raised = self.dut.gerr_evtq_o.value == 1
        in_flight = self.flight or self.asked
        assert not (raised and (in_flight or not self.abort_pending)), "error told too early"
        if self.flush and not in_flight:
            self.alloc, self.flush = self.prod, False  # the aborted entry is written next
        if raised:
            if self.gerror == self.gerrorn:
                self.gerrs += 1
            self.gerror = 1 - self.gerrorn
        if self.error_active:
            self.abort_pending = self.abort_pending and self.flush

    def _count(self) -> None:
        self.counts[0] += int(self.accepted)
        self.counts[1] += self.ends
