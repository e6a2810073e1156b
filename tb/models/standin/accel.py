# SPDX-License-Identifier: Apache-2.0
"""Stand-in of the accelerator (docs/dma.md): queues, descriptors, completion records.

Each queue is one task that works through its ring; the queues run beside each other, and a
stalled transaction holds only its own queue.  Register behaviour follows the RTL's.
"""

from __future__ import annotations

from tb.models import accel
from tb.models.hardware import QUEUES
from tb.models.platform import Platform
from tb.models.smmu_ref import Kind, Transaction
from tb.models.standin.smmu import SmmuStandin

PAGE = 4096
SLVERR = 2


class _BusError(Exception):
    """A transaction was aborted."""

    def __init__(self, addr: int, write: bool) -> None:
        super().__init__(f"0x{addr:x}")
        self.addr, self.write = addr, write


class _Queue:
    """Registers and engine of one queue."""

    def __init__(self, device: AccelStandin, index: int) -> None:
        self.device = device
        self.index = index
        self.regs: dict[int, int] = {}
        self.head = self.tail = 0
        self.enabled = self.busy = self.halted = self.resetting = False
        self.doorbell_error = False
        self.status, self.error = int(accel.Status.NONE), _BusError(0, False)
        self.done_count = self.pending = 0
        self.kick = device.plat.event(f"dma-q{index}")
        device.plat.spawn(self._engine(), f"dma-q{index}")

    # ---- registers ----------------------------------------------------------------------
    def read(self, reg: int, privileged: bool) -> int:
        user = {
            accel.UserReg.DOORBELL: self.tail,
            accel.UserReg.HEAD: self.head,
            accel.UserReg.STATUS: self._status(),
            accel.UserReg.ERR_LO: self.error.addr & 0xFFFF_FFFF,
            accel.UserReg.ERR_HI: self.error.addr >> 32,
            accel.UserReg.DONE_COUNT: self.done_count,
        }
        if reg in user:
            return user[accel.UserReg(reg)]
        return self.regs.get(reg, 0) if privileged else 0

    def _status(self) -> int:
        failed = self.halted
        return (
            int(self.enabled)
            | self.busy << 1
            | self.halted << 2
            | self.doorbell_error << 3
            | self.resetting << 4
            | (self.status << 16 if failed else 0)
            | (self.error.write << 24 if failed else 0)
            | (SLVERR << 25 if failed else 0)
        )

    def write(self, reg: int, value: int, privileged: bool) -> None:
        if reg == accel.UserReg.DOORBELL:
            size = 1 << self.regs.get(accel.PrivReg.RING_LOG2, 0)
            if self.enabled and ((value - self.head) & accel.INDEX_MASK) <= size:
                self.tail = value & accel.INDEX_MASK
            else:
                self.doorbell_error = True
        elif reg == accel.UserReg.ACK and value & 1:
            self.halted = self.doorbell_error = False
        elif privileged and reg == accel.PrivReg.CTRL:
            self.enabled = bool(value & accel.Ctrl.EN) and not value & accel.Ctrl.RESET
            self.resetting = self.resetting or bool(value & accel.Ctrl.RESET)
        elif privileged and not (self.enabled or self.busy or self.halted):
            self.regs[reg] = value
        self.kick.set()

    # ---- engine -------------------------------------------------------------------------
    async def _engine(self) -> None:
        while True:
            if self.resetting:
                self.head = self.tail = 0
                self.halted = self.doorbell_error = self.resetting = False
            if not self.enabled or self.halted or self.head == self.tail:
                self.kick.clear()
                await self.kick.wait()
                continue
            self.busy = True
            await self._descriptor()
            self.busy = False

    async def _descriptor(self) -> None:
        size = 1 << self.regs.get(accel.PrivReg.RING_LOG2, 0)
        ring = (
            self.regs.get(accel.PrivReg.RING_LO, 0) | self.regs.get(accel.PrivReg.RING_HI, 0) << 32
        )
        at = ring + (self.head & (size - 1)) * accel.DESC_BYTES
        self.status, done = int(accel.Status.OK), 0
        desc = None
        try:
            desc = accel.Descriptor.unpack(await self._read(at, accel.DESC_BYTES))
            done = await self._work(desc)
        except _BusError as error:
            self.error = error
            kind = accel.Status.WRITE if error.write else accel.Status.READ
            self.status = int(accel.Status.FETCH if desc is None else kind)
        if self.resetting:
            return
        if desc is not None and desc.flags & accel.Flag.CPL:
            bad = self.status != accel.Status.OK
            record = accel.Completion(
                desc.cookie,
                done,
                self.error.addr if bad else 0,
                self.status,
                desc.op,
                self.error.write if bad else False,
                SLVERR if bad else 0,
                self.head,
            )
            try:
                await self._write(desc.cpl, record.pack())
            except _BusError as error:
                self.error, self.status = error, int(accel.Status.CPL)
        self.halted = self.status != accel.Status.OK
        if desc is None:
            return  # the head stays: ACK tries the same descriptor again
        self.head = (self.head + 1) & accel.INDEX_MASK
        self.done_count += 1

    async def _work(self, desc: accel.Descriptor) -> int:
        done = 0
        while done < desc.length and desc.op in (accel.Op.COPY, accel.Op.FILL):
            src, dst = desc.src + done, desc.dst + done
            n = min(desc.length - done, self.device.burst, PAGE - dst % PAGE)
            if desc.op == accel.Op.COPY:
                n = min(n, PAGE - src % PAGE)
                data = await self._read(src, n)
            else:
                data = (desc.pattern.to_bytes(8, "little") * (n // 8 + 2))[done % 8 :][:n]
            if self.resetting:
                break
            await self._write(dst, data)
            done += n
        return done

    # ---- bus ----------------------------------------------------------------------------
    def _txn(self, va: int, rnw: bool, n: int) -> Transaction:
        pasid = self.regs.get(accel.PrivReg.PASID, 0)
        ssid = pasid & 0xF_FFFF if pasid & accel.PASID_VALID else None
        return Transaction(sid=self.device.sids[self.index], addr=va, rnw=rnw, ssid=ssid, length=n)

    async def _read(self, va: int, n: int) -> bytes:
        kind, data = await self.device.access(self._txn(va, True, n), self.index, None)
        if kind is Kind.ABORT:
            raise _BusError(va, False)
        return data

    async def _write(self, va: int, data: bytes) -> None:
        txn = self._txn(va, False, len(data))
        kind, _ = await self.device.access(txn, self.index, data)
        if kind is Kind.ABORT:
            raise _BusError(va, True)


class AccelStandin:
    """Register device of 1 MB and DMA master behind the stand-in SMMU."""

    def __init__(
        self,
        plat: Platform,
        smmu: SmmuStandin,
        sid: int,
        queues: int = QUEUES,
        burst: int = 256,
    ) -> None:
        self.plat = plat
        self.smmu = smmu
        self.sid = sid
        self.sids = [sid] * queues  # what each queue sends
        self.burst = burst  # bytes of the longest burst
        self.issued = self.answered = 0
        self.queues = [_Queue(self, index) for index in range(queues)]

    async def access(self, txn: Transaction, queue: int, data: bytes | None) -> tuple[Kind, bytes]:
        """One transaction of a queue."""
        self.issued += 1
        result = await self.smmu.access(txn, f"dma:{queue}", data)
        self.answered += 1
        return result

    def _find(self, offset: int) -> tuple[_Queue | None, bool, int]:
        base = accel.USER_BASE if offset >= accel.USER_BASE else accel.PRIV_BASE
        if offset < accel.PRIV_BASE:
            return None, False, offset
        index, reg = divmod(offset - base, accel.PAGE_BYTES)
        queue = self.queues[index] if index < len(self.queues) else None
        return queue, base == accel.PRIV_BASE, reg

    def read32(self, offset: int) -> int:
        queue, privileged, reg = self._find(offset)
        if queue is not None:
            return queue.read(reg, privileged)
        return {
            accel.GlobalReg.ID: accel.ID_VALUE,
            accel.GlobalReg.PARAMS: len(self.queues) | 4 << 8 | 16 << 16,
            accel.GlobalReg.SID: self.sid,
            accel.GlobalReg.BUSY_LO: sum(q.busy << q.index for q in self.queues),
        }.get(reg, 0)

    def write32(self, offset: int, value: int) -> None:
        queue, privileged, reg = self._find(offset)
        if queue is not None:
            queue.write(reg, value, privileged)
