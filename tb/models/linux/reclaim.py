# SPDX-License-Identifier: Apache-2.0
"""kswapd: keeps the anonymous pages of a group of processes below a limit (memory.high)."""

from __future__ import annotations

from tb.models.cpu import Cpu
from tb.models.linux.kernel import Kernel
from tb.models.linux.mm import Mm

BATCH = 4  # pages below the limit that one round tries to reach


class Reclaimer:
    """Daemon of one kernel; address spaces take part from :meth:`add` on."""

    def __init__(self, kernel: Kernel, cpu: Cpu, limit: int) -> None:
        self.kernel = kernel
        self.limit = limit
        self._cpu = cpu
        self._group: list[Mm] = []
        self._stopped = False
        kernel.plat.spawn(self._daemon(), f"{kernel.name}-kswapd")

    def add(self, mm: Mm) -> None:
        """Pages of ``mm`` may be written out."""
        self._group.append(mm)

    def stop(self) -> None:
        """The limit is gone."""
        self._stopped = True

    async def _daemon(self) -> None:
        used, refs = self.kernel.memory_used, self.kernel.anon_refs
        while not self._stopped:
            await used.wait()
            used.clear()
            if len(refs) > self.limit and not self._stopped:
                await self._cpu.kernel("thread-wake")
                await self._round(len(refs) - self.limit + BATCH)

    async def _round(self, pages: int) -> None:
        """Coldest first: the page that has been there for longest."""
        age = {page: n for n, page in enumerate(self.kernel.anon_refs)}
        candidates = [
            (age[page], va, mm)
            for mm in self._group
            if not mm.exiting
            for va, page in mm.anonymous_pages(self._cpu).items()
        ]
        for _, va, mm in sorted(candidates, key=lambda item: item[:2]):
            if pages <= 0 or self._stopped:
                return
            pages -= await mm.reclaim(self._cpu, va)
