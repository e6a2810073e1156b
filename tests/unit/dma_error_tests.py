# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of dma_top (docs/dma.md): bus errors, bad descriptors, reset, protection."""

from __future__ import annotations

import cocotb
from cocotb.triggers import RisingEdge
from cocotb.utils import get_sim_time

from tb.models import accel
from tests.unit.dma_bench import Bench, Job, Queue, filled
from tests.unit.dma_slave import DECERR, OKAY, SLVERR

SRC, DST, PAGE = 0x2000_0000, 0x3000_0000, 4096


async def _ack(bench: Bench, queue: Queue) -> None:
    await bench.write(accel.user_reg(queue.number, accel.UserReg.ACK), 1)


async def _error_addr(bench: Bench, queue: Queue) -> int:
    low = await bench.read(accel.user_reg(queue.number, accel.UserReg.ERR_LO))
    return await bench.read(accel.user_reg(queue.number, accel.UserReg.ERR_HI)) << 32 | low


def _fail(bench: Bench, page: int, write: bool, resp: int) -> None:
    bench.slave.fault = lambda addr, wr: resp if (addr // PAGE, wr) == (page // PAGE, write) else 0


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_dma_read_error(dut) -> None:
    """A source page that fails: record with address and bytes done, halt, acknowledge, go on."""
    bench = Bench(dut)
    await bench.start()
    queue = await bench.open(1)
    other = await bench.open(2)
    src, dst = queue.base + SRC + 0x805, queue.base + DST + 1
    bad = queue.base + SRC + PAGE
    _fail(bench, bad, False, SLVERR)
    data = bench.rng.randbytes(6000)
    bench.mem.write(src, data)
    first = bench.post(queue, accel.copy(src, dst, 6000, cpl=queue.cpl_va(0), cookie=3, irq=True))
    second = bench.post(queue, accel.fill(dst, 50, 7, cpl=queue.cpl_va(1)))
    await bench.ring(queue)
    record = await bench.wait(queue, first)
    assert (record.status, record.write, record.resp) == (accel.Status.READ, False, SLVERR)
    assert record.fault_addr == bad and record.cookie == 3
    assert 0 < record.bytes_done <= bad - src
    assert bench.mem.read(dst, record.bytes_done) == data[: record.bytes_done]

    status = await bench.wait_status(queue, halted=True)
    assert (status.status, status.write, status.resp) == (accel.Status.READ, False, SLVERR)
    assert await _error_addr(bench, queue) == bad
    assert await bench.read(accel.priv_reg(1, accel.PrivReg.INT_PEND)) == accel.IntPend.ERROR
    assert int(dut.irq_queue_o.value) == 0b10
    await bench.cycles(300)
    assert not bench.completion(queue, second).done, "a halted queue waits for its driver"
    assert (await bench.run(other, accel.nop(cpl=other.cpl_va(0)))).ok

    await _ack(bench, queue)
    assert (await bench.wait(queue, second)).ok
    assert (await bench.status(queue)).status == accel.Status.NONE


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_dma_write_error(dut) -> None:
    """A destination page that fails, in the middle and on the very first byte."""
    bench = Bench(dut)
    await bench.start()
    queue = await bench.open(0)
    page = queue.base + DST + PAGE
    _fail(bench, page, True, DECERR)
    for dst, done in ((page - 1001, 1001), (page + 13, 0)):
        index = queue.ring.tail
        desc = accel.fill(dst, 3000, 0x1234, cpl=queue.cpl_va(index))
        record = await bench.run(queue, desc)
        assert (record.status, record.write, record.resp) == (accel.Status.WRITE, True, DECERR)
        assert record.fault_addr == (page if done else dst)
        assert record.bytes_done == done
        assert bench.mem.read(dst, done) == filled(0x1234, done)
        status = await bench.wait_status(queue, halted=True)
        assert status.write and status.resp == DECERR
        await _ack(bench, queue)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_dma_acknowledge_before_the_answer(dut) -> None:
    """A process sees the record of an error in memory, and acknowledges, before B is back."""
    bench = Bench(dut)
    await bench.start()
    queue = await bench.open(0)
    _fail(bench, queue.base + SRC, False, SLVERR)
    copy = accel.copy(queue.base + SRC, queue.base + DST, 64, cpl=queue.cpl_va(0))
    bench.post(queue, copy)
    second = bench.post(queue, accel.nop(cpl=queue.cpl_va(1)))
    bench.slave.held_writes = {0}
    await bench.ring(queue)
    for _ in range(2000):
        if bench.slave.writes.get(0):
            break
        await bench.cycles(1)
    assert bench.slave.writes.get(0), "the record was never written"
    assert (await bench.status(queue)).busy, "its answer is still to come"
    await _ack(bench, queue)
    bench.slave.held_writes = set()
    assert (await bench.wait(queue, second)).ok
    assert (await bench.status(queue)).status == accel.Status.NONE


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_dma_fetch_and_record_error(dut) -> None:
    """A descriptor that cannot be read is tried again; a lost record is told by the status."""
    bench = Bench(dut)
    await bench.start()
    queue = await bench.open(0)
    head = accel.user_reg(0, accel.UserReg.HEAD)
    _fail(bench, queue.ring.base, False, SLVERR)
    index = bench.post(queue, accel.nop(cpl=queue.cpl_va(0)))
    await bench.ring(queue)
    status = await bench.wait_status(queue, halted=True)
    assert status.status == accel.Status.FETCH and not status.write
    assert await _error_addr(bench, queue) == queue.ring.base
    assert await bench.read(head) == 0, "the descriptor was not consumed"
    bench.slave.fault = lambda addr, write: OKAY
    await _ack(bench, queue)
    assert (await bench.wait(queue, index)).ok

    _fail(bench, queue.cpl_va(1), True, SLVERR)
    bench.post(queue, accel.nop(cpl=queue.cpl_va(1)))
    await bench.ring(queue)
    status = await bench.wait_status(queue, halted=True)
    assert status.status == accel.Status.CPL and status.cpl_failed and status.write
    assert await _error_addr(bench, queue) == queue.cpl_va(1)
    assert await bench.read(head) == 2
    await _ack(bench, queue)

    # both the work and its record fail: the first error stays, the second is flagged
    src = queue.base + SRC
    bench.slave.fault = lambda addr, write: (
        SLVERR if write == (addr // PAGE == queue.cpl_va(2) // PAGE) and addr >= queue.cpl_va(0)
        else OKAY
    )  # fmt: skip
    bench.post(queue, accel.copy(src, src + PAGE, 64, cpl=queue.cpl_va(2)))
    await bench.ring(queue)
    status = await bench.wait_status(queue, halted=True)
    assert (status.status, status.cpl_failed) == (accel.Status.READ, True)
    assert await _error_addr(bench, queue) == src


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_dma_bad_descriptor(dut) -> None:
    """What cannot be meant is refused without touching memory."""
    bench = Bench(dut)
    await bench.start()
    queue = await bench.open(0)
    cpl = queue.cpl_va(0)
    bad = [
        (accel.Descriptor(op=3, cpl=cpl, flags=accel.Flag.CPL), accel.Status.BAD_DESC),
        (accel.Descriptor(op=accel.Op.NOP, flags=1 << 2), accel.Status.BAD_DESC),
        (accel.Descriptor(op=accel.Op.NOP, flags=1 << 15), accel.Status.BAD_DESC),
        (accel.nop(cpl=cpl + 16), accel.Status.BAD_CPL),
    ]
    for desc, status in bad:
        bench.post(queue, desc)
        await bench.ring(queue)
        assert (await bench.wait_status(queue, halted=True)).status == status
        await _ack(bench, queue)
        await bench.wait_status(queue, halted=False)
    assert not [1 for channel, _ in bench.slave.log if channel == "aw"]
    assert await bench.read(accel.user_reg(0, accel.UserReg.HEAD)) == len(bad)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_dma_doorbell_and_protection(dut) -> None:
    """The user page rings and acknowledges only; a doorbell past the ring is refused."""
    bench = Bench(dut)
    await bench.start()
    bell = accel.user_reg(0, accel.UserReg.DOORBELL)
    await bench.write(bell, 1)
    queue = await bench.open(0, log2=2, pasid=0x77)
    assert (await bench.status(queue)).doorbell_error, "the queue was not enabled"
    await _ack(bench, queue)

    await bench.write(bell, 5)
    status = await bench.status(queue)
    assert status.doorbell_error and not status.busy and await bench.read(bell) == 0
    await _ack(bench, queue)
    assert not (await bench.status(queue)).doorbell_error

    # privileged registers seen from the user page, and set up under an enabled queue
    before = [await bench.read(accel.priv_reg(0, reg)) for reg in accel.PrivReg]
    for reg in accel.PrivReg:
        assert await bench.read(accel.user_page(0) + reg) == 0
        await bench.write(accel.user_page(0) + reg, 0xFFFFFFFF)
    for reg in list(accel.PrivReg)[1:5]:
        await bench.write(accel.priv_reg(0, reg), 0xFFFFFFFF)
    assert [await bench.read(accel.priv_reg(0, reg)) for reg in accel.PrivReg] == before

    # a partial write is refused; pages of queues that are not there read zero
    answer = await bench.axil.write(accel.priv_reg(0, accel.PrivReg.CTRL) + 1, b"\x00")
    assert answer.resp == SLVERR
    assert await bench.read(accel.priv_reg(0, accel.PrivReg.CTRL)) == before[0]
    assert await bench.read(accel.user_reg(63, accel.UserReg.STATUS)) == 0

    # a ring is used all around, more than once
    for n in range(11):
        record = await bench.run(queue, accel.nop(cpl=queue.cpl_va(n), cookie=n))
        assert (record.ok, record.cookie, record.index) == (True, n, n)

    # disabled: the ring rests and goes on later
    ctrl = accel.priv_reg(0, accel.PrivReg.CTRL)
    index = bench.post(queue, accel.nop(cpl=queue.cpl_va(11)))
    await bench.ring(queue)
    await bench.wait(queue, index)
    await bench.write(ctrl, 0)
    bench.post(queue, accel.nop(cpl=queue.cpl_va(12)))
    await bench.ring(queue)
    assert (await bench.status(queue)).doorbell_error
    await _ack(bench, queue)
    await bench.write(ctrl, accel.Ctrl.EN)
    await bench.ring(queue)
    assert (await bench.wait(queue, 12)).ok


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def test_dma_reset_under_stall(dut) -> None:
    """A reset of a stalled queue ends when its bursts do; the next owner sees nothing of it."""
    bench = Bench(dut)
    await bench.start()
    for attempt in range(6):
        bench.slave.log.clear()
        queue = await bench.open(0, pasid=1)
        bench.mem.write(queue.base + SRC, bench.rng.randbytes(4096))
        index = bench.post(queue, accel.copy(queue.base + SRC, queue.base + DST + 3, 4000,
                                             cpl=queue.cpl_va(0)))  # fmt: skip
        if attempt % 2:
            bench.slave.held_reads = {0}
        else:
            bench.slave.held_writes = {0}
        await bench.ring(queue)
        await bench.cycles(bench.rng.randrange(1, 80))
        for offset, value in accel.reset_writes(0):
            await bench.write(offset, value)
        await bench.cycles(300)
        stalled = await bench.status(queue)
        # other registers may not change before the last burst is answered
        await bench.write(accel.priv_reg(0, accel.PrivReg.PASID), 2 | accel.PASID_VALID)
        pasid = await bench.read(accel.priv_reg(0, accel.PrivReg.PASID))
        assert (pasid & 0xFFFFF) == (1 if stalled.busy else 2)
        bench.slave.held_reads = set()
        bench.slave.held_writes = set()
        await bench.wait_status(queue, resetting=False, busy=False, enabled=False)
        assert not bench.completion(queue, index).done, "a reset leaves no record"
        assert not any(bench.slave.reads.values()) and not any(bench.slave.writes.values())

        bench.slave.log.clear()
        queue = await bench.open(0, pasid=9)
        data = bench.rng.randbytes(777)
        bench.mem.write(queue.base + SRC + 2, data)
        desc = accel.copy(queue.base + SRC + 2, queue.base + DST, 777, cpl=queue.cpl_va(0))
        assert (await bench.run(queue, desc)).ok
        assert bench.mem.read(queue.base + DST, 777) == data
        assert {burst.ssid for _, burst in bench.slave.log} == {9}
        for offset, value in accel.reset_writes(0):
            await bench.write(offset, value)
        await bench.wait_status(queue, resetting=False)


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def test_dma_error_random(dut) -> None:
    """One failing beat anywhere: exact address, exact count, and no foreign byte written."""
    bench = Bench(dut)
    await bench.start()
    queue = await bench.open(0, log2=1)
    rng, lanes = bench.rng, bench.lanes
    for _ in range(50):
        bench.slave.percent |= {name: rng.choice((30, 100)) for name in ("r", "w", "b", "aw")}
        index = queue.ring.tail
        src, dst = queue.base + SRC + rng.randrange(600), queue.base + DST + rng.randrange(600)
        length = rng.randrange(1, 1500)
        job = Job(bench, queue, index, src, dst, length, copy=True)
        write = bool(rng.randrange(2))
        start = dst if write else src
        bad = (start + rng.randrange(length)) // lanes * lanes
        resp = rng.choice((SLVERR, DECERR))
        bench.slave.fault = lambda addr, wr, bad=bad, write=write, resp=resp: (
            resp if (addr, wr) == (bad, write) else 0
        )
        record = await bench.run(queue, job.desc)
        assert (record.write, record.resp) == (write, resp)
        job.check_failed(record)
        if write:
            block = bad // (lanes * bench.max_burst) * (lanes * bench.max_burst)
            assert record.fault_addr == max(dst, block)
            assert record.bytes_done == max(dst, block) - dst
        else:
            assert record.fault_addr == max(src, bad)
        await bench.wait_status(queue, halted=True)
        await _ack(bench, queue)
        await bench.wait_status(queue, halted=False)


async def _answered(bench: Bench) -> int:
    """Time of the edge after which the next register write is in force."""
    while True:
        await RisingEdge(bench.dut.clk_i)
        if int(bench.dut.s_axil_bvalid.value):
            return get_sim_time()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_dma_reset_sweep(dut) -> None:
    """A reset in any cycle of a descriptor's life leaves nothing behind that acts later."""
    bench = Bench(dut)
    await bench.start()
    for delay in range(40):
        queue = await bench.open(0)
        bench.post(queue, accel.fill(queue.base + DST, 8, 1, cpl=queue.cpl_va(0)))
        await bench.ring(queue)
        await bench.cycles(delay)
        bench.slave.log.clear()
        taken = cocotb.start_soon(_answered(bench))
        for offset, value in accel.reset_writes(0):
            await bench.write(offset, value)
        await bench.wait_status(queue, resetting=False)
        assert not any(bench.slave.reads.values()) and not any(bench.slave.writes.values())
        await bench.cycles(20)
        since = await taken
        late = [burst for _, burst in bench.slave.log if burst.time > since]
        assert not late, f"a burst follows the reset (delay {delay}): {late}"
