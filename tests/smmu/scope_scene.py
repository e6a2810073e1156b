# SPDX-License-Identifier: Apache-2.0
"""Translations of every kind side by side, to see which of them an invalidation removes.

Each name is one warm translation with its own stream and, in the sets of the main TLB, its own
place. ``removed`` moves all pages, invalidates, and returns the names that walked; whoever walked
must be at its new page, whoever did not at the old one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tb.env.program import Stream
from tb.models.vmsa import PageTable, Stage1Leaf, Stage2Leaf
from tests.smmu.walk_scene import COUNTED, WalkScene

VMID, OTHER_VMID = 4, 5
ASID, OTHER_ASID = 1, 2
BASE, PAGES = 0x10_0000, 0x4800_0000
ANCHOR = 0x3F000  # see Probe; a set of its own
# name: stages, VMID, ASID, ASET, global
KINDS = {
    "a": (1, VMID, ASID, 0, False),
    "b": (1, VMID, OTHER_ASID, 0, False),
    "v": (1, OTHER_VMID, ASID, 0, False),
    "k": (1, VMID, ASID, 1, False),
    "g": (1, VMID, ASID, 0, True),
    "h": (1, VMID, ASID, 1, True),
    "n": (3, VMID, ASID, 0, False),
    "u": (3, VMID, ASID, 1, False),
    "m": (3, OTHER_VMID, ASID, 0, False),
    "s": (2, VMID, 0, 0, False),
    "t": (2, OTHER_VMID, 0, 0, False),
}
ALL = set(KINDS)


@dataclass
class Resident:
    """One translation: ``addr`` is its input address, ``ipa`` that of stage 2."""

    stream: Stream
    tree: PageTable
    addr: int
    pa: int
    leaf: Stage1Leaf | Stage2Leaf

    @property
    def ipa(self) -> int:
        """Address of the page as stage 2 knows it now."""
        return self.addr if self.tree.stage == 2 else self.stream.ipa(self.pa)


class Population:
    """All kinds, warm."""

    def __init__(self, scene: WalkScene, base: int = BASE) -> None:
        self.scene, self.prog = scene, scene.prog
        self.base = base
        self._page = PAGES + 0x1000
        trees = {vmid: self.prog.tree(stage=2, input_bits=40) for vmid in (VMID, OTHER_VMID)}
        self.who: dict[str, Resident] = {}
        self.held: dict[str, int] = {}  # page each translation is known to be at
        spaces: dict[tuple[int, int, int], PageTable] = {}
        for number, (name, (stages, vmid, asid, aset, glob)) in enumerate(KINDS.items()):
            stream = self.prog.stream(
                0x20 + number,
                s1=bool(stages & 1),
                s2=trees[vmid] if stages & 2 else False,
                s2vmid=vmid,
            )
            addr = base + 0x1000 * number
            leaf: Stage1Leaf | Stage2Leaf = Stage1Leaf(ng=not glob)
            tree = trees[vmid]
            if stages & 1:
                # one VMID and ASID is one table, whoever uses it
                tree = spaces.get((stages, vmid, asid))
                if tree is None:
                    tree = spaces[stages, vmid, asid] = stream.space(asid=asid, aset=aset)
                else:
                    stream.space(asid=asid, aset=aset, ttb0=tree.base)
            else:
                leaf = Stage2Leaf()
            self.who[name] = Resident(stream, tree, addr, 0, leaf)
            anchor = self.base + ANCHOR
            if tree.leaf_of(anchor) is None:
                stream.lend(PAGES, 0x1000)
                tree.map(anchor, stream.ipa(PAGES) if stages & 1 else PAGES, 0x1000, level=3)
        self.move(*self.who)

    def move(self, *names: str) -> None:
        """Give translations another page, unknown to the SMMU until an invalidation."""
        for one in (self.who[name] for name in names):
            one.pa = self._page
            self._page += 0x1000
            out = one.pa
            if one.tree.stage == 1:
                one.stream.lend(one.pa, 0x1000)
                out = one.stream.ipa(one.pa)
            one.tree.map(one.addr, out, 0x1000, one.leaf, level=3)

    async def touch(self) -> set[str]:
        """Names that walk now, to their new page; the others must be where they were."""
        return {name for name in self.who if await self._walks(name)}

    async def _walks(self, name: str) -> bool:
        one = self.who[name]
        anchor = await self.scene.access(self.base + ANCHOR, one.stream.sid, judge=False)
        assert anchor.pa == PAGES, f"{name}: {anchor.what}"
        seen = await self.scene.access(one.addr, one.stream.sid, judge=False)
        assert seen.ok, f"{name}: {seen.what}"
        # without the PMU pins the page tells it: the new one can come from a walk only
        walks = bool(seen.walks) if COUNTED else seen.pa == one.pa != self.held.get(name)
        if walks:
            self.held[name] = one.pa
        want = self.held[name]
        assert seen.pa == want, f"{name}: 0x{seen.pa or 0:x}, not 0x{want:x}"
        return walks

    async def warm(self) -> None:
        """Everything hits from now on."""
        await self.touch()
        left = await self.touch()
        assert not left, f"{left} do not stay in the TLB"

    async def removed(self, invalidate: Callable[[], Awaitable[Any]]) -> set[str]:
        """What an invalidation removes; afterwards all is warm again.

        Without the PMU pins, which tell what stays if there is room, it comes once for each name.
        """
        if COUNTED:
            self.move(*self.who)
            await invalidate()
            return await self.touch()
        lost = set()
        for name in self.who:
            await self._walks(name)
            self.move(name)
            await invalidate()
            if await self._walks(name):
                lost.add(name)
        return lost

    def addr(self, name: str) -> int:
        """Input address of a resident."""
        return self.who[name].addr
