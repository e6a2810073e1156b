# SPDX-License-Identifier: Apache-2.0
"""Replay: what a test did becomes steps (the recorder's half without a simulator)."""

from __future__ import annotations

from types import SimpleNamespace

from tb.models.fields import REG, Cmd, Event, EventRecord
from tb.replay.format import parse_case
from tb.replay.lowering import document
from tb.replay.transcript import Commands, Dma, Drain, Idle, Poke, Read, Transcript, Write, joined

CR0, CR0ACK, GERROR, GBPA = (REG[n].offset for n in ("CR0", "CR0ACK", "GERROR", "GBPA"))
CMDQ_CONS, EVENTQ_PROD = REG["CMDQ_CONS"].offset, REG["EVENTQ_PROD"].offset


def steps(script: Transcript) -> list[dict]:
    case = document(script, "name")
    parse_case(case)
    return case["steps"]


def ops(script: Transcript) -> list[str]:
    return [step["op"] for step in steps(script)]


def flight(script: Transcript, **fields) -> tuple[Dma, SimpleNamespace]:
    options = {"is_write": False, "sid": 1, "ssid": None, "addr": 0x1000, "length": 4} | fields
    dma, txn = Dma(**options), SimpleNamespace(finished=False)
    script.fly(dma, txn)
    return dma, txn


def stalled(script: Transcript, stag: int) -> None:
    script.record(EventRecord.pack(Event.F_TRANSLATION, streamid=1, stag=stag, stall=1, rnw=1,
                                   inputaddr=0x1000))  # fmt: skip


def test_polls_keep_what_was_seen_last():
    script = Transcript()
    script.add(Write(CR0, 0xD))
    for value in (0, 0xC, 0xD):
        script.add(Read(CR0ACK, value))
    script.add(Read(GERROR, 0))
    script.add(Poke(0x4000_0000, b"\1"))
    script.add(Read(GERROR, 4))
    script.add(Write(0x60, 4))
    script.add(Read(CR0ACK, 1))  # on its way to what was written: no result
    script.add(Read(GBPA, 1 << 31))
    script.add(Read(0x0, 7))
    assert steps(script) == [
        {"op": "write32", "reg": "0x20", "value": "0xd"},
        {"op": "poll32", "reg": "0x24", "value": "0xd", "cycles": "20000"},
        {"op": "poll32", "reg": "0x60", "value": "0x4", "cycles": "20000"},
        {"op": "write32", "reg": "0x60", "value": "0x4"},
        {"op": "read32", "reg": "0x0", "expect": "0x7"},
        {"op": "events", "expect": []},
    ]


def test_overflow_and_command_errors_are_polled():
    script = Transcript()
    script.add(Read(EVENTQ_PROD, 0x12))
    script.add(Read(EVENTQ_PROD, 1 << 31 | 0x13))
    script.add(Commands([Cmd.tlbi_nh_all()]))
    script.add(Read(CMDQ_CONS, 1 << 24 | 0))  # a reason of the error before
    script.add(Commands([Cmd.raw(0x3F)]))
    script.add(Read(CMDQ_CONS, 1 << 24 | 1))
    script.add(Read(GERROR, 1))
    polls = [(s["reg"], s["value"]) for s in steps(script) if s["op"] == "poll32"]
    assert polls == [("0x100a8", "0x80000000"), ("0x9c", "0x1000001"), ("0x60", "0x1")]


def test_wide_registers_and_memory_are_joined():
    script = Transcript()
    script.used = {0x40, 0x80}
    for reg in (0x80, 0x84, 0x84, 0x88):
        script.add(Write(reg, reg))
    script.add(Poke(0x20, bytes(range(0x60))))  # lines 0 and 0xc0 are nobody's
    script.add(Poke(0x80, b"\xff"))
    assert steps(script)[:4] == [
        {"op": "write64", "reg": "0x80", "value": "0x8400000080"},
        {"op": "write32", "reg": "0x84", "value": "0x84"},
        {"op": "write32", "reg": "0x88", "value": "0x88"},
        {"op": "mem_write", "pa": "0x40", "hex": bytes(range(0x20, 0x60)).hex() + "ff"},
    ]
    assert list(joined([(0, b"a"), (1, b"b"), (3, b"c")])) == [(0, b"ab"), (3, b"c")]


def test_sync_is_one_step_when_it_was_waited_for():
    script = Transcript()
    script.add(Commands([Cmd.tlbi_nh_all(), Cmd.sync(cs=0)]))
    script.add(Idle(2, 7))
    script.add(Commands([Cmd.sync(cs=1)]))
    script.add(Idle(3, 7))
    script.add(Commands([Cmd.sync(cs=0)]))
    assert ops(script) == ["command", "sync", "command", "poll32", "command", "events"]


def test_transactions_that_overlap_only_each_other_come_one_by_one():
    script = Transcript()
    (a, ta), (b, tb) = flight(script), flight(script, addr=0x2000)
    ta.finished = tb.finished = True
    a.resp = b.resp = "OKAY"
    a.pa = b.pa = 0x4800_0000
    script.add(Write(CR0, 0))
    assert ops(script) == ["dma", "dma", "write32", "events"]
    assert not any("wait" in step for step in steps(script))


def test_a_stall_waits_for_its_resume():
    script = Transcript()
    dma, txn = flight(script)
    stalled(script, 9)
    script.add(Drain())
    script.add(Commands([Cmd.resume(sid=2, stag=9, ac=1)]))
    script.add(Commands([Cmd.resume(sid=1, stag=9, ac=1)]))
    txn.finished, dma.resp, dma.pa = True, "OKAY", 0x4800_0000
    script.add(Commands([Cmd.resume(sid=1, stag=9, ac=1)]))
    dma_step, events, other, resume, end, late, last = steps(script)
    assert dma_step["wait"] is False and dma_step["expect"]["pa"] == "0x48000000"
    assert events["expect"][0]["mask"][16:24] == "0000ffff"  # no STAG
    match = {"sid": "0x1", "ssid": None, "addr": "0x1000"}
    assert other == {"op": "resume", "match": match, "action": "retry", "as_sid": "0x2"}
    assert resume == {"op": "resume", "match": match, "action": "retry"}
    assert (end["op"], late["op"], last["op"]) == ("await", "command", "events")
    assert list(script.left_out) == ["STAGs that name no stall (sent as the number they were)"]


def test_a_resume_that_is_not_of_the_oldest_is_named():
    script = Transcript()
    flight(script), flight(script)
    stalled(script, 1), stalled(script, 2)
    script.add(Commands([Cmd.resume(sid=1, stag=2)]))
    assert ops(script) == ["dma", "dma", "events", "command", "events"]
    assert "a RESUME of another stall than the oldest of its address" in script.left_out
    assert "transactions that had no answer at the end" in script.left_out


def test_records_come_with_the_transaction_they_are_of():
    """The second transaction faults first; a drain between them finds nothing."""
    script = Transcript()
    for addr in (0x1000, 0x2000):
        dma, txn = flight(script, addr=addr)
        dma.resp, txn.finished = "SLVERR", True
    for addr in (0x2000, 0x1000):
        script.record(EventRecord.pack(Event.F_TRANSLATION, streamid=1, rnw=1, inputaddr=addr))
    script.add(Drain())
    *_, events, last = steps(script)
    found = [EventRecord.unpack(bytes.fromhex(e["hex"])).inputaddr for e in events["expect"]]
    assert found == [0x1000, 0x2000] and "order" not in events
    assert last["expect"] == []


def test_images_are_used_lines_that_are_not_zero():
    script = Transcript()
    script.used = {0x1000, 0x1040, 0x1080, 0x1100, 0x2000}
    script.queues = {(0x1100, 0x1200)}
    script.image = {0x1000: bytes(64) + b"\1" * 128 + bytes(64) + b"\2" * (4096 - 256)}
    assert document(script, "name")["memory"] == [{"pa": "0x1040", "fill": "0x1", "len": "0x80"}]
