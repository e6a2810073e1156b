# SPDX-License-Identifier: Apache-2.0
"""A small emulated network device and what is at the other end of its cable.

Guest's view: two rings of 16-byte descriptors {address u64, length u32, flags u32}, one for
transmit and one for receive, and the registers of :class:`Reg`.  A write of ``TX_TAIL`` is the
only thing that sends; the device reads the packet from guest memory and writes it to a socket.
What arrives at the socket goes into the next receive buffer and raises an interrupt by irqfd.
"""

from __future__ import annotations

import socket
import struct
from enum import IntEnum

from tb.models.platform import Event, Platform
from tb.models.qemu.machine import Machine

NET_GPA, NET_SIZE, GSI_NET = 0x0A00_0000, 0x1000, 90
NET_ID = 0x4E45_5431
DESC = struct.Struct("<QII")
DONE = 1
MTU = 1514
WIRE_CYCLES = 2_000  # one way, any length
ISR_RX = 1


class Reg(IntEnum):
    """Byte offsets of the 32-bit registers."""

    ID = 0x00
    ISR = 0x04  # read: pending interrupts
    ACK = 0x08  # write one to clear
    RING_LOG2 = 0x0C
    TX_LO = 0x10
    TX_HI = 0x14
    RX_LO = 0x18
    RX_HI = 0x1C
    TX_TAIL = 0x20
    RX_TAIL = 0x24


class NetDevice:
    """The device in the VMM: registers, rings, socket."""

    def __init__(self, plat: Platform, machine: Machine, sock: socket.socket, irq: Event) -> None:
        self.plat = plat
        self.machine = machine
        self.readable = plat.event("net-socket")  # what poll() of the main loop waits for
        self.wire = plat.event("net-wire")  # set when the other end has something to read
        self._sock = sock
        self._irq = irq
        self._regs: dict[int, int] = dict.fromkeys(Reg, 0)
        self._tx = self._rx = 0
        sock.setblocking(False)
        machine.add_device(NET_GPA, NET_SIZE, self.mmio)
        plat.spawn(self._receive(), "qemu-net")

    async def mmio(self, offset: int, write: bool, value: int) -> int:
        """One trapped 32-bit access (the VMM's lock is held)."""
        if not write:
            return NET_ID if offset == Reg.ID else self._regs.get(offset, 0)
        if offset == Reg.ACK:
            self._regs[Reg.ISR] &= ~value
            return 0
        if offset in (Reg.ID, Reg.ISR):
            return 0  # read-only
        self._regs[offset] = value
        if offset == Reg.TX_TAIL:
            await self._transmit()
        return 0

    def _slot(self, low: Reg, index: int) -> int:
        base = self._regs[low] | self._regs[low + 4] << 32
        return base + index % (1 << self._regs[Reg.RING_LOG2]) * DESC.size

    async def _transmit(self) -> None:
        while self._tx != self._regs[Reg.TX_TAIL]:
            at = self._slot(Reg.TX_LO, self._tx)
            addr, length, _ = DESC.unpack(self.machine.read(at, DESC.size))
            packet = self.machine.read(addr, min(length, MTU))
            await self.plat.spend("qemu-ioctl")  # sendmsg()
            self._sock.send(packet)
            self.plat.counters["net-sent"] += 1
            self.machine.write(at, DESC.pack(addr, length, DONE))
            self._tx = (self._tx + 1) & 0xFFFF_FFFF
        self.wire.set()

    async def _receive(self) -> None:
        """Main loop handler of the socket."""
        while True:
            await self.readable.wait()
            self.readable.clear()
            await self.plat.spend("qemu-fd-wake")
            async with self.machine.bql:
                while self._rx != self._regs[Reg.RX_TAIL]:
                    try:
                        packet = self._sock.recv(MTU)
                    except BlockingIOError:
                        break
                    await self.plat.spend("qemu-ioctl")  # recvmsg()
                    at = self._slot(Reg.RX_LO, self._rx)
                    addr, _, _ = DESC.unpack(self.machine.read(at, DESC.size))
                    self.machine.write(addr, packet)
                    self.machine.write(at, DESC.pack(addr, len(packet), DONE))
                    self._rx = (self._rx + 1) & 0xFFFF_FFFF
                    self.plat.counters["net-received"] += 1
                    self._regs[Reg.ISR] |= ISR_RX
                    self._irq.set()


class EchoPeer:
    """The other end: sends every packet back with source and destination exchanged."""

    def __init__(self, plat: Platform, sock: socket.socket, device: NetDevice) -> None:
        self.plat = plat
        self._sock = sock
        self._device = device
        sock.setblocking(False)
        plat.spawn(self._run(), "net-peer")

    @staticmethod
    def answer(packet: bytes) -> bytes:
        """What comes back for ``packet``: 6-byte addresses exchanged, the rest as it was."""
        return packet[6:12] + packet[:6] + packet[12:]

    async def _run(self) -> None:
        while True:
            await self._device.wire.wait()
            self._device.wire.clear()
            await self.plat.delay(WIRE_CYCLES, "wire")
            while True:
                try:
                    packet = self._sock.recv(MTU)
                except BlockingIOError:
                    break
                self._sock.send(self.answer(packet))
            await self.plat.delay(WIRE_CYCLES, "wire")
            self._device.readable.set()
