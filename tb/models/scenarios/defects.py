# SPDX-License-Identifier: Apache-2.0
"""Defects that scenarios plant in themselves, to show that the checkers find them.

Each function breaks one object of a run; nothing of this is reachable without a defect's name.
"""

from __future__ import annotations

from typing import Any

from tb.models.cpu import Cpu
from tb.models.linux.mm import Mm
from tb.models.linux.sva import Bond, Sva


def drop_invalidation_relay(relay: Any) -> None:
    """The VMM answers the guest's TLB invalidations without telling the host."""

    async def nothing(*_args: object) -> None:
        pass

    for name in ("invalidate_va", "invalidate_asid", "invalidate_all"):
        setattr(relay, name, nothing)


def lose_page_response(relay: Any, number: int = 3) -> None:
    """The relay forgets the ``number``-th page response it is given."""
    answer, seen = relay.page_response, []

    async def lossy(vsid: int, stag: int, retry: bool, abort: bool) -> None:
        seen.append(stag)
        if len(seen) == number:
            relay.timeline.hop(stag, "qemu_resume")
        else:
            await answer(vsid, stag, retry, abort)

    relay.page_response = lossy


def mix_pasid(sva: Sva) -> None:
    """From the second bind on, the context descriptor points at the first process's tables."""
    bind, first = sva.bind, []

    async def confused(cpu: Cpu, sid: int, mm: Mm) -> Bond:
        first.append(mm)
        bond = await bind(cpu, sid, mm)
        if len(first) > 1:
            fields = sva.smmu.sva_cd(first[0].pgd, mm.asid)
            await sva.smmu.write_cd(sid, bond.pasid, sva.smmu.io_on(cpu), **fields)
        return bond

    sva.bind = confused  # type: ignore[method-assign]
