# SPDX-License-Identifier: Apache-2.0
"""Every interrupt pulse has a cause that came before it (rules IRQ-*).

Fed by the scoreboard. Pulses may be coalesced, so a cause without a pulse is no error here; the
directed tests of tests/smmu/interrupt_tests.py look at that.
"""

from __future__ import annotations

from tb.models.fields import COMMANDS, Op, SyncCs


class IrqWatch:
    """Causes not yet signalled: event records sent, CMD_SYNCs with CS=IRQ fetched."""

    def __init__(self) -> None:
        self.records = 0
        self.syncs = 0

    def record(self) -> None:
        """The address of an event record has left the walk port."""
        self.records += 1

    def command(self, data: bytes) -> None:
        """A command was fetched."""
        if data[0] == Op.SYNC and COMMANDS[Op.SYNC].unpack(data).cs == SyncCs.IRQ:
            self.syncs += 1

    def pulse(self, wire: str, gerror_enabled: bool) -> str:
        """A wire pulsed; what is wrong with that, empty when nothing is."""
        if wire == "evtq":
            # records behind the one signalled may be on their way: each pulse uses one up
            known, self.records = self.records, max(self.records - 1, 0)
            return "" if known else "an event interrupt without a new record (IRQ-003, IRQ-004)"
        if wire == "cmd_sync":
            known, self.syncs = self.syncs, max(self.syncs - 1, 0)
            return "" if known else "a CMD_SYNC interrupt without a CMD_SYNC that asks (IRQ-012)"
        if wire == "gerr":
            return "" if gerror_enabled else "a GERROR interrupt though it is disabled (IRQ-001)"
        return f"an interrupt on {wire}, which this SMMU does not have (IRQ-001)"
