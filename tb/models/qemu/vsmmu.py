# SPDX-License-Identifier: Apache-2.0
"""The emulated SMMUv3 that the guest sees: trapped registers and a guest command queue.

It translates nothing.  Commands of the guest turn into VFIO calls of the pass-through device
(:class:`VsmmuBackend`), and faults of the device turn into records of the guest's event queue.
Guest-visible features: stage 1 only, SubstreamIDs, stall model 0, two-level tables, range
invalidation; no MSI, so the guest polls CONS.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from tb.models.fields import COMMANDS, L1STD, REG, STE, Cerror, Gerror, Op, SteConfig
from tb.models.layout import Record
from tb.models.platform import Event, Platform
from tb.models.qemu.machine import Machine

CMD_BYTES, EVT_BYTES, STE_BYTES = 16, 32, 64
SSID_BITS = 16
# commands for the host: the others are dealt with here
RELAYED = {
    Op.CFGI_CD,
    Op.CFGI_CD_ALL,
    Op.TLBI_NH_ALL,
    Op.TLBI_NH_ASID,
    Op.TLBI_NH_VA,
    Op.TLBI_NH_VAA,
    Op.TLBI_NSNH_ALL,
}
ENABLES = (1 << 0) | (1 << 2) | (1 << 3)  # SMMUEN, EVENTQEN, CMDQEN
OVERFLOW = 1 << 31


class VsmmuBackend(Protocol):
    """What the pass-through device does with the guest's commands."""

    BATCH: int  # invalidations it takes at once

    async def set_stage1(self, vsid: int, ste: Record | None, enabled: bool) -> None: ...

    async def invalidate(self, commands: list[bytes]) -> int:
        """Give a batch of TLBI and CFGI_CD commands to the host; how many were accepted."""
        ...

    async def page_response(self, vsid: int, stag: int, retry: bool, abort: bool) -> None: ...

    async def terminate_all(self, vsid: int) -> None: ...


class Vsmmu:
    """Register file, command processor and event queue writer of the virtual SMMU."""

    def __init__(
        self, plat: Platform, machine: Machine, evtq_irqfd: Event, *, btm: bool = False
    ) -> None:
        self.plat = plat
        self.machine = machine
        self._irqfd = evtq_irqfd
        self.backend: VsmmuBackend | None = None
        self._streams: set[int] = set()  # vSIDs whose STE the guest has named
        self._waiting: deque[tuple[bytes, Callable[[], None] | None]] = deque()
        self.regs: dict[int, int] = {
            REG.IDR0.offset: REG.IDR0.value(
                s1p=1, ttf=2, cohacc=1, btm=int(btm), asid16=1, cd2l=1, ttendian=2, st_level=1
            ),
            REG.IDR1.offset: REG.IDR1.value(sidsize=16, ssidsize=SSID_BITS, eventqs=8, cmdqs=8),
            REG.IDR3.offset: REG.IDR3.value(had=1, ril=1),
            REG.IDR5.offset: REG.IDR5.value(oas=4, gran4k=1, stall_max=16),
            REG.AIDR.offset: 1,
        }

    # ---- registers ----------------------------------------------------------------------
    def _get(self, reg) -> int:
        value = self.regs.get(reg.offset, 0)
        if reg.width == 64:
            value |= self.regs.get(reg.offset + 4, 0) << 32
        return value

    async def mmio(self, offset: int, write: bool, value: int) -> int:
        """One trapped 32-bit access (the VMM's lock is held)."""
        self.plat.counters["vsmmu-writes" if write else "vsmmu-reads"] += 1
        if not write:
            return self.regs.get(offset, 0)
        if offset < REG.CR0.offset or offset in (REG.CR0ACK.offset, REG.IRQ_CTRLACK.offset):
            return 0  # read-only
        self.regs[offset] = value
        if offset == REG.CR0.offset:
            await self._write_cr0(value)
        elif offset == REG.IRQ_CTRL.offset:
            self.regs[REG.IRQ_CTRLACK.offset] = value & 0b101
        elif offset == REG.GBPA.offset:
            self.regs[offset] = value & ~(1 << 31)
        elif offset == REG.CMDQ_PROD.offset or offset == REG.GERRORN.offset:
            await self._consume()
        elif offset == REG.EVENTQ_CONS.offset:
            self._flush_events()
        return 0

    async def _write_cr0(self, value: int) -> None:
        old = self.regs.get(REG.CR0ACK.offset, 0)
        self.regs[REG.CR0ACK.offset] = value & ENABLES
        if (old ^ value) & 1:  # the tree of 2020 forgot to tell the host about SMMUEN
            for vsid in sorted(self._streams):
                await self._update_stream(vsid)
        await self._consume()

    # ---- command queue ------------------------------------------------------------------
    async def _consume(self) -> None:
        """Run the guest's commands until the queue is empty or one is wrong (facts 8.7)."""
        if not self.regs.get(REG.CR0.offset, 0) & (1 << 3) or self.backend is None:
            return
        base_reg = self._get(REG.CMDQ_BASE)
        log2 = min(base_reg & 0x1F, 8)
        base = base_reg & 0x0007_FFFF_FFFF_FFE0
        mask = (2 << log2) - 1
        batch: list[bytes] = []  # invalidations read and not yet given to the host
        while not self._command_error():
            prod = self.regs.get(REG.CMDQ_PROD.offset, 0) & mask
            cons = self.regs.get(REG.CMDQ_CONS.offset, 0) & mask
            at = (cons + len(batch)) & mask
            raw = b""
            if at != prod:
                raw = self.machine.read(base + (at & (mask >> 1)) * CMD_BYTES, CMD_BYTES)
                await self.plat.spend("qemu-command")
                self.plat.counters["vsmmu-commands"] += 1
                if raw[0] in RELAYED:
                    batch.append(raw)
                    if len(batch) < self.backend.BATCH:
                        continue
                    raw = b""
            if batch:
                done = await self.backend.invalidate(batch)
                cons = (cons + done) & mask
                if done < len(batch):
                    self._command_illegal(cons)
                    return
                self._set_cons(cons, 0)
                batch = []
            if raw:
                if not await self._execute(raw):
                    self._command_illegal(cons)
                    return
                self._set_cons((cons + 1) & mask, 0)
            elif at == prod:
                return

    def _command_illegal(self, cons: int) -> None:
        self._set_cons(cons, Cerror.ILL)
        self.regs[REG.GERROR.offset] = self.regs.get(REG.GERROR.offset, 0) ^ Gerror.CMDQ_ERR

    def _set_cons(self, cons: int, error: int) -> None:
        self.regs[REG.CMDQ_CONS.offset] = cons | error << 24

    def _command_error(self) -> bool:
        active = self.regs.get(REG.GERROR.offset, 0) ^ self.regs.get(REG.GERRORN.offset, 0)
        return bool(active & Gerror.CMDQ_ERR)

    async def _execute(self, raw: bytes) -> bool:
        """One command; False when it is illegal for this SMMU."""
        layout = COMMANDS.get(raw[0])
        back = self.backend
        if layout is None or back is None:
            return False
        cmd = layout.unpack(raw)
        match raw[0]:
            case Op.SYNC | Op.PREFETCH_CONFIG | Op.PREFETCH_ADDR:
                return raw[0] != Op.SYNC or cmd.cs != 3
            case Op.CFGI_STE:
                self._streams.add(cmd.streamid)
                await self._update_stream(cmd.streamid)
            case Op.CFGI_STE_RANGE:
                for vsid in sorted(self._streams):
                    if cmd.range == 31 or vsid >> (cmd.range + 1) == cmd.sid >> (cmd.range + 1):
                        await self._update_stream(vsid)
            case Op.RESUME:
                await back.page_response(cmd.streamid, cmd.stag, bool(cmd.ac), bool(cmd.ab))
            case Op.STALL_TERM:
                await back.terminate_all(cmd.streamid)
            case _:
                return False
        return True

    # ---- stream table -------------------------------------------------------------------
    async def _update_stream(self, vsid: int) -> None:
        assert self.backend is not None
        enabled = bool(self.regs.get(REG.CR0.offset, 0) & 1)
        ste = self.read_ste(vsid) if enabled else None
        await self.backend.set_stage1(vsid, ste, enabled)

    def read_ste(self, vsid: int) -> Record | None:
        """The guest's STE, or None when it is out of range, invalid or aborting."""
        cfg = self.regs.get(REG.STRTAB_BASE_CFG.offset, 0)
        base = self._get(REG.STRTAB_BASE) & 0x0007_FFFF_FFFF_FFC0
        log2, split = min(cfg & 0x3F, 16), (cfg >> 6) & 0x1F
        if vsid >> log2:
            return None
        addr = base + vsid * STE_BYTES
        if (cfg >> 16) & 3 == 1:
            l1std = L1STD.unpack(self.machine.read(base + 8 * (vsid >> split), 8))
            index = vsid & ((1 << split) - 1)
            if not l1std.span or index >> (l1std.span - 1):
                return None
            addr = l1std.l2ptr + index * STE_BYTES
        ste = STE.unpack(self.machine.read(addr, STE_BYTES))
        return ste if ste.v and ste.config & 4 else None

    @staticmethod
    def translates(ste: Record | None) -> bool:
        """True for a stage-1 STE; the guest's view has no other translating kind."""
        return ste is not None and ste.config == SteConfig.S1

    # ---- event queue --------------------------------------------------------------------
    async def record(self, raw: bytes, stall: bool, done: Callable[[], None] | None = None) -> None:
        """Write a record into the guest's event queue, or keep a stall until there is room."""
        await self.plat.spend("qemu-event-write")
        if self._waiting or not self._write_event(raw, done):
            if stall:  # stall events are never lost (facts 6.7)
                self._waiting.append((raw, done))
            else:
                self._drop_event()

    def _event_indexes(self) -> tuple[int, int, int, int]:
        reg = self._get(REG.EVENTQ_BASE)
        log2 = min(reg & 0x1F, 8)
        mask = (2 << log2) - 1
        prod = self.regs.get(REG.EVENTQ_PROD.offset, 0)
        cons = self.regs.get(REG.EVENTQ_CONS.offset, 0)
        return reg & 0x0007_FFFF_FFFF_FFE0, mask, prod, cons

    def _write_event(self, raw: bytes, done: Callable[[], None] | None) -> bool:
        base, mask, prod, cons = self._event_indexes()
        if not self.regs.get(REG.CR0.offset, 0) & (1 << 2):
            return False
        if (prod ^ cons) & mask == (mask + 1) >> 1:
            return False
        was_empty = (prod ^ cons) & mask == 0
        self.machine.write(base + (prod & (mask >> 1)) * EVT_BYTES, raw)
        self.regs[REG.EVENTQ_PROD.offset] = (prod & OVERFLOW) | ((prod + 1) & mask)
        self.plat.counters["vsmmu-events"] += 1
        if done is not None:
            done()
        if was_empty and self.regs.get(REG.IRQ_CTRL.offset, 0) & (1 << 2):
            self._irqfd.set()
        return True

    def _drop_event(self) -> None:
        _, _, prod, cons = self._event_indexes()
        enabled = self.regs.get(REG.CR0.offset, 0) & (1 << 2)
        if enabled and not (prod ^ cons) & OVERFLOW:
            self.regs[REG.EVENTQ_PROD.offset] = prod ^ OVERFLOW

    def _flush_events(self) -> None:
        while self._waiting and self._write_event(*self._waiting[0]):
            self._waiting.popleft()
