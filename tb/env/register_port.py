# SPDX-License-Identifier: Apache-2.0
"""Python side of tb_axil_port: register accesses that wake Python once instead of once per clock.

The methods of ``tb.bfm.axil.AxilMaster``, a few times faster, and a poll that wakes Python at its
end; for runs with very many accesses.
"""

from __future__ import annotations

from typing import Any

from cocotb.triggers import Event, Lock

from tb.bfm.mailbox import Unit, drain

_WRITE, _POLL, _DIFFERS, _MASK_LSB, _LIMIT_LSB = 1 << 49, 1 << 50, 1 << 51, 52, 84
POLL_LIMIT = (1 << 20) - 1


class RegisterPort:
    """One access at a time; a response that is not OKAY raises RuntimeError (REG-033)."""

    def __init__(self, handle: Any) -> None:
        unit = Unit(handle)
        self._req, self._req_cnt = unit.words("req_mem"), unit.reg("req_cnt")
        self._rsp = unit.reg("rsp_q")
        self._posted = self._req_cnt.get()
        self._lock, self._ended = Lock(), Event()  # first come, first served
        drain(unit.reg("done_cnt_q"), lambda _: self._ended.set())

    async def _access(self, request: int) -> int:
        async with self._lock:
            self._ended.clear()
            self._posted = (self._posted + 1) & 0xFFFFFFFF
            self._req.set(0, request)
            self._req_cnt.set(self._posted)
            await self._ended.wait()
            answer = self._rsp.get()
        if answer >> 32:
            raise RuntimeError(f"register access answered {answer >> 32}")
        return answer

    async def read32(self, addr: int) -> int:
        """Read the 32-bit register at byte offset ``addr``."""
        return await self._access(addr << 32)

    async def write32(self, addr: int, value: int) -> None:
        """Write the 32-bit register at ``addr``."""
        await self._access(_WRITE | addr << 32 | value & 0xFFFFFFFF)

    async def poll32(self, addr: int, value: int, mask: int, cycles: int,
                     differs: bool = False) -> int:  # fmt: skip
        """Read until ``mask`` of the register is ``value`` (``differs``: is not), or ``cycles``
        have passed (at most POLL_LIMIT); what was read last."""
        how = _POLL | (_DIFFERS if differs else 0) | mask << _MASK_LSB
        return await self._access(how | min(cycles, POLL_LIMIT) << _LIMIT_LSB | addr << 32 | value)

    async def read64(self, addr: int) -> int:
        """Read a 64-bit register, low half first."""
        low = await self.read32(addr)
        return low | await self.read32(addr + 4) << 32

    async def write64(self, addr: int, value: int) -> None:
        """Write a 64-bit register, low half first."""
        await self.write32(addr, value)
        await self.write32(addr + 4, value >> 32)
