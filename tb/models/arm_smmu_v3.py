# SPDX-License-Identifier: Apache-2.0
"""The arm-smmu-v3 driver core that the host and the guest share (facts 7.1 to 7.6).

As with Linux, one driver serves both: the host runs it on the physical registers, the guest on
trapped ones.  The difference is in :class:`SmmuIo` (how registers, memory and allocation are
reached, and what a step costs) and in the subclass that decides what to do with an event.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tb.models.cpu import CpuIdentity
from tb.models.fields import L1STD, REG, STE, Cmd, EventRecord, SteConfig
from tb.models.layout import Record
from tb.models.platform import Event, Mutex, Platform

CMD_BYTES, EVT_BYTES, STE_BYTES = 16, 32, 64
CR0_SMMUEN, CR0_EVENTQEN, CR0_CMDQEN = 1 << 0, 1 << 2, 1 << 3
CR1_LINUX = 0xD75  # inner shareable, write-back for tables and queues
CR2_PTM, CR2_RECINVSID = 1 << 2, 1 << 1
IDR0_BTM = 1 << 5
IRQ_GERROR, IRQ_EVENTQ = 1 << 0, 1 << 2
BASE_RA = 1 << 62
STRTAB_SPLIT = 8
TLBI_OPCODES, CFGI_OPCODES = range(0x10, 0x40), range(0x03, 0x07)  # facts 5.2
STALL_TYPES = (0x10, 0x11, 0x12, 0x13)
RESP_SUCCESS, RESP_INVALID, RESP_FAILURE = 0, 1, 2
OAS_BITS = {0: 32, 1: 36, 2: 40, 3: 42, 4: 44, 5: 48, 6: 52}  # any other code counts as 48
VA_BITS_WIDE = 52


class SmmuProbeError(RuntimeError):
    """The SMMU lacks something the driver needs (facts 7.1)."""


class SvaUnsupportedError(RuntimeError):
    """The SMMU cannot share page tables with this CPU; nothing was set up for it."""


class SmmuIo(ABC):
    """Registers, memory and costs as one driver instance sees them."""

    @abstractmethod
    async def read32(self, offset: int) -> int: ...

    @abstractmethod
    async def write32(self, offset: int, value: int) -> None: ...

    @abstractmethod
    def load(self, addr: int, n: int) -> bytes:
        """CPU load from a table or queue at its DMA address."""

    @abstractmethod
    def store(self, addr: int, data: bytes) -> None:
        """CPU store, same address."""

    @abstractmethod
    def alloc(self, size: int, align: int, what: str) -> int:
        """DMA-coherent allocation; returns the address the SMMU is given."""

    @abstractmethod
    async def spend(self, step: str) -> None:
        """Spend the cost of ``<layer>-<step>``."""

    async def write64(self, offset: int, value: int) -> None:
        await self.write32(offset + 4, value >> 32)
        await self.write32(offset, value & 0xFFFF_FFFF)


@dataclass
class Queue:
    """Software's side of one circular queue (facts 1.8): index plus wrap bit."""

    base: int
    log2: int
    entry: int
    prod: int = 0
    cons: int = 0

    def slot(self, index: int) -> int:
        return self.base + (index & ((1 << self.log2) - 1)) * self.entry

    def step(self, index: int, n: int = 1) -> int:
        return (index + n) & ((2 << self.log2) - 1)

    def used(self) -> int:
        return (self.prod - self.cons) & ((2 << self.log2) - 1)

    def space(self) -> int:
        return (1 << self.log2) - self.used()


class SmmuDriver:
    """Probe, reset, command queue, stream table and event thread."""

    QUEUE_LIMIT = 8  # log2 entries

    def __init__(self, plat: Platform, io: SmmuIo, name: str, *, use_btm: bool = False) -> None:
        self.plat = plat
        self.io = io
        self.name = name
        self.msi_sync = False
        self.broadcast = False  # TLBIs of the CPUs reach this SMMU (facts 7.8)
        self._use_btm = use_btm  # mainline never does
        self._cmd_lock = Mutex(plat, f"{name}-cmdq")
        self._l2: dict[int, int] = {}  # stream table: L1 index -> L2 address

    # ---- probe and reset ----------------------------------------------------------------
    async def probe(self) -> None:
        """Read the ID registers and refuse what Linux refuses."""
        await self.io.spend("driver")
        ids = (REG.IDR0, REG.IDR1, REG.IDR3, REG.IDR5)
        self.idr0, self.idr1, self.idr3, self.idr5 = [
            await self.io.read32(reg.offset) for reg in ids
        ]
        self.range_inv = bool(self.idr3 & (1 << 10))
        if (self.idr0 >> 21) & 3 in (1, 3):
            raise SmmuProbeError("big-endian tables only")
        if not (self.idr0 >> 2) & 2:
            raise SmmuProbeError("no AArch64 translation tables")
        if not self.idr0 & 3:
            raise SmmuProbeError("neither stage 1 nor stage 2")
        self.sid_bits = self.idr1 & 0x3F
        self.ssid_bits = (self.idr1 >> 6) & 0x1F
        cmdqs, evtqs = (self.idr1 >> 21) & 0x1F, (self.idr1 >> 16) & 0x1F
        if cmdqs <= 6:
            raise SmmuProbeError("command queue not larger than one batch of 64")
        self.two_level = bool((self.idr0 >> 27) & 3) and self.sid_bits > 8
        self.can_stall = (self.idr0 >> 24) & 3 in (0, 2)
        self.msi_sync = bool(self.idr0 & (1 << 13)) and bool(self.idr0 & (1 << 4))
        self.broadcast = self._use_btm and bool(self.idr0 & IDR0_BTM)
        limit = self.QUEUE_LIMIT
        self.cmdq = self._make_queue(min(cmdqs, limit), CMD_BYTES, "smmu-queue cmdq")
        self.evtq = self._make_queue(min(evtqs, limit), EVT_BYTES, "smmu-queue evtq")
        self._make_stream_table()

    def sva_supported(self, cpu: CpuIdentity) -> bool:
        """May processes of this CPU be bound to devices (facts 7.1)? The IDRs of :meth:`probe`.

        The SMMU walks the tables of the CPU, so it must not reach less far than the CPU.
        """
        if cpu.va_bits >= VA_BITS_WIDE and not self.idr5 >> 10 & 3:
            return False
        coherent, asid16, gran4k = self.idr0 >> 4 & 1, self.idr0 >> 12 & 1, self.idr5 >> 4 & 1
        if not (coherent and gran4k):
            return False
        if OAS_BITS.get(self.idr5 & 7, 48) < cpu.parange_bits:
            return False
        return (16 if asid16 else 8) >= cpu.asid_bits

    def _make_queue(self, log2: int, entry: int, what: str) -> Queue:
        size = entry << log2
        return Queue(self.io.alloc(size, size, what), log2, entry)

    def _make_stream_table(self) -> None:
        if self.two_level:
            size = 8 << (self.sid_bits - STRTAB_SPLIT)
            self.strtab_cfg = (1 << 16) | (STRTAB_SPLIT << 6) | self.sid_bits
        else:
            size = STE_BYTES << self.sid_bits
            self.strtab_cfg = self.sid_bits
        self.strtab = self.io.alloc(size, size, "smmu strtab")

    async def reset(self) -> None:
        """Bring the SMMU up in the order of facts 7.2."""
        io = self.io
        await io.spend("driver")
        if await io.read32(REG.CR0.offset) & CR0_SMMUEN:
            await self._gbpa_abort()
        await self._write_ack(REG.CR0.offset, REG.CR0ACK.offset, 0)
        await io.write32(REG.CR1.offset, CR1_LINUX)
        ptm = 0 if self.broadcast else CR2_PTM
        await io.write32(REG.CR2.offset, ptm | CR2_RECINVSID)
        await io.write64(REG.STRTAB_BASE.offset, self.strtab | BASE_RA)
        await io.write32(REG.STRTAB_BASE_CFG.offset, self.strtab_cfg)
        await io.write64(REG.CMDQ_BASE.offset, self.cmdq.base | BASE_RA | self.cmdq.log2)
        await io.write32(REG.CMDQ_PROD.offset, 0)
        await io.write32(REG.CMDQ_CONS.offset, 0)
        enables = CR0_CMDQEN
        await self._write_ack(REG.CR0.offset, REG.CR0ACK.offset, enables)
        await self.issue([Cmd.cfgi_all()], sync=True)
        await self.issue([Cmd.tlbi_nsnh_all()], sync=True)
        await io.write64(REG.EVENTQ_BASE.offset, self.evtq.base | BASE_RA | self.evtq.log2)
        await io.write32(REG.EVENTQ_PROD.offset, 0)
        await io.write32(REG.EVENTQ_CONS.offset, 0)
        enables |= CR0_EVENTQEN
        await self._write_ack(REG.CR0.offset, REG.CR0ACK.offset, enables)
        await self._write_ack(REG.IRQ_CTRL.offset, REG.IRQ_CTRLACK.offset, 0)
        if self.idr0 & (1 << 13):  # MSI capable, but the queues use wires here
            await io.write64(REG.GERROR_IRQ_CFG0.offset, 0)
            await io.write64(REG.EVENTQ_IRQ_CFG0.offset, 0)
        irqs = IRQ_EVENTQ | IRQ_GERROR
        await self._write_ack(REG.IRQ_CTRL.offset, REG.IRQ_CTRLACK.offset, irqs)
        await self._write_ack(REG.CR0.offset, REG.CR0ACK.offset, enables | CR0_SMMUEN)

    async def _write_ack(self, reg: int, ack: int, value: int) -> None:
        await self.io.write32(reg, value)
        for _ in range(1000):
            if await self.io.read32(ack) == value:
                return
        raise TimeoutError(f"{self.name}: register 0x{ack:x} does not become 0x{value:x}")

    async def _gbpa_abort(self) -> None:
        gbpa = REG.GBPA.offset
        for value in (None, (1 << 31) | (1 << 20)):
            if value is not None:
                await self.io.write32(gbpa, value)
            for _ in range(1000):
                if not await self.io.read32(gbpa) >> 31:
                    break
            else:
                raise TimeoutError(f"{self.name}: GBPA.Update stays set")

    # ---- command queue ------------------------------------------------------------------
    async def issue(
        self,
        commands: list[bytes],
        *,
        sync: bool,
        io: SmmuIo | None = None,
        on_queued: Callable[[], None] | None = None,
    ) -> None:
        """Append a batch, move PROD once, and wait for the CMD_SYNC when asked (facts 7.3).

        ``io`` tells on which CPU the caller runs; the driver's own one where not given.
        ``on_queued`` is called with the commands in memory, before PROD moves.
        """
        q, io = self.cmdq, io or self.io
        async with self._cmd_lock:
            await io.spend("cmdq")
            while q.space() < len(commands) + 1:
                q.cons = await io.read32(REG.CMDQ_CONS.offset) & ((2 << q.log2) - 1)
            for command in commands:
                io.store(q.slot(q.prod), command)
                q.prod = q.step(q.prod)
            slot = 0
            if sync:
                slot = q.slot(q.prod)
                io.store(slot, self._sync_command(slot))
                q.prod = q.step(q.prod)
            self._count(commands, sync)
            target = q.prod
            if on_queued is not None:
                on_queued()
            await io.write32(REG.CMDQ_PROD.offset, q.prod)
        if sync:
            await self._wait_sync(slot, target, io)

    def _count(self, commands: list[bytes], sync: bool) -> None:
        counters = self.plat.counters
        counters[f"{self.name}-commands"] += len(commands) + sync
        counters[f"{self.name}-tlbi"] += sum(raw[0] in TLBI_OPCODES for raw in commands)
        counters[f"{self.name}-cfgi"] += sum(raw[0] in CFGI_OPCODES for raw in commands)

    def tlbi_range(self, vmid: int, asid: int, va: int, pages: int, leaf: bool) -> list[bytes]:
        """TLBI_NH_VA commands for 4 KB pages; ranges where the SMMU has them (facts 5.4)."""
        out: list[bytes] = []
        common = {"vmid": vmid, "asid": asid, "leaf": int(leaf)}
        if not self.range_inv:
            return [Cmd.tlbi_nh_va(addr=va + (i << 12), **common) for i in range(pages)]
        while pages:
            if pages == 1:  # TG with NUM, SCALE and TTL all zero is illegal
                out.append(Cmd.tlbi_nh_va(addr=va, **common))
                break
            scale = (pages & -pages).bit_length() - 1
            num = (pages >> scale) & 31
            if scale == 0 and num == 1:  # same trap: one page now, the rest as a range
                out.append(Cmd.tlbi_nh_va(addr=va, **common))
            else:
                out.append(Cmd.tlbi_nh_va(addr=va, tg=1, num=num - 1, scale=scale, **common))
            va += (num << scale) << 12
            pages -= num << scale
        return out

    def _sync_command(self, slot: int) -> bytes:
        if self.msi_sync:  # Linux: the SYNC's own slot is the MSI target
            return Cmd.sync(cs=1, msh=3, msiattr=0xF, msidata=0, msiaddr=slot)
        return Cmd.sync(cs=2)

    async def _wait_sync(self, slot: int, target: int, io: SmmuIo) -> None:
        q = self.cmdq
        for _ in range(100_000):
            if self.msi_sync:
                if io.load(slot, 4) == b"\0\0\0\0":
                    q.cons = target if self._ahead(target) else q.cons
                    return
                await io.spend("sync-poll")
            else:
                cons = await io.read32(REG.CMDQ_CONS.offset) & ((2 << q.log2) - 1)
                q.cons = cons if self._ahead(cons) else q.cons
                if not self._ahead(target) or cons == target:
                    return
        raise TimeoutError(f"{self.name}: CMD_SYNC does not complete")

    def _ahead(self, index: int) -> bool:
        """True when ``index`` lies in (cons, prod]: consumption never moves backwards."""
        q = self.cmdq
        mask = (2 << q.log2) - 1
        return 0 < ((index - q.cons) & mask) <= q.used()

    # ---- structures in memory -----------------------------------------------------------
    def ste_address(self, sid: int) -> int:
        """Address of a stream's entry; makes the second-level table on first use."""
        if not self.two_level:
            return self.strtab + sid * STE_BYTES
        index = sid >> STRTAB_SPLIT
        if index not in self._l2:
            size = STE_BYTES << STRTAB_SPLIT
            self._l2[index] = self.io.alloc(size, size, "smmu strtab-l2")
            self.io.store(
                self.strtab + 8 * index, L1STD.pack(span=STRTAB_SPLIT + 1, l2ptr=self._l2[index])
            )
        return self._l2[index] + (sid & ((1 << STRTAB_SPLIT) - 1)) * STE_BYTES

    async def write_entry(
        self, addr: int, new: bytes, invalidate: bytes, io: SmmuIo | None = None
    ) -> None:
        """Change a live STE or CD; ``invalidate`` is the command that makes it seen."""
        io = io or self.io
        await replace_entry(io, addr, new, lambda: self.issue([invalidate], sync=True, io=io))

    async def write_ste(self, sid: int, **fields: int) -> None:
        """Replace the STE of ``sid``."""
        image = STE.pack(**fields)
        addr = self.ste_address(sid)
        await self.write_entry(addr, image, Cmd.cfgi_ste(sid=sid, leaf=1))

    async def abort_stream(self, sid: int) -> None:
        """Terminate everything of a stream silently (STE.Config = abort)."""
        await self.write_ste(sid, v=1, config=int(SteConfig.ABORT))

    # ---- events -------------------------------------------------------------------------
    async def event_thread(self, line: Event) -> None:
        """Threaded interrupt handler of the event queue."""
        while True:
            await line.wait()
            line.clear()
            self.on_irq()
            await self.io.spend("irq-entry")
            await self.io.spend("thread-wake")
            await self._drain()

    async def _drain(self) -> None:
        q = self.evtq
        mask = (2 << q.log2) - 1
        while True:
            prod = await self.io.read32(REG.EVENTQ_PROD.offset)
            q.prod = prod & mask
            if q.prod == q.cons:
                return
            while q.cons != q.prod:
                raw = self.io.load(q.slot(q.cons), EVT_BYTES)
                await self.io.spend("evtq-record")
                self.plat.counters[f"{self.name}-events"] += 1
                await self.on_event(raw)
                q.cons = q.step(q.cons)
            # OVACKFLG copies OVFLG: acknowledges an overflow with the same write (facts 1.8)
            await self.io.write32(REG.EVENTQ_CONS.offset, (prod & (1 << 31)) | q.cons)

    def on_irq(self) -> None:
        """Called at the interrupt, before any cost."""

    async def on_event(self, raw: bytes) -> None:
        """Deal with one record; supplied by the host and the guest driver."""
        raise NotImplementedError

    async def page_response(
        self,
        sid: int,
        stag: int,
        code: int,
        io: SmmuIo | None = None,
        on_queued: Callable[[], None] | None = None,
    ) -> None:
        """Answer a stall: CMD_RESUME with retry or abort, no CMD_SYNC (facts 7.6)."""
        retry = code == RESP_SUCCESS
        command = Cmd.resume(sid=sid, stag=stag, ac=int(retry), ab=int(not retry))
        self.plat.counters[f"{self.name}-resumes"] += 1
        await self.issue([command], sync=False, io=io, on_queued=on_queued)


async def replace_entry(
    io: SmmuIo, addr: int, new: bytes, invalidate: Callable[[], Awaitable[None]]
) -> None:
    """Change a live STE or CD (facts 2.5): one word if that is all, else through V=0.

    The V bit is in word 0 of both, so writing word 0 as zero makes the entry invalid.
    """
    old = io.load(addr, len(new))
    changed = [i for i in range(0, len(new), 8) if old[i : i + 8] != new[i : i + 8]]
    if not changed:
        return
    if changed != [0] and len(changed) > 1:
        if old[:8] != bytes(8):
            io.store(addr, bytes(8))
            await invalidate()
        io.store(addr + 8, new[8:])
        await invalidate()
        io.store(addr, new[:8])
    else:
        io.store(addr + changed[0], new[changed[0] : changed[0] + 8])
    await invalidate()


def is_stall(raw: bytes) -> bool:
    """True for a record of a stalled transaction."""
    word = int.from_bytes(raw[8:16], "little")
    return raw[0] in STALL_TYPES and bool(word >> 31 & 1)


def decode(raw: bytes) -> Record:
    """Event record with named fields."""
    return EventRecord.unpack(raw)
