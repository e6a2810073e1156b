# SPDX-License-Identifier: Apache-2.0
"""Event records of the whole SMMU, all 256 bits of each type (EVQ-001..018)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Any

import cocotb

from tb.env.program import Stream
from tb.models.fields import REG, STE, Cmd
from tb.models.smmu_ref import SmmuRef, Transaction
from tb.models.smmu_ref.queues import RECORD_SIZE, advance, slot_address
from tb.models.vmsa import PageTable, Stage1Leaf, Stage2Leaf
from tests.smmu.queue_scene import HOLE, PAGE, STEP, VA, Scene

CD_CLASS, TT, IN = 0, 1, 2
SIZE_BIT = 1 << 47  # above the output sizes of the streams below
IPS_44 = 4


def record(kind: int, sid: int, *, ssv: int = 0, ssid: int = 0, stag: int = 0, stall: int = 0,
           pnu: int = 0, ind: int = 0, rnw: int = 0, s2: int = 0, cls: int = 0, ttrnw: int = 0,
           addr: int = 0, ipa: int = 0, fetch: int = 0) -> int:  # fmt: skip
    """A record from the bit positions of EVQ-002 alone."""
    return (
        kind | ssv << 11 | ssid << 12 | sid << 32 | stag << 64 | stall << 95 | pnu << 97
        | ind << 98 | rnw << 99 | s2 << 103 | cls << 104 | ttrnw << 108 | addr << 128
        | (ipa >> 12 & (1 << 44) - 1) << 204 | (fetch >> 3 & (1 << 53) - 1) << 195
    )  # fmt: skip


@dataclass
class Case:
    """One transaction and the record it must write (None: aborted without one)."""

    name: str
    sid: int
    want: dict[str, int] | None
    addr: int = VA
    write: bool = False
    ssid: int | None = None
    priv: bool = False
    inst: bool = False
    options: dict[str, int] = field(default_factory=dict)
    nbytes: int = 8


async def raw_records(s: Scene, count: int) -> list[int]:
    """Records as 256-bit numbers, consumed."""
    lay, found = s.prog.layout, []
    cons = await s.prog.read("EVENTQ_CONS")
    rd = cons.rd
    while True:
        wr = (await s.prog.read("EVENTQ_PROD")).wr
        while rd != wr:
            at = slot_address(lay.eventq, lay.eventq_log2, rd, RECORD_SIZE)
            found.append(int.from_bytes(s.memory.peek(at, RECORD_SIZE), "little"))
            rd = advance(lay.eventq_log2, rd)
        await s.prog.write("EVENTQ_CONS", rd=rd, ovackflg=cons.ovackflg)
        if len(found) >= count:
            return found
        await s.bench.cycles(20)


async def judge(s: Scene, case: Case) -> None:
    """Send it; the client gets an abort, software the record, bit by bit."""
    side: dict[str, Any] = {"sid": case.sid, "ssid": case.ssid, "priv": case.priv,
                            "inst": case.inst} | case.options  # fmt: skip
    if case.write:
        txn = s.bench.write(case.addr, bytes(case.nbytes), **side)
    else:
        txn = s.bench.read(case.addr, case.nbytes, **side)
    await s.done(txn)
    assert not txn.ok, f"{case.name}: not aborted"
    await s.run()
    got = await raw_records(s, 0)
    want = [] if case.want is None else [record(sid=case.sid, **case.want)]
    assert got == want, f"{case.name}: {[hex(x) for x in got]}, not {[hex(x) for x in want]}"


def access(kind: int, *, addr: int = VA, **more: int) -> dict[str, int]:
    """Fields of a record about an access: a read unless told otherwise."""
    return {"kind": kind, "addr": addr, "rnw": 1, "cls": IN} | more


class World:
    """Streams with one defect each."""

    def __init__(self, s: Scene) -> None:
        self.s = s
        prog, memory = s.prog, s.memory
        self.cases: list[Case] = []
        self.plain = prog.stream(0x01)
        space = self.plain.space(tbi0=1, asid=1)
        space.map(VA, PAGE, STEP)
        priv = prog.stream(0x11, privcfg=3, instcfg=3)
        priv.space(asid=0x11).map(VA, PAGE, STEP)
        self.errors = [
            memory.add_error(prog.layout.strtab + 64 * 0x05, 64, writes=False),
        ]
        memory.poke(prog.layout.strtab + 64 * 0x06, bytes(64))
        memory.poke(prog.layout.strtab + 64 * 0x07, STE.pack(v=1, config=6, s2aa64=0))
        memory.poke(prog.layout.strtab + 64 * 0x17, STE.pack(v=1, config=4, shcfg=1))

    def add(self, name: str, sid: int, want: dict[str, int] | None, **case: Any) -> None:
        self.cases.append(Case(name, sid, want, **case))

    def error(self, pa: int, size: int) -> None:
        """Reads there abort."""
        self.errors.append(self.s.memory.add_error(pa, size, writes=False))

    # ---- configuration -------------------------------------------------------------------
    def unsupported(self) -> None:
        """EVQ-003: bursts across 4 KB and atomics, before any override."""
        edge = VA + STEP - 8
        for ssid, write, priv, inst in product((None, 5), (False, True), (False, True), (0, 1)):
            want = {"kind": 0x01, "addr": edge, "rnw": int(not write), "pnu": int(priv)}
            want |= {"ind": int(inst and not write)}
            want |= {} if ssid is None else {"ssv": 1, "ssid": ssid}
            self.add(f"across 4 KB ssid={ssid} write={write} priv={priv}", 0x11, want, addr=edge,
                     nbytes=16, ssid=ssid, write=write, priv=priv, inst=bool(inst))  # fmt: skip
        top = 0xA5 << 56 | edge
        self.add("top byte", 0x01, {"kind": 0x01, "addr": top, "rnw": 1}, addr=top, nbytes=16)
        self.add("atomic", 0x06, {"kind": 0x01, "addr": VA}, write=True, options={"atop": 0x10})

    def stream_table(self) -> None:
        """EVQ-004, EVQ-005, EVQ-006."""
        for ssid in (None, 0xABCDE):
            sub = {} if ssid is None else {"ssv": 1, "ssid": ssid}
            self.add("beyond the table", 0x100, {"kind": 0x02} | sub, ssid=ssid)
            self.add("all ones", 0xFFFF, {"kind": 0x02} | sub, ssid=ssid, write=True)
            fetch = self.s.prog.layout.strtab + 64 * 0x05
            self.add("STE abort", 0x05, {"kind": 0x03, "fetch": fetch} | sub, ssid=ssid)
            self.add("STE.V=0", 0x06, {"kind": 0x04} | sub, ssid=ssid)
            self.add("STE illegal", 0x07, {"kind": 0x04} | sub, ssid=ssid, write=True)

    def substreams(self) -> None:
        """EVQ-008, EVQ-010, EVQ-011, EVQ-012."""
        s = self.s
        none = s.prog.stream(0x02, cdmax=2, s1dss=0)
        none.space(1).map(VA, PAGE, STEP)
        s.prog.stream(0x03, cdmax=2, s1dss=2)
        self.add("no SSID, S1DSS=0", 0x02, {"kind": 0x06})
        self.add("SSID 0, S1DSS=2", 0x03, {"kind": 0x06}, ssid=0, write=True)
        self.add("SSID too large", 0x02, {"kind": 0x08, "ssid": 4}, ssid=4)
        self.add("SSID, one CD", 0x01, {"kind": 0x08, "ssid": 0xFFFFF}, ssid=0xFFFFF)
        self.add("SSID, bypass", 0x17, {"kind": 0x08, "ssid": 7}, ssid=7)
        two = s.prog.stream(0x04)
        l1 = s.prog.alloc(64, 64)
        two.write(s1contextptr=l1, s1fmt=1, s1cdmax=8, s1dss=2)
        s.memory.poke64(l1 + 8, 1 << 50 | 1)  # SSIDs 64..127: L2Ptr beyond OAS
        self.error(l1 + 16, 8)
        self.add("L1CD.V=0, no SSID", 0x04, {"kind": 0x08})
        self.add("L1CD.V=0", 0x04, {"kind": 0x08, "ssid": 3}, ssid=3)
        self.add("L2Ptr beyond OAS", 0x04, {"kind": 0x08, "ssid": 70}, ssid=70)
        self.add("L1CD abort", 0x04, {"kind": 0x09, "ssv": 1, "ssid": 130, "fetch": l1 + 16},
                 ssid=130)  # fmt: skip
        bad = s.prog.stream(0x08, cdmax=1)
        self.error(bad.cds, 64)
        self.add("CD abort", 0x08, {"kind": 0x09, "ssv": 1, "fetch": bad.cds}, ssid=0)
        self.add("CD.V=0", 0x08, {"kind": 0x0A, "ssv": 1, "ssid": 1}, ssid=1)
        s.prog.stream(0x09).space(aa64=0)
        self.add("CD illegal", 0x09, {"kind": 0x0A}, write=True)

    # ---- stage 1 ---------------------------------------------------------------------------
    def stage1(self) -> None:
        """EVQ-013..017 with S2=0: descriptors and addresses of a stream without stage 2."""
        for level in (0, 1, 2, 3):
            sid = 0x0B if level == 3 else 0x18 + level
            tree = self.s.prog.stream(sid).space(asid=sid)
            tree.map(VA, PAGE, STEP)
            at = tree.entry_address(VA, level)
            self.error(at, 8)
            self.add(f"descriptor abort, level {level}", sid, access(0x0B, cls=TT, fetch=at))
        reserved = VA + 0x20_0000
        tree = self.s.prog.stream(0x1D).space(asid=0x1D)
        tree.map(VA, PAGE, STEP)
        tree.put(reserved, 3, PAGE | 1 << 10 | 0b01)
        self.add("reserved descriptor", 0x1D, access(0x10, addr=reserved), addr=reserved)
        self.add("unmapped", 0x01, access(0x10, addr=HOLE), addr=HOLE)
        self.add("unmapped write", 0x01, access(0x10, addr=HOLE, rnw=0), addr=HOLE, write=True)
        top = 0x5A << 56 | HOLE | 0x123
        want = access(0x10, addr=top, pnu=1, ind=1)
        self.add("top byte ignored, fetch", 0x01, want, addr=top, priv=True, inst=True)
        far = 1 << 48 | VA
        self.add("out of range", 0x11, access(0x10, addr=far, pnu=1, ind=1), addr=far)
        high = 0xFFFF_FFFF_0000_0008
        self.add("EPD1", 0x01, access(0x10, addr=high), addr=high)
        far = 1 << self.s.bench.model_config.oas
        self.add("bypass beyond OAS", 0x17, access(0x11, addr=far), addr=far)

    # ---- stage 2 ---------------------------------------------------------------------------
    def nested(self, sid: int, **ste: int) -> tuple[Stream, PageTable]:
        """A nested stream; VA maps, all its structures and pages are lent."""
        stream = self.s.prog.stream(sid, s2=True, s2vmid=sid, **ste)
        space = stream.space()
        stream.lend(PAGE, 16 * STEP)
        space.map(VA, stream.ipa(PAGE), 16 * STEP)
        return stream, space

    def stage2(self) -> None:
        """EVQ-013..017 with S2=1, in each CLASS."""
        kinds = {
            0x10: None, 0x11: Stage2Leaf(extra=SIZE_BIT), 0x12: Stage2Leaf(af=False),
            0x13: Stage2Leaf(readable=False),
        }  # fmt: skip
        for n, (kind, leaf) in enumerate(kinds.items()):
            for cls in (CD_CLASS, TT, IN):
                sid = 0x20 + 4 * n + cls
                stream, space = self.nested(sid, s2ps=IPS_44)
                ipa = {
                    CD_CLASS: stream.ipa(stream.cds),
                    TT: space.entry_address(VA, 3),
                    IN: stream.ipa(PAGE),
                }[cls]
                page = ipa & ~0xFFF
                stream.stage2.unmap(page, STEP)
                if leaf:
                    stream.stage2.map(page, page - stream.ipa(0), STEP, leaf)
                more = {"ttrnw": 1} if kind == 0x13 and cls == TT else {}
                want = access(kind, s2=1, cls=cls, ipa=ipa, **more)
                self.add(f"{kind:#x} at stage 2, class {cls}", sid, want)
                if cls == TT:
                    self.add(f"{kind:#x} at stage 2, class TT, write", sid,
                             want | {"rnw": 0}, write=True)  # fmt: skip
        for cls in (CD_CLASS, TT, IN):
            sid = 0x38 + cls
            # an error is told for a whole beat: the last table gets a line of stage 2 of its own
            stream, space = self.nested(sid)
            last = self.s.prog.alloc(STEP, 32 * STEP)
            old = space.entry_address(VA, 3) - stream.ipa(0) & ~0xFFF
            self.s.memory.poke(last, self.s.memory.peek(old, STEP))
            space.put(VA, 2, stream.ipa(last) | 3)
            ipas = (stream.ipa(stream.cds), space.entry_address(VA, 3), stream.ipa(PAGE))
            at = stream.stage2.entry_address(ipas[cls], 3)
            if at is None:  # lent as a block
                stream.stage2.split(ipas[cls])
                at = stream.stage2.entry_address(ipas[cls], 3)
            self.error(at, 8)
            self.add(f"stage 2 descriptor abort, class {cls}", sid,
                     access(0x0B, s2=1, cls=cls, fetch=at))  # fmt: skip
        stream, space = self.nested(0x31)
        at = space.entry_address(VA, 3) - stream.ipa(0)
        self.error(at, 8)
        self.add("nested stage 1 abort", 0x31, access(0x0B, cls=TT, fetch=at))
        self.s.prog.stream(0x32, s1=False, s2=True, s2vmid=0x32)
        self.add("stage 2 only", 0x32, access(0x10, s2=1, ipa=VA))
        for level in (1, 2, 3):
            only = self.s.prog.stream(0x34 + level, s1=False, s2=True, s2vmid=0x34 + level)
            only.stage2.map(VA, PAGE, STEP)
            at = only.stage2.entry_address(VA, level)
            self.error(at, 8)
            want = access(0x0B, s2=1, fetch=at)
            self.add(f"stage 2 only, abort at level {level}", 0x34 + level, want)
        stream, space = self.nested(0x33)
        self.add("IPA beyond S2T0SZ", 0x33, access(0x10, addr=HOLE, s2=1, ipa=1 << 41), addr=HOLE)
        space.put(HOLE, 3, space.encode(1 << 41, 3))


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def every_type_bit_by_bit(dut: Any) -> None:
    """EVQ-001, EVQ-003..006, EVQ-008, EVQ-010..017, EVQ-018: one row a cause, 256 bits a row."""
    s = await Scene.start(dut)
    world = World(s)
    for rows in (world.unsupported, world.stream_table, world.substreams, world.stage1,
                 world.stage2):  # fmt: skip
        rows()
    for case in world.cases:
        await judge(s, case)
    assert len(world.cases) > 60
    # EVQ-004: without RECINVSID only the abort
    await s.prog.enable(cmdqen=1, eventqen=1)
    await s.prog.write("CR2", ptm=1)
    await s.prog.enable(cmdqen=1, eventqen=1, smmuen=1)
    for sid in (0x100, 0xFFFF):
        await judge(s, Case("RECINVSID=0", sid, None))
    # EVQ-003: F_UUT is recorded with SMMUEN=0 too, nothing else is
    await s.prog.enable(cmdqen=1, eventqen=1)
    edge = VA + STEP - 8
    want = {"kind": 0x01, "addr": edge, "rnw": 1, "ssv": 1, "ssid": 9}
    await judge(s, Case("SMMUEN=0", 0x05, want, addr=edge, nbytes=16, ssid=9))
    far = 1 << s.bench.model_config.oas
    await judge(s, Case("SMMUEN=0, beyond OAS", 0x05, None, addr=far))
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def two_level_stream_table(dut: Any) -> None:
    """EVQ-004, EVQ-005: Span, and the read of an L1STD."""
    l1 = 0x4050_0000
    s = await Scene.start(dut, regs={
        "STRTAB_BASE": {"addr": l1},
        "STRTAB_BASE_CFG": {"fmt": 1, "split": 6, "log2size": 8},
    })  # fmt: skip
    s.memory.poke64(l1, s.prog.layout.strtab | 3)  # Span 3: StreamIDs 0..3
    s.memory.add_error(l1 + 8, 8, writes=False)
    s.memory.add_error(s.prog.layout.strtab + 64, 64, response="DECERR", writes=False)
    for case in (
        Case("beyond the Span", 0x04, {"kind": 0x02}),
        Case("beyond the Span", 0x3F, {"kind": 0x02, "ssv": 1, "ssid": 1}, ssid=1),
        Case("Span=0", 0x80, {"kind": 0x02}, write=True),
        Case("L1STD abort", 0x47, {"kind": 0x03, "fetch": l1 + 8}),
        Case("STE abort", 0x01, {"kind": 0x03, "fetch": s.prog.layout.strtab + 64}),
        Case("STE.V=0", 0x02, {"kind": 0x04}),
    ):
        await judge(s, case)
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def stall_records(dut: Any) -> None:
    """EVQ-014..017: the four stallable types with Stall=1 and a STAG that resumes."""
    s = await Scene.start(dut)
    stream = s.prog.stream(0x27, cdmax=1)
    space = stream.space(1, s=1, ips=IPS_44)
    space.map(VA, PAGE, STEP, Stage1Leaf(writable=False))
    space.map(VA + STEP, PAGE, STEP, Stage1Leaf(af=False))
    space.map(VA + 2 * STEP, PAGE, STEP, Stage1Leaf(extra=SIZE_BIT))
    for kind, addr, write in (
        (0x10, HOLE, False), (0x13, VA, True), (0x12, VA + STEP, False),
        (0x11, VA + 2 * STEP, True),
    ):  # fmt: skip
        if write:
            txn = s.bench.write(addr, bytes(8), sid=0x27, ssid=1)
        else:
            txn = s.bench.read(addr, 8, sid=0x27, ssid=1)
        (got,) = await raw_records(s, 1)
        stag = got >> 64 & 0xFFFF
        want = record(kind, 0x27, ssv=1, ssid=1, stall=1, stag=stag, rnw=int(not write), cls=IN,
                      addr=addr)  # fmt: skip
        assert got == want, f"{got:#x}, not {want:#x}"
        assert not txn.finished
        space.map(addr, PAGE, STEP)
        await s.run(Cmd.tlbi_nh_all(), Cmd.resume(sid=0x27, stag=stag, ac=1))
        assert (await s.done(txn)).ok, f"type {kind:#x}"
    for cls in (CD_CLASS, TT, IN):
        sid = 0x28 + cls
        nested = s.prog.stream(sid, s2=True, s2s=1, s2vmid=sid)
        space = nested.space()
        space.map(VA, nested.ipa(PAGE), STEP)
        nested.lend(PAGE, STEP)
        ipa = (nested.ipa(nested.cds), space.entry_address(VA, 3), nested.ipa(PAGE))[cls]
        page = ipa & ~0xFFF
        nested.stage2.unmap(page, STEP)
        txn = s.bench.read(VA, 8, sid=sid)
        (got,) = await raw_records(s, 1)
        stag = got >> 64 & 0xFFFF
        want = record(0x10, sid, stall=1, stag=stag, rnw=1, cls=cls, s2=1, addr=VA, ipa=ipa)
        assert got == want, f"class {cls}: {got:#x}, not {want:#x}"
        nested.lend(page - nested.ipa(0), STEP)
        await s.run(Cmd.resume(sid=sid, stag=stag, ac=1))
        assert (await s.done(txn)).ok, f"class {cls}"
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def sizes_and_access_flags_by_level(dut: Any) -> None:
    """EVQ-015, EVQ-016: table, block and page at each level and stage; AFFD; no check of tables."""
    s = await Scene.start(dut)
    where = 1 << 38  # a first-level region of its own for each level
    sid = 0x40
    for stage, level in product((1, 2), (0, 1, 2, 3)):
        for defect in ("table", "leaf", "af", "af_off"):
            if level == (3 if defect == "table" else 0) or (stage, level) == (2, 0):
                continue  # no such descriptor; 40 bits of IPA begin at level 1
            sid += 1
            off = int(defect == "af_off")
            if stage == 1:
                stream = s.prog.stream(sid)
                tree = stream.space(ips=IPS_44, affd=off, asid=sid)
            else:
                stream = s.prog.stream(sid, s1=False, s2=True, s2ps=IPS_44, s2affd=off,
                                       s2vmid=sid)  # fmt: skip
                tree = stream.stage2
            leaf_type = Stage1Leaf if stage == 1 else Stage2Leaf
            page = PAGE & -tree.granule.leaf_size(level) if level else 0
            if defect == "table":
                tree.map(where, PAGE, STEP)
                at = tree.get(where, level)
                tree.put(where, level, at | SIZE_BIT)
            elif defect == "leaf":
                tree.map(where, page, tree.granule.leaf_size(level), leaf_type(extra=SIZE_BIT),
                         level=level)  # fmt: skip
            else:
                tree.map(where, page, tree.granule.leaf_size(level), leaf_type(af=False),
                         level=level)  # fmt: skip
            what = f"stage {stage} level {level} {defect}"
            if defect == "af_off":
                s.memory.poke(page, b"no fault")
                txn = await s.read(where, sid)
                assert txn.ok and txn.data == b"no fault", what
                continue
            kind = 0x12 if defect == "af" else 0x11
            more = {"s2": 1, "ipa": where} if stage == 2 else {}
            await judge(s, Case(what, sid, access(kind, addr=where, **more), addr=where))
    assert sid == 0x40 + 23 and not await s.prog.events()
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def permission_matrix(dut: Any) -> None:
    """EVQ-017: R, W, X by privilege against AP, UXN, PXN, WXN, PAN, S2AP, S2XN, as the model."""
    s = await Scene.start(dut, eventq_log2=6)
    model = SmmuRef(s.memory, s.bench.model_config)
    for name in ("STRTAB_BASE", "STRTAB_BASE_CFG", "CR2"):
        reg = REG[name]
        for offset in range(reg.offset, reg.offset + reg.width // 8, 4):
            model.write32(offset, await s.bench.read32(offset))
    model.write32(REG["CR0"].offset, 1)
    pages = []
    for n, (writable, user, uxn, pxn) in enumerate(product((0, 1), repeat=4)):
        leaf = Stage1Leaf(writable=bool(writable), user=bool(user), uxn=bool(uxn), pxn=bool(pxn))
        pages.append((VA + n * STEP, leaf))
    sids = []
    for wxn, pan in product((0, 1), repeat=2):
        sids.append(sid := 0x50 + len(sids))
        space = s.prog.stream(sid).space(wxn=wxn, pan=pan, asid=sid)
        for addr, leaf in pages:
            space.map(addr, PAGE, STEP, leaf)
    sids.append(sid := 0x50 + len(sids))
    stream = s.prog.stream(sid, s2=True)
    space = stream.space(asid=sid)
    second = []
    for n, (r, w, xn) in enumerate(product((0, 1), (0, 1), range(4))):
        leaf2 = Stage2Leaf(readable=bool(r), writable=bool(w), xn=xn)
        stream.lend(PAGE + n * STEP, STEP, leaf2)
        space.map(VA + n * STEP, stream.ipa(PAGE + n * STEP), STEP)
        second.append(VA + n * STEP)
    faults = passed = 0
    for sid in sids:
        for addr, priv, (write, inst) in product(
            second if sid == sids[-1] else [addr for addr, _ in pages], (False, True),
            ((False, False), (False, True), (True, False)),
        ):  # fmt: skip
            txn = Transaction(sid=sid, addr=addr, rnw=not write, length=8, priv=priv, inst=inst)
            want = model.predict(txn)
            if write:
                got = s.bench.write(addr, bytes(8), sid=sid, priv=priv, inst=inst)
            else:
                got = s.bench.read(addr, 8, sid=sid, priv=priv, inst=inst)
            await s.done(got)
            what = f"sid {sid:#x} {addr:#x} priv={priv} write={write} inst={inst}"
            assert got.ok == (want.event is None), f"{what}: {want}"
            passed += got.ok
            if want.event is None:
                continue
            faults += 1
            (bits,) = await raw_records(s, 1)
            image = int.from_bytes(want.event, "little")
            assert bits == image, f"{what}: {bits:#x}, not {image:#x}"
            assert bits & 0xFF == 0x13 and bits >> 109 & 0x7FFFF == 0
    assert faults > 100 and passed > 100
    await s.run()
    assert not await raw_records(s, 0)
    await s.finish()
