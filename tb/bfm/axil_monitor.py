# SPDX-License-Identifier: Apache-2.0
"""Python side of bfm_axil_probe: register accesses as they end, whoever made them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tb.bfm.mailbox import Unit, drain

_RING = 64  # records the probe keeps


@dataclass(frozen=True)
class AxilAccess:
    """An access seen on the pins; ``time`` is the cycle of its response."""

    time: int
    write: bool
    addr: int
    data: int
    strobe: int
    resp: int


class AxilMonitor:
    """Calls ``callback`` with each :class:`AxilAccess` of one ``bfm_axil_probe``."""

    def __init__(self, probe: Any, callback: Callable[[AxilAccess], None], name: str) -> None:
        unit = Unit(probe)
        records = unit.words("rec_mem")
        drain(unit.reg("rec_cnt_q"), lambda n: callback(decode(records.get(n % _RING))))


def decode(row: int) -> AxilAccess:
    """A record of the probe."""
    return AxilAccess(
        time=row >> 56,
        resp=row >> 54 & 3,
        write=bool(row >> 53 & 1),
        strobe=row >> 49 & 0xF,
        data=row >> 17 & 0xFFFFFFFF,
        addr=row & 0x1FFFF,
    )
