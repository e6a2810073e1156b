# SPDX-License-Identifier: Apache-2.0
"""Tests of smmu_tbu: invalidation, SYNC, MODE, stalls, and a random soak (D8, D17-D20)."""

from __future__ import annotations

import cocotb

from tests.unit.tbu_bench import GBPA_RESET, TAG_CMD, TAG_DVM, TAG_MODE, UP, Bench, Page
from tests.unit.tbu_ports import OKAY, SLVERR
from tests.unit.tbu_tests import PPN, ok, out_page

GBPA_ABORT = 1 << 20


def answered(b: Bench, tag: int) -> bool:
    """Has this tag been answered since the list was cleared?"""
    return any(t == tag for _, t in b.tcu.synced)


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_inv(dut) -> None:
    """D13, CMD-018, TAG-005: INV drops what it reaches and nothing else."""
    b = await Bench(dut).start()
    same = {"vmid": 5, "asid": 7, "ng": 1}
    reach = [
        (dict(s1=1, vmidv=1, vmid=5), True),
        (dict(s1=1, vmidv=1, vmid=6), False),
        (dict(s2=1, vmidv=1, vmid=5), False),
        (dict(s1=1, vmidv=1, vmid=5, asidv=1, asid=7), True),
        (dict(s1=1, vmidv=1, vmid=5, asidv=1, asid=8), False),
        (dict(s1=1, vmidv=1, vmid=5, asidv=1, asid=7, vav=1, vpn=0x10), True),
        (dict(s1=1, vmidv=1, vmid=5, asidv=1, asid=7, vav=1, vpn=0x11), False),
        (dict(s1=1, vmidv=1, vmid=5, vav=1, range=1, vpn=0x8, end=0x20), True),
        (dict(cfg=1, sid=1), True),
        (dict(cfg=1, sid=2), False),
        (dict(cfg=1, sid=2, sidmask=3), True),
    ]
    for fields, drops in reach:
        await b.warm(ok(0, fields=same))
        b.tcu.asked.clear()
        b.tcu.inv(**fields)
        await b.run(4)
        b.read(0x10000)
        await b.drain()
        assert bool(b.tcu.asked) == drops, fields


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_once(dut) -> None:
    """D18: OK-once is used at once or never; nothing is filled; a waiting slot asks again."""
    b = await Bench(dut).start()
    b.tcu.pages[1, 0, 0, 0x30] = Page("ONCE", 0x999)
    now = [b.read(0x30000), b.write(0x30000)]
    await b.drain()
    assert all(out_page(t) == 0x999 for t in now)
    count = len([m for m in b.tcu.asked if m["kind"] == UP["XLAT"]])
    assert count == 2
    # one that waits for its data cannot use it
    late = b.write(0x30000, w_at=b.now + 60)
    await b.run(30)
    b.tcu.pages[1, 0, 0, 0x30] = ok(3)
    await b.drain()
    assert out_page(late) == PPN + 3
    # nor one that finds the memory side busy
    b.tcu.pages[1, 0, 0, 0x31] = Page("ONCE", 0x998)
    b.tcu.latency = (30, 30)
    waits = b.read(0x31000, id=4)
    await b.until(lambda: waits.t_addr)
    b.mem.ready_percent["ar"] = 0
    blocked = [b.read(0x30000, id=n) for n in (1, 2, 3)]
    await b.run(60)
    b.tcu.pages[1, 0, 0, 0x31] = ok(4)
    b.mem.ready_percent["ar"] = 100
    await b.drain()
    assert out_page(waits) == PPN + 4 and all(out_page(t) == PPN + 3 for t in blocked)


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_sync_waits(dut) -> None:
    """D17: SYNC waits for what left before it, never for what left after it."""
    b = await Bench(dut).start()
    await b.warm(ok(0))
    b.mem.hold = True
    old = [b.read(0x10000, id=1, len=3), b.write(0x10000, id=1)]
    await b.until(lambda: all(t.t_out for t in old))
    b.tcu.sync(TAG_CMD)
    await b.run(10)
    new = [b.read(0x10000, id=1), b.write(0x10000, id=2)]
    await b.until(lambda: all(t.t_out for t in new))
    b.tcu.sync(TAG_DVM)
    await b.run(30)
    assert not b.tcu.synced
    b.mem.hold = False
    b.mem.latency = (1, 1)
    await b.until(lambda: answered(b, TAG_CMD))
    await b.until(lambda: answered(b, TAG_DVM))
    assert all(t.t_done or t.beats or t.out not in b.mem.open for t in old)


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_tbu_sync_under_traffic(dut) -> None:
    """D17: SYNC of both tags ends in bounded time under an endless stream on one ID."""
    b = await Bench(dut).start()
    await b.warm(ok(0))
    b.mem.latency = (20, 20)
    for _ in range(600):
        b.read(0x10000)
        b.write(0x10000)
    await b.run(40)
    for _ in range(6):
        b.tcu.synced.clear()
        b.tcu.sync(TAG_CMD)
        await b.run(3)
        b.tcu.sync(TAG_DVM)
        await b.until(lambda: answered(b, TAG_CMD) and answered(b, TAG_DVM), 60)
    await b.drain()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_sync_past_stalls(dut) -> None:
    """STL-013, D17: SYNC ends with stalled and parked slots, W that never comes, R not taken."""
    b = await Bench(dut).start()
    await b.warm(ok(0))
    b.tcu.pages[1, 0, 0, 0x40] = Page("STALL", canstall=1)
    b.tcu.pages[1, 0, 0, 0x41] = Page("PARK", canstall=1)
    held = [b.read(0x40000, id=1), b.read(0x41000, id=2)]
    b.client.ready_percent = {"r": 0, "b": 0}
    b.read(0x10000, id=3, len=7)
    late = b.write(0x10000, id=3, len=1, w_at=b.now + 300)
    await b.until(lambda: len(b.tcu.stalled) == 2)
    b.tcu.sync(TAG_CMD)
    await b.until(lambda: answered(b, TAG_CMD), 40)
    assert not late.t_out and not any(t.t_out for t in held)
    b.client.ready_percent = {"r": 100, "b": 100}
    b.tcu.pages[1, 0, 0, 0x40] = ok(1)
    b.tcu.pages[1, 0, 0, 0x41] = ok(2)
    for slot in list(b.tcu.stalled):
        b.tcu.resume(slot, "RETRY")
    await b.drain()
    assert [out_page(t) for t in held] == [PPN + 1, PPN + 2]


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_stall_ends(dut) -> None:
    """STL-005, STL-006, STL-011: RETRY may stall again; terminate gives SLVERR or RAZ/WI."""
    b = await Bench(dut).start()
    b.tcu.default = lambda msg: Page("STALL", canstall=1)
    txns = [b.read(0x50000, id=1, len=2), b.write(0x51000, id=1), b.read(0x52000, id=2)]
    await b.until(lambda: len(b.tcu.stalled) == 3)
    by_va = {m["va"]: slot for slot, m in b.tcu.stalled.items()}
    b.tcu.resume(by_va[0x50000], "RETRY")
    await b.until(lambda: len(b.tcu.stalled) == 3)
    b.tcu.resume(by_va[0x51000], "TRAZWI")
    b.tcu.resume(by_va[0x50000], "TABORT")
    b.tcu.resume(by_va[0x52000], "TABORT")
    await b.drain()
    assert [t.resp for t in txns] == [SLVERR, OKAY, SLVERR]
    assert all(t.out is None for t in txns)


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_bypass(dut) -> None:
    """INI-002, INI-005..008, ATT-006: GBPA after reset, with overrides, with ABORT, above 2^48."""
    b = await Bench(dut).start(smmuen=0)
    plain = b.read(0x1234_5678_9000, ssidv=1, ssid=5, cache=0x3)
    above = b.read(1 << 48, id=1)
    both = b.write(0x7000, len=20, prot=5)
    await b.drain()
    assert plain.out.addr == 0x1234_5678_9000 and plain.t_out - plain.t_addr == 2
    assert plain.out.pins["cache"] == 0x3
    assert above.out is None and above.resp == SLVERR
    assert both.out.pins["prot"] == 0b011  # Non-secure, writes are data
    # MemAttr Device-nGnRE, forced unprivileged
    b.tcu.mode(0, GBPA_RESET | 1 << 4 | 0x1 | 2 << 16)
    await b.until(lambda: b.tcu.synced)
    b.tcu.synced.clear()
    device = b.read(0x2000, prot=3)
    await b.drain()
    assert device.out.pins["cache"] == 0x1 and device.out.pins["prot"] == 2
    b.tcu.mode(0, GBPA_ABORT)
    await b.until(lambda: b.tcu.synced)
    gone = [b.read(0x2000), b.write(0x2000, len=4)]
    await b.drain()
    assert all(t.out is None and t.resp == SLVERR for t in gone)
    assert not [m for m in b.tcu.asked if m["kind"] != UP["SYNC"]]


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_mode_off(dut) -> None:
    """D20, STL-017, INI-013: SMMUEN 1 to 0 ends stalls; older ones finish translated."""
    b = await Bench(dut).start()
    await b.warm(ok(0))
    b.tcu.pages[1, 0, 0, 0x40] = Page("STALL", canstall=1)
    b.tcu.pages[1, 0, 0, 0x41] = Page("PARK", canstall=1)
    b.tcu.pages[1, 0, 0, 0x42] = Page("STALL", canstall=1)
    b.tcu.pages[1, 0, 0, 0x43] = ok(9)
    stalls = [b.read(0x40000, id=1), b.write(0x41000, id=1, len=3)]
    await b.until(lambda: len(b.tcu.stalled) == 2)
    b.tcu.latency = (40, 40)
    going = b.read(0x43000, id=2)
    newly = b.read(0x42000, id=3)  # would stall after the switch
    await b.until(lambda: newly.t_addr)
    await b.run(4)
    b.tcu.mode(0)
    await b.run(6)
    after = b.read(0x43000, id=4)
    await b.until(lambda: after.t_out)
    assert out_page(after) == 0x43, "the new mode counts for whatever comes after"
    assert not answered(b, TAG_MODE), "older ones still translate"
    await b.until(lambda: answered(b, TAG_MODE), 100)
    assert going.t_out and out_page(going) == PPN + 9
    await b.drain()
    assert all(t.out is None and t.resp == SLVERR for t in [*stalls, newly])
    b.tcu.synced.clear()
    b.tcu.stalled.clear()
    b.tcu.mode(1)
    await b.until(lambda: answered(b, TAG_MODE))
    kept = b.read(0x10000)
    await b.drain()
    assert out_page(kept) == PPN and kept.t_out - kept.t_addr == 2, "the uTLB is kept (INI-016)"


class _Remap:
    """Pages that move to new frames under traffic; a frame must be dead after INV and SYNC."""

    def __init__(self, b: Bench, pages: int) -> None:
        self.b, self.next = b, 0x100000
        self.frame = dict.fromkeys(range(pages), 0)
        self.dead: set[int] = set()
        self.dying: set[int] = set()
        for vpn in self.frame:
            self.move(vpn)
        b.every_step.append(self.look)
        self._seen = 0

    def move(self, vpn: int) -> None:
        """A new frame, never used before."""
        if self.frame[vpn]:
            self.dying.add(self.frame[vpn])
        self.next += 1
        self.frame[vpn] = self.next

    def look(self) -> None:
        """No burst leaves to a dead frame."""
        seen = self.b.mem.seen
        for burst in seen[self._seen :]:
            assert burst.addr >> 12 not in self.dead, f"stale translation used: {burst}"
        self._seen = len(seen)

    def synced(self) -> None:
        """The SYNC after the INV is done: what died has no burst in flight."""
        for burst in self.b.mem.open:
            assert burst.addr >> 12 not in self.dying or burst.left == 0, f"SYNC too early: {burst}"
        self.dead |= self.dying
        self.dying = set()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def test_tbu_soak(dut) -> None:
    """D1-D3, D8, D16-D18: random traffic, stalls, invalidations and SYNC; all data checked."""
    b = await Bench(dut).start()
    rng = b.rng
    remap = _Remap(b, 12)
    special = {0x10: "ABORT", 0x11: "RAZWI", 0x12: "STALL", 0x13: "PARK"}

    def policy(msg):
        vpn = msg["va"] >> 12
        how = special.get(vpn, "OK")
        if how in ("STALL", "PARK") and (msg["nostall"] or msg.get("retried")):
            how = "ABORT"
        if how == "OK":
            once = rng.random() < 0.15
            return Page("ONCE" if once else "OK", remap.frame[vpn], canstall=msg["sid"] & 1)
        return Page(how, canstall=how in ("STALL", "PARK"))

    b.tcu.default = policy
    id_bits = len(dut.s_axi_arid)
    lanes = b.mem.bytes.bit_length() - 1
    txns = []
    for _round in range(14):
        percent = rng.choice((100, 90, 50, 20))
        b.client.valid_percent = rng.choice((100, 60))
        b.client.ready_percent = {"r": rng.choice((100, 40)), "b": rng.choice((100, 40))}
        b.mem.ready_percent = {c: rng.choice((100, percent)) for c in ("ar", "aw", "w")}
        b.mem.resp_percent = rng.choice((100, 50))
        b.mem.latency = rng.choice(((1, 1), (1, 40), (10, 20)))
        b.tcu.latency = rng.choice(((1, 1), (2, 60), (20, 20)))
        b.tcu.ready_percent = rng.choice((100, 40))
        ids = rng.choice((1, 3, 1 << id_bits))
        used = rng.choice((range(12), range(20), range(12)))
        long = rng.choice((0, 3, 3, 20))
        now = b.now
        for _ in range(rng.choice((60, 120))):
            vpn = rng.choice([v for v in used if v < 12 or v in special])
            beats = rng.choice((0, 0, rng.randint(0, long), 255 if rng.random() < 0.02 else 0))
            size = rng.randint(0, lanes)
            room = 4096 - ((beats + 1) << size)
            given = dict(
                id=rng.randrange(ids), len=beats, size=size, qos=rng.randrange(16),
                sid=rng.choice((1, 2, 3)), at=now, flow=rng.choice((0, 0, 0, 2)),
            )  # fmt: skip
            addr = vpn << 12 | rng.randrange(0, room + 1, 1 << size)
            if rng.random() < 0.5:
                txns.append(b.read(addr, **given))
            else:
                txns.append(b.write(addr, w_at=now + rng.choice((0, 0, 0, 30)), **given))
        waiting = False
        limit = b.now + 12000
        while not (b.client.idle and not b.mem.open and not waiting):
            assert b.now < limit, b.describe()
            if b.tcu.stalled and rng.random() < 0.05:
                slot = rng.choice(list(b.tcu.stalled))
                parked = special[b.tcu.stalled[slot]["va"] >> 12] == "PARK"
                b.tcu.resume(slot, "TABORT" if parked else rng.choice(("TABORT", "TRAZWI")))
            if not waiting and rng.random() < 0.02:
                for vpn in rng.sample(range(12), 3):
                    remap.move(vpn)
                    b.tcu.inv(s1=1, vav=1, vpn=vpn) if rng.random() < 0.7 else b.tcu.inv_all()
                b.tcu.sync(TAG_CMD)
                b.tcu.synced.clear()
                waiting = True
            await b.step()
            if waiting and answered(b, TAG_CMD):
                remap.synced()
                waiting = False
    for txn in txns:
        how = special.get(txn.addr >> 12)
        assert (txn.out is None) == (how is not None), txn
        if how:
            assert how != "RAZWI" or txn.resp == OKAY
            assert how != "ABORT" or txn.resp == SLVERR
    assert len(b.mem.seen) > 300
