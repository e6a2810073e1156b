# SPDX-License-Identifier: Apache-2.0
"""/dev/kvm as a VMM sees it: files, ioctls in their order, and the KVM_RUN loop.

Numbers and layouts are those of the public uapi header for arm64.  A virtual CPU's guest code
runs only inside KVM_RUN.  An access that no memory slot covers traps to EL2; EL2 leaves the
syndrome in ESR_EL2, FAR_EL2 and HPFAR_EL2, the host kernel decodes it into the ``kvm_run`` page
and KVM_RUN returns to the VMM, whose next KVM_RUN completes the access.
"""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum

from tb.models.audit import PAGE, Audit
from tb.models.cpu import Vcpu
from tb.models.host.memory import HostMemory
from tb.models.host.uapi import EINVAL, ENOTTY, UapiError
from tb.models.host.vfio import VmmAddressSpace
from tb.models.kvm import Kvm, MemorySlot
from tb.models.platform import Event, Platform

EBADF, EEXIST, EFAULT, ENOEXEC = 9, 17, 14, 8
API_VERSION = 12


class Ioctl(IntEnum):
    """Request numbers: direction, size of the argument, type 0xAE, number."""

    GET_API_VERSION = 0xAE00
    CREATE_VM = 0xAE01
    CREATE_VCPU = 0xAE41
    RUN = 0xAE80
    SET_USER_MEMORY_REGION = 0x4020_AE46
    IRQFD = 0x4020_AE76
    ARM_VCPU_INIT = 0x4020_AEAE


EXIT_UNKNOWN, EXIT_MMIO, EXIT_SYSTEM_EVENT = 0, 6, 24

REGION = struct.Struct("<IIQQQ")  # slot, flags, guest_phys_addr, memory_size, userspace_addr
IRQFD_ARG = struct.Struct("<II24x")  # fd, gsi

EC_DATA_ABORT_LOWER = 0x24
DFSC_TRANSLATION_L3 = 0b000111

GuestEntry = Callable[[Vcpu], Awaitable[None]]


@dataclass(frozen=True)
class Syndrome:
    """What the trap to EL2 leaves behind for a data abort at stage 2 (ARM D24)."""

    esr: int
    far: int
    hpfar: int

    @classmethod
    def data_abort(cls, ipa: int, va: int, write: bool) -> Syndrome:
        """A 32-bit access of general register 0 that stage 2 does not translate."""
        iss = 1 << 24 | 2 << 22 | int(write) << 6 | DFSC_TRANSLATION_L3  # ISV, SAS=word
        return cls(EC_DATA_ABORT_LOWER << 26 | 1 << 25 | iss, va, ipa >> 12 << 4)

    @property
    def ipa(self) -> int:
        """HPFAR_EL2 holds the page, FAR_EL2 the offset in it."""
        return self.hpfar >> 4 << 12 | self.far & (PAGE - 1)

    @property
    def write(self) -> bool:
        """ESR_EL2.WnR."""
        return bool(self.esr >> 6 & 1)

    @property
    def length(self) -> int:
        """Bytes of the access, from ESR_EL2.SAS."""
        return 1 << (self.esr >> 22 & 3)


@dataclass
class RunPage:
    """The exit fields of ``struct kvm_run``, a page shared with the VMM."""

    exit_reason: int = EXIT_UNKNOWN
    phys_addr: int = 0
    data: bytes = bytes(8)
    length: int = 0
    write: bool = False
    FORMAT = struct.Struct("<8xI20xQ8sIB3x")

    def pack(self) -> bytes:
        return self.FORMAT.pack(
            self.exit_reason, self.phys_addr, self.data, self.length, self.write
        )

    @classmethod
    def unpack(cls, raw: bytes) -> RunPage:
        reason, addr, data, length, write = cls.FORMAT.unpack(raw[: cls.FORMAT.size])
        return cls(reason, addr, data, length, bool(write))


@dataclass(frozen=True)
class Transition:
    """One change of exception level on the core of a virtual CPU."""

    cycle: int
    level: int
    who: str


# who may follow whom on one core, and through what
TRANSITIONS = {
    ("qemu", "host"): "system call",
    ("host", "kvm"): "hypervisor call",
    ("kvm", "guest"): "exception return",
    ("guest", "kvm"): "stage-2 abort",
    ("kvm", "host"): "exception return",
    ("host", "qemu"): "exception return",
}


class VcpuFile:
    """File of one virtual CPU; ``entry`` is the guest code at its reset address."""

    def __init__(self, plat: Platform, memory: HostMemory, vcpu: Vcpu) -> None:
        self.plat = plat
        self.vcpu = vcpu
        self.entry: GuestEntry | None = None
        self.initialized = False
        self.run_page = memory.alloc_page("host:kvm-run")  # mmapped by the VMM
        self.syndrome: Syndrome | None = None
        self.trace = [Transition(plat.now, 0, "qemu")]
        self._memory = memory
        self._enter = plat.event("vcpu-enter")
        self._exit = plat.event("vcpu-exit")
        self._started = False

    def move(self, level: int, who: str) -> None:
        """The core changes its exception level; RuntimeError when no exception does that."""
        if (self.trace[-1].who, who) not in TRANSITIONS:
            raise RuntimeError(f"core went from {self.trace[-1].who} to {who}")
        self.trace.append(Transition(self.plat.now, level, who))

    def run_state(self) -> RunPage:
        """The shared page as the VMM reads it."""
        return RunPage.unpack(self._memory.read(self.run_page, RunPage.FORMAT.size))

    def complete(self, data: int) -> None:
        """The VMM stores the data of a load into the shared page."""
        state = self.run_state()
        state.data = data.to_bytes(8, "little")
        self._memory.write(self.run_page, state.pack())

    async def run(self) -> None:
        """KVM_RUN: returns with the exit reason in the shared page."""
        if not self.initialized or self.entry is None:
            raise UapiError(ENOEXEC, "KVM_RUN before KVM_ARM_VCPU_INIT")
        self.plat.counters["kvm-run"] += 1
        self.move(1, "host")
        await self.plat.spend("kvm-enter")
        self.move(2, "kvm")
        self.move(self.vcpu.el, "guest")
        if self._started:
            self._enter.set()
        else:
            self._started = True
            self.plat.spawn(self._guest(), f"vcpu{self.vcpu.index}")
        await self._exit.wait()
        self._exit.clear()
        await self.plat.spend("kvm-exit-user")
        self.move(0, "qemu")

    async def _guest(self) -> None:
        assert self.entry is not None
        await self.entry(self.vcpu)
        self.move(2, "kvm")  # PSCI SYSTEM_OFF
        self._leave(RunPage(EXIT_SYSTEM_EVENT))

    def _leave(self, state: RunPage) -> None:
        self.move(1, "host")
        self._memory.write(self.run_page, state.pack())
        self._exit.set()

    async def exit_mmio(self, ipa: int, write: bool, value: int) -> int:
        """The guest side of an MMIO exit: from the trap to the completed access."""
        self.syndrome = syndrome = Syndrome.data_abort(ipa, self.vcpu.far, write)
        self.move(2, "kvm")
        await self.plat.spend("kvm-exit")
        data = value.to_bytes(8, "little")
        self._leave(RunPage(EXIT_MMIO, syndrome.ipa, data, syndrome.length, syndrome.write))
        await self._enter.wait()
        self._enter.clear()
        return int.from_bytes(self.run_state().data[: syndrome.length], "little")


class VmFile(Kvm):
    """File of one VM: its memory slots name addresses of the VMM, not host pages."""

    def __init__(
        self,
        plat: Platform,
        memory: HostMemory,
        audit: Audit,
        vmid: int,
        vmm: VmmAddressSpace,
    ) -> None:
        super().__init__(plat, memory, audit, vmid)
        self.vmm = vmm
        self.files: dict[int, VcpuFile] = {}
        self._slots: dict[int, MemorySlot] = {}

    def add_vcpu(self, index: int) -> VcpuFile:
        """KVM_CREATE_VCPU: ids are given in order here."""
        if index in self.files:
            raise UapiError(EEXIST, f"virtual CPU {index} exists")
        if index != len(self.files):
            raise UapiError(EINVAL, f"virtual CPU {index}: next is {len(self.files)}")
        self.files[index] = file = VcpuFile(self.plat, self._memory, self.create_vcpu())
        return file

    def set_region(self, raw: bytes) -> None:
        """KVM_SET_USER_MEMORY_REGION; a size of zero removes the slot."""
        slot, flags, gpa, size, hva = REGION.unpack(raw)
        if flags or gpa % PAGE or size % PAGE or hva % PAGE:
            raise UapiError(EINVAL, f"memory slot {slot}: flags, or not whole pages")
        old = self._slots.pop(slot, None)
        if old is not None:
            self._remove(old)
        if not size:
            return
        pages = range(hva // PAGE, (hva + size) // PAGE)
        if any(page not in self.vmm.pages for page in pages):
            raise UapiError(EFAULT, f"memory slot {slot}: not mapped by the VMM")
        if any(s.pa(at) is not None for s in self.slots for at in range(gpa, gpa + size, PAGE)):
            raise UapiError(EEXIST, f"memory slot {slot} overlaps another")
        self._slots[slot] = new = MemorySlot(gpa, tuple(self.vmm.pages[page] for page in pages))
        self.set_user_memory_region(new)

    def _remove(self, slot: MemorySlot) -> None:
        self.slots.remove(slot)
        for index in range(len(slot.pages)):
            self.stage2.unmap_page(slot.gpa + index * PAGE)
        for vcpu in self.vcpus:
            vcpu.tlb.clear()  # TLBI VMALLS12E1IS

    async def _exit_mmio(self, vcpu: Vcpu, ipa: int, write: bool, value: int) -> int:
        self.plat.counters["kvm-exit-mmio"] += 1
        return await self.files[vcpu.index].exit_mmio(ipa, write, value)


class KvmDevice:
    """/dev/kvm and the file table of one VMM process."""

    KVM_FD = 3

    def __init__(
        self,
        plat: Platform,
        memory: HostMemory,
        audit: Audit,
        vmm: VmmAddressSpace,
        vmid: int,
    ) -> None:
        self.plat = plat
        self.files: dict[int, KvmDevice | VmFile | VcpuFile | Event] = {self.KVM_FD: self}
        self._make_vm = lambda: VmFile(plat, memory, audit, vmid, vmm)

    def add_file(self, file: VmFile | VcpuFile | Event) -> int:
        """Enter a file into the process's table; returns its descriptor."""
        fd = max(self.files) + 1
        self.files[fd] = file
        return fd

    async def ioctl(self, fd: int, request: int, arg: int | bytes = 0) -> int:
        """One ioctl of the VMM; UapiError with EBADF, ENOTTY or what the call refuses."""
        file = self.files.get(fd)
        if file is None:
            raise UapiError(EBADF, f"file descriptor {fd}")
        if isinstance(file, VcpuFile) and request == Ioctl.RUN:
            await file.run()
            return 0
        await self.plat.spend("host-ioctl")
        match file, request:
            case KvmDevice(), Ioctl.GET_API_VERSION:
                return API_VERSION
            case KvmDevice(), Ioctl.CREATE_VM:
                return self.add_file(self._make_vm())
            case VmFile(), Ioctl.CREATE_VCPU:
                return self.add_file(file.add_vcpu(int(arg)))
            case VmFile(), Ioctl.SET_USER_MEMORY_REGION:
                file.set_region(bytes(arg))
                return 0
            case VmFile(), Ioctl.IRQFD:
                event_fd, gsi = IRQFD_ARG.unpack(arg)
                event = self.files.get(event_fd)
                if not hasattr(event, "wait"):
                    raise UapiError(EBADF, f"eventfd {event_fd}")
                file.irqfd(event, gsi)
                return 0
            case VcpuFile(), Ioctl.ARM_VCPU_INIT:
                file.initialized = True
                return 0
        raise UapiError(ENOTTY, f"ioctl 0x{request:x} on file {fd}")
