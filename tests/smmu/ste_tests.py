# SPDX-License-Identifier: Apache-2.0
"""STE fields: which values are ILLEGAL, which are ignored, and where (STE-*, TRN-013, TRN-014)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import cocotb

from tb.env.program import Stream
from tb.models.fields import STE, Event, FaultClass, SteConfig
from tb.models.vmsa import GRANULES, PageTable
from tests.smmu.case_scene import DATA, VA, Case, CaseScene, Want, abort, ok, stage2
from tests.smmu.fault_rig import STRUCTURE_PAGES, Rig

BYPASS, S1, S2, NESTED = (int(c) for c in (4, 5, 6, 7))
FIRST = 0x100  # StreamIDs of rows; the templates lie below
BAD_STE = abort(Event.C_BAD_STE, ("STE",))
# Fields that count, as STE-001 lists them; what only other milestones read is not among them.
USED_ALWAYS = ("v", "config", "memattr", "mtcfg", "alloccfg", "shcfg", "privcfg", "instcfg")
USED_S1 = ("s1fmt", "s1contextptr", "s1cdmax", "s1dss", "s1cir", "s1cor", "s1csh", "s1stalld",
           "s2vmid")  # fmt: skip
USED_S2 = ("s2vmid", "s2t0sz", "s2sl0", "s2ir0", "s2or0", "s2sh0", "s2tg", "s2ps", "s2aa64",
           "s2endi", "s2affd", "s2ptw", "s2hd", "s2ha", "s2s", "s2r", "s2ttb")  # fmt: skip
# Fields of features that are not there, hints, software's own (STE-039, STE-040).
IGNORED = ("s2hwu", "dre", "cont", "dcp", "ppar", "mev", "sw_reserved", "s1pie", "s2fwb",
           "s1mpam", "eats", "strw", "nscfg", "s2haft", "s2pie", "s2poe", "dpt_vmatch", "s2nsw",
           "s2nsa", "s2sl0_2", "s2ds", "s2skl", "partid", "s_s2t0sz", "s_s2sl0", "s_s2tg",
           "mecid", "pmg", "mpam_ns", "assuredonly", "tl0", "tl1", "vmsptr", "s2sw", "s2sa",
           "s_s2sl0_2", "s_s2ttb", "s_s2skl", "s2poi")  # fmt: skip
# VM2-001..003: S2TG, S2SL0: least and greatest legal S2T0SZ.
GEOMETRY = {
    (0, 0): (30, 39), (0, 1): (21, 33), (0, 2): (16, 24),
    (2, 0): (35, 39), (2, 1): (24, 38), (2, 2): (16, 27),
    (1, 0): (31, 39), (1, 1): (18, 34), (1, 2): (16, 21),
}  # fmt: skip


@dataclass
class Templates:
    """One good stream of each configuration."""

    scene: CaseScene
    streams: dict[int, Stream]
    next_sid: int = FIRST

    @classmethod
    async def start(cls, dut: Any, **layout: Any) -> Templates:
        s = await CaseScene.start(dut, **layout)
        streams = {
            BYPASS: s.stream(4, s1=False),
            S1: s.stream(5),
            S2: s.stream(6, s1=False, s2=True),
            NESTED: s.stream(7, s2=True),
        }
        return cls(s, streams)

    def sid(self, config: int, /, **changes: int) -> int:
        """A new StreamID with some fields changed."""
        sid, self.next_sid = self.next_sid, self.next_sid + 1
        return self.scene.clone(self.streams[config], sid, **changes)

    def good(self, config: int) -> Want:
        """What a legal stream does with page VA."""
        return ok(VA if config == BYPASS else DATA)

    def case(self, name: str, config: int, want: Want | None, changes: dict[str, int],
             **options: Any) -> Case:  # fmt: skip
        """A row on a new StreamID."""
        return Case(f"config {config}: {name}", self.sid(config, **changes), VA, want, **options)


def illegal_s1(oas: int) -> list[tuple[str, dict[str, int]]]:
    """Values that make an STE ILLEGAL when stage 1 is enabled."""
    rows = [(f"S1CDMax {value}", {"s1cdmax": value}) for value in (21, 25, 31)]
    rows += [(f"S1ContextPtr bit {bit}", {"s1contextptr": 1 << bit | DATA})
             for bit in range(oas, 56)]  # fmt: skip
    return rows


def illegal_s2(oas: int) -> list[tuple[str, dict[str, int]]]:
    """Values that make an STE ILLEGAL when stage 2 is enabled."""
    rows = [
        ("S2AA64 0", {"s2aa64": 0}), ("S2ENDI 1", {"s2endi": 1}),
        ("S2AA64 0 and S2ENDI 1", {"s2aa64": 0, "s2endi": 1}),
        ("S2HA", {"s2ha": 1}), ("S2HD", {"s2hd": 1}), ("S2TG 3", {"s2tg": 3}),
        ("S2SL0 3", {"s2sl0": 3}), ("S2T0SZ 0", {"s2t0sz": 0}), ("S2T0SZ 15", {"s2t0sz": 15}),
        ("S2T0SZ 40", {"s2t0sz": 40}), ("S2T0SZ 63", {"s2t0sz": 63}),
    ]  # fmt: skip
    sizes = {0: 32, 1: 36, 2: 40, 3: 42, 4: 44, 5: 48, 6: oas, 7: oas}
    for code, size in sizes.items():
        for bit in sorted({size, size + 1, 51} - {52}):
            if bit < 52:
                rows.append((f"S2PS {code}, S2TTB bit {bit}", {"s2ps": code, "s2ttb": 1 << bit}))
    rows += [(f"S2TTB bit {bit}", {"s2ttb": 1 << bit | DATA}) for bit in range(oas, 52)]
    return rows


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def ste_illegal_fields(dut: Any) -> None:
    """TRN-013, TRN-014, TRN-021, STE-006..008, STE-011, STE-026, STE-028..032, STE-041."""
    t = await Templates.start(dut)
    oas = t.scene.model.config.oas
    rows = []
    for config in (BYPASS, S1, S2, NESTED):
        for name, changes in illegal_s1(oas):
            rows.append(t.case(name, config, BAD_STE if config & 1 else t.good(config), changes))
        for name, changes in illegal_s2(oas):
            rows.append(t.case(name, config, BAD_STE if config & 2 else t.good(config), changes))
        both = dict(illegal_s1(oas)[1][1]) | {"s2tg": 3, "s2aa64": 0, "s2t0sz": 63}
        want = t.good(config) if config == BYPASS else BAD_STE
        rows.append(t.case("all illegal", config, want, both))
        for write in (False, True):
            rows.append(t.case("legal", config, t.good(config), {}, write=write))
    await t.scene.run(rows)
    await t.scene.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def invalid_and_disabled(dut: Any) -> None:
    """STE-002, STE-005, TRN-013: V=0 whatever the rest; Config 0xx is silent whatever the rest."""
    t = await Templates.start(dut)
    rng = random.Random(cocotb.RANDOM_SEED)
    rows = []
    for number in range(96):
        sid, t.next_sid = t.next_sid, t.next_sid + 1
        noise = rng.getrandbits(512)
        config = number % 8
        valid = number >= 64
        raw = (
            noise & ~0xF | config << 1 | valid
            if not valid
            else noise & ~0xF | (config & 3) << 1 | 1
        )
        t.scene.memory.poke(t.scene.ste_address(sid), raw.to_bytes(64, "little"))
        want = abort(None, ("STE",)) if valid else BAD_STE
        ssid = rng.choice((None, 0, 1, 0xFFFFF))
        write = bool(rng.getrandbits(1))
        rows.append(Case(f"V={int(valid)}, Config {config}", sid, VA, want, ssid, write))
    await t.scene.run(rows)
    await t.scene.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def illegal_comes_first(dut: Any) -> None:
    """STE-003: C_BAD_STE before SubstreamID, CD and translation, whatever the fault flags."""
    t = await Templates.start(dut)
    s = t.scene
    broken_cd = s.prog.alloc(64, 64)  # V=0
    aborting = s.prog.alloc(4096, 4096)
    s.memory.add_error(aborting, 4096)
    pointers = {S1: lambda pa: pa, NESTED: t.streams[NESTED].ipa}
    rows = []
    for config in (S1, S2, NESTED):
        causes = [{"v": 0}]
        causes += [c for _, c in illegal_s1(48)[:1] if config & 1]
        causes += [c for _, c in illegal_s2(48)[:6] if config & 2]
        others: list[tuple[str, dict[str, int], dict[str, Any]]] = [
            ("SubstreamID", {}, {"ssid": 0xFFFFF}),
            ("stalling", {"s2s": 1, "s2r": 0}, {}),
            ("S2R=0", {"s2s": 0, "s2r": 0}, {}),
        ]
        if config & 1:
            for name, at in (("bad CD", broken_cd), ("aborting CD", aborting)):
                others.append((name, {"s1contextptr": pointers[config](at)}, {}))
        for cause in causes:
            for name, changes, options in others:
                row = t.case(f"{cause} and {name}", config, BAD_STE, changes | cause, **options)
                rows.append(row)
            rows.append(Case(f"{cause} and no page", t.sid(config, **cause), VA << 8, BAD_STE))
    await s.run(rows)
    await s.finish()


@cocotb.test(timeout_time=40, timeout_unit="ms")
async def stage2_geometry(dut: Any) -> None:
    """STE-024, STE-025, STE-026: all of S2T0SZ x S2SL0 x S2TG; every legal one translates."""
    t = await Templates.start(dut)
    s = t.scene
    for tg in range(4):
        rows = []
        t.next_sid = FIRST
        for sl0 in range(4):
            low, high = GEOMETRY.get((tg, sl0), (64, 63))
            for tsz in range(64):
                name = f"S2TG {tg}, S2SL0 {sl0}, S2T0SZ {tsz}"
                fields = {"s2tg": tg, "s2sl0": sl0, "s2t0sz": tsz}
                if not low <= tsz <= high:
                    rows.append(t.case(name, S2, BAD_STE, fields))
                    continue
                granule = next(g for g in GRANULES.values() if g.tg0 == tg)
                start = (2 if tg == 0 else 3) - sl0
                tree = PageTable(s.memory, granule, stage=2, input_bits=64 - tsz,
                                 alloc=s.prog.alloc, start_level=start)  # fmt: skip
                # the highest page: its index needs every bit of a concatenated start table
                last = (1 << 64 - tsz) - granule.size
                tree.map(last, DATA, granule.size)
                sid = t.sid(S2, **fields, s2ttb=tree.base, s2vmid=len(rows))
                reads = ("STE", *["S2"] * (4 - start))
                rows.append(Case(name, sid, last | 0x10, ok(DATA | 0x10, reads)))
        await s.run(rows)
        await s.forget()
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def stage2_base_low_bits(dut: Any) -> None:
    """STE-029: bits of S2TTB below the start table and STE[247:244] have no effect."""
    t = await Templates.start(dut)
    rows = []
    for config in (S2, NESTED):
        stream = t.streams[config]
        tree = stream.stage2
        size = tree.granule.start_table_bytes(tree.start_level, tree.input_bits)
        bits = [bit for bit in range(4, size.bit_length() - 1)]
        for bit in bits:
            changes = {"s2ttb": tree.base | 1 << bit}
            rows.append(t.case(f"S2TTB bit {bit}", config, t.good(config), changes))
        for bit in range(244, 248):
            row = t.case(f"STE bit {bit}", config, t.good(config), {})
            at = t.scene.ste_address(row.sid)
            raw = int.from_bytes(t.scene.memory.peek(at, 64), "little") | 1 << bit
            t.scene.memory.poke(at, raw.to_bytes(64, "little"))
            rows.append(row)
    assert len(rows) > 16, "no start table has bits to align"
    await t.scene.run(rows)
    await t.scene.finish()


def used_bits(config: int) -> set[int]:
    """Bit numbers that may change what a stream of this configuration does (STE-001)."""
    names = [*USED_ALWAYS, *(USED_S1 if config & 1 else ()), *(USED_S2 if config & 2 else ())]
    used: set[int] = set()
    for name in names:
        item = STE.field(name)
        used |= set(range(item.lsb, item.lsb + item.width))
    return used - set(range(244, 248))


@cocotb.test(timeout_time=60, timeout_unit="ms")
async def ste_every_bit(dut: Any) -> None:
    """STE-001: each of the 512 bits of a good STE flipped; only bits of the map have an effect."""
    t = await Templates.start(dut)
    s = t.scene
    for config in (BYPASS, S1, S2, NESTED):
        t.next_sid = FIRST
        used = used_bits(config)
        base = t.case("as it is", config, t.good(config), {})
        rows = [base]
        raw = int.from_bytes(s.memory.peek(s.ste_address(base.sid), 64), "little")
        for bit in range(512):
            want = None if bit in used else t.good(config)
            row = t.case(f"bit {bit} flipped", config, want, {})
            # a VMID of its own: no translation of another row serves this one
            vmid = (0x5000 if 128 <= bit < 144 else 0xF000) | bit
            flipped = (raw & ~(0xFFFF << 128) | vmid << 128) ^ 1 << bit
            s.memory.poke(s.ste_address(row.sid), flipped.to_bytes(64, "little"))
            rows.append(row)
        await s.run(rows)
        for bit, row in enumerate(rows[1:]):
            if bit not in used:
                assert row.outcome.attrs == base.outcome.attrs, f"bit {bit} changes attributes"
        differ = [b for b, row in enumerate(rows[1:]) if row.outcome.kind is not base.outcome.kind]
        assert len(differ) > {BYPASS: 1, S1: 8, S2: 12, NESTED: 24}[config], differ
        await s.forget()
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def ste_ignored_fields(dut: Any) -> None:
    """STE-018, STE-020, STE-036, STE-039, STE-040: features that are not there, hints, software."""
    t = await Templates.start(dut)
    rng = random.Random(cocotb.RANDOM_SEED)
    rows = []
    for config in (BYPASS, S1, S2, NESTED):
        plain = t.case("plain", config, t.good(config), {})
        group = [plain]
        for strw in range(4):
            group.append(t.case(f"STRW {strw}", config, t.good(config), {"strw": strw}))
        for eats in range(4):
            for s2s in (0, 1):
                changes = {"eats": eats, "s2s": s2s}
                group.append(t.case(f"{changes}", config, t.good(config), changes))
        for name in IGNORED:
            ones = (1 << STE.field(name).width) - 1 << STE.field(name).shift
            group.append(t.case(f"{name} all ones", config, t.good(config), {name: ones}))
        for number in range(12):
            noise = {name: rng.getrandbits(STE.field(name).width) << STE.field(name).shift
                     for name in IGNORED}  # fmt: skip
            group.append(t.case(f"noise {number}", config, t.good(config), noise))
        rows.append(group)
    for group in rows:
        await t.scene.run(group)
        pins = {str(row.outcome.attrs) for row in group}
        assert len(pins) == 1, f"an ignored field changes attributes: {pins}"
    await t.scene.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def contiguous_hint_and_merging(dut: Any) -> None:
    """STE-040: CONT=15 shares no STE with neighbours; MEV=1 merges no events."""
    t = await Templates.start(dut)
    rows = []
    for index in range(16):
        config = (BYPASS, S1, SteConfig.ABORT, S2)[index % 4]
        if config == SteConfig.ABORT:
            sid = t.sid(BYPASS, config=0, cont=15)
            rows.append(Case("Config 0", sid, VA, abort(None, ("STE",))))
        else:
            rows.append(t.case(f"neighbour {index}", config, t.good(config), {"cont": 15}))
    await t.scene.run(rows)
    sid = t.sid(S2, mev=1, cont=15)
    hole = VA + 0x10_0000
    want = abort(Event.F_TRANSLATION, s2=1, ipa=hole, **{"class": 2})
    same = [Case(f"fault {number}", sid, hole, want) for number in range(6)]
    await t.scene.run(same)
    await t.scene.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def stage2_output_size(dut: Any) -> None:
    """STE-027, TRN-033, TRN-035: effective S2PS at table and leaf descriptors, every CLASS."""
    s = await CaseScene.start(dut)
    rows, sid = [], FIRST
    for code, size in {0: 32, 1: 36, 2: 40, 3: 42, 4: 44, 5: 48, 6: 48, 7: 48}.items():
        top = (1 << size) - 0x1000
        for page in ("DATA", "CD", "S1.2"):
            sid += 1
            rig = Rig(s, sid, ste={"s2ps": code})
            # the whole structure moves up to the last page that S2PS can name
            where = top if page == "DATA" else rig.pages[page]
            rig.stage2.map(rig.ipa(page) & -0x1000, where, 0x1000)
            want = ok((top if page == "DATA" else rig.data) | 0x100)
            rows.append(rig.case(f"S2PS {code}, {page} inside", want))
            if size == 48:
                continue
            for level in range(rig.stage2.start_level, 4):
                sid += 1
                rig = Rig(s, sid, ste={"s2ps": code}, cd={"a": 0, "r": 0})
                ipa = rig.ipa(page) & -0x1000
                entry = rig.stage2.entry_address(ipa, level)
                # an upper entry is met first by the first access below it
                first = next(
                    name
                    for name in (*STRUCTURE_PAGES, "DATA")
                    if rig.stage2.entry_address(rig.ipa(name) & -0x1000, level) == entry
                )
                s.memory.poke64(entry, s.memory.peek64(entry) | 1 << size)
                want = abort(**rig.stage2_record(first, Event.F_ADDR_SIZE))
                rows.append(rig.case(f"S2PS {code}, {page}, level {level}, bit {size}", want))
        sid += 1
        rig = Rig(s, sid, s1=False, ste={"s2ps": code})
        rig.stage2.map(VA, top, 0x1000)
        rows.append(Case(f"S2PS {code}, stage 2 only", sid, VA | 8, ok(top | 8)))
        if size < 48:
            sid += 1
            rig = Rig(s, sid, s1=False, ste={"s2ps": code})
            rig.stage2.map(VA, 1 << size, 0x1000)
            want = abort(**stage2(Event.F_ADDR_SIZE, FaultClass.IN, VA))
            rows.append(Case(f"S2PS {code}, stage 2 only, beyond", sid, VA, want))
    await s.run(rows)
    await s.finish()
