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
from tb.models.fields import CD, L1CD, Cmd, Event, S1Dss, S1Fmt, SteConfig
from tb.models.layout import Record
from tb.models.linux.kernel import Kernel
from tb.models.platform import Event as Signal
from tb.models.platform import Platform
from tb.models.timeline import Timeline

CD_BYTES = 64
LEAF_BITS = 10  # 1024 CDs in a 64 KB leaf (S1Fmt 2)
MAIR0, MAIR1 = 0x0044_FFFF, 0x0000_0004  # normal WB, WB tagged, NC, nGnRnE; nGnRE
StallHandler = Callable[[Record], Awaitable[None]]


class SvaSmmu(SmmuDriver):
    """Devices with two-level CD tables, SVA contexts, page requests out of stalls."""

    level = "guest"  # prefix of the hops this driver marks

    def __init__(
        self, plat: Platform, io: SmmuIo, name: str, timeline: Timeline, *, use_btm: bool = False
    ) -> None:
        super().__init__(plat, io, name, use_btm=use_btm)
        self.timeline = timeline
        self.stall_handler: StallHandler | None = None
        self.reported: list[str] = []  # unrecoverable events, as the kernel log shows them
        self._cdtab: dict[int, int] = {}  # StreamID -> L1CD table
        self._leaves: dict[tuple[int, int], int] = {}

    def io_on(self, cpu: Cpu) -> SmmuIo:
        """Access path of code that runs on ``cpu``."""
        raise NotImplementedError

    # ---- CD tables ----------------------------------------------------------------------
    async def attach_device(self, sid: int) -> None:
        """Stage-1 STE with a two-level CD table; traffic without a SubstreamID is refused."""
        l1_bytes = 8 << max(self.ssid_bits - LEAF_BITS, 0)
        table = self.io.alloc(l1_bytes, l1_bytes, "cdtable")
        self._cdtab[sid] = table
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

    async def _cd_address(self, sid: int, ssid: int, io: SmmuIo) -> int:
        index = ssid >> LEAF_BITS
        if (sid, index) not in self._leaves:
            size = CD_BYTES << LEAF_BITS
            leaf = io.alloc(size, size, "cdtable-leaf")
            self._leaves[sid, index] = leaf
            io.store(self._cdtab[sid] + 8 * index, L1CD.pack(v=1, l2ptr=leaf))
            await self.issue([Cmd.cfgi_cd(sid=sid, ssid=ssid, leaf=0)], sync=True, io=io)
        return self._leaves[sid, index] + (ssid & ((1 << LEAF_BITS) - 1)) * CD_BYTES

    async def write_cd(self, sid: int, ssid: int, io: SmmuIo, **fields: int) -> None:
        """Write one context descriptor; no fields at all clears it."""
        addr = await self._cd_address(sid, ssid, io)
        await self.write_entry(addr, CD.pack(**fields), Cmd.cfgi_cd(sid=sid, ssid=ssid, leaf=1), io)

    @staticmethod
    def sva_cd(pgd: int, asid: int) -> dict[str, int]:
        """Fields of a CD that shares a process page table (facts 7.5)."""
        return {
            "v": 1,
            "t0sz": 16,
            "tg0": 0,
            "ir0": 1,
            "or0": 1,
            "sh0": 3,
            "epd1": 1,
            "ips": 4,
            "aa64": 1,
            "s": 1,
            "r": 1,
            "a": 1,
            "aset": 0,  # the ASID is shared with the CPU
            "asid": asid,
            "ttb0": pgd,
            "mair0": MAIR0,
            "mair1": MAIR1,
        }

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
        for fault in self.timeline.outstanding():
            if "guest_event" in fault.hops:
                self.timeline.hop(fault.stag, "guest_irq")
