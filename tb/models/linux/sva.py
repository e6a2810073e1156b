# SPDX-License-Identifier: Apache-2.0
"""Shared virtual addressing: bind, I/O page faults, mmu notifier, unbind.

Order matters more than anything here.  A bond is made visible to the device last and taken away
first; page requests of a process that is going away are answered as failed; unbind drains the
event queue and the worker before the PASID can be reused (facts 7.5 to 7.7).
"""

from __future__ import annotations

from typing import Protocol

from tb.models.arm_smmu_v3 import RESP_INVALID, RESP_SUCCESS, SmmuIo, SvaUnsupportedError
from tb.models.cpu import Cpu, CpuIdentity
from tb.models.layout import Record
from tb.models.linux.cd_table import sva_cd
from tb.models.linux.kernel import Kernel, PidAllocator
from tb.models.linux.mm import Mm
from tb.models.linux.smmu import StallHandler
from tb.models.platform import Channel, Platform
from tb.models.timeline import Timeline


class SvaIommu(Protocol):
    """What SVA needs of the driver below: the SMMU's, or the virtio IOMMU's."""

    name: str
    level: str  # prefix of the hops it marks
    broadcast: bool
    observed_sid: int | None
    timeline: Timeline
    io: SmmuIo
    stall_handler: StallHandler | None

    def sva_supported(self, cpu: CpuIdentity) -> bool: ...

    def io_on(self, cpu: Cpu) -> SmmuIo: ...

    async def write_cd(self, sid: int, ssid: int, io: SmmuIo, **fields: int) -> None: ...

    async def invalidate_va(self, asid: int, va: int, pages: int, io: SmmuIo) -> None: ...

    async def invalidate_asid(self, asid: int, io: SmmuIo) -> None: ...

    async def respond(self, sid: int, stag: int, code: int, io: SmmuIo) -> None: ...


class Bond:
    """One process bound to one device: a live context descriptor."""

    def __init__(self, sva: Sva, sid: int, pasid: int, mm: Mm) -> None:
        self.sva = sva
        self.sid = sid
        self.pasid = pasid
        self.mm = mm
        self.released = False

    # ---- mmu notifier (facts 7.7) ---------------------------------------------------------
    async def invalidate_range(self, cpu: Cpu, start: int, pages: int) -> None:
        """Device TLB of a range; returns when the invalidation completed.

        With broadcast the TLBI and DSB of the CPU have done it already.
        """
        smmu = self.sva.smmu
        if smmu.broadcast:
            return
        await smmu.invalidate_va(self.mm.asid, start, pages, smmu.io_on(cpu))

    async def release(self, cpu: Cpu) -> None:
        """The address space dies: no walks any more, but the CD stays valid.

        V stays set so that late transactions end in a translation fault without a flood of
        C_BAD_CD reports (facts 7.7); S and R are cleared so that they neither stall nor report.
        """
        smmu, io = self.sva.smmu, self.sva.smmu.io_on(cpu)
        fields = sva_cd(self.mm.pgd, self.mm.asid) | {"epd0": 1, "s": 0, "r": 0}
        await smmu.write_cd(self.sid, self.pasid, io, **fields)
        await self.sva.invalidate_asid(self.mm.asid, io)
        smmu.timeline.abandon(self.pasid, smmu.observed_sid)
        self.released = True


class Sva:
    """SVA core of a kernel for one IOMMU."""

    WORKERS = 2

    def __init__(self, plat: Platform, kernel: Kernel, smmu: SvaIommu) -> None:
        self.plat = plat
        self.kernel = kernel
        self.smmu = smmu
        self.pasids = PidAllocator(1, 1023)
        self.bonds: dict[tuple[int, int], Bond] = {}
        self.responses: dict[str, int] = {"success": 0, "failure": 0}
        self._requests = Channel(plat, "iopf")
        smmu.stall_handler = self._queue_request
        for index in range(self.WORKERS):
            cpu = kernel.cpus[index % len(kernel.cpus)]
            plat.spawn(self._worker(cpu), f"iopf{index}")

    # ---- bind and unbind ----------------------------------------------------------------
    async def bind(self, cpu: Cpu, sid: int, mm: Mm) -> Bond:
        """iommu_sva_bind_device.

        SvaUnsupportedError when the CPU reaches farther than the SMMU.
        """
        if not self.smmu.sva_supported(cpu.identity):
            raise SvaUnsupportedError(f"{self.smmu.name}: {cpu.identity}")
        await cpu.kernel("driver")
        bond = Bond(self, sid, mm.pasid, mm)
        mm.notifiers.append(bond)
        self.bonds[sid, bond.pasid] = bond
        fields = sva_cd(mm.pgd, mm.asid)
        await self.smmu.write_cd(sid, bond.pasid, self.smmu.io_on(cpu), **fields)
        return bond

    async def unbind(self, cpu: Cpu, bond: Bond) -> None:
        """iommu_sva_unbind_device: drain, clear the CD, invalidate (the device is quiet)."""
        await cpu.kernel("driver")
        await self._requests.drain()
        io = self.smmu.io_on(cpu)
        await self.smmu.write_cd(bond.sid, bond.pasid, io)
        await self.invalidate_asid(bond.mm.asid, io)
        del self.bonds[bond.sid, bond.pasid]
        if bond in bond.mm.notifiers:
            bond.mm.notifiers.remove(bond)
        self.pasids.free(bond.pasid)

    async def invalidate_asid(self, asid: int, io: SmmuIo) -> None:
        """Everything of an address space; left to the CPU's TLBI where that is broadcast."""
        if not self.smmu.broadcast:
            await self.smmu.invalidate_asid(asid, io)

    # ---- page requests ------------------------------------------------------------------
    async def _queue_request(self, rec: Record) -> None:
        await self.smmu.io.spend("iopf-queue")
        self._requests.put(rec)

    async def _worker(self, cpu: Cpu) -> None:
        while True:
            rec = await self._requests.get()
            await self._serve(cpu, rec)
            self._requests.done()

    async def _serve(self, cpu: Cpu, rec: Record) -> None:
        timeline = self.smmu.timeline
        timeline.hop(rec.stag, f"{self.smmu.level}_handler")
        bond = self.bonds.get((rec.streamid, rec.substreamid)) if rec.ssv else None
        served = False
        if bond is not None and not bond.mm.exiting:
            served = await bond.mm.handle_fault(cpu, rec.inputaddr, not rec.rnw)
            if served:
                timeline.hop(rec.stag, "page_mapped")
        self.responses["success" if served else "failure"] += 1
        code = RESP_SUCCESS if served else RESP_INVALID
        await self.smmu.respond(rec.streamid, rec.stag, code, self.smmu.io_on(cpu))
