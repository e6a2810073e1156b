# SPDX-License-Identifier: Apache-2.0
"""smmu_ste_check and smmu_cd_check against the reference: random structures, biased to limits."""

from __future__ import annotations

import random
from collections.abc import Callable

import cocotb
from cocotb.triggers import Timer

from sim import runner
from tb.models.fields import CD, STE
from tb.models.layout import Layout
from tb.models.smmu_ref import SmmuConfig
from tb.models.smmu_ref.legality import cd_illegal, ste_illegal

WORDS = 256  # bits that the checks look at
# of each structure and run; a sweep over seeds makes it a million
COUNT = 30_000 if runner.current_params().get("OAS", 48) == 48 else 3_000
CONFIG = SmmuConfig(oas=runner.current_params().get("OAS", 48))
LIMITS = (0, 1, 15, 16, 17, 20, 21, 24, 25, 30, 31, 33, 34, 35, 38, 39, 40, 47, 48, 63)
STE_FIELDS = ("v", "config", "s1contextptr", "s1cdmax", "s2t0sz", "s2sl0", "s2tg", "s2ps",
              "s2aa64", "s2endi", "s2hd", "s2ha", "s2ttb", "s1stalld")  # fmt: skip
CD_FIELDS = ("v", "aa64", "t0sz", "tg0", "epd0", "endi", "t1sz", "tg1", "epd1", "ips", "hd", "ha",
             "s", "ttb0", "ttb1")  # fmt: skip
GOOD_STE = {"v": 1, "config": 7, "s2t0sz": 25, "s2sl0": 1, "s2ps": 5, "s2aa64": 1, "s1cdmax": 4}
GOOD_CD = {"v": 1, "aa64": 1, "t0sz": 16, "t1sz": 25, "tg1": 2, "ips": 5}


class View:
    """Fields of an integer by attribute, each decoded when it is asked for."""

    def __init__(self, layout: Layout, bits: int) -> None:
        self.layout, self.bits = layout, bits

    def __getattr__(self, name: str) -> int:
        return self.layout.get(self.bits, name)


def structure(rng: random.Random, layout: Layout, good: dict[str, int],
              names: tuple[str, ...]) -> int:  # fmt: skip
    """A good structure with 0 to 3 fields at or near a limit; one in sixteen is noise."""
    bits = int.from_bytes(layout.pack(**good), "little")
    if rng.randrange(16) == 0:
        return rng.getrandbits(WORDS) | 1
    for _ in range(rng.randrange(4)):
        item = layout.field(rng.choice(names))
        value = rng.getrandbits(item.width)
        if item.width > 8:  # an address: one bit of it
            value = 1 << rng.randrange(item.width)
        elif item.width > 3 and rng.random() < 0.8:
            value = rng.choice(LIMITS) & (1 << item.width) - 1
        bits = bits & ~item.mask | value << item.lsb
    # what no rule looks at is noise
    if rng.random() < 0.5:
        used = sum(layout.field(name).mask for name in names)
        bits |= rng.getrandbits(WORDS) & ~used
    return bits & (1 << WORDS) - 1


def ste_legal(bits: int) -> bool:
    """Verdict of the reference, V and Config included (STE-002, STE-005, STE-006)."""
    ste = View(STE, bits)
    if not ste.v:
        return False
    return ste.config <= 4 or ste_illegal(ste, CONFIG) is None


async def judge(dut, make: Callable[[random.Random], tuple[int, int]],
                want: Callable[[int, int], tuple[bool, bool]]) -> list[int]:  # fmt: skip
    """Judge COUNT pairs; (legal STEs, legal CDs) seen."""
    rng = random.Random(cocotb.RANDOM_SEED)
    lanes = len(dut.ste_ok_o)
    legal = [0, 0]
    for _ in range(-(-COUNT // lanes)):
        pairs = [make(rng) for _ in range(lanes)]
        dut.ste_i.value = sum(ste << WORDS * k for k, (ste, _) in enumerate(pairs))
        dut.cd_i.value = sum(cd << WORDS * k for k, (_, cd) in enumerate(pairs))
        await Timer(1, "ns")
        got_ste, got_cd = int(dut.ste_ok_o.value), int(dut.cd_ok_o.value)
        for k, (ste, cd) in enumerate(pairs):
            verdict = bool(got_ste >> k & 1), bool(got_cd >> k & 1)
            wanted = want(ste, cd)
            assert verdict == wanted, f"STE 0x{ste:064x} CD 0x{cd:064x}: {verdict}, not {wanted}"
            legal[0] += wanted[0]
            legal[1] += wanted[1]
    return legal


@cocotb.test()
async def test_legality(dut) -> None:
    """STE-004, CD-003: both verdicts, each CD reached through the STE beside it."""

    def make(rng: random.Random) -> tuple[int, int]:
        ste = structure(rng, STE, GOOD_STE, STE_FIELDS)
        return ste, structure(rng, CD, GOOD_CD, CD_FIELDS)

    def want(ste: int, cd: int) -> tuple[bool, bool]:
        reason = cd_illegal(View(CD, cd), View(STE, ste), CONFIG)
        return ste_legal(ste), reason is None

    legal = await judge(dut, make, want)
    for what, count in zip(("STE", "CD"), legal, strict=True):
        share = count / COUNT
        assert 0.2 < share < 0.9, f"{what}: {share:.0%} legal, too one-sided"


@cocotb.test()
async def test_every_start_level(dut) -> None:
    """STE-024, STE-025, VM2-001..004: all 64 S2T0SZ x 4 S2SL0 x 4 S2TG."""
    lanes = len(dut.ste_ok_o)
    triples = [(t0sz, sl0, tg) for t0sz in range(64) for sl0 in range(4) for tg in range(4)]
    good = 0
    for first in range(0, len(triples), lanes):
        stes = [
            int.from_bytes(STE.pack(**GOOD_STE | {"config": 6, "s2t0sz": t, "s2sl0": s, "s2tg": g}),
                           "little") & (1 << WORDS) - 1
            for t, s, g in triples[first : first + lanes]
        ]  # fmt: skip
        dut.ste_i.value = sum(ste << WORDS * k for k, ste in enumerate(stes))
        await Timer(1, "ns")
        got = int(dut.ste_ok_o.value)
        for k, ste in enumerate(stes):
            want = ste_legal(ste)
            assert bool(got >> k & 1) == want, f"T0SZ, SL0, TG {triples[first + k]}: not {want}"
            good += want
    assert good == {40: 60, 42: 70, 44: 82, 48: 96}[CONFIG.oas], f"{good} legal triples"
