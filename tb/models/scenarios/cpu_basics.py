# SPDX-License-Identifier: Apache-2.0
"""The VMM, KVM and guest code on a virtual CPU; the SMMU has nothing to do.

A VMM process makes a VM by ioctls, guest code runs inside KVM_RUN, a guest process touches
memory, and packets go through an emulated network device, a real socket pair and back.  What
leaves the guest is counted: register accesses of the emulated device, each once; stage-2 faults
on the first touch of a page; nothing else.
"""

from __future__ import annotations

import socket

from tb.models.audit import PAGE, AuditView
from tb.models.cpu import ADDR_MASK, Vcpu
from tb.models.host.uapi import EINVAL, ENOTTY, UapiError
from tb.models.host.vfio import VmmAddressSpace
from tb.models.kvm_api import EBADF, EEXIST, EFAULT, ENOEXEC, REGION, Ioctl, KvmDevice
from tb.models.linux.kernel import Kernel
from tb.models.linux.mm import Mm, SegmentationFault, Vma
from tb.models.linux.net import NetDriver
from tb.models.linux.pages import GuestPages
from tb.models.linux.process import Process
from tb.models.qemu import machine as mach
from tb.models.qemu.net import GSI_NET, NET_GPA, EchoPeer, NetDevice, Reg
from tb.models.qemu.process import KvmMachine
from tb.models.scenarios import defects
from tb.models.scenarios.base import Scenario

HEAP, BUFFER, RECEIVED, REGISTERS = 0x4000_0000, 0x5000_0000, 0x6000_0000, 0x1000_0000
VMID = 5


class CpuBasics(Scenario):
    """One run of the scenario."""

    name = "cpu-basics"
    title = "CPU basics"
    defects = {
        "drop-tlbi": "the guest's TLBI after munmap does not reach the CPU's TLB",
        "lose-interrupt": "the network device's eventfd is no interrupt of the guest",
        "lose-load-data": "KVM_RUN does not give the VMM's answer to the guest's load",
    }

    async def run(self) -> None:
        await self.host.boot()
        self.vmm = VmmAddressSpace()
        host = self.host
        self.dev = KvmDevice(self.plat, host.memory, host.audit, self.vmm, VMID)
        await self._refused_before_a_vm()
        self.machine = machine = await KvmMachine.create(
            self.plat, host.memory, self.dev, ram_pages=1024
        )
        await self._build(machine)
        self.facts["booted"] = self.plat.now
        exits = await machine.vcpu_loop(machine.vcpu_fds[0])
        for sock in self._sockets:
            sock.close()
        counters = self.plat.counters
        self.facts |= {"exits": exits, "packets": counters["net-received"]}
        self.check(counters["kvm-run"] == exits + 1, "KVM_RUN did not return once for each exit")
        levels = {step.level for step in self.vcpu.trace if step.who == "guest"}
        self.check(levels == {0, 1}, f"the guest ran at exception levels {levels}")

    # ---- the VMM ------------------------------------------------------------------------
    async def _refuses(self, errno: int, fd: int, request: int, arg: int | bytes = 0) -> None:
        try:
            await self.dev.ioctl(fd, request, arg)
        except UapiError as error:
            got = error.errno
        else:
            got = 0
        name = Ioctl(request).name
        self.check(got == errno, f"{name} on file {fd}: errno {got}, not {errno}")

    async def _refused_before_a_vm(self) -> None:
        """The calls of a VM need its file; /dev/kvm refuses them."""
        kvm = self.dev.KVM_FD
        await self._refuses(EBADF, kvm + 1, Ioctl.CREATE_VCPU)
        await self._refuses(ENOTTY, kvm, Ioctl.CREATE_VCPU)
        await self._refuses(ENOTTY, kvm, Ioctl.SET_USER_MEMORY_REGION, bytes(32))
        await self._refuses(ENOTTY, kvm, Ioctl.RUN)

    async def _build(self, machine: KvmMachine) -> None:
        """Memory, one virtual CPU, the network device; each in the wrong order first."""
        vm = machine.vm_fd
        ram = REGION.pack(0, 0, mach.RAM_GPA, PAGE, mach.RAM_HVA)
        await self._refuses(EFAULT, vm, Ioctl.SET_USER_MEMORY_REGION, ram)  # not mapped yet
        await self._refuses(ENOTTY, vm, Ioctl.RUN)
        machine.create_ram()
        odd = REGION.pack(0, 0, mach.RAM_GPA + 8, PAGE, mach.RAM_HVA)
        await self._refuses(EINVAL, vm, Ioctl.SET_USER_MEMORY_REGION, odd)
        await machine.set_ram()
        twice = REGION.pack(1, 0, mach.RAM_GPA + PAGE, PAGE, mach.RAM_HVA)
        await self._refuses(EEXIST, vm, Ioctl.SET_USER_MEMORY_REGION, twice)
        bare = await self.dev.ioctl(vm, Ioctl.CREATE_VCPU, 0)
        await self._refuses(EEXIST, vm, Ioctl.CREATE_VCPU, 0)
        await self._refuses(ENOEXEC, bare, Ioctl.RUN)
        machine.vcpu_fds.append(bare)
        self.vcpu = await machine.start_vcpu(bare, self._guest)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sockets = [ours, theirs]
        irq = self.plat.event("net-irqfd")
        self.net = NetDevice(self.plat, machine, ours, irq)
        if self.defect == "lose-interrupt":
            irq = self.plat.event("nobody-listens")
        await machine.add_irqfd(irq, GSI_NET)
        if self.defect == "lose-load-data":
            defects.lose_load_data(self.vcpu)
        EchoPeer(self.plat, theirs, self.net)

    # ---- the guest ----------------------------------------------------------------------
    async def _guest(self, cpu: Vcpu) -> None:
        """Guest code from reset to power-off."""
        vm, machine = self.machine.kvm, self.machine
        view = AuditView(self.host.audit, machine.pa)
        pages = GuestPages(view, mach.RAM_GPA, machine.ram_pages, self.host.rng)
        self.kernel = kernel = Kernel(self.plat, [cpu], pages, view)
        kernel.boot()
        if self.defect == "drop-tlbi":
            defects.drop_cpu_tlbi(kernel)
        self.line = vm.guest_line(GSI_NET)
        process = Process("p", cpu, Mm(kernel, cpu, asid=1, pasid=0, space=1))
        await self._memory(process)
        await self._unmapped(process)
        await self._packets(process)
        await self._registers_from_user(process)

    def _left(self) -> tuple[int, int]:
        """Exits and stage-2 faults so far."""
        counters = self.plat.counters
        return counters["kvm-exit-mmio"], counters["kvm-stage2-fault"]

    async def _memory(self, process: Process) -> None:
        """Demand paging by the guest, stage-2 faults by KVM, then nothing leaves the guest."""
        pages = self.pick(8, 64)
        size = pages * PAGE
        process.mm.mmap(Vma(HEAP, pages))
        data = self.rng.randbytes(size)
        exits, faults = self._left()
        await process.store(HEAP, data)
        first = self._left()
        self.check(first[0] == exits, "touching memory left the guest to the VMM")
        self.check(first[1] > faults, "no stage-2 fault on the first touch of a page")
        for _ in range(3):
            self.check(await process.load(HEAP, size) == data, "memory read back wrong")
            await process.store(HEAP, data)
        self.check(self._left() == first, "an access to a mapped page left the guest")
        self._check_placement(process, data)

    def _check_placement(self, process: Process, data: bytes) -> None:
        """Where the bytes are: VA by the guest's table, IPA by the slot, PA in memory."""
        cpu, mm = process.cpu, process.mm
        for index in range(len(data) // PAGE):
            va = HEAP + index * PAGE
            ipa = mm.pte(cpu, va) & ADDR_MASK
            pa = self.machine.pa(ipa)
            self.check(
                self.host.memory.read(pa, PAGE) == data[index * PAGE :][:PAGE]
                and self.machine.kvm.stage2.lookup(ipa) == pa
                and len({va, ipa, pa}) == 3,
                f"VA 0x{va:x}, IPA 0x{ipa:x}, PA 0x{pa:x} do not belong together",
            )

    async def _unmapped(self, process: Process) -> None:
        """After munmap and its TLBI, EL0 is refused and the page belongs to nobody."""
        vma = process.mm.find(HEAP)
        assert vma is not None
        last = vma.end - PAGE
        await process.mm.munmap(process.cpu, last, 1)
        try:
            await process.load(last, 8)
        except SegmentationFault:
            return
        self.check(False, "an unmapped page can still be read")

    async def _packets(self, process: Process) -> None:
        """Packets to the other end of the cable and back; exits are counted exactly."""
        process.mm.mmap(Vma(BUFFER, 1))
        process.mm.mmap(Vma(RECEIVED, 1))
        cpu, exits = process.cpu, self._left()[0]
        driver = NetDriver(self.plat, self.kernel, NET_GPA)
        await driver.probe(cpu, self.line)
        packets = self.pick(4, 64)
        for index in range(packets):
            packet = self.rng.randbytes(self.rng.randint(60, 1514))
            await process.store(BUFFER, packet)
            await driver.send(process, BUFFER, len(packet))
            length = await driver.receive(process, RECEIVED)
            got = await process.load(RECEIVED, length)
            self.check(got == EchoPeer.answer(packet), f"packet {index} came back wrong")
        await driver.idle()
        left = self._left()[0] - exits
        expected = (
            driver.EXITS_PROBE
            + driver.EXITS_SEND * packets
            + driver.EXITS_INTERRUPT * driver.interrupts
        )
        self.check(left == expected, f"{left} exits for the packets, not {expected}")
        self.facts["exits_of_packets"] = left
        self.facts["interrupts"] = driver.interrupts

    async def _registers_from_user(self, process: Process) -> None:
        """A device page mapped into the process traps from EL0 with the right syndrome."""
        cpu, mm = process.cpu, process.mm
        mm.mmap(Vma(REGISTERS, 1, device=NET_GPA))
        await mm.handle_fault(cpu, REGISTERS, False)
        va, exits = REGISTERS + Reg.ISR, self._left()[0]
        await cpu.user_mmio_read32(mm.pgd, mm.asid, va)
        syndrome = self.vcpu.syndrome
        assert syndrome is not None
        self.check(
            (syndrome.ipa, syndrome.far, syndrome.write) == (NET_GPA + Reg.ISR, va, False)
            and self.vcpu.trace[-1].level == 0
            and self._left()[0] == exits + 1,
            f"trap from EL0: {syndrome}, {self._left()[0] - exits} exits",
        )
