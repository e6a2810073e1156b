# SPDX-License-Identifier: Apache-2.0
"""What the scoreboard keeps of stalls and of event records, without a simulator."""

from __future__ import annotations

from tb.env.event_match import EventMatch, SlotOrder
from tb.env.irq_watch import IrqWatch
from tb.env.stall_watch import TERMINATED, StallWatch
from tb.models.fields import Cmd, EventRecord
from tb.models.smmu_ref import Kind, Outcome

HERE, THERE = (5, 0x1000), (5, 0x2000)
OK = Outcome(Kind.OK, pa=0)


def test_a_stall_waits_for_software() -> None:
    """STL-001: no way to end before a command; then only the way the command said."""
    watch = StallWatch(4)
    assert watch.endings(HERE, 1) == [(None, None)]  # not stalled: as translated
    assert watch.recorded(HERE, 0x100, 1) == ""
    assert watch.endings(HERE, 1) == []
    watch.command(Cmd.resume(sid=6, stag=0x100, ac=0, ab=1))  # another stream (RES-011)
    assert watch.endings(HERE, 1) == [] and len(watch.live) == 1
    watch.command(Cmd.resume(sid=5, stag=0x100, ac=0, ab=1))
    ((stall, outcome),) = watch.endings(HERE, 1)
    assert outcome is TERMINATED["abort"] and not watch.live
    watch.ended(stall, outcome, HERE, 0)
    assert watch.stalls == [] and watch.ends == {"abort": 1}


def test_retry_and_razwi_are_told_apart() -> None:
    """STL-005, STL-006: Ac retries, Ac=0 Ab=0 reads as zero; CMD_STALL_TERM aborts a stream."""
    watch = StallWatch(4)
    watch.recorded(HERE, 1, 1)
    watch.recorded(THERE, 2, 1)
    watch.command(Cmd.resume(sid=5, stag=1, ac=1, ab=1))
    assert watch.endings(HERE, 1)[0][1] is None
    watch.command(Cmd.resume(sid=5, stag=2, ac=0, ab=0))
    assert watch.endings(THERE, 1)[0][1] is TERMINATED["RAZ/WI"]
    assert watch.command(Cmd.stall_term(sid=5)) == 5
    assert [end[1] for end in watch.endings(HERE, 1)] == [None, TERMINATED["abort"]]


def test_records_that_must_not_be() -> None:
    """STAG used twice, a stall recorded twice, more stalls than STALL_MAX."""
    watch = StallWatch(2)
    assert watch.recorded(HERE, 1, 1) == ""
    assert "STL-002" in watch.recorded(THERE, 1, 1)
    assert "STL-027" in watch.recorded(HERE, 2, 1)
    assert watch.recorded(THERE, 3, 1) == ""
    assert "STL-022" in watch.recorded((5, 0x3000), 4, 1)


def test_a_retried_stall_may_stall_again() -> None:
    """STL-011: with a new record and a new STAG."""
    watch = StallWatch(2)
    watch.recorded(HERE, 1, 1)
    watch.command(Cmd.resume(sid=5, stag=1, ac=1, ab=0))
    assert watch.recorded(HERE, 2, 1) == ""
    assert watch.endings(HERE, 1) == []


def test_a_record_before_its_command_is_known() -> None:
    """One that was wrong leaves no trace and is right once CMD_RESUME has been seen."""
    watch = StallWatch(1)
    watch.recorded(HERE, 1, 1)
    assert "STL-027" in watch.recorded(HERE, 2, 1) and len(watch.stalls) == 1
    watch.command(Cmd.resume(sid=5, stag=1, ac=1, ab=0))
    assert watch.recorded(HERE, 2, 1) == "" and [s.stag for s in watch.live] == [2]


def test_two_bursts_to_one_place() -> None:
    """One of two stalled: the other may end as translated."""
    watch = StallWatch(2)
    watch.recorded(HERE, 1, 2)
    assert watch.endings(HERE, 2) == [(None, None)]


def test_a_record_on_its_way_when_its_burst_is_terminated() -> None:
    """STL-014: it may be of the burst CMD_STALL_TERM ended, and then binds no other one."""
    watch = StallWatch(2)
    assert watch.recorded(HERE, 1, 2, terminated=1) == "" and not watch.live
    watch.ended(None, TERMINATED["abort"], HERE, 1)
    assert (None, None) in watch.endings(HERE, 1)
    assert watch.recorded(HERE, 2, 1) == "" and len(watch.live) == 1
    assert "STL-027" in watch.recorded(HERE, 3, 1)
    # the burst that was ended had its record before: this one is of another burst, and binds it
    watch = StallWatch(2)
    watch.recorded(HERE, 1, 1)
    watch.command(Cmd.stall_term(sid=5))
    assert watch.recorded(HERE, 2, 2, terminated=1) == "" and len(watch.live) == 1


def test_slots_follow_each_other() -> None:
    """EVQ-027: a record that skips a slot, or goes back, is named; a new start is not."""
    order = SlotOrder()
    base = 0x1_0000
    assert order.check(base + 32, base, 2) == ""
    assert order.check(base + 64, base, 2) == ""
    assert "slot 2" in order.check(base + 64, base, 2)
    assert order.check(base + 96, base, 2) == "" and order.check(base, base, 2) == ""
    assert "slot 3" in order.check(base + 96, base, 2)
    order.forget()
    assert order.check(base + 64, base, 2) == ""


def test_records_and_answers_pair_up() -> None:
    """Missing and unexpected records are named; None means perhaps none."""
    one, two = (EventRecord.pack(0x10, streamid=k) for k in (1, 2))
    match = EventMatch()
    match.wanted = [{one, None}, {one}]
    match.seen = [one]
    assert match.settle() == (1, [])
    match.wanted, match.seen = [{one}], [two]
    assert len(match.missing()) == 1
    pairs, wrong = match.settle()
    assert pairs == 0 and len(wrong) == 2 and "missing" in wrong[0] and "unexpected" in wrong[1]


def test_interrupts_need_a_cause() -> None:
    """IRQ-001, IRQ-003, IRQ-012: a record, a CMD_SYNC that asks, an enable; no wire for PRI."""
    watch = IrqWatch()
    assert "IRQ-003" in watch.pulse("evtq", True)
    watch.record()
    assert watch.pulse("evtq", True) == "" and "IRQ-003" in watch.pulse("evtq", True)
    watch.command(Cmd.sync(cs=0))
    assert "IRQ-012" in watch.pulse("cmd_sync", True)
    watch.command(Cmd.sync(cs=1))
    assert watch.pulse("cmd_sync", True) == "" and "IRQ-012" in watch.pulse("cmd_sync", True)
    assert watch.pulse("gerr", True) == "" and "IRQ-001" in watch.pulse("gerr", False)
    assert "priq" in watch.pulse("priq", True)
