# SPDX-License-Identifier: Apache-2.0
"""A process: EL0 loads and stores, with the page faults they take."""

from __future__ import annotations

from tb.models.audit import PAGE
from tb.models.cpu import Cpu, MmuFault
from tb.models.linux.mm import Mm


class Process:
    """Code at EL0 of one CPU in one address space."""

    def __init__(self, name: str, cpu: Cpu, mm: Mm) -> None:
        self.name = name
        self.cpu = cpu
        self.mm = mm

    async def store(self, va: int, data: bytes) -> None:
        """Store a byte string; takes the page faults that come."""
        while data:
            n = min(len(data), PAGE - va % PAGE)
            await self._access(va, n, data[:n])
            va, data = va + n, data[n:]

    async def load(self, va: int, n: int) -> bytes:
        """Load a byte string; takes the page faults that come."""
        out = bytearray()
        while n:
            size = min(n, PAGE - va % PAGE)
            out += await self._access(va, size, None)
            va, n = va + size, n - size
        return bytes(out)

    async def _access(self, va: int, n: int, data: bytes | None) -> bytes:
        cpu, mm = self.cpu, self.mm
        await cpu.run("user-access", (n + 63) // 64)
        while True:
            try:
                if data is None:
                    return cpu.user_read(mm.space, mm.pgd, mm.asid, va, n)
                cpu.user_write(mm.space, mm.pgd, mm.asid, va, data)
                return b""
            except MmuFault as fault:
                await mm.user_fault(cpu, fault)
