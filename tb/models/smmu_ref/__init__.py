# SPDX-License-Identifier: Apache-2.0
"""Reference model of the SMMU, one file per chapter of the architecture (architecture section 3).

===============  =============================================================
types            transactions in, outcomes out, faults
translate        the ordered procedure of TRN-001
config           stream table, STE, CD tables, CD
legality         ILLEGAL STEs and CDs
walk             stage 1 and stage 2
attributes       memory types, overrides, combination, AMBA pins
faults           A/R/S and S2R/S2S, event records
queues           rings, event queue, command queue, GERROR, interrupts
commands         decode and effects
stalls           stalled transactions and their tags
regs             register file
model            ``SmmuRef``, which ties them together
history          earlier memory contents, for checkers that must allow stale answers
===============  =============================================================

It is written from the rules of the architecture and shares only field layouts with the RTL.
"""

from __future__ import annotations

from tb.models.smmu_ref.attributes import OutputAttrs
from tb.models.smmu_ref.model import SmmuRef
from tb.models.smmu_ref.stalls import Ticket
from tb.models.smmu_ref.types import Fault, Fetch, Kind, Outcome, SmmuConfig, Transaction

__all__ = [
    "Fault",
    "Fetch",
    "Kind",
    "Outcome",
    "OutputAttrs",
    "SmmuConfig",
    "SmmuRef",
    "Ticket",
    "Transaction",
]
