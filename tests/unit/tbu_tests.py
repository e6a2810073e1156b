# SPDX-License-Identifier: Apache-2.0
"""Directed tests of smmu_tbu: speed, order, pools, faults (architecture D1-D3, D16)."""

from __future__ import annotations

import cocotb

from tests.unit.tbu_bench import SIZE_BITS, UP, Bench, Page, Tcu
from tests.unit.tbu_ports import OKAY, READ, SLVERR, WRITE, Txn

PPN = 0x80000


def ok(number: int, **given) -> Page:
    """A page that translates to PPN + number."""
    return Page("OK", PPN + number, **given)


def map_all(tcu: Tcu, **given) -> None:
    """Every page of every stream translates, moved by a constant."""
    tcu.default = lambda msg: Page("OK", PPN ^ msg["va"] >> 12 & 0xFFFFF, **given)


def out_page(txn: Txn) -> int:
    """Page number a transaction left with."""
    assert txn.out is not None, f"never left: {txn}"
    return txn.out.addr >> 12


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_hit_latency(dut) -> None:
    """D1: a hit leaves two cycles after its handshake, reads and single-beat writes alike."""
    b = await Bench(dut).start()
    await b.warm(ok(0))
    read, write = b.read(0x10008), b.write(0x10010)
    await b.drain()
    assert read.t_out - read.t_addr == 2
    assert write.t_out - write.t_addr == 2
    assert out_page(read) == out_page(write) == PPN
    assert read.out.pins["sid"] == 1
    early = b.write(0x10020, at=b.now + 8)  # W waits for its AW
    await b.drain()
    assert early.t_out - early.t_addr == 2


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_burst_latency(dut) -> None:
    """D3: a write of n beats leaves at most n+2 cycles after AW, and only with its last beat."""
    b = await Bench(dut).start()
    await b.warm(ok(0))
    for beats in (2, 3, 16, 17, 64):
        write = b.write(0x10000, len=beats - 1)
        await b.drain()
        assert write.t_out - write.t_addr <= beats + 2, f"{beats} beats"
        assert write.t_out > write.t_w


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_tbu_rate(dut) -> None:
    """D1: one read and one write a cycle, both at once, on one ID or on several."""
    b = await Bench(dut).start()
    await b.warm(*(ok(n) for n in range(4)))
    for ids in (1, 8):
        txns = [
            (b.read(0x10000 + 0x1000 * (n % 4) + 8 * n, id=n % ids),
             b.write(0x10000 + 0x1000 * (n % 4) + 8 * n, id=n % ids))
            for n in range(100)
        ]  # fmt: skip
        await b.drain()
        for kind in (READ, WRITE):
            sent = [pair[kind].t_out for pair in txns]
            assert sent[-1] - sent[0] == 99, f"{ids} IDs, kind {kind}: {sent[-1] - sent[0]} cycles"
        done = [pair[READ].t_done for pair in txns]
        assert done[-1] - done[0] == 99


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_tbu_rate_late_data(dut) -> None:
    """D1, D3: single-beat writes keep one a cycle when W comes a cycle after AW."""
    b = await Bench(dut).start()
    await b.warm(ok(0))
    start = b.now + 4
    txns = [b.write(0x10000 + 8 * n, at=start, w_at=start + n + 1) for n in range(60)]
    await b.drain()
    sent = [t.t_out for t in txns]
    assert sent[-1] - sent[0] <= 62, sent[-1] - sent[0]
    bursts = [b.write(0x10000, len=3) for _ in range(30)]
    await b.drain()
    sent = [t.t_out for t in bursts]
    assert sent[-1] - sent[0] <= 4 * 29 + 2, sent[-1] - sent[0]


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_hit_behind_miss(dut) -> None:
    """D2: a miss delays later ones of its ID only; order per ID is kept."""
    b = await Bench(dut).start()
    await b.warm(ok(0))
    map_all(b.tcu)
    b.tcu.latency = (60, 60)
    miss = [b.read(0x900000, id=1), b.write(0x900000, id=1)]
    same = [b.read(0x10000, id=1), b.write(0x10000, id=1)]
    free = [b.read(0x10040, id=2), b.write(0x10040, id=2)]
    await b.drain()
    for m, s, f in zip(miss, same, free, strict=True):
        assert f.t_out - f.t_addr == 2
        assert f.t_out < m.t_out < s.t_out


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_full_stall_pool(dut) -> None:
    """D2, FLT-022, STL-023: a full stall pool leaves hits and terminate streams moving."""
    b = await Bench(dut).start()
    await b.warm(ok(0))
    pool = b.params["TBU_SLOTS"] - b.params["TBU_RSVD"]
    b.tcu.default = lambda msg: Page(
        "STALL" if msg["sid"] == 9 else "ABORT", canstall=msg["sid"] == 9
    )
    stalls = [b.read(0x500000 + 0x1000 * n, id=n % 4, sid=9) for n in range(pool)]
    await b.until(lambda: len(b.tcu.stalled) == pool)
    hit = b.read(0x10000, id=5)
    await b.until(lambda: hit.t_done)
    assert hit.t_out - hit.t_addr == 2
    aborts = [b.read(0x700000, id=6 + n % 2, sid=3, len=1) for n in range(12)]
    aborts += [b.write(0x700000, id=6 + n % 2, sid=3, len=2) for n in range(12)]
    await b.until(lambda: all(t.t_done for t in aborts))
    assert all(t.out is None and t.resp == SLVERR for t in aborts)
    assert any(m["kind"] == UP["CFG"] for m in b.tcu.asked), (
        "nobody asked whether the stream stalls"
    )
    held = b.read(0x600000, id=8, sid=9)  # one stalling miss too many: it holds the port
    behind = b.read(0x10000, id=5)
    await b.run(60)
    assert held.t_addr and not behind.t_out
    first = next(iter(b.tcu.stalled))
    b.tcu.resume(first, "TABORT")
    await b.until(lambda: behind.t_done)
    while not b.client.idle:
        for slot in list(b.tcu.stalled):
            b.tcu.resume(slot, "TRAZWI")
        await b.run(20)
    assert all(t.resp in (OKAY, SLVERR) for t in [*stalls, held])


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_behind_stall_counts(dut) -> None:
    """D2: who waits behind a stalled one of its ID stays out of the reserve."""
    b = await Bench(dut).start()
    await b.warm(ok(0))
    pool = b.params["TBU_SLOTS"] - b.params["TBU_RSVD"]
    b.tcu.default = lambda msg: (
        Page("STALL", canstall=1) if msg["sid"] == 9 else Page("ABORT", canstall=0)
    )
    for n in range(pool):
        b.read(0x500000 + 0x1000 * n, sid=9)
    await b.until(lambda: len(b.tcu.stalled) == pool)
    behind = [b.read(0x10000) for _ in range(b.params["TBU_RSVD"])]
    aborts = [b.write(0x700000, id=1, sid=3, len=2) for _ in range(6)]
    await b.until(lambda: all(t.t_done for t in aborts))
    assert not any(t.t_out for t in behind)
    while not b.client.idle:
        for slot in list(b.tcu.stalled):
            b.tcu.resume(slot, "TABORT")
        await b.run(20)
    assert all(t.out is not None for t in behind)


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_forgets_can_stall(dut) -> None:
    """D2: CFGI of a stream drops what is known of it, also what an answer on its way would tell."""
    b = await Bench(dut).start()
    await b.warm(ok(0))
    pool = b.params["TBU_SLOTS"] - b.params["TBU_RSVD"]
    b.tcu.default = lambda msg: Page("ABORT")
    b.mem.hold = True
    b.read(0x10000, id=1)
    b.read(0x300000, id=1, sid=3)  # answered behind the one in flight
    await b.run(30)
    b.tcu.inv(cfg=1, sid=3)
    await b.run(4)
    b.mem.hold = False
    await b.drain()
    b.tcu.default = lambda msg: Page("STALL", canstall=1)
    for n in range(pool):
        b.read(0x500000 + 0x1000 * n, id=n % 4, sid=9)
    await b.until(lambda: len(b.tcu.stalled) == pool)
    b.tcu.asked.clear()
    b.read(0x300000, id=5, sid=3)
    await b.run(30)
    assert [m["kind"] for m in b.tcu.asked] == [UP["CFG"]]
    while not b.client.idle:
        for slot in list(b.tcu.stalled):
            b.tcu.resume(slot, "TABORT")
        await b.run(20)


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_tbu_full_write_buffer(dut) -> None:
    """D2, D3, FLT-022: stalled writes leave one maximum burst to streams that never stall."""
    b = await Bench(dut).start()
    b.tcu.default = lambda msg: (
        Page("STALL", canstall=1) if msg["sid"] == 9 else ok(msg["va"] >> 12 & 0xFF)
    )
    count = b.params["WBUF_BEATS"] // 256 - 1
    stalls = [b.write(n << 12, id=n % 4, len=255, sid=9) for n in range(count)]
    await b.until(lambda: len(b.tcu.stalled) == count and stalls[-1].t_w, 5000)
    passing = [b.write(0x20000 + (n << 12), id=5, len=255, sid=3) for n in range(3)]
    await b.until(lambda: all(t.t_done for t in passing), 5000)
    extra = b.write(0x50000, id=6, sid=9)
    await b.run(40)
    assert extra.t_addr and len(b.tcu.stalled) == count, "the last burst's room is not for stalls"
    while not b.client.idle:
        for slot in list(b.tcu.stalled):
            b.tcu.resume(slot, "TABORT")
        await b.run(20)


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_stalled_write_drains(dut) -> None:
    """D3, STL-031: a stalled write takes all its data and later writes pass it."""
    b = await Bench(dut).start()
    await b.warm(ok(0))
    b.tcu.pages[1, 0, 0, 0x500] = Page("STALL", canstall=1)
    stalled = b.write(0x500000, id=1, len=255)
    later = [b.write(0x10000 + 64 * n, id=2, len=3) for n in range(4)]
    await b.until(lambda: all(t.t_done for t in later))
    assert stalled.t_w and not stalled.t_out
    b.tcu.pages[1, 0, 0, 0x500] = ok(5, canstall=1)
    b.tcu.resume(next(iter(b.tcu.stalled)), "RETRY")
    await b.drain()
    assert out_page(stalled) == PPN + 5


@cocotb.test(timeout_time=200, timeout_unit="us")
async def test_tbu_local_answers(dut) -> None:
    """FLT-009..011, D16: abort and RAZ/WI bursts of any length, behind what is in flight."""
    b = await Bench(dut).start()
    await b.warm(ok(0))
    b.tcu.pages[1, 0, 0, 0x20] = Page("ABORT")
    b.tcu.pages[1, 0, 0, 0x21] = Page("RAZWI")
    b.mem.latency = (60, 60)
    for resp, page in ((SLVERR, 0x20), (OKAY, 0x21)):
        older = [b.read(0x10000, id=3, len=3), b.write(0x10000, id=3)]
        txns = [b.read(page << 12, id=3, len=n, lock=n == 0) for n in (0, 4, 255)]
        txns += [b.write(page << 12, id=3, len=n, lock=n == 0) for n in (0, 4, 17, 255)]
        other = b.read(page << 12, id=4)
        younger = [b.read(0x10000, id=3), b.write(0x10000, id=3)]
        await b.drain()
        assert all(t.out is None for t in txns)
        assert all(r == resp for t in [*txns, other] for _, r in t.beats)
        assert other.t_done < older[READ].t_done, "only its own ID waits"
        for kind in (READ, WRITE):
            mine = [
                t.t_done for t in (older[kind], *(t for t in txns if t.kind == kind), younger[kind])
            ]
            assert mine == sorted(mine)


ATOPS = (0x10, 0x20, 0x30, 0x31)  # AtomicStore, Load, Swap, Compare


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_ingress_aborts(dut) -> None:
    """FLT-018, ATT-036, ATT-040: unsupported ones ask F_UUT, another security state never asks."""
    b = await Bench(dut).start()
    await b.warm(ok(0), ok(1))
    for _ in range(2):
        b.tcu.asked.clear()
        uut = [
            *(b.write(0x10000, atop=atop, len=3, id=4 + n) for n, atop in enumerate(ATOPS)),
            b.read(0x10FF8, len=1, id=1),
            b.write(0x10FFC, len=1, size=2),
        ]
        fine = [b.read(0x10FF0, len=1), b.read(0x10FFC, size=3, len=0), b.write(0x10FF0, len=1)]
        bad = [b.read(0x10000, secsid=1), b.write(0x10FF8, len=2, secsid=2)]
        await b.drain()
        assert all(t.out is None and t.resp == SLVERR for t in uut + bad)
        assert all(t.out is not None for t in fine)
        kinds = [m["kind"] for m in b.tcu.asked]
        assert kinds.count(UP["UUT"]) == 2 + len(ATOPS)
        for txn, beats in zip(uut, (None, 4, 4, 2), strict=False):
            got = txn.returned and [resp for _, resp in txn.returned.beats]
            assert got == (beats and [SLVERR] * beats), f"R beats of an atomic: {got}"
        assert not any(m["kind"] == UP["XLAT"] for m in b.tcu.asked)
        b.tcu.mode(0)
        await b.until(lambda: b.tcu.synced)
        b.tcu.synced.clear()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_permission_asks(dut) -> None:
    """D13: a hit without permission asks the TCU; overrides and privilege count."""
    b = await Bench(dut).start()
    await b.warm(ok(0, fields={"uw": 0, "ux": 0, "pw": 1}), ok(1, fields={"pw": 0, "privcfg": 3}))
    b.tcu.pages[1, 0, 0, 0x10] = Page("ABORT")
    denied = [b.write(0x10000, id=1), b.read(0x10000, id=2, prot=6)]
    allowed = [b.write(0x10000, id=3, prot=3), b.read(0x10000, id=4)]
    await b.drain()
    assert all(t.out is None for t in denied)
    assert all(t.out is not None for t in allowed)
    b.tcu.pages[1, 0, 0, 0x11] = Page("RAZWI")
    forced = b.write(0x11000)
    await b.drain()
    assert forced.out is None and forced.resp == OKAY
    # more rights, in a larger entry, without an invalidation: the fill replaces the old one
    b.tcu.pages[1, 0, 0, 0x10] = ok(0, size=1)
    granted = b.write(0x10000)
    await b.drain()
    assert out_page(granted) == PPN
    # and all it overlaps: nothing of them is left when it is invalidated
    b.tcu.inv(s1=1, vav=1, vpn=0x10)
    await b.run(4)
    b.tcu.pages[1, 0, 0, 0x11] = ok(7)
    moved = b.read(0x11000)
    await b.drain()
    assert out_page(moved) == PPN + 7


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_ask_message(dut) -> None:
    """FLT-017, FLT-026: the question carries the request as presented."""
    b = await Bench(dut).start()
    map_all(b.tcu)
    b.write(0xAB12_3456_789A_B000, id=1, sid=0xBEEF, ssidv=1, ssid=0xABCDE, prot=7, flow=2)
    b.read(0x1234_5678, id=2, sid=0x11, ssid=0x77, prot=0)
    await b.drain()
    asked = {m["sid"]: m for m in b.tcu.asked if m["kind"] == UP["XLAT"]}
    wr, rd = asked[0xBEEF], asked[0x11]
    assert (wr["va"], wr["ssv"], wr["ssid"]) == (0xAB12_3456_789A_B000, 1, 0xABCDE)
    assert (wr["rnw"], wr["priv"], wr["inst"], wr["nostall"]) == (0, 1, 1, 1)
    assert (rd["va"], rd["ssv"], rd["ssid"]) == (0x1234_5678, 0, 0)
    assert (rd["rnw"], rd["priv"], rd["inst"], rd["nostall"]) == (1, 0, 0, 0)


@cocotb.test(timeout_time=400, timeout_unit="us")
async def test_tbu_long_bursts(dut) -> None:
    """D3: 256-beat bursts both ways, also while the client takes nothing for a while."""
    b = await Bench(dut).start()
    await b.warm(ok(0))
    b.client.ready_percent = {"r": 0, "b": 0}
    for n in range(4):
        b.read(0x10000, id=n, len=255)
        b.write(0x10000, id=n, len=255)
    await b.until(lambda: len(b.mem.seen) > 2 and not b.mem.open, 2000)
    b.client.ready_percent = {"r": 50, "b": 50}
    await b.drain()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_error_passes(dut) -> None:
    """FLT-010, FLT-012, ATT-034: a downstream error comes back unchanged, the TCU hears nothing."""
    b = await Bench(dut).start()
    await b.warm(ok(0))
    b.tcu.asked.clear()
    for resp in (1, 2, 3):
        b.mem.resp = resp
        b.read(0x10000, len=2)
        b.write(0x10000, len=2)
        await b.drain()
    assert not b.tcu.asked


@cocotb.test(timeout_time=100, timeout_unit="us")
async def test_tbu_sizes(dut) -> None:
    """D13: entries of every size, the top byte ignored where told."""
    b = await Bench(dut).start()
    va, frame = 0x0000_5A5A_5A5A_5000, 0xABCD_EFFFF
    for size, bits in SIZE_BITS.items():
        b.tcu.inv(cfg=1, sidmask=0xFFFF)
        await b.run(4)
        bypass = bits == 48
        page = Page("OK", frame, size, fields={"tbi": int(not bypass)})
        b.tcu.default = lambda msg, page=page: Page("ABORT") if msg["va"] >> 48 else page
        b.read(va)
        await b.drain()
        b.tcu.asked.clear()
        again = b.read(va | (0 if bypass else 0xFF << 56) | 0x678)
        outside = b.read(va ^ 1 << bits, id=1)
        await b.drain()
        assert [m["va"] for m in b.tcu.asked] == [outside.addr], f"size {size}"
        low = (1 << bits) - 1
        assert again.out.addr == frame << 12 & ~low | (va | 0x678) & low
