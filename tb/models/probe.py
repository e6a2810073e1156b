# SPDX-License-Identifier: Apache-2.0
"""Observer of physical memory: feeds the audit and the timeline from bus traffic.

It works the same for the stand-in hardware and for an RTL simulation, because both reach memory
through ``Memory`` and say who they are: ``smmu`` for the walk and queue port, ``dma:<queue>``
for translated traffic of an accelerator, whose queues are numbered over all devices.
"""

from __future__ import annotations

from dataclasses import dataclass

from tb.models.arm_smmu_v3 import EVT_BYTES, Queue, decode, is_stall
from tb.models.audit import Audit, Space
from tb.models.fields import Event
from tb.models.memory import Access, Memory
from tb.models.platform import Platform
from tb.models.timeline import Timeline


@dataclass(frozen=True)
class Binding:
    """Whose traffic a queue carries: the audit's name of the space, and how the SMMU sees it."""

    space: Space
    sid: int
    pasid: int


class Probe:
    """Watches every bus access to physical memory."""

    def __init__(self, plat: Platform, memory: Memory, audit: Audit, timeline: Timeline) -> None:
        self.plat = plat
        self.memory = memory
        self.audit = audit
        self.timeline = timeline
        self.bindings: dict[int, Binding] = {}  # by queue
        self.overlapped = 0
        self.walks: dict[str, int] = {"smmu-reads": 0, "smmu-writes": 0}
        self._evtq: Queue | None = None
        memory.observers.append(self._observe)

    def watch_event_queue(self, queue: Queue) -> None:
        """The physical event queue, once the host has allocated it."""
        self._evtq = queue

    # ---- traffic ------------------------------------------------------------------------
    def _observe(self, access: Access) -> None:
        if access.who == "smmu":
            self._smmu(access)
        elif access.who.startswith("dma:"):
            self._device(access, int(access.who[4:]))
        elif access.who == "host" and access.is_write:
            self.audit.host(access.pa, access.length)

    def _smmu(self, access: Access) -> None:
        self.walks["smmu-writes" if access.is_write else "smmu-reads"] += 1
        self.audit.smmu(access.is_write, access.pa, access.length)
        q = self._evtq
        if access.is_write and q and q.base <= access.pa < q.base + (EVT_BYTES << q.log2):
            if (access.pa + access.length) % EVT_BYTES == 0:  # the record's last bytes
                slot = access.pa & ~(EVT_BYTES - 1)
                self.plat.spawn(self._record(slot), "probe-record")

    async def _record(self, slot: int) -> None:
        """Runs right after the access: the observer itself is called before the bytes land."""
        raw = self.memory.peek(slot, EVT_BYTES)
        self.plat.counters[f"event-{Event(raw[0]).name}"] += 1
        if is_stall(raw):
            rec = decode(raw)
            name = Event(raw[0]).name
            self.timeline.open(
                rec.streamid, rec.substreamid, rec.stag, name, rec.inputaddr, not rec.rnw
            )

    def _device(self, access: Access, queue: int) -> None:
        bound = self.bindings.get(queue)
        agent = f"dma:q{queue}"
        self.audit.device(
            bound.space if bound else None, agent, access.is_write, access.pa, access.length
        )
        self.plat.counters["dma-writes" if access.is_write else "dma-reads"] += 1
        mine = (bound.sid, bound.pasid) if bound else None
        if any((fault.sid, fault.pasid) != mine for fault in self.timeline.outstanding()):
            self.overlapped += 1
        if bound is not None:
            self.timeline.access(bound.sid, bound.pasid, None, access.is_write)
