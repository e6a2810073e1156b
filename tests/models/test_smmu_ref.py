# SPDX-License-Identifier: Apache-2.0
"""Reference SMMU: configuration, walks, faults, records (TRN-*, FLT-*, EVQ-*)."""

from __future__ import annotations

import itertools
import random

import pytest

from tb.models.fields import Event, FaultClass
from tb.models.smmu_ref import Kind, Transaction
from tb.models.smmu_ref.history import MemoryHistory
from tb.models.vmsa import (
    GRANULE_4K,
    GRANULES,
    AccessKind,
    Stage1Leaf,
    Stage1Regime,
    Stage2Leaf,
    Stage2Regime,
    WalkFault,
    walk_nested,
)
from tests.models.ref_machine import CD_AT, PAGE, SID, STRTAB, VA, Machine

EVENT_OF_KIND = {
    "translation": Event.F_TRANSLATION,
    "size": Event.F_ADDR_SIZE,
    "access": Event.F_ACCESS,
    "permission": Event.F_PERMISSION,
}


def test_stage1_read_and_write():
    machine = Machine()
    machine.stage1()
    read = machine.access(VA + 0x123)
    assert (read.kind, read.pa, read.page_shift) == (Kind.OK, PAGE + 0x123, 12)
    assert [fetch.what for fetch in read.fetches] == ["STE", "CD", "S1", "S1", "S1", "S1"]
    assert machine.access(rnw=False).pa == PAGE and not machine.events()


def test_agrees_with_the_independent_walker():
    """VM2-017, TRN-050: random nested trees, every granule pair, random damage."""
    rng = random.Random(7)
    seen = set()
    for _ in range(150):
        machine = Machine()
        inner, outer = rng.choice(list(GRANULES.values())), rng.choice(list(GRANULES.values()))
        bits1, bits2 = rng.randrange(30, 49), rng.randrange(34, 49)
        upper = rng.random() < 0.5
        first = machine.tree(inner, input_bits=bits1, upper=upper)
        second = machine.tree(outer, stage=2, input_bits=bits2)
        high = -(1 << bits1) & (1 << 64) - 1 if upper else 0
        level = rng.choice([x for x in inner.leaf_levels if x >= first.start_level])
        span = inner.leaf_size(level)
        ipa_bits = min(bits2 + (rng.random() < 0.05), 48)
        va = high | rng.randrange(1 << bits1) & -span
        ipa = rng.randrange(1 << ipa_bits - 1) & -span
        leaf = Stage1Leaf(
            writable=rng.random() < 0.8,
            user=rng.random() < 0.8,
            af=rng.random() < 0.9,
            uxn=rng.random() < 0.3,
            pxn=rng.random() < 0.3,
        )
        first.map(va, ipa, span, leaf, level=level)
        level2 = rng.choice([x for x in outer.leaf_levels if x >= second.start_level])
        span2 = outer.leaf_size(level2)
        for address in {t & -span2 for t, _ in first.tables}:
            if not address >> bits2:
                try:
                    second.map(address, address, span2, level=level2)
                except ValueError:
                    continue
        offset = rng.randrange(span)
        target = (ipa + offset) & -span2
        weak = Stage2Leaf(writable=rng.random() < 0.8, af=rng.random() < 0.9, xn=rng.randrange(4))
        if rng.random() < 0.9 and not target >> bits2:
            if second.leaf_of(target) is None:
                try:
                    second.map(target, rng.randrange(1 << 47) & -span2, span2, weak, level=level2)
                except ValueError:
                    continue
        ips = rng.choice([5, 5, 5, 2])
        half = int(upper)
        fields = {f"t{half}sz": first.tsz, f"ttb{half}": first.base, f"epd{half}": 0}
        fields[f"tg{half}"] = inner.tg1 if upper else inner.tg0
        machine.cd(ips=ips, **{f"epd{1 - half}": 1}, **fields)
        for address in (CD_AT,):
            if second.leaf_of(address & -span2) is None:
                second.map(address & -span2, address & -span2, span2, level=level2)
        machine.ste(config=7, **machine.stage2(second))

        access = AccessKind(rng.random() < 0.5, rng.random() < 0.5)
        if not access.write and rng.random() < 0.4:
            access = AccessKind(False, access.privileged, True)
        outcome = machine.access(
            va + offset, not access.write, priv=access.privileged, inst=access.fetch
        )
        pair = [(0, 0), (first.base, 0)][not upper], [(16, 16), (first.tsz, 16)][not upper]
        ttb, tsz = ((0, first.base), (16, first.tsz)) if upper else pair
        regime1 = Stage1Regime(ttb, tsz, (inner, inner), out_bits={5: 48, 2: 40}[ips])
        regime2 = Stage2Regime(second.base, second.tsz, outer, second.start_level)
        try:
            _, final = walk_nested(regime1, regime2, va + offset, access, machine.memory.peek64)
            assert (outcome.kind, outcome.pa) == (Kind.OK, final.pa)
            seen.add("ok")
        except WalkFault as fault:
            record = machine.events()[0]
            assert outcome.kind is Kind.ABORT
            assert record.type == EVENT_OF_KIND[fault.kind]
            assert record.s2 == (fault.stage == 2)
            assert record["class"] == (FaultClass.TT if fault.for_table else FaultClass.IN)
            if fault.stage == 2:
                assert record.ipa == fault.ia & ~0xFFF
            seen.add((fault.stage, fault.kind))
    assert {"ok", (1, "access"), (1, "permission"), (2, "translation"), (2, "access")} <= seen


def test_defects_are_reported_in_the_order_of_the_procedure():
    """TRN-001, TRN-002: all defects at once, repaired one after another."""
    machine = Machine()
    host = machine.tree(stage=2)
    guest = machine.tree()
    host.map(0x4000_0000, 0x4000_0000, 1 << 30)
    guest.map(VA, PAGE, 0x1000, Stage1Leaf(af=False, user=False))
    table = guest.entry_address(VA, 3)
    fields = machine.stage2(host, s2tg=3)
    bad = {"s1cdmax": 7, "s1fmt": 1, "s1dss": 0, "s1contextptr": 0x6000_0000, **fields}
    l1cd, cd_table = 0x6100_0000, 0x6200_0000
    ssid = None
    error = machine.memory.add_error(STRTAB, 0x4000)

    def seen() -> str:
        record = next(iter(machine.access(ssid=ssid, sid=SID) and machine.events()), None)
        return "none" if record is None else record.record_name + f"/{record.get('class', '-')}"

    machine.write("CR0", cmdqen=1, eventqen=1)
    machine.write("STRTAB_BASE_CFG", log2size=4)
    machine.write("CR0", smmuen=1, cmdqen=1, eventqen=1)
    assert seen() == "C_BAD_STREAMID/-"
    machine.write("CR0", cmdqen=1, eventqen=1)
    machine.write("STRTAB_BASE_CFG", log2size=8)
    machine.write("CR0", smmuen=1, cmdqen=1, eventqen=1)
    assert seen() == "F_STE_FETCH/-"
    machine.memory.remove_error(error)
    machine.ste(config=7, **{**bad, "v": 0})
    assert seen() == "C_BAD_STE/-"
    machine.ste(config=2, **bad)
    assert seen() == "none"
    machine.ste(config=7, **bad)
    assert seen() == "C_BAD_STE/-"
    bad["s2tg"] = 0
    ssid = 0x80
    machine.ste(config=7, **bad)
    assert seen() == "C_BAD_SUBSTREAMID/-"
    ssid = None
    assert seen() == "F_STREAM_DISABLED/-"
    ssid = 0x45
    bad["s1contextptr"] = 0x9000_0000
    machine.ste(config=7, **bad)
    assert seen() == f"F_TRANSLATION/{int(FaultClass.CD)}"
    host.map(0x9000_0000, l1cd, 0x1000)
    error = machine.memory.add_error(l1cd, 0x1000)
    assert seen() == "F_CD_FETCH/-"
    machine.memory.remove_error(error)
    assert seen() == "C_BAD_SUBSTREAMID/-"
    machine.memory.poke64(l1cd + 8, 1 << 52 | 1)
    assert seen() == "C_BAD_SUBSTREAMID/-"
    machine.memory.poke64(l1cd + 8, 0x9000_1000 | 1)
    assert seen() == f"F_TRANSLATION/{int(FaultClass.CD)}"
    host.map(0x9000_1000, cd_table, 0x1000)
    machine.cd(cd_table + 5 * 64, t0sz=16, ttb0=guest.base, aa64=0)
    assert seen() == "C_BAD_CD/-"
    machine.cd(cd_table + 5 * 64, t0sz=36, ttb0=guest.base)
    assert seen() == f"F_TRANSLATION/{int(FaultClass.IN)}"
    machine.cd(cd_table + 5 * 64, t0sz=16, ttb0=guest.base)
    error = machine.memory.add_error(table & ~0xFFF, 0x1000)
    assert seen() == f"F_WALK_EABT/{int(FaultClass.TT)}"
    machine.memory.remove_error(error)
    assert seen() == f"F_ACCESS/{int(FaultClass.IN)}"
    guest.put(VA, 3, guest.encode(0x9999_9000, 3, Stage1Leaf(user=False)))
    assert seen() == f"F_PERMISSION/{int(FaultClass.IN)}"
    guest.put(VA, 3, guest.encode(0x9999_9000, 3))
    assert machine.access(ssid=ssid).record.s2 == 1 and machine.events()
    host.map(0x9999_9000, PAGE, 0x1000)
    assert machine.access(ssid=ssid).pa == PAGE


@pytest.mark.parametrize(("a", "r", "s"), [*itertools.product((0, 1), repeat=3)])
def test_stage1_fault_model(a, r, s):
    """FLT-001..003, CD-014..018, CD-019."""
    machine = Machine()
    tree = machine.stage1(a=a, r=r, s=s)
    for descriptor in (0, 1 << 40 | 0x443, 0x43, 0xC3 | 1 << 10):
        tree.put(VA, 3, descriptor)
        machine.cd(t0sz=16, ttb0=tree.base, a=a, r=r, s=s, ips=0)
        outcome = machine.access(rnw=False)
        wanted = Kind.STALL if s else (Kind.ABORT if a else Kind.RAZWI)
        assert outcome.kind is wanted
        records = machine.events()
        assert len(records) == (s or r) and outcome.recorded == bool(s or r)
        if records:
            assert (records[0].stall, records[0].s2, records[0]["class"]) == (s, 0, 2)
    error = machine.memory.add_error(tree.entry_address(VA, 3), 8)
    assert machine.access().kind is Kind.ABORT and machine.events()[0].type == Event.F_WALK_EABT
    machine.memory.remove_error(error)
    outcome = machine.access(rnw=False, no_stall=True)
    assert outcome.kind is (Kind.ABORT if s or a else Kind.RAZWI)
    assert [e.stall for e in machine.events()] == [0] * (s or r)


@pytest.mark.parametrize(("s2r", "s2s"), [*itertools.product((0, 1), repeat=2)])
def test_stage2_fault_model_and_classes(s2r, s2s):
    """FLT-004, FLT-006, STE-031, STE-034, NST-002, NST-004, NST-009."""
    for victim, cls in (("cd", 0), ("table", 1), ("final", 2)):
        for leaf in (None, Stage2Leaf(af=False), Stage2Leaf(readable=False), "device"):
            if leaf == "device" and victim == "final":
                continue
            machine = Machine()
            host, guest = machine.tree(stage=2), machine.tree()
            guest.map(VA, 0x5000_0000, 0x1000)
            where = {"cd": CD_AT, "table": guest.entry_address(VA, 3), "final": 0x5000_0000}
            for name, address in where.items():
                page = address & ~0xFFF
                choice = leaf if name == victim else Stage2Leaf()
                if choice == "device":
                    choice = Stage2Leaf(mem_attr=1)
                if choice is not None:
                    host.map(page, page, 0x1000, choice)
            for table, size in guest.tables:
                if table & ~0xFFF != where["table"] & ~0xFFF:
                    host.map(table & ~0xFFF, table & ~0xFFF, -(-size // 0x1000) * 0x1000)
            machine.cd(t0sz=16, ttb0=guest.base, a=0, r=0)
            machine.ste(config=7, **machine.stage2(host, s2r=s2r, s2s=s2s, s2ptw=1))
            outcome = machine.access()
            assert outcome.kind is (Kind.STALL if s2s else Kind.ABORT)
            records = machine.events()
            assert len(records) == (s2r or s2s)
            if records:
                record = records[0]
                assert (record.s2, record["class"], record.stall) == (1, cls, s2s)
                assert record.ipa == where[victim] & ~0xFFF and record.inputaddr == VA
                denied = leaf == "device" or leaf == Stage2Leaf(readable=False)
                assert (record.type == Event.F_PERMISSION) == bool(denied)
                if denied:
                    assert record.ttrnw == (cls == 1)


def test_records_byte_for_byte():
    """EVQ-001..017 against images written by hand."""
    machine = Machine()
    machine.stage1()

    def image() -> str:
        record = machine.memory.peek(0x4002_0000 + 32 * (machine.read("EVENTQ_PROD").wr - 1), 32)
        return record.hex()

    machine.access(0xAB00_0000_0000_1FFF, False, length=2, priv=True, inst=True, ssid=0xFFFFF)
    assert image() == "01f8ffff12000000" + "0000000002000000" + "ff1f0000000000ab" + "00" * 8
    machine.access(sid=0x1234, ssid=5)
    assert image() == "0258000034120000" + "00" * 24
    machine.memory.add_error(STRTAB + 64 * 0x20, 64)
    machine.access(sid=0x20)
    assert image() == "0300000020000000" + "00" * 16 + "0008104000000000"
    machine.access(sid=0x21)
    assert image() == "0400000021000000" + "00" * 24
    machine.ste(0x22, s1cdmax=4)
    machine.access(sid=0x22)
    assert image() == "0600000022000000" + "00" * 24
    machine.access(sid=0x22, ssid=0x10)
    assert image() == "0800010022000000" + "00" * 24
    machine.ste(0x23, s1contextptr=0x4300_0000)
    machine.access(sid=0x23)
    assert image() == "0a00000023000000" + "00" * 24
    machine.memory.add_error(0x4300_0000, 64)
    machine.access(sid=0x23)
    assert image() == "0900000023000000" + "00" * 16 + "0000004300000000"
    machine.access(0x40_0000_0000, priv=True, inst=True)
    assert image() == "1000000012000000" + "000000000e020000" + "0000000040000000" + "00" * 8
    machine.ste(0x24, config=4)
    machine.access(1 << 63, False, sid=0x24)
    assert image() == "1100000024000000" + "0000000000020000" + "0000000000000080" + "00" * 8


def test_bypass_paths():
    """TRN-026, TRN-027, TRN-029, STE-006, STE-009, STE-014, STE-018, STE-020."""
    machine = Machine()
    machine.ste(config=4, s2tg=3, s1cdmax=31, strw=3, eats=3)
    assert machine.access(0xFFFF_FFFF_F000).pa == 0xFFFF_FFFF_F000
    for bit in (48, 55, 63):
        assert machine.access(1 << bit).kind is Kind.ABORT
        assert machine.events()[0].type == Event.F_ADDR_SIZE
    machine.access(ssid=0)
    assert machine.events()[0].type == Event.C_BAD_SUBSTREAMID
    machine.ste(config=5, s1cdmax=4, s1dss=1, s1contextptr=0x7000_0000)
    outcome = machine.access(0x1234)
    assert outcome.pa == 0x1234 and [f.what for f in outcome.fetches] == ["STE"]
    host = machine.tree(stage=2, input_bits=40)
    host.map(0x5000, PAGE, 0x1000)
    for config, extra in ((6, {}), (7, {"s1cdmax": 4, "s1dss": 1})):
        machine.ste(config=config, **machine.stage2(host, s2s=1, s2r=0), **extra)
        assert machine.access(0x5008).pa == PAGE + 8
        assert machine.access(1 << 48).kind is Kind.ABORT
        assert machine.access(1 << 40).kind is Kind.STALL
        size, translation = machine.events()
        assert (size.type, size.s2, size.stall) == (Event.F_ADDR_SIZE, 0, 0)
        assert (translation.type, translation.s2, translation.ipa) == (0x10, 1, 1 << 40)


@pytest.mark.parametrize(("config", "field"), [*itertools.product(range(4, 8), range(9))])
def test_illegal_fields_count_only_where_used(config, field):
    """TRN-013, TRN-014, STE-011, STE-024..032, STE-041."""
    bad = [
        {"s1cdmax": 21},
        {"s1contextptr": 1 << 48},
        {"s2aa64": 0},
        {"s2endi": 1},
        {"s2ha": 1},
        {"s2hd": 1},
        {"s2tg": 3},
        {"s2t0sz": 40},
        {"s2ttb": 1 << 44, "s2ps": 4},
    ][field]
    machine = Machine()
    host = machine.tree(stage=2)
    machine.ste(config=config, **{**machine.stage2(host), **bad})
    machine.access()
    used = config & 1 if field < 2 else config & 2
    events = [e.type for e in machine.events()]
    assert (Event.C_BAD_STE in events) == bool(used)


@pytest.mark.parametrize("shift", GRANULES)
def test_stage2_start_codes_exhaustively(shift):
    """STE-025, VM2-001..004 against the tables written out."""
    legal = {
        12: {0: range(30, 40), 1: range(21, 34), 2: range(16, 25), 3: ()},
        14: {0: range(35, 40), 1: range(24, 39), 2: range(16, 28), 3: ()},
        16: {0: range(31, 40), 1: range(18, 35), 2: range(16, 22), 3: ()},
    }[shift]
    machine = Machine()
    for sl0, t0sz in itertools.product(range(4), range(64)):
        machine.ste(
            config=6, s2tg=GRANULES[shift].tg0, s2sl0=sl0, s2t0sz=t0sz, s2aa64=1, s2ps=5, s2r=1
        )
        machine.access(0)
        code = machine.events()[0].type
        assert (code != Event.C_BAD_STE) == (t0sz in legal[sl0]), (sl0, t0sz)


def test_small_output_sizes_reject_long_stage2_walks():
    """VM2-004."""
    for oas, shift, sl0, t0sz in ((40, 12, 2, 24), (40, 14, 2, 27), (42, 16, 2, 22)):
        machine = Machine(oas=oas)
        tg = GRANULES[shift].tg0
        machine.ste(config=6, s2tg=tg, s2sl0=sl0, s2t0sz=t0sz, s2aa64=1, s2r=1)
        machine.access(0)
        assert machine.events()[0].type == Event.C_BAD_STE


def test_two_level_stream_table_edges():
    """TRN-008..012, STR-004..011."""
    machine = Machine(enable=False)
    l1, l2 = 0x4400_0000, 0x4500_0000
    machine.smmu.write64(0x80, l1)
    for split, effective in ((6, 6), (8, 8), (10, 10), (0, 6), (7, 6), (31, 6)):
        machine.write("CR0", eventqen=1)
        machine.write("STRTAB_BASE_CFG", log2size=12, split=split, fmt=1)
        machine.write("CR0", smmuen=1, eventqen=1)
        for span in (0, 1, 3, effective + 1, effective + 2, 12, 31):
            machine.memory.poke64(l1 + 8, l2 | span)
            legal = 1 <= span <= effective + 1
            for index in {0, (1 << max(span - 1, 0) & 0x7FF) - 1, 1 << max(span - 1, 0) & 0x3FF}:
                sid = 1 << effective | index & ((1 << effective) - 1)
                inside = legal and sid - (1 << effective) < 1 << span - 1
                outcome = machine.access(sid=sid)
                code = machine.events()[0].type
                assert code == (Event.C_BAD_STE if inside else Event.C_BAD_STREAMID)
                assert ("STE" in {f.what for f in outcome.fetches}) == inside
    machine.memory.poke64(l1 + 8, 1 << 50 | l2 | 7)
    outcome = machine.access(sid=0x41)
    assert machine.events()[0].fetchaddr == l2 + 64
    assert [f.what for f in outcome.fetches] == ["L1STD"]


def test_prediction_leaves_no_trace():
    machine = Machine()
    machine.stage1(s=1)
    machine.memory.logging = True
    once = machine.memory.add_error(CD_AT, 64, count=1)
    txn = Transaction(sid=SID, addr=0, rnw=True)
    assert machine.smmu.predict(txn).record.type == Event.F_CD_FETCH
    assert once.count == 1 and not machine.memory.log and not machine.events()
    assert machine.smmu.translate(txn).record.type == Event.F_CD_FETCH
    predicted = machine.smmu.predict(txn)
    assert (predicted.kind, predicted.record.stag, predicted.recorded) == (Kind.STALL, 0, True)
    stalled = machine.smmu.translate(txn)
    assert stalled.record.stag == stalled.stag == 0x100
    assert predicted.event[:8] == stalled.event[:8]


def test_other_security_states_and_4k_crossing():
    """ATT-040, FLT-018."""
    machine = Machine()
    machine.stage1()
    assert machine.access(secsid=1).kind is Kind.ABORT and not machine.events()
    assert machine.access(VA + 0xFF0, length=16).kind is Kind.OK
    assert machine.access(VA + 0xFF0, length=17).kind is Kind.ABORT
    machine.write("CR0", eventqen=1, cmdqen=1)
    machine.access(atop=0x20, rnw=False)
    assert [e.type for e in machine.events()] == [Event.F_UUT] * 2
    assert GRANULE_4K.size == 4096


def test_history_gives_every_outcome_that_may_be_stale():
    """TLB-038: old or new contents until the invalidation completes."""
    machine = Machine()
    tree = machine.stage1()
    now = [0]
    history = MemoryHistory(machine.memory, lambda: now[0])
    txn = Transaction(sid=SID, addr=VA, rnw=False)
    for now[0], descriptor in ((5, 0), (9, tree.encode(PAGE + 0x3000, 3))):
        tree.put(VA, 3, descriptor)
    assert machine.smmu.predict(txn).pa == PAGE + 0x3000
    found = history.allowed(machine.smmu, txn, since=0)
    assert [o.pa for o in found] == [PAGE + 0x3000, None, PAGE]
    assert [o.kind for o in history.allowed(machine.smmu, txn, since=6)] == [Kind.OK, Kind.ABORT]
    history.forget(6)
    assert len(history.allowed(machine.smmu, txn, since=0)) == 2
    with pytest.raises(TypeError, match="read-only"):
        list(history.views(0))[-1].write(0, b"")
