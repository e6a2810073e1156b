# SPDX-License-Identifier: Apache-2.0
"""Shared virtual addressing in the guest: bind, I/O page faults, mmu notifier, unbind.

Order matters more than anything here.  A bond is made visible to the device last and taken away
first; page requests of a process that is going away are answered as failed; unbind drains the
event queue and the worker before the PASID can be reused (facts 7.5 to 7.7).
"""

from __future__ import annotations

from tb.models.arm_smmu_v3 import RESP_INVALID, RESP_SUCCESS, SvaUnsupportedError
from tb.models.cpu import Vcpu
from tb.models.fields import Cmd
from tb.models.guest.kernel import GuestKernel, PidAllocator
from tb.models.guest.mm import Mm
from tb.models.guest.smmu import GuestSmmu
from tb.models.layout import Record
from tb.models.platform import Channel, Platform


class Bond:
    """One process bound to one device: a live context descriptor."""

    def __init__(self, sva: Sva, sid: int, pasid: int, mm: Mm) -> None:
        self.sva = sva
        self.sid = sid
        self.pasid = pasid
        self.mm = mm
        self.released = False

    # ---- mmu notifier (facts 7.7) ---------------------------------------------------------
    async def invalidate_range(self, cpu: Vcpu, start: int, pages: int) -> None:
        """Device TLB of a range; returns when the CMD_SYNC completed."""
        smmu = self.sva.smmu
        commands = smmu.tlbi_range(0, self.mm.asid, start, pages, leaf=False)
        await smmu.issue(commands, sync=True, io=smmu.io_on(cpu))

    async def release(self, cpu: Vcpu) -> None:
        """The address space dies: no walks any more, but the CD stays valid.

        V stays set so that late transactions end in a translation fault without a flood of
        C_BAD_CD reports (facts 7.7); S and R are cleared so that they neither stall nor report.
        """
        smmu, io = self.sva.smmu, self.sva.smmu.io_on(cpu)
        fields = smmu.sva_cd(self.mm.pgd, self.mm.asid) | {"epd0": 1, "s": 0, "r": 0}
        await smmu.write_cd(self.sid, self.pasid, io, **fields)
        await smmu.issue([Cmd.tlbi_nh_asid(asid=self.mm.asid)], sync=True, io=io)
        self.released = True


class Sva:
    """SVA core of the guest kernel for one SMMU."""

    WORKERS = 2

    def __init__(self, plat: Platform, kernel: GuestKernel, smmu: GuestSmmu) -> None:
        self.plat = plat
        self.kernel = kernel
        self.smmu = smmu
        self.pasids = PidAllocator(1, 1023)
        self.bonds: dict[tuple[int, int], Bond] = {}
        self.responses: dict[str, int] = {"success": 0, "failure": 0}
        self._requests = Channel(plat, "iopf")
        smmu.stall_handler = self._queue_request
        for index in range(self.WORKERS):
            cpu = kernel.vcpus[index % len(kernel.vcpus)]
            plat.spawn(self._worker(cpu), f"iopf{index}")

    # ---- bind and unbind ----------------------------------------------------------------
    async def bind(self, cpu: Vcpu, sid: int, mm: Mm) -> Bond:
        """iommu_sva_bind_device; the PASID is the address space's audit name.

        SvaUnsupportedError when the CPU reaches farther than the SMMU.
        """
        if not self.smmu.sva_supported(cpu.identity):
            raise SvaUnsupportedError(f"{self.smmu.name}: {cpu.identity}")
        await cpu.run("guest-driver")
        bond = Bond(self, sid, mm.space, mm)
        mm.notifiers.append(bond)
        self.bonds[sid, bond.pasid] = bond
        fields = self.smmu.sva_cd(mm.pgd, mm.asid)
        await self.smmu.write_cd(sid, bond.pasid, self.smmu.io_on(cpu), **fields)
        return bond

    async def unbind(self, cpu: Vcpu, bond: Bond) -> None:
        """iommu_sva_unbind_device: drain, clear the CD, invalidate (the device is quiet)."""
        await cpu.run("guest-driver")
        await self._requests.drain()
        io = self.smmu.io_on(cpu)
        await self.smmu.write_cd(bond.sid, bond.pasid, io)
        await self.smmu.issue([Cmd.tlbi_nh_asid(asid=bond.mm.asid)], sync=True, io=io)
        del self.bonds[bond.sid, bond.pasid]
        if bond in bond.mm.notifiers:
            bond.mm.notifiers.remove(bond)
        self.pasids.free(bond.pasid)

    # ---- page requests ------------------------------------------------------------------
    async def _queue_request(self, rec: Record) -> None:
        await self.smmu.io.spend("iopf-queue")
        self._requests.put(rec)

    async def _worker(self, cpu: Vcpu) -> None:
        while True:
            rec = await self._requests.get()
            await self._serve(cpu, rec)
            self._requests.done()

    async def _serve(self, cpu: Vcpu, rec: Record) -> None:
        timeline = self.smmu.timeline
        timeline.hop(rec.stag, "guest_handler")
        bond = self.bonds.get((rec.streamid, rec.substreamid)) if rec.ssv else None
        served = False
        if bond is not None and not bond.mm.exiting:
            served = await bond.mm.handle_fault(cpu, rec.inputaddr, not rec.rnw)
            if served:
                timeline.hop(rec.stag, "page_mapped")
        self.responses["success" if served else "failure"] += 1
        code = RESP_SUCCESS if served else RESP_INVALID

        def queued() -> None:
            timeline.hop(rec.stag, "guest_resume")

        io = self.smmu.io_on(cpu)
        await self.smmu.page_response(rec.streamid, rec.stag, code, io, on_queued=queued)
