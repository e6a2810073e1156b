# SPDX-License-Identifier: Apache-2.0
"""Python side of tb_axil_port: register accesses that wake Python once instead of once per clock.

Same methods as ``tb.bfm.axil.AxilMaster``, a few times faster; for runs with very many accesses.
"""

from __future__ import annotations

from typing import Any

from cocotb.triggers import Lock, ReadWrite, ValueChange

from tb.bfm.mailbox import Unit

_WRITE = 1 << 49


class RegisterPort:
    """One access at a time; a response that is not OKAY raises RuntimeError (REG-033)."""

    def __init__(self, handle: Any) -> None:
        unit = Unit(handle)
        self._req, self._req_cnt = unit.reg("req"), unit.reg("req_cnt")
        self._done, self._rsp = unit.reg("done_cnt_q"), unit.reg("rsp_q")
        self._changed = ValueChange(self._done.handle)
        self._lock = Lock()

    async def _access(self, request: int) -> int:
        async with self._lock:
            count = (self._req_cnt.get() + 1) & 0xFFFFFFFF
            self._req.set(request)
            self._req_cnt.set(count)
            while True:
                await self._changed
                await ReadWrite()
                if self._done.get() == count:
                    break
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

    async def read64(self, addr: int) -> int:
        """Read a 64-bit register, low half first."""
        low = await self.read32(addr)
        return low | await self.read32(addr + 4) << 32

    async def write64(self, addr: int, value: int) -> None:
        """Write a 64-bit register, low half first."""
        await self.write32(addr, value)
        await self.write32(addr + 4, value >> 32)
