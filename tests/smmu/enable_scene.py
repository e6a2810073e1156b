# SPDX-License-Identifier: Apache-2.0
"""Streams, images of CR0 and GBPA, and traffic for tests of reset, bypass and SMMUEN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cocotb

from tb.bfm.burst import AxiTxn
from tests.smmu.queue_scene import Scene

SID, OTHER, THIRD = 0x21, 0x22, 0x23
UPDATE, ABORT, SHCFG_IN = 1 << 31, 1 << 20, 1 << 12
ON = {"smmuen": 1, "cmdqen": 1, "eventqen": 1}
QUEUES = {"cmdqen": 1, "eventqen": 1}
WORD = 0xFFFFFFFF


async def gbpa(s: Scene, value: int) -> None:
    """One update of GBPA, waited for."""
    await s.put("GBPA", UPDATE | value)
    await s.prog.until("GBPA", UPDATE, 0)


class Flood:
    """Continuous reads of one address on several IDs, each judged when it ends."""

    def __init__(self, s: Scene, addr: int, judge: Callable[[AxiTxn, int], None], **side: Any):
        self.s, self.addr, self.judge, self.side = s, addr, judge, side
        self.stop, self.count = False, 0
        self.task = cocotb.start_soon(self._run())

    async def _run(self) -> None:
        while not self.stop:
            posted = self.s.bench.cycle
            txns = [self.s.bench.read(self.addr, 8, id=k, **self.side) for k in range(4)]
            for txn in txns:
                await self.s.done(txn)
                self.judge(txn, posted)
                self.count += 1

    async def end(self) -> None:
        """No more; the last ones have been judged."""
        self.stop = True
        await self.task
        assert self.count > 20, "hardly any traffic"
