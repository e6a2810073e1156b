# SPDX-License-Identifier: Apache-2.0
"""What a device under test offers to the replay interpreter (architecture section 5).

Coroutines take simulated time, plain methods do not.  Times are cycles of the SMMU clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class DmaRequest:
    """One device transaction; ``data`` is None for a read of ``length`` bytes."""

    sid: int
    ssid: int | None
    addr: int
    length: int
    data: bytes | None
    priv: bool = False
    inst: bool = False

    @property
    def is_write(self) -> bool:
        """Direction."""
        return self.data is not None


@dataclass(frozen=True)
class DmaResult:
    """What the device and the downstream bus saw.

    ``resp`` is the AXI response; ``data`` what a read returned; ``pa`` the downstream address,
    or None when nothing was sent; ``written`` the bytes a write put on the downstream bus from
    ``pa`` on (enabled lanes only, None for a read).
    """

    resp: str
    data: bytes | None = None
    pa: int | None = None
    written: bytes | None = None


class DmaHandle(Protocol):
    """A transaction in flight; ``result`` is None until it is answered."""

    result: DmaResult | None


class ReplayTarget(Protocol):
    """One device under test with its memory and its devices.

    ``settle`` is the number of cycles to wait before concluding that no further event arrives.
    """

    name: str
    settle: int

    @property
    def now(self) -> int:
        """Cycles since the start of the run."""
        ...

    async def reset(self, *, err_outside_ram: bool) -> None:
        """Power-on reset with empty memory; optionally errors from 0x90000000 upwards."""
        ...

    async def read32(self, offset: int) -> int:
        """Register read."""
        ...

    async def write32(self, offset: int, value: int) -> None:
        """Register write."""
        ...

    async def poll32(self, offset: int, value: int, mask: int, cycles: int,
                     differs: bool = False) -> int:  # fmt: skip
        """Read a register until its bits of ``mask`` are ``value`` (``differs``: are not), or
        ``cycles`` have passed; what was read last."""
        ...

    def mem_read(self, pa: int, length: int) -> bytes:
        """Back-door memory read."""
        ...

    def mem_write(self, pa: int, data: bytes) -> None:
        """Back-door memory write."""
        ...

    def mem_fill(self, pa: int, length: int, value: int) -> None:
        """Back-door fill."""
        ...

    async def start_dma(self, request: DmaRequest) -> DmaHandle:
        """Launch a transaction on an AXI ID of its own; returns as soon as it is under way."""
        ...

    async def wait(self, cycles: int) -> None:
        """Let time pass; may return early when something has happened."""
        ...
