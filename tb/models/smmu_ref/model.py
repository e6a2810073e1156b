# SPDX-License-Identifier: Apache-2.0
"""The reference SMMUv3: registers, queues, stalls and translation in one object.

Time does not pass inside: a register write is followed by all it sets in motion (commands run,
parked transactions wake), unless ``SmmuConfig.auto_run`` is off and the owner calls ``step``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from tb.models.fields import EVTREC, Cerror, Gerror, Op
from tb.models.layout import Record
from tb.models.smmu_ref import commands
from tb.models.smmu_ref.queues import CommandQueue, EventQueue, Signals
from tb.models.smmu_ref.regs import HANDSHAKES, Registers
from tb.models.smmu_ref.session import Session
from tb.models.smmu_ref.stalls import StallTable, Ticket
from tb.models.smmu_ref.translate import evaluate
from tb.models.smmu_ref.types import Kind, MemoryPort, Outcome, SmmuConfig, Transaction

_ABORTED = Outcome(Kind.ABORT, steps=("terminated with abort",))
_RAZWI = Outcome(Kind.RAZWI, steps=("terminated with RAZ/WI",))


class SmmuRef:
    """Golden model of the milestone 1 SMMU.

    Args:
        memory: the memory behind the walk port, see ``tb.models.memory.Memory``.
        config: build parameters.

    ``on_command`` observers see every consumed command as ``(op, fields)``.
    """

    def __init__(self, memory: MemoryPort, config: SmmuConfig | None = None) -> None:
        self.memory = memory
        self.config = config or SmmuConfig()
        self.regs = Registers(self.config)
        self.signals = Signals(self.regs, memory)
        self.commands = CommandQueue(self.regs, memory, self.signals)
        self.events = EventQueue(self.regs, memory, self.signals)
        self.stalls = StallTable(self.config.stall_max)
        self.parked: deque[Ticket] = deque()
        self.on_command: list[Callable[[Op, Record], None]] = []
        self._waking = False

    def reset(self) -> None:
        """Power-on state; stalled transactions are forgotten."""
        self.regs.reset()
        self.stalls = StallTable(self.config.stall_max)
        self.parked.clear()
        self.signals.pulses.clear()

    # ---- registers -----------------------------------------------------------------------
    def read32(self, offset: int) -> int:
        """Read a register at a byte offset from page 0."""
        return self.regs.read32(offset)

    def read64(self, offset: int) -> int:
        """Two 32-bit reads, low half first."""
        return self.read32(offset) | self.read32(offset + 4) << 32

    def write32(self, offset: int, value: int) -> None:
        """Write a register, and do what follows from it."""
        name = self.regs.write32(offset, value)
        if name in (*HANDSHAKES, "GBPA") and self.config.auto_ack:
            self.complete_updates()
        if self.config.auto_run and name is not None:
            self.step()

    def write64(self, offset: int, value: int) -> None:
        """Two 32-bit writes, low half first (REG-034)."""
        self.write32(offset, value & 0xFFFFFFFF)
        self.write32(offset + 4, value >> 32)

    def complete_updates(self) -> None:
        """Finish open CR0, IRQ_CTRL and GBPA updates (INI-008, INI-010, INI-013)."""
        regs = self.regs
        disabled = regs.cr0ack.smmuen and not regs.cr0.smmuen
        for name, ack in HANDSHAKES.items():
            regs[ack] = regs[name]
        if disabled:
            # STL-017: no stall survives, no record follows, every STAG is free.
            self._finish([*self.stalls.take_all(), *self.parked], _ABORTED, clear_parked=True)
        regs.set_fields("GBPA", update=0)

    # ---- transactions --------------------------------------------------------------------
    def predict(self, txn: Transaction, memory: MemoryPort | None = None) -> Outcome:
        """What would happen to ``txn`` now; no state changes and memory is not disturbed.

        The STAG field of a stall record is zero.  ``memory`` may be another view of memory, for
        a scoreboard that accepts old contents until an invalidation completes.
        """
        session = Session(self.config, self.regs, memory or self.memory, txn, quiet=True)
        outcome = evaluate(session)
        room = self.events.writable and not (outcome.kind is Kind.STALL and self.stalls.full)
        return replace(outcome, recorded=outcome.event is not None and room)

    def translate(self, txn: Transaction) -> Outcome:
        """Outcome of a new transaction, with its record written if there is one."""
        return self.submit(txn).outcome

    def submit(self, txn: Transaction, on_done: Callable[[Ticket], None] | None = None) -> Ticket:
        """As ``translate``, for callers that follow a stalled transaction to its end."""
        ticket = Ticket(txn, Outcome(Kind.STALL), on_done)
        self._process(ticket)
        return ticket

    def _process(self, ticket: Ticket) -> None:
        """One pass of a new, retried or woken transaction (STL-010)."""
        outcome = evaluate(Session(self.config, self.regs, self.memory, ticket.txn, quiet=False))
        if outcome.kind is Kind.STALL:
            self._stall(ticket, outcome)
            return
        if outcome.event is not None:
            if self.events.push(outcome.event):
                outcome = replace(outcome, recorded=True)
            else:
                self.events.drop()
        ticket.settle(outcome)

    def _stall(self, ticket: Ticket, outcome: Outcome) -> None:
        """Record and hold, or park: a stall record is never lost (STL-018, STL-019, STL-023)."""
        if self.events.writable and not self.stalls.full:
            slot, stag = self.stalls.next_stag()
            record = EVTREC.set(outcome.event, stag=stag)
            if self.events.push(record):
                self.stalls.hold(slot, ticket)
                ticket.settle(replace(outcome, event=record, recorded=True, stag=stag))
                return
        ticket.settle(outcome)
        self.parked.append(ticket)

    def _wake(self) -> None:
        """Parked transactions pass again, oldest first, while a record could be written."""
        if self._waking:
            return
        self._waking = True
        try:
            while self.parked and self.events.writable and not self.stalls.full:
                ticket = self.parked.popleft()
                self._process(ticket)
                if ticket.parked:
                    # Its record write aborted: it is first in line after the acknowledgement.
                    self.parked.rotate(1)
                    break
        finally:
            self._waking = False

    # ---- commands ------------------------------------------------------------------------
    def step(self) -> int:
        """Run commands and wake parked transactions; number of commands consumed."""
        count = 0
        self._wake()
        while self.commands.runnable and self._command():
            count += 1
            self._wake()
        return count

    def _command(self) -> bool:
        data = self.commands.fetch()
        if data is None:
            return False
        decoded = commands.decode(data)
        if decoded is None:
            self.commands.fail(Cerror.ILL)
            return False
        op, fields = decoded
        commands.execute(self, op, fields)
        # CMD-040: CONS is past the SYNC before its interrupt or MSI can be seen.
        self.commands.consume()
        for observer in self.on_command:
            observer(op, fields)
        if op is Op.SYNC and commands.wants_interrupt(fields):
            self.signals.sync_done(fields.msiaddress, fields.msidata)
        return True

    def resume(self, sid: int, stag: int, *, retry: bool, abort: bool) -> None:
        """CMD_RESUME; a pair that names no recorded stall has no effect (STL-007, STL-008)."""
        ticket = self.stalls.take(sid, stag)
        if ticket is None:
            return
        if retry:
            self._process(ticket)
        else:
            ticket.settle(_ABORTED if abort else _RAZWI)

    def terminate_stalls(self, sid: int) -> None:
        """CMD_STALL_TERM: every stall of the stream, recorded or not (STL-014, STL-015)."""
        mine = [ticket for ticket in self.parked if ticket.txn.sid == sid]
        for ticket in mine:
            self.parked.remove(ticket)
        self._finish([*self.stalls.take_all(sid), *mine], _ABORTED)

    def _finish(
        self, tickets: list[Ticket], outcome: Outcome, *, clear_parked: bool = False
    ) -> None:
        if clear_parked:
            self.parked.clear()
        for ticket in tickets:
            ticket.settle(outcome)

    # ---- errors --------------------------------------------------------------------------
    @property
    def command_error(self) -> Cerror | None:
        """Reason of an active command queue error."""
        if not self.regs.active_errors & Gerror.CMDQ_ERR:
            return None
        return Cerror(self.regs.cmdq_cons.err)
