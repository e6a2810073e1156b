# SPDX-License-Identifier: Apache-2.0
"""Changes under live traffic, and what CMD_SYNC waits for before they count as done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cocotb

from tb.bfm import dvm
from tb.bfm.axi_mem import MemRequest
from tb.bfm.burst import SLVERR
from tb.bfm.dvm import tlbi
from tb.models.fields import L1STD, Cmd
from tb.models.vmsa import Stage1Leaf
from tests.smmu.stage1_tests import PAGE, SID
from tests.smmu.stage2_tests import only
from tests.smmu.walk_scene import LIMIT, WALK_ID_MASK, WalkScene

VA = 0x12_3456_7000
NEW = PAGE + 0x100_0000
QUIET = 600  # cycles in which a SYNC that waits for nothing has long been completed


class Traffic:
    """Reads that never stop; every answer and address goes to ``judge``."""

    def __init__(self, s: WalkScene, sid: int, addrs: list[int], judge: Callable[..., None],
                 tbu: int = 0, window: int = 4) -> None:  # fmt: skip
        self.s, self.sid, self.addrs, self.judge, self.tbu = s, sid, addrs, judge, tbu
        self.window, self.count, self.stopped = window, 0, False
        self.task = cocotb.start_soon(self._run())

    async def _run(self) -> None:
        s, turn = self.s, 0
        while not self.stopped:
            left = len(s.down[self.tbu])
            addr = self.addrs[turn % len(self.addrs)]
            turn += 1
            txn = s.post(addr, self.sid, tbu=self.tbu, id=9)
            assert await s.bench.within(txn.done, LIMIT), f"no answer to {txn}"
            sent = [d for d in s.down[self.tbu][left:] if d.id == 9]
            self.judge(addr, txn, sent[0] if sent else None)
            self.count += 1

    async def stop(self) -> int:
        """End it; number of accesses made."""
        self.stopped = True
        await self.task
        return self.count


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def structures_are_never_mixed(dut: Any) -> None:
    """UPD-005, UPD-014: STE and CD of one kind or the other, or C_BAD_*, under full traffic."""
    s = await WalkScene.start(dut)
    stream = s.prog.stream(SID, privcfg=2)
    first, second = stream.space(asid=1), s.prog.tree()
    first.map(VA, PAGE, 0x1000)
    second.map(VA, NEW, 0x1000)
    bystander = s.prog.stream(SID + 1).space(asid=9)
    bystander.map(VA, PAGE + 0x5000, 0x1000)
    outcomes: dict[str, int] = {"old": 0, "new": 0, "bad": 0}
    kinds = {(PAGE, 0b010): "old", (NEW, 0b011): "new"}

    def judge(addr: int, txn: Any, sent: MemRequest | None) -> None:
        if txn.resp == SLVERR:
            outcomes["bad"] += 1
            return
        outcomes[kinds[sent.addr, sent.ax["prot"]]] += 1  # KeyError: a mixture

    traffic = Traffic(s, SID, [VA], judge)
    for turn in range(24):
        new = turn % 2 == 0
        await s.cycles(60)
        stream.write(v=0)  # tear-down: the STE, then the CD
        await s.invalidate(Cmd.cfgi_ste(sid=SID, leaf=1))
        count = outcomes["bad"]
        await s.cycles(200)
        assert outcomes["bad"] > count, "C_BAD_STE after the SYNC"
        stream.rewrite_cd(asid=1 + new, ttb0=second.base if new else first.base)
        await s.invalidate(Cmd.cfgi_cd_all(sid=SID))
        stream.write(v=1, privcfg=2 + new)  # bring-up
        await s.invalidate(Cmd.cfgi_ste(sid=SID, leaf=1))
        count = outcomes["new" if new else "old"]
        bad = outcomes["bad"]
        await s.cycles(200)
        assert outcomes["new" if new else "old"] > count, "the new configuration works"
        assert outcomes["bad"] - bad <= 1, "one that began before the SYNC"
        assert (await s.access(VA, SID + 1, id=1, judge=False)).pa == PAGE + 0x5000
        for record in await s.prog.events():
            assert record.record_name == "C_BAD_STE", f"{record}"
    await traffic.stop()
    await s.prog.events()
    assert all(outcomes.values()), f"{outcomes}"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def words_are_never_torn(dut: Any) -> None:
    """UPD-006, UPD-013: a descriptor and a word of a structure flip between two legal values."""
    s = await WalkScene.start(dut)
    stream = s.prog.stream(SID, cdmax=0)
    tree = stream.space(asid=1)
    # two mappings that differ in all bytes
    mask = s.bench.model_config.oas_mask
    one = tree.encode(0x5555_5555_5000 & mask, 3, Stage1Leaf(user=True, ng=True, sh=0))
    two = tree.encode(0xAAAA_AAAA_A000 & mask, 3, Stage1Leaf(user=True, sh=3, uxn=True, pxn=True))
    tree.put(VA, 3, one)
    pages = {one & 0xFFFF_FFFF_F000: 0, two & 0xFFFF_FFFF_F000: 0}
    other = s.prog.stream(SID + 1)
    other.space(asid=1, ttb0=tree.base)
    for turn in range(60):
        tree.put(VA, 3, (two, one)[turn & 1])  # a 64-bit write
        stream.write(s1contextptr=(other.cds, stream.cds)[turn & 1])
        txn = s.post(VA, SID)
        await s.cycles(turn)
        tree.put(VA, 3, (one, two)[turn & 1])
        stream.write(s1contextptr=(stream.cds, other.cds)[turn & 1])
        assert await s.bench.within(txn.done, LIMIT) and txn.ok
        pages[s.down[0][-1].addr] += 1  # KeyError: neither of the two
        await s.forget()
    assert all(pages.values()), f"{pages}"
    await s.finish()


async def _sync_waits(s: WalkScene, commands: list[bytes], txn: Any, channel: str) -> None:
    """CMD_SYNC behind ``commands`` is not done before the response held on m_axi."""
    await s.prog.command(*commands, Cmd.sync(cs=0))
    await s.cycles(QUIET)
    mask = (2 << s.prog.layout.cmdq_log2) - 1
    cons = (await s.prog.read("CMDQ_CONS")).rd
    assert cons != s.prog._prod & mask, f"SYNC done before the {channel} response"
    assert not txn.finished
    s.bench.mems[0].hold(channel, False)
    await s.prog.until("CMDQ_CONS", mask, s.prog._prod & mask)
    assert await s.bench.within(txn.done, LIMIT) and txn.ok


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def sync_waits_for_old_users(dut: Any) -> None:
    """UPD-007..009: CFGI, TLBI or S2_IPA and CMD_SYNC: after the responses of who used them."""
    s = await WalkScene.start(dut)
    s.prog.stream(SID).space(asid=1).map(VA, PAGE, 0x1000)
    only(s, SID + 1).map(VA, PAGE, 0x1000)
    nested = s.prog.stream(SID + 2, s2=True, s2vmid=5)
    space = nested.space(asid=1)
    space.map(VA, nested.ipa(PAGE), 0x1000)
    nested.lend(PAGE, 0x1000)
    table = space.entry_address(VA, 3) & ~0xFFF
    rows = (
        (SID, [Cmd.cfgi_ste(sid=SID)]),
        (SID, [Cmd.cfgi_cd(sid=SID)]),
        (SID, [Cmd.tlbi_nh_va(asid=1, addr=VA)]),
        (SID + 1, [Cmd.tlbi_s2_ipa(vmid=SID + 1, addr=VA)]),
        (SID + 2, [Cmd.tlbi_nh_all(vmid=5)]),
    )
    for sid, commands in rows:
        for channel in ("r", "b"):
            assert (await s.access(VA, sid)).ok
            left = len(s.down[0])
            s.bench.mems[0].hold(channel)
            txn = s.post(VA, sid, write=channel == "b")
            while len(s.down[0]) == left:
                await s.cycles(1)
            await _sync_waits(s, commands, txn, channel)
    # a stage 1 table's page: the access to the table is what counts, and it is over
    assert (await s.access(VA, SID + 2)).ok
    s.bench.masters[0].hold("r")
    txn = s.post(VA, SID + 2)
    await s.cycles(100)
    await s.invalidate(Cmd.tlbi_s2_ipa(vmid=5, addr=table))
    assert not txn.finished
    s.bench.masters[0].hold("r", False)
    # IPAS2 and Sync by DVM, with the response of the stage 2-only stream held
    assert (await s.access(VA, SID + 1, id=1)).ok
    left = len(s.down[0])
    s.bench.mems[0].hold("r")
    txn = s.post(VA, SID + 1, id=1)
    while len(s.down[0]) == left:
        await s.cycles(1)
    before = s.bench.ptw.dvm_completes
    s.bench.dvm.post(tlbi(vmid=SID + 1, addr=VA, stage=2))
    s.bench.dvm.post(dvm.sync())
    await s.cycles(QUIET)
    assert s.bench.ptw.dvm_completes == before
    s.bench.mems[0].hold("r", False)
    await s.completed(before + 1)
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def sync_waits_for_walks(dut: Any) -> None:
    """UPD-007, UPD-008, DVM-006: each read of a walk withheld; then old tables are dead."""
    s = await WalkScene.start(dut)
    memory = s.bench.memory
    s.bench.ptw.configure(out_of_order=100)
    wanted, seen_reads = [-1], [0]

    def hold(request: MemRequest) -> str | None:
        if request.is_write or request.id & WALK_ID_MASK:
            return None
        seen_reads[0] += 1
        return "hold" if seen_reads[0] - 1 == wanted[0] else None

    s.bench.ptw.filters.append(hold)
    for broad in (False, True):
        for number in range(14):
            sid = SID + number + 32 * broad
            stream = s.prog.stream(sid, s2=True, s2vmid=sid)
            space = stream.space(asid=1)
            space.map(VA, stream.ipa(PAGE), 0x1000)
            stream.lend(PAGE, 0x1000)
            stream.lend(NEW, 0x1000)
            await s.forget()
            wanted[0], seen_reads[0] = number, 0
            txn = s.post(VA, sid)
            limit = s.cycle + 2000
            while not s.bench.ptw.held and not txn.finished and s.cycle < limit:
                await s.cycles(5)
            if not s.bench.ptw.held:
                assert number > 6, f"only {number} reads"
                wanted[0] = -1
                break
            old = [(base - stream.ipa(0), size) for base, size in space.tables]
            wanted[0] = -1
            # fresh tables for the same address; the old ones are given away after the SYNC
            fresh = stream.space(asid=1)
            fresh.map(VA, stream.ipa(NEW), 0x1000)
            if broad:
                before = s.bench.ptw.dvm_completes
                await s.prog.command(Cmd.cfgi_ste(sid=sid))
                s.bench.dvm.post(tlbi(vmid=sid))
                s.bench.dvm.post(dvm.sync())
                await s.cycles(QUIET)
                assert s.bench.ptw.dvm_completes == before, f"Complete with read {number} open"
                s.bench.ptw.release_all()
                await s.completed(before + 1)
                await s.prog.sync()
            else:
                await s.prog.command(Cmd.cfgi_ste(sid=sid), Cmd.tlbi_s12_vmall(vmid=sid))
                await s.prog.command(Cmd.sync(cs=0))
                await s.cycles(QUIET)
                mask = (2 << s.prog.layout.cmdq_log2) - 1
                cons = (await s.prog.read("CMDQ_CONS")).rd
                assert cons != s.prog._prod & mask, f"SYNC done with read {number} open"
                s.bench.ptw.release_all()
                await s.prog.until("CMDQ_CONS", mask, s.prog._prod & mask)
            reads = len(s.walk_reads)
            for base, size in old:
                memory.fill(base, size, 0xA5)  # trap data
            assert await s.bench.within(txn.done, LIMIT) and txn.ok, f"read {number}: {txn}"
            assert s.down[0][-1].addr in (PAGE, NEW)
            for offset in (0, 0x10):
                seen = await s.access(VA + offset, sid)
                assert seen.pa == NEW + offset, f"read {number}: 0x{seen.pa or 0:x}"
            used = [f"0x{f.addr:x}" for f in s.walk_reads[reads:]
                    if any(base <= f.addr < base + size for base, size in old)]  # fmt: skip
            assert not used, f"old tables read after the SYNC: {used}"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def chain_of_structures(dut: Any) -> None:
    """UPD-007: an L1STD that changes while its read is on the way: no STE of the old table."""
    s = await WalkScene.start(dut, run=False)
    memory = s.bench.memory
    l1 = s.prog.alloc(0x1000, 0x1000)
    tables = [s.prog.alloc(64 << 6, 64 << 6) for _ in range(2)]
    s.prog.layout.regs["STRTAB_BASE"] = {"addr": l1}
    s.prog.layout.regs["STRTAB_BASE_CFG"] = {"log2size": 6, "split": 6, "fmt": 1}
    for table, memattr in zip(tables, (0, 5), strict=True):
        s.prog.layout.strtab = table
        s.prog.stream(3, s1=False, mtcfg=1, memattr=memattr)
    memory.poke(l1, L1STD.pack(span=7, l2ptr=tables[0]))
    await s.prog.start()
    s.bench.ptw.configure(out_of_order=100)
    for turn in range(2):
        at = tables[turn & 1]
        held = [l1, at + 64 * 3][turn]
        s.bench.ptw.filters[:] = [
            lambda r, held=held: "hold" if not r.is_write and r.addr == held else None
        ]
        await s.invalidate(Cmd.cfgi_all())
        memory.poke(l1, L1STD.pack(span=7, l2ptr=at))
        txn = s.post(PAGE, 3)
        while not s.bench.ptw.held:
            await s.cycles(5)
        memory.poke(l1, L1STD.pack(span=7, l2ptr=tables[1 - (turn & 1)]))
        await s.prog.command(Cmd.cfgi_ste(sid=3), Cmd.sync(cs=0))
        await s.cycles(QUIET)
        mask = (2 << s.prog.layout.cmdq_log2) - 1
        assert (await s.prog.read("CMDQ_CONS")).rd != s.prog._prod & mask, "SYNC passed the chain"
        s.bench.ptw.filters.clear()
        s.bench.ptw.release_all()
        await s.prog.until("CMDQ_CONS", mask, s.prog._prod & mask)
        count = len(s.walk_reads)
        assert await s.bench.within(txn.done, LIMIT) and txn.ok
        assert (await s.access(PAGE, 3)).bus == ((3, 3), (0, 3))[turn]
        late = [r.addr for r in s.walk_reads[count:] if r.addr & -0x1000 == at & -0x1000]
        assert not late, "the old table was read after the SYNC"
    await s.finish()
