# SPDX-License-Identifier: Apache-2.0
"""AXI4-Lite register port on cocotb-bus's ``AXI4LiteMaster``.

The driver samples ready and valid after the clock edge and acts at the next one, which is right on
both simulators with the clock of tb/bfm/clock.py. It is used unchanged; this class keeps one access
in flight per direction, because two writes at once could pair address and data wrongly, and turns
bit vectors into integers.
"""

from __future__ import annotations

from typing import Any

from cocotb.triggers import Lock
from cocotb_bus.drivers.amba import AXI4LiteMaster, AXIProtocolError

__all__ = ["AXIProtocolError", "AxilMaster"]


class AxilMaster:
    """32- and 64-bit register accesses; an error response raises ``AXIProtocolError``.

    A 64-bit register is two 32-bit accesses, low half first (there is no wider bus).
    """

    def __init__(self, entity: Any, name: str, clock: Any) -> None:
        for pin in ("awprot", "arprot"):  # not driven by cocotb-bus: non-secure, privileged
            if (handle := getattr(entity, f"{name}_{pin}", None)) is not None:
                handle.value = 0b011
        self.bus = AXI4LiteMaster(entity, name, clock)
        for pin in ("AWADDR", "WDATA", "WSTRB", "ARADDR"):
            getattr(self.bus.bus, pin).value = 0
        self._reading, self._writing = Lock(), Lock()
        self.reads = self.writes = 0

    async def read32(self, addr: int) -> int:
        """Read the 32-bit register at byte offset ``addr``."""
        async with self._reading:
            self.reads += 1
            return int(await self.bus.read(addr))

    async def write32(self, addr: int, value: int, strb: int | None = None) -> None:
        """Write the 32-bit register at ``addr``; ``strb`` chooses bytes (bit 0: the lowest)."""
        async with self._writing:
            self.writes += 1
            await self.bus.write(addr, value & 0xFFFFFFFF, byte_enable=strb)

    async def read64(self, addr: int) -> int:
        """Read a 64-bit register, low half first."""
        low = await self.read32(addr)
        return low | await self.read32(addr + 4) << 32

    async def write64(self, addr: int, value: int) -> None:
        """Write a 64-bit register, low half first."""
        await self.write32(addr, value)
        await self.write32(addr + 4, value >> 32)
