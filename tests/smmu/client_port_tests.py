# SPDX-License-Identifier: Apache-2.0
"""The client port of the whole SMMU: exclusives, errors, unsupported and foreign transactions."""

from __future__ import annotations

from itertools import product
from typing import Any

import cocotb

from tb.bfm.burst import DECERR, EXOKAY, OKAY, SLVERR
from tb.env.smmu_bench import has_pin
from tb.models.fields import Cmd
from tb.models.vmsa import Stage1Leaf
from tests.smmu.stage1_tests import PAGE, SID, VA
from tests.smmu.stage2_tests import only
from tests.smmu.walk_scene import LIMIT, WalkScene


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def exclusives(dut: Any) -> None:
    """ATT-033: AxLOCK leaves only where the output is Non-shareable or System."""
    s = await WalkScene.start(dut)
    tree = s.prog.stream(SID).space(mair0=0x0044_04FF)  # WB, Device, NC
    for index, sh in product(range(3), range(4)):
        va = 0x1000 * (4 * index + sh)
        tree.map(va, PAGE, 0x1000, Stage1Leaf(attr_index=index, sh=sh))
        shareable = index == 0 and sh >= 2
        for write in (False, True):
            seen = await s.access(va, SID, write=write, lock=1, data=bytes(8), cache=0xF)
            assert seen.pins["lock"] == int(not shareable), f"attr {index} SH={sh} write={write}"
            assert seen.resp == (OKAY if shareable else EXOKAY), f"resp {seen.resp}"
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def downstream_errors_pass(dut: Any) -> None:
    """ATT-034: SLVERR and DECERR of memory reach the client unchanged, and record nothing."""
    s = await WalkScene.start(dut)
    s.prog.stream(SID).space().map(VA, PAGE, 0x2000)
    for response, code in (("SLVERR", SLVERR), ("DECERR", DECERR)):
        error = s.bench.memory.add_error(PAGE, 0x1000, response=response)
        for write in (False, True):
            txn = s.post(VA + 0x40, SID, write=write)
            assert await s.bench.within(txn.done, LIMIT) and txn.resp == code, f"{txn.resp}"
            good = s.post(VA + 0x1040, SID, write=write)
            assert await s.bench.within(good.done, LIMIT) and good.resp == OKAY
        s.bench.memory.remove_error(error)
    await s.prog.sync()
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def unsupported_transactions(dut: Any) -> None:
    """ATT-036: atomics and bursts over 4 KB: F_UUT with the incoming InD and PnU, SMMUEN 0, 1."""
    s = await WalkScene.start(dut)
    s.prog.stream(SID, instcfg=3, privcfg=2).space().map(VA, PAGE, 0x2000)
    for smmuen in (1, 0):
        if not smmuen:
            await s.prog.enable(cmdqen=1, eventqen=1)
        fetched, left = len(s.walk_reads), len(s.down[0])
        for priv, inst in product((0, 1), (0, 1)):
            pins = {"priv": bool(priv), "inst": bool(inst)}
            crossing = {"data": bytes(64)}
            for write, more, addr in (
                (True, {"atop": 0x10}, VA),
                (False, crossing, VA + 0xFF0),
                (True, crossing, VA + 0xFF0),
            ):
                seen = await s.access(addr, SID, write=write, **pins, **more)
                assert (seen.resp, seen.what) == (SLVERR, "F_UUT"), f"{seen.what}"
                record = seen.record
                got = (record.ind, record.pnu, record.rnw, record.streamid, record.inputaddr)
                want = (int(inst and not write), priv, int(not write), SID, addr)
                assert got == want and record.reason == 0, f"{record}"
        assert len(s.walk_reads) == fetched, "no configuration is read for them"
        assert len(s.down[0]) == left, "none is forwarded"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def sideband_names_the_stream(dut: Any) -> None:
    """ATT-039: AxMMUSID, AxMMUSSID and AxMMUSSIDV choose the tables and are in the records."""
    s = await WalkScene.start(dut)
    rng = s.bench.rng
    streams = {}
    for sid in rng.sample(range(1 << 10), 6):
        stream = s.prog.stream(sid, cdmax=2, s1dss=2)
        for ssid in (0, 1, 3):
            pa = PAGE + 0x1000 * (4 * len(streams) + ssid)
            stream.space(ssid, asid=sid << 2 | ssid).map(VA, pa, 0x1000)
            streams[sid, ssid] = pa
    for (sid, ssid), pa in streams.items():
        write = rng.random() < 0.5
        if ssid:
            assert (await s.access(VA, sid, ssid=ssid, write=write)).pa == pa
        else:  # SSIDV=0: whatever lies on AxMMUSSID
            assert (await s.access(VA, sid, write=write)).pa == pa
            for junk in (1, 3, 0xFFFFF):
                txn = s.bench.masters[0].read(VA, 16, sid=sid, ssid=junk, ssidv=0, prot=2)
                assert await s.bench.within(txn.done, LIMIT) and txn.ok
                assert s.down[0][-1].addr == pa, f"AxMMUSSID 0x{junk:x} counted"
        fault = await s.access(VA + 0x1000, sid, ssid=ssid or None)
        record = fault.record
        assert (record.streamid, record.ssv, record.substreamid) == (sid, int(ssid > 0), ssid)
    bad = await s.access(VA, 0xFFFF)
    assert bad.what == "C_BAD_STREAMID" and bad.record.streamid == 0xFFFF
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def other_security_states(dut: Any) -> None:
    """ATT-040: AxMMUSECSID other than Non-secure: SLVERR, no event, no lookup."""
    s = await WalkScene.start(dut)
    s.prog.stream(SID).space().map(PAGE, PAGE, 0x1000)
    assert (await s.access(PAGE, SID)).ok
    for smmuen, abort in ((1, 0), (1, 1), (0, 0), (0, 1)):
        await s.prog.enable(smmuen=smmuen, cmdqen=1, eventqen=1)
        await s.set_gbpa(shcfg=1, abort=abort)
        counted = has_pin("pmu_tcu_event")
        lookups = s.bench.pmu["tlb_lookup"] if counted else 0
        left, reads = len(s.down[0]), len(s.walk_reads)
        for secsid, write in product((1, 2, 3), (False, True)):
            seen = await s.access(PAGE, SID, secsid=secsid, write=write)
            assert seen.resp == SLVERR and seen.record is None
        assert not counted or s.bench.pmu["tlb_lookup"] == lookups
        assert len(s.walk_reads) == reads and len(s.down[0]) == left
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def clients_that_cannot_stall(dut: Any) -> None:
    """ATT-041: AxMMUFLOW=NoStall or the port strap: Stall=0 record and abort, no slot used."""
    for nostall, flow in ((0, 2), (1, 0))[: 2 if has_pin("nostall_i") else 1]:
        s = await WalkScene.start(dut, nostall=nostall)
        s.prog.stream(SID).space(s=1)
        only(s, SID + 1, s2s=1)
        counted = has_pin("pmu_tcu_event")
        stalls = s.bench.pmu["stall"] if counted else 0
        for sid, write in product((SID, SID + 1), (False, True)):
            seen = await s.access(VA, sid, write=write, flow=flow, judge=not nostall)
            assert (seen.resp, seen.what) == (SLVERR, "F_TRANSLATION")
            assert seen.record.stall == 0, f"{seen.record}"
        assert not counted or s.bench.pmu["stall"] == stalls, "nothing was held"
        await s.finish()
    # the same streams do stall a client that can
    s = await WalkScene.start(dut)
    s.prog.stream(SID).space(s=1)
    txn = s.post(VA, SID)
    (record,) = await s.prog.events(at_least=1)
    assert record.stall and not txn.finished
    await s.prog.command(Cmd.resume(sid=SID, stag=record.stag, ac=0, ab=1))
    await s.finish()
