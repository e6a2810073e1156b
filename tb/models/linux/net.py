# SPDX-License-Identifier: Apache-2.0
"""The guest's driver of the small network device, and send and receive of a process."""

from __future__ import annotations

from tb.models.audit import PAGE
from tb.models.cpu import Cpu
from tb.models.linux.kernel import Kernel
from tb.models.linux.process import Process
from tb.models.platform import Channel, Event, Platform
from tb.models.qemu.net import DESC, DONE, MTU, NET_ID, Reg

RING_LOG2 = 3


class NetDriver:
    """Rings and buffers in kernel memory; one copy on each side of the system call."""

    # exits of each part, which a test may count: every register access leaves the guest
    EXITS_PROBE = 7
    EXITS_SEND = 1
    EXITS_INTERRUPT = 3

    def __init__(self, plat: Platform, kernel: Kernel, base: int) -> None:
        self.plat = plat
        self.kernel = kernel
        self.base = base
        self.interrupts = 0
        self._handler = Channel(plat, "net-irq")
        self._received = Channel(plat, "net-rx")
        self._tx_tail = self._rx_head = 0

    async def probe(self, cpu: Cpu, line: Event) -> None:
        """Identify the device, hand over the rings, fill the receive ring."""
        if await self._read(cpu, Reg.ID) != NET_ID:
            raise RuntimeError("no network device")
        size = 1 << RING_LOG2
        self._tx, self._rx = (self.kernel.alloc_zeroed(PAGE, "net") for _ in range(2))
        self._tx_buffers, self._rx_buffers = (
            [self.kernel.alloc_zeroed(PAGE, "net") for _ in range(size)] for _ in range(2)
        )
        for index, buffer in enumerate(self._rx_buffers):
            cpu.kwrite(self._rx + index * DESC.size, DESC.pack(buffer, MTU, 0))
        await self._write(cpu, Reg.RING_LOG2, RING_LOG2)
        for reg, ring in ((Reg.TX_LO, self._tx), (Reg.RX_LO, self._rx)):
            await self._write(cpu, reg, ring & 0xFFFF_FFFF)
            await self._write(cpu, Reg(reg + 4), ring >> 32)
        await self._write(cpu, Reg.RX_TAIL, size)
        self.plat.spawn(self._interrupts(cpu, line), "net-irq")

    async def _read(self, cpu: Cpu, reg: Reg) -> int:
        return await cpu.mmio_read32(self.base + reg)

    async def _write(self, cpu: Cpu, reg: Reg, value: int) -> None:
        await cpu.mmio_write32(self.base + reg, value)

    async def _interrupts(self, cpu: Cpu, line: Event) -> None:
        while True:
            await line.wait()
            line.clear()
            self.interrupts += 1
            self._handler.put(self.interrupts)
            await cpu.kernel("irq-entry")
            await self._write(cpu, Reg.ACK, await self._read(cpu, Reg.ISR))
            await self._reap(cpu)
            await self._handler.get()
            self._handler.done()

    async def _reap(self, cpu: Cpu) -> None:
        """Take finished buffers off the receive ring and give them back to the device."""
        size = 1 << RING_LOG2
        while True:
            at = self._rx + self._rx_head % size * DESC.size
            buffer, length, flags = DESC.unpack(cpu.kread(at, DESC.size))
            if not flags & DONE:
                break
            self._received.put(cpu.kread(buffer, length))
            cpu.kwrite(at, DESC.pack(buffer, MTU, 0))
            self._rx_head += 1
        await self._write(cpu, Reg.RX_TAIL, self._rx_head + size)

    async def send(self, process: Process, va: int, length: int) -> None:
        """sendto(): copies the packet out of the process and rings the device."""
        cpu = process.cpu
        await cpu.kernel("syscall")
        index = self._tx_tail % (1 << RING_LOG2)
        buffer = self._tx_buffers[index]
        cpu.kwrite(buffer, await process.load(va, length))
        cpu.kwrite(self._tx + index * DESC.size, DESC.pack(buffer, length, 0))
        self._tx_tail += 1
        await self._write(cpu, Reg.TX_TAIL, self._tx_tail)

    async def receive(self, process: Process, va: int) -> int:
        """recv(): waits for a packet, copies it into the process; returns its length."""
        await process.cpu.kernel("syscall")
        packet = await self._received.get()
        self._received.done()
        await process.store(va, packet)
        return len(packet)

    async def idle(self) -> None:
        """Wait until no interrupt is being handled (``synchronize_irq``)."""
        await self._handler.drain()
