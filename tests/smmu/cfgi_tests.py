# SPDX-License-Identifier: Apache-2.0
"""CMD_CFGI_* in the whole SMMU: which cached structures go, which stay, and nothing in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cocotb

from tb.bfm.burst import AxiTxn
from tb.models.fields import L1CD, L1STD, STE, Cmd
from tests.smmu.queue_scene import PAGE, VA, Scene, TwoFaced

SID, OTHER = 0x21, 0x22
L1, CDS_PER_LEAF = 8, 64  # bytes of a level-1 descriptor; CDs in a 4 KB level-2 table


# Table lines that must be kept for a stream beside the one in question to stay cached.
KEPT_LINES = 8


class Leaves:
    """A 2-level CD table for a two-faced stream: SSIDs 1 and 65, a level-2 table each and face."""

    ssids = (1, 1 + CDS_PER_LEAF)

    def __init__(self, two: TwoFaced) -> None:
        self.two, self.memory = two, two.scene.memory
        alloc = two.scene.prog.alloc
        self.l1 = alloc(64, 64)
        self.tables = {(face, ssid): alloc(4096, 4096) for face in "AB" for ssid in self.ssids}
        for (face, ssid), table in self.tables.items():
            self.memory.poke(table + 64 * (ssid % CDS_PER_LEAF), two.images[face][64:128])
        for ssid in self.ssids:
            self.point(ssid, "A")
        two.stream.write(s1contextptr=self.l1, s1fmt=1, s1cdmax=7)

    def l1cd(self, ssid: int) -> int:
        """Address of the level-1 descriptor."""
        return self.l1 + L1 * (ssid // CDS_PER_LEAF)

    def cd(self, ssid: int, face: str = "A") -> int:
        """Address of the CD."""
        return self.tables[face, ssid] + 64 * (ssid % CDS_PER_LEAF)

    def point(self, ssid: int, face: str) -> None:
        """The level-1 descriptor names the level-2 table of ``face``."""
        table = self.tables[face, ssid]
        self.memory.poke(self.l1cd(ssid), L1CD.pack(v=1, l2ptr=table))


def _keeps(s: Scene) -> bool:
    """Whether the design has room for all that a test touches."""
    return s.bench.params.get("LINE_ENTRIES", 0) >= KEPT_LINES


def _read(s: Scene, seen: int, at: int, size: int) -> bool:
    return bool(s.reads_of(at, size, seen))


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def cfgi_ste_drops_all_of_a_stream(dut: Any) -> None:
    """CMD-016, CMD-019, CMD-020, CMD-018: STE, L1CD and CD are read again, of one stream or all.

    The new configuration governs; the tables of translations are not read again.
    """
    s = await Scene.start(dut)
    two, near = s.two_faced(SID, ssids=1), s.two_faced(OTHER, ssids=1)
    leaves = Leaves(two)
    faces = {ssid: "A" for ssid in leaves.ssids}

    async def touch(where: TwoFaced, ssids: tuple[int, ...]) -> list[str]:
        return [await where.face(ssid) for ssid in ssids]

    await touch(two, leaves.ssids)
    assert await near.face(1) == "A"
    for command, all_of_them in (
        (Cmd.cfgi_ste(sid=SID, leaf=1), False),
        (Cmd.cfgi_ste(sid=SID), False),
        (Cmd.cfgi_ste_range(sid=SID ^ 1, range=0), False),
        (Cmd.cfgi_ste_range(sid=s.bench.rng.getrandbits(32), range=31), True),
        (Cmd.cfgi_all(), True),
    ):
        # unchanged structures: re-read, but no table walk
        seen = len(s.log)
        await s.run(command)
        assert await touch(two, leaves.ssids) == list(faces.values())
        assert _read(s, seen, two.ste, 64), command.hex()
        for ssid in leaves.ssids:
            face = faces[ssid]
            assert _read(s, seen, leaves.l1cd(ssid), L1), f"{command.hex()}: L1CD of {ssid}"
            assert _read(s, seen, leaves.cd(ssid, face), 64), f"{command.hex()}: CD of {ssid}"
        structures = {two.ste, *(leaves.l1cd(x) for x in leaves.ssids)}
        structures |= {leaves.cd(ssid, face) for ssid, face in faces.items()}
        extra = [
            b for b in s.walk_reads(seen) if not any(b.low <= at < b.high for at in structures)
        ]
        assert not extra, f"{command.hex()}: translation tables were read: {extra}"
        # the neighbour
        seen = len(s.log)
        assert await near.face(1) == "A"
        assert _read(s, seen, near.ste, 64) == all_of_them, f"{command.hex()}: the neighbour"
        # changed structures
        for ssid in leaves.ssids:
            faces[ssid] = "B" if faces[ssid] == "A" else "A"
            leaves.point(ssid, faces[ssid])
        await s.run(command)
        assert await touch(two, leaves.ssids) == list(faces.values()), command.hex()
        await near.face(1)
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def cfgi_ste_reaches_the_level_1(dut: Any) -> None:
    """CMD-017: L1STD is read again with Leaf 0 and 1, also after Span=0 (Linux's order)."""
    l1_table = 0x4050_0000
    regs = {
        "STRTAB_BASE": {"addr": l1_table},
        "STRTAB_BASE_CFG": {"fmt": 1, "split": 6, "log2size": 8},
    }
    s = await Scene.start(dut, regs=regs)
    two = s.two_faced(SID)
    level2 = {"A": s.prog.layout.strtab, "B": s.prog.alloc(4096, 4096)}
    two.by_ste("B")
    s.memory.poke(level2["B"] + 64 * SID, s.memory.peek(two.ste, 64))
    two.by_ste("A")
    unused = s.memory.peek(level2["B"], 64 * SID)
    assert unused == bytes(len(unused))

    def point(face: str, span: int = 7) -> None:
        s.memory.poke(l1_table, L1STD.pack(span=span, l2ptr=level2[face]))

    point("A")
    assert await two.face() == "A"
    for face, leaf in (("B", 0), ("A", 1), ("B", 1), ("A", 0)):
        point(face)
        seen = len(s.log)
        await s.run(Cmd.cfgi_ste(sid=SID, leaf=leaf))
        assert await two.face() == face, f"the old L1STD was used, Leaf={leaf}"
        assert _read(s, seen, l1_table, L1)
    # Linux: a stream without a level-2 table gets one
    point("A", span=0)
    await s.run(Cmd.cfgi_ste(sid=SID, leaf=1))
    for _ in range(3):
        assert not (await s.read(VA, SID)).ok
    (*_, record) = await s.prog.events(at_least=3)
    assert record.type == 0x02, record  # C_BAD_STREAMID
    point("B")
    await s.run(Cmd.cfgi_ste(sid=SID, leaf=1))
    assert await two.face() == "B" and not await s.prog.events()
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def cfgi_ranges(dut: Any) -> None:
    """CMD-019: each Range: the aligned block goes, its neighbours on both sides stay cached."""
    s = await Scene.start(dut, sid_log2=16, strtab=0x4400_0000)
    base, rng = s.prog.layout.strtab, s.bench.rng
    bypass = STE.pack(v=1, config=4, shcfg=1)
    for span in range(16):
        size = 2 << span
        block = 0 if size == 1 << 16 else size * rng.randrange(1, max(2, (1 << 16) // size - 1))
        inside = {block, block + size - 1, block + rng.randrange(size)}
        outside = {sid for sid in (block - 1, block + size) if 0 <= sid < 1 << 16}
        for sid in (*inside, *outside):
            s.memory.poke(base + 64 * sid, bypass)
            assert (await s.read(PAGE, sid)).ok
        await s.run(Cmd.cfgi_ste_range(sid=block + rng.randrange(size), range=span))
        for sid in (*inside, *outside):
            seen = len(s.log)
            assert (await s.read(PAGE, sid)).ok
            read = _read(s, seen, base + 64 * sid, 64)
            if sid in inside or _keeps(s):
                assert read == (sid in inside), f"Range {span} at {block:#x}: stream {sid:#x}"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def cfgi_cd_takes_one(dut: Any) -> None:
    """CMD-021, CMD-022: a lone CD, linear tables, S1DSS=2: only CD k is read again."""
    s = await Scene.start(dut)
    lone = s.two_faced(SID)
    assert await lone.face() == "A"
    lone.by_cd("B")
    assert await lone.face() == "A", "not cached"
    await s.run(Cmd.cfgi_cd(sid=SID, ssid=0, leaf=1))
    assert await lone.face() == "B"
    many = s.two_faced(OTHER, ssids=2, s1dss=2)
    users: list[int | None] = [None, 1, 2, 3]  # CD 0 serves traffic without SubstreamID
    for ssid in users:
        assert await many.face(ssid) == "A"
    for k, ssid in enumerate(users):
        many.by_cd("B", k)
        assert await many.face(ssid) == "A", "not cached"
        seen = len(s.log)
        await s.run(Cmd.cfgi_cd(sid=OTHER, ssid=k, leaf=k % 2))
        assert await many.face(ssid) == "B", f"CD {k}"
        assert _read(s, seen, many.tables["A"] + 64 * k, 64)
        for other in users:
            assert await many.face(other) == ("B" if (other or 0) <= k else "A")
        for other in (x for x in range(4) if x != k and _keeps(s)):
            assert not _read(s, seen, many.tables["A"] + 64 * other, 64), f"{k} took {other}"
    # SubstreamID 0 itself stays unusable
    assert not (await s.read(VA, OTHER, 0)).ok
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def cfgi_cd_reaches_the_level_1(dut: Any) -> None:
    """CMD-023, CMD-021: a moved L1CD.L2Ptr is found after CFGI_CD with Leaf 0 and 1."""
    s = await Scene.start(dut)
    two = s.two_faced(SID, ssids=1)
    leaves = Leaves(two)
    one, other = leaves.ssids
    assert await two.face(one) == "A" and await two.face(other) == "A"
    for face, leaf in (("B", 0), ("A", 1), ("B", 1), ("A", 0)):
        leaves.point(one, face)
        seen = len(s.log)
        await s.run(Cmd.cfgi_cd(sid=SID, ssid=one, leaf=leaf))
        assert await two.face(one) == face, f"Leaf={leaf}"
        assert _read(s, seen, leaves.l1cd(one), L1) and _read(s, seen, leaves.cd(one, face), 64)
        assert await two.face(other) == "A"
        assert not _read(s, seen, leaves.cd(other), 64), "the CD of another SubstreamID went"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def shared_cd_tables(dut: Any) -> None:
    """CMD-024, CMD-025: CDs are private to the stream they were cached through."""
    s = await Scene.start(dut)
    a, b = s.two_faced(SID, ssids=2), s.two_faced(OTHER, ssids=2)
    b.stream.write(s1contextptr=a.tables["A"])

    async def faces() -> list[str]:
        return [await x.face(ssid) for x in (a, b) for ssid in (1, 2, 3)]

    assert await faces() == ["A"] * 6
    for ssid in (1, 2, 3):
        a.by_cd("B", ssid)
    assert await faces() == ["A"] * 6
    await s.run(Cmd.cfgi_cd(sid=SID, ssid=2, leaf=1))
    assert await faces() == ["A", "B", "A", "A", "A", "A"]
    seen = len(s.log)
    await s.run(Cmd.cfgi_cd_all(sid=SID))
    assert await faces() == ["B", "B", "B", "A", "A", "A"]
    for ssid in (1, 2, 3):
        assert _read(s, seen, a.tables["A"] + 64 * ssid, 64), f"CD {ssid} was kept"
    assert not _read(s, seen, b.ste, 64)
    await s.run(Cmd.cfgi_cd(sid=OTHER, ssid=1))
    assert await faces() == ["B", "B", "B", "B", "A", "A"]
    await s.run(Cmd.cfgi_cd_all(sid=OTHER))
    assert await faces() == ["B"] * 6
    # through a 2-level table the level-1 descriptors go too
    two = s.two_faced(SID + 2, ssids=1)
    leaves = Leaves(two)
    for ssid in leaves.ssids:
        assert await two.face(ssid) == "A"
        leaves.point(ssid, "B")
    await s.run(Cmd.cfgi_cd_all(sid=two.sid))
    for ssid in leaves.ssids:
        assert await two.face(ssid) == "B"
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def all_old_or_all_new(dut: Any) -> None:
    """CMD-026: images that differ in every doubleword flip under traffic; never a mixture.

    Downstream page, privilege and memory type tell which image a transaction used.
    """
    s = await Scene.start(dut)
    two = s.two_faced(SID)
    ste = {
        "A": {"s1contextptr": two.tables["A"], "privcfg": 2, "instcfg": 3},
        "B": {"s1contextptr": two.tables["B"], "privcfg": 3, "instcfg": 2},
    }
    # MAIR lies in another doubleword of the CD than TTB0 and ASID
    two.stream.rewrite_cd(0, mair0=0x44)
    last = s.memory.peek(two.stream.cds, 64)
    s.memory.poke(two.tables["B"], last)
    two.images["B"] = last
    seen: set[tuple[str, int, int]] = set()

    def address(txn: AxiTxn) -> None:
        face = "A" if txn.addr & ~0xFFF == PAGE else "B"
        seen.add((face, txn.ax["prot"] & 0b101, txn.ax["cache"]))

    s.bench.monitor(s.bench.memory_probes[0], "tbu0_m_axi", lambda txn: None, on_address=address)
    pure: dict[str, tuple[str, int, int]] = {}
    for face, image in ste.items():
        two.stream.write(**image)
        await s.run(Cmd.cfgi_ste(sid=SID, leaf=1))
        seen.clear()
        assert (await s.read(VA, SID, priv=False, inst=False)).ok
        (pure[face],) = seen
    assert all(x != y for x, y in zip(*pure.values(), strict=True)), pure
    stop = False

    async def flood() -> None:
        axi_id = 0
        while not stop:
            txns = [s.bench.read(VA + 8 * k, 8, sid=SID, id=(axi_id + k) % 8) for k in range(6)]
            axi_id += 3
            for txn in txns:
                assert (await s.done(txn)).ok

    async def flips(command: bytes, change: Callable[[str], None]) -> None:
        """Each flip ends in the new image alone; before that, one of the two."""
        for n in range(16):
            face = "AB"[n % 2]
            change(face)
            await s.bench.cycles(s.bench.rng.randrange(60))
            await s.run(command)
            mixed.update(seen - set(pure.values()))
            seen.clear()
            await s.bench.cycles(100)
            assert seen == {pure[face]}, f"flip {n}: {seen} after the SYNC"

    task = cocotb.start_soon(flood())
    mixed: set[tuple[str, int, int]] = set()
    await flips(Cmd.cfgi_ste(sid=SID, leaf=1), lambda face: two.stream.write(**ste[face]))
    two.stream.write(**ste["A"])
    await s.run(Cmd.cfgi_ste(sid=SID, leaf=1))
    seen.clear()
    # the CD alone: ASID, TTB and MAIR; the STE stays that of A
    pure["B"] = (pure["B"][0], pure["A"][1], pure["B"][2])
    await flips(Cmd.cfgi_cd(sid=SID, leaf=1), two.by_cd)
    stop = True
    await task
    assert not mixed, f"mixed configurations: {mixed}; pure ones: {pure}"
    await s.finish()
