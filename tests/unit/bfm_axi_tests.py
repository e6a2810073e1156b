# SPDX-License-Identifier: Apache-2.0
"""The AXI transactors against each other (top tb_bfm_axi) with a shadow of memory in the test."""

from __future__ import annotations

import hashlib
import os
import random
import time
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles

from tb.bfm.axi_master import AxiMaster
from tb.bfm.axi_mem import AxiMemory, BfmRam
from tb.bfm.axi_monitor import AxiMonitor
from tb.bfm.burst import DECERR, EXOKAY, FIXED, INCR, OKAY, SLVERR, WRAP, AxiTxn
from tb.bfm.checker import AxiChecker
from tb.bfm.clock import apply_reset, begin
from tb.models.memory import Memory


class Bench:
    """Master, memory, monitor and checker, out of reset."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.memory = Memory()
        self.mst = AxiMaster(dut.u_mst)
        self.mem = AxiMemory(dut.u_mem, self.memory)
        self.seen: list[AxiTxn] = []
        probe = dut.u_mst.g_probe.u_probe
        self.mon = AxiMonitor(dut, "axi", dut.clk_i, probe, callback=self.seen.append)
        self.check = AxiChecker(probe)
        self.lanes = self.mst.lanes

    @classmethod
    async def start(cls, dut: Any) -> Bench:
        await begin(dut)
        bench = cls(dut)
        await apply_reset(dut.clk_i, dut.rst_ni)
        return bench

    async def finish(self) -> None:
        await self.mst.quiet()
        await ClockCycles(self.dut.clk_i, 3)
        self.check.check()
        assert self.mon.lost == 0


@cocotb.test(timeout_time=100, timeout_unit="us")
async def smoke(dut: Any) -> None:
    """One write and one read of each size of burst; the monitor saw both."""
    b = await Bench.start(dut)
    for beats in (1, 2, 8, 9, 64, 256):
        addr = 0x4000_0000 + beats * 0x1_0000
        data = b.rng.randbytes(min(beats * b.lanes, 4096))
        write = await b.mst.write(addr, data, id=3, sid=0x1234, ssid=0xABCDE, ssidv=1, qos=5)
        assert write.ok and b.memory.peek(addr, len(data)) == data
        read = await b.mst.read(addr, len(data), id=2, prot=5, domain=1)
        assert read.ok and read.data == data
    await b.finish()
    assert len(b.seen) == 12
    assert b.seen[0].is_write and b.seen[0].data == b.memory.peek(0x4001_0000, b.lanes)
    assert b.seen[0].ax["sid"] == 0x1234 and b.seen[0].ax["ssid"] == 0xABCDE
    assert b.seen[1].ax["prot"] == 5 and b.seen[1].data == b.seen[0].data


@cocotb.test(timeout_time=100, timeout_unit="us")
async def latency_is_exact(dut: Any) -> None:
    """Latency counts cycles from the AR handshake to the first R beat, 1 being the next cycle."""
    b = await Bench.start(dut)
    for late in (False, True):
        for latency in (1, 2, 3, 17):
            b.mem.configure(latency=latency, write_latency=latency, late=late)
            await ClockCycles(dut.clk_i, 2)
            for beats in (1, 4):
                read = await b.mst.read(0x4000_0000, beats=beats)
                assert read.t_first - read.t_addr == latency
                assert read.t_last - read.t_first == beats - 1
                write = await b.mst.write(0x4000_0000, bytes(beats * b.lanes))
                assert write.t_last - max(write.t_first, write.t_addr) == latency
    await b.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def full_rate(dut: Any) -> None:
    """Single beats go out and come back one a cycle, in order or not, at any latency."""
    b = await Bench.start(dut)
    for latency, ooo in ((1, 0), (1, 100), (6, 0), (6, 100)):
        b.mem.configure(latency=latency, write_latency=latency, out_of_order=ooo)
        for same_id in (True, False):
            reads = [b.mst.read(64 * k, 4, id=0 if same_id else k % 16) for k in range(40)]
            await b.mst.quiet()
            assert reads[-1].t_addr - reads[0].t_addr == 39
            assert max(t.t_last for t in reads) - reads[0].t_first <= 39 + 8 * bool(ooo)
            writes = [b.mst.write(64 * k, b"1234", id=k % 16) for k in range(40)]
            await b.mst.quiet()
            assert writes[-1].t_addr - writes[0].t_addr == 39
            assert max(t.t_last for t in writes) - writes[0].t_last <= 39 + 8 * bool(ooo)
    await b.finish()


def random_burst(rng: random.Random, lanes: int, base: int) -> dict[str, int]:
    """Address, beats, size and type of a legal burst inside the 4 KB at ``base``."""
    burst = rng.choices((INCR, WRAP, FIXED), (8, 2, 1))[0]
    size = rng.randrange(lanes.bit_length()) if rng.random() < 0.4 else lanes.bit_length() - 1
    offset = rng.randrange(4096)
    if burst == WRAP:
        beats = rng.choice((2, 4, 8, 16))
        offset &= -(1 << size)
    elif burst == FIXED:
        beats = rng.randint(1, 16)
    else:
        room = (4096 - (offset & -(1 << size))) >> size
        beats = min(room, rng.choice((1, 1, 2, 4, 8, 16, 33, 256)))
    return {"addr": base + offset, "beats": beats, "size": size, "burst": burst}


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def random_traffic(dut: Any) -> None:
    """Every burst type under throttles, reordering and interleaving, against a shadow memory."""
    b = await Bench.start(dut)
    rng, digest, matched = b.rng, hashlib.sha256(), 0
    for phase in range(6):
        seed = rng.getrandbits(32)
        pct = (30, 60, 100)
        b.mst.configure(seed=seed, max_open=rng.choice((1, 4, 64)),
                        **{c: rng.choice(pct) for c in ("ar", "aw", "w", "r", "b")})  # fmt: skip
        b.mem.configure(seed=seed ^ 0x55, latency=rng.randint(1, 9), jitter=rng.choice((0, 20)),
                        write_latency=rng.randint(1, 9), out_of_order=rng.choice((0, 50, 100)),
                        interleave=rng.choice((0, 40)), late=bool(phase & 1),
                        **{c: rng.choice(pct) for c in ("ar", "aw", "w", "r", "b")})  # fmt: skip
        shadow: dict[int, int] = {}
        posted: list[AxiTxn] = []
        for _ in range(3):
            # writes of one round touch pages of their own ID only, one write per page and round
            for ident in range(16):
                page = 0x4000_0000 + ident * 0x1000
                shape = random_burst(rng, b.lanes, page)
                probe = b.mst._shape(shape["addr"], None, shape["beats"], shape["size"],
                                     shape["burst"])  # fmt: skip
                data = rng.randbytes(probe.nbytes)
                strb = rng.getrandbits(len(data)) if rng.random() < 0.5 else None
                posted.append(b.mst.write(shape.pop("addr"), data, strb=strb, id=ident, **shape,
                            delay=rng.choice((0, 0, 5)), w_delay=rng.choice((0, 0, 7)),
                            w_after=rng.random() < 0.2))  # fmt: skip
                done = 0
                for at, count, _ in probe.spans():
                    for k in range(count):
                        if strb is None or strb >> (done + k) & 1:
                            shadow[at + k] = data[done + k]
                    done += count
            await b.mst.quiet()
            reads = []
            for _ in range(40):
                page = 0x4000_0000 + rng.randrange(16) * 0x1000
                shape = random_burst(rng, b.lanes, page)
                reads.append(b.mst.read(shape.pop("addr"), id=rng.randrange(16), **shape))
            await b.mst.quiet()
            posted += reads
            for read in reads:
                want = b"".join(
                    bytes(b.memory.peek(at, n)) for at, n, _ in read.shape.spans()
                )  # fmt: skip
                assert read.ok and read.data == want, f"{read}"
                digest.update(repr((read.t_addr, read.t_first, read.t_last)).encode())
        for at, value in shadow.items():
            assert b.memory.peek(at, 1)[0] == value
            matched += 1
        # the monitor saw the same bursts, W ahead of AW or not
        saw = {(t.is_write, t.t_addr): t for t in b.seen}
        assert len(saw) == len(posted)
        for txn in posted:
            twin = saw[txn.is_write, txn.t_addr]
            assert (twin.bus, twin.strobes) == (txn.bus, txn.strobes), txn
            assert (twin.id, twin.t_first, twin.t_last) == (txn.id, txn.t_first, txn.t_last), txn
        # same-ID order: ends in the order of the address handshakes
        for ident in range(16):
            ends = [t.t_last for t in sorted(b.seen, key=lambda t: t.t_addr)
                    if not t.is_write and t.id == ident]  # fmt: skip
            assert ends == sorted(ends)
        b.seen.clear()
    assert matched > 1000
    await b.finish()
    dut._log.info("digest %s at cycle %d", digest.hexdigest()[:16], b.mst.cycle)
    Path(os.environ["COCOTB_RESULTS_FILE"]).with_name("digest").write_text(digest.hexdigest())


@cocotb.test(timeout_time=100, timeout_unit="us")
async def withheld_write_data(dut: Any) -> None:
    """W stops before the chosen beat until released; reads go on; W may lead or lag AW."""
    b = await Bench.start(dut)
    data = bytes(range(4 * b.lanes))
    w_beats = b.mem.halves["wr"].unit.reg("beat_cnt_q")
    before = w_beats.get()
    held = b.mst.write(0x4000_0000, data, id=1, w_hold=2)
    read = await b.mst.read(0x4000_8000, 4, id=1)
    assert read.ok
    await ClockCycles(dut.clk_i, 50)
    assert not held.finished
    assert w_beats.get() - before == 2
    b.mst.release(held)
    assert (await held).ok and b.memory.peek(0x4000_0000, len(data)) == data
    lag = await b.mst.write(0x4000_0000, data, w_delay=20)
    assert lag.t_first - lag.t_addr >= 20
    lead = await b.mst.write(0x4000_0000, data, delay=20)
    assert lead.t_first < lead.t_addr
    again = b.mst.write(0x4000_0000, data, id=1, w_hold=0)
    await ClockCycles(dut.clk_i, 30)
    assert not again.finished
    b.mst.release(again)
    await b.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def errors_by_beat(dut: Any) -> None:
    """An injected error answers exactly the beats it covers; writes get the worst."""
    b = await Bench.start(dut)
    b.memory.poke(0x4000_0000, bytes(range(256)))
    b.memory.add_error(0x4000_0000 + 2 * b.lanes, 1, response="SLVERR")
    b.memory.add_error(0x5000_0000, 64, response="DECERR")
    read = await b.mst.read(0x4000_0000, 4 * b.lanes)
    assert read.beat_resps() == [OKAY, OKAY, SLVERR, OKAY] and not read.ok
    assert read.data[: 2 * b.lanes] == bytes(range(2 * b.lanes))
    assert (await b.mst.write(0x5000_0000, bytes(64))).resp == DECERR
    assert (await b.mst.read(0x5000_0040, 4)).ok
    await b.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def withheld_answers(dut: Any) -> None:
    """A held answer blocks its ID only; others pass; forced responses arrive."""
    b = await Bench.start(dut)
    verdict = {0x100: "hold", 0x200: SLVERR}
    b.mem.filters.append(lambda request: verdict.get(request.addr))
    for late in (False, True):
        b.mem.configure(latency=1, out_of_order=100, late=late)
        await ClockCycles(dut.clk_i, 2)
        first = b.mst.read(0x100, 4, id=5)
        behind = b.mst.read(0x300, 4, id=5)
        write = b.mst.write(0x100, b"abcd", id=6)
        others = [b.mst.read(0x400 + 4 * k, 4, id=k % 5) for k in range(30)]
        bad = b.mst.read(0x200, 4, id=7)
        for txn in others:
            await txn
        assert (await bad).resp == SLVERR
        await ClockCycles(dut.clk_i, 20)
        assert not first.finished and not behind.finished and not write.finished
        assert len(b.mem.held) == 2
        b.mem.release_all()
        await b.mst.quiet()
        assert first.t_last < behind.t_last
    await b.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def withheld_channels(dut: Any) -> None:
    """Each channel stops and goes on; a DVM Complete reads nothing."""
    b = await Bench.start(dut)
    for side, channel, is_write in ((b.mst, "ar", False), (b.mst, "r", False),
                                    (b.mem, "ar", False), (b.mem, "r", False),
                                    (b.mst, "aw", True), (b.mst, "w", True), (b.mst, "b", True),
                                    (b.mem, "aw", True), (b.mem, "w", True),
                                    (b.mem, "b", True)):  # fmt: skip
        side.hold(channel)
        await ClockCycles(dut.clk_i, 2)
        stuck = b.mst.write(0x400, b"1") if is_write else b.mst.read(0x400, 4)
        passes = b.mst.read(0x800, 4) if is_write else b.mst.write(0x800, b"1")
        await passes
        await ClockCycles(dut.clk_i, 20)
        assert not stuck.finished, channel
        side.hold(channel, False)
        assert (await stuck).ok
    b.memory.add_error(0, 1 << 20)
    assert (await b.mst.read(0, 4, qos=15)).ok and b.mem.dvm_completes == 1
    await b.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def exclusive_access(dut: Any) -> None:
    """EXOKAY for an undisturbed pair; a write in between makes the exclusive write a no-op."""
    b = await Bench.start(dut)
    assert (await b.mst.read(0x1000, 8, id=1, lock=1, size=3)).resp == EXOKAY
    assert (await b.mst.write(0x1000, b"AAAAAAAA", id=1, lock=1, size=3)).resp == EXOKAY
    await b.mst.read(0x1000, 8, id=1, lock=1, size=3)
    await b.mst.write(0x1004, b"BBBB", id=2, size=2)
    assert (await b.mst.write(0x1000, b"CCCCCCCC", id=1, lock=1, size=3)).resp == OKAY
    assert b.memory.peek(0x1000, 8) == b"AAAABBBB"
    await b.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def more_posted_than_slots(dut: Any) -> None:
    """Posting never blocks; what finds no slot waits in order."""
    b = await Bench.start(dut)
    writes = [b.mst.write(16 * k, bytes([k & 0xFF]) * 4, id=k % 16) for k in range(300)]
    await b.mst.quiet()
    reads = [b.mst.read(16 * k, 4, id=k % 16) for k in range(300)]
    await b.mst.quiet()
    assert all(w.ok for w in writes)
    assert all(r.data == bytes([k & 0xFF]) * 4 for k, r in enumerate(reads))
    await b.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def reset_in_flight(dut: Any) -> None:
    """A reset drops open bursts on both sides; traffic afterwards is sound."""
    b = await Bench.start(dut)
    b.mem.filters.append(lambda r: "hold" if r.addr == 0x100 else None)
    b.mem.configure(latency=10)
    lost = [b.mst.read(0x100, 4), b.mst.read(0x200, 64), b.mst.write(0x300, bytes(64), w_hold=1)]
    await ClockCycles(dut.clk_i, 6)
    await apply_reset(dut.clk_i, dut.rst_ni, 4, [b.mst.reset, b.mem.reset, b.mon.reset])
    for txn in lost:
        assert (await txn).error == "reset"
    b.mem.filters.clear()
    for k in range(100):
        b.mst.write(0x400 + 16 * k, bytes([k]) * 16, id=k % 3)
    await b.mst.quiet()
    for k in range(100):
        assert (await b.mst.read(0x400 + 16 * k, 16, id=k % 3)).data == bytes([k]) * 16
    await b.finish()


@cocotb.test(timeout_time=500, timeout_unit="us")
async def ram_and_generator(dut: Any) -> None:
    """Served by bfm_ram: same bytes as through Python; the generator reaches one a cycle."""
    b = await Bench.start(dut)
    ram = BfmRam(dut.u_ram)
    image = b.rng.randbytes(0x3000)
    b.memory.poke(0x4000_0000, image)
    assert ram.load(b.memory) == 3
    b.mem.configure(ram=True, latency=3)
    await ClockCycles(dut.clk_i, 1)
    for _ in range(60):
        shape = random_burst(b.rng, b.lanes, 0x4000_0000 + 0x1000 * b.rng.randrange(3))
        read = await b.mst.read(shape.pop("addr"), **shape)
        at = [image[a - 0x4000_0000 : a - 0x4000_0000 + n] for a, n, _ in read.shape.spans()]
        assert read.ok and read.data == b"".join(at)
    for _ in range(30):
        shape = random_burst(b.rng, b.lanes, 0x4000_4000)
        write = b.mst._shape(shape["addr"], None, shape["beats"], shape["size"], shape["burst"])
        if write.burst == FIXED:
            continue
        data = b.rng.randbytes(write.nbytes)
        assert (await b.mst.write(shape.pop("addr"), data, **shape)).ok
        got = b"".join(ram.peek(a, n) for a, n, _ in write.spans())
        assert got == data
    assert (await b.mst.read(0x9000_0000, 4)).resp == DECERR
    assert (await b.mst.write(0x9000_0000, b"1234")).resp == DECERR
    targets = [{"addr": 0x4000_0000 + 64 * k, "id": k % 16} for k in range(32)]
    began = time.perf_counter()
    run = await b.mst.generate(targets, 2000)
    spent = time.perf_counter() - began
    assert run.errors == 0 and run.bursts_per_cycle > 0.99 and run.last - run.first < 2010
    dut._log.info("generator: %.0f cycles/s", 2000 / spent)
    run = await b.mst.generate(targets, 500, is_write=True, beats=4)
    assert run.errors == 0 and run.last - run.first < 2020
    assert (await b.mst.read(0x4000_0000, 4)).ok
    await b.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def speed(dut: Any) -> None:
    """Bursts per second of eight beats through Python memory (a figure, no limit)."""
    b = await Bench.start(dut)
    b.mon.add_callback(lambda t: None)
    count = 500
    for is_write in (True, False):
        began, start = time.perf_counter(), b.mst.cycle
        for k in range(count):
            if is_write:
                b.mst.write(128 * k, bytes(8 * b.lanes), id=k % 16)
            else:
                b.mst.read(128 * k, 8 * b.lanes, id=k % 16)
        await b.mst.quiet()
        spent, cycles = time.perf_counter() - began, b.mst.cycle - start
        dut._log.info("speed: %s %.0f bursts/s, %.0f cycles/s", "write" if is_write else "read",
                      count / spent, cycles / spent)  # fmt: skip
    await b.finish()
