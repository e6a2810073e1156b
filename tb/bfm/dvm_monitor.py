# SPDX-License-Identifier: Apache-2.0
"""Python side of bfm_dvm_probe: whole DVM messages with their responses, whoever sent them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from tb.bfm.dvm import Message, Part
from tb.bfm.mailbox import Unit, drain

_RING = 64  # records the probe keeps
_PART_W = 59


class DvmMonitor:
    """Calls ``callback`` with each message when its last part has its CR.

    ``open`` are the messages that still wait for one; :meth:`reset` forgets them.
    """

    def __init__(self, probe: Any, callback: Callable[[Message], None], name: str) -> None:
        unit = Unit(probe)
        self._records = unit.words("rec_mem")
        self._callback = callback
        self.open: deque[Message] = deque()
        self._second = False  # the next part belongs to the newest message
        drain(unit.reg("rec_cnt_q"), self._record)

    def reset(self) -> None:
        """The bus was reset."""
        self.open.clear()
        self._second = False

    def _record(self, number: int) -> None:
        row = self._records.get(number % _RING)
        if row >> _PART_W & 1:
            self._response(row & 0x1F, row >> _PART_W + 1)
            return
        part = Part(row & (1 << 48) - 1, row >> 48 & 0xF, row >> 52 & 0xF, row >> 56 & 7)
        if self._second:
            self.open[-1].parts.append(part)
            self._second = False
        else:
            self.open.append(Message([part]))
            self._second = bool(part.addr & 1)

    def _response(self, response: int, cycle: int) -> None:
        if not self.open:
            return  # the checker has a rule for it
        message = self.open[0]
        message.resps.append(response)
        message.t_last = cycle
        if len(message.resps) == 1 + (message.parts[0].addr & 1):
            self.open.popleft()
            message.done.set()
            self._callback(message)
