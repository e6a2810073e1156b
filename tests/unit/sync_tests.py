# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_sync: what a SYNC waits for, in which order, and what it never waits for (D17)."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from sim import runner
from tests.unit import messages as msg

CLOCK_NS = 2
TIMEOUT = dict(timeout_time=5, timeout_unit="ms")
CMD, DVM, MODE = (msg.constant(f"TAG_{name}") for name in ("CMD", "DVM", "MODE"))
K_SYNC = msg.constant("DN_K_SYNC")
COUNTER = 1 << 16


@dataclass
class Sync:
    """One request, followed step by step."""

    tag: int
    walks: set[int] | None = None  # of the first cycle, not released yet
    judged: bool = False  # fault unit seen idle after the last of them
    taken: int = 0  # records taken by then
    sent: bool = False
    waiting: set[int] = field(default_factory=set)  # TBUs

    @property
    def stage(self) -> str:
        """What it waits for, by the rules."""
        if self.walks is None or self.walks:
            return "walks"
        if not self.judged:
            return "faults"
        return "answers" if self.sent else "records or message"


class Bench:
    """Walker, fault unit, event queue, TBUs and both requesters."""

    INPUTS = (
        "rst_ni", "csync_req_i", "dsync_req_i", "ctl_ready_i", "sdone_valid_i", "sdone_tbu_i",
        "sdone_tag_i", "walk_busy_i", "wfree_valid_i", "wfree_idx_i", "flt_idle_i", "acc_cnt_i",
        "done_cnt_i",
    )  # fmt: skip

    def __init__(self, dut) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        params = runner.current_params()
        self.tbus, self.slots = params["NUM_TBU"], params["WALK_SLOTS"]
        self.cycle = 0
        self.busy: set[int] = set()
        self.free: deque[int] = deque()  # releases to be told, one a cycle
        self.rebirth = 0.0  # a slot told free is taken again in the same cycle
        self.flt_idle = 1.0
        self.ctl_ready = 1.0
        self.acc = self.done = 0
        self.answer_delay: tuple[int, int] | None = (1, 1)  # None: by hand
        self.answers: list[tuple[int, int, int]] = []  # (due, tbu, tag)
        self.syncs: dict[int, Sync] = {}
        self.finished: list[int] = []
        self.mode_done = 0
        self.mode_waiting: set[int] = set()
        self.held: int | None = None

    async def start(self) -> Bench:
        for name in self.INPUTS:
            getattr(self.dut, name).value = 0
        Clock(self.dut.clk_i, CLOCK_NS, unit="ns").start()
        for _ in range(4):
            await FallingEdge(self.dut.clk_i)
        self.dut.rst_ni.value = 1
        return self

    def request(self, tag: int) -> None:
        assert tag not in self.syncs
        self.syncs[tag] = Sync(tag)

    def release(self, slot: int) -> None:
        """A walk ends: its slot is told free, and may be taken again then."""
        if slot in self.busy and slot not in self.free:
            self.free.append(slot)

    def event(self, taken: int = 0, ended: int = 0) -> None:
        self.acc += taken
        self.done += ended
        assert self.done <= self.acc

    async def until(self, tag: int, limit: int = 2000) -> None:
        for _ in range(limit):
            if tag not in self.syncs:
                return
            await self.step()
        raise AssertionError(f"SYNC {tag} never ends: waits for {self.syncs[tag].stage}")

    # ---- one cycle ------------------------------------------------------------------------------
    async def step(self, count: int = 1) -> None:
        for _ in range(count):
            await self._step()

    async def _step(self) -> None:
        dut, rng = self.dut, self.rng
        told = self.free.popleft() if self.free else None
        idle = rng.random() < self.flt_idle
        ready = rng.random() < self.ctl_ready
        dut.csync_req_i.value = int(CMD in self.syncs)
        dut.dsync_req_i.value = int(DVM in self.syncs)
        dut.walk_busy_i.value = sum(1 << slot for slot in self.busy)
        dut.wfree_valid_i.value = int(told is not None)
        dut.wfree_idx_i.value = told or 0
        dut.flt_idle_i.value = int(idle)
        dut.ctl_ready_i.value = int(ready)
        dut.acc_cnt_i.value = self.acc % COUNTER
        dut.done_cnt_i.value = self.done % COUNTER
        answer = self._answer()
        await ReadOnly()
        for tag, done in ((CMD, dut.csync_done_o), (DVM, dut.dsync_done_o)):
            self._follow(tag, done.value == 1, told, idle)
        self._sample_message(ready)
        self._sample_mode(answer)
        if answer and answer[1] in self.syncs:
            self.syncs[answer[1]].waiting.discard(answer[0])
        if told is not None and rng.random() >= self.rebirth:
            self.busy.discard(told)
        await FallingEdge(dut.clk_i)
        self.cycle += 1

    def _answer(self) -> tuple[int, int] | None:
        due = [a for a in self.answers if a[0] <= self.cycle]
        self.dut.sdone_valid_i.value = int(bool(due))
        if not due:
            return None
        chosen = self.rng.choice(due)
        self.answers.remove(chosen)
        self.dut.sdone_tbu_i.value, self.dut.sdone_tag_i.value = chosen[1:]
        return chosen[1:]

    def _follow(self, tag: int, done: bool, told: int | None, idle: bool) -> None:
        sync = self.syncs.get(tag)
        if sync is None:
            assert not done, f"SYNC {tag} done without a request"
            return
        if done:
            assert sync.sent and not sync.waiting, f"SYNC {tag} done too early: {sync}"
            self.finished.append(tag)
            del self.syncs[tag]
            return
        if sync.walks is None:
            sync.walks = set(self.busy)
            sync.walks.discard(told)
        elif sync.walks:
            sync.walks &= self.busy
            sync.walks.discard(told)
        elif not sync.judged:
            sync.judged, sync.taken = idle, self.acc

    def _sample_message(self, ready: bool) -> None:
        dut = self.dut
        if dut.ctl_valid_o.value == 0:
            assert self.held is None, "SYNC message withdrawn"
            return
        value = int(dut.ctl_msg_o.value)
        assert self.held in (None, value), "SYNC message changed while it waited"
        self.held = None if ready else value
        fields = msg.unpack("DN", value)
        tag = fields["slot"]
        assert fields == msg.unpack("DN", msg.pack("DN", kind=K_SYNC, slot=tag))
        sync = self.syncs[tag]
        assert sync.judged and not sync.sent and not sync.walks, f"sent too early: {sync}"
        assert tag == DVM or self.done >= sync.taken, "records have not ended (CMD-037)"
        if not ready:
            return
        sync.sent, sync.waiting = True, set(range(self.tbus))
        if self.answer_delay:
            for tbu in range(self.tbus):
                due = self.cycle + 1 + self.rng.randint(*self.answer_delay)
                self.answers.append((due, tbu, tag))

    def _sample_mode(self, answer: tuple[int, int] | None) -> None:
        if self.dut.mode_done_o.value == 1:
            assert self.mode_waiting == set(), "MODE done before all TBUs answered"
            self.mode_done += 1
            self.mode_waiting = {-1}
        if answer and answer[1] == MODE:
            self.mode_waiting.discard(answer[0])

    def mode(self, delay: int) -> None:
        """A MODE message is out: every TBU will answer."""
        self.mode_waiting = set(range(self.tbus))
        for tbu in range(self.tbus):
            self.answers.append((self.cycle + self.rng.randint(1, delay), tbu, MODE))


@cocotb.test(**TIMEOUT)
async def test_sync_smoke(dut) -> None:
    """D17: nothing to wait for: done a few cycles after the answers, again and again."""
    b = await Bench(dut).start()
    for tag in (CMD, DVM, CMD, CMD, DVM):
        start = b.cycle
        b.request(tag)
        await b.until(tag)
        assert b.cycle - start < 10 + b.tbus
    assert b.finished == [CMD, DVM, CMD, CMD, DVM]


@cocotb.test(**TIMEOUT)
async def test_sync_walks(dut) -> None:
    """CMD-035, D17: every walk of the start is waited for, none that began later."""
    b = await Bench(dut).start()
    for tag, rebirth in ((CMD, 0.0), (DVM, 0.0), (CMD, 1.0), (DVM, 1.0)):
        b.rebirth = rebirth
        b.busy = set(b.rng.sample(range(b.slots), max(1, b.slots // 2)))
        old = list(b.busy)
        b.request(tag)
        await b.step(2)
        b.busy |= set(range(b.slots))  # walks of later requests, which never end
        b.rng.shuffle(old)
        for slot in old:
            await b.step(12)
            assert tag in b.syncs and not b.syncs[tag].sent
            b.release(slot)
        await b.until(tag, limit=20)
        b.busy = set()
        await b.step(2)


@cocotb.test(**TIMEOUT)
async def test_sync_records(dut) -> None:
    """CMD-037, CMD-038, CMD-050: CMD_SYNC waits for the records taken, DVM Sync does not."""
    b = await Bench(dut).start()
    b.acc = b.done = COUNTER - 3  # the counters wrap
    for taken in (1, 4, 9):
        b.event(taken=taken)
        b.request(CMD)
        b.request(DVM)
        await b.until(DVM, limit=30)
        b.event(taken=5)  # later ones
        for _ in range(taken):
            await b.step(6)
            assert not b.syncs[CMD].sent
            b.event(ended=1)
        await b.until(CMD, limit=30)
        b.event(ended=5)


@cocotb.test(**TIMEOUT)
async def test_sync_faults(dut) -> None:
    """CMD-037: a fault half-way in the fault unit is waited for, its record counts."""
    b = await Bench(dut).start()
    for tag in (CMD, DVM):
        b.flt_idle = 0.0
        b.request(tag)
        await b.step(20)
        assert not b.syncs[tag].sent
        b.event(taken=1)  # its record, taken just before the unit falls idle
        b.flt_idle = 1.0
        await b.step(20)
        assert (tag in b.syncs) == (tag == CMD)
        b.event(ended=1)
        if tag == CMD:
            await b.until(CMD, limit=20)


@cocotb.test(**TIMEOUT)
async def test_sync_answers(dut) -> None:
    """CMD-035, CMD-042: all TBUs answer in any order; the other SYNC is not in the way."""
    b = await Bench(dut).start()
    b.answer_delay = None
    for first, second in ((CMD, DVM), (DVM, CMD)):
        b.request(first)
        await b.step(12)
        assert b.syncs[first].sent
        # the second one overtakes the first
        b.answer_delay = (1, 9)
        b.request(second)
        await b.until(second, limit=40)
        b.answer_delay = None
        order = b.rng.sample(range(b.tbus), b.tbus)
        for tbu in order:
            assert first in b.syncs
            await b.step(5)
            b.answers.append((b.cycle, tbu, first))
        await b.until(first, limit=20)


@cocotb.test(**TIMEOUT)
async def test_sync_refused(dut) -> None:
    """D12: a message the bus does not take stays as it is, also when the other one comes."""
    b = await Bench(dut).start()
    for first, second in ((CMD, DVM), (DVM, CMD)):
        b.ctl_ready = 0.0
        b.request(first)
        await b.step(12)
        assert b.held is not None
        b.request(second)
        await b.step(12)
        b.ctl_ready = 1.0
        await b.until(CMD)
        await b.until(DVM)


@cocotb.test(**TIMEOUT)
async def test_sync_mode(dut) -> None:
    """D20: mode_done_o once per MODE, when the last TBU has answered, beside running SYNCs."""
    b = await Bench(dut).start()
    for count in range(8):
        b.mode(b.rng.choice((1, 15)))
        b.request(CMD)
        await b.until(CMD)
        await b.step(25)
        assert b.mode_done == count + 1


@cocotb.test(**TIMEOUT)
async def test_sync_random(dut) -> None:
    """D17, STL-013: both kinds under a storm of walks, faults and records."""
    b = await Bench(dut).start()
    rng = b.rng
    b.answer_delay = (1, 12)
    b.acc = b.done = COUNTER - 100
    for _ in range(3000):
        if b.cycle % 100 == 0:
            b.flt_idle, b.ctl_ready = rng.choice((1.0, 0.3)), rng.choice((1.0, 0.2))
            b.rebirth = rng.choice((0.0, 0.9))
        free = [s for s in range(b.slots) if s not in b.busy]
        if free and len(b.busy) < 6 and rng.random() < 0.4:
            b.busy.add(rng.choice(free))
        if b.busy and rng.random() < 0.5:
            b.release(rng.choice(sorted(b.busy)))
        taken = int(rng.random() < 0.2 and b.acc - b.done < 5)
        ended = int(rng.random() < 0.2 and b.acc > b.done)
        b.event(taken, ended)
        for tag in (CMD, DVM):
            if tag not in b.syncs and rng.random() < 0.1:
                b.request(tag)
        await b.step()
    assert b.finished.count(CMD) > 8 and b.finished.count(DVM) > 8
