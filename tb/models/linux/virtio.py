# SPDX-License-Identifier: Apache-2.0
"""A guest's virtio core on the MMIO transport: initialization, queues, interrupts."""

from __future__ import annotations

from tb.models.cpu import Cpu
from tb.models.linux.kernel import Kernel
from tb.models.virtio.mmio import F_VERSION_1, MAGIC, VERSION, Reg, Status
from tb.models.virtio.ring import DriverQueue, RingLayout


class VirtioProbeError(RuntimeError):
    """No such device, or one that does not take what the driver needs."""


class CpuPort:
    """Guest memory through the EL1 linear map of one virtual CPU."""

    def __init__(self, cpu: Cpu) -> None:
        self.read = cpu.kread
        self.write = cpu.kwrite


class VirtioDevice:
    """One device at guest physical ``base``; every register access is an exit."""

    def __init__(self, kernel: Kernel, base: int) -> None:
        self.kernel = kernel
        self.base = base
        self.features = 0

    async def _read(self, cpu: Cpu, offset: int) -> int:
        return await cpu.mmio_read32(self.base + offset)

    async def _write(self, cpu: Cpu, offset: int, value: int) -> None:
        await cpu.mmio_write32(self.base + offset, value)

    async def negotiate(self, cpu: Cpu, device_id: int, wanted: int) -> None:
        """Reset, identify, agree on the features that both sides have."""
        ident = [await self._read(cpu, r) for r in (Reg.MAGIC, Reg.VERSION, Reg.DEVICE_ID)]
        if ident != [MAGIC, VERSION, device_id]:
            raise VirtioProbeError(f"no virtio device {device_id}: {ident}")
        status = Status(0)
        for bit in (Status(0), Status.ACKNOWLEDGE, Status.DRIVER):
            status |= bit
            await self._write(cpu, Reg.STATUS, status)
        offered = 0
        for half in (0, 1):
            await self._write(cpu, Reg.DEVICE_FEATURES_SEL, half)
            offered |= await self._read(cpu, Reg.DEVICE_FEATURES) << 32 * half
        self.features = offered & (wanted | F_VERSION_1)
        for half in (0, 1):
            await self._write(cpu, Reg.DRIVER_FEATURES_SEL, half)
            part = self.features >> 32 * half & 0xFFFF_FFFF
            await self._write(cpu, Reg.DRIVER_FEATURES, part)
        await self._write(cpu, Reg.STATUS, status | Status.FEATURES_OK)
        if not await self._read(cpu, Reg.STATUS) & Status.FEATURES_OK:
            raise VirtioProbeError(f"device {device_id} refuses features 0x{self.features:x}")

    async def config(self, cpu: Cpu, size: int) -> bytes:
        """First ``size`` bytes of the configuration space."""
        words = [await self._read(cpu, Reg.CONFIG + at) for at in range(0, size, 4)]
        return b"".join(word.to_bytes(4, "little") for word in words)

    async def write_config(self, cpu: Cpu, offset: int, value: int) -> None:
        """One 32-bit word of the configuration space."""
        await self._write(cpu, Reg.CONFIG + offset, value)

    async def add_queue(self, cpu: Cpu, index: int, size: int) -> DriverQueue:
        """Allocate a split ring and give it to the device."""
        base = self.kernel.alloc_zeroed(RingLayout.bytes(size), "virtqueue")
        layout = RingLayout.within(base, size)
        await self._write(cpu, Reg.QUEUE_SEL, index)
        if await self._read(cpu, Reg.QUEUE_NUM_MAX) < size:
            raise VirtioProbeError(f"queue {index} is shorter than {size}")
        await self._write(cpu, Reg.QUEUE_NUM, size)
        parts = (layout.desc, layout.avail, layout.used)
        for reg, at in zip(
            (Reg.QUEUE_DESC, Reg.QUEUE_DRIVER, Reg.QUEUE_DEVICE), parts, strict=True
        ):
            await self._write(cpu, reg, at & 0xFFFF_FFFF)
            await self._write(cpu, reg + 4, at >> 32)
        await self._write(cpu, Reg.QUEUE_READY, 1)
        return DriverQueue(CpuPort(cpu), layout)

    async def ready(self, cpu: Cpu) -> None:
        """DRIVER_OK: the device is live."""
        done = Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK | Status.DRIVER_OK
        await self._write(cpu, Reg.STATUS, done)

    async def notify(self, cpu: Cpu, index: int) -> None:
        """Kick a queue; the device has done its work when this returns."""
        await self._write(cpu, Reg.QUEUE_NOTIFY, index)

    async def broken(self, cpu: Cpu) -> bool:
        """The device gave up and wants a reset."""
        return bool(await self._read(cpu, Reg.STATUS) & Status.NEEDS_RESET)

    async def acknowledge(self, cpu: Cpu) -> int:
        """Interrupt entry: read the cause and clear it."""
        cause = await self._read(cpu, Reg.INTERRUPT_STATUS)
        await self._write(cpu, Reg.INTERRUPT_ACK, cause)
        return cause
