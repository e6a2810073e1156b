# SPDX-License-Identifier: Apache-2.0
"""Ports without AxDOMAIN (TBU 0) and without AxPROT (TBU 1): their defaults (ATT-002).

The build has two TBUs, NO_AXDOMAIN = 1 and NO_AXPROT = 2. The bench drives the pins all the same,
with values that must have no effect.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import cocotb

from tb.models.fields import Event
from tb.models.smmu_ref import Transaction
from tb.models.vmsa import Stage1Leaf
from tests.smmu.case_scene import DATA, PAGE, VA, Case, CaseScene, Want, abort, ok, stage1

NO_DOMAIN, NO_PROT = 0, 1  # TBUs
NON_SHAREABLE, SYSTEM = 0, 3
WRITE_BACK = 0b1111
NON_SECURE = 0b010
SECRET, TEXT = VA + PAGE, VA + 2 * PAGE  # privileged only; never executed


@dataclass(eq=False)
class PortCase(Case):
    """``pins``: AxPROT driven; what the port lacks is not told to the model."""

    pins: int = NON_SECURE
    domain: int = SYSTEM
    cache: int = WRITE_BACK

    def __post_init__(self) -> None:
        if self.tbu != NO_PROT:
            self.priv, self.inst = bool(self.pins & 1), bool(self.pins & 4)
        self.options = {"prot": self.pins, "domain": self.domain, "cache": self.cache}

    def transaction(self, strapped: bool) -> Transaction:
        """With the defaults of the port."""
        txn = super().transaction(strapped)
        return replace(txn, domain=NON_SHAREABLE) if self.tbu == NO_DOMAIN else txn


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def missing_domain_is_non_shareable(dut: Any) -> None:
    """ATT-002: use-incoming streams: whatever the domain pins say, NSH; the other port obeys."""
    s = await CaseScene.start(dut)
    for sid, fields in ((4, {"shcfg": 1}), (5, {"shcfg": 1, "mtcfg": 1, "memattr": 0xF})):
        s.stream(sid, s1=False, **fields)
    await s.run([PortCase(f"sid {sid}, domain {domain}, cache {cache:x}", sid, VA, ok(VA),
                          write=write, tbu=tbu, domain=domain, cache=cache)
                 for sid, tbu, domain, write in product((4, 5), (0, 1), range(4), (False, True))
                 for cache in (0b0000, 0b0010, 0b0011, WRITE_BACK)
                 # a Device or Non-cacheable access is one of the system domain (AXI)
                 if domain == SYSTEM or cache == WRITE_BACK], cold=False)  # fmt: skip
    # the same by the rule alone
    seen: list[set[int]] = [set(), set()]
    for tbu, mem in enumerate(s.bench.mems):
        mem.observers.append(lambda request, seen=seen[tbu]: seen.add(request.ax["domain"]))
    await s.run([PortCase(f"domain {domain}", 4, VA, ok(VA), tbu=tbu, domain=domain)
                 for tbu, domain in product((0, 1), range(3))], cold=False)  # fmt: skip
    assert seen == [{NON_SHAREABLE}, {0, 1, 2}], f"domains downstream: {seen}"
    await s.finish()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def missing_prot_is_unprivileged_data(dut: Any) -> None:
    """ATT-002: permission, PnU, InD and AxPROT downstream are those of unprivileged NS data."""
    s = await CaseScene.start(dut)
    stream = s.stream(9, cd={"r": 1, "a": 1})
    s.map(stream, SECRET, DATA + PAGE, leaf1=Stage1Leaf(user=False))
    s.map(stream, TEXT, DATA + 2 * PAGE, leaf1=Stage1Leaf(uxn=True, pxn=True))
    denied = abort(**stage1(Event.F_PERMISSION))
    rows = []

    def row(name: str, tbu: int, addr: int, pins: int, want: Want) -> None:
        rows.append(PortCase(f"{name}, port {tbu}, prot {pins:03b}", 9, addr, want, tbu=tbu,
                             pins=pins))  # fmt: skip

    for pins in (0b010, 0b011, 0b110, 0b111):
        priv, inst = pins & 1, pins & 4
        row("user page", NO_PROT, VA, pins, ok(DATA))
        row("privileged page", NO_PROT, SECRET, pins, denied)
        row("data page", NO_PROT, TEXT, pins, ok(DATA + 2 * PAGE))
        # the port that has the pins
        row("privileged page", NO_DOMAIN, SECRET, pins, ok(DATA + PAGE) if priv or inst else denied)
        row("data page", NO_DOMAIN, TEXT, pins, denied if inst else ok(DATA + 2 * PAGE))
    for pins in range(8):  # a Secure AxPROT is not seen either
        rows.append(PortCase(f"bypassed pins {pins:03b}", 9, VA, ok(DATA), tbu=NO_PROT, pins=pins))
    await s.run(rows, cold=False)
    await s.finish()
