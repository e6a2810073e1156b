# SPDX-License-Identifier: Apache-2.0
"""Stream tables, CDs and translation tables for the walker tests (architecture section 3).

A scene is memory plus the reference model whose registers describe it. Everything allocated is
remembered, so that a bench can tell a read inside a structure from one outside.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from tb.models.fields import CD, L1CD, L1STD, REG, STE, S1Dss, S1Fmt, SteConfig
from tb.models.memory import Memory
from tb.models.smmu_ref import SmmuConfig, SmmuRef
from tb.models.vmsa import (
    GRANULE_4K,
    GRANULES,
    Granule,
    PageTable,
    Stage1Leaf,
    Stage2Leaf,
    TableBits,
)

VA = 0x12_3456_7000
PA_FIRST = 0x4000_0000
STRTAB_LOG2 = 10
MAIR = 0x00_04_44_BB_F4_7F_40_FF  # byte n is attribute n, low byte first


@dataclass
class Stage2:
    """A stage 2 tree and the IPAs handed out in it."""

    tree: PageTable
    vmid: int
    scene: Scene
    next_ipa: int = 0x1_0000
    stride: int = 0  # bytes left between tables, to scatter them over stage 2 lines

    def place(self, size: int, alignment: int) -> int:
        """IPA of ``size`` bytes not yet given; ValueError if the tree has no room."""
        page = self.tree.granule.size
        at = -(-self.next_ipa // max(alignment, page)) * max(alignment, page)
        spare = 1 << 24 if size > 1 << 20 else 0  # no block takes the place of later tables
        if at + size > (1 << self.tree.input_bits) - spare:
            raise ValueError(f"0x{size:x} bytes do not fit below 2^{self.tree.input_bits}")
        self.next_ipa = at + max(size, page)
        return at

    def alloc(self, size: int, alignment: int) -> int:
        """IPA of new zeroed memory, backed by fresh pages."""
        at = self.place(size, alignment)
        self.next_ipa += self.stride
        self.back(at, size)
        return at

    def back(self, ipa: int, size: int, leaf: Stage2Leaf | None = None) -> None:
        """Map ``size`` bytes from ``ipa`` page by page to fresh memory."""
        page = self.tree.granule.size
        for at in range(ipa & -page, ipa + size, page):
            if self.tree.leaf_of(at) is None:
                self.tree.map(at, self.scene.alloc(page, page), page, leaf)

    def to_pa(self, ipa: int) -> int:
        """Where an IPA lies."""
        found = self.tree.leaf_of(ipa)
        assert found is not None, f"IPA 0x{ipa:x} is not mapped"
        level, descriptor = found
        inside = self.tree.granule.leaf_size(level) - 1
        return descriptor & ((1 << 48) - 1) & ~inside | ipa & inside


@dataclass
class Context:
    """One stage 1: its tree and the VAs mapped in it, with their sizes in bytes."""

    tree: PageTable
    asid: int
    cd: dict[str, int]
    pages: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Stream:
    """One StreamID and what it can reach."""

    sid: int
    ste: dict[str, int]
    stage2: Stage2 | None = None
    contexts: dict[int, Context] = field(default_factory=dict)  # by SubstreamID
    ipas: list[tuple[int, int]] = field(default_factory=list)  # stage 2 only: addresses mapped
    substreams: bool = False


class Scene:
    """Memory, reference model and streams."""

    def __init__(self, rng: random.Random, two_level: bool = False, split: int = 8) -> None:
        self.rng = rng
        self.memory = Memory()
        self.ref = SmmuRef(self.memory, SmmuConfig())
        self._next = PA_FIRST
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.two_level, self.split = two_level, split
        self.streams: list[Stream] = []
        self._level2: dict[int, int] = {}
        if two_level:
            self.strtab = self.alloc(8 << max(STRTAB_LOG2 - split, 3), 4096)
        else:
            self.strtab = self.alloc(64 << STRTAB_LOG2, 64 << STRTAB_LOG2)
        self.registers = {
            "cr1": {"table_sh": rng.randrange(4), "table_oc": rng.choice([1, 1, 0, 2]),
                    "table_ic": rng.choice([1, 1, 0, 3])},
            "ra": rng.randrange(2),
            "recinvsid": rng.randrange(2),
        }  # fmt: skip
        self._program()

    def _program(self) -> None:
        def write(name: str, **fields: int) -> None:
            self.ref.write32(REG[name].offset, REG[name].value(**fields))

        base = REG["STRTAB_BASE"]
        self.ref.write64(base.offset, base.value(addr=self.strtab, ra=self.registers["ra"]))
        write("STRTAB_BASE_CFG", log2size=STRTAB_LOG2, split=self.split, fmt=int(self.two_level))
        write("CR1", **self.registers["cr1"])
        write("CR2", recinvsid=self.registers["recinvsid"], ptm=1)
        write("CR0", smmuen=1)

    # ---- memory ------------------------------------------------------------------------------
    def alloc(self, size: int, alignment: int) -> int:
        """PA of zeroed memory of ``size`` bytes."""
        at = -(-self._next // alignment) * alignment
        # A gap after every piece, so that reading past its end is seen.
        self._next = at + size + 64
        self._starts.append(at)
        self._ends.append(at + size)
        return at

    def owns(self, pa: int, size: int) -> bool:
        """True when the bytes lie inside one allocated piece."""
        index = bisect_right(self._starts, pa) - 1
        return index >= 0 and pa + size <= self._ends[index]

    # ---- streams -----------------------------------------------------------------------------
    def ste_address(self, sid: int) -> int:
        """Where the STE of ``sid`` lies, making its level 2 table if needed."""
        if not self.two_level:
            return self.strtab + 64 * sid
        index, low = sid >> self.split, sid & ((1 << self.split) - 1)
        if index not in self._level2:
            at = self.alloc(64 << self.split, 64 << self.split)
            self._level2[index] = at
            self.memory.poke(self.strtab + 8 * index, L1STD.pack(span=self.split + 1, l2ptr=at))
        return self._level2[index] + 64 * low

    def write_ste(self, stream: Stream) -> None:
        """Store the STE of a stream from its fields."""
        self.memory.poke(self.ste_address(stream.sid), STE.pack(**stream.ste))

    def bypass(self, sid: int, **ste: int) -> Stream:
        """A stream that passes untranslated."""
        return self._add(Stream(sid, {"v": 1, "config": SteConfig.BYPASS, "shcfg": 1, **ste}))

    def stage2(
        self,
        vmid: int,
        granule: Granule = GRANULE_4K,
        input_bits: int = 44,
        start_level: int | None = None,
        stride: int = 0,
    ) -> Stage2:
        """A stage 2 tree."""
        tree = PageTable(
            self.memory, granule, stage=2, input_bits=input_bits, alloc=self.alloc,
            start_level=start_level,
        )  # fmt: skip
        return Stage2(tree, vmid, self, stride=stride)

    def stream(
        self,
        sid: int,
        *,
        stage1: bool = True,
        stage2: Stage2 | None = None,
        vmid: int = 0,
        cdmax: int = 0,
        fmt: S1Fmt = S1Fmt.LINEAR,
        dss: S1Dss = S1Dss.SSID0,
        **ste: int,
    ) -> Stream:
        """A translated stream without contexts yet."""
        config = SteConfig.BYPASS | (SteConfig.S1 & 1 if stage1 else 0) | (2 if stage2 else 0)
        values = {"v": 1, "config": int(config), "shcfg": 1, "s2vmid": vmid}
        if stage2 is not None:
            tree = stage2.tree
            values |= {
                "s2t0sz": tree.tsz, "s2sl0": tree.sl0, "s2tg": tree.granule.tg0,
                "s2ttb": tree.base, "s2ps": 5, "s2aa64": 1, "s2r": 1, "s2vmid": stage2.vmid,
            }  # fmt: skip
        stream = Stream(sid, values, stage2, substreams=cdmax > 0)
        if stage1:
            alloc = stage2.alloc if stage2 else self.alloc
            split = {S1Fmt.L2_4K: 6, S1Fmt.L2_64K: 10}.get(fmt) if cdmax else None
            entries, size = (cdmax - split, 8) if split else (cdmax, 64)
            size = max(size << max(entries, 0), 64)
            values |= {
                "s1contextptr": alloc(size, size), "s1cdmax": cdmax, "s1fmt": fmt, "s1dss": dss,
            }  # fmt: skip
        stream.ste = {**values, **ste}
        return self._add(stream)

    def nested(self, stride: int = 0) -> tuple[Stream, Context]:
        """SID 5 with both stages, VMID 7 and ASID 1, nothing mapped yet."""
        stream = self.stream(5, stage2=self.stage2(7, start_level=0, input_bits=48, stride=stride))
        return stream, self.context(stream)

    def _add(self, stream: Stream) -> Stream:
        self.streams.append(stream)
        self.write_ste(stream)
        return stream

    # ---- contexts ----------------------------------------------------------------------------
    def cd_address(self, stream: Stream, ssid: int) -> int:
        """PA of a CD, making its level 2 table if needed."""
        ste, space = stream.ste, stream.stage2
        to_pa: Callable[[int], int] = space.to_pa if space else (lambda at: at)
        split = {S1Fmt.L2_4K: 6, S1Fmt.L2_64K: 10}.get(ste["s1fmt"]) if ste["s1cdmax"] else None
        if split is None:
            return to_pa(ste["s1contextptr"] + 64 * ssid)
        entry = to_pa(ste["s1contextptr"] + 8 * (ssid >> split))
        found = L1CD.unpack(self.memory.peek(entry, 8))
        at = found.l2ptr
        if not found.v:
            size = 64 << split
            at = (space.alloc if space else self.alloc)(size, size)
            self.memory.poke(entry, L1CD.pack(v=1, l2ptr=at))
        return to_pa(at + 64 * (ssid & ((1 << split) - 1)))

    def context(
        self,
        stream: Stream,
        ssid: int = 0,
        *,
        asid: int = 1,
        granule: Granule = GRANULE_4K,
        input_bits: int = 48,
        upper: bool = False,
        **cd: int,
    ) -> Context:
        """Stage 1 of a SubstreamID: one half in use, the other disabled."""
        space = stream.stage2
        tree = PageTable(
            self.memory, granule, stage=1, input_bits=input_bits, upper=upper,
            alloc=space.alloc if space else self.alloc, to_pa=space.to_pa if space else None,
        )  # fmt: skip
        half = "1" if upper else "0"
        values = {
            "v": 1, "aa64": 1, "ips": 5, "r": 1, "a": 1, "asid": asid,
            "mair0": MAIR & 0xFFFFFFFF, "mair1": MAIR >> 32,
            f"t{half}sz": tree.tsz, f"ttb{half}": tree.base,
            f"tg{half}": granule.tg1 if upper else granule.tg0,
            f"epd{'0' if upper else '1'}": 1,
            f"ir{half}": 1, f"or{half}": 1, f"sh{half}": 3,
        }  # fmt: skip
        values |= cd
        self.memory.poke(self.cd_address(stream, ssid), CD.pack(**values))
        context = Context(tree, asid, values)
        stream.contexts[ssid] = context
        return context

    def map(
        self,
        stream: Stream,
        context: Context,
        va: int,
        level: int = 3,
        leaf: Stage1Leaf | None = None,
        s2leaf: Stage2Leaf | None = None,
        bits: TableBits | None = None,
    ) -> None:
        """Map one leaf of ``level`` at ``va``; the output is fresh and, nested, backed."""
        size = context.tree.granule.leaf_size(level)
        space = stream.stage2
        if space is None:
            out = (self.rng.getrandbits(44) << 4) & -size
        else:
            page = space.tree.granule.size
            # only some pages of a big leaf are backed: the others fault in stage 2
            out = space.place(size, size)
            for at in sorted({0, (va & (size - 1)) & -page, size // 2 & -page}):
                if space.tree.leaf_of(out + at) is None:
                    target = self.rng.getrandbits(47) & -page
                    space.tree.map(out + at, target, page, s2leaf)
        context.tree.map(va & -size, out, size, leaf, level=level, bits=bits)
        context.pages.append((va & -size, size))

    def errors(self, pa: int) -> None:
        """Make the 16-byte beat at ``pa`` answer with an error."""
        self.memory.add_error(pa & -16, 16, response=self.rng.choice(["SLVERR", "DECERR"]))


def all_granules() -> list[Granule]:
    """4K, 16K, 64K."""
    return [GRANULES[shift] for shift in sorted(GRANULES)]
