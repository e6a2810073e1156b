# SPDX-License-Identifier: Apache-2.0
"""The arm-smmu-v3 driver with SVA: CD tables, shared page tables, stall events.

A guest runs it on trapped registers; its stage-1 structures are what the physical SMMU reads
through stage 2 (facts 3.5, 7.4, 7.5).  The host's driver is built on it too
(``host.smmu.HostSmmu``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tb.models.arm_smmu_v3 import RESP_SUCCESS, SmmuDriver, SmmuIo, decode, is_stall
from tb.models.cpu import Cpu
from tb.models.fields import Cmd, Event, S1Dss, S1Fmt, SteConfig
from tb.models.layout import Record
from tb.models.linux.cd_table import CdTables
from tb.models.linux.kernel import Kernel
from tb.models.platform import Event as Signal
from tb.models.platform import Platform
from tb.models.timeline import Timeline

StallHandler = Callable[[Record], Awaitable[None]]


class SvaSmmu(SmmuDriver):
    """Devices with two-level CD tables, SVA contexts, page requests out of stalls."""

    level = "guest"  # prefix of the hops this driver marks

    def __init__(
        self, plat: Platform, io: SmmuIo, name: str, timeline: Timeline, *, use_btm: bool = False
    ) -> None:
        super().__init__(plat, io, name, use_btm=use_btm)
        self.timeline = timeline
        self.observed_sid: int | None = None  # physical StreamID, for the timeline only
        self.stall_handler: StallHandler | None = None
        self.reported: list[str] = []  # unrecoverable events, as the kernel log shows them
        self.tables = CdTables(self._invalidate_cd)

    def io_on(self, cpu: Cpu) -> SmmuIo:
        """Access path of code that runs on ``cpu``."""
        raise NotImplementedError

    # ---- stage 1 ------------------------------------------------------------------------
    async def attach_device(self, sid: int) -> None:
        """Stage-1 STE with a two-level CD table; traffic without a SubstreamID is refused."""
        table = self.tables.add(sid, self.ssid_bits, self.io)
        await self.io.spend("driver")
        await self.write_ste(
            sid,
            v=1,
            config=int(SteConfig.S1),
            s1fmt=int(S1Fmt.L2_64K),
            s1contextptr=table,
            s1cdmax=self.ssid_bits,
            s1dss=int(S1Dss.TERMINATE),
            s1cir=1,
            s1cor=1,
            s1csh=3,
        )

    async def _invalidate_cd(self, sid: int, ssid: int, leaf: bool, io: SmmuIo) -> None:
        await self.issue([Cmd.cfgi_cd(sid=sid, ssid=ssid, leaf=int(leaf))], sync=True, io=io)

    async def write_cd(self, sid: int, ssid: int, io: SmmuIo, **fields: int) -> None:
        """Write one context descriptor; no fields at all clears it."""
        await self.tables.write(sid, ssid, io, **fields)

    async def invalidate_va(self, asid: int, va: int, pages: int, io: SmmuIo) -> None:
        """Device TLB of a range; returns when the CMD_SYNC completed."""
        commands = self.tlbi_range(0, asid, va, pages, leaf=False)
        await self.issue(commands, sync=True, io=io)

    async def invalidate_asid(self, asid: int, io: SmmuIo) -> None:
        """Device TLB of a whole address space."""
        await self.issue([Cmd.tlbi_nh_asid(asid=asid)], sync=True, io=io)

    # ---- events -------------------------------------------------------------------------
    async def on_event(self, raw: bytes) -> None:
        """A stall becomes a page request; anything else is logged (facts 7.6)."""
        rec = decode(raw)
        if is_stall(raw):
            self.timeline.hop(rec.stag, f"{self.level}_thread")
            if self.stall_handler is not None:
                await self.stall_handler(rec)
            return
        name = Event(raw[0]).name
        addr = getattr(rec, "inputaddr", None)
        where = "" if addr is None else f" address 0x{addr:x}"
        self.reported.append(f"{name} sid 0x{rec.streamid:x} ssid {rec.substreamid}{where}")

    async def respond(self, sid: int, stag: int, code: int, io: SmmuIo | None = None) -> None:
        """Answer a page request: exactly one CMD_RESUME per recorded stall."""

        def queued() -> None:
            self.resume_queued(stag, code == RESP_SUCCESS)

        await self.page_response(sid, stag, code, io, on_queued=queued)

    def resume_queued(self, stag: int, success: bool) -> None:
        """CMD_RESUME is in the command queue, PROD has not moved yet."""
        self.timeline.hop(stag, "guest_resume")


class GuestSmmuIo(SmmuIo):
    """Registers through traps, memory through the EL1 linear map of one virtual CPU."""

    def __init__(self, kernel: Kernel, cpu: Cpu, base: int) -> None:
        self.kernel = kernel
        self.cpu = cpu
        self.base = base

    async def read32(self, offset: int) -> int:
        return await self.cpu.mmio_read32(self.base + offset)

    async def write32(self, offset: int, value: int) -> None:
        await self.cpu.mmio_write32(self.base + offset, value)

    def load(self, addr: int, n: int) -> bytes:
        return self.cpu.kread(addr, n)

    def store(self, addr: int, data: bytes) -> None:
        self.cpu.kwrite(addr, data)

    def alloc(self, size: int, align: int, what: str) -> int:
        return self.kernel.alloc_zeroed(size, what, max(align, 4096))

    async def spend(self, step: str) -> None:
        await self.cpu.kernel(step)


class GuestSmmu(SvaSmmu):
    """The driver in a guest, on the virtual SMMU."""

    def __init__(
        self,
        plat: Platform,
        kernel: Kernel,
        cpu: Cpu,
        base: int,
        timeline: Timeline,
        *,
        use_btm: bool = False,
    ) -> None:
        io = GuestSmmuIo(kernel, cpu, base)
        super().__init__(plat, io, "guest-smmu", timeline, use_btm=use_btm)
        self.kernel = kernel
        self.base = base

    def io_on(self, cpu: Cpu) -> GuestSmmuIo:
        return GuestSmmuIo(self.kernel, cpu, self.base)

    async def start(self, line: Signal) -> None:
        """Probe, reset, start the threaded interrupt handler."""
        await self.probe()
        await self.reset()
        self.plat.spawn(self.event_thread(line), "guest-evtq")

    def on_irq(self) -> None:
        self.timeline.guest_irq(self.observed_sid)
