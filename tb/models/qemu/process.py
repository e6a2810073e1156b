# SPDX-License-Identifier: Apache-2.0
"""The VMM as a process of the host: it makes its VM by ioctls and runs the KVM_RUN loop.

:class:`KvmMachine` is :class:`~tb.models.qemu.machine.Machine` built through ``/dev/kvm``
instead of by calls into the KVM model.
"""

from __future__ import annotations

from tb.models import kvm_api
from tb.models.audit import PAGE
from tb.models.host.memory import HostMemory
from tb.models.host.vfio import VmmAddressSpace
from tb.models.kvm_api import GuestEntry, Ioctl, KvmDevice, VcpuFile, VmFile
from tb.models.platform import Event, Platform
from tb.models.qemu.machine import RAM_GPA, RAM_HVA, Machine


class KvmMachine(Machine):
    """One VM of a VMM process; create it with :meth:`create`."""

    RAM_SLOT = 0

    def __init__(
        self,
        plat: Platform,
        memory: HostMemory,
        dev: KvmDevice,
        vm_fd: int,
        ram_pages: int,
    ) -> None:
        self.dev = dev
        self.vm_fd = vm_fd
        vm = dev.files[vm_fd]
        assert isinstance(vm, VmFile)
        super().__init__(plat, memory, vm, ram_pages)
        self.vmm: VmmAddressSpace = vm.vmm
        self.vcpu_fds: list[int] = []

    @classmethod
    async def create(
        cls, plat: Platform, memory: HostMemory, dev: KvmDevice, ram_pages: int
    ) -> KvmMachine:
        """KVM_CREATE_VM; refuses a kernel with another version of the uapi."""
        version = await dev.ioctl(dev.KVM_FD, Ioctl.GET_API_VERSION)
        if version != kvm_api.API_VERSION:
            raise RuntimeError(f"KVM uapi {version}, not {kvm_api.API_VERSION}")
        vm_fd = await dev.ioctl(dev.KVM_FD, Ioctl.CREATE_VM)
        return cls(plat, memory, dev, vm_fd, ram_pages)

    def _give_ram(self) -> None:
        """RAM reaches KVM by :meth:`set_ram`, as an address of the VMM."""

    async def set_ram(self) -> None:
        """KVM_SET_USER_MEMORY_REGION of all guest RAM."""
        region = kvm_api.REGION.pack(self.RAM_SLOT, 0, RAM_GPA, self.ram_pages * PAGE, RAM_HVA)
        await self.dev.ioctl(self.vm_fd, Ioctl.SET_USER_MEMORY_REGION, region)

    async def start_vcpu(self, fd: int, entry: GuestEntry) -> VcpuFile:
        """KVM_ARM_VCPU_INIT of a CPU made by KVM_CREATE_VCPU; it will start at ``entry``."""
        await self.dev.ioctl(fd, Ioctl.ARM_VCPU_INIT)
        file = self.dev.files[fd]
        assert isinstance(file, VcpuFile)
        file.entry = entry
        return file

    async def add_irqfd(self, event: Event, gsi: int) -> None:
        """KVM_IRQFD: from now on ``event`` is an interrupt of the guest."""
        fd = self.dev.add_file(event)
        await self.dev.ioctl(self.vm_fd, Ioctl.IRQFD, kvm_api.IRQFD_ARG.pack(fd, gsi))

    async def vcpu_loop(self, fd: int) -> int:
        """Thread of one virtual CPU until the guest powers off; returns the number of exits."""
        file = self.dev.files[fd]
        assert isinstance(file, VcpuFile)
        exits = 0
        while True:
            await self.dev.ioctl(fd, Ioctl.RUN)
            state = file.run_state()
            if state.exit_reason == kvm_api.EXIT_SYSTEM_EVENT:
                return exits
            if state.exit_reason != kvm_api.EXIT_MMIO:
                raise RuntimeError(f"KVM_RUN ended with reason {state.exit_reason}")
            exits += 1
            value = int.from_bytes(state.data[: state.length], "little")
            file.complete(await self._exit_mmio(state.phys_addr, state.write, value))
