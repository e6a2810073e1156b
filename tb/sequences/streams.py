# SPDX-License-Identifier: Apache-2.0
"""Random streams: every kind of STE and CD over random tables, made anew for each round.

A :class:`RandomWorld` fills the stream table with streams of all kinds (stage 1, stage 2, both,
bypass, abort, broken), granules and sizes, and knows where devices may meet something. ``change``
alters one descriptor or one structure and returns the invalidations that make it visible, as
``tb.sequences.changes`` does; ``noise`` gives invalidations that change nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tb.bfm.dvm import tlbi
from tb.env.program import TABLES_SIZE, SmmuProgram, Stream
from tb.models.fields import Cmd, S1Fmt
from tb.models.vmsa import (
    GRANULE_4K,
    GRANULE_16K,
    GRANULE_64K,
    Granule,
    PageTable,
    Stage1Leaf,
    Stage2Leaf,
)
from tb.models.vmsa.descriptors import TableBits
from tb.models.vmsa.geometry import LAST_LEVEL
from tb.sequences.changes import Change
from tb.sequences.traffic import Target

GRANULES = (GRANULE_4K, GRANULE_16K, GRANULE_64K)
PAGE = 0x1000
SIZES = {2: 40, 3: 42, 4: 44, 5: 48}  # output size codes used, and their bits
BROKEN_SID = 0x300  # beyond the stream table


@dataclass
class Place:
    """One leaf and where traffic may touch it. ``ssid`` None and no ``asid``: stage 2 only."""

    stream: Stream
    tree: PageTable
    level: int
    ia: int  # of the leaf
    target: Target
    asid: int | None = None
    hole: bool = False  # a page of tables in stage 2

    @property
    def span(self) -> int:
        """Bytes the leaf maps."""
        return self.tree.granule.leaf_size(self.level)


class RandomWorld:
    """``data`` and ``size``: the memory devices may be given; ``cd_formats``: values of S1Fmt."""

    def __init__(self, prog: SmmuProgram, rng: random.Random, data: int, size: int,
                 cd_formats: Sequence[int] = (S1Fmt.LINEAR,)) -> None:  # fmt: skip
        self.prog, self.rng, self.data, self.size = prog, rng, data, size
        self.cd_formats = cd_formats
        self.places: list[Place] = []
        self.streams: list[Stream] = []
        self.targets: list[Target] = []
        self._proper: dict[int, dict[str, int]] = {}  # STE fields a change may take back

    # ---- a round -------------------------------------------------------------------------
    def renew(self, streams: int) -> None:
        """Forget everything; build new streams."""
        self.prog.clear_structures()
        self.places, self.streams, self._proper = [], [], {}
        self.targets = [Target(BROKEN_SID, None, self.data, self.size)]
        if (split := self.prog.layout.strtab_split) and self._chance(0.2):
            self.prog.first_level(0, span=self.rng.randrange(split + 1))
        sids = self.rng.sample(range(1, 200), streams)
        kinds = ["s1", "s1", "s2", "nested", "nested", "bypass"]
        self.rng.shuffle(kinds)
        for number, sid in enumerate(sids):
            kind = kinds[number % len(kinds)]
            if self.rng.random() < 0.06:
                kind = "broken"
            self._stream(sid, kind, vmid=1 + number)

    def _chance(self, share: float) -> bool:
        return self.rng.random() < share

    def _pick(self, *values: int) -> int:
        return self.rng.choice(values)

    def _stream(self, sid: int, kind: str, vmid: int) -> None:
        rng, pick = self.rng, self._pick
        fields = {
            "shcfg": pick(0, 1, 1, 2, 3), "alloccfg": rng.getrandbits(4), "s2vmid": vmid,
            "instcfg": pick(0, 0, 2, 3), "privcfg": pick(0, 0, 2, 3),
            "mtcfg": int(self._chance(0.3)), "memattr": rng.getrandbits(4),
        }  # fmt: skip
        if kind in ("bypass", "broken"):
            broken = {"v": pick(0, 1), "config": pick(0, 1, 4)} if kind == "broken" else {}
            fields |= {"config": 4} | broken
            stream = self.prog.stream(sid, s1=False, s2=False, **fields)
            self.targets.append(Target(sid, None, self.data, self.size))
        else:
            stream = self._translating(sid, kind, fields)
        self.streams.append(stream)
        self._proper[sid] = {"v": stream.fields["v"], "config": stream.fields["config"]}

    def _translating(self, sid: int, kind: str, fields: dict[str, int]) -> Stream:
        rng, pick, chance = self.rng, self._pick, self._chance
        s1, s2 = kind != "s2", kind != "s1"
        cdmax = pick(0, 1, 2) if s1 else 0
        tree = None
        if s2:
            granule = rng.choice(GRANULES)
            bits = pick(37, 39, 40, 42)
            tree = self.prog.tree(granule, stage=2, input_bits=bits)
            ps = pick(*SIZES)
            fields |= {
                "s2s": int(chance(0.35)), "s2r": int(chance(0.8)), "s2affd": int(chance(0.3)),
                "s2ptw": int(chance(0.3)), "s2ps": ps, "s2ir0": rng.getrandbits(2),
                "s2or0": rng.getrandbits(2), "s2sh0": pick(0, 2, 3),
            }  # fmt: skip
        if s1:
            fields |= {
                "s1fmt": pick(*self.cd_formats), "s1dss": pick(0, 1, 2, 2),
                "s1stalld": int(chance(0.1)),
                "s1cir": rng.getrandbits(2), "s1cor": rng.getrandbits(2), "s1csh": pick(0, 2, 3),
            }  # fmt: skip
        stream = self.prog.stream(sid, cdmax=cdmax, s1=s1, s2=tree or False, **fields)
        if tree:
            self._stage2_pages(stream, alone=not s1)
        if s1:
            count = min(1 << cdmax, 3)
            for ssid in range(count):
                self._space(stream, ssid)
            self.targets.append(Target(sid, None, self.data, self.size))  # S1DSS, bad addresses
        if tree and s1:
            self._hole(stream)
        return stream

    # ---- stage 2 -------------------------------------------------------------------------
    def _stage2_pages(self, stream: Stream, alone: bool) -> None:
        """The data of the stream page by page, and a block elsewhere."""
        tree, base = stream.stage2, stream.ipa(self.data)
        page = tree.granule.size
        for ia in range(base, base + self.size, page):
            target = Target(stream.sid, None, ia, min(page, self.size))
            place = Place(stream, tree, LAST_LEVEL, ia, target)
            self._store(place)
            if self._chance(0.25):
                self.places.append(place)
            if alone:
                self.targets.append(target)
        if alone:
            self._block(stream, tree, None, None)

    def _hole(self, stream: Stream) -> None:
        """A page of CDs or of tables whose stage 2 leaf may be wrong."""
        tree, page = stream.stage2, stream.stage2.granule.size
        tables = (base for tree in stream.spaces.values() for base, _ in tree.tables)
        spots = [stream.cds, stream.cd_table, *tables]
        at = self.rng.choice(spots)
        ia = (at if at >= stream.ipa(0) else stream.ipa(at)) & -page
        tree.unmap(ia, page)
        place = Place(stream, tree, LAST_LEVEL, ia, self.targets[-1], hole=True)
        self._store(place)
        self.places.append(place)

    # ---- stage 1 -------------------------------------------------------------------------
    def _space(self, stream: Stream, ssid: int) -> None:
        rng, chance = self.rng, self._chance
        granule = rng.choice(GRANULES)
        bits = rng.randint(25, 48)
        asid = rng.randrange(1, 0x1_0000)
        stall = int(chance(0.4)) if not stream.fields["s1stalld"] else int(chance(0.02))
        values = {
            "s": stall, "a": rng.getrandbits(1), "r": int(chance(0.8)), "ips": self._pick(*SIZES),
            "affd": int(chance(0.2)), "pan": int(chance(0.2)), "wxn": int(chance(0.2)),
            "tbi0": rng.getrandbits(1), "tbi1": rng.getrandbits(1), "had0": int(chance(0.3)),
            "had1": int(chance(0.3)), "mair0": rng.getrandbits(32), "mair1": rng.getrandbits(32),
        }  # fmt: skip
        for half in "01":
            values |= {f"ir{half}": rng.getrandbits(2), f"or{half}": rng.getrandbits(2),
                       f"sh{half}": self._pick(0, 2, 3)}  # fmt: skip
        trees = [stream.space(ssid, granule=granule, input_bits=bits, asid=asid, **values)]
        if chance(0.4):
            upper = self.prog.tree(
                rng.choice(GRANULES), input_bits=rng.randint(25, 48), to_ipa=stream.ipa, upper=True
            )
            stream.rewrite_cd(ssid, epd1=0, t1sz=upper.tsz, tg1=upper.granule.tg1, ttb1=upper.base)
            trees.append(upper)
        if chance(0.04):
            stream.rewrite_cd(ssid, **rng.choice(({"v": 0}, {"aa64": 0}, {"ha": 1}, {"t0sz": 3})))
        for tree in trees:
            self._leaves(stream, tree, ssid, asid)

    def _leaves(self, stream: Stream, tree: PageTable, ssid: int, asid: int) -> None:
        """Some pages in a row and a block."""
        page, number = tree.granule.size, self._pick(2, 4, 8)
        high = -(1 << tree.input_bits) & (1 << 64) - 1 if tree.upper else 0
        first = self._free_spot(stream, high, tree.input_bits, number * page)
        for k in range(number if first is not None else 0):
            ia = first + k * page
            target = Target(stream.sid, ssid or None, ia, page)
            place = Place(stream, tree, LAST_LEVEL, ia, target, asid)
            self._store(place)
            self.places.append(place)
            self.targets.append(target)
        self._block(stream, tree, ssid, asid)

    def _free_spot(self, stream: Stream, base: int, bits: int, span: int) -> int | None:
        """A place nothing of the stream lies in.

        Global leaves of one VMID must not contradict each other: no address serves two spaces.
        """
        used = [(p.ia, p.span) for p in self.places if p.stream is stream]
        used.append((self.data, self.size))
        for _ in range(8):
            at = base + (self.rng.randrange(1 << bits) & -span)
            if all(at + span <= ia or ia + size <= at for ia, size in used):
                return at
        return None

    def _block(self, stream: Stream, tree: PageTable, ssid: int | None, asid: int | None) -> None:
        levels = [n for n in tree.granule.block_levels if n >= tree.start_level]
        if not levels:
            return
        level = self.rng.choice(levels)
        span = tree.granule.leaf_size(level)
        high = -(1 << tree.input_bits) & (1 << 64) - 1 if tree.upper else 0
        if 2 * span > 1 << tree.input_bits:
            return
        ia = self._free_spot(stream, high, tree.input_bits, span)
        if ia is None or tree.get(ia, level):
            return  # its table is in use
        # its output is aligned; traffic stays where the data is
        inside = self.data & span - 1
        target = Target(stream.sid, ssid or None, ia + inside, min(self.size, span - inside))
        place = Place(stream, tree, level, ia, target, asid)
        self._store(place)
        self.places.append(place)
        self.targets.append(target)

    # ---- leaves --------------------------------------------------------------------------
    def _store(self, place: Place) -> None:
        """A random leaf; sometimes none."""
        rng, chance, tree = self.rng, self._chance, place.tree
        if place.hole:
            self._store_hole(place)
            return
        if chance(0.15):
            tree.put(place.ia, place.level, rng.getrandbits(64) & ~1)
            return
        out = self._output(place)
        if place.asid is None:
            leaf = Stage2Leaf(
                readable=chance(0.9), writable=chance(0.85), mem_attr=rng.getrandbits(4),
                sh=self._pick(0, 2, 3), af=chance(0.93), xn=self._pick(0, 0, 0, 1, 2, 3),
            )  # fmt: skip
            tree.put(place.ia, place.level, tree.encode(out, place.level, leaf))
            return
        leaf = Stage1Leaf(
            writable=chance(0.85), user=chance(0.85), attr_index=rng.getrandbits(3),
            sh=self._pick(0, 2, 3), af=chance(0.93), ng=chance(0.8), uxn=chance(0.15),
            pxn=chance(0.15), dbm=chance(0.2),
        )  # fmt: skip
        bits = (
            TableBits(ap_table=rng.getrandbits(2), pxn_table=chance(0.5)) if chance(0.03) else None
        )
        tree.put(place.ia, place.level, tree.encode(out, place.level, leaf), bits)

    def _output(self, place: Place) -> int:
        span, stage1 = place.span, place.asid is not None
        at = self.data & -span if span > self.size else (
            self.data + self.rng.randrange(self.size // span) * span
        )  # fmt: skip
        if stage1:
            at = place.stream.ipa(at)
        # what lies beyond the output size (F_ADDR_SIZE), where the size allows it
        return at | 1 << 44 if self._chance(0.03) else at

    def _store_hole(self, place: Place) -> None:
        page = place.tree.granule.size
        stream = place.stream
        pa = place.ia - stream.ipa(0)
        leaf = Stage2Leaf(
            readable=self._chance(0.8), af=self._chance(0.8), mem_attr=self._pick(0xF, 0xF, 5, 1)
        )
        place.tree.put(place.ia, LAST_LEVEL, place.tree.encode(pa & -page, LAST_LEVEL, leaf))
        if self._chance(0.2):
            place.tree.put(place.ia, LAST_LEVEL, 0)

    # ---- changes -------------------------------------------------------------------------
    def change(self) -> Change:
        """Alter one thing."""
        kinds: list[Callable[[], Change]] = [self._leaf, self._leaf, self._leaf, self._ste]
        if any(stream.spaces for stream in self.streams):
            kinds.append(self._cd)
        return self.rng.choice(kinds)()

    def _leaf(self) -> Change:
        if not self.places:
            return self._ste()
        place = self.rng.choice(self.places)
        self._store(place)
        if place.asid is None:
            return self._stage2_change(place)
        return self._stage1_change(place)

    def _tlbi_range(self, granule: Granule) -> dict[str, int]:
        """Nothing, or fields of a range or of a level hint that cover the address."""
        kind = self.rng.randrange(3)
        if kind == 0:
            return {}
        return {"tg": granule.tlbi_tg, "num": self.rng.randrange(1, 4)}

    def _stage1_change(self, place: Place) -> Change:
        rng, vmid, asid = self.rng, place.stream.fields["s2vmid"], place.asid
        va = place.ia + rng.randrange(place.span // PAGE) * PAGE
        near = self._tlbi_range(place.tree.granule)
        if near:
            va = place.ia
        # table bits may have changed too: a leaf-only command would not reach them
        commands = [
            [Cmd.tlbi_nh_va(vmid=vmid, asid=asid, addr=va, **near)],
            [Cmd.tlbi_nh_vaa(vmid=vmid, addr=va, **near)],
            [Cmd.tlbi_nh_all(vmid=vmid)],
            [Cmd.tlbi_s12_vmall(vmid=vmid)],
            [Cmd.tlbi_nsnh_all()],
        ]
        dvm = [
            [tlbi(vmid=vmid, asid=asid, addr=va, stage=1)],
            [tlbi(vmid=vmid, addr=va, stage=1)],
            [tlbi(vmid=vmid, stage=1)],
            [tlbi(vmid=vmid)],
            [tlbi()],
        ]
        what = f"stage 1 leaf 0x{place.ia:x} of 0x{place.stream.sid:x}"
        return Change(what, commands, dvm)

    def _stage2_change(self, place: Place) -> Change:
        rng, vmid, sid = self.rng, place.stream.fields["s2vmid"], place.stream.sid
        nested = bool(place.stream.spaces)
        near = self._tlbi_range(place.tree.granule)
        # combined entries are not found by IPA: a stage 1 command follows (TLB-024)
        choices = ([Cmd.tlbi_nh_all(vmid=vmid)], [Cmd.tlbi_s12_vmall(vmid=vmid)])
        after = rng.choice(choices) if nested else []
        # configuration was read through the page
        config = [Cmd.cfgi_ste(sid=sid)] if place.hole else []
        commands = [
            [Cmd.tlbi_s2_ipa(vmid=vmid, addr=place.ia, **near), *after, *config],
            [Cmd.tlbi_s12_vmall(vmid=vmid), *config],
            [Cmd.tlbi_nsnh_all(), *config],
        ]
        dvm = [
            [tlbi(vmid=vmid, addr=place.ia, stage=2), tlbi(vmid=vmid, stage=1)],
            [tlbi(vmid=vmid)],
            [tlbi()],
        ]
        what = f"stage 2 leaf 0x{place.ia:x} of 0x{sid:x}"
        return Change(what, commands, [] if place.hole else dvm)

    def _ste(self) -> Change:
        stream, rng = self.rng.choice(self.streams), self.rng
        name, values = rng.choice((
            ("shcfg", (0, 1, 2, 3)), ("alloccfg", tuple(range(16))), ("instcfg", (0, 2, 3)),
            ("privcfg", (0, 2, 3)), ("mtcfg", (0, 1)), ("s2r", (0, 1)), ("s1dss", (0, 1, 2)),
            ("v", (0,)), ("config", (0, 4)), ("", ()), ("", ()),
        ))  # fmt: skip
        # V and Config come back with the next change of this stream
        stream.write(**self._proper[stream.sid] | ({name: rng.choice(values)} if name else {}))
        sid = stream.sid
        commands = [
            [Cmd.cfgi_ste(sid=sid, leaf=1)],
            [Cmd.cfgi_ste(sid=sid)],
            [Cmd.cfgi_ste_range(sid=sid, range=rng.randrange(6))],
            [Cmd.cfgi_all()],
        ]
        return Change(f"STE.{name} of 0x{sid:x}", commands)

    def _cd(self) -> Change:
        stream = self.rng.choice([stream for stream in self.streams if stream.spaces])
        sid, ssid = stream.sid, self.rng.choice(list(stream.spaces))
        name = self._pick(*"asr")
        if stream.fields.get("s1stalld") and name == "s":
            name = "a"
        stream.rewrite_cd(ssid, **{name: self.rng.getrandbits(1)})
        commands = [
            [Cmd.cfgi_cd(sid=sid, ssid=ssid, leaf=1)],
            [Cmd.cfgi_cd(sid=sid, ssid=ssid)],
            [Cmd.cfgi_cd_all(sid=sid)],
            [Cmd.cfgi_ste(sid=sid)],
            [Cmd.cfgi_all()],
        ]
        return Change(f"CD.{name} of 0x{sid:x}.0x{ssid:x}", commands)

    def noise(self) -> list[bytes]:
        """Commands after which everything is as before."""
        rng = self.rng
        stream = rng.choice(self.streams)
        sid, vmid = stream.sid, stream.fields["s2vmid"]
        addr = rng.choice(self.targets).base & -PAGE
        hint = {"tg": rng.choice((1, 3)), "ttl": rng.choice((2, 3)), "leaf": 1}
        commands = (
            Cmd.tlbi_nh_asid(vmid=vmid, asid=rng.randrange(0x1_0000)),
            Cmd.tlbi_nh_va(vmid=vmid, asid=rng.randrange(0x1_0000), addr=addr),
            Cmd.tlbi_nh_va(vmid=vmid, asid=rng.randrange(0x1_0000), addr=addr, **hint),
            Cmd.tlbi_nh_vaa(vmid=vmid, addr=addr, leaf=1),
            Cmd.tlbi_s2_ipa(vmid=vmid, addr=addr & (1 << 48) - 1),
            Cmd.tlbi_s2_ipa(vmid=vmid, addr=addr & (1 << 48) - 1, **hint),
            Cmd.tlbi_nh_all(vmid=vmid + 1),
            Cmd.tlbi_s12_vmall(vmid=vmid),
            Cmd.cfgi_cd(sid=sid, ssid=rng.randrange(4)),
            Cmd.cfgi_ste(sid=sid),
            Cmd.prefetch_config(sid=sid),
            Cmd.prefetch_addr(sid=sid, addr=addr),
        )
        return [rng.choice(commands) for _ in range(rng.randint(1, 3))]

    @property
    def table_words(self) -> list[int]:
        """Physical addresses of table starts and CDs, for bus errors."""
        spots = []
        for stream in self.streams:
            spots += [stream.cds, stream.cd_table]
            for tree in stream.spaces.values():
                spots += [base - stream.ipa(0) for base, _ in tree.tables]
            if stream.stage2:
                spots += [base for base, _ in stream.stage2.tables]
        return [at for at in spots if 0 <= at - self.prog.layout.tables < TABLES_SIZE]
