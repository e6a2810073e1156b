# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_dvm: AC to CR, TLBI to INV, Sync to DVM Complete."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from tb.bfm import dvm
from tests.unit import messages as msg

CLOCK_NS = 2
PAGE = 0xFFF
TOP = (1 << 48) - 1


@dataclass(frozen=True)
class Scope:
    """What one TLBI asks for, in the words of the architecture."""

    stage: int = 0
    vmid: int | None = None
    asid: int | None = None
    addr: int | None = None
    leaf: bool = False
    tg: int = 0
    ttl: int = 0
    scale: int = 0
    num: int | None = None
    exception: int = dvm.EXC_GUEST
    security: int = dvm.SEC_NON_SECURE

    def parts(self) -> list[dvm.Part]:
        """The message."""
        return dvm.tlbi(**vars(self))

    @property
    def ours(self) -> bool:
        """Non-secure EL1&0 only (DVM-009, DVM-010)."""
        return (self.exception, self.security) == (2, 3) and self.stage != 3

    def inv(self, vmw: int) -> int:
        """The invalidation it stands for (facts 10.5, TAG-005..017)."""
        ipa = self.stage == 2
        both = self.stage == 0 and self.addr is None and self.asid is None
        by_asid = self.asid is not None and not ipa
        # an ASID that is not valid is on the wires all the same, and not compared
        found = {"s1": not ipa, "s2": ipa or both, "vmidv": self.vmid is not None,
                 "vmid": self.vmid or 0, "vmw": vmw if vmw <= 4 else 0, "asidv": by_asid,
                 "asid": self.asid or 0, "asetkeep": by_asid}  # fmt: skip
        if self.addr is not None:
            found |= self._address(ipa)
        return msg.pack("INV", **{name: int(value) for name, value in found.items()})

    def _address(self, ipa: bool) -> dict[str, int]:
        half = 0 if ipa else self.addr >> 55 & 1  # DVM-016
        first = last = self.addr & TOP
        if self.num is not None:
            granule = {1: 12, 2: 14, 3: 16}[self.tg]
            first &= -1 << granule
            last = first + ((self.num + 1 << 5 * self.scale + 1) << granule) - 1
        hint = 0 if self.tg == 0 or (self.tg, self.ttl) == (2, 1) else self.ttl  # DVM-015
        return {"vav": 1, "vpn": half << 36 | first >> 12, "range": self.num is not None,
                "end": half << 36 | min(last, TOP) >> 12, "leaf": self.leaf, "tg": self.tg,
                "ttl": hint}  # fmt: skip


def random_scope(rng: random.Random) -> Scope:
    """Any TLBI of our world."""

    def some(bits: int) -> int | None:
        return rng.choice((None, rng.getrandbits(bits)))

    addr = rng.choice((None, rng.getrandbits(57) & ~PAGE))
    shape: dict[str, int | bool | None] = {}
    if addr is not None:
        num = some(5)
        tg = rng.randrange(1, 4) if num is not None else rng.randrange(4)
        shape = {"leaf": bool(rng.getrandbits(1)), "tg": tg, "ttl": rng.randrange(4), "num": num,
                 "scale": rng.randrange(4) if num is not None else 0}  # fmt: skip
    return Scope(stage=rng.randrange(3), vmid=some(16), asid=some(16), addr=addr, **shape)


class Bench:
    """Interconnect on one side; front, sync and walk port on the other. One step is one clock."""

    def __init__(self, dut, seed: int) -> None:
        self.dut = dut
        self.rng = random.Random(seed)
        self.ac: deque[dvm.Part] = deque()
        self.offered: dvm.Part | None = None
        self.p_ac = self.p_cr = self.p_inv = self.p_sync = self.p_complete = 100
        self.answers = self.taken = 0
        self.blocked = 0  # cycles in a row that AC has waited
        self.invs: list[int] = []
        self.want: list[int] = []
        self.vmw = self.ptm = 0
        # how many INVs each Sync comes behind, and how far each has got
        self.behind: list[int] = []
        self.ordered = self.completed = 0
        self.reading = False

    async def start(self) -> Bench:
        """Drive every input, reset."""
        d = self.dut
        for name in ("rst_ni", "dvm_acvalid", "dvm_acaddr", "dvm_acvmidext", "dvm_acsnoop",
                     "dvm_acprot", "dvm_crready", "dvm_syscoack", "ptm_i", "vmw_i", "inv_ready_i",
                     "dsync_done_i", "dvmc_ready_i", "dvmc_done_i"):  # fmt: skip
            getattr(d, name).value = 0
        Clock(d.clk_i, CLOCK_NS, unit="ns").start()
        for _ in range(3):
            await FallingEdge(d.clk_i)
        assert not d.dvm_syscoreq.value
        d.rst_ni.value = 1
        await FallingEdge(d.clk_i)
        return self

    def tlbi(self, scope: Scope) -> None:
        """Send a TLBI and expect its effect."""
        self.ac.extend(scope.parts())
        if scope.ours and not self.ptm:
            self.want.append(scope.inv(self.vmw))

    def sync(self) -> None:
        """Send a Sync and expect its Complete."""
        self.ac.extend(dvm.sync())
        self.behind.append(len(self.want))

    def _chance(self, percent: int) -> bool:
        return percent >= 100 or self.rng.randrange(100) < percent

    async def step(self) -> None:
        """One clock cycle."""
        d = self.dut
        if self.offered is None and self.ac and self._chance(self.p_ac):
            self.offered = part = self.ac.popleft()
            d.dvm_acaddr.value, d.dvm_acvmidext.value = part.addr, part.vmidext
            d.dvm_acsnoop.value, d.dvm_acprot.value = part.snoop, part.prot
        d.dvm_acvalid.value = int(self.offered is not None)
        d.dvm_crready.value = int(self._chance(self.p_cr))
        d.ptm_i.value, d.vmw_i.value = self.ptm, self.vmw
        inv_ready = self._chance(self.p_inv)
        d.inv_ready_i.value = int(inv_ready)
        sync_done = bool(d.dsync_req_o.value) and self._chance(self.p_sync)
        d.dsync_done_i.value = int(sync_done)
        d.dvmc_ready_i.value = int(self._chance(self.p_complete))
        complete_done = self.reading and self._chance(self.p_complete)
        d.dvmc_done_i.value = int(complete_done)
        await ReadOnly()
        self._channels()
        if d.inv_valid_o.value and inv_ready:
            self.invs.append(int(d.inv_msg_o.value))
            number = len(self.invs)
            assert number <= len(self.want), "an INV that nobody asked for"
            got, want = self.invs[-1], self.want[number - 1]
            assert got == want, f"{msg.unpack('INV', got)}\nwant {msg.unpack('INV', want)}"
        self._sync(sync_done, complete_done)
        await FallingEdge(d.clk_i)

    def _channels(self) -> None:
        d = self.dut
        if d.dvm_crvalid.value:
            assert self.answers < self.taken, "CR before its AC"
            assert int(d.dvm_crresp.value) == 0
            self.answers += int(d.dvm_crready.value)
        if self.offered and d.dvm_acready.value:
            self.taken, self.offered, self.blocked = self.taken + 1, None, 0
        elif self.offered:
            self.blocked += 1

    def _sync(self, sync_done: bool, complete_done: bool) -> None:
        d = self.dut
        if d.dsync_req_o.value:
            assert len(self.invs) >= self.behind[self.completed], "Sync before an earlier TLBI"
        if sync_done:
            assert self.ordered == self.completed, "two orders for one Complete"
            self.ordered += 1
        if complete_done:
            self.reading = False
            self.completed += 1
        if d.dvmc_valid_o.value:
            assert self.ptm or self.ordered == self.completed + 1, "Complete before its order"
            assert not self.reading and int(d.dvmc_domain_o.value) in (1, 2)
            assert len(self.behind) > self.completed, "a Complete without a Sync"
            if d.dvmc_ready_i.value:
                self.reading = True
        if complete_done and self.ptm:
            self.ordered = self.completed

    async def run(self, until: Callable[[], bool], limit: int = 4000) -> None:
        """Step until a condition holds."""
        for _ in range(limit):
            if until():
                return
            await self.step()
        raise AssertionError(f"not reached within {limit} cycles")

    async def settle(self) -> None:
        """Everything sent is answered, done and completed; nothing comes twice."""
        await self.run(lambda: not self.ac and self.offered is None
                       and self.answers == self.taken and len(self.invs) == len(self.want)
                       and self.completed == len(self.behind))  # fmt: skip
        for _ in range(12):
            await self.step()
        assert self.answers == self.taken and len(self.invs) == len(self.want)


async def _bench(dut) -> Bench:
    return await Bench(dut, cocotb.RANDOM_SEED).start()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_dvm_scopes(dut) -> None:
    """DVM-001..004, TAG-007, TAG-009: every operation of the table, with its scope."""
    bench = await _bench(dut)
    va = 0xFF_8123_4567_8000 | 1 << 55
    for scope in (
        Scope(),
        Scope(vmid=0xABCD),
        Scope(vmid=0xABCD, stage=1),
        Scope(vmid=0xABCD, asid=0x1357, stage=1),
        Scope(vmid=0xABCD, asid=0x1357),
        Scope(vmid=0xABCD, asid=0x1357, stage=1, addr=va),
        Scope(vmid=0xABCD, asid=0x1357, addr=va, leaf=True),
        Scope(vmid=0xABCD, stage=1, addr=va, tg=1, ttl=3),
        Scope(vmid=0xABCD, addr=va),
        Scope(vmid=0xABCD, stage=2, addr=0xFEDC_BA98_7000, leaf=True, tg=3, ttl=2),
        Scope(vmid=0xABCD, stage=2, addr=0xFEDC_BA98_0000, tg=2, num=31, scale=3),
    ):
        bench.tlbi(scope)
        await bench.settle()
    for scope, expected in (
        (Scope(vmid=1, asid=2, stage=1), {"s1": 1, "s2": 0, "asetkeep": 1, "vav": 0}),
        (Scope(vmid=1, addr=0x1000), {"s1": 1, "s2": 0, "asetkeep": 0, "vav": 1, "end": 1}),
        (Scope(vmid=1, stage=2, addr=1 << 55), {"s1": 0, "s2": 1, "asetkeep": 0, "vpn": 0}),
        (Scope(vmid=1), {"s1": 1, "s2": 1, "vmidv": 1, "asidv": 0}),
        (Scope(), {"s1": 1, "s2": 1, "vmidv": 0, "cfg": 0}),
    ):
        bench.tlbi(scope)
        await bench.settle()
        got = msg.unpack("INV", bench.invs[-1])
        assert {name: got[name] for name in expected} == expected


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_dvm_address_bits(dut) -> None:
    """DVM-012, DVM-016: each bit of VA, VMID and ASID arrives where it belongs."""
    bench = await _bench(dut)
    for bit in range(12, 57):
        bench.tlbi(Scope(vmid=0, addr=1 << bit))
        await bench.settle()
        page = msg.unpack("INV", bench.invs[-1])["vpn"]
        assert page == (1 << bit - 12 if bit < 48 else (bit == 55) << 36), f"VA[{bit}]"
    for bit in range(16):
        for addr in (None, 0):
            bench.tlbi(Scope(vmid=1 << bit, asid=0x8001, addr=addr))
            bench.tlbi(Scope(vmid=0x8001, asid=1 << bit, addr=addr))
    await bench.settle()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_dvm_ranges(dut) -> None:
    """DVM-014, TAG-016: all SCALE, NUM, TG; a range ends with its half."""
    bench = await _bench(dut)
    for tg in (1, 2, 3):
        for scale in range(4):
            for num in (0, 1, 7, 8, 15, 16, 31):
                for addr in (0, 0x7654_3210_F000, TOP - PAGE, 1 << 55 | TOP - PAGE):
                    bench.tlbi(Scope(vmid=3, addr=addr, tg=tg, scale=scale, num=num))
        await bench.settle()
    got = msg.unpack("INV", bench.invs[-1])
    assert got["range"] == 1 and got["end"] == (1 << 37) - 1


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_dvm_hints(dut) -> None:
    """DVM-015: reserved hints count as none."""
    bench = await _bench(dut)
    for tg in range(4):
        for ttl in range(4):
            bench.tlbi(Scope(vmid=3, addr=0x1000, tg=tg, ttl=ttl))
            await bench.settle()
            got = msg.unpack("INV", bench.invs[-1])
            assert got["ttl"] == (0 if tg == 0 or (tg, ttl) == (2, 1) else ttl)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_dvm_ignored(dut) -> None:
    """DVM-009, DVM-010, DVM-018, TAG-011: other worlds and kinds: answered, no effect."""
    bench = await _bench(dut)
    for exception in range(4):
        for security in range(4):
            for stage in range(4):
                for addr in (None, 0x5000):
                    scope = Scope(stage, 7, None, addr, exception=exception, security=security)
                    bench.tlbi(scope)
    await bench.settle()
    assert len(bench.invs) == 6  # stages 0..2, with and without address
    for kind in (dvm.TYPE_BPI, dvm.TYPE_PICI, dvm.TYPE_VICI, dvm.TYPE_HINT, 5, 7):
        bench.ac.extend(dvm.other(kind, 0xFFFF_0000_0000))
        first, second = (dvm.other(kind, 0x0001), dvm.other(dvm.TYPE_TLBI, 0xB00))
        bench.ac.extend([*first, *second])  # a second part is never read as a message
    for snoop in range(15):
        bench.ac.append(dvm.Part(0xB00, snoop=snoop))
    bench.sync()
    bench.tlbi(Scope(vmid=9))
    await bench.settle()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_dvm_vmw(dut) -> None:
    """DVM-013, TAG-017: CR0.VMW goes with each message; 5..7 count as 0."""
    bench = await _bench(dut)
    for bench.vmw in range(8):
        bench.tlbi(Scope(vmid=0x1230))
        await bench.settle()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_dvm_ptm(dut) -> None:
    """DVM-007, DVM-008, TAG-010: with PTM=1 nothing is invalidated, all is answered at once."""
    bench = await _bench(dut)
    bench.ptm, bench.p_inv, bench.p_sync = 1, 0, 0
    for _ in range(20):
        bench.tlbi(random_scope(bench.rng))
        bench.sync()
    await bench.settle()
    assert not bench.invs and bench.completed == 20
    bench.ptm, bench.p_inv, bench.p_sync = 0, 100, 100
    bench.tlbi(Scope(vmid=1))
    bench.sync()
    await bench.settle()
    assert len(bench.invs) == 1


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_dvm_sync_holds_nobody(dut) -> None:
    """DVM-020, TAG-013, TAG-014: AC and CR go on while a Sync or its Complete cannot."""
    bench = await _bench(dut)
    for stuck in ("p_sync", "p_complete"):
        setattr(bench, stuck, 0)
        for _ in range(40):
            bench.tlbi(random_scope(bench.rng))
            bench.sync()
        await bench.run(lambda: not bench.ac and bench.offered is None
                        and bench.answers == bench.taken
                        and len(bench.invs) == len(bench.want))  # fmt: skip
        assert len(bench.behind) - bench.completed == 40
        setattr(bench, stuck, 100)
        await bench.settle()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_dvm_sync_after_inv(dut) -> None:
    """DVM-005: no order is asked for before the invalidations in front are done."""
    bench = await _bench(dut)
    bench.p_inv = 0
    bench.tlbi(Scope(vmid=1))
    bench.sync()
    for _ in range(60):
        await bench.step()
        assert not dut.dsync_req_o.value and not dut.dvmc_valid_o.value
    assert bench.answers == 2, "CR waits for nothing"
    bench.p_inv = 100
    await bench.settle()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_dvm_many_syncs(dut) -> None:
    """DVM-019: 300 Syncs that cannot end: AC waits at last, none is forgotten."""
    bench = await _bench(dut)
    bench.p_complete = 0
    for _ in range(300):
        bench.sync()
    await bench.run(lambda: bench.blocked > 40)
    assert bench.taken >= 255
    bench.p_complete = 100
    await bench.settle()
    assert bench.completed == 300


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_dvm_connects(dut) -> None:
    """Facts 10.1: the coherency connection is asked for after reset and kept."""
    bench = await _bench(dut)
    for ack in (0, 1, 1):
        dut.dvm_syscoack.value = ack
        bench.tlbi(Scope(vmid=1))
        await bench.settle()
        assert dut.dvm_syscoreq.value


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def test_dvm_random(dut) -> None:
    """DVM-001..021: random messages, gaps and back-pressure on all sides."""
    bench = await _bench(dut)
    rng = bench.rng
    for _ in range(60):
        for knob in ("p_ac", "p_cr", "p_inv", "p_sync", "p_complete"):
            setattr(bench, knob, rng.choice((5, 30, 100, 100)))
        bench.vmw = rng.randrange(8)
        for _ in range(15):
            kind = rng.randrange(8)
            if kind == 0:
                bench.ac.extend(dvm.other(rng.choice((1, 2, 3, 6)), rng.getrandbits(31) << 17))
            elif kind < 3:
                bench.sync()
            else:
                bench.tlbi(random_scope(rng))
        await bench.settle()
    assert bench.completed > 100 and len(bench.invs) > 300
