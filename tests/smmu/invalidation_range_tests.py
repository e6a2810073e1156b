# SPDX-License-Identifier: Apache-2.0
"""Invalidation by address: blocks, ranges, hints, alignment, the two halves."""

from __future__ import annotations

import random
from typing import Any

import cocotb

from tb.bfm.dvm import Part, tlbi
from tb.models.fields import Cmd
from tb.models.vmsa import GRANULE_4K, GRANULE_16K, GRANULES, Granule, PageTable
from tests.smmu.stage1_tests import ALL_LEAVES, HIGH
from tests.smmu.walk_scene import COUNTED, Probe, WalkScene

SID, ASID = 0x31, 0x77
TOP = (1 << 48) - 1
OUT = 0x40_0000_0000
BIT25, BIT71 = 1 << 25, 1 << 71
FORMS = ("NH_VA", "NH_VAA", "S2_IPA")


def command(form: str, addr: int, **fields: int) -> bytes:
    """One of the three address commands, VMID 0."""
    if form == "NH_VA":
        return Cmd.tlbi_nh_va(asid=ASID, addr=addr, **fields)
    if form == "NH_VAA":
        return Cmd.tlbi_nh_vaa(addr=addr, **fields)
    return Cmd.tlbi_s2_ipa(addr=addr, **fields)


class Pages:
    """Single leaves of one stream, each watched under its address."""

    def __init__(self, scene: WalkScene, granule: Granule, *, stage: int = 1, sid: int = SID,
                 asid: int = ASID) -> None:  # fmt: skip
        self.scene, self.granule, self.sid = scene, granule, sid
        self.upper: PageTable | None = None
        if stage == 1:
            self.stream = scene.prog.stream(sid)
            self.tree = self.stream.space(granule=granule, asid=asid)
        else:
            self.tree = scene.prog.tree(granule, stage=2, input_bits=44)
            self.stream = scene.prog.stream(sid, s1=False, s2=self.tree)
        self.probes: dict[str, Probe] = {}

    def add(self, name: str, addr: int, level: int = 3) -> None:
        """Map a leaf and watch it."""
        tree = self.tree
        if addr >> 55:
            if self.upper is None:
                self.upper = self.scene.upper_half(self.stream, granule=self.granule)
            tree = self.upper
        size = self.granule.leaf_size(level)
        tree.map(addr & -size, OUT & -size, size, level=level)
        self.probes[name] = Probe(addr, self.sid)

    async def gone(self, *commands: bytes | list[Part]) -> set[str]:
        """What commands, or DVM messages, remove of what is warm."""
        await self.scene.missing(self.probes)
        assert not await self.scene.missing(self.probes), f"{list(self.probes)} do not stay"
        if isinstance(commands[0], bytes):
            await self.scene.invalidate(*commands)
        else:
            await self.scene.broadcast(*commands)
        return await self.scene.missing(self.probes)


def _around(pages: Pages, start: int, length: int, limit: int) -> set[str]:
    """Watch pages at the edges of a range; returns those inside it."""
    page, inside = pages.granule.size, set()
    end = start + length
    # not all in one set of the main TLB
    places = {"below": start - page, "start": start, "middle": start + length * 5 // 8 & -page,
              "last": end - page, "above": end, "far": end + length + 7 * page}  # fmt: skip
    seen: set[int] = set()
    for name, addr in places.items():
        if addr < 0 or addr >= limit or addr in seen:
            continue
        seen.add(addr)
        pages.add(name, addr)
        if start <= addr < end:
            inside.add(name)
    return inside


async def _ranges(dut: Any, dvm: bool) -> None:
    """Every SCALE with some NUM, three granules: the formula of the form, nothing more."""
    s = await WalkScene.start(dut)
    rng = random.Random(cocotb.RANDOM_SEED)
    for granule in GRANULES.values():
        scales = range(4) if dvm else (0, 1, 2, 5, 8, 11, 14, 17, 20, 23, 25)
        for scale in scales:
            for num in rng.sample(range(1, 31), 2) + [0 if scale or dvm else 31]:
                stage = rng.choice((1, 1, 2))
                bits = 47 if stage == 1 else 43
                power = 5 * scale + 1 if dvm else scale
                length = (num + 1 << power) * granule.size
                if length > 1 << bits:
                    continue
                start = rng.randrange(((1 << bits) - length >> granule.shift) + 1) << granule.shift
                pages = Pages(s, granule, stage=stage)
                inside = _around(pages, start, length, 1 << bits + 1)
                fields = {"tg": granule.tlbi_tg, "num": num, "scale": scale}
                form = "S2_IPA" if stage == 2 else rng.choice(FORMS[:2])
                leaf = rng.randrange(2)
                if dvm:
                    who = {"asid": ASID} if form == "NH_VA" else {}
                    message = tlbi(vmid=0, addr=start, stage=stage, leaf=bool(leaf), **who,
                                   **fields)  # fmt: skip
                    gone = await pages.gone(message)
                else:
                    gone = await pages.gone(command(form, start, leaf=leaf, **fields))
                text = f"{form} {granule.name} NUM={num} SCALE={scale} from 0x{start:x}"
                assert gone == inside, f"{text}: removed {sorted(gone)}, not {sorted(inside)}"
                await s.forget()
    await s.finish()


@cocotb.test(timeout_time=16, timeout_unit="ms")
async def command_ranges(dut: Any) -> None:
    """TLB-003, TAG-016, TLB-038: (NUM+1)*2^SCALE granules go, the pages beside them stay."""
    await _ranges(dut, dvm=False)


@cocotb.test(timeout_time=16, timeout_unit="ms")
async def broadcast_ranges(dut: Any) -> None:
    """DVM-014, TAG-016: (NUM+1)*2^(5*SCALE+1) granules go, the pages beside them stay."""
    await _ranges(dut, dvm=True)


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def ranges_end_with_their_half(dut: Any) -> None:
    """TLB-004, TLB-005, TAG-016, TLB-037: SCALE 31 covers to the top and does not wrap."""
    s = await WalkScene.start(dut)
    bound = 40 * s.bench.params["TLB_SETS"] // 8 + 1000  # a sweep, however long the range
    for granule in GRANULES.values():
        page = granule.size
        pages = Pages(s, granule)
        top1 = HIGH | TOP & -page
        # each in its own set of the main TLB
        where = {
            "zero": 0,
            "low": 1 << 20 | page,
            "mid": 1 << 46 | 2 * page,
            "top": TOP & -page,
            "hzero": HIGH | 3 * page,
            "hmid": HIGH | 1 << 46 | 4 * page,
            "htop": top1 - page,
        }
        for name, addr in where.items():
            pages.add(name, addr)
        for name, addr in where.items():
            for form in ("NH_VA", "NH_VAA"):
                half = {n for n, a in where.items() if a >> 55 == addr >> 55 and a >= addr}
                huge = command(form, addr, tg=granule.tlbi_tg, num=31, scale=31)
                gone = await pages.gone(huge)
                assert gone == half, f"{granule.name} from {name}: {sorted(gone)}"
        took = await s.invalidate(command("NH_VAA", 0, tg=granule.tlbi_tg, num=31, scale=31))
        assert took < bound, f"{took} cycles for a range of everything, bound {bound}"
        took = await s.invalidate(command("NH_VAA", 0, tg=1, num=31, scale=19))  # 2^36 bytes
        assert took < bound, f"{took} cycles, bound {bound}"
        # the same from just below the top of TTB1, by DVM
        for addr, want in ((top1 - page, {"htop"}), (TOP & -page, {"top"})):
            message = tlbi(vmid=0, addr=addr & (1 << 57) - 1, stage=1, tg=granule.tlbi_tg,
                           num=31, scale=3)  # fmt: skip
            assert await pages.gone(message) == want, f"{granule.name} DVM at 0x{addr:x}"
        await s.forget()
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def one_address_any_granule(dut: Any) -> None:
    """TLB-001, TLB-002: TG=0 removes every leaf that holds the address, NUM, SCALE, TTL unused."""
    s = await WalkScene.start(dut)
    rng = random.Random(cocotb.RANDOM_SEED)
    va, other = 0x12_3456_7000 & -0x1_0000, 0x7F_0000_0000
    probes = {}
    for number, (granule, level) in enumerate(ALL_LEAVES):
        pages = Pages(s, granule, sid=SID + number, asid=ASID + number)
        pages.add(f"{granule.name}{level}", va, level)
        probes |= pages.probes
    assert len(probes) == 7
    pages.add("other", other, 3)
    await s.missing(probes | pages.probes)
    for _ in range(8):
        assert not await s.missing(probes | pages.probes)
        junk = {"num": rng.randrange(32), "scale": rng.randrange(32), "ttl": rng.randrange(4)}
        word = command("NH_VAA", va, leaf=rng.randrange(2), **junk)
        if rng.random() < 0.5:  # bits 25 and 71 are RES0
            word = (int.from_bytes(word, "little") | BIT25 | BIT71).to_bytes(16, "little")
        await s.invalidate(word)
        assert await s.missing(probes | {"other": pages.probes["other"]}) == set(probes), f"{junk}"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def bits_that_are_not_there(dut: Any) -> None:
    """TLB-001: bits 25 and 71 change no range; the length is that of SCALE[4:0]."""
    s = await WalkScene.start(dut)
    for form in FORMS:
        pages = Pages(s, GRANULE_4K, stage=2 if form == "S2_IPA" else 1)
        inside = _around(pages, 0x40_0000, 0x8000, 1 << 40)
        word = command(form, 0x40_0000, tg=1, num=1, scale=2)
        word = (int.from_bytes(word, "little") | BIT25 | BIT71).to_bytes(16, "little")
        assert await pages.gone(word) == inside, form
        await s.forget()
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def blocks_go_as_a_whole(dut: Any) -> None:
    """TLB-011, TLB-012, TAG-022: any address of a block, alone or in a range, removes all of it."""
    s = await WalkScene.start(dut)
    for granule, level in ALL_LEAVES:
        if level == 3:
            continue
        size, page = granule.leaf_size(level), granule.size
        base = 4 * size
        pages = Pages(s, granule)
        for name, offset in (("first", 0), ("mid", size // 2), ("last", size - page)):
            pages.add(name, base + offset, level)
        pages.add("next", base + size, level)
        for offset in (0, size // 2 + 0x1000, size - 0x1000):
            for fields in ({}, {"tg": granule.tlbi_tg, "num": 1}):
                addr = base + (offset & -page if fields else offset)
                if fields and offset + page > size - page:
                    addr -= page  # two granules inside the block
                gone = await pages.gone(command("NH_VA", addr, **fields))
                # one walk serves the block; where each was watched alone, all three tell
                want = {"first"} if COUNTED else {"first", "mid", "last"}
                assert gone == want, f"{granule.name} L{level} 0x{offset:x} {fields}: {gone}"
        # a hint that names another level: no requirement but a right translation
        await s.invalidate(command("NH_VA", base, tg=granule.tlbi_tg, num=1, ttl=3))
        await s.missing(pages.probes)
        await s.forget()
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def fragments_go_together(dut: Any) -> None:
    """TAG-022: all pieces stage 2 splits a stage 1 block into go with any address of it."""
    s = await WalkScene.start(dut)
    for granule, level in ALL_LEAVES:
        if level == 3:
            continue
        size = granule.leaf_size(level)
        tree = s.prog.tree(GRANULE_4K, stage=2, input_bits=44)
        stream = s.prog.stream(SID, s2=tree)
        space = stream.space(granule=granule, asid=ASID)
        base = 8 * size
        ipa = 1 << 42
        space.map(base, ipa, size, level=level)
        probes = {}
        for offset in (0, size // 4 + 0x5000, size // 2, size - 0x1000):
            tree.map(ipa + offset, OUT + 0x1000 * len(probes), 0x1000)
            probes[f"0x{offset:x}"] = Probe(base + offset, SID)
        for number, hit in enumerate((0x3000, size // 4 + 0x5000, size - 0x1000)):
            await s.missing(probes)
            assert not await s.missing(probes)
            if number == 1:
                await s.broadcast(tlbi(vmid=0, asid=ASID, addr=base + hit, stage=1))
            else:
                await s.invalidate(command("NH_VA", base + hit, leaf=number & 1))
            gone = await s.missing(probes)
            assert gone == set(probes), f"{granule.name} L{level}: only {gone} went"
        await s.forget()
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def level_hints(dut: Any) -> None:
    """TLB-006, TLB-007, TLB-009, DVM-015: leaves of the level named go; reserved hints are none."""
    s = await WalkScene.start(dut)
    for granule in GRANULES.values():
        # a leaf of each level, all inside one range; every command once by DVM
        top = granule.leaf_size(granule.leaf_levels[0])
        pages = Pages(s, granule)
        start, levels = 4 * top, {}
        for number, level in enumerate(granule.leaf_levels):
            addr = start + number * top
            pages.add(f"L{level}", addr, level)
            levels[level] = addr
        span = 8 * top // granule.size
        scale = (span // 32).bit_length()
        for ttl in (1, 2, 3):
            reserved = ttl not in granule.leaf_levels
            want = set(pages.probes) if reserved else {f"L{ttl}"}
            if granule is not GRANULE_16K and reserved:
                continue  # 64K level 1 names no leaf of a 48-bit table
            gone = await pages.gone(command("NH_VA", start, tg=granule.tlbi_tg, num=31,
                                            scale=scale, ttl=ttl))  # fmt: skip
            assert gone >= want, f"{granule.name} TTL={ttl}: {gone}"
        # one granule with a hint: its leaf, none of the others (TLB-009)
        for level, addr in levels.items():
            gone = await pages.gone(command("NH_VAA", addr, tg=granule.tlbi_tg, ttl=level))
            assert gone == {f"L{level}"}, f"{granule.name} L{level} alone: {gone}"
            message = tlbi(vmid=0, asid=ASID, addr=addr, stage=1, tg=granule.tlbi_tg, ttl=level)
            assert await pages.gone(message) == {f"L{level}"}, "the same by DVM"
            # reserved combinations of granule and level: no hint
            for tg, ttl in ((2, 1), (2, 0), (1, 0), (3, 0), (0, 1), (0, 2), (0, 3)):
                if tg not in (0, granule.tlbi_tg):
                    continue
                message = tlbi(vmid=0, asid=ASID, addr=addr, stage=1, tg=tg, ttl=ttl)
                assert await pages.gone(message) == {f"L{level}"}, f"TG={tg} TTL={ttl}"
        await s.forget()
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def starts_are_aligned_down(dut: Any) -> None:
    """TLB-010: offset bits below the hinted block: at least the aligned-down range goes."""
    s = await WalkScene.start(dut)
    for granule, level in ALL_LEAVES:
        size = granule.leaf_size(level)
        pages = Pages(s, granule)
        base = 16 * size
        for number in range(3):
            pages.add(f"{number}", base + number * size, level)
        low = size - 0x1000 if level < 3 else granule.size - 0x1000
        count = size // granule.size
        scale = max(count.bit_length() - 5, 0)
        num = (count >> scale) - 1 if count > 1 else 0
        fields = {"tg": granule.tlbi_tg, "ttl": level, "num": num, "scale": scale}
        gone = await pages.gone(command("NH_VA", base + low, **fields))
        assert "0" in gone and "2" not in gone, f"{granule.name} L{level}: {gone}"
        await s.forget()
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def upper_address_bits(dut: Any) -> None:
    """TLB-013: VA[63:56] and [54:48] of a command are ignored, VA[55] is not."""
    s = await WalkScene.start(dut)
    pages = Pages(s, GRANULE_4K)
    va = 0x5678_9000
    for name, addr in (("low", va), ("high", HIGH | va), ("next", va + 0x1000)):
        pages.add(name, addr)
    for form in FORMS[:2]:
        for junk in (0x00, 0x7F, 0x2A, 0x55):
            for top in (0x00, 0xA5, 0xFF):
                low = va | top << 56 | junk << 48
                assert await pages.gone(command(form, low)) == {"low"}, f"0x{low:x}"
                high = low | 1 << 55
                assert await pages.gone(command(form, high)) == {"high"}, f"0x{high:x}"
    await s.finish()
