# SPDX-License-Identifier: Apache-2.0
"""Command and event rings, and global errors (rules QUE-*, EVQ-019..030, GER-*, IRQ-*)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tb.models.fields import Cerror, Gerror
from tb.models.smmu_ref.regs import Registers
from tb.models.smmu_ref.types import MemoryPort

COMMAND_SIZE = 16
RECORD_SIZE = 32


def used(log2: int, wr: int, rd: int) -> int | None:
    """Entries between RD and WR of a ring of 2**log2; None when inconsistent (QUE-001, 004)."""
    count = (wr - rd) & ((2 << log2) - 1)
    return count if count <= 1 << log2 else None


def advance(log2: int, index: int) -> int:
    """Index and wrap bit one entry further."""
    return (index + 1) & ((2 << log2) - 1)


def slot_address(base: int, log2: int, index: int, size: int) -> int:
    """Address of an entry; the base is aligned to the queue, at least 32 bytes (QUE-003)."""
    return (base & -max(size << log2, 32)) + (index & ((1 << log2) - 1)) * size


def holds(base: int, log2: int, size: int, addr: int) -> bool:
    """Whether an address lies in a queue of 2**log2 entries of ``size`` bytes."""
    return 0 <= addr - slot_address(base, log2, 0, size) < size << log2


class Signals:
    """Global errors and interrupts: wired pulses are counted, MSIs are written."""

    def __init__(self, regs: Registers, memory: MemoryPort) -> None:
        self._regs = regs
        self._memory = memory
        self.pulses: Counter[str] = Counter()
        self.on_irq: list[Callable[[str], None]] = []

    def error(self, bit: Gerror) -> None:
        """Activate a GERROR bit unless it is active already (GER-001, GER-011)."""
        regs = self._regs
        if regs.active_errors & bit:
            return
        regs["GERROR"] ^= int(bit)
        if bit != Gerror.MSI_GERROR_ABT_ERR and regs.irq_ctrlack.gerror_irqen:
            self.pulse("gerr")
            self._msi("GERROR", Gerror.MSI_GERROR_ABT_ERR)

    def event_queue_filled(self) -> None:
        """The event queue went from empty to non-empty (IRQ-003)."""
        if self._regs.irq_ctrlack.eventq_irqen:
            self.pulse("evtq")
            self._msi("EVENTQ", Gerror.MSI_EVENTQ_ABT_ERR)

    def sync_done(self, address: int, data: int) -> None:
        """CMD_SYNC with CS=IRQ completed; ``address`` is the whole field (IRQ-012, CMD-031)."""
        self.pulse("cmd_sync")
        if address:
            self.write_msi(address, data, Gerror.MSI_CMDQ_ABT_ERR)

    def pulse(self, name: str) -> None:
        """One clock of a wired interrupt."""
        self.pulses[name] += 1
        for observer in self.on_irq:
            observer(name)

    def write_msi(self, address: int, data: int, on_abort: Gerror) -> None:
        """One aligned 32-bit write, truncated to OAS (IRQ-005)."""
        config = self._regs.config
        payload = data.to_bytes(4, "little")
        if not self._memory.write(address & config.oas_mask & ~3, payload, who=config.who):
            self.error(on_abort)

    def _msi(self, source: str, on_abort: Gerror) -> None:
        regs = self._regs
        address = getattr(regs, f"{source.lower()}_irq_cfg0").addr
        if address:
            self.write_msi(address, regs[f"{source}_IRQ_CFG1"], on_abort)


class EventQueue:
    """Appends records and keeps the overflow flag."""

    def __init__(self, regs: Registers, memory: MemoryPort, signals: Signals) -> None:
        self._regs = regs
        self._memory = memory
        self._signals = signals

    @property
    def full(self) -> bool:
        """No room, or indexes that make no sense (QUE-004)."""
        regs = self._regs
        count = used(regs.eventq_log2, regs.eventq_prod.wr, regs.eventq_cons.rd)
        return count is None or count == 1 << regs.eventq_log2

    @property
    def aborted(self) -> bool:
        """EVENTQ_ABT_ERR stops delivery until acknowledged (GER-009)."""
        return bool(self._regs.active_errors & Gerror.EVENTQ_ABT_ERR)

    @property
    def writable(self) -> bool:
        """EVQ-019."""
        return bool(self._regs.cr0ack.eventqen) and not self.full and not self.aborted

    def push(self, record: bytes) -> bool:
        """Write one record; False when the queue is not writable or the write aborts."""
        if not self.writable:
            return False
        regs, config = self._regs, self._regs.config
        log2, wr = regs.eventq_log2, regs.eventq_prod.wr
        pa = slot_address(regs.eventq_base.addr, log2, wr, RECORD_SIZE) & config.oas_mask
        if not self._memory.write(pa, record, who=config.who):
            # EVQ-028: PROD does not pass the aborted entry.
            self._signals.error(Gerror.EVENTQ_ABT_ERR)
            return False
        was_empty = used(log2, wr, regs.eventq_cons.rd) == 0
        regs.set_fields("EVENTQ_PROD", wr=advance(log2, wr))
        if was_empty:
            self._signals.event_queue_filled()
        return True

    def drop(self) -> None:
        """A terminate record found no room: signal overflow once (EVQ-020..022)."""
        regs = self._regs
        if not regs.cr0ack.eventqen or not self.full or self.aborted:
            return
        if regs.eventq_prod.ovflg == regs.eventq_cons.ovackflg:
            regs.set_fields("EVENTQ_PROD", ovflg=1 - regs.eventq_prod.ovflg)


class CommandQueue:
    """Fetches commands and moves CONS."""

    def __init__(self, regs: Registers, memory: MemoryPort, signals: Signals) -> None:
        self._regs = regs
        self._memory = memory
        self._signals = signals

    @property
    def runnable(self) -> bool:
        """CMD-002: enabled, no error, and something to do."""
        regs = self._regs
        if not regs.cr0ack.cmdqen or regs.active_errors & Gerror.CMDQ_ERR:
            return False
        return bool(used(regs.cmdq_log2, regs.cmdq_prod.wr, regs.cmdq_cons.rd))

    def fetch(self) -> bytes | None:
        """The command at CONS.RD; an aborted read stops the queue (CMD-011)."""
        regs, config = self._regs, self._regs.config
        base, rd = regs.cmdq_base.addr, regs.cmdq_cons.rd
        pa = slot_address(base, regs.cmdq_log2, rd, COMMAND_SIZE) & config.oas_mask
        data, ok = self._memory.read(pa, COMMAND_SIZE, who=config.who)
        if not ok:
            self.fail(Cerror.ABT)
            return None
        return data

    def consume(self) -> None:
        """Move CONS past the current command."""
        regs = self._regs
        rd = regs.cmdq_cons.rd & ((2 << regs.cmdq_log2) - 1)
        regs.set_fields("CMDQ_CONS", rd=advance(regs.cmdq_log2, rd))

    def fail(self, code: Cerror) -> None:
        """Stop at the current command: the reason first, then the error bit (GER-005)."""
        self._regs.set_fields("CMDQ_CONS", err=int(code))
        self._signals.error(Gerror.CMDQ_ERR)
