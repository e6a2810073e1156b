# SPDX-License-Identifier: Apache-2.0
"""Broadcast invalidation (DVM): scope of every message, what is ignored, PTM, VMW, Sync."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.bfm import dvm
from tb.bfm.dvm import Part, tlbi
from tb.models.fields import REG, Cmd
from tests.smmu.scope_scene import ALL, ASID, OTHER_ASID, OTHER_VMID, VMID, Population
from tests.smmu.stage1_tests import HIGH, PAGE, SID
from tests.smmu.stage2_tests import only
from tests.smmu.walk_scene import COUNTED, LIMIT, Probe, WalkScene

VA = 0x12_3456_7000
STAGE1 = set("abkghnu")
QUIET = 600  # cycles in which a Sync that waits for nothing has long been completed


@cocotb.test(timeout_time=16, timeout_unit="ms")
async def scope_of_each_message(dut: Any) -> None:
    """DVM-001..004, TAG-007, TAG-009, TLB-038: pages move; who is in scope is at the new one."""
    s = await WalkScene.start(dut)
    p = Population(s)
    await p.warm()
    rows: list[tuple[str, list[Part], set[str]]] = [
        ("ALLE1", tlbi(), ALL),
        ("VMALLS12E1", tlbi(vmid=VMID), STAGE1 | {"s"}),
        ("VMALLS12E1 other", tlbi(vmid=OTHER_VMID), set("vmt")),
        ("VMALLE1", tlbi(vmid=VMID, stage=1), STAGE1),
        ("VMALLE1 other", tlbi(vmid=OTHER_VMID, stage=1), set("vm")),
        ("VMALLE1 nobody", tlbi(vmid=9, stage=1), set()),
        # ASET=1 opts out of what names an ASID; global entries stay as with the command
        ("ASIDE1", tlbi(vmid=VMID, asid=ASID, stage=1), set("an")),
        ("ASIDE1 v8", tlbi(vmid=VMID, asid=ASID), set("an")),
        ("ASIDE1 other", tlbi(vmid=VMID, asid=OTHER_ASID, stage=1), set("b")),
        ("ASIDE1 VMID", tlbi(vmid=OTHER_VMID, asid=ASID, stage=1), set("vm")),
        ("IPAS2E1", tlbi(vmid=VMID, stage=2, addr=p.addr("s")), {"s"}),
        ("IPAS2LE1 other", tlbi(vmid=OTHER_VMID, stage=2, addr=p.addr("t"), leaf=True), {"t"}),
        ("IPAS2E1 of a VA", tlbi(vmid=VMID, stage=2, addr=p.addr("a")), set()),
    ]
    for name in sorted(STAGE1 | set("vm")):
        vmid = OTHER_VMID if name in "vm" else VMID
        asid = OTHER_ASID if name == "b" else ASID
        addr, kept = p.addr(name), name in "kuh"
        mine = set() if kept else {name}
        hit = {"g"} if name == "g" else set()  # global, ASET=0: any ASID
        leaf = name in "akn"
        rows += [
            (f"VAE1 {name}", tlbi(vmid=vmid, asid=asid, addr=addr, stage=1, leaf=leaf), mine),
            (f"VAE1 {name} ASID", tlbi(vmid=vmid, asid=7, addr=addr, stage=1), hit),
            (f"VAE1 {name} VMID", tlbi(vmid=9, asid=asid, addr=addr, stage=1), set()),
            (f"VAAE1 {name}", tlbi(vmid=vmid, addr=addr, stage=1, leaf=leaf), {name}),
            (f"VAAE1 {name} VMID", tlbi(vmid=9, addr=addr, stage=1), set()),
        ]
    for what, message, want in rows:
        gone = await p.removed(lambda message=message: s.broadcast(message))
        assert gone == want, f"{what}: removed {sorted(gone)}, not {sorted(want)}"
    # DVM-003, TAG-009: by IPA of a nested page only stage 2 goes, whatever the ASET
    for name in "nu":
        ipa = p.who[name].ipa
        message = tlbi(vmid=VMID, stage=2, addr=ipa)
        assert await p.removed(lambda message=message: s.broadcast(message)) == set()
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def stage2_is_not_protected(dut: Any) -> None:
    """DVM-003: ASET=1: after IPAS2E1 of a stage 1 table's page the next walk takes its new page."""
    s = await WalkScene.start(dut)
    memory = s.bench.memory
    for aset, leaf in ((0, False), (1, False), (1, True)):
        sid = SID + 2 * aset + leaf
        stream = s.prog.stream(sid, s2=True, s2vmid=sid)
        space = stream.space(asid=1, aset=aset)
        for page in range(2):
            space.map(VA + 0x1000 * page, stream.ipa(PAGE + 0x1000 * page), 0x1000)
            stream.lend(PAGE + 0x1000 * page, 0x1000)
        assert (await s.access(VA, sid)).pa == PAGE
        table = space.entry_address(VA, 3) & ~0xFFF
        new = s.prog.alloc(0x1000, 0x1000)
        memory.poke(new, memory.peek(table - stream.ipa(0), 0x1000))
        stream.stage2.split(table)
        stream.stage2.map(table, new, 0x1000)
        await s.broadcast(tlbi(vmid=sid, stage=2, addr=table, leaf=leaf),
                          tlbi(vmid=sid, addr=VA, stage=1, leaf=True))  # fmt: skip
        seen = await s.access(VA, sid)
        assert seen.pa == PAGE
        assert any(f.addr & ~0xFFF == new for f in seen.fetches), f"ASET={aset}: the old page"
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def other_messages_are_only_answered(dut: Any) -> None:
    """DVM-009, DVM-010, DVM-018, TAG-011: other worlds and kinds: CR and Complete, no effect."""
    s = await WalkScene.start(dut)
    p = Population(s)
    await p.warm()
    messages = []
    for exception in range(4):
        for security in range(4):
            if (exception, security) == (dvm.EXC_GUEST, dvm.SEC_NON_SECURE):
                continue
            who = {"exception": exception, "security": security}
            messages += [tlbi(**who), tlbi(vmid=VMID, stage=1, **who),
                         tlbi(vmid=VMID, asid=ASID, addr=p.addr("a"), stage=1, **who),
                         tlbi(vmid=VMID, addr=p.addr("s"), stage=2, **who)]  # fmt: skip
    messages.append(tlbi(vmid=VMID, stage=3, addr=p.addr("s")))  # granule protection
    for kind in (dvm.TYPE_BPI, dvm.TYPE_PICI, dvm.TYPE_VICI, dvm.TYPE_HINT):
        messages += [dvm.other(kind), dvm.other(kind, 0xFFFF_0000_0000)]

    async def send() -> None:
        for message in messages:
            resps = await s.bench.dvm.send(message)
            assert len(resps) == len(message) and not any(resps), f"{message}"
        await s.broadcast()

    assert await p.removed(send) == set(), "something was invalidated"
    # positive control: one of ours between them
    among = (messages[0], tlbi(vmid=VMID, stage=1), messages[-1])
    assert await p.removed(lambda: s.broadcast(*among)) == STAGE1
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def participation(dut: Any) -> None:
    """DVM-007, DVM-008, TAG-010: PTM resets to 1 and keeps entries; Syncs complete either way."""
    s = await WalkScene.start(dut, run=False)
    cr2 = REG["CR2"].unpack(await s.read32(REG["CR2"].offset))
    assert cr2.ptm == 1, "reset value"
    await s.prog.start()
    p = Population(s)
    for ptm in (1, 0, 1):
        await s.prog.enable()
        await s.prog.write("CR2", recinvsid=1, ptm=ptm)
        await s.prog.enable(smmuen=1, cmdqen=1, eventqen=1)
        took = await s.broadcast(tlbi(), tlbi(vmid=VMID, stage=1))  # right after the ACK
        assert not ptm or took < QUIET, f"{took} cycles with PTM=1"
        await p.warm()
        gone = await p.removed(lambda: s.broadcast(tlbi(), tlbi(vmid=VMID, stage=1)))
        assert gone == (set() if ptm else ALL), f"PTM={ptm}: {gone}"
        if ptm:
            await s.prog.enable()
            await s.prog.write("CR2", recinvsid=1, ptm=0)
            await s.prog.enable(smmuen=1, cmdqen=1, eventqen=1)
            await s.broadcast(tlbi())  # the very first thing with PTM=0
            assert await p.touch() == ALL
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def tags_of_messages(dut: Any) -> None:
    """DVM-012, TAG-012: all 16 bits of ASID and VMID; 8-bit originators; no VMID is VMID 0."""
    s = await WalkScene.start(dut)
    probes = {}
    for number, (vmid, asid) in enumerate(
        ((0x34, 0x34), (0x34, 0x134), (0x134, 0x34), (0x8034, 0x34), (0, 0x34), (0, 0x134))
    ):
        tree = s.prog.stream(0x40 + number, s2vmid=vmid).space(asid=asid)
        tree.map(VA + 0x1000 * number, PAGE + 0x1000 * number, 0x1000)
        probes[vmid, asid] = Probe(VA + 0x1000 * number, 0x40 + number)
    await s.warm(probes)
    for vmid, asid in probes:
        addr = probes[vmid, asid].addr
        for message in (tlbi(vmid=vmid, asid=asid, stage=1),
                        tlbi(vmid=vmid, asid=asid, addr=addr, stage=1)):  # fmt: skip
            await s.broadcast(message)
            assert await s.missing(probes) == {(vmid, asid)}, f"{vmid:x}/{asid:x}"
        same = {other for other in probes if other[0] == vmid}
        await s.broadcast(tlbi(vmid=vmid, stage=1))
        assert await s.missing(probes) == same
    await s.broadcast(tlbi(asid=0x34, stage=1))
    gone = await s.missing(probes)
    assert (0, 0x34) in gone, "a PE without EL2 is VMID 0"
    assert not any(asid == 0x134 for _, asid in gone), f"{gone}: 16 bits of ASID"
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def wildcards_of_messages(dut: Any) -> None:
    """DVM-013, TAG-017: CR0.VMW masks VMIDs of broadcasts as of commands."""
    s = await WalkScene.start(dut)
    vmids = (0x20, 0x21, 0x22, 0x24, 0x28, 0x2F, 0x30)
    probes, pages = {}, {}
    for number, vmid in enumerate(vmids):
        tree = s.prog.stream(0x40 + number, s2vmid=vmid).space(asid=1)
        tree.map(VA + 0x1000 * number, PAGE + 0x1000 * number, 0x1000)
        probes[vmid] = Probe(VA + 0x1000 * number, 0x40 + number)
        tree = only(s, 0x60 + number)
        s.prog.stream(0x60 + number, s1=False, s2=tree, s2vmid=vmid)
        tree.map(VA + 0x20_0000, PAGE + 0x1000 * number, 0x1000)
        pages[vmid] = Probe(VA + 0x20_0000, 0x60 + number)
    for vmw in range(8):
        await s.prog.enable(smmuen=1, cmdqen=1, eventqen=1, vmw=vmw)
        await s.invalidate(Cmd.tlbi_nsnh_all())
        mask = ~((1 << (vmw if vmw <= 4 else 0)) - 1)
        await s.missing(probes)
        assert not await s.missing(probes), "lookups use all bits"
        for vmid in (0x20, 0x21):
            want = {other for other in vmids if not (other ^ vmid) & mask}
            await s.broadcast(tlbi(vmid=vmid, stage=1))
            assert await s.missing(probes) == want, f"VMW={vmw} VMALLE1"
        await s.broadcast(tlbi(vmid=0x20, asid=1, addr=probes[0x21].addr, stage=1))
        want = {0x21} if 1 <= vmw <= 4 else set()
        assert await s.missing(probes) == want, f"VMW={vmw} VAE1"
        await s.missing(pages)
        assert not await s.missing(pages)
        await s.broadcast(tlbi(vmid=0x20, stage=2, addr=VA + 0x20_0000))
        want = {other for other in vmids if not (other ^ 0x20) & mask}
        assert await s.missing(pages) == want, f"VMW={vmw} IPAS2E1"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def address_bits_of_messages(dut: Any) -> None:
    """DVM-016: VA[56] and VA[54:48] of a message are ignored, VA[55] chooses the half."""
    s = await WalkScene.start(dut)
    stream = s.prog.stream(SID)
    stream.space(asid=1).map(VA, PAGE, 0x1000)
    s.upper_half(stream).map(HIGH | VA, PAGE + 0x1000, 0x1000)
    probes = {"low": Probe(VA, SID), "high": Probe(HIGH | VA, SID)}
    await s.warm(probes)
    for half in (0, 1):
        for bit56 in (0, 1):
            for junk in (0, 0x7F, 0x2A):
                addr = VA | bit56 << 56 | half << 55 | junk << 48
                for who in ({"asid": 1}, {}):
                    await s.broadcast(tlbi(vmid=0, addr=addr, stage=1, **who))
                    want = {"high" if half else "low"}
                    assert await s.missing(probes) == want, f"0x{addr:x}"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def sync_waits_for_downstream(dut: Any) -> None:
    """DVM-005, TAG-013: Complete after the responses of what used removed entries, not before."""
    s = await WalkScene.start(dut)
    s.prog.stream(SID).space(asid=1).map(VA, PAGE, 0x1000)
    alone = only(s, SID + 1)
    alone.map(VA, PAGE, 0x1000)
    rows = ((SID, tlbi(vmid=0, asid=1, addr=VA, stage=1)),
            (SID + 1, tlbi(vmid=SID + 1, addr=VA, stage=2)))  # fmt: skip
    for sid, message in rows:
        for write, channel in ((False, "r"), (True, "b")):
            assert (await s.access(VA, sid)).ok
            left = len(s.down[0])
            s.bench.mems[0].hold(channel)
            txn = s.post(VA, sid, write=write)
            while len(s.down[0]) == left:
                await s.cycles(1)
            before = s.bench.ptw.dvm_completes
            s.bench.dvm.post(message)
            s.bench.dvm.post(dvm.sync())
            await s.cycles(QUIET)
            assert s.bench.ptw.dvm_completes == before, f"Complete before the {channel} response"
            assert not txn.finished
            s.bench.mems[0].hold(channel, False)
            await s.completed(before + 1)
            assert await s.bench.within(txn.done, LIMIT) and txn.ok
        for channel in ("r", "b"):  # what the client withholds does not count
            s.bench.masters[0].hold(channel)
            txn = s.post(VA, sid, write=channel == "b")
            await s.cycles(100)
            assert await s.broadcast(message) < LIMIT and not txn.finished
            s.bench.masters[0].hold(channel, False)
            assert await s.bench.within(txn.done, LIMIT)
        held = s.post(VA, sid, write=True, data=bytes(64), w_hold=2)
        await s.cycles(100)
        await s.broadcast(message)
        assert not held.finished
        s.bench.masters[0].release(held)
        assert await s.bench.within(held.done, LIMIT)
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def sync_needs_no_queue(dut: Any) -> None:
    """DVM-020, TAG-014: with CMDQ_ERR, a blocked CMD_SYNC, a full event queue, all stalls taken."""
    s = await WalkScene.start(dut, eventq_log2=1)
    s.prog.stream(SID).space(asid=1).map(VA, PAGE, 0x1000)
    s.prog.stream(SID + 1).space(asid=2, s=1)
    assert (await s.access(VA, SID)).ok
    free = await s.broadcast(tlbi(vmid=0, asid=1, addr=VA, stage=1))
    # a CMD_SYNC that waits for a response
    assert (await s.access(VA, SID)).ok
    stalled = [s.post(VA + 0x1000 * n, SID + 1, id=n) for n in range(3)]
    await s.prog.events(at_least=2, keep=True)  # full from now on
    assert not any(txn.finished for txn in stalled)
    left = len(s.down[0])
    s.bench.mems[0].hold("b")
    write = s.post(VA, SID, write=True, id=5)
    while len(s.down[0]) == left:
        await s.cycles(1)
    await s.prog.command(Cmd.sync(cs=0))
    await s.cycles(QUIET)
    assert (await s.prog.read("CMDQ_CONS")).rd != s.prog._prod, "the CMD_SYNC waits"
    before = s.bench.ptw.dvm_completes
    s.bench.dvm.post(dvm.sync())  # behind the same write: it has to wait, too
    s.bench.mems[0].hold("b", False)
    await s.completed(before + 1)
    assert await s.bench.within(write.done, LIMIT)
    await s.prog.until("CMDQ_CONS", (2 << s.prog.layout.cmdq_log2) - 1, s.prog._prod)
    # the queue stops on an error
    await s.prog.command(Cmd.tlbi_el2_all())
    await s.prog.until("GERROR", 1, 1)
    took = await s.broadcast(tlbi(vmid=0, asid=1, addr=VA, stage=1))
    assert took < 4 * free + QUIET, f"{took} cycles, {free} without anything in the way"
    seen = await s.access(VA, SID, judge=False, id=6)
    assert seen.ok and seen.walks, "the TLBI took effect"
    assert not any(txn.finished for txn in stalled)
    await s.prog.enable(eventqen=1, cmdqen=1)  # SMMUEN=0 ends the stalls
    for txn in stalled:
        assert await s.bench.within(txn.done, LIMIT)
    await s.prog.events()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def two_parts_are_one_message(dut: Any) -> None:
    """DVM-019: a lone first part does nothing; two CRs a message; one Complete a Sync."""
    s = await WalkScene.start(dut)
    tree = s.prog.stream(SID).space(asid=1)
    probes = {}
    for number in range(4):
        tree.map(VA + 0x1000 * number, PAGE + 0x1000 * number, 0x1000)
        probes[f"{number}"] = Probe(VA + 0x1000 * number, SID)
    await s.warm(probes)
    first, second = tlbi(vmid=0, asid=1, addr=VA, stage=1)
    assert await s.bench.dvm.send([first]) == [0]
    await s.cycles(QUIET)
    assert await s.missing(probes) == set(), "a first part alone"
    assert await s.bench.dvm.send([second]) == [0]
    await s.broadcast()
    assert await s.missing(probes) == {"0"} or not COUNTED
    rng, dvm_port = s.bench.rng, s.bench.dvm
    for _ in range(12):
        dvm_port.configure(ac=rng.choice((20, 60, 100)), cr=rng.choice((20, 60, 100)))
        before, syncs, want, sent = s.bench.ptw.dvm_completes, 0, set(), []
        for _ in range(6):
            kind = rng.random()
            if kind < 0.25:
                sent.append(dvm_port.post(dvm.sync()))
                syncs += 1
            elif kind < 0.4:
                sent.append(dvm_port.post(tlbi(vmid=0, asid=9, stage=1)))  # one part, nobody
            else:
                number = rng.randrange(4)
                want.add(f"{number}")
                who = {"asid": 1} if rng.random() < 0.5 else {}
                at = VA + 0x1000 * number
                sent.append(dvm_port.post(tlbi(vmid=0, addr=at, stage=1, **who)))
        sent.append(dvm_port.post(dvm.sync()))
        await s.completed(before + syncs + 1)
        for message in sent:
            assert await s.bench.within(message.done, LIMIT), "a part without its CR"
            assert len(message.resps) == len(message.parts) and not any(message.resps)
        assert await s.missing(probes) == want or not COUNTED
        await s.cycles(100)
        assert s.bench.ptw.dvm_completes == before + syncs + 1, "one Complete a Sync"
    await s.finish()
