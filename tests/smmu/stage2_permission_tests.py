# SPDX-License-Identifier: Apache-2.0
"""Stage 2 permissions and attributes bits, and every stage 1 size on every stage 2 size."""

from __future__ import annotations

from itertools import product
from typing import Any

import cocotb

from tb.models.vmsa import GRANULES, PageTable, Stage1Leaf, Stage2Leaf
from tests.smmu.stage1_permission_tests import ACCESSES, SILENT_BITS
from tests.smmu.stage1_tests import ALL_LEAVES, PAGE, SID
from tests.smmu.stage2_tests import both, is_stage2, only
from tests.smmu.walk_scene import WalkScene, ends


def _allows(s2ap: int, xn: int, what: str, priv: int) -> bool:
    """VM2-011, VM2-012 written as rules."""
    if what == "inst":
        return xn == 0 or (xn == 1 and not priv) or (xn == 3 and bool(priv))
    return bool(s2ap & (2 if what == "write" else 1))


@cocotb.test(timeout_time=8, timeout_unit="ms")
async def s2ap_and_xn(dut: Any) -> None:
    """VM2-011, VM2-012: all S2AP and XN, nested and stage 2-only, data and instruction."""
    s = await WalkScene.start(dut)
    alone = only(s, SID)
    stream, space = both(s, SID + 1, s.prog.tree(stage=2, input_bits=40))
    # one stage 1 page to read and write, one to execute with privilege (VM1-018)
    for row, (s2ap, xn) in enumerate(product(range(4), range(4))):
        addr, pa = 0x1000 * row, PAGE + 0x1000 * row
        leaf = Stage2Leaf(readable=bool(s2ap & 1), writable=bool(s2ap & 2), xn=xn)
        alone.map(addr, pa, 0x1000, leaf)
        stream.lend(pa, 0x1000, leaf)
        space.map(addr, stream.ipa(pa), 0x1000)
        space.map(1 << 20 | addr, stream.ipa(pa), 0x1000, Stage1Leaf(writable=False))
        for what, priv in ACCESSES:
            write, inst = what == "write", what == "inst"
            for sid, ipa in ((SID, addr), (SID + 1, stream.ipa(pa))):
                va = 1 << 20 | addr if inst and sid != SID else addr
                seen = await s.access(va, sid, write=write, priv=bool(priv), inst=inst)
                text = f"S2AP={s2ap} XN={xn} sid={sid}: {what} priv={priv} gave {seen.what}"
                if _allows(s2ap, xn, what, priv):
                    assert seen.pa == pa, text
                    continue
                assert seen.what == "F_PERMISSION", text
                is_stage2(seen, "F_PERMISSION", ipa)
                assert (seen.record.ind, seen.record.rnw) == (int(inst), int(not write)), text
    await s.finish()


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def stage2_access_flag(dut: Any) -> None:
    """VM2-013, HTT-002: AF=0 faults before permissions; S2AFFD lifts it; nothing was cached."""
    s = await WalkScene.start(dut)
    for affd in (0, 1):
        tree = only(s, SID + affd, s2affd=affd)
        for level in (1, 2, 3):
            size = tree.granule.leaf_size(level)
            for s2ap in range(4):
                addr = (4 * level + s2ap) << 30
                leaf = Stage2Leaf(readable=bool(s2ap & 1), writable=bool(s2ap & 2), af=False)
                tree.map(addr, 0x10_0000_0000, size, leaf, level=level)
                for write in (False, True):
                    seen = await s.access(addr, SID + affd, write=write)
                    allowed = _allows(s2ap, 0, "write" if write else "read", 0)
                    if not affd:
                        is_stage2(seen, "F_ACCESS", addr)
                    elif allowed:
                        assert seen.ok
                    else:
                        is_stage2(seen, "F_PERMISSION", addr)
                if not affd:  # the flag set by software counts without TLBI
                    tree.map(addr, 0x10_0000_0000, size, Stage2Leaf(), level=level)
                    assert (await s.access(addr, SID)).ok
    await s.finish()


@cocotb.test(timeout_time=16, timeout_unit="ms")
async def stage2_leaf_bits_one_by_one(dut: Any) -> None:
    """VM2-008: which attribute bit of a stage 2 leaf changes what, at every level and granule."""
    s = await WalkScene.start(dut)
    kinds = (("read", 0), ("write", 0), ("inst", 0), ("inst", 1))
    ignored = {11, *SILENT_BITS}
    for index, (granule, level) in enumerate(ALL_LEAVES):
        sid, size = SID + index, granule.leaf_size(level)
        tree = only(s, sid, granule)
        bits = [*range(2, 12), *SILENT_BITS, 53, 54, *([16] if level < 3 else [])]
        for zero in (False, True):
            base = 0x400 | 0xC0 | 0xF << 2
            if zero:
                base = sum(1 << b for b in bits if b not in (53, 54))
            results = {}
            for number, bit in enumerate([None, *bits]):
                at = (number + 1 + 64 * zero) * size
                flipped = base ^ (0 if bit is None else 1 << bit)
                kind = 3 if level == 3 else 1
                tree.put(at, level, 0x40_0000_0000 | flipped | kind)
                results[bit] = []
                for what, priv in kinds:
                    seen = await s.access(at, sid, write=what == "write", priv=bool(priv),
                                          inst=what == "inst", cache=0xF, domain=0)  # fmt: skip
                    pins = seen.pins
                    results[bit].append((seen.what, pins.get("cache"), pins.get("domain")))
            plain = results.pop(None)
            for bit, result in results.items():
                text = f"{granule.name} L{level} {'zero' if zero else 'one'} bit {bit}: {result}"
                whats = [r[0] for r in result]
                if bit in ignored or bit == 16:
                    assert result == plain, text
                elif bit in (2, 3, 4, 5):
                    assert whats == [r[0] for r in plain] and result != plain, text
                elif bit in (8, 9):
                    assert whats == [r[0] for r in plain], text
                elif bit == 10:
                    assert set(whats) == {"F_ACCESS"}, text
                else:
                    assert "F_PERMISSION" in whats and "OK" in whats, text
            assert results[9] != plain, "SH"
    await s.finish()


def _nest(s: WalkScene, sid: int, outer: Any, inner: Any) -> tuple[Any, PageTable]:
    """A nested stream with stage 1 granule ``inner`` under stage 2 granule ``outer``."""
    stream = s.prog.stream(sid, s2=s.prog.tree(outer, stage=2, input_bits=44), s2vmid=sid)
    return stream, stream.space(granule=inner, asid=sid)


@cocotb.test(timeout_time=16, timeout_unit="ms")
async def every_size_on_every_size(dut: Any) -> None:
    """VM1-009, VM1-010, VM2-010: 7 x 7 leaf sizes, both ends of each page of both stages."""
    s = await WalkScene.start(dut)
    sid, pairs, mask = SID, 0, s.bench.model_config.oas_mask
    for inner, outer in product(GRANULES.values(), GRANULES.values()):
        sid += 1
        stream, space = _nest(s, sid, outer, inner)
        for number, (l1, l2) in enumerate(product(inner.leaf_levels, outer.leaf_levels)):
            pairs += 1
            size1, size2 = inner.leaf_size(l1), outer.leaf_size(l2)
            # the smaller page is the last one of the bigger
            va = (number + 1) << 40
            ipa = (number + 1) << 36 | (max(size1, size2) - size1)
            space.map(va, ipa, size1, level=l1)
            pieces = {(ipa + at) & -size2 for at in (0, size1 // 2, size1 - 1)}
            for piece, at in enumerate(sorted(pieces)):
                out = ((number + 1) << 38) + ((piece * 3 + 1) << 32) + (sid << 40) % (1 << 46)
                stream.stage2.map(at, out & mask & -size2, size2, level=l2)
            for at in sorted(pieces):
                low = max(at, ipa)
                high = min(at + size2, ipa + size1)
                for here in (*ends(low, high - low), (low + high) // 2 & ~0xF):
                    found = stream.stage2.leaf_of(here)
                    want = found[1] & ((1 << 48) - 1) & -size2 | here & size2 - 1
                    seen = await s.access(va + here - ipa, sid)
                    text = f"{inner.name} L{l1} on {outer.name} L{l2} at IPA 0x{here:x}"
                    assert seen.pa == want, f"{text}: 0x{seen.pa or 0:x}, not 0x{want:x}"
    assert pairs == 49
    await s.finish()
