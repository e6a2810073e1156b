# SPDX-License-Identifier: Apache-2.0
"""Input and output addresses, permissions after overrides, sizes of both stages (TRN-026..050)."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import cocotb

from tb.models.fields import Cmd, Event, FaultClass
from tb.models.vmsa import GRANULES, PageTable, Stage1Leaf
from tests.smmu.case_scene import DATA, PAGE, VA, Case, CaseScene, abort, ok, stage1, stage2, stall
from tests.smmu.cd_tests import Contexts
from tests.smmu.fault_model_tests import run_mixed
from tests.smmu.fault_rig import Rig

MASK = (1 << 64) - 1


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def inputs_of_a_bypassed_stage_1(dut: Any) -> None:
    """TRN-026, TRN-027, TRN-029, FLT-008: Config 100 and 110: below, between, above."""
    s = await CaseScene.start(dut)
    oas = s.model.config.oas
    s.stream(4, s1=False)
    s.stream(5, cd={"tbi0": 1, "tbi1": 1})  # TBI of another stream's CD
    too_large = abort(**stage1(Event.F_ADDR_SIZE), fetches=("STE",))
    above = [1 << oas, 1 << oas | VA, 1 << 55 | VA, 1 << 63 | VA, 0xFF << 56 | VA, MASK - 7]
    rows = []
    for write in (False, True):
        for addr in (0x1000, (1 << oas) - 8, (1 << oas) - PAGE):
            rows.append(Case("bypass, inside", 4, addr, ok(addr), write=write))
        rows += [Case("bypass, above", 4, addr, too_large, write=write) for addr in above]
        rows.append(Case("tagged VA", 5, 0xA5 << 56 | VA, ok(DATA), write=write))
    for number, (s2s, s2r) in enumerate(product((0, 1), (0, 1))):
        sid = 0x60 + number
        stream = s.stream(sid, s1=False, s2=True, s2s=s2s, s2r=s2r)
        top = 1 << 64 - stream.fields["s2t0sz"]
        for write in (False, True):
            rows.append(Case("stage 2, inside", sid, VA, ok(DATA), write=write))
            for addr in (top, top | VA, (1 << oas) - PAGE):
                fault = stage2(Event.F_TRANSLATION, FaultClass.IN, addr)
                want = stall(**fault) if s2s else abort(**fault) if s2r else abort()
                rows.append(Case(f"beyond S2T0SZ, {s2s}{s2r}", sid, addr, want, write=write))
            rows += [Case(f"above IAS, {s2s}{s2r}", sid, addr, too_large, write=write)
                     for addr in above]  # fmt: skip
    await run_mixed(s, rows)
    await s.finish()


@cocotb.test(timeout_time=30, timeout_unit="ms")
async def ranges_of_both_halves(dut: Any) -> None:
    """TRN-028, FLT-017: VA[55] selects, TxSZ and TBI decide what is in range; InputAddr is raw."""
    s = await CaseScene.start(dut)
    c = Contexts(s)
    rng = random.Random(cocotb.RANDOM_SEED)
    rows = []
    for tsz in (16, 17, 24, 25, 33, 34, 39):
        bits = 64 - tsz
        low, high = c.tree(bits), c.tree(bits, upper=True)
        top = MASK & -(1 << bits)
        edges = {"low": [0, (1 << bits) - PAGE], "high": [top, MASK - PAGE + 1]}
        for va in edges["low"]:
            low.map(va, DATA, PAGE)
        for va in edges["high"]:
            high.map(va, DATA + PAGE, PAGE)
        for tbi0, tbi1 in product((0, 1), (0, 1)):
            fields = {"t0sz": tsz, "t1sz": tsz, "ttb0": low.base, "ttb1": high.base,
                      "tbi0": tbi0, "tbi1": tbi1}  # fmt: skip
            sid = c.sid(fields)
            name = f"TxSZ {tsz}, TBI {tbi0}{tbi1}"
            bad = abort(**stage1(Event.F_TRANSLATION), fetches=("STE", "CD"))
            for half, tbi, page in (("low", tbi0, DATA), ("high", tbi1, DATA + PAGE)):
                for va in edges[half]:
                    rows.append(Case(f"{name}, {half}", sid, va, ok(page)))
                    for _ in range(2):
                        tag = rng.randrange(1, 255)
                        tagged = va & ~(0xFF << 56) | (tag << 56)
                        want = ok(page) if tbi else bad
                        rows.append(Case(f"{name}, {half}, tag", sid, tagged, want))
            for va in (1 << bits, top - PAGE):
                if va >> 55 & 1 == (va != 1 << bits):
                    rows.append(Case(f"{name}, outside", sid, va, bad))
            # VA[55] disagrees with VA[63]
            rows.append(Case(f"{name}, 55", sid, 1 << 55, bad))
            rows.append(Case(f"{name}, 63", sid, 1 << 63, ok(DATA) if tbi0 else bad))
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def disabled_halves(dut: Any) -> None:
    """TRN-030, CD-009: EPDx=1 faults on a warm TLB too; the other half goes on; no table read."""
    s = await CaseScene.start(dut)
    c = Contexts(s)
    upper = 0xFFFF_0000_0000_0000 | VA
    for half in (0, 1):
        at = s.prog.alloc(64, 64)
        sid = c.sid({})
        at = s.memory.peek64(s.ste_address(sid)) & (1 << 48) - 64
        warm = [Case("TTB0", sid, VA, ok(DATA)), Case("TTB1", sid, upper, ok(DATA + PAGE))]
        await s.run(warm)
        bit = 14 if not half else 30
        s.memory.poke64(at, s.memory.peek64(at) | 1 << bit)
        await s.prog.command(Cmd.cfgi_cd(sid=sid, leaf=1))
        await s.prog.sync()
        bad = abort(**stage1(Event.F_TRANSLATION), fetches=("STE", "CD"))
        s.reads.clear()
        after = [replace_want(warm[0], bad if half == 0 else warm[0].want),
                 replace_want(warm[1], bad if half == 1 else warm[1].want)]  # fmt: skip
        await s.run(after, cold=False)
        tables = c.upper.tables if half else c.lower.tables
        for request in s.reads:
            assert not any(a <= request.addr < a + n for a, n in tables), "read of a table (CD-009)"
    await s.finish()


def replace_want(case: Case, want: Any) -> Case:
    """A new row of the same access."""
    return Case(f"{case.name}, after", case.sid, case.addr, want, case.ssid, case.write)


@cocotb.test(timeout_time=30, timeout_unit="ms")
async def offsets_pass(dut: Any) -> None:
    """TRN-036, TRN-035: every byte offset, narrow bursts, all leaf sizes: low bits unchanged."""
    s = await CaseScene.start(dut)
    c = Contexts(s)
    rng = random.Random(cocotb.RANDOM_SEED)
    rows = []
    lanes = s.bench.masters[0].lanes
    for tg0, granule in ((g.tg0, g) for g in GRANULES.values()):
        for level in granule.leaf_levels:
            size = granule.leaf_size(level)
            tree = c.tree(48, tg0)
            va, pa = size * 5, size * 3
            tree.map(va, pa, size, level=level)
            sid = c.sid({"tg0": tg0, "ttb0": tree.base})
            for offset in range(2 * lanes):
                at = rng.randrange(size >> 12) << 12 | offset
                for narrow in range(lanes.bit_length()):
                    options = {"options": {"size": narrow}}
                    nbytes = rng.choice((1, 1, 3)) << narrow
                    row = Case(f"{granule.name} level {level}", sid, va + at, ok(pa + at),
                               nbytes=nbytes, **options)  # fmt: skip
                    rows.append(row)
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def overridden_permissions(dut: Any) -> None:
    """TRN-043, FLT-017: INSTCFG x PRIVCFG x incoming x direction x page."""
    s = await CaseScene.start(dut)
    rows = []
    leaves = [(user, writable, uxn, pxn) for user, writable, uxn, pxn in
              product((0, 1), (0, 1), (0, 1), (0, 1))]  # fmt: skip
    base = s.stream(5, mapped=False)
    for number, (user, writable, uxn, pxn) in enumerate(leaves):
        leaf = Stage1Leaf(user=bool(user), writable=bool(writable), uxn=bool(uxn), pxn=bool(pxn))
        base.spaces[0].map(VA + PAGE * number, DATA, PAGE, leaf)
    for instcfg, privcfg in product(range(4), range(4)):
        sid = s.clone(base, 0x100 + 4 * instcfg + privcfg, instcfg=instcfg, privcfg=privcfg)
        for number, (user, writable, uxn, pxn) in enumerate(leaves):
            for priv, inst, write in product((False, True), repeat=3):
                p = {2: False, 3: True}.get(privcfg, priv)
                i = {2: False, 3: True}.get(instcfg, inst) and not write
                if write:
                    allowed = writable and (p or user)
                elif i:
                    allowed = not pxn and not (user and writable) if p else not uxn
                else:
                    allowed = p or user
                fault = {**stage1(Event.F_PERMISSION), "pnu": int(p), "ind": int(i)}
                want = ok(DATA) if allowed else abort(**fault)
                name = f"INSTCFG {instcfg} PRIVCFG {privcfg}, page {number}"
                rows.append(Case(name, sid, VA + PAGE * number, want, None, write, priv, inst))
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def bits_without_effect(dut: Any) -> None:
    """TRN-045: bits [58:55] of leaves and [63:60] of stage 2 descriptors, random, both stages."""
    s = await CaseScene.start(dut)
    rng = random.Random(cocotb.RANDOM_SEED)
    rows = []
    for number in range(40):
        rig = Rig(s, 0x100 + number)
        rig.leaf(extra=rng.getrandbits(4) << 55)
        for page in rig.pages:
            extra = rng.getrandbits(4) << 55 | rng.getrandbits(4) << 60
            rig.stage2_leaf(page, extra=extra)
        for level in range(rig.stage2.start_level, 3):
            ipa = rig.ipa("DATA")
            at = rig.stage2.entry_address(ipa, level)
            s.memory.poke64(at, s.memory.peek64(at) | rng.getrandbits(4) << 60)
        rows.append(rig.case(f"noise {number}", ok(rig.data | 0x100)))
    await s.run(rows)
    assert len({str(row.outcome.attrs) for row in rows}) == 1
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def pointers_are_not_stage_1_output(dut: Any) -> None:
    """TRN-049: IPS 32 bits: CD and L1CD above 4 GB are fetched, a table there is F_ADDR_SIZE."""
    s = await CaseScene.start(dut)
    rows = []
    for number, high_level in enumerate((None, 0, 1, 2)):
        rig = Rig(s, 0x100 + number)

        # a second tree whose tables and page have IPAs below 4 GB
        def alloc(size: int, alignment: int, rig: Rig = rig) -> int:
            pa = s.prog.alloc(size, max(alignment, PAGE))
            for page in range(0, size, PAGE):
                rig.stage2.map(pa + page, pa + page, PAGE)
            return pa

        granule = rig.tree.granule
        tree = PageTable(s.memory, granule, stage=1, input_bits=48, alloc=alloc)
        page = alloc(PAGE, PAGE)
        va = rig.case("", None).addr & -PAGE
        tree.map(va, page, PAGE)
        rig.write_cd(ttb0=tree.base, ips=0)
        want = ok(page | 0x100)
        if high_level is not None:
            # the descriptor of that level names the same table by an IPA above 4 GB
            at = tree.entry_address(va, high_level)
            table = s.memory.peek64(at) & (1 << 48) - PAGE
            rig.stage2.map(table + rig.offset, table, PAGE)
            s.memory.poke64(at, s.memory.peek64(at) + rig.offset)
            want = abort(**stage1(Event.F_ADDR_SIZE))
        assert rig.ste["s1contextptr"] >> 32
        rows.append(rig.case(f"table above 4 GB: {high_level}", want))
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=60, timeout_unit="ms")
async def every_pair_of_leaf_sizes(dut: Any) -> None:
    """TRN-050, NST-003, NST-013: each address its own PA, cold and warm; one piece moves alone."""
    s = await CaseScene.start(dut)
    rng = random.Random(cocotb.RANDOM_SEED)
    leaves = [(g, level) for g in GRANULES.values() for level in g.leaf_levels]
    sid = 0x100
    window = 1 << 43  # IPAs of the tables of stage 1, backed by pages at the same distance
    for (g1, l1), (g2, l2) in product(leaves, leaves):
        sid += 1
        s1_size, s2_size = g1.leaf_size(l1), g2.leaf_size(l2)
        second = PageTable(s.memory, g2, stage=2, input_bits=44, alloc=s.prog.alloc)

        def alloc(size: int, alignment: int, second: PageTable = second) -> int:
            step = second.granule.size
            pa = s.prog.alloc(max(size, step), max(alignment, step))
            second.map(window + pa, pa, -(-size // step) * step)
            return window + pa

        first = PageTable(s.memory, g1, stage=1, input_bits=48, alloc=alloc,
                          to_pa=lambda ipa: ipa - window)  # fmt: skip
        size = max(s1_size, s2_size)
        ipa, va = size * 2, s1_size * 9
        first.map(va, ipa, s1_size, level=l1)
        at = s.prog.alloc(64, max(64, g2.size))
        second.map(window + (at & -g2.size), at & -g2.size, g2.size)
        template = s.prog.stream(sid, s1=True, s2=True)
        template._cd_fields[0] = {
            "v": 1, "aa64": 1, "ips": 5, "epd1": 1, "r": 1, "a": 1, "mair0": 0xFF, "t0sz": 16,
            "tg0": g1.tg0, "ttb0": first.base, "asid": sid,
        }  # fmt: skip
        template.cds = at
        template.rewrite_cd(0)
        template.write(s1contextptr=window + at, s2tg=g2.tg0, s2t0sz=20, s2sl0=second.sl0,
                       s2ttb=second.base, s2ps=5, s2vmid=sid)  # fmt: skip
        pieces: dict[int, int] = {}
        offsets = sorted({0, s1_size - 8, *(rng.randrange(s1_size) & -8 for _ in range(4))})
        for offset in offsets:
            piece = (ipa + offset) & -s2_size
            if piece not in pieces:
                pieces[piece] = rng.getrandbits(44) & -s2_size & (1 << 44) - 1
                second.map(piece, pieces[piece], s2_size, level=l2)

        def rows(name: str, sid: int = sid, va: int = va, ipa: int = ipa,
                 s2_size: int = s2_size, offsets: list[int] = offsets,
                 pieces: dict[int, int] = pieces) -> list[Case]:  # fmt: skip
            made = []
            for offset in offsets:
                at = ipa + offset
                pa = pieces[at & -s2_size] + (at & s2_size - 1)
                made.append(Case(name, sid, va + offset, ok(pa)))
            rng.shuffle(made)
            return made

        name = f"{g1.name} level {l1} over {g2.name} level {l2}"
        await s.run(rows(name), fail=False)
        await s.run(rows(f"{name}, warm"), cold=False, fail=False)
        moved = rng.choice(list(pieces))
        pieces[moved] ^= s2_size << 1
        second.map(moved, pieces[moved], s2_size, level=l2)
        await s.prog.command(
            Cmd.tlbi_s2_ipa(vmid=sid, addr=moved, leaf=1), Cmd.sync(cs=0),
            Cmd.tlbi_nh_all(vmid=sid),
        )  # fmt: skip
        await s.prog.sync()
        await s.run(rows(f"{name}, one piece moved"), cold=False, fail=False)
    s.conclude()
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def hits_pass_a_miss(dut: Any) -> None:
    """TRN-047: while a walk waits, 64 hits of other and the same stream leave one a cycle."""
    s = await CaseScene.start(dut)
    for stream in (s.stream(0x21), s.stream(0x22)):
        s.map(stream, VA + PAGE, DATA + PAGE)
    pairs = ((VA, 0x21), (VA + PAGE, 0x22), (VA + PAGE, 0x21), (VA, 0x22))
    targets = [{"addr": addr, "sid": sid, "id": 1 + k, "prot": 2, "cache": 2, "domain": 3}
               for k, (addr, sid) in enumerate(pairs)]  # fmt: skip
    await s.run([Case("warm", t["sid"], t["addr"], ok(t["addr"] - VA + DATA)) for t in targets])
    s.bench.ptw.configure(out_of_order=100)
    s.bench.ptw.filters.append(lambda request: "hold")
    missing = s.bench.read(VA + 40 * PAGE, 8, sid=0x21, id=0)
    s.bench.ptw.configure(latency=1)
    for _ in range(100):
        if s.bench.ptw.held:
            break
        await s.bench.cycles(5)
    assert s.bench.ptw.held, "the walk reads nothing"
    traffic = await s.bench.masters[0].generate(targets, 64, beside=True)
    assert traffic.errors == 0
    took = traffic.last_addr - traffic.first
    assert took <= 64 + 4, f"64 hits took {took} cycles"
    assert not missing.finished
    s.bench.ptw.filters.clear()
    s.bench.ptw.release_all()
    await missing
    assert not missing.ok
    assert len(await s.prog.events(at_least=1)) == 1
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def shared_tags(dut: Any) -> None:
    """TRN-042: two streams with the same VMID, ASID and tables translate alike."""
    s = await CaseScene.start(dut)
    for s2 in (False, True):
        stream = s.stream(0x30 + s2, s2=s2)
        twin = s.clone(stream, 0x40 + s2)
        for sid in (stream.sid, twin, stream.sid):
            gone = abort(**stage1(Event.F_TRANSLATION))
            rows = [Case("read", sid, VA, ok(DATA)), Case("write", sid, VA, ok(DATA), write=True),
                    Case("no page", sid, VA + PAGE, gone)]  # fmt: skip
            await s.run(rows, cold=False)
    await s.finish()
