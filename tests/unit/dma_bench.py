# SPDX-License-Identifier: Apache-2.0
"""What the accelerator's cocotb tests share: clock, registers, queues with a ring and records."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster

from tb.models import accel
from tests.unit.dma_slave import Bytes, DmaSlave

SID = 0x2A
QUEUE_SPAN = 1 << 32  # VA distance between the arenas of two queues
RING_VA, CPL_VA = 0x1000_0000, 0x1100_0000
LIMIT_CYCLES = 200_000


@dataclass
class Queue:
    """One queue as its process sees it."""

    number: int
    log2: int = 4
    pasid: int | None = None
    ring: accel.Ring = field(init=False)
    expected: list[tuple[int, accel.Descriptor]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.base = 0xFFFF_0000_0000_0000 + self.number * QUEUE_SPAN
        self.ring = accel.Ring(self.base + RING_VA, self.log2)

    def cpl_va(self, index: int) -> int:
        """Completion record of a free-running index."""
        return self.base + CPL_VA + (index & 0xFFFF) * accel.CPL_BYTES


class Bench:
    """The engine with its memory, and a driver for its registers."""

    def __init__(self, dut, ready_percent: int = 100, slave: bool = True) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.mem = Bytes()
        self.slave = DmaSlave(dut, self.mem, self.rng, ready_percent) if slave else None
        for name in ("cocotb.dma_top.s_axil", "cocotb.dma_top.m_axi"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self.axil = AxiLiteMaster(
            AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk_i, dut.rst_ni, False
        )
        self.lanes = len(dut.m_axi_wstrb)
        self.num_queues = len(dut.irq_queue_o)
        self.max_burst = 0  # beats, read from PARAMS by start()

    async def start(self) -> None:
        """Clock, reset, and the memory."""
        self.dut.rst_ni.value = 0
        self.dut.sid_i.value = SID
        cocotb.start_soon(Clock(self.dut.clk_i, 2, unit="ns").start())
        await self.cycles(4)
        self.dut.rst_ni.value = 1
        if self.slave is not None:
            cocotb.start_soon(self.slave.run())
        await self.cycles(2)
        params = accel.Params.decode(await self.read(accel.GlobalReg.PARAMS))
        self.max_burst = params.max_burst

    async def cycles(self, count: int) -> None:
        for _ in range(count):
            await RisingEdge(self.dut.clk_i)

    async def read(self, offset: int) -> int:
        return int.from_bytes((await self.axil.read(offset, 4)).data, "little")

    async def write(self, offset: int, value: int) -> None:
        await self.axil.write(offset, value.to_bytes(4, "little"))

    async def open(self, number: int, log2: int = 4, pasid: int | None = None) -> Queue:
        """Hand a queue to a process."""
        queue = Queue(number, log2, pasid)
        writes = accel.setup_writes(number, ring=queue.ring.base, ring_log2=log2, pasid=pasid)
        for offset, value in writes:
            await self.write(offset, value)
        return queue

    def post(self, queue: Queue, desc: accel.Descriptor) -> int:
        """Put a descriptor into the ring without ringing; returns its index."""
        index = queue.ring.tail
        self.mem.write(queue.cpl_va(index), bytes(accel.CPL_BYTES))
        self.mem.write(queue.ring.post(), desc.pack())
        queue.expected.append((index, desc))
        return index

    async def ring(self, queue: Queue) -> None:
        await self.write(accel.user_reg(queue.number, accel.UserReg.DOORBELL), queue.ring.tail)

    async def status(self, queue: Queue) -> accel.QueueStatus:
        offset = accel.user_reg(queue.number, accel.UserReg.STATUS)
        return accel.QueueStatus.decode(await self.read(offset))

    def completion(self, queue: Queue, index: int) -> accel.Completion:
        return accel.Completion.unpack(self.mem.read(queue.cpl_va(index), accel.CPL_BYTES))

    async def wait(self, queue: Queue, index: int) -> accel.Completion:
        """Poll the completion record, as a process would."""
        for _ in range(LIMIT_CYCLES // 16):
            record = self.completion(queue, index)
            if record.done:
                return record
            await self.cycles(16)
        raise AssertionError(f"queue {queue.number} index {index} never completed")

    async def wait_status(self, queue: Queue, **want: object) -> accel.QueueStatus:
        """Poll the status register until the named fields have the given values."""
        for _ in range(LIMIT_CYCLES // 16):
            status = await self.status(queue)
            if all(getattr(status, name) == value for name, value in want.items()):
                return status
            await self.cycles(8)
        raise AssertionError(f"queue {queue.number} never reached {want}: {status}")

    async def run(self, queue: Queue, desc: accel.Descriptor) -> accel.Completion:
        """Post one descriptor and wait for its record."""
        index = self.post(queue, desc)
        await self.ring(queue)
        record = await self.wait(queue, index)
        queue.ring.retire(await self.read(accel.user_reg(queue.number, accel.UserReg.HEAD)))
        return record


def filled(pattern: int, length: int) -> bytes:
    """What a fill leaves behind."""
    return (pattern.to_bytes(8, "little") * (length // 8 + 1))[:length]


class Job:
    """One random copy or fill with bytes around the destination that must survive."""

    GUARD = 40

    def __init__(
        self,
        bench: Bench,
        queue: Queue,
        index: int,
        src: int,
        dst: int,
        length: int,
        copy: bool | None = None,
    ) -> None:
        rng = bench.rng
        self.bench, self.dst, self.length = bench, dst, length
        cpl = queue.cpl_va(index)
        self.before = rng.randbytes(length + 2 * self.GUARD)
        bench.mem.write(dst - self.GUARD, self.before)
        self.cookie = rng.getrandbits(64)
        if bool(rng.randrange(4)) if copy is None else copy:
            self.want = rng.randbytes(length)
            bench.mem.write(src, self.want)
            self.desc = accel.copy(src, dst, length, cpl=cpl, cookie=self.cookie)
        else:
            pattern = rng.getrandbits(64)
            self.want = filled(pattern, length)
            self.desc = accel.fill(dst, length, pattern, cpl=cpl, cookie=self.cookie)

    def got(self) -> bytes:
        """The destination with its guards, as it is now."""
        return self.bench.mem.read(self.dst - self.GUARD, self.length + 2 * self.GUARD)

    def after(self) -> bytes:
        """The destination with its guards, as it is to become."""
        return self.before[: self.GUARD] + self.want + self.before[self.GUARD + self.length :]

    def check(self, record: accel.Completion) -> None:
        """The bytes, the bytes around them, and the record."""
        where = f"{self.desc}"
        assert record.ok and record.cookie == self.cookie, f"{record} for {where}"
        assert record.bytes_done == self.length, f"{record} for {where}"
        assert self.got() == self.after(), f"bytes differ after {where}"

    def check_failed(self, record: accel.Completion) -> None:
        """What is counted is written; what is not is old or right, never something else."""
        where = f"{record} for {self.desc}"
        assert not record.ok and record.cookie == self.cookie, where
        assert record.bytes_done < self.length, where
        got, want = self.got(), self.after()
        end = self.GUARD + record.bytes_done
        assert got[:end] == want[:end], f"bytes done differ: {where}"
        pairs = zip(got, want, self.before, strict=True)
        assert all(g in (w, b) for g, w, b in pairs), f"foreign bytes: {where}"
