# SPDX-License-Identifier: Apache-2.0
"""bfm_dvm alone: the test plays the SMMU on its pins; message bits against facts section 10."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from tb.bfm import dvm
from tb.bfm.checker import DvmChecker
from tb.bfm.clock import apply_reset, begin
from tb.bfm.dvm_monitor import DvmMonitor


class Smmu:
    """Takes AC, answers CR with the low bits of the address after a random time."""

    def __init__(self, dut: Any, rng: random.Random) -> None:
        self.dut, self.rng = dut, rng
        self.parts: list[dvm.Part] = []
        self.owed: list[int] = []
        self.offering = self.cr_taken = False
        dut.dvm_acready.value = 0
        dut.dvm_crvalid.value = 0
        dut.dvm_crresp.value = 0
        dut.dvm_syscoreq.value = 0
        dut.dvm_complete.value = 0

    async def run(self) -> None:
        d = self.dut
        while True:
            await FallingEdge(d.clk_i)
            d.dvm_acready.value = self.rng.getrandbits(1)
            if self.offering and self.cr_taken:
                self.owed.pop(0)
                self.offering = False
            if self.owed and not self.offering and self.rng.getrandbits(1):
                self.offering = True
                d.dvm_crresp.value = self.owed[0]
            d.dvm_crvalid.value = int(self.offering)

    async def watch(self) -> None:
        d = self.dut
        while True:
            await RisingEdge(d.clk_i)
            if int(d.dvm_acvalid.value) and int(d.dvm_acready.value):
                part = dvm.Part(int(d.dvm_acaddr.value), int(d.dvm_acvmidext.value),
                                int(d.dvm_acsnoop.value), int(d.dvm_acprot.value))  # fmt: skip
                self.parts.append(part)
                self.owed.append(part.addr & 0x1F)
            self.cr_taken = bool(int(d.dvm_crvalid.value) and int(d.dvm_crready.value))


def test_bits() -> None:
    """Positions of every field of a message."""
    va = 0x01AB_CDEF_0123_4000 & ((1 << 57) - 1)
    one, two = dvm.tlbi(vmid=0x1234, asid=0xABCD, addr=va, stage=1, leaf=True, tg=1, ttl=3)
    assert one.addr & 0xFF == 0b0111_0101 and one.addr >> 7 & 1 == 0
    assert one.addr >> 24 & 0xFF == 0x34 and one.vmidext == 2 and two.vmidext == 1
    assert one.addr >> 16 & 0xFF == 0xCD and one.addr >> 32 & 0xFF == 0xAB
    assert one.addr >> 10 & 3 == dvm.EXC_GUEST and one.addr >> 8 & 3 == 3
    back = (
        (one.addr >> 44 & 0xF) << 53 | (one.addr >> 40 & 0xF) << 45
        | (two.addr >> 44 & 0xF) << 49 | (two.addr >> 40 & 0xF) << 41
        | (two.addr >> 3 & 1) << 40 | two.addr & 0xFF_FFFF_F000
    )  # fmt: skip
    assert back == va & ~0xFFF and two.addr >> 10 & 3 == 1 and two.addr >> 8 & 3 == 3
    one, two = dvm.tlbi(vmid=1, addr=0x4000, tg=2, num=0b10101, scale=2)
    assert one.addr >> 7 & 1 == 1 and two.addr & 7 == 5 and two.addr >> 4 & 3 == 2
    assert two.addr >> 6 & 3 == 2
    (alone,) = dvm.tlbi(vmid=0xF0F1)
    assert alone.addr >> 40 & 0xF == 0xF and alone.vmidext == 0 and alone.addr >> 24 & 0xFF == 0xF1
    assert alone.addr & 0x60 == 0x40 and alone.addr & 1 == 0
    assert dvm.sync() == [dvm.Part(0xC000)]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def messages_in_order(dut: Any) -> None:
    """Many messages under throttles arrive whole, in order, and get their own CRs."""
    test_bits()
    rng = random.Random(cocotb.RANDOM_SEED)
    smmu = Smmu(dut, rng)
    await begin(dut)
    master = dvm.DvmMaster(dut)
    master.configure(seed=rng.getrandbits(32), ac=60, cr=40)
    heard: list[tuple[list[dvm.Part], list[int]]] = []
    DvmMonitor(dut.u_probe, lambda m: heard.append((m.parts, m.resps)), "heard")
    await apply_reset(dut.clk_i, dut.rst_ni)
    check = DvmChecker(dut.u_probe)
    check.forgive()
    cocotb.start_soon(smmu.watch())
    cocotb.start_soon(smmu.run())
    sent = []
    for _ in range(100):
        choice = rng.randrange(3)
        sent.append(master.post(
            dvm.sync() if choice == 0
            else dvm.tlbi(vmid=rng.getrandbits(16), asid=rng.getrandbits(16)) if choice == 1
            else dvm.tlbi(vmid=rng.getrandbits(16), addr=rng.getrandbits(48) << 12 & (1 << 52) - 1)
        ))  # fmt: skip
    for message in sent:
        await message.wait()
        assert message.resps == [p.addr & 0x1F for p in message.parts]
    assert smmu.parts == [part for message in sent for part in message.parts]
    assert await master.send(dvm.other(dvm.TYPE_HINT)) == [0]
    check.check()
    assert heard[:-1] == [(m.parts, m.resps) for m in sent]
    master.hold_cr()
    held = master.post(dvm.sync())
    await ClockCycles(dut.clk_i, 40)
    assert not held.done.is_set()
    master.hold_cr(False)
    await held.wait()
    dut.dvm_syscoreq.value = 1
    await ClockCycles(dut.clk_i, 3)
    assert int(dut.dvm_syscoack.value) == 1
    dut.dvm_syscoreq.value = 0
    await ClockCycles(dut.clk_i, 3)
    assert int(dut.dvm_syscoack.value) == 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def stray_response_is_found(dut: Any) -> None:
    """A CR nobody asked for is counted."""
    for pin in ("acready", "crvalid", "crresp", "syscoreq", "complete"):
        getattr(dut, f"dvm_{pin}").value = 0
    await begin(dut)
    dvm.DvmMaster(dut)  # takes CR at once
    await apply_reset(dut.clk_i, dut.rst_ni)
    check = DvmChecker(dut.u_probe)
    before = check.errors
    await FallingEdge(dut.clk_i)
    dut.dvm_crvalid.value = 1
    await FallingEdge(dut.clk_i)
    dut.dvm_crvalid.value = 0
    await ClockCycles(dut.clk_i, 2)
    assert check.errors == before + 1 and check.broken == ["CR_NONE"]
