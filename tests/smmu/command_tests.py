# SPDX-License-Identifier: Apache-2.0
"""The command queue of the whole SMMU: fetch, illegal commands, errors, recovery (CMD, GER)."""

from __future__ import annotations

import random
from typing import Any

import cocotb

from tb.models.fields import COMMANDS, REG, Cerror, Cmd, Gerror, Op
from tb.models.smmu_ref.queues import slot_address
from tests.smmu.queue_scene import COMMAND_ID, HOLE, LIMIT, MSI, VA, Scene, told

SID, OTHER = 0x21, 0x22
POISON = Cmd.raw(0xFF)
# CMD-004, CMD-005, CMD-006, CMD-044, and the Hyp=0 commands of INI-004
RESERVED = [
    0x00, *range(0x08, 0x10), *range(0x14, 0x18), 0x19, *range(0x1B, 0x20), *range(0x24, 0x28),
    0x29, *range(0x2B, 0x30), *range(0x31, 0x40), 0x42, 0x43, *range(0x47, 0x50),
    *range(0x54, 0x58), 0x59, *range(0x5B, 0x60), *range(0x61, 0x70), 0x71, 0x72,
    *range(0x74, 0x80), *range(0x90, 0x100),
]  # fmt: skip
IMPLEMENTATION = list(range(0x80, 0x90))
ABSENT = [0x07, 0x18, 0x1A, 0x50, 0x51, 0x52, 0x53, 0x58, 0x5A, 0x60, 0x70, 0x73]
ABSENT += [0x20, 0x21, 0x22, 0x23, 0x40, 0x41]
SSEC = [
    Cmd.prefetch_config(ssec=1, sid=SID),
    COMMANDS[Op.PREFETCH_ADDR].pack(ssec=1, sid=SID),
    Cmd.cfgi_ste(ssec=1, sid=SID, leaf=1),
    Cmd.cfgi_ste_range(ssec=1, sid=SID, range=5),
    Cmd.cfgi_ste_range(ssec=1, range=31),
    Cmd.cfgi_cd(ssec=1, sid=SID, leaf=1),
    Cmd.cfgi_cd_all(ssec=1, sid=SID),
]


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def a_sync_at_every_index(dut: Any) -> None:
    """CMD-001, QUE-001, QUE-003, REG-020: every size up to the capped ones, two laps each.

    A SYNC at every index; each slot is read once a lap, at the aligned base, and RD passes it.
    """
    s = await Scene.start(dut, run=False)
    lay, largest = s.prog.layout, s.bench.params["CMDQS"]
    for written in (*range(largest + 1), largest + 1, 15, 31):
        lay.cmdq_log2 = log2 = min(written, largest)
        lay.cmdq = s.bench.rng.randrange(0x4000_0000, 0x4100_0000) & ~31
        base = REG.CMDQ_BASE.value(addr=lay.cmdq, log2size=written)
        await s.put("CMDQ_BASE", base)
        await s.expect("CMDQ_BASE", base, "read back as written")
        start = 0 if written <= largest else (1 << log2) - 3
        await s.put("CMDQ_PROD", start)
        await s.put("CMDQ_CONS", start)
        s.prod = start
        await s.prog.enable(cmdqen=1)
        seen = len(s.log)
        laps = 2 << log2 if written <= largest else 6
        for _ in range(laps >> log2 if laps >> log2 else 1):
            count = min(laps, 1 << log2)
            first = s.prod
            for k, index in enumerate(s.place(*[Cmd.sync()] * count)):
                if log2 <= 3:
                    await s.ring(s.after(index))
                    await s.consumed()
                elif k == count - 1:
                    await s.ring(s.after(first, count))
            await s.consumed()
        await s.expect("CMDQ_CONS", s.after(start, laps), f"LOG2SIZE {written}")
        slots = [at for burst in s.command_reads(seen) for at in burst.slots]
        aligned = lay.cmdq & -max(32, 16 << log2)
        want = [aligned + 16 * ((start + k) & ((1 << log2) - 1)) for k in range(laps)]
        assert slots == want, f"LOG2SIZE {written} at {lay.cmdq:#x}: {slots[:6]} {want[:6]}"
        await s.prog.enable(cmdqen=0)
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def enabled_with_commands(dut: Any) -> None:
    """QUE-016, QUE-001, QUE-006: any consistent pair of indexes at enable: exactly those run."""
    s = await Scene.start(dut)
    lay, largest = s.prog.layout, s.bench.params["CMDQS"]
    for log2 in range(largest + 1):
        size, mask = 1 << log2, (2 << log2) - 1
        pairs = {(size - 1, 0), (0, size), (size, size), (mask, size), (mask - size // 2, 1)}
        for cons, count in sorted(pairs):
            await s.prog.enable(smmuen=1, eventqen=1)
            lay.cmdq_log2 = log2
            await s.prog.write("CMDQ_BASE", addr=lay.cmdq, log2size=log2)
            s.prod = cons & mask
            await s.put("CMDQ_CONS", s.prod)
            for index in range(size):
                s.memory.poke(s.slot(index), POISON)
            seen, irqs = len(s.log), s.bench.irqs["cmd_sync"]
            if count:
                s.place(*[told(0)] * count)
            await s.put("CMDQ_PROD", cons + count & mask)
            await s.quiet(20)
            assert not s.command_reads(seen), "read while disabled"
            await s.prog.enable(smmuen=1, eventqen=1, cmdqen=1)
            await s.consumed(cons + count & mask)
            await s.quiet(40)
            what = f"LOG2SIZE {log2}, CONS {cons}, {count} entries"
            assert s.bench.irqs["cmd_sync"] == irqs + count, what
            slots = [at for burst in s.command_reads(seen) for at in burst.slots]
            assert slots == [s.slot(cons + k & mask) for k in range(count)], what
    assert not await s.active()
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def three_conditions_to_run(dut: Any) -> None:
    """CMD-002, QUE-006, REG-039: PROD, CMDQEN, no error: the last one alone starts the queue."""
    s = await Scene.start(dut)
    for last in ("prod", "enable", "error"):
        # an illegal command leaves the error active
        bad = await s.issue(POISON)
        await s.fails_at(bad, Cerror.ILL)
        await s.prog.enable(smmuen=1, eventqen=1)
        assert await s.active() == Gerror.CMDQ_ERR, "CMDQEN=0 cleared the error"
        await s.ring(bad)  # PROD back to CONS: empty
        s.place(Cmd.sync())
        seen = len(s.log)

        async def prod(index: int = bad) -> None:
            await s.ring(s.after(index))

        async def enable() -> None:
            await s.prog.enable(smmuen=1, eventqen=1, cmdqen=1)

        steps = {"prod": prod, "enable": enable, "error": s.acknowledge}
        for name, step in steps.items():
            if name != last:
                await step()
                await s.quiet(200)
                assert not s.command_reads(seen), f"read although {last} is missing"
                await s.expect("CMDQ_CONS", Cerror.ILL << 24 | bad)
        await steps[last]()
        await s.consumed(s.after(bad), 500)
        assert s.command_reads(seen)
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def nothing_beyond_prod(dut: Any) -> None:
    """CMD-003, QUE-005, QUE-002, REG-021: poison beyond PROD is neither read nor executed.

    PROD moves in steps of every length over several laps, with junk above its wrap bit.
    """
    s = await Scene.start(dut, cmdq_log2=4)
    rng, lay = s.bench.rng, s.prog.layout
    for index in range(16):
        s.memory.poke(s.slot(index), POISON)
    for step in [*range(1, 17), *range(1, 17)]:
        seen = len(s.log)
        indexes = s.place(*[Cmd.tlbi_nh_all()] * step)
        s.prod = s.after(indexes[0], step)
        await s.put("CMDQ_PROD", rng.getrandbits(15) << 5 | s.prod)
        await s.consumed()
        slots = [at for burst in s.command_reads(seen) for at in burst.slots]
        assert slots == [s.slot(index) for index in indexes], f"step {step}"
        for index in indexes:
            s.memory.poke(s.slot(index), POISON)
    await s.quiet(100)
    await s.expect("CMDQ_CONS", s.prod)
    assert not await s.active()
    # positive control: the poison bites
    await s.ring(s.after(s.prod))
    await s.until_active(Gerror.CMDQ_ERR)
    assert lay.cmdq_log2 == 4
    await s.finish()


async def _refused(s: Scene, command: bytes) -> None:
    """CERROR_ILL at the command, nothing after it; then repaired as Linux does it."""
    before = await s.get("GERROR")
    index = await s.issue(command)
    await s.fails_at(index, Cerror.ILL)
    assert await s.get("GERROR") == before ^ Gerror.CMDQ_ERR, command.hex()
    await s.repair(index)
    await s.consumed()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def illegal_opcodes(dut: Any) -> None:
    """CMD-004, CMD-005, CMD-006, CMD-044, INI-018, GER-006: every opcode that is none here.

    Zero and plausible operands; caches keep what they hold; nothing leaves but command reads.
    """
    s = await Scene.start(dut)
    s.stream(SID)
    assert (await s.read(VA, SID)).ok
    rng = random.Random(4)
    plausible = (
        Cmd.tlbi_nh_va(vmid=0, asid=0, addr=VA, leaf=0),
        Cmd.cfgi_ste(sid=SID),
        Cmd.raw(rng.getrandbits(64) & ~0x4FF, rng.getrandbits(64)),
    )
    seen = len(s.log)
    misses = s.bench.misses(), s.bench.misses("cfg_miss")
    for opcode in (*RESERVED, *IMPLEMENTATION, *ABSENT):
        await _refused(s, bytes([opcode]) + bytes(15))
        if opcode in ABSENT:
            for operands in plausible:
                await _refused(s, bytes([opcode]) + operands[1:])
    assert {(b.is_write, b.id) for b in s.log[seen:]} == {(False, COMMAND_ID)}
    assert (await s.read(VA, SID)).ok
    assert (s.bench.misses(), s.bench.misses("cfg_miss")) == misses, "a cache was emptied"
    # the positive control of the counters, then the commands of ATS and PRI with SMMUEN=0
    await s.run(Cmd.tlbi_nh_all(), Cmd.cfgi_all())
    assert (await s.read(VA, SID)).ok
    assert s.bench.misses() > misses[0] and s.bench.misses("cfg_miss") > misses[1]
    await s.prog.enable(cmdqen=1, eventqen=1)
    for opcode in (0x40, 0x41):
        await _refused(s, bytes([opcode]) + bytes(15))
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def ssec_is_illegal(dut: Any) -> None:
    """CMD-007, CMD-008, GER-007: SSec=1 is refused, has no effect, and wins over being ignored."""
    s = await Scene.start(dut)
    two = s.two_faced(SID)
    assert await two.face() == "A"
    two.by_ste("B")
    for command in SSEC:
        await _refused(s, command)
        assert await two.face() == "A", f"{command.hex()} invalidated"
    await s.run(Cmd.cfgi_ste(sid=SID, leaf=1))
    assert await two.face() == "B", "the positive control"
    # answers of stalls
    space = s.prog.stream(OTHER).space(s=1)
    stalled = s.bench.read(HOLE, 8, sid=OTHER)
    (record,) = await s.prog.events(at_least=1)
    space.map(HOLE, 0x4800_0000, 0x1000)
    await _refused(s, Cmd.resume(ssec=1, sid=OTHER, stag=record.stag, ac=1))
    await _refused(s, Cmd.stall_term(ssec=1, sid=OTHER))
    await s.quiet()
    assert not stalled.finished
    await s.run(Cmd.resume(sid=OTHER, stag=record.stag, ac=1))
    assert (await s.done(stalled)).ok
    # with SMMUEN=0 a prefetch is ignored; an illegal one is illegal, also out of range
    await s.prog.enable(cmdqen=1, eventqen=1)
    await s.run(Cmd.prefetch_config(sid=SID))
    for sid in (SID, 1 << 20):
        await _refused(s, Cmd.prefetch_config(ssec=1, sid=sid))
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def reserved_bits_are_ignored(dut: Any) -> None:
    """CMD-009, GER-007: every legal command with random reserved bits; invalidations work."""
    s = await Scene.start(dut)
    two = s.two_faced(SID)
    rng = s.bench.rng

    def noisy(command: bytes) -> bytes:
        layout = COMMANDS[Op(command[0])]
        defined = 0
        for field in layout:
            defined |= field.mask
        noise = rng.getrandbits(128) & ~defined
        return (int.from_bytes(command, "little") | noise).to_bytes(16, "little")

    legal = [
        Cmd.prefetch_config(sid=SID), COMMANDS[Op.PREFETCH_ADDR].pack(sid=SID),
        Cmd.cfgi_cd_all(sid=OTHER), Cmd.tlbi_nh_all(), Cmd.tlbi_nh_asid(asid=9),
        Cmd.tlbi_nh_va(addr=VA), Cmd.tlbi_nh_vaa(addr=VA), Cmd.tlbi_s12_vmall(vmid=3),
        Cmd.tlbi_s2_ipa(addr=VA), Cmd.tlbi_nsnh_all(), Cmd.resume(sid=OTHER, stag=1, ab=1),
        Cmd.stall_term(sid=OTHER), Cmd.sync(),
    ]  # fmt: skip
    face = "A"
    for invalidate in (
        Cmd.cfgi_ste(sid=SID, leaf=1), Cmd.cfgi_ste_range(sid=SID, range=3), Cmd.cfgi_all(),
    ) * 3:  # fmt: skip
        assert await two.face() == face
        two.by_ste(face := "B" if face == "A" else "A")
        await s.issue(*(noisy(command) for command in (*legal, invalidate, Cmd.sync())))
        await s.consumed()
        assert await two.face() == face, invalidate.hex()
    sync = told(MSI, 0x600D_600D)
    for n in range(16):
        s.memory.poke32(MSI, 0)
        await s.issue(noisy(sync))
        await s.consumed()
        await s.until(lambda: s.memory.peek32(MSI) == 0x600D_600D, f"MSI {n}")
    assert not await s.active()
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def an_error_stops_at_once(dut: Any) -> None:
    """CMD-010, GER-005, GER-008: older commands done, newer ones not, until repaired."""
    s = await Scene.start(dut)
    a, b = s.two_faced(SID), s.two_faced(OTHER)
    assert (await a.face(), await b.face()) == ("A", "A")
    a.by_ste("B"), b.by_ste("B")
    first = await s.issue(
        Cmd.cfgi_ste(sid=SID, leaf=1), Cmd.sync(), POISON, Cmd.cfgi_ste(sid=OTHER, leaf=1),
        told(MSI),
    )  # fmt: skip
    bad = s.after(first, 2)
    await s.fails_at(bad, Cerror.ILL)
    await s.quiet()
    assert (await a.face(), await b.face()) == ("B", "A")
    assert not s.msis() and s.memory.peek32(MSI) == 0 and not s.bench.irqs["cmd_sync"]
    await s.expect("CMDQ_CONS", Cerror.ILL << 24 | bad)
    assert await s.active() == Gerror.CMDQ_ERR
    await s.repair(bad)
    await s.consumed()
    await s.until(lambda: s.memory.peek32(MSI) == 1, "the MSI of the last SYNC")
    assert await b.face() == "B"
    assert s.bench.irqs["cmd_sync"] == 1
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def aborted_command_reads(dut: Any) -> None:
    """CMD-011, GER-005, GER-006: CERROR_ABT names the slot, wherever it lies in a burst or lap."""
    s = await Scene.start(dut, cmdq_log2=3)
    await s.prog.write("IRQ_CTRL", gerror_irqen=1)
    for place in range(8):
        for response in ("SLVERR", "DECERR"):
            syncs = [told(MSI + 4 * k, k + 1)
                     for k in range(8)]  # fmt: skip
            s.memory.poke(MSI, bytes(32))
            indexes = s.place(*syncs)
            error = s.memory.add_error(s.slot(indexes[place]), 16, response=response, writes=False)
            gerror, pulses = await s.get("GERROR"), s.bench.irqs["gerr"]
            await s.ring(s.after(indexes[0], 8))
            await s.fails_at(indexes[place], Cerror.ABT)
            await s.quiet(100)
            assert await s.get("GERROR") == gerror ^ Gerror.CMDQ_ERR
            assert s.bench.irqs["gerr"] == pulses + 1
            done = [s.memory.peek32(MSI + 4 * k) for k in range(8)]
            assert done == [k + 1 if k < place else 0 for k in range(8)], (place, response)
            s.memory.remove_error(error)
            await s.acknowledge()
            await s.consumed()
            await s.until(lambda: s.memory.peek32(MSI + 28) == 8, "the last MSI")
            done = [s.memory.peek32(MSI + 4 * k) for k in range(8)]
            assert done == [k + 1 for k in range(8)]
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def ways_out_of_an_error(dut: Any) -> None:
    """GER-008, QUE-008, REG-039: slots rewritten, PROD moved back, CMDQEN toggled meanwhile."""
    s = await Scene.start(dut, cmdq_log2=3)

    for way in ("rewrite", "back", "toggle"):
        for _ in range(3):  # at several places of the ring
            s.memory.poke(MSI, bytes(16))
            seen = len(s.log)
            bad = await s.issue(POISON, told(MSI), told(MSI + 4))
            await s.fails_at(bad, Cerror.ILL)
            if way == "toggle":
                await s.prog.enable(smmuen=1, eventqen=1)
                await s.prog.enable(smmuen=1, eventqen=1, cmdqen=1)
                await s.quiet(100)
                await s.fails_at(bad, Cerror.ILL)
            if way == "back":
                await s.ring(bad)
                await s.acknowledge()
                await s.quiet(100)
                assert await s.cons() == bad and not s.msis(seen)
                await s.issue(told(MSI + 8))
                want = [0, 0, 1]
            else:
                # told(1) was perhaps read ahead: it must not be executed (QUE-008)
                for k, command in enumerate((Cmd.sync(), told(MSI), told(MSI + 8))):
                    s.memory.poke(s.slot(s.after(bad, k)), command)
                await s.acknowledge()
                want = [1, 0, 1]
            await s.consumed()
            await s.until(lambda: s.memory.peek32(MSI + 8) == 1, "the last MSI")
            assert [s.memory.peek32(MSI + 4 * k) for k in range(3)] == want, way
            assert len(s.msis(seen)) == sum(want), "executed more than once"
            # nothing was read again later than the acknowledgement asked for
            slots = slot_address(s.prog.layout.cmdq, 3, bad, 16)
            assert s.reads_of(slots, 16, seen)
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def inconsistent_and_rewound_prod(dut: Any) -> None:
    """QUE-004, QUE-010: a PROD without sense stops reads; one moved back is taken literally."""
    s = await Scene.start(dut, cmdq_log2=3)
    await s.run(*[Cmd.tlbi_nh_all()] * 4)
    start = s.prod
    for used in range(9, 16):
        seen = len(s.log)
        await s.put("CMDQ_PROD", (start + used) & 15)
        await s.quiet(60)
        assert not s.command_reads(seen), f"{used} of 8 entries used, yet read"
        await s.put("CMDQ_PROD", start)
    # at enable
    await s.prog.enable(smmuen=1, eventqen=1)
    await s.put("CMDQ_PROD", (start + 9) & 15)
    seen = len(s.log)
    await s.prog.enable(smmuen=1, eventqen=1, cmdqen=1)
    await s.quiet(60)
    assert not s.command_reads(seen)
    await s.put("CMDQ_PROD", start)
    await s.run(Cmd.tlbi_nh_all())
    # moved back while running: what lies between CONS and PROD is executed, nothing else breaks
    for wait in (0, 3, 10, 20, 40):
        s.memory.poke(MSI, bytes(32))
        first = s.prod
        s.place(*(told(MSI + 4 * k)
                  for k in range(6)))  # fmt: skip
        await s.put("CMDQ_PROD", s.after(first, 6))
        await s.bench.cycles(wait)
        done = (await s.cons() - first) & 15
        back = max(done + 1, 3)
        await s.ring(s.after(first, min(back, 6)))
        await s.quiet(300)
        # CONS may have passed the new PROD before it came; then the queue is inconsistent
        count = (await s.cons() - first) & 15
        assert count <= 6
        assert [s.memory.peek32(MSI + 4 * k) for k in range(6)] == [1] * count + [0] * (6 - count)
        await s.ring(s.after(first, count))
        await s.run()
    assert not await s.active()
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def streamids_out_of_range(dut: Any) -> None:
    """CMD-013: a StreamID above 2^SIDSIZE makes a command a no-op; its low bits alias nothing."""
    s = await Scene.start(dut)
    two = s.two_faced(SID)
    assert await two.face() == "A"
    two.by_ste("B")
    two.by_cd("B")
    for high in (1 << 16, 1 << 24, 1 << 31):
        sid = high | SID
        for command in (
            Cmd.cfgi_ste(sid=sid, leaf=1), Cmd.cfgi_ste(sid=sid), Cmd.cfgi_ste_range(sid=sid),
            Cmd.cfgi_cd(sid=sid, leaf=1), Cmd.cfgi_cd_all(sid=sid), Cmd.prefetch_config(sid=sid),
        ):  # fmt: skip
            await s.run(command)
            assert await two.face() == "A", f"{command.hex()} reached 0x{SID:x}"
    space = s.prog.stream(OTHER).space(s=1)
    stalled = s.bench.read(HOLE, 8, sid=OTHER)
    (record,) = await s.prog.events(at_least=1)
    space.map(HOLE, 0x4800_0000, 0x1000)
    for command in (
        Cmd.resume(sid=1 << 16 | OTHER, stag=record.stag, ac=1),
        Cmd.stall_term(sid=1 << 16 | OTHER),
    ):
        await s.run(command)
        await s.quiet(300)
        assert not stalled.finished, command.hex()
    await s.run(Cmd.resume(sid=OTHER, stag=record.stag, ac=1))
    assert (await s.done(stalled, LIMIT)).ok
    await s.run(Cmd.cfgi_ste(sid=SID, leaf=1))
    assert await two.face() == "B" and not await s.active()
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def prefetches_do_nothing(dut: Any) -> None:
    """CMD-014, CMD-015, INI-015: no read, no event, no error, with SMMUEN 0 and 1."""
    s = await Scene.start(dut)
    s.stream(SID)
    addr = COMMANDS[Op.PREFETCH_ADDR]
    hints = [Cmd.prefetch_config(sid=sid, ssv=ssv, ssid=ssid)
             for sid in (SID, OTHER, 0xFFFF, 1 << 20)
             for ssv, ssid in ((0, 0), (1, 3))]  # fmt: skip
    for sid in (SID, OTHER, 0xFFFF):
        for size in (0, 1, 31):
            for stride in (0, 31):
                hints += [addr.pack(sid=sid, size=size, stride=stride, addr=at)
                          for at in (0, VA, HOLE, (1 << 64) - 4096)]  # fmt: skip
    for cr0 in ({"smmuen": 1}, {}):
        await s.prog.enable(cmdqen=1, eventqen=1, **cr0)
        seen = len(s.log)
        for k in range(0, len(hints), 16):
            await s.run(*hints[k : k + 16])
        await s.quiet()
        assert {(b.is_write, b.id) for b in s.log[seen:]} == {(False, COMMAND_ID)}
    assert not await s.active() and not await s.prog.events()
    # the positive control: traffic does read
    await s.prog.enable(cmdqen=1, eventqen=1, smmuen=1)
    assert (await s.read(VA, SID)).ok and s.walk_reads()
    await s.finish()
