# SPDX-License-Identifier: Apache-2.0
"""Python side of tb_meter: latency and acceptance of one direction of one TBU, counted in Verilog.

Cycles are rising edges: an address taken at edge t that is first sampled valid downstream at t+2
has a latency of 2.
"""

from __future__ import annotations

from typing import Any

from tb.bfm.mailbox import Unit


class Meter:
    """One ``tb_meter`` instance."""

    def __init__(self, handle: Any) -> None:
        self._unit = Unit(handle)
        self._clears = self._unit.reg("clear").get()
        self.watch(0)

    def _get(self, name: str) -> int:
        return self._unit.reg(name).get()

    def clear(self) -> None:
        """Forget everything from the second edge on."""
        self._clears = (self._clears + 1) & 0xFFFFFFFF
        self._unit.reg("clear").set(self._clears)

    def watch(self, sid: int) -> None:
        """Count offers of this StreamID from now on."""
        self._unit.reg("watch_sid").set(sid)

    @property
    def taken(self) -> int:
        """Address handshakes upstream."""
        return self._get("in_cnt_q")

    @property
    def left(self) -> int:
        """Addresses offered downstream."""
        return self._get("out_cnt_q")

    @property
    def latency_min(self) -> int:
        """Fewest cycles from upstream handshake to downstream valid."""
        return self._get("lat_min_q")

    @property
    def latency_max(self) -> int:
        """Most cycles from upstream handshake to downstream valid."""
        return self._get("lat_max_q")

    @property
    def latency_mean(self) -> float:
        """Mean cycles from upstream handshake to downstream valid."""
        return self._get("lat_sum_q") / max(self.left, 1)

    @property
    def first_in(self) -> int:
        """Cycle of the first handshake upstream."""
        return self._get("in_first_q")

    @property
    def last_in(self) -> int:
        """Cycle of the last handshake upstream."""
        return self._get("in_last_q")

    @property
    def first_out(self) -> int:
        """Cycle in which the first address was valid downstream."""
        return self._get("out_first_q")

    @property
    def last_out(self) -> int:
        """Cycle in which the last address was first valid downstream."""
        return self._get("out_last_q")

    @property
    def acceptance(self) -> float:
        """Share of the cycles in which the watched stream was offered that took it."""
        return self._get("take_cnt_q") / max(self._get("offer_cnt_q"), 1)
