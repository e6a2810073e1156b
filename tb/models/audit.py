# SPDX-License-Identifier: Apache-2.0
"""Who may touch which physical page, who did, and with which translation (checker).

The audit is the one all-knowing object of a run: it sees physical pages, while the software
above sees the addresses of its own level.  It records

* an owner label for every physical page (``host:smmu``, ``guest:pgtable``, ``proc:1`` ...);
* for every address space (a PASID) the pages that a valid translation may lead to, and those
  whose translation was withdrawn and whose invalidation has **completed**;
* every access of the device, of the SMMU's own port and of EL0, per page.

An access to a page that was never granted is an isolation violation; one to a page whose
withdrawal had completed is a stale access (CMD-018, TAG rules: no use after the CMD_SYNC).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

PAGE = 4096


@dataclass(frozen=True)
class Violation:
    """One access that should not have happened."""

    cycle: int
    kind: str  # "isolation" or "stale"
    agent: str
    pa: int
    write: bool
    owner: str

    def __str__(self) -> str:
        verb = "wrote" if self.write else "read"
        return f"cycle {self.cycle}: {self.kind}: {self.agent} {verb} 0x{self.pa:x} of {self.owner}"


@dataclass
class _Space:
    """Pages one address space may reach: physical page number to 'may write'."""

    granted: dict[int, bool] = field(default_factory=dict)
    retired: dict[int, int] = field(default_factory=dict)  # ppn -> cycle of completion


class Audit:
    """Ownership, grants and access log of physical memory."""

    # what the SMMU's own port may do, by owner label: its tables are read, its queues written
    SMMU_READS = ("host:smmu", "guest:pgtable", "guest:cdtable")
    SMMU_WRITES = ("host:smmu-queue",)

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self.owner: dict[int, str] = {}
        # page -> (owner at that moment, agent, verb) -> accesses
        self.log: dict[int, Counter[tuple[str, str, str]]] = {}
        self.violations: list[Violation] = []
        self._spaces: dict[int, _Space] = {}
        self._resolve: Callable[[int], int] = lambda ipa: ipa

    # ---- bookkeeping by the owners ------------------------------------------------------
    def set_resolver(self, resolve: Callable[[int], int]) -> None:
        """Give the map from guest physical to host physical addresses."""
        self._resolve = resolve

    def own(self, pa: int, owner: str, pages: int = 1) -> None:
        """``owner`` holds ``pages`` physical pages from ``pa`` on."""
        for ppn in range(pa // PAGE, pa // PAGE + pages):
            self.owner[ppn] = owner

    def own_ipa(self, ipa: int, owner: str) -> None:
        """As :meth:`own` for one guest page."""
        self.own(self._resolve(ipa), owner)

    def grant(self, space: int, ipa: int, write: bool) -> None:
        """Address space ``space`` has a valid translation to this guest page from now on."""
        ppn = self._resolve(ipa) // PAGE
        sp = self._spaces.setdefault(space, _Space())
        sp.granted[ppn] = write
        sp.retired.pop(ppn, None)

    def retire(self, space: int, ipa: int) -> None:
        """The translation was removed **and its invalidation has completed** everywhere."""
        ppn = self._resolve(ipa) // PAGE
        sp = self._spaces.setdefault(space, _Space())
        sp.granted.pop(ppn, None)
        sp.retired[ppn] = self._now()

    # ---- observation --------------------------------------------------------------------
    def device(self, space: int | None, agent: str, write: bool, pa: int, n: int) -> None:
        """One translated access of the device (or of EL0) on behalf of ``space``."""
        sp = self._spaces.get(space) if space is not None else None
        for ppn in range(pa // PAGE, (pa + max(n, 1) - 1) // PAGE + 1):
            self._count(ppn, agent, write)
            may_write = sp.granted.get(ppn) if sp else None
            if may_write is None or (write and not may_write):
                stale = sp is not None and may_write is None and ppn in sp.retired
                self._violation("stale" if stale else "isolation", agent, ppn, write)

    def smmu(self, write: bool, pa: int, n: int) -> None:
        """One access of the SMMU's table walk, queue and MSI port."""
        allowed = self.SMMU_WRITES if write else self.SMMU_READS
        for ppn in range(pa // PAGE, (pa + max(n, 1) - 1) // PAGE + 1):
            self._count(ppn, "smmu", write)
            if not self.owner.get(ppn, "nobody").startswith(allowed):
                self._violation("isolation", "smmu", ppn, write)

    def _count(self, ppn: int, agent: str, write: bool) -> None:
        owner, verb = self.owner.get(ppn, "nobody"), "write" if write else "read"
        self.log.setdefault(ppn, Counter())[owner, agent, verb] += 1

    def _violation(self, kind: str, agent: str, ppn: int, write: bool) -> None:
        owner = self.owner.get(ppn, "nobody")
        self.violations.append(Violation(self._now(), kind, agent, ppn * PAGE, write, owner))

    # ---- results ------------------------------------------------------------------------
    def count(self, kind: str) -> int:
        """Number of violations of one kind."""
        return sum(v.kind == kind for v in self.violations)

    def by_owner(self) -> dict[str, dict[str, int]]:
        """Accesses summed per owner of the page: ``{owner: {"agent read": n, ...}}``."""
        table: dict[str, Counter[str]] = {}
        for entries in self.log.values():
            for (owner, agent, verb), n in entries.items():
                table.setdefault(owner, Counter())[f"{agent} {verb}"] += n
        return {owner: dict(sorted(row.items())) for owner, row in sorted(table.items())}
