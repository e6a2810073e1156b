# SPDX-License-Identifier: Apache-2.0
"""The MMIO transport (virtio 1.x, register layout version 2): device side of one device.

Every access is a trapped 32-bit access of the guest.  ``QueueNotify`` is the only register with
work behind it; the work is done before the access returns.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import IntEnum, IntFlag

from tb.models.platform import Event, Platform
from tb.models.virtio.ring import DeviceQueue, MemoryPort, RingError, RingLayout

MAGIC, VERSION, VENDOR = 0x7472_6976, 2, 0x554D_4551
F_VERSION_1 = 1 << 32
QUEUE_MAX = 64


class Reg(IntEnum):
    """Byte offsets; CONFIG is where the configuration space of the device starts."""

    MAGIC = 0x000
    VERSION = 0x004
    DEVICE_ID = 0x008
    VENDOR_ID = 0x00C
    DEVICE_FEATURES = 0x010
    DEVICE_FEATURES_SEL = 0x014
    DRIVER_FEATURES = 0x020
    DRIVER_FEATURES_SEL = 0x024
    QUEUE_SEL = 0x030
    QUEUE_NUM_MAX = 0x034
    QUEUE_NUM = 0x038
    QUEUE_READY = 0x044
    QUEUE_NOTIFY = 0x050
    INTERRUPT_STATUS = 0x060
    INTERRUPT_ACK = 0x064
    STATUS = 0x070
    QUEUE_DESC = 0x080
    QUEUE_DRIVER = 0x090
    QUEUE_DEVICE = 0x0A0
    CONFIG_GENERATION = 0x0FC
    CONFIG = 0x100


class Status(IntFlag):
    """Device status bits."""

    ACKNOWLEDGE = 1
    DRIVER = 2
    DRIVER_OK = 4
    FEATURES_OK = 8
    NEEDS_RESET = 64
    FAILED = 128


class MmioTransport:
    """Register file of one virtio device.

    ``notify(index)`` is awaited when the driver kicks a queue; ``set_config(bytes)`` is called
    after a write to the configuration space.
    """

    def __init__(
        self,
        plat: Platform,
        memory: MemoryPort,
        irq: Event,
        device_id: int,
        features: int,
        config: bytes,
        notify: Callable[[int], Awaitable[None]],
    ) -> None:
        self.plat = plat
        self.memory = memory
        self.features = int(features) | F_VERSION_1
        self.driver_features = 0
        self.config = bytearray(config)
        self.queues: dict[int, DeviceQueue] = {}
        self.status = Status(0)
        self._irq = irq
        self._notify = notify
        self._regs: dict[int, int] = {
            Reg.MAGIC: MAGIC,
            Reg.VERSION: VERSION,
            Reg.DEVICE_ID: device_id,
            Reg.VENDOR_ID: VENDOR,
            Reg.QUEUE_NUM_MAX: QUEUE_MAX,
        }
        self._queue_regs: dict[tuple[int, int], int] = {}

    def interrupt(self) -> None:
        """Used-buffer notification."""
        self._regs[Reg.INTERRUPT_STATUS] = self._regs.get(Reg.INTERRUPT_STATUS, 0) | 1
        self._irq.set()

    async def mmio(self, offset: int, write: bool, value: int) -> int:
        """One trapped access (the VMM's lock is held)."""
        self.plat.counters["virtio-mmio"] += 1
        if write:
            await self._write(offset, value)
            return 0
        return self._read(offset)

    def _read(self, offset: int) -> int:
        if offset >= Reg.CONFIG:
            at = offset - Reg.CONFIG
            return int.from_bytes(self.config[at : at + 4], "little")
        if offset == Reg.DEVICE_FEATURES:
            return self.features >> 32 * (self._reg(Reg.DEVICE_FEATURES_SEL) & 1) & 0xFFFF_FFFF
        if offset == Reg.STATUS:
            return int(self.status)
        if offset == Reg.QUEUE_READY:
            return int(self._reg(Reg.QUEUE_SEL) in self.queues)
        return self._reg(offset)

    def _reg(self, offset: int) -> int:
        return self._regs.get(offset, 0)

    async def _write(self, offset: int, value: int) -> None:
        match offset:
            case Reg.STATUS:
                self._write_status(value)
            case Reg.DRIVER_FEATURES:
                shift = 32 * (self._reg(Reg.DRIVER_FEATURES_SEL) & 1)
                self.driver_features &= ~(0xFFFF_FFFF << shift)
                self.driver_features |= value << shift
            case Reg.DEVICE_FEATURES_SEL | Reg.DRIVER_FEATURES_SEL | Reg.QUEUE_SEL:
                self._regs[offset] = value
            case Reg.QUEUE_READY:
                self._write_ready(value)
            case Reg.QUEUE_NOTIFY:
                if value in self.queues and not self.status & Status.NEEDS_RESET:
                    await self._kick(value)
            case Reg.INTERRUPT_ACK:
                self._regs[Reg.INTERRUPT_STATUS] = self._reg(Reg.INTERRUPT_STATUS) & ~value
            case _ if offset >= Reg.CONFIG:
                at = offset - Reg.CONFIG
                self.config[at : at + 4] = value.to_bytes(4, "little")
            case _ if offset == Reg.QUEUE_NUM or Reg.QUEUE_DESC <= offset < Reg.QUEUE_DEVICE + 8:
                self._queue_regs[self._reg(Reg.QUEUE_SEL), offset] = value

    def _write_status(self, value: int) -> None:
        if not value:  # reset
            self.queues.clear()
            self._queue_regs.clear()
            self.driver_features = 0
            self._regs[Reg.INTERRUPT_STATUS] = 0
            self.status = Status(0)
            return
        wanted = Status(value)
        if wanted & Status.FEATURES_OK and self.driver_features & ~self.features:
            wanted &= ~Status.FEATURES_OK  # the driver reads it back and gives up
        self.status = wanted | self.status & Status.NEEDS_RESET

    def _write_ready(self, value: int) -> None:
        queue = self._reg(Reg.QUEUE_SEL)
        if not value:
            self.queues.pop(queue, None)
            return

        def address(reg: Reg) -> int:
            low, high = (self._queue_regs.get((queue, reg + half), 0) for half in (0, 4))
            return low | high << 32

        size = self._queue_regs.get((queue, Reg.QUEUE_NUM), 0)
        if not 0 < size <= QUEUE_MAX or size & (size - 1):
            return  # QueueReady stays zero
        parts = (Reg.QUEUE_DESC, Reg.QUEUE_DRIVER, Reg.QUEUE_DEVICE)
        layout = RingLayout(size, *(address(reg) for reg in parts))
        self.queues[queue] = DeviceQueue(self.memory, layout)

    async def _kick(self, queue: int) -> None:
        try:
            await self._notify(queue)
        except (RingError, LookupError):  # LookupError: a ring or buffer outside of guest RAM
            self.plat.counters["virtio-ring-errors"] += 1
            self.status |= Status.NEEDS_RESET
