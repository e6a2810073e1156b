# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_cmdq: every command and its effect, order, errors, rings, interrupts, speed."""

from __future__ import annotations

from itertools import product

import cocotb
from cocotb.triggers import Timer

from tb.models.fields import COMMANDS, Cerror, Cmd, Op, SyncCs, TlbiTg
from tb.models.smmu_ref.attributes import bus_cache, of_cr1_fields
from tb.models.smmu_ref.commands import LEGAL_OPS
from tests.unit.cmdq_bench import Bench, effect, msi_of, random_command, sync, visible

ALL_OPS = tuple(sorted(LEGAL_OPS))
NO_SYNC = tuple(op for op in ALL_OPS if op is not Op.SYNC)
BY_ADDRESS = (Op.TLBI_NH_VA, Op.TLBI_NH_VAA, Op.TLBI_S2_IPA)
TIMEOUT = dict(timeout_time=5, timeout_unit="ms")
TLBI = Cmd.tlbi_nh_va(vmid=1, asid=2, addr=0x1000)


def ordered(log: list) -> list:
    """An MSI may be taken after effects of later commands: compare those streams apart."""
    return [e for e in log if e[0] != "msi"], [e for e in log if e[0] == "msi"]


# ---- every command --------------------------------------------------------------------------


@cocotb.test(**TIMEOUT)
async def test_cmdq_smoke(dut) -> None:
    """CMD-001, CMD-012, CMD-034: one of each kind, consumed in order with the right effects."""
    b = await Bench(dut).start()
    batch = [
        Cmd.cfgi_ste(sid=5, leaf=1), TLBI, sync(SyncCs.IRQ, msiaddr=0x1004, msidata=7),
        Cmd.prefetch_config(sid=1), Cmd.resume(sid=9, stag=0x1234, ac=1),
        Cmd.stall_term(sid=9), Cmd.cfgi_all(), sync(),
    ]  # fmt: skip
    await b.feed(batch)
    await b.step(5)
    assert ordered(b.done()) == ordered(visible(batch))
    assert len(b.when("cons")) == len(batch)


@cocotb.test(**TIMEOUT)
async def test_cmdq_every_command(dut) -> None:
    """CMD-009, CMD-013..025, TLB-001..027: random fields and reserved bits, every VMW."""
    b = await Bench(dut).start(log2=4)
    for vmw in range(8):
        b.vmw, b.log = vmw, []
        batch = [random_command(b.rng, (op,)) for op in ALL_OPS for _ in range(4)]
        b.rng.shuffle(batch)
        await b.feed(batch)
        await b.step(5)
        assert ordered(b.done()) == ordered(visible(batch, vmw))


@cocotb.test(**TIMEOUT)
async def test_cmdq_ranges(dut) -> None:
    """TLB-002..010: starts, ends and hints at the corners of the arithmetic."""
    b = await Bench(dut).start(log2=4)
    addresses = (0, 0x5000, 0x4010_3000, 0x7FFF_FFFF_F000, 0xFFFF_FFFF_FFFF_F000, 0xFF80 << 48)
    batch = []
    for tg, ttl in product(TlbiTg, range(4)):
        for num, scale in ((0, 0), (31, 31), (31, 0), (0, 31), (1, 9), (2, 17)):
            for address in b.rng.sample(addresses, 2):
                op = b.rng.choice(BY_ADDRESS)
                fields = dict(num=num, scale=scale, vmid=3, ttl=ttl, tg=tg, leaf=b.rng.randrange(2))
                if op is Op.TLBI_S2_IPA:
                    fields["ipa"] = address & ((1 << 56) - 1)
                else:
                    fields["addr"] = address
                command = COMMANDS[op].pack(**fields)
                if effect(command)[0] != "ill":
                    batch.append(command)
    await b.feed(batch)
    assert b.done() == visible(batch)
    assert len(batch) > 80


@cocotb.test(**TIMEOUT)
async def test_cmdq_stream_blocks(dut) -> None:
    """CMD-013, CMD-019, CMD-020: every Range with StreamIDs on both sides of 2^16."""
    b = await Bench(dut).start(log2=5)
    sids = (0, 0x8001, 0xFFFF, 0x1_0000, 0x1_8000, 0x8000_0000, 0xFFFF_FFFF)
    batch = [Cmd.cfgi_ste_range(sid=s, range=r) for r in range(32) for s in sids]
    kinds = {effect(c)[0] for c in batch}
    await b.feed(batch)
    assert b.done() == visible(batch) and kinds == {"inv", "noop"}


# ---- errors -----------------------------------------------------------------------------------


@cocotb.test(**TIMEOUT)
async def test_cmdq_illegal(dut) -> None:
    """CMD-004..008, CMD-033, CMD-044, TLB-008, TLB-028: all opcodes and illegal parameters.

    Each is repaired as Linux does it: a CMD_SYNC over the bad slot, then GERRORN.
    """
    b = await Bench(dut).start(log2=2)
    bad = [Cmd.raw(op, b.rng.getrandbits(64)) for op in range(256) if op not in LEGAL_OPS]
    bad += [Cmd.raw(int(op) | 1 << 10, 0) for op in ALL_OPS if "ssec" in COMMANDS[op].fields]
    # the illegal outcome wins over a StreamID out of range (CMD-008)
    bad += [Cmd.cfgi_ste(ssec=1, sid=1 << 20), Cmd.raw(int(Op.SYNC) | 3 << 12)]
    for op, tg in product(BY_ADDRESS, (1, 2, 3)):
        for ttl in (0, 1) if tg == 2 else (0,):
            bad.append(COMMANDS[op].pack(tg=tg, ttl=ttl))
    for command in bad:
        assert effect(command)[0] == "ill"
        b.log = []
        b.gerr_latency = b.rng.randint(1, 6)
        (slot, _) = b.write(command, TLBI)
        assert await b.failed() == (Cerror.ILL, slot), command.hex()
        await b.step(b.rng.randint(1, 12))
        assert b.done() == []
        b.memory[b.ring.address(slot)] = sync(SyncCs.SEV)
        b.acknowledge()
        await b.drained()
        assert b.done() == visible([sync(SyncCs.SEV), TLBI])


@cocotb.test(**TIMEOUT)
async def test_cmdq_error_positions(dut) -> None:
    """CMD-010, CMD-011, GER-005..008, QUE-008: error at every place of a burst and of the ring.

    Older commands are consumed, newer ones leave no trace, all is read again after GERRORN.
    """
    b = await Bench(dut).start(log2=3)
    for place, kind in product(range(8), ("ill", "abort")):
        b.log, b.reads = [], []
        b.latency = (1, b.rng.choice((1, 20)))
        b.gerr_latency = b.rng.randint(1, 8)
        batch = [random_command(b.rng, NO_SYNC) for _ in range(8)]
        slots = b.write(*batch)
        where = b.ring.address(slots[place])
        if kind == "ill":
            b.memory[where] = Cmd.raw(0xFF)
        else:
            b.aborts.add(where)
        code, cons = await b.failed()
        assert (code, cons) == (Cerror.ILL if kind == "ill" else Cerror.ABT, slots[place])
        await b.step(30)
        assert b.done() == visible(batch[:place]) and b.cons == slots[place]
        assert b.done("gerr") == [("gerr", code)]
        # everything not consumed may have changed meanwhile
        b.aborts.clear()
        again = [random_command(b.rng, NO_SYNC) for _ in batch[place:]]
        for slot, command in zip(slots[place:], again, strict=True):
            b.memory[b.ring.address(slot)] = command
        b.log = []
        b.acknowledge()
        await b.drained()
        assert b.done() == visible(again)


@cocotb.test(**TIMEOUT)
async def test_cmdq_error_recoveries(dut) -> None:
    """GER-008: PROD moved back to CONS; CMDQEN toggled while the error is active."""
    b = await Bench(dut).start(log2=3)
    for _ in range(3):
        (slot, _) = b.write(Cmd.raw(0x99), TLBI)
        await b.failed()
        await b.step(5)
        b.log, b.prod = [], slot
        b.acknowledge()
        await b.step(30)
        assert b.log == [] and b.dut.idle_o.value == 1
        b.write(TLBI)
        await b.drained()
        assert b.done() == visible([TLBI])

        (slot,) = b.write(Cmd.raw(0x99))
        await b.failed()
        await b.disable()
        b.en = 1
        await b.step(30)
        assert b.cons == slot and b.error_active, "CMDQEN does not clear the error"
        b.memory[b.ring.address(slot)] = TLBI
        b.log = []
        b.acknowledge()
        await b.drained()
        assert b.done() == visible([TLBI])


@cocotb.test(**TIMEOUT)
async def test_cmdq_error_is_never_missed(dut) -> None:
    """GER-001, GER-004: GERRORN written in any cycle around the error: neither is lost."""
    b = await Bench(dut).start(log2=3)
    for latency, after in product((1, 3), range(24)):
        b.gerr_latency = latency
        (slot,) = b.write(Cmd.raw(0x99))
        await b.step(after)
        b.gerrorn ^= 1  # toggled though perhaps inactive: the queue halts until it goes back
        await b.step(2)
        b.gerrorn ^= 1
        code, cons = await b.failed()
        assert (code, cons) == (Cerror.ILL, slot)
        b.memory[b.ring.address(slot)] = TLBI
        await b.step(8)
        b.acknowledge()
        await b.drained()


# ---- rings --------------------------------------------------------------------------------------


@cocotb.test(**TIMEOUT)
async def test_cmdq_rings(dut) -> None:
    """QUE-001..003, QUE-007, QUE-016: sizes 1..64, any start index, enabled full, many laps."""
    b = await Bench(dut).start()
    for log2 in (0, 1, 2, 3, 6):
        for index in (0, (1 << log2) - 1, b.rng.getrandbits(log2 + 1)):
            base = b.rng.getrandbits(48)
            await b.place(log2=log2, base=base, index=index)
            b.en, b.log = 0, []
            full = [random_command(b.rng, NO_SYNC) for _ in range(1 << log2)]
            b.write(*full)
            await b.step(4)
            b.en = 1  # QUE-006: enabling a queue that is not empty starts it
            await b.drained()
            laps = [random_command(b.rng, ALL_OPS) for _ in range(5 << min(log2, 3))]
            await b.feed(laps)
            await b.step(5)
            assert ordered(b.done()) == ordered(visible(full + laps))


@cocotb.test(**TIMEOUT)
async def test_cmdq_inconsistent(dut) -> None:
    """QUE-004: while PROD is more than a queue ahead of CONS nothing is read or executed."""
    b = await Bench(dut).start(log2=3, index=5)
    b.latency = (1, 9)
    for used in range(9, 16):
        b.log, b.reads = [], []
        start = b.prod
        b.prod = (start + used) & b.ring.mask
        await b.step(25)
        assert b.log == [] and b.reads == []
        b.prod = start
        b.write(TLBI, TLBI)
        await b.step(b.rng.randrange(12))
        # and with commands read ahead; the one that executes and one taken in the cycle of the
        # write may still move CONS
        good, b.prod = b.prod, (b.cons + max(used, 11)) & b.ring.mask
        await b.step(30)
        b.prod = good
        await b.drained()
        assert b.done() == visible([TLBI, TLBI])


@cocotb.test(**TIMEOUT)
async def test_cmdq_prod_back(dut) -> None:
    """QUE-010: PROD moves back over commands read ahead: they are not executed, new ones are."""
    b = await Bench(dut).start(log2=4)
    b.check_region = False
    for wait in range(40):
        b.log = []
        b.latency = (b.rng.randint(1, 12),) * 2
        b.ready["inv"] = 0.2
        old = [Cmd.tlbi_nh_all(vmid=0x100 + i) for i in range(12)]
        new = [Cmd.tlbi_nh_all(vmid=0x200 + i) for i in range(6)]
        b.write(*old)
        await b.step(wait)
        b.prod = (b.cons + 2) & b.ring.mask if (b.prod - b.cons) & b.ring.mask > 2 else b.prod
        back = b.prod
        await b.step(1)
        for i, command in enumerate(new):
            b.memory[b.ring.address(back + i)] = command
        b.prod = (back + len(new)) & b.ring.mask
        await b.drained()
        done = [what["vmid"] for _, what in b.done()]
        kept = len(done) - len(new)
        assert done == [0x100 + i for i in range(kept)] + [0x200 + i for i in range(6)]


@cocotb.test(**TIMEOUT)
async def test_cmdq_disable(dut) -> None:
    """QUE-008, QUE-014, REG-038: CMDQEN=0 at any moment: reads in, CONS final, then new content."""
    b = await Bench(dut).start(log2=3)
    b.latency, b.sync_delay, b.ready["ar"] = (1, 20), (1, 20), 0.5
    for wait in range(40):
        b.log = []
        batch = [random_command(b.rng, ALL_OPS) for _ in range(7)]
        slots = b.write(*batch)
        await b.step(wait)
        await b.disable()
        assert not b.beats, "a command read is out (QUE-014)"
        consumed = (b.cons - slots[0]) & b.ring.mask
        reads = len(b.reads)
        await b.step(30)
        assert len(b.reads) == reads, "a command read after the ACK (REG-038)"
        assert (b.cons - slots[0]) & b.ring.mask == consumed
        assert ordered(b.done()) == ordered(visible(batch[:consumed]))
        rest = [random_command(b.rng, ALL_OPS) for _ in slots[consumed:]]
        for slot, command in zip(slots[consumed:], rest, strict=True):
            b.memory[b.ring.address(slot)] = command
        b.en, b.log = 1, []
        await b.drained()
        await b.step(5)
        assert ordered(b.done()) == ordered(visible(rest))


@cocotb.test(**TIMEOUT)
async def test_cmdq_cons_write(dut) -> None:
    """CMDQ_CONS writes: RD and ERR while disabled; bits above the wrap bit read 0 (QUE-002)."""
    b = await Bench(dut).start(log2=3)
    await b.disable()
    b.prod = 0xD
    await b.write_cons(0x55 << 24 | 0xFFFFD)
    assert (b.cons, int(dut.err_code_o.value)) == (0xD, 0x55)
    b.en = 1
    await b.step(10)
    b.write(TLBI)
    await b.drained()
    assert b.done() == visible([TLBI])


# ---- CMD_SYNC ---------------------------------------------------------------------------------


@cocotb.test(**TIMEOUT)
async def test_cmdq_sync_order(dut) -> None:
    """CMD-034, CMD-040, QUE-012: the SYNC ends before CONS, CONS before interrupt and MSI."""
    b = await Bench(dut).start(log2=3)
    b.sync_delay = (1, 30)
    done = sync(SyncCs.IRQ, msiaddr=0x4000, msidata=1)
    for _ in range(12):
        b.log = []
        await b.feed([TLBI, done, Cmd.cfgi_ste(sid=3)])
        await b.step(3)
        kinds = [kind for kind, _, _ in b.log if kind not in ("msi_done",)]
        assert kinds[:4] == ["inv", "cons", "sync", "cons"]
        assert set(kinds[4:6]) == {"irq", "msi"} and kinds[6:] == ["inv", "cons"]
        passed = b.when("cons")[1]
        assert b.when("irq") == [passed] and b.when("msi") == [passed]


@cocotb.test(**TIMEOUT)
async def test_cmdq_sync_signals(dut) -> None:
    """CMD-028..033, IRQ-012: every CS with MSI addresses of none, high bits only, and any."""
    b = await Bench(dut).start(log2=4)
    addresses = (0, 4, 1 << 48, 1 << 55, (1 << 56) - 4, 0x1234_5678_9ABC)
    batch = [
        sync(cs, msiaddr=a, msidata=b.rng.getrandbits(32), msiattr=b.rng.randrange(16), msh=sh)
        for cs, a, sh in product((SyncCs.NONE, SyncCs.IRQ, SyncCs.SEV), addresses, range(4))
    ]
    await b.feed(batch)
    await b.step(5)
    assert ordered(b.done()) == ordered(visible(batch))
    # a non-zero address above the output size goes to address 0 (CMD-031)
    high = [m for _, m in b.done("msi") if m[0] == 0]
    assert len(high) == 8 and len(b.done("msi")) == 20 and len(b.done("irq")) == 24


@cocotb.test(**TIMEOUT)
async def test_cmdq_msi_order(dut) -> None:
    """CMD-041, IRQ-011, GER-010: a SYNC waits for the MSI of the one before, visible or aborted."""
    b = await Bench(dut).start(log2=4)
    b.msi_delay, b.msi_aborts, b.ready["msi"] = (1, 40), 0.4, 0.3
    batch = []
    for i in range(40):
        batch.append(sync(SyncCs.IRQ, msiaddr=0x1000 + 4 * i, msidata=i))
        batch += [TLBI] * b.rng.randrange(3)
    await b.feed(batch, limit=1000)
    await b.step(80)
    assert b.done("msi") == [("msi", msi_of(c)) for c in batch if c is not TLBI]
    assert len(b.done("gerr_msi")) > 3
    # between two MSI requests lies the response of the first; CONS of the next comes after it
    stream = [(kind, at) for kind, _, at in b.log if kind in ("irq", "msi_done")]
    assert [kind for kind, _ in stream] == ["irq", "msi_done"] * 40
    assert all(b2 > a2 for (_, a2), (_, b2) in zip(stream, stream[1:], strict=False))


@cocotb.test(**TIMEOUT)
async def test_cmdq_msi_outlives_disable(dut) -> None:
    """QUE-014, IRQ-011: CMDQEN=0 does not wait for an MSI, the next SYNC after enabling does."""
    b = await Bench(dut).start(log2=3)
    b.msi_delay = (60, 60)
    await b.feed([sync(SyncCs.IRQ, msiaddr=0x40)])
    await b.step(2)
    start = b.cycle
    await b.disable()
    assert b.cycle < start + 10
    b.en = 1
    await b.feed([TLBI, sync()])
    assert b.when("cons")[-1] > b.when("msi_done")[0] > b.when("inv")[0]


# ---- pins and speed ---------------------------------------------------------------------------


@cocotb.test(**TIMEOUT)
async def test_cmdq_attributes(dut) -> None:
    """ATT-029..031, MEM-004: ARCACHE and ARDOMAIN of command reads for all codes."""
    await Bench(dut).start()
    for inner, outer, sh, hint in product(range(4), range(4), range(4), range(2)):
        dut.queue_ic_i.value, dut.queue_oc_i.value = inner, outer
        dut.queue_sh_i.value, dut.ra_i.value = sh, hint
        await Timer(1, "ps")
        want = bus_cache(of_cr1_fields(inner, outer, sh, hint), True)
        got = int(dut.ar_cache_o.value), int(dut.ar_domain_o.value)
        assert got == want, (inner, outer, sh, hint)


@cocotb.test(**TIMEOUT)
async def test_cmdq_speed(dut) -> None:
    """QUE-015: 256 TLBI below 256*L/4 cycles at latency L=100; near memory: 4 cycles each."""
    b = await Bench(dut).start(log2=8)
    for latency, limit in ((100, 256 * 25), (30, 256 * 8), (4, 256 * 4)):
        b.latency = (latency, latency)
        b.write(*[TLBI] * 256)
        start = b.cycle
        await b.drained()
        took = b.cycle - start
        dut._log.info("256 TLBI, latency %d: %d cycles", latency, took)
        assert took < limit


@cocotb.test(**TIMEOUT)
async def test_cmdq_random(dut) -> None:
    """CMD-002, CMD-003, QUE-007: all commands, errors, disables and every kind of back-pressure."""
    b = await Bench(dut).start(log2=4)
    rng, want = b.rng, []
    for _ in range(25):
        for name in b.ready:
            b.ready[name] = rng.choice((1.0, 0.6, 0.15))
        b.latency = (1, rng.choice((1, 6, 30)))
        b.sync_delay = b.msi_delay = (1, rng.choice((1, 25)))
        b.gerr_latency = rng.randint(1, 4)
        batch = [random_command(rng, ALL_OPS) for _ in range(rng.randint(1, 16))]
        broken = rng.randrange(len(batch)) if rng.random() < 0.4 else None
        while b.room() < len(batch):
            await b.step()
        slots = b.write(*batch)
        if broken is not None:
            where = b.ring.address(slots[broken])
            good, b.memory[where] = b.memory[where], Cmd.raw(0xEE)
            assert await b.failed() == (Cerror.ILL, slots[broken])
            await b.step(rng.randrange(20))
            b.memory[where] = good
            b.acknowledge()
        if rng.random() < 0.3:
            await b.step(rng.randrange(60))
            await b.disable()
            b.en = 1
        want += batch
    await b.drained()
    await b.step(200)
    assert ordered(b.done()) == ordered(visible(want))
