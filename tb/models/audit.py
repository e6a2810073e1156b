# SPDX-License-Identifier: Apache-2.0
"""Who may touch which physical page, who did, and with which translation (checker).

The audit is the one all-knowing object of a run: it sees physical pages, while the software
above sees the addresses of its own level.  It records

* an owner label for every physical page (``host:smmu``, ``guest:pgtable``, ``proc:1`` ...);
* for every address space the pages that a valid translation may lead to, and those whose
  translation was withdrawn and whose invalidation has **completed**;
* every access of the device, of the SMMU's own port and of EL0, per page.

An access to a page that was never granted is an isolation violation; one to a page whose
withdrawal had completed is a stale access (CMD-018, TAG rules: no use after the CMD_SYNC).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

PAGE = 4096
Space = int | str  # name of an address space: the PASID, or a text where that is not enough


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
    SMMU_READS = (
        "host:smmu",
        *(f"{kernel}:{table}" for kernel in ("host", "guest") for table in ("pgtable", "cdtable")),
    )
    GUEST_TABLES = ("guest:pgtable", "guest:cdtable")
    SMMU_WRITES = ("host:smmu-queue",)

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self.owner: dict[int, str] = {}
        # page -> (owner at that moment, agent, verb) -> accesses
        self.log: dict[int, Counter[tuple[str, str, str]]] = {}
        self.violations: list[Violation] = []
        self._spaces: dict[Space, _Space] = {}

    # ---- bookkeeping by the owners ------------------------------------------------------
    def own(self, pa: int, owner: str, pages: int = 1) -> None:
        """``owner`` holds ``pages`` physical pages from ``pa`` on."""
        for ppn in range(pa // PAGE, pa // PAGE + pages):
            self.owner[ppn] = owner

    def grant(self, space: Space, pa: int, write: bool) -> None:
        """Address space ``space`` has a valid translation to this page from now on."""
        ppn = pa // PAGE
        sp = self._spaces.setdefault(space, _Space())
        sp.granted[ppn] = write
        sp.retired.pop(ppn, None)

    def retire(self, space: Space, pa: int) -> None:
        """The translation was removed **and its invalidation has completed** everywhere."""
        ppn = pa // PAGE
        sp = self._spaces.setdefault(space, _Space())
        sp.granted.pop(ppn, None)
        sp.retired[ppn] = self._now()

    # ---- observation --------------------------------------------------------------------
    def device(self, space: Space | None, agent: str, write: bool, pa: int, n: int) -> None:
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

    def host(self, pa: int, n: int) -> None:
        """One store of the host or of a VMM: a guest's tables are the guest's to write."""
        for ppn in range(pa // PAGE, (pa + max(n, 1) - 1) // PAGE + 1):
            if self.owner.get(ppn, "nobody").startswith(self.GUEST_TABLES):
                self._violation("isolation", "host", ppn, True)

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


class AuditView:
    """The audit for one kernel, which knows pages by the addresses of its own level."""

    def __init__(self, audit: Audit, resolve: Callable[[int], int] = lambda addr: addr) -> None:
        self.audit = audit
        self._resolve = resolve

    def own(self, addr: int, owner: str) -> None:
        """See :meth:`Audit.own`, one page."""
        self.audit.own(self._resolve(addr), owner)

    def grant(self, space: Space, addr: int, write: bool) -> None:
        """See :meth:`Audit.grant`."""
        self.audit.grant(space, self._resolve(addr), write)

    def retire(self, space: Space, addr: int) -> None:
        """See :meth:`Audit.retire`."""
        self.audit.retire(space, self._resolve(addr))
