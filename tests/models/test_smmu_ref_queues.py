# SPDX-License-Identifier: Apache-2.0
"""Reference SMMU: registers, rings, commands, stalls (REG-*, QUE-*, GER-*, CMD-*, STL-*, RES-*)."""

from __future__ import annotations

import random

import pytest

from tb.models.fields import REG, Cerror, Cmd, Event, Gerror, Op
from tb.models.smmu_ref import Kind, Transaction
from tb.models.smmu_ref.commands import LEGAL_OPS
from tests.models.ref_machine import CMDQ, EVENTQ, PAGE, SID, VA, Machine

ALL_ONES = 0xFFFFFFFF


# ---- registers -----------------------------------------------------------------------------
def test_reset_values_and_read_only_registers():
    """REG-001..007, REG-013, REG-028..031, REG-035."""
    machine = Machine(enable=False)
    machine.smmu.reset()
    wanted = {0x0: 0x084E303B, 0x4: 0x0D080510, 0xC: 0x1414, 0x14: 0x00100075, 0x1C: 1}
    wanted |= {0x2C: 4, 0x44: 0x1000, 0xFF0: 0x0D, 0xFF4: 0xF0, 0xFF8: 0x05, 0xFFC: 0xB1}
    quiet = {0x18, 0x44, *range(0xFD0, 0x1000, 4)}
    for offset in range(0, 0x20000, 4):
        value = machine.smmu.read32(offset)
        if offset in wanted or offset not in quiet:
            assert value == wanted.get(offset, 0), hex(offset)
    fixed = [offset for offset in wanted if offset not in (0x2C, 0x44)]
    for offset in [*fixed, 0x18, 0x24, 0x40, 0x48, 0x54, 0x60, 0xA8, 0xAC, 0xC0, 0xD0, 0x100C8, 2]:
        before = machine.smmu.read32(offset)
        machine.smmu.write32(offset, ALL_ONES)
        assert machine.smmu.read32(offset) == before, hex(offset)
    assert Machine(gbpa_abort=True).smmu.read32(0x44) == 0x00101000
    bare = Machine(dvm_port=False, coherent_port=False, oas=44, stall_max=64, enable=False)
    assert bare.smmu.read32(0) == 0x084E300B and bare.smmu.read32(0x14) == 0x00400074
    bare.smmu.write32(0x2C, ALL_ONES)
    assert bare.smmu.read32(0x2C) == 2


def test_guards():
    """INI-020, REG-010, REG-011, REG-017..026, MEM-009."""
    machine = Machine(enable=False)
    smmu = machine.smmu
    groups = {
        "smmuen": {0x80: 0xFFC0, 0x84: 0x4000FFFF, 0x88: 0x307FF, 0x2C: 6, 0x28: 0xFC0},
        "cmdqen": {0x90: 0xFFFFFFFF, 0x94: 0x4000FFFF, 0x28: 0x3F},
        "eventqen": {0xA0: 0xFFFFFFFF, 0xA4: 0x4000FFFF, 0x28: 0x3F},
    }
    groups["smmuen"][0x80] = 0xFFFFFFC0
    for name, registers in groups.items():
        for offset, writable in registers.items():
            machine.write("CR0")
            smmu.write32(offset, ALL_ONES)
            assert smmu.read32(offset) & writable == writable
            machine.write("CR0", **{name: 1})
            smmu.write32(offset, 0)
            assert smmu.read32(offset) & writable == writable, (name, hex(offset))
            machine.write("CR0")
            smmu.write32(offset, 0)
            assert smmu.read32(offset) == 0
    machine.write("IRQ_CTRL", gerror_irqen=1)
    for offset in (0x68, 0x6C, 0x70, 0x74):
        smmu.write32(offset, ALL_ONES)
        smmu.write32(offset + 0x48, ALL_ONES)
        assert smmu.read32(offset) == 0
    assert smmu.read64(0xB0) == 0x0000_FFFF_FFFF_FFFC
    assert (smmu.read32(0xB8), smmu.read32(0xBC)) == (ALL_ONES, 0x3F)


def test_gbpa_protocol_and_bypass():
    """INI-005..009, REG-040, ATT-006..008."""
    machine = Machine(enable=False, auto_ack=False)
    smmu = machine.smmu
    smmu.write32(0x44, 0x0010_1000)
    assert smmu.read32(0x44) == 0x1000
    smmu.write32(0x44, 0x8010_1000)
    smmu.write32(0x44, 0x8000_1000)
    assert smmu.read32(0x44) == 0x8010_1000
    smmu.complete_updates()
    assert smmu.read32(0x44) == 0x0010_1000 and machine.access(0).kind is Kind.ABORT
    smmu.write32(0x44, 0x800E_3E1F)
    smmu.complete_updates()
    outcome = machine.access(0x1234, ssid=9, cache=0, priv=True)
    assert (outcome.pa, outcome.attrs.cache, outcome.attrs.domain) == (0x1234, 0b1111, 1)
    assert outcome.attrs.prot == 0b110 and not outcome.fetches
    assert machine.access((1 << 48) - 1).kind is Kind.OK
    assert machine.access(1 << 48).kind is machine.access(1 << 63).kind is Kind.ABORT


def test_open_updates_keep_the_first_value():
    """INI-010, INI-011, REG-036, REG-037."""
    machine = Machine(enable=False, auto_ack=False)
    machine.smmu.write32(0x20, ALL_ONES)
    assert machine.smmu.read32(0x20) == 0x1CD and machine.smmu.read32(0x24) == 0
    machine.smmu.write32(0x20, 0)
    assert machine.smmu.read32(0x20) == 0x1CD
    machine.smmu.complete_updates()
    assert machine.smmu.read32(0x24) == 0x1CD
    machine.smmu.write32(0x20, 0x9)
    machine.smmu.write32(0x20, 0xF)
    assert machine.smmu.read32(0x20) == 0x9


# ---- event queue ---------------------------------------------------------------------------
def fault(machine: Machine, count: int = 1) -> None:
    for _ in range(count):
        machine.access(sid=0x77)


def overflow(machine: Machine) -> tuple[int, int]:
    return machine.read("EVENTQ_PROD").ovflg, machine.read("EVENTQ_CONS").ovackflg


@pytest.mark.parametrize("log2", [0, 1, 3])
def test_event_ring_overflows_once_per_acknowledgement(log2):
    """QUE-001, EVQ-020..025."""
    machine = Machine(queue_log2=log2)
    size = 1 << log2
    fault(machine, size)
    assert overflow(machine) == (0, 0)
    fault(machine, 5)
    assert overflow(machine) == (1, 0)
    assert len(machine.events()) == size
    fault(machine, size + 2)
    assert overflow(machine) == (1, 0)
    prod = machine.read("EVENTQ_PROD")
    machine.write("EVENTQ_CONS", rd=prod.wr, ovackflg=1)
    fault(machine, size)
    assert overflow(machine) == (1, 1)
    fault(machine, 2)
    assert overflow(machine) == (0, 1)
    machine.write("CR0", smmuen=1)
    before = machine.read("EVENTQ_PROD")
    fault(machine)
    assert machine.read("EVENTQ_PROD") == before


def test_event_write_abort_stops_the_queue_until_acknowledged():
    """EVQ-022, EVQ-028, GER-001, GER-009, STL-032."""
    machine = Machine()
    machine.write("IRQ_CTRL", gerror_irqen=1, eventq_irqen=1)
    tree = machine.stage1(s=1)
    fault(machine)
    error = machine.memory.add_error(EVENTQ + 32, 32)
    fault(machine)
    assert machine.smmu.regs.active_errors == Gerror.EVENTQ_ABT_ERR
    machine.memory.remove_error(error)
    fault(machine, 3)
    tree.put(VA, 3, 0)
    ticket = machine.smmu.submit(Transaction(sid=SID, addr=VA, rnw=True))
    assert ticket.parked and machine.read("EVENTQ_PROD").wr == 1
    machine.smmu.write32(0x64, machine.smmu.read32(0x60))
    assert not ticket.parked and machine.events()[-1].stag == ticket.outcome.stag
    assert machine.smmu.signals.pulses == {"evtq": 1, "gerr": 1}


def test_event_interrupt_only_from_empty():
    """IRQ-002, IRQ-003, IRQ-008, IRQ-009."""
    machine = Machine()
    machine.smmu.write64(0xB0, 0x4700_0004)
    machine.smmu.write32(0xB8, 0xCAFE)
    fault(machine)
    machine.write("IRQ_CTRL", eventq_irqen=1)
    assert not machine.smmu.signals.pulses
    fault(machine, 2)
    machine.events()
    fault(machine, 2)
    assert machine.smmu.signals.pulses["evtq"] == 1
    assert machine.memory.peek(0x4700_0000, 12).hex() == "00000000feca000000000000"


def test_queue_enabled_with_odd_indexes():
    """QUE-004, QUE-016, STL-018, CMD-001."""
    machine = Machine(queue_log2=2, enable=False)
    machine.smmu.write32(0x100A8, 5)
    machine.smmu.write32(0x100AC, 1)
    machine.write("CR0", eventqen=1, smmuen=1, cmdqen=1)
    fault(machine)
    assert machine.read("EVENTQ_PROD") == {"wr": 5, "ovflg": 1}
    machine.smmu.write32(0x100AC, 6)
    fault(machine)
    assert machine.read("EVENTQ_PROD").wr == 5
    machine.smmu.write32(0x100AC, 5)
    fault(machine)
    assert machine.read("EVENTQ_PROD").wr == 6
    machine.smmu.write32(0x98, 6)
    assert machine.read("CMDQ_CONS").rd == 0
    machine.smmu.write32(0x98, 0xFFFF0 | 3)
    assert machine.read("CMDQ_CONS").rd == 0 and machine.smmu.command_error == Cerror.ILL
    assert machine.read("CMDQ_PROD").wr == 0xFFFF3


# ---- commands ------------------------------------------------------------------------------
def test_every_opcode():
    """CMD-004..006, CMD-044, TLB-028, GER-005, GER-006, GER-008."""
    machine = Machine()
    for code in range(256):
        machine.command(Cmd.raw(code, 0))
        legal = code in LEGAL_OPS
        assert (machine.smmu.command_error is None) == legal, hex(code)
        if not legal:
            assert machine.smmu.command_error == Cerror.ILL
            at = machine.read("CMDQ_CONS").rd & 63
            machine.memory.poke(CMDQ + 16 * at, Cmd.sync(cs=2))
            machine.smmu.write32(0x64, machine.smmu.read32(0x60))
        assert machine.read("CMDQ_CONS").rd == machine.read("CMDQ_PROD").wr
    assert LEGAL_OPS.issubset(Op)


def test_illegal_parameters_and_reserved_bits():
    """CMD-007..010, GER-007, TLB-007..009, CMD-033."""
    rng = random.Random(3)
    ssec = (Op.PREFETCH_CONFIG, Op.PREFETCH_ADDR, Op.CFGI_STE, Op.CFGI_STE_RANGE, Op.CFGI_CD)
    ssec += (Op.CFGI_CD_ALL, Op.RESUME, Op.STALL_TERM)
    cases = [(Cmd.raw(op | 1 << 10), True) for op in ssec]
    cases += [(Cmd.raw(op | 1 << 10 | rng.getrandbits(32) << 32), False) for op in (0x10, 0x30)]
    cases += [(Cmd.sync(cs=3), True), (Cmd.sync(cs=2, msiaddr=4, msidata=1), False)]
    for tg in range(4):
        for ttl in range(4):
            ranged = (tg and (ttl == 0 or (tg, ttl) == (2, 1))) != 0
            cases.append((Cmd.tlbi_nh_va(tg=tg, ttl=ttl), bool(ranged)))
            cases.append((Cmd.tlbi_s2_ipa(tg=tg, ttl=ttl, num=1), False))
            cases.append((Cmd.tlbi_nh_vaa(tg=tg, ttl=ttl, scale=31), False))
    for command, illegal in cases:
        machine = Machine()
        machine.command(command)
        assert (machine.smmu.command_error == Cerror.ILL) == illegal, command.hex()


def test_sync_signals_and_its_own_slot():
    """CMD-028..032, CMD-040, QUE-009, IRQ-012, GER-010."""
    machine = Machine()
    machine.command(Cmd.sync(cs=0, msiaddr=0x4700_0000, msidata=0xFFFF))
    assert machine.memory.peek32(0x4700_0000) == 0 and not machine.smmu.signals.pulses
    machine.command(Cmd.sync(cs=1, msiaddr=CMDQ + 16, msidata=0))
    assert machine.memory.peek32(CMDQ + 16) == 0 and machine.memory.peek32(CMDQ + 20) == 0
    machine.command(Cmd.sync(cs=1))
    assert machine.smmu.signals.pulses["cmd_sync"] == 2
    machine.memory.poke32(0, 0xDEAD)
    machine.command(Cmd.sync(cs=1, msiaddr=1 << 50, msidata=0x55))
    assert machine.memory.peek32(0) == 0x55
    machine.memory.add_error(0x4700_0000, 4)
    for _ in range(2):
        machine.command(Cmd.sync(cs=1, msiaddr=0x4700_0000, msidata=1))
    assert machine.smmu.regs.active_errors == Gerror.MSI_CMDQ_ABT_ERR
    assert machine.read("CMDQ_CONS").rd == machine.read("CMDQ_PROD").wr


def test_fetch_abort_and_restart():
    """CMD-011, GER-004, GER-008, REG-022, REG-039, REG-041."""
    machine = Machine()
    error = machine.memory.add_error(CMDQ + 16, 16)
    for _ in range(3):
        machine.command(Cmd.sync(cs=1))
    cons = machine.read("CMDQ_CONS")
    assert (cons.rd, cons.err) == (1, Cerror.ABT)
    machine.write("CR0")
    machine.smmu.write32(0x9C, 0x7F000001)
    machine.write("CR0", cmdqen=1)
    assert machine.read("CMDQ_CONS") == {"rd": 1, "err": Cerror.ABT}
    machine.memory.remove_error(error)
    machine.smmu.write32(0x64, 1)
    assert machine.read("CMDQ_CONS").rd == 3 and machine.smmu.signals.pulses["cmd_sync"] == 3
    machine.smmu.write32(0x64, 0)
    machine.command(Cmd.sync(cs=1))
    assert machine.read("CMDQ_CONS").rd == 3 and machine.smmu.signals.pulses["gerr"] == 0
    machine.smmu.write32(0x64, 1)
    assert machine.read("CMDQ_CONS").rd == 4


# ---- stalls --------------------------------------------------------------------------------
def stalling(count: int = 1, **options: int) -> tuple[Machine, list]:
    """A machine with a stalling stream and ``count`` stalled reads of an unmapped page."""
    machine = Machine(**options)
    machine.tree_of_stream = machine.stage1(s=1)
    machine.tree_of_stream.put(VA, 3, 0)
    return machine, [stall(machine) for _ in range(count)]


def stall(machine: Machine, sid: int = SID):
    return machine.smmu.submit(Transaction(sid=sid, addr=VA, rnw=True))


def test_resume_forms():
    """STL-005..008, RES-001..016."""
    machine, (retry, abort, razwi, again) = stalling(4)
    stags = [e.stag for e in machine.events()]
    assert (
        stags
        == [t.outcome.stag for t in (retry, abort, razwi, again)]
        == [
            0x100,
            0x101,
            0x102,
            0x103,
        ]
    )
    for sid, stag in ((SID + 1, stags[0]), (SID, 0x200), (SID, 0xFFFF), (SID | 1 << 16, stags[0])):
        machine.command(Cmd.resume(sid=sid, stag=stag, ac=1))
    assert not retry.done and machine.smmu.command_error is None
    machine.command(Cmd.resume(sid=SID, stag=stags[3], ac=1))
    assert again.outcome.stag == 0x203 and machine.events()[0].stag == 0x203
    machine.tree_of_stream.map(VA, PAGE + 0x5000, 0x1000)
    machine.command(Cmd.resume(sid=SID, stag=stags[0], ac=1, ab=1))
    machine.command(Cmd.resume(sid=SID, stag=stags[1], ab=1))
    machine.command(Cmd.resume(sid=SID, stag=stags[2]))
    assert (retry.outcome.kind, retry.outcome.pa) == (Kind.OK, PAGE + 0x5000)
    assert (abort.outcome.kind, razwi.outcome.kind) == (Kind.ABORT, Kind.RAZWI)
    machine.command(Cmd.resume(sid=SID, stag=stags[1], ac=1))
    assert abort.outcome.kind is Kind.ABORT and not machine.events()


def test_retry_into_other_configurations():
    """RES-004..006, STL-010."""
    for change, kind, code in (
        (lambda m: m.ste(config=0), Kind.ABORT, None),
        (lambda m: m.ste(v=0), Kind.ABORT, Event.C_BAD_STE),
        (lambda m: m.cd(v=0), Kind.ABORT, Event.C_BAD_CD),
        (lambda m: m.cd(t0sz=16, ttb0=m.tree_of_stream.base, a=0), Kind.RAZWI, 0x10),
    ):
        machine, (ticket,) = stalling(1)
        machine.events()
        change(machine)
        machine.command(Cmd.resume(sid=SID, stag=ticket.outcome.stag, ac=1))
        assert ticket.outcome.kind is kind and len(machine.smmu.stalls) == 0
        assert [e.type for e in machine.events()] == ([] if code is None else [code])


def test_full_queue_parks_and_wakes_in_order():
    """STL-018..020, STL-023, EVQ-021."""
    machine, tickets = stalling(6, queue_log2=1)
    assert [t.parked for t in tickets] == [False] * 2 + [True] * 4
    assert overflow(machine) == (0, 0)
    machine.write("EVENTQ_CONS", rd=1)
    assert [t.parked for t in tickets] == [False] * 3 + [True] * 3
    machine.tree_of_stream.map(VA, PAGE, 0x1000)
    machine.events()
    assert [t.done for t in tickets] == [False] * 3 + [True] * 3
    assert tickets[5].outcome.pa == PAGE
    machine.write("CR0", smmuen=1)
    machine.tree_of_stream.put(VA, 3, 0)
    late = stall(machine)
    assert late.parked
    machine.write("CR0", smmuen=1, eventqen=1)
    assert not late.parked and not late.done


def test_stall_max_and_slot_reuse():
    """STL-004, STL-022, STL-033."""
    machine, tickets = stalling(7, stall_max=4)
    assert len(machine.events()) == 4 and sum(t.parked for t in tickets) == 3
    machine.command(Cmd.resume(sid=SID, stag=tickets[1].outcome.stag))
    assert tickets[4].outcome.stag == 0x201 and len(machine.events()) == 1
    machine.command(Cmd.resume(sid=SID, stag=tickets[0].outcome.stag, ac=1))
    # The retried stall gave its place back and records again before any parked one.
    assert tickets[0].outcome.stag == 0x200 and tickets[5].parked
    with pytest.raises(ValueError, match="STALL_MAX"):
        Machine(stall_max=257)


def test_generations_reject_old_tags():
    """STL-003, STL-034."""
    machine, (first,) = stalling(1, stall_max=1)
    old = first.outcome.stag
    for _ in range(255):
        machine.events()
        machine.command(Cmd.resume(sid=SID, stag=first.outcome.stag, ac=1))
        machine.command(Cmd.resume(sid=SID, stag=old))
        if first.outcome.stag != old:
            assert not first.done
    machine.events()
    assert first.done or first.outcome.stag == 0x000


def test_stall_term_and_smmuen():
    """STL-014, STL-015, STL-017, RES-017..022."""
    machine, mine = stalling(3, stall_max=4)
    machine.memory.poke(0x4010_0000 + 64 * 0x13, machine.ste())
    other = [stall(machine, 0x13) for _ in range(3)]
    mine.append(stall(machine))
    machine.command(Cmd.stall_term(sid=SID))
    assert all(t.outcome.kind is Kind.ABORT for t in mine)
    assert [t.parked for t in other] == [False] * 3
    machine.command(Cmd.stall_term(sid=0x44))
    stag = other[0].outcome.stag
    machine.events()
    machine.write("CR0", eventqen=1, cmdqen=1)
    assert all(t.outcome.kind is Kind.ABORT for t in other) and not machine.events()
    machine.write("CR0", smmuen=1, eventqen=1, cmdqen=1)
    new = stall(machine, 0x13)
    machine.command(Cmd.resume(sid=0x13, stag=stag, ac=1))
    assert not new.done and machine.smmu.command_error is None


def test_registers_survive_a_random_storm():
    """Writes anywhere never raise, and queues stay inside their windows (EVQ-029)."""
    rng = random.Random(11)
    machine = Machine(queue_log2=3)
    machine.memory.logging = True
    offsets = [reg.offset for reg in REG] + [reg.offset + 4 for reg in REG]
    for _ in range(3000):
        machine.smmu.write32(rng.choice(offsets), rng.getrandbits(32) & rng.getrandbits(32))
        machine.smmu.read32(rng.choice(offsets))
        machine.access(rng.getrandbits(48), rng.random() < 0.5, sid=rng.randrange(1 << 16))
    assert machine.smmu.read32(0) == 0x084E303B
