# SPDX-License-Identifier: Apache-2.0
"""What walks leave behind, and what an invalidation does to it: tables, stage 2, faults, tags."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.models.fields import Cmd
from tb.models.vmsa import PageTable, Stage1Leaf, Stage2Leaf
from tests.smmu.stage1_tests import PAGE, SID
from tests.smmu.stage2_tests import only
from tests.smmu.walk_scene import Seen, WalkScene

VA = 0x12_3456_7000
NEW = PAGE + 0x100_0000


def _copy(s: WalkScene, tree: PageTable, level: int, out: int, count: int) -> int:
    """Descriptor for ``tree`` at ``level`` that leads to fresh tables with pages at ``out``."""
    other = s.prog.tree(tree.granule, input_bits=tree.input_bits)
    other.map(VA, out, count * 0x1000, level=3)
    return other.get(VA, level)


def _through(seen: Seen, tables: list[tuple[int, int]]) -> bool:
    return any(base <= f.addr < base + size for f in seen.fetches for base, size in tables)


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def tables_move(dut: Any) -> None:
    """TLB-019, TAG-020: a non-leaf form drops the cached tables of its address, at each level."""
    s = await WalkScene.start(dut)
    sid, page = SID, 0
    for level in range(3):
        for hint in ({}, {"tg": 1, "ttl": 3}, {"tg": 1, "num": 3}):
            for broad in (False, True):
                sid, page = sid + 1, page + 1
                tree = s.prog.stream(sid).space(asid=sid)
                tree.map(VA, PAGE, 0x4000, level=3)
                assert (await s.access(VA, sid)).pa == PAGE
                old = [(b, n) for b, n in tree.tables[level + 1 :]]
                tree.put(VA, level, _copy(s, tree, level, NEW + 0x1_0000 * page, 4))
                form = Cmd.tlbi_nh_vaa if broad else Cmd.tlbi_nh_va
                who = {} if broad else {"asid": sid}
                await s.invalidate(form(addr=VA & -0x1000, leaf=0, **who, **hint))
                for offset in (0, 0x1000, 0x3000):  # pages no entry existed for, too
                    seen = await s.access(VA + offset, sid)
                    assert seen.pa == NEW + 0x1_0000 * page + offset, f"level {level} {hint}"
                    assert not _through(seen, old), f"level {level} {hint}: an old table was read"
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def leaf_only_keeps_tables(dut: Any) -> None:
    """TLB-020, TAG-020: after a leaf-only form exactly the last descriptor is read again."""
    s = await WalkScene.start(dut)
    tree = s.prog.stream(SID).space(asid=3)
    tree.map(VA, PAGE, 0x1000)
    cold = await s.access(VA, SID)
    assert len(cold.fetches) == 2 + 4
    for number, command in enumerate(
        (Cmd.tlbi_nh_va(asid=3, addr=VA, leaf=1), Cmd.tlbi_nh_vaa(addr=VA, leaf=1))
    ):
        tree.map(VA, NEW + 0x1000 * number, 0x1000)
        await s.invalidate(command)
        seen = await s.access(VA, SID)
        assert seen.pa == NEW + 0x1000 * number
        assert [f.addr & ~0xF for f in seen.fetches] == [tree.entry_address(VA, 3) & ~0xF]
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def stage2_of_tables_and_cds(dut: Any) -> None:
    """TLB-024, TLB-025, TAG-021, DVM-003: S2_IPA moves the pages of tables, CDs and data."""
    s = await WalkScene.start(dut)
    memory = s.bench.memory
    for aset in (0, 1):
        sid = SID + aset
        stream = s.prog.stream(sid, s2=True, s2vmid=sid)
        space = stream.space(asid=1, aset=aset)
        stage2 = stream.stage2
        for page in range(4):
            space.map(VA + 0x1000 * page, stream.ipa(PAGE + 0x1000 * page), 0x1000)
            stream.lend(PAGE + 0x1000 * page, 0x1000)
        assert (await s.access(VA, sid)).pa == PAGE

        def replace(ipa: int, change: tuple[int, bytes], stage2: Any = stage2,
                    stream: Any = stream) -> int:  # fmt: skip
            """Another physical page for an IPA, with the same contents but for ``change``."""
            new = s.prog.alloc(0x1000, 0x1000)
            memory.poke(new, memory.peek(ipa - stream.ipa(0), 0x1000))
            memory.poke(new + change[0], change[1])
            if stage2.leaf_of(ipa)[0] < 3:
                stage2.split(ipa)
            stage2.map(ipa, new, 0x1000)
            return new

        # the last-level table of stage 1: a page not walked yet uses the new copy
        leaf_entry = space.entry_address(VA + 0x1000, 3)
        wrong = space.encode(stream.ipa(PAGE + 0x3000), 3).to_bytes(8, "little")
        new = replace(leaf_entry & ~0xFFF, (leaf_entry & 0xFFF, wrong))
        await s.invalidate(Cmd.tlbi_s2_ipa(vmid=sid, addr=leaf_entry & ~0xFFF),
                           Cmd.tlbi_nh_va(vmid=sid, asid=1, addr=VA + 0x1000, leaf=1))  # fmt: skip
        seen = await s.access(VA + 0x1000, sid, judge=False)
        assert seen.pa == PAGE + 0x3000 and _through(seen, [(new, 0x1000)]), "the old table page"
        # the page of the CD: CFGI makes it be read again, S2_IPA through its new page
        cd = memory.peek(stream.cds, 64)
        new = replace(stream.ipa(stream.cds) & ~0xFFF, (stream.cds & 0xFFF, cd))
        await s.invalidate(
            Cmd.tlbi_s2_ipa(vmid=sid, addr=stream.ipa(stream.cds) & ~0xFFF), Cmd.cfgi_cd(sid=sid)
        )
        seen = await s.access(VA + 0x2000, sid, judge=False)
        assert seen.ok and _through(seen, [(new, 0x1000)]), "the CD was read from its old page"
        assert not _through(seen, [(stream.cds & ~0xFFF, 0x1000)])
        # the final IPA: S2_IPA then NH_VAA
        stage2.map(stream.ipa(PAGE), NEW, 0x1000)
        await s.invalidate(Cmd.tlbi_s2_ipa(vmid=sid, addr=stream.ipa(PAGE), leaf=1),
                           Cmd.tlbi_nh_vaa(vmid=sid, addr=VA))  # fmt: skip
        assert (await s.access(VA, sid, judge=False)).pa == NEW
        # S12_VMALL does both at once
        stage2.map(stream.ipa(PAGE), NEW + 0x1000, 0x1000)
        await s.invalidate(Cmd.tlbi_s12_vmall(vmid=sid))
        assert (await s.access(VA, sid, judge=False)).pa == NEW + 0x1000
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def global_entries(dut: Any) -> None:
    """TAG-004, TLB-033: a global leaf serves its VMID and ASET only, its tables serve nobody."""
    s = await WalkScene.start(dut)
    leaf = Stage1Leaf(ng=False)

    def space(sid: int, pa: int, **cd: int) -> PageTable:
        stream = s.prog.stream(sid, s2vmid=cd.pop("vmid", 1))
        tree = stream.space(**cd)
        tree.map(VA, pa, 0x1000, leaf)
        tree.map(VA + 0x1000, pa + 0x1000, 0x1000, Stage1Leaf())
        return tree

    space(SID, PAGE, asid=1)
    space(SID + 1, NEW, asid=2)  # same VMID, same ASET
    space(SID + 2, NEW + 0x2000, asid=3, aset=1)
    space(SID + 3, NEW + 0x4000, asid=4, vmid=2)
    assert (await s.access(VA, SID)).pa == PAGE
    assert (await s.access(VA + 0x1000, SID + 1)).pa == NEW + 0x1000, "neighbour: own tables"
    shared = await s.access(VA, SID + 1, judge=False)
    assert shared.pa in (PAGE, NEW)
    if shared.pa == PAGE:
        assert shared.walks == 0
    assert (await s.access(VA, SID + 2)).pa == NEW + 0x2000, "ASET=1 has its own globals"
    assert (await s.access(VA, SID + 3)).pa == NEW + 0x4000, "another VMID"
    # non-global: one ASID through ASET 0 and 1 is one address space
    tree = s.prog.stream(SID + 4, s2vmid=1).space(asid=9)
    tree.map(VA + 0x9000, PAGE, 0x1000)
    s.prog.stream(SID + 5, s2vmid=1).space(asid=9, aset=1, ttb0=tree.base)
    for sid in (SID + 4, SID + 5):
        assert (await s.access(VA + 0x9000, sid)).pa == PAGE
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def faults_are_not_cached(dut: Any) -> None:
    """TAG-018, UPD-003: after a repair without TLBI the next access succeeds at once."""
    s = await WalkScene.start(dut)
    memory = s.bench.memory
    nested = s.prog.stream(SID, s2=True, s2vmid=1)
    space = nested.space(asid=1, ips=4)
    alone = only(s, SID + 1, s2ps=4)
    space.map(VA, nested.ipa(PAGE), 0x1000)
    nested.lend(PAGE, 0x1000)
    alone.map(VA, PAGE, 0x1000)

    async def once(sid: int, addr: int, what: str, text: str) -> None:
        seen = await s.access(addr, sid)
        assert seen.what == what, f"{text}: {seen.what}"

    for tree, sid in ((space, SID), (alone, SID + 1)):
        for level in range(tree.start_level, 4):
            good = tree.get(VA, level)
            bad = [(0, "F_TRANSLATION"), (good | 1 << 46, "F_ADDR_SIZE")]
            if level == 3:
                bad += [(good & ~(1 << 10), "F_ACCESS"), (good & ~1, "F_TRANSLATION")]
            for value, event in bad:
                text = f"stage {tree.stage} level {level} {event}"
                tree.put(VA, level, value)
                await s.forget()
                await once(sid, VA, event, text)
                tree.put(VA, level, good)
                assert (await s.access(VA, sid)).ok, f"{text}: repaired without TLBI"
            error = memory.add_error(tree._to_pa(tree.entry_address(VA, level)), 8)
            await s.forget()
            await once(sid, VA, "F_WALK_EABT", f"stage {tree.stage} level {level}")
            memory.remove_error(error)
            assert (await s.access(VA, sid)).ok, f"level {level}: abort cached"
    # stage 2 faults of a nested stream, for its data, its tables and its CD
    for ipa in (nested.ipa(PAGE), space.entry_address(VA, 3) & ~0xFFF, nested.ipa(nested.cds)):
        if nested.stage2.leaf_of(ipa)[0] < 3:
            nested.stage2.split(ipa)
        good = nested.stage2.get(ipa, 3)
        for value, event in ((0, "F_TRANSLATION"), (good & ~(1 << 10), "F_ACCESS")):
            nested.stage2.put(ipa, 3, value)
            await s.forget()
            await once(SID, VA, event, f"stage 2 of 0x{ipa:x}")
            nested.stage2.put(ipa, 3, good)
            assert (await s.access(VA, SID)).ok, f"IPA 0x{ipa:x} {event}"
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def permissions_are_upgraded(dut: Any) -> None:
    """TLB-034, TAG-019: a denial does not outlive TLBI and SYNC; without it no wrong address."""
    s = await WalkScene.start(dut)
    tree = s.prog.stream(SID).space(asid=1)
    alone = only(s, SID + 1)
    for number, (own, sid) in enumerate(((tree, SID), (alone, SID + 1)) * 2):
        addr = VA + 0x1000 * number
        ro = Stage1Leaf(writable=False) if own is tree else Stage2Leaf(writable=False)
        own.map(addr, PAGE, 0x1000, ro)
        assert (await s.access(addr, sid)).ok
        assert (await s.access(addr, sid, write=True)).what == "F_PERMISSION"
        own.map(addr, NEW, 0x1000)
        if number < 2:
            seen = await s.access(addr, sid, write=True, judge=False)
            assert seen.what == "F_PERMISSION" or seen.pa in (PAGE, NEW)
        ipa = Cmd.tlbi_s2_ipa(vmid=sid, addr=addr)
        await s.invalidate(ipa if own is alone else Cmd.tlbi_nh_va(asid=1, addr=addr))
        assert (await s.access(addr, sid, write=True)).pa == NEW
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def commands_stay_local(dut: Any) -> None:
    """TLB-035: no TLBI command leads to a DVM transaction."""
    s = await WalkScene.start(dut)
    s.prog.stream(SID).space(asid=1).map(VA, PAGE, 0x1000)
    assert (await s.access(VA, SID)).ok
    for leaf in (0, 1):
        await s.invalidate(
            Cmd.tlbi_nh_all(), Cmd.tlbi_nh_asid(asid=1), Cmd.tlbi_nh_va(addr=VA, leaf=leaf),
            Cmd.tlbi_nh_vaa(addr=VA, leaf=leaf), Cmd.tlbi_s2_ipa(addr=VA, leaf=leaf),
            Cmd.tlbi_s12_vmall(), Cmd.tlbi_nsnh_all(),
            Cmd.tlbi_nh_va(addr=VA & ~0xFFF, tg=1, num=3, scale=4),
        )  # fmt: skip
    assert {r.ax["snoop"] for r in s.port_reads} == {0}, "an AR that is no plain read"
    assert s.bench.ptw.dvm_completes == 0
    await s.broadcast()  # the monitor does see them
    assert {r.ax["snoop"] for r in s.port_reads} == {0, 0xE}
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def bypass_leaves_no_entries(dut: Any) -> None:
    """TLB-036: bypass to stage 1 and back with CFGI alone."""
    s = await WalkScene.start(dut)
    stream = s.prog.stream(SID)
    stream.space(asid=1).map(PAGE, NEW, 0x1000)
    for _ in range(3):
        for config, pa in ((4, PAGE), (5, NEW)):
            stream.write(config=config)
            await s.invalidate(Cmd.cfgi_ste(sid=SID, leaf=1))
            for _ in range(2):
                assert (await s.access(PAGE, SID)).pa == pa, f"Config={config}"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def overlaps_never_mix(dut: Any) -> None:
    """TAG-023: block, table and Contiguous changes without TLBI: old or new, never an event."""
    s = await WalkScene.start(dut)
    for number in range(4):
        sid, base = SID + number, 0x4000_0000
        tree = s.prog.stream(sid).space(asid=sid)
        old, new = 0x10_0000_0000, 0x20_0000_0000
        big, level = (0x4000_0000, 1) if number & 1 else (0x20_0000, 2)
        contiguous = Stage1Leaf(contiguous=bool(number & 2))
        offsets = (0, 0x1000, big // 2, big - 0x1000)
        more = (0x2000, big // 4)  # mapped, not used before
        for offset in (*more, *offsets):  # pages first, a block over them then
            tree.map(base + offset, old + offset, 0x1000, contiguous, level=3)
        for offset in offsets:
            assert (await s.access(base + offset, sid)).pa == old + offset
        tree.put(base, level, tree.encode(new, level, contiguous))
        for offset in (*offsets, *more, *offsets):
            seen = await s.access(base + offset, sid, judge=False)
            assert seen.ok and seen.pa in (old + offset, new + offset), f"0x{offset:x}"
        await s.forget()
        for offset in (0, big // 2):  # the block first, pages then
            assert (await s.access(base + offset, sid)).pa == new + offset
        tree.put(base, level, 0)
        for offset in offsets:
            tree.map(base + offset, old + offset, 0x1000, level=3)
        for offset in offsets * 2:
            seen = await s.access(base + offset, sid, judge=False)
            assert seen.ok and seen.pa in (old + offset, new + offset), f"0x{offset:x}"
        await s.invalidate(Cmd.tlbi_nh_va(asid=sid, addr=base))
        for offset in offsets:
            assert (await s.access(base + offset, sid)).pa == old + offset
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def guest_cannot_leave_its_memory(dut: Any) -> None:
    """TAG-024: stage 1 of VM A rewritten at random, not invalidated: only A's memory."""
    s = await WalkScene.start(dut)
    rng = s.bench.rng
    mine, other = PAGE, NEW
    guest = s.prog.stream(SID, s2=s.prog.tree(stage=2, input_bits=40), s2vmid=1, cdmax=1, s1dss=0)
    host = s.prog.stream(SID + 1, s2=s.prog.tree(stage=2, input_bits=40), s2vmid=2)
    for stream, pa in ((guest, mine), (host, other)):
        stream.lend(pa, 0x10_0000)
    host.space(asid=1).map(VA, host.ipa(other), 0x8000)
    spaces = [guest.space(ssid, asid=1 + ssid) for ssid in (0, 1)]
    for space in spaces:
        space.map(VA, guest.ipa(mine), 0x8000, level=3)
    legal = [(mine, 0x10_0000), (s.prog.layout.tables, 16 << 20), (s.prog.layout.strtab, 1 << 16)]
    victim = 0
    for turn in range(400):
        ssid = rng.randrange(2)
        space, addr = spaces[ssid], VA + 0x1000 * rng.randrange(16)
        kind = rng.random()
        if kind < 0.3:
            level = rng.randrange(4)
            target = rng.choice((guest.ipa(mine), guest.ipa(other), other, mine, host.ipa(other)))
            word = target | rng.getrandbits(12) | rng.getrandbits(16) << 48
            if space.entry_address(addr, level) is not None:
                at = space._to_pa(space.entry_address(addr, level))
                s.bench.memory.poke64(at, word)
        elif kind < 0.5:
            fresh = guest.space(ssid, asid=1 + rng.randrange(2))
            fresh.map(VA, guest.ipa(mine + 0x1000 * rng.randrange(8)), 0x8000, level=3)
            spaces[ssid] = fresh
            if rng.random() < 0.5:
                await s.invalidate(Cmd.cfgi_cd(sid=SID, ssid=ssid))
        elif kind < 0.7:
            seen = await s.access(VA + 0x1000 * rng.randrange(8), SID + 1, judge=False)
            assert seen.ok and other <= seen.pa < other + 0x10_0000, "VM B keeps its own"
            victim += 1
        write = rng.random() < 0.5
        seen = await s.access(addr, SID, ssid=ssid, write=write, judge=False)
        if seen.pa is not None:
            assert mine <= seen.pa < mine + 0x10_0000, f"turn {turn}: A reached 0x{seen.pa:x}"
        for fetch in seen.fetches:
            assert any(b <= fetch.addr < b + n for b, n in legal), f"walk at 0x{fetch.addr:x}"
    assert victim > 20
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def cont_is_ignored(dut: Any) -> None:
    """TAG-025: STE.CONT 0..15 with neighbours that differ: each stream uses its own STE."""
    s = await WalkScene.start(dut)
    for cont in range(16):
        for offset in range(4):
            sid = 0x40 * (cont + 1) % 0x380 + offset + 4 * (cont // 8)
            s.prog.stream(sid, s1=False, cont=cont, mtcfg=1, memattr=(0, 1, 5, 15)[offset], shcfg=3)
        for offset, bus in enumerate(((0, 3), (1, 3), (3, 3), (0xF, 1))):
            sid = 0x40 * (cont + 1) % 0x380 + offset + 4 * (cont // 8)
            seen = await s.access(PAGE, sid, cache=0xF)
            assert seen.bus == bus, f"CONT={cont}, neighbour {offset}: {seen.bus}"
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def asid_changes_hands(dut: Any) -> None:
    """TAG-026: after CFGI and SYNC only the new ASID or VMID is used; the old one is reused."""
    s = await WalkScene.start(dut)
    first = s.prog.stream(SID, s2vmid=1)
    one = first.space(asid=1)
    one.map(VA, PAGE, 0x1000)
    assert (await s.access(VA, SID)).pa == PAGE
    two = s.prog.tree()
    two.map(VA, NEW, 0x1000)
    first.rewrite_cd(asid=2, ttb0=two.base)
    await s.invalidate(Cmd.cfgi_cd(sid=SID))
    seen = await s.access(VA, SID)
    assert seen.pa == NEW and seen.walks, "the entry of ASID 1 does not serve ASID 2"
    await s.invalidate(Cmd.tlbi_nh_asid(vmid=1, asid=1))
    s.prog.stream(SID + 1, s2vmid=1).space(asid=1).map(VA, NEW + 0x1000, 0x1000)
    assert (await s.access(VA, SID + 1)).pa == NEW + 0x1000
    assert (await s.access(VA, SID)).pa == NEW
    # the same with S2VMID
    first.write(s2vmid=3)
    three = s.prog.tree()
    three.map(VA, NEW + 0x2000, 0x1000)
    first.rewrite_cd(ttb0=three.base)
    await s.invalidate(Cmd.cfgi_ste(sid=SID))
    assert (await s.access(VA, SID)).pa == NEW + 0x2000
    assert (await s.access(VA, SID + 1)).pa == NEW + 0x1000
    await s.finish()
