# SPDX-License-Identifier: Apache-2.0
"""Scope of every TLBI and CFGI command: what must go goes, what need not go stays (TLB-038)."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.models.fields import REG, Cmd
from tests.smmu.scope_scene import ALL, ASID, OTHER_ASID, OTHER_VMID, VMID, Population
from tests.smmu.stage1_tests import PAGE
from tests.smmu.walk_scene import Probe, WalkScene

STAGE1 = set("abkghnu")  # of VMID, any kind with a stage 1


@cocotb.test(timeout_time=16, timeout_unit="ms")
async def scope_of_each_command(dut: Any) -> None:
    """TLB-014..018, TLB-022, TLB-024, TLB-026, TLB-027, TLB-038, TAG-005, TAG-006, TAG-021."""
    s = await WalkScene.start(dut)
    p = Population(s)
    await p.warm()
    rows: list[tuple[str, bytes, set[str]]] = [
        ("NH_ALL", Cmd.tlbi_nh_all(vmid=VMID), STAGE1),
        ("NH_ALL of the other", Cmd.tlbi_nh_all(vmid=OTHER_VMID), set("vm")),
        ("NH_ALL of nobody", Cmd.tlbi_nh_all(vmid=9), set()),
        ("NH_ASID", Cmd.tlbi_nh_asid(vmid=VMID, asid=ASID), set("aknu")),
        ("NH_ASID other", Cmd.tlbi_nh_asid(vmid=VMID, asid=OTHER_ASID), set("b")),
        ("NH_ASID, VMID", Cmd.tlbi_nh_asid(vmid=OTHER_VMID, asid=ASID), set("vm")),
        ("NH_ASID of nobody", Cmd.tlbi_nh_asid(vmid=VMID, asid=9), set()),
        ("S12_VMALL", Cmd.tlbi_s12_vmall(vmid=VMID), STAGE1 | {"s"}),
        ("S12_VMALL, VMID", Cmd.tlbi_s12_vmall(vmid=OTHER_VMID), set("vmt")),
        ("NSNH_ALL", Cmd.tlbi_nsnh_all(), ALL),
        ("S2_IPA", Cmd.tlbi_s2_ipa(vmid=VMID, addr=p.addr("s")), {"s"}),
        ("S2_IPA, VMID", Cmd.tlbi_s2_ipa(vmid=OTHER_VMID, addr=p.addr("t"), leaf=1), {"t"}),
        ("S2_IPA of a VA", Cmd.tlbi_s2_ipa(vmid=VMID, addr=p.addr("a")), set()),
        ("CFGI_ALL", Cmd.cfgi_all(), set()),
        ("CFGI_STE", Cmd.cfgi_ste(sid=p.who["a"].stream.sid), set()),
        ("CFGI_CD_ALL", Cmd.cfgi_cd_all(sid=p.who["a"].stream.sid), set()),
    ]
    for name in sorted(STAGE1 | set("vm")):
        vmid = OTHER_VMID if name in "vm" else VMID
        asid = OTHER_ASID if name == "b" else ASID
        addr = p.addr(name)
        # a global entry goes whatever ASID is named, of either ASET
        hit = {name} if name in "gh" else set()
        rows += [
            (f"NH_VA {name}", Cmd.tlbi_nh_va(vmid=vmid, asid=asid, addr=addr), {name}),
            (f"NH_VA {name}, ASID", Cmd.tlbi_nh_va(vmid=vmid, asid=7, addr=addr), hit),
            (f"NH_VA {name}, VMID", Cmd.tlbi_nh_va(vmid=9, asid=asid, addr=addr), set()),
            (f"NH_VAA {name}", Cmd.tlbi_nh_vaa(vmid=vmid, addr=addr, leaf=1), {name}),
            (f"NH_VAA {name}, VMID", Cmd.tlbi_nh_vaa(vmid=9, addr=addr), set()),
        ]
    for what, command, want in rows:
        gone = await p.removed(lambda command=command: s.invalidate(command))
        assert gone == want, f"{what}: removed {sorted(gone)}, not {sorted(want)}"
    # stage 2 of the final IPA of a nested translation: exempt until stage 1 follows (TAG-021)
    for after, want in (([], set()), ([Cmd.tlbi_nh_vaa(vmid=VMID, addr=p.addr("n"))], {"n"})):
        ipa = p.who["n"].ipa
        commands = [Cmd.tlbi_s2_ipa(vmid=VMID, addr=ipa), *after]
        gone = await p.removed(lambda commands=commands: s.invalidate(*commands))
        assert gone == want, f"S2_IPA and {len(after)} more: removed {sorted(gone)}"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def same_address_many_owners(dut: Any) -> None:
    """TLB-016..018, TAG-001, TAG-002: one VA, several ASIDs, VMIDs, stages; no cross hit."""
    s = await WalkScene.start(dut)
    va, probes, trees = 0x7_6543_2000, {}, {}
    for number, (name, vmid, asid, s2) in enumerate(
        (("a", 1, 1, False), ("b", 1, 2, False), ("v", 2, 1, False), ("z", 0, 1, False),
         ("n", 1, 3, True), ("m", 2, 3, True))
    ):  # fmt: skip
        stream = s.prog.stream(0x30 + number, s2=s2, s2vmid=vmid)
        trees[name] = stream.space(asid=asid)
        stream.lend(PAGE + 0x1000 * number, 0x1000)
        trees[name].map(va, stream.ipa(PAGE + 0x1000 * number), 0x1000)
        probes[name] = Probe(va, 0x30 + number)
    await s.warm(probes)  # the model is asked about every access: each is at its own page
    for _ in range(3):
        assert not await s.missing(probes), "interleaved accesses all hit"
    rows = (
        (Cmd.tlbi_nh_va(vmid=1, asid=1, addr=va), "a"),
        (Cmd.tlbi_nh_va(vmid=1, asid=3, addr=va), "n"),
        (Cmd.tlbi_nh_va(vmid=2, asid=1, addr=va), "v"),
        (Cmd.tlbi_nh_va(vmid=0, asid=1, addr=va), "z"),
        (Cmd.tlbi_nh_vaa(vmid=1, addr=va), "abn"),
        (Cmd.tlbi_nh_vaa(vmid=2, addr=va), "vm"),
        (Cmd.tlbi_nh_asid(vmid=1, asid=2), "b"),
        (Cmd.tlbi_nh_asid(vmid=2, asid=1), "v"),
        (Cmd.tlbi_nh_all(vmid=0), "z"),
    )
    for command, names in rows:
        await s.invalidate(command)
        assert await s.missing(probes) == set(names), f"{command.hex()}: not {names}"
        assert not await s.missing(probes)
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def tags_are_16_bits(dut: Any) -> None:
    """TLB-021, TAG-003: ASIDs and VMIDs that differ in their upper byte do not alias."""
    s = await WalkScene.start(dut)
    pairs = [(vmid, asid) for vmid in (0x0003, 0x8003) for asid in (0x0012, 0x0112)]
    probes = {}
    for number, (vmid, asid) in enumerate(pairs):
        tree = s.prog.stream(0x40 + number, s2vmid=vmid).space(asid=asid)
        tree.map(0x5000, PAGE + 0x1000 * number, 0x1000)
        probes[f"{vmid:x}/{asid:x}"] = Probe(0x5000, 0x40 + number)
    await s.warm(probes)
    for vmid, asid in pairs:
        me = f"{vmid:x}/{asid:x}"
        same_vmid = {name for name in probes if name.startswith(f"{vmid:x}/")}
        for command, want in (
            (Cmd.tlbi_nh_asid(vmid=vmid, asid=asid), {me}),
            (Cmd.tlbi_nh_va(vmid=vmid, asid=asid, addr=0x5000), {me}),
            (Cmd.tlbi_nh_vaa(vmid=vmid, addr=0x5000), same_vmid),
            (Cmd.tlbi_nh_all(vmid=vmid), same_vmid),
        ):
            await s.invalidate(command)
            assert await s.missing(probes) == want, f"{command.hex()}"
    await s.finish()


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def vmid_wildcards(dut: Any) -> None:
    """TLB-023, TAG-017: CR0.VMW groups VMIDs for invalidation, never for lookup; 5..7 act as 0."""
    s = await WalkScene.start(dut)
    probes, only = {}, {}
    tables = {}
    for number, vmid in enumerate(range(0x20, 0x40)):
        tree = s.prog.stream(0x40 + number, s2vmid=vmid).space(asid=1)
        tree.map(0x1000 * number, PAGE + 0x1000 * number, 0x1000)
        tree.map(0x3F_000, PAGE, 0x1000)
        probes[vmid] = Probe(0x1000 * number, 0x40 + number, anchor=0x3F_000)
        if vmid in (0x20, 0x21, 0x22, 0x24, 0x28, 0x30):
            tables[vmid] = s.prog.tree(stage=2, input_bits=40)
            s.prog.stream(0x80 + number, s1=False, s2=tables[vmid], s2vmid=vmid)
            tables[vmid].map(0x20_0000 + 0x1000 * number, PAGE, 0x1000)
            only[vmid] = Probe(0x20_0000 + 0x1000 * number, 0x80 + number)
    for vmw in range(8):
        await s.prog.enable(smmuen=1, cmdqen=1, eventqen=1, vmw=vmw)
        await s.invalidate(Cmd.tlbi_nsnh_all())
        mask = ~((1 << (vmw if vmw <= 4 else 0)) - 1)
        await s.missing(probes)  # every VMID has its own page: the model is asked
        vmid = 0x20 | vmw & 1
        group = {other for other in probes if not (other ^ vmid) & mask}
        await s.invalidate(Cmd.tlbi_nh_all(vmid=vmid))
        assert await s.missing(probes) == group, f"VMW={vmw} NH_ALL"
        if vmw > 5:
            continue
        group = {other for other in probes if not (other ^ 0x21) & mask}
        va = probes[0x22].addr
        await s.invalidate(Cmd.tlbi_nh_va(vmid=0x21, asid=1, addr=va))
        assert await s.missing(probes) == group & {0x22}, f"VMW={vmw} NH_VA"
        await s.missing(only)
        await s.invalidate(Cmd.tlbi_s2_ipa(vmid=0x20, addr=only[0x21].addr))
        want = {0x21} if vmw in (1, 2, 3, 4) else set()
        assert await s.missing(only) == want, f"VMW={vmw} S2_IPA"
        await s.invalidate(Cmd.tlbi_s12_vmall(vmid=0x20))
        want = {other for other in only if not (other ^ 0x20) & mask}
        assert await s.missing(only) == want, f"VMW={vmw} S12_VMALL"
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def illegal_commands_remove_nothing(dut: Any) -> None:
    """TLB-008, TLB-028, TAG-016, ATS-001: CERROR_ILL, and every translation still hits."""
    s = await WalkScene.start(dut)
    p = Population(s)
    await p.warm()
    va, ipa = p.addr("a"), p.addr("s")
    empty = [(1, 0), (2, 0), (2, 1), (3, 0)]  # TG and TTL with no effective hint
    bad = [Cmd.tlbi_nh_va(vmid=VMID, asid=ASID, addr=va, tg=g, ttl=t) for g, t in empty]
    bad += [Cmd.tlbi_nh_vaa(vmid=VMID, addr=va, tg=g, ttl=t, leaf=1) for g, t in empty]
    bad += [Cmd.tlbi_s2_ipa(vmid=VMID, addr=ipa, tg=g, ttl=t) for g, t in empty]
    bad += [Cmd.tlbi_el2_all(), Cmd.tlbi_el2_va(asid=ASID, addr=va), Cmd.tlbi_el2_vaa(addr=va),
            Cmd.tlbi_el2_asid(asid=ASID), Cmd.tlbi_el3_all(), Cmd.tlbi_el3_va(addr=va)]  # fmt: skip
    bad += [Cmd.atc_inv(), Cmd.pri_resp()]

    async def refused() -> None:
        for command in bad:
            await s.refused(command)

    assert not await p.removed(refused), "an illegal command removed something"
    # the same with a hint or a length is legal
    legal = Cmd.tlbi_nh_va(vmid=VMID, asid=ASID, addr=va, tg=1, ttl=3)
    assert await p.removed(lambda: s.invalidate(legal)) == {"a"}
    await s.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def no_ats_no_pri(dut: Any) -> None:
    """ATS-001, HTT-001: IDR0 reports none; EATS is ignored, its registers are RES0."""
    s = await WalkScene.start(dut)
    idr0 = REG["IDR0"].unpack(await s.read32(REG["IDR0"].offset))
    assert (idr0.ats, idr0.pri, idr0.httu) == (0, 0, 0)
    for name in ("PRIQ_BASE", "PRIQ_PROD", "PRIQ_CONS", "PRIQ_IRQ_CFG0"):
        offset = REG[name].offset
        await s.write32(offset, 0xFFFFFFFF)
        assert await s.read32(offset) == 0, f"{name} keeps bits"
    cr0 = REG["CR0"]
    value = cr0.value(smmuen=1, cmdqen=1, eventqen=1)
    await s.write32(cr0.offset, value | cr0.mask("priqen", "atschk"))
    await s.cycles(200)
    assert await s.read32(REG["CR0ACK"].offset) == value
    assert await s.read32(cr0.offset) == value, "PRIQEN and ATSCHK are RES0"
    for eats in range(4):
        s.prog.stream(0x20 + eats, eats=eats, ppar=eats & 1).space().map(0, PAGE, 0x1000)
        assert (await s.access(0, 0x20 + eats)).pa == PAGE, f"EATS={eats}"
    await s.finish()
