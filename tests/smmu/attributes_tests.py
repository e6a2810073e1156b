# SPDX-License-Identifier: Apache-2.0
"""Memory attributes of client transactions: incoming, GBPA, STE, stage 1, stage 2, pins out."""

from __future__ import annotations

from itertools import product
from typing import Any

import cocotb

from tb.models.vmsa import Stage1Leaf, Stage2Leaf
from tests.smmu.stage1_tests import PAGE, SID
from tests.smmu.stage2_tests import only
from tests.smmu.walk_scene import Seen, WalkScene

NC, SYS = 0b0011, 3
# AxCACHE, AxDOMAIN: WB non-shareable with all hints, WB with one hint, WT, NC, the two Devices
INPUTS = ((0xF, 0), (0xB, 1), (0x7, 2), (0xE, 1), (0x3, 3), (0x1, 3), (0x0, 3))
RESERVED = (0b0100, 0b1000, 0b1100)  # MemAttr codes that act as Device-nGnRnE


def incoming(cache: int, domain: int) -> tuple[int, int]:
    """ATT-001 then ATT-003: pins out of an untouched transaction."""
    if not cache & 0b1100:
        return (NC if cache & 2 else cache & 1), SYS
    if not cache & 1:
        return NC, SYS  # Write-Through leaves as Normal Non-cacheable
    return cache & 0b1100 | 0b0011, 2 if domain == SYS else domain


def of_code(code: int) -> tuple[int, int] | None:
    """Pins of a stage 2 style MemAttr as far as they do not depend on hints or SH."""
    if code in (0, *RESERVED):
        return 0, SYS
    if code < 4:
        return 1, SYS
    return None if code == 0xF else (NC, SYS)


def consistent(seen: Seen) -> None:
    """ATT-004, ATT-005: System domain exactly with Device and Non-cacheable."""
    cache, domain = seen.bus
    assert (domain == SYS) == (cache in (0, 1, NC)), f"AxCACHE {cache:04b} AxDOMAIN {domain}"


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def incoming_types_pass(dut: Any) -> None:
    """ATT-001, ATT-003, ATT-004: 16 AxCACHE x 4 AxDOMAIN, STE bypass and under a stage 2 leaf."""
    s = await WalkScene.start(dut)
    s.prog.stream(SID, s1=False)
    only(s, SID + 1, shcfg=1).map(0, 0, 1 << 30, Stage2Leaf(mem_attr=0xF, sh=0), level=1)
    for cache, domain, write in product(range(16), range(4), (False, True)):
        pins = {"cache": cache, "domain": domain, "write": write}
        bypass = await s.access(PAGE & (1 << 30) - 1, SID, **pins)
        assert bypass.bus == incoming(cache, domain), f"{pins}: {bypass.pins}"
        consistent(bypass)
        mixed = await s.access(PAGE & (1 << 30) - 1, SID + 1, **pins)
        assert mixed.bus == incoming(cache, domain), f"{pins}: WB NSH of stage 2 adds nothing"
    await s.finish()


async def _overridden(s: WalkScene, sid: int, fields: dict[str, int],
                      ssid: int | None = None) -> None:  # fmt: skip
    """Every incoming type through one set of overrides (the model holds the whole rule)."""
    mtcfg, code, alloc = fields.get("mtcfg", 0), fields.get("memattr", 0), fields.get("alloccfg", 0)
    sh = fields.get("shcfg", 1)
    for (cache, domain), write in product(INPUTS, (False, True)):
        seen = await s.access(PAGE, sid, cache=cache, domain=domain, write=write, ssid=ssid)
        consistent(seen)
        text = f"{fields} on {cache:04b}/{domain}: {seen.pins}"
        was = incoming(cache, domain)
        kept = of_code(code) if mtcfg else (was if was[1] == SYS else None)
        if kept is not None:  # ATT-010, ATT-012: no hint and no shareability changes these
            assert seen.bus == (kept if mtcfg or cache != 0xE else was), text
            continue
        soft = cache & 0b1100 if cache & 0b1100 else 0b1100  # ATT-013
        if alloc & 8:
            soft = (alloc & 2) << 2 | alloc & 4  # WA, RA
        if not soft:
            soft = 0b0100 if write else 0b1000
        base = 2 if domain == SYS else domain  # ATT-013: Device and NC count as OSH
        want = {1: base, 0: 0, 2: 2, 3: 1}[sh]
        assert seen.bus == (soft | 0b0011, want), text


def _override_rows() -> list[dict[str, int]]:
    rows = [{"mtcfg": m, "memattr": code, "shcfg": 1} for m in (0, 1) for code in range(16)]
    rows += [{"alloccfg": a, "shcfg": 1} for a in range(16)]
    rows += [{"alloccfg": a, "mtcfg": 1, "memattr": c, "shcfg": 3}
             for a in range(8, 16) for c in (0xF, 0x5, 0x1)]  # fmt: skip
    rows += [{"shcfg": sh} for sh in range(4)]
    rows += [{"shcfg": sh, "mtcfg": 1, "memattr": c} for sh in range(4) for c in (0, 3, 5, 10, 15)]
    return rows


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def ste_overrides(dut: Any) -> None:
    """ATT-009..013: MTCFG/MemAttr, ALLOCCFG and SHCFG of an STE in bypass, whatever GBPA says."""
    s = await WalkScene.start(dut, run=False)
    await s.set_gbpa(mtcfg=1, memattr=0, shcfg=2, privcfg=3, instcfg=3, alloccfg=8)
    await s.prog.start()
    for number, fields in enumerate(_override_rows()):
        s.prog.stream(SID + number, s1=False, **fields)
        await _overridden(s, SID + number, fields)
    await s.set_gbpa(mtcfg=1, memattr=5, shcfg=0)
    await _overridden(s, SID, _override_rows()[0])
    # S1DSS=1: no SubstreamID skips stage 1 and takes the same path
    sid = SID + 200
    s.prog.stream(sid, cdmax=1, s1dss=1, mtcfg=1, memattr=5, shcfg=1)
    assert (await s.access(PAGE, sid, cache=0xF)).bus == (NC, SYS)
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def gbpa_overrides(dut: Any) -> None:
    """ATT-006..008: SMMUEN=0: each field of GBPA, reserved codes, ABORT; no event."""
    s = await WalkScene.start(dut, run=False)
    for number, fields in enumerate(_override_rows()):
        await s.set_gbpa(**fields)
        await _overridden(s, SID, fields, (None, 5)[number & 1])
    for code in RESERVED:
        await s.set_gbpa(mtcfg=1, memattr=code, shcfg=1)
        assert (await s.access(PAGE, SID, cache=0xF)).bus == (0, SYS)
    for inst, priv in product(range(4), range(4)):
        await s.set_gbpa(instcfg=inst, privcfg=priv, shcfg=1)
        for prot, write in product(range(8), (False, True)):
            seen = await s.access(PAGE, SID, ssid=5, prot=prot, write=write)
            want_priv = {2: 0, 3: 1}.get(priv, prot & 1)
            want_inst = 0 if write else {2: 0, 3: 1}.get(inst, prot >> 2)
            assert seen.pins["prot"] == want_inst << 2 | 2 | want_priv, f"{inst} {priv} {prot}"
            assert seen.pa == PAGE
    await s.set_gbpa(abort=1, shcfg=1)
    before = len(s.down[0])
    for sid, ssid in ((SID, None), (SID + 1, 3), (0, 0)):
        for write in (False, True):
            seen = await s.access(PAGE, sid, ssid=ssid, write=write)
            assert seen.what == "abort"
            burst = s.post(PAGE, sid, write=write, data=bytes(256), ssid=ssid)
            assert await s.bench.within(burst.done, 1000) and burst.resp == 2
            assert not any(burst.data)
    assert len(s.down[0]) == before
    await s.set_gbpa(shcfg=1)
    assert (await s.access(PAGE, SID)).ok
    assert not s.port_reads and not s.port_writes, "neither lookups nor records"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def instruction_and_privilege(dut: Any) -> None:
    """ATT-015..017: INSTCFG, PRIVCFG come before the checks; writes are Data; AxPROT out."""
    s = await WalkScene.start(dut)
    for number, (inst, priv) in enumerate(product(range(4), range(4))):
        bypass, sid = SID + number, SID + 64 + number
        s.prog.stream(bypass, s1=False, instcfg=inst, privcfg=priv)
        tree = s.prog.stream(sid, instcfg=inst, privcfg=priv).space(asid=sid)
        tree.map(0, PAGE, 0x1000, Stage1Leaf(uxn=True, pxn=True))  # data only
        tree.map(0x1000, PAGE, 0x1000, Stage1Leaf(user=False, pxn=False))  # privileged only
        for prot, write in product(range(8), (False, True)):
            want_priv = {2: 0, 3: 1}.get(priv, prot & 1)
            want_inst = 0 if write else {2: 0, 3: 1}.get(inst, prot >> 2)
            text = f"INSTCFG={inst} PRIVCFG={priv} AxPROT={prot} write={write}"
            seen = await s.access(PAGE, bypass, prot=prot, write=write)
            assert seen.pins["prot"] == want_inst << 2 | 2 | want_priv, text
            seen = await s.access(0, sid, prot=prot, write=write)
            assert seen.ok == (not want_inst), text
            if seen.ok:
                assert seen.pins["prot"] == 2 | want_priv, text
            else:
                assert (seen.record.ind, seen.record.pnu) == (1, want_priv), text
            seen = await s.access(0x1000, sid, prot=prot, write=write)
            # UXN=0: an unprivileged instruction read needs no data permission (VM1-017)
            assert seen.ok == bool(want_priv or want_inst), text
            if not seen.ok:
                assert (seen.record.ind, seen.record.pnu) == (0, 0), text
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def mair_types(dut: Any) -> None:
    """ATT-003, ATT-019, ATT-023, ATT-027, MEM-006: every defined MAIR byte and SH code."""
    s = await WalkScene.start(dut)
    tags = [b for b in range(256) if (b >> 4 and b & 0xF) or b in (0, 4, 8, 0xC)]
    stream = s.prog.stream(SID, cdmax=6, s1dss=0, mtcfg=1, memattr=0, shcfg=2)  # all discarded
    for group in range(0, len(tags), 8):
        eight = tags[group : group + 8] + [0] * 8
        mair = sum(b << 8 * i for i, b in enumerate(eight[:8]))
        tree = stream.space(group // 8, asid=group, mair0=mair & 0xFFFFFFFF, mair1=mair >> 32)
        for index, tag in enumerate(tags[group : group + 8]):
            outer, inner = tag >> 4, tag & 0xF
            for sh in range(4) if tag in (0xFF, 0x44, 0x4F, 0x04) else (3,):
                va = 0x1000 * (4 * index + sh)
                tree.map(va, PAGE, 0x1000, Stage1Leaf(attr_index=index, sh=sh))
                # Device input: the hints of the descriptor count alone (ATT-020)
                seen = await s.access(va, SID, ssid=group // 8, cache=0, domain=SYS)
                consistent(seen)
                text = f"MAIR 0x{tag:02x} SH={sh}: {seen.pins}"
                if outer == 0:
                    assert seen.bus == (int(inner != 0), SYS), text
                elif not (outer & 4 and inner & 4 and outer != 4 and inner != 4):
                    assert seen.bus == (NC, SYS), text
                else:
                    hints = (outer & 1) << 3 | (outer & 2) << 1
                    want = {0: 0, 1: 0, 2: 2, 3: 1}[sh]
                    assert seen.bus == ((hints or 0b1000) | 3, want), text
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def hints_of_stage1(dut: Any) -> None:
    """ATT-019, ATT-020: hints combine with a cacheable input; type and SH are the descriptor's."""
    s = await WalkScene.start(dut)
    bytes_ = (0xFF, 0xEE, 0xDD, 0xCC)  # RA and WA: both, RA, WA, none
    mair = sum(b << 8 * i for i, b in enumerate(bytes_))
    rows: list[dict[str, int]] = [{}, {"mtcfg": 1, "memattr": 0}, {"mtcfg": 1, "memattr": 0xF},
            *({"alloccfg": a} for a in (8, 0xA, 0xC, 0xE)), {"shcfg": 2}]  # fmt: skip
    for number, fields in enumerate(rows):
        sid = SID + number
        tree = s.prog.stream(sid, **fields).space(asid=sid, mair0=mair)
        for index in range(4):
            tree.map(0x1000 * index, PAGE, 0x1000, Stage1Leaf(attr_index=index, sh=3))
        inputs = ((0xF, 0), (0xB, 0), (0x7, 2), (0xE, 0), (3, SYS), (0, SYS), (1, SYS))
        for index, (cache, domain), write in product(range(4), inputs, (False, True)):
            seen = await s.access(0x1000 * index, sid, cache=cache, domain=domain, write=write)
            hints = (bytes_[index] & 0x10) >> 1 | (bytes_[index] & 0x20) >> 3
            if fields.get("memattr") != 0 and (cache & 0b1100 or fields.get("memattr") == 0xF):
                own = cache & 0b1100 or 0b1100
                alloc = fields.get("alloccfg", 0)
                hints &= ((alloc & 2) << 2 | alloc & 4) if alloc else own
            want = (hints or (0b0100 if write else 0b1000)) | 3
            assert seen.bus == (want, 1), f"{fields} {cache:04b} index {index}: {seen.pins}"
    await s.finish()


STAGE2_CODES = [c for c in range(16) if c not in RESERVED]
MAIR_OF = {0: 0x00, 1: 0x04, 2: 0x08, 3: 0x0C}


def _mair_of(code: int) -> int:
    """MAIR byte of the type a stage 2 MemAttr code names, allocating."""
    nibble = {1: 4, 2: 0xB, 3: 0xF}
    return MAIR_OF[code] if code < 4 else nibble[code >> 2] << 4 | nibble[code & 3]


def _combined(one: int, two: int) -> tuple[int, int] | None:
    """ATT-021, ATT-022: pins of two MemAttr codes, None for iWB-oWB."""
    if min(one, two) < 4:
        return int(min(c for c in (one, two) if c < 4) != 0), SYS
    levels = min(one >> 2, two >> 2), min(one & 3, two & 3)
    return None if levels == (3, 3) else (NC, SYS)


@cocotb.test(timeout_time=16, timeout_unit="ms")
async def both_stages_combine(dut: Any) -> None:
    """ATT-021..027: 13 x 16 types and all SH pairs, nested and stage 2-only."""
    s = await WalkScene.start(dut)
    tree = s.prog.tree(stage=2, input_bits=40)
    nested = s.prog.stream(SID, s2=tree, s2vmid=9, cdmax=1, s1dss=0)
    spaces = []
    for half in (STAGE2_CODES[:8], STAGE2_CODES[8:]):
        mair = sum(_mair_of(code) << 8 * i for i, code in enumerate(half))
        spaces.append((nested.space(len(spaces), asid=len(spaces), mair0=mair & 0xFFFFFFFF,
                                    mair1=mair >> 32), half))  # fmt: skip
    for number, code in enumerate(STAGE2_CODES):
        s.prog.stream(SID + 1 + number, s1=False, s2=tree, s2vmid=9, mtcfg=1, memattr=code, shcfg=3)
    shs = {0: 0, 1: 0, 2: 2, 3: 1}
    page = 0
    for second, sh2 in product(range(16), range(4)):
        if second != 0xF and sh2 not in (0, 2):
            continue
        acting = 0 if second in RESERVED else second
        page += 1
        pa = PAGE + 0x1000 * page
        nested.lend(pa, 0x1000, Stage2Leaf(mem_attr=second, sh=sh2))
        for ssid, (space, half) in enumerate(spaces):
            for index, code in enumerate(half):
                for sh1 in (0, 2, 3) if code == 0xF and second == 0xF else (3,):
                    va = (page << 8 | index << 4 | sh1) << 12
                    space.map(va, nested.ipa(pa), 0x1000, Stage1Leaf(attr_index=index, sh=sh1))
                    seen = await s.access(va, SID, ssid=ssid, cache=0xF)
                    want = _combined(code, acting)
                    text = f"stage 1 {code:04b}/{sh1}, stage 2 {second:04b}/{sh2}: {seen.pins}"
                    one, two = shs[sh1], shs[sh2]
                    strongest = 2 if 2 in (one, two) else 1 if 1 in (one, two) else 0
                    assert seen.bus == (want or (0xF, strongest)), text
        for number, code in enumerate(STAGE2_CODES):
            seen = await s.access(nested.ipa(pa), SID + 1 + number, cache=0xB)
            want = _combined(code, acting)
            strongest = 2 if shs[sh2] == 2 else 1  # the input is ISH by SHCFG
            assert seen.bus == (want or (0xB, strongest)), f"input {code:04b}, {second:04b}/{sh2}"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def anything_is_consistent(dut: Any) -> None:
    """ATT-004, ATT-005: random overrides, descriptors of both stages, inputs: legal pins."""
    s = await WalkScene.start(dut)
    rng = s.bench.rng
    for number in range(60):
        sid, config = SID + number, rng.randrange(4)
        fields = {"mtcfg": rng.randrange(2), "memattr": rng.randrange(16),
                  "alloccfg": rng.randrange(16), "shcfg": rng.randrange(4),
                  "instcfg": rng.choice((0, 2)), "privcfg": rng.randrange(4)}  # fmt: skip
        stream = s.prog.stream(sid, s1=bool(config & 1), s2=bool(config & 2), s2vmid=sid, **fields)
        leaf2 = Stage2Leaf(mem_attr=rng.randrange(16), sh=rng.randrange(4))
        stream.lend(PAGE, 0x1000, leaf2)
        address = stream.ipa(PAGE)
        if config & 1:
            tag = rng.choice((0, 4, 8, 0xC, *(rng.randrange(1, 16) << 4 | rng.randrange(1, 16)
                                              for _ in range(4))))  # fmt: skip
            leaf1 = Stage1Leaf(attr_index=2, sh=rng.randrange(4))
            stream.space(asid=sid, mair0=tag << 16).map(0x7000, address, 0x1000, leaf1)
            address = 0x7000
        for _ in range(6):
            seen = await s.access(address, sid, cache=rng.randrange(16), domain=rng.randrange(4),
                                  write=rng.random() < 0.5)  # fmt: skip
            consistent(seen)
    await s.finish()
