# SPDX-License-Identifier: Apache-2.0
"""What smmu_front should know: contexts, leaves and their versions, scopes of invalidations.

A leaf is remapped by giving it a new frame. After the INV of a remap has been broadcast no kept
answer may show an older frame (architecture D8, D12, D18): `floor` is the oldest frame allowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tb.models.fields import CD, STE
from tests.unit import messages as msg

PAGE_BITS = (12, 14, 16, 21, 25, 29, 30)  # of SZ_*, log2 bytes
BYP, S1, S2, S12 = (msg.constant(f"STG_{s}") for s in ("BYP", "S1", "S2", "S12"))
ALL_ACCESS = 0x3F  # {px, pw, pr, ux, uw, ur}
READ_ONLY = 0b001001  # both privileges
OVERRIDES = ("instcfg", "privcfg", "mtcfg", "memattr", "alloccfg", "shcfg")
VA48 = (1 << 48) - 1
VA = 0x12_3456_7000
HIGH = 0xFFFF_8000_0000_0000


def half_page(va: int) -> int:
    """{VA[55], VA[47:12]}: the page number that entries and INV carry."""
    return (va >> 55 & 1) << 36 | (va & VA48) >> 12


@dataclass
class Context:
    """One {SID, SSV, SSID}: its structures, in versions; the last one is in memory."""

    sid: int
    ssid: int | None = None
    stage: int = S1
    abort: bool = False
    vmid: int = 0
    asid: int = 0
    aset: int = 0
    tbi: bool = False
    epd1: bool = False
    canstall: bool = False
    overrides: list[dict[str, int]] = field(default_factory=lambda: [{}])
    floor: int = 0

    def cfg(self, version: int = -1) -> int:
        """CFG message: STE and CD words with the flags of the walker."""
        s1, s2 = self.stage & 1, self.stage >> 1
        ste = STE.pack_int(
            v=1, config=0 if self.abort else 4 | s2 << 1 | s1, s2vmid=self.vmid,
            s2s=int(self.canstall and bool(s2)), **self.overrides[version],
        )  # fmt: skip
        cd = CD.pack_int(
            v=1, t0sz=16, t1sz=16, tg1=2, epd1=int(self.epd1), tbi0=int(self.tbi),
            tbi1=int(self.tbi), s=int(self.canstall and bool(s1)), asid=self.asid, aset=self.aset,
        )  # fmt: skip
        low = (1 << 256) - 1
        return msg.pack("CFG", ste=ste & low, cd=cd & low, s1=s1, s2=s2, abort=int(self.abort))

    def in_range(self, va: int) -> bool:
        """TRN-026..030: 48-bit halves for stage 1, 48 bits in all without."""
        if not self.stage & 1:
            return va >> 48 == 0
        bits = 56 if self.tbi else 64
        high = va >> 55 & 1
        sign = (va & (1 << bits) - 1) >> 48
        return sign == (high * ((1 << bits - 48) - 1)) and not (high and self.epd1)


@dataclass
class Leaf:
    """One block or page of an address space."""

    base: int  # half_page of its first page
    size: int = 0  # SZ_*: of the entry
    s1size: int = -1  # SZ_*: of the stage 1 leaf, default: size
    ng: int = 1
    perm: int = ALL_ACCESS
    frames: list[int] = field(default_factory=list)  # first output page, by version
    floor: int = 0

    def covers(self, page: int, size: int | None = None) -> bool:
        """Is the page inside the leaf (or the block of another size around its base)?"""
        size = self.size if size is None else size
        return (page ^ self.base) >> PAGE_BITS[size] - 12 == 0


def by_va(ctx: Context, leaf_or_va: Leaf | int, **more: int) -> dict[str, int]:
    """INV of stage 1 by address, for every ASID of the VMID unless ``more`` names one."""
    page = leaf_or_va.base if isinstance(leaf_or_va, Leaf) else half_page(leaf_or_va)
    return {"s1": 1, "vmidv": 1, "vmid": ctx.vmid, "vav": 1, "vpn": page} | more


class World:
    """All contexts and address spaces."""

    def __init__(self) -> None:
        self.contexts: dict[tuple[int, int | None], Context] = {}
        self.spaces: dict[tuple[int, int, int], list[Leaf]] = {}  # (stage, vmid, asid)
        self.common: dict[tuple[int, int, int], list[Leaf]] = {}  # (stage, vmid, aset)
        self._frame = 0x100000

    def context(self, sid: int, ssid: int | None = None, **values: object) -> Context:
        """A new context."""
        made = self.contexts[sid, ssid] = Context(sid, ssid, **values)  # type: ignore[arg-type]
        return made

    def map(self, ctx: Context, va: int, size: int = 0, **values: int) -> Leaf:
        """A leaf around `va` in the address space of `ctx`."""
        pages = 1 << PAGE_BITS[size] - 12
        leaf = Leaf(half_page(va) & -pages, size, **values)
        if leaf.s1size < 0:
            leaf.s1size = size
        self.remap(leaf)
        where, key = self._home(ctx, leaf)
        where.setdefault(key, []).append(leaf)
        return leaf

    def _home(self, ctx: Context, leaf: Leaf) -> tuple[dict, tuple[int, int, int]]:
        if leaf.ng or ctx.stage == S2:
            return self.spaces, (ctx.stage, ctx.vmid, ctx.asid if ctx.stage != S2 else 0)
        return self.common, (ctx.stage, ctx.vmid, ctx.aset)

    def remap(self, leaf: Leaf) -> None:
        """A new frame, unlike any other."""
        pages = 1 << PAGE_BITS[leaf.size] - 12
        self._frame = (self._frame + pages) & -pages
        leaf.frames.append(self._frame)
        self._frame += pages

    def find(self, ctx: Context, va: int) -> Leaf | None:
        """The leaf an address falls into."""
        own = self.spaces.get((ctx.stage, ctx.vmid, ctx.asid if ctx.stage != S2 else 0), [])
        both = own + self.common.get((ctx.stage, ctx.vmid, ctx.aset), [])
        page = half_page(va)
        return next((leaf for leaf in both if leaf.covers(page)), None)

    def entry(self, ctx: Context, va: int, leaf: Leaf | None, frame: int, version: int) -> dict:
        """ENT fields of a translation; no leaf: bypass."""
        ent = {
            "sid": ctx.sid, "ssv": int(ctx.ssid is not None), "ssid": ctx.ssid or 0,
            "vpn": va >> 12, "vmid": ctx.vmid, "stage": ctx.stage,
            "canstall": int(ctx.canstall),
        }  # fmt: skip
        ent |= {name: ctx.overrides[version].get(name, 0) for name in OVERRIDES}
        perm = leaf.perm if leaf else ALL_ACCESS
        ent |= {name: perm >> i & 1 for i, name in enumerate(("ur", "uw", "ux", "pr", "pw", "px"))}
        if leaf is None:
            return ent | {"size": msg.constant("SZ_ALL"), "ppn": va >> 12 & (1 << 36) - 1}
        s1 = ctx.stage & 1
        return ent | {
            "size": leaf.size, "s1size": leaf.s1size, "ppn": leaf.frames[frame],
            "ng": leaf.ng if s1 else 0, "asid": ctx.asid if s1 else 0,
            "aset": ctx.aset if s1 else 0, "tbi": int(ctx.tbi and bool(s1)),
            "mattr": 0xFF, "sh": 3,
        }  # fmt: skip

    # ---- invalidation --------------------------------------------------------------------
    def reached(self, inv: dict[str, int]) -> Iterator[Context | Leaf]:
        """What an INV must reach (the least the architecture asks for)."""
        if inv.get("cfg"):
            for ctx in self.contexts.values():
                named = not inv.get("cdv") or (ctx.ssid or 0) == inv.get("ssid", 0)
                if named and (ctx.sid ^ inv.get("sid", 0)) & ~inv.get("sidmask", 0) == 0:
                    yield ctx
            return
        for homes, common in ((self.spaces, False), (self.common, True)):
            for (stage, vmid, third), leaves in homes.items():
                if not inv.get("s2" if stage == S2 else "s1"):
                    continue
                if inv.get("vmidv") and (vmid ^ inv["vmid"]) >> inv.get("vmw", 0):
                    continue
                if inv.get("asidv") and (not inv.get("vav") if common else third != inv["asid"]):
                    continue  # by ASID alone global entries stay (TAG-005)
                for leaf in leaves:
                    if not inv.get("vav") or self._at(leaf, inv):
                        yield leaf

    @staticmethod
    def _at(leaf: Leaf, inv: dict[str, int]) -> bool:
        first, pages = inv["vpn"], 1 << PAGE_BITS[leaf.s1size] - 12
        last = inv["end"] if inv.get("range") else first
        start = leaf.base & -pages
        return start <= last and start + pages - 1 >= first
