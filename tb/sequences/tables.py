# SPDX-License-Identifier: Apache-2.0
"""Table building: a stream with its structures, its trees and the data behind them."""

from __future__ import annotations

from tb.env.program import Stream
from tb.models.fields import Cmd
from tb.models.vmsa import GRANULE_4K, Granule, PageTable, Stage1Leaf
from tb.sequences.base import SmmuSequence
from tb.sequences.traffic import Target


class BuildTables(SmmuSequence):
    """One StreamID: STE, CDs, a stage 1 tree per SubstreamID, stage 2 when asked for.

    asid       of the first space, counted up
    ssids      number of SubstreamIDs; 0: no stage 1. Number 0 stands for "no SubstreamID"
    s2, vmid   stage 2 below it
    pages      of each space, mapped from ``base`` to data of its own
    holes      pages behind them that are not mapped: translation faults
    stall      CD.S: faults of stage 1 stall
    leaf       attributes of all leaves
    ste        further fields of the STE

    After it: ``stream``, ``spaces`` by SubstreamID, ``data`` by SubstreamID (physical),
    ``targets`` for traffic (holes left out) and ``hole_targets``.
    """

    def __init__(self, sid: int, name: str = "build_tables", *, ssids: int = 1, s2: bool = False,
                 vmid: int = 0, granule: Granule = GRANULE_4K, pages: int = 4, holes: int = 0,
                 base: int = 0x40_0000, stall: bool = False, asid: int | None = None,
                 leaf: Stage1Leaf | None = None, **ste: int) -> None:  # fmt: skip
        super().__init__(name)
        self.sid, self.ssids, self.s2, self.vmid = sid, ssids, s2, vmid
        self.granule, self.pages, self.holes, self.base = granule, pages, holes, base
        self.stall, self.asid, self.leaf, self.ste = stall, asid, leaf, ste
        self.stream: Stream | None = None
        self.spaces: dict[int, PageTable] = {}
        self.data: dict[int, int] = {}
        self.targets: list[Target] = []
        self.hole_targets: list[Target] = []

    @property
    def page(self) -> int:
        """Bytes of a page."""
        return self.granule.size

    def asid_of(self, ssid: int) -> int:
        """ASID of a space."""
        first = self.sid << 4 if self.asid is None else self.asid
        return first + ssid & 0xFFFF

    async def body(self) -> None:
        cdmax = max(self.ssids - 1, 0).bit_length()
        fields = {"s1dss": 2, "s2vmid": self.vmid} | self.ste
        self.stream = self.prog.stream(
            self.sid, cdmax=cdmax, s1=self.ssids > 0, s2=self.s2, **fields
        )
        for ssid in range(max(self.ssids, 1)):
            self._space(ssid)
        if self.ral.CR0.get() & 1:
            # the SMMU may hold what was there before
            await self.prog.command(Cmd.cfgi_ste(sid=self.sid), Cmd.tlbi_nsnh_all())
            await self.prog.sync()
            if self.sequencer.scoreboard is not None:
                self.sequencer.scoreboard.settle(self.bench.cycle)

    def _space(self, ssid: int) -> None:
        size = self.pages * self.page
        data = self.data[ssid] = self.sequencer.data_frames(size, self.page)
        self.bench.memory.poke(data, self.rng.randbytes(size))
        self.stream.lend(data, size)
        if not self.ssids:
            self.targets.append(Target(self.sid, None, self.stream.ipa(data), size))
            return
        space = self.spaces[ssid] = self.stream.space(
            ssid, granule=self.granule, asid=self.asid_of(ssid), s=int(self.stall)
        )
        space.map(self.base, self.stream.ipa(data), size, self.leaf)
        self.targets.append(Target(self.sid, ssid or None, self.base, size))
        if self.holes:
            hole = Target(self.sid, ssid or None, self.base + size, self.holes * self.page)
            self.hole_targets.append(hole)
