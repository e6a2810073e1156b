# SPDX-License-Identifier: Apache-2.0
"""The virtual machine as the VMM builds it: guest RAM, memory map, MMIO dispatch.

Guest RAM is anonymous memory of the VMM, so the host pages behind it are scattered and differ
from the guest's addresses everywhere.  VFIO pins and maps all of it before the guest runs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tb.models.audit import PAGE
from tb.models.host.memory import HostMemory
from tb.models.host.vfio import VmmAddressSpace
from tb.models.kvm import Kvm, MemorySlot
from tb.models.platform import Mutex, Platform

RAM_GPA = 0x4000_0000  # as QEMU's virt machine; covers host kernel memory on purpose
RAM_HVA = 0x7F00_0000_0000
SMMU_GPA = 0x0905_0000
SMMU_SIZE = 0x2_0000
ACCEL_GPA = 0x1000_0000
MSI_GPA = 0x0802_0000
GSI_SMMU_EVTQ, GSI_SMMU_GERROR, GSI_ACCEL = 74, 77, 80

MmioDevice = Callable[[int, bool, int], Awaitable[int]]


class Machine:
    """One VM: its RAM, its slots, its trapped devices."""

    def __init__(
        self,
        plat: Platform,
        memory: HostMemory,
        kvm: Kvm,
        ram_pages: int,
    ) -> None:
        self.plat = plat
        self.kvm = kvm
        self.memory = memory
        self.ram_pages = ram_pages
        self.vmm = VmmAddressSpace()
        self.bql = Mutex(plat, "bql")
        self._devices: list[tuple[int, int, MmioDevice]] = []
        self._pages: list[int] = []
        kvm.set_mmio_handler(self._exit_mmio)

    def create_ram(self) -> None:
        """Guest RAM: one scattered host page for each guest page."""
        for index in range(self.ram_pages):
            pa = self.memory.alloc_page("guest:ram")
            assert pa != RAM_GPA + index * PAGE
            self._pages.append(pa)
            self.vmm.pages[RAM_HVA // PAGE + index] = pa
        self._give_ram()

    def _give_ram(self) -> None:
        self.kvm.set_user_memory_region(MemorySlot(RAM_GPA, tuple(self._pages)))

    def map_bar(self, areas: tuple[tuple[int, int, int], ...]) -> None:
        """Let the guest reach registers of the accelerator without an exit.

        Each area is (offset in the window, physical address, bytes).
        """
        for offset, base, length in areas:
            pages = tuple(range(base, base + length, PAGE))
            self.kvm.set_user_memory_region(MemorySlot(ACCEL_GPA + offset, pages, device=True))

    # ---- guest memory -------------------------------------------------------------------
    def pa(self, ipa: int) -> int:
        """Host physical address behind a guest RAM address."""
        index = (ipa - RAM_GPA) // PAGE
        if not 0 <= index < self.ram_pages:
            raise LookupError(f"guest physical address 0x{ipa:x} is not RAM")
        return self._pages[index] + ipa % PAGE

    def read(self, ipa: int, n: int) -> bytes:
        """VMM load from guest RAM."""
        self.plat.counters["bytes-copied"] += n
        out = bytearray()
        while n:
            size = min(n, PAGE - ipa % PAGE)
            out += self.memory.read(self.pa(ipa), size)
            ipa, n = ipa + size, n - size
        return bytes(out)

    def write(self, ipa: int, data: bytes) -> None:
        """VMM store to guest RAM."""
        self.plat.counters["bytes-copied"] += len(data)
        while data:
            size = min(len(data), PAGE - ipa % PAGE)
            self.memory.write(self.pa(ipa), data[:size])
            ipa, data = ipa + size, data[size:]

    # ---- MMIO exits ---------------------------------------------------------------------
    def add_device(self, gpa: int, size: int, handler: MmioDevice) -> None:
        """Trap a window: handler(offset, write, value) returns read data."""
        self._devices.append((gpa, size, handler))

    async def _exit_mmio(self, ipa: int, write: bool, value: int) -> int:
        async with self.bql:
            await self.plat.spend("qemu-mmio")
            for gpa, size, handler in self._devices:
                if gpa <= ipa < gpa + size:
                    return await handler(ipa - gpa, write, value)
        raise LookupError(f"guest accessed 0x{ipa:x}, where nothing is")
