# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of dma_top (docs/dma.md): data, independence of the queues, throughput."""

from __future__ import annotations

import cocotb
from cocotbext.axi import AxiBus, AxiRam

from tb.models import accel
from tests.unit.dma_bench import SID, Bench, Job, Queue

SRC, DST = 0x2000_0000, 0x3000_0000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def test_dma_smoke(dut) -> None:
    """One copy, one fill, one nop; identification, record, interrupt, PASID."""
    bench = Bench(dut)
    await bench.start()
    assert await bench.read(accel.GlobalReg.ID) == accel.ID_VALUE
    assert await bench.read(accel.GlobalReg.SID) == SID
    params = accel.Params.decode(await bench.read(accel.GlobalReg.PARAMS))
    assert (params.num_queues, params.beat_bytes) == (bench.num_queues, bench.lanes)

    queue = await bench.open(0, pasid=0xABCDE)
    data = bench.rng.randbytes(300)
    bench.mem.write(queue.base + SRC + 5, data)
    desc = accel.copy(queue.base + SRC + 5, queue.base + DST + 11, 300, cookie=77, irq=True,
                      cpl=queue.cpl_va(0))  # fmt: skip
    assert int(dut.irq_o.value) == 0
    record = await bench.run(queue, desc)
    assert record == accel.Completion(77, 300, 0, accel.Status.OK, accel.Op.COPY, False, 0, 0)
    assert bench.mem.read(queue.base + DST + 11, 300) == data
    assert {burst.ssid for _, burst in bench.slave.log} == {0xABCDE}

    pend = accel.priv_reg(0, accel.PrivReg.INT_PEND)
    assert int(dut.irq_o.value) == 1 and await bench.read(accel.GlobalReg.INT_LO) == 1
    assert await bench.read(pend) == accel.IntPend.DONE
    await bench.write(pend, accel.IntPend.DONE)
    assert int(dut.irq_o.value) == 0

    record = await bench.run(
        queue, accel.fill(queue.base + DST, 100, 0x0807060504030201, cpl=queue.cpl_va(1))
    )
    assert record.ok and record.bytes_done == 100
    assert bench.mem.read(queue.base + DST, 16) == bytes([1, 2, 3, 4, 5, 6, 7, 8] * 2)
    record = await bench.run(queue, accel.nop(cpl=queue.cpl_va(2), cookie=5))
    assert record.ok and (record.cookie, record.bytes_done, record.index) == (5, 0, 2)
    assert await bench.read(accel.user_reg(0, accel.UserReg.DONE_COUNT)) == 3
    assert int(dut.irq_o.value) == 0, "no interrupt was asked for"


async def _worker(bench: Bench, queue: Queue, jobs: list[tuple[int, int, int]]) -> None:
    """Keep the ring of one queue full with (source offset, destination offset, length)."""
    head = accel.user_reg(queue.number, accel.UserReg.HEAD)
    while jobs:
        batch = []
        while jobs and queue.ring.free and len(batch) < 12:
            src, dst, length = jobs.pop()
            index = queue.ring.tail
            slot = len(batch) * 0x10000  # jobs in flight do not share bytes
            src, dst = queue.base + SRC + slot + src, queue.base + DST + slot + dst
            job = Job(bench, queue, index, src, dst, length)
            bench.post(queue, job.desc)
            batch.append((index, job))
        await bench.ring(queue)
        for index, job in batch:
            job.check(await bench.wait(queue, index))
        queue.ring.retire(await bench.read(head))


async def _all_queues(bench: Bench, jobs: list[tuple[int, int, int]]) -> None:
    queues = [await bench.open(n, pasid=0x100 + n) for n in range(bench.num_queues)]
    tasks = [
        cocotb.start_soon(_worker(bench, queue, jobs[queue.number :: bench.num_queues]))
        for queue in queues
    ]
    for task in tasks:
        await task
    for _, burst in bench.slave.log:
        assert burst.ssid == 0x100 + burst.id, "a burst carries another queue's PASID"


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def test_dma_alignments(dut) -> None:
    """Every source lane against every destination lane, short and block-crossing lengths."""
    bench = Bench(dut)
    await bench.start()
    jobs = [
        (64 + src, 64 + dst, length)
        for src in range(bench.lanes)
        for dst in range(bench.lanes)
        for length in (bench.rng.randrange(0, 40), bench.rng.randrange(200, 700))
    ]
    bench.rng.shuffle(jobs)
    await _all_queues(bench, jobs)


@cocotb.test(timeout_time=8, timeout_unit="ms")
@cocotb.parametrize(
    ready=[{}, {"ar": 60, "r": 60, "aw": 60, "w": 60, "b": 60}, {"w": 12, "aw": 20}, {"r": 12}],
)
async def test_dma_random_backpressure(dut, ready: dict[str, int]) -> None:
    """All queues at once against a memory that hesitates: on all channels, or on one side."""
    bench = Bench(dut, ready_percent=100 if ready else 15)
    bench.slave.percent |= ready
    await bench.start()
    jobs = [
        (bench.rng.randrange(4096), bench.rng.randrange(4096), bench.rng.randrange(2500))
        for _ in range(2 * bench.num_queues)
    ]
    await _all_queues(bench, jobs)


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def test_dma_held_queue(dut) -> None:
    """Queues whose reads or responses never come do not delay the others (section 2)."""
    bench = Bench(dut)
    await bench.start()
    queues = [await bench.open(n, pasid=n) for n in range(bench.num_queues)]
    no_reads, no_responses, rest = queues[0], queues[1], queues[2:]

    async def post(queue: Queue, length: int, copy: bool | None = None) -> tuple[Job, int]:
        index = queue.ring.tail
        job = Job(bench, queue, index, queue.base + SRC + 3, queue.base + DST + 9, length, copy)
        bench.post(queue, job.desc)
        await bench.ring(queue)
        return job, index

    # hold the data of queue 0, not its descriptor
    held = [(no_reads, *await post(no_reads, 5000, copy=True))]
    while not [1 for _, burst in bench.slave.log if burst.addr == no_reads.base + SRC]:
        await bench.cycles(1)
    bench.slave.held_reads = {0}
    bench.slave.held_writes = {1}
    held.append((no_responses, *await post(no_responses, 5000)))
    for _ in range(4):
        for queue, job, index in [(q, *await post(q, 3000)) for q in rest]:
            job.check(await bench.wait(queue, index))
    for _ in range(100):  # a record is seen in memory before its response is back
        busy = await bench.read(accel.GlobalReg.BUSY_LO)
        if busy == 0b11:
            break
    assert busy == 0b11, f"only the held queues are at work, not {busy:#b}"
    for queue, _, index in held:
        assert not bench.completion(queue, index).done
    assert 0 < len(bench.slave.reads[0]) <= 4, "held reads stay within the limit"
    assert 0 < len(bench.slave.writes[1]) <= 4, "held writes stay within the limit"

    bench.slave.held_reads = set()
    bench.slave.held_writes = set()
    for queue, job, index in held:
        job.check(await bench.wait(queue, index))


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_dma_limit_register(dut) -> None:
    """LIMIT bounds the bursts a queue has outstanding; zero counts as one."""
    bench = Bench(dut)
    await bench.start()
    queue = await bench.open(0)
    for value, most in ((0x0000, 1), (0x0202, 2)):
        await bench.write(accel.GlobalReg.LIMIT, value)
        bench.slave.max_open = 0
        index = queue.ring.tail
        job = Job(bench, queue, index, queue.base + SRC, queue.base + DST, 4096)
        job.desc = accel.copy(queue.base + SRC, queue.base + DST, 4096, cookie=job.cookie,
                              cpl=queue.cpl_va(index))  # fmt: skip
        bench.mem.write(queue.base + SRC, b"\x5a" * 4096)
        job.want = b"\x5a" * 4096
        job.check(await bench.run(queue, job.desc))
        assert bench.slave.max_open == most


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_dma_throughput(dut) -> None:
    """One queue with a fast memory keeps the write channel busy; short work is short."""
    bench = Bench(dut)
    await bench.start()
    queue = await bench.open(0)
    beats = 1024
    for src_offset, worst in ((0, 1.10), (7, 1.20)):
        length = beats * bench.lanes
        src, dst = queue.base + SRC + src_offset, queue.base + DST
        index = bench.post(queue, accel.copy(src, dst, length, cpl=queue.cpl_va(queue.ring.tail)))
        before = bench.slave.cycle
        await bench.ring(queue)
        assert (await bench.wait(queue, index)).ok
        cycles = bench.slave.cycle - before
        dut._log.info("%d beats in %d cycles (source offset %d)", beats, cycles, src_offset)
        assert cycles < beats * worst + 80

    # small work: what one descriptor costs beside its bytes
    before = bench.slave.cycle
    for _ in range(16):
        va = queue.cpl_va(queue.ring.tail)
        last = bench.post(queue, accel.copy(queue.base + SRC, queue.base + DST, 8, cpl=va))
        queue.ring.retire(queue.ring.tail - 1)
    await bench.ring(queue)
    assert (await bench.wait(queue, last)).ok
    each = (bench.slave.cycle - before) / 16
    dut._log.info("%.1f cycles for each short descriptor", each)
    assert each < 40


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def test_dma_axiram(dut) -> None:
    """The port also satisfies a memory model that was written by someone else."""
    bench = Bench(dut, slave=False)
    ram = AxiRam(AxiBus.from_prefix(dut, "m_axi"), dut.clk_i, dut.rst_ni, False, size=1 << 16)
    await bench.start()
    for offset, value in accel.setup_writes(3, ring=0x1000, ring_log2=3, pasid=None):
        await bench.write(offset, value)
    data = bench.rng.randbytes(5000)
    ram.write(0x2001, data)
    ram.write(0x1000, accel.copy(0x2001, 0x6006, 5000, cpl=0x800).pack())
    ram.write(0x1040, accel.fill(0xA003, 999, 0x1122334455667788, cpl=0x820).pack())
    ram.write(0x800, bytes(64))
    await bench.write(accel.user_reg(3, accel.UserReg.DOORBELL), 2)
    for _ in range(1000):
        records = [accel.Completion.unpack(ram.read(va, 32)) for va in (0x800, 0x820)]
        if records[1].done:
            break
        await bench.cycles(10)
    assert [r.ok for r in records] == [True, True]
    assert ram.read(0x6006, 5000) == data
    assert ram.read(0xA003, 8) == bytes.fromhex("8877665544332211")
