# SPDX-License-Identifier: Apache-2.0
"""The hypervisor part of the host kernel: VM, memory slots, virtual CPUs, exits and irqfd.

Mirrors the KVM calls that a VMM makes (CREATE_VM, CREATE_VCPU, SET_USER_MEMORY_REGION, IRQFD);
the virtual CPU runs guest code until it touches an address that no memory slot covers, which is
an MMIO exit to the VMM (architecture section 3).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tb.models.audit import PAGE, Audit
from tb.models.cpu import Vcpu
from tb.models.host.memory import HostMemory
from tb.models.host.stage2 import Stage2Table
from tb.models.platform import Event, Platform

MmioHandler = Callable[[int, bool, int], Awaitable[int]]


@dataclass(frozen=True)
class MemorySlot:
    """``KVM_SET_USER_MEMORY_REGION``: guest physical range backed by VMM pages."""

    gpa: int
    pages: tuple[int, ...]  # host physical page behind each guest page
    device: bool = False

    def pa(self, ipa: int) -> int | None:
        """Host physical address behind ``ipa``, None outside of the slot."""
        index = (ipa - self.gpa) // PAGE
        if ipa < self.gpa or index >= len(self.pages):
            return None
        return self.pages[index] + ipa % PAGE


class Kvm:
    """One virtual machine."""

    def __init__(self, plat: Platform, memory: HostMemory, audit: Audit, vmid: int) -> None:
        self.plat = plat
        self.vmid = vmid
        self._memory = memory
        self._audit = audit
        self.stage2 = Stage2Table(memory, "host:kvm-stage2")
        self.slots: list[MemorySlot] = []
        self.vcpus: list[Vcpu] = []
        self._mmio: MmioHandler | None = None
        self._lines: dict[int, Event] = {}

    # ---- VMM interface ------------------------------------------------------------------
    def create_vcpu(self) -> Vcpu:
        """KVM_CREATE_VCPU."""
        vcpu = Vcpu(
            self.plat,
            self._memory._memory,
            self._audit,
            len(self.vcpus),
            self.vmid,
            self.stage2.root,
            self._stage2_abort,
            self._exit_mmio,
        )
        self.vcpus.append(vcpu)
        return vcpu

    def set_user_memory_region(self, slot: MemorySlot) -> None:
        """KVM_SET_USER_MEMORY_REGION; pages are mapped on first touch."""
        self.slots.append(slot)

    def set_mmio_handler(self, handler: MmioHandler) -> None:
        """The VMM's KVM_EXIT_MMIO loop: handler(ipa, write, value) returns read data."""
        self._mmio = handler

    def irqfd(self, eventfd: Event, gsi: int) -> None:
        """KVM_IRQFD: ``eventfd`` raises guest interrupt ``gsi`` with no VMM in the way."""
        self.plat.spawn(self._irqfd_loop(eventfd, gsi), f"irqfd{gsi}")

    def guest_line(self, gsi: int) -> Event:
        """What the guest's interrupt controller shows for ``gsi``."""
        if gsi not in self._lines:
            self._lines[gsi] = self.plat.event(f"gsi{gsi}")
        return self._lines[gsi]

    # ---- exits --------------------------------------------------------------------------
    def _stage2_abort(self, ipa: int) -> bool:
        """Map the page of a memory slot; False means MMIO."""
        for slot in self.slots:
            pa = slot.pa(ipa & ~(PAGE - 1))
            if pa is not None:
                self.plat.counters["kvm-stage2-fault"] += 1
                self.stage2.map_page(ipa & ~(PAGE - 1), pa, device=slot.device)
                return True
        return False

    async def _exit_mmio(self, vcpu: Vcpu, ipa: int, write: bool, value: int) -> int:
        self.plat.counters["kvm-exit-mmio"] += 1
        await self.plat.spend("kvm-exit")
        await self.plat.spend("kvm-exit-user")
        if self._mmio is None:
            raise RuntimeError(f"MMIO exit at 0x{ipa:x} before the VMM runs")
        data = await self._mmio(ipa, write, value)
        await self.plat.spend("kvm-enter")
        return data

    async def _irqfd_loop(self, eventfd: Event, gsi: int) -> None:
        line = self.guest_line(gsi)
        while True:
            await eventfd.wait()
            eventfd.clear()
            await self.plat.spend("kvm-irqfd")
            await self.plat.spend("kvm-inject")
            self.plat.counters["kvm-irq-injected"] += 1
            line.set()
