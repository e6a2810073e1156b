# SPDX-License-Identifier: Apache-2.0
"""Reference SMMU: memory types, overrides and AMBA pins (ATT-*, MEM-*, CD-022, CD-023)."""

from __future__ import annotations

import itertools

from tb.models.smmu_ref import attributes
from tb.models.smmu_ref.attributes import MemAttr
from tb.models.vmsa import Stage1Leaf, Stage2Leaf
from tests.models.ref_machine import CD_AT, PAGE, STRTAB, VA, Machine


def test_attributes_of_the_architecture_examples():
    """13.1.5.1, ATT-001..025."""
    wb_nc = MemAttr(None, attributes.WB, attributes.NC, attributes.ISH)
    device = attributes.of_memattr(1)
    assert attributes.combine(wb_nc, device).device == attributes.NGNRE
    strongest = attributes.combine(device, attributes.of_memattr(0))
    assert strongest.device == attributes.NGNRNE and strongest.sh == attributes.OSH
    wt = MemAttr(None, attributes.WT, attributes.WT, attributes.OSH)
    mixed = attributes.combine(wb_nc, wt)
    assert (mixed.inner, mixed.outer, mixed.sh) == (attributes.WT, attributes.NC, attributes.OSH)
    assert attributes.bus_cache(mixed, True) == (0b0011, 3)
    assert attributes.bus_cache(attributes.incoming(0, 0), True) == (0, 3)
    assert attributes.bus_cache(attributes.incoming(0b1011, 2), False) == (0b1011, 2)
    no_hints = MemAttr(ra=False, wa=False)
    assert attributes.bus_cache(no_hints, True) == (0b1011, 0)
    assert attributes.bus_cache(no_hints, False) == (0b0111, 0)


def test_overrides_reach_the_pins():
    """ATT-006, ATT-010..017, ATT-033, TRN-043."""
    machine = Machine()
    machine.ste(config=4, mtcfg=1, memattr=0xF, shcfg=1, alloccfg=0)
    pins = machine.access(0x1000, cache=0, domain=3, lock=True).attrs
    assert (pins.cache, pins.domain, pins.prot, pins.lock) == (0b1111, 2, 0b010, False)
    machine.ste(config=4, mtcfg=1, memattr=4, shcfg=3, privcfg=3, instcfg=3)
    pins = machine.access(0x1000, lock=True).attrs
    assert (pins.cache, pins.domain, pins.prot, pins.lock) == (0, 3, 0b111, True)
    assert machine.access(0x1000, False).attrs.prot == 0b011
    machine.ste(config=4, alloccfg=0b1100, shcfg=3)
    assert machine.access(0x1000, cache=0xF).attrs.cache == 0b0111
    assert machine.access(0x1000, cache=3).attrs.cache == 0b0011


def test_stage1_hints_combine_with_a_cacheable_input():
    """ATT-019, ATT-020, CD-022, CD-023, ATT-023."""
    machine = Machine()
    machine.stage1(mair0=0xE4_BF_EE_FF, mair1=0x00_F0_04_44)
    tree = machine.tree()
    for index, byte in enumerate((0xFF, 0xEE, 0xBF, 0xE4, 0x44, 0x04, 0xF0, 0x00)):
        va = VA + 0x1000 * index
        tree.map(va, PAGE, 0x1000, Stage1Leaf(attr_index=index, sh=3))
        machine.cd(t0sz=16, ttb0=tree.base, mair0=0xE4_BF_EE_FF, mair1=0x00_F0_04_44)
        wanted = {0xFF: 0b1111, 0xEE: 0b0111, 0x04: 1, 0: 0}.get(byte, 0b0011)
        for cache in (0b0011, 0b1111):
            assert machine.access(va, cache=cache).attrs.cache == wanted, hex(byte)
    assert machine.access(VA, cache=0b0111).attrs.cache == 0b0111
    assert machine.access(VA, False, cache=0b1011).attrs.cache == 0b1011
    assert machine.access(VA).attrs.domain == 1
    assert machine.access(VA + 0x1000, cache=0b1011).attrs.cache == 0b1011


def test_types_overridden_before_stage1_decide_whose_hints_count():
    """13.4.4: the hints combine if the type is cacheable after the STE overrides."""
    machine = Machine()
    machine.stage1()
    machine.ste(mtcfg=1, memattr=0xF, alloccfg=0b1100)
    assert machine.access(VA, cache=0).attrs.cache == 0b0111
    machine.ste(mtcfg=1, memattr=0x1, alloccfg=0b1100)
    assert machine.access(VA, cache=0xF).attrs.cache == 0b1111


def test_stage2_combination_of_every_pair():
    """ATT-021..025, ATT-027, NST-012 against the rule written as a table."""
    machine = Machine()
    host = machine.tree(stage=2)
    codes = [c for c in range(16) if c not in (4, 8, 12)]
    for first, second in itertools.product(codes, codes):
        host.put(0, 3, host.encode(PAGE, 3, Stage2Leaf(mem_attr=second, sh=0)))
        machine.ste(config=6, mtcfg=1, memattr=first, shcfg=3, **machine.stage2(host))
        pins = machine.access(0, cache=0xF).attrs
        devices = [c for c in (first, second) if c < 4]
        if devices:
            wanted = (int(min(devices) != 0), 3)
        else:
            wanted = (0b1111, 1) if first == second == 0xF else (0b0011, 3)
        assert (pins.cache, pins.domain) == wanted, (first, second)


def test_structure_reads_carry_their_own_attributes():
    """MEM-002..005, ATT-029..031, NST-011."""
    machine = Machine(enable=False)
    machine.smmu.write32(0x28, 0x0D4A)
    machine.smmu.write64(0x80, STRTAB | 1 << 62)
    machine.write("CR0", smmuen=1)
    host, guest = machine.tree(stage=2), machine.tree()
    host.map(0x4000_0000, 0x4000_0000, 1 << 29, Stage2Leaf(sh=2))
    guest.map(VA, PAGE, 0x1000)
    walk = {"s2ir0": 2, "s2or0": 1, "s2sh0": 3}
    machine.ste(config=7, s1cir=3, s1cor=3, s1csh=3, **machine.stage2(host, **walk))
    machine.cd(CD_AT, t0sz=16, ttb0=guest.base, ir0=1, or0=1, sh0=3)
    pins = {
        fetch.what: attributes.bus_cache(fetch.attr, True) for fetch in machine.access().fetches
    }
    assert pins == {"STE": (0b1111, 1), "CD": (0b1011, 2), "S1": (0b1111, 2), "S2": (0b0011, 3)}
