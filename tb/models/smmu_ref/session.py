# SPDX-License-Identifier: Apache-2.0
"""State of one evaluation: the transaction, what was read for it, its trace."""

from __future__ import annotations

import logging
from functools import lru_cache

from tb.models.fields import CD, L1CD, L1STD, STE
from tb.models.layout import Layout, Record
from tb.models.smmu_ref.attributes import MemAttr
from tb.models.smmu_ref.regs import Registers
from tb.models.smmu_ref.types import Fetch, MemoryPort, SmmuConfig, Transaction

logger = logging.getLogger("smmu_ref")

_LAYOUTS: dict[str, Layout] = {"L1STD": L1STD, "STE": STE, "L1CD": L1CD, "CD": CD}


@lru_cache(maxsize=512)
def _decode(what: str, data: bytes) -> Record:
    return _LAYOUTS[what].unpack(data)


class Session:
    """Everything one pass over one transaction needs.

    ``quiet`` evaluations leave no trace in memory (no log entry, no injected error used up), so
    that a scoreboard may ask at any time.
    """

    def __init__(
        self,
        config: SmmuConfig,
        regs: Registers,
        memory: MemoryPort,
        txn: Transaction,
        *,
        quiet: bool,
    ) -> None:
        self.config = config
        self.regs = regs
        self.txn = txn
        self.priv = txn.priv
        self.inst = txn.instruction
        self.ste: Record | None = None
        self.cd: Record | None = None
        self.fetches: list[Fetch] = []
        self.steps: list[str] = []
        self._memory = memory
        self._quiet = quiet

    def note(self, step: str) -> None:
        """Add one line to the trace."""
        self.steps.append(step)
        logger.debug("sid=0x%x addr=0x%x %s", self.txn.sid, self.txn.addr, step)

    def read(self, what: str, pa: int, length: int, attr: MemAttr) -> bytes | None:
        """Read a structure or descriptor; None when the bus answers with an error."""
        self.fetches.append(Fetch(what, pa, length, attr))
        if self._quiet:
            ok = self._memory.response_to(pa, length, False, self.config.who) == "OKAY"
            return self._memory.peek(pa, length) if ok else None
        data, ok = self._memory.read(pa, length, who=self.config.who)
        return data if ok else None

    def read_structure(self, what: str, pa: int, attr: MemAttr) -> Record | None:
        """Read and decode an L1STD, STE, L1CD or CD."""
        data = self.read(what, pa, _LAYOUTS[what].size, attr)
        return None if data is None else _decode(what, data)
