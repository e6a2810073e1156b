# SPDX-License-Identifier: Apache-2.0
"""A virtio IOMMU in place of a virtual SMMU: three ways to use it, one after the other.

a. an emulated device, whose accesses the VMM translates in software;
b. the accelerator for kernel DMA: MAP and UNMAP become VFIO calls, the SMMU translates;
c. the accelerator for processes, with the proposed extensions: the guest's CD table is attached,
   faults come as page requests with a PASID, answers and invalidations go as requests.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tb.models import accel
from tb.models.audit import PAGE
from tb.models.cpu import Cpu
from tb.models.linux.accel import UserProcess
from tb.models.linux.dma import KernelQueue
from tb.models.linux.mm import Vma
from tb.models.linux.virtio_iommu import DmaDomain
from tb.models.qemu import emulated_dma
from tb.models.qemu.emulated_dma import EMULATED_GPA, Reg
from tb.models.scenarios import defects
from tb.models.scenarios.base import Scenario
from tb.models.virtio.iommu import Property
from tb.models.virtio_stack import EMULATED, VirtioStack

COUNTED = {
    "exits": "kvm-exit-mmio",
    "requests": "viommu-requests",
    "ioctls": "ioctls",
    "commands": "host-smmu-commands",
    "tlb_invalidations": "host-smmu-tlbi",
    "events": "viommu-events",
}


class VirtioIommuScenario(Scenario):
    """One run of the scenario."""

    name = "virtio-iommu"
    title = "virtio IOMMU"
    defects = {
        "keep-iotlb": "a: the VMM keeps translations of the emulated device after UNMAP",
        "drop-unmap": "b: UNMAP is answered, but VFIO does not hear of it",
        "drop-invalidation-relay": "c: INVALIDATE is answered, but VFIO does not hear of it",
        "lose-page-response": "c: the VMM loses one PAGE_RESP",
        "mix-pasid": "c: the second process's CD points at the first one's page table",
    }

    async def run(self) -> None:
        await self.host.boot()
        self.stack = stack = VirtioStack(self.host)
        await stack.boot()
        self.cpu = stack.kernel.cpus[0]
        self.reports["guest"] = stack.iommu.reported
        self.pages = self.pick(6, 64)
        self._break()
        for part in (self._emulated, self._kernel_dma, self._processes):
            await self._measured(part)

    def _break(self) -> None:
        stack = self.stack
        match self.defect:
            case "keep-iotlb":
                defects.keep_iotlb(stack.viommu)
            case "drop-unmap":
                defects.drop_unmap(stack.relay)
            case "drop-invalidation-relay":
                defects.drop_invalidate_requests(stack.relay)
            case "lose-page-response":
                defects.lose_page_response(stack.relay)
            case "mix-pasid":
                defects.mix_pasid(stack.sva)

    async def _measured(self, part: Callable[[Cpu], Awaitable[None]]) -> None:
        """Run one part; what it took is a fact of its own."""
        counters, start = self.plat.counters, self.plat.now
        before = {name: counters[counter] for name, counter in COUNTED.items()}
        await part(self.cpu)
        used = {name: counters[counter] - before[name] for name, counter in COUNTED.items()}
        self.facts[part.__name__.strip("_")] = used | {"cycles": self.plat.now - start}

    # ---- a: translation in software -----------------------------------------------------
    async def _emulated(self, cpu: Cpu) -> None:
        iommu, kernel, size = self.stack.iommu, self.stack.kernel, self.pages * PAGE
        resv = [value for kind, value in await iommu.probe(cpu, EMULATED)]
        self.check(resv == [(1, 0x0800_0000, 0x080F_FFFF)], f"a: PROBE gave {resv}")
        domain = DmaDomain(1)
        self.stack.emulated.space = domain.space
        status = await self._emulated_copy(cpu, 0x1000, 0x2000, 64)
        self.check(
            status == emulated_dma.FAILED and await self._told(cpu, "DOMAIN endpoint 33 read"),
            f"a: access without a domain: status {status}, {iommu.reported}",
        )
        await iommu.attach(cpu, domain, EMULATED)
        source, dest = ([kernel.alloc_page("dma") for _ in range(self.pages)] for _ in range(2))
        data = self.rng.randbytes(size)
        for index, page in enumerate(source):
            cpu.kwrite(page, data[index * PAGE :][:PAGE])
        src = await iommu.map(cpu, domain, source, write=False)
        dst = await iommu.map(cpu, domain, dest)
        status = await self._emulated_copy(cpu, src, dst, size)
        got = b"".join(cpu.kread(page, PAGE) for page in dest)
        self.check(status == emulated_dma.OK and got == data, f"a: copy ended with {status}")
        status = await self._emulated_copy(cpu, dst, src, 64)
        self.check(
            status == emulated_dma.FAILED and await self._told(cpu, f"write 0x{src:x}"),
            f"a: write to a read-only mapping: status {status}, {iommu.reported}",
        )
        await iommu.unmap(cpu, domain, dst)
        status = await self._emulated_copy(cpu, src, dst, 64)
        self.check(
            status == emulated_dma.FAILED
            and await self._told(cpu, f"MAPPING endpoint 33 write 0x{dst:x}"),
            f"a: write after UNMAP: status {status}, {iommu.reported}",
        )
        await iommu.detach(cpu, domain, EMULATED)

    async def _emulated_copy(self, cpu: Cpu, src: int, dst: int, length: int) -> int:
        """Program the emulated device; every register is an exit. Returns its status."""
        words = {Reg.SRC_LO: src & 0xFFFF_FFFF, Reg.SRC_HI: src >> 32, Reg.LENGTH: length}
        words |= {Reg.DST_LO: dst & 0xFFFF_FFFF, Reg.DST_HI: dst >> 32, Reg.GO: 1}
        for reg, value in words.items():
            await cpu.mmio_write32(EMULATED_GPA + reg, value)
        return await cpu.mmio_read32(EMULATED_GPA + Reg.STATUS)

    async def _told(self, cpu: Cpu, text: str) -> bool:
        """Did a fault report with ``text`` come through the event queue, now or soon?"""
        lines = self.stack.iommu.reported
        return await self._until(cpu, lambda: any(text in line for line in lines))

    async def _until(self, cpu: Cpu, done: Callable[[], bool]) -> bool:
        for _ in range(200):
            if done():
                return True
            await cpu.run("user-poll")
        return False

    # ---- b: VFIO behind it --------------------------------------------------------------
    async def _kernel_dma(self, cpu: Cpu) -> None:
        stack, size = self.stack, self.pages * PAGE
        iommu, number = stack.iommu, stack.config.vsid
        domain = DmaDomain(2)
        queue = KernelQueue(stack.driver, iommu, domain, self.rng.randrange(8))
        stack.os.bind_space(queue.queue, domain.space)
        await iommu.attach(cpu, domain, number)
        await queue.open(cpu)
        source = await queue.alloc(cpu, self.pages, write=False)
        dest = await queue.alloc(cpu, self.pages)
        data = self.rng.randbytes(size)
        queue.store(cpu, source, data)
        record = await queue.copy(cpu, source.iova, dest.iova, size)
        self.check(record.ok and queue.load(cpu, dest) == data, f"b: copy ended with {record}")
        record = await queue.copy(cpu, dest.iova, source.iova, 64)
        self.check(
            record.status == accel.Status.WRITE and record.fault_addr == source.iova,
            f"b: write to a read-only mapping ended with {record}",
        )
        record = await queue.copy(cpu, source.iova, dest.iova + size, 64)
        self.check(record.status == accel.Status.WRITE, f"b: overrun ended with {record}")
        gone = dest.iova
        await queue.release(cpu, dest)
        record = await queue.copy(cpu, source.iova, gone, 64)
        self.check(
            record.status == accel.Status.WRITE and record.fault_addr == gone,
            f"b: write after UNMAP ended with {record}",
        )
        again = await queue.alloc(cpu, 1)
        record = await queue.copy(cpu, source.iova, again.iova, PAGE)
        self.check(record.ok and queue.load(cpu, again) == data[:PAGE], f"b: {record}")
        await iommu.detach(cpu, domain, number)
        self.check(await queue.refused(cpu), "b: the device still fetches after DETACH")
        await queue.driver.close_queue(cpu, queue.queue)
        # as with VFIO's plain mappings, such faults are the host's: the guest is not told
        seen = self.host.smmu.host_faults
        await self._until(cpu, lambda: len(seen) >= 4)
        self.check(len(seen) == 4, f"b: the host saw {seen}")

    # ---- c: tables of the guest -----------------------------------------------------------
    async def _processes(self, cpu: Cpu) -> None:
        stack = self.stack
        await stack.iommu.attach_device(cpu, stack.config.vsid, 3)
        self.check(
            stack.iommu.properties.get(Property.PASID_SIZE) == (16,), "c: PROBE of the PASIDs"
        )
        queues = self.rng.sample(range(8), 2)
        pair = [stack.os.spawn_process(n, q) for n, q in zip("AB", queues, strict=True)]
        tasks = [self.plat.spawn(self._work(p), p.name) for p in pair]
        for task in tasks:
            await task.join()
        for process in pair:
            await process.exit()
        resolved = [f for f in self.host.timeline.faults if f.outcome == "resolved"]
        self.check(len(resolved) >= 2 * self.pages, f"c: only {len(resolved)} faults resolved")
        self.check({f.pasid for f in resolved} == {p.mm.pasid for p in pair}, "c: PASIDs")

    async def _work(self, p: UserProcess) -> None:
        """Copy to untouched pages, unmap their tail, copy there again, go on."""
        await p.open()
        lay, size = p.layout, self.pages * PAGE
        p.mm.mmap(Vma(lay.source, self.pages))
        p.mm.mmap(Vma(lay.dest, self.pages))
        data = self.rng.randbytes(size)
        await p.store(lay.source, data)
        record = await p.wait(await p.post(lay.source, lay.dest, size, cookie=1))
        self.check(record.ok, f"c {p.name}: copy ended with {record}")
        self.check(await p.load(lay.dest, size) == data, f"c {p.name}: wrong bytes")
        half = self.pages // 2
        gone = lay.dest + half * PAGE
        await p.mm.munmap(p.cpu, gone, self.pages - half)
        record = await p.wait(await p.post(lay.source, gone, PAGE, cookie=2))
        self.check(
            record.status == accel.Status.WRITE and record.fault_addr == gone,
            f"c {p.name}: copy to the unmapped tail ended with {record}",
        )
        await p.acknowledge()
        record = await p.wait(await p.post(lay.source + PAGE, lay.dest, PAGE, cookie=3))
        expect = data[PAGE : 2 * PAGE] + data[PAGE : half * PAGE]
        self.check(
            record.ok and await p.load(lay.dest, half * PAGE) == expect,
            f"c {p.name}: after the fault: {record}",
        )
