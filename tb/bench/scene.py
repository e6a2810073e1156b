# SPDX-License-Identifier: Apache-2.0
"""What every bench starts from: the running SMMU, its meters, and address spaces laid out by rule.

scene = await Scene.start(dut, walk_latency=20)
space = Space(scene, place=packed())
pages = space.pages(16)
await scene.warm(space, pages)
run = await scene.master.generate(scene.targets(space, pages), 10_000)

Data pages lie in the memory inside the simulator (``RAM_WORDS`` of tb_smmu), so that traffic costs
no Python; structures lie in the Python memory behind the walk port.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from tb.bench.meter import Meter
from tb.bfm.axi_master import AxiMaster
from tb.env.program import Layout, SmmuProgram
from tb.env.pulses import PulseCounts
from tb.env.smmu_bench import BenchConfig, SmmuBench
from tb.models.fields import CD, STE
from tb.models.vmsa import GRANULE_4K, PageTable, Stage1Leaf, Stage2Leaf

RAM_BASE = 0x4000_0000
PAGE = 4096
LIMIT_MS = 20  # of simulated time, for one bench: far above the longest one
IPA_BITS = 40  # three levels of 4 KB tables
VA_BITS = 48  # four levels
WALK_IDS = (0xC0, 0x00)  # mask and match of AXI IDs of table and structure reads
SSID = 3
LAYOUT = Layout(
    strtab=0x8010_0000,
    cmdq=0x8000_0000,
    eventq=0x8002_0000,
    tables=0x8200_0000,
    cmdq_log2=8,
    eventq_log2=8,
)

Place = Callable[[int], int]  # number of a page of stage 1 structures -> its IPA


def packed(base: int = 0x10_0000_0000) -> Place:
    """Structures side by side: all IPAs inside one 2 MB."""
    return lambda index: base + PAGE * index


def scattered(index: int) -> int:
    """Each page of structures in another 1 GB of IPA, in another line of its tables."""
    return (index + 1) << 30 | (9 * index % 512) << 21 | (11 * index % 512) << 12


class Scene:
    """The SMMU running, one master and one meter per direction and TBU."""

    def __init__(self, bench: SmmuBench, prog: SmmuProgram) -> None:
        self.bench, self.prog = bench, prog
        self.masters: list[AxiMaster] = bench.masters
        count = bench.tbus
        handles = [bench.dut.g_meter[i] for i in range(count)]
        self.read_meters = [Meter(h.u_rd) for h in handles]
        self.write_meters = [Meter(h.u_wr) for h in handles]
        self.rng = random.Random(bench.cfg.seed)
        self._frames = 0
        self._axil = PulseCounts(bench.dut.g_stamp.u_axil, ["write"])
        bench.ptw.count_ids(*WALK_IDS)

    @classmethod
    async def start(cls, dut: Any, *, walk_latency: int = 1, seed: int = 1) -> Scene:
        """Reset, data port latency 4, walk port latency as given, SMMU enabled."""
        bench = await SmmuBench.start(dut, BenchConfig(seed=seed, latency=4, fast_registers=True))
        for port in bench.mems:
            port.configure(ram=True)
        prog = SmmuProgram(bench, bench.memory, LAYOUT)
        scene = cls(bench, prog)
        scene.walk_latency(walk_latency)
        await prog.start()
        return scene

    @property
    def master(self) -> AxiMaster:
        """The device of TBU 0."""
        return self.masters[0]

    @property
    def reads(self) -> int:
        """Table and structure reads so far (AR handshakes of walks)."""
        return self.bench.ptw.chosen_reads

    def param(self, name: str) -> int:
        """A parameter of the build."""
        return self.bench.params[name]

    def register_written(self) -> int:
        """Cycle in which the latest register write was accepted."""
        return self._axil.last("write")

    def walk_latency(self, cycles: int) -> None:
        """L: cycles from an AR of the walk port to its first R beat."""
        self.bench.ptw.configure(latency=cycles)

    def frame(self) -> int:
        """PA of a data page; pages are shared when the memory has no more, contents are noise."""
        self._frames += 1
        return RAM_BASE + (self._frames - 1) * PAGE % (16 * self.param("RAM_WORDS"))

    def targets(self, space: Space, pages: Sequence[int], *, ids: Sequence[int] | None = None,
                beats: int = 1) -> list[dict[str, int]]:  # fmt: skip
        """A full ring of random pages for the generator; ``ids`` in turn (default: all of them)."""
        ring = 1 << self.param("MST_SLOT_W")
        ids = ids if ids is not None else range(1 << self.param("ID_W"))
        step = beats * self.master.lanes
        return [
            {
                "addr": self.rng.choice(pages) + step * self.rng.randrange(PAGE // step),
                "id": ids[k % len(ids)],
                **space.side,
            }
            for k in range(ring)
        ]

    async def warm(self, space: Space, pages: Sequence[int], tbu: int = 0) -> None:
        """Touch pages until they are in the uTLB of a TBU, one at a time."""
        for va in pages:
            assert (await self.masters[tbu].read(va, 16, **space.side)).ok
        await self.bench.cycles(4)

    async def clear_meters(self) -> None:
        """Start counting afresh."""
        for meter in (*self.read_meters, *self.write_meters):
            meter.clear()
        await self.bench.cycles(3)

    def check(self) -> None:
        """No bus rule may be broken; for benches whose traffic does not end."""
        self.bench.check()

    async def finish(self) -> None:
        """Nothing may be left over."""
        await self.bench.finish()


class Space:
    """A PASID stream: STE, CD table, stage 1 and (``nested``) stage 2, in pages placed by rule.

    The CD table is page 0 of ``place``, the start table page 1, and so on in order of first use.
    Two nested spaces need different VMIDs: each has a stage 2 of its own.
    """

    def __init__(self, scene: Scene, *, sid: int = 1, ssid: int | None = SSID, asid: int = 1,
                 vmid: int = 1, nested: bool = True, place: Place | None = None,
                 ste: dict[str, int] | None = None, **cd: int) -> None:  # fmt: skip
        self.scene, self.sid, self.ssid, self.nested = scene, sid, ssid, nested
        self.asid, self.vmid = asid, vmid
        self._place = place or packed()
        self._placed = 0
        self._where: dict[int, int] = {}
        prog, memory = scene.prog, scene.bench.memory
        self.stage2: PageTable | None = None
        if nested:
            self.stage2 = prog.tree(stage=2, input_bits=IPA_BITS)
        cds = self._page()
        self.tree = PageTable(
            memory, GRANULE_4K, stage=1, input_bits=VA_BITS, to_pa=self._to_pa,
            alloc=lambda size, alignment: self._page(),
        )  # fmt: skip
        fields = {
            "v": 1, "config": 7 if nested else 5, "shcfg": 1, "s1contextptr": cds,
            "s1cdmax": 4, "s2vmid": vmid,
        }  # fmt: skip
        if self.stage2:
            fields |= {
                "s2t0sz": self.stage2.tsz, "s2sl0": self.stage2.sl0, "s2ttb": self.stage2.base,
                "s2ps": 5, "s2aa64": 1, "s2r": 1,
            }  # fmt: skip
        memory.poke(prog.layout.strtab + 64 * sid, STE.pack(**fields | (ste or {})))
        values = {
            "v": 1, "aa64": 1, "ips": 5, "epd1": 1, "r": 1, "a": 1, "mair0": 0xFF, "asid": asid,
            "t0sz": self.tree.tsz, "ttb0": self.tree.base,
        }  # fmt: skip
        memory.poke(self._to_pa(cds) + 64 * (ssid or 0), CD.pack(**values | cd))

    @property
    def side(self) -> dict[str, int]:
        """Sidebands of this stream for the address channels."""
        return {"sid": self.sid, "ssid": self.ssid or 0, "ssidv": int(self.ssid is not None)}

    def _page(self) -> int:
        """Address (an IPA when nested) of a fresh page of structures."""
        pa = self.scene.prog.alloc(PAGE, PAGE)
        if self.stage2 is None:
            return pa
        ipa = self._place(self._placed)
        self._placed += 1
        self._where[ipa] = pa
        self.stage2.map(ipa, pa, PAGE, Stage2Leaf(), level=3)
        return ipa

    def _to_pa(self, address: int) -> int:
        if self.stage2 is None:
            return address
        return self._where[address & -PAGE] | address & (PAGE - 1)

    def entry_pa(self, va: int) -> int:
        """PA of the last-level descriptor of ``va``; its tables must be there."""
        address = self.tree.entry_address(va, 3)
        assert address is not None, f"no table for 0x{va:x}"
        return self._to_pa(address)

    def data_ipa(self) -> int:
        """IPA the placing rule gives to one more page."""
        self._placed += 1
        return self._place(self._placed - 1)

    def map(self, va: int, ipa: int | None = None, leaf: Stage1Leaf | None = None) -> None:
        """Map a 4 KB page through both stages; default IPA: the same number as the VA."""
        pa = self.scene.frame()
        if self.stage2 is None:
            self.tree.map(va, pa, PAGE, leaf, level=3)
            return
        ipa = va if ipa is None else ipa
        self.tree.map(va, ipa, PAGE, leaf, level=3)
        self.stage2.map(ipa, pa, PAGE, Stage2Leaf(), level=3)

    def pages(self, count: int, first: int = 0x40_0000_0000, stride: int = PAGE) -> list[int]:
        """Map ``count`` pages, ``stride`` bytes apart; their VAs."""
        vas = [first + k * stride for k in range(count)]
        for va in vas:
            self.map(va)
        return vas
