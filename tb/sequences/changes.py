# SPDX-License-Identifier: Apache-2.0
"""Random table and structure changes, each with every invalidation that covers it.

A :class:`World` knows some streams and their pages. ``change`` alters one descriptor or one
structure and returns the commands, or the DVM messages, of which any one alternative makes the
change visible (tables of the command queue chapter: TLB-*, CMD-016..024).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tb.bfm.dvm import Part, tlbi
from tb.env.program import SmmuProgram, Stream
from tb.models.fields import Cmd
from tb.models.vmsa import GRANULE_4K, PageTable, Stage1Leaf
from tb.sequences.traffic import Target

PAGE = 0x1000
BLOCK = 0x20_0000
APART = 0x100_0000
S1_LEVEL_OF_BLOCK = 2


@dataclass
class Space:
    """One stage 1 address space: pages from ``base``, then one block."""

    stream: Stream
    ssid: int | None
    asid: int
    tree: PageTable
    base: int
    pages: int

    @property
    def target(self) -> Target:
        """All of it, for traffic."""
        return Target(self.stream.sid, self.ssid, self.base, self.pages * PAGE)

    @property
    def block(self) -> Target:
        """The part of the block that traffic uses."""
        return Target(self.stream.sid, self.ssid, self.base + BLOCK, 8 * PAGE)


@dataclass
class Change:
    """``commands``: alternatives, each a list that ends without a SYNC; ``dvm`` likewise."""

    what: str
    commands: list[list[bytes]]
    dvm: list[list[list[Part]]] = field(default_factory=list)


class World:
    """Streams with one or two stages whose tables change at random."""

    def __init__(self, prog: SmmuProgram, rng: random.Random, data: int, frames: int) -> None:
        self.prog, self.rng = prog, rng
        self.data, self.frames = data, frames  # physical frames devices may be given
        self.spaces: list[Space] = []
        self._vmids: dict[int, int] = {}

    def add(self, sid: int, *, vmid: int, s2: bool, ssids: int, base: int, pages: int,
            **cd: int) -> None:  # fmt: skip
        """A stream with ``ssids`` address spaces."""
        cdmax = (ssids - 1).bit_length()
        stream = self.prog.stream(sid, s2=s2, cdmax=cdmax, s2vmid=vmid, s1dss=2)
        self._vmids[sid] = vmid
        stream.lend(self.data, self.frames * PAGE)
        for ssid in range(ssids):
            asid = self.rng.randrange(1, 0x1_0000)
            tree = stream.space(ssid, granule=GRANULE_4K, asid=asid, **cd)
            # global leaves of one VMID must not contradict each other: no VA is used twice
            here = base + ssid * APART
            space = Space(stream, ssid or None, asid, tree, here, pages)
            self.spaces.append(space)
            for page in range(pages):
                self._map(space, here + page * PAGE)
            self._map_block(space)

    @property
    def targets(self) -> list[Target]:
        """Everything devices may touch."""
        return [t for space in self.spaces for t in (space.target, space.block)]

    # ---- changes -------------------------------------------------------------------------
    def change(self) -> Change:
        """Alter one thing."""
        space = self.rng.choice(self.spaces)
        kinds = [self._page, self._page, self._page, self._block, self._ste, self._cd]
        if space.stream.stage2:
            kinds += [self._stage2, self._stage2]
        return self.rng.choice(kinds)(space)

    def _frame(self) -> int:
        return self.data + self.rng.randrange(self.frames) * PAGE

    def _leaf(self) -> Stage1Leaf:
        return Stage1Leaf(ng=self.rng.random() < 0.8, writable=self.rng.random() < 0.9)

    def _map(self, space: Space, va: int) -> None:
        space.tree.map(va, space.stream.ipa(self._frame()), PAGE, self._leaf(), level=3)

    def _map_block(self, space: Space) -> None:
        # blocks of one tree alias the frames: their output is aligned, inside the frames' 2 MB
        at = space.stream.ipa(self.data & -BLOCK)
        space.tree.map(space.base + BLOCK, at, BLOCK, self._leaf(), level=S1_LEVEL_OF_BLOCK)

    def _page(self, space: Space) -> Change:
        va = space.base + self.rng.randrange(space.pages) * PAGE
        if self.rng.random() < 0.3:
            space.tree.put(va, 3, 0)
            return self._stage1(space, va, f"unmap 0x{va:x}")
        self._map(space, va)
        return self._stage1(space, va, f"map 0x{va:x}")

    def _block(self, space: Space) -> Change:
        va = space.base + BLOCK
        if self.rng.random() < 0.3:
            space.tree.put(va, S1_LEVEL_OF_BLOCK, 0)
        else:
            self._map_block(space)
        # any address inside the block reaches all of it (TAG-022)
        return self._stage1(space, va + self.rng.randrange(BLOCK // PAGE) * PAGE, "block")

    def _stage1(self, space: Space, va: int, what: str) -> Change:
        """Invalidations that cover a leaf of stage 1."""
        vmid, asid = self._vmids[space.stream.sid], space.asid
        # leaves may be global: ASID-wide commands would not reach them (TLB-014)
        commands = [
            [Cmd.tlbi_nh_va(vmid=vmid, asid=asid, addr=va, leaf=self.rng.randrange(2))],
            [Cmd.tlbi_nh_vaa(vmid=vmid, addr=va, leaf=self.rng.randrange(2))],
            [Cmd.tlbi_nh_all(vmid=vmid)],
            [Cmd.tlbi_s12_vmall(vmid=vmid)],
            [Cmd.tlbi_nsnh_all()],
        ]
        dvm = [
            [tlbi(vmid=vmid, asid=asid, addr=va, stage=1, leaf=bool(self.rng.randrange(2)))],
            [tlbi(vmid=vmid, addr=va, stage=1)],
            [tlbi(vmid=vmid, stage=1)],
            [tlbi(vmid=vmid)],
            [tlbi()],
        ]
        return Change(f"{what} sid 0x{space.stream.sid:x}", commands, dvm)

    def _stage2(self, space: Space) -> Change:
        stream, vmid = space.stream, self._vmids[space.stream.sid]
        pa = self._frame()
        ipa = stream.ipa(pa)
        if self.rng.random() < 0.3:
            stream.stage2.put(ipa, 3, 0)
        else:
            stream.stage2.map(ipa, self._frame(), PAGE, level=3)
        # combined entries are not found by IPA: a stage 1 command follows (TLB-024)
        after = self.rng.choice(([Cmd.tlbi_nh_all(vmid=vmid)], [Cmd.tlbi_s12_vmall(vmid=vmid)]))
        commands = [
            [Cmd.tlbi_s2_ipa(vmid=vmid, addr=ipa, leaf=self.rng.randrange(2)), *after],
            [Cmd.tlbi_s12_vmall(vmid=vmid)],
            [Cmd.tlbi_nsnh_all()],
        ]
        dvm = [
            [tlbi(vmid=vmid, addr=ipa, stage=2), tlbi(vmid=vmid, stage=1)],
            [tlbi(vmid=vmid)],
            [tlbi()],
        ]
        return Change(f"stage 2 of 0x{ipa:x}", commands, dvm)

    def _ste(self, space: Space) -> Change:
        stream = space.stream
        name, width = self.rng.choice((("shcfg", 2), ("alloccfg", 4), ("instcfg", 2)))
        value = self.rng.getrandbits(width)
        stream.write(**{name: value if (name, value) != ("instcfg", 1) else 0})
        commands = [
            [Cmd.cfgi_ste(sid=stream.sid, leaf=1)],
            [Cmd.cfgi_ste(sid=stream.sid)],
            [Cmd.cfgi_ste_range(sid=stream.sid, range=self.rng.randrange(6))],
            [Cmd.cfgi_all()],
        ]
        return Change(f"STE.{name} of 0x{stream.sid:x}", commands)

    def _cd(self, space: Space) -> Change:
        sid, ssid = space.stream.sid, space.ssid or 0
        space.stream.rewrite_cd(ssid, a=self.rng.randrange(2))
        commands = [
            [Cmd.cfgi_cd(sid=sid, ssid=ssid, leaf=1)],
            [Cmd.cfgi_cd(sid=sid, ssid=ssid)],
            [Cmd.cfgi_cd_all(sid=sid)],
            [Cmd.cfgi_ste(sid=sid)],
            [Cmd.cfgi_all()],
        ]
        return Change(f"CD.A of 0x{sid:x}.0x{ssid:x}", commands)
