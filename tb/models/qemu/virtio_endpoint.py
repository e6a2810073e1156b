# SPDX-License-Identifier: Apache-2.0
"""Domains of the virtio IOMMU, and what an endpoint of it may be asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field

from tb.models.virtio.iommu import Property, Request, Status


class Refused(Exception):
    """A request that ends with ``status``."""

    def __init__(self, status: Status, why: str) -> None:
        super().__init__(f"{status.name}: {why}")
        self.status = status


@dataclass(frozen=True)
class Mapping:
    """``start`` to ``end`` inclusive of the domain, at guest physical ``phys``."""

    start: int
    end: int
    phys: int
    flags: int


@dataclass
class Domain:
    """One address space of endpoints."""

    bypass: bool = False
    table: bool = False  # translated by a table of the guest: MAP and UNMAP make no sense
    mappings: dict[int, Mapping] = field(default_factory=dict)  # by start
    endpoints: set[int] = field(default_factory=set)

    def find(self, iova: int) -> Mapping | None:
        """The mapping that holds ``iova``."""
        return next((m for m in self.mappings.values() if m.start <= iova <= m.end), None)


class Endpoint:
    """What an endpoint does with the requests; the emulated kind needs nothing done.

    ``reserved`` are (subtype, first, last) ranges that PROBE tells and MAP refuses.
    """

    reserved: tuple[tuple[int, int, int], ...] = ()

    def properties(self) -> list[tuple[Property, tuple[int, ...]]]:
        """PROBE properties of this endpoint."""
        return [(Property.RESV_MEM, region) for region in self.reserved]

    async def map(self, mapping: Mapping) -> None:
        """A mapping of the endpoint's domain came; UapiError becomes DEVERR."""

    async def unmap(self, mapping: Mapping) -> None:
        """A mapping went."""

    def check_table(self, request: Request) -> None:
        """Refused when the endpoint cannot be translated by that table of the guest."""
        raise Refused(Status.UNSUPP, "no page tables on this endpoint")

    async def attach_table(self, request: Request) -> None:
        """Translate by the table that :meth:`check_table` let pass."""

    async def detach_table(self) -> None:
        """Undo :meth:`attach_table`."""

    async def invalidate_caches(self, request: Request) -> None:
        """Invalidation of what :meth:`attach_table` gave."""
        raise Refused(Status.UNSUPP, "no page tables on this endpoint")

    async def respond(self, request: Request) -> None:
        """Page response."""
        raise Refused(Status.UNSUPP, "no page requests on this endpoint")
