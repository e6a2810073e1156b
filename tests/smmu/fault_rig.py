# SPDX-License-Identifier: Apache-2.0
"""A stream whose every structure lies in a page of its own, and the defects it may have.

rig = Rig(scene, sid, s2=True)
rig.stage2_fault("CD", Event.F_ACCESS)
case = rig.case("AF=0 at the CD page", abort(**rig.stage2_record("CD", Event.F_ACCESS)))

Pages are named ``L1CD``, ``CD``, ``S1.0`` to ``S1.3`` (tables of stage 1 by level) and ``DATA``.
"""

from __future__ import annotations

from typing import Any

from tb.env.program import IPA_OFFSET, MAIR_WB
from tb.models.fields import CD, L1CD, STE, Event, FaultClass, S1Fmt
from tb.models.vmsa import GRANULE_4K, PageTable, Stage1Leaf, Stage2Leaf
from tests.smmu.case_scene import PAGE, Case, CaseScene, Want, stage2

VA = 0x12_3456_7000
MODEL = (Event.F_TRANSLATION, Event.F_ADDR_SIZE, Event.F_ACCESS, Event.F_PERMISSION)
STRUCTURE_PAGES = ("L1CD", "CD", "S1.0", "S1.1", "S1.2", "S1.3")
CLASSES = {"L1CD": FaultClass.CD, "CD": FaultClass.CD, "DATA": FaultClass.IN}
SSID = 70  # of the second level-2 CD table
OUT_BITS = 44  # IPS and S2PS of a rig; a set bit above is an address size fault
SIZE_BIT = 1 << 45
ADDRESS = (1 << 48) - PAGE


class Rig:
    """Both stages by default; ``s2`` False: stage 1 alone, ``s1`` False: stage 2 alone."""

    def __init__(self, scene: CaseScene, sid: int, *, s1: bool = True, s2: bool = True,
                 two_level: bool = True, cd: dict[str, int] | None = None,
                 ste: dict[str, int] | None = None) -> None:  # fmt: skip
        self.scene, self.memory, self.sid = scene, scene.memory, sid
        self.s1, self.s2 = s1, s2
        self.ssid: int | None = SSID if s1 and two_level else None
        self.pages: dict[str, int] = {}
        self.offset = IPA_OFFSET if s2 and s1 else 0
        self.stage2: PageTable | None = None
        if s2:
            self.stage2 = PageTable(
                self.memory, GRANULE_4K, stage=2, input_bits=40, alloc=scene.prog.alloc
            )
        self.data = self._page("DATA")
        self.ste: dict[str, int] = {"v": 1, "config": 4 | s1 | s2 << 1, "shcfg": 1,
                                    "s2vmid": sid}  # fmt: skip
        self.tree: PageTable | None = None
        if s1:
            self._stage1(two_level, cd or {})
        elif s2:
            self.stage2.map(VA, self.data, PAGE)
        if s2:
            tree = self.stage2
            self.ste |= {
                "s2t0sz": tree.tsz, "s2sl0": tree.sl0, "s2tg": 0, "s2ttb": tree.base,
                "s2ps": 4, "s2aa64": 1, "s2r": 1,
            }  # fmt: skip
        self.write_ste(**(ste or {}))

    def _page(self, name: str) -> int:
        pa = self.scene.prog.alloc(PAGE, PAGE)
        self.pages[name] = pa
        if self.stage2 and self.s1:
            self.stage2.map(pa + self.offset, pa, PAGE)
        return pa

    def _stage1(self, two_level: bool, cd: dict[str, int]) -> None:
        names = iter(range(4))

        def table(size: int, alignment: int) -> int:
            return self._page(f"S1.{next(names)}") + self.offset

        self.tree = PageTable(
            self.memory, GRANULE_4K, stage=1, input_bits=48, alloc=table,
            to_pa=lambda address: address - self.offset,
        )  # fmt: skip
        self.tree.map(VA, self.data + self.offset, PAGE)
        self.cd_at = self._page("CD")
        pointer = self.cd_at
        if two_level:
            pointer = self._page("L1CD")
            self.entry_at = pointer + 8 * (SSID >> 6)
            self.memory.poke(self.entry_at, L1CD.pack(v=1, l2ptr=self.cd_at + self.offset))
            self.cd_at += 64 * (SSID & 63)
            self.ste |= {"s1fmt": S1Fmt.L2_4K, "s1cdmax": 8, "s1dss": 2}
        self.ste["s1contextptr"] = pointer + self.offset
        self.cd = {
            "v": 1, "aa64": 1, "ips": 4, "epd1": 1, "r": 1, "a": 1, "mair0": MAIR_WB,
            "t0sz": 16, "ttb0": self.tree.base, "asid": self.sid,
        }  # fmt: skip
        self.write_cd(**cd)

    # ---- structures ----------------------------------------------------------------------
    @property
    def ste_at(self) -> int:
        """Address of the STE."""
        return self.scene.ste_address(self.sid)

    def write_ste(self, **changes: int) -> None:
        """Store the STE with some fields changed."""
        self.ste |= changes
        self.memory.poke(self.ste_at, STE.pack(**self.ste))

    def write_cd(self, **changes: int) -> None:
        """Store the CD with some fields changed."""
        self.cd |= changes
        self.memory.poke(self.cd_at, CD.pack(**self.cd))

    def ipa(self, page: str) -> int:
        """Address of what a fetch from a page wants, as stage 2 gets it."""
        if page == "DATA" and not self.s1:
            return VA
        at = {"L1CD": lambda: self.entry_at, "CD": lambda: self.cd_at,
              "DATA": lambda: self.data}.get(page)  # fmt: skip
        if at is not None:
            return at() + self.offset
        return self.tree.entry_address(VA, int(page[3:]))

    # ---- defects -------------------------------------------------------------------------
    def stage2_fault(self, page: str, event: Event, *, write: bool = False) -> None:
        """Stage 2 of a page is broken; for DATA the direction matters to permission faults."""
        ipa = self.ipa(page) & -PAGE
        good = self.stage2.get(ipa, 3)
        broken = {
            Event.F_TRANSLATION: 0,
            Event.F_ADDR_SIZE: good | SIZE_BIT,
            Event.F_ACCESS: good & ~(1 << 10),
            # no read; a write of DATA needs the other bit
            Event.F_PERMISSION: good & ~(1 << 7 if write else 1 << 6),
        }[event]
        self.stage2.put(ipa, 3, broken)

    def stage2_leaf(self, page: str, **leaf: Any) -> None:
        """Another leaf for a page in stage 2."""
        pa = self.pages[page]
        self.stage2.map(self.ipa(page) & -PAGE, pa, PAGE, Stage2Leaf(**leaf))

    def stage1_fault(self, event: Event, level: int = 3, *, write: bool = False) -> None:
        """Stage 1 is broken at a level (access and permission: in the leaf)."""
        good = self.tree.get(VA, level)
        broken = {
            Event.F_TRANSLATION: 0,
            Event.F_ADDR_SIZE: good | SIZE_BIT,
            Event.F_ACCESS: good & ~(1 << 10),
            Event.F_PERMISSION: good | 1 << 7 if write else good & ~(1 << 6),
        }[event]
        self.memory.poke64(self.entry(level), broken)

    def entry(self, level: int) -> int:
        """PA of the stage 1 descriptor of a level."""
        return self.tree.entry_address(VA, level) - self.offset

    def leaf(self, **leaf: Any) -> None:
        """Another stage 1 leaf for the page."""
        self.tree.map(VA, self.data + self.offset, PAGE, Stage1Leaf(**leaf))

    # ---- rows ----------------------------------------------------------------------------
    def stage2_record(self, page: str, event: Event) -> dict[str, Any]:
        """Event and fields of a stage 2 fault at a page (NST-002, NST-004, NST-005)."""
        cls = CLASSES.get(page, FaultClass.TT)
        extra = {}
        if event is Event.F_PERMISSION:
            extra["ttrnw"] = int(cls is FaultClass.TT)
        return stage2(event, cls, self.ipa(page), **extra)

    def case(self, name: str, want: Want | None, **options: Any) -> Case:
        """A row on this stream."""
        options.setdefault("ssid", self.ssid)
        options.setdefault("addr", VA | 0x100)
        return Case(name, self.sid, want=want, **options)

    def reads(self) -> tuple[str, ...]:
        """Kinds of all reads of a translation without a defect, in order."""
        walk = ["S2"] * (4 - self.stage2.start_level) if self.stage2 else []
        inner = walk if self.s1 else []
        steps = ["STE"]
        if self.s1:
            if self.ssid is not None:
                steps += [*inner, "L1CD"]
            steps += [*inner, "CD"]
            for _ in range(4):
                steps += [*inner, "S1"]
        return tuple([*steps, *walk])
