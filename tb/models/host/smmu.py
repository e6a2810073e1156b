# SPDX-License-Identifier: Apache-2.0
"""The host's arm-smmu-v3 driver: the physical SMMU, SVA, stage-2 and nested domains.

The host owns the physical SMMU.  Only it writes registers, stream table entries and commands;
a guest's wishes arrive through VFIO and are checked and rewritten here (VMID and StreamID are
the host's).  Page responses of the guest become the physical CMD_RESUME.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tb.models.arm_smmu_v3 import RESP_SUCCESS, SmmuIo, decode, is_stall
from tb.models.cpu import Cpu
from tb.models.fields import Cmd, Event, Oas, SteConfig
from tb.models.host import uapi
from tb.models.host.memory import HostMemory
from tb.models.host.stage2 import SL0_LEVEL1, T0SZ, Stage2Table
from tb.models.layout import Record
from tb.models.linux.smmu import SvaSmmu
from tb.models.platform import Platform
from tb.models.timeline import Timeline

PAGE_SHIFT = 12
SUBMISSION = 64  # commands of one submission (facts 7.3)
S2_IPA_LIMIT = 16  # more pages than this: the whole VM at once
FaultHandler = Callable[[uapi.IommuFault], Awaitable[None]]

# stage-1 events that are forwarded as unrecoverable faults (facts 8.5)
REASONS = {
    Event.C_BAD_SUBSTREAMID: uapi.REASON_PASID_INVALID,
    Event.F_CD_FETCH: uapi.REASON_PASID_FETCH,
    Event.C_BAD_CD: uapi.REASON_BAD_PASID_ENTRY,
    Event.F_WALK_EABT: uapi.REASON_WALK_EABT,
    Event.F_TRANSLATION: uapi.REASON_PTE_FETCH,
    Event.F_ADDR_SIZE: uapi.REASON_OOR_ADDRESS,
    Event.F_ACCESS: uapi.REASON_ACCESS,
    Event.F_PERMISSION: uapi.REASON_PERMISSION,
}


class HostSmmuIo(SmmuIo):
    """Physical registers and host memory."""

    def __init__(self, plat: Platform, memory: HostMemory, base: int) -> None:
        self.plat = plat
        self.memory = memory
        self.base = base

    async def read32(self, offset: int) -> int:
        return await self.plat.mmio_read32(self.base + offset)

    async def write32(self, offset: int, value: int) -> None:
        await self.plat.mmio_write32(self.base + offset, value)

    def load(self, addr: int, n: int) -> bytes:
        return self.memory.read(addr, n)

    def store(self, addr: int, data: bytes) -> None:
        self.memory.write(addr, data)

    def alloc(self, size: int, align: int, what: str) -> int:
        return self.memory.alloc_contiguous(size, f"host:{what}", max(align, 4096))

    async def spend(self, step: str) -> None:
        await self.plat.spend(f"host-{step}")


@dataclass
class NestedDomain:
    """One VFIO container: stage 2 of the VM, and the guest's stage 1 once it is given."""

    vmid: int
    stage2: Stage2Table
    sid: int
    stage1: uapi.PasidTable | None = None
    handler: FaultHandler | None = None
    page_in: Callable[[int], Awaitable[bool]] | None = None  # unpinned: maps a page of stage 2
    raw_events: Callable[[bytes], Awaitable[None]] | None = None  # what is no stall, as recorded
    pending: dict[int, int] = field(default_factory=dict)  # STAG -> PASID awaiting a response


class HostSmmu(SvaSmmu):
    """Physical SMMU driver: SVA for the host's own devices, nested domains for VMs."""

    level = "host"

    def __init__(
        self,
        plat: Platform,
        memory: HostMemory,
        base: int,
        timeline: Timeline,
        *,
        use_btm: bool = False,
    ) -> None:
        io = HostSmmuIo(plat, memory, base)
        super().__init__(plat, io, "host-smmu", timeline, use_btm=use_btm)
        self.domains: dict[int, NestedDomain] = {}  # by StreamID
        self.host_faults: list[str] = []

    def io_on(self, cpu: Cpu) -> SmmuIo:
        return self.io

    async def start(self, line: str = "smmu-evtq") -> None:
        """Probe, reset, start the event queue thread."""
        await self.probe()
        await self.reset()
        self.plat.spawn(self.event_thread(self.plat.irq_line(line)), "host-evtq")

    # ---- domains ------------------------------------------------------------------------
    async def attach(self, domain: NestedDomain) -> None:
        """Stage 2 only: what a device gets when VFIO takes it (facts 7.4)."""
        self.domains[domain.sid] = domain
        await self.io.spend("driver")
        await self.write_ste(domain.sid, **self._stage2_fields(domain, SteConfig.S2))

    def _stage2_fields(self, domain: NestedDomain, config: SteConfig) -> dict[str, int]:
        return {
            "v": 1,
            "config": int(config),
            "shcfg": 1,
            "s2vmid": domain.vmid,
            "s2t0sz": T0SZ,
            "s2sl0": SL0_LEVEL1,
            "s2ir0": 1,
            "s2or0": 1,
            "s2sh0": 3,
            "s2tg": 0,
            "s2ps": int(Oas.B48),
            "s2aa64": 1,
            "s2ptw": 1,
            "s2r": 1,
            "s2s": int(domain.page_in is not None),
            "s2ttb": domain.stage2.root,
        }

    async def set_pasid_table(self, domain: NestedDomain, table: uapi.PasidTable) -> None:
        """Attach, replace or remove the guest's stage 1 (facts 8.2)."""
        await self.io.spend("driver")
        if table.flags == uapi.PASID_TABLE_UNSET or table.config != uapi.PASID_CONFIG_TRANSLATE:
            domain.stage1 = None
            if table.config == uapi.PASID_CONFIG_BYPASS:
                await self.write_ste(domain.sid, **self._stage2_fields(domain, SteConfig.S2))
            else:
                await self.abort_stream(domain.sid)
            return
        if domain.stage1 is not None:
            raise uapi.UapiError(uapi.EINVAL, "stage 1 already set")
        if table.pasid_bits > self.ssid_bits:
            raise uapi.UapiError(uapi.EINVAL, "more PASID bits than the SMMU has")
        domain.stage1 = table
        await self.nest(
            domain,
            s1fmt=table.s1fmt,
            s1contextptr=table.base_ptr,
            s1cdmax=table.pasid_bits,
            s1dss=table.s1dss,
            s1cir=1,
            s1cor=1,
            s1csh=3,
        )

    async def nest(self, domain: NestedDomain, **stage1: int) -> None:
        """Put the guest's stage 1 before the domain's stage 2."""
        # a live entry goes through abort before it becomes nested
        await self.abort_stream(domain.sid)
        fields = self._stage2_fields(domain, SteConfig.NESTED) | stage1
        await self.write_ste(domain.sid, **fields)

    async def forward(self, commands: list[bytes]) -> None:
        """Commands of a guest that were checked and rewritten, in submissions of 64."""
        for first in range(0, len(commands), SUBMISSION):
            await self.issue(commands[first : first + SUBMISSION], sync=True)

    async def invalidate(self, domain: NestedDomain, inv: uapi.CacheInvalidate) -> None:
        """CACHE_INVALIDATE to commands, with the domain's VMID and StreamID (facts 8.3)."""
        commands: list[bytes] = []
        if inv.cache & uapi.CACHE_PASID:
            if inv.granularity == uapi.GRANU_PASID:
                commands.append(Cmd.cfgi_cd(sid=domain.sid, ssid=inv.pasid, leaf=0))
            else:
                commands.append(Cmd.cfgi_cd_all(sid=domain.sid))
        if inv.cache & uapi.CACHE_IOTLB:
            commands += self._tlbi(domain, inv)
        if not commands:
            raise uapi.UapiError(uapi.EINVAL, "CACHE_INVALIDATE: nothing to do")
        await self.issue(commands, sync=True)

    def _tlbi(self, domain: NestedDomain, inv: uapi.CacheInvalidate) -> list[bytes]:
        if inv.granularity == uapi.GRANU_DOMAIN:
            return [Cmd.tlbi_nh_all(vmid=domain.vmid)]
        if not inv.flags & uapi.INV_ARCHID:
            raise uapi.UapiError(uapi.EINVAL, "IOTLB invalidation needs the ASID")
        if inv.granularity == uapi.GRANU_PASID:
            return [Cmd.tlbi_nh_asid(vmid=domain.vmid, asid=inv.archid)]
        pages = inv.nb_granules * (inv.granule_size >> PAGE_SHIFT)
        leaf = bool(inv.flags & uapi.INV_LEAF)
        return self.tlbi_range(domain.vmid, inv.archid, inv.addr, pages, leaf)

    async def invalidate_stage2(self, domain: NestedDomain, pages: list[int]) -> None:
        """Pages went from stage 2; what was combined with stage 1 goes too (facts 5.3)."""
        if len(pages) > S2_IPA_LIMIT:
            commands = [Cmd.tlbi_s12_vmall(vmid=domain.vmid)]
        else:
            commands = [Cmd.tlbi_s2_ipa(vmid=domain.vmid, addr=page) for page in pages]
            if domain.stage1 is not None:
                commands.append(Cmd.tlbi_nh_all(vmid=domain.vmid))
        await self.issue(commands, sync=True)

    async def release(self, domain: NestedDomain) -> None:
        """The domain's user is gone: its stream passes nothing, waits for nothing, left nothing."""
        domain.handler = None  # records that are still on their way are answered with failure
        await self.abort_stream(domain.sid)
        for stag in list(domain.pending):
            await self.respond(domain.sid, stag, uapi.RESP_FAILURE)
        await self.issue([Cmd.stall_term(sid=domain.sid)], sync=True)
        gone = [Cmd.cfgi_cd_all(sid=domain.sid), Cmd.tlbi_s12_vmall(vmid=domain.vmid)]
        await self.issue(gone, sync=True)
        domain.stage1 = None

    # ---- faults -------------------------------------------------------------------------
    def on_irq(self) -> None:
        self.timeline.irq()

    async def on_event(self, raw: bytes) -> None:
        """Route one record to the device's fault handler (facts 7.6, 8.5)."""
        rec = decode(raw)
        if rec.streamid in self.tables:  # a device of the host itself
            await super().on_event(raw)
            return
        domain = self.domains.get(rec.streamid)
        stall = is_stall(raw)
        if stall:
            self.timeline.hop(rec.stag, "host_thread")
        if stall and domain is not None and domain.page_in is not None and rec.s2:
            await self._stage2_fault(domain, domain.page_in, rec)
            return
        if domain is None or domain.handler is None or getattr(rec, "s2", 0):
            await self._refuse(raw, rec)
            return
        await self.io.spend("iopf-report")
        if domain.handler is None:  # released meanwhile
            await self._refuse(raw, rec)
            return
        if domain.raw_events is not None and not stall:
            await domain.raw_events(raw)
            return
        fault = self._page_request(rec) if stall else self._unrecoverable(raw[0], rec)
        if fault is None:
            self.host_faults.append(f"event 0x{raw[0]:02x} on stream 0x{rec.streamid:x}")
            return
        if stall:
            domain.pending[rec.stag] = rec.substreamid if rec.ssv else 0
        try:
            await domain.handler(fault)
        except uapi.UapiError:
            self.plat.counters["vfio-fault-ring-full"] += 1
            if stall:
                await self.respond(rec.streamid, rec.stag, uapi.RESP_FAILURE)

    async def _refuse(self, raw: bytes, rec: Record) -> None:
        """A record for nobody is noted; a stall nobody can answer is answered with failure."""
        self.host_faults.append(f"event 0x{raw[0]:02x} on stream 0x{rec.streamid:x}")
        if is_stall(raw):
            await self.respond(rec.streamid, rec.stag, uapi.RESP_FAILURE)

    async def _stage2_fault(
        self, domain: NestedDomain, page_in: Callable[[int], Awaitable[bool]], rec: Record
    ) -> None:
        """Memory of the VM that is not pinned: the host's own fault, the guest knows nothing."""
        self.plat.counters["stage2-device-faults"] += 1
        mapped = await page_in(rec.ipa)
        if mapped:
            self.timeline.hop(rec.stag, "stage2_mapped")
        await self.respond(domain.sid, rec.stag, RESP_SUCCESS if mapped else uapi.RESP_FAILURE)

    async def unmap_stage2(self, domain: NestedDomain, ipa: int) -> None:
        """Take a page out of an unpinned stage 2: descriptor, then every translation with it."""
        domain.stage2.unmap_page(ipa)
        await self.invalidate_stage2(domain, [ipa])

    @staticmethod
    def _perm(rec) -> int:
        perm = uapi.PERM_READ if rec.rnw else uapi.PERM_WRITE
        perm |= uapi.PERM_EXEC if rec.ind else 0
        return perm | (uapi.PERM_PRIV if rec.pnu else 0)

    def _page_request(self, rec) -> uapi.IommuFault:
        return uapi.IommuFault(
            uapi.FAULT_PAGE_REQUEST,
            flags=uapi.PRQ_LAST | uapi.PRQ_PRIV_DATA | (uapi.PRQ_PASID_VALID if rec.ssv else 0),
            pasid=rec.substreamid if rec.ssv else 0,
            grpid=rec.stag,
            perm=self._perm(rec),
            addr=rec.inputaddr,
            private=rec.type,  # lets the VMM rebuild the architected record
        )

    def _unrecoverable(self, kind: int, rec) -> uapi.IommuFault | None:
        reason = REASONS.get(kind)
        if reason is None:
            return None
        fault = uapi.IommuFault(uapi.FAULT_UNRECOVERABLE, reason=reason)
        if getattr(rec, "ssv", 1):
            fault.flags |= uapi.UNRECOV_PASID
            fault.pasid = rec.substreamid
        if kind >= Event.F_WALK_EABT:
            fault.flags |= uapi.UNRECOV_ADDR
            fault.addr = rec.inputaddr
            fault.perm = self._perm(rec)
        return fault

    async def respond(self, sid: int, stag: int, code: int, io: SmmuIo | None = None) -> None:
        domain = self.domains.get(sid)
        if domain is not None:
            domain.pending.pop(stag, None)
        await super().respond(sid, stag, code, io)

    def resume_queued(self, stag: int, success: bool) -> None:
        # closed before PROD moves: from then on the SMMU may reuse the STAG
        self.timeline.close(stag, success)
